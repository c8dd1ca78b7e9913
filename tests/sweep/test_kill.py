"""A study in a process of its own, killed without warning at several moments, resumed, and compared with one that was let be."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from experiments.store.content import keys_in
from experiments.store.journal import journals_of, peek
from experiments.store.parts import StoreError
from experiments.store.validate import faults_of
from tests.sweep.small import LEVERS, TINY, design, tables

pytestmark = pytest.mark.slow

CHUNK = 20  # runs a part, so that a short study folds often
BEGIN = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    f"import experiments.execution.session; experiments.execution.session.CHUNK = {CHUNK}; "
)
UNDRAWN = (  # the pages have tests of their own, and take most of the time
    "from experiments.studies import adaptation, compare; compare.report.write = lambda *_: []; "
    "adaptation.draw_figure = adaptation.write_adapted = lambda *_: None; "
)
TARRYING = "import time; compare.write_tables = lambda *_: time.sleep(600); "
END = "from experiments.cli import shell; shell()"
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


class Kind(NamedTuple):
    """A study, the words that ask for it, when it is killed, and the tables of its page; a sweep has no page."""

    name: str
    words: tuple[str, ...]
    moments: tuple[float, ...]  # shares of its runs; at the last but one it is told to stop, at the others it is killed
    tables: tuple[str, ...] = ()


PAGE = ("runs.parquet", "comparison.parquet", "comparison.csv", "cooperation.csv")
ADAPTED = ("runs.parquet", "headline.csv", "displaced.csv", "moved.csv")
KINDS = {
    "sweep": Kind("sweep", ("design=own.yaml", "seeds=25", "replicates=1", "workers=2"), (0.0, 0.2, 0.5, 0.75)),
    "compare": Kind("compare", ("scenarios=[judge,notice]", "seeds=12", "replicates=2", "workers=2"), (0.0, 0.5, 0.75), PAGE),
    "until": Kind(
        "compare", ("scenarios=[no_treaty]", "seeds=2", "replicates=1", "until=0.014", "most_seeds=40", "workers=1"),
        (0.3, 0.5, 0.8), PAGE
    ),
    "adaptation": Kind(
        "adaptation", ("scenarios=[judge]", "seeds=6", "replicates=2", "analysis.adaptation.years=[1]", "workers=1"),
        (0.1, 0.4, 0.75), ADAPTED,
    ),
}  # fmt: skip


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


class Command:
    """A study, begun or resumed, in a folder of its own."""

    def __init__(self, home: Path, kind: Kind, *more: str, code: str = "") -> None:
        design(home, LEVERS)
        given = {word.partition("=")[0] for word in more}
        words = [word for word in kind.words if word.partition("=")[0] not in given]
        self.folder, self.pages = home / "store", home / "out" / kind.name
        self.errors = home / "errors"
        asked = [kind.name, *TINY, *words, "store=./store", "output=out", *more]
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", f"{BEGIN}{UNDRAWN}{code}{END}", *asked],
                cwd=home, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
            )  # fmt: skip
        BEGUN.append(self.process)

    def seen(self) -> list[Path]:
        """The pages that can be seen."""
        return sorted(path for path in self.pages.glob("*") if not path.name.startswith("."))

    def page(self) -> dict[str, bytes]:
        """The tables of its one page, and how it stopped."""
        (page,) = self.seen() or [Path()]
        said = json.loads((page / "manifest.json").read_text(encoding="utf-8"))
        assert said["missing"] == {}
        found = {path.name: path.read_bytes() for path in page.glob("*") if path.suffix in (".csv", ".parquet")}
        return found | {"stopped": str(said.get("stopped")).encode(), "seeds": str(said["seeds"]).encode()}

    def wait_for(self, runs: int) -> None:
        """Until that many runs are kept, or more."""
        ends = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < ends:
            with suppress(OSError, StoreError):  # it has only just begun
                if kept_in(self.folder).all >= runs:
                    return
            time.sleep(0.02)
        pytest.fail(f"{runs} runs were waited for in vain; it said: {self.told()}")

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


class Left(NamedTuple):
    """What a study leaves that was let be."""

    runs: int
    store: dict[str, str]  # checksums of its tables
    page: dict[str, bytes]


@pytest.fixture(scope="module")
def let_be(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Left]:
    """What each study leaves that is let be."""

    @cache
    def left_by(name: str) -> Left:
        command = Command(tmp_path_factory.mktemp("let_be"), KINDS[name])
        assert command.end() == 0, command.told()
        runs = kept_in(command.folder)
        assert (runs.journal, runs.all >= 2 * CHUNK) == (0, True), "more than one part, or a kill would try little"
        page = command.page() if KINDS[name].tables else {}
        assert set(KINDS[name].tables) <= page.keys()
        return Left(runs.all, tables(command.folder), page)

    return left_by


@pytest.mark.parametrize("name", KINDS)
def test_a_study_that_is_killed_again_and_again_ends_with_the_same_bytes(
    tmp_path: Path, let_be: Callable[[str], Left], name: str
) -> None:
    kind, whole = KINDS[name], let_be(name)
    dice = random.Random(f"20260101 {name}")
    log = []
    for number, share in enumerate(kind.moments):
        began = time.monotonic()
        command = Command(tmp_path, kind)
        command.wait_for(int(share * whole.runs) + 1)
        time.sleep(dice.uniform(0.0, 0.2))
        before, workers = kept_in(command.folder), command.workers()
        with gone(workers):
            if told_to := number == len(kind.moments) - 2:  # told to stop, as by Ctrl-C or a queue's time limit
                os.kill(command.process.pid, signal.SIGINT)
                assert command.end() == 130
                assert "interrupted; " in command.told()
                assert command.told().count("the same command goes on") == 1
            else:
                os.kill(command.process.pid, signal.SIGKILL)
                assert command.end() == -signal.SIGKILL
        after = kept_in(command.folder)
        log.append(
            f"{'interrupted' if told_to else 'killed (-9)'} after {time.monotonic() - began:4.1f} s: {before.all:3d} runs kept "
            f"before, {after.all:3d} after ({after.tables:3d} in tables, {after.journal:2d} in the journal); "
            f"{len(workers)} processes with at most a batch of 8 in flight"
        )
        assert after.all >= before.all, log
        assert after.all < whole.runs, "killed too late to be of interest"
        assert command.seen() == [], "a page is there when it is whole, and not before"
    began, before = time.monotonic(), kept_in(tmp_path / "store")
    command = Command(tmp_path, kind)
    assert command.end() == 0, command.told()
    assert kept_in(command.folder) == Kept(whole.runs, 0)
    log.append(
        f"resumed: {whole.runs - before.all} runs in {time.monotonic() - began:.1f} s, {whole.runs} kept, tables byte by byte as "
        "uninterrupted"
    )
    print("\n".join(["", *log]))
    assert tables(command.folder) == whole.store
    assert faults_of(command.folder) == []
    if kind.tables:
        assert command.page() == whole.page


def test_a_study_that_is_killed_while_it_writes_its_page_makes_the_page_and_no_run_again(
    tmp_path: Path, let_be: Callable[[str], Left]
) -> None:
    whole = let_be("compare")
    command = Command(tmp_path, KINDS["compare"], code=TARRYING)
    ends = time.monotonic() + PATIENCE
    while not [*command.pages.glob(".*/runs.parquet")] and command.process.poll() is None and time.monotonic() < ends:
        time.sleep(0.05)
    os.kill(command.process.pid, signal.SIGKILL)
    assert command.end() == -signal.SIGKILL, command.told()
    assert kept_in(command.folder) == Kept(whole.runs, 0)
    assert tables(command.folder) == whole.store
    assert command.seen() == []
    again = Command(tmp_path, KINDS["compare"])
    assert again.end() == 0, again.told()
    assert again.page() == whole.page
    assert tables(again.folder) == whole.store
    last = max((again.folder / "sessions").glob("*.json"))
    assert json.loads(last.read_text(encoding="utf-8"))["runs"] == 0, "all were there already"


def test_a_store_that_holds_more_worlds_changes_no_look(tmp_path: Path, let_be: Callable[[str], Left]) -> None:
    whole = let_be("until")
    looked = len(json.loads(whole.page["seeds"]))
    first = Command(tmp_path, KINDS["compare"], *KINDS["until"].words[:1], f"seeds={looked + 5}", "replicates=2")
    assert first.end() == 0, first.told()
    (page,) = first.seen()
    shutil.rmtree(page)
    command = Command(tmp_path, KINDS["until"])
    assert command.end() == 0, command.told()
    assert command.page() == whole.page
    assert kept_in(command.folder).all == 2 * 2 * (looked + 5), "and nothing is run anew"


def test_a_study_that_loses_a_worker_goes_on_by_itself(tmp_path: Path, let_be: Callable[[str], Left]) -> None:
    whole = let_be("sweep")
    command = Command(tmp_path, KINDS["sweep"])
    command.wait_for(whole.runs // 3)
    first = command.workers()
    with gone(first):
        os.kill(first[0], signal.SIGKILL)
        assert command.end() == 0, command.told()
    assert "Traceback" not in command.told()
    assert tables(command.folder) == whole.store
    assert faults_of(command.folder) == []
