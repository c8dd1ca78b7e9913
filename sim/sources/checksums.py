"""Checksums of the tables that are read: what they hold decides results, not where they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from sim.world.record import ConfigError

FOLDER = Path(__file__).parent / "tables"
"""Where the packaged tables lie."""


def sha256(path: Path) -> str:
    """Checksum of a file's bytes, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def checksums(own: Mapping[str, Path] | None = None) -> dict[str, str]:
    """SHA-256 of each packaged table, by file name; ``own`` names tables of the user's that stand in for packaged ones.

    Raises ``ConfigError`` for a table that cannot be read.
    """
    paths = {path.name: path for path in sorted(FOLDER.glob("*.csv"))} | dict(own or {})
    found = {}
    for name, path in paths.items():
        try:
            found[name] = sha256(path)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror}); accepted: the path of a table") from None
    return found
