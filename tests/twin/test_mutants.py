"""Docking tells the model from mutants of it: each of them, one line of ``sim/`` that is another, is caught by name.

The mutants run as plain Python in a copy (``tests.twin.mutating``), which as it stands differs in nothing under the same settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from sim.config import composed_values
from tests.twin.mutants import MUTANTS, SETTINGS, TINY, Mutant
from tests.twin.mutating import ROOT, Workshop

FEWEST = 40  # mutants
SHARED = ("sim/sources/", "sim/world/", "sim/draws.py")  # what the twin reads too


@cache
def values(setting: str) -> dict[str, Any]:
    """The plain values of a setting; what it says itself is not said before."""
    said = SETTINGS[setting]
    ours = {override.partition("=")[0].lstrip("+") for override in said}
    return composed_values(*(usual for usual in TINY if usual.partition("=")[0] not in ours), *said)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    made = Workshop(tmp_path_factory.mktemp("workshop"))
    yield made
    made.close()


def named(mutant: Mutant) -> str:
    return mutant.name


def test_each_mutant_changes_one_text_of_the_model_alone() -> None:
    strange = [f"{mutant.name}: {(ROOT / mutant.file).read_text(encoding='utf-8').count(mutant.old)} times" for mutant in MUTANTS]
    assert not [line for line in strange if not line.endswith(": 1 times")]
    assert not [mutant.name for mutant in MUTANTS if mutant.file.startswith(SHARED) or mutant.old == mutant.new]
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= FEWEST
    assert {mutant.shown_by for mutant in MUTANTS} == SETTINGS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
def test_the_copy_as_it_stands_docks(workshop: Workshop, setting: str) -> None:
    found = workshop.apart(values(setting))
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=named)
def test_a_mutant_is_caught(workshop: Workshop, mutant: Mutant) -> None:
    assert workshop.apart(values(mutant.shown_by), mutant.file, mutant.old, mutant.new), "the twin does not tell it from the model"
