"""What the runs of a study of one or two scenarios left, pooled: the tables that its summaries and figures are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.execution.jobs import seed_of
from experiments.execution.plan import Plan
from experiments.store.kept import HOURS_METRIC
from experiments.store.reader import StoredStudy
from experiments.store.results import follows_cases
from experiments.store.schema import RunKey
from sim.metrics import displaced

VIEW_NAMES = ("flows", "fates", "backlog", "origins", "sides")
_RUN = ("scenario", "world", "seed")


class RunTables(NamedTuple):
    """Tables of all runs, each with ``scenario, world, seed``: scenarios in their order, and in each the event seeds in theirs."""

    metrics: pd.DataFrame  # metric, by, level, value, count
    flows: pd.DataFrame  # requester, requested, disclosures
    fates: pd.DataFrame  # purpose, stage, cases
    backlog: pd.DataFrame  # month, quantity, months
    origins: pd.DataFrame  # code, events, people
    sides: pd.DataFrame  # requested, purpose, requests

    def of(self, scenarios: Sequence[str]) -> RunTables:
        """The rows of some scenarios."""
        return RunTables(*(table[table["scenario"].isin(scenarios)].reset_index(drop=True) for table in self))


def run_tables_in(plan: Plan) -> RunTables:
    """The tables of what a plan asked for; of a scenario that is read against another its displacement, too."""
    study, points = StoredStudy(plan.folder), plan.points.frame
    estimates = _of_the_plan(study.data(), plan)
    metrics = estimates.loc[estimates["metric"] != HOURS_METRIC, [*_RUN, "metric", "by", "level", "value", "count"]]
    views = {name: _of_the_plan(study.views(name), plan) for name in VIEW_NAMES}
    if (points["against"] != points["point"]).any():
        metrics = _with_displacement(metrics, study, plan)
    return RunTables(
        metrics.reset_index(drop=True),
        _named(views["flows"], {"requester": "a", "requested": "b", "disclosures": "count"}),
        _named(views["fates"], {"purpose": "a", "stage": "b", "cases": "count"}),
        _named(views["backlog"], {"month": "b", "quantity": "a", "months": "value"}).astype({"month": "int64"}),
        _named(views["origins"], {"code": "a", "events": "count", "people": "value"}),
        _named(views["sides"], {"requested": "a", "purpose": "b", "requests": "count"}),
    )


def event_seeds_of(plan: Plan) -> list[int]:
    """The event seeds of a plan's runs, world by world."""
    base = next(iter(plan.points.bases.values()))
    return [seed_of(base, RunKey("", world, replicate)) for world in plan.worlds for replicate in range(plan.replicates)]


def _of_the_plan(rows: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The rows of the runs that were asked for, scenario by scenario and seed by seed, each run's in its own order."""
    points = plan.points.frame
    place = pd.Series(range(len(points)), points["point"])
    kept = rows[rows["point"].isin(points["point"]) & rows["world_seed"].isin(plan.worlds) & (rows["replicate"] < plan.replicates)]
    at, runs = place[kept["point"]].to_numpy(), dict(zip(_runs_of(plan), event_seeds_of(plan), strict=True))
    seeds = [runs[run] for run in zip(kept["world_seed"], kept["replicate"], strict=True)]
    named = kept.assign(scenario=points["scenario"].to_numpy()[at], world=kept["world_seed"], seed=np.array(seeds, np.int64), at=at)
    return named.sort_values(["at", "seed"], kind="stable")


def _runs_of(plan: Plan) -> list[tuple[int, int]]:
    return [(world, replicate) for world in plan.worlds for replicate in range(plan.replicates)]


def _named(rows: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame({key: rows[key] for key in _RUN} | {name: rows[column] for name, column in columns.items()}).reset_index(
        drop=True
    )


def _with_displacement(metrics: pd.DataFrame, study: StoredStudy, plan: Plan) -> pd.DataFrame:
    """A row more for each run of a scenario that is read against another, where both follow their cases as long as is defined.

    Of the cases that it disclosed through the treaty and the other did not, the share that the other disclosed another way.
    """
    points = plan.points.frame
    names, ids = [str(name) for name in points["scenario"]], [str(point) for point in points["point"]]
    pairs = [(place, ids.index(other)) for place, other in enumerate(points["against"]) if other != ids[place]]
    results = study.results(ids, plan.worlds, plan.replicates)
    given = study.given(results, ids)
    rows = []
    for (world, replicate), seed in zip(_runs_of(plan), event_seeds_of(plan), strict=True):
        at = plan.worlds.index(world)
        for place, other in pairs:
            if not all(follows_cases(results, (side, at, replicate)) for side in (place, other)):
                continue
            found = displaced(given[place, at, replicate], given[other, at, replicate])
            rows.append((names[place], world, seed, "displacement_rate", "baseline", names[other], found.share, found.left))
    whole = pd.concat([metrics, pd.DataFrame(rows, columns=metrics.columns)], ignore_index=True)
    order = {name: place for place, name in enumerate(names)}
    return whole.assign(at=whole["scenario"].map(order)).sort_values(["at", "seed"], kind="stable").drop(columns="at")
