"""What a scenario protects against what it costs: abusive disclosures prevented (up) and legitimate needs lost (to the right)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from experiments.design.capacities import own_baseline
from experiments.design.scenarios import KINDS, NOT_SAID
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
from experiments.statistics import DOWN, UP, verdict_of
from experiments.text import decimals_of, distinct, signed
from sim.arrays import Reals

_UP, _ACROSS = "protection_percent", "cooperation_lost_percent"
_ENDS = ("", "_world_low", "_world_high")
COLUMNS = ["arm", *(f"{axis}{end}" for axis in (_UP, _ACROSS) for end in _ENDS), "chance_share", "worlds", "on_frontier"]
_AXES = (0.80, 0.66)  # of the page's width and height that the axes have at least
_ZOOMED = 0.6  # of the whole plane's area up to which a nearer view is worth a page
_GIANT = (1.6, 0.75)  # the nearer view leaves out what is so many times larger than that share of the scenarios
_OUTLIER = (5.0, 0.85)  # the axes leave out what is so many times larger than that share of the scenarios
_INSET = 7.0  # points between the words of a corner and the frame
_EDGE = 0.012  # of its span that an arrow stands inside the frame
_LEGEND = 8.0  # points above the axes
_CORNERS = (
    (0, 1, "protects more, keeps more cooperation"),
    (1, 1, "protects more, costs cooperation"),
    (0, 0, "protects less, keeps more cooperation"),
    (1, 0, "protects less, costs cooperation"),
)
_MARKS = {"safeguard": "o", "bundle": "s", NOT_SAID: "o"}  # any other kind: _OTHER
_OTHER = "D"
_Dashes = tuple[int, tuple[float, float]]
_SHAPES, _DASHES = ("o", "s", "^", "D"), ((0, (1.0, 1.4)), (0, (5.0, 1.6)), (0, (9.0, 2.0)), (0, (3.0, 3.0)))  # of baselines
_LINED = 3.0  # letters that a mark on its stair has in the legend
_BESIDE = 3  # columns of a legend with stairs
_NAME = 60  # ordinary letters of a name
_COLOURS = {UP: BETTER, DOWN: WORSE}  # of a scenario that the worlds tell from zero
_WAYS = {(1, 0): ">", (-1, 0): "<", (0, 1): "^", (0, -1): "v"}


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


def plane(
    frame: pd.DataFrame,
    ax: Axes,
    *,
    near: bool = False,
    baseline: str = "",
    names: Mapping[str, str] | None = None,
    kinds: Mapping[str, str] | None = None,
    baselines: Mapping[str, str] | None = None,
) -> Axes:
    """Scenarios in the plane of protection and cooperation, their ranges over worlds as crosses and the efficient ones joined.

    ``frame``: ``arm, protection_percent, cooperation_lost_percent``, both also with ``_world_low`` and ``_world_high`` (per cent of
    the baseline), ``chance_share`` of protection, ``worlds, on_frontier``, one row a scenario.
    The axes hold the usual scenarios: one further out is an arrow at the edge,
    with its numbers. With ``near`` only the part where most scenarios lie. ``kinds`` says of which kind an arm is (a key of
    ``KINDS``), ``names`` turns arms into words, ``baselines`` says which of several baselines an arm is read against: each has a
    stair and a mark of its own. Raises ``ValueError`` for a missing column.
    """
    table = _measured(frame)
    if table.empty:
        return nothing(ax)
    close, whole = _near(table), _whole(table)
    box = close if near else whole
    inside, zoomed = box.holds(table), not near and zooms(frame)
    named = inside & ~close.holds(table) if zoomed else inside
    said = short_names(table["arm"], names, _NAME)
    ax.set(xlim=(box.left, box.right), ylim=(box.low, box.high))
    ax.grid(color=PALE)
    ax.axhline(0, color=INK, lw=0.9, zorder=1)
    ax.axvline(0, color=INK, lw=0.9, zorder=1)
    of = {str(arm): (baselines or {}).get(str(arm), "") for arm in table["arm"]}
    groups = distinct(of.values())
    for place, group in enumerate(groups):
        _frontier(ax, table[table["arm"].map(of) == group], box, _DASHES[place % len(_DASHES)])
    if len(groups) > 1:
        shapes = {group: _SHAPES[place % len(_SHAPES)] for place, group in enumerate(groups)}
        _marks(ax, table[inside], {arm: shapes[group] for arm, group in of.items()})
        _legend(ax, {group: (shape, _DASHES[place % len(_DASHES)]) for place, (group, shape) in enumerate(shapes.items())})
    else:
        shown = {arm: (kinds or {}).get(arm, NOT_SAID) for arm in of}
        _marks(ax, table[inside], {arm: _MARKS.get(kind, _OTHER) for arm, kind in shown.items()})
        held = [kind for kind in KINDS if kind in [shown[arm] for arm in table.loc[inside, "arm"]]]
        _legend(ax, {KINDS[kind]: (_MARKS.get(kind, _OTHER), "none") for kind in (held if len(held) > 1 else [])})
    if zoomed:
        width, height = close.right - close.left, close.high - close.low
        ax.add_patch(Rectangle((close.left, close.low), width, height, fill=False, ec=MUTED, lw=1.0, ls=(0, (4, 3)), zorder=3))
    still = (table[[_ACROSS, _UP]] == 0).all(axis=1).to_numpy(bool)
    spots = [(row[_ACROSS], row[_UP], said[row["arm"]]) for row in table[named & ~still].to_dict("records")]
    if not near:
        spots += _beyond(ax, table[~inside], box, said)
    if near or not zoomed:
        spots.append((0.0, 0.0, shortened(baseline or "baseline", LONG)))
    at_rest = [said[arm] for arm in table.loc[still, "arm"]]
    sheet = AxesInPoints.of(ax, _AXES)
    marks = np.vstack([table.loc[inside, [_ACROSS, _UP]].to_numpy(float), [(x, y) for x, y, _ in spots] or np.zeros((0, 2))])
    taken = sheet.covered(marks)
    _corners(ax, sheet.size, taken)
    homeless = name_marks(ax, sheet, marks, spots, taken)
    ax.set_xlabel("legitimate needs no longer met, % of those met under the baseline  (right is worse)")
    ax.set_ylabel("abusive disclosures prevented, % of the baseline's  (up is better)")
    own = own_baseline(baselines or {}) if len(groups) > 1 else ""
    add_note(ax, _explained(table, (near, zoomed), int((~inside).sum()), at_rest, homeless, own))
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
    """The part that holds the origin and every scenario that is not far beyond the others, by their means."""
    means = table[[_ACROSS, _UP]].to_numpy(float)
    kept = usual(means[:, :1], *_OUTLIER) & usual(means[:, 1:], *_OUTLIER)
    return _Window(*edges(means[kept, 0]), *edges(means[kept, 1]))


def _explained(
    table: pd.DataFrame, view: tuple[bool, bool], beyond: int, at_rest: Sequence[str], homeless: Sequence[str], own: str
) -> str:
    """What the figure says about itself.

    ``view`` says whether it is the nearer one, and whether there will be one; ``own`` what an arm is read against, of several.
    """
    near, zoomed = view
    words = ["Mark: mean change in the same worlds; cross: its range over worlds on both scores, which may leave the frame."]
    words.append("White: the range holds zero or is mostly chance, or the worlds are too few for a verdict.")
    if own:
        words.append(f"Each arm is read against {own}, where the axes cross.")
        words.append("A stair each: what no other arm with the same baseline beats on both scores at once.")
    else:
        words.append("Stair: what no other beats on both scores at once.")
    if zoomed:
        words.append("Dashed: the part that is drawn larger, with its names, in the next figure.")
    if near and beyond:
        words.append(f"{beyond} of {len(table)} scenarios lie outside this part, and so may the ends of crosses.")
    if beyond and not near:
        words.append(f"Arrows: {beyond} of {len(table)} lie beyond the axes, with their numbers (prevented; lost).")
    if at_rest:
        words.append(f"On the baseline itself: {', '.join(at_rest)}.")
    if homeless:
        words.append(f"Without room for a name: {', '.join(homeless)}.")
    return " ".join(words)


def _beyond(ax: Axes, table: pd.DataFrame, box: _Window, said: Mapping[str, str]) -> list[tuple[float, float, str]]:
    """Arrows at the edge towards what lies outside, each with its place and its label: its name and its two numbers."""
    spots = []
    for row in table.to_dict("records"):
        x, y = float(row[_ACROSS]), float(row[_UP])
        wide, high = box.right - box.left, box.high - box.low
        at = (
            float(np.clip(x, box.left + _EDGE * wide, box.right - _EDGE * wide)),
            float(np.clip(y, box.low + _EDGE * high, box.high - _EDGE * high)),
        )
        off = (x - at[0]) / wide, (y - at[1]) / high
        way = (int(np.sign(off[0])), 0) if abs(off[0]) >= abs(off[1]) else (0, int(np.sign(off[1])))
        ax.plot([at[0]], [at[1]], _WAYS[way], color=INK, ms=MARK, zorder=4)
        told = [signed(value, decimals_of([value])) for value in (y, x)]
        spots.append((*at, f"{said[row['arm']]} ({told[0]} %; {told[1]} %)"))
    return spots


def _frontier(ax: Axes, table: pd.DataFrame, box: _Window, dashes: _Dashes) -> None:
    """A stair along the efficient scenarios: between two of them nothing is on offer."""
    best = table.loc[table["on_frontier"].fillna(False).astype(bool), [_ACROSS, _UP]].to_numpy(float)
    if not ((best[:, 0] <= 0) & (best[:, 1] >= 0)).any():
        best = np.vstack([best, [0.0, 0.0]])  # the baseline is on offer too
    if len(best) > 1:
        x, y = best[np.lexsort((best[:, 1], best[:, 0]))].T
        xs, ys = np.append(x, max(box.right, x[-1])), np.append(y, y[-1])
        line = ax.step(xs, ys, where="post", color=INK, lw=1.3, ls=dashes, zorder=3)
        line[0].set_gid("frontier")


def _marks(ax: Axes, table: pd.DataFrame, shapes: Mapping[str, str]) -> None:
    """A mark for each scenario, of the shape given; filled where the worlds tell whether it protects or harms."""
    for row in table.to_dict("records"):
        ends = float(row[f"{_UP}_world_low"]), float(row[f"{_UP}_world_high"])
        ax.plot([row[f"{_ACROSS}_world_low"], row[f"{_ACROSS}_world_high"]], [row[_UP]] * 2, color=FAINT, lw=0.7, zorder=2)
        ax.plot([row[_ACROSS]] * 2, ends, color=FAINT, lw=0.7, zorder=2)
        colour = _COLOURS.get(verdict_of(*ends, int(row["worlds"]), float(row["chance_share"])), "white")
        ax.plot(
            [row[_ACROSS]],
            [row[_UP]],
            shapes[row["arm"]],
            color=colour,
            mec=INK,
            mew=0.9,
            ms=MARK,
            zorder=4,
        )
    ax.plot([0], [0], "+", color=INK, ms=12, mew=2.2, zorder=4)


def _legend(ax: Axes, shapes: Mapping[str, tuple[str, _Dashes | str]]) -> None:
    """What the marks, their lines and their colours stand for, above the axes."""
    style: dict[str, Any] = {"mec": INK, "mew": 0.9, "ms": MARK, "ls": "none"}
    lines = {
        words: {"color": FAINT if dashes == "none" else INK, "mfc": FAINT, "ls": dashes} for words, (_, dashes) in shapes.items()
    }
    handles = [Line2D([], [], marker=shape, label=words, **style | lines[words]) for words, (shape, _) in shapes.items()]
    told = {BETTER: "prevents in every world of the range", WORSE: "adds in every one", "white": "not told from zero"}
    handles += [Line2D([], [], marker="o", color=colour, label=words, **style) for colour, words in told.items()]
    lined = any(dashes != "none" for _, dashes in shapes.values())
    ax.legend(
        handles=handles, ncols=_BESIDE if lined else len(handles), handlelength=_LINED if lined else None, fontsize=SMALL,
        loc="lower left", bbox_to_anchor=(0.0, 1.0), handletextpad=0.4 if lined else 0.1, columnspacing=1.0, borderpad=0.0,
        borderaxespad=_LEGEND / SMALL,
    )  # fmt: skip


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
