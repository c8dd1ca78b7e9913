"""What an outcome depends on: shares of its variance, distances between distributions, changes along a range, steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import PercentFormatter

from experiments.analysis.record import _LIMITS, CHANGES, DISTANCES, MORRIS_COLUMNS, SHARES
from experiments.figures.glyphs import wide
from experiments.figures.labels import MARK, AxesInPoints, Frame, name_marks
from experiments.figures.style import (
    FAINT,
    INK,
    LONG,
    MUTED,
    NAME_LETTERS,
    PALE,
    PALETTE,
    SMALL,
    add_note,
    edges,
    folded,
    nothing,
    present,
    short_names,
    shortened,
)
from experiments.statistics import FEWEST_WORLDS
from experiments.text import Row, alike, keyed, percent, unknown
from sim.arrays import Reals

_TOTAL, _FIRST, _NOISE = PALETTE[0], PALETTE[5], PALETTE[1]
_BAR = 0.36  # of a row: one of two bars
_APART = 0.09  # of a row: from the middle of a bar to either of its two whiskers
_AXES = (0.80, 0.66)  # of the page's width and height that the axes of the plane have at least
_SHARES = (-0.25, 1.25)  # shares that are drawn at most: none but an uncertain one lies beyond 0 and 1
_NUMBERS = 1.015  # of the axes' width: where the numbers begin
_DRAWS, _REPLICATES = (INK, 2.6), (INK, 0.9)  # colour and width, points, of the two whiskers
_CASING = 1.6  # points of white around a whisker: it must be seen on its bar
_USUAL, _LABEL = 38, 76  # letters of a key that leaves room for a label on one line, and of its lines otherwise
_ROOM = 1.08  # of the largest value: where the axes of the plane end
_FLATTEST = 0.3  # of the plane's width: its least height
_BELOW = 0.03  # of the plane's height: room under zero
_BOTH = "Thick line: simulation error (95 %) as the drawn points vary; thin line: as worlds and luck vary."
_UNTOLD = f"Grey: not told from nothing; under {FEWEST_WORLDS} worlds none is."


def sobol_bars(frame: pd.DataFrame, ax: Axes, *, largest: int = 20) -> Axes:
    """Sobol's total and first-order indices side by side, input by input, the largest total on top, with both intervals.

    ``frame``: ``factor, index`` (``ST`` or ``S1``), ``value``, ``draw_error_low`` and ``_high`` (as points vary), ``error_low`` and
    ``_high``, ``floor`` (what replicate noise would add, a share as the value), ``told``, a row an input and index. Inputs whose
    total is not told from nothing are grey. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, SHARES)
    totals = table[(table["index"] == "ST") & table["value"].notna()].sort_values("value", ascending=False, kind="stable")
    if totals.empty:
        return nothing(ax)
    shown = totals.head(largest)
    alone = {row["factor"]: row for row in table[table["index"] == "S1"].to_dict("records")}
    _rows(ax, list(_spelt(shown["factor"]).values()))
    noisy = bool((shown["floor"] > 0).any())
    for y, row in enumerate(shown.to_dict("records")):
        _bar(ax, y - _BAR / 2, row, _TOTAL)
        if row["factor"] in alone:
            _bar(ax, y + _BAR / 2, alone[row["factor"]] | {"told": row["told"]}, _FIRST)
        if row["floor"] > 0:
            ax.plot([row["floor"]] * 2, [y - _BAR, y], color=_NOISE, lw=2.0, zorder=4, gid="floor")
        _number(ax, y - _BAR / 2, percent(row["value"]))
        if row["factor"] in alone:
            _number(ax, y + _BAR / 2, percent(alone[row["factor"]]["value"]), MUTED)
    parts = table[table["factor"].isin(shown["factor"]) & table["index"].isin(["ST", "S1"])]
    bounds = parts[["value", *_LIMITS]].to_numpy(float)
    ax.set_xlim(*edges(np.clip(bounds, *_SHARES)))
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
    ax.axvline(0, color=INK, lw=1.0, zorder=3)
    ax.set_xlabel("share of the variance that the inputs make, %")
    keys: list[Artist] = [Patch(color=_TOTAL, label="alone and with others (ST)"), Patch(color=_FIRST, label="alone (S1)")]
    keys += [Line2D([], [], color=_NOISE, lw=2.0, label="replicate noise")] * noisy
    _legend(ax, keys)
    noise = "Orange: what replicate noise would have added to ST; the bars are free of it." if noisy else ""
    beyond = (
        "Lines end at the edge where they are longer." if (bounds != np.clip(bounds, *_SHARES))[np.isfinite(bounds)].any() else ""
    )
    add_note(ax, _sentences(_BOTH, noise, _UNTOLD, beyond, _left_out(len(totals), largest)))
    return ax


def pawn_bars(frame: pd.DataFrame, ax: Axes, *, largest: int = 20) -> Axes:
    """How far knowing each input moves the outcome's distribution (PAWN), the furthest on top, against dummy inputs.

    ``frame``: ``factor, value``, ``draw_error_low`` and ``_high`` (as draws vary), ``error_low`` and ``_high``, ``floor`` (what a
    dummy stays under in 95 of 100 cases), ``told``, a row an input. Raises ``ValueError`` for a missing column.
    """
    table = _ranked(present(frame, DISTANCES))
    if table.empty:
        return nothing(ax)
    shown = table.head(largest)
    _rows(ax, list(_spelt(shown["factor"]).values()))
    for y, row in enumerate(shown.to_dict("records")):
        _bar(ax, y, row, _TOTAL, 2 * _BAR)
        _number(ax, y, f"{row['value']:.2f}")
    floor = float(shown["floor"].max())
    ax.axvline(floor, color=_NOISE, lw=1.6, ls=(0, (4, 2)), zorder=4, gid="floor")
    ax.set_xlim(0.0, max(edges(shown[["value", *_LIMITS]].to_numpy(float))[1], floor * _ROOM))
    told = "distance between distributions of the outcome (Kolmogorov-Smirnov, median over parts of the range; at most 1)"
    long = max(map(wide, _spelt(shown["factor"]).values())) > _USUAL
    ax.set_xlabel("\n".join(folded(told, _LABEL)) if long else told)
    _legend(ax, [Line2D([], [], color=_NOISE, lw=1.6, ls=(0, (4, 2)), label="input without effect: 95 of 100 stay below")])
    add_note(ax, _sentences(_BOTH, _UNTOLD, _left_out(len(table), largest)))
    return ax


def tornado(frame: pd.DataFrame, ax: Axes, *, unit: str = "", bar: str = "", largest: int = 20) -> Axes:
    """Change of the outcome from the low to the high end of each input's range, the largest on top.

    ``frame``: ``factor, lowest, highest`` (what stands at the ends of the range, as text), ``change``, ``draw_error_low`` and
    ``_high`` (as draws vary), ``error_low`` and ``_high``, ``told``, a row an input. ``unit`` is the outcome's; ``bar`` says what a
    bar compares. Raises ``ValueError`` for a missing column.
    """
    table = _ranked(present(frame, CHANGES), "change")
    if table.empty:
        return nothing(ax)
    shown = table.head(largest).assign(value=lambda kept: kept["change"])
    rows, said = shown.to_dict("records"), _spelt(shown["factor"])
    ends = [[shortened(str(row[end]), NAME_LETTERS // 2) for end in ("lowest", "highest")] for row in rows]
    _rows(ax, [f"{said[row['factor']]}\n{low} → {high}" for row, (low, high) in zip(rows, ends, strict=True)])
    for y, (row, words) in enumerate(zip(rows, alike(shown["change"].to_list(), sign=True), strict=True)):
        _bar(ax, y, row, _TOTAL, 2 * _BAR)
        _number(ax, y, words)
    ax.axvline(0, color=INK, lw=1.0, zorder=3)
    ax.set_xlim(*edges(shown[["change", *_LIMITS]].to_numpy(float)))
    ax.set_xlabel(f"change of the outcome{f', {unit}' if unit else ''}")
    whiskers = _BOTH if shown["draw_error_low"].notna().any() else "Thin line: simulation error (95 %) as worlds and luck vary."
    add_note(ax, _sentences(bar and f"Bar: {bar}.", whiskers, _UNTOLD, _left_out(len(table), largest)))
    return ax


def morris_plane(frame: pd.DataFrame, ax: Axes, *, unit: str = "") -> Axes:
    """Morris's plane: how much each input moves the outcome (mu*, to the right), and how unevenly (sigma, up).

    ``frame``: ``factor, index`` (``mu_star``, ``sigma`` or ``mu``), ``value``, ``draw_error_low`` and ``_high`` (as trajectories
    vary), ``error_low`` and ``_high``, ``floor`` (what replicate noise alone would show), ``told``, a row an input and index.
    ``unit`` is the outcome's. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, MORRIS_COLUMNS)
    by_index = {str(index): rows.set_index("factor") for index, rows in table.groupby("index", sort=False)}
    if not {"mu_star", "sigma", "mu"} <= set(by_index):
        return nothing(ax)
    size, uneven, way = (by_index[name].loc[by_index["mu_star"].index] for name in ("mu_star", "sigma", "mu"))
    places = np.column_stack([size["value"], uneven["value"]]).astype(float)
    right = _ROOM * float(np.nanmax(size[["value", *_LIMITS]].to_numpy(float), initial=0.0)) or 1.0
    top = max(_ROOM * float(np.nanmax(places[:, 1], initial=0.0)), _FLATTEST * right)
    ax.set(xlim=(0.0, right), ylim=(-_BELOW * top, top))
    ax.grid(color=PALE)
    ax.plot([0.0, min(right, top)], [0.0, min(right, top)], color=MUTED, lw=0.9, ls=(0, (4, 3)), zorder=1)
    noise = [float(np.nanmax(part["floor"].to_numpy(float), initial=0.0)) for part in (size, uneven)]
    if max(noise) > 0:
        ax.add_patch(Rectangle((0.0, 0.0), noise[0], noise[1], fc=_NOISE, alpha=0.3, lw=0, zorder=1, gid="floor"))
    _marks(ax, places, size, way, _BELOW * top / 3)
    sheet = AxesInPoints.of(ax, _AXES)
    said = _spelt(size.index)
    spots = [(float(x), float(y), said[name]) for (x, y), name in zip(places, size.index, strict=True)]
    reaches = sheet.points(_reaches(places, size))
    whiskers = [Frame(left, low - MARK, right, low + MARK) for (left, low), (right, _) in reaches]
    homeless = name_marks(ax, sheet, places, spots, [*sheet.covered(places), *whiskers])
    ax.set_xlabel(f"mean size of the outcome's change along the whole range, mu*{f' ({unit})' if unit else ''}")
    ax.set_ylabel("how much that change varies with the other inputs, sigma")
    add_note(ax, _morris_read(max(noise) > 0, homeless))
    return ax


def _marks(ax: Axes, places: Reals, size: pd.DataFrame, way: pd.DataFrame, apart: float) -> None:
    """A mark an input with its intervals, at ``places`` ``[M, 2]``: its shape tells the direction, white that it may be noise."""
    for (x, y), row, slope in zip(places, size.to_dict("records"), way.to_dict("records"), strict=True):
        _whiskers(ax, y, row, apart)
        marker = "o" if not slope["told"] else "^" if slope["value"] > 0 else "v"
        ax.plot([x], [y], marker, color=_TOTAL if row["told"] else "white", mec=INK, mew=0.8, ms=MARK, zorder=5)


def _morris_read(noisy: bool, homeless: Sequence[str]) -> str:
    """How to read the plane; ``homeless`` are inputs whose name found no room."""
    return _sentences(
        "Triangle: the outcome rises (up) or falls (down) with the input; circle: no clear direction; white: may be noise.",
        "Dashed: above it the change depends on the other inputs, or on where in the range, as much as on the input.",
        "Orange: what replicate noise alone would show at most." if noisy else "",
        _BOTH,
        f"Without room for a name: {', '.join(homeless)}." if homeless else "",
    )


def _reaches(places: Reals, size: pd.DataFrame) -> Reals:
    """Both ends of each mark's longer whisker, coordinates ``[M, 2, 2]``."""
    limits = np.column_stack([places[:, 0], size[_LIMITS]]).astype(float)
    ends = np.stack([np.nanmin(limits, axis=1), np.nanmax(limits, axis=1)], axis=1)
    return np.stack([ends, np.repeat(places[:, 1:], 2, axis=1)], axis=2)


def _ranked(table: pd.DataFrame, column: str = "value") -> pd.DataFrame:
    """Rows with a value, the largest first."""
    known: pd.DataFrame = table[table[column].notna()]
    return known.sort_values(column, key=np.abs, ascending=False, kind="stable")


def _spelt(factors: Iterable[str]) -> dict[str, str]:
    """Inputs with the words that stand for them."""
    names = [*factors]
    return short_names(names, {name: keyed(name) for name in names}, LONG)


def _rows(ax: Axes, names: Sequence[str]) -> None:
    """A row an input, the first on top."""
    ax.set(ylim=(len(names) - 0.5, -0.5), yticks=range(len(names)))
    ax.set_yticklabels(names, fontsize=SMALL)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x", color=PALE)


def _bar(ax: Axes, y: float, row: Row, colour: str, height: float = _BAR) -> None:
    grey = PALE if colour == _FIRST else FAINT
    ax.barh([y], [row["value"]], height, color=colour if row["told"] else grey, zorder=2)
    _whiskers(ax, y, row, _APART * height / _BAR)


def _whiskers(ax: Axes, y: float, row: Row, apart: float) -> None:
    """Both intervals, one above and one below the middle of a bar."""
    for name, side, (colour, width) in (("draw_error", -1, _DRAWS), ("error", 1, _REPLICATES)):
        ends = [row[f"{name}_low"], row[f"{name}_high"]]
        if not any(map(unknown, ends)):
            line = ax.plot(ends, [y + side * apart] * 2, color=colour, lw=width, solid_capstyle="butt", zorder=3)[0]
            line.set_gid(f"{name}_interval")
            line.set_path_effects([withStroke(linewidth=width + _CASING, foreground="white")])


def _number(ax: Axes, y: float, words: str, colour: str = INK) -> None:
    spot = ax.get_yaxis_transform()
    ax.text(_NUMBERS, y, words.replace("-", "−"), ha="left", va="center_baseline", fontsize=SMALL, color=colour, transform=spot)


def _legend(ax: Axes, keys: Sequence[Artist]) -> None:
    ax.legend(handles=[*keys], loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(keys), borderaxespad=0.2, handlelength=1.6)


def _left_out(count: int, largest: int) -> str:
    return f"The {largest} largest of {count} inputs." if count > largest else ""


def _sentences(*words: str) -> str:
    return " ".join(word for word in words if word)
