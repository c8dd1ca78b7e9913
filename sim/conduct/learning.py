"""What requesters learn: which way of asking has paid, and whether asking pays at all.

A way is a label's kind and class, a kind of destination, the text that governs, and a channel. Each state keeps a value per
way, updated on the day it hears; what is heard in a month acts from the next. Nobody learns from cases of another state, and
nothing here sees what a reviewer thinks: only answers. Some states are creatures of habit, a lasting trait of the world.

From these values alone come pretexts, other labels for the same facts, other hosts, an exile's residence, other texts, side
doors and pretended emergencies. Volume follows yield by a law of its own (``volumes``), as measured on one firm's counts.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StrictFloat, StrictInt
from scipy import special

from sim.arrays import Flags, Ints, Reals
from sim.compiled import kernel
from sim.conduct.volume import slope_of_learners, yield_heard
from sim.draws import Draws
from sim.world.cases import RESIDENCE_SLOT, Cases
from sim.world.docket import Docket
from sim.world.ranges import FilesOrNone, Range, Unit
from sim.world.record import Record
from sim.world.snapshot import World
from sim.world.vocabulary import (
    DAYS_PER_MONTH,
    DIRECT,
    DIVERTED,
    EMERGENCY,
    FABRICATED,
    FIRST_SIDE_DOOR,
    FORMAL,
    KINDS,
    OFFENCE_CLASSES,
    POLICE,
    PRESERVATION,
    RECHARACTERISED,
    REFUSED,
    REGIMES,
    SPONTANEOUS,
)

_Codes = NDArray[np.integer[Any]]
_WAYS = (FORMAL, EMERGENCY, POLICE, DIRECT)
"""Channels among which a requester chooses, by code; freezing is a step of a request, unasked sharing another state's choice."""
ORDINARY, HURRIED, BY_POLICE, BY_FIRM = range(len(_WAYS))
"""Places of these channels in ``Mind.value``, last axis."""
_PURPOSES = 2  # legitimate, abusive
MONTHS_PER_ROUND = 6  # volume follows yield by half-years, the period of the panel behind the slope (empirics.md 2.7)
REFERENCE_MONTHS = 12  # last months of the run-in, whose yield is what requesters are used to
_CLASSES = len(OFFENCE_CLASSES)
_STRONGEST = 50.0  # pull at most, so that no weight of a way leaves the range of numbers: then nobody would be left to ask
_LARGEST = 300.0  # logarithm of a volume either way: a propensity is one, or nothing, long before; beyond 700 it is no number
_COSTLIEST = 5.0  # cost at most, in successes
_OUTCOMES = 4
_FULL, _PART, _NOTHING, _REASONED = range(_OUTCOMES)  # what was heard: all that was wanted, less, nothing, nothing and why


class Learning(Record):
    """How requesters adapt: which of their choices follow what has paid, and how fast."""

    labels: bool
    destinations: bool
    channels: bool
    volume: bool
    attempts: Annotated[StrictInt, Range(1, 3)]  # as those of conduct
    adaptive_share: Unit
    pull: Annotated[StrictFloat, Field(ge=0.0, le=_STRONGEST)]
    rate: Annotated[StrictFloat, Field(ge=0.0, lt=1.0)]
    reasons: Annotated[StrictFloat, Range(1, 1000)]
    cost: Annotated[StrictFloat, Field(ge=0.0, le=_COSTLIEST)]
    framing_cost: Annotated[StrictFloat, Field(ge=0.0, le=_COSTLIEST)]
    partial: Unit
    prior: Unit
    elasticity: Annotated[StrictFloat, Range(0, 3)]  # a half-year; over the longest run its sum still is a power that can be taken
    reversion: Unit
    doubt: FilesOrNone

    @property
    def chooses(self) -> bool:
        """Whether any choice follows values."""
        return self.labels or self.destinations or self.channels

    @property
    def learns(self) -> bool:
        """Whether any switch is on."""
        return self.chooses or self.volume


class Mind(NamedTuple):
    """What the filing kernel reads of what requesters have learned; all zero, and ones, while nothing is."""

    labels: bool
    destinations: bool
    channels: bool
    value: Reals  # [N, I, J, F, W] over what was expected, by requester, text, kind of destination, frame and channel
    pull: Reals  # [N] weight of value against habit; zero for creatures of habit
    attempts: Ints  # [N] filings a case at most, once the window is open
    place: Ints  # [N] kind of destination of a requested state, as a host; a residence state's kinds come after these
    frame: Ints  # [3, K] kind and class of a label
    urgent_log: float  # log odds of pretending an emergency
    volume: Reals  # [2, N, I] factor on the propensity to file, by purpose, requester and text


class Ledger(NamedTuple):
    """What requesters have heard since volumes were last settled, and what they are used to."""

    given: Ints  # [2, N, I] formal requests that gave data
    heard: Ints  # [2, N, I] formal requests whose end was heard
    usual: Reals  # [2, I] yield of the last year of the run-in, by purpose and text


class Answers(NamedTuple):
    """What requesters were told of ``R`` requests that ended: their own aims and the answer, nothing of who read it or how."""

    requester: Ints
    abusive: Flags  # the requester's own purpose
    text: Ints
    requested: Ints
    residence: Flags  # asked as the state where the person lives, and not as a host
    kind: Ints
    label: Ints
    channel: Ints
    given: Flags
    full: Flags
    reasoned: Flags  # refused with a reason (Art 40(25))


def is_adaptive(world: World, spec: Learning) -> Flags:
    """Which states learn, ``[N]``; the others go on as they always did. A lasting trait: ``trait:adaptive`` by state."""
    return Draws(world.seed).uniform("trait:adaptive", world.states.keys) < spec.adaptive_share


def mind_of(world: World, spec: Learning, texts: int, urgent_share: float, attempts: int = 1) -> Mind:
    """Values of requesters who have heard nothing: zeros, and ones for volumes.

    ``attempts`` is how often at most a creature of habit files a case.
    """
    n, k = world.states.count, len(world.offences.names)
    learns = spec.chooses
    kinds, classes = len(KINDS), len(OFFENCE_CLASSES)
    adaptive = is_adaptive(world, spec)
    shape = (n, texts, 2 * len(REGIMES), kinds * classes, len(_WAYS)) if learns else (1, 1, 1, 1, 1)
    return Mind(
        labels=spec.labels,
        destinations=spec.destinations,
        channels=spec.channels,
        value=np.zeros(shape),
        pull=np.where(adaptive, spec.pull, 0.0) if learns else np.zeros(n),
        attempts=np.where(adaptive, max(spec.attempts, attempts), attempts).astype(np.int64),
        place=world.states.regime.astype(np.int64),
        frame=(np.arange(kinds)[:, None] * classes + world.offences.offence_class[None, :]).astype(np.int64).reshape(kinds, k),
        urgent_log=float(special.logit(urgent_share)),
        volume=np.ones((_PURPOSES, n, texts)),
    )


def ledger_of(states: int, texts: int, spec: Learning) -> Ledger:
    """A ledger without an answer, ``[2, N, I]``: until one is heard the usual yield is what is expected of any way (``prior``)."""
    shape = (_PURPOSES, states, texts)
    return Ledger(np.zeros(shape, np.int64), np.zeros(shape, np.int64), usual=np.full((_PURPOSES, texts), spec.prior))


class Unheard(NamedTuple):
    """Requests whose end nobody has heard yet, in the docket's order."""

    rows: Ints  # of the docket; the first ``held[0]`` count
    held: Ints  # [1] how many they are
    seen: Ints  # [1] rows of the docket that have been looked at


def nothing_unheard(room: int) -> Unheard:
    """An empty list of unheard requests with room for ``room`` rows of the docket."""
    return Unheard(rows=np.empty(room, np.int64), held=np.zeros(1, np.int64), seen=np.zeros(1, np.int64))


@kernel
def ended_in(month: int, unheard: Unheard, docket: Docket, abusive: Flags) -> tuple[Ints, Ints]:
    """Rows whose requester hears their end by the end of a month, in the docket's order; they are unheard no longer.

    And those of them that are about people at risk; ``abusive`` by case, the requester's own purpose.
    """
    stop = (month + 1) * DAYS_PER_MONTH
    rows, held = unheard.rows, unheard.held[0]
    for m in range(unheard.seen[0], docket.used[0]):
        rows[held] = m
        held += 1
    unheard.seen[0] = docket.used[0]
    found, about = np.empty(held, np.int64), np.empty(held, np.int64)
    count, some, kept = 0, 0, 0
    for k in range(held):
        m = rows[k]
        if docket.ended_day[m] < stop:
            found[count] = m
            count += 1
            if abusive[docket.case[m]]:
                about[some] = m
                some += 1
        else:
            rows[kept] = m
            kept += 1
    unheard.held[0] = kept
    return found[:count], about[:some]


def answers_of(rows: Ints, docket: Docket, cases: Cases) -> Answers:
    """What requesters hear of these rows. A formal request that a side door made needless tells them nothing of its own way."""
    answer = docket.channel, docket.status, docket.granted, docket.wanted, docket.reason
    asked = docket.case, docket.requested, docket.instrument, docket.kind, docket.label
    return Answers(*_answered(rows, *answer, *asked, cases.requester, cases.abusive, cases.hosts))


@kernel
def _answered(
    rows: Ints,
    channels: _Codes,
    status: _Codes,
    granted: _Codes,
    wanted: _Codes,
    reason: _Codes,
    case: _Codes,
    requested: _Codes,
    instrument: _Codes,
    kinds: _Codes,
    labels: _Codes,
    requesters: _Codes,
    purpose: Flags,
    hosts: _Codes,
) -> tuple[Ints, Flags, Ints, Ints, Flags, Ints, Ints, Ints, Flags, Flags, Flags]:
    """The columns of ``Answers``, from those of the docket and of the cases that a requester has in its own files."""
    n = rows.size
    requester, text, host = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    kind, label, channel = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    abusive, residence, given = np.empty(n, np.bool_), np.empty(n, np.bool_), np.empty(n, np.bool_)
    full, reasoned = np.empty(n, np.bool_), np.empty(n, np.bool_)
    r = 0
    for m in rows:
        if channels[m] == PRESERVATION or channels[m] == SPONTANEOUS or status[m] == DIVERTED:
            continue
        c = case[m]
        requester[r], abusive[r], text[r], host[r] = requesters[c], purpose[c], instrument[m], requested[m]
        residence[r] = True
        for slot in range(RESIDENCE_SLOT):
            residence[r] = residence[r] and hosts[c, slot] != requested[m]
        kind[r], label[r], channel[r] = kinds[m], labels[m], channels[m]
        given[r], full[r] = granted[m] >= 0, granted[m] >= wanted[m]
        reasoned[r] = status[m] == REFUSED and reason[m] >= 0
        r += 1
    told = abusive[:r], text[:r], host[:r], residence[:r], kind[:r], label[:r], channel[:r]
    return requester[:r], *told, given[:r], full[:r], reasoned[:r]


def way_of(answers: Answers, mind: Mind) -> tuple[Ints, ...]:
    """The place in ``Mind.value`` that an answer teaches of."""
    place = mind.place[answers.requested] + len(REGIMES) * answers.residence
    channel = np.searchsorted(_WAYS, answers.channel)
    return answers.requester, answers.text, place, mind.frame[answers.kind, answers.label], channel


def heard_outcome(answers: Answers) -> Ints:
    """What was heard: 0 all that was wanted, 1 less, 2 nothing, 3 nothing and why."""
    nothing = np.where(answers.reasoned, _REASONED, _NOTHING)
    return np.where(answers.full, _FULL, np.where(answers.given, _PART, nothing))


def payoffs(spec: Learning) -> Reals:
    """What each outcome pays over what was expected, by kind of label, ``[3, 4]``: data less the cost of asking and of framing.

    Silence pays as little as a refusal: minus the cost. Framing costs the facts' loss of use (*assumption*, empirics.md 7.3 no.
    15), half of it where the facts stay and only the label is another.
    """
    costs = np.zeros(len(KINDS))
    costs[FABRICATED], costs[RECHARACTERISED] = spec.framing_cost, spec.framing_cost / 2
    pays = np.zeros(_OUTCOMES)
    pays[_FULL], pays[_PART] = 1.0, spec.partial
    return np.asarray(pays[None, :] - costs[:, None] - spec.cost - spec.prior)


def learn(mind: Mind, spec: Learning, answers: Answers) -> None:
    """Take a month's answers into the values, in place; no order of the answers can change the outcome.

    A way's answers of one month move its value as one after the other would if each paid their mean, weighted by how fast it
    teaches: ``V <- keep * V + (1 - keep) * mean`` with ``keep`` the product of ``1 - rate``. Counts are whole numbers, so
    that not even rounding depends on the order. At a rate of zero nobody learns. Creatures of habit, and legitimate requesters,
    choose nothing by value.
    """
    taught = answers.abusive & (mind.pull[answers.requester] > 0)
    if not taught.any() or spec.rate == 0.0:
        return
    ways = tuple(part[taught] for part in way_of(answers, mind))
    rate = np.full(_OUTCOMES, spec.rate)
    rate[_REASONED] = min(spec.rate * spec.reasons, 1.0)
    *_, frames, channels = mind.value.shape
    flat = np.ravel_multi_index(ways, mind.value.shape)
    _teach(mind.value.reshape(-1), flat, (frames, channels), heard_outcome(answers)[taught], rate, payoffs(spec))


@kernel
def _teach(value: Reals, ways: Ints, frames: tuple[int, int], outcomes: Ints, rate: Reals, pays: Reals) -> None:
    """``learn`` for values laid flat, whose last two lengths are ``frames``: each way's answers are counted and taken at once."""
    order = np.argsort(ways)
    k = 0
    while k < order.size:
        way, count = ways[order[k]], np.zeros(_OUTCOMES, np.int64)
        while k < order.size and ways[order[k]] == way:
            count[outcomes[order[k]]] += 1
            k += 1
        kind = way // frames[1] % frames[0] // _CLASSES
        paid, weight, keep = 0.0, 0.0, 1.0
        for outcome in range(_OUTCOMES):
            paid += count[outcome] * rate[outcome] * pays[kind, outcome]
            weight += count[outcome] * rate[outcome]
            keep *= (1.0 - rate[outcome]) ** count[outcome]
        value[way] = keep * value[way] + (1.0 - keep) * (paid / weight)


@kernel
def note_outcomes(rows: Ints, ledger: Ledger, docket: Docket, cases: Cases) -> None:
    """Count first formal requests among rows that ended, by purpose, requester and text; what a side door made needless is none.

    A second filing is of a wish that has failed already and fails more often: counted too, asking again would look like yield
    that falls, and whoever tries harder would come to ask less.
    """
    for m in rows:
        if docket.channel[m] < FIRST_SIDE_DOOR and docket.status[m] != DIVERTED and docket.attempt[m] == 0:
            c, text = docket.case[m], docket.instrument[m]
            purpose = 1 if cases.abusive[c] else 0
            ledger.heard[purpose, cases.requester[c], text] += 1
            if docket.granted[m] >= 0:
                ledger.given[purpose, cases.requester[c], text] += 1


def get_used_to(ledger: Ledger, spec: Learning) -> None:
    """Take what was heard so far as what requesters are used to, by purpose and text, and begin to count anew.

    By text, because whoever asks as a favour has long known that favours are rarer than duties: were all texts held against one
    yield, volumes would move on the window's first day though nothing had changed. A text is pulled by ``doubt`` answers' worth
    towards all of them together, which stand for one that is new.
    """
    given, heard = (part.sum(axis=1) for part in (ledger.given, ledger.heard))
    known = heard.sum(axis=1, keepdims=True)
    overall = np.divide(given.sum(axis=1, keepdims=True), known, out=np.full((_PURPOSES, 1), spec.prior), where=known > 0)
    weighed = heard + spec.doubt
    ledger.usual[:] = overall
    np.divide(given + spec.doubt * overall, weighed, out=ledger.usual, where=weighed > 0)
    begin_anew(ledger)


def begin_anew(ledger: Ledger) -> None:
    """Set the counts of answers to zero, in place: a round is over."""
    ledger.given[:] = 0
    ledger.heard[:] = 0


def volumes(volume: Reals, ledger: Ledger, spec: Learning, adaptive: Flags) -> Reals:
    """The next half-year's factors on the propensity to file, ``[2, N, I]``.

    ``log v <- (1 - reversion) * log v + elasticity / adaptive_share * (yield - usual)`` for states that adapt; for the others
    nothing changes. The slope is an average over all states (empirics.md 2.7, an association on one firm's counts), so that
    of those who adapt is steeper. ``yield`` is pulled towards the usual one by ``doubt`` answers' worth; where nothing was
    heard only the reversion acts, so that who gave a way up tries it again. *Assumption*: the same law for formal requests.
    """
    usual = ledger.usual[:, None, :]
    found = yield_heard(ledger.given, ledger.heard, usual, spec.doubt)
    slope = slope_of_learners(spec.elasticity, spec.adaptive_share)
    moved = (1.0 - spec.reversion) * np.log(volume) + slope * (found - usual)
    return np.where(adaptive[None, :, None], np.exp(np.clip(moved, -_LARGEST, _LARGEST)), volume)
