"""What a change of rules does to one state: whose data it obtains and gives, at which hosts, under which label, for whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.statistics import mean_of, sign_count, world_range
from experiments.store.schema import RunKey
from sim.world.vocabulary import DATA_CLASSES

REQUESTER, REQUESTED = "requester", "requested"
"""The two roles of a state: it asks, or it is asked."""
TABLE = "state.csv"
COLUMNS = (
    "state", "role", "by", "level", "arm", "baseline", "value", "difference", "world_low", "world_high", "worlds_agreeing",
    "worlds", "percent", "events_baseline", "events",
)  # fmt: skip
_RUN = [*RunKey._fields]
_CASE = [*_RUN, "case"]
_PAIR, _APART = ("group", "other"), " | "
SLICES = ("all", "group", "other", "group_other", "label", "kind")
"""Ways to slice: by group of people, by the other state, by both, by the label of the request and by how it was framed."""


class Runs(NamedTuple):
    """The runs of a study: a point for each arm, today's first."""

    points: dict[str, str]  # id of the point by the name of the arm
    worlds: Sequence[int]
    replicates: int
    years: int


def one_a_case(disclosures: pd.DataFrame) -> pd.DataFrame:
    """Of several disclosures of one case the most intrusive, then the earliest: the one that the estimands keep."""
    depth = disclosures["data_class"].astype(str).map({name: place for place, name in enumerate(DATA_CLASSES)})
    ordered = disclosures.assign(depth=depth).sort_values([*_CASE, "depth", "day"], ascending=[*[True] * len(_CASE), False, True])
    return ordered.drop_duplicates(_CASE).drop(columns="depth").reset_index(drop=True)


def state_table(disclosures: pd.DataFrame, states: Sequence[str], runs: Runs, fewest: int) -> pd.DataFrame:
    """One row a state, role, slice and arm, columns ``COLUMNS``: cases a year whose data were disclosed, today's and the arm's.

    ``disclosures`` are those of the store. The difference is paired by world, its range goes over worlds; the per cent is of both
    means. No number stands on fewer than ``fewest`` events, all runs together: a level is missing where its own side has fewer,
    the change with its range and its sign where either side has.
    """
    cases = one_a_case(disclosures)
    rows: list[tuple[object, ...]] = []
    for state in states:
        for role, other in ((REQUESTER, REQUESTED), (REQUESTED, REQUESTER)):
            own = cases[cases[role].astype(str) == state]
            own = own.assign(all="all", other=own[other].astype(str))
            for by in SLICES:
                rows += [(state, role, by, *row) for row in _rows(own, by, runs, fewest)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(own: pd.DataFrame, by: str, runs: Runs, fewest: int) -> list[tuple[object, ...]]:
    """Every level of a slice under every arm, the most frequent first."""
    levels = own[_PAIR[0]].astype(str) + _APART + own[_PAIR[1]] if by == "group_other" else own[by].astype(str)
    shown = [str(name) for name in levels.value_counts().index] or (["all"] if by == "all" else [])
    counts = {level: _counts(own[levels == level], runs) for level in shown}
    baseline = next(iter(runs.points))
    return [
        (level, arm, *_change(found[baseline], found[arm], runs.years, fewest))
        for level, found in counts.items()
        for arm in runs.points
        if arm != baseline
    ]


def _counts(rows: pd.DataFrame, runs: Runs) -> dict[str, NDArray[np.float64]]:
    """Cases of each arm, world and replicate, ``[W, L]`` by arm; a run without a row has none."""
    found = rows.groupby(_RUN, observed=True).size()
    return {
        arm: np.array([[float(found.get((point, world, luck), 0)) for luck in range(runs.replicates)] for world in runs.worlds])
        for arm, point in runs.points.items()
    }


def _change(before: NDArray[np.float64], after: NDArray[np.float64], years: int, fewest: int) -> tuple[object, ...]:
    """Numbers of a row from cases ``[W, L]`` of both arms; missing where they stand on fewer than ``fewest`` events."""
    low, high = mean_of(before) / years, mean_of(after) / years
    gap, events = high - low, (int(before.sum()), int(after.sum()))
    levels = [float(side.mean()) if count >= fewest else np.nan for side, count in zip((low, high), events, strict=True)]
    paired = _paired(gap, float(low.mean())) if min(events) >= fewest else (np.nan,) * 5
    *changed, percent = paired
    return (*levels, *changed, int(gap.size), percent, *events)


def _paired(gap: NDArray[np.float64], before: float) -> tuple[float, float, float, float, float]:
    """Mean difference, its range over worlds ``[W]``, the worlds with its sign, and the per cent of the level before."""
    difference = float(mean_of(gap))
    reach, agreeing = world_range(gap), sign_count(gap, difference)
    percent = 100.0 * difference / before if before > 0 else np.nan
    return difference, float(reach.low), float(reach.high), float(agreeing.worlds), percent
