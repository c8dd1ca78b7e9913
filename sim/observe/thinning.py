"""One firm's part of what all firms receive: a binomial part of counts, and of files those that a named draw gives to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sim.arrays import Flags, Keys, Reals
from sim.draws import Draws


class Slot(NamedTuple):
    """A firm's place among all: files whose luck lies between the two ends are its own."""

    low: float
    high: float


def slots_of(shares: Mapping[str, float]) -> dict[str, Slot]:
    """A place for each firm, in the order of their names, so that no file is two firms'.

    >>> slots_of({"b": 0.5, "a": 0.25})
    {'a': Slot(low=0.0, high=0.25), 'b': Slot(low=0.25, high=0.75)}
    """
    out, low = {}, 0.0
    for name in sorted(shares):
        out[name] = Slot(low, low + shares[name])
        low += shares[name]
    return out


def files_of(slot: Slot, draws: Draws, purpose: str, case: Keys, attempt: NDArray[np.int8]) -> Flags:
    """Whether each file is that firm's."""
    luck = draws.uniform(purpose, case, attempt.astype(np.uint64))
    return np.asarray((luck >= slot.low) & (luck < slot.high))


def counts_by_firm(
    counts: NDArray[np.integer], shares: Mapping[str, float], draws: Draws, purpose: str, *keys: Keys
) -> dict[str, NDArray[np.int64]]:
    """What each firm receives of ``counts``: a multinomial part, so that the firms together never have more than there is.

    ``keys`` are those of the counts' own cells and broadcast to their shape.
    """
    left, rest, out = counts.astype(np.int64), 1.0, {}
    for name in sorted(shares):
        luck = np.broadcast_to(draws.uniform(purpose, *keys, name), left.shape)
        out[name] = binomials(luck, left, min(shares[name] / rest, 1.0) if rest > 0 else 0.0)
        left, rest = left - out[name], rest - shares[name]
    return out


def binomials(luck: Reals, trials: NDArray[np.integer], chance: float) -> NDArray[np.int64]:
    """Binomial counts by inversion: the least whose distribution function is not under the luck.

    >>> binomials(np.array([0.1, 0.9]), np.array([10, 10]), 0.5).tolist()
    [3, 7]
    """
    out = np.zeros(trials.shape, np.int64)
    if chance >= 1.0:
        return np.asarray(trials, np.int64)
    some = trials > 0
    if chance <= 0.0 or not some.any():
        return out
    n, u = trials[some].astype(float), luck[some]
    near = np.clip(np.ceil(np.nan_to_num(special.bdtrik(u, n, chance))), 0, n)  # an approximate root: mended to the exact one
    while (over := (near > 0) & (_up_to(near - 1, n, chance) >= u)).any():
        near[over] -= 1
    while (under := (near < n) & (_up_to(near, n, chance) < u)).any():
        near[under] += 1
    out[some] = near.astype(np.int64)
    return out


def _up_to(count: Reals, trials: Reals, chance: float) -> Reals:
    """Chance that a binomial count is at most so many, from 0 to under ``trials``."""
    return np.asarray(special.betaincc(count + 1, trials - count, chance))
