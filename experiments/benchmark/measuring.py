"""All measurements made one after the other: how far they are, what is left out for want of memory, and the machine meanwhile."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import nullcontext
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from math import isnan
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from experiments.benchmark.counting import APART, KINDS
from experiments.benchmark.measures import apart, one_process
from experiments.benchmark.plan import Plan
from experiments.benchmark.record import Job, Measured, Timed
from experiments.benchmark.runs import MEBIBYTE, WHOLE
from experiments.execution.workers import Workers
from experiments.text import time_text

BUSY = 0.7  # processes that ran in the last minute, on average, from which figures are not worth quoting
_START, _RUN = 3.0, 5.0  # seconds of a process, and of a standard run before one has been timed
_BARE_MEMORY = 300.0  # MiB of a process that has run nothing
_FREE_SHARE = 0.8  # of the memory that is free which a measurement may take
_CPUS, _MEMORY = Path("/proc/cpuinfo"), Path("/proc/meminfo")
_PACKAGES = ("numpy", "numba", "llvmlite", "mesa", "agentpy", "ambr", "polars")


class Told(NamedTuple):
    """A job, and what came of it."""

    job: Job
    found: Measured


def made(plan: Plan, console: Console) -> list[Told]:
    """Every measurement of a plan, in its order. Raises ``BrokenExecutor`` where a process dies that should not."""
    told, began = list[Told](), perf_counter()
    jobs = [*([plan.counts, plan.floors, plan.floors] if plan.with_floor else []), *plan.others]
    ahead = _Ahead(jobs)
    with _bar(console) as progress, one_process() if plan.together else nullcontext() as hands:
        task = progress.add_task("", total=len(jobs), left="")
        for job in _settled(plan, told):
            left = time_text(ahead.seconds(len(told)))
            progress.update(task, description=_named(job), completed=len(told), left=f"about {left} left")
            told.append(Told(job, _one(job, told, hands)))
            if ahead.learns(told[-1]):
                whole = time_text(perf_counter() - began + ahead.seconds(len(told)))
                progress.console.print(f"projected: about {whole} in all for {len(jobs)} measurements", highlight=False)
        progress.update(task, description="", completed=len(jobs), left="")
    return told


def _settled(plan: Plan, told: Sequence[Told]) -> Iterator[Job]:
    """The jobs; the floor's once the draws have been counted."""
    if plan.with_floor:
        yield from _floors(plan, told)
    yield from plan.others


def _floors(plan: Plan, told: Sequence[Told]) -> Iterator[Job]:
    yield plan.counts
    counts = told[0].found
    for stage, of in (("months", "requests"), ("cases", "cases")):
        given: dict[str, float | str] = dict.fromkeys(KINDS, 0.0) | {"stage": stage, "of": of}
        for one in counts.timed:
            if one.stage == stage and one.of == of:
                kind = one.row.rpartition(APART)[2]
                given[kind] = float(given[kind]) + one.size
        yield plan.floors._replace(given=given)


def _one(job: Job, told: Sequence[Told], hands: Workers | None) -> Measured:
    if why := _too_large(job, told):
        return Measured((), skipped=why)
    if job.kind == "floor" and told[0].found.skipped:
        return Measured((), skipped=told[0].found.skipped)
    try:
        return apart(job, hands)
    except BrokenExecutor:
        if job.part != "scale":
            raise
        return Measured((), skipped="its process died (too little memory?)")


def _too_large(job: Job, told: Sequence[Told]) -> str:
    """Why a point of a scale is not tried: it would want more memory than is free, by the point before it."""
    before = [one for one in told if job.kind == "bare" and (one.job.part, one.job.row) == (job.part, job.row)]
    if not before or job.part != "scale":
        return ""
    last, free = before[-1], free_memory()
    if last.found.skipped:
        return last.found.skipped
    wanted = _BARE_MEMORY + max(last.found.mebibytes - _BARE_MEMORY, 0.0) * job.x / last.job.x
    if isnan(wanted) or isnan(free) or wanted <= _FREE_SHARE * free:
        return ""
    return f"it would hold about {wanted / 1024:.0f} GiB, and {free / 1024:.0f} GiB are free"


class _Ahead:
    """How long what is left will take: by what standard runs take here, once one has been timed."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._run = _RUN
        self._known = False

    def seconds(self, done: int) -> float:
        """Seconds of all jobs from this one on."""
        return sum(_START + job.weight * self._run for job in self._jobs[done:])

    def learns(self, told: Told) -> bool:
        """Take in the first whole run; whether it was this one."""
        whole = [one.seconds for one in told.found.timed if one.stage == WHOLE]
        if self._known or not whole:
            return False
        self._run, self._known = min(whole), True
        return True


def _named(job: Job) -> str:
    return job.row if isnan(job.x) else f"{job.row}, {job.x:,.0f}"


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("measurements"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        console=console,
    )


# --- the machine --------------------------------------------------------------------------------------------------------------


def free_memory() -> float:
    """MiB that are free; nan where the system does not say."""
    if _MEMORY.is_file():
        lines = dict(line.split(":", 1) for line in _MEMORY.read_text(encoding="utf-8").splitlines() if ":" in line)
        if "MemAvailable" in lines:
            return float(lines["MemAvailable"].split()[0]) * 1024 / MEBIBYTE
    return float("nan")


def load_average() -> float:
    """Processes that ran in the last minute, on average; zero where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def machine() -> Mapping[str, str]:
    """The machine and the versions, as a table shows them: nothing in it names whose it is."""
    return {
        "processor": _processor(),
        "kind": f"{platform.system()}, {platform.machine()}, {import_module('llvmlite.binding').get_host_cpu_name()}",
        "cores": str(os.cpu_count()),
        "Python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
        "load average before": f"{load_average():.2f}",
    }


def _processor() -> str:
    if _CPUS.is_file():
        for line in _CPUS.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name" and value.strip():
                return value.strip()
    return platform.processor() or "not said"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def timings(told: Sequence[Told]) -> list[Timed]:
    """All repeats of all measurements but the counting of draws, which takes no time that means anything."""
    return [timed for one in told if one.job.kind != "counts" for timed in one.found.timed]
