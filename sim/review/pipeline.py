"""The life of a request at the requested authority: gates, queue, desk, further looks, execution, lapse.

These are the source texts of the compiled loop, written as plain functions. ``sim.review.assembly`` joins them with the rules
in force into one generated module, in which ``gates``, ``read_desk`` and ``read_further`` are made from the safeguards' own
``stands`` functions; so this file is read by people and by the assembler, and compiled there.
"""
# ruff: noqa: F821  (the names that the assembler makes are declared below without a value)

from __future__ import annotations

from collections.abc import Callable
from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.draws import Keys, Reals, exponential_quantile, name_key, normal_quantile, u2, u3
from sim.review.queue import (
    NONE,
    ORDINARY_LANE,
    PARKED_LANE,
    URGENT_LANE,
    Queue,
    close,
    enqueue,
    give_up,
    take,
)
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.instruments import LawInForce
from sim.world.vocabulary import (
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    EMERGENCY,
    EMPTY,
    EXECUTED,
    IN_PART,
    LAPSED,
    PARKED,
    PRESERVATION,
    REFUSED,
    SUBSCRIBER,
    WITHDRAWN,
)

Ints = NDArray[np.int64]

PATIENCE, SUPPLEMENT, HOURS, DELAY = map(name_key, ("patience", "supplement", "hours", "delay"))
RETENTION, RENEWAL, LOOK, APPLIED, DESK_KEY = map(name_key, ("retention", "renewal", "look", "applied", "desk"))
UNIT_FLOOR = 2.0**-54  # stands for a uniform, or a chance, of zero under a logarithm

# Made by the assembler from the rules in force; declared here for readers and checkers.
gates: Callable[..., np.uint64]
read_desk: Callable[..., tuple[np.uint64, float, float]]
read_further: Callable[..., tuple[np.uint64, int, float, float]]
first_of: Callable[[np.uint64], int]


class Reading(NamedTuple):
    """Everything that the review reads besides the file itself."""

    applies: Reals  # [S, I, N] probability that a state applies a safeguard under an instrument
    state_keys: Keys  # [N]
    skill: Reals  # [N]
    judicial: Reals  # [N]
    pair_bar: Reals  # [N, N] what is added to every bar, by requester and requested
    standing: Reals  # [N, N] trust and alignment, by requester and requested
    goodwill: Reals  # [N, N] chance of assistance without a duty
    crime: NDArray[np.bool_]  # [I, N, K] whether a state punishes a conduct, or is bound by the text to punish it
    protected: NDArray[np.bool_]  # [K]
    harm: Reals  # [K]
    stops: NDArray[np.bool_]  # [S, I] grounds that a text lets stand against preservation
    covers: Reals  # [S, G + 1] personal scope; the last column is for nobody at risk
    plausible: Reals  # [K, G + 1] credibility of a pretext
    strength: Reals  # [4] v of honest, recharacterised, fabricated, selective
    numbers: Reals  # [S, Q] the safeguards' own parameters


class Practice(NamedTuple):
    """Scalars of the review: hours, delays, patience and the noise of reading."""

    shared_noise: float  # square root of rho
    own_noise: float  # square root of 1 - rho
    visibility_slope: float
    visibility_most: float
    plausibility_from: float
    hours_log: float
    hours_spread: float
    expected_hours: float
    delay_log: float  # log days
    delay_spread: float
    lapse_per_year: float
    supplement_bar: float
    supplement_answered: float
    supplement_days: float
    supplement_hours: float
    urgent_effort: float
    urgent_delay: float
    gate_days: float
    park_bar: float
    trust_floor: float
    preservation_days: float
    preservation_renewed: float
    preservation_effort: float
    preservation_delay: float
    retention_log: float  # log days
    retention_spread: float
    residence_class: int
    effort_power: float
    effort_floor: float
    comfortable_months: float


def strength_of(cases: Cases, docket: Docket, reading: Reading, practice: Practice, m: int) -> float:
    """How plainly motive shows in this file to a perfect reader: zero in a legitimate one (nature's side of the score)."""
    c = docket.case[m]
    if not cases.abusive[c]:
        return 0.0
    kind = int(docket.kind[m])
    if kind == 0 and not reading.protected[cases.conduct[c]]:
        kind = 3  # a true ordinary offence, opened because of who the person is
    v = reading.strength[kind]
    if kind == 2:
        v *= max(practice.plausibility_from - reading.plausible[docket.label[m], cases.group[c]], 0.0)
    if cases.visibility[c] > 0.0:
        shown = 1.0 + practice.visibility_slope * np.log(cases.visibility[c])
        v *= min(max(shown, 0.0), practice.visibility_most)
    return float(v)


def look_noise(seed: np.uint64, dossier: float, practice: Practice, case: np.uint64, state: np.uint64, look: np.uint64) -> float:
    """Accident of one reading: the dossier's share and the look's own; the same desk gives the same answer to the same case."""
    return practice.shared_noise * dossier + practice.own_noise * normal_quantile(u3(seed, LOOK, case, state, look))


def refuse(docket: Docket, m: int, grounds: np.uint64, day: float, begun: float) -> None:
    """Refusal with its reasons (Art 40(25)); a requester who gave up before never hears it."""
    if docket.patience_day[m] < day:
        close(docket, m, LAPSED, max(docket.patience_day[m], begun))
        return
    docket.grounds[m] = grounds
    docket.reason[m] = first_of(grounds)
    docket.decided_day[m] = day
    close(docket, m, REFUSED, day)


def preserve(seed: np.uint64, m: int, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> None:
    """Expedited preservation (Hanoi Art 42, Budapest Art 29): quick, few grounds; freezes data for the request that follows."""
    c, j = docket.case[m], int(docket.requested[m])
    ck, sk = cases.id[c], reading.state_keys[j]
    day = docket.filed_day[m] + practice.preservation_delay
    grounds, _, _ = read_desk(seed, m, cases, docket, reading, practice, practice.preservation_effort, True)
    if grounds != np.uint64(0):
        refuse(docket, m, grounds, day, day)
        return
    docket.decided_day[m] = day
    renewals = np.inf
    if practice.preservation_renewed < 1.0:
        luck = max(u2(seed, RENEWAL, ck, sk), UNIT_FLOOR)
        renewals = np.floor(np.log(luck) / np.log(max(practice.preservation_renewed, UNIT_FLOOR)))
    until = day + practice.preservation_days * (1.0 + renewals)
    docket.executed_day[m] = day
    docket.preserved_until[m] = until
    docket.preserved_until[m + 1] = until
    close(docket, m, EXECUTED, day)


def receive(
    seed: np.uint64,
    first: int,
    cases: Cases,
    docket: Docket,
    queue: Queue,
    law: LawInForce,
    reading: Reading,
    practice: Practice,
) -> None:
    """The gates, on the day of filing; what passes joins the queue. ``first`` is the first row not yet received."""
    for m in range(first, docket.used[0]):
        c, j = docket.case[m], int(docket.requested[m])
        ck, sk = cases.id[c], reading.state_keys[j]
        day = docket.filed_day[m]
        if docket.channel[m] == PRESERVATION:
            preserve(seed, m, cases, docket, reading, practice)
            continue
        if docket.channel[m] > PRESERVATION:  # to be replaced: no other side door gives anything yet
            close(docket, m, REFUSED, day)
            continue
        docket.patience_day[m] = np.inf
        if practice.lapse_per_year > 0.0:
            patience = exponential_quantile(u2(seed, PATIENCE, ck, sk)) / practice.lapse_per_year
            docket.patience_day[m] = day + patience * DAYS_PER_YEAR
        reach = int(law.reach[docket.instrument[m], cases.requester[c], docket.label[m]])
        stood = gates(seed, m, reach, cases, docket, reading)
        if stood != np.uint64(0):
            refuse(docket, m, stood, day + practice.gate_days, day)
        elif docket.channel[m] == EMERGENCY:
            enqueue(queue, j, URGENT_LANE, m)
        else:
            enqueue(queue, j, ORDINARY_LANE, m)


def execute(
    seed: np.uint64,
    m: int,
    day: float,
    cases: Cases,
    docket: Docket,
    law: LawInForce,
    reading: Reading,
    practice: Practice,
) -> float:
    """What follows once the desk lets a file pass: further looks, the delay of execution, and whether data are still there.

    Returns the authority's hours.
    """
    c, j, inst = docket.case[m], int(docket.requested[m]), int(docket.instrument[m])
    ck, sk = cases.id[c], reading.state_keys[j]
    grounds, narrowed_by, delay, hours = read_further(seed, m, cases, docket, reading, practice)
    if grounds != np.uint64(0):
        refuse(docket, m, grounds, day + delay, day)
        return hours
    external = exp(practice.delay_log + practice.delay_spread * normal_quantile(u3(seed, DELAY, ck, sk, DESK_KEY)))
    external *= law.delay[inst]
    if docket.channel[m] == EMERGENCY:
        external *= practice.urgent_delay
        delay *= practice.urgent_delay
    done = day + delay + external
    if docket.patience_day[m] >= day + delay:
        docket.decided_day[m] = day + delay  # the answer is yes, even if its execution comes too late
    if docket.patience_day[m] < done:
        close(docket, m, LAPSED, max(docket.patience_day[m], day))
        return hours
    docket.executed_day[m] = done
    granted = int(docket.wanted[m])
    if cases.hosts[c, cases.hosts.shape[1] - 1] == j and not is_platform(cases, c, j):
        granted = min(granted, practice.residence_class)
    if narrowed_by != NONE and granted > SUBSCRIBER:
        granted -= 1
        docket.narrowed[m] = narrowed_by
    kept = exp(practice.retention_log + practice.retention_spread * normal_quantile(u2(seed, RETENTION, ck, sk)))
    frozen = docket.preserved_until[m]
    if done > cases.day[c] + kept and not frozen >= done:
        close(docket, m, EMPTY, done)
        return hours
    docket.granted[m] = granted
    close(docket, m, IN_PART if granted < docket.wanted[m] else EXECUTED, done)
    return hours


def is_platform(cases: Cases, c: int, j: int) -> bool:
    """Whether state ``j`` hosts one of the case's platforms (and not only the person's residence)."""
    found = False
    for slot in range(cases.hosts.shape[1] - 1):  # no array expression here: the loop may not allocate
        found = found or cases.hosts[c, slot] == j
    return found


def decide(
    seed: np.uint64,
    m: int,
    day: float,
    effort: float,
    cases: Cases,
    docket: Docket,
    queue: Queue,
    law: LawInForce,
    reading: Reading,
    practice: Practice,
) -> float:
    """The desk takes a file up: refuses on a ground, asks once for more (Art 40(15)), parks, or lets it pass. Returns hours."""
    c, j = docket.case[m], int(docket.requested[m])
    ck, sk = cases.id[c], reading.state_keys[j]
    urgent = docket.channel[m] == EMERGENCY
    if urgent:
        effort *= practice.urgent_effort
    hours = exp(practice.hours_log + practice.hours_spread * normal_quantile(u3(seed, HOURS, ck, sk, DESK_KEY)))
    grounds, suspicion, extra = read_desk(seed, m, cases, docket, reading, practice, effort, False)
    hours += extra
    if grounds != np.uint64(0):
        refuse(docket, m, grounds, day, day)
        docket.hours[m] += hours
        return hours
    later = day
    if docket.quality[m] < practice.supplement_bar and not urgent:
        later = day + practice.supplement_days
        if u2(seed, SUPPLEMENT, ck, sk) >= practice.supplement_answered:
            if docket.patience_day[m] < later:
                close(docket, m, LAPSED, max(docket.patience_day[m], day))
            else:
                docket.decided_day[m] = later
                close(docket, m, WITHDRAWN, later)
            docket.hours[m] += hours
            return hours
        hours += practice.supplement_hours
    standing = reading.standing[cases.requester[c], j]
    doubtful = suspicion > practice.park_bar + reading.pair_bar[cases.requester[c], j]
    if not urgent and (doubtful or standing < practice.trust_floor):
        docket.status[m] = PARKED
        docket.ready_day[m] = later
        enqueue(queue, j, PARKED_LANE, m)
    else:
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
        waiting = queue.held[j, URGENT_LANE] + queue.held[j, ORDINARY_LANE]
        effort = 1.0
        if loaded:
            queue.backlog[month, j] = waiting * practice.expected_hours
            load = queue.backlog[month, j] / (hours * practice.comfortable_months)
            if load > 1.0:
                effort = max(load**-practice.effort_power, practice.effort_floor)
        queue.effort[month, j] = effort
        left = hours - queue.debt[j]
        spent = 0.0
        for lane in range(3):
            while queue.head[j, lane] != NONE and left > 0.0:
                m = take(queue, j, lane)
                day = docket.filed_day[m]
                if loaded:
                    day = max(day, start + DAYS_PER_MONTH * min((queue.debt[j] + spent) / hours, 1.0))
                cost = 0.0
                if docket.patience_day[m] < day:
                    close(docket, m, LAPSED, docket.patience_day[m])
                elif lane == PARKED_LANE:
                    cost = float(docket.hours[m])  # the file must be read again
                    cost += execute(seed, m, max(day, docket.ready_day[m]), cases, docket, law, reading, practice)
                    docket.hours[m] += cost
                else:
                    cost = decide(seed, m, day, effort, cases, docket, queue, law, reading, practice)
                spent += cost
                left -= cost
        for lane in range(3):
            give_up(docket, queue, j, lane, start + DAYS_PER_MONTH)
        queue.spent[month, j] = spent
        queue.debt[j] = max(-left, 0.0) if loaded else 0.0
        queue.waiting[month, j] = queue.held[j, URGENT_LANE] + queue.held[j, ORDINARY_LANE]
        queue.parked[month, j] = queue.held[j, PARKED_LANE]


KERNELS = (receive, serve)
"""Called from Python, once a month each."""

STEPS = (strength_of, look_noise, enqueue, close, refuse, preserve, is_platform, execute, decide, take, give_up)
"""Compiled into the kernels, in an order in which each knows those before it."""
