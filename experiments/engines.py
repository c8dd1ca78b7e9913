"""Where the runs of a sweep are done: processes of this machine, or a Ray; both from libraries, and what comes back is the same."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any, Protocol

from experiments.jobs import Batch, Shared, failed, work
from experiments.runs import follow_parent
from experiments.store.schema import Done
from sim.settings import EngineSpec
from sim.world.record import ConfigError

_AHEAD = 2
"""Batches a worker that are under way or wait for it; *assumption*: enough that none is idle."""
_LOST = "its worker process died (too little memory?)"

_shared: Shared | None = None


class Engine(Protocol):
    """Does batches in any order and hands back what came of each; a run that cannot be done is a failure, never an exception."""

    def __call__(self, shared: Shared, batches: Sequence[Batch]) -> Generator[list[Done]]:
        """Closing the iterator stops what has not begun."""
        ...


def engine_of(spec: EngineSpec, workers: int) -> Engine:
    """The engine that a configuration asks for. Raises ``ConfigError`` where it is not installed."""
    if spec.name == "ray":
        return _ray(spec, workers)
    if workers == 1:
        return _in_turn
    return _local(spec, workers)


def _in_turn(shared: Shared, batches: Sequence[Batch]) -> Generator[list[Done]]:
    for batch in batches:
        yield work(shared, batch)


# --- processes of this machine ------------------------------------------------------------------------------------------------


def _local(spec: EngineSpec, workers: int) -> Engine:
    def engine(shared: Shared, batches: Sequence[Batch]) -> Generator[list[Done]]:
        waiting = deque(batches)
        while waiting:
            suspects: list[Batch] = []
            yield from _until_broken(shared, waiting, workers, suspects)
            for batch in suspects:  # whoever killed a worker is found by asking each alone
                for key in batch.keys:
                    yield _alone(shared, Batch((key,), batch.builds), spec.tries)

    return engine


def _until_broken(shared: Shared, waiting: deque[Batch], workers: int, suspects: list[Batch]) -> Generator[list[Done]]:
    """Do what is ``waiting`` until nothing is left or a worker dies; what was under way then is among the ``suspects``."""
    flying: dict[Future[list[Done]], Batch] = {}
    pool = _pool(shared, workers)
    try:
        while waiting or flying:
            try:
                while waiting and len(flying) < _AHEAD * workers:
                    batch = waiting.popleft()
                    suspects.append(batch)
                    flying[pool.submit(_in_worker, batch)] = batch
                ready, _ = wait(flying, return_when=FIRST_COMPLETED)
                for future in ready:
                    done = future.result()
                    suspects.remove(flying.pop(future))
                    yield done
            except BrokenProcessPool:
                return
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _alone(shared: Shared, batch: Batch, tries: int) -> list[Done]:
    for _ in range(tries):
        with suppress(BrokenProcessPool), _pool(shared, 1) as pool:
            return pool.submit(_in_worker, batch).result()
    return [failed(shared, key, _LOST, f"{_LOST}; tried {tries} times alone") for key in batch.keys]


def _pool(shared: Shared, workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(shared,))


def _begin(shared: Shared) -> None:
    global _shared  # noqa: PLW0603 - what a worker process knows from its first day
    follow_parent()
    _shared = shared


def _in_worker(batch: Batch) -> list[Done]:
    if _shared is None:
        raise RuntimeError("a worker that was never told what to share")
    return work(_shared, batch)


# --- Ray --------------------------------------------------------------------------------------------------------------------


def _ray(spec: EngineSpec, workers: int) -> Engine:
    try:
        import ray
    except ImportError:
        raise ConfigError("engine: found ray, which is not installed; accepted: local, or pip install 'rogatory[ray]'") from None

    def engine(shared: Shared, batches: Sequence[Batch]) -> Generator[list[Done]]:
        started = not ray.is_initialized()
        if started:
            try:
                here = {} if spec.address else {"num_cpus": workers, "include_dashboard": False}
                ray.init(address=spec.address, log_to_driver=False, logging_level="error", **here)
            except (ConnectionError, ValueError) as error:
                told = " ".join(str(error).split())[:120]
                raise ConfigError(f"engine.address: found {spec.address!r} ({told}); accepted: a Ray that runs, or null") from None
        try:
            yield from _on_ray(ray, shared, batches, spec.tries, workers)
        finally:
            if started:
                ray.shutdown()

    return engine


def _on_ray(ray: Any, shared: Shared, batches: Sequence[Batch], tries: int, workers: int) -> Generator[list[Done]]:
    task: Callable[..., Any] = ray.remote(max_retries=0)(work).remote
    held = ray.put(shared)
    waiting = deque((batch, 1) for batch in batches)
    flying: dict[Any, tuple[Batch, int]] = {}
    try:
        while waiting or flying:
            while waiting and len(flying) < _AHEAD * workers:
                batch, attempt = waiting.popleft()
                flying[task(held, batch)] = batch, attempt
            (ready,), _ = ray.wait([*flying], num_returns=1)
            batch, attempt = flying.pop(ready)
            try:
                yield ray.get(ready)
            except ray.exceptions.RayError as error:
                if len(batch.keys) > 1:
                    waiting.extendleft((Batch((key,), batch.builds), attempt) for key in reversed(batch.keys))
                elif attempt < tries:
                    waiting.append((batch, attempt + 1))
                else:
                    yield [failed(shared, key, _LOST, str(error)) for key in batch.keys]
    finally:
        for reference in flying:
            with suppress(ray.exceptions.RayError):
                ray.cancel(reference, force=False)
