"""Latent cases: counts are Poisson per month, state and offence (legitimate) or group (abusive); nothing here knows a scenario.

Legitimate counts share a gamma frailty per state and half-year. A person at risk is drawn with fixed weights
``weight * visibility * baseline expression`` within the origin and group, sometimes of another nationality.
"""

from __future__ import annotations

from itertools import pairwise
from math import floor
from typing import Any, NamedTuple

import numpy as np

from sim.arrays import Ints, Keys, Reals, in_order
from sim.compiled import inlined, loop
from sim.draws import Draws, absorb, name_key, name_keys, normal_quantile, opened, poisson_quantile, u1, u2, unit
from sim.world.cases import RESIDENCE_SLOT, Cases, empty_cases
from sim.world.snapshot import World
from sim.world.spec import DemandSpec
from sim.world.vocabulary import DATA_CLASSES, DAYS_PER_MONTH, GROUPS, TRAFFIC

_MONTHS_PER_FRAILTY = 6  # a half-year: the period of the provider panels behind the negative-binomial k (empirics.md 1.5)
_CASE, _DAY, _PERSON, _MEMBER, _FOREIGN = map(name_key, ("cases", "day", "person", "member", "foreign"))
_ORIGIN, _CONDUCT, _CLASS, _URGENT = map(name_key, ("foreign:origin", "conduct", "class", "urgent"))
_SECRET, _DOSSIER, _SUBJECT, _HOST = map(name_key, ("secret", "dossier", "subject", "host"))
_REALTIME = name_key("realtime")
_SUBJECT_STATE, _PLATFORMS = map(name_key, ("subject:state", "platforms"))
_HOME_SLOT = np.uint64(99)  # key of the home service, apart from the platform slots
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


def case_counts(world: World, spec: DemandSpec, draws: Draws, months: int) -> Ints:
    """Counts of latent cases ``[T, N, K + G]``: legitimate by offence, then abusive by group."""
    states, offences = world.states, world.offences
    rows = np.diff(world.people.cell_start).reshape(states.count, len(GROUPS))
    halves = np.arange((months + _MONTHS_PER_FRAILTY - 1) // _MONTHS_PER_FRAILTY, dtype=np.uint64)
    frailty = draws.gamma(spec.frailty_shape, "frailty", states.keys[None, :], halves[:, None])
    frailty = np.repeat(frailty, _MONTHS_PER_FRAILTY, axis=0)[:months]  # [T, N]
    crime = ~np.isnan(states.penalties)
    legitimate = states.demand[:, None] * offences.demand_share[None, :] * crime  # [N, K]
    abusive = states.pursuit * (rows > 0)  # [N, G]
    counts = np.empty((months, states.count, legitimate.shape[1] + abusive.shape[1]), np.int64)
    _count(draws.root, states.keys, np.concatenate([offences.keys, name_keys(GROUPS)]), frailty, legitimate, abusive, counts)
    return counts


@loop
def _count(
    seed: np.uint64, state_keys: Keys, cell_keys: Keys, frailty: Reals, legitimate: Reals, abusive: Reals, out: Ints
) -> None:
    """Write the counts ``[T, N, K + G]``: legitimate means ``[N, K]`` times ``frailty`` ``[T, N]``, and abusive ones ``[N, G]``."""
    for i in range(state_keys.size):
        for cell in range(cell_keys.size):
            start = absorb(absorb(opened(seed, _CASE), state_keys[i]), cell_keys[cell])
            for t in range(out.shape[0]):
                wished = cell - legitimate.shape[1]
                mean = frailty[t, i] * legitimate[i, cell] if wished < 0 else abusive[i, wished]
                out[t, i, cell] = poisson_quantile(unit(absorb(start, np.uint64(t))), mean)


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
    """Place that a uniform ``u`` picks among running sums of shares."""
    return _first_over(running, 0, running.size, u)


@loop
def _fill(
    seed: np.uint64,
    counts: Ints,
    state_keys: Keys,
    cell_keys: Keys,
    offence_count: int,
    wishes: Wishes,
    cohort: Cohort,
    out: Cases,
) -> None:
    """Write every particular of all cases into ``out``, month by month; ``counts`` is ``[T, N, K + G]``."""
    row = 0
    for t in range(counts.shape[0]):
        for i in range(counts.shape[1]):
            for cell in range(counts.shape[2]):
                for ordinal in range(counts[t, i, cell]):
                    key = opened(seed, _CASE)
                    key = absorb(absorb(key, state_keys[i]), cell_keys[cell])
                    key = absorb(absorb(key, np.uint64(t)), np.uint64(ordinal)) & _ID_MASK
                    out.id[row] = key
                    out.month[row] = t
                    out.day[row] = (t + u1(seed, _DAY, key)) * DAYS_PER_MONTH
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
                    row += 1


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
    counts = case_counts(world, spec, draws, months)
    total = int(counts.sum())
    cases = empty_cases(total)
    people, offences = world.people, world.offences
    cell_keys = np.concatenate([offences.keys, name_keys(GROUPS)])
    cohort = Cohort(people.cell_start, people.cumulative, people.hosts, people.residence, people.weight, people.visibility)
    wishes = wishes_of(world, spec)
    _fill(draws.root, counts, world.states.keys, cell_keys, len(offences.names), wishes, cohort, cases)
    order = np.empty(total, np.int64)
    edges = np.concatenate([[0], np.cumsum(counts.sum(axis=(1, 2)))])
    for first, last in pairwise(edges):  # cases are made month by month: only their days need sorting
        order[first:last] = first + np.lexsort((cases.id[first:last], cases.day[first:last]))
    columns: list[Any] = [column[order] for column in cases]
    ordered = Cases(*columns)
    for column in ordered:
        column.setflags(write=False)
    return ordered
