"""Technical assistance to weak authorities (Hanoi Arts 54 to 56): more hours, better screening, more requests of their own."""

from __future__ import annotations

from sim.review.safeguard import EVERYTHING, Institution
from sim.world.ranges import FactorOrNone, Unit

MOVES = EVERYTHING


class Training(Institution):
    """For parties whose authority's skill is under ``below``."""

    below: Unit
    hours_factor: FactorOrNone
    skill_gain: FactorOrNone
    filing_gain: FactorOrNone
