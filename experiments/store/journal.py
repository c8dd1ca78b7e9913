"""Runs that have ended and stand in no Parquet file yet: each is on the disk before the next is waited for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from experiments.store.schema import Done, Key

_SUFFIX = ".sqlite"
_FIELDS = ("event_seed", "digest", "code", "estimates", "rows", "checksum", "error", "traceback")
_TABLE = (
    "CREATE TABLE IF NOT EXISTS done (point TEXT, world_seed INTEGER, luck INTEGER, event_seed INTEGER, digest TEXT, code TEXT, "
    "estimates BLOB, rows INTEGER, checksum INTEGER, error TEXT, traceback TEXT, PRIMARY KEY (point, world_seed, luck))"
)


class Journal:
    """One writer's journal; SQLite makes each entry whole or absent, whatever kills the process."""

    def __init__(self, path: Path) -> None:
        """Open it, or begin it."""
        path.parent.mkdir(exist_ok=True)
        self.path = path
        self._base = sqlite3.connect(path, isolation_level=None)
        self._base.execute("PRAGMA synchronous=NORMAL")
        self._base.execute(_TABLE)

    def add(self, ended: Sequence[Done]) -> None:
        """Write down runs that have ended, all of them or none; a later try replaces a failure."""
        self._base.execute("BEGIN")
        try:
            self._base.executemany(
                f"INSERT OR REPLACE INTO done VALUES ({','.join('?' * (len(Key._fields) + len(_FIELDS)))})",  # noqa: S608
                [(*run.key, *(getattr(run, name) for name in _FIELDS)) for run in ended],
            )
            self._base.execute("COMMIT")
        except sqlite3.Error as error:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise OSError(f"{self.path}: {error}") from None  # a full disk, mostly

    def held(self) -> Iterator[Done]:
        """Everything in it."""
        yield from _rows(self._base)

    def drop(self, keys: Iterable[Key]) -> None:
        """Forget runs that stand in a Parquet file now."""
        self._base.execute("BEGIN")
        self._base.executemany("DELETE FROM done WHERE point = ? AND world_seed = ? AND luck = ?", list(keys))
        self._base.execute("COMMIT")

    def close(self) -> None:
        """Close it, and remove it if nothing is left in it."""
        (left,) = self._base.execute("SELECT COUNT(*) FROM done").fetchone()
        self._base.close()
        if not left:
            self.path.unlink(missing_ok=True)


def journals_of(folder: Path) -> list[Path]:
    """The journals of a store."""
    return sorted((folder / "journal").glob(f"*{_SUFFIX}"))


def journal_path(folder: Path, writer: str) -> Path:
    """Where a writer's journal is."""
    return folder / "journal" / f"{writer}{_SUFFIX}"


def peek(path: Path) -> list[Done]:
    """What a journal holds, without changing it."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
        return list(_rows(base))


def _rows(base: sqlite3.Connection) -> Iterator[Done]:
    for row in base.execute("SELECT * FROM done ORDER BY world_seed, luck, point"):
        yield Done._make((Key(*row[:3]), *row[3:], 0.0, 0.0, 0.0))
