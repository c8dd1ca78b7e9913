"""Where the runs of a study are done: processes of this machine, or a Ray; both from libraries, and what comes back is the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

from experiments.execution.jobs import AHEAD, Batch, Engine, Shared, Work, lost, one_by_one, rest_of, warm, work
from experiments.execution.on_ray import ray_engine
from experiments.execution.workers import Workers
from experiments.settings import EngineSpec
from experiments.store.schema import Done, RunKey

_held: tuple[Shared, Work] | None = None


def engine_of(spec: EngineSpec, workers: int, work: Work = work) -> Engine:
    """The engine that a configuration asks for. Raises ``ConfigError`` where it is not installed."""
    if spec.name == "ray":
        return ray_engine(spec, workers, work)
    if workers == 1:
        return _in_turn(work)
    return _local(spec, workers, work)


def _in_turn(work: Work) -> Engine:
    def engine(shared: Shared, batches: Sequence[Batch]) -> Generator[list[Done]]:
        for batch in one_by_one(batches):
            yield work(shared, batch)

    return engine


# --- processes of this machine ------------------------------------------------------------------------------------------------


def _local(spec: EngineSpec, workers: int, work: Work) -> Engine:
    """Processes that come anew when one dies; which run killed it is found by asking fewer and fewer at a time."""

    def engine(shared: Shared, batches: Sequence[Batch]) -> Generator[list[Done]]:
        begin, waiting = (shared, work), deque(batches)
        while waiting:
            suspects = deque(one_by_one((yield from _until_lost(begin, waiting, workers, AHEAD * workers))))
            while suspects:
                for batch in (yield from _until_lost(begin, suspects, workers, workers)):
                    yield from _alone(begin, batch.keys[0], spec.tries)

    return engine


def _until_lost(
    begin: tuple[Shared, Work], waiting: deque[Batch], workers: int, most: int
) -> Generator[list[Done], None, list[Batch]]:
    """Do what is ``waiting``, ``most`` at a time, until nothing is left or a worker dies: then what was under way is returned."""
    flying: dict[Future[list[Done]], Batch] = {}
    try:
        with Workers(workers, _begin, (), begin) as hands:
            while waiting or flying:
                while waiting and len(flying) < most:
                    flying[hands.submit(_in_worker, waiting[0])] = waiting[0]
                    waiting.popleft()
                future = hands.next_ended()
                done = future.result()
                waiting.extendleft(rest_of(flying.pop(future), done))
                yield done
    except BrokenProcessPool:
        return [*flying.values()]
    return []


def _alone(begin: tuple[Shared, Work], key: RunKey, tries: int) -> Generator[list[Done]]:
    for _ in range(tries):
        if not (yield from _until_lost(begin, deque([Batch((key,), False)]), 1, 1)):
            return
    yield lost(begin[0], key, tries)


def _begin(shared: Shared, work: Work) -> None:
    global _held  # noqa: PLW0603 - what a worker process knows from its first day
    warm(shared.trial)
    _held = shared, work


def _in_worker(batch: Batch) -> list[Done]:
    if _held is None:
        raise RuntimeError("a worker that was never told what to share")
    shared, work = _held
    return work(shared, batch)


# --- Ray --------------------------------------------------------------------------------------------------------------------
