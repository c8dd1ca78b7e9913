"""Whose load authorities have hours for: nothing that a comparison varies enters the calibration of what it holds fixed."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from sim.arrays import Reals
from sim.conduct.demand import cases_of, demand_of, usual
from sim.config import load, options
from sim.draws import Draws
from sim.month import advance, begin
from sim.rules import Rules, rules_of
from sim.run import Run
from sim.settings import Config
from sim.simulation import prepare, simulate, world_of
from sim.world.snapshot import World
from tests.worlds import made_up

SEED = 3
FOLLOWS = "review.capacity=follows"
SCENARIOS = ("no_treaty", "capacity", "reform_bundle", "adaptive", "second_protocol", "universal", "penalty_inflation", "spyware")
LEVERS = (
    *(f"scenario={name}" for name in SCENARIOS),
    "reforms=everywhere scenario=judge",
    "conduct=adaptive",
    "conduct.attempts=3",
    "conduct.retry_days=1",
    "conduct.fall_through=false",
    "conduct.legal_basis=requester_choice",
    "conduct.file_everything=true",
    "conduct.spyware=1",
    "instruments.budapest.safeguards.judge=must",
    "instruments.mlat.threshold_years=8",
    "instruments.mlat.side_doors.emergency=false",
    "+instruments.comity.safeguards.person=must",
    "safeguards.panel.binding=true",
    "adaptation.members.joining=true",
)


def old_recipe(config: Config, world: World, rules: Rules) -> Reals:
    """Mean monthly load of a calibration period, step by step as it always was."""
    draws = Draws(world.seed).derived("calibration")
    cases = cases_of(usual(demand_of(world, config.demand)), draws, 0, config.calibration_months)
    run = begin(config, world, rules, cases, draws, config.calibration_months)
    while run.month < run.months:
        advance(run)
    return np.asarray(run.queue.spent.mean(axis=0))


def utilisation(config: Config, world: World) -> Reals:
    low, high = config.review.utilisation_low, config.review.utilisation_high
    return np.asarray(low + (high - low) * Draws(world.seed).uniform("fact:utilisation", world.states.keys))


@cache
def at_opening(*overrides: str) -> tuple[bytes, ...]:
    """Every table of a run on the day on which the window opens."""
    run = prepare(made_up(*overrides), SEED)
    while run.month < run.config.run_in_months:
        advance(run)
    return tables(run)


def tables(run: Run) -> tuple[bytes, ...]:
    used, months = int(run.docket.used[0]), run.config.run_in_months
    docket = [getattr(run.docket, name)[:used] for name in run.docket._fields[1:]]
    by_month = [getattr(run.queue, name)[:months] for name in ("waiting", "parked", "backlog", "effort", "spent")]
    book = [run.book.status, run.book.attempts, run.queue.debt, run.hours[:months], run.expression]
    return tuple(np.ascontiguousarray(table).tobytes() for table in (*docket, *by_month, *book))


# --- before -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", options("scenario"))
def test_the_hours_of_a_world_are_the_same_in_every_scenario(name: str) -> None:
    config = made_up(f"scenario={name}")
    assert config.world_digest() == made_up().world_digest()
    run = prepare(config, SEED)
    assert np.array_equal(run.world.capacity, world_of(made_up(), SEED).capacity)
    assert config.review.capacity == "before"
    if "capacity" not in name:  # training comes on top
        assert np.array_equal(run.rules.capacity, run.world.capacity)


def test_hours_are_the_load_under_the_law_of_the_run_in_throughout() -> None:
    """By hand: the reference where no treaty has a party at all."""
    config = made_up()
    world = world_of(config, SEED)
    hours = old_recipe(config, world, rules_of(made_up("scenario=no_treaty").policy, world, loaded=False, treaty_from=0))
    assert np.array_equal(world.capacity, np.maximum(hours / utilisation(config, world), config.review.capacity_floor))
    assert (world.capacity > config.review.capacity_floor).sum() >= 3


def test_as_adopted_gives_the_former_hours() -> None:
    config = made_up("review.capacity=as_adopted")
    world = world_of(config, SEED)
    hours = old_recipe(config, world, rules_of(config.reference, world, loaded=False, treaty_from=0))
    assert np.array_equal(world.capacity, np.maximum(hours / utilisation(config, world), config.review.capacity_floor))
    assert world.capacity.sum() > world_of(made_up(), SEED).capacity.sum()


def test_a_treaty_that_is_not_there_costs_and_brings_no_officer_whatever_the_setting() -> None:
    none = [prepare(made_up("scenario=no_treaty", f"review.capacity={way}"), SEED).rules.capacity for way in ("before", "follows")]
    assert np.array_equal(*none)


# --- follows ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["as_adopted", *SCENARIOS])
def test_hours_that_follow_are_busy_as_drawn_wherever_the_floor_does_not_bind(name: str) -> None:
    config = made_up(f"scenario={name}", FOLLOWS)
    run = prepare(config, SEED)
    busy = old_recipe(config, run.world, rules_of(config.policy, run.world, loaded=False, treaty_from=0)) / run.rules.capacity
    free = run.rules.capacity > config.review.capacity_floor
    assert free.sum() >= 3
    assert busy[free] == pytest.approx(utilisation(config, run.world)[free], rel=1e-12)
    assert (busy[~free] <= utilisation(config, run.world)[~free] + 1e-12).all()


def test_training_is_in_the_load_that_hours_follow_and_not_multiplied_on_top() -> None:
    before, follow = (prepare(made_up("scenario=capacity", *more), SEED).rules for more in ((), (FOLLOWS,)))
    adopted = prepare(made_up(FOLLOWS), SEED).rules
    assert (before.capacity > world_of(made_up(), SEED).capacity).any()
    assert before.policy.safeguards["training"].hours_factor > 1.2  # type: ignore[union-attr]
    assert (follow.capacity / adopted.capacity).max() < 1.2, "what training adds to filing, and no half more of officers"


def test_hours_follow_the_parties_of_the_opening_day() -> None:
    """A text that still waits for its quorum brings no load, so no hours."""
    waits = prepare(made_up("adaptation.members.joining=true", "adaptation.members.hazard=0", FOLLOWS), SEED)
    assert waits.polity is not None
    assert not waits.polity.parties.any()
    assert np.array_equal(waits.rules.capacity, world_of(made_up(), SEED).capacity)


def test_hours_follow_a_text_from_the_day_on_which_it_begins_to_bind() -> None:
    """By hand: the load of the calibration period under the law of that day, over the utilisation drawn."""
    waits = ("adaptation.members.joining=true", "adaptation.members.hazard=1", "adaptation.members.quorum=9")
    run, plain = (prepare(made_up(*waits, *more), SEED) for more in ((FOLLOWS,), ()))
    assert run.polity is not None
    assert not run.polity.parties.any()
    while not run.polity.parties.any():
        before = run.rules.capacity
        advance(run)
        advance(plain)
    assert run.month < run.months - 2
    assert np.array_equal(before, run.world.capacity)
    config, utilised = run.config, utilisation(run.config, run.world)
    own = replace(run.rules, adaptation=config.reference.adaptation, loaded=False, treaty_from=0, run_in=None)
    by_hand = np.maximum(old_recipe(config, run.world, own) / utilised, config.review.capacity_floor)
    assert np.array_equal(run.rules.capacity, by_hand)
    assert run.rules.capacity.sum() > before.sum()
    advance(run)
    assert np.array_equal(run.hours[run.month - 1], by_hand)
    assert np.array_equal(plain.rules.capacity, plain.world.capacity)  # under `before` nobody hires
    hired = run.rules.capacity
    while run.month < run.months:
        advance(run)
    assert np.array_equal(run.rules.capacity, hired)  # once: who joins later brings work alone


def test_the_months_tell_hours_as_they_change_on_the_opening_day() -> None:
    result = simulate(made_up(FOLLOWS), SEED)
    hours = result.monthly.groupby("month")["capacity_hours"].sum()
    assert hours[hours.index < 0].nunique() == hours[hours.index >= 0].nunique() == 1
    assert hours[-1] < hours[0]
    backlog = result.monthly[result.monthly["month"].between(0, 23)].groupby("month")[["backlog_hours", "capacity_hours"]].sum()
    told = result.metrics.query("metric == 'backlog_months' and by == 'all'")["value"].item()
    assert told == pytest.approx((backlog["backlog_hours"] / backlog["capacity_hours"]).mean())


# --- levers ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lever", LEVERS)
@pytest.mark.parametrize("way", ["before", "follows"])
def test_no_lever_moves_a_month_of_the_run_in(lever: str, way: str) -> None:
    assert at_opening(*lever.split(), f"review.capacity={way}") == at_opening()


def test_a_fact_moves_the_run_in() -> None:
    assert at_opening("review.lapse_per_year=0.9") != at_opening()
    assert at_opening("conduct.appetite=0.5") != at_opening()


def test_a_text_of_the_scenario_s_own_binds_nobody_before_the_window() -> None:
    config = made_up()
    own = config.instruments["budapest"].model_copy(update={"order": 15, "from_start": True})
    scenario = config.model_copy(update={"instruments": {**config.instruments, "mine": own}})
    before = prepare(scenario, SEED).rules.run_in
    assert before is not None
    assert not before.law.before[before.names.index("mine")].any()
    assert load().review.capacity == "before"
