"""Shocks within a run: the rules of a month are made anew where a shock begins, fades or is over.

What states, requesters and reviewers have learned or made of the law by then stays. Rules are made as if the shock had always
been; the statutes that legislatures have made since, the parties that have joined or left, and what reviewers remember are put
back on top of them, as on any rules.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.adapting import amended, remembering
from sim.arrays import Flags, Reals
from sim.binding import bind
from sim.enactment import Polity, gated, settle_membership, year_of
from sim.review.memory import unremembered
from sim.rules import Rules, follows, rules_of
from sim.run import Run
from sim.world.shocks import struck_statutes
from sim.world.vocabulary import DAYS_PER_MONTH


def strike(run: Run, month: int) -> None:
    """The rules from a month on, if shocks make others: requests filed from then on, and whoever decides, meet them.

    Where hours follow the load, nobody hires for a shock: it brings work and no officers.
    """
    if month not in run.shaken:
        return
    old, config = run.rules, run.config
    new = rules_of(config.policy, run.world, old.loaded, old.treaty_from, config.upheaval(month - old.treaty_from))
    if follows(new.policy):
        new = replace(new, capacity=old.capacity)
    review = replace(old.review, numbers=new.review.numbers)  # no shock changes which safeguards there are
    new = replace(new, review=review, run_in=old.run_in)
    run.plain = unremembered(new.reading)
    if run.polity is not None:
        reform(run.polity, old, new)
        settle_membership(run.polity, new.policy, month, new.treaty_from, year_of(config.start, month, new.treaty_from)[0])
        new = amended(new, run.polity)
    if new.adaptation.reviewers.remembers:
        new = remembering(run, new, month)
    run.rules = new
    bind(run, month)


def reform(polity: Polity, old: Rules, new: Rules) -> None:
    """The law that was agreed is the one that shocks leave; and maxima that they move hold, others stay as parliaments made them.

    A shock that begins acts on the maxima in force, whoever made them. While one fades it moves none that a parliament has made
    since. Where parties join and leave by themselves no shock moves them; elsewhere the parties are those of the agreed law.
    """
    before, after = old.ruled.states.penalties, new.ruled.states.penalties
    years, begun = polity.statutes.years, {blow.name for blow in old.upheaval.blows}
    follow = _differ(before, after) & ~_differ(years, before)
    begin = [blow for blow in new.upheaval.blows if blow.name not in begun]
    moved = struck_statutes(np.where(follow, after, years), begin, new.policy.dials, new.ruled.states, new.ruled.offences)
    if _differ(moved, years).any():
        polity.statutes = polity.statutes._replace(years=moved)
        polity.shown = moved
    polity.agreed, polity.gated = new.law, gated(new.policy.instruments)
    polity.elsewhere = new.law.after[polity.gated & (np.arange(polity.gated.size) != polity.text)].any(axis=(0, 2))
    if not new.policy.adaptation.members.moves:
        eligible = new.law.after[polity.text].any(axis=1)
        polity.membership = polity.membership._replace(since=np.where(eligible, new.treaty_from * DAYS_PER_MONTH, np.inf))


def _differ(one: Reals, other: Reals) -> Flags:
    return np.asarray((one != other) & ~(np.isnan(one) & np.isnan(other)))
