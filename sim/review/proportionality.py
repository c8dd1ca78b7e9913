"""Powers are bound by proportionality (Hanoi Art 24(1)): the more intrusive the data, the graver the offence must be."""

from __future__ import annotations

from sim.review.examples import Stricter, example
from sim.review.safeguard import EVERYTHING, Ground
from sim.world.ranges import Bar, Unit
from sim.world.vocabulary import CONTENT, SUBSCRIBER, TRAFFIC

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


# Lines of harm at 0.03, 0.12 and 0.25; an odd file is weighed less by its slip.
EXAMPLES = (
    example(stands, True, harm=0.02, subscriber=0.03, slip=0.1, noise=0.0),
    example(stands, False, harm=0.03, subscriber=0.03, slip=0.1, noise=0.0),
    example(stands, True, harm=0.1, subscriber=0.03, slip=0.1, noise=0.8),
    example(allows, SUBSCRIBER, harm=0.02, traffic=0.12, content=0.25, slip=0.1, noise=0.0, data_class=CONTENT),
    example(allows, TRAFFIC, harm=0.15, traffic=0.12, content=0.25, slip=0.1, noise=0.0, data_class=CONTENT),
    example(allows, CONTENT, harm=0.4, traffic=0.12, content=0.25, slip=0.1, noise=0.0, data_class=CONTENT),
    example(allows, SUBSCRIBER, harm=0.15, traffic=0.12, content=0.25, slip=0.1, noise=0.0, data_class=SUBSCRIBER),
)
# In the units of the YAML; *assumption*: far enough apart to tell.
STRICTER = (
    Stricter("subscriber", 0.0, 0.3),
    Stricter("traffic", 0.1, 0.5),
    Stricter("content", 0.1, 0.6),
)
