"""What each scenario protects on paper and after years of adaptation, what is displaced and what moves elsewhere, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field, StrictInt
from pydantic_core import PydanticCustomError

from experiments.design.arms import ArmRun
from experiments.statistics import Ratios, gap_of, half_width, mean_of, ratio_of
from experiments.store.results import DISPLACEMENT, EstimandKey, Results
from experiments.text import PER_CENT
from sim.arrays import Reals
from sim.world.ranges import Range
from sim.world.record import Record

NAIVE, ADAPTIVE = "naive", "adaptive"
CONDUCTS = (NAIVE, ADAPTIVE)
PROTECTS = "case_disclosure_rate"
COOPERATES = "legit_met_rate"
WHOLE_WINDOW = "all"  # years of the window together
DISPLACED_BY = ("kind", "channel", "instrument", "requested")  # the ways in which displaced cases are told apart
HEADLINE_TABLE, DISPLACED_TABLE, MOVED_TABLE = "headline.csv", "displaced.csv", "moved.csv"
SILENCED_SHARE = "silenced_share"
HEADLINE_COLUMNS = (
    *("scenario", "conduct", "year", "measure", "value", "world_low", "world_high", "unit"),
    *("events_baseline", "events", "worlds"),
)
_MOVED_COLUMNS = (
    *("scenario", "by", "level", "naive", "adaptive", "moved", "moved_world_low", "moved_world_high", "unit"),
    *("events_naive", "events_adaptive", "worlds"),
)
WHERE = ("scenario", "conduct", "by", "level", "value", "world_low", "world_high", "count", "of")


def _each_once(years: list[int]) -> list[int]:
    if len(set(years)) < len(years):
        raise PydanticCustomError("twice", "each year once")
    return years


Told = dict[str, object]
"""A row of a table, by column."""


class AdaptationSpec(Record):
    """What is told of each scenario."""

    years: Annotated[list[Annotated[StrictInt, Range(1, 50)]], Field(min_length=1), AfterValidator(_each_once)]


class ArmPair(NamedTuple):
    """One scenario under one conduct, and what it is read against."""

    scenario: str
    conduct: str
    place: int  # in the line-up
    against: int


def arm_pairs_of(arm_runs: Sequence[ArmRun]) -> list[ArmPair]:
    """The arms of a line-up, named by scenario and conduct."""
    named = [(place, arm_run, arm_run.name.rpartition(" ")) for place, arm_run in enumerate(arm_runs) if arm_run.against != place]
    return [ArmPair(scenario, conduct, place, arm_run.against) for place, arm_run, (scenario, _, conduct) in named]


def adaptation_tables(results: Results, arm_runs: Sequence[ArmRun], spec: AdaptationSpec) -> dict[str, pd.DataFrame]:
    """The three tables of the study, by file name."""
    sides, fewest = arm_pairs_of(arm_runs), arm_runs[0].config.metrics.fewest_events
    return {
        HEADLINE_TABLE: adaptation_headline(results, sides, spec, fewest),
        DISPLACED_TABLE: where_of(results, sides, fewest),
        MOVED_TABLE: moved_of(results, sides, arm_runs, fewest),
    }


def adaptation_headline(results: Results, sides: Sequence[ArmPair], spec: AdaptationSpec, fewest: int) -> pd.DataFrame:
    """``HEADLINE_COLUMNS``, a row a scenario, conduct, year and measure.

    ``protection``: per cent of the baseline's disclosures (by year of the wish, or of the whole window) that are prevented;
    ``cost``: per cent of its needs met that are not; ``lost``: points of protection that adaptation takes, naive less adaptive,
    in the rows of the adaptive; ``displaced``: per cent of what the treaty no longer gives that is had another way, mean over
    worlds, each counting alike; ``silenced``: per cent of the wishes about people at risk that nobody has because somebody has
    fallen silent, which protects nobody but counts as a case less. Intervals on world means: ratios by Fieller, their
    differences by linearisation. Fewer than ``fewest`` events on a side give no number.
    """
    rows: list[Told] = []
    naive = {side.scenario: side for side in sides if side.conduct == NAIVE}
    for side in sides:
        plain = naive.get(side.scenario) if side.conduct == ADAPTIVE else None
        for year in (WHOLE_WINDOW, *map(str, spec.years)):
            rows += _in_year(results, side, plain, year, fewest)
        rows += [*_displaced(results, side, fewest), *_silenced(results, side, fewest)]
    return pd.DataFrame(rows, columns=list(HEADLINE_COLUMNS))


def _in_year(results: Results, side: ArmPair, plain: ArmPair | None, year: str, fewest: int) -> Iterator[Told]:
    """Protection and cost of a side in one year, or the whole window; ``plain`` is the naive side that adaptation takes from."""
    for measure, metric in (("protection", PROTECTS), ("cost", COOPERATES)):
        key = (metric, "all", "all") if year == WHOLE_WINDOW else (metric, "year", year)
        if key not in results.keys:
            continue
        pair, events = _pair(results, side, key), _events(results, side, key)
        yield _row(side, year, measure, _prevented(ratio_of(*pair)), events, fewest, _worlds(pair))
        if plain is not None and measure == "protection":
            gap = gap_of(pair, _pair(results, plain, key))  # more disclosed of the baseline's than under habit
            taken = Ratios(*(PER_CENT * part for part in gap))
            before, after = zip(events, _events(results, plain, key), strict=True)
            yield _row(side, year, "lost", taken, (min(before), min(after)), fewest, _worlds(pair))


def _prevented(found: Ratios) -> Ratios:
    return Ratios(PER_CENT * (1 - found.ratio), PER_CENT * (1 - found.high), PER_CENT * (1 - found.low))


def _pair(results: Results, side: ArmPair, key: EstimandKey) -> tuple[Reals, Reals]:
    """World means under the scenario and under its baseline, ``[W]`` each, of runs that both have."""
    k = results.keys.index(key)
    above, below = results.values[side.place, k], results.values[side.against, k]
    both = ~(np.isnan(above) | np.isnan(below))
    return mean_of(np.where(both, above, np.nan)), mean_of(np.where(both, below, np.nan))


def _events(results: Results, side: ArmPair, key: EstimandKey) -> tuple[int, int]:
    k = results.keys.index(key)
    return int(results.counts[side.against, k].sum()), int(results.counts[side.place, k].sum())


def _worlds(pair: tuple[Reals, Reals]) -> int:
    return int((~np.isnan(pair[0])).sum())


def _row(
    side: ArmPair, year: str, measure: str, found: Ratios, events: tuple[int, int], fewest: int, worlds: int
) -> Told:  # fmt: skip
    known = min(events) >= fewest or (measure == "displaced" and events[0] >= fewest)
    value, low, high = (float(part) if known else np.nan for part in found)
    return {
        "scenario": side.scenario, "conduct": side.conduct, "year": year, "measure": measure, "value": value, "world_low": low,
        "world_high": high, "unit": _UNITS[measure], "events_baseline": events[0], "events": events[1], "worlds": worlds,
    }  # fmt: skip


def _silenced(results: Results, side: ArmPair, fewest: int) -> Iterator[Told]:
    """The share of wishes that silence ended, where people may fall silent."""
    if (key := (SILENCED_SHARE, "all", "all")) not in results.keys:
        return
    k = results.keys.index(key)
    values = mean_of(results.values[side.place, k])
    if np.isnan(values).all():
        return
    yield _row(side, WHOLE_WINDOW, "silenced", _share(values), _events(results, side, key), fewest, int((~np.isnan(values)).sum()))


_UNITS = {
    "protection": "% of the baseline's disclosures",
    "cost": "% of the baseline's needs met",
    "lost": "points of protection",
    "displaced": "% of cases the treaty no longer gives",
    "silenced": "% of wishes about people at risk",
    "moved": "% of the baseline's disclosures while nobody adapts",
}


def _share(values: Reals) -> Ratios:
    """Mean over worlds ``[W]`` with its interval, in per cent."""
    mean, half = mean_of(values), half_width(values)
    return Ratios(*(PER_CENT * part for part in (mean, mean - half, mean + half)))


def _displaced(results: Results, side: ArmPair, fewest: int) -> Iterator[Told]:
    """The share displaced, if the treaty gave anything that the scenario stops."""
    found = [k for k, (metric, by, _) in enumerate(results.keys) if metric == DISPLACEMENT and by == "baseline"]
    for k in found:
        shares, left = results.values[side.place, k], results.counts[side.place, k]
        values, moved = mean_of(shares), round(float(np.nansum(shares * left)))
        if np.isnan(values).all():
            continue
        share = _share(values)
        yield _row(side, WHOLE_WINDOW, "displaced", share, (int(left.sum()), moved), fewest, int((~np.isnan(values)).sum()))


def where_of(results: Results, sides: Sequence[ArmPair], fewest: int) -> pd.DataFrame:
    """``WHERE``: of what the treaty no longer gives, the per cent that is had by each kind of label, channel, text and host."""
    rows = []
    whole = [k for k, (metric, by, _) in enumerate(results.keys) if metric == DISPLACEMENT and by == "baseline"]
    for side in sides:
        left = sum(int(results.counts[side.place, k].sum()) for k in whole)
        for k, (metric, by, level) in enumerate(results.keys):
            if metric != DISPLACEMENT or by not in DISPLACED_BY or left < fewest:
                continue
            values, count = mean_of(results.values[side.place, k]), int(results.counts[side.place, k].sum())
            if not count:
                continue
            rows.append((side.scenario, side.conduct, by, level, *map(float, _share(values)), count, left))
    return pd.DataFrame(rows, columns=list(WHERE))


def moved_of(results: Results, sides: Sequence[ArmPair], arm_runs: Sequence[ArmRun], fewest: int) -> pd.DataFrame:
    """``_MOVED_COLUMNS``: how adaptation moves disclosures between kinds of label, channels, texts and hosts, scenario by scenario.

    All in per cent of what the baseline discloses while nobody adapts, so the parts of a scenario add up to its whole and
    scenarios can be compared; ``moved`` is adaptive less naive under the same scenario, with its interval over worlds. The baseline
    itself is a scenario here. Levels with fewer than ``fewest`` events under both are left out.
    """
    places = _both_ways(sides, arm_runs)
    whole = mean_of(results.values[next(iter(places.values()))[0], results.keys.index((PROTECTS, "all", "all"))])
    slices = [k for k, (metric, by, _) in enumerate(results.keys) if metric == PROTECTS and by in (*DISPLACED_BY, "all")]
    rows = []
    for k in slices:
        for scenario, pair in places.items():
            events = [int(results.counts[place, k].sum()) for place in pair]
            if max(events) >= fewest:
                told = _shift([mean_of(np.nan_to_num(results.values[place, k])) for place in pair], whole)
                rows.append((scenario, *results.keys[k][1:], *told, _UNITS["moved"], *events, int((~np.isnan(whole)).sum())))
    return (
        pd.DataFrame(rows, columns=list(_MOVED_COLUMNS))
        .sort_values(["scenario", "by", "level"], kind="stable")
        .reset_index(drop=True)
    )


def _both_ways(sides: Sequence[ArmPair], arm_runs: Sequence[ArmRun]) -> dict[str, tuple[int, int]]:
    """Places in the results of each scenario that was run under both conducts, naive and adaptive; the baseline comes first."""
    naive = {side.scenario: side for side in sides if side.conduct == NAIVE}
    adaptive = {side.scenario: side for side in sides if side.conduct == ADAPTIVE}
    some = next(iter(naive.values()))
    baseline = {arm_runs[some.against].name.rpartition(" ")[0]: (some.against, adaptive[some.scenario].against)}
    return baseline | {name: (side.place, adaptive[name].place) for name, side in naive.items() if name in adaptive}


def _shift(pair: Sequence[Reals], whole: Reals) -> list[float]:
    """Levels of naive and adaptive world means ``[W]`` and how far they are apart with its limits, per cent of the ``whole``."""
    gap = gap_of((pair[1], whole), (pair[0], whole))
    return [PER_CENT * float(part) for part in (*(ratio_of(side, whole).ratio for side in pair), *gap)]
