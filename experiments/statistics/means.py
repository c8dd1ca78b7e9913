"""Means over worlds with their simulation error, ratios, and how much of the spread is whose.

Runs are nested: ``W`` worlds, and within each ``L`` replicates. The worlds are the independent units, so every interval stands on
world means. What Student's t gives is the *simulation error* of a mean: it shrinks with computing time, and is no uncertainty
about the one real world (that is ``worlds.world_range``). All functions work on the last axes of an array, whatever stands before
them; a missing value is no run.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sim.arrays import Reals

LEVEL = 0.95
_FEWEST = 2  # of anything that is to have a spread


class Components(NamedTuple):
    """Standard deviations of a one-way layout with random effects, shape ``[...]``; missing where the layout gives none."""

    world: Reals  # between worlds
    event: Reals  # between replicates of one world


class Limits(NamedTuple):
    """Two ends of an interval, shape ``[...]`` each; missing where there is none."""

    low: Reals
    high: Reals


class Ratios(NamedTuple):
    """A ratio of paired means with its limits, shape ``[...]``; limits are missing where the interval is unbounded."""

    ratio: Reals
    low: Reals
    high: Reals


def over(part: NDArray[np.generic], whole: NDArray[np.generic]) -> Reals:
    """Quotient, missing where the divisor is not positive."""
    above, below = np.broadcast_arrays(np.asarray(part, float), np.asarray(whole, float))
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


def _moment(left: Reals, right: Reals) -> Reals:
    """Sample covariance over the last axis, of what neither side lacks; missing for fewer than two."""
    known = ~(np.isnan(left) | np.isnan(right))
    count = known.sum(-1)
    off = [np.where(known, side - mean_of(np.where(known, side, np.nan))[..., None], 0.0) for side in (left, right)]
    return over(np.asarray((off[0] * off[1]).sum(-1)), count - 1)


def mean_of(values: Reals) -> Reals:
    """Mean over the last axis of what is known, shape ``[...]``; missing where nothing is."""
    return over(np.nansum(values, -1), (~np.isnan(values)).sum(-1))


def quantile_of(worlds: NDArray[np.integer[Any]]) -> Reals:
    """Student's quantile of a central 95 % interval on so many independent values; missing under two."""
    free = np.asarray(worlds) - 1
    return np.where(free > 0, special.stdtrit(np.maximum(free, 1), 0.5 + LEVEL / 2), np.nan)


def half_width(means: Reals) -> Reals:
    """Half of the central 95 % interval of a mean over the last axis, by Student's t with one degree less than values."""
    count = (~np.isnan(means)).sum(-1)
    return np.asarray(quantile_of(count) * np.sqrt(over(_moment(means, means), count)))


def simulation_error(means: Reals, within: tuple[Reals | float, Reals | float] = (-np.inf, np.inf)) -> Limits:
    """Central 95 % interval of the mean over worlds ``[..., W]``, by Student's t, kept ``within`` what is possible.

    It says how far the mean would move if the same worlds' distribution were drawn again, not where the real world lies. To cut it
    at what is possible loses no coverage. Missing under two worlds.
    """
    mean, half = mean_of(means), half_width(means)
    return Limits(np.clip(mean - half, *within), np.clip(mean + half, *within))


def ratio_of(above: Reals, below: Reals) -> Ratios:
    """Ratio of two paired means over the last axis, with Fieller's interval (Fieller 1954).

    The interval holds exactly the ratios r for which the mean of ``above - r below`` is not told from zero, so it holds 1
    exactly when the interval of the difference holds 0. It is unbounded, here missing, when the mean below is not told from zero.
    """
    known = ~(np.isnan(above) | np.isnan(below))
    x, y = mean_of(np.where(known, below, np.nan)), mean_of(np.where(known, above, np.nan))
    count = known.sum(-1)
    scale = over(quantile_of(count) ** 2, count)
    a = x**2 - scale * _moment(below, below)
    b = x * y - scale * _moment(below, above)
    c = y**2 - scale * _moment(above, above)
    bounded = a > 0
    root = np.sqrt(np.where(bounded, np.maximum(b**2 - a * c, 0.0), np.nan))
    return Ratios(over(y, x), over(b - root, a), over(b + root, a))


def gap_of(first: tuple[Reals, Reals], second: tuple[Reals, Reals]) -> Ratios:
    """Difference of two ratios of paired means, first less second, each ``(above, below)`` over the last axis, with its interval.

    By linearisation: the ratio of means moves with a world as ``(above - ratio * below) / mean below``, so the interval is
    Student's t on the difference of these (delta method; Cochran 1977, 6.4). Missing where a mean below is not positive.
    """
    known = ~np.isnan(np.stack(np.broadcast_arrays(*first, *second))).any(0)
    moved, told = [], []
    for above, below in (first, second):
        x, y = (np.where(known, part, np.nan) for part in (below, above))
        ratio = over(mean_of(y), mean_of(x))
        moved.append(over(y - ratio[..., None] * x, mean_of(x)[..., None]))
        told.append(ratio)
    gap, half = told[0] - told[1], half_width(moved[0] - moved[1])
    return Ratios(gap, gap - half, gap + half)


def components_of(values: Reals) -> Components:
    """Spread between worlds and between replicates, from ``[..., W, L]``, by the analysis of variance.

    Mean squares between and within are set equal to what they estimate (method of moments, unequal numbers of runs allowed); a
    negative estimate of the variance between worlds is taken as zero. Missing under two worlds, or without two replicates in any.
    """
    known = ~np.isnan(values)
    replicates = known.sum(-1)  # [..., W]
    runs, worlds = replicates.sum(-1), (replicates > 0).sum(-1)
    of_world = mean_of(values)
    whole = over(np.nansum(values, (-2, -1)), runs)
    within = over(np.where(known, (values - of_world[..., None]) ** 2, 0.0).sum((-2, -1)), runs - worlds)
    between = over(np.where(replicates > 0, replicates * (of_world - whole[..., None]) ** 2, 0.0).sum(-1), worlds - 1)
    per_world = over(runs - over((replicates**2).sum(-1), runs), worlds - 1)
    return Components(np.sqrt(np.maximum(over(between - within, per_world), 0.0)), np.sqrt(within))


def needed_worlds(worlds: int, half: float, wanted: float) -> int:
    """Worlds at which an interval of ``half`` width on ``worlds`` of them would be expected to reach ``wanted`` (Stein 1945)."""
    return int(np.ceil(worlds * (half / wanted) ** 2)) if half > wanted else worlds
