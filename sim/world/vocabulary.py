"""The names behind the axes: offences ``K``, groups ``G``, data classes, kinds, channels, statuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from sim.arrays import Keys
from sim.draws import name_keys
from sim.world.ranges import NonNegative, Spread, Unit, Years
from sim.world.record import ConfigError, Record

Group = Literal["journalist", "dissident", "lgbtq", "researcher", "minority", "woman", "lawyer", "whistleblower"]
"""Whom abusive requests pursue. A further group stands here and in ``GROUP_NAMES``; its tables stand in ``configs/``.

A *woman* is one who is pursued for gender-based expression: what she says, shows or wears online against rules for women alone.
"""
DataClass = Literal["subscriber", "traffic", "content"]
Force = Literal["absent", "may", "must"]
OwnLaw = Literal["judge", "person"]
Regime = Literal["closed_autocracy", "electoral_autocracy", "electoral_democracy", "liberal_democracy"]
OffenceClass = Literal["A", "B", "C", "D"]

GROUPS: tuple[Group, ...] = get_args(Group)
DATA_CLASSES: tuple[DataClass, ...] = ("subscriber", "traffic", "content")  # in order of intrusion
KINDS = ("honest", "recharacterised", "fabricated")
CHANNELS = ("formal", "emergency", "preservation", "police", "spontaneous", "direct")
"""By the paragraphs, ordinary or urgent; side doors: preservation (42), police (47), unasked (40(4)), the firm itself."""
OFFENCE_CLASSES: tuple[OffenceClass, ...] = (
    "A",
    "B",
    "C",
    "D",
)  # cyber-dependent, other Convention offence, other serious crime, protected conduct
OF_THE_CONVENTION: tuple[OffenceClass, ...] = ("A", "B")
"""Classes of the offences that the Convention itself names (Arts 7-17)."""
REGIMES = ("closed_autocracy", "electoral_autocracy", "electoral_democracy", "liberal_democracy")  # V-Dem v2x_regime
FORCES = ("absent", "may", "must")
OWN_LAWS: tuple[OwnLaw, ...] = ("judge", "person")
"""Safeguards that a state's own law has or lacks, as a table says or a draw; on transfers see ``StateTable.transfer_law``."""
STATUSES = (
    "pending",
    "parked",
    "executed",
    "executed_in_part",
    "executed_empty",
    "refused",
    "withdrawn",
    "lapsed",
    "diverted",
    "suspended",
)
CASE_STATUSES = ("domestic", "not_live", "deterred", "open", "disclosed", "ended")

PENDING, PARKED, EXECUTED, IN_PART, EMPTY, REFUSED, WITHDRAWN, LAPSED, DIVERTED, SUSPENDED = range(len(STATUSES))
DOMESTIC, NOT_LIVE, DETERRED, OPEN, DISCLOSED, ENDED = range(len(CASE_STATUSES))
HONEST, RECHARACTERISED, FABRICATED = range(len(KINDS))
FORMAL, EMERGENCY, PRESERVATION, POLICE, SPONTANEOUS, DIRECT = range(len(CHANNELS))
FIRST_SIDE_DOOR = PRESERVATION  # channels before it are formal requests, which gates, desk and queue treat
SUBSCRIBER, TRAFFIC, CONTENT = range(len(DATA_CLASSES))
TOLD = ("never", "after", "before")  # disclosure
MISUSED = ("no", "own_use", "onward", "both")
NEVER_TOLD, TOLD_AFTER, TOLD_BEFORE = range(len(TOLD))
SECOND_READINGS = ("none", "confirmed", "not_confirmed")
NOT_READ_AGAIN, CONFIRMED, NOT_CONFIRMED = range(len(SECOND_READINGS))
EVASIONS = ("none", "moved", "moves_if_told", "nothing_usable")
HAS_MOVED, MOVES_IF_TOLD, NOTHING_USABLE = range(1, len(EVASIONS))
DAYS_PER_MONTH = 30.4375  # Gregorian mean; model description, "Time"
MONTHS_PER_YEAR = 12
DAYS_PER_YEAR = 365.25  # Julian
FOLLOW_UP_MONTHS = 24  # from the day of the wish, for abusive cases and needs alike: the definition of estimands by case


class GroupName(NamedTuple):
    """What a group of people is called."""

    one: str  # of its people, without an article
    several: str  # in a sentence
    short: str  # in a figure
    article: Literal["a", "an"] = "a"


GROUP_NAMES: Mapping[Group, GroupName] = MappingProxyType(
    {
        "journalist": GroupName("journalist", "journalists", "journalists"),
        "dissident": GroupName("dissident", "dissidents", "dissidents"),
        "lgbtq": GroupName("LGBTQ person", "LGBTQ people", "LGBTQ people", "an"),
        "researcher": GroupName("security researcher", "security researchers", "security researchers"),
        "minority": GroupName("member of a minority", "members of minorities", "minorities"),
        "woman": GroupName("woman pursued for gender-based expression", "women (gender-based expression)", "women"),
        "lawyer": GroupName("lawyer", "lawyers", "lawyers"),
        "whistleblower": GroupName("whistleblower", "whistleblowers", "whistleblowers"),
    }
)

Side = Literal["autocracy", "democracy"]
SIDES: tuple[Side, ...] = ("autocracy", "democracy")
DEMOCRATIC_FROM = 2  # regime code of an electoral democracy
LEAST_SUM = 1e-9  # of weights that are shared out: under it a share is a quotient of roundings


class Penalties(Record):
    """How an unknown maximum penalty is drawn: whether the conduct is a crime at all, and for how many years."""

    crime_share: dict[Side, Unit]
    median_years: Years
    spread: Spread  # standard deviation of the logarithm

    @model_validator(mode="after")
    def _both(self) -> Penalties:
        if lacking := [side for side in SIDES if side not in self.crime_share]:
            raise ValueError(f"crime_share.{lacking[0]}: found nothing; accepted: a share for each of {', '.join(SIDES)}")
        return self


class Offence(Record):
    """One conduct as law describes it (treaty.md section 5; classes as in the Convention's scope)."""

    offence_class: OffenceClass
    article: str | None
    harm: Unit
    grave: bool
    demand_share: NonNegative  # of legitimate cross-border needs; zero for class D
    wants: dict[DataClass, Unit]
    penalties: Penalties
    against: dict[Group, NonNegative] = {}
    pretext: NonNegative = 0.0
    plausible: dict[Group, Unit] = {}
    broader: dict[str, NonNegative] = {}
    exempt_from: dict[str, bool] = {}  # of class D: offences that reach it only with dishonest intent (Arts 7(2), 11(2))
    breadth: dict[Side, Unit] = {}  # of the Convention's own: share of states whose law covers a given protected conduct

    @model_validator(mode="after")
    def _possible(self) -> Offence:
        if self.breadth and self.offence_class not in OF_THE_CONVENTION:
            raise ValueError(f"breadth: found for class {self.offence_class}; accepted: for the Convention's own, classes A and B")
        if self.exempt_from and self.offence_class != "D":
            raise ValueError(f"exempt_from: found for class {self.offence_class}; accepted: for protected conduct, class D")
        if self.offence_class == "D" and self.demand_share > 0:
            raise ValueError(f"demand_share: found {self.demand_share}; class D is protected conduct, accepted: 0")
        if sum(self.wants.values()) < LEAST_SUM:
            raise ValueError("wants: found nothing that is wanted; accepted: a share above 0 of a class of data")
        return self


class Offences(NamedTuple):
    """Offences as arrays over ``[K]`` (and groups ``[K, G]``, labels ``[K, K]``)."""

    names: tuple[str, ...]
    keys: Keys
    offence_class: NDArray[np.int64]
    protected: NDArray[np.bool_]
    harm: NDArray[np.float64]
    grave: NDArray[np.bool_]
    demand_share: NDArray[np.float64]
    wants: NDArray[np.float64]
    against: NDArray[np.float64]
    pretext: NDArray[np.float64]
    plausible: NDArray[np.float64]
    broader: NDArray[np.float64]
    exempt_from: NDArray[np.bool_]  # by conduct and label
    breadth: NDArray[np.float64]  # [K, 2] by label and side of regime


def offences_of(blocks: Mapping[str, Offence]) -> Offences:
    """The offences' arrays, in the order of their names' classes and then their names.

    Raises ``ConfigError`` for a label that is no offence, and where class D carries legitimate demand.
    """
    names = tuple(sorted(blocks, key=lambda name: (blocks[name].offence_class, name)))
    listed = [blocks[name] for name in names]
    _refuse_impossible(names, listed)
    share = np.array([block.demand_share for block in listed])
    wants = _by_name(listed, lambda block: block.wants, DATA_CLASSES)
    return Offences(
        names=names,
        keys=name_keys(names),
        offence_class=np.array([OFFENCE_CLASSES.index(block.offence_class) for block in listed]),
        protected=np.array([block.offence_class == "D" for block in listed]),
        harm=np.array([block.harm for block in listed]),
        grave=np.array([block.grave for block in listed]),
        demand_share=share / share.sum(),
        wants=wants / wants.sum(axis=1, keepdims=True),
        against=_by_name(listed, lambda block: block.against, GROUPS),
        pretext=np.array([block.pretext for block in listed]),
        plausible=_by_name(listed, lambda block: block.plausible, GROUPS),
        broader=_by_name(listed, lambda block: block.broader, names),
        exempt_from=_by_name(listed, lambda block: block.exempt_from, names) > 0,
        breadth=_by_name(listed, lambda block: block.breadth, SIDES),
    )


def _refuse_impossible(names: Sequence[str], listed: Sequence[Offence]) -> None:
    # Raises ConfigError for a label that is no offence, and for legitimate demand in class D or nowhere
    for name, block in zip(names, listed, strict=True):
        for key, labels in (("broader", block.broader), ("exempt_from", block.exempt_from)):
            if unknown := sorted(set(labels) - set(names)):
                raise ConfigError(f"offences.{name}.{key}: no offence is named {unknown[0]!r}; accepted: {', '.join(names)}")
        if block.offence_class == "D" and block.demand_share > 0:
            raise ConfigError(
                f"offences.{name}.demand_share: found {block.demand_share}; class D is protected conduct, accepted: 0"
            )
    if sum(block.demand_share for block in listed) <= 0:
        raise ConfigError("offences: found no legitimate demand; accepted: a positive demand_share for at least one offence")


def _by_name[Name: str](
    listed: Sequence[Offence], said: Callable[[Offence], Mapping[Name, float]], names: Sequence[Name]
) -> NDArray[np.float64]:
    # What each offence says of each name, [K, names]; 0 where it says nothing
    return np.array([[said(block).get(name, 0.0) for name in names] for block in listed])
