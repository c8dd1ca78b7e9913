"""A finished run as metrics read it: whose cases count, and which requests gave their data."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Ints, Reals
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.snapshot import World
from sim.world.vocabulary import DAYS_PER_MONTH, FIRST_SIDE_DOOR, FOLLOW_UP_MONTHS, GROUPS, PRESERVATION


class Finished(NamedTuple):
    """One run, told to its end: what the metrics read."""

    world: World
    cases: Cases
    case_status: NDArray[np.int8]  # [C]
    docket: Docket
    instruments: tuple[str, ...]
    first_month: int  # of the window
    years: int
    months: int  # in all
    backlog: Reals  # [T, N] hours
    capacity: Reals  # [T, N] officer-hours of the month
    lost: Reals | None  # [T, G] people's worth of expression lost; None while nobody falls silent
    blows: Ints  # [T, G] cases of which their person or peers learned
    listening: bool  # whether anybody may want data as they come
    usable: Flags  # [M] a court would admit the data, if any were given
    at_home: Reals  # [C] chance that a live domestic wish about a person at risk is met; zero for all other cases
    spying: bool  # whether there is any spyware
    spied: Flags  # [C] ended in spyware, the option outside all law: never part of another estimand

    @property
    def opens(self) -> float:
        """First day of the window."""
        return self.first_month * DAYS_PER_MONTH

    @property
    def closes(self) -> float:
        """Day after the last of the window."""
        return self.opens + self.years * 12 * DAYS_PER_MONTH

    @property
    def ends(self) -> float:
        """Last day of the run-out."""
        return self.months * DAYS_PER_MONTH


class Sliced(NamedTuple):
    """Masks and codes that several estimands share."""

    cohort: Flags  # [C] arises in the window
    abusive: Flags  # [C] latent abusive cases of the cohort
    abroad: Flags  # [C] of these, the cases whose evidence is not at home: the footing of ``needs``
    needs: Flags  # [C] latent legitimate cross-border needs of the cohort
    giving: Ints  # docket rows that gave data within the follow-up, one a case: the most intrusive, then the earliest
    formal: Flags  # [M]
    of_cohort: Flags  # [M]


def giving_rows(docket: Docket, cases: Cases) -> Ints:
    """Docket rows that gave the data a case is about.

    An ordinary need is not met by a side door that gave less than was asked for; a person at risk is disclosed by it all the same.
    """
    gave = np.flatnonzero((docket.granted >= 0) & (docket.channel != PRESERVATION))
    enough = (docket.channel[gave] < FIRST_SIDE_DOOR) | (docket.granted[gave] >= docket.wanted[gave])
    return gave[cases.abusive[docket.case[gave]] | enough]


def in_time(docket: Docket, cases: Cases, rows: Ints, day: Reals) -> Flags:
    """Whether ``day`` ``[M]`` of docket rows ``[D]`` lies within the follow-up of their case, shape ``[D]``.

    Every case, abusive or not, is followed for ``FOLLOW_UP_MONTHS`` from the day of the wish: however late in the window it
    arises, and however long the run-out, it has had the same time.
    """
    waited = day[rows] - cases.day[docket.case[rows]]
    return np.asarray(waited <= FOLLOW_UP_MONTHS * DAYS_PER_MONTH)


def cohort_of(run: Finished) -> Flags:
    """Cases ``[C]`` that arise in the window."""
    return (run.cases.month >= run.first_month) & (run.cases.month < run.first_month + 12 * run.years)


def cohort_slices(run: Finished) -> Sliced:
    """The cohort and the requests that gave its data within the follow-up."""
    window = cohort_of(run)
    docket, cases = run.docket, run.cases
    formal = docket.channel < FIRST_SIDE_DOOR
    of_cohort = window[docket.case]
    gave = giving_rows(docket, cases)
    rows = gave[of_cohort[gave] & in_time(docket, cases, gave, docket.executed_day)]
    giving = rows[one_a_case(docket.case[rows], docket.granted[rows], docket.executed_day[rows])]
    return Sliced(
        cohort=window,
        abusive=window & run.cases.abusive,
        abroad=window & run.cases.abusive & ~run.cases.domestic,
        needs=window & ~run.cases.abusive & ~run.cases.domestic,
        giving=giving,
        formal=formal,
        of_cohort=of_cohort,
    )


def one_a_case(case: NDArray[np.integer], granted: NDArray[np.integer], day: Reals) -> Ints:
    """Of several rows ``[D]`` of one case the one that gave most, then the one that gave first; their places, in order."""
    often = np.bincount(case, minlength=1)[case] > 1
    several = np.flatnonzero(often)
    order = np.lexsort((several, day[several], -granted[several].astype(np.int64), case[several]))
    ranked = several[order]
    first = np.ones(several.size, bool)
    first[1:] = case[ranked[1:]] != case[ranked[:-1]]
    return np.sort(np.concatenate([np.flatnonzero(~often), ranked[first]]))


def people_at_risk(run: Finished) -> Reals:
    """Real people the cohort stands for, by group, shape ``[G]``."""
    return np.bincount(run.world.people.group, weights=run.world.people.weight, minlength=len(GROUPS))


def given_in_window(run: Finished) -> Flags:
    """Docket rows ``[M]`` of the cohort that gave data on a day of the window: what a yearly rate counts.

    Side doors too: a person whose name the police passed on before the request itself was met has been disclosed then.
    """
    docket = run.docket
    given = (docket.granted >= 0) & (docket.channel != PRESERVATION) & cohort_of(run)[docket.case]
    return np.asarray(given & (docket.executed_day < run.closes))


def disclosures(run: Finished, treaty_only: bool = False) -> Ints:
    """Docket rows of the cohort that gave data on a person at risk on a day of the window.

    What is disclosed during the run-out counts for the case (``case_disclosure_rate``), not for a calendar year.
    """
    found = given_in_window(run) & run.cases.abusive[run.docket.case]
    if treaty_only:
        found &= run.docket.instrument == run.instruments.index("hanoi") if "hanoi" in run.instruments else False
    return np.flatnonzero(found)
