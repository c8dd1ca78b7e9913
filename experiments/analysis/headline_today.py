"""How things stand today, before any dial is turned: each level with its range over worlds, and by which ways data are disclosed.

The project's own question is told in changes against today. These are the levels that they start from, under each capacity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from experiments.analysis.headline import BY_CLASSES, DISCLOSED_SHARE, TARGETED, WHOLE
from experiments.analysis.summary import FRACTION
from experiments.design.arms import ArmRun
from experiments.design.grid import Cell
from experiments.statistics import mean_of, ratio_of, simulation_error, world_range, world_values
from experiments.store.results import CASES_DISCLOSED, EstimandKey, Results
from sim.arrays import Flags, Reals
from sim.metrics import UNITS
from sim.settings import Config
from sim.world.vocabulary import OFFENCE_CLASSES

TODAY_TABLE = "today.csv"
OF_DISCLOSED = "fraction of abusive cases disclosed"
"""Unit of the part of the abusive cases disclosed today that went one way."""
PROTECTED, OTHER = "protected", "other"
"""Levels of the slice by label: the label is a protected act, or it is another crime."""
TODAY_KEYS = ("capacity", "metric", "by", "level", "unit")
TODAY_NUMBERS = ("value", "world_low", "world_high", "error_low", "error_high", "events", "of", "worlds")
_WAYS = ("instrument", "kind")  # slices of the cases disclosed whose levels stand in the table one by one
_DISCLOSED = CASES_DISCLOSED[0]


def baselines_of(arm_runs: Sequence[ArmRun], cells: Mapping[str, Cell]) -> dict[str, int]:
    """The place of today's runs under each capacity, the default capacity first."""
    found: dict[str, int] = {}
    for place, arm_run in enumerate(arm_runs):
        if arm_run.name in cells and arm_run.against != place:
            found.setdefault(cells[arm_run.name].capacity, arm_run.against)
    return dict(sorted(found.items(), key=lambda pair: pair[0] != Cell().capacity))


def today_table(results: Results, baselines: Mapping[str, int], config: Config) -> pd.DataFrame:
    """Levels today and the ways of disclosure, columns ``TODAY_KEYS`` and ``TODAY_NUMBERS``; ``baselines`` are places by capacity.

    A row of ``disclosed_share`` is a part of the abusive cases disclosed, all runs together: ``events`` of ``of``. The levels of
    one slice add up; shares of two slices overlap. Ranges go over worlds, errors are those of the mean over worlds. Fewer than
    ``metrics.fewest_events`` pooled events give no number.
    """
    fewest, rows = config.metrics.fewest_events, list[tuple[object, ...]]()
    for capacity, place in baselines.items():
        for key in filter(_is_level, results.keys):
            rows.append((capacity, *key, UNITS[key[0]], *_level(results, place, key, fewest)))
        for by, level, keys in _ways(results.keys, config):
            numbers = _part(results, place, keys, fewest)
            rows.append((capacity, DISCLOSED_SHARE, by, level, OF_DISCLOSED, *numbers))
    return pd.DataFrame(rows, columns=[*TODAY_KEYS, *TODAY_NUMBERS]).astype({"of": "Int64"})


def _is_level(key: EstimandKey) -> bool:
    """Whether the page shows today's level of an estimand."""
    metric, by, _ = key
    return (metric, by) in {(TARGETED, "group"), (_DISCLOSED, BY_CLASSES)} or (metric in WHOLE and by == "all")


def _level(results: Results, place: int, key: EstimandKey, fewest: int) -> tuple[object, ...]:
    """``TODAY_NUMBERS`` of an estimand as it is."""
    k = results.keys.index(key)
    worlds, events = world_values(results.values[place, k]), int(results.counts[place, k].sum())
    within = (0.0, 1.0 if UNITS[key[0]].startswith(FRACTION) else np.inf)
    reach, error = world_range(worlds), simulation_error(worlds, within)
    numbers = [mean_of(worlds), reach.low, reach.high, error.low, error.high]
    return (*_known(numbers, events >= fewest), events, None, int(reach.worlds))


def _ways(keys: Sequence[EstimandKey], config: Config) -> list[tuple[str, str, list[int]]]:
    """Slices and levels of ``disclosed_share``, with the places of the estimands whose events are counted for each."""
    own = {name for name, offence in config.offences.items() if offence.offence_class == OFFENCE_CLASSES[-1]}
    found: dict[tuple[str, str], list[int]] = {}
    for k, (metric, by, level) in enumerate(keys):
        if metric == _DISCLOSED and by in _WAYS:
            found[by, level] = [k]
        elif metric == _DISCLOSED and by == "label":
            found.setdefault((by, PROTECTED if level in own else OTHER), []).append(k)
    return [(*named, places) for named, places in found.items()] if CASES_DISCLOSED in keys else []


def _part(results: Results, place: int, keys: Sequence[int], fewest: int) -> tuple[object, ...]:
    """``TODAY_NUMBERS`` of the part of the abusive cases disclosed that some estimands count."""
    part = results.counts[place, list(keys)].sum(axis=(0, 2)).astype(float)
    whole = results.counts[place, results.keys.index(CASES_DISCLOSED)].sum(axis=1).astype(float)
    shares: Reals = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    reach, ratio = world_range(shares), ratio_of(part, whole)
    numbers = [ratio.ratio, reach.low, reach.high, np.clip(ratio.low, 0.0, 1.0), np.clip(ratio.high, 0.0, 1.0)]
    known = _known(numbers, part.sum() >= fewest)
    return (*known, int(part.sum()), int(whole.sum()), int(reach.worlds))


def _known(numbers: Sequence[Reals | Flags | float], told: bool) -> list[float]:
    return [float(number) if told else np.nan for number in numbers]
