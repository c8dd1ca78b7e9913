"""What the page on shocks shows runs as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from experiments.design.designs import design_of
from experiments.design.points import points_of
from sim.config import load, options
from sim.simulation import check, prepare
from sim.world.shocks import PARTS, StateSet
from tests.shell import status_of

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "shocks.md").read_text(encoding="utf-8")
TINY = ("people.rows=500", "demand.legitimate=60", "years=3", "calibration_months=6", "seeds=1", "replicates=1", "workers=1")
SCENARIOS = ("scandal", "laws_turn", "channel_opens")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def written(name: str, folder: Path) -> Path:
    """A file of the page, by the comment on its first line, which only names it: the package must stand on the first."""
    (text,) = [block for block in blocks("yaml") if block.startswith(f"# {name}\n")]
    (folder / name).write_text(text.partition("\n")[2], encoding="utf-8")
    return folder / name


COMMANDS = [shlex.split(line)[1:] for block in blocks("sh") for line in block.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS, ids=shlex.join)
def test_a_command_runs(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SCENARIOS:
        written(f"{name}.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert status_of(*words, *TINY, f"output={tmp_path}/out") == 0


@pytest.mark.parametrize("name", SCENARIOS)
def test_an_example_is_a_scenario_whose_rules_change_when_it_says(name: str, tmp_path: Path) -> None:
    assert name not in options("scenario")
    config = load(f"scenario={written(f'{name}.yaml', tmp_path)}", *TINY[:4])
    check(config)
    run = prepare(config, 1)
    (shock,) = config.shock.values()
    assert min(run.shaken) == config.run_in_months + shock.at
    assert config.world_digest() == load(*TINY[:4]).world_digest()


def test_dates_lengths_and_values_are_levers_and_uncertainties(tmp_path: Path) -> None:
    points = points_of(design_of(str(written("when.yaml", tmp_path))), ())
    assert len(points.settings) == 2 * 2 * 2


def test_the_page_names_every_key_that_a_shock_can_set() -> None:
    keys = set(re.findall(r"`(\w+)", " ".join(re.findall(r"^\| (`[^|]+) \|", PAGE, re.MULTILINE))))
    assert {*StateSet.model_fields} <= keys
    assert all(f"`{part}" in PAGE for part in PARTS)
