"""The twin stands alone: its rules import records, tables and named draws of the model, and no function that computes a rule."""

from __future__ import annotations

import ast
from pathlib import Path

HERE = Path(__file__).parent
ARRAYS = {"numpy", "scipy", "pandas", "numba"}
BESIDE = {"docking.py", "fed.py", "mutating.py"}  # they run both, to compare them
WHOLE = {"sim.world.vocabulary", "sim.world.snapshot", "sim.world.states", "sim.world.people", "sim.world.spec"}
RECORDS = {
    "sim.settings": {"Adaptation", "Config", "Policy"},
    "sim.draws": {"Draws", "poisson_quantile"},
    "sim.world.instruments": {"Instrument", "Parties"},
    "sim.world.dials": {"Dial", "Dials"},
    "sim.conduct.learning": {"Learning"},
    "sim.conduct.menus": {"ConductSpec"},
    "sim.review.memory": {"Memory"},
    "sim.review.spec": {"Usable"},
    "sim.society.exposure": {"Exposure"},
    "sim.society.expression": {"People"},
    "sim.society.legislatures": {"Legislatures"},
    "sim.society.membership": {"Members"},
}
"""Of modules that hold rules too: the records and what else may be taken of them."""


def modules() -> list[Path]:
    return [path for path in sorted(HERE.glob("*.py")) if not path.name.startswith("test_") and path.name not in BESIDE]


def taken(path: Path) -> list[tuple[str, str]]:
    """Each module and name that a file imports; the name is empty where the module itself is."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node.module, alias.name) for alias in node.names]
    return found


def test_nothing_of_the_rules_is_taken() -> None:
    strange = [
        f"{path.name}: {module} {name}"
        for path in modules()
        for module, name in taken(path)
        if module.partition(".")[0] == "sim" and module not in WHOLE and name not in RECORDS.get(module, set())
    ]
    assert not strange


def test_arrays_end_with_the_facts() -> None:
    arrays = {path.name for path in modules() for module, _ in taken(path) if module.partition(".")[0] in ARRAYS}
    assert arrays == {"facts.py", "draws.py"}


def test_nothing_is_imported_from_tests_elsewhere() -> None:
    ours = {module for path in modules() for module, _ in taken(path) if module.startswith("tests.")}
    assert all(module.startswith("tests.twin.") for module in ours)
