"""The twin's draws are those of the model, bit for bit, whether its hash runs as it is written or compiled."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from sim.draws import Draws
from sim.draws import name_key as model_key
from tests.twin import draws
from tests.twin.draws import PLAIN, Luck, name_key

EDGES = (0, 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1)  # numbers that machines take for signed ones


def test_uniforms_and_quantiles_agree() -> None:
    for seed in (0, 3, 2**62):
        ours, theirs = Luck(seed), Draws(seed)
        assert ours.derived("calibration").seed == theirs.derived("calibration").seed
        for key in EDGES:
            assert ours.uniform("live", key) == float(theirs.uniform("live", key))
            assert ours.uniform("live", key, 7) == float(theirs.uniform("live", key, 7))
            assert ours.uniform("look", key, 7, 2**64 - 1) == float(theirs.uniform("look", key, 7, 2**64 - 1))
            assert ours.after(ours.hashed("label", 5, key), 7) == float(theirs.uniform("label", 5, key, 7))
    keys = range(4000)
    assert [Luck(1).normal("dossier", key) for key in keys] == Draws(1).normal("dossier", list(keys)).tolist()
    assert name_key("journalist") == int(model_key("journalist"))


def test_the_compiled_hash_is_the_one_that_is_written() -> None:
    if draws.COMPILED is None:
        pytest.skip("nothing is compiled here")
    numbers = (*EDGES, *(PLAIN.absorbed(5, key) for key in range(4)))
    for name, plain, compiled in zip(PLAIN._fields, PLAIN, draws.COMPILED, strict=True):
        keys = {"mixed": 1, "absorbed": 2, "both": 3, "one": 2, "two": 3, "three": 4}[name]
        for given in product(numbers, repeat=keys):
            assert compiled(*given) == plain(*given)
        with pytest.raises(OverflowError):
            compiled(*[-1] * keys)


def test_where_nothing_is_compiled_the_written_hash_is_used() -> None:
    said = "from tests.twin import draws; print(draws.HASH is draws.PLAIN, draws.Luck(3).uniform('look', 5, 2**63, 7))"
    env = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    root = Path(__file__).parents[2]
    told = subprocess.run([sys.executable, "-c", said], cwd=root, env=env, capture_output=True, text=True, check=True).stdout
    assert told.split() == ["True", str(Luck(3).uniform("look", 5, 2**63, 7))]
