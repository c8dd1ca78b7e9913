"""Policies by what they protect and what they cost: the cloud, the front of those that none outdoes, and what these are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from experiments.figures.labels import LABEL, Frame, extent, places
from experiments.figures.style import (
    FAINT,
    INK,
    MUTED,
    PALE,
    PALETTE,
    SMALL,
    add_note,
    edges,
    nothing,
    page_inches,
    present,
    short_names,
    shortened,
)
from experiments.text import Row, distinct, percent, signed, spoken
from sim.arrays import Reals

_ENDS = ("", "_world_low", "_world_high")
COLUMNS = [
    *("label", "on_frontier", "share_of_worlds", "knee", "cheapest", "bundle"),
    *(f"{axis}{end}" for axis in ("protection", "lost") for end in _ENDS),
]
_JOIN = "+"
_KNEE, _CHEAPEST, _BUNDLE, _FRONT = PALETTE[1], PALETTE[2], PALETTE[3], PALETTE[0]
_SPAN = 0.44  # of the width that the cloud takes
_NUMBER, _PROTECTS, _COSTS, _OFTEN = 0.495, 0.555, 0.61, 0.665  # of the width: right edges of the columns beside it
_FROM, _TO, _TAG = 0.685, 0.865, 0.87  # of the width: the dots that tell what is on, and the names behind them
_LETTERS = 48  # of a policy's name without dots
_PART, _BUNDLE_LETTERS = 30, 22  # letters of a part over its dots, and of a bundle behind them
_MOST_PARTS = 14  # parts that have a column of dots each
_LOW_HEAD = 0.05  # of the height: headings
_TALLEST, _ABOVE = 0.06, 0.012  # of the height: a row at most; from the first row to the headings
_AXES = (0.88, 0.80)  # of the page's width and height that the axes have at least
_TICKS = 6
_BEYOND = 0.5  # of the cloud's span: how far beyond it intervals are shown
_POINTS = 72.0  # an inch
_MARK = 5.0  # points across
_HALO = [withStroke(linewidth=2.0, foreground="white")]


def pareto(
    frame: pd.DataFrame,
    ax: Axes,
    *,
    baseline: str = "",
    order: Sequence[str] = (),
    most: int = 16,
    names: Mapping[str, str] | None = None,
) -> Axes:
    """All policies as a cloud, the front as a stair, and beside it, numbered alike, what the policies on it are made of.

    ``frame``: ``label`` (what is on, joined by +), ``on_frontier``, ``share_of_worlds`` (that have it on the front), ``knee``,
    ``cheapest``, ``bundle`` (a name or nothing), ``protection`` and ``lost`` in per cent of the pooled baseline, each also with
    ``_world_low`` and ``_world_high``; one row a policy. At most ``most`` policies are numbered: knee, cheapest, named bundles
    and the ends of the front, then those that are on it most often. ``baseline`` is the label of the baseline, ``order`` that of
    the dots' columns. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, COLUMNS)
    table = table[table["protection"].notna() & table["lost"].notna()].reset_index(drop=True)
    if table.empty:
        return nothing(ax)
    listed = _listed(table, most)
    _cloud(ax, table, listed)
    _beside(ax, listed, baseline, [name for name in order if name], dict(names or {}))
    ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    missing = int(table["on_frontier"].sum()) - int(listed["on_frontier"].sum())
    more = f" {missing} more on the front without a number." if missing else ""
    add_note(
        ax,
        "Dot: a policy; pooled baseline: that of all draws and worlds together; stair: those that no other outdoes in both scores, "
        "numbered; crosses: ranges over worlds of "
        f"what has a name, as far as the frame reaches. often: share of worlds in which it is on the front.{more}",
    )
    return ax


def _flag(table: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    return np.asarray(table[name].fillna(False).astype(bool))


def _marked(row: Row) -> bool:
    """Whether a policy is told by name."""
    return bool(row["knee"] or row["cheapest"] or row["bundle"])


def _listed(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """The policies that bear a number, the one that protects most on top."""
    front = _flag(table, "on_frontier")
    named = _flag(table, "knee") | _flag(table, "cheapest") | (table["bundle"].fillna("") != "").to_numpy()
    costs = table.loc[front, "lost"]
    ends = front & table["lost"].isin([costs.min(), costs.max()]).to_numpy()
    urgent = table[named | ends]
    others = table[front & ~(named | ends)].sort_values("share_of_worlds", ascending=False, kind="stable")
    kept = pd.concat([urgent, others.head(max(most - len(urgent), 0))])
    kept = kept.sort_values(["protection", "lost"], ascending=[False, True], kind="stable").reset_index(drop=True)
    return kept.assign(number=range(1, len(kept) + 1))


def _colour(row: Row) -> str:
    if row["knee"]:
        return _KNEE
    if row["cheapest"]:
        return _CHEAPEST
    return _BUNDLE if row["bundle"] else _FRONT


def _spans(listed: pd.DataFrame, axis: str) -> Reals:
    """Ends of the intervals that are drawn, ``[R, 2]``."""
    named = np.array([_marked(row) for row in listed.to_dict("records")], bool)
    return listed.loc[named, [f"{axis}{end}" for end in _ENDS[1:]]].to_numpy(float)


def _ends(means: Reals, spans: Reals) -> tuple[float, float]:
    """Ends of an axis that shows all policies, and of the intervals so much that they do not squash the cloud."""
    room = _BEYOND * (max(means.max(), 0.0) - min(means.min(), 0.0))
    return edges(np.concatenate([means, np.clip(spans[~np.isnan(spans)], means.min() - room, means.max() + room)]))


def _cloud(ax: Axes, table: pd.DataFrame, listed: pd.DataFrame) -> None:
    """The plane with its marks and numbers."""
    inner = ax.inset_axes((0.0, 0.0, _SPAN, 1.0))
    x, y = (table[axis].to_numpy(float) for axis in ("lost", "protection"))
    (left, right), (low, top) = (_ends(table[axis].to_numpy(float), _spans(listed, axis)) for axis in ("lost", "protection"))
    inner.set(xlim=(left, right), ylim=(low, top))
    inner.locator_params(nbins=_TICKS)
    inner.set_xticks([tick for tick in inner.get_xticks() if left <= tick <= right])
    inner.set_yticks([tick for tick in inner.get_yticks() if low <= tick <= top])
    inner.grid(color=PALE)
    inner.axhline(0, color=INK, lw=0.8, zorder=1)
    inner.axvline(0, color=INK, lw=0.8, zorder=1)
    inner.plot(x, y, "o", color=FAINT, ms=3.0, mew=0, zorder=2)[0].set_gid("cloud")
    best = table[_flag(table, "on_frontier")].sort_values(["lost", "protection"], kind="stable")
    xs, ys = np.append(best["lost"], right), np.append(best["protection"], best["protection"].max())
    inner.step(xs, ys, where="post", color=_FRONT, lw=1.2, zorder=3)[0].set_gid("frontier")
    for row in listed.to_dict("records"):
        colour = _colour(row)
        if _marked(row):
            across, up = ([row[f"{axis}{end}"] for end in _ENDS[1:]] for axis in ("lost", "protection"))
            inner.plot(across, [row["protection"]] * 2, color=colour, lw=1.0, zorder=3)
            inner.plot([row["lost"]] * 2, up, color=colour, lw=1.0, zorder=3)
        inner.plot(
            [row["lost"]], [row["protection"]], "o", color=colour, mec="white", mew=0.6, ms=_MARK + 2 * _marked(row), zorder=4
        )
    _numbers(inner, ax, listed, np.array([left, low]), np.array([right - left, top - low]))
    inner.set_xlabel("cost: legitimate needs no longer met, % of the pooled baseline (right is worse)", fontsize=SMALL)
    inner.set_ylabel("protection, % of the pooled baseline (up is better)", fontsize=SMALL)
    inner.tick_params(labelsize=SMALL)


def _numbers(inner: Axes, ax: Axes, listed: pd.DataFrame, corner: Reals, span: Reals) -> None:
    """Each number beside its mark, as near as there is room."""
    size = page_inches(ax) * np.array(_AXES) * np.array([_SPAN, 1.0]) * _POINTS
    marks = (listed[["lost", "protection"]].to_numpy(float) - corner) / span * size
    taken = [Frame(x - _MARK / 2, y - _MARK / 2, x + _MARK / 2, y + _MARK / 2) for x, y in marks]
    for mark, row in zip(marks, listed.to_dict("records"), strict=True):
        words = str(row["number"])
        free = (frame for frame in places(mark, *extent(words)) if frame.within(size) and not any(map(frame.meets, taken)))
        found = next(free, None)
        if found is None:
            continue
        taken.append(found)
        x, y = found.middle / size * span + corner
        bold = "bold" if _marked(row) else "normal"
        text = inner.text(x, y, words, ha="center", va="center", fontsize=LABEL, color=_colour(row), fontweight=bold, zorder=5)
        text.set(path_effects=_HALO)
        if np.hypot(*(found.middle - mark)) > 3 * _MARK:
            ends = np.stack([mark, np.clip(mark, found[:2], found[2:])]) / size * span + corner
            inner.plot(ends[:, 0], ends[:, 1], color=MUTED, lw=0.5, zorder=3)


def _beside(ax: Axes, listed: pd.DataFrame, baseline: str, order: Sequence[str], names: Mapping[str, str]) -> None:
    """What the numbered policies protect, cost and are made of: a row each, with dots for what is on."""
    columns = _parts(listed, baseline, order)
    dotted = any(_JOIN in str(label) for label in listed["label"]) and len(columns) <= _MOST_PARTS
    said = short_names(columns, names, _PART)
    tall = max((extent(words)[0] for words in said.values()), default=0.0) / (page_inches(ax)[1] * _AXES[1] * _POINTS)
    top = 1.0 - (tall + _ABOVE if dotted else _LOW_HEAD)
    step = min(top / max(len(listed), 1), _TALLEST)
    for x, head in ((_PROTECTS, "protects %"), (_COSTS, "costs %"), (_OFTEN, "often")):
        ax.text(x, top + _ABOVE, head, ha="right", va="bottom", fontsize=LABEL - 1, color=MUTED)
    xs = np.linspace(_FROM, _TO, len(columns) + 1)[1:] - 0.5 * (_TO - _FROM) / max(len(columns), 1)
    for x, name in zip(xs if dotted else (), columns, strict=False):
        ax.text(x, top + _ABOVE, said[name], ha="center", va="bottom", fontsize=LABEL, rotation=90)
    told = {str(label): names.get(str(label), spoken(label)) for label in listed["label"]}
    whole = {str(row["label"]): ", ".join([told[str(row["label"])], *_names(row)]) for row in listed.to_dict("records")}
    words = short_names(whole, whole, _LETTERS)
    for place, row in enumerate(listed.to_dict("records")):
        y = top - (place + 0.5) * step
        _row(ax, y, row)
        if dotted:
            _made_of(ax, y, xs, columns, row)
        else:
            ax.text(_FROM, y, words[str(row["label"])], va="center", fontsize=LABEL, color=_colour(row))


def _parts(listed: pd.DataFrame, baseline: str, order: Sequence[str]) -> list[str]:
    """What the policies are made of, in order; what the order does not list comes last, by name."""
    parts = distinct(part for label in listed["label"] if label != baseline for part in str(label).split(_JOIN))
    return [*(name for name in order if name in parts), *sorted(set(parts) - set(order))]


def _made_of(ax: Axes, y: float, xs: Reals, columns: Sequence[str], row: Row) -> None:
    """Dots for the parts of one policy, and behind them what it is called besides."""
    on = {*str(row["label"]).split(_JOIN)}
    _dots(ax, y, xs, [name in on for name in columns], _colour(row))
    ax.text(_TAG, y, ", ".join(_names(row)), va="center", fontsize=LABEL, color=_colour(row))


def _row(ax: Axes, y: float, row: Row) -> None:
    """Number and scores of one policy."""
    columns = [(_NUMBER, str(row["number"])), (_PROTECTS, signed(row["protection"], 0)), (_COSTS, signed(row["lost"], 1))]
    for x, words in (*columns, (_OFTEN, percent(row["share_of_worlds"]))):
        text = ax.text(x, y, words, ha="right", va="center", fontsize=SMALL)
        if x == _NUMBER:
            text.set(color=_colour(row), fontweight="bold" if _marked(row) else "normal")


def _names(row: Row) -> list[str]:
    """What a policy is called besides what it is made of."""
    marks = [word for word, told in (("knee", row["knee"]), ("cheapest", row["cheapest"])) if told]
    return [*marks, shortened(spoken(row["bundle"]), _BUNDLE_LETTERS)] if row["bundle"] and row["bundle"] != row["label"] else marks


def _dots(ax: Axes, y: float, xs: Reals, on: Sequence[bool], colour: str) -> None:
    """One dot a part, full where it is on."""
    ax.plot(xs, np.full(len(xs), y), "o", color=PALE, ms=4.5, zorder=2)
    held = xs[np.asarray(on, bool)]
    ax.plot(held, np.full(len(held), y), "o", color=colour, ms=5.5, zorder=3)[0].set_gid("on")
