"""The project's own question as tables: who is targeted how often, by definition of serious crime and strength of safeguards.

The arms are a grid (``experiments.design.grid``): a row is a definition in each state's law and a text, a column the strength with
which states use what the texts already name. Every cell is read against today's: each state's law and habits as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.design.grid import Cell
from experiments.text import Row
from sim.metrics import UNITS
from sim.world.vocabulary import GROUPS

MATRIX_TABLE, CLASSES_TABLE = "matrix.csv", "classes.csv"
TARGETED = "targeted_rate"
"""People of a group whose data reach a government that pursues them, per 100 000 at risk a year."""
WHOLE = ("case_disclosure_rate", "cross_border_disclosure_rate", "legit_met_rate", "targeted_people")
"""Estimands that are told of all groups together."""
NEEDS_MET = "legit_met_rate"
FIRST_GROUPS = ("journalist", "dissident")
"""The groups that the question names; the others follow in the order of the vocabulary."""
DISCLOSED_SHARE = "disclosed_share"
"""What part of the abusive cases disclosed today went one way: a row of ``today``."""
BY_CLASSES, APART, TOWARDS = "group_sides", "|", ">"
"""The slice by group and pair of sides (autocracies, democracies), and what parts group, requester and requested in its levels."""
_CELL = ("arm", "definition", "scenario", "strength", "capacity")
_KEY = ("metric", "by", "level", "unit")
NUMBERS = (
    "baseline", "value", "difference", "world_low", "world_high", "worlds_agreeing", "worlds", "error_low", "error_high",
    "percent", "percent_world_low", "percent_world_high", "percent_error_low", "percent_error_high", "chance_share",
    "events_baseline", "events",
)  # fmt: skip
"""What the tables take over of a comparison: the paired change against today's cell, with its range over worlds."""


def groups_in_order() -> tuple[str, ...]:
    """Groups of people, those of the question first."""
    return (*FIRST_GROUPS, *(group for group in GROUPS if group not in FIRST_GROUPS))


def headline_tables(comparison: pd.DataFrame, cells: Mapping[str, Cell]) -> dict[str, pd.DataFrame]:
    """``matrix`` and ``classes`` from the comparison of a grid of arms, by file name.

    ``comparison`` has every estimand of every arm (``contrast_tables``), ``cells`` where each stands. A row of ``matrix`` is an
    estimand of one cell, of ``classes`` the share of the cases of one group and pair of classes that end in disclosure. Today's
    cell of each capacity is among them: its values are the baseline's and its changes missing.
    """
    placed = with_cells(comparison, cells)
    grouped = (placed["metric"] == TARGETED) & (placed["by"] == "group")
    whole = placed["metric"].isin(WHOLE) & (placed["by"] == "all")
    classes = (placed["metric"] == "case_disclosure_rate") & (placed["by"] == BY_CLASSES)
    return {
        MATRIX_TABLE: _in_order(placed[grouped | whole]),
        CLASSES_TABLE: _in_order(placed[classes]),
    }


def with_cells(comparison: pd.DataFrame, cells: Mapping[str, Cell]) -> pd.DataFrame:
    """A comparison with the cell of each arm, today's of each capacity first. Arms that are no cell are left out."""
    table = comparison[comparison["arm"].isin(list(cells))].reset_index(drop=True)
    placed = table[["arm", *_KEY, *NUMBERS]].copy()
    for name in Cell._fields:
        placed[name] = [getattr(cells[str(arm)], name) for arm in placed["arm"]]
    today = _today(placed)
    return pd.concat([today, placed[today.columns]], ignore_index=True)


def _today(placed: pd.DataFrame) -> pd.DataFrame:
    """A row of today's cell for every estimand that an arm of its capacity has: the level, and no change."""
    first = placed.sort_values("events_baseline", kind="stable").drop_duplicates(["capacity", *_KEY], keep="last").sort_index()
    nothing = {name: np.nan for name in NUMBERS if name not in ("baseline", "worlds", "events_baseline", "events")}
    same = {"value": first["baseline"], "events": first["events_baseline"]}
    cell = {name: getattr(Cell(), name) for name in ("definition", "scenario", "strength")}
    return first.assign(**{**nothing, **same, **cell}, arm="today")[[*_CELL, *_KEY, *NUMBERS]]


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Rows by estimand (the groups of the question first), then as the cells stand in the design."""
    group = {name: place for place, name in enumerate(groups_in_order())}
    metric = {name: place for place, name in enumerate(UNITS)}
    key = pd.DataFrame(
        {
            "metric": [0 if name == TARGETED else 1 + metric.get(str(name), len(metric)) for name in table["metric"]],
            "group": [group.get(str(level).partition(APART)[0], len(group)) for level in table["level"]],
            "level": table["level"].astype(str).to_numpy(),
            "place": range(len(table)),
        }
    )
    return table.iloc[key.sort_values(["metric", "group", "level", "place"], kind="stable").index].reset_index(drop=True)


class Grid(NamedTuple):
    """The rows and columns that are shown of one capacity."""

    rows: tuple[tuple[str, str], ...]  # definition and text
    columns: tuple[float | None, ...]  # strengths, today's first, then from none to all


def grid_of(cells: Sequence[Cell], capacity: str) -> Grid:
    """Rows in the order of the design behind today's, columns by strength behind today's."""
    held = [cell for cell in cells if cell.capacity == capacity]
    rows = dict.fromkeys([Cell().row, *(cell.row for cell in held)])
    strengths = sorted({cell.strength for cell in held if cell.strength is not None})
    return Grid(tuple(rows), (None, *strengths))


class Answer:
    """The matrix by its cells, for whoever tells of it."""

    def __init__(
        self, tables: Mapping[str, pd.DataFrame], cells: Mapping[str, Cell], fewest: int, today: pd.DataFrame | None = None
    ) -> None:
        """``tables`` are those of ``headline_tables``, ``today`` is that of ``today_table``; a number needs ``fewest`` events."""
        self.cells, self.fewest = [Cell(), *cells.values()], fewest
        self._today = {
            (str(row["capacity"]), str(row["metric"]), str(row["by"]), str(row["level"])): row
            for row in ([] if today is None else today.to_dict("records"))
        }
        self._held = {
            (_cell_in(row), str(row["metric"]), str(row["by"]), str(row["level"])): row
            for table in tables.values()
            for row in table.to_dict("records")
        }

    def row(self, cell: Cell, metric: str = TARGETED, by: str = "group", level: str = "all") -> Row | None:
        """A row of the tables, if it is there."""
        return self._held.get((cell, metric, by, level))

    def today(self, metric: str, by: str, level: str, capacity: str = Cell().capacity) -> Row | None:
        """How things stand today: a level with its range over worlds, or a way of disclosure; if it is there."""
        return self._today.get((capacity, metric, by, level))

    def ways(self) -> list[tuple[str, str]]:
        """Slices and levels of the abusive cases disclosed today, each once, in the order of the table."""
        return list(dict.fromkeys((by, level) for _, metric, by, level in self._today if metric == DISCLOSED_SHARE))

    def levels(self, by: str) -> list[str]:
        """Levels of a slice, each once, in the order of the tables."""
        return list(dict.fromkeys(level for _, _, found, level in self._held if found == by))

    def groups(self) -> list[str]:
        """Groups of people that the tables speak of, those of the question first: of nobody they have no row."""
        told = {level for _, metric, _, level in self._held if metric == TARGETED}
        return [group for group in groups_in_order() if group in told]

    def capacities(self) -> list[str]:
        """Capacities under which there are cells, the default first."""
        return list(dict.fromkeys(cell.capacity for cell in self.cells))

    def grid(self, capacity: str) -> Grid:
        """What is shown of a capacity."""
        return grid_of(self.cells, capacity)


def _cell_in(row: Row) -> Cell:
    """The cell of a table's row: a missing strength is today's."""
    strength = float(row["strength"]) if row["strength"] is not None else np.nan
    return Cell(
        str(row["definition"]), str(row["scenario"]), None if np.isnan(strength) else strength, str(row["capacity"])
    )  # fmt: skip
