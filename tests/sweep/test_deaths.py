"""Death at every operation upon files: what was finished stays whole, and the same command ends with the same bytes.

The slow tests die at a sample of the operations, another one each week; ``make exhaustive`` dies at all of them.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from experiments.output import OutputError, folders, replaced_folder, whole_folder
from tests.shares import rotating, rotating_seed

Ask = Callable[..., Any]
SWEEPS, STUDIES = ("sweep", "grown", "shards", "failures"), ("run", "compare", "replaced")
KINDS = ("open", "half of a file", "parquet", "half a parquet", "fsync", "os.rename", "os.remove", "os.mkdir", "sqlite BEGIN",
         "sqlite INSERT", "sqlite, half of the rows INSERT", "sqlite COMMIT", "sqlite DELETE", "sqlite close")  # fmt: skip
SAMPLE = 8  # deaths of each scene in the slow tests, and half as many double ones
TOGETHER = 4  # deaths that are asked for at once
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """A process that plays scenes with deaths."""
    words = [sys.executable, "-m", "tests.sweep.deaths"]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as theatre:
        assert theatre.stdin is not None
        assert theatre.stdout is not None

        def asked(scene: str, **more: Any) -> Any:
            print(json.dumps({"scene": scene, **more}), file=theatre.stdin, flush=True)
            line = theatre.stdout.readline()
            assert line, "it ended by itself: its errors are above"
            return json.loads(line)

        try:
            yield asked
        finally:
            theatre.kill()


def wrong_of(ask: Ask, scene: str, deaths: list[list[int]]) -> list[str]:
    """What was wrong after which death."""
    operations = ask(scene)
    told = []
    for first in range(0, len(deaths), TOGETHER):
        some = deaths[first : first + TOGETHER]
        for (act, *ats), faults in zip(some, ask(scene, deaths=some), strict=True):
            met = " and then at ".join(f"{at} ({operations[act][min(at, len(operations[act]) - 1)]})" for at in ats)
            told += [f"{scene}, act {act}, death at {met}: {fault}" for fault in faults]
    return told


def all_of(ask: Ask, scene: str) -> list[list[int]]:
    return [[act, number] for act, met in enumerate(ask(scene)) for number in range(len(met))]


@pytest.mark.slow
@pytest.mark.parametrize("scene", [*SWEEPS, *STUDIES])
def test_whoever_dies_at_an_operation_upon_files_loses_nothing(scene: str, ask: Ask) -> None:
    every = all_of(ask, scene)
    once = rotating(SAMPLE, every, scene)
    dice = random.Random(f"{rotating_seed()} again")
    twice = [[*death, dice.randrange(40)] for death in rotating(SAMPLE // 2, every, f"{scene} again")]
    wrong = wrong_of(ask, scene, [*once, *twice])
    assert not wrong, f"ROGATORY_FUZZ_SEED={rotating_seed()} repeats it\n" + "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("scene", [*SWEEPS, *STUDIES])
def test_whoever_dies_at_any_operation_upon_files_loses_nothing(scene: str, ask: Ask) -> None:
    wrong = wrong_of(ask, scene, all_of(ask, scene))
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_every_kind_of_operation_is_met_and_a_careless_writer_is_noticed(ask: Ask) -> None:
    (met,) = ask("sweep")
    assert len(met) > 100
    for kind in KINDS:
        assert any(line.startswith(f"op {kind}") for line in met), kind
    (met,) = ask("run")
    assert sum("half a parquet" in line for line in met) >= 3
    assert any("is not finished" in fault for fault in wrong_of(ask, "careless", all_of(ask, "careless")))
    end = "careless in the end"
    assert any("a differs" in fault for fault in wrong_of(ask, end, all_of(ask, end)))


def test_a_sample_is_the_same_for_a_week_and_another_one_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    weeks = []
    for number in range(1, 53):
        monkeypatch.setenv("ROGATORY_FUZZ_SEED", str(202600 + number))
        weeks.append(rotating(8, range(250), "sweep"))
        assert weeks[-1] == rotating(8, range(250), "sweep") == sorted(weeks[-1])
        assert len({*weeks[-1]}) == 8
    assert all(one != other for one, other in pairwise(weeks))
    assert len({case for sample in weeks for case in sample}) > 180  # of 250 within a year
    assert rotating(8, range(3), "sweep") == [0, 1, 2]
    assert rotating(8, range(250), "run") != weeks[-1]
    monkeypatch.delenv("ROGATORY_FUZZ_SEED")
    assert 1 <= rotating_seed() % 100 <= 53


# --- folders that take the place of another ---------------------------------------------------------------------------------------


def written(parent: Path, name: str, text: str) -> None:
    with replaced_folder(parent, name) as folder:
        (folder / "page").write_text(text, encoding="utf-8")


def texts(parent: Path) -> dict[str, str]:
    return {path.relative_to(parent).as_posix(): path.read_text(encoding="utf-8") for path in sorted(parent.rglob("page"))}


@pytest.mark.parametrize("fails", [False, True])
def test_what_stood_aside_when_a_run_was_killed_between_two_renames_is_put_back_first(fails: bool, tmp_path: Path) -> None:
    written(tmp_path, "report", "old")
    (tmp_path / "report").rename(tmp_path / ".old-0123abcd-report")
    (tmp_path / ".new-0123abcd-report").mkdir()
    (tmp_path / ".new-0123abcd-report" / "page").write_text("new", encoding="utf-8")
    (tmp_path / ".old-0123abcd-another-report").mkdir()
    if fails:
        with pytest.raises(OutputError, match="no luck"), replaced_folder(tmp_path, "report"):
            raise OutputError("no luck")
        assert texts(tmp_path) == {".old-0123abcd-report/page": "old", "report/page": "new"}
    else:
        written(tmp_path, "report", "newest")
        assert texts(tmp_path) == {".old-0123abcd-report/page": "old", "report/page": "newest"}
    assert (tmp_path / ".old-0123abcd-another-report").exists()
    assert not (tmp_path / "another-report").exists()


def test_the_old_one_is_put_back_where_there_is_no_new_one(tmp_path: Path) -> None:
    written(tmp_path, "report", "old")
    (tmp_path / "report").rename(tmp_path / ".old-0123abcd-report")
    with pytest.raises(OutputError), replaced_folder(tmp_path, "report"):
        raise OutputError("no luck")
    assert texts(tmp_path) == {"report/page": "old"}


def test_what_stands_aside_is_removed_a_day_after_something_took_its_place_and_never_before(tmp_path: Path) -> None:
    written(tmp_path, "report", "seen")
    long_ago = time.time() - folders._ABANDONED - 60.0
    for name in (".old-0123abcd-report", ".new-0123abcd-report", ".old-0123abcd-other", ".old-notes-report", ".old-0123abcd-"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (long_ago, long_ago))
    (tmp_path / ".old-89abcdef-report").mkdir()
    with whole_folder(tmp_path, "run"):
        pass
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"report", "run", ".old-0123abcd-other", ".old-notes-report", ".old-0123abcd-", ".old-89abcdef-report"}
