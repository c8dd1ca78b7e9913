"""Both capacities side by side on the page of a comparison: which arms are one but for that, and what their row says."""

import pytest

from experiments.design.comparisons import Arm, arms_of
from experiments.report.capacities import capacity_pairs

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
