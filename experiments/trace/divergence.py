"""Where two lives of one case part: the first step whose outcome differs, and the rule or draw that made it differ.

What a step rested on is followed back: a ground that stands in one life because the file was read with more attention is
the load's doing, and a request that lapses in one life because a judge took three weeks is the judge's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.trace.events import life_of
from experiments.trace.facts import Fact, Life
from experiments.trace.recording import Witnessed
from sim.metrics import Finished
from sim.result import Result
from sim.world.instruments import OUTSIDE, TOO_LIGHT

_SAME_DAY = 1e-6  # days, and efforts: under it two numbers are one
_JUDGED = ("gate", "panel", "desk", "look", "aftermath")
_OF_CARE = ("strength", "uptake", "fidelity")  # dials of how readily a discretion is used and a duty kept
_OF_LAW = {"reach", "alleged_is_crime", "label_is_crime"}  # what a gate is given that follows from maxima
_STOPS = ("suspension", "diverted")  # ends that come from outside the request
_OF_THE_LOOK = {"signal", "noise", "bar", "wait"}  # what a ground is given by the look at which it is invoked
_BEHIND = {"gap": "transfer_protection", "independence": "judicial"}  # what a rule is given that a dial alone can move
_COLUMNS = ("attempt", "channel", "month", "requested", "wanted", "granted", "label", "alleged", "kind", "status")
_AFTER: dict[str, tuple[str, ...]] = {"misuse": ("transfer_protection",), "notice": (), "realtime": ("penalties",)}
"""What follows disclosure, with the dials that decide it."""
_MARKS = ("told", "misused", "published", "realtime")
_DAYS = ("filed_day", "decided_day", "executed_day", "ended_day")


class Divergence(NamedTuple):
    """The first difference between two lives: a step of ``STEPS``, a safeguard or one of ``RULES``, and the facts behind it."""

    step: str
    rule: str
    one: Fact | None
    other: Fact | None
    why: tuple[str, ...]  # names of what differs among that on which the step rested


class _Pair(NamedTuple):
    """One step in two lives; at least one of them has it."""

    one: Fact | None
    other: Fact | None

    @property
    def fact(self) -> Fact:
        """The step, in the first life that has it."""
        for fact in self:
            if fact is not None:
                return fact
        raise ValueError("a step that neither life has")

    @property
    def ends(self) -> list[Fact]:
        """Of the two lives, the ends of a request that came at this step: those with a reason."""
        return [fact for fact in self if fact is not None and "reason" in fact.given]

    def parted(self, *why: str, step: str | None = None, rule: str | None = None) -> Divergence:
        """The divergence that lies at this step, or at another one that decided it."""
        return Divergence(step or self.fact.step, rule or self.fact.rule, self.one, self.other, why)

    def differing(self, name: str) -> set[str]:
        """Keys in which a table among that on which the step rested differs."""
        one, other = ((fact.given[name] if fact else {}) for fact in self)
        return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}

    def dial(self, *names: str) -> str | None:
        """The first of these dials that gives the states something else in the two lives."""
        return next((name for name in names if name in self.differing_dials), None)

    @property
    def differing_dials(self) -> set[str]:
        """The dials that give the states something else in the two lives; none where one life lacks the step."""
        one, other = ((fact.given.get("dialled", {}) if fact else None) for fact in self)
        if one is None or other is None:
            return set()
        return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}

    def differ_in(self, name: str) -> bool:
        """Whether both lives have the step, and something on which it rested differs."""
        return self.one is not None and self.other is not None and self.one.given.get(name) != self.other.given.get(name)


def divergence(a: Witnessed, b: Witnessed, case: int) -> Divergence | None:
    """Where the lives of a case row part in two runs of one world and luck; None if they are the same."""
    return parting(life_of(a, case), life_of(b, case))


def parting(a: Life, b: Life) -> Divergence | None:
    """Where two lives part; what only came to pass on another day counts if nothing else differs."""
    moved: list[_Pair] = []
    for pair in _side_by_side(a, b):
        if _outcome(pair.one) != _outcome(pair.other):
            return _judged(pair, moved) if pair.fact.step in _JUDGED else _chosen_or_ended(pair, moved)
        if not _same_days(pair):
            moved.append(pair)
    if not moved and a.status != b.status:
        return Divergence("end", "end", None, None, (a.status, b.status))
    return _on_another_day(moved[0]) if moved else None


def _side_by_side(a: Life, b: Life) -> Iterator[_Pair]:
    """The steps of two lives in their order, each with its like in the other life."""
    mine, theirs = ({fact.place: fact for fact in life.facts} for life in (a, b))
    for place in sorted(mine.keys() | theirs.keys()):
        yield _Pair(mine.get(place), theirs.get(place))


def _outcome(fact: Fact | None) -> object:
    """What followed from a step; None where nothing of note did, and where there is no step."""
    return (fact.outcome or None) if fact else None


def _same_days(pair: _Pair) -> bool:
    """Whether a step came on the same days in both lives."""
    one, other = ((fact.days if fact else ()) for fact in pair)
    return len(one) == len(other) and bool(np.allclose(one, other, rtol=0.0, atol=_SAME_DAY, equal_nan=True))


def _on_another_day(pair: _Pair) -> Divergence:
    """A step that came on another day, or with another effort, or in one life alone."""
    one, other = pair
    if pair.differ_in("capacity"):
        hired = "capacity" if pair.fact.given.get("follows") else "training"
        return pair.parted("hours", rule=pair.dial("hours") or hired)
    if pair.fact.step == "queue" and one and other and abs(one.days[0] - other.days[0]) <= _SAME_DAY:
        return pair.parted("effort", rule="effort")
    return pair.parted("day")


def _chosen_or_ended(pair: _Pair, moved: Sequence[_Pair]) -> Divergence:
    """The rule behind another choice, or behind another end of a request."""
    if pair.fact.step in ("instrument", "side_door") and pair.differ_in("reach"):
        return _governed(pair)
    if pair.fact.step == "label" and (law := _law_on_the_menu(pair)):
        return pair.parted("maxima" if law == "penalties" else law, rule=law)
    if pair.fact.step in ("appetite", "side_door") and pair.dial("appetite"):
        return pair.parted("appetite", rule="appetite")
    if pair.fact.step == "appetite" and pair.differ_in("trained"):
        return pair.parted("appetite", rule="training")
    return _ended(pair, moved)


def _law_on_the_menu(pair: _Pair) -> str | None:
    """The dial that put another label on the menu: a law that covers more, or less; else what is punished, and how."""
    return pair.dial("breadth", "penalties") if pair.differ_in("joined") else pair.dial("penalties", "breadth")


def _ended(pair: _Pair, moved: Sequence[_Pair]) -> Divergence:
    """Another end: what stopped the request from outside, else what came to pass on another day, else what ended it."""
    ends = pair.ends
    stopped = next((fact for fact in ends if fact.rule in _STOPS), None)
    if stopped is None and moved and (ends or None in pair):
        return _on_another_day(moved[0])
    telling = stopped or _telling(ends, pair.differ_in("patience"))
    return pair.parted() if telling is None else pair.parted(step=telling.step, rule=telling.rule)


def _telling(ends: Sequence[Fact], tired: bool) -> Fact | None:
    """The end that tells most: by lost patience where requesters differ in it (``tired``), else any but plain execution."""
    impatient = next((fact for fact in ends if fact.rule == "patience"), None) if tired else None
    return impatient or next((fact for fact in ends if fact.rule != "execution"), None)


def _governed(pair: _Pair) -> Divergence:
    """Which rule of law made another text govern, or opened another door: who is bound, who is suspended, what is within reach."""
    one, other = ((fact.given if fact else {}) for fact in pair)
    if one["suspended"] != other["suspended"]:
        return pair.parted("suspended", rule="suspension")
    if one["reach"].keys() != other["reach"].keys():
        return pair.parted("in force", rule="parties")
    if pair.differ_in("added"):
        return pair.parted("reach", rule="added")
    codes = {given["reach"][text] for text in pair.differing("reach") for given in (one, other)}
    light = (pair.dial("penalties") or "seriousness") if TOO_LIGHT in codes else None
    return pair.parted("reach", rule="scope" if OUTSIDE in codes else light)


def _judged(pair: _Pair, moved: Sequence[_Pair]) -> Divergence:
    """Whether a safeguard's own force or parameters, its reader's eye, or the load made the difference."""
    if None in pair:  # in one life it was not asked at all
        late = any(earlier.fact.place[:2] == pair.fact.place[:2] for earlier in moved)
        return _on_another_day(moved[0]) if late else pair.parted("asked")
    if pair.fact.rule in _AFTER:
        own = pair.differ_in("force") or pair.differ_in("unread")
        return pair.parted(rule=None if own else pair.dial(*_AFTER[pair.fact.rule]))
    changed = pair.differing("read")
    if not (pair.differ_in("own") or pair.differ_in("force")) and (dial := _dial_behind(pair, changed)):
        return pair.parted(*sorted(changed), rule=dial)
    if pair.differ_in("applied"):
        return pair.parted("applied", rule=None if pair.differ_in("force") else pair.dial(*_OF_CARE))
    if pair.differ_in("own") or not changed or changed - _OF_THE_LOOK:
        return pair.parted(*sorted(changed))
    return _seen_otherwise(pair, changed)


def _dial_behind(pair: _Pair, changed: set[str]) -> str | None:
    """The dial that made a rule read another law, another gap in protection between two states, or other courts."""
    of_law = ("breadth", "penalties") if pair.differ_in("covered") else ("penalties",)
    law = pair.dial(*of_law) if changed & _OF_LAW else None
    return law or next((dial for word, dial in _BEHIND.items() if word in changed and pair.dial(dial)), None)


def _seen_otherwise(pair: _Pair, changed: set[str]) -> Divergence:
    """The same rule saw another file, or wanted more of it: the load's doing, a training's, or the look's."""
    sight = pair.differing("sight")
    if changed == {"signal"} and "effort" in sight:
        return pair.parted("effort", step="queue", rule="effort")
    if changed == {"signal"} and "skill" in sight:
        return pair.parted("skill", rule=pair.dial("skill") or "training")
    if changed == {"signal"} and "judicial" in sight and (courts := pair.dial("judicial")):
        return pair.parted("judicial", rule=courts)
    if changed == {"wait"}:
        return pair.parted("wait", step="execution", rule="execution")
    return pair.parted(*sorted(changed), rule=str(pair.fact.given["look"]))


# --- which cases to look at ----------------------------------------------------------------------------------------------


def differing(a: Result, b: Result, days: bool = True) -> NDArray[np.int64]:
    """Rows of the cases whose requests differ between two runs of one world and luck; without ``days``, in more than dates."""
    mine, theirs = a.finished, b.finished
    count = mine.cases.id.size
    differs = (mine.case_status != theirs.case_status) | (mine.spied != theirs.spied)
    requests = [np.bincount(run.docket.case, minlength=count) for run in (mine, theirs)]
    differs |= requests[0] != requests[1]
    tables = [_comparable(run, names, ~differs, days) for run, names in ((mine, a.safeguard_names), (theirs, b.safeguard_names))]
    for one, other in zip(tables[0][1:], tables[1][1:], strict=True):
        same = np.isclose(one, other, rtol=0.0, atol=_SAME_DAY, equal_nan=True) if one.dtype.kind == "f" else one == other
        differs[tables[0][0][~same]] = True
    return np.flatnonzero(differs)


def _comparable(run: Finished, names: tuple[str, ...], kept: NDArray[np.bool_], days: bool) -> list[NDArray[np.generic]]:
    """The rows of the kept cases in order of case and filing: first the case, then what two runs may differ in, by name."""
    docket = run.docket
    rows = np.flatnonzero(kept[docket.case])
    rows = rows[np.argsort(docket.case[rows], kind="stable")]
    texts = np.array(run.instruments)
    grounds = np.array([*names, ""])
    stood = np.zeros(rows.size, object)
    for bits in np.unique(docket.grounds[rows]):
        stood[docket.grounds[rows] == bits] = ",".join(sorted(name for s, name in enumerate(names) if int(bits) >> s & 1))
    columns = [getattr(docket, name)[rows] for name in (*_COLUMNS, *_MARKS)]
    timed = [getattr(docket, name)[rows] for name in _DAYS] if days else []
    named = [texts[docket.instrument[rows]], grounds[docket.reason[rows]], grounds[docket.narrowed[rows]]]
    return [docket.case[rows], *columns, *named, stood.astype(str), *timed]
