"""The world: everything that is so before anyone files, with the seed that settled what the sources leave open."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.world.people import PeopleTable
from sim.world.states import StateTable
from sim.world.vocabulary import Offences


@dataclass(frozen=True)
class World:
    """States, people, offences and the officer-hours that each authority has: facts, the same in every scenario."""

    seed: int  # settles what the sources leave open
    states: StateTable  # what each state is, punishes, protects and wants
    people: PeopleTable  # the cohort at risk
    offences: Offences  # what conduct there is
    capacity: NDArray[np.float64]  # [N] officer-hours per month; infinity until it is set from the load before the treaty

    def with_capacity(self, capacity: NDArray[np.float64]) -> World:
        """The same world with its authorities' capacity settled."""
        capacity = np.asarray(capacity, dtype=np.float64)
        capacity.setflags(write=False)
        return replace(self, capacity=capacity)
