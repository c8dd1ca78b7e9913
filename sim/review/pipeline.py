"""The life of a request at the requested authority: gates, central unit, queue, desk, lapse; the two loops of a month.

Side doors stand in ``sim.review.side_doors``, execution and refusal in ``sim.review.execution``, reading in
``sim.review.reading``. All these are source texts of the compiled loop, written as plain functions. ``sim.review.assembly``
joins them with the rules in force into one generated module, in which ``gates``, ``read_desk`` and ``read_further`` are made
from the safeguards' own ``stands`` functions; so these files are read by people and by the assembler, and compiled there.
"""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

import numpy as np

from sim.arrays import Ints, Reals
from sim.compiled import row
from sim.draws import exponential_quantile, name_key, normal_quantile, u2, u3
from sim.review.execution import (
    DESK_KEY,
    class_given,
    collect_live,
    disclose,
    execute,
    has_moved,
    refuse,
    survives_until,
)
from sim.review.notice import is_platform, told_by_firm
from sim.review.queue import (
    NONE,
    ORDINARY_LANE,
    PARKED_LANE,
    URGENT_LANE,
    Queue,
    close,
    enqueue,
    give_up,
    note_patience,
    take,
    waits,
)
from sim.review.reading import Practice, Reading, is_crime, look_noise, role_of, second_noise, strength_of
from sim.review.side_doors import another_door, ask_firm, ask_police, by_side_door, glance, preserve, unasked
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.instruments import LawInForce
from sim.world.vocabulary import (
    CONFIRMED,
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    DIVERTED,
    EMERGENCY,
    LAPSED,
    NOT_CONFIRMED,
    PARKED,
    PRESERVATION,
    WITHDRAWN,
)

if TYPE_CHECKING:
    from sim.review.made import desk_reads, gates, read_again, read_desk, read_panel, screened

PATIENCE, SUPPLEMENT, HOURS, PANEL_KEY = map(name_key, ("patience", "supplement", "hours", "panel"))


def screen(
    seed: np.uint64,
    m: int,
    effort: float,
    wait: float,
    cases: Cases,
    docket: Docket,
    queue: Queue,
    reading: Reading,
    practice: Practice,
) -> tuple[np.uint64, float]:
    """The central unit reads the file: its bit if it stops the file, and the day of its answer. A warning travels to the desk."""
    i, day = row(cases.requester[row(docket.case[m])]), docket.filed_day[m]
    screening = practice.panel_days + wait
    heard = day + (screening * practice.urgent_delay if docket.channel[m] == EMERGENCY else screening)
    queue.screened[i] += 1.0
    docket.ready_day[m] = heard
    if read_panel(seed, m, cases, docket, reading, practice, effort, 0.0):
        queue.stopped[i] += 1.0  # memory counts what would be stopped without it, or chance would feed on itself
    if not read_panel(seed, m, cases, docket, reading, practice, effort, queue.recalled[i]):
        return np.uint64(0), heard
    if practice.panel_binding:
        return np.uint64(1) << np.uint64(practice.panel_place), heard
    docket.flagged[m] = 1
    return np.uint64(0), heard


def receive(
    seed: np.uint64,
    month: int,
    first: int,
    loaded: bool,
    cases: Cases,
    docket: Docket,
    queue: Queue,
    law: LawInForce,
    reading: Reading,
    practice: Practice,
) -> None:
    """Side doors, the gates and the central unit, in the month of filing; what passes joins the queue.

    ``first`` is the first row not yet received.
    """
    load = hours_to_screen(first, docket, reading, practice)
    effort, wait = screening_load(queue, month, load, loaded, practice)
    for place in range(first, docket.used[0]):
        m = row(place)
        c, j, inst = row(docket.case[m]), row(docket.requested[m]), row(docket.instrument[m])
        docket.cap[m] = docket.wanted[m]
        docket.patience_day[m] = np.inf
        if by_side_door(seed, m, cases, docket, reading, practice):
            continue
        day = docket.filed_day[m]
        freezing = docket.channel[m] == PRESERVATION
        if not freezing:
            given = another_door(docket, m)
            if given < np.inf:
                close(docket, m, DIVERTED, given)
                continue
            if practice.lapse_per_year > 0.0:
                patience = exponential_quantile(u2(seed, PATIENCE, cases.id[c], reading.state_keys[j])) / practice.lapse_per_year
                docket.patience_day[m] = day + patience * DAYS_PER_YEAR
        reach = int(law.reach[inst, row(cases.requester[c]), row(docket.label[m])])
        stood, heard = gates(seed, m, reach, cases, docket, reading, freezing), day + practice.gate_days
        if freezing:
            heard = day + practice.preservation_delay
            stood |= glance(seed, m, cases, docket, reading, practice)
        elif stood == np.uint64(0) and screened(reading, inst, j):
            stood, heard = screen(seed, m, effort, wait, cases, docket, queue, reading, practice)
        if stood != np.uint64(0):
            refuse(seed, m, stood, heard, day, cases, docket, reading)
        elif freezing:
            preserve(seed, m, heard, cases, docket, reading, practice)
        elif not desk_reads(reading, inst, j):  # an order to a firm: no authority of the requested state stands between
            execute(seed, m, day, cases, docket, law, reading, practice)
        else:
            enqueue(queue, j, URGENT_LANE if docket.channel[m] == EMERGENCY else ORDINARY_LANE, m)
            note_patience(docket, queue, m)
    remember(queue, practice)


def hours_to_screen(first: int, docket: Docket, reading: Reading, practice: Practice) -> float:
    """Hours that the central unit would need for the requests from row ``first`` on."""
    load = 0.0
    for place in range(first, docket.used[0]):
        m = row(place)
        if docket.channel[m] <= EMERGENCY and screened(reading, row(docket.instrument[m]), row(docket.requested[m])):
            load += practice.panel_hours
    return load


def screening_load(queue: Queue, month: int, load: float, loaded: bool, practice: Practice) -> tuple[float, float]:
    """Effort of the central unit this month, and the days that files wait for it: V' = max(V + A - C, 0)."""
    if not loaded:
        return 1.0, 0.0
    backlog = queue.screening[month - 1] if month > 0 else 0.0
    waiting = backlog + load
    queue.screening[month] = max(waiting - practice.panel_capacity, 0.0)
    months = waiting / practice.panel_capacity
    effort = max(months**-practice.effort_power, practice.effort_floor) if months > 1.0 else 1.0
    return effort, DAYS_PER_MONTH * backlog / practice.panel_capacity


def remember(queue: Queue, practice: Practice) -> None:
    """The central unit's pooled memory: a requester's flagged share against the average's lowers the bar from next month."""
    files, flags = queue.screened.sum(), queue.stopped.sum()
    if practice.panel_memory <= 0.0 or flags <= 0.0:
        return
    usual = flags / files
    for i in range(queue.screened.size):
        share = (queue.stopped[i] + practice.panel_files * usual) / (queue.screened[i] + practice.panel_files)
        queue.recalled[i] = practice.panel_memory * np.log(share / usual)
        queue.screened[i] *= practice.panel_kept
        queue.stopped[i] *= practice.panel_kept


def decide(
    seed: np.uint64,
    m: int,
    day: float,
    effort: float,
    cases: Cases,
    docket: Docket,
    queue: Queue,
    reading: Reading,
    practice: Practice,
) -> tuple[float, bool, float]:
    """The desk takes a file up: refuses on a ground, asks once for more (Art 40(15)), parks, or lets it pass.

    Returns hours, whether it lets the file pass, and the day of that.
    """
    c, j = row(docket.case[m]), row(docket.requested[m])
    ck, sk = cases.id[c], reading.state_keys[j]
    urgent = docket.channel[m] == EMERGENCY
    if urgent:
        effort *= reading.urgent_effort[row(cases.requester[c]), j]
    hours = exp(practice.hours_log + practice.hours_spread * normal_quantile(u3(seed, HOURS, ck, sk, DESK_KEY)))
    grounds, suspicion, extra = read_desk(seed, m, cases, docket, reading, practice, effort, False)
    hours += extra
    if grounds != np.uint64(0):
        refuse(seed, m, grounds, day, day, cases, docket, reading)
        return hours, False, day
    later = day
    if docket.quality[m] < practice.supplement_bar and not urgent:
        later = day + practice.supplement_days
        if u2(seed, SUPPLEMENT, ck, sk) >= practice.supplement_answered:
            if docket.patience_day[m] < later:
                close(docket, m, LAPSED, max(docket.patience_day[m], day))
            else:
                docket.decided_day[m] = later
                close(docket, m, WITHDRAWN, later)
            return hours, False, later
        hours += practice.supplement_hours
    standing = reading.standing[row(cases.requester[c]), j]
    doubtful = suspicion > practice.park_bar + reading.pair_bar[row(cases.requester[c]), j]
    if not urgent and (doubtful or standing < practice.trust_floor):
        docket.status[m] = PARKED
        docket.ready_day[m] = later
        enqueue(queue, j, PARKED_LANE, m)
        return hours, False, later
    return hours, True, later


def desk_effort(queue: Queue, month: int, j: int, hours: float, practice: Practice) -> float:
    """Attention that an authority's load leaves to each file, in [0, 1]; the hours that wait are entered in its books."""
    waiting = queue.held[j, URGENT_LANE] + queue.held[j, ORDINARY_LANE]
    queue.backlog[month, j] = waiting * practice.expected_hours
    load = queue.backlog[month, j] / (hours * practice.comfortable_months)
    return max(load**-practice.effort_power, practice.effort_floor) if load > 1.0 else 1.0


def day_ready(docket: Docket, m: int, lane: int) -> float:
    """Day from which the desk could take a file up: that of filing, or that on which a central unit had read it."""
    day = docket.filed_day[m]
    if lane != PARKED_LANE and docket.ready_day[m] > day:
        day = docket.ready_day[m]
    return float(day)


def treat(
    seed: np.uint64,
    m: int,
    lane: int,
    day: float,
    effort: float,
    cases: Cases,
    docket: Docket,
    queue: Queue,
    law: LawInForce,
    reading: Reading,
    practice: Practice,
) -> float:
    """The desk comes to a file: its requester has given up, it was parked and is read again, or it is decided. Returns hours."""
    if docket.patience_day[m] < day:
        close(docket, m, LAPSED, docket.patience_day[m])
        return 0.0
    if lane == PARKED_LANE:  # the file must be read again
        hours, passes, later = float(docket.hours[m]), True, max(day, docket.ready_day[m])
    else:
        hours, passes, later = decide(seed, m, day, effort, cases, docket, queue, reading, practice)
    if passes:
        hours += execute(seed, m, later, cases, docket, law, reading, practice)
    docket.hours[m] += hours
    return hours


def serve(
    seed: np.uint64,
    month: int,
    loaded: bool,
    capacity: Reals,
    cases: Cases,
    docket: Docket,
    queue: Queue,
    law: LawInForce,
    reading: Reading,
    practice: Practice,
) -> None:
    """A month's work of every authority: emergencies, then files by (filing day, id), then what is parked, while hours last.

    A file may start while hours remain; what it overruns is carried as debt. Effort is fixed for the month by the load.
    """
    start = month * DAYS_PER_MONTH
    for j in range(capacity.size):
        hours = capacity[j] if loaded else np.inf
        effort = desk_effort(queue, month, j, hours, practice) if loaded else 1.0
        queue.effort[month, j] = effort
        left = hours - queue.debt[j]
        spent = 0.0
        for lane in range(3):
            while queue.head[j, lane] != NONE and left > 0.0:
                first = take(docket, queue, j, lane)
                if first == NONE:
                    break
                m = row(first)
                day = day_ready(docket, m, lane)
                if loaded:
                    day = max(day, start + DAYS_PER_MONTH * min((queue.debt[j] + spent) / hours, 1.0))
                cost = treat(seed, m, lane, day, effort, cases, docket, queue, law, reading, practice)
                spent += cost
                left -= cost
        queue.spent[month, j] = spent
        queue.debt[j] = max(-left, 0.0) if loaded else 0.0
    give_up(docket, queue, month)
    for j in range(capacity.size):
        queue.waiting[month, j] = queue.held[j, URGENT_LANE] + queue.held[j, ORDINARY_LANE]
        queue.parked[month, j] = queue.held[j, PARKED_LANE]


def reread(seed: np.uint64, rows: Ints, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> None:
    """Second readings of refused requests, ``rows`` of the docket: whether each would be refused again is written there."""
    for place in rows:
        m = row(place)
        stood = read_again(seed, m, cases, docket, reading, practice)
        docket.second[m] = CONFIRMED if stood != np.uint64(0) else NOT_CONFIRMED


KERNELS = (receive, serve, reread)
"""Called from Python, once a month each at most."""

STEPS = (
    *(strength_of, role_of, is_crime, look_noise, second_noise, enqueue, note_patience, waits, close, is_platform, told_by_firm),
    *(refuse, has_moved, disclose, survives_until, glance, preserve, unasked, ask_firm, ask_police, by_side_door),
    *(screen, another_door, hours_to_screen, screening_load, remember, class_given, collect_live, execute, decide),
    *(take, give_up, desk_effort, day_ready, treat),
)
"""Compiled into the kernels, in an order in which each knows those before it."""
