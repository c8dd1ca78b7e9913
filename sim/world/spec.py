"""What a configuration says of the world: how unknown facts are drawn, who is at risk, and how much is wished for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    StrictFloat,
    StrictInt,
    model_serializer,
    model_validator,
)

from sim.arrays import Flags
from sim.world.dials import Dial
from sim.world.estimand import Estimand
from sim.world.ranges import (
    Elasticity,
    Factor,
    FactorOrNone,
    FilesOrNone,
    Inner,
    Lasting,
    LogOdds,
    NonNegative,
    PerMillion,
    PerSpread,
    Range,
    Shape,
    Slope,
    Spread,
    Unit,
    Years,
)
from sim.world.record import Record
from sim.world.vocabulary import DATA_CLASSES, GROUPS, LEAST_SUM, OWN_LAWS, DataClass, Group, OwnLaw


class Synthetic(Record):
    """A made-up world for tests and theory."""

    count: Annotated[StrictInt, Range(2, 2000)]  # ten times as many as there are; tables of pairs grow with its square
    liberal_share: Unit
    hosts: Annotated[StrictInt, Range(1, 2000)]

    @model_validator(mode="after")
    def _enough(self) -> Synthetic:
        if self.hosts > self.count:
            raise ValueError(f"hosts: found {self.hosts}; accepted: 1 to count ({self.count})")
        return self


class Alignment(Record):
    """Alignment of two states in [0, 1] from voting, alliances and blocs."""

    voting: NonNegative
    voting_scale: Factor
    alliance: NonNegative
    bloc: NonNegative


class Treaties(Record):
    """Log odds that two states have a bilateral treaty; known for the United States, drawn for all others."""

    density: LogOdds  # intercept
    contiguous: LogOdds
    alliance: LogOdds
    bloc: LogOdds
    voting: LogOdds
    size: Elasticity
    council_of_europe: bool  # the 1959 Convention binds every pair of its members


class Hosting(Record):
    """Where platform data lie, by region of origin; and which states keep their people's data at home."""

    platforms: dict[str, dict[str, Unit]]
    concentration: Annotated[StrictFloat, Range(1, 1e7)]
    factor: dict[str, FactorOrNone]  # on a host's share in every region
    home: dict[str, Unit]
    home_default: Unit


class OwnLawChance(Record):
    """Chance that a state whose law nobody has read has a safeguard by itself: ``least + by_judicial * judicial``, at most one."""

    least: Unit
    by_judicial: Unit  # per unit of judicial independence


class Transfers(Record):
    """How strong a state's own law on transfers to police abroad is, and which receivers it takes for adequate."""

    directive: dict[str, bool]  # states bound by Directive (EU) 2016/680 beside the members of the Union
    adequate: dict[str, bool]  # receivers with a decision under that directive
    adequate_by_proxy: dict[str, bool]  # receivers with one for data in general alone
    under_directive: Unit
    under_convention: Unit  # members of the Council of Europe with a law on data protection
    under_law: Unit  # other states with such a law; a draft counts half
    own: dict[str, Unit]  # states for which that would be wrong


class Powers(Record):
    """What a state's law of procedure has where no treaty obliges it: powers over stored data, and over data as they come.

    One luck for both, so that a law with the greater power has the lesser, provided its share is no larger.
    """

    compels: Unit  # share of states whose law can compel that stored data are given
    listens: Unit  # share of states whose law knows collection in real time
    intercept_median_years: Years  # maximum from which content may be intercepted
    intercept_spread: Spread  # standard deviation of its logarithm between states

    @model_validator(mode="after")
    def _nested(self) -> Powers:
        if self.listens > self.compels:
            raise ValueError(f"listens: found {self.listens}, above compels {self.compels}; accepted: at most that")
        return self


class StatesSpec(Record):
    """Where the states come from and how their unknown attributes are drawn."""

    source: Literal["real", "synthetic"]
    table: str | None
    penalty_table: str | None
    synthetic: Synthetic
    alignment: Alignment
    treaties: Treaties
    hosting: Hosting
    powers: Powers
    distant: NonNegative
    online_pct: dict[str, Annotated[StrictFloat, Range(0.01, 100)]]  # their logarithm is taken
    penalty_shrinkage: FilesOrNone
    own_law: dict[OwnLaw, OwnLawChance]
    transfers: Transfers
    correlation: Annotated[StrictFloat, Range(-1, 1)] | None  # null: as observed
    override: dict[str, Dial] = {}  # by selector; levers: they change rules from the window's first day on, and no world
    lists: dict[str, list[str]] = {}  # of states, that selectors may name

    @model_validator(mode="after")
    def _each_law(self) -> StatesSpec:
        if lacking := [law for law in OWN_LAWS if law not in self.own_law]:
            raise ValueError(f"own_law.{lacking[0]}: found nothing; accepted: a chance for each of {', '.join(OWN_LAWS)}")
        return self


class PeopleSpec(Record):
    """The cohort of people at risk."""

    rows: Annotated[StrictInt, Range(1, 50_000_000)]  # never more than there are people at risk
    per_million: dict[Group, PerMillion]
    on_top: dict[Group, bool]  # groups whose rows and wishes are added to those of the others
    visibility_spread: Spread
    expression_low: Unit
    certainty_share: Unit
    exile_base: Unit
    exile_slope: FactorOrNone
    exile_most: Unit
    exile_liberal_factor: Unit
    exile_liberal_from: Unit
    platforms_most: Annotated[StrictInt, Range(1, 3)]  # slots of a person

    @property
    def counted(self) -> Flags:
        """Groups ``[G]`` among which rows and odds of abuse are shared: all that are not on top."""
        return np.array([not self.on_top.get(group, False) for group in GROUPS])

    @property
    def groups(self) -> tuple[Group, ...]:
        """Groups of which there is anybody, in the order of the vocabulary: what tables, figures and pages speak of."""
        return tuple(group for group in GROUPS if self.per_million.get(group, 0.0) > 0)


class DirectSpec(Record):
    """Legitimate requests sent to firms abroad directly: how unlisted counts are drawn, and how all vary in time."""

    at_home: dict[str, bool]
    reference_users: Annotated[StrictFloat, Range(1000, 1e10)]
    reference_income: Annotated[StrictFloat, Range(100, 1e6)]
    reference_liberal: Unit
    level: Annotated[StrictFloat, Range(0.001, 1e9)]
    users_slope: Elasticity
    income_slope: Elasticity
    liberal_slope: Slope
    liberal_slope_spread: Spread
    spread_low: Spread
    spread_high: Spread
    most_per_million: Annotated[StrictFloat, Range(0.001, 1e6)]
    emergency_a: Annotated[StrictFloat, Range(0.1, 1000)]
    emergency_b: Annotated[StrictFloat, Range(1, 10_000)]
    answered_from: Unit
    answered: Inner
    answered_liberal_slope: Slope
    answered_volume_slope: Elasticity
    answered_weight: Shape
    emergency_answered: Inner
    emergency_liberal_slope: Slope
    emergency_weight: Shape
    firms: Annotated[StrictFloat, Range(1, 1000)]
    growth: Annotated[StrictFloat, Range(-1, 1)]
    noise: Annotated[StrictFloat, Range(0, 2)]
    persistence: Lasting
    elasticity: Annotated[StrictFloat, Range(0, 3)]
    adaptive_share: Unit
    doubt: FilesOrNone

    @model_validator(mode="after")
    def _ordered(self) -> DirectSpec:
        if self.spread_low > self.spread_high:
            raise ValueError(f"spread_low: found {self.spread_low}, above spread_high {self.spread_high}; accepted: at most that")
        return self


class DemandSpec(Record):
    """How many cases states wish for: legitimate needs and abusive wishes."""

    scale: Factor
    legitimate: Annotated[StrictFloat, Range(0, 1e7)]
    users_slope: Elasticity
    income_slope: Elasticity
    liberal_slope: Slope
    spread: Spread
    observed_from: Unit
    observed_not: dict[str, bool]
    most_per_million: Annotated[StrictFloat, Range(0.001, 1e6)]
    frailty_shape: Shape
    persistence: Lasting
    abusive_odds: FactorOrNone
    abusive_slope: PerSpread
    abusive_spread: Spread
    abusive_floor: FactorOrNone
    abusive_most: Factor
    abusive_most_per_person: FactorOrNone
    pursuit: dict[Group, NonNegative]
    same_sex_legal_factor: dict[Group, Unit]
    foreign_share: Unit
    selective_share: Unit
    not_a_crime_weight: Unit
    subject_abroad: Unit
    subject_platforms_most: Annotated[StrictInt, Range(1, 3)]  # slots of a person
    urgent_share: Unit
    false_urgent_share: Unit
    secret_share: Unit
    realtime_share: Unit
    realtime_slope: PerSpread
    realtime_most: Unit
    abusive_wants: dict[DataClass, Unit] | None
    direct: DirectSpec

    @model_validator(mode="after")
    def _something_is_wanted(self) -> DemandSpec:
        if self.abusive_wants is not None and sum(self.abusive_wants.values()) < LEAST_SUM:
            raise ValueError("abusive_wants: found nothing that is wanted; accepted: null, or a share above 0 of a class of data")
        return self


class MetricsSpec(Record):
    """Weights and chances that turn events into estimands."""

    severity: dict[DataClass, Unit]
    severity_live: FactorOrNone  # of a disclosure that goes on as live collection, whatever its class
    quantiles: Annotated[list[Inner], Field(max_length=100)]
    fewest_events: Annotated[StrictInt, Range(1, 1_000_000)]
    own: dict[str, SerializeAsAny[Estimand]] = {}  # estimands of a user's own, by name

    @model_serializer(mode="wrap")
    def _without_none(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Where nobody adds an estimand nothing is said of it: neither digests nor manifests know the key."""
        plain: dict[str, Any] = handler(self)
        return plain if self.own else {name: value for name, value in plain.items() if name != "own"}

    @model_validator(mode="after")
    def _each_class(self) -> MetricsSpec:
        if lacking := [name for name in DATA_CLASSES if name not in self.severity]:
            raise ValueError(f"severity.{lacking[0]}: found nothing; accepted: a weight for each of {', '.join(DATA_CLASSES)}")
        return self
