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
    DISCLOSED_SHARE,
    FIRST_GROUPS,
    NEEDS_MET,
    TARGETED,
    TOWARDS,
    Answer,
)
from experiments.analysis.headline_today import OTHER, PROTECTED
from experiments.analysis.headline_words import (
    NO_TREATY,
    PEOPLE,
    answers,
    brackets,
    capacity_words,
    cell_words,
    error_words,
    how_sure,
    lead,
    level_words,
    row_words,
    strength_words,
)
from experiments.analysis.summary import FRACTION
from experiments.analysis.survives import HEADS, SURVIVES, Survives, sure_cells
from experiments.design.comparisons import Arm
from experiments.design.grid import BEFORE, Cell
from experiments.report import prose, sections
from experiments.report.facts import Facts
from experiments.report.page import line, page, section, table, tag
from experiments.report.parameters import parameters
from experiments.report.pictures import Picture
from experiments.report.sentences import arm_digests, few, several
from experiments.statistics import MOSTLY_CHANCE
from experiments.text import THIN, Row, spoken, thousands, unknown
from sim.settings import Config

REPORT = "report.html"
TITLE = "Definitions of serious crime against strength of safeguards: how often are journalists and dissidents targeted?"
QUESTION = (
    "States define serious crime differently, and they protect people with different strength. A request for electronic evidence "
    "may end with the data of a journalist or a dissident in the hands of a government that pursues them. How often, under each "
    "combination of definition and strength?"
)
DIALS = (
    "“Laws as they stand” takes each state's own maxima, read where a source has them and drawn where none does. “No protected "
    "act a serious crime” caps the maxima of speech, faith, assembly, same-sex conduct and their like at 3.9 years everywhere; "
    "they stay crimes. “Every protected crime a serious one” raises them to four years wherever they are crimes. Strength stands "
    "for every state's habit of using a safeguard that a text allows or demands: none, a share, or every one; what no text names "
    "stays absent."
)
KNOWN = (
    "The tables below this section hold every number at one value. Here each draw has numbers of its own: twelve of them from the "
    "posterior that published figures give, all others from their priors, in a world of its own. A change holds if 95 % of draws "
    "have its sign, and is likely from 80 % on; else it is open. A share of draws is a probability only as far as one shares the "
    "priors, and what is not drawn, the structure of the model first, is in none of them."
)
NO_NEW_WISH = (
    "A dial changes rules, never the world: the latent cases are those of the laws as drawn, so a new crime makes no new wish."
)
ONE_LABEL = (
    "Nor does it change what a request is called. Requesters do not learn in this study and ask once in each case, and a label can "
    "be written wherever the requester's law makes the act a crime, whatever its maximum."
)
ADAPTED = "Here some of those who ask or decide adapt, so a label or a way that fails may give way to another."
ELSEWHERE = (
    "A request that a definition shuts out of the treaty goes by another text that binds both states and covers it, or by comity "
    "where no text does. Data may also come by a side door that asks for no serious crime: from the firm itself, or from a state "
    "that shares unasked. So a definition alone moves less than one may expect."
)
REFUSED = (
    "The first text in force between two states governs here, whatever its scope, and its gate stops what a definition shuts out. "
    "Data may still come by a side door that asks for no serious crime: from the firm itself, or from a state that shares unasked."
)
CLASSES = (
    "Who asks, and who is asked: of all wishes of that kind of government for data on that group, the share that ends in "
    "disclosure by a state of the other kind, today (per cent, with its range over worlds) and its change. Cells of one row of "
    "governments add up."
)
FOLLOWS = (
    "A definition changes the load of the authorities. In the tables by group and by class above, officers are those of the load "
    "before the treaty (`before`); here "
    "states hire with the load of their own law until they are as busy as before (`follows`), and each cell is read against today "
    "under the same setting."
)
READ_CELLS = "(range over worlds; worlds with that sign). Smaller: the simulation error of the mean, and events"
BESIDE = (
    "The command writes this page into a folder of its own, with matrix.csv, classes.csv and today.csv (these tables), "
    "comparison.csv (every row, all slices), runs.parquet, the figure, and manifest.json with the full configuration and the "
    "checksum of every file. The folder of results/reference keeps these tables, the figure, the manifest, and the opening numbers "
    "of every run (runs.csv); it has no comparison.csv."
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
    survives: Survives | None = None  # conclusions over draws of all numbers, likewise

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
    known_so_far = _known(of)
    parts = [
        *([("known", "What is known, and how surely", known_so_far)] if known_so_far else []),
        ("answer", "The answer", _answer(of)),
        ("groups", "Every group of people", [part for group in of.answer.groups() for part in _of_group(of, group, BEFORE)]),
        ("classes", "Who asks, and who is asked", _classes(of)),
        ("cost", "What real investigations pay", _cost(of)),
        *([("staff", "If states hire with the load", _follows(of))] if len(of.answer.capacities()) > 1 else []),
        ("sure", "How sure", _sure(of)),
        ("rests", "What it rests on", sections.rests(known, "study", of.first.draws)),
        ("limits", "Limits", sections.limits_section(prose.limits(of.first.adaptation.anyone, of.first.draws))),
        ("rebuild", "How to rebuild it", sections.rebuild(of.facts, arm_digests(of.arms), of.first.data, BESIDE)),
        ("numbers", "Every number behind it", sections.numbers(known)),
    ]
    links = [tag("li", tag("a", heading, href=f"#{identity}")) for identity, heading, _ in parts]
    header = tag("header", tag("h1", TITLE), _brief(of), tag("nav", tag("ul", links), aria_label="Contents"))
    return [header, tag("main", [section(identity, heading, content) for identity, heading, content in parts])]


def _brief(of: HeadlinePage) -> Element:
    """The answer in two sentences, and how sure it is."""
    told = lead(of.answer) or ["No combination has events enough for a number."]
    content = [tag("p", sentence, class_="lead") for sentence in told]
    small = (
        f"{brackets(of.answer)} {how_sure(of.facts['worlds'], of.facts['replicates'], of.facts['years'])} {prose.CONDITIONAL} See "
    )
    content.append(tag("p", small, tag("a", "Limits", href="#limits"), ".", class_="quiet"))
    return tag("div", content, class_="brief", role="note", aria_label="In short")


def _known(of: HeadlinePage) -> list[Element]:
    """The combinations that the committed conclusions have, with every number drawn at once; nothing without them."""
    if of.survives is None:
        return []
    said = {PEOPLE[group]: (TARGETED, "group", group) for group in FIRST_GROUPS} | {"needs met": (NEEDS_MET, "all", "all")}
    content = [tag("p", KNOWN)]
    for capacity in of.answer.capacities():
        body = []
        for cell in [cell for cell in of.answer.cells if cell.capacity == capacity]:
            rows = {words: of.survives.of_cell(cell, *key) for words, key in said.items()}
            name = f"{row_words(cell.row)}, {strength_words(cell.strength)}"
            body += [line(name, words, *sure_cells(row)) for words, row in rows.items() if row is not None]
        if body:
            caption = f"{SURVIVES}{_where(of, capacity)} ({of.survives.size}): change against today of the same draw"
            content.append(table(caption, ("combination", "who", *HEADS), body, words=2))
    return content if len(content) > 1 else []


def _answer(of: HeadlinePage) -> list[Element]:
    return [
        tag("p", QUESTION),
        sections.figure_element(of.picture),
        tag("ul", [tag("li", sentence) for sentence in answers(of.answer)]),
        *([tag("p", tag("b", "Why a definition alone moves so little. "), of.why), _ways(of)] if of.why else []),
        tag("p", DIALS),
        tag("p", what_a_dial_leaves(of.first)),
    ]


def what_a_dial_leaves(config: Config) -> str:
    """What no dial changes, and where a request goes that a definition shuts out: by the conduct of the study."""
    labels = ADAPTED if config.adaptation.anyone or config.conduct.attempts > 1 else ONE_LABEL
    return f"{NO_NEW_WISH} {labels} {ELSEWHERE if config.conduct.fall_through else REFUSED}"


def _ways(of: HeadlinePage) -> Element:
    """By which ways the abusive cases disclosed today went, under each capacity."""
    capacities, body = of.answer.capacities(), []
    for by, level in of.answer.ways():
        rows = [of.answer.today(DISCLOSED_SHARE, by, level, capacity) for capacity in capacities]
        cells = [_level(of, row) for row in rows]
        body.append(line(_SLICES.get(by, spoken(by)), _WAY_NAMES.get(level, spoken(level)), *cells))
    caption = "Abusive cases disclosed today, per cent (range over worlds). Smaller: cases. The rows of one slice add up"
    return table(caption, ("slice", "level", *map(capacity_words, capacities)), body, words=2)


_SLICES = {"instrument": "text", "kind": "kind of label", "label": "crime named"}
_WAY_NAMES = {"hanoi": "the treaty", PROTECTED: "a protected act", OTHER: "another crime"}


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
        f"{what[:1].upper()}{what[1:]}{_where(of, capacity)}: change against today in per cent {READ_CELLS}. "
        f"Today's own cell is the level with its range, {unit.replace(FRACTION, 'share')}"
    )
    return table(caption, ("definition", *(strength_words(strength) for strength in grid.columns)), body)


def _where(of: HeadlinePage, capacity: str) -> str:
    """Where a capacity holds, to be set behind a name; nothing where there is but one."""
    return f", {capacity_words(capacity)}" if len(of.answer.capacities()) > 1 else ""


def _rows(of: HeadlinePage, capacity: str, key: tuple[str, str, str]) -> list[Row]:
    found = [of.answer.row(cell, *key) for cell in [Cell(capacity=capacity), *of.answer.cells]]
    return [row for row in found if row is not None]


def _cell(of: HeadlinePage, cell: Cell, key: tuple[str, str, str]) -> str | Element:
    """A change with its range and its simulation error, today's level, or why there is none."""
    if cell == Cell(capacity=cell.capacity):
        return _level(of, of.answer.today(*key, cell.capacity))
    return _change(of, of.answer.row(cell, *key))


def _change(of: HeadlinePage, row: Row | None) -> str | Element:
    """A change, under it its range and whether it is mostly chance, and smaller its simulation error and its events."""
    change, *under = cell_words(row, of.fewest, "\n").split("\n")
    error = error_words(row, of.fewest)
    if row is None or not error:
        return change
    told = [part for words in under for part in (tag("br"), words)]
    return tag("span", change, told, tag("span", error, class_="count"), tag("span", few(row["events"], of.fewest), class_="count"))


def _level(of: HeadlinePage, row: Row | None) -> str | Element:
    """A level of today with its range over worlds and its events, or why there is none."""
    told = level_words(row, of.fewest)
    if row is None or unknown(row["value"]):
        return told
    return tag("span", told, tag("span", f" {few(row['events'], of.fewest)}", class_="count"))


def _classes(of: HeadlinePage) -> list[Element]:
    """By who asks and who is asked: today's share, and its change where strength or definition is other."""
    levels = of.answer.levels(BY_CLASSES)
    if not levels:
        return [tag("p", "These runs keep no pairs of classes.")]
    shown = [
        (name, cell) for name, cell in _CHOSEN if of.answer.row(cell, "case_disclosure_rate", BY_CLASSES, levels[0]) is not None
    ]
    content = [tag("p", CLASSES)]
    for group in of.answer.groups():
        body = []
        for level in [level for level in levels if level.partition(APART)[0] == group]:
            asking, _, asked = level.partition(APART)[2].partition(TOWARDS)
            key = ("case_disclosure_rate", BY_CLASSES, level)
            cells = [_cell(of, cell, key) for _, cell in [("today", Cell()), *shown]]
            body.append(line(asking, asked, *cells))
        if body:
            heads = ("who asks", "who is asked", "today, share of wishes", *(name for name, _ in shown))
            caption = f"{PEOPLE[group][:1].upper()}{PEOPLE[group][1:]}, by class of state{_where(of, BEFORE)}: change in per cent"
            content.append(table(f"{caption} {READ_CELLS}", heads, body, words=2))
    return content


_CHOSEN = (
    ("no protected act serious", Cell("liberal")),
    ("every protected crime serious", Cell("expansive")),
    ("no safeguard used", Cell(strength=0.0)),
    ("every safeguard used", Cell(strength=1.0)),
    ("without the treaty", NO_TREATY),
)


def _cost(of: HeadlinePage) -> list[Element]:
    """Needs met, and how much of both rates lies abroad, under each capacity."""
    needs, twin = (NEEDS_MET, "all", "all"), ("cross_border_disclosure_rate", "all", "all")
    content = []
    for capacity in of.answer.capacities():
        content += [_grid_table(of, capacity, "legitimate needs met", needs), *_extremes(of, capacity, needs)]
    for capacity in of.answer.capacities():
        if _rows(of, capacity, twin):
            content.append(_grid_table(of, capacity, "abusive wishes for data abroad that end in disclosure", twin))
            content += _extremes(of, capacity, twin)
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
        body.append(line(name, *(_change(of, row) for row in rows)))
    heads = [f"{words}, {side}" for words in said for side in sides]
    caption = f"Both capacities side by side: change against today in per cent {READ_CELLS}"
    return table(caption, ("combination", *heads), body)


def _sure(of: HeadlinePage) -> list[Element]:
    """What the ranges hold, how much is luck, and what the simulation itself leaves open."""
    rows = [row for cell in of.answer.cells for group in FIRST_GROUPS if (row := of.answer.row(cell, TARGETED, "group", group))]
    lucky = [row for row in rows if not unknown(row["chance_share"])]
    mostly = sum(float(row["chance_share"]) > MOSTLY_CHANCE for row in lucky)
    return [
        tag("p", how_sure(of.facts["worlds"], of.facts["replicates"], of.facts["years"])),
        tag("p", f"{prose.ranges(of.first.draws)} {prose.ERRORS}"),
        tag(
            "p",
            f"Of {several(len(lucky), 'change')} of journalists and dissidents, in {thousands(mostly)} luck makes more than half "
            "of what tells worlds apart: there more replicates would narrow the range. Such a change is marked “mostly chance” in "
            "every table and sentence: read its direction at most. The error of the simulation itself "
            f"(95{THIN}% for the mean over worlds) stands smaller in each cell, and in matrix.csv.",
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
    return " ".join(["A map of definitions by strengths for journalists and for dissidents.", *lead(answer, [BEFORE])])


__all__ = ["REPORT", "TITLE", "HeadlinePage", "alt_of", "frame_of", "write_headline"]
