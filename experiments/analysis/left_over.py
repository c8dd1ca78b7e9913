"""What another condition leaves of an effect: of all draws together, draw by draw, and how much of that luck alone would take."""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

import numpy as np

from experiments.analysis.over_draws import Paired
from experiments.statistics import world_range
from sim.arrays import Flags, Reals

HALF = 0.5
_TWO = 2


class LeftOver(NamedTuple):
    """What is left of an effect; shares of it, so one is all, and below zero it has turned. Missing where no draw tells."""

    pooled: float  # of the change of the means
    low: float  # 5th percentile of draws, as ranges over worlds have it
    high: float
    halved: float  # share of draws in which more than half is gone
    turned: float  # share of draws in which it has turned
    halved_by_luck: float  # the same of one replicate on paper against another, where nothing but luck differs
    draws: int


def left_over(paper: Paired, other: Paired, fewest: int) -> LeftOver:
    """What is left under another condition of an effect on paper, each read against the baseline of its own condition.

    Draw by draw only where both baselines rest on ``fewest`` events and the effect on paper has the sign of the pooled one.
    """
    side = np.sign(paper.pooled)
    told = paper.enough(fewest) & other.enough(fewest)
    shares = _shares(np.where(told, paper.relative, np.nan), other.relative, side)
    spread = world_range(shares)
    return LeftOver(
        other.pooled / paper.pooled if side else float("nan"),
        float(spread.low),
        float(spread.high),
        _share_of(shares < HALF, shares),
        _share_of(shares < 0, shares),
        _by_luck(paper, told, float(side)),
        int((~np.isnan(shares)).sum()),
    )


def _shares(first: Reals, then: Reals, side: float) -> Reals:
    """Second over first where the first has a sign and the second is known; missing elsewhere."""
    kept = (first * side > 0) & ~np.isnan(then)
    return np.asarray(np.divide(then, first, out=np.full(first.shape, np.nan), where=kept))


def _share_of(found: Flags, among: Reals) -> float:
    known = ~np.isnan(among)
    return float(found[known].mean()) if known.any() else float("nan")


def _by_luck(paper: Paired, told: Flags, side: float) -> float:
    """Share of draws in which one replicate shows less than half of what another shows, with the same treatment of both."""
    below = np.where(told & (paper.levels > 0), paper.levels, np.nan)[:, None]
    runs = paper.runs / below
    pairs = [_shares(runs[:, one], runs[:, other], side) for one, other in permutations(range(runs.shape[1]), _TWO)]
    shares = np.concatenate(pairs) if pairs else np.zeros(0)
    return _share_of(shares < HALF, shares)
