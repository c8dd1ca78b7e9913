"""Tables as CSV files that people open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from experiments.letters import as_cell

if TYPE_CHECKING:  # to list stores takes no simulation
    import pandas as pd


def csv_of(frame: pd.DataFrame, digits: str | None = None) -> str:
    """A table as the text of a CSV file, numbers by ``digits``; names that a spreadsheet would compute reach it as text."""
    safe = frame.rename(columns=lambda name: as_cell(str(name)))
    for place, kind in enumerate(frame.dtypes):
        if kind.kind == "O":  # texts, and categories of them
            named = frame.iloc[:, place].astype(object)
            safe.isetitem(place, [as_cell(entry) if isinstance(entry, str) else entry for entry in named])
    return str(safe.to_csv(index=False, float_format=digits))


def write_csv(frame: pd.DataFrame, path: Path, digits: str | None = None) -> None:
    """A table as a CSV file that people open. Raises ``OSError`` where it cannot be written."""
    path.write_text(csv_of(frame, digits), encoding="utf-8", newline="")
