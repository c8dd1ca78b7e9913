"""How a request ends: refused, or executed with what follows disclosure.

The functions are source texts of the compiled loop, like those of ``sim.review.pipeline``. In all of them ``m`` is a row of the
docket; days count from the start of the run-in.
"""

from __future__ import annotations

from math import exp, floor
from typing import TYPE_CHECKING

import numpy as np

from sim.compiled import row
from sim.draws import name_key, normal_quantile, u1, u2, u3
from sim.review.notice import is_platform
from sim.review.queue import close
from sim.review.reading import APPLIED, Practice, Reading
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.instruments import LawInForce
from sim.world.vocabulary import (
    CONTENT,
    EMERGENCY,
    EMPTY,
    EXECUTED,
    HAS_MOVED,
    IN_PART,
    LAPSED,
    MISUSED,
    MOVES_IF_TOLD,
    NEVER_TOLD,
    NOTHING_USABLE,
    REFUSED,
    TOLD_AFTER,
    TOLD_BEFORE,
    TRAFFIC,
)

if TYPE_CHECKING:
    from sim.review.made import condition_days, first_of, follow_up, publish, read_further

DELAY, RETENTION, NOTICE, TIPPED = map(name_key, ("delay", "retention", "notice", "tipped"))
LEAK, ONWARD, DESK_KEY = map(name_key, ("leak", "onward", "desk"))
SPAN, LIVE_KEY = map(name_key, ("span", "realtime"))
BEYOND_THE_CASE, TO_A_THIRD_STATE = range(2)  # columns of ``Reading.misuse``
OWN_USE, PASSED_ON = map(MISUSED.index, ("own_use", "onward"))  # bits of ``Docket.misused``


def refuse(
    seed: np.uint64, m: int, grounds: np.uint64, day: float, begun: float, cases: Cases, docket: Docket, reading: Reading
) -> None:
    """Refuse on ``day``, with reasons (Art 40(25)): ``grounds`` has bit s for safeguard s.

    Whoever gave up before that day never hears it: the request then lapses on that day, not before the reading had ``begun``.
    """
    if docket.patience_day[m] < day:
        close(docket, m, LAPSED, max(docket.patience_day[m], begun))
        return
    docket.grounds[m] = grounds
    docket.reason[m] = first_of(grounds)
    docket.decided_day[m] = day
    publish(seed, m, cases, docket, reading)
    close(docket, m, REFUSED, day)


def has_moved(docket: Docket, m: int, day: float, warned: bool) -> bool:
    """Whether nothing usable is left where the data were: nature's side, which no reader of the file can see.

    The person had moved to safer tools before the filing, or did once the state had told (``warned``), unless the data were
    frozen by then. A firm tells of what it holds frozen already.
    """
    moves = warned and docket.evaded[m] == MOVES_IF_TOLD and not docket.preserved_until[m] >= day
    return bool(docket.evaded[m] == HAS_MOVED or moves)


def disclose(
    seed: np.uint64,
    m: int,
    day: float,
    granted: int,
    warned: bool,
    firm: int,
    cases: Cases,
    docket: Docket,
    reading: Reading,
    practice: Practice,
) -> None:
    """Give data of class ``granted`` to the requester on ``day``; nothing usable is left of a person who has moved.

    What follows depends on the receiver, whether the person is told on what the text keeps secret. ``warned``: the state has told
    the person before; ``firm``: when the firm tells, a code of ``TOLD``.
    """
    c = row(docket.case[m])
    docket.executed_day[m] = day
    if has_moved(docket, m, day, warned):
        docket.evaded[m] = NOTHING_USABLE
        close(docket, m, EMPTY, day)
        return
    docket.granted[m] = granted
    follow_up(seed, m, cases, docket, reading)
    publish(seed, m, cases, docket, reading)
    quiet = reading.hidden[row(docket.instrument[m])] or cases.secret[c]
    by_law = not quiet and u1(seed, NOTICE, cases.id[c]) < practice.domestic_notice
    if docket.told[m] == NEVER_TOLD and (by_law or firm == TOLD_AFTER):
        docket.told[m] = TOLD_AFTER
    close(docket, m, IN_PART if granted < docket.wanted[m] else EXECUTED, day)


def survives_until(seed: np.uint64, m: int, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> float:
    """Day to which the data of a case last with this state's firms if nobody freezes them."""
    c = row(docket.case[m])
    luck = normal_quantile(u2(seed, RETENTION, cases.id[c], reading.state_keys[row(docket.requested[m])]))
    return float(cases.day[c] + exp(practice.retention_log + practice.retention_spread * luck))


def class_given(m: int, cases: Cases, docket: Docket, practice: Practice) -> int:
    """The class of data that is given: what is wanted, what readers left of it, and what a state without a platform has."""
    c, j = row(docket.case[m]), row(docket.requested[m])
    granted = min(int(docket.wanted[m]), int(docket.cap[m]))
    if cases.hosts[c, cases.hosts.shape[1] - 1] == j and not is_platform(cases, c, j):
        granted = min(granted, practice.residence_class)
    return granted


def collect_live(seed: np.uint64, m: int, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> None:
    """Go on, as it comes, with the class that was given: traffic (Arts 29, 45) or content (Arts 30, 46), in a case marked so.

    Content only for an offence for which the requested state's own law would intercept it; stored data alone are given otherwise.
    """
    c, j, inst = row(docket.case[m]), row(docket.requested[m]), row(docket.instrument[m])
    if not cases.realtime[c] or docket.granted[m] < TRAFFIC:
        return
    chance = reading.live[inst, j]
    ranged = docket.granted[m] == CONTENT or reading.live_serious[inst]
    if chance <= 0.0 or (ranged and not reading.intercepts[j, row(docket.alleged[m])]):
        return
    if reading.live_judged[inst] and docket.judged[m] == 0:
        return
    if chance >= 1.0 or u3(seed, APPLIED, cases.id[c], reading.state_keys[j], LIVE_KEY) < chance:
        docket.realtime[m] = 1 + floor(practice.realtime_months * u1(seed, SPAN, cases.id[c]))


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
    """What follows once the desk lets a file pass: its condition, further looks, the delay of execution, and whether data remain.

    Returns the authority's hours.
    """
    c, j, inst = row(docket.case[m]), row(docket.requested[m]), row(docket.instrument[m])
    ck, sk = cases.id[c], reading.state_keys[j]
    external = exp(practice.delay_log + practice.delay_spread * normal_quantile(u3(seed, DELAY, ck, sk, DESK_KEY)))
    external *= law.delay[inst]
    pace = practice.urgent_delay if docket.channel[m] == EMERGENCY else 1.0
    external *= pace
    begun = day
    day += condition_days(m, docket, reading) * pace
    grounds, delay, hours, told, tip_off, firm, contested = read_further(
        seed, m, cases, docket, reading, practice, day, pace, external
    )
    delay *= pace
    contested *= pace
    if grounds != np.uint64(0):
        refuse(seed, m, grounds, day + delay, begun, cases, docket, reading)
        return hours
    done = day + delay + external
    if docket.patience_day[m] >= day + delay:
        docket.decided_day[m] = day + delay  # the answer is yes, even if its execution comes too late
    if docket.patience_day[m] < done:
        close(docket, m, LAPSED, max(docket.patience_day[m], begun))
        return hours
    granted = class_given(m, cases, docket, practice)
    frozen = docket.preserved_until[m]
    due = done - contested  # what a firm holds is frozen once the order has reached it: no contest that its notice brings loses it
    gone = due > survives_until(seed, m, cases, docket, reading, practice)
    if told:
        gone = gone or u2(seed, TIPPED, ck, sk) < tip_off
    if told or firm == TOLD_BEFORE:
        docket.told[m] = TOLD_BEFORE
    if gone and not frozen >= due:
        docket.executed_day[m] = done
        close(docket, m, EMPTY, done)
        return hours
    disclose(seed, m, done, granted, told, firm, cases, docket, reading, practice)
    collect_live(seed, m, cases, docket, reading, practice)
    return hours
