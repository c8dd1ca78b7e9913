"""A run without rows: ordinary needs that are over are counted and leave, so that memory hardly grows with simulated time.

Cases come page by page, some years at a time. Before each new page the needs of which nothing more can come are counted
(``sim.metrics.counted``), and they leave with their requests; cases about people at risk stay, for estimands tell people apart.
What is left keeps its order, so that every event is the one that a run with all its rows has.
"""

from __future__ import annotations

import numpy as np

from sim.arrays import Flags, Ints
from sim.compiled import inlined, loop
from sim.conduct.demand import Demand, cases_of
from sim.conduct.doors import MOST_ROWS_A_CASE
from sim.conduct.retries import CaseBook, empty_book
from sim.draws import Draws
from sim.metrics import Finished, added, cohort_slices, counted
from sim.review.queue import NONE, Queue
from sim.run import Pages, Run, room_for, told_of
from sim.world.cases import Cases, cases_at, joined
from sim.world.docket import Docket, picked
from sim.world.vocabulary import DAYS_PER_MONTH, MONTHS_PER_YEAR

PAGE = 24
"""Months whose cases come together; memory, not science."""
_ROOM_MONTHS = 2
"""Months of new cases for which there is room for all rows that a case can have, lest a page grow it; memory, not science."""


def pages_in(cases: Cases, months: int) -> Pages:
    """The pages of a run of so many months whose cases are there already, for other runs too."""
    edges = np.searchsorted(cases.month, np.arange(months + 1))
    return Pages(lambda first: Cases._make([column[edges[first] : edges[min(first + PAGE, months)]] for column in cases]))


def pages_drawn(demand: Demand, draws: Draws, months: int) -> Pages:
    """The pages of a run of so many months, each drawn when it is due."""
    return Pages(lambda first: cases_of(demand, draws, first, min(first + PAGE, months)))


def turn_page(run: Run) -> None:
    """Count what is over and let it go; the cases of the next page come, where they are due."""
    pages = run.pages
    if pages is None or run.month < pages.drawn:
        return
    over = _over(run)
    if over.any():
        part = _part_of(run, over)
        cut = cohort_slices(part)
        counts = counted(part, cut)
        pages.folded = counts if pages.folded is None else added(pages.folded, counts)
        pages.formal += int(np.count_nonzero(cut.formal))
    _keep(run, ~over, pages.cases(run.month))
    pages.drawn = run.month + PAGE


def _over(run: Run) -> Flags:
    """Ordinary needs ``[C]`` of which nothing more can come: every answer has been heard, and none is asked for again.

    Legislatures look back on the wishes of a year; where they act, a year's needs stay.
    """
    over = ~run.cases.abusive
    if run.polity is not None:
        over &= run.cases.month <= run.month - MONTHS_PER_YEAR
    _strike(run.month * DAYS_PER_MONTH, run.book, run.docket, over)
    return over


@loop
def _strike(today: float, book: CaseBook, docket: Docket, over: Flags) -> None:
    """Strike out of ``over`` ``[C]`` cases that may be filed again, or of which something may still be heard."""
    for w in range(book.held[0]):
        over[book.waiting[w]] = False
    for m in range(docket.used[0]):
        if not docket.ended_day[m] < today or docket.decided_day[m] >= today:
            over[docket.case[m]] = False


def _part_of(run: Run, over: Flags) -> Finished:
    """The run as if there were these cases alone, which are over."""
    rows, who = np.flatnonzero(over[run.docket.case[: run.docket.used[0]]]), np.flatnonzero(over)
    docket = picked(run.docket, rows, _places(over))
    return told_of(run, docket, cases_at(run.cases, who), run.book.status[who], run.dropped[who])


def _places(kept: Flags) -> Ints:
    """The row that each has among those that are kept."""
    return np.cumsum(kept) - 1


def _keep(run: Run, kept: Flags, following: Cases) -> None:
    """Let all cases but these go, with their requests, and append those that follow: whatever names a row gets its new one."""
    used, more = int(run.docket.used[0]), following.id.size
    rows, who = np.flatnonzero(kept[run.docket.case[:used]]), np.flatnonzero(kept)
    case_places, places = _places(kept), np.full(used, NONE, np.int64)
    places[rows] = np.arange(rows.size)
    room = rows.size + room_for(more) + MOST_ROWS_A_CASE * _ROOM_MONTHS * more // PAGE
    run.docket = picked(run.docket, rows, case_places, room)
    run.queue = _relinked(run.queue, run.month, places, room)
    unheard, held = np.empty(room, np.int64), run.unheard.held[0]
    unheard[:held] = places[run.unheard.rows[:held]]
    run.unheard.seen[0] = np.count_nonzero(rows < run.unheard.seen[0])
    run.unheard = run.unheard._replace(rows=unheard)
    run.affairs = run.affairs._replace(row=places[run.affairs.row])
    run.book = _book_of(run.book, who, case_places, places, more)
    run.cases = joined(cases_at(run.cases, who), following)
    run.edges = np.searchsorted(run.cases.month, np.arange(run.months + 1))
    run.dropped = _with_room(run.dropped[who], more)
    if run.rules.adaptation.people.adapts:
        knows, public = (_with_room(flags[who], more) for flags in (run.climate.knows, run.climate.public))
        run.climate = run.climate._replace(knows=knows, public=public)


def _with_room(flags: Flags, more: int) -> Flags:
    return np.concatenate([flags, np.zeros(more, np.bool_)])


def _book_of(book: CaseBook, who: Ints, case_places: Ints, places: Ints, more: int) -> CaseBook:
    """The book of the cases that are kept, with ``more`` of which none has been filed."""
    count, held = who.size, book.held[0]
    new = empty_book(count + more)
    for name in ("status", "attempts", "tried", "ways"):
        getattr(new, name)[:count] = getattr(book, name)[who]
    last = book.last[who]
    new.last[:count] = np.where(last >= 0, places[last], NONE)
    new.waiting[:held], new.until[:held], new.held[0] = case_places[book.waiting[:held]], book.until[:held], held
    return new


def _relinked(queue: Queue, month: int, places: Ints, room: int) -> Queue:
    """The same lanes and calendar without the rows that have left, by the places of those that are left."""
    after, beside = np.empty(room, np.int64), np.empty(room, np.int64)
    _relink(queue, month, places, after, beside)
    return queue._replace(after=after, beside=beside)


@loop
def _relink(queue: Queue, month: int, places: Ints, after: Ints, beside: Ints) -> None:
    """Rewrite every list, with its links in ``after`` and ``beside`` ``[M]``; months that are over have none."""
    for j in range(queue.head.shape[0]):
        for lane in range(queue.head.shape[1]):
            queue.head[j, lane], queue.tail[j, lane] = _rewritten(queue.head[j, lane], queue.after, places, after)
    queue.fading[:month] = NONE
    for t in range(month, queue.fading.size):
        queue.fading[t], _ = _rewritten(queue.fading[t], queue.beside, places, beside)


@inlined
def _rewritten(m: int, links: Ints, places: Ints, out: Ints) -> tuple[int, int]:
    """A list that begins with row ``m``, by new places and less what has none, linked in ``out``: its first and its last row."""
    first, last = NONE, NONE
    while m != NONE:
        place = places[m]
        if place != NONE:
            if last == NONE:
                first = place
            else:
                out[last] = place
            last, out[place] = place, NONE
        m = links[m]
    return first, last
