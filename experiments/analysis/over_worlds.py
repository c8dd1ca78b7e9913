"""What worlds say of a number in a table: its range over them, in how many it has its sign, how much is chance, simulation error.

Every analysis of a store names these columns alike: ``world_low, world_high`` (range over worlds), ``worlds_agreeing`` (worlds with
the sign of the value), ``error_low, error_high`` (simulation error of the value) and ``chance_share`` (luck's share of the variance
over worlds), with the value's name before them where a row has several; ``worlds`` and ``inside`` once a row.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.analysis.ranges import too_few_worlds
from experiments.statistics import (
    FEWEST_WORLDS,
    MOSTLY_CHANCE,
    Limits,
    chance_inside,
    chance_share,
    clear_of_zero,
    sign_count,
    verdict_of,
    world_range,
)
from experiments.store.outcomes import Outcome
from experiments.text import Row, counted, in_per_cent, low_to_high
from sim.arrays import Flags, Reals

UNBOUNDED = (-np.inf, np.inf)
RANGE_COLUMNS = ("world_low", "world_high", "worlds_agreeing", "error_low", "error_high", "chance_share")
_NO_BASELINE = "no range, for a world has no baseline"
_FRACTION = "fraction of "  # how the unit of a share begins
MOSTLY_CHANCE_WORDS = "mostly chance"


class OverWorlds(NamedTuple):
    """What worlds say of ``[...]`` numbers, each with its value in every world."""

    low: Reals
    high: Reals
    agreeing: NDArray[np.int64]  # worlds with the sign of the number
    error_low: Reals
    error_high: Reals
    chance: Reals  # missing where there is no second replicate
    worlds: NDArray[np.int64]
    inside: Reals  # chance that a further world falls into the range

    def columns(self, name: str = "") -> dict[str, NDArray[Any]]:
        """``RANGE_COLUMNS`` of a number of that name; of the only one of a row also ``worlds`` and ``inside``."""
        parts = (self.low, self.high, self.agreeing, self.error_low, self.error_high, self.chance)
        found: dict[str, NDArray[Any]] = {named(name, column): part for column, part in zip(RANGE_COLUMNS, parts, strict=True)}
        return found if name else found | {"worlds": self.worlds, "inside": self.inside}

    @property
    def clear(self) -> Flags:
        """Which are told from zero, ``[...]``, by the rule of every verdict (``clear_of_zero``)."""
        return clear_of_zero(self.low, self.high, self.worlds, self.chance)

    @property
    def verdict(self) -> str:
        """Which way a single number goes, as ``verdict_of``."""
        return verdict_of(float(self.low), float(self.high), int(self.worlds), float(self.chance))


def named(name: str, column: str) -> str:
    """The column of a number that has this name; without a name, of the only number of a row.

    >>> named("protection", "world_low"), named("", "world_low")
    ('protection_world_low', 'world_low')
    """
    return f"{name}_{column}" if name else column


def over_worlds(
    values: Reals, value: Reals, error: Limits, runs: Reals | None = None, rests_on: NDArray[np.integer[Any]] | None = None
) -> OverWorlds:
    """What worlds say of a number ``value`` ``[...]`` with its values in each world ``[..., W]`` and its simulation error.

    ``runs`` ``[..., W, L]`` are the values of single runs, where these are known, for what luck does. ``rests_on`` ``[...]``
    says on how many worlds the number rests, where some of these may have no value of their own: then there is no range,
    for one over the other worlds need not hold the number.
    """
    found = world_range(values)
    if rests_on is not None:
        whole = found.worlds == rests_on
        found = found._replace(low=np.where(whole, found.low, np.nan), high=np.where(whole, found.high, np.nan))
    agreeing = sign_count(values, value).worlds
    chance = np.full(np.shape(value), np.nan) if runs is None else chance_share(runs)
    return OverWorlds(found.low, found.high, agreeing, error.low, error.high, chance, found.worlds, found.inside)


def possible(outcome: Outcome) -> tuple[float, float]:
    """Least and greatest value that an outcome can have: shares lie in [0, 1], nothing is below zero.

    >>> possible(Outcome.of("case_disclosure_rate")), possible(Outcome.of("targeted_rate"))
    ((0.0, 1.0), (0.0, inf))
    """
    return 0.0, 1.0 if outcome.unit.startswith(_FRACTION) else np.inf


def possible_percent(rises: bool) -> tuple[float, float]:
    """Least and greatest per cent of its baseline by which an outcome that is never negative can be bettered.

    What is to fall can fall by 100 % at most; what is to rise can lose no more than that.

    >>> possible_percent(rises=False), possible_percent(rises=True)
    ((-inf, 100.0), (-100.0, inf))
    """
    return (-100.0, np.inf) if rises else (-np.inf, 100.0)


def within(limits: Limits, possible_values: tuple[float, float]) -> Limits:
    """The same limits, cut at what is possible; missing ones stay missing."""
    return Limits(np.clip(limits.low, *possible_values), np.clip(limits.high, *possible_values))


# --- words ----------------------------------------------------------------------------------------------------------------


def ranged(row: Row | pd.Series[Any], name: str = "", scale: float = 1.0, decimals: int | None = 1, over: str = "") -> str:
    """What worlds say of a number of a row, in brackets: range, sign, luck, simulation error; a negative ``scale`` turns it round.

    ``over`` are words for the range of what is no mean of the worlds' values, so that it may lie beside it.

    >>> row = {"world_low": 1.0, "world_high": 2.0, "worlds_agreeing": 9, "error_low": 1.2, "error_high": 1.8, "chance_share": 0.7}
    >>> ranged(row | {"worlds": 9})
    '(range over 9 worlds 1.0 to 2.0; in 9 of 9; mostly chance; simulation error 1.2 to 1.8)'
    >>> ranged({"world_low": np.nan, "world_high": np.nan, "error_low": np.nan, "error_high": np.nan, "worlds": 1})
    '(one world: no range, no simulation error)'
    """
    worlds = int(row["worlds"])
    own_range, error = (_ends(row, name, kind, scale, decimals) for kind in ("world", "error"))
    if not own_range and worlds < 2:
        return "(one world: no range, no simulation error)"
    parts = [f"{over or f'range over {counted(worlds, "world")}'} {own_range}" if own_range else _NO_BASELINE]
    agreeing = float(row.get(named(name, "worlds_agreeing"), np.nan))
    if not np.isnan(agreeing):
        parts.append(f"in {int(agreeing)} of {worlds}")
    if float(row.get(named(name, "chance_share"), 0.0)) > MOSTLY_CHANCE:
        parts.append(MOSTLY_CHANCE_WORDS)
    return f"({'; '.join([*parts, f'simulation error {error or "unbounded"}'])})"


def _ends(row: Row | pd.Series[Any], name: str, kind: str, scale: float, decimals: int | None) -> str:
    ends = sorted(scale * float(row[named(name, f"{kind}_{end}")]) for end in ("low", "high"))
    return low_to_high(ends[0], ends[1], decimals)


def verdict_in(row: Row | pd.Series[Any], name: str = "") -> str:
    """Which way a number of a row goes, by its range over worlds: as ``verdict_of``; ``unsure`` where there is no range.

    A table without its share of luck does not know it.

    >>> row = {"world_low": 1.0, "world_high": 2.0, "worlds": 9}
    >>> verdict_in(row), verdict_in(row | {"chance_share": 0.7}), verdict_in(row | {"worlds": 7})
    ('up', 'unsure', 'worlds')
    """
    low, high = (float(row[named(name, f"world_{end}")]) for end in ("low", "high"))
    return verdict_of(low, high, int(row["worlds"]), float(row.get(named(name, "chance_share"), np.nan)))


RANGE_TOLD = (
    "A range over worlds reaches from the smallest to the largest value of a world (from 19 worlds on from 5 to 95 % of them), "
    "each the mean of its replicates: worlds are draws of what nobody knows about the one real world. “In k of n” counts the "
    "worlds that have the sign of the number. Simulation error is the 95 % interval of the mean over worlds: it shrinks with "
    "computing time and says nothing of where the real world lies."
)


def chance_told(worlds: int) -> str:
    """What the range of so many worlds is worth, as a sentence; that there is no verdict where they are too few."""
    if worlds < 2:
        return "One world has no range and no simulation error, so there is no verdict."
    chance = in_per_cent(float(chance_inside(worlds)))
    inside = f"A further world falls inside the range of {worlds} worlds with a chance of {chance}."
    return inside if worlds >= FEWEST_WORLDS else f"{inside} {too_few_worlds(worlds).capitalize()}."
