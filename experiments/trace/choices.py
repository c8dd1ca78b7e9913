"""What a requester chose on each occasion: whom to ask, what to write, under which text, by which ways, as facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.trace.facts import ORDER, Fact, OfChoice, dialled
from experiments.trace.interpreter import DRAW
from experiments.trace.recording import Filing, Witnessed, law_of
from sim.rules import Rules
from sim.world.breadth import covering
from sim.world.cases import RESIDENCE_SLOT
from sim.world.instruments import Instrument, inflated
from sim.world.vocabulary import CHANNELS, DATA_CLASSES, FIRST_SIDE_DOOR, KINDS, NOT_LIVE, OFFENCE_CLASSES, OffenceClass

_FIRST = -1000  # slot of the first occasion: choices come before all that was asked, in the order in which they came
_BARE = ("formal", "emergency", "direct")  # ways whose text is the one that governs, or none
_OF_A_MENU = ("penalties", "breadth")  # dials of what a state's law offers to write


class _Chosen(NamedTuple):
    """One occasion on which a requester chose, as its facts are made."""

    filing: Filing
    number: int  # of the occasion

    def fact(self, step: str, outcome: object, **given: object) -> Fact:
        """A fact of this occasion."""
        place = (self.filing.attempt, _FIRST + self.number, ORDER[step], 0)
        return Fact(place, step, step, outcome, (self.filing.day,), given)


def facts_of_choice(seen: Witnessed, case: int, number: int, filing: Filing) -> Iterator[Fact]:
    """What the requester chose: whom to ask, what to write, under which text, by which ways. ``number`` counts occasions."""
    fact = _Chosen(filing, number).fact
    calls = {call.name: call for top in filing.calls for call in top.walk()}
    if DRAW + "live" in calls:
        said = calls[DRAW + "live"].said
        yield fact("live", filing.status != NOT_LIVE, luck=said, expression=filing.expression)
    if "choose_destination" not in calls:
        return
    hosts, slot = seen.run.cases.hosts[case], calls["choose_destination"].said
    asked = int(hosts[slot]) if slot >= 0 else -1
    yield _destination(seen, fact, hosts, asked)
    if asked < 0:
        return
    if "governing_text" not in calls:  # the law had nothing to write
        asks = int(seen.run.cases.requester[case])
        rules = seen.rules_at(filing.month)
        menu = _menu(seen, rules, case, filing.month)
        yield fact("label", None, **menu, dialled=dialled(seen, rules, asks, *_OF_A_MENU))
        return
    paper, text = calls["go_round"].given, int(calls["governing_text"].said)
    yield _label(seen, fact, case, filing, paper)
    governing = _governing(seen, fact, case, filing, text, asked, int(paper["label"]))
    yield governing
    yield _appetite(seen, fact, case, filing, text, calls[DRAW + "file"].said if DRAW + "file" in calls else None)
    shared = {name: governing.given[name] for name in ("reach", "suspended", "added", "dialled")}
    yield fact("side_door", _ways(seen, filing), **shared)


def _ways(seen: Witnessed, filing: Filing) -> tuple[tuple[str, ...], ...]:
    """Every way that was taken, with its text where that is not the one that governs."""
    rows, names = filing.rows, seen.run.rules.names
    ways = ((CHANNELS[way], names[by]) for way, by in zip(rows.channel, rows.instrument, strict=True))
    return tuple(way if way[0] not in _BARE else way[:1] for way in ways)


def _destination(seen: Witnessed, fact: OfChoice, hosts: NDArray[np.int64], asked: int) -> Fact:
    """The state that is asked, -1 if none, of those that hold the data; ``hosts`` are their places, -1 where there is none."""
    codes = seen.run.world.states.codes
    return fact(
        "destination",
        codes[asked] if asked >= 0 else None,
        holders=list(dict.fromkeys(codes[host] for host in hosts if host >= 0)),
        residence=codes[hosts[RESIDENCE_SLOT]] if hosts[RESIDENCE_SLOT] >= 0 else None,
    )


def _label(seen: Witnessed, fact: OfChoice, case: int, filing: Filing, paper: Mapping[str, Any]) -> Fact:
    """What is alleged and which provision is cited, with its maximum penalty in the requester's law, years."""
    offences, i = seen.run.world.offences, int(seen.run.cases.requester[case])
    written = KINDS[paper["kind"]], offences.names[paper["label"]], offences.names[paper["alleged"]]
    rules = seen.rules_at(filing.month)
    return fact(
        "label",
        written,
        years=float(rules.maxima[i, paper["label"]]),
        **_menu(seen, rules, case, filing.month),
        dialled=dialled(seen, rules, i, *_OF_A_MENU),
    )


def _menu(seen: Witnessed, rules: Rules, case: int, month: int) -> dict[str, dict[str, float]]:
    """Labels that the requester's law adds to the menu of true facts, each with its breadth, and those that it takes away.

    What is taken away asks for dishonest intent (Arts 7(2), 11(2)); nothing is where nobody is pursued for protected conduct.
    """
    cases, offences = seen.run.cases, seen.run.world.offences
    i, conduct = int(cases.requester[case]), int(cases.conduct[case])
    if not (cases.abusive[case] and offences.protected[conduct]):
        return {"joined": {}, "left": {}}
    punished = rules.habits.punished
    law = punished[min(int(month >= seen.run.rules.treaty_from), punished.shape[0] - 1), i]
    exempt = offences.exempt_from[conduct] & ~law[conduct]
    breadth = covering(rules.ruled, np.array([i]))[0, :, conduct] * law * ~exempt
    gone = exempt & law & (offences.broader[conduct] > 0) & seen.config.conduct.intent
    return {
        "joined": {offences.names[k]: float(breadth[k]) for k in np.flatnonzero(breadth)},
        "left": {offences.names[k]: float(offences.broader[conduct, k]) for k in np.flatnonzero(gone)},
    }


def _appetite(seen: Witnessed, fact: OfChoice, case: int, filing: Filing, text: int, luck: float | None) -> Fact:
    """Whether the wish is filed as a formal request under a text, by which propensity and which draw."""
    rules, cases, i = seen.rules_at(filing.month), seen.run.cases, int(seen.run.cases.requester[case])
    used = rules.habits.appetite[i] * rules.law.filing[text] * filing.volume[int(cases.abusive[case]), i, text]
    used = 1.0 if rules.habits.file_everything else used
    return fact(
        "appetite",
        bool((filing.rows.channel < FIRST_SIDE_DOOR).any()),
        propensity=float(used * rules.habits.eager[i, cases.group[case]]),
        luck=luck,
        dialled=_eagerness(seen, rules, case),
        trained=float(rules.habits.appetite[i]) != seen.config.conduct.appetite,
    )


def _governing(seen: Witnessed, fact: OfChoice, case: int, filing: Filing, text: int, j: int, label: int) -> Fact:
    """The text that governs, and of every text in force for the pair whether label and data are within its reach."""
    rules, i = seen.rules_at(filing.month), int(seen.run.cases.requester[case])
    bound = law_of(seen, filing.month)[:, i, j]
    agreed = (rules.law.after if filing.month >= rules.treaty_from else rules.law.before)[:, i, j]
    force = {name: int(t) for t, name in enumerate(rules.names) if bound[t]}  # texts in force, with their places
    texts = {name: seen.config.instruments[name] for name in force}
    return fact(
        "instrument",
        rules.names[text],
        reach={name: int(rules.law.reach[t, i, label]) for name, t in force.items()},
        suspended=[name for t, name in enumerate(rules.names) if agreed[t] and not bound[t]],
        added={name: bool(rules.law.adds[t, label]) for name, t in force.items()},
        years={name: _maximum(seen, one, i, label, rules.maxima) for name, one in texts.items()},
        harm=float(seen.run.world.offences.harm[label]),
        **_said_by(texts, OFFENCE_CLASSES[int(seen.run.world.offences.offence_class[label])]),
        wanted=DATA_CLASSES[int(seen.run.cases.wanted[case])],
        dialled=dialled(seen, rules, i, "penalties") | _eagerness(seen, rules, case),
    )


def _eagerness(seen: Witnessed, rules: Rules, case: int) -> dict[str, float]:
    """What a dial makes of the requester's wishes about the person's group; nothing where none does."""
    factor = float(rules.habits.eager[seen.run.cases.requester[case], seen.run.cases.group[case]])
    return {} if factor == 1.0 else {"appetite": factor}


def _said_by(texts: Mapping[str, Instrument], conduct: OffenceClass) -> dict[str, dict[str, object]]:
    """What each text says: how it reaches a class of offences, where its line of seriousness lies, and the most that it gives."""
    return {
        "how": {name: one.reaches[conduct] for name, one in texts.items()},
        "lines": {name: (one.seriousness, one.threshold_years, one.harm_floor) for name, one in texts.items()},
        "most": {name: one.most for name, one in texts.items()},
    }


def _maximum(seen: Witnessed, text: Instrument, i: int, label: int, maxima: NDArray[np.float64]) -> float:
    """Maximum penalty of a label in the requester's law, in years, as a text meets it; nan where it is unknown or no crime.

    ``maxima`` ``[N, K]`` are those of the day.
    """
    states, inflation = seen.run.world.states, seen.config.conduct.inflation
    if inflation is None or text.from_start:
        return float(maxima[i, label])
    return float(inflated(maxima, inflation, states, seen.run.world.offences)[i, label])
