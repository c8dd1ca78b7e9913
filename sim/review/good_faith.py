"""A shield for journalists, researchers and whistleblowers in good faith (proposal: Access Now); Hanoi has Art 11(2) alone."""

from __future__ import annotations

from sim.review.examples import Stricter, example
from sim.review.safeguard import EVERYTHING, Ground
from sim.world.ranges import Unit

MOVES = EVERYTHING


class GoodFaith(Ground):
    """Reads who the person is, not why the state asks; falls away where grave harm is alleged. Others may claim it too."""

    harm_shown: Unit


def stands(role: float, covers: float, harm: float, harm_shown: float, noise: float, bar: float) -> bool:
    """The role is recognised, and no grave harm is alleged; a false claim passes where the file looks odd enough."""
    return harm < harm_shown and covers * role + noise > bar


# Harm of 0.6 or more takes the shield away, however plain the role.
EXAMPLES = (
    example(stands, True, role=2.0, covers=1.0, harm=0.1, harm_shown=0.6, noise=0.1, bar=2.0),
    example(stands, False, role=2.0, covers=0.1, harm=0.1, harm_shown=0.6, noise=0.1, bar=2.0),
    example(stands, True, role=0.0, covers=1.0, harm=0.1, harm_shown=0.6, noise=2.1, bar=2.0),  # a false claim in an odd file
    example(stands, False, role=9.0, covers=1.0, harm=0.6, harm_shown=0.6, noise=0.0, bar=2.0),
)
# In the units of the YAML; *assumption*: far enough apart to tell.
STRICTER = (
    Stricter("shift", 0.3, -0.7),
    Stricter("harm_shown", 0.3, 0.9),
)
