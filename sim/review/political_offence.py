"""A request about a political offence may be refused (Budapest Art 27(4)(a); the 1959 Convention, Art 2(a)); absent from Hanoi."""

from __future__ import annotations

from sim.review.safeguard import EVERYTHING, Ground

MOVES = EVERYTHING


class PoliticalOffence(Ground):
    """Reads the narrated facts: it has no purchase on a fabricated fraud."""


def stands(signal: float, covers: float, alleged_is_protected: bool, noise: float, bar: float) -> bool:
    """The facts as narrated are of a political kind, and the reader sees it."""
    return alleged_is_protected and covers * signal + noise > bar
