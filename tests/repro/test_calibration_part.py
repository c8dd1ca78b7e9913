"""The posterior is shipped with what it came from, and says whether it moved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.output import MANIFEST
from experiments.reference import make
from experiments.reference.posterior import ship
from sim.posterior import ABOUT, ROWS, JointRows, digest_of
from sim.register import priors_digest

SETTINGS: dict[str, Any] = {"observables": ["P7.register_refused"], "seed": 1}
RAN = [{"command": "rogatory sweep design=bank", "code": {"commit": "b"}}]
TABLES = ("calibration.csv", "correlations.csv", "ranks.csv", "figures.csv")


def written(folder: Path, shift: float = 0.0) -> Path:
    """A folder as ``rogatory calibrate`` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame({"review.rho": np.linspace(0.1, 0.2, 5) + shift, "demand.spread": np.linspace(1.0, 2.0, 5)})
    frame.to_parquet(folder / "posterior.parquet", index=False)
    for name in TABLES:
        pd.DataFrame({"key": ["review.rho"], "value": [0.1 + shift]}).to_csv(folder / name, index=False)
    said = {
        "store": "bank-1",
        "runs": 3000,
        "ran": RAN,
        "code": {"commit": "c", "dirty": False},
        "versions": {"numpy": "2"},
        "written": "today",
    }
    (folder / MANIFEST).write_text(json.dumps({**said, "settings": {"calibrate": SETTINGS}, "files": {}}), encoding="utf-8")
    return folder


def test_what_is_shipped_is_what_was_calibrated_and_says_so(tmp_path: Path) -> None:
    place = tmp_path / "parameters"
    place.mkdir()
    assert ship(written(tmp_path / "one"), place, SETTINGS).startswith("the posterior is ")
    about, frame = json.loads((place / ABOUT).read_text(encoding="utf-8")), pd.read_parquet(place / ROWS)
    assert about["parameters"] == list(frame.columns) == ["review.rho", "demand.spread"]
    assert (about["rows"], about["priors"], about["bank"]) == (5, priors_digest(), {"store": "bank-1", "runs": 3000, "ran": RAN})
    assert about["digest"] == digest_of(JointRows(tuple(frame.columns), frame.to_numpy(float)))
    assert ship(written(tmp_path / "one"), place, SETTINGS) == "the posterior is as it was"
    assert about["digest"] in ship(written(tmp_path / "two", shift=0.1), place, SETTINGS)


def test_the_part_runs_the_bank_calibrates_on_it_keeps_tables_and_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    store = tmp_path / "stores" / "bank-1"
    monkeypatch.setattr(make.sweep, "main", lambda *given: asked.append(given) or store)
    analysed = written(store / "analysis" / "calibrate")
    monkeypatch.setattr(make.analyse, "main", lambda *given: asked.append(given) or analysed.parent)
    place = tmp_path / "parameters"
    place.mkdir()
    assert make.refresh_calibration(tmp_path / "reference", place=place).startswith("the posterior is ")
    assert asked == [("design=bank",), ("calibrate", f"store={store}")]
    kept = {path.name for path in (tmp_path / "reference" / "calibration").iterdir()}
    assert kept == {*TABLES, MANIFEST}
    assert (place / ROWS).is_file()
