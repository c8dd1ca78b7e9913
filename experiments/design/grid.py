"""Arms as a grid: what each one makes of the definition of serious crime, of the text, and of the strength of safeguards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from experiments.design.designs import Design, file_of
from sim.config import ADOPTED, key_of, value_of
from sim.world.record import ConfigError, quoted

STATUTES = "statutes"
"""The definition that leaves every state's law as the tables have it."""
BEFORE = "before"
"""The capacity that a study has where it says nothing of it."""
_DEFINITION, _SCENARIO, _STRENGTH, _CAPACITY = "definition", "scenario", "review.strength", "review.capacity"
_KEYS = (_DEFINITION, _SCENARIO, _STRENGTH, _CAPACITY)


class Cell(NamedTuple):
    """Where an arm stands: in the row of a definition and a text, in the column of a strength."""

    definition: str = STATUTES
    scenario: str = ADOPTED
    strength: float | None = None  # in [0, 1]; None where each state uses safeguards as it does today
    capacity: str = BEFORE

    @property
    def row(self) -> tuple[str, str]:
        """The definition and the text."""
        return self.definition, self.scenario


def cells_of(design: Design, design_name: str) -> dict[str, Cell]:
    """Each arm's cell, by its name, in the order of the design.

    Raises ``ConfigError`` for an arm that sets another key than the four of a cell, and for two arms in one cell.
    """
    file, found = file_of(design_name), dict[str, Cell]()
    for name, overrides in (design.arms or {}).items():
        cell = _cell(overrides, f"{file}: arms.{name}")
        for other, before in found.items():
            if before == cell:
                raise ConfigError(f"{file}: arms.{name}: found the choice of arm {quoted(other)}; accepted: each combination once")
        found[name] = cell
    return found


def _cell(overrides: Sequence[str], place: str) -> Cell:
    said: dict[str, object] = {}
    for override in overrides:
        key = key_of(override)
        if key not in _KEYS:
            raise ConfigError(f"{place}: found {quoted(override)}; accepted: {', '.join(_KEYS)}, for the arms are a grid of these")
        said[key] = value_of(override)
    return _cell_of(said, place)


def _cell_of(said: Mapping[str, object], place: str) -> Cell:
    strength, scenario = said.get(_STRENGTH), said.get(_SCENARIO, ADOPTED)
    if isinstance(scenario, list):
        scenario = "+".join(map(str, scenario))
    if strength is not None and (isinstance(strength, bool) or not isinstance(strength, int | float)):
        raise ConfigError(f"{place}: {_STRENGTH}: found {quoted(strength)}; accepted: null, or a number from 0 to 1")
    return Cell(
        definition=Path(str(said.get(_DEFINITION, STATUTES))).stem,
        scenario=Path(str(scenario)).stem,
        strength=None if strength is None else float(strength),
        capacity=str(said.get(_CAPACITY, BEFORE)),
    )
