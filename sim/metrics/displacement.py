"""What became of cases that one run disclosed through the treaty and another did not: two runs paired case by case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from sim.arrays import Ints, Reals
from sim.metrics.cohort import Finished, cohort_of, giving_rows, in_time, one_a_case
from sim.metrics.slicing import counts_by_name, request_slices, rows_of
from sim.world.estimand import EstimateRow


class Given(NamedTuple):
    """Every disclosure of a run in an abusive case of the cohort within its follow-up, ``D`` rows in the order of the docket."""

    case: Ints  # [D] the same in every run of the same world and luck
    day: Reals  # [D]
    levels: Mapping[str, tuple[str, ...]]  # by way of slicing (``SLICED_BY``)
    codes: Mapping[str, Ints]  # [D] each into its levels


class Displaced(NamedTuple):
    """What became under B of cases that A disclosed through the treaty and B did not."""

    left: int  # such cases
    rows: Ints  # of B's disclosures: the ways by which it disclosed those that it did, one a case

    @property
    def share(self) -> float:
        """Share of them that B disclosed another way."""
        return float(self.rows.size / self.left) if self.left else np.nan


SLICED_BY = ("requested", "instrument", "channel", "kind", "label", "data_class")
"""Ways in which what was disclosed is sliced by what was filed."""


def given_rows(run: Finished) -> Ints:
    """Docket rows that gave data in an abusive case of the cohort within its follow-up; of several in one case all."""
    rows = giving_rows(run.docket, run.cases)
    rows = rows[cohort_of(run)[run.docket.case[rows]] & run.cases.abusive[run.docket.case[rows]]]
    return rows[in_time(run.docket, run.cases, rows, run.docket.executed_day)]


def given_of(run: Finished) -> Given:
    """The disclosures of a run that ``displaced`` pairs."""
    rows = given_rows(run)
    ways = {by: (levels, codes) for by, levels, codes in request_slices(run, rows)}
    ids = run.cases.id[run.docket.case[rows]].astype(np.int64)
    levels, codes = ({by: ways[by][part] for by in SLICED_BY} for part in (0, 1))
    return Given(ids, run.docket.executed_day[rows], levels, codes)  # type: ignore[arg-type]


def displaced(a: Given, b: Given, treaty: str = "hanoi") -> Displaced:
    """Cases disclosed through the treaty under A and not under B, by pairing, and how B disclosed them instead.

    Through the treaty is by any of its doors; another way is one that gave nothing under A. Both are runs of one world and luck.
    """

    def through(side: Given) -> tuple[Ints, Ints]:
        """Cases by the treaty, and by another text."""
        known = side.levels["instrument"]
        of_it = side.codes["instrument"] == (known.index(treaty) if treaty in known else -1)
        return np.unique(side.case[of_it]), np.unique(side.case[~of_it])

    (treaty_a, other_a), (treaty_b, other_b) = through(a), through(b)
    left = np.setdiff1d(treaty_a, treaty_b, assume_unique=True)
    moved = np.setdiff1d(np.intersect1d(left, other_b, assume_unique=True), other_a, assume_unique=True)
    rows = np.flatnonzero(np.isin(b.case, moved))
    places = np.searchsorted(moved, b.case[rows])
    return Displaced(left.size, rows[one_a_case(places, b.codes["data_class"][rows], b.day[rows])])


def displacement_rate(a: Finished, b: Finished, treaty: str = "hanoi") -> tuple[float, int]:
    """Of cases disclosed through the treaty under A and not under B, the share disclosed another way under B, by pairing.

    Returns the fraction and the number of cases disclosed through the treaty under A and not under B. Raises ``ValueError``
    for two runs that do not share their cases.
    """
    if not np.array_equal(a.cases.id, b.cases.id):
        raise ValueError("two runs of different world or event seeds share no cases: displacement pairs case by case")
    found = displaced(given_of(a), given_of(b), treaty)
    return found.share, found.left


def displacement_rows(a: Given, b: Given, treaty: str = "hanoi") -> Iterator[EstimateRow]:
    """``displacement_rate`` by where displaced cases went: kind and label, channel, text and requested state; slices add up."""
    found = displaced(a, b, treaty)
    for by, levels in b.levels.items():
        codes = counts_by_name(b.codes[by][found.rows], levels)
        yield from rows_of("displacement_rate", by, levels, codes, np.full(len(levels), found.left))
