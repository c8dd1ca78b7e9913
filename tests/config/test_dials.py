"""Dials of states are checked before anything runs, and are keys of any study: arms, levers, conditions and uncertainties."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from experiments.design.designs import design_from
from experiments.design.points import points_of
from sim.config import is_lever, load, with_overrides
from sim.config.checking import checked_config
from sim.config.loading import composed_values
from sim.settings import Config
from sim.simulation import check
from sim.world.record import ConfigError

MINE = "TUR: {penalties: {false_news: 4}}\nall: {strength: 0.8}\n"


def refusal(*overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        check(load("people.rows=500", *overrides))
    text = str(caught.value)
    assert "\n" not in text
    return text


def said(config: Config) -> dict[str, object]:
    return config.dials.model_dump(exclude_defaults=True).get("override", {})


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "my_reform.yaml"
    path.write_text(MINE, encoding="utf-8")
    return path


# What is given, the key that the line opens with, and what it must say besides.
WRONG = [
    ("states.override.TUX.strength=1.0", "states.override", "signatories", "'TUV'"),
    ("states.override.tur.strength=1.0", "states.override", "'TUR'"),
    ("states.override.TUR.strenght=1.0", "states.override.TUR.strenght", "'strength'"),
    ("states.override.TUR.repression=1.0", "states.override.TUR.repression", "penalties, uptake"),
    ("states.override.TUR.strength=1.2", "states.override.TUR.strength", "from 0 to 1"),
    ("states.override.TUR.appetite.journalist=2", "states.override.TUR.appetite.journalist", "from 0 to 1"),
    ("states.override.TUR.appetite.spies=0.2", "states.override.TUR.appetite.spies", "'journalist'"),
    ("states.override.TUR.breadth=1.5", "states.override.TUR.breadth", "from 0 to 1"),
    ("+offences.insult.breadth={autocracy: 0.1}", "offences.insult.breadth", "classes A and B"),
    ("+offences.fraud.exempt_from={insult: true}", "offences.fraud.exempt_from", "class D"),
    ("+offences.insult.exempt_from={frau: true}", "offences.insult.exempt_from", "'fraud'"),
    ("states.override.TUR.hours=0", "states.override.TUR.hours", "greater than 0"),
    ("states.override.TUR=3", "states.override.TUR", "a map"),
    ("states.override.TUR.penalties.fals_news=3", "states.override.TUR.penalties", "protected", "'false_news'"),
    ("states.override.TUR.penalties.fraud=3", "states.override.TUR.penalties", "class D"),
    ("states.override.TUR.penalties.false_news=101", "states.override.TUR.penalties.false_news", "years from 0 to 100, no_crime"),
    ("states.override.TUR.penalties.false_news=true", "states.override.TUR.penalties.false_news", "no_crime"),
    ("states.override.TUR.penalties.protected={most: 3, least: 4}", "states.override.TUR.penalties.protected", "{most: 3.9}"),
    ("states.override.TUR.penalties.protected={}", "states.override.TUR.penalties.protected", "{most: 3.9}"),
    ("states.lists.Europe=[TUR]", "states.lists.Europe", "another name"),
    ("states.lists.near=[TUR,XYZ]", "states.lists.near", "'XYZ'"),
    ("states.lists.near=[]", "states.lists.near", "no state"),
    ("review.strength=-0.1", "review.strength", "from 0 to 1"),
    ("review.acuity=2.5", "review.acuity", "from 0 to 2"),
    ("definition=libral", "definition", "'liberal'"),
    ("definition=[liberal,expansive]", "definition", "one of"),
    ("definition=nowhere.yaml", "definition", "no file"),
]


@pytest.mark.parametrize("line", WRONG, ids=lambda line: line[0])
def test_a_wrong_dial_is_one_line(line: tuple[str, ...]) -> None:
    given, key, *others = line
    text = refusal(given)
    assert text.startswith(f"{key}: ")
    assert "accepted: " in text
    for words in others:
        assert words in text


BESIDE = [
    (("states.override.TUR.strength=0.5", "states.override.TUR.uptake=0.3"), "states.override.TUR.uptake: found beside strength"),
    (("states.override.all.strength=0.5", "states.override.Asia.fidelity=0.3"), "states.override.Asia.fidelity: found beside"),
    (("review.strength=0.5", "states.override.TUR.uptake=0.3"), "states.override.TUR.uptake: found beside review.strength for TUR"),
]


@pytest.mark.parametrize(("given", "text"), BESIDE)
def test_a_strength_and_what_it_stands_for_are_not_both_set_for_a_state(given: tuple[str, ...], text: str) -> None:
    assert refusal(*given).startswith(text)


def test_strengths_of_some_and_uptakes_of_others_stand_beside_each_other() -> None:
    check(load("states.override.TUR.strength=0.5", "states.override.EGY.uptake=0.3"))


LISTS = ("states.lists.one=[TUR,EGY]", "states.lists.two=[EGY,VNM]")


def test_two_lists_that_share_a_state_and_a_key_are_refused() -> None:
    text = refusal(*LISTS, "states.override.one.skill=0.1", "states.override.two.skill=0.2")
    assert text.startswith("states.override.two.skill: found for EGY, for which one says it too; accepted: ")
    protected = refusal(*LISTS, "states.override.one.penalties.insult=1", "states.override.two.penalties.protected=2")
    assert protected.startswith("states.override.two.penalties.insult: found for EGY")
    check(load(*LISTS, "states.override.one.skill=0.1", "states.override.two.judicial=0.2"))
    check(load(*LISTS[:1], "states.lists.two=[VNM]", "states.override.one.skill=0.1", "states.override.two.skill=0.2"))


def test_a_state_of_the_real_world_is_none_of_a_made_up_one() -> None:
    text = refusal("states=synthetic", "states.override.TUR.strength=0.5")
    assert text.startswith("states.override: found 'TUR', which is no state of this world; accepted: its codes (AAA")


@pytest.mark.parametrize(
    "key", ["states.override.TUR.strength", "states.lists.near", "definition", "review.strength", "review.acuity"]
)
def test_dials_are_policy(key: str) -> None:
    assert is_lever(key)
    assert not is_lever("states.correlation")


# --- files ------------------------------------------------------------------------------------------------------------------------


def test_a_file_of_ones_own_needs_no_line_that_says_where_it_goes(mine: Path) -> None:
    wanted = {"TUR": {"penalties": {"false_news": 4.0}}, "all": {"strength": 0.8}}
    assert said(load(f"definition={mine}")) == wanted
    assert said(load(f"definition={mine}", "states.override.all.skill=0.5"))["all"] == {"strength": 0.8, "skill": 0.5}


def test_a_definition_in_a_folder_of_ones_own_is_chosen_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "definition").mkdir()
    (tmp_path / "definition" / "elsewhere.yaml").write_text(MINE, encoding="utf-8")
    assert said(load(f"hydra.searchpath=[{tmp_path}]", "definition=elsewhere"))["all"] == {"strength": 0.8}


def test_a_mistake_in_a_file_is_told_by_its_key(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("TUR: {penalties: {false_news: soon}}\n", encoding="utf-8")
    assert refusal(f"definition={path}").startswith("states.override.TUR.penalties.false_news: found 'soon'; accepted: years")


def test_the_statutes_are_the_configuration_without_the_key() -> None:
    assert load("definition=statutes") == load()
    assert load("definition=statutes").digest() == load().digest()


# --- studies ----------------------------------------------------------------------------------------------------------------------


def test_a_definition_among_settings_is_the_same_as_composed(mine: Path) -> None:
    plain = composed_values("people.rows=500")
    for name in ("liberal", "expansive", str(mine)):
        set_over = checked_config(with_overrides(plain, {"definition": name, "states.override.EGY.skill": 0.3}))
        assert set_over == load("people.rows=500", f"definition={name}", "states.override.EGY.skill=0.3")
    assert checked_config(plain) == load("people.rows=500"), "the original stays"


def points(body: str, *overrides: str) -> list[dict[str, object]]:
    design = design_from(yaml.safe_load(body), "design")
    found = points_of(design, overrides)
    return [settings for _, settings in found.settings]


def test_dials_are_levers_conditions_and_uncertainties_of_a_design() -> None:
    settings = points(
        """
        question: which definition, how firmly kept, read how well?
        levers:
          law: {as_it_is: {}, narrow: {definition: liberal}, wide: {definition: expansive}}
          strength: {own: {}, none: {review.strength: 0.0}}
        conditions:
          usual: {}
          near: {states.override.TUR.strength: 1.0}
        uncertainties:
          review.acuity: {low: 0.5, high: 1.5}
          states.override.all.judicial: {low: 0.0, high: 1.0}
        draw: grid
        levels: 2
        """,
    )
    assert len(settings) == 3 * 2 * 2 * 4
    plain = composed_values()
    for one in settings[:: len(settings) - 1]:
        config = checked_config(with_overrides(plain, one))
        assert config.world_digest() == load().world_digest()
        assert config.reference == load().reference


def test_a_definition_is_drawn_from_a_list() -> None:
    settings = points("{question: q, uncertainties: {definition: {values: [statutes, liberal]}}, draw: grid}")
    assert sorted(str(one["definition"]) for one in settings) == ["liberal", "statutes"]


def test_a_definition_that_is_set_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="definition: set in a point, and given too"):
        points("{question: q, conditions: {a: {definition: liberal}}}", "definition=expansive")
