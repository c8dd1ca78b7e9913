"""What a store says of itself: its schema, what its runs rest on, and which tables they leave."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from experiments.output import naming
from experiments.store.identity import Identity
from experiments.store.parts import StoreError
from experiments.store.places import ABOUT, SESSIONS
from experiments.store.requests import REQUESTS
from experiments.store.schema import DATA, SCHEMA, TRAVEL


def told_about(identity: Mapping[str, object]) -> str:
    """The text of the file in which a store says of what schema it is, and what its runs rest on."""
    return json.dumps({"schema": SCHEMA, "identity": identity}, indent=1, sort_keys=True, default=str) + "\n"


def about_of(folder: Path) -> dict[str, Any]:
    """What a store says of itself. Raises ``StoreError`` for a folder that is none, or of another schema."""
    about = folder / ABOUT
    try:
        said = json.loads(about.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(f"store: found no {ABOUT} in {folder}; accepted: the folder of a store") from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{about}: cannot be read ({error}); accepted: the file as it was written") from None
    if not isinstance(said, dict) or said.get("schema") != SCHEMA:
        found = said.get("schema") if isinstance(said, dict) else said
        raise StoreError(f"{about}: found schema {found!r}; accepted: schema {SCHEMA!r}, or a new store{_made_by(folder)}")
    if not isinstance(said.get("identity"), dict) or Identity.__required_keys__ - said["identity"].keys():
        raise StoreError(f"{about}: found no identity of code and data; accepted: the file as it was written")
    return said


def _made_by(folder: Path) -> str:
    """How the runs of a store that cannot be read are made again, if its last session says so."""
    for path in sorted((folder / SESSIONS).glob("*.json"), reverse=True):
        with suppress(OSError, ValueError, KeyError, TypeError):
            return f" (to make its runs again: {json.loads(path.read_text(encoding='utf-8'))['command']})"
    return ""


def write_whole(path: Path, text: str) -> None:
    """Replace a file in one step, once its new text is down on the disk."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with naming(path, draft):
            with draft.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def keeps_requests(folder: Path) -> bool:
    """Whether each run of a store has its requests in a file of its own."""
    return REQUESTS in about_of(folder)["identity"]["kept"].get("tables", ())


def kept_in(folder: Path) -> tuple[str, ...]:
    """The tables of which every part of runs has one: those that its runs leave."""
    tables = about_of(folder)["identity"]["kept"].get("tables", ())
    return tuple(name for name in TRAVEL if name == DATA or name in tables)
