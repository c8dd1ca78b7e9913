"""The folders of stores as a file system has them: which are there, what they weigh, and how one is removed.

A store is removed in two steps. It gets a hidden name in one step, so that no half of a store is ever seen under its name; then
its files are deleted. Whatever ends a removal between these, the next look at the stores finishes it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from experiments.interrupts import held
from experiments.letters import inked, short, visible
from experiments.store.places import ABOUT, ASIDE, BEFORE, LOCKS, SESSIONS, STORES
from sim.errors import ConfigError, in_brief, meant, quoted
from sim.places import is_folder
from sim.sources.checksums import file_fault

HOLDS = frozenset(
    (
        *("points", "runs", "data", "views", "given", "observed", "failures", "requests", "journal", LOCKS, SESSIONS, "analysis"),
        *("report", ABOUT),
    )
)
"""Names of what Rogatory puts into a store."""
_DRAFT = re.compile(r"\..+\.part")  # a file that is not whole yet
_LETTERS = 200  # of a path that are told


class StoreSize(NamedTuple):
    """What the files of a store take, and how old they are."""

    size: int  # bytes
    written: float  # when one was last written, in seconds since 1970; those of locks do not count


class Removed(NamedTuple):
    """A store that is there no more."""

    name: str
    size: int  # bytes


def shelves(output: str) -> list[Path]:
    """The folders that may hold stores: the one of today, then the one of schema 1 unless it is the same."""
    found = [shelf for shelf in (Path(output) / STORES, Path(output) / BEFORE) if is_folder(shelf)]
    return found[:1] if len(found) > 1 and found[0].samefile(found[1]) else found


def stored(output: str) -> list[Path]:
    """The stores of ``output``, those that a death left half-made among them. Raises ``OSError`` where nobody may look."""
    return [path for shelf in shelves(output) for path in _folders(shelf) if not ASIDE.fullmatch(path.name) and is_store(path)]


def shown_place(output: str) -> str:
    """The folder of stores of today, no longer than a person would read."""
    return short(visible((Path(output) / STORES).as_posix()), _LETTERS)


def _folders(shelf: Path) -> list[Path]:
    return sorted(path for path in shelf.iterdir() if is_folder(path))


def is_store(folder: Path) -> bool:
    """Whether a folder is a store, can be read or not, or what is left of one that nobody described."""
    try:
        names = _names_in(folder)
    except OSError:
        return os.path.lexists(folder)  # who may not look into it is told so
    return ABOUT in names or (LOCKS in names and names <= HOLDS)


def _names_in(folder: Path) -> set[str]:
    """What a folder holds, but for drafts. Raises ``OSError`` where nobody may look."""
    return {path.name for path in folder.iterdir() if not _DRAFT.fullmatch(path.name)}


def json_in(path: Path) -> dict[str, Any]:
    """The map in a file of JSON. Raises ``OSError`` or ``ValueError``, each with the path, for a file that holds none."""
    if fault := file_fault(path):
        raise OSError(f"{path}: {fault}")
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: cannot be read ({error})") from None
    if not isinstance(said, dict):
        raise ValueError(f"{path}: found {quoted(said)}, which is no map")
    return said


def schema_of(folder: Path) -> str:
    """Of which version the tables of a store are. Raises ``OSError`` or ``ValueError`` for one that does not say."""
    said = json_in(folder / ABOUT)
    schema = said.get("schema")
    if not isinstance(schema, str) or "identity" not in said:
        raise ValueError(f"{folder / ABOUT}: found no schema, or no identity of code and data")
    return schema


def weighed(folder: Path) -> StoreSize:
    """What the files of a store take; what goes while it is looked at takes nothing."""
    size, written = 0, 0.0
    for home, _, names in folder.walk():
        of_locks = home.relative_to(folder).parts[:1] == (LOCKS,)
        for name in names:
            with suppress(OSError):
                found = (home / name).lstat()
                size += found.st_size
                written = written if of_locks else max(written, found.st_mtime)
    with suppress(OSError):
        written = written or folder.stat().st_mtime
    return StoreSize(size, written)


# --- removal ----------------------------------------------------------------------------------------------------------------------


def removed(names: Sequence[str], output: str) -> list[Removed]:
    """Remove the stores of these names, all of them or none; returns what each took.

    Raises ``ConfigError`` for a name that no store has, for what is no store or a link to one, and for a store that is being
    written, before anything is removed. ``OSError`` and an interrupt say in a note what became of the stores.
    """
    folders = [_asked(name, output) for name in dict.fromkeys(names)]
    with ExitStack() as locks:
        for folder in folders:
            locks.enter_context(_nobody_writes(folder))
        sizes = [weighed(folder).size for folder in folders]
        aside = dict[Path, Path]()
        try:
            with held():
                _set_aside(folders, aside)
            for hidden in aside.values():
                _delete(hidden)
        except (OSError, KeyboardInterrupt) as error:
            gone = in_brief([folder.name for folder in aside])
            error.add_note(f"removed: {gone}; `rogatory stores` deletes what is left of it" if gone else "nothing was removed")
            raise
    return [Removed(folder.name, size) for folder, size in zip(folders, sizes, strict=True)]


def _asked(name: str, output: str) -> Path:
    """The store of a name. Raises ``ConfigError`` where there is none, or not one alone that can be removed."""
    known = stored(output)
    found = [folder for folder in known if folder.name == name]
    place = shown_place(output)
    if len(found) > 1:
        where = " and in ".join(folder.parent.as_posix() for folder in found)
        raise ConfigError(f"stores: found {quoted(name)} in {where}; accepted: a name that one store has (rename a folder)")
    if not found:
        raise ConfigError(f"stores: found {_no_store(name, output)}; accepted: {_accepted(name, known, place)}")
    (folder,) = found
    if folder.is_symlink() or folder.is_junction():
        raise ConfigError(f"stores: found {quoted(name)}, a link to another place; accepted: a store in {place} itself")
    _refuse_strangers(folder)
    return folder


def _no_store(name: str, output: str) -> str:
    if name in ("", ".", "..") or Path(name).name != name:
        return f"{quoted(name)}, which is no name"
    if any(is_folder(shelf / name) for shelf in shelves(output)):
        return f"{quoted(name)}, a folder that is no store"
    return f"no store {quoted(name)}"


def _accepted(name: str, known: Sequence[Path], place: str) -> str:
    names = [visible(inked(folder.name)) for folder in known]
    begun = [whole for whole in names if name and whole.rpartition("-")[0] == name]
    if begun:
        return f"the whole name: {in_brief(begun)}"
    return f"{in_brief(names)}{meant(name, names)}" if names else f"names of stores in {place}, where there is none"


def _refuse_strangers(folder: Path) -> None:
    """What no store says of itself is removed only if it holds nothing but what a store has."""
    try:
        schema_of(folder)
    except (OSError, ValueError):
        strange = list[str]()
        with suppress(OSError):  # what nobody may look into nobody can lock
            strange = sorted(_names_in(folder) - HOLDS)
        if strange:
            raise ConfigError(
                f"stores: found {quoted(folder.name)}, whose {ABOUT} is no store's and which holds {quoted(strange[0])}; "
                "accepted: a store"
            ) from None


@contextmanager
def _nobody_writes(folder: Path) -> Iterator[None]:
    """Within it nobody can write to a store. Raises ``ConfigError`` where somebody does."""
    with held():  # libraries do not expect an interrupt while they are imported
        from filelock import Timeout

        from experiments.store.locks import WHOLE_STORE, take_store

    with ExitStack() as lock:
        try:
            (folder / LOCKS).mkdir(exist_ok=True)
            take_store(lock, folder, WHOLE_STORE)
        except Timeout:
            raise ConfigError(f"stores: {quoted(folder.name)} is being written or removed; accepted: a store at rest") from None
        except OSError as error:
            told = error.strerror or " ".join(str(error).split())
            raise ConfigError(f"stores: {folder} cannot be locked ({told}); accepted: a store that can be written") from None
        yield


def _set_aside(folders: Sequence[Path], aside: dict[Path, Path]) -> None:
    """Give stores hidden names in their folder, all of them or none. Raises ``OSError`` where one cannot be renamed."""
    try:
        for folder in folders:
            hidden = folder.with_name(f".removed-{uuid.uuid4().hex}")
            folder.rename(hidden)
            aside[folder] = hidden
    except OSError:
        for folder in [*aside]:
            aside.pop(folder).rename(folder)
        raise


def finish_removals(output: str) -> list[str]:
    """Delete what removals that were ended left; returns what cannot be deleted, a line each."""
    faults = []
    for shelf in shelves(output):
        for folder in _folders(shelf):
            if ASIDE.fullmatch(folder.name) and not folder.is_symlink():
                try:
                    _delete(folder)
                except OSError as error:
                    faults.append(f"{folder}: what is left of a removed store cannot be deleted ({error.strerror})")
    return faults


def _delete(folder: Path) -> None:
    """Delete a folder, as much of it as can be; another process may do the same. Raises the first ``OSError``."""
    faults = list[OSError]()

    def met(function: object, path: str, error: BaseException) -> None:
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
            faults.append(error)

    shutil.rmtree(folder, onexc=met)
    if faults:
        raise faults[0]
