"""From replicates to numbers: means over worlds, and differences paired by world, each with its range and its simulation error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from experiments.statistics import (
    chance_inside,
    mean_of,
    percent_range,
    ratio_of,
    sign_count,
    simulation_error,
    world_range,
    world_values,
)
from sim.arrays import Reals
from sim.metrics import UNITS
from sim.metrics.moving import OF_DEMAND

HEADLINE_ESTIMANDS = (
    ("cross_border_disclosure_rate", "all", "all"),
    ("legit_met_rate", "all", "all"),
    ("domestic_share", "all", "all"),
    ("case_disclosure_rate", "all", "all"),
    ("targeted_people", "all", "all"),
    ("targeted_rate", "group", "journalist"),
    ("targeted_rate", "group", "dissident"),
    ("targeted_rate", "group", "lgbtq"),
    ("targeted_rate", "group", "researcher"),
    ("targeted_rate", "group", "minority"),
    ("deterred_share", "all", "all"),
    ("preserved_only", "all", "all"),
    ("unanswered_share", "all", "all"),
    ("backlog_months", "all", "all"),
    ("secondary_use_rate", "all", "all"),
)
SUMMARY_COLUMNS = (
    "scenario", "metric", "by", "level", "unit", "mean", "world_low", "world_high", "error_low", "error_high", "events", "worlds",
    "runs", "inside",
)  # fmt: skip
PAIR_NUMBERS = (
    "baseline", "scenario", "difference", "world_low", "world_high", "worlds_agreeing", "error_low", "error_high",
    "percent", "percent_world_low", "percent_world_high", "percent_worlds", "percent_error_low", "percent_error_high",
)  # fmt: skip
PAIR_COUNTS = ("events", "worlds", "runs", "inside")
FRACTION = "fraction"  # first word of the unit of what lies in [0, 1]
_KEYS = ["metric", "by", "level"]


def possible(metric: str, values: Reals) -> tuple[float, float]:
    """What an estimand can be: a fraction from 0 to 1, else nothing negative; a user's own keeps what it is seen to be."""
    low, high = 0.0, 1.0 if UNITS[metric].startswith(FRACTION) else np.inf
    return min(low, float(values.min(initial=low))), max(high, float(values.max(initial=high)))


def summary_of(metrics: pd.DataFrame, fewest_events: int, one_world: bool = False) -> pd.DataFrame:
    """Mean over worlds by scenario and slice, columns ``SUMMARY_COLUMNS``; under ``fewest_events`` pooled events no value is given.

    A seed is a world, or with ``one_world`` a replicate of the only one. The range is that over worlds (missing for one); the
    simulation error is that of the mean, kept within what is possible. Neither speaks of parameters.
    """
    rows = []
    for (scenario, *key), part in metrics.groupby(["scenario", *_KEYS], sort=False, observed=True):
        values = part["value"].dropna().to_numpy(float)
        events = int(part["count"].sum())
        worlds = _worlds(values, one_world)
        numbers = [np.nan] * 5
        if events >= fewest_events and values.size:
            found, error = world_range(world_values(worlds)), simulation_error(values, possible(str(key[0]), values))
            numbers = [float(values.mean()), *map(float, (found.low, found.high, error.low, error.high))]
        rows.append((scenario, *key, UNITS[str(key[0])], *numbers, events, *_counts(worlds, values.size)))
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


def comparison_of(
    metrics: pd.DataFrame, baseline: str, scenario: str, fewest_events: int, one_world: bool = False
) -> pd.DataFrame:  # fmt: skip
    """Differences scenario - baseline, paired by seed; ``percent`` is relative to the baseline's mean.

    Columns ``metric, by, level, unit``, ``PAIR_NUMBERS`` and ``PAIR_COUNTS``; ``events`` is the smaller of both scenarios' counts.
    A seed is a world, or with ``one_world`` a replicate of the only one. A slice in which either has fewer than ``fewest_events``
    has no numbers; what either lacks, or no policy can move, is left out. The simulation error of the percentage is that of a
    ratio of paired means (Fieller), missing where it has no bounds.
    """
    metrics = metrics[~metrics["metric"].isin(OF_DEMAND)]
    wide = metrics.pivot_table(index=[*_KEYS, "seed"], columns="scenario", values=["value", "count"], sort=False, observed=True)
    sides = pd.MultiIndex.from_product([("value", "count"), (baseline, scenario)])
    wide = wide.reindex(columns=sides)  # of a scenario without any value the table has no column
    rows = []
    for key, part in wide.groupby(level=_KEYS, sort=False):
        before, after = part[("value", baseline)].to_numpy(float), part[("value", scenario)].to_numpy(float)
        both = ~(np.isnan(before) | np.isnan(after))
        events = int(min(np.nansum(part[("count", name)].to_numpy(float)) for name in (baseline, scenario)))
        if not both.any():
            continue
        before, after = before[both], after[both]
        counts = _counts(_worlds(before, one_world), before.size)
        enough = events >= fewest_events
        numbers = _paired(str(key[0]), before, after, one_world) if enough else [np.nan] * len(PAIR_NUMBERS)
        rows.append((*key, UNITS[str(key[0])], *numbers, events, *counts))
    return pd.DataFrame(rows, columns=[*_KEYS, "unit", *PAIR_NUMBERS, *PAIR_COUNTS])


def _paired(metric: str, before: Reals, after: Reals, one_world: bool) -> list[float]:
    """``PAIR_NUMBERS`` of runs that both scenarios have, ``[R]`` each."""
    sides = [world_values(_worlds(values, one_world)) for values in (before, after)]
    gaps = world_values(_worlds(after - before, one_world))
    low, high = possible(metric, np.concatenate([before, after]))
    found, of_percent = world_range(gaps), percent_range(*sides)
    error, ratio = simulation_error(after - before, (low - high, high - low)), ratio_of(after, before)
    base, reached = float(before.mean()), float(after.mean())
    agreeing = sign_count(gaps, mean_of(gaps)).worlds
    numbers: tuple[Any, ...] = (
        base, reached, reached - base, found.low, found.high, agreeing, error.low, error.high,
        *(100.0 * (ratio.ratio - 1.0), of_percent.low, of_percent.high, of_percent.worlds),
        *(100.0 * (end - 1.0) for end in (np.maximum(ratio.low, 0.0), ratio.high)),
    )  # fmt: skip
    return [float(number) for number in numbers]


def _worlds(values: Reals, one_world: bool) -> Reals:
    """Runs ``[R]`` as worlds and replicates, ``[W, L]``."""
    return values[None, :] if one_world else values[:, None]


def _counts(worlds: Reals, runs: int) -> tuple[int, int, float]:
    known = int(bool(runs)) * len(worlds)
    return known, runs, float(chance_inside(known))


def headline_of(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a summary or a comparison that a reader wants first, in that order."""
    place = {key: rank for rank, key in enumerate(HEADLINE_ESTIMANDS)}
    keys = list(zip(table["metric"], table["by"], table["level"], strict=True))
    ranked = table.assign(rank=[place.get(key, -1) for key in keys])
    return ranked[ranked["rank"] >= 0].sort_values("rank", kind="stable").drop(columns="rank").reset_index(drop=True)
