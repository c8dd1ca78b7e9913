"""The page of the project's own question: one page of HTML that needs no network, with its heat map and its tables inside."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

import pandas as pd

from experiments.analysis.assumed import ASSUMED, EXTREME_HEADS, Assumed, extreme_cells
from experiments.analysis.headline import (
    APART,
    BY_CLASSES,
    FIRST_GROUPS,
    NEEDS_MET,
    TARGETED,
    TOWARDS,
    Answer,
    groups_in_order,
)
from experiments.analysis.headline_words import (
    NO_TREATY,
    PEOPLE,
    answers,
    cell_words,
    how_sure,
    lead,
    row_words,
    strength_words,
)
from experiments.design.comparisons import Arm
from experiments.design.grid import BEFORE, Cell
from experiments.report import prose, sections
from experiments.report.facts import Facts
from experiments.report.page import line, page, section, table, tag
from experiments.report.parameters import parameters
from experiments.report.pictures import Picture
from experiments.report.sentences import arm_digests, few, several
from experiments.statistics import MOSTLY_CHANCE
from experiments.text import THIN, Row, measured, thousands, unknown
from sim.settings import Config

REPORT = "report.html"
TITLE = "Definitions of serious crime against strength of safeguards: how often are journalists and dissidents targeted?"
QUESTION = (
    "States define serious crime differently, and they protect people with different strength. A request for electronic evidence "
    "may end with the data of a journalist or a dissident in the hands of a government that pursues them. How often, under each "
    "combination of definition and strength?"
)
READING = (
    "A row is a definition of serious crime, a column how readily states use the safeguards that the texts already name. Each cell "
    "is the change against today in the number of people whose data reach a government that pursues them. The same numbers stand "
    "in the tables below."
)
DIALS = (
    "“Laws as they stand” takes each state's own maxima, read where a source has them and drawn where none does. “No protected "
    "act a serious crime” caps the maxima of speech, faith, assembly, same-sex conduct and their like at 3.9 years everywhere; "
    "they stay crimes. “Every protected crime a serious one” raises them to four years wherever they are crimes. Strength stands "
    "for every state's habit of using a safeguard that a text allows or demands: none, a share, or every one; what no text names "
    "stays absent."
)
NO_NEW_WISH = (
    "A dial changes rules, never the world: the latent cases are those of the laws as drawn. So a new crime makes no new wish "
    "here, and a request that a definition shuts out may come again under a pretext, which is why a definition alone moves less "
    "than one may expect."
)
CLASSES = (
    "Who asks, and who is asked: of all wishes of that kind of government for data on that group, the share that ends in "
    "disclosure by a state of the other kind, today and its change. Cells of one row of governments add up."
)
FOLLOWS = (
    "A definition changes the load of the authorities. Above, officers are those of the load before the treaty (`before`); here "
    "states hire with the load of their own law until they are as busy as before (`follows`), and each cell is read against today "
    "under the same setting."
)
BESIDE = (
    "Beside this page lie matrix.csv and classes.csv (these tables), comparison.csv (every row, all slices), the runs, the figure, "
    "and manifest.json with the full configuration and the checksum of every file."
)


class HeadlinePage(NamedTuple):
    """What the page is made from."""

    answer: Answer
    picture: Picture
    arms: Sequence[Arm]
    facts: Facts
    first: Config  # today's
    why: str  # by which ways data are disclosed today
    assumed: Assumed | None = None  # extremes over single assumptions, where the repository holds them

    @property
    def fewest(self) -> int:
        """Pooled events under which no number is told."""
        return self.answer.fewest


def write_headline(folder: Path, of: HeadlinePage) -> Path:
    """Write ``report.html`` into ``folder``, whole or not at all; returns its path. The same input gives the same bytes."""
    report, part = folder / REPORT, folder / f".{REPORT}.{os.getpid()}.part"
    text = page(TITLE, _content(of))
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(report)
    finally:
        part.unlink(missing_ok=True)
    return report


def _content(of: HeadlinePage) -> list[Element]:
    scenarios = sorted({cell.scenario for cell in of.answer.cells})
    known = parameters(scenarios, of.first.plain(), str(of.facts["command"]))
    parts = [
        ("answer", "The answer", _answer(of)),
        ("groups", "Every group of people", [part for group in groups_in_order() for part in _of_group(of, group, BEFORE)]),
        ("classes", "Who asks, and who is asked", _classes(of)),
        ("cost", "What real investigations pay", _cost(of)),
        *([("staff", "If states hire with the load", _follows(of))] if len(of.answer.capacities()) > 1 else []),
        ("sure", "How sure", _sure(of)),
        ("rests", "What it rests on", sections.rests(known, "study")),
        ("limits", "Limits", sections.limits_section(prose.limits(False))),
        ("rebuild", "How to rebuild it", sections.rebuild(of.facts, arm_digests(of.arms), of.first.data, BESIDE)),
        ("numbers", "Every number behind it", sections.numbers(known)),
    ]
    links = [tag("li", tag("a", heading, href=f"#{identity}")) for identity, heading, _ in parts]
    header = tag("header", tag("h1", TITLE), _brief(of), tag("nav", tag("ul", links), aria_label="Contents"))
    return [header, tag("main", [section(identity, heading, content) for identity, heading, content in parts])]


def _brief(of: HeadlinePage) -> Element:
    """The answer in two sentences, and how sure it is."""
    told = lead(of.answer) or ["No combination has events enough for a number."]
    content = [tag("p", " ".join(told), class_="lead")]
    small = f"{how_sure(of.facts['worlds'], of.facts['replicates'], of.facts['years'])} {prose.CONDITIONAL} See "
    content.append(tag("p", small, tag("a", "Limits", href="#limits"), ".", class_="quiet"))
    return tag("div", content, class_="brief", role="note", aria_label="In short")


def _answer(of: HeadlinePage) -> list[Element]:
    return [
        tag("p", QUESTION),
        sections.figure_element(of.picture),
        tag("ul", [tag("li", sentence) for sentence in answers(of.answer)]),
        *([tag("p", tag("b", "Why a definition alone moves so little. "), of.why)] if of.why else []),
        tag("p", DIALS),
        tag("p", NO_NEW_WISH),
    ]


def _of_group(of: HeadlinePage, group: str, capacity: str) -> list[Element]:
    """One group's table, and under it what single assumptions make of its corners."""
    return [_matrix(of, group, capacity), *_extremes(of, capacity, (TARGETED, "group", group))]


def _extremes(of: HeadlinePage, capacity: str, key: tuple[str, str, str]) -> list[Element]:
    """The combinations of which the committed study of assumptions has a number, with their extremes; nothing without it."""
    if of.assumed is None:
        return []
    body = []
    for cell in [cell for cell in of.answer.cells if cell.capacity == capacity]:
        row = of.assumed.of_cell(cell, *key)
        if row is not None and of.answer.row(cell, *key) is not None:
            name = f"{row_words(cell.row)}, {strength_words(cell.strength)}"
            body.append(line(name, *extreme_cells(row)))
    caption = f"{ASSUMED} ({of.assumed.size}): change against today, per cent"
    return [table(caption, ("combination", *EXTREME_HEADS), body)] if body else []


def _matrix(of: HeadlinePage, group: str, capacity: str) -> Element:
    """One group: the rate today, and the change in every other cell."""
    return _grid_table(of, capacity, PEOPLE[group], (TARGETED, "group", group))


def _grid_table(of: HeadlinePage, capacity: str, what: str, key: tuple[str, str, str]) -> Element:
    grid = of.answer.grid(capacity)
    body = []
    for definition, scenario in grid.rows:
        cells = [_cell(of, Cell(definition, scenario, strength, capacity), key) for strength in grid.columns]
        body.append(line(row_words((definition, scenario)), *cells))
    unit = next((str(row["unit"]) for row in _rows(of, capacity, key)), "")
    caption = (
        f"{what[:1].upper()}{what[1:]}: change against today in per cent (range over worlds; worlds with that sign; events). "
        f"Today's own cell is the level, {unit}"
    )
    return table(caption, ("definition", *(strength_words(strength) for strength in grid.columns)), body)


def _rows(of: HeadlinePage, capacity: str, key: tuple[str, str, str]) -> list[Row]:
    found = [of.answer.row(cell, *key) for cell in [Cell(capacity=capacity), *of.answer.cells]]
    return [row for row in found if row is not None]


def _cell(of: HeadlinePage, cell: Cell, key: tuple[str, str, str]) -> str | Element:
    """A change with its range, today's level, or why there is none."""
    row = of.answer.row(cell, *key)
    if row is None:
        return "–"
    if cell.row == Cell().row and cell.strength is None:
        return tag("span", measured(float(row["value"])), tag("span", f" {few(row['events'], of.fewest)}", class_="count"))
    return tag("span", cell_words(row, of.fewest), tag("span", f" {few(row['events'], of.fewest)}", class_="count"))


def _classes(of: HeadlinePage) -> list[Element]:
    """By who asks and who is asked: today's share, and its change where strength or definition is other."""
    levels = of.answer.levels(BY_CLASSES)
    if not levels:
        return [tag("p", "These runs keep no pairs of classes.")]
    shown = [
        (name, cell) for name, cell in _CHOSEN if of.answer.row(cell, "case_disclosure_rate", BY_CLASSES, levels[0]) is not None
    ]
    content = [tag("p", CLASSES)]
    for group in groups_in_order():
        body = []
        for level in [level for level in levels if level.partition(APART)[0] == group]:
            asking, _, asked = level.partition(APART)[2].partition(TOWARDS)
            key = ("case_disclosure_rate", BY_CLASSES, level)
            cells = [_cell(of, cell, key) for _, cell in [("today", Cell()), *shown]]
            body.append(line(asking, asked, *cells))
        if body:
            heads = ("who asks", "who is asked", "today", *(name for name, _ in shown))
            content.append(table(f"{PEOPLE[group][:1].upper()}{PEOPLE[group][1:]}, by class of state", heads, body, words=2))
    return content


_CHOSEN = (
    ("no protected act serious", Cell("liberal")),
    ("every protected crime serious", Cell("expansive")),
    ("no safeguard used", Cell(strength=0.0)),
    ("every safeguard used", Cell(strength=1.0)),
    ("without the treaty", NO_TREATY),
)


def _cost(of: HeadlinePage) -> list[Element]:
    """Needs met, and how much of both rates lies abroad."""
    needs, twin = (NEEDS_MET, "all", "all"), ("cross_border_disclosure_rate", "all", "all")
    content = [_grid_table(of, BEFORE, "legitimate needs met", needs), *_extremes(of, BEFORE, needs)]
    if _rows(of, BEFORE, twin):
        content.append(_grid_table(of, BEFORE, "abusive wishes for data abroad that end in disclosure", twin))
        content += _extremes(of, BEFORE, twin)
    return content


def _follows(of: HeadlinePage) -> list[Element]:
    """The corners again where states hire as the load changes."""
    content = [tag("p", FOLLOWS)]
    for capacity in of.answer.capacities():
        if capacity != BEFORE:
            content += [part for group in FIRST_GROUPS for part in _of_group(of, group, capacity)]
            content.append(_beside(of, capacity))
    return content


def _beside(of: HeadlinePage, capacity: str) -> Element:
    """Both capacities side by side, for the groups of the question and for needs met."""
    said = {PEOPLE[group]: (TARGETED, "group", group) for group in FIRST_GROUPS} | {"needs met": (NEEDS_MET, "all", "all")}
    sides, body = (BEFORE, capacity), []
    for cell in [cell for cell in of.answer.cells if cell.capacity == capacity]:
        rows = [of.answer.row(cell._replace(capacity=side), *key) for key in said.values() for side in sides]
        name = f"{row_words(cell.row)}, {strength_words(cell.strength)}"
        body.append(line(name, *(cell_words(row, of.fewest) for row in rows)))
    heads = [f"{words}, {side}" for words in said for side in sides]
    return table("Both capacities side by side: change against today, per cent", ("combination", *heads), body)


def _sure(of: HeadlinePage) -> list[Element]:
    """What the ranges hold, how much is luck, and what the simulation itself leaves open."""
    rows = [row for cell in of.answer.cells for group in FIRST_GROUPS if (row := of.answer.row(cell, TARGETED, "group", group))]
    lucky = [row for row in rows if not unknown(row["chance_share"])]
    mostly = sum(float(row["chance_share"]) > MOSTLY_CHANCE for row in lucky)
    return [
        tag("p", how_sure(of.facts["worlds"], of.facts["replicates"], of.facts["years"])),
        tag("p", f"{prose.RANGES} {prose.ERRORS}"),
        tag(
            "p",
            f"Of {several(len(lucky), 'change')} of journalists and dissidents, in {thousands(mostly)} luck makes more than half "
            "of what tells worlds apart: there more replicates would narrow the range, and the size is mostly chance. The error of "
            f"the simulation itself (95{THIN}% for the mean over worlds, Student's t) stands in matrix.csv, in the columns "
            "error_low and error_high.",
        ),
    ]


def frame_of(answer: Answer, groups: Sequence[str] = FIRST_GROUPS, capacity: str = BEFORE) -> pd.DataFrame:
    """The heat map's frame: a cell each of the groups' panels."""
    grid, rows = answer.grid(capacity), []
    for group in groups:
        for place in grid.rows:
            for strength in grid.columns:
                cell = Cell(*place, strength, capacity)
                row = answer.row(cell, TARGETED, "group", group)
                today = cell.row == Cell().row and strength is None
                if row is None and not today:
                    continue
                rows.append((PEOPLE[group], row_words(place), strength_words(strength), *_mapped(row), today))
    columns = ["panel", "row", "column", "value", "low", "high", "agreeing", "worlds", "events", "today"]
    return pd.DataFrame(rows, columns=columns)


def _mapped(row: Row | None) -> tuple[float, ...]:
    names = ("percent", "percent_world_low", "percent_world_high", "worlds_agreeing", "worlds")
    if row is None:
        return (float("nan"),) * (len(names) + 1)
    return (*(float(row[name]) for name in names), min(float(row["events"]), float(row["events_baseline"])))


def alt_of(answer: Answer) -> str:
    """What the heat map shows, for who cannot see it."""
    return " ".join(["A map of definitions by strengths for journalists and for dissidents.", *lead(answer)])


__all__ = ["REPORT", "TITLE", "HeadlinePage", "alt_of", "frame_of", "write_headline"]
