"""What decides a run as one frozen record, checked as it is read."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from math import exp
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    StrictBool,
    StrictInt,
    model_serializer,
    model_validator,
)

from sim.conduct.learning import Learning
from sim.conduct.menus import ConductSpec
from sim.errors import meant
from sim.naming import (
    Naming,
    first_stranger,
    geography,
    of_dials,
    of_legislatures,
    of_offences,
    of_review,
    of_safeguards,
    of_shocks,
    of_states,
    of_texts,
)
from sim.posterior import posterior_digest
from sim.register import drawable, priors_digest
from sim.review.memory import Memory
from sim.review.safeguard import Aftermath, Gate, Ground, Institution, Look
from sim.review.spec import ReviewSpec
from sim.roles import LEVER, role_of
from sim.society.exposure import Exposure
from sim.society.expression import People
from sim.society.legislatures import Legislatures
from sim.society.membership import Members
from sim.world.dials import Dials
from sim.world.instruments import Instrument, instrument_names
from sim.world.leaves import leaves_of
from sim.world.ranges import Seed
from sim.world.record import ConfigError, Record, quoted
from sim.world.shocks import BINDS, Shock, Upheaval, blows_in, merged, months_of_change, refuse_unknown
from sim.world.spec import DemandSpec, MetricsSpec, PeopleSpec, StatesSpec
from sim.world.vocabulary import MONTHS_PER_YEAR, Offence

AnySafeguard = Gate | Look | Ground | Aftermath | Institution
MOST_NEEDS = 5e7  # in a run: with what else belongs to a case about ten gigabytes
MOST_ASKED = 1e7  # direct requests a year per million users: ten of each; counts of more take hours to draw
OF_DIALS = ("override", "lists")
"""Keys of ``states`` that are levers: they decide no world."""
_NAMES = "scenario_name"  # follows from what was chosen, and decides nothing
_PARAMETERS, _SHOCK = "parameters", "shock"  # said where a world draws its numbers or something changes, and nowhere else
_WRITTEN = "reforms"  # where a scenario's changes were written: what came of it stands in the texts, and decides nothing more


_BARE = ("data", "states", "people", "demand", "offences")


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


def _by_dotted_key(said: object) -> object:
    return leaves_of(said) if isinstance(said, Mapping) else said


class Parameters(Record):
    """Whether the numbers of the configuration are taken as they are, or each world draws those of which a prior is known.

    ``posterior``: those of which published figures speak are drawn from the shipped posterior (``sim.posterior``), together.

    ``apart`` (``except`` in a file) are keys that are not drawn, each with all below it; false draws one after all.
    """

    draw: Literal["default", "prior", "posterior"] = "default"
    apart: Annotated[dict[str, StrictBool], BeforeValidator(_by_dotted_key)] = Field(default={}, alias="except")

    @model_validator(mode="after")
    def _known(self) -> Parameters:
        if self.apart:
            known = {".".join(key.split(".")[:depth]) for key in drawable() for depth in range(1, key.count(".") + 2)}
            if strange := [key for key in self.apart if key not in known]:
                told = "no number with a prior stands there; accepted: keys that `rogatory keys` lists with a prior"
                raise ValueError(f"except.{strange[0]}: {told}{meant(strange[0], known)}")
        return self

    @model_serializer(mode="plain")
    def _plainly(self) -> dict[str, Any]:
        return {"draw": self.draw, "except": dict(self.apart)}

    def is_apart(self, key: str) -> bool:
        """Whether a key is not drawn: by the longest entry that it lies under."""
        parts = key.split(".")
        above = (".".join(parts[:depth]) for depth in range(len(parts), 0, -1))
        return next((self.apart[name] for name in above if name in self.apart), False)


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
    shock: dict[str, Shock] = {}  # what changes within the window, and when
    metrics: MetricsSpec
    parameters: Parameters = Parameters()
    data: dict[str, str]  # checksum of every table that is read; empty for a made-up world
    reference: Policy  # as adopted, whatever the scenario: it holds before the window, and sets every authority's capacity

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Where nothing is drawn and there is no shock, nothing is said of either: neither digests nor manifests know the key."""
        plain: dict[str, Any] = handler(self)
        silent = {_PARAMETERS: not self.draws, _SHOCK: not self.shock}
        return {name: value for name, value in plain.items() if not silent.get(name)}

    @model_validator(mode="after")
    def _attempts(self) -> Config:
        self._refuse_unmeant()
        if strange := first_stranger(self._namings()):
            raise ValueError(strange)
        if self.review.capacity == "follows":
            for selector, dial in self.states.override.items():
                if dial.hours is not None:
                    raise ValueError(
                        f"states.override.{selector}.hours: found {dial.hours} under review.capacity=follows, where hours "
                        "follow the load; accepted: another review.capacity"
                    )
        if too_much := self._too_much():
            raise ValueError(too_much)
        for key, found, fact in self._facts_moved():
            raise ValueError(
                f"{key}: found {quoted(found)} in a scenario; accepted: {quoted(fact)}, the same in every scenario, or an override"
            )
        for name, shock in self.shock.items():
            self._refuse_shock(name, shock)
        return self

    def _refuse_unmeant(self) -> None:
        """Raise ``ValueError`` for two settings, each possible, that cannot be meant together."""
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

    def _refuse_shock(self, name: str, shock: Shock) -> None:
        """Raise ``ValueError`` for a shock that cannot be meant: what it names is not there, or what it sets cannot be."""
        last, months = instrument_names(self.instruments)[-1], MONTHS_PER_YEAR * self.years
        if shock.at >= months:
            raise ValueError(f"shock.{name}.at: found {shock.at}; accepted: a month of the window, from 0 to {months - 1}")
        for fault in refuse_unknown(name, shock, self.instruments, self.safeguards, last):
            raise ValueError(fault)
        if shock.of_states.hours is not None and self.review.capacity == "follows":
            raise ValueError(
                f"shock.{name}.set.hours: found {shock.of_states.hours} under review.capacity=follows, where hours follow the "
                "load; accepted: another review.capacity"
            )
        members = self.adaptation.members
        if members.moves and {"parties", BINDS} & shock.set.get("instruments", {}).get(members.text, {}).keys():
            raise ValueError(
                f"shock.{name}.set.instruments.{members.text}: found parties, which join and leave by adaptation.members; "
                "accepted: another text, or adaptation.members.joining=false with adaptation.members.leaving=false"
            )
        try:
            struck = {part: getattr(merged(self.policy, {part: given}), part) for part, given in shock.of_policy.items()}
        except ConfigError as error:
            raise ValueError(f"shock.{name}.set.{error}") from None
        alone = self.model_copy(update=struck)
        try:
            alone._refuse_unmeant()
        except ValueError as error:
            raise ValueError(f"shock.{name}.set.{error}") from None
        if strange := first_stranger(alone._namings()):
            raise ValueError(strange if strange.startswith("shock.") else f"shock.{name}.set.{strange}")

    def _facts_moved(self) -> Iterator[tuple[str, object, object]]:
        """Facts and design keys that are not those of the reference: key, value, and the reference's."""
        for part in Policy.model_fields.keys() & type(self).model_fields.keys():  # dials stand among the states, and are levers
            yield from _not_levers(part, getattr(self, part), getattr(self.reference, part))

    def _namings(self) -> Iterator[Naming]:
        """Every place where something is named that stands elsewhere."""
        where = geography(self.states)
        yield from of_safeguards(self.safeguards, self.reference.safeguards)
        yield from of_texts(self.instruments, self.safeguards, self.offences, where)
        yield from of_offences(self.offences)
        yield from of_review(self.review, where)
        yield from of_legislatures(self.adaptation.legislatures, self.offences)
        yield from of_states(self.states, self.demand, self.adaptation.members.ratified, where)
        yield from of_dials(self.states, self.offences, where)
        yield from of_shocks(self.shock, self.states, self.offences, where)
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
        return _digest(self.decisive())

    def decisive(self) -> dict[str, Any]:
        """The plain values that decide a result; where numbers are drawn, with a digest of what they are drawn from."""
        return {key: value for key, value in self.plain().items() if key not in (_NAMES, _WRITTEN)} | self._drawn_from()

    @property
    def draws(self) -> bool:
        """Whether a world draws numbers of the configuration."""
        return self.parameters.draw != "default"

    def _drawn_from(self) -> dict[str, Any]:
        """What beside its seed decides the numbers that a world draws; empty where it draws none."""
        if not self.draws:
            return {}
        of_posterior = {"posterior": posterior_digest()} if self.parameters.draw == "posterior" else {}
        return {_PARAMETERS: self.plain()[_PARAMETERS] | {"priors": priors_digest()} | of_posterior}

    def world_digest(self) -> str:
        """The same for what decides a world's facts and the hours before the window, so that scenarios can share worlds."""
        parts = ("data", "states", "people", "demand", "offences", "reference", "calibration_months")
        decisive = {k: v for k, v in self.plain().items() if k in parts}
        decisive["states"] = without_dials(decisive["states"])
        of_window = {"load": None, "capacity": self.review.capacity == "as_adopted"}
        decisive["reference"] = decisive["reference"] | {"review": decisive["reference"]["review"] | of_window}
        return _digest(decisive | self._drawn_from())

    def footing(self) -> str:
        """The same for all that two configurations must share to be compared: a world, and how authorities' hours are treated."""
        return _digest([self.world_digest(), self.review.load, self.review.capacity])

    def bare_digest(self) -> str:
        """The same for what decides a world but for anybody's hours."""
        bare = {key: value for key, value in self.plain().items() if key in _BARE}
        return _digest(bare | {"states": without_dials(bare["states"])} | self._drawn_from())

    @property
    def dials(self) -> Dials:
        """What states are given in place of their own: a part of the scenario, though it stands beside the states."""
        return Dials(override=self.states.override, lists=self.states.lists)

    def upheaval(self, month: int) -> Upheaval:
        """The shocks in force in a month of the window."""
        return Upheaval(blows_in(self.shock, month), self.demand.direct.answered_liberal_slope)

    @property
    def months_of_change(self) -> frozenset[int]:
        """Months of the window, run-out included, whose rules may be others than those of the month before, for a shock."""
        return months_of_change(self.shock, self.months - self.run_in_months)

    @property
    def policy(self) -> Policy:
        """The scenario's own part."""
        return Policy(**{part: getattr(self, part) for part in Policy.model_fields})

    @property
    def policy_before(self) -> Policy:
        """What holds before the window: the reference, with the texts and the safeguards that the scenario has, and no others.

        A text of the scenario's own binds nobody yet; one that it takes away is gone from the start, for it has no row.
        """
        mine, reference = self.policy, self.reference
        if mine.instruments.keys() == reference.instruments.keys() and mine.safeguards.keys() == reference.safeguards.keys():
            return reference
        known = mine.safeguards.keys()
        texts = {name: reference.instruments.get(name, text.unbound()) for name, text in mine.instruments.items()}
        return reference.model_copy(
            update={
                "instruments": {name: text.naming(known) for name, text in texts.items()},
                "safeguards": {name: reference.safeguards.get(name, rule) for name, rule in mine.safeguards.items()},
            }
        )

    @property
    def months(self) -> int:
        """Run-in, window and run-out."""
        return self.run_in_months + 12 * self.years + self.run_out_months


def without_dials(states: Mapping[str, Any]) -> dict[str, Any]:
    """What of the states decides a world: all but the dials."""
    return {key: value for key, value in states.items() if key not in OF_DIALS}


def _digest(plain: object) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def _not_levers(key: str, ours: object, theirs: object) -> Iterator[tuple[str, object, object]]:
    """Keys from this one down that are no levers and differ; what one of the two lacks is a lever by being there."""
    if ours == theirs:
        return
    if isinstance(ours, Record) and isinstance(theirs, Record):
        ours, theirs = dict(ours), dict(theirs)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted(ours.keys() & theirs.keys() if role_of(key) == LEVER else ours.keys() | theirs.keys()):
            yield from _not_levers(f"{key}.{name}", ours.get(name), theirs.get(name))
    elif role_of(key) != LEVER:
        yield key, ours, theirs
