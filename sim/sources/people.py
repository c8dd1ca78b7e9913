"""The cohort of people at risk, drawn once per world: where they live, where their data lie, how visible they are."""

from __future__ import annotations

from itertools import pairwise
from math import floor, inf

import numpy as np

from sim.arrays import Flags, Ints, Keys, Reals
from sim.compiled import inlined, kernel, loop
from sim.draws import Draws, absorb, name_key, name_keys, opened, u1, unit, waiting_time
from sim.world.people import PeopleTable
from sim.world.spec import PeopleSpec
from sim.world.states import StateTable
from sim.world.vocabulary import GROUPS

_LEAST_ROWS = 3  # rows that every (origin, group) cell with anyone at risk gets
_PLATFORM_SLOTS = 3  # foreign platforms of a person at most
_LIFT = 2.0**600  # of weights in a race: exact, and a wait over the smallest of them is still a number
_PERSON, _HOME, _PLATFORMS, _HOST = map(name_key, ("person", "person:home", "person:platforms", "person:host"))


def rows_per_cell(at_risk: Reals, rows: int, counted: Flags) -> Ints:
    """How many rows stand for each (origin, group) cell ``[N, G]``: in proportion to the square root of its people.

    At least a few rows a cell, never more rows than people; the total over the groups that are ``counted`` ``[G]`` is close to
    ``rows``, not equal to it. Other groups have rows in the same proportion beside them, so that they change nobody's row.
    """
    root = np.sqrt(at_risk)
    shared = root[:, counted] if (at_risk[:, counted] > 0).any() else root
    share = rows * root / max(shared[shared > 0].sum(), 1e-300)  # of cells with anyone: an empty group changes no bit
    rounded: Reals = np.minimum(np.maximum(np.rint(share), _LEAST_ROWS), np.floor(at_risk))
    return rounded.astype(np.int64)


@kernel
def ids_of(state_keys: Keys, group_keys: Keys, cell_start: Ints) -> Keys:
    """Ids of people ``[P]`` by state, group and ordinal, cell by cell of ``cell_start`` ``[N * G + 1]``."""
    out = np.empty(cell_start[-1], np.uint64)
    start = opened(np.uint64(0), _PERSON)
    for cell in range(cell_start.size - 1):
        first, last = cell_start[cell], cell_start[cell + 1]
        i, g = cell // group_keys.size, cell % group_keys.size
        for ordinal in range(last - first):
            out[first + ordinal] = absorb(absorb(absorb(start, state_keys[i]), group_keys[g]), np.uint64(ordinal))
    return out


@kernel
def _cell_sums(weights: Reals, cell_start: Ints) -> Reals:
    out = np.empty_like(weights)
    for cell in range(cell_start.size - 1):
        total = 0.0
        for p in range(cell_start[cell], cell_start[cell + 1]):
            total += weights[p]
            out[p] = total
    return out


def weights_of(visibility: Reals, cell_start: Ints, people: Reals, certainty_share: float) -> Reals:
    """How many people each row stands for: the most visible ``certainty_share`` of a cell stand for themselves alone.

    The others share the rest of the cell's ``people`` equally, so that weights add up to the (whole) number of people.
    """
    size = np.diff(cell_start)
    certain = np.ceil(certainty_share * size).astype(np.int64)
    certain = np.where(size == np.floor(people), size, np.minimum(certain, np.maximum(size - 1, 0)))
    rest = np.divide(np.floor(people) - certain, size - certain, out=np.ones(size.size), where=size > certain)
    least = np.full(size.size, inf)
    for cell in np.flatnonzero((certain > 0) & (certain < size)):
        others = size[cell] - certain[cell]
        least[cell] = np.partition(visibility[cell_start[cell] : cell_start[cell + 1]], others)[others]
    return _weights(visibility, cell_start, certain, rest, least)


@kernel
def _weights(visibility: Reals, cell_start: Ints, certain: Ints, rest: Reals, least: Reals) -> Reals:
    """One for the ``certain`` ``[N * G]`` most visible rows of each cell, of equals the first; ``rest`` for all others, ``[P]``.

    ``least`` is the visibility of the last that is certain. It is found outside: NumPy's ``partition`` compiles for five seconds.
    """
    out = np.ones_like(visibility)
    for cell in range(cell_start.size - 1):
        first, last = cell_start[cell], cell_start[cell + 1]
        if last - first == certain[cell]:
            continue
        equals = certain[cell]
        for p in range(first, last):
            if visibility[p] > least[cell]:
                equals -= 1
        for p in range(first, last):
            if visibility[p] == least[cell] and equals > 0:
                equals -= 1
            elif visibility[p] <= least[cell]:
                out[p] = rest[cell]
    return out


def people_table(spec: PeopleSpec, states: StateTable, draws: Draws) -> PeopleTable:
    """The people of one world. Foreign platforms are won by races, so that a changed share moves few people."""
    cells = rows_per_cell(states.at_risk, spec.rows, spec.counted)
    cell_start = np.concatenate([[0], np.cumsum(cells.ravel())]).astype(np.int64)
    origin = np.repeat(np.arange(states.count), cells.sum(axis=1))
    ids = ids_of(states.keys, name_keys(GROUPS), cell_start)
    for first, last in pairwise(cell_start):
        ids[first:last].sort()  # whoever is drawn does not depend on the order in which rows were made
    visibility = np.exp(spec.visibility_spread * draws.normal("person:visibility", ids))
    expression = spec.expression_low + (1 - spec.expression_low) * draws.uniform("person:expression", ids)
    weight = weights_of(visibility, cell_start, states.at_risk.ravel(), spec.certainty_share)
    away = draws.uniform("person:exile", ids) < states.exile_share[origin]
    return PeopleTable(
        ids=ids,
        origin=origin,
        group=np.repeat(np.tile(np.arange(len(GROUPS)), states.count), cells.ravel()),
        residence=_residences(origin, away, np.cumsum(states.exile_hosts, axis=1), draws.uniform("person:residence", ids)),
        hosts=hosts_of(spec, states, origin, ids, draws),
        visibility=visibility,
        expression=expression,
        weight=weight,
        cell_start=cell_start,
        cumulative=_cell_sums(weight * visibility * expression, cell_start),
    )


@kernel
def _residences(origin: Ints, away: Flags, running: Reals, u: Reals) -> Ints:
    """Where people live ``[P]``: at home, or ``away`` by running shares ``[N, N]`` of the places where exiles of an origin live."""
    out = origin.copy()
    for p in range(origin.size):
        if away[p]:
            places = running[origin[p]]
            out[p] = min(np.searchsorted(places, u[p] * places[-1], side="right"), places.size - 1)
    return out


def hosts_of(spec: PeopleSpec, states: StateTable, origin: Ints, ids: Keys, draws: Draws) -> Ints:
    """Under whose law people's data lie ``[P, 4]``: home, or -1, then up to three foreign platforms in the order of their race."""
    hosted = states.host_share.sum(axis=0)
    greatest_first = np.argsort(-hosted, kind="stable")  # most others then come too late
    jurisdictions = greatest_first[: np.count_nonzero(hosted)]
    weights = states.host_share[:, jurisdictions] * _LIFT
    out = np.full((ids.size, 1 + _PLATFORM_SLOTS), -1, np.int64)
    waits = np.empty(_PLATFORM_SLOTS)
    keys, most = states.keys[jurisdictions], spec.platforms_most
    _write_hosts(draws.root, ids, origin, states.home_service, most, weights, keys, jurisdictions, waits, out)
    return out


@loop
def _write_hosts(
    seed: np.uint64,
    ids: Keys,
    origin: Ints,
    home: Reals,
    most: int,
    weights: Reals,
    host_keys: Keys,
    jurisdictions: Ints,
    waits: Reals,
    out: Ints,
) -> None:
    """Write the hosts of each person ``[P, 4]``; ``weights`` ``[N, H]`` and ``host_keys`` ``[H]`` are of ``jurisdictions`` ``[H]``.

    ``waits`` is room for the shortest waits of one race.
    """
    for p in range(ids.size):
        i, several = origin[p], floor(u1(seed, _PLATFORMS, ids[p]) * most) + 1
        if u1(seed, _HOME, ids[p]) < home[i]:
            out[p, 0] = i
        waits[:several] = inf
        start = absorb(opened(seed, _HOST), ids[p])
        for h in range(jurisdictions.size):
            if weights[i, h] > 0.0:
                wait = waiting_time(unit(absorb(start, host_keys[h]))) / weights[i, h]
                _line_up(wait, jurisdictions[h], several, waits, out[p])


@inlined
def _line_up(wait: float, host: int, several: int, waits: Reals, hosts: Ints) -> None:
    """Give a host its place among the ``several`` of the shortest ``waits``, if it has one; of equals the first stays ahead."""
    place = several
    while place > 0 and wait < waits[place - 1]:
        place -= 1
        if place + 1 < several:
            waits[place + 1], hosts[place + 2] = waits[place], hosts[place + 1]
        waits[place], hosts[place + 1] = wait, host
