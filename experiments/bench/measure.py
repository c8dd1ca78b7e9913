"""How fast the simulation is, and where a run's time goes: `make bench`, or `python -m experiments.bench`.

Each measurement runs in a process of its own, after a warm-up; figures are medians over seeds. Nothing here is a test: seconds
belong to a machine, ratios a little less.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from time import perf_counter

from rich.table import Table

from experiments.console import Terminal
from experiments.errors import FAILED, StoppedError
from experiments.execution.workers import Workers
from sim.conduct.demand import latent_cases
from sim.config import load
from sim.draws import Draws
from sim.metrics import metrics_of
from sim.month import advance, begin
from sim.rules import rules_of
from sim.run import Run, finish
from sim.settings import Config
from sim.simulation import prepare, with_capacity, world_of
from sim.sources.worlds import build_world
from sim.world.vocabulary import FIRST_SIDE_DOOR

_STAGES = ("world", "capacity", "cases", "months", "metrics")
SEEDS = 5
LOAD_REQUESTS = 2_000_000
LOAD_MARGIN = 1.05  # demand is scaled by this much more than the proportion asks: volumes differ between worlds
RUNS_PER_PROCESS = 3
PLAIN_REQUESTS = 60_000
PLAIN_SAFEGUARDS = 8
MEBIBYTE = 2.0**20
_SAID = "bench: "  # before what is told
BUSY = 0.7  # processes that ran in the last minute, on average, from which figures are not worth quoting
Figures = dict[str, float]


def formal_requests(run: Run) -> int:
    """Formal requests in the docket of a run."""
    return int((run.docket.channel[: run.docket.used[0]] < FIRST_SIDE_DOOR).sum())


def peak_memory() -> float:
    """Most memory that this process has held, in MiB; nan where the system does not say (Windows)."""
    try:
        import resource
    except ImportError:
        return math.nan
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / MEBIBYTE if sys.platform == "darwin" else held * 1024 / MEBIBYTE


def staged(config: Config, seed: int) -> Figures:
    """One run, stage by stage, in seconds; and how many formal requests its docket holds."""
    marks = [perf_counter()]
    bare = build_world(config.states, config.people, config.demand, config.offences, seed)
    marks.append(perf_counter())
    world = with_capacity(config, bare)
    marks.append(perf_counter())
    draws = Draws(seed)
    cases = latent_cases(world, config.demand, draws, config.months)
    marks.append(perf_counter())
    rules = rules_of(config.policy, world, loaded=config.review.load, treaty_from=config.run_in_months)
    run = begin(config, world, rules, cases, draws, config.months)
    while run.month < run.months:
        advance(run)
    marks.append(perf_counter())
    metrics_of(finish(run), config.metrics)
    marks.append(perf_counter())
    seconds = {stage: end - start for stage, start, end in zip(_STAGES, marks[:-1], marks[1:], strict=True)}
    return {**seconds, "requests": formal_requests(run), "cases_latent": float(cases.id.size)}


def warmed() -> Config:
    """The standard ten-year world, with every kernel compiled or read from the cache."""
    small = load("people.rows=2000", "demand.legitimate=50", "years=1")
    staged(small, 1)
    return load()


def measure_standard(seeds: int) -> Figures:
    """Stages of the standard run, medians over ``seeds``."""
    config = warmed()
    rounds = [staged(config, seed) for seed in range(1, seeds + 1)]
    return {key: median(each[key] for each in rounds) for key in rounds[0]}


def measure_memory(seeds: int) -> Figures:
    """Peak memory of a process that makes one standard run."""
    staged(load(), seeds)
    return {"mebibytes": peak_memory()}


def measure_load(seeds: int) -> Figures:
    """One run of at least two million formal requests."""
    config = warmed()
    at_one = staged(config, 1)["requests"]
    scale = LOAD_REQUESTS / at_one * LOAD_MARGIN
    heavy = staged(load(f"demand.scale={scale:.2f}"), 1)
    return {**heavy, "scale": scale, "mebibytes": peak_memory()}


def measure_start(seeds: int) -> Figures:
    """From the import to the end of a small run, in a process that has done nothing else."""
    start = perf_counter()
    staged(load("people.rows=2000", "demand.legitimate=50", "years=1"), 1)
    return {"seconds": perf_counter() - start}


def measure_mesa(seeds: int) -> Figures:
    """The months of one world stepped bare and through Mesa's shell, without and with its usual collector."""
    from sim.model import EvidenceModel

    config = warmed()
    world_of(config, 1)
    taken: dict[str, list[float]] = {"bare": [], "shell": [], "collected": []}
    for _ in range(seeds):
        run = prepare(config, 1)
        start = perf_counter()
        while run.month < run.months:
            advance(run)
        taken["bare"].append(perf_counter() - start)
        for name in ("shell", "collected"):
            model = EvidenceModel(config, seed=1)
            start = perf_counter()
            if name == "collected":
                model.collector()
            model.run_for(model.progress.months)
            taken[name].append(perf_counter() - start)
    return {name: median(seconds) for name, seconds in taken.items()}


class PlainRequest:
    """A request as an object, for scale."""

    __slots__ = ("day", "done", "granted", "hosts", "kind", "quality", "requested", "requester", "status")

    def __init__(self, luck: random.Random, day: float) -> None:
        self.requester, self.day = luck.randrange(193), day
        self.hosts = [luck.randrange(193) for _ in range(3)]
        self.requested = max(self.hosts, key=lambda host: -math.log(-math.log(luck.random())))
        self.kind = int(luck.random() * 3)
        self.quality = luck.gauss(0.0, 1.0)
        self.status, self.done, self.granted = "pending", math.nan, False


def measure_plain(seeds: int) -> Figures:
    """The same kind of work with one Python object a request: a race, a queue, eight safeguards, hours and a delay.

    It does less than the model (no menus, law, retention or side doors), so it flatters objects.
    """
    luck = random.Random(1)  # a stream: what is measured is objects, not luck
    start = perf_counter()
    queues: dict[int, deque[PlainRequest]] = {state: deque() for state in range(193)}
    for number in range(PLAIN_REQUESTS):
        request = PlainRequest(luck, float(number))
        queues[request.requested].append(request)
    answered = 0
    for queue in queues.values():
        hours = 0.0
        while queue:
            request = queue.popleft()
            dossier = luck.gauss(0.0, 1.0)
            hours += math.exp(0.7 + 0.8 * luck.gauss(0.0, 1.0))
            for bar in range(PLAIN_SAFEGUARDS):
                if luck.random() < 0.5 and 0.7 * dossier + 0.7 * luck.gauss(0.0, 1.0) > 2.0 + 0.1 * bar:
                    request.status = "refused"
                    break
            else:
                request.done = request.day + math.exp(5.0 + luck.gauss(0.0, 1.0))
                request.granted = luck.expovariate(0.4) * 365.25 > request.done - request.day
                request.status = "executed" if request.granted else "lapsed"
            answered += 1
    return {"requests": float(answered), "seconds": perf_counter() - start}


def measure_draws(seeds: int) -> Figures:
    """Named draws per second, from `experiments.bench.draws`."""
    from experiments.bench.draws import throughput

    table = throughput(draws=1_000_000, repeats=max(seeds, 3)).set_index("form")["ns_per_draw"]
    return {str(form): float(each) for form, each in table.items()}


_start: Barrier | None = None


def _ready(start: Barrier) -> None:
    global _start  # noqa: PLW0603 - what a worker process knows from its first day
    warmed()
    _start = start


def _rounds(first: int) -> float:
    """Seconds that a process takes for its runs, from when every other one is ready too."""
    config = load()
    if _start is not None:
        _start.wait()
    start = perf_counter()
    for seed in range(first, first + RUNS_PER_PROCESS):
        staged(config, seed)
    return perf_counter() - start


def measure_processes(seeds: int) -> Figures:
    """The same runs in one process, and twice as many in two at once. Raises ``BrokenExecutor`` where a process dies."""
    taken = []
    for count in (1, 2):
        start = multiprocessing.get_context("spawn").Barrier(count)
        with Workers(count, _ready, (start,)) as hands:
            for number in range(count):
                hands.submit(_rounds, 1 + RUNS_PER_PROCESS * number)
            taken.append(max(hands.next_ended().result() for _ in range(count)))
    return {"one": taken[0], "two": taken[1], "ratio": 2 * taken[0] / taken[1]}


MEASUREMENTS: dict[str, Callable[[int], Figures]] = {
    "standard": measure_standard,
    "memory": measure_memory,
    "load": measure_load,
    "start": measure_start,
    "mesa": measure_mesa,
    "plain": measure_plain,
    "draws": measure_draws,
    "processes": measure_processes,
}


def in_fresh_process(name: str, seeds: int = SEEDS, cache: Path | None = None) -> Figures:
    """One measurement in a fresh process; ``cache`` is another folder for compiled code. Raises ``StoppedError`` if it fails."""
    environment = {**os.environ, **({"ROGATORY_CACHE": str(cache)} if cache else {})}
    words = [sys.executable, "-m", "experiments.bench", "--measure", name, "--seeds", str(seeds)]
    start = perf_counter()
    answer = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    if answer.returncode:
        why = [line for line in answer.stderr.splitlines() if line.strip()] or [f"exit status {answer.returncode}"]
        raise StoppedError(f"{name} could not be measured: {why[-1].removeprefix(_SAID)}", FAILED)
    found: Figures = json.loads(answer.stdout.splitlines()[-1])
    return {**found, "process_seconds": perf_counter() - start}


def profiled(seed: int = 1, lines: int = 15) -> None:
    """Print where a standard run's time goes; kernels appear as one call each, Python around them line by line."""
    import cProfile
    import pstats

    config = warmed()
    profile = cProfile.Profile()
    profile.runcall(staged, config, seed)
    pstats.Stats(profile).sort_stats("tottime").print_stats(lines)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def report(seeds: int) -> None:
    """Measure everything and print a short table for each."""
    console = Terminal(highlight=False)
    console.print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; medians of {seeds} seeds")
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    console.print(f"others were at work here (load {busy:.1f}): do not quote these\n" if busy > BUSY else "", style="bold")
    rate = _report_runs(console, seeds)
    _report_scale(console, seeds, rate)
    _report_start(console)
    table = _table("Draws, nanoseconds each", "form", "ns")
    for form, each in in_fresh_process("draws", seeds).items():
        if form != "process_seconds":
            table.add_row(form, f"{each:.2f}")
    console.print(table)


def _report_runs(console: Terminal, seeds: int) -> float:
    """The table of one run; returns how many requests a second the months of the standard run do."""
    standard, load_test = in_fresh_process("standard", seeds), in_fresh_process("load", seeds)
    table = _table("One run, seconds", "stage", "ten years", f"load test (scale {load_test['scale']:.1f})")
    for stage in _STAGES:
        table.add_row(stage, f"{standard[stage]:.2f}", f"{load_test[stage]:.2f}")
    whole = [sum(figures[stage] for stage in _STAGES) for figures in (standard, load_test)]
    table.add_row("whole", *(f"{seconds:.2f}" for seconds in whole))
    table.add_row("formal requests", *(f"{figures['requests']:,.0f}" for figures in (standard, load_test)))
    rates = [(figures["requests"] / figures["months"], figures["requests"] / seconds) for figures, seconds in
             zip((standard, load_test), whole, strict=True)]  # fmt: skip
    table.add_row("requests a second, months alone", *(f"{months:,.0f}" for months, _ in rates))
    table.add_row("requests a second, whole run", *(f"{everything:,.0f}" for _, everything in rates))
    table.add_row("peak memory, MiB", f"{in_fresh_process('memory', 1)['mebibytes']:,.0f}", f"{load_test['mebibytes']:,.0f}")
    console.print(table, "")
    return rates[0][0]


def _report_scale(console: Terminal, seeds: int, rate: float) -> None:
    """The table of what the months, ``rate`` requests a second, stand against."""
    plain, mesa = in_fresh_process("plain"), in_fresh_process("mesa", min(seeds, 3))
    objects = plain["requests"] / plain["seconds"]
    table = _table("For scale", "what", "value")
    table.add_row("one Python object a request, requests a second", f"{objects:,.0f}")
    table.add_row("months against it", f"{rate / objects:,.0f} times")
    table.add_row("stepped through Mesa's shell, against bare months", f"{mesa['shell'] / mesa['bare']:.3f}")
    table.add_row("the same with Mesa's collector on", f"{mesa['collected'] / mesa['bare']:.2f}")
    table.add_row("two processes against one", f"{in_fresh_process('processes')['ratio']:.2f} times")
    console.print(table, "")


def _report_start(console: Terminal) -> None:
    """The table of a start with and without compiled code at hand."""
    with tempfile.TemporaryDirectory() as folder:
        cold = in_fresh_process("start", cache=Path(folder))
        cached = in_fresh_process("start", cache=Path(folder))
    table = _table("Start and a small run, seconds", "compiled code", "process", "after imports")
    for name, figures in (("none yet", cold), ("from the cache", cached)):
        table.add_row(name, f"{figures['process_seconds']:.1f}", f"{figures['seconds']:.1f}")
    console.print(table, "")


def main() -> None:
    """Read the few options and measure; what fails is told in one line, with exit status 3."""
    parser = argparse.ArgumentParser(prog="python -m experiments.bench", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="seeds to take medians over")
    parser.add_argument("--profile", action="store_true", help="show where a standard run's time goes, and nothing else")
    parser.add_argument("--measure", choices=MEASUREMENTS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    try:
        if chosen.measure:
            print(json.dumps(MEASUREMENTS[chosen.measure](chosen.seeds)))
        elif chosen.profile:
            profiled()
        else:
            report(chosen.seeds)
    except (BrokenExecutor, StoppedError) as error:
        line = str(error) if isinstance(error, StoppedError) else "a worker process died (too little memory?)"
        print(f"{_SAID}{line}", file=sys.stderr)
        sys.exit(FAILED)
