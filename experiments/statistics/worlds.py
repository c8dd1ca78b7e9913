"""What worlds say: the range of an outcome over them, how many agree, and how much of it is chance.

A world is one draw of what nobody knows about the one real world, so the mean over worlds is not the answer and its standard error
is no uncertainty about the real world. What a reader may hold on to is the *range over worlds*. A world's value is the mean over
its replicates. All functions work on the last axes of an array, whatever stands before them; a missing value is no world.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.statistics.means import components_of, mean_of, over
from sim.arrays import Flags, Reals

FEWEST_WORLDS = 8  # worlds; assumption: below, no verdict (all flips of the signs of 8 worlds give 2 in 256 at best)
TAIL = 0.05  # share of worlds on either side of a range
WORLDS_FOR_TAILS = 19  # worlds from which a range leaves ``TAIL`` on either side: (n + 1) TAIL is 1
MOSTLY_CHANCE = 0.5  # share of luck in the variance of a world's value above which a difference is mostly chance
_FEWEST = 2  # worlds that have a range
DOWN, UP, UNSURE, NO_VERDICT = "down", "up", "unsure", "worlds"


class WorldRange(NamedTuple):
    """Range of an outcome over worlds, shape ``[...]``; the ends are missing under two worlds."""

    low: Reals
    high: Reals
    worlds: NDArray[np.int64]  # how many it rests on
    inside: Reals  # chance that a further world falls inside; missing where there is no range


class SignCount(NamedTuple):
    """In how many worlds of how many an outcome has a sign, shape ``[...]``."""

    worlds: NDArray[np.int64]
    of: NDArray[np.int64]


def world_values(runs: Reals) -> Reals:
    """The value of each world ``[..., W]``: the mean over its replicates ``[..., W, L]``; missing without a run."""
    return mean_of(runs)


def nested(values: Reals, worlds: NDArray[np.integer]) -> Reals:
    """Runs ``[..., R]`` by world and replicate, ``[..., W, L]``: ``worlds`` ``[R]`` says in which world each was.

    Worlds come in the order of their numbers, replicates in that of the runs; a world with fewer of them than another lacks some.

    >>> nested(np.array([1.0, 2.0, 3.0]), np.array([7, 5, 7])).tolist()
    [[2.0, nan], [1.0, 3.0]]
    """
    known, at, counts = np.unique(worlds, return_inverse=True, return_counts=True)
    order = np.argsort(at, kind="stable")
    number = np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
    runs = np.full((*values.shape[:-1], len(known), counts.max(initial=0)), np.nan)
    runs[..., at[order], number] = values[..., order]
    return runs


def independent(runs: Reals) -> Reals:
    """What is independent of runs ``[..., W, L]``, by which the error of a mean is made: worlds, or replicates of the only one."""
    return runs[..., 0, :] if runs.shape[-2] == 1 else world_values(runs)


def own_percent(before: Reals, after: Reals) -> Reals:
    """Each world's own change in per cent of its baseline, from values of worlds; missing where the baseline is not above zero."""
    return np.asarray(100.0 * (over(after, before) - 1.0))


def percent_range(before: Reals, after: Reals) -> WorldRange:
    """Range over worlds ``[..., W]`` of each world's own change in per cent, from values of worlds.

    The ends are missing where a world that both sides have has no baseline, and so no change in per cent: the change of the means
    rests on that world too, so a range without it need not hold it. ``worlds`` says how many have one.
    """
    found = world_range(own_percent(before, after))
    whole = found.worlds == (~(np.isnan(before) | np.isnan(after))).sum(-1)
    return found._replace(low=np.where(whole, found.low, np.nan), high=np.where(whole, found.high, np.nan))


def chance_inside(worlds: NDArray[np.integer] | int) -> Reals:
    """Chance that a further world falls into the range of so many worlds; missing under two.

    Between the smallest and the largest of n exchangeable values the next one falls with (n - 1)/(n + 1) if no two are equal (Wilks
    1941); from ``WORLDS_FOR_TAILS`` on the range leaves ``TAIL`` on either side by the (n + 1) p rule.

    >>> [round(float(chance_inside(n)), 2) for n in (2, 8, 19, 200)]
    [0.33, 0.78, 0.9, 0.9]
    """
    count = np.asarray(worlds, float)
    return np.where(count < _FEWEST, np.nan, np.minimum((count - 1) / (count + 1), 1 - 2 * TAIL))


def world_range(values: Reals) -> WorldRange:
    """Range over worlds ``[..., W]``: smallest to largest, from ``WORLDS_FOR_TAILS`` worlds on 5 to 95 % by the (n + 1) p rule.

    The rule puts quantile p at place (n + 1) p of the sorted values and draws a line between neighbours. Below 19 worlds this place
    would lie outside: there the range ends at the smallest and the largest.
    """
    ordered = np.sort(np.append(values, np.full((*values.shape[:-1], 1), np.nan), -1), -1)  # what is missing comes last
    count = (~np.isnan(values)).sum(-1)
    ends = [_at_place(ordered, count, (count + 1) * share) for share in (TAIL, 1 - TAIL)]
    known = count >= _FEWEST
    low, high = (np.where(known, end, np.nan) for end in ends)
    return WorldRange(low, high, np.asarray(count, np.int64), chance_inside(count))


def _at_place(ordered: Reals, count: NDArray[np.int64], place: Reals) -> Reals:
    """The value at a place, counted from one, of sorted values ``[..., W]`` of which the first ``count`` are known."""
    inner = np.clip(np.round(place, 9), 1, np.maximum(count, 1)) - 1  # rounded: 20 * 0.05 is one
    below = np.floor(inner).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(count, 1) - 1)
    left, right = (np.take_along_axis(ordered, part[..., None], -1)[..., 0] for part in (below, above))
    return np.asarray(left + (inner - below) * (right - left))


def sign_count(values: Reals, sign: Reals | float) -> SignCount:
    """In how many worlds of ``[..., W]`` the value has the ``sign`` (above or below zero, ``[...]``); a zero counts against."""
    known = ~np.isnan(values)
    same = known & (np.sign(values) == np.sign(np.asarray(sign, float))[..., None]) & (values != 0)
    return SignCount(same.sum(-1), known.sum(-1))


def chance_share(runs: Reals) -> Reals:
    """Share of luck in the variance over worlds of a world's value, from ``[..., W, L]``, between 0 and 1.

    A world's value is a mean over L replicates, so luck leaves (variance between replicates)/L in it (``components_of``). Above
    ``MOSTLY_CHANCE`` most of what tells worlds apart would be gone with other luck. Missing under two worlds, without two
    replicates in any, and where nothing varies. Half of such estimates lie below the truth and half above, but with ten worlds
    and two replicates widely: a share of 0.3 is read as more than one half in about a fifth of studies.
    """
    parts = components_of(runs)
    replicates = (~np.isnan(runs)).sum(-1)  # [..., W]
    luck = parts.event**2 * mean_of(over(np.ones(replicates.shape), replicates))
    return over(luck, parts.world**2 + luck)


def clear_of_zero(low: Reals | float, high: Reals | float, worlds: NDArray[np.integer] | int, chance: Reals | float) -> Flags:
    """Whether changes are told from zero, ``[...]``: the one rule of every verdict on a range over worlds.

    The range lies on one side of zero, it rests on ``FEWEST_WORLDS`` or more, and luck (``chance``, as ``chance_share`` gives it)
    is not most of the spread. A share of luck that is not known (missing) speaks against nothing.

    >>> clear_of_zero(np.array([1.0, -1.0, 1.0]), np.array([3.0, 3.0, 3.0]), 10, np.array([0.2, 0.2, 0.7])).tolist()
    [True, False, False]
    """
    one_side = (np.asarray(low) > 0) | (np.asarray(high) < 0)
    return np.asarray(one_side & (np.asarray(worlds) >= FEWEST_WORLDS) & ~(np.asarray(chance) > MOSTLY_CHANCE))


def verdict_of(low: float, high: float, worlds: int, chance: float) -> str:
    """Which way a change goes: ``down`` or ``up`` where ``clear_of_zero``, else ``unsure``, or ``worlds`` where they are too few.

    >>> verdict_of(-3.0, -1.0, 10, 0.2), verdict_of(-3.0, 1.0, 10, 0.2), verdict_of(-3.0, -1.0, 5, 0.2)
    ('down', 'unsure', 'worlds')
    >>> verdict_of(-3.0, -1.0, 10, 0.7), verdict_of(-3.0, -1.0, 10, float("nan"))
    ('unsure', 'down')
    """
    if worlds < FEWEST_WORLDS:
        return NO_VERDICT
    if not clear_of_zero(low, high, worlds, chance):
        return UNSURE
    return DOWN if high < 0 else UP
