"""The runs of a study: which there are, in which order, and one done by whichever process is asked."""

from __future__ import annotations

import hashlib
import json
import os
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from math import ceil, inf
from pathlib import Path
from typing import NamedTuple, Protocol

from experiments.design.designs import Settings
from experiments.design.points import touches_world
from experiments.design.seeds import MOST_WORLDS, event_seed
from experiments.design.table import Points
from experiments.interrupts import raise_if_told
from experiments.store.kept import Kept, run_tables_of
from experiments.store.requests import REQUESTS, write_requests
from experiments.store.schema import OBSERVED, VIEWS, Done, RunKey, packed
from experiments.store.store import WHOLE_STORE
from sim.compiled import CACHE
from sim.config import checked_config, load, with_overrides
from sim.own_code import Luggage, luggage
from sim.own_folder import write_sealed
from sim.result import Result
from sim.settings import Config
from sim.simulation import keep_facts, simulate
from sim.world.leaves import Plain
from sim.world.record import ConfigError

BATCH = 8
"""Runs handed to a worker at once; *assumption*: enough that a world is built once for several, few to lose."""
_HAND_BACK = 10.0
"""Seconds after which a worker hands back what it has, rather than at the end of a batch; *assumption*: that much may be lost."""
_SHORT = 200  # letters of an error
_TINY = ("states=synthetic", "states.synthetic.count=4", "people.rows=200", "demand.legitimate=20", "years=1")


def seed_of(base: Plain, key: RunKey) -> int:
    """Event seed of a run of a base: of a world that the configuration fixes, ``seed``, ``seed + 1`` and so on.

    >>> seed_of({"seed": 5, "world_seed": 3}, RunKey("a", 3, 2)), seed_of({"seed": 5, "world_seed": None}, RunKey("a", 6, 2))
    (7, 20006)
    """
    if base.get("world_seed") is not None:
        return int(base["seed"]) + key.replicate
    return event_seed(key.world_seed, key.replicate)


def trials(configs: Sequence[Config]) -> list[Config]:
    """A tiny world under each policy among the configurations: running it compiles what they need."""
    policies = {config.policy.model_dump_json(): config.policy for config in configs}
    tiny = load(*_TINY)
    return [tiny.model_copy(update=dict(policy)) for policy in policies.values()]


def warm(tried: Sequence[Config], workers: int = 1) -> None:
    """Run each once: compiled rules come into this process, and on a new machine into the cache of all others.

    For ``workers`` that are about to begin only on a machine that has not done it yet: each of them loads for itself.
    """
    if workers == 1:
        _run_once(tried)
        return
    policies = json.dumps([config.policy.model_dump(mode="json") for config in tried])
    note = CACHE / f"warmed-{hashlib.blake2b(policies.encode(), digest_size=8).hexdigest()}"
    if not note.is_file():
        _run_once(tried)
        with suppress(OSError):
            write_sealed(note, policies)


def _run_once(tried: Sequence[Config]) -> None:
    for config in tried:
        simulate(config, seed=1)


def worker_count(asked: int | None, tasks: int, each: float = inf) -> int:
    """Processes for so many tasks of ``each`` so many seconds: as many as were asked for, else every core; no more than tasks.

    Where none were asked for, none begins for less work than it takes to begin.
    """
    worth = tasks if each == inf else ceil(tasks * each / _START)
    return min(asked or min(os.cpu_count() or 1, max(worth, 1)), tasks)


def seconds_of(config: Config) -> float:
    """About how long a run takes, with its world."""
    demand = config.demand
    return _OF_A_RUN + _OF_A_NEED * demand.scale * demand.legitimate * config.months


_START = 3.0
"""Seconds until a process can begin its first run; *measured*, as are the next two, on a machine of two slow cores."""
_OF_A_RUN, _OF_A_NEED = 0.4, 1.2e-6
"""Seconds that a run takes whatever is asked in it, and for each need that arises in it."""


class Shared(NamedTuple):
    """What every run of a study needs; it is shipped to each worker once."""

    bases: dict[str, Plain]
    settings: dict[str, tuple[str, Settings]]  # point -> base and keys
    kept: Kept
    code: str  # of what decides a run
    trial: list[Config]  # run once by each worker, so that no run's time holds the loading of compiled rules
    folder: Path | None = None  # of the store, where runs leave their requests; None where they are not kept
    writer: str = WHOLE_STORE  # whose runs these are
    own: Luggage | None = None  # code of a user's own, which a worker knows once it has this


class Batch(NamedTuple):
    """Runs of one world that a worker does one after the other."""

    keys: tuple[RunKey, ...]
    home: int  # points of one number share the facts of a world


def shared_of(points: Points, kept: Kept, code: str, folder: Path, writer: str = WHOLE_STORE) -> Shared:
    """Everything about a table of points that its runs need."""
    by_id = dict(zip(points.frame["point"], points.settings, strict=True))
    trial = trials([checked_config(next(iter(points.bases.values())))])
    place = folder.absolute() if REQUESTS in kept.tables else None
    return Shared(points.bases, by_id, kept, code, trial, place, writer, luggage())


def batches_of(points: Points, worlds: Sequence[int], replicates: int) -> list[Batch]:
    """All runs, world by world, and within a world those that share its facts together; the order never depends on workers.

    Raises ``ConfigError`` for more worlds than event seeds can tell apart.
    """
    if len(worlds) > MOST_WORLDS:
        raise ConfigError(f"seeds: found {len(worlds)}; accepted: at most {MOST_WORLDS}")
    digests = {name: checked_config(plain).world_digest() for name, plain in points.bases.items()}
    groups: dict[str, list[str]] = {}
    for point, (base, settings) in dict(zip(points.frame["point"], points.settings, strict=True)).items():
        groups.setdefault(repr((digests[base], *_facts(settings))), []).append(point)
    return [
        Batch(tuple(RunKey(point, world, number) for point in group[first : first + BATCH]), home)
        for world in worlds
        for home, group in enumerate(groups.values())
        for number in range(replicates)
        for first in range(0, len(group), BATCH)
    ]


def _facts(settings: Settings) -> list[tuple[str, object]]:
    return sorted((key, value) for key, value in settings.items() if touches_world(key))


def work(shared: Shared, batch: Batch) -> list[Done]:
    """Do the runs of a batch in turn; one that fails is told and does not stop the others.

    Where they take long only the first are done: the others are to be asked for again (``rest_of``). So they are where a run's
    requests cannot be written; ``OSError`` is raised for the first one, for the disk is to blame and no run.
    """
    began, done = time.monotonic(), list[Done]()
    for key in batch.keys:
        try:
            done.append(_attempt(shared, key))
        except OSError:
            if not done:
                raise
            break
        if time.monotonic() - began > _HAND_BACK:
            break
    return done


def rest_of(batch: Batch, done: Sequence[Done]) -> list[Batch]:
    """What is left to do of a batch: one batch or none."""
    left = batch.keys[len(done) :]
    return [Batch(left, batch.home)] if left else []


def one_by_one(batches: Iterable[Batch]) -> list[Batch]:
    """The same runs, each a batch of its own."""
    return [Batch((key,), batch.home) for batch in batches for key in batch.keys]


def _attempt(shared: Shared, key: RunKey) -> Done:
    """One run, well or not. Raises ``OSError`` where its requests cannot be written, and an interrupt that a library hid."""
    began = time.perf_counter()
    seed = _seed_in(shared, key)
    try:
        run, result = _run(shared, key, seed, began)
    except Exception as error:
        raise_if_told(error)  # or the run would count as failed: libraries in C make other errors of an interrupt
        return failed(shared, key, f"{type(error).__name__}: {error}", traceback.format_exc(), time.perf_counter() - began)
    if shared.folder is None:
        return run
    write_requests(result.requests, shared.folder, run, shared.writer)
    return run._replace(seconds=time.perf_counter() - began)


def _seed_in(shared: Shared, key: RunKey) -> int:
    base, _ = shared.settings.get(key.point, ("", {}))
    return seed_of(shared.bases.get(base, {}), key)


def failed(shared: Shared, key: RunKey, error: str, trace: str, seconds: float = 0.0) -> Done:
    """A run that failed: its error on one line, the traceback, and no table."""
    line = " ".join(error.split())[:_SHORT] or "no message"
    return Done(key, _seed_in(shared, key), "", shared.code, {}, line, trace, seconds, 0.0, 0.0)


def _run(shared: Shared, key: RunKey, seed: int, began: float) -> tuple[Done, Result]:
    base, settings = shared.settings[key.point]
    config = checked_config(with_overrides(shared.bases[base], settings))
    started = time.perf_counter()
    rows = wants_rows(config, shared.kept)
    keep_facts(config, key.world_seed, seed, rows)
    built = time.perf_counter() - started
    result = simulate(config, seed=seed, world_seed=key.world_seed, rows=rows)
    tables = {name: packed(table) for name, table in run_tables_of(result, shared.kept).items()}
    arrays = time.perf_counter() - started
    return Done(key, seed, config.digest(), shared.code, tables, "", "", time.perf_counter() - began, arrays, built), result


def wants_rows(config: Config, kept: Kept) -> bool:
    """Whether a run is to keep all its rows: for its requests, for what is seen of them, and for estimands of a user's own."""
    return bool(kept.tables & {REQUESTS, VIEWS, OBSERVED} or config.metrics.own)


AHEAD = 2
"""Batches a worker that are under way or wait for it; *assumption*: enough that none is idle."""


_LOST = "its worker process died (too little memory?)"
Work = Callable[[Shared, Batch], list[Done]]
"""Does a batch, or its first runs."""


class Engine(Protocol):
    """Does batches in any order and hands back what came of each; a run that cannot be done is a failure, never an exception."""

    def __call__(self, shared: Shared, batches: Sequence[Batch]) -> Generator[list[Done]]:
        """Closing the iterator stops what has not begun."""
        ...


def lost(shared: Shared, key: RunKey, tries: int) -> list[Done]:
    """A run whose worker process died each time that it was tried alone."""
    return [failed(shared, key, _LOST, f"{_LOST}; tried {tries} times alone")]
