"""How the tests are run, whatever they test."""

import gc

OBJECTS = 50_000  # that are made before rubbish is looked for: a worker holds many worlds, which each look goes through anew


def pytest_configure() -> None:
    gc.set_threshold(OBJECTS, 20, 20)
