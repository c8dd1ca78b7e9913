"""What an analysis leaves in a store: its place is settled first, and a figure that fails costs itself alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from experiments.analysis.record import Analysis, Drawing
from experiments.cli import main as cli
from experiments.errors import StoppedError
from experiments.execution import jobs
from experiments.output import OutputError
from experiments.report.facts import facts_of
from experiments.report.studied import extent_of
from experiments.settings import ANALYSES
from experiments.store.outcomes import Outcome
from experiments.store.reader import StoredStudy
from experiments.studies import analyse
from experiments.studies.analyse import main, suiting
from sim.result import Result
from sim.settings import Config
from sim.simulation import simulate
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
    return swept("seeds=1", "store=own").folder


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    module = Made()
    monkeypatch.setattr(analyse, "_module", lambda name: module)
    monkeypatch.setattr(analyse, "draw", draw)
    monkeypatch.setattr(analyse, "save", save)
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

    monkeypatch.setattr(analyse, "_module", lambda name: Failing() if name == "frontier" else Made())
    found, refused = suiting(StoredStudy(store), Outcome.of("legit_met_rate"))
    assert len(found) == len(ANALYSES) - 1
    assert refused == {"frontier": "it failed (KeyError: 'a defect')"}


# --- what a store lacks -----------------------------------------------------------------------------------------------------------


def lacking(monkeypatch: pytest.MonkeyPatch, fails: Callable[[int], bool]) -> Path:
    """A store of four points in three worlds, of which two points fail in some."""

    def fragile(config: Config, **seeds: int) -> Result:
        if config.instruments["hanoi"].threshold_years == 6 and fails(seeds.get("world_seed", 0)):
            raise FloatingPointError("a rate of minus one")
        return simulate(config, **seeds)

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "simulate", fragile)
        with pytest.raises(StoppedError):
            swept("seeds=3", "store=own")
    return Path("out/stores/own")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def test_worlds_that_are_left_out_are_told_and_the_report_says_the_same(
    here: pytest.MonkeyPatch, made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lacking(here, lambda world: world == 2)
    wanted = "1 of 3 worlds is left out: 2 runs missing in it, 2 of these failed"
    with pytest.raises(StoppedError):  # for its figure
        main("sensitivity", "output=out", "store=own")
    assert f"{wanted}.\n" in capsys.readouterr().out
    study = StoredStudy(folder)
    facts = facts_of(study)
    assert facts["left_out"] == wanted
    assert (facts["wanted"], facts["runs"], facts["missing"], len(facts["failed"])) == (12, 10, 0, 2)
    extent = extent_of(study, facts)
    assert (extent.seeds, extent.worlds, extent.without) == ([1, 3], 2, 0)
    assert dict(extent.rows)["Worlds left out"] == f"{wanted}. Nothing on this page rests on them."
    assert dict(extent.rows)["Runs"] == "10 done of 12; 0 missing; 2 failed"
    assert dict(extent.rows)["Worlds and luck"].startswith("2 worlds, ")
    swept("seeds=3", "store=own")  # the same command mends it
    with pytest.raises(StoppedError):
        main("sensitivity", "output=out", "store=own")
    assert "left out" not in capsys.readouterr().out
    assert "Worlds left out" not in dict(extent_of(StoredStudy(folder), facts_of(StoredStudy(folder))).rows)


@pytest.mark.parametrize("study", ["sensitivity", "report"])
def test_without_a_whole_world_nothing_is_analysed(
    here: pytest.MonkeyPatch, made: Made, capsys: pytest.CaptureFixture[str], study: str
) -> None:
    folder = lacking(here, lambda world: world > 0)
    capsys.readouterr()
    assert cli([study, "own", "output=out"]) == 2
    told = capsys.readouterr()
    wanted = f"store: found no whole world among the 3 of {folder}, 6 runs missing, 6 of these failed; accepted: "
    assert told.err.startswith(f"rogatory: {wanted}")
    assert told.err.count("\n") == 1
    assert made.analyses == 0
    assert not [*folder.glob("analysis")], "and nothing is written"
    assert not [*folder.glob("report")]
