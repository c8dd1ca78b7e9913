"""Requests that pass by the paragraphs: to freeze the data, shared unasked, to the firm, from police to police.

The functions are source texts of the compiled loop, like those of ``sim.review.pipeline``. In all of them ``m`` is a row of the
docket; each answers its row in the month of filing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.draws import name_key, u2
from sim.review.execution import disclose, refuse, survives_until
from sim.review.notice import told_by_firm
from sim.review.queue import close
from sim.review.reading import Practice, Reading
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.instruments import LawInForce
from sim.world.vocabulary import (
    DIRECT,
    EMPTY,
    EXECUTED,
    LAPSED,
    NEVER_TOLD,
    POLICE,
    PRESERVATION,
    REFUSED,
    SPONTANEOUS,
    SUBSCRIBER,
    TOLD_BEFORE,
    TRAFFIC,
)

if TYPE_CHECKING:
    from sim.review.made import contest, gates, read_desk

RENEWAL, PROVIDER, POLICED = map(name_key, ("renewal", "provider", "police:answered"))
UNIT_FLOOR = 2.0**-54  # stands for a uniform, or a chance, of zero under a logarithm


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
    granted = min(int(docket.wanted[m]), practice.residence_class)
    disclose(seed, m, day, granted, False, NEVER_TOLD, cases, docket, reading, practice)


def ask_firm(seed: np.uint64, m: int, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> None:
    """The requester asks the firm itself; it gives what is not content by what it thinks of the requester's state.

    A firm that would give tells its user first, as of an order: it has the request from the filing on, and hands over
    ``direct_days`` later. The user may go to a court of the firm's state.
    """
    c, j = docket.case[m], int(docket.requested[m])
    day = docket.filed_day[m] + practice.direct_days
    docket.decided_day[m] = day
    if u2(seed, PROVIDER, cases.id[c], reading.state_keys[j]) >= reading.voluntary[cases.requester[c]]:
        close(docket, m, REFUSED, day)
        return
    firm = told_by_firm(seed, m, docket.filed_day[m], practice.direct_days, cases, docket, reading, practice)
    if firm == TOLD_BEFORE:
        grounds, contested = contest(seed, m, practice.direct_days, cases, docket, reading, practice)
        day += contested
        if grounds != np.uint64(0):
            refuse(seed, m, grounds, day, day, cases, docket, reading)
            return
        docket.told[m] = TOLD_BEFORE
        docket.decided_day[m] = day
    disclose(seed, m, day, min(int(docket.wanted[m]), TRAFFIC), False, firm, cases, docket, reading, practice)


def ask_police(seed: np.uint64, m: int, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> None:
    """From police to police (Art 47): quick, subscriber data at most, no ground of Article 40; hostile pairs go unanswered."""
    c, j = docket.case[m], int(docket.requested[m])
    day = docket.filed_day[m] + practice.police_days
    known = reading.standing[cases.requester[c], j] >= practice.trust_floor
    if known and u2(seed, POLICED, cases.id[c], reading.state_keys[j]) < practice.police_answered:
        docket.decided_day[m] = day
        disclose(seed, m, day, SUBSCRIBER, False, NEVER_TOLD, cases, docket, reading, practice)
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
