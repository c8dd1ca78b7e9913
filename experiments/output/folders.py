"""Folders of results that appear whole or not at all; errors of the disk name what could not be written."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from experiments.interrupts import held
from sim.errors import RogatoryError, quoted

_ASIDE = re.compile(r"\.(?P<age>new|old)-[0-9a-f]{8}-(?P<name>.+)")
_ABANDONED = 86_400.0  # seconds after which an unfinished folder belongs to nobody
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
"""A disk that is full or broken, or a file longer than is allowed: no mistake in what was asked."""


_OF_A_DISK = (*FULL, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ESTALE)
_NOT_RESULTS = (str(Path(__file__).parents[2] / "sim") + os.sep, f"{os.sep}numba{os.sep}", f"{os.sep}multiprocessing{os.sep}")


class OutputError(RogatoryError):
    """Results cannot be written; what was there before is whole."""


_ROOM = 160  # letters of a name; *assumption*: no file in a folder of results has a longer one


@contextmanager
def naming(path: Path, draft: Path | None = None) -> Iterator[None]:
    """Within it an error of the disk names what could not be written: ``path``, or what lies in it where that is a folder.

    ``draft`` is where it is written until it is whole. The libraries that write tables and pictures name nothing.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None:
            of_a_disk = error.errno in _OF_A_DISK or (type(error) is OSError and error.errno is None)
            if not of_a_disk or _is_of_no_results(error):
                raise
            told = OSError(f"{path}: {' '.join(str(error).split())}")
            raise (told if error.errno is None else OSError(error.errno, os.strerror(error.errno), str(path))) from None
        name = str(error.filename)
        if draft is None or not name.startswith(str(draft)) or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, f"{path}{name.removeprefix(str(draft))}") from None


def _is_of_no_results(error: BaseException) -> bool:
    """Whether it was raised below the simulation, its compiler or the processes: they write nothing that is a result."""
    return any(part in frame.filename for frame in traceback.extract_tb(error.__traceback__) for part in _NOT_RESULTS)


def _sweep(parent: Path) -> None:
    """Remove what runs that were killed long ago left unfinished, or aside when something else had taken its place."""
    aside = [folder for folder, _, name in _aside(parent) if (parent / name).exists()]
    for folder in (*parent.glob(".partial-*"), *aside):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)


def _aside(parent: Path) -> list[tuple[Path, str, str]]:
    """Whole folders that stand aside: each with "new" or "old" and the name under which it is to be, or was, seen."""
    named = ((folder, _ASIDE.fullmatch(folder.name)) for folder in sorted(parent.glob(".*-*")))
    return [(folder, found["age"], found["name"]) for folder, found in named if found]


@contextmanager
def whole_folder(parent: Path, name: str, shown: str | None = None) -> Iterator[Path]:
    """A folder to write into, renamed to ``parent/name`` when the block ends well and removed when it does not.

    Errors of the disk name it as ``parent/shown``. Raises ``OutputError`` before the block begins where its end could not come to
    be: the place cannot be written, the path is too long for it, or the name is taken.
    """
    final, partial = parent / name, parent / f".partial-{name}-{uuid.uuid4().hex[:8]}"  # longer than the final name: that fits too
    made: list[Path] = []
    try:
        with held():
            made += _settled(parent, partial, final)
        with naming(parent / (shown or name), partial):
            yield partial
            if final.exists():
                raise OutputError(f"output: {final} is there already; accepted: a name that is free")
            with held():
                partial.replace(final)
    finally:
        with held():
            shutil.rmtree(partial, ignore_errors=True)
            for folder in made:  # a run that failed leaves not even an empty folder behind
                with suppress(OSError):
                    folder.rmdir()


def _settled(parent: Path, partial: Path, final: Path) -> list[Path]:
    """Make the place of results; returns the folders that were not there before, the innermost first. Raises ``OutputError``."""
    made: list[Path] = []
    try:
        made = [folder for folder in (parent, *parent.parents) if not folder.exists()]
        taken = final.exists()
        with naming(parent, partial):
            partial.mkdir(parents=True)
            (partial / ("x" * _ROOM)).touch()
            (partial / ("x" * _ROOM)).unlink()
    except (OSError, ValueError) as error:  # the latter where a path holds what no file system takes
        shutil.rmtree(partial, ignore_errors=True)
        for folder in made:
            with suppress(OSError, ValueError):
                folder.rmdir()
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        told = getattr(error, "strerror", None) or error
        raise OutputError(
            f"output: cannot write to {quoted(str(parent))} ({told}); accepted: a folder that can be written"
        ) from None
    _sweep(parent)
    if taken:
        shutil.rmtree(partial, ignore_errors=True)
        raise OutputError(f"output: {final} is there already; accepted: a name that is free")
    return made


@contextmanager
def replaced_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder to write into that takes the place of ``parent/name`` when the block ends well; until then that one stays."""
    _put_back(parent, name)
    mark = uuid.uuid4().hex[:8]
    final, new, old = parent / name, parent / f".new-{mark}-{name}", parent / f".old-{mark}-{name}"
    with whole_folder(parent, new.name, name) as folder:
        yield folder
    with held():
        try:
            if final.exists():
                final.replace(old)
            new.replace(final)
        except OSError:
            if old.exists() and not final.exists():
                old.replace(final)
            raise
        finally:
            shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _put_back(parent: Path, name: str) -> None:
    """Where a run was killed between two renames, whole folders stand aside and none in their place: the newest goes there."""
    waiting = sorted((age, folder) for folder, age, meant in _aside(parent) if meant == name)  # "new" before "old"
    if waiting and not (parent / name).exists():
        with suppress(OSError):
            waiting[0][1].replace(parent / name)
