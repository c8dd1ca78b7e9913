"""What a configuration says of the world: how unknown facts are drawn, who is at risk, and how much is wished for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sim.world.record import Record
from sim.world.vocabulary import DataClass, Group, NonNegative, Positive, Unit

Percent = Annotated[float, Field(ge=0.0, le=100.0)]
Fraction = Annotated[float, Field(gt=0.0, lt=1.0)]


class Synthetic(Record):
    """A made-up world for tests and theory."""

    count: int
    liberal_share: Unit
    hosts: int

    @model_validator(mode="after")
    def _enough(self) -> Synthetic:
        if not 2 <= self.count <= 2000:
            raise ValueError(f"count: found {self.count}; accepted: 2 to 2000 states")
        if not 1 <= self.hosts <= self.count:
            raise ValueError(f"hosts: found {self.hosts}; accepted: 1 to count")
        return self


class Alignment(Record):
    """Alignment of two states in [0, 1] from voting, alliances and blocs."""

    voting: NonNegative
    voting_scale: Positive
    alliance: NonNegative
    bloc: NonNegative


class Treaties(Record):
    """Log odds that two states have a bilateral treaty; known for the United States, drawn for all others."""

    density: float  # intercept
    contiguous: float
    alliance: float
    bloc: float
    voting: float
    size: float
    council_of_europe: bool  # the 1959 Convention binds every pair of its members


class Hosting(Record):
    """Where platform data lie, by region of origin; and which states keep their people's data at home."""

    platforms: dict[str, dict[str, Unit]]
    concentration: Positive
    factor: dict[str, NonNegative]  # on a host's share in every region
    home: dict[str, Unit]
    home_default: Unit


class StatesSpec(Record):
    """Where the states come from and how their unknown attributes are drawn."""

    source: Literal["real", "synthetic"]
    table: str | None
    penalty_table: str | None
    synthetic: Synthetic
    alignment: Alignment
    treaties: Treaties
    hosting: Hosting
    distant: NonNegative
    online_pct: dict[str, Percent]
    penalty_shrinkage: NonNegative
    correlation: float | None

    @model_validator(mode="after")
    def _possible(self) -> StatesSpec:
        if self.correlation is not None and not -1 <= self.correlation <= 1:
            raise ValueError(f"correlation: found {self.correlation}; accepted: null (as observed) or -1 to 1")
        return self


class PeopleSpec(Record):
    """The cohort of people at risk."""

    rows: int
    per_million: dict[Group, NonNegative]
    visibility_spread: NonNegative
    expression_low: Unit
    certainty_share: Unit
    exile_base: Unit
    exile_slope: NonNegative
    exile_most: Unit
    exile_liberal_factor: Unit
    exile_liberal_from: Unit
    platforms_most: Literal[1, 2, 3]

    @model_validator(mode="after")
    def _enough(self) -> PeopleSpec:
        if not 1 <= self.rows <= 50_000_000:
            raise ValueError(f"rows: found {self.rows}; accepted: 1 to 50000000")
        return self


class DirectSpec(Record):
    """Legitimate requests sent to firms abroad directly: how unlisted counts are drawn, and how all vary in time."""

    at_home: dict[str, bool]
    reference_users: Positive
    reference_income: Positive
    reference_liberal: Unit
    level: Positive
    users_slope: float
    income_slope: float
    liberal_slope: float
    liberal_slope_spread: NonNegative
    spread_low: NonNegative
    spread_high: NonNegative
    most_per_million: Positive
    emergency_a: Positive
    emergency_b: Positive
    answered_from: Unit
    answered: Fraction
    answered_liberal_slope: float
    answered_volume_slope: float
    answered_weight: Positive
    emergency_answered: Fraction
    emergency_liberal_slope: float
    emergency_weight: Positive
    firms: Annotated[float, Field(ge=1.0)]
    growth: float
    noise: NonNegative

    @model_validator(mode="after")
    def _ordered(self) -> DirectSpec:
        if self.spread_low > self.spread_high:
            raise ValueError(f"spread_low: found {self.spread_low}, above spread_high {self.spread_high}; accepted: at most that")
        return self


class DemandSpec(Record):
    """How many cases states wish for: legitimate needs and abusive wishes."""

    scale: Positive
    legitimate: NonNegative
    users_slope: float
    income_slope: float
    liberal_slope: float
    spread: NonNegative
    observed_from: Unit
    observed_not: dict[str, bool]
    most_per_million: Positive
    frailty_shape: Positive
    abusive_odds: NonNegative
    abusive_slope: float
    abusive_spread: NonNegative
    abusive_floor: NonNegative
    abusive_most: Positive
    abusive_most_per_person: NonNegative
    pursuit: dict[Group, NonNegative]
    same_sex_legal_factor: Unit
    foreign_share: Unit
    selective_share: Unit
    not_a_crime_weight: Unit
    subject_abroad: Unit
    subject_platforms_most: Literal[1, 2, 3]
    urgent_share: Unit
    false_urgent_share: Unit
    secret_share: Unit
    abusive_wants: dict[DataClass, Unit] | None
    direct: DirectSpec


class MetricsSpec(Record):
    """Weights and chances that turn events into estimands."""

    severity: dict[DataClass, Unit]
    quantiles: list[Annotated[float, Field(gt=0, lt=1)]]
    fewest_events: Annotated[int, Field(ge=1)]
