"""Replicates: the same question asked under many seeds, on every core, with a progress bar; order and workers change nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Protocol

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from experiments.output import safe_name
from experiments.processes import Hands, refuse_unguarded
from experiments.tally import Tally, tally_of, with_displacement
from experiments.terminal import Terminal
from sim.settings import Config
from sim.simulation import simulate

_TINY = ("states=synthetic", "states.synthetic.count=4", "people.rows=200", "demand.legitimate=20", "years=1")


def replicate(configs: Sequence[Config], keep: Path | None, seed: int) -> list[Tally]:
    """One seed under every scenario: they share the world and its cases, so that their difference is the scenario's."""
    tallies, finished = [], []
    for config in configs:
        result = simulate(config, seed=seed)
        if keep is not None:
            result.requests.to_parquet(keep / f"requests-{safe_name(config.scenario_name)}-{seed}.parquet", index=False)
        tallies.append(tally_of(result))
        finished.append(result.finished)
    if len(configs) == 2:
        tallies[1] = with_displacement(tallies[1], finished[1], finished[0], configs[0].scenario_name)
    return tallies


def trials(configs: Sequence[Config]) -> list[Config]:
    """A tiny world under each policy among the configurations: running it compiles what they need."""
    from sim.config import load

    policies = {config.policy.model_dump_json(): config.policy for config in configs}
    tiny = load(*_TINY)
    return [tiny.model_copy(update=dict(policy)) for policy in policies.values()]


def warm(tried: Sequence[Config]) -> None:
    """Run each once: compiled rules come into this process, and on a new machine into the cache of all others."""
    for config in tried:
        simulate(config, seed=1)


class Spread(Protocol):
    """Does a piece of work for each of several tasks and hands back (place of the task, what came of it), in any order."""

    def __call__[T, R](self, work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[int, R]]:
        """The first failure is raised; what has not begun by then is not done."""
        ...


@contextmanager
def crew(workers: int, configs: Sequence[Config], console: Console) -> Iterator[Spread]:
    """Processes that stay for the length of a block, or this process alone for one worker; nobody is left behind.

    What the configurations need is compiled once, before several processes would each do it. Raises ``UnguardedError``.
    """
    refuse_unguarded(workers)
    tried = trials(configs)
    watched = console.is_terminal
    with console.status("compiling the rules (once; about half a minute on a new machine)") if watched else nullcontext():
        warm(tried)
    if workers == 1:
        yield _in_turn
        return
    with Hands(workers, warm, (tried[:1],)) as hands:

        def at_once[T, R](work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[int, R]]:
            places = {hands.submit(work, task): place for place, task in enumerate(tasks)}
            while places:
                future = hands.next_ended()
                yield places.pop(future), future.result()  # popped: a result that has been read is not kept a second time

        yield at_once


def _in_turn[T, R](work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[int, R]]:
    for place, task in enumerate(tasks):
        yield place, work(task)


def crew_size(asked: int | None, tasks: int) -> int:
    """Processes for so many tasks: every core unless fewer were asked for, and never more than there are tasks."""
    return min(asked or os.cpu_count() or 1, tasks)


def replicates(configs: Sequence[Config], keep: Path | None = None, console: Console | None = None) -> Tally:
    """All seeds of ``configs[0]`` under all configurations, pooled in order of scenario and seed.

    ``keep`` is a folder for one table of requests per run. The first failure ends the study: nothing is pooled then.
    """
    first = configs[0]
    seeds = [first.seed + number for number in range(first.seeds)]
    shown = console or Terminal(stderr=True)
    finished: dict[int, list[Tally]] = {}
    with crew(crew_size(first.workers, len(seeds)), configs, shown) as spread, progress_bar(shown, "seeds") as progress:
        task = progress.add_task(" against ".join(config.scenario_name for config in configs), total=len(seeds))
        for place, tallies in spread(partial(replicate, configs, keep), seeds):
            finished[seeds[place]] = tallies
            progress.advance(task)
    tallies = [finished[seed][place] for place in range(len(configs)) for seed in seeds]
    return Tally(*(pd.concat(list(parts), ignore_index=True) for parts in zip(*tallies, strict=True)))


def progress_bar(console: Console, counted: str) -> Progress:
    """A bar that says how many of what is ``counted`` are done, how long it took and how long it will."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(counted),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
    )
