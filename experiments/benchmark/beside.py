"""What stands beside the model: the common month in every framework, and the twin with its draws counted."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from experiments.benchmark.month import law_of, told_by_kernel
from experiments.benchmark.outside import outside
from experiments.benchmark.record import Job, Measured, Timed
from experiments.benchmark.runs import MONTHS, REQUESTS, formal_requests, peak_memory
from sim.month import advance
from sim.simulation import prepare
from sim.world.vocabulary import CHANNELS, FIRST_SIDE_DOOR

KERNEL = "our kernel"
PEERS = {
    "Mesa, states are agents": "mesa_states",
    "Mesa, requests are agents": "mesa_requests",
    "AgentPy": "agentpy_states",
    "AMBER": "ambr_rows",
}
"""Other forms of the common month, and the module of ``tests.peers`` that has each."""
STATES_AS_AGENTS = "Mesa, states are agents"
TWIN = "the twin"
A_REQUEST, A_STAGE = "per request", "per stage"
_ROUNDS = 20  # of the kernel in a repeat: one is too short to be timed


def measured_month(job: Job) -> Measured:
    """The common month in the form that ``given`` names. Raises ``AbsentError`` where its framework is not installed."""
    law, seed = law_of(a_month=int(job.given["a_month"])), job.config.seed
    if job.row == KERNEL:
        told_by_kernel(law, seed)
        found = [_kernel_repeat(law, seed) for _ in range(job.repeats)]
    else:
        peer = outside(f"peers.{PEERS[job.row]}")
        peer.run(peer.prepared(law_of(a_month=1, months=2), seed))
        found = [_peer_repeat(peer, law, seed) for _ in range(job.repeats)]
    return Measured(tuple(_both(job, found, float(law.requests))), peak_memory())


@contextmanager
def undisturbed() -> Iterator[None]:
    """No search for objects that nobody holds meanwhile, as in the standard library's ``timeit``."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _kernel_repeat(law: Any, seed: int) -> tuple[float, float]:
    start = perf_counter()
    for _ in range(_ROUNDS):
        told = told_by_kernel(law, seed)
    return (perf_counter() - start) / _ROUNDS, float(told.stages)


def _peer_repeat(peer: Any, law: Any, seed: int) -> tuple[float, float]:
    model = peer.prepared(law, seed)
    with undisturbed():
        start = perf_counter()
        told = peer.run(model)
        seconds = perf_counter() - start
    return seconds, float(told.stages)


def _both(job: Job, found: list[tuple[float, float]], requests: float) -> Iterator[Timed]:
    """Each repeat twice: by request, and by stage evaluated."""
    for repeat, (seconds, stages) in enumerate(found):
        yield Timed(job.part, job.row, A_REQUEST, repeat, seconds, requests, REQUESTS)
        yield Timed(job.part, job.row, A_STAGE, repeat, seconds, stages, "stages")


# --- the twin ---------------------------------------------------------------------------------------------------------------


def measured_twin(job: Job) -> Measured:
    """The twin and the model in one small world, months alone; a stage of the twin is a draw that it evaluates."""
    twin = outside("twin.model")
    run = prepare(job.config, job.config.seed)
    while run.month < run.months:
        advance(run)
    requests = float(formal_requests(run))
    hired = None
    if job.config.review.load and job.config.review.capacity == "follows":
        hired = {month: run.hours[month].tolist() for month in range(run.months)}

    def fresh() -> Any:
        return twin.Twin(job.config, run.world, job.config.seed, hired)

    timed = list[Timed]()
    for repeat in range(job.repeats):
        timed.append(Timed(job.part, "the model in the twin's world", MONTHS, repeat, _bare(job), requests, REQUESTS))
        model = fresh()
        with undisturbed():
            start = perf_counter()
            model.tell()
            seconds = perf_counter() - start
        filed = float(sum(CHANNELS.index(request.channel) < FIRST_SIDE_DOOR for request in model.docket))
        timed.append(Timed(job.part, TWIN, MONTHS, repeat, seconds, filed, REQUESTS))
    draws = float(_draws_of(fresh()))
    timed += [each._replace(stage=A_STAGE, size=draws, of="stages") for each in timed if each.row == TWIN]
    return Measured(tuple(timed), peak_memory())


def _bare(job: Job) -> float:
    start = perf_counter()
    run = prepare(job.config, job.config.seed)
    while run.month < run.months:
        advance(run)
    return perf_counter() - start


def _draws_of(model: Any) -> int:
    """How many draws the twin evaluates in its months: its own, counted. All of its luck comes by these two doors."""
    luck, count = outside("twin.draws"), [0]

    def counting(function: Callable[..., Any]) -> Callable[..., Any]:
        def one(*given: Any) -> Any:
            count[0] += 1
            return function(*given)

        return one

    luck.Luck.uniform, luck.Luck.after = counting(luck.Luck.uniform), counting(luck.Luck.after)
    model.tell()
    return count[0]
