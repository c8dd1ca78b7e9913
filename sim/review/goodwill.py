"""Where no text binds the two states there is no duty: comity is granted by alignment and by the requester's standing."""

from __future__ import annotations

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
