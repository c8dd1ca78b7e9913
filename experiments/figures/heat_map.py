"""Paired changes by two choices at once: a map of cells for each group of people, the change against today in each."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.patches import Rectangle

from experiments.figures.style import (
    BETTER,
    FEWEST,
    INK,
    MUTED,
    PALE,
    SMALL,
    TEXT,
    WORSE,
    add_note,
    folded,
    nothing,
    present,
    short_names,
    unframed,
)
from experiments.text import Row, band, distinct, unknown

COLUMNS = ["panel", "row", "column", "value", "low", "high", "agreeing", "worlds", "events", "today"]
_COLOURS = LinearSegmentedColormap.from_list("change", [BETTER, "white", WORSE])
_DEEPEST = 0.62  # share of the full colour that a cell takes, so that dark words stay readable
_LEAST = 5.0  # per cent: the scale ends at this change at least, so that nothing small looks large
_GAP = 0.03  # of the width between panels
_ABOVE = 44  # points from a panel to its title, over the columns' names
_LINE = 0.25  # of a cell's height from line to line
_ACROSS = 12  # letters of a column's name on a line
_NAMES = 0.19  # of the width for the names of rows, beside the first panel


def heat_map(frame: pd.DataFrame, ax: Axes, *, fewest: int = FEWEST, across: str = "", baseline: str = "today") -> Axes:
    """A panel a group: rows and columns of cells, each with its change against the baseline in per cent.

    ``frame``: ``panel, row, column, value, low, high, agreeing, worlds, events, today``, one row a cell in the order of drawing:
    the change in per cent with its range over worlds, in how many worlds of how many it has that sign, the smaller of both sides'
    events, and whether the cell is the baseline itself (its ``value`` is missing). Blue is less, orange more, for the worse;
    ``across`` names the columns. Cells under ``fewest`` events bear no number. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, COLUMNS)
    if table.empty or table["value"].isna().all():
        return nothing(ax)
    panels, rows, columns = (distinct(table[name]) for name in ("panel", "row", "column"))
    full = max(float(np.nanmax(np.abs(table["value"].to_numpy(float)))), _LEAST)
    width = (1.0 - _NAMES - _GAP * len(panels)) / len(panels)
    for place, panel in enumerate(panels):
        inner = ax.inset_axes((_NAMES + place * (width + _GAP), 0.0, width, 1.0))
        inner.set_title(str(panel), fontsize=TEXT + 1.5, fontweight="bold", loc="left", pad=_ABOVE)
        for row in table[table["panel"] == panel].to_dict("records"):
            _cell(inner, (columns.index(str(row["column"])), rows.index(str(row["row"]))), row, full, fewest)
        _frame(inner, rows, columns, place == 0, across)
    ax.set_axis_off()
    add_note(
        ax,
        f"In each cell: the paired change against {baseline} in per cent; in brackets the range over worlds; in how many worlds it "
        "has that sign. Blue: fewer people, orange: more. A framed cell is today's, against which all others are read.",
    )
    return ax


def _cell(inner: Axes, spot: tuple[int, int], row: Row, full: float, fewest: int) -> None:
    """One cell: the change, its range, and in how many worlds it has its sign."""
    x, y = spot
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    few = float(row["events"]) < fewest
    known = not (unknown(value) or few)
    face = to_hex(_COLOURS(0.5 + 0.5 * _DEEPEST * value / full)) if known else PALE
    own = bool(row["today"])
    patch = Rectangle((x - 0.5, y - 0.5), 1.0, 1.0, facecolor="white" if own else face, edgecolor="white", lw=1.2, gid="cell")
    inner.add_patch(patch)
    if own:
        inner.add_patch(Rectangle((x - 0.46, y - 0.44), 0.92, 0.88, facecolor="none", edgecolor=INK, lw=1.2, gid="today"))
        _line(inner, x, y, "today", TEXT, INK)
        return
    if not known:
        _line(inner, x, y, f"<{fewest}" if few else "–", TEXT, MUTED)
        return
    told, least, most = band(value, low, high)
    several = not unknown(low)
    _line(inner, x, y - _LINE * several, told, TEXT + 1.0, INK, "bold")
    if several:
        _line(inner, x, y + _LINE * 0.15, f"({least} to {most})", SMALL - 1.0, INK)
        _line(inner, x, y + _LINE * 1.15, f"{int(row['agreeing'])} of {int(row['worlds'])}", SMALL - 1.0, MUTED)


def _line(inner: Axes, x: float, y: float, words: str, size: float, colour: str, weight: str = "normal") -> None:
    inner.text(x, y, words, ha="center", va="center", fontsize=size, color=colour, fontweight=weight)


def _frame(inner: Axes, rows: list[str], columns: list[str], named: bool, across: str) -> None:
    """Axes without lines: columns named above, rows beside the first panel."""
    inner.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5), xticks=range(len(columns)), yticks=range(len(rows)))
    inner.xaxis.tick_top()
    names = ["\n".join(folded(words, _ACROSS)) for words in short_names(columns).values()]
    inner.set_xticklabels(names, fontsize=SMALL, color=INK)
    inner.set_yticklabels([*short_names(rows).values()] if named else [], fontsize=TEXT)
    inner.tick_params(length=0, labelcolor=INK)
    unframed(inner)
    inner.set_xlabel(across, fontsize=SMALL, color=MUTED)
    inner.set_facecolor("none")
