"""One month of a run: ``advance`` is a month as a sentence; what ended is told by ``finish``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Reals
from sim.conduct.filing import MOST_ROWS, file_requests
from sim.conduct.learning import (
    MONTHS_PER_ROUND,
    REFERENCE_MONTHS,
    Ledger,
    Mind,
    Unheard,
    answers_of,
    begin_anew,
    ended_in,
    get_used_to,
    is_adaptive,
    learn,
    ledger_of,
    mind_of,
    note,
    nothing_unheard,
    volumes,
)
from sim.conduct.retries import CaseBook, empty_book, wishes_of_month
from sim.conduct.spyware import spyware_hits
from sim.draws import Draws
from sim.enactment import (
    Polity,
    a_month_under,
    crimes_today,
    habits_today,
    law_today,
    legislate,
    polity_of,
    settle,
    with_statutes,
    year_of,
)
from sim.metrics import Finished, giving_rows
from sim.review.institutions import Bench, empty_bench, forgiven, newly_suspended
from sim.review.memory import (
    Memories,
    News,
    Plain,
    as_remembered,
    break_off,
    broken_in,
    decisions_of,
    experience,
    fade,
    news_of,
    nothing_remembered,
    outrage,
    parties_of,
    plain_of,
    record_news,
)
from sim.review.queue import ORDINARY_LANE, PARKED_LANE, URGENT_LANE, Queue, empty_queue, give_up
from sim.rules import Rules, with_training
from sim.settings import Config
from sim.society.exposure import Affairs, brewing, made_public, no_affairs
from sim.society.expression import Climate, blows, climate_of, speak, take_cover, take_in
from sim.world.cases import Cases
from sim.world.docket import Docket, empty_docket, filled_rows
from sim.world.snapshot import World
from sim.world.vocabulary import (
    DAYS_PER_MONTH,
    DISCLOSED,
    DIVERTED,
    DOMESTIC,
    ENDED,
    FIRST_SIDE_DOOR,
    MONTHS_PER_YEAR,
    NOT_LIVE,
    OPEN,
    PENDING,
    REFUSED,
    SUSPENDED,
)

_FIRST_ROOM = 0.7  # rows of the docket per case to start with; it grows when a month might not fit
_GROWTH = 1.5
STATES_AT_MOST = 2**15  # rows of states are small integers in the docket


@dataclass
class Run:
    """A run in progress: the tables that grow, and how far it has come."""

    config: Config
    world: World
    rules: Rules
    draws: Draws
    cases: Cases
    edges: NDArray[np.int64]  # [T + 1] first case of each month
    book: CaseBook
    docket: Docket
    queue: Queue
    expression: Reals  # [P] relative to baseline
    in_force: NDArray[np.bool_]  # [I, N, N] from the first day of the window, less what is suspended
    bench: Bench
    mind: Mind
    ledger: Ledger
    unheard: Unheard
    affairs: Affairs
    climate: Climate
    plain: Plain
    memories: Memories
    polity: Polity | None  # where the law itself may change
    months: int
    month: int = 0
    listeners: list[Callable[[Run], None]] = field(default_factory=list)


def begin(config: Config, world: World, rules: Rules, cases: Cases, draws: Draws, months: int) -> Run:
    """A run before its first month."""
    room = max(int(_FIRST_ROOM * cases.id.size), 64)
    polity = None
    if rules.adaptation.amends:
        polity = polity_of(rules.policy, world, rules.law, config.start, rules.treaty_from, months, draws)
    run = Run(
        config=config,
        world=world,
        rules=rules,
        draws=draws,
        cases=cases,
        edges=np.searchsorted(cases.month, np.arange(months + 1)),
        book=empty_book(cases),
        docket=empty_docket(room),
        queue=empty_queue(world.states.count, months, room),
        expression=np.ones(world.people.count),
        in_force=rules.law.after.copy(),
        bench=empty_bench(months, len(rules.names), world.states.count),
        mind=mind_of(world, rules.adaptation.requesters, len(rules.names), config.demand.false_urgent_share, rules.habits.attempts),
        ledger=ledger_of(world.states.count, len(rules.names), rules.adaptation.requesters),
        unheard=nothing_unheard(room),
        affairs=no_affairs(),
        climate=climate_of(world, rules.adaptation.people, cases.id.size, months),
        plain=plain_of(rules.reading),
        memories=nothing_remembered(world.states.count),
        polity=polity,
        months=months,
    )
    if polity is not None:
        run.rules = replace(rules, run_in=rules.run_in or rules)  # what the window brings holds for no month before it
        enact(run, polity, rules.treaty_from)
        bind(run, rules.treaty_from)
    return run


def advance(run: Run) -> None:
    """One month: what is wished for is filed, passes the gates, waits its turn, is read, and is answered or not."""
    month = run.month
    phase = int(month >= run.rules.treaty_from)
    rules = run.rules if phase or run.rules.run_in is None else run.rules.run_in
    wishes, days = wishes_of_month(month, run.edges, run.cases, run.book, run.docket, rules.habits)
    make_room(run, MOST_ROWS * wishes.size)
    first = int(run.docket.used[0])
    in_force = run.in_force if phase else rules.law.before
    file_requests(
        run.draws.root, month, phase, in_force, wishes, days, run.expression, run.cases, run.book, run.docket, rules.law,
        rules.habits, run.mind,
    )  # fmt: skip
    if phase and rules.adaptation.people.tools:
        take_cover(run.climate, rules.adaptation.people, first, run.docket, run.cases, run.world, run.draws)
    rules.review.receive(
        run.draws.root, month, first, rules.loaded, run.cases, run.docket, run.queue, rules.law, rules.reading, rules.practice
    )
    rules.review.serve(
        run.draws.root, month, rules.loaded, rules.capacity, run.cases, run.docket, run.queue, rules.law, rules.reading,
        rules.practice,
    )  # fmt: skip
    if rules.suspensions and phase:
        suspend(run)
    adapt(run)
    if (rules.revocable or run.polity is not None) and phase:
        bind(run, month + 1)
    run.month += 1
    for listener in run.listeners:
        listener(run)


def adapt(run: Run) -> None:
    """Everyone takes in what ended or came to light this month, and acts on it from the next."""
    adaptation = run.rules.adaptation
    if run.polity is not None and run.month >= run.rules.treaty_from:
        amend(run, run.polity)
    if not (adaptation.requesters.learns or adaptation.in_public):
        return
    ended, about = ended_in(run.month, run.unheard, run.docket, run.cases.abusive)
    if adaptation.requesters.learns:
        hear(run, ended, about)
    if adaptation.in_public:
        run.affairs = brewing(run.affairs, adaptation.exposure, about, run.docket, run.cases, run.draws)
        if run.month >= run.rules.treaty_from:
            public = made_public(run.affairs, run.month)
            if adaptation.people.adapts:
                people_hear(run, about, public)
            if adaptation.reviewers.remembers:
                remember(run, ended, first_told(public, run.affairs, run.month, run.docket))


def first_told(rows: NDArray[np.int64], affairs: Affairs, month: int, docket: Docket) -> NDArray[np.int64]:
    """Of the rows that become public in a month, those of a case and a requested state that were not public before, each once.

    A case may have data from the police and the desk of one state: that is one affair, known when the first is.
    """
    if not rows.size:
        return rows
    old = affairs.row[affairs.month < month]
    both = np.concatenate([old, rows])
    pairs = docket.case[both] * STATES_AT_MOST + docket.requested[both]
    _, first = np.unique(pairs, return_index=True)
    return rows[np.sort(first[first >= old.size]) - old.size]


def remember(run: Run, ended: NDArray[np.int64], public: NDArray[np.int64]) -> None:
    """Reviewers take in what they decided themselves and what became public this month, and read by it from the next."""
    rules, spec, memories, month = run.rules, run.rules.adaptation.reviewers, run.memories, run.month
    fade(memories, spec)
    if spec.trust:
        experience(memories, decisions_of(ended, run.docket, run.cases.requester, rules.judged & ~rules.central))
    if public.size:
        screened = (rules.reading.applies[rules.central] > 0).any(axis=(0, 2))
        read_news(run, news_of(public, month, rules.treaty_from, run.docket, run.cases, screened))
    now = as_remembered(memories, run.plain, spec, rules.c_trust, run.world.states.liberal, month + 1)
    run.rules = replace(rules, reading=rules.reading._replace(**now._asdict()))


def read_news(run: Run, news: News) -> None:
    """Abuse that became public is remembered, and may end cooperation between two states for a while, in flight too."""
    spec, docket = run.rules.adaptation.reviewers, run.docket
    record_news(run.memories, spec, news, parties_of(run.rules.law.after, news))
    if spec.scandals:
        states = run.world.states
        ready = outrage(news, states.commitment, states.alignment)
        broken = break_off(run.memories, spec, news, run.month, ready, states.keys, run.draws)
        between = np.zeros(run.in_force.shape[1:], np.bool_)
        between[news.requester[broken], news.requested[broken]] = True
        if broken.any():
            rows = run.unheard.rows[: run.unheard.held[0]]
            meant = between[run.cases.requester[docket.case[rows]], docket.requested[rows]]
            _stop_in_flight(run, rows[meant], (run.month + 1) * DAYS_PER_MONTH)


def amend(run: Run, polity: Polity) -> None:
    """The law of next month: states join and leave, and where it is January legislatures act on the year that ends."""
    rules, following = run.rules, run.month + 1
    a_month_under(polity)
    year, month = year_of(run.config.start, following, rules.treaty_from)
    if rules.adaptation.legislatures.raises and month == 1:
        since = max(following - MONTHS_PER_YEAR, rules.treaty_from)
        wishes = np.arange(run.edges[since], run.edges[following])
        wanted = ~np.isin(run.book.status[wishes], (DOMESTIC, NOT_LIVE))
        legislate(polity, rules.policy, run.world, rules.law, wishes[wanted], run.cases, year, run.draws)
    enact(run, polity, following)


def enact(run: Run, polity: Polity, month: int) -> None:
    """Put the law of a month in force, if it is another than before: requests filed from then on, and whoever decides, meet it."""
    rules, policy = run.rules, run.rules.policy
    if not settle(polity, policy, month, rules.treaty_from, year_of(run.config.start, month, rules.treaty_from)[0]):
        return
    world = with_statutes(run.world, polity.statutes.years)
    law = law_today(polity, policy, world)
    amended = replace(
        rules,
        law=law,
        reading=rules.reading._replace(crime=crimes_today(polity, policy, world)),
        habits=habits_today(rules.habits, polity, law, policy, world),
        maxima=polity.statutes.years,
    )
    run.rules = with_training(amended, run.world)


def hear(run: Run, ended: NDArray[np.int64], about: NDArray[np.int64]) -> None:
    """Requesters hear what ended, ``about`` people at risk or else; the run-in's last year only shows what they are used to."""
    spec, month, opens = run.rules.adaptation.requesters, run.month, run.rules.treaty_from
    if spec.chooses and month >= opens:
        learn(run.mind, spec, answers_of(about, run.docket, run.cases))
    if spec.volume and month >= opens - REFERENCE_MONTHS:
        note(ended, run.ledger, run.docket, run.cases)
        if month + 1 == opens:
            get_used_to(run.ledger, spec)
        elif month >= opens and (month + 1 - opens) % MONTHS_PER_ROUND == 0:
            run.mind.volume[:] = volumes(run.mind.volume, run.ledger, spec, is_adaptive(run.world, spec))
            begin_anew(run.ledger)


def people_hear(run: Run, ended: NDArray[np.int64], public: NDArray[np.int64]) -> None:
    """People at risk learn what was done to them and to their peers, and say less from the next month on.

    ``ended`` are docket rows about people at risk that ended this month, ``public`` those whose abuse came to light.
    """
    spec, people = run.rules.adaptation.people, run.world.people
    run.climate = take_in(run.climate, spec, run.month, ended, public, run.docket, run.cases, run.world, run.draws)
    if spec.falls_silent:
        speak(run.climate, spec, run.month + 1, people, run.expression)


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
            _stop_in_flight(run, np.flatnonzero(meant & (docket.instrument[:used] == text)), closes)


def bind(run: Run, month: int) -> None:
    """Which texts are in force between whom in a month: what the texts say, less what is suspended."""
    run.in_force[:] = run.rules.law.after
    for text, rule in run.rules.suspensions.items():
        out = run.bench.until[text] > month
        run.in_force[text, out, :] = False
        if rule.reciprocal:
            run.in_force[text, :, out] = False
    if run.rules.adaptation.reviewers.scandals:
        asking, asked = np.divmod(np.flatnonzero(broken_in(run.memories, month)), run.in_force.shape[2])
        run.in_force[:-1, asking, asked] = False  # comity is left, which is no text


def _stop_in_flight(run: Run, meant: NDArray[np.int64], today: float) -> None:
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
    for column in (docket.told, docket.evaded, docket.misused, docket.published):
        column[rows] = 0
    run.book.until[: run.book.held[0]] = -np.inf  # what was to come may not come
    _strike_out(run, np.unique(docket.requested[rows]))


def _strike_out(run: Run, authorities: NDArray[np.integer]) -> None:
    """Suspended files leave the lanes of these authorities at once, so that they weigh on nobody's attention."""
    queue, month = run.queue, run.month
    for j in authorities:
        for lane in (URGENT_LANE, ORDINARY_LANE, PARKED_LANE):
            give_up(run.docket, queue, int(j), lane, -np.inf)
        queue.waiting[month, j] = queue.held[j, URGENT_LANE] + queue.held[j, ORDINARY_LANE]
        queue.parked[month, j] = queue.held[j, PARKED_LANE]


def make_room(run: Run, extra: int) -> None:
    """Grow the docket so that ``extra`` further requests fit."""
    used, room = int(run.docket.used[0]), run.docket.case.size
    if used + extra <= room:
        return
    larger = empty_docket(max(int(room * _GROWTH), used + extra))
    for name in run.docket._fields[1:]:
        getattr(larger, name)[:used] = getattr(run.docket, name)[:used]
    larger.used[0] = used
    after = np.full(larger.case.size, -1, np.int64)
    after[:used] = run.queue.after[:used]
    run.docket, run.queue = larger, run.queue._replace(after=after)
    run.unheard = run.unheard._replace(rows=np.resize(run.unheard.rows, larger.case.size))


def finish(run: Run) -> Finished:
    """Tell the run to its end: what had not ended by the last day is still pending, and every case has its status."""
    docket = filled_rows(run.docket)
    horizon = run.month * DAYS_PER_MONTH
    beyond = docket.ended_day >= horizon
    docket.status[beyond] = PENDING
    docket.granted[beyond] = -1
    docket.narrowed[beyond] = -1
    docket.reason[beyond] = -1
    docket.grounds[beyond] = 0
    for column in (docket.executed_day, docket.ended_day):
        column[beyond] = np.nan
    for mark in (docket.told, docket.evaded, docket.misused, docket.published):
        mark[beyond] = 0
    docket.narrowed[docket.granted < 0] = -1
    docket.decided_day[docket.decided_day >= horizon] = np.nan
    status = run.book.status.copy()
    pending = np.zeros(status.size, bool)
    pending[docket.case[np.isnan(docket.ended_day)]] = True
    status[(status == OPEN) & ~pending] = ENDED
    status[docket.case[giving_rows(docket, run.cases)]] = DISCLOSED
    return Finished(
        world=run.world,
        cases=run.cases,
        case_status=status,
        docket=docket,
        instruments=run.rules.names,
        first_month=run.config.run_in_months,
        years=run.config.years,
        months=run.month,
        backlog=run.queue.backlog,
        capacity=run.rules.capacity if run.rules.loaded else np.full(run.world.states.count, np.inf),
        lost=run.climate.lost if run.rules.adaptation.people.falls_silent else None,
        blows=blows(run.climate, run.world.people),
        spying=run.config.conduct.spyware > 0,
        spied=spyware_hits(run.cases, status, run.world, run.config.conduct, run.draws),
    )
