"""Parquet files that appear whole or not at all, each named by the checksum of what it holds."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from experiments.output import OutputError, naming
from experiments.store.schema import SCHEMA, TRAVEL, VERSION_KEY

STORED_TABLES = ("points", "runs", *TRAVEL, "failures")
_LETTERS = 16  # of the checksum in a name
_NAME = re.compile(r"(?P<table>[a-z]+)-(?P<writer>[\w]+)-(?P<number>\d{5})-(?P<checksum>[0-9a-f]{16})\.parquet")
_ROWS = 1 << 20  # of a row group


class StoreError(OutputError):
    """A store that cannot be read or written as it is; what was there stays whole."""


class TablePart(NamedTuple):
    """One Parquet file of a table."""

    path: Path
    table: str
    writer: str  # who wrote it: "all", a shard, a job
    number: int  # of the writer's parts; runs and data of one number belong together
    checksum: str


def table_parts(folder: Path, table: str) -> list[TablePart]:
    """The parts of a table by writer and number; what bears another name is none of ours."""
    found = []
    for path in (folder / table).glob("*.parquet"):
        named = _NAME.fullmatch(path.name)
        if named and named["table"] == table:
            found.append(TablePart(path, table, named["writer"], int(named["number"]), named["checksum"]))
    return sorted(found, key=lambda part: (part.writer, part.number))


def next_number(folder: Path, writer: str) -> int:
    """The number that a writer's next part of runs and data bears."""
    return 1 + max(
        (part.number for table in STORED_TABLES for part in table_parts(folder, table) if part.writer == writer), default=0
    )


def write_part(folder: Path, table: str, writer: str, number: int, content: pa.Table) -> Path:
    """Write a part: first under a hidden name and down to the disk, then under its own in one step.

    Raises ``OSError`` that names the folder on a disk that is full or cannot be written.
    """
    home = folder / table
    draft = home / f".{table}-{writer}-{number:05d}.{os.getpid()}.part"
    try:
        with naming(home):
            home.mkdir(exist_ok=True)
            pq.write_table(content, draft, compression="zstd", row_group_size=_ROWS, store_schema=True)
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
            final = home / f"{table}-{writer}-{number:05d}-{file_checksum(draft)}.parquet"
            draft.replace(final)
    finally:
        draft.unlink(missing_ok=True)
    return final


def file_checksum(path: Path) -> str:
    """Sixteen hexadecimal characters of the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:_LETTERS]


@lru_cache(maxsize=1024)
def _checksum_then(path: Path, changed: int, size: int) -> str:
    """The checksum of a file as it was when it last changed: each is read once for it."""
    return file_checksum(path)


def read_part(part: TablePart, columns: list[str] | None = None, filters: object = None) -> pa.Table:
    """A part's rows. Raises ``StoreError`` for a file that is cut off, or of another version of the tables."""
    try:
        table = pq.read_table(part.path, columns=columns, filters=filters, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        raise StoreError(
            f"{part.path}: cannot be read ({' '.join(str(error).split())[:120]}); accepted: a whole Parquet file; "
            f"remove it, then the same command makes its runs again"
        ) from None
    mark = part.path.stat()
    if _checksum_then(part.path, mark.st_mtime_ns, mark.st_size) != part.checksum:
        raise StoreError(f"{part.path}: is not what was written; accepted: a part as its name has it (rogatory check)")
    version = (table.schema.metadata or {}).get(VERSION_KEY, b"none").decode()
    if version != SCHEMA:
        raise StoreError(f"{part.path}: found schema {version}; accepted: schema {SCHEMA}, or a new store")
    return table


def discard(paths: Iterable[Path]) -> None:
    """Remove files; what is gone already is fine."""
    for path in paths:
        with suppress(FileNotFoundError):
            path.unlink()
