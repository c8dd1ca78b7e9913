"""What the committed conclusions say of a change: how large it is and how sure its sign, with every number drawn at once.

Where the repository is at hand its reference holds a study in which each world draws all numbers (``rogatory conclusions``); what
it found of the same change stands at the top of a page. A package without the repository has no such file: then nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from experiments.analysis.assumed import changes_of_cell, is_of_the_reference
from experiments.design.grid import BEFORE, Cell
from experiments.text import PER_CENT, Row, band, counted, unknown
from sim.settings import Config
from sim.world.record import ConfigError

COMMITTED = Path(__file__).parents[2] / "results" / "reference" / "conclusions" / "conclusions.csv"
"""Where the repository keeps the conclusions."""
CONDITIONS = {BEFORE: "on paper", "follows": "staff follows"}
"""Conditions of the conclusions, by the capacity of the headline's grid."""
_OF_THE_CONDITION = ("review.capacity=", "conduct=")  # of what an arm changes, what its condition says
_TEXTS = ("arm", "changes", "condition", "metric", "by", "level", "sign", "verdict")
_NUMBERS = ("change", "median_draw_low", "median_draw_high", "sign_share", "draws", "years")
SURVIVES = "Every number that nobody knows drawn at once"
"""The caption of these rows."""
HEADS = ("change, %", "5 to 95 % of draws", "draws with that sign", "verdict")
"""Heads of the columns of ``sure_cells``."""
HOLDS = "holds"
_Key = tuple[str, str, str, str, str]  # what an arm changes, condition, estimand, slice and level


class Survives(NamedTuple):
    """Conclusions by what an arm changes, and the size of the study that found them."""

    rows: Mapping[_Key, Row]
    draws: int
    years: int

    def of_cell(self, cell: Cell, metric: str, by: str = "all", level: str = "all") -> Row | None:
        """The row of a cell of the headline's grid; None where the study has no number for it."""
        condition = CONDITIONS.get(cell.capacity)
        found = self.rows.get((changes_of_cell(cell), condition or "", metric, by, level))
        return None if found is None or unknown(found["change"]) else found

    @property
    def size(self) -> str:
        """On what the conclusions rest."""
        return f"{counted(self.draws, 'draw')}, {counted(self.years, 'year')}, reference study conclusions"


def survives_for(config: Config, path: Path | None = None) -> Survives | None:
    """The conclusions that hold beside a baseline; None without the file, and where the baseline is not the one that it is about.

    Raises ``ConfigError`` for a file that is damaged.
    """
    if not (path or COMMITTED).is_file() or not is_of_the_reference(config):
        return None
    return read_survives(path or COMMITTED)


def read_survives(path: Path) -> Survives:
    """The conclusions of a file. Raises ``ConfigError`` for one that is damaged."""
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(_TEXTS, str), keep_default_na=False)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path.name}: cannot be read ({' '.join(str(error).split())}); accepted: what git has") from None
    if lacking := [name for name in (*_TEXTS, *_NUMBERS) if name not in table]:
        raise ConfigError(f"{path.name}: found no column {', '.join(lacking)}; accepted: what git has")
    table[[*_NUMBERS]] = table[[*_NUMBERS]].apply(pd.to_numeric, errors="coerce")
    rows = {
        (bare(str(row["changes"])), str(row["condition"]), str(row["metric"]), str(row["by"]), str(row["level"])): row
        for row in table.to_dict("records")
    }
    return Survives(rows, int(table["draws"].max()), int(table["years"].max()))


def bare(changes: str) -> str:
    """What an arm changes without what its condition says.

    >>> bare("definition=liberal review.capacity=follows"), bare("conduct=adaptive scenario=judge")
    ('definition=liberal', 'scenario=judge')
    """
    return " ".join(word for word in changes.split() if not word.startswith(_OF_THE_CONDITION))


def sure_cells(row: Row) -> tuple[str, ...]:
    """What a row of the conclusions says, a cell a column of ``HEADS``.

    >>> row = {"change": -17.3, "median_draw_low": -41.2, "median_draw_high": -4.4, "sign_share": 1.0, "verdict": "holds"}
    >>> sure_cells(row)
    ('−17', '−41 to −4', '100 %', 'holds')
    >>> sure_cells(row | {"sign_share": float("nan"), "verdict": "none"})[2:]
    ('median is nil', 'none')
    """
    change, low, high = band(*(float(row[name]) for name in ("change", "median_draw_low", "median_draw_high")))
    share = "median is nil" if unknown(row["sign_share"]) else f"{PER_CENT * float(row['sign_share']):.0f} %"
    return change, f"{low} to {high}", share, str(row["verdict"])
