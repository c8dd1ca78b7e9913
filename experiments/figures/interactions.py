"""Where safeguards overlap and where they reinforce each other: a triangle of cells, one for each pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.patches import Patch, Rectangle

from experiments.figures.style import FAINT, INK, MUTED, PALETTE, SMALL, add_note, nothing, ordered, present, short_names, unframed
from experiments.text import band, decimals_of

COLUMNS = ["lever", "other", "value", "world_low", "world_high", "clear", "all_off"]
_OVERLAP, _SUPPORT = PALETTE[3], PALETTE[2]
_DEEPEST = 0.75  # share of the full colour that a cell takes, so that dark words stay readable
_ROOM = 9  # cells a side up to which a cell has room for its range
_BELOW = 0.2  # of a cell: from the number's place to that of the range
_COLOURS = LinearSegmentedColormap.from_list("interaction", [_OVERLAP, "white", _SUPPORT])


def interactions(
    frame: pd.DataFrame,
    ax: Axes,
    *,
    order: Sequence[str] = (),
    rises: bool = False,
    worse: bool = False,
    names: Mapping[str, str] | None = None,
) -> Axes:
    """Pairwise interactions of safeguards as a triangle of cells, in per cent of the outcome with all of them off.

    ``frame``: ``lever, other, value, world_low, world_high, clear, all_off``, one row a pair: by how much the two better the
    outcome together beyond what each does without the other, with its range over worlds; ``clear`` where it is told apart from
    zero with all pairs judged at once. ``order`` lists levers from the first row down; ``rises`` says that a positive number is a
    rise, ``worse`` that all levers together have negative numbers: then a pair with a positive one overlaps. Raises ``ValueError``
    for a missing column.
    """
    table = present(frame, COLUMNS)
    if table.empty or not (table["all_off"] > 0).any():
        return nothing(ax)
    levers = ordered([*table["lever"], *table["other"]], order)
    said = short_names(levers, names)
    percent = 100.0 * table[["value", "world_low", "world_high"]].to_numpy(float) / table[["all_off"]].to_numpy(float)
    clear = table["clear"].fillna(False).astype(bool).to_numpy()
    full = float(np.abs(percent[:, 0]).max(initial=0.0, where=clear)) or 1.0
    decimals = decimals_of(percent[:, 0].tolist())
    for row, (middle, low, high), sure in zip(table.to_dict("records"), percent, clear, strict=True):
        x, y = sorted((levers.index(str(row["lever"])), levers.index(str(row["other"]))))
        face = to_hex(_COLOURS(0.5 + (-0.5 if worse else 0.5) * _DEEPEST * middle / full)) if sure else "white"
        known = len(levers) <= _ROOM and not np.isnan(low)
        told, least, most = band(middle, low, high, decimals=decimals)
        _cell(ax, (x, y), face, told, f"{least} to {most}" if known else "", bool(sure))
    _frame(ax, [said[name] for name in levers])
    _legend(ax, worse)
    both, each = ("add", "adds") if rises else ("take off", "takes off")
    add_note(
        ax,
        f"Shapley interaction index: what two safeguards {both} together beyond what each {each} without the other, mean over "
        "what else is on, in % of the outcome with all off. Colour and bold: the range over worlds leaves zero out, with all pairs "
        "judged at once (max-t); grey on white: not told from zero. Below it: the pair's own range over worlds.",
    )
    return ax


def _cell(ax: Axes, spot: tuple[int, int], face: str, number: str, half: str, sure: bool) -> None:
    """One pair: its number, bold where it is clear of zero, and below it its range over worlds where there is room."""
    x, y = spot
    ax.add_patch(Rectangle((x - 0.5, y - 1.5), 1.0, 1.0, facecolor=face, edgecolor=FAINT, lw=0.5, gid="cell"))
    text = ax.text(x, y - 1 - bool(half) * _BELOW / 2, number, ha="center", va="center", fontsize=SMALL)
    text.set(color=INK if sure else MUTED, fontweight="bold" if sure else "normal")
    if half:
        ax.text(x, y - 1 + _BELOW, half, ha="center", va="center", fontsize=SMALL - 2.0, color=MUTED)


def _frame(ax: Axes, names: Sequence[str]) -> None:
    """Axes without lines, the names of all safeguards but one on each."""
    last = len(names) - 1
    ax.set(xlim=(-0.5, last - 0.49), ylim=(last - 0.49, -0.51), xticks=range(last), yticks=range(last))
    ax.set_yticklabels([*names[1:]])
    ax.set_xticklabels([*names[:-1]], rotation=90, color=INK)
    unframed(ax)
    ax.tick_params(length=0)


def _legend(ax: Axes, worse: bool) -> None:
    """Which colour is an overlap; whether pairs do more or less together depends on the sign of what all do."""
    handles = [Patch(color=_OVERLAP), Patch(color=_SUPPORT)]
    less, more = ("", "") if worse else (": less together", ": more together")
    ax.legend(handles, [f"overlap{less}", f"reinforce{more}"], loc="upper right")
