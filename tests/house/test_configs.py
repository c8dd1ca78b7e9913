"""Every YAML file composes and runs; every scenario says what it asks and changes something."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml

from sim.composition import chosen_in
from sim.config import load
from sim.month import advance
from sim.result import Result
from sim.review.safeguard import Safeguard
from sim.run import Run
from sim.simulation import prepare, simulate
from sim.world.record import ConfigError
from tests.shares import SOME_SCENARIOS, some_fast

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
TINY = ("states=synthetic", "states.synthetic.count=8", "people.rows=500", "demand.legitimate=60", "years=1")
SMALL = ("people.rows=2000", "demand.legitimate=600", "years=1")  # the real world with few rows
FULL_OF_ABUSE = (  # so that what is rare happens in a year: misuse, notice, a trained authority that meets a person at risk
    *("demand.abusive_odds=0.5", "demand.abusive_most=2.0", "demand.abusive_most_per_person=1.0"),
    *("review.misuse_chance=0.9", "review.onward_chance=0.9", "review.domestic_notice=0.9"),
)
RARE = ("no_realtime", "realtime_serious", "realtime_with_judge", "transfer_duty")  # which change what hardly ever happens
OFTEN = (*("review.load=false", "instruments.hanoi.parties.base=all"), *("demand.realtime_share=0.5", "demand.realtime_most=1.0"))
OUTSIDE_ALL_LAW = ("spyware",)  # what it adds is no request
MONTHS = 4
SCENARIOS = sorted(path.stem for path in (CONFIGS / "scenario").glob("*.yaml"))
REFORMS = [name for name in SCENARIOS if name != "as_adopted"]
FAST = ("states/synthetic", "offence/protected", "safeguard/panel", "instrument/hanoi", "conduct/adaptive", "scenario/forty")
HEADER = ("Question", "Motive", "Expect")


def defaults() -> dict[str, str | list[str]]:
    """Groups of the configuration and what is chosen of each."""
    return chosen_in(yaml.safe_load((CONFIGS / "config.yaml").read_text(encoding="utf-8")))


def options() -> list[str]:
    """Each file of each group that a configuration is composed of, as ``group/option``."""
    return [f"{group}/{path.stem}" for group in defaults() for path in sorted((CONFIGS / group).glob("*.yaml")) if group != "hydra"]


def chosen(group: str, option: str) -> str:
    """The override that selects an option; where a group is a list the option joins it."""
    standard = defaults()[group]
    if isinstance(standard, str):
        return f"{group}={option}"
    return f"{group}=[{','.join(dict.fromkeys([*standard, option]))}]"


@cache
def after_months(*overrides: str) -> Run:
    run = prepare(load(*overrides), 1)
    for _ in range(MONTHS):
        advance(run)
    return run


@cache
def simulated(scenario: str) -> Result:
    return simulate(load(*SMALL, *FULL_OF_ABUSE, f"scenario={scenario}"), seed=3)


def header(scenario: str) -> list[str]:
    lines = (CONFIGS / "scenario" / f"{scenario}.yaml").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("#")]


@pytest.mark.parametrize("place", some_fast(options(), FAST))
def test_every_option_composes_and_runs_some_months(place: str) -> None:
    group, option = place.split("/")
    override = chosen(group, option)
    overrides = (override, *TINY[1:]) if group == "states" else (*TINY, override)
    run = after_months(*overrides)
    assert run.month == MONTHS
    assert int(run.docket.used[0]) > 0


def test_every_folder_of_options_is_part_of_the_configuration() -> None:
    folders = {path.parent.name for path in CONFIGS.glob("*/*.yaml")}
    unused = folders - set(defaults())
    assert not unused - {"figure", "design", "engine", "analysis"}, unused  # what studies read; no part of a run


def test_every_scenario_opens_with_its_package_and_says_what_it_asks_where_it_comes_from_and_what_to_expect() -> None:
    faults = []
    for scenario in SCENARIOS:
        first, *_ = (CONFIGS / "scenario" / f"{scenario}.yaml").read_text(encoding="utf-8").splitlines()
        if first != "# @package _global_":  # on any other line Hydra ignores it, and the scenario changes nothing
            faults.append(f"{scenario}.yaml: opens with {first!r}")
        for word in HEADER:
            said = [line for line in header(scenario) if re.match(rf"# {word}: \S.{{10,}}", line)]
            if len(said) != 1:
                faults.append(f"{scenario}.yaml: wants one line '# {word}: ...'")
    assert not faults, "\n".join(faults)


def test_every_scenario_bears_its_own_name() -> None:
    assert [load(f"scenario={scenario}").scenario_name for scenario in SCENARIOS] == SCENARIOS


def test_the_baseline_is_the_default_and_its_own_reference() -> None:
    plain, named = load(), load("scenario=as_adopted")
    assert plain == named
    assert plain.policy == plain.reference


def test_every_scenario_differs_from_the_baseline_in_its_text() -> None:
    baseline, decisive = load(*SMALL), {"scenario_name"}
    same = []
    for scenario in REFORMS:
        reform = load(*SMALL, f"scenario={scenario}")
        texts = [config.model_dump(exclude=decisive) for config in (baseline, reform)]
        if texts[0] == texts[1] or baseline.digest() == reform.digest():
            same.append(scenario)
    assert not same


@pytest.mark.parametrize("scenario", some_fast(REFORMS, SOME_SCENARIOS))
def test_a_scenario_differs_from_the_baseline_in_what_happens(scenario: str) -> None:
    often = OFTEN if scenario in RARE else ()
    reform = simulate(load(*SMALL, *FULL_OF_ABUSE, *often, f"scenario={scenario}"), seed=3)
    baseline = simulate(load(*SMALL, *FULL_OF_ABUSE, *often), seed=3) if often else simulated("as_adopted")
    if baseline.finished.world is reform.finished.world:
        assert np.array_equal(baseline.finished.cases.id, reform.finished.cases.id), "scenarios of one world share their cases"
    assert baseline.requests.equals(reform.requests) == (scenario in OUTSIDE_ALL_LAW)
    assert not baseline.metrics.equals(reform.metrics)


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_an_unknown_key_at_the_top_is_refused(sign: str) -> None:
    with pytest.raises(ConfigError, match=r"^treshold: no such key; accepted: "):
        load(f"{sign}treshold=4")


def test_a_scenario_with_an_unknown_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "configs"
    for path in CONFIGS.rglob("*.yaml"):
        place = copy / path.relative_to(CONFIGS)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
    text = "# @package _global_\n# Question: ?\ninstrument: {hanoi: {threshold_years: 6.0}}\n"
    (copy / "scenario" / "typo.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr("sim.places.config_folder", lambda: copy)
    with pytest.raises(ConfigError, match=r"^instrument: no such key; accepted: "):
        load("scenario=typo")


@pytest.mark.parametrize("target", ["os.system", "subprocess.run", "builtins.eval", "simx.form.Form", "simulate", "sim", ""])
def test_a_target_outside_sim_is_refused(target: str) -> None:
    with pytest.raises(ConfigError, match=r"^safeguards\.form\._target_: found .*; accepted: .*sim"):
        load(f"safeguards.form._target_={target!r}")


@pytest.mark.parametrize("target", ["sim.review.form.stands", "sim.config.load", "sim.draws.Draws", "sim.review.form.os"])
def test_a_target_that_is_no_record_is_refused(target: str) -> None:
    with pytest.raises(ConfigError, match=r"^safeguards\.form\._target_: .*; accepted: a record under sim"):
        load(f"safeguards.form._target_={target}")


def test_every_safeguard_is_a_frozen_record() -> None:
    for name, safeguard in load().safeguards.items():
        assert safeguard.kind in ("gate", "look", "ground", "aftermath", "institution"), name
        with pytest.raises(ValueError, match="frozen"):
            safeguard.hours = 1.0


def test_every_force_names_a_safeguard_that_exists() -> None:
    config = load()
    known: dict[str, Safeguard] = dict(config.safeguards)
    for name, instrument in config.instruments.items():
        assert set(instrument.safeguards) <= set(known), name
