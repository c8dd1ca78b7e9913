"""Legitimate requests that authorities send to firms abroad directly: counts by month, never files.

Such requests outnumber formal ones many times over, and no treaty governs them; they are kept as the scale against which formal
requests stand. No scenario changes them: they depend on the world and the seed alone, and neither the texts nor the safeguards of
a configuration reach them. Abusive requests to firms are files like any others and are not in here.

A state's yearly count and answered share are facts of the world (``StateTable.direct_requests`` and its neighbours). A month's
count is Poisson about a twelfth of it, times a log-normal factor that a state's half-year shares, and split over the jurisdictions
abroad by the platforms that the state's people use. Answered and unanswered requests are independent Poisson counts: their sum is
what was asked.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.arrays import Ints, Reals
from sim.draws import Draws, name_keys
from sim.world.snapshot import World
from sim.world.spec import DemandSpec

DIRECT_PROCESSES = ("ordinary", "emergency")
_MONTHS_PER_NOISE = 6  # a half-year: the period of the firms' reports in which the noise was measured (empirics.md 2.7)


class DirectCounts(NamedTuple):
    """Requests by month, requester, jurisdiction of the firm and process, over ``T, N, H, Q``; answered ones are part of them."""

    requested: Ints  # [T, N, H, Q]
    answered: Ints  # [T, N, H, Q] with some data, hardly ever content
    jurisdictions: Ints  # [H] state rows that host platforms
    processes: tuple[str, ...]  # [Q]


def voluntary_chance(world: World) -> Reals:
    """Chance ``[N]`` that a firm abroad gives requester ``i`` data of its own will, content aside.

    The state's own answered share where the firms publish one, shrunk towards what its liberal democracy and volume let one expect;
    elsewhere drawn about that, and none for closed regimes (empirics.md 2.3). Content by this way is next to nothing
    (empirics.md 2.4): who asks for content must not use this chance.
    """
    return world.states.direct_answered


def abroad_share(world: World) -> tuple[Reals, Ints]:
    """Where a state's requests to firms abroad go, ``[N, H]``, and the state rows ``[H]`` that host platforms.

    The platform shares of its people without those under its own law; rows sum to one, or to zero where every platform is at home.
    """
    host = world.states.host_share
    jurisdictions = np.flatnonzero(host.sum(axis=0) > 0)
    share = np.where(jurisdictions[None, :] == np.arange(len(host))[:, None], 0.0, host[:, jurisdictions])
    total = share.sum(axis=1, keepdims=True)
    return np.divide(share, total, out=np.zeros_like(share), where=total > 0), jurisdictions


def monthly_rate(world: World, spec: DemandSpec, draws: Draws, months: int) -> Reals:
    """Expected requests a month ``[T, N, Q]`` to all firms abroad, given each half-year's luck."""
    states, direct = world.states, spec.direct
    year = np.stack([states.direct_requests, states.direct_emergency], axis=1)  # [N, Q]
    halves = np.arange(-(-months // _MONTHS_PER_NOISE), dtype=np.uint64)
    luck = draws.normal("direct:half_year", states.keys[None, :], halves[:, None])
    noise = np.repeat(np.exp(direct.noise * luck - direct.noise**2 / 2), _MONTHS_PER_NOISE, axis=0)[:months]  # [T, N], mean one
    growth = np.exp(direct.growth * np.arange(months) / 12)
    return np.asarray(spec.scale * direct.firms / 12 * growth[:, None, None] * noise[:, :, None] * year[None, :, :])


def direct_counts(world: World, spec: DemandSpec, draws: Draws, months: int) -> DirectCounts:
    """Counts of ``months`` months; growth counts from the first of them."""
    states = world.states
    share, jurisdictions = abroad_share(world)
    rate = monthly_rate(world, spec, draws, months)
    chance = np.stack([states.direct_answered, states.direct_emergency_answered], axis=1)  # [N, Q]
    month = np.arange(months, dtype=np.uint64)
    keys = (
        states.keys[None, :, None, None],
        states.keys[jurisdictions][None, None, :, None],
        month[:, None, None, None],
        name_keys(DIRECT_PROCESSES)[None, None, None, :],
    )

    def counted(outcome: str, part: Reals) -> Ints:
        mean = (rate * part[None, :, :])[:, :, None, :] * share[None, :, :, None]
        return draws.poisson(mean, f"direct:{outcome}", *keys)

    answered = counted("answered", chance)
    return DirectCounts(answered + counted("unanswered", 1 - chance), answered, jurisdictions.astype(np.int64), DIRECT_PROCESSES)


def direct_frame(counts: DirectCounts, world: World, first_month: int) -> pd.DataFrame:
    """One row a month, requester, jurisdiction and process with any request: ``requested``, ``answered``.

    Months count from the window's first (row ``first_month`` of the counts); those of the run-in are negative.
    """
    month, requester, host, process = np.nonzero(counts.requested)
    codes = pd.Index(world.states.codes)
    return pd.DataFrame(
        {
            "month": month - first_month,
            "requester": pd.Categorical.from_codes(requester, categories=codes),
            "jurisdiction": pd.Categorical.from_codes(counts.jurisdictions[host], categories=codes),
            "process": pd.Categorical.from_codes(process, categories=pd.Index(counts.processes)),
            "requested": counts.requested[month, requester, host, process],
            "answered": counts.answered[month, requester, host, process],
        }
    )


def direct_years(counts: DirectCounts, first_month: int, years: int) -> pd.DataFrame:
    """World totals of the window: one row a ``year`` (from 1) and ``process``, with ``requested`` and ``answered``."""
    window = slice(first_month, first_month + 12 * years)
    requested, answered = (
        part[window].sum(axis=(1, 2)).reshape(years, 12, len(counts.processes)).sum(axis=1)
        for part in (counts.requested, counts.answered)
    )
    return pd.DataFrame(
        {
            "year": np.repeat(np.arange(1, years + 1), len(counts.processes)),
            "process": pd.Categorical.from_codes(
                np.tile(np.arange(len(counts.processes)), years), categories=pd.Index(counts.processes)
            ),
            "requested": requested.ravel(),
            "answered": answered.ravel(),
        }
    )
