"""The law of a month: who is bound by now, what is punished by now, and what a text has added since the window opened.

What states made of it stands in ``sim.society``; here it becomes the arrays that requesters and reviewers read. All of them are
made anew and none is written into, so that whoever kept the rules of a month has them still.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Ints, Reals
from sim.conduct.menus import Habits, crimes_at_home, framing_menu
from sim.draws import Draws
from sim.review.spec import crimes_under
from sim.settings import Policy
from sim.society.legislatures import (
    Legislatures,
    Statutes,
    blocked_share,
    copied_share,
    gate_above,
    january,
    laws_on_joining,
    protocol_binds,
    rise_hazard,
    statutes_of,
    statutes_on_joining,
)
from sim.society.membership import Membership, bound_in, calendar_of, membership_of, pace_of
from sim.world.cases import Cases
from sim.world.instruments import (
    TOO_LIGHT,
    Instrument,
    LawInForce,
    added_by,
    established_by,
    instrument_names,
    reach_of,
    states_named,
)
from sim.world.record import ConfigError
from sim.world.snapshot import World
from sim.world.states import StateTable
from sim.world.vocabulary import DAYS_PER_MONTH, OFFENCE_CLASSES, Offences

_MONTHS = 12


@dataclass
class Polity:
    """Who has joined, what legislatures have made of the law, and the law as it was agreed before any of that."""

    text: int  # row of the text that gains and loses parties
    agreed: LawInForce
    gated: Flags  # [I] texts that came with the window and let protected conduct in by its penalty
    elsewhere: Flags  # [N] whom another one of these binds
    membership: Membership
    planned: Reals  # [N, K] maxima of the laws that a state makes on joining; nan for none
    statutes: Statutes
    parties: Flags  # [N] whom the text binds this month
    extended: bool  # whether the protocol is in force
    shown: Reals  # [N, K] the maxima that the rules in force were made of


def polity_of(policy: Policy, world: World, law: LawInForce, start: dt.date, opens: int, closes: int, luck: Draws) -> Polity:
    """The polity on the day on which the window opens; ``opens`` and ``closes`` are months of the run.

    Raises ``ConfigError`` for a text that does not exist or is in force from the start.
    """
    spec, texts = policy.adaptation.members, instrument_names(policy.instruments)
    check_society(policy, world.states, world.offences)
    row = texts.index(spec.text)
    calendar = calendar_of(spec.as_of, start, opens * DAYS_PER_MONTH, closes * DAYS_PER_MONTH)
    membership = membership_of(
        spec,
        law.after[row].any(axis=1),
        states_named("adaptation.members.ratified", spec.ratified, world.states),
        world.states,
        pace_of(spec, Draws(world.seed)),
        calendar,
        luck,
    )
    legislatures = policy.adaptation.legislatures
    nothing = np.full(world.states.penalties.shape, np.nan)
    ours = gated(policy.instruments)
    others = ours & (np.arange(ours.size) != row)
    return Polity(
        text=row,
        agreed=law,
        gated=ours,
        elsewhere=law.after[others].any(axis=(0, 2)),
        membership=membership,
        planned=laws_on_joining(legislatures, world.states, world.offences, luck) if legislatures.restrictive else nothing,
        statutes=statutes_of(world.states),
        parties=law.after[row].any(axis=1),
        extended=False,
        shown=world.states.penalties,
    )


def check_society(policy: Policy, states: StateTable, offences: Offences) -> None:
    """Raise ``ConfigError`` for a text, a state or an offence of the society's settings that does not exist or cannot be meant."""
    members, legislatures = policy.adaptation.members, policy.adaptation.legislatures
    later = [name for name, text in policy.instruments.items() if not text.from_start]
    if members.text not in later:
        accepted = f"a text that is not in force from the start ({', '.join(later)})"
        raise ConfigError(f"adaptation.members.text: found {members.text!r}; accepted: {accepted}")
    states_named("adaptation.members.ratified", members.ratified, states)
    protected = [name for name, meant in zip(offences.names, offences.protected, strict=True) if meant]
    for key, named, known in (
        ("new_laws_on", legislatures.new_laws_on, protected),
        ("protocol_adds", legislatures.protocol_adds, list(offences.names)),
    ):
        unknown = sorted(set(named) - set(known))
        if unknown:
            raise ConfigError(f"adaptation.legislatures.{key}: found {unknown[0]!r}; accepted: {', '.join(known)}")


def year_of(start: dt.date, month: int, opens: int) -> tuple[int, int]:
    """Calendar year and month (1 to 12) in which a month of the run begins.

    >>> year_of(dt.date(2027, 7, 1), 30, 24)
    (2028, 1)
    """
    months = start.year * _MONTHS + start.month - 1 + month - opens
    return months // _MONTHS, months % _MONTHS + 1


def with_statutes(world: World, years: Reals) -> World:
    """The same world with other maximum penalties."""
    return replace(world, states=replace(world.states, penalties=years))


def texts_in_month(policy: Policy, text: str, extended: bool) -> dict[str, Instrument]:
    """The texts, with what the protocol adds to one of them where it is in force."""
    if not extended:
        return policy.instruments
    adds = {**policy.instruments[text].adds, **policy.adaptation.legislatures.protocol_adds}
    return {**policy.instruments, text: policy.instruments[text].model_copy(update={"adds": adds})}


def reach_today(
    agreed: NDArray[np.int8], rows: Ints, instruments: dict[str, Instrument], world: World, policy: Policy
) -> NDArray[np.int8]:
    """What each text makes of each label, ``[I, N, K]``: made anew for the texts of these ``rows``, for all others as agreed."""
    reach, names = agreed.copy(), instrument_names(instruments)
    for row in rows:
        reach[row] = reach_of(instruments[names[row]], world.states, world.offences, policy.conduct.inflation)
    return reach


def reach_lifted(rows: Ints, instruments: dict[str, Instrument], world: World, policy: Policy) -> NDArray[np.int8]:
    """What each of these texts would make of each label if no maximum were under its threshold, ``[rows, N, K]``."""
    names, found = instrument_names(instruments), []
    for row in rows:
        text = instruments[names[row]]
        lifted = replace(world.states, penalties=np.maximum(world.states.penalties, text.threshold_years))
        found.append(reach_of(text, lifted, world.offences, policy.conduct.inflation))
    return np.stack(found)


def weighing(instruments: dict[str, Instrument], text: int) -> Ints:
    """Rows of the texts whose reach may change: those that weigh a maximum, and the one that a protocol may extend."""
    texts = [instruments[name] for name in instrument_names(instruments)]
    return np.array([row for row, one in enumerate(texts) if row == text or "serious" in one.reaches.values()], np.int64)


def gated(instruments: dict[str, Instrument]) -> Flags:
    """Texts that come into force with the window and let protected conduct in by its penalty, ``[I]``."""
    protected = OFFENCE_CLASSES[-1]
    texts = [instruments[name] for name in instrument_names(instruments)]
    return np.array([not text.from_start and text.reaches[protected] == "serious" for text in texts])


def settle_membership(polity: Polity, policy: Policy, month: int, opens: int, year: int) -> bool:
    """Who is bound in a month, and which laws that brings; whether anything is other than it was."""
    spec = policy.adaptation.legislatures
    parties = bound_in(polity.membership, month)
    joins = spec.restrictive and (month == opens or bool((parties & ~polity.parties).any()))
    statutes = statutes_on_joining(polity.statutes, parties, polity.planned, year) if joins else polity.statutes
    extended = protocol_binds(spec, int(parties.sum()), month - opens) or polity.extended
    changed = bool((parties != polity.parties).any()) or statutes.years is not polity.shown or extended != polity.extended
    polity.parties, polity.statutes, polity.extended, polity.shown = parties, statutes, extended, statutes.years
    return changed


def law_today(polity: Polity, policy: Policy, world: World) -> LawInForce:
    """The law with today's parties and offences; ``world`` has today's maxima (``with_statutes``), here and in what follows.

    The first text with each side door stays the agreed one: it is a hint that the filing kernel holds against ``bound``.
    """
    name = policy.adaptation.members.text
    instruments = texts_in_month(policy, name, polity.extended)
    texts = [instruments[one] for one in instrument_names(instruments)]
    after = polity.agreed.after.copy()
    after[polity.text] &= np.outer(polity.parties, polity.parties)
    return polity.agreed._replace(
        after=after,
        reach=reach_today(
            polity.agreed.reach,
            weighing(instruments, polity.text),
            instruments,
            world,
            policy,
        ),
        established=np.stack([established_by(text, world.offences) for text in texts]),
        adds=np.stack([added_by(text, world.offences) for text in texts]),
    )


def crimes_today(polity: Polity, policy: Policy, world: World) -> Flags:
    """Whether a requested state punishes a conduct by today's law, ``[I, N, K]``."""
    instruments = texts_in_month(policy, policy.adaptation.members.text, polity.extended)
    return crimes_under(instruments, world)


def habits_today(habits: Habits, polity: Polity, law: LawInForce, policy: Policy, world: World) -> Habits:
    """The menus under today's law: those of states that punish something else than before are made anew."""
    held = crimes_at_home(world, law)[-1]
    rows = np.flatnonzero((held != habits.punished[-1]).any(axis=1))
    if not rows.size:
        return habits
    menu, punished = habits.menu.copy(), habits.punished.copy()
    punished[-1] = held
    with np.errstate(divide="ignore"):
        menu[-1, rows] = np.log(framing_menu(world, policy.conduct, held[rows], rows))
    return habits._replace(menu=menu, punished=punished)


def legislate(
    polity: Polity, policy: Policy, world: World, law: LawInForce, wishes: Ints, cases: Cases, year: int, luck: Draws
) -> None:
    """A January: what legislatures make of a year's ``wishes`` (case rows), of what others did, and of the gate.

    ``law`` is that of the month that ends. Nothing happens where maxima do not rise by any switch.
    """
    spec: Legislatures = policy.adaptation.legislatures
    states, offences = world.states, world.offences
    instruments = texts_in_month(policy, policy.adaptation.members.text, polity.extended)
    rows = np.flatnonzero(polity.gated)
    threshold = np.array([instruments[name].threshold_years for name in instrument_names(instruments)])[rows]
    reach, after = law.reach[rows], law.after[rows]
    held = ~np.isnan(polity.statutes.years) & offences.protected
    blocked, gate = np.zeros(states.count), np.full(held.shape, np.nan)
    if rows.size:
        lifted = reach_lifted(rows, instruments, with_statutes(world, polity.statutes.years), policy)
        gate = gate_above(reach, lifted, after.any(axis=2), threshold, held)
        blocked = blocked_share(wishes, cases, reach == TOO_LIGHT, after, offences.protected)
    copied = copied_share(polity.statutes.since > 0, states.alignment) if spec.diffusion else np.zeros(held.shape)
    hazard = rise_hazard(spec, states.repression, blocked, copied)
    polity.statutes = january(polity.statutes, gate, hazard, year, (states.keys, offences.keys), luck)


def a_month_under(polity: Polity) -> None:
    """One more month in which a text with a gate bound its parties."""
    bound = polity.elsewhere | polity.parties if polity.gated[polity.text] else polity.elsewhere
    polity.statutes = polity.statutes._replace(months=polity.statutes.months + bound)
