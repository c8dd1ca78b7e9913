"""Where stores are, and how one is named."""

from __future__ import annotations

import re
from pathlib import Path

from sim.errors import ConfigError, in_brief, quoted
from sim.places import is_file, is_folder

STORES = "stores"
"""Folder of stores under that of results."""
ABOUT = "store.json"
"""What a store says of itself; a folder without it is none."""
SESSIONS = "sessions"
"""Folder in a store of what each writer said of its turns."""
LOCKS = "locks"
"""Folder in a store of who writes to it."""
ASIDE = re.compile(r"\.removed-[0-9a-f]{32}")
"""The name of a store that is being removed."""
BEFORE = "sweep"
"""Where stores of schema 1 are, under the folder of results."""


def store_folder(asked: str, output: str) -> Path:
    """Where a store is, or is to be: a path, or a name among the stores of ``output``."""
    return Path(asked) if "/" in asked or is_folder(Path(asked)) else Path(output) / STORES / asked


def stores_in(output: str) -> list[Path]:
    """The stores of ``output``, by name."""
    found = (path.parent for path in (Path(output) / STORES).glob(f"*/{ABOUT}"))
    return sorted(folder for folder in found if not ASIDE.fullmatch(folder.name))


def meant_by(asked: str, output: str) -> list[Path]:
    """The stores that a name stands for: the one of that name, or those whose name is it and a digest, the latest last."""
    folder = store_folder(asked, output)
    if "/" in asked or is_folder(folder):
        return [folder]
    begun = [path for path in stores_in(output) if path.name.rpartition("-")[0] == asked]
    older = Path(output) / BEFORE / asked
    return sorted(begun, key=_changed) or [older if is_folder(older) else folder]


def _changed(folder: Path) -> float:
    """When a store was last written to, in seconds since 1970."""
    return max((path.stat().st_mtime for path in (folder / SESSIONS).glob("*.json")), default=0.0)


def asked_folder(store: str | None, output: str) -> Path:
    """The folder of the store that is asked for: by path, by name, or by what stands before the digest of one store's name.

    Raises ``ConfigError`` where none is, and names those that are there.
    """
    found = [] if store is None else [folder for folder in meant_by(store, output) if _is_store(folder)]
    if len(found) > 1:
        raise ConfigError(
            f"store: found {len(found)} stores that begin with {quoted(str(store))}; accepted: one of "
            f"{in_brief([path.name for path in found])}"
        )
    if not found:
        known = [path.name for path in stores_in(output)]
        there = f"one of {in_brief(known)}" if known else f"one of the stores under {output}/{STORES}, where there is none"
        raise ConfigError(f"store: found {'none' if store is None else f'no store {quoted(store)}'}; accepted: a path, or {there}")
    return found[0]


def _is_store(folder: Path) -> bool:
    from experiments.store.parts import STORED_TABLES, table_parts  # it reads Parquet, which a listing of no store needs not

    return is_file(folder / ABOUT) or (is_folder(folder) and any(table_parts(folder, table) for table in STORED_TABLES))
