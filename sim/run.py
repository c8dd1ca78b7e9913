"""A run in progress: the tables that grow, how far it has come, and what it leaves when it is told to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Keys, Reals
from sim.compiled import loop
from sim.conduct.learning import Ledger, Mind, Unheard
from sim.conduct.retries import CaseBook
from sim.conduct.spyware import spyware_hits
from sim.draws import Draws
from sim.enactment import Polity
from sim.metrics.cohort import Finished, gives
from sim.metrics.counts import Counted
from sim.review.admissible import usable_rows
from sim.review.institutions import Bench
from sim.review.memory import Memories, Unremembered
from sim.review.queue import Queue
from sim.rules import Rules
from sim.settings import Config
from sim.society.exposure import Affairs
from sim.society.expression import Climate, blows
from sim.world.cases import Cases
from sim.world.docket import Docket, empty_docket, filled_rows, with_room
from sim.world.snapshot import World
from sim.world.vocabulary import DAYS_PER_MONTH, DISCLOSED, ENDED, OPEN, PENDING

_AS_THEY_WERE = frozenset(Docket._fields) - {
    *("status", "granted", "narrowed", "reason", "grounds", "condition", "executed_day", "ended_day", "decided_day"),
    *("told", "evaded", "misused", "published", "judged", "realtime"),
}
"""Columns of the docket that the end of a run leaves alone."""
_FIRST_ROOM = 1.05  # rows of the docket per case to start with, so that most runs never grow it; memory, not science
_LEAST_ROOM = 64  # rows of the docket; memory, not science
_GROWTH = 1.5  # at least so many times its room has the docket after it grew; memory, not science


@dataclass
class Pages:
    """Cases that come page by page, where rows are not asked for: what is over by then is counted, and leaves."""

    cases: Callable[[int], Cases]  # of the page that begins with a month
    drawn: int = 0  # months whose cases have come
    folded: Counted | None = None  # of the needs that have left
    formal: int = 0  # formal requests that have left with them, of the cohort or not


@dataclass
class Run:
    """A run in progress: the tables that grow, and how far it has come."""

    config: Config
    world: World
    rules: Rules
    draws: Draws
    cases: Cases
    edges: NDArray[np.int64]  # [T + 1] first case of each month
    book: CaseBook
    docket: Docket
    queue: Queue
    hours: Reals  # [T, N] officer-hours that each authority had in a month, infinite without load; nan for months to come
    trained: Flags  # [T, N] who had had a programme of training by a month
    at_home: Reals  # [T, N] chance that a live domestic wish of a month is met
    dropped: Flags  # [C] domestic wishes that are not live: the person had fallen silent
    expression: Reals  # [P] relative to baseline
    in_force: NDArray[np.bool_]  # [I, N, N] from the first day of the window, less what is suspended
    bound: Keys  # [N, N] the same, bit t for text t
    bound_before: Keys  # [N, N] during the run-in
    bench: Bench
    mind: Mind
    ledger: Ledger
    unheard: Unheard
    affairs: Affairs
    climate: Climate
    plain: Unremembered
    memories: Memories
    polity: Polity | None  # where the law itself may change
    months: int
    month: int = 0
    listeners: list[Callable[[Run], None]] = field(default_factory=list)
    hires: Callable[[Rules], Reals] | None = None  # hours that follow the load of rules, where any do
    shaken: frozenset[int] = frozenset()  # months, after the first of the window, from which shocks make other rules
    pages: Pages | None = None  # None where all cases are there from the start, and every row stays


def hours_today(run: Run) -> Reals:
    """Officer-hours ``[N]`` of the last month; before the first, those that it will have."""
    rules = run.rules if run.rules.run_in is None or run.rules.treaty_from == 0 else run.rules.run_in
    hours: Reals = run.hours[run.month - 1] if run.month else hours_of(rules)
    return hours


def hours_of(rules: Rules) -> Reals:
    """Officer-hours ``[N]`` a month under rules: infinite without load."""
    return rules.capacity if rules.loaded else np.full(rules.capacity.size, np.inf)


def room_for(cases: int) -> int:
    """Rows of the docket that so many new cases get to begin with."""
    return max(int(_FIRST_ROOM * cases), _LEAST_ROOM)


def make_room(run: Run, extra: int) -> None:
    """Grow the docket so that ``extra`` further requests fit."""
    used, room = int(run.docket.used[0]), run.docket.case.size
    if used + extra <= room:
        return
    larger = max(int(room * _GROWTH), used + extra)
    columns, run.docket = run.docket._asdict(), empty_docket(0)
    run.docket = with_room(columns, larger)
    after, beside = (np.resize(links, larger) for links in (run.queue.after, run.queue.beside))
    run.queue = run.queue._replace(after=after, beside=beside)
    run.unheard = run.unheard._replace(rows=np.resize(run.unheard.rows, larger))


def finish(run: Run) -> Finished:
    """Tell the run to its end: what had not ended by the last day is still pending, and every case has its status.

    Of a run that goes on it is a picture of today. That of one which is over shares with it what the end leaves as it was.
    """
    docket = filled_rows(run.docket, _AS_THEY_WERE if run.month >= run.months else frozenset())
    told = told_of(run, docket, run.cases, run.book.status.copy(), run.dropped)
    return told if run.pages is None else told._replace(folded=run.pages.folded)


def told_of(run: Run, docket: Docket, cases: Cases, status: NDArray[np.int8], dropped: Flags) -> Finished:
    """What ``finish`` tells of these cases and their docket, which is written into, as is ``status`` ``[C]``."""
    _reopen(docket, run.month * DAYS_PER_MONTH)
    _settle(docket, cases.abusive, np.zeros(status.size, np.bool_), status)
    at_home, live = np.zeros(status.size), np.flatnonzero(cases.domestic & cases.abusive & ~dropped)
    at_home[live] = run.at_home[cases.month[live], cases.requester[live]]
    return Finished(
        world=run.world,
        cases=cases,
        case_status=status,
        docket=docket,
        instruments=run.rules.names,
        first_month=run.config.run_in_months,
        years=run.config.years,
        months=run.month,
        backlog=run.queue.backlog,
        capacity=run.hours,
        lost=run.climate.lost if run.rules.adaptation.people.falls_silent else None,
        blows=blows(run.climate, run.world.people),
        listening=run.config.demand.realtime_share > 0,
        usable=usable_rows(docket, cases, run.trained, run.config.review.usable, run.draws),
        at_home=at_home,
        spying=run.config.conduct.spyware > 0,
        spied=spyware_hits(cases, status, run.world, run.config.conduct, run.draws) & (cases.month >= run.config.run_in_months),
    )


@loop
def _reopen(docket: Docket, horizon: float) -> None:
    """Take back what the docket holds of days from ``horizon`` on; nothing came of what ended then, or came of no answer."""
    for m in range(docket.case.size):
        if docket.ended_day[m] >= horizon:
            docket.status[m], docket.granted[m], docket.reason[m], docket.grounds[m] = PENDING, -1, -1, 0
            docket.executed_day[m], docket.ended_day[m] = np.nan, np.nan
            docket.told[m], docket.evaded[m], docket.misused[m], docket.published[m] = 0, 0, 0, 0
            docket.judged[m], docket.realtime[m] = 0, 0
        if docket.granted[m] < 0:
            docket.narrowed[m], docket.condition[m] = -1, -1
        if docket.decided_day[m] >= horizon:
            docket.decided_day[m] = np.nan


@loop
def _settle(docket: Docket, abusive: Flags, pending: Flags, status: NDArray[np.int8]) -> None:
    """Settle the status of every case ``[C]``: whose data were given, and where no answer is open; ``pending`` is room for that."""
    for m in range(docket.case.size):
        if np.isnan(docket.ended_day[m]):
            pending[docket.case[m]] = True
    for c in range(status.size):
        if status[c] == OPEN and not pending[c]:
            status[c] = ENDED
    for m in range(docket.case.size):
        if gives(docket, m, abusive[docket.case[m]]):
            status[docket.case[m]] = DISCLOSED
