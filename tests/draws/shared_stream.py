"""The other way to be lucky: one sequential generator for all that happens, as most models draw.

``Twin(config, world, seed, luck=Stream(seed))`` is the same model: every named draw of a run has the same law and is independent of
the others, and asked for again it is the same number. But its number is the next of the generator when it is first asked for, so
whatever one arm draws and the other does not shifts all that comes after. What the world's seed settles stays named.
"""

from __future__ import annotations

from random import Random

from tests.twin.draws import Luck, absorbed


class Stream(Luck):
    """All the luck of one seed, in the order in which it is asked for."""

    __slots__ = ("_drawn", "_following")

    def __init__(self, seed: int) -> None:
        """Take a seed, a whole number."""
        super().__init__(seed)
        self._following = Random(self.seed).random
        self._drawn: dict[int, float] = {}

    def uniform(self, purpose: str, a: int, b: int | None = None, c: int | None = None) -> float:
        """The next number, or the one that this purpose and these keys have had before."""
        return self._of(self.hashed(purpose, *(key for key in (a, b, c) if key is not None)))

    def after(self, h: int, key: int) -> float:
        """The next number, or the one that this race and this option have had before."""
        return self._of(absorbed(h, key))

    def _of(self, name: int) -> float:
        found = self._drawn.get(name)
        if found is None:
            found = self._drawn[name] = self._following()
        return found
