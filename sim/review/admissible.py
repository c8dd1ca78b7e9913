"""Whether evidence that a need was met with can be used in court: better where a judge read the request, and by trained hands.

GI-TOC told the negotiators that without judicial oversight or training evidence may be inadmissible (treaty.md 3a). All three
numbers are *assumption* (``review.usable``): that a judge helps is put in, what it is worth against the delay is found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Ints, Keys
from sim.compiled import loop
from sim.draws import Draws, name_key, u1
from sim.review.spec import Usable
from sim.world.cases import Cases
from sim.world.docket import Docket

_USABLE = name_key("usable")


def usable_rows(docket: Docket, cases: Cases, trained: Flags, spec: Usable, draws: Draws) -> Flags:
    """Docket rows ``[M]`` whose data a court would admit, if they gave any; one luck a case.

    ``trained`` ``[T, N]`` says by month of filing whether the requester had had a programme of training.
    """
    found = np.empty(docket.case.size, np.bool_)
    filed = docket.case, docket.month, docket.judged
    _mark_usable(draws.root, *filed, cases.id, cases.requester, trained, spec.plain, spec.judged, spec.trained, found)
    return found


@loop
def _mark_usable(
    seed: np.uint64,
    case: Ints,
    month: NDArray[np.int16],
    read: NDArray[np.int8],
    ids: Keys,
    requester: NDArray[np.int32],
    trained: Flags,
    plain: float,
    judged: float,
    skilled: float,
    found: Flags,
) -> None:
    """``usable_rows`` into ``found``: the chance as it is and what a judge, who has ``read`` it, and training add."""
    for m in range(found.size):
        c = case[m]
        chance = plain + judged * (read[m] > 0) + skilled * trained[month[m], requester[c]]
        found[m] = u1(seed, _USABLE, ids[c]) < chance
