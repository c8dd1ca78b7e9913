"""Cooperative games over levers: what each lever adds on average over all orders in which levers can be switched on.

A game is a number for each of the ``2^k`` sets of levers. Bit ``i`` of a set's code says whether lever ``i`` is on, so the last
axis of an array of values, ``[..., 2^k]``, runs from nothing on (0) to everything on (``2^k - 1``).
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Reals

_Codes = NDArray[np.int64]


def codes_of(on: NDArray[np.bool_]) -> _Codes:
    """Codes of sets of levers, ``[P]`` from ``[P, k]``.

    >>> codes_of(np.array([[False, False], [True, False], [True, True]])).tolist()
    [0, 1, 3]
    """
    return np.asarray(on.astype(np.int64) @ _bits(on.shape[1]), np.int64)


def levers_in(values: Reals) -> int:
    """How many levers a game has. Raises ``ValueError`` where its last axis holds no whole lattice."""
    count = int(values.shape[-1]).bit_length() - 1
    if values.shape[-1] != 1 << count or count < 1:
        raise ValueError(f"found {values.shape[-1]} values; wanted a power of two, one for each set of levers")
    return count


def shapley(values: Reals) -> Reals:
    """Exact Shapley values ``[..., k]`` of games ``[..., 2^k]`` (Shapley 1953).

    A lever's value is what it adds to the sets without it, each size of set with the same weight and each set of one size too.
    The values of one game sum to what everything on has above nothing on; a lever that never adds anything has exactly zero.

    >>> shapley(np.array([0.0, 1.0, 2.0, 3.0])).tolist()
    [1.0, 2.0]
    """
    count = levers_in(values)
    share = np.array([factorial(s) * factorial(count - s - 1) / factorial(count) for s in range(count)])
    weights = share[_sizes(count - 1)]
    return np.stack([_added(values, lever) @ weights for lever in range(count)], axis=-1)


def shapley_interactions(values: Reals) -> Reals:
    """Pairwise Shapley interaction indices ``[..., k, k]`` of games ``[..., 2^k]`` (Grabisch and Roubens 1999).

    For two levers: what both together add beyond what each adds without the other, over all sets of the rest, weighted as for
    the Shapley value. Negative where they overlap, positive where they reinforce each other. Missing on the diagonal.

    >>> shapley_interactions(np.array([0.0, 1.0, 1.0, 1.0]))[0, 1]
    np.float64(-1.0)
    """
    count = levers_in(values)
    out = np.full((*values.shape[:-1], count, count), np.nan)
    share = [factorial(s) * factorial(count - s - 2) / factorial(count - 1) for s in range(count - 1)]
    weights = np.array(share)[_sizes(count - 2)] if count > 1 else np.zeros(0)
    for high in range(count - 1, 0, -1):
        added = _added(values, high)
        for low in range(high):
            out[..., low, high] = out[..., high, low] = _added(added, low) @ weights
    return out


def first_in(values: Reals) -> Reals:
    """What each lever adds when it is switched on alone, ``[..., k]``."""
    return np.asarray(values[..., _bits(levers_in(values))] - values[..., :1])


def last_in(values: Reals) -> Reals:
    """What each lever adds when all others are on already, ``[..., k]``."""
    whole = values.shape[-1] - 1
    return np.asarray(values[..., -1:] - values[..., whole - _bits(levers_in(values))])


def contributions(orders: NDArray[np.int64], codes: _Codes, values: Reals) -> Reals:
    """What each lever adds at its turn in each order, ``[..., O, k]``.

    ``orders`` ``[O, k]`` hold places of levers; ``codes`` ``[P]`` name the sets to which the values ``[..., P]`` belong. Raises
    ``ValueError`` where a set that an order passes through has no value.
    """
    chains = np.cumsum(_bits(orders.shape[1])[orders], axis=1)
    chains = np.concatenate([np.zeros((len(orders), 1), np.int64), chains], axis=1)  # [O, k + 1]
    ranked = np.argsort(codes)
    places = ranked[np.minimum(np.searchsorted(codes, chains, sorter=ranked), codes.size - 1)]
    if (codes[places] != chains).any():
        raise ValueError("an order passes through a set of levers without a value")
    steps = np.diff(values[..., places], axis=-1)  # in each order's own sequence
    return np.asarray(np.take_along_axis(steps, np.broadcast_to(np.argsort(orders, axis=1), steps.shape), axis=-1))


def _bits(count: int) -> _Codes:
    return np.left_shift(1, np.arange(count, dtype=np.int64))


def _added(values: Reals, lever: int) -> Reals:
    """What a lever adds to each set of the other levers, ``[..., 2^(k-1)]`` from ``[..., 2^k]``."""
    halves = values.reshape(*values.shape[:-1], -1, 2, 1 << lever)  # bits above the lever, its own, and those below
    return np.asarray((halves[..., 1, :] - halves[..., 0, :]).reshape(*values.shape[:-1], -1))


def _sizes(count: int) -> _Codes:
    """How many levers each set holds, ``[2^k]``."""
    return np.bitwise_count(np.arange(1 << count)).astype(np.int64)
