"""Ranges over worlds in words: what a range is, in how many worlds, how well a mean is known, and where there is no verdict."""

from __future__ import annotations

from math import isnan

from experiments.statistics import FEWEST_WORLDS, MOSTLY_CHANCE, WORLDS_FOR_TAILS, chance_inside
from experiments.text import THIN, Row, band, counted, in_per_cent, unknown


def range_in_words(worlds: int) -> str:
    """What a range over so many worlds is, and how often a further world falls inside.

    >>> range_in_words(10).replace(THIN, " ")
    'the range over 10 worlds, smallest to largest (a further world falls inside with a chance of 82 %)'
    >>> range_in_words(40).replace(THIN, " ")
    'the range over 40 worlds, 5 to 95 % of them (a further world falls inside with a chance of 90 %)'
    """
    if worlds < 2:
        return "no range, for one world has none"
    ends = f"5 to 95{THIN}% of them" if worlds >= WORLDS_FOR_TAILS else "smallest to largest"
    chance = in_per_cent(float(chance_inside(worlds)))
    return f"the range over {counted(worlds, 'world')}, {ends} (a further world falls inside with a chance of {chance})"


def said_of_ranges(worlds: int) -> str:
    """What stands in brackets and what a simulation error is, in two sentences.

    >>> said_of_ranges(1)
    'One world has no range over worlds. The simulation error (95 %) says how well the mean of this world is computed.'
    """
    if worlds < 2:
        return "One world has no range over worlds. The simulation error (95 %) says how well the mean of this world is computed."
    return (
        f"In brackets {range_in_words(worlds)}. The simulation error (95 %) says how well the mean over worlds is computed, not "
        "how the real world is."
    )


def too_few_worlds(worlds: int) -> str:
    """Why there is no verdict.

    >>> too_few_worlds(5)
    'too few worlds for a verdict: 5; 8 or more'
    """
    return f"too few worlds for a verdict: {worlds}; {FEWEST_WORLDS} or more"


def in_worlds(row: Row) -> str:
    """In how many worlds a change has the direction of its mean.

    >>> in_worlds({"worlds_agreeing": 9.0, "worlds": 10})
    'in 9 of 10 worlds'
    """
    return f"in {int(row['worlds_agreeing'])} of {counted(int(row['worlds']), 'world')}"


def mostly_chance(row: Row) -> bool:
    """Whether luck is more than half of the variance of a world's value; not where that share is not known."""
    return not unknown(row["chance_share"]) and float(row["chance_share"]) > MOSTLY_CHANCE


def percent_in_range(row: Row, sign: int = 1) -> str:
    """A change in per cent with its range over worlds, for a terminal; ``sign`` turns it round.

    >>> percent_in_range({"percent": -8.0, "percent_world_low": -12.0, "percent_world_high": -5.0}, -1)
    '+8.0 % [+5.0, +12.0]'
    >>> percent_in_range({"percent": -8.0, "percent_world_low": float("nan"), "percent_world_high": float("nan")})
    '-8.0 % [no range]'
    >>> percent_in_range({"percent": float("nan")})
    'baseline 0'
    """
    if isnan(row["percent"]):
        return "baseline 0"
    ends = sorted(sign * float(row[name]) + 0.0 for name in ("percent_world_low", "percent_world_high"))
    middle, low, high = _typed(sign * float(row["percent"]) + 0.0, *ends)
    return f"{middle} % [{f'{low}, {high}' if low and high else why_no_range(row)}]"


def _typed(*values: float) -> list[str]:
    """A percentage and its ends as ``band`` has them with one decimal, for a terminal: with a plain minus, and no narrow spaces."""
    return [words.replace("−", "-").replace(THIN, "") for words in band(*values, decimals=1)]


def why_no_range(row: Row) -> str:
    """Why a change in per cent has no range over worlds.

    >>> why_no_range({"worlds": 1}), why_no_range({"worlds": 8, "percent_worlds": 6.0}).replace(THIN, " ")
    ('no range', 'no range: baseline 0 in 2 of 8 worlds')
    """
    worlds, own = int(row.get("worlds", 0)), row.get("percent_worlds")
    if unknown(own) or int(own or 0) >= worlds:
        return "no range"
    return f"no range: baseline 0 in {worlds - int(own or 0)} of {counted(worlds, 'world')}"


def error_in_percent(row: Row, sign: int = 1) -> str:
    """The simulation error of a change in per cent, for a terminal: its two ends, or why there are none.

    >>> error_in_percent({"percent": -8.0, "percent_error_low": -9.0, "percent_error_high": -7.0, "worlds": 9}, -1)
    '+7.0 to +9.0'
    >>> error_in_percent({"percent": -8.0, "percent_error_low": float("nan"), "percent_error_high": float("nan"), "worlds": 9})
    'unbounded'
    """
    if isnan(row["percent"]):
        return ""
    ends = [sign * float(row[name]) + 0.0 for name in ("percent_error_low", "percent_error_high")]
    if any(map(isnan, ends)):
        return "unbounded" if row["worlds"] > 1 else "one world"
    return " to ".join(_typed(sign * float(row["percent"]), *sorted(ends))[1:])
