"""Writing results: a folder appears whole, under its final name, or not at all."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import platform
import shutil
import subprocess
import time
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from sim.result import package_versions
from sim.settings import Config
from sim.sources.checksums import sha256
from sim.world.record import RogatoryError

MANIFEST = "manifest.json"
_ABANDONED = 86_400.0  # seconds after which an unfinished folder belongs to nobody
SCHEMA = 1  # of the tables in a results folder
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
"""A disk that is full or broken, or a file longer than is allowed: no mistake in what was asked."""
_OF_A_DISK = (*FULL, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ESTALE)
_NOT_RESULTS = (str(Path(__file__).parents[1] / "sim") + os.sep, f"{os.sep}numba{os.sep}", f"{os.sep}multiprocessing{os.sep}")


class OutputError(RogatoryError):
    """Results cannot be written; what was there before is whole."""


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
    """Remove what runs that were killed long ago left unfinished."""
    for folder in parent.glob(".partial-*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def whole_folder(parent: Path, name: str, shown: str | None = None) -> Iterator[Path]:
    """A folder to write into, renamed to ``parent/name`` when the block ends well and removed when it does not.

    Errors of the disk name it as ``parent/shown``. Raises ``OutputError`` where none can be made, or it is there already.
    """
    made = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    partial = parent / f".partial-{uuid.uuid4().hex[:8]}"
    try:
        with naming(parent, partial):
            partial.mkdir(parents=True)
    except OSError as error:
        if error.errno in FULL:
            raise
        raise OutputError(f"output: cannot write to {parent} ({error.strerror}); accepted: a folder that can be written") from None
    _sweep(parent)
    try:
        with naming(parent / (shown or name), partial):
            yield partial
            final = parent / name
            if final.exists():
                raise OutputError(f"output: {final} is there already; accepted: a name that is free")
            partial.replace(final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        for folder in made:  # a run that failed leaves not even an empty folder behind
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def replaced_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder to write into that takes the place of ``parent/name`` when the block ends well; until then that one stays."""
    mark = uuid.uuid4().hex[:8]
    final, new, old = parent / name, parent / f".new-{mark}", parent / f".old-{mark}"
    with whole_folder(parent, new.name, name) as folder:
        yield folder
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


def stamped(label: str) -> str:
    """A folder name that sorts by time and tells runs of one second apart."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-{label}-{uuid.uuid4().hex[:4]}"


def _git(*arguments: str) -> str | None:
    try:
        here = Path(__file__).parent
        done = subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def commit() -> str | None:
    """The commit of the code that runs; None outside a checkout."""
    return _git("rev-parse", "HEAD")


def is_dirty() -> bool | None:
    """Whether the checkout has changes that no commit holds; None outside one."""
    changed = _git("status", "--porcelain")
    return None if changed is None else bool(changed)


def machine() -> dict[str, Any]:
    """What numbers may depend on in their last bit: the processor that code is compiled for and the library of logarithms."""
    compiler = import_module("llvmlite.binding")  # Numba's
    return {
        "system": platform.platform(),
        "kind": platform.system(),
        "processor": platform.machine(),
        "cpu": compiler.get_host_cpu_name(),
        "libc": " ".join(platform.libc_ver()).strip(),
        "cores": os.cpu_count(),
    }


def manifest_of(asked: str, configs: list[Config], folder: Path, seconds: float, absent: dict[str, str]) -> dict[str, Any]:
    """Everything that is needed to rebuild or to doubt the files of ``folder``."""
    return {
        "schema": SCHEMA,
        "command": f"rogatory {asked}",
        "written": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "code": {"commit": commit(), "dirty": is_dirty()},
        "machine": machine(),
        "versions": package_versions(),
        "tables": configs[0].data,
        "seeds": [configs[0].seed + number for number in range(configs[0].seeds)],
        "world_seed": configs[0].world_seed,
        "absent": absent,
        "scenarios": {c.scenario_name: {"digest": c.digest(), "config": c.plain()} for c in configs},
        "files": {path.name: sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()},
    }


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """The manifest comes last: a folder without one is not finished."""
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
