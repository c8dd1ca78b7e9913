"""Other offences qualify only if serious: a maximum of at least four years under the requester's law (Hanoi Art 2(h))."""

from __future__ import annotations

from sim.review.safeguard import EVERYTHING, Gate

MOVES = EVERYTHING


class Seriousness(Gate):
    """The label's maximum (or the offence's harm) is under the instrument's line."""


def stands(reach: int) -> bool:
    """The label falls under the line that the text draws."""
    return reach == 2
