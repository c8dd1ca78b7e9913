"""An adaptive design run to its end: each generation of points is asked for when all before it have been run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console

from experiments.cube import Outcome
from experiments.points import points_of_rows
from experiments.search import Told, next_generation
from experiments.store.reader import StoredStudy
from experiments.store.store import Store
from experiments.sweep import Plan, Turn, conduct
from sim.world.leaves import leaves_of


def search(plan: Plan, store: Store, console: Console) -> tuple[Plan, Turn]:
    """Search; what is in the store already is told to the sampler again and not run anew. Returns the plan with all its points."""
    asked_for = plan.design.search
    if asked_for is None:
        raise ValueError("a design without search is no adaptive one")
    history: list[list[Told]] = []
    whole = Turn()
    for number in range(asked_for.generations):
        with plan.design.telling():
            asked = next_generation(plan.design, history, _adopted(plan))
        generations = [*([row for row, _ in told] for told in history), asked]
        rows: list[dict[str, Any]] = [
            {"scenario": plan.design.baseline, "condition": "", "draw": place} | row
            for place, generation in enumerate(generations)
            for row in generation
        ]
        plan = plan._replace(points=points_of_rows(rows, plan.design, plan.overrides))
        console.print(f"generation {number + 1} of {asked_for.generations}", highlight=False)
        whole.add(conduct(plan, store, console))
        history.append(list(zip(asked, _objectives(plan, len(asked)), strict=True)))
    return plan, whole


def _adopted(plan: Plan) -> dict[str, Any]:
    """The baseline's own values of what is searched."""
    leaves = leaves_of(next(iter(plan.points.bases.values())))
    return {key: leaves[key] for key in plan.design.uncertainties if key in leaves}


def _objectives(plan: Plan, last: int) -> Sequence[list[float] | None]:
    """Mean objectives of the latest generation; None where a run is missing."""
    study, wanted = StoredStudy(plan.folder), plan.design.search
    cubes = [study.cube(Outcome(name)) for name in (wanted.objectives if wanted else ())]
    places = {str(point): place for place, point in enumerate(study.points["point"])}
    found: list[list[float] | None] = []
    for point in plan.points.frame["point"].iloc[-last:]:
        runs = [cube.values[places[point]][np.isin(cube.worlds, plan.worlds)][:, : plan.luck] for cube in cubes]
        whole = all(values.shape == (len(plan.worlds), plan.luck) and not np.isnan(values).any() for values in runs)
        found.append([float(values.mean()) for values in runs] if whole else None)
    return found
