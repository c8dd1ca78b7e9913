"""Whom a scenario reaches: its change in each slice of a metric, a row an arm, a column a group, a channel, a host or a regime."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.patches import Rectangle

from experiments.design.capacities import own_baseline
from experiments.figures.labels import length
from experiments.figures.style import (
    BETTER,
    FAINT,
    FEWEST,
    INK,
    LONG,
    MUTED,
    NAME_LETTERS,
    SMALL,
    TEXT,
    WORSE,
    add_note,
    name_lines,
    nothing,
    ordered,
    page_inches,
    present,
    short_names,
    shortened,
    unframed,
)
from experiments.statistics import DOWN, FEWEST_WORLDS, UP, verdict_of
from experiments.statistics.many import chance_clear
from experiments.text import Row, band, distinct, spoken
from sim.arrays import Reals
from sim.world.vocabulary import CHANNELS, GROUP_NAMES, GROUPS, REGIMES

COLUMNS = [
    *("arm", "by", "level", "percent", "percent_world_low", "percent_world_high", "world_low", "world_high", "worlds"),
    *("chance_share", "events_baseline", "events", "constructed_zero"),
]
_GAP = 0.5  # columns between two ways to slice
_FULL = 50.0  # per cent at which a colour is full
_APART = 0.19  # of a row, that number and range stand over and under its middle
_FURTHER, _LOWER = 0.27, 0.16  # of a row, the same where the range has two lines
_BESIDE = 4.0  # points that words in a column leave free
_SMALLER = SMALL - 2.4  # points of a range
_DEEPEST = 0.6  # share of the full colour that a cell takes, so that dark words stay readable
_HEAD = 0.6  # rows above the first arm
_EMPTY = "·"
_AT_MOST = 5.0  # cells: from here on they are told as whole numbers
_ORDER: dict[str, tuple[str, ...]] = {"group": GROUPS, "regime": REGIMES, "channel": CHANNELS}
_HEADING = 26  # letters of a heading
_WIDTH = 0.74  # of the page's width that the axes have at least
_POINTS = 72.0  # an inch
_COLOURS = LinearSegmentedColormap.from_list("change", [BETTER, "white", WORSE])
_HEADINGS = {
    "group": "people disclosed, by group",
    "regime": "cases disclosed, by regime of the requester",
    "channel": "cases disclosed, by channel",
    "requested": "cases disclosed, by requested state",
    "instrument": "cases disclosed, by instrument",
}
LEVELS: dict[str, str] = {group: name.short for group, name in GROUP_NAMES.items()}
LEVELS |= {regime: spoken(regime) for regime in REGIMES}


def slices(
    frame: pd.DataFrame,
    ax: Axes,
    *,
    largest: int = 8,
    fewest: int = FEWEST,
    good: int = -1,
    names: Mapping[str, str] | None = None,
    order: Sequence[str] = (),
    baseline: str = "",
    baselines: Mapping[str, str] | None = None,
) -> Axes:
    """Change against the baseline in per cent, arm by arm and slice by slice, with its range over worlds: a coloured table.

    ``frame``: ``arm, by, level, percent, percent_world_low, percent_world_high, world_low, world_high, worlds, chance_share,
    events_baseline, events, constructed_zero``, one row an arm and level; several ``by`` stand side by side, each with all
    levels of the model, or its ``largest`` by events. Fewer than ``fewest`` events on either side: no number and no colour.
    Where the range holds zero, is mostly chance, or where there are too few worlds for a verdict, the number is grey and has no
    colour. ``good`` is the direction that is better for people, ``order`` the arms from top to bottom, ``baseline`` in words what
    they are compared with, ``baselines`` which of several each is read against. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, COLUMNS)
    if table.empty or not (table["events_baseline"] > 0).any():
        return nothing(ax)
    arms = ordered(table["arm"], order)
    columns = [(by, level) for by in distinct(table["by"]) for level in slice_levels(table[table["by"] == by], largest)]
    shown = table[pd.MultiIndex.from_frame(table[["by", "level"]].astype(str)).isin(columns)]
    kinds, levels = [by for by, _ in columns], [level for _, level in columns]
    spelt, words = name_lines(arms, names, LONG), short_names(levels, LEVELS | dict(names or {}), _HEADING)
    lefts, blocks = _places(kinds)
    room = _column(ax, len(columns), len(blocks)) - _BESIDE
    above = _headings(ax, lefts, [_wrapped(words[level], room) for level in levels], room)
    _titles(ax, blocks, above)
    _cells(ax, table, arms, dict(zip(columns, lefts, strict=True)), lambda row: _fitted(_face_of(row, fewest, good), room))
    ax.set(xlim=(0, lefts[-1] + 1.0), ylim=(len(arms) - 0.5, -_HEAD), xticks=[], yticks=range(len(arms)))
    ax.set_yticklabels([spelt[arm] for arm in arms], fontsize=SMALL, linespacing=0.95)
    unframed(ax)
    add_note(ax, _explained(shown, fewest, largest, baseline, baselines or {}))
    return ax


def _places(kinds: Sequence[str]) -> tuple[list[float], list[tuple[float, str]]]:
    """Left edge of each column, in columns, and of each way to slice with its name; ways stand apart."""
    lefts, blocks = list[float](), list[tuple[float, str]]()
    for by in kinds:
        new = by not in [name for _, name in blocks]
        lefts.append((lefts[-1] + 1.0 if lefts else 0.0) + _GAP * (new and bool(blocks)))
        blocks += [(lefts[-1], by)] * new
    return lefts, blocks


def _headings(ax: Axes, lefts: Sequence[float], heads: Sequence[str], room: float) -> float:
    """The heading of each column, turned where one is wider than its column; returns the points that they reach above the table."""
    turned = any(_length(line) > room for head in heads for line in head.split("\n"))
    for x, head in zip(lefts, heads, strict=True):
        text = head.replace("\n", " ") if turned else head
        ax.text(x + 0.5, -_HEAD, text, ha="center", va="bottom", fontsize=SMALL - 0.5, rotation=90 * turned, linespacing=1.1)
    return max(_height(head, turned) for head in heads)


def _cells(
    ax: Axes, table: pd.DataFrame, arms: Sequence[str], lefts: Mapping[tuple[str, str], float], face: Callable[[Row | None], Face]
) -> None:
    """All cells of the table: a row an arm, a column a way to slice and a level."""
    rows = {(str(row["arm"]), str(row["by"]), str(row["level"])): row for row in table.to_dict("records")}
    for (by, level), x in lefts.items():
        for y, arm in enumerate(arms):
            _cell(ax, x, y, face(rows.get((arm, by, level))))


def _height(head: str, turned: bool) -> float:
    """Points that a heading reaches above the table."""
    return _length(head.replace("\n", " ")) if turned else (head.count("\n") + 1) * 1.3 * SMALL


def _titles(ax: Axes, blocks: Sequence[tuple[float, str]], above: float) -> None:
    """What each way to slice shows, so many points above the table."""
    for start, by in blocks:
        title = shortened(_HEADINGS.get(by, f"by {spoken(by)}"), NAME_LETTERS + len("by "))
        spot = ax.annotate(title, (start, -_HEAD), (0, above + 7), textcoords="offset points", va="bottom", fontsize=TEXT)
        spot.set_fontweight("bold")


def slice_levels(part: pd.DataFrame, largest: int) -> list[str]:
    """Levels of one slice in the order of the model; where it has none of its own, the ``largest`` with most events."""
    by = str(part["by"].iloc[0])
    known = {level: place for place, level in enumerate(_ORDER.get(by, ()))}
    levels = sorted(distinct(part["level"]), key=lambda level: known.get(level, len(known)))
    if len(levels) <= largest or by in _ORDER:
        return levels
    events = part.groupby("level", sort=False, observed=True)["events_baseline"].max()
    return sorted(levels, key=lambda level: (-int(events[level]), level))[:largest]


def _wrapped(words: str, room: float) -> str:
    """A heading in lines that fit so many points, as far as its words do."""
    lines = list[str]()
    for word in words.split():
        fits = bool(lines) and _length(f"{lines[-1]} {word}") <= room
        lines[-1:] = [f"{lines[-1]} {word}"] if fits else [*lines[-1:], word]
    return "\n".join(lines)


def _column(ax: Axes, columns: int, blocks: int) -> float:
    """Width of a column, points, on the narrowest axes that a page leaves."""
    return float(_WIDTH * page_inches(ax)[0] / (columns + _GAP * (blocks - 1)) * _POINTS)


def _length(words: str) -> float:
    """Points that a heading takes along its line."""
    return length(words, SMALL - 0.5)


class Face(NamedTuple):
    """How a cell of the table is drawn: its text and the colours of text and ground."""

    words: str
    below: str = ""
    sure: bool = False
    ground: str = "white"


def _face_of(row: Row | None, fewest: int, good: int) -> Face:
    """A number, or why there is none."""
    if row is None:
        return Face(_EMPTY)
    if bool(row["constructed_zero"]):
        return Face("=")
    before, after = row["events_baseline"] >= fewest, row["events"] >= fewest
    if not (before and after):
        return Face(f"{'↓' if before else '↑' if after else ''}<{fewest}")
    return Face(_EMPTY) if np.isnan(row["percent"]) else _number(row, good)


def _fitted(face: Face, room: float) -> Face:
    """A face with its range on two lines where it is wider than its cell: nothing is left out."""
    if length(face.below, _SMALLER) <= room:
        return face
    first, _, last = face.below.rpartition(" ")
    return face._replace(below=f"{first}\n{last}" if first else face.below)


def _number(row: Row, good: int) -> Face:
    """A number over its range, with a ground where the range is clear of zero."""
    words, low, high = band(*(float(row[f"percent{end}"]) for end in ("", "_world_low", "_world_high")), decimals=0)
    if row["world_low"] == row["world_high"] == 0:
        return Face("0", "in every world")
    below = f"{low} to {high}" if low and high else "no range"
    if verdict_of(row["world_low"], row["world_high"], int(row["worlds"]), row["chance_share"]) not in (DOWN, UP):
        return Face(words, below)
    share = float(np.clip(-good * row["percent"] / _FULL, -1, 1))
    return Face(words, below, True, to_hex(_COLOURS(0.5 + 0.5 * _DEEPEST * share)))


def _cell(ax: Axes, x: float, y: int, face: Face) -> None:
    """One cell of the table, ``x`` its left edge and ``y`` its middle."""
    ax.add_patch(Rectangle((x, y - 0.5), 1.0, 1.0, facecolor=face.ground, edgecolor=FAINT, lw=0.4, clip_on=False))
    up = (_APART if "\n" not in face.below else _FURTHER) if face.below else 0.0
    text = ax.text(x + 0.5, y - up, face.words, ha="center", va="center_baseline", fontsize=SMALL - 0.5)
    text.set(color=INK if face.sure else MUTED, fontweight="bold" if face.sure else "normal", in_layout=False)
    if face.below:
        below = y + (_APART + 0.04 if "\n" not in face.below else _LOWER)
        text = ax.text(x + 0.5, below, face.below, ha="center", va="center", fontsize=_SMALLER, linespacing=0.95)
        text.set(color=INK if face.sure else MUTED, in_layout=False)  # within the axes: measuring hundreds of cells takes time


def _explained(table: pd.DataFrame, fewest: int, largest: int, baseline: str, baselines: Mapping[str, str]) -> str:
    against = shortened(baseline) if baseline else "the baseline"
    worlds = table["worlds"].to_numpy(float)
    words = [
        f"Change against {against} in %, each world paired with itself; below it the range over {_worlds_of(worlds)}.",
        *([f"Each row is read against {own_baseline(baselines)}."] if len({*baselines.values()}) > 1 else []),
        *(["0 in every world: the slice is the same in each of them."] if _still(table, fewest) else []),
        "Bold on a ground: the whole range is on one side of zero; blue is better for people, orange worse, full at ±50 %. Grey on",
        "white: the range holds zero or its spread is mostly chance.",
        f"<{fewest}: fewer than {fewest} events, no number; ↓ down from more, ↑ up to more.",
        _by_chance(table, fewest),
    ]
    if table["constructed_zero"].fillna(False).astype(bool).any():
        words.append("=: nothing can move by construction.")
    cut = table[~table["by"].astype(str).isin(list(_ORDER))]
    if len(cut) and cut.groupby("by", observed=True)["level"].nunique().max() >= largest:
        words.append(f"At most {largest} columns a slice, those with most events.")
    return " ".join(words)


def _still(table: pd.DataFrame, fewest: int) -> bool:
    """Whether a cell with a number moves in no world."""
    counted = table[["events_baseline", "events"]].min(axis=1) >= fewest
    return bool((counted & table["percent"].notna() & (table["world_low"] == 0) & (table["world_high"] == 0)).any())


def _worlds_of(worlds: Reals) -> str:
    """How many worlds stand behind the cells."""
    least, most = int(worlds.min()), int(worlds.max())
    return f"{most} worlds" if least == most else f"{least} to {most} worlds"


def _by_chance(table: pd.DataFrame, fewest: int) -> str:
    """How many of so many cells would be clear of zero if nothing moved; what there are too few worlds for."""
    if table["worlds"].max() < FEWEST_WORLDS:
        return f"Fewer than {FEWEST_WORLDS} worlds: too few for a verdict, so no cell has a ground."
    counted = (table[["events_baseline", "events"]].min(axis=1) >= fewest) & ~table["constructed_zero"].fillna(False).astype(bool)
    own = table[counted & table["percent"].notna()]
    lucky = float(chance_clear(own["worlds"].to_numpy(float)).sum())
    told = "fewer than one" if lucky < 1 else f"about {lucky:.1f}" if lucky < _AT_MOST else f"about {lucky:.0f}"
    return (
        f"{len(own)} cells are judged at once: {told} of them would have a ground by chance alone, if no scenario moved anything."
    )
