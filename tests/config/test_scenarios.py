"""Scenarios add up in any order or are refused; reforms go where the law would carry them; what a file says of itself is read."""

from __future__ import annotations

import subprocess
import sys
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from experiments.design.scenarios import NOT_SAID, changes, header_of, headers, headers_of, kind_of, scenario_overrides
from experiments.settings import asked_by
from experiments.studies.scenarios import main
from sim.config import load
from sim.month import advance
from sim.simulation import prepare
from sim.world.leaves import changed_leaves, leaves_of, put
from sim.world.record import ConfigError
from sim.world.reforms import written_everywhere
from tests.config.own_files import OwnFiles, in_place
from tests.shares import one_in

TINY = ("states=synthetic", "states.synthetic.count=8", "people.rows=500", "demand.legitimate=60", "years=1")
TEXTS = ("mlat", "budapest", "hanoi", "comity")
ASIDE = "safeguards: {good_faith: {hours: 0.123}}"  # a leaf beside the texts


SCENARIOS = {
    "alpha": "instruments: {hanoi: {safeguards: {judge: must}}}",
    "beta": "instruments: {hanoi: {safeguards: {dual_criminality: must}, threshold_years: 6.0}}",
    "gamma": f"{ASIDE}\ninstruments: {{hanoi: {{threshold_years: 6.0}}}}",
    "aside": ASIDE,
    "anti_alpha": "instruments: {hanoi: {safeguards: {judge: absent}}}",
    "bundle": "defaults: [beta, alpha]",
    "bundle_and_itself": "defaults: [alpha, beta, _self_]",
    "bundle_after_itself": "defaults: [_self_, beta, alpha]",
    "inner": "defaults: [alpha]\ninstruments: {hanoi: {harm_floor: 0.7}}",
    "outer": "defaults: [inner, beta]\ninstruments: {hanoi: {most: traffic}}",
    "second": f"defaults: [alpha]\n{ASIDE}",
    "quarrel": "defaults: [bundle, anti_alpha]",
    "own_quarrel": "defaults: [alpha]\ninstruments: {hanoi: {safeguards: {judge: may}}}",
    "nothing": "demand: {abusive_wants: null}",
    "something": "demand: {abusive_wants: {content: 1.0}}",
    "core": "instruments: {hanoi: {reaches: {B: never, C: never, D: never}, harm_floor: 0.9}}",
    "treaty": "instruments: {hanoi: {parties: {base: all}, side_doors: {emergency: false}}}",
    "both": "instruments: {hanoi: {safeguards: {judge: must}}, mlat: {safeguards: {judge: absent}}}",
    "keen": "defaults:\n  - override /conduct: keen",
    "idle": "defaults:\n  - override /conduct: keen\nconduct: {retry_days: 5.0}",
    "keener": "defaults:\n  - override /conduct: keener",
    "hen": "defaults: [egg]",
    "egg": "defaults: [hen]",
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> OwnFiles:
    """A configuration with made-up scenarios, which the tests of this module only read."""
    files = OwnFiles(tmp_path_factory.mktemp("shared") / "configs")
    for name, body in SCENARIOS.items():
        files.scenario(name, body)
    naive = (files.folder / "conduct" / "naive.yaml").read_text(encoding="utf-8")
    files.write("conduct/keen.yaml", naive.replace("attempts: 1 ", "attempts: 2 "))
    files.write("conduct/keener.yaml", naive.replace("attempts: 1 ", "attempts: 3 "))
    return files


@pytest.fixture
def files(written: OwnFiles, monkeypatch: pytest.MonkeyPatch) -> OwnFiles:
    return in_place(written, monkeypatch)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnFiles:
    """A configuration in which a test writes."""
    files = in_place(OwnFiles(tmp_path / "configs"), monkeypatch)
    files.scenario("alpha", SCENARIOS["alpha"])
    return files


def refusal(*overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        asked_by(*overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- composition ----------------------------------------------------------------------------------------------------------


def test_two_scenarios_say_what_each_says(files: OwnFiles) -> None:
    text = load("scenario=[alpha,beta]").instruments["hanoi"]
    assert (text.safeguards["judge"], text.safeguards["dual_criminality"], text.threshold_years) == ("must", "must", 6.0)
    assert set(changes("alpha+beta")) == {*changes("alpha"), *changes("beta")}


def test_the_order_of_scenarios_means_nothing(files: OwnFiles) -> None:
    loaded = [load(f"scenario=[{','.join(order)}]") for order in permutations(("alpha", "beta", "gamma"))]
    assert all(config == loaded[0] for config in loaded)
    assert {config.scenario_name for config in loaded} == {"alpha+beta+gamma"}


@pytest.mark.parametrize("name", ["bundle", "bundle_and_itself", "bundle_after_itself"])
def test_a_bundle_is_the_sum_of_the_scenarios_that_it_lists(files: OwnFiles, name: str) -> None:
    bundle, listed = load(f"scenario={name}"), load("scenario=[alpha,beta]")
    assert bundle.scenario_name == name
    assert bundle.digest() == listed.digest()
    assert bundle == listed.model_copy(update={"scenario_name": name})


def test_a_bundle_may_add_words_of_its_own_and_hold_another_bundle(files: OwnFiles) -> None:
    text = load("scenario=outer").instruments["hanoi"]
    assert (text.safeguards["judge"], text.harm_floor, text.most, text.threshold_years) == ("must", 0.7, "traffic", 6.0)


def test_a_scenario_beside_a_bundle_that_holds_it_adds_nothing(files: OwnFiles) -> None:
    assert load("scenario=[alpha,bundle]") == load("scenario=bundle")
    both = load("scenario=[second,bundle]")  # two bundles that share a scenario
    assert both.scenario_name == "bundle+second"
    assert both.digest() == load("scenario=[alpha,beta,second]").digest()


def test_the_text_as_adopted_adds_nothing_to_any_scenario(files: OwnFiles) -> None:
    assert load("scenario=[as_adopted,alpha]") == load("scenario=alpha") == load("scenario=[alpha]")
    assert load("scenario=[as_adopted]") == load()


def test_a_user_s_override_comes_after_every_scenario(files: OwnFiles) -> None:
    config = load("instruments.hanoi.threshold_years=8", "scenario=[alpha,beta]")
    assert config.instruments["hanoi"].threshold_years == 8.0
    assert config.instruments["hanoi"].safeguards["judge"] == "must"


def test_two_scenarios_may_say_the_same(files: OwnFiles) -> None:
    assert load("scenario=[beta,gamma]").instruments["hanoi"].threshold_years == 6.0


CLASH = (
    "instruments.hanoi.safeguards.judge: found 'must' in configs/scenario/alpha.yaml and 'absent' in "
    "configs/scenario/anti_alpha.yaml; accepted: scenarios that set a key to one value"
)


@pytest.mark.parametrize("names", ["[alpha,anti_alpha]", "[anti_alpha,alpha]", "[gamma,anti_alpha,beta,alpha]"])
def test_two_scenarios_that_contradict_each_other_are_named_with_key_and_values(files: OwnFiles, names: str) -> None:
    assert refusal(f"scenario={names}") == CLASH


def test_a_contradiction_inside_a_bundle_names_the_files_that_contradict(files: OwnFiles) -> None:
    for choice in ("quarrel", "[bundle,anti_alpha]", "[quarrel,gamma]"):
        line = refusal(f"scenario={choice}")
        assert line.startswith("instruments.hanoi.safeguards.judge: found ")
        assert "configs/scenario/alpha.yaml" in line
        assert "configs/scenario/anti_alpha.yaml" in line
        assert "'must'" in line
        assert "'absent'" in line


def test_a_bundle_may_not_contradict_what_it_lists(files: OwnFiles) -> None:
    assert "configs/scenario/own_quarrel.yaml" in refusal("scenario=own_quarrel")


def test_a_value_where_another_scenario_has_a_map_is_a_contradiction(files: OwnFiles) -> None:
    line = refusal("scenario=[nothing,something]")
    assert line.startswith(
        "demand.abusive_wants: found None in configs/scenario/nothing.yaml and a map in configs/scenario/something"
    )


def test_a_scenario_may_choose_another_file_of_a_group_and_two_may_not_choose_differently(files: OwnFiles) -> None:
    config = load("scenario=[alpha,keen]")
    assert (config.conduct.attempts, config.reference.conduct.attempts) == (2, 1)
    assert load("scenario=[keen,idle]").conduct == config.conduct.model_copy(update={"retry_days": 5.0})
    assert refusal("scenario=[keen,keener]").startswith("override /conduct: found 'keen' in configs/scenario/keen.yaml")


# --- mistakes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("scenario=utopia", "scenario: found 'utopia'; accepted: "),
        ("scenario=[alpha,utopia]", "scenario: found 'utopia'; accepted: "),
        ("scenario=[alpha,alpha]", "scenario: found 'alpha' twice; accepted: each name once"),
        ("scenario=[]", "scenario: found an empty list; accepted: one or more of "),
        ("scenario=null", "scenario: found 'null'; accepted: a name, or several as [a,b], of "),
        ("scenario={alpha: 1}", "scenario: found '{alpha: 1}'; accepted: a name"),
        ("scenario=alpha,beta", "scenario: found 'alpha,beta'; accepted: a name, or several as [a,b]"),
        ("scenario=[[alpha]]", "scenario: found \"['alpha']\"; accepted: "),
        ("~scenario", "scenario: found '~scenario'; accepted: a name"),
        ("+scenario=alpha", "scenario: found '+scenario=alpha'; accepted: a name"),
        ("scenario=[alpha", "scenario=[alpha: no override that can be read"),
        ("scenario_name=mine", "scenario_name: no such key; accepted: years, "),
        ("design=utopia", "design: found 'utopia'; accepted: adaptation, assumptions, bank, capacities, conclusions, discovery, "),
        ("~design", "design: found '~design'; accepted: "),
        ("scenarios=5", "scenarios: found 5; accepted: "),
    ],
)
def test_a_choice_that_cannot_be_made_is_one_line(files: OwnFiles, override: str, line: str) -> None:
    assert refusal(override).startswith(line)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("defaults: [utopia]", "configs/scenario/own.yaml: defaults: found 'utopia'; accepted: _self_, "),
        ("defaults: [own]", "configs/scenario/own.yaml: defaults: found 'own', which holds 'own' itself; accepted: "),
        ("scenario_name: own", "configs/scenario/own.yaml: found 'scenario_name', which follows from the choice; accepted: years"),
        ("reference: {review: {rho: 0.1}}", "configs/scenario/own.yaml: found 'reference'"),
        ("[alpha]", "configs/scenario/own.yaml: found no map; accepted: key: value"),
        ("instruments: {hanoi: [", "configs/scenario/own.yaml: "),
        ("treshold: 4", "treshold: no such key; accepted: "),
    ],
)
def test_a_file_that_cannot_be_composed_is_named_in_one_line(own: OwnFiles, body: str, line: str) -> None:
    own.scenario("own", body)
    assert refusal("scenario=[alpha,own]").startswith(line)


def test_scenarios_that_hold_each_other_are_refused(files: OwnFiles) -> None:
    assert "which holds " in refusal("scenario=hen")


def test_a_broken_file_of_another_group_is_one_line(own: OwnFiles) -> None:
    own.write("conduct/naive.yaml", "# @package conduct\nattempts: [")
    assert refusal().startswith("configs/conduct/naive.yaml: line 3: ")


def test_a_file_that_is_edited_is_read_again(own: OwnFiles) -> None:
    before = load("scenario=alpha")
    own.scenario("alpha", "instruments: {hanoi: {safeguards: {judge: absent}}}")
    assert before.instruments["hanoi"].safeguards["judge"] == "must"
    assert load("scenario=alpha").instruments["hanoi"].safeguards["judge"] == "absent"


# --- reforms everywhere ---------------------------------------------------------------------------------------------------


def test_a_reform_everywhere_bears_that_in_its_name(files: OwnFiles) -> None:
    assert load("scenario=[beta,alpha]", "reforms=everywhere").scenario_name == "alpha+beta@everywhere"
    assert load("reforms=everywhere").scenario_name == "as_adopted@everywhere"


def test_a_force_goes_to_every_text_and_to_comity(files: OwnFiles) -> None:
    texts = load("scenario=alpha", "reforms=everywhere").instruments
    assert {texts[name].safeguards["judge"] for name in TEXTS} == {"must"}
    assert load("scenario=alpha").instruments["mlat"].safeguards["judge"] == "may"


def test_scope_goes_to_every_text_but_comity(files: OwnFiles) -> None:
    texts, before = load("scenario=core", "reforms=everywhere").instruments, load().instruments
    for name in ("mlat", "budapest"):
        assert texts[name].reaches == before[name].reaches | {"B": "never", "C": "never", "D": "never"}
        assert texts[name].harm_floor == 0.9
    assert texts["comity"] == before["comity"]


def test_parties_and_side_doors_stay_the_treaty_s_own(files: OwnFiles) -> None:
    texts, before = load("scenario=treaty", "reforms=everywhere").instruments, load().instruments
    assert all(texts[name] == before[name] for name in texts if name != "hanoi")
    assert texts["hanoi"] != before["hanoi"]


def test_a_reform_everywhere_leaves_reference_world_and_the_rest_alone(files: OwnFiles) -> None:
    there, everywhere = load("scenario=[alpha,gamma]"), load("scenario=[alpha,gamma]", "reforms=everywhere")
    assert everywhere.reference == load().reference
    assert everywhere.world_digest() == there.world_digest()
    assert everywhere.digest() != there.digest()
    differing = {key.split(".")[1] for key in changed_leaves(there.plain(), everywhere.plain()) if key.startswith("instruments.")}
    assert differing == {*everywhere.instruments} - {"hanoi"}
    assert everywhere.safeguards == there.safeguards


def test_nothing_to_write_everywhere_is_no_change(files: OwnFiles) -> None:
    assert load("scenario=aside", "reforms=everywhere").digest() == load("scenario=aside").digest()
    assert load("reforms=everywhere").digest() == load().digest()


def test_a_user_s_change_of_the_treaty_goes_everywhere_too(files: OwnFiles) -> None:
    texts = load("instruments.hanoi.safeguards.political_offence=must", "reforms=everywhere").instruments
    assert {texts[name].safeguards["political_offence"] for name in TEXTS} == {"must"}


@pytest.mark.parametrize("key", one_in(2, ["safeguards.judge=may", "safeguards={judge: may}"]))
@pytest.mark.parametrize("sign", ["", "++"])
def test_what_the_user_says_of_another_text_stands(files: OwnFiles, key: str, sign: str) -> None:
    texts = load("scenario=alpha", "reforms=everywhere", f"{sign}instruments.mlat.{key}").instruments
    assert (texts["mlat"].safeguards["judge"], texts["budapest"].safeguards["judge"]) == ("may", "must")


def test_what_a_scenario_says_of_another_text_stands(files: OwnFiles) -> None:
    texts = load("scenario=both", "reforms=everywhere").instruments
    assert (texts["mlat"].safeguards["judge"], texts["budapest"].safeguards["judge"]) == ("absent", "must")


def test_a_world_runs_under_a_reform_everywhere(files: OwnFiles) -> None:
    run = prepare(load(*TINY, "scenario=[alpha,core]", "reforms=everywhere"), 1)
    for _ in range(3):
        advance(run)
    assert int(run.docket.used[0]) > 0


def made_up() -> dict[str, Any]:
    """Three texts in plain values; the last in order is where there is no text."""
    return {
        "treaty": {"order": 10, "threshold_years": 1.0, "safeguards": {"judge": "may"}, "adds": {}, "parties": {"base": "pairs"}},
        "hanoi": {"order": 30, "threshold_years": 4.0, "safeguards": {"judge": "may"}, "adds": {}, "parties": {"base": "all"}},
        "none": {"order": 90, "threshold_years": 0.0, "safeguards": {"judge": "may"}, "adds": {}, "parties": {"base": "all"}},
    }


@pytest.mark.parametrize(
    ("key", "value", "reached"),
    [
        ("safeguards.judge", "must", {"treaty", "none"}),
        ("safeguards.panel", "must", {"treaty", "none"}),
        ("stops_preservation.judge", True, {"treaty", "none"}),
        ("secrecy", "always", {"treaty", "none"}),
        ("threshold_years", 6.0, {"treaty"}),
        ("reaches.C", "never", {"treaty"}),
        ("seriousness", "grave", {"treaty"}),
        ("harm_floor", 0.7, {"treaty"}),
        ("adds.false_news", True, {"treaty"}),
        ("most", "traffic", {"treaty"}),
        ("parties.extra.USA", True, set()),
        ("order", 31, set()),
        ("from_start", True, set()),
        ("filing", 0.5, set()),
        ("delay_factor", 2.0, set()),
        ("side_doors.emergency", False, set()),
    ],
)
def test_each_word_of_the_treaty_goes_where_the_law_would_carry_it(key: str, value: Any, reached: set[str]) -> None:
    adopted, chosen = made_up(), made_up()
    put(chosen["hanoi"], key, value)
    kept = leaves_of(chosen)
    written = written_everywhere(chosen, adopted)
    assert {name for name in ("treaty", "none") if written[name] != adopted[name]} == reached
    assert all(leaves_of(written[name])[key] == value for name in ("hanoi", *reached))
    assert leaves_of(chosen) == kept, "what was chosen is not altered"


def test_where_the_treaty_is_no_choice_there_is_nothing_to_write() -> None:
    texts = made_up()
    del texts["hanoi"]
    assert written_everywhere(texts, made_up()) == texts


def test_a_text_that_the_reference_lacks_takes_the_reform_over() -> None:
    adopted, chosen = made_up(), made_up()
    del adopted["treaty"]
    chosen["hanoi"]["safeguards"]["judge"] = "must"
    assert written_everywhere(chosen, adopted)["treaty"]["safeguards"]["judge"] == "must"


# --- what a file says of itself -------------------------------------------------------------------------------------------


def test_a_header_is_read_line_by_line(own: OwnFiles) -> None:
    own.write(
        "scenario/own.yaml",
        "# @package _global_\n# Question: S99, what if: so?\n# Motive: a test.\n# Expect: much.\n"
        "# Direction: case_disclosure_rate down; legit_met_rate same\n# Finding: no effect, because it is a test.\n"
        "instruments: {hanoi: {harm_floor: 0.1}}\n",
    )
    header = headers()["own"]
    assert (header.name, header.question, header.motive, header.expect) == ("own", "S99, what if: so?", "a test.", "much.")
    assert header.direction == {"case_disclosure_rate": "down", "legit_met_rate": "same"}
    assert header.finding == "no effect, because it is a test."
    assert headers()["alpha"].direction == {}
    assert headers()["alpha"].finding is None


def test_what_a_header_says_twice_it_says_once(own: OwnFiles) -> None:
    """What stands first counts: further down a line may be a comment on a value."""
    head = "# @package _global_\n# Question: S99, what if?\n# Motive: a test.\n# Expect: much.\n"
    own.write("scenario/own.yaml", f"{head}instruments: {{hanoi: {{harm_floor: 0.1}}}}\n# Expect: nothing at all.\n")
    assert headers()["own"].expect == "much."


def test_headers_come_in_alphabetical_order(files: OwnFiles) -> None:
    assert list(headers()) == sorted(path.stem for path in (files.folder / "scenario").glob("*.yaml"))


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (("# Expect: ", "# Direction: a sideways\n# Expect: "), "Direction: found 'a sideways'; accepted: 'metric up'"),
        (
            ("# Expect: ", "# Kind: safegard\n# Expect: "),
            "Kind: found 'safegard'; accepted: safeguard, bundle, membership, stress, control",
        ),
        (("# Expect: ", f"# Name: {'x' * 33}\n# Expect: "), f"Name: found '{'x' * 33}'; accepted: at most 32 letters"),
        (("# Expect: ", "# Direction: a up; a down\n# Expect: "), "Direction: found 'a' twice; accepted: each metric once"),
    ],
)
def test_a_header_that_cannot_be_read_is_one_line(own: OwnFiles, spoil: tuple[str, str], line: str) -> None:
    path = own.folder / "scenario" / "alpha.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(*spoil), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        header_of(path)
    assert str(caught.value).startswith(f"configs/scenario/alpha.yaml: {line}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arm", "kind"),
    [
        ("judge", "safeguard"),
        ("judge@everywhere", "safeguard"),
        ("judge+notice", "bundle"),
        ("judge+reform_bundle@everywhere", "bundle"),
        ("judge+no_treaty", "membership"),
        ("judge+no_treaty+spyware", "stress"),
        ("democracies_out_placebo+judge", "control"),
        ("judge+own", NOT_SAID),
        ("an arm of a design", NOT_SAID),
    ],
)
def test_a_stack_is_a_bundle_unless_a_part_of_it_is_no_policy(own: OwnFiles, arm: str, kind: str) -> None:
    own.write("scenario/own.yaml", "# @package _global_\ninstruments: {hanoi: {filing: 0.1}}\n")
    assert kind_of(arm, headers_of([arm])) == kind


def test_scenarios_are_listed_a_part_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    lines = [line.split("  ")[0].strip() for line in capsys.readouterr().out.splitlines()]
    places = [
        next(place for place, line in enumerate(lines) if line == name)
        for name in ("judge", "minimal_bundle", "no_treaty", "spyware", "as_adopted")
    ]
    assert places == sorted(places)


def test_a_file_needs_no_header_and_what_it_does_not_say_is_not_said(own: OwnFiles, capsys: pytest.CaptureFixture[str]) -> None:
    own.write("scenario/mine.yaml", "# @package _global_\n# Expect: much.\ninstruments: {hanoi: {harm_floor: 0.1}}\n")
    mine = headers()["mine"]
    assert (mine.kind, mine.called) == (NOT_SAID, "")
    assert (mine.question, mine.motive, mine.expect, mine.direction, mine.finding) == (NOT_SAID, NOT_SAID, "much.", {}, None)
    assert main("mine") == 0
    told = capsys.readouterr().out
    assert f"Motive: {NOT_SAID}\nExpected: much.\n" in told
    assert "instruments.hanoi.harm_floor: " in told


BAD = {
    "letters": lambda path: path.write_bytes(b"# Question: \xff\n"),
    "folder": lambda path: path.mkdir(),
    "lost": lambda path: path.symlink_to(path.with_name("nowhere")),
    "direction": lambda path: path.write_text("# Direction: sideways\n", encoding="utf-8"),
    "body": lambda path: path.write_text("# @package _global_\na: [\n", encoding="utf-8"),
    "list": lambda path: path.write_text("# @package _global_\n- a\n", encoding="utf-8"),
    "of nothing": lambda path: path.write_text("defaults: [utopia]\n", encoding="utf-8"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_spoils_itself_alone(own: OwnFiles, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    BAD[kind](own.folder / "scenario" / "bad.yaml")
    assert main() == 0
    said = capsys.readouterr()
    assert "alpha" in said.out
    assert "judge" in said.out
    (line,) = said.err.splitlines()
    assert line.startswith("rogatory: configs/scenario/bad.yaml: ")
    assert main("alpha") == 0
    assert list(headers_of(["alpha", "alpha+judge@everywhere", "an arm"])) == ["alpha", "judge"]


def test_words_in_brackets_are_no_markup(own: OwnFiles, capsys: pytest.CaptureFixture[str]) -> None:
    own.write("scenario/mine.yaml", "# Question: what [/of] it?\n# Motive: [bold]none\n")
    assert main() == main("mine") == 0
    said = capsys.readouterr().out
    assert said.count("what [/of] it?") == 2
    assert "Motive: [bold]none" in said


def test_changes_are_flat_and_relative_to_the_text_as_adopted(files: OwnFiles) -> None:
    assert changes("alpha") == {"instruments.hanoi.safeguards.judge": ("may", "must")}
    assert changes("as_adopted") == {}
    assert changes("gamma") == {
        "instruments.hanoi.threshold_years": (4.0, 6.0),
        "safeguards.good_faith.hours": (load().plain()["safeguards"]["good_faith"]["hours"], 0.123),
    }
    assert set(changes("alpha@everywhere")) == {f"instruments.{name}.safeguards.judge" for name in load().instruments}


@pytest.mark.parametrize("arm", ["", "+", "a+", "a@mars", "a@", "@everywhere", "a b", "a,b", "a@everywhere+b"])
def test_a_name_that_is_no_choice_is_refused(arm: str) -> None:
    with pytest.raises(ConfigError, match=r"^scenarios: found .*; accepted: scenarios joined by '\+'"):
        scenario_overrides(arm)


def test_the_listing_shows_each_scenario_and_a_name_is_told_fully(files: OwnFiles, capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    listing = capsys.readouterr().out
    assert all(name in listing for name in headers())
    assert main("alpha", "beta+gamma") == 0
    told = capsys.readouterr().out
    for line in (
        "what if so?",
        "a test of composition.",
        "instruments.hanoi.safeguards.judge: may -> must",
        "threshold_years: 4.0 -> 6.0",
    ):
        assert line in told
    assert main("as_adopted") == 0
    assert "Changes nothing against as_adopted." in capsys.readouterr().out


def test_an_unknown_scenario_is_refused_before_anything_is_told(files: OwnFiles, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match=r"^scenario: found 'utopia'; accepted: "):
        main("alpha", "utopia")
    assert capsys.readouterr().out == ""


def test_listing_and_telling_scenarios_imports_no_compiled_rule() -> None:
    script = (
        "import sys; from experiments.studies.scenarios import main; main(); main('no_treaty');"
        "slow = {'numba', 'scipy', 'pandas', 'mesa', 'matplotlib'} & set(sys.modules); sys.exit(','.join(sorted(slow)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
