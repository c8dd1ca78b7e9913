"""The twin's draws are those of the model, bit for bit."""

from __future__ import annotations

from sim.draws import Draws
from sim.draws import name_key as model_key
from tests.twin.draws import Luck, name_key


def test_uniforms_and_quantiles_agree() -> None:
    for seed in (0, 3, 2**62):
        ours, theirs = Luck(seed), Draws(seed)
        assert ours.derived("calibration").seed == theirs.derived("calibration").seed
        for key in (0, 5, 2**63 - 1):
            assert ours.uniform("live", key) == float(theirs.uniform("live", key))
            assert ours.uniform("look", key, 7, 2**64 - 1) == float(theirs.uniform("look", key, 7, 2**64 - 1))
    keys = range(4000)
    assert [Luck(1).normal("dossier", key) for key in keys] == Draws(1).normal("dossier", list(keys)).tolist()
    assert name_key("journalist") == int(model_key("journalist"))
