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
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from math import isfinite, isnan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from experiments.design.entries import FIXED
from experiments.store.parts import Part, StoreError, discard, next_number, parts_of, read_part, write_part
from experiments.store.schema import SCHEMA, VERSION_KEY

TABLE = "points"
_KEY = b"rogatory_points"
_LOCK = "points.lock"
_WHOLE, _NUMBER, _TRUTH, _TEXT, _JSON, _NOTHING = "whole", "number", "truth", "text", "json", "nothing"
_TYPES = {
    _WHOLE: pa.int64(), _NUMBER: pa.float64(), _TRUTH: pa.bool_(), _TEXT: pa.string(), _JSON: pa.string(), _NOTHING: pa.string(),
}  # fmt: skip
_OF_FIXED = {name: _WHOLE if name in ("place", "draw") else _TEXT for name in FIXED}
_EXACT = 2**53  # up to here a double holds every whole number
_TRIES = 5  # at reading a table that another process replaces meanwhile

Values = list[object]


class Said(NamedTuple):
    """What a table of points says of itself."""

    own: dict[str, str]  # column of the design -> kind, in the design's order
    stored: dict[str, str]  # column of the file -> kind, in its order
    was: tuple[str, ...]  # checksums in the names that it had before


def keep(folder: Path, locks: Path, writer: str, frame: pd.DataFrame) -> str:
    """Keep a table of points; returns the name of its file. One that is there already is not written again."""
    own = {str(name): _OF_FIXED.get(str(name)) or _kind_of(frame[name]) for name in frame.columns}
    values = {name: _told(_plain(frame[name]), kind) for name, kind in own.items()}
    with FileLock(locks / _LOCK):
        kinds = _settled(folder, own)
        table = _table(Said(own, kinds, ()), values)
        for part in parts_of(folder, TABLE):
            if list(_said_by(part).own.items()) == list(own.items()) and read_part(part).equals(table):
                return part.path.name
        return write_part(folder, TABLE, writer, next_number(folder, writer), table).name


def settle(folder: Path, locks: Path) -> None:
    """Give the tables that are there one type a column, where an older version, or one that was killed, left them mixed."""
    if parts_of(folder, TABLE):
        with FileLock(locks / _LOCK):
            _settled(folder, {})


def read(folder: Path, names: Iterable[str]) -> list[pd.DataFrame]:
    """Tables of points under the names by which sessions know them, each with its own columns.

    Raises ``StoreError`` for one that is missing, or cannot be read.
    """
    wanted = sorted(names)
    for _ in range(_TRIES):
        there = parts_of(folder, TABLE)
        try:
            return [_frame(part) for part in _named(folder, wanted)]
        except StoreError:
            if parts_of(folder, TABLE) == there:
                raise
    return [_frame(part) for part in _named(folder, wanted)]


def known_as(tables: Iterable[tuple[Part, pa.Table]]) -> set[str]:
    """The checksums in the names under which sessions may know tables."""
    return {checksum for part, table in tables for checksum in (part.checksum, *_said(table).was)}


def mixed_in(tables: Sequence[tuple[Part, pa.Table]]) -> list[str]:
    """Columns that have another type in one table than in another, each in a few words."""
    types: dict[str, dict[str, Part]] = {}
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
    said = {part: _said_by(part) for part in parts_of(folder, TABLE)}
    kinds = _joined([*(one.own for one in said.values()), more])
    for part, one in said.items():
        if one.stored != kinds or list(one.stored) != list(kinds):
            table = read_part(part)
            values = {name: _decoded(table[name], one.stored[name], kind) for name, kind in one.own.items()}
            anew = _table(Said(one.own, kinds, (part.checksum, *one.was)), values)
            path = write_part(folder, TABLE, part.writer, part.number, anew)
            discard([part.path] if path != part.path else [])
    return kinds


def _named(folder: Path, names: Iterable[str]) -> list[Part]:
    """The parts that have, or had, these names, each once. Raises ``StoreError`` for a name that none had."""
    wanted = {name.removesuffix(".parquet").rpartition("-")[2]: name for name in sorted(names)}
    found = {part.checksum: part for part in parts_of(folder, TABLE) if part.checksum in wanted}
    if wanted.keys() - found.keys():
        found = _by_older_names(folder) | found
    lost = sorted(wanted[checksum] for checksum in wanted.keys() - found.keys())
    if lost:
        raise StoreError(f"{folder / TABLE / lost[0]}: is missing; accepted: the file as it was written")
    return list({part.path: part for part in (found[checksum] for checksum in wanted)}.values())


def _by_older_names(folder: Path) -> dict[str, Part]:
    """The parts by the checksums in the names that they had before; of two that had one name the first."""
    return {checksum: part for part in reversed(parts_of(folder, TABLE)) for checksum in _said_by(part).was}


def _frame(part: Part) -> pd.DataFrame:
    table = read_part(part)
    said = _said(table)
    columns = {name: _encoded(_decoded(table[name], said.stored[name], kind), kind, kind) for name, kind in said.own.items()}
    frame: pd.DataFrame = pa.table(columns).to_pandas()
    return frame


def _said_by(part: Part) -> Said:
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
    own = {name: _OF_FIXED.get(name) or _kind_of_old(table[name]) for name in table.schema.names}
    return Said(own, dict(own), ())


def _kind_of_old(column: pa.ChunkedArray) -> str:
    """The kind of a column that a table of an older version has."""
    for is_of, kind in _OLD_KINDS:
        if is_of(column.type):
            return kind
    values = column.drop_null().to_pylist()
    if pa.types.is_integer(column.type):
        return _of_values(values)
    words = all(isinstance(value, str) for value in values)
    return _TEXT if words and not (values and all(map(_is_json, values))) else _JSON


_OLD_KINDS: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_null, _NOTHING), (pa.types.is_boolean, _TRUTH), (pa.types.is_floating, _NUMBER),
)  # fmt: skip


def _is_json(text: str) -> bool:
    """Whether a text can be read as JSON."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


# --- kinds ------------------------------------------------------------------------------------------------------------------------


def _kind_of(column: pd.Series) -> str:
    return _of_values([value for value in _plain(column) if value is not None])


def _of_values(values: Sequence[object]) -> str:
    """The kind of what is not missing.

    >>> [_of_values(values) for values in ([], [1, 2], [1, 0.5], [True], ["a"], [1, True], ["a", 1], [[1]], [2**60])]
    ['nothing', 'whole', 'number', 'truth', 'text', 'json', 'json', 'json', 'json']
    """
    if not values:
        return _NOTHING
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return _TRUTH
    if kinds == {str}:
        return _TEXT
    if kinds <= {int, float} and all(map(_is_exact, values)):
        return _WHOLE if kinds == {int} else _NUMBER
    return _JSON


def _is_exact(number: object) -> bool:
    """Whether a double holds a number as it is."""
    return -_EXACT <= number <= _EXACT if type(number) is int else isinstance(number, float) and isfinite(number)


def _joined(own: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The kind in which all tables hold each column: the fixed ones first, the others by name."""
    found: dict[str, set[str]] = {}
    for kinds in own:
        for name, kind in kinds.items():
            found.setdefault(name, set()).add(_NUMBER if kind == _WHOLE else kind)
    others = {name: kinds - {_NOTHING} for name, kinds in sorted(found.items()) if name not in FIXED}
    return _OF_FIXED | {
        name: _NOTHING if not kinds else next(iter(kinds)) if len(kinds) == 1 else _JSON for name, kinds in others.items()
    }


def _plain(column: pd.Series) -> Values:
    """The values of a column, as Python has them; None where one is missing."""
    return [_own(value) for value in column.tolist()]


def _own(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    missing = value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and isnan(value))
    return None if missing else value


def _told(values: Values, kind: str) -> Values:
    """What is mixed, in JSON; all else as it is."""
    return [_as_json(value) for value in values] if kind == _JSON else values


def _as_json(value: object) -> str | None:
    return None if value is None else json.dumps(value, default=str)


def _decoded(column: pa.ChunkedArray, stored: str, own: str) -> Values:
    """The values of a column again, from the kind in which a table holds them; what is mixed on its own stays in JSON."""
    held: Values = column.to_pylist()
    if own == _JSON:
        return [value if isinstance(value, str) else _as_json(value) for value in held]  # lists and maps of an older version
    return [None if value is None else json.loads(str(value)) for value in held] if stored == _JSON else held


_MADE: dict[str, Callable[[Any], Any]] = {
    _WHOLE: int, _NUMBER: float, _TRUTH: bool, _TEXT: str, _JSON: json.dumps, _NOTHING: str,
}  # fmt: skip


def _encoded(values: Values, kind: str, own: str) -> pa.Array:
    """A column in one kind, from values of their ``own``, which are in JSON already if that is mixed."""
    made = str if own == _JSON else _MADE[kind]
    return pa.array([None if value is None else made(value) for value in values], _TYPES[kind])


def _table(said: Said, values: Mapping[str, Values]) -> pa.Table:
    count = len(next(iter(values.values())))
    columns = [_encoded(values.get(name, [None] * count), kind, said.own.get(name, kind)) for name, kind in said.stored.items()]
    about = {VERSION_KEY: SCHEMA.encode(), _KEY: json.dumps(said._asdict()).encode()}
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in said.stored.items()], metadata=about)
    return pa.Table.from_arrays(columns, schema=schema)
