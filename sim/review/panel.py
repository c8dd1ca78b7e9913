"""A central unit screens every request before the requested state sees it (proposal after INTERPOL; none in Hanoi, Art 57)."""

from __future__ import annotations

from math import sqrt

from sim.review.examples import Stricter, example
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


# A unit with a bar of 2.3; a quarter of the attention halves what it sees.
EXAMPLES = (
    example(acuity, 1.1, insight=1.1, effort=1.0),
    example(acuity, 0.55, insight=1.1, effort=0.25),
    example(stands, True, signal=2.0, noise=0.4, bar=2.3),
    example(stands, False, signal=2.0, noise=0.3, bar=2.3),
)
# In the units of the YAML; *assumption*: far enough apart to tell.
STRICTER = (
    Stricter("bar", 2.6, 1.6),
    Stricter("advice", 0.0, 2.0),
    Stricter("insight", 0.3, 2.0),
    Stricter("delay_days", 10.0, 90.0),
)
