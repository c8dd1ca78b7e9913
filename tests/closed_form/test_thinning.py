"""Where nothing is refused, disclosures are thinned Poisson counts with rates that can be worked out by hand (model.md 7.2)."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.arrays import Reals
from sim.draws import Draws
from sim.metrics import Finished
from sim.run import Run
from sim.settings import Config
from sim.world.snapshot import World
from sim.world.vocabulary import DETERRED, DOMESTIC, GROUPS, NOT_LIVE
from tests.worlds import NOTHING_EXPIRES, bare_world, cohort, ended, made_up, started

LEAST_P = 1e-4
MONTHS = 72  # of the small world: run-in, window, run-out
OPEN_DOORS = NOTHING_EXPIRES | {"delay_log": -20.0, "delay_spread": 0.0}  # executed at once
PLAIN = (
    *("review.load=false", "demand.foreign_share=0", "states.hosting.home_default=0.1"),
    *("conduct.direct_share=0", "conduct.police_share=0", "conduct.spontaneous_most=0"),
    *("people.per_million.woman=100", "people.per_million.lawyer=100", "people.per_million.whistleblower=100"),
)


def plain(*overrides: str) -> Config:
    return made_up(*PLAIN, "conduct.file_everything=true", *overrides)


@lru_cache(maxsize=2)
def world_at_rates(low: float = 0.2, high: float = 2.0) -> World:
    """The small world with pursuit set by hand, every conduct a crime everywhere, and whole-numbered weights."""
    world = bare_world(plain())
    pursuit = np.linspace(low, high, world.states.count * len(GROUPS)).reshape(world.states.count, len(GROUPS))
    penalties = np.nan_to_num(world.states.penalties, nan=5.0)
    people = world.people
    weight = np.ceil(people.weight)
    omega = weight * people.visibility * people.expression
    cumulative = np.concatenate([np.cumsum(omega[a:b]) for a, b in zip(people.cell_start, people.cell_start[1:], strict=False)])
    states = replace(world.states, pursuit=pursuit, penalties=penalties, demand=np.full(world.states.count, 0.5))
    return replace(world, states=states, people=replace(people, weight=weight, cumulative=cumulative))


def unrefused(world: World, seed: int, config: Config | None = None, **replaced: dict[str, Any]) -> Run:
    """A run in which every safeguard is absent and nothing expires."""
    settings = plain() if config is None else config
    probe = started(settings, world, seed)
    applies = np.zeros_like(probe.rules.reading.applies)
    return started(settings, world, seed, reading={"applies": applies}, practice=OPEN_DOORS, **replaced)


def disclosed(run: Finished) -> NDArray[np.int64]:
    """Case rows of abusive disclosures, one a case."""
    rows = run.docket.case[run.docket.granted >= 0]
    rows = rows[run.cases.abusive[rows]]
    assert np.unique(rows).size == rows.size
    return rows


def abroad(world: World) -> Reals:
    """Share of each (state, group)'s wishes whose person has no service at home, ``[N, G]``."""
    people = world.people
    omega = people.weight * people.visibility * people.expression
    away = ~(people.hosts == people.origin[:, None]).any(axis=1)
    shape = (world.states.count, len(GROUPS))
    total, outside = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (people.origin, people.group), omega)
    np.add.at(outside, (people.origin, people.group), omega * away)
    return outside / total


def counts(run: Finished, rows: NDArray[np.int64]) -> Reals:
    shape = (run.world.states.count, len(GROUPS))
    out = np.zeros(shape)
    np.add.at(out, (run.cases.requester[rows], run.cases.group[rows]), 1.0)
    return out


def agree(seen: Reals, expected: Reals) -> None:
    """Counts against Poisson means: neither too far nor too near, cell by cell and in all."""
    chi2 = float(((seen - expected) ** 2 / expected).sum())
    p = stats.chi2.sf(chi2, seen.size)
    assert LEAST_P < p < 1 - LEAST_P, (chi2, seen.size)
    assert abs(seen.sum() - expected.sum()) < 4.5 * np.sqrt(expected.sum())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_disclosures_are_poisson_at_the_rate_worked_out_by_hand(seed: int) -> None:
    world = world_at_rates()
    run = ended(unrefused(world, seed))
    share = abroad(world)
    assert 0 < share[:3].mean() < 0.6, "the hosts themselves have much evidence at home"
    assert 0.8 < share[3:].mean() < 1
    agree(counts(run, disclosed(run)), MONTHS * world.states.pursuit * share)


def test_counts_of_months_are_as_scattered_as_poisson_counts() -> None:
    """Overdispersion would show in the sum of (n - mean)^2 / mean over months and cells; abusive wishes have no frailty."""
    world = world_at_rates()
    run = ended(unrefused(world, 4))
    rows = disclosed(run)
    by_month = np.zeros((MONTHS, world.states.count, len(GROUPS)))
    np.add.at(by_month, (run.cases.month[rows], run.cases.requester[rows], run.cases.group[rows]), 1.0)
    mean = world.states.pursuit * abroad(world)
    chi2 = float(((by_month - mean) ** 2 / mean).sum())
    # variance of (n - m)^2 / m is 2 + 1/m for a Poisson count
    z = (chi2 - by_month.size) / np.sqrt(MONTHS * (2 + 1 / mean).sum())
    assert abs(z) < 4.5


def test_legitimate_needs_share_a_frailty_with_mean_one() -> None:
    """Counts of a state and half-year are negative binomial: variance mean + mean^2 / shape."""
    config = plain("demand.frailty_shape=4")
    world = world_at_rates()
    world = replace(world, states=replace(world.states, demand=np.full(world.states.count, 20.0), pursuit=world.states.pursuit * 0))
    cases = np.concatenate(
        [
            np.histogram2d(run.cases.requester, run.cases.month // 6, [np.arange(13), np.arange(13)])[0].ravel()
            for run in (started(config, world, seed) for seed in range(1, 9))
        ]
    )
    mean = 20.0 * 6
    variance = mean + mean**2 / 4
    assert abs(cases.mean() - mean) < 4.5 * np.sqrt(variance / cases.size)
    # a gamma-Poisson of shape 4 has an excess kurtosis near 6/4: the sample variance is that much less certain
    assert abs(cases.var() / variance - 1) < 4.5 * np.sqrt((2 + 1.6) / cases.size)


@pytest.mark.parametrize("propensity", [0.15, 0.6])
def test_filing_propensity_thins_by_itself_and_keeps_who_is_left(propensity: float) -> None:
    world = world_at_rates()
    config = made_up(*PLAIN)
    filing = np.full(len(config.instruments), propensity)
    some = ended(unrefused(world, 1, config, law={"filing": filing}))
    everything = ended(unrefused(world, 1))
    agree(counts(some, disclosed(some)), MONTHS * propensity * world.states.pursuit * abroad(world))
    wished = np.flatnonzero(everything.case_status != DOMESTIC)
    luck = Draws(1).uniform("file", some.cases.id)
    assert set(disclosed(some)) == set(disclosed(everything)) & set(wished[luck[wished] < propensity])
    assert np.array_equal(some.case_status == DETERRED, (everything.case_status != DOMESTIC) & (luck >= propensity))


def test_a_better_instrument_adds_filings_and_takes_none_away() -> None:
    world, config = world_at_rates(), made_up(*PLAIN)
    texts = len(config.instruments)
    few, more = (ended(unrefused(world, 1, config, law={"filing": np.full(texts, share)})) for share in (0.3, 0.8))
    assert set(disclosed(few)) < set(disclosed(more))


def test_appetite_multiplies_the_propensity_of_the_instrument() -> None:
    world, config = world_at_rates(), made_up(*PLAIN, "conduct.appetite=0.5")
    run = ended(unrefused(world, 1, config, law={"filing": np.full(len(config.instruments), 0.6)}))
    luck = Draws(1).uniform("file", run.cases.id)
    assert np.array_equal(run.case_status == DETERRED, (run.case_status != DOMESTIC) & (luck >= 0.3))


def test_whoever_says_less_is_thinned_to_what_is_still_said() -> None:
    """A case is live iff its uniform lies under current over baseline expression: exact per case, others untouched."""
    world = world_at_rates()
    before = ended(unrefused(world, 2))
    run = unrefused(world, 2)
    quiet = np.arange(world.people.count) % 2 == 0
    run.expression[:] = np.where(quiet, 0.3, 1.0)
    after = ended(run)
    luck = Draws(2).uniform("live", after.cases.id)
    silenced = after.cases.abusive & (luck >= 0.3) & quiet[np.maximum(after.cases.person, 0)]
    assert set(disclosed(after)) == set(disclosed(before)) - set(np.flatnonzero(silenced))
    assert np.array_equal(after.case_status == NOT_LIVE, silenced & (before.case_status != DOMESTIC))
    rows = disclosed(before)
    agrees = stats.binomtest(
        int((~silenced[rows])[quiet[before.cases.person[rows]]].sum()), int(quiet[before.cases.person[rows]].sum()), 0.3
    )
    assert agrees.pvalue > LEAST_P


def test_the_silence_of_a_person_at_risk_never_touches_an_ordinary_need() -> None:
    world = world_at_rates()
    run = unrefused(world, 2)
    run.expression[:] = 0.0
    finished = ended(run)
    assert disclosed(finished).size == 0
    assert ((finished.case_status == NOT_LIVE) <= finished.cases.abusive).all()
    assert (finished.docket.granted >= 0).sum() > 100


def distinct(run: Finished) -> int:
    rows = disclosed(run)
    return len(set(zip(run.cases.person[rows].tolist(), run.cases.member[rows].tolist(), strict=True)))


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_distinct_people_are_as_many_as_the_formula_says(group: int) -> None:
    """Each of a row's w people is hit at rate Lambda omega / (w sum omega): sum of w (1 - exp(-that T)), by independence."""
    world = world_at_rates(2.0, 12.0)
    run = ended(unrefused(world, 1))
    people = world.people
    omega = people.weight * people.visibility * people.expression
    cell = people.origin * len(GROUPS) + people.group
    total = np.bincount(cell, omega, minlength=world.states.count * len(GROUPS))
    rate = world.states.pursuit[people.origin, people.group] * MONTHS * omega / (people.weight * total[cell])
    hit = -np.expm1(-rate) * ~(people.hosts == people.origin[:, None]).any(axis=1)
    mine = people.group == group
    mean = (people.weight * hit)[mine].sum()
    spread = np.sqrt((people.weight * hit * (1 - hit))[mine].sum())
    rows = disclosed(run)
    rows = rows[run.cases.group[rows] == group]
    seen = len(set(zip(run.cases.person[rows].tolist(), run.cases.member[rows].tolist(), strict=True)))
    assert mean < 0.9 * rows.size, "many must be hit twice, or the formula is not tried"
    assert abs(seen - mean) < 4.5 * spread, (seen, mean, spread)


@pytest.mark.parametrize("weight", [1, 10, 100])
@pytest.mark.parametrize("seed", [1, 2])
def test_how_many_people_a_row_stands_for_does_not_move_the_number_of_people(weight: int, seed: int) -> None:
    """Ten thousand equal people as 10 000, 1 000 or 100 rows: 10 000 (1 - exp(-T Lambda / 10 000)) distinct ones each time."""
    people_count, rate = 10_000, 200.0
    config = plain()
    world = bare_world(config)
    rows = people_count // weight
    ones = np.ones(rows)
    people = cohort(world, {(5, 1): {"visibility": ones, "expression": ones, "weight": weight * ones}})
    pursuit = np.zeros((world.states.count, len(GROUPS)))
    pursuit[5, 1] = rate
    states = replace(
        world.states, pursuit=pursuit, demand=np.zeros(world.states.count), penalties=np.nan_to_num(world.states.penalties, nan=5.0)
    )
    run = ended(unrefused(replace(world, states=states, people=people), seed, config))
    hit = -np.expm1(-MONTHS * rate / people_count)
    spread = np.sqrt(people_count * hit * (1 - hit))
    assert abs(distinct(run) - people_count * hit) < 4.5 * spread


def test_a_person_is_drawn_by_weight_times_visibility_times_expression() -> None:
    config = plain()
    world = bare_world(config)
    cell = {"visibility": [1, 2, 4, 1], "expression": [1, 0.5, 0.25, 1], "weight": [1, 1, 2, 6]}  # omega 1, 1, 2, 6
    pursuit = np.zeros((world.states.count, len(GROUPS)))
    pursuit[5, 1] = 200.0
    world = replace(world, states=replace(world.states, pursuit=pursuit), people=cohort(world, {(5, 1): cell}))
    cases = started(config, world, 9).cases
    cases = type(cases)(*(column[cases.abusive] for column in cases))
    assert stats.chisquare(np.bincount(cases.person), cases.id.size * np.array([0.1, 0.1, 0.2, 0.6])).pvalue > LEAST_P
    of_six = cases.member[cases.person == 3]
    assert stats.chisquare(np.bincount(of_six, minlength=6)).pvalue > LEAST_P
    assert of_six.max() == 5


def test_denominators_do_not_move_with_what_is_done() -> None:
    """Latent cases know no scenario: the same ids, days and people whatever the texts say and whoever keeps silent."""
    world = world_at_rates()
    runs = [ended(unrefused(world, 1)), ended(started(made_up(*PLAIN, "scenario=no_treaty"), world, 1))]
    for one, other in zip(runs[0].cases, runs[1].cases, strict=True):
        assert np.array_equal(one, other)
