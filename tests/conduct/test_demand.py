"""Where the data of a wish lie: an exile's state is a place to ask, unless it is the one that asks."""

from __future__ import annotations

from functools import cache

import numpy as np

from sim.conduct.demand import latent_cases
from sim.draws import Draws
from sim.world.cases import RESIDENCE_SLOT, Cases
from sim.world.snapshot import World
from tests.worlds import bare_world, made_up


@cache
def wished() -> tuple[World, Cases]:
    """Wishes of ten years in a world in which abuse, and wishes about people of other states, are common."""
    config = made_up("demand.abusive_odds=0.5", "demand.foreign_share=0.5", "demand.abusive_most=2.0")
    world = bare_world(config)
    return world, latent_cases(world, config.demand, Draws(3), 120)


def test_no_state_is_asked_by_itself_as_the_place_where_a_person_lives() -> None:
    world, cases = wished()
    people, about, lives = world.people, cases.person, cases.hosts[:, RESIDENCE_SLOT]
    assert (lives >= 0).sum() > 100
    assert not (lives == cases.requester).any()
    own = people.origin[about] == cases.requester
    at_home = (
        cases.abusive & ~own & (people.residence[about] == cases.requester) & (people.residence[about] != people.origin[about])
    )
    assert at_home.sum() > 5, "some are pursued by the state in which they live as exiles"
    assert (lives[at_home] == -1).all()


def test_an_exile_s_state_is_a_place_to_ask_and_a_resident_s_is_not() -> None:
    world, cases = wished()
    people, rows = world.people, np.flatnonzero(cases.abusive)
    about, asked = cases.person[rows], cases.hosts[rows, RESIDENCE_SLOT]
    origin, lives = people.origin[about], people.residence[about]
    exile = (lives != origin) & (lives != cases.requester[rows])
    assert exile.sum() > 100
    assert np.array_equal(asked, np.where(exile, lives, -1))
    assert np.array_equal(cases.hosts[rows, :RESIDENCE_SLOT], people.hosts[about][:, :RESIDENCE_SLOT])
