"""The firm that holds the data may contest the order (proposal: Cybersecurity Tech Accord); in Hanoi it has no standing."""

from __future__ import annotations

from math import sqrt

from sim.review.safeguard import EVERYTHING, Look
from sim.world.ranges import Days, Strength, Unit

MOVES = EVERYTHING


class Provider(Look):
    """Large firms read what they are asked, small ones comply; a court of the requested state decides."""

    insight: Strength
    win: Unit
    contest_days: Days


def acuity(insight: float, size: float) -> float:
    """What the firm's lawyers can see: it knows its user, if it has lawyers."""
    return insight * sqrt(size)


def stands(signal: float, noise: float, bar: float, luck: float, win: float, independence: float) -> bool:
    """The firm contests, and the court, as independent as it is, finds for it."""
    return signal + noise > bar and luck < win * independence


def delays(signal: float, noise: float, bar: float, delay_days: float, contest_days: float) -> float:
    """A contest takes its time, whoever wins."""
    return delay_days + contest_days if signal + noise > bar else delay_days
