"""Cooperation is owed only for the offences that the instrument reaches (Hanoi Arts 3 and 35(1))."""

from __future__ import annotations

from sim.review.examples import example
from sim.review.safeguard import EVERYTHING, Gate
from sim.world.instruments import COVERED, OUTSIDE, TOO_LIGHT

MOVES = EVERYTHING


class Scope(Gate):
    """The class of the label is outside the instrument."""


def stands(reach: int) -> bool:
    """The label belongs to a class of offences that the text does not reach."""
    return reach == 1


EXAMPLES = (
    example(stands, False, reach=COVERED),
    example(stands, True, reach=OUTSIDE),
    example(stands, False, reach=TOO_LIGHT),
)
