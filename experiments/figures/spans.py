"""How far each effect moves: the range over worlds as configured, and the span over single assumptions with what makes its ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.figures.style import (
    FAINT,
    INK,
    LONG,
    MUTED,
    PALE,
    PALETTE,
    SMALL,
    TEXT,
    add_note,
    edges,
    nothing,
    present,
    short_names,
    shortened,
    striped,
    unframed,
    usual,
)
from experiments.text import Row, band, distinct, thousands, unknown

COLUMNS = [
    *("arm", "as_configured", "world_low", "world_high", "low", "low_assumption", "high", "high_assumption", "turns"),
    *("events", "worlds"),
]
_NUMBERS = ["as_configured", "world_low", "world_high", "low", "high"]
_LEFT, _WIDTH = 0.0, 0.46  # of the axes: where the marks stand
_VALUE, _LOW, _HIGH = 0.535, 0.555, 0.785  # of the axes: right edge of the number, left edges of both assumptions
_LETTERS = 34  # of an extreme with its assumption
_HEAD = 1.3  # rows above the first policy
_WORLDS, _ASSUMED = -0.13, 0.17  # rows from the middle of a row: the range over worlds stands above the span over assumptions
_SHOWN = 200.0  # per cent up to which a change always fits on the axis
_GROUND = "#f7f7f7"  # every other row


def spans(frame: pd.DataFrame, ax: Axes, *, names: Mapping[str, str] | None = None) -> Axes:
    """A row a policy, the strongest reduction on top: a wide bar over worlds, a thin one over assumptions, both ends named.

    ``frame``: ``arm, as_configured, world_low, world_high, low, low_assumption, high, high_assumption, turns, events, worlds``, the
    numbers in per cent of the baseline. The dot is the change as configured, filled where no assumption turns its sign. What lies
    beyond the axis is an arrow; its number stands beside it. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, COLUMNS)
    table = table[table["as_configured"].notna()].sort_values("as_configured", kind="stable")
    if table.empty:
        return nothing(ax)
    rows, arms = table.to_dict("records"), distinct(table["arm"])
    said = short_names(arms, names, LONG)
    ax.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -_HEAD), xticks=[], yticks=range(len(rows)))
    ax.set_yticklabels([said[str(row["arm"])] for row in rows], fontsize=SMALL)
    unframed(ax)
    striped(ax, len(rows), _GROUND)
    far = _marks(ax, table, rows)
    for y, row in enumerate(rows):
        _beside(ax, y, row)
    for x, words, side in (
        (_VALUE, "as configured, %", "right"),
        (_LOW, "lowest, %, if", "left"),
        (_HIGH, "highest, %, if", "left"),
    ):
        _word(ax, x, -0.95, words, MUTED, side)
    ax.text(_LEFT, -0.95, "change against the baseline of the same draw", fontsize=TEXT, fontweight="bold", va="center_baseline")
    add_note(ax, _explained(table, far))
    return ax


def _marks(ax: Axes, table: pd.DataFrame, rows: Sequence[Row]) -> bool:
    """All marks on an axis of their own; tells whether something lies beyond it."""
    numbers = table[_NUMBERS].to_numpy(float)
    low, high = edges(numbers[usual(numbers, least=_SHOWN)])
    inner = ax.inset_axes((_LEFT, 0.0, _WIDTH, len(rows) / (len(rows) - 0.5 + _HEAD)))
    inner.patch.set_alpha(0)
    inner.set(xlim=(low, high), ylim=(len(rows) - 0.5, -0.5), yticks=[])
    inner.locator_params(axis="x", nbins=6)
    inner.set_xticks([tick for tick in inner.get_xticks() if low <= tick <= high])
    inner.spines["left"].set_visible(False)
    inner.grid(axis="x", color=PALE, zorder=0)
    inner.axvline(0, color=INK, lw=1.0, zorder=1)
    inner.tick_params(axis="x", labelsize=SMALL)
    inner.set_xlabel("change, % of the baseline", fontsize=SMALL)
    far = [_mark(inner, y, row, (low, high)) for y, row in enumerate(rows)]
    return any(far)


def _mark(inner: Axes, y: int, row: Row, span: tuple[float, float]) -> bool:
    """Both bars and the dot of a row; tells whether one of them lies beyond the axis."""
    low, high = span
    first, ends = float(row["as_configured"]), [float(row["low"]), float(row["high"])]
    over = [] if unknown(row["world_low"]) else [float(row["world_low"]), float(row["world_high"])]
    if over:
        inner.plot(np.clip(over, low, high), [y + _WORLDS] * 2, color=FAINT, lw=6.5, solid_capstyle="butt", zorder=2, gid="worlds")
    inner.plot(np.clip(ends, low, high), [y + _ASSUMED] * 2, color=PALETTE[0], lw=1.6, zorder=3, gid="assumptions")
    inside = [end for end in ends if low <= end <= high]
    inner.plot(inside, [y + _ASSUMED] * len(inside), "|", color=PALETTE[0], ms=7, mew=1.6, zorder=3)
    if low <= first <= high:
        face = INK if not str(row["turns"] or "") else "white"
        inner.plot([first], [y], "o", color=INK, mfc=face, ms=5.2, mew=1.3, zorder=4, gid="as configured")
    for height, values, colour in ((y + _WORLDS, over, FAINT), (y + _ASSUMED, ends, PALETTE[0])):
        for beyond, spot, marker in ((any(value < low for value in values), low, "<"), (any(v > high for v in values), high, ">")):
            if beyond:
                inner.plot([spot], [height], marker, color=colour, ms=6.0, clip_on=False, zorder=4)
    return any(not low <= value <= high for value in (first, *ends, *over))


def _beside(ax: Axes, y: int, row: Row) -> None:
    """The change as configured, and both extremes with their assumptions."""
    first, *ends = band(*(float(row[name]) for name in ("as_configured", "low", "high")))
    _word(ax, _VALUE, y, first, INK, "right")
    for x, side, end in zip((_LOW, _HIGH), ("low", "high"), ends, strict=True):
        number = f"{end}  "
        told = shortened(str(row[f"{side}_assumption"]), _LETTERS - len(number))
        _word(ax, x, y, f"{number}{told}", INK if row[side] != row["as_configured"] else MUTED, "left")


def _word(ax: Axes, x: float, y: float, words: str, colour: str, side: str) -> None:
    text = ax.text(x, y, words, ha=side, va="center_baseline", fontsize=SMALL - 0.5, color=colour)
    text.set_in_layout(False)  # it lies within the axes


def _explained(table: pd.DataFrame, far: bool) -> str:
    worlds = int(table["worlds"].max())
    words = [
        f"Dot: change as configured, a mean over {thousands(worlds)} worlds; open where one assumption turns its sign.",
        "Grey bar: range over these worlds as configured. Blue line: least to greatest mean with one unknown number at one end of",
        "its range; the columns at the right name the number and its value.",
    ]
    return " ".join([*words, "Arrows point beyond the axis: the number stands beside them."] if far else words)
