"""The desk of the central authority reads every request that passed the gates (Hanoi Art 40(13)): its lawyers' hours are scarce."""

from __future__ import annotations

from math import sqrt

from sim.review.examples import Stricter, example
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


# Skill 0.8 at a quarter of the attention sees 0.4; no suspicion alone makes the desk refuse.
EXAMPLES = (
    example(acuity, 1.0, skill=1.0, effort=1.0),
    example(acuity, 0.4, skill=0.8, effort=0.25),
    example(acuity, 0.0, skill=0.0, effort=1.0),
    example(stands, False, signal=0.0, noise=0.0, bar=2.5),
    example(stands, False, signal=9.0, noise=9.0, bar=2.5),
)
# In the units of the YAML; *assumption*: far enough apart to tell.
STRICTER = (Stricter("bar", 2.5, 1.5),)
