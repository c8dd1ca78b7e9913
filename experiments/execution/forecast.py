"""How long a study will take and what it will hold, said from its first runs: compilation, start, worlds, runs and drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil
from statistics import median
from typing import NamedTuple

from experiments.execution.jobs import Batch
from experiments.store.schema import Done
from experiments.text import counted, size_text, time_text

_TOLD_FROM = 1.0  # seconds of a start
_ON_DISK = 0.3  # bytes of a store for a byte that a run hands over; *measured*: 0.27 where twelve runs leave all tables


_FIGURE = 1.2  # seconds to draw and save one; *measured* on a machine of two slow cores
_ARM = 0.25  # seconds that an arm adds to tables, figures and page; *measured* there too


def drawing(figures: int, arms: int = 0) -> float:
    """Seconds that tables, figures and page will take after the runs."""
    return figures * _FIGURE + arms * _ARM


def work_of(todo: Sequence[Batch], workers: int, first: Sequence[Done]) -> float:
    """Seconds that runs take on so many processes, from the time of the first of them and of their world."""
    count, worlds = sum(len(batch.keys) for batch in todo), Counter((batch.keys[0].world_seed, batch.home) for batch in todo)
    at_once = min(workers, len(todo))
    each = median(run.seconds - run.world_seconds for run in first)
    world = max(run.world_seconds for run in first)
    builds = sum(min(batches, at_once) for batches in worlds.values())
    return (count * each + builds * world) / at_once


class Ahead(NamedTuple):
    """What is to come in a turn, beside its runs."""

    there: int  # runs that are in the store already
    pages: float  # seconds that tables and figures take in the end
    words: int  # bytes of what the store says of itself
    files: int  # bytes of the file that each run leaves
    open_ended: bool  # whether more may be asked for then


def projected(first: Sequence[Done], todo: Sequence[Batch], workers: int, start: float, ahead: Ahead) -> str:
    """How long it will take in all, from the time of the first runs and of their world, and from what went before them.

    ``start`` are the seconds from the beginning of the turn to the beginning of the first run: rules were compiled, and each
    worker process began and loaded them. Worlds are built by each process that meets them; no more processes work than there
    are batches.
    """
    count, worlds = sum(len(batch.keys) for batch in todo), {(batch.keys[0].world_seed, batch.home) for batch in todo}
    about = time_text(ceil(start + work_of(todo, workers, first) + ahead.pages))
    each = _ON_DISK * sum(run.size for run in first) / len(first)
    size = size_text(ahead.words + (each + ahead.files) * (count + ahead.there))
    already = f" ({ahead.there:,} there already)" if ahead.there else ""
    on = f"{workers} process{'es' if workers > 1 else ''}"
    parts = {"to compile and to start": start, "for tables and figures": ahead.pages}
    told = [f"{time_text(seconds)} of it {what}" for what, seconds in parts.items() if seconds >= _TOLD_FROM]
    return (
        f"projected: {'at least ' if ahead.open_ended else ''}about {about} for {counted(count, 'run')} in "
        f"{counted(len(worlds), 'world')}{already} on {on}{''.join(f', {words}' for words in told)}; {size} on disk"
    )
