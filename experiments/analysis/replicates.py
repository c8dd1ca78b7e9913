"""Replicates of a study's points: what worlds and luck leave in an outcome, told apart from what the parameters do.

A point ``p`` in world ``w`` in replicate ``l`` gives ``y_pwl = f_p + a_wl + e_pwl``: what its parameters do in expectation, what
the world and the luck do to all points alike, and what they do to this point alone. Points share their seeds (common random
numbers), so ``a`` drops out of every comparison of points, but the ``e`` of two points in one world may well go together. What is
safe to assume is only that different worlds are independent. Hence every square or product of two estimates is taken between
*different* worlds (``crossed``): its expectation holds nothing of ``e``, however that is distributed and correlated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.statistics import components_of, mean_of, quantile_of
from experiments.store.outcomes import Outcomes
from sim.arrays import Reals

Product = Callable[[Reals, Reals], Reals]  # [..., R], [..., R] -> [...]
_FEWEST = 2  # replicates that can be told apart


class Replicates(NamedTuple):
    """An outcome of points in replicates: worlds (means over their replicates), or the replicates of the only world."""

    values: Reals  # [P, R]
    kind: Literal["world", "replicate"]


class WholeGroups(NamedTuple):
    """What is left of a study's points when whole groups of them are wanted."""

    kept: NDArray[np.bool_]  # [P] points kept
    replicates: Replicates  # of the points kept, in their order
    groups: NDArray[np.bool_]  # [G] groups kept
    worlds: NDArray[np.bool_]  # [R] replicates kept
    runs: Reals  # [P, W, L] the single values of what is kept

    def counts_of(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Events ``[P, W, L]`` behind the values that are kept, by point ``[P]`` of those kept."""
        own = counts[self.kept]
        own = own[:, self.worlds] if self.replicates.kind == "world" else own[:, :, self.worlds]
        return np.asarray(np.where(np.isnan(self.runs), 0, own).sum(axis=(1, 2)))


class Variances(NamedTuple):
    """Variances of an outcome; what the layout cannot tell is missing."""

    between: float  # of the points' means
    parameters: float  # of these, what parameters do
    world: float  # of one run: what a world does to one point and not to all
    replicate: float  # of one run: what luck does to one point and not to all
    world_common: float  # of one run: what a world does to all points alike
    replicate_common: float  # of one run: what luck does to all points alike

    @property
    def noise_share(self) -> float:
        """Share of the variance between the points' means that replicate noise makes."""
        return 1.0 - self.parameters / self.between if self.between > 0 else float("nan")


def replicates_of(values: Reals) -> Replicates:
    """Worlds of ``[P, W, L]``, or the replicates where there is but one world."""
    if values.shape[1] == 1 and values.shape[2] > 1:
        return Replicates(values[:, 0, :], "replicate")
    return Replicates(mean_of(values), "world")


def whole_groups(outcomes: Outcomes, rows: int, most_missing: float) -> WholeGroups:
    """What is complete among groups of ``rows`` points each that only serve together.

    First a world that lacks more than a share ``most_missing`` of the points is dropped, then every group in which a point lacks a
    world. Of a world's replicates those that are there make its mean.
    """
    found = replicates_of(outcomes.values)
    missing = np.isnan(found.values)
    worlds = missing.mean(axis=0) <= most_missing
    holes = missing[:, worlds] if worlds.any() else missing
    groups = ~holes.reshape(len(holes) // rows, -1).any(axis=1)
    kept = np.repeat(groups, rows)
    runs = outcomes.values[kept][:, worlds] if found.kind == "world" else outcomes.values[kept][:, :, worlds]
    return WholeGroups(kept, Replicates(found.values[kept][:, worlds], found.kind), groups, worlds, runs)


def whole_worlds(outcomes: Outcomes) -> WholeGroups:
    """The worlds in which every point has an outcome, for designs that only serve as a whole."""
    found = replicates_of(outcomes.values)
    worlds = ~np.isnan(found.values).any(axis=0)
    runs = outcomes.values[:, worlds] if found.kind == "world" else outcomes.values[:, :, worlds]
    everyone = np.ones(len(runs), bool)
    return WholeGroups(everyone, Replicates(found.values[:, worlds], found.kind), everyone[:1], worlds, runs)


def averaged(left: Reals, right: Reals) -> Reals:
    """Product of two means over replicates, ``[..., R]`` each: biased by the noise that both share."""
    return np.asarray(left.mean(axis=-1) * right.mean(axis=-1))


def crossed(left: Reals, right: Reals) -> Reals:
    """Mean product of ``left`` in one replicate and ``right`` in another, over all ordered pairs, ``[..., R]`` each.

    The U-statistic of the product of two expectations (Hoeffding 1948), unbiased as soon as replicates are independent. It equals
    the mean over all ways to split the replicates into two halves of the product of the halves' means, and the product of the
    means less the sample covariance over replicates divided by their number. Missing for a single replicate.
    """
    count = left.shape[-1]
    if count < _FEWEST:
        return np.full(np.broadcast_shapes(left.shape, right.shape)[:-1], np.nan)
    both = np.asarray(left.sum(axis=-1) * right.sum(axis=-1) - (left * right).sum(axis=-1))
    return np.asarray(both / (count * (count - 1)))


def centred(values: Reals) -> Reals:
    """Each replicate less its mean over all points, ``[P, ...]``: what is common to all points goes."""
    off = values - values[0]  # first, so that what never varies is exactly zero
    return np.asarray(off - off.mean(axis=0))


def variances_of(values: Reals) -> Variances:
    """Variances of ``[P, W, L]`` by a crossed layout of points and worlds with replicates nested in worlds.

    Between points, sums of squares are divided by one less than points, so that noise counts as far as it differs between points.
    With one replicate a world, what luck does counts as the world's.
    """
    off = centred(replicates_of(values).values)
    many = len(values) / max(len(values) - 1, 1)
    common = mean_of(np.moveaxis(values, 0, -1))  # [W, L]
    worlds, replicates = _squares(values - common)
    worlds_common, lucks_common = _squares(common[None])
    return Variances(
        between=float(averaged(off, off).mean() * many),
        parameters=float(crossed(off, off).mean() * many),
        world=float(worlds.mean() * many),
        replicate=float(replicates.mean() * many),
        world_common=float(worlds_common.mean()),
        replicate_common=float(lucks_common.mean()),
    )


def _squares(values: Reals) -> tuple[Reals, Reals]:
    """Variances between worlds and between replicates, ``[P]`` each, from ``[P, W, L]``."""
    if values.shape[2] == 1 and values.shape[1] >= _FEWEST:
        return np.var(values[:, :, 0], axis=1, ddof=1), np.full(len(values), np.nan)
    found = components_of(values)
    return found.world**2, found.event**2


def half_by_leaving_out(estimate: Callable[[Reals], Reals], values: Reals, least: int = 1) -> Reals:
    """Half of the central 95 % interval of an estimate from ``[..., R]`` as replicates vary, by the jackknife.

    One replicate is left out after another (Tukey 1958; Efron and Stein 1981), with Student's t on one degree less than
    replicates; for a mean this is Student's own interval. The bootstrap would not do: it puts copies of one replicate on both
    sides of a crossed product. Missing unless ``least`` replicates and two at all remain when one is left out.
    """
    count = values.shape[-1]
    if count < max(least + 1, _FEWEST):
        return np.full_like(estimate(values), np.nan)
    left = np.array([estimate(np.delete(values, place, axis=-1)) for place in range(count)])
    squares = ((left - left.mean(axis=0)) ** 2).sum(axis=0) * (count - 1) / count
    return np.asarray(quantile_of(np.array(count)) * np.sqrt(squares))
