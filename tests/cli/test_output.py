"""Where results are written: names that every system takes, places that are settled first, and what a failure leaves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.errors import StoppedError
from experiments.output import Lacking, OutputError, replaced_folder, safe_name, whole_folder
from experiments.studies import replication as study
from experiments.studies.run import main as run

TINY = (
    "states=synthetic", "states.synthetic.count=6", "people.rows=400", "demand.legitimate=60", "years=1", "calibration_months=12",
    "workers=1", "seeds=2",
)  # fmt: skip
NASTY = [
    "",
    ".",
    "..",
    "../up",
    "a/b",
    "a\\b",
    "a\0b",
    "x" * 300,
    "end.",
    "end ",
    "con",
    "NUL.txt",
    "Größe",
    "日本",
    "a\udcff",
    "-m",
    "~",
    "a:b",
]


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_a_name_that_some_system_would_not_take_is_made_another(text: str, tmp_path: Path) -> None:
    name = safe_name(text)
    assert name != text
    assert 0 < len(name) < 120
    assert name.isascii()
    assert not set(name) & set('/\\:*?"<>| \0')
    assert name[0] not in ".-"
    assert name[-1] != "."
    (tmp_path / name).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "text", ["judge", "judge+notice@everywhere", "targeted_rate.group.lgbtq", "multirun-0a1b", "_own", "3-arms"]
)
def test_a_plain_name_stays_as_it_is(text: str) -> None:
    assert safe_name(text) == text


@given(st.text(), st.text())
def test_two_names_stay_two(one: str, other: str) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)
    assert safe_name(safe_name(one)) == safe_name(one)


# --- places ----------------------------------------------------------------------------------------------------------------

LONGEST = os.pathconf("/", "PC_PATH_MAX") - 150  # letters of a path in which a name still fits, but not below a folder of results


def entered(parent: Path, name: str) -> str:
    """The mistake that is told before the block begins."""
    with pytest.raises(OutputError) as told, whole_folder(parent, name):
        pytest.fail("it began")
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 400
    return str(told.value)


def test_a_place_that_cannot_be_written_is_told_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for parent in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "no\0ne", tmp_path / ("x" * 300), Path("/proc/none")):
        assert entered(parent, "name").startswith("output: cannot write to ")
    deep = Path(tmp_path, *["d" * 99] * ((LONGEST - len(str(tmp_path))) // 100))
    assert entered(deep, "n" * 99).startswith("output: cannot write to "), "the names of files would not fit any more"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_name_that_is_taken_is_told_first_and_stays(tmp_path: Path) -> None:
    (tmp_path / "name").mkdir()
    assert entered(tmp_path, "name").endswith("is there already; accepted: a name that is free")
    assert [path.name for path in tmp_path.iterdir()] == ["name"]


def test_a_folder_that_is_replaced_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    for text in ("one", "two"):
        with replaced_folder(tmp_path, "name") as folder:
            (folder / "file").write_text(text)
    with pytest.raises(FileNotFoundError), replaced_folder(tmp_path, "name") as folder:
        (folder / "nowhere" / "file").write_text("three")
    assert [path.name for path in tmp_path.iterdir()] == ["name"]
    assert (tmp_path / "name" / "file").read_text() == "two"


# --- what is missing -------------------------------------------------------------------------------------------------------


def test_what_is_there_is_not_missing_and_one_line_says_what_is(tmp_path: Path) -> None:
    lacking = Lacking(tmp_path)
    with lacking.spared("a.png", "b.png"):
        (tmp_path / "a.png").touch()
        raise ValueError("two\nlines")
    with lacking.spared("c.png"):
        (tmp_path / "c.png").touch()
    assert lacking.why == {"b.png": "ValueError: two lines"}
    with pytest.raises(StoppedError) as told, lacking.told_after(tmp_path):
        pass
    assert str(told.value) == f"{tmp_path} lacks b.png (ValueError: two lines); what else was computed is there"
    assert told.value.status == 3


@pytest.mark.parametrize("failure", [KeyboardInterrupt, KeyError, OSError])
def test_a_failure_after_all_is_written_says_where_it_is(failure: type[BaseException], tmp_path: Path) -> None:
    with pytest.raises(failure) as told, Lacking(tmp_path).told_after(tmp_path):
        raise failure
    assert told.value.__notes__ == [f"all that was computed is in {tmp_path}"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_no_failure_of_a_picture(failure: type[BaseException], tmp_path: Path) -> None:
    with pytest.raises(failure), Lacking(tmp_path).spared("a.png"):
        raise failure


def test_one_figure_that_cannot_be_drawn_costs_itself_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.analysis.frames.flows_frame", lambda *_: 1 / 0)
    with pytest.raises(StoppedError) as told:
        run(*TINY, f"output={tmp_path}")
    (folder,) = (tmp_path / "run").iterdir()
    assert str(told.value).startswith(f"{folder} lacks flows.png (ZeroDivisionError: division by zero); what else")
    names = {path.name for path in folder.iterdir()}
    assert {"metrics.parquet", "summary.csv", "manifest.json", "fates.png", "targeted_rate.png", "requested_side.png"} <= names


def test_figures_that_cannot_be_drawn_cost_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "draw_all", lambda *_: 1 / 0)
    with pytest.raises(StoppedError):
        run(*TINY, f"output={tmp_path}")
    (folder,) = (tmp_path / "run").iterdir()
    assert {path.suffix for path in folder.iterdir()} == {".parquet", ".csv", ".json", ".txt"}


def test_a_summary_that_cannot_be_made_costs_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "summary_of", lambda *_: {}["a"])
    with pytest.raises(StoppedError, match=r"lacks summary\.csv \(KeyError: 'a'\); what else was computed is there"):
        run(*TINY, f"output={tmp_path}")
    (folder,) = (tmp_path / "run").iterdir()
    assert (folder / "metrics.parquet").exists()
    assert (folder / "origins.csv").exists()


def test_nothing_is_run_for_a_place_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "run_plan", lambda *_, **__: pytest.fail("it ran"))
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        run(*TINY, f"output={tmp_path / 'file'}")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
