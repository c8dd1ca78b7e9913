"""A folder to load code from: what lies in it must be our own, for whoever can write there decides what we run."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import platformdirs

VARIABLE = "ROGATORY_CACHE"
PRIVATE = 0o700  # mode of a folder: its owner may do all, others nothing
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_AT_ALL = stat.S_IRWXG | stat.S_IRWXO
_SEAL_BYTES = 8  # of what tells a file that is whole from one that was cut off
_ROOT = 0  # the administrator, who can change everything anyway

_user: Callable[[], int] | None = getattr(os, "geteuid", None)  # there is none on Windows, where a folder's mode says nothing


def chosen_folder() -> Path | None:
    """The folder that ``$ROGATORY_CACHE`` names, be it of any use or not; None where it names none."""
    chosen = os.environ.get(VARIABLE)
    return Path(os.path.abspath(os.path.expanduser(chosen))) if chosen else None  # noqa: PTH100, PTH111 - links stay


def candidates() -> Iterator[tuple[Path, bool]]:
    """Folders that would do where none was chosen, and whether each lies where everybody may put things."""
    own = Path(platformdirs.user_cache_dir("rogatory", appauthor=False))
    if own.is_absolute():  # where nobody knows a home, it is not
        yield own, False
    with contextlib.suppress(OSError):
        yield Path(tempfile.gettempdir()) / f"rogatory-{os.getuid() if hasattr(os, 'getuid') else 'cache'}", True


def folder_for_notes(to_write: bool = False) -> Path | None:
    """The first folder of these that is ours alone; None where there is none. ``to_write`` makes it where it is not there."""
    chosen = chosen_folder()
    for folder, temporary in [(chosen, False)] if chosen else candidates():
        if not (to_write and made(folder)) and not folder_fault(folder, temporary):
            return folder
    return None


def made(folder: Path) -> str:
    """Make a folder for ourselves alone where there is none, and what it lies in; why that cannot be, or nothing."""
    try:
        for home in reversed([folder, *folder.parents]):
            if not home.is_dir():
                home.mkdir(mode=PRIVATE, exist_ok=True)
    except OSError as error:
        return f"cannot be made ({error.strerror})"
    return ""


def folder_fault(folder: Path, closed: bool = False) -> str:
    """Why code must not be loaded from a folder, in a few words; nothing if it may be.

    It has to be a folder of our own that nobody else can write to (``closed``: nor look into, nor a link), and under no folder
    that everybody may change.
    """
    try:
        return _foreign(folder, closed)
    except OSError as error:
        return f"cannot be looked at ({error.strerror})"


def _foreign(folder: Path, closed: bool) -> str:
    if closed and folder.is_symlink():
        return "is a link"
    if not folder.is_dir():
        return "is no folder"
    return "" if _user is None else _shared(folder, _user(), closed)


def _shared(folder: Path, us: int, closed: bool) -> str:
    seen, link = folder.stat(), folder.lstat()
    if seen.st_uid != us or link.st_uid not in (us, _ROOT):
        return "belongs to somebody else"
    mode = stat.S_IMODE(seen.st_mode)
    if mode & _OTHERS_WRITE:
        return f"others can write to (mode {mode:03o})"
    if closed and mode & _OTHERS_AT_ALL:
        return f"others can look into (mode {mode:03o})"
    for above in folder.resolve().parents:
        mode = stat.S_IMODE(above.stat().st_mode)
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            return f"lies in {above}, which everybody can change (mode {mode:03o})"
    return ""


def unwritable(folder: Path) -> str:
    """Why nothing can be written to a folder, in a few words; nothing if it can."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"cannot be written to ({error.strerror})"


def close_to_others(folder: Path) -> None:
    """Shut a folder of our own to others, where an earlier mask left it open; what is not ours, or a link, stays as it is."""
    if _user is None:
        return
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return  # ``folder_fault`` says why
    try:
        seen = os.fstat(handle)
        if seen.st_uid == _user() and stat.S_IMODE(seen.st_mode) & _OTHERS_AT_ALL:
            os.fchmod(handle, PRIVATE)
    finally:
        os.close(handle)


def own_file(path: Path) -> str | None:
    """The text of a file of ours that nobody else can write to; None for any other, and for none."""
    try:
        with path.open(encoding="utf-8") as file:
            seen = os.fstat(file.fileno())
            ours = _user is None or (seen.st_uid == _user() and not seen.st_mode & _OTHERS_WRITE)
            return file.read() if ours else None
    except (OSError, ValueError):
        return None


def sealed_text(path: Path) -> str:
    """The text of a file of ours as ``write_sealed`` left it; nothing for one that was cut off, or is another one's."""
    seal, _, text = (own_file(path) or "").partition("\n")
    return text if seal == _seal(text) else ""


def write_sealed(path: Path, text: str) -> None:
    """Write a file whole or not at all, for ourselves alone, with a seal by which damage is seen. Raises ``OSError``."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{_seal(text)}\n{text}")
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _seal(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=_SEAL_BYTES).hexdigest()


@cache
def private_folder() -> Path:
    """A new folder for this process, removed at its end. Raises ``OSError`` where there is no room for one."""
    folder = Path(tempfile.mkdtemp(prefix="rogatory-"))
    ours = os.getpid()

    def forget() -> None:
        if os.getpid() == ours:  # and no process that was forked from it
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(forget)
    return folder
