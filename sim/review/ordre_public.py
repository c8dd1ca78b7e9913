"""Refusal where execution would prejudice sovereignty, security, ordre public or essential interests (Hanoi Art 40(21)(b))."""

from __future__ import annotations

from sim.review.examples import Stricter, example
from sim.review.safeguard import EVERYTHING, Ground

MOVES = EVERYTHING


class OrdrePublic(Ground):
    """The catch-all: covers everybody, but takes more than a suspicion of motive."""


def stands(signal: float, covers: float, noise: float, bar: float) -> bool:
    """Executing this would offend the requested state's own order."""
    return covers * signal + noise > bar


# A motive of 2.0 against a bar of 2.5: what the list covers, and what accident adds.
EXAMPLES = (
    example(stands, True, signal=2.0, covers=1.0, noise=0.6, bar=2.5),
    example(stands, False, signal=2.0, covers=1.0, noise=0.4, bar=2.5),
    example(stands, False, signal=2.0, covers=0.3, noise=0.6, bar=2.5),  # the same motive, and hardly covered
    example(stands, True, signal=2.0, covers=0.0, noise=2.6, bar=2.5),  # nobody is covered: accident alone
    example(stands, False, signal=0.0, covers=1.0, noise=2.4, bar=2.5),
)
# In the units of the YAML; *assumption*: far enough apart to tell.
STRICTER = (Stricter("shift", 0.3, -0.7),)
