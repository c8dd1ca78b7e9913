"""Independent authorisation before disclosure: in Hanoi only where domestic law has it (Art 24(2)); a duty in reform proposals."""

from __future__ import annotations

from sim.review.safeguard import Look


class Judge(Look):
    """Refuses few, narrows many (FISA court, Utah warrants: empirics.md 2.5)."""

    narrow_margin: float


def acuity(skill: float, judicial: float, effort: float) -> float:
    """What this reading can see: judicial independence; a captured court sees nothing."""
    return judicial


def stands(signal: float, noise: float, bar: float) -> bool:
    """The court is not satisfied."""
    return signal + noise > bar
