"""No use beyond the case without consent (speciality, Hanoi Art 40(19)); the receiver owes safeguards (Art 36(2), (3))."""

from __future__ import annotations

from typing import Literal

from sim.review.examples import example
from sim.review.safeguard import Aftermath
from sim.world.ranges import Unit

MOVES = frozenset({"secondary_use_rate"})


class UseLimitation(Aftermath):
    """A duty of the receiving state, kept by its own lights; an audit makes it kept more often."""

    risk: Literal["own_use", "onward"]
    holds: Unit
    audit: Unit

    def numbers(self) -> dict[str, float]:
        """The risk as a number: 0 use by the receiver beyond the case, 1 transfer to a third state."""
        return {"onward": float(self.risk == "onward"), "holds": self.holds, "audit": self.audit}


def softens(kept: bool, luck: float, audit: float, holds: float) -> float:
    """Factor on the chance of misuse: a duty that is kept, or audited, holds back a share of it."""
    return 1.0 - holds if kept or luck < audit else 1.0


# A duty that holds back 0.7 of misuse, where it is kept or an audit (chance 0.5) makes it kept.
EXAMPLES = (
    example(softens, 0.3, kept=True, luck=0.9, audit=0.0, holds=0.7),
    example(softens, 1.0, kept=False, luck=0.5, audit=0.5, holds=0.7),
    example(softens, 0.3, kept=False, luck=0.4, audit=0.5, holds=0.7),
)
