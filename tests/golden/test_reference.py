"""The committed results are what the code gives; a change that moves them must refresh them and say so."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import pandas as pd
import pytest

from experiments.analysis.adaptation import HEADLINE_TABLE, NAIVE, WHOLE_WINDOW
from experiments.analysis.headline import MATRIX_TABLE
from experiments.console import Terminal
from experiments.design.arms import ArmRun, arm_runs_of
from experiments.design.designs import Design, design_of
from experiments.design.grid import cells_of
from experiments.execution.comparison import comparison_plan, read_results, runs_frame
from experiments.execution.session import run_plan
from experiments.reference.explained import damage, strangeness
from experiments.reference.make import (
    ADAPTATION_PART,
    BENCHMARK,
    CAPACITIES,
    HEADLINE,
    PENALTIES,
    PENALTIES_FILE,
    REFERENCE_FOLDER,
    SCENARIOS,
    TABLE_KINDS,
    TREATY,
    by_world,
    headline_runs,
    headline_runs_of_arms,
    kept_adaptation,
    moved_numbers,
    moved_years,
    moves_text,
    penalties,
    read_manifest,
    read_tables,
    years_text,
)
from experiments.reference.reproduce import adapted_in, adapting, arm_runs_again, overrides_of
from experiments.reference.tolerances import DIFFERENT, as_text, judged, no_scales
from experiments.settings import StudyConfig
from experiments.studies.adaptation import ADAPTIVE, DISPLACED_TABLE, MOVED_TABLE, protecting
from experiments.studies.compare import compared_arms
from experiments.studies.headline import grid_arms
from sim import load, simulate
from sim.config import options
from sim.sources.checksums import sha256

MOST = 3_500_000  # bytes of a part, of fifty scenarios and eight groups at most: the repository stays small
MADE = (HEADLINE, TREATY, SCENARIOS, CAPACITIES, ADAPTATION_PART)  # parts with a manifest
SPOT = ("as_adopted", "no_treaty", "judge")  # run again here; `rogatory reproduce` runs all


def agree(part: str, name: str, then: pd.DataFrame, now: pd.DataFrame) -> None:
    """Identical, or within tolerance on another machine."""
    kind = TABLE_KINDS[part][name]
    elsewhere = bool(strangeness(read_manifest(REFERENCE_FOLDER, SCENARIOS if part == PENALTIES else part)))
    then = then.reset_index(drop=True)
    rows = judged(then, as_text(now, kind.digits), kind, no_scales(then, kind), elsewhere)
    assert len(rows) >= len(then) > 0
    wrong = rows[rows["verdict"] == DIFFERENT]
    assert wrong.empty, wrong.to_string()


@pytest.mark.parametrize("scenario", ["as_adopted", "no_treaty"])
def test_the_treaty_against_none_is_what_the_code_gives(scenario: str) -> None:
    reference = read_tables(REFERENCE_FOLDER, TREATY)["headline.csv"]
    result = simulate(load(f"scenario={scenario}"), seed=1)
    now = headline_runs(result.metrics.assign(scenario=scenario, seed=1))
    agree(TREATY, "headline.csv", reference[(reference["scenario"] == scenario) & (reference["seed"] == "1")], now)


def first_run(arm_runs: list[ArmRun], asked: StudyConfig, store: Path) -> pd.DataFrame:
    """The first replicate of the first world of each entry, run here and read from the store."""
    once = asked.model_copy(update={"seeds": 1, "replicates": 1, "workers": 1, "store": str(store)})
    plan = comparison_plan(
        arm_runs, once, Design(question="q?", scenarios=[arm_run.name for arm_run in arm_runs]), "compare", "compare", 0.0
    )
    run_plan(plan, Terminal(quiet=True))
    return runs_frame(read_results(plan, arm_runs), arm_runs)


def of_the_first(reference: pd.DataFrame, arms: Collection[str], seed: int) -> pd.DataFrame:
    """The rows of the reference that the first runs gave."""
    return reference[reference["arm"].isin(arms) & (reference["world_seed"] == str(seed)) & (reference["event_seed"] == str(seed))]


def test_the_scenarios_are_what_the_code_gives(tmp_path: Path) -> None:
    manifest, reference = read_manifest(REFERENCE_FOLDER, SCENARIOS), read_tables(REFERENCE_FOLDER, SCENARIOS)["runs.csv"]
    now = headline_runs_of_arms(first_run(*arm_runs_again(manifest, SPOT), tmp_path / "store"))
    assert set(now["arm"]) == set(SPOT)
    agree(SCENARIOS, "runs.csv", of_the_first(reference, SPOT, manifest["seeds"][0]), now)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "spot"),
    [
        (HEADLINE, {"liberal, strength 1", "no treaty, staff follows"}),
        (CAPACITIES, {"no treaty", "no treaty, staff follows"}),
    ],
)
def test_the_arms_of_a_design_are_what_the_code_gives(part: str, spot: set[str], tmp_path: Path) -> None:
    """One world and replicate of two arms and their baselines; `rogatory reproduce` does all."""
    manifest, reference = read_manifest(REFERENCE_FOLDER, part), read_tables(REFERENCE_FOLDER, part)["runs.csv"]
    chosen = overrides_of(manifest)
    arms, asked = (grid_arms(chosen)[0], grid_arms(chosen)[2]) if part == HEADLINE else compared_arms(chosen)
    arm_runs = arm_runs_of([arm for arm in arms if arm.name in spot])
    now = headline_runs_of_arms(first_run(arm_runs, asked, tmp_path / "store"))
    keys = ["metric", "by", "level"]
    held = reference[keys].drop_duplicates()
    now = now.astype(dict.fromkeys(keys, str)).merge(held, on=keys)[list(now.columns)]
    assert spot <= set(now["arm"])
    names = [name for name in now["arm"].astype(str).unique() if name in set(reference["arm"])]
    agree(part, "runs.csv", of_the_first(reference, names, manifest["seeds"][0]), now[now["arm"].astype(str).isin(names)])


def test_the_headline_has_every_cell_of_its_design_in_every_world() -> None:
    manifest, tables = read_manifest(REFERENCE_FOLDER, HEADLINE), read_tables(REFERENCE_FOLDER, HEADLINE)
    cells = cells_of(design_of("headline"), "headline")
    assert set(tables[MATRIX_TABLE]["arm"]) == {*cells, "today"}
    assert set(cells) <= set(manifest["arms"])
    runs = tables["runs.csv"].drop_duplicates(["arm", "world_seed", "event_seed"])
    assert set(runs.groupby("arm").size()) == {len(manifest["seeds"]) * manifest["replicates"]}


@pytest.mark.slow
def test_the_study_of_adaptation_is_what_the_code_gives(tmp_path: Path) -> None:
    """One world and replicate of one scenario and the baseline, under both conducts; `rogatory reproduce adaptation` does all."""
    manifest, reference = (
        read_manifest(REFERENCE_FOLDER, ADAPTATION_PART),
        read_tables(REFERENCE_FOLDER, ADAPTATION_PART)["runs.csv"],
    )
    now = kept_adaptation(first_run(*adapting(manifest, ["judge"]), tmp_path / "store"), {})["runs.csv"]
    arms = {f"{name} {conduct}" for name in ("as_adopted", "judge") for conduct in (NAIVE, ADAPTIVE)}
    assert set(now["arm"]) == arms
    agree(ADAPTATION_PART, "runs.csv", of_the_first(reference, arms, manifest["seeds"][0]), now)


def test_every_safeguard_on_file_is_in_the_study_of_adaptation_under_both_conducts() -> None:
    manifest, tables = read_manifest(REFERENCE_FOLDER, ADAPTATION_PART), read_tables(REFERENCE_FOLDER, ADAPTATION_PART)
    scenarios = protecting("as_adopted")
    assert adapted_in(manifest) == scenarios
    whole = tables[HEADLINE_TABLE].query("year == @WHOLE_WINDOW and measure == 'protection'")
    assert set(zip(whole["scenario"], whole["conduct"], strict=True)) == {(s, c) for s in scenarios for c in (NAIVE, ADAPTIVE)}
    runs = tables["runs.csv"].drop_duplicates(["arm", "world_seed", "event_seed"])
    assert set(runs.groupby("arm").size()) == {len(manifest["seeds"]) * manifest["replicates"]}
    assert set(tables[DISPLACED_TABLE]["scenario"]) <= set(scenarios)
    assert set(tables[MOVED_TABLE]["scenario"]) == {*scenarios, "as_adopted"}


def test_the_leave_one_out_of_penalties_is_what_the_code_gives() -> None:
    agree(PENALTIES, PENALTIES_FILE, read_tables(REFERENCE_FOLDER, PENALTIES)[PENALTIES_FILE], penalties())


@pytest.mark.parametrize("part", MADE)
def test_the_manifest_names_every_file_and_the_files_are_small(part: str) -> None:
    manifest, folder = read_manifest(REFERENCE_FOLDER, part), REFERENCE_FOLDER / part
    there = {path.name: sha256(path) for path in folder.iterdir() if path.name != "manifest.json"}
    assert manifest["files"] == there
    assert set(TABLE_KINDS[part]) < set(there)
    assert any(name.endswith(".png") for name in there)
    assert sum(path.stat().st_size for path in folder.iterdir()) < MOST


def test_every_scenario_on_file_is_in_the_reference_under_every_seed() -> None:
    manifest, tables = read_manifest(REFERENCE_FOLDER, SCENARIOS), read_tables(REFERENCE_FOLDER, SCENARIOS)
    assert set(manifest["arms"]) == set(options("scenario"))
    runs = tables["runs.csv"].drop_duplicates(["arm", "world_seed", "event_seed"])
    assert set(runs.groupby("arm").size()) == {len(manifest["seeds"]) * manifest["replicates"]}
    assert set(tables["comparison.csv"]["arm"]) == set(tables["cooperation.csv"]["arm"]) == set(runs["arm"]) - {"as_adopted"}


def test_a_moved_number_is_listed_with_its_old_and_new_value() -> None:
    old = pd.DataFrame({"scenario": "a", "metric": "m", "by": "all", "level": "all", "seed": [1, 2], "value": [1.0, 2.0]})
    assert moved_numbers(old, old).empty
    assert moves_text(moved_numbers(old, old)) == "no headline number moved"
    table = moved_numbers(old, old.assign(value=[1.5, 2.4]))
    assert table[["old", "new"]].to_numpy().tolist() == [[1.5, 1.95]]
    assert table["z"].tolist() == pytest.approx([0.45 / 0.05])  # changes 0.5 and 0.4: mean 0.45, standard error 0.05


def test_what_moved_is_told_of_worlds_and_at_length_of_the_baseline_alone() -> None:
    slices = {"by": "all", "level": "all"}
    old = pd.DataFrame(
        [
            {
                "arm": arm,
                "world_seed": world,
                "event_seed": world + 10_000 * replicate,
                "metric": metric,
                **slices,
                "value": 1.0,
                "count": 9,
            }
            for arm in ("base", "arm")
            for metric in ("cross_border_disclosure_rate", "backlog_months")
            for world in (1, 2)
            for replicate in (0, 1)
        ]
    )
    new = old.assign(value=old["value"] + old["world_seed"])
    rows = moved_numbers(by_world(old), by_world(new))
    assert rows[["old", "new"]].drop_duplicates().to_numpy().tolist() == [[1.0, 2.5]]
    assert rows["z"].tolist() == pytest.approx([3.0] * 4)  # two worlds moved by 1 and 2: mean 1.5, standard error 0.5
    told = moves_text(rows, "base")
    assert told.count("cross_border_disclosure_rate") == 2
    assert told.count("backlog_months") == 1
    assert told.endswith("and 1 further headline number of the arms")


def test_what_moved_after_adaptation_is_told_of_the_whole_window_and_counted_of_single_years() -> None:
    rows = [(measure, year) for measure in ("protection", "cost") for year in (WHOLE_WINDOW, "1", "3")]
    old = pd.DataFrame(rows, columns=["measure", "year"]).assign(scenario="judge", conduct=ADAPTIVE, value=5.0)
    old = old.assign(world_low=4.0, world_high=6.0)
    assert years_text(moved_years(old, old)) == "no headline number moved"
    new = old.assign(value=old["value"].where(old["measure"] == "cost", 7.0)).drop(index=5)
    table = moved_years(old, new)
    assert len(table) == 4, "three that changed, one that is gone"
    told = years_text(table).splitlines()
    assert [line.split() for line in told[1:2]] == [["judge", ADAPTIVE, "protection", "5.0", "7.0", "4.0", "6.0"]]
    assert told[2:] == ["and 3 further headline numbers of single years"]


def test_the_benchmark_is_whole_and_its_seconds_are_not_compared() -> None:
    """Seconds belong to a machine: what is held is that the files are those of the manifest, made by a command."""
    folder = REFERENCE_FOLDER / BENCHMARK
    if not folder.exists():
        pytest.skip("no benchmark is committed")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"] == {path.name: sha256(path) for path in folder.iterdir() if path.name != "manifest.json"}
    assert manifest["command"].startswith("rogatory benchmark")
    assert manifest["benchmark"]["quick"] is False
    assert BENCHMARK not in TABLE_KINDS


def test_the_readme_s_row_of_speed_is_that_of_the_committed_benchmark() -> None:
    rows = pd.read_csv(REFERENCE_FOLDER / BENCHMARK / "benchmark.csv").set_index(["row", "stage"])
    ratios = pd.read_csv(REFERENCE_FOLDER / BENCHMARK / "ratios.csv").set_index("what")["ratio"]
    naive, months = rows.loc[("the model, naive", "whole run")], rows.loc[("the model, naive", "months")]
    memory = {
        name: rows.loc[(name, "memory"), "mebibytes"]
        for name in ("10 years with all rows", "10 years without rows", "40 years without rows")
    }
    whole, without, forty = memory.values()
    cells = (
        f"{naive['seconds']:.2g} s",
        f"{round(naive['count'], -4):,.0f}".replace(",", " "),
        f"{months['ns'] / 1000:.2g} µs",
        f"{ratios["the model's months against the same fused by hand"]:.2g} times as long",
        f"{rows.loc[('the draws of the model alone', 'months'), 'ns'] / 1000:.2g} µs",
        f"{ratios['the twin against the model, months of the same world']:.2g} times as long",
        f"{whole:.0f} MiB; without rows {without:.0f}, and {forty:.0f} for forty years",
    )
    assert f"| {' | '.join(cells)} |" in (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("part", MADE)
def test_the_reference_was_made_from_code_that_a_commit_holds(part: str) -> None:
    """Else nobody could make it again; ``python -m experiments.reference`` refuses such code."""
    manifest = read_manifest(REFERENCE_FOLDER, part)
    assert manifest["code"]["dirty"] is False
    assert not [note for note in damage(REFERENCE_FOLDER, part, manifest) if "not committed" in note]
