"""The committed results of the demo are what the code gives; a change that moves them must refresh them and say so."""

from __future__ import annotations

import pandas as pd
import pytest

from experiments.reference import PENALTIES, REFERENCE, headline_runs, moved, penalties
from sim import load, simulate

OTHER_PROCESSOR = 0.005  # relative: a last bit of a logarithm may tip single events on another machine


@pytest.mark.parametrize("scenario", ["as_adopted", "no_treaty"])
def test_the_reference_results_are_what_the_code_gives(scenario: str) -> None:
    reference = pd.read_csv(REFERENCE / "headline.csv")
    result = simulate(load(f"scenario={scenario}"), seed=1)
    now = headline_runs(result.metrics.assign(scenario=scenario, seed=1))
    then = reference[(reference["scenario"] == scenario) & (reference["seed"] == 1)]
    both = then.merge(now, on=["scenario", "seed", "metric", "by", "level"], suffixes=("_then", "_now"), how="outer")
    assert len(both) == len(then) == len(now)
    for row in both.to_dict("records"):
        assert row["value_now"] == pytest.approx(row["value_then"], rel=OTHER_PROCESSOR), row


def test_the_leave_one_out_of_penalties_is_what_the_code_gives() -> None:
    pd.testing.assert_frame_equal(pd.read_csv(PENALTIES), penalties(), check_dtype=False, rtol=1e-3)


def test_a_moved_number_is_listed_with_its_old_and_new_value() -> None:
    old = pd.DataFrame({"scenario": "a", "metric": "m", "by": "all", "level": "all", "seed": [1, 2], "value": [1.0, 2.0]})
    assert moved(old, old).empty
    table = moved(old, old.assign(value=[1.5, 2.4]))
    assert table[["old", "new"]].to_numpy().tolist() == [[1.5, 1.95]]
