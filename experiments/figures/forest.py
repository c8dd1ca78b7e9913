"""What each scenario changes: a row an arm with its range over worlds, for people at risk and, beside it, for cooperation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from experiments.analysis.ranges import mostly_chance
from experiments.design.capacities import beside_partners, own_baseline
from experiments.design.scenarios import KINDS, by_kind
from experiments.figures.style import (
    BETTER,
    FAINT,
    FEWEST,
    INK,
    LONG,
    MUTED,
    PALE,
    SMALL,
    TEXT,
    WORSE,
    add_note,
    edges,
    name_lines,
    nothing,
    present,
    unframed,
    usual,
)
from experiments.statistics import DOWN, UP, WORLDS_FOR_TAILS, verdict_of
from experiments.text import Row, distinct, signed_band, spoken, thousands, unknown

COLUMNS = [
    *("arm", "metric", "percent", "percent_world_low", "percent_world_high", "percent_error_low", "percent_error_high"),
    *("chance_share", "events_baseline", "events", "worlds", "runs", "constructed_zero", "expected", "agrees"),
]
_PANELS = ("cross_border_disclosure_rate", "legit_met_rate")
_ON_ALL = ("case_disclosure_rate", "legit_met_rate")  # of a study that kept no other footing
_TITLES = {
    "case_disclosure_rate": ("Abusive cases disclosed", -1),
    "cross_border_disclosure_rate": ("Abusive cases disclosed", -1),
    "legit_met_rate": ("Legitimate needs met", 1),
}  # words, and the direction that is better for people
_SPANS = ((0.0, 0.260), (0.600, 0.135))  # left edge and width of the two panels, in parts of the axes
_NUMBERS, _EXPECTED, _EVENTS = (0.445, 0.944), (0.490, 0.990), 0.568  # right edges of the columns
_SHOWN = 120.0  # per cent up to which a change always fits on the axis
_HEAD = 1.9  # rows above the first arm
_LEADING = 0.95  # of the letters' size, between two lines of a name
_APART = 0.5  # rows between two kinds
_GROUND = "#f7f7f7"  # every other row
_ARROWS = {"up": "↑", "down": "↓", "same": "="}
_VERDICTS = {True: "✓", False: "✗"}


def forest(
    frame: pd.DataFrame,
    ax: Axes,
    *,
    fewest: int = FEWEST,
    panels: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None,
    kinds: Mapping[str, str] | None = None,
    pairs: Sequence[tuple[str, str]] = (),
    baselines: Mapping[str, str] | None = None,
) -> Axes:
    """Change of two metrics against the baseline in per cent, a part each kind, the strongest reduction of the first on top.

    ``frame``: ``arm, metric, percent, percent_world_low, percent_world_high, percent_error_low, percent_error_high, chance_share,
    events_baseline, events, worlds, runs, constructed_zero, expected, agrees``, one row an arm and metric. Fewer than ``fewest``
    events on either side: no number. What cannot move by construction is grey and stands last in its part. A value beyond the axis
    is an arrow; its number stands beside it. ``names`` turns arms into words, ``kinds`` says of which kind an arm is (a key of
    ``KINDS``); arms of one kind need no heading. Of ``pairs`` the second arm stands right under the first.
    ``baselines`` says in words which of several baselines an arm is read against. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, COLUMNS)
    panels = panels or (_PANELS if _PANELS[0] in set(table["metric"]) else _ON_ALL)
    table = table[table["metric"].isin(panels)]
    if table.empty or not (table["events_baseline"] > 0).any():
        return nothing(ax)
    rows = {(str(row["arm"]), str(row["metric"])): row for row in table.to_dict("records")}
    ordered = sorted(distinct(table["arm"]), key=lambda arm: _rank(rows.get((arm, panels[0])), arm, fewest))
    parts = by_kind(beside_partners(ordered, pairs), kinds or {})
    said = name_lines(ordered, names, LONG)
    heads, spots, depth = _rows_of(parts)
    ax.set(xlim=(0, 1), ylim=(depth - 0.5, -_HEAD), xticks=[], yticks=list(spots.values()))
    ax.set_yticklabels([said[arm] for arm in spots], fontsize=SMALL, linespacing=_LEADING)
    for label, arm in zip(ax.get_yticklabels(), spots, strict=True):
        label.set_color(MUTED if _fixed(rows.get((arm, panels[0]))) else INK)
    unframed(ax)
    for place, y in enumerate(spots.values()):
        if place % 2 == 0:
            ax.axhspan(y - 0.5, y + 0.5, color=_GROUND, lw=0, zorder=0)
    for kind, y in heads.items():
        words = ax.annotate(
            KINDS[kind].capitalize(), (0, y), (-4, 0), ax.get_yaxis_transform(), "offset points", ha="right", va="center"
        )
        words.set(fontsize=TEXT, fontweight="bold")
        ax.axhline(y + 0.5, color=FAINT, lw=0.8, zorder=1)
    far = False
    for place, metric in enumerate(panels):
        far |= _panel(ax, place, metric, [(y, row) for arm, y in spots.items() if (row := rows.get((arm, metric)))], fewest, depth)
    _events(ax, [(y, row) for arm, y in spots.items() if (row := rows.get((arm, panels[0])))], fewest)
    add_note(ax, _explained(table, panels, far, baselines or {}))
    return ax


def _rows_of(parts: Mapping[str, Sequence[str]]) -> tuple[dict[str, float], dict[str, float], float]:
    """Where the heading of each kind stands and where each arm, in rows from the top, and how many rows there are."""
    heads, spots, y = dict[str, float](), dict[str, float](), 0.0
    for kind, arms in parts.items():
        if len(parts) > 1:
            y += _APART * bool(spots)
            heads[kind] = y
            y += 1
        for arm in arms:
            spots[arm] = y
            y += 1
    return heads, spots, y


def _in_baselines(table: pd.DataFrame, metric: str, baselines: Mapping[str, str]) -> str:
    """The events of the baseline, or of each where arms are read against several, and that each has its own."""
    first = table[table["metric"] == metric]
    place = {arm: number for number, arm in enumerate(baselines)}
    rows = sorted(first.to_dict("records"), key=lambda row: place.get(str(row["arm"]), 0))
    told = dict.fromkeys((thousands(row["events_baseline"]), baselines.get(str(row["arm"]), "")) for row in rows)
    counts = [f"{count} with {words}" if words else count for count, words in told]
    if len(counts) == 1:
        return f" ({counts[0]} in the baseline)."
    return f" (in the baselines: {'; '.join(counts)}). Each row is read against {own_baseline(baselines)}."


def _explained(table: pd.DataFrame, panels: Sequence[str], far: bool, baselines: Mapping[str, str]) -> str:
    base = _in_baselines(table, panels[0], baselines)
    words = [
        f"Dot: mean change in the same worlds, in % of the baseline's mean. Thin line and brackets: {_reach(table)};",
        "thick line: simulation error of the mean (95 %). Blue: better for people, orange: worse, in all worlds of the range;",
        "open and grey: the range holds zero, the worlds are too few for a verdict, or the spread is mostly chance (*).",
        f"Events: {_TITLES.get(panels[0], (spoken(panels[0]), 0))[0].lower()} under the scenario, pooled over its runs{base}",
    ]
    if any(_foreseen(row) for row in table.to_dict("records")):
        words.append(
            "Exp.: the direction written down before the runs; ✓ the range lies there, ✗ on the other side, ? it does not tell,"
        )
        words.append("– nothing can move.")
    if far:
        words.append("Arrows point beyond the axis: the number stands beside them.")
    if table["constructed_zero"].fillna(False).astype(bool).any():
        words.append("Grey names: nothing can move by construction.")
    worlds, runs = (f"{thousands(table[c].min())} to {thousands(table[c].max())}" if table[c].min() < table[c].max() else
                    thousands(table[c].max()) for c in ("worlds", "runs"))  # fmt: skip
    words.append(f"{worlds} worlds, {runs} runs a scenario.")
    return " ".join(words)


def _reach(table: pd.DataFrame) -> str:
    """What the range over worlds of a table is."""
    worlds = int(table["worlds"].max())
    return f"5 to 95 % of {worlds} worlds" if worlds >= WORLDS_FOR_TAILS else f"smallest to largest of {worlds} worlds"


def _fixed(row: Row | None) -> bool:
    return row is not None and row["constructed_zero"] is not None and bool(row["constructed_zero"])


def _few(row: Row, fewest: int) -> bool:
    return bool(min(row["events_baseline"], row["events"]) < fewest or np.isnan(row["percent"]))


def _rank(row: Row | None, arm: str, fewest: int) -> tuple[int, float, str]:
    """Measured arms by their effect, then those with too few events, then those that cannot move."""
    if row is None or _fixed(row):
        return 2, 0.0, arm
    return (1, 0.0, arm) if _few(row, fewest) else (0, float(row["percent"]), arm)


def _word(ax: Axes, x: float, y: float, words: str, colour: str, **style: Any) -> None:
    text = ax.text(x, y, words, ha="right", va="center_baseline", fontsize=SMALL - 0.5, color=colour, **style)
    text.set_in_layout(False)  # it lies within the axes: measuring hundreds of words takes time


def _events(ax: Axes, rows: Sequence[tuple[float, Row]], fewest: int) -> None:
    """The column of events, those of the scenario itself."""
    for y, row in rows:
        _word(ax, _EVENTS, y, thousands(row["events"]) if row["events"] >= fewest else f"<{fewest}", MUTED)
    _word(ax, _EVENTS, -1.0, "events", MUTED)


def _inner(ax: Axes, place: int, rows: Sequence[Row], depth: float) -> Axes:
    """The axes of a panel, wide enough for all usual numbers of ``rows``, ``depth`` rows high."""
    left, width = _SPANS[place]
    bounds = np.array([[row["percent"], row["percent_world_low"], row["percent_world_high"]] for row in rows], float).reshape(-1, 3)
    low, high = edges(bounds[usual(bounds, least=_SHOWN)])
    inner = ax.inset_axes((left, 0.0, width, depth / (depth - 0.5 + _HEAD)))
    inner.patch.set_alpha(0)
    inner.set(xlim=(low, high), ylim=(depth - 0.5, -0.5), yticks=[])
    inner.locator_params(axis="x", nbins=5 if place == 0 else 3)
    inner.set_xticks([tick for tick in inner.get_xticks() if low <= tick <= high])
    inner.spines["left"].set_visible(False)
    inner.grid(axis="x", color=PALE, zorder=0)
    inner.axvline(0, color=INK, lw=1.0, zorder=1)
    inner.tick_params(axis="x", labelsize=SMALL)
    inner.set_xlabel("change against the baseline, %\n(left: fewer)" if place == 0 else "change, %\n(right: more)", fontsize=SMALL)
    return inner


def _panel(ax: Axes, place: int, metric: str, told: Sequence[tuple[float, Row]], fewest: int, depth: float) -> bool:
    """One metric: axis, dots and lines, and the columns beside them; tells whether something lies beyond the axis."""
    title, good = _TITLES.get(metric, (spoken(metric), -1))
    inner = _inner(ax, place, [row for _, row in told if not (_fixed(row) or _few(row, fewest))], depth)
    span, far = inner.get_xlim(), False
    for y, row in told:
        words, colour = _told(row, fewest)
        _word(ax, _NUMBERS[place], y, words, colour)
        if _fixed(row):
            inner.plot([0], [y], "|", color=FAINT, ms=8, mew=1.6, zorder=3)
        elif not _few(row, fewest):
            far |= _mark(inner, y, row, good, span)
        _word(ax, _EXPECTED[place], y, _foreseen(row), _verdict_colour(row))
    ax.text(_SPANS[place][0], -1.5, title, fontsize=TEXT, fontweight="bold", va="center_baseline")
    _word(ax, _NUMBERS[place], -1.0, "% (range)", MUTED)
    if any(_foreseen(row) for _, row in told):
        _word(ax, _EXPECTED[place] + 0.012, -1.0, "exp.", MUTED)
    return far


def _told(row: Row, fewest: int) -> tuple[str, str]:
    if _fixed(row):
        return "cannot move", MUTED
    if min(row["events_baseline"], row["events"]) < fewest:
        return f"<{fewest} events", MUTED
    if np.isnan(row["percent"]):
        return "no baseline", MUTED
    if row["percent"] == row["percent_world_low"] == row["percent_world_high"] == 0:
        return "0 in every run", MUTED
    band = signed_band(row["percent"], row["percent_world_low"], row["percent_world_high"])
    return (f"{band} *", MUTED) if mostly_chance(row) else (band, INK)


def _foreseen(row: Row) -> str:
    arrow = _ARROWS.get(str(row["expected"]), "")
    return f"{arrow} {_verdict(row)}" if arrow else ""


def _verdict(row: Row) -> str:
    if _fixed(row):
        return "–"  # what cannot move bears nothing out
    return "?" if unknown(row["agrees"]) else _VERDICTS[bool(row["agrees"])]


def _verdict_colour(row: Row) -> str:
    return WORSE if _verdict(row) == "✗" else MUTED


def _unsure(row: Row) -> bool:
    """Whether the worlds allow no verdict: their range holds zero, they are too few, or the spread is mostly chance."""
    ends = float(row["percent_world_low"]), float(row["percent_world_high"])
    return verdict_of(*ends, int(row["worlds"]), float(row["chance_share"])) not in (UP, DOWN)


def _mark(inner: Axes, y: float, row: Row, good: int, span: tuple[float, float]) -> bool:
    """Dot, range over worlds (thin) and simulation error (thick) of one row, or an arrow at the edge that they lie beyond."""
    middle, start, stop = (float(row[name]) for name in ("percent", "percent_world_low", "percent_world_high"))
    error: NDArray[np.float64] = np.array([row["percent_error_low"], row["percent_error_high"]], float)
    low, high = span
    colour = MUTED if _unsure(row) else BETTER if np.sign(middle) == good else WORSE
    inner.plot(np.clip([start, stop], low, high), [y, y], color=colour, lw=1.1, solid_capstyle="butt", zorder=2)
    inner.plot(np.clip(error, low, high), [y, y], color=colour, lw=3.2, alpha=0.55, solid_capstyle="butt", zorder=2)
    for bound, marker in ((start, "|"), (stop, "|")):
        if low <= bound <= high:
            inner.plot([bound], [y], marker, color=colour, ms=6, mew=1.2, zorder=2)
    if low <= middle <= high:
        inner.plot([middle], [y], "o", color=colour, mfc="white" if _unsure(row) else colour, ms=5.0, mew=1.3, zorder=3)
    far = False
    for beyond, spot, marker in ((min(middle, start) < low, low, "<"), (max(middle, stop) > high, high, ">")):
        if beyond:
            inner.plot([spot], [y], marker, color=colour, ms=6.5, clip_on=False, zorder=3)
            far = True
    return far
