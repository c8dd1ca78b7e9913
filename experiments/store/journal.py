"""Runs that have ended and stand in no Parquet file yet: each is on the disk before the next is waited for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from experiments.store.parts import StoreError
from experiments.store.schema import TRAVEL, Done, Packed, RunKey
from sim.places import is_file

_SUFFIX = ".sqlite"
_HEADER = b"SQLite format 3\0"  # with which every file of SQLite begins
JOURNAL = "journal"
"""Folder in a store of the runs that stand in no Parquet file yet."""
_BEFORE, _AFTER = ("event_seed", "digest", "code"), ("error", "traceback")
_OF_TABLES = ", ".join(f"{name} BLOB, {name}_rows INTEGER, {name}_checksum INTEGER" for name in TRAVEL)
_TABLE = (
    "CREATE TABLE IF NOT EXISTS done (point TEXT, world_seed INTEGER, replicate INTEGER, event_seed INTEGER, digest "
    "TEXT, code TEXT, "
    f"{_OF_TABLES}, error TEXT, traceback TEXT, PRIMARY KEY (point, world_seed, replicate))"
)
_COUNT = len(RunKey._fields) + len(_BEFORE) + len(TRAVEL) * len(Packed._fields) + len(_AFTER)
_ADD = f"INSERT OR REPLACE INTO done VALUES ({','.join('?' * _COUNT)})"  # noqa: S608 - of our own words
_DROP = "DELETE FROM done WHERE point = ? AND world_seed = ? AND replicate = ?"
_DIGESTS = "SELECT DISTINCT point, digest FROM done WHERE error = '' ORDER BY point, digest"
_RUNS = "SELECT point, world_seed, {} FROM done WHERE error = ''"
_BEGUN = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'done'"


class Journal:
    """One writer's journal; SQLite makes each entry whole or absent, whatever kills the process."""

    def __init__(self, path: Path) -> None:
        """Open it, or begin it. Raises ``OSError`` on a full disk and ``StoreError`` for a file that is no journal."""
        path.parent.mkdir(exist_ok=True)
        self.path = path
        with _told(path):
            _refuse_stranger(path)
            self._base = sqlite3.connect(path, isolation_level=None)
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._base.execute(_TABLE)

    def add(self, ended: Sequence[Done]) -> None:
        """Write down runs that have ended, all of them or none; a later try replaces a failure."""
        self._change(_ADD, [_entry_of(run) for run in ended])

    def held(self) -> Iterator[Done]:
        """All runs in it, those that failed too."""
        with _told(self.path):
            yield from _rows(self._base)

    def drop(self, keys: Iterable[RunKey]) -> None:
        """Forget runs that stand in a Parquet file now."""
        self._change(_DROP, list(keys))

    def _change(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
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
    return sorted((folder / JOURNAL).glob(f"*{_SUFFIX}"))


def journal_path(folder: Path, writer: str) -> Path:
    """Where a writer's journal is."""
    return folder / JOURNAL / f"{writer}{_SUFFIX}"


def peek(path: Path) -> list[Done]:
    """What a journal holds, without changing it; nothing if its writer has just removed it."""
    return _peek(path, _rows)


def digests_in(path: Path) -> list[tuple[str, str]]:
    """Each point that a journal has runs of, with each digest of their configurations."""
    return _peek(path, lambda base: iter(base.execute(_DIGESTS)))


def runs_in(path: Path) -> list[RunKey]:
    """The runs in a journal that went well; those of a journal of an earlier schema too."""
    return [RunKey(*row) for row in _peek(path, _that_went_well)]


def _that_went_well(base: sqlite3.Connection) -> Iterator[tuple[str, int, int]]:
    """Point, world seed and replicate of each run; what the third is called hangs on the schema."""
    names = [str(column[1]) for column in base.execute("PRAGMA table_info(done)")]
    return iter(base.execute(_RUNS.format(names[RunKey._fields.index("replicate")])))


def _peek[T](path: Path, rows: Callable[[sqlite3.Connection], Iterator[T]]) -> list[T]:
    try:
        # Not ``mode=ro``: what a killed writer left half-written is taken back by whoever opens it next.
        _refuse_stranger(path)
        with _told(path), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as base:
            (begun,) = base.execute(_BEGUN).fetchone()
            return list(rows(base)) if begun else []
    except OSError:
        if path.exists():
            raise
        return []


def is_database(path: Path) -> bool:
    """Whether a file begins as SQLite's do, or not yet at all; one that a kill cut off has a rollback file, which mends it."""
    if not is_file(path) or path.with_name(f"{path.name}-journal").exists():
        return True
    with path.open("rb") as file:
        opening = file.read(len(_HEADER))
    return opening in (b"", _HEADER)


def _refuse_stranger(path: Path) -> None:
    """Raise ``StoreError`` for what is no journal: SQLite takes a short text for an empty one, and would write over it."""
    if not is_database(path):
        raise StoreError(f"{path}: cannot be read (file is not a database); accepted: a journal as it was written, or none")


def _rows(base: sqlite3.Connection) -> Iterator[Done]:
    for row in base.execute("SELECT * FROM done ORDER BY world_seed, replicate, point"):
        key, before, after = RunKey(*row[: len(RunKey._fields)]), row[len(RunKey._fields) : _FIRST], row[-len(_AFTER) :]
        parts = (row[place : place + len(Packed._fields)] for place in range(_FIRST, _COUNT - len(_AFTER), len(Packed._fields)))
        tables = {name: Packed(*part) for name, part in zip(TRAVEL, parts, strict=True) if part[0] is not None}
        yield Done._make((key, *before, tables, *after, 0.0, 0.0, 0.0))


_FIRST = len(RunKey._fields) + len(_BEFORE)


def _entry_of(run: Done) -> tuple[object, ...]:
    none = (None,) * len(Packed._fields)
    tables = [field for name in TRAVEL for field in run.tables.get(name, none)]
    return *run.key, *(getattr(run, name) for name in _BEFORE), *tables, *(getattr(run, name) for name in _AFTER)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Within it an error of SQLite is an ``OSError`` of the disk, or a ``StoreError`` for a file that is no journal."""
    try:
        yield
    except sqlite3.OperationalError as error:  # a full disk, mostly
        raise OSError(f"{path}: {error}") from None
    except (sqlite3.DatabaseError, TypeError) as error:
        raise StoreError(f"{path}: cannot be read ({error}); accepted: a journal as it was written, or none") from None
