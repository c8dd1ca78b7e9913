"""Which worlds and replicates a study has: event seeds that follow from a world and a number, and never change."""

from __future__ import annotations

EVENT_SEEDS = "world seed + 10000 x replicate number (0, 1, ...)"
"""How event seeds follow, as manifests say it."""
MOST_WORLDS = 10_000  # in one study: the distance between event seeds of one world


def event_seed(world: int, replicate: int) -> int:
    """Seed of the ``replicate``-th replicate of a world: the world's own, then every ten thousandth after it.

    So the first replicate of a world is the run that ``rogatory run`` makes under that seed; no two replicates of a study share an
    event seed; and none changes when worlds or replicates are added.

    >>> event_seed(7, 0), event_seed(7, 1), event_seed(8, 0)
    (7, 10007, 8)
    """
    return world + MOST_WORLDS * replicate


def world_of(seed: int) -> int:
    """The world of an event seed, where the configuration fixes none and no world has a number from ten thousand on.

    >>> world_of(7), world_of(10007)
    (7, 7)
    """
    return seed % MOST_WORLDS
