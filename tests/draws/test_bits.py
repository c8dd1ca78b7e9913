"""The hash and its 53-bit uniform are promised bit for bit: pinned, and computed again with Python's big integers."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from numba import njit

from sim.arrays import Keys, Reals
from sim.compiled import kernel
from sim.draws import Draws, gumbel_quantile, mix, name_key, normal_quantile, u1, u2, u3
from tests.draws.battery import hashes, patterns, table

WORD = 2**64

Case = tuple[int, str, tuple[int | str, ...]]

PINNED: dict[Case, int] = {
    (0, "look", ()): 0xE3EE7CAEA818AF0D,
    (0, "look", (0,)): 0x17FC9F39FDF3AB2E,
    (0, "look", (1,)): 0xDFA6A65A88EFE4BC,
    (1, "look", (0,)): 0xA30BE80588F5CB7E,
    (-1, "look", (0,)): 0xC0F7F4263798C885,
    (9223372036854775808, "look", (1,)): 0xB3B1F71E0B911DCF,
    (18446744073709551615, "look", (0,)): 0xC0F7F4263798C885,
    (7, "label", (0, 0)): 0x3F9B96273B7C826A,
    (7, "label", (1, 2)): 0x7DACA8DB9D266689,
    (7, "label", (2, 1)): 0xA5F74066977E0A59,
    (7, "label", (-1, -1)): 0x49CF706BD82FEB58,
    (7, "label", (9223372036854775807, -9223372036854775808)): 0xB4AC96487A5872C9,
    (2026, "trait:vigilance", ("AT", "discrimination")): 0x26F1D953233590BF,
    (2026, "trait:vigilance", ("AUT", "discrimination")): 0xB04147B899581342,
    (2026, "penalty_rise", ("KE", 2030)): 0x08F56B443380E42C,
    (2026, "penalty_rise", (2030, "KE")): 0x5893DFD021FF67BB,
    (42, "destination", (123456789, 1, 3)): 0x4CC5FAE64094B762,
    (42, "destination", (123456789, 3, 1)): 0x2D17F292F16CECA5,
    (42, "channel", (0, 0, 0)): 0x4434171B3BC15DCF,
    (1000000000000000000, "quality", ("Côte d'Ivoire", 5)): 0x1D15F49CAB6DEECC,
    (3, "", ("",)): 0xBD7CF2311F0B394E,
}


def reference_mix(h: int) -> int:
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    h = (h ^ (h >> 27)) * 0x94D049BB133111EB % WORD
    return h ^ (h >> 31)


def reference_key(key: int | str) -> int:
    if isinstance(key, int):
        return key % WORD
    return sum(byte << 8 * k for k, byte in enumerate(hashlib.blake2b(key.encode("utf-8"), digest_size=8).digest()))


def reference(seed: int, purpose: str, keys: tuple[int | str, ...]) -> int:
    """The hash, in integers without bounds."""
    h = reference_mix((seed + 0x9E3779B97F4A7C15) % WORD)
    for key in (purpose, *keys):
        h = reference_mix(h ^ (reference_key(key) * 0x9E3779B97F4A7C15 + 0xBF58476D1CE4E5B9) % WORD)
    return h


@kernel
def three_forms(seed: np.uint64, purpose: np.uint64, keys: Keys) -> Reals:
    """Uniforms ``[5, n]`` of the first one, two and three rows of keys; a normal and a Gumbel of one."""
    out = np.empty((5, keys.shape[1]))
    for m in range(keys.shape[1]):
        out[0, m] = u1(seed, purpose, keys[0, m])
        out[1, m] = u2(seed, purpose, keys[0, m], keys[1, m])
        out[2, m] = u3(seed, purpose, keys[0, m], keys[1, m], keys[2, m])
        out[3, m] = normal_quantile(out[0, m])
        out[4, m] = gumbel_quantile(out[0, m])
    return out


@pytest.mark.parametrize("case", PINNED, ids=str)
def test_the_hash_and_the_uniform_are_the_pinned_ones(case: Case) -> None:
    seed, purpose, keys = case
    golden = PINNED[case]
    assert reference(*case) == golden
    rows = [reference_key(key) for key in keys]
    assert hashes(table(seed, int(name_key(purpose)), *rows)).tolist() == [golden]
    drawn = Draws(seed).uniform(purpose, *keys)
    assert drawn.shape == ()
    assert float(drawn).hex() == ((golden >> 11) / 2**53).hex()


def test_the_mixer_is_splitmix64_of_the_published_test_vector() -> None:
    # Vigna's splitmix64.c seeded with 1234567: its first five outputs, as listed by Rosetta Code.
    published = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    states = [(1234567 + k * 0x9E3779B97F4A7C15) % WORD for k in range(1, 6)]
    assert [int(mix(np.uint64(state))) for state in states] == published
    assert [reference_mix(state) for state in states] == published


def test_kernels_and_arrays_draw_the_same_bits() -> None:
    keys = list(patterns(2000).values())
    for seed in (0, 1, 2**63, -5):
        d = Draws(seed)
        for k in range(len(keys)):
            a, b, c = keys[k], keys[(k + 1) % len(keys)], keys[(k + 5) % len(keys)]
            scalar = three_forms(d.root, name_key("look"), np.stack([a, b, c]))
            assert scalar[0].tobytes() == d.uniform("look", a).tobytes()
            assert scalar[1].tobytes() == d.uniform("look", a, b).tobytes()
            assert scalar[2].tobytes() == d.uniform("look", a, b, c).tobytes()
            assert scalar[3].tobytes() == d.normal("look", a).tobytes()
            # Logarithms of NumPy and of the compiler's library may differ in the last bit.
            np.testing.assert_allclose(scalar[4], d.gumbel("look", a), rtol=0.0, atol=4e-15 * 40)


def test_a_compiler_without_our_settings_gives_the_same_uniforms() -> None:
    plain = njit(lambda seed, purpose, a, b: u2(seed, purpose, a, b))  # noqa: PLW0108
    fast = njit(fastmath=True)(lambda seed, purpose, a, b: u2(seed, purpose, a, b))  # noqa: PLW0108
    for a, b in ((0, 0), (1, 2), (2**63, 2**64 - 1)):
        args = (np.uint64(9), name_key("look"), np.uint64(a), np.uint64(b))
        assert plain(*args) == fast(*args) == (reference(9, "look", (a, b)) >> 11) / 2**53
