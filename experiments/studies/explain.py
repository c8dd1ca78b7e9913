"""The life of one case, or of one person at risk, told step by step under two scenarios, with the first rule at which they part.

``rogatory explain scenario=judge baseline=as_adopted seed=3 case=ID`` (or ``person=ID``); with neither, a few cases that end
differently, with their ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from rich.box import MARKDOWN, SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from experiments.console import console_of
from experiments.design.designs import OF_A_COMPARISON, refuse_design, refuse_unheeded
from experiments.design.scenarios import scenario_overrides
from experiments.settings import StudyConfig, asked_by
from experiments.trace.divergence import differing, parting
from experiments.trace.events import life_of
from experiments.trace.facts import Fact, Life
from experiments.trace.recording import Witnessed, witness
from experiments.trace.sentences import (
    NAMES,
    a_person,
    date,
    group,
    name_in_words,
    parting_words,
    sentence,
    shocks_told,
    state,
    wish,
)
from sim.config import is_lever, key_of, load
from sim.metrics import cohort_slices
from sim.result import Result
from sim.settings import Config
from sim.simulation import check, simulate
from sim.world.record import ConfigError
from sim.world.vocabulary import CASE_STATUSES, CHANNELS, DATA_CLASSES, DISCLOSED, DOMESTIC, FIRST_SIDE_DOOR, STATUSES

_PIPE_WIDTH = 10_000  # letters: no line of a pipe is broken
_LISTED = 8  # cases of each sort that are listed
_FATES = {"domestic": "evidence at home", "not_live": "fell silent", "deterred": "not filed"}
_ENDS = {"executed_empty": "data gone", "lapsed": "unanswered", "parked": "laid aside", "pending": "still open"}


def main(*overrides: str) -> None:
    """Tell a case or a person, or list cases to tell."""
    baseline, chosen, asked = pair_of(overrides)
    if asked.case is not None and asked.person is not None:
        raise ConfigError(f"case: found {asked.case} beside person {asked.person}; accepted: one of the two")
    for config in (baseline, chosen):
        check(config)
    console = console_of(_PIPE_WIDTH)
    with console.status("running both scenarios"):
        told = list(_told(baseline, chosen, asked, overrides, console.is_terminal))
    for part in told:
        console.print(part, highlight=False)


def pair_of(overrides: Sequence[str]) -> tuple[Config, Config, StudyConfig]:
    """Baseline and scenario under the same overrides, and what is to be told of them.

    Where the overrides are all that could tell them apart, the baseline goes without those of texts and safeguards, or else
    without all that are levers. Raises ``ConfigError`` if the two are one configuration.
    """
    chosen, asked = asked_by(*overrides)
    refuse_design(asked, "explain")
    refuse_unheeded("explain", overrides, *OF_A_COMPARISON, "state")
    of_both = [override for override in overrides if key_of(override) not in ("scenario", "reforms")]
    against = scenario_overrides(asked.baseline)
    baseline = load(*of_both, *against)
    if baseline.digest() != chosen.digest():
        return baseline, chosen, asked
    for is_reform in (_is_law, is_lever):
        baseline = load(*(override for override in of_both if not is_reform(override)), *against)
        if baseline.digest() != chosen.digest():
            return baseline, chosen.model_copy(update={"scenario_name": f"{chosen.scenario_name} with overrides"}), asked
    raise ConfigError(f"scenario: found {chosen.scenario_name!r}, which is the baseline; accepted: any other choice")


def _is_law(override: str) -> bool:
    return key_of(override).partition(".")[0] in ("instruments", "safeguards")


def _told(
    baseline: Config, chosen: Config, asked: StudyConfig, overrides: Sequence[str], terminal: bool
) -> Iterator[RenderableType]:  # fmt: skip
    results = simulate(baseline), simulate(chosen)
    if asked.person is not None:
        cases = person_rows(results[0], asked.person)
    elif asked.case is not None:
        cases = [case_row(results[0], asked.case)]
    else:
        cases = notable(*results)
    abroad = [case for case in cases if results[0].finished.case_status[case] != DOMESTIC]
    a, b = witnessed(baseline, chosen, abroad)
    if asked.case is None and asked.person is None:
        yield from _listing(a, b, cases, overrides, terminal)
        return
    if asked.person is not None:
        yield from _person(a, b, asked.person, cases, terminal)
    for case in abroad:
        yield side_by_side(a, b, case, terminal)


def witnessed(baseline: Config, chosen: Config, cases: Sequence[int]) -> tuple[Witnessed, Witnessed]:
    """Both runs with these case rows under observation. A retelling that strays from its run is a mistake of ours."""
    a, b = witness(baseline, cases), witness(chosen, cases)
    for seen in (a, b):
        if seen.strays:
            raise RuntimeError(f"{seen.config.scenario_name}: the retold case is not the one that was run: {seen.strays[0]}")
    return a, b


# --- finding cases -------------------------------------------------------------------------------------------------------


def case_row(result: Result, case: int) -> int:
    """Row of the case with an id. Raises ``ConfigError`` for one that does not exist, or whose evidence lay at home."""
    cases, states = result.finished.cases, result.finished.world.states
    rows = np.flatnonzero(cases.id == np.uint64(case))
    abroad = result.finished.case_status != DOMESTIC
    if not rows.size:
        example = f" such as {int(cases.id[abroad][0])}" if abroad.any() else ""
        raise ConfigError(f"case: found {case}, no case of seed {result.seed}; accepted: an id of this seed's cases{example}")
    row = int(rows[0])
    if not abroad[row]:
        asks = states.codes[cases.requester[row]]
        raise ConfigError(
            f"case: found {case}, whose evidence lay at home in {asks}: no other state was asked; "
            "accepted: a case with its evidence abroad"
        )
    return row


def person_rows(result: Result, person: int) -> list[int]:
    """Rows of all cases about a person at risk, in order of time. Raises ``ConfigError`` for one who does not exist."""
    people, cases = result.finished.world.people, result.finished.cases
    rows = np.flatnonzero(people.ids == np.uint64(person))
    if not rows.size:
        pursued = np.unique(cases.person[cases.person >= 0])
        example = f" such as {int(people.ids[pursued[0]])}" if pursued.size else ""
        raise ConfigError(f"person: found {person}, nobody at risk in this world; accepted: an id of a person at risk{example}")
    return [int(row) for row in np.flatnonzero(cases.person == rows[0])]


def notable(a: Result, b: Result) -> list[int]:
    """A few cases of the window that end differently: first of people at risk, then ordinary needs; data given or not first."""
    rows = differing(a, b, days=False)
    rows = rows[cohort_slices(a.finished).cohort[rows]]
    status = a.finished.case_status, b.finished.case_status
    found: list[int] = []
    for abusive in (True, False):
        own = rows[a.finished.cases.abusive[rows] == abusive]
        parted = own[status[0][own] != status[1][own]]
        given = parted[(status[0][parted] == DISCLOSED) | (status[1][parted] == DISCLOSED)]
        found += list(dict.fromkeys([*given.tolist(), *parted.tolist(), *own.tolist()]))[:_LISTED]
    return found


def fate(seen: Witnessed, case: int) -> str:
    """What became of a case, in a few words."""
    status = CASE_STATUSES[int(seen.finished.case_status[case])]
    docket, rows = seen.finished.docket, seen.requests_of(case)
    if status in _FATES:
        return _FATES[status]
    if status == "disclosed":
        return f"{DATA_CLASSES[int(docket.granted[rows].max())]} data given"
    formal = rows[docket.channel[rows] < FIRST_SIDE_DOOR]
    if not formal.size:
        return "no data"
    ended = STATUSES[int(docket.status[formal[-1]])]
    return _ENDS.get(ended, ended)


def _listing(
    a: Witnessed, b: Witnessed, cases: Sequence[int], overrides: Sequence[str], terminal: bool
) -> Iterator[RenderableType]:
    names = [seen.config.scenario_name for seen in (a, b)]
    if not cases:
        yield Text(f"No case of seed {a.run.draws.seed} ends differently under {names[0]} and under {names[1]}.")
        return
    rows = []
    for case in cases:
        parted = parting(life_of(a, case), life_of(b, case))
        rows.append([*_summary(a, case), fate(a, case), fate(b, case), name_in_words(parted.rule) if parted else ""])
    columns = ["case", "date", "asks", "about", "truly done", *names, "part at"]
    yield _table(f"Cases that end differently, seed {a.run.draws.seed}", columns, rows, terminal)
    yield Text(f"One of them, told: rogatory {' '.join(['explain', *overrides, f'case={rows[0][0]}'])}")


def _summary(seen: Witnessed, case: int) -> list[str]:
    cases, world = seen.run.cases, seen.run.world
    about = group(cases.group[case]) if cases.abusive[case] else "ordinary suspect"
    return [
        str(int(cases.id[case])),
        date(seen, float(cases.day[case])),
        world.states.codes[cases.requester[case]],
        about,
        name_in_words(world.offences.names[cases.conduct[case]]),
    ]


def _person(a: Witnessed, b: Witnessed, person: int, cases: Sequence[int], terminal: bool) -> Iterator[RenderableType]:
    """Who the person is, and all cases about them."""
    people, states = a.run.world.people, a.run.world.states
    row = int(np.flatnonzero(people.ids == np.uint64(person))[0])
    home, lives = (state(a, states.codes[int(place[row])]) for place in (people.origin, people.residence))
    where = f"of {home}" + ("" if lives == home else f", living in {lives}")
    weight = float(people.weight[row])
    yield Text(
        f"Person {person}: {a_person(people.group[row])} {where}; visibility {people.visibility[row]:.1f} (median 1); "
        + ("one real person." if weight == 1 else f"the row stands for {weight:.0f} people, so its cases are not all about one.")
    )
    names = [seen.config.scenario_name for seen in (a, b)]
    if not cases:
        yield Text(f"No state ever wished for their data in seed {a.run.draws.seed}.")
        return
    rows = [
        [
            *_summary(a, case)[:3],
            str(int(a.run.cases.member[case]) + 1),
            _summary(a, case)[4],
            *(fate(seen, case) for seen in (a, b)),
        ]
        for case in cases
    ]
    yield _table(f"All {len(cases)} cases about them", ["case", "date", "asks", "person no.", "truly done", *names], rows, terminal)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], terminal: bool) -> RenderableType:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD if terminal else MARKDOWN, pad_edge=not terminal)
    for column in columns:
        table.add_column(column, no_wrap=column == "case")
    for row in rows:
        table.add_row(*row)
    return table


# --- telling one ---------------------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """One step, told under both scenarios; nothing where a life has no such step."""

    name: str
    told: tuple[str, str]


def side_by_side(a: Witnessed, b: Witnessed, case: int, terminal: bool) -> RenderableType:
    """The life of one case under two scenarios, side by side, with the first rule or draw at which the stories part."""
    lives = life_of(a, case), life_of(b, case)
    names = a.config.scenario_name, b.config.scenario_name
    fates = "; ".join(f"{name}: {fate(seen, case)}" for name, seen in zip(names, (a, b), strict=True))
    opening = [
        f"Case {int(a.run.cases.id[case])}, seed {a.run.draws.seed}: {names[0]} beside {names[1]}",
        " ".join(wish(a, case)),
        *filter(None, (shocks_told(seen, case) for seen in (a, b))),
        parting_words(a, b, parting(*lives)),
        f"In the end: {fates}.",
    ]
    return (_beside if terminal else _markdown)(opening, names, chapters(a, b, lives))


def chapters(a: Witnessed, b: Witnessed, lives: tuple[Life, Life]) -> dict[str, list[Line]]:
    """The steps of two lives joined by their place: each attempt's choice, each side door, the request itself."""
    mine, theirs = ({fact.place: fact for fact in life.facts} for life in lives)
    parts: dict[str, list[Line]] = {}
    for place in sorted(mine.keys() | theirs.keys()):
        one, other = mine.get(place), theirs.get(place)
        told = sentence(a, one) if one else "", sentence(b, other) if other else ""
        fact = one or other
        if fact is not None and any(told):
            parts.setdefault(_heading(fact), []).append(Line(_name(fact), told))
    return parts


def _heading(fact: Fact) -> str:
    if fact.step == "end":
        return "Outside all law"
    attempt, slot = fact.place[:2]
    again = f", attempt {attempt + 1}" if attempt else ""
    if slot < 0:
        return f"The choice of the requester{again}"
    return f"{CHANNELS[slot].capitalize()}{again}" if slot >= FIRST_SIDE_DOOR and slot < len(CHANNELS) else f"The request{again}"


def _name(fact: Fact) -> str:
    if "reason" in fact.given:
        return "the end"
    step = NAMES.get(fact.step, fact.step)
    return step if fact.rule in (fact.step, "queue") else f"{step}: {name_in_words(fact.rule)}"


def _beside(opening: Sequence[str], names: tuple[str, str], parts: Mapping[str, Sequence[Line]]) -> RenderableType:
    """For a terminal: two columns, and one where the stories agree."""
    blocks: list[RenderableType] = [Text(opening[0], style="bold"), *(Text(text) for text in opening[1:])]
    for heading, lines in parts.items():
        table = Table(title=heading, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, expand=True)
        table.add_column("", ratio=1)
        for name in names:
            table.add_column(name, ratio=4)
        for line in lines:
            one, other = line.told
            table.add_row(line.name, one or "-", "the same" if one == other else other or "-")
        blocks.append(table)
    return Group(*blocks)


def _markdown(opening: Sequence[str], names: tuple[str, str], parts: Mapping[str, Sequence[Line]]) -> RenderableType:
    """For a pipe: headings and lists, each step once where the stories agree."""
    written = [f"# {opening[0]}", *opening[1:]]
    for heading, lines in parts.items():
        listed = []
        for line in lines:
            one, other = line.told
            if one == other:
                listed.append(f"- **{line.name}.** {one}")
            else:
                listed.append(f"- **{line.name}.**")
                listed += [f"  - {name}: {told or '-'}" for name, told in zip(names, line.told, strict=True)]
        written += [f"## {heading}", "\n".join(listed)]
    return Text("\n\n".join(written) + "\n")
