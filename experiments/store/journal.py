"""Runs that have ended and stand in no Parquet file yet: each is on the disk before the next is waited for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from experiments.store.parts import StoreError
from experiments.store.schema import Done, Key

_SUFFIX = ".sqlite"
_FIELDS = ("event_seed", "digest", "code", "estimates", "rows", "checksum", "error", "traceback")
_TABLE = (
    "CREATE TABLE IF NOT EXISTS done (point TEXT, world_seed INTEGER, luck INTEGER, event_seed INTEGER, digest TEXT, code TEXT, "
    "estimates BLOB, rows INTEGER, checksum INTEGER, error TEXT, traceback TEXT, PRIMARY KEY (point, world_seed, luck))"
)
_ADD = f"INSERT OR REPLACE INTO done VALUES ({','.join('?' * (len(Key._fields) + len(_FIELDS)))})"  # noqa: S608 - of our own words
_DROP = "DELETE FROM done WHERE point = ? AND world_seed = ? AND luck = ?"
_DIGESTS = "SELECT DISTINCT point, digest FROM done WHERE error = '' ORDER BY point, digest"
_BEGUN = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'done'"


class Journal:
    """One writer's journal; SQLite makes each entry whole or absent, whatever kills the process."""

    def __init__(self, path: Path) -> None:
        """Open it, or begin it. Raises ``OSError`` on a full disk and ``StoreError`` for a file that is no journal."""
        path.parent.mkdir(exist_ok=True)
        self.path = path
        with _told(path):
            self._base = sqlite3.connect(path, isolation_level=None)
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._base.execute(_TABLE)

    def add(self, ended: Sequence[Done]) -> None:
        """Write down runs that have ended, all of them or none; a later try replaces a failure."""
        self._change(_ADD, [(*run.key, *(getattr(run, name) for name in _FIELDS)) for run in ended])

    def held(self) -> Iterator[Done]:
        """Everything in it."""
        with _told(self.path):
            yield from _rows(self._base)

    def drop(self, keys: Iterable[Key]) -> None:
        """Forget runs that stand in a Parquet file now."""
        self._change(_DROP, list(keys))

    def _change(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        with _told(self.path):
            self._base.execute("BEGIN")
            try:
                self._base.executemany(statement, rows)
                self._base.execute("COMMIT")
            finally:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")

    def close(self) -> None:
        """Close it, and remove it if nothing is left in it."""
        left = 1
        with suppress(sqlite3.Error):
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
    """What a journal holds, without changing it; nothing if its writer has just removed it."""
    return _peek(path, _rows)


def digests_in(path: Path) -> list[tuple[str, str]]:
    """Each point that a journal has runs of, with each digest of their configurations."""
    return _peek(path, lambda base: iter(base.execute(_DIGESTS)))


def _peek[T](path: Path, rows: Callable[[sqlite3.Connection], Iterator[T]]) -> list[T]:
    try:
        # Not ``mode=ro``: what a killed writer left half-written is taken back by whoever opens it next.
        with _told(path), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)) as base:
            (begun,) = base.execute(_BEGUN).fetchone()
            return list(rows(base)) if begun else []
    except OSError:
        if path.exists():
            raise
        return []


def _rows(base: sqlite3.Connection) -> Iterator[Done]:
    for row in base.execute("SELECT * FROM done ORDER BY world_seed, luck, point"):
        yield Done._make((Key(*row[:3]), *row[3:], 0.0, 0.0, 0.0))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """SQLite's complaints as ours."""
    try:
        yield
    except sqlite3.OperationalError as error:  # a full disk, mostly
        raise OSError(f"{path}: {error}") from None
    except (sqlite3.DatabaseError, TypeError) as error:
        raise StoreError(f"{path}: cannot be read ({error}); accepted: a journal as the sweep wrote it, or none") from None
