"""What may explain that a number of the reference is not reproduced: other versions, another machine, changed files or code."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.execution.comparison import changes_of
from experiments.output import commit, machine_facts
from experiments.reference.make import TABLE_KINDS, Manifest, reference_path
from experiments.text import counted
from sim.result import package_versions
from sim.settings import Config
from sim.sources.checksums import sha256

_OWN = "rogatory"  # its version names the reference and computes nothing
_ASKED = ("output", "scenarios")  # keys that say what was asked and where it goes, not what a scenario is
_FEW_KEYS = 3  # of a changed configuration that are told
_COMPUTES = ("sim", "configs", "experiments")  # folders whose files decide numbers


def strangeness(manifest: Manifest) -> list[str]:
    """Why the numbers need not be identical: versions and machine that are not the manifest's."""
    then, now = manifest["versions"], package_versions()
    moved = [f"{name} {then.get(name, 'none')} -> {now[name]}" for name in now if name != _OWN and then.get(name) != now[name]]
    notes = [f"other versions than the reference's: {', '.join(moved)}"] if moved else []
    old, new = manifest["machine"], machine_facts()
    parts = [
        f"{part} {old.get(part, 'unknown')} -> {new[part]}"
        for part in ("kind", "processor", "cpu", "libc")
        if old.get(part) != new[part]
    ]
    return [*notes, f"another machine than the reference's: {', '.join(parts)}"] if parts else notes


def damage(folder: Path, part: str, manifest: Manifest | None) -> list[str]:
    """Committed files that are not those of their manifest, and code that is not what it names; nothing without a manifest."""
    if manifest is None:
        return []
    paths = [folder / part / name for name in TABLE_KINDS[part]]
    spoilt = [path for path in paths if sha256(path) != manifest["files"].get(path.name)]
    notes = [f"{reference_path(path)} is not the file that the manifest names: it was changed since" for path in spoilt]
    if manifest["code"]["dirty"]:
        notes.append("the reference was made from code that was not committed")
    edited = edited_since(manifest["code"]["commit"])
    return [*notes, edited] if edited else notes


def edited_since(made: str | None) -> str:
    """Whether what computes numbers is as it was in the commit of the reference; empty where it is, or where git cannot say."""
    now = commit()
    if made is None or now is None:
        return ""
    here = Path(__file__).parents[2]
    try:
        done = subprocess.run(
            ["git", "diff", "--name-only", made, "--", *_COMPUTES], cwd=here, capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return f"made by commit {made[:8]}, which this checkout does not have; it is at {now[:8]}"
    files = done.stdout.split()
    return f"{counted(len(files), 'file')} in {', '.join(_COMPUTES)} changed since commit {made[:8]}" if files else ""


def changed_since(configs: Mapping[str, Config], manifest: Manifest) -> list[str]:
    """Scenarios whose configuration is not the one that the manifest has by its digest, and tables that are not."""
    notes = []
    arms: Mapping[str, Any] = manifest.get("arms", {})
    for name, config in configs.items():
        was = arms.get(name) or manifest["scenarios"][name]
        if was["digest"] == config.digest():
            continue
        keys = ", ".join(changed_keys(config, name, manifest)[: _FEW_KEYS + 1][:_FEW_KEYS]) or "in its data"
        notes.append(f"{name}: the scenario itself changed since the reference ({keys})")
    other = [
        name for name, checksum in manifest["tables"].items() for c in list(configs.values())[:1] if c.data.get(name) != checksum
    ]
    return [*notes, f"other tables than the reference's: {', '.join(other)}"] if other else notes


def changed_keys(config: Config, name: str, manifest: Manifest) -> list[str]:
    """Dotted keys in which a configuration is not what the manifest says it was."""
    full = manifest["scenarios"]
    if name in full:
        return [key for key in changes_of(config.plain(), full[name]["config"]) if key not in _ASKED]
    base = next(iter(full.values()))["config"]
    then, now = manifest["arms"][name]["changes"], changes_of(config.plain(), base)
    return [key for key in dict.fromkeys([*then, *now]) if then.get(key) != now.get(key) and key not in _ASKED]
