"""Luck is independent between purposes, keys, seeds and positions, and any flipped bit of a key flips half of the hash.

Thresholds: ``condemned`` gives a perfect generator one chance in a million of failing a test, all p-values together.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

from sim.arrays import Keys
from sim.draws import Draws, name_keys
from tests.draws.battery import (
    ALARM,
    FAST,
    GOLDEN,
    PURPOSES,
    SEEDS,
    condemned,
    few_bits,
    hashes,
    kolmogorov,
    normal_p,
    pair_p,
    patterns,
    sequence_p,
    table,
)
from tests.shares import some_fast

CASES = np.arange(2**16, dtype=np.uint64)
ONE = patterns(2**16)


def test_purposes_share_no_luck() -> None:
    z = np.stack([Draws(11).normal(purpose, CASES) for purpose in PURPOSES])
    r = (z @ z.T / np.sqrt(CASES.size))[np.triu_indices(len(PURPOSES), 1)]
    p = {f"correlation {k}": normal_p(float(value)) for k, value in enumerate(r)}
    # Any shared part of the luck shows in the variance of the sum over all purposes.
    p["sum of all purposes"] = kolmogorov(special.ndtr(z.sum(axis=0) / np.sqrt(len(PURPOSES))))
    p["alternating sum"] = kolmogorov(special.ndtr(((-1.0) ** np.arange(len(PURPOSES))) @ z / np.sqrt(len(PURPOSES))))
    assert not condemned(p)


def test_consecutive_purposes_of_one_case_are_independent_in_every_respect() -> None:
    p: dict[str, float] = {}
    for a, b in pairwise(PURPOSES):
        p |= pair_p(Draws(11).uniform(a, CASES), Draws(11).uniform(b, CASES), f"{a}, {b}")
    assert not condemned(p)


@pytest.mark.parametrize("pattern", some_fast(list(ONE), FAST))
def test_a_key_and_its_neighbours_share_no_luck(pattern: str) -> None:
    keys, p = ONE[pattern], dict[str, float]()
    for seed, step in zip(SEEDS, (1, 2, 3, 16, 255, 256, 2**16, 2**32, 2**53, 2**62, 2**63, GOLDEN), strict=False):
        u, v = (Draws(seed).uniform("look", k) for k in (keys, keys + np.uint64(step)))
        p |= pair_p(u, v, f"step {step}")
    assert not condemned(p)


def test_neighbouring_seeds_share_no_luck() -> None:
    p: dict[str, float] = {}
    for seed in SEEDS:
        u = Draws(seed).uniform("look", CASES)
        for other in (seed + 1, seed ^ 2**62, seed + GOLDEN, seed + 1000):
            p |= pair_p(u, Draws(other).uniform("look", CASES), f"{seed}, {other}")
    assert not condemned(p)


def test_a_hundred_seeds_have_uncorrelated_luck_for_the_same_cases() -> None:
    z = np.stack([Draws(seed).normal("look", CASES[: 2**14]) for seed in range(100)])
    r = (z @ z.T / np.sqrt(2.0**14))[np.triu_indices(100, 1)]
    p = {f"correlation {k}": normal_p(float(value)) for k, value in enumerate(r)}
    p["sum of all seeds"] = kolmogorov(special.ndtr(z.sum(axis=0) / 10.0))
    assert not condemned(p)


def test_swapped_keys_share_no_luck() -> None:
    p: dict[str, float] = {}
    for seed, (name, keys) in zip(SEEDS * 2, patterns(364).items(), strict=False):
        i, j = np.triu_indices(keys.size, 1)
        a, b = keys[i], keys[j]
        p |= pair_p(Draws(seed).uniform("look", a, b), Draws(seed).uniform("look", b, a), name)
        p |= pair_p(Draws(seed).uniform("look", a, b, "fixed"), Draws(seed).uniform("look", "fixed", b, a), f"{name}, three")
    assert not condemned(p)


def test_the_position_of_a_key_matters_and_a_missing_key_is_no_zero() -> None:
    d, zero, p = Draws(3), np.zeros_like(CASES), dict[str, float]()
    forms = {
        "(k)": (CASES,),
        "(k, 0)": (CASES, zero),
        "(0, k)": (zero, CASES),
        "(k, k)": (CASES, CASES),
        "(k, 0, 0)": (CASES, zero, zero),
        "(0, k, 0)": (zero, CASES, zero),
        "(0, 0, k)": (zero, zero, CASES),
        "(k, k, k)": (CASES, CASES, CASES),
    }
    u = {name: d.uniform("look", *keys) for name, keys in forms.items()}
    names = list(forms)
    for k, a in enumerate(names):
        for b in names[k + 1 :]:
            p |= pair_p(u[a], u[b], f"{a} and {b}")
        p |= sequence_p(u[a], a)
    assert not condemned(p)


def test_seed_purpose_and_key_are_not_interchangeable() -> None:
    one, p = np.ones_like(CASES), dict[str, float]()
    u = [hashes(table(*rows)) for rows in ((CASES, one, one), (one, CASES, one), (one, one, CASES))]
    v = [(h >> np.uint64(11)).astype(np.float64) * 2.0**-53 for h in u]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        p |= pair_p(v[i][2:], v[j][2:], f"positions {i} and {j}")
    assert not condemned(p)


def test_sums_of_normals_over_a_second_key_are_normal() -> None:
    p: dict[str, float] = {}
    for seed, (name, keys) in zip(SEEDS * 2, patterns(512).items(), strict=False):
        z = Draws(seed).normal("look", keys[:, None], np.arange(256))
        p[f"{name}, rows"] = kolmogorov(special.ndtr(z.sum(axis=1) / 16.0))
        p[f"{name}, columns"] = kolmogorov(special.ndtr(z.sum(axis=0) / np.sqrt(512.0)))
        p[f"{name}, squares"] = float(special.chdtrc(z.size, (z**2).sum()))
    assert not condemned(p)


# --- avalanche --------------------------------------------------------------------------------------------------------


def bits(h: Keys) -> NDArray[np.uint8]:
    """Bits ``[n, 64]`` of hashes, lowest first."""
    return np.unpackbits(np.ascontiguousarray(h).view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")


def bases(n: int) -> dict[str, Keys]:
    """Tables ``[5, n]`` (seed, purpose, three keys) on which bits are flipped: poor in entropy, and rich."""
    count = np.arange(n, dtype=np.uint64)
    look = int(name_keys(["look"])[0])
    rich = hashes(table(99, 99, count, np.uint64(0) * count))
    return {
        "counted last key": table(0, look, 0, 0, count),
        "counted first key": table(1, look, count, 1, 2),
        "few bits set": table(-1, look, few_bits(n), few_bits(n), few_bits(n)),
        "rich": table(rich, rich * np.uint64(3), rich * np.uint64(5), rich * np.uint64(7), rich * np.uint64(11)),
    }


def flips(rows: Keys, row: int, bit: int) -> NDArray[np.uint8]:
    """Which bits of the hash flip ``[m, 64]`` with one bit of one row; where its value varies, no pair counts twice."""
    held = (rows[row] >> np.uint64(bit)) & np.uint64(1)
    same = rows[:, held == np.median(held).astype(np.uint64)]
    flipped = same.copy()
    flipped[row] ^= np.uint64(1 << bit)
    return bits(hashes(same) ^ hashes(flipped))


@pytest.mark.slow
@pytest.mark.parametrize("base", ["counted last key", "counted first key", "few bits set", "rich"])
def test_flipping_a_bit_of_seed_purpose_or_key_flips_each_bit_half_of_the_time(base: str) -> None:
    # 5 x 64 input bits times 64 output bits; each count of flips is binomial(n, 1/2), so z is standard normal.
    rows = bases(2**14)[base]
    z = np.empty((rows.shape[0], 64, 64))
    for row, bit in np.ndindex(rows.shape[0], 64):
        flipped = flips(rows, row, bit)
        n = flipped.shape[0]
        assert n > 1000
        z[row, bit] = (flipped.sum(axis=0, dtype=np.int64) - n / 2) / np.sqrt(n / 4)
    worst = np.unravel_index(np.abs(z).argmax(), z.shape)
    assert 2.0 * special.ndtr(-np.abs(z).max()) * z.size > ALARM, f"(row, bit, output bit) {worst}: z = {z[worst]:.1f}"
    # All entries together: the sum of the 20 480 squared z is chi-square; a bias of 0.2 % in every entry would show.
    assert ALARM < special.chdtrc(z.size, (z**2).sum()) < 1.0 - ALARM


def flip_correlations(rows: Keys, row: int, bit: int) -> tuple[NDArray[np.float64], int]:
    """Correlations of the flips of each two of the 53 bits that a uniform keeps, and the number of cases."""
    signs = flips(rows, row, bit)[:, 11:].astype(np.float32) * 2 - 1
    r = (signs.T @ signs)[np.triu_indices(53, 1)] / np.float32(signs.shape[0])
    return r.astype(np.float64), signs.shape[0]


@pytest.mark.parametrize(("row", "count"), [(2, 64), (3, 64), (4, 62)])
def test_bits_of_the_uniform_flip_independently_of_each_other(row: int, count: int) -> None:
    rows = bases(2**14)["counted last key"]
    z = np.array([r * np.sqrt(n) for r, n in (flip_correlations(rows, row, bit) for bit in range(count))])
    assert 2.0 * special.ndtr(-np.abs(z).max()) * z.size > ALARM
    assert ALARM < special.chdtrc(z.size, (z**2).sum()) < 1.0 - ALARM


@pytest.mark.parametrize("bit", [62, 63])
def test_a_last_key_that_differs_in_a_highest_bit_flips_nearly_independent_bits(bit: int) -> None:
    # Known limit of one round of the finaliser: h ^ (h >> 31) leaves bits j and j + 31 a tenth of correlation.
    # Neither codes of names nor counted keys differ in one of these bits alone.
    assert np.abs(flip_correlations(bases(2**14)["counted last key"], 4, bit)[0]).max() < 0.15


# --- collisions -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("one key", lambda: table(7, 1, np.arange(2**23, dtype=np.uint64))),
        (
            "two keys",
            lambda: table(7, 1, np.arange(2**12, dtype=np.uint64)[:, None], np.arange(2**11, dtype=np.uint64)),
        ),
        ("two keys of few bits", lambda: table(7, 1, few_bits(2400)[:, None], few_bits(2400))),
        ("keys of the purpose's size", lambda: table(7, np.arange(2**12, dtype=np.uint64)[:, None], few_bits(2**11))),
        (
            "three keys",
            lambda: table(
                7,
                1,
                np.arange(200, dtype=np.uint64)[:, None, None],
                np.arange(200, dtype=np.uint64)[:, None],
                np.arange(200, dtype=np.uint64),
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_over_five_million_hashes_never_collide_and_40_of_their_bits_do_as_birthdays(name: str, rows: Callable[[], Keys]) -> None:
    h = np.sort(hashes(rows()))
    assert h.size > 5_000_000
    assert not (h[1:] == h[:-1]).any()  # expected: n**2 / 2**65 < 2e-6
    # Of n fair values of 40 bits, n (n - 1) / 2**41 pairs agree on average (15 to 32 here), as a Poisson count.
    for part in (h >> np.uint64(24), np.sort(h & np.uint64(2**40 - 1))):
        pairs, mean = np.count_nonzero(part[1:] == part[:-1]), h.size * (h.size - 1) / 2.0**41
        low, high = special.pdtr(pairs, mean), special.pdtrc(pairs - 1, mean)
        assert min(low, high) > ALARM, f"{name}: {pairs} pairs, {mean:.1f} expected"
