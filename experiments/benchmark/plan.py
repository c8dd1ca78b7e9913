"""Which measurements are made, of which worlds, in which order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import count, takewhile
from typing import NamedTuple

from experiments.benchmark.beside import KERNEL, PEERS, TWIN
from experiments.benchmark.bound import FUSED
from experiments.benchmark.record import BenchmarkSpec, Job
from sim.config import key_of, load
from sim.settings import Config

MODEL, THROUGH_MESA = "the model", "the model through Mesa"
FOLDED = "the model without rows, naive"
FIVE = "five years without rows, naive"
BUNDLE = "the model under the reform bundle, naive"
NAIVE, ADAPTIVE = "naive", "adaptive"
ROWS = {(shell, conduct): f"{shell}, {conduct}" for shell in (MODEL, THROUGH_MESA) for conduct in (NAIVE, ADAPTIVE)}
FLOOR = "the draws of the model alone"
ONE, TWO = "runs on one process", "runs on two processes"
PARTS = {
    "model": "The model",
    "floor": "Its draws alone",
    "fused": "The months, fused by hand",
    "twin": "The twin",
    "month": "The common month",
    "draws": "Draws by form",
    "start": "A start",
    "memory": "Memory by simulated years",
    "processes": "Processes",
    "scale": "Scales",
}
"""Parts of the tables, and what each is called."""
SCALES = {"requests": "formal requests", "people": "people at risk (rows)", "states": "states (made up)", "processes": "processes"}
_WARM = ("people.rows=2000", "demand.legitimate=50", "years=1")
_QUICK = ("years=1", "people.rows=4000", "demand.scale=0.02", "calibration_months=6")
_SHORT = ("years=1", "run_in_months=6", "run_out_months=6")  # of the sweep
_TWIN_YEARS = "years=1"
_COUNTED_SHARE, _FEWEST = 0.03, 0.001  # of the demand, and the least that the configuration takes
_COUNTED = ("years=1", "people.rows=4000", "calibration_months=6")
_TIMES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
_PEOPLE = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 30_000_000, 50_000_000)
_STATES = (193, 400, 800, 1200, 2000)
_YEARS = (10, 20, 40)
_QUICK_PEOPLE, _QUICK_STATES, _QUICK_TIMES = (4000, 12_000), (12, 24), (1.0, 3.0)
_QUICK_REPEATS, _QUICK_RUNS, _QUICK_A_MONTH = 2, 4, 1
RUNS_A_PROCESS = 3


class Overrides(NamedTuple):
    """What the user asked for, to which a measurement adds its own."""

    said: tuple[str, ...]

    def plus(self, *more: str) -> Config:
        """The configuration with further overrides; one of the user's for the same key gives way."""
        ours = {key_of(override) for override in more}
        return load(*(override for override in self.said if key_of(override) not in ours), *more)


class Plan(NamedTuple):
    """The measurements."""

    counts: Job
    floors: Job  # given what was counted
    others: list[Job]
    with_floor: bool
    together: bool  # in one process, one after the other: quicker, and no memory to be told


def sized(spec: BenchmarkSpec) -> BenchmarkSpec:
    """The settings, less where all is to be quick."""
    if not spec.quick:
        return spec
    less = {
        "repeats": _QUICK_REPEATS, "slow_repeats": _QUICK_REPEATS, "a_month": _QUICK_A_MONTH, "short_runs": _QUICK_RUNS,
        "most_requests": int(_QUICK_TIMES[-1]), "most_people": _QUICK_PEOPLE[-1], "most_states": _QUICK_STATES[-1],
    }  # fmt: skip
    return spec.model_copy(update={name: min(value, getattr(spec, name)) for name, value in less.items()})


def plan_of(overrides: Sequence[str], spec: BenchmarkSpec, workers: int | None = None) -> Plan:
    """The measurements of the parts that are asked for, with so many processes at most (None: every core).

    Raises ``ConfigError`` for what the configuration refuses.
    """
    keys = {key_of(override) for override in overrides}
    said = Overrides((*(quick for quick in _QUICK if spec.quick and key_of(quick) not in keys), *overrides))
    config, warm = said.plus(), said.plus(*_WARM)
    scale, floor = config.demand.scale, config.review.capacity_floor
    counted = max(_COUNTED_SHARE * scale, _FEWEST) if not spec.quick else scale
    few = said.plus(
        *(_COUNTED if not spec.quick else ()), f"demand.scale={counted}", f"review.capacity_floor={floor * counted / scale}"
    )
    counts = Job("counts", "floor", FLOOR, few, warm, 1, weight=8.0)
    floors = Job("floor", "floor", FLOOR, config, warm, spec.repeats, weight=0.5)
    cores = workers or os.cpu_count() or 1
    parts = (
        _models(said, warm, spec), _held(said, warm, spec), _beside(said, config, warm, spec),
        _scales(said, config, warm, spec, cores),
    )  # fmt: skip
    others = [job for part in parts for job in part]
    return Plan(counts, floors, [job for job in others if job.part in spec.parts], "floor" in spec.parts, spec.quick)


def _models(said: Overrides, warm: Config, spec: BenchmarkSpec) -> Iterator[Job]:
    each = spec.repeats + 1.0
    for conduct in (NAIVE, ADAPTIVE):
        config = said.plus(f"conduct={conduct}")
        small = said.plus(*_WARM, f"conduct={conduct}")
        yield Job("bare", "model", ROWS[MODEL, conduct], config, small, spec.repeats, weight=each)
        if conduct == NAIVE:
            yield Job("folded", "model", FOLDED, config, small, spec.repeats, weight=each)
            if not spec.quick:
                yield Job("folded", "model", FIVE, said.plus("years=5", "conduct=naive"), small, spec.repeats, weight=each / 2)
                reformed = said.plus("scenario=reform_bundle", "conduct=naive")
                yield Job("bare", "model", BUNDLE, reformed, reformed, spec.repeats, weight=each)
        yield Job("mesa", "model", ROWS[THROUGH_MESA, conduct], config, small, spec.repeats, weight=each / 2)
    if not spec.quick:
        yield Job("start", "start", "a small run", warm, warm, spec.slow_repeats, weight=15.0)


def _held(said: Overrides, warm: Config, spec: BenchmarkSpec) -> Iterator[Job]:
    for years in () if spec.quick else _YEARS:  # quick measurements share a process, and what it has held
        for rows, words in ((1, "with all rows"), (0, "without rows")):
            row = f"{years} years {words}"
            yield Job("memory", "memory", row, said.plus(f"years={years}"), warm, 1, given={"rows": rows}, weight=1 + years / 10)


def _beside(said: Overrides, config: Config, warm: Config, spec: BenchmarkSpec) -> Iterator[Job]:
    naive = said.plus(f"conduct={NAIVE}")
    yield Job("fused", "fused", FUSED, naive, warm, spec.repeats, weight=spec.repeats + 3.0)
    small = said.plus(_TWIN_YEARS)
    yield Job("twin", "twin", TWIN, small, warm, spec.slow_repeats, weight=3.0 * (spec.slow_repeats + 1))
    given: dict[str, float | str] = {"a_month": spec.a_month}
    yield Job("month", "month", KERNEL, warm, warm, spec.repeats, given=given, weight=0.5)
    for row in PEERS:
        yield Job("month", "month", row, warm, warm, spec.slow_repeats, given=given, weight=0.8 * spec.slow_repeats)
    yield Job("draws", "draws", "draws", warm, warm, spec.repeats, weight=0.5)
    for row, processes in ((ONE, 1), (TWO, 2)):
        given = {"processes": processes, "runs": RUNS_A_PROCESS * processes}
        yield Job("sweep", "processes", row, config, warm, 1, given=given, weight=RUNS_A_PROCESS + 2.0)


def _scales(said: Overrides, config: Config, warm: Config, spec: BenchmarkSpec, cores: int) -> Iterator[Job]:
    few, scale = spec.slow_repeats, config.demand.scale
    times = _QUICK_TIMES if spec.quick else _TIMES
    for factor in takewhile(lambda factor: factor <= spec.most_requests, times):
        more = said.plus(f"demand.scale={factor * scale}")
        yield Job("bare", "scale", "requests", more, warm, few, factor, weight=(few + 1) * (0.7 + 0.3 * factor))
    for rows in takewhile(lambda rows: rows <= spec.most_people, _QUICK_PEOPLE if spec.quick else _PEOPLE):
        more = said.plus(f"people.rows={rows}")
        yield Job("bare", "scale", "people", more, warm, few, float(rows), weight=(few + 1) * (0.6 + 0.4 * rows / 200_000))
    for states in takewhile(lambda states: states <= spec.most_states, _QUICK_STATES if spec.quick else _STATES):
        more = said.plus("states=synthetic", f"states.synthetic.count={states}")
        yield Job("bare", "scale", "states", more, warm, few, float(states), weight=(few + 1) * (0.5 + 0.5 * states / 193))
    short = said.plus(*(() if spec.quick else _SHORT))
    for processes in takewhile(lambda processes: processes <= cores, (2**power for power in count())):
        given: dict[str, float | str] = {"processes": processes, "runs": spec.short_runs}
        yield Job(
            "sweep", "scale", "processes", short, warm, 1, float(processes), given, weight=spec.short_runs * 0.6 / processes + 2
        )
