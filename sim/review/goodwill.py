"""Where no text binds the two states there is no duty: comity is granted by alignment and by the requester's standing."""

from __future__ import annotations

from sim.review.safeguard import Gate


class Goodwill(Gate):
    """Assistance without a duty; counted apart from refusals on a ground."""

    most: float
    by_alignment: float


def stands(luck: float, goodwill: float) -> bool:
    """The requested state does not feel like it."""
    return luck >= goodwill
