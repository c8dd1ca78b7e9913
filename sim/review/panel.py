"""A central unit screens every request before the requested state sees it (proposal after INTERPOL; none in Hanoi, Art 57)."""

from __future__ import annotations

from math import sqrt

from sim.review.safeguard import EVERYTHING, Look
from sim.world.vocabulary import NonNegative, Positive, Unit

MOVES = EVERYTHING


class Panel(Look):
    """Advisory or binding; hours of its own; one answer wherever the request goes; remembers who was stopped before."""

    binding: bool
    advice: NonNegative
    insight: NonNegative
    hours_a_month: Positive
    hours_a_file: Positive
    memory: NonNegative
    memory_kept: Unit
    memory_files: Positive


def acuity(insight: float, effort: float) -> float:
    """What the unit can see: specialists, with square-root returns to effort when files pile up."""
    return insight * sqrt(effort)


def stands(signal: float, noise: float, bar: float) -> bool:
    """The unit is not satisfied."""
    return signal + noise > bar
