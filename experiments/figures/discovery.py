"""Where a reform fails: the limits of a box of assumptions, and the draws by the two assumptions that tell most."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from experiments.figures.style import (
    BETTER,
    INK,
    MUTED,
    PALE,
    SMALL,
    TEXT,
    WORSE,
    add_note,
    nothing,
    present,
    short_names,
    shortened,
)
from experiments.text import Row, percent, thousands

_LIMIT_COLUMNS = [
    *("parameter", "least", "most", "low_unit", "high_unit", "low_quasi_p", "high_quasi_p", "found_again", "says"),
    *("coverage", "density", "draws", "failing", "worlds", "runs"),
]
PLANE = ["x", "y", "x_parameter", "y_parameter", "x_low", "x_high", "y_low", "y_high", "fails", "sure", "worlds", "runs"]
_LEFT, _WIDTH = 0.0, 0.52  # edge and width of the bars, in parts of the axes
_SAYS, _CHANCE, _AGAIN = 0.545, 0.90, 1.0  # left edge of the words, right edges of the numbers
_HEAD = 1.4  # rows above the first parameter
_BAR = 0.34  # height of a bar, rows
_SLIGHT = 0.001  # a quasi-p under it is told as such
_PARAMETER, _LIMITS = 36, 30  # letters of its key, and of its limits
_AROUND = 0.04  # of its span that an axis leaves free at each end


def discovery_boxes(frame: pd.DataFrame, ax: Axes) -> Axes:
    """A bar a parameter over its whole range, the part within the box coloured; its limits, quasi-p and how often it came again.

    ``frame``: ``parameter, least, most, low_unit, high_unit, low_quasi_p, high_quasi_p, found_again, says, coverage, density,
    draws, failing, worlds, runs``, a row a parameter; ``_unit`` in the range of the draws, 0 to 1. Raises ``ValueError`` for a
    missing column.
    """
    table = present(frame, _LIMIT_COLUMNS)
    if table.empty:
        return nothing(ax)
    ax.set(xlim=(0, 1), ylim=(len(table) - 0.5, -_HEAD), xticks=[], yticks=range(len(table)))
    said = short_names(table["parameter"], {str(name): str(name) for name in table["parameter"]}, _PARAMETER)
    ax.set_yticklabels([said[str(name)] for name in table["parameter"]], fontsize=SMALL)
    for spine in ax.spines.values():
        spine.set_visible(False)
    for y, (label, row) in enumerate(zip(ax.get_yticklabels(), table.to_dict("records"), strict=True)):
        label.set_color(INK if row["says"] else MUTED)
        _limits(ax, y, row)
    heads = ((_LEFT, "left", "range of the draws, the box in colour"), (_SAYS, "left", "in the box"))
    for x, side, words in (*heads, (_CHANCE, "right", "quasi-p"), (_AGAIN, "right", "found again")):
        ax.text(x, -0.9, words, ha=side, va="center_baseline", fontsize=SMALL, color=MUTED)
    add_note(ax, _explained(table.iloc[0]))
    return ax


def _limits(ax: Axes, y: int, row: Row) -> None:
    low, high = _WIDTH * float(row["low_unit"]), _WIDTH * float(row["high_unit"])
    ax.add_patch(Rectangle((_LEFT, y - _BAR / 2), _WIDTH, _BAR, fc=PALE, ec="none"))
    if row["says"]:
        bar = Rectangle((low, y - _BAR / 2), high - low, _BAR, fc=WORSE, ec="none")
        bar.set_gid(str(row["parameter"]))
        ax.add_patch(bar)
    for x, side, value in ((_LEFT, "left", row["least"]), (_WIDTH, "right", row["most"])):
        if not np.isnan(value):
            ax.text(x, y + 0.42, f"{value:.3g}".replace("-", "−"), ha=side, va="center_baseline", fontsize=SMALL - 1.5, color=MUTED)
    ax.text(
        _SAYS,
        y,
        shortened(str(row["says"]).replace("-", "−"), _LIMITS) if row["says"] else "any value",
        va="center_baseline",
        fontsize=SMALL,
        color=_colour(row),
    )
    ax.text(_CHANCE, y, _chance(row), ha="right", va="center_baseline", fontsize=SMALL, color=_colour(row))
    again = "" if np.isnan(row["found_again"]) else percent(float(row["found_again"]))
    ax.text(_AGAIN, y, again, ha="right", va="center_baseline", fontsize=SMALL, color=_colour(row))


def _colour(row: Row) -> str:
    return INK if row["says"] else MUTED


def _chance(row: Row) -> str:
    """The larger of the two quasi-p values, the weaker limit's."""
    values = [float(row[name]) for name in ("low_quasi_p", "high_quasi_p") if not np.isnan(row[name])]
    if not values:
        return ""
    return f"<{_SLIGHT:g}" if max(values) < _SLIGHT else f"{max(values):.3f}"


def _explained(row: pd.Series) -> str:
    words = [
        f"In the box {percent(row['density'])} of the draws fail (density), and it holds {percent(row['coverage'])} of the",
        f"{thousands(row['failing'])} failing draws (coverage). Quasi-p: chance of so many failures if the limit told nothing, the",
        "weaker limit's; the box was chosen to look well, so it is no level of significance. Found again: share of resampled draws",
        f"whose box restricts the parameter. {thousands(row['draws'])} draws, {thousands(row['worlds'])} worlds each,",
        f"{thousands(row['runs'])} runs.",
    ]
    return " ".join(words)


def discovery_plane(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draws by two parameters, failing ones filled, those too near the threshold to tell small, and the limits of the box.

    ``frame``: ``x, y, x_parameter, y_parameter, x_low, x_high, y_low, y_high, fails, sure, worlds, runs``, a row a draw; ``low``
    and ``high`` are ends of the box, missing where it has none. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, PLANE)
    if table.empty:
        return nothing(ax)
    first = table.iloc[0]
    spans = {axis: (float(table[axis].min()), float(table[axis].max())) for axis in "xy"}
    room = {axis: _AROUND * ((high - low) or 1.0) for axis, (low, high) in spans.items()}
    edge = {axis: (spans[axis][0] - room[axis], spans[axis][1] + room[axis]) for axis in "xy"}
    ax.set(xlim=edge["x"], ylim=edge["y"], xlabel=shortened(str(first["x_parameter"])), ylabel=shortened(str(first["y_parameter"])))
    ax.grid(color=PALE)
    inner = {
        axis: tuple(edge[axis][end] if np.isnan(first[name]) else float(first[name]) for end, name in enumerate(names))
        for axis, names in (("x", ("x_low", "x_high")), ("y", ("y_low", "y_high")))
    }
    (left, right), (low, high) = inner["x"], inner["y"]
    box = Rectangle((left, low), right - left, high - low, fc=WORSE, alpha=0.10, ec="none", zorder=1)
    box.set_gid("box")
    ax.add_patch(box)
    ax.add_patch(Rectangle((left, low), right - left, high - low, fill=False, ec=WORSE, lw=1.2, ls=(0, (4, 3)), zorder=2))
    _draws(ax, table)
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, fontsize=SMALL, borderaxespad=0.2)
    ax.tick_params(labelsize=TEXT)
    add_note(
        ax,
        f"A dot a draw of all unknown numbers, mean over {thousands(first['worlds'])} worlds; those not shown vary too. Dashed: "
        f"the box in these two. {thousands(len(table))} draws, {thousands(first['runs'])} runs.",
    )
    return ax


def _draws(ax: Axes, table: pd.DataFrame) -> None:
    """A dot a draw: filled where the policy fails, small where the draw is too near the threshold to tell."""
    fails, sure = table["fails"].astype(bool), table["sure"].astype(bool)
    for failing, colour, words in ((True, WORSE, "fails"), (False, BETTER, "does not fail")):
        for certain, size in ((True, 6.5), (False, 3.6)):
            own = table[(fails == failing) & (sure == certain)]
            label = f"{words}{'' if certain else ', too near the threshold to tell'} ({thousands(len(own))})"
            face = colour if failing else "white"
            ax.plot(own["x"], own["y"], "o", ms=size, mfc=face, mec=colour, mew=1.1, ls="none", label=label, zorder=3)
