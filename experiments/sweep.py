"""A design run to its end, whatever comes between: ``rogatory sweep design=NAME`` starts, resumes and expands.

Runs that are in the store already are not done again; the order, the engine and the number of workers change no table.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import closing, contextmanager, suppress
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pandas as pd
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from experiments.designs import Design, design_of
from experiments.engines import engine_of
from experiments.jobs import Batch, batches_of, shared_of
from experiments.output import commit, is_dirty, machine, safe_name
from experiments.points import Points, points_of, refuse_scenario, sized
from experiments.processes import refuse_unguarded
from experiments.runs import crew_size, warm
from experiments.sampling import size_told
from experiments.stopped import FAILED, INTERRUPTED, StoppedError
from experiments.store.identity import code_fingerprint, identity_of
from experiments.store.reader import StoredStudy, store_folder
from experiments.store.schema import Done, Key
from experiments.store.store import CHUNK, WHOLE, Store, writing
from experiments.telling import counted, told_time
from experiments.terminal import Terminal, console_of
from sim.config import checked, key_of, load, options
from sim.result import package_versions
from sim.settings import Config
from sim.world.record import ConfigError

OF_THE_SWEEP = (
    *("design", "store", "shard", "mix", "size", "seeds", "luck", "workers", "output", "engine", "outcome", "analysis", "figures"),
)
"""Keys of how a sweep is run, and not of what its runs are."""
MOST_RUNS = 5_000_000
"""Runs of a sweep; *assumption*: years of one machine, and what its memory holds the keys of."""
_TOLD_FROM = 1.0  # seconds of a start
_MOST_TOLD = 5  # failures of one kind that are told as they happen


_TABLES = ("states.table", "states.penalty_table")  # keys of a user's own tables

JOB = "job_"
"""How the writers of a multirun's jobs begin: each knows its own point alone."""


class Plan(NamedTuple):
    """A sweep that is to be run."""

    command: str
    design: Design
    config: Config  # of the study: workers, output, engine
    points: Points
    worlds: list[int]
    luck: int
    folder: Path
    writer: str
    shard: tuple[int, int]  # number and how many
    overrides: tuple[str, ...]  # that reach every point

    @property
    def batches(self) -> list[Batch]:
        """What this job has to do, if nothing were there yet."""
        number, of = self.shard
        return batches_of(self.points, self.worlds, self.luck)[number - 1 :: of]

    @property
    def keys(self) -> set[Key]:
        """All runs, of every shard."""
        return {
            Key(point, world, number)
            for point in self.points.frame["point"]
            for world in self.worlds
            for number in range(self.luck)
        }


class Turn:
    """What happened in a session so far."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.done = 0
        self.failed = 0
        self.seconds = 0.0  # in runs
        self.array_seconds = 0.0  # of these, in array code
        self.began = time.monotonic()
        self.own = 0.0  # in the store

    def add(self, other: Turn) -> None:
        """Count what another turn did too."""
        for name in ("done", "failed", "seconds", "array_seconds", "own"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def main(*overrides: str) -> Path:
    """Run a design; returns the folder of the store. Raises ``ConfigError`` and ``StoppedError``."""
    return run_plan(plan_of(overrides))


def run_plan(plan: Plan) -> Path:
    """Run what a plan still lacks; returns the folder of the store. Raises ``StoppedError``."""
    if plan.config.engine.name == "local":
        refuse_unguarded(crew_size(plan.config.workers, sum(len(batch.keys) for batch in plan.batches)))
    console = console_of()
    try:
        with writing(plan.folder, _identity(plan), plan.writer, plan.config.mix) as store:
            if plan.design.search is None:
                turn = conduct(plan, store, console)
            else:
                from experiments.adaptive import search

                plan, turn = search(plan, store, console)
            store.fold_rest()
            left = len(plan.keys - store.finished())
    except BrokenPipeError:
        raise
    except OSError as error:  # before the first run, or after the last
        told = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise StoppedError(f"{told}; what {plan.folder} held is kept; the same command goes on", FAILED) from None
    console.print(_closing(plan, turn, left), markup=False, highlight=False, soft_wrap=True)
    if turn.failed:
        raise StoppedError(f"{counted(turn.failed, 'run')} failed; the others are kept: rogatory check store={plan.folder}", FAILED)
    return plan.folder


def plan_of(overrides: Sequence[str]) -> Plan:
    """What is asked for. Raises ``ConfigError``."""
    config = load(*overrides)
    if config.design is None:
        raise ConfigError(f"design: found none; accepted: one of {', '.join(options('design'))}, or the path of a YAML file")
    given = {key_of(override) for override in overrides}
    refuse_fixed_world(config)
    refuse_scenario(overrides)
    design = sized(design_of(config.design), config.size)
    of_all = [override for override in overrides if not of_the_sweep(override)]
    if told := size_told(design):
        Terminal(stderr=True).print(told, highlight=False)
    points = points_of(design, of_all)
    seeds = config.seeds if "seeds" in given or design.seeds is None else design.seeds
    luck = config.luck if "luck" in given or design.luck is None else design.luck
    shard = _shard(config.shard)
    runs = len(points.frame) * seeds * luck
    if runs > MOST_RUNS:
        raise ConfigError(f"seeds: found {runs:,} runs of {len(points.frame):,} points; accepted: at most {MOST_RUNS:,} of a sweep")
    folder = store_folder(config.store or safe_name(Path(config.design).stem), config.output)
    if design.search is not None and config.shard is not None:
        raise ConfigError(
            f"shard: found {config.shard!r} with a search; accepted: null, for each generation waits for the one before"
        )
    writer = WHOLE if config.shard is None else f"{shard[0]}_of_{shard[1]}"
    worlds = [config.seed + number for number in range(seeds)]
    return Plan(" ".join(["sweep", *overrides]), design, config, points, worlds, luck, folder, writer, shard, tuple(of_all))


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


def _identity(plan: Plan) -> Any:
    bases = {name: checked(plain) for name, plain in plan.points.bases.items()}
    return identity_of(bases, sorted(plan.design.outcomes), sorted(plan.design.slices))


# --- running --------------------------------------------------------------------------------------------------------------------


def conduct(plan: Plan, store: Store, console: Console) -> Turn:
    """Do what is not done yet, and keep it as it comes; an interrupt or a full disk loses no run that has ended."""
    turn = Turn()
    try:
        with _session(plan, store, turn):
            _run_all(plan, store, turn, console)
    except (KeyboardInterrupt, BrokenExecutor, OSError, MemoryError) as error:
        raise _halted(error, turn, plan) from None
    return turn


@contextmanager
def _session(plan: Plan, store: Store, turn: Turn) -> Iterator[None]:
    """The manifest of a turn stands in the store while it runs, and says in the end how it went."""
    said = _manifest(plan, store)
    name = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%f}Z-{plan.writer}"
    store.write_session(name, said | {"status": "running"})
    try:
        yield
    except BaseException:
        with suppress(OSError):  # a full disk has been told already
            store.write_session(name, said | _ended(turn, "interrupted"))
        raise
    store.write_session(name, said | _ended(turn, "failures" if turn.failed else "done"))


def _ended(turn: Turn, status: str) -> dict[str, Any]:
    return {
        "status": status, "ended": _now(), "runs": turn.done, "failed": turn.failed, "run_seconds": round(turn.seconds, 2),
        "array_seconds": round(turn.array_seconds, 2), "store_seconds": round(turn.own, 2),
        "seconds": round(time.monotonic() - turn.began, 2),
    }  # fmt: skip


def _halted(error: BaseException, turn: Turn, plan: Plan) -> StoppedError:
    kept = f"{counted(turn.done, 'run')} of this turn kept in {plan.folder}; the same command goes on"
    if isinstance(error, KeyboardInterrupt):
        return StoppedError(f"interrupted; {kept}", INTERRUPTED)
    return StoppedError(f"{type(error).__name__}: {' '.join(str(error).split())}; {kept}", FAILED)


def _manifest(plan: Plan, store: Store) -> dict[str, Any]:
    """Everything that is needed to rebuild or to doubt what this turn writes."""
    return {
        "command": f"rogatory {plan.command}",
        "began": _now(),
        "design": plan.design.model_dump(mode="json", exclude_defaults=True),
        "whole": not plan.writer.startswith(JOB),
        "points": store.write_points(plan.points.frame),
        "worlds": plan.worlds,
        "luck": plan.luck,
        "shard": list(plan.shard),
        "event_seeds": "world seed + 10000 x luck number (0, 1, ...)",
        "bases": plan.points.bases,
        "digests": {name: checked(plain).digest() for name, plain in plan.points.bases.items()},
        "code": {"sources": code_fingerprint(), "commit": commit(), "dirty": is_dirty()},
        "tables": plan.config.data,
        "versions": package_versions(),
        "machine": machine(),
        "engine": plan.config.engine.model_dump(),
    }


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _run_all(plan: Plan, store: Store, turn: Turn, console: Console) -> None:
    batches, finished = plan.batches, store.finished()
    order = [key for batch in batches for key in batch.keys]
    todo = [Batch(left, batch.home) for batch in batches if (left := tuple(key for key in batch.keys if key not in finished))]
    count = sum(len(batch.keys) for batch in todo)
    chunks = _Chunks(order, finished, store)
    if not todo:
        console.print(f"{counted(len(order), 'run')}: all there already.", highlight=False)
    else:
        store.configurations.refuse_others(_at_risk(plan, store))
        workers = crew_size(plan.config.workers, count)
        engine = engine_of(plan.config.engine, workers)
        shared = shared_of(plan.points, plan.design.outcomes, plan.design.slices, code_fingerprint())
        shown, told = Terminal(stderr=True), Counter[str]()
        with shown.status("compiling the rules (once; about half a minute on a new machine)"):
            warm(shared.trial)  # before several processes would each do it
        with _bar(shown) as progress, closing(engine(shared, todo)) as ended:
            task = progress.add_task(plan.folder.name, total=count, failed=0)
            for runs in ended:
                if not turn.done + turn.failed:
                    start = time.monotonic() - turn.began - sum(run.seconds for run in runs)
                    told_first = _projected(runs, todo, workers, len(order) - count, start)
                    progress.console.print(told_first, highlight=False, soft_wrap=True)
                _keep(runs, store, chunks, turn)
                _tell(runs, told, progress)
                progress.update(task, completed=turn.done + turn.failed, failed=turn.failed)
    started = time.perf_counter()
    chunks.settle()
    turn.own += time.perf_counter() - started


def _at_risk(plan: Plan, store: Store) -> Iterator[tuple[str, str]]:
    """Points with runs in the store whose configuration may be another one now, and its digest: before a run is made in vain.

    Other settings of a scenario or an arm are refused when the store is opened, unless the user mixes; a table that a point
    names for itself is nowhere compared. Whatever slips through is refused when its first run is to be kept.
    """
    there = store.configurations.points()
    for place, (point, (_, settings)) in enumerate(zip(plan.points.frame["point"], plan.points.settings, strict=True)):
        if point in there and (plan.config.mix or any(key in _TABLES for key in settings)):
            yield point, plan.points.config(place).digest()


def _keep(ended: Sequence[Done], store: Store, chunks: _Chunks, turn: Turn) -> None:
    started = time.perf_counter()
    store.add(ended)
    for run in ended:
        turn.done, turn.failed = turn.done + (not run.error), turn.failed + bool(run.error)
        turn.seconds, turn.array_seconds = turn.seconds + run.seconds, turn.array_seconds + run.array_seconds
    chunks.tick(ended)
    turn.own += time.perf_counter() - started


class _Chunks:
    """Which thousand runs of the order are complete: they become a part when all before them have."""

    def __init__(self, order: Sequence[Key], finished: set[Key], store: Store) -> None:
        self._chunks = [order[first : first + CHUNK] for first in range(0, len(order), CHUNK)]
        self._home = {key: number for number, chunk in enumerate(self._chunks) for key in chunk}
        self._left = [sum(key not in finished for key in chunk) for chunk in self._chunks]
        self._next = 0
        self._store = store

    def tick(self, ended: Sequence[Done]) -> None:
        """Count what has ended."""
        for run in ended:
            self._left[self._home[run.key]] -= 1
        while self._next < len(self._chunks) - 1 and not self._left[self._next]:  # the last one is the settlement's
            self._fold_next()

    def settle(self) -> None:
        """The end of a turn: what is complete or will not be becomes parts, chunk by chunk, and failures their table."""
        while self._next < len(self._chunks):
            self._fold_next()
        self._store.settle_failures()

    def _fold_next(self) -> None:
        self._store.fold(self._chunks[self._next])
        self._next += 1


# --- telling ----------------------------------------------------------------------------------------------------------------------


def _projected(first: Sequence[Done], todo: Sequence[Batch], workers: int, there: int, start: float) -> str:
    """How long it will take in all, from the time of the first runs and of their world, and from what went before them.

    ``start`` are the seconds from the beginning of the turn to the beginning of the first run: rules were compiled, and each
    worker process began and loaded them. Worlds are built by each process that meets them; no more processes work than there
    are batches.
    """
    count, worlds = sum(len(batch.keys) for batch in todo), Counter((batch.keys[0].world_seed, batch.home) for batch in todo)
    at_once = min(workers, len(todo))
    each = median(run.seconds - run.world_seconds for run in first)
    world = max(run.world_seconds for run in first)
    builds = sum(min(batches, at_once) for batches in worlds.values())
    about = told_time(ceil(max(start, 0.0) + (count * each + builds * world) / at_once))
    before = f" ({there:,} there already)" if there else ""
    on = f"{workers} process{'es' if workers > 1 else ''}"
    began = f", {told_time(start)} of it to compile and to start" if start >= _TOLD_FROM else ""
    return f"projected: about {about} for {counted(count, 'run')} in {counted(len(worlds), 'world')}{before} on {on}{began}"


class _Rate(ProgressColumn):
    """Runs a second."""

    def render(self, task: Any) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f}/s" if speed else "", style="progress.data.speed")


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs"),
        _Rate(),
        TextColumn("{task.fields[failed]} failed"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        speed_estimate_period=60.0,
    )


def _tell(ended: Sequence[Done], told: Counter[str], progress: Progress) -> None:
    """Say failures as they happen; of the same kind only the first few."""
    for run in ended:
        if run.error:
            told[run.error] += 1
            if told[run.error] <= _MOST_TOLD:
                more = "; further ones alike are only counted" if told[run.error] == _MOST_TOLD else ""
                where = f"point {run.key.point}, world {run.key.world_seed}, luck {run.key.luck}"
                progress.console.print(f"failed: {where}: {run.error}{more}", markup=False, highlight=False, soft_wrap=True)


def _closing(plan: Plan, turn: Turn, left: int) -> str:
    own = turn.own + turn.seconds - turn.array_seconds
    share = f", {100 * own / turn.array_seconds:.1f} % of the compute time for runner and store" if turn.array_seconds else ""
    state = "complete" if not left else f"{counted(left, 'run')} missing"
    took = told_time(time.monotonic() - turn.began)
    return f"{counted(turn.done, 'run')} in {took}{share}. Store: {plan.folder} ({state})."


def missing_of(study: StoredStudy) -> pd.DataFrame:
    """Runs that the latest design asks for and the store does not have: ``point, world_seed, luck``."""
    latest = study.latest
    wanted = [
        Key(point, world, number)
        for point in dict.fromkeys(study.points["point"])
        for world in latest["worlds"]
        for number in range(latest["luck"])
    ]
    have = set(_keys(study.runs))
    return pd.DataFrame([key for key in wanted if key not in have], columns=list(Key._fields))


def _keys(runs: pd.DataFrame) -> Iterator[Key]:
    return (Key(*row) for row in runs[list(Key._fields)].itertuples(index=False, name=None))
