"""What each turn at a store said of itself: a file of JSON, begun when it begins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from experiments.store.parts import StoreError

_SAID = {"design", "points", "worlds", "replicates", "bases"}  # what is read of a session


class SessionRecord(NamedTuple):
    """What a writer said of its turn at the store."""

    path: Path
    said: dict[str, Any]


def sessions_of(folder: Path) -> list[SessionRecord]:
    """What each session said, the oldest first. Raises ``StoreError`` for one that cannot be read."""
    return [session_in(path) for path in sorted((folder / "sessions").glob("*.json"))]


def session_in(path: Path) -> SessionRecord:
    """What a session said. Raises ``StoreError`` if it cannot be read."""
    wanted = "accepted: the file as it was written"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: cannot be read ({error}); {wanted}") from None
    if not isinstance(said, dict) or _SAID - said.keys():
        raise StoreError(f"{path}: is no session of a study; {wanted}")
    return SessionRecord(path, said)
