"""A central unit screens every request before the requested state sees it (proposal after INTERPOL; none in Hanoi, Art 57)."""

from __future__ import annotations

from math import sqrt

from sim.review.safeguard import EVERYTHING, Look
from sim.world.ranges import Files, HoursOfFile, HoursOfOffice, Strength, Unit

MOVES = EVERYTHING


class Panel(Look):
    """Advisory or binding; hours of its own; one answer wherever the request goes; remembers who was stopped before."""

    binding: bool
    advice: Strength
    insight: Strength
    hours_a_month: HoursOfOffice
    hours_a_file: HoursOfFile
    memory: Strength
    memory_kept: Unit
    memory_files: Files


def acuity(insight: float, effort: float) -> float:
    """What the unit can see: specialists, with square-root returns to effort when files pile up."""
    return insight * sqrt(effort)


def stands(signal: float, noise: float, bar: float) -> bool:
    """The unit is not satisfied."""
    return signal + noise > bar
