"""A sweep in a process of its own, killed without warning at several moments, resumed, and compared with one that was let be."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from experiments.store.journal import journals_of, peek
from experiments.store.parts import StoreError, parts_of
from experiments.store.store import keys_in
from experiments.store.validate import faults_of
from tests.sweep.small import LEVERS, TINY, design, tables

pytestmark = pytest.mark.slow

CHUNK = 20  # runs a part, so that a short sweep folds often
ROGATORY = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    f"import experiments.sweep; experiments.sweep.CHUNK = {CHUNK}; from experiments.cli import shell; shell()"
)
WORLDS, RUNS = 25, 100
PATIENCE = 400.0  # seconds


BEGUN: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True, scope="module")
def nobody_left_behind() -> Iterator[None]:
    """Whatever a test that failed has left is ended."""
    yield
    for process in BEGUN:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Kept(NamedTuple):
    """Runs of a store by where they stand."""

    tables: int
    journal: int

    @property
    def all(self) -> int:
        return self.tables + self.journal


def kept_in(folder: Path) -> Kept:
    journalled = {run.key for path in journals_of(folder) for run in peek(path) if not run.error}
    counted = keys_in(folder)
    return Kept(len(counted), len(journalled - counted))


class Sweep:
    """The sweep, begun or resumed."""

    def __init__(self, folder: Path, *more: str) -> None:
        words = [*TINY, f"design={folder.parent / 'own.yaml'}", f"store={folder}", f"seeds={WORLDS}", "luck=1", "workers=2", *more]
        self.folder = folder
        self.errors = folder.parent / "errors"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", ROGATORY, "sweep", *words],
                stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
            )  # fmt: skip
        BEGUN.append(self.process)

    def wait_for(self, runs: int) -> None:
        """Until that many runs are kept."""
        ends = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < ends:
            with suppress(OSError, StoreError):  # it has only just begun
                if kept_in(self.folder).all >= runs:
                    return
            time.sleep(0.02)
        pytest.fail(f"{runs} runs were waited for in vain; the sweep said: {self.told()}")

    def workers(self) -> list[int]:
        """Its child processes that run the simulation, and not those that help them."""
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                parent = int(path.read_text().rpartition(")")[2].split()[1])
                if parent == self.process.pid and "spawn_main" in path.with_name("cmdline").read_text():
                    found.append(int(path.parent.name))
        return found

    def told(self) -> str:
        return self.errors.read_text()

    def end(self) -> int:
        return self.process.wait(PATIENCE)


@contextmanager
def gone(processes: list[int]) -> Iterator[None]:
    """Nobody is left behind."""
    yield
    ends = time.monotonic() + 20.0
    left = processes
    while left and time.monotonic() < ends:
        left = [process for process in left if _lives(process)]
        time.sleep(0.1)
    assert not left


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The tables of a sweep that was let be."""
    folder = tmp_path_factory.mktemp("let_be") / "store"
    design(folder.parent, LEVERS)
    sweep = Sweep(folder)
    assert sweep.end() == 0, sweep.told()
    assert len(parts_of(folder, "runs")) == -(-RUNS // CHUNK)
    return tables(folder)


def test_a_sweep_that_is_killed_again_and_again_ends_with_the_same_bytes(tmp_path: Path, uninterrupted: dict[str, str]) -> None:
    folder = tmp_path / "store"
    design(tmp_path, LEVERS)
    dice = random.Random(20260101)
    log = []
    for number, share in enumerate((0.0, 0.2, 0.5, 0.8)):
        began = time.monotonic()
        sweep = Sweep(folder)
        sweep.wait_for(int(share * RUNS) + 1)
        time.sleep(dice.uniform(0.0, 0.3))
        before, workers = kept_in(folder), sweep.workers()
        with gone(workers):
            if number == 2:  # told to stop, as by Ctrl-C or a queue's time limit
                os.kill(sweep.process.pid, signal.SIGINT)
                assert sweep.end() == 130
                assert "interrupted; " in sweep.told()
                assert sweep.told().count("the same command goes on") == 1
            else:
                os.kill(sweep.process.pid, signal.SIGKILL)
                assert sweep.end() == -signal.SIGKILL
        after = kept_in(folder)
        log.append(
            f"{'interrupted' if number == 2 else 'killed (-9)'} after {time.monotonic() - began:4.1f} s: {before.all:3d} runs kept "
            f"before, {after.all:3d} after ({after.tables:3d} in tables, {after.journal:2d} in the journal); "
            f"{len(workers)} processes with at most a batch of 8 in flight"
        )
        assert after.all >= before.all, log
        assert after.all < RUNS, "killed too late to be of interest"
    began, before = time.monotonic(), kept_in(folder)
    sweep = Sweep(folder)
    assert sweep.end() == 0, sweep.told()
    assert kept_in(folder) == Kept(RUNS, 0)
    log.append(
        f"resumed: {RUNS - before.all} runs in {time.monotonic() - began:.1f} s, {RUNS} kept, tables byte by byte as uninterrupted"
    )
    print("\n".join(["", *log]))
    assert tables(folder) == uninterrupted
    assert faults_of(folder) == []


def test_a_sweep_that_loses_a_worker_goes_on_by_itself(tmp_path: Path, uninterrupted: dict[str, str]) -> None:
    folder = tmp_path / "store"
    design(tmp_path, LEVERS)
    sweep = Sweep(folder)
    sweep.wait_for(40)
    first = sweep.workers()
    with gone(first):
        os.kill(first[0], signal.SIGKILL)
        assert sweep.end() == 0, sweep.told()
    assert "Traceback" not in sweep.told()
    assert tables(folder) == uninterrupted
    assert faults_of(folder) == []
