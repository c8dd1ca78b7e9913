"""Independent authorisation before disclosure: in Hanoi only where domestic law has it (Art 24(2)); a duty in reform proposals."""

from __future__ import annotations

from sim.review.examples import Stricter, example
from sim.review.safeguard import EVERYTHING, Look
from sim.world.ranges import Bar
from sim.world.vocabulary import CONTENT, SUBSCRIBER, TRAFFIC

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


# A court with a bar of 2.6 adds what it sees and what it fears; within 1.2 under the bar it narrows.
EXAMPLES = (
    example(acuity, 0.0, judicial=0.0),
    example(acuity, 0.7, judicial=0.7),
    example(stands, True, signal=0.0, noise=2.7, bar=2.6),
    example(stands, False, signal=0.0, noise=2.5, bar=2.6),
    example(stands, True, signal=2.0, noise=0.7, bar=2.6),
    example(stands, False, signal=2.0, noise=0.5, bar=2.6),
    example(allows, TRAFFIC, signal=2.0, noise=0.0, bar=2.6, narrow_margin=1.2, data_class=CONTENT),
    example(allows, CONTENT, signal=1.0, noise=0.0, bar=2.6, narrow_margin=1.2, data_class=CONTENT),
    example(allows, CONTENT, signal=2.7, noise=0.0, bar=2.6, narrow_margin=0.0, data_class=CONTENT),  # a court that never narrows
    example(allows, SUBSCRIBER, signal=2.0, noise=0.0, bar=2.6, narrow_margin=1.2, data_class=SUBSCRIBER),  # there is no less
)
# In the units of the YAML; *assumption*: far enough apart to tell.
STRICTER = (
    Stricter("bar", 2.6, 1.6),
    Stricter("narrow_margin", 0.0, 1.2),
    Stricter("narrow_margin", 1.2, 2.4),
    Stricter("delay_days", 21.0, 90.0),
)
