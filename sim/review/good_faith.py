"""A shield for journalists, researchers and whistleblowers in good faith (proposal: Access Now); Hanoi has Art 11(2) alone."""

from __future__ import annotations

from sim.review.safeguard import EVERYTHING, Ground
from sim.world.ranges import Unit

MOVES = EVERYTHING


class GoodFaith(Ground):
    """Reads who the person is, not why the state asks; falls away where grave harm is alleged. Others may claim it too."""

    harm_shown: Unit


def stands(role: float, covers: float, harm: float, harm_shown: float, noise: float, bar: float) -> bool:
    """The role is recognised, and no grave harm is alleged; a false claim passes where the file looks odd enough."""
    return harm < harm_shown and covers * role + noise > bar
