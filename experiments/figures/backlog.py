"""How long the queues are: months of capacity that wait, over time, with their range over worlds; a panel an authority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.dates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.figures.style import (
    PALE,
    SMALL,
    TEXT,
    add_note,
    folded,
    legend_columns,
    nothing,
    present,
    scenario_colours,
    scenarios_by_name,
    short_names,
)
from experiments.text import distinct, thousands

_DATES: Any = matplotlib.dates  # its functions carry no types
Dash = str | tuple[int, tuple[float, ...]]
_DASHES: tuple[Dash, ...] = ("solid", (0, (4, 1.6)), (0, (1.2, 1.4)), (0, (6, 1.5, 1.2, 1.5)))
_SUMMARIES = {
    "median": "the median authority",
    "mean": "mean over authorities",
    "q90": "authority with a longer queue than nine in ten",
    "90th percentile": "authority with a longer queue than nine in ten",
}
_NEAR = 0.004  # of the axes' height: nearer lines look like one
_GAP, _ABOVE = 0.05, 0.14  # between panels and above them, in parts of the axes
_COLUMNS = 4  # panels side by side
_TITLE = 26  # letters of a line of a panel's title
_BAND = 0.22  # opacity
_ROOM = 1.08  # of the largest value that the axis spans
_LEAST = 1e-3  # months: a queue that is never longer is none


def backlog(
    frame: pd.DataFrame,
    ax: Axes,
    *,
    opens: str | pd.Timestamp | None = None,
    closes: str | pd.Timestamp | None = None,
    names: Mapping[str, str] | None = None,
    baseline: str = "",
) -> Axes:
    """Backlog in months of capacity over time: a panel a quantity, a line and a band a scenario.

    ``frame``: ``date, scenario, quantity, low, high, worlds, months``: the mean over worlds with the range over them, missing for
    one world. ``opens`` and ``closes`` are the window's first day and the day after its last; the run-in before and the run-out
    after it are shaded. ``names`` turns codes into names; ``baseline`` is drawn in grey. A quantity that is never above zero has
    no panel and is named below. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, ["date", "scenario", "quantity", "low", "high", "worlds", "months"])
    table = table[table["months"].notna()]
    if table.empty:
        return nothing(ax)
    table["date"] = pd.to_datetime(table["date"])
    scenarios = sorted(scenarios_by_name(table), key=lambda name: name == baseline)
    quantities = distinct(table["quantity"])
    said = short_names(quantities, {name: name for name in quantities} | dict(names or {}) | _SUMMARIES, 2 * _TITLE)
    spelt, colours = short_names(scenarios, names), scenario_colours(scenarios, baseline)
    dashes = {name: _DASHES[rank % len(_DASHES)] for rank, name in enumerate(scenarios)}
    longest = table.groupby("quantity")["months"].max()
    waiting = [name for name in quantities if longest[name] > _LEAST]
    shown = waiting or quantities[:1]
    ax.set_axis_off()
    top = max(_ROOM * float(table.loc[table["quantity"].isin(shown), ["months", "high"]].max().max()), _LEAST)
    columns, rows = min(len(shown), _COLUMNS), -(-len(shown) // _COLUMNS)
    width = (1.0 - _GAP * (columns - 1)) / columns
    height = (1.0 - 2 * _ABOVE * (rows - 1)) / rows
    for place, name in enumerate(shown):
        row, column = divmod(place, columns)
        inner = ax.inset_axes((column * (width + _GAP), 1.0 - height - row * (height + 2 * _ABOVE), width, height))
        own = table[table["quantity"] == name]
        for scenario, dash in dashes.items():
            line = own[own["scenario"] == scenario].sort_values("date")
            _line(inner, line, colours[scenario], dash, f"{name}, {scenario}")
        _dress(inner, own, top, said[name], (opens, closes), first=column == 0)
    _legend(ax, [f"{spelt[name]}{' (baseline)' if name == baseline else ''}" for name in scenarios], list(dashes.values()), colours)
    same = [name for name in shown if len(scenarios) > 1 and _coincide(table[table["quantity"] == name], top)]
    add_note(ax, _explained(table, said, same, [name for name in quantities if name not in waiting]))
    return ax


def _line(inner: Axes, line: pd.DataFrame, colour: str, dash: Dash, label: str) -> None:
    """A scenario's line in its band."""
    if line.empty:
        return
    dates = _DATES.date2num(line["date"])
    low, high = line["low"].to_numpy(float), line["high"].to_numpy(float)
    if not np.isnan([low, high]).any():
        inner.fill_between(dates, low, high, color=colour, alpha=_BAND, lw=0, zorder=1).set_gid(label)
    inner.plot(dates, line["months"], color=colour, ls=dash, lw=1.7, label=label, zorder=3)


def _dress(
    inner: Axes, own: pd.DataFrame, top: float, title: str, window: tuple[str | pd.Timestamp | None, ...], first: bool
) -> None:  # fmt: skip
    """Axes, title and phases of a panel."""
    start, stop = float(_DATES.date2num(own["date"].min())), float(_DATES.date2num(own["date"].max()))
    inner.set(xlim=(start, stop if stop > start else start + 1.0), ylim=(0, top))
    _phases(inner, start, stop, *window)
    inner.set_title("\n".join(folded(title, _TITLE)), loc="left", fontsize=TEXT, fontweight="bold")
    locator = _DATES.AutoDateLocator(minticks=2, maxticks=5)
    inner.xaxis.set_major_locator(locator)
    inner.xaxis.set_major_formatter(_DATES.DateFormatter("%Y"))
    inner.tick_params(labelsize=SMALL)
    inner.grid(axis="y", color=PALE)
    inner.set_yticks([tick for tick in inner.get_yticks() if 0 <= tick <= top])
    if first:
        inner.set_ylabel("months of work that wait", fontsize=TEXT)
    else:
        inner.set_yticklabels([])


def _legend(ax: Axes, words: Sequence[str], dashes: Sequence[Dash], colours: Mapping[str, str]) -> None:
    """Which colour and dashes stand for which scenario, above the panels."""
    handles = [Line2D([], [], color=colour, ls=dash, lw=1.7) for colour, dash in zip(colours.values(), dashes, strict=True)]
    ax.legend(handles, words, loc="lower left", bbox_to_anchor=(0, 1.0 + _ABOVE), ncols=legend_columns(words), handlelength=3)


def _coincide(lines: pd.DataFrame, top: float) -> bool:
    """Whether the lines of all scenarios are too near to be told apart."""
    spread = lines.groupby("date")["months"].agg(["min", "max"])
    return bool((spread["max"] - spread["min"]).max() <= _NEAR * top)


def _explained(table: pd.DataFrame, said: Mapping[str, str], same: Sequence[str], never: Sequence[str]) -> str:
    """What lines and bands are, which coincide, and which quantities are never above zero."""
    worlds, plain = int(table["worlds"].max()), {name: " ".join(words.split()) for name, words in said.items()}
    words = ["Hours of all files that wait, over the hours that the authority works in a month. Line: mean over worlds."]
    if table["low"].notna().any():
        words.append(f"Band: range over {thousands(worlds)} worlds.")
    words.append("Grey ground: months before and after the window, which are not counted.")
    if same:
        words.append(f"Lines coincide for: {', '.join(plain[name] for name in same)}.")
    if never:
        words.append(f"Never above zero, so not drawn: {', '.join(plain[name] for name in never)}.")
    if "median" in never:
        words.append(
            "At least half of all authorities have no file waiting at the end of any month: the queues are those of a few."
        )
    return " ".join(words)


def _phases(inner: Axes, first: float, last: float, opens: str | pd.Timestamp | None, closes: str | pd.Timestamp | None) -> None:
    """Shade what lies before and after the window."""
    start = first if opens is None else float(np.clip(_DATES.date2num(pd.Timestamp(opens)), first, last))
    stop = last if closes is None else float(np.clip(_DATES.date2num(pd.Timestamp(closes)), first, last))
    for low, high, words in ((first, start, "run-in"), (stop, last, "run-out")):
        if high > low:
            inner.axvspan(low, high, color=PALE, lw=0, zorder=0).set_gid(words)
