"""People at risk by state of origin: what a scenario changes for those of each state, paired world by world, or their rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.analysis.run_tables import RunTables
from experiments.analysis.shrunk import shrunk
from experiments.statistics import mean_of, sign_count, world_range
from sim.arrays import Flags, Reals
from sim.settings import Config

_PER = 100_000.0  # people: the base of rates
_LEAST_PEOPLE = 1000.0  # people at risk of an origin under which its rate is one or two persons' luck; assumption
COLUMNS = (
    *("code", "people", "events_baseline", "events", "baseline", "scenario", "difference", "world_low", "world_high"),
    *("worlds_agreeing", "worlds", "noise_sd", "kept", "shrunk"),
)
_ALWAYS = ("code", "people", "events_baseline", "events", "worlds")  # what stands there however few events there are


def origins_of(pooled: RunTables, configs: Sequence[Config]) -> pd.DataFrame:
    """``origin_changes`` of two scenarios, the first the baseline, or ``origin_rates`` of one."""
    first, last = configs[0], configs[-1]
    given = last.years, last.metrics.fewest_events, last.world_seed is not None
    if len(configs) == 1:
        return origin_rates(pooled, last.scenario_name, *given)
    return origin_changes(pooled, first.scenario_name, last.scenario_name, *given)


def origin_changes(
    pooled: RunTables, baseline: str, scenario: str, years: int, fewest: int, one_world: bool = False
) -> pd.DataFrame:  # fmt: skip
    """By state of origin: people disclosed per 100 000 at risk a year in both scenarios, and the change, paired world by world.

    Columns ``COLUMNS``. ``world_low`` and ``world_high`` are the range of the change over worlds, ``worlds_agreeing`` in how many
    it has the sign of the mean; ``shrunk`` is the change drawn in towards none, by the share ``kept`` of it that ``noise_sd``
    leaves. Missing where either scenario has fewer than ``fewest`` events, all runs together, or few people are at risk. With
    ``one_world`` a run is a replicate of the only world, which has no range.
    """
    codes, people, before = _by_world(pooled, baseline)
    _, _, after = _by_world(pooled, scenario)
    rates = [_PER * counts / (people * years) for counts in (before, after)]
    change = rates[1] - rates[0]
    changed = np.abs(after - before).sum(1)
    enough = (np.minimum(before.sum(1), after.sum(1)) >= fewest) & (people.mean(1) >= _LEAST_PEOPLE)
    return _table(
        _Sides(codes, people, (before, after), (rates[0], rates[1])), change, changed * _one(people, years), enough, one_world
    )


def origin_rates(pooled: RunTables, scenario: str, years: int, fewest: int, one_world: bool = False) -> pd.DataFrame:
    """The same of one scenario: ``difference`` and its range are those of the rate from the rate of all states together."""
    codes, people, events = _by_world(pooled, scenario)
    rates = _PER * events / (people * years)
    whole = _PER * events.sum() / (people.sum() * years)
    enough = (events.sum(1) >= fewest) & (people.mean(1) >= _LEAST_PEOPLE)
    sides = _Sides(codes, people, (events, events), (np.full_like(rates, whole), rates))
    return _table(sides, rates - whole, events.sum(1) * _one(people, years), enough, one_world)


def _one(people: Reals, years: int) -> Reals:
    """Variance ``[S]`` that one event more or less, by chance, adds to a rate that is the mean over runs."""
    return np.asarray((_PER / (people.sum(1) * years)) ** 2)


class _Sides(NamedTuple):
    """What stands in the table as it is."""

    codes: list[str]  # [S]
    people: Reals  # [S, R]
    events: tuple[Reals, Reals]  # [S, R] each, of the baseline and the scenario
    rates: tuple[Reals, Reals]


def _by_world(pooled: RunTables, scenario: str) -> tuple[list[str], Reals, Reals]:
    """Codes ``[S]``, and in each run people at risk and events ``[S, W]``."""
    rows = pooled.origins[pooled.origins["scenario"] == scenario]
    wide = rows.pivot_table(index="code", columns="seed", values=["events", "people"], aggfunc="sum", observed=True)
    return [str(code) for code in wide.index], wide["people"].to_numpy(float), wide["events"].to_numpy(float)


def _table(sides: _Sides, change: Reals, by_chance: Reals, enough: Flags, one_world: bool) -> pd.DataFrame:
    """All columns; ``by_chance`` ``[S]`` is the least noise: that of the events that make the change, if they were independent."""
    runs, mean = change.shape[1], mean_of(change)
    own = change.var(1, ddof=1) / runs if runs > 1 else by_chance
    noise = np.maximum(own, by_chance)
    drawn = shrunk(mean, noise, 0.0, enough)
    worlds = mean[:, None] if one_world else change
    over_worlds, agreeing = world_range(worlds), sign_count(worlds, np.sign(mean))
    counts = [part.sum(1).astype(np.int64) for part in sides.events]
    columns = {
        "code": sides.codes, "people": sides.people.mean(1), "events_baseline": counts[0], "events": counts[1],
        "baseline": mean_of(sides.rates[0]), "scenario": mean_of(sides.rates[1]), "difference": mean,
        "world_low": over_worlds.low, "world_high": over_worlds.high, "worlds_agreeing": agreeing.worlds, "worlds": agreeing.of,
        "noise_sd": np.sqrt(noise), "kept": drawn.kept, "shrunk": drawn.values,
    }  # fmt: skip
    table = pd.DataFrame(columns)[[*COLUMNS]]
    hidden = [name for name in COLUMNS if name not in _ALWAYS]
    table[hidden] = table[hidden].astype(float)
    table.loc[~enough, hidden] = np.nan
    return table
