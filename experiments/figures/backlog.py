"""How long the queues are: months of capacity that wait, over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    add_note,
    legend_columns,
    nothing,
    present,
    scenarios_by_name,
    short_names,
    spaced_apart,
)
from experiments.text import distinct

_DATES: Any = matplotlib.dates  # its functions carry no types
Dash = str | tuple[int, tuple[float, ...]]
_DASHES: tuple[Dash, ...] = ("solid", (0, (4, 1.6)), (0, (1.2, 1.4)), (0, (6, 1.5, 1.2, 1.5)))
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
    scenarios, quantities = scenarios_by_name(table), distinct(table["quantity"])
    told = {name: name for name in quantities} | {name: words for name, (words, _) in _SUMMARIES.items()} | dict(names or {})
    said, spelt, colours = short_names(quantities, told), short_names(scenarios), _colours(quantities)
    dashes = {name: _DASHES[rank % len(_DASHES)] for rank, name in enumerate(scenarios)}
    ends = _lines(ax, table, colours, dashes)
    first, last = float(_DATES.date2num(table["date"].min())), float(_DATES.date2num(table["date"].max()))
    top = max(1.08 * float(table["months"].max()), 1e-3)
    ax.set(xlim=(first, last), ylim=(0, top))
    _phases(ax, first, last, opens, closes)
    _name_lines(ax, ends, said, colours, top)
    locator = _DATES.AutoDateLocator(minticks=5, maxticks=11)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(_DATES.ConciseDateFormatter(locator))
    ax.set_ylabel("backlog (months of the authority's capacity)")
    ax.grid(axis="y")
    overlap = ""
    if len(scenarios) > 1:
        _legend(ax, spelt, dashes)
        same = [said[name] for name in quantities if _coincide(table[table["quantity"] == name], top)]
        overlap = f" The scenarios coincide for: {', '.join(same)}." if same else ""
    add_note(
        ax, f"Expected hours of the files waiting over an authority's hours in a month; percentiles over authorities.{overlap}"
    )
    return ax


def _colours(quantities: Sequence[str]) -> dict[str, str]:
    """A colour for each quantity: summaries over authorities have their own, states take turns with the palette."""
    states = [name for name in quantities if name not in _SUMMARIES]
    colours = {name: PALETTE[rank % len(PALETTE)] for rank, name in enumerate(states)}
    return colours | {name: colour for name, (_, colour) in _SUMMARIES.items()}


def _legend(ax: Axes, spelt: Mapping[str, str], dashes: Mapping[str, Dash]) -> None:
    """Which dashes stand for which scenario, above the axes."""
    handles = [Line2D([], [], color=INK, ls=dash, lw=1.7) for dash in dashes.values()]
    columns = legend_columns(spelt.values())
    ax.legend(handles, list(spelt.values()), loc="lower left", bbox_to_anchor=(0, 1.03), ncols=columns, handlelength=3)


def _lines(ax: Axes, table: pd.DataFrame, colours: Mapping[str, str], dashes: Mapping[str, Dash]) -> dict[str, float]:
    """A line a quantity and scenario; returns where the first line of each quantity ends, in months."""
    ends: dict[str, float] = {}
    for quantity in distinct(table["quantity"]):
        for scenario, dash in dashes.items():
            line = table[(table["quantity"] == quantity) & (table["scenario"] == scenario)].sort_values("date")
            if line.empty:
                continue
            dates, label = _DATES.date2num(line["date"]), f"{quantity}, {scenario}"
            ax.plot(dates, line["months"], color=colours[quantity], ls=dash, lw=1.7, label=label)
            ends.setdefault(quantity, float(line["months"].iloc[-1]))
    return ends


def _name_lines(ax: Axes, ends: Mapping[str, float], said: Mapping[str, str], colours: Mapping[str, str], top: float) -> None:
    """The name of each quantity to the right of the axes, as near to the end of its line as others leave room."""
    places = spaced_apart(list(ends.values()), _LINE * top)
    places = places + max(0.0, 0.4 * _LINE * top - float(places.min()))
    beside = ax.get_yaxis_transform()
    for (quantity, value), place in zip(ends.items(), places, strict=True):
        ax.plot([1.0, 1.012, 1.022], [value, place, place], transform=beside, color=colours[quantity], lw=0.8, clip_on=False)
        ax.text(1.026, place, said[quantity], transform=beside, va="center", color=colours[quantity], fontsize=TEXT)


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
