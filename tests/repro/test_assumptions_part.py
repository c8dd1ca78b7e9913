"""The reference's part of single assumptions: what is kept of it, what is said of a change, and that it is not run again."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from experiments.analysis.assumed import read_assumed
from experiments.analysis.assumptions import EXTREME_COLUMNS
from experiments.reference import make
from experiments.reference.reproduce import Reference, chosen_of
from sim.world.record import RogatoryError
from tests.analysis.test_assumed import KEY, ROW


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A study that is not run: its extremes lie at the last of these numbers."""
    low = [-55.0]

    def analysed(name: str, *overrides: str) -> Path:
        assert name == "assumptions"
        assert f"store={tmp_path / 'store'}" in overrides
        folder = tmp_path / "store" / "analysis" / "assumptions"
        folder.mkdir(parents=True, exist_ok=True)
        rows = [ROW | {"low": low[-1]}, ROW | {"changes": "", "as_configured": float("nan"), "low_assumption": "", "turns": ""}]
        pd.DataFrame(rows, columns=list(EXTREME_COLUMNS)).to_csv(folder / "extremes.csv", index=False)
        (folder / "ends.csv").write_text("far too long to keep\n", encoding="utf-8")
        Image.new("RGB", (2, 2)).save(folder / "spans.png")
        (folder / "manifest.json").write_text(json.dumps({"command": "rogatory assumptions", "files": {}}), encoding="utf-8")
        return folder.parent

    monkeypatch.setattr(make.sweep, "main", lambda *given: tmp_path / "store" if given == ("design=assumptions",) else None)
    monkeypatch.setattr(make.analyse, "main", analysed)
    return low


def test_the_part_keeps_extremes_figures_and_manifest_and_tells_what_moved(tmp_path: Path, written: list[float]) -> None:
    reference = tmp_path / "reference"
    reference.mkdir()
    assert make.refresh_assumptions(reference) == ""
    kept = reference / make.ASSUMPTIONS
    assert sorted(path.name for path in kept.iterdir()) == ["extremes.csv", "manifest.json", "spans.png"]
    row = read_assumed(kept / "extremes.csv").row(str(ROW["changes"]), "before", *KEY)
    assert row is not None
    assert row["low"] == -55.0
    assert make.refresh_assumptions(reference) == "no extreme moved"
    written.append(-50.0)
    assert make.refresh_assumptions(reference) == "1 row of extremes moved"


def test_reproduce_says_that_this_part_is_not_run_again() -> None:
    with pytest.raises(RogatoryError, match=r"'assumptions', which is not run again here, .*experiments.reference assumptions"):
        chosen_of(["assumptions"], Reference({make.SCENARIOS: {"arms": {}}}, {}))


def test_reproduce_says_that_seconds_are_not_compared() -> None:
    with pytest.raises(RogatoryError, match=r"'benchmark', which is not compared, .*rogatory benchmark"):
        chosen_of(["benchmark"], Reference({make.SCENARIOS: {"arms": {}}}, {}))
    assert make.BENCHMARK in make.REFRESH
    assert make.BENCHMARK not in make.TABLE_KINDS, "no number of it is judged"


def test_assumptions_are_made_before_the_pages_that_show_them() -> None:
    order = list(make.REFRESH)
    assert order.index(make.ASSUMPTIONS) < min(order.index(part) for part in (make.HEADLINE, make.SCENARIOS))
