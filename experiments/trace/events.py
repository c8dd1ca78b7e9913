"""The life of a case as a list of facts in their order: each with the rule that made it, what followed, and what it rested on.

Nothing is decided here: every fact is read from what the rules were given and what they said (``experiments.trace.recording``),
or from the docket.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from experiments.trace.choices import facts_of_choice
from experiments.trace.facts import LAST, ORDER, Fact, Life, OfRequest, dialled
from experiments.trace.interpreter import DRAW, Call
from experiments.trace.readings import firms_notice, readings
from experiments.trace.recording import Witnessed, filings_of
from sim.review.queue import PARKED_LANE
from sim.rules import follows
from sim.world.vocabulary import (
    CASE_STATUSES,
    CHANNELS,
    CONTENT,
    DATA_CLASSES,
    DAYS_PER_MONTH,
    FIRST_SIDE_DOOR,
    NOTHING_USABLE,
    STATUSES,
)

_FORMAL = len(CHANNELS)  # slot of the request itself: side doors come before it

_ENDINGS = {
    "executed_empty": ("retention", "retention"),
    "lapsed": ("execution", "patience"),
    "withdrawn": ("supplement", "supplement"),
    "suspended": ("instrument", "suspension"),
    "diverted": ("side_door", "diverted"),
}
"""Step and rule at which a request that ended so has ended."""


def life_of(seen: Witnessed, case: int) -> Life:
    """Every fact about a case, in order."""
    facts: list[Fact] = []
    for number, filing in enumerate(filings_of(seen, case)):
        facts += facts_of_choice(seen, case, number, filing)
    for m in seen.requests_of(case):
        facts += _request(seen, int(m))
    if seen.finished.spied[case]:
        facts.append(Fact((len(facts),), "end", "spyware", True, (), {}))
    status = CASE_STATUSES[int(seen.finished.case_status[case])]
    return Life(seen.config.scenario_name, status, tuple(sorted(facts, key=lambda fact: fact.place)))


class _Asked(NamedTuple):
    """Where a request stands in its case: which attempt, in which order, through which channel."""

    attempt: int
    slot: int  # side doors before the request itself
    way: str  # its channel

    def fact(
        self, step: str, number: int, outcome: object, rule: str | None = None, days: tuple[float, ...] = (), **given: object
    ) -> Fact:
        """A fact of this request; ``number`` is its place within the step."""
        return Fact((self.attempt, self.slot, ORDER[step], number), step, rule or step, outcome, days, given | {"way": self.way})


def _request(seen: Witnessed, m: int) -> Iterator[Fact]:
    """What became of one request, a row ``m`` of the docket."""
    docket = seen.finished.docket
    channel = int(docket.channel[m])
    fact = _Asked(int(docket.attempt[m]), channel if channel >= FIRST_SIDE_DOOR else _FORMAL, CHANNELS[channel]).fact
    calls = [call for stage in seen.stages.get(m, ()) for top in stage.calls for call in top.walk()]
    yield from readings(seen, m, fact, calls)
    yield from firms_notice(seen, m, fact, calls)
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
        hours, set_to = float(rules.capacity[asked]), dialled(seen, rules, asked, "hours")
        effort = next((float(a.given["effort"]) for a in call.walk() if a.name == "read_desk"), float(call.given["effort"]))
        yield fact(
            "queue", 0, None, days=(float(call.given["day"]), effort), filed=filed, capacity=hours, follows=hired, dialled=set_to
        )
    for call in decided:
        if any(call.find(DRAW + "supplement")):
            passes = bool(call.said[1])
            answered = passes or any(call.find("enqueue"))
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
        received = dialled(seen, rules, int(seen.run.cases.requester[docket.case[m]]), "transfer_protection")
        yield fact("aftermath", LAST, int(docket.misused[m]), rule="misuse", dialled=received)
        yield fact("aftermath", LAST + 1, int(docket.told[m]), rule="notice")
        if seen.run.cases.realtime[docket.case[m]]:
            yield _listening(seen, m, fact)
    if docket.second[m]:  # it decides no request: what follows is a suspension, which ends others
        yield fact("aftermath", LAST + 2, None, rule="second_reading", second=int(docket.second[m]))


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
        LAST + 2,
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
        dialled=dialled(seen, rules, j, "penalties"),
    )
