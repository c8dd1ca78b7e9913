"""Other offences qualify only if serious: a maximum of at least four years under the requester's law (Hanoi Art 2(h))."""

from __future__ import annotations

from sim.review.examples import example
from sim.review.safeguard import EVERYTHING, Gate
from sim.world.instruments import COVERED, OUTSIDE, TOO_LIGHT

MOVES = EVERYTHING


class Seriousness(Gate):
    """The label's maximum (or the offence's harm) is under the instrument's line."""


def stands(reach: int) -> bool:
    """The label falls under the line that the text draws."""
    return reach == 2


EXAMPLES = (
    example(stands, False, reach=COVERED),
    example(stands, False, reach=OUTSIDE),
    example(stands, True, reach=TOO_LIGHT),
)
