"""How the tests are run, whatever they test."""

import gc
import sys
from collections.abc import Generator
from typing import Any

import pytest

OBJECTS = 50_000  # that are made before rubbish is looked for: a worker holds many worlds, which each look goes through anew
COMPOSED_AT_IMPORT = pytest.StashKey[int]()


def pytest_configure() -> None:
    gc.set_threshold(OBJECTS, 20, 20)


def pytest_collection_finish(session: pytest.Session) -> None:
    """How many configurations were composed by then; a test of the house wants none."""
    composing = sys.modules.get("sim.composition.composing")
    session.config.stash[COMPOSED_AT_IMPORT] = composing.composed_once.cache_info().misses if composing else 0


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """What a failure shows travels from a worker as UTF-8: half a sign in it would end the whole session, and hide the failure."""
    return _travelling((yield))


def _travelling(said: Any) -> Any:
    """The same with signs that no encoding has written as escapes."""
    if isinstance(said, str):
        return said.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(said, dict):
        return {_travelling(key): _travelling(value) for key, value in said.items()}
    if isinstance(said, list | tuple):
        return type(said)(_travelling(one) for one in said)
    return said
