"""Files wait: every authority's lanes as linked lists through the docket, in order of (filing day, id), and its books of hours.

The functions are source texts of the compiled loop, like those of ``sim.review.pipeline``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays import Ints, Reals
from sim.world.docket import Docket
from sim.world.vocabulary import DAYS_PER_MONTH, EMERGENCY, LAPSED, PARKED, PENDING, SUSPENDED

URGENT_LANE, ORDINARY_LANE, PARKED_LANE = 0, 1, 2
NONE = -1


class Queue(NamedTuple):
    """Waiting files of every authority as linked lists through the docket, and the books of hours.

    A file whose requester has given up stays in its lane until somebody comes to it, and counts no more.
    """

    head: Ints  # [N, 3] first file of each lane: urgent, ordinary, parked; -1 if empty
    tail: Ints  # [N, 3] last file of each lane
    held: Ints  # [N, 3] files in each lane that wait still
    after: Ints  # [M] next file in the same lane, of a file that is in one
    fading: Ints  # [T] first file whose requester gives up in a month, if nothing has come of it by then; -1 for none
    beside: Ints  # [M] next file of the same month of giving up, of a file that has one
    debt: Reals  # [N] hours overdrawn by the last file of the month before
    spent: Reals  # [T, N] hours charged
    backlog: Reals  # [T, N] expected hours of the files waiting, at the start of service
    effort: Reals  # [T, N] attention that the load leaves, in [0, 1]
    waiting: Ints  # [T, N] files waiting after service
    parked: Ints  # [T, N] files parked after service
    screening: Reals  # [T] hours that wait at the central unit after the month
    screened: Reals  # [N] files it has read, fading, by requester
    stopped: Reals  # [N] of them flagged
    recalled: Reals  # [N] what its memory takes off the bar


def empty_queue(states: int, months: int, room: int) -> Queue:
    """No file waits anywhere and no hour is spent."""

    def months_by_states() -> Reals:
        return np.zeros((months, states))

    return Queue(
        head=np.full((states, 3), NONE, np.int64),
        tail=np.full((states, 3), NONE, np.int64),
        held=np.zeros((states, 3), np.int64),
        after=np.empty(room, np.int64),
        fading=np.full(months, NONE, np.int64),
        beside=np.empty(room, np.int64),
        debt=np.zeros(states),
        spent=months_by_states(),
        backlog=months_by_states(),
        effort=np.ones((months, states)),
        waiting=np.zeros((months, states), np.int64),
        parked=np.zeros((months, states), np.int64),
        screening=np.zeros(months),
        screened=np.zeros(states),
        stopped=np.zeros(states),
        recalled=np.zeros(states),
    )


def enqueue(queue: Queue, j: int, lane: int, m: int) -> None:
    """Put a file at the end of a lane."""
    queue.held[j, lane] += 1
    queue.after[m] = NONE
    if queue.head[j, lane] == NONE:
        queue.head[j, lane] = m
    else:
        queue.after[queue.tail[j, lane]] = m
    queue.tail[j, lane] = m


def take(docket: Docket, queue: Queue, j: int, lane: int) -> int:
    """Take the first file that waits still out of a lane; -1 if none does."""
    m = queue.head[j, lane]
    while m != NONE and not waits(docket, m):
        m = queue.after[m]
    queue.head[j, lane] = m if m == NONE else queue.after[m]
    if queue.head[j, lane] == NONE:
        queue.tail[j, lane] = NONE
    if m != NONE:
        queue.held[j, lane] -= 1
    return int(m)


def waits(docket: Docket, m: int) -> bool:
    """Whether a file in a lane waits still; else its requester has given up, or is suspended."""
    return bool(docket.status[m] == PENDING or docket.status[m] == PARKED)


def close(docket: Docket, m: int, status: int, day: float) -> None:
    """The request leaves the docket."""
    docket.status[m] = status
    docket.ended_day[m] = day


def note_patience(docket: Docket, queue: Queue, m: int) -> None:
    """Enter a file under the month in which its requester gives up, where that is one of the run."""
    patience, months = docket.patience_day[m], queue.fading.size
    if patience >= months * DAYS_PER_MONTH:
        return
    month = min(int(patience / DAYS_PER_MONTH), months - 1)
    if patience < month * DAYS_PER_MONTH:  # a quotient may round up
        month -= 1
    queue.beside[m] = queue.fading[month]
    queue.fading[month] = m


def give_up(docket: Docket, queue: Queue, month: int) -> None:
    """Files whose requesters give up in a month lapse, as far as they wait still."""
    m = queue.fading[month]
    while m != NONE:
        if waits(docket, m):
            lane = URGENT_LANE if docket.channel[m] == EMERGENCY else ORDINARY_LANE
            queue.held[docket.requested[m], PARKED_LANE if docket.status[m] == PARKED else lane] -= 1
            close(docket, m, LAPSED, docket.patience_day[m])
        m = queue.beside[m]


def strike_out(docket: Docket, queue: Queue, j: int, lane: int) -> None:
    """Strike out the files of a lane that wait no more: those of suspended requesters still counted."""
    before = NONE
    m = queue.head[j, lane]
    while m != NONE:
        following = queue.after[m]
        if waits(docket, m):
            before = m
        else:
            if docket.status[m] == SUSPENDED:
                queue.held[j, lane] -= 1
            if before == NONE:
                queue.head[j, lane] = following
            else:
                queue.after[before] = following
            if following == NONE:
                queue.tail[j, lane] = before
        m = following
