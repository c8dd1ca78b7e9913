"""The figures of a report: what each shows, its caption, and in words what it shows for those who cannot see it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from experiments import frames
from experiments.figures import draw, save
from experiments.figures.plane import zooms
from experiments.report.told import COOPERATED, COOPERATION, DOWN, FEW, FIXED, PROTECTION, UNSURE, UP, Study, listed, several, share

SLICED = {"group": "targeted_rate", "regime": PROTECTION, "channel": PROTECTION, "requested": PROTECTION}
_HONEST = "Conditional on assumed parameters: read it relative to the baseline, not as a level."
_ROW, _FURNITURE = 0.262, 2.2  # inches a row of arms; inches of title, headings, axis and caption
_TALLER = 0.6  # inches that turned headings need more


class Picture(NamedTuple):
    """One figure on the page."""

    path: Path
    heading: str
    alt: str

    @property
    def address(self) -> str:
        """The picture itself, as an address that needs no network."""
        return f"data:image/png;base64,{base64.b64encode(self.path.read_bytes()).decode('ascii')}"


def order_of(study: Study) -> list[str]:
    """Arms as the forest has them: measured ones by their effect, then those with few events, then those that cannot move."""
    kinds = (DOWN, UNSURE, UP)
    measured = [arm for kind in kinds for arm in study.of(PROTECTION, kind)]
    row = {arm: study.row(arm, PROTECTION) for arm in measured}
    measured.sort(key=lambda arm: float((row[arm] or {"percent": 0.0})["percent"]))
    return [*measured, *(arm for arm in study.arms if arm not in measured)]


def drawn(study: Study, folder: Path) -> list[Picture]:
    """Draw and save the figures of a comparison."""
    table, order = study.comparison, order_of(study)
    wholes = table[(table["by"] == "all") & table["metric"].isin([PROTECTION, COOPERATION])]
    runs = f"{study.facts['years']} years a run. {_HONEST}"
    tall = {"height_inches": _FURNITURE + _ROW * len(order)}
    moving = [arm for arm in study.arms if study.verdict(arm, PROTECTION) != FIXED]
    plane = pd.DataFrame([study.cooperation[arm] for arm in moving if arm in study.cooperation], columns=list(COOPERATED))
    base = {"baseline": study.first.scenario_name}
    fixed = len(study.arms) - len(moving)
    left_out = f"{several(fixed, 'reform')} that cannot move anything here are not shown. " if fixed else ""
    few = {"fewest": study.fewest}
    pages: list[tuple[str, str, pd.DataFrame, str, dict[str, Any], dict[str, Any], str]] = [
        ("forest", "forest", wholes, runs, tall, few, _forest_alt(study)),
        ("plane", "plane", plane, left_out + runs, {}, base, _plane_alt(study)),
    ]
    if len(plane) and zooms(plane):
        title = {"title": f"{study.first.figures['plane']['title']}: where most reforms lie"}
        alt = "The same plane, enlarged around the baseline, where most reforms lie; each is named."
        pages.append(("plane_near", "plane", plane, left_out + runs, title, base | {"near": True}, alt))
    names = {"names": frames.names_of(study.first), "order": order}
    for name, kinds, title in (
        ("slices_people", ("group", "regime"), "Whom each reform reaches"),
        ("slices_doors", ("channel", "requested"), "Through which door, and from whom"),
    ):
        cut = sliced(table, kinds)
        if len(cut):
            alt = f"{title}: change of each reform by {' and by '.join(kinds)}; the same numbers stand in the tables below."
            page = tall | {"title": title, "height_inches": tall["height_inches"] + _TALLER}
            pages.append((name, "slices", cut, runs, page, few | names, alt))
    pictures = []
    for name, function, frame, caption, settings, options, alt in pages:
        figure = draw(function, frame, caption, {**study.first.figures[function], **settings}, **options)
        title = str(settings.get("title", study.first.figures[function]["title"]))
        pictures.append(Picture(save(figure, folder / f"{name}.png"), title, alt))
    return pictures


def sliced(table: pd.DataFrame, kinds: tuple[str, ...]) -> pd.DataFrame:
    """Rows of the given ways to slice, each of the metric that is read by it."""
    parts = [table[(table["by"] == by) & (table["metric"] == SLICED[by])] for by in kinds]
    return pd.concat(parts, ignore_index=True)


def _forest_alt(study: Study) -> str:
    down, up, unsure = (study.of(PROTECTION, kind) for kind in (DOWN, UP, UNSURE))
    words = [f"Forest plot of {several(len(study.arms), 'reform')}, sorted by the change in abusive cases disclosed."]
    if down:
        words.append(f"Strongest reduction: {study.names[down[0]]}, {share(_percent(study, down[0]))}.")
    if up:
        words.append(f"Strongest increase: {study.names[up[-1]]}, {share(_percent(study, up[-1]))}.")
    words.append(f"{len(down)} clearly reduce, {len(up)} clearly increase, {len(unsure)} cannot be told.")
    fixed, few = study.of(PROTECTION, FIXED), study.of(PROTECTION, FEW)
    if fixed or few:
        words.append(f"{len(fixed)} cannot move it by construction, {len(few)} have too few events.")
    return " ".join([*words, "All numbers stand in the table of headline numbers."])


def _percent(study: Study, arm: str) -> float:
    row = study.row(arm, PROTECTION)
    return float(row["percent"]) if row is not None else float("nan")


def _plane_alt(study: Study) -> str:
    best = [study.names[arm] for arm in study.arms if arm in study.cooperation and bool(study.cooperation[arm]["on_frontier"])]
    return (
        "Plane of protection, up, against legitimate needs lost, to the right. "
        f"Not outdone on both scores by another reform or by the baseline: {listed(best)}."
    )
