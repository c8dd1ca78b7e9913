"""What an outsider can know of the files: everything that was filed and became of it, and nothing of what it was really for.

Left out of a view is what no observer sees: whether a case is abusive, what was truly done, how the label stands to it, how
suspicious a file looks by accident. The group of a person is there: whoever counts journalists knows who is one, firms and
authorities do not read it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Ints, Keys, Reals
from sim.metrics.cohort import Finished
from sim.world.vocabulary import FIRST_SIDE_DOOR


class Filed(NamedTuple):
    """``M`` requests, formal or by a side door; days since the window opened, nan where not reached."""

    case: Keys  # [M] stable id
    attempt: NDArray[np.int8]  # [M] 0 for the first filing
    requester: Ints  # [M] state row
    requested: Ints  # [M] state row
    text: Ints  # [M] whose paragraphs govern it
    channel: Ints  # [M]
    formal: Flags  # [M]
    urgent: Flags  # [M] said to be an emergency
    granted: Ints  # [M] data class given; -1 for none
    label: Ints  # [M] the provision cited
    status: Ints  # [M]
    reason: Ints  # [M] safeguard that stood against it; -1 for none
    narrowed: Ints  # [M] safeguard that cut the data class; -1 for none
    flagged: Flags  # [M] a panel advised against it
    judged: Flags  # [M] a judge of the requested state has read it
    filed: Reals  # [M] day
    decided: Reals  # [M] day
    executed: Reals  # [M] day
    ended: Reals  # [M] day
    group: Ints  # [M] of the person that it is about, as a census would know; -1 for nobody that is counted

    def where(self, kept: Flags) -> Filed:
        """The requests that are kept."""
        return Filed._make([column[kept] for column in self])


def filed_in(run: Finished) -> Filed:
    """The view of a finished run. Its rows must have been kept."""
    docket, cases, opens = run.docket, run.cases, run.opens
    case = docket.case
    return Filed(
        case=cases.id[case],
        attempt=docket.attempt,
        requester=cases.requester[case].astype(np.int64),
        requested=docket.requested.astype(np.int64),
        text=docket.instrument.astype(np.int64),
        channel=docket.channel.astype(np.int64),
        formal=docket.channel < FIRST_SIDE_DOOR,
        urgent=cases.urgent[case],
        granted=docket.granted.astype(np.int64),
        label=docket.label.astype(np.int64),
        status=docket.status.astype(np.int64),
        reason=docket.reason.astype(np.int64),
        narrowed=docket.narrowed.astype(np.int64),
        flagged=docket.flagged > 0,
        judged=docket.judged > 0,
        filed=docket.filed_day - opens,
        decided=docket.decided_day - opens,
        executed=docket.executed_day - opens,
        ended=docket.ended_day - opens,
        group=cases.group[case].astype(np.int64),
    )


def of_names(codes: Ints, names: tuple[str, ...], wanted: dict[str, bool]) -> Flags:
    """Whether a code stands for one of the names that are wanted; names that this run does not have count for nothing."""
    rows = [names.index(name) for name, meant in wanted.items() if meant and name in names]
    return np.isin(codes, rows)
