"""Files that wait at a desk, fused by hand: one packed record each, in chains by authority and lane; a slot is used again.

A file whose requester has given up counts no more from the end of that month on: by a table of who gives up when, not by looking
for it. Its slot comes free when somebody comes to it, or when slots run short.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.benchmark.fused_reading import Counters, File, month_of, whole
from sim.arrays import Ints, Reals
from sim.compiled import inlined, loop, row
from sim.review.queue import NONE, ORDINARY_LANE, PARKED_LANE, URGENT_LANE
from sim.world.vocabulary import EMERGENCY, FORMAL, LAPSED, PARKED

LANES = 3
RECORD = np.dtype(
    [
        *(("key", "u8"), ("dossier", "f8"), ("strength", "f8"), ("filed", "f8"), ("patience", "f8"), ("frozen", "f8")),
        *(("after", "i4"), ("case", "i4"), ("requester", "u2"), ("fades", "u2")),
        *(("text", "u1"), ("alleged", "u1"), ("group", "u1"), ("marks", "u1")),
    ]
)
"""One file that waits, 64 bytes: a line of the processor's cache."""
ASIDE = np.dtype([("ready", "f8"), ("hours", "f4"), ("cap", "i1"), ("conditional", "?")], align=True)
"""What a file that is parked has besides."""
ABUSIVE, SECRET, LIVE, PLATFORM, RESIDENCE, POOR = (1 << bit for bit in range(6))
"""Marks of a record; above them stands the class of data wanted."""
WANTED = 6
_GROWTH = 1.5


class Waiting(NamedTuple):
    """The files that wait, and the books of every authority."""

    files: NDArray[np.void]  # [room] RECORD
    aside: NDArray[np.void]  # [room] ASIDE
    free: NDArray[np.int32]  # [room] slots that are free; the first ``left[0]`` count
    left: Ints  # [1]
    head: NDArray[np.int32]  # [N, 3]
    tail: NDArray[np.int32]  # [N, 3]
    held: Ints  # [N, 3] files that wait still
    fading: NDArray[np.int32]  # [T + 1, N, 3, 2] of these, by the month in which they give up and whether they are abusive
    debt: Reals  # [N]
    spent: Reals  # [T, N] hours charged
    backlog: Reals  # [T, N] and what follows: as in the model's ``Queue``
    waiting: Ints
    parked: Ints


def nobody_waits(states: int, months: int, room: int) -> Waiting:
    """Empty lanes and books, with so many slots."""
    return Waiting(
        files=np.zeros(room, RECORD),
        aside=np.zeros(room, ASIDE),
        free=np.arange(room, dtype=np.int32)[::-1].copy(),
        left=np.array([room]),
        head=np.full((states, LANES), NONE, np.int32),
        tail=np.full((states, LANES), NONE, np.int32),
        held=np.zeros((states, LANES), np.int64),
        fading=np.zeros((months + 1, states, LANES, 2), np.int32),
        debt=np.zeros(states),
        spent=np.zeros((months, states)),
        backlog=np.zeros((months, states)),
        waiting=np.zeros((months, states), np.int64),
        parked=np.zeros((months, states), np.int64),
    )


def grown(waiting: Waiting, least: int) -> Waiting:
    """The same with more slots: so many are free at least."""
    room, left = waiting.files.size, int(waiting.left[0])
    more = max(int(room * (_GROWTH - 1.0)), least - left)
    free = np.concatenate([waiting.free[:left], np.arange(room, room + more, dtype=np.int32)[::-1], np.zeros(room - left, np.int32)])
    waiting.left[0] = left + more
    return waiting._replace(
        files=np.concatenate([waiting.files, np.zeros(more, RECORD)]),
        aside=np.concatenate([waiting.aside, np.zeros(more, ASIDE)]),
        free=free,
    )


@inlined
def queue_up(file: File, poor: bool, waiting: Waiting) -> None:
    """Make a file that passed the gates a record, at the end of its lane; ``poor``: its papers want a supplement."""
    waiting.left[0] -= 1
    slot = waiting.free[row(waiting.left[0])]
    record, j = waiting.files[row(slot)], row(file.requested)
    record.key, record.dossier, record.strength = file.key, file.dossier, file.strength
    record.filed, record.patience, record.frozen = file.filed, file.patience, file.frozen
    record.case, record.requester = np.int32(file.case), np.uint16(file.requester)
    fades = month_of(file.patience, waiting.spent.shape[0])
    record.fades = np.uint16(fades)
    record.text, record.alleged, record.group = np.uint8(file.text), np.uint8(file.alleged), np.uint8(file.group)
    marks = ABUSIVE * file.abusive + SECRET * whole(file.secret) + LIVE * whole(file.live) + PLATFORM * whole(file.platform)
    marks += RESIDENCE * whole(file.residence) + POOR * whole(poor) + (file.wanted << WANTED)
    record.marks = np.uint8(marks)
    lane = URGENT_LANE if file.channel == EMERGENCY else ORDINARY_LANE
    append(slot, j, lane, fades, file.abusive, waiting)


@inlined
def append(slot: int, j: int, lane: int, fades: int, abusive: int, waiting: Waiting) -> None:
    """Put a slot at the end of a lane."""
    waiting.files[row(slot)].after = np.int32(NONE)
    if waiting.head[j, lane] == NONE:
        waiting.head[j, lane] = slot
    else:
        waiting.files[row(waiting.tail[j, lane])].after = np.int32(slot)
    waiting.tail[j, lane] = slot
    waiting.held[j, lane] += 1
    waiting.fading[row(fades), j, lane, row(abusive)] += 1


@inlined
def release(slot: int, waiting: Waiting) -> None:
    """A slot is free again."""
    waiting.free[row(waiting.left[0])] = slot
    waiting.left[0] += 1


@inlined
def take(month: int, j: int, lane: int, waiting: Waiting) -> int:
    """The first file of a lane that waits still, taken out of it; -1 if none does. Whoever gave up before frees a slot."""
    slot = waiting.head[j, lane]
    while slot != NONE:
        record = waiting.files[row(slot)]
        waiting.head[j, lane] = record.after
        if record.fades >= month:
            waiting.held[j, lane] -= 1
            waiting.fading[row(record.fades), j, lane, row(record.marks & ABUSIVE)] -= 1
            return slot
        release(slot, waiting)
        slot = waiting.head[j, lane]
    return NONE


@inlined
def give_up(month: int, waiting: Waiting, told: Counters) -> None:
    """Whose requesters give up in a month lapse, as far as they wait still; they stay in their lanes and count no more."""
    for j in range(waiting.debt.size):
        for lane in range(LANES):
            for abusive in range(2):
                gone = waiting.fading[row(month), row(j), lane, abusive]
                if gone > 0:
                    waiting.held[row(j), lane] -= gone
                    channel = EMERGENCY if lane == URGENT_LANE else FORMAL
                    told.outcomes[channel, abusive, LAPSED] += gone
                    told.ended[LAPSED, row(month)] += gone
                    if lane == PARKED_LANE:
                        told.outcomes[channel, abusive, PARKED] -= gone


@loop
def sweep(month: int, waiting: Waiting) -> None:
    """Free the slots of all who have given up before a month."""
    for j in range(waiting.debt.size):
        for lane in range(LANES):
            before, slot = NONE, waiting.head[row(j), lane]
            while slot != NONE:
                following = waiting.files[row(slot)].after
                if waiting.files[row(slot)].fades >= month:
                    before = slot
                else:
                    if before == NONE:
                        waiting.head[row(j), lane] = following
                    else:
                        waiting.files[row(before)].after = following
                    if following == NONE:
                        waiting.tail[row(j), lane] = before
                    release(slot, waiting)
                slot = following
