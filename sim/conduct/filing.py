"""Whether, where, how and under which label a wish becomes a request: thinning and Gumbel races, never a reshuffling.

Order of choice: destination first (a platform's jurisdiction, or the residence state), then kind and label, then the
instrument that reaches the label for this pair, then the channel. Revaluing one option changes only the cases in which that
option wins or loses.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.compiled import inlined, kernel, loop
from sim.draws import Draws, Keys, Reals, absorb, gumbel_quantile, name_key, normal_quantile, opened, u1, u2, unit
from sim.world.cases import HOST_SLOTS, RESIDENCE_SLOT, Cases
from sim.world.docket import Docket
from sim.world.instruments import COVERED, Inflation, LawInForce
from sim.world.record import Record
from sim.world.snapshot import World
from sim.world.vocabulary import (
    DAYS_PER_MONTH,
    DETERRED,
    DOMESTIC,
    EMERGENCY,
    FABRICATED,
    FORMAL,
    GROUPS,
    HONEST,
    NOT_LIVE,
    OPEN,
    PENDING,
    PRESERVATION,
    RECHARACTERISED,
    NonNegative,
    Positive,
    Unit,
)

Ints = NDArray[np.int64]
_DESTINATION, _LABEL, _FILE, _LIVE = map(name_key, ("destination", "label", "file", "live"))
_QUALITY, _PRESERVE = map(name_key, ("quality", "preserve"))


class ConductSpec(Record):
    """How requesters behave while they do not learn."""

    attempts: int
    retry_days: NonNegative
    open_framing_a: Positive
    open_framing_b: Positive
    recharacterised_share: Unit
    residence_weight: NonNegative
    appetite: Unit
    preservation_share: Unit
    fall_through: bool
    quality_abusive: float
    file_everything: bool
    legal_basis: Literal["precedence", "requester_choice"]
    direct_share: Unit
    police_share: Unit
    spontaneous_most: Unit
    spyware: Unit
    spyware_states: Annotated[int, Field(ge=0)]
    inflation: Inflation | None


class Habits(NamedTuple):
    """What the filing kernel reads of requesters: menus and propensities."""

    menu: Reals  # [N, G, K, 3, K] log appeal of (kind, label) by requester, group and conduct; -inf if not on the menu
    label_keys: Keys  # [K]
    state_keys: Keys  # [N]
    residence_log: float
    appetite: float
    preservation_share: float
    fall_through: bool
    quality_abusive: float
    file_everything: bool
    attempts: int
    retry_days: float


class CaseBook(NamedTuple):
    """What has become of each case so far."""

    status: NDArray[np.int8]  # [C]
    attempts: NDArray[np.int8]  # [C] filings made
    tried: NDArray[np.uint8]  # [C] bit d: destination slot d has been used
    last: Ints  # [C] row of the last formal request; -1 for none


def open_framing(world: World, spec: ConductSpec, draws: Draws) -> Reals:
    """Each state's openness: the chance that a protected conduct is named as what it is (empirics.md 3.6), shape ``[N]``."""
    return 1.0 - draws.beta(spec.open_framing_a, spec.open_framing_b, "trait:framing", world.states.keys)


def habits_of(world: World, spec: ConductSpec) -> Habits:
    """The menus of one world.

    Of a class D conduct: the honest label with the state's openness, a broader label for the same facts, or the facts and the
    label of another crime, by its weight as a pretext and its plausibility against the group. Labels that the requester's law
    lacks are off the menu; what is left shares the appeal. A true ordinary offence (a selective case) is labelled as it is.
    """
    states, offences = world.states, world.offences
    n, k = states.penalties.shape
    law = ~np.isnan(states.penalties)  # [N, K]
    openness = open_framing(world, spec, Draws(world.seed))
    weight = np.zeros((n, len(GROUPS), k, 3, k))
    for conduct in range(k):
        if not offences.protected[conduct]:
            weight[:, :, conduct, HONEST, conduct] = 1.0
            continue
        weight[:, :, conduct, HONEST, conduct] = (openness * law[:, conduct])[:, None]
        broader = offences.broader[conduct][None, :] * law
        total = broader.sum(axis=1, keepdims=True)
        broader = np.divide(broader, total, out=np.zeros_like(broader), where=total > 0)
        framed = (1 - openness)[:, None]
        weight[:, :, conduct, RECHARACTERISED, :] = (framed * spec.recharacterised_share * broader)[:, None, :]
        pretext = offences.pretext[None, None, :] * offences.plausible.T[None, :, :] * (law & ~offences.protected)[:, None, :]
        total = pretext.sum(axis=2, keepdims=True)
        pretext = np.divide(pretext, total, out=np.zeros_like(pretext), where=total > 0)
        weight[:, :, conduct, FABRICATED, :] = framed[:, :, None] * (1 - spec.recharacterised_share) * pretext
    with np.errstate(divide="ignore"):
        menu = np.log(weight)
        residence_log = float(np.log(spec.residence_weight))
    return Habits(
        menu=menu,
        label_keys=offences.keys,
        state_keys=states.keys,
        residence_log=residence_log,
        appetite=spec.appetite,
        preservation_share=spec.preservation_share,
        fall_through=spec.fall_through,
        quality_abusive=spec.quality_abusive,
        file_everything=spec.file_everything,
        attempts=spec.attempts,
        retry_days=spec.retry_days,
    )


def empty_book(cases: Cases) -> CaseBook:
    """No case has been filed yet."""
    count = cases.id.size
    return CaseBook(
        status=np.full(count, NOT_LIVE, np.int8),
        attempts=np.zeros(count, np.int8),
        tried=np.zeros(count, np.uint8),
        last=np.full(count, -1, np.int64),
    )


@inlined
def _destination(seed: np.uint64, c: int, attempt: int, cases: Cases, tried: np.uint8, habits: Habits) -> int:
    """The slot that wins the race among states that hold evidence and have not been asked; -1 if none is left."""
    best, winner = -np.inf, -1
    start = absorb(absorb(opened(seed, _DESTINATION), cases.id[c]), np.uint64(attempt))
    for slot in range(HOST_SLOTS):
        host = cases.hosts[c, slot]
        if host < 0 or host == cases.requester[c] or (tried >> np.uint8(slot)) & np.uint8(1):
            continue
        appeal = gumbel_quantile(unit(absorb(start, habits.state_keys[host])))
        if slot == RESIDENCE_SLOT:
            appeal += habits.residence_log
        if appeal > best:
            best, winner = appeal, slot
    return winner


@inlined
def _framing(seed: np.uint64, c: int, attempt: int, cases: Cases, habits: Habits) -> tuple[int, int]:
    """Kind and label of an abusive request; (-1, -1) if the law offers none."""
    best, kind, label = -np.inf, -1, -1
    menu = habits.menu[cases.requester[c], cases.group[c], cases.conduct[c]]
    start = absorb(absorb(opened(seed, _LABEL), cases.id[c]), np.uint64(attempt))
    for k in range(3):
        for option in range(menu.shape[1]):
            if menu[k, option] == -np.inf:
                continue
            luck = unit(absorb(absorb(start, np.uint64(k)), habits.label_keys[option]))
            appeal = menu[k, option] + gumbel_quantile(luck)
            if appeal > best:
                best, kind, label = appeal, k, option
    return kind, label


@inlined
def _instrument(in_force: NDArray[np.bool_], law: LawInForce, i: int, j: int, label: int, fall_through: bool) -> int:
    """The first text in force for the pair whose scope covers the label; without fall-through the first in force."""
    for text in range(in_force.shape[0]):
        if in_force[text, i, j] and (not fall_through or law.reach[text, i, label] == COVERED):
            return text
    return int(in_force.shape[0]) - 1


@inlined
def _write(
    m: int, c: int, attempt: int, month: int, day: float, j: int, text: int, channel: int, kind: int, label: int,
    alleged: int, quality: float, cases: Cases, docket: Docket,
) -> None:  # fmt: skip
    docket.case[m] = c
    docket.attempt[m] = attempt
    docket.month[m] = month
    docket.requested[m] = j
    docket.instrument[m] = text
    docket.channel[m] = channel
    docket.wanted[m] = cases.wanted[c]
    docket.label[m] = label
    docket.alleged[m] = alleged
    docket.kind[m] = kind
    docket.quality[m] = quality
    docket.status[m] = PENDING
    docket.filed_day[m] = day


@loop
def file_requests(
    seed: np.uint64,
    month: int,
    treaty: bool,
    wishes: Ints,
    days: Reals,
    expression: Reals,
    cases: Cases,
    book: CaseBook,
    docket: Docket,
    law: LawInForce,
    habits: Habits,
) -> None:
    """File what is wished for this month; ``wishes`` are case rows in order of ``days``, ``expression`` relative to baseline."""
    in_force = law.after if treaty else law.before
    phase = 1 if treaty else 0
    for w in range(wishes.size):
        c, day = wishes[w], days[w]
        attempt = int(book.attempts[c])
        ck = cases.id[c]
        if cases.domestic[c]:
            book.status[c] = DOMESTIC
            continue
        if attempt == 0 and cases.abusive[c] and u1(seed, _LIVE, ck) >= expression[cases.person[c]]:
            book.status[c] = NOT_LIVE
            continue
        slot = _destination(seed, c, attempt, cases, book.tried[c], habits)
        if slot < 0:
            if attempt == 0:
                book.status[c] = DOMESTIC
            continue
        i, j = cases.requester[c], cases.hosts[c, slot]
        kind, label = HONEST, cases.conduct[c]
        if cases.abusive[c]:
            kind, label = _framing(seed, c, attempt, cases, habits)
            if kind < 0:
                book.status[c] = DETERRED
                continue
        text = _instrument(in_force, law, i, j, label, habits.fall_through)
        appetite = 1.0 if habits.file_everything else habits.appetite * law.filing[text]
        if attempt == 0 and u1(seed, _FILE, ck) >= appetite:
            book.status[c] = DETERRED
            continue
        alleged = label if kind == FABRICATED else cases.conduct[c]
        quality = normal_quantile(u2(seed, _QUALITY, ck, np.uint64(kind)))
        if cases.abusive[c]:
            quality += habits.quality_abusive
        channel = EMERGENCY if cases.urgent[c] and law.hurries[phase, i, j] >= 0 else FORMAL
        door = int(law.preserves[phase, i, j])
        m = docket.used[0]
        if door >= 0 and u2(seed, _PRESERVE, ck, habits.state_keys[j]) < habits.preservation_share:
            _write(m, c, attempt, month, day, j, door, PRESERVATION, kind, label, alleged, quality, cases, docket)
            m += 1
        _write(m, c, attempt, month, day, j, text, channel, kind, label, alleged, quality, cases, docket)
        docket.used[0] = m + 1
        book.status[c] = OPEN
        book.attempts[c] += 1
        book.tried[c] |= np.uint8(1 << slot)
        for other in range(HOST_SLOTS):  # one state is one destination, however many services it hosts
            if cases.hosts[c, other] == j:
                book.tried[c] |= np.uint8(1 << other)
        book.last[c] = m


@kernel
def due_again(month: int, newest: int, cases: Cases, book: CaseBook, docket: Docket, habits: Habits) -> tuple[Ints, Reals]:
    """Cases among the first ``newest`` whose last request ended without data early enough to ask elsewhere this month."""
    found = np.empty(newest, np.int64)
    days = np.empty(newest)
    count = 0
    start, stop = month * DAYS_PER_MONTH, (month + 1) * DAYS_PER_MONTH
    for c in range(newest):
        m = book.last[c]
        if m < 0 or book.attempts[c] >= habits.attempts or docket.granted[m] >= 0:
            continue
        day = docket.ended_day[m] + habits.retry_days
        if day < stop:  # whoever could have asked last month, but heard too late, asks at once
            found[count], days[count] = c, max(day, start)
            count += 1
    return found[:count], days[:count]


def wishes_of_month(month: int, edges: Ints, cases: Cases, book: CaseBook, docket: Docket, habits: Habits) -> tuple[Ints, Reals]:
    """New cases of the month and second or third attempts, in order of (day, id)."""
    rows = np.arange(edges[month], edges[month + 1])
    days = cases.day[rows]
    if habits.attempts == 1:
        return rows, days
    again, when = due_again(month, int(edges[month]), cases, book, docket, habits)
    rows, days = np.concatenate([rows, again]), np.concatenate([days, when])
    order = np.lexsort((cases.id[rows], days))
    return rows[order], days[order]
