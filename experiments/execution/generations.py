"""An adaptive design run to its end: each generation of points is asked for when all before it have been run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.console import Console

from experiments.design.points import points_of_rows
from experiments.design.search import ScoredRow, next_generation
from experiments.design.setters import PointRow
from experiments.execution.manifest import Session
from experiments.execution.plan import Plan
from experiments.execution.session import Further
from experiments.store.reader import StoredStudy
from sim.world.leaves import Plain, leaves_of


def searching(plan: Plan, console: Console) -> tuple[Plan, Further]:
    """The first generation of a search, and what asks for the next one when all runs before it have ended.

    What is in the store already is told to the sampler again and not run anew.
    """
    asked_for = plan.design.search
    if asked_for is None:
        raise ValueError("a design without search is no adaptive one")
    history: list[list[ScoredRow]] = []

    def next_plan(plan: Plan) -> tuple[Plan, list[PointRow]]:
        with plan.design.telling():
            asked = next_generation(plan.design, history, _adopted(plan))
        generations = [*([row for row, _ in told] for told in history), asked]
        rows: list[PointRow] = [
            {"scenario": plan.design.baseline, "condition": "", "draw": place} | row
            for place, generation in enumerate(generations)
            for row in generation
        ]
        console.print(f"generation {len(history) + 1} of {asked_for.generations}", highlight=False)
        last = len(history) + 1 == asked_for.generations
        return plan._replace(points=points_of_rows(rows, plan.design, plan.overrides), open_ended=not last), asked

    def further(plan: Plan, turn: Session) -> Plan | None:
        history.append(list(zip(latest[0], _objectives(plan, len(latest[0])), strict=True)))
        if len(history) == asked_for.generations:
            return None
        plan, latest[0] = next_plan(plan)
        return plan

    first, asked = next_plan(plan)
    latest = [asked]
    return first, further


def _adopted(plan: Plan) -> Plain:
    """The baseline's own values of what is searched."""
    leaves = leaves_of(next(iter(plan.points.bases.values())))
    return {key: leaves[key] for key in plan.design.uncertainties if key in leaves}


def _objectives(plan: Plan, last: int) -> Sequence[list[float] | None]:
    """Mean objectives of the latest generation; None where a run is missing."""
    wanted = plan.design.search
    points = [str(point) for point in plan.points.frame["point"].iloc[-last:]]
    results = StoredStudy(plan.folder).results(points, plan.worlds, plan.replicates)
    keys = [results.keys.index((name, "all", "all")) for name in (wanted.objectives if wanted else ())]
    place = {point: number for number, point in enumerate(dict.fromkeys(points))}
    values = [results.values[place[point]][keys] for point in points]
    return [None if np.isnan(runs).any() else [float(mean) for mean in runs.mean(axis=(1, 2))] for runs in values]
