"""Who obtains data from whom: bands between requesters and requested states, as wide as the disclosures are many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from experiments.figures.style import FAINT, FEWEST, INK, MUTED, PALETTE, SMALL, TEXT, note, nothing, present, runs_of, short_names
from experiments.text import percent, thousands
from sim.arrays import Reals

_LEFT, _RIGHT, _NODE = 0.0, 1.0, 0.018  # places of the two columns and their width
_BEND = 0.5  # where a band's bend has its control points
_SLOT = 0.036  # of the height: what a name needs
_GAP = 0.008  # of the height, between nodes
_OTHERS = "all other pairs"
_ELSEWHERE = "other states"


def flows(
    frame: pd.DataFrame, ax: Axes, *, largest: int = 20, fewest: int = FEWEST, names: Mapping[str, str] | None = None
) -> Axes:
    """Disclosures about people at risk between states: the largest pairs by name, all others as one grey stream.

    ``frame``: ``requester, requested, disclosures, runs``, one row a pair, pooled over the runs. The requested side is
    complete: a state's width there is all that it disclosed. ``names`` turns codes into names. Raises ``ValueError`` for a
    missing column.
    """
    table = present(frame, ["requester", "requested", "disclosures", "runs"])
    table = table[table["disclosures"] > 0]
    if table.empty:
        return nothing(ax)
    table = table.sort_values(["disclosures", "requester", "requested"], ascending=[False, True, True], kind="stable")
    total = float(table["disclosures"].sum())
    top = table.head(largest)
    named = list(top.groupby("requested")["disclosures"].sum().sort_values(ascending=False, kind="stable").index)
    rest = table.iloc[len(top) :]
    streams = [(str(a), str(b), float(d)) for a, b, d in top[["requester", "requested", "disclosures"]].to_numpy()]
    for target, size in (
        rest.groupby(rest["requested"].where(rest["requested"].isin(named), _ELSEWHERE))["disclosures"].sum().items()
    ):
        streams.append((_OTHERS, str(target), float(size)))
    right = _ranked(streams, 1, _ELSEWHERE)
    left = sorted({a for a, _, _ in streams} - {_OTHERS}, key=lambda name: _centre(name, streams, right))
    left += [_OTHERS] * bool(len(rest))
    colours = {name: PALETTE[rank] if rank < len(PALETTE) else MUTED for rank, name in enumerate(right)} | {_ELSEWHERE: FAINT}
    from_sizes = np.array([sum(d for a, _, d in streams if a == name) for name in left])
    to_sizes = np.array([sum(d for _, b, d in streams if b == name) for name in right])
    scale = min(_scale(from_sizes), _scale(to_sizes))
    from_tops, to_tops = _tops(from_sizes, scale), _tops(to_sizes, scale)
    _bands(ax, streams, left, right, from_tops, to_tops, scale, colours)
    said = short_names([*left, *right], {name: name for name in (*left, *right)} | dict(names or {}))
    for name, place, size in zip(left, from_tops, from_sizes, strict=True):
        shade = FAINT if name == _OTHERS else INK
        ax.add_patch(Rectangle((_LEFT - _NODE, place), _NODE, size * scale, color=shade, lw=0))
        words = f"{len(rest)} other pairs" if name == _OTHERS else said[name]
        _name(ax, _LEFT - _NODE - 0.01, place + size * scale / 2, f"{words}  {_few(size, fewest)}", "right")
    for name, place, size in zip(right, to_tops, to_sizes, strict=True):
        ax.add_patch(Rectangle((_RIGHT, place), _NODE, size * scale, color=colours[name], lw=0))
        words = _ELSEWHERE if name == _ELSEWHERE else said[name]
        share = f"  ({percent(size / total)})" if size >= fewest else ""
        _name(ax, _RIGHT + _NODE + 0.01, place + size * scale / 2, f"{words}  {_few(size, fewest)}{share}", "left")
    for x, align, words in (
        (_LEFT - _NODE, "right", "requester, in large pairs"),
        (_RIGHT + _NODE, "left", "requested, all that it disclosed"),
    ):
        ax.text(x, -0.025, words, ha=align, va="bottom", color=MUTED, fontsize=TEXT)
    ax.set_axis_off()
    ax.set(xlim=(_LEFT - _NODE, _RIGHT + _NODE), ylim=(1.005, -0.03))
    whole = f"{thousands(total)} disclosures pooled over {runs_of(table)}"
    covered = f"The {len(top)} largest of {thousands(len(table))} pairs carry {percent(float(top['disclosures'].sum()) / total)} of"
    note(ax, f"Width: disclosures. {covered if len(rest) else 'All pairs are shown:'} {whole}.")
    return ax


def _few(size: float, fewest: int) -> str:
    return thousands(size) if size >= fewest else f"<{fewest}"


def _name(ax: Axes, x: float, y: float, words: str, align: str) -> None:
    text = ax.text(x, y, words, va="center_baseline", fontsize=SMALL)
    text.set_horizontalalignment("right" if align == "right" else "left")


def _ranked(streams: Sequence[tuple[str, str, float]], side: int, last: str) -> list[str]:
    """Names of one side, the largest first, the rest last."""
    sizes: dict[str, float] = {}
    for stream in streams:
        name = str(stream[side])
        sizes[name] = sizes.get(name, 0.0) + stream[2]
    return sorted(sizes, key=lambda name: (name == last, -sizes[name], name))


def _centre(name: str, streams: Sequence[tuple[str, str, float]], right: Sequence[str]) -> tuple[float, str]:
    """Mean rank of those whom a requester asks: neighbours ask the same states, and bands cross seldom."""
    own = [(right.index(b), d) for a, b, d in streams if a == name]
    return sum(rank * d for rank, d in own) / sum(d for _, d in own), name


def _scale(sizes: Reals) -> float:
    """Height of one disclosure, such that every node has room for its name and all fit into a height of one."""
    low, high = 0.0, 1.0 / float(sizes.sum())
    for _ in range(60):
        middle = (low + high) / 2
        fits = float((np.maximum(sizes * middle, _SLOT) + _GAP).sum()) <= 1.0
        low, high = (middle, high) if fits else (low, middle)
    return max(low, 0.05 / float(sizes.sum()))


def _tops(sizes: Reals, scale: float) -> Reals:
    """Upper edge of every node, in the middle of its slot; what is left over widens the gaps."""
    slots = np.maximum(sizes * scale, _SLOT)
    gap = (1.0 - float(slots.sum())) / max(sizes.size - 1, 1) if sizes.size > 1 else 0.0
    starts = np.concatenate([[0.0], np.cumsum(slots[:-1] + gap)])
    return np.asarray(starts + (slots - sizes * scale) / 2)


def _bands(
    ax: Axes,
    streams: Sequence[tuple[str, str, float]],
    left: Sequence[str],
    right: Sequence[str],
    from_tops: Reals,
    to_tops: Reals,
    scale: float,
    colours: Mapping[str, str],
) -> None:
    """The bands, stacked at both ends in the order of the other side."""
    start, stop = from_tops.copy(), to_tops.copy()
    ordered = sorted(streams, key=lambda s: (left.index(s[0]), right.index(s[1])))
    ends: dict[tuple[str, str], tuple[float, float]] = {}
    for a, b, size in ordered:
        i, j = left.index(a), right.index(b)
        ends[a, b] = float(start[i]), float(stop[j])
        start[i] += size * scale
        stop[j] += size * scale
    middle = _LEFT + _BEND * (_RIGHT - _LEFT)
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    for a, b, size in ordered:
        (y, z), h = ends[a, b], size * scale
        upper = [(_LEFT, y), (middle, y), (middle, z), (_RIGHT, z)]
        lower = [(_RIGHT, z + h), (middle, z + h), (middle, y + h), (_LEFT, y + h)]
        grey = a == _OTHERS or b == _ELSEWHERE
        band = PathPatch(Path([*upper, *lower, (_LEFT, y)], codes), lw=0, alpha=0.45 if grey else 0.62)
        band.set_facecolor(FAINT if grey else colours[b])
        band.set_gid(f"{a}>{b}")
        band.set_zorder(1 if grey else 2)
        ax.add_patch(band)
