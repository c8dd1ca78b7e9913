"""Exponents: how one measured quantity grows with another."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np

from experiments.statistics.means import LEVEL


def exponent(points: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Exponent of the second by the first, with its interval (95 %, t of the residuals); no interval of two points.

    >>> tuple(round(each, 6) for each in exponent([(1.0, 3.0), (10.0, 30.0), (100.0, 300.0)]))
    (1.0, 1.0, 1.0)
    """
    from scipy import stats

    x, y = np.log(np.array(points, float)).T
    fitted, free = stats.linregress(x, y), len(points) - 2
    if free < 1:
        return float(fitted.slope), nan, nan
    half = float(stats.t.ppf(0.5 + LEVEL / 2, free) * fitted.stderr)
    return float(fitted.slope), float(fitted.slope) - half, float(fitted.slope) + half
