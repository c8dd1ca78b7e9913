"""The figure of what named draws buy: a panel an outcome and sample, a row a reform, a mark and a line each kind of luck."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from experiments.figures import save
from experiments.figures.library import as_shipped

# isort: split
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from experiments.figures.style import BASE, INK, LARGE, MUTED, PALE, PALETTE, RC_STYLE, SMALL, TEXT, folded
from experiments.text import thousands
from tests.draws.pays import APART, AT_ONCE, MONTHLY, NAMED, OUTCOMES

_TITLE = "What named draws buy: variance of a reform's effect against independent seeds"
_SAMPLES = {
    "small_worlds": "Small made-up worlds, pairs within a world",
    "real_world": "The real world, pairs within a world",
    "over_worlds": "The real world, pairs over worlds",
}
_OUTCOMES = {
    "disclosed": "abusive cases disclosed",
    "through_treaty": "disclosed through the treaty",
    "needs_met": "legitimate needs met",
}
_REFORMS = {
    "judge": "judge must authorise",
    "notice": "targets told",
    "grave_harm": "serious: grave harm",
    "reform_bundle": "civil society's demands",
    "no_treaty": "without the treaty",
    "universal": "all UN members bound",
}
_LUCKS = {
    NAMED: ("named draws", PALETTE[0], "o", PALETTE[0]),
    AT_ONCE: ("one stream, all wishes drawn first", PALETTE[4], "s", "white"),
    MONTHLY: ("one stream, month by month", PALETTE[1], "D", PALETTE[1]),
    APART: ("independent seeds", MUTED, "|", MUTED),
}
"""Of each kind of luck: its words, colour, marker and the marker's face, which tell it apart in grey too."""
_CAPTION = (
    "Mark: variance of the difference between a reform and the treaty as adopted, over what it is where each has luck of its own; "
    "0.1: a tenth of the runs give the same precision. Line: 95 % interval. Independent seeds: against runs of other seeds. "
    "Arrow: smaller still, or no pair differed. Without the treaty nothing goes through it, so nothing is paired. {counts}"
)
_LEFT, _RIGHT = 1e-5, 5.0  # ends of the axis
_TICKS = {1e-4: "0.0001", 1e-3: "0.001", 1e-2: "0.01", 0.1: "0.1", 1.0: "1"}
_BAND = 0.66  # of a row that its kinds of luck share


def drawn(table: pd.DataFrame, path: Path) -> Path:
    """Draw the table of variances into a file."""
    samples = list(table["sample"].unique())
    rows = [table.loc[table["sample"] == sample, "reform"].nunique() for sample in samples]
    with as_shipped(RC_STYLE):
        height = 2.9 + 0.46 * sum(rows)
        figure = Figure(figsize=(12.0, height), dpi=120, layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(len(samples), len(OUTCOMES), squeeze=False, sharex=True, gridspec_kw={"height_ratios": rows})
        for line, sample in zip(panels, samples, strict=True):
            for place, (ax, outcome) in enumerate(zip(line, OUTCOMES, strict=True)):
                _panel(ax, table[(table["sample"] == sample) & (table["outcome"] == outcome)], named=place == 0)
                above = "" if place else _SAMPLES[sample]
                ax.set_title(f"{above}\n{_OUTCOMES[outcome]}", loc="left", fontsize=TEXT, fontweight="bold")
        panels[-1][1].set_xlabel("variance of the difference, independent seeds = 1")
        figure.suptitle(f"{_TITLE}\n", x=0.012, ha="left", fontsize=LARGE, fontweight="bold")
        figure.legend(handles=_key(table), loc="upper left", bbox_to_anchor=(0.005, 1.0 - 0.36 / height), ncols=len(_LUCKS))
        words = "\n".join(folded(_CAPTION.format(counts=_counts(table)), 190))
        figure.supxlabel(words, x=0.012, ha="left", fontsize=SMALL, color=MUTED, linespacing=1.35)
        return save(figure, path)


def _panel(ax: Axes, part: pd.DataFrame, named: bool) -> None:
    """One outcome in one sample."""
    reforms, lucks = list(part["reform"].unique()), [luck for luck in _LUCKS if luck in set(part["luck"])]
    for row in part.to_dict("records"):
        rank = lucks.index(str(row["luck"]))
        y = reforms.index(row["reform"]) + ((rank - (len(lucks) - 1) / 2) * _BAND / len(lucks))
        _, colour, marker, face = _LUCKS[str(row["luck"])]
        if row["ratio"] < _LEFT:
            ax.plot([_LEFT], [y], "<", color=colour, ms=7, clip_on=False, zorder=3)
        elif row["ratio"] >= _LEFT:
            ax.plot([row["low"], row["high"]], [y, y], color=colour, lw=1.6, solid_capstyle="butt", zorder=2)
            ax.plot([row["ratio"]], [y], marker, color=colour, mfc=face, ms=5.5 if marker != "|" else 9, mew=1.4, zorder=3)
    ax.axvline(1.0, color=INK, lw=1.0, zorder=1)
    for edge in range(1, len(reforms)):
        ax.axhline(edge - 0.5, color=PALE, lw=0.8, zorder=0)
    ax.set(xscale="log", xlim=(_LEFT, _RIGHT), ylim=(len(reforms) - 0.5, -0.5), yticks=range(len(reforms)))
    ax.set_xticks([*_TICKS], labels=[*_TICKS.values()])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_yticklabels([_REFORMS[reform] for reform in reforms] if named else [])
    ax.grid(axis="x", color=PALE)
    ax.spines["left"].set_color(BASE)


def _key(table: pd.DataFrame) -> list[Line2D]:
    """The key of the kinds of luck that the table holds."""
    held = set(table["luck"])
    return [
        Line2D([], [], color=colour, marker=marker, mfc=face, lw=1.6, ms=6, label=words)
        for luck, (words, colour, marker, face) in _LUCKS.items()
        if luck in held
    ]


def _counts(table: pd.DataFrame) -> str:
    """How many pairs and worlds stand behind each sample."""
    first = table.drop_duplicates("sample")
    said = [
        f"{_SAMPLES[str(row['sample'])].lower()}: {thousands(row['pairs'])} pairs in {thousands(row['worlds'])} worlds"
        for row in first.to_dict("records")
    ]
    return f"Behind each mark: {'; '.join(said)}."
