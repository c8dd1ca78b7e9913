"""What another condition leaves of an effect, on effects that are written down beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.analysis.left_over import left_over
from experiments.analysis.over_draws import Paired, paired


def pair(shares: np.ndarray, level: float = 0.2, events: int = 50) -> Paired:
    """An arm that changes its baseline by these shares of it, ``[W, L]``."""
    before = np.full(shares.shape, level)
    count = np.full(shares.shape, events)
    return paired(before, before * (1 + shares), count, count)


def same(*shares: float) -> np.ndarray:
    return np.repeat(np.array(shares)[:, None], 2, axis=1)


def test_what_is_left_is_told_pooled_and_draw_by_draw() -> None:
    found = left_over(pair(same(-0.2, -0.2, -0.4)), pair(same(-0.1, -0.2, 0.04)), 10)
    assert found.pooled == pytest.approx((0.1 + 0.2 - 0.04) / 0.8)
    assert (found.halved, found.turned) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert (found.low, found.high) == (pytest.approx(-0.1), pytest.approx(1.0))
    assert found.draws == 3


def test_draws_without_the_pooled_sign_on_paper_or_on_few_events_tell_nothing() -> None:
    assert left_over(pair(same(-0.4, 0.1, 0.0)), pair(same(-0.4, 0.1, 0.1)), 10).draws == 1
    assert left_over(pair(same(-0.4, -0.1), events=4), pair(same(-0.4, 0.1)), 10).draws == 0


def test_nothing_is_lost_where_nothing_differs_and_luck_alone_halves_nothing() -> None:
    paper = pair(same(-0.3, -0.1))
    found = left_over(paper, paper, 10)
    assert (found.pooled, found.halved, found.turned, found.halved_by_luck) == (pytest.approx(1.0), 0.0, 0.0, 0.0)


def test_what_one_replicate_takes_from_another_is_luck() -> None:
    paper = pair(np.array([[-0.4, -0.1], [-0.2, -0.2]]))
    assert left_over(paper, paper, 10).halved_by_luck == pytest.approx(1 / 4)
    assert np.isnan(left_over(pair(same(-0.4)[:, :1]), pair(same(-0.4)[:, :1]), 10).halved_by_luck)


def test_no_effect_on_paper_has_nothing_left() -> None:
    found = left_over(pair(same(0.0, 0.0)), pair(same(-0.1, 0.1)), 10)
    assert np.isnan(found.pooled)
    assert found.draws == 0
