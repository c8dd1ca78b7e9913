"""The statistics of paired, nested runs against closed forms, and against what their names promise of many repetitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from experiments.execution.comparison import FIRST_LOOK_WORLDS, next_look
from experiments.statistics import components_of, gap_of, half_width, mean_of, needed_worlds, ratio_of, simulation_error

RNG = np.random.default_rng(20270101)


def nested(worlds: int, replicates: int, world_sd: float, event_sd: float, *shape: int) -> np.ndarray:
    """Paired differences about zero: a world's own, and each luck's upon it."""
    own = RNG.normal(0.0, world_sd, (*shape, worlds, 1))
    return np.asarray(own + RNG.normal(0.0, event_sd, (*shape, worlds, replicates)))


def test_the_interval_of_a_mean_is_that_of_students_t() -> None:
    means = RNG.normal(3.0, 2.0, 9)
    interval = stats.ttest_1samp(means, 0.0).confidence_interval(0.95)
    assert means.mean() - half_width(means) == pytest.approx(interval.low)
    assert means.mean() + half_width(means) == pytest.approx(interval.high)


def test_one_world_has_no_interval() -> None:
    assert np.isnan(half_width(np.array([1.0])))
    assert np.isnan(ratio_of(np.array([1.0]), np.array([2.0])).low)


def test_the_components_of_a_layout_of_four_are_those_done_by_hand() -> None:
    # means 2 and 6 about 4: mean square between 2 (4 + 4) / 1 = 16, within (1 + 1 + 1 + 1) / 2 = 2; (16 - 2) / 2 = 7
    found = components_of(np.array([[1.0, 3.0], [5.0, 7.0]]))
    assert (found.world, found.event) == (pytest.approx(7**0.5), pytest.approx(2**0.5))


def test_a_negative_variance_between_worlds_is_taken_as_zero() -> None:
    found = components_of(np.array([[1.0, 7.0], [5.0, 3.0]]))  # equal means: between 0, within 10
    assert (found.world, found.event) == (0.0, pytest.approx(10**0.5))


def test_the_components_of_an_unequal_layout_are_those_of_the_analysis_of_variance() -> None:
    worlds = [RNG.normal(w, 1.0, n) for w, n in zip(RNG.normal(0.0, 2.0, 5), (1, 2, 3, 2, 3), strict=True)]
    table = np.full((5, 3), np.nan)
    for w, values in enumerate(worlds):
        table[w, : values.size] = values
    sizes = np.array([values.size for values in worlds])
    within = sum(((values - values.mean()) ** 2).sum() for values in worlds) / (sizes.sum() - 5)
    between = stats.f_oneway(*worlds).statistic * within
    per_world = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / 4
    found = components_of(table)
    assert found.event == pytest.approx(within**0.5)
    assert found.world == pytest.approx(max((between - within) / per_world, 0.0) ** 0.5)


def test_known_components_are_found_again() -> None:
    found = components_of(nested(6000, 2, 2.0, 1.0))
    assert found.world == pytest.approx(2.0, rel=0.04)
    assert found.event == pytest.approx(1.0, rel=0.04)


def test_one_replicate_a_world_gives_no_components() -> None:
    found = components_of(nested(5, 1, 1.0, 1.0))
    assert np.isnan(found.world)
    assert np.isnan(found.event)


def test_the_limits_of_a_ratio_are_where_the_paired_test_tips() -> None:
    below = RNG.normal(5.0, 1.0, 12)
    above = 0.7 * below + RNG.normal(0.0, 0.5, 12)
    found = ratio_of(above, below)
    assert found.ratio == pytest.approx(above.mean() / below.mean())
    assert found.low < found.ratio < found.high
    for limit in (found.low, found.high):
        assert stats.ttest_1samp(above - limit * below, 0.0).pvalue == pytest.approx(0.05)


def test_a_ratio_to_what_is_not_told_from_zero_has_no_limits() -> None:
    found = ratio_of(np.array([1.0, 2.0, 1.5]), np.array([-1.0, 1.2, 0.1]))
    assert np.isnan(found.low)
    assert np.isnan(found.high)


def test_the_ratio_is_told_from_one_exactly_when_the_difference_is_told_from_zero() -> None:
    below = RNG.normal(4.0, 1.0, (500, 8))
    above = below * RNG.uniform(0.8, 1.2, (500, 1)) + RNG.normal(0.0, 0.4, (500, 8))
    found = ratio_of(above, below)
    gap = above - below
    bounded = ~np.isnan(found.low)
    holds_zero = np.abs(mean_of(gap)) <= half_width(gap)
    assert 50 < (bounded & holds_zero).sum() < bounded.sum() - 50
    assert np.array_equal(((found.low <= 1) & (found.high >= 1))[bounded], holds_zero[bounded])


def test_equal_sides_have_a_ratio_of_one_without_width() -> None:
    values = RNG.normal(4.0, 1.0, 8)
    assert [float(part) for part in ratio_of(values, values)] == pytest.approx([1.0, 1.0, 1.0], abs=1e-12)


def test_a_missing_run_is_a_run_that_was_not_made() -> None:
    values = nested(6, 2, 1.0, 1.0)
    holed = np.concatenate([values, np.full((1, 2), np.nan)])
    assert mean_of(mean_of(holed)) == pytest.approx(mean_of(mean_of(values)))
    assert half_width(mean_of(holed)) == pytest.approx(half_width(mean_of(values)))
    assert components_of(holed).world == pytest.approx(components_of(values).world)


@pytest.mark.parametrize("replicates", [1, 2, 5])
def test_ninety_five_of_a_hundred_intervals_cover_however_many_replicates_share_a_world(replicates: int) -> None:
    means = mean_of(nested(8, replicates, 1.0, 1.0, 20_000))
    assert (np.abs(mean_of(means)) <= half_width(means)).mean() == pytest.approx(0.95, abs=0.006)


def test_nineteen_of_twenty_intervals_of_a_ratio_and_of_a_gap_between_ratios_cover_it() -> None:
    below = RNG.normal(5.0, 1.0, (20_000, 10))
    above, further = (part * below + RNG.normal(0.0, 0.5, below.shape) for part in (0.7, 0.9))
    ratio, gap = ratio_of(above, below), gap_of((further, below), (above, below))
    assert ((ratio.low <= 0.7) & (ratio.high >= 0.7)).mean() == pytest.approx(0.95, abs=0.006)
    assert ((gap.low <= 0.2) & (gap.high >= 0.2)).mean() == pytest.approx(0.95, abs=0.01)  # by linearisation


def test_a_rate_of_two_seeds_stays_a_rate() -> None:
    rates = np.array([0.06277, 0.09723])  # 0.08, by Student's t -0.14 to 0.30
    assert rates.mean() - half_width(rates) < -0.13
    found = simulation_error(rates, within=(0.0, 1.0))
    assert (found.low, found.high) == (0.0, pytest.approx(rates.mean() + half_width(rates)))


def test_to_keep_an_interval_possible_loses_no_coverage() -> None:
    rates = RNG.beta(0.5, 4.5, (20_000, 4))  # about 0.1, many near zero
    free, kept = simulation_error(rates), simulation_error(rates, within=(0.0, 1.0))
    inside = [(found.low <= 0.1) & (found.high >= 0.1) for found in (free, kept)]
    assert (free.low < 0).mean() > 0.5
    assert (kept.low >= 0).all()
    assert np.array_equal(*inside)


def test_four_times_as_many_worlds_are_needed_for_half_the_width() -> None:
    assert needed_worlds(10, 0.2, 0.1) == 40
    assert needed_worlds(10, 0.1, 0.1) == 10
    assert next_look(10, 0.2, 0.1, most=200) == 20  # at most twice as many at a time
    assert next_look(10, 0.12, 0.1, most=200) == needed_worlds(10, 0.12, 0.1) == 15
    assert next_look(10, 0.101, 0.1, most=200) == 11
    assert next_look(10, 0.1, 0.1, most=200) == 11, "a look always asks for more"
    assert next_look(150, 0.2, 0.1, most=200) == 200


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [0.7, 0.5, 0.3])
def test_intervals_at_the_stopping_time_cover_nearly_as_often(wanted: float) -> None:
    most, repetitions = 200, 3000
    draws = RNG.normal(0.0, 1.0, (repetitions, most))
    hits, stopped_early = 0, 0
    for values in draws:
        worlds = FIRST_LOOK_WORLDS
        while (half := float(half_width(values[:worlds]))) > wanted and worlds < most:
            worlds = next_look(worlds, half, wanted, most)
        hits += abs(values[:worlds].mean()) <= half
        stopped_early += worlds < most
    assert stopped_early == repetitions
    assert hits / repetitions > 0.925
