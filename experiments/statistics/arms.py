"""Claims that pick among arms: who leads in how many worlds, ranks with their range, and errors that hold for all arms together.

Arms are run in the same worlds; ``A`` arms, ``W`` worlds. Every value is a world's (a mean over its replicates).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.statistics.means import mean_of, over
from experiments.statistics.worlds import FEWEST_WORLDS, world_range
from sim.arrays import Reals

ALL_FLIPS_UP_TO = 14  # worlds up to which every way to flip the signs of worlds is tried
FLIPS = 10_000  # random flips beyond that
FLIP_SEED = 20_270_611  # of the random flips, so that a table can be made again
_ALIKE = 1e-9  # relative: more than rounding does to equal statistics
_LEAST = 1e-12  # of the sum of squares that is taken to be left where all worlds have one value: no division by nothing


class Leads(NamedTuple):
    """How often each arm leads, and what it costs to choose it, shape ``[A]`` each; missing without a world that has all arms."""

    share: Reals  # of worlds; arms that are equally good share a world
    regret: Reals  # mean over worlds of what the best arm of a world is ahead; never negative
    worlds: int  # that have all arms


class Ranks(NamedTuple):
    """Ranks of arms, shape ``[A]`` each; 1 is the best, equals share the mean of their ranks."""

    mean: Reals
    low: Reals  # range over worlds
    high: Reals
    worlds: int  # that have all arms


def leads(values: Reals, wanted: int) -> Leads:
    """Share of worlds in which each arm of ``[A, W]`` leads, with its mean regret; ``wanted`` is 1 for much, -1 for little.

    Worlds that lack an arm are left out.
    """
    good = _complete(values, wanted)
    if not good.size:
        return Leads(none := np.full(len(values), np.nan), none, 0)
    behind = good.max(0) - good
    first = behind <= 0
    return Leads(np.asarray((first / first.sum(0)).mean(1)), np.asarray(behind.mean(1)), good.shape[1])


def rank_range(values: Reals, wanted: int) -> Ranks:
    """Mean rank of each arm of ``[A, W]`` with its range over worlds; ``wanted`` is 1 for much, -1 for little.

    Worlds that lack an arm are left out. The range is that of ``world_range``.
    """
    from scipy import stats

    good = _complete(values, wanted)
    if not good.size:
        return Ranks(none := np.full(len(values), np.nan), none, none, 0)
    ranks = np.asarray(stats.rankdata(-good, axis=0), float)
    found = world_range(ranks)
    return Ranks(mean_of(ranks), found.low, found.high, good.shape[1])


def _complete(values: Reals, wanted: int) -> Reals:
    """Worlds that have every arm, the better the larger."""
    if wanted not in (1, -1):
        raise ValueError(f"wanted: found {wanted!r}; accepted: 1, -1")
    return np.asarray(wanted * values[:, ~np.isnan(values).any(0)])


def max_t(differences: Reals) -> Reals:
    """Adjusted p of each arm's mean paired difference ``[A, W]`` from zero: the chance, were there no difference, of one as far.

    Adjusted for all arms together: of the arms without a difference, one or more is below 0.05 in at most 5 % of studies, however
    the arms go together (max-t by flips of signs; Westfall and Young 1993). The signs of a world are flipped for all arms at once;
    every arm's Student's t is set against the largest over arms of each flip. All flips up to ``ALL_FLIPS_UP_TO`` worlds, else
    ``FLIPS`` of them under ``FLIP_SEED``. It asks of the mean over worlds, so it is as much a simulation error as any standard
    error. Assumes that a world's differences are symmetric about zero where there is none. Missing for an arm with fewer than
    ``FEWEST_WORLDS`` worlds.
    """
    known = ~np.isnan(differences)
    told = known.sum(1) >= FEWEST_WORLDS
    adjusted = np.full(len(differences), np.nan)
    if not told.any():
        return adjusted
    used = known[told].any(0)
    values, count = np.where(known, differences, 0.0)[told][:, used], known[told].sum(1)
    signs = _flips(values.shape[1])
    shares = np.nan_to_num(over(values, np.sqrt((values**2).sum(1))[:, None]))  # no share of nothing
    statistic = _student(signs @ shares.T, count)  # [F, A]; the first is as found
    largest = statistic.max(1)
    adjusted[told] = (largest[:, None] >= statistic[0] * (1 - _ALIKE)).mean(0)
    return adjusted


def _flips(worlds: int) -> Reals:
    """Ways to flip the signs of worlds, ``[F, W]``, the first as found; a way and its opposite count once where all are tried."""
    if worlds <= ALL_FLIPS_UP_TO:
        ways = np.arange(2 ** (worlds - 1))[:, None] >> np.arange(worlds) & 1  # the last world keeps its sign
        return np.asarray(1.0 - 2.0 * ways, np.float64)
    drawn = np.random.default_rng(FLIP_SEED).integers(0, 2, (FLIPS, worlds))
    return np.concatenate([np.ones((1, worlds)), 1.0 - 2.0 * drawn])


def _student(shares: Reals, count: NDArray[np.int64]) -> Reals:
    """Size of Student's t from sums over worlds divided by the root of the sum of squares, ``[F, A]``.

    With r such a share, r^2 / n is the part of the mean square that the mean makes, so t^2 is (n - 1) r^2 / (n - r^2).
    """
    squares = np.minimum(shares**2, count)
    left = np.maximum(count - squares, count * _LEAST)
    return np.asarray(np.sqrt((count - 1) * squares / left))
