"""Refusal where the requested state's own law would bar the step in a similar domestic case (Hanoi Art 40(21)(c))."""

from __future__ import annotations

from sim.review.safeguard import EVERYTHING, Ground
from sim.world.ranges import Bar

MOVES = EVERYTHING


class OwnLaw(Ground):
    """Imports warrants, press shields and interception lists: the more intrusive the data, the sooner it bites."""

    per_class: Bar


def stands(signal: float, covers: float, data_class: int, per_class: float, noise: float, bar: float) -> bool:
    """The domestic bar for this data class is lower for persons whom a shield covers."""
    return covers * signal + per_class * data_class + noise > bar
