"""Named draws on plain whole numbers: the hash of docs/model.md ("Randomness"), written for one draw at a time.

A draw hangs on the seed, the name of what it is for and stable keys, and on nothing else. ``Luck(seed).uniform("look", 5, 7)``
is the number that ``sim.draws.Draws(seed).uniform("look", 5, 7)`` gives; a test holds the two against each other.

A generator of Python's gives its next number in less time than Python takes for one multiplication of 64 bits, and a draw has two
for each key. So that luck by name costs a rule no more than luck by turn, the hash is written once and used twice: ``PLAIN`` runs
it as it stands here, ``COMPILED`` is the same lines as machine code, and ``HASH`` the quicker of what there is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from math import log, log1p
from statistics import NormalDist
from typing import Any, NamedTuple

import numba
from scipy.special import gammaincinv

_WORD = 2**64 - 1  # whole numbers are kept to 64 bits by this mask
_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_UNIT = 2.0**-53
_FLOOR = 2.0**-54  # stands for a uniform of exactly zero under a logarithm
_inverse = NormalDist().inv_cdf


# --- the hash ---------------------------------------------------------------------------------------------------------------------


class Hash(NamedTuple):
    """The hash and its uniforms. Every hash and every key is a whole number from 0 to 2**64 - 1."""

    mixed: Callable[[int], int]  # one round of the splitmix64 finaliser
    absorbed: Callable[[int, int], int]  # a hash after one further key
    both: Callable[[int, int, int], int]  # after two
    one: Callable[[int, int], float]  # the uniform on [0, 1), with 53 bits, of a hash and one further key
    two: Callable[[int, int, int], float]  # of two further keys
    three: Callable[[int, int, int, int], float]


def _hash(made: Callable[[Any], Any]) -> Hash:
    """The hash, every function of it as ``made`` makes it of what is written."""

    @made
    def mixed(h: int) -> int:
        h = ((h ^ (h >> 30)) * _MIX_1) & _WORD
        h = ((h ^ (h >> 27)) * _MIX_2) & _WORD
        return h ^ (h >> 31)

    @made
    def absorbed(h: int, key: int) -> int:
        return mixed(h ^ ((key * _GOLDEN + _MIX_1) & _WORD))

    @made
    def both(h: int, a: int, b: int) -> int:
        return absorbed(absorbed(h, a), b)

    @made
    def one(h: int, a: int) -> float:
        return (absorbed(h, a) >> 11) * _UNIT

    @made
    def two(h: int, a: int, b: int) -> float:
        return (absorbed(absorbed(h, a), b) >> 11) * _UNIT

    @made
    def three(h: int, a: int, b: int, c: int) -> float:
        return (absorbed(absorbed(absorbed(h, a), b), c) >> 11) * _UNIT

    return Hash(mixed, absorbed, both, one, two, three)


def _compiled(function: Any) -> Any:
    """A function of whole numbers of 64 bits as machine code, made at once; a number that is no such number is an error."""
    gives = {"int": "uint64", "float": "float64"}[function.__annotations__["return"]]
    return numba.njit(f"{gives}({', '.join(['uint64'] * function.__code__.co_argcount)})")(function)


def _entered(dispatcher: Any) -> Any:
    """Machine code without what chooses among several by the types of what is given: it takes as long again, and there is one."""
    (only,) = dispatcher.overloads.values()
    return only.entry_point


PLAIN = _hash(lambda function: function)
COMPILED = None if numba.config.DISABLE_JIT else Hash(*map(_entered, _hash(_compiled)))
HASH = COMPILED or PLAIN
mixed, absorbed, both, _one, _two, _three = HASH


@cache
def name_key(name: str) -> int:
    """Key of a name: the first eight bytes of its BLAKE2b digest."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


# --- other laws -------------------------------------------------------------------------------------------------------------------


def normal(u: float) -> float:
    """Standard normal quantile of a uniform (Wichura's AS 241, as the standard library has it)."""
    return _inverse(u or _FLOOR)


def gamma_at(u: float, shape: float) -> float:
    """Quantile at a uniform of the gamma with mean one and the given shape."""
    return float(gammaincinv(shape, u)) / shape


def gumbel(u: float) -> float:
    """Standard Gumbel quantile of a uniform."""
    return -log(-log(u if u > _FLOOR else _FLOOR))


def exponential(u: float) -> float:
    """Unit exponential quantile of a uniform."""
    return -log1p(-u)


# --- luck -------------------------------------------------------------------------------------------------------------------------


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

    def uniform(self, purpose: str, a: int, b: int | None = None, c: int | None = None) -> float:
        """Uniform on [0, 1) of a purpose and one to three keys."""
        try:
            h = self._starts[purpose]
        except KeyError:
            h = self.start(purpose)
        if b is None:
            return _one(h, a)
        if c is None:
            return _two(h, a, b)
        return _three(h, a, b, c)

    def after(self, h: int, key: int) -> float:
        """Uniform of one key further than a hash, for races that share all but the option."""
        return _one(h, key)

    def normal(self, purpose: str, a: int, b: int | None = None, c: int | None = None) -> float:
        """Standard normal of a purpose and one to three keys."""
        return _inverse(self.uniform(purpose, a, b, c) or _FLOOR)

    def gumbel(self, purpose: str, *keys: int) -> float:
        """Standard Gumbel of a purpose and keys."""
        return gumbel(self.uniform(purpose, *keys))
