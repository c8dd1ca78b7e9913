"""What kernels take in is written down once, is never a program of its own, and each kernel is compiled once whatever is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.compiled import inlined, kernel
from sim.inlining import Inlined

ROOT = Path(__file__).parents[2]
KINDS = (
    "review.load=true",
    "scenario=adaptive",
    "scenario=reform_bundle",
    "conduct=adaptive",
    "adaptation.people.own=true adaptation.people.peers=true adaptation.people.tools=true adaptation.reviewers.record=true",
    "adaptation.members.joining=true adaptation.legislatures.inflation=true adaptation.legislatures.protocol=true",
)
RUNS = """
import gc, sys
from numba.core.dispatcher import Dispatcher
from sim import load, simulate
from sim.compiled import _Exact
TINY = ("states=synthetic", "states.synthetic.count=6", "people.rows=400", "demand.legitimate=60", "years=1")
for kind in sys.argv[1:]:
    simulate(load(*TINY, *kind.split()), seed=1).metrics
kernels = [one for one in gc.get_objects() if isinstance(one, Dispatcher) and isinstance(one._cache, _Exact) and one.signatures]
print(len(kernels))
print(*(f"{one.py_func.__module__}.{one.py_func.__name__}" for one in kernels if len(one.signatures) > 1))
"""
PROBE = """
from sim.compiled import inlined, kernel

@inlined
def told(x):
    print("told", x)
    if x > 5:
        raise ValueError("too much")
    return x + 1

@kernel
def probe(x):
    return told(x) + told(1)
"""
ASK = """
import probe
print(probe.probe(1), probe.told(2), sum(probe.probe.stats.cache_hits.values()))
try:
    probe.probe(7)
except ValueError as error:
    print(error)
"""


def python(code: str, *words: str, folder: Path = ROOT, **environment: str) -> list[str]:
    path = os.pathsep.join([str(folder), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=folder, env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
def test_each_kernel_is_compiled_once_whatever_is_run() -> None:
    count, several = python(RUNS, *KINDS)
    assert int(count) > 10
    assert not several.split()


@pytest.mark.slow
def test_what_is_taken_in_may_print_and_raise_compiled_just_now_or_before(tmp_path: Path) -> None:
    """It needs its surroundings for that, which are its own: its kernel has to bring them along."""
    (tmp_path / "probe.py").write_text(PROBE, encoding="utf-8")
    for hits in "01":
        said = python(ASK, folder=tmp_path, ROGATORY_CACHE=str(tmp_path / "cache"))
        assert said == ["told 1", "told 1", "told 2", f"4 3 {hits}", "told 7", "too much"]


def test_a_function_is_written_down_once_for_all_constants_of_a_type() -> None:
    rule: Any = inlined(lambda x, turned: -x if turned else x)

    @kernel
    def probe(x: float) -> float:
        return rule(x, True) + 2.0 * rule(x, False) + rule(3.0, True)  # type: ignore[no-any-return]

    assert probe(1.0) == -1.0 + 2.0 - 3.0
    assert isinstance(rule, Inlined)
    assert len(rule._text.overloads) == 1


def test_one_that_hangs_on_a_constant_is_written_down_for_each() -> None:
    part: Any = inlined(lambda pair, which: pair[which])

    @kernel
    def probe(pair: tuple[float, tuple[float, float]]) -> float:
        return part(pair, 0) + part(pair, 1)[1]  # type: ignore[no-any-return]

    assert probe((1.0, (2.0, 3.0))) == 4.0
    assert len(part._text.overloads) == 2


def test_called_from_python_it_gives_what_a_kernel_gives() -> None:
    rule: Any = inlined(lambda x: x * 0.1 + 0.3)
    numbers = np.linspace(-5.0, 5.0, 101)
    probe = kernel(lambda x: rule(x) + 0.0)
    assert [rule(x) for x in numbers] == [probe(x) for x in numbers]
    assert rule.py_func(2.0) == rule(2.0)
