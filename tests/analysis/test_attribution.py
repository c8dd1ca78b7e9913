"""Attribution on games with a known answer: values, both sources of error, what it refuses, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.analysis import attribution
from experiments.analysis.games import PAIR, estimate, game_of
from experiments.analysis.record import Analysis
from experiments.analysis.shapley import contributions, shapley
from experiments.design.designs import design_of
from experiments.design.points import points_of as composed
from experiments.design.sampling import orders_of
from experiments.figures.style import BETTER, FAINT, WORSE
from experiments.figures.waterfall import colour_of
from experiments.store.outcomes import Outcome
from sim.world.record import ConfigError
from tests.analysis.lattices import HARM, NEEDS, design, numbered, on, outcomes, points_of, told

Row = Mapping[str, Any]
OWN = {"a": 0.03, "b": 0.01, "c": 0.0}
WORLD = np.array([0.02, -0.01, 0.0, 0.04] * 2)[:, None]  # what a world adds to every point alike


def additive(row: Row) -> Any:
    return 0.2 + WORLD - sum(OWN[name] for name in on(row))


def either(row: Row) -> float:
    """Any of the three does the whole work."""
    return 0.1 if on(row) else 0.2


def needs(row: Row) -> Any:
    return 0.5 + WORLD - 0.01 * ("a" in on(row))


def flat(number: str) -> str:
    """A number that is the same in each of eight worlds, as a sentence has it."""
    value = number.split(maxsplit=1)[0]
    return f"{number} (range over 8 worlds {value} to {value}; in 8 of 8; simulation error {value} to {value})"


def shares(found: Analysis, **wanted: str) -> pd.DataFrame:
    table = found.tables["attribution"]
    for column, value in wanted.items():
        table = table[table[column] == value]
    return table.set_index("lever")


def test_what_adds_up_gives_each_its_own_effect_without_any_error_of_the_worlds_they_share() -> None:
    table = shares(attribution.analyse(told(design(), additive), HARM))
    for name, own in OWN.items():
        limits = ("value_world_low", "value_world_high", "first_in_world_low", "last_in_world_high", "value_error_low")
        for column in ("value", "first_in", "last_in", *limits):
            assert table.loc[name, column] == pytest.approx(own, abs=1e-12)
    assert table["percent"].to_dict() == pytest.approx({name: 100 * own / 0.2125 for name, own in OWN.items()})
    assert table["rank"].to_dict() == {"a": 1, "b": 2, "c": 3}
    assert (table["se_orders"] == 0).all()
    assert table["clear"].to_dict() == {"a": True, "b": True, "c": False}
    assert table.loc["a", ["value_worlds_agreeing", "worlds", "inside"]].tolist() == pytest.approx([8, 8, 7 / 9])
    assert table["adjusted_p"].to_dict() == pytest.approx({"a": 2 / 2**8, "b": 2 / 2**8, "c": 1.0})
    few = shares(attribution.analyse(told(design(), lambda row: additive(row)[:7], shape=(7, 2)), HARM))
    assert not few["clear"].any()  # under eight worlds there is no verdict
    assert few["adjusted_p"].isna().all()


def test_too_few_worlds_give_no_verdict_on_levers_and_none_on_overlap() -> None:
    found = attribution.analyse(told(design(), either, shape=(4, 2)), HARM)
    said = " ".join(found.answer)
    assert "is not said: too few worlds for a verdict: 4; 8 or more." in said
    assert "the difference from what all take off together is 100 % (range over 4 worlds 100 to 100; " in said
    assert "overlap" not in said
    assert "told apart from zero is not" in said


def test_the_range_over_worlds_is_that_of_each_world_s_own_value_and_luck_is_told() -> None:
    rng = np.random.default_rng(5)
    mine, luck = rng.normal(0, 0.001, (12, 1)), rng.normal(0, 0.02, (12, 2))

    def value(row: Row) -> Any:
        return 0.2 - ("a" in on(row)) * (0.03 + mine + luck) + np.zeros((12, 2))

    table = shares(attribution.analyse(told(design(), value, shape=(12, 2)), HARM))
    own = (0.03 + mine + luck).mean(1)
    assert table.loc["a", ["value_world_low", "value_world_high"]].tolist() == pytest.approx([own.min(), own.max()])
    assert table.loc["a", "value_chance_share"] > 0.5
    assert table.loc["a", "first_in_chance_share"] == pytest.approx(table.loc["a", "value_chance_share"])


def test_what_adds_up_has_no_interaction_and_no_overlap() -> None:
    found = attribution.analyse(told(design(), additive), HARM)
    assert found.tables["interactions"]["value"].to_numpy() == pytest.approx(0.0, abs=1e-12)
    assert found.tables["together"]["overlap"].item() == pytest.approx(0.0, abs=1e-12)


def test_three_who_can_each_do_it_all_have_a_third_each_and_overlap() -> None:
    found = attribution.analyse(told(design(), either), HARM)
    assert shares(found)["value"].to_numpy() == pytest.approx(0.1 / 3)
    assert shares(found)["first_in"].to_numpy() == pytest.approx(0.1)
    assert shares(found)["last_in"].to_numpy() == pytest.approx(0.0)
    whole = found.tables["together"].iloc[0]
    assert (whole["joint"], whole["sum_first_in"], whole["overlap"]) == pytest.approx((0.1, 0.3, 0.2))
    assert (found.tables["interactions"]["value"] < 0).all()
    said = " ".join(found.answer)
    assert f"sums to 150 %, {flat('100 %')} more than all together: they overlap, so such effects must not be added up." in said
    assert f"“a” and “b” overlap most: together they take off {flat('25 points')} less than the sum of what each takes off" in said


def test_two_who_do_nothing_without_each_other_are_said_to_reinforce_each_other() -> None:
    found = attribution.analyse(told(design(2), lambda row: 0.1 if len(on(row)) == 2 else 0.2), HARM)
    assert shares(found)["value"].to_numpy() == pytest.approx(0.05)
    said = " ".join(found.answer)
    assert f"sums to 0 %, {flat('50 %')} less than all together: they reinforce each other" in said
    assert f"“a” and “b” reinforce each other most: together they take off {flat('50 points')} more than the sum" in said


def random_values(seed: int, worlds: int = 8, levers: int = 3, spread: float = 0.02) -> dict[frozenset[str], Any]:
    rng = np.random.default_rng(seed)
    frame = points_of(design(levers))
    sets = [frozenset(on(row)) for row in frame.to_dict("records")]
    return {held: 0.2 - 0.1 * rng.random() + spread * rng.normal(size=(worlds, 1)) for held in sets}


@pytest.mark.parametrize("seed", range(5))
def test_values_of_a_random_game_are_those_of_each_world_and_sum_to_the_joint_effect(seed: int) -> None:
    values = random_values(seed)
    found = attribution.analyse(told(design(), lambda row: values[frozenset(on(row))]), HARM)
    names = ["a", "b", "c"]
    lattice = np.stack([values[frozenset(n for i, n in enumerate(names) if code >> i & 1)][:, 0] for code in range(8)], axis=1)
    by_world = -shapley(lattice)
    table = shares(found).loc[names]
    assert table["value"].to_numpy() == pytest.approx(by_world.mean(axis=0))
    assert table["se_worlds"].to_numpy() == pytest.approx(by_world.std(axis=0, ddof=1) / np.sqrt(8))
    whole = found.tables["together"].iloc[0]
    assert table["value"].sum() == pytest.approx(whole["joint"]) == pytest.approx(whole["all_off"] - whole["all_on"])
    assert whole["sum_values"] == pytest.approx(whole["joint"])


def test_simulation_errors_hold_the_truth_as_often_as_they_say() -> None:
    truth = np.array([0.0, 0.5, 1.0, 1.2, 0.4, 0.9, 1.5, 2.0])
    rng, hits = np.random.default_rng(7), []
    for _ in range(800):
        values = truth + rng.normal(size=(5, 8))
        found = estimate(shapley(values)[None], sampled=False)
        hits.append(np.abs(found.value - shapley(truth)) <= found.half())
    assert np.mean(hits) == pytest.approx(0.95, abs=0.015)


def either_of(gain: float) -> Any:
    """Any lever alone moves the needs that are met by so much, and more of them do no more."""
    return lambda row: 0.5 + gain * bool(on(row))


def test_what_is_to_rise_is_added_and_a_positive_value_is_a_rise() -> None:
    found = attribution.analyse(told(design(), additive, either_of(0.1)), NEEDS)
    assert shares(found)["value"].to_numpy() == pytest.approx(0.1 / 3)
    assert shares(found)["percent"].to_numpy() == pytest.approx(20 / 3)
    assert found.tables["together"][["joint", "overlap"]].to_numpy().ravel() == pytest.approx([0.1, 0.2])
    said = " ".join(found.answer)
    assert f"together add {flat('20 %')} to legit met rate, which goes from 0.5 to 0.6" in said
    assert f"hat each adds alone sums to 60 %, {flat('40 %')} more than all together: they overlap" in said
    assert f"overlap most: together they add {flat('10 points')} less than the sum of what each adds" in said
    assert found.drawings[0].settings["title"] == "How much each safeguard adds, against none of them"


def test_what_is_to_rise_and_falls_has_negative_values_and_words_that_say_so() -> None:
    found = attribution.analyse(told(design(), additive, either_of(-0.1)), NEEDS)
    assert shares(found)["value"].to_numpy() == pytest.approx(-0.1 / 3)
    said = " ".join(found.answer)
    assert f"together take {flat('20 %')} off legit met rate, which goes from 0.5 to 0.4" in said
    assert f"hat each takes off alone sums to 60 %, {flat('40 %')} more than all together: they overlap" in said
    assert "reinforce" not in said
    heat = next(drawing for drawing in found.drawings if drawing.function == "interactions")
    assert (heat.options["rises"], heat.options["worse"]) == (True, True)


def test_a_harm_that_grows_is_added_with_negative_values() -> None:
    found = attribution.analyse(told(design(), lambda row: 0.1 + 0.02 * len(on(row))), HARM)
    assert shares(found)["value"].to_numpy() == pytest.approx(-0.02)
    assert f"together add {flat('60 %')} to case disclosure rate" in " ".join(found.answer)


# --- second outcome, conditions, draws, missing runs ------------------------------------------------------------------------


def test_what_protection_costs_stands_in_the_same_table() -> None:
    found = attribution.analyse(told(design(), additive, needs), HARM)
    assert shares(found, outcome="legit_met_rate").loc["a", "value"] == pytest.approx(-0.01)
    assert shares(found, outcome="case_disclosure_rate").loc["a", "value"] == pytest.approx(0.03)
    assert shares(found, outcome="legit_met_rate")["positive"].unique().tolist() == ["rises"]
    assert shares(found, outcome="case_disclosure_rate")["positive"].unique().tolist() == ["falls"]
    assert any(f"take {flat('2.0 %')} off legit met rate" in said for said in found.answer)
    waterfall = next(drawing for drawing in found.drawings if drawing.function == "shapley_waterfall")
    assert set(waterfall.frame["outcome"]) == {"case_disclosure_rate", "legit_met_rate"}


def test_a_store_without_the_second_outcome_does_without_it() -> None:
    assert set(attribution.analyse(told(design(), additive), HARM).tables["attribution"]["outcome"]) == {"case_disclosure_rate"}


def test_a_second_outcome_that_no_run_has_is_left_out() -> None:
    found = attribution.analyse(told(design(), additive, lambda row: np.nan), HARM)
    assert set(found.tables["attribution"]["outcome"]) == {"case_disclosure_rate"}


def test_another_second_outcome_can_be_asked_for_and_none() -> None:
    study = told(design(), additive, needs, analysis={"attribution": {"also": None}})
    assert set(attribution.analyse(study, HARM).tables["attribution"]["outcome"]) == {"case_disclosure_rate"}


def test_conditions_are_told_apart() -> None:
    def value(row: Row) -> float:
        return 0.2 - 0.05 * ("a" in on(row)) * (row["condition"] == "loaded")

    study = told(design(2, conditions={"loaded": {}, "unloaded": {"review.load": False}}), value)
    found = attribution.analyse(study, HARM)
    assert shares(found, condition="loaded").loc["a", "value"] == pytest.approx(0.05)
    assert shares(found, condition="unloaded").loc["a", "value"] == 0
    assert [drawing.name for drawing in found.drawings if drawing.function == "shapley_waterfall"] == [
        "shapley_waterfall_loaded",
        "shapley_waterfall_unloaded",
    ]


def test_parameter_draws_are_told_apart_from_worlds() -> None:
    drawn = design(2, uncertainties={"review.rho": {"low": 0.0, "high": 1.0}}, draw="latin_hypercube", size=41)
    study = told(drawn, lambda row: 0.2 + WORLD - 0.001 * row["draw"] * ("a" in on(row)))
    found = attribution.analyse(study, HARM)
    row = shares(found).loc["a"]
    assert (row["value"], row["value_world_low"], row["value_world_high"]) == pytest.approx((0.02, 0.02, 0.02))
    assert (row["value_draw_low"], row["value_draw_high"]) == pytest.approx((0.001, 0.039))
    assert any("41 parameter draws" in sentence and "replicate noise is in it" in sentence for sentence in found.sure)
    assert any("the divisor taken as known" in sentence for sentence in found.sure)


def test_a_run_that_is_missing_at_one_point_is_left_out_at_all() -> None:
    def value(row: Row) -> Any:
        values = np.broadcast_to(additive(row), (8, 2)).copy()
        if on(row) == {"a", "b"}:
            values[0, :], values[1, 0] = np.nan, np.nan
        if not on(row):
            values[1, 0] += 5.0  # would spoil the pairing
        return values

    found = attribution.analyse(told(design(), value), HARM)
    assert shares(found).loc["a", "value"] == pytest.approx(0.03)
    assert found.tables["together"][["worlds", "runs"]].iloc[0].tolist() == [7, 13]


def test_no_run_with_a_value_at_every_point_is_one_line() -> None:
    study = told(design(), lambda row: np.nan if on(row) == {"b"} else 0.1)
    with pytest.raises(
        ConfigError, match=r"^outcome: found no run in which every point has a value of case_disclosure_rate; accepted: "
    ):
        attribution.analyse(study, HARM)


def on_events(outcome: Outcome, count: int, **more: set[str]) -> Any:
    """The additive game and what it costs, with so many events in all behind the set ``of`` of one outcome."""
    study = told(design(), additive, needs)
    sets = [on(row) for row in study.points.to_dict("records")]
    counts = study.held[outcome].counts.copy()
    counts[sets.index(more["of"])] = 0
    counts[sets.index(more["of"]), 0, 0] = count
    return study._replace(held=study.held | {outcome: study.held[outcome]._replace(counts=counts)})


@pytest.mark.parametrize("of", [set(), {"a", "b", "c"}])
def test_a_game_whose_ends_stand_on_few_events_has_no_number(of: set[str]) -> None:
    with pytest.raises(ConfigError, match=r"^outcome: found fewer than 10 events of case_disclosure_rate with all levers off"):
        attribution.analyse(on_events(HARM, 9, of=of), HARM)
    beside = attribution.analyse(on_events(NEEDS, 9, of=of), HARM)
    for table in beside.tables.values():
        assert set(table["outcome"]) == {"case_disclosure_rate"}
    assert any("Without a number: legit met rate, with fewer than 10 events" in sentence for sentence in beside.sure)
    assert not any("legit met rate" in sentence for sentence in beside.answer)
    assert not any("Without" in sentence for sentence in attribution.analyse(on_events(NEEDS, 10, of=of), HARM).sure)


def test_an_effect_alone_or_after_all_others_that_rests_on_few_events_has_no_number() -> None:
    alone = attribution.analyse(on_events(HARM, 9, of={"b"}), HARM)
    table = shares(alone, outcome="case_disclosure_rate")
    assert table[["first_in", "first_in_world_low"]].isna().any(axis=1).to_dict() == {"a": False, "b": True, "c": False}
    assert table["last_in"].notna().all()
    assert alone.tables["together"].loc[0, ["sum_first_in", "overlap"]].isna().all()
    assert not any("alone sums to" in sentence for sentence in alone.answer)
    assert any("Some combinations stand on fewer events" in sentence for sentence in alone.sure)
    last = shares(attribution.analyse(on_events(HARM, 9, of={"a", "c"}), HARM), outcome="case_disclosure_rate")
    assert last["last_in"].isna().to_dict() == {"a": False, "b": True, "c": False}


def test_one_world_gives_values_and_no_interval() -> None:
    values = random_values(1, worlds=1)
    found = attribution.analyse(told(design(), lambda row: values[frozenset(on(row))], shape=(1, 1)), HARM)
    assert shares(found)["value"].notna().all()
    assert shares(found)[["value_world_low", "value_world_high", "se_worlds"]].isna().all().all()
    assert not shares(found)["clear"].any()


def test_a_slice_can_be_shared_out() -> None:
    of_group = Outcome.of("targeted_rate.group.lgbtq")
    study = told(design(), additive)
    held = {of_group: outcomes(of_group, study.points, additive, (8, 2))}
    assert shares(attribution.analyse(study._replace(held=held), of_group)).loc["a", "value"] == pytest.approx(0.03)


def test_of_many_levers_without_effect_few_are_marked_clear() -> None:
    """Chance alone: intervals of single levers miss zero in one of twenty, the widened ones of all of them together."""
    rng, single, joint = np.random.default_rng(3), [], []
    for _ in range(400):
        found = estimate(rng.normal(size=(1, 8, 10)), sampled=False)
        single.append((np.abs(found.value) > found.half()).any())
        joint.append(found.clear.any())
    assert np.mean(single) > 0.3
    assert np.mean(joint) < 0.05
    apart = [estimate(2.5 + rng.normal(size=(1, 10, 10)), sampled=False).clear.mean() for _ in range(40)]
    assert np.mean(apart) > 0.8  # or the test could not fail


# --- orders that are sampled ------------------------------------------------------------------------------------------------


def sampled(levers: int, number: int, **given: Any) -> Any:
    return design(levers, choose="permutations", permutations=number, **given)


def test_orders_of_what_adds_up_have_no_error_of_their_own() -> None:
    found = attribution.analyse(told(sampled(3, 6), lambda row: additive(row) - WORLD * ("a" in on(row))), HARM)
    table = shares(found)
    assert table["value"].to_dict() == pytest.approx({"a": 0.0425, "b": 0.01, "c": 0.0}, abs=1e-12)
    assert table["se_orders"].to_numpy() == pytest.approx(0.0, abs=1e-12)
    assert table.loc["a", "se_worlds"] == pytest.approx(WORLD.std(ddof=1) / np.sqrt(8))
    assert "interactions" not in found.tables


def test_worlds_that_are_alike_leave_the_error_of_the_orders_alone() -> None:
    found = attribution.analyse(told(sampled(6, 8), lambda row: 0.1 / (1 + len(on(row)) + 2 * ("a" in on(row)))), HARM)
    table = shares(found)
    assert table["se_worlds"].to_numpy() == pytest.approx(0.0, abs=1e-12)
    assert (table["se_orders"] > 0).all()
    assert table["value"].sum() == pytest.approx(found.tables["together"]["joint"].item())
    assert any("8 random orders in antithetic pairs" in sentence for sentence in found.sure)


def test_sampled_values_come_near_the_exact_ones() -> None:
    def value(row: Row) -> Any:
        return 0.3 + WORLD - 0.1 * len(on(row)) ** 0.5 - 0.03 * ("a" in on(row)) * (1 + 10 * WORLD)

    exact = shares(attribution.analyse(told(design(5), value), HARM))
    rough = shares(attribution.analyse(told(sampled(5, 40), value), HARM)).loc[exact.index]
    assert (rough["value"] - exact["value"]).abs().max() < 0.004
    assert ((rough["value_error_low"] <= exact["value"]) & (exact["value"] <= rough["value_error_high"])).all()


def test_alone_and_last_are_told_where_an_order_shows_them_and_missing_elsewhere() -> None:
    table = shares(attribution.analyse(told(sampled(6, 4), lambda row: 0.2 - 0.01 * len(on(row))), HARM))
    orders = orders_of(sampled(6, 4))
    shown = {"abcdef"[lever] for lever in orders[:, 0]}
    assert set(table.index[table["first_in"].notna()]) == shown
    assert set(table.index[table["last_in"].notna()]) == {"abcdef"[lever] for lever in orders[:, -1]}
    assert table.loc[sorted(shown), "first_in"].to_numpy() == pytest.approx(0.01)


def test_all_orders_of_a_small_game_give_its_exact_values() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(3, 16))
    every = np.array(list(permutations(range(4))))
    found = estimate(contributions(every, np.arange(16), values).swapaxes(0, 1), sampled=True)
    assert found.value == pytest.approx(shapley(values).mean(axis=0))


@pytest.mark.parametrize(("worlds", "pairs", "spread"), [(6, 10, 1.0), (4, 20, 0.3), (10, 10, 0.1)])
def test_sampled_intervals_hold_the_exact_truth_about_as_often_as_they_say(worlds: int, pairs: int, spread: float) -> None:
    levers = 6
    rng, hits = np.random.default_rng(11), []
    for number in range(300):
        truth = 3 * rng.random(1 << levers)
        values = truth + spread * rng.normal(size=(worlds, 1 << levers))
        orders = orders_of(sampled(levers, PAIR * pairs, draw_seed=number))
        added = contributions(orders, np.arange(1 << levers), values)
        found = estimate(added.reshape(worlds, pairs, PAIR, levers).mean(axis=2).swapaxes(0, 1), sampled=True)
        hits.append(np.abs(found.value - shapley(truth)) <= found.half())
    assert 0.93 <= np.mean(hits) <= 0.99


def test_antithetic_pairs_err_less_than_orders_by_themselves() -> None:
    rng, with_reverse, without = np.random.default_rng(5), [], []
    values = np.array([len([b for b in range(6) if code >> b & 1]) ** 2.0 for code in range(64)]) + rng.random(64)
    exact = shapley(values)
    for number in range(200):
        orders = orders_of(sampled(6, 20, draw_seed=number))
        plain = np.array([np.random.default_rng([number, n]).permutation(6) for n in range(20)])
        for kept, of_them in ((with_reverse, orders), (without, plain)):
            kept.append(contributions(of_them, np.arange(64), values).mean(axis=0) - exact)
    assert np.std(with_reverse) < 0.7 * np.std(without)


def test_more_that_are_deterred_is_better_and_data_kept_alone_is_neither() -> None:
    assert (colour_of("deterred_share", True), colour_of("deterred_share.group.lgbtq", False)) == (BETTER, WORSE)
    assert (colour_of("attempted_rate", True), colour_of("attempted_rate", False)) == (WORSE, BETTER)
    assert colour_of("preserved_only", True) == FAINT


# --- what it refuses --------------------------------------------------------------------------------------------------------


def test_a_whole_lattice_suits() -> None:
    assert attribution.unsuited(told(design(), additive)) is None
    assert attribution.unsuited(told(sampled(4, 6), either)) is None


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (lambda: told(design(0, scenarios=["as_adopted", "judge"]), lambda row: 0.1), "wants levers (design.levers)"),
        (lambda: told(design(2, search=SEARCH), lambda row: 0.1), "wants levers (design.levers) with choose: all or permutations"),
        (lambda: told(design(4, choose="fractional"), lambda row: 0.1), "wants levers (design.levers) with choose"),
        (lambda: told(THREE_LEVELS, lambda row: 0.1), "wants two levels of each lever; line has 3"),
        (lambda: told(sampled(3, 2), lambda row: 0.1), "wants 4 permutations or more; found 2"),
        (
            lambda: told(design(), additive, points=points_of(design()).iloc[1:]),
            "wants each of 8 combinations of the levers once; found 7",
        ),
        (
            lambda: told(design(), additive, points=points_of(design()).assign(**{"review.rho": 0.5})),
            "wants points that differ in levers and draws alone; they differ in review.rho",
        ),
    ],
)
def test_what_is_no_game_is_refused_with_what_is_wanted(made: Any, line: str) -> None:
    assert str(attribution.unsuited(made())).startswith(line)


SEARCH = {"sampler": "nsga2", "generation": 4, "generations": 2, "objectives": {"case_disclosure_rate": "down"}}
THREE_LEVELS = design(0).model_copy(update={"levers": {"line": {"four": {}, "five": {"a.b": 5}, "six": {"a.b": 6}}}})


def test_points_may_stand_in_any_order() -> None:
    values = random_values(4)
    study = told(design(), lambda row: values[frozenset(on(row))])
    shuffled = (
        points_of(design()).sample(frac=1.0, random_state=1).drop(columns=["point", "place", "against"]).reset_index(drop=True)
    )
    mixed = told(design(), lambda row: values[frozenset(on(row))], points=numbered(shuffled, design()))
    one, other = (attribution.analyse(each, HARM).tables["attribution"] for each in (study, mixed))
    pd.testing.assert_frame_equal(one, other)


def test_an_unknown_setting_is_one_line() -> None:
    with pytest.raises(ConfigError, match=r"^analysis\.attribution\.alos: no such key; accepted: also"):
        attribution.analyse(told(design(), additive, analysis={"attribution": {"alos": "x"}}), HARM)


def test_the_game_of_a_study_has_its_sets_in_rising_order() -> None:
    study = told(design(), additive, needs)
    game = game_of(study.outcomes(NEEDS), study.design, "")
    assert game.codes.tolist() == list(range(8))
    assert game.values.shape == (1, 8, 8)


# --- the designs on file ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "points", "levers"),
    [("safeguards_lattice", 512, 8), ("safeguards_twelve", 4096, 12), ("safeguards_sampled", 1034, 20)],
)
def test_a_design_on_file_is_a_game(name: str, points: int, levers: int) -> None:
    found = composed(design_of(name), ())
    study = told(design_of(name), lambda row: 0.1, shape=(1, 1), points=found.frame)
    assert (len(found.frame), len(study.design.levers)) == (points, levers)
    assert attribution.unsuited(study) is None


def test_how_many_levers_a_sentence_names_is_a_setting() -> None:
    found = attribution.analyse(told(design(), additive, analysis={"attribution": {"named": 1}}), HARM)
    assert any(f"these are “a” {flat('14 %')} and the other 2 4.7 %" in said for said in found.answer)
