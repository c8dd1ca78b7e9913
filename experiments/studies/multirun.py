"""A job of ``rogatory run -m``: one point of a sweep that Hydra spells out, kept in the store that all its jobs share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.console import console_of
from experiments.design.designs import Design
from experiments.design.entries import POINT_COLUMNS
from experiments.design.points import of_the_sweep, point_id, refuse_fixed_world
from experiments.design.table import Points
from experiments.errors import INTERRUPTED, StoppedError
from experiments.execution.manifest import JOB
from experiments.execution.plan import planned
from experiments.execution.session import run_plan
from experiments.settings import asked_by
from sim.composition import SEARCHPATH
from sim.config import composed_values, key_of, value_of

MULTIRUN_DESIGN = Design(question="What does each combination of what was spelled out do?")


def main(together: str, *overrides: str) -> Path:
    """Run one job's configuration into the store ``multirun-<together>``, or the one that ``store`` names."""
    plain = composed_values(*overrides)
    config, asked = asked_by(*overrides)
    refuse_fixed_world(config)
    given = [override for override in overrides if not of_the_sweep(override)]
    settings = {_named(override): value_of(override) for override in given if key_of(override) not in ("scenario", SEARCHPATH)}
    scenario = config.scenario_name
    point = point_id(scenario, settings)
    row: dict[str, Any] = dict(zip(POINT_COLUMNS, (point, 0, scenario, "", 0, point), strict=True)) | settings
    points = Points(pd.DataFrame([row]), {point: plain}, [(point, {})])
    worlds = [config.seed + number for number in range(asked.seeds)]
    named = asked.model_copy(update={"store": asked.store or f"multirun-{together}"})
    command, more = f"run -m {' '.join(overrides)}", {"writer": f"{JOB}{point}", "overrides": tuple(given)}
    plan = planned("multirun", command, MULTIRUN_DESIGN, points, named, worlds, asked.replicates, **more)
    try:
        return run_plan(plan, console_of()).plan.folder
    except StoppedError as stopped:
        if stopped.status != INTERRUPTED:
            raise
        rest = KeyboardInterrupt()  # the jobs that follow are not to begin
        rest.add_note(str(stopped).removeprefix("interrupted; "))
        raise rest from None


def _named(override: str) -> str:
    """The key that an override sets; one that is taken away is not one that is set to nothing."""
    return f"~{key_of(override)}" if override.startswith("~") else key_of(override)


def multirun_digest(arguments: Sequence[str]) -> str:
    """Eight hexadecimal characters that all jobs of one multirun share, and its resumption too, wherever and by whom it is run."""
    of_all = (word for word in arguments if not (of_the_sweep(word) or word.startswith("-") or key_of(word).startswith("hydra")))
    return point_id(" ".join(sorted(of_all)), {})[:8]
