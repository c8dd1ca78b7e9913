"""Which of many like cases every ``make test`` runs, all of them among the slow tests; or the slow ones, all among the exhaustive.

Where even the slow tests can afford a sample only, it is another one each week (``rotating``): in time all cases come about.
"""

from __future__ import annotations

import datetime as dt
import os
import random
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


def rotating[T](most: int, cases: Sequence[T], about: str) -> list[T]:
    """At most so many of the cases, in their order, others each week; ``about`` tells samples of one week apart.

    To be called in a test: when tests are collected, workers must agree.
    """
    places = random.Random(f"{rotating_seed()} {about}").sample(range(len(cases)), min(most, len(cases)))
    return [cases[place] for place in sorted(places)]
