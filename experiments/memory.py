"""How often a process of our own looks for objects that hold each other and that nobody else holds."""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 50_000, 10, 100
"""New objects after which the youngest are looked through, and how often that is done before older ones are; *measured*: Python's
own 700, 10, 10 look through all modules five times in a short study, half a second of CPU, and find next to nothing."""


def look_seldom() -> None:
    """Let Python look less often; for a process that is ours alone, and not for one that called us."""
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
