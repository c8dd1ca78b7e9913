"""How far the model's months are from a kernel written by hand for one configuration: both in one process, turn by turn."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

from experiments.benchmark.fused.months import Fused, fused_from, tell
from experiments.benchmark.record import AbsentError, Job, Measured, Timed
from experiments.benchmark.runs import MONTHS, REQUESTS, formal_requests
from sim.month import advance
from sim.run import Run
from sim.settings import Config
from sim.simulation import prepare
from sim.world.record import ConfigError

FUSED, BESIDE = "the months, fused by hand", "the model beside the fused months"


def measured_fused(job: Job) -> Measured:
    """The months alone of both. Raises ``AbsentError`` for a configuration that the kernel is not written for."""
    try:
        _ready(job.config)
    except ConfigError as refused:
        raise AbsentError(str(refused)) from None
    return Measured(tuple(_by_turns(job)))


def _by_turns(job: Job) -> Iterator[Timed]:
    for repeat in range(-1, job.repeats):  # the first compiles, and touches the memory
        run, fused = _ready(job.config)
        for row, seconds in ((BESIDE, _seconds_of_model(run)), (FUSED, _seconds_of_kernel(fused))):
            if repeat >= 0:
                yield Timed(job.part, row, MONTHS, repeat, seconds, float(formal_requests(run)), REQUESTS)


def _ready(config: Config) -> tuple[Run, Fused]:
    """The same run before its first month, for the model and for the kernel: what is prepared is no part of the months."""
    return prepare(config, config.seed), fused_from(prepare(config, config.seed))


def _seconds_of_model(run: Run) -> float:
    start = perf_counter()
    while run.month < run.months:
        advance(run)
    return perf_counter() - start


def _seconds_of_kernel(fused: Fused) -> float:
    start = perf_counter()
    tell(fused)
    return perf_counter() - start
