"""Nothing in the Convention permits the suppression of human rights (Hanoi Art 6): a licence to refuse for whoever reads it so."""

from __future__ import annotations

from sim.review.safeguard import EVERYTHING, Ground

MOVES = EVERYTHING


class HumanRights(Ground):
    """Names expression, conscience, religion, assembly and association: covers everybody, but takes more than suspicion."""


def stands(signal: float, covers: float, noise: float, bar: float) -> bool:
    """Assistance would help to suppress a right."""
    return covers * signal + noise > bar
