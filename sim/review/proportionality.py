"""Powers are bound by proportionality (Hanoi Art 24(1)): the more intrusive the data, the graver the offence must be."""

from __future__ import annotations

from sim.review.safeguard import EVERYTHING, Ground
from sim.world.ranges import Bar, Unit

MOVES = EVERYTHING


class Proportionality(Ground):
    """Narrows the data class before it refuses; reads the alleged facts, so it has no purchase on a grave fabrication."""

    subscriber: Unit
    traffic: Unit
    content: Unit
    slip: Bar


def stands(harm: float, subscriber: float, slip: float, noise: float) -> bool:
    """Even the least intrusive data would be too much for what is alleged."""
    return harm - slip * noise < subscriber


def allows(harm: float, traffic: float, content: float, slip: float, noise: float, data_class: int) -> int:
    """The most intrusive class that the alleged harm still carries; a file that looks odd is weighed less."""
    weighed = harm - slip * noise
    carried = 2 if weighed >= content else 1 if weighed >= traffic else 0
    return min(data_class, carried)
