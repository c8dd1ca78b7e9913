"""What becomes of cases: one bar a purpose and scenario, cut by how the case ended.

Colour is where data were handed over and there alone: orange where that harms a person at risk, blue where it helps against crime.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from experiments.figures.style import (
    BETTER,
    FEWEST,
    INK,
    MUTED,
    SMALL,
    TEXT,
    WORSE,
    add_note,
    nothing,
    present,
    scenarios_by_name,
    short_names,
)
from experiments.text import distinct, percent, spoken, thousands


class End(NamedTuple):
    """One way in which a case can end, as it is drawn."""

    words: str
    colour: str
    hatch: str = ""


_HOME = End("evidence at home: no request needed", "#f6f6f6")
_NEVER = End("never sent (deterred)", "#dedede")
_REFUSED = End("refused", "#b9b9b9")
_SILENT = End("no answer (lapsed, parked, withdrawn, pending)", "#ffffff", "....")
_EMPTY = End("executed, but no data were left", "#ffffff", "////")
_ENDS = {  # in the order in which a case can end
    "domestic": _HOME,
    "not live": _NEVER,
    "deterred": _NEVER,
    **dict.fromkeys(
        ("refused by a firm", "declined without a duty", "refused at the gates", "refused by a panel", "refused at the desk"),
        _REFUSED,
    ),
    **dict.fromkeys(("refused by a court", "contested", "suspended"), _REFUSED),
    **dict.fromkeys(("withdrawn", "lapsed", "parked", "pending"), _SILENT),
    "executed without data": _EMPTY,
}
_GIVEN = "disclosed"
_HANDED = {  # what a disclosure is, by purpose
    "abusive": End("data handed over: harm to a person at risk", WORSE),
    "legitimate": End("data handed over: help against crime", BETTER),
}
_HANDED_OTHERWISE = End("data handed over", "#5f5f5f")
_UNKNOWN = "#CC79A7"
_EDGE = "#9a9a9a"
_ON_DARK = ("#5f5f5f", WORSE, BETTER)  # grounds of white words
_PURPOSE = 24  # letters of a purpose
_LABELLED = 0.04  # share from which a piece is labelled
_HEIGHT = 0.74
_BETWEEN = 0.45  # extra room between purposes


def fates(frame: pd.DataFrame, ax: Axes, *, fewest: int = FEWEST, names: Mapping[str, str] | None = None) -> Axes:
    """Share of latent cases by how they ended: a bar of 100 % for each purpose and scenario.

    ``frame``: ``scenario, purpose, stage, cases``. Purposes come by name, abusive before legitimate. Stages stand in the order of a
    case, those of one kind of end side by side in one grey; a stage that is not known stands last, under its own name. An end of
    fewer than ``fewest`` cases bears no share. Raises ``ValueError`` for a missing column.
    """
    table = present(frame, ["scenario", "purpose", "stage", "cases"])
    if table.empty or not (table["cases"] > 0).any():
        return nothing(ax)
    table["stage"] = [_plain(stage) for stage in table["stage"]]
    scenarios, purposes = scenarios_by_name(table), sorted(distinct(table["purpose"]))
    stages = _stages(table)
    sums = table.groupby(["purpose", "scenario", "stage"])["cases"].sum()
    spelt, titles, said = short_names(scenarios, names), short_names(purposes, most=_PURPOSE), short_names(stages)
    places, ticks, keys = [], [], dict[End, None]()
    for i, purpose in enumerate(purposes):
        ends = [_end(stage, purpose, said[stage]) for stage in stages]
        for j, scenario in enumerate(scenarios):
            y = i * (len(scenarios) + _BETWEEN) + j
            cases = np.array([float(sums.get((purpose, scenario, stage), 0.0)) for stage in stages])
            _bar(ax, y, cases, ends, fewest)
            keys |= dict.fromkeys(end for end, number in zip(ends, cases, strict=True) if number)
            places.append(y)
            ticks.append(f"{titles[purpose]} cases\n{spelt[scenario]}")
    ax.set(xlim=(0, 100), ylim=(places[-1] + 0.55, -0.55), yticks=places)
    ax.set_yticklabels(ticks)
    ax.set_xlabel("% of all cases in which a state wished for evidence, sent or not (latent cases of the window)")
    ax.spines["left"].set_visible(False)
    _legend(ax, sorted(keys, key=lambda end: (end in _HANDED.values(), end == _HANDED_OTHERWISE)))
    add_note(
        ax,
        "Colour: data were handed over; greys: they were not. Thin lines within a grey part one stage from the next. "
        f"n: cases of all runs together. Ends under {percent(_LABELLED)} of a bar have no label.",
    )
    return ax


def _end(stage: str, purpose: str, said: str) -> End:
    """How a stage is drawn; what handing over is depends on the purpose."""
    if stage == _GIVEN:
        return _HANDED.get(purpose, _HANDED_OTHERWISE)
    return _ENDS.get(stage, End(said, _UNKNOWN))


def _legend(ax: Axes, ends: list[End]) -> None:
    handles = [Patch(facecolor=end.colour, edgecolor=_EDGE, hatch=end.hatch, lw=0.5) for end in ends]
    words = [end.words for end in ends]
    ax.legend(handles, words, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, columnspacing=1.6, handlelength=1.6)


def _stages(table: pd.DataFrame) -> list[str]:
    """Stages at which a case ended, in the order of a case; those that are not known come before a disclosure."""
    held = distinct(table.loc[table["cases"] > 0, "stage"])
    known = [stage for stage in _ENDS if stage in held]
    return [*known, *(stage for stage in held if stage not in _ENDS and stage != _GIVEN), *[_GIVEN] * (_GIVEN in held)]


def _plain(stage: object) -> str:
    """A stage's own name: "filed: refused at the desk" is "refused at the desk"."""
    return spoken(stage).removeprefix("filed:").strip()


def _bar(ax: Axes, y: float, cases: np.ndarray[tuple[int], np.dtype[np.float64]], ends: list[End], fewest: int) -> None:
    """One bar: a piece a stage, and a share in the middle of the pieces of each end."""
    total = float(cases.sum())
    if total == 0:
        ax.text(0, y, " no cases", va="center", color=MUTED, fontsize=SMALL)
        return
    lefts = np.append(0.0, np.cumsum(cases)) / total * 100
    for end, left, right in zip(ends, lefts[:-1], lefts[1:], strict=True):
        piece = ax.barh(y, right - left, left=left, height=_HEIGHT, color=end.colour, edgecolor="white", linewidth=0.6)
        if end.hatch and right > left:
            piece[0].set(hatch=end.hatch, edgecolor=_EDGE)
    for end in dict.fromkeys(ends):
        own = [place for place, one in enumerate(ends) if one == end]
        number, left, right = float(cases[own].sum()), lefts[own[0]], lefts[own[-1] + 1]
        if number / total >= _LABELLED:
            words = percent(number / total) if number >= fewest else f"<{fewest}"
            text = ax.text((left + right) / 2, y, words, ha="center", va="center", fontsize=TEXT)
            text.set_color("white" if end.colour in _ON_DARK else INK)
            if end.hatch:
                text.set_bbox({"facecolor": end.colour, "edgecolor": "none", "pad": 1.2})
    ax.text(101, y, f"n = {thousands(total)}", va="center", fontsize=TEXT)
