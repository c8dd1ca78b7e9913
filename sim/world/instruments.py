"""Instruments: which text governs a pair of states, which labels it reaches, and what it says of each safeguard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.world.record import ConfigError, Record
from sim.world.states import StateTable
from sim.world.vocabulary import OFFENCE_CLASSES, Force, NonNegative, OffenceClass, Offences, Positive, Unit

Treatment = Literal["never", "serious", "always"]
COVERED, OUTSIDE, TOO_LIGHT = 0, 1, 2


class Parties(Record):
    """Who is bound: a named set of states, some added, some taken away (maps, so that scenarios merge)."""

    base: Literal["none", "all", "pairs", "signatories", "budapest", "eu"]
    extra: dict[str, bool] = {}
    without: dict[str, bool] = {}


class SideDoors(Record):
    """Ways past the request paragraphs: expedited preservation (Art 42) and the 24/7 emergency lane (Art 41)."""

    preservation: bool
    emergency: bool


class Instrument(Record):
    """One text: who is bound, what it reaches, what it says of each safeguard."""

    order: int
    from_start: bool  # in force before the window opens
    parties: Parties
    reaches: dict[OffenceClass, Treatment]
    threshold_years: NonNegative
    seriousness: Literal["penalty", "harm", "both"]
    harm_floor: Unit
    filing: Unit
    delay_factor: Positive
    side_doors: SideDoors
    obliges: dict[OffenceClass, bool]  # classes of offences that its parties must punish
    stops_preservation: dict[str, bool]  # grounds that may be invoked against preservation
    safeguards: dict[str, Force] = {}


class LawInForce(NamedTuple):
    """The law as kernels read it: ``I`` instruments in their order, ``N`` states, ``K`` offences, ``S`` safeguards."""

    before: NDArray[np.bool_]  # [I, N, N] in force between two states during the run-in
    after: NDArray[np.bool_]  # [I, N, N] from the first day of the window
    reach: NDArray[np.int8]  # [I, N, K] 0 covered, 1 outside the scope, 2 too light; by requester and label
    filing: NDArray[np.float64]  # [I] propensity to file
    delay: NDArray[np.float64]  # [I] factor on the delay of execution
    preserves: NDArray[np.int8]  # [2, N, N] first text in force that freezes data, before and after; -1 for none
    hurries: NDArray[np.int8]  # [2, N, N] first text in force with an urgent lane, before and after; -1 for none


def instrument_names(instruments: Mapping[str, Instrument]) -> tuple[str, ...]:
    """Names in the order in which the texts are looked up for a pair (special regimes, MLAT, Budapest, Hanoi, comity)."""
    return tuple(sorted(instruments, key=lambda name: (instruments[name].order, name)))


def members(name: str, parties: Parties, states: StateTable) -> NDArray[np.bool_]:
    """Which states are bound, shape ``[N]``. Raises ``ConfigError`` for a state that does not exist."""
    if parties.base == "none":
        bound = np.zeros(states.count, bool)
    elif parties.base in ("all", "pairs"):
        bound = np.ones(states.count, bool)
    else:
        bound = states.groups[parties.base].copy()
    for field, flagged, value in (("extra", parties.extra, True), ("without", parties.without, False)):
        for code, meant in flagged.items():
            if code not in states.codes:
                shown = ", ".join(states.codes[:6])
                raise ConfigError(
                    f"instruments.{name}.parties.{field}: no state has the code {code!r}; "
                    f"accepted: ISO 3166-1 alpha-3 codes of the states table ({shown}, ...)"
                )
            if meant:
                bound[states.codes.index(code)] = value
    return bound


def reach_of(instrument: Instrument, states: StateTable, offences: Offences) -> NDArray[np.int8]:
    """Whether a label of a requester is within the text, shape ``[N, K]``: 0 covered, 1 outside, 2 not serious enough.

    Seriousness reads the requester's own law (Art 2(h) with 35(1)(c); whose law counts is not stated, practice reads the
    requester's): the statutory maximum against ``threshold_years`` by ``>=``, or the offence's harm against ``harm_floor``.
    """
    treatment = np.array([instrument.reaches[c] for c in OFFENCE_CLASSES])[offences.offence_class]
    by_penalty = np.nan_to_num(states.penalties, nan=-1.0) >= instrument.threshold_years
    by_harm = np.broadcast_to(offences.harm >= instrument.harm_floor, by_penalty.shape)
    serious = {"penalty": by_penalty, "harm": by_harm, "both": by_penalty & by_harm}[instrument.seriousness]
    reach = np.where(treatment == "never", OUTSIDE, np.where((treatment == "serious") & ~serious, TOO_LIGHT, COVERED))
    return reach.astype(np.int8)


def law_in_force(instruments: Mapping[str, Instrument], states: StateTable, offences: Offences) -> LawInForce:
    """The texts as arrays. The last instrument in the order must bind every pair: a request always has some legal basis."""
    names = instrument_names(instruments)
    texts = [instruments[name] for name in names]
    if not texts or texts[-1].parties.base != "all" or any(t != "always" for t in texts[-1].reaches.values()):
        raise ConfigError("instruments: the last in the order must bind all states and reach all offences (comity)")
    apart = ~np.eye(states.count, dtype=bool)
    after = np.stack([_pairs(name, text, states) & apart for name, text in zip(names, texts, strict=True)])
    before = after & np.array([text.from_start for text in texts])[:, None, None]
    return LawInForce(
        before=before,
        after=after,
        reach=np.stack([reach_of(text, states, offences) for text in texts]),
        filing=np.array([text.filing for text in texts]),
        delay=np.array([text.delay_factor for text in texts]),
        preserves=_doors(before, after, np.array([text.side_doors.preservation for text in texts])),
        hurries=_doors(before, after, np.array([text.side_doors.emergency for text in texts])),
    )


def _doors(before: NDArray[np.bool_], after: NDArray[np.bool_], opens: NDArray[np.bool_]) -> NDArray[np.int8]:
    """The first text in force that has a side door, whichever text governs the request itself."""
    usable = np.stack([before, after]) & opens[None, :, None, None]
    return np.where(usable.any(axis=1), usable.argmax(axis=1), -1).astype(np.int8)


def _pairs(name: str, text: Instrument, states: StateTable) -> NDArray[np.bool_]:
    bound = members(name, text.parties, states)
    pairs = np.outer(bound, bound)
    return pairs & states.mlat if text.parties.base == "pairs" else pairs
