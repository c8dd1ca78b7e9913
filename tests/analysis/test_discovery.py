"""A planted failure is told with its box; noise is told as noise; draws near the threshold are marked."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.discovery import analyse, ends_of, unsuited
from experiments.design.designs import Uncertainty
from experiments.design.sampling import parameter_draws
from experiments.store.outcomes import ArrayStudy, Outcome
from sim.world.record import ConfigError
from tests.analysis.studies import CASES, NEEDS, design, points_in, study

QUICK = {"permutations": 19, "resamples": 10}


def planted(noise: float = 0.01, null: bool = False, W: int = 4, seed: int = 1, size: int = 160, **settings: object) -> ArrayStudy:
    """Judge saves 20 per cent, but only 2 where x0 > 0.6 and x2 < 0.5; under ``null`` always 10."""
    drawn = design(["as_adopted", "judge"], size=size, unknown=5)
    points, rng = points_in(drawn), np.random.default_rng(seed)
    bad = ((points["review.x0"] > 0.6) & (points["review.x2"] < 0.5)).to_numpy(bool)
    saved = np.where(points["scenario"] == "judge", 0.10 if null else np.where(bad, 0.02, 0.20), 0.0)
    common = 1 + 0.1 * rng.normal(size=(1, W, 1))
    cases = (0.1 * (1 - saved))[:, None, None] * common * (1 + noise * rng.normal(size=(len(points), W, 1)))
    needs = 0.5 * (1 - 0.04 * (points["scenario"] == "judge").to_numpy(float))[:, None, None] * np.ones((1, W, 1))
    return study(drawn, points, {CASES: cases, NEEDS: needs}, discovery=QUICK | {"fails_below": 10.0} | settings)


def test_a_planted_failure_is_told_with_its_limits() -> None:
    told = analyse(planted(), CASES)
    table = told.tables["discovery"].set_index("parameter")
    assert table.loc["review.x0", "low"] == pytest.approx(0.6, abs=0.05)
    assert table.loc["review.x2", "high"] == pytest.approx(0.5, abs=0.05)
    assert table.loc[["review.x1", "review.x3", "review.x4"], ["low", "high"]].isna().all(axis=None)
    box = told.tables["boxes"].iloc[0]
    assert box["coverage"] > 0.9
    assert box["density"] > 0.9
    assert bool(box["worth"])
    assert "review.x0 is from 0." in told.answer[1]
    assert "review.x2 is up to 0." in told.answer[1]
    assert told.tables["discovery"]["parameter"].iloc[0] in ("review.x0", "review.x2")
    assert (table.loc[["review.x0", "review.x2"], "found_again"] >= 0.9).all()


def test_the_tree_finds_the_planted_failure_too() -> None:
    boxes = analyse(planted(), CASES).tables["boxes"]
    leaves = boxes[boxes["method"] == "cart"]
    assert leaves["density"].iloc[0] > 0.9
    assert leaves["says"].str.contains("review.x0").iloc[0]


def test_noise_gives_no_box_and_no_figure_and_says_so() -> None:
    told = analyse(planted(noise=0.05, null=True, seed=3), CASES)
    assert 30 < told.tables["draws"]["fails"].sum() < 130
    assert told.answer[1].startswith("No box of assumptions is worth reporting")
    assert told.drawings == []
    assert not told.tables["boxes"]["worth"].iloc[0]
    assert told.tables["discovery"][["low", "high"]].isna().all(axis=None)
    assert not told.tables["draws"]["inside"].any()


@pytest.mark.parametrize(("threshold", "words"), [(-50.0, "fail."), (50.0, "do not.")])
def test_a_policy_that_never_or_always_fails_has_no_box(threshold: float, words: str) -> None:
    told = analyse(planted(fails_below=threshold), CASES)
    assert told.answer[1].startswith("There is no box of assumptions to tell: fewer than 8 draws")
    assert told.answer[1].endswith(words)
    assert len(told.tables["boxes"]) == 0
    assert list(told.tables["trajectory"].columns[:2]) == ["step", "draws"]


def test_draws_within_the_noise_of_the_threshold_are_unsure() -> None:
    clear, blurred = analyse(planted(0.001), CASES), analyse(planted(0.08), CASES)
    assert clear.tables["draws"]["sure"].all()
    assert 20 < (~blurred.tables["draws"]["sure"]).sum() < 150
    assert any("lie so near the threshold" in sentence for sentence in blurred.sure)
    assert any(sentence.startswith("Without the draws near the threshold") for sentence in blurred.sure)


def test_what_all_draws_share_makes_none_of_them_unsure_but_is_told() -> None:
    told = planted(0.001)
    cases = told.outcomes(CASES).values.copy()
    judge = (told.points["scenario"] == "judge").to_numpy(bool)
    cases[judge] *= np.array([0.9, 1.1, 1.05, 0.95])[None, :, None]
    found = analyse(study(told.design, told.points, {CASES: cases, NEEDS: told.outcomes(NEEDS).values}, discovery=QUICK), CASES)
    assert found.tables["draws"]["sure"].mean() > 0.9
    said = next(sentence for sentence in found.sure if sentence.startswith("What worlds do to all draws alike moves all of them"))
    assert "(range over 4 worlds " in said
    assert "; simulation error " in said
    assert "Too few worlds for a verdict: 4; 8 or more." in said
    alone = found.tables["draws"]["worlds_failing"]
    assert alone.between(0, 4).all()
    base = cases[~judge][:, :, 0]
    saved = 100 * (base - cases[judge][:, :, 0]) / base.mean(1, keepdims=True)
    share = (saved < 15.0).mean(0)
    assert f"; world by world in {100 * share.min():.0f} % to {100 * share.max():.0f} % of them" in found.answer[0]
    assert alone.to_numpy(int).tolist() == (saved < 15.0).sum(1).tolist()


def test_cost_may_count_as_failure_too() -> None:
    told = analyse(planted(costs_above=3.0), CASES)
    assert told.tables["draws"]["fails"].all()
    assert "or cost more than 3 %" in told.question


def test_the_trajectory_starts_with_the_whole_cube_and_marks_one_step() -> None:
    told = analyse(planted(), CASES)
    steps = told.tables["trajectory"]
    assert steps.iloc[0]["draws"] == 160
    assert steps["chosen"].sum() == 1
    assert steps["draws"].iloc[1:4].is_monotonic_decreasing
    assert steps.loc[steps["chosen"], "phi"].iloc[0] == steps["phi"].max()


def test_the_figures_carry_the_limits_and_the_draws() -> None:
    boxes, plane = analyse(planted(), CASES).drawings
    assert boxes.function == "discovery_boxes"
    assert boxes.frame["failing"].iloc[0] == plane.frame["fails"].sum()
    assert {plane.frame["x_parameter"].iloc[0], plane.frame["y_parameter"].iloc[0]} == {"review.x0", "review.x2"}
    assert len(plane.frame) == 160


def test_the_policy_is_the_one_asked_for_or_the_one_that_fails_in_nearest_to_half_of_the_draws() -> None:
    drawn = design(["as_adopted", "judge", "notice"], size=64)
    points = points_in(drawn)
    saved = np.select([points["scenario"] == "judge", points["scenario"] == "notice"], [0.5, 0.2 * points["review.x0"]], 0.0)
    cases, needs = (1 - saved)[:, None, None] * np.ones((1, 3, 1)), np.ones((len(points), 3, 1))
    told = study(drawn, points, {CASES: cases, NEEDS: needs}, discovery=QUICK)
    assert analyse(told, CASES).heading == "Where notice fails"
    named = study(drawn, points, {CASES: cases, NEEDS: needs}, discovery=QUICK | {"policy": "judge"})
    assert analyse(named, CASES).heading == "Where judge fails"
    unknown = study(drawn, points, {CASES: cases, NEEDS: needs}, discovery=QUICK | {"policy": "spyware"})
    with pytest.raises(ConfigError, match=r"^analysis\.discovery\.policy: found 'spyware'; accepted: null, judge, notice$"):
        analyse(unknown, CASES)


def test_the_same_seed_gives_the_same_tables() -> None:
    one, two = (analyse(planted(0.05), CASES).tables for _ in range(2))
    assert all(one[name].equals(two[name]) for name in one)


def test_whole_numbers_and_lists_are_told_by_the_values_in_the_box() -> None:
    words = Uncertainty(values=["low", "middle", "high"])
    assert ends_of(0.4, 1.0, words) == ("middle", "high")
    assert ends_of(0.0, 0.34, Uncertainty(low=2, high=4, shape="whole")) == (2, 2)
    drawn = design(["as_adopted", "judge"], size=96, unknown=1)
    drawn = drawn.model_copy(update={"uncertainties": {**drawn.uncertainties, "review.kind": words}})
    points = points_in(drawn)
    bad = (points["review.kind"] == "high") & (points["scenario"] == "judge")
    saved = np.where(bad, 0.0, 0.3 * (points["scenario"] == "judge"))
    cases, needs = (1 - saved)[:, None, None] * np.ones((1, 3, 1)), np.ones((len(points), 3, 1))
    told = analyse(study(drawn, points, {CASES: cases, NEEDS: needs}, discovery=QUICK), CASES)
    assert set(parameter_draws(drawn)["review.kind"]) == {"low", "middle", "high"}
    assert "review.kind is high" in told.answer[1]
    assert [drawing.function for drawing in told.drawings] == ["discovery_boxes"]  # words have no axis


def test_it_says_what_it_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unsuited(planted()) is None
    monkeypatch.setattr("experiments.analysis.prim.find_spec", lambda name: None)
    assert "pip install 'rogatory[discovery]'" in (unsuited(planted()) or "")
    with pytest.raises(ConfigError, match="found no package ema_workbench"):
        analyse(planted(), CASES)


def test_a_baseline_without_events_is_told_and_gives_nothing() -> None:
    whole = planted()
    none = np.zeros_like(whole.outcomes(CASES).values)
    told = analyse(study(whole.design, whole.points, {CASES: none, NEEDS: whole.outcomes(NEEDS).values}, discovery=QUICK), CASES)
    assert told.answer[0].startswith("Nothing can be said")
    assert told.drawings == []


@pytest.mark.parametrize("null", [False, True])
def test_every_table_can_be_written(null: bool, tmp_path: Path) -> None:
    told = [analyse(planted(0.05, null=null, fails_below=below), CASES) for below in (10.0, 90.0)]
    for name, table in [pair for one in told for pair in one.tables.items()]:
        table.to_parquet(tmp_path / f"{name}.parquet", index=False)
        assert len(pd.read_parquet(tmp_path / f"{name}.parquet")) == len(table)


def test_the_reader_is_told_how_the_policy_was_chosen() -> None:
    drawn = design(["as_adopted", "judge", "notice"], size=64)
    points = points_in(drawn)
    saved = np.select([points["scenario"] == "judge", points["scenario"] == "notice"], [0.5, 0.2 * points["review.x0"]], 0.0)
    held = {CASES: (1 - saved)[:, None, None] * np.ones((1, 3, 1)), NEEDS: np.ones((len(points), 3, 1))}
    told, named = (
        analyse(study(drawn, points, held, discovery=QUICK), CASES),
        study(drawn, points, held, discovery=QUICK | {"policy": "notice"}),
    )
    assert any("of 2 policies it is the one that fails in nearest to half of the draws" in sentence for sentence in told.sure)
    assert not any("nearest to half" in sentence for sentence in analyse(named, CASES).sure)


def test_of_sobol_s_rows_only_those_drawn_by_themselves_are_looked_at() -> None:
    drawn = design(["as_adopted", "judge"], size=64, unknown=5, draw="sobol")
    points = points_in(drawn)
    bad = ((points["review.x0"] > 0.5) & (points["scenario"] == "judge")).to_numpy(bool)
    saved = np.where(bad, 0.0, 0.3 * (points["scenario"] == "judge"))
    held = {CASES: (1 - saved)[:, None, None] * np.ones((1, 3, 1)), NEEDS: np.ones((len(points), 3, 1))}
    told = analyse(study(drawn, points, held, discovery=QUICK), CASES)
    draws = told.tables["draws"]
    assert len(draws) == 2 * 64  # of 64 x 7
    assert not draws["review.x0"].duplicated().any()  # rows in between repeat coordinates
    assert any("320 rows made of them" in sentence for sentence in told.sure)


def test_conditions_are_looked_at_apart() -> None:
    one, two = planted(), planted(fails_below=10.0, null=True, noise=0.0)
    points = pd.concat([one.points, two.points.assign(condition="with_load", point=two.points["point"] + "x")])
    points = points.assign(place=range(len(points))).reset_index(drop=True)
    held = {name: np.concatenate([one.outcomes(name).values, two.outcomes(name).values]) for name in (CASES, NEEDS)}
    told = analyse(study(one.design, points, held, discovery=QUICK | {"fails_below": 9.0}), CASES)
    draws = told.tables["draws"]
    assert draws.groupby("condition").size().to_dict() == {"": 160, "with_load": 160}
    assert not draws.loc[draws["condition"] == "with_load", "fails"].any()
    assert draws.loc[draws["condition"] == "", "fails"].any()
    silent = "With load: Judge fails in 0 of 160 draws (simulation error of so many draws 0 % to 2 %; world by world "
    assert any(sentence.startswith(silent) for sentence in told.answer)


def test_policies_that_share_no_draw_are_refused() -> None:
    whole = planted()
    apart = whole.points.assign(draw=range(len(whole.points)))
    told = study(whole.design, apart, {outcome: outcomes.values for outcome, outcomes in whole.held.items()}, discovery=QUICK)
    with pytest.raises(ConfigError, match="share their draws with the baseline"):
        analyse(told, CASES)


def test_a_world_that_was_only_begun_costs_no_draw_and_a_zero_baseline_is_told() -> None:
    whole = planted(W=5)
    cases = whole.outcomes(CASES).values.copy()
    cases[3:, 4] = np.nan
    cases[7] = np.where(np.isnan(cases[7]), np.nan, 0.0)
    told = analyse(study(whole.design, whole.points, {CASES: cases, NEEDS: whole.outcomes(NEEDS).values}, discovery=QUICK), CASES)
    assert len(told.tables["draws"]) == 159
    assert any("Left out: 1 world, for" in sentence for sentence in told.sure)
    assert any("1 draw in which the baseline is zero" in sentence for sentence in told.sure)


def test_an_estimand_without_a_direction_is_refused_in_one_line() -> None:
    whole, frozen = planted(), Outcome("preserved_only")
    held = whole.held | {frozen: whole.outcomes(CASES)._replace(outcome=frozen)}
    with pytest.raises(ConfigError, match=r"^outcome: found 'preserved_only', of which neither more nor less is better") as caught:
        analyse(whole._replace(held=held), frozen)
    assert "\n" not in str(caught.value)
    values = {one: outcomes.values for one, outcomes in held.items()}
    both = study(whole.design, whole.points, values, discovery={"cooperation": "preserved_only"})
    with pytest.raises(ConfigError, match=r"^analysis\.discovery\.cooperation: found 'preserved_only'"):
        analyse(both, CASES)


def test_what_is_to_rise_protects_where_it_rises() -> None:
    whole, told = planted(), Outcome("notified_share")
    rises = whole.outcomes(CASES).values.max() * 1.1 - whole.outcomes(CASES).values
    held = {told: rises, NEEDS: whole.outcomes(NEEDS).values}
    found = analyse(study(whole.design, whole.points, held, discovery=QUICK), told)
    assert found.tables["draws"]["saved"].mean() > 0


@pytest.mark.parametrize("name", ["as_adopted", "judge"])
def test_few_events_of_the_policy_or_its_baseline_give_no_number(name: str) -> None:
    whole = planted()
    outcomes = whole.outcomes(CASES)
    counts = np.where((whole.points["scenario"] == name).to_numpy()[:, None, None], 0, outcomes.counts)
    counts[np.flatnonzero(whole.points["scenario"] == name)[0], 0, 0] = 9
    told = analyse(whole._replace(held=whole.held | {CASES: outcomes._replace(counts=counts)}), CASES)
    assert len(told.answer) == 1
    assert f"without a number: {name.replace('_', ' ')}, on fewer than 10 events of case disclosure rate" in told.answer[0]
    assert len(told.tables["discovery"]) == 0
    assert told.drawings == []


def test_a_draw_on_few_events_has_no_number_of_its_own() -> None:
    whole = planted()
    outcomes = whole.outcomes(NEEDS)
    counts = np.where((whole.points["draw"] == 5).to_numpy()[:, None, None], 2, outcomes.counts)
    draws = analyse(whole._replace(held=whole.held | {NEEDS: outcomes._replace(counts=counts)}), CASES).tables["draws"]
    assert draws["lost"].isna().to_numpy().nonzero()[0].tolist() == [5]
    assert draws["saved"].notna().all()
