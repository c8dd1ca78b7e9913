"""What the committed study of assumptions says of an effect: its extremes, matched by what an arm changes.

A table of paired changes says how they differ between worlds, and nothing of the numbers that are assumed. Where the repository is
at hand its reference holds a study of those (``rogatory assumptions``); what it found of the same change stands beside the range
over worlds. A package without the repository has no such file, and then nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from experiments.analysis.assumptions import EXTREME_COLUMNS, assumption_words
from experiments.design.changes import changes_line
from experiments.design.grid import STATUTES, Cell
from experiments.text import Row, band, counted, unknown
from sim.config import load
from sim.settings import Config
from sim.world.record import ConfigError

COMMITTED = Path(__file__).parents[2] / "results" / "reference" / "assumptions" / "extremes.csv"
"""Where the repository keeps the extremes."""
_DECIDING = ("states", "demand", "offences", "instruments", "safeguards", "conduct", "adaptation")
_TEXTS = ("arm", "changes", "condition", "metric", "by", "level", "low_assumption", "high_assumption", "turns")
COMPARED = ("case_disclosure_rate", "legit_met_rate")
"""Estimands whose extremes stand beside a comparison."""
_Key = tuple[str, str, str, str, str]  # what an arm changes, condition, estimand, slice and level


def changes_of_cell(cell: Cell) -> str:
    """What a cell of the headline's grid changes; its capacity is a condition and no change.

    >>> changes_of_cell(Cell("liberal", strength=1.0)), changes_of_cell(Cell())
    ('definition=liberal review.strength=1', '')
    """
    said = [f"definition={cell.definition}"] if cell.definition != STATUTES else []
    said += [] if cell.strength is None else [f"review.strength={cell.strength:g}"]
    return changes_line([*said, f"scenario={cell.scenario}"])


class Assumed(NamedTuple):
    """Extremes by what an arm changes, and the size of the study that found them."""

    rows: Mapping[_Key, Row]
    worlds: int
    years: int

    def row(self, changes: str, condition: str, metric: str, by: str = "all", level: str = "all") -> Row | None:
        """The row of an effect; None where the study has no number for it. ``changes`` as ``changes_line`` writes them."""
        found = self.rows.get((changes, condition, metric, by, level))
        return None if found is None or unknown(found["as_configured"]) else found

    def of_cell(self, cell: Cell, metric: str, by: str = "all", level: str = "all") -> Row | None:
        """The row of a cell of the headline's grid."""
        return self.row(changes_of_cell(cell), cell.capacity, metric, by, level)

    @property
    def size(self) -> str:
        """On what the extremes rest."""
        return f"{counted(self.years, 'year')}, {counted(self.worlds, 'world')}, reference study assumptions"


def assumed_for(config: Config, path: Path | None = None) -> Assumed | None:
    """The extremes that hold beside a baseline; None without the file, and where the baseline is not the one that it is about.

    Years, people and worlds may be others: the size of the study is said. Raises ``ConfigError`` for a file that is damaged.
    """
    if not (path or COMMITTED).is_file() or not is_of_the_reference(config):
        return None
    return read_assumed(path or COMMITTED)


def is_of_the_reference(config: Config) -> bool:
    """Whether a baseline is, but for years, people, worlds and capacity, the one that the reference's studies have."""
    default = load()
    review = config.review.model_copy(update={"capacity": default.review.capacity})  # which is a condition of these studies
    return review == default.review and all(getattr(config, part) == getattr(default, part) for part in _DECIDING)


class ArmExtremes(NamedTuple):
    """Extremes of the arms of a comparison, and the size of the study that found them."""

    rows: Mapping[tuple[str, str], Row]  # by arm and estimand, which is whole
    size: str


def extremes_of_arms(config: Config, changes: Mapping[str, str], path: Path | None = None) -> ArmExtremes | None:
    """Extremes of arms read against a baseline, by what each of them ``changes``; None where none of them is known.

    Raises ``ConfigError`` for a file that is damaged.
    """
    assumed = assumed_for(config, path)
    if assumed is None:
        return None
    capacity = config.review.capacity
    rows = {
        (arm, metric): row
        for arm, said in changes.items()
        for metric in COMPARED
        if (row := assumed.row(said, capacity, metric)) is not None
    }
    return ArmExtremes(rows, assumed.size) if rows else None


def read_assumed(path: Path) -> Assumed:
    """The extremes of a file. Raises ``ConfigError`` for one that is damaged."""
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(_TEXTS, str), keep_default_na=False, na_values={"as_configured": [""]})
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path.name}: cannot be read ({' '.join(str(error).split())}); accepted: what git has") from None
    if lacking := [name for name in EXTREME_COLUMNS if name not in table]:
        raise ConfigError(f"{path.name}: found no column {', '.join(lacking)}; accepted: what git has")
    numbers = [name for name in EXTREME_COLUMNS if name not in _TEXTS and not name.endswith("_clear")]
    table[numbers] = table[numbers].apply(pd.to_numeric, errors="coerce")
    rows = {
        (str(row["changes"]), str(row["condition"]), str(row["metric"]), str(row["by"]), str(row["level"])): row
        for row in table.to_dict("records")
    }
    return Assumed(rows, int(table["worlds"].max()), int(table["years"].max()))


ASSUMED = "If one number that is assumed were at its end, all others as they are"
"""The caption of extremes over single assumptions."""
EXTREME_HEADS = ("as configured there", "lowest", "if", "highest", "if", "sign turns")
"""Heads of the columns of ``extreme_cells``."""


def extreme_cells(row: Row) -> tuple[str, ...]:
    """What a row of extremes says, a cell a column of ``EXTREME_HEADS``.

    >>> row = {
    ...     "as_configured": -20.0,
    ...     "low": -31.2,
    ...     "low_assumption": "review.rho=0.9",
    ...     "high": 2.0,
    ...     "high_assumption": "conduct.direct_share=0.2",
    ...     "turns": "conduct.direct_share=0.2",
    ... }
    >>> extreme_cells(row)
    ('−20', '−31', 'rho 0.9', '+2', 'direct share 0.2', 'direct share 0.2')
    """
    numbers = [float(row[name]) for name in ("as_configured", "low", "high")]
    first, low, high = band(*numbers)
    low_said, high_said, turns = (assumption_words(str(row[name])) for name in ("low_assumption", "high_assumption", "turns"))
    return first, low, low_said, high, high_said, turns or "never"
