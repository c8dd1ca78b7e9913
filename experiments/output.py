"""Writing results: a folder appears whole, under its final name, or not at all."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from experiments.letters import file_name
from sim.result import package_versions
from sim.settings import Config
from sim.sources.checksums import sha256
from sim.world.record import RogatoryError

MANIFEST = "manifest.json"
_ABANDONED = 86_400.0  # seconds after which an unfinished folder belongs to nobody
_LABEL = 180  # bytes of a folder's name beside time and mark: most systems of files take 255 in all
SCHEMA = 1  # of the tables in a results folder


class OutputError(RogatoryError):
    """Results cannot be written; what was there before is whole."""


def _sweep(parent: Path) -> None:
    """Remove what runs that were killed long ago left unfinished."""
    for folder in parent.glob(".partial-*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def whole_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder to write into, renamed to ``parent/name`` when the block ends well and removed when it does not."""
    made = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    partial = parent / f".partial-{uuid.uuid4().hex[:8]}"
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"output: cannot write to {parent} ({error.strerror}); accepted: a folder that can be written") from None
    _sweep(parent)
    try:
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
    with whole_folder(parent, new.name) as folder:
        yield folder
    if final.exists():
        final.replace(old)
    new.replace(final)
    shutil.rmtree(old, ignore_errors=True)


def stamped(label: str) -> str:
    """A folder name that sorts by time and tells runs of one second apart, whatever names the label is made of."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-{file_name(label, _LABEL)}-{uuid.uuid4().hex[:4]}"


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
