"""Numbers that go with an effect: what is planted is found, and noise is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from experiments.analysis.drivers import bar_of, bar_of_all, correlations, shares_by_half

DRAWS, NUMBERS = 120, 300


def drawn(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=(DRAWS, NUMBERS))


def test_correlations_are_spearmans() -> None:
    rng = np.random.default_rng(1)
    effect, numbers = np.round(rng.normal(size=40), 1), rng.normal(size=(40, 3))
    expected = [stats.spearmanr(effect, column).statistic for column in numbers.T]
    assert correlations(effect, numbers).tolist() == pytest.approx(expected)


def test_what_does_not_vary_goes_with_nothing() -> None:
    assert correlations(np.zeros(9), np.random.default_rng(1).normal(size=(9, 2))).tolist() == [0.0, 0.0]
    assert correlations(np.arange(9.0), np.ones((9, 1))).tolist() == [0.0]


def test_a_number_that_is_planted_is_told() -> None:
    numbers = drawn(1)
    effect = -(numbers[:, 17] ** 3) + 0.3 * np.random.default_rng(2).normal(size=DRAWS)
    found, bar = correlations(effect, numbers), bar_of(numbers, 400, 1)
    assert int(np.argmax(np.abs(found))) == 17
    assert found[17] < -bar.told
    assert bar.told < bar.found < 1


def test_noise_is_told_in_about_five_studies_of_a_hundred() -> None:
    numbers = drawn(3)
    bar, rng = bar_of(numbers, 1000, 1), np.random.default_rng(4)
    largest = [np.abs(correlations(rng.normal(size=DRAWS), numbers)).max() for _ in range(400)]
    assert 0.015 < np.mean(np.array(largest) > bar.told) < 0.10


def test_the_bar_falls_with_the_draws_and_rises_with_the_numbers() -> None:
    numbers = drawn(5)
    bar = bar_of(numbers, 300, 1).told
    assert bar < bar_of(numbers[:40], 300, 1).told
    assert bar > bar_of(numbers[:, :10], 300, 1).told


def test_a_true_correlation_of_the_second_size_is_found_in_four_studies_of_five() -> None:
    numbers = drawn(6)
    bar, rng = bar_of(numbers, 500, 1), np.random.default_rng(7)
    latent = 2 * np.sin(np.pi * bar.found / 6)  # of normals whose ranks have that correlation
    found = 0
    for _ in range(300):
        first = rng.normal(size=DRAWS)
        second = latent * first + np.sqrt(1 - latent**2) * rng.normal(size=DRAWS)
        found += abs(stats.spearmanr(first, second).statistic) > bar.told
    assert found / 300 == pytest.approx(0.8, abs=0.08)


def test_few_draws_have_no_bar() -> None:
    assert np.isnan(bar_of(drawn(1)[:7], 200, 1).told)
    assert np.isnan(bar_of_all(29, 100))
    assert np.isnan(bar_of_all(100, 0))


def test_the_bar_of_all_keeps_noise_out_of_a_whole_table() -> None:
    rng = np.random.default_rng(8)
    bar = bar_of_all(DRAWS, 50 * NUMBERS)
    hits = [np.abs(correlations(rng.normal(size=DRAWS), drawn(seed))).max() > bar for seed in range(50)]
    assert sum(hits) <= 1


def test_shares_of_a_sign_are_told_by_half_of_a_number() -> None:
    number = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert shares_by_half(np.array([1.0, 0.0, 1.0, 1.0, 1.0]), number) == (0.5, 1.0)
    low, high = shares_by_half(np.ones(3), np.ones(3))
    assert np.isnan(low)
    assert np.isnan(high)
