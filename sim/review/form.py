"""A request may be refused if it is not in proper form (Hanoi Art 40(21)(a))."""

from __future__ import annotations

from sim.review.safeguard import EVERYTHING, Gate
from sim.world.ranges import Bar

MOVES = EVERYTHING


class Form(Gate):
    """Paperwork under a bar cannot be executed."""

    quality_bar: Bar


def stands(quality: float, quality_bar: float) -> bool:
    """The paperwork is hopeless."""
    return quality < quality_bar
