"""Rates and changes by state of origin: paired world by world, withheld on few events, drawn in where noise makes them."""

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.origins import origin_changes, origin_rates
from experiments.analysis.run_tables import RunTables
from experiments.analysis.shrunk import shrunk

PEOPLE, YEARS, FEWEST = 50_000.0, 2, 10


def runs_of(events: dict[str, dict[str, list[int]]], people: float = PEOPLE, worlds: int = 0) -> RunTables:
    """Views of runs with so many events by scenario, state and run: a world each, or so many ``worlds`` in turn."""
    rows = [
        (scenario, world, code, count, people)
        for scenario, of in events.items()
        for code, counts in of.items()
        for world, count in enumerate(counts)
    ]
    origins = pd.DataFrame(rows, columns=["scenario", "seed", "code", "events", "people"])
    origins["world"] = origins["seed"] % worlds if worlds else origins["seed"]
    empty = pd.DataFrame()
    return RunTables(empty, empty, empty, empty, origins, empty)


def changes(before: dict[str, list[int]], after: dict[str, list[int]], **more: int) -> pd.DataFrame:
    return origin_changes(runs_of({"a": before, "b": after}, **more), "a", "b", YEARS, FEWEST).set_index("code")


def test_a_change_is_paired_in_each_world_and_told_per_100_000_a_year() -> None:
    row = changes({"X": [4, 6, 10]}, {"X": [5, 6, 15]}).loc["X"]
    per = 100_000 / (PEOPLE * YEARS)
    assert row["difference"] == pytest.approx(2 * per)
    assert (row["world_low"], row["world_high"]) == (0.0, pytest.approx(5 * per))
    assert (row["worlds_agreeing"], row["worlds"]) == (2, 3)
    assert (row["events_baseline"], row["events"]) == (20, 26)
    assert row["scenario"] - row["baseline"] == pytest.approx(row["difference"])


def test_few_events_on_either_side_or_few_people_give_counts_and_no_number() -> None:
    table = changes({"few": [3, 3], "rises": [3, 3], "enough": [5, 5]}, {"few": [2, 2], "rises": [30, 30], "enough": [6, 6]})
    assert list(table.index[table["shrunk"].notna()]) == ["enough"]
    assert table.loc["rises", "events"] == 60
    lonely = origin_rates(runs_of({"a": {"X": [20, 20]}}, people=900.0), "a", YEARS, FEWEST)
    assert np.isnan(lonely["scenario"]).all()


def test_one_world_has_no_range_however_many_replicates_there_are() -> None:
    row = changes({"X": [4, 6, 10]}, {"X": [5, 6, 15]}, worlds=1).loc["X"]
    assert np.isnan([row["world_low"], row["world_high"]]).all()
    assert row["worlds"] == 1


def test_the_change_of_a_world_is_the_mean_over_its_replicates() -> None:
    row = changes({"X": [4, 6, 10, 10]}, {"X": [5, 9, 15, 9]}, worlds=2).loc["X"]  # worlds 0 and 1 in turn
    per = 100_000 / (PEOPLE * YEARS)
    assert (row["world_low"], row["world_high"]) == (pytest.approx(1 * per), pytest.approx(3 * per))
    assert (row["worlds_agreeing"], row["worlds"], row["difference"]) == (2, 2, pytest.approx(2 * per))


def test_rates_of_one_scenario_are_drawn_in_towards_that_of_all_states() -> None:
    table = origin_rates(runs_of({"a": {"X": [10, 10], "Y": [60, 0], "Z": [5, 5]}}), "a", YEARS, FEWEST).set_index("code")
    whole = 90 / 6 / (PEOPLE * YEARS) * 100_000
    assert table["baseline"].to_numpy() == pytest.approx(whole)
    assert (table["shrunk"].abs() <= table["difference"].abs() + 1e-12).all()
    assert table.loc["Y", "kept"] < table.loc["X", "kept"]


def test_a_state_in_which_nothing_changes_stays_at_nothing() -> None:
    table = changes({"X": [5, 6], "Y": [9, 9]}, {"X": [5, 6], "Y": [12, 12]})
    assert table.loc["X", "shrunk"] == 0.0
    assert table.loc["Y", "shrunk"] > 0.0


def test_estimates_drawn_in_are_nearer_to_the_truth_and_small_noisy_units_do_not_lead() -> None:
    """Sixty states, half of them twenty times as noisy: on 200 made-up worlds, as the truth is known."""
    rng = np.random.default_rng(11)
    noise = np.tile([0.05, 20.0], 30)
    raw, kept, led = [], [], []
    for _ in range(200):
        truth = rng.normal(0.0, 1.0, 60)
        seen = truth + rng.normal(0.0, np.sqrt(noise))
        found = shrunk(seen, noise).values
        raw.append(((seen - truth) ** 2).mean())
        kept.append(((found - truth) ** 2).mean())
        led.append((noise[np.abs(seen).argmax()] > 1, noise[np.abs(found).argmax()] > 1))
    assert np.mean(kept) < 0.1 * np.mean(raw)
    seen_leads, found_leads = np.mean(led, axis=0)
    assert seen_leads > 0.95
    assert found_leads < 0.1


def test_the_spread_of_true_values_is_found_and_pure_noise_leaves_none() -> None:
    rng = np.random.default_rng(12)
    noise = np.full(4000, 2.0)
    assert shrunk(rng.normal(0, np.sqrt(2.0 + 9.0), 4000), noise).spread == pytest.approx(3.0, rel=0.05)
    assert shrunk(rng.normal(0, np.sqrt(2.0), 4000), noise).spread < 0.35
    assert np.isnan(shrunk(np.array([np.nan]), np.array([1.0])).values).all()
