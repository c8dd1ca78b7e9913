"""Tests of randomness: each takes uniforms and gives p-values, which are themselves uniform when the draws are fair."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import combinations
from string import ascii_uppercase

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from sim.arrays import Keys, Reals
from sim.compiled import kernel
from sim.draws import absorb, name_keys, opened

ALARM = 1e-6  # chance that a pooled test, all its p-values together, condemns a perfect generator
SEEDS = (0, 1, 2, 42, 2**31 - 1, 2**32, 2**63 - 1, 2**63, 10**18, -1, -2, -7, -(2**62))
GOLDEN = 0x9E3779B97F4A7C15
_PURPOSES = """
cases frailty person member foreign conduct class day live file label destination channel dossier quality look hours
applied patience supplement comity provider contest win retention notice remedy exposed lag leak spyware penalty_rise
delay restrict ratify
"""
PURPOSES = tuple(_PURPOSES.split())


# --- the hash itself, for all of its 64 bits and for seeds and purposes as variables ----------------------------------


@kernel
def hashes(table: Keys) -> Keys:
    """Hashes ``[n]`` of a table ``[2 + keys, n]`` whose rows are seed, purpose and the keys."""
    out = np.empty(table.shape[1], np.uint64)
    for m in range(table.shape[1]):
        h = opened(table[0, m], table[1, m])
        for k in range(2, table.shape[0]):
            h = absorb(h, table[k, m])
        out[m] = h
    return out


def table(*rows: NDArray[np.generic] | int) -> Keys:
    """Rows of seeds, purposes and keys, broadcast; integers are taken modulo 2**64."""
    parts = [np.uint64(row % 2**64) if isinstance(row, int) else row.astype(np.uint64) for row in rows]
    return np.ascontiguousarray(np.stack([part.ravel() for part in np.broadcast_arrays(*parts)]))


# --- verdicts ---------------------------------------------------------------------------------------------------------


def condemned(p_values: dict[str, float]) -> str:
    """Why these independent p-values are not those of a fair generator; empty if nothing speaks against it.

    Three charges, each tried at ``ALARM`` / 3: the least p-value and the greatest after Bonferroni,
    and the Kolmogorov-Smirnov distance of all p-values from uniformity (many small faults).
    """
    p = np.array(list(p_values.values()))
    names = list(p_values)
    assert p.size > 0
    assert np.isfinite(p).all()
    charges = []
    if p.min() * p.size < ALARM / 3:
        charges.append(f"too low: {names[int(p.argmin())]} p = {p.min():.3g}")
    if (1.0 - p.max()) * p.size < ALARM / 3:
        charges.append(f"too high: {names[int(p.argmax())]} 1 - p = {1.0 - p.max():.3g}")
    pooled = float(stats.kstest(p, "uniform").pvalue)
    if pooled < ALARM / 3:
        charges.append(f"{p.size} p-values are not uniform: p = {pooled:.3g}")
    return "; ".join(charges)


def normal_p(z: float) -> float:
    """Lower tail of a standard normal statistic: ``condemned`` looks at both ends."""
    return float(special.ndtr(z))


def chi_square_p(counts: NDArray[np.int64], expected: Reals | float) -> float:
    """Upper tail of Pearson's statistic for counts whose total is fixed."""
    return float(special.chdtrc(counts.size - 1, ((counts - expected) ** 2 / expected).sum()))


# --- one sequence of uniforms -----------------------------------------------------------------------------------------


def kolmogorov(u: Reals) -> float:
    ordered, n = np.sort(u), u.size
    rank = np.arange(n) / n
    distance = max((ordered - rank).max(), (rank + 1.0 / n - ordered).max())
    return float(special.kolmogorov(np.sqrt(n) * distance))


def even_bins(u: Reals) -> float:
    """Chi-square over 1024 bins: the top ten bits."""
    return chi_square_p(np.bincount((u * 1024).astype(np.int64), minlength=1024), u.size / 1024)


def even_low_bits(u: Reals) -> float:
    """Chi-square over the values of the ten lowest of the 53 bits."""
    return chi_square_p(np.bincount((u * 2.0**53).astype(np.int64) & 1023, minlength=1024), u.size / 1024)


def even_pairs(u: Reals) -> float:
    """Chi-square of consecutive pairs over 32 x 32 bins."""
    i = (u[: u.size // 2 * 2] * 32).astype(np.int64).reshape(-1, 2)
    return chi_square_p(np.bincount(i[:, 0] * 32 + i[:, 1], minlength=1024), i.shape[0] / 1024)


def even_triples(u: Reals) -> float:
    """Chi-square of consecutive triples over 12 x 12 x 12 bins."""
    i = (u[: u.size // 3 * 3] * 12).astype(np.int64).reshape(-1, 3)
    return chi_square_p(np.bincount(i @ np.array([144, 12, 1]), minlength=1728), i.shape[0] / 1728)


def serial(u: Reals) -> float:
    """Correlation of each draw with the next."""
    return normal_p(float(((u[:-1] - 0.5) * (u[1:] - 0.5)).mean() * 12.0 * np.sqrt(u.size - 1)))


def runs_up_and_down(u: Reals) -> float:
    """Number of monotone runs: mean (2n - 1) / 3, variance (16n - 29) / 90 (Levene and Wolfowitz 1944)."""
    up = np.diff(u) > 0.0
    runs, n = 1 + np.count_nonzero(up[1:] != up[:-1]), u.size
    return normal_p(float((runs - (2 * n - 1) / 3) / np.sqrt((16 * n - 29) / 90)))


def gaps(u: Reals) -> float:
    """Waits between visits of [0, 1/8) are geometric (Knuth 1997, 3.3.2 D)."""
    waits = np.minimum(np.diff(np.flatnonzero(u < 0.125)) - 1, 30)
    law = 0.125 * 0.875 ** np.arange(31)
    law[30] = 0.875**30
    return chi_square_p(np.bincount(waits, minlength=31), waits.size * law)


SEQUENCE_TESTS: tuple[Callable[[Reals], float], ...] = (
    kolmogorov, even_bins, even_low_bits, even_pairs, even_triples, serial, runs_up_and_down, gaps,
)  # fmt: skip


def sequence_p(u: Reals, label: str) -> dict[str, float]:
    """All sequence tests of one series of uniforms."""
    return {f"{label}: {test.__name__}": test(u) for test in SEQUENCE_TESTS}


def bits_p(u: Reals, label: str) -> dict[str, float]:
    """Each of the 53 bits is set half of the time: one p-value a bit."""
    whole = (u * 2.0**53).astype(np.uint64)
    set_count = np.unpackbits(whole.view(np.uint8).reshape(-1, 8), axis=1, bitorder="little").sum(axis=0, dtype=np.int64)
    assert not set_count[53:].any()
    z = (set_count[:53] - u.size / 2) / np.sqrt(u.size / 4)
    return {f"{label}: bit {bit}": normal_p(float(z[bit])) for bit in range(53)}


# --- two sequences that ought to be independent -----------------------------------------------------------------------


def correlation(u: Reals, v: Reals) -> float:
    return normal_p(float(((u - 0.5) * (v - 0.5)).mean() * 12.0 * np.sqrt(u.size)))


def spread_correlation(u: Reals, v: Reals) -> float:
    """Correlation of the distances from the median, which sees dependence without a direction."""
    return correlation(np.abs(2.0 * u - 1.0), np.abs(2.0 * v - 1.0))


def squares(u: Reals, v: Reals) -> float:
    """Chi-square of the pairs over 32 x 32 bins."""
    cells = (u * 32).astype(np.int64) * 32 + (v * 32).astype(np.int64)
    return chi_square_p(np.bincount(cells, minlength=1024), u.size / 1024)


def low_squares(u: Reals, v: Reals) -> float:
    """Chi-square of the pairs of the five lowest bits."""
    low = ((w * 2.0**53).astype(np.int64) & 31 for w in (u, v))
    return chi_square_p(np.bincount(next(low) * 32 + next(low), minlength=1024), u.size / 1024)


def difference(u: Reals, v: Reals) -> float:
    """The difference modulo one of independent uniforms is uniform."""
    return kolmogorov((u - v) % 1.0)


def shared_bits(u: Reals, v: Reals) -> float:
    """The share of equal bits among 53 is one half."""
    other = (u * 2.0**53).astype(np.uint64) ^ (v * 2.0**53).astype(np.uint64)
    return normal_p(float((np.bitwise_count(other).sum() - 26.5 * u.size) / np.sqrt(53 * u.size / 4)))


PAIR_TESTS: tuple[Callable[[Reals, Reals], float], ...] = (
    correlation, spread_correlation, squares, low_squares, difference, shared_bits,
)  # fmt: skip


def pair_p(u: Reals, v: Reals, label: str) -> dict[str, float]:
    """All tests of independence of two series."""
    return {f"{label}: {test.__name__}": test(u, v) for test in PAIR_TESTS}


# --- patterns of keys -------------------------------------------------------------------------------------------------


def bit_reversed(keys: Keys) -> Keys:
    bits = np.unpackbits(np.ascontiguousarray(keys).view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
    return np.packbits(bits[:, ::-1], axis=1, bitorder="little").view(np.uint64).ravel()


def few_bits(n: int) -> Keys:
    """The first ``n`` of the integers with no, one, two, three or four bits set."""
    out: list[int] = []
    for size in range(5):
        for bits in combinations(range(64), size):
            if len(out) == n:
                return np.array(out, dtype=np.uint64)
            out.append(sum(1 << bit for bit in bits))
    raise ValueError(f"there are fewer than {n}")


def codes(n: int) -> Keys:
    """Keys of the first ``n`` of AA, AB, ..., ZZ (ISO 3166-1 alpha-2), AAA, AAB, ... (alpha-3), AAAA, ..."""
    two = [a + b for a in ascii_uppercase for b in ascii_uppercase]
    three = [a + b for a in two for b in ascii_uppercase]
    four = (a + b for a in three for b in ascii_uppercase)
    names = two + three
    names += [next(four) for _ in range(max(0, n - len(names)))]
    return name_keys(names[:n])


class Patterns(Mapping[str, Keys]):
    """Series of keys by name, each made when it is first asked for."""

    def __init__(self, made: Mapping[str, Callable[[], Keys]]) -> None:
        self._made, self._kept = made, dict[str, Keys]()

    def __getitem__(self, name: str) -> Keys:
        if name not in self._kept:
            self._kept[name] = self._made[name]()
        return self._kept[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def patterns(n: int) -> Patterns:
    """Series of ``n`` different keys, all of them as unlike luck as can be."""
    room = 64 - (n - 1).bit_length()  # the greatest shift that keeps n keys apart
    shifts = sorted({shift for shift in (1, 2, 8, 11, 16, 27, 32, 40, 48, 56, 60) if shift < room} | {room})

    def count() -> Keys:
        return np.arange(n, dtype=np.uint64)

    return Patterns(
        {
            "count": count,
            "from 10**12": lambda: count() + np.uint64(10**12),
            "negative": lambda: ~count(),
            **{f"multiples of 2**{shift}": partial(np.left_shift, count(), np.uint64(shift)) for shift in shifts},
            "odd": lambda: count() * np.uint64(2) + np.uint64(1),
            "bit-reversed": lambda: bit_reversed(count()),
            "Gray code": lambda: count() ^ (count() >> np.uint64(1)),
            "few bits set": lambda: few_bits(n),
            "few bits clear": lambda: ~few_bits(n),
            "few bits flipped": lambda: few_bits(n) ^ np.uint64(0x0123456789ABCDEF),
            "undone golden multiples": lambda: count() * np.uint64(pow(GOLDEN, -1, 2**64)),
            "packed pairs": lambda: ((count() >> np.uint64(5)) << np.uint64(32)) | (count() & np.uint64(31)),
            "ISO codes": lambda: codes(n),
        }
    )


FAST = ("count", "few bits set", "packed pairs", "ISO codes")
"""The series that every ``make test`` looks at one by one; the others are slow."""
