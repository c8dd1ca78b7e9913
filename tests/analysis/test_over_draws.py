"""Signs over draws, and luck taken out of them, on effects whose truth is written down beforehand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from experiments.analysis.over_draws import (
    Paired,
    coin_share,
    corrected_share,
    luck_of,
    one_effect_share,
    paired,
    signs_of,
)

LEVEL, NOISE = 0.2, 0.01


def pair(effects: np.ndarray, noise: float = NOISE, replicates: int = 2, seed: int = 1, level: float = LEVEL) -> Paired:
    """Effects in the unit of the outcome at one level, with normal luck of each run."""
    rng = np.random.default_rng(seed)
    before = np.full((len(effects), replicates), level)
    after = before + effects[:, None] + noise * rng.normal(size=before.shape)
    events = np.full(before.shape, 50)
    return paired(before, after, events, events)


def test_a_run_that_one_side_lacks_is_in_neither_and_its_events_are_not_counted() -> None:
    before, after = np.array([[1.0, 2.0], [1.0, np.nan]]), np.array([[np.nan, 3.0], [np.nan, 1.0]])
    found = paired(before, after, np.full((2, 2), 7), np.full((2, 2), 5))
    assert found.effects[0] == pytest.approx(1.0)
    assert np.isnan(found.effects[1])
    assert (found.seen_before.tolist(), found.seen.tolist()) == ([7, 0], [5, 0])


def test_exact_zeros_are_on_neither_side_and_lower_the_share() -> None:
    found = signs_of(np.array([-1.0, -2.0, -3.0, 0.0, 2.0, np.nan]))
    assert (found.down, found.up, found.nil, found.side, found.of) == (3, 1, 1, -1, 5)
    assert found.share == pytest.approx(0.6)


def test_where_the_median_is_nil_there_is_no_side_and_no_share() -> None:
    found = signs_of(np.array([-1.0, 0.0, 0.0, 0.0, 2.0]))
    assert found.side == 0
    assert np.isnan(found.share)
    assert np.isnan(signs_of(np.full(3, np.nan)).share)


def test_what_rounding_leaves_is_an_exact_zero() -> None:
    before = np.array([[0.1, 0.3], [0.1, 0.3]])
    after = before + np.array([[0.1, -0.1], [0.2, -0.1]])
    found = paired(before, after, np.ones((2, 2), int), np.ones((2, 2), int)).effects
    assert found[0] == 0.0
    assert found[1] == pytest.approx(0.05)


def test_one_draw_has_one_sign() -> None:
    found = signs_of(np.array([-1.0]))
    assert (found.share, found.of) == (1.0, 1)


def test_coins_give_the_expected_share_of_the_more_frequent_side() -> None:
    rng = np.random.default_rng(5)
    up = rng.binomial(30, 0.5, 40_000)
    assert coin_share(30, 40) == pytest.approx(np.maximum(up, 30 - up).mean() / 40, abs=0.002)
    assert coin_share(0, 10) == 0.0
    assert np.isnan(coin_share(0, 0))


def test_the_variance_of_luck_is_found_and_falls_with_the_replicates() -> None:
    effects = np.random.default_rng(2).normal(-0.05, 0.03, 4000)
    two, eight = (luck_of(pair(effects, replicates=count)) for count in (2, 8))
    assert two.mean() == pytest.approx(NOISE**2 / 2, rel=0.05)
    assert eight.mean() == pytest.approx(NOISE**2 / 8, rel=0.05)


def test_luck_is_unknown_with_one_replicate_and_nothing_where_nothing_varies() -> None:
    assert np.isnan(luck_of(pair(np.full(5, -0.1), replicates=1))).all()
    assert luck_of(pair(np.full(5, -0.1), noise=0.0)).max() < 1e-20


def test_luck_grows_with_the_level() -> None:
    rng = np.random.default_rng(3)
    levels = np.repeat([0.1, 0.4], 3000)[:, None] * np.ones(2)
    after = levels + np.sqrt(levels) * 0.02 * rng.normal(size=levels.shape)
    found = luck_of(paired(levels, after, np.ones(levels.shape, int), np.ones(levels.shape, int)))
    assert found[:3000].mean() == pytest.approx(0.1 * 0.02**2 / 2, rel=0.06)
    assert found[3000:].mean() == pytest.approx(0.4 * 0.02**2 / 2, rel=0.06)


def test_one_effect_for_all_has_the_share_that_its_luck_leaves() -> None:
    noise = 0.04
    made = pair(np.full(5000, -0.03), noise)
    expected = stats.norm.cdf(0.03 / (noise / np.sqrt(2)))
    assert one_effect_share(made, luck_of(made)) == pytest.approx(expected, abs=0.02)
    assert signs_of(made.effects).share == pytest.approx(expected, abs=0.02)


def test_without_luck_one_effect_has_one_sign_and_no_effect_has_none() -> None:
    sure = pair(np.full(9, -0.03), noise=0.0)
    assert one_effect_share(sure, luck_of(sure)) == 1.0
    still = pair(np.zeros(9), noise=0.0)
    assert np.isnan(one_effect_share(still, luck_of(still)))


@pytest.mark.parametrize(("centre", "spread"), [(-0.02, 0.02), (-0.02, 0.01), (0.0, 0.02), (-0.04, 0.02)])
def test_the_share_without_luck_is_that_of_the_true_effects_where_the_plain_one_is_blurred(centre: float, spread: float) -> None:
    found, plain, truth = list[float](), list[float](), stats.norm.cdf(abs(centre) / spread)
    for seed in range(60):
        effects = np.random.default_rng(seed + 100).normal(centre, spread, 200)
        made = pair(effects, noise=0.025, seed=seed)
        found.append(corrected_share(made, luck_of(made), 0.0).share)
        plain.append(signs_of(made.effects).share)
    assert np.mean(found) == pytest.approx(truth, abs=0.025 if centre else 0.04)  # without a centre, the side is chosen by luck
    if centre == -0.04:
        assert abs(np.mean(found) - truth) < abs(np.mean(plain) - truth) / 2


def test_the_share_without_luck_is_withheld_where_draws_are_mostly_luck() -> None:
    made = pair(np.full(200, -0.001), noise=0.05)
    found = corrected_share(made, luck_of(made), 0.25)
    assert np.isnan(found.share)
    assert found.kept < 0.25


def test_a_draw_whose_baseline_is_zero_takes_the_centre_and_breaks_nothing() -> None:
    made = pair(np.random.default_rng(1).normal(-0.1, 0.01, 50), noise=0.002)
    before, after = made.before.copy(), made.after.copy()
    before[0], after[0] = 0.0, 0.0
    whole = paired(before, after, np.ones(before.shape, int), np.ones(before.shape, int))
    found = corrected_share(whole, luck_of(whole), 0.25)
    assert found.share == pytest.approx(1.0, abs=1e-6)
    assert np.isnan(whole.relative[0])
    assert not whole.enough(1)[0]


def test_the_pooled_change_is_a_ratio_of_means() -> None:
    made = paired(np.array([[1.0], [3.0]]), np.array([[0.5], [3.0]]), np.ones((2, 1), int), np.ones((2, 1), int))
    assert made.pooled == pytest.approx(-0.125)
    assert made.relative.tolist() == pytest.approx([-0.5, 0.0])


def test_nothing_that_moves_has_no_share_without_luck() -> None:
    made = pair(np.zeros(20), noise=0.0)
    assert np.isnan(corrected_share(made, luck_of(made), 0.0).share)
