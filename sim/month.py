"""One month of a run: ``advance`` is a month as a sentence; what ended is told by ``finish``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.adapting import adapt, enact
from sim.binding import bind, suspend
from sim.conduct.doors import MOST_ROWS_A_CASE
from sim.conduct.filing import file_requests
from sim.conduct.learning import ledger_of, mind_of, nothing_unheard
from sim.conduct.retries import empty_book, wishes_of_month
from sim.draws import Draws
from sim.enactment import polity_of
from sim.folding import turn_page
from sim.review.institutions import empty_bench
from sim.review.memory import nothing_remembered, unremembered
from sim.review.queue import empty_queue
from sim.rules import Rules
from sim.run import Run, hours_of, make_room, room_for
from sim.settings import Config
from sim.society.exposure import no_affairs
from sim.society.expression import climate_of, take_cover
from sim.striking import strike
from sim.world.cases import Cases
from sim.world.docket import empty_docket
from sim.world.instruments import texts_by_pair
from sim.world.snapshot import World


def begin(config: Config, world: World, rules: Rules, cases: Cases, draws: Draws, months: int) -> Run:
    """A run before its first month: an empty docket, and nobody has adapted."""
    room = room_for(cases.id.size)
    polity = None
    if rules.adaptation.amends:
        polity = polity_of(rules.policy, rules.ruled, rules.law, config.start, rules.treaty_from, months, draws)
    run = Run(
        config=config,
        world=world,
        rules=rules,
        draws=draws,
        cases=cases,
        edges=np.searchsorted(cases.month, np.arange(months + 1)),
        book=empty_book(cases.id.size),
        docket=empty_docket(room),
        queue=empty_queue(world.states.count, months, room),
        hours=np.full((months, world.states.count), np.nan),
        trained=np.zeros((months, world.states.count), bool),
        at_home=np.zeros((months, world.states.count)),
        dropped=np.zeros(cases.id.size, bool),
        expression=np.ones(world.people.count),
        in_force=rules.law.after.copy(),
        bound=texts_by_pair(rules.law.after),
        bound_before=texts_by_pair((rules.run_in or rules).law.before),
        bench=empty_bench(months, len(rules.names), world.states.count),
        mind=mind_of(world, rules.adaptation.requesters, len(rules.names), config.demand.false_urgent_share, rules.habits.attempts),
        ledger=ledger_of(world.states.count, len(rules.names), rules.adaptation.requesters),
        unheard=nothing_unheard(room),
        affairs=no_affairs(),
        climate=climate_of(world, rules.adaptation.people, cases.id.size, months),
        plain=unremembered(rules.reading),
        memories=nothing_remembered(world.states.count),
        polity=polity,
        months=months,
    )
    if polity is not None:
        run.rules = replace(rules, run_in=rules.run_in or rules)  # what the window brings holds for no month before it
        enact(run, polity, rules.treaty_from)
        bind(run, rules.treaty_from)
    return run


def look_home(run: Run, rules: Rules, phase: int) -> None:
    """Note who is trained this month, how a live domestic wish fares, and which of the month's are not live.

    The luck is that of a wish abroad (``live``). Nothing else of the run reads what is noted here.
    """
    month, cases = run.month, run.cases
    run.trained[month] = rules.trained
    run.at_home[month] = rules.at_home[phase]
    if rules.adaptation.people.falls_silent:
        rows = np.arange(run.edges[month], run.edges[month + 1])
        rows = rows[cases.abusive[rows] & cases.domestic[rows]]
        run.dropped[rows] = run.draws.uniform("live", cases.id[rows]) >= run.expression[cases.person[rows]]


def advance(run: Run) -> None:
    """One month: what is wished for is filed, passes the gates, waits its turn, is read, and is answered or not."""
    turn_page(run)
    month = run.month
    phase = int(month >= run.rules.treaty_from)
    rules = run.rules if phase or run.rules.run_in is None else run.rules.run_in
    run.hours[month] = hours_of(rules)
    look_home(run, rules, phase)
    wishes, days = wishes_of_month(month, run.edges, run.cases, run.book, run.docket, rules.habits)
    make_room(run, MOST_ROWS_A_CASE * wishes.size)
    first = int(run.docket.used[0])
    bound = run.bound if phase else run.bound_before
    file_requests(
        run.draws.root, month, phase, bound, wishes, days, run.expression, run.cases, run.book, run.docket, rules.law,
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
    strike(run, month + 1)
    if (rules.revocable or run.polity is not None) and phase:
        bind(run, month + 1)
    run.month += 1
    for listener in run.listeners:
        listener(run)
