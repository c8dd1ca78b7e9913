"""Where the data of a wish lie: an exile's state is a place to ask, unless it is the one that asks."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from sim.conduct.demand import latent_cases
from sim.draws import Draws
from sim.world.cases import RESIDENCE_SLOT, Cases
from sim.world.snapshot import World
from sim.world.vocabulary import TRAFFIC
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


def marked(**spec: float) -> tuple[World, Cases]:
    """The same wishes, where these numbers say who wants what is to come."""
    config = made_up("demand.abusive_odds=0.5", "demand.abusive_most=2.0", "demand.secret_share=0.3")
    demand = config.demand.model_copy(update=spec)
    world = bare_world(config)
    return world, latent_cases(world, demand, Draws(3), 120)


def test_what_is_to_come_is_wanted_by_the_chance_of_the_requesters_repression() -> None:
    spec = {"realtime_share": 0.2, "realtime_slope": 0.8, "realtime_most": 0.45}
    world, cases = marked(**spec)
    chance = np.minimum(0.2 * np.exp(0.8 * world.states.repression), 0.45)
    assert np.unique(chance).size > 3
    assert chance.max() == 0.45
    open_to_it = cases.wanted >= TRAFFIC
    assert not cases.realtime[~open_to_it].any()
    for purpose in (cases.abusive, ~cases.abusive):
        for i in range(world.states.count):
            mine = purpose & open_to_it & (cases.requester == i)
            spread = np.sqrt(mine.sum() * chance[i] * (1 - chance[i]))
            assert abs(cases.realtime[mine].sum() - mine.sum() * chance[i]) < 4 * max(spread, 1.0), world.states.codes[i]


def test_whoever_is_listened_to_is_not_told_and_nothing_else_is_another_wish() -> None:
    """With nobody marked the wishes are those of a demand that knows no mark."""
    _, none = marked(realtime_share=0.0)
    _, some = marked(realtime_share=0.3, realtime_most=0.6)
    assert not none.realtime.any()
    assert some.realtime.sum() > 200
    assert some.secret[some.realtime].all()
    assert not none.secret[some.realtime].all()
    assert np.array_equal(none.secret[~some.realtime], some.secret[~some.realtime])
    for name in set(none._fields) - {"realtime", "secret"}:
        assert np.array_equal(getattr(none, name), getattr(some, name)), name


def test_the_chance_never_falls_with_repression_or_with_the_share() -> None:
    marks = [marked(realtime_share=share, realtime_most=1.0)[1].realtime for share in (0.05, 0.2, 0.5)]
    for fewer, more in pairwise(marks):
        assert not (fewer & ~more).any()
        assert more.sum() > fewer.sum()
