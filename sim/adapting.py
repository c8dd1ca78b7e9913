"""A month's end: requesters, reviewers, people at risk and legislatures take in what they learn, and act on it later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.binding import stop_in_flight
from sim.conduct.learning import (
    MONTHS_PER_ROUND,
    REFERENCE_MONTHS,
    answers_of,
    begin_anew,
    ended_in,
    get_used_to,
    is_adaptive,
    learn,
    note_outcomes,
    volumes,
)
from sim.enactment import (
    Polity,
    a_month_under,
    crimes_today,
    habits_today,
    law_today,
    legislate,
    settle_membership,
    with_statutes,
    year_of,
)
from sim.review.memory import (
    News,
    as_remembered,
    break_off,
    decisions_of,
    experience,
    fade,
    news_of,
    outrage,
    parties_of,
    record_news,
)
from sim.review.spec import interceptable
from sim.rules import Rules, with_training
from sim.run import Run
from sim.society.exposure import Affairs, brewing, made_public
from sim.society.expression import speak, take_in
from sim.world.docket import Docket
from sim.world.vocabulary import DAYS_PER_MONTH, DOMESTIC, MONTHS_PER_YEAR, NOT_LIVE

STATES_AT_MOST = 2**15  # rows of states are small integers in the docket


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
                update_memory(run, ended, first_told(public, run.affairs, run.month, run.docket))


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


def update_memory(run: Run, ended: NDArray[np.int64], public: NDArray[np.int64]) -> None:
    """Reviewers take in what they decided themselves and what became public this month, and read by it from the next."""
    rules, spec, memories, month = run.rules, run.rules.adaptation.reviewers, run.memories, run.month
    fade(memories, spec)
    if spec.trust:
        experience(memories, decisions_of(ended, run.docket, run.cases.requester, rules.judged & ~rules.central))
    if public.size:
        screened = (rules.reading.applies[rules.central] > 0).any(axis=(0, 2))
        read_news(run, news_of(public, month, rules.treaty_from, run.docket, run.cases, screened))
    run.rules = remembering(run, rules, month + 1)


def remembering(run: Run, rules: Rules, month: int) -> Rules:
    """The same rules as reviewers read by them in a month, given what they remember; ``run.plain`` are the tables without that."""
    spec, liberal = rules.adaptation.reviewers, rules.ruled.states.liberal
    now = as_remembered(run.memories, run.plain, spec, rules.c_trust, liberal, month)
    return replace(rules, reading=rules.reading._replace(**now._asdict()))


def read_news(run: Run, news: News) -> None:
    """Abuse that became public is remembered, and may end cooperation between two states for a while, in flight too."""
    spec, docket = run.rules.adaptation.reviewers, run.docket
    record_news(run.memories, spec, news, parties_of(run.rules.law.after, news))
    if spec.scandals:
        states = run.rules.ruled.states
        ready = outrage(news, states.commitment, states.alignment)
        broken = break_off(run.memories, spec, news, run.month, ready, states.keys, run.draws)
        between = np.zeros(run.in_force.shape[1:], np.bool_)
        between[news.requester[broken], news.requested[broken]] = True
        if broken.any():
            rows = run.unheard.rows[: run.unheard.held[0]]
            meant = between[run.cases.requester[docket.case[rows]], docket.requested[rows]]
            stop_in_flight(run, rows[meant], (run.month + 1) * DAYS_PER_MONTH)


def amend(run: Run, polity: Polity) -> None:
    """The law of next month: states join and leave, and where it is January legislatures act on the year that ends."""
    rules, following = run.rules, run.month + 1
    a_month_under(polity)
    year, month = year_of(run.config.start, following, rules.treaty_from)
    if rules.adaptation.legislatures.raises and month == 1:
        since = max(following - MONTHS_PER_YEAR, rules.treaty_from)
        wishes = np.arange(run.edges[since], run.edges[following])
        wanted = ~np.isin(run.book.status[wishes], (DOMESTIC, NOT_LIVE))
        legislate(polity, rules.policy, rules.ruled, rules.law, wishes[wanted], run.cases, year, run.draws)
    enact(run, polity, following)


def enact(run: Run, polity: Polity, month: int) -> None:
    """Put the law of a month in force, if it is another than before: requests filed from then on, and whoever decides, meet it.

    Where hours follow the load, states hire when the text begins to bind: for the law of that day, and once.
    """
    rules, policy, bound = run.rules, run.rules.policy, polity.parties.any()
    if not settle_membership(polity, policy, month, rules.treaty_from, year_of(run.config.start, month, rules.treaty_from)[0]):
        return
    run.rules = amended(rules, polity)
    if run.hires is not None and polity.parties.any() and not bound:
        unremembered = run.rules.reading._replace(**run.plain._asdict())
        run.rules = replace(run.rules, capacity=run.hires(replace(run.rules, reading=unremembered)))


def amended(rules: Rules, polity: Polity) -> Rules:
    """The same rules under the law of the day: parties, maxima and offences as the polity has them."""
    policy, world = rules.policy, with_statutes(rules.ruled, polity.statutes.years)
    law = law_today(polity, policy, world)
    today = replace(
        rules,
        law=law,
        reading=rules.reading._replace(crime=crimes_today(polity, policy, world), intercepts=interceptable(world.states)),
        habits=habits_today(rules.habits, polity, law, policy, world),
        maxima=polity.statutes.years,
    )
    return with_training(today, rules.ruled)


def hear(run: Run, ended: NDArray[np.int64], about: NDArray[np.int64]) -> None:
    """Requesters hear what ended, ``about`` people at risk or else; the run-in's last year only shows what they are used to."""
    spec, month, opens = run.rules.adaptation.requesters, run.month, run.rules.treaty_from
    if spec.chooses and month >= opens:
        learn(run.mind, spec, answers_of(about, run.docket, run.cases))
    if spec.volume and month >= opens - REFERENCE_MONTHS:
        note_outcomes(ended, run.ledger, run.docket, run.cases)
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
