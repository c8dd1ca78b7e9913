"""The cohort of people at risk, drawn once per world: where they live, where their data lie, how visible they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Keys, Reals
from sim.compiled import kernel
from sim.draws import Draws, absorb, name_key, opened
from sim.world.people import PeopleTable
from sim.world.spec import PeopleSpec
from sim.world.states import StateTable
from sim.world.vocabulary import GROUPS

_LEAST_ROWS = 3  # rows that every (origin, group) cell with anyone at risk gets


def rows_per_cell(at_risk: Reals, rows: int, counted: Flags) -> NDArray[np.int64]:
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
def _ids(seed: np.uint64, purpose: np.uint64, state: Keys, group: Keys, ordinal: Keys) -> Keys:
    out = np.empty(state.size, np.uint64)
    start = opened(seed, purpose)
    for p in range(state.size):
        out[p] = absorb(absorb(absorb(start, state[p]), group[p]), ordinal[p])
    return out


@kernel
def _cell_sums(weights: Reals, cell_start: NDArray[np.int64]) -> Reals:
    out = np.empty_like(weights)
    for cell in range(cell_start.size - 1):
        total = 0.0
        for p in range(cell_start[cell], cell_start[cell + 1]):
            total += weights[p]
            out[p] = total
    return out


def weights_of(visibility: Reals, cell_start: NDArray[np.int64], people: Reals, certainty_share: float) -> Reals:
    """How many people each row stands for: the most visible ``certainty_share`` of a cell stand for themselves alone.

    The others share the rest of the cell's ``people`` equally, so that weights add up to the (whole) number of people.
    """
    weight = np.ones_like(visibility)
    cell = np.repeat(np.arange(cell_start.size - 1), np.diff(cell_start))
    order = np.lexsort((-visibility, cell))
    rank = np.empty(order.size, np.int64)
    rank[order] = np.arange(order.size) - np.repeat(cell_start[:-1], np.diff(cell_start))
    size = np.diff(cell_start)
    certain = np.ceil(certainty_share * size).astype(np.int64)
    certain = np.where(size == np.floor(people), size, np.minimum(certain, np.maximum(size - 1, 0)))
    rest = np.divide(np.floor(people) - certain, size - certain, out=np.ones(size.size), where=size > certain)
    return np.where(rank < certain[cell], weight, rest[cell])


def people_table(spec: PeopleSpec, states: StateTable, draws: Draws) -> PeopleTable:
    """The people of one world. Foreign platforms are won by Gumbel races, so that a changed share moves few people."""
    cells = rows_per_cell(states.at_risk, spec.rows, spec.counted)
    cell_start = np.concatenate([[0], np.cumsum(cells.ravel())]).astype(np.int64)
    count = int(cell_start[-1])
    cell = np.repeat(np.arange(cells.size), cells.ravel())
    origin, group = cell // len(GROUPS), cell % len(GROUPS)
    ordinal = np.arange(count) - cell_start[cell]
    group_keys = np.array([name_key(name) for name in GROUPS])
    ids = _ids(np.uint64(0), name_key("person"), states.keys[origin], group_keys[group], ordinal.astype(np.uint64))
    ids = ids[np.lexsort((ids, cell))]  # within a cell by id: whoever is drawn does not depend on the order of rows
    visibility = np.exp(spec.visibility_spread * draws.normal("person:visibility", ids))
    expression = spec.expression_low + (1 - spec.expression_low) * draws.uniform("person:expression", ids)
    weight = weights_of(visibility, cell_start, states.at_risk.ravel(), spec.certainty_share)
    residence = _residences(states, origin, draws.uniform("person:exile", ids), draws.uniform("person:residence", ids))
    return PeopleTable(
        ids=ids,
        origin=origin,
        group=group,
        residence=residence,
        hosts=_hosts(spec, states, origin, ids, draws),
        visibility=visibility,
        expression=expression,
        weight=weight,
        cell_start=cell_start,
        cumulative=_cell_sums(weight * visibility * expression, cell_start),
    )


def _residences(states: StateTable, origin: NDArray[np.int64], u_exile: Reals, u_place: Reals) -> NDArray[np.int64]:
    cumulative = np.cumsum(states.exile_hosts, axis=1)
    residence = origin.copy()
    for i in range(states.count):
        away = np.flatnonzero((origin == i) & (u_exile < states.exile_share[i]))
        place = np.searchsorted(cumulative[i], u_place[away] * cumulative[i, -1], side="right")
        residence[away] = np.minimum(place, states.count - 1)
    return residence


def _hosts(spec: PeopleSpec, states: StateTable, origin: NDArray[np.int64], ids: Keys, draws: Draws) -> NDArray[np.int64]:
    hosts = np.full((ids.size, 4), -1, np.int64)
    at_home = draws.uniform("person:home", ids) < states.home_service[origin]
    hosts[at_home, 0] = origin[at_home]
    several = np.floor(draws.uniform("person:platforms", ids) * spec.platforms_most).astype(np.int64) + 1
    jurisdictions = np.flatnonzero(states.host_share.sum(axis=0) > 0)
    with np.errstate(divide="ignore"):
        appeal = np.log(states.host_share[:, jurisdictions])[origin]
    appeal += draws.gumbel("person:host", ids[:, None], states.keys[jurisdictions][None, :])
    best = np.argsort(-appeal, axis=1, kind="stable")[:, :3]
    for slot in range(min(3, jurisdictions.size)):
        chosen = best[:, slot]
        won = (several > slot) & np.isfinite(np.take_along_axis(appeal, chosen[:, None], axis=1)[:, 0])
        hosts[won, slot + 1] = jurisdictions[chosen[won]]
    return hosts
