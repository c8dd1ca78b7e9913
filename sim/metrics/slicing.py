"""A value as a row of the table of estimands, and the ways to slice by what was filed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Ints
from sim.metrics.cohort import Finished
from sim.world.estimand import EstimateRow
from sim.world.vocabulary import CHANNELS, DATA_CLASSES, GROUPS, KINDS, REGIMES

PER = 100_000.0  # people: the base of rates
PAIRS = tuple(f"{asks}>{answers}" for asks in REGIMES for answers in REGIMES)
"""Levels of the slice ``pair``: class of the requester, class of the requested."""
GROUP_REGIMES = tuple(f"{group}|{asks}" for group in GROUPS for asks in REGIMES)
"""Levels of the slice ``group_regime``: group, class of the requester."""
GROUP_PAIRS = tuple(f"{group}|{pair}" for group in GROUPS for pair in PAIRS)
"""Levels of the slice ``group_pair``."""
SIDES = ("autocracies", "democracies")
"""The classes of regimes two by two, closed and electoral: what a table of few events can still tell apart."""
GROUP_SIDES = tuple(f"{group}|{asks}>{answers}" for group in GROUPS for asks in SIDES for answers in SIDES)
"""Levels of the slice ``group_sides``."""


def counts_by_name(codes: NDArray[np.integer], names: tuple[str, ...]) -> Ints:
    """How often each of the names ``[L]`` is among the codes, shape ``[L]``."""
    return np.bincount(codes, minlength=len(names)) if codes.size else np.zeros(len(names), np.int64)


def request_slices(run: Finished, rows: Ints) -> Iterator[tuple[str, tuple[str, ...], Ints]]:
    """The ways to slice by what was filed: name of the slice, its levels, codes of the given docket rows."""
    docket, states, offences = run.docket, run.world.states, run.world.offences
    yield "requested", states.codes, docket.requested[rows].astype(np.int64)
    yield "instrument", run.instruments, docket.instrument[rows].astype(np.int64)
    yield "channel", CHANNELS, docket.channel[rows].astype(np.int64)
    yield "kind", KINDS, docket.kind[rows].astype(np.int64)
    yield "label", offences.names, docket.label[rows].astype(np.int64)
    yield "data_class", DATA_CLASSES, np.maximum(docket.granted[rows], 0).astype(np.int64)


def row(metric: str, by: str, level: str, part: float, whole: float) -> EstimateRow:
    """A share with the events behind it; nan where nothing could have happened."""
    return metric, by, level, float(part / whole) if whole else np.nan, int(part)


def rows_of(metric: str, by: str, levels: tuple[str, ...], part: Ints, whole: NDArray[np.generic]) -> Iterator[EstimateRow]:
    """One row a level that anything could have happened in."""
    for level, numerator, denominator in zip(levels, part, whole, strict=True):
        if denominator:
            yield row(metric, by, level, numerator, denominator)
