"""How fast named draws are: kernel and array forms beside NumPy's generators, measured in the same run."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

from sim.compiled import kernel
from sim.draws import Draws, gumbel_quantile, name_key, normal_quantile, u1, u2, u3

DRAWS = 2_000_000
REPEATS = 9


@kernel
def _one(seed: np.uint64, purpose: np.uint64, n: int) -> float:
    total = 0.0
    for k in range(n):
        total += u1(seed, purpose, np.uint64(k))
    return total


@kernel
def _two(seed: np.uint64, purpose: np.uint64, n: int) -> float:
    total = 0.0
    for k in range(n):
        total += u2(seed, purpose, np.uint64(k), np.uint64(k & 7))
    return total


@kernel
def _three(seed: np.uint64, purpose: np.uint64, n: int) -> float:
    total = 0.0
    for k in range(n):
        total += u3(seed, purpose, np.uint64(k), np.uint64(k & 7), np.uint64(k & 3))
    return total


@kernel
def _normal(seed: np.uint64, purpose: np.uint64, n: int) -> float:
    total = 0.0
    for k in range(n):
        total += normal_quantile(u1(seed, purpose, np.uint64(k)))
    return total


@kernel
def _gumbel(seed: np.uint64, purpose: np.uint64, n: int) -> float:
    total = 0.0
    for k in range(n):
        total += gumbel_quantile(u1(seed, purpose, np.uint64(k)))
    return total


def _forms(n: int) -> dict[str, Callable[[], object]]:
    """Each form as a call that makes ``n`` draws."""
    draws, purpose = Draws(7), name_key("look")
    root, keys = draws.root, np.arange(n, dtype=np.uint64)
    pcg64, sfc64 = np.random.Generator(np.random.PCG64(7)), np.random.Generator(np.random.SFC64(7))
    return {
        "kernel: uniform of one key": lambda: _one(root, purpose, n),
        "kernel: uniform of two keys": lambda: _two(root, purpose, n),
        "kernel: uniform of three keys": lambda: _three(root, purpose, n),
        "kernel: normal of one key": lambda: _normal(root, purpose, n),
        "kernel: Gumbel of one key": lambda: _gumbel(root, purpose, n),
        "array: uniform of one key": lambda: draws.uniform("look", keys),
        "array: uniform of three keys": lambda: draws.uniform("look", keys, 3, 5),
        "array: normal of one key": lambda: draws.normal("look", keys),
        "array: Gumbel of one key": lambda: draws.gumbel("look", keys),
        "NumPy: Generator.random (PCG64)": lambda: pcg64.random(n),
        "NumPy: Generator.random (SFC64)": lambda: sfc64.random(n),
        "NumPy: Generator.standard_normal (SFC64)": lambda: sfc64.standard_normal(n),
        "NumPy: Generator.gumbel (SFC64)": lambda: sfc64.gumbel(size=n),
    }


def throughput(draws: int = DRAWS, repeats: int = REPEATS) -> dict[str, list[float]]:
    """Nanoseconds a draw of each form on one core, in each of so many rounds.

    A round times every form once, so that a slow moment hits all. Kernels add up their draws; the compiler may hash several keys
    at once. NumPy's streams have no keys, so theirs is the cost of luck without a name.
    """
    forms = _forms(draws)
    for form in forms.values():  # compile, and touch the memory
        form()
    found: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(repeats):
        for name, form in forms.items():
            start = perf_counter()
            form()
            found[name].append(1e9 * (perf_counter() - start) / draws)
    return found
