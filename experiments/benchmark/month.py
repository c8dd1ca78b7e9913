"""The common month: a small law of requests that every framework can compute, and its form as one kernel with keyed draws.

There are ``states``, ``months`` and ``a_month`` requests a state and month. Each request, in order:

1. its offence, by an alias table (one draw);
2. its target, by the alias table of its requester (one draw);
3. to 7. five filters: it passes filter f with a chance that hangs on f, the target and the offence (one draw each; who is stopped
   is not asked again);
4. what passes all joins the queue of its target, first come, first served (no draw).

Then each state serves as many of its queue as it has officers, and the month ends. Counted are, by state, the requests received,
queued, served, still waiting, and the months that those served had waited; and how many each filter stopped. Every request stays on
record with its offence, target and end. A *stage* is a draw evaluated for one request: two, and one for each filter that it meets.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Reals
from sim.compiled import loop, row
from sim.draws import Draws, name_key, name_keys, u1

FILTERS = 5
OFFENCES = 12
STAGES = ("offence", "target", *(f"filter {f + 1}" for f in range(FILTERS)))
WAITING, SERVED = FILTERS, FILTERS + 1  # ends of a request; a smaller one is the filter that stopped it
_SEED = 7  # of the law's tables
_LEAST_PASS, _MOST_PASS = 0.55, 0.98  # chance of the easiest and hardest filter
_LEAST_OFFICERS, _MOST_OFFICERS = 0.7, 1.4  # of what is expected to arrive: some authorities are overrun
_PURPOSES = name_keys([f"benchmark:{stage}" for stage in STAGES])
Counts = NDArray[np.int64]


class Law(NamedTuple):
    """The tables of the common month."""

    states: int
    months: int
    a_month: int  # requests a state and month
    offences: Reals  # shares [K]
    targets: Reals  # shares [N, N], of each requester
    offence_odds: Reals  # alias table [K]
    offence_other: Counts
    target_odds: Reals  # alias tables [N, N]
    target_other: Counts
    passes: Reals  # [F, N, K]
    officers: Counts  # requests that a state serves a month [N]

    @property
    def requests(self) -> int:
        """Requests in all."""
        return self.states * self.months * self.a_month


class Told(NamedTuple):
    """What came of it; all but ``stopped`` and ``stages`` by state."""

    received: Counts  # [N]
    queued: Counts
    served: Counts
    waiting: Counts  # at the end
    waited: Counts  # months, of those served
    stopped: Counts  # [F]
    stages: int  # draws evaluated


def alias_table(shares: Reals) -> tuple[Reals, Counts]:
    """Odds of each place and the other one, so that one uniform draws a place by its share (Walker 1977, Vose 1991).

    >>> odds, other = alias_table(np.array([0.5, 0.25, 0.25]))
    >>> [float(sum((odds[k] if k == j else (1 - odds[k]) * (other[k] == j)) for k in range(3)) / 3) for j in range(3)]
    [0.5, 0.25, 0.25]
    """
    size = shares.size
    left = shares / shares.sum() * size
    odds, other = np.ones(size), np.arange(size)
    small = [k for k in range(size) if left[k] < 1.0]
    large = [k for k in range(size) if left[k] >= 1.0]
    while small and large:
        k, j = small.pop(), large.pop()
        odds[k], other[k] = left[k], j
        left[j] -= 1.0 - left[k]
        (small if left[j] < 1.0 else large).append(j)
    return odds, other


def law_of(states: int = 193, months: int = 120, a_month: int = 5) -> Law:
    """A law of so many states, months and requests a state and month."""
    draws, rows = Draws(_SEED), np.arange(states)
    offences = draws.gamma(2.0, "benchmark:offences", np.arange(OFFENCES))
    targets = draws.gamma(0.5, "benchmark:targets", rows[:, None], rows[None, :]) + 1e-6
    targets[rows, rows] = 0.0
    luck = draws.uniform("benchmark:passes", np.arange(FILTERS)[:, None, None], rows[None, :, None], np.arange(OFFENCES))
    targets /= targets.sum(axis=1, keepdims=True)
    tables = [alias_table(line) for line in targets]
    offence_odds, offence_other = alias_table(offences)
    law = Law(
        states, months, a_month, offences / offences.sum(), targets, offence_odds, offence_other,
        np.array([odds for odds, _ in tables]), np.array([other for _, other in tables]),
        _LEAST_PASS + (_MOST_PASS - _LEAST_PASS) * luck, np.zeros(states, np.int64),
    )  # fmt: skip
    share = _LEAST_OFFICERS + (_MOST_OFFICERS - _LEAST_OFFICERS) * draws.uniform("benchmark:officers", rows)
    return law._replace(officers=np.maximum(np.floor(share * expected(law).queued / months), 1.0).astype(np.int64))


class Expected(NamedTuple):
    """Means of what is counted, over all luck."""

    received: Reals  # [N]
    queued: Reals  # [N]
    stopped: Reals  # [F]
    stages: float


def expected(law: Law) -> Expected:
    """Means of the counts, exactly, by state and filter; what is served hangs on the luck of queues and is left out."""
    each = float(law.months * law.a_month)
    reaching = each * law.targets.sum(axis=0)[:, None] * law.offences[None, :]
    received, stopped, stages = reaching.sum(axis=1), np.zeros(FILTERS), 2.0 * law.requests
    for f in range(FILTERS):
        stages += float(reaching.sum())
        stopped[f] = float((reaching * (1.0 - law.passes[f])).sum())
        reaching = reaching * law.passes[f]
    return Expected(received, reaching.sum(axis=1), stopped, stages)


# --- the kernel -----------------------------------------------------------------------------------------------------------


class Docket(NamedTuple):
    """Every request on record, shape ``[requests]``, and the queues as chains through it."""

    offence: NDArray[np.int16]
    target: NDArray[np.int16]
    ended: NDArray[np.int8]
    behind: NDArray[np.int32]  # the next one in the same queue; -1 for none
    first: NDArray[np.int32]  # of each queue [N]
    last: NDArray[np.int32]


def empty(law: Law) -> Docket:
    """A docket with room for all requests."""
    size, ends = law.requests, np.full(law.states, -1, np.int32)
    return Docket(
        np.zeros(size, np.int16), np.zeros(size, np.int16), np.zeros(size, np.int8), np.full(size, -1, np.int32), ends, ends.copy()
    )


@loop
def _run(seed: np.uint64, purposes: NDArray[np.uint64], law: Law, docket: Docket, told: Told, stages: Counts) -> None:
    m, a_month = 0, law.states * law.a_month
    for month in range(law.months):
        for place in range(a_month):
            i, key = row(place // law.a_month), np.uint64(m)
            aim = u1(seed, purposes[0], key) * OFFENCES
            k = int(aim)
            if aim - k >= law.offence_odds[row(k)]:
                k = law.offence_other[row(k)]
            aim = u1(seed, purposes[1], key) * law.states
            j = int(aim)
            if aim - j >= law.target_odds[i, row(j)]:
                j = law.target_other[i, row(j)]
            docket.offence[row(m)], docket.target[row(m)] = k, j
            told.received[row(j)] += 1
            f = 0
            while f < FILTERS and u1(seed, purposes[row(2 + f)], key) < law.passes[row(f), row(j), row(k)]:
                f += 1
            docket.ended[row(m)] = f
            stages[0] += 2 + min(f + 1, FILTERS)
            if f < FILTERS:
                told.stopped[row(f)] += 1
            else:
                _queue(docket, told, j, m)
            m += 1
        _serve(month, a_month, law, docket, told)


@loop
def _queue(docket: Docket, told: Told, j: int, m: int) -> None:
    told.queued[row(j)] += 1
    told.waiting[row(j)] += 1
    if docket.first[row(j)] < 0:
        docket.first[row(j)] = m
    else:
        docket.behind[row(docket.last[row(j)])] = m
    docket.last[row(j)] = m


@loop
def _serve(month: int, a_month: int, law: Law, docket: Docket, told: Told) -> None:
    for j in range(law.states):
        served = 0
        while docket.first[row(j)] >= 0 and served < law.officers[row(j)]:
            m = docket.first[row(j)]
            docket.first[row(j)] = docket.behind[row(m)]
            docket.ended[row(m)] = SERVED
            told.waited[row(j)] += month - m // a_month
            served += 1
        told.served[row(j)] += served
        told.waiting[row(j)] -= served


def told_by_kernel(law: Law, seed: int) -> Told:
    """The common month by one kernel with keyed draws: a request's luck is that of its number and the stage."""
    received, queued, served, waiting, waited = np.zeros((5, law.states), np.int64)
    told = Told(received, queued, served, waiting, waited, np.zeros(FILTERS, np.int64), 0)
    stages = np.zeros(1, np.int64)
    _run(Draws(seed).root, _PURPOSES, law, empty(law), told, stages)
    return told._replace(stages=int(stages[0]))


def purpose(stage: int) -> np.uint64:
    """The key of a stage's draws."""
    return name_key(f"benchmark:{STAGES[stage]}")
