"""Code beside the package that a checkout has: the twin, and other frameworks' forms of the common month.

It lives under ``tests`` because only ``sim.model`` may know Mesa. AgentPy 0.1.5 installs a package named ``tests`` too, which
would be taken for ours, so the name is bound to the checkout's folder before anything is looked for in it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from experiments.benchmark.record import AbsentError

_FOLDER = Path(__file__).parents[2] / "tests"
_NAME = "tests"
_GROUP = "the dependency group `peers`"


def outside(name: str) -> Any:
    """The module ``tests.NAME`` of the checkout. Raises ``AbsentError`` where there is no checkout, or a framework is missing."""
    if not _FOLDER.joinpath(*name.split(".")).with_suffix(".py").is_file():
        raise AbsentError(f"found no {_NAME}/{name.replace('.', '/')}.py: it is in a checkout of the repository alone")
    if str(_FOLDER) not in map(str, getattr(sys.modules.get(_NAME), "__path__", ())):
        sys.modules[_NAME] = _bound()
    try:
        return import_module(f"{_NAME}.{name}")
    except ImportError as error:
        raise AbsentError(f"{error.name or error} is not installed: {_GROUP} has it") from None


def _bound() -> ModuleType:
    """A package without a file, whose modules lie in the checkout's folder."""
    spec = ModuleSpec(_NAME, None, is_package=True)
    spec.submodule_search_locations = [str(_FOLDER)]
    return module_from_spec(spec)
