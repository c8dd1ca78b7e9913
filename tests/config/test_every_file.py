"""Two files are a safeguard: whatever lies in its folder is part of every configuration, in an order that nobody keeps by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from experiments.cli import main
from sim.config import composed_values, load, options
from sim.world.record import ConfigError
from tests.config.own_files import OwnFiles, in_place

STRICT = """# @package safeguards.strict_form
_target_: sim.review.form.Form
order: 31
article: "a test"
hours: 0.0  # officer-hours; 0-10000; assumed: a test
certain: false
quality_bar: -1.0  # paperwork, standard normal; -100 to 100; assumed: a test
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnFiles:
    return in_place(OwnFiles(tmp_path / "configs"), monkeypatch)


def test_every_safeguard_on_file_is_in_every_configuration_in_the_order_of_the_names() -> None:
    assert [*composed_values()["safeguards"]] == options("safeguard")


def test_a_further_file_is_a_further_safeguard_that_no_text_puts_in_force(files: OwnFiles) -> None:
    before = load()
    files.write("safeguard/strict_form.yaml", STRICT)
    for overrides in ((), ("scenario=judge",), ("reforms=everywhere", "scenario=judge"), ("years=3", "states=synthetic")):
        config = load(*overrides)
        assert config.safeguards.keys() - before.safeguards.keys() == {"strict_form"}
        assert config.reference.safeguards.keys() == config.safeguards.keys()
        assert all(text.safeguards.get("strict_form", "absent") == "absent" for text in config.instruments.values())
    assert load("+instruments.hanoi.safeguards.strict_form=must").instruments["hanoi"].safeguards["strict_form"] == "must"
    (files.folder / "safeguard" / "strict_form.yaml").unlink()
    assert load().digest() == before.digest()


def test_a_list_of_names_is_chosen_as_ever(files: OwnFiles) -> None:
    files.write("safeguard/strict_form.yaml", STRICT)
    assert [*composed_values("safeguard=[scope,desk]")["safeguards"]] == ["scope", "desk"]
    with pytest.raises(ConfigError, match=r"^safeguard: found '\*'; accepted: desk, "):
        load("safeguard='*'")


def test_the_command_line_shows_all_of_them(files: OwnFiles, capsys: pytest.CaptureFixture[str]) -> None:
    files.write("safeguard/strict_form.yaml", STRICT)
    assert main(["run", "--cfg", "job"]) == 0
    assert "strict_form" in yaml.safe_load(capsys.readouterr().out)["safeguards"]
    assert main(["run", "--cfg", "all"]) == 0
