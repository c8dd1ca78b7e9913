"""The tables of a store: columns, types, and the version that says so."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

SCHEMA = "1"
"""Version of the tables; another one is refused."""
VERSION_KEY = b"rogatory_schema"
_META = {VERSION_KEY: SCHEMA.encode()}
_WORD = pa.dictionary(pa.int32(), pa.string())

ESTIMATES = pa.schema(
    [("metric", pa.string()), ("by", pa.string()), ("level", pa.string()), ("value", pa.float64()), ("count", pa.int64())]
)
"""What one run gives, as it travels."""
DATA = pa.schema(
    [
        ("point", _WORD),
        ("world_seed", pa.int64()),
        ("luck", pa.int32()),
        ("metric", _WORD),
        ("by", _WORD),
        ("level", _WORD),
        ("unit", _WORD),
        ("value", pa.float64()),  # missing: an estimand without a value
        ("count", pa.int64()),  # events behind it
    ],
    metadata=_META,
)
RUNS = pa.schema(
    [
        ("point", pa.string()),
        ("world_seed", pa.int64()),
        ("luck", pa.int32()),
        ("event_seed", pa.int64()),
        ("digest", pa.string()),  # of the configuration
        ("code", pa.string()),  # of the simulation's sources
        ("rows", pa.int32()),  # in the table of data
        ("checksum", pa.int64()),  # CRC-32 of these rows
    ],
    metadata=_META,
)
FAILURES = pa.schema(
    [
        ("point", pa.string()),
        ("world_seed", pa.int64()),
        ("luck", pa.int32()),
        ("event_seed", pa.int64()),
        ("error", pa.string()),  # one line
        ("traceback", pa.string()),
    ],
    metadata=_META,
)


class Key(NamedTuple):
    """Which run: a point under a world seed and the number of an event seed within it."""

    point: str
    world_seed: int
    luck: int


class Done(NamedTuple):
    """A run that has ended, well or not."""

    key: Key
    event_seed: int
    digest: str
    code: str
    estimates: bytes  # ESTIMATES as an Arrow stream; empty for a failure
    rows: int
    checksum: int
    error: str  # one line; empty if it went well
    traceback: str
    seconds: float  # in all
    array_seconds: float  # in worlds, months and metrics
    world_seconds: float  # of these, in the world and its cases


def packed(estimates: pa.Table) -> bytes:
    """A run's estimates as bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, ESTIMATES, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(estimates)
    return bytes(sink.getvalue().to_pybytes())


def unpacked(estimates: bytes) -> pa.Table:
    """The estimates again."""
    with pa.ipc.open_stream(estimates) as reader:
        return reader.read_all()


def checksum_of(words: Sequence[Sequence[str]], values: np.ndarray, counts: np.ndarray) -> int:
    """CRC-32 of a run's rows: metric, by and level of each, then values and counts as little-endian bytes."""
    text = "\n".join("\t".join(row) for row in words)
    crc = zlib.crc32(text.encode())
    crc = zlib.crc32(np.ascontiguousarray(values, "<f8").tobytes(), crc)
    return zlib.crc32(np.ascontiguousarray(counts, "<i8").tobytes(), crc)
