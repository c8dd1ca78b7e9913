"""Breadth of offences: which protected conduct a state's law on the Convention's own offences covers.

The UN human-rights office and firms feared that national definitions of fraud, child-abuse material or illegal access expand
until they cover speech, sexual identity or journalism ([OHCHR], [MS]; treaty.md 3a). Once a world a law covers a conduct or not;
how often is a chance by offence and side of regime. *Assumption*: every case here wants electronic evidence, so every protected
conduct counts as done online; and the laws of one state are independent of each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Ints, Reals
from sim.draws import Draws
from sim.world.snapshot import World
from sim.world.vocabulary import OF_THE_CONVENTION, OFFENCE_CLASSES, SIDES, Offences


def of_the_convention(offences: Offences) -> Flags:
    """Offences that the Convention itself names (Arts 7-17), ``[K]``."""
    return np.isin(offences.offence_class, [OFFENCE_CLASSES.index(one) for one in OF_THE_CONVENTION])


def breadth_of(offences: Offences, democratic: NDArray[np.bool_]) -> Reals:
    """Each state's own breadth by offence, ``[N, K]``, from its side of regime ``[N]``; zero for what is not the Convention's."""
    side = np.where(democratic, SIDES.index("democracy"), SIDES.index("autocracy"))
    return np.ascontiguousarray(offences.breadth[:, side].T)


def dialled_breadth(own: Reals, set_to: Reals, offences: Offences) -> Reals:
    """Breadth ``[N, K]`` where a dial ``[N]`` stands for a state's own on every offence of the Convention; nan leaves it."""
    turned = ~np.isnan(set_to)[:, None] & of_the_convention(offences)[None, :]
    return np.where(turned, set_to[:, None], own)


def covered_share(world: World, row: int) -> float:
    """Share of the pairs of a Convention offence and a protected conduct in which one state's law covers the conduct."""
    pairs = np.outer(of_the_convention(world.offences), world.offences.protected)
    return float((covering(world, np.array([row]))[0] > 0)[pairs].mean()) if pairs.any() else 0.0


def covering(world: World, rows: Ints | None = None) -> Reals:
    """Breadth of each law where it covers a protected conduct, and zero where not, ``[N, K, K]`` by state, label and conduct.

    ``B[i, k, c] = (u < breadth[i, k])`` with ``u`` of ``trait:breadth`` (state, label, conduct): the draw is the same for every
    breadth, so that a larger one covers all that a smaller one does. With ``rows`` of these states alone.
    """
    states, offences = world.states, world.offences
    taken = np.arange(states.count) if rows is None else rows
    labels, conducts = np.flatnonzero(of_the_convention(offences)), np.flatnonzero(offences.protected)
    found = np.zeros((taken.size, len(offences.names), len(offences.names)))
    luck = Draws(world.seed).uniform(
        "trait:breadth", states.keys[taken, None, None], offences.keys[None, labels, None], offences.keys[None, None, conducts]
    )
    breadth = states.breadth[taken][:, labels, None]
    found[:, labels[:, None], conducts[None, :]] = np.where(luck < breadth, breadth, 0.0)
    return found
