"""An arm against its baseline: what may be told, what is zero by construction, and what the table says of it."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.contrasts import (
    COMPARISON_COLUMNS,
    RANKED,
    adjusted_p,
    agreement,
    arm_comparison,
    contrast_of,
    cooperation_of,
    on_frontier,
)
from experiments.analysis.movable import movable
from experiments.design.arms import ArmRun
from experiments.design.scenarios import NOT_SAID, POLICIES, Direction, Header
from experiments.store.results import DISPLACEMENT, OFFICER_HOURS, EstimandKey, Results
from sim.metrics import UNITS
from sim.review.safeguard import moves_of
from sim.settings import Config
from sim.simulation import simulate
from tests.worlds import NO_FIRM_TELLS, made_up, with_conduct, with_forces, with_review, with_safeguard

WORLDS, REPLICATES, FEWEST = 8, 2, 10
RATE: EstimandKey = ("cross_border_disclosure_rate", "all", "all")
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
WAYS: dict[str, Direction] = {"case_disclosure_rate": "down", MET[0]: "same"}  # the first is judged on its twin
HEADER = Header(name="no_treaty", question="q", motive="m", expect="e", direction=WAYS, finding=None)


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


def test_a_difference_its_range_and_its_simulation_error_are_those_of_the_worlds() -> None:
    gap = np.random.default_rng(8).normal(-2.0, 0.5, (WORLDS, REPLICATES))
    of = results(cross_border_disclosure_rate=gap)
    row = told(of).loc[(RATE[0], "all")]
    means = gap.mean(1)
    half = 2.3646242515927844 * means.std(ddof=1) / WORLDS**0.5  # Student's quantile with seven degrees, from a printed table
    assert row["difference"] == pytest.approx(means.mean())
    assert (row["world_low"], row["world_high"]) == (pytest.approx(means.min()), pytest.approx(means.max()))
    assert (row["worlds_agreeing"], row["inside"]) == (WORLDS, pytest.approx(7 / 9))
    assert (row["error_low"], row["error_high"]) == (pytest.approx(means.mean() - half), pytest.approx(means.mean() + half))
    before = of.values[0, 0].mean(1)
    percents = 100 * means / before
    assert (row["percent_world_low"], row["percent_world_high"]) == pytest.approx((percents.min(), percents.max()))
    assert row["percent_worlds"] == WORLDS
    assert row["percent_world_low"] <= row["percent_error_low"] <= row["percent"] <= row["percent_error_high"]
    assert 0 <= row["chance_share"] <= 1
    assert row["ratio"] == pytest.approx(row["value"] / row["baseline"])
    assert row["percent"] == pytest.approx(100 * row["difference"] / row["baseline"])
    assert (row["worlds"], row["runs"], row["events"]) == (WORLDS, WORLDS * REPLICATES, 5 * WORLDS * REPLICATES)


def test_equal_arms_differ_by_exactly_nothing() -> None:
    table = told(results()).drop(index=DISPLACEMENT, level="metric")
    zeros = ["difference", "world_low", "world_high", "worlds_agreeing", "error_low", "error_high", "world_sd", "event_sd"]
    assert (table[zeros] == 0.0).all(axis=None)
    ends = [f"percent{end}" for end in ("", "_world_low", "_world_high", "_error_low", "_error_high")]
    assert table[ends].to_numpy(float) == pytest.approx(0.0, abs=1e-9)
    assert table["chance_share"].isna().all(), "nothing varies"
    assert table["adjusted_p"].dropna().tolist() == [1.0, 1.0], "of the two estimands that are no slice"
    assert not table["constructed_zero"].any()  # no treaty could have moved them


def test_under_ten_events_on_either_side_no_number_is_given() -> None:
    for side in (0, 1):
        of = results(cross_border_disclosure_rate=-2.0)
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


def test_a_change_of_a_share_stays_possible_and_no_fall_is_of_more_than_all() -> None:
    of = results()
    of.values[0] /= 100.0  # rates of about 0.1
    of.values[1] = of.values[0]
    gap = np.zeros((WORLDS, REPLICATES))
    gap[0] = 0.9  # all of the effect in one world
    of.values[1, 0] += gap
    of.values[1, 1] = 0.0
    of.values[1, 1, 0] = of.values[0, 1, 0] * 9
    rate, met = told(of).loc[(RATE[0], "all")], told(of).loc[(MET[0], "all")]
    assert -1.0 <= rate["error_low"] <= rate["error_high"] <= 1.0
    assert (met["percent_world_low"], met["percent_error_low"], met["ratio_error_low"]) == (-100.0, -100.0, 0.0)


def test_a_world_whose_baseline_is_zero_has_no_per_cent() -> None:
    of = results(cross_border_disclosure_rate=-2.0)
    of.values[0, 0, 3] = 0.0
    row = told(of).loc[(RATE[0], "all")]
    assert (row["worlds"], row["percent_worlds"]) == (WORLDS, WORLDS - 1)
    assert np.isnan([row["percent_world_low"], row["percent_world_high"]]).all(), "the mean rests on more worlds than a range would"
    assert not np.isnan([row["percent"], row["world_low"], row["world_high"]]).any()


def test_under_eight_worlds_nothing_is_borne_out_and_no_p_is_given() -> None:
    of = results(cross_border_disclosure_rate=-2.0 + np.arange(WORLDS)[:, None] / 10)
    fewer = of._replace(values=of.values[:, :, 1:], counts=of.counts[:, :, 1:], worlds=of.worlds[1:])
    table = told(fewer)
    assert table["agrees"].isna().all()
    assert table["adjusted_p"].isna().all()
    assert table.loc[(RATE[0], "all"), "worlds_agreeing"] == WORLDS - 1, "the count of signs stands all the same"
    assert told(of).loc[(RATE[0], "all"), "adjusted_p"] == pytest.approx(2 / 2**WORLDS)


@pytest.mark.parametrize(
    ("expected", "low", "high", "verdict"),
    [
        ("up", 0.1, 0.2, True), ("up", -0.2, -0.1, False), ("up", -0.1, 0.1, None), ("down", -0.2, -0.1, True),
        ("down", 0.1, 0.2, False), ("down", -0.1, 0.1, None), ("same", -0.1, 0.1, True), ("same", 0.1, 0.2, False),
        ("same", -0.2, -0.1, False), ("", 0.1, 0.2, None), ("up", float("nan"), float("nan"), None), ("down", 0.0, 0.0, None),
    ],
)  # fmt: skip
def test_a_range_over_worlds_bears_an_expectation_out_or_not_or_neither(
    expected: str, low: float, high: float, verdict: bool | None
) -> None:
    assert agreement(expected, low, high, WORLDS, 0.2) is verdict
    assert agreement(expected, low, high, WORLDS - 1, 0.2) is None
    still = verdict if not (low > 0 or high < 0) else None
    assert agreement(expected, low, high, WORLDS, 0.7) is still, "what is mostly chance bears nothing out"


def test_headers_are_read_where_they_were_written_for() -> None:
    of = results(cross_border_disclosure_rate=-2.0 + np.arange(WORLDS)[:, None] / 10)
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
        assert movable(config, base) == {*UNITS, OFFICER_HOURS[0]} - {"domestic_share", "domestic_rate"}


SILENT = (NO_FIRM_TELLS, "safeguards.person.own_law=null")  # nobody is told in time, so secrecy moves nobody's disclosure
ONE_THING = {"total_secrecy": "notified_share", "spyware": "spyware_rate", "data_protection": "secondary_use_rate"}


@pytest.mark.parametrize("scenario", ONE_THING)
def test_what_a_scenario_cannot_move_is_no_prediction_that_came_true(scenario: str) -> None:
    base, of = made_up(*SILENT), results()
    config = made_up(*SILENT, f"scenario={scenario}")
    assert movable(config, base) == {ONE_THING[scenario]}
    contrast = contrast_of(of, [ArmRun("as_adopted", base, 0), ArmRun(scenario, config, 0)], 1, FEWEST)
    table = arm_comparison(of, [contrast], {scenario: HEADER}).set_index(["metric", "level"])
    for key in (RATE, MET):
        row = table.loc[(key[0], "all")]
        assert row["constructed_zero"]
        assert row["expected"]
        assert row["agrees"] is None


@pytest.mark.parametrize("telling", [("review.firm_notice.share=0.6", SILENT[1]), (SILENT[0], "safeguards.person.own_law=may")])
def test_secrecy_moves_who_is_disclosed_where_own_law_or_a_firm_tells_in_time(telling: tuple[str, str]) -> None:
    """One of the two is enough; as adopted there are both."""
    moved = movable(made_up(*telling, "scenario=total_secrecy"), made_up(*telling))
    assert moved is not None
    assert {RATE[0], MET[0], "notified_share"} <= moved


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
    assert row[["difference", "world_low", "world_high", "percent", "ratio", "world_sd", "adjusted_p"]].isna().all()


def test_a_safeguard_that_declares_nothing_may_move_all(monkeypatch: pytest.MonkeyPatch) -> None:
    declared(monkeypatch, judge=frozenset({MET[0]}), discrimination=None)
    assert not told(results(), strict_pair("judge", "discrimination"))["constructed_zero"].any()


def test_what_moved_against_its_declaration_is_reported_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    declared(monkeypatch, judge=frozenset({MET[0]}))
    row = told(results(cross_border_disclosure_rate=-1.0), strict_pair("judge")).loc[(RATE[0], "all")]
    assert not row["constructed_zero"]
    assert row["difference"] == pytest.approx(-1.0)


def test_a_constructed_zero_is_no_cost_and_no_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    declared(monkeypatch, judge=frozenset())
    of = results()
    row = cooperation_of(of, [contrast_of(of, strict_pair("judge"), 1, FEWEST)]).iloc[0]
    assert (row["protection"], row["cooperation_lost"], row["delay_days"]) == (0.0, 0.0, 0.0)
    assert np.isnan(row["protection_world_low"])
    assert row["on_frontier"]


# --- protection and cooperation -------------------------------------------------------------------------------------------


def test_protection_and_loss_are_turned_round_with_their_intervals() -> None:
    of = results(cross_border_disclosure_rate=-2.0 + np.arange(WORLDS)[:, None] / 10, legit_met_rate=-0.5, officer_hours=3.0)
    row = cooperation_of(of, [contrast_of(of, arm_runs(), 1, FEWEST)]).iloc[0]
    table = told(of)
    rate = table.loc[(RATE[0], "all")]
    assert row["protection"] == pytest.approx(-rate["difference"])
    for kind in ("world", "error"):
        assert row[f"protection_{kind}_low"] == -rate[f"{kind}_high"]
        assert row[f"protection_{kind}_high"] == -rate[f"{kind}_low"]
        for name in ("protection", "protection_percent"):
            assert row[f"{name}_{kind}_low"] < row[name] < row[f"{name}_{kind}_high"]
    assert row["protection_worlds_agreeing"] == rate["worlds_agreeing"] == WORLDS
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


def test_who_is_bound_a_stress_or_a_control_is_on_no_frontier_and_beats_nobody() -> None:
    rows = {"safeguard": (0.1, 0.2), "bundle": (0.2, 0.3), NOT_SAID: (0.05, 0.0), "membership": (0.9, 0.0), "control": (0.8, 0.0),
            "stress": (0.7, -0.5)}  # fmt: skip
    table = pd.DataFrame(
        [{"arm": name, "kind": name, "baseline_name": "a", "protection": p, "cooperation_lost": c} for name, (p, c) in rows.items()]
    )
    assert dict(zip(rows, on_frontier(table), strict=True)) == {name: name in POLICIES for name in rows}


def three_arms(strong: np.ndarray, weak: np.ndarray) -> tuple[Results, list[ArmRun]]:
    """The baseline, an arm with one and an arm with another change of the disclosed cases, world by world, and one unmoved."""
    of = results()
    values = np.stack([of.values[0], of.values[0].copy(), of.values[0].copy(), of.values[0].copy()])
    for place, change in ((1, weak), (2, strong)):
        values[place, 0] += change[:, None]
    runs = [
        ArmRun("as_adopted", made_up(), 0),
        *(ArmRun(name, made_up("scenario=no_treaty"), 0) for name in ("weak", "strong", "still")),
    ]
    return Results(KEYS, values, np.full(values.shape, 5, np.int64), of.worlds), runs


def test_arms_are_ranked_by_what_they_save_world_by_world_with_the_range_of_their_ranks() -> None:
    strong, weak = np.full(WORLDS, -3.0), np.full(WORLDS, -1.0)
    strong[0] = 1.0  # in one world it harms
    of, runs = three_arms(strong, weak)
    table = cooperation_of(of, [contrast_of(of, runs, place, FEWEST) for place in (1, 2, 3)]).set_index("arm")
    first = table.loc["strong", list(RANKED)].tolist()
    assert first == pytest.approx([(7 * 1 + 3) / 8, 1.0, 3.0, 7 / 8, 2.0 / 8])
    assert table.loc["weak", list(RANKED)].tolist() == pytest.approx([(7 * 2 + 1) / 8, 1.0, 2.0, 1 / 8, 7 * 2.0 / 8])
    assert table["protection_leads"].sum() == pytest.approx(1.0)


def test_p_is_adjusted_for_all_arms_of_the_table() -> None:
    rng = np.random.default_rng(3)
    of, runs = three_arms(rng.normal(-1.0, 0.5, WORLDS), rng.normal(-0.3, 0.5, WORLDS))
    contrasts = [contrast_of(of, runs, place, FEWEST) for place in (1, 2, 3)]
    together = adjusted_p(contrasts, KEYS)[:, 0]
    alone = [adjusted_p([one], KEYS)[0, 0] for one in contrasts]
    assert (together >= alone).all()
    assert together[0] > alone[0]
    assert together[2] == alone[2] == 1.0
    assert np.isnan(adjusted_p(contrasts, KEYS)[:, 2:-1]).all(), "slices are not judged together"


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
