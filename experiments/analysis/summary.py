"""From replicates to numbers: means over worlds, and differences paired by world, each with its range and its simulation error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.statistics import (
    chance_inside,
    chance_share,
    independent,
    mean_of,
    nested,
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
from sim.world.vocabulary import GROUPS

HEADLINE_ESTIMANDS = (
    ("cross_border_disclosure_rate", "all", "all"),
    ("legit_met_rate", "all", "all"),
    ("legit_usable_rate", "all", "all"),
    ("domestic_share", "all", "all"),
    ("domestic_rate", "all", "all"),
    ("realtime_rate", "all", "all"),
    ("legit_realtime_rate", "all", "all"),
    ("notified_share", "all", "all"),
    ("case_disclosure_rate", "all", "all"),
    ("targeted_people", "all", "all"),
    *(("targeted_rate", "group", group) for group in GROUPS),
    ("deterred_share", "all", "all"),
    ("preserved_only", "all", "all"),
    ("unanswered_share", "all", "all"),
    ("backlog_months", "all", "all"),
    ("secondary_use_rate", "all", "all"),
)
SUMMARY_COLUMNS = (
    "scenario", "metric", "by", "level", "unit", "mean", "world_low", "world_high", "error_low", "error_high", "chance_share",
    "events", "worlds", "runs", "inside",
)  # fmt: skip
_NUMBERS = SUMMARY_COLUMNS[5:11]
PAIR_NUMBERS = (
    "baseline", "scenario", "difference", "world_low", "world_high", "worlds_agreeing", "error_low", "error_high",
    "percent", "percent_world_low", "percent_world_high", "percent_worlds", "percent_error_low", "percent_error_high",
    "chance_share",
)  # fmt: skip
PAIR_COUNTS = ("events", "worlds", "runs", "inside")
FRACTION = "fraction"  # first word of the unit of what lies in [0, 1]
_KEYS = ["metric", "by", "level"]


def possible(metric: str, values: Reals) -> tuple[float, float]:
    """What an estimand can be: a fraction from 0 to 1, else nothing negative; a user's own keeps what it is seen to be."""
    low, high = 0.0, 1.0 if UNITS[metric].startswith(FRACTION) else np.inf
    return min(low, float(values.min(initial=low))), max(high, float(values.max(initial=high)))


def summary_of(metrics: pd.DataFrame, fewest_events: int) -> pd.DataFrame:
    """Mean over worlds by scenario and slice, columns ``SUMMARY_COLUMNS``; under ``fewest_events`` pooled events no value is given.

    ``metrics`` has a row a run, with its ``world``. A world's value is the mean over its replicates, the range is that over worlds
    (missing for one), and the simulation error is that of the mean, kept within what is possible. Neither speaks of parameters.
    """
    value, count, world = metrics["value"].to_numpy(float), metrics["count"].to_numpy(), metrics["world"].to_numpy()
    slices, held, alike = [], [], dict[tuple[int, ...], list[int]]()
    for place, ((scenario, *key), part) in enumerate(_parts_of(metrics, ["scenario", *_KEYS])):
        known, events = part[~np.isnan(value[part])], int(count[part].sum())
        runs = nested(value[known], world[known])
        slices.append((scenario, *key, UNITS[str(key[0])], events))
        held.append(runs)
        if events >= fewest_events and runs.size:
            alike.setdefault(runs.shape, []).append(place)
    numbers = np.full((len(slices), len(_NUMBERS)), np.nan)
    for places in alike.values():
        within = [possible(str(slices[place][1]), held[place][~np.isnan(held[place])]) for place in places]
        numbers[places] = _numbers_of(np.stack([held[place] for place in places]), np.array(within))
    rows = [
        (*names, *found, events, *_counts(runs))
        for (*names, events), found, runs in zip(slices, numbers.tolist(), held, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


def _numbers_of(runs: Reals, within: Reals) -> Reals:
    """``_NUMBERS`` of slices of one shape, ``[S, W, L]``, kept ``within`` ``[S, 2]``: each alone would take three times as long."""
    worlds = world_values(runs)
    found, error = world_range(worlds), simulation_error(independent(runs), (within[:, 0], within[:, 1]))
    return np.column_stack([mean_of(worlds), found.low, found.high, error.low, error.high, chance_share(runs)])


def _parts_of(table: pd.DataFrame, keys: list[str]) -> Iterator[tuple[tuple[Any, ...], NDArray[np.intp]]]:
    """The rows of each slice, in the order of the table, with its keys: a table for each would take ten times as long."""
    number = table.groupby(keys, sort=False, observed=True).ngroup().to_numpy()
    order = np.argsort(number, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(number[order])) + 1) if number.size else []
    firsts = table[keys].iloc[[part[0] for part in parts]].itertuples(index=False, name=None)
    yield from zip(firsts, parts, strict=True)


def comparison_of(metrics: pd.DataFrame, baseline: str, scenario: str, fewest_events: int) -> pd.DataFrame:
    """Differences scenario - baseline, paired run by run; ``percent`` is relative to the baseline's mean.

    Columns ``metric, by, level, unit``, ``PAIR_NUMBERS`` and ``PAIR_COUNTS``; ``events`` is the smaller of both scenarios' counts.
    A world's difference is the mean over its replicates. A slice in which either has fewer than ``fewest_events`` has no numbers;
    what either lacks, or no policy can move, is left out. The simulation error of the percentage is that of a ratio of paired means
    (Fieller), missing where it has no bounds. ``chance_share`` is missing with one replicate a world.
    """
    metrics = metrics[~metrics["metric"].isin(OF_DEMAND)]
    index = [*_KEYS, "world", "seed"]
    wide = metrics.pivot_table(index=index, columns="scenario", values=["value", "count"], sort=False, observed=True)
    sides = pd.MultiIndex.from_product([("value", "count"), (baseline, scenario)])
    wide = wide.reindex(columns=sides)  # of a scenario without any value the table has no column
    rows = []
    for key, part in wide.groupby(level=_KEYS, sort=False):
        before, after = part[("value", baseline)].to_numpy(float), part[("value", scenario)].to_numpy(float)
        both = ~(np.isnan(before) | np.isnan(after))
        events = int(min(np.nansum(part[("count", name)].to_numpy(float)) for name in (baseline, scenario)))
        if not both.any():
            continue
        worlds = part.index.get_level_values("world").to_numpy()[both]
        runs = nested(before[both], worlds), nested(after[both], worlds)
        numbers = _paired(str(key[0]), *runs) if events >= fewest_events else [np.nan] * len(PAIR_NUMBERS)
        rows.append((*key, UNITS[str(key[0])], *numbers, events, *_counts(runs[0])))
    return pd.DataFrame(rows, columns=[*_KEYS, "unit", *PAIR_NUMBERS, *PAIR_COUNTS])


def _paired(metric: str, before: Reals, after: Reals) -> list[float]:
    """``PAIR_NUMBERS`` of runs that both scenarios have, ``[W, L]`` each."""
    sides, units = (world_values(before), world_values(after)), (independent(before), independent(after))
    gaps = world_values(after - before)
    low, high = possible(metric, np.concatenate([side[~np.isnan(side)] for side in (before, after)]))
    found, of_percent = world_range(gaps), percent_range(*sides)
    error, ratio = simulation_error(independent(after - before), (low - high, high - low)), ratio_of(units[1], units[0])
    base, reached = (float(mean_of(side)) for side in sides)
    agreeing = sign_count(gaps, mean_of(gaps)).worlds
    numbers: tuple[Any, ...] = (
        base, reached, reached - base, found.low, found.high, agreeing, error.low, error.high,
        *(100.0 * (ratio.ratio - 1.0), of_percent.low, of_percent.high, of_percent.worlds),
        *(100.0 * (end - 1.0) for end in (np.maximum(ratio.low, 0.0), ratio.high)),
        chance_share(after - before),
    )  # fmt: skip
    return [float(number) for number in numbers]


def _counts(runs: Reals) -> tuple[int, int, float]:
    """Worlds and runs of ``[W, L]`` that are known, and how often a further world falls into the range."""
    worlds = len(runs)
    return worlds, int((~np.isnan(runs)).sum()), float(chance_inside(worlds))


def beside(table: pd.DataFrame, capacities: Sequence[str]) -> pd.DataFrame:
    """Rows of a comparison with those of one estimand under each capacity one under the other, in the order of the first."""
    place = {side: rank for rank, side in enumerate(capacities)}
    keys = list(zip(*(table[key] for key in _KEYS), strict=True))
    first = {key: rank for rank, key in enumerate(dict.fromkeys(keys))}
    ranked = table.assign(_row=[first[key] for key in keys], _side=table["capacity"].map(place))
    return ranked.sort_values(["_row", "_side"], kind="stable").drop(columns=["_row", "_side"]).reset_index(drop=True)


def headline_of(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a summary or a comparison that a reader wants first, in that order."""
    place = {key: rank for rank, key in enumerate(HEADLINE_ESTIMANDS)}
    keys = list(zip(table["metric"], table["by"], table["level"], strict=True))
    ranked = table.assign(rank=[place.get(key, -1) for key in keys])
    return ranked[ranked["rank"] >= 0].sort_values("rank", kind="stable").drop(columns="rank").reset_index(drop=True)
