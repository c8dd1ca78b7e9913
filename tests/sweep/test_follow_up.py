"""Follow-up is equal for every case: where it is too short for one estimand by case, it is for all of them."""

import numpy as np
import pytest

from experiments.store.results import CASES_DISCLOSED, DISPLACEMENT, EstimandKey, Results, with_displacement
from sim.metrics import FOLLOWED, Given, absent_metrics
from sim.metrics.displacement import SLICED_BY

OTHER: EstimandKey = ("targeted_people", "all", "all")


def given(case: int, instrument: int) -> Given:
    """One disclosure in a case, by one text of two."""
    levels = dict.fromkeys(SLICED_BY, ("one", "two")) | {"instrument": ("hanoi", "comity")}
    codes = {by: np.zeros(1, np.int64) for by in SLICED_BY} | {"instrument": np.array([instrument])}
    return Given(np.array([case]), np.zeros(1), levels, codes)


def results(rate: float) -> Results:
    """Two points in one run each."""
    values = np.array([[[[rate]], [[3.0]]], [[[rate]], [[3.0]]]])
    return Results([CASES_DISCLOSED, OTHER], values, np.ones(values.shape, np.int64), [1])


@pytest.mark.parametrize(("rate", "told"), [(0.5, True), (np.nan, False)])
def test_displacement_needs_the_follow_up_that_disclosures_by_case_need(rate: float, told: bool) -> None:
    """With a run-out of six months ``case_disclosure_rate`` was absent and displacement was given."""
    runs = {(0, 0, 0): given(7, 0), (1, 0, 0): given(7, 1)}
    found = with_displacement(results(rate), runs, [0, 0], ["as_adopted", "judge"])
    assert ((DISPLACEMENT, "baseline", "as_adopted") in found.keys) == told


def test_a_short_run_out_is_the_reason_that_is_told_of_displacement() -> None:
    assert DISPLACEMENT in FOLLOWED
    assert "follow-up of 6 months" in absent_metrics(6, True, True)[DISPLACEMENT]
    assert "compares two runs" in absent_metrics(24, True, True)[DISPLACEMENT]
