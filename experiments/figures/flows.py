"""Who obtains data from whom: bands between requesters and requested states, as wide as the disclosures are many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from experiments.figures.style import (
    FAINT,
    FEWEST,
    INK,
    MUTED,
    PALETTE,
    SMALL,
    TEXT,
    add_note,
    nothing,
    present,
    runs_behind,
    short_names,
)
from experiments.text import percent, thousands
from sim.arrays import Reals

_LEFT, _RIGHT, _NODE = 0.0, 1.0, 0.018  # places of the two columns and their width
_BEND = 0.5  # where a band's bend has its control points
_SLOT = 0.036  # of the height: what a name needs
_GAP = 0.008  # of the height, between nodes
_OTHERS = "all other pairs"
_ELSEWHERE = "other states"


class Streams(NamedTuple):
    """Disclosures from requester to requested state: the largest pairs by name, all others as one stream a target."""

    pairs: list[tuple[str, str, float]]  # requester, requested, disclosures
    others: int  # pairs that are not named
    left: list[str]  # requesters from top to bottom
    right: list[str]  # requested states from top to bottom
    total: float  # disclosures
    named: float  # of them, in pairs that are named


def streams_of(table: pd.DataFrame, largest: int) -> Streams:
    """A table of pairs (``requester, requested, disclosures``, none empty) as the streams that are drawn."""
    ordered = table.sort_values(["disclosures", "requester", "requested"], ascending=[False, True, True], kind="stable")
    top, rest = ordered.head(largest), ordered.iloc[largest:]
    named = list(top.groupby("requested")["disclosures"].sum().sort_values(ascending=False, kind="stable").index)
    pairs = [(str(a), str(b), float(d)) for a, b, d in top[["requester", "requested", "disclosures"]].to_numpy()]
    target = rest["requested"].where(rest["requested"].isin(named), _ELSEWHERE)
    pairs += [(_OTHERS, str(name), float(size)) for name, size in rest.groupby(target)["disclosures"].sum().items()]
    right = _ranked(pairs, 1, _ELSEWHERE)
    left = sorted({a for a, _, _ in pairs} - {_OTHERS}, key=lambda name: _centre(name, pairs, right))
    left += [_OTHERS] * bool(len(rest))
    return Streams(pairs, len(rest), left, right, float(ordered["disclosures"].sum()), float(top["disclosures"].sum()))


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
    streams = streams_of(table, largest)
    colours = dict(zip_longest(streams.right, PALETTE[: len(streams.right)], fillvalue=MUTED)) | {_ELSEWHERE: FAINT}
    from_sizes, to_sizes = (_sizes(streams.pairs, side, names) for side, names in enumerate((streams.left, streams.right)))
    scale = min(_scale(from_sizes), _scale(to_sizes))
    from_tops, to_tops = _tops(from_sizes, scale), _tops(to_sizes, scale)
    _bands(ax, streams, from_tops, to_tops, scale, colours)
    every = [*streams.left, *streams.right]
    said = short_names(every, dict(zip(every, every, strict=True)) | dict(names or {}))
    others = {_OTHERS: f"{thousands(streams.others)} other pairs"}
    _requesters(ax, streams, from_tops, from_sizes, scale, said | others, fewest)
    for name, place, size in zip(streams.right, to_tops, to_sizes, strict=True):
        ax.add_patch(Rectangle((_RIGHT, place), _NODE, size * scale, color=colours[name], lw=0))
        share = f"  ({percent(size / streams.total)})" if size >= fewest else ""
        words = f"{_ELSEWHERE if name == _ELSEWHERE else said[name]}  {_few(size, fewest)}{share}"
        _name(ax, _RIGHT + _NODE + 0.01, place + size * scale / 2, words, "left")
    shown = len(table) - streams.others
    named, all_of_it = (f",\nin the {shown} largest pairs", ",\nto all who obtain them") if streams.others else ("", "")
    for x, align, words in (
        (_LEFT - _NODE, "right", f"state that obtains data{named}"),
        (_RIGHT + _NODE, "left", f"state that hands them over{all_of_it}"),
    ):
        ax.text(x, -0.025, words, ha=align, va="bottom", color=MUTED, fontsize=TEXT)
    ax.set_axis_off()
    ax.set(xlim=(_LEFT - _NODE, _RIGHT + _NODE), ylim=(1.005, -0.03))
    whole = f"{thousands(streams.total)} disclosures pooled over {runs_behind(table)}"
    covered = f"The {shown} largest of {thousands(len(table))} pairs of states carry {percent(streams.named / streams.total)} of"
    add_note(
        ax,
        f"Width and number: disclosures of data of people at risk. {covered if streams.others else 'All pairs are shown:'} {whole}."
        f"{_grey(table, streams, fewest)}",
    )
    return ax


def _grey(table: pd.DataFrame, streams: Streams, fewest: int) -> str:
    """What the grey streams hold; nothing where there are none."""
    if not streams.others:
        return ""
    rest = table["disclosures"].sort_values(ascending=False).iloc[-streams.others :]
    most = f"none with more than {thousands(rest.max())}" if rest.max() >= fewest else f"each fewer than {fewest}"
    left = thousands(streams.total - streams.named)
    return f" Grey: the {thousands(streams.others)} other pairs with {left} disclosures, {most}; their requesters are not named."


def _sizes(pairs: Sequence[tuple[str, str, float]], side: int, names: Sequence[str]) -> Reals:
    """Disclosures of each name of a side (0: requester, 1: requested), shape ``[len(names)]``."""
    return np.array([sum(pair[2] for pair in pairs if pair[side] == name) for name in names])


def _requesters(
    ax: Axes, streams: Streams, tops: Reals, sizes: Reals, scale: float, words: Mapping[str, str], fewest: int
) -> None:  # fmt: skip
    """The nodes of the requesters, each with its name and its number."""
    for name, place, size in zip(streams.left, tops, sizes, strict=True):
        shade = FAINT if name == _OTHERS else INK
        ax.add_patch(Rectangle((_LEFT - _NODE, place), _NODE, size * scale, color=shade, lw=0))
        _name(ax, _LEFT - _NODE - 0.01, place + size * scale / 2, f"{words[name]}  {_few(size, fewest)}", "right")


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
    ax: Axes, streams: Streams, from_tops: Reals, to_tops: Reals, scale: float, colours: Mapping[str, str]
) -> None:  # fmt: skip
    """The bands, stacked at both ends in the order of the other side."""
    left, right = streams.left, streams.right
    start, stop = from_tops.copy(), to_tops.copy()
    ordered = sorted(streams.pairs, key=lambda s: (left.index(s[0]), right.index(s[1])))
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
