"""Which worlds and lucks a study has: event seeds that follow from a world and a number, and never change."""

from __future__ import annotations

EVENT_SEEDS = "world seed + 10000 x luck number (0, 1, ...)"
"""How event seeds follow, as manifests say it."""
MOST_WORLDS = 10_000  # in one study: the distance between event seeds of one world


def event_seed(world: int, luck: int) -> int:
    """Seed of the ``luck``-th luck of a world: the world's own, then every ten thousandth after it.

    So the first luck of a world is the run that ``rogatory run`` makes under that seed; no two replicates of a study share an
    event seed; and none changes when worlds or lucks are added.

    >>> event_seed(7, 0), event_seed(7, 1), event_seed(8, 0)
    (7, 10007, 8)
    """
    return world + MOST_WORLDS * luck
