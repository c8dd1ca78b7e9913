"""People at risk: a closed cohort of rows, each standing for ``weight`` real people of one group and one origin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Ints, Keys
from sim.world.vocabulary import GROUPS


def _ascending(*columns: Ints | Keys) -> bool:
    """Whether rows come in order of the first column, rows that are equal in it in order of the next, and so on."""
    equal = np.ones(max(columns[0].size - 1, 0), bool)
    for column in columns:
        if (equal & (column[1:] < column[:-1])).any():
            return False
        equal &= column[1:] == column[:-1]
    return True


@dataclass(frozen=True)
class PeopleTable:
    """``P`` rows ordered by (origin, group, id); ``cell_start`` delimits the (origin, group) cells, shape ``[N * G + 1]``."""

    ids: Keys  # [P] stable keys
    origin: NDArray[np.int64]  # [P] state row
    group: NDArray[np.int64]  # [P] group at risk
    residence: NDArray[np.int64]  # [P] state row; equal to origin unless in exile
    hosts: NDArray[np.int64]  # [P, 4] domestic service, then up to three foreign platforms; -1 for none
    visibility: NDArray[np.float64]  # [P] heavy-tailed, median one
    expression: NDArray[np.float64]  # [P] baseline expression in (0, 1]
    weight: NDArray[np.float64]  # [P] people the row stands for
    cell_start: NDArray[np.int64]  # [N * G + 1] first row of each (origin, group)
    cumulative: NDArray[np.float64]  # [P] running sum of weight * visibility * expression within the cell

    def __post_init__(self) -> None:
        """Refuse rows that are not in order of (origin, group, id), and freeze every array."""
        if not _ascending(self.origin, self.group, self.ids):
            raise ValueError("people must come in order of origin, group and id")
        for array in vars(self).values():
            array.setflags(write=False)

    @property
    def count(self) -> int:
        """Number of rows ``P``."""
        return int(self.ids.size)

    @cached_property
    def at_risk(self) -> NDArray[np.float64]:
        """Real people whom the rows stand for, by group ``[G]``."""
        return np.bincount(self.group, weights=self.weight, minlength=len(GROUPS))
