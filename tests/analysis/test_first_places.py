"""First places over draws, on orders that are written down beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.analysis.first_places import firsts, shares_of_places


def twice(values: list[list[float]]) -> np.ndarray:
    """The same in two replicates, ``[A, W, 2]``."""
    return np.repeat(np.array(values, float)[:, :, None], 2, axis=2)


def test_the_best_is_counted_and_equals_share_the_place() -> None:
    found = firsts(twice([[3, 1, 2, 5], [2, 2, 2, 4], [1, 0, 1, 3]]), 2)
    assert found.best.tolist() == pytest.approx([0.625, 0.375, 0.0])
    assert found.among_first.tolist() == pytest.approx([1.0, 1.0, 0.0])
    assert found.rank.tolist() == pytest.approx([(1 + 2 + 1.5 + 1) / 4, (2 + 1 + 1.5 + 2) / 4, 3.0])
    assert found.best.sum() == pytest.approx(1.0)


def test_leads_are_of_draws_in_which_one_alone_is_best() -> None:
    found = firsts(twice([[3, 1, 2, 5], [2, 2, 2, 1], [1, 0, 1, 0]]), 1)
    assert found.ahead[0] == pytest.approx(2.5)
    assert found.ahead[1] == pytest.approx(1.0)
    assert np.isnan(found.ahead[2])
    assert found.behind.tolist() == pytest.approx([0.25, (1 + 0 + 0 + 4) / 4, (2 + 2 + 1 + 5) / 4])


def test_places_add_up_whatever_is_equal() -> None:
    values = np.random.default_rng(1).integers(0, 3, (7, 50)).astype(float)
    for places in (1, 3, 7):
        assert shares_of_places(values, places).sum(0) == pytest.approx(np.full(50, places))


def test_replicates_that_say_the_same_agree_and_those_that_say_nothing_agree_by_chance() -> None:
    sure = firsts(twice(np.random.default_rng(1).normal(size=(5, 30)).tolist()), 3)
    assert (sure.agree, sure.alike) == (pytest.approx(1.0), pytest.approx(1.0))
    luck = firsts(np.random.default_rng(2).normal(size=(5, 4000, 2)), 3)
    assert luck.agree == pytest.approx(1 / 5, abs=0.02)
    assert luck.alike == pytest.approx(0.0, abs=0.03)
    assert luck.best.tolist() == pytest.approx([1 / 5] * 5, abs=0.03)
    assert luck.again.tolist() == pytest.approx([1 / 5] * 5, abs=0.04)


def test_one_replicate_says_nothing_of_another() -> None:
    found = firsts(np.random.default_rng(1).normal(size=(3, 10, 1)), 1)
    assert np.isnan(found.agree)
    assert np.isnan(found.again).all()
    assert found.draws == 10


def test_a_draw_that_one_arm_lacks_is_left_out() -> None:
    values = twice([[3, 1], [2, 2]])
    values[0, 1] = np.nan
    found = firsts(values, 1)
    assert found.draws == 1
    assert found.best.tolist() == [1.0, 0.0]
    assert firsts(np.full((2, 3, 2), np.nan), 1).draws == 0


def test_what_rounding_leaves_apart_is_equal() -> None:
    found = firsts(twice([[0.1 + 0.2], [0.3]]), 1)
    assert found.best.tolist() == [0.5, 0.5]
