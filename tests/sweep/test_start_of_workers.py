"""How many processes begin, what each of them loads, and that rules are compiled for all of them once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from experiments.execution import jobs
from experiments.execution.jobs import seconds_of, trials, warm, worker_count
from sim.config import load

ROOT = Path(__file__).parents[2]
HEAVY = ("matplotlib", "mesa", "networkx", "SALib", "pandas.plotting._matplotlib")


def test_so_many_processes_begin_as_there_is_work_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.os, "cpu_count", lambda: 4)
    assert [worker_count(None, 24, each) for each in (0.01, 0.2, 0.4, 60.0)] == [1, 2, 4, 4]
    assert worker_count(None, 3, 60.0) == 3
    assert worker_count(2, 24, 0.01) == 2, "as many as were asked for, come what may"
    assert (worker_count(None, 24), worker_count(8, 3)) == (4, 3)


def test_a_longer_run_of_a_larger_world_takes_longer() -> None:
    short, long, large = (seconds_of(load(*words)) for words in (["years=1"], ["years=10"], ["years=10", "demand.scale=4"]))
    assert 0.0 < short < long < large


def test_rules_are_made_ready_for_others_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = list[int]()
    monkeypatch.setattr(jobs, "CACHE", tmp_path)
    monkeypatch.setattr(jobs, "_run_once", lambda tried: done.append(len(tried)))
    tried, others = trials([load()]), trials([load("conduct=adaptive")])
    for given in (tried, tried, others, tried):
        warm(given, workers=2)
    assert done == [1, 1]
    monkeypatch.setattr(jobs, "CACHE", tmp_path / "gone")
    warm(tried, workers=2)
    warm(tried, workers=2)
    assert done == [1, 1, 1, 1]


def test_a_worker_loads_nothing_that_only_figures_and_other_front_ends_need() -> None:
    code = f"import sys, experiments.execution.engines; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_a_run_needs_of_statistics_comes_without_all_of_scipy() -> None:
    code = "import sys; sys.modules['scipy.stats'] = None; import experiments.design.sampling, experiments.studies.run"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
