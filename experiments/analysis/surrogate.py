"""How far the unknown numbers together move an outcome: 5 to 95 % of a fitted surrogate over the draws, without replicate noise.

The mean over worlds of one draw holds the noise of these worlds and their luck, so percentiles of such means over draws are too far
apart. A surrogate is a smooth function of the drawn numbers that is fitted to all draws together; noise that no number explains
drops out of its predictions. The model description (Intervals) asks for its range where all assumptions are drawn together.

Here it is a sum of one curve an input: linear and squared terms of where a number lies in its range, a constant a level of what is
drawn from a list. Coefficients are shrunk (ridge regression), by as much as generalised cross-validation finds best (Golub, Heath
and Wahba 1979); where no input matters that is all of them, and the range has next to no width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from experiments.analysis.spread import TAILS, noise_of
from experiments.design.designs import Uncertainty
from experiments.design.sampling import unit_of
from experiments.statistics import mean_of
from experiments.text import Row, low_to_high, number, unknown
from sim.arrays import Reals

SURROGATE_COLUMNS = ("surrogate_draw_low", "surrogate_draw_high", "surrogate_r2", "surrogate_fits")
_FOLDS = 8  # parts of the draws, each predicted from the others; assumption
_FEWEST = 2 * _FOLDS  # draws, or what was drawn together, under which nothing is fitted
_EXPLAINED = 0.5  # of the variance that is no noise: what a surrogate that fits explains of draws it has not seen; assumption
_SURE = 0.95  # chance that noise alone stays under the error that is taken for noise
_STILL = 1e-9  # spread of a term under which nothing varies but rounding
_SHRINKAGES = np.concatenate([np.geomspace(1e-4, 1e4, 49), [np.inf]])  # times the largest squared singular value; the last: all


class Surrogate(NamedTuple):
    """What a surrogate says of one outcome; missing on too few draws."""

    low: float  # 5th percentile over draws of its predictions
    high: float  # 95th
    r2: float  # share of the variance of the means over worlds that it explains in draws it was not fitted to; below zero: none
    fits: bool  # whether its range stands; otherwise the plain percentiles do

    def columns(self) -> dict[str, float | bool]:
        """``SURROGATE_COLUMNS``."""
        return dict(zip(SURROGATE_COLUMNS, self, strict=True))


def terms_of(points: pd.DataFrame, uncertainties: Mapping[str, Uncertainty]) -> Reals:
    """What a surrogate is linear in, ``[D, T]``, from the drawn numbers of ``D`` points; every column has mean zero.

    A number gives where it lies in its range (from -1 to 1, by the shape it was drawn by) and the square of that; what is drawn
    from a list, true or false among it, a column for each level but the first. What never varies gives none.
    """
    parts = [_terms(points[key], known) for key, known in uncertainties.items()]
    terms = np.concatenate([np.zeros((len(points), 0)), *parts], axis=1)
    centred = terms - terms.mean(0)
    return np.asarray(centred[:, np.abs(centred).max(0, initial=0.0) > _STILL])


def _terms(column: pd.Series[Any], known: Uncertainty) -> Reals:
    if known.values is not None:
        codes, levels = pd.factorize(column.astype(str), sort=True)
        return np.asarray(codes[:, None] == np.arange(1, len(levels)), float)
    place = 2.0 * np.array([unit_of(value, known) for value in pd.to_numeric(column)]) - 1.0
    return np.column_stack([place, place**2])


def surrogate_of(
    cells: Reals, terms: Reals, possible_values: tuple[float, float], together: Sequence[NDArray[np.int64]] | None = None
) -> Surrogate:
    """The surrogate of means over worlds, from ``[D, W]`` and ``[D, T]``; draws in a row of ``together`` are left out together.

    Its range is cut at the least and the greatest value that there can be. It fits if it explains half of what is no noise in draws
    that it has not seen, or misses these by no more than noise does.
    """
    means, groups = mean_of(cells), together or [np.array([d]) for d in range(len(cells))]
    if len(groups) < _FEWEST:
        return Surrogate(np.nan, np.nan, np.nan, False)
    low, high = np.clip(np.percentile(_predicted(terms, means, terms), TAILS), *possible_values)
    missed, plain = _missed(means, terms, groups)
    fits = missed <= _tolerated(float(means.var(ddof=1)), float(noise_of(cells)), cells.shape)
    return Surrogate(float(low), float(high), 1.0 - missed / plain if plain > 0 else np.nan, bool(fits))


def _tolerated(variance: float, noise: float, shape: tuple[int, ...]) -> float:
    """Mean squared error in unseen draws up to which a surrogate of ``[D, W]`` fits; ``noise`` is unknown in a single world."""
    known, (D, W) = noise if np.isfinite(noise) else 0.0, shape
    half = known + (1.0 - _EXPLAINED) * max(variance - known, 0.0)
    if not known:
        return half
    return max(half, known * float(stats.f.ppf(_SURE, D - 1, (D - 1) * (W - 1))))  # both variances are estimates


def _missed(means: Reals, terms: Reals, groups: Sequence[NDArray[np.int64]]) -> tuple[float, float]:
    """Mean squared errors in draws that were left out: of the surrogate, and of the mean of the others."""
    errors = np.empty((2, len(means)))
    for fold in range(_FOLDS):
        out = np.concatenate([*groups[fold::_FOLDS]])
        kept = np.setdiff1d(np.arange(len(means)), out)
        errors[0, out] = means[out] - _predicted(terms[kept], means[kept], terms[out])
        errors[1, out] = means[out] - means[kept].mean()
    missed, plain = (errors**2).mean(1)
    return float(missed), float(plain)


def _predicted(terms: Reals, means: Reals, at: Reals) -> Reals:
    """Predictions at ``at`` ``[M, T]`` of the ridge regression of ``means`` ``[D]`` on ``terms`` ``[D, T]``."""
    middle, scale = terms.mean(0), terms.std(0)
    scale = np.where(scale > 0, scale, np.inf)  # a level that no draw of these has
    level = float(means.mean())
    if not terms.shape[1]:
        return np.full(len(at), level)
    left, sizes, right = np.linalg.svd((terms - middle) / scale, full_matrices=False)
    along = left.T @ (means - level)  # [T]
    kept = sizes**2 / (sizes**2 + _shrinkage(sizes, along, means - level))
    inverse = np.divide(kept, sizes, out=np.zeros_like(sizes), where=sizes > 1e-9 * max(sizes.max(), 1e-300))
    return np.asarray(level + (at - middle) / scale @ (right.T @ (inverse * along)))


def _shrinkage(sizes: Reals, along: Reals, off: Reals) -> float:
    """The ridge that generalised cross-validation finds best, from singular values, projections and what is to be explained."""
    D, ridges = len(off), _SHRINKAGES * max(float(sizes.max() ** 2), 1e-300)
    kept = sizes**2 / (sizes**2 + ridges[:, None])  # [S, T]
    rest = np.maximum((off**2).sum() - (along**2 * (1 - (1 - kept) ** 2)).sum(1), 0.0)
    free = np.maximum(D - 1 - kept.sum(1), 1e-9)
    return float(ridges[(rest / free**2).argmin()])


def drawn_told(row: Row | pd.Series[Any], decimals: int | None = None, unit: str = "") -> str:
    """The range over draws in words: that of the surrogate where it fits, else the plain one, and why.

    >>> row = {"draw_low": 1.0, "draw_high": 9.0, "surrogate_draw_low": 2.0, "surrogate_draw_high": 8.0, "surrogate_r2": 0.8}
    >>> drawn_told(row | {"surrogate_fits": True}, 1)
    '2.0 to 8.0 (5 to 95 % of a surrogate fitted to the draws; it explains 0.80 of unseen draws, R²)'
    >>> drawn_told(row | {"surrogate_fits": False, "surrogate_r2": -0.1}, 1)
    '1.0 to 9.0 (5th to 95th percentile with replicate noise in it: no surrogate fits, R² −0.10 in unseen draws)'
    """
    plain = low_to_high(float(row["draw_low"]), float(row["draw_high"]), decimals)
    if unknown(row["surrogate_draw_low"]):
        return f"{plain}{unit} (5th to 95th percentile with replicate noise in it: too few draws for a surrogate)"
    r2 = number(float(row["surrogate_r2"]), 2)
    if not row["surrogate_fits"]:
        return f"{plain}{unit} (5th to 95th percentile with replicate noise in it: no surrogate fits, R² {r2} in unseen draws)"
    found = low_to_high(float(row["surrogate_draw_low"]), float(row["surrogate_draw_high"]), decimals)
    return f"{found}{unit} (5 to 95 % of a surrogate fitted to the draws; it explains {r2} of unseen draws, R²)"


SURROGATE_TOLD = (
    "Ranges over draws are 5 to 95 % of a surrogate: a smooth curve an input, fitted to all draws together, so that replicate "
    "noise drops out. It fits if it explains half of what is no noise in draws left out of the fit, or misses these by no more "
    "than noise does; otherwise the plain percentiles of the draws stand (draw_low, draw_high in the table, which hold that noise)."
)
