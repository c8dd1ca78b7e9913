"""The figures of a report: what each shows, its caption, and in words what it shows for those who cannot see it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from experiments.design.capacities import OFFICERS, beside_partners
from experiments.design.scenarios import NOT_SAID, POLICIES, by_kind
from experiments.figures import draw, in_few_colours, save
from experiments.figures.plane import zooms
from experiments.figures.style import name_lines
from experiments.report.sentences import (
    CANNOT_MOVE,
    COOPERATED,
    COOPERATION_METRIC,
    FEW,
    MEASURED,
    PROTECTION_METRIC,
    SAME,
    SLICED_METRIC,
    ComparisonStudy,
    listed,
    several,
    unsigned_percent,
)
from experiments.statistics import DOWN, NO_VERDICT, UNSURE, UP
from experiments.text import Row

_UNKNOWN: Row = {"chance_share": float("nan")}  # of an arm without a row of its own
SLICED = {"group": "targeted_rate", "regime": SLICED_METRIC, "channel": SLICED_METRIC, "requested": SLICED_METRIC}
_HONEST = "Conditional on assumed parameters: read it relative to the baseline, not as a level."
_TABLES = "The same numbers stand in the tables below."
_READING = {
    "forest": "A row a scenario, a part each kind: left of the line fewer cases end in disclosure, or fewer needs are met.",
    "plane": "A mark a scenario: the higher, the more disclosures it prevents; the further right, the more needs it loses.",
    "plane_near": "The same plane around the baseline, where most scenarios lie.",
    "slices_people": "A row a scenario, a column a group of people or a kind of requesting government; on a ground what is clear.",
    "slices_doors": "A row a scenario, a column a channel or a requested state: where one is closed, another may be used instead.",
}
_SLICES = {
    "slices_people": (("group", "regime"), "Whom each scenario reaches"),
    "slices_doors": (("channel", "requested"), "By which channel, and from whom"),
}
SLICE_NAMES = {
    "group": "group of people",
    "regime": "regime of the requester",
    "channel": "channel",
    "requested": "requested state",
}
_ROW, _FURNITURE = 0.262, 2.2  # inches a row of arms; inches of title, headings, axis and caption
_PARTED = 0.40  # inches that the heading of a kind needs
_TALLER = 0.8  # inches that turned headings and a longer caption need more
_SLICE_ROW = 0.33  # inches a row of numbers with their ranges


class Picture(NamedTuple):
    """One figure on the page."""

    path: Path
    heading: str
    alt: str
    reading: str  # how to read it, in a sentence or two
    width: int  # pixels
    height: int
    data: bytes | None = None  # the picture itself, where its file is not kept

    @property
    def address(self) -> str:
        """The picture itself, in few colours, as an address that needs no network."""
        data = in_few_colours(self.path) if self.data is None else self.data
        return f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}"

    def carried(self) -> Picture:
        """The same, independent of its file."""
        return self._replace(data=in_few_colours(self.path))


def order_of(study: ComparisonStudy) -> list[str]:
    """Arms as the forest has them, a kind after the other.

    Within a kind measured ones by their effect, then those with few events, then those that cannot move; an arm under the other
    capacity right behind its partner.
    """
    measured = [arm for verdict in (*MEASURED, SAME) for arm in study.of(PROTECTION_METRIC, verdict)]
    row = {arm: study.row(arm, PROTECTION_METRIC) for arm in measured}
    measured.sort(key=lambda arm: float((row[arm] or {"percent": 0.0})["percent"]))
    order = [*measured, *(arm for arm in study.arms if arm not in measured)]
    return [arm for arms in by_kind(order, study.kinds).values() for arm in beside_partners(arms, study.pairs)]


class PlannedFigure(NamedTuple):
    """A figure that is to be drawn."""

    name: str
    function: str
    frame: pd.DataFrame
    caption: str
    settings: dict[str, Any]
    options: dict[str, Any]
    alt: str


def draw_comparison(study: ComparisonStudy, folder: Path) -> list[Picture]:
    """Draw and save the figures of a comparison."""
    pictures = []
    for plan in plans(study):
        settings = {**study.figures[plan.function], **plan.settings}
        figure = draw(plan.function, plan.frame, plan.caption, settings, **plan.options)
        width, height = (round(float(inches) * figure.dpi) for inches in figure.get_size_inches())
        path = save(figure, folder / f"{plan.name}.png")
        pictures.append(Picture(path, str(settings["title"]), plan.alt, f"{_READING[plan.name]} {_TABLES}", width, height))
    return pictures


def plans(study: ComparisonStudy) -> list[PlannedFigure]:
    """Which figures a comparison gets; the nearer view of the plane only where giants squash the others."""
    table, order = study.comparison, order_of(study)
    few, named = {"fewest": study.fewest}, {"names": study.places | study.names}
    runs = f"{several(study.facts['years'], 'year')} a run. {_officers(study)}{_HONEST}"
    lines = any("\n" in words for words in name_lines(order, study.names).values())
    tall = _FURNITURE + (_SLICE_ROW if lines else _ROW) * len(order)
    wholes = table[(table["by"] == "all") & table["metric"].isin([PROTECTION_METRIC, COOPERATION_METRIC])]
    shown = [arm for arm in order if study.kinds[arm] in POLICIES] or order
    moving = [arm for arm in shown if study.verdict(arm, PROTECTION_METRIC) != CANNOT_MOVE and arm in study.cooperation]
    plane = pd.DataFrame([study.cooperation[arm] for arm in moving], columns=list(COOPERATED))
    plane["chance_share"] = [float((study.row(arm, PROTECTION_METRIC) or _UNKNOWN)["chance_share"]) for arm in moving]
    fixed, others = len(shown) - len(moving), len(order) - len(shown)
    words = f"{several(fixed, 'scenario')} that cannot move protection by construction: not shown. " * bool(fixed)
    words += f"{several(others, 'scenario')} on membership, stress or control: not shown, see comparison.csv. " * bool(others)
    words += f"{several(study.facts['worlds'], 'world')}, {runs}"
    empty = plane[["protection_percent", "cooperation_lost_percent"]].dropna().empty
    low = {"height_inches": _FURNITURE} if empty else {}
    parts = {"kinds": study.kinds}
    against = {"baselines": study.baselines}
    base = {"baseline": study.called} | named | parts | against
    called = f"{study.called}{', each under its own capacity' if {*study.baselines.values()} & {*OFFICERS.values()} else ''}"
    heads = {"forest": str(study.figures["forest"]["title"]), "plane": _plane_title(study, moving)}
    titles = {name: f"{head}, against {called}" for name, head in heads.items()}
    parted = {"height_inches": tall + _PARTED * len(set(study.kinds.values())), "title": titles["forest"]}
    beside = few | named | parts | against | {"pairs": study.pairs}
    found = [
        PlannedFigure("forest", "forest", wholes, f"{_elsewhere(study)}{runs}", parted, beside, _forest_alt(study)),
        PlannedFigure("plane", "plane", plane, words, low | {"title": titles["plane"]}, base, _plane_alt(study)),
    ]
    if len(plane) and zooms(plane):
        title = {"title": f"{titles['plane']}: where most lie"}
        alt = "The same plane, enlarged around the baseline, where most scenarios lie; each is named."
        found.append(PlannedFigure("plane_near", "plane", plane, words, title, base | {"near": True}, alt))
    options = few | named | against | {"order": order, "baseline": study.called}
    for name, (ways, heading) in _SLICES.items():
        cut = slice_rows(table, ways)
        if len(cut):
            alt = f"{heading}: change of each scenario by {listed([SLICE_NAMES[way] for way in ways])}. {_TABLES}"
            tall = _FURNITURE + _TALLER + _SLICE_ROW * len(order)
            page = {"title": f"{heading}: change against {called}", "height_inches": tall}
            found.append(PlannedFigure(name, "slices", cut, runs, page, options, alt))
    return found


def _officers(study: ComparisonStudy) -> str:
    """Which officers the authorities have, as a sentence; nothing where arms differ in that."""
    return f"{study.officers.capitalize()}. " if study.officers else ""


def _elsewhere(study: ComparisonStudy) -> str:
    """Where membership and scope stand under both capacities, as a sentence; nothing for a study without them."""
    alone = study.officers and any(kind == "membership" for kind in study.kinds.values())
    return "Membership and scope under both capacities: study `capacities`. " if alone else ""


def _plane_title(study: ComparisonStudy, arms: Sequence[str]) -> str:
    """The title of the plane, which speaks of safeguards only where all arms are some."""
    title = str(study.figures["plane"]["title"])
    return (
        title if {study.kinds[arm] for arm in arms} <= {"safeguard", "bundle"} else title.replace("safeguards", "these scenarios")
    )


def slice_rows(table: pd.DataFrame, kinds: tuple[str, ...]) -> pd.DataFrame:
    """Rows of the given ways to slice, each of the metric that is read by it."""
    parts = [table[(table["by"] == by) & (table["metric"] == SLICED[by])] for by in kinds]
    return pd.concat(parts, ignore_index=True)


def _forest_alt(study: ComparisonStudy) -> str:
    down, up, unsure = (study.of(PROTECTION_METRIC, kind) for kind in (DOWN, UP, UNSURE))
    words = [f"Forest plot of {several(len(study.arms), 'scenario')}, sorted by the change in abusive cases disclosed."]
    if down:
        words.append(f"Strongest reduction: {study.names[down[0]]}, {unsigned_percent(_percent(study, down[0]))}.")
    if up:
        words.append(f"Strongest increase: {study.names[up[-1]]}, {unsigned_percent(_percent(study, up[-1]))}.")
    words.append(f"{len(down)} clearly reduce, {len(up)} clearly increase, {len(unsure)} cannot be told.")
    if without := study.of(PROTECTION_METRIC, NO_VERDICT):
        words.append(f"For {len(without)} there are too few worlds for a verdict.")
    fixed, few = study.of(PROTECTION_METRIC, CANNOT_MOVE), study.of(PROTECTION_METRIC, FEW)
    if fixed or few:
        words.append(f"{len(fixed)} cannot move it by construction, {len(few)} have too few events.")
    return " ".join([*words, "All numbers stand in the table of headline numbers."])


def _percent(study: ComparisonStudy, arm: str) -> float:
    row = study.row(arm, PROTECTION_METRIC)
    return float(row["percent"]) if row is not None else float("nan")


def _plane_alt(study: ComparisonStudy) -> str:
    best = [study.names[arm] for arm in study.arms if study.undominated(arm)]
    of = " with the same baseline" if study.baselines else ""
    shown = "scenarios" if NOT_SAID in study.kinds.values() else "safeguards and bundles"
    return (
        f"Plane of {shown}: protection, up, against legitimate needs lost, to the right. "
        f"Not outdone on both scores by another scenario{of} or by the baseline: {listed(best)}."
    )
