"""Sobol's indices of the expected outcome: how much of its variance a parameter makes alone (S1) and with others (ST).

What is decomposed is the variance of ``f(x) = E[y | x]``, the expectation over worlds and luck: the Sobol' indices "of the
conditional mean" of a stochastic model (Mazo 2021; Zhu and Sudret 2021). The estimators are those of Saltelli and others (2010), on
base points ``A`` and ``B`` and on ``AB_j``, which is ``A`` with factor ``j`` from ``B``:

    S1_j = mean[B o (AB_j - A)] / V    ST_j = mean[(AB_j - A) o (AB_j - A)] / 2 V    V = mean[y o y] - mean[y] o mean[y]

where ``o`` is a product of two outcomes. Taken between means over ``R`` replicates (``averaged``) these are the raw indices, and
noise is in every square: if it is independent with variance ``s2`` in one replicate, ``V`` and the numerator of ``ST`` both grow
by ``s2 / R``, so that a factor without effect shows ``ST = s2 / (R V + s2)``, and ``S1`` shrinks. A corrected variance under the
fraction would not mend it: with common random numbers the noise of ``A``, ``B`` and ``AB_j`` goes together to a degree that nobody
knows, in numerators too. Taken between different replicates (``crossed``, all split halves at once) every term is unbiased
whatever that degree is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from experiments.analysis.replicates import Product, averaged, centred, crossed, half_by_leaving_out
from experiments.statistics import LEVEL
from sim.arrays import Reals

NORMAL = float(stats.norm.ppf(0.5 + LEVEL / 2))
"""Quantile that turns the standard deviation of bootstrap estimates into half of an interval."""
_FEWEST_CROSSED = 2  # replicates of a crossed product


class Saltelli(NamedTuple):
    """Outcomes of a Saltelli design, each replicate less its mean over all points."""

    a: Reals  # [N, R]
    b: Reals  # [N, R]
    ab: Reals  # [N, D, R]


class Indices(NamedTuple):
    """First-order and total indices, the last column their sum over factors, with halves of 95 % intervals."""

    values: Reals  # [2, D + 1] S1 and ST
    of_points: Reals  # [2, D + 1] half width as base points vary; infinite where the variance is not told from zero
    of_replicates: Reals  # [2, D + 1] half width as replicates vary; missing for too few


def saltelli_of(values: Reals, factors: int) -> Saltelli:
    """From rows in Saltelli's order, ``[N (D + 2), R]``: ``A, AB_1, ..., AB_D, B`` for each base point."""
    return _split(centred(values).reshape(-1, factors + 2, values.shape[1]))


def indices_of(found: Saltelli, resamples: int, seed: int, product: Product = crossed) -> Indices:
    """Indices with their intervals, free of replicate noise; missing for a single replicate. The raw ones with ``averaged``.

    As base points vary: 1.96 standard deviations of a bootstrap over them, which takes a quasi-random design for a random one
    and is on the safe side. As replicates vary: the jackknife over them.
    """
    rng, count = np.random.default_rng(seed), len(found.a)
    terms = _terms(found, product)
    weights = (rng.multinomial(count, np.full(count, 1 / count)) / count for _ in range(resamples))
    spread = np.array([_sums(terms, drawn, product).ratios for drawn in weights]).std(axis=0, ddof=1)
    stacked = np.concatenate([found.a[:, None], found.ab, found.b[:, None]], axis=1)
    return Indices(
        sums_of(found, product).ratios,
        np.where(np.isnan(spread), np.inf, NORMAL * spread),
        half_by_leaving_out(lambda kept: sums_of(_split(kept), product).ratios, stacked, _FEWEST_CROSSED),
    )


def _split(rows: Reals) -> Saltelli:
    """The parts of a Saltelli sample, ``A``, ``B`` and ``AB``, from ``[N, D + 2, R]``."""
    return Saltelli(rows[:, 0], rows[:, -1], rows[:, 1:-1])


def noise_in_total(found: Saltelli) -> Reals:
    """What replicate noise adds to the raw total index of each parameter, ``[D]``; missing for a single replicate."""
    step = found.ab - found.a[:, None]
    extra = (averaged(step, step) - crossed(step, step)).mean(axis=0) / 2
    variance = float(np.concatenate([found.a, found.b]).mean(axis=1).var())
    return np.maximum(extra, 0.0) / variance if variance > 0 else np.full_like(extra, np.nan)


class Sums(NamedTuple):
    """Numerators and denominator of the indices."""

    above: Reals  # [2, D] variance that each factor makes alone, and with others
    variance: float

    @property
    def ratios(self) -> Reals:
        """Both indices and their sums, ``[2, D + 1]``; missing where no variance is left."""
        above = np.column_stack([self.above, self.above.sum(axis=1)])
        return above / self.variance if self.variance > 0 else np.full_like(above, np.nan)


def sums_of(found: Saltelli, product: Product) -> Sums:
    """The parts of the indices with one product throughout."""
    return _sums(_terms(found, product), np.full(len(found.a), 1 / len(found.a)), product)


class _Terms(NamedTuple):
    """Contributions of each base point to the sums of the estimators."""

    first: Reals  # [N, D]
    total: Reals  # [N, D]
    square: Reals  # [N]
    level: Reals  # [N, R]


def _terms(found: Saltelli, product: Product) -> _Terms:
    step = found.ab - found.a[:, None]
    square = (product(found.a, found.a) + product(found.b, found.b)) / 2
    return _Terms(product(found.b[:, None], step), product(step, step) / 2, square, (found.a + found.b) / 2)


def _sums(terms: _Terms, weights: Reals, product: Product) -> Sums:
    """From base points with weights ``[N]`` that sum to one."""
    level = weights @ terms.level
    return Sums(np.stack([weights @ terms.first, weights @ terms.total]), float(weights @ terms.square - product(level, level)))
