"""Where two lives of one case part: the first step whose outcome differs, and the rule or draw that made it differ.

What a step rested on is followed back: a ground that stands in one life because the file was read with more attention is
the load's doing, and a request that lapses in one life because a judge took three weeks is the judge's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.story.facts import Fact, Life, life_of
from experiments.story.replay import Witnessed
from sim.metrics import Finished
from sim.result import Result
from sim.world.instruments import OUTSIDE, TOO_LIGHT

_SAME_DAY = 1e-6  # days, and efforts: under it two numbers are one
_JUDGED = ("gate", "panel", "desk", "look", "aftermath")
_STOPS = ("suspension", "diverted")  # ends that come from outside the request
_TIMED_ENDS = ("execution", "retention")
_COLUMNS = ("attempt", "channel", "month", "requested", "wanted", "granted", "label", "alleged", "kind", "status")
_MARKS = ("told", "misused", "published")
_DAYS = ("filed_day", "decided_day", "executed_day", "ended_day")


class Divergence(NamedTuple):
    """The first difference between two lives: a step of ``STEPS``, a safeguard or one of ``RULES``, and the facts behind it."""

    step: str
    rule: str
    one: Fact | None
    other: Fact | None
    why: tuple[str, ...]  # names of what differs among that on which the step rested


def divergence(a: Witnessed, b: Witnessed, case: int) -> Divergence | None:
    """Where the lives of a case row part in two runs of one world and luck; None if they are the same."""
    return parting(life_of(a, case), life_of(b, case))


def parting(a: Life, b: Life) -> Divergence | None:
    """Where two lives part; what only came to pass on another day counts if nothing else differs."""
    later: Divergence | None = None
    for one, other in _side_by_side(a, b):
        if ((one.outcome or None) if one else None) != ((other.outcome or None) if other else None):
            return _cause(one, other, later)
        if later is None and _moved(one, other):
            later = _timing(one, other)
    if later is None and a.status != b.status:
        return Divergence("end", "end", None, None, (a.status, b.status))
    return later


def _side_by_side(a: Life, b: Life) -> Iterator[tuple[Fact | None, Fact | None]]:
    mine, theirs = ({fact.place: fact for fact in life.facts} for life in (a, b))
    for place in sorted(mine.keys() | theirs.keys()):
        yield mine.get(place), theirs.get(place)


def _moved(one: Fact | None, other: Fact | None) -> bool:
    days, others = (fact.days if fact else () for fact in (one, other))
    return len(days) != len(others) or not np.allclose(days, others, rtol=0.0, atol=_SAME_DAY, equal_nan=True)


def _timing(one: Fact | None, other: Fact | None) -> Divergence:
    """A step that came on another day, or that only one life has."""
    fact = one or other
    assert fact is not None
    if fact.step == "queue" and one and other and _same(one.days[:1], other.days[:1]):
        return Divergence("queue", "effort", one, other, ("effort",))
    return Divergence(fact.step, fact.rule, one, other, ("day",))


def _same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return bool(np.allclose(one, other, rtol=0.0, atol=_SAME_DAY))


def _cause(one: Fact | None, other: Fact | None, later: Divergence | None) -> Divergence:
    """The rule behind an outcome that differs."""
    fact = one or other
    assert fact is not None
    if fact.step in _JUDGED and fact.rule not in ("misuse", "notice"):
        return _judged(one, other, later)
    if fact.step == "instrument" and one and other and "reach" in fact.given:
        return _governed(one, other)
    if fact.step == "side_door" and one and other and one.given.get("in_force") != other.given.get("in_force"):
        return Divergence("side_door", "parties", one, other, ("in force",))
    for ended in (one, other):
        if ended is not None and ended.rule in _STOPS:
            return Divergence(ended.step, ended.rule, one, other, ())
    if later is not None and (fact.step in _TIMED_ENDS or one is None or other is None):
        return later
    return Divergence(fact.step, fact.rule, one, other, ())


def _governed(one: Fact, other: Fact) -> Divergence:
    """Which rule of law made another text govern: who is bound, who is suspended, what is within reach."""
    mine, theirs = one.given["reach"], other.given["reach"]
    if one.given["suspended"] != other.given["suspended"]:
        return Divergence("instrument", "suspension", one, other, ("suspended",))
    if mine.keys() != theirs.keys():
        return Divergence("instrument", "parties", one, other, ("in force",))
    codes = {code for name in mine for code in (mine[name], theirs[name]) if mine[name] != theirs[name]}
    if codes:
        rule = "scope" if OUTSIDE in codes else "seriousness" if TOO_LIGHT in codes else "instrument"
        return Divergence("instrument", rule, one, other, ("reach",))
    return Divergence("instrument", "instrument", one, other, ("order",))


def _judged(one: Fact | None, other: Fact | None, later: Divergence | None) -> Divergence:
    """Whether a safeguard's own force, its own parameters, its reader's eye, or the load made the difference."""
    fact = one or other
    assert fact is not None
    if one is None or other is None:
        if later is not None and _same_request(later, fact):
            return later
        return Divergence(fact.step, fact.rule, one, other, ("asked",))
    own = Divergence(fact.step, fact.rule, one, other, ("applied",))
    if one.given["applied"] != other.given["applied"]:
        return own
    changed = _differing(one.given["read"], other.given["read"])
    if one.given["own"] != other.given["own"] or not changed or changed - {"signal", "noise", "bar", "wait"}:
        return own._replace(why=tuple(sorted(changed)))
    sight = _differing(one.given["sight"], other.given["sight"])
    if changed == {"signal"} and "effort" in sight:
        return Divergence("queue", "effort", one, other, ("effort",))
    if changed == {"signal"} and "skill" in sight:
        return Divergence(fact.step, "training", one, other, ("skill",))
    if changed == {"wait"}:
        return Divergence("execution", "execution", one, other, ("wait",))
    return Divergence(fact.step, fact.given["look"], one, other, tuple(sorted(changed)))


def _same_request(later: Divergence, fact: Fact) -> bool:
    earlier = later.one or later.other
    return earlier is not None and earlier.place[:2] == fact.place[:2]


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


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


def _comparable(run: Finished, names: tuple[str, ...], kept: NDArray[np.bool_], days: bool) -> list[NDArray[Any]]:
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
