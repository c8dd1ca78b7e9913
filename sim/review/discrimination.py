"""No obligation on substantial grounds to believe that the request is made to punish for a protected trait (Hanoi Art 40(22))."""

from __future__ import annotations

from sim.review.safeguard import EVERYTHING, Ground

MOVES = EVERYTHING


class Discrimination(Ground):
    """Sex, race, language, religion, nationality, ethnic origin, political opinions; orientation and journalism are not listed."""


def stands(signal: float, covers: float, noise: float, bar: float) -> bool:
    """The motive shows, for a person whom the list covers."""
    return covers * signal + noise > bar
