"""A case, and a request about it: plain objects with names of the field, written by whoever acts on them.

Most cases and requests never get what some collections hold. These are shared while they are empty, and replaced, not changed:
Python looks through every set and list there is again and again, for rubbish.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

FORMAL = ("formal", "emergency")  # channels by the paragraphs


@dataclass(slots=True, eq=False)
class Case:
    """One wish for evidence, filed or not; what it is never changes, what becomes of it stands in the second half."""

    row: int  # among all cases, in order of (month, day, id)
    id: int
    month: int
    day: float
    requester: int
    abusive: bool
    conduct: int
    group: int  # -1 in legitimate cases
    person: int  # row of the people table; -1 in legitimate cases
    member: int
    visibility: float
    wanted: int
    hosts: tuple[int, ...]  # four services and last the residence state; -1 for none
    domestic: bool
    urgent: bool
    secret: bool
    realtime: bool
    dossier: float

    status: str = "not_live"
    attempts: int = 0
    tried: tuple[int, ...] = ()  # states that are not asked again
    ways: tuple[tuple[int, int], ...] = ()  # (state, frame) of filings, where labels are chosen by value
    at_home: float = 0.0  # chance that a live domestic wish about a person at risk is met
    last: Request | None = None  # row of the last attempt; the others of it come before that


@dataclass(slots=True, eq=False)
class Request:
    """One row of the docket: a request by the paragraphs, or by a side door. Days count from the start of the run-in."""

    row: int
    case: Case
    attempt: int
    month: int
    requested: int
    instrument: int
    channel: str
    wanted: int
    label: int
    alleged: int
    kind: int
    quality: float
    filed_day: float
    patience_day: float

    before: Request | None = None  # the row that the same attempt made before this one
    status: str = "pending"
    granted: int = -1
    reason: int = -1  # row of the first safeguard that stood against it, in the order of checking
    grounds: Set[int] = frozenset()
    narrowed: int = -1
    condition: int = -1
    cap: int = 2
    flagged: bool = False
    told: str = "never"
    evaded: str = "none"
    misused: Set[str] = frozenset()  # of "own_use" and "onward"
    published: bool = False
    second: str = "none"
    judged: bool = False
    realtime: int = 0
    decided_day: float | None = None
    executed_day: float | None = None
    ready_day: float | None = None
    ended_day: float | None = None
    preserved_until: float | None = None
    hours: float = 0.0
    usable: bool = False  # a court would admit the data, if any were given
