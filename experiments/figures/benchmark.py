"""How fast it is: what a request costs as bars on a logarithmic axis, and how the time grows as panels of straight lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import NullFormatter

from experiments.figures.style import (
    BASE,
    INK,
    LONG,
    MUTED,
    PALE,
    PALETTE,
    SMALL,
    TEXT,
    add_note,
    nothing,
    present,
    short_names,
    shortened,
)
from experiments.text import distinct, measured, unknown

COSTS = ["label", "part", "ns", "low", "high"]
SCALES = ["scale", "x", "stage", "seconds", "low", "high", "slope", "slope_low", "slope_high"]
_THICK = 0.62  # of a row that a bar takes
_ACROSS = 2  # panels in a row
_LEFT, _WIDTH, _HEIGHT = (0.02, 0.56), 0.44, 0.34  # of the axes: where panels begin, and their size
_LOW = (0.58, 0.06)  # of the axes: where rows of panels begin, from the top
_ROOM = 4.0  # times the greatest time, so that words stand over the lines
_STAGE = 22  # letters of a stage
_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns"))


def costs(frame: pd.DataFrame, ax: Axes) -> Axes:
    """A bar a row, nanoseconds on a logarithmic axis, with the least and the greatest repeat as a thin line.

    ``frame``: ``label, part, ns, low, high``, in the order of drawing; a part has a colour. Raises ``ValueError`` for a missing
    column.
    """
    table = present(frame, COSTS)
    table = table[table["ns"].notna()]
    if table.empty:
        return nothing(ax)
    rows, parts = table.to_dict("records"), distinct(table["part"])
    colours = dict(zip(parts, (PALETTE[k % len(PALETTE)] for k in range(len(parts))), strict=True))
    least, most = float(table["low"].min()), float(table["high"].max())
    first, last = 10.0 ** np.floor(np.log10(least) - 0.2), 10.0 ** np.ceil(np.log10(most) + 0.05)
    said = short_names([f"{place}" for place in range(len(rows))], {f"{k}": str(row["label"]) for k, row in enumerate(rows)}, LONG)
    ax.set_xscale("log")
    ax.set(xlim=(first, last), ylim=(len(rows) - 0.4, -0.6), yticks=range(len(rows)))
    ax.set_yticklabels(list(said.values()), fontsize=SMALL)
    ax.grid(axis="x", color=PALE)
    ax.tick_params(axis="x", labelsize=SMALL)
    ax.xaxis.set_minor_formatter(NullFormatter())
    ticks = 10.0 ** np.arange(np.log10(first), np.log10(last) + 0.5)
    ax.set_xticks(ticks, [_time(float(tick)) for tick in ticks])
    ax.set_xlabel("time a formal request, logarithmic", fontsize=TEXT)
    for y, row in enumerate(rows):
        ns, low, high = (float(row[name]) for name in ("ns", "low", "high"))
        ax.barh(y, ns - first, _THICK, left=first, color=colours[str(row["part"])], zorder=2, gid=str(row["label"]))
        ax.plot([low, high], [y, y], color=INK, lw=1.4, zorder=3, gid="spread")
        word = ax.text(1.01, y, _time(ns), transform=ax.get_yaxis_transform(), ha="left", va="center_baseline", fontsize=SMALL)
        word.set_color(INK)
    ax.legend(
        [Patch(color=colour) for colour in colours.values()], [shortened(part) for part in parts], loc="lower left",
        bbox_to_anchor=(0.0, 1.0), ncols=1 if len(parts) > _ACROSS else _ACROSS, fontsize=SMALL,
    )  # fmt: skip
    add_note(ax, "Bar: median of the repeats in this run; thin line: least to greatest repeat.")
    return ax


def _time(ns: float) -> str:
    """A time in nanoseconds, in the unit that suits it.

    >>> _time(17.0), _time(2500.0)
    ('17.0 ns', '2.50 µs')
    """
    size, unit = next(((size, unit) for size, unit in _UNITS if ns >= size), _UNITS[-1])
    value = ns / size
    return f"{value:g} {unit}" if float(np.log10(value)).is_integer() else f"{measured(value)} {unit}"


def scales(frame: pd.DataFrame, ax: Axes) -> Axes:
    """A panel a scale on logarithmic axes: seconds by size for each stage, with the exponent that was fitted and its interval.

    ``frame``: ``scale, x, stage, seconds, low, high, slope, slope_low, slope_high``. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, SCALES)
    table = table[table["seconds"].notna()]
    if table.empty:
        return nothing(ax)
    ax.set_axis_off()
    for place, scale in enumerate(distinct(table["scale"])[: _ACROSS * len(_LOW)]):
        bounds = (_LEFT[place % _ACROSS], _LOW[place // _ACROSS], _WIDTH, _HEIGHT)
        _panel(ax.inset_axes(bounds), table[table["scale"].astype(str) == scale], scale)
    words = "Dot: median of the repeats, with the least and the greatest; words: fitted exponent (95 % interval over repeats)."
    add_note(ax, f"{words} An exponent of one is time in proportion.")
    return ax


def _panel(inner: Axes, rows: pd.DataFrame, scale: str) -> None:
    inner.set_xscale("log")
    inner.set_yscale("log")
    stages = distinct(rows["stage"])
    said = short_names(stages, most=_STAGE)
    x = rows["x"].to_numpy(float)
    low, high = float(rows["low"].min()), float(rows["high"].max())
    reach = _ROOM ** (1.0 + 0.4 * len(stages))
    inner.set(xlim=(x.min() / 1.3, x.max() * 1.3), ylim=(low / 1.5, high * reach))
    inner.grid(color=PALE)
    inner.tick_params(labelsize=SMALL)
    inner.xaxis.set_minor_formatter(NullFormatter())
    inner.yaxis.set_minor_formatter(NullFormatter())
    sizes = sorted(set(x))
    sizes = sizes if len(sizes) <= 3 else [sizes[0], sizes[len(sizes) // 2], sizes[-1]]
    inner.set_xticks(sizes, [_size(size) for size in sizes])
    ticks = [10.0**power for power in range(int(np.ceil(np.log10(low / 1.5))), int(np.floor(np.log10(high * reach))) + 1)]
    inner.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    inner.set_title(shortened(scale), loc="left", fontsize=TEXT, fontweight="bold")
    inner.set_ylabel("seconds", fontsize=SMALL, color=MUTED)
    for k, stage in enumerate(stages):
        colour = INK if k == len(stages) - 1 else PALETTE[k % len(PALETTE)] if k < len(PALETTE) else BASE
        own = rows[rows["stage"].astype(str) == stage].sort_values("x")
        inner.plot(own["x"], own["seconds"], "o-", color=colour, ms=4, lw=1.4, zorder=3)
        inner.vlines(own["x"], own["low"], own["high"], color=colour, lw=1.2, zorder=3)
        inner.text(0.03, 0.96 - 0.11 * k, f"{said[stage]}{_exponent(own.iloc[0])}", transform=inner.transAxes, va="top",
                   fontsize=SMALL, color=colour)  # fmt: skip


def _size(size: float) -> str:
    """A size with a letter for thousands and millions.

    >>> _size(193.0), _size(340091.0), _size(1e7)
    ('193', '340k', '10M')
    """
    value, unit = (size / 1e6, "M") if size >= 1e6 else (size / 1e3, "k") if size >= 1e4 else (size, "")
    return f"{value:.3g}{unit}" if unit else f"{value:g}"


def _exponent(row: pd.Series) -> str:
    if unknown(row["slope"]):
        return ""
    limits = "" if unknown(row["slope_low"]) else f" ({row['slope_low']:.2f} to {row['slope_high']:.2f})"
    return f": {row['slope']:.2f}{limits}".replace("-", "−")
