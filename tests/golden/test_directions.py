"""What every scenario expected holds in the reference over its worlds, or its file says what was found instead, and why."""

from __future__ import annotations

import pandas as pd
import pytest

from experiments.design.scenarios import headers
from experiments.reference.make import REFERENCE_FOLDER

TABLE = pd.read_csv(REFERENCE_FOLDER / "scenarios" / "comparison.csv")
WHOLE = TABLE[(TABLE["by"] == "all") & TABLE["expected"].isin(["up", "down", "same"])]


@pytest.mark.parametrize("arm", sorted(set(TABLE["arm"])))
def test_a_direction_holds_over_the_worlds_or_the_file_says_what_was_found(arm: str) -> None:
    finding = headers()[arm].finding or ""
    for row in WHOLE[WHOLE["arm"] == arm].to_dict("records"):
        above, below = row["percent_world_low"] > 0, row["percent_world_high"] < 0
        still = bool(row["constructed_zero"]) or not (above or below)
        holds = {"up": above, "down": below, "same": still}[row["expected"]]
        assert holds or row["metric"].replace("cross_border_", "case_") in finding, (row["metric"], row["percent"], row["expected"])


def test_the_reference_holds_every_scenario() -> None:
    assert set(TABLE["arm"]) == set(headers()) - {"as_adopted"}
    assert len(WHOLE) > len(set(TABLE["arm"]))
