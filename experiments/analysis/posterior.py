"""What observations say of unknown numbers: approximate Bayesian computation with regression adjustment, on one bank of runs.

A bank holds draws of the numbers from their priors, and what an observer would have seen of a run of each. Numbers are read as
*scores*: the standard normal quantile of where a number lies in its prior. So every prior is a standard normal, the standard
deviation of a posterior is a share of the prior's, and what comes back lies within its support.

A ridge regression on all observables, their squares and products gives the mean of each score given what was seen, and a second one
how far scores lie about it. Draws near the observation are kept, each moved to where it would lie had it shown what was observed
(Beaumont, Zhang and Balding 2002; Blum and François 2010). A target is known within a tolerance: as much error is added to what the
runs show (Wilkinson 2013), so that no interval is narrower than what the target allows.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sim.arrays import Ints, Reals
from sim.draws import Draws
from sim.world.record import ConfigError

PACKAGE, EXTRA = "sklearn", "pip install 'rogatory[calibration]'"
_MISSING = f"calibrate: found no scikit-learn; accepted: {EXTRA}"
NEAR = 0.5
"""Share of the draws that are kept; *assumption*: few that differ from the observation, many for eleven numbers."""
IDENTIFIED = 0.7
"""Posterior over prior standard deviation under which a number counts as identified; *assumption* (docs/validation.md)."""
CREDIBLE = 0.9
"""Of intervals whose coverage is asked for; those of a posterior have the same."""
_FOLDS = 10  # parts of a bank, each read by what was fitted to the others
_FEWEST = 10  # draws a part, under which nothing is fitted
_SHRINKAGES = np.geomspace(1e-2, 1e6, 17)  # of the ridge, about the number of draws; chosen by leaving out one at a time
_STILL = 1e-12  # squared residual under which its logarithm says nothing more


class Bank(NamedTuple):
    """Draws from the priors, and what an observer sees of a run of each."""

    scores: Reals  # [D, P]
    seen: Reals  # [D, S]; nan where a run does not show it


class Posterior(NamedTuple):
    """Weighted draws of the scores given an observation."""

    scores: Reals  # [A, P]
    weights: Reals  # [A], adding up to one
    of: Ints  # [A] which draw of the bank each was

    @property
    def mean(self) -> Reals:
        """Means ``[P]``."""
        return np.asarray(self.weights @ self.scores)

    @property
    def spread(self) -> Reals:
        """Standard deviations ``[P]``, which are shares of the priors'."""
        return np.asarray(np.sqrt(self.weights @ (self.scores - self.mean) ** 2))

    @property
    def correlation(self) -> Reals:
        """Correlations ``[P, P]``; nan where a score does not vary."""
        away = self.scores - self.mean
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((self.weights[:, None] * away).T @ away / np.outer(self.spread, self.spread))

    def quantile(self, share: float) -> Reals:
        """Weighted quantiles ``[P]``: the least score with at least this share of the weight at or below it."""
        order = np.argsort(self.scores, axis=0)
        below = np.cumsum(self.weights[order], axis=0)
        place = np.minimum((below < share * below[-1]).sum(axis=0), len(order) - 1)
        return np.asarray(self.scores[order[place, np.arange(order.shape[1])], np.arange(order.shape[1])])

    def below(self, scores: Reals) -> Reals:
        """Share of the weight at less than each of some scores, ``[P]``."""
        return np.minimum(self.weights @ (self.scores < scores), 1.0)  # weights add up to one but for rounding

    def drawn(self, count: int, draws: Draws) -> Reals:
        """So many equally likely draws ``[count, P]``, evenly over the weights (systematic resampling)."""
        first = float(draws.uniform("posterior", "start"))
        place = np.searchsorted(np.cumsum(self.weights), (np.arange(count) + first) / count)
        return np.asarray(self.scores[np.minimum(place, len(self.scores) - 1)])


class Reader(NamedTuple):
    """Two regressions of the scores on what is seen: where they lie, and the logarithm of how far about it."""

    where: Any
    about: Any
    floor: Reals  # [P] added to the second, so that squared residuals have mean one
    unseen: Reals  # [D, P] where the bank's own scores lie by what was fitted without them

    def mean(self, seen: Reals) -> Reals:
        """Means ``[D, P]`` given ``[D, S]``."""
        return np.asarray(self.where.predict(seen))

    def spread(self, seen: Reals) -> Reals:
        """Standard deviations ``[D, P]`` given ``[D, S]``."""
        return np.asarray(np.exp((self.about.predict(seen) + self.floor) / 2))


class Recovery(NamedTuple):
    """Known numbers of draws of the bank, looked for in what their runs show."""

    ranks: Reals  # [T, P] share of the posterior below the known score
    spread: Reals  # [T, P] posterior standard deviation as a share of the prior's
    error: Reals  # [T, P] posterior mean less the known score

    def coverage(self, share: float = CREDIBLE) -> Reals:
        """Share ``[P]`` of the known scores inside the central interval that should hold ``share`` of them."""
        return np.asarray((np.abs(self.ranks - 0.5) <= share / 2).mean(axis=0))

    def uneven(self, bins: int = 10) -> Reals:
        """Chance ``[P]`` of ranks as uneven as these over ``bins`` if they were uniform (chi-square)."""
        edges = np.linspace(0, 1, bins + 1)
        return np.array([stats.chisquare(np.histogram(column, edges)[0]).pvalue for column in self.ranks.T])


def blurred(seen: Reals, tolerance: Reals, draws: Draws) -> Reals:
    """What is seen ``[D, S]`` with an error of each draw's own, even within the ``tolerance`` ``[S]`` of its target."""
    rows, columns = np.indices(seen.shape).astype(np.uint64)
    return np.asarray(seen + (2 * draws.uniform("blur", rows, columns) - 1) * tolerance)


def refuse_without_library() -> None:
    """Raise ``ConfigError`` where scikit-learn is not installed, before anything long is begun."""
    if importlib.util.find_spec(PACKAGE) is None:
        raise ConfigError(_MISSING)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Fits are small and many: threads of linear algebra wait for each other, ten times as long where others work beside them."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise ConfigError(_MISSING) from None
    with threadpool_limits(1):
        yield


@_one_thread()
def fitted(bank: Bank) -> Reader:
    """The regressions of a bank. Raises ``ConfigError`` on too few draws, or where scikit-learn is not installed."""
    if len(bank.scores) < _FOLDS * _FEWEST:
        raise ConfigError(f"bank: found {len(bank.scores)} draws; accepted: at least {_FOLDS * _FEWEST}")
    where, about = _regression(2), _regression(1)
    where.fit(bank.seen, bank.scores)
    unseen = _unseen(where, bank)
    left = np.maximum((bank.scores - unseen) ** 2, _STILL)
    about.fit(bank.seen, np.log(left))
    floor = np.log(np.mean(left / np.exp(about.predict(bank.seen)), axis=0))
    return Reader(where, about, floor, unseen)


def _unseen(regression: Any, bank: Bank) -> Reals:
    """What a regression says of draws that it was not fitted to, ``[D, P]``: residuals of its own draws are too small."""
    from sklearn.base import clone
    from sklearn.model_selection import KFold, cross_val_predict

    return np.asarray(cross_val_predict(clone(regression), bank.seen, bank.scores, cv=KFold(_FOLDS)))


def _regression(degree: int) -> Any:
    try:
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import PolynomialFeatures, QuantileTransformer, StandardScaler
    except ImportError:
        raise ConfigError(_MISSING) from None
    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        QuantileTransformer(n_quantiles=100, output_distribution="normal"),
        PolynomialFeatures(degree, include_bias=False),
        StandardScaler(),
        RidgeCV(_SHRINKAGES, alpha_per_target=True),
    )


def posterior(bank: Bank, observed: Reals) -> Posterior:
    """The posterior given what was observed, ``[S]``; nan where a target is not known, as if no run had shown it.

    Raises ``ConfigError`` as ``fitted`` does.
    """
    known = ~np.isnan(observed)
    part = Bank(bank.scores, bank.seen[:, known])
    reader, at = fitted(part), observed[None, known]
    return _adjusted(bank.scores, reader.unseen, reader.spread(part.seen), reader.mean(at)[0], reader.spread(at)[0])


def _adjusted(scores: Reals, means: Reals, spreads: Reals, mean: Reals, spread: Reals) -> Posterior:
    """Draws near an observation, each moved to where it would lie had it shown that: ``[D, P]`` thrice, then ``[P]`` twice.

    ``means`` are those of fits without the draw itself: about fits of their own, draws lie too near, and intervals are too narrow.
    """
    distance = np.sqrt((((means - mean) / np.sqrt(np.mean(spreads**2, axis=0))) ** 2).sum(axis=1))
    width = np.quantile(distance, NEAR)
    near = np.flatnonzero(distance <= width)
    weights = 1 - (distance[near] / width) ** 2 if width > 0 else np.ones(near.size)
    weights = np.maximum(weights, np.finfo(float).tiny)
    moved = mean + spread / spreads[near] * (scores[near] - means[near])
    return Posterior(moved, weights / weights.sum(), near)


def recovered(bank: Bank, most: int | None = None) -> Recovery:
    """Look for the known scores of draws as if what their runs show had been observed: leave-one-out, in parts.

    Each part of the bank is read by regressions that were fitted to the others, and its posteriors rest on the draws of the others.
    ``most``: so many draws of each part at most.
    """
    ranks, spreads, errors = list[Reals](), list[Reals](), list[Reals]()
    for ours, theirs in _parts(len(bank.scores)):
        others = Bank(bank.scores[theirs], bank.seen[theirs])
        reader = fitted(others)
        means, about = reader.unseen, reader.spread(others.seen)
        looked = ours[:most]
        for row, mean, spread in zip(looked, reader.mean(bank.seen[looked]), reader.spread(bank.seen[looked]), strict=True):
            found = _adjusted(others.scores, means, about, mean, spread)
            ranks.append(found.below(bank.scores[row]))
            spreads.append(found.spread)
            errors.append(found.mean - bank.scores[row])
    return Recovery(np.array(ranks), np.array(spreads), np.array(errors))


def _parts(count: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    for fold in range(_FOLDS):
        ours = np.arange(fold, count, _FOLDS)
        yield ours, np.setdiff1d(np.arange(count), ours)


def identified(spread: Reals, names: Sequence[str]) -> list[str]:
    """Names of the numbers of which the observations say something."""
    return [name for name, share in zip(names, spread, strict=True) if share < IDENTIFIED]
