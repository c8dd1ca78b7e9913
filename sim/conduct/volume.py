"""How much states ask for persists, and follows what asking yields: the laws of volume by state and half-year.

The logarithm of a half-year's volume is mostly that of the half-year before: within states, counts return by about an eighth of a
deviation. Where the last half-year gave much it grows (empirics.md 2.7; an association on one firm's counts).
"""

from __future__ import annotations

import numpy as np

from sim.arrays import Ints, Reals

MONTHS_PER_HALF = 6
"""A half-year: the period of the firms' reports in which volume was measured (empirics.md 1.5 and 2.7)."""


_LEAST_SHARE = 1e-6  # of states that adapt: under it none does, and a slope over it means nothing


def halves_until(months: int) -> int:
    """Half-years that have begun within so many months.

    >>> halves_until(0), halves_until(6), halves_until(7)
    (0, 1, 2)
    """
    return -(-months // MONTHS_PER_HALF)


def lasting(luck: Reals, persistence: float) -> Reals:
    """Standard normals ``[H, N]`` of which each keeps ``persistence`` of the one before it; ``luck`` ``[H, N]`` has no memory.

    >>> lasting(np.array([[1.0], [1.0]]), 0.6).ravel().tolist()
    [1.0, 1.4]
    """
    steps = np.sqrt(1 - persistence**2) * luck
    steps[:1] = luck[:1]
    for half in range(1, len(steps)):
        steps[half] += persistence * steps[half - 1]
    return np.asarray(steps)


def slope_of_learners(elasticity: float, adaptive_share: float) -> float:
    """Log volume per unit of yield of the states that adapt: measured over all states, of whom only some do."""
    return elasticity / max(adaptive_share, _LEAST_SHARE)


def yield_heard(given: Reals | Ints, heard: Reals | Ints, usual: Reals, doubt: float) -> Reals:
    """Share of the answers ``heard`` that gave data, pulled towards the ``usual`` one by ``doubt`` answers' worth.

    Where none was heard it is the usual one. All arrays broadcast.
    """
    shape = np.broadcast_shapes(heard.shape, usual.shape)
    found = np.broadcast_to(usual, shape).copy()
    return np.asarray(np.divide(given + doubt * usual, heard + doubt, out=found, where=np.broadcast_to(heard > 0, shape)))
