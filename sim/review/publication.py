"""States publish how many requests they met and refused, by requester (proposal: Tech Accord, EFF); Hanoi has no such duty."""

from __future__ import annotations

from sim.review.examples import example
from sim.review.safeguard import Aftermath

MOVES: frozenset[str] = frozenset()  # it works through the record, and nobody reads a record while nobody adapts


class Publication(Aftermath):
    """Creates the public record on which reviewers and requesters could act."""


def publishes(kept: bool) -> bool:
    """The requested state counts the request in its statistics."""
    return kept


EXAMPLES = (example(publishes, True, kept=True), example(publishes, False, kept=False))
