"""How things stand today: levels with their range over worlds, and by which ways the abusive cases disclosed went."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.headline_today import TODAY_KEYS, TODAY_NUMBERS, baselines_of, today_table
from experiments.design.arms import ArmRun
from experiments.design.grid import Cell
from experiments.store.results import EstimandKey, Results
from sim.config import load
from sim.settings import Config


@cache
def config() -> Config:
    return load("states=synthetic", "people.rows=50", "metrics.fewest_events=10")


# two worlds of two replicates: the value of each run, and its events
RUNS: dict[EstimandKey, tuple[list[list[float]], list[list[int]]]] = {
    ("case_disclosure_rate", "all", "all"): ([[0.1, 0.3], [0.4, 0.4]], [[20, 20], [30, 30]]),
    ("case_disclosure_rate", "group_sides", "journalist|autocracies>democracies"): ([[0.5, 0.5], [0.7, 0.7]], [[4, 4], [4, 4]]),
    ("case_disclosure_rate", "group_sides", "journalist|democracies>democracies"): ([[0.5, 0.5], [0.7, 0.7]], [[2, 2], [2, 2]]),
    ("case_disclosure_rate", "instrument", "hanoi"): ([[0.1, 0.1], [0.1, 0.1]], [[10, 10], [5, 5]]),
    ("case_disclosure_rate", "instrument", "comity"): ([[0.1, 0.1], [0.1, 0.1]], [[10, 10], [25, 25]]),
    ("case_disclosure_rate", "label", "extremism"): ([[0.1, 0.1], [0.1, 0.1]], [[2, 3], [5, 5]]),
    ("case_disclosure_rate", "label", "insult"): ([[0.1, 0.1], [0.1, 0.1]], [[3, 2], [0, 5]]),
    ("case_disclosure_rate", "label", "fraud"): ([[0.1, 0.1], [0.1, 0.1]], [[15, 15], [25, 20]]),
    ("targeted_rate", "group", "journalist"): ([[2.0, 4.0], [5.0, 5.0]], [[9, 9], [9, 9]]),
    ("unanswered_share", "all", "all"): ([[0.1, 0.1], [0.1, 0.1]], [[50, 50], [50, 50]]),
}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    values = np.array([[value for value, _ in RUNS.values()]])
    counts = np.array([[count for _, count in RUNS.values()]], np.int64)
    return today_table(Results(list(RUNS), values, counts, [1, 2]), {"before": 0}, config())


def row(table: pd.DataFrame, metric: str, by: str, level: str) -> pd.Series:
    (found,) = table[(table["metric"] == metric) & (table["by"] == by) & (table["level"] == level)].index
    return table.loc[found]


def test_a_level_is_the_mean_of_worlds_with_their_range(table: pd.DataFrame) -> None:
    told = row(table, "targeted_rate", "group", "journalist")
    assert told[["value", "world_low", "world_high"]].tolist() == [4.0, 3.0, 5.0]
    assert (told["events"], told["worlds"]) == (36, 2)
    assert pd.isna(told["of"])


def test_a_way_is_its_cases_of_all_cases_with_the_range_over_the_worlds_own_shares(table: pd.DataFrame) -> None:
    told = row(table, "disclosed_share", "instrument", "hanoi")
    assert told["value"] == pytest.approx(30 / 100), "all runs together: 20 of 40 and 10 of 60"
    assert told[["world_low", "world_high"]].tolist() == pytest.approx([10 / 60, 20 / 40])
    assert (told["events"], told["of"]) == (30, 100)


def test_labels_are_told_as_protected_acts_and_others_and_add_up(table: pd.DataFrame) -> None:
    own, other = (row(table, "disclosed_share", "label", level) for level in ("protected", "other"))
    assert (own["events"], other["events"]) == (25, 75)
    assert own["value"] + other["value"] == pytest.approx(1.0)


def test_few_events_have_no_number_though_their_count_stands(table: pd.DataFrame) -> None:
    few = row(table, "case_disclosure_rate", "group_sides", "journalist|democracies>democracies")
    assert few["events"] == 8
    assert few[["value", "world_low", "world_high", "error_low", "error_high"]].isna().all()
    assert not pd.isna(row(table, "case_disclosure_rate", "group_sides", "journalist|autocracies>democracies")["value"])


def test_it_has_what_the_page_shows_and_nothing_else(table: pd.DataFrame) -> None:
    assert list(table.columns) == [*TODAY_KEYS, *TODAY_NUMBERS]
    assert "unanswered_share" not in set(table["metric"])
    assert not table.duplicated(list(TODAY_KEYS)).any()


def test_each_capacity_has_the_runs_that_its_arms_are_read_against() -> None:
    line_up = [
        ArmRun("as_adopted, hired", config(), 0), ArmRun("all, follows", config(), 0), ArmRun("as_adopted", config(), 2),
        ArmRun("all", config(), 2),
    ]  # fmt: skip
    cells = {"all, follows": Cell(strength=1.0, capacity="follows"), "all": Cell(strength=1.0)}
    assert list(baselines_of(line_up, cells).items()) == [("before", 2), ("follows", 0)]
