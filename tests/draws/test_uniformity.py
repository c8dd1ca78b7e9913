"""Draws are uniform, whatever the keys look like, for any seed and for one, two or three keys.

Thresholds: ``condemned`` gives a perfect generator one chance in a million of failing a test, all p-values together.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.arrays import Reals
from sim.draws import Draws, unit
from tests.draws.battery import FAST, GOLDEN, SEEDS, bits_p, codes, condemned, hashes, patterns, sequence_p, table
from tests.shares import some_fast

ONE = patterns(2**16)
TWO = patterns(256)
THREE = patterns(40)


def uniforms(rows: np.ndarray[tuple[int, ...], np.dtype[np.uint64]]) -> Reals:
    """The 53 highest bits of the hashes, as ``sim.draws.unit`` takes them."""
    return (hashes(rows) >> np.uint64(11)).astype(np.float64) * 2.0**-53


@pytest.mark.parametrize("pattern", some_fast(list(ONE), FAST))
def test_draws_of_one_key_are_uniform(pattern: str) -> None:
    p: dict[str, float] = {}
    for seed in SEEDS:
        p |= sequence_p(Draws(seed).uniform("look", ONE[pattern]), f"seed {seed}")
    assert not condemned(p)


@pytest.mark.parametrize("pattern", some_fast(list(TWO), FAST))
def test_draws_of_two_keys_are_uniform(pattern: str) -> None:
    p: dict[str, float] = {}
    for seed, (name, other) in zip(SEEDS * 2, TWO.items(), strict=False):
        u = Draws(seed).uniform("look", TWO[pattern][:, None], other)
        p |= sequence_p(u.ravel(), f"seed {seed}, then {name}")
    assert not condemned(p)


@pytest.mark.parametrize("pattern", some_fast(list(THREE), FAST))
def test_draws_of_three_keys_are_uniform(pattern: str) -> None:
    p: dict[str, float] = {}
    for seed, (name, last) in zip(SEEDS * 2, THREE.items(), strict=False):
        u = Draws(seed).uniform("look", THREE[pattern][:, None, None], THREE["count"][:, None], last)
        p |= sequence_p(u.ravel(), f"seed {seed}, then count, then {name}")
    assert not condemned(p)


def test_each_of_the_53_bits_is_set_half_of_the_time() -> None:
    p: dict[str, float] = {}
    for seed, (name, keys) in zip(SEEDS * 2, ONE.items(), strict=False):
        p |= bits_p(Draws(seed).uniform("look", keys), f"one key, {name}")
    for seed, (name, keys) in zip(SEEDS * 2, TWO.items(), strict=False):
        p |= bits_p(Draws(seed).uniform("look", keys[:, None], keys).ravel(), f"two keys, {name}")
    for seed, (name, keys) in zip(SEEDS * 2, THREE.items(), strict=False):
        u = Draws(seed).uniform("look", keys[:, None, None], keys[:, None], keys)
        p |= bits_p(u.ravel(), f"three keys, {name}")
    assert not condemned(p)


@pytest.mark.parametrize("shift", [48, 52, 56, 58, 60, 63])
def test_keys_that_differ_in_their_highest_bits_only_draw_uniformly_over_many_seeds(shift: int) -> None:
    keys = np.arange(2 ** (64 - shift), dtype=np.uint64) << np.uint64(shift)
    seeds = np.arange(2**17 // keys.size, dtype=np.uint64)
    u = uniforms(table(seeds[:, None], 12345, keys))
    v = uniforms(table(7, 12345, seeds[:, None], keys))
    p = sequence_p(u, "under many seeds") | sequence_p(v, "after a first key") | bits_p(u, "seeds") | bits_p(v, "key")
    assert not condemned(p)


def test_one_case_meets_uniform_luck_over_all_seeds() -> None:
    p: dict[str, float] = {}
    for name, seeds in ONE.items():
        u = uniforms(table(seeds, 12345, 99))
        p |= sequence_p(u, f"seeds {name}") | bits_p(u, f"seeds {name}")
    assert not condemned(p)


def test_one_case_meets_uniform_luck_over_all_purposes() -> None:
    u = uniforms(table(7, codes(2**17), 99))
    assert not condemned(sequence_p(u, "purposes") | bits_p(u, "purposes"))


def test_a_pair_of_named_states_draws_uniformly() -> None:
    states = codes(26**2)
    u = Draws(2026).uniform("trait:vigilance", states[:, None], states).ravel()
    assert u.size == 456_976
    assert not condemned(sequence_p(u, "pairs of states") | bits_p(u, "pairs of states"))


def test_no_draw_reaches_one_and_the_extremes_come_as_often_as_they_should() -> None:
    n = 2**23
    u = Draws(5).uniform("look", np.arange(n))
    assert u.min() >= 0.0
    assert u.max() < 1.0
    # The least of n uniforms exceeds x / n with probability exp(-x), and stays below it with about x.
    for extreme in (u.min() * n, (1.0 - u.max()) * n):
        assert 1e-6 < extreme < -np.log(1e-6)


def test_the_unit_keeps_the_53_highest_bits_and_no_other() -> None:
    assert unit(np.uint64(2**64 - 1)) == 1.0 - 2.0**-53
    assert unit(np.uint64(2**11 - 1)) == 0.0
    assert unit(np.uint64(2**11)) == 2.0**-53
    assert unit(np.uint64(2**63)) == 0.5


# --- the battery has teeth: known bad generators are condemned --------------------------------------------------


def faulty(name: str, n: int) -> Reals:
    """Uniforms with one known fault each."""
    count = np.arange(n, dtype=np.uint64)
    fair = Draws(1).uniform("fair", count)
    if name == "golden multiples":  # evenly spread, not random
        return (count * np.uint64(GOLDEN) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    if name == "half of the mixer, keys in the highest bits":
        h = (count << np.uint64(44)) * np.uint64(GOLDEN)
        h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        return (h >> np.uint64(11)).astype(np.float64) * 2.0**-53
    if name == "single precision":
        return np.floor(fair * 2.0**24) * 2.0**-24
    if name == "one bin in 1024 half empty":
        return np.where((fair < 2.0**-10) & (fair > 2.0**-10 * 0.5), 0.5 + fair, fair)
    if name == "sticky":  # every twentieth draw repeats the one before
        return np.where(count % np.uint64(20) == 0, np.roll(fair, 1), fair)
    raise ValueError(name)


@pytest.mark.parametrize(
    "name",
    [
        "golden multiples",
        "half of the mixer, keys in the highest bits",
        "single precision",
        "one bin in 1024 half empty",
        "sticky",
    ],
)
def test_the_battery_condemns_a_generator_with_a_known_fault(name: str) -> None:
    u = faulty(name, 2**20)
    assert condemned(sequence_p(u, name) | bits_p(u, name))


def test_the_battery_acquits_the_fair_generator_from_which_the_faulty_ones_were_made() -> None:
    u = Draws(1).uniform("fair", np.arange(2**20))
    assert not condemned(sequence_p(u, "fair") | bits_p(u, "fair"))
