"""What published figures say of each calibrated number: prior and posterior on one scale, and how known numbers were found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from experiments.figures.style import (
    FAINT,
    INK,
    LONG,
    MUTED,
    PALE,
    SMALL,
    TEXT,
    add_note,
    nothing,
    present,
    shortened,
    striped,
    unframed,
)
from experiments.text import Row, in_per_cent, unknown

RANKS = [f"rank_{place}" for place in range(10)]
"""Columns with the share of known numbers whose rank lies in each tenth."""
COLUMNS = [
    *("key", "words", "score_low", "score_median", "score_high", "score_default", "spread", "identified", "coverage", "draws"),
    *RANKS,
]
_LEFT, _WIDTH = 0.0, 0.44  # of the axes: where the bars stand
_VALUES, _SPREAD, _COVERED, _RANKS = 0.46, 0.735, 0.825, 0.845  # of the axes: columns of words, and the ranks
_RANKS_WIDE = 0.155
_SHOWN = 2.6  # standard deviations of the prior on either side
_TAIL = 1.645  # of a standard normal: 5 and 95 %
_HEAD = 1.4  # rows above the first number
_PRIOR, _KNOWN, _UNKNOWN, _GROUND = "#dbe6f1", "#1f4e79", "#8aa9c7", "#f7f7f7"
_PRIOR_HIGH, _POSTERIOR_HIGH, _RANK_HIGH = 0.66, 0.26, 0.7  # rows
_MOST = 2.0  # times an even share that fills a row


def calibration(frame: pd.DataFrame, ax: Axes) -> Axes:
    """A row a number: prior pale, posterior dark, default as a dot; beside it value, spread, coverage and ranks of known numbers.

    ``frame``: ``key, words, score_low, score_median, score_high, score_default`` in standard deviations of the prior, ``spread,
    identified, coverage, draws`` and ``rank_0`` to ``rank_9``. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, COLUMNS)
    if table.empty:
        return nothing(ax)
    rows = table.to_dict("records")
    ax.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -_HEAD), xticks=[], yticks=range(len(rows)))
    ax.set_yticklabels([shortened(str(row["key"]), LONG) for row in rows], fontsize=SMALL)
    unframed(ax)
    striped(ax, len(rows), _GROUND)
    _bars(ax, rows)
    for y, row in enumerate(rows):
        _beside(ax, y, row)
    heads = (
        (_VALUES, "posterior [5 to 95 %]", "left"),
        (_SPREAD, "spread", "right"),
        (_COVERED, "covered", "right"),
        (_RANKS, "ranks of known numbers", "left"),
    )
    for x, words, side in heads:
        ax.text(x, -0.85, words, fontsize=SMALL, color=MUTED, ha=side, va="center_baseline").set_in_layout(False)
    ax.text(_LEFT, -0.85, "in standard deviations of the prior", fontsize=TEXT, fontweight="bold", va="center_baseline")
    ax.legend(handles=_handles(), loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=4, fontsize=SMALL)
    add_note(
        ax,
        "Bars: 5 to 95 %. Spread: standard deviation of the posterior as a share of the prior's; dark where it is under 0.7. "
        f"Covered: share of the known numbers of {int(table['draws'].max())} draws that lie within intervals of 90 %. Ranks: in "
        "which tenth of its posterior each known number lies; even (the dotted line) if intervals hold what they say.",
    )
    return ax


def _bars(ax: Axes, rows: Sequence[Row]) -> None:
    """Prior, posterior and default of every number, on axes of their own."""
    inner = ax.inset_axes((_LEFT, 0.0, _WIDTH, len(rows) / (len(rows) - 0.5 + _HEAD)))
    inner.patch.set_alpha(0)
    inner.set(xlim=(-_SHOWN, _SHOWN), ylim=(len(rows) - 0.5, -0.5), yticks=[], xticks=range(-2, 3))
    inner.spines["left"].set_visible(False)
    inner.grid(axis="x", color=PALE, zorder=0)
    inner.tick_params(axis="x", labelsize=SMALL)
    for y, row in enumerate(rows):
        _bar(inner, y, (-_TAIL, _TAIL), _PRIOR_HIGH, _PRIOR, "prior", 1)
        colour = _KNOWN if row["identified"] else _UNKNOWN
        _bar(inner, y, (float(row["score_low"]), float(row["score_high"])), _POSTERIOR_HIGH, colour, "posterior", 2)
        inner.plot([row["score_median"]] * 2, [y - _PRIOR_HIGH / 2, y + _PRIOR_HIGH / 2], color=colour, lw=1.8, zorder=3)
        if not unknown(row["score_default"]):
            spot = float(np.clip(row["score_default"], -_SHOWN, _SHOWN))
            inner.plot([spot], [y], "o", color="white", mec=INK, ms=5.5, mew=1.3, zorder=4, gid="default", clip_on=False)


def _bar(inner: Axes, y: int, ends: tuple[float, float], high: float, colour: str, name: str, order: float) -> None:
    low, most = np.clip(ends, -_SHOWN, _SHOWN)
    inner.add_patch(Rectangle((low, y - high / 2), most - low, high, facecolor=colour, lw=0, zorder=order, gid=name))


def _beside(ax: Axes, y: int, row: Row) -> None:
    """The posterior in the number's unit, its spread, the coverage, and the ranks."""
    ax.text(_VALUES, y, shortened(str(row["words"]), LONG), fontsize=SMALL, va="center_baseline").set_in_layout(False)
    weight: dict[str, Any] = {"fontweight": "bold"} if row["identified"] else {"color": MUTED}
    ax.text(_SPREAD, y, f"{row['spread']:.2f}", fontsize=SMALL, ha="right", va="center_baseline", **weight)
    ax.text(_COVERED, y, in_per_cent(row["coverage"]), fontsize=SMALL, ha="right", va="center_baseline")
    wide, foot = _RANKS_WIDE / len(RANKS), y + _RANK_HIGH / 2
    for place, name in enumerate(RANKS):
        high = _RANK_HIGH * min(float(row[name]) * len(RANKS) / _MOST, 1.0)
        ax.add_patch(
            Rectangle((_RANKS + place * wide, foot - high), 0.86 * wide, high, facecolor=_UNKNOWN, lw=0, zorder=2, gid="rank")
        )
    ax.plot([_RANKS, _RANKS + _RANKS_WIDE], [foot - _RANK_HIGH / _MOST] * 2, color=FAINT, lw=1.0, ls=":", zorder=3)


def _handles() -> list[Any]:
    return [
        Patch(color=_PRIOR, label="prior"),
        Patch(color=_KNOWN, label="posterior, identified"),
        Patch(color=_UNKNOWN, label="posterior, not identified"),
        Line2D([], [], marker="o", color="none", mfc="white", mec=INK, ms=5.5, label="default"),
    ]
