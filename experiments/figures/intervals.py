"""Estimates with their ranges: rates by group of one scenario, and paired changes of two."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.analysis.ranges import mostly_chance
from experiments.figures.style import (
    BETTER,
    FEWEST,
    INK,
    MUTED,
    PALE,
    PALETTE,
    SMALL,
    TEXT,
    WORSE,
    add_note,
    legend_columns,
    nothing,
    present,
    runs_behind,
    scenarios_by_name,
    short_names,
    shortened,
    usual,
)
from experiments.figures.words import GROUPS, named
from experiments.statistics import DOWN, FEWEST_WORLDS, UP, verdict_of
from experiments.text import THIN, Row, band, distinct, measured, thousands
from sim.arrays import Reals
from sim.metrics import WANTED

_BAND = 0.68  # of a group's row that its scenarios share
_UNIT = 56  # letters of a unit, with the value that it is of
_ROOM = 1.12  # of the largest value that the axis spans
_COLUMNS = (30, 70, 136)  # points right of the axes: rate, range, events
_WORDS = 9  # points from the axes to the words beside them
_BEHIND = {"backlog_months": "months"}  # what stands behind a number, where it is no event
_TARGETED = "targeted_rate"
_RATE = ["scenario", "group", "mean", "low", "high", "runs", "events", "chance_share"]
_ENDS = ["world_low", "world_high", "error_low", "error_high"]
_PAIRED = ["difference", *_ENDS]
_CHANGE = ["metric", *_PAIRED, "agreeing", "worlds", "chance_share", "unit", "events", "beside"]
_LEVELS = ["group", "baseline", "value", *_PAIRED, "agreeing", "worlds", "chance_share", "events_baseline", "events"]
_THIN_LINE, _THICK = 1.4, 5.0  # points: range over worlds, simulation error
_BESIDE = {"follows": "… where states hire with the load"}  # of a row under that of the same estimand
_STARRED = "*: luck is more than half of what tells worlds apart (mostly chance)."
_FOLD = 2.5  # a range that reaches so many times further than nearly all others ends at an arrow


def targeted_rate(frame: pd.DataFrame, ax: Axes, *, fewest: int = FEWEST) -> Axes:
    """People whose data were disclosed, per 100 000 at risk a year: a dot and a range for each group and scenario.

    ``frame``: ``scenario, group, mean, low, high, runs, events, chance_share``, ``low`` and ``high`` the range over worlds. A cell
    with fewer than ``fewest`` pooled events is an open marker on the axis with the words "<10 events", never a rate. Raises
    ``ValueError`` for a missing column.
    """
    table = present(frame, _RATE)
    if table.empty or not (table["events"] > 0).any():
        return nothing(ax)
    scenarios, groups = scenarios_by_name(table), distinct(table["group"])
    said, spelt = short_names(groups, GROUPS), short_names(scenarios)
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
        star = " *" if mostly_chance({"chance_share": row.chance_share}) else ""
        spread = "no range" if np.isnan(low) else f"{measured(low)} to {measured(high)}{star}"
        _columns(ax, y, (measured(mean), spread, thousands(cast(int, row.events))), INK)
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
    chance = f" {_STARRED}" if any(mostly_chance(row) for row in shown.to_dict("records")) else ""
    few = f" Open marker: fewer than {fewest} events pooled, no rate shown." if len(shown) < len(table) else ""
    add_note(ax, f"Dot: mean over {runs_behind(table)}; line: range over worlds; events pooled.{chance}{few}")
    return ax


def _columns(ax: Axes, y: float, words: tuple[str, str, str], colour: str) -> None:
    """Three words at the right of a row, one under another from row to row."""
    for text, points, align in zip(words, _COLUMNS, ("right", "center", "right"), strict=True):
        cell = ax.annotate(text, (1, y), (points, 0), ax.get_yaxis_transform(), "offset points", va="center", fontsize=SMALL)
        cell.set(horizontalalignment=align, color=colour)


def _cell(ax: Axes, y: float, words: str, side: int, below: bool = False) -> None:
    """One of the two lines that stand at the left (-1) or right (1) of a row."""
    x, shift = (0.0, -_WORDS) if side < 0 else (1.0, _WORDS)
    size = SMALL - 1 if below else TEXT if side < 0 else SMALL
    spot = (shift, -6.5 if below else 4.5)  # points
    cell = ax.annotate(words, (x, y), spot, ax.get_yaxis_transform(), "offset points", va="center", fontsize=size)
    cell.set(horizontalalignment="right" if side < 0 else "left", color=MUTED if below else INK)


class Span(NamedTuple):
    """Ends of an axis of changes; what lies beyond ends in an arrow."""

    low: float
    high: float


def _span(ends: Reals, means: Reals) -> Span:
    """An axis that shows zero, all ``means`` ``[R]`` and the ranges ``[R, E]`` but for those that would squash the others."""
    kept = ends[usual(ends, _FOLD)] if len(ends) else ends
    values = np.nan_to_num(np.concatenate([kept.ravel(), means, [0.0]]))
    low, high = float(values.min()), float(values.max())
    room = 0.08 * (high - low or 1.0)
    return Span(low - room, high + room)


def _change(ax: Axes, y: float, row: Row, metric: str, span: Span) -> None:
    """One change: its mean, simulation error thick, range over worlds thin; its colour says whether it is better for people."""
    low, high = row["world_low"], row["world_high"]
    sure = verdict_of(low, high, int(row["worlds"]), float(row["chance_share"])) in (DOWN, UP)
    colour = _colour(metric, row["difference"] > 0) if sure else MUTED
    ax.plot(
        np.clip([row["error_low"], row["error_high"]], *span), [y, y], color=colour, lw=_THICK, alpha=0.45, zorder=2, gid="error"
    )
    ax.plot(np.clip([low, high], *span), [y, y], color=colour, lw=_THIN_LINE, solid_capstyle="butt", zorder=2, gid="range")
    for end, marker in ((low, "<"), (high, ">")):
        beyond = end < span.low or end > span.high
        if not np.isnan(end):
            ax.plot(
                np.clip([end], *span), [y], marker if beyond else "|", color=colour, ms=6 if beyond else 9, mew=1.4, clip_on=False
            )
    ax.plot([row["difference"]], [y], "o", color=colour, mfc=colour if sure else "white", ms=6, mew=1.6, zorder=3)


def _colour(metric: str, rises: bool) -> str:
    """The colour of a change: better or worse for people, or neither where the estimand has no direction."""
    wanted = WANTED.get(metric.partition(" ")[0])
    return INK if wanted is None else BETTER if rises == (wanted == "up") else WORSE


def _told(row: Row) -> str:
    """A change with its range."""
    values = [float(row[name]) for name in ("difference", "world_low", "world_high")]
    middle, low, high = band(*values, decimals=1)
    return f"{middle}{THIN}%  ({f'{low} to {high}' if low and high else 'no range'})"


def _in_worlds(row: Row) -> str:
    """In how many worlds a change has the sign of its mean, and whether luck is more than half of what tells them apart."""
    return f"in {int(row['agreeing'])} of {int(row['worlds'])} worlds{', mostly chance' if mostly_chance(row) else ''}"


def _explained(table: pd.DataFrame) -> str:
    worlds = int(table["worlds"].max())
    few = f" Fewer than {FEWEST_WORLDS} worlds: too few for a verdict, so all are grey." if worlds < FEWEST_WORLDS else ""
    chance = ", or luck is more than half of its spread (mostly chance)" if table["chance_share"].notna().any() else ""
    paired = f"Each of {thousands(worlds)} worlds is paired with itself." if worlds > 1 else "One world: it has no range."
    return (
        f"{paired} Dot: mean; thin line: range over worlds; thick: simulation error of the mean (95 %); beside it the range and in "
        "how many worlds the sign is that of the mean. Orange: worse for people, blue: better, black: neither; open and grey: the "
        f"range holds zero{chance}.{few}"
    )


def _against(baseline: str) -> str:
    return f"change against “{shortened(baseline)}”, % of its value" if baseline else "change against the baseline, % of its value"


def _zero_and_axis(ax: Axes, span: Span, rows: int, baseline: str) -> None:
    ax.axvline(0, color=INK, lw=1.0, zorder=1)
    ax.set(xlim=span, ylim=(rows - 0.4, -0.6), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    ax.set_xlabel(_against(baseline))


def headline(frame: pd.DataFrame, ax: Axes, *, fewest: int = FEWEST, baseline: str = "") -> Axes:
    """Paired changes between two scenarios, each in per cent of its baseline, with their ranges over worlds.

    ``frame``: ``metric, difference, world_low, world_high, error_low, error_high, agreeing, worlds, chance_share, unit, events,
    beside``; the five numbers are percentages of the baseline's value, ``beside`` is the capacity of a row that stands under that
    of the same estimand, else empty. ``baseline`` is its name in words. Fewer than ``fewest`` events: no number. Raises
    ``ValueError`` for a missing column.
    """
    table = present(frame, _CHANGE)
    if table.empty or not (table["events"] > 0).any():
        return nothing(ax)
    shown = (table["events"] >= fewest) & table["difference"].notna()
    span = _span(table.loc[shown, _ENDS].to_numpy(float), table.loc[shown, "difference"].to_numpy(float))
    metrics = distinct(table["metric"])
    spelt = short_names(metrics, {metric: named(metric) for metric in metrics})
    right = ax.get_yaxis_transform()
    for y, (row, kept) in enumerate(zip(table.to_dict("records"), shown, strict=True)):
        _cell(ax, y, _BESIDE.get(str(row["beside"]), spelt[str(row["metric"])]), -1)
        if row["unit"]:
            _cell(ax, y, shortened(str(row["unit"]), _UNIT), -1, below=True)
        if not kept:
            words = f"<{fewest} events" if row["events"] < fewest else "no baseline"
            ax.text(1.02, y, words, transform=right, va="center", color=MUTED, fontsize=SMALL)
            continue
        _change(ax, y, row, str(row["metric"]), span)
        _cell(ax, y, _told(row), 1)
        counted = f"{thousands(row['events'])} {_BEHIND.get(str(row['metric']), 'events')}"
        _cell(ax, y, f"{_in_worlds(row)}; {counted}", 1, below=True)
    _zero_and_axis(ax, span, len(table), baseline)
    months_alone = bool(table["metric"].isin([*_BEHIND]).all())
    events = "" if months_alone else " Events: the fewer of the two scenarios', all runs together."
    add_note(ax, f"{_explained(table)}{events}")
    return ax


def targeted_change(
    frame: pd.DataFrame, ax: Axes, *, fewest: int = FEWEST, baseline: str = "", scenario: str = ""
) -> Axes:  # fmt: skip
    """What a scenario changes for each group: people disclosed a year, in per cent of the baseline, with both levels beside it.

    ``frame``: ``group, baseline, value, difference, world_low, world_high, error_low, error_high, agreeing, worlds,
    chance_share, events_baseline, events``; ``baseline`` and ``value`` are rates per 100 000 at risk a year, the five numbers after
    them percentages. Fewer than ``fewest`` events in either: no number. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, _LEVELS)
    if table.empty or not (table["events"] > 0).any():
        return nothing(ax)
    groups = distinct(table["group"])
    said = short_names(groups, GROUPS)
    shown = (table[["events_baseline", "events"]].min(axis=1) >= fewest) & table["difference"].notna()
    span = _span(table.loc[shown, _ENDS].to_numpy(float), table.loc[shown, "difference"].to_numpy(float))
    for y, (row, kept) in enumerate(zip(table.to_dict("records"), shown, strict=True)):
        ax.annotate(
            said[str(row["group"])], (0, y), (-_WORDS, 0), ax.get_yaxis_transform(), "offset points", va="center", ha="right"
        )
        if not kept:
            ax.text(1.02, y, f"<{fewest} events", transform=ax.get_yaxis_transform(), va="center", color=MUTED, fontsize=SMALL)
            continue
        _change(ax, y, row, _TARGETED, span)
        _cell(ax, y, _told(row), 1)
        events = f"{thousands(row['events_baseline'])} → {thousands(row['events'])} events"
        rates = f"{measured(row['baseline'])} → {measured(row['value'])} per 100{THIN}000; {events}; {_in_worlds(row)}"
        _cell(ax, y, rates, 1, below=True)
    _zero_and_axis(ax, span, len(table), baseline)
    sides = f"“{shortened(baseline)}” → “{shortened(scenario)}”"
    both = f"Beside each: people disclosed per 100 000 at risk a year in {sides}, and events, "
    add_note(ax, f"{_explained(table)} {both}all runs together." if baseline and scenario else _explained(table))
    return ax
