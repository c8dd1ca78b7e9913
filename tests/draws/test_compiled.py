"""Compiled code never outlives its source: an edit in another file than the kernel's is seen at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sim

PROBE = """
import numpy as np
from sim.compiled import kernel
from sim.draws import normal_quantile

@kernel
def probe(u):
    return normal_quantile(u)
"""
RUN = """
import probe, sim.compiled
print(probe.probe(0.975), sim.compiled.fingerprint(), sum(probe.probe.stats.cache_hits.values()))
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the two files of ``sim``, and a kernel in a file of its own that calls a rule of theirs."""
    package = tmp_path / "checkout" / "sim"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    for name in ("compiled.py", "draws.py"):
        shutil.copy(Path(sim.__file__).parent / name, package / name)
    (package.parent / "probe.py").write_text(PROBE)
    return package.parent


def run(checkout: Path, code: str) -> list[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("NUMBA_", "PYTHONPATH"))}
    env |= {"ROGATORY_CACHE": str(checkout.parent / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.slow
def test_an_edited_rule_is_compiled_anew_and_an_unchanged_one_comes_from_the_cache(checkout: Path) -> None:
    value, before, hits = run(checkout, RUN)
    assert float(value) == pytest.approx(1.959963984540054)
    assert hits == "0"
    assert run(checkout, RUN) == [value, before, "1"]

    rule = checkout / "sim" / "draws.py"
    text = rule.read_text(encoding="utf-8")
    old, new = "return -num / den if q < 0.0 else num / den", "return num / den if q < 0.0 else -num / den"
    assert text.count(old) == 1
    rule.write_text(text.replace(old, new), encoding="utf-8")
    edited, after, hits = run(checkout, RUN)
    assert float(edited) == -float(value)
    assert after != before
    assert hits == "0"

    rule.write_text(text, encoding="utf-8")
    assert run(checkout, RUN) == [value, before, "1"]  # the former folder is still there


FINGERPRINT = "import sim.compiled; print(sim.compiled.fingerprint())"


def test_a_rule_of_review_counts_even_if_it_compiles_nothing_and_a_plain_file_does_not(checkout: Path) -> None:
    (before,) = run(checkout, FINGERPRINT)
    (checkout / "sim" / "plain.py").write_text("x = 1\n")
    assert run(checkout, FINGERPRINT) == [before]
    (checkout / "sim" / "review").mkdir()
    (checkout / "sim" / "review" / "rule.py").write_text("x = 1\n")
    assert run(checkout, FINGERPRINT) != [before]


@pytest.mark.slow
def test_former_folders_are_forgotten_but_for_four(checkout: Path) -> None:
    rule, seen = checkout / "sim" / "draws.py", list[str]()
    for k in range(7):
        rule.write_text(rule.read_text(encoding="utf-8") + f"# {k}\n", encoding="utf-8")
        seen += run(checkout, FINGERPRINT)
    kept = {folder.name.removeprefix("kernels-") for folder in (checkout.parent / "cache").iterdir()}
    assert len(set(seen)) == 7
    assert seen[-1] in kept
    assert len(kept) == 5
    assert kept <= set(seen)


def test_folders_that_are_no_caches_are_left_alone(checkout: Path) -> None:
    theirs = [checkout.parent / "cache" / f"thesis {k}" for k in range(6)]
    for folder in theirs:
        folder.mkdir(parents=True)
    run(checkout, FINGERPRINT)
    assert all(folder.exists() for folder in theirs)
