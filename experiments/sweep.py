"""A design run to its end, whatever comes between: ``rogatory sweep design=NAME`` starts, resumes and expands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from experiments.designs import design_of, sized_by
from experiments.execution import Plan, planned, run_plan
from experiments.output import safe_name
from experiments.points import points_of, refuse_scenario, sized
from experiments.sampling import size_told
from experiments.settings import StudyConfig, asked_by
from experiments.store.store import WHOLE
from experiments.terminal import Terminal, console_of
from sim.config import key_of, options
from sim.settings import Config
from sim.world.record import ConfigError

OF_THE_SWEEP = frozenset(StudyConfig.model_fields) - {"scenarios", "baseline", "until", "most_seeds", "case", "person"}
"""Keys of how a sweep is run, and not of what its runs are."""
MOST_RUNS = 5_000_000
"""Runs of a sweep; *assumption*: years of one machine, and what its memory holds the keys of."""


def main(*overrides: str) -> Path:
    """Run a design; returns the folder of the store. Raises ``ConfigError`` and ``StoppedError``."""
    plan, further = plan_of(overrides), None
    console = console_of()
    if plan.design.search is not None:
        from experiments.adaptive import searching

        plan, further = searching(plan, console)
    return run_plan(plan, console, further).plan.folder


def plan_of(overrides: Sequence[str]) -> Plan:
    """What is asked for. Raises ``ConfigError``."""
    config, asked = asked_by(*overrides)
    if asked.design is None:
        raise ConfigError(f"design: found none; accepted: one of {', '.join(options('design'))}, or the path of a YAML file")
    refuse_fixed_world(config)
    refuse_scenario(overrides)
    design = sized(design_of(asked.design), asked.size)
    of_all = [override for override in overrides if not of_the_sweep(override)]
    if told := size_told(design):
        Terminal(stderr=True).print(told, highlight=False)
    points = points_of(design, of_all)
    asked = sized_by(design, asked, overrides)
    seeds, shard = asked.seeds, _shard(asked.shard)
    runs = len(points.frame) * seeds * asked.luck
    if runs > MOST_RUNS:
        raise ConfigError(f"seeds: found {runs:,} runs of {len(points.frame):,} points; accepted: at most {MOST_RUNS:,} of a sweep")
    if design.search is not None and asked.shard is not None:
        raise ConfigError(
            f"shard: found {asked.shard!r} with a search; accepted: null, for each generation waits for the one before"
        )
    writer = WHOLE if asked.shard is None else f"{shard[0]}_of_{shard[1]}"
    worlds = [config.seed + number for number in range(seeds)]
    name, command = safe_name(Path(asked.design or "").stem), " ".join(["sweep", *overrides])
    more = {"writer": writer, "shard": shard, "overrides": tuple(of_all)}
    return planned(name, command, design, points, asked, worlds, asked.luck, **more)


def refuse_fixed_world(config: Config) -> None:
    """A sweep's worlds follow from ``seed`` and ``seeds``. Raises ``ConfigError`` where another one is fixed."""
    if config.world_seed is not None:
        raise ConfigError(f"world_seed: found {config.world_seed} in a sweep; accepted: null, with seed=... seeds=... luck=...")


def of_the_sweep(override: str) -> bool:
    """Whether an override says how a sweep is run, and nothing of what its runs are."""
    return key_of(override).split(".")[0] in OF_THE_SWEEP


def _shard(asked: str | None) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", asked or "1/1")
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ConfigError(f"shard: found {asked!r}; accepted: a number and how many there are, such as 1/4")
    return int(found[1]), int(found[2])
