"""From replicates to numbers with intervals: means over seeds, and differences paired by seed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.statistics import half_width, ratio_of
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
_KEYS = ["metric", "by", "level"]


def summary_of(metrics: pd.DataFrame, fewest_events: int) -> pd.DataFrame:
    """Mean over seeds with its interval, by scenario and slice; under ``fewest_events`` pooled events no value is given.

    Columns ``scenario, metric, by, level, unit, mean, low, high, events, runs``. The interval spans the seeds' world and
    luck together; it says nothing of parameters.
    """
    rows = []
    for (scenario, *key), part in metrics.groupby(["scenario", *_KEYS], sort=False, observed=True):
        values = part["value"].dropna().to_numpy(float)
        events = int(part["count"].sum())
        known = events >= fewest_events and values.size > 0
        mean, half = (float(values.mean()), float(half_width(values))) if known else (np.nan, np.nan)
        rows.append((scenario, *key, UNITS[str(key[0])], mean, mean - half, mean + half, events, values.size))
    return pd.DataFrame(rows, columns=["scenario", *_KEYS, "unit", "mean", "low", "high", "events", "runs"])


def comparison_of(metrics: pd.DataFrame, baseline: str, scenario: str, fewest_events: int) -> pd.DataFrame:
    """Differences scenario - baseline, paired by seed, with their interval; ``percent`` is relative to the baseline's mean.

    Columns ``metric, by, level, unit, baseline, scenario, difference, low, high, percent, percent_low, percent_high, events,
    runs``; ``events`` is the smaller of both scenarios' counts. A slice in which either has fewer than ``fewest_events`` has no
    numbers; what either lacks, or no policy can move, is left out. The interval of the percentage is that of a ratio of paired
    means (Fieller).
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
        if events < fewest_events:
            rows.append((*key, UNITS[str(key[0])], *[np.nan] * 8, events, int(both.sum())))
            continue
        before, after = before[both], after[both]
        base, reached, half = float(before.mean()), float(after.mean()), float(half_width(after - before))
        percent, percent_low, percent_high = (100.0 * (float(part) - 1.0) for part in ratio_of(after, before))
        rows.append(
            (*key, UNITS[str(key[0])], base, reached, reached - base, reached - base - half, reached - base + half,
             percent, percent_low, percent_high, events, before.size)
        )  # fmt: skip
    columns = ["baseline", "scenario", "difference", "low", "high", "percent", "percent_low", "percent_high", "events", "runs"]
    return pd.DataFrame(rows, columns=[*_KEYS, "unit", *columns])


def headline_of(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a summary or a comparison that a reader wants first, in that order."""
    place = {key: rank for rank, key in enumerate(HEADLINE_ESTIMANDS)}
    keys = list(zip(table["metric"], table["by"], table["level"], strict=True))
    ranked = table.assign(rank=[place.get(key, -1) for key in keys])
    return ranked[ranked["rank"] >= 0].sort_values("rank", kind="stable").drop(columns="rank").reset_index(drop=True)
