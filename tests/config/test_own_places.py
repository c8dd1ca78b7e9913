"""Files from a place of a user's own: by their path, and in a folder that is looked in too; everywhere a name is accepted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from experiments.cli import main
from experiments.design.designs import design_of
from experiments.design.points import points_of
from experiments.design.scenarios import changes
from experiments.settings import asked_by, conduct_of_study
from experiments.studies.compare import compared_arms
from sim.composition import Asked
from sim.config import composed_values, load, looking_in, options, path_of, scenario_of
from sim.places import config_path
from sim.world.record import ConfigError
from tests.sweep.small import TINY

MINE = "# @package _global_\ninstruments: {hanoi: {safeguards: {judge: must}}}\n"
OTHER = "# @package _global_\ninstruments: {hanoi: {safeguards: {judge: absent}}}\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a user's own, laid out as ``configs/`` is, beside a file that lies in none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.places._by_path", {})
    home = tmp_path / "my files"
    for group in ("scenario", "conduct", "design"):
        (home / group).mkdir(parents=True)
    (home / "scenario" / "mine.yaml").write_text(MINE, encoding="utf-8")
    naive = path_of("conduct", "naive").read_text(encoding="utf-8")
    (home / "conduct" / "keen.yaml").write_text(naive.replace("attempts: 1 ", "attempts: 2 "), encoding="utf-8")
    (home / "design" / "asked.yaml").write_text("question: what if\nscenarios: [mine, judge+mine]\nseeds: 2\n", encoding="utf-8")
    (tmp_path / "lone-file.yaml").write_text(OTHER, encoding="utf-8")
    return home


def judge_of(*overrides: str) -> str:
    return load(*overrides).instruments["hanoi"].safeguards["judge"]


def refusal(*overrides: str) -> str:
    with pytest.raises(ConfigError) as mistake:
        asked_by(*overrides)
    line = str(mistake.value)
    assert "\n" not in line
    assert "accepted: " in line
    return line


def test_a_file_is_chosen_by_its_path_and_goes_by_its_name(place: Path) -> None:
    config = load("scenario=lone-file.yaml")
    assert (config.scenario_name, config.instruments["hanoi"].safeguards["judge"]) == ("lone-file", "absent")
    assert judge_of(f"scenario='{place}/scenario/mine.yaml'") == "must"
    assert scenario_of(f"scenario=[notice,'{place}/scenario/mine.yaml']") == "mine+notice"
    assert load(f"conduct='{place}/conduct/keen.yaml'").conduct.attempts == 2


def test_a_folder_is_looked_in_wherever_a_name_is_accepted(place: Path) -> None:
    assert refusal("scenario=mine").startswith("scenario: found 'mine'; accepted: ")
    with looking_in(str(place)):
        assert "mine" in options("scenario")
        assert judge_of("scenario=mine") == "must"
        assert load("conduct=keen").conduct.attempts == 2
        assert "instruments.hanoi.safeguards.judge" in changes("mine")
        found = points_of(design_of("asked"), [*TINY])
        assert [*found.frame["scenario"]] == ["mine", "judge+mine"]
        assert [arm.name for arm in compared_arms(["scenarios=[mine,judge+mine]", *TINY])[0]] == ["mine", "judge+mine"]
        assert config_path(path_of("scenario", "mine")) == f"{place}/scenario/mine.yaml"
    assert "mine" not in options("scenario")
    assert judge_of(f"hydra.searchpath=['{place}']", "scenario=mine") == "must"
    assert judge_of(f"hydra.searchpath=['file:{'//'}{place}']", "scenario=mine") == "must"


DESIGNS = {
    "scenarios": "scenarios: [lone-file.yaml, judge]",
    "a lever": "levers: {a: lone-file.yaml}",
    "a level": "levers: {a: {off: {}, on: lone-file.yaml}}",
    "an arm": "arms: {a: [scenario=lone-file.yaml]}",
    "a baseline": "baseline: lone-file.yaml\nscenarios: [judge]",
    "a constant": "constants: [\"conduct='my files/conduct/keen.yaml'\"]\nscenarios: [judge]",
}


@pytest.mark.parametrize("way", DESIGNS)
def test_a_design_names_files_by_their_path_too(way: str, place: Path) -> None:
    Path("own.yaml").write_text(f"question: what if\n{DESIGNS[way]}\n", encoding="utf-8")
    found = points_of(design_of("own.yaml"), [*TINY])
    judges = {found.config(place).instruments["hanoi"].safeguards["judge"] for place in range(len(found.frame))}
    assert ("absent" in judges) == (way not in ("a baseline", "a constant"))
    if way == "a constant":
        assert {found.config(place).conduct.attempts for place in range(len(found.frame))} == {2}


def test_what_a_file_says_and_not_its_name_decides_what_is_run(place: Path) -> None:
    before = load("scenario=lone-file.yaml").digest()
    Path("lone-file.yaml").write_text(MINE, encoding="utf-8")
    assert load("scenario=lone-file.yaml").digest() != before
    with looking_in(str(place)):
        first = composed_values("scenario=mine")
        (place / "scenario" / "mine.yaml").write_text(OTHER, encoding="utf-8")
        assert composed_values("scenario=mine") != first


IDLE = {
    "scenarios/mine.yaml": ": found in no group; accepted: files in adaptation, ",
    "mine.yaml": ": found in no group; accepted: files in adaptation, ",
    "config.yaml": ": found in no group; accepted: files in adaptation, ",
    "hydra/mine.yaml": ": found in no group; accepted: files in adaptation, ",
    "scenario/judge.yaml": ": found a name that configs/scenario/judge.yaml has; accepted: another name",
    "scenario/a b.yaml": ": found the name 'a b'; accepted: letters, digits, _ and -",
}


@pytest.mark.parametrize("file", IDLE)
def test_a_file_that_would_have_no_effect_is_refused(file: str, place: Path) -> None:
    (place / file).parent.mkdir(exist_ok=True)
    (place / file).write_text(MINE, encoding="utf-8")
    with pytest.raises(ConfigError) as mistake, looking_in(str(place)):
        pass
    assert str(mistake.value).startswith(f"{place}/{file}{IDLE[file]}")


@pytest.mark.parametrize("word", ["nowhere", "lone-file.yaml", "", "empty", "a\0b", "x" * 5000])
def test_a_folder_without_effect_is_refused(word: str, place: Path) -> None:
    Path("empty").mkdir()
    with pytest.raises(ConfigError, match=r"^--config-dir: found .*; accepted: "), looking_in(word):
        pass


PATHS = {
    "nowhere.yaml": "scenario: found 'nowhere.yaml', which is no file; accepted: the path of a YAML file, or ",
    "'a/b c.yaml'": "scenario: found 'a/b c.yaml', which is no file; accepted: ",
    "judge.yaml": "scenario: found 'judge.yaml', a name that configs/scenario/judge.yaml has; accepted: a file of another name",
    "'two words.yaml'": "scenario: found 'two words.yaml'; accepted: a file whose name has letters, digits, _ and - alone",
    "[judge,lone-file.yaml]": "instruments.hanoi.safeguards.judge: found ",
    "[lone-file.yaml,lone-file.yaml]": "scenario: found 'lone-file.yaml' twice; accepted: each name once",
}


@pytest.mark.parametrize("word", PATHS)
def test_a_path_that_cannot_be_taken_is_one_line(word: str, place: Path) -> None:
    for name in ("judge.yaml", "two words.yaml"):
        Path(name).write_text(MINE, encoding="utf-8")
    assert refusal(f"scenario={word}").startswith(PATHS[word])


def test_a_file_of_the_name_of_one_in_the_folder_is_refused(place: Path) -> None:
    Path("mine.yaml").write_text(OTHER, encoding="utf-8")
    assert "a name that " in refusal(f"hydra.searchpath=['{place}']", "scenario=mine.yaml")


@pytest.mark.parametrize("value", ["5", "{a:b}", "null", "[1]"])
def test_a_search_path_is_a_list_of_folders(value: str) -> None:
    assert refusal(f"hydra.searchpath={value}").startswith("hydra.searchpath: found ")


WAYS = [["--config-dir", "my files"], ["--config-dir=my files"], ["-cd", "my files"], ["hydra.searchpath=['my files']"]]


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_the_command_line_looks_there_and_keeps_it_in_the_command(
    way: list[str], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Asked.of([*way, "scenario=mine"]).overrides == ("scenario=mine", "hydra.searchpath=['my files']")
    assert main(["run", *way, "--cfg", "job", "scenario=mine"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["instruments"]["hanoi"]["safeguards"]["judge"] == "must"
    assert main(["points", *way, *TINY, "design=asked"]) == 0
    assert capsys.readouterr().out.count("mine") == 2


def test_scenarios_of_ones_own_are_listed_and_told(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenarios", "--config-dir", "my files"]) == 0
    assert " mine " in capsys.readouterr().out
    for words in (["--config-dir=my files", "mine"], ["my files/scenario/mine.yaml"], ["judge+my files/scenario/mine.yaml"]):
        assert main(["scenarios", *words]) == 0, words
        assert "instruments.hanoi.safeguards.judge: may -> must" in capsys.readouterr().out
    assert main(["scenarios", "mine", "--config-dir", "nowhere"]) == 2
    assert main(["reproduce", "--config-dir", "my files"]) == 2


def test_a_folder_is_forgotten_after_a_study_and_after_a_mistake(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["points", "--config-dir", "my files", *TINY, "design=asked", "years=0"]) == 2
    assert main(["points", *TINY, "design=asked"]) == 2
    assert "design: found 'asked'" in capsys.readouterr().err


@pytest.mark.slow
def test_a_multirun_over_files_of_ones_own_is_one_store(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "-m", *TINY, "replicates=1", "seeds=1", "workers=1", "output=out", "store=many"]
    assert main([*words, "--config-dir", "my files", "scenario=mine,judge", "conduct='my files/conduct/keen.yaml',naive"]) == 0
    frame = pd.concat(pd.read_parquet(path) for path in sorted(Path("out/stores/many/points").glob("*.parquet")))
    assert sorted(frame["scenario"]) == ["judge", "judge", "mine", "mine"]


# --- one file where one is chosen -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["conduct=[naive,adaptive]", "states=[real,synthetic]", "engine=[local]", "people=[]"])
def test_a_list_where_one_file_is_chosen_is_refused(word: str) -> None:
    group = word.partition("=")[0]
    assert refusal(word).startswith(f"{group}: found the list [")


def test_a_list_among_a_scenario_s_defaults_is_refused_too(place: Path) -> None:
    head = "# @package _global_\ndefaults:\n  - override /conduct: [naive, adaptive]\n"
    Path("lone-file.yaml").write_text(head, encoding="utf-8")
    assert "defaults: override /conduct: found the list ['naive', 'adaptive']; accepted: one of adaptive" in refusal(
        "scenario=lone-file.yaml"
    )


def test_a_list_is_taken_where_the_defaults_have_one() -> None:
    assert [*conduct_of_study("figure=[standard,sensitivity]").figures] != [*conduct_of_study().figures]


def test_a_name_that_is_misspelt_is_asked_back() -> None:
    assert refusal("scenario=jugde").endswith("; did you mean 'judge'?")
    assert refusal("conduct=adaptve").endswith("; did you mean 'adaptive'?")
    assert refusal("revew.rho=0.5").endswith("; did you mean 'review'?")
