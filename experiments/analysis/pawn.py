"""PAWN: how far knowing a parameter moves the whole distribution of the outcome, for any sample (Pianosi and Wagener 2018).

SALib gives the same index (a test holds the two together) without an interval; here all resamples and dummies are counted at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Reals

_DUMMY_LEVEL = 0.95  # of dummies that stay under the floor: the level of all intervals


def pawn_of(units: Reals, outcomes: Reals, slices: int) -> Reals:
    """The index of each factor, ``[D]``, from draws ``[n, D]`` and outcomes ``[n]``, in [0, 1].

    The median over ``slices`` equally full parts of the factor's range of the Kolmogorov-Smirnov distance between the outcome's
    distribution in that part and at large. A part without a draw is passed over.
    """
    order = np.argsort(outcomes, kind="stable")
    known, sorted_units = outcomes[order], units[order]
    last = np.append(np.diff(known) > 0, True)  # of equal outcomes the last one counts
    overall = np.flatnonzero(last)[:, None] + 1.0
    return np.array([_median_distance(_parts(column, slices), last, overall / len(known)) for column in sorted_units.T])


def _parts(column: Reals, slices: int) -> NDArray[np.bool_]:
    """Which draws lie in which part of a factor's range, ``[n, slices]``."""
    bounds = np.quantile(column, np.linspace(0.0, 1.0, slices + 1))
    part = np.searchsorted(bounds[1:-1], column, side="right")
    return np.asarray(part[:, None] == np.arange(slices))


def _median_distance(parts: NDArray[np.bool_], last: NDArray[np.bool_], overall: Reals) -> float:
    within = parts[:, parts.any(axis=0)]
    shares = np.cumsum(within, axis=0)[last] / within.sum(axis=0)
    return float(np.median(np.abs(shares - overall).max(axis=0)))


def floor_of(outcomes: Reals, slices: int, dummies: int, rng: np.random.Generator) -> float:
    """What a parameter without effect stays under in 95 of 100 cases: dummies drawn at random beside the same outcomes."""
    return float(np.quantile(pawn_of(rng.random((len(outcomes), dummies)), outcomes, slices), _DUMMY_LEVEL))


def spread_of(units: Reals, outcomes: Reals, slices: int, resamples: int, rng: np.random.Generator) -> Reals:
    """Standard deviation of the indices as draws vary, ``[D]``, by the bootstrap."""
    count = len(outcomes)
    drawn = [rng.integers(count, size=count) for _ in range(resamples)]
    return np.asarray(np.array([pawn_of(units[rows], outcomes[rows], slices) for rows in drawn]).std(axis=0, ddof=1))
