"""A rule edited in its own short file changes what a run gives: the generated loop and its compiled code cannot go stale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = """
from sim import load, simulate
result = simulate(load("states=synthetic", "people.rows=500", "demand.legitimate=200", "years=1"), seed=3)
print((result.requests["reason"] == "form").sum())
"""


def refused_on_form(checkout: Path) -> int:
    """Requests refused for their form, by a process of its own in the given copy."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("NUMBA_", "PYTHONPATH"))}
    env |= {"ROGATORY_CACHE": str(checkout / "cache"), "PYTHONPATH": str(checkout)}
    done = subprocess.run([sys.executable, "-c", RUN], cwd=checkout, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.slow
def test_an_edited_rule_of_review_changes_the_result_and_its_return_brings_it_back(tmp_path: Path) -> None:
    for folder in ("sim", "configs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    rule = tmp_path / "sim" / "review" / "form.py"
    text = rule.read_text(encoding="utf-8")
    before = refused_on_form(tmp_path)
    assert before > 0
    assert text.count("return quality < quality_bar") == 1
    rule.write_text(text.replace("return quality < quality_bar", "return False"), encoding="utf-8")
    assert refused_on_form(tmp_path) == 0
    rule.write_text(text, encoding="utf-8")
    assert refused_on_form(tmp_path) == before
