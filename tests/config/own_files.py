"""A copy of the configuration in which a test may write files of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


class OwnFiles:
    """The configuration of one test: the committed files and those that the test writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path in CONFIGS.rglob("*.yaml"):
            place = folder / path.relative_to(CONFIGS)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())

    def scenario(self, name: str, body: str) -> None:
        """Write a scenario whose header is complete."""
        head = "# @package _global_\n# Question: what if so?\n# Motive: a test of composition.\n# Expect: nothing at all.\n"
        (self.folder / "scenario" / f"{name}.yaml").write_text(f"{head}{body}\n", encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def in_place(files: OwnFiles, monkeypatch: pytest.MonkeyPatch) -> OwnFiles:
    """These files, in place of the committed configuration, for the length of one test."""
    monkeypatch.setattr("sim.places.config_folder", lambda: files.folder)
    return files
