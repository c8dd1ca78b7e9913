"""What a process of its own is asked to measure, by kind; and the sweeps over several processes, which their parent times."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from time import perf_counter

from experiments.benchmark.beside import measured_month, measured_twin
from experiments.benchmark.bound import measured_fused
from experiments.benchmark.draws import throughput
from experiments.benchmark.floor import floored
from experiments.benchmark.record import AbsentError, Job, Measured, Timed
from experiments.benchmark.runs import measured_bare, measured_folded, measured_memory, measured_through_mesa, staged
from experiments.execution.workers import Workers
from sim.settings import Config

_DRAWS = 1_000_000
_UNCOMPILED = {"NUMBA_DISABLE_JIT": "1"}
UNCOMPILED = ("counts",)
"""Kinds that want nothing compiled."""
FROM_NOTHING, FROM_THE_CACHE = "nothing compiled yet", "compiled code from the cache"


def measured_draws(job: Job) -> Measured:
    """Draws by form, beside NumPy's generators."""
    found = throughput(_DRAWS, job.repeats)
    return Measured(
        tuple(
            Timed(job.part, form, "each", repeat, ns * _DRAWS / 1e9, float(_DRAWS), "draws")
            for form, all_ns in found.items()
            for repeat, ns in enumerate(all_ns)
        )
    )


def _counted(job: Job) -> Measured:
    from experiments.benchmark.counting import counted_draws  # it looks for what it counts where nothing is compiled

    return counted_draws(job)


KINDS: dict[str, Callable[[Job], Measured]] = {
    "bare": measured_bare,
    "folded": measured_folded,
    "mesa": measured_through_mesa,
    "memory": measured_memory,
    "fused": measured_fused,
    "twin": measured_twin,
    "month": measured_month,
    "counts": _counted,
    "floor": floored,
    "draws": measured_draws,
}


def _measured(job: Job) -> Measured:
    try:
        return KINDS[job.kind](job)
    except AbsentError as absent:
        return Measured((), skipped=str(absent))


def _nothing() -> None:
    """What a process does before its work."""


def one_process() -> Workers:
    """A process that measures."""
    return Workers(1, _nothing, ())


def apart(job: Job, hands: Workers | None = None) -> Measured:
    """A measurement in a process of its own, or in this one. Raises ``BrokenExecutor`` where it dies."""
    if job.kind in IN_PARENT:
        return IN_PARENT[job.kind](job)
    if hands is not None and job.kind not in UNCOMPILED:
        return _by(hands, job)
    with _environment(**(_UNCOMPILED if job.kind in UNCOMPILED else {})), one_process() as own:
        return _by(own, job)


def _by(hands: Workers, job: Job) -> Measured:
    hands.submit(_measured, job)
    found: Measured = hands.next_ended().result()
    return found


@contextmanager
def _environment(**more: str) -> Iterator[None]:
    """Variables that processes find which begin meanwhile."""
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


# --- a start ----------------------------------------------------------------------------------------------------------------


def _small_run(config: Config) -> int:
    return staged(config, config.seed).requests


def _start(job: Job) -> Measured:
    """From the birth of a process to the end of a small run, with and without compiled code at hand."""
    timed = list[Timed]()
    with tempfile.TemporaryDirectory() as folder, _environment(ROGATORY_CACHE=folder):
        for stage, repeats in ((FROM_NOTHING, 1), (FROM_THE_CACHE, job.repeats)):
            for repeat in range(repeats):
                start = perf_counter()
                with one_process() as hands:
                    hands.submit(_small_run, job.warm)
                    hands.next_ended().result()
                timed.append(Timed(job.part, job.row, stage, repeat, perf_counter() - start, 1.0, "starts"))
    return Measured(tuple(timed))


# --- several processes ------------------------------------------------------------------------------------------------------

_gate: Barrier | None = None


def _ready(warm: Config, gate: Barrier) -> None:
    global _gate  # noqa: PLW0603 - what a worker process knows from its first day
    staged(warm, warm.seed)
    _gate = gate


def _meet(number: int) -> int:
    """Wait until every process has compiled what it needs."""
    if _gate is not None:
        _gate.wait()
    return number


def _one_run(task: tuple[Config, int]) -> int:
    return staged(*task).requests


def _sweep(job: Job) -> Measured:
    """So many runs of different worlds on so many processes, from when all of these are ready. A run is one that is counted."""
    processes, runs = int(job.given["processes"]), int(job.given["runs"])
    timed = list[Timed]()
    gate = multiprocessing.get_context("spawn").Barrier(processes)
    with Workers(processes, _ready, (job.warm, gate)) as hands:
        for repeat in range(job.repeats):
            for number in range(processes):
                hands.submit(_meet, number)
            for _ in range(processes):
                hands.next_ended().result()
            start = perf_counter()
            for number in range(runs):
                hands.submit(_one_run, (job.config, job.config.seed + number))
            for _ in range(runs):
                hands.next_ended().result()
            timed.append(Timed(job.part, job.row, "all runs", repeat, perf_counter() - start, float(runs), "runs", job.x))
    return Measured(tuple(timed))


IN_PARENT: dict[str, Callable[[Job], Measured]] = {"start": _start, "sweep": _sweep}
"""Kinds that begin processes themselves."""
