"""Cooperation is owed only for the offences that the instrument reaches (Hanoi Arts 3 and 35(1))."""

from __future__ import annotations

from sim.review.safeguard import EVERYTHING, Gate

MOVES = EVERYTHING


class Scope(Gate):
    """The class of the label is outside the instrument."""


def stands(reach: int) -> bool:
    """The label belongs to a class of offences that the text does not reach."""
    return reach == 1
