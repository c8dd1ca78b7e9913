"""Each arm against its baseline, in two tables: every estimand with its range over worlds, and what protection costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.analysis.movable import movable
from experiments.analysis.summary import FRACTION
from experiments.design.arms import ArmRun
from experiments.design.scenarios import NO_HEADERS, POLICIES, Header, kind_of
from experiments.output import write_csv
from experiments.statistics import (
    NO_VERDICT,
    UNSURE,
    chance_inside,
    chance_share,
    components_of,
    leads,
    max_t,
    mean_of,
    percent_range,
    rank_range,
    ratio_of,
    sign_count,
    simulation_error,
    verdict_of,
    world_range,
    world_values,
)
from experiments.store.results import (
    CASES_DISCLOSED,
    DISCLOSED_ABROAD,
    DISPLACEMENT,
    LEGITIMATE_NEEDS_MET,
    OFFICER_HOURS,
    EstimandKey,
    Results,
)
from sim.arrays import Flags, Reals
from sim.metrics import UNITS

COMPARISON_COLUMNS = (
    "arm", "baseline_name", "metric", "by", "level", "unit", "baseline", "value",
    "difference", "world_low", "world_high", "worlds_agreeing", "error_low", "error_high",
    "percent", "percent_world_low", "percent_world_high", "percent_worlds", "percent_error_low", "percent_error_high",
    "ratio", "ratio_error_low", "ratio_error_high", "world_sd", "event_sd", "chance_share",
    "events_baseline", "events", "worlds", "runs", "inside", "adjusted_p", "constructed_zero", "expected", "agrees",
)  # fmt: skip
ENDS = ("_world_low", "_world_high", "_error_low", "_error_high")  # of the columns of a number
RANKED = ("protection_rank", "protection_rank_low", "protection_rank_high", "protection_leads", "protection_regret")
FURTHER_USE: EstimandKey = ("secondary_use_rate", "all", "all")
MEDIAN = 0.5  # of the delay of legitimate needs
FEWER = -1  # disclosed cases are better
HEADERS_AGAINST = "as_adopted"  # the scenario that the headers of ``configs/scenario`` are written against
_CENSORED = ("legit_delay_days",)  # missing means "not reached": the runs that did reach it are no sample of all
_VERDICT = ("world_low", "world_high", "chance_share")  # what a verdict rests on, beside the number of worlds
_NUMBERS = COMPARISON_COLUMNS[COMPARISON_COLUMNS.index("baseline") : COMPARISON_COLUMNS.index("events_baseline")]


class Contrast(NamedTuple):
    """One arm against its baseline, for all ``K`` keys of the results; a number that may not be given is missing."""

    arm: ArmRun
    baseline: ArmRun
    numbers: dict[str, Reals]  # the numeric columns of the table, each [K]
    gaps: Reals  # [K, W] paired difference of each world; missing where no number may be given
    events_baseline: NDArray[np.int64]  # [K]
    events: NDArray[np.int64]  # [K]
    worlds: NDArray[np.int64]  # [K] with both sides
    runs: NDArray[np.int64]  # [K] with both sides
    identical: Flags  # [K] the same number in every run
    constructed: Flags  # [K] zero by construction


def contrast_of(results: Results, arm_runs: Sequence[ArmRun], place: int, fewest: int) -> Contrast:
    """The entry at ``place`` against its baseline: range over worlds, worlds that agree, and simulation error of the mean.

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
    fractions = np.array([UNITS[metric].startswith(FRACTION) if metric in UNITS else False for metric, _, _ in results.keys])
    numbers, gaps = _numbers(before, after, fractions)
    for name in (name for name in numbers if name.startswith(("ratio", "percent"))):
        numbers[name][displaced] = np.nan
    moved = movable(arm.config, baseline.config)
    constructed = identical & np.array([moved is not None and metric not in moved for metric, _, _ in results.keys])
    censored = np.array([metric in _CENSORED for metric, _, _ in results.keys]) & ~both.all((1, 2))
    unknown = (np.minimum(events_before, events) < fewest) | censored
    for name, column in numbers.items():
        column[unknown | (constructed if name not in ("baseline", "value") else False)] = np.nan
    gaps[unknown] = np.nan
    return Contrast(
        arm, baseline, numbers, gaps, events_before, events, both.any(-1).sum(-1), both.sum((1, 2)), identical, constructed
    )  # fmt: skip


def _against_nothing(results: Results, before: NDArray[np.float64], after: NDArray[np.float64], baseline: str) -> None:
    """Displacement is told against one baseline; against itself nothing is displaced, and its runs are those of the arm."""
    for k, (metric, _, level) in enumerate(results.keys):
        if metric == DISPLACEMENT:
            after[k] = after[k] if level == baseline else np.nan
            before[k] = np.where(np.isnan(after[k]), np.nan, 0.0)


def _numbers(before: Reals, after: Reals, fractions: Flags) -> tuple[dict[str, Reals], Reals]:
    """Columns of the table ``[K]`` and the worlds' differences ``[K, W]`` from paired values ``[K, W, L]``.

    ``fractions`` says which estimands lie in [0, 1], so that no two are further apart than one (a user's own that calls itself a
    fraction and is none keeps what it has).
    """
    low_side, high_side, gaps = world_values(before), world_values(after), world_values(after - before)
    difference, ratio, parts = mean_of(gaps), ratio_of(high_side, low_side), components_of(after - before)
    worlds, of_percent, error = world_range(gaps), percent_range(low_side, high_side), simulation_error(gaps)
    ends = np.where(fractions, np.fmax(1.0, np.abs(gaps).max(-1, initial=0.0, where=~np.isnan(gaps))), np.inf)
    ratio_low = np.maximum(ratio.low, 0.0)
    numbers = {
        "baseline": mean_of(low_side), "value": mean_of(high_side),
        "difference": difference, "world_low": worlds.low, "world_high": worlds.high,
        "worlds_agreeing": sign_count(gaps, difference).worlds.astype(float),
        "error_low": np.maximum(error.low, -ends), "error_high": np.minimum(error.high, ends),
        "percent": 100.0 * (ratio.ratio - 1.0), "percent_world_low": of_percent.low, "percent_world_high": of_percent.high,
        "percent_worlds": of_percent.worlds.astype(float),
        "percent_error_low": 100.0 * (ratio_low - 1.0), "percent_error_high": 100.0 * (ratio.high - 1.0),
        "ratio": ratio.ratio, "ratio_error_low": ratio_low, "ratio_error_high": ratio.high,
        "world_sd": parts.world, "event_sd": parts.event, "chance_share": chance_share(after - before),
    }  # fmt: skip
    return numbers, gaps


def expected_of(keys: Sequence[EstimandKey], direction: Mapping[str, str]) -> list[str]:
    """What a header expects of each key: of a metric's whole, or of all its slices where it has no whole.

    What it expects of ``case_disclosure_rate`` is judged once, on the twin that stands beside needs met: both count the same cases.
    """
    whole = {metric for metric, by, _ in keys if by == "all"}
    case, twin = CASES_DISCLOSED[0], DISCLOSED_ABROAD[0]
    if twin in whole and case in direction:
        direction = {twin: direction[case]} | {metric: way for metric, way in direction.items() if metric != case}
    return [direction.get(metric, "") if by == "all" or metric not in whole else "" for metric, by, _ in keys]


def agreement(expected: str, low: float, high: float, worlds: int, chance: float) -> bool | None:
    """Whether a range over worlds bears out an expectation: yes, no, or neither (None), as where there is no verdict.

    What lies on one side of zero but is mostly chance bears nothing out, not even that nothing moves.

    >>> agreement("down", -2.0, -1.0, 10, 0.2), agreement("down", 1.0, 2.0, 10, 0.2), agreement("down", -1.0, 1.0, 10, 0.2)
    (True, False, None)
    >>> agreement("same", -1.0, 1.0, 10, 0.2), agreement("same", 1.0, 2.0, 10, 0.2), agreement("down", -2.0, -1.0, 5, 0.2)
    (True, False, None)
    >>> agreement("down", -2.0, -1.0, 10, 0.7), agreement("same", -2.0, -1.0, 10, 0.7)
    (None, None)
    """
    if not expected or np.isnan(low) or np.isnan(high):
        return None
    found = verdict_of(low, high, worlds, chance)
    if found == NO_VERDICT:
        return None
    if expected == "same":
        return (None if low > 0 or high < 0 else True) if found == UNSURE else False
    return None if found == UNSURE else found == expected


def arm_comparison(results: Results, contrasts: Sequence[Contrast], headers: Mapping[str, Header]) -> pd.DataFrame:
    """One row for each arm and estimand, columns ``COMPARISON_COLUMNS``; what either side lacks in every run is left out."""
    rows: list[tuple[object, ...]] = []
    adjusted = adjusted_p(contrasts, results.keys)
    for contrast, p in zip(contrasts, adjusted, strict=True):
        header = headers.get(contrast.arm.name) if contrast.baseline.config.scenario_name == HEADERS_AGAINST else None
        expected = expected_of(results.keys, header.direction if header else {})
        table = np.column_stack([contrast.numbers[name] for name in _NUMBERS])
        inside = chance_inside(contrast.worlds)
        for k, (metric, by, level) in enumerate(results.keys):
            if metric not in UNITS or not contrast.runs[k]:
                continue
            zero, worlds = bool(contrast.constructed[k]), int(contrast.worlds[k])
            low, high, chance = (float(contrast.numbers[name][k]) for name in _VERDICT)  # missing for what could not move
            rows.append(
                (contrast.arm.name, contrast.baseline.name, metric, by, level, UNITS[metric], *table[k],
                 contrast.events_baseline[k], contrast.events[k], worlds, contrast.runs[k], inside[k], p[k], zero, expected[k],
                 agreement(expected[k], low, high, worlds, chance))
            )  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))
    return frame.astype({"agrees": object}).assign(agrees=lambda f: f["agrees"].where(f["agrees"].notna(), None))


def adjusted_p(contrasts: Sequence[Contrast], keys: Sequence[EstimandKey]) -> Reals:
    """Of each arm's mean difference in each estimand's whole, p adjusted for all arms of the table, ``[A, K]`` (``max_t``).

    Missing for slices, for what is zero by construction, and where no number may be given.
    """
    found = np.full((len(contrasts), len(keys)), np.nan)
    for k in (k for k, (_, by, _) in enumerate(keys) if by == "all"):
        gaps = np.stack([np.where(one.constructed[k], np.nan, one.gaps[k]) for one in contrasts])
        found[:, k] = max_t(gaps)
    return found


def cooperation_of(results: Results, contrasts: Sequence[Contrast], headers: Mapping[str, Header] = NO_HEADERS) -> pd.DataFrame:
    """One row an arm: protection gained, cooperation and days lost, officers' hours, further use, and whether it is undominated.

    ``kind`` is the arm's, by the headers of the scenarios' files.

    Protection is the fraction of latent cross-border abusive cases saved from disclosure, cooperation lost the fraction of
    cross-border needs no longer met; what is zero by construction is zero without a range. The delay is the median of all needs,
    or the highest lower quantile that every run reaches. Of every number the range over worlds comes first, then the simulation
    error; ``RANKED`` says where protection ranks the arm among those with its baseline.
    """
    rows = []
    for contrast in contrasts:
        saved, lost = _change(results, contrast, DISCLOSED_ABROAD, -1), _change(results, contrast, LEGITIMATE_NEEDS_MET, -1)
        quantile, delay = _delay(results, contrast)
        rows.append(
            {"arm": contrast.arm.name, "kind": kind_of(contrast.arm.name, headers), "baseline_name": contrast.baseline.name}
            | {f"protection{end}": number for end, number in saved.items()}
            | {f"cooperation_lost{end}": number for end, number in lost.items()}
            | {"delay_quantile": quantile}
            | {f"delay_days{end}": number for end, number in delay.items() if "percent" not in end}
            | {f"hours{end}": n for end, n in _change(results, contrast, OFFICER_HOURS).items() if "percent" not in end}
            | {f"secondary_use{end}": n for end, n in _change(results, contrast, FURTHER_USE).items() if "percent" not in end}
            | {"worlds": int(contrast.worlds.max(initial=0)), "runs": int(contrast.runs.max(initial=0))}
        )
    frame = pd.DataFrame(rows)
    for name, column in _ranks(results, contrasts, frame["kind"].tolist()).items():
        frame.insert([str(known) for known in frame.columns].index("worlds"), name, column)
    at = [str(name) for name in frame.columns].index("worlds")
    frame.insert(at, "on_frontier", on_frontier(frame))
    return frame


def _ranks(results: Results, contrasts: Sequence[Contrast], kinds: Sequence[str]) -> dict[str, list[float]]:
    """``RANKED``, a number an arm: by how many latent abusive cases it saves, world by world; missing where no number may be given.

    Policies to choose from (kinds in ``POLICIES``) alone are ranked.

    Rank 1 saves most. ``protection_leads`` is the share of worlds in which no other arm saves more, ``protection_regret`` what the
    best arm of a world saves beyond this one, mean over worlds, as a fraction of latent abusive cases.
    """
    table = {name: [np.nan] * len(contrasts) for name in RANKED}
    if DISCLOSED_ABROAD not in results.keys:
        return table
    k = results.keys.index(DISCLOSED_ABROAD)
    told = [a for a, one in enumerate(contrasts) if kinds[a] in POLICIES and not np.isnan(one.gaps[k]).all()]
    for baseline in dict.fromkeys(contrasts[a].baseline.name for a in told):
        rivals = [a for a in told if contrasts[a].baseline.name == baseline]
        gaps = np.stack([contrasts[a].gaps[k] for a in rivals])
        ranks, ahead = rank_range(gaps, FEWER), leads(gaps, FEWER)
        for name, column in zip(RANKED, (ranks.mean, ranks.low, ranks.high, ahead.share, ahead.regret), strict=True):
            for a, value in zip(rivals, column, strict=True):
                table[name][a] = float(value)
    return table


_TOLD = {
    "": "difference", "_world_low": "world_low", "_world_high": "world_high", "_worlds_agreeing": "worlds_agreeing",
    "_error_low": "error_low", "_error_high": "error_high", "_percent": "percent",
    "_percent_world_low": "percent_world_low", "_percent_world_high": "percent_world_high",
    "_percent_error_low": "percent_error_low", "_percent_error_high": "percent_error_high",
}  # fmt: skip
"""Ends of the columns of an estimand in the table of cooperation, and what stands there."""


def _change(results: Results, contrast: Contrast, key: EstimandKey, sign: int = 1) -> dict[str, float]:
    """Difference and per cent with their ends, by the ending of the column; turned round where ``sign`` is -1."""
    if key not in results.keys:
        return dict.fromkeys(_TOLD, np.nan)
    k = results.keys.index(key)
    if contrast.constructed[k]:
        return dict.fromkeys(_TOLD, np.nan) | {"": 0.0, "_percent": 0.0}
    found = {end: float(contrast.numbers[name][k]) for end, name in _TOLD.items()}
    if sign > 0:
        return found
    other = {"_low": "_high", "_high": "_low"}
    turned = {end: next((end.removesuffix(tail) + to for tail, to in other.items() if end.endswith(tail)), end) for end in found}
    return {end: found[end] if end == "_worlds_agreeing" else sign * found[turned[end]] + 0.0 for end in found}


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

    Policies to choose from (kinds in ``POLICIES``) alone stand on it or beat another; without a column ``kind`` all are.

    To beat is to be at least as good in ``protection`` and ``cooperation_lost`` and better in one; the baseline stands at (0, 0).
    An arm without one of the two numbers is on no frontier.
    """
    kept = []
    chosen = table["kind"].isin(POLICIES) if "kind" in table else pd.Series(True, table.index)
    for row, can in zip(table.itertuples(), chosen, strict=True):
        rivals = table[chosen & (table["baseline_name"] == row.baseline_name)]
        saved = np.append(rivals["protection"].to_numpy(float), 0.0)
        lost = np.append(rivals["cooperation_lost"].to_numpy(float), 0.0)
        mine = float(row.protection), float(row.cooperation_lost)  # type: ignore[arg-type]
        beaten = (saved >= mine[0]) & (lost <= mine[1]) & ((saved > mine[0]) | (lost < mine[1]))
        kept.append(bool(can) and not np.isnan(mine).any() and not bool(beaten.any()))
    return kept


COMPARISON_FILES = ("comparison.csv", "comparison.parquet", "cooperation.csv")


def contrast_tables(
    results: Results, arm_runs: Sequence[ArmRun], places: Sequence[int], told: Mapping[str, Header]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The arms at ``places`` against their baselines, estimand by estimand; and what protection costs in cooperation."""
    fewest = arm_runs[0].config.metrics.fewest_events
    contrasts = [contrast_of(results, arm_runs, place, fewest) for place in places]
    return arm_comparison(results, contrasts, told), cooperation_of(results, contrasts, told)


def write_contrast_tables(folder: Path, comparison: pd.DataFrame, cooperation: pd.DataFrame) -> None:
    """The comparison (Parquet and CSV), and protection against cooperation (CSV)."""
    comparison.astype({"agrees": "boolean"}).to_parquet(folder / "comparison.parquet", index=False)
    write_csv(comparison, folder / "comparison.csv", "%.6g")
    write_csv(cooperation, folder / "cooperation.csv", "%.6g")
