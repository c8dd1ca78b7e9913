"""Whatever is written for a key of the configuration, it is taken or refused in one line, at once, and leaves nothing behind."""

from __future__ import annotations

import random
import re
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from experiments.settings import StudyConfig
from sim.config import load, run_and_study_values
from sim.settings import Config
from sim.world.record import ConfigError
from tests.fuzz import ends, tries
from tests.fuzz.grammar import VALUES, Try, entries, sample, tries_of
from tests.fuzz.tries import faults_of
from tests.shares import rotating_seed

FEW, SOME, RUN = 15, 120, 80  # command lines
MADE_UP, MANY_MADE_UP = 40, 2000  # by Hypothesis
DERIVED = ("reference", "data", "scenario_name")
GROUPS = (*(name for name in Config.model_fields if name not in DERIVED), *StudyConfig.model_fields)
OF_A_KEY = 25  # command lines of each key, where all are tried: with all of each it would take a night
LETTERS = "abzAZ019_.-+~=,:;?!@#$%^&*()[]{}'\"\\/ \t\u00e9\u65e5"


@cache
def keys() -> list[tuple[str, Any]]:
    """Every key with what stands there; the derived ones too, which nobody may set."""
    run, study = run_and_study_values()
    plain = run | study
    return list(entries({name: plain[name] for name in (*GROUPS, "scenario_name")}))


def judged(attempts: list[Try], folder: Path) -> list[str]:
    return [f"{attempt.shown}\n    {fault}" for attempt in attempts for fault in faults_of(attempt, folder)]


def repeated(found: list[str]) -> str:
    return f"ROGATORY_FUZZ_SEED={rotating_seed()} repeats it\n" + "\n".join(found)


def test_some_command_lines_are_taken_or_refused_in_one_line(tmp_path: Path) -> None:
    found = judged(sample(keys(), FEW, rotating_seed()), tmp_path)
    assert not found, repeated(found)


@pytest.mark.slow
def test_many_command_lines_are_taken_or_refused_in_one_line(tmp_path: Path) -> None:
    found = judged(sample(keys(), SOME, rotating_seed()), tmp_path)
    assert not found, repeated(found)


def shape_of(key: str, value: Any) -> str:
    """What keys have in common that stand in maps whose names are free."""
    return re.sub(r"^(offences|instruments|safeguards|figures)\.[^.]+", r"\1.*", key) + type(value).__name__


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_every_kind_of_key_is_taken_or_refused_in_one_line(group: str, tmp_path: Path) -> None:
    rng, chosen = random.Random(f"{rotating_seed()} {group}"), {}
    for key, value in keys():
        if key.split(".")[0] == group:
            chosen.setdefault(shape_of(key, value), (key, value))
    known = [tries_of(key, value) for key, value in chosen.values()]
    found = judged([attempt for listed in known for attempt in rng.sample(listed, OF_A_KEY)], tmp_path)
    assert not found, repeated(found)


def _values() -> st.SearchStrategy[str]:
    """Values in Hydra's grammar, and what is nearly in it: nested lists and maps of words, and torn ones."""
    words = st.sampled_from([value for value in VALUES if len(value) < 50]) | st.text(LETTERS, max_size=20)
    listed = st.recursive(
        words,
        lambda inner: (
            st.lists(inner, max_size=4).map(lambda parts: f"[{','.join(parts)}]")
            | st.dictionaries(st.text("abz09_", min_size=1, max_size=5), inner, max_size=3).map(
                lambda parts: "{" + ",".join(f"{name}:{part}" for name, part in parts.items()) + "}"
            )
        ),
        max_leaves=8,
    )
    return listed | st.text(LETTERS, max_size=40)


def in_words(examples: int, folder: Path) -> None:
    """Hypothesis writes the values: what fails comes out as short as it can be."""

    @seed(rotating_seed())
    @settings(max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(place=st.integers(0, len(keys()) - 1), sign=st.sampled_from(["", "+", "++", "~"]), value=_values())
    def tried(place: int, sign: str, value: str) -> None:
        key = keys()[place][0]
        found = judged([Try(key, (f"{sign}{key}={value}",))], folder)
        assert not found, repeated(found)

    tried()


@pytest.mark.slow
def test_made_up_values_are_taken_or_refused_in_one_line(tmp_path: Path) -> None:
    in_words(MADE_UP, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_many_made_up_values_are_taken_or_refused_in_one_line(tmp_path: Path) -> None:
    in_words(MANY_MADE_UP, tmp_path)


# --- what is accepted runs --------------------------------------------------------------------------------------------------------


def runs_at_once(attempt: Try) -> bool:
    """Whether a run of it is small, and reads the rules that every other one reads."""
    key = attempt.key
    taken = {override.partition("=")[0] for override in ends.MADE_UP}
    alike = not key.startswith("safeguards") or key.count(".") > 1
    return (
        alike and key not in taken and key not in ends._LONG and not key.endswith((".order", "_target_", ".look", "habit", "kind"))
    )


def faults_when_run(attempt: Try) -> list[str]:
    try:
        config = load(*ends.MADE_UP, *attempt.arguments)
    except ConfigError:
        return []
    except Exception as error:  # told by the tests above
        return [f"{type(error).__name__}: {error}"]
    return [f"{attempt.shown}\n    {fault}" for fault in ends.faults_of_a_run(config) if not fault.startswith("ConfigError: ")]


@pytest.mark.slow
def test_what_is_accepted_can_be_run() -> None:
    rng = random.Random(rotating_seed())
    small = [(key, value) for key, value in keys() if runs_at_once(Try(key, ()))]
    attempts = [attempt for attempt in sample(small, RUN, rng.randrange(2**32)) if max(map(len, attempt.arguments)) < 1000]
    found = [fault for attempt in attempts for fault in faults_when_run(attempt)]
    assert not found, repeated(found)


# --- the judge is judged ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ((2, "", "rogatory: years: found 0; accepted: 1 to 50\n", []), ""),
        ((0, "years: 1\n", "", []), ""),
        ((1, "", "rogatory: years: found 0; accepted: 1 to 50\n", []), "exit status 1"),
        (("ValueError: x", "", "", []), "exit status ValueError"),
        ((2, "", "rogatory: years: found 0; accepted: 1 to 50\n\n", []), "2 lines"),
        ((2, "", f"rogatory: years: found {'x' * 600}; accepted: 1\n", []), "letters"),
        ((2, "", "rogatory: years: found 0\n", []), "nothing is said"),
        ((2, "", "rogatory: months: found 0; accepted: 1\n", []), "the key is not named"),
        ((2, "x", "rogatory: years: found 0; accepted: 1\n", []), "standard output"),
        ((0, "years: 1\n", "", ["overflow in exp"]), "warned"),
        ((0, "years: 1\n", "hm\n", []), "standard error"),
        ((0, "", "", []), "no configuration"),
    ],
)
def test_a_fault_of_the_command_line_is_noticed(
    told: tuple[Any, ...], fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "told", lambda *arguments: told)
    found = faults_of(Try("years", ("years=0",)), tmp_path)
    assert (not found) if not fault else any(fault in line for line in found)


def test_what_is_left_behind_and_what_hangs_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def leaves(arguments: list[str]) -> int:
        Path("left.txt").touch()
        return 0

    def hangs(arguments: list[str]) -> int:
        time.sleep(10)
        return 0

    monkeypatch.setattr(tries, "main", leaves)
    assert "left left.txt behind" in faults_of(Try("years", ("years=1",)), tmp_path)
    (tmp_path / "left.txt").unlink()
    monkeypatch.setattr(tries, "SECONDS", 0.05)
    monkeypatch.setattr(tries, "main", hangs)
    assert "SlowError" in faults_of(Try("years", ("years=1",)), tmp_path)[0]
