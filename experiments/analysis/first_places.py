"""Who is first among arms over draws of all numbers, how often again with other luck, and how far ahead.

``A`` arms in ``W`` draws with ``L`` replicates each. What is equally good shares a place. A draw's order is partly luck: the
replicates of a draw are the same world with other luck, so how often they agree says how much of an order is no luck.
"""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

import numpy as np
from scipy import stats

from experiments.statistics import mean_of
from sim.arrays import Reals

_DIGITS = 12  # of the largest value: what differs by less is equal
_TWO = 2


class Firsts(NamedTuple):
    """Places of arms over draws, ``[A]`` each but for the last three; missing without a draw that has all arms."""

    best: Reals  # share of draws
    among_first: Reals  # share of draws in the first places
    rank: Reals  # mean; 1 is the best
    rank_low: Reals  # 5th percentile of draws, as ranges over worlds have it
    rank_high: Reals
    ahead: Reals  # median lead on the second, of draws in which the arm alone is best
    behind: Reals  # mean distance to the best of a draw
    again: Reals  # of draws in which it is best by one replicate, share in which it is by another
    agree: float  # share of draws in which two replicates have the same best
    alike: float  # mean rank correlation of two replicates' orders
    draws: int


def firsts(good: Reals, places: int) -> Firsts:
    """Places of ``[A, W, L]``, more being better, with the share of draws in the first ``places``.

    Draws that lack an arm in any replicate that another has are left out.
    """
    from experiments.statistics import rank_range

    held = ~np.isnan(good)
    whole = (held == held[:1]).all((0, 2)) & held.any((0, 2))
    kept = _rounded(good[:, whole])
    own = _rounded(mean_of(kept))
    count = len(good)
    none = np.full(count, np.nan)
    if not own.shape[1]:
        return Firsts(none, none, none, none, none, none, none, none, float("nan"), float("nan"), 0)
    ranks = rank_range(own, 1)
    ordered = np.sort(own, 0)
    lead = ordered[-1] - ordered[-2] if count >= _TWO else np.zeros(own.shape[1])
    alone = (own == ordered[-1]) & (lead > 0)
    ahead = np.array([float(np.median(lead[row])) if row.any() else np.nan for row in alone])
    again, agree, alike = _of_replicates(kept)
    return Firsts(
        shares_of_places(own, 1).mean(1),
        shares_of_places(own, places).mean(1),
        ranks.mean,
        ranks.low,
        ranks.high,
        ahead,
        (ordered[-1] - own).mean(1),
        again,
        agree,
        alike,
        own.shape[1],
    )


def shares_of_places(good: Reals, places: int) -> Reals:
    """How much of the first places each arm holds in each draw, ``[A, W]``: one if it is among them; equals share what is left.

    >>> shares_of_places(np.array([[3.0], [2.0], [2.0], [1.0]]), 2).ravel().tolist()
    [1.0, 0.5, 0.5, 0.0]
    """
    better = (good[None] > good[:, None]).sum(1)
    equal = (good[None] == good[:, None]).sum(1)
    return np.asarray(np.clip((places - better) / equal, 0.0, 1.0))


def _rounded(values: Reals) -> Reals:
    """Values that are equal but for rounding made equal."""
    most = float(np.nanmax(np.abs(values), initial=0.0))
    return np.round(values / most, _DIGITS) * most if most > 0 else values


def _of_replicates(kept: Reals) -> tuple[Reals, float, float]:
    """How often an arm that leads by one replicate leads by another ``[A]``, how often any does, and how alike their orders are."""
    both, once, agree, alike = np.zeros(len(kept)), np.zeros(len(kept)), list[float](), list[float]()
    for one, other in permutations(range(kept.shape[2]), _TWO):
        known = ~(np.isnan(kept[:, :, one]) | np.isnan(kept[:, :, other])).any(0)
        sides = [kept[:, known][:, :, place] for place in (one, other)]
        if not known.any():
            continue
        here, there = (shares_of_places(side, 1) for side in sides)
        both += (here * there).sum(1)
        once += here.sum(1)
        agree.append(float((here * there).sum(0).mean()))
        orders = [stats.rankdata(side, axis=0) for side in sides]
        alike += [float(value) for value in _correlations(*orders) if not np.isnan(value)]
    again = np.divide(both, once, out=np.full(both.shape, np.nan), where=once > 0)
    return again, float(np.mean(agree)) if agree else float("nan"), float(np.mean(alike)) if alike else float("nan")


def _correlations(left: Reals, right: Reals) -> Reals:
    """Correlation of each column, ``[W]``; missing where one side does not vary."""
    a, b = (side - side.mean(0) for side in (left, right))
    below = np.sqrt((a**2).sum(0) * (b**2).sum(0))
    return np.asarray(np.divide((a * b).sum(0), below, out=np.full(below.shape, np.nan), where=below > 0))
