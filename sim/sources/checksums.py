"""Checksums of the tables that are read: what they hold decides results, not where they lie."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from pathlib import Path

from sim.errors import ConfigError

TABLES_FOLDER = Path(__file__).parent / "tables"
"""Where the packaged tables lie."""


def sha256(path: Path) -> str:
    """Checksum of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_fault(path: Path) -> str:
    """Why no file can be read at a path, in a few words; empty where one can be tried.

    Only a file is one: a pipe would be waited for, and a device read without end.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    except ValueError:  # a zero byte, or a letter that no name of a file has
        return "cannot be read (no name of a file)"
    if stat.S_ISDIR(mode):
        return "cannot be read (Is a directory)"
    return "" if stat.S_ISREG(mode) else "cannot be read (a device, a pipe or a socket is no file)"


def checksums(own: Mapping[str, Path] | None = None) -> dict[str, str]:
    """SHA-256 of each packaged table, by file name; ``own`` names tables of the user's that stand in for packaged ones.

    Raises ``ConfigError`` for a table that cannot be read.
    """
    paths = {path.name: path for path in sorted(TABLES_FOLDER.glob("*.csv"))} | dict(own or {})
    found = {}
    for name, path in paths.items():
        fault = file_fault(path)
        if fault:
            raise ConfigError(f"{path}: {fault}; accepted: the path of a table")
        try:
            found[name] = sha256(path)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror}); accepted: the path of a table") from None
    return found
