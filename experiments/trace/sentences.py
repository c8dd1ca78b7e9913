"""Facts and divergences as sentences that a lawyer would read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from math import inf, isnan
from typing import Any

from experiments.trace.divergence import Divergence
from experiments.trace.facts import Fact
from experiments.trace.recording import Witnessed
from sim.world.instruments import OUTSIDE, TOO_LIGHT
from sim.world.shocks import weight_of
from sim.world.vocabulary import (
    CONFIRMED,
    DATA_CLASSES,
    DAYS_PER_MONTH,
    GROUP_NAMES,
    GROUPS,
    NOT_CONFIRMED,
    OFFENCE_CLASSES,
    TOLD_AFTER,
    TOLD_BEFORE,
)

_CLASSES = {
    "A": "cyber-dependent",
    "B": "another Convention offence",
    "C": "other serious crime",
    "D": "conduct that human-rights law protects",
}
NAMES: Mapping[str, str] = {
    "live": "the person",
    "destination": "the state asked",
    "label": "what is alleged",
    "instrument": "the legal basis",
    "appetite": "the filing",
    "side_door": "the ways taken",
    "queue": "the queue",
    "parking": "the shelf",
    "end": "the end",
}
"""Steps in the words of a lawyer; the others are called as they are."""
_BEYOND, _ONWARD = 1, 2  # bits of ``docket.misused``
_CODED = {
    "misuse": {
        0: "The data are not used beyond the case.",
        _BEYOND: "The data are used beyond the case.",
        _ONWARD: "The data are passed on to a third state.",
        _BEYOND | _ONWARD: "The data are used beyond the case and passed on to a third state.",
    },
    "notice": {
        0: "The person is never told.",
        TOLD_AFTER: "The person is told afterwards.",
        TOLD_BEFORE: "The person is told before the data go.",
    },
}


_AGAIN = {
    CONFIRMED: "A second reading, with an accident of its own, refuses too: the refusal counts towards suspension.",
    NOT_CONFIRMED: "A second reading, with an accident of its own, does not refuse: the refusal does not count.",
}


def date(seen: Witnessed, day: float) -> str:
    """A day since the start of the run-in as an ISO date."""
    return (seen.config.start + dt.timedelta(days=int(day - seen.finished.opens // 1))).isoformat()


def state(seen: Witnessed, code: str) -> str:
    """A state by code and name."""
    states = seen.run.world.states
    name = states.names[states.codes.index(code)]
    return code if name == code else f"{name} ({code})"


def name_in_words(name: str) -> str:
    """A name of the configuration as words."""
    return name.replace("_", " ")


def offence(seen: Witnessed, name: str) -> str:
    """An offence with its class."""
    offences = seen.run.world.offences
    kind = OFFENCE_CLASSES[int(offences.offence_class[offences.names.index(name)])]
    return f"{name_in_words(name)} (class {kind}: {_CLASSES[kind]})"


def group(code: int) -> str:
    """One person of the group with this code, without an article."""
    return GROUP_NAMES[GROUPS[code]].one


def a_person(code: int) -> str:
    """The same behind its article."""
    return f"{GROUP_NAMES[GROUPS[code]].article} {group(code)}"


# --- the wish ------------------------------------------------------------------------------------------------------------


def wish(seen: Witnessed, case: int) -> list[str]:
    """Who wanted what about whom, and what was truly done: the same in every scenario."""
    cases, states = seen.run.cases, seen.run.world.states
    offences, people = seen.run.world.offences, seen.run.world.people
    conduct = offences.names[cases.conduct[case]]
    asks = state(seen, states.codes[cases.requester[case]])
    wanted = DATA_CLASSES[cases.wanted[case]]
    told = [f"On {date(seen, float(cases.day[case]))} {asks} wished for {wanted} data, for an investigation of one person."]
    if cases.abusive[case]:
        row = int(cases.person[case])
        home, lives = (states.codes[int(place[row])] for place in (people.origin, people.residence))
        where = f"of {state(seen, home)}" + ("" if lives == home else f", living in {state(seen, lives)}")
        told.append(
            f"The person is {a_person(cases.group[case])} {where}: person {int(people.ids[row])}, a row that stands "
            f"for {people.weight[row]:.0f} people, of whom this is number {int(cases.member[case]) + 1}."
        )
        true = f"What was truly done, hidden from every reviewer: {offence(seen, conduct)}."
        if not offences.protected[cases.conduct[case]]:
            true += " The case was opened because of who the person is."
        told += [true, "So the case is abusive, which no reviewer is told either."]
    else:
        told += [f"What was truly done, hidden from every reviewer: {offence(seen, conduct)}.", "The need is legitimate."]
    if cases.urgent[case]:
        told.append("An emergency is pretended." if cases.abusive[case] else "It is an emergency.")
    if cases.secret[case]:
        told.append("Secrecy is asked for (Art 40(20)).")
    if cases.realtime[case]:
        told.append("What is to come is wanted too, as it comes.")
    return told


def shocks_told(seen: Witnessed, case: int) -> str:
    """The shocks of a scenario with their dates, and whether each was in force when the case came up; nothing without any."""
    config, months = seen.config, [occasion.month for occasion in seen.occasions.get(case, ())]
    told = []
    for name, shock in sorted(config.shock.items(), key=lambda item: (item[1].at, item[0])):
        begins = date(seen, (config.run_in_months + shock.at) * DAYS_PER_MONTH)
        fades = "" if shock.fade is None else f", fading with a half-life of {shock.fade:g} months"
        met = any(weight_of(shock, month - config.run_in_months) > 0 for month in months)
        told.append(f"{name_in_words(name)} from {begins} on{fades} ({'' if met else 'not '}in force when this case came up)")
    return f"Shocks under {config.scenario_name}: {'; '.join(told)}." if told else ""


# --- facts ---------------------------------------------------------------------------------------------------------------


def sentence(seen: Witnessed, fact: Fact) -> str:
    """A fact in words; nothing for a safeguard that is not in force."""
    if "reason" in fact.given:
        return _ended(seen, fact)
    return _SENTENCES.get(fact.step, _judged)(seen, fact)


def _live(seen: Witnessed, fact: Fact) -> str:
    luck, expressed = fact.given["luck"], fact.given["expression"]
    if fact.outcome:
        return f"The person goes on as before (luck {luck:.2f}, under the expression left, {expressed:.2f})."
    return f"The person has fallen silent (luck {luck:.2f}, not under the expression left, {expressed:.2f}): nothing is asked."


def _destination(seen: Witnessed, fact: Fact) -> str:
    if fact.outcome is None:
        return "No state abroad that has not been asked holds evidence."
    holders = [
        state(seen, code) + (" (where the person lives)" if code == fact.given["residence"] else "")
        for code in fact.given["holders"]
    ]
    others = f" Evidence lies in {', '.join(holders)}; the race among them falls to it." if len(holders) > 1 else ""
    return f"Asked: {state(seen, fact.outcome)}.{others}"


def _label(seen: Witnessed, fact: Fact) -> str:
    menu = _menu(fact)
    if fact.outcome is None:
        return f"The requester's law offers no provision to cite: nothing is asked.{menu}"
    kind, label, alleged = fact.outcome
    years = fact.given["years"]
    severity = "no known maximum" if isnan(years) else f"at most {years:.1f} years in the requester's law"
    cited = f"cited is {offence(seen, label)}, {severity}"
    if kind == "honest":
        return f"Honest: what was done is alleged, and {cited}.{menu}"
    if kind == "recharacterised":
        return f"Recharacterised: the true facts are alleged ({name_in_words(alleged)}), but {cited}.{menu}"
    return f"Fabricated: the facts of another crime are alleged ({name_in_words(alleged)}), and {cited}.{menu}"


def _menu(fact: Fact) -> str:
    """What the breadth of the requester's law added to the labels for true facts, and what its demand for intent took away."""
    joined, left = (", ".join(map(name_in_words, fact.given[name])) for name in ("joined", "left"))
    told = f" The requester's law reads the act as: {joined}." if joined else ""
    return f"{told} Not to cite without dishonest intent: {left}." if left else told


def _instrument(seen: Witnessed, fact: Fact) -> str:
    text = fact.outcome
    listed = [_within(fact, name, code) for name, code in fact.given["reach"].items()]
    told = f"Governed by {text}. In force between the two: {'; '.join(listed)}."
    if fact.given["suspended"]:
        told += f" Suspended: {', '.join(fact.given['suspended'])}."
    return told


def _within(fact: Fact, name: str, code: int) -> str:
    """Whether label and data are within a text's reach, and why or why not."""
    if code == OUTSIDE:
        return f"{name} (the label is outside its scope)"
    weighed = f": {', '.join(_weighed(fact, name))}" if fact.given["how"][name] == "serious" else ""
    if code == TOO_LIGHT:
        return f"{name} (not serious enough{weighed})"
    most, wanted = fact.given["most"][name], fact.given["wanted"]
    short = DATA_CLASSES.index(most) < DATA_CLASSES.index(wanted)
    return f"{name} ({f'reaches {most} data at most, not {wanted}' if short else f'within reach{weighed}'})"


def _weighed(fact: Fact, name: str) -> list[str]:
    """What a text wants of an offence to be serious, beside what it has."""
    how, wanted, floor = fact.given["lines"][name]
    years, lines = fact.given["years"][name], []
    if "penalty" in how:
        lines.append(f"maximum {'unknown' if isnan(years) else f'{years:.1f}'}, wanted {wanted:.1f} years")
    if "harm" in how:
        lines.append(f"harm {fact.given['harm']:.2f}, wanted {floor:.2f}")
    if "grave" in how:
        lines.append("grave harm wanted")
    return lines


def _appetite(seen: Witnessed, fact: Fact) -> str:
    luck, propensity = fact.given["luck"], fact.given["propensity"]
    if luck is None:
        return "Filed."
    if fact.outcome:
        return f"Filed (luck {luck:.2f}; propensity to file under this text {propensity:.2f})."
    return f"Deterred: not filed (luck {luck:.2f}; propensity to file under this text {propensity:.2f})."


_WAYS = {
    "emergency": "through the urgent lane",
    "preservation": "preservation first, under {}",
    "police": "from police to police, under {}",
    "spontaneous": "unasked sharing, under {}",
    "direct": "put to the firm itself",
}


def _side_door(seen: Witnessed, fact: Fact) -> str:
    ways = [_WAYS[way[0]].format(*way[1:]) for way in fact.outcome if way[0] in _WAYS]
    if ways:
        return f"{'Also' if ('formal',) in fact.outcome else 'Ways'}: {'; '.join(ways)}."
    return "By the request paragraphs alone." if fact.outcome else ""


def _queue(seen: Witnessed, fact: Fact) -> str:
    day, effort = fact.days
    waited = round(day - fact.given["filed"])
    when = {0: "on the day of filing", 1: "one day after filing"}.get(waited, f"{waited} days after filing")
    return f"Taken up on {date(seen, day)}, {when}, with {'full effort' if effort == 1 else f'effort {effort:.2f}'}."


def _supplement(seen: Witnessed, fact: Fact) -> str:
    asked = f"Further information asked for, once (paperwork {fact.given['quality']:.2f}; Art 40(15))"
    return f"{asked}: it came." if fact.outcome == "answered" else f"{asked}: it never came."


def _parking(seen: Witnessed, fact: Fact) -> str:
    if fact.days:
        return f"Taken up again on {date(seen, fact.days[0])}, with what hours were left."
    given = fact.given
    return (
        f"Laid aside without an answer: suspicion {given['suspicion']:.2f} against {given['bar']:.2f}, "
        f"standing of the requester {given['standing']:.2f} against {given['floor']:.2f}."
    )


def _listening(seen: Witnessed, fact: Fact) -> str:
    given, months = fact.given, fact.outcome
    if months:
        what = "Content is intercepted" if given["granted"] == "content" else "Traffic is collected as it comes"
        until = date(seen, fact.days[0] + months * DAYS_PER_MONTH)
        return f"{what} for {months} month{'s' if months > 1 else ''}, until {until}, under {given['text']}."
    return f"Nothing is collected as it comes: {_unheard(given)}."


def _unheard(given: Mapping[str, Any]) -> str:
    """Why stored data alone are given."""
    if given["granted"] == "subscriber":
        return "subscriber data alone were given"
    if given["force"] == "absent":
        return f"{given['text']} has no such measure, or another door gave the data"
    if not given["power"]:
        return "the law of the requested state has no such power"
    if given["ranged"] and not given["years"] >= given["line"]:
        maximum = "has no known maximum" if isnan(given["years"]) else f"has a maximum of {given['years']:.1f} years"
        return f"{name_in_words(given['alleged'])} {maximum} there, and its law listens from {given['line']:.1f} years on"
    if given["unread"]:
        return "no judge of the requested state has read the file"
    return f"the requested state did not endeavour to ({_chance_of(given)})"


def _chance_of(given: Mapping[str, Any]) -> str:
    """A chance with its luck, where any was drawn."""
    return f"chance {given['chance']:.2f}" + ("" if given["luck"] is None else f", luck {given['luck']:.2f}")


def _outside(seen: Witnessed, fact: Fact) -> str:
    return "Reached another way, by spyware, outside all law."


_SENTENCES: Mapping[str, Callable[[Witnessed, Fact], str]] = {
    "live": _live,
    "destination": _destination,
    "label": _label,
    "instrument": _instrument,
    "appetite": _appetite,
    "side_door": _side_door,
    "queue": _queue,
    "supplement": _supplement,
    "parking": _parking,
    "end": _outside,
}


def _judged(seen: Witnessed, fact: Fact) -> str:
    """A gate, a look, a ground or a duty."""
    if fact.rule in _CODED:
        return _CODED[fact.rule].get(fact.outcome, "")
    if fact.rule in _OWN_WORDS:
        return _OWN_WORDS[fact.rule](seen, fact)
    given = fact.given
    if given["force"] == "absent" and not given["own_law"] and not fact.outcome:
        return ""
    head = f"{_locus(fact)}, {_force(fact)}"
    if given["applied"] is False:
        return f"{head}: {'there, but ' if given['there'] else ''}not applied, {_chance(fact)}."
    said = [f"applied, {_chance(fact)}"] if given["applied"] and given["luck"] is not None else []
    said += [part for part in (_sight(fact), _read(fact), _verdict(fact)) if part]
    return f"{head}: {'; '.join(said)}."


def _force(fact: Fact) -> str:
    """What the text says of a safeguard, and what the state's own law adds."""
    own, force = fact.given["own_law"], fact.given["force"]
    if own is None:
        return str(force)
    return f"{own} by own law" if force == "absent" else f"{force}, and {own} by own law"


def _firm_tells(fact: Fact) -> str:
    """Whether and when a firm tells its user, and what keeps it from telling sooner."""
    given = fact.given
    chance = f"share {given['share']:.2f}, luck {given['luck']:.2f}"
    short = given["read"]["wait"] <= given["ahead"]
    gag = "its gag has no end" if given["read"]["gag"] == inf else f"its gag ends {given['read']['gag']:.0f} days after the filing"
    why = f"it is asked for in {given['read']['wait']:.0f} days, and tells {given['ahead']:.0f} before" if short else gag
    if given["earlier"]:
        return f"The firm would tell its user ({chance}), but the state has done so by then."
    if fact.outcome is None:
        return f"The firm would tell its user ({chance}), but the case is secret and {gag}."
    if fact.outcome == "afterwards":
        return f"The firm tells its user after the hand-over ({chance}): {why}."
    over = f"; the case is secret, but {gag}, and has ended" if given["secret"] else ""
    return f"The firm tells its user {given['ahead']:.0f} days before it hands over ({chance}{over})."


def _in_court(fact: Fact) -> str:
    """What came of it that the firm's user was told."""
    went = bool(fact.days and fact.days[0] > 0.0) or fact.outcome == "won"
    if not went:
        return " The person does not go to court." if fact.outcome == "told" else ""
    score, bar = fact.given["score"], fact.given["read"].get("bar")
    weighed = "" if score is None else f": score {score:.2f} against the bar {bar:.2f}"
    verdict = "the court is convinced" if fact.outcome == "won" else "no court is convinced"
    return f" The person goes to court, for {fact.days[0]:.0f} days{weighed}; {verdict}."


def _locus(fact: Fact) -> str:
    """Where a safeguard is written; of another text only what it is like in Hanoi."""
    article, text = str(fact.given["article"]).partition(" (treaty.md")[0], fact.given["text"]
    return article if text == "hanoi" or not article.startswith("Hanoi") else f"{text} (as {article})"


def _chance(fact: Fact) -> str:
    return _chance_of(fact.given)


def _sight(fact: Fact) -> str:
    """With which skill, effort or independence a look read the file, in words; nothing for another safeguard."""
    if fact.given["kind"] != "look" or not fact.given["sight"]:
        return ""
    eyes = {"judicial": "independence", "size": "size of the firms there"}
    return "read with " + ", ".join(
        f"{eyes.get(name, name_in_words(name))} {value:.2f}" for name, value in fact.given["sight"].items()
    )


_REACH = ("within reach", "outside the scope", "too light")
_TOLD_READ: Mapping[str, Callable[[Any], str]] = {
    "reach": lambda code: f"the label is {_REACH[code]}",
    "alleged_is_crime": lambda yes: f"what is alleged is {'a' if yes else 'no'} crime there",
    "label_is_crime": lambda yes: f"the provision has {'a' if yes else 'no'} counterpart there",
    "alleged_is_exempt": lambda yes: f"the provision {'exempts' if yes else 'does not exempt'} what is alleged",
    "data_class": lambda code: f"{DATA_CLASSES[code]} data",
    "secret": lambda yes: "secrecy asked for" if yes else "no secrecy asked for",
}


def _read(fact: Fact) -> str:
    """What a rule was given, in its own order; the bar comes with the score."""
    parts = []
    for name, value in fact.given["read"].items():
        if name in ("bar", "by_label"):
            continue
        told = _TOLD_READ.get(name)
        parts.append(told(value) if told else f"{name_in_words(name)} {value:.2f}")
    score, bar = fact.given["score"], fact.given["read"].get("bar")
    if score is not None:
        parts.append(f"score {score:.2f} against the bar {bar:.2f}")
    return ", ".join(parts)


_VERDICTS = {
    "narrowed": "it gives less than was asked for",
    "conditional": "the data go on condition, {days:.0f} days later",
    "told": "the person is told",
    "stood": "it stands",
    "read": "it lets the file pass",
}


def _verdict(fact: Fact) -> str:
    """What the safeguard came to; a reader who acts on its grounds alone comes to nothing by itself."""
    kind, says = fact.given["kind"], fact.given["says"]
    if kind == "aftermath":
        not_ = "" if fact.outcome else "not "
        return f"the request is {not_}counted in public" if "publishes" in says else f"the duty is {not_}kept"
    if kind == "look" and fact.outcome == "stood":
        return "it is not satisfied"
    if fact.outcome == "read" and fact.given["score"] is None:
        return ""
    if fact.outcome == "stood" and "conditions" in says:
        return "declined under its law on transfers"
    return _VERDICTS.get(fact.outcome, "it does not stand").format(days=fact.days[0] if fact.days else 0.0)


def _ended(seen: Witnessed, fact: Fact) -> str:
    """How a request ended."""
    status, granted = fact.outcome
    day = fact.days[-1]
    on = "" if isnan(day) else f" on {date(seen, day)}"
    if fact.rule == "tools":
        return f"Executed{on}, but the person had moved to safer tools: nothing usable was left."
    if status in _PLAIN_ENDS:
        return _PLAIN_ENDS[status].format(on=on)
    if status == "executed":
        return _frozen(seen, fact, on) if granted is None else f"Executed{on}: {granted} data given, as asked for."
    if status == "executed_in_part":
        by = f", narrowed by the {name_in_words(fact.given['narrowed'])}" if fact.given["narrowed"] else ""
        return f"Executed in part{on}: {granted} data given, asked for {fact.given['wanted']}{by}."
    return _refused(fact, on) if status == "refused" else _lapsed(seen, fact, on)


_PLAIN_ENDS = {
    "executed_empty": "Executed{on}, but the data were gone.",
    "withdrawn": "Withdrawn{on}.",
    "parked": "Never answered: still laid aside on the last day.",
    "pending": "Still open on the last day.",
    "diverted": "Not pursued{on}: another way had given the data.",
    "suspended": "Ended{on}: the requester is suspended from the text.",
}


def _frozen(seen: Witnessed, fact: Fact, on: str) -> str:
    until = fact.given["preserved"]
    return f"The data are frozen{on}, {'without end' if until == inf else f'until {date(seen, until)}'}."


def _refused(fact: Fact, on: str) -> str:
    if fact.given["reason"] is None:
        return f"Refused{on}, as it saw fit."
    others = [name_in_words(name) for name in fact.given["grounds"] if name != fact.given["reason"]]
    return f"Refused{on}: {name_in_words(fact.given['reason'])}{f'; also stood: {", ".join(others)}' if others else ''}."


def _lapsed(seen: Witnessed, fact: Fact, on: str) -> str:
    if fact.given["patience"] == inf:
        return f"Unanswered{on}."
    decided = fact.days[0]
    late = "" if isnan(decided) else f" The answer was yes, on {date(seen, decided)}; its execution came too late."
    return f"Lapsed{on}: the requester had given up.{late}"


# --- divergence ----------------------------------------------------------------------------------------------------------


def parting_words(a: Witnessed, b: Witnessed, parted: Divergence | None) -> str:
    """The first rule or draw at which two lives part."""
    if parted is None:
        return "The two stories are the same, step by step."
    one, other = parted.one, parted.other
    names = a.config.scenario_name, b.config.scenario_name
    head = f"The stories part at {NAMES.get(parted.step, parted.step)}" + (
        f", {name_in_words(parted.rule)}" if parted.rule != parted.step else ""
    )
    if parted.why == ("applied",) and one and other:
        ground = f"{name_in_words(one.rule)} " if parted.rule != one.rule else ""  # where a dial made the difference
        return f"{head}: {ground}{_applied_apart((one, other), names)}"
    told = [
        f"{name}: {sentence(seen, fact) or 'not in force.' if fact else _missing(seen, one or other)}"
        for seen, fact, name in zip((a, b), (one, other), names, strict=True)
    ]
    return f"{head}. {' '.join(told)}"


def _applied_apart(pair: tuple[Fact, Fact], names: tuple[str, str]) -> str:
    """By which chances two lives apply one safeguard, and the draw that one of the chances exceeds."""
    luck = next((fact.given["luck"] for fact in pair if fact.given["luck"] is not None), None)
    each = zip(pair, names, strict=True)
    chances = ", ".join(f"{fact.given['chance']:.2f} under `{_force(fact)}` ({name})" for fact, name in each)
    return f"applied with chance {chances}" + ("." if luck is None else f"; its luck is {luck:.2f}.")


def _missing(seen: Witnessed, fact: Fact | None) -> str:
    """Why a life has no such step."""
    text = fact.given.get("text") if fact else None
    if fact and text and seen.config.instruments[text].safeguards.get(fact.rule, "absent") == "absent":
        return f"{name_in_words(fact.rule)} is not in force under {text}."
    return "it does not come to that."


_OWN_WORDS: Mapping[str, Callable[[Witnessed, Fact], str]] = {
    "realtime": _listening,
    "second_reading": lambda _, fact: _AGAIN[fact.given["second"]],
    "firm_notice": lambda _, fact: f"{_firm_tells(fact)}{_in_court(fact)}",
}
"""Steps that have words of their own."""
