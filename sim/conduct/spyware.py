"""The outside option: where no request gave the data, a few states break into the device itself; nobody is asked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags
from sim.conduct.menus import ConductSpec
from sim.draws import Draws
from sim.world.cases import Cases
from sim.world.snapshot import World
from sim.world.vocabulary import DISCLOSED, DOMESTIC, NOT_LIVE


def with_spyware(world: World, spec: ConductSpec) -> Flags:
    """The most repressive states, which have the means, ``[N]``; of two alike the first by code."""
    order = np.argsort(-world.states.repression, kind="stable")
    return np.isin(np.arange(world.states.count), order[: spec.spyware_states])


def spyware_hits(cases: Cases, status: NDArray[np.int8], world: World, spec: ConductSpec, draws: Draws) -> Flags:
    """Abusive cases whose data were taken another way, ``[C]``; ``status`` is what has become of each case in the end.

    Only where the wish was live, the data lay abroad and no request gave them; by chance (``spyware`` by case), the same in every
    scenario: what a scenario moves is which cases are still wanting. One person's device a case; its contacts are not counted.
    """
    hit = np.zeros(cases.id.size, bool)
    if spec.spyware <= 0.0:
        return hit
    wanting = cases.abusive & with_spyware(world, spec)[cases.requester] & ~np.isin(status, (DOMESTIC, NOT_LIVE, DISCLOSED))
    hit[wanting] = draws.uniform("spyware", cases.id[wanting]) < spec.spyware
    return hit
