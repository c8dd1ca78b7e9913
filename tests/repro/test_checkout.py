"""The committed results are made from committed files alone: what counts as not committed, and what is said of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from experiments.reference import checkout
from experiments.reference import make as reference
from experiments.reference.checkout import UncommittedError, all_committed, uncommitted
from tests.shares import one_in

Out = pytest.CaptureFixture[str]
RESULT, CODE = "results/reference/treaty/headline.csv", "sim/model.py"
NEW = ("sim/new.py", "configs/scenario/=1.yaml", "docs/two words.md", "ünï.py", "new folder/one.py", "results/referencex/a.csv")


def git(folder: Path, *words: str) -> None:
    own = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *own, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout with one file of code and one result, both committed."""
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q")
    for name in (CODE, RESULT, ".gitignore"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("*.ignored\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "all")
    return folder


def found(folder: Path) -> list[str] | None:
    return uncommitted(folder, folder / "results" / "reference")


@pytest.mark.slow
def test_a_checkout_without_changes_or_with_results_alone_is_committed(clone: Path) -> None:
    assert found(clone) == []
    (clone / RESULT).write_text("another number\n")
    (clone / "results/reference/new.csv").write_text("a new table\n")
    (clone / "results/reference/.new-treaty").mkdir()
    (clone / "results/reference/.new-treaty/a.csv").write_text("half a part\n")
    (clone / "a.ignored").write_text("")
    assert found(clone) == []
    (clone / RESULT).unlink()
    assert found(clone) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", one_in(1, [*NEW, CODE]))
def test_every_other_file_that_no_commit_holds_is_found(name: str, clone: Path) -> None:
    (clone / name).parent.mkdir(parents=True, exist_ok=True)
    (clone / name).write_text("changed\n")
    git(clone, "config", "status.showUntrackedFiles", "no")
    shown = found(clone)
    assert shown is not None
    assert len(shown) == 1
    assert name.startswith(shown[0].rstrip("/"))
    git(clone, "add", ".")
    assert found(clone) == [name], "what is only staged is in no commit"
    with pytest.raises(UncommittedError, match="1 file that no commit holds"):
        all_committed(clone, clone / "results/reference")


@pytest.mark.slow
def test_a_file_that_is_gone_or_renamed_is_found(clone: Path) -> None:
    git(clone, "mv", CODE, "sim/other.py")
    assert found(clone) == [CODE, "sim/other.py"]


@pytest.mark.slow
def test_outside_a_checkout_nobody_can_say(tmp_path: Path) -> None:
    assert found(tmp_path) is None
    with pytest.raises(UncommittedError, match="found no git checkout here"):
        all_committed(tmp_path, tmp_path / "results/reference")


def refused(monkeypatch: pytest.MonkeyPatch, capsys: Out, files: list[str] | None, *parts: str) -> str:
    """What is printed where a making is refused; a part that were made all the same would fail."""
    monkeypatch.setattr(checkout, "uncommitted", lambda *_: files)
    monkeypatch.setattr(reference, "REFRESH", dict.fromkeys(reference.REFRESH))
    assert reference.main(parts) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1, "one line"
    return told.err


def test_a_checkout_with_changes_is_refused_before_anything_is_made(monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    said = refused(monkeypatch, capsys, [f"sim/{name}.py" for name in "abcde"])
    assert "found 5 files that no commit holds (sim/a.py, sim/b.py, sim/c.py and 2 more)" in said
    assert "git commit" in said


def test_a_file_of_any_name_leaves_the_refusal_one_line_of_bounded_length(monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    said = refused(monkeypatch, capsys, ["two\nlines\x1b[31m", "x" * 5000, "[red]a"], "treaty")
    assert r"two\nlines\x1b[31m" in said
    assert "[red]a" in said
    assert len(said) < 500


def test_a_checkout_of_which_nothing_is_known_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    assert "found no git checkout" in refused(monkeypatch, capsys, None)


def test_an_unknown_part_is_said_before_the_checkout_is_asked(monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    assert "found 'penalty'" in refused(monkeypatch, capsys, ["sim/a.py"], "treaty", "penalty")


def test_a_committed_checkout_is_made_anew_part_by_part(monkeypatch: pytest.MonkeyPatch, capsys: Out, tmp_path: Path) -> None:
    made: list[str] = []
    parts = {name: lambda folder, name=name: made.append(name) or f"{name} into {folder.name}" for name in reference.REFRESH}
    monkeypatch.setattr(checkout, "uncommitted", lambda *_: [])
    monkeypatch.setattr(reference, "REFRESH", parts)
    assert reference.main(["treaty", "scenarios"], tmp_path) == 0
    assert made == ["treaty", "scenarios"]
    assert f"treaty into {tmp_path.name}" in capsys.readouterr().out
