"""The firm that holds the data may contest the order (proposal: Cybersecurity Tech Accord); in Hanoi it has no standing."""

from __future__ import annotations

from math import sqrt

from sim.review.examples import Stricter, example
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


# A firm contests above a bar of 2.0; a contest takes 60 days, any reading 2.
EXAMPLES = (
    example(acuity, 0.8, insight=0.8, size=1.0),
    example(acuity, 0.4, insight=0.8, size=0.25),
    example(acuity, 0.0, insight=0.8, size=0.0),
    example(stands, False, signal=0.0, noise=1.9, bar=2.0, luck=0.0, win=1.0, independence=1.0),  # nobody is suspected
    example(stands, True, signal=2.0, noise=0.1, bar=2.0, luck=0.2, win=0.6, independence=0.5),
    example(stands, False, signal=2.0, noise=0.1, bar=2.0, luck=0.3, win=0.6, independence=0.5),
    example(stands, False, signal=9.0, noise=0.0, bar=2.0, luck=0.0, win=1.0, independence=0.0),  # a captured court
    example(delays, 2.0, signal=0.0, noise=1.9, bar=2.0, delay_days=2.0, contest_days=60.0),
    example(delays, 62.0, signal=0.0, noise=2.1, bar=2.0, delay_days=2.0, contest_days=60.0),
)
# In the units of the YAML; *assumption*: far enough apart to tell.
STRICTER = (
    Stricter("bar", 2.6, 1.6),
    Stricter("win", 0.2, 0.9),
    Stricter("insight", 0.3, 2.0),
    Stricter("contest_days", 10.0, 120.0),
)
