"""A design run to its end, whatever comes between: ``rogatory sweep design=NAME`` starts, resumes and expands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from experiments.console import Terminal, console_of
from experiments.design.designs import design_of, sized_by
from experiments.design.points import idle_sentence, of_the_sweep, points_of, refuse_fixed_world, refuse_scenario, sized
from experiments.design.sampling import size_sentence
from experiments.execution.plan import Plan, planned
from experiments.execution.session import run_plan
from experiments.output import safe_name
from experiments.settings import asked_by
from experiments.store.store import WHOLE_STORE
from sim.config import options
from sim.world.record import ConfigError

MOST_RUNS = 5_000_000
"""Runs of a sweep; *assumption*: years of one machine, and what its memory holds the keys of."""


def main(*overrides: str) -> Path:
    """Run a design; returns the folder of the store. Raises ``ConfigError`` and ``StoppedError``."""
    plan, further = sweep_plan(overrides), None
    console = console_of()
    if plan.design.search is not None:
        from experiments.execution.generations import searching

        plan, further = searching(plan, console)
    return run_plan(plan, console, further).plan.folder


def sweep_plan(overrides: Sequence[str]) -> Plan:
    """What is asked for. Raises ``ConfigError``."""
    config, asked = asked_by(*overrides)
    if asked.design is None:
        raise ConfigError(f"design: found none; accepted: one of {', '.join(options('design'))}, or the path of a YAML file")
    refuse_fixed_world(config)
    refuse_scenario(overrides)
    design = sized(design_of(asked.design), asked.size)
    of_all = [override for override in overrides if not of_the_sweep(override)]
    if told := size_sentence(design):
        Terminal(stderr=True).print(told, highlight=False)
    points = points_of(design, of_all)
    if told := idle_sentence(points.frame, design):
        Terminal(stderr=True).print(told, highlight=False, soft_wrap=True)
    asked = sized_by(design, asked, overrides)
    seeds, shard = asked.seeds, _shard(asked.shard)
    runs = len(points.frame) * seeds * asked.replicates
    if runs > MOST_RUNS:
        raise ConfigError(f"seeds: found {runs:,} runs of {len(points.frame):,} points; accepted: at most {MOST_RUNS:,} of a sweep")
    if design.search is not None and asked.shard is not None:
        raise ConfigError(
            f"shard: found {asked.shard!r} with a search; accepted: null, for each generation waits for the one before"
        )
    writer = WHOLE_STORE if asked.shard is None else f"{shard[0]}_of_{shard[1]}"
    worlds = [config.seed + number for number in range(seeds)]
    name, command = safe_name(Path(asked.design or "").stem), " ".join(["sweep", *overrides])
    more = {"writer": writer, "shard": shard, "overrides": tuple(of_all)}
    return planned(name, command, design, points, asked, worlds, asked.replicates, **more)


def _shard(asked: str | None) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", asked or "1/1")
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ConfigError(f"shard: found {asked!r}; accepted: a number and how many there are, such as 1/4")
    return int(found[1]), int(found[2])
