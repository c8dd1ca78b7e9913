"""What a safeguard protects on paper and after years of adaptation; beside it what moved elsewhere and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import offset_copy
from matplotlib.typing import ColorType

from experiments.analysis.adaptation import ADAPTIVE, NAIVE, WHOLE_WINDOW
from experiments.figures.style import (
    BETTER,
    FAINT,
    INK,
    LONG,
    SMALL,
    TEXT,
    add_note,
    edges,
    nothing,
    present,
    short_names,
    striped,
    usual,
)
from experiments.text import Row, distinct

COLUMNS = ["scenario", "conduct", "year", "measure", "value", "world_low", "world_high", "events_baseline", "worlds"]
_SPANS = ((0.0, 0.54), (0.60, 0.16), (0.82, 0.18))  # left edge and width of the three panels, in parts of the axes
_TITLES = (
    "abusive cases saved,\n% of the baseline's disclosures",
    "displaced, % of what the\ntreaty no longer gives",
    "legitimate needs lost,\n% of the baseline's",
)
_GROUND = "#f7f7f7"  # every other row
_PAPER_AT, _YEARS_FROM, _YEARS_TO = -0.26, -0.06, 0.28  # of a row, from its middle: on paper, first and last year
_TICKS = 4  # steps of an axis at most
_LEGEND = 38.0  # points above the first panel, over its title
_SAME_YEAR: dict[str, Any] = {"marker": "|", "color": INK, "ms": 6.0, "mew": 1.1, "ls": "none", "zorder": 5}
Held = Mapping[tuple[str, str, str, str], Row]
"""Rows by scenario, conduct, year and measure."""
_LIGHT = 0.30  # how dark the first year of adaptation is drawn


def adaptation(frame: pd.DataFrame, ax: Axes, *, names: Mapping[str, str] | None = None) -> Axes:
    """Protection of each scenario while nobody adapts and in some years of adaptation, the strongest on paper on top.

    ``frame``: ``scenario, conduct, year, measure, value, world_low, world_high, events_baseline, worlds``, as
    ``experiments.analysis.adaptation.adaptation_headline`` gives it. Measures shown: ``protection``, ``displaced`` and ``cost``. A
    value beyond the axis is an arrow. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, COLUMNS)
    table = table[table["value"].notna()]
    held = {(str(r["scenario"]), str(r["conduct"]), str(r["year"]), str(r["measure"])): r for r in table.to_dict("records")}
    scenarios = [name for name in distinct(frame["scenario"]) if (name, NAIVE, WHOLE_WINDOW, "protection") in held]
    if not scenarios:
        return nothing(ax)
    scenarios.sort(key=lambda name: -held[name, NAIVE, WHOLE_WINDOW, "protection"]["value"])
    years = sorted({str(year) for year in table["year"]} - {WHOLE_WINDOW}, key=int)
    said = short_names(scenarios, names, LONG)
    ax.set_axis_off()
    panels = [ax.inset_axes((left, 0.0, width, 1.0)) for left, width in _SPANS]
    far = _protection(panels[0], scenarios, years, held)
    for panel, measure in ((panels[1], "displaced"), (panels[2], "cost")):
        far |= _beside(panel, scenarios, measure, held)
    for panel, title in zip(panels, _TITLES, strict=True):
        _furnish(panel, title, len(scenarios))
    panels[0].set_yticks(range(len(scenarios)), [said[name] for name in scenarios], fontsize=SMALL)
    add_note(ax, _explained(table, years, far))
    return ax


def _furnish(panel: Axes, title: str, rows: int) -> None:
    """Title, ticks, the line at zero and the ground of a panel with so many rows."""
    panel.set(ylim=(rows - 0.4, -0.6), yticks=[])
    panel.set_title(title, fontsize=TEXT, loc="left")
    left, right = panel.get_xlim()
    panel.set_xticks([tick for tick in MaxNLocator(_TICKS).tick_values(left, right) if left <= tick <= right])
    panel.axvline(0, color=INK, lw=0.9, zorder=1)
    panel.spines["left"].set_visible(False)
    striped(panel, rows, _GROUND)


def _protection(panel: Axes, scenarios: Sequence[str], years: Sequence[str], held: Held) -> bool:
    """The first panel: on paper, then each year of adaptation and the same year on paper; whether any value lies beyond it."""
    rows = [held.get((name, NAIVE, WHOLE_WINDOW, "protection")) for name in scenarios]
    rows += [held.get((name, ADAPTIVE, year, "protection")) for name in scenarios for year in years]
    left, right = _ends([row for row in rows if row is not None])
    panel.set_xlim(left, right)
    steps = np.linspace(_YEARS_FROM, _YEARS_TO, len(years)) if len(years) > 1 else [0.1]
    shades = np.linspace(_LIGHT, 1.0, max(len(years), 1))
    far = False
    for y, name in enumerate(scenarios):
        far |= _mark(panel, y + _PAPER_AT, held.get((name, NAIVE, WHOLE_WINDOW, "protection")), "D", "white", INK)
        for step, shade, year in zip(steps, shades, years, strict=True):
            colour = (*to_rgba(BETTER)[:3], float(shade))
            far |= _mark(panel, y + float(step), held.get((name, ADAPTIVE, year, "protection")), "o", colour, BETTER)
            plain = held.get((name, NAIVE, year, "protection"))
            if plain is not None and left <= plain["value"] <= right:
                panel.plot([plain["value"]], [y + float(step)], **_SAME_YEAR)
    _legend(panel, dict(zip(years, shades, strict=True)))
    return far


def _legend(panel: Axes, shades: Mapping[str, float]) -> None:
    """What diamonds, strokes and discs stand for, above the panel; ``shades`` says how dark each year is."""
    handles = [panel.plot([], [], "D", color="white", mec=INK, ms=5, label="on paper (naive)")[0]]
    if shades:
        handles.append(panel.plot([], [], label="on paper, the same year", **_SAME_YEAR)[0])
    for year, shade in shades.items():
        colour = (*to_rgba(BETTER)[:3], float(shade))
        handles.append(panel.plot([], [], "o", color=colour, mec=BETTER, ms=5, label=f"year {year} of adaptation")[0])
    above = offset_copy(panel.transAxes, panel.get_figure(root=True), y=_LEGEND, units="points")
    panel.legend(
        handles=handles, ncols=len(handles), fontsize=SMALL, loc="lower left", bbox_to_anchor=(0.0, 1.0), bbox_transform=above,
        handletextpad=0.2, columnspacing=1.2, borderpad=0.0, borderaxespad=0.0,
    )  # fmt: skip


def _beside(panel: Axes, scenarios: Sequence[str], measure: str, held: Held) -> bool:
    """A further panel: one measure over the whole window under both conducts; whether any value lies beyond it."""
    found = {
        (name, conduct): held.get((name, conduct, WHOLE_WINDOW, measure)) for name in scenarios for conduct in (NAIVE, ADAPTIVE)
    }
    left, right = _ends([row for row in found.values() if row is not None])
    panel.set_xlim(left, right)
    far = False
    for y, name in enumerate(scenarios):
        far |= _mark(panel, y - 0.16, found[name, NAIVE], "D", "white", INK)
        far |= _mark(panel, y + 0.16, found[name, ADAPTIVE], "o", BETTER, BETTER)
    return far


def _ends(rows: Sequence[Row]) -> tuple[float, float]:
    """An axis that shows zero, all usual values and, as far as they are usual, their intervals."""
    if not rows:
        return -1.0, 1.0
    middle = np.array([[row["value"]] for row in rows], float)
    spans = np.array([[row["world_low"], row["world_high"]] for row in rows], float)
    spans = np.where(np.isnan(spans), middle, spans)
    kept = usual(spans)[:, None] & np.ones_like(spans, bool)
    return edges(np.concatenate([middle[usual(middle)].ravel(), spans[kept]]))


def _mark(panel: Axes, y: float, row: Row | None, marker: str, face: ColorType, edge: ColorType) -> bool:
    """A value with its interval; whether it lies beyond the axis, where an arrow points to it."""
    if row is None:
        return False
    left, right = panel.get_xlim()
    low, high = (row[name] if not np.isnan(row[name]) else row["value"] for name in ("world_low", "world_high"))
    panel.plot([max(low, left), min(high, right)], [y, y], color=FAINT, lw=1.0, zorder=2, solid_capstyle="butt")
    beyond = not left <= row["value"] <= right
    if beyond:
        place = left if row["value"] < left else right
        panel.plot([place], [y], "<" if row["value"] < left else ">", color=edge, ms=5, zorder=4, clip_on=False)
    else:
        panel.plot([row["value"]], [y], marker, color=face, mec=edge, mew=0.9, ms=4.6, zorder=4)
    return beyond


def _explained(table: pd.DataFrame, years: Sequence[str], far: bool) -> str:
    words = ["Diamond: nobody adapts, whole window."]
    if years:
        words.append("Discs: everyone adapts, cases that arise in that year of the window; the darker the later.")
        words.append("Strokes: the same year while nobody adapts, so that what lies between stroke and disc is adaptation's.")
    words.append("To the right a disc is the whole window under adaptation. Lines: ranges over worlds, each conduct against the")
    words.append("baseline under the same conduct.")
    if far:
        words.append("Arrow: beyond the axis.")
    least, most = int(table["worlds"].min()), int(table["worlds"].max())
    words.append(f"{least if least == most else f'{least} to {most}'} worlds.")
    return " ".join(words)
