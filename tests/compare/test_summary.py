"""Means and paired differences of a study of few scenarios: by hand, and silent where there are too few events."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.summary import HEADLINE_ESTIMANDS, comparison_of, headline_of, summary_of

FEWEST = 10
METRIC, OTHER = "cross_border_disclosure_rate", "legit_met_rate"


def metrics(rows: list[tuple[str, int, str, float, int]]) -> pd.DataFrame:
    """Runs as a study pools them: scenario, seed, metric, value, count."""
    named = ["scenario", "seed", "metric", "value", "count"]
    return pd.DataFrame(rows, columns=named).assign(by="all", level="all")


def paired(before: list[float], after: list[float], events: tuple[int, int]) -> pd.DataFrame:
    rows = [("old", seed, METRIC, value, events[0]) for seed, value in enumerate(before)]
    return metrics(rows + [("new", seed, METRIC, value, events[1]) for seed, value in enumerate(after)])


def test_a_difference_is_paired_by_seed_whatever_the_order_of_the_rows() -> None:
    table = paired([1.0, 2.0, 6.0], [2.0, 4.0, 9.0], (50, 60)).sample(frac=1, random_state=3)
    (row,) = comparison_of(table, "old", "new", FEWEST).to_dict("records")
    assert (row["baseline"], row["scenario"], row["difference"]) == (3.0, 5.0, 2.0)
    half = 4.302653 * 1.0 / np.sqrt(3)  # Student's t with two degrees of freedom, differences 1, 2, 3
    assert (row["low"], row["high"]) == (pytest.approx(2 - half, rel=1e-6), pytest.approx(2 + half, rel=1e-6))
    assert row["percent"] == pytest.approx(100 * 2 / 3)
    assert (row["events"], row["runs"]) == (150, 3)


@pytest.mark.parametrize("events", [(3, 40), (40, 3)])
def test_where_either_side_has_few_events_there_is_no_number(events: tuple[int, int]) -> None:
    (row,) = comparison_of(paired([1.0, 2.0], [2.0, 4.0], events), "old", "new", FEWEST).to_dict("records")
    assert row["events"] == 6
    assert np.isnan([row[name] for name in ("baseline", "scenario", "difference", "low", "high", "percent")]).all()


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
        assert (len(found), found.columns[0], found.columns[-1]) == (0, "metric", "runs")


@pytest.mark.parametrize(("count", "known"), [(4, False), (5, True)])
def test_a_mean_stands_on_the_fewest_events_pooled_over_seeds(count: int, known: bool) -> None:
    table = metrics([("old", seed, METRIC, value, count) for seed, value in enumerate((1.0, 3.0))])
    (row,) = summary_of(table, FEWEST).to_dict("records")
    assert row["events"] == 2 * count
    assert (row["mean"] == 2.0) == known
    assert np.isnan(row["mean"]) == (not known)
    if known:
        assert row["high"] - row["mean"] == pytest.approx(12.706205 * np.sqrt(2.0) / np.sqrt(2), rel=1e-6)


def test_the_headline_comes_in_its_own_order_and_holds_nothing_else() -> None:
    names = [name for name, *_ in HEADLINE_ESTIMANDS[:2]]
    assert names == [METRIC, OTHER]
    table = metrics([("old", 0, name, 1.0, 50) for name in ("attempted_rate", OTHER, METRIC)])
    assert list(headline_of(summary_of(table, FEWEST))["metric"]) == names


def test_what_no_policy_can_move_is_a_level_and_never_a_change() -> None:
    rows = [(scenario, 0, name, 1.0, 50) for scenario in ("old", "new") for name in ("domestic_share", METRIC)]
    assert "domestic_share" in set(headline_of(summary_of(metrics(rows), FEWEST))["metric"])
    assert set(comparison_of(metrics(rows), "old", "new", FEWEST)["metric"]) == {METRIC}
