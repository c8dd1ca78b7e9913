"""Twin and model agree under configurations that nobody chose: scenarios, texts, dials, adaptation and numbers at random."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, reject, seed, settings
from hypothesis import strategies as st

from sim.config import load
from sim.settings import Config
from sim.simulation import check
from sim.world.record import ConfigError
from sim.world.vocabulary import FORCES, REGIMES
from tests.safeguards import NAMES, said_of
from tests.shares import rotating_seed
from tests.twin import docking

FEW, MANY = 15, 300  # configurations
RAREST = 20  # of so many configurations one at most may have a case that is excused
CONFIGS = Path(__file__).parents[2] / "configs"
TEXTS = ("mlat", "budapest", "hanoi", "comity", "second_protocol")
SWITCHES = (
    *(f"requesters.{name}" for name in ("labels", "destinations", "channels", "volume")),
    *(f"reviewers.{name}" for name in ("trust", "record", "scandals", "emergencies")),
    *(f"people.{name}" for name in ("own", "peers", "tools")),
    *(f"legislatures.{name}" for name in ("inflation", "diffusion", "restrictive", "protocol")),
    *("members.joining", "members.leaving"),
)
Overrides = list[str]


class Tried(NamedTuple):
    """Configurations that were docked, and the cases that were excused in each."""

    excused: list[int]

    @property
    def told(self) -> str:
        """What is reported."""
        return f"{len(self.excused)} configurations, {sum(self.excused)} cases excused"


def options(group: str) -> Sequence[str]:
    """Names of the files of a group."""
    return sorted(path.stem for path in (CONFIGS / group).glob("*.yaml"))


def between(low: float, high: float) -> st.SearchStrategy[float]:
    """A number with few decimals, so that a failure can be read."""
    return st.integers(0, 100).map(lambda share: round(low + (high - low) * share / 100, 4))


def some(numbers: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Overrides]:
    """Overrides of some of these keys."""
    chosen = st.fixed_dictionaries({}, optional=dict(numbers))
    return chosen.map(lambda said: [f"{key}={str(value).lower()}" for key, value in said.items()])


def sized() -> st.SearchStrategy[Overrides]:
    """A small world, with much about people at risk, over a year or two."""
    numbers = st.fixed_dictionaries(
        {
            "states.synthetic.count": st.integers(2, 12),
            "states.synthetic.hosts": st.integers(1, 4),
            "people.rows": st.integers(100, 400),
            "demand.legitimate": st.integers(1, 25),
            "years": st.integers(1, 2),
            "run_in_months": st.integers(0, 6),
            "run_out_months": st.integers(0, 6),
            "demand.abusive_odds": between(0.05, 0.6),
            "demand.abusive_floor": between(0.0, 0.3),
            "demand.abusive_most": between(0.5, 3.0),
            "adaptation.exposure.chance": between(0.1, 1.0),
            "adaptation.exposure.lag_months": between(0.5, 8.0),
        }
    )
    fixed = ["states=synthetic", "calibration_months=6", "demand.abusive_most_per_person=100.0"]

    def written(said: dict[str, Any]) -> Overrides:
        hosts = min(said["states.synthetic.hosts"], said["states.synthetic.count"])
        return fixed + [f"{key}={value}" for key, value in (said | {"states.synthetic.hosts": hosts}).items()]

    return numbers.map(written)


def chosen_files() -> st.SearchStrategy[Overrides]:
    """Scenarios, one or two, and a definition, or neither; reforms in the treaty or everywhere."""
    scenarios = st.lists(st.sampled_from(options("scenario")), max_size=2, unique=True)
    definition = st.none() | st.sampled_from(options("definition"))
    conduct = st.sampled_from(options("conduct"))

    def said(names: list[str], meant: str | None, how: str, everywhere: bool) -> Overrides:
        kept = [f"scenario=[{','.join(sorted(names))}]"] if names else []
        kept += [f"definition={meant}"] if meant else []
        return [*kept, f"conduct={how}", *["reforms=everywhere"] * everywhere]

    return st.builds(said, scenarios, definition, conduct, st.booleans())


def forces() -> st.SearchStrategy[Overrides]:
    """What some texts say of some safeguards; which safeguards there are stays the same, or the rules would be compiled anew."""

    def said(text: str, name: str, force: str) -> tuple[str, str]:
        lacking = force == "may" and said_of(name)["certain"]  # every state applies it alike
        return f"++instruments.{text}.safeguards.{name}", "must" if lacking else force

    names = st.sampled_from([name for name in NAMES if name != "desk"])
    chosen = st.lists(st.builds(said, st.sampled_from(TEXTS), names, st.sampled_from(FORCES)), max_size=8)
    return chosen.map(lambda all_said: [f"{key}={force}" for key, force in dict(all_said).items()])


def conduct() -> st.SearchStrategy[Overrides]:
    """How requesters behave, and who adapts."""
    return some(
        {
            "conduct.attempts": st.integers(1, 3),
            "conduct.retry_days": between(0.0, 90.0),
            "conduct.fall_through": st.booleans(),
            "conduct.legal_basis": st.sampled_from(["precedence", "requester_choice"]),
            "conduct.file_everything": st.booleans(),
            "conduct.intent": st.booleans(),
            "conduct.direct_share": between(0.0, 1.0),
            "conduct.police_share": between(0.0, 1.0),
            "conduct.spontaneous_most": between(0.0, 1.0),
            "conduct.spyware": between(0.0, 1.0),
            "conduct.recharacterised_share": between(0.0, 1.0),
            **{f"adaptation.{switch}": st.booleans() for switch in SWITCHES},
            "adaptation.requesters.pull": between(0.0, 10.0),
            "adaptation.requesters.rate": between(0.0, 0.9),
            "adaptation.requesters.elasticity": between(0.0, 3.0),
            "adaptation.people.publicity": between(0.0, 3.0),
            "adaptation.people.lasting": between(0.0, 1.0),
            "adaptation.people.half_life_months": between(0.01, 24.0),
            "adaptation.reviewers.suspends": between(0.0, 1.0),
            "adaptation.reviewers.spill": between(0.0, 1.0),
            "adaptation.legislatures.rise": between(0.0, 1.0),
            "adaptation.legislatures.copying": between(0.0, 1.0),
            "adaptation.legislatures.new_laws": between(0.0, 1.0),
            "adaptation.legislatures.protocol_years": between(0.0, 2.0),
            "adaptation.legislatures.protocol_parties": st.integers(1, 4),
            "adaptation.members.hazard": between(0.0, 4.0),
            "adaptation.members.quorum": st.integers(1, 4),
            "adaptation.members.leave_hazard": between(0.0, 0.5),
        }
    )


def demand_and_review() -> st.SearchStrategy[Overrides]:
    """What is wished for, and how it is read."""
    return some(
        {
            "start": st.sampled_from(["2027-07-01", "2028-12-01"]),
            "demand.foreign_share": between(0.0, 0.5),
            "demand.false_urgent_share": between(0.0, 1.0),
            "demand.secret_share": between(0.0, 1.0),
            "demand.selective_share": between(0.0, 1.0),
            "demand.realtime_share": between(0.0, 0.9),
            "review.load": st.booleans(),
            "review.capacity": st.sampled_from(["before", "follows", "as_adopted"]),
            "review.strength": between(0.0, 1.0),
            "review.acuity": between(0.0, 2.0),
            "review.rho": between(0.0, 1.0),
            "review.trait_share": between(0.0, 1.0),
            "review.lapse_per_year": between(0.0, 2.0),
            "review.misuse_chance": between(0.0, 1.0),
            "review.onward_chance": between(0.0, 1.0),
            "review.domestic_notice": between(0.0, 1.0),
            "review.firm_notice.gag_months": between(0.0, 12.0),
            "review.firm_notice.share": between(0.0, 1.0),
            "review.retention_months": between(0.5, 24.0),
            "review.police_answered": between(0.0, 1.0),
            "review.comfortable_months": between(0.05, 3.0),
            "safeguards.desk.bar": between(0.5, 4.0),
            "safeguards.desk.park_bar": between(-1.0, 3.0),
            "safeguards.panel.binding": st.booleans(),
            "safeguards.panel.hours_a_month": between(1.0, 200.0),
            "safeguards.suspension.refusals": between(1.0, 5.0),
            "safeguards.suspension.share": between(0.0, 0.5),
            "safeguards.suspension.months": between(1.0, 12.0),
            "safeguards.suspension.reciprocal": st.booleans(),
            "safeguards.suspension.second_reading": st.booleans(),
            "safeguards.dual_criminality.test": st.sampled_from(["conduct", "label"]),
            "safeguards.training.below": between(0.0, 1.0),
            "instruments.hanoi.threshold_years": between(0.0, 8.0),
            "instruments.hanoi.seriousness": st.sampled_from(["penalty", "harm", "grave", "penalty_and_harm"]),
            "instruments.hanoi.realtime": st.sampled_from(["absent", "endeavours", "obliges"]),
        }
    )


def dials() -> st.SearchStrategy[Overrides]:
    """What states, or classes of states, are given in the place of their own."""
    of_a_state = {name: between(0.0, 1.0) for name in ("judicial", "skill", "transfer_protection", "breadth")}
    numbers = st.fixed_dictionaries(
        {},
        optional={
            **of_a_state,
            "hours": between(0.2, 3.0),
            "uptake": between(0.0, 1.0),
            "fidelity": between(0.0, 1.0),
            "penalties": st.builds("{{protected: {}}}".format, between(0.0, 8.0) | st.just("no_crime")),
            "appetite": st.builds("{{dissident: {}}}".format, between(0.0, 1.0)),
        },
    )
    said = st.dictionaries(st.sampled_from(["all", "AAB", "signatories", *REGIMES]), numbers, max_size=2)
    return said.map(
        lambda chosen: [
            f"++states.override.{selector}.{dial}={value}" for selector, given in chosen.items() for dial, value in given.items()
        ]
    )


def overrides() -> st.SearchStrategy[Overrides]:
    """All of a configuration; a key that is said twice is said last."""
    parts = st.tuples(sized(), chosen_files(), forces(), conduct(), demand_and_review(), dials())
    return parts.map(lambda said: [override for part in said for override in part])


def accepted(said: Overrides) -> Config:
    """The configuration; one that is refused, of two scenarios that set one key differently say, is no example."""
    try:
        config = load(*said)
        check(config)
    except ConfigError:
        reject()
    return config


def at_random(examples: int, so: Callable[[Any], Any]) -> Tried:
    """Dock so many configurations; where they are others each week, the failing one is made as short as it can be."""
    tried, fixed = Tried([]), so is as_it_is

    @so
    @settings(
        max_examples=examples,
        phases=(Phase.generate,) if fixed else (Phase.generate, Phase.shrink),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=fixed,
    )
    @given(said=overrides(), event=st.integers(0, 2**32), world=st.none() | st.integers(0, 2**32))
    def docks(said: Overrides, event: int, world: int | None) -> None:
        found = docking.dock(accepted(said), event, world)
        tried.excused.append(found.excused)
        differences = "\n".join(found.differences[:10])
        assert not found.differences, f"{differences}\n{' '.join(said)}\nseeds {event}, {world}; until now {tried.told}"

    docks()
    return tried


def as_it_is(test: Any) -> Any:
    """The test, with the same examples each time."""
    return test


def judge(tried: Tried, examples: int, request: pytest.FixtureRequest) -> None:
    """Report how many cases were excused; many would be a difference that hides at the bars."""
    request.node.user_properties.append(("docked at random", tried.told))
    assert len(tried.excused) >= examples
    assert sum(1 for cases in tried.excused if cases) * RAREST <= len(tried.excused), tried.told


def test_a_few_configurations_at_random_dock(request: pytest.FixtureRequest) -> None:
    judge(at_random(FEW, as_it_is), FEW, request)


@pytest.mark.slow
def test_many_configurations_at_random_dock(request: pytest.FixtureRequest) -> None:
    """``ROGATORY_FUZZ_SEED`` repeats those of a week."""
    judge(at_random(MANY, seed(rotating_seed())), MANY, request)
