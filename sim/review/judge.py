"""Independent authorisation before disclosure: in Hanoi only where domestic law has it (Art 24(2)); a duty in reform proposals."""

from __future__ import annotations

from sim.review.safeguard import EVERYTHING, Look
from sim.world.ranges import Bar

MOVES = EVERYTHING


class Judge(Look):
    """Refuses few, narrows many (FISA court, Utah warrants: empirics.md 2.5)."""

    narrow_margin: Bar


def acuity(judicial: float) -> float:
    """What this reading can see: judicial independence; a captured court sees nothing."""
    return judicial


def stands(signal: float, noise: float, bar: float) -> bool:
    """The court is not satisfied."""
    return signal + noise > bar


def allows(signal: float, noise: float, bar: float, narrow_margin: float, data_class: int) -> int:
    """Short of refusing, the court gives one class less."""
    return data_class - 1 if narrow_margin > 0.0 and data_class > 0 and signal + noise > bar - narrow_margin else data_class
