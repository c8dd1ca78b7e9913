"""Who is asked, and who gives: the requested states that matter most, scenario by scenario."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import cast

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

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
    scenarios_by_name,
    short_names,
)
from experiments.text import distinct, percent, thousands

_OTHERS = "all others"
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
) -> Axes:
    """Shares of requested states, a block a purpose: the largest by name, the others together, a bar a scenario.

    ``frame``: ``scenario, requested, purpose, share, requests``, ``share`` in [0, 1] of all requests of that scenario and
    purpose. Fewer than ``fewest`` requests bear no share. ``unsigned`` lists codes to be marked as non-signatories, ``names``
    turns codes into names. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, ["scenario", "requested", "purpose", "share", "requests"])
    table = table[table["requests"] > 0]
    if table.empty:
        return nothing(ax)
    scenarios, purposes = scenarios_by_name(table), distinct(table["purpose"])
    states = distinct(table["requested"])
    said = short_names([*states, _OTHERS], {name: name for name in states} | dict(names or {}))
    spelt, titles = short_names(scenarios), short_names(purposes)
    y, ticks, most = 0.0, dict[float, str](), 0.0
    for purpose in purposes:
        part = table[table["purpose"] == purpose]
        ax.text(0, y, titles[purpose], transform=ax.get_yaxis_transform(), fontweight="bold", va="center", fontsize=TEXT)
        y += 1.0
        for state, rows in _rows(part, largest):
            ticks[y] = said[state] + (" *" if state in unsigned else "")
            most = max(most, _bars(ax, y, rows, scenarios, fewest, alpha=0.45 if state == _OTHERS else 1.0))
            y += 1.0
        y += _HEADING - 1.0
    ax.set(xlim=(0, max(1.16 * most, 1.0)), ylim=(y - _HEADING + 0.5, -0.6), yticks=list(ticks))
    ax.set_yticklabels(list(ticks.values()))
    ax.set_xlabel("% of all such requests (or disclosures) of the scenario")
    ax.grid(axis="x", color=PALE)
    columns = legend_columns(spelt.values())
    handles = [Patch(color=PALETTE[i % len(PALETTE)]) for i in range(len(scenarios))]
    ax.legend(handles, list(spelt.values()), loc="lower left", bbox_to_anchor=(0, 1.0), ncols=columns)
    star = " * has not signed the Convention." if any(label.endswith(" *") for label in ticks.values()) else ""
    add_note(
        ax,
        f"At most {largest} states a block, sorted by requests pooled over scenarios and runs; second number: their count.{star}",
    )
    return ax


def _bars(ax: Axes, y: float, rows: pd.DataFrame, scenarios: Sequence[str], fewest: int, alpha: float) -> float:
    """One state: a bar a scenario with its numbers, around ``y``; returns the largest share that is drawn, in per cent."""
    step, most = _BAND / len(scenarios), 0.0
    for row in rows.itertuples():
        rank = scenarios.index(str(row.scenario))
        place, share = y + (rank - (len(scenarios) - 1) / 2) * step, 100 * cast(float, row.share)
        number = cast(int, row.requests)
        words, spot, ink = f"<{fewest}", 0.0, MUTED
        if number >= fewest:
            bar = ax.barh(place, share, height=0.9 * step, color=PALETTE[rank % len(PALETTE)], zorder=2)
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
