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

from sim.arrays import Keys, Reals
from sim.draws import exponential_quantile, name_key, normal_quantile, u1, u2, u3
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
    DIRECT,
    DIVERTED,
    EMERGENCY,
    EMPTY,
    EXECUTED,
    FABRICATED,
    HONEST,
    IN_PART,
    KINDS,
    LAPSED,
    MISUSED,
    MOVES_IF_TOLD,
    MOVING_EVASIONS,
    NOTHING_USABLE,
    PARKED,
    POLICE,
    PRESERVATION,
    REFUSED,
    SPONTANEOUS,
    SUBSCRIBER,
    SUSPENDED,
    TOLD_AFTER,
    TOLD_BEFORE,
    TRAFFIC,
    WITHDRAWN,
)

PATIENCE, SUPPLEMENT, HOURS, DELAY = map(name_key, ("patience", "supplement", "hours", "delay"))
RETENTION, RENEWAL, LOOK, APPLIED, DESK_KEY = map(name_key, ("retention", "renewal", "look", "applied", "desk"))
PANEL_KEY, PROVIDER, NOTICE, TIPPED, LEAK = map(name_key, ("panel", "provider", "notice", "tipped", "leak"))
ONWARD, POLICED = map(name_key, ("onward", "police:answered"))
UNIT_FLOOR = 2.0**-54  # stands for a uniform, or a chance, of zero under a logarithm
SELECTIVE = len(KINDS)  # place in ``Reading.strength`` of a true ordinary offence, opened because of who the person is
BEYOND_THE_CASE, TO_A_THIRD_STATE = range(2)  # columns of ``Reading.misuse``
OWN_USE, PASSED_ON = map(MISUSED.index, ("own_use", "onward"))  # bits of ``Docket.misused``

# Made by the assembler from the rules in force; declared here for readers and checkers.
gates: Callable[..., np.uint64]  # Which gates stand against the request: bit s for safeguard s.
screened: Callable[..., bool]  # Whether a central unit reads the requests under a text at all.
desk_reads: Callable[..., bool]  # Whether an authority of the requested state sees the requests under a text at all.
read_panel: Callable[..., bool]  # The central unit's reading: its answer is the same wherever the request goes.
read_desk: Callable[..., tuple[np.uint64, float, float]]  # The desk's reading, one accident for all grounds that are invoked at it.
read_further: Callable[..., tuple[np.uint64, float, float, bool, float]]  # Judge, firm and person, each after the one before.
follow_up: Callable[..., None]  # What follows disclosure: a duty of the receiver softens the chance of misuse.
publish: Callable[..., None]  # Whether the requested state counts the request in public.
first_of: Callable[[np.uint64], int]  # The first safeguard in the global order among those that stand against the request.


class Reading(NamedTuple):
    """Everything that the review reads besides the file itself."""

    applies: Reals  # [S, I, N] probability that a state applies a safeguard under an instrument
    state_keys: Keys  # [N]
    skill: Reals  # [N]
    judicial: Reals  # [N]
    pair_bar: Reals  # [N, N] what is added to every bar, by requester and requested
    standing: Reals  # [N, N] trust and alignment, by requester and requested
    trust_bar: Reals  # [N] what is added to a central unit's bar, by requester
    voluntary: Reals  # [N] chance that a firm gives a requester what is not content, unasked by any court
    size: Reals  # [N] hosted data under a state's jurisdiction against the largest host's, in [0, 1]
    misuse: Reals  # [N, 2] chance of use beyond the case, and of transfer to a third state, by receiver
    hidden: NDArray[np.bool_]  # [I] texts under which nobody is ever told
    goodwill: Reals  # [N, N] chance of assistance without a duty
    urgent_effort: Reals  # [N, N] factor on effort in the urgent lane, by requester and requested
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
    role_strength: float
    domestic_notice: float
    panel_binding: bool
    panel_place: int  # its bit among the grounds
    panel_advice: float
    panel_days: float
    panel_capacity: float  # hours a month
    panel_hours: float  # a file
    panel_memory: float
    panel_kept: float
    panel_files: float
    police_days: float
    police_answered: float
    spontaneous_days: float
    direct_days: float
    effort_power: float
    effort_floor: float
    comfortable_months: float


def strength_of(cases: Cases, docket: Docket, reading: Reading, practice: Practice, m: int) -> float:
    """How plainly motive shows in this file to a perfect reader: zero in a legitimate one (nature's side of the score)."""
    c = docket.case[m]
    if not cases.abusive[c]:
        return 0.0
    kind = int(docket.kind[m])
    if kind == HONEST and not reading.protected[cases.conduct[c]]:
        kind = SELECTIVE
    v = reading.strength[kind]
    if kind == FABRICATED:
        v *= max(practice.plausibility_from - reading.plausible[docket.label[m], cases.group[c]], 0.0)
    if cases.visibility[c] > 0.0:
        shown = 1.0 + practice.visibility_slope * np.log(cases.visibility[c])
        v *= min(max(shown, 0.0), practice.visibility_most)
    return float(v)


def role_of(cases: Cases, practice: Practice, c: int) -> float:
    """How plainly the person's role shows to whoever looks them up: nothing to find where nobody at risk is concerned."""
    if cases.group[c] < 0:
        return 0.0
    shown = 1.0
    if cases.visibility[c] > 0.0:
        shown = min(max(1.0 + practice.visibility_slope * np.log(cases.visibility[c]), 0.0), practice.visibility_most)
    return float(practice.role_strength * shown)


def look_noise(seed: np.uint64, dossier: float, practice: Practice, case: np.uint64, state: np.uint64, look: np.uint64) -> float:
    """Accident of one reading: the dossier's share and the look's own; the same desk gives the same answer to the same case."""
    return practice.shared_noise * dossier + practice.own_noise * normal_quantile(u3(seed, LOOK, case, state, look))


def refuse(
    seed: np.uint64, m: int, grounds: np.uint64, day: float, begun: float, cases: Cases, docket: Docket, reading: Reading
) -> None:
    """Refusal with its reasons (Art 40(25)); a requester who gave up before never hears it."""
    if docket.patience_day[m] < day:
        close(docket, m, LAPSED, max(docket.patience_day[m], begun))
        return
    docket.grounds[m] = grounds
    docket.reason[m] = first_of(grounds)
    docket.decided_day[m] = day
    publish(seed, m, cases, docket, reading)
    close(docket, m, REFUSED, day)


def disclose(
    seed: np.uint64, m: int, day: float, granted: int, cases: Cases, docket: Docket, reading: Reading, practice: Practice
) -> None:
    """Data go to the requester; what follows depends on the receiver and on what the text keeps secret."""
    c = docket.case[m]
    docket.executed_day[m] = day
    if has_moved(docket, m, day):
        docket.evaded[m] = NOTHING_USABLE
        close(docket, m, EMPTY, day)
        return
    docket.granted[m] = granted
    follow_up(seed, m, cases, docket, reading)
    publish(seed, m, cases, docket, reading)
    quiet = reading.hidden[docket.instrument[m]] or cases.secret[c]
    if docket.told[m] == 0 and not quiet and u1(seed, NOTICE, cases.id[c]) < practice.domestic_notice:
        docket.told[m] = TOLD_AFTER
    close(docket, m, IN_PART if granted < docket.wanted[m] else EXECUTED, day)


def has_moved(docket: Docket, m: int, day: float) -> bool:
    """Whether nothing usable is left where the data were: nature's side, which no reader of the file can see.

    The person had moved to safer tools before the filing, or did once told, unless the data were frozen by then.
    """
    warned = docket.told[m] == TOLD_BEFORE and not docket.preserved_until[m] >= day
    return bool(docket.evaded[m] == MOVING_EVASIONS or (warned and docket.evaded[m] == MOVES_IF_TOLD))


def survives_until(seed: np.uint64, m: int, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> float:
    """Day to which the data of a case last with this state's firms if nobody freezes them."""
    c = docket.case[m]
    luck = normal_quantile(u2(seed, RETENTION, cases.id[c], reading.state_keys[int(docket.requested[m])]))
    return float(cases.day[c] + exp(practice.retention_log + practice.retention_spread * luck))


def preserve(seed: np.uint64, m: int, cases: Cases, docket: Docket, law: LawInForce, reading: Reading, practice: Practice) -> None:
    """Expedited preservation (Hanoi Art 42, Budapest Art 29): quick, few grounds; freezes data for the request that follows."""
    c, j = docket.case[m], int(docket.requested[m])
    ck, sk = cases.id[c], reading.state_keys[j]
    day = docket.filed_day[m] + practice.preservation_delay
    reach = int(law.reach[docket.instrument[m], cases.requester[c], docket.label[m]])
    grounds = gates(seed, m, reach, cases, docket, reading, True)
    read, _, _ = read_desk(seed, m, cases, docket, reading, practice, practice.preservation_effort, True)
    grounds |= read
    if grounds != np.uint64(0):
        refuse(seed, m, grounds, day, day, cases, docket, reading)
        return
    docket.decided_day[m] = day
    renewals = np.inf
    if practice.preservation_renewed < 1.0:
        luck = max(u2(seed, RENEWAL, ck, sk), UNIT_FLOOR)
        renewals = np.floor(np.log(luck) / np.log(max(practice.preservation_renewed, UNIT_FLOOR)))
    until = day + practice.preservation_days * (1.0 + renewals)
    docket.executed_day[m] = day
    if day > survives_until(seed, m, cases, docket, reading, practice):
        close(docket, m, EMPTY, day)  # nothing is left to freeze
        return
    docket.preserved_until[m] = until
    after = m + 1
    if after < docket.used[0] and docket.case[after] == c:
        docket.preserved_until[after] = until
    close(docket, m, EXECUTED, day)


def unasked(seed: np.uint64, m: int, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> None:
    """A state passes on what it holds without being asked (Art 40(4)): no filter of Article 40 applies."""
    day = docket.filed_day[m] + practice.spontaneous_days
    docket.decided_day[m] = day
    disclose(seed, m, day, min(int(docket.wanted[m]), practice.residence_class), cases, docket, reading, practice)


def ask_firm(seed: np.uint64, m: int, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> None:
    """The requester asks the firm itself; it gives what is not content by what it thinks of the requester's state."""
    c, j = docket.case[m], int(docket.requested[m])
    day = docket.filed_day[m] + practice.direct_days
    docket.decided_day[m] = day
    if u2(seed, PROVIDER, cases.id[c], reading.state_keys[j]) < reading.voluntary[cases.requester[c]]:
        disclose(seed, m, day, min(int(docket.wanted[m]), TRAFFIC), cases, docket, reading, practice)
    else:
        close(docket, m, REFUSED, day)


def ask_police(seed: np.uint64, m: int, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> None:
    """From police to police (Art 47): quick, subscriber data at most, no ground of Article 40; hostile pairs go unanswered."""
    c, j = docket.case[m], int(docket.requested[m])
    day = docket.filed_day[m] + practice.police_days
    known = reading.standing[cases.requester[c], j] >= practice.trust_floor
    if known and u2(seed, POLICED, cases.id[c], reading.state_keys[j]) < practice.police_answered:
        docket.decided_day[m] = day
        disclose(seed, m, day, SUBSCRIBER, cases, docket, reading, practice)
    else:
        close(docket, m, LAPSED, day)


def another_door(docket: Docket, m: int) -> float:
    """Day on which a side door of the same filing gave all that is wanted; infinity if none did."""
    found, before = np.inf, m - 1
    while before >= 0 and docket.case[before] == docket.case[m] and docket.attempt[before] == docket.attempt[m]:
        if docket.channel[before] > PRESERVATION and docket.granted[before] >= docket.wanted[m]:
            found = min(found, docket.executed_day[before])
        before -= 1
    return float(found)


def by_side_door(
    seed: np.uint64, m: int, cases: Cases, docket: Docket, law: LawInForce, reading: Reading, practice: Practice
) -> bool:
    """Whether the row goes another way than by the paragraphs; if so it is answered here."""
    channel = docket.channel[m]
    if channel == PRESERVATION:
        preserve(seed, m, cases, docket, law, reading, practice)
    elif channel == SPONTANEOUS:
        unasked(seed, m, cases, docket, reading, practice)
    elif channel == DIRECT:
        ask_firm(seed, m, cases, docket, reading, practice)
    elif channel == POLICE:
        ask_police(seed, m, cases, docket, reading, practice)
    else:
        return False
    return True


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
) -> bool:
    """The central unit reads the file; whether it stops it. A warning travels with the file to the desk."""
    i, day = cases.requester[docket.case[m]], docket.filed_day[m]
    screening = practice.panel_days + wait
    heard = day + (screening * practice.urgent_delay if docket.channel[m] == EMERGENCY else screening)
    queue.screened[i] += 1.0
    docket.ready_day[m] = heard
    if read_panel(seed, m, cases, docket, reading, practice, effort, 0.0):
        queue.stopped[i] += 1.0  # memory counts what would be stopped without it, or chance would feed on itself
    if not read_panel(seed, m, cases, docket, reading, practice, effort, queue.recalled[i]):
        return False
    if practice.panel_binding:
        refuse(seed, m, np.uint64(1) << np.uint64(practice.panel_place), heard, day, cases, docket, reading)
        return True
    docket.flagged[m] = 1
    return False


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
    for m in range(first, docket.used[0]):
        c, j, inst = docket.case[m], int(docket.requested[m]), int(docket.instrument[m])
        docket.cap[m] = docket.wanted[m]
        docket.patience_day[m] = np.inf
        if by_side_door(seed, m, cases, docket, law, reading, practice):
            continue
        given = another_door(docket, m)
        if given < np.inf:
            close(docket, m, DIVERTED, given)
            continue
        day = docket.filed_day[m]
        if practice.lapse_per_year > 0.0:
            patience = exponential_quantile(u2(seed, PATIENCE, cases.id[c], reading.state_keys[j])) / practice.lapse_per_year
            docket.patience_day[m] = day + patience * DAYS_PER_YEAR
        reach = int(law.reach[inst, cases.requester[c], docket.label[m]])
        stood = gates(seed, m, reach, cases, docket, reading, False)
        if stood != np.uint64(0):
            refuse(seed, m, stood, day + practice.gate_days, day, cases, docket, reading)
            continue
        if screened(reading, inst, j) and screen(seed, m, effort, wait, cases, docket, queue, reading, practice):
            continue
        if not desk_reads(reading, inst, j):  # an order to a firm: no authority of the requested state stands between
            execute(seed, m, day, cases, docket, law, reading, practice)
        else:
            enqueue(queue, j, URGENT_LANE if docket.channel[m] == EMERGENCY else ORDINARY_LANE, m)
    remember(queue, practice)


def hours_to_screen(first: int, docket: Docket, reading: Reading, practice: Practice) -> float:
    """Hours that the central unit would need for the requests from row ``first`` on."""
    load = 0.0
    for m in range(first, docket.used[0]):
        if docket.channel[m] <= EMERGENCY and screened(reading, int(docket.instrument[m]), int(docket.requested[m])):
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
    external = exp(practice.delay_log + practice.delay_spread * normal_quantile(u3(seed, DELAY, ck, sk, DESK_KEY)))
    external *= law.delay[inst]
    urgent = docket.channel[m] == EMERGENCY
    if urgent:
        external *= practice.urgent_delay
    grounds, delay, hours, told, tip_off = read_further(seed, m, cases, docket, reading, practice, external)
    if grounds != np.uint64(0):
        refuse(seed, m, grounds, day + delay, day, cases, docket, reading)
        return hours
    if urgent:
        delay *= practice.urgent_delay
    done = day + delay + external
    if docket.patience_day[m] >= day + delay:
        docket.decided_day[m] = day + delay  # the answer is yes, even if its execution comes too late
    if docket.patience_day[m] < done:
        close(docket, m, LAPSED, max(docket.patience_day[m], day))
        return hours
    granted = class_given(m, cases, docket, practice)
    frozen = docket.preserved_until[m]
    gone = done > survives_until(seed, m, cases, docket, reading, practice)
    if told:
        docket.told[m] = TOLD_BEFORE
        gone = gone or u2(seed, TIPPED, ck, sk) < tip_off
    if gone and not frozen >= done:
        docket.executed_day[m] = done
        close(docket, m, EMPTY, done)
        return hours
    disclose(seed, m, done, granted, cases, docket, reading, practice)
    return hours


def class_given(m: int, cases: Cases, docket: Docket, practice: Practice) -> int:
    """The class of data that is given: what is wanted, what readers left of it, and what a state without a platform has."""
    c, j = docket.case[m], int(docket.requested[m])
    granted = min(int(docket.wanted[m]), int(docket.cap[m]))
    if cases.hosts[c, cases.hosts.shape[1] - 1] == j and not is_platform(cases, c, j):
        granted = min(granted, practice.residence_class)
    return granted


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
        effort *= reading.urgent_effort[cases.requester[c], j]
    hours = exp(practice.hours_log + practice.hours_spread * normal_quantile(u3(seed, HOURS, ck, sk, DESK_KEY)))
    grounds, suspicion, extra = read_desk(seed, m, cases, docket, reading, practice, effort, False)
    hours += extra
    if grounds != np.uint64(0):
        refuse(seed, m, grounds, day, day, cases, docket, reading)
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
    if lane != PARKED_LANE:
        return decide(seed, m, day, effort, cases, docket, queue, law, reading, practice)
    cost = float(docket.hours[m])  # the file must be read again
    cost += execute(seed, m, max(day, docket.ready_day[m]), cases, docket, law, reading, practice)
    docket.hours[m] += cost
    return cost


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
                m = take(queue, j, lane)
                if docket.status[m] == SUSPENDED:
                    continue
                day = day_ready(docket, m, lane)
                if loaded:
                    day = max(day, start + DAYS_PER_MONTH * min((queue.debt[j] + spent) / hours, 1.0))
                cost = treat(seed, m, lane, day, effort, cases, docket, queue, law, reading, practice)
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

STEPS = (
    *(strength_of, role_of, look_noise, enqueue, close),
    *(refuse, has_moved, disclose, survives_until, preserve, unasked, ask_firm, ask_police, by_side_door, screen, another_door),
    *(hours_to_screen, screening_load, remember, is_platform, class_given, execute, decide),
    *(take, give_up, desk_effort, day_ready, treat),
)
"""Compiled into the kernels, in an order in which each knows those before it."""
