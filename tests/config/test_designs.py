"""Arms are composed beside the baseline that shares their world; a design that cannot be composed names its file and arm."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.design.comparisons import Arm, arms_of, compare_arms
from experiments.design.designs import design_of
from experiments.settings import asked_by, conduct_of_study
from experiments.studies.compare import compared_arms
from sim.config import load, options
from sim.sources.states import hosting_of
from sim.sources.tables import TABLES_FOLDER, read_states
from sim.world.leaves import changed_leaves
from sim.world.record import ConfigError
from tests.config.own_files import CONFIGS, OwnFiles, in_place

DESIGNS = sorted(path.stem for path in (CONFIGS / "design").glob("*.yaml"))
GOOD = "question: what if so?\nbaseline: as_adopted\narms:\n"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> OwnFiles:
    """A configuration with three scenarios of its own besides the first two of the project, and three designs."""
    files = OwnFiles(tmp_path_factory.mktemp("shared") / "configs")
    for path in (files.folder / "scenario").glob("*.yaml"):
        if path.stem not in ("as_adopted", "no_treaty"):
            path.unlink()
    files.scenario("alpha", "instruments: {hanoi: {safeguards: {judge: must}}}")
    files.scenario("beta", "instruments: {hanoi: {threshold_years: 6.0}}")
    files.scenario("bundle", "defaults: [alpha, beta]")
    files.write(
        "design/own.yaml",
        f"{GOOD}"
        "  bare: []\n"
        "  named: [scenario=alpha]\n"
        "  spread: [scenario=alpha, reforms=everywhere]\n"
        "  crowded: [instruments.hanoi.threshold_years=8, demand.scale=2.0, review.hours_median=4]\n",
    )
    files.write("design/bare.yaml", f"{GOOD}  bare: []\n")
    files.write("design/half.yaml", f"{GOOD}  half: [+states.hosting.factor.IRL=0.5]\n")
    return files


@pytest.fixture
def files(written: OwnFiles, monkeypatch: pytest.MonkeyPatch) -> OwnFiles:
    return in_place(written, monkeypatch)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnFiles:
    """A configuration in which a test writes."""
    return in_place(OwnFiles(tmp_path / "configs"), monkeypatch)


def difference(arm: Arm) -> set[str]:
    """Keys in which an arm differs from its baseline, but for names."""
    return set(changed_leaves(arm.baseline_config.plain(), arm.config.plain())) - {"scenario_name", "reforms"}


# --- what is committed ----------------------------------------------------------------------------------------------------


@cache
def committed(design: str) -> list[Arm]:
    return arms_of(design, ())


@pytest.mark.parametrize("design", ["host_shares", "threshold_sweep"])
def test_a_design_composes_and_each_arm_shares_its_baseline_s_world(design: str) -> None:
    arms = committed(design)
    assert [arm.name for arm in arms] == list(design_of(design).arms)
    for arm in arms:
        assert arm.config.scenario_name == arm.name
        assert arm.config.world_digest() == arm.baseline_config.world_digest()
    assert len({arm.config.digest() for arm in arms}) == len(arms), "two arms are one configuration"


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_opens_with_what_it_is_and_asks_a_question(design: str) -> None:
    assert re.match(r"# \S.{20,}", (CONFIGS / "design" / f"{design}.yaml").read_text(encoding="utf-8"))
    assert re.fullmatch(r".{20,}\?", design_of(design).question)


def test_the_threshold_sweep_moves_the_threshold_alone() -> None:
    arms = committed("threshold_sweep")
    assert [arm.config.instruments["hanoi"].threshold_years for arm in arms] == [1, 2, 3, 4, 5, 6, 8, 10]
    for arm in arms:
        as_adopted = arm.config.instruments["hanoi"].threshold_years == 4
        assert difference(arm) == (set() if as_adopted else {"instruments.hanoi.threshold_years"})
        assert arm.baseline_config == load("scenario=as_adopted")


def test_the_host_shares_move_both_sides_of_each_pair() -> None:
    arms = {arm.name: arm for arm in committed("host_shares")}
    assert arms["ireland_half"].config.states.hosting.factor == {"IRL": 0.5}
    for arm in arms.values():
        assert arm.config.states == arm.baseline_config.states
        assert difference(arm) == {"instruments.hanoi.parties.base"}
    assert len({arm.config.world_digest() for arm in arms.values()}) == len(arms)


# --- arms of a design -----------------------------------------------------------------------------------------------------


def test_an_arm_differs_from_its_baseline_in_policy_alone(files: OwnFiles) -> None:
    bare, named, spread, crowded = arms_of("own", ["years=3"])
    assert difference(bare) == set()
    assert difference(named) == {"instruments.hanoi.safeguards.judge"}
    assert difference(spread) == {f"instruments.{text}.safeguards.judge" for text in load().instruments}
    assert difference(crowded) == {"instruments.hanoi.threshold_years"}
    assert (crowded.config.demand.scale, crowded.baseline_config.demand.scale) == (2.0, 2.0)
    assert crowded.config.review.hours_median == crowded.baseline_config.review.hours_median == 4.0
    assert {arm.config.years for arm in (bare, named, spread, crowded)} == {3}
    assert bare.baseline_config == named.baseline_config == spread.baseline_config != crowded.baseline_config


def test_what_the_user_sets_reaches_arms_and_baselines_but_a_scenario_the_arms_alone(files: OwnFiles) -> None:
    (arm,) = arms_of("half", ["review.rho=0.2", "design=half", "scenario=beta"])
    for config in (arm.config, arm.baseline_config):
        assert (config.review.rho, config.states.hosting.factor) == (0.2, {"IRL": 0.5})
    assert difference(arm) == {"instruments.hanoi.threshold_years"}


def test_the_user_may_name_another_baseline(files: OwnFiles) -> None:
    (arm,) = arms_of("bare", ["baseline=no_treaty"])
    assert arm.baseline_config.scenario_name == "no_treaty"
    assert difference(arm) == {"instruments.hanoi.parties.base"}
    (arm,) = arms_of("bare", ["baseline=alpha+beta"])
    assert arm.baseline_config.scenario_name == "alpha+beta"


def test_a_key_of_an_earlier_version_is_refused_with_what_it_is_called_now(own: OwnFiles) -> None:
    own.write("design/own.yaml", GOOD + "  a: []\nluck: 2")
    with pytest.raises(ConfigError, match=r"own\.yaml: luck: no such key; accepted: .*; it is called 'replicates' now$"):
        arms_of("own", ())
    with pytest.raises(ConfigError, match=r"^luck: no such key; accepted: .*; it is called 'replicates' now$"):
        asked_by("luck=2")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("qestion: q?\n" + GOOD + "  a: []", "qestion: no such key; accepted: question, baseline, constants, arms"),
        ("baseline: as_adopted\narms: {a: []}", "question: found nothing; accepted: a whole question"),
        ("question: q?\nbaseline: as_adopted\narms: {}", "arms: found {}; accepted: at least one arm"),
        (GOOD + "  a: 5", "arms.a: found 5; accepted: at least one arm, each a list"),
        (GOOD + "  a: [5]", "arms.a.0: found 5; accepted: at least one arm, each a list"),
        ("[a]", "found no map; accepted: question, baseline, constants, arms"),
        ("question: [", ""),
        (GOOD + "  a: [yaers=3]", "arms.a: yaers: no such key; accepted: "),
        (GOOD + "  b: []\n  a: [review.rho=2]", "arms.a: review.rho: found 2; accepted: "),
        (GOOD + "  a: [scenario=utopia]", "arms.a: scenario: found 'utopia'; accepted: "),
        (GOOD + "  a: [years=3, years=4]", "arms.a: years: found twice among the overrides; accepted: once"),
        (GOOD.replace("as_adopted", "utopia") + "  a: []", "baseline: scenario: found 'utopia'; accepted: "),
        (GOOD.replace("as_adopted", "'a b'") + "  a: []", "baseline: found 'a b'; accepted: "),
    ],
)
def test_a_design_that_cannot_be_composed_names_file_and_arm_in_one_line(own: OwnFiles, text: str, line: str) -> None:
    own.write("design/own.yaml", text)
    with pytest.raises(ConfigError) as caught:
        arms_of("own", ())
    assert str(caught.value).startswith(f"configs/design/own.yaml: {line}")
    assert "accepted: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_design_is_refused(files: OwnFiles) -> None:
    with pytest.raises(
        ConfigError, match=r"^design: found 'utopia'; accepted: the path of a YAML file, or .*bare, .*everywhere, .*half, "
    ):
        arms_of("utopia", ())


def test_an_arm_and_the_user_may_not_both_set_a_key(files: OwnFiles) -> None:
    with pytest.raises(ConfigError, match=r"^configs/design/own\.yaml: arms\.crowded: demand\.scale: found twice"):
        arms_of("own", ["demand.scale=3"])


def test_a_user_s_mistake_is_not_blamed_on_a_design(files: OwnFiles) -> None:
    with pytest.raises(ConfigError, match=r"^yaers: no such key"):
        arms_of("own", ["yaers=3"])
    with pytest.raises(ConfigError, match=r"^baseline: found 'a\+'"):
        arms_of("own", ["baseline=a+"])


CONSTANT = GOOD.replace("arms:", "constants: [years=2, people.rows=900]\nseeds: 7\nreplicates: 3\narms:")


def test_constants_seeds_and_replicates_of_a_design_hold_for_arms_and_baselines(own: OwnFiles) -> None:
    own.write("design/own.yaml", f"{CONSTANT}  bare: []\n  loud: [scenario=judge]\n")
    for arm in arms_of("own", ()):
        for config in (arm.config, arm.baseline_config):
            assert (config.years, config.people.rows) == (2, 900)
    asked = compared_arms(["design=own"])[1]
    assert (asked.seeds, asked.replicates) == (7, 3)
    assert difference(arm) == {"instruments.hanoi.safeguards.judge"}


@pytest.mark.parametrize(
    ("arms", "said"),
    [
        (
            "as_adopted: [scenario=no_treaty]",
            r"arms\.as_adopted: found another scenario under the baseline's name; accepted: another",
        ),
        ("as_adopted: [scenario=as_adopted]", r"arms: found none beside the baseline as_adopted; accepted: at least one"),
    ],
)
def test_an_arm_that_bears_the_baselines_name_is_the_baseline_and_not_alone(own: OwnFiles, arms: str, said: str) -> None:
    own.write("design/twin.yaml", f"{GOOD}  {arms}\n")
    with pytest.raises(ConfigError, match=said):
        arms_of("twin", ())


def test_what_the_user_says_holds_over_what_a_design_says(own: OwnFiles) -> None:
    own.write("design/own.yaml", f"{CONSTANT}  bare: []\n")
    (arm,), asked = compared_arms(["design=own", "years=4", "seeds=2", "replicates=1"])
    for config in (arm.config, arm.baseline_config):
        assert (config.years, config.people.rows) == (4, 900)
    assert (asked.seeds, asked.replicates) == (2, 1)


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (
            "conditions: {loud: {demand.scale: 2.0}}\n",
            "conditions: found in a design whose arms are compared; accepted: question, ",
        ),
        ("uncertainties: {review.rho: {low: 0.1, high: 0.9}}\ndraw: sobol\n", "draw: found in a design whose arms are compared"),
        ("outcomes: [legit_met_rate]\n", "outcomes: found in a design whose arms are compared"),
        ("slices: [group]\n", "slices: found in a design whose arms are compared"),
        ("size: 8\n", "size: found in a design whose arms are compared"),
        ("constants: [scenario=judge]\n", "constants: found 'scenario=judge'; accepted: other keys"),
        ("constants: [baseline=no_treaty]\n", "constants: found 'baseline=no_treaty'; accepted: other keys"),
        ("constants: [yaers=3]\n", "constants: yaers: no such key; accepted: "),
    ],
)
def test_what_a_comparison_would_not_heed_in_a_design_is_refused(own: OwnFiles, more: str, line: str) -> None:
    own.write("design/own.yaml", GOOD.replace("arms:", f"{more}arms:") + "  bare: []\n")
    with pytest.raises(ConfigError) as caught:
        arms_of("own", ())
    assert str(caught.value).startswith(f"configs/design/own.yaml: {line}")


@pytest.mark.parametrize(
    "override", ["seeds=3", "replicates=4", "seed=9", "output=elsewhere", "until=0.1", "figures.forest.title=x"]
)
def test_an_arm_may_not_set_what_is_the_study_s(own: OwnFiles, override: str) -> None:
    own.write("design/own.yaml", f"{GOOD}  bare: []\n  mine: [{override}]\n")
    with pytest.raises(
        ConfigError, match=rf"^configs/design/own\.yaml: arms\.mine: found '{re.escape(override)}'; accepted: keys in"
    ):
        arms_of("own", ())


@pytest.mark.parametrize("override", ["scenarios=[judge]", "size=8"])
def test_a_key_without_effect_beside_a_design_is_refused(files: OwnFiles, override: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"^{override.partition('=')[0]}: found beside design=bare; accepted: what the design says"
    ):
        arms_of("bare", [override])


# --- arms of a comparison -------------------------------------------------------------------------------------------------


def test_all_scenarios_but_the_baseline_are_compared_in_one_world(files: OwnFiles) -> None:
    arms = compare_arms(["years=2"])
    assert [arm.name for arm in arms] == ["alpha", "beta", "bundle", "no_treaty"]
    assert {arm.baseline_config.scenario_name for arm in arms} == {"as_adopted"}
    assert len({id(arm.baseline_config) for arm in arms}) == 1
    assert len({arm.config.world_digest() for arm in arms} | {arms[0].baseline_config.world_digest()}) == 1
    assert {arm.config.years for arm in arms} == {2}
    assert [arm.name for arm in compare_arms(["baseline=alpha"])] == ["as_adopted", "beta", "bundle", "no_treaty"]


def test_an_arm_may_be_a_combination_and_its_reforms_may_stand_everywhere(files: OwnFiles) -> None:
    arms = compare_arms(["scenarios=[alpha,beta+alpha,alpha@everywhere,no_treaty+as_adopted]"])
    assert [arm.name for arm in arms] == ["alpha", "alpha+beta", "alpha@everywhere", "no_treaty"]
    assert [arm.config.scenario_name for arm in arms] == [arm.name for arm in arms]
    assert len(difference(arms[2])) == len(load().instruments)
    assert arms[1].config.digest() == load("scenario=bundle").digest()


def test_one_scenario_needs_no_brackets(files: OwnFiles) -> None:
    assert [arm.name for arm in compare_arms(["scenarios=alpha+beta", "baseline=no_treaty"])] == ["alpha+beta"]


def test_every_override_but_the_choice_reaches_arms_and_baseline(files: OwnFiles) -> None:
    (arm,) = compare_arms(["scenarios=[alpha]", "review.rho=0.2", "instruments.hanoi.filing=0.3"])
    assert difference(arm) == {"instruments.hanoi.safeguards.judge"}
    assert arm.baseline_config.review.rho == 0.2
    assert arm.baseline_config.instruments["hanoi"].filing == 0.3


def test_reforms_everywhere_holds_for_every_arm(files: OwnFiles) -> None:
    arms = compare_arms(["scenarios=[alpha,beta@everywhere]", "reforms=everywhere"])
    assert [arm.name for arm in arms] == ["alpha@everywhere", "beta@everywhere"]
    assert arms[0].baseline_config.digest() == load().digest()


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (("scenarios=[utopia]",), "scenario: found 'utopia'; accepted: "),
        (("scenarios=[alpha,alpha]",), "scenarios: found 'alpha' twice; accepted: each choice once"),
        (("scenarios=[alpha+beta,beta+alpha]",), "scenarios: found 'beta+alpha' twice; accepted: each choice once"),
        (("scenarios=[alpha+alpha]",), "scenario: found 'alpha' twice; accepted: each name once"),
        (("scenarios=[as_adopted]",), "scenarios: found 'as_adopted', which is the baseline; accepted: "),
        (("scenarios=[alpha@mars]",), "scenarios: found 'alpha@mars'; accepted: scenarios joined by '+'"),
        (("scenarios=[all,alpha]",), "scenario: found 'all'; accepted: "),
        (("scenarios=[]",), "scenarios: found nothing to compare; accepted: all, or names among alpha, "),
        (("baseline=utopia",), "scenario: found 'utopia'; accepted: "),
        (("baseline=a+",), "baseline: found 'a+'; accepted: "),
        (("scenario=alpha",), "scenario: found 'scenario=alpha' in a comparison; accepted: scenarios=[...] and baseline=..."),
        (("yaers=2",), "yaers: no such key; accepted: "),
    ],
)
def test_a_comparison_that_cannot_be_made_is_one_line(files: OwnFiles, overrides: tuple[str, ...], line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compare_arms(overrides)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


# --- factors on hosts -----------------------------------------------------------------------------------------------------


class Even:
    """Luck of one half for everyone."""

    def uniform(self, purpose: str, region: str, code: str) -> float:
        return 0.5


def shares(*overrides: str) -> dict[tuple[str, str], float]:
    """Share of each host in each region, with everyone's luck alike."""
    table = read_states(TABLES_FOLDER / "states.csv")
    share, _ = hosting_of(load(*overrides).states.hosting, table, Even(), 0)  # type: ignore[arg-type]
    codes = list(table.index)
    first = {region: row for row, region in reversed(list(enumerate(table["region"])))}
    return {(region, code): share[row, codes.index(code)] for region, row in first.items() for code in ("IRL", "USA", "SGP")}


def test_a_factor_of_one_changes_nothing() -> None:
    assert shares("+states.hosting.factor.IRL=1.0") == shares()


def test_a_factor_moves_its_host_and_the_others_take_what_it_leaves() -> None:
    before, none, more = shares(), shares("+states.hosting.factor.IRL=0.0"), shares("+states.hosting.factor.IRL=1.5")
    for region in ("Europe", "Africa", "Asia", "Americas"):
        assert none[region, "IRL"] == 0.0
        assert none[region, "USA"] > before[region, "USA"] > more[region, "USA"] > 0
        assert more[region, "IRL"] > before[region, "IRL"]


def test_stated_shares_keep_their_sum_under_a_factor() -> None:
    hosting = load("+states.hosting.factor.IRL=0.5", "states.hosting.concentration=1e7").states.hosting
    table = read_states(TABLES_FOLDER / "states.csv")
    share, _ = hosting_of(hosting, table, Even(), 0)  # type: ignore[arg-type]
    codes, europe = list(table.index), list(table["region"]).index("Europe")
    stated = hosting.platforms["Europe"]
    wanted = {code: value * (0.5 if code == "IRL" else 1.0) for code, value in stated.items()}
    for code, value in wanted.items():
        assert share[europe, codes.index(code)] == pytest.approx(value / sum(wanted.values()), rel=1e-3)
    assert np.allclose(share.sum(axis=1), 1.0)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"factor": {"QAT": 2.0}}, "states.hosting.factor: found 'QAT', which hosts nowhere; accepted: ARE, AUS, "),
        ({"factor": {"ZZZ": 2.0}}, "states.hosting.factor: found 'ZZZ', which hosts nowhere; accepted: "),
        ({"factor": {"IRL": 0.0}, "platforms": {"Europe": {"IRL": 1.0}}}, "states.hosting.factor: leaves Europe without a host; "),
    ],
)
def test_a_factor_that_cannot_work_is_refused(change: dict[str, Any], line: str) -> None:
    hosting = load().states.hosting.model_copy(update=change)
    with pytest.raises(ConfigError) as caught:
        hosting_of(hosting, read_states(TABLES_FOLDER / "states.csv"), Even(), 0)  # type: ignore[arg-type]
    assert str(caught.value).startswith(line)


def test_a_negative_factor_is_refused_when_it_is_read() -> None:
    with pytest.raises(ConfigError, match=r"^states\.hosting\.factor\.IRL: found -1; accepted: "):
        load("+states.hosting.factor.IRL=-1")


def test_designs_lie_beside_the_key_of_their_name() -> None:
    assert options("design") == DESIGNS
    assert conduct_of_study("design=threshold_sweep").design == "threshold_sweep"
    assert conduct_of_study().design is None
    assert load("design=threshold_sweep").digest() == load().digest()
