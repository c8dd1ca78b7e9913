"""Vary one thing on the real states, pair the luck, and ask for the sign that theory demands.

Every comparison is case by case: which latent cases gain an answer and which lose one. A direction holds if gains outnumber
losses (or the reverse) beyond what an even coin would do once in ten thousand times, over three paired seeds; over more where
few cases move.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import pytest
from scipy import stats

from sim.arrays import Flags
from sim.conduct.demand import latent_cases
from sim.config import load
from sim.draws import Draws
from sim.metrics import Finished
from sim.month import begin
from sim.rules import rules_of
from sim.settings import Config
from sim.simulation import world_of
from sim.world.cases import Cases
from sim.world.snapshot import World
from sim.world.vocabulary import DAYS_PER_MONTH, FOLLOW_UP_MONTHS, PRESERVATION
from tests.shares import one_in
from tests.worlds import NO_JUDGE_BY_OWN_LAW, ended

SMALL = ("people.rows=20000", "years=2", "demand.legitimate=1000", "demand.abusive_odds=0.05", "calibration_months=6")
UNLOADED = (*SMALL, "review.load=false")
SEEDS = (1, 2, 3)
LEAST_P = 1e-4


@lru_cache(maxsize=64)
def config_of(*overrides: str) -> Config:
    return load(*overrides)


@lru_cache(maxsize=len(SEEDS))
def world_of_seed(seed: int) -> World:
    """Facts and capacities as adopted: one world a seed, whatever the practice that a test varies."""
    return world_of(config_of(*SMALL), seed)


@lru_cache(maxsize=len(SEEDS))
def cases_of_seed(seed: int) -> Cases:
    config = config_of(*SMALL)
    return latent_cases(world_of_seed(seed), config.demand, Draws(seed), config.months)


def run_of(seed: int, *overrides: str, capacity: float = 1.0) -> Finished:
    config, world = config_of(*overrides), world_of_seed(seed)
    world = world.with_capacity(capacity * world.capacity)
    rules = rules_of(config.policy, world, config.review.load, config.run_in_months)
    return ended(begin(config, world, rules, cases_of_seed(seed), Draws(seed), config.months))


@lru_cache(maxsize=256)
def outcomes(seed: int, *overrides: str, capacity: float = 1.0) -> dict[str, Flags]:
    run = run_of(seed, *overrides, capacity=capacity)
    return {"abusive": abusive(run), "treaty": abusive(run, "hanoi"), "met": met(run)}


def abusive(run: Finished, instrument: str | None = None) -> Flags:
    """Which latent cases of the window end in the disclosure of a person at risk (through one text)."""
    docket = run.docket
    rows = (docket.granted >= 0) & (docket.channel != PRESERVATION) & run.cases.abusive[docket.case]
    if instrument is not None:
        rows &= docket.instrument == run.instruments.index(instrument)
    return _of_window(run, rows)


def met(run: Finished) -> Flags:
    """Which latent needs of the window are met within 24 months."""
    docket = run.docket
    waited = docket.executed_day - run.cases.day[docket.case]
    rows = (docket.granted >= 0) & ~run.cases.abusive[docket.case] & (waited <= FOLLOW_UP_MONTHS * DAYS_PER_MONTH)
    return _of_window(run, rows)


def _of_window(run: Finished, rows: Flags) -> Flags:
    hit = np.zeros(run.cases.id.size, bool)
    hit[run.docket.case[rows]] = True
    return hit & (run.cases.day >= run.opens) & (run.cases.day < run.closes)


def moved(
    outcome: str,
    before: tuple[str, ...],
    after: tuple[str, ...],
    capacity: tuple[float, float] = (1.0, 1.0),
    seeds: Iterable[int] = SEEDS,
) -> tuple[int, int]:
    """Cases that gain the outcome and cases that lose it, over all seeds; the cases themselves are the same ones."""
    gained = lost = 0
    for seed in seeds:
        first = outcomes(seed, *before, capacity=capacity[0])[outcome]
        then = outcomes(seed, *after, capacity=capacity[1])[outcome]
        gained += int((then & ~first).sum())
        lost += int((first & ~then).sum())
    return gained, lost


def rises(gained: int, lost: int) -> bool:
    return bool(gained + lost and stats.binomtest(gained, gained + lost, 0.5, alternative="greater").pvalue < LEAST_P)


def falls(gained: int, lost: int) -> bool:
    return rises(lost, gained)


# --- membership ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["abusive", "met"])
def test_the_treaty_raises_disclosures_of_people_at_risk_and_needs_met(outcome: str) -> None:
    assert rises(*moved(outcome, (*UNLOADED, "scenario=no_treaty"), UNLOADED))


def test_it_raises_disclosures_of_people_at_risk_where_authorities_are_loaded_too() -> None:
    """What it adds to needs met is taken by queues, so no sign is asked of these."""
    assert rises(*moved("abusive", (*SMALL, "scenario=no_treaty"), SMALL, seeds=range(1, 13)))


@pytest.mark.parametrize("outcome", ["treaty", "abusive", "met"])
def test_a_great_host_that_joins_raises_them_further(outcome: str) -> None:
    assert rises(*moved(outcome, UNLOADED, (*UNLOADED, "+instruments.hanoi.parties.extra.USA=true")))


@pytest.mark.parametrize("outcome", ["treaty", "abusive", "met"])
def test_a_great_host_that_leaves_lowers_them(outcome: str) -> None:
    assert falls(*moved(outcome, UNLOADED, (*UNLOADED, "+instruments.hanoi.parties.without.IRL=true")))


def test_nothing_goes_through_a_treaty_that_binds_nobody() -> None:
    for seed in SEEDS:
        found = outcomes(seed, *UNLOADED, "scenario=no_treaty")
        assert not found["treaty"].any()
        assert found["abusive"].any()


# --- reforms --------------------------------------------------------------------------------------------------------------


MUST = tuple(f"instruments.hanoi.safeguards.{name}=must" for name in ("discrimination", "political_offence"))


def test_duties_to_refuse_lower_treaty_disclosures_and_cost_some_needs() -> None:
    assert falls(*moved("treaty", UNLOADED, (*UNLOADED, *MUST)))
    assert falls(*moved("met", UNLOADED, (*UNLOADED, *MUST), seeds=range(1, 10)))


JUDGE = "instruments.hanoi.safeguards.judge=must"


def test_a_judge_by_duty_lowers_disclosures() -> None:
    """Where no state's own law wants a judge already."""
    plain = (*UNLOADED, NO_JUDGE_BY_OWN_LAW)
    assert falls(*moved("treaty", plain, (*plain, JUDGE)))


def test_a_judge_by_duty_adds_less_where_own_law_wants_one_and_never_grants_more() -> None:
    """The larger chance counts, so without load each case that a duty stops beside own law it stops without own law too."""
    alone = moved("treaty", (*UNLOADED, NO_JUDGE_BY_OWN_LAW), (*UNLOADED, NO_JUDGE_BY_OWN_LAW, JUDGE))
    wanted = (*UNLOADED, "safeguards.judge.own_law=must")
    beside = moved("treaty", wanted, (*wanted, JUDGE))
    assert alone[0] == beside[0] == 0
    assert 0 < beside[1] < alone[1]


def test_dual_criminality_by_duty_lowers_treaty_disclosures() -> None:
    assert falls(*moved("treaty", UNLOADED, (*UNLOADED, "instruments.hanoi.safeguards.dual_criminality=must")))


def test_dual_criminality_by_label_lets_through_what_the_conduct_would_have_stopped() -> None:
    framed = ("conduct.recharacterised_share=1", "conduct.open_framing_a=20", "conduct.open_framing_b=1")  # true facts, other names
    duty = (*UNLOADED, *framed, "instruments.hanoi.safeguards.dual_criminality=must")
    assert rises(*moved("treaty", duty, (*duty, "safeguards.dual_criminality.test=label")))


def test_a_line_of_ten_years_that_asks_for_harm_too_takes_protected_conduct_out_of_the_treaty() -> None:
    strict = ("instruments.hanoi.threshold_years=10", "instruments.hanoi.seriousness=penalty_and_harm")
    assert falls(*moved("treaty", UNLOADED, (*UNLOADED, *strict)))


def test_convention_offences_alone_narrow_the_treaty() -> None:
    narrow = tuple(f"instruments.hanoi.reaches.{c}=never" for c in "CD")
    for outcome in ("treaty", "met"):
        assert falls(*moved(outcome, UNLOADED, (*UNLOADED, *narrow)))


# --- practice ---------------------------------------------------------------------------------------------------------------


def test_readier_use_of_discretions_lowers_disclosures_and_needs_met() -> None:
    for outcome in ("abusive", "met"):
        assert falls(*moved(outcome, (*UNLOADED, "review.uptake_max=0.1"), (*UNLOADED, "review.uptake_max=0.9")))


def test_fabrications_that_show_more_are_stopped_more() -> None:
    plain = (*UNLOADED, *MUST)
    assert falls(*moved("abusive", (*plain, "review.visible.fabricated=0.2"), (*plain, "review.visible.fabricated=2.5")))


def test_what_shows_of_abuse_never_touches_an_ordinary_need() -> None:
    plain = (*UNLOADED, *MUST)
    assert moved("met", (*plain, "review.visible.fabricated=0.2"), (*plain, "review.visible.fabricated=2.5")) == (0, 0)


@pytest.mark.parametrize(
    ("weak", "strong"),
    one_in(
        3,
        [
            ("review.lapse_per_year=1.2", "review.lapse_per_year=0.2"),
            ("review.retention_months=6", "review.retention_months=40"),
            ("review.delay_months=12", "review.delay_months=2"),
            ("conduct.preservation_share=0", "conduct.preservation_share=1"),
            ("conduct.appetite=0.5", "conduct.appetite=1"),
            ("conduct.attempts=1", "conduct.attempts=3"),
            ("review.supplement_answered=0.2", "review.supplement_answered=1"),
        ],
    ),
)
def test_what_eases_cooperation_meets_more_needs(weak: str, strong: str) -> None:
    assert rises(*moved("met", (*UNLOADED, weak), (*UNLOADED, strong)))


@pytest.mark.parametrize("outcome", ["met", "abusive"])
def test_more_capacity_meets_more_needs_and_the_abusive_pass_with_them(outcome: str) -> None:
    """Capacity is a fact of the world: here it is changed by hand, all else equal and all luck shared."""
    assert rises(*moved(outcome, SMALL, SMALL, capacity=(0.5, 3.0)))


def test_load_costs_needs() -> None:
    assert falls(*moved("met", UNLOADED, SMALL))


def test_there_is_enough_to_be_moved() -> None:
    found = outcomes(1, *UNLOADED)
    assert found["abusive"].sum() > 50
    assert found["treaty"].sum() > 20
    assert found["met"].sum() > 1000
