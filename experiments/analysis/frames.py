"""Tidy frames for the figures, pooled over replicates; no figure is drawn here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from experiments.analysis.run_tables import RunTables
from experiments.analysis.summary import headline_of
from experiments.store.kept import STAGES
from sim.settings import Config
from sim.sources.tables import read_states
from sim.world.vocabulary import DAYS_PER_MONTH

_LEAST_PEOPLE = 1000.0  # people at risk of an origin under which its rate is one or two persons' luck
_LEAST_RUNS = 0.5  # share of runs in which an origin must have been hit at all
_PER = 100_000.0  # people: the base of rates

_SHORT = {
    "people a year": "people a year",
    "people per 100 000 at risk a year": "per 100 000 a year",
    "months of capacity": "months",
}


def targeted_frame(summary: pd.DataFrame) -> pd.DataFrame:
    """Targeted rate by group and scenario with ranges over worlds."""
    rows = summary[(summary["metric"] == "targeted_rate") & (summary["by"] == "group")]
    rows = rows.rename(columns={"level": "group", "world_low": "low", "world_high": "high"})
    columns = ["scenario", "group", "mean", "low", "high", "runs", "events"]
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
    """Backlog in months of capacity, mean over runs, with dates; authorities followed by name only where every run has them."""
    runs = pooled.metrics.groupby("scenario")["seed"].nunique()
    mean = pooled.backlog.groupby(["scenario", "quantity", "month"], as_index=False, sort=False)["months"].agg(["mean", "size"])
    mean = mean[mean["size"] == mean["scenario"].map(runs)]
    start = pd.Timestamp(configs[0].start)
    date = start + pd.to_timedelta(mean["month"] * DAYS_PER_MONTH, unit="D")
    return mean.assign(date=date, months=mean["mean"])[["date", "scenario", "quantity", "months"]].reset_index(drop=True)


def origins_frame(pooled: RunTables, scenario: str, config: Config) -> pd.DataFrame:
    """Targeted people per 100 000 at risk a year by origin, all runs of a scenario together."""
    rows = pooled.origins[pooled.origins["scenario"] == scenario]
    total = rows.groupby("code", as_index=False)[["events", "people"]].sum()
    places = states_of(config) if config.states.source == "real" else None
    if places is None:
        lon = np.linspace(-150, 150, len(total))
        placed = total.assign(name=total["code"], lon=lon, lat=40 * np.sin(np.arange(len(total))))
    else:
        placed = total.merge(places[["name", "lon", "lat"]], left_on="code", right_index=True, how="inner")
    return placed.assign(value=placed["events"] * _PER / (placed["people"] * config.years))[
        ["code", "name", "lon", "lat", "value", "events"]
    ]


def thin_origins(pooled: RunTables, scenario: str) -> tuple[str, ...]:
    """Origins whose rate would be noise: few people at risk, or hit in less than half of the runs."""
    rows = pooled.origins[pooled.origins["scenario"] == scenario]
    by_code = rows.groupby("code").agg(people=("people", "mean"), hit=("events", lambda e: (e > 0).mean()))
    thin = (by_code["people"] < _LEAST_PEOPLE) | (by_code["hit"] < _LEAST_RUNS)
    return tuple(str(code) for code in by_code.index[thin])


def headline_frame(comparison: pd.DataFrame) -> pd.DataFrame:
    """Paired differences of the headline estimands in per cent of the baseline, with their ranges over worlds."""
    rows = headline_of(comparison)
    # preserved_only rises from next to nothing: its percentage would dwarf all others
    rows = rows[rows["metric"] != "preserved_only"].reset_index(drop=True)
    name = rows["metric"].where(rows["level"] == "all", rows["metric"] + " " + rows["level"])
    units = [f"from {b:.3g} {_SHORT.get(u, '')}".strip() for b, u in zip(rows["baseline"], rows["unit"], strict=True)]
    return pd.DataFrame(
        {
            "metric": name, "difference": rows["percent"], "low": rows["percent_world_low"], "high": rows["percent_world_high"],
            "unit": units, "events": rows["events"],
        }
    )  # fmt: skip


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
