"""A value as a row of the table of estimands, the ways to slice by what was filed, and counts that several estimands share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Ints
from sim.compiled import loop
from sim.metrics.cohort import ABUSIVE, FORMAL, OF_COHORT, Bits, Finished, Sliced
from sim.metrics.counts import Filed, Formal, Wished
from sim.world.docket import Docket
from sim.world.estimand import EstimateRow
from sim.world.vocabulary import CHANNELS, DATA_CLASSES, GROUPS, KINDS, REGIMES, STATUSES

_MONTHS = 12  # of a year
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


def filed(run: Finished, rows: Ints) -> Filed:
    """Counts of these docket rows."""
    regime, sizes = run.world.states.regime, [len(levels) for _, levels, _ in request_slices(run, rows[:0])]
    found = Filed(*(np.zeros(size, np.int64) for size in (*sizes, len(PAIRS))))
    _count_filed(rows, run.docket, run.cases.requester, regime, len(REGIMES), found)
    return found


@loop
def _count_filed(rows: Ints, docket: Docket, requester: NDArray[np.int32], regime: Ints, classes: int, found: Filed) -> None:
    """Add these docket rows to ``found``."""
    for m in rows:
        found.requested[docket.requested[m]] += 1
        found.instrument[docket.instrument[m]] += 1
        found.channel[docket.channel[m]] += 1
        found.kind[docket.kind[m]] += 1
        found.label[docket.label[m]] += 1
        found.data_class[max(docket.granted[m], 0)] += 1
        found.pair[regime[requester[docket.case[m]]] * classes + regime[docket.requested[m]]] += 1


def wished(run: Finished, cases: Ints, own: NDArray[np.int8], names: tuple[str, ...]) -> Wished:
    """Counts of these cases of the cohort; ``own`` ``[C]`` codes the ``names`` of a slice of their own."""
    states = run.world.states
    found = Wished(*(np.zeros(size, np.int64) for size in (len(names), states.count, len(REGIMES), run.years)))
    _count_wished(cases, own, run.cases.requester, run.cases.month, run.first_month, found)
    np.add.at(found.regime, states.regime, found.requester)
    return found


@loop
def _count_wished(
    cases: Ints, own: NDArray[np.int8], requester: NDArray[np.int32], month: NDArray[np.int16], opens: int, found: Wished
) -> None:
    """Add these cases to ``found``, but for classes of requesters, which follow from the requesters."""
    for c in cases:
        found.own[own[c]] += 1
        found.requester[requester[c]] += 1
        found.year[(month[c] - opens) // _MONTHS] += 1


def formal_requests(run: Finished, cut: Sliced) -> Formal:
    """Counts of the formal requests of the cohort."""
    states = run.world.states
    found = Formal(
        np.zeros((len(STATUSES), 2, 2, len(run.instruments), len(REGIMES)), np.int64),
        np.zeros((len(STATUSES), 2, states.count), np.int64),
    )
    _count_formal(run.docket, run.cases.requester, states.regime, cut.facts, found)
    return found


@loop
def _count_formal(docket: Docket, requester: NDArray[np.int32], regime: Ints, facts: Bits, found: Formal) -> None:
    """Add the formal requests of the cohort, by ``facts`` ``[M]``, to ``found``."""
    for m in range(facts.size):
        if facts[m] & OF_COHORT and facts[m] & FORMAL:
            status, abusive = docket.status[m], int(facts[m] & ABUSIVE > 0)
            decided = int(not np.isnan(docket.decided_day[m]))
            found.ended[status, decided, abusive, docket.instrument[m], regime[requester[docket.case[m]]]] += 1
            found.asked[status, abusive, docket.requested[m]] += 1


def row(metric: str, by: str, level: str, part: float, whole: float) -> EstimateRow:
    """A share with the events behind it; nan where nothing could have happened."""
    return metric, by, level, float(part / whole) if whole else np.nan, int(part)


def rows_of(metric: str, by: str, levels: tuple[str, ...], part: Ints, whole: NDArray[np.generic]) -> Iterator[EstimateRow]:
    """One row a level that anything could have happened in."""
    for level, numerator, denominator in zip(levels, part.tolist(), whole.tolist(), strict=True):
        if denominator:
            yield metric, by, level, numerator / denominator, numerator
