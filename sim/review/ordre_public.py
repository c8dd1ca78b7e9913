"""Refusal where execution would prejudice sovereignty, security, ordre public or essential interests (Hanoi Art 40(21)(b))."""

from __future__ import annotations

from sim.review.safeguard import EVERYTHING, Ground

MOVES = EVERYTHING


class OrdrePublic(Ground):
    """The catch-all: covers everybody, but takes more than a suspicion of motive."""


def stands(signal: float, covers: float, noise: float, bar: float) -> bool:
    """Executing this would offend the requested state's own order."""
    return covers * signal + noise > bar
