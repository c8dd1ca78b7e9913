"""The frontier on fronts that are known: who is on it, where it bends, what is cheapest, and how sure all of this is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from experiments.analysis import frontier
from experiments.analysis.bundles import labels_of
from experiments.analysis.pareto import cheapest_of, front_of, knee_of, ranks_of
from experiments.analysis.record import Analysis
from experiments.analysis.scored import halves
from experiments.design.designs import design_of
from experiments.store.outcomes import Outcome
from sim.arrays import Reals
from sim.world.record import ConfigError
from tests.analysis.lattices import HARM, design, numbered, on, points_of, told
from tests.analysis.studies import asked_again

Row = Mapping[str, Any]
WORLD = np.array([0.02, -0.01, 0.0, 0.04, -0.05, 0.0])[:, None]  # what a world adds to every policy alike
MANY = (6, 2)  # worlds, replicates
FEW = {"frontier": {"splits": 50}}

# --- who is on the front ----------------------------------------------------------------------------------------------------


def test_a_convex_front_is_found_among_what_lies_below_it() -> None:
    """As ZDT1 of Zitzler and others (2000): on the front the second score is one minus the root of the first."""
    cost = np.linspace(0, 1, 21)
    gain = np.sqrt(cost)
    rng = np.random.default_rng(1)
    order = rng.permutation(42)
    gains, costs = np.concatenate([gain, gain - 0.05])[order], np.concatenate([cost, cost + 0.01])[order]
    assert (front_of(gains, costs) == (order < 21)).all()


def test_who_ties_in_both_scores_is_on_the_front_with_the_other() -> None:
    assert front_of(np.array([1.0, 1.0, 0.0]), np.array([2.0, 2.0, 0.0])).tolist() == [True, True, True]


def test_who_ties_in_one_score_and_loses_in_the_other_is_not() -> None:
    assert front_of(np.array([1.0, 1.0, 2.0, 2.0]), np.array([1.0, 2.0, 3.0, 3.5])).tolist() == [True, False, True, False]


def test_the_noise_of_summing_breaks_no_tie() -> None:
    gain = np.array([0.3, 0.1 + 0.2, 0.0])
    assert gain[0] != gain[1]
    assert front_of(gain, np.array([1.0, 1.0, 0.0])).all()


def test_who_lacks_a_score_is_not_on_the_front_and_outdoes_nobody() -> None:
    assert front_of(np.array([5.0, np.nan, 1.0]), np.array([np.nan, 0.0, 1.0])).tolist() == [False, False, True]
    assert front_of(np.full(2, np.nan), np.zeros(2)).tolist() == [False, False]


WHOLE = arrays(float, st.tuples(st.integers(1, 12), st.just(2)), elements=st.integers(0, 4).map(float))


@given(WHOLE)
def test_the_front_is_the_set_of_those_that_none_outdoes(scores: Reals) -> None:
    gain, cost = scores.T
    outdone = [
        bool(((gain >= up) & (cost <= right) & ((gain > up) | (cost < right))).any()) for up, right in zip(gain, cost, strict=True)
    ]
    assert front_of(gain, cost).tolist() == [not lost for lost in outdone]


# --- knee, cheapest, ranks --------------------------------------------------------------------------------------------------


def test_the_knee_of_a_quarter_of_a_circle_is_its_middle() -> None:
    angle = np.linspace(0, np.pi / 2, 19)
    gain, cost = np.sin(angle), 1 - np.cos(angle)
    assert knee_of(gain, cost, np.ones(19, bool)) == 9
    assert knee_of(1e-3 * gain - 7, 50 * cost + 2, np.ones(19, bool)) == 9  # units do not matter
    assert knee_of(gain[::-1], cost[::-1], np.ones(19, bool)) == 9


def test_the_knee_is_sought_on_the_front_alone() -> None:
    gain, cost = np.array([0.0, 0.6, 1.0, 5.0]), np.array([0.0, 0.2, 1.0, 9.0])
    assert knee_of(gain, cost, np.array([True, True, True, False])) == 1


def test_a_straight_or_hollow_front_has_no_knee() -> None:
    cost = np.array([0.0, 0.25, 0.5, 1.0])
    assert knee_of(cost, cost, np.ones(4, bool)) is None
    assert knee_of(cost**2, cost, np.ones(4, bool)) is None


def test_two_places_have_no_knee() -> None:
    assert knee_of(np.array([0.0, 1.0, 1.0]), np.array([0.0, 1.0, 1.0]), np.ones(3, bool)) is None
    assert knee_of(np.zeros(1), np.zeros(1), np.ones(1, bool)) is None


def test_the_cheapest_reaches_what_is_wanted_and_is_the_smallest_of_those_that_cost_the_same() -> None:
    gain, cost = np.array([0.0, 4.0, 5.0, 6.0, 9.0]), np.array([0.0, 1.0, 2.0, 2.0, 8.0])
    size = np.array([0, 1, 2, 1, 4])
    assert cheapest_of(gain, cost, 4.0, size) == 1
    assert cheapest_of(gain, cost, 4.5, size) == 3
    assert cheapest_of(gain, cost, 9.0, size) == 4
    assert cheapest_of(gain, cost, 9.5, size) is None


def test_ranks_share_the_best_of_their_places() -> None:
    assert ranks_of(np.array([[3.0, 1.0, 3.0, 2.0], [0.0, 1.0, 2.0, 3.0]])).tolist() == [[1, 4, 1, 3], [4, 3, 2, 1]]


def test_splits_hold_half_of_the_worlds() -> None:
    assert (halves(7, 50, 1).sum(axis=1) == 3).all()
    assert halves(7, 50, 1).mean(axis=0) == pytest.approx(3 / 7, abs=0.25)


# --- a study of levers ------------------------------------------------------------------------------------------------------

SAVES, COSTS = {"a": 0.04, "b": 0.04, "c": 0.02}, {"a": 0.0, "b": 0.05, "c": 0.05}


def harm(row: Row) -> Any:
    return 0.2 + WORLD - sum(SAVES[name] for name in on(row))


def needs(row: Row) -> Any:
    return 0.5 + WORLD - sum(COSTS[name] for name in on(row))


def table(found: Analysis, condition: str = "") -> pd.DataFrame:
    frame = found.tables["frontier"]
    return frame[frame["condition"] == condition].set_index("label")


def lattice(**given: Any) -> Analysis:
    return frontier.analyse(told(design(), harm, needs, MANY, analysis=FEW | given), HARM)


def test_scores_are_falls_in_per_cent_of_the_baseline_without_any_error_of_the_worlds_they_share() -> None:
    rows = table(lattice())
    assert set(rows.index) == {"as_adopted", "a", "b", "c", "a+b", "a+c", "b+c", "a+b+c"}
    assert rows.loc["a+b", "protection"] == pytest.approx(40)
    assert rows.loc["a+b", "lost"] == pytest.approx(10)
    assert rows.loc["as_adopted", ["protection", "lost", "protection_world_low", "lost_world_high"]].tolist() == [0, 0, 0, 0]


def test_ranges_are_those_of_each_world_s_own_per_cent_and_the_simulation_error_that_of_a_ratio_of_means() -> None:
    rows = table(lattice())
    own = 100 * 0.04 / (0.2 + WORLD[:, 0])
    assert rows.loc["a", ["protection_world_low", "protection_world_high"]].tolist() == pytest.approx([own.min(), own.max()])
    low, high = rows.loc["a", ["protection_error_low", "protection_error_high"]]
    assert low < 20 < high  # the baseline's level is uncertain too
    assert rows.loc["a", ["protection_worlds_agreeing", "worlds", "inside"]].tolist() == pytest.approx([6, 6, 5 / 7])
    assert rows["adjusted_p"].isna().all()  # six worlds give no verdict


def test_the_chance_of_what_a_policy_protects_holds_for_all_policies_together() -> None:
    rng = np.random.default_rng(9)
    noise = {frozenset(on(row)): rng.normal(0, 0.01, (10, 1)) for row in points_of(design()).to_dict("records")}

    def value(row: Row) -> Any:
        held = on(row)
        return 0.2 - 0.05 * ("a" in held) + (noise[frozenset(held)] if held else 0.0)

    rows = table(frontier.analyse(told(design(), value, lambda row: 0.5, (10, 2), analysis=FEW), HARM))
    assert np.isnan(rows.loc["as_adopted", "adjusted_p"])
    assert (rows.loc[["a", "a+b", "a+c", "a+b+c"], "adjusted_p"] < 0.01).all()
    assert (rows.loc[["b", "c", "b+c"], "adjusted_p"] > 0.05).all()


def test_who_is_outdone_by_none_stands_on_top_the_cheapest_first() -> None:
    rows = table(lattice())
    assert rows.index[rows["on_frontier"]].tolist() == ["a", "a+b", "a+b+c"]
    assert rows.index[:3].tolist() == ["a", "a+b", "a+b+c"]
    assert rows["share_of_worlds"].to_dict() == {label: float(label in ("a", "a+b", "a+b+c")) for label in rows.index}


def test_the_knee_the_cheapest_and_the_full_bundle_are_marked() -> None:
    rows = table(lattice())
    assert rows.index[rows["knee"]].tolist() == ["a+b"]
    assert rows.index[rows["cheapest"]].tolist() == ["a+b"]
    assert rows["bundle"].to_dict() == {label: "all" if label == "a+b+c" else "" for label in rows.index}
    said = " ".join(lattice().answer)
    assert "The cheapest policy that does at least 50 % of what all levers on does is “a” and “b”: it prevents 40 %" in said
    assert "reaches the target in 100 % of 6 worlds" in said


@pytest.mark.parametrize(("target", "label"), [(0.3, "a"), (0.4, "a"), (0.41, "a+b"), (0.8, "a+b"), (0.9, "a+b+c"), (1.0, "a+b+c")])
def test_the_target_is_a_share_of_what_the_full_bundle_protects(target: float, label: str) -> None:
    rows = table(lattice(frontier=FEW["frontier"] | {"target": target}))
    assert rows.index[rows["cheapest"]].tolist() == [label]
    assert (rows["share_reaching"] == (rows["protection"] >= 50 * target - 1e-6)).all()


def test_bundles_are_named_whatever_the_order_of_their_parts() -> None:
    rows = table(lattice(frontier=FEW["frontier"] | {"bundles": {"mine": "b+a", "other": "a+x"}}))
    assert rows.loc["a+b", "bundle"] == "mine"


def test_a_full_bundle_that_protects_nothing_gives_no_target() -> None:
    study = told(design(), lambda row: 0.2 + WORLD + 0.01 * len(on(row)), needs, MANY, analysis=FEW)
    found = frontier.analyse(study, HARM)
    assert not table(found)["cheapest"].any()
    assert any("No policy is sought for the target" in sentence for sentence in found.answer)


def test_shares_tell_how_often_worlds_would_put_a_policy_on_the_front() -> None:
    """Two policies that cost the same, each better in half of the worlds."""
    better = np.array([0.01, -0.01, 0.01, -0.01, 0.01, -0.01])[:, None]

    def value(row: Row) -> Any:
        return 0.2 - {frozenset("a"): 0.05 + better, frozenset("b"): 0.05 - better}.get(frozenset(on(row)), np.zeros((6, 1)))

    study = told(design(2), value, lambda row: 0.5 - 0.01 * len(on(row)) ** 2, MANY, analysis=FEW)
    rows = table(frontier.analyse(study, HARM))
    assert rows.loc[["a", "b"], "on_frontier"].tolist() == [True, True]  # they tie over all worlds
    assert rows.loc[["a", "b"], "share_of_worlds"].tolist() == [0.5, 0.5]
    assert rows.loc["a", ["rank", "rank_world_low", "rank_world_high"]].tolist() == [1, 1, 2]


def test_the_chance_to_reach_the_target_follows_the_worlds() -> None:
    some = np.array([0.04, 0.04, 0.04, 0.04, 0.0, 0.0])[:, None]

    def value(row: Row) -> Any:
        return 0.2 - (0.05 if len(on(row)) == 2 else some if "a" in on(row) else 0.0)

    study = told(design(2), value, lambda row: 0.5 - 0.01 * len(on(row)), MANY, analysis=FEW)
    rows = table(frontier.analyse(study, HARM))
    assert rows.index[rows["cheapest"]].tolist() == ["a"]
    assert rows.loc["a", "share_reaching"] == pytest.approx(4 / 6)


# --- the best of many -------------------------------------------------------------------------------------------------------


def test_the_best_of_many_that_are_alike_looks_better_than_it_is_and_the_other_half_of_the_worlds_says_so() -> None:
    rng = np.random.default_rng(8)
    noise = {frozenset(on(row)): rng.normal(size=(20, 1)) for row in points_of(design(7)).to_dict("records")}

    def cost(row: Row) -> Any:
        held = on(row)
        return 0.5 + (0.02 * noise[frozenset(held)] if held else 0.0)

    def value(row: Row) -> float:
        return 0.2 - (0.1 if on(row) else 0.0)

    found = frontier.analyse(told(design(7), value, cost, (20, 1), analysis=FEW), HARM)
    row = found.tables["choices"].set_index("choice").loc["cheapest"]
    assert row["lost"] < -1.5  # it seems to gain
    assert row["held_out_lost"] == pytest.approx(0.0, abs=0.7)
    assert row["optimism_lost"] > 1.5
    assert row["same"] < 0.8
    assert row["reaching"] == 1.0


def test_a_choice_without_noise_holds_in_the_other_half() -> None:
    row = lattice().tables["choices"].set_index("choice").loc["cheapest"]
    assert (row["same"], row["reaching"], row["splits"]) == (1.0, 1.0, 50)
    assert row["held_out_lost"] == pytest.approx(10, abs=0.2)
    assert any("judged on the other half" in sentence for sentence in lattice().answer)


def test_three_worlds_are_too_few_for_halves() -> None:
    found = frontier.analyse(told(design(), lambda row: 0.2 - 0.01 * len(on(row)), lambda row: 0.5, (3, 1), analysis=FEW), HARM)
    assert found.tables["choices"]["held_out_lost"].isna().all()
    assert not any("other half" in sentence for sentence in found.answer)
    assert not any("choices.csv corrects" in sentence for sentence in found.sure)
    assert any("Nothing corrects for it" in sentence for sentence in found.sure)
    assert any("choices.csv corrects" in sentence for sentence in lattice().sure)


def test_an_interval_without_bounds_is_said() -> None:
    """The baseline is not told from zero, so Fieller's interval holds every ratio beyond some."""
    level = np.array([0.01, 0.9, 0.01])[:, None]
    study = told(design(), lambda row: level * (1 - 0.1 * len(on(row))), lambda row: 0.5, (3, 1), analysis=FEW)
    found = frontier.analyse(study, HARM)
    assert table(found)["protection_error_low"].isna().all()
    assert any(
        "simulation error unbounded)" in said and "prevents 30 % (range over 3 worlds 30 to 30;" in said for said in found.answer
    )


# --- other designs ----------------------------------------------------------------------------------------------------------


def test_scenarios_are_read_against_the_baseline_among_them() -> None:
    rates = {"as_adopted": (0.2, 0.5), "judge": (0.1, 0.4), "minimal_bundle": (0.15, 0.49), "reform_bundle": (0.05, 0.35)}
    study = told(
        design(0, scenarios=[*rates]),
        lambda row: rates[row["scenario"]][0],
        lambda row: rates[row["scenario"]][1],
        analysis=FEW,
    )
    assert frontier.unsuited(study) is None
    rows = table(frontier.analyse(study, HARM))
    assert rows.loc["judge", ["protection", "lost"]].tolist() == pytest.approx([50, 20])
    assert rows.loc["minimal_bundle", "bundle"] == "minimal_bundle"
    assert rows.index[rows["cheapest"]].tolist() == ["judge"]  # half of what the full bundle, named in the settings, does


def test_an_arm_that_changes_nothing_is_the_baseline() -> None:
    study = told(
        design(0, arms={"plain": [], "strict": ["scenario=judge"], "loose": ["scenario=hr_removed"]}),
        lambda row: {"plain": 0.2, "strict": 0.1, "loose": 0.3}[row["scenario"]],
        lambda row: {"plain": 0.5, "strict": 0.4, "loose": 0.6}[row["scenario"]],
        analysis=FEW,
    )
    rows = table(frontier.analyse(study, HARM))
    assert rows.loc["as_adopted", "protection"] == 0
    assert rows.loc["loose", ["protection", "lost"]].tolist() == pytest.approx([-50, -20])
    other = study.design.model_copy(update={"baseline": "no_treaty"})
    elsewhere = study._replace(design=other, points=points_of(other))
    assert frontier.unsuited(elsewhere) == "wants the baseline no_treaty among its policies"


SEARCH = {"sampler": "nsga2", "generation": 4, "generations": 2, "objectives": {"case_disclosure_rate": "down"}}
LINE = {"four": {}, "five": {"instruments.hanoi.threshold_years": 5.0}, "six": {"instruments.hanoi.threshold_years": 6.0}}


def test_what_a_search_visited_is_read_against_its_first_point_and_counts_once() -> None:
    found = design(1, search=SEARCH).model_copy(update={"levers": {"a": "a", "line": LINE}})
    rows = [("off", "four", 0), ("on", "six", 0), ("on", "four", 0), ("off", "five", 0), ("on", "six", 1), ("on", "five", 1)]
    points = numbered(
        pd.DataFrame([{"scenario": "as_adopted", "condition": "", "draw": draw, "a": a, "line": line} for a, line, draw in rows]),
        found,
    )
    saves = {"four": 0.0, "five": 0.04, "six": 0.06}
    study = told(
        found,
        lambda row: 0.2 + WORLD - saves[row["line"]] - 0.05 * (row["a"] == "on"),
        lambda row: 0.5 - saves[row["line"]],
        MANY,
        points,
        FEW,
    )
    assert frontier.unsuited(study) is None
    answer = frontier.analyse(study, HARM)
    assert set(table(answer).index) == {"as_adopted", "a+line=six", "a", "line=five", "a+line=five"}
    assert table(answer).loc["a+line=six", "bundle"] == "all"
    assert any("A search looks where" in sentence for sentence in answer.sure)


def test_searched_numbers_are_part_of_a_policy_s_name() -> None:
    found = design(1, search=SEARCH, uncertainties={"review.rho": {"low": 0.0, "high": 1.0}})
    points = pd.DataFrame([{"scenario": "as_adopted", "condition": "", "draw": 0, "a": "on", "review.rho": 1 / 3}])
    assert labels_of(points, found) == ["a+review.rho=0.333333"]


def test_draws_are_averaged_in_each_world_and_told_apart() -> None:
    drawn = design(2, uncertainties={"review.rho": {"low": 0.0, "high": 1.0}}, draw="latin_hypercube", size=4)

    def value(row: Row) -> Any:
        return 0.2 + WORLD + 0.01 * row["draw"] - 0.05 * ("a" in on(row)) - (0.06 if row["draw"] == 0 else 0.01) * ("b" in on(row))

    study = told(drawn, value, lambda row: 0.5 - 0.01 * len(on(row)), MANY, analysis=FEW)
    assert frontier.unsuited(study) is None
    found = frontier.analyse(study, HARM)
    rows = table(found)
    assert len(rows) == 4
    assert rows.loc["b", "protection"] == pytest.approx(100 * 0.0225 / 0.215)
    assert rows.loc["b", "share_of_draws"] == 0.25
    assert rows.loc["a", "share_of_draws"] == 0.75
    assert rows.loc["b", "share_of_worlds"] == 0
    assert any("4 parameter draws" in sentence for sentence in found.sure)
    assert "share_of_draws" not in lattice().tables["frontier"]


def test_conditions_have_a_front_and_a_figure_each() -> None:
    two = design(2, conditions={"loaded": {}, "unloaded": {"review.load": False}})
    cost = {"loaded": 0.01, "unloaded": -0.01}
    study = told(two, lambda row: 0.2 - 0.02 * len(on(row)), lambda row: 0.5 - cost[row["condition"]] * len(on(row)), analysis=FEW)
    found = frontier.analyse(study, HARM)
    assert table(found, "loaded")["on_frontier"].sum() == 4
    assert table(found, "unloaded").index[table(found, "unloaded")["on_frontier"]].tolist() == ["a+b"]
    assert [drawing.name for drawing in found.drawings] == ["pareto_loaded", "pareto_unloaded"]
    assert all("condition" not in drawing.frame for drawing in found.drawings)


def test_a_missing_run_is_left_out_on_both_sides() -> None:
    luck = np.array([[0.0, 0.1]])

    def value(row: Row) -> Any:
        values = harm(row) + luck
        if on(row) == {"a"}:
            values[0, 0], values[1] = np.nan, np.nan
        return values

    rows = table(frontier.analyse(told(design(), value, needs, MANY, analysis=FEW), HARM))
    base = 0.2 + WORLD[:, 0] + np.array([0.1, np.nan, 0.05, 0.05, 0.05, 0.05])
    assert rows.loc[["a", "b"], "protection"].to_numpy() == pytest.approx(100 * 0.04 / np.nanmean(base))


def test_all_policies_stand_on_the_worlds_in_which_each_has_every_draw() -> None:
    """A world with one of four draws would weigh as much as a whole one."""
    drawn = design(2, uncertainties={"review.rho": {"low": 0.0, "high": 1.0}}, draw="latin_hypercube", size=4)

    def value(row: Row) -> Any:
        values = np.broadcast_to(0.2 - 0.05 * len(on(row)), MANY).copy()
        if on(row) == {"a"}:
            values[0] = 0.0 if row["draw"] == 0 else np.nan
        return values

    found = frontier.analyse(told(drawn, value, lambda row: 0.5, MANY, analysis=FEW), HARM)
    assert table(found).loc["a", "protection"] == pytest.approx(25)
    assert any("or draw lacks a value are left out for all: 2 dropped." in sentence for sentence in found.sure)
    assert any("stand on 5 worlds" in sentence for sentence in found.sure)
    assert not any("dropped" in sentence for sentence in lattice().sure)


def test_where_no_run_is_whole_those_with_the_most_are_kept_and_it_is_said() -> None:
    def value(row: Row) -> Any:
        values = harm(row) + np.zeros(MANY)
        if on(row) == {"c"}:
            values[:] = np.nan
        if on(row) == {"b"}:
            values[0] = np.nan
        return values

    found = frontier.analyse(told(design(), value, needs, MANY, analysis=FEW), HARM)
    assert np.isnan(table(found).loc["c", "protection"])
    base = np.mean(0.2 + WORLD[1:])
    assert table(found).loc[["a", "b"], "protection"].to_numpy() == pytest.approx(100 * 0.04 / base)
    assert any("the runs with the most are kept, 2 dropped" in sentence for sentence in found.sure)


@pytest.mark.parametrize(("name", "policies"), [("pairs", 78), ("everywhere", 35)])
def test_arms_on_file_have_their_baseline_among_them(name: str, policies: int) -> None:
    found = design_of(name)
    study = told(found, lambda row: 0.2, lambda row: 0.5)
    assert frontier.unsuited(study) is None
    assert len(set(labels_of(study.points, found))) == policies


# --- what it refuses --------------------------------------------------------------------------------------------------------


def test_a_study_without_policies_or_without_its_baseline_does_not_suit() -> None:
    alone = design(0, uncertainties={"review.rho": {"low": 0.0, "high": 1.0}}, draw="latin_hypercube", size=4)
    frame = numbered(pd.DataFrame({"scenario": "as_adopted", "condition": "", "draw": range(4), "review.rho": 0.1}), alone)
    assert str(frontier.unsuited(told(alone, lambda row: 0.1, points=frame))).startswith("wants policies to choose from")
    headless = told(design(), harm, needs, MANY, points=points_of(design()).iloc[1:])
    assert frontier.unsuited(headless) == "wants the baseline as_adopted among its policies"
    assert frontier.unsuited(told(design(1), lambda row: 0.1)) == "wants 3 policies or more; found 2"
    assert frontier.unsuited(told(design(), harm, needs, MANY)) is None


@pytest.mark.parametrize("name", ["legit_met_rate", "legit_met_in_full", "false_refusal_rate"])
def test_cooperation_is_no_protection(name: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"^outcome: found '{name}', which tells of cooperation; accepted: case_disclosure_rate, "
    ):
        frontier.analyse(told(design(), harm, needs, MANY, analysis=FEW), Outcome(name))


def test_what_is_neither_good_nor_bad_is_no_protection() -> None:
    with pytest.raises(ConfigError, match=r"^outcome: found 'preserved_only', of which neither more nor less is better"):
        frontier.analyse(told(design(), harm, needs, MANY, analysis=FEW), Outcome("preserved_only"))


def test_a_good_thing_protects_when_it_rises() -> None:
    told_share = Outcome("notified_share")
    study = told(design(), lambda row: 0.2 + WORLD + sum(SAVES[name] for name in on(row)), needs, MANY, analysis=FEW)
    held = study.held | {told_share: study.held[HARM]._replace(outcome=told_share)}
    found = frontier.analyse(study._replace(held=held), told_share)
    assert table(found).loc["a+b", "protection"] == pytest.approx(40)
    assert table(found)["on_frontier"].loc[["a", "a+b", "a+b+c"]].all()
    assert table(found).loc["a+b+c", "rank"] == 1
    assert any("adds 50 %" in sentence for sentence in found.answer)
    assert any("Protection is the rise of notified share" in sentence for sentence in found.sure)


def test_a_baseline_without_the_outcome_is_one_line() -> None:
    with pytest.raises(ConfigError, match=r"^outcome: found no case_disclosure_rate in the baseline; accepted: "):
        frontier.analyse(told(design(), lambda row: 0.0, needs, MANY, analysis=FEW), HARM)


def test_another_estimand_may_be_protected() -> None:
    study = told(design(), harm, needs, MANY, analysis={"frontier": FEW["frontier"] | {"protection": "targeted_rate"}})
    with pytest.raises(ConfigError, match="targeted_rate"):
        frontier.analyse(study, HARM)
    held = study.held | {Outcome("targeted_rate"): study.held[HARM]._replace(outcome=Outcome("targeted_rate"))}
    assert table(frontier.analyse(study._replace(held=held), HARM)).loc["a", "protection"] == pytest.approx(20)


@pytest.mark.parametrize("target", [0.0, 1.5, "half"])
def test_a_target_is_a_share(target: Any) -> None:
    with pytest.raises(ConfigError, match=r"^analysis\.frontier\.target: found .*; accepted: "):
        lattice(frontier={"target": target})


# --- few events -------------------------------------------------------------------------------------------------------------


def on_events(count: int, of: set[str], outcome: Outcome = HARM, **given: Any) -> Any:
    """Three levers that take off 0.04, 0.03 and 0.01 and cost 0.01 each, with so many events in all behind one of the sets."""
    own = {"a": 0.04, "b": 0.03, "c": 0.01}
    study = told(
        design(**given),
        lambda row: 0.2 + WORLD - sum(own[name] for name in on(row)),
        lambda row: 0.5 - 0.01 * len(on(row)),
        MANY,
        analysis=FEW,
    )
    counts = study.held[outcome].counts.copy()
    place = [on(row) for row in study.points.to_dict("records")].index(of)
    counts[place] = 0
    counts[place, 0, 0] = count
    return study._replace(held=study.held | {outcome: study.held[outcome]._replace(counts=counts)})


@pytest.mark.parametrize("outcome", [HARM, Outcome("legit_met_rate")])
def test_a_policy_on_few_events_has_no_number_and_is_on_no_front(outcome: Outcome) -> None:
    found = frontier.analyse(on_events(9, {"a", "b"}, outcome), HARM)
    row = found.tables["frontier"].set_index("label").loc["a+b"]
    numbers = ["protection", "protection_world_low", "lost", "lost_world_high", "share_of_worlds", "share_reaching", "rank"]
    numbers += ["rank_world_low"]
    assert row[numbers].isna().all()
    assert not row[["on_frontier", "knee", "cheapest"]].any()
    assert any(said == "Without a number, on fewer than 10 events (metrics.fewest_events): “a” and “b”." for said in found.sure)
    assert "a+b" not in set(found.tables["choices"]["label"])
    enough = frontier.analyse(on_events(10, {"a", "b"}, outcome), HARM)
    assert enough.tables["frontier"].set_index("label").loc["a+b", numbers].notna().all()
    assert not any("Without a number" in said for said in enough.sure)


def test_a_full_bundle_on_few_events_is_no_target() -> None:
    found = frontier.analyse(on_events(0, {"a", "b", "c"}), HARM)
    said = " ".join(found.answer)
    assert "All levers on (every lever at its last level) has no number, on too few events." in said
    assert "No policy is sought for the target, because all levers on has no number." in said
    assert "nan" not in said


def test_a_baseline_on_few_events_gives_no_front() -> None:
    with pytest.raises(ConfigError, match=r"^outcome: found fewer than 10 events of case_disclosure_rate or of legit_met_rate"):
        frontier.analyse(on_events(9, set()), HARM)
    both = frontier.analyse(on_events(9, set(), conditions={"loaded": {}, "unloaded": {"review.load": False}}), HARM)
    assert set(both.tables["frontier"]["condition"]) == {"unloaded"}
    assert any(said.startswith("Nothing is said of loaded: fewer than 10 events") for said in both.sure)


def test_how_often_is_often_is_a_setting_that_the_sentence_names() -> None:
    study = on_events(1000, {"a"})
    found = frontier.analyse(asked_again(study, frontier={"often": 0.8}), HARM)
    assert "are so in at least 80 % of 6 worlds." in found.answer[0]
    assert "are so in at least 50 % of 6 worlds." in frontier.analyse(study, HARM).answer[0]
