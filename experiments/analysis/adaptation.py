"""What each scenario protects on paper and after years of adaptation, what is displaced and what moves elsewhere, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, StrictInt
from pydantic_core import PydanticCustomError

from experiments.analysis.movable import movable
from experiments.analysis.over_worlds import RANGE_COLUMNS, OverWorlds, named, over_worlds, possible_percent, within
from experiments.design.arms import ArmRun
from experiments.statistics import Limits, gap_of, max_t, mean_of, own_percent, ratio_of, simulation_error
from experiments.store.results import DISPLACEMENT, EstimandKey, Results
from experiments.text import PER_CENT
from sim.arrays import Reals
from sim.world.ranges import Range
from sim.world.record import Record

NAIVE, ADAPTIVE = "naive", "adaptive"
CONDUCTS = (NAIVE, ADAPTIVE)
PROTECTS = "cross_border_disclosure_rate"  # the footing of needs met, beside which it stands
DISCLOSES = "case_disclosure_rate"  # the same over all abusive cases, which has slices by what was filed
COOPERATES = "legit_met_rate"
WHOLE_WINDOW = "all"  # years of the window together
DISPLACED_BY = ("kind", "channel", "instrument", "requested")  # the ways in which displaced cases are told apart
HEADLINE_TABLE, DISPLACED_TABLE, MOVED_TABLE = "headline.csv", "displaced.csv", "moved.csv"
SILENCED_SHARE = "silenced_share"
LEVELS = ("displaced", "silenced")  # measures that compare with no baseline: shares, without a sign
HEADLINE_COLUMNS = (
    *("scenario", "conduct", "year", "measure", "value", "world_low", "world_high", "worlds_agreeing", "error_low", "error_high"),
    *("chance_share", "adjusted_p", "unit", "events_baseline", "events", "worlds", "inside", "constructed_zero"),
)
_MOVED_COLUMNS = (
    *("scenario", "by", "level", "naive", "adaptive", "moved", "moved_world_low", "moved_world_high", "moved_worlds_agreeing"),
    *("moved_error_low", "moved_error_high", "moved_chance_share", "unit", "events_naive", "events_adaptive", "worlds", "inside"),
)
WHERE = (
    *("scenario", "conduct", "by", "level", "value", "world_low", "world_high", "worlds_agreeing", "error_low", "error_high"),
    *("chance_share", "count", "of", "worlds", "inside"),
)
_PERCENT = (0.0, PER_CENT)  # least and greatest per cent that a share can be


def _each_once(years: list[int]) -> list[int]:
    if len(set(years)) < len(years):
        raise PydanticCustomError("twice", "each year once")
    return years


Told = dict[str, object]
"""A row of a table, by column."""
Fixed = frozenset[tuple[int, str]]
"""Places in a line-up, each with a metric that the arm there cannot move."""


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
        HEADLINE_TABLE: adaptation_headline(results, sides, spec, fewest, fixed_of(sides, arm_runs)),
        DISPLACED_TABLE: where_of(results, sides, fewest),
        MOVED_TABLE: moved_of(results, sides, arm_runs, fewest),
    }


def fixed_of(sides: Sequence[ArmPair], arm_runs: Sequence[ArmRun]) -> Fixed:
    """Which of protection and cost each side cannot move, by its configuration and that of its baseline."""
    can = {side.place: movable(arm_runs[side.place].config, arm_runs[side.against].config) for side in sides}
    return frozenset(
        (place, metric)
        for place, moves in can.items()
        for metric in (PROTECTS, COOPERATES)
        if moves is not None and metric not in moves
    )


def adaptation_headline(
    results: Results, sides: Sequence[ArmPair], spec: AdaptationSpec, fewest: int, fixed: Fixed = frozenset()
) -> pd.DataFrame:
    """``HEADLINE_COLUMNS``, a row a scenario, conduct, year and measure.

    ``protection``: per cent of the baseline's disclosures (by year of the wish, or of the whole window) that are prevented;
    ``cost``: per cent of its needs met that are not; ``lost``: points of protection that adaptation takes, naive less adaptive,
    in the rows of the adaptive; ``displaced``: per cent of what the treaty no longer gives that is had another way, mean over
    worlds, each counting alike; ``silenced``: per cent of the wishes about people at risk that nobody has because somebody has
    fallen silent, which protects nobody but counts as a case less. Ranges are those of each world's own per cent. Simulation
    errors stand on world means: ratios by Fieller, their differences by linearisation. ``adjusted_p`` of protection, cost and what
    is lost holds for all scenarios of a conduct and year together (max-t; missing on too few worlds). Fewer than ``fewest`` events
    on a side give no number, nor does a share of which fewer were counted: what is displaced has these as its ``events``, and as
    ``events_baseline`` what it is a share of. ``constructed_zero`` says what is zero by construction: ``fixed``, and the same in
    every run.
    """
    rows: list[Told] = []
    naive = {side.scenario: side for side in sides if side.conduct == NAIVE}
    for side in sides:
        plain = naive.get(side.scenario) if side.conduct == ADAPTIVE else None
        for year in (WHOLE_WINDOW, *map(str, spec.years)):
            rows += _in_year(results, side, plain, year, fewest, fixed)
        rows += [*_displaced(results, side, fewest), *_silenced(results, side, fewest)]
    table = pd.DataFrame(rows)
    table["adjusted_p"] = np.nan
    for _, part in table.groupby(["conduct", "year", "measure"], sort=False):
        kept = part[part["differences"].notna() & part["value"].notna()]
        if len(kept):
            table.loc[kept.index, "adjusted_p"] = max_t(np.stack(kept["differences"].tolist()))
    return table[[*HEADLINE_COLUMNS]]


class Against(NamedTuple):
    """An estimand under a scenario and under its baseline, of runs that both have."""

    above: Reals  # [W, L] under the scenario
    below: Reals  # [W, L]

    @property
    def means(self) -> tuple[Reals, Reals]:
        """World means under both, ``[W]`` each."""
        return mean_of(self.above), mean_of(self.below)

    @property
    def worlds(self) -> NDArray[np.int64]:
        """How many worlds have both."""
        above, below = self.means
        return np.asarray((~(np.isnan(above) | np.isnan(below))).sum(-1), np.int64)

    @property
    def own(self) -> Reals:
        """Per cent of its own baseline that each world is spared, ``[W]``."""
        above, below = self.means
        return -own_percent(below, above)

    @property
    def own_runs(self) -> Reals:
        """The same of single runs, of the mean baseline of their world, ``[W, L]``."""
        level = mean_of(self.below)[:, None]
        moved = self.below - self.above
        return np.asarray(PER_CENT * np.divide(moved, level, out=np.full(moved.shape, np.nan), where=level > 0))

    def spared(self) -> tuple[float, OverWorlds]:
        """Per cent of the baseline that is spared, a ratio of means, and what worlds say of it."""
        found = ratio_of(*self.means)
        value, low, high = (PER_CENT * (1 - part) for part in (found.ratio, found.high, found.low))
        error = within(Limits(low, high), possible_percent(rises=False))
        return float(value), over_worlds(self.own, value, error, self.own_runs, self.worlds)

    def less_than(self, other: Against) -> tuple[float, OverWorlds]:
        """Points by which this spares less than another does, and what worlds say of them."""
        gap = gap_of(self.means, other.means)
        value, low, high = (PER_CENT * part for part in gap)
        runs = other.own_runs - self.own_runs
        return float(value), over_worlds(
            other.own - self.own, value, Limits(low, high), runs, np.minimum(self.worlds, other.worlds)
        )


def _in_year(
    results: Results, side: ArmPair, plain: ArmPair | None, year: str, fewest: int, fixed: Fixed
) -> Iterator[Told]:  # fmt: skip
    """Protection and cost of a side in one year, or the whole window; ``plain`` is the naive side that adaptation takes from."""
    for measure, metric in (("protection", PROTECTS), ("cost", COOPERATES)):
        key = (metric, "all", "all") if year == WHOLE_WINDOW else (metric, "year", year)
        if key not in results.keys:
            continue
        pair, events = _pair(results, side, key), _events(results, side, key)
        still = (side.place, metric) in fixed and _identical(results, side, key)
        yield _row(side, year, measure, pair.spared(), events, fewest, _difference(pair)) | {"constructed_zero": still}
        if plain is not None and measure == "protection":
            before = _pair(results, plain, key)
            both = zip(events, _events(results, plain, key), strict=True)
            least = (min(next(both)), min(next(both)))
            yield _row(side, year, "lost", pair.less_than(before), least, fewest, before.own - pair.own)


def _identical(results: Results, side: ArmPair, key: EstimandKey) -> bool:
    """Whether a scenario has the same value and count as its baseline in every run."""
    k = results.keys.index(key)
    values, counts = results.values[[side.place, side.against], k], results.counts[[side.place, side.against], k]
    return bool(np.array_equal(values[0], values[1], equal_nan=True) and (counts[0] == counts[1]).all())


def _difference(pair: Against) -> Reals:
    above, below = pair.means
    return below - above


def _pair(results: Results, side: ArmPair, key: EstimandKey) -> Against:
    """Runs under the scenario and under its baseline that both have."""
    k = results.keys.index(key)
    above, below = results.values[side.place, k], results.values[side.against, k]
    both = ~(np.isnan(above) | np.isnan(below))
    return Against(np.where(both, above, np.nan), np.where(both, below, np.nan))


def _events(results: Results, side: ArmPair, key: EstimandKey) -> tuple[int, int]:
    k = results.keys.index(key)
    return int(results.counts[side.against, k].sum()), int(results.counts[side.place, k].sum())


def _row(
    side: ArmPair, year: str, measure: str, told: tuple[float, OverWorlds], events: tuple[int, int], fewest: int,
    differences: Reals | None = None,
) -> Told:  # fmt: skip
    known = min(events) >= fewest
    value, found = told
    numbers = {"value": value} | {name: float(column) for name, column in found.columns().items() if name != "worlds"}
    return {
        "scenario": side.scenario, "conduct": side.conduct, "year": year, "measure": measure, "unit": _UNITS[measure],
        "events_baseline": events[0], "events": events[1], "worlds": int(found.worlds), "differences": differences,
        "constructed_zero": False,
    } | {name: number if known else np.nan for name, number in numbers.items()}  # fmt: skip


def _silenced(results: Results, side: ArmPair, fewest: int) -> Iterator[Told]:
    """The share of wishes that silence ended, where people may fall silent."""
    if (key := (SILENCED_SHARE, "all", "all")) not in results.keys:
        return
    k = results.keys.index(key)
    shares = results.values[side.place, k]
    if np.isnan(shares).all():
        return
    yield _row(side, WHOLE_WINDOW, "silenced", _share(shares), _events(results, side, key), fewest)


_UNITS = {
    "protection": "% of the baseline's disclosures",
    "cost": "% of the baseline's needs met",
    "lost": "points of protection",
    "displaced": "% of cases the treaty no longer gives",
    "silenced": "% of wishes about people at risk",
    "moved": "% of the baseline's disclosures while nobody adapts",
}


def _share(runs: Reals) -> tuple[float, OverWorlds]:
    """Mean over worlds of ``[W, L]`` in per cent, each world counting alike, and what worlds say of it."""
    values = PER_CENT * mean_of(runs)
    mean = mean_of(values)
    return float(mean), over_worlds(values, mean, simulation_error(values, _PERCENT), PER_CENT * runs)


def _displaced(results: Results, side: ArmPair, fewest: int) -> Iterator[Told]:
    """The share displaced, if the treaty gave anything that the scenario stops."""
    found = [k for k, (metric, by, _) in enumerate(results.keys) if metric == DISPLACEMENT and by == "baseline"]
    for k in found:
        shares, left = results.values[side.place, k], results.counts[side.place, k]
        moved = round(float(np.nansum(shares * left)))
        if np.isnan(shares).all():
            continue
        yield _row(side, WHOLE_WINDOW, "displaced", _share(shares), (int(left.sum()), moved), fewest)


def where_of(results: Results, sides: Sequence[ArmPair], fewest: int) -> pd.DataFrame:
    """``WHERE``: of what the treaty no longer gives, the per cent that is had by each kind of label, channel, text and host.

    A way that fewer than ``fewest`` cases took has its count and no per cent.
    """
    rows = []
    whole = [k for k, (metric, by, _) in enumerate(results.keys) if metric == DISPLACEMENT and by == "baseline"]
    for side in sides:
        left = sum(int(results.counts[side.place, k].sum()) for k in whole)
        for k, (metric, by, level) in enumerate(results.keys):
            if metric != DISPLACEMENT or by not in DISPLACED_BY or left < fewest:
                continue
            count = int(results.counts[side.place, k].sum())
            if not count:
                continue
            value, found = _share(results.values[side.place, k])
            own = {"scenario": side.scenario, "conduct": side.conduct, "by": by, "level": level, "value": value}
            row = own | {name: column.item() for name, column in found.columns().items()} | {"count": count, "of": left}
            rows.append(row if count >= fewest else _without(row, ("value", *RANGE_COLUMNS)))
    return pd.DataFrame(rows, columns=list(WHERE))


def _without(row: Told, names: Iterable[str]) -> Told:
    """A row without the numbers that may not be given."""
    return row | dict.fromkeys(names, np.nan)


def moved_of(results: Results, sides: Sequence[ArmPair], arm_runs: Sequence[ArmRun], fewest: int) -> pd.DataFrame:
    """``_MOVED_COLUMNS``: how adaptation moves disclosures between kinds of label, channels, texts and hosts, scenario by scenario.

    All in per cent of what the baseline discloses while nobody adapts, so the parts of a scenario add up to its whole and
    scenarios can be compared; ``moved`` is adaptive less naive under the same scenario, with what worlds say of it. The baseline
    itself is a scenario here. Levels with fewer than ``fewest`` events under both are left out; with fewer under one, its level
    and ``moved`` are missing.
    """
    places = _both_ways(sides, arm_runs)
    whole = mean_of(results.values[next(iter(places.values()))[0], results.keys.index((DISCLOSES, "all", "all"))])
    slices = [k for k, (metric, by, _) in enumerate(results.keys) if metric == DISCLOSES and by in (*DISPLACED_BY, "all")]
    rows = []
    for k in slices:
        for scenario, pair in places.items():
            events = [int(results.counts[place, k].sum()) for place in pair]
            if max(events) >= fewest:
                by, level = results.keys[k][1:]
                told = _shift([np.nan_to_num(results.values[place, k]) for place in pair], whole)
                own = {"scenario": scenario, "by": by, "level": level, "unit": _UNITS["moved"]}
                row = own | told | {"events_naive": events[0], "events_adaptive": events[1]}
                rows.append(_without(row, _unfit(events, fewest)))
    return (
        pd.DataFrame(rows, columns=list(_MOVED_COLUMNS))
        .sort_values(["scenario", "by", "level"], kind="stable")
        .reset_index(drop=True)
    )


def _unfit(events: Sequence[int], fewest: int) -> list[str]:
    """Numbers of a row of ``moved`` that too few events under one conduct, or both, forbid."""
    few = [conduct for conduct, count in zip(CONDUCTS, events, strict=True) if count < fewest]
    return [*few, "moved", *(named("moved", column) for column in RANGE_COLUMNS)] if few else []


def _both_ways(sides: Sequence[ArmPair], arm_runs: Sequence[ArmRun]) -> dict[str, tuple[int, int]]:
    """Places in the results of each scenario that was run under both conducts, naive and adaptive; the baseline comes first."""
    naive = {side.scenario: side for side in sides if side.conduct == NAIVE}
    adaptive = {side.scenario: side for side in sides if side.conduct == ADAPTIVE}
    some = next(iter(naive.values()))
    baseline = {arm_runs[some.against].name.rpartition(" ")[0]: (some.against, adaptive[some.scenario].against)}
    return baseline | {name: (side.place, adaptive[name].place) for name, side in naive.items() if name in adaptive}


def _shift(pair: Sequence[Reals], whole: Reals) -> Told:
    """Levels of naive and adaptive runs ``[W, L]`` and their distance, with what worlds say, per cent of ``whole`` ``[W]``."""
    naive, adaptive = map(mean_of, pair)
    gap = gap_of((adaptive, whole), (naive, whole))
    value, low, high = (PER_CENT * part for part in gap)
    level = np.where(whole > 0, whole, np.nan)
    runs = PER_CENT * (pair[1] - pair[0]) / level[:, None]
    found = over_worlds(mean_of(runs), value, Limits(low, high), runs)
    told: Told = {
        name: PER_CENT * float(ratio_of(side, whole).ratio) for name, side in zip(CONDUCTS, (naive, adaptive), strict=True)
    }
    told |= {"moved": float(value), "worlds": int(found.worlds), "inside": float(found.inside)}
    return told | {name: column.item() for name, column in found.columns("moved").items()}
