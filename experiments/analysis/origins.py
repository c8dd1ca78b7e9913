"""People at risk by state of origin: what a scenario changes for those of each state, paired world by world, or their rate."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.analysis.run_tables import RunTables
from experiments.analysis.shrunk import shrunk
from experiments.statistics import mean_of, sign_count, world_range
from sim.arrays import Reals

_PER = 100_000.0  # people: the base of rates
_LEAST_PEOPLE = 1000.0  # people at risk of an origin under which its rate is one or two persons' luck; assumption
COLUMNS = (
    *("code", "people", "events_baseline", "events", "baseline", "scenario", "difference", "world_low", "world_high"),
    *("worlds_agreeing", "worlds", "noise_sd", "kept", "shrunk"),
)


def origin_changes(pooled: RunTables, baseline: str, scenario: str, years: int, fewest: int) -> pd.DataFrame:
    """By state of origin: people disclosed per 100 000 at risk a year in both scenarios, and the change, paired world by world.

    Columns ``COLUMNS``. ``world_low`` and ``world_high`` are the range of the change over worlds, ``worlds_agreeing`` in how many
    it has the sign of the mean; ``shrunk`` is the change drawn in towards none, by the share ``kept`` of it that ``noise_sd``
    leaves. Missing where either scenario has fewer than ``fewest`` events, all runs together, or few people are at risk.
    """
    codes, people, before = _by_world(pooled, baseline)
    _, _, after = _by_world(pooled, scenario)
    rates = [_PER * counts / (people * years) for counts in (before, after)]
    change = rates[1] - rates[0]
    changed = np.abs(after - before).sum(1)
    return _table(codes, people, (before, after), (rates[0], rates[1]), change, changed, years, fewest)


def origin_rates(pooled: RunTables, scenario: str, years: int, fewest: int) -> pd.DataFrame:
    """The same of one scenario: ``difference`` and its range are those of the rate from the rate of all states together."""
    codes, people, events = _by_world(pooled, scenario)
    rates = _PER * events / (people * years)
    whole = _PER * events.sum() / (people.sum() * years)
    return _table(codes, people, (events, events), (np.full_like(rates, whole), rates), rates - whole, events.sum(1), years, fewest)


def _by_world(pooled: RunTables, scenario: str) -> tuple[list[str], Reals, Reals]:
    """Codes ``[S]``, and in each run people at risk and events ``[S, W]``."""
    rows = pooled.origins[pooled.origins["scenario"] == scenario]
    wide = rows.pivot_table(index="code", columns="seed", values=["events", "people"], aggfunc="sum", observed=True)
    return [str(code) for code in wide.index], wide["people"].to_numpy(float), wide["events"].to_numpy(float)


def _table(
    codes: list[str], people: Reals, events: tuple[Reals, Reals], rates: tuple[Reals, Reals], change: Reals, changed: Reals,
    years: int, fewest: int,
) -> pd.DataFrame:  # fmt: skip
    """All columns; ``changed`` ``[S]`` is how many events make the change, which cannot be less noisy than as many by chance."""
    W = change.shape[1]
    counts = [part.sum(1) for part in events]
    enough = (np.minimum(*counts) >= fewest) & (people.mean(1) >= _LEAST_PEOPLE)
    by_chance = changed * (_PER / (people.sum(1) * years)) ** 2
    own = change.var(1, ddof=1) / W if W > 1 else by_chance
    noise, mean = np.maximum(own, by_chance), mean_of(change)
    drawn = shrunk(mean, noise, 0.0, enough)
    over_worlds, agreeing = world_range(change), sign_count(change, np.sign(mean))
    columns = {
        "code": codes, "people": people.mean(1), "events_baseline": counts[0].astype(np.int64),
        "events": counts[1].astype(np.int64),
        "baseline": mean_of(rates[0]), "scenario": mean_of(rates[1]), "difference": mean, "world_low": over_worlds.low,
        "world_high": over_worlds.high, "worlds_agreeing": agreeing.worlds, "worlds": agreeing.of, "noise_sd": np.sqrt(noise),
        "kept": drawn.kept, "shrunk": drawn.values,
    }  # fmt: skip
    table = pd.DataFrame(columns)[[*COLUMNS]]
    hidden = [name for name in COLUMNS if name not in ("code", "people", "events_baseline", "events", "worlds")]
    table[hidden] = table[hidden].astype(float)
    table.loc[~enough, hidden] = np.nan
    return table
