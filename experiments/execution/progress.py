"""How far the runs are, and which failed, as it is shown while they are done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from experiments.store.schema import Done

_MOST_TOLD = 5  # failures of one kind that are told as they happen


class _Rate(ProgressColumn):
    """Column of the progress bar: runs a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f}/s" if speed else "", style="progress.data.speed")


def bar(console: Console) -> Progress:
    """A line that says how many runs are done and failed, how many a second, and for how long yet."""
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


def print_failures(ended: Sequence[Done], told: Counter[str], progress: Progress) -> None:
    """Say failures as they happen; of the same kind only the first few."""
    for run in ended:
        if run.error:
            told[run.error] += 1
            if told[run.error] <= _MOST_TOLD:
                more = "; further ones alike are only counted" if told[run.error] == _MOST_TOLD else ""
                where = f"point {run.key.point}, world {run.key.world_seed}, replicate {run.key.replicate}"
                progress.console.print(f"failed: {where}: {run.error}{more}", markup=False, highlight=False, soft_wrap=True)
