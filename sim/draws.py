"""Named randomness: a draw is a pure function of (seed, purpose, keys); there is no stream, no order and no state.

A 64-bit hash absorbs the seed, the purpose's name and each key with one round of the splitmix64 finaliser (Steele, Lea and
Flood 2014, constants of Stafford's variant 13). The same case therefore meets the same luck in every scenario, on every
worker, in every month: common random numbers by construction.

Promised bit for bit: the hash and its 53-bit uniform. Every other marginal is a documented quantile function of one uniform,
compiled without fast-math: normal by Wichura's AS 241 (1988), Gumbel and exponential by their logarithms, Poisson by search,
gamma and beta by SciPy's inverse incomplete functions.
"""

from __future__ import annotations

import hashlib
import operator
from dataclasses import dataclass
from functools import lru_cache
from math import exp, floor, lgamma, log, log1p, prod, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from sim.arrays import Keys, Reals
from sim.compiled import inlined, kernel

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd: spreads neighbouring keys over all bits
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = 2.0**-53
_CLEAR = 4.0  # times the chance of any event: more than the sums of its search, whose first may be subnormal, can be off
_LEAST_SUMMED, _MOST_SUMMED = 1e-3, 50.0  # means between which a search sums up nothing subnormal, and sums from zero are short
_DOUBT = 1e-9  # of a cumulative probability: a thousand times the roundings of either sum
_FLOOR = 2.0**-54  # what a quantile function reads for a uniform of exactly zero


@lru_cache(maxsize=4096)
def name_key(name: str) -> np.uint64:
    """Stable 64-bit key of a name (state code, offence, purpose): the first eight bytes of its BLAKE2b digest."""
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little"))


def name_keys(names: list[str] | tuple[str, ...]) -> Keys:
    """Keys of several names, shape ``[len(names)]``."""
    return np.array([name_key(name) for name in names], dtype=np.uint64)


# --- scalar forms, for kernels -------------------------------------------------------------------------------------------


@inlined
def mix(h: np.uint64) -> np.uint64:
    """One round of the splitmix64 finaliser: a bijection of 64 bits with full avalanche."""
    h = (h ^ (h >> _30)) * _MIX_1
    h = (h ^ (h >> _27)) * _MIX_2
    return h ^ (h >> _31)


@inlined
def absorb(h: np.uint64, k: np.uint64) -> np.uint64:
    """Take a further key into a hash; the order of keys matters."""
    return mix(h ^ (k * _GOLDEN + _MIX_1))


@inlined
def opened(seed: np.uint64, purpose: np.uint64) -> np.uint64:
    """The hash of a purpose under a seed, ready to absorb keys."""
    return absorb(mix(seed + _GOLDEN), purpose)


@inlined
def unit(h: np.uint64) -> float:
    """A hash as a uniform on {0, 1, ..., 2**53 - 1} / 2**53."""
    return float(h >> _11) * _UNIT


@inlined
def u1(seed: np.uint64, purpose: np.uint64, a: np.uint64) -> float:
    """Uniform of one key."""
    return unit(absorb(opened(seed, purpose), a))


@inlined
def u2(seed: np.uint64, purpose: np.uint64, a: np.uint64, b: np.uint64) -> float:
    """Uniform of two keys."""
    return unit(absorb(absorb(opened(seed, purpose), a), b))


@inlined
def u3(seed: np.uint64, purpose: np.uint64, a: np.uint64, b: np.uint64, c: np.uint64) -> float:
    """Uniform of three keys."""
    return unit(absorb(absorb(absorb(opened(seed, purpose), a), b), c))


@inlined
def normal_quantile(u: float) -> float:
    """Standard normal quantile, AS 241 (PPND16): relative error below 1e-15."""
    p = max(u, _FLOOR)
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        num = 2.5090809287301226727e3
        for c in (3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4, 1.3731693765509461125e4,
                  1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0):  # fmt: skip
            num = num * r + c
        den = 5.2264952788528545610e3
        for c in (2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4, 5.3941960214247511077e3,
                  6.8718700749205790830e2, 4.2313330701600911252e1, 1.0):  # fmt: skip
            den = den * r + c
        return q * num / den
    r = sqrt(-log(p if q < 0.0 else 1.0 - p))
    if r <= 5.0:
        r -= 1.6
        num = 7.74545014278341407640e-4
        for c in (2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0, 3.64784832476320460504e0,
                  5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0):  # fmt: skip
            num = num * r + c
        den = 1.05075007164441684324e-9
        for c in (5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1, 6.89767334985100004550e-1,
                  1.67638483018380384940e0, 2.05319162663775882187e0, 1.0):  # fmt: skip
            den = den * r + c
    else:
        r -= 5.0
        num = 2.01033439929228813265e-7
        for c in (2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2, 2.96560571828504891230e-1,
                  1.78482653991729133580e0, 5.46378491116411436990e0, 6.65790464350110377720e0):  # fmt: skip
            num = num * r + c
        den = 2.04426310338993978564e-15
        for c in (1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4, 1.48753612908506148525e-2,
                  1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0):  # fmt: skip
            den = den * r + c
    return -num / den if q < 0.0 else num / den


@inlined
def waiting_time(u: float) -> float:
    """What an option waits in a race, ``-log u``: the least of ``wait / w`` is drawn with probability w / sum w.

    A unit exponential, and minus the logarithm of it the Gumbel of the same uniform: both races have the same winner.
    """
    return -log(max(u, _FLOOR))


@inlined
def gumbel_quantile(u: float) -> float:
    """Standard Gumbel quantile, ``-log(-log u)``: the largest of ``log w + Gumbel`` is drawn with probability w / sum w."""
    return -log(waiting_time(u))


@inlined
def exponential_quantile(u: float) -> float:
    """Unit exponential quantile, ``-log(1 - u)``."""
    return -log1p(-u)


@inlined
def _poisson_mass(n: int, mean: float) -> float:
    return exp(n * log(mean) - mean - lgamma(n + 1.0))


@inlined
def _summed_up(u: float, mean: float) -> int:
    """Smallest n whose cumulative probability, summed from none on, exceeds ``u``; -1 where a sum is too near to ``u`` to tell."""
    n, mass = 0, exp(-mean)
    total = mass
    while total <= u - _DOUBT:
        n += 1
        mass *= mean / n
        total += mass
    return n if total > u + _DOUBT else -1


@inlined
def poisson_searched(u: float, mean: float) -> int:
    """Smallest n whose Poisson cumulative probability exceeds ``u``, for a mean above zero.

    Searched upwards from twelve deviations under the mean, or for ``u`` over one half downwards from above by the upper tail,
    whose small sums do not drown in the rounding of one.
    """
    reach = 12.0 * sqrt(mean)
    if u <= 0.5:
        n = max(0, floor(mean - reach - 12.0))
        mass = _poisson_mass(n, mean)
        total = mass
        while total <= u:
            n += 1
            mass *= mean / n
            total += mass
        return n
    n = floor(mean + reach + 40.0)
    mass = _poisson_mass(n, mean)
    beyond = mass
    while beyond < 1.0 - u and n > 0:
        mass *= n / mean
        n -= 1
        beyond += mass
    return n


@inlined
def poisson_quantile(u: float, mean: float) -> int:
    """Smallest n whose Poisson cumulative probability exceeds ``u``: that of the search, without it where n is certain.

    No event where ``u`` is far from one, for one or more have at most the probability ``mean``; and what plain sums tell.
    """
    if mean <= 0.0 or _CLEAR * mean < 1.0 - u:
        return 0
    n = _summed_up(u, mean) if _LEAST_SUMMED < mean < _MOST_SUMMED else -1
    return n if n >= 0 else poisson_searched(u, mean)


# --- array forms ---------------------------------------------------------------------------------------------------------


@kernel
def _uniforms(start: np.uint64, keys: Keys) -> Reals:
    out = np.empty(keys.shape[1])
    for m in range(keys.shape[1]):
        h = start
        for k in range(keys.shape[0]):
            h = absorb(h, keys[k, m])
        out[m] = unit(h)
    return out


@kernel
def _opened(seed: np.uint64, purpose: np.uint64) -> np.uint64:
    return opened(seed, purpose)


@kernel
def _normals(u: Reals) -> Reals:
    out = np.empty_like(u)
    for m in range(u.size):
        out[m] = normal_quantile(u[m])
    return out


@kernel
def _poissons(u: Reals, mean: Reals) -> NDArray[np.int64]:
    out = np.empty(u.size, np.int64)
    for m in range(u.size):
        out[m] = poisson_quantile(u[m], mean[m])
    return out


def gamma_quantiles(u: Reals, shape: float) -> Reals:
    """Quantiles of the gamma with mean one and the given shape (so variance 1/shape), in the form of the uniforms ``u``."""
    return np.asarray(special.gammaincinv(shape, u) / shape, dtype=np.float64)


def as_keys(key: ArrayLike | str) -> Keys:
    """Any key as unsigned 64-bit integers: a name is hashed, an integer taken as it is (two's complement)."""
    if isinstance(key, str):
        return np.asarray(name_key(key))
    array = np.asarray(key)
    if array.dtype.kind == "U":
        return name_keys(array.ravel().tolist()).reshape(array.shape)
    if array.dtype.kind not in "iu":
        raise TypeError(f"a key of a draw must be an integer or a name, not {array.dtype}")
    return array.astype(np.uint64, copy=False)


@dataclass(frozen=True)
class Draws:
    """All the luck of one seed: ``draws.uniform("look", case_ids, state_keys)`` is the same whenever and wherever it is asked."""

    seed: int

    def __post_init__(self) -> None:
        """A seed is a whole number; anything else is a ``TypeError``."""
        operator.index(self.seed)

    @property
    def root(self) -> np.uint64:
        """The seed as kernels take it (modulo 2**64)."""
        return np.uint64(self.seed % 2**64)

    def derived(self, name: str) -> Draws:
        """Other luck that the same seed settles: a calibration, a placebo."""
        return Draws(int(_opened(self.root, name_key(name))))

    def uniform(self, purpose: str, *keys: ArrayLike | str) -> Reals:
        """Uniforms on [0, 1) with 53 bits, in the broadcast shape of the keys.

        >>> Draws(7).uniform("look", [1, 2]).round(6).tolist() == Draws(7).uniform("look", [1, 2]).round(6).tolist()
        True
        """
        parts = [as_keys(key) for key in keys]
        shape = np.broadcast_shapes(*(part.shape for part in parts))
        table = np.empty((len(parts), *shape), np.uint64)
        for row, part in enumerate(parts):
            table[row] = part
        start = np.uint64(_opened(self.root, name_key(purpose)))  # boxed as int by Numba: the type must be named again
        return _uniforms(start, table.reshape(len(parts), prod(shape))).reshape(shape)

    def normal(self, purpose: str, *keys: ArrayLike | str) -> Reals:
        """Standard normals."""
        u = self.uniform(purpose, *keys)
        return _normals(u.ravel()).reshape(u.shape)

    def gumbel(self, purpose: str, *keys: ArrayLike | str) -> Reals:
        """Standard Gumbels, for races between options."""
        return -np.log(-np.log(np.maximum(self.uniform(purpose, *keys), _FLOOR)))

    def poisson(self, mean: ArrayLike, purpose: str, *keys: ArrayLike | str) -> NDArray[np.int64]:
        """Poisson counts with the given means (broadcast against the keys)."""
        u, mu = np.broadcast_arrays(self.uniform(purpose, *keys), np.asarray(mean, dtype=np.float64))
        return _poissons(np.ascontiguousarray(u).ravel(), np.ascontiguousarray(mu).ravel()).reshape(u.shape)

    def gamma(self, shape: float, purpose: str, *keys: ArrayLike | str) -> Reals:
        """Gamma with mean one and the given shape (so variance 1/shape)."""
        return gamma_quantiles(self.uniform(purpose, *keys), shape)

    def beta(self, a: float, b: float, purpose: str, *keys: ArrayLike | str) -> Reals:
        """Beta(a, b)."""
        return np.asarray(special.betaincinv(a, b, self.uniform(purpose, *keys)), dtype=np.float64)
