"""A number that is accepted can be run: at both its ends nothing overflows, nothing hangs, and no estimand loses its value."""

from __future__ import annotations

import random

import pytest

from tests.fuzz import ends
from tests.shares import rotating_seed

WORLDS = {"made up": ends.MADE_UP, "made up, everyone learns": (*ends.MADE_UP, *ends.EVERYONE, *ends.ON), "real": ends.REAL}
OF_THE_REAL = ("states", "people", "demand")  # what the real world reads otherwise than a made-up one
FEW, SOME = 15, 50  # numbers taken to their ends


def faults(world: str, keys: list[str]) -> list[str]:
    return [
        f"{key}={value!r}: {fault}"
        for key in keys
        for value in ends.values_of(key)
        for fault in ends.faults_at(key, value, *WORLDS[world])
    ]


def keys_of(world: str) -> list[str]:
    return [key for key in ends.numbers() if world != "real" or (key.split(".")[0] in OF_THE_REAL and "synthetic" not in key)]


def sampled(world: str, most: int) -> list[str]:
    known = keys_of(world)
    return random.Random(f"{rotating_seed()} {world}").sample(known, min(most, len(known)))


def test_some_numbers_at_their_ends_can_be_run() -> None:
    found = faults("made up", sampled("made up", FEW))
    assert not found, f"ROGATORY_FUZZ_SEED={rotating_seed()} repeats it\n" + "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_more_numbers_at_their_ends_can_be_run(world: str) -> None:
    found = faults(world, sampled(world, SOME // 10 if world == "real" else SOME))
    assert not found, f"ROGATORY_FUZZ_SEED={rotating_seed()} repeats it\n" + "\n".join(found)


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_every_number_at_its_ends_can_be_run(world: str) -> None:
    found = faults(world, keys_of(world))
    assert not found, "\n".join(found)


def test_what_is_wrong_with_a_run_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ends.faults_at("review.rho", 0.5, *ends.MADE_UP) == []
    assert ends.faults_at("review.rho", 2.0, *ends.MADE_UP)[0].startswith("refused: review.rho")
    monkeypatch.setattr(ends, "check", lambda config: 1 / 0)
    assert ends.faults_at("review.rho", 0.5, *ends.MADE_UP) == ["ZeroDivisionError: division by zero"]
