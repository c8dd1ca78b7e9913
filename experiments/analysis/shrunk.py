"""Estimates of many units drawn in towards a common value, each by as much as noise makes of it (empirical Bayes).

A state with three cases has the largest or the smallest rate of the world by chance alone. So each estimate keeps the share of its
distance from the centre that is not noise: the variance of the true values, over that plus the variance of the estimate's own noise
(Efron and Morris 1975). The variance of the true values is the one at which the squares of the distances, each over what it should
be, have a mean of one (Paule and Mandel 1982). Units at the centre without any noise, which nothing has moved, have no part in it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from sim.arrays import Flags, Reals


class Shrunk(NamedTuple):
    """Estimates drawn in, shape ``[U]``; missing where the estimate is."""

    values: Reals  # [U]
    kept: Reals  # [U] share of the distance from the centre that is kept, in [0, 1]
    spread: float  # standard deviation of the true values around the centre; zero where noise explains all


def shrunk(values: Reals, noise: Reals, centre: float = 0.0, known: Flags | None = None) -> Shrunk:
    """Estimates ``[U]`` drawn in towards ``centre``; ``noise`` ``[U]`` is the variance of each.

    The spread of the true values is read off the units that are ``known`` well enough; all, unless said.

    >>> [round(float(value), 1) for value in shrunk(np.array([8.0, -8.0, 8.0]), np.array([0.1, 0.1, 50.0])).values]
    [8.0, -8.0, 4.1]
    """
    off = values - centre
    told = ~np.isnan(off) & ~np.isnan(noise) & ((noise > 0) | (off != 0)) & (np.ones(len(values), bool) if known is None else known)
    true = _true(off[told] ** 2, noise[told])
    both = true + noise
    kept = np.divide(true, both, out=np.where(np.isnan(both), np.nan, 0.0), where=both > 0)
    return Shrunk(np.asarray(centre + kept * off), kept, float(np.sqrt(true)))


def _true(squares: Reals, noise: Reals) -> float:
    """Variance of the true values from squared distances ``[U]`` and the noise in them; zero where noise explains all."""
    moved = squares > 0
    most = float(squares.mean()) if squares.size else 0.0

    def excess(true: float) -> float:
        return float((squares[moved] / (true + noise[moved])).sum()) - squares.size

    least = 1e-12 * most
    return float(brentq(excess, least, most)) if most > 0 and excess(least) > 0 else 0.0
