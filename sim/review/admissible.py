"""Whether evidence that a need was met with can be used in court: better where a judge read the request, and by trained hands.

GI-TOC told the negotiators that without judicial oversight or training evidence may be inadmissible (treaty.md 3a). All three
numbers are *assumption* (``review.usable``): that a judge helps is put in, what it is worth against the delay is found.
"""

from __future__ import annotations

import numpy as np

from sim.arrays import Flags
from sim.draws import Draws
from sim.review.spec import Usable
from sim.world.cases import Cases
from sim.world.docket import Docket


def usable_rows(docket: Docket, cases: Cases, trained: Flags, spec: Usable, draws: Draws) -> Flags:
    """Docket rows ``[M]`` whose data a court would admit, if they gave any; one luck a case.

    ``trained`` ``[T, N]`` says by month of filing whether the requester had had a programme of training.
    """
    skilled = trained[docket.month, cases.requester[docket.case]]
    chance = spec.plain + spec.judged * (docket.judged > 0) + spec.trained * skilled
    return np.asarray(draws.uniform("usable", cases.id)[docket.case] < chance)
