"""One run: ``advance`` is a month as a sentence; everything here is arrays, Mesa's shell stands in ``sim.model``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.conduct.demand import latent_cases
from sim.conduct.filing import MOST_ROWS, CaseBook, Habits, empty_book, file_requests, habits_of, wishes_of_month
from sim.draws import Draws, Reals
from sim.metrics import Finished
from sim.result import Result
from sim.review.assembly import Review, assemble
from sim.review.pipeline import Practice, Reading
from sim.review.queue import Queue, empty_queue
from sim.review.safeguard import in_order
from sim.review.spec import force_codes, practice_of, reading_of
from sim.settings import Config, Policy
from sim.sources.worlds import build_states, build_world
from sim.world.cases import Cases
from sim.world.docket import Docket, empty_docket, filled_rows
from sim.world.instruments import LawInForce, instrument_names, law_in_force
from sim.world.record import ConfigError
from sim.world.snapshot import World
from sim.world.vocabulary import DAYS_PER_MONTH, DISCLOSED, ENDED, FIRST_SIDE_DOOR, OPEN, PENDING, offences_of

_FIRST_ROOM = 0.7  # rows of the docket per case to start with; it grows when a month might not fit
_GROWTH = 1.5
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
    loaded: bool
    treaty_from: int  # month from which the window's law is in force


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
    months: int
    month: int = 0
    listeners: list[Callable[[Run], None]] = field(default_factory=list)


def rules_of(policy: Policy, world: World, loaded: bool, treaty_from: int) -> Rules:
    """The rules of a scenario in a world."""
    review = assemble(policy.safeguards)
    law = law_in_force(policy.instruments, world.states, world.offences, Draws(world.seed), policy.conduct.inflation)
    return Rules(
        names=instrument_names(policy.instruments),
        law=law,
        reading=reading_of(policy.review, world, policy.safeguards, policy.instruments, review),
        practice=practice_of(policy.review, policy.safeguards),
        review=review,
        habits=habits_of(world, policy.conduct, law),
        loaded=loaded,
        treaty_from=treaty_from,
    )


def begin(config: Config, world: World, rules: Rules, cases: Cases, draws: Draws, months: int) -> Run:
    """A run before its first month."""
    room = max(int(_FIRST_ROOM * cases.id.size), 64)
    return Run(
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
        months=months,
    )


def advance(run: Run) -> None:
    """One month: what is wished for is filed, passes the gates, waits its turn, is read, and is answered or not."""
    rules, month = run.rules, run.month
    wishes, days = wishes_of_month(month, run.edges, run.cases, run.book, run.docket, rules.habits)
    make_room(run, MOST_ROWS * wishes.size)
    first = int(run.docket.used[0])
    treaty = month >= rules.treaty_from
    file_requests(
        run.draws.root, month, int(treaty), rules.law.after if treaty else rules.law.before, wishes, days, run.expression,
        run.cases, run.book, run.docket, rules.law, rules.habits,
    )  # fmt: skip
    rules.review.receive(run.draws.root, first, run.cases, run.docket, run.queue, rules.law, rules.reading, rules.practice)
    rules.review.serve(
        run.draws.root, month, rules.loaded, run.world.capacity, run.cases, run.docket, run.queue, rules.law,
        rules.reading, rules.practice,
    )  # fmt: skip
    run.month += 1
    for listener in run.listeners:
        listener(run)


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
    docket.decided_day[docket.decided_day >= horizon] = np.nan
    status = run.book.status.copy()
    formal = docket.channel < FIRST_SIDE_DOOR
    pending = np.zeros(status.size, bool)
    pending[docket.case[formal & np.isnan(docket.ended_day)]] = True
    status[(status == OPEN) & ~pending] = ENDED
    status[docket.case[formal & (docket.granted >= 0)]] = DISCLOSED
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
        capacity=run.world.capacity if run.rules.loaded else np.full(run.world.states.count, np.inf),
        draws=run.draws,
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


def check(config: Config) -> None:
    """Raise ``ConfigError`` (or a table's error) for what only shows against the states: codes, safeguards, tables."""
    states = build_states(config.states, config.people, config.demand, config.offences, config.seed)
    law_in_force(config.instruments, states, offences_of(config.offences), Draws(config.seed))
    force_codes(config.instruments, in_order(config.safeguards))


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
