"""From all safeguards off to all on, one after another: how much each takes off what is to be prevented, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.figures.style import (
    BETTER,
    FAINT,
    INK,
    MUTED,
    PALE,
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
from experiments.text import distinct, signed_band
from sim.metrics import WANTED

COLUMNS = ["outcome", "lever", "value", "value_world_low", "value_world_high", "first_in", "all_off"]
_NUMBERS = ("value", "value_world_low", "value_world_high", "first_in")
_MOST = 2  # outcomes side by side
_HEAD = 2.0  # rows above the first bar
_BAR = 0.62  # of a row
_GAP, _WORDS = 0.02, 0.17  # of the width: between two outcomes, and of the numbers beside each
_CAP = 0.14  # of a row: half of the stroke at the end of an interval
_FEW_TICKS = 5
_LEVER = 30  # letters of a lever's name beside two panels


def shapley_waterfall(
    frame: pd.DataFrame, ax: Axes, *, off: str = "all off", on: str = "all on", names: Mapping[str, str] | None = None
) -> Axes:  # fmt: skip
    """Shapley values as a waterfall, in per cent of the outcome with all safeguards off; at most two outcomes side by side.

    ``frame``: ``outcome, lever, value, value_world_low, value_world_high, first_in, all_off``, one row an outcome and lever: by how
    much the lever betters the outcome (positive: what is better up rises, all else falls) with its range over worlds, the same
    of the lever alone, and the outcome with all off. Bars are drawn as changes. Rows stand in the order of the first outcome's
    values. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, COLUMNS)
    if table.empty or not (table["all_off"] > 0).any():
        return nothing(ax)
    outcomes = distinct(table["outcome"])[:_MOST]
    main = table[table["outcome"] == outcomes[0]].sort_values("value", ascending=False, kind="stable")
    levers = [str(name) for name in main["lever"]]
    rows = len(levers) + 2
    width = (1.0 - _GAP * (len(outcomes) - 1)) / len(outcomes)
    for place, outcome in enumerate(outcomes):
        left = place * (width + _GAP)
        of_it = table[table["outcome"] == outcome].set_index("lever").loc[levers]
        _panel(ax, (left, width - _WORDS), of_it, outcome)
        title = shortened(named(outcome))
        ax.text(left, -1.6, title, fontsize=TEXT, fontweight="bold", va="center_baseline")
        ax.text(left + width, -1.0, "% (worlds)", fontsize=SMALL, color=MUTED, ha="right", va="center_baseline")
    ax.set(xlim=(0, 1), ylim=(rows - 0.5, -_HEAD), xticks=[], yticks=range(rows))
    ax.set_yticklabels([shortened(off, _LEVER), *short_names(levers, names, _LEVER).values(), shortened(on, _LEVER)])
    for spine in ax.spines.values():
        spine.set_visible(False)
    add_note(
        ax,
        "Bar: a safeguard's Shapley value, its mean effect over all orders of adoption, in % of the outcome with all off; bars sum "
        "to all on. Line: range over worlds, the divisor taken as known. Diamond: where the bar would end with the effect that the "
        "safeguard has alone; beyond the bar it overlaps with others. Blue: better for people, orange: worse, grey: neither.",
    )
    return ax


def _panel(ax: Axes, span: tuple[float, float], table: pd.DataFrame, outcome: str) -> None:
    """One outcome: bars from row to row, and their numbers beside them."""
    rises = WANTED.get(outcome.partition(".")[0]) == "up"
    scale = (100.0 if rises else -100.0) / table["all_off"].to_numpy(float)  # from here on: changes
    value, *ends_of_it, alone = (table[name].to_numpy(float) * scale for name in _NUMBERS)
    low, high = ends_of_it if rises else ends_of_it[::-1]
    ends = np.cumsum(value)
    starts = np.append(0.0, ends[:-1])
    rows = len(value) + 2
    left, right = edges(np.concatenate([ends, starts, starts + low, starts + high, starts + alone]))
    inner = ax.inset_axes((span[0], 0.0, span[1], rows / (rows - 0.5 + _HEAD)))
    inner.set(xlim=(left, right), ylim=(rows - 0.5, -0.5), yticks=[])
    inner.locator_params(axis="x", nbins=_FEW_TICKS)
    inner.set_xticks([tick for tick in inner.get_xticks() if left <= tick <= right])
    inner.tick_params(axis="x", labelsize=SMALL)
    inner.set_xlabel("change, % of all off", fontsize=SMALL)
    inner.spines["left"].set_visible(False)
    inner.grid(axis="x", color=PALE, zorder=0)
    inner.axvline(0, color=INK, lw=1.0, zorder=1)
    for y, (start, end) in enumerate(zip(starts, ends, strict=True), start=1):
        _bar(inner, y, start, end, outcome)
        inner.plot([end, end], [y, y + 1], color=MUTED, lw=0.7, zorder=1)
        _whisker(inner, y, start + low[y - 1], start + high[y - 1])
        if not np.isnan(alone[y - 1]):
            inner.plot([start + alone[y - 1]], [y], "D", ms=4.6, mfc="white", mec=INK, mew=0.9, zorder=4)
        _words(ax, sum(span) + _WORDS, y, signed_band(value[y - 1], low[y - 1], high[y - 1]))
    bar = inner.barh(rows - 1, ends[-1], height=_BAR, color=FAINT, zorder=2)
    bar[0].set_gid("all on")
    _words(ax, sum(span) + _WORDS, rows - 1, signed_band(ends[-1], np.nan, np.nan))


def _bar(inner: Axes, y: int, start: float, end: float, outcome: str) -> None:
    bar = inner.barh(y, end - start, left=start, height=_BAR, color=colour_of(outcome, end > start), zorder=2)
    bar[0].set_gid("lever")


def colour_of(outcome: str, rises: bool) -> str:
    """The colour of a change: better or worse for people, or neither where the estimand has no direction."""
    wanted = WANTED.get(outcome.partition(".")[0])
    if wanted is None:
        return FAINT
    return BETTER if rises == (wanted == "up") else WORSE


def _whisker(inner: Axes, y: int, low: float, high: float) -> None:
    if np.isnan(low):
        return
    inner.plot([low, high], [y, y], color=INK, lw=1.1, zorder=3)
    for end in (low, high):
        inner.plot([end, end], [y - _CAP, y + _CAP], color=INK, lw=1.1, zorder=3)


def _words(ax: Axes, x: float, y: int, words: str) -> None:
    ax.text(x, y, words, ha="right", va="center_baseline", fontsize=SMALL)
