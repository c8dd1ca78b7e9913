"""Who writes to a store: one writer of all, or shards of which each is there once; a lock ends with its process."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from contextlib import ExitStack
from pathlib import Path

from filelock import FileLock, ReadWriteLock

from experiments.store.places import LOCKS

if sys.platform != "win32":
    import fcntl

WHOLE_STORE = "all"
"""The writer that does all of a study."""
_LOOK = 0.5  # seconds; *assumption*: far longer than ``is_taken`` looks, which must make nobody believe that he is not alone


def take_store(held: ExitStack, folder: Path, writer: str) -> None:
    """Take a store for one writer until ``held`` ends; the folder of its locks is there.

    Raises ``Timeout`` where somebody else has it, and ``OSError`` where it cannot be locked.
    """
    path = folder / LOCKS / "store.db"
    try:
        shared = ReadWriteLock(path, is_singleton=False)
        held.callback(shared.close)
        held.enter_context(shared.write_lock(timeout=0) if writer == WHOLE_STORE else shared.read_lock(timeout=0))
    except sqlite3.DatabaseError as error:
        raise OSError(errno.EIO, str(error), str(path)) from None
    held.enter_context(FileLock(_of(folder, writer), timeout=_LOOK))


def is_taken(folder: Path, writer: str) -> bool | None:
    """Whether a writer of that name has a store now, without taking it from anyone; None where that cannot be known."""
    if sys.platform == "win32":
        return None
    try:
        number = os.open(_of(folder, writer), os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(number)
    return False


def _of(folder: Path, writer: str) -> Path:
    return folder / LOCKS / f"{writer}.lock"
