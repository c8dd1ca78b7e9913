"""A rule or a constant edited in its own file changes what a run gives: neither the generated loop nor compiled code goes stale."""

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


ALL = """
import hashlib
from sim import load, simulate
result = simulate(load("states=synthetic", "people.rows=500", "demand.legitimate=200", "years=1"), seed=3)
print(int(hashlib.sha256((result.requests.to_csv() + result.metrics.to_csv()).encode()).hexdigest(), 16))
"""


def told(checkout: Path, code: str = RUN) -> int:
    """What a process of its own prints in the given copy: by default, how many requests are refused for their form."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("NUMBA_", "PYTHONPATH"))}
    env |= {"ROGATORY_CACHE": str(checkout / "cache"), "PYTHONPATH": str(checkout)}
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("sim", "configs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.slow
def test_an_edited_rule_of_review_changes_the_result_and_its_return_brings_it_back(copy: Path) -> None:
    rule = copy / "sim" / "review" / "form.py"
    text = rule.read_text(encoding="utf-8")
    before = told(copy)
    assert before > 0
    assert text.count("return quality < quality_bar") == 1
    rule.write_text(text.replace("return quality < quality_bar", "return False"), encoding="utf-8")
    assert told(copy) == 0
    rule.write_text(text, encoding="utf-8")
    assert told(copy) == before


@pytest.mark.slow
@pytest.mark.exhaustive
def test_an_edited_constant_gives_with_a_full_cache_what_it_gives_with_an_empty_one(copy: Path) -> None:
    path = copy / "sim" / "world" / "vocabulary.py"
    text = path.read_text(encoding="utf-8")
    assert text.count("DAYS_PER_MONTH = 30.4375") == 1
    before = told(copy, ALL)
    path.write_text(text.replace("DAYS_PER_MONTH = 30.4375", "DAYS_PER_MONTH = 20.0000"), encoding="utf-8")
    full = told(copy, ALL)
    shutil.rmtree(copy / "cache")
    assert before != full == told(copy, ALL)
