"""What a change of rules does to one state, counted by hand on a few disclosures."""

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.one_state import COLUMNS, REQUESTED, REQUESTER, SLICES, Runs, one_a_case, state_table

CHANGED = ("difference", "world_low", "world_high", "worlds_agreeing", "percent")
NUMBERS = ("baseline", "value", *CHANGED)
RUNS = Runs({"today": "p0", "stricter": "p1"}, [1, 2], 2, 5)


def given(*rows: tuple[str, int, int, int, str, str]) -> pd.DataFrame:
    """Disclosures from ``point, world, replicate, case, requester, requested``; the rest is the same in all."""
    frame = pd.DataFrame(rows, columns=["point", "world_seed", "replicate", "case", "requester", "requested"])
    return frame.assign(group="journalist", label="fraud", kind="fabricated", data_class="content", day=10.0)


def many(point: str, world: int, replicate: int, count: int) -> list[tuple[str, int, int, int, str, str]]:
    return [(point, world, replicate, case, "TUR", "IRL") for case in range(count)]


def test_cases_a_year_and_their_paired_difference_are_means_over_worlds_of_replicates() -> None:
    rows = [*many("p0", 1, 0, 20), *many("p0", 1, 1, 10), *many("p0", 2, 0, 5), *many("p1", 1, 0, 10), *many("p1", 2, 1, 5)]
    table = state_table(given(*rows), ["TUR"], RUNS, 10)
    row = table[(table["role"] == REQUESTER) & (table["by"] == "all")].iloc[0]
    # world 1: 15 cases a run before and 5 after, world 2: 2.5 before and 2.5 after; five years
    assert row["baseline"] == pytest.approx((15 + 2.5) / 2 / 5)
    assert row["value"] == pytest.approx((5 + 2.5) / 2 / 5)
    assert (row["world_low"], row["world_high"]) == (pytest.approx(-2.0), pytest.approx(0.0))
    assert (row["worlds_agreeing"], row["worlds"]) == (1, 2), "a zero counts against"
    assert (row["events_baseline"], row["events"]) == (35, 15)
    assert row["percent"] == pytest.approx(100 * (0.75 / 1.75 - 1))


def test_no_number_stands_on_fewer_events_than_ten() -> None:
    """Rates, differences and ranges were once written for a row on two and one pooled cases."""
    rows = [*many("p0", 1, 0, 2), *many("p1", 1, 0, 1)]
    table = state_table(given(*rows), ["TUR"], RUNS, 10)
    assert (table["role"] == REQUESTER).sum() == len(SLICES)
    assert table[[*NUMBERS]].isna().all(axis=None)
    few = table[table["role"] == REQUESTER]
    assert few[["events_baseline", "events", "worlds"]].drop_duplicates().to_numpy().tolist() == [[2, 1, 2]]


@pytest.mark.parametrize(("before", "after"), [(20, 3), (3, 20)])
def test_a_change_needs_events_on_either_side_and_a_level_its_own(before: int, after: int) -> None:
    table = state_table(given(*many("p0", 1, 0, before), *many("p1", 1, 0, after)), ["TUR"], RUNS, 10)
    row = table[(table["role"] == REQUESTER) & (table["by"] == "all")].iloc[0]
    assert np.isnan(row[[*CHANGED]].to_numpy(float)).all()
    assert (np.isnan(row["baseline"]), np.isnan(row["value"])) == (before < 10, after < 10)


def test_a_run_without_a_disclosure_counts_as_none() -> None:
    table = state_table(given(*many("p0", 1, 0, 20), *many("p1", 2, 1, 12)), ["TUR"], RUNS, 10)
    row = table[(table["role"] == REQUESTER) & (table["by"] == "all")].iloc[0]
    assert row["baseline"] == pytest.approx(20 / 2 / 2 / 5)
    assert row["value"] == pytest.approx(12 / 2 / 2 / 5)


def test_a_state_that_nobody_asks_has_a_row_of_no_events_in_that_role() -> None:
    table = state_table(given(*many("p0", 1, 0, 40)), ["TUR"], RUNS, 10)
    row = table[table["role"] == REQUESTED]
    assert row["by"].tolist() == ["all"]
    assert row[["events_baseline", "events"]].to_numpy().tolist() == [[0, 0]]
    assert row[["baseline", "value", "difference"]].isna().all(axis=None), "that nobody ever asks it is a number on no event"


def test_the_other_side_is_the_host_where_the_state_asks_and_the_asker_where_it_is_asked() -> None:
    rows = given(("p0", 1, 0, 1, "TUR", "IRL"), ("p0", 1, 0, 2, "TUR", "USA"), ("p0", 1, 0, 3, "EGY", "TUR"))
    table = state_table(rows, ["TUR"], RUNS, 10)
    asks, asked = (table[(table["role"] == role) & (table["by"] == "other")] for role in (REQUESTER, REQUESTED))
    assert set(asks["level"]) == {"IRL", "USA"}
    assert set(asked["level"]) == {"EGY"}
    both = table[(table["role"] == REQUESTER) & (table["by"] == "group_other")]
    assert set(both["level"]) == {"journalist | IRL", "journalist | USA"}
    assert list(table.columns) == list(COLUMNS)
    assert set(table["by"]) <= set(SLICES)


def test_slices_add_up_to_the_whole() -> None:
    rows = given(*[("p0", 1, 0, case, "TUR", "IRL" if case % 3 else "USA") for case in range(60)])
    table = state_table(rows, ["TUR"], RUNS, 10)
    asks = table[table["role"] == REQUESTER]
    whole = float(asks.loc[asks["by"] == "all", "baseline"].iloc[0])
    for by in SLICES[1:]:
        assert asks.loc[asks["by"] == by, "baseline"].sum() == pytest.approx(whole), by


def test_of_several_disclosures_of_a_case_the_most_intrusive_then_the_earliest_is_kept() -> None:
    rows = given(*[("p0", 1, 0, 1, "TUR", host) for host in ("IRL", "USA", "CAN")])
    rows["data_class"], rows["day"] = ["subscriber", "content", "content"], [1.0, 30.0, 20.0]
    assert one_a_case(rows)["requested"].tolist() == ["CAN"]
