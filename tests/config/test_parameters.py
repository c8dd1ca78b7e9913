"""Under ``parameters=prior`` a world seed is also a draw of every number that has a prior; at default nothing is drawn."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

import sim.parameters
import sim.settings
from sim import simulate
from sim.config import load, run_and_study_values, with_overrides
from sim.config.checking import checked_config, written
from sim.errors import ConfigError
from sim.parameters import drawn, resolved, to_draw, tries
from sim.register import drawable, register
from sim.settings import Config, Policy
from sim.simulation import keep_facts, prepare, world_of
from sim.world.leaves import leaves_of

SMALL = ("people.rows=1000", "years=1", "run_in_months=12", "run_out_months=24")
PRIOR = "parameters=prior"


@cache
def prior(*overrides: str) -> Config:
    return load(*SMALL, PRIOR, *overrides)


def leaves(config: Config) -> dict[str, object]:
    return leaves_of(config.plain())


def test_at_default_nothing_is_drawn_and_nothing_is_said_of_it() -> None:
    config = load(*SMALL)
    assert config == load(*SMALL, "parameters=default")
    assert resolved(config, 3) is config
    assert drawn(config, 3) == {}
    assert tries(config, 3) == 0
    assert "parameters" not in config.plain()
    assert "parameters" not in config.decisive()


def test_a_configuration_that_draws_has_digests_of_its_own_and_is_written_and_read_again() -> None:
    config, plain = prior(), load(*SMALL)
    for name in ("digest", "world_digest", "bare_digest", "footing"):
        assert getattr(config, name)() != getattr(plain, name)()
    assert checked_config(written(config)) == config
    assert config.plain()["parameters"] == {"draw": "prior", "except": {}}


def test_other_priors_are_another_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    before = prior().digest(), prior().world_digest(), prior().bare_digest()
    monkeypatch.setattr(sim.settings, "priors_digest", lambda: "another")
    after = prior().digest(), prior().world_digest(), prior().bare_digest()
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_what_a_world_draws_stands_in_the_configuration_and_in_its_reference() -> None:
    config = resolved(prior(), 5)
    assert not config.draws
    assert resolved(config, 6) is config  # nothing is drawn twice
    values, now = drawn(prior(), 5), leaves(config)
    assert len(values) == len(drawable()) > 700
    assert {key: now[key] for key in values} == values
    for key, value in values.items():
        if key.split(".")[0] in Policy.model_fields:
            assert now[f"reference.{key}"] == value
    before = leaves(load(*SMALL))
    assert {key for key in now if now[key] != before[key]} <= {*values, *(f"reference.{key}" for key in values)}


def test_every_value_is_the_quantile_of_a_draw_of_its_own_key() -> None:
    values = drawn(prior(), 5)
    for key in ("review.rho", "demand.pursuit.woman", "safeguards.judge.bar"):
        own = drawable()[key].prior
        assert own is not None
        luck = sim.parameters.Draws(5).uniform("parameter", key, 0)
        assert values[key] == own.quantile(float(luck))


def test_scenarios_of_a_world_share_what_it_draws_and_other_worlds_draw_otherwise() -> None:
    judge = prior("scenario=judge", "safeguards.panel.bar=1.0")
    assert drawn(judge, 5) == drawn(prior(), 5)
    assert resolved(judge, 5).world_digest() == resolved(prior(), 5).world_digest()
    assert resolved(judge, 5).reference == resolved(prior(), 5).reference
    other = drawn(prior(), 6)
    moved = {key for key, value in drawn(prior(), 5).items() if other[key] != value}
    assert len(moved) > 0.98 * len(other)  # whole numbers of few values may meet


def test_a_key_set_apart_stays_and_moves_no_other() -> None:
    plain = run_and_study_values(*SMALL, PRIOR)[0]
    held = checked_config({**plain, "parameters": {"draw": "prior", "except": {"review": True, "review.rho": False}}})
    assert prior("parameters.except.review=true").parameters.is_apart("review.rho")
    values, all_of_them = drawn(held, 5), drawn(prior(), 5)
    assert values == {key: value for key, value in all_of_them.items() if not key.startswith("review.") or key == "review.rho"}
    assert resolved(held, 5).review.c_trust == load().review.c_trust
    assert resolved(held, 5).review.rho != load().review.rho


@pytest.mark.parametrize("given", ["review.rho=0.2", "review.rho=0.5", "++demand.pursuit={woman:0.25}", "demand.direct.noise=0.4"])
def test_what_is_given_is_not_drawn_even_where_it_is_the_shipped_value(given: str) -> None:
    key = given.lstrip("+").partition("=")[0]
    values = drawn(prior(given), 5)
    left_out = {name for name in drawn(prior(), 5) if name not in values}
    assert left_out
    assert all(name == key or name.startswith(f"{key}.") for name in left_out)
    assert leaves(resolved(prior(given), 5))[min(left_out)] == leaves(load(*SMALL, given))[min(left_out)]


def test_a_number_that_another_file_sets_is_not_drawn() -> None:
    plain = run_and_study_values(*SMALL, PRIOR)[0]
    other = checked_config({**plain, "demand": {**plain["demand"], "spread": 0.9}})
    assert "demand.spread" not in {one.key for one in to_draw(other)}
    assert resolved(other, 5).demand.spread == 0.9


def test_what_a_design_sets_at_a_point_is_not_drawn_there() -> None:
    plain = run_and_study_values(*SMALL, PRIOR)[0]
    for settings in ({"review.rho": 0.5}, {"review.visible": {"honest": 2.0}}, {"adaptation.requesters.elasticity": 0.27}):
        config = checked_config(with_overrides(plain, settings))
        (key,) = leaves_of(settings)
        assert set(drawn(prior(), 5)) - set(drawn(config, 5)) == {key}
    assert plain["parameters"]["except"] == {}
    without = run_and_study_values(*SMALL)[0]
    assert with_overrides(without, {"review.rho": 0.5})["parameters"] == without["parameters"]


def test_a_design_may_turn_drawing_on_at_a_condition() -> None:
    plain = run_and_study_values(*SMALL)[0]
    config = checked_config(with_overrides(plain, {"parameters.draw": "prior"}))
    assert config == prior()


def test_a_lever_that_a_scenario_sets_stays_and_others_are_drawn() -> None:
    config = prior("scenario=adaptive", "adaptation.requesters.elasticity=0.5")
    values = drawn(config, 5)
    assert "adaptation.requesters.elasticity" not in values
    assert "adaptation.requesters.pull" in values
    assert resolved(config, 5).reference == resolved(prior(), 5).reference


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("parameters=utopia", "parameters: found 'utopia'"),
        ("parameters.draw=maybe", "parameters.draw: found 'maybe'; accepted: 'default', 'prior' or 'posterior'"),
        ("parameters.except.review.roh=true", "did you mean 'review.rho'?"),
        ("parameters.except.demand.scale=true", "parameters.except.demand.scale: no number with a prior stands there"),
        ("parameters.except.review.rho=yes_please", "parameters.except.review.rho: found 'yes_please'; accepted: true or false"),
    ],
)
def test_a_mistake_is_one_line(given: str, said: str) -> None:
    with pytest.raises(ConfigError) as told:
        load(given)
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_draws_that_contradict_each_other_are_drawn_again_and_the_same_ones_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    again = next(world for world in range(1, 500) if tries(prior(), world) > 1)
    first = sim.parameters._values(to_draw(prior()), again, 0, {})
    values = drawn(prior(), again)
    assert values == sim.parameters._values(to_draw(prior()), again, tries(prior(), again) - 1, {}) != first
    sim.parameters._settled.cache_clear()
    assert drawn(prior(), again) == values
    monkeypatch.setattr(sim.parameters, "MOST_TRIES", 1)
    sim.parameters._settled.cache_clear()
    with pytest.raises(
        ConfigError, match=r"none of 1 draws of world \d+ is a configuration \(.*accepted: at most that\); accepted"
    ):
        resolved(prior(), again)
    sim.parameters._settled.cache_clear()


@pytest.mark.slow
def test_of_two_hundred_worlds_every_one_is_a_configuration_and_few_are_drawn_again() -> None:
    counts = np.array([tries(prior(), world) for world in range(1, 201)])
    assert (counts > 1).mean() < 0.05
    assert counts.max() <= 3


def test_values_lie_in_their_support_and_spread_as_their_priors_do() -> None:
    worlds = [drawn(prior(), world) for world in range(1, 41)]
    for key in ("review.rho", "demand.abusive_odds", "review.lapse_per_year"):
        own = drawable()[key].prior
        assert own is not None
        shares = np.mean([value[key] < own.quantile(0.5) for value in worlds])
        assert 0.25 < shares < 0.75
    for one in register():
        if one.drawn:
            assert all(one.support[0] <= value[one.key] <= one.support[1] for value in worlds), one.key


# --- a run ------------------------------------------------------------------------------------------------------------------------

RUN = ("demand.legitimate=100",)


def test_a_run_meets_what_its_world_draws_in_the_run_in_the_capacity_and_the_baseline() -> None:
    asked, world = prior(*RUN), 4
    whole = resolved(asked, world)
    assert np.array_equal(world_of(asked, world).capacity, world_of(whole, world).capacity)
    assert not np.array_equal(world_of(asked, world).capacity, world_of(load(*SMALL, *RUN), world).capacity)
    run = prepare(asked, 9, world)
    assert run.config == whole
    assert run.rules.policy == whole.policy


def test_a_run_that_draws_is_the_run_of_the_configuration_that_it_draws() -> None:
    asked, world = prior(*RUN), 4
    keep_facts(asked, world, 9, rows=True)
    result, same = simulate(asked, 9, world), simulate(resolved(asked, world), 9, world)
    assert result.metrics.equals(same.metrics)
    assert result.requests.equals(same.requests)
    assert result.config == same.config
    assert result.drawn == drawn(asked, world)
    assert result.manifest["parameters"] == "prior"
    assert result.manifest["drawn"] == result.drawn
    assert same.drawn == {}
    assert "drawn" not in same.manifest


def test_event_seeds_of_a_world_share_its_draw() -> None:
    assert prepare(prior(*RUN), 8, 4).config == prepare(prior(*RUN), 9, 4).config != prepare(prior(*RUN), 9, 5).config


def test_no_file_of_a_reform_may_draw_parameters(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("# @package _global_\n# Question: x?\nparameters: {draw: prior}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="a key of the design, the same in every scenario"):
        load(f"scenario={path}")
