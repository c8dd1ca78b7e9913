"""An authority's unfinished work follows V' = max(V + A - C, 0), and its long-run mean is that recursion's (model.md 7.4)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy import stats

from sim.arrays import Reals
from sim.draws import Draws, name_key
from sim.review.queue import Queue
from sim.world.cases import Cases
from sim.world.docket import Docket
from sim.world.vocabulary import DAYS_PER_MONTH, EMERGENCY, EXECUTED, FORMAL
from tests.shares import one_in
from tests.worlds import (
    NOTHING_EXPIRES,
    Office,
    advance,
    answered,
    bare_world,
    ended,
    events,
    files,
    made_up,
    office,
    started,
    walked,
)

RATE, MEDIAN, SPREAD = 5.0, 2.0, 0.8  # files a month; hours a file, log-normal
MEAN_HOURS = MEDIAN * np.exp(SPREAD**2 / 2)
LEAST_P = 1e-4


def fed(months: int, authorities: int, urgent_share: float = 0.0) -> tuple[Office, Cases, Docket]:
    """Files of ``months`` months at ``authorities`` states, as many of them each month as a Poisson draw says."""
    place = office(made_up(f"states.synthetic.count={authorities}", "states.synthetic.hosts=1"))
    place = place.practised(hours_log=np.log(MEDIAN), hours_spread=SPREAD, effort_power=0.0)
    draws = Draws(11)
    count = draws.poisson(RATE, "test:arrivals", np.arange(months)[:, None], np.arange(authorities)[None, :])
    month, state = (np.repeat(place_of.ravel(), count.ravel()) for place_of in np.indices(count.shape))
    day = (month + draws.uniform("test:day", np.arange(month.size))) * DAYS_PER_MONTH
    order = np.argsort(day)
    cases, docket = files(place, month.size, conduct="fraud", day=day[order], requested=state[order])
    docket.channel[draws.uniform("test:urgent", np.arange(month.size)) < urgent_share] = EMERGENCY
    return place, cases, docket


def own_hours(place: Office, cases: Cases, docket: Docket) -> Reals:
    """Hours of each file by the documented quantile of its named draw, nothing read off the docket."""
    keys = place.reading.state_keys[docket.requested]
    z = Draws(1).normal("hours", cases.id[docket.case], keys, np.full(keys.size, name_key("desk")))
    return MEDIAN * np.exp(SPREAD * z)


@lru_cache(maxsize=4)
def workload(utilisation: float, months: int = 600, authorities: int = 40) -> tuple[Reals, Reals, float, Docket, Queue]:
    """Unfinished work after each month ``[T, N]`` read off the lanes, hours that came in ``[T, N]``, and the capacity."""
    place, cases, docket = fed(months, authorities)
    capacity = RATE * MEAN_HOURS / utilisation
    hours = own_hours(place, cases, docket)
    came = np.zeros((months, authorities))
    np.add.at(came, (docket.month, docket.requested), hours)
    left = np.zeros_like(came)

    def look(month: int, queue: Queue) -> None:
        for state in range(authorities):
            left[month, state] = hours[walked(docket, queue, state, 0) + walked(docket, queue, state, 1)].sum() + queue.debt[state]

    queue = answered(place, cases, docket, months=months, loaded=True, capacity=capacity, monthly=look)
    done = docket.status == EXECUTED
    assert np.allclose(docket.hours[done], hours[done], rtol=1e-6)  # the docket keeps single precision
    return left, came, capacity, docket, queue


@pytest.mark.parametrize("utilisation", one_in(2, [0.85, 1.4]))
def test_unfinished_work_obeys_the_recursion_exactly(utilisation: float) -> None:
    left, came, capacity, _, _ = workload(utilisation)
    before = np.vstack([np.zeros(left.shape[1]), left[:-1]])
    assert np.abs(left - np.maximum(before + came - capacity, 0.0)).max() < 1e-6  # hours


def stationary_mean(capacity: float, step: float = 0.05, terms: int = 3000) -> float:
    """E V of V' = max(V + A - C, 0) by Spitzer's identity, sum over n of E max(S_n, 0) / n.

    A is a compound Poisson of log-normals, discretised; S_n = A_1 + ... + A_n - n C by powers of its characteristic function.
    """
    size = 2**16
    grid = step * np.arange(size)
    edges = np.log(np.maximum(np.concatenate([[0.0], grid + step / 2]), 1e-300))
    one = np.diff(stats.norm.cdf((edges - np.log(MEDIAN)) / SPREAD))
    shift = 2 * np.pi * np.fft.rfftfreq(size, step)
    # of the centred increment A - C, so that the powers stay within the grid
    increment = np.exp(RATE * (np.fft.rfft(one) - 1.0)) * np.exp(1j * shift * capacity)
    power, total = np.ones_like(increment), 0.0
    signed = np.where(np.arange(size) < size // 2, grid, grid - step * size)
    # the powers drift to the left by n (C - E A): taken out, and put back in the payoff
    drift = capacity - RATE * MEAN_HOURS
    centred = increment * np.exp(-1j * shift * drift)
    for n in range(1, terms + 1):
        power = power * centred
        mass = np.fft.irfft(power, size)
        gain = float((mass * np.maximum(signed - n * drift, 0.0)).sum()) / n
        total += gain
        if gain < 1e-7:
            break
    return total


def lindley_mean(capacity: float, step: float = 0.1, months: int = 1500) -> float:
    """The same mean by iterating the recursion's own law on a grid."""
    size = 2**13
    grid = step * np.arange(size)
    edges = np.log(np.maximum(np.concatenate([[0.0], grid + step / 2]), 1e-300))
    one = np.diff(stats.norm.cdf((edges - np.log(MEDIAN)) / SPREAD))
    came = np.exp(RATE * (np.fft.rfft(one, 2 * size) - 1.0))
    law = np.zeros(size)
    law[0] = 1.0
    cut = round(capacity / step)
    for _ in range(months):
        total = np.fft.irfft(np.fft.rfft(law, 2 * size) * came, 2 * size)
        law = np.concatenate([[total[: cut + 1].sum()], total[cut + 1 : cut + size]])
    return float((law * grid).sum())


def test_below_saturation_the_mean_is_the_stationary_mean_of_the_recursion() -> None:
    left, _, capacity, _, _ = workload(0.85)
    expected = stationary_mean(capacity)
    assert lindley_mean(capacity) == pytest.approx(expected, rel=0.01), "two numerical routes to one number"
    means = left[100:].mean(axis=0)  # a hundred months are many relaxation times at this utilisation
    z = (means.mean() - expected) / (means.std(ddof=1) / np.sqrt(means.size))
    assert abs(z) < 4.5, (means.mean(), expected)
    assert means.std(ddof=1) / np.sqrt(means.size) < 0.06 * expected, "the comparison must be sharp enough to fail"


def test_above_saturation_work_piles_up_at_arrivals_less_capacity() -> None:
    left, _, capacity, _, _ = workload(1.4)
    slope = left[-1] / left.shape[0]
    z = (slope.mean() - (RATE * MEAN_HOURS - capacity)) / (slope.std(ddof=1) / np.sqrt(slope.size))
    assert abs(z) < 4.5


def test_what_is_overdrawn_is_carried_and_no_more_than_one_file() -> None:
    left, _, capacity, docket, queue = workload(1.4)
    months = np.arange(1, left.shape[0] + 1)[:, None]
    spent = np.cumsum(queue.spent, axis=0)
    most = np.zeros(left.shape[1])
    np.maximum.at(most, docket.requested, docket.hours.astype(float))
    assert (spent <= capacity * months + most[None, :] + 1e-6).all()
    # saturated: after the first busy months every hour is used, so that the overdraft is the debt itself
    assert queue.spent.sum(axis=0) == pytest.approx(np.bincount(docket.requested, docket.hours), rel=1e-6)
    assert (queue.debt <= most).all()
    assert (queue.debt > 0).any()


def test_files_are_served_by_filing_day_and_then_by_id() -> None:
    place, cases, docket = fed(60, 6)
    seen: list[tuple[int, ...]] = []

    def look(month: int, queue: Queue) -> None:
        for state in range(6):
            waiting = set(walked(docket, queue, state, 1))
            arrived = np.flatnonzero((docket.requested == state) & (docket.month <= month))
            open_yet = [int(m) in waiting for m in arrived]
            assert open_yet == sorted(open_yet), "somebody overtook"
            seen.append((len(waiting), len(arrived)))

    answered(place, cases, docket, months=60, loaded=True, capacity=RATE * MEAN_HOURS / 1.3, monthly=look)
    assert max(waiting for waiting, _ in seen) > 20


def test_emergencies_go_before_everything_that_waits() -> None:
    place, cases, docket = fed(60, 6, urgent_share=0.2)

    def look(month: int, queue: Queue) -> None:
        for state in range(6):
            urgent, ordinary = walked(docket, queue, state, 0), walked(docket, queue, state, 1)
            assert (docket.channel[urgent] == EMERGENCY).all()
            assert (docket.channel[ordinary] == FORMAL).all()
            if urgent:  # hours ran out among emergencies: no ordinary file was touched this month
                new = (docket.requested == state) & (docket.channel == FORMAL) & (docket.month == month)
                assert (docket.hours[new] == 0).all()

    answered(place, cases, docket, months=60, loaded=True, capacity=RATE * MEAN_HOURS / 3, monthly=look)
    ordinary, urgent = ((docket.channel == channel) & (docket.hours > 0) for channel in (FORMAL, EMERGENCY))
    assert docket.executed_day[urgent].size > 50
    assert np.mean(docket.decided_day - docket.filed_day, where=urgent) < np.mean(
        docket.decided_day - docket.filed_day, where=ordinary
    )


def test_no_file_is_taken_up_before_it_is_filed_or_before_the_month_in_which_hours_are_left() -> None:
    place, cases, docket = fed(60, 6)
    taken = np.full(docket.case.size, -1)

    def look(month: int, queue: Queue) -> None:
        taken[(docket.hours > 0) & (taken < 0)] = month

    answered(place, cases, docket, months=60, loaded=True, capacity=RATE * MEAN_HOURS / 1.2, monthly=look)
    done = taken >= 0
    assert (docket.decided_day[done] >= docket.filed_day[done]).all()
    assert (docket.decided_day[done] >= taken[done] * DAYS_PER_MONTH).all()
    assert (docket.decided_day[done] <= (taken[done] + 1) * DAYS_PER_MONTH).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_waiting_never_redraws_an_answer(seed: int) -> None:
    """With effort fixed and nothing expiring, a file gets the same answer from an idle and from a swamped authority."""
    config = made_up("review.effort_power=0")
    fixed = NOTHING_EXPIRES | {"supplement_bar": -1.0, "park_bar": 1.8}
    answers = []
    for hours in (10.0, 1e9):
        world = bare_world(config).with_capacity(np.full(12, hours))
        answers.append(events(ended(started(config, world, seed, loaded=True, practice=fixed))))
    scarce, ample = answers
    keys = ["case", "attempt", "channel"]
    assert scarce[keys].equals(ample[keys])
    settled = scarce["ended_day"].notna() & ample["ended_day"].notna()
    assert 1000 < settled.sum() < 0.9 * ample["ended_day"].notna().sum(), "the small authorities must have left much undone"
    same = [name for name in scarce.columns if not name.endswith("_day")]
    assert scarce.loc[settled, same].equals(ample.loc[settled, same])
    assert (scarce.loc[settled, "ended_day"] >= ample.loc[settled, "ended_day"] - 1e-9).all()


def test_endless_hours_and_no_load_are_the_same_but_for_the_days_within_a_month() -> None:
    config = made_up("review.effort_power=0")
    runs = []
    for loaded in (False, True):
        run = started(config, bare_world(config).with_capacity(np.full(12, 1e12)), 4, loaded=loaded, practice=NOTHING_EXPIRES)
        while run.month < run.months:
            advance(run)
            assert not run.queue.held.any()
        runs.append(events(ended(run)))
    assert runs[0]["granted"].equals(runs[1]["granted"])


def test_a_debt_is_worked_off_before_the_next_file_is_taken_up() -> None:
    """Fifteen hours of work a file and ten a month: the second file is begun in the middle of the second month."""
    place = office().practised(hours_log=np.log(15.0), hours_spread=0.0)
    cases, docket = files(place, 2, conduct="fraud", day=np.array([1.0, 2.0]))
    answered(place, cases, docket, months=2, loaded=True, capacity=10.0)
    assert docket.decided_day[1] == pytest.approx(1.5 * DAYS_PER_MONTH)
