"""Latent cases: counts are Poisson per month, state and offence (legitimate) or group (abusive); nothing here knows a scenario.

Legitimate counts share a gamma frailty per state and half-year, most of which is that of the half-year before. A person at risk is
drawn with fixed weights ``weight * visibility * baseline expression`` within the origin and group, now and then of another state.
"""

from __future__ import annotations

from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sim.arrays import Ints, Keys, Reals, in_order
from sim.compiled import inlined, loop
from sim.conduct.volume import MONTHS_PER_HALF, halves_until, lasting
from sim.draws import Draws, absorb, gamma_quantiles, name_key, name_keys, normal_quantile, opened, poisson_quantile, u1, u2, unit
from sim.world.cases import RESIDENCE_SLOT, Cases, empty_cases, frozen
from sim.world.snapshot import World
from sim.world.spec import DemandSpec
from sim.world.vocabulary import DATA_CLASSES, DAYS_PER_MONTH, GROUPS, TRAFFIC

_CASE, _DAY, _PERSON, _MEMBER, _FOREIGN = map(name_key, ("cases", "day", "person", "member", "foreign"))
_ORIGIN, _CONDUCT, _CLASS, _URGENT = map(name_key, ("foreign:origin", "conduct", "class", "urgent"))
_SECRET, _DOSSIER, _SUBJECT, _HOST = map(name_key, ("secret", "dossier", "subject", "host"))
_REALTIME = name_key("realtime")
_SUBJECT_STATE, _PLATFORMS = map(name_key, ("subject:state", "platforms"))
_HOME_SLOT = np.uint64(99)  # key of the home service, apart from the platform slots
Counts = NDArray[np.int32]
_ID_MASK = np.uint64(0x7FFFFFFFFFFFFFFF)  # ids fit a signed integer, so that tables of any library can hold them


class Wishes(NamedTuple):
    """Running sums and tables from which a case's particulars are drawn; shapes over ``N`` states, ``G``, ``K``."""

    conduct: Reals  # [N, G, K] running shares of the conduct of an abusive case
    wants: Reals  # [K, 3] running shares of the data class
    abusive_wants: Reals  # [K, 3]
    foreign: Reals  # [N, N] running shares of the origin of a foreign person at risk
    subject: Reals  # [N, N] running shares of the state of a legitimate subject abroad
    platform: Reals  # [N, H] running shares of the platform's jurisdiction
    jurisdictions: Ints  # [H] state rows that host platforms
    home: Reals  # [N] probability of a domestic service
    shares: Reals  # [5] foreign, subject abroad, urgent, false urgent, secret
    realtime: Reals  # [N] chance that a wish for traffic or content is for what is to come too
    platforms_most: int


class Cohort(NamedTuple):
    """The columns of the people table that a kernel draws from; see ``PeopleTable``."""

    cell_start: Ints
    cumulative: Reals
    hosts: Ints
    residence: Ints
    weight: Reals
    visibility: Reals


class Demand(NamedTuple):
    """All that the cases of a world are drawn from."""

    states: Keys  # [N]
    cells: Keys  # [K + G] offences, then groups
    offences: int  # K
    legitimate: Reals  # [N, K] expected needs a month
    abusive: Reals  # [N, G] expected abusive cases a month
    frailty_shape: float  # infinite: no half-year differs from another
    persistence: float
    wishes: Wishes
    cohort: Cohort


class Desk(NamedTuple):
    """Room in which a month's wishes are put in order; each holds as many as the busiest month has."""

    id: Keys
    luck: Reals  # which part of the month has passed
    unsorted_requester: NDArray[np.int32]
    unsorted_cell: NDArray[np.int32]
    requester: NDArray[np.int32]  # in order
    cell: NDArray[np.int32]  # in order: offence, or after these group
    bins: Ints  # and one more


def empty_desk(most: int) -> Desk:
    """A desk for at most so many wishes a month."""
    return Desk(
        id=np.empty(most, np.uint64),
        luck=np.empty(most),
        unsorted_requester=np.empty(most, np.int32),
        unsorted_cell=np.empty(most, np.int32),
        requester=np.empty(most, np.int32),
        cell=np.empty(most, np.int32),
        bins=np.empty(most + 1, np.int64),
    )


def _running(weights: Reals) -> Reals:
    """Running sums of shares along the last axis, so that the last is one; zeros where all weights are."""
    total = weights.sum(axis=-1, keepdims=True)
    return np.cumsum(np.divide(weights, total, out=np.zeros_like(weights, dtype=float), where=total > 0), axis=-1)


def wishes_of(world: World, spec: DemandSpec) -> Wishes:
    """The tables from which a world's cases are drawn, in the shapes of ``Wishes``."""
    states, offences = world.states, world.offences
    crime = np.where(np.isnan(states.penalties), spec.not_a_crime_weight, 1.0)  # [N, K]
    protected = offences.against.T[None, :, :] * (crime * offences.protected)[:, None, :]
    ordinary = offences.pretext[None, None, :] * (crime * ~offences.protected)[:, None, :] * np.ones((1, len(GROUPS), 1))
    protected /= np.maximum(protected.sum(axis=2, keepdims=True), 1e-300)
    ordinary /= np.maximum(ordinary.sum(axis=2, keepdims=True), 1e-300)
    rows = np.diff(world.people.cell_start).reshape(states.count, len(GROUPS)).sum(axis=1)
    wanted = spec.abusive_wants
    abusive = offences.wants if wanted is None else np.tile([wanted.get(d, 0.0) for d in DATA_CLASSES], (len(offences.names), 1))
    jurisdictions = np.flatnonzero(states.host_share.sum(axis=0) > 0)
    return Wishes(
        conduct=_running((1 - spec.selective_share) * protected + spec.selective_share * ordinary),
        wants=_running(offences.wants),
        abusive_wants=_running(abusive),
        foreign=_running(states.closeness * (in_order(states.at_risk) * (rows > 0))[None, :]),
        subject=_running(states.closeness),
        platform=_running(states.host_share[:, jurisdictions]),
        jurisdictions=jurisdictions.astype(np.int64),
        home=states.home_service.copy(),
        shares=np.array([spec.foreign_share, spec.subject_abroad, spec.urgent_share, spec.false_urgent_share, spec.secret_share]),
        realtime=realtime_chance(spec, states.repression),
        platforms_most=spec.subject_platforms_most,
    )


def realtime_chance(spec: DemandSpec, repression: Reals) -> Reals:
    """Chance ``[N]`` that a requester who wants traffic or content wants it as it comes too, in abusive and legitimate cases alike.

    ``share * exp(slope * repression)``, at most ``most``; the form and all three numbers are *assumption*.
    """
    return np.minimum(spec.realtime_share * np.exp(spec.realtime_slope * repression), spec.realtime_most)


def demand_of(world: World, spec: DemandSpec) -> Demand:
    """What the cases of a world are drawn from: the same for every month."""
    states, offences, people = world.states, world.offences, world.people
    rows = np.diff(people.cell_start).reshape(states.count, len(GROUPS))
    crime = ~np.isnan(states.penalties)
    return Demand(
        states=states.keys,
        cells=np.concatenate([offences.keys, name_keys(GROUPS)]),
        offences=len(offences.names),
        legitimate=states.demand[:, None] * offences.demand_share[None, :] * crime,
        abusive=states.pursuit * (rows > 0),
        frailty_shape=spec.frailty_shape,
        persistence=spec.persistence,
        wishes=wishes_of(world, spec),
        cohort=Cohort(people.cell_start, people.cumulative, people.hosts, people.residence, people.weight, people.visibility),
    )


def expected_cases(demand: Demand, months: int) -> float:
    """How many cases so many months bring on average."""
    return months * float(demand.legitimate.sum() + demand.abusive.sum())


def usual(demand: Demand) -> Demand:
    """The same demand without frailty: every half-year is as busy as the mean of all."""
    return demand._replace(frailty_shape=np.inf)


def frailties(demand: Demand, draws: Draws, halves: int) -> Reals:
    """Factors ``[H, N]`` on the legitimate needs of a state in the first so many half-years: gamma with mean one.

    The normal quantile behind each keeps ``persistence`` of the one before it, so that the gamma holds in every half-year.
    """
    if np.isinf(demand.frailty_shape):
        return np.ones((halves, demand.states.size))
    luck = draws.normal("frailty", demand.states[None, :], np.arange(halves, dtype=np.uint64)[:, None])
    return gamma_quantiles(special.ndtr(lasting(luck, demand.persistence)), demand.frailty_shape)


def case_counts(demand: Demand, draws: Draws, months: int, first: int = 0) -> Counts:
    """Counts of latent cases ``[T, N, K + G]`` from month ``first`` on: legitimate by offence, then abusive by group."""
    frailty = frailties(demand, draws, halves_until(months))[first // MONTHS_PER_HALF :]
    counts = np.empty((months - first, demand.states.size, demand.cells.size), np.int32)
    room = np.empty(counts.shape[1:], np.uint64)
    _count(draws.root, first, demand.states, demand.cells, frailty, demand.legitimate, demand.abusive, room, counts)
    return counts


@loop
def _count(
    seed: np.uint64, first: int, states: Keys, cells: Keys, frailty: Reals, legitimate: Reals, abusive: Reals, keys: Keys,
    counts: Counts,
) -> None:  # fmt: skip
    """Draw ``counts`` ``[T, N, K + G]``, Poisson by state, cell and month; ``keys`` ``[N, K + G]`` is room to work in.

    Month ``first`` comes first, and the first row of ``frailty`` is that of its half-year.
    """
    offences = legitimate.shape[1]
    start = opened(seed, _CASE)
    for i in range(states.size):
        for cell in range(cells.size):
            keys[i, cell] = absorb(absorb(start, states[i]), cells[cell])
    for t in range(counts.shape[0]):
        half = (first + t) // MONTHS_PER_HALF - first // MONTHS_PER_HALF
        for i in range(states.size):
            busy = frailty[half, i]
            for cell in range(cells.size):
                mean = busy * legitimate[i, cell] if cell < offences else abusive[i, cell - offences]
                month = np.uint64(first + t)
                counts[t, i, cell] = poisson_quantile(unit(absorb(keys[i, cell], month)), mean) if mean > 0.0 else 0


@inlined
def _first_over(running: Reals, start: int, stop: int, aim: float) -> int:
    """First place from ``start`` whose running sum exceeds ``aim``; the last one if rounding leaves none."""
    low, high = start, stop - 1
    while low < high:
        middle = (low + high) // 2
        if running[middle] > aim:
            high = middle
        else:
            low = middle + 1
    return low


@inlined
def _pick(running: Reals, u: float) -> int:
    """Place that a uniform ``u`` picks among running sums of shares: as many as do not exceed it, the last one left aside.

    Counted and not searched: no branch hangs on luck, so that a short table is read in one go.
    """
    place = 0
    for k in range(running.size - 1):
        place += running[k] <= u
    return place


@loop
def _fill(
    seed: np.uint64,
    opens: int,
    counts: Counts,
    state_keys: Keys,
    cell_keys: Keys,
    offence_count: int,
    wishes: Wishes,
    cohort: Cohort,
    desk: Desk,
    out: Cases,
) -> None:
    """Write every particular of all cases into ``out``, month by month in order of day and id; ``counts`` is ``[T, N, K + G]``.

    The first month is ``opens``.
    """
    first = 0
    for t in range(counts.shape[0]):
        size = _wish(seed, opens + t, counts[t], state_keys, cell_keys, desk)
        _put_in_order(opens + t, size, first, desk, out)
        for k in range(size):
            row = first + k
            i, cell, key = int(desk.requester[k]), int(desk.cell[k]), out.id[row]
            out.month[row] = opens + t
            out.requester[row] = i
            out.abusive[row] = cell >= offence_count
            out.secret[row] = u1(seed, _SECRET, key) < wishes.shares[4]
            out.dossier[row] = normal_quantile(u1(seed, _DOSSIER, key))
            if cell < offence_count:
                out.conduct[row] = cell
                out.group[row], out.person[row], out.member[row], out.visibility[row] = -1, -1, 0, 1.0
                out.wanted[row] = _pick(wishes.wants[cell], u1(seed, _CLASS, key))
                out.urgent[row] = u1(seed, _URGENT, key) < wishes.shares[2]
                _place_subject(seed, key, i, wishes, out, row)
            else:
                _place_person(seed, key, i, cell - offence_count, cohort, wishes, out, row)
            if out.wanted[row] >= TRAFFIC and u1(seed, _REALTIME, key) < wishes.realtime[i]:
                out.realtime[row] = True
                out.secret[row] = True  # whoever is told stops talking: Arts 29(3) and 30(3)
        first += size


@inlined
def _wish(seed: np.uint64, t: int, counts: Counts, state_keys: Keys, cell_keys: Keys, desk: Desk) -> int:
    """Lay a month's wishes on the desk as they are counted, ``counts`` ``[N, K + G]``: who, what, when; returns how many."""
    size = 0
    start = opened(seed, _CASE)
    for i in range(counts.shape[0]):
        for cell in range(counts.shape[1]):
            if counts[i, cell] == 0:
                continue
            where = absorb(absorb(absorb(start, state_keys[i]), cell_keys[cell]), np.uint64(t))
            for ordinal in range(counts[i, cell]):
                key = absorb(where, np.uint64(ordinal)) & _ID_MASK
                desk.id[size], desk.luck[size] = key, u1(seed, _DAY, key)
                desk.unsorted_requester[size], desk.unsorted_cell[size] = i, cell
                size += 1
    return size


@inlined
def _put_in_order(t: int, size: int, first: int, desk: Desk, out: Cases) -> None:
    """Order a month's wishes by day and id: id and day into ``out`` from row ``first``, requester and cell onto the desk.

    Days are uniform, so that each wish has a bin of its own on average, and only neighbours are left to be compared: the time it
    takes is in proportion to the wishes.
    """
    for b in range(size + 1):
        desk.bins[b] = 0
    for k in range(size):
        desk.bins[floor(desk.luck[k] * size) + 1] += 1
    for b in range(size):
        desk.bins[b + 1] += desk.bins[b]
    for k in range(size):
        b = floor(desk.luck[k] * size)
        at = desk.bins[b]
        desk.bins[b] += 1
        out.id[first + at], out.day[first + at] = desk.id[k], (t + desk.luck[k]) * DAYS_PER_MONTH
        desk.requester[at], desk.cell[at] = desk.unsorted_requester[k], desk.unsorted_cell[k]
    for k in range(1, size):
        key, day, requester, cell = out.id[first + k], out.day[first + k], desk.requester[k], desk.cell[k]
        at = k
        while at > 0 and (out.day[first + at - 1] > day or (out.day[first + at - 1] == day and out.id[first + at - 1] > key)):
            out.id[first + at], out.day[first + at] = out.id[first + at - 1], out.day[first + at - 1]
            desk.requester[at], desk.cell[at] = desk.requester[at - 1], desk.cell[at - 1]
            at -= 1
        if at < k:
            out.id[first + at], out.day[first + at], desk.requester[at], desk.cell[at] = key, day, requester, cell


@inlined
def _place_person(seed: np.uint64, key: np.uint64, i: int, g: int, cohort: Cohort, wishes: Wishes, out: Cases, row: int) -> None:
    """Whom an abusive wish is about, what they did, and where their data lie."""
    groups = wishes.conduct.shape[1]
    origin = i
    if u1(seed, _FOREIGN, key) < wishes.shares[0]:
        abroad = _pick(wishes.foreign[i], u1(seed, _ORIGIN, key))
        if cohort.cell_start[abroad * groups + g + 1] > cohort.cell_start[abroad * groups + g]:
            origin = abroad
    where = origin * groups + g
    start, stop = cohort.cell_start[where], cohort.cell_start[where + 1]
    p = _first_over(cohort.cumulative, start, stop, u1(seed, _PERSON, key) * cohort.cumulative[stop - 1])
    out.group[row], out.person[row] = g, p
    out.member[row] = floor(u1(seed, _MEMBER, key) * cohort.weight[p])
    out.visibility[row] = cohort.visibility[p]
    conduct = _pick(wishes.conduct[i, g], u1(seed, _CONDUCT, key))
    out.conduct[row] = conduct
    out.wanted[row] = _pick(wishes.abusive_wants[conduct], u1(seed, _CLASS, key))
    out.urgent[row] = u1(seed, _URGENT, key) < wishes.shares[3]
    at_home = False
    for slot in range(4):
        host = cohort.hosts[p, slot]
        out.hosts[row, slot] = host
        at_home = at_home or host == i
    if cohort.residence[p] != origin and cohort.residence[p] != i:
        out.hosts[row, RESIDENCE_SLOT] = cohort.residence[p]
    out.domestic[row] = at_home


@inlined
def _place_subject(seed: np.uint64, key: np.uint64, i: int, wishes: Wishes, out: Cases, row: int) -> None:
    """Where the evidence on an ordinary suspect lies: the platforms used where the suspect lives, and that state."""
    at_home = u2(seed, _HOST, key, _HOME_SLOT) < wishes.home[i]
    lives = i
    if u1(seed, _SUBJECT, key) < wishes.shares[1]:
        lives = _pick(wishes.subject[i], u1(seed, _SUBJECT_STATE, key))
        out.hosts[row, RESIDENCE_SLOT] = lives
        at_home = False
    several = floor(u1(seed, _PLATFORMS, key) * wishes.platforms_most) + 1
    for slot in range(several):
        host = wishes.jurisdictions[_pick(wishes.platform[lives], u2(seed, _HOST, key, np.uint64(slot)))]
        known = host == i
        at_home = at_home or known
        for before in range(slot):
            known = known or out.hosts[row, before + 1] == host
        if not known:
            out.hosts[row, slot + 1] = host
    out.domestic[row] = at_home


def latent_cases(world: World, spec: DemandSpec, draws: Draws, months: int) -> Cases:
    """All cases of ``months`` months, ordered by day and id."""
    return cases_of(demand_of(world, spec), draws, 0, months)


def cases_of(demand: Demand, draws: Draws, first: int, months: int) -> Cases:
    """The cases of months ``first`` to ``months``, the last one left out, ordered by day and id."""
    counts = case_counts(demand, draws, months, first)
    each_month = counts.sum(axis=(1, 2))
    cases, desk = empty_cases(int(each_month.sum())), empty_desk(int(each_month.max(initial=0)))
    _fill(draws.root, first, counts, demand.states, demand.cells, demand.offences, demand.wishes, demand.cohort, desk, cases)
    return frozen(cases)
