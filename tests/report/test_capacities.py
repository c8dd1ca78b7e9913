"""Both capacities side by side on the page of a comparison: which arms are one but for that, and what their row says."""

import pytest

from experiments.design.capacities import baselines_of, beside_partners, capacity_pairs, officers_of
from experiments.design.comparisons import Arm, arms_of

MADE_UP = ("states=synthetic", "people.rows=50")


@pytest.fixture(scope="module")
def arms(tmp_path_factory: pytest.TempPathFactory) -> list[Arm]:
    design = tmp_path_factory.mktemp("design") / "both.yaml"
    design.write_text(
        "question: what?\narms:\n  none: [scenario=no_treaty]\n  none follows: [scenario=no_treaty, review.capacity=follows]\n"
        "  judge: [scenario=judge]\n  harm follows: [scenario=harm_and, review.capacity=follows]\n"
    )
    return arms_of(str(design), MADE_UP)


def test_arms_that_are_one_but_for_capacity_are_a_pair(arms: list[Arm]) -> None:
    assert capacity_pairs(arms) == (("none", "none follows"),)
    assert capacity_pairs(arms[::-1]) == (("none", "none follows"),), "whatever comes first"
    assert capacity_pairs(arms[2:]) == ()


def test_the_shipped_design_has_every_arm_under_both_capacities() -> None:
    found = arms_of("capacities", MADE_UP[1:])
    pairs = capacity_pairs(found)
    assert len(found) == 2 * len(pairs)
    assert {f"{before}, staff follows" for before, _ in pairs} == {follows for _, follows in pairs}


def test_arms_bear_the_plain_names_of_their_scenarios_and_say_which_baseline_is_theirs(arms: list[Arm]) -> None:
    assert [arm.called for arm in arms[:2]] == ["without the treaty", "without the treaty, staff follows"]
    assert baselines_of(arms)["none"] == "officers as before the treaty"
    assert baselines_of(arms)["none follows"] == "officers hired as the load asks"
    assert baselines_of([arms[0], arms[2]]) == {}
    assert officers_of([arms[0], arms[2]]) == "officers as before the treaty"
    assert officers_of(arms) == ""


def test_partners_stand_together_in_the_order_of_the_first() -> None:
    assert beside_partners(["y2", "z", "x", "x2", "y"], [("x", "x2"), ("y", "y2")]) == ["z", "x", "x2", "y", "y2"]
    assert beside_partners(["y2"], [("y", "y2")]) == ["y2"], "of half a pair nothing is lost"
