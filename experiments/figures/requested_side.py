"""Which states are asked for evidence and which hand it over: the requested states that matter most, scenario by scenario."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import cast

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from experiments.figures.style import (
    FEWEST,
    INK,
    MUTED,
    PALE,
    SMALL,
    TEXT,
    add_note,
    legend_columns,
    nothing,
    present,
    scenario_colours,
    scenarios_by_name,
    short_names,
)
from experiments.text import distinct, percent, thousands

_OTHERS = "all others"
_PURPOSES = {  # in this order, with what each block shows
    "abusive requests": "who receives abusive requests (about people at risk)",
    "abusive disclosures": "who hands over data of people at risk",
    "legitimate requests": "who receives legitimate requests (about crime)",
}
_TITLE = 64  # letters of a block's heading
_BAND = 0.8  # of a state's row that its bars share
_HEADING = 1.5  # rows that a heading takes


def requested_side(
    frame: pd.DataFrame,
    ax: Axes,
    *,
    largest: int = 10,
    fewest: int = FEWEST,
    names: Mapping[str, str] | None = None,
    unsigned: Collection[str] = (),
    baseline: str = "",
) -> Axes:
    """Shares of requested states, a block a purpose: the largest by name, the others together, a bar a scenario.

    ``frame``: ``scenario, requested, purpose, share, requests``, ``share`` in [0, 1] of all requests of that scenario and
    purpose. Fewer than ``fewest`` requests bear no share. ``unsigned`` lists codes to be marked as non-signatories, ``names``
    turns codes into names; the bars of ``baseline`` are grey. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, ["scenario", "requested", "purpose", "share", "requests"])
    table = table[table["requests"] > 0]
    if table.empty:
        return nothing(ax)
    scenarios = sorted(scenarios_by_name(table), key=lambda name: name == baseline)
    purposes = sorted(distinct(table["purpose"]), key=lambda name: [*_PURPOSES, name].index(name))
    colours = scenario_colours(scenarios, baseline)
    states = distinct(table["requested"])
    said = short_names([*states, _OTHERS], {name: name for name in states} | dict(names or {}))
    spelt, titles = short_names(scenarios, names), short_names(purposes, _PURPOSES, _TITLE)
    y, ticks, most = 0.0, dict[float, str](), 0.0
    for purpose in purposes:
        part = table[table["purpose"] == purpose]
        ax.text(0, y, titles[purpose], transform=ax.get_yaxis_transform(), fontweight="bold", va="center", fontsize=TEXT)
        y += 1.0
        for state, rows in _rows(part, largest):
            ticks[y] = said[state] + (" *" if state in unsigned else "")
            most = max(most, _bars(ax, y, rows, colours, fewest, alpha=0.55 if state == _OTHERS else 1.0))
            y += 1.0
        y += _HEADING - 1.0
    ax.set(xlim=(0, max(1.16 * most, 1.0)), ylim=(y - _HEADING + 0.5, -0.6), yticks=list(ticks))
    ax.set_yticklabels(list(ticks.values()))
    ax.set_xlabel("share of all such requests or disclosures of the scenario, %")
    ax.grid(axis="x", color=PALE)
    columns = legend_columns(spelt.values())
    handles = [Patch(color=colours[name]) for name in scenarios]
    words = [f"{spelt[name]}{' (baseline)' if name == baseline else ''}" for name in scenarios]
    ax.legend(handles, words, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=columns)
    star = " * has not signed the Convention." if any(label.endswith(" *") for label in ticks.values()) else ""
    add_note(
        ax,
        f"The {largest} largest states of each block, sorted by count. Beside each bar: share, then the number of requests or "
        f"disclosures, all runs together. Shares of one block and scenario add up to 100 %.{star}",
    )
    return ax


def _bars(ax: Axes, y: float, rows: pd.DataFrame, colours: Mapping[str, str], fewest: int, alpha: float) -> float:
    """One state: a bar a scenario with its numbers, around ``y``; returns the largest share that is drawn, in per cent."""
    scenarios = list(colours)
    step, most = _BAND / len(scenarios), 0.0
    for row in rows.itertuples():
        rank = scenarios.index(str(row.scenario))
        place, share = y + (rank - (len(scenarios) - 1) / 2) * step, 100 * cast(float, row.share)
        number = cast(int, row.requests)
        words, spot, ink = f"<{fewest}", 0.0, MUTED
        if number >= fewest:
            bar = ax.barh(place, share, height=0.9 * step, color=colours[scenarios[rank]], zorder=2)
            bar[0].set_alpha(alpha)
            most = max(most, share)
            words, spot, ink = f"{percent(share / 100)}   {thousands(number)}", share, INK
        ax.annotate(
            words, (spot, place), (4, 0), textcoords="offset points", va="center_baseline", fontsize=SMALL - 1, color=ink
        )  # fmt: skip
    return most


def _rows(part: pd.DataFrame, largest: int) -> list[tuple[str, pd.DataFrame]]:
    """The largest states with a row a scenario, and the others summed."""
    sums = part.groupby("requested")["requests"].sum()
    ranked = sorted(sums.index, key=lambda state: (-sums[state], str(state)))
    top = ranked[:largest]
    out = [(str(state), part[part["requested"] == state]) for state in top]
    if len(ranked) > len(top):
        rest = part[~part["requested"].isin(top)].groupby("scenario", sort=False)[["share", "requests"]].sum().reset_index()
        out.append((_OTHERS, rest))
    return out
