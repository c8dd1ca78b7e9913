"""One run of the model, stage by stage, bare and through Mesa; and how much memory a process has held."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from math import isnan
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from experiments.benchmark.record import Job, Measured, Timed
from sim.conduct.demand import latent_cases
from sim.draws import Draws
from sim.metrics import metrics_of
from sim.month import advance
from sim.run import Run, finish
from sim.settings import Config
from sim.simulation import prepare, with_capacity
from sim.sources.worlds import build_world
from sim.world.vocabulary import FIRST_SIDE_DOOR

STAGES = ("world", "capacity", "cases", "months", "metrics")
WHOLE, MONTHS = "whole run", "months"
MEBIBYTE = 2.0**20
_STATUS = Path("/proc/self/status")
_HELD = "VmHWM:"  # most that this process itself has held: what `getrusage` says counts its parent's size at its birth too
REQUESTS, PEOPLE = "requests", "people"


class Staged(NamedTuple):
    """Seconds of each stage, how many formal requests there were, and how many rows of people at risk."""

    seconds: dict[str, float]
    requests: int
    people: int


def formal_requests(run: Run) -> int:
    """Requests of a run that reach a desk, no side doors: those in its docket, and those that were folded."""
    left = 0 if run.pages is None else run.pages.formal
    return left + int((run.docket.channel[: run.docket.used[0]] < FIRST_SIDE_DOOR).sum())


def peak_memory() -> float:
    """Most memory that this process has held, in MiB; nan where the system does not say (Windows)."""
    if _STATUS.is_file():
        lines = (line.split() for line in _STATUS.read_text(encoding="utf-8").splitlines())
        found = [float(words[1]) * 1024 / MEBIBYTE for words in lines if words and words[0] == _HELD]
        if found:
            return found[0]
    try:
        import resource
    except ImportError:
        return math.nan
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / MEBIBYTE if sys.platform == "darwin" else held * 1024 / MEBIBYTE


def _months(config: Config, seed: int, rows: bool) -> Run:
    run = prepare(config, seed, rows=rows)
    while run.month < run.months:
        advance(run)
    return run


def staged(config: Config, seed: int, rows: bool = True) -> Staged:
    """One run, stage by stage; ``months`` are the rules and every month of a world that is there already.

    Without ``rows`` months count what is over, too, which else the metrics do.
    """
    prepare(config, seed)  # its world and cases are kept, so that the months below are months alone
    marks = [perf_counter()]
    bare = build_world(config.states, config.people, config.demand, config.offences, seed)
    marks.append(perf_counter())
    world = with_capacity(config, bare)
    marks.append(perf_counter())
    latent_cases(world, config.demand, Draws(seed), config.months)
    marks.append(perf_counter())
    del bare, world
    between = perf_counter()
    run = _months(config, seed, rows)
    marks.append(marks[-1] + perf_counter() - between)
    between = perf_counter()
    metrics_of(finish(run), config.metrics)
    marks.append(marks[-1] + perf_counter() - between)
    seconds = {stage: end - start for stage, start, end in zip(STAGES, marks[:-1], marks[1:], strict=True)}
    return Staged(seconds | {WHOLE: sum(seconds.values())}, formal_requests(run), run.world.people.count)


def through_mesa(config: Config, seed: int) -> Staged:
    """The months and metrics of one run stepped through Mesa's shell."""
    from sim.model import EvidenceModel

    start = perf_counter()
    model = EvidenceModel(config, seed=seed)
    model.run_for(model.progress.months)
    middle = perf_counter()
    metrics_of(finish(model.progress), config.metrics)
    seconds = {MONTHS: middle - start, "metrics": perf_counter() - middle}
    return Staged(seconds, formal_requests(model.progress), model.progress.world.people.count)


def without_rows(config: Config, seed: int) -> Staged:
    """One run whose finished requests are folded into counters, stage by stage."""
    return staged(config, seed, rows=False)


def _repeated(job: Job, one: Callable[[Config, int], Staged]) -> Iterator[Timed]:
    one(job.warm, job.warm.seed)
    if isnan(job.x):  # of a scale one more run would take long, and the small one compiles nearly all
        one(job.config, job.config.seed)
    else:
        prepare(job.config, job.config.seed)
    for repeat in range(job.repeats):
        found = one(job.config, job.config.seed)
        for stage, seconds in found.seconds.items():
            x = float(found.people) if job.row == PEOPLE else job.x  # no more rows than people, whatever was asked for
            yield Timed(job.part, job.row, stage, repeat, seconds, float(found.requests), REQUESTS, x)


def measured_bare(job: Job) -> Measured:
    """The model, stage by stage."""
    return Measured(tuple(_repeated(job, staged)), peak_memory())


def measured_folded(job: Job) -> Measured:
    """The model without rows, stage by stage."""
    return Measured(tuple(_repeated(job, without_rows)), peak_memory())


def measured_through_mesa(job: Job) -> Measured:
    """The model's months through Mesa."""
    return Measured(tuple(_repeated(job, through_mesa)), peak_memory())


def measured_memory(job: Job) -> Measured:
    """One run, as `sim.simulate` makes it, for the most memory that it holds."""
    start = perf_counter()
    run = _months(job.config, job.config.seed, rows=bool(job.given.get("rows", True)))
    metrics_of(finish(run), job.config.metrics)
    timed = Timed(job.part, job.row, "one process", 0, perf_counter() - start, float(formal_requests(run)), REQUESTS)
    return Measured((timed,), peak_memory())
