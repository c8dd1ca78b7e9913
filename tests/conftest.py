"""How the tests are run, whatever they test."""

import gc
import sys

import pytest

OBJECTS = 50_000  # that are made before rubbish is looked for: a worker holds many worlds, which each look goes through anew
COMPOSED_AT_IMPORT = pytest.StashKey[int]()


def pytest_configure() -> None:
    gc.set_threshold(OBJECTS, 20, 20)


def pytest_collection_finish(session: pytest.Session) -> None:
    """How many configurations were composed by then; a test of the house wants none."""
    config = sys.modules.get("sim.composition")
    session.config.stash[COMPOSED_AT_IMPORT] = config._composed_once.cache_info().misses if config else 0
