"""What the README tells a reader to type really runs (with fewer people and years)."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SMALLER = {"years": "years=1", "seeds": "seeds=1", "people.rows": "people.rows=4000"}


def blocks(language: str) -> list[str]:
    """Fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


COMMANDS = [line for block in blocks("sh") for line in block.splitlines() if "rogatory" in line]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_runs(command: str, tmp_path: Path) -> None:
    words = shlex.split(command, comments=True)
    assert words[0] == ".venv/bin/rogatory"
    arguments = [SMALLER.get(word.partition("=")[0], word) for word in words[1:]]
    if "--cfg" not in arguments:
        arguments += [f"output={tmp_path}", "people.rows=4000", "demand.legitimate=400", "workers=1"]
    done = subprocess.run(
        [sys.executable, "-m", "experiments.cli", *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def test_the_python_of_the_readme_runs() -> None:
    (block,) = blocks("python")
    exec(compile(block.replace("20000", "4000").replace("years=2", "years=1"), "README.md", "exec"), {})


def test_every_file_that_the_readme_links_to_exists() -> None:
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert linked
    missing = [name for name in linked if not (ROOT / name).exists()]
    assert not missing
