"""What several estimands share, told again with masks: every kernel of the metrics and of a run's end equals its plain telling."""

from functools import cache

import numpy as np
import pytest

from sim.arrays import Ints
from sim.config import load
from sim.draws import Draws
from sim.metrics import Finished, Sliced, cohort_of, cohort_slices, giving_rows, one_a_case
from sim.metrics.cohort import ABUSIVE, FILED, FORMAL, GAVE, GIVING, LIVE, OF_COHORT, PRESERVED, in_time
from sim.metrics.slicing import PAIRS, counts_by_name, filed, formal_requests, request_slices, wished
from sim.month import advance
from sim.run import Run, finish
from sim.simulation import prepare
from sim.world.vocabulary import (
    DISCLOSED,
    ENDED,
    EXECUTED,
    FIRST_SIDE_DOOR,
    GROUPS,
    OPEN,
    PENDING,
    PRESERVATION,
    REGIMES,
    SPONTANEOUS,
    STATUSES,
)

EVENTFUL = (
    *("states=synthetic", "states.synthetic.count=8", "people.rows=300", "demand.legitimate=150", "years=2"),
    *("demand.abusive_odds=0.3", "demand.abusive_most=2.0", "demand.realtime_share=0.3", "demand.realtime_most=0.6"),
    *("instruments.hanoi.realtime=obliges", "states.powers.intercept_median_years=1.5", "conduct.preservation_share=0.3"),
)


def run_for(months: int) -> Run:
    """A run of which so many months have passed."""
    run = prepare(load(*EVENTFUL), 5)
    for _ in range(min(months, run.months)):
        advance(run)
    return run


@cache
def finished() -> Finished:
    return finish(run_for(1000))


@cache
def cut() -> Sliced:
    return cohort_slices(finished())


def best_by_sorting(case: Ints, granted: Ints, day: Ints) -> list[int]:
    """Of each case the row that gave most, then first, then comes first."""
    first: dict[int, int] = {}
    for k in np.lexsort((np.arange(case.size), day, -granted)).tolist():
        first.setdefault(int(case[k]), k)
    return sorted(first.values())


@pytest.mark.parametrize("size", [0, 1, 5, 400])
def test_one_row_a_case_is_the_one_that_gave_most_then_first(size: int) -> None:
    case, granted, day = (
        np.floor(Draws(2).uniform(name, np.arange(size)) * most) for name, most in (("c", 90), ("g", 3), ("d", 4))
    )
    found = one_a_case(case.astype(np.int64), granted.astype(np.int8), day)
    assert found.tolist() == best_by_sorting(case.astype(np.int64), granted, day)


def test_facts_of_requests_are_those_of_their_masks() -> None:
    run, docket, cases = finished(), finished().docket, finished().cases
    every, of_cohort = np.arange(docket.case.size), cohort_of(finished())[docket.case]
    executed, asked = (in_time(docket, cases, every, day) for day in (docket.executed_day, docket.filed_day))
    gave = (docket.granted >= 0) & (docket.channel != PRESERVATION)
    enough = cases.abusive[docket.case] | (docket.channel < FIRST_SIDE_DOOR) | (docket.granted >= docket.wanted)
    rows = np.flatnonzero(gave & enough)
    assert np.array_equal(giving_rows(docket, cases), rows)
    rows = rows[of_cohort[rows] & executed[rows]]
    giving = rows[best_by_sorting(docket.case[rows], docket.granted[rows], docket.executed_day[rows])]
    assert 0 < giving.size < rows.size
    for fact, mask in (
        (OF_COHORT, of_cohort),
        (ABUSIVE, of_cohort & cases.abusive[docket.case]),
        (FORMAL, of_cohort & (docket.channel < FIRST_SIDE_DOOR)),
        (GAVE, of_cohort & gave & (docket.executed_day < run.closes)),
        (GIVING, np.isin(every, giving)),
        (LIVE, of_cohort & (docket.realtime > 0) & executed),
    ):
        assert mask.any()
        assert np.array_equal((cut().facts & fact) > 0, mask), fact
        assert np.array_equal(cut().rows(fact), np.flatnonzero(mask)), fact
    assert np.array_equal(cut().giving, giving)
    assert np.array_equal(cut().disclosed, giving[cases.abusive[docket.case[giving]]])
    assert np.array_equal(cut().met, giving[~cases.abusive[docket.case[giving]]])
    frozen = (docket.channel == PRESERVATION) & (docket.status == EXECUTED) & executed
    for fact, mask in ((FILED, (docket.channel != SPONTANEOUS) & asked), (PRESERVED, frozen)):
        assert mask.any()
        assert np.array_equal(np.flatnonzero(cut().reached & fact), np.unique(docket.case[mask])), fact


def test_counts_of_wishes_are_those_of_their_codes() -> None:
    run, rows = finished(), np.flatnonzero(cut().abusive)
    found, requester = wished(run, rows, run.cases.group, GROUPS), run.cases.requester[rows]
    assert found.own.tolist() == counts_by_name(run.cases.group[rows], GROUPS).tolist()
    assert found.requester.tolist() == counts_by_name(requester, run.world.states.codes).tolist()
    assert found.regime.tolist() == counts_by_name(run.world.states.regime[requester], REGIMES).tolist()
    assert found.year.tolist() == [(run.cases.month[rows].astype(int) - run.first_month < 12).sum(), found.year[1]]
    assert found.total == rows.size > 0


def test_counts_of_requests_are_those_of_their_codes() -> None:
    run, rows = finished(), cut().met
    found, regime = filed(run, rows), run.world.states.regime
    told = [counts_by_name(codes, levels).tolist() for _, levels, codes in request_slices(run, rows)]
    assert [counts.tolist() for counts in found[:-1]] == told
    pairs = regime[run.cases.requester[run.docket.case[rows]]] * len(REGIMES) + regime[run.docket.requested[rows]]
    assert found.pair.tolist() == counts_by_name(pairs, PAIRS).tolist()


def test_counts_of_formal_requests_are_those_of_their_rows() -> None:
    run, rows = finished(), np.flatnonzero(cut().formal & cut().of_cohort)
    found, docket = formal_requests(run, cut()), run.docket
    abusive, status = run.cases.abusive[docket.case[rows]].astype(int), docket.status[rows]
    decided = (~np.isnan(docket.decided_day[rows])).astype(int)
    by = run.world.states.regime[run.cases.requester[docket.case[rows]]]
    ended = np.zeros((len(STATUSES), 2, 2, len(run.instruments), len(REGIMES)), int)
    asked = np.zeros((len(STATUSES), 2, run.world.states.count), int)
    np.add.at(ended, (status, decided, abusive, docket.instrument[rows], by), 1)
    np.add.at(asked, (status, abusive, docket.requested[rows]), 1)
    assert np.array_equal(found.ended, ended)
    assert np.array_equal(found.asked, asked)
    assert ended.sum() == rows.size > 0


@pytest.mark.parametrize("months", [40, 1000])
def test_the_end_of_a_run_takes_back_what_had_not_happened_by_then(months: int) -> None:
    run = run_for(months)
    before = {name: column[: run.docket.used[0]].copy() for name, column in run.docket._asdict().items() if name != "used"}
    told, horizon = finish(run), run.month * 30.4375
    beyond = before["ended_day"] >= horizon
    assert beyond.any()
    for names, nothing in (
        (("status",), PENDING),
        (("granted", "reason"), -1),
        (("grounds", "told", "evaded", "misused", "published", "judged", "realtime"), 0),
        (("executed_day", "ended_day"), np.nan),
    ):
        for name in names:
            before[name][beyond] = nothing
    for name in ("narrowed", "condition"):
        before[name][before["granted"] < 0] = -1
    before["decided_day"][before["decided_day"] >= horizon] = np.nan
    for name, column in before.items():
        np.testing.assert_array_equal(getattr(told.docket, name), column, name)
    status, open_still = run.book.status.copy(), np.unique(before["case"][np.isnan(before["ended_day"])])
    status[(status == OPEN) & ~np.isin(np.arange(status.size), open_still)] = ENDED
    status[before["case"][giving_rows(told.docket, run.cases)]] = DISCLOSED
    assert np.array_equal(told.case_status, status)
    home = run.cases.domestic & run.cases.abusive & ~run.dropped
    assert np.array_equal(told.at_home, np.where(home, run.at_home[run.cases.month, run.cases.requester], 0.0))


def test_a_picture_of_a_run_that_goes_on_stays_as_it_was() -> None:
    run = run_for(30)
    told = finish(run)
    kept = [column.copy() for column in told.docket]
    while run.month < run.months:
        advance(run)
    for name, column, before in zip(told.docket._fields, told.docket, kept, strict=True):
        np.testing.assert_array_equal(column, before, name)
    once, twice = finish(run), finish(run)
    for one, other in zip(once.docket, twice.docket, strict=True):
        np.testing.assert_array_equal(one, other)
