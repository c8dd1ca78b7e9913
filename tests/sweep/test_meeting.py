"""Two settings of one point never depend on their order: what meets is refused, and a map joins a map as on the command line."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.design.designs import design_from
from experiments.design.points import points_from, points_of
from experiments.design.table import Points
from sim.config import checked_config, composed_values, load, refuse_nested, with_overrides
from sim.world.leaves import leaves_of
from sim.world.record import ConfigError
from tests.sweep.small import TINY

EXTRA = "instruments.hanoi.parties.extra"
SAFEGUARDS = "instruments.hanoi.safeguards"


def points(body: Mapping[str, Any], *overrides: str) -> Points:
    return points_of(design_from({"question": "what if"} | dict(body), "own.yaml"), [*TINY, *overrides])


def refusal(body: Mapping[str, Any], *overrides: str) -> str:
    with pytest.raises(ConfigError) as mistake:
        points(body, *overrides)
    line = str(mistake.value)
    assert "\n" not in line
    return line


A, B = {EXTRA: {"USA": True}}, {f"{EXTRA}.IND": True}
WAYS: dict[str, dict[str, Any]] = {
    "levers, one way": {"levers": {"a": {"off": {}, "on": A}, "b": {"off": {}, "on": B}}},
    "levers, the other way": {"levers": {"b": {"off": {}, "on": B}, "a": {"off": {}, "on": A}}},
    "one lever": {"levers": {"a": {"off": {}, "on": A | B}}},
    "a lever and a condition": {"levers": {"a": {"off": {}, "on": A}}, "conditions": {"c": B}},
    "a condition alone": {"conditions": {"c": A | B}},
    "a lever and a draw": {
        "levers": {"a": {"off": {}, "on": {"review": {"rho": 0.5}}}},
        "uncertainties": {"review.rho": {"low": 0.1, "high": 0.9}},
        "draw": "latin_hypercube",
        "size": 2,
    },
    "two draws": {
        "uncertainties": {EXTRA: {"values": ["a", "b"]}, f"{EXTRA}.IND": {"values": [True, False]}},
        "draw": "grid",
    },
    "a lever that is a scenario": {"levers": {"a": {"off": {}, "on": {SAFEGUARDS: {"notice": "must"}}}, "judge": "judge"}},
}


def test_two_settings_of_a_point_of_which_one_lies_in_the_other_are_refused_wherever_they_meet() -> None:
    lines = {way: refusal(body) for way, body in WAYS.items()}
    faults = [f"{way}: {line}" for way, line in lines.items() if "in which it lies; accepted: one of the two" not in line]
    assert not faults
    assert lines["levers, one way"] == lines["levers, the other way"], "their order means nothing"


def test_an_override_above_or_below_what_a_point_sets_is_refused() -> None:
    body = {"levers": {"a": {"off": {}, "on": A}}}
    assert f"{EXTRA}.IND: " in refusal(body, f"+{EXTRA}.IND=true")
    assert f"{EXTRA}.IND: " in refusal(body | {"constants": [f"+{EXTRA}.IND=true"]})
    below = {"levers": {"a": {"off": {}, "on": B}}}
    assert f"{EXTRA}.IND: " in refusal(below, f"++{EXTRA}={{USA:true}}")


def test_columns_of_a_table_that_meet_are_refused() -> None:
    design = design_from({"question": "what if"}, "own.yaml")
    frame = pd.DataFrame({EXTRA: ["{USA: true}"], f"{EXTRA}.IND": ["true"]}, dtype=object)
    with pytest.raises(ConfigError, match="in which it lies"):
        points_from(frame, design, TINY, "table: own.csv")


def test_overrides_that_meet_are_refused_and_a_choice_with_keys_below_it_is_not() -> None:
    for first, second in itertools.permutations([f"++{EXTRA}={{USA:true}}", f"++{EXTRA}.IND=true"]):
        with pytest.raises(ConfigError, match="in which it lies"):
            load(first, second)
    with pytest.raises(ConfigError, match="in which it lies"):
        load(f"~{EXTRA}", f"++{EXTRA}.IND=true")
    assert load("conduct=adaptive", "conduct.attempts=2").conduct.attempts == 2


def test_one_setting_after_another_at_one_place_is_refused_and_beside_each_other_is_not() -> None:
    refuse_nested(["a.b", "a.c", "a.bb"])
    with pytest.raises(ConfigError, match=r"^a\.b\.c: set, and a too"):
        refuse_nested(["a.b.c", "x", "a"])


def test_a_map_joins_what_is_there_and_takes_nothing_away() -> None:
    plain = composed_values()
    before = plain["instruments"]["hanoi"]["safeguards"]
    after = with_overrides(plain, {SAFEGUARDS: {"discrimination": "must"}})["instruments"]["hanoi"]["safeguards"]
    assert after == before | {"discrimination": "must"}
    assert len(after) == len(before) > 10
    assert plain["instruments"]["hanoi"]["safeguards"] == before, "the original stays"
    (_, condition) = points({"conditions": {"a": {}, "b": {SAFEGUARDS: {"discrimination": "must"}}}}).settings
    assert condition[1] == {SAFEGUARDS: {"discrimination": "must"}}


@pytest.mark.parametrize("key", ["review", "conduct", "people", "scenario", "hydra.sweep.dir", "", "data.states.csv"])
def test_what_chooses_or_follows_from_choices_is_not_varied(key: str) -> None:
    with pytest.raises(ConfigError, match="accepted: "):
        with_overrides(composed_values(), {key: "adaptive"})


def test_a_part_that_mixes_policy_and_facts_is_set_key_by_key() -> None:
    with pytest.raises(ConfigError, match=r"^review: found a map; accepted: an override a key"):
        load("review={rho:0.5}")
    with pytest.raises(ConfigError, match=r"^review: no key that can be varied"):
        with_overrides(composed_values(), {"review": {"rho": 0.5}})


@pytest.mark.parametrize("value", ["${years}", "???", ["${years}"], {"USA": "${years}"}])
def test_what_is_to_be_worked_out_is_not_varied(value: Any) -> None:
    with pytest.raises(ConfigError, match="which is to be worked out; accepted: a value"):
        with_overrides(composed_values(), {EXTRA: value})


# --- a file chosen over another file of its group --------------------------------------------------------------------------------

NARROW = {"arms": {"narrow": ["definition=liberal"], "plain": []}}
CHOSEN_AGAIN: dict[str, dict[str, Any]] = {
    "a condition": NARROW | {"conditions": {"laws": {"definition": "statutes"}, "plain": {}}},
    "a condition that joins a contradiction": NARROW | {"conditions": {"laws": {"definition": "expansive"}}},
    "a draw": NARROW | {"uncertainties": {"definition": {"values": ["statutes", "expansive"]}}, "draw": "grid"},
}


@pytest.mark.parametrize("way", CHOSEN_AGAIN)
def test_a_definition_set_over_that_of_an_arm_is_refused(way: str) -> None:
    line = refusal(CHOSEN_AGAIN[way])
    assert line == "own.yaml: definition: set in a point, and by narrow too; accepted: one of the two"


def test_a_definition_set_over_that_of_a_scenario_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "narrow.yaml"
    path.write_text("# @package _global_\ndefaults: [override /definition: liberal]\n", encoding="utf-8")
    wide = {"conditions": {"laws": {"definition": "expansive"}}}
    for policy in ({"scenarios": [str(path)]}, {"baseline": str(path)}, {"arms": {"narrow": [f"scenario={path}"]}}):
        assert "definition: set in a point, and by narrow too" in refusal(policy | wide)


def test_a_scenario_as_a_level_that_chooses_a_file_over_the_one_that_is_given_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keen.yaml"
    path.write_text("# @package _global_\ndefaults: [override /conduct: relabel]\n", encoding="utf-8")
    body = {"levers": {"keen": {"off": {}, "on": str(path)}}}
    assert "conduct: chosen by keen on, and given too" in refusal(body, "conduct=adaptive")
    assert "conduct: chosen by keen on, and by other too" in refusal(body | {"baseline": _beside(path)})
    assert len(points(body).frame) == 2


def _beside(path: Path) -> str:
    other = path.with_name("other.yaml")
    other.write_text("# @package _global_\ndefaults: [override /conduct: adaptive]\n", encoding="utf-8")
    return str(other)


@pytest.mark.parametrize("name", ["statutes", "liberal", "expansive"])
def test_a_definition_set_where_none_is_chosen_is_that_of_composing_anew(name: str) -> None:
    found = points({"arms": {"judge": ["scenario=judge"]}, "conditions": {"laws": {"definition": name}}})
    anew = load(*TINY, "scenario=judge", f"definition={name}")
    assert found.config(0).digest() == anew.digest()


# --- the programmatic way and the command line say the same ---------------------------------------------------------------------


def nodes(nested: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Every dotted key of a configuration, maps included."""
    found: dict[str, Any] = {}
    for name, value in nested.items():
        found[f"{above}{name}"] = value
        if isinstance(value, Mapping):
            found |= nodes(value, f"{above}{name}.")
    return found


def word(value: Any) -> str:
    """A value in Hydra's grammar."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{name}:{word(entry)}" for name, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(word, value)) + "]"
    return json.dumps(value)


PARTS = ("reference", "data", "scenario_name", "scenario", "design", "reforms", "figures", "analysis", "offences")
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(-9, 9, allow_nan=False), st.sampled_from(["a", "b c"]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["USA", "IND", "judge", "rho"]), inner, max_size=2),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def keys() -> list[str]:
    return sorted(key for key in nodes(composed_values()) if key.split(".")[0] not in PARTS and "_target_" not in key)


def either(make: Any) -> Any:
    """What comes of it: a configuration, or that there is none."""
    try:
        return make()
    except ConfigError:
        return "refused"


def agrees(keys: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=3, unique=True))
    new = data.draw(st.dictionaries(st.just(f"{EXTRA}.IND"), SCALARS, max_size=1))
    wanted = {key: data.draw(VALUES) for key in chosen} | new
    anew = either(lambda: composed_values(*(f"++{key}={word(value)}" for key, value in wanted.items())))
    by_hand = either(lambda: with_overrides(composed_values(), wanted))
    if "refused" in (anew, by_hand):  # one of them may leave it to the check that follows
        other = by_hand if anew == "refused" else anew
        assert other == "refused" or either(lambda: checked_config(other)) == "refused"
    else:
        assert leaves_of(by_hand) == leaves_of(anew)
        assert by_hand == anew


@pytest.mark.parametrize("value", [{"IND": [None]}, {}, {"rho": {}}])
def test_a_map_in_place_of_a_fact_leaves_the_reference_as_composing_anew_does(value: dict[str, Any]) -> None:
    key = "instruments.budapest.order"
    assert with_overrides(composed_values(), {key: value}) == composed_values(f"++{key}={word(value)}")


SAME = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow]}


@settings(max_examples=4, **SAME)
@given(data=st.data())
def test_the_programmatic_way_gives_what_composing_anew_gives(keys: list[str], data: st.DataObject) -> None:
    agrees(keys, data)


@pytest.mark.slow
@settings(max_examples=80, **SAME)
@given(data=st.data())
def test_for_any_settings_the_programmatic_way_gives_what_composing_anew_gives(keys: list[str], data: st.DataObject) -> None:
    agrees(keys, data)
