"""Changes of an outcome along one parameter: steps of Morris, the two ends of a sample, contrasts of a factorial design."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from experiments.analysis.sobol import NORMAL
from experiments.statistics import half_width
from sim.arrays import Reals

_FOLDED = float(np.sqrt(2 / np.pi))  # mean of |z| for a standard normal z


class EndToEnd(NamedTuple):
    """Change of the outcome from one end of each parameter's range to the other."""

    at_low: Reals  # [D] mean outcome at the low end; missing where a method gives none
    at_high: Reals  # [D]
    change: Reals  # [D] from the low end to the high one
    of_draws: Reals  # [D] half of the 95 % interval of the change as draws vary; missing where nothing is drawn
    of_replicates: Reals  # [D] half as replicates vary; missing for a single one
    by_replicate: Reals  # [D, R] the change in each replicate


def elementary(units: Reals, values: Reals) -> Reals:
    """Morris's elementary effects ``[T, D, R]`` from ``T`` trajectories, ``[T (D + 1), D]`` and ``[T (D + 1), R]``.

    The change of the outcome at the step that moves the factor, over the length of that step in the unit cube: as if the factor
    went from one end of its range to the other.
    """
    factors = units.shape[1]
    steps = np.diff(units.reshape(-1, factors + 1, factors), axis=1)  # [T, step, D]
    moves = np.diff(values.reshape(-1, factors + 1, values.shape[1]), axis=1)  # [T, step, R]
    which = np.abs(steps).argmax(axis=2)  # [T, step] the factor that a step moves
    lengths = np.take_along_axis(steps, which[..., None], axis=2)  # [T, step, 1]
    place = np.argsort(which, axis=1)[..., None]  # [T, D, 1] the step that moves a factor
    return np.take_along_axis(moves / lengths, place, axis=1)


def noise_of_steps(effects: Reals) -> Reals:
    """What replicate noise alone would make of mu* and of sigma, ``[2, D]``; missing for a single replicate.

    With standard error ``e`` of an elementary effect over replicates (of the same step, so noise that both of its ends share is
    not in it): the mean of ``|N(0, e)|``, and the root of the mean of ``e`` squared. The first mends what the standard deviation
    of few values misses on average.
    """
    count = effects.shape[2]
    if count < 2:
        return np.full((2, effects.shape[1]), np.nan)
    errors = effects.std(axis=2, ddof=1) / np.sqrt(count)  # [T, D]
    missed = np.sqrt(2 / (count - 1)) * np.exp(gammaln(count / 2) - gammaln((count - 1) / 2))  # of normal values
    return np.stack([_FOLDED * errors.mean(axis=0) / missed, np.sqrt((errors**2).mean(axis=0))])


def morris_indices(effects: Reals) -> Reals:
    """mu, mu* and sigma ``[3, D]`` of elementary effects ``[T, D, R]``."""
    means = effects.mean(axis=2)
    return np.stack([means.mean(axis=0), np.abs(means).mean(axis=0), means.std(axis=0, ddof=1)])


def at_ends(units: Reals, share: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows in the lowest and in the highest ``share`` of each factor's draws, ``[count, D]`` each, from ``[n, D]``."""
    count = max(int(share * len(units)), 1)
    order = np.argsort(units, axis=0, kind="stable")
    return order[:count], order[len(units) - count :]


def between_ends(units: Reals, values: Reals, share: float, resamples: int, rng: np.random.Generator) -> EndToEnd:
    """The outcome in the lowest and in the highest ``share`` of each factor's draws, from ``[n, D]`` and ``[n, R]``.

    Draws vary by the bootstrap within either end; replicates by Student's t on each replicate's change.
    """
    lowest, highest = at_ends(units, share)
    count, ends = len(lowest), (values[lowest], values[highest])  # [count, D, R] each
    low, high = (end.mean(axis=0) for end in ends)
    below, above = (end.mean(axis=2) for end in ends)
    drawn = [
        above[rng.integers(count, size=count)].mean(0) - below[rng.integers(count, size=count)].mean(0) for _ in range(resamples)
    ]
    spread = np.array(drawn).std(axis=0, ddof=1)
    return _change(low, high, NORMAL * spread)


def contrasts(high: NDArray[np.bool_], values: Reals) -> EndToEnd:
    """Main effects of a balanced two-level design: which factors are high, ``[P, D]``, and outcomes ``[P, R]``.

    Nothing is drawn, so only replicates vary.
    """
    weights = high / high.sum(axis=0), ~high / (~high).sum(axis=0)  # [P, D] each
    at_high, at_low = (weight.T @ values for weight in weights)  # [D, R]
    return _change(at_low, at_high, np.full(high.shape[1], np.nan))


def _change(low: Reals, high: Reals, of_draws: Reals) -> EndToEnd:
    """From the outcomes at both ends in each replicate, ``[D, R]``."""
    moved = high - low
    return EndToEnd(low.mean(axis=1), high.mean(axis=1), moved.mean(axis=1), of_draws, half_width(moved), moved)
