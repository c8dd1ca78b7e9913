"""A fact is the same in every scenario, however it is set; a lever reaches the scenario alone; design is never drawn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.design.designs import Design
from experiments.design.points import points_of
from sim.config import DESIGNED, FACT, LEVER, checked_config, composed_values, load, role_of, with_overrides
from sim.settings import Config, Policy
from sim.simulation import simulate
from sim.world.leaves import Plain, changed_leaves, leaves_of
from sim.world.record import ConfigError
from tests.worlds import SMALL, made_up

PARTS = tuple(part for part in Policy.model_fields if part in Config.model_fields)  # dials stand among the states
DRAWN = {
    "review.rho": 0.1,
    "review.delay_months": 1.5,
    "safeguards.judge.bar": 1.5,
    "conduct.appetite": 0.5,
    "instruments.mlat.filing": 0.4,
    "demand.urgent_share": 0.3,
}


def numbers(plain: Plain, role: str) -> Iterator[tuple[str, object]]:
    """Numbers and switches of the reference's parts that have a role, each with another value."""
    for key, value in leaves_of({part: plain[part] for part in PARTS}).items():
        if role_of(key) == role and isinstance(value, bool | int | float):
            yield key, not value if isinstance(value, bool) else value * 0.9 + 0.0173 if isinstance(value, float) else value + 1


@pytest.fixture(scope="module")
def adopted() -> Plain:
    return composed_values()


@pytest.mark.parametrize("part", PARTS)
def test_every_fact_drawn_is_every_fact_set_in_the_baseline(part: str, adopted: Plain) -> None:
    """Key by key: the configuration of a point that draws it is that of an override; the reference of both has it."""
    found = [(key, value) for role in (FACT, DESIGNED) for key, value in numbers(adopted, role) if key.startswith(f"{part}.")]
    assert bool(found) == (part != "adaptation")
    for key, value in found:
        drawn = with_overrides(adopted, {key: value})
        given = composed_values(f"{key}={value}".replace("True", "true").replace("False", "false"))
        assert drawn == given, key
        assert set(changed_leaves(adopted, drawn)) == {key, f"reference.{key}"}, key


def test_every_lever_drawn_leaves_the_reference_alone(adopted: Plain) -> None:
    levers = dict(numbers(adopted, LEVER))
    assert len(levers) > 100
    for key, value in levers.items():
        assert set(changed_leaves(adopted, with_overrides(adopted, {key: value}))) == {key}, key


def test_a_fact_reaches_the_same_reference_under_every_scenario() -> None:
    for scenario in ("no_treaty", "judge", "adaptive", "reform_bundle"):
        for key in (
            "review.rho=0.1",
            "conduct.open_framing_a=0.3",
            "instruments.hanoi.filing=0.5",
            "safeguards.desk.trust_floor=-0.2",
        ):
            assert composed_values(f"scenario={scenario}", key)["reference"] == composed_values(key)["reference"]


@pytest.mark.parametrize(("key", "value"), DRAWN.items())
def test_a_run_with_a_drawn_fact_is_the_run_with_the_fact_set(key: str, value: float) -> None:
    plain = composed_values(*SMALL)
    drawn, given = checked_config(with_overrides(plain, {key: value})), made_up(f"{key}={value}")
    assert (drawn.digest(), drawn.world_digest()) == (given.digest(), given.world_digest())
    one, other, usual = (simulate(config, 3).requests for config in (drawn, given, made_up()))
    assert one.equals(other)
    assert not one.equals(usual)


def test_a_file_that_is_chosen_brings_its_facts_to_the_reference(tmp_path: Path) -> None:
    """``conduct=mine``: what requesters are used to reaches the baseline, what they are made to do does not."""
    folder = tmp_path / "conduct"
    folder.mkdir()
    (folder / "mine.yaml").write_text(
        "# @package conduct\ndefaults: [naive, _self_]\nappetite: 0.5\nattempts: 2\n", encoding="utf-8"
    )
    config = load(f"hydra.searchpath=[{tmp_path}]", "conduct=mine")
    assert (config.conduct.appetite, config.reference.conduct.appetite) == (0.5, 0.5)
    assert (config.conduct.attempts, config.reference.conduct.attempts) == (2, 1)


# --- refusals ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("review: {rho: 0.1}", r"review\.rho: found 0\.1 in .*mine\.yaml, though it is a fact of the world"),
        ("review: {capacity: follows}", r"review\.capacity: found 'follows' in .*mine\.yaml, though it is a key of the design"),
        ("demand: {scale: 2.0}", r"demand\.scale: found 2\.0 in .*mine\.yaml, though it is a fact of the world"),
        ("instruments: {hanoi: {filing: 0.5}}", r"instruments\.hanoi\.filing: found 0\.5 in "),
        ("safeguards: {judge: {bar: 1.0}}", r"safeguards\.judge\.bar: found 1\.0 in "),
        ("years: 3", r"years: found 3 in .*mine\.yaml, though it is a key of the design"),
        ("demand: {abusive_wants: {content: 1.0}}", r"demand\.abusive_wants\.content: found 1\.0 in .*though it is a fact"),
        ("offences: {mine: {harm: 0.1}}", r"offences\.mine\.harm: found 0\.1 in .*though it is a fact of the world"),
        ("people: {mine: {ours: 1}}", r"people\.mine\.ours: found 1 in .*though it is a fact of the world"),
        ("metrics: {own: {mine: {unit: x}}}", r"metrics\.own\.mine\.unit: found 'x' in .*though it is a key of the design"),
        ("defaults: [override /demand: standard]", r"override /demand: found 'standard' in .*though it is a fact of the world"),
        ("defaults: [override /offence: [protected]]", r"override /offence: found \['protected'\] in .*though it is a fact"),
        ("defaults: [override /metric: standard]", r"override /metric: found 'standard' in .*though it is a key of the design"),
    ],
)
def test_a_scenario_that_sets_no_lever_is_refused_in_one_line(body: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"# @package _global_\n# Question: what if?\n{body}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=said + r".*the same in every scenario; accepted: as an override, such as \+?\w+") as told:
        load(f"scenario={path}")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("package", ["demand", "demand.legitimate_wants"])
def test_a_fact_is_refused_wherever_the_file_of_a_scenario_goes(package: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"# @package {package}\nscale: 2.0\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"^{package}\.scale: found 2\.0 in .*mine\.yaml, though it is a fact of the world"):
        load(f"scenario={path}")


def test_the_override_that_a_refusal_names_is_accepted() -> None:
    assert load("+demand.abusive_wants.content=1.0").world_digest() != load().world_digest()


def test_a_scenario_may_set_levers_of_its_own_constructions(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "# @package _global_\nsafeguards: {panel: {binding: true}}\nconduct: {attempts: 2}\n"
        "instruments: {hanoi: {threshold_years: 6}}\n",
        encoding="utf-8",
    )
    config = load(f"scenario={path}")
    assert config.reference == load().reference
    assert config.conduct.attempts == 2


@pytest.mark.parametrize("key", ["review.load", "years", "people.rows", "review.capacity"])
def test_a_design_key_is_never_drawn(key: str) -> None:
    design = Design(question="?", uncertainties={key: {"values": [1, 2]}}, draw="grid")  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match=rf"uncertainties\.{key}: found a key that says how an experiment is run"):
        points_of(design, [])


def test_no_lever_of_a_design_sets_how_the_experiment_is_run_and_a_condition_may() -> None:
    choices = {"before": {"review.capacity": "before"}, "follows": {"review.capacity": "follows"}}
    with pytest.raises(ConfigError, match=r"levers\.hours\.before: found review\.capacity"):
        points_of(Design(question="?", levers={"hours": choices}), [])
    points = points_of(Design(question="?", scenarios=["as_adopted", "no_treaty"], conditions=choices), [])
    configs = [points.config(place) for place in range(len(points.frame))]
    assert [config.review.capacity for config in configs] == [config.reference.review.capacity for config in configs]
    assert len({config.world_digest() for config in configs}) == 1
