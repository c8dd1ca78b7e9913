"""Suspension, training and the outside option: each does what its text says, to whom it says, for as long as it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest

from sim.arrays import Flags
from sim.binding import bind, suspend
from sim.metrics import Finished
from sim.month import advance
from sim.review.institutions import Bench, empty_bench, forgiven, newly_suspended, trained
from sim.review.suspension import Suspension
from sim.review.training import Training
from sim.rules import Rules, rules_of
from sim.run import Run, finish
from sim.settings import Config
from sim.simulation import simulate
from sim.world.docket import Docket, empty_docket
from sim.world.snapshot import World
from sim.world.vocabulary import (
    DAYS_PER_MONTH,
    DISCLOSED,
    DIVERTED,
    EMERGENCY,
    EXECUTED,
    FIRST_SIDE_DOOR,
    FORMAL,
    LAPSED,
    PENDING,
    POLICE,
    PRESERVATION,
    REFUSED,
    SUSPENDED,
    WITHDRAWN,
)
from tests.worlds import bare_world, events, files, made_up, office, started, with_forces, with_safeguard

ONCE = {"second_reading": False}  # what counts after a second reading is the matter of another file of tests
LATEST = 23  # month in which the tests of the bench stand


def rule_of(**fields: Any) -> Suspension:
    """The rule on file with other numbers."""
    rule = made_up().safeguards["suspension"]
    assert isinstance(rule, Suspension)
    return rule.model_copy(update=fields)


# --- whom refusals suspend ------------------------------------------------------------------------------------------------


def bench_of(stopped: dict[int, int], decided: dict[int, int]) -> Bench:
    """One text and one state, of which so many requests were stopped and decided by month."""
    bench = empty_bench(LATEST + 1, 1, 1)
    for table, counts in ((bench.stopped, stopped), (bench.decided, decided)):
        for month, count in counts.items():
            table[month, 0, 0] = count
    return bench


@pytest.mark.parametrize(("stopped", "falls"), [(4, False), (5, True), (6, True)])
def test_so_many_refusals_suspend_and_one_fewer_does_not(stopped: int, falls: bool) -> None:
    bench = bench_of({LATEST: stopped}, {LATEST: 10})
    assert newly_suspended(rule_of(refusals=5, share=0.1), bench, LATEST)[0, 0] == falls


@pytest.mark.parametrize(("decided", "falls"), [(49, True), (50, True), (51, False)])
def test_so_large_a_share_of_what_was_decided_suspends_and_a_smaller_one_does_not(decided: int, falls: bool) -> None:
    bench = bench_of({LATEST: 5}, {LATEST: decided})
    assert newly_suspended(rule_of(refusals=5, share=0.1), bench, LATEST)[0, 0] == falls


@pytest.mark.parametrize(("oldest", "falls"), [(LATEST - 12, False), (LATEST - 11, True)])
def test_refusals_count_for_so_many_months_and_no_longer(oldest: int, falls: bool) -> None:
    bench = bench_of({oldest: 3, LATEST: 2}, {oldest: 3, LATEST: 2})
    assert newly_suspended(rule_of(refusals=5, share=0.1, within_months=12), bench, LATEST)[0, 0] == falls


def test_the_share_is_of_the_same_months_as_the_refusals() -> None:
    bench = bench_of({LATEST: 5}, {LATEST - 12: 1000, LATEST: 5})
    assert newly_suspended(rule_of(refusals=5, share=0.9, within_months=12), bench, LATEST)[0, 0]


def test_a_window_longer_than_the_record_takes_what_there_is() -> None:
    assert newly_suspended(rule_of(refusals=5, share=0.0, within_months=999), bench_of({0: 5}, {0: 5}), 2)[0, 0]


def test_whoever_is_suspended_is_not_judged_until_the_term_is_over() -> None:
    bench = bench_of({LATEST: 50}, {LATEST: 50})
    bench.until[0, 0] = LATEST + 1
    assert not newly_suspended(rule_of(), bench, LATEST)[0, 0]
    bench.until[0, 0] = LATEST
    assert newly_suspended(rule_of(), bench, LATEST)[0, 0]


def test_nobody_is_suspended_twice_for_the_same_refusals() -> None:
    bench = empty_bench(LATEST + 1, 2, 2)
    bench.stopped[LATEST], bench.decided[LATEST] = 9, 9
    forgiven(bench, 1, np.array([False, True]))
    assert newly_suspended(rule_of(), bench, LATEST).tolist() == [[True, True], [True, False]]


# --- a docket of one page -------------------------------------------------------------------------------------------------

ASKS, HOLDS, THIRD = "AAB", "AAA", "AAC"
MONTH = 30  # of the window: the run-in is over


class Page(NamedTuple):
    """Requests of one state to another, written by hand, in a run that has come to a month."""

    run: Run
    hanoi: int
    asks: int
    holds: int
    third: int


def page(count: int, force: str = "must", **rule: Any) -> Page:
    """``count`` requests of ASKS to HOLDS under Hanoi, all pending; three states, all parties to it."""
    config = made_up("states.synthetic.count=3", "states.synthetic.hosts=1", "people.rows=100")
    config = with_safeguard(with_forces(config, force, "suspension", instruments=["hanoi"]), "suspension", **{**ONCE, **rule})
    run = started(config, bare_world(config))
    codes = run.world.states.codes
    asks, holds, third = (codes.index(code) for code in (ASKS, HOLDS, THIRD))
    run.cases, _ = files(replace(office(), world=run.world), count)
    run.cases.requester[:] = asks
    docket = empty_docket(count)
    docket.case[:] = np.arange(count)
    docket.requested[:] = holds
    docket.instrument[:] = run.rules.names.index("hanoi")
    docket.channel[:] = FORMAL
    docket.status[:] = PENDING
    docket.filed_day[:] = MONTH * DAYS_PER_MONTH + 1.0
    docket.used[0] = count
    run.docket, run.month = docket, MONTH
    run.queue = run.queue._replace(after=np.full(count, -1, np.int64))
    return Page(run, run.rules.names.index("hanoi"), asks, holds, third)


def refused(of: Page, rows: slice, reason: str = "judge", day: float = MONTH * DAYS_PER_MONTH + 5.0) -> None:
    """Rows are refused on a day for a reason."""
    docket, names = of.run.docket, of.run.rules.review.names
    docket.status[rows] = REFUSED
    docket.reason[rows] = names.index(reason)
    docket.grounds[rows] = 1 << names.index(reason)
    docket.decided_day[rows] = docket.ended_day[rows] = day


def months_out(of: Page, months: int) -> list[int]:
    """Months, counted from the next, in which ASKS may not ask under the text."""
    out = []
    for later in range(1, months + 1):
        suspend(of.run)
        bind(of.run, of.run.month + 1)
        of.run.month += 1
        if not of.run.in_force[of.hanoi, of.asks, of.holds]:
            out.append(later)
    return out


@pytest.mark.parametrize("term", [1, 5])
def test_the_text_is_lost_from_the_next_month_for_the_term_and_comes_back(term: int) -> None:
    of = page(6, refusals=5, share=0.1, months=term)
    refused(of, slice(0, 5))
    assert months_out(of, 12) == list(range(1, term + 1))
    assert np.array_equal(of.run.in_force, of.run.rules.law.after)


def test_refusals_within_the_window_do_not_suspend_a_second_time() -> None:
    of = page(5, refusals=5, share=0.1, months=2, within_months=12)
    refused(of, slice(0, 5))
    assert months_out(of, 12) == [1, 2]


def test_refusals_add_up_over_months_and_suspend_in_the_month_of_the_last() -> None:
    of = page(6, refusals=5, share=0.1, months=1)
    for later, row in enumerate(range(5)):
        refused(of, slice(row, row + 1), day=(MONTH + later) * DAYS_PER_MONTH + 5.0)
    assert months_out(of, 9) == [5]


@pytest.mark.parametrize("mutual", [True, False])
def test_a_suspended_state_may_not_ask_and_where_it_is_mutual_may_not_be_asked(mutual: bool) -> None:
    of = page(5, refusals=5, share=0.1, reciprocal=mutual)
    refused(of, slice(0, 5))
    suspend(of.run)
    bind(of.run, of.run.month + 1)
    law, now = of.run.rules.law.after[of.hanoi], of.run.in_force[of.hanoi]
    assert not now[of.asks].any()
    assert now[:, of.asks].any() != mutual
    assert now[of.holds, of.third] == law[of.holds, of.third] == now[of.third, of.holds]
    others = [text for text in range(len(of.run.rules.names)) if text != of.hanoi]
    assert np.array_equal(of.run.in_force[others], of.run.rules.law.after[others])


def test_only_refusals_of_substance_count_and_only_those_that_are_upheld() -> None:
    of = page(30, refusals=5, share=0.1)
    refused(of, slice(0, 6), reason="form")
    refused(of, slice(6, 12), reason="seriousness")
    for rows, status in ((slice(12, 18), LAPSED), (slice(18, 24), WITHDRAWN)):
        of.run.docket.status[rows] = status
        of.run.docket.ended_day[rows] = MONTH * DAYS_PER_MONTH + 5.0
    refused(of, slice(24, 30))
    of.run.docket.channel[24:30] = POLICE
    assert months_out(of, 3) == []
    of = page(30, refusals=5, share=0.1)
    refused(of, slice(0, 5), reason="desk")
    assert 1 in months_out(of, 3)


def test_refusals_under_another_text_do_not_count() -> None:
    of = page(6, refusals=5, share=0.1)
    refused(of, slice(0, 6))
    of.run.docket.instrument[:] = of.run.rules.names.index("comity")
    assert months_out(of, 2) == []


def test_a_text_without_the_rule_suspends_nobody() -> None:
    assert page(1, force="absent").run.rules.suspensions == {}


def test_nobody_is_suspended_from_comity() -> None:
    config = with_forces(made_up(), "must", "suspension")
    rules = rules_of(config.policy, bare_world(config), False, 0)
    assert set(rules.suspensions) == set(range(len(rules.names) - 1))


# --- what is in flight ----------------------------------------------------------------------------------------------------

CLOSES = (MONTH + 1) * DAYS_PER_MONTH


def in_flight(**rule: Any) -> Page:
    """Five refusals that suspend ASKS, and requests in every state of progress; see the rows below."""
    of = page(20, refusals=5, share=0.1, **rule)
    refused(of, slice(0, 5))
    docket, cases = of.run.docket, of.run.cases
    for row in (EXECUTING, OVER, FROM_OTHERS, TO_THEM, ELSEWHERE):
        docket.status[row], docket.granted[row] = EXECUTED, 2
        docket.decided_day[row] = CLOSES - 9.0
        docket.executed_day[row] = docket.ended_day[row] = CLOSES + 9.0
        docket.told[row], docket.misused[row], docket.published[row] = 2, 3, 1
    docket.executed_day[OVER] = docket.ended_day[OVER] = CLOSES - 1.0
    refused(of, slice(LATER, LATER + 1), day=CLOSES + 3.0)
    docket.status[GIVEN] = DIVERTED
    docket.ended_day[GIVEN] = CLOSES + 2.0
    docket.channel[URGENT] = EMERGENCY
    docket.channel[FREEZING], docket.channel[POLICED] = PRESERVATION, POLICE
    docket.instrument[ELSEWHERE] = of.run.rules.names.index("comity")
    cases.requester[docket.case[[FROM_OTHERS, TO_THEM]]] = of.third
    docket.requested[TO_THEM] = of.asks
    return of


EXECUTING, OVER, FROM_OTHERS, TO_THEM, ELSEWHERE, LATER, GIVEN, URGENT, FREEZING, POLICED, WAITING = range(5, 16)


@pytest.mark.parametrize("mutual", [True, False])
def test_what_is_in_flight_ends_at_once_and_gives_nothing(mutual: bool) -> None:
    of = in_flight(reciprocal=mutual)
    before = Docket._make(column.copy() for column in of.run.docket)
    suspend(of.run)
    bind(of.run, of.run.month + 1)
    docket = of.run.docket
    stopped = {EXECUTING, LATER, URGENT, WAITING, *range(WAITING + 1, 20)} | ({TO_THEM} if mutual else set())
    assert set(np.flatnonzero(docket.status == SUSPENDED)) == stopped
    rows = sorted(stopped)
    assert (docket.ended_day[rows] == CLOSES).all()
    assert np.isnan(docket.executed_day[rows]).all()
    assert (docket.granted[rows] == -1).all()
    assert (docket.reason[rows] == -1).all()
    for column in (docket.grounds, docket.told, docket.misused, docket.published):
        assert not column[rows].any()
    rest = np.setdiff1d(np.arange(20), rows)
    for name, one, other in zip(Docket._fields[1:], docket[1:], before[1:], strict=True):
        assert np.array_equal(one[rest], other[rest], equal_nan=one.dtype.kind == "f"), name


def test_what_would_have_been_decided_later_is_not_decided() -> None:
    of = in_flight()
    suspend(of.run)
    bind(of.run, of.run.month + 1)
    assert np.isnan(of.run.docket.decided_day[LATER])
    assert of.run.docket.decided_day[EXECUTING] == CLOSES - 9.0


# --- whole runs -----------------------------------------------------------------------------------------------------------

ABUSED = ("demand.abusive_odds=0.3", "demand.abusive_most=2.0", "demand.abusive_most_per_person=1.0", "review.load=false")
TERM = 6


class Told(NamedTuple):
    """A run with what was in force in each month, and from when each state is suspended from Hanoi."""

    run: Run
    end: Finished
    in_force: list[Flags]
    falls: dict[int, list[int]]  # by state: months at whose end it is suspended


def sanctioned(**rule: Any) -> Config:
    """Suspension in Hanoi after few refusals."""
    config = with_forces(made_up(*ABUSED), "must", "suspension", instruments=["hanoi"])
    return with_safeguard(config, "suspension", **{"refusals": 3, "share": 0.05, "months": TERM, **ONCE, **rule})


def run_of(config: Config, capacity: float | None = None) -> Told:
    world = bare_world(config)
    if capacity is not None:
        world = world.with_capacity(np.full(world.states.count, capacity))
    run = started(config, world, loaded=capacity is not None)
    in_force, falls = [], {state: [] for state in range(world.states.count)}
    hanoi = run.rules.names.index("hanoi")
    while run.month < run.months:
        month = run.month
        in_force.append(run.in_force.copy() if month >= run.rules.treaty_from else run.rules.law.before)
        before = run.bench.until[hanoi].copy()
        advance(run)
        for state in np.flatnonzero(run.bench.until[hanoi] != before):
            falls[int(state)].append(month)
    return Told(run, finish(run), in_force, falls)


@cache
def adopted() -> Told:
    return run_of(made_up(*ABUSED))


@cache
def sanction(mutual: bool) -> Told:
    told = run_of(sanctioned(reciprocal=mutual))
    assert sum(map(len, told.falls.values())) > 5, "some must have fallen"
    return told


def out_in(told: Told, month: int) -> Flags:
    """Who is suspended in a month, ``[N]``."""
    return np.array([any(fell < month <= fell + TERM for fell in told.falls[state]) for state in sorted(told.falls)])


@pytest.mark.parametrize("mutual", [True, False])
def test_the_law_in_force_is_the_texts_less_who_is_suspended(mutual: bool) -> None:
    told = sanction(mutual)
    hanoi, law = told.run.rules.names.index("hanoi"), told.run.rules.law
    for month, in_force in enumerate(told.in_force):
        if month < told.run.rules.treaty_from:
            continue
        expected = law.after.copy()
        out = out_in(told, month)
        expected[hanoi, out] = False
        if mutual:
            expected[hanoi, :, out] = False
        assert np.array_equal(in_force, expected), month


@pytest.mark.parametrize("mutual", [True, False])
def test_no_door_of_the_text_is_open_between_a_suspended_pair(mutual: bool) -> None:
    told = sanction(mutual)
    docket, hanoi = told.end.docket, told.run.rules.names.index("hanoi")
    requester = told.run.cases.requester[docket.case]
    open_doors = {month: in_force[hanoi] for month, in_force in enumerate(told.in_force)}
    under = np.flatnonzero(docket.instrument == hanoi)
    assert all(open_doors[int(docket.month[m])][requester[m], docket.requested[m]] for m in under)
    assert set(docket.channel[under]) >= {FORMAL, PRESERVATION, POLICE}
    again = [m for m in under if any(fell + TERM < docket.month[m] for fell in told.falls[int(requester[m])])]
    assert len(again) > 10, "whoever was suspended comes back"


@pytest.mark.parametrize("mutual", [True, False])
def test_a_suspended_pair_falls_to_the_next_text_in_force(mutual: bool) -> None:
    """Each formal request stands under the first text in force that reaches its label and its data, retold in plain Python."""
    told = sanction(mutual)
    law, docket, cases = told.run.rules.law, told.end.docket, told.run.cases
    hanoi = told.run.rules.names.index("hanoi")
    fallen = 0
    for m in np.flatnonzero(docket.channel < FIRST_SIDE_DOOR):
        i, j, in_force = cases.requester[docket.case[m]], docket.requested[m], told.in_force[int(docket.month[m])]
        texts = [
            text
            for text in range(len(told.run.rules.names))
            if law.reach[text, i, docket.label[m]] == 0 and law.most[text] >= docket.wanted[m]
        ]
        assert docket.instrument[m] == next(text for text in texts if in_force[text, i, j])
        meant = next(text for text in texts if law.after[text, i, j])
        fallen += int(meant == hanoi and docket.instrument[m] > hanoi and docket.month[m] >= told.run.rules.treaty_from)
    assert fallen > 20


@pytest.mark.parametrize("mutual", [True, False])
def test_nothing_of_a_suspended_pair_outlives_the_day_of_suspension(mutual: bool) -> None:
    told = sanction(mutual)
    docket, cases, hanoi = told.end.docket, told.run.cases, told.run.rules.names.index("hanoi")
    requester = cases.requester[docket.case]
    stopped = np.zeros(docket.case.size, bool)
    for state, months in told.falls.items():
        party = (requester == state) | ((docket.requested == state) & mutual)
        for month in months:
            if month + 1 == told.run.months:
                continue  # the day is that on which the run is over: nothing more happens in it
            today = (month + 1) * DAYS_PER_MONTH
            lasting = ~(docket.ended_day < today) & (docket.month <= month)
            rows = party & lasting & (docket.instrument == hanoi) & (docket.channel < FIRST_SIDE_DOOR)
            rows &= docket.status != DIVERTED
            assert (docket.status[rows] == SUSPENDED).all()
            assert (docket.ended_day[rows] == today).all()
            stopped |= rows
    assert stopped.sum() > 20
    assert np.array_equal(stopped, docket.status == SUSPENDED)
    assert (docket.granted[stopped] == -1).all()
    assert not (docket.decided_day[stopped] >= docket.ended_day[stopped]).any()


@pytest.mark.parametrize("mutual", [True, False])
def test_requests_under_other_texts_go_on_as_if_nobody_were_suspended(mutual: bool) -> None:
    """All but the urgent ones, for which the text opens a lane of its own, whichever governs (Art 41)."""
    one, other = (events(told.end) for told in (adopted(), sanction(mutual)))
    by_the_text = [frame["instrument"].eq("hanoi") | frame["channel"].eq(EMERGENCY) for frame in (one, other)]
    ids = [set(frame.loc[rows, "case"]) for frame, rows in zip((one, other), by_the_text, strict=True)]
    untouched = [frame[~frame["case"].isin(ids[0] | ids[1])].reset_index(drop=True) for frame in (one, other)]
    assert len(untouched[0]) > 1000
    assert untouched[0].equals(untouched[1])
    assert not one.equals(other)


def test_the_legitimate_needs_of_both_sides_go_unmet_only_where_suspension_is_mutual() -> None:
    lost = {}
    for mutual in (True, False):
        told = sanction(mutual)
        cases = told.run.cases
        gone = (adopted().end.case_status == DISCLOSED) & (told.end.case_status != DISCLOSED) & ~cases.abusive
        ever = np.array([bool(told.falls[state]) for state in sorted(told.falls)])
        lost[mutual] = gone & ever[cases.requester], gone & ~ever[cases.requester]
        assert lost[mutual][0].sum() > 3
    assert lost[True][1].sum() > 0
    assert lost[False][1].sum() == 0


def test_in_the_run_in_nobody_is_suspended_and_nothing_counts() -> None:
    told = sanction(True)
    opens = told.run.rules.treaty_from
    assert min(month for months in told.falls.values() for month in months) >= opens
    assert not told.run.bench.decided[:opens].any()


def test_suspended_files_leave_the_lanes_at_once_and_weigh_on_nobody() -> None:
    told = run_of(sanctioned(), capacity=30.0)
    queue, docket = told.run.queue, told.run.docket
    assert (docket.status[: docket.used[0]] == SUSPENDED).sum() > 20
    used = int(docket.used[0])
    waiting = np.isnan(docket.ended_day[:used]) & (docket.channel[:used] < FIRST_SIDE_DOOR)
    held = np.bincount(docket.requested[:used][waiting], minlength=told.run.world.states.count)
    assert np.array_equal(queue.held.sum(axis=1), held)
    assert np.array_equal(queue.waiting[-1] + queue.parked[-1], held)


# --- training -------------------------------------------------------------------------------------------------------------

PROGRAMMES = ("training", "training_volume", "training_screening")


def programme(**fields: Any) -> Training:
    usual = {"below": 0.5, "hours_factor": 1.5, "skill_gain": 0.2, "filing_gain": 0.1}
    known = made_up().safeguards["training"]
    assert isinstance(known, Training)
    return known.model_copy(update=usual | fields)


def test_only_parties_under_the_line_are_trained() -> None:
    skill, bound = np.array([0.2, 0.49, 0.5, 0.9, 0.2]), np.array([True, True, True, True, False])
    after = trained(skill, [(programme(), bound)])
    assert after.skill == pytest.approx([0.4, 0.69, 0.5, 0.9, 0.2])
    assert after.hours == pytest.approx([1.5, 1.5, 1.0, 1.0, 1.0])
    assert after.filing == pytest.approx([1.1, 1.1, 1.0, 1.0, 1.0])


def test_skill_never_exceeds_one() -> None:
    after = trained(np.array([0.7, 0.95]), [(programme(below=1.0, skill_gain=0.2), np.ones(2, bool))])
    assert after.skill == pytest.approx([0.9, 1.0])


def test_two_programmes_add_up_and_the_first_lifts_nobody_over_the_line_of_the_second() -> None:
    after = trained(np.array([0.45]), [(programme(), np.ones(1, bool)), (programme(filing_gain=0.0), np.ones(1, bool))])
    assert (after.skill[0], after.hours[0], after.filing[0]) == pytest.approx((0.85, 2.25, 1.1))


def offered(name: str, *overrides: str) -> Config:
    """A programme in Hanoi alone."""
    return with_forces(made_up(*overrides), "must", name, instruments=["hanoi"])


def ruled(config: Config, world: World) -> Rules:
    return rules_of(config.policy, world, True, config.run_in_months)


def worlds_with_weak_authorities() -> Iterator[tuple[World, Flags]]:
    """Worlds with finite hours, and whose skill is under one half."""
    for seed in (1, 2):
        world = bare_world(made_up(), seed)
        yield world.with_capacity(np.full(world.states.count, 40.0)), world.states.skill < 0.5


@pytest.mark.parametrize("name", PROGRAMMES)
def test_a_programme_changes_what_it_says_for_parties_under_the_line_and_nothing_else(name: str) -> None:
    for world, weak in worlds_with_weak_authorities():
        outside = world.states.codes[int(np.flatnonzero(weak)[0])]
        config = offered(name, f"+instruments.hanoi.parties.without.{outside}=true")
        before, after = ruled(with_forces(config, "absent", name), world), ruled(config, world)
        takes_part = weak & (np.array(world.states.codes) != outside)
        assert takes_part.any()
        assert not takes_part.all()
        rule = config.safeguards[name]
        assert isinstance(rule, Training)
        own = after.review.names.index(name)  # a force that no reviewer reads
        assert np.array_equal(after.capacity, world.capacity * np.where(takes_part, rule.hours_factor, 1.0))
        assert np.array_equal(after.habits.appetite, before.habits.appetite * np.where(takes_part, 1 + rule.filing_gain, 1.0))
        skill = np.where(takes_part, np.minimum(world.states.skill + rule.skill_gain, 1.0), world.states.skill)
        assert np.array_equal(after.reading.skill, skill)
        for one, other in ((before.reading, after.reading), (before.habits, after.habits)):
            for field, value in one._asdict().items():
                if field == "applies":
                    assert np.array_equal(*(np.delete(table, own, axis=0) for table in (value, other.applies)))
                elif field not in ("skill", "appetite"):
                    assert np.array_equal(value, getattr(other, field)), field


def test_screening_alone_changes_no_hours_and_volume_alone_changes_no_reading() -> None:
    world, _ = next(worlds_with_weak_authorities())
    screening, volume = (ruled(offered(name), world) for name in ("training_screening", "training_volume"))
    assert np.array_equal(screening.capacity, world.capacity)
    assert (screening.habits.appetite == 1.0).all()
    assert (screening.reading.skill > world.states.skill).any()
    assert np.array_equal(volume.reading.skill, world.states.skill)
    assert (volume.capacity > world.capacity).any()


@pytest.mark.parametrize("name", PROGRAMMES)
def test_training_begins_with_the_treaty(name: str) -> None:
    config = with_safeguard(offered(name, *ABUSED[:-1]), name, below=1.0)
    world = bare_world(config)
    world = world.with_capacity(np.full(world.states.count, 40.0))
    runs = [started(each, world, loaded=True) for each in (with_forces(config, "absent", name), config)]
    for _ in range(config.run_in_months):
        for run in runs:
            advance(run)
    for field, one, other in zip(Docket._fields, runs[0].docket, runs[1].docket, strict=True):
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), field
    assert np.array_equal(runs[0].queue.spent, runs[1].queue.spent)
    while runs[0].month < runs[0].months:
        for run in runs:
            advance(run)
    assert not np.array_equal(runs[0].docket.status, runs[1].docket.status)


def test_trained_authorities_file_more_and_nobody_files_less() -> None:
    config = offered("training_volume", "review.load=false")
    world = bare_world(config)
    runs = [started(each, world) for each in (with_forces(config, "absent", "training_volume"), config)]
    for run in runs:
        while run.month < run.months:
            advance(run)
    more = runs[1].book.attempts.astype(int) - runs[0].book.attempts
    assert set(np.unique(more)) == {0, 1}
    weak = world.states.skill < config.safeguards["training_volume"].below  # type: ignore[attr-defined]
    assert weak[runs[0].cases.requester[more > 0]].all()
    assert (runs[0].cases.month[more > 0] >= config.run_in_months).all()


def test_trained_tables_are_of_the_kind_that_the_kernels_are_compiled_for() -> None:
    """Numba compiles anew for a table that may be written where the usual one may not."""
    world, _ = next(worlds_with_weak_authorities())
    before, after = ruled(made_up(), world), ruled(offered("training"), world)
    for one, other in ((before.capacity, after.capacity), *zip(before.reading, after.reading, strict=True)):
        assert one.flags.writeable == other.flags.writeable
        assert one.flags.c_contiguous == other.flags.c_contiguous
    assert before.habits.appetite.flags.writeable == after.habits.appetite.flags.writeable


# --- the outside option ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("load", ["true", "false"])
def test_spyware_has_a_column_of_its_own_and_moves_no_other_number(load: str) -> None:
    quiet, spied = (
        simulate(made_up(*ABUSED[:-1], f"review.load={load}", f"conduct.spyware={chance}"), seed=2) for chance in (0.0, 0.3)
    )
    own = spied.metrics["metric"] == "spyware_rate"
    assert spied.metrics.loc[own, "count"].sum() > 20
    assert not (quiet.metrics["metric"] == "spyware_rate").any()
    assert spied.metrics[~own].reset_index(drop=True).equals(quiet.metrics)
    assert spied.requests.equals(quiet.requests)
    assert spied.absent == {metric: why for metric, why in quiet.absent.items() if metric != "spyware_rate"}
