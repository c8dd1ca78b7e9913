"""Files that wait at a desk, fused by hand: one packed record each, in chains by authority and lane; a slot is used again.

Nothing of a file is left once it has ended: at the end of a month whoever waits is asked whether the requester has given up.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.benchmark.fused.files import Counters, File, whole
from sim.arrays import Ints, Reals
from sim.compiled import inlined, row
from sim.review.queue import NONE, ORDINARY_LANE, PARKED_LANE, URGENT_LANE
from sim.world.vocabulary import DAYS_PER_MONTH, EMERGENCY, FORMAL, LAPSED, PARKED

LANES = 3
RECORD = np.dtype(
    [
        *(("key", "u8"), ("dossier", "f8"), ("strength", "f8"), ("filed", "f8"), ("patience", "f8"), ("frozen", "f8")),
        *(("case", "i4"), ("requester", "u2"), ("text", "u1"), ("alleged", "u1")),
        *(("group", "u1"), ("marks", "u1")),
    ],
    align=True,
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
    after: NDArray[np.int32]  # [room] next file in the same lane; -1 for none
    aside: NDArray[np.void]  # [room] ASIDE
    free: NDArray[np.int32]  # [room] slots that are free; the first ``left[0]`` count
    left: Ints  # [1]
    head: NDArray[np.int32]  # [N, 3]
    tail: NDArray[np.int32]  # [N, 3]
    held: Ints  # [N, 3] files in each lane
    debt: Reals  # [N]
    spent: Reals  # [T, N] hours charged
    backlog: Reals  # [T, N] and what follows: as in the model's ``Queue``
    waiting: Ints
    parked: Ints


def nobody_waits(states: int, months: int, room: int) -> Waiting:
    """Empty lanes and books, with so many slots."""
    return Waiting(
        files=_records(room),
        after=np.full(room, NONE, np.int32),
        aside=np.zeros(room, ASIDE),
        free=np.arange(room, dtype=np.int32)[::-1].copy(),
        left=np.array([room]),
        head=np.full((states, LANES), NONE, np.int32),
        tail=np.full((states, LANES), NONE, np.int32),
        held=np.zeros((states, LANES), np.int64),
        debt=np.zeros(states),
        spent=np.zeros((months, states)),
        backlog=np.zeros((months, states)),
        waiting=np.zeros((months, states), np.int64),
        parked=np.zeros((months, states), np.int64),
    )


def _records(room: int) -> NDArray[np.void]:
    """Room for so many records, each on a line of the processor's cache and no two."""
    size = RECORD.itemsize
    raw = np.zeros((room + 1) * size, np.uint8)
    begin = -raw.ctypes.data % size
    return raw[begin : begin + room * size].view(RECORD)


def grown(waiting: Waiting, least: int) -> Waiting:
    """The same with more slots: so many are free at least."""
    room, left = waiting.files.size, int(waiting.left[0])
    more = max(int(room * (_GROWTH - 1.0)), least - left)
    free = np.concatenate(
        [waiting.free[:left], np.arange(room, room + more, dtype=np.int32)[::-1], np.zeros(room - left, np.int32)]
    )
    waiting.left[0] = left + more
    files = _records(room + more)
    files[:room] = waiting.files
    return waiting._replace(
        files=files,
        after=np.concatenate([waiting.after, np.full(more, NONE, np.int32)]),
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
    record.text, record.alleged, record.group = np.uint8(file.text), np.uint8(file.alleged), np.uint8(file.group)
    marks = ABUSIVE * file.abusive + SECRET * whole(file.secret) + LIVE * whole(file.live) + PLATFORM * whole(file.platform)
    marks += RESIDENCE * whole(file.residence) + POOR * whole(poor) + (file.wanted << WANTED)
    record.marks = np.uint8(marks)
    lane = URGENT_LANE if file.channel == EMERGENCY else ORDINARY_LANE
    append(slot, j, lane, waiting)


@inlined
def append(slot: int, j: int, lane: int, waiting: Waiting) -> None:
    """Put a slot at the end of a lane."""
    waiting.after[row(slot)] = NONE
    if waiting.head[j, lane] == NONE:
        waiting.head[j, lane] = slot
    else:
        waiting.after[row(waiting.tail[j, lane])] = slot
    waiting.tail[j, lane] = slot
    waiting.held[j, lane] += 1


@inlined
def release(slot: int, waiting: Waiting) -> None:
    """A slot is free again."""
    waiting.free[row(waiting.left[0])] = slot
    waiting.left[0] += 1


@inlined
def take(j: int, lane: int, waiting: Waiting) -> int:
    """The first file of a lane, taken out of it; -1 if none waits there."""
    slot = int(waiting.head[j, lane])
    if slot != NONE:
        waiting.head[j, lane] = waiting.after[row(slot)]
        waiting.held[j, lane] -= 1
    return slot


@inlined
def day_of_first(j: int, lane: int, waiting: Waiting) -> float:
    """Day of filing of the first file of a lane; nan where none waits there."""
    slot = waiting.head[j, lane]
    return waiting.files[row(slot)].filed if slot != NONE else np.nan


@inlined
def give_up(j: int, lane: int, month: int, waiting: Waiting, told: Counters) -> None:
    """Files of a lane whose requesters have given up by the end of a month lapse."""
    ends, before, slot = (month + 1) * DAYS_PER_MONTH, NONE, waiting.head[j, lane]
    channel = EMERGENCY if lane == URGENT_LANE else FORMAL
    while slot != NONE:
        record = waiting.files[row(slot)]
        following = waiting.after[row(slot)]
        if record.patience >= ends:
            before = slot
        else:
            abusive = record.marks & ABUSIVE
            told.outcomes[channel, row(abusive), LAPSED] += 1
            told.ended[LAPSED, row(month)] += 1
            if lane == PARKED_LANE:
                told.outcomes[channel, row(abusive), PARKED] -= 1
            _unlink(before, following, j, lane, waiting)
            release(slot, waiting)
        slot = following


@inlined
def _unlink(before: int, following: int, j: int, lane: int, waiting: Waiting) -> None:
    """Take out of a lane what stands between two files."""
    waiting.held[j, lane] -= 1
    if before == NONE:
        waiting.head[j, lane] = following
    else:
        waiting.after[row(before)] = following
    if following == NONE:
        waiting.tail[j, lane] = before
