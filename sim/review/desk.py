"""The desk of the central authority reads every request that passed the gates (Hanoi Art 40(13)): its lawyers' hours are scarce."""

from __future__ import annotations

from math import sqrt

from sim.review.safeguard import EVERYTHING, Look
from sim.world.ranges import Bar

MOVES = EVERYTHING


class Desk(Look):
    """Executes, refuses on a ground, or parks: silence needs no legal ground."""

    park_bar: Bar
    trust_floor: Bar


def acuity(skill: float, effort: float) -> float:
    """What this reading can see, relative to a perfect one: the authority's skill, with square-root returns to effort."""
    return skill * sqrt(effort)


def stands(signal: float, noise: float, bar: float) -> bool:
    """The desk refuses on its grounds alone, never on a feeling."""
    return False
