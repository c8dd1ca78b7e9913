"""Levels, steps and cliffs where the curve is known; a straight line has no cliff, however noisy."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.threshold import Steps, analyse, cliff_of, slopes_of, steps_table, unsuited
from experiments.design.designs import Design, Uncertainty, design_of
from experiments.statistics import half_width, world_range
from experiments.store.outcomes import ArrayStudy, Outcome, Outcomes, outcomes_from
from tests.analysis.studies import CASES, NEEDS, design, points_in, study

LEVELS = (1, 2, 3, 4, 5, 6, 8, 10)


def arms(levels: tuple[int, ...] = LEVELS) -> Design:
    return Design(question="what if?", arms={f"line_{n}": [f"instruments.hanoi.threshold_years={n}"] for n in levels})


def levers() -> Design:
    own = {str(n): {"instruments.hanoi.threshold_years": n} for n in (4, *(n for n in LEVELS if n != 4))}
    keys = {"review.x0": Uncertainty(low=0.0, high=1.0)}
    return Design(question="what if?", levers={"line": own}, uncertainties=keys, draw="latin_hypercube", size=40)


def points_of_levers(drawn: Design) -> pd.DataFrame:
    names = list(drawn.levers["line"])
    rows = points_in(design(names, size=drawn.size, unknown=1))
    return rows.assign(line=rows["scenario"], scenario="as_adopted")


def smooth(level: float) -> float:
    return 0.2 - 0.01 * level


def cliff(level: float) -> float:
    return 0.2 - 0.001 * level - 0.05 * (level > 4)


def told_of(curve, W: int = 9, noise: float = 0.0, seed: int = 1, drawn: Design | None = None) -> ArrayStudy:  # type: ignore[no-untyped-def]
    drawn = drawn or arms()
    rng = np.random.default_rng(seed)
    points = points_of_levers(drawn) if drawn.levers else points_in(drawn)
    names = points["line"] if drawn.levers else points["scenario"].str.removeprefix("line_")
    means = np.array([curve(float(name)) for name in names])[:, None, None]
    if drawn.levers:
        means = means * (0.5 + points["review.x0"].to_numpy(float))[:, None, None]
    values = means * (1 + 0.1 * rng.normal(size=(1, W, 1)) + noise * rng.normal(size=(len(points), W, 1)))
    return study(drawn, points, {CASES: values, NEEDS: np.full(values.shape, 0.5)})


def test_levels_stand_in_order_with_the_mean_of_their_worlds() -> None:
    told = told_of(smooth)
    table = analyse(told, CASES).tables["threshold"]
    own = table[table["outcome"] == "case_disclosure_rate"]
    assert own["level"].tolist() == list(LEVELS)
    worlds = told.outcomes(CASES).values[3].mean(-1)
    row = own[own["level"] == 4].iloc[0]
    assert row["mean"] == pytest.approx(worlds.mean())
    assert (row["world_low"], row["world_high"]) == pytest.approx((worlds.min(), worlds.max()))
    assert row["error_high"] - row["mean"] == pytest.approx(float(half_width(worlds)))
    assert row["inside"] == pytest.approx(8 / 10)
    assert "worlds_agreeing" not in table
    assert own["draw_low"].isna().all()


def test_steps_are_told_per_year_in_per_cent_of_the_mean_at_the_line() -> None:
    steps = analyse(told_of(smooth), CASES).tables["steps"]
    own = steps[steps["outcome"] == "case_disclosure_rate"]
    assert own["per_unit"].to_numpy(float) == pytest.approx(-100 * 0.01 / 0.16)  # the steps of two years too
    assert own["at_line"].tolist() == [False, False, True, True, False, False, False]
    assert own["largest_share"].isna().all()


def test_a_straight_line_has_no_cliff_and_does_not_turn() -> None:
    told = analyse(told_of(smooth, noise=0.02), CASES)
    assert "No cliff is shown, which does not mean that there is none: it is the steepest in " in told.answer[1]
    assert "No step clearly turns back" in told.answer[1]


def test_a_cliff_at_the_line_is_told() -> None:
    told = analyse(told_of(cliff, noise=0.005), CASES)
    assert "steepest step is from 4 to 5" in told.answer[1]
    assert "That is a cliff, at 4: it is the steepest in 9 of 9 worlds, ahead of the next by " in told.answer[1]
    row = told.tables["steps"].iloc[3]
    assert (row["largest_in_worlds"], row["worlds_agreeing"], row["worlds"]) == (9, 9, 9)
    assert row["adjusted_p"] == pytest.approx(2 / 2**9)


def test_a_cliff_elsewhere_is_told_as_elsewhere() -> None:
    told = analyse(told_of(lambda level: 0.2 - 0.001 * level - 0.05 * (level > 6), noise=0.005), CASES)
    assert "That is a cliff, and it does not lie at 4" in told.answer[1]


def test_a_step_that_turns_back_is_told() -> None:
    told = analyse(told_of(lambda level: 0.2 - 0.01 * level + 0.05 * (level > 5), noise=0.002), CASES)
    assert "It turns back from 5 to 6 (adjusted p under 0.05)." in told.answer[1]


def test_equal_steps_are_called_a_cliff_or_a_turn_in_few_noisy_studies() -> None:
    rng = np.random.default_rng(2)
    found = [cliff_of(steps_like(-1.0 + rng.normal(0, 1.0, (5, 8)))) for _ in range(400)]
    assert np.mean([one.clear for one in found]) <= 0.05
    assert np.mean([one.on_the_mean for one in found]) <= 0.05
    assert np.mean([bool(one.turns) for one in found]) <= 0.05
    truth = np.array([[-1.0], [-1.0], [-4.0], [-1.0], [-1.0]])
    steeper = [cliff_of(steps_like(truth + rng.normal(0, 0.4, (5, 8)))) for _ in range(40)]
    assert np.mean([one.clear and one.on_the_mean for one in steeper]) > 0.9  # or the test could not fail


def steps_like(worlds: np.ndarray) -> Steps:
    """Steps of so much in each world, ``[K - 1, W]``, in one draw and replicate."""
    return Steps([float(n) for n in range(len(worlds) + 1)], worlds[:, None], worlds, worlds[..., None])


@pytest.mark.slow
def test_the_simulation_error_of_a_step_holds_its_mean_and_its_range_a_further_world_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    held = []
    inside = []
    for _ in range(400):
        worlds = -1.0 + rng.normal(0, 1.0, (5, 9))
        table = steps_table(steps_like(worlds[:, :8]), CASES, 4.0)
        held.append(((table["error_low"] <= -1.0) & (table["error_high"] >= -1.0)).mean())
        inside.append(((table["world_low"] <= worlds[:, 8]) & (table["world_high"] >= worlds[:, 8])).mean())
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
    assert np.mean(inside) == pytest.approx(7 / 9, abs=0.03)
    assert table["inside"].to_numpy(float) == pytest.approx(7 / 9)


@pytest.mark.parametrize("W", [1, 7])
def test_too_few_worlds_give_no_verdict(W: int) -> None:
    told = analyse(told_of(cliff, W=W), CASES)
    assert told.tables["steps"]["world_low"].isna().all() == (W == 1)
    assert told.tables["steps"]["adjusted_p"].isna().all()
    assert f"Whether it is a cliff cannot be told: too few worlds for a verdict: {W}; 8 or more." in told.answer[1]
    assert "turns back" not in told.answer[1]
    assert "That is a cliff" in analyse(told_of(cliff, W=8), CASES).answer[1]


def test_draws_give_a_parameter_band_and_the_share_in_which_the_line_is_steepest() -> None:
    told = analyse(told_of(cliff, noise=0.005, drawn=levers()), CASES)
    row = told.tables["threshold"].iloc[0]
    assert (row["draws"], row["worlds"]) == (40, 9)
    assert row["draw_low"] < row["mean"] < row["draw_high"]
    assert row["parameter_sd"] == pytest.approx(row["mean"] * np.sqrt(1 / 12), rel=0.1)
    assert (
        "In 100 % of the draws (91 % to 100 %) the steepest step is one beside 4; by chance alone it would be in 29 %"
        in told.answer[1]
    )
    assert any("5th to the 95th percentile" in sentence for sentence in told.sure)


def test_paired_changes_hold_less_than_levels_do() -> None:
    told = analyse(told_of(smooth), CASES)
    levels, changes = told.tables["threshold"], told.tables["changes"]
    columns = ["mean", "world_low", "world_high", "error_low", "error_high", "worlds_agreeing"]
    assert changes.loc[changes["level"] == 4, columns].to_numpy(float) == pytest.approx(0.0)
    last = changes[(changes["level"] == 10) & (changes["outcome"] == "case_disclosure_rate")].iloc[0]
    assert last["mean"] == pytest.approx(-100 * 0.06 / 0.16)
    wide = levels[(levels["level"] == 10) & (levels["outcome"] == "case_disclosure_rate")].iloc[0]
    assert (last["world_high"] - last["world_low"]) / 100 < (wide["world_high"] - wide["world_low"]) / 0.16


def test_a_future_without_a_run_at_one_level_is_left_out_of_the_steps() -> None:
    told = told_of(smooth, drawn=levers())
    values = told.outcomes(CASES).values.copy()
    values[45] = np.nan
    held = {CASES: outcomes_from(CASES, told.points, values), NEEDS: told.outcomes(NEEDS)}
    found = analyse(told._replace(held=held), CASES)
    assert any("Left out at every level, case disclosure rate: 1 draw, for" in sentence for sentence in found.sure)
    assert found.tables["steps"]["per_unit"].notna().all()


def test_the_outcome_beside_is_left_out_where_it_is_the_one_asked_for() -> None:
    table = analyse(told_of(smooth), NEEDS).tables["threshold"]
    assert table["outcome"].unique().tolist() == ["legit_met_rate"]


def test_nothing_disclosed_at_the_line_gives_levels_without_steps() -> None:
    told = analyse(told_of(lambda level: 0.0), CASES)
    assert told.tables["threshold"]["mean"].iloc[0] == 0.0
    assert len([sentence for sentence in told.answer if sentence.startswith("Case disclosure rate")]) == 1


def test_the_figures_carry_the_tables_and_the_paired_change_leads() -> None:
    told = analyse(told_of(smooth), CASES)
    change, fan = told.drawings
    assert fan.frame.equals(told.tables["threshold"])
    assert change.frame.reset_index(drop=True).equals(told.tables["changes"])
    assert fan.options["line"] == 4.0


def test_the_committed_designs_are_read() -> None:
    for name in ("threshold_sweep", "threshold_fan"):
        drawn = design_of(name)
        points = points_in(drawn) if drawn.arms else pd.DataFrame({"threshold": list(drawn.levers["threshold"])})
        told = ArrayStudy(name, drawn, points, *told_of(smooth)[3:6], {})
        assert unsuited(told) is None


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        (design(["as_adopted", "judge"]), "one number of one key"),
        (Design(question="q?", arms={"a": ["years=5"], "b": ["seed=3"], "c": ["years=7"]}), "one number of one key"),
        (Design(question="q?", arms={"a": ["review.load=true"], "b": ["review.load=false"]}), "one number of one key"),
        (arms((1, 2)), "3 levels"),
    ],
)
def test_other_designs_are_told_what_is_wanted(drawn: Design, words: str) -> None:
    points = points_in(drawn)
    assert words in (unsuited(ArrayStudy("x", drawn, points, *told_of(smooth)[3:6], {})) or "")


def test_steps_of_a_slice_are_steps_too() -> None:
    drawn, outcome = arms((2, 4, 6)), Outcome("case_disclosure_rate", "group", "lgbtq")
    outcomes: Outcomes = outcomes_from(outcome, points_in(drawn), np.array([0.3, 0.2, 0.1])[:, None, None] * np.ones((3, 4, 2)))
    told = ArrayStudy("x", drawn, outcomes.points, *told_of(smooth)[3:6], {outcome: outcomes, NEEDS: outcomes})
    found = analyse(told, outcome)
    assert found.tables["steps"]["per_unit"].to_numpy(float)[:2] == pytest.approx(-25.0)
    assert found.answer[0].startswith("case_disclosure_rate.group.lgbtq")
    assert slopes_of.__doc__


def test_a_level_on_few_events_has_no_number_and_one_on_enough_has() -> None:
    told = told_of(smooth)
    outcomes = told.outcomes(CASES)
    counts = outcomes.counts.copy()
    counts[-1] = 0
    found = analyse(told._replace(held={CASES: outcomes._replace(counts=counts), NEEDS: told.outcomes(NEEDS)}), CASES)
    own = found.tables["threshold"][found.tables["threshold"]["outcome"] == "case_disclosure_rate"]
    assert own["mean"].isna().tolist() == [False] * 7 + [True]
    assert own["events"].tolist() == [9000] * 7 + [0]
    steps = found.tables["steps"]
    assert steps.loc[steps["outcome"] == "case_disclosure_rate", "to"].max() == 8.0


def test_events_are_counted_in_the_runs_that_are_kept() -> None:
    told = told_of(smooth, W=5)
    outcomes = told.outcomes(CASES)
    values, counts = outcomes.values.copy(), outcomes.counts.copy()
    values[2, 4] = np.nan  # so that the fifth world is left out of all levels
    counts[-1] = 0
    counts[-1, 4] = 1000
    held = {CASES: outcomes._replace(values=values, counts=counts), NEEDS: told.outcomes(NEEDS)}
    own = analyse(told._replace(held=held), CASES).tables["threshold"]
    own = own[own["outcome"] == "case_disclosure_rate"]
    assert own["mean"].isna().tolist() == [False] * 7 + [True]
    assert own["events"].iloc[-1] < 10


def test_a_line_without_a_number_is_not_what_steps_are_told_against() -> None:
    told = told_of(smooth)
    outcomes = told.outcomes(CASES)
    at_line = (told.points["scenario"] == "line_4").to_numpy()
    counts = np.where(at_line[:, None, None], 0, outcomes.counts)
    found = analyse(told._replace(held={CASES: outcomes._replace(counts=counts), NEEDS: told.outcomes(NEEDS)}), CASES)
    said = next(sentence for sentence in found.answer if "steepest" in sentence)
    assert "of the mean at 4 a year" not in said


def test_nothing_but_few_events_gives_no_step() -> None:
    told = told_of(smooth)
    held = {outcome: outcomes._replace(counts=np.zeros_like(outcomes.counts)) for outcome, outcomes in told.held.items()}
    found = analyse(told._replace(held=held), CASES)
    assert found.tables["threshold"]["mean"].isna().all()
    assert len(found.tables["steps"]) == 0
    assert len(found.answer) == 2


def test_a_world_that_one_level_lacks_is_left_out_of_all() -> None:
    told = told_of(smooth, W=5)
    values = told.outcomes(CASES).values.copy()
    values[2, 4] = np.nan
    found = analyse(told._replace(held={CASES: outcomes_from(CASES, told.points, values), NEEDS: told.outcomes(NEEDS)}), CASES)
    fewer = analyse(told_of(smooth, W=5)._replace(held={
        CASES: outcomes_from(CASES, told.points, values[:, :4]),
        NEEDS: outcomes_from(NEEDS, told.points, told.outcomes(NEEDS).values[:, :4]),
    }), CASES)  # fmt: skip
    assert found.tables["steps"].iloc[:7].equals(fewer.tables["steps"].iloc[:7])


def test_every_table_can_be_written(tmp_path: Path) -> None:
    for name, table in analyse(told_of(smooth), CASES).tables.items():
        table.to_parquet(tmp_path / f"{name}.parquet", index=False)


def holed(curve, missing: list[tuple[int, int]], W: int = 8, **more):  # type: ignore[no-untyped-def]
    """A study of arms without the runs of these levels and worlds."""
    told = told_of(curve, W=W, **more)
    values = told.outcomes(CASES).values.copy()
    for level, world in missing:
        values[level, world] = np.nan
    return told._replace(held={CASES: outcomes_from(CASES, told.points, values), NEEDS: told.outcomes(NEEDS)})


@pytest.mark.parametrize("missing", [[(2, 5)], [(0, 0), (1, 1), (2, 2), (3, 3)], [(0, 7), (1, 7), (3, 7)]])
def test_levels_and_steps_stand_on_the_worlds_that_all_levels_have(missing: list[tuple[int, int]]) -> None:
    found = analyse(holed(smooth, missing, drawn=arms((3, 4, 5, 8)), noise=0.05), CASES)
    left = [world for world in range(8) if world not in {world for _, world in missing}]
    values = told_of(smooth, W=8, drawn=arms((3, 4, 5, 8)), noise=0.05).outcomes(CASES).values[:, left, 0].mean(1)
    levels = found.tables["threshold"].iloc[:4]
    assert levels["mean"].to_numpy(float) == pytest.approx(values)
    assert levels["worlds"].tolist() == [len(left)] * 4
    slopes = 100 * np.diff(values) / np.array([1, 1, 3]) / values[1]
    assert found.tables["steps"]["per_unit"].to_numpy(float)[:3] == pytest.approx(slopes)
    noun = "world" if len(left) == 7 else "worlds"
    assert any(f"Left out at every level, case disclosure rate: {8 - len(left)} {noun}, for" in one for one in found.sure)


def test_a_level_that_is_hardly_begun_has_no_number_and_costs_the_others_no_world() -> None:
    found = analyse(holed(smooth, [(3, world) for world in range(1, 8)], drawn=arms((3, 4, 5, 8))), CASES)
    levels = found.tables["threshold"].iloc[:4]
    assert levels["worlds"].tolist()[:3] == [8, 8, 8]
    assert levels["mean"].isna().tolist() == [False, False, False, True]
    assert any("Without a number: levels 8 of case disclosure rate, which have under half" in one for one in found.sure)


def test_a_cliff_is_told_by_its_margin_in_each_world() -> None:
    told = told_of(cliff, noise=0.001)
    found = analyse(told, CASES)
    runs = told.outcomes(CASES).values[:, :, 0]
    slopes = -100 * np.diff(runs, axis=0) / np.diff(LEVELS)[:, None] / runs[3]
    margin = world_range(slopes[3] - np.delete(slopes, 3, axis=0).max(0))
    assert f"(range over worlds of its margin {float(margin.low):.1f} to {float(margin.high):.1f})" in found.answer[1]
    assert any("A step over more than one unit is averaged" in sentence for sentence in found.sure)


def test_a_step_that_only_the_mean_tells_from_others_is_no_cliff() -> None:
    rng = np.random.default_rng(4)
    worlds = np.array([[-1.0], [-3.0], [-1.0]]) + rng.normal(0, 1.0, (3, 12))
    worlds[:, 0] = [-2.0, -1.0, -1.0]  # one world in which another step is steeper
    found = cliff_of(steps_like(worlds))
    assert (found.place, found.clear, found.on_the_mean) == (1, False, True)
    assert found.leads < found.worlds == 12


def test_a_range_of_changes_is_that_of_each_world_s_own_per_cent() -> None:
    told = told_of(smooth, noise=0.1)
    table = analyse(told, CASES).tables["changes"]
    row = table[(table["level"] == 10) & (table["outcome"] == "case_disclosure_rate")].iloc[0]
    runs = told.outcomes(CASES).values[:, :, 0]
    own = 100 * (runs[-1] / runs[3] - 1)
    assert (row["world_low"], row["world_high"]) == pytest.approx((own.min(), own.max()))
    assert row["mean"] == pytest.approx(100 * (runs[-1].mean() / runs[3].mean() - 1))
    assert row["worlds_agreeing"] == (own < 0).sum()


def test_limits_of_a_share_lie_between_zero_and_one() -> None:
    """A rate of 0.08 under two seeds had an interval from -0.14 to 0.30."""
    told = told_of(lambda level: 0.08, W=2)
    values = told.outcomes(CASES).values.copy()
    values[:, 0], values[:, 1] = 0.02, 0.14
    found = analyse(told._replace(held={CASES: outcomes_from(CASES, told.points, values), NEEDS: told.outcomes(NEEDS)}), CASES)
    row = found.tables["threshold"].iloc[0]
    assert (row["mean"], row["world_low"], row["world_high"]) == pytest.approx((0.08, 0.02, 0.14))
    assert (row["error_low"], row["error_high"]) == pytest.approx((0.0, 0.8424), abs=1e-4)


def test_conditions_are_told_apart() -> None:
    told = told_of(smooth)
    points = pd.concat([told.points.assign(condition=name, point=told.points["point"] + name) for name in ("", "with_load")])
    points = points.assign(place=range(len(points))).reset_index(drop=True)
    values = told.outcomes(CASES).values
    both = {CASES: np.concatenate([values, 2 * values]), NEEDS: np.full((16, 6, 1), 0.5)}
    found = analyse(study(told.design, points, both), CASES)
    table = found.tables["threshold"][found.tables["threshold"]["outcome"] == "case_disclosure_rate"]
    means = table.groupby("condition")["mean"].first()
    assert means["with_load"] == pytest.approx(2 * means[""])
    assert found.tables["threshold"]["draws"].max() == 1
    assert set(found.tables["steps"]["condition"]) == {"", "with_load"}
    assert any(sentence.startswith("With load: Case disclosure rate") for sentence in found.answer)
    assert [drawing.name for drawing in found.drawings] == ["fan_change", "fan", "fan_change_with_load", "fan_with_load"]


def test_digits_of_a_mean_are_a_setting() -> None:
    told = told_of(lambda level: 0.123456)
    values = {one: outcomes.values for one, outcomes in told.held.items()}
    short = analyse(study(told.design, told.points, values, threshold={"digits": 1}), CASES).answer[0]
    assert "0.1 (range over 9 worlds 0.1 to 0.1; simulation error 0.1 to 0.1) at 1 year" in short
    assert " 0.1 (range" not in analyse(told, CASES).answer[0]
