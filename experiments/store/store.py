"""A store opened for writing: one writer (or disjoint shards), the same code and data throughout, nothing done twice."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from experiments.interrupts import held as holding
from experiments.output import FULL, OutputError, naming
from experiments.store import point_tables
from experiments.store.configurations import Configurations
from experiments.store.identity import Identity, differences
from experiments.store.journal import Journal, journal_path, journals_of, peek
from experiments.store.kept import UNITS_KEPT
from experiments.store.locks import WHOLE, take
from experiments.store.parts import TABLES, Part, StoreError, discard, next_number, parts_of, read_part, write_part
from experiments.store.places import ABOUT, LOCKS, SESSIONS
from experiments.store.requests import REQUESTS, lacking, ownerless, requests_of
from experiments.store.schema import DATA, FAILURES, RUNS, SCHEMA, STORED, TRAVEL, Done, Key, Packed, unpacked
from sim.world.record import RogatoryError

CHUNK = 1000
"""Runs a part of the tables; *assumption*: parts of some megabytes."""


class Store:
    """A store that this process writes to."""

    def __init__(self, folder: Path, writer: str, journal: Journal) -> None:
        """See ``writing``."""
        self.folder = folder
        self.writer = writer
        self.journal = journal
        self.configurations = Configurations(folder)
        self._keeps_requests = keeps_requests(folder)
        self._standing: dict[Key, dict[str, object]] | None = None  # rows of the table of runs, where they are asked for

    def finished(self) -> set[Key]:
        """Runs that need not be done again: in the tables, or in any journal without a failure.

        Where requests are kept, a run whose file of them is not there is to be done again, for that file alone.
        """
        found = good_in(self.folder)
        return found - lacking(self.folder, found) if self._keeps_requests else found

    def add(self, ended: Sequence[Done]) -> None:
        """Keep runs that have ended, on the disk when this returns.

        Raises ``StoreError`` for runs of another configuration than those of their point, whoever made these; none is kept then.
        """
        if self._keeps_requests:
            ended = [run for run in ended if not self._stands(run)]
        fresh = self.configurations.refuse_others((run.key.point, run.digest) for run in ended if not run.error)
        self.journal.add(ended)
        if fresh and self.writer != WHOLE:  # of two that meet a point together, the later sees what the earlier wrote
            try:
                self.configurations.look()
            except StoreError:
                self.journal.drop(run.key for run in ended)
                raise

    def _stands(self, run: Done) -> bool:
        """Whether a run is in the tables, so that it was done again for its requests alone. Raises ``StoreError`` if it differs."""
        if self._standing is None:
            self._standing = _rows_of(parts_of(self.folder, "runs"))
        before = self._standing.get(run.key)
        if before is None or run.error:
            return before is not None
        if before != runs_of([run]).to_pylist()[0]:
            requests_of(self.folder, run.key).unlink(missing_ok=True)  # they would be another run's
            raise StoreError(
                f"store: {self.folder} has no requests of point {run.key.point}, world {run.key.world_seed}, luck {run.key.luck}, "
                "and the same run comes out otherwise now; accepted: the code, versions and machine that made it, or a new store"
            )
        return True

    def fold(self, order: Sequence[Key]) -> None:
        """Put the journalled runs among ``order`` into one part of runs and of data, in that order."""
        place = {key: number for number, key in enumerate(order)}
        runs = [run for run in self.journal.held() if run.key in place and not run.error]
        if runs:
            runs.sort(key=lambda run: place[run.key])
            number = next_number(self.folder, self.writer)
            for name in runs[0].tables:
                write_part(self.folder, name, self.writer, number, table_of(name, runs))
            write_part(self.folder, "runs", self.writer, number, runs_of(runs))  # from here on they count
            self._standing = None
            self._forget(runs)

    def fold_rest(self) -> None:
        """What is journalled and was asked for by no order of this turn (by a design that was run before) becomes a part too."""
        self.fold([run.key for run in self.journal.held() if not run.error])

    def settle_failures(self) -> None:
        """One table of the failures that no later try mended; the writer of all takes over those of shards."""
        failed = [run for run in self.journal.held() if run.error]
        old = self._failed_before()
        if not (failed or old):
            return
        mended = {run.key for run in failed} | keys_in(self.folder)
        before = _rows_of(old)
        kept = [row for key, row in before.items() if key not in mended]
        if failed or len(old) > 1 or len(kept) < len(before):
            table = pa.concat_tables([pa.Table.from_pylist(kept, FAILURES), failures_of(failed)])
            self._replace_failures(old, table)
            self._forget(failed)

    def _failed_before(self) -> list[Part]:
        """The tables of failures that this writer may replace: its own, and of the writer of all everybody's."""
        return [part for part in parts_of(self.folder, "failures") if self.writer in (WHOLE, part.writer)]

    def _replace_failures(self, old: Iterable[Part], table: pa.Table) -> None:
        """Write one table of failures, if there are any, before the old ones are removed."""
        if len(table):
            write_part(self.folder, "failures", self.writer, next_number(self.folder, self.writer), table)
        discard(part.path for part in old)

    def _forget(self, runs: Iterable[Done]) -> None:
        """Take runs from the journal that stand in the tables now."""
        self.journal.drop(run.key for run in runs)

    def write_points(self, frame: pd.DataFrame) -> str:
        """Keep a table of points; returns the name of the file. One that is there already is not written again."""
        return point_tables.keep(self.folder, self.folder / LOCKS, self.writer, frame)

    def size_of_words(self) -> int:
        """Bytes of what the store says of itself and of its sessions, beside its tables."""
        return sum(path.stat().st_size for path in ((self.folder / ABOUT), *(self.folder / SESSIONS).glob("*.json")))

    def write_session(self, name: str, session: Mapping[str, object]) -> None:
        """Keep the manifest of a session, replacing what it said at its beginning."""
        text = json.dumps(session, indent=1, default=str) + "\n"  # in its own order: that of levers has a meaning
        write_whole(self.folder / SESSIONS / f"{name}.json", text)


@contextmanager
def writing(folder: Path, identity: Identity, writer: str = WHOLE, mix: bool = False) -> Iterator[Store]:
    """Open a store to write to, making it if it is not there.

    The writer ``WHOLE`` has it alone; others (shards, jobs of one sweep) share it, each name once at a time. Raises
    ``StoreError`` where somebody else writes, where the schema is another, where code or data differ from those of the runs in
    it (unless ``mix``), where a point has runs of two configurations, where the folder holds something else, and where it
    cannot be written; ``OSError`` on a full disk.
    """
    _refuse_strangers(folder)
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    is_new = not (folder / ABOUT).exists()
    with ExitStack() as held:
        try:
            with naming(folder):
                for path in (folder, folder / LOCKS, folder / SESSIONS):
                    path.mkdir(parents=True, exist_ok=True)
                take(held, folder, writer)
        except Timeout:
            raise StoreError(
                f"store: {folder} is being written by another run; accepted: one run at a time, or shards of one sweep"
            ) from None
        except OSError as error:
            if error.errno in FULL:
                raise
            told = f"store: cannot write to {folder} ({error.strerror}); accepted: a folder that can be written"
            raise StoreError(told) from None
        try:
            with FileLock(folder / LOCKS / "about.lock"):
                _settle_identity(folder, identity, mix)
            _tidy(folder, writer)
            Configurations(folder).look()
            _adopt(folder, writer)
            point_tables.settle(folder, folder / LOCKS)
            with closing(Journal(journal_path(folder, writer))) as journal:
                yield Store(folder, writer, journal)
        except RogatoryError:
            if is_new and writer == WHOLE:
                _withdraw(folder, made)
            raise


def _withdraw(folder: Path, made: Sequence[Path]) -> None:
    """Remove a store that was begun for what is refused, unless something was run; ``made`` are folders that were not there."""
    if journals_of(folder) or any(parts_of(folder, table) for table in TABLES if table != "points"):
        return
    with holding():
        (folder / ABOUT).unlink(missing_ok=True)  # first: without it the rest is no store
        for home in (LOCKS, SESSIONS, *TABLES, REQUESTS, "journal"):
            shutil.rmtree(folder / home, ignore_errors=True)
        for path in made:
            with suppress(OSError):
                path.rmdir()


def _refuse_strangers(folder: Path) -> None:
    """A folder of something else is no place for a store."""
    if not folder.is_dir() or (folder / ABOUT).exists():
        return
    ours = {*TABLES, LOCKS, SESSIONS, REQUESTS, "journal"}
    strange = sorted(path.name for path in folder.iterdir() if path.name not in ours and not path.name.startswith("."))
    if strange:
        raise StoreError(f"store: found {folder}, which holds {strange[0]!r} and no {ABOUT}; accepted: a store, or an empty folder")


def _settle_identity(folder: Path, identity: Identity, mix: bool) -> None:
    about = folder / ABOUT
    if not about.exists():
        if any(parts_of(folder, table) for table in ("runs", "data")):
            raise StoreError(f"store: {folder} has runs and no {ABOUT}; accepted: a store, or an empty folder")
        write_whole(about, _about(identity))
        return
    known = about_of(folder)["identity"]
    _refuse_other_tables(folder, *(tables.get("tables", ()) for tables in (known["kept"], identity["kept"])))
    told = differences(known, identity)
    if told and not mix:
        raise StoreError(
            f"store: {folder} holds runs of other code or data: {'; '.join(told)}; accepted: store=NAME for a new one, or mix=true"
        )
    new = identity["bases"].keys() - known["bases"].keys()
    if new:
        known["bases"] |= {name: identity["bases"][name] for name in new}
        write_whole(about, _about(known))


def _refuse_other_tables(folder: Path, known: Iterable[str], asked: Iterable[str]) -> None:
    """All runs of a store leave the same tables: of parts that lack one nobody could say whether it was lost."""
    if {*known} != {*asked}:
        there, wanted = (", ".join(sorted({DATA, *tables})) for tables in (known, asked))
        raise StoreError(
            f"store: {folder} keeps {there} of its runs, not {wanted}; accepted: the same, or store=NAME for a new one"
        )


def _about(identity: Mapping[str, object]) -> str:
    return json.dumps({"schema": SCHEMA, "identity": identity}, indent=1, sort_keys=True, default=str) + "\n"


def about_of(folder: Path) -> dict[str, Any]:
    """What a store says of itself. Raises ``StoreError`` for a folder that is none, or of another schema."""
    about = folder / ABOUT
    try:
        said = json.loads(about.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(f"store: found no {ABOUT} in {folder}; accepted: the folder of a store") from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{about}: cannot be read ({error}); accepted: the file as it was written") from None
    if not isinstance(said, dict) or said.get("schema") != SCHEMA:
        found = said.get("schema") if isinstance(said, dict) else said
        raise StoreError(f"{about}: found schema {found!r}; accepted: schema {SCHEMA!r}, or a new store{_made_by(folder)}")
    if not isinstance(said.get("identity"), dict) or Identity.__required_keys__ - said["identity"].keys():
        raise StoreError(f"{about}: found no identity of code and data; accepted: the file as it was written")
    return said


def _made_by(folder: Path) -> str:
    """How the runs of a store that cannot be read are made again, if its last session says so."""
    for path in sorted((folder / SESSIONS).glob("*.json"), reverse=True):
        with suppress(OSError, ValueError, KeyError, TypeError):
            return f" (to make its runs again: {json.loads(path.read_text(encoding='utf-8'))['command']})"
    return ""


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

    The writer of all does so for every writer, and removes requests whose run was never kept. Runs whose data are gone are made
    again.
    """
    drafts = ".*.part" if writer == WHOLE else f".*-{writer}-*.part"
    discard([path for home in ("", SESSIONS, *TABLES, REQUESTS) for path in (folder / home).glob(drafts)])
    discard(_torn(folder, writer))
    if writer == WHOLE and keeps_requests(folder):
        discard(ownerless(folder, good_in(folder)))


def _torn(folder: Path, writer: str) -> list[Path]:
    """A writer's parts of runs, and of what they leave, of which another half is missing."""
    sides = [
        {(part.writer, part.number): part.path for part in parts_of(folder, table) if writer in (WHOLE, part.writer)}
        for table in ("runs", *kept_in(folder))
    ]
    whole = set.intersection(*map(set, sides))
    return [side[key] for side in sides for key in side if key not in whole]


def keeps_requests(folder: Path) -> bool:
    """Whether each run of a store has its requests in a file of its own."""
    return REQUESTS in about_of(folder)["identity"]["kept"].get("tables", ())


def kept_in(folder: Path) -> tuple[str, ...]:
    """The tables of which every part of runs has one: those that its runs leave."""
    tables = about_of(folder)["identity"]["kept"].get("tables", ())
    return tuple(name for name in TRAVEL if name == DATA or name in tables)


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


def good_in(folder: Path) -> set[Key]:
    """The runs that stand in the tables, or in any journal without a failure."""
    journalled = {run.key for path in journals_of(folder) for run in peek(path) if not run.error}  # first: runs move to the tables
    return journalled | keys_in(folder)


_NONE = Packed(b"", 0, 0)  # of a table that is not kept


def runs_of(ended: Iterable[Done]) -> pa.Table:
    """The table of runs, a row each."""
    rows = []
    for run in ended:
        held = [run.tables.get(name, _NONE) for name in TRAVEL]
        numbers = (number for table in held for number in (table.rows, table.checksum))
        rows.append((*run.key, run.event_seed, run.digest, run.code, *numbers))
    columns = zip(*rows, strict=True)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, RUNS, strict=True)], schema=RUNS)


def table_of(name: str, ended: Sequence[Done]) -> pa.Table:
    """A table that runs leave, run by run, each row with its run."""
    tables = [unpacked(run.tables[name].content) for run in ended]
    whole = pa.concat_tables(tables)
    columns = {field.name: whole[field.name].combine_chunks() for field in TRAVEL[name]}
    columns |= {key: column.dictionary_encode() for key, column in columns.items() if pa.types.is_string(column.type)}
    columns |= _runs_in_rows([run.key for run in ended], np.array([len(table) for table in tables]))
    if name == DATA:
        columns["unit"] = _units_of(columns["metric"])
    return pa.table([columns[field.name] for field in STORED[name]], schema=STORED[name])


def _runs_in_rows(keys: Sequence[Key], lengths: NDArray[np.int64]) -> dict[str, pa.Array]:
    """Each row's run, where run ``r`` of ``keys`` has ``lengths[r]`` rows, one run after another."""
    points = list(dict.fromkeys(key.point for key in keys))
    where = {point: code for code, point in enumerate(points)}
    codes = np.repeat(np.array([where[key.point] for key in keys], np.int32), lengths)
    return {
        "point": pa.DictionaryArray.from_arrays(codes, points),
        "world_seed": np.repeat(np.array([key.world_seed for key in keys], np.int64), lengths),
        "luck": np.repeat(np.array([key.luck for key in keys], np.int32), lengths),
    }


def _units_of(metric: pa.DictionaryArray) -> pa.DictionaryArray:
    """The unit of each row's estimand, coded as its estimand is."""
    named = [UNITS_KEPT.get(name, "") for name in metric.dictionary.to_pylist()]
    distinct = list(dict.fromkeys(named))
    unit = np.array([distinct.index(unit) for unit in named], np.int32)[metric.indices.to_numpy(zero_copy_only=False)]
    return pa.DictionaryArray.from_arrays(unit, distinct)


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


def _rows_of(parts: Iterable[Part]) -> dict[Key, dict[str, object]]:
    """The rows of parts by their run; of two of one run the later."""
    rows = (row for part in parts for row in read_part(part).to_pylist())
    return {Key(*(row[name] for name in Key._fields)): row for row in rows}


__all__ = ["ABOUT", "CHUNK", "WHOLE", "OutputError", "Store", "about_of", "writing"]
