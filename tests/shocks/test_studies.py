"""Shocks in studies: arms, levers and uncertainties, what they can move, what is told of a case, and who refuses them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.movable import movable
from experiments.benchmark.fused.months import fused_from
from experiments.cli import main
from experiments.design.arms import check_pair
from experiments.design.capacities import under_both
from experiments.trace.events import life_of
from experiments.trace.recording import witness
from experiments.trace.sentences import shocks_told
from sim.config import checked_config, composed_values, load, with_overrides
from sim.settings import Config
from sim.simulation import prepare, simulate
from sim.world.record import ConfigError
from sim.world.shocks import weight_of
from tests.worlds import SMALL

SEED = 3


def made(*overrides: str) -> Config:
    return load(*SMALL, *overrides)


def shock(name: str = "turn", at: int = 6, states: str = "AAA", sets: str = "liberal: 0.05", fade: str = "null") -> str:
    return f"shock.{name}={{at: {at}, states: {states}, set: {{{sets}}}, fade: {fade}}}"


def test_an_arm_with_a_shock_is_paired_with_a_baseline_without() -> None:
    check_pair("turn", made(shock()), made())
    check_pair("calm", made(), made(shock()))


def test_a_shock_may_move_whatever_a_policy_can_and_no_latent_case() -> None:
    moved = movable(made(shock()), made())
    assert moved is not None
    assert {"case_disclosure_rate", "legit_met_rate", "domestic_rate"} <= moved
    assert "domestic_share" not in moved
    assert movable(made(shock()), made(shock())) == movable(made(), made())


def test_hours_of_a_shock_keep_a_study_from_showing_both_capacities() -> None:
    assert under_both(made(shock()), ())
    assert not under_both(made(shock(sets="hours: 2.0")), ())


def test_the_hand_fused_kernel_refuses_shocks_in_one_line() -> None:
    small = ("years=1", "people.rows=4000", "calibration_months=6", "demand.scale=0.1")
    with pytest.raises(ConfigError, match=r"^shock\.turn: found rules that change within the window; accepted by the hand-fused"):
        fused_from(prepare(load(*small, "shock.turn={at: 3, set: {review: {rho: 0.1}}}"), 1))


@pytest.mark.parametrize("conduct", [(), ("conduct=adaptive",), ("scenario=sanction",)])
def test_a_case_is_retold_by_the_rules_of_its_month(conduct: tuple[str, ...]) -> None:
    sets = "liberal: 0.05, strength: 0.9, penalties: {protected: {least: 9.0}}"
    config = made(
        *conduct,
        shock(states="all", sets=sets, fade="4"),
        "shock.pact={at: 10, states: [AAA, AAB], set: {instruments: {cloud_act: {binds: true}}}}",
        "shock.rules={at: 12, set: {safeguards: {desk: {bar: 1.5}}, review: {rho: 0.2}}}",
    )
    cases = np.unique(witness(config, [], SEED).finished.docket.case)[::15]
    seen = witness(config, cases, SEED)
    assert not seen.strays
    told = {shocks_told(seen, int(case)) for case in cases}
    opens = config.run_in_months
    for case in cases:
        assert life_of(seen, int(case)).facts
    for month in (opens, opens + 6, opens + 11, opens + 12):
        names = [blow.name for blow in seen.rules_at(month).upheaval.blows]
        assert {*names} == {name for name, one in config.shock.items() if weight_of(one, month - opens) > 0}
    fading = "turn from 2027-07-03 on, fading with a half-life of 4 months"
    assert any(f"{fading} (in force when this case came up)" in one for one in told)
    assert any(f"{fading} (not in force" in one for one in told)
    plain = simulate(config, SEED)
    assert np.array_equal(plain.finished.case_status, seen.finished.case_status)


def test_of_a_scenario_without_shocks_nothing_is_told() -> None:
    seen = witness(made(), [0], SEED)
    assert shocks_told(seen, 0) == ""


def test_dates_and_values_are_levers_over_what_was_composed() -> None:
    plain = composed_values(*SMALL, shock())
    later = with_overrides(plain, {"shock.turn.at": 9, "shock.turn.set.liberal": 0.5})
    assert checked_config(later) == made(shock(at=9, sets="liberal: 0.5"))


DESIGN = """question: does it matter when, and how far?
levers:
  when: {early: {shock.turn.at: 1}, late: {shock.turn.at: 9}}
  kept: {good: {}, fades: {shock.turn.fade: 3.0}}
uncertainties:
  shock.turn.set.liberal: {low: 0.0, high: 0.3}
draw: grid
levels: 2
constants: ["shock.turn.states=AAA", "shock.turn.at=5", "shock.turn.set.liberal=0.1"]
"""


def test_a_sweep_goes_over_dates_lengths_and_values(tmp_path: Path) -> None:
    design = tmp_path / "design.yaml"
    design.write_text(DESIGN)
    tiny = ("states=synthetic", "states.synthetic.count=6", "people.rows=400", "demand.legitimate=60", "years=1")
    main(["sweep", f"design={design}", *tiny, "calibration_months=6", "seeds=1", "replicates=1", "workers=1", f"output={tmp_path}"])
    (file,) = tmp_path.glob("stores/*/points/*.parquet")
    points = pd.read_parquet(file)
    assert len(points) == 8
    assert points["point"].nunique() == 8
    assert {*points["when"]} == {"early", "late"}
