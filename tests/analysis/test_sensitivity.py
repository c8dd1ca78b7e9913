"""Sensitivity analyses of functions whose indices are known, and of noise that must not count as sensitivity."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.analysis import effects, pawn, sobol
from experiments.analysis.record import Analysis
from experiments.analysis.replicates import averaged, crossed, half_by_leaving_out, variances_of
from experiments.analysis.sensitivity import analyse, unsuited
from experiments.design.designs import Design
from experiments.design.sampling import problem_of, unit_draws
from experiments.figures import draw
from experiments.statistics import half_width
from experiments.store.outcomes import ArrayStudy
from sim.arrays import Reals
from sim.world.record import ConfigError
from tests.analysis.drawn_studies import (
    ISHIGAMI,
    ISHIGAMI_S1,
    ISHIGAMI_ST,
    ISHIGAMI_VARIANCE,
    OUTCOME,
    G,
    design_of,
    g_function,
    g_indices,
    ishigami,
    points_of,
    study_of,
    told,
)
from tests.analysis.studies import asked_again

LINE = {"a.steep": (0.0, 2.0), "a.flat": (-1.0, 1.0), "a.falling": (10.0, 30.0), "a.idle": (0.0, 1.0)}
SLOPES = {"a.steep": 3.0, "a.flat": 0.25, "a.falling": -0.05, "a.idle": 0.0}
WIDTHS = {key: high - low for key, (low, high) in LINE.items()}


def line(rows: pd.DataFrame) -> Reals:
    return np.asarray(sum(slope * rows[key].to_numpy(float) for key, slope in SLOPES.items()), float)


def table(found: Analysis, index: str, scenario: str = "as_adopted") -> pd.DataFrame:
    frame = found.tables["sensitivity"]
    return frame[(frame["index"] == index) & (frame["scenario"] == scenario)].set_index("factor")


def tornado(found: Analysis, scenario: str = "as_adopted") -> pd.DataFrame:
    frame = found.tables["tornado"]
    return frame[frame["scenario"] == scenario].set_index("factor")


def of(rows: pd.DataFrame, factors: Any, column: str = "value") -> Reals:
    return rows.loc[list(factors), column].to_numpy(float)


# ------------------------------------------------------------------------------------------------------------ Sobol


def test_sobol_finds_the_indices_of_ishigami_without_noise() -> None:
    found = analyse(study_of(design_of("sobol", ISHIGAMI, size=1024), ishigami, worlds=1), OUTCOME)
    assert not found.tables["sensitivity"]["told"].any()  # nor is anything told from nothing
    assert any("Which inputs move" in said and "is not known on 1 world with one replicate." in said for said in found.answer)
    assert of(table(found, "S1_raw"), ISHIGAMI) == pytest.approx(ISHIGAMI_S1, abs=0.02)
    assert of(table(found, "ST_raw"), ISHIGAMI) == pytest.approx(ISHIGAMI_ST, abs=0.02)
    assert table(found, "S1").empty  # one replicate: there is nothing to take noise out with
    assert any("cannot be told from what the inputs do" in sentence for sentence in found.answer)


def test_sobol_finds_the_indices_of_the_g_function_within_its_intervals() -> None:
    found = analyse(study_of(design_of("sobol", G, size=1024), g_function, 0.05, worlds=8), OUTCOME)
    for index, wanted in zip(("S1", "ST"), g_indices(), strict=True):
        rows = table(found, index)
        assert of(rows, G) == pytest.approx(wanted, abs=0.04)
        assert (of(rows, G, "draw_error_low") <= wanted + 1e-3).all()
        assert (of(rows, G, "draw_error_high") >= wanted - 1e-3).all()
    assert list(table(found, "ST").index[:3]) == list(G)[:3]
    assert list(table(found, "ST").loc[list(G)[:2], "told"]) == [True, True]


@pytest.mark.slow
@pytest.mark.parametrize(("worlds", "replicates"), [(8, 1), (4, 2), (1, 8)])
def test_noise_is_taken_out_of_the_indices_and_stays_in_the_raw_ones(worlds: int, replicates: int) -> None:
    deviation = np.sqrt(ISHIGAMI_VARIANCE * worlds * replicates / 2)  # a third of the variance between means is noise
    found = analyse(study_of(design_of("sobol", ISHIGAMI, size=1024), ishigami, deviation, worlds, replicates), OUTCOME)
    assert table(found, "S1").loc["all inputs", "value"] == pytest.approx(sum(ISHIGAMI_S1), abs=0.2)
    for index, wanted in (("S1", ISHIGAMI_S1), ("ST", ISHIGAMI_ST)):
        free = table(found, index)
        assert of(free, ISHIGAMI) == pytest.approx(wanted, abs=0.12)
        both = np.hypot(*((of(free, ISHIGAMI, f"{name}_high") - of(free, ISHIGAMI, "value")) for name in ("draw_error", "error")))
        assert (np.abs(of(free, ISHIGAMI) - wanted) <= both).all()
    raw = table(found, "ST_raw")
    assert of(raw, ISHIGAMI) == pytest.approx((np.array(ISHIGAMI_ST) + 0.5) / 1.5, abs=0.08)  # inflated, as the formula says
    assert of(raw, ISHIGAMI, "floor") == pytest.approx(1 / 3, abs=0.05)
    assert of(table(found, "S1_raw"), ISHIGAMI) == pytest.approx(np.array(ISHIGAMI_S1) / 1.5, abs=0.08)
    between = found.tables["variance"].set_index("component")["share_between_points"]
    assert between["replicate noise left in a point's mean"] == pytest.approx(1 / 3, abs=0.05)
    assert between["what the inputs do"] == pytest.approx(2 / 3, abs=0.05)


def test_noise_that_points_share_is_taken_out_as_well_where_a_corrected_variance_would_not_do() -> None:
    # Worlds differ in how steep x2 is, alike at all points of a world: the noise of A and AB_1 is one, that of A and AB_2 is not.
    design = design_of("sobol", {"a.x1": (0.0, 1.0), "a.x2": (0.0, 1.0)}, size=64)
    x1, x2 = points_of(design)[["a.x1", "a.x2"]].to_numpy(float).T
    rng, worlds, free, only_below = np.random.default_rng(3), 3, [], []
    for _ in range(300):
        values = x1[:, None] + rng.normal(0.0, 1.0, worlds) * x2[:, None] + rng.normal(0.0, 5.0, worlds)
        rows = sobol.saltelli_of(values, 2)
        terms = sobol.sums_of(rows, crossed)
        free.append([*terms.above[1], terms.variance])
        only_below.append(sobol.sums_of(rows, averaged).above[1])
    wanted = sobol.sums_of(sobol.saltelli_of(x1[:, None], 2), averaged)  # the same points without noise
    assert np.mean(free, axis=0) == pytest.approx([wanted.above[1][0], 0.0, wanted.variance], abs=0.006)
    assert np.mean(only_below, axis=0)[1] > 0.25 * wanted.above[1][0]  # a third of 1/12 against 1/12


def test_an_input_that_changes_no_run_has_no_effect_at_all_when_seeds_are_shared() -> None:
    design = design_of("sobol", {"a.x": (0.0, 1.0), "a.idle": (0.0, 1.0)}, size=64)
    x = points_of(design)["a.x"].to_numpy(float)
    seeded = np.stack([0.1 * np.sin(50 * (world + 1) * x) for world in range(8)], axis=1)[:, :, None]
    found = analyse(study_of(design, lambda rows: rows["a.x"], seeded), OUTCOME)
    idle = table(found, "ST").loc["a.idle"]
    assert idle["value"] == pytest.approx(0.0, abs=1e-12)
    assert not idle["told"]
    assert table(found, "ST_raw").loc["a.idle", "floor"] == pytest.approx(0.0, abs=1e-12)
    assert any("Not to be told from nothing: a › idle." in sentence for sentence in found.answer)


def test_where_all_is_noise_no_share_is_given_and_none_is_drawn() -> None:
    design = design_of("sobol", LINE, size=16)
    luck = np.random.default_rng(14).normal(size=(len(points_of(design)), 1, 1))
    found = analyse(told(design, np.concatenate([luck, -luck / 2], axis=1), points_of(design)), OUTCOME)  # the worlds disagree
    assert table(found, "ST")["value"].isna().all()
    assert not found.tables["sensitivity"].query("method == 'sobol'")["told"].any()
    assert any("may be replicate noise" in sentence for sentence in found.answer)
    assert [drawing.function for drawing in found.drawings] == ["tornado"]


def test_an_outcome_that_is_rarely_anything_but_zero_gives_no_shares_and_no_warning() -> None:
    design = design_of("sobol", LINE, size=8)
    values = np.zeros((len(points_of(design)), 1, 1))
    values[2] = 1.0  # not one of the base points themselves
    found = analyse(told(design, values, points_of(design)), OUTCOME)
    assert table(found, "ST_raw")["value"].isna().all()


def test_a_crossed_product_is_the_mean_over_all_ways_to_split_the_worlds_in_halves() -> None:
    left, right = np.random.default_rng(1).normal(size=(2, 5, 6))
    halves = []
    for half in combinations(range(6), 3):
        rest = [world for world in range(6) if world not in half]
        halves.append(left[:, half].mean(axis=1) * right[:, rest].mean(axis=1))
    assert crossed(left, right) == pytest.approx(np.mean(halves, axis=0))
    covariance = ((left - left.mean(1, keepdims=True)) * (right - right.mean(1, keepdims=True))).sum(1) / 5
    assert crossed(left, right) == pytest.approx(averaged(left, right) - covariance / 6)


def test_raw_indices_are_those_of_the_library() -> None:
    from SALib.analyze import sobol as library

    values = np.random.default_rng(2).normal(3.0, 1.0, (32 * 5, 4))
    own = sobol.indices_of(sobol.saltelli_of(values, 3), 50, 1, averaged)
    theirs = library.analyze(problem_of(["a", "b", "c"]), values.mean(axis=1), calc_second_order=False, seed=1, num_resamples=2000)
    assert own.values[:, :-1] == pytest.approx(np.stack([theirs["S1"], theirs["ST"]]))
    assert own.values[:, -1] == pytest.approx(own.values[:, :-1].sum(axis=1))
    many = sobol.indices_of(sobol.saltelli_of(values, 3), 2000, 1, averaged)
    assert many.of_points[:, :-1] == pytest.approx(np.stack([theirs["S1_conf"], theirs["ST_conf"]]), rel=0.1)


@pytest.mark.slow
def test_intervals_of_points_and_of_worlds_hold_what_they_promise() -> None:
    # Random base points in place of Sobol's: y = 2 x1 + x2, so S1 = ST = 0.8 and 0.2; worlds add noise to every run.
    rng, missed, strayed = np.random.default_rng(4), [], []
    for _ in range(120):
        a, b = rng.random((2, 100, 2))
        rows = np.stack([a, np.column_stack([b[:, 0], a[:, 1]]), np.column_stack([a[:, 0], b[:, 1]]), b], axis=1)
        means = (rows @ [2.0, 1.0]).reshape(-1, 1)
        quiet = sobol.indices_of(sobol.saltelli_of(np.repeat(means, 2, axis=1), 2), 200, 1)
        missed.append(np.abs(quiet.values[1, :2] - [0.8, 0.2]) > quiet.of_points[1, :2])
        noisy = sobol.indices_of(sobol.saltelli_of(means + rng.normal(0.0, 1.0, (400, 6)), 2), 50, 1)
        strayed.append(np.abs(noisy.values[1, :2] - quiet.values[1, :2]) > noisy.of_replicates[1, :2])
    assert 0.0 < np.mean(missed) < 0.12
    assert 0.0 < np.mean(strayed) < 0.12


def test_the_jackknife_of_a_mean_is_students_interval() -> None:
    values = np.random.default_rng(5).normal(size=(3, 7))
    assert half_by_leaving_out(lambda kept: kept.mean(axis=-1), values) == pytest.approx(half_width(values))
    assert np.isnan(half_by_leaving_out(lambda kept: kept.mean(axis=-1), values[:, :1])).all()


def test_the_variances_of_a_known_layout_are_found() -> None:
    rng, (points, worlds, replicates) = np.random.default_rng(6), (400, 40, 3)
    values = (
        2.0 * rng.normal(size=(points, 1, 1)) + 3.0 * rng.normal(size=(1, worlds, 1)) + rng.normal(size=(1, worlds, replicates))
    )
    values = values + 1.5 * rng.normal(size=(points, worlds, 1)) + 0.5 * rng.normal(size=(points, worlds, replicates))
    found = variances_of(values)
    assert found.parameters == pytest.approx(4.0, rel=0.2)
    assert found.world == pytest.approx(2.25, rel=0.05)
    assert found.replicate == pytest.approx(0.25, rel=0.05)
    assert found.world_common == pytest.approx(9.0, rel=0.5)
    assert found.replicate_common == pytest.approx(1.0, rel=0.4)
    assert found.between - found.parameters == pytest.approx(2.25 / 40 + 0.25 / 120, rel=0.1)


# ----------------------------------------------------------------------------------------------------------- Morris


def test_morris_knows_the_effects_of_a_line_exactly() -> None:
    found = analyse(study_of(design_of("morris", LINE, size=6), line), OUTCOME)
    wanted = np.array([SLOPES[key] * WIDTHS[key] for key in LINE])
    assert of(table(found, "mu"), LINE) == pytest.approx(wanted)
    assert of(table(found, "mu_star"), LINE) == pytest.approx(np.abs(wanted))
    assert of(table(found, "sigma"), LINE) == pytest.approx(0.0, abs=1e-12)
    assert list(table(found, "mu_star").index) == ["a.steep", "a.falling", "a.flat", "a.idle"]
    assert of(tornado(found), LINE, "change") == pytest.approx(wanted)


def test_morris_tells_interplay_by_sigma() -> None:
    found = analyse(study_of(design_of("morris", LINE, size=40), lambda rows: rows["a.steep"] * rows["a.flat"]), OUTCOME)
    assert table(found, "mu").loc["a.flat", "value"] == pytest.approx(2.0, abs=0.5)  # 2 E[steep], steep uniform on four levels
    assert table(found, "sigma").loc["a.flat", "value"] > 0.5
    assert table(found, "sigma").loc["a.idle", "value"] == pytest.approx(0.0, abs=1e-12)


def test_noise_alone_stays_at_the_floor_of_morris_and_is_not_told() -> None:
    found = analyse(study_of(design_of("morris", LINE, size=200), line, 1.0, worlds=8), OUTCOME)
    idle, steep = table(found, "mu_star").loc["a.idle"], table(found, "mu_star").loc["a.steep"]
    deviation = np.sqrt(2 / 8) / (2 / 3)  # of a step's change in the mean of eight worlds, over the step's length
    assert idle["floor"] == pytest.approx(np.sqrt(2 / np.pi) * deviation, rel=0.1)
    assert idle["value"] == pytest.approx(idle["floor"], rel=0.15)
    assert not idle["told"]
    assert steep["told"]
    assert table(found, "sigma").loc["a.idle", "floor"] == pytest.approx(deviation, rel=0.1)


def test_elementary_effects_are_those_of_the_library() -> None:
    from SALib.analyze import morris as library

    units = unit_draws(design_of("morris", LINE, size=9))
    values = np.random.default_rng(8).normal(size=(len(units), 2))
    own = effects.morris_indices(effects.elementary(units, values))
    theirs = library.analyze(problem_of(list(LINE)), units, values.mean(axis=1), num_levels=4, seed=1)
    assert own == pytest.approx(np.stack([theirs["mu"], theirs["mu_star"], theirs["sigma"]]))


# ------------------------------------------------------------------------------------------------- PAWN and tornado


def test_an_inert_input_stays_at_the_floor_of_pawn_and_the_others_rise_above_it() -> None:
    def mostly_two(rows: pd.DataFrame) -> Any:
        return 2.0 * rows["a.steep"] - 0.1 * rows["a.falling"] + 0.1 * rows["a.flat"]

    found = analyse(study_of(design_of("latin_hypercube", LINE, size=500), mostly_two, 0.05, worlds=8), OUTCOME)
    rows = table(found, "pawn")
    assert list(rows.index[:2]) == ["a.steep", "a.falling"]
    assert rows.loc["a.idle", "value"] <= rows.loc["a.idle", "floor"]
    assert list(rows.loc[["a.steep", "a.falling", "a.idle"], "told"]) == [True, True, False]
    assert rows.loc["a.steep", "value"] > 0.5


def test_pawn_is_that_of_the_library() -> None:
    from SALib.analyze import pawn as library

    design = design_of("latin_hypercube", LINE, size=300)
    units = unit_draws(design)
    outcomes = np.round(units @ [3.0, 0.5, 1.0, 0.0], 1)  # rounded: many are equal
    theirs = library.analyze(problem_of(list(LINE)), units, outcomes, S=10, seed=1)
    assert pawn.pawn_of(units, outcomes, 10) == pytest.approx(theirs["median"], abs=0.02)


def test_the_floor_of_pawn_is_passed_by_one_dummy_in_twenty() -> None:
    rng = np.random.default_rng(9)
    outcomes = rng.normal(size=300)
    floor = pawn.floor_of(outcomes, 10, 400, rng)
    assert np.mean(pawn.pawn_of(rng.random((300, 600)), outcomes, 10) > floor) == pytest.approx(0.05, abs=0.03)


@pytest.mark.parametrize(("draw", "size"), [("latin_hypercube", 200), ("sobol", 64)])
def test_the_tornado_of_a_line_is_four_fifths_of_its_rise(draw: str, size: int) -> None:
    found = analyse(study_of(design_of(draw, LINE, size=size), line, 0.01, worlds=8), OUTCOME)
    rows = tornado(found)
    for key in LINE:  # from the mean of the lowest fifth to that of the highest; the other inputs differ between draws
        wanted = 0.8 * SLOPES[key] * WIDTHS[key]
        half = np.hypot(
            rows.loc[key, "draw_error_high"] - rows.loc[key, "change"], rows.loc[key, "error_high"] - rows.loc[key, "change"]
        )
        assert abs(rows.loc[key, "change"] - wanted) <= half
    assert rows.index[0] == "a.steep"
    assert rows.loc["a.steep", "told"]
    assert rows.loc["a.steep", "change"] == pytest.approx(4.8, rel=0.05)
    assert rows.loc["a.steep", "at_highest"] - rows.loc["a.steep", "at_lowest"] == pytest.approx(rows.loc["a.steep", "change"])
    assert (rows.loc["a.falling", "lowest"], rows.loc["a.falling", "highest"]) == ("10", "30")


def test_the_interval_over_draws_and_the_interval_over_worlds_answer_to_their_own_spread() -> None:
    design = design_of("latin_hypercube", LINE, size=100)
    steep = points_of(design)["a.steep"].to_numpy(float)[:, None, None]
    slopes = np.random.default_rng(10).normal(0.0, 1.0, (1, 5, 1))
    found = analyse(study_of(design, lambda rows: 0.0 * rows["a.steep"], slopes * steep), OUTCOME)
    row = tornado(found).loc["a.steep"]
    ends = np.argsort(steep[:, 0, 0])
    by_world = slopes[0, :, 0] * (steep[ends[-20:], 0, 0].mean() - steep[ends[:20], 0, 0].mean())
    assert row["error_high"] - row["change"] == pytest.approx(float(half_width(by_world)))
    assert row["draw_error_high"] - row["change"] < row["error_high"] - row["change"]
    assert (row["world_low"], row["world_high"]) == pytest.approx((by_world.min(), by_world.max()))
    assert row["worlds_agreeing"] == (np.sign(by_world) == np.sign(by_world.mean())).sum()
    assert (row["worlds"], row["inside"]) == pytest.approx((5, 4 / 6))


def test_replicates_of_the_only_world_give_no_range_over_worlds() -> None:
    found = analyse(study_of(design_of("latin_hypercube", LINE, size=100), line, 0.1, worlds=1, replicates=4), OUTCOME)
    rows = tornado(found)
    assert rows[["world_low", "world_high", "inside"]].isna().all(axis=None)
    assert (rows["worlds"] == 1).all()
    assert rows["error_low"].notna().all()


# ----------------------------------------------------------------------------------------------------- factorial designs


def test_a_fractional_factorial_knows_main_effects_exactly_whatever_pairs_do() -> None:
    def wavy(rows: pd.DataFrame) -> Any:
        return line(rows) + (rows["a.steep"] - 1.0) * rows["a.flat"] + 4.0 * (rows["a.idle"] - 0.5) * (rows["a.falling"] - 20.0)

    found = analyse(study_of(design_of("fractional", LINE), wavy, 0.0, worlds=8), OUTCOME)
    assert of(table(found, "effect"), LINE) == pytest.approx([SLOPES[key] * WIDTHS[key] for key in LINE])
    assert list(table(found, "effect")["told"]) == [True, True, True, False]


def test_levers_of_a_fractional_design_have_students_intervals_over_worlds() -> None:
    levers = {name: {"off": {}, "on": {f"a.{name}": True}} for name in ("judge", "notice", "quota")}
    design = Design.model_validate({"question": "what if?", "levers": levers, "choose": "fractional"})
    points = points_of(design)
    on = (points[list(levers)] == "on").to_numpy(float)
    noise = np.random.default_rng(11).normal(0.0, 0.3, (len(points), 8, 1))
    found = analyse(told(design, (on @ [2.0, -1.0, 0.0])[:, None, None] + noise, points), OUTCOME)
    rows = table(found, "effect")
    by_world = noise[on[:, 0] == 1, :, 0].mean(axis=0) - noise[on[:, 0] == 0, :, 0].mean(axis=0) + 2.0
    assert rows.loc["judge", "value"] == pytest.approx(by_world.mean())
    assert rows.loc["judge", "error_high"] - rows.loc["judge", "value"] == pytest.approx(float(half_width(by_world)))
    assert rows["draw_error_low"].isna().all()
    assert list(rows.loc[["judge", "notice"], "told"]) == [True, True]
    assert (tornado(found).loc["judge", "lowest"], tornado(found).loc["judge", "highest"]) == ("off", "on")


# -------------------------------------------------------------------------------------- scenarios, holes, odd studies


def test_the_effect_of_a_second_scenario_is_an_outcome_of_its_own() -> None:
    design = design_of("sobol", ISHIGAMI, size=128, scenarios=["as_adopted", "judge"])

    def reformed(rows: pd.DataFrame) -> Any:
        return ishigami(rows) + (rows["scenario"] == "judge") * 0.5 * rows["a.x3"]

    common = np.random.default_rng(12).normal(0.0, 3.0, (1, 8, 2))  # worlds and luck hit both scenarios and all points alike
    study = study_of(design, reformed, np.broadcast_to(common, (len(points_of(design)), 8, 2)).copy())
    found = analyse(study, OUTCOME)
    effect = table(found, "ST", "judge against as_adopted")
    assert of(effect, ISHIGAMI) == pytest.approx([0.0, 0.0, 1.0], abs=0.02)
    assert list(effect.loc[list(ISHIGAMI), "told"]) == [False, False, True]
    assert of(table(found, "ST"), ISHIGAMI) == pytest.approx(ISHIGAMI_ST, abs=0.1)
    assert set(found.tables["sensitivity"]["scenario"]) == {"as_adopted", "judge", "judge against as_adopted"}
    assert "judge against as adopted" in found.answer[0]  # what drives the effect comes first
    assert len({drawing.name for drawing in found.drawings}) == len(found.drawings) == 6


def test_conditions_are_analysed_one_by_one_and_compared_within_themselves() -> None:
    design = design_of(
        "latin_hypercube", LINE, size=40, scenarios=["as_adopted", "judge"], conditions={"calm": {}, "crowded": {"demand.scale": 2}}
    )
    found = analyse(study_of(design, line, 0.1, worlds=2), OUTCOME)
    assert set(found.tables["tornado"]["scenario"]) == {
        *("as_adopted, calm", "as_adopted, crowded", "judge, calm", "judge, crowded"),
        *("judge, calm against as_adopted, calm", "judge, crowded against as_adopted, crowded"),
    }


def holed(design: Design, holes: list[tuple[int, int]]) -> ArrayStudy:
    study = study_of(design, ishigami if "a.x1" in design.uncertainties else line, 0.1, worlds=4, replicates=2)
    values = study.outcomes(OUTCOME).values.copy()
    for point, world in holes:
        values[point, world] = np.nan
    return told(design, values, study.points)


@pytest.mark.parametrize(("draw", "size", "bounds", "rows"), [("sobol", 64, ISHIGAMI, 5), ("morris", 64, LINE, 5)])
def test_a_group_with_a_failed_run_is_left_out_whole_and_that_is_said(draw: str, size: int, bounds: Any, rows: int) -> None:
    design = design_of(draw, bounds, size=size)
    found = analyse(holed(design, [(0, 1), (1, 1), (rows * 9 + 2, 3)]), OUTCOME)
    assert any(f"2 of {size} " in sentence for sentence in found.sure)
    whole = study_of(design, ishigami if draw == "sobol" else line, 0.1, worlds=4, replicates=2).outcomes(OUTCOME).values
    if draw == "sobol":
        kept = whole.reshape(64, 5, 4, 2)[np.setdiff1d(np.arange(64), [0, 9])].reshape(-1, 4, 2).mean(axis=2)
        wanted = sobol.indices_of(sobol.saltelli_of(kept, 3), 50, 1).values[1, :-1]
        assert of(table(found, "ST"), bounds) == pytest.approx(wanted)


def test_a_missing_replicate_costs_no_base_point() -> None:
    design = design_of("sobol", ISHIGAMI, size=16)
    study = study_of(design, ishigami, 0.1, worlds=3, replicates=2)
    values = study.outcomes(OUTCOME).values.copy()
    values[3, 1, 0] = np.nan
    assert not any("Left out" in sentence for sentence in analyse(told(design, values, study.points), OUTCOME).sure)


def test_a_world_that_was_hardly_run_is_left_out_before_the_points_are() -> None:
    design = design_of("sobol", ISHIGAMI, size=16)
    found = analyse(holed(design, [(point, 3) for point in range(70)]), OUTCOME)
    assert any("1 of 4 worlds" in sentence for sentence in found.sure)
    assert not any("base points." in sentence and "Left out" in sentence for sentence in found.sure)


@pytest.mark.parametrize(("draw", "bounds", "rows"), [("sobol", ISHIGAMI, 5), ("morris", LINE, 5), ("latin_hypercube", LINE, 1)])
def test_too_few_whole_groups_are_refused_in_one_line(draw: str, bounds: Any, rows: int) -> None:
    size = 32
    holes = [(group * rows, group % 4) for group in range(size - 3)]
    with pytest.raises(ConfigError, match=rf"found 3 of {size} .* without a missing outcome; accepted: \d+ or more") as caught:
        analyse(holed(design_of(draw, bounds, size=size), holes), OUTCOME)
    assert "\n" not in str(caught.value)


def test_a_factorial_design_drops_worlds_with_a_hole_and_refuses_none_left() -> None:
    design = design_of("fractional", LINE)
    assert any("2 of 4 worlds" in sentence for sentence in analyse(holed(design, [(0, 1), (3, 2)]), OUTCOME).sure)
    with pytest.raises(ConfigError, match="no world in which"):
        analyse(holed(design, [(world, world) for world in range(4)]), OUTCOME)


@pytest.mark.parametrize("draw", ["sobol", "morris", "latin_hypercube", "fractional"])
def test_an_outcome_that_never_varies_is_told_as_such(draw: str) -> None:
    level = np.random.default_rng(13).normal(size=(1, 3, 1))
    design = design_of(draw, LINE, size=32)
    values = np.broadcast_to(level, (len(points_of(design)), 3, 1)).copy()
    found = analyse(told(design, values, points_of(design)), OUTCOME)
    assert not found.tables["sensitivity"]["told"].any()
    assert any("The outcome is the same at every point." in sentence for sentence in found.answer)
    assert found.drawings
    for drawing in found.drawings:
        draw_it(drawing)


def draw_it(drawing: Any) -> None:
    draw(drawing.function, drawing.frame, drawing.caption, drawing.settings, **drawing.options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draw", "functions"),
    [
        ("sobol", {"sobol_bars", "tornado"}),
        ("morris", {"morris_plane", "tornado"}),
        ("latin_hypercube", {"pawn_bars", "tornado"}),
        ("fractional", {"tornado"}),
    ],
)
@pytest.mark.parametrize("worlds", [1, 3])
def test_every_method_gives_figures_that_can_be_drawn_from_its_tables(draw: str, functions: set[str], worlds: int) -> None:
    found = analyse(study_of(design_of(draw, LINE, size=32), line, 0.1, worlds=worlds), OUTCOME)
    assert {drawing.function for drawing in found.drawings} == functions
    for drawing in found.drawings:
        assert drawing.caption
        assert drawing.alt
        draw_it(drawing)


def test_inputs_that_are_whole_or_words_are_drawn_and_told_by_their_ends() -> None:
    bounds = {"a.count": {"low": 1, "high": 9, "shape": "whole"}, "a.mode": {"values": ["none", "some", "all"]}, "a.x": (0.0, 1.0)}

    def outcome(rows: pd.DataFrame) -> Any:
        return rows["a.count"].astype(float) + 5.0 * (rows["a.mode"] == "all")

    found = analyse(study_of(design_of("sobol", bounds, size=64), outcome, 0.1, worlds=3), OUTCOME)
    assert list(table(found, "ST").index) == ["a.count", "a.mode", "a.x"]
    assert (tornado(found).loc["a.mode", "lowest"], tornado(found).loc["a.mode", "highest"]) == ("none", "all")
    assert (tornado(found).loc["a.count", "lowest"], tornado(found).loc["a.count", "highest"]) == ("1", "9")


def test_designs_that_do_not_suit_are_told_what_is_wanted() -> None:
    def study(design: Design, points: pd.DataFrame | None = None) -> ArrayStudy:
        rows = points_of(design) if points is None else points
        return told(design, np.zeros((len(rows), 1, 1)), rows)

    assert unsuited(study(design_of("sobol", LINE, size=8))) is None
    grid = unsuited(study(design_of("grid", LINE, levels=2)))
    assert grid is not None
    assert grid.startswith(
        "wants draw: sobol, morris, latin_hypercube, fractional, or levers with choose: fractional; found draw: grid"
    )
    plain = study(Design(question="what if?", scenarios=["as_adopted"]))
    assert "found no draw" in str(unsuited(plain))
    search = {"sampler": "tpe", "generation": 2, "generations": 2, "objectives": {"case_disclosure_rate": "down"}}
    assert "found an adaptive search" in str(
        unsuited(plain._replace(design=Design(question="?", levers={"a": "judge"}, search=search)))
    )
    moved = points_of(design_of("sobol", LINE, size=8))
    moved.loc[3, "a.flat"] = 0.5
    for points in (moved, points_of(design_of("sobol", LINE, size=4))):
        assert "wants every policy to meet the draws of its design" in str(
            unsuited(study(design_of("sobol", LINE, size=8), points))
        )
    with pytest.raises(ConfigError, match="design: wants draw"):
        analyse(plain, OUTCOME)


def test_a_setting_out_of_range_is_one_line_that_names_its_key() -> None:
    study = study_of(design_of("sobol", LINE, size=8), line)
    broken = asked_again(study, sensitivity={"ends": 0.7})
    with pytest.raises(ConfigError, match=r"analysis\.sensitivity\.ends: found 0\.7; accepted: less than or equal to 0\.5"):
        analyse(broken, OUTCOME)


def test_the_same_study_gives_the_same_tables_every_time() -> None:
    study = study_of(design_of("sobol", ISHIGAMI, size=32), ishigami, 1.0, worlds=3)
    one, two = analyse(study, OUTCOME), analyse(study, OUTCOME)
    for name, frame in one.tables.items():
        pd.testing.assert_frame_equal(frame, two.tables[name])
    assert one.answer == two.answer


def linear(rows: pd.DataFrame) -> Any:
    return 1.0 + rows["a.x0"] + 0.1 * rows["a.x1"]


def two_policies(draw: str = "latin_hypercube", size: int = 40) -> ArrayStudy:
    bounds = {"a.x0": (0.0, 1.0), "a.x1": (0.0, 1.0)}
    return study_of(design_of(draw, bounds, size=size, scenarios=["as_adopted", "judge"]), linear, 0.01, 3)


def test_a_policy_on_few_events_has_no_number_and_nothing_is_told_against_it() -> None:
    whole = two_policies()
    outcomes = whole.outcomes(OUTCOME)
    counts = np.where((whole.points["scenario"] == "judge").to_numpy()[:, None, None], 0, outcomes.counts)
    counts[-1, 0, 0] = 9
    found = analyse(whole._replace(held={OUTCOME: outcomes._replace(counts=counts)}), OUTCOME)
    for table in found.tables.values():
        assert set(table["scenario"]) == {"as_adopted"}
    assert "Without a number, on fewer than 10 events (metrics.fewest_events): judge against as adopted; judge." in found.sure
    counts[-1, 0, 0] = 10
    enough = analyse(whole._replace(held={OUTCOME: outcomes._replace(counts=counts)}), OUTCOME)
    assert set(enough.tables["sensitivity"]["scenario"]) == {"judge against as_adopted", "as_adopted", "judge"}


def test_nothing_but_few_events_is_refused_in_one_line() -> None:
    whole = two_policies()
    outcomes = whole.outcomes(OUTCOME)
    with pytest.raises(ConfigError, match=r"^outcome: found fewer than 10 events of case_disclosure_rate; accepted: "):
        analyse(whole._replace(held={OUTCOME: outcomes._replace(counts=np.zeros_like(outcomes.counts))}), OUTCOME)


def test_an_end_of_a_range_on_few_events_has_no_number() -> None:
    whole = two_policies()
    outcomes = whole.outcomes(OUTCOME)
    counts = np.where((whole.points["a.x0"] < 0.5).to_numpy()[:, None, None], 0, outcomes.counts)
    found = analyse(whole._replace(held={OUTCOME: outcomes._replace(counts=counts)}), OUTCOME)
    ends = found.tables["tornado"]
    ends = ends[ends["scenario"] == "as_adopted"].set_index("factor")
    assert ends.loc["a.x0", ["at_lowest", "change", "draw_error_low", "error_high"]].isna().all()
    assert ends.loc["a.x0", "at_highest"] == pytest.approx(1.95, abs=0.1)
    assert ends.loc["a.x1", ["at_lowest", "at_highest", "change"]].notna().all()
    assert any("has no number: an end stands on too few events" in sentence for sentence in found.answer)
    assert not any("nan" in sentence for sentence in found.answer)


def test_what_sentences_leave_out_is_a_setting() -> None:
    def said(**settings: Any) -> str:
        study = study_of(design_of("sobol", ISHIGAMI, size=64), ishigami, 0.1, worlds=3)
        return " ".join(analyse(asked_again(study, sensitivity=settings), OUTCOME).answer)

    assert "Each for itself the inputs make" in said(vague=1.0)
    assert "Each for itself the inputs make" not in said(vague=0.0)
    assert "; and 2 more" in said(named=1)
    assert "; and 1 more" in said(named=2)


def test_how_much_a_world_may_lack_before_it_is_dropped_is_a_setting() -> None:
    study = two_policies()
    values = study.outcomes(OUTCOME).values.copy()
    values[:16, 2] = np.nan  # 16 of the 40 draws of the first policy in the third world
    outcomes = study.outcomes(OUTCOME)._replace(values=values)

    def groups(share: float) -> int:
        told = asked_again(study, sensitivity={"most_missing": share})._replace(held={OUTCOME: outcomes})
        found = next(said for said in analyse(told, OUTCOME).sure if said.startswith("As adopted"))
        return int(found.split(": ")[1].split(" ")[0])

    assert groups(0.5) == 24
    assert groups(0.3) == 40


# --------------------------------------------------------------------------------------------- verdicts and what is possible


@pytest.mark.parametrize("draw", ["sobol", "morris", "latin_hypercube", "fractional"])
def test_there_is_no_verdict_under_eight_worlds(draw: str) -> None:
    """On two worlds an input was once told, in the words "It rises with it"."""
    design = design_of(draw, LINE, size=64)
    few, enough = (analyse(study_of(design, line, 0.001, worlds=worlds), OUTCOME) for worlds in (7, 8))
    for name in ("sensitivity", "tornado"):
        assert not few.tables[name]["told"].any()
        assert enough.tables[name]["told"].any()
    assert any("is not said: too few worlds for a verdict: 7; 8 or more." in sentence for sentence in few.answer)
    assert any(sentence.startswith("In these worlds the largest are a › steep") for sentence in few.answer)
    assert any(sentence.startswith("It rises with a › steep") for sentence in enough.answer)
    words = ("What moves", "It rises", "It falls", "A change from end", "Not to be told")
    assert not any(sentence.startswith(words) for sentence in few.answer)


@pytest.mark.parametrize("draw", ["morris", "latin_hypercube", "fractional"])
def test_a_change_that_turns_in_one_world_is_not_told_though_its_mean_is_well_known(draw: str) -> None:
    design = design_of(draw, LINE, size=64)
    slopes = np.array([3.0] * 11 + [-0.5])[None, :, None]  # the mean is 2.7 with an error of 0.64
    steep = points_of(design)["a.steep"].to_numpy(float)[:, None, None]
    found = analyse(study_of(design, lambda rows: 0.0 * rows["a.steep"], slopes * steep), OUTCOME)
    row = tornado(found).loc["a.steep"]
    assert row["error_low"] > 0 > row["world_low"]
    assert not row["told"]
    assert not any("rises" in sentence for sentence in found.answer)
    index = {"morris": "mu", "fractional": "effect"}.get(draw)
    assert index is None or not table(found, index).loc["a.steep", "told"]


def test_replicates_of_the_only_world_are_no_worlds_for_a_verdict() -> None:
    found = analyse(study_of(design_of("fractional", LINE), line, 0.001, worlds=1, replicates=9), OUTCOME)
    assert not found.tables["tornado"]["told"].any()
    assert not found.tables["sensitivity"]["told"].any()


@pytest.mark.parametrize("draw", ["sobol", "latin_hypercube"])
def test_shares_and_their_limits_lie_between_nothing_and_all(draw: str) -> None:
    """A share once read "2 % (-5 % to 9 %)"."""
    found = analyse(study_of(design_of(draw, LINE, size=32), line, 1.5, worlds=8), OUTCOME)
    columns = ["value", "error_low", "error_high", "draw_error_low", "draw_error_high", "floor"]
    rows = found.tables["sensitivity"]
    numbers = rows.loc[rows["index"].isin(["S1", "ST", "S1_raw", "ST_raw", "pawn"]), columns].to_numpy(float)
    assert numbers.size
    assert np.nanmin(numbers) >= 0.0
    assert np.nanmax(numbers) <= 1.0
    assert not any("(−" in sentence and "%" in sentence for sentence in found.answer)
    if draw == "sobol":
        assert (rows["draw_error_low"] == 0.0).any(), "or nothing had to be cut"
