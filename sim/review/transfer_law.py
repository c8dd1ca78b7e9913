"""Data need not go where the sender's own law on personal data forbids it (Hanoi Art 36(1)): a bar, or a condition."""

from __future__ import annotations

from sim.review.examples import Stricter, example
from sim.review.safeguard import EVERYTHING, Ground
from sim.world.ranges import Days, Unit

MOVES = EVERYTHING


class TransferLaw(Ground):
    """Reads states and never motive: a share of what falls short is declined, all else goes on a condition that takes days."""

    declined: Unit
    delay_days: Days
    holds: Unit
    audit: Unit


def stands(dp_answer: float, declined: float, gap: float) -> bool:
    """The requested state will not send data to where they are protected that much less."""
    return dp_answer < declined * gap


def conditions(dp_answer: float, declined: float, gap: float) -> bool:
    """It sends them on a condition: for the case alone, and open to audit."""
    return gap > 0.0 and dp_answer >= declined * gap


def softens(luck: float, audit: float, holds: float) -> float:
    """Factor on the chance of misuse: a condition that is audited holds back a share of it."""
    return 1.0 - holds if luck < audit else 1.0


# A law of strength 1 and a receiver of protection 0.5: three in twenty are declined, the rest goes on a condition.
EXAMPLES = (
    example(stands, True, dp_answer=0.14, declined=0.3, gap=0.5),
    example(stands, False, dp_answer=0.16, declined=0.3, gap=0.5),
    example(stands, False, dp_answer=0.0, declined=0.3, gap=0.0),
    example(conditions, False, dp_answer=0.14, declined=0.3, gap=0.5),
    example(conditions, True, dp_answer=0.16, declined=0.3, gap=0.5),
    example(conditions, False, dp_answer=0.5, declined=0.3, gap=0.0),  # nothing falls short: nothing is asked
    example(softens, 0.3, luck=0.4, audit=0.5, holds=0.7),
    example(softens, 1.0, luck=0.5, audit=0.5, holds=0.7),
)
# In the units of the YAML; *assumption*: far enough apart to tell.
STRICTER = (Stricter("declined", 0.1, 1.0),)
