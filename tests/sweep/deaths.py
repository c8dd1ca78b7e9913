"""Deaths at file operations: ``python -m tests.sweep.deaths`` has everything loaded, and forks one process for each death.

A *scene* is a row of acts upon an empty folder: sweeps, studies. For each operation of each act that changes a file, a child
plays the act and is gone, without a word, just before it (or in the middle, where there is one). Then the act is played again to
its end, and those after it; what stands in the folder must be what stands there when nobody dies.

Asked line by line in JSON: ``{"scene": name}`` gives how many operations each act has; with ``"deaths": [[act, number], ...]``
what was wrong after each of them; with further numbers the second try dies too, and so on.
"""

from __future__ import annotations

import builtins
import io
import json
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Generator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow.parquet as pq

from experiments import report
from experiments.console import console_of
from experiments.errors import StoppedError
from experiments.execution import session as execution
from experiments.execution.jobs import Batch, Engine, Shared, one_by_one, trials, warm
from experiments.execution.plan import Plan
from experiments.output import MANIFEST, manifests, replaced_folder
from experiments.store.content import keys_in
from experiments.store.identity import code_fingerprint
from experiments.store.journal import journals_of, peek
from experiments.store.parts import STORED_TABLES, file_checksum, table_parts
from experiments.store.schema import Done, RunKey
from experiments.store.store import Store
from experiments.store.validate import faults_of
from experiments.studies import compare, run, sweep
from experiments.studies import replication as study
from sim.config import load
from sim.sources.checksums import sha256
from tests.sweep.small import TINY, design, done

GONE = 9  # exit status of a child that died as it was meant to
PATIENCE = 60  # seconds for an act
STORE = Path("out/stores/own")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "shutil.rmtree")


# --- dying ----------------------------------------------------------------------------------------------------------------------


class Fate:
    """Counts the operations of this process upon files below the working directory, and ends it at one of them."""

    def __init__(self, at: int | None, said: Path) -> None:
        """Die at the operation of that number, or at none; names of operations and runs that are kept go to a file."""
        self.at, self.count, self.root = at, 0, f"{Path.cwd()}{os.sep}"
        self.said = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def note(self, line: str) -> None:
        """Written down at once."""
        os.write(self.said, f"{line}\n".encode())

    def meet(self, what: str, path: object = "") -> None:
        """An operation is about to happen."""
        self.note(f"op {what} {path}")
        if self.count == self.at:
            os._exit(GONE)
        self.count += 1

    def concerns(self, path: object) -> bool:
        """Whether a path is one of ours; relative ones are, for we stand there."""
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        text = os.fsdecode(path)
        return not text.startswith(os.sep) or text.startswith(self.root)

    def heard(self, event: str, given: tuple[Any, ...]) -> None:
        """What Python tells of itself."""
        if event == "open" and self.concerns(given[0]) and (given[2] or 0) & WRITES:
            self.meet("open", given[0])
        elif event in CHANGES and self.concerns(given[0]):
            self.meet(event, given[0])


class Halving:
    """A file that is written to in two halves."""

    def __init__(self, file: Any, fate: Fate) -> None:
        self._file, self._fate, self._writes = file, fate, 0

    def write(self, text: Any) -> int:
        """Half of it, then the other half; of the many lines of a table the first, second, fourth and so on."""
        self._writes += 1
        if self._writes & (self._writes - 1):
            return int(self._file.write(text))
        self._file.write(text[: len(text) // 2])
        self._file.flush()
        self._fate.meet("half of a file", self._file.name)
        self._file.write(text[len(text) // 2 :])
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Halving:
        self._file.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._file.__exit__(*error)

    def __iter__(self) -> Any:
        return iter(self._file)


def doomed(fate: Fate) -> None:
    """From here on every operation of this process upon files meets its fate."""
    opened, fsync, write_table, connect = io.open, os.fsync, pq.write_table, sqlite3.connect

    def halving(path: Any, mode: str = "r", *given: Any, **more: Any) -> Any:
        file = opened(path, mode, *given, **more)
        return Halving(file, fate) if {*mode} & {*"wax+"} and fate.concerns(path) else file

    def synced(handle: int) -> None:
        fate.meet("fsync")
        fsync(handle)

    def table(content: Any, where: Any, *given: Any, **more: Any) -> None:
        whole = io.BytesIO()
        write_table(content, whole, *given, **more)
        if isinstance(where, str | os.PathLike):
            fate.meet("parquet", where)
            half = whole.getvalue()[: len(whole.getvalue()) // 2]
            handle = os.open(where, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(handle, half)
            os.close(handle)
            fate.meet("half a parquet", where)
            write_table(content, where, *given, **more)
        else:  # a file that is open, as pandas hands it on
            text = whole.getvalue()
            fate.meet("parquet")
            where.write(text[: len(text) // 2])
            where.flush()
            fate.meet("half a parquet")
            where.write(text[len(text) // 2 :])

    class Mortal(sqlite3.Connection):
        def execute(self, statement: str, *given: Any) -> Any:
            fate.meet("sqlite", statement)
            return super().execute(statement, *given)

        def executemany(self, statement: str, rows: Any) -> Any:
            rows = list(rows)
            fate.meet("sqlite", statement)
            super().executemany(statement, rows[: len(rows) // 2])
            fate.meet("sqlite, half of the rows", statement)
            return super().executemany(statement, rows[len(rows) // 2 :])

        def close(self) -> None:
            fate.meet("sqlite close")
            super().close()

    def connected(*given: Any, **more: Any) -> Any:
        base = connect(*given, **{"factory": Mortal, **more})
        if "journal" in str(given[0]):
            super(Mortal, base).execute("PRAGMA cache_size = 1")  # so that what is not committed comes to the disk all the same
        return base

    kept = Store.add

    def add(self: Store, ended: Sequence[Done]) -> None:
        kept(self, ended)
        for one in ended:
            if not one.error:
                fate.note(f"kept {json.dumps(one.key)}")

    Store.add = add  # type: ignore[method-assign]
    io.open = builtins.open = halving
    os.fsync, pq.write_table, sqlite3.connect = synced, table, connected
    sys.addaudithook(fate.heard)


# --- scenes ---------------------------------------------------------------------------------------------------------------------


class Scene(NamedTuple):
    """Acts upon an empty folder, what must be true of what a death leaves, and what of the folder is compared at the end."""

    acts: tuple[Callable[[], object], ...]
    left: Callable[[Sequence[str]], list[str]]  # what is wrong right after a death; it is given what was noted
    compared: Callable[[], dict[str, bytes]]


def made_up(fails: str = "") -> Callable[..., Engine]:
    """Engines that do no run, but make up what comes of it; runs of one point may fail."""

    def engine_of(*given: object) -> Engine:
        def engine(shared: Shared, batches: Sequence[Batch]) -> Generator[list[Done]]:
            for batch in one_by_one(batches):
                (key,) = batch.keys
                bad = bool(fails) and shared.settings[key.point][1].get("instruments.hanoi.threshold_years") == 6.0
                value = (int(key.point, 16) % 97) / 97 + key.world_seed
                yield [done(*key, value=value, error=fails if bad and key.world_seed == 1 else "")._replace(code=shared.code)]

        return engine

    return engine_of


def swept(*more: str, fails: str = "") -> Callable[[], object]:
    """An act: the small sweep, with further words."""

    given = {word.partition("=")[0] for word in more}
    plain = (word for word in ("seeds=2", "replicates=1") if word.partition("=")[0] not in given)
    words = (*TINY, "design=own.yaml", "workers=1", "output=out", "store=own", *plain, *more)
    AHEAD.append(lambda: planned(words))

    def act() -> None:
        execution.engine_of = made_up(fails)
        try:
            execution.run_plan(planned(words), console_of())
        except StoppedError:
            if not fails:
                raise

    return act


AHEAD: list[Callable[[], object]] = []
"""What takes long and is the same in every child."""


@cache
def planned(words: tuple[str, ...]) -> Plan:
    """What a sweep is to do; its design is the one of the working directory."""
    return sweep.sweep_plan(words)


def left_of_a_store(noted: Sequence[str]) -> list[str]:
    """Every part that is there under its name is whole, and no run that was kept is gone."""
    wrong = [
        f"{part.path} is not whole"
        for table in STORED_TABLES
        for part in table_parts(STORE, table)
        if file_checksum(part.path) != part.checksum
    ]
    for path in (STORE / "store.json", *(STORE / "sessions").glob("*.json")):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except ValueError:
            wrong.append(f"{path} is not whole")
    promised = {RunKey(*json.loads(line.removeprefix("kept "))) for line in noted if line.startswith("kept ")}
    there = keys_in(STORE) | {one.key for path in journals_of(STORE) for one in peek(path) if not one.error}
    return [*wrong, *(f"{key} was kept and is gone" for key in sorted(promised - there))]


def of_a_store() -> dict[str, bytes]:
    """Every file of the store but two kinds: the locks, which hold nothing, and the sessions, each with its times.

    Of sessions it is compared that the last of each writer is done, and which points, worlds and design it says.
    """
    found = {
        path.relative_to(STORE).as_posix(): path.read_bytes()
        for path in sorted(STORE.rglob("*"))
        if path.is_file() and path.parent.name not in ("locks", "sessions")
    }
    last = {path.stem.partition("-")[2]: path for path in sorted((STORE / "sessions").glob("*"))}
    for writer, path in last.items():
        said = json.loads(path.read_text(encoding="utf-8"))
        found[f"session of {writer}"] = json.dumps(
            {key: said[key] for key in ("status", "points", "design", "worlds", "replicates", "shard", "bases", "whole")}
        ).encode()
    found["faults"] = "\n".join(faults_of(STORE)).encode()
    return found


def of_failures() -> dict[str, bytes]:
    """The same, but for the numbers of parts, of which only the order counts: a table of failures takes one whenever it changes."""
    found = of_a_store()
    for table in STORED_TABLES:
        for place, part in enumerate(table_parts(STORE, table)):
            text = found.pop(part.path.relative_to(STORE).as_posix())
            found[f"{table}: part {place} of {part.writer}"] = text
    return found


def ran(main: Callable[..., object], *words: str) -> Callable[[], object]:
    """An act: a study that leaves a folder of results."""
    words = (*TINY, "seeds=1", "workers=1", "output=out", "store=own", *words)
    AHEAD.append(lambda: compare.compared_arms(words) if main is compare.main else load(*words))
    return lambda: main(*words)


def results() -> list[Path]:
    """Folders of results that can be seen, in the order of their names and so of their times."""
    homes = (home for home in Path("out").glob("*") if home != STORE.parent)
    return sorted(path for home in homes for path in home.glob("*") if not path.name.startswith("."))


def left_of_a_study(noted: Sequence[str]) -> list[str]:
    """What can be seen is finished: it has a manifest, and each file is as that says. The store is whole, as that of a sweep."""
    wrong = left_of_a_store(noted)
    for folder in results():
        try:
            said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        except (OSError, ValueError):
            wrong.append(f"{folder} is not finished")
            continue
        there = {path.name: sha256(path) for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST}
        wrong += [] if there == said else [f"{folder} is not as its manifest says"]
    return wrong


def of_a_study() -> dict[str, bytes]:
    """Every file of the last folder of results but the manifest, of which the names of files are compared; and what is hidden.

    A folder that was begun and never finished stays hidden, and is removed a day later. The store is compared as that of a sweep.
    """
    last = results()[-1]
    found = {path.relative_to(last).as_posix(): path.read_bytes() for path in sorted(last.rglob("*")) if path.is_file()}
    found[MANIFEST] = "\n".join(sorted(json.loads(found[MANIFEST])["files"])).encode()
    strange = [path for path in last.parent.glob(".*") if not path.name.startswith(".partial-")]
    return found | {path.name: b"" for path in strange} | (of_a_store() if STORE.exists() else {})


def replaced(word: str) -> Callable[[], object]:
    """An act: a folder of three files takes the place of the one before."""

    def act() -> None:
        with replaced_folder(Path("out"), "report") as folder:
            for name in ("a", "b", "c"):
                (folder / name).write_text(f"{name} of {word}\n", encoding="utf-8")
        Path("before").touch()

    return act


def left_of_a_replacement(noted: Sequence[str]) -> list[str]:
    """What can be seen is whole, the old or the new; where nothing can be seen, what is hidden holds a whole one."""
    folder = Path("out/report")
    whole = {tuple(f"{name} of {word}\n" for name in ("a", "b", "c")) for word in ("old", "new")}
    homes = [folder] if folder.exists() else sorted(Path("out").glob(".???-????????-report"))
    texts = {tuple(sorted(path.read_text() for path in home.iterdir())) for home in homes}
    before = Path("before")
    return [] if texts & whole or not before.exists() else [f"{homes}: {texts}"]


def of_a_replacement() -> dict[str, bytes]:
    """What can be seen."""
    return {path.as_posix(): path.read_bytes() for path in sorted(Path("out/report").rglob("*"))}


def careless() -> None:
    """An act that writes in place, and nothing twice: the harness must notice."""
    Path("out/x/1").mkdir(parents=True, exist_ok=True)
    text = "a long story\n"
    if not Path("out/x/1/a").exists():
        Path("out/x/1/a").write_text(text, encoding="utf-8")
    Path("out/x/1", MANIFEST).write_text(json.dumps({"files": {"a": sha256(Path("out/x/1/a"))}}), encoding="utf-8")


SCENES = {
    "sweep": Scene((swept(),), left_of_a_store, of_a_store),
    "grown": Scene((swept("seeds=1"), swept("seeds=3")), left_of_a_store, of_a_store),
    "shards": Scene((swept("shard=1/2"), swept("shard=2/2"), swept()), left_of_a_store, of_a_store),
    "failures": Scene((swept(fails="no luck"), swept()), left_of_a_store, of_failures),
    "run": Scene((ran(run.main),), left_of_a_study, of_a_study),
    "compare": Scene((ran(compare.main, "scenarios=[judge]"),), left_of_a_study, of_a_study),
    "careless": Scene((careless,), left_of_a_study, of_a_study),
    "careless in the end": Scene((careless,), lambda noted: [], of_a_study),
    "replaced": Scene((replaced("old"), replaced("new")), left_of_a_replacement, of_a_replacement),
}


# --- playing --------------------------------------------------------------------------------------------------------------------


def forked(folder: Path, play: Callable[[], object], said: Path | None = None, at: int | None = None) -> int:
    """The exit status of a child that plays in a folder: 0, ``GONE``, or 1 with what went wrong in ``folder/../wrong``."""
    child = os.fork()
    if not child:
        try:
            os.chdir(folder)
            signal.alarm(PATIENCE)
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            os.dup2(silent, 2)
            if said is not None:
                doomed(Fate(at, said))
            play()
            os._exit(0)
        except BaseException:
            handle = os.open(folder.parent / "wrong", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(handle, traceback.format_exc().encode())
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


class Stage:
    """A scene with what it leaves when nobody dies, and the folder as it is before each act."""

    def __init__(self, scene: Scene, home: Path) -> None:
        """Play it once, undisturbed."""
        self.scene, self.home, self.operations = scene, home, list[list[str]]()
        folder = home / "undisturbed" / "x"
        folder.mkdir(parents=True)
        for number, act in enumerate(scene.acts):
            shutil.copytree(folder, home / f"before {number}")
            said = home / "said"
            if forked(folder, act, said):
                raise RuntimeError((folder.parent / "wrong").read_text())
            self.operations.append([line for line in said.read_text().splitlines() if line.startswith("op ")])
        self.end = self.seen(folder)

    def seen(self, folder: Path) -> dict[str, str]:
        """What is compared."""
        told = folder.parent / "told"

        def look() -> None:
            told.write_text(json.dumps({name: text.hex() for name, text in self.scene.compared().items()}))

        if forked(folder, look):
            raise RuntimeError((folder.parent / "wrong").read_text())
        return dict(json.loads(told.read_text()))

    def death(self, act: int, *ats: int) -> list[str]:
        """Die in an act, once or again and again; go on; what is wrong."""
        place = Path(tempfile.mkdtemp(dir=self.home))
        folder = place / "x"
        shutil.copytree(self.home / f"before {act}", folder)
        try:
            for at in ats:
                wrong = self._once(place, act, at)
                if wrong:
                    return wrong
            for play in self.scene.acts[act:]:
                if forked(folder, play):
                    return [f"it does not go on: {(place / 'wrong').read_text()}"]
            end = self.seen(folder)
            return [f"{name} differs" for name in sorted(end.keys() | self.end.keys()) if end.get(name) != self.end.get(name)]
        finally:
            shutil.rmtree(place)

    def _once(self, place: Path, act: int, at: int) -> list[str]:
        status = forked(place / "x", self.scene.acts[act], place / "said", at)
        if status not in (0, GONE):  # 0: a second try may have less to do
            return [f"exit status {status}: {(place / 'wrong').read_text() if status == 1 else 'it hangs'}"]
        noted = (place / "said").read_text().splitlines()
        shutil.copytree(place / "x", place / "y" / "x")  # looking changes what it looks at
        told = place / "told"
        if forked(place / "y" / "x", lambda: told.write_text("\n".join(self.scene.left(noted)))):
            return [f"what is left cannot be looked at: {(place / 'y' / 'wrong').read_text()}"]
        shutil.rmtree(place / "y")
        return told.read_text().splitlines()


def prepared() -> None:
    """Load, compose and compile what the acts need, and put in the place of what is slow something that is not."""
    warnings.simplefilter("ignore")
    execution.CHUNK = 3
    execution.warm = lambda tried, workers: None

    def drawn(folder: Path, *given: object) -> None:
        (folder / "figure.png").write_bytes(b"a figure\n")

    study.draw_all = drawn

    def written(folder: Path, *given: object) -> None:
        (folder / "report.html").write_text("a report\n", encoding="utf-8")

    report.write_report = written
    pd.DataFrame({"a": [1]}).to_parquet(io.BytesIO())
    code_fingerprint()  # now: sources that are edited meanwhile are not those that run
    manifests._git = lambda *words: None  # nor does it matter what is committed meanwhile
    warm(trials([load(*TINY), load(*TINY, "scenario=judge")]))
    with tempfile.TemporaryDirectory() as home:
        here = Path.cwd()
        os.chdir(home)
        design(Path())
        for act in AHEAD:
            act()
        os.chdir(here)


def main() -> None:
    """Answer until nobody asks."""
    prepared()
    stages: dict[str, Stage] = {}
    with tempfile.TemporaryDirectory() as home:
        for line in sys.stdin:
            asked = json.loads(line)
            name = asked["scene"]
            if name not in stages:
                stages[name] = Stage(SCENES[name], Path(home) / name)
            if "deaths" in asked:
                answer: Any = [stages[name].death(*death) for death in asked["deaths"]]
            else:
                answer = stages[name].operations
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
