"""The scale against which formal requests stand."""

from __future__ import annotations

import pandas as pd

from sim import load, simulate


def test_firms_are_asked_many_times_more_often_than_authorities_and_no_scenario_changes_it() -> None:
    small = ("people.rows=1000", "years=1")
    treaty, without = (simulate(load(*small, f"scenario={name}"), seed=4) for name in ("as_adopted", "no_treaty"))
    pd.testing.assert_frame_equal(treaty.direct, without.direct)
    window = treaty.direct[treaty.direct["month"].between(0, 11)]
    formal = treaty.requests["channel"].isin(["formal", "emergency"]) & treaty.requests["month"].between(0, 11)
    assert window["requested"].sum() > 10 * formal.sum()
    assert (window["answered"] <= window["requested"]).all()
