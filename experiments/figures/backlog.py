"""How long the queues are: months of capacity that wait, over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.dates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.figures.style import (
    INK,
    MUTED,
    PALE,
    PALETTE,
    SMALL,
    TEXT,
    apart,
    legend_columns,
    note,
    nothing,
    present,
    scenarios_of,
    short_names,
)
from experiments.text import in_order

_DATES: Any = matplotlib.dates  # its functions carry no types
_DASHES = ("solid", (0, (4, 1.6)), (0, (1.2, 1.4)), (0, (6, 1.5, 1.2, 1.5)))
_SUMMARIES = {
    "median": ("median authority", INK),
    "mean": ("mean authority", INK),
    "q90": ("90th percentile", MUTED),
    "90th percentile": ("90th percentile", MUTED),
}
_NEAR = 0.004  # of the axes' height: nearer lines look like one
_LINE = 0.046  # of the axes' height: what a label needs


def backlog(
    frame: pd.DataFrame,
    ax: Axes,
    *,
    opens: str | pd.Timestamp | None = None,
    closes: str | pd.Timestamp | None = None,
    names: Mapping[str, str] | None = None,
) -> Axes:
    """Backlog in months of capacity over time: a line a quantity (colour) and scenario (dashes).

    ``frame``: ``date, scenario, quantity, months``. ``opens`` and ``closes`` are the window's first day and the day after
    its last; the run-in before and the run-out after it are shaded. ``names`` turns codes into names. Raises ``ValueError``
    for a missing column.
    """
    table = present(frame, ["date", "scenario", "quantity", "months"]).dropna()
    if table.empty:
        return nothing(ax)
    table["date"] = pd.to_datetime(table["date"])
    scenarios, quantities = scenarios_of(table), in_order(table["quantity"])
    told = {name: name for name in quantities} | {name: words for name, (words, _) in _SUMMARIES.items()} | dict(names or {})
    said, spelt = short_names(quantities, told), short_names(scenarios)
    states = [name for name in quantities if name not in _SUMMARIES]
    colours = {name: PALETTE[rank % len(PALETTE)] for rank, name in enumerate(states)}
    colours |= {name: colour for name, (_, colour) in _SUMMARIES.items()}
    ends: dict[str, float] = {}
    for quantity in quantities:
        for rank, scenario in enumerate(scenarios):
            line = table[(table["quantity"] == quantity) & (table["scenario"] == scenario)].sort_values("date")
            if line.empty:
                continue
            dashes = _DASHES[rank % len(_DASHES)]
            ax.plot(
                _DATES.date2num(line["date"]),
                line["months"],
                color=colours[quantity],
                ls=dashes,
                lw=1.7,
                label=f"{quantity}, {scenario}",
            )
            ends.setdefault(quantity, float(line["months"].iloc[-1]))
    first, last = (float(_DATES.date2num(edge)) for edge in (table["date"].min(), table["date"].max()))
    top = max(1.08 * float(table["months"].max()), 1e-3)
    ax.set(xlim=(first, last), ylim=(0, top))
    _phases(ax, first, last, opens, closes)
    places = apart(list(ends.values()), _LINE * top)
    places = places + max(0.0, 0.4 * _LINE * top - float(places.min()))
    for (quantity, value), place in zip(ends.items(), places, strict=True):
        path = [1.0, 1.012, 1.022], [value, place, place]
        ax.plot(*path, transform=ax.get_yaxis_transform(), color=colours[quantity], lw=0.8, clip_on=False)
        words = said[quantity]
        ax.text(1.026, place, words, transform=ax.get_yaxis_transform(), va="center", color=colours[quantity], fontsize=TEXT)
    locator = _DATES.AutoDateLocator(minticks=5, maxticks=11)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(_DATES.ConciseDateFormatter(locator))
    ax.set_ylabel("backlog (months of the authority's capacity)")
    ax.grid(axis="y")
    if len(scenarios) > 1:
        columns = legend_columns(spelt.values())
        handles = [Line2D([], [], color=INK, ls=_DASHES[i % len(_DASHES)], lw=1.7) for i in range(len(scenarios))]
        ax.legend(
            handles,
            list(spelt.values()),
            loc="lower left",
            bbox_to_anchor=(0, 1.03),
            ncols=columns,
            handlelength=3,
        )
    same = [said[name] for name in quantities if _coincide(table[table["quantity"] == name], top)]
    overlap = f" The scenarios coincide for: {', '.join(same)}." if same and len(scenarios) > 1 else ""
    note(ax, f"Expected hours of the files waiting over an authority's hours in a month; percentiles over authorities.{overlap}")
    return ax


def _coincide(lines: pd.DataFrame, top: float) -> bool:
    """Whether the lines of all scenarios are too near to be told apart."""
    spread = lines.groupby("date")["months"].agg(["min", "max"])
    return bool((spread["max"] - spread["min"]).max() <= _NEAR * top)


def _phases(ax: Axes, first: float, last: float, opens: str | pd.Timestamp | None, closes: str | pd.Timestamp | None) -> None:
    """Shade what lies before and after the window, and name the three."""
    start = first if opens is None else float(np.clip(_DATES.date2num(pd.Timestamp(opens)), first, last))
    stop = last if closes is None else float(np.clip(_DATES.date2num(pd.Timestamp(closes)), first, last))
    for low, high, words in ((first, start, "run-in, not counted"), (start, stop, "window"), (stop, last, "run-out, not counted")):
        if high <= low or (opens is None and closes is None):
            continue
        if words != "window":
            ax.axvspan(low, high, color=PALE, lw=0, zorder=0)
        ax.text(
            (low + high) / 2, 1.01, words, transform=ax.get_xaxis_transform(), ha="center", va="bottom", color=MUTED, fontsize=SMALL
        )
