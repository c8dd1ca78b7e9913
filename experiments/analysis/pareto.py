"""Policies in the plane of what they gain and what they cost: who is outdone by nobody, where the bend is, what is cheapest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Reals

_DIGITS = 9  # of its span to which a score counts: identical runs tie, whatever the order of a sum
_FEWEST = 3  # places of a front with a bend


def front_of(gain: Reals, cost: Reals) -> Flags:
    """Who is on the Pareto front, ``[C]``: no other gains as much for as little, and more or for less.

    Those who tie in both scores are on it together; who lacks a score is not.

    >>> front_of(np.array([0.0, 2.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.0, 1.0])).tolist()
    [True, True, False, True]
    """
    known = ~(np.isnan(gain) | np.isnan(cost))
    out = np.zeros(gain.size, bool)
    up, right = _rounded(gain[known]), _rounded(cost[known])
    order = np.lexsort((-up, right))  # the cheapest first, and of these the best
    best = np.maximum.accumulate(up[order]) if order.size else up
    first = np.searchsorted(best, best)  # where the best so far was reached
    kept = np.zeros(order.size, bool)
    kept[order] = (up[order] == best) & (right[order] == right[order][first])
    out[known] = kept
    return out


def knee_of(gain: Reals, cost: Reals, front: Flags) -> int | None:
    """Place of the knee: of the front, the point farthest above the straight line between its two ends.

    Both scores are scaled to what the front spans (Das 1999; for curves: Satopaa and others 2011). None where the front has fewer
    than three places, or where none of them lies above the line. Of several the cheapest.

    >>> knee_of(np.array([0.0, 0.9, 1.0]), np.array([0.0, 0.1, 1.0]), np.ones(3, bool))
    1
    """
    places = np.flatnonzero(front)
    places = places[np.lexsort((places, cost[places]))]
    if len(np.unique(_rounded(cost[places]))) < _FEWEST:
        return None
    up, right = _scaled(gain[places]), _scaled(cost[places])
    above = _rounded(up - right)
    return int(places[np.argmax(above)]) if above.max() > 0 else None


def cheapest_of(gain: Reals, cost: Reals, wanted: float, size: NDArray[np.int64]) -> int | None:
    """Place of who gains at least what is wanted at the least cost; of several the smallest, then the one that gains most.

    None where nobody does.

    >>> cheapest_of(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 1.0]), 1.5, np.array([1, 1, 2]))
    1
    """
    able = np.flatnonzero(reaching(gain, wanted) & ~np.isnan(cost))
    if not able.size:
        return None
    return int(able[np.lexsort((-gain[able], size[able], _rounded(cost)[able]))[0]])


def reaching(gain: Reals, wanted: float | Reals) -> Flags:
    """Who gains at least what is wanted, up to rounding."""
    return np.asarray(gain >= wanted - 10.0**-_DIGITS * np.abs(wanted))


def ranks_of(gain: Reals) -> NDArray[np.int64]:
    """Ranks over the last axis, the largest first; those who tie share the best of their ranks."""
    order = np.argsort(-gain, axis=-1, kind="stable")
    sorted_ = np.take_along_axis(gain, order, -1)
    new = np.ones(gain.shape, bool)
    new[..., 1:] = sorted_[..., 1:] != sorted_[..., :-1]
    places = np.maximum.accumulate(np.where(new, np.arange(1, gain.shape[-1] + 1), 0), axis=-1)
    out = np.empty(gain.shape, np.int64)
    np.put_along_axis(out, order, places, -1)
    return out


def _scaled(values: Reals) -> Reals:
    low, high = values.min(), values.max()
    return np.asarray((values - low) / (high - low) if high > low else np.zeros(values.size))


def _rounded(values: Reals) -> Reals:
    """Values to so many digits of the largest that noise of summing vanishes."""
    most = np.nanmax(np.abs(values), initial=0.0)
    return np.asarray(np.round(values / most, _DIGITS) if most > 0 else values)
