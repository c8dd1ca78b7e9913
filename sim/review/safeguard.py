"""What every safeguard says of itself, by kind; one short file and one YAML make a safeguard.

The module of a safeguard holds a frozen record (its parameters, with article and cost), scalar functions (its *hooks*) and
``MOVES``: the estimands that it can move while nobody adapts. The hook of most is ``stands``: *is the ground there, and is it
seen?* What follows from it, ``absent``, ``may`` or ``must``, is the text of the instrument. A hook takes, by name, what it
reads: numbers of its own record, or what a reader of the file can see (``VISIBLE``). Neither ``abusive`` nor ``conduct`` is
among them.

=============  ==================  =========================================================================================
hook           of                  says
=============  ==================  =========================================================================================
``stands``     gate, look, ground  whether it stands against the request
``acuity``     look                what this reader can see, relative to a perfect one
``allows``     look, ground        the most intrusive data class that may still be given (default: what is asked for)
``delays``     look                days that the reading takes (default: ``delay_days``)
``tells``      look                whether the person learns of the request before data are given
``conditions`` ground              whether data go on a condition alone, after ``delay_days`` of its own
``softens``    aftermath, ground   factor on the chance that data are used beyond the case; of a ground where its condition was set
``publishes``  aftermath           whether the requested state counts the request in public
=============  ==================  =========================================================================================

Institutions have no hook: they act on states and on the law in force, not on files (``sim.review.institutions``).
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any, Literal, Protocol

from sim.world.ranges import Bar, Days, Hours, Order, Unit
from sim.world.record import ConfigError, Record
from sim.world.vocabulary import Group

SafeguardKind = Literal["gate", "look", "ground", "aftermath", "institution"]
OwnForce = Literal["may", "must", "kept"]
"""What a state's own law says of a safeguard, whatever the text: as a text would, or kept with the state's fidelity alone."""
OWN_FORCES: tuple[OwnForce, ...] = ("may", "must", "kept")

VISIBLE: Mapping[str, str] = {
    "reach": "0 within the instrument, 1 outside its scope, 2 not serious enough under it",
    "alleged_is_crime": "the narrated conduct is a crime in the requested state, by itself or by its law on the label",
    "label_is_crime": "the cited provision has a counterpart in the requested state",
    "alleged_is_protected": "the narrated conduct is of class D",
    "label_is_protected": "the cited provision is of class D",
    "alleged_is_exempt": "the cited provision reaches the narrated conduct with dishonest intent alone (Arts 7(2), 11(2))",
    "harm": "harm of the narrated conduct, 0 to 1",
    "quality": "paperwork, standard normal",
    "data_class": "0 subscriber, 1 traffic, 2 content: the most intrusive that is still asked for",
    "secret": "the requester asks that nobody be told (Art 40(20))",
    "goodwill": "chance that a state without any duty assists this requester",
    "luck": "a uniform of this request and safeguard",
    "signal": "what the reading reveals about motive: zero in legitimate files (grounds and looks only)",
    "noise": "how suspicious the file looks by accident (grounds and looks only)",
    "covers": "personal scope of the ground for this person's group (grounds only)",
    "role": "how plainly the person's role shows: zero where there is none (grounds only)",
    "record": "the requester's published standing towards people at risk: standard deviations, zero the mean (grounds only)",
    "gap": "what the requested state's law on transfers wants beyond the requester's own protection, 0 to 1 (grounds only)",
    "dp_answer": "a uniform of this case and requested state: its answer on transfers (grounds only)",
    "bar": "how much suspicion this reader wants before acting (grounds and looks only)",
    "independence": "judicial independence of the requested state, 0 to 1 (looks only)",
    "wait": "days from the last decision to execution (looks only)",
    "kept": "the receiving state keeps the rule in this case (aftermath only)",
}
SEES: Mapping[str, str] = {
    "skill": "of the requested state's authority, 0 to 1",
    "judicial": "independence of its courts, 0 to 1",
    "size": "its firms' share of hosted data against the largest jurisdiction's, 0 to 1",
    "effort": "attention that the load leaves, 0 to 1",
}
"""What an ``acuity`` may take besides its own numbers."""


_ALL_KINDS = ("gate", "look", "ground", "aftermath")
_SEEN_BY: Mapping[str, tuple[str, ...]] = {
    "reach": ("gate",),
    "goodwill": ("gate",),
    "signal": ("look", "ground"),
    "noise": ("look", "ground"),
    "bar": ("look", "ground"),
    "covers": ("ground",),
    "role": ("ground",),
    "record": ("ground",),
    "gap": ("ground",),
    "dp_answer": ("ground",),
    "independence": ("look",),
    "wait": ("look",),
    "kept": ("aftermath",),
}
EVERYTHING: frozenset[str] | None = None
"""``MOVES`` of a safeguard that can change who is disclosed, and so any estimand."""


class Safeguard(Protocol):
    """The shape of every safeguard's record."""

    @property
    def kind(self) -> SafeguardKind:
        """Gate, look, ground, aftermath or institution."""
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
    order: Order
    article: str
    hours: Hours
    certain: bool
    own_law: OwnForce | None = None  # the force where a state's own law has it, whatever the text; null: no law


class Look(Record):
    """Someone reads the file: what the reading can see, how much suspicion it takes, what it costs."""

    kind: Literal["look"] = "look"
    order: Order
    article: str
    hours: Hours
    certain: bool
    own_law: OwnForce | None = None  # the force where a state's own law has it, whatever the text; null: no law
    bar: Bar
    delay_days: Days


class Ground(Record):
    """What a look may invoke against a request."""

    kind: Literal["ground"] = "ground"
    order: Order
    article: str
    hours: Hours
    certain: bool
    own_law: OwnForce | None = None  # the force where a state's own law has it, whatever the text; null: no law
    look: str
    shift: Bar
    covers: dict[Group, Unit]
    habit: str | None  # the safeguard whose lasting habit and luck it shares: the same list, made longer; null for its own


class Aftermath(Record):
    """What follows disclosure: use beyond the case, onward transfer, public statistics."""

    kind: Literal["aftermath"] = "aftermath"
    order: Order
    article: str
    hours: Hours
    certain: bool
    habit: str | None  # as of a ground


class Institution(Record):
    """What acts on states and on the law in force: suspension, training."""

    kind: Literal["institution"] = "institution"
    order: Order
    article: str
    hours: Hours
    certain: bool


_OF_A_KIND = frozenset[str]().union(*(kind.model_fields for kind in (Gate, Look, Ground, Aftermath, Institution)))
"""Fields that safeguards of a kind share."""


def home_of(safeguard: object) -> ModuleType:
    """The module in which a safeguard's record, and so its rule, is written."""
    return sys.modules[type(safeguard).__module__]


def hook_of(safeguard: object, hook: str) -> Callable[..., Any] | None:
    """A scalar function of a safeguard's module; None if it has none of that name."""
    return getattr(home_of(safeguard), hook, None)


def moves_of(safeguard: object) -> frozenset[str] | None:
    """Estimands that a safeguard can move while nobody adapts; None stands for all."""
    moved: frozenset[str] | None = home_of(safeguard).MOVES
    return moved


def habit_of(name: str, safeguard: object) -> str:
    """The name under which a safeguard's lasting habit and luck are drawn."""
    return getattr(safeguard, "habit", None) or name


def own_numbers(safeguard: Any) -> dict[str, float]:
    """Parameters that the safeguard's own record adds to its kind's, as numbers; a choice becomes its ``numbers()`` entry."""
    if hasattr(safeguard, "numbers"):
        return {name: float(value) for name, value in safeguard.numbers().items()}
    fields = type(safeguard).model_fields
    return {name: float(getattr(safeguard, name)) for name in fields if name not in _OF_A_KIND}


def reads_of(safeguard: object, hook: str = "stands") -> tuple[str, ...]:
    """Names of what a hook reads, in the order of its signature.

    Raises ``ConfigError`` for a safeguard without that hook, and if it asks for what no reader of a file can see.
    """
    function = hook_of(safeguard, hook)
    home = home_of(safeguard).__name__
    if function is None:
        raise ConfigError(f"{home}: found no function {hook!r}; accepted: every safeguard of its kind has one")
    names = _parameters(function)
    own = own_numbers(safeguard)
    kind = getattr(safeguard, "kind", "gate")
    seen = set(SEES) if hook == "acuity" else {name for name in VISIBLE if kind in _SEEN_BY.get(name, _ALL_KINDS)}
    if kind == "look" and hook != "acuity":
        seen.add("delay_days")
    unknown = [name for name in names if name not in seen and name not in own]
    if unknown:
        raise ConfigError(
            f"{home}.{hook}, a {kind}: reads {unknown[0]!r}; accepted: its own parameters or {', '.join(sorted(seen))}"
        )
    return names


@cache
def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """Names of a function's parameters; each is asked for some twenty times in a run, and telling them takes long."""
    return tuple(inspect.signature(function).parameters)


def weighs(safeguard: object) -> bool:
    """Whether a refusal is one of substance: a ground or a look that weighs the file, and may err in it.

    What a state's law says of the receiver, or a rule of reading of a label, holds whatever is in the file, like a gate.
    """
    return getattr(safeguard, "kind", "gate") in ("ground", "look") and "noise" in reads_of(safeguard)


def in_check_order(safeguards: Mapping[str, Safeguard]) -> tuple[str, ...]:
    """Names of the safeguards in the global order of checks. Raises ``ConfigError`` for more than 63 of them."""
    if len(safeguards) > 63:
        raise ConfigError(f"safeguards: found {len(safeguards)}; accepted: at most 63, one bit each in the docket")
    return tuple(sorted(safeguards, key=lambda name: (safeguards[name].order, name)))
