"""A whole configuration as one frozen record: what a study may set, checked as it is read."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, StrictFloat, StrictInt, model_validator

from sim.conduct.filing import ConductSpec
from sim.conduct.learning import Learning
from sim.review.memory import Memory
from sim.review.safeguard import Aftermath, Gate, Ground, Institution, Look
from sim.review.spec import ReviewSpec
from sim.society.exposure import Exposure
from sim.society.expression import People
from sim.society.legislatures import Legislatures
from sim.society.membership import Members
from sim.world.instruments import Instrument
from sim.world.ranges import Id, Range, Seed
from sim.world.record import Record
from sim.world.spec import DemandSpec, MetricsSpec, PeopleSpec, StatesSpec
from sim.world.vocabulary import Offence

AnySafeguard = Gate | Look | Ground | Aftermath | Institution
CAPACITY_KEYS = ("hours_median", "hours_spread", "supplement_hours", "utilisation_low", "utilisation_high", "capacity_floor")
"""Facts of the authorities in ``review``: they set capacity, and no scenario may move them."""

_OF_STUDIES = (
    *("scenarios", "baseline", "design", "luck", "until", "most_seeds", "case", "person", "reforms"),
    *("size", "store", "shard", "mix", "outcome", "analysis", "engine"),
)
_INDECISIVE = (
    "figures",
    "workers",
    "output",
    "keep_requests",
    "scenario_name",
    "seeds",
    *_OF_STUDIES,
)  # keys that change no number of a run


Names = Annotated[list[str], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]


class EngineSpec(Record):
    """Where the runs of a sweep are done."""

    name: Literal["local", "ray"]
    address: str | None = None  # of a Ray that is there already; null starts one here
    tries: Annotated[StrictInt, Field(ge=1, le=10)]  # of a run whose worker died


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


class Config(Record):
    """Everything that decides a run, but for its seeds' use; ``scenario_name`` follows from the choice and decides nothing."""

    scenario_name: str
    years: Annotated[StrictInt, Field(ge=1, le=50)]
    seeds: Annotated[StrictInt, Field(ge=1, le=10_000)]
    seed: Seed
    world_seed: Seed | None
    start: Annotated[dt.date, Field(ge=dt.date(1900, 1, 1), le=dt.date(2200, 12, 31))]
    run_in_months: Annotated[StrictInt, Field(ge=0, le=240)]
    run_out_months: Annotated[StrictInt, Field(ge=0, le=240)]
    calibration_months: Annotated[StrictInt, Field(ge=6, le=240)]
    workers: Annotated[StrictInt, Field(ge=1, le=1024)] | None
    output: str
    keep_requests: bool
    reforms: Literal["hanoi", "everywhere"]
    scenarios: Names  # "all" for every one
    baseline: str
    design: str | None
    luck: Annotated[StrictInt, Field(ge=1, le=1000)]
    until: Annotated[StrictFloat, Range(1e-6, 1)] | None  # of a difference of rates
    most_seeds: Annotated[StrictInt, Field(ge=1, le=10_000)]
    size: Annotated[StrictInt, Field(ge=1, le=1_000_000)] | None
    store: str | None
    shard: str | None
    mix: bool
    outcome: str
    analysis: dict[str, dict[str, Any]]  # settings of each analysis of a store
    engine: EngineSpec
    case: Id | None
    person: Id | None
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
    figures: dict[str, dict[str, Any]]
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
        for key in CAPACITY_KEYS:
            asked, fact = getattr(self.review, key), getattr(self.reference.review, key)
            if asked != fact:
                raise ValueError(
                    f"review.{key}: found {asked} in a scenario; accepted: {fact}, a fact of the world, or an override"
                )
        return self

    def plain(self) -> dict[str, Any]:
        """The configuration as plain values, for manifests."""
        return self.model_dump(mode="json")

    def digest(self) -> str:
        """Sixteen hexadecimal characters that change whenever anything changes that decides a result."""
        return hashlib.sha256(json.dumps(self.decisive(), sort_keys=True).encode()).hexdigest()[:16]

    def decisive(self) -> dict[str, Any]:
        """The plain values that decide a result."""
        return {key: value for key, value in self.plain().items() if key not in _INDECISIVE}

    def world_digest(self) -> str:
        """The same for what decides a world's facts and capacities, so that scenarios can share worlds."""
        parts = ("data", "states", "people", "demand", "offences", "reference", "calibration_months")
        decisive = {k: v for k, v in self.plain().items() if k in parts}
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def policy(self) -> Policy:
        """The scenario's own part."""
        return Policy(**{part: getattr(self, part) for part in Policy.model_fields})

    @property
    def months(self) -> int:
        """Run-in, window and run-out."""
        return self.run_in_months + 12 * self.years + self.run_out_months
