"""Means and paired differences of a study of few scenarios: by hand, and silent where there are too few events."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.summary import HEADLINE_ESTIMANDS, PAIR_NUMBERS, comparison_of, headline_of, summary_of
from experiments.statistics import chance_share

FEWEST = 10
METRIC, OTHER = "cross_border_disclosure_rate", "legit_met_rate"


def metrics(rows: list[tuple[str, int, str, float, int]], worlds: int = 0) -> pd.DataFrame:
    """Runs as a study pools them: scenario, seed, metric, value, count; a world each, or so many ``worlds`` in turn."""
    named = ["scenario", "seed", "metric", "value", "count"]
    table = pd.DataFrame(rows, columns=named).assign(by="all", level="all")
    return table.assign(world=table["seed"] % worlds if worlds else table["seed"])


def paired(before: list[float], after: list[float], events: tuple[int, int], worlds: int = 0) -> pd.DataFrame:
    rows = [("old", seed, METRIC, value, events[0]) for seed, value in enumerate(before)]
    return metrics(rows + [("new", seed, METRIC, value, events[1]) for seed, value in enumerate(after)], worlds)


def test_a_difference_is_paired_by_seed_whatever_the_order_of_the_rows() -> None:
    table = paired([1.0, 2.0, 6.0], [2.0, 4.0, 9.0], (50, 60)).sample(frac=1, random_state=3)
    (row,) = comparison_of(table, "old", "new", FEWEST).to_dict("records")
    assert (row["baseline"], row["scenario"], row["difference"]) == (3.0, 5.0, 2.0)
    assert (row["world_low"], row["world_high"], row["worlds_agreeing"], row["inside"]) == (1.0, 3.0, 3, 0.5)
    assert row["percent"] == pytest.approx(100 * 2 / 3)
    assert (row["percent_world_low"], row["percent_world_high"]) == (pytest.approx(50.0), pytest.approx(100.0))
    assert (row["events"], row["worlds"], row["runs"]) == (150, 3, 3)
    small = paired([0.1, 0.2, 0.6], [0.12, 0.24, 0.69], (50, 60))
    (row,) = comparison_of(small, "old", "new", FEWEST).to_dict("records")
    half = 4.302653 * np.std([0.02, 0.04, 0.09], ddof=1) / np.sqrt(3)  # Student's t with two degrees of freedom
    assert (row["error_low"], row["error_high"]) == (pytest.approx(0.05 - half, rel=1e-6), pytest.approx(0.05 + half, rel=1e-6))


@pytest.mark.parametrize("events", [(3, 40), (40, 3)])
def test_where_either_side_has_few_events_there_is_no_number(events: tuple[int, int]) -> None:
    (row,) = comparison_of(paired([1.0, 2.0], [2.0, 4.0], events), "old", "new", FEWEST).to_dict("records")
    assert row["events"] == 6
    assert np.isnan([row[name] for name in PAIR_NUMBERS]).all()


def test_what_one_side_lacks_in_a_seed_is_in_no_pair_and_what_it_lacks_in_all_is_left_out() -> None:
    (row,) = comparison_of(paired([1.0, np.nan, 6.0], [2.0, 4.0, 9.0], (50, 60)), "old", "new", FEWEST).to_dict("records")
    assert (row["baseline"], row["scenario"], row["runs"]) == (3.5, 5.5, 2)
    other = paired([1.0, 2.0], [2.0, 4.0], (50, 60)).assign(metric=OTHER)
    both = pd.concat([paired([np.nan, np.nan], [2.0, 4.0], (50, 60)), other], ignore_index=True)
    assert list(comparison_of(both, "old", "new", FEWEST)["metric"]) == [OTHER]


@pytest.mark.parametrize("known", ["old", "new", ""])
def test_a_scenario_without_a_value_in_any_estimand_leaves_a_comparison_without_rows(known: str) -> None:
    rows = [(name, seed, METRIC, 1.0 if name == known else np.nan, 0) for name in ("old", "new") for seed in (0, 1)]
    for table in (metrics(rows), metrics([row for row in rows if row[0] == known])):
        found = comparison_of(table, "old", "new", FEWEST)
        assert (len(found), found.columns[0], found.columns[-1]) == (0, "metric", "inside")


@pytest.mark.parametrize(("count", "known"), [(4, False), (5, True)])
def test_a_mean_stands_on_the_fewest_events_pooled_over_seeds(count: int, known: bool) -> None:
    table = metrics([("old", seed, METRIC, value, count) for seed, value in enumerate((1.0, 3.0))])
    (row,) = summary_of(table, FEWEST).to_dict("records")
    assert row["events"] == 2 * count
    assert (row["mean"] == 2.0) == known
    assert np.isnan(row["mean"]) == (not known)
    if known:
        assert (row["world_low"], row["world_high"]) == (1.0, 3.0)


def test_a_rate_of_two_seeds_stays_a_rate_and_has_the_range_of_its_worlds() -> None:
    rates = [0.06277, 0.09723]  # 0.08; Student's t alone would say -0.14 to 0.30
    (row,) = summary_of(metrics([("old", seed, METRIC, rate, 50) for seed, rate in enumerate(rates)]), FEWEST).to_dict("records")
    assert (row["world_low"], row["world_high"], row["inside"]) == (*rates, pytest.approx(1 / 3))
    assert (row["error_low"], row["error_high"]) == (0.0, pytest.approx(0.08 + 12.706205 * np.std(rates, ddof=1) / 2**0.5))


def test_seeds_of_one_world_are_luck_they_have_an_error_and_no_range() -> None:
    rows = [("old", seed, METRIC, value, 50) for seed, value in enumerate((0.1, 0.2, 0.3))]
    (row,) = summary_of(metrics(rows, 1), FEWEST).to_dict("records")
    assert (row["worlds"], row["runs"]) == (1, 3)
    assert np.isnan([row["world_low"], row["world_high"], row["inside"]]).all()
    assert row["error_high"] > row["mean"] == pytest.approx(0.2)
    (pair,) = comparison_of(paired([0.1, 0.2], [0.2, 0.4], (50, 60), 1), "old", "new", FEWEST).to_dict("records")
    assert np.isnan([pair["world_low"], pair["percent_world_low"]]).all()
    assert (pair["worlds"], pair["worlds_agreeing"], pair["runs"]) == (1, 1, 2)
    assert pair["difference"] == pytest.approx(0.15)


def test_the_value_of_a_world_is_the_mean_over_its_replicates_and_luck_has_its_share() -> None:
    table = paired([0.1, 0.2, 0.3, 0.4], [0.2, 0.2, 0.4, 0.8], (50, 60), 2)  # worlds 0 and 1 in turn, two replicates each
    (row,) = comparison_of(table, "old", "new", FEWEST).to_dict("records")
    assert (row["world_low"], row["world_high"]) == (pytest.approx(0.1), pytest.approx(0.2))  # gaps: 0.1 0.1, and 0 0.4
    assert (row["worlds"], row["worlds_agreeing"], row["runs"]) == (2, 2, 4)
    gaps = np.array([[0.1, 0.1], [0.0, 0.4]])
    assert row["chance_share"] == pytest.approx(float(chance_share(gaps))) == pytest.approx(1.0)
    half = 12.706205 * np.std([0.1, 0.2], ddof=1) / 2**0.5
    assert row["error_high"] == pytest.approx(min(0.15 + half, 1.0))
    levels = summary_of(table, FEWEST).set_index("scenario")
    assert (levels.loc["old", "world_low"], levels.loc["old", "world_high"]) == (pytest.approx(0.2), pytest.approx(0.3))
    assert levels.loc["old", "chance_share"] == pytest.approx(float(chance_share(np.array([[0.1, 0.3], [0.2, 0.4]]))))


def test_one_replicate_a_world_gives_no_share_of_chance() -> None:
    table = paired([1.0, 2.0, 6.0], [2.0, 4.0, 9.0], (50, 60))
    assert comparison_of(table, "old", "new", FEWEST)["chance_share"].isna().all()
    assert summary_of(table, FEWEST)["chance_share"].isna().all()


def test_nothing_falls_by_more_than_all_of_it_and_an_unbounded_percentage_has_no_error() -> None:
    (row,) = comparison_of(paired([0.1, 0.2, 0.9], [0.0, 0.01, 0.6], (50, 60)), "old", "new", FEWEST).to_dict("records")
    assert row["percent_world_low"] == -100.0
    (row,) = comparison_of(paired([0.0, 0.0, 0.9], [0.1, 0.1, 0.6], (50, 60)), "old", "new", FEWEST).to_dict("records")
    assert np.isnan(row["percent_error_low"])
    assert row["percent_worlds"] == 1


def test_a_percentage_whose_worlds_lack_a_baseline_has_no_range_as_its_mean_need_not_lie_in_it() -> None:
    (row,) = comparison_of(paired([0.0, 0.1, 0.1], [0.9, 0.2, 0.3], (50, 60)), "old", "new", FEWEST).to_dict("records")
    assert row["percent"] == pytest.approx(600.0), "of the means over all three worlds"
    assert (row["worlds"], row["percent_worlds"]) == (3, 2)
    assert np.isnan([row["percent_world_low"], row["percent_world_high"]]).all(), "100 to 200 would leave its own mean out"
    (whole,) = comparison_of(paired([0.1, 0.2, 0.1], [0.9, 0.2, 0.3], (50, 60)), "old", "new", FEWEST).to_dict("records")
    assert whole["percent_world_low"] <= whole["percent"] <= whole["percent_world_high"]


def test_the_headline_comes_in_its_own_order_and_holds_nothing_else() -> None:
    names = [name for name, *_ in HEADLINE_ESTIMANDS[:2]]
    assert names == [METRIC, OTHER]
    table = metrics([("old", 0, name, 1.0, 50) for name in ("attempted_rate", OTHER, METRIC)])
    assert list(headline_of(summary_of(table, FEWEST))["metric"]) == names


def test_what_no_policy_can_move_is_a_level_and_never_a_change() -> None:
    rows = [(scenario, 0, name, 1.0, 50) for scenario in ("old", "new") for name in ("domestic_share", METRIC)]
    assert "domestic_share" in set(headline_of(summary_of(metrics(rows), FEWEST))["metric"])
    assert set(comparison_of(metrics(rows), "old", "new", FEWEST)["metric"]) == {METRIC}
