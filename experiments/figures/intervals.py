"""Estimates with their intervals: rates by group, and the differences between two scenarios."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.figures.style import (
    FEWEST,
    INK,
    MUTED,
    PALE,
    PALETTE,
    SMALL,
    TEXT,
    add_note,
    legend_columns,
    nothing,
    present,
    runs_behind,
    scenarios_by_name,
    short_names,
    shortened,
)
from experiments.text import THIN, distinct, measured, spoken, thousands

_BAND = 0.68  # of a group's row that its scenarios share
_UNIT = 56  # letters of a unit, with the value that it is of
_ROOM = 1.12  # of the largest value that the axis spans
_COLUMNS = (30, 70, 136)  # points right of the axes: rate, interval, events
_GROUPS = {
    "journalist": "journalists",
    "dissident": "dissidents",
    "lgbtq": "LGBTQ people",
    "researcher": "security\nresearchers",
    "minority": "minorities",
}
_METRICS = {
    "case_disclosure_rate": "abusive cases disclosed",
    "legit_met_rate": "legitimate needs met",
    "targeted_people": "people disclosed",
    "targeted_rate": "people disclosed",
    "targeted_rate_treaty": "people disclosed by the treaty",
    "attempted_rate": "abusive cases filed",
    "deterred_share": "abusive cases deterred",
    "unanswered_share": "requests left unanswered",
    "secondary_use_rate": "people harmed by further use",
    "notified_share": "people ever told",
    "backlog_months": "backlog",
}
_BEHIND = {"backlog_months": "months"}  # what stands behind a number, where it is no event
_RATE = ["scenario", "group", "mean", "low", "high", "runs", "events"]
_ENDS = ["difference", "low", "high"]
_CHANGE = ["metric", *_ENDS, "unit", "events"]


def targeted_rate(frame: pd.DataFrame, ax: Axes, *, fewest: int = FEWEST) -> Axes:
    """People whose data were disclosed, per 100 000 at risk a year: a dot and an interval for each group and scenario.

    ``frame``: ``scenario, group, mean, low, high, runs, events``. A cell with fewer than ``fewest`` pooled events is an open
    marker on the axis with the words "<10 events", never a rate. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, _RATE)
    if table.empty or not (table["events"] > 0).any():
        return nothing(ax)
    scenarios, groups = scenarios_by_name(table), distinct(table["group"])
    said, spelt = short_names(groups, _GROUPS), short_names(scenarios)
    step = _BAND / len(scenarios)
    shown = table[table["events"] >= fewest]
    most = float(shown[["mean", "high"]].max().max()) if len(shown) else 1.0
    for row in table.itertuples():
        rank = scenarios.index(str(row.scenario))
        y = groups.index(str(row.group)) + (rank - (len(scenarios) - 1) / 2) * step
        colour = PALETTE[rank % len(PALETTE)]
        if cast(int, row.events) < fewest:
            ax.plot([0], [y], "o", mfc="white", mec=colour, ms=7, clip_on=False, zorder=3)
            ax.annotate(f"<{fewest} events", (0, y), (9, 0), textcoords="offset points", va="center", color=MUTED, fontsize=SMALL)
            continue
        mean, low, high = cast(float, row.mean), cast(float, row.low), cast(float, row.high)
        ax.plot([low, high], [y, y], color=colour, lw=2.2, solid_capstyle="butt", zorder=2)
        ax.plot([mean], [y], "o", color=colour, ms=7, zorder=3)
        _columns(ax, y, (measured(mean), _reach(low, high), thousands(cast(int, row.events))), INK)
    _columns(ax, -0.62, ("rate", "range", "events"), MUTED)
    for edge in np.arange(len(groups) - 1) + 0.5:
        ax.axhline(edge, color=PALE, lw=0.8, zorder=0)
    ax.set(xlim=(0, _ROOM * most), ylim=(len(groups) - 0.5, -0.5), yticks=range(len(groups)))
    ax.set_yticklabels([said[group] for group in groups])
    ax.set_xlabel("people disclosed per 100 000 people at risk a year")
    ax.grid(axis="x")
    columns = legend_columns(spelt.values())
    handles = [Line2D([], [], marker="o", lw=2.2, color=PALETTE[i % len(PALETTE)]) for i in range(len(scenarios))]
    ax.legend(
        handles,
        list(spelt.values()),
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=columns,
        borderaxespad=0.3,
    )
    few = f" Open marker: fewer than {fewest} events pooled, no rate shown." if len(shown) < len(table) else ""
    add_note(ax, f"Dot: mean over {runs_behind(table)}; line: range over worlds; events pooled.{few}")
    return ax


def _reach(low: float, high: float) -> str:
    """Both ends, or that there is no range."""
    return "no range" if np.isnan(low) or np.isnan(high) else f"{measured(low)} to {measured(high)}"


def _columns(ax: Axes, y: float, words: tuple[str, str, str], colour: str) -> None:
    """Three words at the right of a row, one under another from row to row."""
    for text, points, align in zip(words, _COLUMNS, ("right", "center", "right"), strict=True):
        cell = ax.annotate(text, (1, y), (points, 0), ax.get_yaxis_transform(), "offset points", va="center", fontsize=SMALL)
        cell.set(horizontalalignment=align, color=colour)


def _signed(value: float) -> str:
    """A percentage with its sign: one decimal, none from a hundred.

    >>> _signed(5.94), _signed(-110.3), _signed(0.01)
    ('+5.9', '−110', '0.0')
    """
    if abs(value) >= 99.95:
        return f"{'+' if value > 0 else ''}{measured(value)}"
    text = f"{value:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "−")


def _cell(ax: Axes, y: float, words: str, side: int, below: bool = False) -> None:
    """One of the two lines that stand at the left (-1) or right (1) of a row."""
    x, shift = (0.0, -9) if side < 0 else (1.0, 9)
    size = SMALL - 1 if below else TEXT if side < 0 else SMALL
    spot = (shift, -6.5 if below else 4.5)  # points
    cell = ax.annotate(words, (x, y), spot, ax.get_yaxis_transform(), "offset points", va="center", fontsize=size)
    cell.set(horizontalalignment="right" if side < 0 else "left", color=MUTED if below else INK)


def _named(metric: str) -> str:
    """A metric in words, with the group it is sliced by, if any.

    >>> _named("targeted_rate journalist"), _named("own_metric")
    ('people disclosed: journalists', 'own metric')
    """
    name, _, level = metric.partition(" ")
    group = " ".join(_GROUPS.get(level, spoken(level)).split())
    return _METRICS.get(name, spoken(name)) + (f": {group}" if level else "")


def _span(bounds: pd.DataFrame) -> tuple[float, float]:
    """The least and the largest number of a frame, zero among them."""
    if bounds.empty:
        return -1.0, 1.0
    return min(float(bounds.min().min()), 0.0), max(float(bounds.max().max()), 0.0)


def _change(ax: Axes, y: int, mid: float, start: float, stop: float) -> None:
    """One difference with its interval, and both in words beside it."""
    unsure = not (start > 0 or stop < 0)  # an interval without bounds tells nothing either
    colour = MUTED if unsure else PALETTE[0]
    ax.plot([start, stop], [y, y], color=colour, lw=2.2, marker="|", ms=9, mew=1.6, solid_capstyle="butt", zorder=2)
    ax.plot([mid], [y], "o", color=colour, mfc="white" if unsure else colour, ms=6, mew=1.6, zorder=3)
    band = "  (no range)" if np.isnan(start) else f"  ({_signed(start)} to {_signed(stop)})"
    _cell(ax, y, f"{_signed(mid)}{THIN}%{band}", 1)


def headline(frame: pd.DataFrame, ax: Axes, *, fewest: int = FEWEST) -> Axes:
    """Paired differences between two scenarios, each in per cent of its baseline: a forest plot.

    ``frame``: ``metric, difference, low, high, unit, events``; the three numbers are percentages of the baseline's value,
    or in the metric's own unit where a further column ``baseline`` tells that value. Fewer than ``fewest`` events: no
    number. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, _CHANGE)
    if table.empty or not (table["events"] > 0).any():
        return nothing(ax)
    if "baseline" in frame.columns:
        base = frame["baseline"].to_numpy(float)[:, None]
        table[_ENDS] = 100 * table[_ENDS].to_numpy(float) / np.where(base == 0, np.nan, base)
    shown = (table["events"] >= fewest) & table["difference"].notna()
    low, high = _span(table.loc[shown, _ENDS])
    room = 0.08 * (high - low or 1.0)
    metrics = distinct(table["metric"])
    named = short_names(metrics, {metric: _named(metric) for metric in metrics})
    right = ax.get_yaxis_transform()
    for y, (row, kept) in enumerate(zip(table.itertuples(), shown, strict=True)):
        _cell(ax, y, named[str(row.metric)], -1)
        _cell(ax, y, shortened(str(row.unit), _UNIT), -1, below=True)
        events = cast(int, row.events)
        if not kept:
            words = f"<{fewest} events" if events < fewest else "no baseline"
            ax.text(1.02, y, words, transform=right, va="center", color=MUTED, fontsize=SMALL)
            continue
        _change(ax, y, cast(float, row.difference), cast(float, row.low), cast(float, row.high))
        _cell(ax, y, f"{thousands(events)} {_BEHIND.get(str(row.metric), 'events')}", 1, below=True)
    ax.axvline(0, color=INK, lw=1.0, zorder=1)
    ax.set(xlim=(low - room, high + room), ylim=(len(table) - 0.4, -0.6), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    ax.set_xlabel("change against the baseline scenario (% of its value)")
    add_note(ax, "Dot: mean of the paired differences; line: range over worlds; open and grey where the range holds zero.")
    return ax
