"""Committed conclusions are found by what an arm changes, said with their size, and absent where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pandas as pd
import pytest

from experiments.analysis.assumed import changes_of_cell
from experiments.analysis.survives import COMMITTED, Survives, bare, read_survives, sure_cells, survives_for
from experiments.design.grid import Cell
from experiments.report.headline import HeadlinePage, _known
from experiments.report.pictures import Picture
from sim.config import load
from sim.world.record import ConfigError
from tests.report.test_headline_page import answer

ROW = {
    "arm": "its own name", "changes": "review.strength=1", "condition": "on paper", "metric": "targeted_rate", "by": "group",
    "level": "journalist", "verdict": "holds", "change": -15.3, "median_draw_low": -40.0, "median_draw_high": -4.0, "sign": "down",
    "sign_share": 0.99, "draws": 200, "years": 5,
}  # fmt: skip
KEY = ("targeted_rate", "group", "journalist")


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    path = tmp_path / "conclusions.csv"
    hired = ROW | {"changes": "review.capacity=follows review.strength=1", "condition": "staff follows", "change": -9.9}
    adapted = ROW | {"changes": "conduct=adaptive review.strength=1", "condition": "adapted", "change": -1.0}
    unknown = ROW | {"changes": "definition=liberal", "change": float("nan"), "verdict": ""}
    pd.DataFrame([ROW, hired, adapted, unknown]).to_csv(path, index=False)
    return path


def test_a_change_is_found_by_what_it_is_and_where_authorities_hire_by_its_condition(committed: Path) -> None:
    found, cell = read_survives(committed), Cell(strength=1.0)
    row, hired = found.of_cell(cell, *KEY), found.of_cell(cell._replace(capacity="follows"), *KEY)
    assert row is not None
    assert hired is not None
    assert sure_cells(row) == ("−15", "−40 to −4", "99 %", "holds")
    assert hired["change"] == -9.9
    assert found.size == "200 draws, 5 years, reference study conclusions"


def test_what_the_study_does_not_have_is_absent(committed: Path) -> None:
    found = read_survives(committed)
    for cell in (Cell("liberal"), Cell("liberal", strength=1.0), Cell()):
        assert found.of_cell(cell, *KEY) is None
    assert found.of_cell(Cell(strength=1.0), "legit_met_rate") is None
    assert bare("") == ""


def test_without_the_file_or_beside_another_model_nothing_is_said(committed: Path, tmp_path: Path) -> None:
    assert survives_for(load(), tmp_path / "nothing.csv") is None
    assert survives_for(load("review.rho=0.2"), committed) is None
    assert survives_for(load("years=3", "people.rows=900"), committed) is not None


def test_a_damaged_file_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "conclusions.csv"
    pd.DataFrame([{name: value for name, value in ROW.items() if name != "verdict"}]).to_csv(path, index=False)
    with pytest.raises(ConfigError, match=r"conclusions.csv: found no column verdict; accepted: what git has"):
        read_survives(path)
    path.write_bytes(b"\x00\xff")
    with pytest.raises(ConfigError, match=r"conclusions.csv: .*accepted: what git has"):
        read_survives(path)


def page(survives: Survives | None) -> HeadlinePage:
    return HeadlinePage(answer(), cast(Picture, None), [], {}, load(), "", None, survives)


def test_the_page_opens_with_what_is_known_and_says_nothing_where_there_is_none(committed: Path) -> None:
    cell = next(one for one in answer().cells if one.capacity == "before")
    row = ROW | {"changes": changes_of_cell(cell)}
    pd.DataFrame([row]).to_csv(committed, index=False)
    told = "".join("".join(part.itertext()) for part in _known(page(read_survives(committed))))
    assert "−40 to −4" in told
    assert "99 %" in told
    assert "200 draws" in told
    assert _known(page(None)) == []
    assert _known(page(read_survives(committed)._replace(rows={}))) == []


@pytest.mark.skipif(not COMMITTED.is_file(), reason="conclusions are made anew")
def test_the_repository_has_conclusions_on_the_corners_of_its_own_question() -> None:
    found = survives_for(load())
    assert found is not None
    assert found.draws >= 100
    for cell in (Cell(strength=0.0), Cell(strength=1.0), Cell("no_treaty"), Cell("liberal"), Cell("expansive")):
        for capacity in ("before", "follows"):
            if cell.definition != "no_treaty":
                assert found.of_cell(cell._replace(capacity=capacity), *KEY) is not None
