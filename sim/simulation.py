"""One run: ``advance`` is a month as a sentence; everything here is arrays, Mesa's shell stands in ``sim.model``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.conduct.demand import latent_cases
from sim.conduct.filing import (
    MOST_ROWS,
    CaseBook,
    Habits,
    empty_book,
    file_requests,
    habits_of,
    wishes_of_month,
)
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
from sim.conduct.spyware import spyware_hits
from sim.draws import Draws, Reals
from sim.enactment import (
    Polity,
    a_month_under,
    check_society,
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
from sim.result import Result
from sim.review.assembly import Review, assemble
from sim.review.institutions import Bench, empty_bench, forgiven, newly_suspended, trained
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
from sim.review.panel import Panel
from sim.review.pipeline import Practice, Reading
from sim.review.queue import ORDINARY_LANE, PARKED_LANE, URGENT_LANE, Queue, empty_queue, give_up
from sim.review.safeguard import in_order
from sim.review.spec import force_codes, practice_of, reading_of
from sim.review.suspension import Suspension
from sim.review.training import Training
from sim.settings import Adaptation, Config, Policy
from sim.society.exposure import Affairs, brewing, made_public, no_affairs
from sim.society.expression import Climate, blows, climate_of, speak, take_cover, take_in
from sim.sources.worlds import build_states, build_world
from sim.world.cases import Cases
from sim.world.docket import Docket, empty_docket, filled_rows
from sim.world.instruments import LawInForce, instrument_names, law_in_force
from sim.world.record import ConfigError
from sim.world.snapshot import World
from sim.world.states import StateTable
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
    offences_of,
)

_FIRST_ROOM = 0.7  # rows of the docket per case to start with; it grows when a month might not fit
_GROWTH = 1.5
STATES_AT_MOST = 2**15  # rows of states are small integers in the docket
MOST_SEED = 2**62  # tables hold seeds as signed 64-bit integers


@dataclass(frozen=True)
class Rules:
    """Everything that decides what happens to a case, besides the case itself."""

    names: tuple[str, ...]  # of the instruments, in order
    law: LawInForce
    reading: Reading
    practice: Practice
    review: Review
    habits: Habits
    capacity: Reals  # [N] officer-hours a month, training included
    suspensions: dict[int, Suspension]  # the rule of each text (its row) that suspends requesters
    judged: NDArray[np.bool_]  # [S] safeguards whose refusals are of substance: grounds and looks
    central: NDArray[np.bool_]  # [S] the central unit that screens files, where there is one
    c_trust: float  # what a bar gains by trust
    adaptation: Adaptation  # who adapts from the window's first day on
    policy: Policy  # that these rules were made of
    maxima: Reals  # [N, K] maximum years by law; nan where the conduct is no crime
    loaded: bool
    treaty_from: int  # month from which the window's law is in force
    run_in: Rules | None  # what holds until then, where it is more than the law that changes: training begins with the treaty

    @property
    def revocable(self) -> bool:
        """Whether a text in force between two states can be suspended between them."""
        return bool(self.suspensions) or self.adaptation.reviewers.scandals


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


def rules_of(policy: Policy, world: World, loaded: bool, treaty_from: int) -> Rules:
    """The rules of a scenario in a world."""
    review = assemble(policy.safeguards)
    texts = instrument_names(policy.instruments)
    law = law_in_force(policy.instruments, world.states, world.offences, Draws(world.seed), policy.conduct.inflation)
    reading = reading_of(policy.review, world, policy.safeguards, policy.instruments, review)
    habits = habits_of(world, policy.conduct, law)
    rules = Rules(
        names=texts,
        law=law,
        reading=reading,
        practice=practice_of(policy.review, policy.safeguards, review.names),
        review=review,
        habits=habits,
        capacity=world.capacity,
        suspensions={
            row: rule
            for row, text in enumerate(texts[:-1])  # nobody can be suspended from comity, which is no text
            for name, rule in policy.safeguards.items()
            if isinstance(rule, Suspension) and policy.instruments[text].safeguards.get(name, "absent") != "absent"
        },
        judged=np.array([policy.safeguards[name].kind in ("ground", "look") for name in review.names]),
        central=np.array([isinstance(policy.safeguards[name], Panel) for name in review.names]),
        c_trust=policy.review.c_trust,
        adaptation=policy.adaptation,
        policy=policy,
        maxima=world.states.penalties,
        loaded=loaded,
        treaty_from=treaty_from,
        run_in=None,
    )
    return replace(with_training(rules, world), run_in=rules) if _programmes(policy, law) else rules


def with_training(rules: Rules, world: World) -> Rules:
    """The same rules where the states that the texts bind today have had the training that these texts offer."""
    programmes = _programmes(rules.policy, rules.law)
    if not programmes:
        return rules
    helped = trained(world.states.skill, programmes)
    return replace(
        rules,
        reading=rules.reading._replace(skill=helped.skill),
        habits=rules.habits._replace(appetite=np.full(world.states.count, rules.policy.conduct.appetite) * helped.filing),
        capacity=world.with_capacity(world.capacity * helped.hours).capacity,
    )


def _programmes(policy: Policy, law: LawInForce) -> list[tuple[Training, NDArray[np.bool_]]]:
    """Each training programme with the states that the texts offering it bind."""
    found = []
    for name, rule in policy.safeguards.items():
        if isinstance(rule, Training):
            texts = instrument_names(policy.instruments)
            rows = [r for r, text in enumerate(texts) if policy.instruments[text].safeguards.get(name, "absent") != "absent"]
            if rows:
                found.append((rule, law.after[rows].any(axis=(0, 2))))
    return found


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


def _strike_out(run: Run, authorities: NDArray[np.integer[Any]]) -> None:
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


def with_capacity(config: Config, world: World) -> World:
    """Settle every authority's hours: its as-adopted load of a calibration period, over the utilisation its world draws.

    The load is that of the reference texts, unloaded, under luck of the world seed's own; so capacity is a fact of the world
    and no scenario recalibrates it. A floor stands for the smallest office.
    """
    draws = Draws(world.seed).derived("calibration")
    rules = rules_of(config.reference, world, loaded=False, treaty_from=0)
    cases = latent_cases(world, config.demand, draws, config.calibration_months)
    run = begin(config, world, rules, cases, draws, config.calibration_months)
    while run.month < run.months:
        advance(run)
    hours = run.queue.spent.mean(axis=0)
    practice = config.reference.review
    low, high = practice.utilisation_low, practice.utilisation_high
    utilisation = low + (high - low) * Draws(world.seed).uniform("fact:utilisation", world.states.keys)
    return world.with_capacity(np.maximum(hours / utilisation, practice.capacity_floor))


@dataclass(frozen=True)
class _Settled:
    """A configuration as a cache key: equal where everything is equal that decides a world."""

    config: Config
    digest: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Settled) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@lru_cache(maxsize=1)
def _world(settled: _Settled, world_seed: int) -> World:
    config = settled.config
    world = build_world(config.states, config.people, config.demand, config.offences, world_seed)
    return with_capacity(config, world)


@lru_cache(maxsize=1)
def _cases(settled: _Settled, world_seed: int, event_seed: int, months: int) -> Cases:
    return latent_cases(_world(settled, world_seed), settled.config.demand, Draws(event_seed), months)


def world_of(config: Config, world_seed: int) -> World:
    """The world of a configuration and seed; the last one built is kept, so that scenarios of one seed share it."""
    return _world(_Settled(config, config.world_digest()), world_seed)


def cases_of(config: Config, world: World, event_seed: int) -> Cases:
    """The latent cases of a world and event seed; the last ones are kept, so that scenarios of one seed share them."""
    return _cases(_Settled(config, config.world_digest()), world.seed, event_seed, config.months)


def check(config: Config, known: dict[tuple[str, int], StateTable] | None = None) -> None:
    """Raise ``ConfigError`` (or a table's error) for what only shows against the states: codes, safeguards, tables.

    ``known`` keeps the states of each world that was built, for further configurations of the same world.
    """
    known, world = {} if known is None else known, (config.world_digest(), config.seed)
    if world not in known:
        known[world] = build_states(config.states, config.people, config.demand, config.offences, config.seed)
    states = known[world]
    law_in_force(config.instruments, states, offences_of(config.offences), Draws(config.seed))
    force_codes(config.instruments, in_order(config.safeguards))
    if config.adaptation.amends:
        check_society(config.policy, states, offences_of(config.offences))


def _checked_seed(key: str, seed: object) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed <= MOST_SEED:
        raise ConfigError(f"{key}: found {seed!r}; accepted: a whole number from 0 to {MOST_SEED}")
    return int(seed)


def prepare(config: Config, seed: int | None = None, world_seed: int | None = None) -> Run:
    """A run ready for its first month. ``seed`` sets event and world seed alike unless ``world_seed`` is given."""
    event_seed = config.seed if seed is None else _checked_seed("seed", seed)
    fixed = config.world_seed if world_seed is None else _checked_seed("world_seed", world_seed)
    world = world_of(config, event_seed if fixed is None else fixed)
    rules = rules_of(config.policy, world, loaded=config.review.load, treaty_from=config.run_in_months)
    if config.reforms_later:  # older texts are reformed on the window's first day, and not before
        before = config.policy.model_copy(update={"instruments": config.reference.instruments})
        rules = replace(rules, run_in=rules_of(before, world, config.review.load, config.run_in_months))
    return begin(config, world, rules, cases_of(config, world, event_seed), Draws(event_seed), config.months)


def simulate(config: Config, seed: int | None = None, world_seed: int | None = None) -> Result:
    """Run a configuration to its end.

    ``seed`` sets world and event seed alike unless ``world_seed`` is given here or in the configuration. The same
    configuration and seeds give the same tables, byte for byte, on any day and in any process.
    """
    run = prepare(config, seed, world_seed)
    while run.month < run.months:
        advance(run)
    return Result(finish(run), config, run.draws.seed)
