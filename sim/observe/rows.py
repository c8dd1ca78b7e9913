"""One row of what is observed."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One observable of one run."""

    pattern: str  # P1 to P17
    observable: str
    value: float  # nan where there is nothing to say it of
    n: int  # how many requests, files, states or cells it stands on
