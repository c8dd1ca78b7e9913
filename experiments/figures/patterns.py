"""Published patterns against what the model would publish: a row an observable, its tolerance as a bar, what a pass is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke

from experiments.figures.style import (
    BETTER,
    INK,
    MUTED,
    PALETTE,
    SMALL,
    TEXT,
    WORSE,
    add_note,
    nothing,
    present,
    shortened,
    striped,
    unframed,
)
from experiments.text import Row, distinct, thousands, unknown

COLUMNS = [
    *("pattern", "said", "target", "flag", "verdict", "counts", "words", "worlds_in", "worlds", "bar_low", "bar_high"),
    *("at_value", "at_world_low", "at_world_high"),
    *("at_prior_low", "at_prior_high", "at_posterior_low", "at_posterior_high"),
]
_LEFT, _WIDTH = 0.02, 0.44  # of the axes: where the marks stand
_FROM, _SPAN = -1.0, 3.0  # places: the tolerance is from 0 to 1, the axis one width wider on either side
_TARGET, _VALUE, _VERDICT = 0.475, 0.665, 0.895  # of the axes: left edges of the columns of words
_NUMBER, _GLYPH = -0.052, -0.012  # of the axes: the pattern's number, and what a pass is worth, between the name and the marks
_PAD = 48  # points that both of them take
_HEAD, _UNDER = 1.4, 0.5  # rows above the first observable and under the last
_BAR, _PALE_HIGH, _DARK_HIGH = 0.62, 0.40, 0.20  # rows that a bar is high
_TOLERANCE, _PRIOR, _POSTERIOR, _GROUND = "#d5e8d9", "#b9cfe4", "#35618f", "#f7f7f7"
_PARTLY = PALETTE[4]
_LINE, _CASING = 1.6, 0.8  # points that the range over worlds is wide, and the white on either side of it
_MOST = {"pattern": 4, "said": 46, "target": 26}  # letters that there is room for
_EDGE = 1e-9  # of the axis: what lies on its end has been cut there
_FLAGS: dict[str, tuple[str, dict[str, Any], str]] = {
    "test": ("D", {"mfc": INK, "mec": INK, "ms": 5.2}, "test"),
    "input": ("s", {"mfc": "white", "mec": INK, "ms": 5.6}, "input"),
    "blind": ("o", {"mfc": "white", "mec": INK, "ms": 6.0}, "blind: passes with its mechanism off"),
    "rejected": ("x", {"mec": INK, "ms": 5.6}, "target rejected"),
    "not_computable": ("_", {"mec": INK, "ms": 6.5}, "not computable"),
    "shown": (".", {"mec": INK, "mfc": INK, "ms": 4.0}, "shown, not scored"),
}
_COLOURS = {"in": BETTER, "partly": _PARTLY, "out": WORSE}
_WORDS = {"in": "in", "partly": "partly", "out": "out", "none": "no value", "shown": ""}


def patterns(frame: pd.DataFrame, ax: Axes) -> Axes:
    """A row an observable: the tolerance as a pale bar, the prior's interval, the posterior's, and the default as a dot.

    ``frame``: ``pattern, said, target, flag, verdict, counts, words, worlds_in, worlds`` and places on an axis on which the
    tolerance reaches from 0 to 1: ``bar_low, bar_high, at_value, at_world_low, at_world_high``, and ``at_prior_low, at_prior_high,
    at_posterior_low, at_posterior_high``, which are missing where there are no draws. What lies beyond the axis is an arrow. Raises
    ``ValueError`` for a missing column.
    """
    table = present(frame, COLUMNS)
    if table.empty:
        return nothing(ax)
    rows = table.to_dict("records")
    ax.set(xlim=(0, 1), ylim=(len(rows) - 1 + _UNDER, -_HEAD), xticks=[], yticks=range(len(rows)))
    ax.set_yticklabels([shortened(str(row["said"]), _MOST["said"]) for row in rows], fontsize=SMALL)
    ax.tick_params(axis="y", pad=_PAD)
    _numbered(ax, [shortened(str(row["pattern"]), _MOST["pattern"]) for row in rows])
    unframed(ax)
    striped(ax, len(rows), _GROUND)
    for y, row in enumerate(rows):
        _mark(ax, y, row)
        _beside(ax, y, row)
    _parted(ax, [str(row["pattern"]) for row in rows])
    for x, words in ((_TARGET, "target"), (_VALUE, "default [range over worlds]"), (_VERDICT, "verdict")):
        _word(ax, x, -0.8, words, MUTED)
    ax.text(_x(0), -0.8, "tolerance", fontsize=TEXT, fontweight="bold", va="center_baseline").set_in_layout(False)
    ax.legend(handles=_handles(table), loc="lower left", bbox_to_anchor=(-0.3, 1.0), ncols=4, fontsize=SMALL)
    add_note(ax, _explained(table))
    return ax


def _numbered(ax: Axes, names: Sequence[str]) -> None:
    """The pattern's number where it is new."""
    for y, name in enumerate(names):
        if y == 0 or name != names[y - 1]:
            words = ax.text(_NUMBER, y, name, ha="left", va="center_baseline", fontsize=SMALL, fontweight="bold", clip_on=False)
            words.set_in_layout(False)


def _parted(ax: Axes, names: Sequence[str]) -> None:
    """A line between two patterns."""
    for y in range(1, len(names)):
        if names[y] != names[y - 1]:
            ax.axhline(y - 0.5, color="#dddddd", lw=0.7, zorder=0.5)


def _x(place: float) -> float:
    """Where a place on the axis of tolerances lies on the axes."""
    return _LEFT + _WIDTH * (place - _FROM) / _SPAN


def _mark(ax: Axes, y: int, row: Row) -> None:
    """Bars, range and dot of a row, and what a pass is worth."""
    if not unknown(row["bar_low"]):
        _bar(ax, y, (row["bar_low"], row["bar_high"]), _BAR, _TOLERANCE, "tolerance", 1.0)
    for name, height, colour in (("prior", _PALE_HIGH, _PRIOR), ("posterior", _DARK_HIGH, _POSTERIOR)):
        ends = (row[f"at_{name}_low"], row[f"at_{name}_high"])
        if not unknown(ends[0]):
            _bar(ax, y, ends, height, colour, name, 2.0)
    marker, style, _ = _FLAGS[str(row["flag"])]
    ax.plot([_GLYPH], [y], marker, clip_on=False, zorder=5, gid=str(row["flag"]), **style)
    if unknown(row["at_value"]):
        return
    colour = _COLOURS.get(str(row["verdict"]), MUTED) if row["counts"] else MUTED
    if not unknown(row["at_world_low"]):
        span = [_x(float(row["at_world_low"])), _x(float(row["at_world_high"]))]
        (line,) = ax.plot(span, [y, y], color=colour, lw=_LINE, solid_capstyle="butt", zorder=3, gid="worlds")
        line.set_path_effects([Stroke(linewidth=_LINE + 2 * _CASING, foreground="white"), Normal()])  # over bars of draws
    at = float(row["at_value"])
    beyond = "<" if at <= _FROM + _EDGE else ">" if at >= _FROM + _SPAN - _EDGE else "o"
    ax.plot([_x(at)], [y], beyond, color=colour, mec="white", mew=0.8, ms=6.6, zorder=4, gid="default")


def _bar(ax: Axes, y: int, ends: tuple[float, float], height: float, colour: str, gid: str, zorder: float) -> None:
    low, high = _x(float(ends[0])), _x(float(ends[1]))
    ax.barh([y], [high - low], height, left=[low], color=colour, lw=0, zorder=zorder, gid=gid)


def _beside(ax: Axes, y: int, row: Row) -> None:
    """Target, value and verdict in words."""
    _word(ax, _TARGET, y, shortened(str(row["target"]), _MOST["target"]), INK)
    _word(ax, _VALUE, y, str(row["words"]), INK if row["counts"] else MUTED)
    verdict = _WORDS.get(str(row["verdict"]), "")
    counts = "" if unknown(row["worlds_in"]) else f" {int(row['worlds_in'])}/{int(row['worlds'])}"
    colour = _COLOURS.get(str(row["verdict"]), MUTED) if row["counts"] else MUTED
    _word(ax, _VERDICT, y, f"{verdict}{counts}" if verdict else "", colour)


def _word(ax: Axes, x: float, y: float, words: str, colour: str) -> None:
    text = ax.text(x, y, words, ha="left", va="center_baseline", fontsize=SMALL, color=colour)
    text.set_in_layout(False)  # it lies within the axes


def _handles(table: pd.DataFrame) -> list[Line2D | Patch]:
    """The legend: what marks mean, and what a pass is worth; only what is in the figure."""
    out: list[Line2D | Patch] = [Patch(color=_TOLERANCE, label="tolerance")]
    for name, colour in (("prior", _PRIOR), ("posterior", _POSTERIOR)):
        if table[f"at_{name}_low"].notna().any():
            out.append(Patch(color=colour, label=f"{name}, 5 to 95 % of draws"))
    out.append(Line2D([], [], color=MUTED, marker="o", ms=6.0, lw=_LINE, label="default, range over worlds"))
    flags = distinct(table["flag"])
    for flag, (marker, style, words) in _FLAGS.items():
        if flag in flags:
            out.append(Line2D([], [], color="none", marker=marker, label=words, **style))
    return out


def _explained(table: pd.DataFrame) -> str:
    worlds = int(table["worlds"].max())
    drawn = table[["at_prior_low", "at_posterior_low"]].notna().any(axis=None)
    return (
        "Each row is scaled so that its tolerance has one width; a bar that meets the edge is open on that side, a ratio is on a "
        f"logarithmic scale, an arrow lies beyond. Dot and line: mean and range over {thousands(worlds)} worlds; blue is in "
        "tolerance, amber partly, vermilion out, grey is not counted. Verdicts say in how many worlds a value lies within."
        + (" Bars of draws are cut at the edge." if drawn else "")
    )
