"""What decides a run as one frozen record, checked as it is read."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from math import exp
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializeAsAny,
    StrictInt,
    model_validator,
)

from sim.conduct.learning import Learning
from sim.conduct.menus import ConductSpec
from sim.naming import Naming, first_stranger, geography, of_dials, of_legislatures, of_offences, of_safeguards, of_states, of_texts
from sim.review.memory import Memory
from sim.review.safeguard import Aftermath, Gate, Ground, Institution, Look
from sim.review.spec import ReviewSpec
from sim.society.exposure import Exposure
from sim.society.expression import People
from sim.society.legislatures import Legislatures
from sim.society.membership import Members
from sim.world.dials import Dials
from sim.world.instruments import Instrument
from sim.world.ranges import Seed
from sim.world.record import Record
from sim.world.spec import DemandSpec, MetricsSpec, PeopleSpec, StatesSpec
from sim.world.vocabulary import MONTHS_PER_YEAR, Offence

AnySafeguard = Gate | Look | Ground | Aftermath | Institution
CAPACITY_KEYS = ("hours_median", "hours_spread", "supplement_hours", "utilisation_low", "utilisation_high", "capacity_floor")
"""Facts of the authorities in ``review``: they set capacity, and no scenario may move them."""

MOST_NEEDS = 5e7  # in a run: with what else belongs to a case about ten gigabytes
MOST_ASKED = 1e7  # direct requests a year per million users: ten of each; counts of more take hours to draw
OF_DIALS = ("override", "lists")
"""Keys of ``states`` that are levers: they decide no world."""
_NAMES = "scenario_name"  # follows from what was chosen, and decides nothing
_BEFORE = "reforms"  # decides what holds before the window, where other texts than the treaty were changed


class Adaptation(Record):
    """Who learns from what happens, and how; each mechanism has a switch of its own."""

    requesters: Learning
    exposure: Exposure
    people: People
    reviewers: Memory
    members: Members
    legislatures: Legislatures

    @property
    def amends(self) -> bool:
        """Whether the law itself may change within the window: who is bound, what is punished, what a text adds."""
        return self.members.moves or self.legislatures.acts

    @property
    def anyone(self) -> bool:
        """Whether anybody adapts at all."""
        return self.requesters.learns or self.requesters.attempts > 1 or self.in_public or self.amends

    @property
    def in_public(self) -> bool:
        """Whether anybody acts on what comes to light."""
        return self.people.adapts or self.reviewers.remembers


class Policy(Record):
    """What decides how requests are made and answered: the texts, the safeguards, the practice, the conduct."""

    instruments: dict[str, Instrument]
    safeguards: dict[str, SerializeAsAny[AnySafeguard]]
    review: ReviewSpec
    conduct: ConductSpec
    adaptation: Adaptation
    dials: Dials = Dials()

    @property
    def before_dials(self) -> Policy:
        """The same as it holds before the window: dials are levers, and each state has its own law and its own care."""
        review = self.review.model_copy(update={"strength": None, "acuity": 1.0})
        return self.model_copy(update={"dials": Dials(), "review": review})


class Config(Record):
    """Everything that decides a run, but for its seeds' use; ``scenario_name`` follows from the choice and decides nothing."""

    scenario_name: str
    years: Annotated[StrictInt, Field(ge=1, le=50)]
    seed: Seed
    world_seed: Seed | None
    start: Annotated[dt.date, Field(ge=dt.date(1900, 1, 1), le=dt.date(2200, 12, 31))]
    run_in_months: Annotated[StrictInt, Field(ge=0, le=240)]
    run_out_months: Annotated[StrictInt, Field(ge=0, le=240)]
    calibration_months: Annotated[StrictInt, Field(ge=6, le=240)]
    reforms: Literal["hanoi", "everywhere"]
    states: StatesSpec
    people: PeopleSpec
    demand: DemandSpec
    offences: dict[str, Offence]
    instruments: dict[str, Instrument]
    safeguards: dict[str, SerializeAsAny[AnySafeguard]]
    review: ReviewSpec
    conduct: ConductSpec
    adaptation: Adaptation
    metrics: MetricsSpec
    data: dict[str, str]  # checksum of every table that is read; empty for a made-up world
    reference: Policy  # as adopted, whatever the scenario: it sets every authority's capacity

    @model_validator(mode="after")
    def _attempts(self) -> Config:
        if self.review.utilisation_low > self.review.utilisation_high:
            raise ValueError(
                f"review.utilisation_low: found {self.review.utilisation_low}, above utilisation_high "
                f"{self.review.utilisation_high}; accepted: at most that"
            )
        for text, instrument in self.instruments.items():
            for name, force in instrument.safeguards.items():
                if force == "may" and name in self.safeguards and self.safeguards[name].certain:
                    raise ValueError(
                        f"instruments.{text}.safeguards.{name}: found 'may'; accepted: absent or must, every state applies it alike"
                    )
        if strange := first_stranger(self._namings()):
            raise ValueError(strange)
        if getattr(self.review, "capacity", "before") == "follows":
            for selector, dial in self.states.override.items():
                if dial.hours is not None:
                    raise ValueError(
                        f"states.override.{selector}.hours: found {dial.hours} under review.capacity=follows, where hours "
                        "follow the load; accepted: another review.capacity"
                    )
        if too_much := self._too_much():
            raise ValueError(too_much)
        for key in CAPACITY_KEYS:
            asked, fact = getattr(self.review, key), getattr(self.reference.review, key)
            if asked != fact:
                raise ValueError(
                    f"review.{key}: found {asked} in a scenario; accepted: {fact}, a fact of the world, or an override"
                )
        return self

    def _namings(self) -> Iterator[Naming]:
        """Every place where something is named that stands elsewhere."""
        where = geography(self.states)
        yield from of_safeguards(self.safeguards, self.reference.safeguards)
        yield from of_texts(self.instruments, self.safeguards, self.offences, where)
        yield from of_offences(self.offences)
        yield from of_legislatures(self.adaptation.legislatures, self.offences)
        yield from of_states(self.states, self.demand, self.adaptation.members.ratified, where)
        yield from of_dials(self.states, self.offences, where)
        texts = [name for name, text in {**self.reference.instruments, **self.instruments}.items() if not text.from_start]
        accepted = f"a text that is not in force from the start ({', '.join(texts)})"
        yield Naming("adaptation.members.text", [self.adaptation.members.text], texts, "found {}", accepted)

    def _too_much(self) -> str | None:
        """What no machine would hold, or no run end with, though each number by itself is possible."""
        demand, direct, years = self.demand, self.demand.direct, self.months / MONTHS_PER_YEAR
        needs = demand.scale * demand.legitimate * max(self.months, self.calibration_months)
        if needs > MOST_NEEDS:
            return f"demand.legitimate: found {needs:.3g} in all years, with demand.scale; accepted: at most {MOST_NEEDS:.0e}"
        asked = demand.scale * direct.firms * direct.most_per_million * exp(max(direct.growth, 0.0) * years)
        if asked > MOST_ASKED:
            return (
                f"demand.direct.most_per_million: found {asked:.3g} in the last year, with demand.scale, firms and growth; "
                f"accepted: at most {MOST_ASKED:.0e}"
            )
        return None

    def plain(self) -> dict[str, Any]:
        """The configuration as plain values, for manifests."""
        return self.model_dump(mode="json")

    def digest(self) -> str:
        """Sixteen hexadecimal characters that change whenever anything changes that decides a result."""
        return hashlib.sha256(json.dumps(self.decisive(), sort_keys=True).encode()).hexdigest()[:16]

    def decisive(self) -> dict[str, Any]:
        """The plain values that decide a result.

        ``reforms`` is among them where it decides one: under ``everywhere`` the texts as adopted hold before the window, and
        there must be another text to hold within it.
        """
        idle = {_NAMES} if self.reforms_later else {_NAMES, _BEFORE}
        return {key: value for key, value in self.plain().items() if key not in idle}

    @property
    def reforms_later(self) -> bool:
        """Whether the texts as adopted hold before the window, and others within it."""
        return self.reforms == "everywhere" and self.instruments != self.reference.instruments

    def world_digest(self) -> str:
        """The same for what decides a world's facts and capacities, so that scenarios can share worlds."""
        parts = ("data", "states", "people", "demand", "offences", "reference", "calibration_months")
        decisive = {k: v for k, v in self.plain().items() if k in parts}
        decisive["states"] = {k: v for k, v in decisive["states"].items() if k not in OF_DIALS}
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def dials(self) -> Dials:
        """What states are given in place of their own: a part of the scenario, though it stands beside the states."""
        return Dials(override=self.states.override, lists=self.states.lists)

    @property
    def policy(self) -> Policy:
        """The scenario's own part."""
        return Policy(**{part: getattr(self, part) for part in Policy.model_fields})

    @property
    def months(self) -> int:
        """Run-in, window and run-out."""
        return self.run_in_months + 12 * self.years + self.run_out_months
