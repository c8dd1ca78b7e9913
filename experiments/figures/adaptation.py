"""What the safeguards that prevent most prevent in years of adaptation, and would prevent in the same years if nobody adapted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.analysis.adaptation import ADAPTIVE, NAIVE, WHOLE_WINDOW
from experiments.figures.style import (
    BETTER,
    FAINT,
    INK,
    MUTED,
    PALE,
    SMALL,
    TEXT,
    add_note,
    edges,
    folded,
    nothing,
    present,
    short_names,
    usual,
)
from experiments.text import Row, distinct, signed

COLUMNS = ["scenario", "conduct", "year", "measure", "value", "world_low", "world_high", "events_baseline", "worlds"]
MOST = 10  # panels: *assumption*, what a page shows at a size that can be read
ACROSS = 5  # panels in a row
_TITLE_LETTERS = 27  # of a line of a panel's title
_NAME = 40  # letters of a scenario
_WIDE, _HIGH = 0.80, 0.60  # of its place that a panel takes
_LOW, _TOP = 0.14, 0.86  # parts of a place below a panel's foot, and up to its head
_HEADROOM = 0.09  # of the axes' height that the legend takes
_APART = 0.07  # of a step between two years by which the two conducts stand apart
Held = Mapping[tuple[str, str, str, str], Row]
"""Rows by scenario, conduct, year and measure."""


def adaptation(frame: pd.DataFrame, ax: Axes, *, largest: int = MOST, names: Mapping[str, str] | None = None) -> Axes:
    """Protection of each scenario in some years, while nobody adapts and while everyone does: a small panel each.

    ``frame``: ``scenario, conduct, year, measure, value, world_low, world_high, events_baseline, worlds``, as
    ``experiments.analysis.adaptation.adaptation_headline`` gives it; the measure shown is ``protection``. The ``largest`` that
    prevent most on paper have a panel, the strongest first; all panels share their axes. A value beyond the axis is an arrow.
    Raises ``ValueError`` for a missing column.
    """
    table = present(frame, COLUMNS)
    table = table[table["value"].notna() & (table["measure"] == "protection")]
    held = {(str(r["scenario"]), str(r["conduct"]), str(r["year"]), "protection"): r for r in table.to_dict("records")}
    found = [name for name in distinct(frame["scenario"]) if (name, NAIVE, WHOLE_WINDOW, "protection") in held]
    if not found:
        return nothing(ax)
    strongest = sorted(found, key=lambda name: -held[name, NAIVE, WHOLE_WINDOW, "protection"]["value"])
    shown = strongest[: max(largest, 1)]
    years = sorted({str(year) for year in table["year"]} - {WHOLE_WINDOW}, key=int) or [WHOLE_WINDOW]
    said = short_names(shown, names, _NAME)
    ax.set_axis_off()
    ends, far = _ends([row for key, row in held.items() if key[0] in shown]), False
    rows, columns = ceil(len(shown) / ACROSS), min(len(shown), ACROSS)
    for place, name in enumerate(shown):
        panel = _panel_at(ax, place, (rows, columns))
        panel.set(xlim=(-0.45, len(years) - 0.55), ylim=ends)
        far |= _lines(panel, name, years, held)
        _furnish(panel, said[name], years, (place % columns == 0, place + columns >= len(shown)))
    _legend(ax)
    add_note(ax, _explained((len(shown), len(strongest)), far))
    return ax


def _panel_at(ax: Axes, place: int, size: tuple[int, int]) -> Axes:
    """The axes of a panel by its place in ``size`` rows and columns."""
    rows, columns = size
    wide, high = 1 / columns, (1 - _HEADROOM) / rows
    left, low = (place % columns) * wide, (rows - 1 - place // columns) * high
    return ax.inset_axes((left + (1 - _WIDE) * wide / 2, low + _LOW * high, _WIDE * wide, (_TOP - _LOW) * high))


def _furnish(panel: Axes, name: str, years: Sequence[str], sides: tuple[bool, bool]) -> None:
    """Title, ticks and the line at zero of a panel; ``sides`` says whether it stands at the left and at the foot."""
    left, foot = sides
    panel.set_title("\n".join(folded(name, _TITLE_LETTERS)), fontsize=TEXT, loc="left")
    panel.axhline(0, color=INK, lw=0.8, zorder=1)
    panel.grid(axis="y", color=PALE)
    words = [f"year {year}" if year != WHOLE_WINDOW else "all years" for year in years]
    panel.set_xticks(range(len(years)), words, fontsize=SMALL)
    panel.tick_params(axis="y", labelsize=SMALL, labelleft=left)
    panel.tick_params(axis="x", labelbottom=foot)
    if left:
        panel.set_ylabel("abusive disclosures\nprevented, %", fontsize=SMALL)


def _lines(panel: Axes, name: str, years: Sequence[str], held: Held) -> bool:
    """Both conducts over the years, each with its ranges over worlds; whether a value lies beyond the axis."""
    far = False
    for conduct, style in _STYLES.items():
        rows = [(place, held[key]) for place, year in enumerate(years) if (key := (name, conduct, year, "protection")) in held]
        shift = -_APART if conduct == NAIVE else _APART
        low, high = panel.get_ylim()
        for place, row in rows:
            ends = [row[end] if not np.isnan(row[end]) else row["value"] for end in ("world_low", "world_high")]
            panel.plot([place + shift] * 2, np.clip(ends, low, high), color=style["range"], lw=1.1, zorder=2, solid_capstyle="butt")
        xs = [place + shift for place, _ in rows]
        ys = np.clip([float(row["value"]) for _, row in rows], low, high)
        panel.plot(xs, ys, **style["line"], zorder=3)
        for x, (_, row) in zip(xs, rows, strict=True):
            if not low <= row["value"] <= high:
                over = row["value"] > high
                panel.plot([x], [high if over else low], "^" if over else "v", color=INK, ms=6, clip_on=False, zorder=5)
                far = True
    both = [held.get((name, conduct, years[-1], "protection")) for conduct in (NAIVE, ADAPTIVE)]
    if both[0] is not None and both[1] is not None:
        gap = float(both[1]["value"]) - float(both[0]["value"])
        words = f"adaptation: {signed(gap)} points"
        corner = panel.text(0.98, 0.97, words, transform=panel.transAxes, ha="right", va="top", fontsize=SMALL)
        corner.set_color(MUTED)
    return far


_STYLES: dict[str, dict[str, Any]] = {
    NAIVE: {"range": FAINT, "line": {"color": MUTED, "ls": (0, (3, 2)), "lw": 1.3, "marker": "D", "mfc": "white", "ms": 4.6}},
    ADAPTIVE: {"range": "#7fb8d8", "line": {"color": BETTER, "ls": "-", "lw": 1.8, "marker": "o", "ms": 5.2}},
}
"""How each conduct is drawn: its ranges and its line."""


def _legend(ax: Axes) -> None:
    """What the two lines stand for, above the panels."""
    words = {NAIVE: "if nobody adapts (on paper)", ADAPTIVE: "once requesters, reviewers, people and legislatures adapt"}
    handles = [Line2D([], [], label=words[conduct], **style["line"]) for conduct, style in _STYLES.items()]
    ax.legend(handles=handles, ncols=len(handles), fontsize=TEXT, loc="upper left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.0)


def _ends(rows: Sequence[Row]) -> tuple[float, float]:
    """An axis that shows zero, all usual values and, as far as they are usual, their ranges."""
    middle = np.array([[row["value"]] for row in rows], float)
    spans = np.array([[row["world_low"], row["world_high"]] for row in rows], float)
    spans = np.where(np.isnan(spans), middle, spans)
    kept = usual(spans)[:, None] & np.ones_like(spans, bool)
    return edges(np.concatenate([middle[usual(middle)].ravel(), spans[kept]]))


def _explained(count: tuple[int, int], far: bool) -> str:
    shown, all_of_them = count
    rest = f"The {shown} of {all_of_them} that prevent most on paper; the others stand in the table."
    words = [rest] if shown < all_of_them else []
    words.append(
        "Mark: mean over worlds of what is prevented among cases that arise in that year, in % of the baseline's under the same "
        "conduct. Upright line: its range over worlds, as in the table. In the corner: what adaptation adds or takes in the last "
        "of these years, in percentage points."
    )
    if far:
        words.append("Arrow: beyond the axis.")
    return " ".join(words)
