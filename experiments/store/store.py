"""A store opened for writing: one writer (or disjoint shards), the same code and data throughout, nothing done twice."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from filelock import FileLock, ReadWriteLock, Timeout

from experiments.output import FULL, OutputError, naming
from experiments.store import point_tables
from experiments.store.configurations import Configurations
from experiments.store.identity import Identity, differences
from experiments.store.journal import Journal, journal_path, journals_of, peek
from experiments.store.parts import TABLES, StoreError, discard, next_number, parts_of, read_part, write_part
from experiments.store.schema import DATA, FAILURES, RUNS, SCHEMA, Done, Key, unpacked
from sim.metrics import UNITS

ABOUT = "store.json"
WHOLE = "all"
"""The writer that does all of a sweep."""
CHUNK = 1000
"""Runs a part of the tables; *assumption*: parts of some megabytes."""
_LOCKS, _SESSIONS = "locks", "sessions"


class Store:
    """A store that this process writes to."""

    def __init__(self, folder: Path, writer: str, journal: Journal) -> None:
        """See ``writing``."""
        self.folder = folder
        self.writer = writer
        self.journal = journal
        self.configurations = Configurations(folder)

    def finished(self) -> set[Key]:
        """Runs that need not be done again: in the tables, or in any journal without a failure."""
        found = keys_in(self.folder)
        for path in journals_of(self.folder):
            found |= {run.key for run in peek(path) if not run.error}
        return found

    def add(self, ended: Sequence[Done]) -> None:
        """Keep runs that have ended, on the disk when this returns.

        Raises ``StoreError`` for runs of another configuration than those of their point, whoever made these; none is kept then.
        """
        fresh = self.configurations.refuse_others((run.key.point, run.digest) for run in ended if not run.error)
        self.journal.add(ended)
        if fresh and self.writer != WHOLE:  # of two that meet a point together, the later sees what the earlier wrote
            try:
                self.configurations.look()
            except StoreError:
                self.journal.drop(run.key for run in ended)
                raise

    def fold(self, order: Sequence[Key]) -> None:
        """Put the journalled runs among ``order`` into one part of runs and of data, in that order."""
        place = {key: number for number, key in enumerate(order)}
        runs = [run for run in self.journal.held() if run.key in place and not run.error]
        if runs:
            runs.sort(key=lambda run: place[run.key])
            number = next_number(self.folder, self.writer)
            write_part(self.folder, "data", self.writer, number, data_of(runs))
            write_part(self.folder, "runs", self.writer, number, runs_of(runs))  # from here on they count
            self.journal.drop(run.key for run in runs)

    def fold_rest(self) -> None:
        """What is journalled and was asked for by no order of this turn (by a design that was run before) becomes a part too."""
        self.fold([run.key for run in self.journal.held() if not run.error])

    def settle_failures(self) -> None:
        """One table of the failures that no later try mended; the writer of all takes over those of shards."""
        failed = [run for run in self.journal.held() if run.error]
        old = [part for part in parts_of(self.folder, "failures") if self.writer in (WHOLE, part.writer)]
        if not (failed or old):
            return
        mended = {run.key for run in failed} | keys_in(self.folder)
        before = {_key_of(row): row for part in old for row in read_part(part).to_pylist()}
        kept = [row for key, row in before.items() if key not in mended]
        if failed or len(old) > 1 or len(kept) < len(before):
            table = pa.concat_tables([pa.Table.from_pylist(kept, FAILURES), failures_of(failed)])
            if len(table):
                write_part(self.folder, "failures", self.writer, next_number(self.folder, self.writer), table)
            discard(part.path for part in old)
            self.journal.drop(run.key for run in failed)

    def write_points(self, frame: pd.DataFrame) -> str:
        """Keep a table of points; returns the name of the file. One that is there already is not written again."""
        return point_tables.keep(self.folder, self.folder / _LOCKS, self.writer, frame)

    def write_session(self, name: str, session: Mapping[str, Any]) -> None:
        """Keep the manifest of a session, replacing what it said at its beginning."""
        text = json.dumps(session, indent=1, default=str) + "\n"  # in its own order: that of levers has a meaning
        write_whole(self.folder / _SESSIONS / f"{name}.json", text)


@contextmanager
def writing(folder: Path, identity: Identity, writer: str = WHOLE, mix: bool = False) -> Iterator[Store]:
    """Open a store to write to, making it if it is not there.

    The writer ``WHOLE`` has it alone; others (shards, jobs of one sweep) share it, each name once at a time. Raises
    ``StoreError`` where somebody else writes, where the schema is another, where code or data differ from those of the runs in
    it (unless ``mix``), where a point has runs of two configurations, where the folder holds something else, and where it
    cannot be written; ``OSError`` on a full disk.
    """
    _refuse_strangers(folder)
    with ExitStack() as held:
        try:
            with naming(folder):
                for path in (folder, folder / _LOCKS, folder / _SESSIONS):
                    path.mkdir(parents=True, exist_ok=True)
                _take(held, folder, writer)
        except Timeout:
            raise StoreError(
                f"store: {folder} is being written by another run; accepted: one run at a time, or shards of one sweep"
            ) from None
        except OSError as error:
            if error.errno in FULL:
                raise
            told = f"store: cannot write to {folder} ({error.strerror}); accepted: a folder that can be written"
            raise StoreError(told) from None
        with FileLock(folder / _LOCKS / "about.lock"):
            _settle_identity(folder, identity, mix)
        _tidy(folder, writer)
        Configurations(folder).look()
        _adopt(folder, writer)
        point_tables.settle(folder, folder / _LOCKS)
        with closing(Journal(journal_path(folder, writer))) as journal:
            yield Store(folder, writer, journal)


def _refuse_strangers(folder: Path) -> None:
    """A folder of something else is no place for a store."""
    if not folder.is_dir() or (folder / ABOUT).exists():
        return
    ours = {*TABLES, _LOCKS, _SESSIONS, "journal"}
    strange = sorted(path.name for path in folder.iterdir() if path.name not in ours and not path.name.startswith("."))
    if strange:
        raise StoreError(f"store: found {folder}, which holds {strange[0]!r} and no {ABOUT}; accepted: a store, or an empty folder")


def _take(held: ExitStack, folder: Path, writer: str) -> None:
    """The store for one whole sweep, or for shards of which each is here once; a lock ends with its process."""
    try:
        shared = ReadWriteLock(folder / _LOCKS / "store.db", is_singleton=False)
        held.callback(shared.close)
        held.enter_context(shared.write_lock(timeout=0) if writer == WHOLE else shared.read_lock(timeout=0))
    except sqlite3.OperationalError as error:
        raise OSError(errno.EIO, str(error), str(folder / _LOCKS / "store.db")) from None
    held.enter_context(FileLock(folder / _LOCKS / f"{writer}.lock", timeout=0))


def _settle_identity(folder: Path, identity: Identity, mix: bool) -> None:
    about = folder / ABOUT
    if not about.exists():
        if any(parts_of(folder, table) for table in ("runs", "data")):
            raise StoreError(f"store: {folder} has runs and no {ABOUT}; accepted: a store, or an empty folder")
        write_whole(about, _about(identity))
        return
    known = about_of(folder)["identity"]
    told = differences(known, identity)
    if told and not mix:
        raise StoreError(
            f"store: {folder} holds runs of other code or data: {'; '.join(told)}; accepted: store=NAME for a new one, or mix=true"
        )
    new = identity["bases"].keys() - known["bases"].keys()
    if new:
        known["bases"] |= {name: identity["bases"][name] for name in new}
        write_whole(about, _about(known))


def _about(identity: Mapping[str, Any]) -> str:
    return json.dumps({"schema": SCHEMA, "identity": identity}, indent=1, sort_keys=True, default=str) + "\n"


def about_of(folder: Path) -> dict[str, Any]:
    """What a store says of itself. Raises ``StoreError`` for a folder that is none, or of another schema."""
    about = folder / ABOUT
    try:
        said = json.loads(about.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(f"store: found no {ABOUT} in {folder}; accepted: the folder of a sweep") from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{about}: cannot be read ({error}); accepted: the file as the sweep wrote it") from None
    if not isinstance(said, dict) or said.get("schema") != SCHEMA:
        found = said.get("schema") if isinstance(said, dict) else said
        raise StoreError(f"{about}: found schema {found!r}; accepted: schema {SCHEMA!r}, or a new store")
    if not isinstance(said.get("identity"), dict) or Identity.__required_keys__ - said["identity"].keys():
        raise StoreError(f"{about}: found no identity of code and data; accepted: the file as the sweep wrote it")
    return said


def write_whole(path: Path, text: str) -> None:
    """Replace a file in one step, once its new text is down on the disk."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with naming(path, draft):
            with draft.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _tidy(folder: Path, writer: str) -> None:
    """Remove what a killed run of this writer left: unfinished files, and data or runs of which the other half is missing.

    The writer of all does so for every writer. Runs whose data are gone are made again.
    """
    drafts = ".*.part" if writer == WHOLE else f".*-{writer}-*.part"
    discard([path for home in ("", _SESSIONS, *TABLES) for path in (folder / home).glob(drafts)])
    sides = [
        {(part.writer, part.number): part.path for part in parts_of(folder, table) if writer in (WHOLE, part.writer)}
        for table in ("data", "runs")
    ]
    discard([side[key] for side in sides for key in sides[0].keys() ^ sides[1].keys() if key in side])


def _adopt(folder: Path, writer: str) -> None:
    """Forget what is journalled and in the tables too; the writer of all puts into the tables what shards left in journals."""
    for path in journals_of(folder):
        if writer in (WHOLE, path.stem):
            with closing(Journal(path)) as journal:
                counted = keys_in(folder)
                journal.drop([run.key for run in journal.held() if run.key in counted])
                if path.stem != writer:
                    store = Store(folder, path.stem, journal)
                    store.fold_rest()
                    store.settle_failures()


# --- tables -----------------------------------------------------------------------------------------------------------------


def keys_in(folder: Path) -> set[Key]:
    """The runs that stand in the tables."""
    found: set[Key] = set()
    for part in parts_of(folder, "runs"):
        columns = read_part(part, list(Key._fields))
        found |= {Key(*row) for row in zip(*(column.to_pylist() for column in columns.columns), strict=True)}
    return found


def runs_of(ended: Iterable[Done]) -> pa.Table:
    """The table of runs, a row each."""
    rows = [(*run.key, run.event_seed, run.digest, run.code, run.rows, run.checksum) for run in ended]
    columns = zip(*rows, strict=True)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, RUNS, strict=True)], schema=RUNS)


def data_of(ended: Sequence[Done]) -> pa.Table:
    """The table of data of some runs, run by run."""
    tables = [unpacked(run.estimates) for run in ended]
    lengths = np.array([len(table) for table in tables])
    whole = pa.concat_tables(tables)
    metric = whole["metric"].combine_chunks().dictionary_encode()
    units = [UNITS.get(name, "") for name in metric.dictionary.to_pylist()]
    distinct = list(dict.fromkeys(units))
    unit_codes = np.array([distinct.index(unit) for unit in units], np.int32)[metric.indices.to_numpy(zero_copy_only=False)]
    points = list(dict.fromkeys(run.key.point for run in ended))
    where = {point: code for code, point in enumerate(points)}
    codes = np.repeat(np.array([where[run.key.point] for run in ended], np.int32), lengths)
    return pa.table(
        {
            "point": pa.DictionaryArray.from_arrays(codes, points),
            "world_seed": np.repeat(np.array([run.key.world_seed for run in ended], np.int64), lengths),
            "luck": np.repeat(np.array([run.key.luck for run in ended], np.int32), lengths),
            "metric": metric.cast(DATA.field("metric").type),
            "by": whole["by"].combine_chunks().dictionary_encode().cast(DATA.field("by").type),
            "level": whole["level"].combine_chunks().dictionary_encode().cast(DATA.field("level").type),
            "unit": pa.DictionaryArray.from_arrays(unit_codes, distinct),
            "value": whole["value"].combine_chunks(),
            "count": whole["count"].combine_chunks(),
        },
        schema=DATA,
    )


def failures_of(failed: Iterable[Done]) -> pa.Table:
    """The table of failures."""
    rows = [dict(zip(FAILURES.names, (*run.key, run.event_seed, run.error, run.traceback), strict=True)) for run in failed]
    return pa.Table.from_pylist(rows, schema=FAILURES)


def failures_in(folder: Path) -> pa.Table:
    """The failures that stand in the tables."""
    tables = []
    for part in parts_of(folder, "failures"):
        try:
            tables.append(read_part(part))
        except StoreError:
            if part.path.exists():  # else its writer has just replaced it
                raise
    return pa.concat_tables([FAILURES.empty_table(), *tables])


def _key_of(row: Mapping[str, Any]) -> Key:
    return Key(*(row[name] for name in Key._fields))


__all__ = ["ABOUT", "CHUNK", "WHOLE", "OutputError", "Store", "about_of", "writing"]
