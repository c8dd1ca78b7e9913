"""A request about a political offence may be refused (Budapest Art 27(4)(a); the 1959 Convention, Art 2(a)); absent from Hanoi."""

from __future__ import annotations

from sim.review.examples import Stricter, example
from sim.review.safeguard import EVERYTHING, Ground

MOVES = EVERYTHING


class PoliticalOffence(Ground):
    """Reads the narrated facts: it has no purchase on a fabricated fraud."""


def stands(signal: float, covers: float, alleged_is_protected: bool, noise: float, bar: float) -> bool:
    """The facts as narrated are of a political kind, and the reader sees it."""
    return alleged_is_protected and covers * signal + noise > bar


# Two motives against a bar of 2.5, with and without political facts in the narrative.
EXAMPLES = (
    example(stands, True, alleged_is_protected=True, signal=2.0, covers=1.0, noise=0.6, bar=2.5),
    example(stands, False, alleged_is_protected=True, signal=2.0, covers=1.0, noise=0.4, bar=2.5),
    example(stands, False, alleged_is_protected=False, signal=2.0, covers=1.0, noise=0.6, bar=2.5),  # a fabricated fraud
    example(stands, False, alleged_is_protected=False, signal=9.0, covers=1.0, noise=2.4, bar=2.5),
    example(stands, False, alleged_is_protected=False, signal=0.0, covers=1.0, noise=2.6, bar=2.5),  # an ordinary crime
)
# In the units of the YAML; *assumption*: far enough apart to tell.
STRICTER = (Stricter("shift", 0.0, -1.0),)
