"""Regret, thresholds and ranks where the truth is known: identical policies have no regret, however noisy the runs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.analysis import frontier
from experiments.analysis.regret import (
    SATISFIED,
    SCORE_NAMES,
    RobustnessSpec,
    future_scores,
    kendall,
    leads_table,
    measures_by_world,
    naive_regret,
    regret_of,
    robustness_measures,
    robustness_table,
)
from experiments.analysis.robustness import analyse, unsuited
from experiments.design.designs import Design
from experiments.statistics import half_width
from experiments.store.outcomes import ArrayStudy, Outcome
from sim.world.record import ConfigError
from tests.analysis.studies import CASES, NEEDS, asked, asked_again, design, points_in, read_against, study

NAMES = ["as_adopted", "judge", "notice"]


def spec() -> RobustnessSpec:
    return RobustnessSpec(**asked(robustness={"resamples": 100}).analysis["robustness"])


def crossing(W: int = 4, noise: float = 0.0, seed: int = 1) -> ArrayStudy:
    """Judge saves 40 x0 per cent and costs nothing; notice saves 40 (1 - x0) per cent and costs 10 x1 per cent of the needs."""
    drawn = design(NAMES)
    points, rng = points_in(drawn), np.random.default_rng(seed)
    x0, x1 = points["review.x0"].to_numpy(float), points["review.x1"].to_numpy(float)
    name = points["scenario"].to_numpy(str)
    saved = np.select([name == "judge", name == "notice"], [0.4 * x0, 0.4 * (1 - x0)], 0.0)
    lost = np.where(name == "notice", 0.1 * x1, 0.0)
    common = 1.0 + 0.05 * rng.normal(size=(1, W, 1))
    rest = 1.0 + noise * rng.normal(size=(len(points), W, 1))
    cases, needs = (0.2 * (1 - saved))[:, None, None] * common * rest, (0.6 * (1 - lost))[:, None, None] * np.ones((1, W, 1))
    return study(drawn, points, {CASES: cases, NEEDS: needs}, robustness={"resamples": 60})


def found(table: pd.DataFrame, policy: str, measure: str, score: str = "balance", column: str = "value") -> float:
    rows = table[(table["policy"] == policy) & (table["score"] == score) & (table["measure"] == measure)]
    return float(rows[column].iloc[0])


def test_measures_agree_with_the_closed_form_where_there_is_no_noise() -> None:
    told = analyse(crossing(), CASES)
    table = told.tables["robustness"]
    x0 = crossing().points.iloc[:64]["review.x0"].to_numpy(float)
    x1 = crossing().points.iloc[:64]["review.x1"].to_numpy(float)
    gains = np.stack([0 * x0, 40 * x0, 40 * (1 - x0) - 10 * x1])
    regret = gains.max(0) - gains
    for policy, own, balance in zip(NAMES, regret, gains, strict=True):
        assert found(table, policy, "mean") == pytest.approx(balance.mean())
        assert found(table, policy, "regret_mean") == pytest.approx(own.mean(), rel=1e-3)
        assert found(table, policy, "regret_p75") == pytest.approx(np.percentile(own, 75), rel=1e-3)
        assert found(table, policy, "regret_p90") == pytest.approx(np.percentile(own, 90), rel=1e-3)
        assert found(table, policy, "best_share") == pytest.approx((gains.argmax(0) == NAMES.index(policy)).mean())
        assert found(table, policy, "regret_p90", column="uncorrected") == pytest.approx(np.percentile(own, 90), rel=1e-3)
    met = {"as_adopted": 0.0, "judge": (40 * x0 >= 10).mean(), "notice": ((40 * (1 - x0) >= 10) & (10 * x1 <= 5)).mean()}
    for policy, share in met.items():
        assert found(table, policy, SATISFIED, "both") == pytest.approx(share)


def test_limits_over_draws_and_over_worlds_are_apart() -> None:
    table = analyse(crossing(), CASES).tables["robustness"]
    row = table[(table["policy"] == "judge") & (table["score"] == "balance") & (table["measure"] == "mean")].iloc[0]
    assert row["draw_error_high"] - row["draw_error_low"] == pytest.approx(4 * 40 * np.sqrt(1 / 12 / 64), rel=0.25)
    assert row["world_high"] - row["world_low"] < 5.0  # worlds shift all policies alike, but for the divisor
    noisy = crossing(noise=0.2)
    values = noisy.outcomes(CASES).values
    assert values.shape == (192, 4, 1)
    wide = analyse(noisy, CASES).tables["robustness"]
    again = wide[(wide["policy"] == "judge") & (wide["score"] == "balance") & (wide["measure"] == "mean")].iloc[0]
    assert again["world_high"] - again["world_low"] > row["world_high"] - row["world_low"]


def test_the_range_of_a_mean_is_that_of_world_means_and_its_simulation_error_student_s() -> None:
    told = analyse(crossing(noise=0.1), CASES)
    table, points = told.tables["robustness"], crossing().points
    cases = crossing(noise=0.1).outcomes(CASES).values[:, :, 0].reshape(3, 64, 4)
    saved = 100 * (cases[:1] - cases) / cases[:1].mean(-1, keepdims=True)
    half = float(half_width(saved[1].mean(0)))
    row = table[(table["policy"] == "judge") & (table["score"] == "protection") & (table["measure"] == "mean")].iloc[0]
    assert row["error_high"] - row["value"] == pytest.approx(half)
    of_worlds = saved[1].mean(0)
    assert (row["world_low"], row["world_high"]) == pytest.approx((of_worlds.min(), of_worlds.max()))
    assert (row["worlds"], row["inside"]) == (4, 3 / 5)
    assert len(points) == 192


@pytest.mark.parametrize("W", [2, 3, 4, 8])
def test_identical_policies_have_no_regret_and_plain_regret_says_they_have(W: int) -> None:
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(400, 5, 32, W))  # 5 policies, 32 futures
    corrected, plain = regret_of(noise), naive_regret(noise)
    error = corrected.mean((1, 2)).std(ddof=1) / np.sqrt(400)
    assert abs(corrected.mean()) < 4 * error
    assert error < 0.015  # or the test could not fail
    assert plain.mean() > 0.35
    ninth = np.percentile(corrected, 90, axis=-1).mean()
    assert abs(ninth) < (0.25 if W > 2 else 0.5) * np.percentile(plain, 90, axis=-1).mean()


@pytest.mark.parametrize("W", [2, 3, 4, 8])
@pytest.mark.parametrize("apart", [0.3, 1.0, 3.0])
def test_corrected_and_plain_regret_enclose_the_truth_and_draw_together_with_every_world(W: int, apart: float) -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(0.0, apart, (300, 4, 40))
    exact = (truth.max(1, keepdims=True) - truth).mean()
    runs = truth[..., None] + rng.normal(0, 1.0, (300, 4, 40, W)) + rng.normal(0, 2.0, (300, 1, 1, W))
    low, high = regret_of(runs).mean(), naive_regret(runs).mean()
    assert low < exact < high
    assert high - low < 1.3 / np.sqrt(W)


def test_noise_hardly_moves_the_90th_percentile_of_corrected_regret_and_much_the_plain_one() -> None:
    exact = np.percentile(regret_of(values_of(noise=0.0)), 90, axis=-1).mean()
    steady = [np.percentile(regret_of(values_of(0.25, seed)), 90, axis=-1).mean() for seed in range(40)]
    plain = [np.percentile(naive_regret(values_of(0.25, seed)), 90, axis=-1).mean() for seed in range(40)]
    assert np.mean(steady) == pytest.approx(exact, rel=0.08)
    assert np.mean(plain) > 1.2 * exact


def test_one_world_cannot_be_corrected() -> None:
    single = np.random.default_rng(3).normal(size=(5, 32, 1))
    assert (regret_of(single) == naive_regret(single)).all()


def values_of(noise: float, seed: int = 1) -> np.ndarray:
    """Balance ``[Q, D, W]`` of the crossing policies in per cent, straight from the truth with noise of so many tenths."""
    rng = np.random.default_rng(seed)
    x0 = (np.arange(64) + 0.5) / 64
    gains = np.stack([0 * x0, 40 * x0, 40 * (1 - x0)])[:, :, None]
    return gains + 100 * noise * rng.normal(size=(3, 64, 4))


def test_regret_of_policies_that_never_change_places_is_their_distance() -> None:
    values = np.array([0.0, 5.0, 3.0])[:, None, None] + np.random.default_rng(5).normal(size=(1, 20, 4))
    assert regret_of(values).mean(1) == pytest.approx([5.0, 0.0, 2.0])
    assert robustness_measures(np.stack([values] * 3), spec()).scores[0, :, 4].tolist() == [0.0, 1.0, 0.0]


def test_policies_that_are_the_same_share_the_first_place() -> None:
    values = np.zeros((3, 4, 10, 3))
    assert robustness_measures(values, spec()).scores[..., 4] == pytest.approx(0.25)
    assert robustness_measures(values, spec()).scores[..., 5:] == pytest.approx(2.5)


def test_concordance_is_one_where_all_judges_agree_and_near_zero_where_nobody_does() -> None:
    assert kendall(np.tile(np.arange(1.0, 6.0)[:, None], 7)) == pytest.approx(1.0)
    assert kendall(np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]])) == pytest.approx(0.0)


def test_a_draw_without_a_run_is_left_out_and_told() -> None:
    whole = crossing()
    holed = whole.outcomes(CASES).values.copy()
    holed[70, 2, 0] = np.nan  # of judge
    told = analyse(study(whole.design, whole.points, {CASES: holed, NEEDS: whole.outcomes(NEEDS).values}), CASES)
    assert any("Left out: 1 draw" in sentence for sentence in told.sure)
    assert len(told.tables["regrets"]) == 63 * 3 * len(SCORE_NAMES)


@pytest.mark.parametrize("W", [1, 2, 7])
def test_too_few_worlds_give_no_verdict_and_say_so(W: int) -> None:
    told = analyse(crossing(W=W, noise=0.1), CASES)
    table = told.tables["robustness"]
    assert table["error_low"].isna().all() == (W < 3)
    assert table["world_low"].isna().all() == (W < 2)
    assert f"Whether the two differ cannot be told: too few worlds for a verdict: {W}; 8 or more." in told.answer[0]
    assert told.tables["leads"]["adjusted_p"].isna().all()
    assert any("no verdict" in said or "oo few worlds for a verdict" in said for said in told.sure)


def test_the_answer_names_the_policy_of_least_regret_with_limits_of_both_kinds() -> None:
    told = analyse(crossing(noise=0.05), CASES)
    assert told.answer[0].startswith("Least regret: judge.")
    assert "behind the best policy of the draw on the mean over 4 worlds (world by world " in told.answer[0]
    assert "; simulation error " in told.answer[0]
    assert " (simulation error over draws " in told.answer[0]
    assert "judge in " in told.answer[1]
    assert all(sentence.endswith(".") for sentence in [*told.answer, *told.sure])


def test_the_figure_carries_the_regrets_of_the_table() -> None:
    told = analyse(crossing(), CASES)
    (drawing,) = told.drawings
    assert drawing.frame.drop(columns=["worlds", "runs"]).equals(told.tables["regrets"])
    assert set(drawing.options["order"]) == set(NAMES)
    assert drawing.frame["runs"].iloc[0] == 3 * 64 * 4


def test_more_is_better_for_needs_met() -> None:
    told = analyse(crossing(), NEEDS)
    table = told.tables["performance"]
    mean = table[(table["policy"] == "notice") & (table["score"] == "protection")]["mean"].iloc[0]
    assert mean == pytest.approx(-5.0, abs=0.2)  # notice loses 10 x1 per cent


def rising() -> ArrayStudy:
    """Judge saves 40 x0 per cent of a baseline that rises with x0, so that it saves most where there is most to save."""
    drawn = design(["as_adopted", "judge", "notice"])
    points = points_in(drawn)
    x0, name = points["review.x0"].to_numpy(float), points["scenario"].to_numpy(str)
    common = np.array([0.9, 1.0, 1.1, 1.05])
    cases = (0.05 + 0.3 * x0) * (1 - np.select([name == "judge", name == "notice"], [0.4 * x0, 0.1], 0.0))
    needs = (0.2 + 0.6 * x0) * (1 - np.select([name == "judge", name == "notice"], [0.1 * x0, 0.0], 0.0))
    held = {one: means[:, None, None] * common[:, None] for one, means in ((CASES, cases), (NEEDS, needs))}
    return study(drawn, points, held, robustness={"resamples": 20}, frontier={"splits": 10})


def test_a_mean_of_per_cents_and_the_per_cent_of_the_pooled_baseline_are_told_apart() -> None:
    told, x0 = analyse(rising(), CASES), rising().points.iloc[:64]["review.x0"].to_numpy(float)
    spread, pooled = (told.tables[name].set_index(["policy", "score"]) for name in ("performance", "pooled"))
    mean, level = 40 * x0.mean(), 0.05 + 0.3 * x0
    whole = 40 * (level * x0).sum() / level.sum()
    assert whole - mean > 4
    assert spread.loc[("judge", "protection"), "mean"] == pytest.approx(mean)
    assert found(told.tables["robustness"], "judge", "mean", "protection") == pytest.approx(mean)
    assert pooled.loc[("judge", "protection"), "percent"] == pytest.approx(whole)
    limits = ["percent", "world_low", "world_high", "error_low", "error_high"]
    assert pooled.loc[("notice", "protection"), limits].to_numpy(float) == pytest.approx(10.0)
    assert f"{whole:.1f} % of the pooled baseline, as adopted over all draws together (range over 4 worlds " in told.answer[3]
    assert f"The mean over draws of the per cent protected in each is {mean:.1f} % (range over 4 worlds " in told.answer[3]
    units = told.tables["robustness"].set_index("measure")["unit"]
    assert set(units.loc[["mean", "regret_p90"]]) == {"per cent of the baseline in the draw"}


def test_the_pooled_figures_are_those_of_the_frontier() -> None:
    pooled = analyse(rising(), CASES).tables["pooled"].set_index(["policy", "score"])
    table = frontier.analyse(rising(), CASES).tables["frontier"].set_index("label")
    for policy in ("judge", "notice"):
        ends = ("", "_world_low", "_world_high", "_error_low", "_error_high")
        protection = table.loc[policy, [f"protection{end}" for end in ends]].to_numpy(float)
        lost = table.loc[policy, [f"lost{end}" for end in (ends[0], ends[2], ends[1], ends[4], ends[3])]].to_numpy(float)
        columns = ["percent", "world_low", "world_high", "error_low", "error_high"]
        assert pooled.loc[(policy, "protection"), columns].to_numpy(float) == pytest.approx(protection)
        assert pooled.loc[(policy, "cooperation"), columns].to_numpy(float) == pytest.approx(-lost)


def test_what_is_more_when_better_is_pooled_with_its_sign() -> None:
    pooled = analyse(crossing(), NEEDS).tables["pooled"].set_index(["policy", "score"])
    assert pooled.loc[("notice", "protection"), "percent"] == pytest.approx(-5.0, abs=0.2)  # of a baseline alike in every draw


def test_sobol_s_rows_are_drawn_again_by_base_point() -> None:
    drawn = design(NAMES, size=16, draw="sobol")
    points = points_in(drawn)
    values = np.ones((len(points), 3, 1)) + np.random.default_rng(6).normal(0, 0.1, (len(points), 3, 1))
    told = analyse(study(drawn, points, {CASES: values, NEEDS: values}, robustness={"resamples": 20}), CASES)
    assert any("base points" in sentence for sentence in told.sure)


def test_it_says_what_it_wants_of_a_design() -> None:
    good = crossing()
    assert unsuited(good) is None
    arms = Design(question="what if?", arms={"a": [], "b": []})
    assert "uncertain numbers" in (unsuited(good._replace(design=arms)) or "")
    grid = design(NAMES, draw="grid")
    assert "not grid" in (unsuited(good._replace(design=grid)) or "")
    alone = good.points[good.points["scenario"] == "judge"]
    assert "baseline" in (unsuited(good._replace(points=alone)) or "")
    only = good.points[good.points["scenario"] == "as_adopted"]
    assert "besides the baseline" in (unsuited(good._replace(points=only)) or "")


def test_levers_are_policies_too_and_all_off_is_their_baseline() -> None:
    keys = design(NAMES).uncertainties
    levers = Design(question="what if?", levers={"judge": "judge", "notice": "notice"}, uncertainties=keys, draw="latin_hypercube")
    rows = points_in(design(["a", "b", "c", "d"]))
    on = {"a": ("off", "off"), "b": ("on", "off"), "c": ("off", "on"), "d": ("on", "on")}
    rows["judge"], rows["notice"] = zip(*(on[name] for name in rows["scenario"]), strict=True)
    rows["scenario"] = "as_adopted"
    rows = read_against(rows.drop(columns="against"), levers)
    saved = 0.2 * (rows["judge"] == "on") + 0.1 * (rows["notice"] == "on")
    cases = (1 - saved.to_numpy(float))[:, None, None] * np.ones((1, 3, 1))
    table = analyse(study(levers, rows, {CASES: cases, NEEDS: np.ones((len(rows), 3, 1))}), CASES).tables["robustness"]
    assert {p: found(table, p, "mean") for p in table["policy"].unique()} == pytest.approx(
        {"as_adopted": 0.0, "judge": 20.0, "notice": 10.0, "judge+notice": 30.0}
    )


def test_a_wrong_setting_is_one_line_that_names_its_key() -> None:
    told = asked_again(crossing(), robustness={"price": -1})
    with pytest.raises(ConfigError, match=r"^analysis\.robustness\.\w+: found .*; accepted: ") as caught:
        analyse(told, CASES)
    assert "\n" not in str(caught.value)


def test_the_table_has_a_row_a_policy_score_and_measure_with_a_unit() -> None:
    table = analyse(crossing(), CASES).tables["robustness"]
    assert not table.duplicated(["policy", "score", "measure"]).any()
    assert set(table["unit"]) == {"per cent of the baseline in the draw", "share of draws", "rank, 1 is best"}
    assert robustness_table.__doc__


def test_a_baseline_without_events_is_told_and_gives_nothing() -> None:
    whole = crossing()
    none = np.zeros_like(whole.outcomes(CASES).values)
    told = analyse(study(whole.design, whole.points, {CASES: none, NEEDS: whole.outcomes(NEEDS).values}), CASES)
    assert told.answer == ["Nothing can be said: the baseline has case_disclosure_rate in under 2 draws with all their runs."]
    assert list(told.tables["robustness"].columns) == list(analyse(whole, CASES).tables["robustness"].columns)
    assert told.drawings == []


def on_events(whole: ArrayStudy, **events: int) -> ArrayStudy:
    """So many events in all behind each of these policies, in every outcome."""
    names, held = whole.points["scenario"].to_numpy(str), {}
    for outcome, outcomes in whole.held.items():
        counts = outcomes.counts.copy()
        for name, count in events.items():
            counts[names == name] = 0
            counts[np.flatnonzero(names == name)[0], 0, 0] = count
        held[outcome] = outcomes._replace(counts=counts)
    return whole._replace(held=held)


def test_few_events_in_the_baseline_give_no_number_at_all() -> None:
    told = analyse(on_events(crossing(), as_adopted=9), CASES)
    assert len(told.answer) == 1
    assert told.answer[0].startswith(
        "Nothing is said: without a number: as adopted, on fewer than 10 events of case disclosure rate"
    )
    assert len(told.tables["robustness"]) == 0
    assert told.drawings == []


def test_a_policy_on_few_events_is_in_no_table_and_no_sentence_but_the_one_that_says_so() -> None:
    told = analyse(on_events(crossing(), notice=9), CASES)
    assert told.sure[0].startswith("Without a number: notice, on fewer than 10 events of case disclosure rate or of legit met rate")
    assert not any("notice" in sentence for sentence in (*told.answer, *told.sure[1:]))
    for table in told.tables.values():
        assert "notice" not in set(table["policy"])
    assert "notice" not in told.drawings[0].alt
    assert not any("Without a number" in said for said in analyse(on_events(crossing(), notice=10), CASES).sure)


def test_a_single_draw_on_few_events_has_no_gain_of_its_own() -> None:
    whole = crossing()
    outcomes = whole.outcomes(CASES)
    counts = np.where((whole.points["draw"] == 3).to_numpy()[:, None, None], 1, outcomes.counts)
    gains = analyse(whole._replace(held=whole.held | {CASES: outcomes._replace(counts=counts)}), CASES).tables["regrets"]
    assert gains.loc[gains["future"] == 3, "gain"].isna().all()
    assert gains.loc[gains["future"] != 3, "gain"].notna().all()
    assert gains["regret"].notna().all()


def test_every_table_can_be_written(tmp_path: Path) -> None:
    for name, table in analyse(crossing(), CASES).tables.items():
        table.to_parquet(tmp_path / f"{name}.parquet", index=False)
        assert pd.read_parquet(tmp_path / f"{name}.parquet").columns.tolist() == table.columns.tolist()


def test_the_next_policy_is_tested_against_the_first() -> None:
    apart = analyse(crossing(W=8, noise=0.01), CASES).answer[0]
    assert "It is ahead of the next: the paired difference is " in apart
    assert "; in 8 of 8; simulation error " in apart
    drawn = design(NAMES)
    points = points_in(drawn)
    noise = np.random.default_rng(8).normal(0, 0.1, (len(points), 8, 1))
    saved = 0.2 * (points["scenario"] != "as_adopted").to_numpy(float)[:, None, None]
    told = study(drawn, points, {CASES: 1 - saved + noise, NEEDS: np.ones(noise.shape)}, robustness={"resamples": 20})
    assert "It is not told apart from " in analyse(told, CASES).answer[0]


def test_limits_of_regret_end_at_zero_and_those_of_shares_have_a_width() -> None:
    table = analyse(crossing(noise=0.1), CASES).tables["robustness"]
    regret, shares = (table[table["measure"].str.contains(word)] for word in ("regret", "share"))
    assert (regret[["draw_error_low", "world_low", "error_low", "value"]].to_numpy(float) >= 0).all()
    assert shares[["world_low", "world_high", "error_low", "error_high"]].stack().dropna().between(0, 1).all()
    assert (shares["draw_error_high"] - shares["draw_error_low"] > 0.01).all()
    none = shares[(shares["value"] == 0) & (shares["measure"] == SATISFIED)].iloc[0]
    assert (none["draw_error_low"], none["draw_error_high"]) == pytest.approx((0.0, 0.0566), abs=1e-4)
    assert shares.loc[shares["measure"] == "best_share", "chance"].to_numpy(float) == pytest.approx(1 / 3)


def test_replicate_noise_in_ranks_is_told_beside_the_share_of_chance() -> None:
    answer = analyse(crossing(noise=0.1), CASES).answer
    assert "were all alike, each would be in 33 %, and replicate noise is in these shares" in answer[2]
    assert "chance alone gives 0.02)" in answer[4]
    assert "Replicate noise is in both" in answer[4]


def test_conditions_are_judged_apart() -> None:
    whole = crossing()
    points = pd.concat([whole.points, whole.points.assign(condition="with_load", point=whole.points["point"] + "x")])
    points = points.assign(place=range(len(points))).reset_index(drop=True)
    cases, needs = whole.outcomes(CASES).values, whole.outcomes(NEEDS).values
    held = {CASES: np.concatenate([cases, np.broadcast_to(cases[:64], (3, *cases[:64].shape)).reshape(cases.shape)])}
    told = analyse(
        study(whole.design, points, {**held, NEEDS: np.concatenate([needs, needs])}, robustness={"resamples": 20}), CASES
    )
    table = told.tables["robustness"]
    means = table[(table["policy"] == "judge") & (table["score"] == "protection") & (table["measure"] == "mean")]
    assert means.set_index("condition")["value"].to_dict() == pytest.approx(
        {"": found(analyse(whole, CASES).tables["robustness"], "judge", "mean", "protection"), "with_load": 0.0}
    )
    assert told.tables["regrets"]["future"].max() == 63
    assert any(sentence.startswith("With load: Least regret") for sentence in told.answer)
    assert [drawing.name for drawing in told.drawings] == ["regret", "regret_with_load"]


def test_policies_that_share_no_draw_are_refused() -> None:
    whole = crossing()
    apart = whole.points.assign(draw=range(len(whole.points)))
    told = study(whole.design, apart, {outcome: outcomes.values for outcome, outcomes in whole.held.items()})
    assert "share their draws with the baseline" in (unsuited(told) or "")
    with pytest.raises(ConfigError, match="share their draws with the baseline"):
        analyse(told, CASES)


def test_a_ninth_world_that_was_only_begun_costs_no_draw() -> None:
    whole, begun = crossing(W=5), {}
    for outcome, outcomes in whole.held.items():
        begun[outcome] = outcomes.values.copy()
        begun[outcome][3:, 4] = np.nan
    told = analyse(study(whole.design, whole.points, begun, robustness={"resamples": 20}), CASES)
    assert told.tables["regrets"]["future"].nunique() == 64
    assert any("Left out: 1 world" in sentence for sentence in told.sure)


def test_draws_whose_baseline_is_zero_are_told_as_a_selection() -> None:
    whole = crossing()
    cases = whole.outcomes(CASES).values.copy()
    cases[[3, 67, 131]] = 0.0
    told = analyse(
        study(whole.design, whole.points, {CASES: cases, NEEDS: whole.outcomes(NEEDS).values}, robustness={"resamples": 20}), CASES
    )
    assert told.tables["regrets"]["future"].nunique() == 63
    assert any("1 draw in which the baseline is zero" in sentence for sentence in told.sure)
    assert not any("Left out: " in sentence for sentence in told.sure)


def test_an_estimand_without_a_direction_is_refused_in_one_line() -> None:
    whole, frozen = crossing(), Outcome("preserved_only")
    held = whole.held | {frozen: whole.outcomes(CASES)._replace(outcome=frozen)}
    with pytest.raises(ConfigError, match=r"^outcome: found 'preserved_only', of which neither more nor less is better") as caught:
        analyse(whole._replace(held=held), frozen)
    assert "\n" not in str(caught.value)
    values = {one: outcomes.values for one, outcomes in held.items()}
    both = study(whole.design, whole.points, values, robustness={"cooperation": "preserved_only"})
    with pytest.raises(ConfigError, match=r"^analysis\.robustness\.cooperation: found 'preserved_only'"):
        analyse(both, CASES)


def test_what_is_to_rise_protects_where_it_rises() -> None:
    whole, told = crossing(), Outcome("notified_share")
    rises = whole.outcomes(CASES).values.max() * 1.1 - whole.outcomes(CASES).values
    held = {told: rises, NEEDS: whole.outcomes(NEEDS).values}
    found = analyse(study(whole.design, whole.points, held, robustness={"resamples": 20}), told)
    gains = found.tables["performance"].set_index(["policy", "score"])["mean"]
    assert gains["judge", "protection"] > 0
    assert any(sentence.startswith("Protection is the rise of notified share") for sentence in found.sure)


def test_words_for_agreement_and_names_in_a_sentence_are_settings() -> None:
    whole = crossing()
    values = {one: outcomes.values for one, outcomes in whole.held.items()}
    settings = {"resamples": 20, "named": 1, "agreement": {"stays": 0.0, "never moves": 1.0}}
    answer = analyse(study(whole.design, whole.points, values, robustness=settings), CASES).answer
    said = " ".join(answer)
    assert "The order of the policies by balance stays from draw to draw" in said
    assert "and never moves from world to world" in said
    good = next(part for part in answer if "Good" in part)
    assert good.count(" of the draws") == 1
    assert ", notice in" not in good
    none = analyse(study(whole.design, whole.points, values, robustness=settings | {"agreement": {"all": 1.0}}), CASES).answer
    assert any("by balance holds hardly at all from draw to draw" in part for part in none)


def test_regret_is_never_below_zero_though_its_correction_may_be() -> None:
    """A verdict once said that a policy lies at most -0.3 points behind the best."""
    rng = np.random.default_rng(11)
    noise = np.stack([rng.normal(size=(5, 16, 4))] * 3)
    assert (regret_of(noise).mean(-1) < 0).any()  # or the test could not fail
    measured = robustness_measures(noise, spec()).scores[..., 1:4]
    assert (measured >= 0).all()
    worlds = measures_by_world(noise, spec())[:, :-5].reshape(4, 3, 5, -1)[..., 1:4]
    assert (worlds >= 0).all()
    drawn = design(NAMES)
    points = points_in(drawn)
    cases = 1 + rng.normal(0, 0.1, (len(points), 4, 1))
    told = analyse(study(drawn, points, {CASES: cases, NEEDS: np.ones(cases.shape)}, robustness={"resamples": 20}), CASES)
    assert "at most −" not in told.answer[0]
    assert (told.tables["regrets"]["regret"] >= 0).all()


def test_leads_count_the_worlds_in_which_a_policy_is_best_on_the_mean_over_draws() -> None:
    gains = np.array([[0.0] * 10, [5.0] * 9 + [-1.0], [4.0] * 10])  # the second leads in nine of ten worlds
    savings = [np.broadcast_to(gains[:, None, :, None], (3, 6, 10, 2)).copy(), np.zeros((3, 6, 10, 2))]
    scores = future_scores(NAMES, savings, np.arange(6), 1.0)
    table = leads_table(scores, "as_adopted").set_index(["score", "policy"])
    balance = table.loc["balance"]
    assert balance["worlds_leading"].to_dict() == {"as_adopted": 0.0, "judge": 0.9, "notice": 0.1}
    assert balance.loc["judge", ["mean", "regret"]].tolist() == pytest.approx([4.4, 0.5])
    assert balance.loc["judge", ["rank", "rank_world_low", "rank_world_high", "worlds"]].tolist() == pytest.approx([1.2, 1, 3, 10])
    assert balance.loc["notice", "adjusted_p"] == pytest.approx(2 / 2**10)
    assert np.isnan(balance.loc["as_adopted", "adjusted_p"])
    assert table.loc["cooperation", "worlds_leading"].to_numpy(float) == pytest.approx(1 / 3)


def test_a_further_world_falls_into_the_range_of_a_measure_as_often_as_it_says() -> None:
    rng, inside = np.random.default_rng(12), []
    for _ in range(60):
        truth = np.array([0.0, 20.0, 10.0])[:, None] + rng.normal(0, 4.0, (3, 9))  # a world's own gain of each policy
        values = np.stack([truth[:, None] + np.zeros((3, 8, 9))] * 3)
        found = measures_by_world(values, spec()).reshape(9, -1)[:, : 3 * 8 : 8]  # means of the first score
        inside.append(((found[:8].min(0) <= found[8]) & (found[8] <= found[:8].max(0))).mean())
    assert np.mean(inside) == pytest.approx(7 / 9, abs=0.08)


def test_what_replicates_add_has_a_column_of_its_own() -> None:
    """It was looked for under another name than it has, and so was always missing."""
    drawn = design(NAMES)
    points = points_in(drawn)
    noise = np.random.default_rng(13).normal(0, 0.1, (len(points), 4, 2))
    held = {CASES: 1.0 + noise, NEEDS: np.full(noise.shape, 0.6)}
    table = analyse(study(drawn, points, held, robustness={"resamples": 20}), CASES).tables["performance"]
    of_cases = table[table["score"] == "protection"]
    assert (of_cases["replicate_share"] > 0.5).all()
    parts = [f"{part}_share" for part in ("parameter", "world", "interaction", "replicate")]
    assert of_cases[parts].sum(axis=1).to_numpy(float) == pytest.approx(1.0)
