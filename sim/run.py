"""A run in progress: the tables that grow, how far it has come, and what it leaves when it is told to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Keys, Reals
from sim.conduct.learning import Ledger, Mind, Unheard
from sim.conduct.retries import CaseBook
from sim.conduct.spyware import spyware_hits
from sim.draws import Draws
from sim.enactment import Polity
from sim.metrics import Finished, giving_rows
from sim.review.admissible import usable_rows
from sim.review.institutions import Bench
from sim.review.memory import Memories, Unremembered
from sim.review.queue import Queue
from sim.rules import Rules
from sim.settings import Config
from sim.society.exposure import Affairs
from sim.society.expression import Climate, blows
from sim.world.cases import Cases
from sim.world.docket import Docket, empty_docket, filled_rows
from sim.world.snapshot import World
from sim.world.vocabulary import DAYS_PER_MONTH, DISCLOSED, ENDED, OPEN, PENDING

_GROWTH = 1.5  # at least so many times its room has the docket after it grew; memory, not science


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


def hours_today(run: Run) -> Reals:
    """Officer-hours ``[N]`` of the last month; before the first, those that it will have."""
    rules = run.rules if run.rules.run_in is None or run.rules.treaty_from == 0 else run.rules.run_in
    hours: Reals = run.hours[run.month - 1] if run.month else hours_of(rules)
    return hours


def hours_of(rules: Rules) -> Reals:
    """Officer-hours ``[N]`` a month under rules: infinite without load."""
    return rules.capacity if rules.loaded else np.full(rules.capacity.size, np.inf)


def make_room(run: Run, extra: int) -> None:
    """Grow the docket so that ``extra`` further requests fit."""
    used, room = int(run.docket.used[0]), run.docket.case.size
    if used + extra <= room:
        return
    larger = empty_docket(max(int(room * _GROWTH), used + extra))
    for name in run.docket._fields[1:]:
        getattr(larger, name)[:used] = getattr(run.docket, name)[:used]
    larger.used[0] = used
    after, beside = (np.resize(links, larger.case.size) for links in (run.queue.after, run.queue.beside))
    run.docket, run.queue = larger, run.queue._replace(after=after, beside=beside)
    run.unheard = run.unheard._replace(rows=np.resize(run.unheard.rows, larger.case.size))


def finish(run: Run) -> Finished:
    """Tell the run to its end: what had not ended by the last day is still pending, and every case has its status."""
    docket = filled_rows(run.docket)
    horizon = run.month * DAYS_PER_MONTH
    beyond = docket.ended_day >= horizon
    docket.status[beyond] = PENDING
    docket.granted[beyond] = -1
    docket.narrowed[beyond] = -1
    docket.reason[beyond] = -1
    docket.grounds[beyond] = 0
    for column in (docket.executed_day, docket.ended_day):
        column[beyond] = np.nan
    for mark in (docket.told, docket.evaded, docket.misused, docket.published, docket.judged, docket.realtime):
        mark[beyond] = 0
    docket.narrowed[docket.granted < 0] = -1
    docket.condition[docket.granted < 0] = -1
    docket.decided_day[docket.decided_day >= horizon] = np.nan
    status = run.book.status.copy()
    pending = np.zeros(status.size, bool)
    pending[docket.case[np.isnan(docket.ended_day)]] = True
    status[(status == OPEN) & ~pending] = ENDED
    status[docket.case[giving_rows(docket, run.cases)]] = DISCLOSED
    return Finished(
        world=run.world,
        cases=run.cases,
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
        usable=usable_rows(docket, run.cases, run.trained, run.config.review.usable, run.draws),
        at_home=np.where(
            run.cases.domestic & run.cases.abusive & ~run.dropped, run.at_home[run.cases.month, run.cases.requester], 0.0
        ),
        spying=run.config.conduct.spyware > 0,
        spied=spyware_hits(run.cases, status, run.world, run.config.conduct, run.draws)
        & (run.cases.month >= run.config.run_in_months),
    )
