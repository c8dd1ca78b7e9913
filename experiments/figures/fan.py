"""What moves with a number: an outcome, or its change, at each level; a band for worlds inside a band for parameters."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.figures.style import (
    BETTER,
    INK,
    MUTED,
    PALE,
    PALETTE,
    SMALL,
    TEXT,
    WORSE,
    add_note,
    edges,
    nothing,
    present,
    short_names,
    shortened,
)
from experiments.figures.words import named
from experiments.statistics.worlds import WORLDS_FOR_TAILS
from experiments.text import distinct, thousands
from sim.metrics import WANTED

COLUMNS = [
    *("outcome", "unit", "level", "mean", "world_low", "world_high", "draw_low", "draw_high"),
    *("draws", "worlds", "runs"),
]
_GAP = 0.11  # between panels, in parts of the axes
_UNIT = 56  # letters of a unit beside a panel
_DARK, _LIGHT = 0.42, 0.16  # opacity of the bands


def fan(frame: pd.DataFrame, ax: Axes, *, line: float = 0.0, label: str = "level") -> Axes:
    """A panel an outcome: its mean against the level, range over worlds dark, 5th to 95th percentile over parameter draws light.

    ``frame``: ``outcome, unit, level, mean, world_low, world_high, draw_low, draw_high, draws, worlds, runs``, a
    row an outcome and level; limits are missing where there is one world or one draw. ``line`` is the level as adopted, drawn if it
    is among the levels; ``label`` stands under the axis. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, COLUMNS)
    table = table[table["mean"].notna()]
    if table.empty:
        return nothing(ax)
    ax.set_axis_off()
    outcomes = distinct(table["outcome"])
    width = (1.0 - _GAP * (len(outcomes) - 1)) / len(outcomes)
    titles = short_names(outcomes, {name: named(name) for name in outcomes})
    for place, name in enumerate(outcomes):
        inner = ax.inset_axes((place * (width + _GAP), 0.0, width, 1.0))
        _panel(inner, table[table["outcome"] == name].sort_values("level"), line, label, _colour(name, place), titles[name])
    add_note(ax, _explained(table))
    return ax


def _colour(outcome: str, place: int) -> str:
    """Orange for what harms people and blue for what helps, as in all figures; else one of the palette's own."""
    wanted = WANTED.get(outcome.partition(".")[0])
    return {"down": WORSE, "up": BETTER}.get(str(wanted), PALETTE[2 + place % (len(PALETTE) - 2)])


def _panel(inner: Axes, rows: pd.DataFrame, line: float, label: str, colour: str, title: str) -> None:
    """One outcome over the levels, with its bands and the line that marks the level as adopted."""
    levels = rows["level"].to_numpy(float)
    for kind, shade, edge in (("draw", _LIGHT, ":"), ("world", _DARK, "-")):
        _band(inner, rows, kind, colour, shade, edge)
    inner.plot(levels, rows["mean"], "o-", color=colour, ms=4.5, lw=1.8, clip_on=False, zorder=3)
    bounds = rows[["mean", "world_low", "world_high", "draw_low", "draw_high"]].to_numpy(float)
    low_end, high_end = edges(bounds)
    inner.set(xlim=(levels.min(), levels.max()), ylim=(low_end if (bounds < 0).any() else 0.0, high_end), xticks=levels)
    inner.set_yticks([tick for tick in inner.get_yticks() if inner.get_ylim()[0] <= tick <= inner.get_ylim()[1]])
    if (bounds < 0).any():
        inner.axhline(0, color=INK, lw=0.9, zorder=1)
    inner.set_xticklabels([f"{level:g}" for level in levels])
    inner.grid(axis="y", color=PALE)
    inner.tick_params(labelsize=SMALL)
    inner.set_xlabel(shortened(label), fontsize=TEXT)
    inner.set_ylabel(shortened(str(rows["unit"].iloc[0]), _UNIT), fontsize=TEXT)
    inner.set_title(title, loc="left", fontsize=TEXT, fontweight="bold")
    if line in levels:
        _as_adopted(inner, line, right=bool(line < levels.mean()))


def _band(inner: Axes, rows: pd.DataFrame, kind: str, colour: str, shade: float, edge: str) -> None:
    """The band between the limits of one kind (``draw`` or ``world``); none where a limit is missing."""
    levels = rows["level"].to_numpy(float)
    low, high = (rows[f"{kind}_{end}"].to_numpy(float) for end in ("low", "high"))
    if np.isnan([low, high]).any():
        return
    band = inner.fill_between(levels, low, high, color=colour, alpha=shade, lw=0, zorder=1)
    band.set_gid(kind)
    for limit in (low, high):  # the two may cross: each keeps an edge of its own
        inner.plot(levels, limit, color=colour, lw=1.3 if edge == ":" else 0.7, ls=edge, zorder=2)


def _as_adopted(inner: Axes, line: float, right: bool) -> None:
    """A dashed line at the level as adopted, its name to the right or the left of it, where more room is."""
    inner.axvline(line, color=INK, lw=1.0, ls=(0, (4, 3)), zorder=2)
    inner.annotate(
        "as adopted",
        (line, 0),
        xycoords=("data", "axes fraction"),
        xytext=(5 if right else -5, 6),
        textcoords="offset points",
        ha="left" if right else "right",
        va="bottom",
        fontsize=SMALL,
        color=MUTED,
    )


def _explained(table: pd.DataFrame) -> str:
    draws, worlds, runs = int(table["draws"].max()), int(table["worlds"].max()), int(table["runs"].max())
    words = ["Line: mean over worlds."]
    if table["world_low"].notna().any():
        ends = "smallest to largest" if worlds < WORLDS_FOR_TAILS else "5 to 95 %"
        words.append(f"Dark band, solid edges: range over {thousands(worlds)} worlds ({ends}), the unknown numbers as drawn.")
    if table["draw_low"].notna().any():
        words.append("Light band, dotted edges: 5th to 95th percentile over draws of the unknown numbers, with some simulation")
        words.append("error left in.")
    else:
        words.append("The unknown numbers are held at one value each: no band speaks of them.")
    words.append(f"{thousands(draws)} draw{'s' * (draws > 1)}, {thousands(worlds)} worlds, {thousands(runs)} runs a level.")
    return " ".join(words)
