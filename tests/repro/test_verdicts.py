"""What identical, within tolerance and different mean, on small tables."""

from __future__ import annotations

import pandas as pd
import pytest

from experiments.verdicts import (
    DIFFERENT,
    EVENTS,
    IDENTICAL,
    SHARE,
    WITHIN,
    Kind,
    as_text,
    judged,
    level_scales,
    no_scales,
    outcome_of,
)

RUNS = Kind(("metric", "seed"), ("value", "count"), "%.9g")
EFFECTS = Kind(("metric",), ("baseline", "difference", "percent", "ratio", "events"), "%.6g")


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


def judge_effects(then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    before = as_text(then, EFFECTS.digits)
    return judged(before, as_text(now, EFFECTS.digits), EFFECTS, level_scales(before, EFFECTS), True)


def test_the_outcome_counts_every_number_and_names_the_one_that_moved_most() -> None:
    then, now = runs(1.0, 2.0, 3.0), runs(1.001, 2.2, 3.0)
    before = as_text(then, RUNS.digits)
    rows = judged(before, as_text(now, RUNS.digits), RUNS, no_scales(before, RUNS), True)
    outcome = outcome_of("judge", [rows])
    assert outcome[:5] == ("judge", 6, 4, 1, 1)
    assert outcome.worst == "m, seed 1, value: 2 -> 2.2 (9.1 %)"
    assert not outcome.stands
    assert outcome_of("judge", [rows[rows["verdict"] != DIFFERENT]]).stands
    assert not outcome_of("judge", [rows.iloc[:0]]).stands
