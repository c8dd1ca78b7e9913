"""Requesters with repeated upheld refusals lose the instrument for a while (after INTERPOL's practice); none in Hanoi."""

from __future__ import annotations

from sim.review.safeguard import EVERYTHING, Institution
from sim.world.ranges import Files, Months, Unit

MOVES = EVERYTHING


class Suspension(Institution):
    """Whoever collects ``refusals`` upheld on a ground or by a look within a period, and too large a share, is suspended."""

    refusals: Files
    share: Unit
    within_months: Months
    months: Months
    reciprocal: bool
