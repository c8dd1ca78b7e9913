"""Where no text binds the two states there is no duty: comity is granted by alignment and by the requester's standing."""

from __future__ import annotations

from sim.review.examples import example
from sim.review.safeguard import EVERYTHING, Gate
from sim.world.ranges import Unit

MOVES = EVERYTHING


class Goodwill(Gate):
    """Chance of assistance: ``most * (1 - by_alignment * (1 - alignment)) * min(standing_from + liberal democracy, 1)``."""

    most: Unit
    by_alignment: Unit
    standing_from: Unit


def stands(luck: float, goodwill: float) -> bool:
    """The requested state does not feel like it."""
    return luck >= goodwill


# A uniform against the chance that the requested state assists.
EXAMPLES = (
    example(stands, True, luck=0.0, goodwill=0.0),
    example(stands, False, luck=0.3, goodwill=0.5),
    example(stands, True, luck=0.5, goodwill=0.5),
    example(stands, False, luck=0.99, goodwill=1.0),
)
