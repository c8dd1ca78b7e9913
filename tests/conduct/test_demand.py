"""Where the data of a wish lie: an exile's state is a place to ask, unless it is the one that asks."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincinv, ndtri

from sim.compiled import loop
from sim.conduct.demand import (
    Counts,
    Desk,
    _pick,
    _put_in_order,
    case_counts,
    cases_of,
    demand_of,
    empty_desk,
    frailties,
    latent_cases,
    usual,
)
from sim.draws import Draws, absorb, name_key, name_keys, opened
from sim.world.cases import RESIDENCE_SLOT, Cases, empty_cases
from sim.world.snapshot import World
from sim.world.spec import DemandSpec
from sim.world.vocabulary import DAYS_PER_MONTH, GROUPS, TRAFFIC
from tests.worlds import bare_world, made_up


@cache
def wished() -> tuple[World, Cases]:
    """Wishes of ten years in a world in which abuse, and wishes about people of other states, are common."""
    config = made_up("demand.abusive_odds=0.5", "demand.foreign_share=0.5", "demand.abusive_most=2.0")
    world = bare_world(config)
    return world, latent_cases(world, config.demand, Draws(3), 120)


def told_plainly(world: World, counts: Counts, draws: Draws) -> list[tuple[float, int, int, int]]:
    """Day, id, requester and cell of every wish, in order, from the definitions of their keys alone."""
    cells = np.concatenate([world.offences.keys, name_keys(GROUPS)])
    found = []
    for t, i, cell in np.argwhere(counts):
        for ordinal in range(counts[t, i, cell]):
            luck = key_of(draws, "cases", world.states.keys[i], cells[cell], t, ordinal)
            found.append(((t + draws.uniform("day", luck).item()) * DAYS_PER_MONTH, luck, int(i), int(cell)))
    return sorted(found)


def key_of(draws: Draws, purpose: str, *keys: np.integer | int) -> int:
    """The hash of some keys, of which uniforms show the upper bits alone."""
    h = opened(draws.root, name_key(purpose))
    for key in keys:
        h = absorb(np.uint64(h), np.uint64(key))
    return int(h) & (2**63 - 1)


@pytest.mark.parametrize("months", [1, 5])
def test_cases_are_as_many_as_their_poisson_counts_and_in_order_of_day_and_id(months: int) -> None:
    config = made_up("demand.abusive_odds=0.5", "demand.abusive_most=2.0")
    world, draws = bare_world(config), Draws(3)
    counts = case_counts(demand_of(world, config.demand), draws, months)
    cases = latent_cases(world, config.demand, draws, months)
    offences = len(world.offences.names)
    cell = np.where(cases.abusive, offences + cases.group.astype(int), cases.conduct)
    columns = (cases.day.tolist(), cases.id.tolist(), cases.requester.tolist(), cell.tolist())
    assert list(zip(*columns, strict=True)) == told_plainly(world, counts, draws)
    assert cases.month.tolist() == [int(day // DAYS_PER_MONTH) for day in columns[0]]


@pytest.mark.parametrize("edges", [(0, 12, 24, 31), (0, 5, 6, 31), (0, 1, 13, 31)])
def test_cases_drawn_part_by_part_are_those_drawn_at_once(edges: tuple[int, ...]) -> None:
    config = made_up("demand.abusive_odds=0.5", "demand.abusive_most=2.0", "demand.frailty_shape=2.0")
    demand, draws = demand_of(bare_world(config), config.demand), Draws(3)
    parts = [cases_of(demand, draws, first, stop) for first, stop in pairwise(edges)]
    whole = cases_of(demand, draws, 0, edges[-1])
    assert whole.id.size > 300
    for name, column in whole._asdict().items():
        assert np.array_equal(column, np.concatenate([getattr(part, name) for part in parts])), name


def busy_as_told(keys: NDArray[np.uint64], spec: DemandSpec, draws: Draws, halves: int) -> NDArray[np.float64]:
    """Frailties by half-year and state, one after the other as the docstring has it."""
    normal, level = NormalDist(), np.zeros(keys.size)
    rows = []
    for half in range(halves):
        new = draws.normal("frailty", keys, half)
        level = spec.persistence * level + sqrt(1 - spec.persistence**2) * new if half else new
        rows.append([gammaincinv(spec.frailty_shape, normal.cdf(z)) / spec.frailty_shape for z in level])
    return np.array(rows)


@pytest.mark.parametrize("persistence", [0.0, 0.87])
def test_frailty_is_a_gamma_in_every_half_year_and_keeps_its_share(persistence: float) -> None:
    """Mean one and variance 1/shape at any time; the normal quantiles behind it follow each other at the persistence."""
    config = made_up("demand.frailty_shape=4.0", f"demand.persistence={persistence}")
    demand = demand_of(bare_world(config), config.demand)
    busy = np.stack([frailties(demand, Draws(seed), 6) for seed in range(400)])  # [400, 6, N]
    behind = ndtri(gammainc(4.0, 4.0 * busy))
    count = busy[:, 0].size
    assert busy.mean(axis=(0, 2)) == pytest.approx(np.ones(6), abs=5 * 0.5 / np.sqrt(count))
    assert behind.std(axis=(0, 2)) == pytest.approx(np.ones(6), abs=5 / np.sqrt(2 * count))
    for gap in (1, 3):
        found = np.corrcoef(behind[:, 0].ravel(), behind[:, gap].ravel())[0, 1]
        assert found == pytest.approx(persistence**gap, abs=5 / np.sqrt(count))


def test_what_is_usual_is_the_mean_of_all_half_years() -> None:
    """Hours of officers are set for it: a busy half-year lasts beyond the period of calibration."""
    config = made_up("demand.frailty_shape=0.5")
    demand = demand_of(bare_world(config), config.demand)
    counts = case_counts(usual(demand), Draws(2), 600)[:, :, : demand.offences]
    mean = demand.legitimate * 600
    assert (np.abs(counts.sum(axis=0) - mean) <= 5 * np.sqrt(mean) + 1e-9).all()


def test_counts_are_poisson_of_their_means_and_none_where_nothing_is_wanted() -> None:
    config = made_up("demand.abusive_odds=0.5")
    world, draws, spec = bare_world(config), Draws(8), config.demand
    counts = case_counts(demand_of(world, spec), draws, 13)
    states, offences = world.states, world.offences
    rows = np.diff(world.people.cell_start).reshape(states.count, -1)
    months = np.arange(13)[:, None, None]
    busy = busy_as_told(states.keys, spec, draws, 3)[np.arange(13) // 6]
    legitimate = busy[:, :, None] * (states.demand[:, None] * offences.demand_share * ~np.isnan(states.penalties))
    told = (
        draws.poisson(legitimate, "cases", states.keys[:, None], offences.keys, months),
        draws.poisson(states.pursuit * (rows > 0), "cases", states.keys[:, None], name_keys(GROUPS), months),
    )
    assert np.array_equal(counts, np.concatenate(told, axis=2))


def test_what_luck_picks_is_the_first_whose_running_sum_exceeds_it() -> None:
    shares = Draws(5).uniform("shares", np.arange(40)) * (np.arange(40) % 3 > 0)
    running = np.cumsum(shares / shares.sum())
    for u in (0.0, *running, *(running - 2.0**-53), *Draws(6).uniform("luck", np.arange(200)), 1 - 2.0**-53):
        over = np.flatnonzero(running > u)
        assert _pick(running, u) == (over[0] if over.size else running.size - 1)


def test_wishes_of_one_day_are_in_order_of_id() -> None:
    """Luck almost never gives two wishes one day: here they are laid on the desk so."""
    desk, out = empty_desk(6), empty_cases(6)
    desk.id[:] = [9, 4, 7, 1, 8, 2]
    desk.luck[:] = [0.5, 0.5, 0.1, 0.99, 0.5, 0.1]
    desk.unsorted_requester[:], desk.unsorted_cell[:] = np.arange(6), np.arange(6) + 10
    _lay(desk, out)
    assert out.id.tolist() == [2, 7, 4, 8, 9, 1]
    assert desk.requester.tolist() == [5, 2, 1, 4, 0, 3]
    assert desk.cell.tolist() == [15, 12, 11, 14, 10, 13]
    assert np.array_equal(out.day, (3 + np.array([0.1, 0.1, 0.5, 0.5, 0.5, 0.99])) * DAYS_PER_MONTH)


@loop
def _lay(desk: Desk, out: Cases) -> None:
    _put_in_order(3, 6, 0, desk, out)


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
