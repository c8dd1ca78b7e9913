"""People at risk by state of origin: what a scenario changes for those of each state, paired world by world, or their rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.analysis.run_tables import RunTables
from experiments.analysis.shrunk import shrunk
from experiments.statistics import chance_share, independent, mean_of, nested, sign_count, world_range, world_values
from sim.arrays import Flags, Reals
from sim.settings import Config

_PER = 100_000.0  # people: the base of rates
_LEAST_PEOPLE = 1000.0  # people at risk of an origin under which its rate is one or two persons' luck; assumption
COLUMNS = (
    *("code", "people", "events_baseline", "events", "baseline", "scenario", "difference", "world_low", "world_high"),
    *("worlds_agreeing", "worlds", "chance_share", "noise_sd", "kept", "shrunk"),
)
_LEVELS = ("baseline", "scenario")
_ALWAYS = ("code", "people", "events_baseline", "events", "worlds")  # what stands there however few events there are


def origins_of(pooled: RunTables, configs: Sequence[Config]) -> pd.DataFrame:
    """``origin_changes`` of two scenarios, the first the baseline, or ``origin_rates`` of one."""
    first, last = configs[0], configs[-1]
    given = last.years, last.metrics.fewest_events
    if len(configs) == 1:
        return origin_rates(pooled, last.scenario_name, *given)
    return origin_changes(pooled, first.scenario_name, last.scenario_name, *given)


def origin_changes(pooled: RunTables, baseline: str, scenario: str, years: int, fewest: int) -> pd.DataFrame:
    """By state of origin: people disclosed per 100 000 at risk a year in both scenarios, and the change, paired world by world.

    Columns ``COLUMNS``. A world's change is the mean over its replicates. ``world_low`` and ``world_high`` are the range of the
    change over worlds, ``worlds_agreeing`` in how many it has the sign of the mean; ``shrunk`` is the change drawn in towards none,
    by the share ``kept`` of it that ``noise_sd`` leaves. Missing where either scenario has fewer than ``fewest`` events, all runs
    together, or few people are at risk. One world has no range.
    """
    codes, worlds, people, before = _by_run(pooled, baseline)
    _, _, _, after = _by_run(pooled, scenario)
    rates = [_PER * counts / (people * years) for counts in (before, after)]
    change = rates[1] - rates[0]
    changed = np.abs(after - before).sum(1)
    enough = (np.minimum(before.sum(1), after.sum(1)) >= fewest) & (people.mean(1) >= _LEAST_PEOPLE)
    sides = _Sides(codes, worlds, people, (before, after), (rates[0], rates[1]))
    return _table(sides, change, changed * _one(people, years), enough)


def origin_rates(pooled: RunTables, scenario: str, years: int, fewest: int) -> pd.DataFrame:
    """The same of one scenario: ``difference`` and its range are those of the rate from the rate of all states together."""
    codes, worlds, people, events = _by_run(pooled, scenario)
    rates = _PER * events / (people * years)
    whole = _PER * events.sum() / (people.sum() * years)
    enough = (events.sum(1) >= fewest) & (people.mean(1) >= _LEAST_PEOPLE)
    sides = _Sides(codes, worlds, people, (events, events), (np.full_like(rates, whole), rates))
    return _table(sides, rates - whole, events.sum(1) * _one(people, years), enough)


def _one(people: Reals, years: int) -> Reals:
    """Variance ``[S]`` that one event more or less, by chance, adds to a rate that is the mean over runs."""
    return np.asarray((_PER / (people.sum(1) * years)) ** 2)


class _Sides(NamedTuple):
    """What stands in the table as it is."""

    codes: list[str]  # [S]
    worlds: NDArray[np.int64]  # [R] in which each run was
    people: Reals  # [S, R]
    events: tuple[Reals, Reals]  # [S, R] each, of the baseline and the scenario
    rates: tuple[Reals, Reals]


def _by_run(pooled: RunTables, scenario: str) -> tuple[list[str], NDArray[np.int64], Reals, Reals]:
    """Codes ``[S]``, the world of each run ``[R]``, and in each run people at risk and events ``[S, R]``."""
    rows = pooled.origins[pooled.origins["scenario"] == scenario]
    wide = rows.pivot_table(index="code", columns=["world", "seed"], values=["events", "people"], aggfunc="sum", observed=True)
    people, events = wide["people"], wide["events"]
    worlds = people.columns.get_level_values("world").to_numpy(np.int64)
    return [str(code) for code in wide.index], worlds, people.to_numpy(float), events.to_numpy(float)


def _table(sides: _Sides, change: Reals, by_chance: Reals, enough: Flags) -> pd.DataFrame:
    """All columns; ``by_chance`` ``[S]`` is the least noise: that of the events that make the change, if they were independent."""
    runs = nested(change, sides.worlds)
    worlds, units = world_values(runs), independent(runs)
    mean, count = mean_of(worlds), units.shape[1]
    own = units.var(1, ddof=1) / count if count > 1 else by_chance
    noise = np.maximum(own, by_chance)
    drawn = shrunk(mean, noise, 0.0, enough)
    over_worlds, agreeing = world_range(worlds), sign_count(worlds, np.sign(mean))
    counts = [part.sum(1).astype(np.int64) for part in sides.events]
    columns = {
        "code": sides.codes, "people": sides.people.mean(1), "events_baseline": counts[0], "events": counts[1],
        **{name: mean_of(world_values(nested(rate, sides.worlds))) for name, rate in zip(_LEVELS, sides.rates, strict=True)},
        "difference": mean,
        "world_low": over_worlds.low, "world_high": over_worlds.high, "worlds_agreeing": agreeing.worlds, "worlds": agreeing.of,
        "chance_share": chance_share(runs), "noise_sd": np.sqrt(noise), "kept": drawn.kept, "shrunk": drawn.values,
    }  # fmt: skip
    table = pd.DataFrame(columns)[[*COLUMNS]]
    hidden = [name for name in COLUMNS if name not in _ALWAYS]
    table[hidden] = table[hidden].astype(float)
    table.loc[~enough, hidden] = np.nan
    return table
