"""Many cells side by side: how many of them look clear of zero although nothing moved."""

from __future__ import annotations

import numpy as np

from experiments.statistics.worlds import FEWEST_WORLDS, TAIL, WORLDS_FOR_TAILS
from sim.arrays import Reals


def chance_clear(worlds: Reals) -> Reals:
    """Chance at most that a range over so many worlds is clear of zero if each sign is a coin, ``[...]``; none without a verdict.

    Up to 18 worlds all signs must agree. From 19 on the range leaves out 5 % at each end, so as many worlds as lie beyond the end
    by the (n + 1) p rule may differ.

    >>> [round(float(chance), 4) for chance in chance_clear(np.array([5, 8, 10, 18, 40]))]
    [0.0, 0.0078, 0.002, 0.0, 0.0]
    """
    from scipy import stats

    count = np.asarray(worlds, float)
    may_differ = np.where(count < WORLDS_FOR_TAILS, 0, np.ceil(np.round((count + 1) * TAIL, 9)) - 1)
    chance = np.minimum(2 * stats.binom.cdf(may_differ, count, 0.5), 1.0)
    return np.asarray(np.where(count < FEWEST_WORLDS, 0.0, chance))
