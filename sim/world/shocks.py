"""Shocks: what changes for named states at a date within the window, for good or for a while.

A shock sets keys of the configuration, columns of states, or whom a text binds, from the first day of a month of the window on. It
is a lever: it changes rules and never the world. Cases, people, hosting and the load from which capacity is set are made from the
world as drawn, so that a crime that a shock makes is no new wish, and a state that turns repressive files and is read by other
rules but wishes for nothing else.

A lasting shock stays. One that fades goes back with a half-life: a number ``x`` that it set is ``old + (new - old) w`` with
``w = 0.5 ** (months since / half-life)``, and after ``HALF_LIVES`` of them it is over. What has no numbers between two values
(a choice, true or false, a crime or none, a whole number) holds for one half-life and is then as before.

Of several shocks that set one thing, each acts on what those before it left: the earlier month first, then by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import StrictBool, StrictInt, ValidationError, field_validator

from sim.arrays import Flags, Reals
from sim.errors import in_brief, meant
from sim.world.answered import answered_after
from sim.world.breadth import of_the_convention
from sim.world.dials import ALL, Bounds, Dial, Dials, Settled, leaves_of_dial, reached
from sim.world.leaves import Plain, leaves_of
from sim.world.ranges import Bar, Months, Range, Unit, YearsOrNone
from sim.world.record import ConfigError, Record, quoted
from sim.world.snapshot import World
from sim.world.states import StateTable
from sim.world.vocabulary import GROUPS, Offences

HALF_LIVES = 20
"""Half-lives after which a shock that fades is over: less than a millionth of it is left."""
PARTS = ("review", "conduct", "instruments", "safeguards")
"""Parts of the configuration of which a shock may set keys: those that rules are made of."""
BINDS = "binds"
"""Of a text: whether it binds the named states, ``instruments.<text>.binds``."""
_MOST_MONTHS = 12 * 50 - 1  # of the longest window
_HALF = 0.5
_NAMED = 2  # parts of a key that name a text or a safeguard


class StateSet(Dial):
    """What a shock sets of the states that it reaches: all that a dial can set, and the columns that rules read."""

    liberal: Unit | None = None  # liberal democracy: trust, supposed abuse, standing in comity, and how readily firms answer
    commitment: Unit | None = None  # to civil liberties: how readily a discretion is used
    rule: Unit | None = None  # of law: how faithfully a duty is kept
    strictness: Bar | None = None  # of review, standardised
    repression: Bar | None = None  # standardised: how hard legislatures restrict; no wish follows it
    terror: Bar | None = None  # political terror as published, standardised: the record that reviewers know
    data_protection: Unit | None = None  # of what is received
    protection: Unit | None = None  # of a person against its own authorities
    transfer_law: Unit | None = None  # strength of its own law on transfers to police abroad
    direct_answered: Unit | None = None  # of its requests for less than content, by firms abroad
    compels: StrictBool | None = None  # its law can compel that stored data are given
    listens: StrictBool | None = None  # its law knows collection in real time
    intercept_from: YearsOrNone | None = None  # maximum from which content may be intercepted


COLUMNS = tuple(name for name in StateSet.model_fields if name not in Dial.model_fields)
"""Columns of the table of states that a shock sets as they stand."""
KEYS = (*PARTS, *StateSet.model_fields)
"""All that may stand at the top of what a shock sets."""


class Shock(Record):
    """What is set, for whom, from when on, and how long it lasts."""

    at: Annotated[StrictInt, Range(0, _MOST_MONTHS)]  # month of the window; 0 is the first
    states: str | list[str] = ALL  # a selector as of a dial, or a list of these
    set: dict[str, Any]
    fade: Months | None = None  # half-life in months; null lasts

    @field_validator("set", mode="before")
    @classmethod
    def _nested(cls, given: Any) -> Any:
        """What is set by nested keys; a key with dots says the same. Raises ``ValueError`` in our words for what cannot be set."""
        if not isinstance(given, Mapping):
            return given
        nested = _without_dots(given)
        if strange := [name for name in nested if name not in KEYS]:
            said = f"{strange[0]}: found a key that no month reads anew; accepted: {accepted_keys()}"
            raise ValueError(f"{said}{meant(strange[0], KEYS)}")
        for part in PARTS:
            if part in nested and not isinstance(nested[part], Mapping):
                raise ValueError(f"{part}: found {quoted(nested[part])}; accepted: keys in it")
        for key in leaves_of({part: nested[part] for part in PARTS if part in nested}):
            if refused := _at_the_start(key):
                raise ValueError(f"{key}: found a key that {refused}; accepted: another key, or an override of the whole run")
        _state_set(nested)
        return nested

    @property
    def of_states(self) -> StateSet:
        """What is set of states."""
        return _state_set(self.set)

    @property
    def of_policy(self) -> Plain:
        """What is set of the configuration, by part, in nested maps; whom texts bind apart (``bindings``)."""
        found: Plain = {part: self.set[part] for part in PARTS if part in self.set}
        if texts := found.get("instruments"):
            found["instruments"] = {text: {k: v for k, v in keys.items() if k != BINDS} for text, keys in texts.items()}
        return found

    @property
    def bindings(self) -> dict[str, Any]:
        """By text, whether the named states are bound by it."""
        texts = self.set.get("instruments", {}).items()
        return {text: keys[BINDS] for text, keys in texts if isinstance(keys, Mapping) and BINDS in keys}

    @property
    def selectors(self) -> list[str]:
        """Whom it is for."""
        return [self.states] if isinstance(self.states, str) else self.states


def accepted_keys() -> str:
    """What a shock can set, in words."""
    return f"keys of {', '.join(PARTS[:-1])} or {PARTS[-1]}, or of states: {', '.join(StateSet.model_fields)}"


def _without_dots(given: Mapping[Any, Any]) -> Plain:
    """Nested maps in which no key has a dot. Raises ``ValueError`` for a key that is said twice."""
    nested: Plain = {}
    for name, value in given.items():
        first, _, rest = str(name).partition(".")
        inner = {rest: value} if rest else value
        below = _without_dots(inner) if isinstance(inner, Mapping) else inner
        nested[first] = _together(first, nested[first], below) if first in nested else below
    return nested


def _together(key: str, one: object, other: object) -> Plain:
    if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
        raise ValueError(f"{key}: found twice, with dots and without; accepted: once")
    shared = one.keys() & other.keys()
    return {**one, **other, **{name: _together(f"{key}.{name}", one[name], other[name]) for name in sorted(shared)}}


_READ_ONCE = {
    "is of the design of a run": ("review.load", "review.capacity"),
    "sets the hours of authorities, which are a fact of the world": (
        "review.utilisation_low",
        "review.utilisation_high",
        "review.capacity_floor",
    ),
    "is read once a run": ("review.usable", "conduct.attempts", "conduct.spyware", "conduct.spyware_states"),
}
_READ_ONCE_OF_EACH = {  # of each text, and of each safeguard
    "instruments": ("order", "from_start"),
    "safeguards": ("order", "look", "habit", "kind", "article"),
}


def _at_the_start(key: str) -> str | None:
    """Why a key of the configuration cannot change within a run; None where it can."""
    for why, keys in _READ_ONCE.items():
        if any(f"{key}.".startswith(f"{one}.") for one in keys):
            return why
    part, *rest = key.split(".")
    if len(rest) >= _NAMED and rest[1] in _READ_ONCE_OF_EACH.get(part, ()):
        return "is read once a run"
    return None


def _state_set(nested: Mapping[str, Any]) -> StateSet:
    """What nested maps set of states. Raises ``ValueError`` for a value that no state can have."""
    given = {name: value for name, value in nested.items() if name not in PARTS}
    if nothing := [name for name, value in given.items() if value is None]:
        raise ValueError(f"{nothing[0]}: found null; accepted: a value, or no such key")
    try:
        return StateSet(**given)
    except ValidationError as error:
        raise ValueError(in_our_words(error)) from None


def in_our_words(error: ValidationError) -> str:
    """The first mistake of a record as part of one line: where, what was found, what is accepted."""
    problem = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in problem["loc"] if part != "[key]")
    if problem["type"] == "value_error" and "ctx" in problem:
        return f"{place}.{problem['ctx']['error']}" if place else str(problem["ctx"]["error"])
    if problem["type"] == "extra_forbidden":
        return f"{place}: no such key; accepted: a key that stands in configs/"
    wanted = "true or false" if problem["type"].startswith("bool") else problem["msg"].removeprefix("Input should be ")
    return f"{place}: found {quoted(problem['input'])}; accepted: {wanted}"


# --- when -------------------------------------------------------------------------------------------------------------------------


class Blow(NamedTuple):
    """A shock in force in a month, and how much of it is left."""

    name: str
    shock: Shock
    weight: float  # 1 on the first day and for good; above 0

    @property
    def whole(self) -> bool:
        """Whether what has no numbers between two values is still as the shock has it."""
        return self.weight > _HALF


class Upheaval(NamedTuple):
    """All shocks in force in a month, in the order in which they act."""

    blows: tuple[Blow, ...] = ()
    answered_slope: float = 0.0  # log odds of the share that firms answer, per unit of liberal democracy


CALM = Upheaval()
"""No shock."""


def blows_in(shocks: Mapping[str, Shock], month: int) -> tuple[Blow, ...]:
    """The shocks in force in a month of the window."""
    begun = sorted((shock.at, name) for name, shock in shocks.items() if shock.at <= month)
    weighed = (Blow(name, shocks[name], weight_of(shocks[name], month)) for _, name in begun)
    return tuple(blow for blow in weighed if blow.weight > 0)


def weight_of(shock: Shock, month: int) -> float:
    """How much of a shock is left in a month of the window, 0 to 1: before it begins, and once it is over, nothing.

    >>> [weight_of(Shock(at=3, set={}, fade=2.0), month) for month in (2, 3, 5, 43)]
    [0.0, 1.0, 0.5, 0.0]
    """
    since = month - shock.at
    if since < 0 or (shock.fade is not None and since >= HALF_LIVES * shock.fade):
        return 0.0
    return 1.0 if shock.fade is None else float(_HALF ** (since / shock.fade))


def months_of_change(shocks: Mapping[str, Shock], months: int) -> frozenset[int]:
    """Months of the window, of so many, whose rules may be others than those of the month before."""
    weights = {month: blows_in(shocks, month) for month in range(-1, months)}
    return frozenset(month for month in range(months) if weights[month] != weights[month - 1])


# --- what -------------------------------------------------------------------------------------------------------------------------


def merged(held: Any, given: Mapping[str, Any]) -> Any:
    """A record or a map with what nested maps set in it, each record on the way checked as its file would be.

    Raises ``ConfigError`` for a value that a record does not take, with the key from ``held`` down.
    """
    now = dict(held)
    if isinstance(held, Record) and (unknown := [name for name in given if name not in now]):
        raise ConfigError(f"{unknown[0]}: no such key; accepted: {in_brief([*now])}{meant(unknown[0], [*now])}")
    for name, value in given.items():
        inner = now.get(name)
        try:
            now[name] = merged(inner, value) if isinstance(value, Mapping) and isinstance(inner, Record | dict) else value
        except ConfigError as error:
            raise ConfigError(f"{name}.{error}") from None
    if not isinstance(held, Record):
        return now
    try:
        return type(held).model_validate(now)
    except ValidationError as error:
        raise ConfigError(in_our_words(error)) from None


def between(old: Any, new: Any, weight: float) -> Any:
    """A value on its way back from ``new`` to ``old``: numbers in proportion, all else by steps, in records and maps throughout."""
    if weight == 1.0 or old == new:
        return new
    if isinstance(old, Record) and type(old) is type(new):
        fields = {name: between(getattr(old, name), getattr(new, name), weight) for name in type(old).model_fields}
        return new.model_copy(update=fields)
    if isinstance(old, dict) and isinstance(new, dict):
        both = {name: between(old.get(name), value, weight) for name, value in new.items()}
        return both if weight > _HALF else {name: value for name, value in both.items() if name in old}
    if isinstance(old, float) and isinstance(new, float):
        return old + (new - old) * weight
    return new if weight > _HALF else old


def struck_policy[R: Record](policy: R, blows: tuple[Blow, ...]) -> R:
    """What decides how requests are made and answered, in a month with these shocks."""
    for blow in blows:
        for part, given in blow.shock.of_policy.items():
            held = getattr(policy, part)
            policy = policy.model_copy(update={part: between(held, merged(held, given), blow.weight)})
    return policy


def reached_by(name: str, shock: Shock, dials: Dials, states: StateTable) -> Flags:
    """Whom a shock is for, ``[N]``. Raises ``ConfigError`` for a selector that is none of this world."""
    found = [reached(selector, dials, states, f"shock.{name}.states")[1] for selector in shock.selectors]
    return np.logical_or.reduce(found, axis=0) if found else np.zeros(states.count, bool)


def bindings_of(blows: tuple[Blow, ...], dials: Dials, states: StateTable) -> tuple[tuple[str, Flags, bool], ...]:
    """Whom shocks bind by a text, or no longer: the text, the states ``[N]`` and which of both, in their order."""
    return tuple(
        (text, reached_by(blow.name, blow.shock, dials, states), bound)
        for blow in blows
        if blow.whole
        for text, bound in blow.shock.bindings.items()
    )


def struck_world(world: World, upheaval: Upheaval, dials: Dials) -> World:
    """The world as rules have it in a month with these shocks, ahead of dials: the columns of ``COLUMNS`` as shocks set them.

    For rules alone, as ``as_ruled``. A liberal score takes with it how readily firms abroad answer (``answered_after``).
    """
    columns: dict[str, Any] = {}
    for blow in upheaval.blows:
        who, given = reached_by(blow.name, blow.shock, dials, world.states), blow.shock.of_states
        for name in COLUMNS:
            if (value := getattr(given, name)) is None:
                continue
            held = columns.get(name, getattr(world.states, name))
            columns[name] = _mixed(held, who, value, blow)
            if name == "liberal":
                answered = columns.get("direct_answered", world.states.direct_answered)
                columns["direct_answered"] = answered_after(answered, columns[name] - held, upheaval.answered_slope)
    return replace(world, states=replace(world.states, **columns)) if columns else world


def answered_shares(world: World, upheavals: Iterable[Upheaval], dials: Dials) -> Reals:
    """Of direct requests in ordinary cases, the share that firms abroad answer under each of these, ``[T, N]``."""
    return np.stack([struck_world(world, upheaval, dials).states.direct_answered for upheaval in upheavals])


def struck_dials(
    ruled: World, dialled: Settled, care: tuple[Reals, Reals], hours: Reals, blows: tuple[Blow, ...], dials: Dials
) -> tuple[World, Settled]:
    """The world as its rules have it, and what dials set, with all that shocks set of what dials can.

    ``care`` are uptake and fidelity ``[N]`` as dials leave them, ``hours`` ``[N]`` the officer-hours before any factor. Bounds of a
    maximum act on the one in force.
    """
    states, offences = ruled.states, ruled.offences
    held: dict[str, Any] = {
        "uptake": care[0],
        "fidelity": care[1],
        "hours": np.where(np.isnan(dialled.hours), 1.0, dialled.hours),
        "breadth": states.breadth,
        **{name: getattr(states, name) for name in ("judicial", "skill", "data_protection", "protection")},
        **{f"penalties.{name}": states.penalties[:, k] for k, name in enumerate(offences.names)},
        **{f"appetite.{group}": dialled.eager[:, g] for g, group in enumerate(GROUPS)},
    }
    drawn, told = dict(held), {name: getattr(dialled, name) for name in _TOLD}
    for blow in blows:
        who = reached_by(blow.name, blow.shock, dials, states)
        for key, value in leaves_of_dial(blow.shock.of_states, offences):
            for one in _STANDS_FOR.get(key, (key,)):
                held[one] = _mixed(held[one], who, value, blow, of_the_convention(offences) if one == "breadth" else None)
            if key in told:
                told[key] = np.where(who, value, told[key])
    columns = {name: held[name] for name in ("judicial", "skill", "data_protection", "protection", "breadth")}
    penalties = np.stack([held[f"penalties.{name}"] for name in offences.names], axis=1)
    eager = np.stack([*(held[f"appetite.{group}"] for group in GROUPS), dialled.eager[:, -1]], axis=1)
    for name in _CARE:
        told[name] = np.where(held[name] == drawn[name], getattr(dialled, name), held[name])
    world = replace(ruled, states=replace(states, penalties=penalties, **columns)).with_capacity(hours * held["hours"])
    return world, dialled._replace(penalties=penalties, eager=eager, **told)


def struck_statutes(years: Reals, blows: Iterable[Blow], dials: Dials, states: StateTable, offences: Offences) -> Reals:
    """Maxima ``[N, K]`` in force on the day on which these shocks begin, as they leave them."""
    years = years.copy()
    for blow in blows:
        who = reached_by(blow.name, blow.shock, dials, states)
        for key, value in leaves_of_dial(Dial(penalties=blow.shock.of_states.penalties), offences):
            k = offences.names.index(key.partition(".")[2])
            years[:, k] = _mixed(years[:, k], who, value, blow)
    return years


_CARE = ("uptake", "fidelity")
_TOLD = ("judicial", "skill", "transfer_protection", "hours", "strength", "breadth")
"""What of dials is only told of once rules are made (``Settled``): the world as ruled holds it."""
_STANDS_FOR: Mapping[str, tuple[str, ...]] = {"strength": _CARE, "transfer_protection": ("data_protection", "protection")}


def _mixed(old: Any, who: Flags, value: Any, blow: Blow, cells: Flags | None = None) -> Any:
    """A column ``[N]``, or a table ``[N, K]`` in these ``cells`` ``[K]``, as a shock has it where it reaches ``who``."""
    if cells is not None:
        who = who[:, None] & cells[None, :]
    new = value.of(old) if isinstance(value, Bounds) else np.full(old.shape, np.nan if isinstance(value, str) else value)
    new = new.astype(old.dtype)
    if blow.weight < 1:
        steps = new if blow.whole else old
        if old.dtype != np.bool_:
            steps = np.where(np.isnan(old) | np.isnan(new), steps, old + (new - old) * blow.weight)
        new = steps
    return np.where(who, new, old)


def refuse_unknown(name: str, shock: Shock, texts: Mapping[str, Any], safeguards: Mapping[str, Any], last: str) -> Iterator[str]:
    """Texts and safeguards that a shock names and that are not there, and what it sets for some states that all have alike."""
    key = f"shock.{name}.set"
    for part, known in (("instruments", texts), ("safeguards", safeguards)):
        for one, keys in shock.set.get(part, {}).items():
            if one not in known:
                yield f"{key}.{part}: nothing is named {quoted(one)}; accepted: {in_brief([*known])}{meant(one, known)}"
            if not isinstance(keys, Mapping):
                yield f"{key}.{part}.{one}: found {quoted(keys)}; accepted: keys in it"
    for text, bound in shock.bindings.items():
        if not isinstance(bound, bool):
            yield f"{key}.instruments.{text}.{BINDS}: found {quoted(bound)}; accepted: true or false"
        if text == last:
            yield f"{key}.instruments.{text}.{BINDS}: found the text that is always in force; accepted: another text"
    alike = next(iter(leaves_of(shock.of_policy)), None)
    if alike is not None and shock.selectors != [ALL]:
        yield (
            f"{key}.{alike}: found for {', '.join(shock.selectors)}, but it is the same for all; accepted: states: all, or for "
            f"named states instruments.<text>.{BINDS} and {', '.join(StateSet.model_fields)}"
        )


def refuse_nobody(name: str, shock: Shock, who: Flags) -> None:
    """Raise ``ConfigError`` for a shock that reaches nobody ``[N]``, and for a pact of one state with itself."""
    if not who.any():
        raise ConfigError(f"shock.{name}.states: found no state that they reach; accepted: states of this world")
