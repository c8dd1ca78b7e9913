"""Assistance may be declined where the conduct is no crime in the requested state (Hanoi Arts 35(3) and 40(8))."""

from __future__ import annotations

from typing import Literal

from sim.review.examples import example
from sim.review.safeguard import EVERYTHING, Gate

MOVES = EVERYTHING


class DualCriminality(Gate):
    """By conduct (whatever the label, Art 35(3)) or by label (the test that relabelling exploits)."""

    test: Literal["conduct", "label"]

    def numbers(self) -> dict[str, float]:
        """The choice of test as a number for the rule."""
        return {"by_label": float(self.test == "label")}


def stands(alleged_is_crime: bool, label_is_crime: bool, by_label: float) -> bool:
    """What the dossier narrates (or cites) is no crime here: it catches honest requests, never fabricated facts."""
    return not label_is_crime if by_label > 0.5 else not alleged_is_crime


EXAMPLES = (
    example(stands, False, by_label=0.0, alleged_is_crime=True, label_is_crime=True),
    example(stands, False, by_label=0.0, alleged_is_crime=True, label_is_crime=False),  # another label for a crime: no objection
    example(stands, True, by_label=0.0, alleged_is_crime=False, label_is_crime=True),  # insult called extremism does not pass
    example(stands, True, by_label=0.0, alleged_is_crime=False, label_is_crime=False),
    example(stands, False, by_label=1.0, alleged_is_crime=True, label_is_crime=True),
    example(stands, True, by_label=1.0, alleged_is_crime=True, label_is_crime=False),
    example(stands, False, by_label=1.0, alleged_is_crime=False, label_is_crime=True),  # the test that relabelling exploits
    example(stands, True, by_label=1.0, alleged_is_crime=False, label_is_crime=False),
)
