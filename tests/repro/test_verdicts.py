"""What identical, within tolerance and different mean, on small tables."""

from __future__ import annotations

import pandas as pd
import pytest

from experiments.reference.tolerances import (
    DIFFERENT,
    EVENTS,
    IDENTICAL,
    SHARE,
    WITHIN,
    TableKind,
    as_text,
    gap_scales,
    judged,
    level_scales,
    no_scales,
    share_scales,
    subject_verdict,
)

RUNS = TableKind(("metric", "seed"), ("value", "count"), "%.9g")
EFFECTS = TableKind(("metric",), ("baseline", "difference", "percent", "ratio", "events"), "%.6g")


def runs(*values: float, count: int = 100_000) -> pd.DataFrame:
    return pd.DataFrame({"metric": "m", "seed": range(len(values)), "value": values, "count": count})


def verdicts(then: pd.DataFrame, now: pd.DataFrame, elsewhere: bool, column: str = "value") -> list[str]:
    before = as_text(then, RUNS.digits)
    rows = judged(before, as_text(now, RUNS.digits), RUNS, no_scales(before, RUNS), elsewhere)
    return rows.loc[rows["column"] == column, "verdict"].tolist()


def test_the_same_digits_are_identical_whatever_lies_behind_them() -> None:
    assert verdicts(runs(1 / 3), runs(1 / 3 + 1e-12), elsewhere=False) == [IDENTICAL]
    assert verdicts(runs(1 / 3), runs(1 / 3 + 1e-8), elsewhere=False) == [DIFFERENT]


@pytest.mark.parametrize(("share", "verdict"), [(0.9, WITHIN), (1.1, DIFFERENT)])
def test_elsewhere_a_number_may_move_by_half_a_per_cent(share: float, verdict: str) -> None:
    moved = runs(2.0 * (1 - share * SHARE))
    assert verdicts(runs(2.0), moved, elsewhere=True) == [verdict]
    assert verdicts(runs(2.0), moved, elsewhere=False) == [DIFFERENT]


def test_where_events_are_few_two_of_them_may_tip_elsewhere() -> None:
    then = runs(0.20, count=20)
    for tipped, verdict in ((EVENTS, WITHIN), (EVENTS + 1, DIFFERENT)):
        now = runs(0.01 * (20 + tipped), count=20 + tipped)
        assert verdicts(then, now, elsewhere=True) == [verdict]
        assert verdicts(then, now, elsewhere=True, column="count") == [verdict]
    assert verdicts(runs(0.0, count=0), runs(0.3, count=1), elsewhere=True) == [WITHIN]
    assert verdicts(runs(0.0, count=0), runs(0.3, count=3), elsewhere=True) == [DIFFERENT]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_number_that_one_side_lacks_is_different_and_one_that_both_lack_is_none(elsewhere: bool) -> None:
    assert verdicts(runs(1.0, 2.0), runs(1.0), elsewhere) == [IDENTICAL, DIFFERENT]
    assert verdicts(runs(1.0), runs(1.0, 2.0), elsewhere) == [IDENTICAL, DIFFERENT]
    assert verdicts(runs(1.0), runs(float("nan")), elsewhere) == [DIFFERENT]
    assert verdicts(runs(float("nan")), runs(float("nan")), elsewhere) == []


def test_a_small_difference_is_measured_by_the_level_that_it_is_taken_from() -> None:
    then = pd.DataFrame(
        {"metric": ["m"], "baseline": [10.0], "difference": [0.01], "percent": [0.1], "ratio": [1.001], "events": [100_000]}
    )
    now = then.assign(difference=0.05, percent=0.5, ratio=1.005)  # four times as much, and 0.4 % of the level
    rows = judge_effects(then, now)
    assert dict(zip(rows["column"], rows["verdict"], strict=True)) == {
        "baseline": IDENTICAL, "difference": WITHIN, "percent": WITHIN, "ratio": WITHIN, "events": IDENTICAL,
    }  # fmt: skip
    rows = judge_effects(then, then.assign(difference=0.07))
    assert rows.set_index("column").loc["difference", "verdict"] == DIFFERENT
    assert rows.set_index("column").loc["difference", "moved"] == pytest.approx(0.006)


def test_the_end_of_a_range_is_one_worlds_and_may_move_by_as_many_times_more() -> None:
    kind = TableKind(("metric",), ("baseline", "difference", "world_low", "percent_world_high", "worlds"), "%.6g")
    then = pd.DataFrame({"metric": ["m"], "baseline": [10.0], "difference": [0.0], "world_low": [-1.0], "percent_world_high": [5.0],
                         "worlds": [10]})  # fmt: skip
    before = as_text(then, kind.digits)
    for moved, verdict in ((4.0, WITHIN), (6.0, DIFFERENT)):  # per cent of the level: half a per cent, ten times
        now = then.assign(world_low=-1.0 + moved / 10, percent_world_high=5.0 + moved, difference=0.04)
        rows = judged(before, as_text(now, kind.digits), kind, level_scales(before, kind), True).set_index("column")
        assert rows.loc[["world_low", "percent_world_high"], "verdict"].tolist() == [verdict] * 2
        assert rows.loc["difference", "verdict"] == WITHIN


def judge_effects(then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    before = as_text(then, EFFECTS.digits)
    return judged(before, as_text(now, EFFECTS.digits), EFFECTS, level_scales(before, EFFECTS), True)


def test_the_outcome_counts_every_number_and_names_the_one_that_moved_most() -> None:
    then, now = runs(1.0, 2.0, 3.0), runs(1.001, 2.2, 3.0)
    before = as_text(then, RUNS.digits)
    rows = judged(before, as_text(now, RUNS.digits), RUNS, no_scales(before, RUNS), True)
    outcome = subject_verdict("judge", [rows])
    assert outcome[:5] == ("judge", 6, 4, 1, 1)
    assert outcome.worst == "m, seed 1, value: 2 -> 2.2 (9.1 %)"
    assert not outcome.stands
    assert subject_verdict("judge", [rows[rows["verdict"] != DIFFERENT]]).stands
    assert not subject_verdict("judge", [rows.iloc[:0]]).stands


def test_what_is_saved_is_measured_by_the_baseline_what_is_displaced_and_moved_by_itself() -> None:
    saved = TableKind(("measure",), ("value", "world_low", "events"), "%.6g")
    table = pd.DataFrame({"measure": ["protection", "silenced"], "value": ["-3", "4"], "world_low": ["-9", "1"], "events": "50"})
    assert share_scales(table, saved)[["value", "world_low", "events"]].to_numpy().tolist() == [[100, 100, 0], [4, 4, 0]]
    assert share_scales(table.drop(columns="measure"), saved)["value"].tolist() == [3, 4]
    levels = TableKind(("level",), ("naive", "adaptive", "moved", "events_naive"), "%.6g")
    table = pd.DataFrame({"naive": ["2", ""], "adaptive": ["5", "7"], "moved": ["3", ""], "events_naive": ["20", "0"]})
    assert gap_scales(table, levels).to_numpy().tolist() == [[5, 5, 5, 0], [7, 7, 7, 0]]


def test_elsewhere_a_share_of_the_baseline_may_move_by_half_a_point_and_no_more() -> None:
    kind = TableKind(("measure",), ("value", "events"), "%.6g", share_scales)
    then = pd.DataFrame({"measure": ["protection"], "value": [2.0], "events": [4000]})
    before = as_text(then, kind.digits)
    for step, verdict in ((0.49, WITHIN), (0.51, DIFFERENT)):
        now = as_text(then.assign(value=2.0 + step), kind.digits)
        rows = judged(before, now, kind, kind.scales(before, kind), True)
        assert rows.loc[rows["column"] == "value", "verdict"].tolist() == [verdict]
