"""Nothing in the Convention permits the suppression of human rights (Hanoi Art 6): a licence to refuse for whoever reads it so."""

from __future__ import annotations

from sim.review.examples import Stricter, example
from sim.review.safeguard import EVERYTHING, Ground

MOVES = EVERYTHING


class HumanRights(Ground):
    """Names expression, conscience, religion, assembly and association: covers everybody, but takes more than suspicion."""


def stands(signal: float, covers: float, noise: float, bar: float) -> bool:
    """Assistance would help to suppress a right."""
    return covers * signal + noise > bar


# A plain motive against a bar of 2.5: the clause covers in proportion.
EXAMPLES = (
    example(stands, True, signal=4.0, covers=0.7, noise=0.0, bar=2.5),
    example(stands, False, signal=4.0, covers=0.5, noise=0.0, bar=2.5),
)
# In the units of the YAML; *assumption*: far enough apart to tell.
STRICTER = (Stricter("shift", 0.3, -0.7),)
