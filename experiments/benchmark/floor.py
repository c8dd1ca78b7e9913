"""The floor: a kernel that evaluates just so many draws of each kind as a run does, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from experiments.benchmark.counting import KINDS
from experiments.benchmark.record import Job, Measured, Timed
from sim.compiled import kernel
from sim.draws import (
    Draws,
    absorb,
    exponential_quantile,
    gumbel_quantile,
    name_key,
    normal_quantile,
    opened,
    u1,
    u2,
    u3,
    unit,
)

_SIZE = 200_000  # requests, or cases, that are floored at once
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # steps of a sequence that fills the unit interval evenly: what marginals are made of


@kernel
def _floor(seed: np.uint64, purpose: np.uint64, many: NDArray[np.int64]) -> float:
    total = 0.0
    for k in range(many[0]):
        total += u1(seed, purpose, np.uint64(k))
    for k in range(many[1]):
        total += u2(seed, purpose, np.uint64(k), np.uint64(k & 7))
    for k in range(many[2]):
        total += u3(seed, purpose, np.uint64(k), np.uint64(k & 7), np.uint64(k & 3))
    start = opened(seed, purpose)
    for k in range(many[3]):
        total += unit(absorb(start, np.uint64(k)))
    for k in range(many[4]):
        total += normal_quantile(unit(np.uint64(k) * _SPREAD))
    for k in range(many[5]):
        total += exponential_quantile(unit(np.uint64(k) * _SPREAD))
    for k in range(many[6]):
        total += gumbel_quantile(unit(np.uint64(k) * _SPREAD))
    return total


def floored(job: Job) -> Measured:
    """Seconds of the draws of so many requests or cases; ``given`` holds draws of each kind per one of them."""
    return Measured(tuple(_floored(job)))


def _floored(job: Job) -> Iterator[Timed]:
    root, purpose, of = Draws(job.config.seed).root, name_key("benchmark:floor"), str(job.given["of"])
    many = np.array([round(float(job.given.get(kind, 0.0)) * _SIZE) for kind in KINDS], np.int64)
    _floor(root, purpose, many)
    for repeat in range(job.repeats):
        start = perf_counter()
        _floor(root, purpose, many)
        yield Timed(job.part, job.row, str(job.given["stage"]), repeat, perf_counter() - start, float(_SIZE), of)
