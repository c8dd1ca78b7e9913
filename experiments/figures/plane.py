"""What a scenario protects against what it costs: abusive disclosures prevented (up) and legitimate needs lost (to the right)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from experiments.figures.labels import HALO, LABEL, MARK, AxesInPoints, Frame, extent, name_marks
from experiments.figures.style import (
    BETTER,
    FAINT,
    INK,
    LONG,
    MUTED,
    PALE,
    SMALL,
    WORSE,
    add_note,
    edges,
    nothing,
    present,
    short_names,
    shortened,
    usual,
)
from experiments.text import spoken
from sim.arrays import Reals

_UP, _ACROSS = "protection_percent", "cooperation_lost_percent"
_ENDS = ("", "_world_low", "_world_high")
COLUMNS = ["arm", *(f"{axis}{end}" for axis in (_UP, _ACROSS) for end in _ENDS), "delay_days", "on_frontier"]
_AXES = (0.80, 0.68)  # of the page's width and height that the axes have at least
_ZOOMED = 0.6  # of the whole plane's area up to which a nearer view is worth a page
_GIANT = (1.6, 0.75)  # the nearer view leaves out what is so many times larger than that share of the scenarios
_INSET = 7.0  # points between the words of a corner and the frame
_DAYS = 10.0  # days either way that the colours span at least: a day or two is no strong colour
_CORNERS = (
    (0, 1, "protects more, keeps more cooperation"),
    (1, 1, "protects more, costs cooperation"),
    (0, 0, "protects less, keeps more cooperation"),
    (1, 0, "protects less, costs cooperation"),
)
_SLOWER = LinearSegmentedColormap.from_list("slower", [BETTER, "#f2f2f2", WORSE])


class _Window(NamedTuple):
    """A part of the plane, in per cent."""

    left: float
    right: float
    low: float
    high: float

    @property
    def area(self) -> float:
        """Its area, per cent squared."""
        return (self.right - self.left) * (self.high - self.low)

    def holds(self, table: pd.DataFrame) -> NDArray[np.bool_]:
        """Which rows lie within, by their means."""
        x, y = table[_ACROSS].to_numpy(float), table[_UP].to_numpy(float)
        return np.asarray((x >= self.left) & (x <= self.right) & (y >= self.low) & (y <= self.high))


def plane(frame: pd.DataFrame, ax: Axes, *, near: bool = False, baseline: str = "", names: Mapping[str, str] | None = None) -> Axes:
    """Scenarios in the plane of protection and cooperation, with their ranges over worlds as crosses and the efficient ones joined.

    ``frame``: ``arm, protection_percent, cooperation_lost_percent``, both also with ``_world_low`` and ``_world_high`` (per cent of
    the baseline), ``delay_days`` (change), ``on_frontier``, one row a scenario. With ``near`` only the part where most scenarios
    lie. A mark's colour is the change of the delay, white where that is not known. Raises ``ValueError`` for a missing column.
    """
    table = _measured(frame)
    if table.empty:
        return nothing(ax)
    close, whole = _near(table), _whole(table)
    box = close if near else whole
    inside, zoomed = box.holds(table), not near and zooms(frame)
    named = inside & ~close.holds(table) if zoomed else inside
    own = f"{spoken(baseline)} (baseline)" if baseline else "baseline"
    said = short_names(table["arm"], names, LONG)
    ax.set(xlim=(box.left, box.right), ylim=(box.low, box.high))
    ax.grid(color=PALE)
    ax.axhline(0, color=INK, lw=0.9, zorder=1)
    ax.axvline(0, color=INK, lw=0.9, zorder=1)
    _frontier(ax, table, box)
    _marks(ax, table, inside)
    if zoomed:
        width, height = close.right - close.left, close.high - close.low
        ax.add_patch(Rectangle((close.left, close.low), width, height, fill=False, ec=MUTED, lw=1.0, ls=(0, (4, 3)), zorder=3))
    still = (table[[_ACROSS, _UP]] == 0).all(axis=1).to_numpy(bool)
    shown = table[named & ~still].to_dict("records")
    spots = [(row[_ACROSS], row[_UP], said[row["arm"]]) for row in shown]
    if near or not zoomed:
        spots.append((0.0, 0.0, shortened(own, LONG)))
    at_rest = [said[arm] for arm in table.loc[still, "arm"]]
    sheet, marks = AxesInPoints.of(ax, _AXES), table.loc[inside, [_ACROSS, _UP]].to_numpy(float)
    taken = sheet.covered(marks)
    _corners(ax, sheet.size, taken)
    homeless = name_marks(ax, sheet, marks, spots, taken)
    ax.set_xlabel("legitimate needs no longer met, % of those met under the baseline  (right is worse)")
    ax.set_ylabel("abusive cases no longer disclosed, % of the baseline's  (up is better)")
    add_note(ax, _explained(table, near, zoomed, int((~inside).sum()), at_rest, homeless))
    return ax


def zooms(frame: pd.DataFrame) -> bool:
    """Whether most scenarios lie in a part of the plane so small that it deserves a page of its own."""
    table = _measured(frame)
    return not table.empty and _near(table).area <= _ZOOMED * _whole(table).area


def _measured(frame: pd.DataFrame) -> pd.DataFrame:
    table = present(frame, COLUMNS)
    kept: pd.DataFrame = table[table[_UP].notna() & table[_ACROSS].notna()]
    return kept.sort_values("arm", kind="stable").reset_index(drop=True)


def _near(table: pd.DataFrame) -> _Window:
    """The part that holds the origin and the scenarios that are no giants on either score."""
    means = table[[_ACROSS, _UP]].to_numpy(float)
    kept = usual(means[:, :1], *_GIANT) & usual(means[:, 1:], *_GIANT)
    return _Window(*edges(means[kept, 0]), *edges(means[kept, 1])) if kept.any() else _whole(table)


def _whole(table: pd.DataFrame) -> _Window:
    return _Window(*edges(_spans(table, _ACROSS)), *edges(_spans(table, _UP)))


def _spans(table: pd.DataFrame, axis: str) -> Reals:
    return table[[f"{axis}{end}" for end in _ENDS]].to_numpy(float)


def _explained(table: pd.DataFrame, near: bool, zoomed: bool, beyond: int, at_rest: Sequence[str], homeless: Sequence[str]) -> str:
    words = ["Dot: mean of the paired differences; cross: ranges over worlds of both. Stair: scenarios that no other beats on both"]
    words += ["scores at once. Colour: change of the delay until needs are met, white where it is not known."]
    if zoomed:
        words.append("Dashed: the part that is drawn larger, with its names, in the next figure.")
    if near and beyond:
        words.append(f"{beyond} of {len(table)} scenarios lie outside this part, and so may the ends of crosses.")
    if at_rest:
        words.append(f"On the baseline itself: {', '.join(at_rest)}.")
    if homeless:
        words.append(f"Without room for a name: {', '.join(homeless)}.")
    return " ".join(words)


def _frontier(ax: Axes, table: pd.DataFrame, box: _Window) -> None:
    """A stair along the efficient scenarios: between two of them nothing is on offer."""
    best = table.loc[table["on_frontier"].fillna(False).astype(bool), [_ACROSS, _UP]].to_numpy(float)
    if not ((best[:, 0] <= 0) & (best[:, 1] >= 0)).any():
        best = np.vstack([best, [0.0, 0.0]])  # the baseline is on offer too
    if len(best) > 1:
        x, y = best[np.lexsort((best[:, 1], best[:, 0]))].T
        xs, ys = np.append(x, max(box.right, x[-1])), np.append(y, y[-1])
        line = ax.step(xs, ys, where="post", color=INK, lw=1.3, ls=(0, (1, 1.4)), zorder=3)
        line[0].set_gid("frontier")


def _marks(ax: Axes, table: pd.DataFrame, inside: NDArray[np.bool_]) -> None:
    days = table["delay_days"].to_numpy(float)
    most = max(float(np.nanmax(np.abs(days))) if np.isfinite(days).any() else 0.0, _DAYS)
    norm = TwoSlopeNorm(0.0, -most, most)
    for row, kept in zip(table.to_dict("records"), inside, strict=True):
        if not kept:
            continue
        ax.plot([row[f"{_ACROSS}_low"], row[f"{_ACROSS}_high"]], [row[_UP]] * 2, color=FAINT, lw=0.9, zorder=2)
        ax.plot([row[_ACROSS]] * 2, [row[f"{_UP}_low"], row[f"{_UP}_high"]], color=FAINT, lw=0.9, zorder=2)
        late = row["delay_days"]
        colour = "white" if np.isnan(late) else _SLOWER(norm(late))
        ax.plot([row[_ACROSS]], [row[_UP]], "o", color=colour, mec=INK, mew=0.8, ms=MARK, zorder=4)
    ax.plot([0], [0], "+", color=INK, ms=12, mew=2.2, zorder=4)
    strip = ax.inset_axes((0.70, 1.045, 0.30, 0.022))
    words = "delay until needs are met:"
    ax.annotate(words, (0.70, 1.056), (-34, 0), "axes fraction", "offset points", ha="right", va="center", fontsize=SMALL)
    figure = ax.get_figure(root=True)
    if isinstance(figure, Figure):
        bar = figure.colorbar(ScalarMappable(norm, _SLOWER), cax=strip, orientation="horizontal", ticks=[-most, 0, most])
        bar.ax.set_xticklabels([f"{most:.0f} days sooner", "no change", f"{most:.0f} days later"], fontsize=SMALL)
        bar.ax.xaxis.set_ticks_position("top")
        bar.ax.tick_params(length=0, pad=2)
        bar.outline.set_visible(False)


def _corners(ax: Axes, size: Reals, taken: list[Frame]) -> None:
    """What the four corners mean, where no mark lies in the way."""
    for right, top, words in _CORNERS:
        wide, high = extent(words)
        low = np.array([right, top]) * (size - np.array([wide, high]) - 2 * _INSET)
        frame = Frame(low[0], low[1], low[0] + wide + 2 * _INSET, low[1] + high + 2 * _INSET)
        if not any(frame.meets(other) for other in taken):
            taken.append(frame)
            inward = (_INSET - 2 * _INSET * right, _INSET - 2 * _INSET * top)
            spot = ax.annotate(words, (right, top), inward, "axes fraction", "offset points", fontsize=LABEL)
            spot.set(horizontalalignment="right" if right else "left", verticalalignment="top" if top else "bottom")
            spot.set(color=MUTED, fontstyle="italic", path_effects=HALO, zorder=5)
