"""Digests change exactly when something decisive does, and a world's capacity follows its facts and never a scenario."""

import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from sim.config import load, options
from sim.settings import Config
from sim.simulation import prepare, world_of

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference"

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
LEVERS = (
    "scenario=no_treaty",
    "instruments.hanoi.threshold_years=8",
    "instruments.hanoi.safeguards.discrimination=must",
    "instruments.budapest.threshold_years=3",
    "safeguards.panel.bar=0.5",
    "safeguards.good_faith.covers.lgbtq=1.0",
    "conduct.attempts=2",
    "adaptation.requesters.labels=true",
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
    "review.rho=0.1",
    "instruments.budapest.filing=0.1",
    "safeguards.desk.bar=0.5",
    "safeguards.discrimination.covers.lgbtq=1.0",
    "calibration_months=24",
)
MOVES_CAPACITY = (
    *("demand.scale=2", "states.treaties.density=-3", "review.hours_median=4", "review.utilisation_high=2.0"),
    *("review.supplement_bar=1.0", "conduct.appetite=0.5", "instruments.budapest.filing=0.1", "safeguards.desk.hours=1.0"),
)


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


@pytest.mark.parametrize("override", LEVERS)
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


def test_a_fact_of_practice_or_conduct_reaches_the_reference_and_a_lever_does_not() -> None:
    config = load(*SMALL, "review.rho=0.1", "conduct.appetite=0.5", "conduct.attempts=2")
    assert (config.review.rho, config.reference.review.rho) == (0.1, 0.1)
    assert (config.conduct.appetite, config.reference.conduct.appetite) == (0.5, 0.5)
    assert (config.conduct.attempts, config.reference.conduct.attempts) == (2, 1)


@pytest.mark.parametrize("override", ["review.load=false", "review.capacity=follows"])
def test_how_hours_are_treated_is_of_the_footing_and_of_no_world(override: str) -> None:
    assert digests(override)[0] != digests()[0]
    assert digests(override)[1] == digests()[1]
    assert small(override).footing() != small().footing()
    assert small(override).reference.review == small(override).review


def test_hours_for_the_treaty_as_adopted_are_another_world() -> None:
    assert digests("review.capacity=as_adopted")[1] != digests()[1]


def test_a_scenario_may_not_move_a_fact_of_the_authorities() -> None:
    config = load(*SMALL)
    moved = config.plain() | {"review": config.review.model_dump() | {"utilisation_low": 0.5}}
    moved["safeguards"], moved["reference"] = config.safeguards, config.reference
    with pytest.raises(ValidationError, match=r"review\.utilisation_low: found 0\.5 in a scenario"):
        Config(**moved)


# --- reforms ----------------------------------------------------------------------------------------------------------------------


def as_before(config: Config) -> str:
    """The digest as it was while no choice of ``reforms`` counted: of all that decides a run, but for its name."""
    decisive = {key: value for key, value in config.plain().items() if key not in ("scenario_name", "reforms")}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]


def test_where_reforms_stand_in_the_treaty_alone_they_are_in_no_digest() -> None:
    scenarios = options("scenario")
    assert len(scenarios) > 30
    assert [load(f"scenario={name}").digest() for name in scenarios] == [as_before(load(f"scenario={name}")) for name in scenarios]


def test_the_digests_of_the_reference_are_those_of_its_scenarios() -> None:
    arms = json.loads((REFERENCE / "scenarios" / "manifest.json").read_text(encoding="utf-8"))["arms"]
    assert {*arms} == {*options("scenario")}
    assert {name: arm["digest"] for name, arm in arms.items()} == {name: load(f"scenario={name}").digest() for name in arms}


def test_where_reforms_were_written_decides_nothing_once_the_texts_are_the_same() -> None:
    """What holds before the window is the reference, whatever text a scenario changes."""
    everywhere = small("scenario=judge", "reforms=everywhere")
    twin = everywhere.model_copy(update={"reforms": "hanoi"})
    assert everywhere.digest() == twin.digest() == as_before(everywhere)
    assert everywhere.digest() != small("scenario=judge").digest()
    assert prepare(everywhere, 5).rules.run_in is not None
    assert prepare(small(), 5).rules.run_in is None
    assert everywhere.world_digest() == twin.world_digest()


def test_reforms_everywhere_count_where_a_text_is_another_within_the_window_and_nowhere_else() -> None:
    assert digests("reforms=everywhere") == digests()
    own = ("instruments.budapest.threshold_years=3", "reforms=everywhere")
    assert digests(*own) == digests(own[0]), "a text that the user changed holds from the window's first day either way"
    assert digests("review.rho=0.2", "reforms=everywhere") == digests("review.rho=0.2")
