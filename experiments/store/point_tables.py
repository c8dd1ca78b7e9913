"""The tables of points of a store: every column has one type in all of them, so that their folder is read as one table.

The rule. ``place`` and ``draw`` are whole numbers, ``point``, ``scenario`` and ``condition`` text. Of every other column, a
lever or a key, all numbers are double precision, whole ones too; truth values are truth values; words are text; and whatever
is mixed, a list or a map is text in JSON. All tables of a store have the columns of each: what a design has no column for is
missing there. A sweep that adds a column, or values of another kind, writes the tables that are there already anew, whole or
not at all; each remembers the names that it had, which sessions know it by, and what its own columns were, so that reading it
gives the points as they were.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from experiments.store.kinds import OF_FIXED, TYPES, Values, decoded, encoded, joined, kind_of, kind_of_old, plain, told
from experiments.store.parts import StoreError, TablePart, discard, next_number, read_part, table_parts, write_part
from experiments.store.schema import SCHEMA, VERSION_KEY

TABLE = "points"
_KEY = b"rogatory_points"
_LOCK = "points.lock"
_TRIES = 5  # at reading a table that another process replaces meanwhile


class Said(NamedTuple):
    """What a table of points says of itself."""

    own: dict[str, str]  # column of the design -> kind, in the design's order
    stored: dict[str, str]  # column of the file -> kind, in its order
    was: tuple[str, ...]  # checksums in the names that it had before


def keep_points(folder: Path, locks: Path, writer: str, frame: pd.DataFrame) -> str:
    """Keep a table of points; returns the name of its file. One that is there already is not written again."""
    own = {str(name): OF_FIXED.get(str(name)) or kind_of(frame[name]) for name in frame.columns}
    values = {name: told(plain(frame[name]), kind) for name, kind in own.items()}
    with FileLock(locks / _LOCK):
        kinds = _settled(folder, own)
        table = _table(Said(own, kinds, ()), values)
        for part in table_parts(folder, TABLE):
            if list(_said_by(part).own.items()) == list(own.items()) and read_part(part).equals(table):
                return part.path.name
        return write_part(folder, TABLE, writer, next_number(folder, writer), table).name


def unify_types(folder: Path, locks: Path) -> None:
    """Give the tables that are there one type a column, where an older version, or one that was killed, left them mixed."""
    if table_parts(folder, TABLE):
        with FileLock(locks / _LOCK):
            _settled(folder, {})


def read_points(folder: Path, names: Iterable[str]) -> list[pd.DataFrame]:
    """Tables of points under the names by which sessions know them, each with its own columns.

    Raises ``StoreError`` for one that is missing, or cannot be read.
    """
    wanted = sorted(names)
    for _ in range(_TRIES):
        there = table_parts(folder, TABLE)
        try:
            return [_frame(part) for part in _named(folder, wanted)]
        except StoreError:
            if table_parts(folder, TABLE) == there:
                raise
    return [_frame(part) for part in _named(folder, wanted)]


def known_as(tables: Iterable[tuple[TablePart, pa.Table]]) -> set[str]:
    """The checksums in the names under which sessions may know tables."""
    return {checksum for part, table in tables for checksum in (part.checksum, *_said(table).was)}


def mixed_in(tables: Sequence[tuple[TablePart, pa.Table]]) -> list[str]:
    """Columns that have another type in one table than in another, each in a few words."""
    types: dict[str, dict[str, TablePart]] = {}
    for part, table in tables:
        for field in table.schema:
            types.setdefault(field.name, {}).setdefault(str(field.type), part)
    return [
        f"{name} is {' and '.join(f'{kind} in {part.path.name}' for kind, part in found.items())}"
        for name, found in types.items()
        if len(found) > 1
    ]


# --- what is there ----------------------------------------------------------------------------------------------------------------


def _settled(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    """The kind of each column in all tables and in one that is to come; tables that have another are written anew."""
    said = {part: _said_by(part) for part in table_parts(folder, TABLE)}
    kinds = joined([*(one.own for one in said.values()), more])
    for part, one in said.items():
        if one.stored != kinds or list(one.stored) != list(kinds):
            table = read_part(part)
            values = {name: decoded(table[name], one.stored[name], kind) for name, kind in one.own.items()}
            anew = _table(Said(one.own, kinds, (part.checksum, *one.was)), values)
            path = write_part(folder, TABLE, part.writer, part.number, anew)
            discard([part.path] if path != part.path else [])
    return kinds


def _named(folder: Path, names: Iterable[str]) -> list[TablePart]:
    """The parts that have, or had, these names, each once. Raises ``StoreError`` for a name that none had."""
    wanted = {name.removesuffix(".parquet").rpartition("-")[2]: name for name in sorted(names)}
    found = {part.checksum: part for part in table_parts(folder, TABLE) if part.checksum in wanted}
    if wanted.keys() - found.keys():
        found = _by_older_names(folder) | found
    lost = sorted(wanted[checksum] for checksum in wanted.keys() - found.keys())
    if lost:
        raise StoreError(f"{folder / TABLE / lost[0]}: is missing; accepted: the file as it was written")
    return list({part.path: part for part in (found[checksum] for checksum in wanted)}.values())


def _by_older_names(folder: Path) -> dict[str, TablePart]:
    """The parts by the checksums in the names that they had before; of two that had one name the first."""
    return {checksum: part for part in reversed(table_parts(folder, TABLE)) for checksum in _said_by(part).was}


def _frame(part: TablePart) -> pd.DataFrame:
    table = read_part(part)
    said = _said(table)
    columns = {name: encoded(decoded(table[name], said.stored[name], kind), kind, kind) for name, kind in said.own.items()}
    frame: pd.DataFrame = pa.table(columns).to_pandas()
    return frame


def _said_by(part: TablePart) -> Said:
    """What a part says of itself, without reading its rows where it does say something. Raises ``StoreError``."""
    try:
        mark = part.path.stat()
        text = _mark_then(part.path, mark.st_mtime_ns, mark.st_size)
    except (pa.ArrowException, OSError):
        text = None  # told where it is read
    return _said(read_part(part)) if text is None else _from_text(text)


@lru_cache(maxsize=4096)
def _mark_then(path: Path, changed: int, size: int) -> bytes | None:
    """What a file said when it last changed."""
    return (pq.read_schema(path).metadata or {}).get(_KEY)


def _from_text(text: bytes) -> Said:
    said = json.loads(text)
    return Said(said["own"], said["stored"], tuple(said["was"]))


def _said(table: pa.Table) -> Said:
    """What a table says of itself; one of an older version says nothing, and is known by its columns."""
    text = (table.schema.metadata or {}).get(_KEY)
    if text is not None:
        return _from_text(text)
    own = {name: OF_FIXED.get(name) or kind_of_old(table[name]) for name in table.schema.names}
    return Said(own, dict(own), ())


# --- kinds ------------------------------------------------------------------------------------------------------------------------


def _table(said: Said, values: Mapping[str, Values]) -> pa.Table:
    count = len(next(iter(values.values())))
    columns = [encoded(values.get(name, [None] * count), kind, said.own.get(name, kind)) for name, kind in said.stored.items()]
    about = {VERSION_KEY: SCHEMA.encode(), _KEY: json.dumps(said._asdict()).encode()}
    schema = pa.schema([(name, TYPES[kind]) for name, kind in said.stored.items()], metadata=about)
    return pa.Table.from_arrays(columns, schema=schema)
