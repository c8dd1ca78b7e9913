"""Requests that pass by the paragraphs: to freeze the data, shared unasked, to the firm, from police to police.

The functions are source texts of the compiled loop, like those of ``sim.review.pipeline``. In all of them ``m`` is a row of the
docket; each answers its row in the month of filing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.compiled import row
from sim.draws import name_key, u2
from sim.review.execution import disclose, refuse, survives_until
from sim.review.notice import told_by_firm
from sim.review.queue import close
from sim.review.reading import Practice, Reading
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.vocabulary import (
    DIRECT,
    EMPTY,
    EXECUTED,
    LAPSED,
    NEVER_TOLD,
    PRESERVATION,
    REFUSED,
    SPONTANEOUS,
    SUBSCRIBER,
    TOLD_BEFORE,
    TRAFFIC,
)

if TYPE_CHECKING:
    from sim.review.made import contest, read_desk

RENEWAL, PROVIDER, POLICED = map(name_key, ("renewal", "provider", "police:answered"))
UNIT_FLOOR = 2.0**-54  # stands for a uniform, or a chance, of zero under a logarithm


class Answer(NamedTuple):
    """What comes of a request that passes by the paragraphs: data, a ground that stands against it, or neither."""

    day: float
    granted: int  # data class given; -1 for none
    firm: int  # when the firm tells its user, a code of ``TOLD``
    grounds: np.uint64
    otherwise: int  # status where nothing is given and no ground stands


def glance(seed: np.uint64, m: int, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> np.uint64:
    """The desk's quick look at a request to freeze the data: few grounds stand there (Hanoi Art 42, Budapest Art 29)."""
    stood, _, _ = read_desk(seed, m, cases, docket, reading, practice, practice.preservation_effort, True)
    return stood


def preserve(seed: np.uint64, m: int, day: float, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> None:
    """Expedited preservation on ``day``: it freezes data for the request that follows, while there are any."""
    c, j = row(docket.case[m]), row(docket.requested[m])
    ck, sk = cases.id[c], reading.state_keys[j]
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
    after = np.int64(m) + 1
    if after < docket.used[0] and docket.case[after] == c:
        docket.preserved_until[after] = until
    close(docket, m, EXECUTED, day)


def unasked(m: int, docket: Docket, practice: Practice) -> Answer:
    """A state passes on what it holds without being asked (Art 40(4)): no filter of Article 40 applies."""
    granted = min(int(docket.wanted[m]), practice.residence_class)
    return Answer(docket.filed_day[m] + practice.spontaneous_days, granted, NEVER_TOLD, np.uint64(0), LAPSED)


def ask_firm(seed: np.uint64, m: int, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> Answer:
    """The requester asks the firm itself; it gives what is not content by what it thinks of the requester's state.

    A firm that would give tells its user first, as of an order: it has the request from the filing on, and hands over
    ``direct_days`` later. The user may go to a court of the firm's state.
    """
    c, j = row(docket.case[m]), row(docket.requested[m])
    day = docket.filed_day[m] + practice.direct_days
    docket.decided_day[m] = day
    if u2(seed, PROVIDER, cases.id[c], reading.state_keys[j]) >= reading.voluntary[row(cases.requester[c])]:
        return Answer(day, -1, NEVER_TOLD, np.uint64(0), REFUSED)
    firm, grounds = told_by_firm(seed, m, docket.filed_day[m], practice.direct_days, cases, docket, reading, practice), np.uint64(0)
    if firm == TOLD_BEFORE:
        grounds, contested = contest(seed, m, practice.direct_days, cases, docket, reading, practice)
        day += contested
        if grounds == np.uint64(0):
            docket.told[m] = TOLD_BEFORE
    return Answer(day, min(int(docket.wanted[m]), TRAFFIC), firm, grounds, REFUSED)


def ask_police(seed: np.uint64, m: int, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> Answer:
    """From police to police (Art 47): quick, subscriber data at most, no ground of Article 40; hostile pairs go unanswered."""
    c, j = row(docket.case[m]), row(docket.requested[m])
    known = reading.standing[row(cases.requester[c]), j] >= practice.trust_floor
    answered = known and u2(seed, POLICED, cases.id[c], reading.state_keys[j]) < practice.police_answered
    return Answer(docket.filed_day[m] + practice.police_days, SUBSCRIBER if answered else -1, NEVER_TOLD, np.uint64(0), LAPSED)


def another_door(docket: Docket, m: int) -> float:
    """Day on which a side door of the same filing gave all that is wanted; infinity if none did."""
    found, before = np.inf, np.int64(m) - 1
    while before >= 0 and docket.case[before] == docket.case[m] and docket.attempt[before] == docket.attempt[m]:
        if docket.channel[before] > PRESERVATION and docket.granted[before] >= docket.wanted[m]:
            found = min(found, docket.executed_day[before])
        before -= 1
    return float(found)


def by_side_door(seed: np.uint64, m: int, cases: Cases, docket: Docket, reading: Reading, practice: Practice) -> bool:
    """Whether the row asks for data by another way than the paragraphs; if so it is answered here."""
    channel = docket.channel[m]
    if channel <= PRESERVATION:
        return False
    if channel == SPONTANEOUS:
        answer = unasked(m, docket, practice)
    elif channel == DIRECT:
        answer = ask_firm(seed, m, cases, docket, reading, practice)
    else:
        answer = ask_police(seed, m, cases, docket, reading, practice)
    if answer.grounds != np.uint64(0):
        refuse(seed, m, answer.grounds, answer.day, answer.day, cases, docket, reading)
    elif answer.granted < 0:
        close(docket, m, answer.otherwise, answer.day)
    else:
        docket.decided_day[m] = answer.day
        disclose(seed, m, answer.day, answer.granted, False, answer.firm, cases, docket, reading, practice)
    return True
