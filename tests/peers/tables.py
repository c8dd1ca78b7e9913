"""The tables of the common month as plain lists, as a model of objects reads them quickest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from experiments.benchmark.month import FILTERS, Law, Told


class Tables(NamedTuple):
    """What a model of objects looks up; ``passes[j][k]`` are the chances of the five filters."""

    offence_odds: list[float]
    offence_other: list[int]
    target_odds: list[list[float]]
    target_other: list[list[int]]
    passes: list[list[list[float]]]
    officers: list[int]


def tables_of(law: Law) -> Tables:
    """The tables of a law."""
    return Tables(
        law.offence_odds.tolist(),
        law.offence_other.tolist(),
        law.target_odds.tolist(),
        law.target_other.tolist(),
        law.passes.transpose(1, 2, 0).tolist(),
        law.officers.tolist(),
    )


def told(columns: list[list[int]], stopped: list[int], stages: int) -> Told:
    """Counts of lists: received, queued, served, waiting and waited by state."""
    return Told(*(np.array(column, np.int64) for column in columns), np.array(stopped, np.int64), stages)


NOBODY = [0] * FILTERS
