"""Manifests: where the numbers of a folder come from, and the checksums of its files."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

from sim.sources.checksums import sha256

if TYPE_CHECKING:  # to list stores takes no simulation
    from experiments.settings import StudyConfig
    from sim.settings import Config

MANIFEST = "manifest.json"
MANIFEST_SCHEMA = 1  # of the tables in a results folder


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
    """Whether the checkout has changes of code or configuration that no commit holds; None outside one.

    The committed results are neither: a part that was just made makes no code uncommitted.
    """
    changed = _git("status", "--porcelain", "--", ":/", ":(top,exclude)results/reference")
    return None if changed is None else bool(changed)


def machine_facts() -> dict[str, str | int | None]:
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


class CodeState(TypedDict):
    """The commit of the code that ran, and whether the checkout had changes."""

    commit: str | None  # None outside a checkout
    dirty: bool | None  # whether it had changes that no commit holds


class Provenance(TypedDict):
    """What every manifest says of where its numbers come from."""

    command: str
    written: str  # when, in ISO 8601
    code: CodeState
    machine: dict[str, str | int | None]
    versions: dict[str, str]  # by package
    own_files: NotRequired[dict[str, dict[str, str]]]  # digest of each file of a user's own folders, by folder and place


def provenance(command: str) -> Provenance:
    """What every manifest says, of runs and of pages: the command, when, by which code, where and with which packages."""
    from sim.own_files import digests
    from sim.result import package_versions  # it imports the model, which a listing of stores does not need

    said: Provenance = {
        "command": f"rogatory {command}",
        "written": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "code": {"commit": commit(), "dirty": is_dirty()},
        "machine": machine_facts(),
        "versions": package_versions(),
    }
    if own := digests():
        said["own_files"] = own
    return said


def files_in(folder: Path) -> dict[str, str]:
    """The checksum of every file of a folder, by its name."""
    return {path.name: sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def manifest_of(
    command: str, configs: Sequence[Config], asked: StudyConfig, folder: Path, store: Path, **more: object
) -> dict[str, object]:  # fmt: skip
    """Everything that is needed to rebuild or to doubt the files of ``folder``, which were made from the runs in ``store``.

    Among ``more`` are ``seconds``, ``absent`` (estimands that the runs cannot give, with why) and ``missing`` (files likewise).
    """
    return {
        "schema": MANIFEST_SCHEMA,
        **provenance(command),
        "store": str(store),
        "tables": configs[0].data,
        "study": asked.plain(),
        "scenarios": {c.scenario_name: {"digest": c.digest(), "config": c.plain()} for c in configs},
        "files": files_in(folder),
        **more,
    }


def write_manifest(folder: Path, manifest: Mapping[str, object]) -> None:
    """The manifest comes last: a folder without one is not finished."""
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
