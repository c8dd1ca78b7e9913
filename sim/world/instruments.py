"""Instruments: which text governs a pair of states, which labels it reaches, and what it says of each safeguard."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import StrictInt, model_validator

from sim.arrays import Flags, Keys, in_order
from sim.draws import Draws, name_keys
from sim.world.ranges import Bar, Factor, MonthsOrNone, Order, Range, Slope, Unit, YearsOrNone
from sim.world.record import ConfigError, Record
from sim.world.states import StateTable
from sim.world.vocabulary import (
    CHANNELS,
    DATA_CLASSES,
    EMERGENCY,
    OFFENCE_CLASSES,
    POLICE,
    PRESERVATION,
    REGIMES,
    SPONTANEOUS,
    DataClass,
    Force,
    OffenceClass,
    Offences,
    Regime,
)

Treatment = Literal["never", "serious", "always"]
RealTime = Literal["absent", "endeavours", "obliges"]
SeriousnessTest = Literal["penalty", "harm", "grave", "penalty_and_harm", "penalty_and_grave"]
COVERED, OUTSIDE, TOO_LIGHT = 0, 1, 2
_TRIES = 400  # random sets that a placebo is looked for among; two in five are near enough in the real world
_NEAR = 0.1  # relative distance from the hosting weight aimed at within which a random set is taken


class Ratified(Record):
    """A treaty that binds ``count`` states in all: some for sure, others by chance, liberal ones the likelier by the slope."""

    count: Annotated[StrictInt, Range(1, 2**15)]  # rows of states are small integers in the docket
    sure: dict[str, bool] = {}
    liberal_slope: Slope  # log odds per unit of liberal democracy


class Parties(Record):
    """Who is bound: a named set of states, some added, some taken away (maps, so that scenarios merge).

    In this order: ``base``; ``extra`` states added; ``without`` states, then those of ``without_regimes``, taken away; as many
    random states as there are bound ones of ``placebo_of_regimes``, that together host as much; and of what is left only those
    that ``draw`` lets ratify. Under ``listed`` only the ``pairs`` named are bound to each other.
    """

    base: Literal["none", "all", "pairs", "listed", "signatories", "budapest", "eu"]
    extra: dict[str, bool] = {}
    without: dict[str, bool] = {}
    without_regimes: dict[Regime, bool] = {}
    placebo_of_regimes: dict[Regime, bool] = {}
    draw: Ratified | None = None
    pairs: dict[str, bool] = {}

    @model_validator(mode="after")
    def _pairs_are_of_a_list(self) -> Parties:
        if any(self.pairs.values()) and self.base not in ("listed", "none"):
            raise ValueError(f"pairs: found pairs under base {self.base}; accepted: under base listed alone")
        return self


class SideDoors(Record):
    """Ways past the request paragraphs: preservation (Art 42), the 24/7 lane (41), police (47), unasked sharing (40(4))."""

    preservation: bool
    emergency: bool
    police: bool
    spontaneous: bool


class RealTimeLimits(Record):
    """What else a text wants before data are collected as they come."""

    judged: bool  # only where a judge of the requested state has read the file and let it pass
    serious: bool  # traffic too only for offences for which content may be intercepted (the reservation of Art 23(3))


class Inflation(Record):
    """Legislatures that raise maxima to reach a treaty (S24): how far, and from which latent repression on."""

    to_years: YearsOrNone
    repression_from: Bar  # standard deviations


class Instrument(Record):
    """One text: who is bound, what it reaches, what it says of each safeguard."""

    order: Order
    from_start: bool  # in force before the window opens
    parties: Parties
    reaches: dict[OffenceClass, Treatment]
    adds: dict[str, bool]  # offences always within it, which its parties must punish (a protocol on additional offences)
    most: DataClass  # most intrusive data that it reaches
    threshold_years: YearsOrNone
    seriousness: SeriousnessTest
    harm_floor: Unit
    filing: Unit
    delay_factor: Factor
    side_doors: SideDoors
    secrecy: Literal["requested", "always"]  # always: the person is never told, by a state or a firm, whatever a safeguard says
    gag_months_most: MonthsOrNone | None = None  # after which an order of silence to a firm ends; null: as the state's law has it
    obliges: dict[OffenceClass, bool]  # classes of offences that its parties must punish
    powers: bool  # its parties must have the powers of procedure over stored and over live data (Arts 25 to 30)
    realtime: RealTime  # whether the requested state collects data as they come for a request
    realtime_if: RealTimeLimits
    stops_preservation: dict[str, bool]  # grounds that may be invoked against preservation
    displaces: dict[str, bool] = {}  # safeguards that a state's own law may not add to the text
    safeguards: dict[str, Force] = {}

    @model_validator(mode="after")
    def _reaches_each(self) -> Instrument:
        if lacking := [name for name in OFFENCE_CLASSES if name not in self.reaches]:
            raise ValueError(f"reaches.{lacking[0]}: found nothing; accepted: 'never', 'serious' or 'always' for each class")
        return self

    def unbound(self) -> Instrument:
        """The same text where it binds nobody."""
        return self.model_copy(update={"from_start": False, "parties": Parties(base="none")})

    def naming(self, known: Collection[str]) -> Instrument:
        """The same text, silent of all but the safeguards that are ``known``."""
        forces = {name: force for name, force in self.safeguards.items() if name in known}
        stops = {name: meant for name, meant in self.stops_preservation.items() if name in known}
        shut = {name: meant for name, meant in self.displaces.items() if name in known}
        return self.model_copy(update={"safeguards": forces, "stops_preservation": stops, "displaces": shut})


class LawInForce(NamedTuple):
    """The law as kernels read it: ``I`` instruments in their order, ``N`` states, ``K`` offences, ``S`` safeguards."""

    before: Flags  # [I, N, N] in force between two states during the run-in
    after: Flags  # [I, N, N] from the first day of the window
    reach: NDArray[np.int8]  # [I, N, K] 0 covered, 1 outside the scope, 2 too light; by requester and label
    most: NDArray[np.int8]  # [I] most intrusive data class that the text reaches
    offers: Keys  # [3] texts, comity aside, that reach a class of data: bit t for row t
    established: Flags  # [I, K] offences that the text itself obliges its parties to punish
    adds: Flags  # [I, K] of these, the ones that a protocol added by name
    powers: Flags  # [I] texts whose parties must have the powers of procedure
    filing: NDArray[np.float64]  # [I] propensity to file
    delay: NDArray[np.float64]  # [I] factor on the delay of execution
    hidden: Flags  # [I] the person is never told
    opens: Flags  # [channels, I] side doors that the text has
    preserves: NDArray[np.int8]  # [2, N, N] first text in force that freezes data, before and after; -1 for none
    hurries: NDArray[np.int8]  # [2, N, N] first text in force with an urgent lane, before and after; -1 for none
    polices: NDArray[np.int8]  # [2, N, N] first text in force by which police may ask police, before and after; -1 for none
    pushes: NDArray[np.int8]  # [2, N, N] first text in force by which states share unasked, before and after; -1 for none
    keys: Keys  # [I] stable keys of the texts' names


_MOST_TEXTS = 64  # bits of a number


def texts_by_pair(in_force: Flags) -> Keys:
    """Which texts bind two states as one number a pair, ``[N, N]``, bit t for row t of ``in_force`` ``[I, N, N]``.

    A kernel finds all in one place that lie far apart in the table.
    """
    bound = np.zeros(in_force.shape[1:], np.uint64)
    for text, binds in enumerate(in_force):
        bound |= binds.astype(np.uint64) << np.uint64(text)
    return bound


def _offering(most: NDArray[np.int8]) -> Keys:
    """Texts that reach each class of data, ``[3]``, bit t for row t of ``most`` ``[I]``; comity, the last, is no text."""
    rows = np.arange(most.size - 1, dtype=np.uint64)
    reached = most[:-1] >= np.arange(len(DATA_CLASSES))[:, None]
    return np.asarray((reached.astype(np.uint64) << rows).sum(axis=1, dtype=np.uint64))


def instrument_names(instruments: Mapping[str, Instrument]) -> tuple[str, ...]:
    """Names in the order in which the texts are looked up for a pair (special regimes, MLAT, Budapest, Hanoi, comity)."""
    return tuple(sorted(instruments, key=lambda name: (instruments[name].order, name)))


def members(name: str, parties: Parties, states: StateTable, draws: Draws) -> Flags:
    """Which states are bound, shape ``[N]``; what is left to chance is drawn by the world's ``draws``.

    Raises ``ConfigError`` for a state that does not exist.
    """
    key = f"instruments.{name}.parties"
    if parties.base == "none":
        bound = np.zeros(states.count, bool)
    elif parties.base in ("all", "pairs", "listed"):
        bound = np.ones(states.count, bool)
    else:
        bound = states.groups[parties.base].copy()
    bound |= states_named(f"{key}.extra", parties.extra, states)
    bound &= ~states_named(f"{key}.without", parties.without, states)
    bound &= ~_of_regimes(parties.without_regimes, states)
    if any(parties.placebo_of_regimes.values()):
        bound &= ~placebo_of(bound, bound & _of_regimes(parties.placebo_of_regimes, states), states, draws)
    if parties.draw is not None:
        bound = ratifying(bound, bound & states_named(f"{key}.draw.sure", parties.draw.sure, states), parties.draw, states, draws)
    return bound


def hosted(states: StateTable) -> NDArray[np.float64]:
    """Hosting weight of each state, ``[N]``: shares of foreign platforms over all origins, weighted by their people at risk."""
    weight: NDArray[np.float64] = in_order(states.at_risk) @ states.host_share
    return weight / weight.sum()


def placebo_of(bound: Flags, meant: Flags, states: StateTable, draws: Draws) -> Flags:
    """A random set of bound states, as many as are ``meant``, that together host about as much data as these, ``[N]``.

    Sets of that size are drawn uniformly among the bound states, one after the other (``fact:placebo`` by try and state); the
    first whose hosting weight lies within a tenth of the weight aimed at is taken, and if none does, the nearest of them. So
    it is a uniform draw among the sets that are near enough. Filling a set up to the weight would not do: most states host
    nothing and all of them would be taken, and a great host fits in only if it comes first.
    """
    weight, count = hosted(states), int(meant.sum())
    target = weight[meant].sum()
    luck = draws.uniform("fact:placebo", np.arange(_TRIES)[:, None], states.keys[None, :])
    order = np.argsort(np.where(bound, luck, np.inf), axis=1, kind="stable")[:, :count]  # [tries, count]
    distance = np.abs(weight[order].sum(axis=1) - target)
    near = distance <= _NEAR * target
    chosen = int(near.argmax()) if near.any() else int(distance.argmin())
    taken = np.zeros(states.count, bool)
    taken[order[chosen]] = True
    return taken


def ratifying(bound: Flags, sure: Flags, draw: Ratified, states: StateTable, draws: Draws) -> Flags:
    """Of the bound states those that ratify, ``[N]``: the sure ones, then by a Gumbel race; ``count`` in all, or all there are.

    One race for all counts (``fact:ratified`` by state): whoever is among the first forty is among the first fifty.
    """
    appeal = draw.liberal_slope * states.liberal + draws.gumbel("fact:ratified", states.keys)
    order = np.argsort(-np.where(sure, np.inf, np.where(bound, appeal, -np.inf)), kind="stable")
    chosen = np.zeros(states.count, bool)
    chosen[order[: draw.count]] = True
    return chosen & bound


def _place(key: str, code: str, states: StateTable) -> int:
    """Row of a state; -1 for one that a made-up world does not have. Raises ``ConfigError`` for one that does not exist."""
    if code in states.codes:
        return states.codes.index(code)
    if states.made_up:
        return -1
    shown = ", ".join(states.codes[:6])
    raise ConfigError(
        f"{key}: no state has the code {code!r}; accepted: ISO 3166-1 alpha-3 codes of the states table ({shown}, ...)"
    )


def states_named(key: str, named: Mapping[str, bool], states: StateTable) -> Flags:
    """The states that a map names and means, ``[N]``."""
    flags = np.zeros(states.count, bool)
    for code, meant in named.items():
        row = _place(key, code, states)
        if row >= 0 and meant:
            flags[row] = True
    return flags


def _of_regimes(named: Mapping[Regime, bool], states: StateTable) -> Flags:
    """The states of the regimes that a map names and means, ``[N]``."""
    return np.isin(states.regime, [REGIMES.index(regime) for regime, meant in named.items() if meant])


def _listed(key: str, named: Mapping[str, bool], states: StateTable) -> Flags:
    """The pairs that a map names and means, ``[N, N]``, symmetric. Raises ``ConfigError`` for what is no pair of states."""
    pairs = np.zeros((states.count, states.count), bool)
    for pair, meant in named.items():
        codes = pair.split("-")
        if len(codes) != 2 or codes[0] == codes[1]:
            raise ConfigError(f"{key}: found {pair!r}; accepted: two codes of states with a hyphen, such as GBR-USA")
        rows = [_place(key, code, states) for code in codes]
        if min(rows) >= 0 and meant:
            pairs[rows[0], rows[1]] = pairs[rows[1], rows[0]] = True
    return pairs


def reach_of(
    instrument: Instrument, states: StateTable, offences: Offences, inflation: Inflation | None = None
) -> NDArray[np.int8]:
    """Whether a label of a requester is within the text, shape ``[N, K]``: 0 covered, 1 outside, 2 not serious enough.

    Seriousness reads the requester's own law (Art 2(h) with 35(1)(c); whose law counts is not stated, practice reads the
    requester's): the statutory maximum against ``threshold_years`` by ``>=``; or the offence's harm against ``harm_floor``; or
    whether it is grave (death, injury, grave harm). What a protocol adds is covered whatever its class, and whether or not a
    penalty is known: it is an offence of the treaty, which its parties must punish. Under ``inflation`` the maxima are those
    that repressive legislatures raised to reach a text that was not in force from the start.
    """
    treatment = np.array([instrument.reaches[c] for c in OFFENCE_CLASSES])[offences.offence_class]
    penalties = states.penalties
    if inflation is not None and not instrument.from_start:
        penalties = inflated(penalties, inflation, states, offences)
    by_penalty = np.nan_to_num(penalties, nan=-1.0) >= instrument.threshold_years
    by_harm = np.broadcast_to(offences.harm >= instrument.harm_floor, by_penalty.shape)
    by_grave = np.broadcast_to(offences.grave, by_penalty.shape)
    serious = {
        "penalty": by_penalty,
        "harm": by_harm,
        "grave": by_grave,
        "penalty_and_harm": by_penalty & by_harm,
        "penalty_and_grave": by_penalty & by_grave,
    }[instrument.seriousness]
    reach = np.where(treatment == "never", OUTSIDE, np.where((treatment == "serious") & ~serious, TOO_LIGHT, COVERED))
    reach[:, added_by(instrument, offences)] = COVERED
    return reach.astype(np.int8)


def inflated(penalties: NDArray[np.float64], inflation: Inflation, states: StateTable, offences: Offences) -> NDArray[np.float64]:
    """Maxima ``[N, K]`` once repressive states have raised those of every protected conduct that they punish; no maximum falls."""
    raised = np.where(np.isnan(penalties), np.nan, np.maximum(penalties, inflation.to_years))
    repressive = states.repression >= inflation.repression_from
    return np.where(repressive[:, None] & offences.protected, raised, penalties)


def added_by(instrument: Instrument, offences: Offences) -> Flags:
    """Offences that a text adds by name, ``[K]``."""
    return np.array([instrument.adds.get(name, False) for name in offences.names])


def established_by(instrument: Instrument, offences: Offences) -> Flags:
    """Offences that a text obliges its parties to punish, by their class or by name, ``[K]``."""
    by_class = np.array([instrument.obliges.get(c, False) for c in OFFENCE_CLASSES])[offences.offence_class]
    return np.asarray(by_class | added_by(instrument, offences))


def law_in_force(
    instruments: Mapping[str, Instrument],
    states: StateTable,
    offences: Offences,
    draws: Draws,
    inflation: Inflation | None = None,
    bindings: Sequence[tuple[str, Flags, bool]] = (),
) -> LawInForce:
    """The texts as arrays; ``draws`` are those of the world's seed, which settle memberships that are left to chance.

    ``bindings`` are texts that bind these states ``[N]``, or no longer do, whatever their parties are (``bind_anew``).

    The last instrument in the order must bind every pair, and reach everything: a request always has some legal basis.
    Raises ``ConfigError`` for more texts than one number of a pair has bits.
    """
    names = instrument_names(instruments)
    if len(names) > _MOST_TEXTS:
        raise ConfigError(f"instruments: found {len(names)}; accepted: at most {_MOST_TEXTS}, one bit each of a pair of states")
    texts = [instruments[name] for name in names]
    _refuse_unknown_offences(names, texts, offences)
    after = _bound_by(names, texts, states, draws)
    for text, who, bound in bindings:
        bind_anew(after[names.index(text)], who, bound, instruments[text].parties)
    before = after & np.array([text.from_start for text in texts])[:, None, None]
    opens = _side_doors(texts)
    most = np.array([DATA_CLASSES.index(text.most) for text in texts], dtype=np.int8)
    return LawInForce(
        before=before,
        after=after,
        reach=np.stack([reach_of(text, states, offences, inflation) for text in texts]),
        most=most,
        offers=_offering(most),
        established=np.stack([established_by(text, offences) for text in texts]),
        adds=np.stack([added_by(text, offences) for text in texts]),
        powers=np.array([text.powers for text in texts]),
        filing=np.array([text.filing for text in texts]),
        delay=np.array([text.delay_factor for text in texts]),
        hidden=np.array([text.secrecy == "always" for text in texts]),
        opens=opens,
        preserves=_doors(before, after, opens[PRESERVATION]),
        hurries=_doors(before, after, opens[EMERGENCY]),
        polices=_doors(before, after, opens[POLICE]),
        pushes=_doors(before, after, opens[SPONTANEOUS]),
        keys=name_keys(names),
    )


def bind_anew(pairs: Flags, who: Flags, bound: bool, parties: Parties) -> None:
    """Bind states ``[N]`` by a text, or release them, in its ``pairs`` ``[N, N]``, in place.

    A text of pairs comes to bind the named states to each other, or no longer does. Of any other they become parties, bound to all
    other parties, or are none any more.
    """
    if parties.base in _OF_PAIRS:
        meant = np.outer(who, who)
    elif bound:
        members = pairs.any(axis=1) | who
        meant = np.outer(members, members)
    else:
        meant = who[:, None] | who[None, :]
    pairs[meant] = bound
    np.fill_diagonal(pairs, False)


_OF_PAIRS = ("pairs", "listed")


def _refuse_unknown_offences(names: Sequence[str], texts: Sequence[Instrument], offences: Offences) -> None:
    # Raise ConfigError for a text that adds an offence which no configuration describes
    for name, text in zip(names, texts, strict=True):
        for unknown in sorted(set(text.adds) - set(offences.names)):
            accepted = ", ".join(offences.names)
            raise ConfigError(f"instruments.{name}.adds: no offence is named {unknown!r}; accepted: {accepted}")


def _bound_by(names: Sequence[str], texts: Sequence[Instrument], states: StateTable, draws: Draws) -> Flags:
    # The pairs of states that each text binds, shape [I, N, N]. Raises ConfigError where the last is no comity
    apart = ~np.eye(states.count, dtype=bool)
    bound = np.array([_pairs(name, text, states, draws) & apart for name, text in zip(names, texts, strict=True)])
    if not texts or not (bound[-1] == apart).all() or not _reaches_everything(texts[-1]):
        raise ConfigError("instruments: the last in the order must bind all states and reach all offences and data (comity)")
    return bound


def _side_doors(texts: Sequence[Instrument]) -> Flags:
    # Which channel each text opens beside the formal request, shape [C, I]
    opens = np.zeros((len(CHANNELS), len(texts)), bool)
    for row, text in enumerate(texts):
        doors = text.side_doors
        opens[PRESERVATION, row], opens[EMERGENCY, row] = doors.preservation, doors.emergency
        opens[POLICE, row], opens[SPONTANEOUS, row] = doors.police, doors.spontaneous
    return opens


def _reaches_everything(text: Instrument) -> bool:
    return text.from_start and text.most == DATA_CLASSES[-1] and all(t == "always" for t in text.reaches.values())


def _doors(before: Flags, after: Flags, opens: Flags) -> NDArray[np.int8]:
    """The first text in force that has a side door, whichever text governs the request itself."""
    first = np.full((2, *before.shape[1:]), -1, np.int8)
    for row in np.flatnonzero(opens)[::-1]:  # the first is written last
        for phase, bound in enumerate((before, after)):
            first[phase][bound[row]] = row
    return first


def _pairs(name: str, text: Instrument, states: StateTable, draws: Draws) -> Flags:
    bound = members(name, text.parties, states, draws)
    pairs = np.outer(bound, bound)
    listed = _listed(f"instruments.{name}.parties.pairs", text.parties.pairs, states)
    if text.parties.base == "pairs":
        return pairs & states.mlat
    return pairs & listed if text.parties.base == "listed" else pairs
