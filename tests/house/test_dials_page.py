"""What the page on dials shows runs as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from experiments.design.arms import arm_runs_of
from experiments.design.comparisons import arms_of
from experiments.design.designs import design_of
from experiments.design.points import points_of
from sim.config import load, options
from sim.simulation import check
from sim.world.dials import Dial
from tests.shell import status_of

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "dials.md").read_text(encoding="utf-8")
TINY = ("people.rows=500", "demand.legitimate=60", "years=1", "calibration_months=6")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def written(name: str, folder: Path) -> Path:
    """A file of the page, by the comment on its first line."""
    (text,) = [block for block in blocks("yaml") if block.startswith(f"# {name}\n")]
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


COMMANDS = [shlex.split(line, comments=True)[1:] for block in blocks("sh") for line in block.splitlines()]


@pytest.mark.parametrize("words", COMMANDS, ids=shlex.join)
def test_a_command_runs_and_shows_what_is_promised(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    given = [*words, *(TINY if any(word.isupper() for word in words) else ())]
    assert status_of(*given) == 0
    shown = capfd.readouterr().out
    assert "TUR" in shown
    assert ("-> 3.9" in shown) == ("definition=liberal" in words)


def test_a_file_of_ones_own_composes(tmp_path: Path) -> None:
    config = load(f"definition={written('my_reform.yaml', tmp_path)}")
    check(config)
    assert config.dials.override["TUR"].penalties == {"false_news": 4.0}
    assert config.dials.override["all"].strength == 0.8


def test_arms_are_dials(tmp_path: Path) -> None:
    arms = arms_of(str(written("words.yaml", tmp_path)), ())
    assert [arm.name for arm in arms] == ["liberal", "expansive_and_lax", "turkey_alone"]
    for arm in arms:
        check(arm.config)
        assert arm.config.world_digest() == arm.baseline_config.world_digest()
        assert not arm.baseline_config.dials.turned
        assert arm.baseline_config.review.strength is None
    assert [run.against for run in arm_runs_of(arms)] == [0, 0, 0, 0], "all are read against one baseline, in its worlds"


def test_levers_conditions_and_uncertainties_are_dials(tmp_path: Path) -> None:
    assert len(points_of(design_of(str(written("grid.yaml", tmp_path))), ()).settings) == 3 * 2 * 2


def test_the_page_names_every_definition_on_file_and_every_key() -> None:
    named = set(re.findall(r"^\| `(\w+)` \| ", PAGE, re.MULTILINE))
    assert {*options("definition")} <= named
    keys = set(re.findall(r"`(\w+)", " ".join(re.findall(r"^\| (`[^|]+) \|", PAGE, re.MULTILINE))))
    assert {*Dial.model_fields} <= keys


def test_every_definition_sets_maxima_of_class_d_and_breadth_alone() -> None:
    folder = Path(__file__).resolve().parents[2] / "configs" / "definition"
    for path in folder.glob("*.yaml"):
        body = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        assert all("penalties" in dial and set(dial) <= {"penalties", "breadth"} for dial in body.values()), path.name
        check(load(f"definition={path.stem}"))
