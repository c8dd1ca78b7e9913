"""Legitimate requests that authorities send to firms abroad directly: counts by month, never files.

Such requests outnumber formal ones many times over, and no treaty governs them; they are kept as the scale against which formal
requests stand. They depend on the world and the seed alone, and neither the texts nor the safeguards of a configuration reach them;
only a shock to a state's liberal score does, by the share that firms answer. Abusive requests to firms are files like any others
and are not in here.

A state's yearly count and answered share are facts of the world (``StateTable.direct_requests`` and its neighbours). A month's
count is Poisson about a twelfth of it, times a factor that a state's half-year shares, and split over the jurisdictions abroad by
the platforms that the state's people use. The logarithm of that factor persists and, in states that adapt, follows the share that
was answered in the half-year before (``sim.conduct.volume``). Answered and unanswered requests are independent Poisson counts:
their sum is what was asked.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.arrays import Flags, Ints, Keys, Reals
from sim.conduct.volume import MONTHS_PER_HALF, halves_until, slope_of_learners, yield_heard
from sim.draws import Draws, name_keys
from sim.world.snapshot import World
from sim.world.spec import DemandSpec, DirectSpec

DIRECT_PROCESSES = ("ordinary", "emergency")


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


class Asking(NamedTuple):
    """What the requests of a world's states to firms abroad are drawn from; shapes over ``N`` states, ``H``, ``Q``."""

    year: Reals  # [N, Q] requests a year to all firms, in a half-year like any other
    chance: Reals  # [N, Q] that one is answered
    share: Reals  # [N, H] of them that go to each jurisdiction
    jurisdictions: Ints  # [H]
    states: Keys  # [N]
    usual: Reals  # [1] share answered of all requests of the world
    slope: Reals  # [N] of log volume on the share answered in the half-year before; none where a state does not adapt


def asking_of(world: World, spec: DemandSpec) -> Asking:
    """What a world's states ask of firms abroad, as the specification and the facts of the world have it."""
    states, direct = world.states, spec.direct
    share, jurisdictions = abroad_share(world)
    counted = np.stack([states.direct_requests, states.direct_emergency], axis=1)
    chance = np.stack([states.direct_answered, states.direct_emergency_answered], axis=1)
    total = counted.sum()
    slope = slope_of_learners(direct.elasticity, direct.adaptive_share)
    return Asking(
        year=spec.scale * direct.firms * counted,
        chance=chance,
        share=share,
        jurisdictions=jurisdictions.astype(np.int64),
        states=states.keys,
        usual=np.array([(counted * chance).sum() / total if total > 0 else 0.0]),
        slope=np.where(adapts(world, direct), slope, 0.0),
    )


def adapts(world: World, direct: DirectSpec) -> Flags:
    """Which states' volume follows yield, ``[N]``: of those who learn by formal requests too, for it is one trait of a state."""
    return Draws(world.seed).uniform("trait:adaptive", world.states.keys) < direct.adaptive_share


def new_in_volume(asking: Asking, direct: DirectSpec, draws: Draws, halves: int) -> Reals:
    """What is new in the log volume of each half-year, ``[H, N]``; the first is as scattered as volume ever is."""
    luck = draws.normal("direct:half_year", asking.states[None, :], np.arange(halves, dtype=np.uint64)[:, None])
    steps = direct.noise * luck
    steps[:1] /= np.sqrt(1 - direct.persistence**2)
    return np.asarray(steps)


def direct_counts(world: World, spec: DemandSpec, draws: Draws, months: int, answered_share: Reals | None = None) -> DirectCounts:
    """Counts of ``months`` months; growth counts from the first of them.

    ``answered_share`` ``[T, N]``: of ordinary requests, where a shock moves it; None where it is the world's throughout.

    Log volume of a half-year is ``persistence`` of the last one's, plus what is new, plus ``elasticity / adaptive_share`` for each
    unit by which the last half-year's share answered exceeds the world's, in states that adapt. Else its factor has mean one.
    """
    asking, direct = asking_of(world, spec), spec.direct
    news = new_in_volume(asking, direct, draws, halves_until(months))
    spread = direct.noise**2 / (1 - direct.persistence**2)
    volume, pull, parts = np.zeros(asking.states.size), np.zeros(asking.states.size), list[tuple[Ints, Ints]]()
    for half, new in enumerate(news):
        volume = direct.persistence * volume + pull + new
        month = np.arange(half * MONTHS_PER_HALF, min((half + 1) * MONTHS_PER_HALF, months), dtype=np.uint64)
        rate = np.exp(volume - spread / 2)[None, :] / 12 * np.exp(direct.growth * month / 12)[:, None]  # [T, N] of a year's
        chance = np.broadcast_to(asking.chance, (month.size, *asking.chance.shape)).copy()
        if answered_share is not None:
            chance[:, :, 0] = answered_share[month.astype(np.int64)]
        answered, unanswered = _answers(asking, rate, chance, month, draws)
        parts.append((answered + unanswered, answered))
        given, heard = (part.sum(axis=(0, 2, 3)) for part in (answered, answered + unanswered))
        pull = asking.slope * (yield_heard(given, heard, asking.usual, direct.doubt) - asking.usual)
    if not parts:
        none = np.zeros((0, *asking.share.shape, len(DIRECT_PROCESSES)), np.int64)
        return DirectCounts(none, none, asking.jurisdictions, DIRECT_PROCESSES)
    requested, answered = (np.concatenate(part) for part in zip(*parts, strict=True))
    return DirectCounts(requested, answered, asking.jurisdictions, DIRECT_PROCESSES)


def _answers(asking: Asking, rate: Reals, chance: Reals, month: Keys, draws: Draws) -> tuple[Ints, Ints]:
    """Answered and unanswered requests ``[T, N, H, Q]`` of some months.

    ``rate`` ``[T, N]`` is their part of a year's requests, ``chance`` ``[T, N, Q]`` that of an answer.
    """
    keys = (
        asking.states[None, :, None, None],
        asking.states[asking.jurisdictions][None, None, :, None],
        month[:, None, None, None],
        name_keys(DIRECT_PROCESSES)[None, None, None, :],
    )

    def counted(outcome: str, part: Reals) -> Ints:
        mean = (rate[:, :, None] * (asking.year * part))[:, :, None, :] * asking.share[None, :, :, None]
        return draws.poisson(mean, f"direct:{outcome}", *keys)

    return counted("answered", chance), counted("unanswered", 1 - chance)


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
