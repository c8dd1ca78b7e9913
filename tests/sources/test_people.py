"""The cohort is what its rules say, told once more person by person in plain Python."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import ceil, floor, log

import numpy as np
import pytest

from sim.arrays import Ints
from sim.draws import Draws
from sim.sources.people import hosts_of, people_table, weights_of
from sim.world.people import PeopleTable
from sim.world.snapshot import World
from sim.world.states import StateTable
from tests.worlds import bare_world, made_up

FLOOR = 2.0**-54  # what a logarithm reads for a uniform of zero


@pytest.fixture(scope="module")
def world() -> World:
    return bare_world(made_up())


def race(states: StateTable, person: np.uint64, origin: int, draws: Draws) -> list[int]:
    """Every state that hosts people of an origin, in the order of the Gumbel race for one of them."""
    luck = draws.uniform("person:host", person, states.keys)
    appeal = {
        host: log(weight) - log(-log(max(u, FLOOR)))
        for host, (weight, u) in enumerate(zip(states.host_share[origin], luck, strict=True))
        if weight > 0
    }
    return sorted(appeal, key=lambda host: -appeal[host])


def told_hosts(states: StateTable, people: PeopleTable, draws: Draws, most: int) -> Ints:
    out = np.full((people.count, 4), -1, np.int64)
    for p in range(people.count):
        origin = int(people.origin[p])
        if draws.uniform("person:home", people.ids[p]) < states.home_service[origin]:
            out[p, 0] = origin
        several = floor(float(draws.uniform("person:platforms", people.ids[p])) * most) + 1
        won = race(states, people.ids[p], origin, draws)[:several]
        out[p, 1 : 1 + len(won)] = won
    return out


@pytest.mark.parametrize("most", [1, 3])
def test_the_platforms_of_people_are_those_of_the_race_as_it_is_told(world: World, most: int) -> None:
    spec = made_up().people.model_copy(update={"rows": 600, "platforms_most": most})
    people = people_table(spec, world.states, Draws(1))
    assert np.array_equal(people.hosts, told_hosts(world.states, people, Draws(1), most))
    assert (people.hosts[:, 1] >= 0).all()


def test_the_smallest_weights_run_the_same_race(world: World) -> None:
    """A wait over a weight that is subnormal overflows; over the lifted weight it does not."""
    shares = np.zeros_like(world.states.host_share)
    shares[:, :5] = (3e-324, 1e-323, 4e-310, 0.0, 1e-308)
    states, people = replace(world.states, host_share=shares), world.people
    few = PeopleTable(
        **{name: value[:300] for name, value in vars(people).items() if name != "cell_start"}, cell_start=people.cell_start
    )
    made = hosts_of(made_up().people, states, few.origin, few.ids, Draws(1))
    assert np.array_equal(made, told_hosts(states, few, Draws(1), 3))
    assert set(np.unique(made[:, 1:])) == {-1, 0, 1, 2, 4}


def test_people_in_exile_live_where_running_shares_place_them(world: World) -> None:
    states, people, draws = world.states, world.people, Draws(1)
    away = draws.uniform("person:exile", people.ids) < states.exile_share[people.origin]
    assert away.any()
    for p in np.flatnonzero(away)[:200]:
        running = np.cumsum(states.exile_hosts[people.origin[p]])
        aim = float(draws.uniform("person:residence", people.ids[p])) * running[-1]
        place = next((row for row, share in enumerate(running) if share > aim), states.count - 1)
        assert people.residence[p] == place
    assert np.array_equal(people.residence[~away], people.origin[~away])


@pytest.mark.parametrize("certainty", [0.0, 0.2, 1.0])
def test_the_most_visible_of_a_cell_stand_for_themselves_of_equals_the_first(certainty: float) -> None:
    cell_start, people = np.array([0, 0, 6, 7, 12]), np.array([0.0, 50.5, 9.0, 5.9])
    visibility = np.array([2.0, 3.0, 2.0, 2.0, 1.0, 3.0, 1.0, 5.0, 5.0, 4.0, 4.0, 4.0])
    told = np.ones(12)
    for cell, (first, last) in enumerate(pairwise(cell_start)):
        size, whole = int(last - first), floor(people[cell])
        certain = size if size == whole else min(ceil(certainty * size), max(size - 1, 0))
        ranked = sorted(range(first, last), key=lambda p: -visibility[p])  # stable
        told[ranked[certain:]] = (whole - certain) / max(size - certain, 1)
    assert np.array_equal(weights_of(visibility, cell_start, people, certainty), told)


def test_people_out_of_order_are_refused(world: World) -> None:
    people = world.people
    for name in ("ids", "group", "origin"):
        column = getattr(people, name).copy()
        a, b = (0, 1) if name == "ids" else (int(people.cell_start[1]) - 1, int(people.cell_start[1]))
        if name == "origin":
            a, b = (int(np.flatnonzero(np.diff(people.origin))[0]) + k for k in (0, 1))
        column[[a, b]] = column[[b, a]]
        with pytest.raises(ValueError, match="in order of origin, group and id"):
            replace(people, **{name: column})
