"""All runs of a study side by side: every estimand of every point in every world and luck, as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.store.kept import HOURS_METRIC, UNITS_KEPT
from sim.metrics import SLICED_BY, Given, displaced, displacement_rows

EstimandKey = tuple[str, str, str]  # metric, by, level
OFFICER_HOURS: EstimandKey = (HOURS_METRIC, "all", "all")
DISPLACEMENT = "displacement_rate"
_TREATY = "hanoi"  # whose disclosures may be displaced
_DISCLOSED = "case_disclosure_rate"  # its slices say which levels a run has
RunPlace = tuple[int, int, int]  # places of point, world and luck


class Results(NamedTuple):
    """``A`` points, ``K`` estimands, ``W`` worlds and ``L`` replicates; a missing value is an estimand, or a run, without one."""

    keys: list[EstimandKey]  # [K] in the order of ``UNITS``
    values: NDArray[np.float64]  # [A, K, W, L]
    counts: NDArray[np.int64]  # [A, K, W, L]
    worlds: list[int]  # [W] world seeds


def rank(key: EstimandKey) -> tuple[int, bool, str, str]:
    """The key by which estimands are sorted: by metric as in ``UNITS``, the whole before its slices, then by slice and level."""
    metric, by, level = key
    return _PLACES.get(metric, len(_PLACES)), by != "all", by, level


_PLACES = {metric: place for place, metric in enumerate(UNITS_KEPT)}


class Rows(NamedTuple):
    """Estimates one below the other, ``R`` of them."""

    run: NDArray[np.int64]  # [3, R] places of point, world and luck
    key: NDArray[np.int64]  # [R] place among ``keys``
    value: NDArray[np.float64]  # [R]
    events: NDArray[np.int64]  # [R]


def results_of(keys: Sequence[EstimandKey], parts: Iterable[Rows], points: int, worlds: list[int], replicates: int) -> Results:
    """The estimates of all parts, in the order of their estimands."""
    order = sorted(range(len(keys)), key=lambda place: rank(keys[place]))
    at = np.empty(len(keys), np.int64)
    at[order] = np.arange(len(keys))
    values = np.full((points, len(keys), len(worlds), replicates), np.nan)
    counts = np.zeros(values.shape, np.int64)
    for part in parts:
        where = part.run[0], at[part.key], part.run[1], part.run[2]
        values[where], counts[where] = part.value, part.events
    return Results([keys[place] for place in order], values, counts, worlds)


def with_displacement(results: Results, given: Mapping[RunPlace, Given], against: Sequence[int], names: Sequence[str]) -> Results:
    """The same with what became, under each point, of the cases that its baseline disclosed through the treaty.

    ``given`` are the disclosures of each run whose levels ``levels_in`` has given, ``against`` the place of each point's baseline
    and ``names`` those of the points. Runs are paired by case. A baseline has nothing of the kind, nor a point without the treaty,
    nor one that does not follow its cases as long as the definition wants (``follows_cases``).
    """
    followed = {run: one for run, one in given.items() if follows_cases(results, run)}
    found = _displacements(followed, against, names)
    if not found:
        return results
    points, _, worlds, replicates = results.values.shape
    shape = points, len(found), worlds, replicates
    values, counts = np.full(shape, np.nan), np.zeros(shape, np.int64)
    for k, entries in enumerate(found.values()):
        for (place, w, replicate), value, count in entries:
            values[place, k, w, replicate], counts[place, k, w, replicate] = value, count
    keys = [*results.keys, *found]
    order = sorted(range(len(keys)), key=lambda k: rank(keys[k]))
    values, counts = (np.concatenate(both, axis=1)[:, order] for both in ((results.values, values), (results.counts, counts)))
    return Results([keys[k] for k in order], values, counts, results.worlds)


def _displacements(
    given: Mapping[RunPlace, Given], against: Sequence[int], names: Sequence[str]
) -> dict[EstimandKey, list[tuple[RunPlace, float, int]]]:
    """By estimand: each run with its value and the events behind it, of the runs that have a baseline and know the treaty."""
    found: dict[EstimandKey, list[tuple[RunPlace, float, int]]] = {}
    for (place, w, replicate), mine in given.items():
        theirs = given.get((against[place], w, replicate))
        if against[place] == place or theirs is None or not all(_TREATY in side.levels["instrument"] for side in (mine, theirs)):
            continue
        whole = displaced(theirs, mine, _TREATY)
        rows = [
            (DISPLACEMENT, "baseline", names[against[place]], whole.share, whole.left),
            *displacement_rows(theirs, mine, _TREATY),
        ]
        for metric, by, level, value, count in rows:
            found.setdefault((metric, by, level), []).append(((place, w, replicate), value, count))
    return found


def follows_cases(results: Results, run: RunPlace) -> bool:
    """Whether a run follows each case for as long as estimands by case want: a shorter run-out gives none of them.

    ``sim.metrics.absent_metrics`` has the reason.
    """
    place, w, replicate = run
    return CASES_DISCLOSED in results.keys and not np.isnan(
        results.values[place, results.keys.index(CASES_DISCLOSED), w, replicate]
    )


def levels_in(results: Results, run: RunPlace) -> dict[str, tuple[str, ...]]:
    """The levels that a run has of each way in which its disclosures are sliced."""
    place, w, replicate = run
    known = ~np.isnan(results.values[place, :, w, replicate])
    return {
        way: tuple(level for k, (metric, by, level) in enumerate(results.keys) if known[k] and metric == _DISCLOSED and by == way)
        for way in SLICED_BY
    }


CASES_DISCLOSED: EstimandKey = ("case_disclosure_rate", "all", "all")
DISCLOSED_ABROAD: EstimandKey = ("cross_border_disclosure_rate", "all", "all")
"""The twin on the footing of needs met: what stands beside them in a table."""
LEGITIMATE_NEEDS_MET: EstimandKey = ("legit_met_rate", "all", "all")
