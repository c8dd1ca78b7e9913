"""Every marginal is its documented quantile function, and a race is won in proportion to the weights.

Thresholds: a statistical test fails a perfect generator once in a million; a numerical one states its error.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from sim.draws import Draws, _poisson_mass, exponential_quantile, gumbel_quantile, normal_quantile, poisson_quantile
from tests.draws.battery import ALARM, SEEDS, chi_square_p, condemned, kolmogorov, normal_p
from tests.shares import one_in

CASES = np.arange(2**17)
TOP = 1.0 - 2.0**-53
MEANS = (1e-6, 0.3, 3.0, 30.0, 300.0, 5000.0)


def grid() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Uniforms a draw can give: the two ends in steps of halving, the seams of AS 241, and the bulk."""
    ends = 2.0 ** -np.arange(1.0, 54.0)
    seams = np.array([0.075, 0.925, np.exp(-25.0), 1.0 - np.exp(-25.0)])
    near = (seams[:, None] * (1.0 + np.arange(-50, 51) * 2.0**-51)).ravel()
    return np.unique(np.concatenate([ends, 1.0 - ends, near, Draws(1).uniform("grid", np.arange(20_000))]))


def test_normal_quantiles_agree_with_scipy_within_1e_12() -> None:
    u = grid()
    ours = np.array([normal_quantile(x) for x in u])
    assert np.abs(ours - special.ndtri(u)).max() < 1e-12
    assert (np.diff(ours) >= -1e-14).all()


def test_a_uniform_of_zero_and_all_below_reach_read_as_two_to_the_minus_54() -> None:
    floor = special.ndtri(2.0**-54)
    for u in (0.0, 1e-300, 1e-100, 2.0**-55, 2.0**-54):
        assert abs(normal_quantile(u) - floor) < 1e-12
        assert gumbel_quantile(u) == pytest.approx(-np.log(54.0 * np.log(2.0)), abs=1e-14)
    assert normal_quantile(2.0**-53) > normal_quantile(0.0)
    assert normal_quantile(0.5) == 0.0


def test_every_marginal_is_finite_at_both_ends() -> None:
    for u in (0.0, TOP):
        assert np.isfinite([normal_quantile(u), gumbel_quantile(u), exponential_quantile(u)]).all()
    assert exponential_quantile(0.0) == 0.0
    assert exponential_quantile(TOP) == pytest.approx(53.0 * np.log(2.0), rel=1e-15)
    assert gumbel_quantile(TOP) == pytest.approx(53.0 * np.log(2.0), rel=1e-14)


def test_gumbels_and_exponentials_agree_with_scipy() -> None:
    u = grid()
    np.testing.assert_allclose([gumbel_quantile(x) for x in u], stats.gumbel_r.ppf(u), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose([exponential_quantile(x) for x in u], stats.expon.ppf(u), rtol=1e-15, atol=0.0)


def test_normals_and_gumbels_follow_their_laws_for_all_seeds() -> None:
    p: dict[str, float] = {}
    for seed in SEEDS:
        z, g = Draws(seed).normal("e", CASES), Draws(seed).gumbel("g", CASES)
        p[f"normal {seed}"] = kolmogorov(special.ndtr(z))
        p[f"mean {seed}"] = normal_p(float(z.mean() * np.sqrt(z.size)))
        p[f"variance {seed}"] = float(special.chdtrc(z.size, (z**2).sum()))
        p[f"Gumbel {seed}"] = kolmogorov(stats.gumbel_r.cdf(g))
        p[f"Gumbel mean {seed}"] = normal_p(float((g.mean() - np.euler_gamma) / (np.pi / np.sqrt(6.0 * g.size))))
    assert not condemned(p)


# --- races ------------------------------------------------------------------------------------------------------------

WEIGHTS = np.array([0.001, 0.5, 1.0, 2.0, 4.0, 7.5, 0.02, 30.0])


def winners(
    weights: np.ndarray[tuple[int], np.dtype[np.float64]], names: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    with np.errstate(divide="ignore"):
        scores = np.log(weights) + Draws(8).gumbel("destination", CASES[:, None], 1, names)
    return np.asarray(names[scores.argmax(axis=1)])


NAMES = np.arange(8)


def test_the_share_of_races_won_is_the_share_of_weight() -> None:
    won = np.bincount(winners(WEIGHTS, NAMES), minlength=8)
    p = chi_square_p(won, CASES.size * WEIGHTS / WEIGHTS.sum())
    assert ALARM < p < 1.0 - ALARM
    assert chi_square_p(won, np.full(8, CASES.size / 8)) < ALARM  # equal weights would be another law


@pytest.mark.parametrize("option", [1, 3, 7])
def test_another_weight_changes_only_cases_which_that_option_wins_or_loses(option: int) -> None:
    before = winners(WEIGHTS, NAMES)
    for factor in (0.0, 0.8, 1.25):
        weights = np.where(option == NAMES, WEIGHTS * factor, WEIGHTS)
        after = winners(weights, NAMES)
        moved = before != after
        assert ((before if factor < 1.0 else after)[moved] == option).all()
        # No more cases move than the shares demand: a binomial count with this mean.
        share = abs(weights[option] / weights.sum() - WEIGHTS[option] / WEIGHTS.sum())
        assert stats.binomtest(int(moved.sum()), CASES.size, share).pvalue > ALARM


def test_neither_the_order_of_options_nor_an_impossible_one_changes_a_race() -> None:
    before = winners(WEIGHTS, NAMES)
    order = np.array([5, 2, 7, 0, 1, 6, 4, 3])
    assert (winners(WEIGHTS[order], NAMES[order]) == before).all()
    assert (winners(np.append(WEIGHTS, 0.0), np.append(NAMES, 99)) == before).all()


# --- counts -----------------------------------------------------------------------------------------------------------


def test_a_mean_of_zero_gives_no_event_even_at_the_highest_uniform() -> None:
    assert poisson_quantile(TOP, 0.0) == 0
    assert not Draws(1).poisson(0.0, "cases", CASES).any()


@pytest.mark.parametrize("mean", one_in(3, MEANS))
def test_poisson_counts_are_scipys_but_for_roundings_at_the_edges(mean: float) -> None:
    # The two sums round differently by less than 1e-11, so they part where u falls that near one of some hundred steps:
    # one draw in 1e8 or fewer. Two of 131 072 would be a fault; so would a difference of more than one.
    u = Draws(4).uniform("cases", CASES)
    ours, theirs = Draws(4).poisson(mean, "cases", CASES), stats.poisson.ppf(u, mean).astype(np.int64)
    theirs[u == 0.0] = 0
    assert np.count_nonzero(ours != theirs) <= 1
    assert np.abs(ours - theirs).max() <= 1


@pytest.mark.parametrize("mean", MEANS)
def test_poisson_counts_are_right_up_to_one_in_a_thousand_million(mean: float) -> None:
    tail = 2.0 ** -np.arange(1.0, 31.0)
    for u in np.concatenate([tail, 1.0 - tail]):
        assert poisson_quantile(u, mean) == int(stats.poisson.ppf(u, mean))


@pytest.mark.parametrize("mean", [30.0, 300.0, 5000.0])
def test_poisson_counts_are_near_scipys_at_the_highest_uniform(mean: float) -> None:
    assert abs(poisson_quantile(TOP, mean) - stats.poisson.ppf(TOP, mean)) <= 2


@pytest.mark.slow
def told_by_the_search(u: float, mean: float) -> int:
    """The Poisson quantile as its definition says, with no shorter way; the first mass is the compiled one, to the last bit."""
    reach = 12.0 * math.sqrt(mean)
    if u <= 0.5:
        n = max(0, math.floor(mean - reach - 12.0))
        total = mass = _poisson_mass(n, mean)
        while total <= u:
            n += 1
            mass *= mean / n
            total += mass
        return n
    n = math.floor(mean + reach + 40.0)
    beyond = mass = _poisson_mass(n, mean)
    while beyond < 1.0 - u and n > 0:
        mass *= n / mean
        n -= 1
        beyond += mass
    return n


@pytest.mark.parametrize("mean", [1e-7, 3e-6, 1e-3, 0.2, 0.35, 1.0, 7.5, 63.9, 64.1, 250.0])
def test_shorter_ways_give_the_poisson_count_of_the_search_to_the_last_bit(mean: float) -> None:
    steps = stats.poisson.cdf(np.arange(int(mean + 10 * np.sqrt(mean) + 12)), mean)
    near = np.concatenate([np.arange(-20, 21) * 2.0**-53, 10.0 ** -np.arange(7.0, 14.0), -(10.0 ** -np.arange(7.0, 14.0))])
    exits = 1.0 - mean * np.array([0.3, 0.9, 1.0, 1.1, 2.0, 2.99, 3.0, 3.01, 4.0])
    tails = 1.0 - 1e-5 * np.array([0.1, 0.99, 1.0, 1.01, 10.0])
    uniforms = np.concatenate([(steps[:, None] + near).ravel(), exits, tails, CASES[:2000] / 2000.0])
    for u in np.clip(uniforms, 0.0, TOP):
        assert poisson_quantile(u, mean) == told_by_the_search(u, mean), u


@pytest.mark.parametrize("mean", [0.3, 3.0, 30.0, 300.0, 5000.0])
def test_poisson_counts_have_mean_and_variance_of_their_mean(mean: float) -> None:
    n = CASES.size
    p: dict[str, float] = {}
    for seed in SEEDS:
        counts = Draws(seed).poisson(mean, "cases", CASES)
        p[f"mean {seed}"] = normal_p(float((counts.mean() - mean) / np.sqrt(mean / n)))
        spread = np.sqrt((mean + 2.0 * mean**2) / n)  # deviation of the mean squared deviation
        p[f"variance {seed}"] = normal_p(float((((counts - mean) ** 2).mean() - mean) / spread))
    assert not condemned(p)


def test_means_of_poisson_counts_broadcast_and_more_mean_never_gives_fewer_cases() -> None:
    means = np.array([0.0, 0.1, 1.0, 1.1, 9.0, 200.0, 220.0])
    counts = Draws(6).poisson(means, "cases", CASES[:5000, None])
    assert counts.shape == (5000, 7)
    assert (np.diff(counts, axis=1) >= 0).all()
    assert (counts[:, 2] == Draws(6).poisson(1.0, "cases", CASES[:5000])).all()


# --- gamma and beta ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [0.3, 1.0, 4.0, 50.0])
def test_gammas_have_mean_one_variance_one_over_shape_and_their_law(shape: float) -> None:
    n, p = CASES.size, dict[str, float]()
    for seed in SEEDS[:4]:
        x = Draws(seed).gamma(shape, "frailty", CASES)
        p[f"law {seed}"] = kolmogorov(stats.gamma.cdf(x, shape, scale=1.0 / shape))
        p[f"mean {seed}"] = normal_p(float((x.mean() - 1.0) * np.sqrt(n * shape)))
        fourth = (3.0 + 6.0 / shape) / shape**2
        spread = np.sqrt((fourth - shape**-2.0) / n)
        p[f"variance {seed}"] = normal_p(float((((x - 1.0) ** 2).mean() - 1.0 / shape) / spread))
    assert not condemned(p)


@pytest.mark.parametrize(("a", "b"), [(0.6, 0.4), (0.1, 0.1), (1.0, 1.0), (2.0, 5.0), (80.0, 20.0)])
def test_betas_follow_their_law_u_shaped_ones_too(a: float, b: float) -> None:
    p: dict[str, float] = {}
    cases = CASES[: 2**15]
    for seed in SEEDS[:4]:
        x = Draws(seed).beta(a, b, "trait", cases)
        assert x.min() >= 0.0
        assert x.max() <= 1.0
        inside = x < 1.0 - 1e-9  # nearer to one, 1 - x has lost the digits a law of it would need
        p[f"law {seed}"] = kolmogorov(np.where(inside, special.betainc(a, b, x), Draws(seed).uniform("trait", cases)))
        spread = np.sqrt(a * b / ((a + b) ** 2 * (a + b + 1.0)) / cases.size)
        p[f"mean {seed}"] = normal_p(float((x.mean() - a / (a + b)) / spread))
    assert not condemned(p)


def test_a_uniform_beta_is_the_uniform_itself() -> None:
    np.testing.assert_allclose(Draws(2).beta(1.0, 1.0, "t", CASES), Draws(2).uniform("t", CASES), rtol=1e-14, atol=1e-16)
