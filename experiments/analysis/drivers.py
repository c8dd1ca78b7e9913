"""Which drawn numbers go with an effect over draws: rank correlations, told only where chance would hardly find one so large.

Of hundreds of numbers, some go with any effect by chance. So a correlation is told only beyond what the largest of them all reaches
in 95 % of shuffles of the draws (family-wise; Westfall and Young 1993). With few draws that bar is high, and little is found.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from experiments.statistics import LEVEL
from sim.arrays import Reals
from sim.draws import Draws

FEWEST_DRAWS = 8
"""Draws under which no correlation says anything; *assumption*: as of worlds for a verdict."""
FEWEST_FOR_T = 30
"""Draws under which Student's t says too little of the far tail of a rank correlation; *assumption*."""
_PURPOSE = "shuffle"


class Bar(NamedTuple):
    """How large a rank correlation must be to be told, and how large a true one is found in four of five studies."""

    told: float
    found: float


def bar_of(numbers: Reals, shuffles: int, seed: int) -> Bar:
    """The bar for ``[W, K]`` drawn numbers, from so many shuffles of the draws; missing under ``FEWEST_DRAWS``.

    Ranks of an effect without ties are shuffled: it is the same for every effect over the same draws, and ties change it little.
    The second number adds what a sample correlation falls short of the true one in one study of five (Fisher's z; Fieller, Hartley
    and Pearson 1957 for ranks).
    """
    columns, draws = standard_ranks(numbers), len(numbers)
    if draws < FEWEST_DRAWS or not columns.any():
        return Bar(float("nan"), float("nan"))
    luck = Draws(seed).uniform(_PURPOSE, np.arange(shuffles)[:, None], np.arange(draws)[None, :])
    orders = standard_ranks(np.argsort(np.argsort(luck, axis=1), axis=1).T.astype(float))  # [W, shuffles]
    largest = np.abs(orders.T @ columns).max(1)
    told = float(np.quantile(largest, LEVEL, method="higher"))
    short = float(stats.norm.ppf(0.8)) * np.sqrt(1.06 / (draws - 3))
    return Bar(told, float(np.tanh(np.arctanh(min(told, 1 - 1e-12)) + short)))


def bar_of_all(draws: int, tests: int) -> float:
    """How large a rank correlation over so many draws must be to be told with all effects and numbers taken together.

    By Student's t for a rank correlation, its level shared out among the tests (Bonferroni): careful where effects go together.
    Missing under ``FEWEST_FOR_T`` draws, where ranks have heavier tails than that.

    >>> round(bar_of_all(200, 1), 2), round(bar_of_all(200, 150_000), 2)
    (0.14, 0.35)
    """
    if draws < FEWEST_FOR_T or not tests:
        return float("nan")
    free = draws - 2
    t = float(stats.t.isf((1 - LEVEL) / 2 / tests, free))
    return float(t / np.sqrt(free + t**2))


def standard_ranks(values: Reals) -> Reals:
    """Ranks over draws ``[W, K]``, centred, each column with a sum of squares of one, so that products are correlations.

    A column that does not vary is zero.
    """
    ranks = stats.rankdata(values, axis=0)
    centred = ranks - ranks.mean(0)
    size = np.sqrt((centred**2).sum(0))
    return np.asarray(np.divide(centred, size, out=np.zeros(centred.shape), where=size > 0))


def correlations(effect: Reals, numbers: Reals) -> Reals:
    """Spearman's rank correlation of an effect ``[W]`` with each of ``[W, K]`` drawn numbers; zero where either does not vary."""
    return np.asarray(standard_ranks(effect[:, None])[:, 0] @ standard_ranks(numbers))


def shares_by_half(on_side: Reals, number: Reals) -> tuple[float, float]:
    """Share of draws ``[W]`` with the sign in the lower and in the upper half of a number; draws at its median are in neither.

    >>> shares_by_half(np.array([1.0, 1.0, 0.0, 0.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    (1.0, 0.0)
    """
    middle = np.median(number)
    halves = [on_side[number < middle], on_side[number > middle]]
    low, high = (float(half.mean()) if half.size else float("nan") for half in halves)
    return low, high
