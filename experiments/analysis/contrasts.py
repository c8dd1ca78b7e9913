"""Each arm against its baseline, in two tables: every estimand with its interval, and what protection costs in cooperation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.analysis.movable import movable
from experiments.design.arms import ArmRun
from experiments.design.scenarios import Header
from experiments.output import write_csv
from experiments.statistics import components_of, half_width, mean_of, ratio_of
from experiments.store.results import CASES_DISCLOSED, DISPLACEMENT, LEGITIMATE_NEEDS_MET, OFFICER_HOURS, EstimandKey, Results
from sim.arrays import Flags
from sim.metrics import UNITS

COMPARISON_COLUMNS = (
    "arm", "baseline_name", "metric", "by", "level", "unit", "baseline", "value", "difference", "low", "high",
    "ratio", "ratio_low", "ratio_high", "percent", "percent_low", "percent_high", "world_sd", "event_sd",
    "events_baseline", "events", "worlds", "runs", "constructed_zero", "expected", "agrees",
)  # fmt: skip
FURTHER_USE: EstimandKey = ("secondary_use_rate", "all", "all")
MEDIAN = 0.5  # of the delay of legitimate needs
HEADERS_AGAINST = "as_adopted"  # the scenario that the headers of ``configs/scenario`` are written against
_CENSORED = ("legit_delay_days",)  # missing means "not reached": the runs that did reach it are no sample of all
_NUMBERS = COMPARISON_COLUMNS[COMPARISON_COLUMNS.index("baseline") : COMPARISON_COLUMNS.index("events_baseline")]


class Contrast(NamedTuple):
    """One arm against its baseline, for all ``K`` keys of the results; a number that may not be given is missing."""

    arm: ArmRun
    baseline: ArmRun
    numbers: dict[str, NDArray[np.float64]]  # the numeric columns of the table, each [K]
    events_baseline: NDArray[np.int64]  # [K]
    events: NDArray[np.int64]  # [K]
    worlds: NDArray[np.int64]  # [K] with both sides
    runs: NDArray[np.int64]  # [K] with both sides
    identical: Flags  # [K] the same number in every run
    constructed: Flags  # [K] zero by construction


def contrast_of(results: Results, arm_runs: Sequence[ArmRun], place: int, fewest: int) -> Contrast:
    """The entry at ``place`` against its baseline: means over worlds, interval by Student's t on world means, ratio by Fieller.

    Fewer than ``fewest`` pooled events on either side give no numbers; nor does a quantile of delay that some run did not reach;
    nor what the arm cannot move (zero by construction), unless it moved after all: then it is reported as anything else.
    """
    arm, baseline = arm_runs[place], arm_runs[arm_runs[place].against]
    before, after = results.values[arm.against].copy(), results.values[place].copy()
    if DISPLACEMENT in {metric for metric, _, _ in results.keys}:
        _against_nothing(results, before, after, baseline.name)
    both = ~(np.isnan(before) | np.isnan(after))
    same = ((before == after) | (np.isnan(before) & np.isnan(after))).all((1, 2))
    counts = results.counts[arm.against], results.counts[place]
    identical = same & (counts[0] == counts[1]).all((1, 2))
    before, after = np.where(both, before, np.nan), np.where(both, after, np.nan)
    events_before, events = counts[0].sum((1, 2)), counts[1].sum((1, 2))
    displaced = np.array([metric == DISPLACEMENT for metric, _, _ in results.keys])
    events_before[displaced] = events[displaced]
    numbers = _numbers(before, after)
    for name in ("ratio", "ratio_low", "ratio_high"):
        numbers[name][displaced] = np.nan
        numbers[f"percent{name.removeprefix('ratio')}"] = 100.0 * (numbers[name] - 1.0)
    moved = movable(arm.config, baseline.config)
    constructed = identical & np.array([moved is not None and metric not in moved for metric, _, _ in results.keys])
    censored = np.array([metric in _CENSORED for metric, _, _ in results.keys]) & ~both.all((1, 2))
    unknown = (np.minimum(events_before, events) < fewest) | censored
    for name, column in numbers.items():
        column[unknown | (constructed if name not in ("baseline", "value") else False)] = np.nan
    return Contrast(
        arm, baseline, numbers, events_before, events, both.any(-1).sum(-1), both.sum((1, 2)), identical, constructed
    )  # fmt: skip


def _against_nothing(results: Results, before: NDArray[np.float64], after: NDArray[np.float64], baseline: str) -> None:
    """Displacement is told against one baseline; against itself nothing is displaced, and its runs are those of the arm."""
    for k, (metric, _, level) in enumerate(results.keys):
        if metric == DISPLACEMENT:
            after[k] = after[k] if level == baseline else np.nan
            before[k] = np.where(np.isnan(after[k]), np.nan, 0.0)


def _numbers(before: NDArray[np.float64], after: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Columns of the table ``[K]`` from paired values ``[K, W, L]``."""
    low_side, high_side, gap = mean_of(before), mean_of(after), mean_of(after - before)
    difference, half = mean_of(gap), half_width(gap)
    ratio = ratio_of(high_side, low_side)
    parts = components_of(after - before)
    return {
        "baseline": mean_of(low_side), "value": mean_of(high_side),
        "difference": difference, "low": difference - half, "high": difference + half,
        "ratio": ratio.ratio, "ratio_low": ratio.low, "ratio_high": ratio.high,
        "world_sd": parts.world, "event_sd": parts.event,
    }  # fmt: skip


def expected_of(keys: Sequence[EstimandKey], direction: Mapping[str, str]) -> list[str]:
    """What a header expects of each key: of a metric's whole, or of all its slices where it has no whole."""
    whole = {metric for metric, by, _ in keys if by == "all"}
    return [direction.get(metric, "") if by == "all" or metric not in whole else "" for metric, by, _ in keys]


def agreement(expected: str, low: float, high: float) -> bool | None:
    """Whether an interval bears out an expectation: clearly, clearly not (False), or neither (None).

    >>> agreement("down", -2.0, -1.0), agreement("down", 1.0, 2.0), agreement("down", -1.0, 1.0), agreement("same", -1.0, 1.0)
    (True, False, None, True)
    """
    if not expected or np.isnan(low) or np.isnan(high):
        return None
    if expected == "same":
        return low <= 0.0 <= high
    wanted, other = (low > 0.0, high < 0.0) if expected == "up" else (high < 0.0, low > 0.0)
    return True if wanted else False if other else None


def arm_comparison(results: Results, contrasts: Sequence[Contrast], headers: Mapping[str, Header]) -> pd.DataFrame:
    """One row for each arm and estimand, columns ``COMPARISON_COLUMNS``; what either side lacks in every run is left out."""
    rows: list[tuple[object, ...]] = []
    for contrast in contrasts:
        header = headers.get(contrast.arm.name) if contrast.baseline.config.scenario_name == HEADERS_AGAINST else None
        expected = expected_of(results.keys, header.direction if header else {})
        table = np.column_stack([contrast.numbers[name] for name in _NUMBERS])
        for k, (metric, by, level) in enumerate(results.keys):
            if metric not in UNITS or not contrast.runs[k]:
                continue
            zero = bool(contrast.constructed[k])  # what could not move bears nothing out: its interval is missing
            low, high = contrast.numbers["low"][k], contrast.numbers["high"][k]
            rows.append(
                (contrast.arm.name, contrast.baseline.name, metric, by, level, UNITS[metric], *table[k],
                 contrast.events_baseline[k], contrast.events[k], contrast.worlds[k], contrast.runs[k], zero, expected[k],
                 agreement(expected[k], float(low), float(high)))
            )  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))
    return frame.astype({"agrees": object}).assign(agrees=lambda f: f["agrees"].where(f["agrees"].notna(), None))


def cooperation_of(results: Results, contrasts: Sequence[Contrast]) -> pd.DataFrame:
    """One row an arm: protection gained, cooperation and days lost, officers' hours, further use, and whether it is undominated.

    Protection is the fraction of latent abusive cases saved from disclosure, cooperation lost the fraction of needs no longer
    met; what is zero by construction is zero without an interval. The delay is the median of all needs, or the highest lower
    quantile that every run reaches.
    """
    rows = []
    for contrast in contrasts:
        saved, lost = _change(results, contrast, CASES_DISCLOSED, -1), _change(results, contrast, LEGITIMATE_NEEDS_MET, -1)
        quantile, delay = _delay(results, contrast)
        rows.append(
            {"arm": contrast.arm.name, "baseline_name": contrast.baseline.name}
            | {f"protection{end}": number for end, number in saved.items()}
            | {f"cooperation_lost{end}": number for end, number in lost.items()}
            | {"delay_quantile": quantile}
            | {f"delay_days{end}": number for end, number in delay.items() if "percent" not in end}
            | {f"hours{end}": n for end, n in _change(results, contrast, OFFICER_HOURS).items() if "percent" not in end}
            | {f"secondary_use{end}": n for end, n in _change(results, contrast, FURTHER_USE).items() if "percent" not in end}
            | {"worlds": int(contrast.worlds.max(initial=0)), "runs": int(contrast.runs.max(initial=0))}
        )
    frame = pd.DataFrame(rows)
    at = [str(name) for name in frame.columns].index("worlds")
    frame.insert(at, "on_frontier", on_frontier(frame))
    return frame


def _change(results: Results, contrast: Contrast, key: EstimandKey, sign: int = 1) -> dict[str, float]:
    """Difference and per cent with their limits, by the ending of the column; turned round where ``sign`` is -1."""
    ends = ("", "_low", "_high", "_percent", "_percent_low", "_percent_high")
    names = ("difference", "low", "high", "percent", "percent_low", "percent_high")
    if key not in results.keys:
        return dict.fromkeys(ends, np.nan)
    k = results.keys.index(key)
    if contrast.constructed[k]:
        return dict.fromkeys(ends, np.nan) | {"": 0.0, "_percent": 0.0}
    point, low, high, percent, percent_low, percent_high = (sign * float(contrast.numbers[name][k]) + 0.0 for name in names)
    if sign < 0:
        low, high, percent_low, percent_high = high, low, percent_high, percent_low
    return dict(zip(ends, (point, low, high, percent, percent_low, percent_high), strict=True))


def _delay(results: Results, contrast: Contrast) -> tuple[str, dict[str, float]]:
    """The quantile of delay that is told, and its change in days."""
    shares = sorted((float(level) for metric, _, level in results.keys if metric == _CENSORED[0]), reverse=True)
    for share in shares:
        if share <= MEDIAN:
            change = _change(results, contrast, (_CENSORED[0], "quantile", f"{share:g}"))
            if not np.isnan(change[""]):
                return f"{share:g}", change
    return "", _change(results, contrast, (_CENSORED[0], "quantile", ""))


def on_frontier(table: pd.DataFrame) -> list[bool]:
    """Arms that no other arm with the same baseline, and not the baseline itself, beats in both point estimates.

    To beat is to be at least as good in ``protection`` and ``cooperation_lost`` and better in one; the baseline stands at (0, 0).
    An arm without one of the two numbers is on no frontier.
    """
    kept = []
    for row in table.itertuples():
        rivals = table[table["baseline_name"] == row.baseline_name]
        saved = np.append(rivals["protection"].to_numpy(float), 0.0)
        lost = np.append(rivals["cooperation_lost"].to_numpy(float), 0.0)
        mine = float(row.protection), float(row.cooperation_lost)  # type: ignore[arg-type]
        beaten = (saved >= mine[0]) & (lost <= mine[1]) & ((saved > mine[0]) | (lost < mine[1]))
        kept.append(not np.isnan(mine).any() and not bool(beaten.any()))
    return kept


COMPARISON_FILES = ("comparison.csv", "comparison.parquet", "cooperation.csv")


def contrast_tables(
    results: Results, arm_runs: Sequence[ArmRun], places: Sequence[int], told: Mapping[str, Header]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The arms at ``places`` against their baselines, estimand by estimand; and what protection costs in cooperation."""
    fewest = arm_runs[0].config.metrics.fewest_events
    contrasts = [contrast_of(results, arm_runs, place, fewest) for place in places]
    return arm_comparison(results, contrasts, told), cooperation_of(results, contrasts)


def write_contrast_tables(folder: Path, comparison: pd.DataFrame, cooperation: pd.DataFrame) -> None:
    """The comparison (Parquet and CSV), and protection against cooperation (CSV)."""
    comparison.astype({"agrees": "boolean"}).to_parquet(folder / "comparison.parquet", index=False)
    write_csv(comparison, folder / "comparison.csv", "%.6g")
    write_csv(cooperation, folder / "cooperation.csv", "%.6g")
