"""Digests change exactly when something decisive does, and a world's capacity follows its facts and never a scenario."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from sim.config import load
from sim.settings import Config
from sim.simulation import world_of

SMALL = ("people.rows=1000", "demand.legitimate=300", "years=1")
LABELS = ("workers=2", "output=elsewhere", "design=threshold_sweep", "baseline=no_treaty", "seeds=3")
RUN_ONLY = (
    "years=2",
    "seed=9",
    "run_in_months=12",
    "run_out_months=30",
    "start=2028-01-01",
    "metrics.severity.traffic=0.5",
    "world_seed=4",
)
POLICY = (
    "scenario=no_treaty",
    "instruments.hanoi.threshold_years=8",
    "instruments.hanoi.safeguards.discrimination=must",
    "instruments.budapest.filing=0.1",
    "safeguards.desk.bar=0.5",
    "safeguards.discrimination.covers.lgbtq=1.0",
)
FACTS = (
    "people.visibility_spread=0.8",
    "people.per_million.lgbtq=300",
    "demand.scale=2",
    "demand.urgent_share=0.2",
    "states.treaties.density=-3",
    "states.hosting.concentration=20",
    "states.correlation=0.0",
    "offences.fraud.demand_share=0.5",
    "offences.insult.penalties.median_years=2",
    "review.hours_median=4",
    "review.utilisation_low=0.9",
    "calibration_months=24",
)
MOVES_CAPACITY = ("demand.scale=2", "states.treaties.density=-3", "review.hours_median=4", "review.utilisation_high=2.0")


@cache
def small(*overrides: str) -> Config:
    given = {override.partition("=")[0] for override in overrides}
    return load(*(base for base in SMALL if base.partition("=")[0] not in given), *overrides)


@cache
def capacity(*overrides: str) -> NDArray[np.float64]:
    return world_of(small(*overrides), 5).capacity


def digests(*overrides: str) -> tuple[str, str]:
    return small(*overrides).digest(), small(*overrides).world_digest()


@pytest.mark.parametrize("override", LABELS)
def test_a_label_changes_no_digest(override: str) -> None:
    assert digests(override) == digests()


@pytest.mark.parametrize("override", RUN_ONLY)
def test_what_decides_a_run_alone_changes_its_digest_and_not_the_world_s(override: str) -> None:
    run, world = digests(override)
    assert run != digests()[0]
    assert world == digests()[1]


@pytest.mark.parametrize("override", POLICY)
def test_a_scenario_changes_the_run_s_digest_and_neither_the_world_s_nor_capacity(override: str) -> None:
    run, world = digests(override)
    assert run != digests()[0]
    assert world == digests()[1]
    assert small(override).reference == small().reference
    assert small(override).policy != small().policy
    assert np.array_equal(capacity(override), capacity())


@pytest.mark.parametrize("override", FACTS)
def test_a_fact_of_the_world_changes_both_digests(override: str) -> None:
    run, world = digests(override)
    assert run != digests()[0]
    assert world != digests()[1]


@pytest.mark.parametrize("override", MOVES_CAPACITY)
def test_a_fact_of_the_world_that_makes_work_moves_capacity(override: str) -> None:
    assert not np.array_equal(capacity(override), capacity())


def test_saying_the_default_aloud_changes_no_digest() -> None:
    assert digests("scenario=as_adopted", "review.rho=0.5", "instruments.hanoi.threshold_years=4") == digests()


def test_the_order_of_overrides_changes_no_digest() -> None:
    assert digests("review.rho=0.2", "demand.scale=2") == digests("demand.scale=2", "review.rho=0.2")


def test_a_parameter_of_practice_or_conduct_leaves_the_reference_and_capacity_alone() -> None:
    config = load(*SMALL, "review.rho=0.1", "conduct.appetite=0.5")
    assert (config.review.rho, config.reference.review.rho) == (0.1, 0.5)
    assert (config.conduct.appetite, config.reference.conduct.appetite) == (0.5, 1.0)
    assert np.array_equal(capacity("review.rho=0.1", "conduct.appetite=0.5"), capacity())


def test_a_scenario_may_not_move_a_fact_of_the_authorities() -> None:
    config = load(*SMALL)
    moved = config.plain() | {"review": config.review.model_dump() | {"utilisation_low": 0.5}}
    moved["safeguards"], moved["reference"] = config.safeguards, config.reference
    with pytest.raises(ValidationError, match=r"review\.utilisation_low: found 0\.5 in a scenario"):
        Config(**moved)
