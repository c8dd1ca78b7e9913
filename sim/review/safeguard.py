"""What every safeguard says of itself, by kind; one short file and one YAML make a safeguard.

The module of a safeguard holds a frozen record (its parameters, with article and cost) and one scalar function ``stands``:
*is the ground there, and is it seen?* What follows from it, ``absent``, ``may`` or ``must``, is the text of the instrument.
``stands`` takes, by name, what it reads: numbers of its own record, or what a reader of the file can see (``VISIBLE``).
Neither ``abusive`` nor ``conduct`` is among them.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Literal, Protocol

from sim.world.record import ConfigError, Record
from sim.world.vocabulary import Group, NonNegative, Unit

Kind = Literal["gate", "look", "ground"]

VISIBLE: Mapping[str, str] = {
    "reach": "0 within the instrument, 1 outside its scope, 2 not serious enough under it",
    "alleged_is_crime": "the narrated conduct is a crime in the requested state",
    "label_is_crime": "the cited provision has a counterpart in the requested state",
    "alleged_is_protected": "the narrated conduct is of class D",
    "label_is_protected": "the cited provision is of class D",
    "harm": "harm of the narrated conduct, 0 to 1",
    "quality": "paperwork, standard normal",
    "data_class": "0 subscriber, 1 traffic, 2 content",
    "goodwill": "chance that a state without any duty assists this requester",
    "luck": "a uniform of this request and safeguard",
    "signal": "what the reading reveals about motive: zero in legitimate files (grounds and looks only)",
    "noise": "how suspicious the file looks by accident (grounds and looks only)",
    "covers": "personal scope of the ground for this person's group (grounds only)",
    "bar": "how much suspicion this reader wants before acting (grounds and looks only)",
}


_ALL_KINDS = ("gate", "look", "ground")
_SEEN_BY: Mapping[str, tuple[str, ...]] = {
    "reach": ("gate",),
    "goodwill": ("gate",),
    "signal": ("look", "ground"),
    "noise": ("look", "ground"),
    "bar": ("look", "ground"),
    "covers": ("ground",),
}


class Safeguard(Protocol):
    """The shape of every safeguard's record."""

    @property
    def kind(self) -> Kind:
        """Gate, look or ground."""
        ...

    @property
    def order(self) -> int:
        """Place in the one global order of checks: it decides only who is named first as the reason."""
        ...

    @property
    def hours(self) -> float:
        """Officer-hours of the requested authority that applying it costs."""
        ...

    @property
    def certain(self) -> bool:
        """Law without judgement: applied by every state whenever it is in force."""
        ...


class Gate(Record):
    """Law, no judgement: scope, seriousness, dual criminality, form, goodwill."""

    kind: Literal["gate"] = "gate"
    order: int
    article: str
    hours: NonNegative
    certain: bool


class Look(Record):
    """Someone reads the file: what the reading can see, how much suspicion it takes, what it costs."""

    kind: Literal["look"] = "look"
    order: int
    article: str
    hours: NonNegative
    certain: bool
    bar: float
    delay_days: NonNegative


class Ground(Record):
    """What a look may invoke against a request."""

    kind: Literal["ground"] = "ground"
    order: int
    article: str
    hours: NonNegative
    certain: bool
    look: str
    shift: float
    covers: dict[Group, Unit]


def home_of(safeguard: object) -> ModuleType:
    """The module in which a safeguard's record, and so its rule, is written."""
    return sys.modules[type(safeguard).__module__]


def rule_of(safeguard: object) -> Callable[..., bool]:
    """The scalar function ``stands`` of a safeguard's module."""
    rule: Callable[..., bool] = home_of(safeguard).stands
    return rule


def own_numbers(safeguard: Any) -> dict[str, float]:
    """Parameters that the safeguard's own record adds to its kind's, as numbers; a choice becomes its ``numbers()`` entry."""
    if hasattr(safeguard, "numbers"):
        return {name: float(value) for name, value in safeguard.numbers().items()}
    shared = set().union(*(kind.model_fields for kind in (Gate, Look, Ground)))
    fields = type(safeguard).model_fields
    return {name: float(getattr(safeguard, name)) for name in fields if name not in shared}


def reads_of(safeguard: object) -> tuple[str, ...]:
    """Names of what the rule reads, in the order of its signature.

    Raises ``ConfigError`` if it asks for what no reader of a file can see.
    """
    names = tuple(inspect.signature(rule_of(safeguard)).parameters)
    own = own_numbers(safeguard)
    kind = getattr(safeguard, "kind", "gate")
    seen = {name for name in VISIBLE if kind in _SEEN_BY.get(name, _ALL_KINDS)}
    unknown = [name for name in names if name not in seen and name not in own]
    if unknown:
        raise ConfigError(
            f"{home_of(safeguard).__name__}.stands, a {kind}: reads {unknown[0]!r}; "
            f"accepted: its own parameters or {', '.join(sorted(seen))}"
        )
    return names


def in_order(safeguards: Mapping[str, Safeguard]) -> tuple[str, ...]:
    """Names of the safeguards in the global order of checks. Raises ``ConfigError`` for more than 63 of them."""
    if len(safeguards) > 63:
        raise ConfigError(f"safeguards: found {len(safeguards)}; accepted: at most 63, one bit each in the docket")
    return tuple(sorted(safeguards, key=lambda name: (safeguards[name].order, name)))
