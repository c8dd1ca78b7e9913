"""Tidy frames for the figures, pooled over replicates; no figure is drawn here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from experiments.analysis.run_tables import RunTables
from experiments.analysis.summary import FRACTION, beside, headline_of
from experiments.statistics import clear_of_zero, mean_of, nested, world_range, world_values
from experiments.store.kept import STAGES
from experiments.text import PER_CENT, distinct
from sim.settings import Config
from sim.sources.tables import read_states
from sim.world.vocabulary import DAYS_PER_MONTH

_SHORT = {
    "people a year": "people a year",
    "people per 100 000 at risk a year": "per 100 000 a year",
    "months of capacity": "months",
}


def targeted_frame(summary: pd.DataFrame) -> pd.DataFrame:
    """Targeted rate by group and scenario with ranges over worlds."""
    rows = summary[(summary["metric"] == "targeted_rate") & (summary["by"] == "group")]
    rows = rows.rename(columns={"level": "group", "world_low": "low", "world_high": "high"})
    columns = ["scenario", "group", "mean", "low", "high", "runs", "events", "chance_share"]
    return pd.DataFrame(rows[columns].reset_index(drop=True))


def flows_frame(pooled: RunTables, scenario: str) -> pd.DataFrame:
    """Disclosures of people at risk by pair of states, all runs of a scenario together."""
    rows = pooled.flows[pooled.flows["scenario"] == scenario]
    runs = int(pooled.metrics.loc[pooled.metrics["scenario"] == scenario, "seed"].nunique())
    total = rows.groupby(["requester", "requested"], as_index=False)["disclosures"].sum()
    ranked: pd.DataFrame = total.assign(runs=runs).sort_values(
        ["disclosures", "requester", "requested"], ascending=[False, True, True]
    )
    return ranked


def fates_frame(pooled: RunTables) -> pd.DataFrame:
    """Latent cases by scenario, purpose and stage, all runs together, stages in order."""
    total = pooled.fates.groupby(["scenario", "purpose", "stage"], as_index=False, sort=False)["cases"].sum()
    order = pd.Categorical(total["stage"], categories=list(STAGES), ordered=True)
    ordered: pd.DataFrame = total.assign(stage=order).sort_values(["scenario", "purpose", "stage"])
    return ordered.astype({"stage": str}).reset_index(drop=True)


def backlog_frame(pooled: RunTables, configs: list[Config]) -> pd.DataFrame:
    """Backlog in months of capacity, mean and range over worlds, with dates; authorities by name only where every run has them.

    A world's value is the mean over its replicates; one world has no range.
    """
    runs = pooled.metrics.groupby("scenario")["seed"].nunique()
    keys = ["scenario", "quantity", "month"]
    wide = pooled.backlog.pivot_table(index=keys, columns=["world", "seed"], values="months", sort=False, observed=True)
    wanted = np.array([runs[scenario] for scenario in wide.index.get_level_values("scenario")])
    wide = wide[wide.notna().sum(axis=1).to_numpy() == wanted]
    values = world_values(nested(wide.to_numpy(float), wide.columns.get_level_values("world").to_numpy()))
    over_worlds = world_range(values)
    ends = {"low": over_worlds.low, "high": over_worlds.high, "worlds": over_worlds.worlds, "months": mean_of(values)}
    frame = pd.DataFrame({key: wide.index.get_level_values(key) for key in keys} | ends)
    start = pd.Timestamp(configs[0].start)
    frame["date"] = start + pd.to_timedelta(frame["month"] * DAYS_PER_MONTH, unit="D")
    return frame.reindex(columns=["date", "scenario", "quantity", "low", "high", "worlds", "months"])


def origins_frame(changes: pd.DataFrame, config: Config, change: bool) -> pd.DataFrame:
    """A row a state of origin as the map has it, from ``origin_changes`` or, without ``change``, ``origin_rates``."""
    values = changes["shrunk"] if change else changes["baseline"] + changes["shrunk"]
    low, high = (changes[name].to_numpy(float) for name in ("world_low", "world_high"))
    clear = change & clear_of_zero(
        low, high, changes["worlds"].to_numpy(), np.nan
    )  # of a state of origin the share of luck is not known
    total = changes[["code", "events_baseline", "events"]].assign(value=values, clear=clear)
    places = states_of(config) if config.states.source == "real" else None
    if places is None:
        lon = np.linspace(-150, 150, len(total))
        placed = total.assign(name=total["code"], lon=lon, lat=40 * np.sin(np.arange(len(total))))
    else:
        placed = total.merge(places[["name", "lon", "lat"]], left_on="code", right_index=True, how="inner")
    return placed[["code", "name", "lon", "lat", "clear", "value", "events_baseline", "events"]]


def headline_frame(comparison: pd.DataFrame) -> pd.DataFrame:
    """Paired differences of the headline estimands in per cent of the baseline, with their ranges over worlds.

    Under both capacities an estimand has two rows, one under the other; ``beside`` says of the second which capacity it has.
    """
    capacities = distinct(comparison["capacity"])
    rows = beside(headline_of(comparison), capacities)
    # preserved_only rises from next to nothing: its percentage would dwarf all others; the disclosure rate stands on one footing
    rows = rows[~rows["metric"].isin(("preserved_only", "case_disclosure_rate"))].reset_index(drop=True)
    name = rows["metric"].where(rows["level"] == "all", rows["metric"] + " " + rows["level"])
    levels = zip(rows["baseline"], rows["unit"], strict=True)
    units = ["" if np.isnan(base) else _level(float(base), str(unit)) for base, unit in levels]
    second = rows["capacity"].where(rows["capacity"] != capacities[0], "") if capacities else ""
    return pd.DataFrame({"metric": name, **_in_per_cent(rows), "unit": units, "events": rows["events"], "beside": second})


def _level(base: float, unit: str) -> str:
    """From which value a change goes, with its unit; a fraction in per cent of what it is a fraction of.

    >>> _level(0.0839, "fraction of latent abusive cases"), _level(4.2, "months of capacity"), _level(1.95, "own unit")
    ('from 8.39 % of latent abusive cases', 'from 4.2 months', 'from 1.95 own unit')
    """
    if unit.startswith(FRACTION):
        return f"from {PER_CENT * base:.3g} %{unit.removeprefix(FRACTION)}"
    return f"from {base:.3g} {_SHORT.get(unit, unit)}".strip()


def targeted_change_frame(comparison: pd.DataFrame, summary: pd.DataFrame, baseline: str, scenario: str) -> pd.DataFrame:
    """Paired differences of the targeted rate by group in per cent of the baseline, with both rates and the events of both."""
    rows = comparison[(comparison["metric"] == "targeted_rate") & (comparison["by"] == "group")].reset_index(drop=True)
    own = summary[(summary["metric"] == "targeted_rate") & (summary["by"] == "group")]
    events = [rows["level"].map(own[own["scenario"] == name].set_index("level")["events"]) for name in (baseline, scenario)]
    levels = {"group": rows["level"], "baseline": rows["baseline"], "value": rows["scenario"]}
    return pd.DataFrame({**levels, **_in_per_cent(rows), "events_baseline": events[0], "events": events[1]})


def _in_per_cent(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """A change with its range and its simulation error in per cent of the baseline, and in how many worlds it has its sign."""
    return {
        "difference": rows["percent"],
        **{end: rows[f"percent_{end}"] for end in ("world_low", "world_high", "error_low", "error_high")},
        "agreeing": rows["worlds_agreeing"],
        "worlds": rows["worlds"],
        "chance_share": rows["chance_share"],
    }


def sides_frame(pooled: RunTables) -> pd.DataFrame:
    """Share of requests and disclosures by requested state, all states."""
    total: pd.DataFrame = pooled.sides.groupby(["scenario", "requested", "purpose"])["requests"].sum().reset_index()
    whole = total.groupby(["scenario", "purpose"])["requests"].transform("sum")
    total["share"] = np.where(whole > 0, total["requests"] / whole.where(whole > 0, 1), np.nan)
    return total.sort_values(["requested", "scenario", "purpose"]).reset_index(drop=True)


def names_of(config: Config) -> dict[str, str]:
    """Short names of the states by code; made-up states go by their code."""
    if config.states.source != "real":
        return {}
    return {str(code): str(name) for code, name in states_of(config)["name"].items()}


def outside_of(config: Config) -> tuple[str, ...]:
    """States that have not signed the Convention (real worlds): those whose hosting the treaty does not reach."""
    if config.states.source != "real":
        return ()
    table = states_of(config)
    signed = (table[["hanoi_signatory", "hanoi_signed_later"]] > 0).any(axis=1)
    return tuple(str(code) for code in table.index[~signed])


def states_of(config: Config) -> pd.DataFrame:
    """The states table that a configuration reads."""
    return read_states(Path(config.states.table) if config.states.table else None)
