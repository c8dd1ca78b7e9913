"""The life of a case as a list of facts in their order: each with the rule that made it, what followed, and what it rested on.

Nothing is decided here: every fact is read from what the rules were given and what they said (``experiments.story.replay``),
or from the docket.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from experiments.story.plain import DRAW, Call
from experiments.story.replay import Filing, Stage, Witnessed, filings_of
from sim.review.queue import PARKED_LANE
from sim.review.safeguard import home_of
from sim.world.cases import RESIDENCE_SLOT
from sim.world.vocabulary import (
    CASE_STATUSES,
    CHANNELS,
    DATA_CLASSES,
    DETERRED,
    DOMESTIC,
    EMERGENCY,
    FIRST_SIDE_DOOR,
    KINDS,
    LAPSED,
    NOT_LIVE,
    PENDING,
    STATUSES,
    WITHDRAWN,
)

STEPS: Mapping[str, str] = {
    "live": "whether the person still does what the state pursues",
    "destination": "which state is asked",
    "label": "what is alleged and which provision is cited",
    "instrument": "which text governs the request",
    "appetite": "whether the wish is filed at all",
    "side_door": "emergency lane, preservation first, or another way past the request paragraphs",
    "gate": "a rule of law on the day of filing",
    "queue": "on which day, and with how much attention, the file is taken up",
    "look": "someone reads the file; the rule is the look or a ground invoked at it",
    "supplement": "further information is asked for, and comes or not",
    "park": "the file is laid aside without an answer",
    "execution": "the delay of execution, the requester's patience, the class of data given",
    "retention": "whether the data are still there",
}
"""Steps of a life in their order. A rule is the name of a safeguard, or one of ``RULES``."""

RULES: Mapping[str, str] = {
    **{step: about for step, about in STEPS.items() if step not in ("gate", "look", "instrument")},
    "parties": "which texts are in force between the two states",
    "instrument": "the order of the texts that reach the label",
    "effort": "the attention that the load leaves to a reader",
    "patience": "the requester gives up",
    "emergency": "the urgent lane",
    "preservation": "data are frozen before the request",
}

_ORDER = {step: number for number, step in enumerate(STEPS)}
_FILING, _FORMAL = -1, len(CHANNELS)  # slots of a filing: the choice itself first, side doors by channel, the request last


class Fact(NamedTuple):
    """One step: ``outcome`` is what followed, ``days`` when, ``given`` what it rested on."""

    place: tuple[int, ...]  # attempt, slot, step, number within the step
    step: str
    rule: str
    outcome: Any
    days: tuple[float, ...]  # since the start of the run-in
    given: Mapping[str, Any]


class Life(NamedTuple):
    """A case under one scenario."""

    scenario: str
    status: str  # of the case at the end
    facts: tuple[Fact, ...]


def life_of(seen: Witnessed, case: int) -> Life:
    """Every fact about a case, in order."""
    facts: list[Fact] = []
    filings = filings_of(seen, case)
    for attempt, filing in enumerate(filings):
        facts += _filing(seen, case, attempt, filing)
    for m in seen.requests_of(case):
        facts += _request(seen, int(m))
    status = CASE_STATUSES[int(seen.finished.case_status[case])]
    return Life(seen.config.scenario_name, status, tuple(sorted(facts, key=lambda fact: fact.place)))


# --- filing --------------------------------------------------------------------------------------------------------------


def _filing(seen: Witnessed, case: int, attempt: int, filing: Filing) -> Iterator[Fact]:
    run, states, offences = seen.run, seen.run.world.states, seen.run.world.offences
    cases, day = run.cases, (filing.day,)
    said = {call.name: call.said for call in filing.calls}

    def fact(step: str, outcome: Any, rule: str | None = None, **given: Any) -> Fact:
        return Fact((attempt, _FILING, _ORDER[step], 0), step, rule or step, outcome, day, given)

    if filing.status == DOMESTIC and not filing.rows.case.size:
        yield fact("destination", None, home=states.codes[cases.requester[case]])
        return
    if DRAW + "live" in said:
        expressed = float(run.expression[cases.person[case]])
        yield fact("live", filing.status != NOT_LIVE, luck=said[DRAW + "live"], expression=expressed)
    if "_destination" not in said:
        return
    hosts = cases.hosts[case]
    asked = hosts[said["_destination"]] if said["_destination"] >= 0 else -1
    holders = list(dict.fromkeys(states.codes[host] for host in hosts if host >= 0))
    lives = hosts[RESIDENCE_SLOT]
    residence = states.codes[lives] if lives >= 0 else None
    yield fact("destination", states.codes[asked] if asked >= 0 else None, holders=holders, residence=residence)
    kind, label = said.get("_framing", (0, int(cases.conduct[case])))
    if asked < 0 or kind < 0:
        if kind < 0:
            yield fact("label", None)
        return
    alleged = next((call.given["alleged"] for call in filing.calls if call.name == "_write"), label if kind == 2 else cases.conduct[case])
    yield fact("label", (KINDS[kind], offences.names[label], offences.names[alleged]))
    yield _instrument(seen, fact, said["_instrument"], int(cases.requester[case]), int(asked), int(label), filing.month)
    propensity = run.rules.habits.appetite * run.rules.law.filing[said["_instrument"]]
    luck = said.get(DRAW + "file")
    yield fact("appetite", filing.status != DETERRED, propensity=float(propensity), luck=luck)
    rows = filing.rows
    if rows.case.size:
        doors = tuple((CHANNELS[ch], run.rules.names[text]) for ch, text in zip(rows.channel, rows.instrument, strict=True))
        yield fact("side_door", tuple(d if d[0] != "formal" else d[:1] for d in doors), urgent=bool(cases.urgent[case]))


def _instrument(seen: Witnessed, fact: Any, text: int, i: int, j: int, label: int, month: int) -> Fact:
    rules, world = seen.run.rules, seen.run.world
    in_force = (rules.law.after if month >= rules.treaty_from else rules.law.before)[:, i, j]
    reach = {name: int(rules.law.reach[t, i, label]) for t, name in enumerate(rules.names) if in_force[t]}
    lines = {name: seen.config.instruments[name].threshold_years for name in reach}
    years = float(world.states.penalties[i, label])
    return fact("instrument", rules.names[text], reach=reach, thresholds=lines, years=years)  # type: ignore[no-any-return]


# --- a request -----------------------------------------------------------------------------------------------------------


def _request(seen: Witnessed, m: int) -> Iterator[Fact]:
    docket = seen.finished.docket
    channel = int(docket.channel[m])
    attempt, slot = int(docket.attempt[m]), channel if channel >= FIRST_SIDE_DOOR else _FORMAL

    def fact(step: str, number: int, outcome: Any, rule: str | None = None, days: tuple[float, ...] = (), **given: Any) -> Fact:
        return Fact((attempt, slot, _ORDER[step], number), step, rule or step, outcome, days, given)

    stages = seen.stages.get(m, ())
    calls = [call for stage in stages for call in stage.calls]
    yield from _readings(seen, m, fact, stages)
    for number, call in enumerate(c for c in calls if c.name in ("decide", "execute")):
        given = {"effort": float(call.given["effort"])} if "effort" in call.given else {}
        yield fact("queue", number, None, days=(float(call.given["day"]), *given.values()), again=call.name == "execute", **given)
    flat = [call for top in calls for call in top.walk()]
    if any(call.name == DRAW + "supplement" for call in flat):
        answered = not any(call.name == "close" and call.given["status"] == WITHDRAWN for call in flat)
        yield fact("supplement", 0, "answered" if answered else "unanswered", quality=float(docket.quality[m]))
    if any(call.name == "enqueue" and call.given["lane"] == PARKED_LANE for call in flat):
        yield fact("park", 0, True, **_suspicion(seen, m, flat))
    yield _end(seen, m, fact, flat)


def _suspicion(seen: Witnessed, m: int, calls: Iterable[Call]) -> dict[str, Any]:
    """How suspicious the file looked to the desk, and what the authority makes of its requester."""
    run, docket = seen.run, seen.finished.docket
    i, j = int(run.cases.requester[docket.case[m]]), int(docket.requested[m])
    looked = [call.said[1] for call in calls if call.name == "read_desk"]
    practice, reading = run.rules.practice, run.rules.reading
    return {
        "suspicion": float(looked[-1]) if looked else None,
        "park_bar": float(practice.park_bar + reading.pair_bar[i, j]),
        "standing": float(reading.standing[i, j]),
        "trust_floor": practice.trust_floor,
    }


def _readings(seen: Witnessed, m: int, fact: Any, stages: Iterable[Stage]) -> Iterator[Fact]:
    """Gates, looks and grounds: applied or not, with its chance and luck; what it was given; whether it stood."""
    config, names, docket = seen.config, seen.run.rules.review.names, seen.finished.docket
    inst, j = int(docket.instrument[m]), int(docket.requested[m])
    text = seen.run.rules.names[inst]
    applied: dict[int, Call] = {}
    stood: dict[int, Call] = {}
    effort: dict[int, float] = {}
    for call in (call for stage in stages for top in stage.calls for call in top.walk()):
        if call.name == "applied":
            applied[int(call.given["s"])] = call
        elif call.name.startswith("stands_"):
            stood[int(call.name.removeprefix("stands_"))] = call
        elif call.name.startswith("acuity_"):
            effort[int(call.name.removeprefix("acuity_"))] = float(call.given.get("effort", 1.0))
    for s in sorted(applied.keys() | stood.keys()):
        name, safeguard = names[s], config.safeguards[names[s]]
        used, rule = applied.get(s), stood.get(s)
        look = getattr(safeguard, "look", name)
        given: dict[str, Any] = {
            "force": config.instruments[text].safeguards.get(name, "absent"),
            "chance": float(seen.run.rules.reading.applies[s, inst, j]),
            "luck": next((draw.said for draw in used.find(DRAW + "applied")), None) if used else None,
            "applied": bool(used.said) if used else None,
            "read": {} if rule is None else {word: _number(value) for word, value in rule.given.items()},
            "look": look if safeguard.kind == "ground" else None,
            "effort": effort.get(names.index(look)) if safeguard.kind != "gate" else None,
            "article": safeguard.article,
            "kind": safeguard.kind,
        }
        against = rule is not None and bool(rule.said) and (used is None or bool(used.said))
        given["there"] = None if rule is None else bool(rule.said)
        given["score"] = _score(safeguard, given["read"])
        outcome = "stood" if against else "narrowed" if docket.narrowed[m] == s else ""
        if safeguard.kind == "look" and not outcome and given["applied"]:
            outcome = "read"
        place = config.safeguards[look].order if safeguard.kind == "ground" else safeguard.order
        yield fact("gate" if safeguard.kind == "gate" else "look", place * len(names) + s, outcome, rule=name, **given)


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


_FAR, _HALVINGS = 64.0, 60  # noise s.d. beyond which no bar lies; halvings that reach the last bit


def _end(seen: Witnessed, m: int, fact: Any, calls: Iterable[Call]) -> Fact:
    """How the request ended, when, and with what data."""
    docket = seen.finished.docket
    status = int(docket.status[m])
    granted = DATA_CLASSES[int(docket.granted[m])] if docket.granted[m] >= 0 else None
    days = tuple(float(column[m]) for column in (docket.decided_day, docket.executed_day, docket.ended_day))
    step, rule = ("retention", "retention") if STATUSES[status] == "executed_empty" else ("execution", "execution")
    if status == LAPSED:
        rule = "patience"
    return fact(  # type: ignore[no-any-return]
        "retention",
        0,
        (STATUSES[status], granted),
        rule=rule,
        days=days,
        says=step,
        wanted=DATA_CLASSES[int(docket.wanted[m])],
        reason=_named(seen, int(docket.reason[m])),
        grounds=[name for s, name in enumerate(seen.run.rules.review.names) if int(docket.grounds[m]) >> s & 1],
        narrowed=_named(seen, int(docket.narrowed[m])),
        patience=float(docket.patience_day[m]),
        preserved=float(docket.preserved_until[m]),
        urgent=int(docket.channel[m]) == EMERGENCY,
        pending=status == PENDING,
    )


def _named(seen: Witnessed, s: int) -> str | None:
    return seen.run.rules.review.names[s] if s >= 0 else None
