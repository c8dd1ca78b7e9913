"""Which of many like cases every ``make test`` runs; all of them run among the slow tests."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Collection, Sequence
from typing import Any

import pytest

SOME_SCENARIOS = (  # one of each kind of change: gate, look, ground, aftermath, institution, scope, parties, side doors, requesters
    *("harm_and", "notice", "refuse_mandatory", "data_protection", "capacity", "core_cyber", "democracies_only"),
    *("no_treaty", "second_protocol", "requester_choice", "reform_bundle"),
)


def some_fast(names: Sequence[Any], fast: Collection[Any]) -> list[Any]:
    """All names as parameters of a test; those that are not among ``fast`` are slow. Each of ``fast`` must be a name."""
    strangers = set(fast) - set(names)
    assert not strangers, f"no longer there: {strangers}"
    return [name if name in fast else pytest.param(name, marks=pytest.mark.slow) for name in names]


def one_in(count: int, cases: Sequence[Any]) -> list[Any]:
    """Cases as parameters of a test: the first and every so manieth after it is fast, the others are slow."""
    slow = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [case if not place % count else pytest.param(*slow[place], marks=pytest.mark.slow) for place, case in enumerate(cases)]


def rotating_seed() -> int:
    """The seed that samples follow from: another one each ISO week, or ``ROGATORY_FUZZ_SEED`` of the environment.

    A failure should name it, so that it can be repeated.
    """
    given = os.environ.get("ROGATORY_FUZZ_SEED")
    if given:
        return int(given)
    year, week, _ = dt.datetime.now(dt.UTC).isocalendar()
    return 100 * year + week
