"""What has become of each case so far, and which are filed again: what was refused is heard of, and tried another way."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Ints, Reals
from sim.compiled import inlined, kernel
from sim.conduct.menus import Habits
from sim.world.cases import HOST_SLOTS, Cases
from sim.world.docket import Docket
from sim.world.vocabulary import (
    DAYS_PER_MONTH,
    DETERRED,
    FIRST_SIDE_DOOR,
    NOT_LIVE,
    PRESERVATION,
)

_FRAMES = 16  # more than there are kinds and classes of labels: a way is a state times this and a frame


class CaseBook(NamedTuple):
    """What has become of each case so far."""

    status: NDArray[np.int8]  # [C] how far the case has come
    attempts: NDArray[np.int8]  # [C] filings made
    tried: NDArray[np.uint8]  # [C] bit d: destination slot d has been used
    ways: NDArray[np.int32]  # [C, 2] state and frame of the first and second filing; -1 for none
    last: Ints  # [C] last row of the last filing: the formal request, or a side door where there was none; -1 for none
    waiting: Ints  # [C] cases that may be filed again once their last filing has ended; the first ``held[0]`` count
    until: Reals  # [C] day before which there is nothing to hear of each of these
    held: Ints  # [1] how many wait


def empty_book(count: int) -> CaseBook:
    """The book of so many cases, of which none has been filed."""
    return CaseBook(
        status=np.full(count, NOT_LIVE, np.int8),
        attempts=np.zeros(count, np.int8),
        tried=np.zeros(count, np.uint8),
        ways=np.full((count, 2), -1, np.int32),
        last=np.full(count, -1, np.int64),
        waiting=np.empty(count, np.int64),
        until=np.empty(count),
        held=np.zeros(1, np.int64),
    )


@inlined
def tried_so(c: int, j: int, frame: int, book: CaseBook) -> bool:
    """Whether the case has been filed with state ``j`` under this ``frame`` (kind and class of label, ``Mind.frame``) before."""
    way = j * _FRAMES + frame
    return bool(book.ways[c, 0] == way or book.ways[c, 1] == way)


@inlined
def met_before(c: int, j: int, book: CaseBook) -> bool:
    """Whether the case has been filed with state ``j`` before; it is asked again only under another label."""
    return bool(book.ways[c, 0] // _FRAMES == j or book.ways[c, 1] // _FRAMES == j)


@inlined
def wait(c: int, book: CaseBook) -> None:
    """Enter a case among those that may be filed again once their last filing has ended."""
    book.waiting[book.held[0]] = c
    book.until[book.held[0]] = -np.inf
    book.held[0] += 1


@inlined
def leave(c: int, attempt: int, book: CaseBook) -> None:
    """Note that the law offers no label today: a wish never filed is given up, one filed before waits for another law."""
    if attempt == 0:
        book.status[c] = DETERRED
    else:
        wait(c, book)


@inlined
def cross_off(c: int, attempt: int, j: int, frame: int, cases: Cases, book: CaseBook) -> None:
    """What has been tried is not tried again: the state, or where labels are chosen (``frame`` at least 0) this frame with it.

    One state is one destination, however many services it hosts.
    """
    if frame >= 0:
        if attempt < book.ways.shape[1]:
            book.ways[c, attempt] = j * _FRAMES + frame
        return
    for other in range(HOST_SLOTS):
        if cases.hosts[c, other] == j:
            book.tried[c] |= np.uint8(1 << other)


@inlined
def _heard(c: int, last: int, docket: Docket) -> tuple[float, float]:
    """When the requester knows that its last filing gave too little (infinity if it gave enough), and when to look again.

    A formal request that gave anything is enough; a side door must have given the class that was wanted. Where some answer is
    still open the first is infinity and the second minus infinity; data that are granted for a later day may yet be stopped.
    """
    heard, enough = -np.inf, np.inf
    m = last
    if np.isnan(docket.ended_day[m]):  # most often the formal request, which is filed last, is open
        return np.inf, -np.inf
    while m >= 0 and docket.case[m] == c and docket.attempt[m] == docket.attempt[last]:
        formal = docket.channel[m] < FIRST_SIDE_DOOR
        if docket.channel[m] != PRESERVATION:
            if np.isnan(docket.ended_day[m]):
                return np.inf, -np.inf
            if docket.granted[m] >= (0 if formal else docket.wanted[m]):
                enough = min(enough, docket.ended_day[m])
            heard = max(heard, docket.ended_day[m])
        m -= 1
    return (np.inf, enough) if enough < np.inf else (heard, heard)


@kernel
def due_again(month: int, book: CaseBook, docket: Docket, habits: Habits) -> tuple[Ints, Reals]:
    """Cases whose last filing ended without the data early enough to ask elsewhere this month; they wait no longer."""
    waiting = book.held[0]
    found = np.empty(waiting, np.int64)
    days = np.empty(waiting)
    count, kept = 0, 0
    start, stop = month * DAYS_PER_MONTH, (month + 1) * DAYS_PER_MONTH
    for w in range(waiting):
        c, until = book.waiting[w], book.until[w]
        if until < stop:
            heard, until = _heard(c, book.last[c], docket)
            if heard == np.inf and -np.inf < until < start:
                continue  # it has the data
            if heard + habits.retry_days < stop:  # whoever could have asked last month, but heard too late, asks at once
                found[count], days[count] = c, max(heard + habits.retry_days, start)
                count += 1
                continue
        book.waiting[kept], book.until[kept] = c, until
        kept += 1
    book.held[0] = kept
    return found[:count], days[:count]


def wishes_of_month(month: int, edges: Ints, cases: Cases, book: CaseBook, docket: Docket, habits: Habits) -> tuple[Ints, Reals]:
    """New cases of the month and second or third attempts, in order of (day, id)."""
    rows = np.arange(edges[month], edges[month + 1])
    days = cases.day[edges[month] : edges[month + 1]]
    if book.held[0] == 0:
        return rows, days
    again, when = due_again(month, book, docket, habits)
    order = np.lexsort((cases.id[again], when))
    rows, days = merged(rows, days, again[order], when[order])
    days.setflags(write=False)  # as the cases' own are: otherwise filing would be compiled for each
    return rows, days


@kernel
def merged(rows: Ints, days: Reals, again: Ints, when: Reals) -> tuple[Ints, Reals]:
    """Both lists of cases as one, by day; each is in order of (day, id) already, and new cases come first on a day."""
    both, at = np.empty(rows.size + again.size, np.int64), np.empty(rows.size + again.size)
    new, old = 0, 0
    for w in range(both.size):
        if old == again.size or (new < rows.size and days[new] <= when[old]):
            both[w], at[w] = rows[new], days[new]
            new += 1
        else:
            both[w], at[w] = again[old], when[old]
            old += 1
    return both, at
