"""Compositions that are kept on the disk: found again by any process, and never once anything has changed that made them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.composition import by_hydra, composing, kept
from sim.composition.composing import composed_once
from sim.config import load
from sim.errors import ConfigError
from sim.world.leaves import Plain
from tests.config.own_files import OwnFiles, in_place


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of its own for what is kept, and nothing composed in this process yet."""
    monkeypatch.setenv("ROGATORY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("sim.places._by_path", {})  # files that other tests have named
    composed_once.cache_clear()
    yield tmp_path / "cache"
    composed_once.cache_clear()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What Hydra is asked to compose."""
    noted = list[tuple[str, ...]]()
    compose = composing._composed
    monkeypatch.setattr(composing, "_composed", lambda overrides: noted.append(overrides) or compose(overrides))
    return noted


def anew(*overrides: str) -> Plain:
    """What another process would get."""
    composed_once.cache_clear()
    return by_hydra(overrides)


def words(plain: Plain) -> str:
    return json.dumps(plain)  # tells 1 from 1.0 and true, and one order of keys from another


def test_it_is_composed_once_for_all_processes_and_comes_back_as_it_was(folder: Path, asked: list[tuple[str, ...]]) -> None:
    first = anew()
    assert words(anew()) == words(first)
    assert words(anew("states=synthetic")) != words(first)
    assert asked == [(), ("states=synthetic",)]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_configuration_is_composed_at_most_once(folder: Path, asked: list[tuple[str, ...]]) -> None:
    load("years=3", "scenario=judge")
    load("years=4", "seed=7")
    assert asked == [()]


@pytest.mark.parametrize("damage", [b"", b"{}", b"0123456789abcdef\n{}", b"\xff\xfe"])
def test_what_is_damaged_is_composed_anew(damage: bytes, folder: Path, asked: list[tuple[str, ...]]) -> None:
    first = anew()
    (path,) = folder.iterdir()
    path.write_bytes(damage)
    assert words(anew()) == words(first)
    assert len(asked) == 2
    anew()
    assert len(asked) == 2


def test_what_others_could_write_to_is_not_believed(folder: Path, asked: list[tuple[str, ...]]) -> None:
    anew()
    (path,) = folder.iterdir()
    path.chmod(0o666)
    anew()
    assert len(asked) == 2


@pytest.mark.parametrize("what", ["the sources", "a library"])
def test_nothing_is_found_again_once_what_makes_it_has_changed(
    what: str, folder: Path, asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    anew()
    kept._makers.cache_clear()
    if what == "a library":
        monkeypatch.setattr(kept.hydra, "__version__", "99")
    else:
        monkeypatch.setattr(kept, "sources_in", lambda *_: {})
    anew()
    kept._makers.cache_clear()
    assert len(asked) == 2


def test_an_edited_file_is_composed_anew(
    folder: Path, asked: list[tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = in_place(OwnFiles(tmp_path / "configs"), monkeypatch)
    before = anew()
    path = files.folder / "conduct" / "naive.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("attempts: 1", "attempts: 2"), encoding="utf-8")
    assert anew() != before
    assert len(asked) == 2


@pytest.mark.parametrize("overrides", [["+people.x=${years}"], ["++output=${oc.env:HOME}"]])
def test_what_is_to_be_worked_out_is_kept_nowhere(overrides: list[str], folder: Path) -> None:
    anew(*overrides)
    assert not folder.exists()


def test_a_mistake_is_kept_nowhere(folder: Path) -> None:
    with pytest.raises(ConfigError, match="states"):
        anew("states=nowhere")
    assert not folder.exists()


def test_without_a_place_it_is_composed_each_time(
    folder: Path, asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write_text("no folder")
    anew()
    anew()
    assert len(asked) == 2


def test_so_many_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_MOST", 2)
    for number in range(4):
        kept.keep([f"years={number}"], "contents", {"years": number})
    assert len([*folder.iterdir()]) == 2
    assert kept.kept(["years=3"], "contents") == {"years": 3}
    assert kept.kept(["years=0"], "contents") is None


@pytest.mark.parametrize("plain", [{"a": {1: "x"}}, {"a": (1, 2)}, {"a": float("nan")}, {"a": Path("x")}])
def test_what_no_file_gives_back_as_it_was_is_not_kept(plain: Plain, folder: Path) -> None:
    kept.keep([], "contents", plain)
    assert kept.kept([], "contents") is None
