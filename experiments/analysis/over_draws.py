"""One effect over draws of all numbers at once: its sign, how sure that sign is, and how much of the disagreement is luck.

Every world is a draw of its own. An arm and its baseline meet the same ``W`` draws and in each the same ``L`` replicates, so a
draw's effect is a paired difference, the mean over its replicates. Replicates differ by luck alone: what two of them differ by is
the one measure of luck here. It is taken to grow with the level of the outcome, as the luck of counts does: the variance of a
difference is so much per unit of level, one number over all draws, because two replicates say little of a single draw.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special, stats

from experiments.analysis.shrunk import Shrunk, shrunk
from experiments.statistics import half_width, mean_of
from sim.arrays import Flags, Ints, Reals

ROUNDING = 1e-9
"""Of the mean level, up to which an effect is none."""
_ROUNDS = 3  # of the centre after the spread, which settle both
_TWO = 2  # replicates that show luck


class Paired(NamedTuple):
    """One outcome of an arm and of its baseline in the same ``W`` draws and ``L`` replicates; missing in both or in neither."""

    before: Reals  # [W, L]
    after: Reals  # [W, L]
    seen_before: Ints  # [W] events behind the baseline, over its replicates
    seen: Ints  # [W] events behind the arm

    @property
    def runs(self) -> Reals:
        """Difference of each pair of runs, ``[W, L]``."""
        return np.asarray(self.after - self.before)

    @property
    def effects(self) -> Reals:
        """Difference of each draw, ``[W]``, exactly zero where it is rounding; missing where the draw has no pair."""
        own = mean_of(self.runs)
        return np.where(np.abs(own) <= ROUNDING * self.level, 0.0, own)

    @property
    def levels(self) -> Reals:
        """The baseline's value in each draw, ``[W]``."""
        return mean_of(self.before)

    @property
    def level(self) -> float:
        """The baseline's mean over draws."""
        return float(mean_of(self.levels))

    @property
    def relative(self) -> Reals:
        """Effect of each draw as a share of its own baseline, ``[W]``; missing where that is not above zero."""
        below = self.levels
        return np.asarray(np.divide(self.effects, below, out=np.full(below.shape, np.nan), where=below > 0))

    @property
    def pooled(self) -> float:
        """Change of the means, as a share of the baseline's mean; missing where that is not above zero."""
        return float(mean_of(self.effects)) / self.level if self.level > 0 else float("nan")

    def enough(self, fewest: int) -> Flags:
        """Draws whose baseline rests on so many events that a change in per cent of it says something, ``[W]``."""
        return np.asarray((self.seen_before >= fewest) & (self.levels > 0))


def paired(before: Reals, after: Reals, counts_before: Ints, counts: Ints) -> Paired:
    """Runs ``[W, L]`` of both sides and the events behind them, kept where both sides have a value."""
    both = ~(np.isnan(before) | np.isnan(after))
    sides = [np.where(both, side, np.nan) for side in (before, after)]
    events = [np.where(both, side, 0).sum(-1) for side in (counts_before, counts)]
    return Paired(sides[0], sides[1], np.asarray(events[0], np.int64), np.asarray(events[1], np.int64))


class Signs(NamedTuple):
    """On which side of zero an effect lies in how many draws; an exact zero is on neither."""

    down: int
    up: int
    nil: int
    side: int  # of the median: -1, 0 or 1

    @property
    def of(self) -> int:
        """Draws."""
        return self.down + self.up + self.nil

    @property
    def share(self) -> float:
        """Share of draws on the side of the median; missing where the median is zero, and without a draw."""
        on_it = self.down if self.side < 0 else self.up
        return on_it / self.of if self.side and self.of else float("nan")


def signs_of(effects: Reals) -> Signs:
    """Signs of effects ``[W]``; what is missing is no draw.

    >>> found = signs_of(np.array([-2.0, -1.0, -1.0, 0.0, 3.0]))
    >>> found.down, found.up, found.nil, found.side, found.share
    (3, 1, 1, -1, 0.6)
    """
    known = effects[~np.isnan(effects)]
    side = int(np.sign(np.median(known))) if known.size else 0
    return Signs(int((known < 0).sum()), int((known > 0).sum()), int((known == 0).sum()), side)


def coin_share(moved: int, of: int) -> float:
    """Share of draws expected on the more frequent side if every sign were a coin: ``moved`` of the draws have one.

    >>> round(coin_share(2, 2), 2), round(coin_share(200, 200), 2), round(coin_share(100, 200), 2)
    (0.75, 0.53, 0.27)
    """
    if not of:
        return float("nan")
    up = np.arange(moved + 1)
    return float((stats.binom.pmf(up, moved, 0.5) * np.maximum(up, moved - up)).sum()) / of


def luck_of(pair: Paired) -> Reals:
    """Variance that luck leaves in the effect of each draw, ``[W]``; missing where no draw has two replicates.

    Sample variances over replicates are pooled as a ratio to the level of both sides, and shared out by level again.
    """
    known = ~np.isnan(pair.runs)
    count = known.sum(-1)
    own = np.where(known, pair.runs - mean_of(pair.runs)[:, None], 0.0)
    squares, free = (own**2).sum(-1), np.maximum(count - 1, 0)
    level = mean_of((pair.before + pair.after) / 2)
    twice = count >= _TWO
    height = float((free * level)[twice].sum())
    if not twice.any() or height <= 0:
        return np.full(count.shape, 0.0 if twice.any() else np.nan)
    a_unit = float(squares[twice].sum()) / height
    return np.asarray(np.divide(a_unit * level, count, out=np.full(count.shape, np.nan), where=count > 0))


def one_effect_share(pair: Paired, luck: Reals) -> float:
    """Share of draws with one sign if all had the pooled change, in per cent of their own level, and differed by luck alone.

    ``luck`` ``[W]`` as ``luck_of`` gives it. Missing where that is, or nothing is changed.
    """
    change = abs(pair.pooled)
    effect = change * pair.levels
    if not change > 0:
        return float("nan")
    spread = np.sqrt(luck)
    sure = np.where(effect > 0, 1.0, 0.0)
    held = np.divide(effect, spread, out=np.full(effect.shape, np.inf), where=spread > 0)
    shares = np.where(effect > 0, special.ndtr(held), sure)
    return float(mean_of(np.where(np.isnan(luck) | np.isnan(effect), np.nan, shares)))


class Corrected(NamedTuple):
    """What is thought of the effects once luck is taken out of them."""

    share: float  # of draws whose true effect lies on the side of the centre
    kept: float  # mean over draws of the share of a draw's own effect that is no luck


def corrected_share(pair: Paired, luck: Reals, least: float) -> Corrected:
    """Expected share of draws whose effect without luck has the sign of their centre (empirical Bayes).

    True effects, each as a share of its draw's baseline, are taken as normal around one centre; luck is normal with the variance
    ``luck`` ``[W]``. Each draw then has a posterior, and its chance of a sign is averaged over draws: signs of estimates drawn
    in would be surer than the effects are. That the centre is an estimate is counted. A draw whose baseline is zero says nothing of
    its effect, and has the centre's. The share is missing where draws keep less than ``least`` of themselves: then the normal
    shape would say it all; and where luck is not known, or nothing moves.
    """
    below = pair.levels
    held = ~(np.isnan(below) | np.isnan(luck))
    if not held.any() or not np.any(pair.effects[held]):
        return Corrected(float("nan"), float("nan"))
    effect = np.nan_to_num(pair.relative[held])
    noise = np.divide(luck[held], below[held] ** 2, out=np.full(effect.shape, np.inf), where=below[held] > 0)
    known = np.isfinite(noise)
    if not known.any():
        return Corrected(float("nan"), 0.0)
    found, centre, error = _settled(effect[known], noise[known], pair.pooled)
    kept = np.zeros(effect.shape)
    kept[known] = found.kept
    middle = centre + kept * (effect - centre)
    left = np.where(known, kept * np.where(known, noise, 0.0), found.spread**2)
    spread = np.sqrt(left + ((1 - kept) * error) ** 2)
    away = middle * np.sign(centre)
    chance = np.where(spread > 0, special.ndtr(np.divide(away, spread, out=np.zeros(away.shape), where=spread > 0)), away > 0)
    own = float(kept.mean())
    return Corrected(float(chance.mean()) if own >= least and centre else float("nan"), own)


def _settled(effect: Reals, noise: Reals, first: float) -> tuple[Shrunk, float, float]:
    """Effects drawn in towards their own weighted mean, that mean, and its standard error."""
    centre, error = first, 0.0
    found = shrunk(effect, noise, centre)
    for _ in range(_ROUNDS):
        spread = found.spread**2 + noise
        if not (spread > 0).all():  # a draw without luck among draws that all agree: nothing is to be weighed
            centre = float(effect.mean())
            error = float(np.nan_to_num(half_width(effect))) / float(stats.norm.ppf(0.975))
        else:
            weight = 1 / spread
            centre, error = float((weight * effect).sum() / weight.sum()), float(1 / np.sqrt(weight.sum()))
        found = shrunk(effect, noise, centre)
    return found, centre, error
