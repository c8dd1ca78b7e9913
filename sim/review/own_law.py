"""Refusal where the requested state's own law would bar the step in a similar domestic case (Hanoi Art 40(21)(c))."""

from __future__ import annotations

from sim.review.examples import Stricter, example
from sim.review.safeguard import EVERYTHING, Ground
from sim.world.ranges import Bar
from sim.world.vocabulary import CONTENT, SUBSCRIBER, TRAFFIC

MOVES = EVERYTHING


class OwnLaw(Ground):
    """Imports warrants, press shields and interception lists: the more intrusive the data, the sooner it bites."""

    per_class: Bar


def stands(signal: float, covers: float, data_class: int, per_class: float, noise: float, bar: float) -> bool:
    """The domestic bar for this data class is lower for persons whom a shield covers."""
    return covers * signal + per_class * data_class + noise > bar


# Half a standard deviation per class brings content over a bar of 2.5, and traffic data not.
EXAMPLES = (
    example(stands, False, signal=0.0, covers=1.0, data_class=SUBSCRIBER, per_class=0.5, noise=1.8, bar=2.5),
    example(stands, False, signal=0.0, covers=1.0, data_class=TRAFFIC, per_class=0.5, noise=1.8, bar=2.5),
    example(stands, True, signal=0.0, covers=1.0, data_class=CONTENT, per_class=0.5, noise=1.8, bar=2.5),
)
# In the units of the YAML; *assumption*: far enough apart to tell.
STRICTER = (
    Stricter("shift", 0.3, -0.7),
    Stricter("per_class", 0.1, 0.8),
)
