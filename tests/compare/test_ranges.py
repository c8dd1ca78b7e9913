"""Ranges over worlds, signs, shares of luck, leads, ranks and claims on many arms, on toys whose truth is known."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.analysis.over_worlds import OverWorlds
from experiments.statistics import (
    FEWEST_WORLDS,
    NO_VERDICT,
    chance_inside,
    chance_share,
    leads,
    max_t,
    mean_of,
    own_percent,
    rank_range,
    sign_count,
    verdict_of,
    world_range,
    world_values,
)
from experiments.statistics.arms import ALL_FLIPS_UP_TO

RNG = np.random.default_rng(20270611)
MANY = 20_000  # studies of a toy: the Monte Carlo error of a share near 0.9 is then 0.002


@pytest.mark.parametrize("draw", [RNG.normal, RNG.standard_exponential, RNG.standard_cauchy])
@pytest.mark.parametrize("worlds", [2, 3, 8, 18, 19, 40])
def test_a_further_world_falls_inside_as_often_as_is_said_whatever_the_worlds_are_drawn_from(worlds: int, draw: object) -> None:
    values = draw(size=(MANY, worlds + 1))  # type: ignore[operator]
    found = world_range(values[:, :-1])
    inside = (found.low <= values[:, -1]) & (values[:, -1] <= found.high)
    assert inside.mean() == pytest.approx(float(chance_inside(worlds)), abs=0.012)


def test_below_nineteen_worlds_the_range_is_smallest_to_largest_and_then_leaves_a_twentieth_on_either_side() -> None:
    values = RNG.normal(size=18)
    found = world_range(values)
    assert (found.low, found.high, found.worlds) == (values.min(), values.max(), 18)
    assert found.inside == pytest.approx(17 / 19)
    for worlds in (19, 20, 39, 100):
        values = RNG.normal(size=worlds)
        found = world_range(values)
        assert (found.low, found.high) == pytest.approx(tuple(np.quantile(values, [0.05, 0.95], method="weibull")))
        assert found.inside == pytest.approx(0.9)
    assert float(world_range(np.arange(1.0, 20.0)).low) == 1.0, "the (n + 1) p rule of 19 is still the smallest"


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40), st.integers(0, 5))
def test_a_missing_world_is_no_world_and_the_mean_lies_in_no_other_place_for_it(values: list[float], holes: int) -> None:
    whole, holed = np.array(values), np.array([*values, *[np.nan] * holes])
    assert world_range(holed)[:3] == world_range(whole)[:3]
    assert whole.min() <= world_range(whole).low <= world_range(whole).high <= whole.max()
    assert sign_count(holed, 1.0) == sign_count(whole, 1.0)


def test_one_world_and_none_have_no_range() -> None:
    for values in (np.array([3.0]), np.array([np.nan, np.nan]), np.empty(0)):
        found = world_range(values)
        assert np.isnan([found.low, found.high, found.inside]).all()


def test_a_world_is_the_mean_of_its_replicates_and_its_per_cent_its_own() -> None:
    before = world_values(np.array([[2.0, 4.0], [0.0, 0.0], [10.0, np.nan]]))
    after = world_values(np.array([[6.0, 6.0], [1.0, 3.0], [5.0, np.nan]]))
    assert before.tolist() == [3.0, 0.0, 10.0]
    assert own_percent(before, after) == pytest.approx([100.0, np.nan, -50.0], nan_ok=True)
    assert np.nanmin(own_percent(before, np.zeros(3))) == -100.0, "nothing falls by more than all of it"


def test_the_change_in_per_cent_of_the_means_lies_in_the_range_of_the_worlds_own() -> None:
    before = RNG.uniform(1.0, 5.0, (500, 6))
    after = before * RNG.uniform(0.5, 1.5, before.shape)
    whole, found = 100 * (mean_of(after) / mean_of(before) - 1), world_range(own_percent(before, after))
    assert ((found.low <= whole) & (whole <= found.high)).all()


def test_the_range_over_worlds_does_not_shrink_with_computing_time() -> None:
    widths = [world_range(RNG.normal(size=(2000, worlds))) for worlds in (20, 200, 2000)]
    told = [float((found.high - found.low).mean()) for found in widths]
    assert told == sorted(told, reverse=True)
    assert told[-1] == pytest.approx(2 * stats.norm.ppf(0.95), rel=0.01)


def test_a_zero_counts_against_a_sign() -> None:
    values = np.array([-1.0, 0.0, -2.0, 3.0, np.nan])
    assert sign_count(values, -1.0) == (2, 4)
    assert sign_count(values, 1.0) == (1, 4)
    assert sign_count(values, 0.0) == (0, 4)
    assert [part.tolist() for part in sign_count(np.stack([values, -values]), np.array([-1.0, -1.0]))] == [[2, 1], [4, 4]]


@pytest.mark.parametrize("planted", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("replicates", [2, 5])
def test_a_planted_share_of_luck_is_found_again(planted: float, replicates: int) -> None:
    worlds = RNG.normal(0.0, (1 - planted) ** 0.5, (4000, 1))
    luck = RNG.normal(0.0, (planted * replicates) ** 0.5, (4000, replicates))
    assert chance_share(worlds + luck) == pytest.approx(planted, abs=0.05)


def test_with_ten_worlds_the_share_of_luck_is_right_in_the_middle_and_as_loose_as_is_said() -> None:
    runs = RNG.normal(0.0, 0.7**0.5, (MANY, 10, 1)) + RNG.normal(0.0, 0.6**0.5, (MANY, 10, 2))  # luck is 0.3 of a world's value
    found = chance_share(runs)
    assert np.median(found) == pytest.approx(0.3, abs=0.015)
    assert (found > 0.5).mean() == pytest.approx(0.22, abs=0.02)


def test_the_share_of_luck_is_one_where_worlds_differ_by_no_more_and_missing_where_nothing_can_be_told() -> None:
    assert chance_share(np.array([[1.0, 7.0], [5.0, 3.0]])) == 1.0
    assert chance_share(np.array([[1.0, 1.0], [5.0, 5.0]])) == 0.0
    for runs in (np.zeros((3, 2)), np.ones((3, 1)), np.array([[1.0, 2.0]])):
        assert np.isnan(chance_share(runs))


def test_there_is_no_verdict_under_eight_worlds_however_clear_they_are() -> None:
    assert verdict_of(-3.0, -1.0, FEWEST_WORLDS - 1, 0.2) == NO_VERDICT
    assert [verdict_of(low, high, FEWEST_WORLDS, 0.2) for low, high in ((-3.0, -1.0), (1.0, 3.0), (-1.0, 1.0), (0.0, 1.0))] == [
        "down", "up", "unsure", "unsure"
    ]  # fmt: skip


def test_what_is_mostly_chance_has_no_verdict_however_clear_its_range() -> None:
    assert [verdict_of(1.0, 3.0, FEWEST_WORLDS, chance) for chance in (0.5, 0.51, np.nan)] == ["up", "unsure", "up"]
    ends = np.array([1.0, 1.0]), np.array([3.0, 3.0])
    found = OverWorlds(*ends, np.array([9, 9]), *ends, np.array([0.2, 0.7]), np.array([9, 9]), np.array([0.8, 0.8]))
    assert found.clear.tolist() == [True, False]


def test_a_verdict_on_a_difference_that_is_not_there_comes_as_seldom_as_two_tails_of_the_worlds() -> None:
    ranges = world_range(RNG.normal(size=(MANY, FEWEST_WORLDS)))
    told = (ranges.low > 0) | (ranges.high < 0)
    assert told.mean() == pytest.approx(2 * 0.5**FEWEST_WORLDS, abs=0.003)


# --- arms -----------------------------------------------------------------------------------------------------------------


def test_an_arm_leads_in_as_many_worlds_as_it_does_and_regret_is_what_the_best_is_ahead() -> None:
    values = np.array([[3.0, 1.0, 2.0, 9.0], [1.0, 2.0, 2.0, 9.0], [0.0, 0.0, 0.0, np.nan]])
    much, little = leads(values, 1), leads(values, -1)
    assert much.share == pytest.approx([1.5 / 3, 1.5 / 3, 0.0])
    assert much.regret == pytest.approx([1 / 3, 2 / 3, 7 / 3])
    assert little.share.tolist() == [0.0, 0.0, 1.0]
    assert (much.worlds, little.worlds) == (3, 3)
    with pytest.raises(ValueError, match="found 0; accepted: 1, -1"):
        leads(values, 0)


def test_shares_of_leads_add_up_and_regret_is_never_negative() -> None:
    values = np.round(RNG.normal(size=(6, 50)), 0)  # many equals
    found = leads(values, -1)
    assert found.share.sum() == pytest.approx(1.0)
    assert (found.regret >= 0).all()
    assert np.isnan(leads(np.full((2, 3), np.nan), 1).share).all()


def test_a_planted_chance_to_lead_is_found_again() -> None:
    values = RNG.normal([[0.0], [1.0]], 1.0, (2, MANY))  # the second leads where its difference, N(1, 2), is above zero
    assert leads(values, 1).share[1] == pytest.approx(stats.norm.cdf(1 / 2**0.5), abs=0.01)
    assert leads(values, 1).regret[0] - leads(values, 1).regret[1] == pytest.approx(1.0, abs=0.03)


def test_ranks_with_little_noise_are_the_true_ones_and_with_much_noise_hold_them() -> None:
    truth = np.array([4.0, 1.0, 3.0, 2.0])
    clear = rank_range(truth[:, None] + RNG.normal(0.0, 0.05, (4, 10)), 1)
    assert clear.mean.tolist() == clear.low.tolist() == clear.high.tolist() == [1.0, 4.0, 2.0, 3.0]
    held = []
    for _ in range(300):
        found = rank_range(truth[:, None] + RNG.normal(0.0, 0.7, (4, 10)), -1)
        held.append((found.low <= truth) & (truth <= found.high))
    assert np.mean(held) > 0.99
    assert rank_range(np.ones((3, 4)), 1).mean.tolist() == [2.0, 2.0, 2.0], "equals share the mean of their ranks"


def test_the_flips_of_one_arm_are_the_test_that_scipy_has() -> None:
    for worlds, alternatives in ((9, 2**9), (11, 2**11)):
        values = RNG.normal(0.6, 1.0, worlds)
        theirs = stats.permutation_test(
            (values,), np.mean, permutation_type="samples", n_resamples=alternatives, vectorized=False
        ).pvalue  # fmt: skip
        assert max_t(values[None])[0] == pytest.approx(theirs)


def test_the_flips_of_two_arms_are_those_done_one_by_one() -> None:
    values = RNG.normal(0.5, 1.0, (2, 8))
    values[1] += values[0]

    def largest(signed: np.ndarray) -> np.ndarray:
        return np.abs(stats.ttest_1samp(signed, 0.0, axis=1).statistic)

    found = largest(values)
    tops = np.array([largest(values * np.array(signs)).max() for signs in product((1, -1), repeat=8)])
    assert max_t(values) == pytest.approx([(tops >= one * (1 - 1e-9)).mean() for one in found])


@pytest.mark.parametrize("worlds", [FEWEST_WORLDS, 10])
def test_of_arms_without_effect_one_or_more_is_told_in_a_twentieth_of_studies_at_most_however_they_go_together(worlds: int) -> None:
    for shared in (0.0, 0.9):
        draws = RNG.normal(size=(1500, 6, worlds)) * (1 - shared) ** 0.5 + RNG.normal(size=(1500, 1, worlds)) * shared**0.5
        draws[:, 3:] *= 100.0  # arms need not vary alike
        wrong = np.mean([max_t(one).min() <= 0.05 for one in draws])
        assert wrong <= 0.05 + 2 * (0.05 * 0.95 / 1500) ** 0.5
        assert wrong > 0.02, "a test that never speaks is none"


def test_a_real_effect_among_arms_without_one_is_told_and_the_others_are_not() -> None:
    draws = RNG.normal(size=(500, 6, 10))
    draws[:, 2] += 2.0  # two standard deviations over worlds
    found = np.array([max_t(one) for one in draws])
    assert (found[:, 2] <= 0.05).mean() > 0.95
    assert (np.delete(found, 2, axis=1).min(1) <= 0.05).mean() < 0.05 + 2 * (0.05 * 0.95 / 500) ** 0.5


def test_too_few_worlds_give_no_p_an_arm_that_never_moves_gives_one_and_random_flips_repeat() -> None:
    few = RNG.normal(5.0, 0.1, (2, FEWEST_WORLDS - 1))
    assert np.isnan(max_t(few)).all()
    mixed = RNG.normal(5.0, 0.1, (3, 9))
    mixed[0, 2:] = np.nan
    mixed[1] = 0.0
    assert np.isnan(max_t(mixed)[0])
    assert max_t(mixed)[1:].tolist() == [1.0, 2 / 2**9]
    many = RNG.normal(0.5, 1.0, (3, ALL_FLIPS_UP_TO + 6))
    assert np.array_equal(max_t(many), max_t(many))
    assert max_t(many)[0] >= stats.ttest_1samp(many[0], 0.0).pvalue * 0.8, "adjusted for the others"
    assert max_t(np.full((1, 20), 2.0))[0] == pytest.approx(1 / 10_001)
