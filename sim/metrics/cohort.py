"""A finished run as metrics read it: whose cases count, and which requests gave their data."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Ints, Reals
from sim.compiled import inlined, loop
from sim.metrics.counts import Counted
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.snapshot import World
from sim.world.vocabulary import (
    DAYS_PER_MONTH,
    EXECUTED,
    FIRST_SIDE_DOOR,
    FOLLOW_UP_MONTHS,
    PRESERVATION,
    SPONTANEOUS,
)

Bits = NDArray[np.uint8]
OF_COHORT, ABUSIVE, FORMAL, GAVE, GIVING, LIVE = (1 << bit for bit in range(6))
"""What is so of a request, in bits: its case arises in the window, is abusive; it is formal; it gave data on a day of the window;
it is the one of ``Sliced.giving`` that answers its case; it began live collection within the follow-up. A request of no case of the
cohort has none of them."""
FILED, PRESERVED = (1 << bit for bit in range(2))
"""What is so of a case within its follow-up: somebody was asked; data were frozen."""
_NONE = -1  # no row yet


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
    folded: Counted | None = None  # of ordinary needs that are over and no longer among the cases; None where all are

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
    disclosed: Ints  # rows of ``giving`` on people at risk
    met: Ints  # rows of ``giving`` that met a need
    facts: Bits  # [M] what is so of each request, from ``OF_COHORT`` to ``LIVE``
    reached: Bits  # [C] how far each case came: ``FILED``, ``PRESERVED``
    at_risk: Reals  # [G] real people

    def rows(self, *facts: int) -> Ints:
        """Docket rows of which all these facts are so."""
        wanted = np.uint8(sum(facts))
        return np.flatnonzero((self.facts & wanted) == wanted)


@inlined
def gives(docket: Docket, m: int, abusive: bool) -> bool:
    """Whether a docket row gave the data that its case is about.

    An ordinary need is not met by a side door that gave less than was asked for; a person at risk is disclosed by it all the same.
    """
    if docket.granted[m] < 0 or docket.channel[m] == PRESERVATION:
        return False
    return bool(abusive or docket.channel[m] < FIRST_SIDE_DOOR or docket.granted[m] >= docket.wanted[m])


def giving_rows(docket: Docket, cases: Cases) -> Ints:
    """Docket rows that gave the data a case is about, by ``gives``."""
    found = np.zeros(docket.case.size, np.bool_)
    _mark_giving(docket, cases.abusive, found)
    return np.flatnonzero(found)


@loop
def _mark_giving(docket: Docket, abusive: Flags, found: Flags) -> None:
    """Mark in ``found`` ``[M]`` the rows that ``giving_rows`` lists."""
    for m in range(found.size):
        found[m] = gives(docket, m, abusive[docket.case[m]])


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
    window, docket, cases = cohort_of(run), run.docket, run.cases
    facts, reached = np.zeros(docket.case.size, np.uint8), np.zeros(cases.id.size, np.uint8)
    _note_facts(docket, cases, window, run.closes, np.full(cases.id.size, _NONE, np.int32), facts, reached)
    abusive = window & cases.abusive
    giving = np.flatnonzero(facts & GIVING)
    on_people = (facts[giving] & ABUSIVE) > 0
    return Sliced(
        cohort=window,
        abusive=abusive,
        abroad=abusive & ~cases.domestic,
        needs=window & ~cases.abusive & ~cases.domestic,
        giving=giving,
        formal=docket.channel < FIRST_SIDE_DOOR,
        of_cohort=(facts & OF_COHORT) > 0,
        disclosed=giving[on_people],
        met=giving[~on_people],
        facts=facts,
        reached=reached,
        at_risk=people_at_risk(run),
    )


@loop
def _note_facts(
    docket: Docket, cases: Cases, window: Flags, closes: float, best: NDArray[np.int32], facts: Bits, reached: Bits
) -> None:
    """Note what is so of every request ``[M]`` of the cohort and how far each case ``[C]`` came, in one reading of the docket.

    ``best`` ``[C]`` is room to work in: the row that answers a case, as ``one_a_case`` has it.
    """
    follow_up = FOLLOW_UP_MONTHS * DAYS_PER_MONTH
    for m in range(facts.size):
        c, channel = docket.case[m], docket.channel[m]
        abusive, executed = cases.abusive[c], docket.executed_day[m]
        in_time = executed - cases.day[c] <= follow_up
        if channel != SPONTANEOUS and docket.filed_day[m] - cases.day[c] <= follow_up:
            reached[c] |= FILED
        if channel == PRESERVATION and docket.status[m] == EXECUTED and in_time:
            reached[c] |= PRESERVED
        if not window[c]:
            continue
        fact = OF_COHORT | (ABUSIVE if abusive else 0) | (FORMAL if channel < FIRST_SIDE_DOOR else 0)
        if docket.realtime[m] > 0 and in_time:
            fact |= LIVE
        if docket.granted[m] >= 0 and channel != PRESERVATION and executed < closes:
            fact |= GAVE
        answers = in_time and gives(docket, m, abusive)
        if answers and (best[c] == _NONE or _is_better(docket.granted, docket.executed_day, m, best[c])):
            best[c] = m
        facts[m] = fact
    for c in range(best.size):
        if best[c] != _NONE:
            facts[best[c]] |= GIVING


@inlined
def _is_better(granted: NDArray[np.integer], day: Reals, one: int, other: int) -> bool:
    """Whether of two rows, of which ``other`` comes first, ``one`` gave more, or as much and sooner."""
    return bool(granted[one] > granted[other] or (granted[one] == granted[other] and day[one] < day[other]))


def one_a_case(case: Ints, granted: NDArray[np.integer], day: Reals) -> Ints:
    """Of several rows ``[D]`` of one case the one that gave most, then the one that gave first; their places, in order.

    Every row has a day.
    """
    if not case.size:
        return np.empty(0, np.int64)
    keep = np.zeros(case.size, np.bool_)
    _keep_best(case, granted.astype(np.int64), day, np.full(int(case.max()) + 1, _NONE, np.int32), keep)
    return np.flatnonzero(keep)


@loop
def _keep_best(case: Ints, granted: Ints, day: Reals, best: NDArray[np.int32], keep: Flags) -> None:
    """Mark in ``keep`` ``[D]`` the rows of ``one_a_case``; ``best`` has room for the last case."""
    for k in range(case.size):
        b = best[case[k]]
        if b == _NONE or _is_better(granted, day, k, b):
            if b != _NONE:
                keep[b] = False
            best[case[k]], keep[k] = k, True


def people_at_risk(run: Finished) -> Reals:
    """Real people the cohort stands for, by group, shape ``[G]``."""
    return run.world.people.at_risk


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
