"""What becomes of cases: one bar a purpose and scenario, cut by the stage at which the case ended."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from experiments.figures.style import FEWEST, INK, MUTED, SMALL, TEXT, add_note, nothing, present, scenarios_by_name, short_names
from experiments.text import distinct, percent, spoken, thousands

_STAGES = {  # in the order in which a case can end; greys never filed, oranges refused, blues silence, then data
    "domestic": "#f0f0f0",
    "not live": "#d9d9d9",
    "deterred": "#bdbdbd",
    "declined without a duty": "#e7d0ba",
    "refused at the gates": "#7f3b08",
    "refused at the desk": "#D55E00",
    "refused by a court": "#f4a261",
    "withdrawn": "#c6dbef",
    "lapsed": "#56B4E9",
    "parked": "#2a7fb8",
    "pending": "#08306b",
    "executed without data": "#F0E442",
    "disclosed": "#009E73",
}
_UNKNOWN = "#CC79A7"
_LABELLED = 0.04  # share from which a piece is labelled
_HEIGHT = 0.74
_BETWEEN = 0.45  # extra room between purposes
_DARK = 0.45  # luminance under which a label is white


def fates(frame: pd.DataFrame, ax: Axes, *, fewest: int = FEWEST) -> Axes:
    """Share of latent cases by the stage at which they ended: a bar of 100 % for each purpose and scenario.

    ``frame``: ``scenario, purpose, stage, cases``. Purposes come by name, abusive before legitimate; stages of ``_STAGES``
    in that order, others after them. A piece of fewer than ``fewest`` cases bears no share.
    Raises ``ValueError`` for a missing column.
    """
    table = present(frame, ["scenario", "purpose", "stage", "cases"])
    if table.empty or not (table["cases"] > 0).any():
        return nothing(ax)
    table["stage"] = [_plain(stage) for stage in table["stage"]]
    scenarios, purposes = scenarios_by_name(table), sorted(distinct(table["purpose"]))
    stages = _stages(table)
    sums = table.groupby(["purpose", "scenario", "stage"])["cases"].sum()
    spelt, titles, said = short_names(scenarios), short_names(purposes), short_names(stages)
    places, ticks = [], []
    for i, purpose in enumerate(purposes):
        for j, scenario in enumerate(scenarios):
            y = i * (len(scenarios) + _BETWEEN) + j
            cases = np.array([float(sums.get((purpose, scenario, stage), 0.0)) for stage in stages])
            _bar(ax, y, cases, stages, fewest)
            places.append(y)
            ticks.append(f"{titles[purpose]}\n{spelt[scenario]}")
    ax.set(xlim=(0, 100), ylim=(places[-1] + 0.55, -0.55), yticks=places)
    ax.set_yticklabels(ticks)
    ax.set_xlabel("% of latent cases of the window")
    ax.spines["left"].set_visible(False)
    handles = [Patch(facecolor=_STAGES.get(stage, _UNKNOWN), edgecolor="#999999", lw=0.4) for stage in stages]
    words = list(said.values())
    ax.legend(handles, words, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=4, columnspacing=1.6, handlelength=1.2)
    add_note(
        ax, f"Every bar is all latent cases of a purpose, n of them, filed or not. Shares under {percent(_LABELLED)} have no label."
    )
    return ax


def _stages(table: pd.DataFrame) -> list[str]:
    """Stages at which a case ended, in the order of a case; those that ``_STAGES`` does not know come last."""
    held = distinct(table.loc[table["cases"] > 0, "stage"])
    return [*(stage for stage in _STAGES if stage in held), *(stage for stage in held if stage not in _STAGES)]


def _plain(stage: object) -> str:
    """A stage's own name: "filed: refused at the desk" is "refused at the desk"."""
    return spoken(stage).removeprefix("filed:").strip()


def _bar(ax: Axes, y: float, cases: np.ndarray[tuple[int], np.dtype[np.float64]], stages: list[str], fewest: int) -> None:
    total = float(cases.sum())
    if total == 0:
        ax.text(0, y, " no cases", va="center", color=MUTED, fontsize=SMALL)
        return
    left = 0.0
    for stage, number in zip(stages, cases, strict=True):
        colour, width = _STAGES.get(stage, _UNKNOWN), 100 * number / total
        ax.barh(y, width, left=left, height=_HEIGHT, color=colour, edgecolor="white", linewidth=0.8)
        if number / total >= _LABELLED:
            words = percent(number / total) if number >= fewest else f"<{fewest}"
            red, green, blue = to_rgb(colour)
            ink = "white" if 0.299 * red + 0.587 * green + 0.114 * blue < _DARK else INK
            ax.text(left + width / 2, y, words, ha="center", va="center", color=ink, fontsize=TEXT)
        left += width
    ax.text(101, y, f"n = {thousands(total)}", va="center", fontsize=TEXT)
