"""The practice of review, and the tables a reading needs, from a configuration and a world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray
from pydantic import StrictFloat, StrictInt
from scipy import special

from sim.arrays import Reals, in_order
from sim.draws import Draws, name_keys
from sim.review.assembly import Review
from sim.review.desk import Desk
from sim.review.goodwill import Goodwill
from sim.review.panel import Panel
from sim.review.reading import Practice, Reading
from sim.review.safeguard import OWN_FORCES, Ground, Safeguard, habit_of
from sim.world.breadth import covering
from sim.world.dials import Settled
from sim.world.instruments import Instrument, established_by, instrument_names
from sim.world.ranges import (
    Bar,
    Days,
    Factor,
    Hours,
    HoursOfFile,
    HoursOfOffice,
    Inner,
    Months,
    MonthsOrNone,
    Power,
    Range,
    Rate,
    Slope,
    Spread,
    Strength,
    Unit,
)
from sim.world.record import ConfigError, Record
from sim.world.snapshot import World
from sim.world.states import StateTable
from sim.world.vocabulary import (
    DATA_CLASSES,
    DAYS_PER_MONTH,
    FORCES,
    GROUPS,
    DataClass,
)

Capacity = Literal["before", "follows", "as_adopted"]
"""For whose load authorities have hours: that of today's law; from the window's first day of the scenario's own; of the treaty."""

LISTENS = "realtime"
"""The habit of collecting data as they come where a text asks for an endeavour; its luck goes by the same name."""


class Visible(Record):
    """How plainly motive shows, in standard deviations of the reading's noise, by how the request is framed."""

    honest: Strength
    recharacterised: Strength
    fabricated: Strength
    selective: Strength
    role: Strength  # how plainly a role shows (not a motive), for the shield that reads it


class FirmNotice(Record):
    """Firms that tell their users of an order before they hand data over, and the gags that keep them silent."""

    share: Unit
    factor: dict[str, Unit]  # by code, on the share
    days: Days  # between the notice and the hand-over
    gag_months: MonthsOrNone | None  # of a secret case, from the filing; null: without end
    gag_months_of: dict[str, MonthsOrNone]  # by code, in place of that


class Usable(Record):
    """Chance that evidence can be used in court: without more, and what a judge and training add; above one it always can."""

    plain: Unit
    judged: Unit  # a judge of the requested state has read the request
    trained: Unit  # the requester's officers have been trained


class ReviewSpec(Record):
    """How authorities read, how long it takes, and when requesters give up."""

    load: bool
    strength: Unit | None  # null: each state's own uptake and fidelity
    acuity: Annotated[StrictFloat, Range(0, 2)]  # on what every look sees of a motive
    capacity: Capacity
    visible: Visible
    plausibility_from: Strength
    visibility_slope: Strength
    visibility_most: Strength
    rho: Unit
    c_align: Bar
    c_trust: Bar
    c_strict: Bar
    c_prev: Bar
    prior_at_zero: Inner
    prior_slope: Slope
    uptake_max: Unit
    fidelity_floor: Unit
    trait_share: Unit
    hours_median: HoursOfFile
    hours_spread: Spread
    delay_months: Months
    delay_spread: Spread
    lapse_per_year: Rate
    supplement_bar: Bar
    supplement_answered: Unit
    supplement_days: Days
    supplement_hours: Hours
    urgent_effort: Unit
    urgent_delay: Unit
    gate_days: Days
    preservation_days: Days
    preservation_renewed: Unit
    preservation_effort: Unit
    preservation_delay: Days
    retention_months: Months
    retention_spread: Spread
    residence_class: DataClass
    domestic_notice: Unit
    firm_notice: FirmNotice
    misuse_chance: Unit
    onward_chance: Unit
    police_days: Days
    police_answered: Unit
    spontaneous_days: Days
    direct_days: Days
    realtime_months: Annotated[StrictInt, Range(1, 120)]  # the docket holds small integers
    usable: Usable
    effort_power: Power
    effort_floor: Unit
    comfortable_months: Months
    utilisation_low: Factor
    utilisation_high: Factor
    capacity_floor: HoursOfOffice


def force_codes(instruments: Mapping[str, Instrument], names: tuple[str, ...]) -> Reals:
    """What each text says of each safeguard, ``[S, I]``: 0 absent, 1 may, 2 must; a safeguard not named is absent.

    Raises ``ConfigError`` for a safeguard that does not exist.
    """
    texts = instrument_names(instruments)
    table = np.zeros((len(names), len(texts)))
    for column, text in enumerate(texts):
        for name, force in instruments[text].safeguards.items():
            table[_place(names, name, f"instruments.{text}.safeguards"), column] = FORCES.index(force)
    return table


def own_law_codes(
    instruments: Mapping[str, Instrument], safeguards: Mapping[str, Safeguard], names: tuple[str, ...], states: StateTable
) -> Reals:
    """What a state's own law adds to each text, ``[S, I, N]``: 0 nothing, then as ``OWN_FORCES``: 1 may, 2 must, 3 kept.

    A safeguard's ``own_law`` says with which force; the states are those whose law has the safeguard of that habit
    (``StateTable.own_laws``); a text may displace it. Raises ``ConfigError`` where nothing is known of states' laws on it.
    """
    texts = instrument_names(instruments)
    table = np.zeros((len(names), len(texts), states.count))
    for row, name in enumerate(names):
        force = getattr(safeguards[name], "own_law", None)
        if force is None:
            continue
        law = habit_of(name, safeguards[name])
        if law not in states.own_laws:
            known = ", ".join(sorted(states.own_laws))
            raise ConfigError(
                f"safeguards.{name}.own_law: found {force!r}, but no law on it is known; accepted: null but for {known}"
            )
        open_to = np.array([not instruments[text].displaces.get(name, False) for text in texts])
        table[row] = np.outer(open_to, states.own_laws[law]) * (1 + OWN_FORCES.index(force))
    return table


def gap_of(states: StateTable) -> Reals:
    """How far a receiver's protection falls short of a sender's law on transfers, ``[N, N]`` by requester and requested.

    ``max(0, transfer_law of the requested - protection of the requester)`` (Hanoi Art 36(1)); zero among states bound by
    Directive (EU) 2016/680 or its text, and towards receivers held adequate. It knows states, and nothing of a case.
    """
    gap = np.maximum(states.transfer_law[None, :] - states.protection[:, None], 0.0)
    directive = states.groups["directive"]
    return np.where(np.outer(directive, directive) | states.groups["adequate"][:, None], 0.0, gap)


def _place(names: tuple[str, ...], name: str, key: str) -> int:
    if name not in names:
        raise ConfigError(f"{key}: no safeguard is named {name!r}; accepted: {', '.join(names)}")
    return names.index(name)


def crimes_under(instruments: Mapping[str, Instrument], world: World) -> NDArray[np.bool_]:
    """Whether a requested state punishes a conduct, ``[I, N, K]``: by its law, or as the text binds it to (Hanoi Arts 7-17)."""
    law = ~np.isnan(world.states.penalties)
    bound = [established_by(instruments[text], world.offences) for text in instrument_names(instruments)]
    return np.stack([law | obliged[None, :] for obliged in bound])


def broad_laws(world: World) -> NDArray[np.bool_]:
    """Whether a requested state's law on a label covers a protected conduct, ``[N, K, K]`` by state, label and conduct.

    Where it does, the conduct is a crime there for whoever cites that label, if the state punishes what the label names
    (Art 35(3), by conduct). A label that asks for dishonest intent covers no conduct that is exempt from it.
    """
    return np.asarray((covering(world) > 0) & ~world.offences.exempt_from.T[None, :, :])


def care_of(spec: ReviewSpec, states: StateTable, dialled: Settled | None = None) -> tuple[Reals, Reals]:
    """Uptake and fidelity of each state before its lasting habit, ``[N]`` each: its own, or what a dial sets in their place."""
    uptake = spec.uptake_max * states.commitment
    fidelity = spec.fidelity_floor + (1 - spec.fidelity_floor) * states.rule
    if dialled is None:
        return uptake, fidelity
    return (
        np.where(np.isnan(dialled.uptake), uptake, dialled.uptake),
        np.where(np.isnan(dialled.fidelity), fidelity, dialled.fidelity),
    )


def application(
    spec: ReviewSpec,
    world: World,
    safeguards: Mapping[str, Safeguard],
    forces: Reals,
    names: tuple[str, ...],
    dialled: Settled | None = None,
    own: Reals | None = None,
) -> Reals:
    """Probability that a state applies a safeguard to a request, ``[S, I, N]``.

    ``absent`` 0, ``may`` uptake, ``must`` uptake + (1 - uptake) * fidelity, each seen through the state's lasting habit with
    that safeguard: a share ``trait_share`` of the latent variance is a trait, so that neglect is mostly not a lottery. One
    uniform per request serves all three forces, so they are nested. A strength of 0 or 1 is exact: no habit moves it.

    ``own`` ``[S, I, N]`` (``own_law_codes``; None for no own law) is what the state's own law says: the larger chance counts.
    A safeguard ``kept`` by own law has chance fidelity, and a text's ``must`` adds the rest.
    """
    states = world.states
    chance = _by_force(*care_of(spec, states, dialled))
    own = np.zeros((*forces.shape, states.count)) if own is None else own
    habits = name_keys([habit_of(name, safeguards[name]) for name in names])
    trait = Draws(world.seed).normal("trait:applied", habits[:, None], states.keys[None, :])  # [S, N]
    plain = np.maximum(chance[forces.astype(int)], chance[own.astype(int), np.arange(states.count)])  # [S, I, N]
    seen = _through_habit(plain, trait[:, None, :], spec.trait_share)
    certain = np.array([safeguards[name].certain for name in names])
    in_force = (forces[:, :, None] > 0) | (own > 0)
    return np.where(in_force, np.where(certain[:, None, None], 1.0, seen), 0.0)


def firm_shares(spec: FirmNotice, states: StateTable) -> Reals:
    """Share of orders of which firms under each state's law tell their users, ``[N]``: one share, less where a factor says so."""
    return np.asarray(spec.share * np.array([spec.factor.get(code, 1.0) for code in states.codes]))


def gags(spec: FirmNotice, instruments: Mapping[str, Instrument], states: StateTable) -> Reals:
    """Days from the filing after which a firm may speak of a secret case, ``[I, N]``: the state's gag, or sooner by the text."""

    def days(months: float | None) -> float:
        return np.inf if months is None else months * DAYS_PER_MONTH

    own = np.array([days(spec.gag_months_of.get(code, spec.gag_months)) for code in states.codes])
    most = np.array([days(instruments[text].gag_months_most) for text in instrument_names(instruments)])
    return np.asarray(np.minimum(most[:, None], own[None, :]))


def _by_force(uptake: Reals, fidelity: Reals) -> Reals:
    """Chance by force ``[4, N]`` that a rule is applied, before any habit; the last is that of a rule kept by own law alone."""
    return np.stack([np.zeros(uptake.size), uptake, uptake + (1 - uptake) * fidelity, fidelity])


def _through_habit(plain: Reals, trait: Reals, share: float) -> Reals:
    """Chances as a lasting trait, standard normal, has them, where it is this share of the latent variance."""
    if share < 1:
        latent = special.ndtri(plain) + np.sqrt(share) * trait
        return np.asarray(special.ndtr(latent / np.sqrt(1 - share)))
    return np.asarray(special.ndtri(plain) + trait > 0).astype(float)


def chance_by_force(spec: ReviewSpec, world: World, habit: str, dialled: Settled | None = None) -> Reals:
    """Probability by force, ``[4, N]``, that a state does what a rule says whose lasting habit is drawn under ``habit``."""
    trait = Draws(world.seed).normal("trait:applied", habit, world.states.keys)
    chance = _through_habit(_by_force(*care_of(spec, world.states, dialled)), trait, spec.trait_share)
    chance[FORCES.index("absent")] = 0.0
    return chance


def listening(spec: ReviewSpec, world: World, instruments: Mapping[str, Instrument]) -> Reals:
    """Probability that a requested state collects data as they come when a text asks it to, ``[I, N]``.

    Nowhere without the power, which parties to a text that obliges them to have it have. Where the text obliges, always; where it
    asks for an endeavour, with the state's own uptake under a habit of its own. No dial moves that: dials say how firmly
    safeguards are kept, and to listen is none.
    """
    states = world.states
    endeavour = chance_by_force(spec, world, LISTENS)[FORCES.index("may")]
    willing = {"absent": np.zeros(states.count), "endeavours": endeavour, "obliges": np.ones(states.count)}
    texts = [instruments[name] for name in instrument_names(instruments)]
    return np.stack([np.where(states.listens | text.powers, willing[text.realtime], 0.0) for text in texts])


def interceptable(states: StateTable) -> NDArray[np.bool_]:
    """Whether content may be intercepted for a conduct by a state's own law, ``[N, K]``: its maximum reaches the state's line."""
    return np.nan_to_num(states.penalties, nan=-1.0) >= states.intercept_from[:, None]


def reading_of(
    spec: ReviewSpec,
    world: World,
    safeguards: Mapping[str, Safeguard],
    instruments: Mapping[str, Instrument],
    review: Review,
    dialled: Settled | None = None,
) -> Reading:
    """The tables that the compiled review reads in this world under these texts.

    A look or a ground stands against a request where ``covers * strength * acuity + sqrt(rho) * dossier + sqrt(1 - rho) * own``
    exceeds ``bar + shift + pair``: ``strength_of`` the motive, ``dossier`` and ``own`` standard normals, and ``pair`` (here
    ``pair_bar``) ``c_align * (alignment - 1/2) + c_trust * (liberal - 1/2) - c_strict * strictness - c_prev * (prior - usual)``
    with ``prior`` the log odds of the requester's supposed abuse, ``usual`` their mean weighted by demand.
    """
    states, offences, names = world.states, world.offences, review.names
    trust = states.liberal - 0.5
    aligned = states.alignment - 0.5
    prior = special.logit(spec.prior_at_zero) + spec.prior_slope * states.liberal
    usual = np.average(prior, weights=np.maximum(states.demand, 1e-12))
    trust_bar = spec.c_trust * trust - spec.c_prev * (prior - usual)
    pair_bar = spec.c_align * aligned + trust_bar[:, None] - spec.c_strict * states.strictness[None, :]
    hosted = in_order(states.at_risk) @ states.host_share
    covers = np.zeros((len(names), len(GROUPS) + 1))
    for s, name in enumerate(names):
        safeguard = safeguards[name]
        if isinstance(safeguard, Ground):
            covers[s, :-1] = [safeguard.covers.get(group, 0.0) for group in GROUPS]
    comity = next((s for s in safeguards.values() if isinstance(s, Goodwill)), None)
    goodwill = np.ones((states.count, states.count))
    if comity is not None:
        near = 1 - comity.by_alignment + comity.by_alignment * states.alignment
        goodwill = comity.most * near * np.clip(comity.standing_from + states.liberal, 0, 1)[:, None]
    forces, own = force_codes(instruments, names), own_law_codes(instruments, safeguards, names, states)
    stops = np.zeros((len(names), len(instruments)), bool)
    for column, text in enumerate(instrument_names(instruments)):
        for name, meant in instruments[text].stops_preservation.items():
            stops[_place(names, name, f"instruments.{text}.stops_preservation"), column] = meant
    return Reading(
        applies=application(spec, world, safeguards, forces, names, dialled, own),
        state_keys=states.keys,
        skill=states.skill,
        judicial=states.judicial,
        pair_bar=np.ascontiguousarray(pair_bar),
        standing=np.ascontiguousarray(spec.c_trust * trust[:, None] + spec.c_align * aligned),
        trust_bar=np.ascontiguousarray(trust_bar),
        voluntary=states.direct_answered,
        size=hosted / max(float(hosted.max()), 1e-12),
        misuse=np.outer(1 - states.data_protection, [spec.misuse_chance, spec.onward_chance]),
        hidden=np.array([instruments[text].secrecy == "always" for text in instrument_names(instruments)]),
        record=states.terror,
        gap=np.ascontiguousarray(gap_of(states)),
        firm_notice=firm_shares(spec.firm_notice, states),
        gag_days=gags(spec.firm_notice, instruments, states),
        goodwill=np.ascontiguousarray(goodwill),
        urgent_effort=np.full((states.count, states.count), spec.urgent_effort),
        crime=crimes_under(instruments, world),
        broad=broad_laws(world),
        exempt=offences.exempt_from,
        live=listening(spec, world, instruments),
        live_judged=np.array([instruments[text].realtime_if.judged for text in instrument_names(instruments)]),
        live_serious=np.array([instruments[text].realtime_if.serious for text in instrument_names(instruments)]),
        intercepts=interceptable(states),
        protected=offences.protected,
        harm=offences.harm,
        stops=stops,
        covers=covers,
        plausible=np.concatenate([offences.plausible, np.zeros((len(offences.names), 1))], axis=1),
        strength=spec.acuity
        * np.array([spec.visible.honest, spec.visible.recharacterised, spec.visible.fabricated, spec.visible.selective]),
        numbers=review.numbers,
    )


class _CentralUnit(TypedDict):
    """What ``Practice`` holds of a central unit."""

    panel_binding: bool
    panel_place: int
    panel_advice: float
    panel_days: float
    panel_capacity: float
    panel_hours: float
    panel_memory: float
    panel_kept: float
    panel_files: float


_NO_CENTRAL_UNIT = _CentralUnit(
    panel_binding=False,
    panel_place=0,
    panel_advice=0.0,
    panel_days=0.0,
    panel_capacity=1.0,
    panel_hours=0.0,
    panel_memory=0.0,
    panel_kept=0.0,
    panel_files=1.0,
)
"""One that reads nothing; what is divided by it is not zero."""


def _central_unit(panel: Safeguard | None, names: tuple[str, ...]) -> _CentralUnit:
    """The central unit's scalars, from its record where there is one."""
    if not isinstance(panel, Panel):
        return _NO_CENTRAL_UNIT
    return _CentralUnit(
        panel_binding=panel.binding,
        panel_place=names.index("panel"),
        panel_advice=panel.advice,
        panel_days=panel.delay_days,
        panel_capacity=panel.hours_a_month,
        panel_hours=panel.hours_a_file,
        panel_memory=panel.memory,
        panel_kept=panel.memory_kept,
        panel_files=panel.memory_files,
    )


def practice_of(spec: ReviewSpec, safeguards: Mapping[str, Safeguard], names: tuple[str, ...]) -> Practice:
    """The scalars of the review; a configuration without a central unit has one that reads nothing."""
    desk = safeguards["desk"]
    if not isinstance(desk, Desk):
        raise ConfigError("safeguards.desk._target_: found another record; accepted: sim.review.desk.Desk")
    return Practice(
        shared_noise=float(np.sqrt(spec.rho)),
        own_noise=float(np.sqrt(1 - spec.rho)),
        visibility_slope=spec.visibility_slope,
        visibility_most=spec.visibility_most,
        plausibility_from=spec.plausibility_from,
        hours_log=float(np.log(spec.hours_median)),
        hours_spread=spec.hours_spread,
        expected_hours=spec.hours_median * float(np.exp(spec.hours_spread**2 / 2)),
        delay_log=float(np.log(spec.delay_months * DAYS_PER_MONTH)),
        delay_spread=spec.delay_spread,
        lapse_per_year=spec.lapse_per_year,
        supplement_bar=spec.supplement_bar,
        supplement_answered=spec.supplement_answered,
        supplement_days=spec.supplement_days,
        supplement_hours=spec.supplement_hours,
        urgent_delay=spec.urgent_delay,
        gate_days=spec.gate_days,
        park_bar=desk.park_bar,
        trust_floor=desk.trust_floor,
        preservation_days=spec.preservation_days,
        preservation_renewed=spec.preservation_renewed,
        preservation_effort=spec.preservation_effort,
        preservation_delay=spec.preservation_delay,
        retention_log=float(np.log(spec.retention_months * DAYS_PER_MONTH)),
        retention_spread=spec.retention_spread,
        residence_class=DATA_CLASSES.index(spec.residence_class),
        role_strength=spec.visible.role,
        domestic_notice=spec.domestic_notice,
        firm_days=spec.firm_notice.days,
        **_central_unit(safeguards.get("panel"), names),
        police_days=spec.police_days,
        police_answered=spec.police_answered,
        spontaneous_days=spec.spontaneous_days,
        direct_days=spec.direct_days,
        realtime_months=spec.realtime_months,
        effort_power=spec.effort_power,
        effort_floor=spec.effort_floor,
        comfortable_months=spec.comfortable_months,
    )
