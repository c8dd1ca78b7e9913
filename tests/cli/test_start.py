"""What a command costs before it does anything, and that nothing is begun where a store is complete."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.execution import session as execution
from tests.cli.test_command_line import Here, here

__all__ = ["here"]  # a fixture

ROOT = Path(__file__).parents[2]
TINY = (
    *("states=synthetic", "states.synthetic.count=6", "people.rows=400", "demand.legitimate=60", "years=1"),
    *("calibration_months=12", "seeds=2"),
)
COMPARED = ("compare", "scenarios=[judge]", "replicates=1", *TINY)
TRIES = 3  # the least of which counts: whatever else the machine does adds to the others
HELP_SECONDS = 0.1  # of CPU for `rogatory --help`
MISTAKE_SECONDS = 1.0  # of CPU until a bad file is refused
KERNELS = "*.nbi"  # what Numba leaves of a compilation, under the name of its module
OF_A_CHECK = {"draws", "states"}  # what compiles as states are built against which a configuration is checked, whatever will be run
UNBEGUN = """
import sys
from multiprocessing.process import BaseProcess
def begin(process):
    raise AssertionError("a worker process was begun")
BaseProcess.start = begin
from experiments.cli import main
sys.exit(main(sys.argv[1:]))
"""


def process(words: list[str], folder: Path, **environment: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """A process of its own in a folder, and the seconds of CPU that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def files_in(folder: Path) -> dict[str, bytes]:
    """What a store holds but for what it says of its sessions and writers."""
    names = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())
    return {name: (folder / name).read_bytes() for name in names if name.partition("/")[0] not in ("sessions", "locks")}


@pytest.mark.slow
def test_help_costs_next_to_nothing(tmp_path: Path) -> None:
    tries = [process(["-m", "experiments.cli", "--help"], tmp_path) for _ in range(TRIES)]
    assert {done.returncode for done, _ in tries} == {0}
    assert min(seconds for _, seconds in tries) < HELP_SECONDS


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text", "asked"),
    [
        ("mine.yaml", "# @package _global_\nyears: [\n", ["run", "scenario=mine.yaml"]),
        ("mine.yaml", "# @package _global_\nyears: [\n", ["compare", "scenarios=[judge+mine.yaml@everywhere]"]),
        ("mine.yaml", "# @package _global_\nyears: [\n", ["explain", "baseline=mine.yaml"]),
        ("mine.yaml", "a: b: c\n", ["treaty", "conduct=mine.yaml"]),
        ("own.yaml", "question: what if\narms: {a: [}\n", ["compare", "design=own.yaml"]),
        ("own.yaml", "question: what if\nquestion: what else\n", ["sweep", "design=own.yaml"]),
    ],
)
def test_a_bad_file_is_refused_at_once(name: str, text: str, asked: list[str], tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    tries = [process(["-m", "experiments.cli", *asked], tmp_path) for _ in range(TRIES)]
    for done, _ in tries:
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert min(seconds for _, seconds in tries) < MISTAKE_SECONDS
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("asked", [("run", *TINY), pytest.param(COMPARED, marks=pytest.mark.slow)], ids=lambda asked: asked[0])
def test_where_a_store_is_complete_no_engine_is_made_and_no_rule_compiled(
    asked: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Here
) -> None:
    monkeypatch.setattr("experiments.studies.replication.draw_all", lambda *_: None)
    first = here(*asked, "workers=1", f"output={tmp_path}")
    assert first.returncode == 0, first.stderr
    (store,) = (tmp_path / "stores").iterdir()
    before = files_in(store)
    assert before
    for name in ("engine_of", "warm", "shared_of"):
        monkeypatch.setattr(execution, name, lambda *_: pytest.fail("it ran"))
    again = here(*asked, "workers=2", f"output={tmp_path}")
    assert again.returncode == 0, again.stderr
    assert "all there already." in again.stdout
    assert [path.name for path in (tmp_path / "stores").iterdir()] == [store.name]
    assert files_in(store) == before
    assert len([*(tmp_path / asked[0]).iterdir()]) == 2, "a page each time"


@pytest.mark.slow
@pytest.mark.parametrize("asked", [("run", *TINY), ("treaty", *TINY), COMPARED], ids=lambda asked: asked[0])
def test_where_a_store_is_complete_a_process_compiles_nothing_and_begins_no_other(
    asked: tuple[str, ...], tmp_path: Path, here: Here
) -> None:
    """With nowhere to take compiled rules from, and workers that are asked for."""
    output, cache = tmp_path / "results", tmp_path / "cache"
    assert here(*asked, "workers=1", f"output={output}").returncode == 0
    done, _ = process(["-c", UNBEGUN, *asked, "workers=2", f"output={output}"], tmp_path, ROGATORY_CACHE=str(cache))
    assert done.returncode == 0, done.stderr
    assert "all there already." in done.stdout
    assert {path.name.partition(".")[0] for path in cache.rglob(KERNELS)} <= OF_A_CHECK
    more = [word if not word.startswith("seeds=") else "seeds=4" for word in asked]
    lacking, _ = process(["-c", UNBEGUN, *more, "workers=2", f"output={output}"], tmp_path)
    assert lacking.returncode != 0, "a store that lacks runs needs them: the test above would notice"
