"""In rankings over policies who is bound, stress tests and controls stand in a table of their own."""

import numpy as np
import pytest

from experiments.analysis import frontier, robustness
from experiments.analysis.apart import APART_TABLE, set_apart, told_apart
from experiments.store.outcomes import ArrayStudy
from tests.analysis.studies import CASES, NEEDS, design, points_in, study

SAVED = {"as_adopted": 0.0, "judge": 0.1, "notice": 0.2, "no_treaty": 0.5}
"""Share of the cases that each saves in the made-up study: membership would lead."""


def bound_or_not(names: list[str]) -> ArrayStudy:
    drawn = design(names)
    points = points_in(drawn)
    name = points["scenario"].to_numpy(str)
    worlds = 1.0 + 0.05 * np.arange(8.0)[None, :, None]
    saved = np.array([SAVED[one] for one in name])[:, None, None]
    x0 = points["review.x0"].to_numpy(float)[:, None, None]
    cases = 0.2 * (1 - saved * (0.5 + 0.5 * x0)) * worlds
    needs = 0.6 * (1 - 0.1 * saved) * np.ones((1, 8, 1)) + 0.001 * worlds
    return study(drawn, points, {CASES: cases, NEEDS: needs}, robustness={"resamples": 20}, frontier={"splits": 10})


def test_what_is_no_policy_is_set_apart_with_its_kind_and_the_baseline_never() -> None:
    labels = ["as_adopted", "judge", "judge+notice", "no_treaty", "judge+spyware", "a lever=4"]
    assert set_apart(labels, "as_adopted") == {"no_treaty": "membership", "judge+spyware": "stress"}
    assert set_apart(["no_treaty", "as_adopted", "judge"], "no_treaty") == {"as_adopted": "control"}


def test_where_nothing_else_could_be_ranked_all_is() -> None:
    assert set_apart(["as_adopted", "no_treaty", "universal"], "as_adopted") == {}
    assert told_apart({}) == []


def test_membership_leads_no_robustness_and_has_a_table_of_its_own() -> None:
    found = robustness.analyse(bound_or_not([*SAVED]), CASES)
    for name in ("robustness", "performance", "pooled", "regrets"):
        assert set(found.tables[name]["policy"]) <= {"as_adopted", "judge", "notice"}, name
    apart = found.tables[APART_TABLE]
    assert set(zip(apart["policy"], apart["kind"], strict=True)) == {("no_treaty", "membership")}
    protection = apart[apart["score"] == "protection"]["percent"]
    x0 = bound_or_not([*SAVED]).points["review.x0"].to_numpy(float)[:64]
    assert protection.tolist() == pytest.approx([50 * (0.5 + 0.5 * x0).mean()])
    assert any(said.startswith("Not ranked: “no treaty” (who is bound") for said in found.sure)


def test_the_ranking_is_that_of_a_study_without_what_is_set_apart() -> None:
    whole, part = (
        robustness.analyse(bound_or_not([name for name in SAVED if name not in without]), CASES) for without in ((), ("no_treaty",))
    )
    assert whole.answer == part.answer
    assert APART_TABLE not in part.tables


def test_membership_is_on_no_frontier_and_has_a_table_of_its_own() -> None:
    found = frontier.analyse(bound_or_not([*SAVED]), CASES)
    rows = found.tables["frontier"].set_index("label")
    assert set(rows.index) == {"as_adopted", "judge", "notice"}
    assert rows.loc["notice", "on_frontier"]
    apart = found.tables[APART_TABLE]
    assert apart[["label", "kind"]].to_numpy().tolist() == [["no_treaty", "membership"]]
    assert apart["protection"].iloc[0] > rows["protection"].max()
    assert not [name for name in apart.columns if name.startswith(("on_frontier", "rank", "share_", "knee"))]
    assert any(said.startswith("Not ranked: “no treaty”") for said in found.sure)
