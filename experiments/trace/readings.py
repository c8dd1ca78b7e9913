"""What each reader made of a request: gates, looks, grounds and duties, and the firm that tells its user, as facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.trace.facts import LAST, Fact, OfRequest, dialled
from experiments.trace.interpreter import DRAW, Call
from experiments.trace.recording import Witnessed
from sim.review.assembly import rule_functions
from sim.review.safeguard import habit_of, home_of
from sim.world.vocabulary import NEVER_TOLD, TOLD_AFTER

_FIRM, _CONTEST = "told_by_firm", "contest"  # steps by which a firm tells, and by which its user goes to court
_OF_CARE = ("strength", "uptake", "fidelity")  # dials of how readily a discretion is used and a duty kept
_FAR, _HALVINGS = 64.0, 60  # noise s.d. beyond which no bar lies; halvings that reach the last bit


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


def readings(seen: Witnessed, m: int, fact: OfRequest, calls: Iterable[Call]) -> Iterator[Fact]:
    """Gates, looks, grounds and duties: applied or not, with chance and luck; what they were given; what they said."""
    config, names, docket = seen.config, seen.run.rules.review.names, seen.finished.docket
    applies, inst = seen.rules_at(int(docket.month[m])).reading.applies, int(docket.instrument[m])
    text = seen.run.rules.names[inst]
    at_reading = _dialled_at_reading(seen, m)
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
            dialled=at_reading | dialled(seen, seen.rules_at(int(docket.month[m])), holder, *_OF_CARE),
        )


def _own_law(seen: Witnessed, safeguard: Any, text: str, name: str, holder: int) -> str | None:
    """The force with which a state's own law has a safeguard under a text; None where it adds nothing."""
    force = getattr(safeguard, "own_law", None)
    if force is None or seen.config.instruments[text].displaces.get(name, False):
        return None
    return str(force) if seen.run.world.states.own_laws[habit_of(name, safeguard)][holder] else None


def firms_notice(seen: Witnessed, m: int, fact: OfRequest, calls: Sequence[Call]) -> Iterator[Fact]:
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
            LAST,
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
    laws = [dialled(seen, rules, state, "penalties") for state in (asks, asked)]
    received = dialled(seen, rules, asks, "transfer_protection")
    return dialled(seen, rules, asked, "skill", "judicial", "breadth") | received | ({"penalties": laws} if any(laws) else {})


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
