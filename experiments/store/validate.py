"""Whether a store is whole: schema, checksums, every run once, every row of every run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from os.path import lexists
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from experiments.store import point_tables
from experiments.store.about import about_of, keeps_requests, kept_in
from experiments.store.configurations import conflicts_in
from experiments.store.journal import JOURNAL, is_database, journals_of, peek
from experiments.store.parts import STORED_TABLES, StoreError, TablePart, file_checksum, read_part, table_parts
from experiments.store.places import ABOUT, LOCKS, SESSIONS
from experiments.store.requests import REQUESTS, lacking, refuse_damaged, requests_of, said_of, strangers_in
from experiments.store.schema import DATA, FAILURES, RUNS_SCHEMA, STORED, TRAVEL, Done, RunKey, rows_checksum
from experiments.store.sessions import SessionRecord, session_in
from experiments.text import counted
from sim.places import is_file, is_folder

_SCHEMAS = {**STORED, "runs": RUNS_SCHEMA, "failures": FAILURES}


_CHECKSUMS = [f"{name}_checksum" for name in TRAVEL]
_REMOVE = "remove it: the same command makes again what is missing then"
_REMOVE_POINTS = "remove it: the command of the session that names it writes it again"
_REMOVE_LOCK = "remove it: nothing is kept there, and the same command makes it anew"
_REMOVE_FAILURES = "remove it: the same command tries its runs again"
_OF_A_PART = {"points": _REMOVE_POINTS, "failures": _REMOVE_FAILURES}
_ALONE = "the same command removes it and makes again what is missing then"
_A_COPY = "no command writes it again: put back a copy, or begin a new store"
_REMOVE_REQUESTS = "remove it: the same command makes its run again"
_A_NEW_ONE = "the same command writes it anew"
_REMOVE_SESSION = "remove it: the same command writes another one"

_Read = tuple[TablePart, pa.Table]  # a part, and what it holds


class _Held(NamedTuple):
    """What could be read of a store before it is judged."""

    sessions: list[SessionRecord | None]  # None for one that cannot be read
    waiting: dict[Path, list[Done]]  # journal -> its runs; none of one that cannot be read
    tables: dict[str, list[_Read]]  # table -> the parts of it that can be read
    kept: tuple[str, ...]  # tables of which every part of runs has one

    def pairs(self, name: str) -> Iterator[tuple[pa.Table, TablePart, pa.Table]]:
        """Each part of runs that has its part of a table: the runs, and the part with its rows."""
        by_number = {(part.writer, part.number): (part, table) for part, table in self.tables[name]}
        for part, runs in self.tables["runs"]:
            found = by_number.get((part.writer, part.number))
            if found:
                yield runs, *found


def faults_of(folder: Path) -> list[str]:
    """What is wrong with a store and what mends it, a line each; an empty list for a store that is whole."""
    faults = [*_misplaced(folder)]
    held = _held_by(folder, faults)
    faults += _unnamed(folder)
    faults += _of_points(folder, held)
    if not held.sessions:
        faults.append(f"{folder / SESSIONS}: holds no session; the same command writes one")
    faults += _of_runs(held)
    if _read(lambda: keeps_requests(folder), [], ""):
        _requests(folder, _good_runs(held), faults)
    return faults


def _held_by(folder: Path, faults: list[str]) -> _Held:
    """Read all of a store that can be read; what cannot is told among ``faults``."""
    bare = not any(table_parts(folder, table) for table in ("runs", "data"))
    gone = not (folder / ABOUT).exists()
    _read(lambda: about_of(folder), faults, _A_NEW_ONE if gone and bare else _A_COPY)
    sessions = [_read(partial(session_in, path), faults, _REMOVE_SESSION) for path in sorted((folder / SESSIONS).glob("*.json"))]
    waiting = {path: _read(partial(peek, path), faults, _REMOVE) or [] for path in journals_of(folder) if is_file(path)}
    tables = {table: _readable(table_parts(folder, table), faults) for table in STORED_TABLES}
    return _Held(sessions, waiting, tables, _read(lambda: kept_in(folder), [], "") or (DATA,))


def _misplaced(folder: Path) -> Iterator[str]:
    """What stands where the store has a folder or a file, and is none: something else, a link to nothing, a loop of links."""
    for path in (folder / name for name in (*STORED_TABLES, JOURNAL, SESSIONS, LOCKS, REQUESTS)):
        if lexists(path) and not is_folder(path):
            yield f"{path}: is no folder; {_REMOVE}"
    for path in filter(_is_no_file, journals_of(folder)):
        yield f"{path}: is no file; {_REMOVE}"
    for path in sorted((folder / LOCKS).glob("*")):
        if _is_no_file(path):
            yield f"{path}: is no file; {_REMOVE_LOCK}"
        elif path.suffix == ".db" and not is_database(path):
            yield f"{path}: is no lock; {_REMOVE_LOCK}"


def _is_no_file(path: Path) -> bool:
    """Whether something else than a file stands there; a file that its writer has just removed does not."""
    return lexists(path) and not is_file(path)


def _unnamed(folder: Path) -> Iterator[str]:
    """Files among the parts of a table that bear no name of one."""
    for table in STORED_TABLES:
        strangers = {*(folder / table).glob("*.parquet")} - {part.path for part in table_parts(folder, table)}
        yield from (f"{path}: bears no name of a part; move it elsewhere: nothing reads it" for path in sorted(strangers))


def _of_points(folder: Path, held: _Held) -> list[str]:
    """Columns of two types among the tables of points, and tables that a session names and that are gone."""
    points = held.tables["points"]
    mixed = [f"{folder / 'points'}: column {told}; the same command writes them alike" for told in point_tables.mixed_in(points)]
    return mixed + _lost(folder, points, [session for session in held.sessions if session is not None])


def _of_runs(held: _Held) -> list[str]:
    """Runs without their rows, runs that stand twice or under another configuration, rows that are not what was written."""
    faults: list[str] = []
    runs = held.tables["runs"]
    for name in held.kept:
        _pairs(runs, held.tables[name], name, faults)
    _doubled(runs, faults)
    digests = {path: [(run.key.point, run.digest) for run in ended if not run.error] for path, ended in held.waiting.items()}
    faults += [f"{path}: {told}; {_REMOVE}" for path, told in conflicts_in(runs, digests).items()]
    for name in held.kept:
        for paired in held.pairs(name):
            faults += _rows(name, *paired)
    return faults


def _good_runs(held: _Held) -> dict[RunKey, Mapping[str, object]]:
    """What is said of each run that went well, in the tables or, where it is not there, in a journal."""
    good = [row for _, table in held.tables["runs"] for row in table.to_pylist()]
    good += [said_of(run) for runs in held.waiting.values() for run in runs if not run.error]
    return {RunKey(*(row[name] for name in RunKey._fields)): row for row in reversed(good)}


def _requests(folder: Path, runs: Mapping[RunKey, Mapping[str, object]], faults: list[str]) -> None:
    """The file of each run: there, whole, and of this run and no other."""
    gone = lacking(folder, runs)
    for key, row in runs.items():
        if key in gone:
            faults.append(f"{requests_of(folder, key)}: is missing; the same command makes the run again, and writes it")
        else:
            _read(partial(refuse_damaged, folder, row), faults, _REMOVE_REQUESTS)
    faults += [f"{path}: bears no name of a run; move it elsewhere: nothing reads it" for path in strangers_in(folder)]


def _lost(folder: Path, points: list[_Read], sessions: list[SessionRecord]) -> list[str]:
    """Tables of points that a session names and that are there under no number: what they hold is the last word of a name."""
    held = {part.checksum for part in table_parts(folder, "points")} | point_tables.known_as(points)
    named = {session.said["points"]: session for session in sessions}
    return [
        f"{folder / 'points' / name}: is missing, and a session names it; the command in {session.path} writes it again"
        for name, session in sorted(named.items())
        if Path(name).stem.rpartition("-")[2] not in held
    ]


def _read[T](reading: Callable[[], T], faults: list[str], mends: str) -> T | None:
    try:
        return reading()
    except (StoreError, OSError) as error:
        faults.append(f"{str(error).partition('; accepted')[0]}; {mends}")
        return None


def _readable(parts: list[TablePart], faults: list[str]) -> list[_Read]:
    found = []
    for part in parts:
        mends = _OF_A_PART.get(part.table, _REMOVE)
        try:
            if file_checksum(part.path) != part.checksum:
                faults.append(f"{part.path}: is not what was written (its name bears another checksum); {mends}")
                continue
            table = read_part(part)
        except OSError as error:  # a folder, a link to nothing, a disk that cannot be read
            faults.append(f"{part.path}: cannot be read ({error.strerror}); {mends}")
            continue
        except StoreError as error:
            faults.append(f"{str(error).partition('; accepted')[0]}; {mends}")
            continue
        wanted = _SCHEMAS.get(part.table)
        if wanted is not None and not table.schema.equals(wanted):
            alike = table.schema.names == wanted.names
            columns = f"has the columns {_columns(table.schema, alike)}; wanted: {_columns(wanted, alike)}"
            faults.append(f"{part.path}: {columns}; {mends}")
            continue
        found.append((part, table))
    return found


def _columns(schema: pa.Schema, with_types: bool) -> str:
    return ", ".join(f"{field.name} ({field.type})" if with_types else field.name for field in schema)


def _pairs(runs: list[_Read], rows: list[_Read], name: str, faults: list[str]) -> None:
    sides = [{(part.writer, part.number): part.path for part, _ in side} for side in (runs, rows)]
    for side, other, named in ((0, 1, name), (1, 0, "runs")):
        alone = sorted(sides[side].keys() - sides[other].keys())
        faults += [f"{sides[side][key]}: its {named} are missing or unreadable; {_ALONE}" for key in alone]


def _doubled(runs: list[_Read], faults: list[str]) -> None:
    """Runs that an earlier part holds too."""
    known: dict[RunKey, TablePart] = {}
    for part, table in runs:
        keys = [RunKey(*row) for row in zip(*(table[name].to_pylist() for name in RunKey._fields), strict=True)]
        again = [key for place, key in enumerate(keys) if known.setdefault(key, part) is not part or key in keys[:place]]
        if again:
            others = ", ".join(sorted({known[key].path.name for key in again}))
            told = f"holds {counted(len(again), 'run')} that {others} holds too, the first {_named(again[0])}"
            faults.append(f"{part.path}: {told}; {_REMOVE}")


def _rows(name: str, runs: pa.Table, part: TablePart, rows: pa.Table) -> list[str]:
    """Each run's rows stand together in the order of the runs: their number and their checksum."""
    lengths = runs[f"{name}_rows"].to_numpy()
    if int(lengths.sum()) != len(rows):
        return [f"{part.path}: has {len(rows)} rows; its runs have {int(lengths.sum())}; {_REMOVE}"]
    points, worlds = np.array(rows["point"].to_pylist()), rows["world_seed"].to_numpy()
    faults, start = [], 0
    for run in runs.to_pylist():
        stop = start + run[f"{name}_rows"]
        key = RunKey(run["point"], run["world_seed"], run["replicate"])
        same = (points[start:stop] == key.point).all() and (worlds[start:stop] == key.world_seed).all()
        own = rows.select(TRAVEL[name].names).slice(start, stop - start)
        if not same or rows_checksum(own) != run[f"{name}_checksum"]:
            faults.append(f"{part.path}: the rows of run {_named(key)} are not what was written; {_REMOVE}")
        start = stop
    return faults


def _named(key: RunKey) -> str:
    return f"point {key.point}, world {key.world_seed}, replicate {key.replicate}"


def content_checksum(folder: Path) -> str:
    """Sixteen hexadecimal characters of all runs in order: equal for stores with the same runs, however they were written."""
    rows = sorted(
        row
        for part in table_parts(folder, "runs")
        for row in zip(*(read_part(part)[name].to_pylist() for name in (*RunKey._fields, "digest", *_CHECKSUMS)), strict=True)
    )
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
