"""What becomes public: some abuse of cooperation comes to light, months or years after the data were given.

Whether and when is a fact of the case's luck, not of any policy: the same case is exposed in every scenario in which it is
disclosed, so that what a scenario moves is who was disclosed at all. What is never exposed teaches nobody but its requester.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Ints, Keys, Reals
from sim.compiled import kernel
from sim.draws import Draws, name_key, normal_quantile, u1
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.ranges import Months, Spread, Unit
from sim.world.record import Record
from sim.world.vocabulary import DAYS_PER_MONTH, PRESERVATION

_EXPOSED, _LAG = map(name_key, ("exposed", "lag"))


class Exposure(Record):
    """How often abuse comes to light, and how late."""

    chance: Unit
    lag_months: Months
    lag_spread: Spread


class Affairs(NamedTuple):
    """Abuse on its way into the open, a row a request that gave data; grows by the month."""

    row: Ints  # of the docket
    month: Ints  # in which it becomes public


def no_affairs() -> Affairs:
    """Nothing has been done that could come to light."""
    return Affairs(np.empty(0, np.int64), np.empty(0, np.int64))


def brewing(affairs: Affairs, spec: Exposure, rows: Ints, docket: Docket, cases: Cases, draws: Draws) -> Affairs:
    """The affairs with those added that begin with these docket rows: requests about people at risk that ended this month.

    An abusive request that gave data is exposed with ``chance`` (``exposed`` by case), a log-normal lag after the day of
    execution (``lag`` by case; median ``lag_months``, empirics.md 7.3 no. 39 and 40). Every authority that gave data on the case
    is found out with it, each after the lag from its own day.
    """
    columns = docket.case, docket.channel, docket.granted, docket.executed_day
    begun = _begun(draws.root, rows, *columns, cases.id, spec.chance, spec.lag_months, spec.lag_spread)
    return Affairs(*(np.concatenate(parts) for parts in zip(affairs, begun, strict=True)))


@kernel
def _begun(
    seed: np.uint64,
    rows: Ints,
    case: NDArray[np.integer],
    channel: NDArray[np.integer],
    granted: NDArray[np.integer],
    executed: Reals,
    ids: Keys,
    chance: float,
    lag: float,
    spread: float,
) -> tuple[Ints, Ints]:
    """Which of these rows begin an affair, and the month in which it becomes public."""
    found, month, count = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64), 0
    for m in rows:
        if granted[m] >= 0 and channel[m] != PRESERVATION and u1(seed, _EXPOSED, ids[case[m]]) < chance:
            later = lag * np.exp(spread * normal_quantile(u1(seed, _LAG, ids[case[m]])))
            found[count], month[count] = m, int(np.floor(executed[m] / DAYS_PER_MONTH + later))
            count += 1
    return found[:count], month[:count]


def made_public(affairs: Affairs, month: int) -> Ints:
    """Docket rows whose abuse becomes public in a month."""
    return np.asarray(affairs.row[affairs.month == month])
