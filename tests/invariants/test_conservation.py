"""Nothing is lost and nothing appears: cases, requests and hours add up after every month (model.md 7.1)."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.metrics import giving_rows
from sim.simulation import Run, advance, finish
from sim.world.vocabulary import (
    CASE_STATUSES,
    DAYS_PER_MONTH,
    DETERRED,
    DISCLOSED,
    DIVERTED,
    DOMESTIC,
    EMERGENCY,
    EMPTY,
    ENDED,
    EXECUTED,
    FIRST_SIDE_DOOR,
    IN_PART,
    LAPSED,
    NOT_LIVE,
    OPEN,
    PARKED,
    PENDING,
    PRESERVATION,
    REFUSED,
    STATUSES,
    WITHDRAWN,
)
from tests.worlds import bare_world, made_up, started, walked, with_conduct

ANSWERS = (EXECUTED, IN_PART, EMPTY, REFUSED, WITHDRAWN, LAPSED, DIVERTED)


def under_way(capacity: float, attempts: int, seed: int, quiet: float = 1.0, retry_days: float = 60.0) -> Run:
    config = with_conduct(made_up(), attempts=attempts, retry_days=retry_days)
    world = bare_world(config)
    run = started(config, world.with_capacity(np.full(world.states.count, capacity)), seed, loaded=True)
    run.expression[::3] = quiet
    return run


def add_up(run: Run) -> None:
    """All the books after the month that has just passed."""
    used = int(run.docket.used[0])
    now = run.month * DAYS_PER_MONTH
    docket = type(run.docket)(run.docket.used, *(column[:used] for column in run.docket[1:]))
    formal = docket.channel < FIRST_SIDE_DOOR
    states = run.world.states.count

    # Who waits, counted by following the links: every unanswered request stands in exactly one lane, in its order.
    waiting = [[walked(run.queue, j, lane) for lane in range(3)] for j in range(states)]
    for j in range(states):
        assert [len(rows) for rows in waiting[j]] == run.queue.held[j].tolist()
        assert (docket.requested[list(chain(*waiting[j]))] == j).all()
        for rows in waiting[j]:
            assert rows == sorted(rows)
        assert (docket.channel[waiting[j][0]] == EMERGENCY).all()
        assert (docket.channel[waiting[j][1]] != EMERGENCY).all()
        assert (docket.status[waiting[j][0] + waiting[j][1]] == PENDING).all()
        assert (docket.status[waiting[j][2]] == PARKED).all()
    lanes = [m for rows in waiting for lane in rows for m in lane]
    assert len(lanes) == len(set(lanes))
    answered = np.flatnonzero(formal & ~np.isnan(docket.ended_day))
    assert sorted([*lanes, *answered.tolist()]) == np.flatnonzero(formal).tolist()
    assert np.isin(docket.status[answered], ANSWERS).all()
    assert np.array_equal(run.queue.waiting[run.month - 1], run.queue.held[:, 0] + run.queue.held[:, 1])
    assert np.array_equal(run.queue.parked[run.month - 1], run.queue.held[:, 2])

    # Requests filed = answered by today + decided and still in execution + pending + parked.
    over = docket.ended_day < now
    told = finish(run)
    by = np.bincount(told.docket.status[formal], minlength=len(STATUSES))
    in_execution = int((formal & ~np.isnan(docket.ended_day) & ~over).sum())
    pending, parked = sum(len(rows[0]) + len(rows[1]) for rows in waiting), sum(len(rows[2]) for rows in waiting)
    assert by[PENDING] == pending + in_execution
    assert by[PARKED] == parked
    assert by[list(ANSWERS)].sum() == int((formal & over).sum())
    assert by.sum() == formal.sum()
    assert not np.isnan(docket.ended_day[~formal]).any(), "a side door answers or not, and nothing waits there"

    # Latent cases of the months so far = domestic + not live + deterred + open + disclosed + ended.
    arisen = int(run.edges[run.month])
    status = told.case_status[:arisen]
    cases = run.cases
    filed_at = np.unique(np.column_stack([docket.case, docket.attempt]), axis=0)  # one filing, whatever its rows
    filings = np.bincount(filed_at[:, 0], minlength=cases.id.size)
    assert np.array_equal(filings, run.book.attempts)
    assert not filings[arisen:].any(), "nothing is filed before it arises"
    gave = np.bincount(told.docket.case[giving_rows(told.docket, cases)], minlength=cases.id.size)[:arisen] > 0
    undecided = np.bincount(told.docket.case[formal & np.isnan(told.docket.ended_day)], minlength=cases.id.size)[:arisen] > 0
    filed = filings[:arisen] > 0
    assert np.array_equal(status == DISCLOSED, gave)
    assert np.array_equal(status == OPEN, undecided & ~gave)
    assert np.array_equal(status == ENDED, filed & ~undecided & ~gave)
    assert np.array_equal(np.isin(status, (DOMESTIC, NOT_LIVE, DETERRED)), ~filed)
    assert (cases.domestic[:arisen] <= (status == DOMESTIC)).all()
    assert np.bincount(status, minlength=len(CASE_STATUSES)).sum() == arisen
    assert (run.book.attempts <= run.rules.habits.attempts).all()

    # Hours: an authority overdraws at most one file, and pays it back first.
    spent = run.queue.spent[: run.month].sum(axis=0)
    charged = np.bincount(docket.requested, docket.hours, minlength=states)
    assert spent == pytest.approx(charged, rel=1e-5, abs=1e-4)  # the docket keeps single precision
    last = np.zeros(states)
    np.maximum.at(last, docket.requested, docket.hours.astype(float))
    assert (spent <= run.month * run.world.capacity + run.queue.debt + 1e-9).all()
    assert (run.queue.debt >= 0).all()
    assert (run.queue.debt <= last + 1e-4).all()


@pytest.mark.parametrize("attempts", [1, 3])
@pytest.mark.parametrize("capacity", [0.5, 40.0, 1e6])
@pytest.mark.parametrize("seed", [1, 2])
def test_cases_requests_and_hours_add_up_every_month(capacity: float, attempts: int, seed: int) -> None:
    run = under_way(capacity, attempts, seed, quiet=0.4)
    while run.month < run.months:
        advance(run)
        add_up(run)
    if capacity == 40.0:
        assert (run.queue.waiting[-1] > 0).any(), "a queue must have been tried"
        assert np.isin(ANSWERS, run.docket.status).all(), "and every answer given"
    if attempts == 3:
        assert np.bincount(run.book.attempts, minlength=4)[2:].min() > 0


@given(
    capacity=st.floats(0.1, 500.0),
    attempts=st.integers(1, 3),
    seed=st.integers(0, 2**63),
    quiet=st.floats(0.0, 1.0),
    retry=st.floats(0.0, 400.0),
)
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_books_balance_whatever_the_numbers(capacity: float, attempts: int, seed: int, quiet: float, retry: float) -> None:
    run = under_way(capacity, attempts, seed, quiet, retry)
    while run.month < run.months:
        advance(run)
        if run.month % 12 == 0:
            add_up(run)


@pytest.mark.parametrize("capacity", [5.0, 60.0])
def test_debt_is_what_the_hours_of_the_month_could_not_cover(capacity: float) -> None:
    """Month by month: debt' = max(debt + spent - capacity, 0), and no file is begun while a debt outlasts the month."""
    run = under_way(capacity, 1, 3)
    debt = np.zeros(run.world.states.count)
    overdrawn = 0
    while run.month < run.months:
        advance(run)
        spent = run.queue.spent[run.month - 1]
        assert run.queue.debt == pytest.approx(np.maximum(debt + spent - capacity, 0.0), abs=1e-9)
        assert (spent[debt >= capacity] == 0).all()
        debt = run.queue.debt.copy()
        overdrawn += int((debt > 0).sum())
    assert overdrawn > 10


def test_the_docket_grows_without_losing_a_file() -> None:
    """A run that starts with next to no room ends as one that had room from the start."""
    from tests.worlds import ended, events

    runs = []
    for room in (None, 64):
        run = under_way(40.0, 3, 5)
        if room is not None:
            run.docket = type(run.docket)(run.docket.used, *(column[:room].copy() for column in run.docket[1:]))
            run.queue = run.queue._replace(after=run.queue.after[:room].copy())
        runs.append(events(ended(run)))
    assert runs[0].equals(runs[1])


def test_a_second_filing_goes_elsewhere_and_after_the_first_has_ended() -> None:
    run = under_way(200.0, 3, 2)
    while run.month < run.months:
        advance(run)
    docket = finish(run).docket
    answers = docket.channel != PRESERVATION
    again = np.flatnonzero(answers & (docket.attempt > 0))
    assert again.size > 100
    enough = docket.granted >= np.where(docket.channel < FIRST_SIDE_DOOR, 0, docket.wanted)
    for m in again:
        before = np.flatnonzero(answers & (docket.case == docket.case[m]) & (docket.attempt < docket.attempt[m]))
        assert set(docket.attempt[before]) == set(range(docket.attempt[m]))
        assert docket.requested[m] not in docket.requested[before]
        assert docket.filed_day[m] >= docket.ended_day[before].max() + 60.0 - 1e-9
        assert not enough[before].any()


@pytest.mark.parametrize("retry_days", [0.0, 30.0, 60.0])
def test_everyone_who_may_ask_again_does(retry_days: float) -> None:
    """A requester that may ask three times asks on after every end without data, where another state holds evidence.

    Whoever was deterred from asking formally at first passes over a state that neither firm nor police make worth it.
    """
    run = under_way(5.0, 3, 2, retry_days=retry_days)
    while run.month < run.months:
        advance(run)
    docket, cases = finish(run).docket, run.cases
    rows = run.book.last[run.book.last >= 0]
    over = docket.ended_day[rows] + retry_days < (run.months - 1) * DAYS_PER_MONTH
    rows = rows[over & (docket.channel[rows] < FIRST_SIDE_DOOR) & (docket.granted[rows] < 0)]
    given = docket.case[(docket.channel > PRESERVATION) & (docket.granted >= docket.wanted)]  # by a side door
    eager = docket.case[(docket.channel < FIRST_SIDE_DOOR) & (docket.attempt == 0)]
    rows = rows[(run.book.attempts[docket.case[rows]] < 3) & ~np.isin(docket.case[rows], given) & np.isin(docket.case[rows], eager)]
    assert rows.size > 1000
    forgotten = 0
    for m in rows:
        c = docket.case[m]
        asked = set(docket.requested[(docket.case == c)].tolist()) | {-1, int(cases.requester[c])}
        forgotten += bool(set(cases.hosts[c].tolist()) - asked)
    assert forgotten == 0, f"{forgotten} of {rows.size} never asked again though they could"


def test_data_age_from_the_day_of_the_case_and_not_from_a_later_filing() -> None:
    run = under_way(200.0, 3, 2)
    while run.month < run.months:
        advance(run)
    docket, practice = finish(run).docket, run.rules.practice
    cases, states = run.cases, run.world.states
    z = run.draws.normal("retention", cases.id[docket.case], states.keys[docket.requested])
    gone = cases.day[docket.case] + np.exp(practice.retention_log + practice.retention_spread * z)
    frozen = docket.preserved_until >= docket.executed_day
    late = (docket.channel < FIRST_SIDE_DOOR) & (docket.executed_day > gone) & ~frozen
    assert late.sum() > 20
    assert (docket.status[late] == EMPTY).all()
