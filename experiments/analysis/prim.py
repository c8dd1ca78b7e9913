"""Boxes of assumptions in which something fails: the patient rule induction method, and how good a box is.

Friedman and Fisher (1999); for scenarios Bryant and Lempert (2010). The box that is told and its peeling trajectory are the
EMA workbench's (Kwakkel 2017), the tree's boxes too; thousands of resampled peelings are done here, by the same steps
(tests/analysis/test_prim.py docks the two). All coordinates lie in the unit cube, ``[D, K]`` for ``D`` draws of ``K`` parameters.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from sim.arrays import Flags, Reals
from sim.world.record import ConfigError

PACKAGE, EXTRA = "ema_workbench", "pip install 'rogatory[discovery]'"
_HALF = 0.5
_TREE_SEED = 1  # of the order in which a tree tries parameters that split equally well; arbitrary


class ParameterBox(NamedTuple):
    """Limits of every parameter ``[K]``; infinite where a parameter is not restricted on that side."""

    low: Reals
    high: Reals

    def holds(self, x: Reals) -> Flags:
        """Draws that lie in it, ``[D]``."""
        return np.asarray(((x >= self.low) & (x <= self.high)).all(1))

    @property
    def limited(self) -> Flags:
        """Which limits restrict, ``[K, 2]``."""
        return np.isfinite(np.stack([self.low, self.high], axis=1))

    @property
    def restricted(self) -> Flags:
        """Which parameters it restricts, ``[K]``."""
        return np.asarray(self.limited.any(1))

    def without(self, k: int, side: int) -> ParameterBox:
        """The same without one limit: ``side`` 0 the lower, 1 the upper."""
        limits = [self.low.copy(), self.high.copy()]
        limits[side][k] = (-np.inf, np.inf)[side]
        return ParameterBox(*limits)


class Peeling(NamedTuple):
    """Settings of PRIM: how much each step peels off and how small a box may become."""

    alpha: float  # share of the draws in the box that a step takes off
    paste: float  # share that a step puts back
    mass: float  # least share of all draws that a box holds


def is_installed() -> bool:
    """Whether the EMA workbench is there."""
    return find_spec(PACKAGE) is not None


@contextmanager
def workbench() -> Iterator[None]:
    """The EMA workbench without its warnings about packages that it does without. Raises ``ConfigError`` if it is not installed."""
    if not is_installed():
        raise ConfigError(f"discovery: found no package {PACKAGE}; accepted: an installation with it ({EXTRA})")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "ipyparallel not installed", UserWarning)
        warnings.filterwarnings("ignore", "altair based interactive inspection", ImportWarning)
        warnings.filterwarnings("ignore", "The inplace keyword in DataFrame.drop", DeprecationWarning)
        yield


def trajectory_of(x: Reals, fails: Flags, how: Peeling) -> list[ParameterBox]:
    """The boxes of PRIM's peeling and pasting by the EMA workbench, from the whole cube on."""
    columns = [str(k) for k in range(x.shape[1])]
    with workbench():
        from ema_workbench.analysis.prim import Prim

        found = Prim(
            pd.DataFrame(x, columns=columns), fails, peel_alpha=how.alpha, paste_alpha=how.paste, mass_min=how.mass
        ).find_box()
        return [_box(limits[columns].to_numpy(float), x) for limits in found.box_lims]


def _box(limits: Reals, x: Reals) -> ParameterBox:
    """A box of the workbench, whose unrestricted limits are the least and greatest draw."""
    low, high = limits
    return ParameterBox(np.where(low > x.min(0), low, -np.inf), np.where(high < x.max(0), high, np.inf))


def tree_leaves(x: Reals, fails: Flags, mass: float) -> list[ParameterBox]:
    """The leaves of a classification tree (CART) in which most draws fail, the one with most failing draws first."""
    columns = [str(k) for k in range(x.shape[1])]
    with workbench():
        from ema_workbench.analysis.cart import CART
        from sklearn.tree import DecisionTreeClassifier

        tree = CART(pd.DataFrame(x, columns=columns), fails, mass_min=mass)
        least = max(int(mass * len(x)), 1)
        tree.clf = DecisionTreeClassifier(min_samples_leaf=least, random_state=_TREE_SEED).fit(x, fails)  # its own has no seed
        if tree.clf.get_n_leaves() == 1:
            return []
        leaves = [_box(limits[columns].to_numpy(float), x) for limits in tree.boxes]
    most = [box for box in leaves if fails[box.holds(x)].mean() > _HALF]
    return sorted(most, key=lambda box: -int(fails[box.holds(x)].sum()))


# --- how good a box is ----------------------------------------------------------------------------------------------------


class Quality(NamedTuple):
    """How well a box separates failing draws from others: coverage, density, mass and phi."""

    coverage: float  # share of the failing draws that lie in it
    density: float  # share of the draws in it that fail
    mass: float  # share of all draws that lie in it
    phi: float  # correlation of lying in it with failing: 0 for chance, 1 where both are the same


def quality_of(box: ParameterBox, x: Reals, fails: Flags) -> Quality:
    """How well a box tells failing draws from others; phi is 0 where one of the two never varies."""
    inside = box.holds(x)
    both = float((inside & fails).sum())
    return Quality(_over(both, float(fails.sum())), _over(both, float(inside.sum())), float(inside.mean()), phi(inside, fails))


def phi(inside: Flags, fails: Flags) -> float:
    """Pearson's coefficient of two yes-or-no variables."""
    a, b = float(inside.mean()), float(fails.mean())
    spread = math.sqrt(a * (1 - a) * b * (1 - b))
    return (float((inside & fails).mean()) - a * b) / spread if spread > 0 else 0.0


def _over(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan


def quasi_p(box: ParameterBox, x: Reals, fails: Flags) -> Reals:
    """Chance of so many failing draws in the box if a limit told nothing, ``[K, 2]``; missing where there is no limit.

    One-sided binomial test against the box without that limit (Bryant and Lempert 2010). No true level of significance: the box was
    chosen to look well.
    """
    inside = box.holds(x)
    out = np.full((x.shape[1], 2), np.nan)
    for k, side in np.argwhere(box.limited):
        wider = box.without(int(k), int(side)).holds(x)
        out[k, side] = stats.binom.sf(fails[inside].sum() - 1, inside.sum(), fails[wider].mean())
    return out


def best_of(boxes: Sequence[ParameterBox], x: Reals, fails: Flags) -> ParameterBox:
    """The box of the greatest phi; the first of several."""
    return max(boxes, key=lambda box: phi(box.holds(x), fails))


def pruned(box: ParameterBox, x: Reals, fails: Flags, level: float) -> ParameterBox:
    """A box without the limits whose quasi-p exceeds a level, dropped one by one, the least telling first."""
    while True:
        values = quasi_p(box, x, fails)
        if np.isnan(values).all() or np.nanmax(values) <= level:
            return box
        k, side = np.unravel_index(int(np.nanargmax(values)), values.shape)
        box = box.without(int(k), int(side))


# --- the same peeling, for resamples --------------------------------------------------------------------------------------


def peeled(x: Reals, fails: Flags, how: Peeling) -> list[ParameterBox]:
    """The boxes of PRIM's peeling, from the whole cube on; pasting is left out.

    A step takes the share ``alpha`` off one end of one parameter: the one that raises the share of failing draws most for the draws
    that it costs, and of equals the one that restricts fewest parameters.
    """
    K = x.shape[1]
    box = ParameterBox(np.full(K, -np.inf), np.full(K, np.inf))
    kept, boxes = np.arange(len(x)), [box]
    while True:
        step = _best_step(x[kept], fails[kept], box, how.alpha)
        if step is None or step[1].sum() < how.mass * len(x):
            return boxes
        box, kept = step[0], kept[step[1]]
        boxes.append(box)


def _best_step(x: Reals, fails: Flags, box: ParameterBox, alpha: float) -> tuple[ParameterBox, Flags] | None:
    """The box after the best step, and which of its draws stay; None where no step raises the share of failing draws."""
    best: tuple[float, int] = (0.0, -1)
    found: tuple[int, int, float] | None = None
    for k, values in enumerate(np.sort(x, axis=0).T):
        for side, share in ((1, 1.0 - alpha), (0, alpha)):
            limit = _quantile(values, share)
            stays = x[:, k] <= limit if side else x[:, k] >= limit
            count = int(stays.sum())
            gain = (fails[stays].mean() - fails.mean()) / (len(x) - count) if 0 < count < len(x) else 0.0
            rank = (float(gain), -int((box.restricted | (np.arange(x.shape[1]) == k)).sum()))
            if gain > 0 and (found is None or rank > best):
                best, found = rank, (k, side, limit)
    if found is None:
        return None
    k, side, limit = found
    limits = [box.low.copy(), box.high.copy()]
    limits[side][k] = limit
    return ParameterBox(*limits), np.asarray(x[:, k] <= limit if side else x[:, k] >= limit)


def _quantile(values: Reals, share: float) -> float:
    """Midway between the sorted values beside a quantile; of equals, the next other one inwards stands for the lower."""
    place = (values.size - 1) * share
    low, high = math.floor(place), math.ceil(place)
    if values[low] == values[high]:
        if share > _HALF:
            low = max(int(np.searchsorted(values, values[high], "left")) - 1, 0)
        else:
            high = min(int(np.searchsorted(values, values[low], "right")), values.size - 1)
    return float(values[low] + values[high]) / 2


def chance_of(x: Reals, fails: Flags, how: Peeling, permutations: int, rng: np.random.Generator) -> float:
    """Share of shuffled labels, the true ones among them, whose best peeled box is as good by phi (a permutation test)."""

    def best(labels: Flags) -> float:
        return max(phi(box.holds(x), labels) for box in peeled(x, labels, how))

    own = best(fails)
    as_good = sum(best(rng.permutation(fails)) >= own for _ in range(permutations))
    return (1 + as_good) / (1 + permutations)


class Resampled(NamedTuple):
    """What peeling resampled draws gives, ``B`` times."""

    limited: Flags  # [B, K, 2] which limits are found again
    qualities: Reals  # [B, 4] of each box on the draws that its resample did not hold


def resampled_boxes(x: Reals, fails: Flags, how: Peeling, level: float, times: int, rng: np.random.Generator) -> Resampled:
    """Boxes of bootstrapped draws, chosen and pruned the same way, and how good they are on the draws left out."""
    limited, qualities = [], []
    for _ in range(times):
        chosen = rng.integers(0, len(x), len(x))
        out = np.setdiff1d(np.arange(len(x)), chosen)
        box = pruned(best_of(peeled(x[chosen], fails[chosen], how), x[chosen], fails[chosen]), x[chosen], fails[chosen], level)
        limited.append(box.limited)
        qualities.append(quality_of(box, x[out], fails[out]))
    return Resampled(np.array(limited, bool).reshape(times, x.shape[1], 2), np.array(qualities, float).reshape(times, 4))
