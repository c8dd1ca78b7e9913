"""Somebody else's Hydra in the same process: we read nothing of theirs, and they find all of theirs as it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.version import VersionBase
from omegaconf import OmegaConf

from experiments.cli import main
from experiments.settings import asked_by
from sim.composition.composing import composed_once
from sim.config import composed_values, load
from sim.world.record import ConfigError

THEIRS = "years: 99\nreview: theirs\nscenario: theirs\n"


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Path]:
    """An application that composes files of its own, of which some have names that ours have too."""
    (tmp_path / "config.yaml").write_text(THEIRS, encoding="utf-8")
    store = ConfigStore.instance()
    before = dict(store.repo)
    store.store(group="states", name="real", node={"count": 3})
    store.store(name="config", node={"years": 98})
    composed_once.cache_clear()
    with initialize_config_dir(str(tmp_path), version_base="1.2"):
        OmegaConf.register_new_resolver("theirs", lambda: 1, replace=True)
        yield tmp_path
    store.repo = before
    composed_once.cache_clear()


def state() -> tuple[object, ...]:
    store = ConfigStore.instance().repo
    return (
        GlobalHydra.instance().hydra,
        VersionBase.instance().getbase(),
        HydraConfig.instance().cfg,
        sorted(store),
        store["states"],
    )


@pytest.mark.filterwarnings("ignore")
def test_inside_an_application_of_somebody_else_we_read_our_files_and_they_go_on(theirs: Path) -> None:
    before = state()
    plain = composed_values("states=synthetic", "scenario=judge")
    assert plain["years"] != 99
    assert isinstance(plain["review"], dict)
    assert plain["scenario_name"] == "judge"
    assert state() == before
    assert compose("config", overrides=["years=97"])["years"] == 97, "theirs is as it was"
    for word in ("nope=1", "conduct=nope", "years=[", "output=${theirs:}", "output=${hydra:runtime.cwd}"):
        with pytest.raises(ConfigError):
            asked_by(word)
        assert state() == before, word
    assert load().years == plain["years"]


def test_afterwards_nothing_is_poisoned(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(THEIRS, encoding="utf-8")
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        inside = composed_values("seed=3")
    assert inside == composed_values("seed=3")
    assert not GlobalHydra.instance().is_initialized()


@pytest.mark.filterwarnings("ignore")
def test_a_multirun_and_a_help_leave_their_state_too(
    theirs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(theirs)
    before = state()
    assert main(["run", "-m", "years=0,99"]) == 2
    assert main(["run", "--cfg", "hydra"]) == 0
    assert main(["run", "--help"]) == 0, capsys.readouterr().err
    assert state() == before


def test_threads_that_compose_at_once_all_get_what_they_asked_for() -> None:
    found: dict[int, object] = {}
    composed_once.cache_clear()

    def ask(years: int) -> None:
        found[years] = composed_values(f"++years={years}", f"conduct={'naive' if years % 2 else 'adaptive'}")["years"]

    threads = [threading.Thread(target=ask, args=(years,)) for years in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {years: years for years in range(1, 5)}
