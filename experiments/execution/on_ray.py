"""Runs done on a Ray, of this machine or of many; what comes back is the same as from processes of our own."""

from __future__ import annotations

import re
import signal
import socket
import threading
import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from experiments.execution.jobs import AHEAD, Batch, Engine, Shared, Work, failed, lost, one_by_one, rest_of
from experiments.output import naming
from experiments.settings import EngineSpec
from experiments.store.schema import Done
from sim.world.record import ConfigError, quoted

if TYPE_CHECKING:  # an extra: whoever runs on a Ray has it
    from ray import ObjectRef


_PATIENCE = 10.0  # seconds until a Ray must have answered
_ANSWER = 300.0  # seconds until a node must have; *assumption*: a worker process of ours begins there, however busy it is
_MOST_TOLD = 3  # nodes by name
_SHORT = 120  # letters of a complaint


def ray_engine(spec: EngineSpec, workers: int, work: Work) -> Engine:
    """An engine that does batches on the Ray that is asked for. Raises ``ConfigError`` where Ray is not installed."""
    try:
        import ray
    except ImportError:
        raise ConfigError("engine: found ray, which is not installed; accepted: local, or pip install 'rogatory[ray]'") from None

    def engine(shared: Shared, batches: Sequence[Batch]) -> Generator[list[Done]]:
        with _reached(ray, spec, workers):
            if shared.folder is not None:  # where requests are kept, whoever does a run writes into the store
                _refuse_blind(ray, shared.folder)
            yield from _on_ray(ray, shared, batches, spec.tries, workers, work)

    return engine


@contextmanager
def _reached(ray: ModuleType, spec: EngineSpec, workers: int) -> Iterator[None]:
    """The Ray at the address, or one of our own; one that this process has already stays as it is."""
    if ray.is_initialized():
        yield
        return
    here = {} if spec.address else {"num_cpus": workers, "include_dashboard": False}
    told_to_stop = signal.getsignal(signal.SIGTERM)
    try:
        _knock(spec.address)
        ray.init(address=spec.address or "local", log_to_driver=False, logging_level="error", **here)
    except Exception as error:  # of any kind, plain ones too
        told = f"{spec.address!r} ({' '.join(str(error).split())[:_SHORT]})"
        raise ConfigError(f"engine.address: found {told}; accepted: a Ray that runs, or null for one that starts here") from None
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, told_to_stop)  # Ray would have a handler of its own
        yield
    finally:
        ray.shutdown()


def _knock(address: str | None) -> None:
    """Ray itself waits for minutes at a door behind which nobody is. Raises ``OSError``."""
    found = re.fullmatch(r"(?:ray://)?([^:/]+):(\d{1,5})", address or "")
    if found:
        socket.create_connection((found[1], int(found[2])), timeout=_PATIENCE).close()


def _refuse_blind(ray: ModuleType, folder: Path) -> None:
    """Ask every node that does runs whether it can write into the store. Raises ``ConfigError`` where one cannot."""
    token = folder / f".{uuid.uuid4().hex}.part"  # tidied as a draft, if we are killed
    options = {"max_retries": 0, "num_cpus": 0}  # so that a node that is busy answers too
    nodes = {node["NodeID"]: node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")}
    try:
        with naming(token):
            token.touch()
        ask = ray.remote(**options)(can_write_by).options
        on = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        asked = {name: ask(scheduling_strategy=on(name, soft=False)).remote(token, name) for name in nodes}
        blind = [(nodes[name]["NodeName"], why) for name, answer in asked.items() if (why := _heard(ray, answer))]
    finally:
        token.unlink(missing_ok=True)
    if blind:
        told = ", ".join(f"{quoted(name)} ({why})" for name, why in blind[:_MOST_TOLD])
        raise ConfigError(
            f"keep_requests: found true with engine=ray and a store that {len(blind)} of {len(nodes)} nodes cannot write to: "
            f"{told}; accepted: false, or output=... on a disk that every node sees as {folder}"
        )


def can_write_by(token: Path, name: str) -> str:
    """Whether this machine sees a file, and can write another one beside it: an empty text, or why it cannot."""
    mine = token.with_name(f".{token.stem.strip('.')}-{name}.part")
    try:
        if not token.is_file():
            return "does not see it"
        mine.touch()
        mine.unlink()
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def _heard(ray: ModuleType, answer: ObjectRef) -> str:
    """What a node said, or why it said nothing."""
    try:
        return str(ray.get(answer, timeout=_ANSWER))
    except ray.exceptions.RayTaskError as error:
        return " ".join(str(error.cause).split())[:_SHORT]
    except ray.exceptions.RayError as error:
        return f"no answer: {type(error).__name__}"


def _on_ray(
    ray: ModuleType, shared: Shared, batches: Sequence[Batch], tries: int, workers: int, work: Work
) -> Generator[list[Done]]:
    """Do batches on a Ray, so many at a time that none of its workers is idle; what is lost is tried again, run by run."""
    task: Callable[[ObjectRef, Batch], ObjectRef] = ray.remote(max_retries=0)(work).remote
    held = ray.put(shared)
    waiting = deque(_Try(batch) for batch in batches)
    flying: dict[ObjectRef, _Try] = {}
    try:
        while waiting or flying:
            while waiting and len(flying) < AHEAD * workers:
                begun = waiting.popleft()
                flying[task(held, begun.batch)] = begun
            (ready,), _ = ray.wait([*flying], num_returns=1)
            came = _come_of(ray, ready, flying.pop(ready), shared, tries)
            waiting.extendleft(came.next)
            waiting.extend(came.later)
            if came.ended:
                yield came.ended
    finally:
        for reference in flying:
            with suppress(ray.exceptions.RayError):
                ray.cancel(reference, force=False)


class _Try(NamedTuple):
    """A batch that is to be done, and which attempt that is."""

    batch: Batch
    attempt: int = 1


class _Came(NamedTuple):
    """What came of an attempt: runs that ended, and what is to be tried before and after all that waits."""

    ended: list[Done]
    next: list[_Try] = []
    later: list[_Try] = []


def _come_of(ray: ModuleType, ready: ObjectRef, tried: _Try, shared: Shared, tries: int) -> _Came:
    """What came of a batch that a Ray has ended with. Raises the ``OSError`` of a disk, for which no run is to blame."""
    batch = tried.batch
    try:
        done = ray.get(ready)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, OSError):
            raise error.cause from None
        # Ray runs, and ours does not: a package that is missing there
        return _Came([failed(shared, key, str(error.cause), str(error)) for key in batch.keys])
    except ray.exceptions.RayError:
        if len(batch.keys) > 1:
            return _Came([], later=[_Try(single) for single in one_by_one([batch])])
        if tried.attempt < tries:
            return _Came([], later=[_Try(batch, tried.attempt + 1)])
        return _Came(lost(shared, batch.keys[0], tries))
    return _Came(done, next=[_Try(rest) for rest in rest_of(batch, done)])
