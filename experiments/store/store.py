"""A store opened for writing: one writer (or disjoint shards), the same code and data throughout, nothing done twice."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from filelock import FileLock, ReadWriteLock, Timeout

from experiments.output import OutputError
from experiments.store.identity import Identity, differences
from experiments.store.journal import Journal, journal_path, journals_of, peek
from experiments.store.parts import StoreError, discard, next_number, parts_of, read_part, write_part
from experiments.store.schema import DATA, FAILURES, RUNS, SCHEMA, VERSION_KEY, Done, Key, unpacked
from sim.metrics import UNITS

ABOUT = "store.json"
WHOLE = "all"
"""The writer that does all of a sweep."""
CHUNK = 1000
"""Runs a part of the tables; *assumption*: parts of some megabytes."""


class Store:
    """A store that this process writes to."""

    def __init__(self, folder: Path, writer: str, journal: Journal) -> None:
        """See ``writing``."""
        self.folder = folder
        self.writer = writer
        self.journal = journal

    def finished(self) -> set[Key]:
        """Runs that need not be done again: in the tables, or in any journal without a failure."""
        found = keys_in(self.folder)
        for path in journals_of(self.folder):
            found |= {run.key for run in peek(path) if not run.error}
        return found

    def add(self, ended: Sequence[Done]) -> None:
        """Keep runs that have ended, on the disk when this returns."""
        self.journal.add(ended)

    def fold(self, order: Sequence[Key]) -> None:
        """Put the journalled runs among ``order`` into one part of runs and of data, in that order."""
        place = {key: number for number, key in enumerate(order)}
        runs = sorted((run for run in self.journal.held() if run.key in place), key=lambda run: place[run.key])
        good = [run for run in runs if not run.error]
        if good:
            number = next_number(self.folder, self.writer)
            write_part(self.folder, "data", self.writer, number, data_of(good))
            write_part(self.folder, "runs", self.writer, number, runs_of(good))  # from here on they count
        self.journal.drop(run.key for run in good)

    def settle(self, order: Sequence[Key]) -> None:
        """The end of a session: everything journalled becomes a part, failures too."""
        self.fold(order)
        self.fold([run.key for run in self.journal.held() if not run.error])  # of a design that was asked before
        failed = [run for run in self.journal.held() if run.error]
        number = next_number(self.folder, self.writer)
        old = [part.path for part in parts_of(self.folder, "failures") if part.writer == self.writer]
        before = failures_in(self.folder, self.writer)
        table = failures_of(failed)
        known = {run.key for run in failed} | keys_in(self.folder)
        kept = [row for row in before.to_pylist() if Key(row["point"], row["world_seed"], row["luck"]) not in known]
        if kept:
            table = pa.concat_tables([pa.Table.from_pylist(kept, FAILURES), table])
        if len(table):
            write_part(self.folder, "failures", self.writer, number, table)
        discard(iter(old))
        self.journal.drop(run.key for run in failed)

    def write_points(self, frame: pd.DataFrame) -> str:
        """Keep a table of points; returns the name of the file. One that is there already is not written again."""
        table = pa.Table.from_pandas(plain_columns(frame), preserve_index=False).replace_schema_metadata(
            {VERSION_KEY: SCHEMA.encode()}
        )
        for part in parts_of(self.folder, "points"):
            if read_part(part).equals(table):
                return part.path.name
        return write_part(self.folder, "points", self.writer, next_number(self.folder, self.writer), table).name

    def write_session(self, name: str, session: Mapping[str, Any]) -> None:
        """Keep the manifest of a session, replacing what it said at its beginning."""
        write_whole(self.folder / "sessions" / f"{name}.json", json.dumps(session, indent=1, sort_keys=True, default=str) + "\n")


@contextmanager
def writing(folder: Path, identity: Identity, writer: str = WHOLE, mix: bool = False) -> Iterator[Store]:
    """Open a store to write to, making it if it is not there.

    The writer ``WHOLE`` has it alone; others (shards, jobs of one sweep) share it, each name once at a time. Raises
    ``StoreError`` where somebody else writes, where the schema is another, where code or data differ from those of the runs in
    it (unless ``mix``), and where it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("locks", "sessions"):
            (folder / name).mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(f"store: cannot write to {folder} ({error.strerror}); accepted: a folder that can be written") from None
    with ExitStack() as held:
        _take(held, folder, writer)
        _settle_identity(folder, identity, mix)
        if writer == WHOLE:
            _tidy(folder)
            _adopt(folder)
        journal = Journal(journal_path(folder, writer))
        try:
            yield Store(folder, writer, journal)
        finally:
            journal.close()


def _take(held: ExitStack, folder: Path, writer: str) -> None:
    """The store for one whole sweep, or for shards of which each is here once; a lock ends with its process."""
    busy = StoreError(f"store: {folder} is being written by another run; accepted: one run at a time, or shards of one sweep")
    shared = ReadWriteLock(folder / "locks" / "store.db", is_singleton=False)
    held.callback(shared.close)
    try:
        held.enter_context(shared.write_lock(timeout=0) if writer == WHOLE else shared.read_lock(timeout=0))
        held.enter_context(FileLock(folder / "locks" / f"{writer}.lock", timeout=0))
    except Timeout:
        raise busy from None


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
    return said


def write_whole(path: Path, text: str) -> None:
    """Replace a file in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _tidy(folder: Path) -> None:
    """Remove what a killed run left: unfinished files, and data whose runs were never counted."""
    for table in ("points", "runs", "data", "failures"):
        discard(iter([*(folder / table).glob(".*.part")]))
    counted = {(part.writer, part.number) for part in parts_of(folder, "runs")}
    discard(part.path for part in parts_of(folder, "data") if (part.writer, part.number) not in counted)


def _adopt(folder: Path) -> None:
    """Put into the tables what shards left in their journals, and forget what is in the tables twice over."""
    counted = keys_in(folder)
    for path in journals_of(folder):
        journal = Journal(path)
        try:
            journal.drop([run.key for run in journal.held() if run.key in counted])
            if path.stem != WHOLE:
                Store(folder, path.stem, journal).settle(sorted(run.key for run in journal.held()))
        finally:
            journal.close()


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


def failures_in(folder: Path, writer: str | None = None) -> pa.Table:
    """The failures that stand in the tables."""
    tables = [read_part(part) for part in parts_of(folder, "failures") if writer in (None, part.writer)]
    return pa.concat_tables([FAILURES.empty_table(), *tables])


def plain_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of one type each, as Parquet wants them: mixed ones become text."""
    out = frame.copy()
    for name in out.columns:
        if out[name].dtype == object and len({type(value) for value in out[name].dropna()}) > 1:
            out[name] = out[name].map(lambda value: None if value is None else json.dumps(value))
    return out


__all__ = ["ABOUT", "CHUNK", "WHOLE", "OutputError", "Store", "about_of", "writing"]
