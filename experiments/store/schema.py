"""The tables of a store: columns, types, and the version that says so."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SCHEMA = "5"
"""Version of the tables; another one is refused."""
VERSION_KEY = b"rogatory_schema"
_META = {VERSION_KEY: SCHEMA.encode()}
_WORD = pa.dictionary(pa.int32(), pa.string())

DATA, VIEWS, GIVEN, OBSERVED = "data", "views", "given", "observed"
TRAVEL = {
    DATA: pa.schema(
        [
            ("metric", pa.string()),
            ("by", pa.string()),
            ("level", pa.string()),
            ("value", pa.float64()),  # missing: an estimand without a value
            ("count", pa.int64()),  # events behind it
        ]
    ),
    VIEWS: pa.schema(
        [("view", pa.string()), ("a", pa.string()), ("b", pa.string()), ("value", pa.float64()), ("count", pa.int64())]
    ),
    GIVEN: pa.schema(
        [
            ("case", pa.int64()),
            ("person", pa.int64()),
            ("member", pa.int64()),  # of the people that a row stands for
            ("instrument", pa.string()),
            ("channel", pa.string()),
            ("kind", pa.string()),
            ("label", pa.string()),
            ("requester", pa.string()),
            ("requested", pa.string()),
            ("group", pa.string()),
            ("data_class", pa.string()),
            ("day", pa.float64()),  # since the window opened
        ]
    ),
    OBSERVED: pa.schema(
        [
            ("pattern", pa.string()),
            ("observable", pa.string()),
            ("value", pa.float64()),  # missing: nothing to say it of
            ("n", pa.int64()),  # what it stands on
        ]
    ),
}
"""What one run leaves, as it travels; the store adds which run it is, and to the data the unit."""
_OF_A_RUN = [("point", pa.string()), ("world_seed", pa.int64()), ("replicate", pa.int32())]
_UNIT_BEFORE = "value"


def _stored(name: str) -> pa.Schema:
    """A table as the store has it: words coded, each row with its run."""
    fields = [pa.field("point", _WORD), *(pa.field(*field) for field in _OF_A_RUN[1:])]
    for field in TRAVEL[name]:
        if name == DATA and field.name == _UNIT_BEFORE:
            fields.append(pa.field("unit", _WORD))
        fields.append(pa.field(field.name, _WORD if pa.types.is_string(field.type) else field.type))
    return pa.schema(fields, metadata=_META)


STORED = {name: _stored(name) for name in TRAVEL}
RUNS_SCHEMA = pa.schema(
    [
        *_OF_A_RUN,
        ("event_seed", pa.int64()),
        ("digest", pa.string()),  # of the configuration
        ("code", pa.string()),  # of what decides a run
        *((f"{name}_{what}", kind) for name in TRAVEL for what, kind in (("rows", pa.int32()), ("checksum", pa.int64()))),
    ],
    metadata=_META,
)
"""A row a run, with the number of rows in each table and their CRC-32; none of a table that is not kept."""
FAILURES = pa.schema(
    [*_OF_A_RUN, ("event_seed", pa.int64()), ("error", pa.string()), ("traceback", pa.string())],  # an error is one line
    metadata=_META,
)


class RunKey(NamedTuple):
    """Which run: a point under a world seed and the number of an event seed within it."""

    point: str
    world_seed: int
    replicate: int


class Packed(NamedTuple):
    """A table of one run as bytes, with its number of rows and checksum."""

    content: bytes  # as an Arrow stream
    rows: int
    checksum: int


class Done(NamedTuple):
    """A run that has ended, well or not."""

    key: RunKey
    event_seed: int
    digest: str
    code: str
    tables: Mapping[str, Packed]  # by name; empty for a failure
    error: str  # one line; empty if it went well
    traceback: str
    seconds: float  # in all
    array_seconds: float  # in worlds, months and metrics
    world_seconds: float  # of these, in the world and its cases

    @property
    def size(self) -> int:
        """Bytes of its tables."""
        return sum(len(table.content) for table in self.tables.values())


def packed(table: pa.Table) -> Packed:
    """A table of a run as bytes, with what says later whether it is whole."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return Packed(bytes(sink.getvalue().to_pybytes()), len(table), rows_checksum(table))


def unpacked(content: bytes) -> pa.Table:
    """The table of which ``packed`` made bytes."""
    with pa.ipc.open_stream(content) as reader:
        return reader.read_all()


def rows_checksum(table: pa.Table) -> int:
    """CRC-32 of rows: the words of each, then each column of numbers as little-endian bytes, a missing one as nan."""
    words = [column for field, column in zip(table.schema, table.columns, strict=True) if _is_word(field.type)]
    numbers = [column for field, column in zip(table.schema, table.columns, strict=True) if not _is_word(field.type)]
    text = "\n".join("\t".join(row) for row in zip(*(column.to_pylist() for column in words), strict=True))
    crc = zlib.crc32(text.encode())
    for column in numbers:
        whole = pc.fill_null(column, np.nan) if pa.types.is_floating(column.type) else column
        crc = zlib.crc32(np.ascontiguousarray(whole.to_numpy(), _LITTLE[str(column.type)]).tobytes(), crc)
    return crc


_LITTLE = {"double": "<f8", "int64": "<i8"}


def _is_word(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_dictionary(kind))
