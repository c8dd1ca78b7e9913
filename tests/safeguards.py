"""The safeguards as their folders have them: no test lists them by hand."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from sim.review.safeguard import Gate, Ground, Look
from sim.world.record import Record

FOLDER = Path(__file__).resolve().parents[1] / "configs" / "safeguard"
RULES = Path(__file__).resolve().parents[1] / "sim" / "review"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
MODULES = sorted(path.stem for path in RULES.glob("*.py") if "\nMOVES" in path.read_text(encoding="utf-8"))
"""Modules of ``sim.review`` that hold a safeguard."""


def said_of(name: str) -> dict[str, Any]:
    """What a safeguard's file says."""
    said: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return said


def rule_of(module: str) -> ModuleType:
    """A module that holds a safeguard."""
    return import_module(f"sim.review.{module}")


def record_of(name: str) -> type[Record]:
    """The record that a safeguard's file fills."""
    module, _, kind = said_of(name)["_target_"].rpartition(".")
    record: type[Record] = getattr(import_module(module), kind)
    return record


def judged() -> list[str]:
    """Safeguards that answer a request: gates, looks and grounds, without those that tell the person."""
    return [
        name
        for name in NAMES
        if issubclass(record_of(name), Gate | Look | Ground) and not hasattr(import_module(record_of(name).__module__), "tells")
    ]


def covering() -> list[str]:
    """Grounds that cover somebody."""
    return [name for name in NAMES if said_of(name).get("covers")]


def stricter() -> list[tuple[str, str, float, float]]:
    """A safeguard of each module, a parameter of it, and two values of which the second is the stricter one."""
    return [(module, row.parameter, row.weak, row.strong) for module in MODULES for row in getattr(rule_of(module), "STRICTER", ())]
