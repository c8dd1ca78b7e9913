"""Latent cases: every wish for evidence, filed or not; they depend on the world and the seed alone, never on a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Ints, Keys


class Cases(NamedTuple):
    """``C`` cases ordered by (month, day, id); a tuple of arrays, so that kernels take it as it is."""

    id: Keys  # [C] stable, hash of (state, category, month, ordinal); the most significant bit is clear
    month: NDArray[np.int16]  # [C] since the start of the run-in
    day: NDArray[np.float64]  # [C] since the start of the run-in
    requester: NDArray[np.int32]  # [C] state row
    abusive: NDArray[np.bool_]  # [C] hidden from every reviewer
    conduct: NDArray[np.int8]  # [C] true conduct, hidden from every reviewer
    group: NDArray[np.int8]  # [C] of the person at risk; -1 in legitimate cases
    person: NDArray[np.int32]  # [C] row of the people table; -1 in legitimate cases
    member: NDArray[np.int32]  # [C] which of the people the row stands for
    visibility: NDArray[np.float64]  # [C] of the person; one in legitimate cases
    wanted: NDArray[np.int8]  # [C] data class
    hosts: NDArray[np.int16]  # [C, D] where evidence lies: platforms, and last the residence state; -1 for none
    domestic: NDArray[np.bool_]  # [C] evidence lies at home: never filed
    urgent: NDArray[np.bool_]  # [C] an emergency in fact (legitimate) or in pretence (abusive)
    secret: NDArray[np.bool_]  # [C] the requester asks for secrecy, Art 40(20)
    realtime: NDArray[np.bool_]  # [C] what is to come is wanted too, as it comes (Arts 45, 46): a mark on traffic or content
    dossier: NDArray[np.float64]  # [C] standard normal z: how suspicious the file looks by accident


def cases_at(cases: Cases, rows: Ints) -> Cases:
    """The cases of these rows."""
    return frozen([np.take(column, rows, axis=0) for column in cases])


def joined(one: Cases, other: Cases) -> Cases:
    """Cases and those that follow them."""
    return frozen([np.concatenate([getattr(one, name), getattr(other, name)]) for name in Cases._fields])


def frozen(columns: Sequence[Any]) -> Cases:
    """Cases that nobody writes into; every kernel is compiled for such alone."""
    for column in columns:
        column.setflags(write=False)
    return Cases._make(columns)


HOST_SLOTS = 5  # four services and the residence state
RESIDENCE_SLOT = HOST_SLOTS - 1


def empty_cases(count: int) -> Cases:
    """Room for ``count`` cases, with no host known; small integers, because millions of them are kept."""
    return Cases(
        id=np.empty(count, np.uint64),
        month=np.empty(count, np.int16),
        day=np.empty(count),
        requester=np.empty(count, np.int32),
        abusive=np.empty(count, np.bool_),
        conduct=np.empty(count, np.int8),
        group=np.empty(count, np.int8),
        person=np.empty(count, np.int32),
        member=np.empty(count, np.int32),
        visibility=np.empty(count),
        wanted=np.empty(count, np.int8),
        hosts=np.full((count, HOST_SLOTS), -1, np.int16),
        domestic=np.zeros(count, np.bool_),
        urgent=np.zeros(count, np.bool_),
        secret=np.zeros(count, np.bool_),
        realtime=np.zeros(count, np.bool_),
        dossier=np.empty(count),
    )
