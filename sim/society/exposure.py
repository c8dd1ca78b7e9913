"""What becomes public: some abuse of cooperation comes to light, months or years after the data were given.

Whether and when is a fact of the case's luck, not of any policy: the same case is exposed in every scenario in which it is
disclosed, so that what a scenario moves is who was disclosed at all. What is never exposed teaches nobody but its requester.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.draws import Draws
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.record import Record
from sim.world.vocabulary import DAYS_PER_MONTH, PRESERVATION, NonNegative, Positive, Unit

Ints = NDArray[np.int64]


class Exposure(Record):
    """How often abuse comes to light, and how late."""

    chance: Unit
    lag_months: Positive
    lag_spread: NonNegative


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
    gave = rows[(docket.granted[rows] >= 0) & (docket.channel[rows] != PRESERVATION)]
    ids = cases.id[docket.case[gave]]
    gave, ids = (part[draws.uniform("exposed", ids) < spec.chance] for part in (gave, ids))
    lag = spec.lag_months * np.exp(spec.lag_spread * draws.normal("lag", ids))
    month = np.floor(docket.executed_day[gave] / DAYS_PER_MONTH + lag).astype(np.int64)
    return Affairs(np.concatenate([affairs.row, gave]), np.concatenate([affairs.month, month]))


def made_public(affairs: Affairs, month: int) -> Ints:
    """Docket rows whose abuse becomes public in a month."""
    return np.asarray(affairs.row[affairs.month == month])
