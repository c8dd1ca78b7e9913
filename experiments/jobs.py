"""The runs of a sweep: which there are, in which order, and one done by whichever process is asked."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from experiments.designs import Settings
from experiments.lineup import MOST_WORLDS, event_seed
from experiments.points import Points, touches_world
from experiments.runs import trials
from experiments.store.schema import ESTIMATES, Done, Key, checksum_of, packed
from sim.config import checked, varied
from sim.result import Result
from sim.settings import Config
from sim.simulation import cases_of, simulate, world_of
from sim.world.record import ConfigError

BATCH = 8
"""Runs handed to a worker at once; *assumption*: enough that a world is built once for several, few to lose."""
_HAND_BACK = 10.0
"""Seconds after which a worker hands back what it has, rather than at the end of a batch; *assumption*: that much may be lost."""
_SHORT = 200  # letters of an error


class Shared(NamedTuple):
    """What every run of a sweep needs; it is shipped to each worker once."""

    bases: dict[str, dict[str, Any]]
    settings: dict[str, tuple[str, Settings]]  # point -> base and keys
    outcomes: frozenset[str]  # kept; none stands for all
    slices: frozenset[str]  # kept; none stands for all
    code: str  # of the simulation's sources
    trial: list[Config]  # run once by each worker, so that no run's time holds the loading of compiled rules


class Batch(NamedTuple):
    """Runs of one world that a worker does one after the other."""

    keys: tuple[Key, ...]
    home: int  # points of one number share the facts of a world


def shared_of(points: Points, outcomes: Sequence[str], slices: Sequence[str], code: str) -> Shared:
    """Everything about a table of points that its runs need."""
    by_id = dict(zip(points.frame["point"], points.settings, strict=True))
    return Shared(points.bases, by_id, frozenset(outcomes), frozenset(slices), code, trials([points.config(0)]))


def batches_of(points: Points, worlds: Sequence[int], luck: int) -> list[Batch]:
    """All runs, world by world, and within a world those that share its facts together; the order never depends on workers.

    Raises ``ConfigError`` for more worlds than event seeds can tell apart.
    """
    if len(worlds) > MOST_WORLDS:
        raise ConfigError(f"seeds: found {len(worlds)}; accepted: at most {MOST_WORLDS}")
    digests = {name: checked(plain).world_digest() for name, plain in points.bases.items()}
    groups: dict[str, list[str]] = {}
    for point, (base, settings) in dict(zip(points.frame["point"], points.settings, strict=True)).items():
        groups.setdefault(repr((digests[base], *_facts(settings))), []).append(point)
    return [
        Batch(tuple(Key(point, world, number) for point in group[first : first + BATCH]), home)
        for world in worlds
        for home, group in enumerate(groups.values())
        for number in range(luck)
        for first in range(0, len(group), BATCH)
    ]


def _facts(settings: Settings) -> list[tuple[str, Any]]:
    return sorted((key, value) for key, value in settings.items() if touches_world(key))


def work(shared: Shared, batch: Batch) -> list[Done]:
    """Do the runs of a batch in turn; one that fails is told and does not stop the others.

    Where they take long only the first are done: the others are to be asked for again (``rest_of``).
    """
    began, done = time.monotonic(), list[Done]()
    for key in batch.keys:
        done.append(_attempt(shared, key))
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


def _attempt(shared: Shared, key: Key) -> Done:
    began = time.perf_counter()
    seed = event_seed(key.world_seed, key.luck)
    try:
        return _run(shared, key, seed, began)
    except Exception as error:
        return failed(shared, key, f"{type(error).__name__}: {error}", traceback.format_exc(), time.perf_counter() - began)


def failed(shared: Shared, key: Key, error: str, trace: str, seconds: float = 0.0) -> Done:
    """A run that came to nothing."""
    line = " ".join(error.split())[:_SHORT] or "no message"
    return Done(key, event_seed(key.world_seed, key.luck), "", shared.code, b"", 0, 0, line, trace, seconds, 0.0, 0.0)


def _run(shared: Shared, key: Key, seed: int, began: float) -> Done:
    base, settings = shared.settings[key.point]
    config = checked(varied(shared.bases[base], settings))
    started = time.perf_counter()
    cases_of(config, world_of(config, key.world_seed), seed)
    built = time.perf_counter() - started
    result = simulate(config, seed=seed, world_seed=key.world_seed)
    table, words = estimates_of(result, shared)
    arrays = time.perf_counter() - started
    value, count = table["value"].to_numpy(), table["count"].to_numpy()
    return Done(
        key, seed, config.digest(), shared.code, packed(table), len(table), checksum_of(words, value, count), "", "",
        time.perf_counter() - began, arrays, built,
    )  # fmt: skip


def estimates_of(result: Result, shared: Shared) -> tuple[pa.Table, list[tuple[str, str, str]]]:
    """The estimates of a run that are kept, and their names row by row; a missing value is missing, whatever bits it had."""
    rows = [
        row
        for row in result.metrics.itertuples(index=False, name=None)
        if (not shared.outcomes or row[0] in shared.outcomes) and (not shared.slices or row[1] in shared.slices)
    ]
    words = [row[:3] for row in rows]
    value = np.array([row[3] for row in rows], float)
    columns = [pa.array([row[place] for row in words], pa.string()) for place in range(3)]
    numbers = [pa.array(value, pa.float64(), from_pandas=True), pa.array([row[4] for row in rows], pa.int64())]
    return pa.table([*columns, *numbers], schema=ESTIMATES), words
