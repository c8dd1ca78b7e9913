"""Replicates: the same question asked under many seeds, on every core, with a progress bar; order and workers change nothing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from experiments.tally import Tally, tally_of, with_displacement
from sim.settings import Config
from sim.simulation import simulate

_TINY = ("states=synthetic", "states.synthetic.count=4", "people.rows=200", "demand.legitimate=20", "years=1")


def replicate(configs: Sequence[Config], seed: int, keep: Path | None) -> list[Tally]:
    """One seed under every scenario: they share the world and its cases, so that their difference is the scenario's."""
    tallies, finished = [], []
    for config in configs:
        result = simulate(config, seed=seed)
        if keep is not None:
            result.requests.to_parquet(keep / f"requests-{config.scenario_name}-{seed}.parquet", index=False)
        tallies.append(tally_of(result))
        finished.append(result.finished)
    if len(configs) == 2:
        tallies[1] = with_displacement(tallies[1], finished[1], finished[0], configs[0].scenario_name)
    return tallies


def warm(configs: Sequence[Config]) -> None:
    """Compile whatever is not compiled yet, once, before several processes would each do it."""
    from sim.config import load

    tiny = load(*_TINY)
    for config in configs:
        simulate(tiny.model_copy(update={"safeguards": config.safeguards}), seed=1)


def _follow_parent() -> None:
    """An interrupt is the parent's to handle; and a worker whose parent was killed ends too, or it would wait for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def replicates(configs: Sequence[Config], keep: Path | None = None, console: Console | None = None) -> Tally:
    """All seeds of ``configs[0]`` under all configurations, pooled in order of scenario and seed.

    ``keep`` is a folder for one table of requests per run. The first failure ends the study: nothing is pooled then.
    """
    first = configs[0]
    seeds = [first.seed + number for number in range(first.seeds)]
    workers = min(first.workers or os.cpu_count() or 1, len(seeds))
    shown = console or Console(stderr=True)
    with shown.status("compiling the rules (once; about half a minute on a new machine)") if shown.is_terminal else nullcontext():
        warm(configs)
    with _progress(shown) as progress:
        task = progress.add_task(" against ".join(config.scenario_name for config in configs), total=len(seeds))
        finished = _gather(configs, seeds, keep, workers, lambda: progress.advance(task))
    tallies = [finished[seed][place] for place in range(len(configs)) for seed in seeds]
    return Tally(*(pd.concat(list(parts), ignore_index=True) for parts in zip(*tallies, strict=True)))


def _gather(
    configs: Sequence[Config], seeds: Sequence[int], keep: Path | None, workers: int, tick: Callable[[], None]
) -> dict[int, list[Tally]]:
    finished: dict[int, list[Tally]] = {}
    if workers == 1:
        for seed in seeds:
            finished[seed] = replicate(configs, seed, keep)
            tick()
        return finished
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_follow_parent)
    try:
        futures: dict[Future[list[Tally]], int] = {pool.submit(replicate, configs, seed, keep): seed for seed in seeds}
        for future in as_completed(futures):
            finished[futures[future]] = future.result()
            tick()
    finally:  # after a failure or an interrupt nobody waits for what has not begun
        pool.shutdown(wait=True, cancel_futures=True)
    return finished


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("seeds"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
    )
