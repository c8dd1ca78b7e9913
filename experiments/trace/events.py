"""The life of a case as a list of facts in their order: each with the rule that made it, what followed, and what it rested on.

Nothing is decided here: every fact is read from what the rules were given and what they said (``experiments.trace.recording``),
or from the docket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.trace.interpreter import DRAW, Call
from experiments.trace.recording import Filing, Witnessed, filings_of, law_of
from sim.review.assembly import rule_functions
from sim.review.queue import PARKED_LANE
from sim.review.safeguard import habit_of, home_of
from sim.rules import Rules, follows
from sim.world.breadth import covering
from sim.world.cases import RESIDENCE_SLOT
from sim.world.instruments import Instrument, inflated
from sim.world.vocabulary import (
    CASE_STATUSES,
    CHANNELS,
    CONTENT,
    DATA_CLASSES,
    DAYS_PER_MONTH,
    FIRST_SIDE_DOOR,
    KINDS,
    NEVER_TOLD,
    NOT_LIVE,
    NOTHING_USABLE,
    OFFENCE_CLASSES,
    STATUSES,
    TOLD_AFTER,
    OffenceClass,
)

STEP_MEANINGS: Mapping[str, str] = {
    "live": "whether the person still does what the state pursues",
    "destination": "which state is asked",
    "label": "what is alleged and which provision is cited",
    "instrument": "which text governs the request, and how much it may ask for",
    "appetite": "whether the wish is filed at all",
    "side_door": "the ways taken: urgent lane, preservation first, police, the firm itself, unasked",
    "gate": "a rule of law on the day of filing",
    "panel": "a central unit reads the file",
    "queue": "on which day, and with how much attention, the desk takes the file up",
    "desk": "the desk reads the file; the rule is the desk or a ground invoked at it",
    "supplement": "further information is asked for, and comes or not",
    "parking": "the file is laid aside without an answer, and perhaps taken up later",
    "look": "a further reader: judge, provider, person; the rule is the look or a ground invoked at it",
    "execution": "the delay of execution, the requester's patience, the data given",
    "retention": "whether the data are still there",
    "aftermath": "what follows disclosure: notice, use beyond the case, transfer, public statistics",
    "end": "how the case ended, where no request explains it",
}
"""Steps of a life in their order. A rule is the name of a safeguard, or one of ``RULES``."""

DIALS = ("strength", "uptake", "fidelity", "judicial", "skill", "hours", "transfer_protection", "penalties", "breadth")
"""Keys of ``states.override`` that a divergence may name; what an ``appetite`` does is called as the step is."""

RULES: Mapping[str, str] = {
    "added": "a protocol makes the offence one of the text itself",
    **{step: about for step, about in STEP_MEANINGS.items() if step not in ("gate", "panel", "desk", "look", "aftermath")},
    "parties": "which texts are in force between the two states",
    "effort": "the attention that the load leaves to a reader",
    "patience": "the requester gives up",
    "diverted": "another way had given the data before the request was read",
    "spyware": "another way, outside all law",
    "tools": "the person has moved to safer tools",
    "notice": "a domestic duty to tell the person after disclosure",
    "firm_notice": "the firm tells its user of the order",
    "second_reading": "a second reading of a refusal, before it counts towards suspension",
    "realtime": "whether data are collected as they come, by the text and the law of the requested state",
    **{name: f"the {name.replace('_', ' ')} that a dial gives a state" for name in DIALS},
    "misuse": "the receiver's own use of the data beyond the case",
    **dict.fromkeys(CHANNELS, "this way of asking"),
}
"""What a divergence may name besides safeguards."""

_ORDER = {step: number for number, step in enumerate(STEP_MEANINGS)}
_CHOICE, _FORMAL = -1000, len(CHANNELS)  # slots: choices first, in the order in which they came; side doors; the request
_BARE = ("formal", "emergency", "direct")  # ways whose text is the one that governs, or none
_LAST = 10**6  # number of what follows from all duties, after every safeguard's own
_OF_A_MENU = ("penalties", "breadth")  # dials of what a state's law offers to write
_FIRM, _CONTEST = "told_by_firm", "contest"  # steps by which a firm tells, and by which its user goes to court
_OF_CARE = ("strength", "uptake", "fidelity")  # dials of how readily a discretion is used and a duty kept
_FAR, _HALVINGS = 64.0, 60  # noise s.d. beyond which no bar lies; halvings that reach the last bit


_ENDINGS = {
    "executed_empty": ("retention", "retention"),
    "lapsed": ("execution", "patience"),
    "withdrawn": ("supplement", "supplement"),
    "suspended": ("instrument", "suspension"),
    "diverted": ("side_door", "diverted"),
}
"""Step and rule at which a request that ended so has ended."""


class Fact(NamedTuple):
    """One step: ``outcome`` is what followed (nothing of note if false), ``days`` when, ``given`` what it rested on."""

    place: tuple[int, ...]  # attempt, slot, step, number within the step
    step: str
    rule: str
    outcome: Any
    days: tuple[float, ...]  # since the start of the run-in, or lengths
    given: Mapping[str, Any]


OfChoice = Callable[..., Fact]
"""Makes a fact of an occasion to choose from its step and outcome, and what it rested on by name."""
OfRequest = Callable[..., Fact]
"""Makes a fact of a request from its step, its number and its outcome, and what it rested on by name."""


class Life(NamedTuple):
    """All facts about one case under one scenario, in order."""

    scenario: str
    status: str  # of the case at the end
    facts: tuple[Fact, ...]


def life_of(seen: Witnessed, case: int) -> Life:
    """Every fact about a case, in order."""
    facts: list[Fact] = []
    for number, filing in enumerate(filings_of(seen, case)):
        facts += _choice(seen, case, number, filing)
    for m in seen.requests_of(case):
        facts += _request(seen, int(m))
    if seen.finished.spied[case]:
        facts.append(Fact((len(facts),), "end", "spyware", True, (), {}))
    status = CASE_STATUSES[int(seen.finished.case_status[case])]
    return Life(seen.config.scenario_name, status, tuple(sorted(facts, key=lambda fact: fact.place)))


# --- filing --------------------------------------------------------------------------------------------------------------


class _Chosen(NamedTuple):
    """One occasion on which a requester chose, as its facts are made."""

    filing: Filing
    number: int  # of the occasion

    def fact(self, step: str, outcome: object, **given: object) -> Fact:
        """A fact of this occasion."""
        place = (self.filing.attempt, _CHOICE + self.number, _ORDER[step], 0)
        return Fact(place, step, step, outcome, (self.filing.day,), given)


def _choice(seen: Witnessed, case: int, number: int, filing: Filing) -> Iterator[Fact]:
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
        yield fact("label", None, **menu, dialled=_dialled(seen, rules, asks, *_OF_A_MENU))
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
        dialled=_dialled(seen, rules, i, *_OF_A_MENU),
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
        dialled=_dialled(seen, rules, i, "penalties") | _eagerness(seen, rules, case),
    )


def _eagerness(seen: Witnessed, rules: Rules, case: int) -> dict[str, float]:
    """What a dial makes of the requester's wishes about the person's group; nothing where none does."""
    factor = float(rules.habits.eager[seen.run.cases.requester[case], seen.run.cases.group[case]])
    return {} if factor == 1.0 else {"appetite": factor}


def _dialled(seen: Witnessed, rules: Rules, state: int, *names: str) -> dict[str, Any]:
    """What dials give a state, by their keys; nothing of what no dial sets. Of ``penalties`` the offences with another maximum."""
    found: dict[str, Any] = {}
    for name in names:
        set_to = getattr(rules.dialled, name)[state]
        if name == "penalties":
            drawn, offences = seen.run.world.states.penalties[state], seen.run.world.offences.names
            moved = np.flatnonzero(~np.isclose(set_to, drawn, rtol=0.0, atol=0.0, equal_nan=True))
            found |= {name: {offences[k]: str(float(set_to[k])) for k in moved}} if moved.size else {}
        elif not np.isnan(set_to):
            found[name] = float(set_to)
    return found


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


# --- a request -----------------------------------------------------------------------------------------------------------


@dataclass
class _Used:
    """What was asked of one safeguard in one reading of a file."""

    applied: Call | None = None
    hooks: dict[str, Call] = field(default_factory=dict)

    @property
    def luck(self) -> float | None:
        """The draw by which it was applied or not; None where its text leaves no choice."""
        return None if self.applied is None else next((draw.said for draw in self.applied.find(DRAW + "applied")), None)

    @property
    def said_to_apply(self) -> bool | None:
        """Whether it was applied; None where that was not asked."""
        return None if self.applied is None else bool(self.applied.said)

    def says(self, hook: str) -> bool:
        """Whether a hook was asked and said yes."""
        return hook in self.hooks and bool(self.hooks[hook].said)


class _Asked(NamedTuple):
    """Where a request stands in its case: which attempt, in which order, through which channel."""

    attempt: int
    slot: int  # side doors before the request itself
    way: str  # its channel

    def fact(
        self, step: str, number: int, outcome: object, rule: str | None = None, days: tuple[float, ...] = (), **given: object
    ) -> Fact:
        """A fact of this request; ``number`` is its place within the step."""
        return Fact((self.attempt, self.slot, _ORDER[step], number), step, rule or step, outcome, days, given | {"way": self.way})


def _request(seen: Witnessed, m: int) -> Iterator[Fact]:
    """What became of one request, a row ``m`` of the docket."""
    docket = seen.finished.docket
    channel = int(docket.channel[m])
    fact = _Asked(int(docket.attempt[m]), channel if channel >= FIRST_SIDE_DOOR else _FORMAL, CHANNELS[channel]).fact
    calls = [call for stage in seen.stages.get(m, ()) for top in stage.calls for call in top.walk()]
    yield from _readings(seen, m, fact, calls)
    yield from _firms_notice(seen, m, fact, calls)
    yield from _at_the_desk(seen, m, fact, [call for call in calls if call.name == "decide"])
    yield from _parking(seen, m, fact, calls)
    yield from _ending(seen, m, fact)


def _at_the_desk(seen: Witnessed, m: int, fact: OfRequest, decided: Sequence[Call]) -> Iterator[Fact]:
    """When the desk took the file up and with how much attention, and whether further information was asked for and came."""
    docket = seen.finished.docket
    filed, hired = float(docket.filed_day[m]), follows(seen.run.rules.policy)
    for call in decided:
        month = int(float(call.given["day"]) // DAYS_PER_MONTH)
        rules, asked = seen.rules_at(month), int(docket.requested[m])
        hours, set_to = float(rules.capacity[asked]), _dialled(seen, rules, asked, "hours")
        effort = next((float(a.given["effort"]) for a in call.walk() if a.name == "read_desk"), float(call.given["effort"]))
        yield fact(
            "queue", 0, None, days=(float(call.given["day"]), effort), filed=filed, capacity=hours, follows=hired, dialled=set_to
        )
    for call in decided:
        if any(call.find(DRAW + "supplement")):
            answered = any(call.find("enqueue", "execute"))
            yield fact("supplement", 0, "answered" if answered else "unanswered", quality=float(docket.quality[m]))


def _parking(seen: Witnessed, m: int, fact: OfRequest, calls: Sequence[Call]) -> Iterator[Fact]:
    """That the file was laid aside without an answer, and when it was taken up again."""
    if any(map(_is_laid_aside, calls)):
        yield fact("parking", 0, "parked", **_standing(seen, m, calls))
        for call in calls:
            if call.name == "execute":
                yield fact("parking", 1, None, rule="queue", days=(float(call.given["day"]),))


def _parked_in(seen: Witnessed, m: int) -> int:
    """The month in which the desk laid a file aside, or read it where it laid aside none; a first reading may only ask for more."""
    stages = [stage for stage in seen.stages[m] if any(any(top.find("decide")) for top in stage.calls)]
    laid = [stage for stage in stages for top in stage.calls for call in top.walk() if _is_laid_aside(call)]
    return (laid or stages)[0].month


def _is_laid_aside(call: Call) -> bool:
    """Whether a step puts a file among those that wait for leftover hours."""
    return bool(call.name == "enqueue" and call.given["lane"] == PARKED_LANE)


def _standing(seen: Witnessed, m: int, calls: Iterable[Call]) -> dict[str, float | None]:
    """How suspicious the file looked to the desk, and what the authority makes of its requester."""
    run, docket = seen.run, seen.finished.docket
    i, j = int(run.cases.requester[docket.case[m]]), int(docket.requested[m])
    rules = seen.rules_at(_parked_in(seen, m))
    practice, reading = rules.practice, rules.reading
    looked = [call.said[1] for call in calls if call.name == "read_desk"]
    return {
        "suspicion": float(looked[-1]) if looked else None,
        "bar": float(practice.park_bar + reading.pair_bar[i, j]),
        "standing": float(reading.standing[i, j]),
        "floor": practice.trust_floor,
    }


def _readings(seen: Witnessed, m: int, fact: OfRequest, calls: Iterable[Call]) -> Iterator[Fact]:
    """Gates, looks, grounds and duties: applied or not, with chance and luck; what they were given; what they said."""
    config, names, docket = seen.config, seen.run.rules.review.names, seen.finished.docket
    applies, inst = seen.rules_at(int(docket.month[m])).reading.applies, int(docket.instrument[m])
    text = seen.run.rules.names[inst]
    dialled = _dialled_at_reading(seen, m)
    used: dict[int, _Used] = {}
    rules = rule_functions(config.safeguards)
    by_firm = {id(inner) for call in calls if call.name == _CONTEST for inner in call.walk()}
    for call in calls:
        if id(call) in by_firm:
            continue
        if call.name == "applied":
            used.setdefault(int(call.given["s"]), _Used()).applied = call
        elif call.name in rules:
            s, hook = rules[call.name]
            used.setdefault(s, _Used()).hooks[hook] = call
    for s in sorted(used):
        name, one = names[s], used[s]
        safeguard = config.safeguards[name]
        if safeguard.kind == "look" and one.said_to_apply and "stands" not in one.hooks:
            continue  # the state would have told nobody, and the firm did
        look = getattr(safeguard, "look", name)
        holder = int(one.applied.given["j"]) if one.applied else int(docket.requested[m])
        read = _numbers(one.hooks.get("stands"))
        sight = used.get(names.index(look), _Used()).hooks.get("acuity") if look in names else None
        outcome, delay = _said(one, int(docket.wanted[m]), str(safeguard.kind), getattr(safeguard, "delay_days", 0.0))
        yield fact(
            _step_of(str(safeguard.kind), look),
            _in_turn(config.safeguards, look, s, len(names)),
            outcome,
            rule=name,
            days=delay,
            kind=str(safeguard.kind),
            look=look,
            article=safeguard.article,
            text=text,
            force=config.instruments[text].safeguards.get(name, "absent"),
            own_law=_own_law(seen, safeguard, text, name, holder),
            chance=float(applies[s, inst, holder]),
            luck=one.luck,
            applied=one.said_to_apply,
            read=read,
            sight=_numbers(sight),
            there=bool(one.hooks["stands"].said) if "stands" in one.hooks else None,
            score=_score(safeguard, read),
            says={hook: _number(call.said) for hook, call in one.hooks.items()},
            own={key: value for key, value in safeguard.model_dump().items() if isinstance(value, int | float)},
            covered=_covered(seen, m),
            dialled=dialled | _dialled(seen, seen.rules_at(int(docket.month[m])), holder, *_OF_CARE),
        )


def _own_law(seen: Witnessed, safeguard: Any, text: str, name: str, holder: int) -> str | None:
    """The force with which a state's own law has a safeguard under a text; None where it adds nothing."""
    force = getattr(safeguard, "own_law", None)
    if force is None or seen.config.instruments[text].displaces.get(name, False):
        return None
    return str(force) if seen.run.world.states.own_laws[habit_of(name, safeguard)][holder] else None


def _firms_notice(seen: Witnessed, m: int, fact: OfRequest, calls: Sequence[Call]) -> Iterator[Fact]:
    """That a firm tells its user, or would but for a gag or an earlier notice; and what came of it in court."""
    docket, rules = seen.finished.docket, seen.rules_at(int(seen.finished.docket.month[m]))
    c, j, inst = int(docket.case[m]), int(docket.requested[m]), int(docket.instrument[m])
    for call in calls:
        luck = next((draw.said for draw in call.find(DRAW + "firm_notice")), None) if call.name == _FIRM else None
        if luck is None or luck >= rules.reading.firm_notice[j]:
            continue
        court = next((one for one in calls if one.name == _CONTEST), None)
        hooks = {} if court is None else {one.name.partition("_")[0]: one for one in court.inner}
        read, won = _numbers(hooks.get("stands")), court is not None and int(court.said[0]) != 0
        person = seen.config.safeguards.get("person")
        when = int(call.said)
        told = "told" if court else "afterwards" if when == TOLD_AFTER else None
        yield fact(
            "look",
            _LAST,
            "won" if won else told,
            rule="firm_notice",
            days=() if court is None else (float(court.said[1]),),
            kind="look",
            look="firm_notice",
            share=float(rules.reading.firm_notice[j]),
            luck=float(luck),
            ahead=float(rules.practice.firm_days),
            secret=bool(seen.run.cases.secret[c]),
            earlier=court is None and when not in (NEVER_TOLD, TOLD_AFTER),
            read=read | {"wait": float(call.given["wait"]), "gag": float(rules.reading.gag_days[inst, j])},
            sight=_numbers(hooks.get("acuity")),
            there=bool(hooks["stands"].said) if "stands" in hooks else None,
            score=None if person is None else _score(person, read),
            own={},
            dialled=_dialled_at_reading(seen, m),
        )


def _dialled_at_reading(seen: Witnessed, m: int) -> dict[str, Any]:
    """What dials gave the requested state's desk and courts when a file was last read, its breadth, and both states' laws."""
    docket = seen.finished.docket
    rules = seen.rules_at(seen.stages[m][-1].month if m in seen.stages else int(docket.month[m]))
    asks, asked = int(seen.run.cases.requester[docket.case[m]]), int(docket.requested[m])
    laws = [_dialled(seen, rules, state, "penalties") for state in (asks, asked)]
    received = _dialled(seen, rules, asks, "transfer_protection")
    return _dialled(seen, rules, asked, "skill", "judicial", "breadth") | received | ({"penalties": laws} if any(laws) else {})


def _covered(seen: Witnessed, m: int) -> bool:
    """Whether the requested state's law on what a request cites covers what it alleges."""
    docket, reading = seen.finished.docket, seen.rules_at(int(seen.finished.docket.month[m])).reading
    j, label, alleged = (int(column[m]) for column in (docket.requested, docket.label, docket.alleged))
    return bool(reading.broad[j, label, alleged] and reading.crime[docket.instrument[m], j, label])


def _step_of(kind: str, look: str) -> str:
    """The step of a life at which a safeguard of a kind, with its look, has its say."""
    return kind if kind in ("gate", "aftermath") else look if look in ("desk", "panel") else "look"


def _in_turn(safeguards: Mapping[str, Any], look: str, s: int, count: int) -> int:
    """Place of a ground within its step: with its look, in the global order."""
    return int(safeguards[look].order * count + s) if look in safeguards else s


def _said(one: _Used, wanted: int, kind: str, days: float) -> tuple[str | bool | None, tuple[float, ...]]:
    """What a safeguard came to, and the days that it took: of a condition ``days``."""
    delay = (float(one.hooks["delays"].said),) if "delays" in one.hooks else ()
    used = one.said_to_apply is not False
    if used and one.says("stands"):
        return "stood", delay
    if used and one.says("conditions"):
        return "conditional", (float(days),)
    if _narrows(one, wanted):
        return "narrowed", delay
    if kind == "look" and used:
        return "told" if one.says("tells") else "read", delay
    return _after(one) if kind == "aftermath" else None, delay


def _narrows(one: _Used, wanted: int) -> bool:
    """Whether a safeguard allows less intrusive data than it was asked about."""
    allows = one.hooks.get("allows")
    return allows is not None and int(allows.said) < int(allows.given.get("data_class", wanted))


def _after(one: _Used) -> bool | None:
    """Whether an aftermath made misuse less likely, or made the answer count in public; None where it does neither."""
    if "softens" in one.hooks:
        return float(one.hooks["softens"].said) < 1.0
    return one.says("publishes") if "publishes" in one.hooks else None


def _numbers(call: Call | None) -> dict[str, Any]:
    return {} if call is None else {word: _number(value) for word, value in call.given.items()}


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _score(safeguard: Any, read: Mapping[str, Any]) -> float | None:
    """The highest bar against which the ground would have stood, found by asking its rule; None if no bar decides."""
    if "bar" not in read:
        return None
    rule = home_of(safeguard).stands
    low, high = -_FAR, _FAR
    if not rule(**{**read, "bar": low}) or rule(**{**read, "bar": high}):
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if rule(**{**read, "bar": middle}) else (low, middle)
    return (low + high) / 2


def _ended_at(status: str, channel: int, tools: bool) -> tuple[str, str]:
    """Step and rule at which a request ended; ``tools`` says that what was given could not be used."""
    step, rule = _ENDINGS.get(status, ("execution", "execution"))
    if channel >= FIRST_SIDE_DOOR:
        step, rule = "execution", CHANNELS[channel]
    return step, "tools" if tools else rule


def _ending(seen: Witnessed, m: int, fact: OfRequest) -> Iterator[Fact]:
    """How the request ended, when, with what data, and what came after."""
    docket, names = seen.finished.docket, seen.run.rules.review.names
    status = STATUSES[int(docket.status[m])]
    days = tuple(float(column[m]) for column in (docket.decided_day, docket.executed_day, docket.ended_day))
    step, rule = _ended_at(status, int(docket.channel[m]), tools=bool(docket.evaded[m] == NOTHING_USABLE))
    ended = fact(
        "retention",
        1,
        (status, DATA_CLASSES[int(docket.granted[m])] if docket.granted[m] >= 0 else None),
        rule=rule,
        days=days,
        wanted=DATA_CLASSES[int(docket.wanted[m])],
        requested=seen.run.world.states.codes[int(docket.requested[m])],
        reason=names[docket.reason[m]] if docket.reason[m] >= 0 else None,
        grounds=[name for s, name in enumerate(names) if int(docket.grounds[m]) >> s & 1],
        narrowed=names[docket.narrowed[m]] if docket.narrowed[m] >= 0 else None,
        patience=float(docket.patience_day[m]),
        preserved=float(docket.preserved_until[m]),
        filed=float(docket.filed_day[m]),
    )
    yield ended._replace(step=step)
    if docket.granted[m] >= 0:
        rules = seen.rules_at(int(docket.month[m]))
        received = _dialled(seen, rules, int(seen.run.cases.requester[docket.case[m]]), "transfer_protection")
        yield fact("aftermath", _LAST, int(docket.misused[m]), rule="misuse", dialled=received)
        yield fact("aftermath", _LAST + 1, int(docket.told[m]), rule="notice")
        if seen.run.cases.realtime[docket.case[m]]:
            yield _listening(seen, m, fact)
    if docket.second[m]:  # it decides no request: what follows is a suspension, which ends others
        yield fact("aftermath", _LAST + 2, None, rule="second_reading", second=int(docket.second[m]))


def _listening(seen: Witnessed, m: int, fact: OfRequest) -> Fact:
    """For how many months data are collected as they come, none where they are not, and what that rested on."""
    docket, offences = seen.finished.docket, seen.run.world.offences
    rules, j, inst = (
        seen.rules_at(int(docket.executed_day[m] // DAYS_PER_MONTH)),
        int(docket.requested[m]),
        int(docket.instrument[m]),
    )
    text = seen.config.instruments[rules.names[inst]]
    calls = [call for stage in seen.stages.get(m, ()) for top in stage.calls for call in top.find("collect_live")]
    return fact(
        "aftermath",
        _LAST + 2,
        int(docket.realtime[m]),
        rule="realtime",
        days=(float(docket.executed_day[m]),),
        text=rules.names[inst],
        force=text.realtime if calls else "absent",  # a side door has no such thing, whatever the text says
        granted=DATA_CLASSES[int(docket.granted[m])],
        power=bool(rules.reading.live[inst, j] > 0 or text.realtime == "absent"),
        alleged=offences.names[docket.alleged[m]],
        ranged=bool(docket.granted[m] == CONTENT or text.realtime_if.serious),
        years=float(rules.maxima[j, docket.alleged[m]]),
        line=float(seen.run.world.states.intercept_from[j]),
        unread=bool(text.realtime_if.judged and not docket.judged[m]),
        chance=float(rules.reading.live[inst, j]),
        luck=next((draw.said for call in calls for draw in call.find(DRAW + "applied")), None),
        dialled=_dialled(seen, rules, j, "penalties"),
    )
