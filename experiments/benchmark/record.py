"""What is asked of a process that measures, and what it hands back."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, StrictBool, StrictInt

from sim.settings import Config
from sim.world.ranges import Range
from sim.world.record import Record

Part = Literal["model", "floor", "fused", "twin", "month", "draws", "processes", "start", "memory", "scale"]


class BenchmarkSpec(Record):
    """How much is measured: ``configs/analysis/benchmark.yaml``."""

    quick: StrictBool  # a small world, two repeats and two points a scale
    parts: Annotated[list[Part], Field(min_length=1)]
    repeats: Annotated[StrictInt, Range(2, 1000)]
    slow_repeats: Annotated[StrictInt, Range(2, 1000)]  # of what takes long: objects, and points of a scale
    a_month: Annotated[StrictInt, Range(1, 1000)]  # requests a state and month of the common month
    most_requests: Annotated[StrictInt, Range(1, 1000)]  # times the standard demand
    most_people: Annotated[StrictInt, Range(1000, 50_000_000)]
    most_states: Annotated[StrictInt, Range(8, 2000)]
    short_runs: Annotated[StrictInt, Range(2, 1000)]  # of the sweep over processes


class Job(NamedTuple):
    """One measurement, made in a process of its own after a warm-up."""

    kind: str  # of ``experiments.benchmark.measures``
    part: Part
    row: str
    config: Config
    warm: Config  # a small run that compiles all that the measured one needs
    repeats: int
    x: float = nan  # how large it is, of a scale
    given: Mapping[str, float | str] = {}  # what else the kind wants
    weight: float = 1.0  # standard runs that it takes about as long as


class Timed(NamedTuple):
    """One repeat of one stage."""

    part: str
    row: str
    stage: str
    repeat: int
    seconds: float
    size: float  # how many of what is counted
    of: str  # requests, draws, stages, runs
    x: float = nan


class Measured(NamedTuple):
    """What a process hands back."""

    timed: tuple[Timed, ...]
    mebibytes: float = nan  # the most that it held
    skipped: str = ""  # why there is nothing


class AbsentError(Exception):
    """Something that a measurement needs is not here; its one line says what."""
