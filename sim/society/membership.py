"""Who joins a treaty and when, who leaves it, and from which day it binds whom.

States ratify one after another, the sooner the more of their region have; no reward is needed (empirics.md 7.3 no. 52). A text
that asks for so many instruments waits for them, and binds whoever joins later some days after. Nothing here looks at what the
treaty does: membership is a fact of the world's luck, the same under every safeguard.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StrictInt

from sim.arrays import Flags, Reals
from sim.draws import Draws, name_key
from sim.world.ranges import Days, FactorOrNone, Range, Rate, Spread
from sim.world.record import Record
from sim.world.states import StateTable
from sim.world.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR

_MONTHS = 12


class Members(Record):
    """How a text gains and loses parties; who may be one stands in the text itself (``Parties``)."""

    joining: bool
    leaving: bool
    text: str
    ratified: dict[str, bool]
    as_of: Annotated[dt.date, Field(ge=dt.date(1900, 1, 1), le=dt.date(2200, 12, 31))]  # as the window's first day
    hazard: Rate
    hazard_spread: Spread
    emulation_most: FactorOrNone
    quorum: Annotated[StrictInt, Range(1, 2**15)]  # as many states as there may be
    wait_days: Days
    later_days: Days
    leave_hazard: Rate
    notice_days: Days

    @property
    def moves(self) -> bool:
        """Whether membership changes at all."""
        return self.joining or self.leaving


class Pace(NamedTuple):
    """How fast states join in one world: two numbers that nobody knows."""

    hazard: Rate  # a year, of a state of whose region nobody has joined
    emulation: float  # added to the factor one on it where the whole region has joined


class Calendar(NamedTuple):
    """The months over which membership is followed, on the run's own days."""

    first: float  # day of the run on which ``as_of`` falls; may lie before the run begins
    opens: float  # day on which the window opens
    year: NDArray[np.int64]  # [steps] calendar year and month of each step of one month
    month: NDArray[np.int64]


class Membership(NamedTuple):
    """Of one text, by state, ``[N]``, on the run's days; infinity for what never happens."""

    deposit: Reals  # day of the instrument of ratification
    since: Reals  # first day on which the text binds the state
    until: Reals  # first day on which it no longer does


def pace_of(spec: Members, draws: Draws) -> Pace:
    """How fast states join in a world: a log-normal hazard and a uniform pull of neighbours, drawn once per world.

    Both spreads are what we do not know of one number, and no difference between states: three ratifications in seven months
    tell a mean and nothing of who is the quicker. Drawn by state the ignorance would cancel out over seventy signatories.
    """
    key = name_key(spec.text)
    return Pace(
        hazard=float(spec.hazard * np.exp(spec.hazard_spread * draws.normal("fact:joining", key))),
        emulation=float(spec.emulation_most * draws.uniform("fact:emulation", key)),
    )


def calendar_of(as_of: dt.date, start: dt.date, opens: float, closes: float) -> Calendar:
    """Months from ``as_of`` to the day on which the run closes; ``start`` is the date of the window's first day."""
    first = opens + (as_of - start).days
    steps = np.arange(max(int(np.ceil((closes - first) / DAYS_PER_MONTH)), 0))
    months = as_of.year * _MONTHS + as_of.month - 1 + steps
    return Calendar(first=first, opens=opens, year=months // _MONTHS, month=months % _MONTHS + 1)


def in_force_from(deposit: Reals, spec: Members) -> Reals:
    """First day on which the text binds each state, ``[N]``: ``wait_days`` after the ``quorum``-th instrument (Art 65(1)).

    Whoever joins later is bound ``later_days`` after its own instrument, and nobody before the text itself is in force.
    """
    if np.isfinite(deposit).sum() < spec.quorum:
        return np.full(deposit.size, np.inf)
    opening = float(np.sort(deposit)[spec.quorum - 1]) + spec.wait_days
    return np.maximum(deposit + spec.later_days, opening)


def share_of_region(joined: Flags, region: tuple[str, ...]) -> Reals:
    """Share of the states of each state's region that have joined, ``[N]``."""
    _, place = np.unique(np.array(region), return_inverse=True)
    share = np.bincount(place, weights=joined) / np.bincount(place)
    return np.asarray(share[place])


def membership_of(
    spec: Members, eligible: Flags, ratified: Flags, states: StateTable, pace: Pace, calendar: Calendar, luck: Draws
) -> Membership:
    """Who joins and leaves when. ``eligible`` ``[N]`` may be bound at all; those of them ``ratified`` have joined by ``as_of``.

    In each month a state that has not joined does so with the hazard of that month, on a day of its own (``ratify`` by state,
    year and month: one uniform is compared and gives the day, so that a higher hazard makes nobody join later). A party gives
    notice likewise (``leave``), is bound for ``notice_days`` more, and does not come back; a text in force stays in force
    however few are left (Vienna Convention on the Law of Treaties, Art 55). Where nobody joins (``joining`` off) all that are
    eligible are bound from the day on which the window opens.
    """
    deposit, since = np.full(states.count, np.inf), np.where(eligible, calendar.opens, np.inf)
    if spec.joining:
        deposit = np.where(eligible & ratified, calendar.first, np.inf)
        since = in_force_from(deposit, spec)
    until = np.full(states.count, np.inf)
    left = np.zeros(states.count, bool)
    keys = states.keys[None, :], calendar.year[:, None], calendar.month[:, None]
    joins, leaves = -np.log1p(-luck.uniform("ratify", *keys)), -np.log1p(-luck.uniform("leave", *keys))  # unit exponentials
    for step in range(calendar.year.size):
        day = calendar.first + step * DAYS_PER_MONTH
        if spec.joining:
            hazard = pace.hazard * (1.0 + pace.emulation * share_of_region((deposit <= day) & ~left, states.region))
            after = _days(joins[step], hazard)
            new = eligible & np.isinf(deposit) & (after < DAYS_PER_MONTH)
            deposit[new] = day + after[new]
            if new.any():
                since = in_force_from(deposit, spec)
        if spec.leaving:
            after = _days(leaves[step], spec.leave_hazard)
            new = (since <= day) & ~left & (after < DAYS_PER_MONTH)
            until[new] = day + after[new] + spec.notice_days
            left |= new
    return Membership(deposit=deposit, since=since, until=until)


def _days(wait: Reals, hazard: Reals | float) -> Reals:
    """Days until what comes with a yearly hazard, of a unit exponential; infinity where there is none."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(wait / hazard * DAYS_PER_YEAR)


def bound_in(membership: Membership, month: int) -> Flags:
    """Whom the text binds in a month, ``[N]``: what begins or ends within a month shows from the next."""
    day = month * DAYS_PER_MONTH
    return np.asarray((membership.since <= day) & (day < membership.until))
