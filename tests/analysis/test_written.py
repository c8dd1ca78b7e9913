"""What an analysis leaves in a store: its place is settled first, and a figure that fails costs itself alone."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from experiments import analysis
from experiments.analysis import main, suiting
from experiments.analysis.record import Analysis, Drawing
from experiments.cube import Outcome
from experiments.output import OutputError
from experiments.stopped import StoppedError
from experiments.store.reader import StoredStudy
from tests.sweep.small import swept

TABLE = pd.DataFrame({"name": ["[/a]"], "value": [1.0]})


class Made:
    """An analysis of any store, with a figure that cannot be drawn beside one that can."""

    def __init__(self, analyses: int = 0) -> None:
        self.analyses = analyses

    def unsuited(self, study: StoredStudy) -> None:
        return None

    def analyse(self, study: StoredStudy, outcome: Outcome) -> Analysis:
        self.analyses += 1
        drawings = [Drawing(name, "fates", TABLE, "", "") for name in ("a/b", "plain")]
        return Analysis("made", "Made", "what?", ["this."], ["sure."], {"made/up": TABLE}, drawings)


def draw(function: str, frame: pd.DataFrame, caption: str, settings: object, **_: object) -> str:
    return function


def save(figure: str, path: Path) -> Path:
    if path.name == "plain.png":
        raise ValueError("no such colour")
    path.write_bytes(b"a picture")
    return path


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return swept("seeds=1").folder


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    module = Made()
    monkeypatch.setattr(analysis, "_module", lambda name: module)
    monkeypatch.setattr(analysis, "draw", draw)
    monkeypatch.setattr(analysis, "save", save)
    return module


def test_a_figure_that_fails_costs_itself_alone_and_names_are_safe(
    store: Path, made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StoppedError, match=r"lacks plain\.png \(ValueError: no such colour\)") as told:
        main("sensitivity", "outcome='displacement_rate.baseline.a/b [/x]'", "output=out", "store=own")
    assert told.value.status == 3
    (folder,) = (store / "analysis").iterdir()
    assert folder.name.startswith("sensitivity-displacement_rate.baseline.a_b")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["missing"] == {"plain.png": "ValueError: no such colour"}
    assert {Path(name).suffix for name in manifest["files"]} == {".csv", ".parquet", ".png", ".txt"}
    assert "[/a]" in capsys.readouterr().out


def test_a_store_that_cannot_be_written_is_told_before_anything_is_analysed(store: Path, made: Made) -> None:
    (store / "analysis").write_text("in the way")
    with pytest.raises(OutputError):
        main("sensitivity", "output=out", "store=own")
    assert made.analyses == 0


def test_an_analysis_that_fails_spoils_no_other(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(Made):
        def analyse(self, study: StoredStudy, outcome: Outcome) -> Analysis:
            raise KeyError("a defect")

    monkeypatch.setattr(analysis, "_module", lambda name: Failing() if name == "frontier" else Made())
    found, refused = suiting(StoredStudy(store), Outcome.of("legit_met_rate"))
    assert len(found) == len(analysis.ANALYSES) - 1
    assert refused == {"frontier": "it failed (KeyError: 'a defect')"}
