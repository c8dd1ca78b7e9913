"""The model's months as one kernel written by hand for one configuration: the upper bound of what its stages could reach.

It tells the same as ``sim.month`` where nobody adapts, to the request and to the bit (``tests/peers/test_fused.py``), and keeps
nothing of a request that has ended but numbers. What it is not written for it refuses in a line (``fused.tables``).
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.benchmark.fused.desk import read_desk
from experiments.benchmark.fused.execution import execute
from experiments.benchmark.fused.files import Counters, File, Starts, close, decide_on, pair, refuse, starts_of, whole
from experiments.benchmark.fused.filing import file_wish, ways_of
from experiments.benchmark.fused.tables import STOPPING, Tables, tables_of
from experiments.benchmark.fused.waiting import (
    ABUSIVE,
    LANES,
    LIVE,
    PLATFORM,
    POOR,
    RESIDENCE,
    SECRET,
    WANTED,
    Waiting,
    append,
    day_of_first,
    give_up,
    grown,
    nobody_waits,
    release,
    take,
)
from sim.arrays import Ints
from sim.compiled import inlined, loop, row
from sim.draws import absorb, normal_quantile, unit
from sim.review.execution import DESK_KEY
from sim.review.queue import NONE, ORDINARY_LANE, PARKED_LANE, URGENT_LANE
from sim.run import Run
from sim.world.cases import Cases
from sim.world.vocabulary import (
    CASE_STATUSES,
    CHANNELS,
    DATA_CLASSES,
    DAYS_PER_MONTH,
    EMERGENCY,
    FORMAL,
    LAPSED,
    MISUSED,
    PARKED,
    STATUSES,
    TOLD,
    WITHDRAWN,
)


class Fused(NamedTuple):
    """A run ready for the kernel: everything that is prepared before its first month."""

    seed: np.uint64
    months: int
    opens: int  # month from which the window's rules hold
    edges: Ints
    cases: Cases
    rules: tuple[Tables, Tables]
    waiting: Waiting
    told: Counters


def fused_from(run: Run) -> Fused:
    """The kernel's own form of a run that has not begun. Raises ``ConfigError`` for one that it is not written for."""
    states, months, room = run.rules.capacity.size, run.months, int(np.diff(run.edges).max(initial=1))
    return Fused(
        run.draws.root, months, run.rules.treaty_from, run.edges, run.cases, tables_of(run), nobody_waits(states, months, room),
        nothing_told(months),
    )  # fmt: skip


def nothing_told(months: int) -> Counters:
    """All counters at zero."""

    def zeros(*shape: int) -> Ints:
        return np.zeros(shape, np.int64)

    channels, statuses, stopping = len(CHANNELS), len(STATUSES), len(STOPPING)
    return Counters(
        filed=zeros(channels, 2),
        outcomes=zeros(channels, 2, statuses),
        ended=zeros(statuses, months + 1),
        decided=zeros(months + 1),
        reasons=zeros(channels, 2, stopping),
        grounds=zeros(stopping),
        given=zeros(channels, 2, len(DATA_CLASSES)),
        told=zeros(2, len(TOLD)),
        misused=zeros(2, len(MISUSED)),
        narrowed=zeros(stopping),
        conditions=zeros(1),
        judged=zeros(2),
        realtime=zeros(2, 2),
        cases=zeros(len(CASE_STATUSES)),
    )


def tell(fused: Fused) -> Fused:
    """All months; returns what it has become, with the slots that it needed. Counters and books are written where they are."""
    waiting = fused.waiting
    for rules, first, last in zip(fused.rules, (0, fused.opens), (fused.opens, fused.months), strict=True):
        month = first
        while (month := _months(fused.seed, month, last, fused.edges, fused.cases, rules, waiting, fused.told)) < last:
            waiting = grown(waiting, int(fused.edges[month + 1] - fused.edges[month]))
    return fused._replace(waiting=waiting)


@loop
def _months(
    seed: np.uint64, first: int, last: int, edges: Ints, cases: Cases, tables: Tables, waiting: Waiting, told: Counters
) -> int:  # fmt: skip
    """The months from ``first`` to before ``last``; the month before which slots run short, which the caller must see to."""
    starts, ways = starts_of(seed), ways_of(seed)
    for month in range(first, last):
        if waiting.left[0] < edges[month + 1] - edges[month]:
            return month
        for c in range(edges[month], edges[month + 1]):
            file_wish(row(c), starts, ways, cases, tables, waiting, told)
        for j in range(tables.capacity.size):
            _serve(row(j), month, starts, cases.visibility, tables, waiting, told)
            for lane in range(LANES):
                give_up(row(j), lane, month, waiting, told)
            waiting.waiting[month, row(j)] = waiting.held[row(j), URGENT_LANE] + waiting.held[row(j), ORDINARY_LANE]
            waiting.parked[month, row(j)] = waiting.held[row(j), PARKED_LANE]
    return last


@inlined
def _effort(j: int, month: int, hours: float, tables: Tables, waiting: Waiting) -> float:
    """Attention that the load leaves to each file; the hours that wait are entered in the books."""
    practice = tables.practice
    files = waiting.held[j, URGENT_LANE] + waiting.held[j, ORDINARY_LANE]
    waiting.backlog[month, j] = files * practice.expected_hours
    load = waiting.backlog[month, j] / (hours * practice.comfortable_months)
    return max(load**-practice.effort_power, practice.effort_floor) if load > 1.0 else 1.0


@inlined
def _serve(
    j: int, month: int, starts: Starts, visibility: NDArray[np.float64], tables: Tables, waiting: Waiting, told: Counters
) -> None:  # fmt: skip
    """A month's work of one authority: emergencies, then the others by filing day, then what is parked, while hours last."""
    loaded, start = tables.loaded, month * DAYS_PER_MONTH
    hours = tables.capacity[j] if loaded else np.inf
    effort = _effort(j, month, hours, tables, waiting) if loaded else 1.0
    debt = waiting.debt[j]
    left, spent = hours - debt, 0.0
    for lane in range(LANES):
        filed = day_of_first(j, lane, waiting)
        while left > 0.0:
            slot = take(j, lane, waiting)
            if slot == NONE:
                break
            day, filed = filed, day_of_first(j, lane, waiting)  # looked up early: a record is long in coming from memory
            if loaded:
                day = max(day, start + DAYS_PER_MONTH * min((debt + spent) / hours, 1.0))
            cost = _treat(slot, j, lane, day, effort, starts, visibility, tables, waiting, told)
            spent += cost
            left -= cost
    waiting.spent[month, j] = spent
    waiting.debt[j] = max(-left, 0.0) if loaded else 0.0


@inlined
def _file_of(slot: int, j: int, lane: int, tables: Tables, waiting: Waiting) -> File:
    """A record in local variables."""
    record = waiting.files[row(slot)]
    marks = whole(record.marks)
    return File(
        whole(record.case), record.key, tables.states[j].key, whole(record.requester), whole(j), whole(record.text),
        EMERGENCY if lane == URGENT_LANE else FORMAL, marks & ABUSIVE, marks >> WANTED, whole(record.alleged), whole(record.group),
        marks & SECRET != 0, marks & LIVE != 0, marks & PLATFORM != 0, marks & RESIDENCE != 0, record.dossier, record.strength,
        record.filed, record.patience, record.frozen,
    )  # fmt: skip


@inlined
def _treat(
    slot: int, j: int, lane: int, day: float, effort: float, starts: Starts, visibility: NDArray[np.float64], tables: Tables,
    waiting: Waiting, told: Counters,
) -> float:  # fmt: skip
    """The desk comes to a file: its requester has given up, it was parked and is read again, or it is decided. Returns hours."""
    file, practice = _file_of(slot, j, lane, tables, waiting), tables.practice
    if lane == PARKED_LANE:
        told.outcomes[FORMAL, row(file.abusive), PARKED] -= 1
    if file.patience < day:
        release(slot, waiting)
        close(file, LAPSED, file.patience, told)
        return 0.0
    if lane == PARKED_LANE:  # the file must be read again
        aside = waiting.aside[row(slot)]
        hours, cap, conditional, day = float(aside.hours), whole(aside.cap), aside.conditional, max(day, aside.ready)
    else:
        urgent, towards = lane == URGENT_LANE, tables.towards[j, row(file.requester)]
        if urgent:
            effort *= towards.urgent_effort
        luck = normal_quantile(unit(absorb(pair(starts.hours, file.key, file.asked), DESK_KEY)))
        hours = exp(practice.hours_log + practice.hours_spread * luck)
        desk = tables.gates[j, row(file.text)].desk
        read = read_desk(starts, file, desk, effort, False, visibility, tables, told)
        hours += read.hours
        cap, conditional = read.cap, read.conditional
        if read.stood != 0:
            release(slot, waiting)
            refuse(file, read.stood, day, day, told)
            return hours
        begun = day
        if not urgent and waiting.files[row(slot)].marks & POOR:
            day += practice.supplement_days
            if unit(pair(starts.supplement, file.key, file.asked)) >= practice.supplement_answered:
                release(slot, waiting)
                if file.patience < day:
                    close(file, LAPSED, max(file.patience, begun), told)
                else:
                    decide_on(day, told)
                    close(file, WITHDRAWN, day, told)
                return hours
            hours += practice.supplement_hours
        if not urgent and (read.suspicion > practice.park_bar + towards.bar or towards.standing < practice.trust_floor):
            _park(slot, j, day, hours, cap, conditional, waiting)
            told.outcomes[FORMAL, row(file.abusive), PARKED] += 1
            return hours
    release(slot, waiting)
    hours += execute(starts, file, day, cap, conditional, tables, told)
    return hours


@inlined
def _park(slot: int, j: int, ready: float, hours: float, cap: int, conditional: bool, waiting: Waiting) -> None:
    """Lay a file aside."""
    aside = waiting.aside[row(slot)]
    aside.ready, aside.hours, aside.cap, aside.conditional = ready, np.float32(hours), np.int8(cap), conditional
    append(slot, j, PARKED_LANE, waiting)
