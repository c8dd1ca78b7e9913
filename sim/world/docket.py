"""The docket: one row a request, formal or by a side door; written by the filing and the review, read by the metrics."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Ints


class Docket(NamedTuple):
    """``M`` rows of room, of which ``used[0]`` are filled; days since the start of the run-in, nan where not reached."""

    used: NDArray[np.int64]  # [1] rows filled
    case: NDArray[np.int64]  # [M] row of the case
    attempt: NDArray[np.int8]  # [M] 0 for the first filing
    month: NDArray[np.int16]  # [M] month of filing
    requested: NDArray[np.int16]  # [M] state row
    instrument: NDArray[np.int8]  # [M] whose paragraphs govern it
    channel: NDArray[np.int8]  # [M] by the paragraphs, ordinary or urgent, or a side door
    wanted: NDArray[np.int8]  # [M] data class asked for
    granted: NDArray[np.int8]  # [M] data class given; -1 for none
    label: NDArray[np.int8]  # [M] the provision cited
    alleged: NDArray[np.int8]  # [M] the conduct that the dossier narrates
    kind: NDArray[np.int8]  # [M] how the label stands to the conduct
    quality: NDArray[np.float32]  # [M] of the paperwork, standard normal
    status: NDArray[np.int8]  # [M] what has become of it
    reason: NDArray[np.int8]  # [M] first safeguard in the global order that stood against it; -1 for none
    grounds: NDArray[np.uint64]  # [M] bit s set: safeguard s stood against it
    narrowed: NDArray[np.int8]  # [M] safeguard that cut the data class; -1 for none
    condition: NDArray[np.int8]  # [M] safeguard on whose condition alone the data may go; -1 for none
    cap: NDArray[np.int8]  # [M] most intrusive data class that may still be given
    flagged: NDArray[np.int8]  # [M] 1: a panel has advised against it
    told: NDArray[np.int8]  # [M] whether the person learns of it: 0 never, 1 after disclosure, 2 before
    evaded: NDArray[
        np.int8
    ]  # [M] where the data have gone: 0 nowhere, 1 to safer tools before filing, 2 if told in time; 3: found so
    misused: NDArray[np.int8]  # [M] bit 1: used beyond the case; bit 2: passed on to a third state
    published: NDArray[np.int8]  # [M] 1: counted in public statistics of the requested state
    second: NDArray[np.int8]  # [M] a second reading of a refusal: 0 none, 1 it refused too, 2 it did not
    judged: NDArray[np.int8]  # [M] 1: a judge of the requested state has read it
    realtime: NDArray[np.int8]  # [M] months for which data are collected as they come, from its execution on; 0 for none
    filed_day: NDArray[np.float64]  # [M] day of filing
    decided_day: NDArray[np.float64]  # [M] day on which the requester hears yes or no
    executed_day: NDArray[np.float64]  # [M] day of execution
    ready_day: NDArray[np.float64]  # [M] day before which it cannot be executed: further information was asked for
    ended_day: NDArray[np.float64]  # [M] day on which the request left the docket, however it ended
    patience_day: NDArray[np.float64]  # [M] day on which the requester gives up
    preserved_until: NDArray[np.float64]  # [M] day to which the data are frozen; nan if never asked or refused
    hours: NDArray[np.float32]  # [M] officer-hours spent on it


_NEVER = np.nan
_COLUMNS: dict[str, tuple[type[np.generic], float]] = {
    "case": (np.int64, 0),
    "attempt": (np.int8, 0),
    "month": (np.int16, 0),
    "requested": (np.int16, 0),
    "instrument": (np.int8, 0),
    "channel": (np.int8, 0),
    "wanted": (np.int8, 0),
    "granted": (np.int8, -1),
    "label": (np.int8, 0),
    "alleged": (np.int8, 0),
    "kind": (np.int8, 0),
    "quality": (np.float32, 0),
    "status": (np.int8, 0),
    "reason": (np.int8, -1),
    "grounds": (np.uint64, 0),
    "narrowed": (np.int8, -1),
    "condition": (np.int8, -1),
    "cap": (np.int8, 0),
    "flagged": (np.int8, 0),
    "told": (np.int8, 0),
    "evaded": (np.int8, 0),
    "misused": (np.int8, 0),
    "published": (np.int8, 0),
    "second": (np.int8, 0),
    "judged": (np.int8, 0),
    "realtime": (np.int8, 0),
    "filed_day": (np.float64, _NEVER),
    "decided_day": (np.float64, _NEVER),
    "executed_day": (np.float64, _NEVER),
    "ready_day": (np.float64, _NEVER),
    "ended_day": (np.float64, _NEVER),
    "patience_day": (np.float64, _NEVER),
    "preserved_until": (np.float64, _NEVER),
    "hours": (np.float32, 0),
}


def empty_docket(room: int) -> Docket:
    """A docket with room for ``room`` requests and none in it."""
    columns = {name: _empty_column(kind, value, room) for name, (kind, value) in _COLUMNS.items()}
    return Docket._make([np.zeros(1, np.int64), *(columns[name] for name in Docket._fields[1:])])


def _empty_column(kind: type[np.generic], value: float, room: int) -> NDArray[np.generic]:
    """A column with nothing in it. One of zeros is not written until a request is: the system gives such memory when it is used."""
    return np.full(room, value, dtype=kind) if value else np.zeros(room, dtype=kind)


def with_room(columns: dict[str, NDArray[np.generic]], room: int) -> Docket:
    """A docket with more room from the ``columns`` of another, which are let go one by one: there are never two whole dockets."""
    used = int(columns["used"][0])
    for name, (kind, value) in _COLUMNS.items():
        longer = _empty_column(kind, value, room)
        longer[:used] = columns[name][:used]
        columns[name] = longer
    return Docket(**columns)  # type: ignore[arg-type]


def picked(docket: Docket, rows: Ints, case_places: Ints, room: int = 0) -> Docket:
    """A docket of these rows alone, of cases that have other places now, with room for ``room`` rows if these are fewer."""
    count, columns = rows.size, dict[str, NDArray[np.generic]]()
    for name, (kind, value) in _COLUMNS.items():
        column = columns[name] = np.empty(max(room, count), dtype=kind)
        np.take(getattr(docket, name), rows, out=column[:count], mode="clip")  # which takes as it goes, without a copy of its own
        column[count:] = value
    columns["case"][:count] = case_places[columns["case"][:count]]
    return Docket(used=np.array([count]), **columns)  # type: ignore[arg-type]


def filled_rows(docket: Docket, shared: frozenset[str] = frozenset()) -> Docket:
    """The docket cut to its filled rows: copies, but for the columns that are shared."""
    used = int(docket.used[0])
    kept: dict[str, NDArray[np.generic]] = {name: getattr(docket, name)[:used] for name in docket._fields[1:]}
    return Docket._make([docket.used.copy(), *(column if name in shared else column.copy() for name, column in kept.items())])
