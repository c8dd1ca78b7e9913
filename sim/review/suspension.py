"""Requesters with repeated upheld refusals lose the instrument for a while (after INTERPOL's practice); none in Hanoi."""

from __future__ import annotations

from sim.review.safeguard import EVERYTHING, Institution
from sim.world.ranges import Files, Months, Unit

MOVES = EVERYTHING


class Suspension(Institution):
    """Whoever collects ``refusals`` upheld on a ground or by a look within a period, and too large a share, is suspended.

    With a ``second_reading`` a refusal is upheld if the reader who refused would refuse again: the same file and grounds, full
    effort, an accident of its own (``second_reading`` by case and requested state).
    """

    refusals: Files
    share: Unit
    within_months: Months
    months: Months
    reciprocal: bool
    second_reading: bool
