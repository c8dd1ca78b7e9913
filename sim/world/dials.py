"""Dials of states: what a class of states, or one, is given in place of its own law and its own care.

A dial is a lever. It holds from the window's first day, it changes rules and never the world: latent cases, people, hosting and
capacity are made from the world as drawn. So a new crime makes no new wish, and repression cannot be set.

A selector says whom a dial is for. Of several that reach a state and say the same thing, the more specific holds: its own code,
a named list, its regime, its region, ``signatories``, ``all``. Two named lists that share a state and say the same are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

from sim.arrays import Flags, Reals
from sim.world.breadth import dialled_breadth
from sim.world.ranges import Factor, Unit, YearsOrNone
from sim.world.record import ConfigError, Record
from sim.world.snapshot import World
from sim.world.states import StateTable
from sim.world.vocabulary import GROUPS, REGIMES, Group, Offences

NO_CRIME = "no_crime"
"""Stands in place of a maximum: the conduct is no crime there."""
PROTECTED = "protected"
"""Stands in place of an offence: every offence of class D."""
ALL, SIGNATORIES = "all", "signatories"
_KINDS = ("code", "list", "regime", "region", "signature", "all")  # of selectors, the more specific first
_BY_CODE, _BY_LIST, _BY_REGIME, _BY_REGION, _BY_SIGNATURE, _BY_ALL = range(len(_KINDS))
_LONGEST = 100.0  # years of a maximum, as of ``YearsOrNone``
_OF_A_STATE = ("uptake", "fidelity", "judicial", "skill", "transfer_protection", "hours", "strength", "breadth")
_CARE = ("uptake", "fidelity")  # what a strength stands for


class Bounds(Record):
    """Maxima within bounds: one above ``most`` falls to it, one below ``least`` rises to it; what is no crime stays none."""

    most: YearsOrNone | None = None
    least: YearsOrNone | None = None

    def of(self, years: Reals) -> Reals:
        """Maxima ``[N]`` within the bounds; nan stays nan."""
        low, high = (-np.inf if self.least is None else self.least), (np.inf if self.most is None else self.most)
        return np.clip(years, low, high)


def _is_years(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST


def _maximum(value: Any) -> Any:
    """What may stand for a maximum. Raises ``PydanticCustomError`` in our words for anything else."""
    given = value.model_dump(exclude_none=True) if isinstance(value, Bounds) else value
    if isinstance(given, Mapping):
        given = {key: years for key, years in given.items() if years is not None}
        ends = given.get("least", 0), given.get("most", _LONGEST)
        fits = bool(given) and given.keys() <= {"least", "most"} and all(map(_is_years, ends)) and ends[0] <= ends[1]
    else:
        fits = given == NO_CRIME or _is_years(given)
    if not fits:
        raise PydanticCustomError(
            "maximum", "years from 0 to 100, no_crime, or bounds such as {most: 3.9} or {least: 4.0}, the least at most the most"
        )
    return value


Maximum = Annotated[YearsOrNone | Literal["no_crime"] | Bounds, BeforeValidator(_maximum)]
"""Years from 0 to 100, ``no_crime``, or bounds."""


class Dial(Record):
    """What whoever a selector reaches is given; a key that is not said leaves a state as it is."""

    penalties: dict[str, Maximum] = {}  # by offence of class D, or ``protected`` for all of them; years
    uptake: Unit | None = None  # chance that a discretion is used, before the lasting habit
    fidelity: Unit | None = None  # chance that a duty is kept where no discretion is used, before the lasting habit
    judicial: Unit | None = None  # what a court sees and how independent it is
    skill: Unit | None = None  # of the authority's desk
    transfer_protection: Unit | None = None  # how well data are protected once received, and so what laws on transfers find there
    appetite: dict[Group, Unit] = {}  # factor on the chance that a wish about a group is filed
    hours: Factor | None = None  # factor on officer-hours
    strength: Unit | None = None  # stands for uptake and fidelity
    breadth: Unit | None = None  # chance that the law on an offence of the Convention covers a given protected conduct

    @model_validator(mode="after")
    def _one_care(self) -> Dial:
        if beside := [name for name in _CARE if self.strength is not None and getattr(self, name) is not None]:
            raise ValueError(f"{beside[0]}: found beside strength, which stands for it; accepted: one of the two")
        return self


class Dials(Record):
    """The dials of a scenario by selector, and the lists that selectors may name."""

    override: dict[str, Dial] = {}
    lists: dict[str, list[str]] = {}

    @property
    def turned(self) -> bool:
        """Whether any is."""
        return bool(self.override)


class Settled(NamedTuple):
    """What dials come to, state by state; nan where a state keeps its own."""

    penalties: Reals  # [N, K] maximum years by law, whoever set them; nan where the conduct is no crime
    uptake: Reals  # [N]
    fidelity: Reals  # [N]
    judicial: Reals  # [N]
    skill: Reals  # [N]
    transfer_protection: Reals  # [N]
    hours: Reals  # [N]
    strength: Reals  # [N]
    breadth: Reals  # [N]
    eager: Reals  # [N, G + 1] factor on filing by the person's group; one where nobody said anything, and for nobody at risk


def reached(selector: str, dials: Dials, states: StateTable, key: str = "states.override") -> tuple[int, Flags]:
    """How specific a selector is, 0 the most, and whom it reaches ``[N]``; ``key`` is where it stands.

    Raises ``ConfigError`` for one that is none.
    """
    codes, region, regime = np.array(states.codes), np.array(states.region), np.array(REGIMES)[states.regime]
    if selector in states.codes:
        return _BY_CODE, codes == selector
    if selector in dials.lists:
        for code in dials.lists[selector]:
            if code not in states.codes:
                raise _not_there(f"states.lists.{selector}", code, states)
        return _BY_LIST, np.isin(codes, dials.lists[selector])
    if selector in REGIMES:
        return _BY_REGIME, regime == selector
    if selector in states.region:
        return _BY_REGION, region == selector
    if selector == SIGNATORIES:
        return _BY_SIGNATURE, states.groups[SIGNATORIES].copy()
    if selector == ALL:
        return _BY_ALL, np.ones(states.count, bool)
    raise _not_there(key, selector, states)


def _not_there(key: str, name: str, states: StateTable) -> ConfigError:
    shown = ", ".join(states.codes[:3])
    return ConfigError(f"{key}: found {name!r}, which is no state of this world; accepted: its codes ({shown}, ...)")


def settled(dials: Dials, strength: float | None, states: StateTable, offences: Offences) -> Settled:
    """What dials and a ``strength`` for everybody (null for none) come to in a world.

    Raises ``ConfigError`` for two lists that share a state and say the same, and for a state with both a strength and one of
    those for which it stands.
    """
    spans = [(*reached(selector, dials, states), selector) for selector in dials.override]
    held = _held(states, offences)
    _refuse_doubled(spans, dials, states, offences)
    for _, who, selector in sorted(spans, key=lambda span: -span[0]):  # the most specific last
        for key, value in leaves_of_dial(dials.override[selector], offences):
            held[key][who] = _maxima(value, held["drawn"][key][who]) if key in held["drawn"] else value
    _refuse_both(held, strength, spans, dials, states)
    if strength is not None:
        held["strength"] = np.where(np.isnan(held["strength"]), strength, held["strength"])
    cared = {name: np.where(np.isnan(held["strength"]), held[name], held["strength"]) for name in _CARE}
    rest = {name: held[name] for name in _OF_A_STATE if name not in _CARE}
    return Settled(
        penalties=np.stack([held[f"penalties.{name}"] for name in offences.names], axis=1),
        eager=np.stack([*(held[f"appetite.{group}"] for group in GROUPS), np.ones(states.count)], axis=1),
        **cared,
        **rest,
    )


def leaves_of_dial(dial: Dial, offences: Offences) -> Iterator[tuple[str, Any]]:
    """Each thing that a dial says, by its dotted key, ``protected`` spelled out; an offence by its own name comes before that."""
    for name in _OF_A_STATE:
        if (value := getattr(dial, name)) is not None:
            yield name, value
    for group, share in dial.appetite.items():
        yield f"appetite.{group}", share
    for name, protected in zip(offences.names, offences.protected, strict=True):
        said = dial.penalties.get(name, dial.penalties.get(PROTECTED) if protected else None)
        if said is not None:
            yield f"penalties.{name}", said


def _held(states: StateTable, offences: Offences) -> dict[str, Any]:
    """What states have before any dial: by dotted key ``[N]``, and under ``drawn`` the maxima to which bounds apply."""
    maxima = {f"penalties.{name}": states.penalties[:, k] for k, name in enumerate(offences.names)}
    held: dict[str, Any] = {name: np.full(states.count, np.nan) for name in _OF_A_STATE}
    held |= {f"appetite.{group}": np.ones(states.count) for group in GROUPS}
    return held | {key: years.copy() for key, years in maxima.items()} | {"drawn": maxima}


def _maxima(value: float | str | Bounds, drawn: Reals) -> Reals | float:
    if isinstance(value, Bounds):
        return value.of(drawn)
    return np.nan if isinstance(value, str) else value


_Span = tuple[int, Flags, str]  # how specific a selector is, whom it reaches, and its name


def _refuse_doubled(spans: list[_Span], dials: Dials, states: StateTable, offences: Offences) -> None:
    """Two lists say the same of one state: neither is the more specific. Raises ``ConfigError``."""
    lists = [(who, selector) for rank, who, selector in spans if rank == _BY_LIST]
    for place, (who, selector) in enumerate(lists):
        said = dict(leaves_of_dial(dials.override[selector], offences))
        for others, other in lists[:place]:
            both = sorted(said.keys() & dict(leaves_of_dial(dials.override[other], offences)).keys())
            if both and (who & others).any():
                state = states.codes[int(np.argmax(who & others))]
                raise ConfigError(
                    f"states.override.{selector}.{both[0]}: found for {state}, for which {other} says it too; accepted: lists that "
                    "share no state, or no key"
                )


def _refuse_both(held: Mapping[str, Any], strength: float | None, spans: list[_Span], dials: Dials, states: StateTable) -> None:
    """A strength stands for uptake and fidelity: a state has one or the others. Raises ``ConfigError``."""
    strong = np.ones(states.count, bool) if strength is not None else ~np.isnan(held["strength"])
    for name in _CARE:
        both = strong & ~np.isnan(held[name])
        if both.any():
            row = int(np.argmax(both))
            of = next(s for _, who, s in spans if who[row] and getattr(dials.override[s], name) is not None)
            beside = "review.strength" if strength is not None else "a strength"
            raise ConfigError(
                f"states.override.{of}.{name}: found beside {beside} for {states.codes[row]}; accepted: one of the two for a state"
            )


def as_ruled(world: World, what: Settled) -> World:
    """The world as its rules have it: maxima, breadth, courts, desks, protection and hours as dials set them, all else as drawn.

    The world itself where nothing is set. For rules alone: cases, people and capacity are made from the world as drawn.
    """
    states = world.states

    def own(set_to: Reals, drawn: Reals) -> Reals:
        return np.where(np.isnan(set_to), drawn, set_to)

    ruled = replace(
        states,
        penalties=what.penalties.copy(),
        judicial=own(what.judicial, states.judicial),
        skill=own(what.skill, states.skill),
        data_protection=own(what.transfer_protection, states.data_protection),
        breadth=dialled_breadth(states.breadth, what.breadth, world.offences),
        protection=own(what.transfer_protection, states.protection),
    )
    return replace(world, states=ruled).with_capacity(world.capacity * own(what.hours, np.ones(states.count)))
