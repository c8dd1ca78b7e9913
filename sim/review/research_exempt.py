"""Good-faith research is no misuse of devices (Hanoi Art 11(2)), read as a rule for all parties and for access too: a proposal."""

from __future__ import annotations

from sim.review.examples import example
from sim.review.safeguard import EVERYTHING, Gate

MOVES = EVERYTHING


class ResearchExempt(Gate):
    """Reads the narrated facts and the cited provision: a fabrication, which narrates another crime, passes it."""


def stands(alleged_is_exempt: bool) -> bool:
    """The provision asks for dishonest intent, and what is narrated was done in good faith."""
    return alleged_is_exempt


EXAMPLES = (
    example(stands, True, alleged_is_exempt=True),  # research narrated, access cited
    example(stands, False, alleged_is_exempt=False),  # research narrated and extortion cited, or access narrated
)
