"""A world of equal tiles: every state one square near its place, so that small states are seen as well as large ones."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from experiments.figures.glyphs import wide
from experiments.figures.style import BETTER, FAINT, FEWEST, INK, MUTED, SMALL, WORSE, add_note, nothing, present, shortened
from experiments.letters import short
from experiments.text import Row, decimals_shown, measured, thousands
from sim.arrays import Reals

_COLOURS = "viridis_r"  # perceptually uniform, dark is much
_DATE_LINE = -130.0  # degrees east; Pacific states further west stand at the right of the map
_DEGREES = 8.5  # longitude that a tile spans
_TALL = 1.2  # latitude is stretched by this, as on most maps of the world
_REACH, _HOME, _PUSH, _ROUNDS, _SETTLING = 1.05, 0.05, 0.5, 400, 80  # of the repulsion that makes room for crowded regions
_TILE = 0.94
_WHITE = 0.80  # height of the white over the colour of a tile that worlds do not tell from no change
UNTOLD = "untold"  # gid of that white
_SKEWED = 8.0  # largest over least value from which colours are logarithmic
_TICKS = (1.0, 2.0, 5.0)  # of every power of ten
_DARK = 0.5  # luminance under which a code is white
_CODE, _NUMBER, _NARROW = 7.1, 6.3, 5.2  # points; the last of a number with two decimals
_UP = 0.19  # of a tile, that code and number stand over and under its middle
_LONG_NUMBER, _LONG_TICK = 9.95, 100.0  # from which a number bears no decimal, and one beside the colours thin spaces
_MOST = 0.97  # share of the values that colours reach
_NO_VALUE = "#f7f7f7"
_BOLD = "Bold: the same sign over the whole range over worlds."
_FRAMED = "White over a coloured strip, grey number: the range over worlds holds zero, or the worlds are too few for a verdict."
_CHANGES = LinearSegmentedColormap.from_list("change", [BETTER, "white", WORSE])
Colour = tuple[float, float, float, float]
_LETTERS, _UNIT = 4.7, 100  # ordinary letters that a tile is wide, and that the unit under the map has


@lru_cache(maxsize=16)
def tiles(codes: tuple[str, ...], lon: tuple[float, ...], lat: tuple[float, ...]) -> dict[str, tuple[int, int]]:
    """Column and row of every code's tile, counted from the upper left; no two share one. The same input, the same map.

    States repel each other until none are nearer than a tile, pulled home by a weak spring, so that Europe and the Caribbean
    swell; then an assignment of least squared distance puts them on the grid.

    >>> tiles(("AAA", "BBB"), (0.0, 0.0), (10.0, 0.0))
    {'AAA': (0, 0), 'BBB': (0, 1)}
    """
    east = np.array(lon)
    east = np.where(east < _DATE_LINE, east + 360.0, east)
    home = np.column_stack([east / _DEGREES, -_TALL * np.array(lat) / _DEGREES])
    ranks = np.argsort(np.argsort(np.array(codes)))
    place = home + 1e-6 * np.column_stack([np.sin(ranks), np.cos(ranks)])  # parts states that stand on the same spot
    for turn in range(_ROUNDS):
        one, other = _near(place)
        gap = place[one] - place[other]
        far = np.sqrt((gap**2).sum(axis=1))
        push = (_REACH - far) / 2 / np.maximum(far, 1e-6)
        pushed = [np.bincount(one, push * part, minlength=len(place)) for part in gap.T]
        place = place + _PUSH * np.column_stack(pushed)
        if turn < _ROUNDS - _SETTLING:
            place = place + _HOME * (home - place)
    low, high = np.floor(place.min(axis=0)) - 1, np.ceil(place.max(axis=0)) + 1
    columns, rows = np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1))
    grid = np.column_stack([columns.ravel(), rows.ravel()])
    _, chosen = linear_sum_assignment(((place[:, None] - grid[None]) ** 2).sum(axis=2))
    cells = (grid[chosen] - grid[chosen].min(axis=0)).astype(int)
    return {code: (int(column), int(row)) for code, (column, row) in zip(codes, cells, strict=True)}


def _near(place: Reals) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of places ``[S, 2]`` that are nearer to each other than they may be, each pair twice and in order."""
    (east, south) = place.T
    near = (east[:, None] - east) ** 2 + (south[:, None] - south) ** 2 < _REACH**2
    np.fill_diagonal(near, val=False)
    one, other = near.nonzero()
    return one, other


def tile_map(
    frame: pd.DataFrame,
    ax: Axes,
    *,
    fewest: int = FEWEST,
    unit: str = "people disclosed per 100 000 people at risk a year",
) -> Axes:
    """A value for every state as the colour of its tile, light to dark, and the number in it; hatched where it has none.

    ``frame``: ``code, name, lon, lat, clear, value, events_baseline, events``, one row a state; ``value`` is missing where it is
    withheld, and stands only on ``fewest`` events. Raises ``ValueError`` for a missing column.
    """
    return _map(frame, ax, fewest, unit, change=False)


def change_map(
    frame: pd.DataFrame,
    ax: Axes,
    *,
    fewest: int = FEWEST,
    unit: str = "change in people disclosed per 100 000 people at risk a year",
) -> Axes:
    """A change for every state: orange tiles for more, blue for fewer, and the number in it; hatched where it has none.

    ``frame`` as ``tile_map`` has it. A change stands only on ``fewest`` events in both scenarios; what rises from fewer is marked
    by an arrow. ``clear`` where the sign is the same over the whole range over worlds: the number is bold. Raises ``ValueError``
    for a missing column.
    """
    return _map(frame, ax, fewest, unit, change=True)


def _map(frame: pd.DataFrame, ax: Axes, fewest: int, unit: str, change: bool) -> Axes:
    """Tiles of either kind, with their key."""
    columns = ["code", "name", "lon", "lat", "clear", "value", "events_baseline", "events"]
    table = present(frame, columns).sort_values("code", kind="stable")
    if table.empty or not (table["events"] > 0).any():
        return nothing(ax)
    cells = tiles(tuple(table["code"].astype(str)), tuple(table["lon"].astype(float)), tuple(table["lat"].astype(float)))
    enough = (table[["events", "events_baseline"]].min(axis=1) >= fewest) & table["value"].notna()
    shown = table.loc[enough, "value"].to_numpy(float)
    norm = _around_zero(shown) if change else _norm(shown)
    colours = _CHANGES if change else colormaps[_COLOURS]
    for row, kept in zip(table.to_dict("records"), enough, strict=True):
        _tile(ax, cells[str(row["code"])], row, colours(float(norm(row["value"]))) if kept else None, change, fewest)
    width, height = max(x for x, _ in cells.values()), max(y for _, y in cells.values())
    width = max(width, 12)
    ax.set_axis_off()
    ax.set_aspect("equal")
    ax.set(xlim=(-0.6, width + 0.6), ylim=(height + 3.6, -0.6))
    arrow = bool(((table["events"] >= fewest) & (table["events_baseline"] < fewest)).any())
    _key(ax, norm, colours, (unit, _reason(fewest, arrow)), height + 2.0, width, bool(enough.any()))
    add_note(ax, _explained(table, int(enough.sum()), norm, change))
    return ax


def _tile(ax: Axes, spot: tuple[int, int], row: Row, colour: Colour | None, change: bool, fewest: int) -> None:
    """One state: its code, and below it its number, or an arrow where it rises from few events."""
    x, y = spot
    told = not change or bool(row["clear"])
    corner = (x - _TILE / 2, y - _TILE / 2)
    if colour is None:
        tile = Rectangle(corner, _TILE, _TILE, facecolor=_NO_VALUE, edgecolor="#d4d4d4", hatch="////", lw=0.6)
        number = "↑" if row["events_baseline"] < fewest <= row["events"] else ""
        ink = INK if number else MUTED
    else:
        tile = Rectangle(corner, _TILE, _TILE, facecolor=colour, edgecolor="#d4d4d4", lw=0.6)
        number = _number(row["value"], change)
        bright = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
        ink = ("white" if bright < _DARK else "black") if told else MUTED
    tile.set_gid(str(row["code"]))
    ax.add_patch(tile)
    if colour is not None and not told:
        ax.add_patch(Rectangle(corner, _TILE, _WHITE, facecolor="white", edgecolor="#d4d4d4", lw=0.6, gid=UNTOLD))
    up = _UP if number else 0.0
    here: dict[str, Any] = {"ha": "center", "va": "center_baseline", "color": ink, "in_layout": False}  # within the axes
    ax.text(x, y - up, _code(str(row["code"])), fontsize=_CODE, **here)
    if number:
        size = _NUMBER if len(number) < len("+0.04") else _NARROW
        text = ax.text(x, y + up + 0.02, number, fontsize=size, **here)
        text.set_fontweight("bold" if bool(row["clear"]) or colour is None else "normal")


def _number(value: float, change: bool) -> str:
    """A number that a tile has room for; a second decimal where it would read zero with one.

    >>> _number(0.04, True), _number(-1.26, True), _number(14.7, False), _number(0.3, False), _number(0.004, True)
    ('+0.04', '−1.3', '15', '0.3', '0')
    """
    digits = 0 if abs(value) >= _LONG_NUMBER else min(decimals_shown(value, 1), 2)
    text = f"{value:{'+' if change else ''}.{digits}f}"
    return "0" if not text.strip("+-0.") else text.replace("-", "−")


def _explained(table: pd.DataFrame, shown: int, norm: Normalize, change: bool) -> str:
    held = f"{thousands(shown)} of {thousands(len(table))} states have a number; events are pooled over runs."
    dark = "Colours are logarithmic." if isinstance(norm, LogNorm) else "Colours are linear from zero."
    ways = "Orange: more, blue: fewer." if change else dark
    bold = _BOLD if table["clear"].any() else ""
    if change:
        bold = f"{bold} {_FRAMED}".strip()
    return " ".join(word for word in ("One tile a state, near its place.", held, ways, bold) if word)


def _code(code: str) -> str:
    """A code as far as its tile has room for it."""
    return next((words for words in (code, short(code, len("IRL"))) if wide(words) <= _LETTERS), "…")


def _reason(fewest: int, arrow: bool) -> str:
    """Why a tile is hatched."""
    return f"<{fewest} events or few people: no number{'; ↑ up from fewer' if arrow else ''}"


def _around_zero(values: Reals) -> Normalize:
    """Linear and even on both sides of zero, up to what all but a few values reach; always with some width."""
    most = float(np.quantile(np.abs(values), _MOST, method="higher")) if values.size else 0.0
    return Normalize(-(most or 1.0), most or 1.0, clip=True)


def _norm(values: Reals) -> Normalize:
    """Linear from zero, or logarithmic for positive values that span much; always with some width."""
    positive = values[values > 0]
    if positive.size and positive.size == values.size and positive.max() / positive.min() >= _SKEWED:
        return LogNorm(float(positive.min()), float(positive.max()))
    return Normalize(0.0, float(values.max()) if positive.size else 1.0)


def _tick(value: float, _: object) -> str:
    """A number beside the colours."""
    return f"{value:g}".replace("-", "−") if abs(value) < _LONG_TICK else measured(value)


def _key(
    ax: Axes, norm: Normalize, colours: Colormap, words: tuple[str, str], top: float, width: int, coloured: bool
) -> None:  # fmt: skip
    """Colour bar and hatched swatch in a strip under the map."""
    if coloured:
        (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
        bounds = ((-0.5 - west) / (east - west), (south - top - 0.55) / (south - north))
        strip = ax.inset_axes((*bounds, 0.46 * width / (east - west), 0.55 / (south - north)))
        bar = Colorbar(strip, ScalarMappable(norm, colours), orientation="horizontal", extend="both" if norm.clip else "neither")
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=SMALL, length=2.5, color=FAINT)
        low, high = cast(float, norm.vmin), cast(float, norm.vmax)
        if isinstance(norm, LogNorm):
            powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
            ticks = [digit * 10.0**power for power in powers for digit in _TICKS]
        else:
            ticks = [float(tick) for tick in MaxNLocator(6).tick_values(low, high)]
        bar.ax.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
        bar.ax.xaxis.set_minor_locator(NullLocator())
        bar.ax.xaxis.set_major_formatter(FuncFormatter(_tick))
        ax.text(-0.5, top - 0.3, shortened(words[0], _UNIT), va="bottom", fontsize=SMALL)
    left = 0.46 * width + 1.5
    ax.add_patch(Rectangle((left, top), 0.94, 0.55, facecolor="#f7f7f7", edgecolor="#d4d4d4", hatch="////", lw=0.6))
    ax.text(left + 1.4, top + 0.28, words[1], va="center_baseline", fontsize=SMALL)
