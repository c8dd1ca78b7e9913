"""Files wait: every authority's lanes as linked lists through the docket, in order of (filing day, id), and its books of hours.

The functions are source texts of the compiled loop, like those of ``sim.review.pipeline``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays import Ints, Reals
from sim.world.docket import Docket
from sim.world.vocabulary import LAPSED, SUSPENDED

URGENT_LANE, ORDINARY_LANE, PARKED_LANE = 0, 1, 2
NONE = -1


class Queue(NamedTuple):
    """Waiting files of every authority as linked lists through the docket, and the books of hours."""

    head: Ints  # [N, 3] first file of each lane: urgent, ordinary, parked; -1 if empty
    tail: Ints  # [N, 3] last file of each lane
    held: Ints  # [N, 3] files in each lane
    after: Ints  # [M] next file in the same lane
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
        after=np.full(room, NONE, np.int64),
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


def take(queue: Queue, j: int, lane: int) -> int:
    """Take the first file out of a lane."""
    m = queue.head[j, lane]
    queue.head[j, lane] = queue.after[m]
    if queue.head[j, lane] == NONE:
        queue.tail[j, lane] = NONE
    queue.held[j, lane] -= 1
    return int(m)


def close(docket: Docket, m: int, status: int, day: float) -> None:
    """The request leaves the docket."""
    docket.status[m] = status
    docket.ended_day[m] = day


def give_up(docket: Docket, queue: Queue, j: int, lane: int, today: float) -> None:
    """Strike out the files of a lane whose requesters have given up by today, or are suspended."""
    before = NONE
    m = queue.head[j, lane]
    while m != NONE:
        following = queue.after[m]
        suspended = docket.status[m] == SUSPENDED
        if suspended or docket.patience_day[m] < today:
            if not suspended:
                close(docket, m, LAPSED, docket.patience_day[m])
            queue.held[j, lane] -= 1
            if before == NONE:
                queue.head[j, lane] = following
            else:
                queue.after[before] = following
            if following == NONE:
                queue.tail[j, lane] = before
        else:
            before = m
        m = following
