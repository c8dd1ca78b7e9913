"""The report of a study of adaptation: one page of HTML that needs no network, with its figure and its tables inside."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np
import pandas as pd

from experiments.analysis.adaptation import ADAPTIVE, LEVELS, NAIVE, WHOLE_WINDOW
from experiments.analysis.frames import names_of
from experiments.analysis.over_worlds import verdict_in
from experiments.analysis.ranges import in_worlds, mostly_chance, range_in_words, too_few_worlds
from experiments.design.comparisons import Arm
from experiments.design.plain import arm_in_words
from experiments.design.scenarios import KINDS, NO_HEADERS, POLICIES, Header, by_kind, kind_of, ranked_of
from experiments.figures.slices import LEVELS as LEVEL_NAMES
from experiments.figures.style import present
from experiments.report import adapted_prose, prose, sections
from experiments.report.blocks import inline
from experiments.report.facts import Facts
from experiments.report.page import anchor, line, page, section, table, tag
from experiments.report.parameters import parameters, scenarios_in_name
from experiments.report.pictures import SLICE_NAMES, Picture
from experiments.report.sentences import (
    apart,
    arm_digests,
    few,
    listed,
    numbered,
    several,
    several_of,
    sided,
    unsigned_percent,
)
from experiments.statistics import DOWN, FEWEST_WORLDS, NO_VERDICT, UNSURE, UP
from experiments.text import THIN, Row, band, band_decimals, decimals_shown, distinct, signed_band, spoken, thousands, unknown
from sim.settings import Config

__all__ = ["_REPORT", "write_adapted"]

_REPORT = "report.html"
_HEADLINE = (
    *("scenario", "conduct", "year", "measure", "value", "world_low", "world_high", "worlds_agreeing", "error_low", "error_high"),
    *("chance_share", "adjusted_p", "events_baseline", "events", "worlds", "constructed_zero"),
)
_DISPLACED = ("scenario", "conduct", "by", "level", "value", "world_low", "world_high", "count", "of")
_MOVED = (
    *("scenario", "by", "level", "moved", "moved_world_low", "moved_world_high", "moved_worlds_agreeing", "moved_error_low"),
    *("moved_error_high", "moved_chance_share", "events_naive", "events_adaptive", "worlds"),
)
_BYS = {"kind": "kind of label", "channel": SLICE_NAMES["channel"], "instrument": "text", "requested": SLICE_NAMES["requested"]}
_LARGEST = 8  # columns of a table
_FIRST = 3  # scenarios named first
_HEAD = ("scenario", f"on paper, {THIN}%", f"after adaptation, {THIN}%", "taken by it, points")
_TAIL = (f"displaced, {THIN}%", f"silenced, {THIN}%", f"needs lost, {THIN}%")
_NUMBER = ("value", "world_low", "world_high")
_TAKES, _GIVES, _UNSURE, _STILL, _FEW, _WORLDS = "takes", "gives", "unsure", "still", "few", "worlds"
_GROUPS = {
    _TAKES: "Adaptation takes protection away",
    _GIVES: "They protect more once everyone has adapted",
    _UNSURE: "We cannot tell what adaptation does to them",
    _STILL: "They change no disclosure in any run, whoever adapts",
    _WORLDS: "Too few worlds for a verdict on what adaptation does to them",
    _FEW: "Too few events",
}
_VERDICTS = {UP: _TAKES, DOWN: _GIVES, UNSURE: _UNSURE, NO_VERDICT: _WORLDS}
_TOGETHER = 0.05  # adjusted p up to which an effect is told from chance with all scenarios judged together


class Adapted(NamedTuple):
    """Tables, facts and headers from which the page of a study of adaptation is made."""

    held: Mapping[tuple[str, str, str, str], Row]  # headline rows by scenario, conduct, year and measure
    displaced: pd.DataFrame
    moved: pd.DataFrame
    scenarios: tuple[str, ...]  # the strongest on paper first
    years: tuple[str, ...]
    headers: Mapping[str, Header]
    kinds: Mapping[str, str]  # of scenarios, keys of ``KINDS``
    names: Mapping[str, str]  # of scenarios, in words
    called: str  # the baseline in words
    first: Config  # the baseline while nobody adapts
    then: Config  # the baseline while everyone does
    places: dict[str, str]  # short names of states by code
    facts: Facts

    @property
    def fewest(self) -> int:
        """Pooled events under which no number is told."""
        return self.first.metrics.fewest_events

    @property
    def baseline(self) -> str:
        """The baseline's own name."""
        return self.first.scenario_name.rpartition(" ")[0]

    def row(self, scenario: str, conduct: str, measure: str, year: str = WHOLE_WINDOW) -> Row | None:
        """A headline row, if it has a number."""
        row = self.held.get((scenario, conduct, year, measure))
        return None if row is None or unknown(row["value"]) else row

    def kind(self, scenario: str) -> str:
        """What adaptation does to a scenario, by the range over worlds of what it takes."""
        row = self.row(scenario, ADAPTIVE, "lost")
        if row is None:
            return _FEW
        sides = [self.row(scenario, conduct, "protection") for conduct in (NAIVE, ADAPTIVE)]
        return _STILL if all(side is not None and _still(side) for side in sides) else _VERDICTS[verdict_in(row)]

    @property
    def ranked(self) -> list[str]:
        """Scenarios that are policies to choose from, or those of the first kind where none is."""
        return ranked_of(self.scenarios, self.kinds)

    @property
    def parts(self) -> dict[str, list[str]]:
        """Scenarios of the tables by what they are, in words: what is ranked, then each other kind in a table of its own."""
        kind = self.kinds[self.ranked[0]]
        first = "safeguards and bundles" if kind in POLICIES else KINDS[kind]
        return {first: self.ranked} | {KINDS[other]: names for other, names in _not_ranked(self).items()}

    def of(self, kind: str) -> list[str]:
        """Ranked scenarios to which adaptation does one thing, those to which it does most first."""
        rows = [(self.row(name, ADAPTIVE, "lost"), name) for name in self.ranked if self.kind(name) == kind]
        return [name for row, name in sorted(rows, key=lambda pair: -abs(float(pair[0]["value"])) if pair[0] else 0.0)]

    def clear(self, conduct: str) -> list[str]:
        """Ranked scenarios that clearly protect under a conduct, whole window, by the rule of every verdict."""
        rows = [(name, self.row(name, conduct, "protection")) for name in self.ranked]
        return [name for name, row in rows if row is not None and verdict_in(row) == UP]


def write_adapted(
    folder: Path,
    tables: Sequence[pd.DataFrame],
    arms: Sequence[Arm],
    headers: Mapping[str, Header],
    picture: Picture,
    facts: Facts,
) -> Path:
    """Write ``report.html`` into ``folder``, whole or not at all; returns its path. The same input gives the same bytes.

    ``tables`` are ``headline``, ``displaced`` and ``moved`` of ``rogatory adaptation``, ``arms`` the scenarios under each conduct,
    ``facts`` how the study was run, as ``experiments.report.write_report`` has them. Raises ``ValueError`` for a table without a
    column that is read.
    """
    study = _study(tables, arms, headers, facts)
    report, part = folder / _REPORT, folder / f".{_REPORT}.{os.getpid()}.part"
    text = page(adapted_prose.TITLE, _content(study, arms, picture))
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(report)
    finally:
        part.unlink(missing_ok=True)
    return report


def _study(tables: Sequence[pd.DataFrame], arms: Sequence[Arm], headers: Mapping[str, Header], facts: Facts) -> Adapted:
    headline, displaced, moved = (
        present(frame, columns) for frame, columns in zip(tables, (_HEADLINE, _DISPLACED, _MOVED), strict=True)
    )
    rows = headline.to_dict("records")
    held = {(str(row["scenario"]), str(row["conduct"]), str(row["year"]), str(row["measure"])): row for row in rows}
    baselines = {arm.baseline_config.adaptation.anyone: arm.baseline_config for arm in arms}
    first = baselines.get(False, arms[0].baseline_config)
    found = {name: held.get((name, NAIVE, WHOLE_WINDOW, "protection")) for name in distinct(headline["scenario"])}
    strongest = sorted(found, key=lambda name: _strength(found[name]))
    return Adapted(
        held=held,
        displaced=displaced[displaced["conduct"] == ADAPTIVE],
        moved=moved,
        scenarios=tuple(strongest),
        years=tuple(sorted({year for _, _, year, _ in held} - {WHOLE_WINDOW}, key=int)),
        headers=headers,
        kinds={name: kind_of(name, headers) for name in strongest},
        names=apart({name: arm_in_words(name, headers) for name in strongest}),
        called=arm_in_words(first.scenario_name.rpartition(" ")[0], headers),
        first=first,
        then=baselines.get(True, arms[-1].baseline_config),
        places=names_of(arms[0].baseline_config),
        facts=facts,
    )


def _strength(row: Row | None) -> float:
    """The less a scenario protects on paper, the later it comes; last those without a number."""
    return np.inf if row is None or unknown(row["value"]) else -float(row["value"])


def _content(study: Adapted, arms: Sequence[Arm], picture: Picture) -> list[Element]:
    known = _numbers(study)
    digests = arm_digests(arms)
    parts = [
        ("question", "The question", _question(study)),
        ("answer", "The answer", _answer(study, picture)),
        ("displaced", "What is had another way", _displaced(study)),
        ("moved", "Where adaptation moves disclosures", _moved(study)),
        ("sure", "How sure", _sure(study)),
        ("rests", "What it rests on", [tag("p", adapted_prose.DESCRIBED), *sections.rests(known, "study", study.then.draws)]),
        ("limits", "Limits", sections.limits_section(prose.limits(True, study.then.draws))),
        ("rebuild", "How to rebuild it", sections.rebuild(study.facts, digests, study.first.data, adapted_prose.BESIDE)),
        ("numbers", "Every number behind it", sections.numbers(known)),
    ]
    links = [tag("li", tag("a", heading, href=f"#{identity}")) for identity, heading, _ in parts]
    header = tag(
        "header",
        tag("h1", adapted_prose.TITLE),
        _brief(study),
        tag("nav", tag("ul", links), aria_label="Contents"),
    )
    body = [section(identity, heading, content) for identity, heading, content in parts]
    return [header, tag("main", body)]


def _numbers(study: Adapted) -> pd.DataFrame:
    """Numbers of the configuration under which everyone adapts, and of the scenarios' files."""
    names = [one for name in study.scenarios for one in scenarios_in_name(name)]
    return parameters(names, study.then.plain(), f"{study.facts['command']} conduct={ADAPTIVE}")


# --- question and answer --------------------------------------------------------------------------------------------------


def _brief(study: Adapted) -> Element:
    """The answer in a few sentences."""
    before, after = study.clear(NAIVE), study.clear(ADAPTIVE)
    worlds = int(study.facts["worlds"])
    counts = f"{several_of(study.ranked, study.kinds)} against “{study.called}”: "
    clearly = (
        f"{len(before)} clearly protect on paper, {len(after)} once everyone has adapted; from {len(study.of(_TAKES))} adaptation "
        "clearly takes protection away."
    )
    counts += clearly if worlds >= FEWEST_WORLDS else f"{too_few_worlds(worlds)}."
    content = [tag("p", counts, class_="lead")]
    if told := _own(study):
        content.append(tag("p", told))
    lists = {
        "What protects most once everyone has adapted": sorted(
            after, key=lambda name: _strength(study.row(name, ADAPTIVE, "protection"))
        ),
        "What adaptation takes most from": study.of(_TAKES),
    }
    for heading, named_first in lists.items():
        if named_first:
            content.append(tag("p", tag("b", f"{heading}."), class_="over"))
            content.append(tag("ul", [tag("li", _linked(study, name), f": {_told(study, name)}") for name in named_first[:_FIRST]]))
    facts = study.facts
    runs = f"{several(facts['worlds'], 'world')} (sets of unknown facts), {several(facts['replicates'], 'replicate')} in each"
    small = (
        f"{runs}, {several(facts['years'], 'year')} a run; in brackets {range_in_words(worlds)}. {adapted_prose.CLEARLY} "
        f"{prose.CONDITIONAL} See "
    )
    content.append(tag("p", small, tag("a", "Limits", href="#limits"), ".", class_="quiet"))
    return tag("div", content, class_="brief", role="note", aria_label="In short")


def _own(study: Adapted) -> str:
    """What adaptation does under the baseline itself."""
    rows = study.moved[(study.moved["scenario"] == study.baseline) & (study.moved["by"] == "all")].to_dict("records")
    if not rows or unknown(rows[0]["moved"]):
        return ""
    row = rows[0]
    value, low, high = (float(row[name]) for name in ("moved", "moved_world_low", "moved_world_high"))
    opening = f"Under “{study.called}” itself"
    if unknown(low) or unknown(high):
        return f"{opening} adaptation gives {sided(value)} disclosures in the only world."
    reach = f"range over {several(int(row['worlds']), 'world')}: {sided(low)} to {sided(high)}"
    verdict = verdict_in(row, "moved")
    if verdict == NO_VERDICT:
        return f"{opening} adaptation gives {sided(value)} disclosures ({reach}); {too_few_worlds(int(row['worlds']))}."
    if verdict == UNSURE:
        return f"{opening} we cannot tell whether adaptation gives more disclosures ({reach})."
    agreeing = f"in {int(row['moved_worlds_agreeing'])} of {several(int(row['worlds']), 'world')}"
    return f"{opening} adaptation gives {sided(value)} disclosures, {agreeing} ({reach})."


def _linked(study: Adapted, scenario: str) -> Element:
    return tag("a", study.names[scenario], href=f"#{anchor('scenario', scenario)}")


def _told(study: Adapted, scenario: str) -> str:
    """A scenario in one sentence: saved on paper, after adaptation, and in single years of it."""
    paper, after = (study.row(scenario, conduct, "protection") for conduct in (NAIVE, ADAPTIVE))
    words = [_saved(paper, "on paper") if paper else "no number on paper"]
    words += [_saved(after, "after adaptation").removeprefix("saved ") if after else "none after adaptation"]
    if after and _still(after):
        return f"{'; '.join(words)}."
    rows = [(year, study.row(scenario, ADAPTIVE, "protection", year)) for year in study.years]
    years = [f"{_share(float(row['value']), _places(row))} in year {year}" for year, row in rows if row]
    words += [f"by year {listed(years)}"] if years else []
    return f"{'; '.join(words)}."


def _saved(row: Row, when: str) -> str:
    """What is saved under one conduct, or that nothing moves."""
    if bool(row["constructed_zero"]):
        return f"cannot move {when}, by construction"
    return f"the same as the baseline in every run {when}" if _still(row) else f"saved {when} {_band(row)}"


def _still(row: Row) -> bool:
    """Whether a change is zero by construction, or in every run."""
    numbers = [float(row[name]) for name in _NUMBER if not unknown(row[name])]
    same = bool(numbers) and not any(numbers) and row["events"] == row["events_baseline"]
    return bool(row["constructed_zero"]) or same


def _places(row: Row) -> int:
    """Decimals that a row's number and limits need."""
    return band_decimals(*(float(row[name]) for name in _NUMBER))


def _share(value: float, decimals: int) -> str:
    """A per cent with a minus where it is below zero."""
    below = round(value, decimals_shown(value, decimals)) < 0
    return f"{'−' * below}{unsigned_percent(value, decimals)}"


def _band(row: Row) -> str:
    """A per cent and its range over worlds."""
    words = [_share(float(row[name]), _places(row)) for name in _NUMBER if not unknown(row[name])]
    return f"{words[0]} ({words[1]} to {words[2]})" if len(words) > 2 else f"{words[0]} (no range)"


def _question(study: Adapted) -> list[Element]:
    rows = []
    for name in sorted(study.scenarios, key=lambda name: (_number(study, name) or "~", name)):
        header = study.headers.get(name)
        asked = numbered(header.question)[1] if header else prose.NO_HEADER
        rows.append((_linked(study, name), tag("code", name), _number(study, name), study.kinds[name], asked))
    return [
        tag("p", adapted_prose.QUESTION),
        tag("p", inline(adapted_prose.BOTH_CONDUCTS)),
        table(adapted_prose.WHO, ("who", "what they do", "switched on"), [line(*row) for row in _switches(study.then)], words=3),
        table("The scenarios", ("scenario", "name on file", "id", "kind", "question"), [line(*row) for row in rows], words=5),
    ]


def _number(study: Adapted, scenario: str) -> str:
    header = study.headers.get(scenario)
    return numbered(header.question)[0] if header else ""


def _switches(config: Config) -> list[tuple[str, str, str]]:
    """Table of the mechanisms of adaptation: who adapts, how, and by which key."""
    rows = []
    for name, (who, how) in adapted_prose.MECHANISMS.items():
        on = [spoken(key) for key, value in getattr(config.adaptation, name).model_dump().items() if value is True]
        rows.append((who, how, listed(on) if on else adapted_prose.NOBODY))
    return rows


def _answer(study: Adapted, picture: Picture) -> list[Element]:
    content = [sections.figure_element(picture), *_headline(study), tag("p", adapted_prose.MEASURES, class_="quiet")]
    content.append(tag("p", adapted_prose.SILENCE))
    for kind, heading in _GROUPS.items():
        names = study.of(kind)
        if names:
            content.append(tag("h3", f"{heading} ({len(names)})"))
            content.append(tag("div", [_one(study, name) for name in names], class_="answers"))
    for kind, names in _not_ranked(study).items():
        content.append(tag("h3", f"Not ranked: {KINDS[kind]} ({len(names)})"))
        content.append(tag("div", [_one(study, name) for name in names], class_="answers"))
    return content


def _not_ranked(study: Adapted) -> dict[str, list[str]]:
    """Scenarios by kind that are in no ranking, the strongest on paper first."""
    return by_kind([name for name in study.scenarios if name not in study.ranked], study.kinds)


def _one(study: Adapted, scenario: str) -> Element:
    """One scenario: its question, what it saves, what adaptation takes, what is displaced and lost."""
    header = study.headers.get(scenario)
    told = _told(study, scenario)
    lost, displaced, cost = (study.row(scenario, ADAPTIVE, measure) for measure in ("lost", "displaced", "cost"))
    words = [f"{told[:1].upper()}{told[1:]}"]
    words += [f"Taken by adaptation, in points: {_points(lost)}{_worlds_of(lost)}."] if lost and not _still(lost) else []
    words += [f"Displaced: {_band(displaced)} of what the treaty no longer gives."] if displaced else []
    words += [f"Legitimate needs lost: {'none in any run' if _still(cost) else _band(cost)}."] if cost else []
    counts = f"Abusive cases disclosed: {_counts(study, scenario, NAIVE)} on paper, {_counts(study, scenario, ADAPTIVE)} adaptive."
    return tag(
        "div",
        tag("h4", f"{_number(study, scenario)} {study.names[scenario]}".strip(), id=anchor("scenario", scenario)),
        tag("p", numbered(header.question)[1], class_="asked") if header else None,
        tag("p", " ".join(words)),
        tag("p", counts, class_="quiet"),
    )


def _points(row: Row) -> str:
    value, low, high = (float(row[name]) for name in _NUMBER)
    return signed_band(value, low, high) if not unknown(low) else f"{signed_band(value, low, high)} (no range)"


def _worlds_of(row: Row) -> str:
    """In how many worlds, whether mostly chance, and the simulation error; nothing for one world."""
    if unknown(row["world_low"]):
        return ""
    error = [float(row[name]) for name in ("error_low", "error_high")]
    told = f"simulation error {' to '.join(band(float(row['value']), *error, decimals=_places(row))[1:])}"
    if any(map(unknown, error)):
        told = "simulation error unbounded"
    return f", {in_worlds(row)}{'; mostly chance' if mostly_chance(row) else ''}; {told}"


def _counts(study: Adapted, scenario: str, conduct: str) -> str:
    """Events of the baseline and of the scenario under a conduct."""
    row = study.held.get((scenario, conduct, WHOLE_WINDOW, "protection"))
    if row is None:
        return "none"
    before, after = (few(row[name], study.fewest) for name in ("events_baseline", "events"))
    return f"{before} under the baseline and {after} here"


def _headline(study: Adapted) -> list[Element]:
    """A table of what is ranked, and one of each other kind."""
    return [_headline_of(study, names, _among(study, among)) for among, names in study.parts.items()]


def _among(study: Adapted, part: str) -> str:
    """What the caption of a table says of the scenarios that it is about; nothing where it has all of them."""
    return f": {part}" if len(study.parts) > 1 else ""


def _headline_of(study: Adapted, names: Sequence[str], among: str) -> Element:
    """Of some scenarios: saved on paper, in years of adaptation and over the whole window, taken, displaced, lost."""
    columns = [(NAIVE, "protection", WHOLE_WINDOW), (ADAPTIVE, "protection", WHOLE_WINDOW), (ADAPTIVE, "lost", WHOLE_WINDOW)]
    columns += [(ADAPTIVE, "protection", year) for year in study.years]
    columns += [(ADAPTIVE, measure, WHOLE_WINDOW) for measure in ("displaced", "silenced", "cost")]
    rows = []
    for name in names:
        cells = [_cell(study, study.held.get((name, conduct, year, measure))) for conduct, measure, year in columns]
        rows.append(line(_linked(study, name), *cells))
    years = [f"year {year}, {THIN}%" for year in study.years]
    caption = (
        "Abusive cases saved on paper and after adaptation, in per cent of the baseline's under the same conduct (range over "
        "worlds; under it the worlds that have the sign), whole window and single years, and what it costs "
        f"under adaptation; displaced and silenced are levels under the scenario, not changes{among}"
    )
    return table(caption, (*_HEAD, *years, *_TAIL), rows)


def _cell(study: Adapted, row: Row | None) -> str | Element:
    if row is None:
        return "–"
    if bool(row["constructed_zero"]):
        return "cannot move"
    if unknown(row["value"]):
        return f"<{study.fewest} events"
    if row["measure"] in LEVELS:
        return tag("span", f"{_level(row)} ", tag("span", _LEVEL_OF[str(row["measure"])].format(*_sizes(row)), class_="count"))
    if _still(row):
        return "0 in every run"
    chance = "; mostly chance" if mostly_chance(row) else ""
    return tag("span", f"{_points(row)} ", tag("span", f"{in_worlds(row)}{chance}", class_="count"))


_LEVEL_OF = {"displaced": "{} of {} cases", "silenced": "{} cases; {} under the baseline"}
"""What stands under a level: how many events it counts, and what they are read against."""


def _sizes(row: Row) -> tuple[str, str]:
    return thousands(row["events"]), thousands(row["events_baseline"])


def _level(row: Row) -> str:
    """A share in per cent with its range over worlds: no change, so without a sign."""
    words = [f"{float(row[name]):.{_places(row)}f}" for name in _NUMBER if not unknown(row[name])]
    return f"{words[0]} ({words[1]} to {words[2]})" if len(words) > 2 else f"{words[0]} (no range)"


# --- where it goes --------------------------------------------------------------------------------------------------------


def _displaced(study: Adapted) -> list[Element]:
    """By kind of label, channel, text and requested state: what is had all the same."""
    frame = study.displaced.assign(size=study.displaced["count"])
    content = [tag("p", adapted_prose.DISPLACED)]
    found = [part for by in _BYS for part in _by(study, frame, by, _NUMBER, "count")]
    return content + (found or [tag("p", "In no scenario is enough displaced for a number.")])


def _moved(study: Adapted) -> list[Element]:
    """By kind of label, channel, text and requested state: what adaptation adds and takes."""
    frame = study.moved.assign(size=study.moved[["events_naive", "events_adaptive"]].max(axis=1))
    numbers = ("moved", "moved_world_low", "moved_world_high")
    tables = [part for by in _BYS for part in _by(study, frame, by, numbers, "events_adaptive")]
    return [tag("p", adapted_prose.MOVED), *tables]


def _by(study: Adapted, frame: pd.DataFrame, by: str, numbers: Sequence[str], count: str) -> Iterator[Element]:
    """Scenarios by the largest levels of one slice, a table each kind: a number with its interval, under it the events."""
    part = frame[frame["by"] == by]
    if not (part["size"] >= study.fewest).any():
        return
    sizes = part.groupby("level", sort=True)["size"].sum().sort_values(ascending=False, kind="stable")
    levels = [str(level) for level in sizes.index[:_LARGEST]]
    heads = [study.places.get(level, LEVEL_NAMES.get(level, spoken(level))) for level in levels]
    more = f" The {_LARGEST} with most events of {thousands(len(sizes))}" if len(sizes) > _LARGEST else ""
    unit = "Displaced, per cent" if count == "count" else "Moved by adaptation, points"
    for among, names in study.parts.items():
        told = _with_events(study, part, levels, names)
        if not {*told} - {study.baseline}:
            continue
        rows = [line(_named(study, name), *(_counted(row, numbers, count, study.fewest) for row in told[name])) for name in told]
        caption = f"{unit}, by {_BYS[by]} (range over worlds); under it, events{_among(study, among)}.{more}"
        yield table(caption, ("scenario", *heads), rows)


def _named(study: Adapted, name: str) -> Element:
    """What opens the row of a scenario, or of the baseline."""
    return tag("b", arm_in_words(name, study.headers)) if name == study.baseline else _linked(study, name)


def _with_events(
    study: Adapted, part: pd.DataFrame, levels: Sequence[str], names: Sequence[str]
) -> dict[str, list[Row | None]]:  # fmt: skip
    """Rows of the levels, by scenario: of the baseline where the table has it, then of each with events enough at one of them."""
    held: dict[tuple[str, str], Row] = {(str(row["scenario"]), str(row["level"])): row for row in part.to_dict("records")}
    found = {name: [held.get((name, level)) for level in levels] for name in (study.baseline, *names)}
    kept = {name for name in names if any(_enough(row, study.fewest) for row in found[name])}
    kept |= {study.baseline} & set(part["scenario"])
    return {name: rows for name, rows in found.items() if name in kept}


def _enough(row: Row | None, fewest: int) -> bool:
    return row is not None and row["size"] >= fewest


def _counted(row: Row | None, numbers: Sequence[str], count: str, fewest: int) -> str | Element:
    """A number with its range over worlds and its events, unless these are too few."""
    if row is None:
        return "–"
    if row["size"] < fewest or unknown(row[numbers[0]]):
        return f"<{fewest} events"
    shown = _band(row) if numbers == _NUMBER else signed_band(*(float(row[name]) for name in numbers))
    return tag("span", f"{shown} ", tag("span", thousands(row[count]), class_="count"))


# --- how sure -------------------------------------------------------------------------------------------------------------


def _sure(study: Adapted) -> list[Element]:
    """What ranges and errors hold, how far single years may be read, and what is missing."""
    whole, clear = len(study.ranked), len(study.of(_TAKES)) + len(study.of(_GIVES))
    worlds = int(study.facts["worlds"])
    if worlds < FEWEST_WORLDS:
        said = f"{too_few_worlds(worlds).capitalize()}."
    else:
        told = [row for name in study.ranked if (row := study.row(name, ADAPTIVE, "lost")) is not None]
        told_apart = sum(float(row["adjusted_p"]) <= _TOGETHER for row in told)
        said = (
            f"Of {several(whole, 'scenario')} what adaptation takes is clearly told from zero in {clear}. {adapted_prose.CLEARLY} "
            f"{prose.TOGETHER} its mean is told from zero in {told_apart}: {prose.NO_HEADLINE}"
        )
    gone = [row for row in study.held.values() if unknown(row["value"])]
    missing = (
        f"{thousands(len(gone))} of {several(len(study.held), 'number')} rest on fewer than {study.fewest} events and are "
        "not given; nor are those of ways that fewer cases took."
    )
    return [
        tag("p", f"In brackets {range_in_words(worlds)}. {adapted_prose.RANGES}"),
        tag("p", adapted_prose.ERRORS),
        tag("p", adapted_prose.PAIRED),
        tag("p", said),
        tag("p", f"{adapted_prose.YEARS} {missing}"),
    ]


def alt_of(headline: pd.DataFrame, headers: Mapping[str, Header] = NO_HEADERS) -> str:
    """What the figure shows, for who cannot see it."""
    whole = headline[(headline["year"] == WHOLE_WINDOW) & (headline["measure"] == "protection")]
    paper = whole[whole["conduct"] == NAIVE].dropna(subset=["value"]).sort_values("value", ascending=False, kind="stable")
    words = [f"A panel each for the strongest of {len(paper)} scenarios: what it prevents by year, on paper and after adaptation."]
    if len(paper):
        top = paper.iloc[0]
        words.append(f"Most on paper: {arm_in_words(str(top['scenario']), headers)}, {unsigned_percent(float(top['value']))}.")
    return " ".join([*words, "All numbers stand in the table below."])
