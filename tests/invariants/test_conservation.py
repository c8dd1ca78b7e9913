"""Nothing is lost and nothing appears: cases, requests and hours add up after every month (model.md 7.1)."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.month import advance
from sim.run import Run, finish
from sim.world.docket import Docket
from sim.world.vocabulary import (
    CASE_STATUSES,
    CHANNELS,
    DAYS_PER_MONTH,
    DETERRED,
    DIRECT,
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
    NOTHING_USABLE,
    OPEN,
    PARKED,
    PENDING,
    POLICE,
    PRESERVATION,
    REFUSED,
    SPONTANEOUS,
    STATUSES,
    SUSPENDED,
    TOLD_BEFORE,
    WITHDRAWN,
)
from tests.shares import one_in
from tests.worlds import bare_world, made_up, started, walked, with_conduct, with_forces, with_safeguard

ANSWERS = (EXECUTED, IN_PART, EMPTY, REFUSED, WITHDRAWN, LAPSED, DIVERTED, SUSPENDED)
SIDE_DOORS = {
    PRESERVATION: (EXECUTED, EMPTY, REFUSED),
    POLICE: (EXECUTED, IN_PART, LAPSED),
    SPONTANEOUS: (EXECUTED, IN_PART),
    DIRECT: (EXECUTED, IN_PART, REFUSED),
}
"""How each of them may end."""
ALL_DOORS_OPEN = {"direct_share": 0.8, "police_share": 0.6, "spontaneous_most": 0.3}


def under_way(
    capacity: float,
    attempts: int,
    seed: int,
    quiet: float = 1.0,
    retry_days: float = 60.0,
    suspending: str = "must",
    overrides: tuple[str, ...] = (),
) -> Run:
    """A run at its beginning: every side door is used, and Hanoi suspends whoever is refused twice."""
    config = with_conduct(
        made_up("demand.abusive_odds=0.1", *overrides), attempts=attempts, retry_days=retry_days, **ALL_DOORS_OPEN
    )
    config = with_forces(config, suspending, "suspension", instruments=["hanoi"])
    config = with_safeguard(config, "suspension", refusals=2, share=0.0, months=5)
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

    # Side doors are answered on the day they are tried or some days later, cost no hours and wait in no queue.
    for channel, ends in SIDE_DOORS.items():
        rows = docket.channel == channel
        moved = docket.evaded[rows] == NOTHING_USABLE
        assert np.isin(docket.status[rows][~moved], ends).all(), CHANNELS[channel]
        assert (docket.status[rows][moved] == EMPTY).all()
        assert (docket.ended_day[rows] >= docket.filed_day[rows]).all()
        assert not docket.hours[rows].any()

    # Who waits, counted by following the links: every unanswered request stands in exactly one lane, in its order.
    waiting = [[walked(docket, run.queue, j, lane) for lane in range(3)] for j in range(states)]
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
    assert not (told.docket.status[~formal] == PARKED).any()
    assert (told.docket.status[~formal] == PENDING).sum() == (~formal & ~over).sum()

    # Latent cases of the months so far = domestic + not live + deterred + open + disclosed + ended.
    arisen = int(run.edges[run.month])
    status = told.case_status[:arisen]
    cases = run.cases
    filings = np.zeros((cases.id.size, run.rules.habits.attempts), np.int64)  # formal requests by case and attempt
    np.add.at(filings, (docket.case[formal], docket.attempt[formal]), 1)
    assert filings.max(initial=0) <= 1, "a filing makes one formal request at most"
    tried = np.zeros_like(filings, dtype=bool)
    tried[docket.case, docket.attempt] = True
    assert np.array_equal(tried.sum(axis=1), run.book.attempts)
    assert not tried[arisen:].any(), "nothing is filed before it arises"
    enough = formal | cases.abusive[docket.case] | (told.docket.granted >= docket.wanted)
    gave = np.bincount(docket.case[enough & (told.docket.granted >= 0)], minlength=cases.id.size)[:arisen] > 0
    undecided = np.bincount(docket.case[np.isnan(told.docket.ended_day)], minlength=cases.id.size)[:arisen] > 0
    filed = tried[:arisen].any(axis=1)
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
@pytest.mark.parametrize("seed", one_in(2, [1, 2]))
def test_cases_requests_and_hours_add_up_every_month(capacity: float, attempts: int, seed: int) -> None:
    run = under_way(capacity, attempts, seed, quiet=0.4)
    while run.month < run.months:
        advance(run)
        add_up(run)
    if capacity == 40.0:
        assert (run.queue.waiting[-1] > 0).any(), "a queue must have been tried"
        assert np.isin(ANSWERS, run.docket.status).all(), "and every answer given"
        assert np.isin(range(len(CHANNELS)), run.docket.channel).all(), "by every way"
    if attempts == 3:
        assert np.bincount(run.book.attempts, minlength=4)[2:].min() > 0


REMEMBERING = (
    *("adaptation.exposure.chance=0.9", "adaptation.exposure.lag_months=1"),
    *(f"adaptation.reviewers.{switch}=true" for switch in ("trust", "record", "scandals", "emergencies")),
    *("adaptation.reviewers.suspends=1", "adaptation.reviewers.scandal_years=0.5"),
)


@pytest.mark.parametrize("suspending", ["absent", "must"])
@pytest.mark.parametrize("capacity", [40.0, 1e6])
def test_books_add_up_where_reviewers_remember_and_pairs_break_off(capacity: float, suspending: str) -> None:
    run = under_way(capacity, 3, 1, suspending=suspending, overrides=REMEMBERING)
    while run.month < run.months:
        advance(run)
        add_up(run)
    assert (run.memories.resumes > 0).sum() > 5
    assert (run.docket.status == SUSPENDED).sum() > 5


def gave_all(docket: Docket, m: int) -> float:
    """Day on which a side door of the same filing gave all that request ``m`` wants; infinity if none did."""
    same = (docket.case == docket.case[m]) & (docket.attempt == docket.attempt[m]) & (docket.channel > PRESERVATION)
    return float(docket.executed_day[same & (docket.granted >= docket.wanted)].min(initial=np.inf))


def test_a_request_is_not_pursued_if_and_only_if_another_door_gave_all_that_was_wanted() -> None:
    run = under_way(200.0, 1, 2)
    while run.month < run.months:
        advance(run)
    docket = Docket._make(column[: run.docket.used[0]] for column in run.docket)
    diverted = docket.status == DIVERTED
    assert diverted.sum() > 50
    for m in np.flatnonzero(docket.channel < FIRST_SIDE_DOOR):
        given = gave_all(docket, m)
        assert diverted[m] == (given < np.inf)
        assert not diverted[m] or docket.ended_day[m] == given
    assert not docket.hours[diverted].any()
    assert np.isnan(docket.decided_day[diverted]).all()


@pytest.mark.parametrize("capacity", [20.0, 1e6])
def test_the_books_balance_while_the_law_itself_moves(capacity: float) -> None:
    config = made_up(
        *("adaptation.members.joining=true", "adaptation.members.leaving=true", "adaptation.members.quorum=3"),
        *("adaptation.members.hazard=2", "adaptation.members.leave_hazard=0.3", "adaptation.members.notice_days=30"),
        *(f"adaptation.legislatures.{switch}=true" for switch in ("inflation", "diffusion", "restrictive", "protocol")),
        *("adaptation.legislatures.rise=2", "adaptation.legislatures.new_laws=1", "conduct.attempts=3"),
        *("adaptation.legislatures.protocol_years=1", "adaptation.legislatures.protocol_parties=3", "demand.abusive_odds=0.1"),
    )
    world = bare_world(config)
    run = started(config, world.with_capacity(np.full(world.states.count, capacity)), 1, loaded=True)
    while run.month < run.months:
        advance(run)
        add_up(run)
    assert run.polity is not None
    assert run.polity.statutes.since.any()


def test_nobody_is_suspended_by_a_text_without_that_rule() -> None:
    run = under_way(40.0, 1, 1, suspending="absent")
    while run.month < run.months:
        advance(run)
    assert not (run.docket.status == SUSPENDED).any()


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
            run.queue = run.queue._replace(after=run.queue.after[:room].copy(), beside=run.queue.beside[:room].copy())
        runs.append(events(ended(run)))
    assert runs[0].equals(runs[1])


def test_a_second_filing_goes_elsewhere_and_after_the_first_has_ended() -> None:
    run = under_way(200.0, 3, 2)
    while run.month < run.months:
        advance(run)
    docket = finish(run).docket
    asked = docket.channel != PRESERVATION
    again = np.flatnonzero(asked & (docket.attempt > 0))
    assert again.size > 100
    for m in again:
        before = asked & (docket.case == docket.case[m]) & (docket.attempt < docket.attempt[m])
        assert np.unique(docket.attempt[before]).size == docket.attempt[m]
        assert docket.requested[m] not in docket.requested[before]
        assert docket.filed_day[m] >= docket.ended_day[before].max() + 60.0 - 1e-9
        assert not given_enough(docket)[before].any()


def given_enough(docket: Docket) -> NDArray[np.bool_]:
    """Requests after which nobody asks on: a formal one that gave anything, or a side door that gave the class wanted."""
    formal = docket.channel < FIRST_SIDE_DOOR
    return (docket.channel != PRESERVATION) & (docket.granted >= np.where(formal, 0, docket.wanted))


@pytest.mark.parametrize("retry_days", [0.0, 30.0, 60.0])
def test_everyone_who_may_ask_again_does(retry_days: float) -> None:
    """A requester that may ask three times asks on after every end without data, where another state holds evidence.

    Said of whoever asks formally from the first; a side door alone is tried where the readiness to file falls short.
    """
    run = under_way(5.0, 3, 2, retry_days=retry_days)
    while run.month < run.months:
        advance(run)
    docket, cases = finish(run).docket, run.cases
    asked = docket.channel != PRESERVATION
    heard = np.zeros(cases.id.size)
    np.maximum.at(heard, docket.case[asked], np.where(np.isnan(docket.ended_day), np.inf, docket.ended_day)[asked])
    enough = np.zeros(cases.id.size, bool)
    enough[docket.case[given_enough(docket)]] = True
    wanting = (heard + retry_days < (run.months - 1) * DAYS_PER_MONTH) & ~enough
    forgotten = 0
    ready = np.zeros(cases.id.size, bool)
    ready[docket.case[(docket.channel < FIRST_SIDE_DOOR) & (docket.attempt == 0)]] = True
    rows = np.flatnonzero(wanting & ready & (run.book.attempts < 3))
    assert rows.size > 100
    for c in rows:
        held = set(docket.requested[docket.case == c].tolist()) | {-1, int(cases.requester[c])}
        forgotten += bool(set(cases.hosts[c].tolist()) - held)
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
    late &= docket.told != TOLD_BEFORE  # what a firm holds is frozen once the order has reached it, while its user contests
    assert late.sum() > 20
    assert (docket.status[late] == EMPTY).all()
