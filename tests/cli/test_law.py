"""``rogatory law``: a short file of changes of law and care, and the row of a state."""

from pathlib import Path

import pandas as pd
import pytest

from experiments.analysis.one_state import TABLE
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
