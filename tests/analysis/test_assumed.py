"""Committed extremes are found by what an arm changes, said with their size, and absent where there is none."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from experiments.analysis import assumed
from experiments.analysis.assumed import assumed_for, changes_of_cell, extreme_cells, extremes_of_arms, read_assumed
from experiments.analysis.assumptions import EXTREME_COLUMNS
from experiments.design.changes import changes_line, changes_of_policy, changes_of_scenario
from experiments.design.designs import Design, design_of
from experiments.design.grid import Cell, cells_of
from sim.config import load
from sim.world.record import ConfigError

ROW = {
    "arm": "its own name", "changes": "definition=liberal review.strength=1", "condition": "before", "metric": "targeted_rate",
    "by": "group", "level": "journalist", "as_configured": -40.0, "world_low": -60.0, "world_high": -20.0, "low": -55.0,
    "low_assumption": "review.rho=0", "low_clear": True, "high": 5.0, "high_assumption": "conduct.direct_share=0.8",
    "high_clear": True, "turns": "conduct.direct_share=0.8", "events": 400, "worlds": 6, "years": 5,
}  # fmt: skip
CORNER, KEY = Cell("liberal", strength=1.0), ("targeted_rate", "group", "journalist")


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    path = tmp_path / "extremes.csv"
    unknown = ROW | {"changes": "scenario=judge", "as_configured": float("nan"), "low_assumption": "", "turns": ""}
    pd.DataFrame([ROW, unknown], columns=list(EXTREME_COLUMNS)).to_csv(path, index=False)
    return path


def test_an_effect_is_found_by_what_the_arm_changes_and_not_by_its_name(committed: Path) -> None:
    found = read_assumed(committed)
    row = found.of_cell(CORNER, *KEY)
    assert row is not None
    assert extreme_cells(row) == ("−40", "−55", "rho 0", "+5", "direct share 0.8", "direct share 0.8")
    assert found.size == "5 years, 6 worlds, reference study assumptions"


def test_what_the_study_does_not_have_is_absent(committed: Path) -> None:
    found = read_assumed(committed)
    for cell in (Cell("liberal"), Cell("liberal", strength=0.5), CORNER._replace(capacity="follows"), Cell()):
        assert found.of_cell(cell, *KEY) is None
    assert found.of_cell(CORNER, "legit_met_rate") is None
    assert found.row("scenario=judge", "before", *KEY) is None  # no number there


def test_without_the_file_or_beside_another_model_nothing_is_said(committed: Path, tmp_path: Path) -> None:
    assert assumed_for(load(), tmp_path / "nothing.csv") is None
    assert assumed_for(load("review.rho=0.2"), committed) is None
    assert assumed_for(load("scenario=judge"), committed) is None
    assert assumed_for(load("years=3", "people.rows=900"), committed) is not None


def test_arms_of_a_comparison_get_theirs_by_what_they_change(tmp_path: Path) -> None:
    rows = [
        ROW | {"changes": changes, "metric": metric, "by": "all", "level": "all"}
        for changes in ("scenario=judge", "scenario=judge+notice")
        for metric in ("case_disclosure_rate", "legit_met_rate")
    ]
    path = tmp_path / "extremes.csv"
    pd.DataFrame(rows, columns=list(EXTREME_COLUMNS)).to_csv(path, index=False)
    changes = {name: changes_of_scenario(name) for name in ("judge", "notice", "notice+judge", "judge@everywhere")}
    found = extremes_of_arms(load(), changes, path)
    assert found is not None
    assert {arm for arm, _ in found.rows} == {"judge", "notice+judge"}
    assert extremes_of_arms(load("review.capacity=follows"), changes, path) is None
    assert extremes_of_arms(load(), {"notice": "scenario=notice"}, path) is None


def test_a_damaged_file_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "extremes.csv"
    path.write_text("arm,low\nx,1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"extremes\.csv: found no column condition, .*; accepted: what git has"):
        read_assumed(path)


def test_the_committed_file_is_in_the_reference() -> None:
    assert assumed.COMMITTED.parts[-4:] == ("results", "reference", "assumptions", "extremes.csv")
    assert (assumed.COMMITTED.parents[3] / "pyproject.toml").is_file()


def test_arms_that_say_the_same_have_one_line_of_changes() -> None:
    assert changes_line(["review.strength=1", "definition=liberal"]) == changes_of_cell(CORNER) == ROW["changes"]
    assert changes_line(["scenario=judge"]) == changes_of_scenario("judge")
    assert changes_line(["scenario=as_adopted"]) == changes_of_scenario("as_adopted") == changes_of_cell(Cell()) == ""
    assert changes_line(["scenario=[notice,judge]"]) == changes_of_scenario("judge+notice")
    assert changes_of_policy(Design(question="what if?", scenarios=["as_adopted", "judge"])) == {
        "as_adopted": "",
        "judge": "scenario=judge",
    }


def test_every_corner_of_the_committed_study_is_a_cell_of_the_headline() -> None:
    study, cells = design_of("assumptions"), cells_of(design_of("headline"), "headline")
    wanted = {changes_of_cell(cell): cell for cell in cells.values()}
    corners = [changes for name, changes in changes_of_policy(study).items() if "strength" in name]
    assert len(corners) == 4
    assert set(corners) <= set(wanted)
    assert set(study.conditions) == {cell.capacity for cell in cells.values()}
    for capacity in study.conditions:
        assert {changes_of_cell(cell) for cell in cells.values() if cell.capacity == capacity} >= set(corners)
