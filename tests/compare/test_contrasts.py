"""An arm against its baseline: what may be told, what is zero by construction, and what the table says of it."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.contrasts import (
    COMPARISON_COLUMNS,
    agreement,
    arm_comparison,
    contrast_of,
    cooperation_of,
    on_frontier,
)
from experiments.analysis.movable import movable
from experiments.design.arms import ArmRun
from experiments.design.scenarios import Header
from experiments.store.results import DISPLACEMENT, OFFICER_HOURS, EstimandKey, Results
from sim.metrics import UNITS
from sim.review.safeguard import moves_of
from sim.settings import Config
from sim.simulation import simulate
from tests.worlds import made_up, with_conduct, with_forces, with_review, with_safeguard

WORLDS, REPLICATES, FEWEST = 6, 2, 10
RATE: EstimandKey = ("case_disclosure_rate", "all", "all")
MET: EstimandKey = ("legit_met_rate", "all", "all")
MEDIAN: EstimandKey = ("legit_delay_days", "quantile", "0.5")
QUARTER: EstimandKey = ("legit_delay_days", "quantile", "0.25")
GROUP: EstimandKey = ("targeted_rate", "group", "journalist")
KEYS = [
    RATE,
    MET,
    ("targeted_rate", "group", "dissident"),
    GROUP,
    (DISPLACEMENT, "baseline", "as_adopted"),
    QUARTER,
    MEDIAN,
    OFFICER_HOURS,
]
HEADER = Header(name="no_treaty", question="q", motive="m", expect="e", direction={RATE[0]: "down", MET[0]: "same"}, finding=None)


def arm_runs() -> list[ArmRun]:
    """The text as adopted, and no treaty against it."""
    return [ArmRun("as_adopted", made_up(), 0), ArmRun("no_treaty", made_up("scenario=no_treaty"), 0)]


def results(**after: object) -> Results:
    """Two entries whose every number is drawn about 10; ``after`` is added to a metric of the second."""
    rng = np.random.default_rng(5)
    before = rng.normal(10.0, 1.0, (len(KEYS), WORLDS, REPLICATES))
    values = np.stack([before, before.copy()])
    for k, (metric, _, _) in enumerate(KEYS):
        values[1, k] += np.asarray(after.get(metric, 0.0))
    values[0, [key[0] for key in KEYS].index(DISPLACEMENT)] = np.nan
    return Results(KEYS, values, np.full(values.shape, 5, np.int64), list(range(1, WORLDS + 1)))


def told(of: Results, pair: list[ArmRun] | None = None, fewest: int = FEWEST) -> pd.DataFrame:
    """The comparison by metric and level."""
    contrast = contrast_of(of, pair or arm_runs(), 1, fewest)
    return arm_comparison(of, [contrast], {"no_treaty": HEADER}).set_index(["metric", "level"])


def test_the_table_has_its_columns_and_units() -> None:
    of = results()
    frame = arm_comparison(of, [contrast_of(of, arm_runs(), 1, FEWEST)], {})
    assert tuple(frame.columns) == COMPARISON_COLUMNS
    assert set(frame["arm"]) == {"no_treaty"}
    assert (frame["unit"] == frame["metric"].map(UNITS)).all()
    assert OFFICER_HOURS[0] not in set(frame["metric"])


def test_a_difference_and_its_interval_are_those_of_the_world_means() -> None:
    gap = np.random.default_rng(8).normal(-2.0, 0.5, (WORLDS, REPLICATES))
    of = results(case_disclosure_rate=gap)
    row = told(of).loc[(RATE[0], "all")]
    means = gap.mean(1)
    half = 2.570581835636314 * means.std(ddof=1) / WORLDS**0.5  # Student's quantile with five degrees, from a printed table
    assert row["difference"] == pytest.approx(means.mean())
    assert (row["low"], row["high"]) == (pytest.approx(means.mean() - half), pytest.approx(means.mean() + half))
    assert row["ratio"] == pytest.approx(row["value"] / row["baseline"])
    assert row["percent"] == pytest.approx(100 * row["difference"] / row["baseline"])
    assert (row["worlds"], row["runs"], row["events"]) == (WORLDS, WORLDS * REPLICATES, 5 * WORLDS * REPLICATES)


def test_equal_arms_differ_by_exactly_nothing() -> None:
    table = told(results()).drop(index=DISPLACEMENT, level="metric")
    assert (table[["difference", "low", "high", "world_sd", "event_sd"]] == 0.0).all(axis=None)
    assert table[["percent", "percent_low", "percent_high"]].to_numpy(float) == pytest.approx(0.0, abs=1e-9)
    assert not table["constructed_zero"].any()  # no treaty could have moved them


def test_under_ten_events_on_either_side_no_number_is_given() -> None:
    for side in (0, 1):
        of = results(case_disclosure_rate=-2.0)
        of.counts[side, 0] = 0
        of.counts[side, 0, 0, 0] = FEWEST - 1
        row = told(of).loc[(RATE[0], "all")]
        numbers = row[list(COMPARISON_COLUMNS[COMPARISON_COLUMNS.index("baseline") : COMPARISON_COLUMNS.index("events_baseline")])]
        assert numbers.isna().all()
        assert min(row["events"], row["events_baseline"]) == FEWEST - 1
        assert row["agrees"] is None


def test_a_quantile_that_some_run_does_not_reach_gives_no_number() -> None:
    of = results()
    of.values[1, KEYS.index(MEDIAN), 2, 1] = np.nan
    table = told(of)
    assert np.isnan(table.loc[("legit_delay_days", "0.5"), "difference"])
    assert not np.isnan(table.loc[("legit_delay_days", "0.25"), "difference"])
    row = cooperation_of(of, [contrast_of(of, arm_runs(), 1, FEWEST)]).iloc[0]
    assert (row["delay_quantile"], row["delay_days"]) == ("0.25", 0.0)


def test_what_one_side_lacks_in_every_run_has_no_row() -> None:
    of = results()
    of.values[1, KEYS.index(GROUP)] = np.nan
    assert (GROUP[0], "journalist") not in told(of).index
    assert (GROUP[0], "dissident") in told(of).index


def test_displacement_is_told_against_nothing_displaced() -> None:
    of = results()
    of.values[1, 4] = 0.25
    row = told(of).loc[(DISPLACEMENT, "as_adopted")]
    assert (row["baseline"], row["value"], row["difference"]) == (0.0, 0.25, 0.25)
    assert np.isnan(row["percent"])


@pytest.mark.parametrize(
    ("expected", "low", "high", "verdict"),
    [
        ("up", 0.1, 0.2, True), ("up", -0.2, -0.1, False), ("up", -0.1, 0.1, None), ("down", -0.2, -0.1, True),
        ("down", 0.1, 0.2, False), ("down", -0.1, 0.1, None), ("same", -0.1, 0.1, True), ("same", 0.1, 0.2, False),
        ("same", -0.2, -0.1, False), ("", 0.1, 0.2, None), ("up", float("nan"), float("nan"), None), ("down", 0.0, 0.0, None),
    ],
)  # fmt: skip
def test_an_interval_bears_an_expectation_out_or_not_or_neither(
    expected: str, low: float, high: float, verdict: bool | None
) -> None:
    assert agreement(expected, low, high) is verdict


def test_headers_are_read_where_they_were_written_for() -> None:
    of = results(case_disclosure_rate=-2.0 + np.arange(WORLDS)[:, None] / 10)
    table = told(of)
    assert table.loc[(RATE[0], "all"), ["expected", "agrees"]].tolist() == ["down", True]
    assert table.loc[(MET[0], "all"), ["expected", "agrees"]].tolist() == ["same", True]
    assert (table.loc[GROUP[0], "expected"] == "").all()
    turned = [ArmRun("no_treaty", made_up("scenario=no_treaty"), 0), ArmRun("as_adopted", made_up(), 0)]
    assert (told(of, turned)["expected"] == "").all()  # another baseline than the headers'


# --- zero by construction -------------------------------------------------------------------------------------------------


def test_what_an_arm_changes_of_safeguards_is_found_in_force_and_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    moves = {name: frozenset({metric}) for name, metric in (("judge", MET[0]), ("desk", RATE[0]), ("form", GROUP[0]))}
    declared(monkeypatch, **moves)
    base = made_up()
    changes = {
        (): base,
        ("judge",): with_forces(base, "must", "judge", instruments=["hanoi"]),
        ("desk",): with_safeguard(base, "desk", bar=9.0),
        ("desk", "form"): with_safeguard(with_forces(base, "absent", "form"), "desk", bar=9.0),
    }
    for names, config in changes.items():
        assert movable(config, base) == frozenset().union(*(moves[name] for name in names)), names


def test_an_arm_that_changes_more_than_what_declares_a_limit_can_move_all_that_any_policy_can() -> None:
    base = made_up()
    text = base.instruments["hanoi"].model_copy(update={"threshold_years": 1.0})
    others = (
        with_review(base, rho=0.1),
        with_conduct(base, appetite=0.5),
        base.model_copy(update={"instruments": {**base.instruments, "hanoi": text}}),
    )
    for config in others:
        assert movable(config, base) == {*UNITS, OFFICER_HOURS[0]} - {"domestic_share"}


ONE_THING = {"total_secrecy": "notified_share", "spyware": "spyware_rate", "data_protection": "secondary_use_rate"}


@pytest.mark.parametrize("scenario", ONE_THING)
def test_what_a_scenario_cannot_move_is_no_prediction_that_came_true(scenario: str) -> None:
    base, of = made_up(), results()
    config = made_up(f"scenario={scenario}")
    assert movable(config, base) == {ONE_THING[scenario]}
    contrast = contrast_of(of, [ArmRun("as_adopted", base, 0), ArmRun(scenario, config, 0)], 1, FEWEST)
    table = arm_comparison(of, [contrast], {scenario: HEADER}).set_index(["metric", "level"])
    for key in (RATE, MET):
        row = table.loc[(key[0], "all")]
        assert row["constructed_zero"]
        assert row["expected"]
        assert row["agrees"] is None


def declared(monkeypatch: pytest.MonkeyPatch, **moves: frozenset[str] | None) -> None:
    for name, metrics in moves.items():
        monkeypatch.setattr(sys.modules[f"sim.review.{name}"], "MOVES", metrics, raising=False)


def strict_pair(*names: str) -> list[ArmRun]:
    base = made_up()
    return [ArmRun("as_adopted", base, 0), ArmRun("strict", with_forces(base, "must", *names), 0)]


def test_estimands_outside_what_the_changed_safeguards_move_are_zero_by_construction(monkeypatch: pytest.MonkeyPatch) -> None:
    declared(monkeypatch, judge=frozenset({MET[0]}), discrimination=frozenset({GROUP[0]}))
    table = told(results(), strict_pair("judge", "discrimination"))
    zero = table.groupby("metric")["constructed_zero"].first()
    assert zero.to_dict() == {RATE[0]: True, MET[0]: False, GROUP[0]: False, DISPLACEMENT: False, MEDIAN[0]: True}
    row = table.loc[(RATE[0], "all")]
    assert row["baseline"] == row["value"]
    assert row[["difference", "low", "high", "percent", "ratio", "world_sd"]].isna().all()


def test_a_safeguard_that_declares_nothing_may_move_all(monkeypatch: pytest.MonkeyPatch) -> None:
    declared(monkeypatch, judge=frozenset({MET[0]}), discrimination=None)
    assert not told(results(), strict_pair("judge", "discrimination"))["constructed_zero"].any()


def test_what_moved_against_its_declaration_is_reported_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    declared(monkeypatch, judge=frozenset({MET[0]}))
    row = told(results(case_disclosure_rate=-1.0), strict_pair("judge")).loc[(RATE[0], "all")]
    assert not row["constructed_zero"]
    assert row["difference"] == pytest.approx(-1.0)


def test_a_constructed_zero_is_no_cost_and_no_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    declared(monkeypatch, judge=frozenset())
    of = results()
    row = cooperation_of(of, [contrast_of(of, strict_pair("judge"), 1, FEWEST)]).iloc[0]
    assert (row["protection"], row["cooperation_lost"], row["delay_days"]) == (0.0, 0.0, 0.0)
    assert np.isnan(row["protection_low"])
    assert row["on_frontier"]


# --- protection and cooperation -------------------------------------------------------------------------------------------


def test_protection_and_loss_are_turned_round_with_their_intervals() -> None:
    of = results(case_disclosure_rate=-2.0 + np.arange(WORLDS)[:, None] / 10, legit_met_rate=-0.5, officer_hours=3.0)
    row = cooperation_of(of, [contrast_of(of, arm_runs(), 1, FEWEST)]).iloc[0]
    table = told(of)
    rate = table.loc[(RATE[0], "all")]
    assert row["protection"] == pytest.approx(-rate["difference"])
    assert (row["protection_low"], row["protection_high"]) == (-rate["high"], -rate["low"])
    assert row["protection_low"] < row["protection"] < row["protection_high"]
    assert row["protection_percent_low"] < row["protection_percent"] < row["protection_percent_high"]
    assert row["cooperation_lost"] == pytest.approx(0.5)
    assert row["hours"] == pytest.approx(3.0)
    assert (row["delay_quantile"], row["delay_days"]) == ("0.5", 0.0)


def test_the_frontier_holds_who_is_beaten_by_no_arm_and_not_by_doing_nothing() -> None:
    rows = {
        "strong": (0.3, 0.2), "cheap": (0.1, 0.0), "dear": (0.2, 0.3), "useless": (0.0, 0.1), "same": (0.3, 0.2),
        "harmful": (-0.1, -0.1), "unknown": (float("nan"), 0.0),
    }  # fmt: skip
    table = pd.DataFrame(
        [{"arm": name, "baseline_name": "a", "protection": p, "cooperation_lost": c} for name, (p, c) in rows.items()]
    )
    assert dict(zip(rows, on_frontier(table), strict=True)) == {
        "strong": True, "cheap": True, "dear": False, "useless": False, "same": True, "harmful": True, "unknown": False,
    }  # fmt: skip


def test_arms_of_different_baselines_do_not_beat_each_other() -> None:
    table = pd.DataFrame(
        {"baseline_name": ["a", "b"], "protection": [0.1, 0.2], "cooperation_lost": [0.1, 0.1]}, index=["weak", "strong"]
    )
    assert on_frontier(table) == [True, True]


# --- what the safeguards declare ------------------------------------------------------------------------------------------

RICH = ("people.rows=6000", "demand.legitimate=300", "years=2")


def limited() -> list[str]:
    """Safeguards that declare what they can move."""
    return [name for name, safeguard in made_up(*RICH).safeguards.items() if moves_of(safeguard) is not None]


def numbers(config: Config) -> dict[EstimandKey, tuple[float, int]]:
    """Value and count of every estimand of one run."""
    rows = simulate(config, seed=4).metrics.itertuples(index=False, name=None)
    return {(metric, by, level): (value, count) for metric, by, level, value, count in rows}


def test_a_safeguard_moves_nothing_but_what_it_declares() -> None:
    base, names = made_up(*RICH), limited()
    assert {"use_limitation", "onward_transfer", "publication"} <= set(names)
    without = with_forces(base, "absent", *names)
    unmoved = numbers(without)
    faults = {}
    for name in names:
        moved = numbers(with_forces(without, "must", name))
        assert moved.keys() == unmoved.keys()
        changed = {key[0] for key in moved if not np.array_equal(moved[key], unmoved[key], equal_nan=True)}
        if beyond := changed - (moves_of(base.safeguards[name]) or set()):
            faults[name] = beyond
    assert not faults
