"""Planted boxes are found, noise is not called one, and the quick peeling takes the workbench's steps."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import qmc

from experiments.analysis.prim import (
    ParameterBox,
    Peeling,
    best_of,
    chance_of,
    peeled,
    phi,
    pruned,
    quality_of,
    quasi_p,
    resampled_boxes,
    trajectory_of,
    tree_leaves,
    workbench,
)
from sim.world.record import ConfigError

HOW = Peeling(alpha=0.05, paste=0.05, mass=0.05)


def cube(draws: int = 256, parameters: int = 5, seed: int = 1) -> np.ndarray:
    return qmc.LatinHypercube(parameters, rng=np.random.default_rng(seed)).random(draws)


def planted(x: np.ndarray, wrong: float = 0.0, seed: int = 2) -> np.ndarray:
    """Failing where the first parameter exceeds 0.6 and the third lies under 0.5, a share of the labels turned."""
    turned = np.random.default_rng(seed).random(len(x)) < wrong
    return ((x[:, 0] > 0.6) & (x[:, 2] < 0.5)) ^ turned


def chosen(x: np.ndarray, fails: np.ndarray) -> ParameterBox:
    return pruned(best_of(trajectory_of(x, fails, HOW), x, fails), x, fails, 0.05)


@pytest.mark.parametrize("wrong", [0.0, 0.04])
def test_a_planted_box_is_recovered(wrong: float) -> None:
    x = cube()
    box = chosen(x, planted(x, wrong))
    assert box.restricted.tolist() == [True, False, True, False, False]
    assert box.low[0] == pytest.approx(0.6, abs=0.04)
    assert box.high[2] == pytest.approx(0.5, abs=0.04)
    assert np.isinf([box.high[0], box.low[2]]).all()
    truth = quality_of(box, x, planted(x))
    assert truth.coverage > 0.9
    assert truth.density > 0.9


def test_the_tree_s_leaf_is_the_planted_box() -> None:
    x = cube()
    fails = planted(x)
    (leaf,) = tree_leaves(x, fails, HOW.mass)
    assert leaf.restricted.tolist() == [True, False, True, False, False]
    assert quality_of(leaf, x, fails)[:2] == (1.0, 1.0)
    assert [box.low.tolist() for box in tree_leaves(x, fails, HOW.mass)] == [leaf.low.tolist()]


def test_a_tree_without_a_split_has_no_box() -> None:
    x = cube(20)
    assert tree_leaves(x, np.zeros(20, bool), HOW.mass) == []


def test_chance_tells_a_planted_box_from_noise() -> None:
    x, rng = cube(128), np.random.default_rng(3)
    assert chance_of(x, planted(x, 0.05), HOW, 19, rng) == 0.05


@pytest.mark.slow
def test_under_noise_the_chance_is_uniform() -> None:
    x, rng = cube(64, 4), np.random.default_rng(4)
    found = [chance_of(x, rng.permutation(64) < 20, HOW, 19, rng) for _ in range(100)]
    assert np.mean(np.array(found) <= 0.05) <= 0.12
    assert np.mean(found) == pytest.approx(0.525, abs=0.1)


@pytest.mark.parametrize("kind", ["planted", "noise", "ties"])
def test_quick_peeling_takes_the_steps_of_the_workbench(kind: str) -> None:
    x = cube(200, 4)
    if kind == "ties":
        x[:, 1] = np.floor(4 * x[:, 1]) / 4 + 0.125
    fails = np.random.default_rng(5).random(200) < 0.3 if kind == "noise" else planted(x, 0.1)
    with workbench():
        from ema_workbench.analysis.prim import Prim

        alg = Prim(pd.DataFrame(x, columns=list("abcd")), fails, peel_alpha=0.05, paste_alpha=0.05, mass_min=0.05)
        alg._paste = lambda box: box
        theirs = alg.find_box().peeling_trajectory
    ours = peeled(x, fails, HOW)
    assert [int(box.holds(x).sum()) for box in ours] == theirs["n"].astype(int).tolist()
    assert [quality_of(box, x, fails).coverage for box in ours] == pytest.approx(theirs["coverage"].tolist())


def test_quasi_p_is_that_of_the_workbench() -> None:
    x = cube()
    fails = planted(x, 0.05)
    with workbench():
        from ema_workbench.analysis.prim import Prim

        found = Prim(pd.DataFrame(x, columns=list("abcde")), fails).find_box()
    boxes = trajectory_of(x, fails, HOW)
    for box, theirs in zip(boxes, found.p_values, strict=True):
        ours = quasi_p(box, x, fails)
        for name, values in theirs.items():
            wanted = [np.nan if value < 0 else value for value in values]
            assert ours["abcde".index(name)] == pytest.approx(wanted, nan_ok=True)


def test_limits_that_tell_nothing_are_pruned() -> None:
    x = cube()
    fails = planted(x)
    loose = ParameterBox(np.array([0.6, 0.03, -np.inf, -np.inf, 0.01]), np.array([np.inf, np.inf, 0.5, 0.97, np.inf]))
    tight = pruned(loose, x, fails, 0.05)
    assert tight.limited.tolist() == [[True, False], [False, False], [False, True], [False, False], [False, False]]


def test_phi_is_zero_by_chance_and_one_for_the_same() -> None:
    a = np.array([True, True, False, False])
    assert phi(a, a) == pytest.approx(1.0)
    assert phi(a, ~a) == pytest.approx(-1.0)
    assert phi(a, np.array([True, False, True, False])) == pytest.approx(0.0)
    assert phi(a, np.ones(4, bool)) == 0.0


def test_resamples_find_the_planted_limits_again_and_judge_them_on_draws_left_out() -> None:
    x = cube()
    found = resampled_boxes(x, planted(x, 0.05), HOW, 0.05, 20, np.random.default_rng(6))
    share = found.limited.mean(0)
    assert share[0, 0] >= 0.95
    assert share[2, 1] >= 0.95
    assert share[[1, 3, 4]].max() <= 0.5
    assert np.nanmedian(found.qualities[:, 1]) > 0.7


def test_resamples_of_noise_do_badly_on_draws_left_out() -> None:
    x = cube()
    found = resampled_boxes(x, np.random.default_rng(7).random(256) < 0.3, HOW, 0.05, 20, np.random.default_rng(8))
    assert abs(np.nanmean(found.qualities[:, 3])) < 0.1


def test_without_the_workbench_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.analysis.prim.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"ema_workbench; accepted: .*pip install 'rogatory\[discovery\]'"):
        trajectory_of(cube(20), np.ones(20, bool), HOW)
