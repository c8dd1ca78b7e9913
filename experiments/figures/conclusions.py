"""What draws of all numbers say: the range of each effect over draws with the surety of its sign, and who is best how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from experiments.figures.style import (
    BETTER,
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
    unframed,
    usual,
)
from experiments.statistics import WORLDS_FOR_TAILS
from experiments.text import PER_CENT, Row, band, distinct, in_per_cent, thousands, unknown

COLUMNS = [
    *("arm", "condition", "change", "median", "median_draw_low", "median_draw_high", "lower_quarter", "upper_quarter"),
    *("sign_share", "verdict", "draws"),
]
DEFAULT = ["default", "default_world_low", "default_world_high"]
"""Columns that a frame may have besides: the change at default values with its range over worlds."""
PLACES = ["arm", "condition", "best", "best_draw_error_low", "best_draw_error_high", "by_chance", "rank", "draws"]
FIRM = ("holds", "likely")
"""Verdicts whose bars bear a colour."""
_COLOURS = {"holds": PALETTE[0], "likely": PALETTE[5]}
_WIDTH = 0.60  # of the axes: where the marks stand
_CHANGE, _RANGE, _SHARE, _VERDICT = 0.67, 0.805, 0.89, 0.905  # of the axes: right edges of three columns, left edge of the words
_HEAD = 1.4  # rows above the first row
_ABOVE = 1.25  # rows that the heading of a condition takes
_SHOWN = 30.0  # per cent up to which a change always fits on the axis
_DRAWS, _DEFAULT = -0.08, 0.31  # rows from the middle of a row: the draws stand above the default
_GROUND = "#f7f7f7"  # every other row
_LETTERS = 40  # of a condition
_NAMES = 20  # letters of a condition over a column of the second figure
_DEEPEST = 0.62  # share of the full colour that a cell takes, so that dark words stay readable


def conclusions(frame: pd.DataFrame, ax: Axes, *, names: Mapping[str, str] | None = None) -> Axes:
    """A row an arm, by condition: nine draws in ten as a bar, half of them darker, the median a tick, and how sure the sign is.

    ``frame``: ``arm, condition, change, median, median_draw_low, median_draw_high, lower_quarter, upper_quarter, sign_share,
    verdict, draws``, the numbers in per cent of the baseline; and where it is known ``default, default_world_low,
    default_world_high``. Bars are coloured where the sign holds or is likely. What lies beyond the axis is an arrow; the pooled
    change stands beside it. Raises ``ValueError`` for a missing column.
    """
    beside = all(name in frame for name in DEFAULT)
    table = present(frame, [*COLUMNS, *(DEFAULT if beside else [])])
    table = table[table["change"].notna()]
    if table.empty:
        return nothing(ax)
    said = short_names(distinct(table["arm"]), names, LONG)
    places, heads, end = _places(table)
    ax.set(xlim=(0, 1), ylim=(end, -_HEAD), xticks=[], yticks=[place for place, _ in places])
    ax.set_yticklabels([said[str(row["arm"])] for _, row in places], fontsize=SMALL)
    unframed(ax)
    for place, _ in places[::2]:
        ax.axhspan(place - 0.5, place + 0.5, color=_GROUND, lw=0, zorder=0)
    far = _marks(ax, table, places, end, beside)
    for place, row in places:
        _beside(ax, place, row)
    if len(heads) > 1:
        for place, condition in heads:
            _word(ax, 0.0, place, shortened(condition.replace("_", " "), _LETTERS), INK, "left", bold=True)
    for x, words, side in (
        (_CHANGE, "pooled, %", "right"),
        (_RANGE, "range over draws", "right"),
        (_SHARE, "same sign", "right"),
        (_VERDICT, "verdict", "left"),
    ):
        _word(ax, x, -0.95, words, MUTED, side)
    ax.text(0.0, -0.95, "change against the baseline of the same draw", fontsize=TEXT, fontweight="bold", va="center_baseline")
    add_note(ax, _explained(table, far, beside))
    return ax


def _places(table: pd.DataFrame) -> tuple[list[tuple[float, Row]], list[tuple[float, str]], float]:
    """Where each row stands, the strongest reduction of a condition on top; where its heading does; and where all ends."""
    places, heads, place = list[tuple[float, Row]](), list[tuple[float, str]](), 0.0
    conditions = distinct(table["condition"])
    for condition in conditions:
        if len(conditions) > 1:
            heads.append((place, condition))
            place += _ABOVE
        own = table[table["condition"] == condition].sort_values("change", kind="stable")
        for row in own.to_dict("records"):
            places.append((place, row))
            place += 1.0
    return places, heads, place - 0.5


def _marks(ax: Axes, table: pd.DataFrame, places: Sequence[tuple[float, Row]], end: float, beside: bool) -> bool:
    """All marks on an axis of their own; tells whether something lies beyond it."""
    columns = ["change", "median_draw_low", "median_draw_high", *(DEFAULT if beside else [])]
    numbers = table[columns].to_numpy(float)
    low, high = edges(numbers[usual(numbers, least=_SHOWN)])
    inner = ax.inset_axes((0.0, 0.0, _WIDTH, (end + 0.5) / (end + _HEAD)))
    inner.patch.set_alpha(0)
    inner.set(xlim=(low, high), ylim=(end, -0.5), yticks=[])
    inner.locator_params(axis="x", nbins=7)
    inner.set_xticks([tick for tick in inner.get_xticks() if low <= tick <= high])
    inner.spines["left"].set_visible(False)
    inner.grid(axis="x", color=PALE, zorder=0)
    inner.axvline(0, color=INK, lw=1.0, zorder=1)
    inner.tick_params(axis="x", labelsize=SMALL)
    inner.set_xlabel("change, % of the baseline", fontsize=SMALL)
    far = [_mark(inner, place, row, (low, high), beside) for place, row in places]
    return any(far)


def _mark(inner: Axes, y: float, row: Row, span: tuple[float, float], beside: bool) -> bool:
    """The bars, the tick and the default of a row; tells whether one of them lies beyond the axis."""
    low, high = span
    colour = _COLOURS.get(str(row["verdict"]), FAINT)
    ends = _known(row, "median_draw_low", "median_draw_high")
    half = _known(row, "lower_quarter", "upper_quarter")
    for values, width, faint, gid in ((ends, 7.0, 0.45, "draws"), (half, 7.0, 1.0, "half")):
        if values:
            inner.plot(
                np.clip(values, low, high), [y + _DRAWS] * 2, color=colour, alpha=faint, lw=width, solid_capstyle="butt",
                zorder=2 if gid == "draws" else 3, gid=gid,
            )  # fmt: skip
    middle = float(row["median"])
    if low <= middle <= high:
        inner.plot([middle], [y + _DRAWS], "|", color=INK, ms=10, mew=1.6, zorder=5, gid="median")
    over = _known(row, "default_world_low", "default_world_high") if beside else []
    first = _known(row, "default") if beside else []
    if over:
        inner.plot(np.clip(over, low, high), [y + _DEFAULT] * 2, color=MUTED, lw=1.2, zorder=3, gid="worlds")
    if first and low <= first[0] <= high:
        inner.plot(first, [y + _DEFAULT], "o", color=INK, mfc="white", ms=4.2, mew=1.1, zorder=4, gid="default")
    for height, values, shade in ((y + _DRAWS, ends, colour), (y + _DEFAULT, [*over, *first], MUTED)):
        for beyond, spot, marker in ((any(value < low for value in values), low, "<"), (any(v > high for v in values), high, ">")):
            if beyond:
                inner.plot([spot], [height], marker, color=shade, ms=5.5, clip_on=False, zorder=4)
    return any(not low <= value <= high for value in (*ends, *over, *first))


def _known(row: Row, *columns: str) -> list[float]:
    """The numbers of a row; none where one is missing."""
    return [] if any(unknown(row[name]) for name in columns) else [float(row[name]) for name in columns]


def _beside(ax: Axes, y: float, row: Row) -> None:
    """The pooled change, the share of draws with the sign, and the verdict."""
    firm = str(row["verdict"]) in FIRM
    change, low, high = band(*(float(row[name]) for name in ("change", "median_draw_low", "median_draw_high")))
    _word(ax, _CHANGE, y, change, INK, "right")
    _word(ax, _RANGE, y, f"{low} to {high}" if low and high else "", MUTED, "right")
    share = "" if unknown(row["sign_share"]) else in_per_cent(float(row["sign_share"]))
    _word(ax, _SHARE, y, share, INK if firm else MUTED, "right")
    _word(ax, _VERDICT, y, str(row["verdict"]), INK if firm else MUTED, "left")


def _word(ax: Axes, x: float, y: float, words: str, colour: str, side: str, bold: bool = False) -> None:
    weight = "bold" if bold else "normal"
    text = ax.text(x, y, words, ha=side, va="center_baseline", fontsize=SMALL - 0.5, color=colour, fontweight=weight)
    text.set_in_layout(False)  # it lies within the axes


def _explained(table: pd.DataFrame, far: bool, beside: bool) -> str:
    draws = int(table["draws"].max())
    most = "5 to 95 %" if draws >= WORLDS_FOR_TAILS else "smallest to largest"
    words = [
        f"Pale bar: range over {thousands(draws)} draws ({most}), each in per cent of its own baseline, with replicate noise;",
        "strong bar: the middle half; tick: the median. Dark blue: the sign holds; light blue: it is likely; grey: it is open, or",
        "none where the median draw is not moved. Same sign: share of draws with the sign of the median.",
    ]
    default = ["Ring and line below: all numbers at their default, with the range over worlds."] * beside
    return " ".join([*words, *default, *["Arrows point beyond the axis: the numbers stand beside them."] * far])


# --- who is best how often ------------------------------------------------------------------------------------------------


def first_places(frame: pd.DataFrame, ax: Axes, *, names: Mapping[str, str] | None = None) -> Axes:
    """A row a safeguard, a column a condition: in what share of draws it is best, the deeper the more often.

    ``frame``: ``arm, condition, best, best_draw_error_low, best_draw_error_high, by_chance, rank, draws``. Under each share stand
    its interval and the mean rank. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, PLACES)
    table = table[table["best"].notna()]
    if table.empty:
        return nothing(ax)
    conditions = distinct(table["condition"])
    order = table.groupby("arm", sort=False)["best"].mean().sort_values(ascending=False, kind="stable")
    arms = [str(arm) for arm in order.index]
    said, over = short_names(arms, names, LONG), short_names(conditions, most=_NAMES)
    full = float(table["best"].max()) or 1.0
    for row in table.to_dict("records"):
        _cell(ax, (conditions.index(str(row["condition"])), arms.index(str(row["arm"]))), row, full)
    ax.set(xlim=(-0.5, len(conditions) - 0.5), ylim=(len(arms) - 0.5, -0.5))
    ax.set_xticks(range(len(conditions)), [over[name] for name in conditions], fontsize=TEXT)
    ax.set_yticks(range(len(arms)), [said[name] for name in arms], fontsize=TEXT)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    unframed(ax)
    chance = ", ".join(dict.fromkeys(in_per_cent(float(value)) for value in table["by_chance"]))
    draws = thousands(int(table["draws"].max()))
    add_note(
        ax,
        f"Share of {draws} draws in which a safeguard is best; equals share a draw. Below: 95 % interval (Wilson) and mean rank. "
        f"Were all alike, each would be best in {chance}.",
    )
    return ax


def _cell(ax: Axes, place: tuple[int, int], row: Row, full: float) -> None:
    """A share on a ground as deep as it is large."""
    x, y = place
    depth = _DEEPEST * float(row["best"]) / full
    ax.add_patch(Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, color=BETTER, alpha=depth, lw=0, gid=str(row["arm"])))
    ax.text(x, y - 0.1, in_per_cent(float(row["best"])), ha="center", va="center", fontsize=TEXT + 1, color=INK)
    low, high = (f"{PER_CENT * float(row[f'best_draw_error_{end}']):.0f}" for end in ("low", "high"))
    under = f"{low} to {high} %; rank {float(row['rank']):.1f}"
    ax.text(x, y + 0.26, under, ha="center", va="center", fontsize=SMALL - 1.5, color=INK)
