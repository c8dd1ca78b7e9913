"""``rogatory law``: a short file of changes of law and care, and the row of a state."""

from pathlib import Path

import pandas as pd
import pytest

from experiments.analysis.one_state import TABLE, Runs, state_table
from experiments.console import Terminal
from experiments.studies.law import tell
from sim.config import load
from tests.shell import status_of

TINY = ("states=synthetic", "people.rows=2000", "years=1", "workers=1")

FEW = ("seeds=2", "replicates=1")


def test_a_short_file_gives_the_row_of_a_state(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("AAB: {penalties: {false_news: 4}}\nall: {strength: 0.8}\n")
    assert status_of("law", f"definition={mine}", *TINY, *FEW, f"output={tmp_path}") == 0
    (folder,) = (tmp_path / "law").iterdir()
    table = pd.read_csv(folder / TABLE)
    assert set(table["state"]) == {"AAB"}
    assert set(table["arm"]) == {"all changes", "AAB", "all"}
    assert set(table["role"]) == {"requester", "requested"}
    said = capfd.readouterr().out
    assert "is bound by" in said
    assert "Latent" in said or "latent cases are those of the law as drawn" in said


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((), "definition: found no change of any state"),
        (("states.override.all.strength=0.8",), "state: found none"),
        (("states.override.AAB.strength=0.8", "world_seed=3"), "accepted: null in this study"),
        (("states.override.AAB.strength=1.8",), "states.override.AAB.strength"),
        (("states.override.XXX.strength=0.8",), "found 'XXX'"),
    ],
)
def test_what_the_study_cannot_do_is_one_line(given: tuple[str, ...], told: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of("law", *given, *TINY) == 2
    said = capfd.readouterr().err
    assert told in said
    assert said.count("\n") == 1
    assert "Traceback" not in said


def test_a_state_that_no_change_names_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    assert status_of("law", "states.override.all.strength=0.8", "state=AAC", *TINY, *FEW, f"output={tmp_path}") == 0
    (folder,) = (tmp_path / "law").iterdir()
    assert set(pd.read_csv(folder / TABLE)["state"]) == {"AAC"}


def test_what_stands_on_too_few_events_is_told_as_such(capfd: pytest.CaptureFixture[str]) -> None:
    """A row on 2 and 1 pooled cases once bore a rate, a difference and a range."""
    config = load("states=synthetic")
    rows = [("p0", 1, 0, case, "AAB", "AAC" if case < 2 else "AAD") for case in range(40)]
    rows += [("p1", 1, 0, case, "AAB", "AAC" if case < 1 else "AAD") for case in range(30)]
    frame = pd.DataFrame(rows, columns=["point", "world_seed", "replicate", "case", "requester", "requested"])
    frame = frame.assign(group="journalist", label="fraud", kind="fabricated", data_class="content", day=10.0)
    runs, fewest = Runs({"today": "p0", "all changes": "p1"}, [1, 2], 1, 1), config.metrics.fewest_events
    tell(Terminal(width=120), state_table(frame, ["AAB"], runs, fewest), "AAB", config, "tiny")
    said = capfd.readouterr().out
    row = next(line for line in said.splitlines() if "AAC" in line)
    assert row.split()[-2:] == ["<10", "<10"]
    assert "−4.5 (−9.0 to 0.0; 1 of 2), −24 %" in next(line for line in said.splitlines() if "AAD" in line)
