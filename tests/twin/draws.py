"""Named draws on plain whole numbers: the hash of docs/model.md ("Randomness"), written for one draw at a time.

A draw hangs on the seed, the name of what it is for and stable keys, and on nothing else. ``Luck(seed).uniform("look", 5, 7)``
is the number that ``sim.draws.Draws(seed).uniform("look", 5, 7)`` gives; a test holds the two against each other.
"""

from __future__ import annotations

import hashlib
from functools import cache
from math import log, log1p
from statistics import NormalDist

from sim.draws import Draws

_WORD = 2**64 - 1  # whole numbers are kept to 64 bits by this mask
_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_UNIT = 2.0**-53
_FLOOR = 2.0**-54  # stands for a uniform of exactly zero under a logarithm
_NORMAL = NormalDist()


@cache
def name_key(name: str) -> int:
    """Key of a name: the first eight bytes of its BLAKE2b digest."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def mixed(h: int) -> int:
    """One round of the splitmix64 finaliser."""
    h = ((h ^ (h >> 30)) * _MIX_1) & _WORD
    h = ((h ^ (h >> 27)) * _MIX_2) & _WORD
    return h ^ (h >> 31)


def absorbed(h: int, key: int) -> int:
    """A hash after one further key."""
    h ^= (key * _GOLDEN + _MIX_1) & _WORD
    h = ((h ^ (h >> 30)) * _MIX_1) & _WORD
    h = ((h ^ (h >> 27)) * _MIX_2) & _WORD
    return h ^ (h >> 31)


def unit(h: int) -> float:
    """A hash as a uniform on [0, 1) with 53 bits."""
    return (h >> 11) * _UNIT


def uniform_after(h: int, key: int) -> float:
    """The uniform of a hash and one further key."""
    h ^= (key * _GOLDEN + _MIX_1) & _WORD
    h = ((h ^ (h >> 30)) * _MIX_1) & _WORD
    h = ((h ^ (h >> 27)) * _MIX_2) & _WORD
    return ((h ^ (h >> 31)) >> 11) * _UNIT


def normal(u: float) -> float:
    """Standard normal quantile of a uniform (Wichura's AS 241, as the standard library has it)."""
    return _NORMAL.inv_cdf(u if u > 0.0 else _FLOOR)


def gumbel(u: float) -> float:
    """Standard Gumbel quantile of a uniform."""
    return -log(-log(u if u > _FLOOR else _FLOOR))


def exponential(u: float) -> float:
    """Unit exponential quantile of a uniform."""
    return -log1p(-u)


class Luck:
    """All the luck of one seed."""

    __slots__ = ("_starts", "seed")

    def __init__(self, seed: int) -> None:
        """Take a seed, a whole number."""
        self.seed = int(seed) & _WORD
        self._starts: dict[str, int] = {}

    def derived(self, name: str) -> Luck:
        """Other luck that the same seed settles."""
        return Luck(self.start(name))

    def start(self, purpose: str) -> int:
        """The hash of a purpose, ready to absorb keys."""
        found = self._starts.get(purpose)
        if found is None:
            found = self._starts[purpose] = absorbed(mixed((self.seed + _GOLDEN) & _WORD), name_key(purpose))
        return found

    def hashed(self, purpose: str, *keys: int) -> int:
        """The hash of a purpose and keys."""
        h = self.start(purpose)
        for key in keys:
            h = absorbed(h, key)
        return h

    def uniform(self, purpose: str, *keys: int) -> float:
        """Uniform on [0, 1) of a purpose and keys."""
        h = self._starts.get(purpose) or self.start(purpose)
        for key in keys:
            h ^= (key * _GOLDEN + _MIX_1) & _WORD
            h = ((h ^ (h >> 30)) * _MIX_1) & _WORD
            h = ((h ^ (h >> 27)) * _MIX_2) & _WORD
            h ^= h >> 31
        return (h >> 11) * _UNIT

    def after(self, h: int, key: int) -> float:
        """Uniform of one key further than a hash, for races that share all but the option."""
        return uniform_after(h, key)

    def gamma(self, shape: float, purpose: str, *keys: int) -> float:
        """Gamma with mean one and the given shape, of a purpose and keys."""
        return float(Draws(self.seed).gamma(shape, purpose, *keys))

    def normal(self, purpose: str, *keys: int) -> float:
        """Standard normal of a purpose and keys."""
        return normal(self.uniform(purpose, *keys))

    def gumbel(self, purpose: str, *keys: int) -> float:
        """Standard Gumbel of a purpose and keys."""
        return gumbel(self.uniform(purpose, *keys))
