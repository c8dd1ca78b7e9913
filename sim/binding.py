"""Which texts bind whom in a month: suspensions take effect at once, on what is in flight too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.review.institutions import forgiven, newly_suspended
from sim.review.memory import broken_in
from sim.review.queue import ORDINARY_LANE, PARKED_LANE, URGENT_LANE, strike_out
from sim.run import Run
from sim.world.instruments import texts_by_pair
from sim.world.vocabulary import DAYS_PER_MONTH, DIVERTED, FIRST_SIDE_DOOR, NOT_CONFIRMED, REFUSED, SUSPENDED


def suspend(run: Run) -> None:
    """Requesters with too many upheld refusals lose the text for a while, at once and for what is in flight; others get it back."""
    docket, month, bench = run.docket, run.month, run.bench
    used, opens, closes = int(docket.used[0]), month * DAYS_PER_MONTH, (month + 1) * DAYS_PER_MONTH
    day = docket.decided_day[:used]
    heard = np.flatnonzero((day >= opens) & (day < closes) & (docket.channel[:used] < FIRST_SIDE_DOOR))
    place = docket.instrument[heard].astype(np.int64), run.cases.requester[docket.case[heard]]
    np.add.at(bench.decided[month], place, 1)
    reason = docket.reason[heard]
    upheld = (docket.status[heard] == REFUSED) & (reason >= 0) & run.rules.judged[reason]
    upheld &= stood_again(run, heard, upheld)
    np.add.at(bench.stopped[month], (place[0][upheld], place[1][upheld]), 1)
    for text, rule in run.rules.suspensions.items():
        fallen = newly_suspended(rule, bench, month)[text]
        bench.until[text, fallen] = month + 1 + int(rule.months)
        if fallen.any():
            forgiven(bench, text, fallen)
            used = int(docket.used[0])
            meant = fallen[run.cases.requester[docket.case[:used]]]
            if rule.reciprocal:
                meant = meant | fallen[docket.requested[:used]]
            stop_in_flight(run, np.flatnonzero(meant & (docket.instrument[:used] == text)), closes)


def stood_again(run: Run, heard: NDArray[np.int64], refused: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of these rows a second reading does not clear: of those ``refused`` under a text that wants one it may clear some."""
    docket, rules = run.docket, run.rules
    wanting = [text for text, rule in rules.suspensions.items() if rule.second_reading]
    again = refused & np.isin(docket.instrument[heard], wanting)
    if again.any():
        rules.review.reread(run.draws.root, heard[again], run.cases, docket, rules.reading, rules.practice)
    return np.asarray(docket.second[heard] != NOT_CONFIRMED)


def bind(run: Run, month: int) -> None:
    """Which texts are in force between whom in a month: what the texts say, less what is suspended."""
    before = run.in_force.copy()
    run.in_force[:] = run.rules.law.after
    for text, rule in run.rules.suspensions.items():
        out = run.bench.until[text] > month
        run.in_force[text, out, :] = False
        if rule.reciprocal:
            run.in_force[text, :, out] = False
    if run.rules.adaptation.reviewers.scandals:
        asking, asked = np.divmod(np.flatnonzero(broken_in(run.memories, month)), run.in_force.shape[2])
        run.in_force[:-1, asking, asked] = False  # comity is left, which is no text
    if not np.array_equal(run.in_force, before):
        run.bound = texts_by_pair(run.in_force)


def stop_in_flight(run: Run, meant: NDArray[np.int64], today: float) -> None:
    """Formal requests among those meant, rows of the docket, that are not over end today as suspended.

    What an authority decided on a later day it has not decided yet. Side doors are let go: they take days, and a request that
    was not pursued because of one has no other way left.
    """
    docket = run.docket
    unfinished = ~(docket.ended_day[meant] < today) & (docket.status[meant] != DIVERTED)
    rows = meant[unfinished & (docket.channel[meant] < FIRST_SIDE_DOOR)]
    docket.status[rows] = SUSPENDED
    docket.ended_day[rows] = today
    docket.decided_day[rows[docket.decided_day[rows] >= today]] = np.nan
    docket.executed_day[rows] = np.nan
    docket.granted[rows] = -1
    docket.reason[rows] = -1
    docket.grounds[rows] = 0
    for column in (docket.told, docket.evaded, docket.misused, docket.published, docket.judged, docket.realtime):
        column[rows] = 0
    run.book.until[: run.book.held[0]] = -np.inf  # what was to come may not come
    _strike_out(run, np.unique(docket.requested[rows]))


def _strike_out(run: Run, authorities: NDArray[np.integer]) -> None:
    """Suspended files leave the lanes of these authorities at once, so that they weigh on nobody's attention."""
    queue, month = run.queue, run.month
    for j in authorities:
        for lane in (URGENT_LANE, ORDINARY_LANE, PARKED_LANE):
            strike_out(run.docket, queue, int(j), lane)
        queue.waiting[month, j] = queue.held[j, URGENT_LANE] + queue.held[j, ORDINARY_LANE]
        queue.parked[month, j] = queue.held[j, PARKED_LANE]
