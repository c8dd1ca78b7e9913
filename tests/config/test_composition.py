"""Values that are written over a composition, scenarios too, end where Hydra's own composition ends."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from experiments.settings import conduct_of_study
from sim import composition, config
from sim.composition.composing import composed_once
from sim.config import load, options
from sim.config.overlay import composition_of, with_values
from sim.config.scenarios import hold_values_alone
from sim.world.leaves import leaves_of
from sim.world.record import ConfigError
from tests.config.own_files import OwnFiles, in_place
from tests.shares import one_in, some_fast

FEW = ("adaptive", "reform_bundle")
SCENARIOS = some_fast(options("scenario"), FEW)
WRITTEN = (  # what is written over a composition
    *("years=1e1", "seeds=0x10", "review.rho=.5", "world_seed=007", "run_in_months=6", "start=2031-02-01"),
    *("output=a\\,b", 'store="x=y"', "until=null", "keep_requests=TRUE", "baseline=yes", "scenarios=[judge,notice]"),
    *("demand.abusive_wants=null", "safeguards.discrimination.covers.lgbtq=1.0", "offences.fraud.harm=0.2"),
    *("states.synthetic.count=8", "conduct.appetite=0.5", "+states.hosting.factor.IRL=0.5"),
    *("+instruments.hanoi.parties.extra.USA=true", "++instruments.mlat.safeguards.judge=may"),
)
CHOSEN = ("states=synthetic", "engine=local", "conduct=adaptive")
WHOLE = ("output=${years}", "review={rho: 0.25}", "~review.rho", "+brand.new.map=1")
UNKNOWN = ("review.rho.x=3", "yaers=3", "review.rhoo=0.3", "engine.speed=3", "states.hosting.home.ZZZ=0.5", "review.rho.x.y=3")
WRONG = ("+years=3", "years=1,2", "review=3", "++review=3", "states.hosting=null")


def typed(plain: Any) -> dict[str, Any]:
    """Leaves with their types: one and True are equal."""
    return {key: (type(value), value) for key, value in leaves_of(plain).items()}


def by_hydra(*overrides: str, scenario: str | None = None) -> dict[str, Any]:
    return typed(composition.by_hydra((*overrides, *([f"scenario=[{scenario}]"] if scenario else []))))


def written(*overrides: str, scenario: str = "as_adopted") -> dict[str, Any]:
    return typed(composition_of(overrides, scenario.split(",")))


def compositions() -> int:
    return composed_once.cache_info().misses


def test_what_is_written_over_a_composition_is_what_hydra_makes_of_it() -> None:
    load(*CHOSEN)
    before = compositions()
    ours = written(*CHOSEN, *WRITTEN)
    assert compositions() == before
    assert ours == by_hydra(*CHOSEN, *WRITTEN)
    for override in WRITTEN:
        key, value = config.key_of(override), config.value_of(override)
        assert ours[key] == (type(value), value)


def test_numbers_all_over_the_configuration_are_set_as_hydra_sets_them() -> None:
    leaves = leaves_of(config.composed()).items()
    numbers = [key for key, value in leaves if isinstance(value, float) and math.isfinite(value) and " " not in key]
    some = [f"{key}={place / 8!r}" for place, key in enumerate(numbers[::7])]
    assert len(some) > 40
    assert written(*some) == by_hydra(*some)


@pytest.mark.parametrize("override", [*WHOLE, *WRONG])
def test_what_only_hydra_can_work_out_or_refuse_is_left_to_it(override: str) -> None:
    assert with_values(composition.by_hydra(()), (), [override]) is None


def test_what_no_longer_has_keys_is_left_to_hydra() -> None:
    for first in ("demand.abusive_wants=null", "~demand.abusive_wants"):
        with pytest.raises(ConfigError, match="demand"):
            load(first, "demand.abusive_wants.content=1.0")


@pytest.mark.parametrize("override", some_fast(UNKNOWN, UNKNOWN[:1]))
def test_a_key_that_is_not_there_is_refused_in_the_words_that_hydra_s_refusal_gets(override: str) -> None:
    with pytest.raises(ConfigError) as ours:
        with_values(composition.by_hydra(()), (), [override])
    with pytest.raises(ConfigError) as hydras:
        composition.by_hydra([override])
    assert str(ours.value) == str(hydras.value)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_makes_what_hydra_makes_of_it(scenario: str) -> None:
    assert written("years=3", scenario=scenario) == by_hydra("years=3", scenario=scenario)


@pytest.mark.parametrize("scenarios", one_in(2, ["adaptive,core_cyber,dual_criminality", "judge,notice"]))
def test_scenarios_together_make_what_hydra_makes_of_them(scenarios: str) -> None:
    assert written("conduct=relabel", scenario=scenarios) == by_hydra("conduct=relabel", scenario=scenarios)


def test_what_is_added_to_a_scenario_comes_after_it() -> None:
    change = "instruments.hanoi.safeguards.judge=absent"
    assert written(change, scenario="judge") == by_hydra(change, scenario="judge")


def test_what_sets_values_and_scenarios_that_do_are_composed_once() -> None:
    load("states=synthetic")
    before = compositions()
    for place, scenario in enumerate(options("scenario")):
        load("states=synthetic", f"scenario={scenario}", f"seed={place}", "review.rho=0.25", "+states.hosting.factor.AAA=0.5")
    assert compositions() == before


@pytest.mark.parametrize(
    "text",
    [
        "# @package _global_\ndefaults:\n  - override /conduct: relabel",
        "# @package _global_\noutput: ${years}",
        "# @package _global_\noutput: ???",
        "# @package _global_\ndemand: {abusive_wants: {}}",
        "years: 3",  # without a package Hydra would put it under the name of its folder
    ],
)
def test_a_scenario_that_leaves_something_to_be_worked_out_is_left_to_hydra(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_place(OwnFiles(tmp_path / "configs"), monkeypatch).write("scenario/own.yaml", text)
    assert not hold_values_alone(["own"])
    assert not hold_values_alone(["judge", "own"])
    assert hold_values_alone(["judge"])


def test_where_the_text_as_adopted_holds_a_value_scenarios_are_left_to_hydra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = in_place(OwnFiles(tmp_path / "configs"), monkeypatch)
    files.write("scenario/as_adopted.yaml", "# @package _global_\nconduct: {retry_days: 5.0}\n")
    assert not hold_values_alone(["judge"])
    assert (load().conduct.retry_days, load("scenario=judge").conduct.retry_days) == (5.0, 60.0)


def test_a_composition_is_its_caller_s_own() -> None:
    first = config.composed("scenario=judge")
    first["instruments"]["hanoi"]["safeguards"]["judge"] = "absent"
    first["conduct"] = None
    assert config.composed("scenario=judge")["instruments"]["hanoi"]["safeguards"]["judge"] == "must"


def test_no_configuration_holds_a_part_of_another() -> None:
    first, plain = conduct_of_study(), config.composed_values()
    first.analysis["sensitivity"].clear()
    first.figures.clear()
    plain["people"].clear()
    assert conduct_of_study().analysis["sensitivity"]
    assert conduct_of_study().figures
    assert load() == load("scenario=as_adopted")
    assert config.composed_values()["people"]


def test_files_that_lie_elsewhere_and_say_the_same_are_composed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load()
    before = compositions()
    files = in_place(OwnFiles(tmp_path / "configs"), monkeypatch)
    files.scenario("own", "conduct: {attempts: 3}")
    assert load("scenario=own").conduct.attempts == 3
    assert compositions() == before
    files.write("people/standard.yaml", (files.folder / "people" / "standard.yaml").read_text(encoding="utf-8") + "\n# more\n")
    assert load("scenario=own").conduct.attempts == 3
    assert compositions() == before + 1
    files.write("people/deeper/own.yaml", "a: 1\n")
    assert load("scenario=own").conduct.attempts == 3
    assert compositions() == before + 2, "a folder in a folder counts too"
