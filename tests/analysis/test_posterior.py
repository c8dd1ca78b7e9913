"""What observations say of unknown numbers, held against posteriors that are known in closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from experiments.analysis.posterior import Bank, Posterior, blurred, fitted, identified, posterior, recovered
from sim.draws import Draws
from sim.world.record import ConfigError

Values = NDArray[np.float64]
SHOWN = np.array([[1.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.3, -0.4, 0.0]])  # what each observable shows of each number: not the third
ERROR = np.array([0.5, 0.7, 1.0])  # s.d. of what else is in it


def scores_of(count: int, numbers: int, seed: int) -> Values:
    return Draws(seed).normal("score", np.arange(count)[:, None], np.arange(numbers))


def linear(count: int, seed: int = 1) -> Bank:
    scores = scores_of(count, 3, seed)
    luck = Draws(seed).normal("luck", np.arange(count)[:, None], np.arange(len(SHOWN)))
    return Bank(scores, scores @ SHOWN.T + ERROR * luck)


def crooked(count: int, seed: int = 1) -> Bank:
    """Observables that bend, and scatter more where they are large, as counts do."""
    scores = scores_of(count, 3, seed)
    luck = Draws(seed).normal("luck", np.arange(count)[:, None], np.arange(4))
    one, two, three = scores.T
    shown = [
        np.exp(0.8 * one + 0.3 * luck[:, 0]),
        np.exp(0.5 * one) * (1 + 0.5 * two) + 0.4 * np.exp(0.3 * one) * luck[:, 1],
        1 / (1 + np.exp(-1.5 * two)) + 0.1 * luck[:, 2],
        0.3 * three + luck[:, 3],
    ]
    return Bank(scores, np.stack(shown, axis=1))


def test_of_a_linear_normal_bank_the_posterior_is_that_of_the_textbook() -> None:
    """Precision 1 + A' E^-1 A; mean its inverse times A' E^-1 observed."""
    bank, observed = linear(4000), np.array([0.8, -0.3, 0.4])
    found = posterior(bank, observed)
    precision = np.eye(3) + SHOWN.T @ np.diag(ERROR**-2) @ SHOWN
    covariance = np.linalg.inv(precision)
    assert found.mean == pytest.approx(covariance @ SHOWN.T @ np.diag(ERROR**-2) @ observed, abs=0.07)
    assert found.spread == pytest.approx(np.sqrt(np.diag(covariance)), rel=0.06)
    scaled = covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    assert found.correlation == pytest.approx(scaled, abs=0.08)
    assert identified(found.spread, ["first", "second", "third"]) == ["first", "second"]
    assert found.quantile(0.05)[0] == pytest.approx(found.mean[0] - 1.645 * found.spread[0], abs=0.06)


def test_what_is_not_observed_says_nothing() -> None:
    bank = linear(4000)
    found = posterior(bank, np.array([0.8, np.nan, np.nan]))
    assert found.mean == pytest.approx([0.8 / 1.25, 0.0, 0.0], abs=0.12)
    assert found.spread[2] == pytest.approx(1.0, rel=0.06)


@pytest.mark.parametrize("made", [linear, crooked])
def test_intervals_of_known_numbers_cover_what_they_say(made: Callable[[int], Bank]) -> None:
    """Leave-one-out intervals of 90 % hold 86 to 94 % of the known numbers, and ranks are even."""
    found = recovered(made(3000), most=60)
    assert found.ranks.shape == (600, 3)
    assert ((found.coverage() > 0.86) & (found.coverage() < 0.94)).all(), found.coverage()
    assert (found.uneven() > 0.001).all(), found.uneven()
    assert (np.abs(found.error.mean(axis=0)) < 4 * found.spread.mean(axis=0) / np.sqrt(600)).all()


def test_intervals_that_are_too_narrow_are_seen() -> None:
    """The same check on a posterior of half the width: it can fail."""
    found = recovered(linear(1500), most=40)
    squeezed = found._replace(ranks=np.clip(0.5 + 2 * (found.ranks - 0.5), 0, 1))
    assert (squeezed.coverage() < 0.86).all()
    assert (squeezed.uneven() < 0.001).all()


def test_a_tolerance_widens_what_is_known_and_no_tolerance_leaves_it() -> None:
    bank, observed = linear(3000), np.array([0.8, -0.3, 0.4])
    wide = Bank(bank.scores, blurred(bank.seen, np.array([3.0, 0.0, 0.0]), Draws(2)))
    assert np.array_equal(wide.seen[:, 1:], bank.seen[:, 1:])
    assert np.abs(wide.seen[:, 0] - bank.seen[:, 0]).max() <= 3.0
    assert posterior(wide, observed).spread[0] > 1.2 * posterior(bank, observed).spread[0]


def test_a_column_that_never_varies_or_is_never_shown_does_no_harm() -> None:
    bank, observed = linear(1000), np.array([0.8, -0.3, 0.4])
    blind = np.column_stack([bank.seen, np.ones(1000), np.full(1000, np.nan)])
    more = Bank(bank.scores, blind)
    same = posterior(more, np.array([*observed, 1.0, np.nan]))
    assert same.mean == pytest.approx(posterior(bank, observed).mean, abs=0.05)


def test_weighted_draws_are_told_by_their_weights() -> None:
    few = Posterior(np.array([[0.0], [1.0], [2.0]]), np.array([0.5, 0.25, 0.25]), np.arange(3))
    assert few.mean.tolist() == [0.75]
    assert (few.quantile(0.5)[0], few.quantile(0.51)[0], few.quantile(1.0)[0]) == (0.0, 1.0, 2.0)
    assert few.below(np.array([1.0])).tolist() == [0.5]
    assert np.unique(few.drawn(400, Draws(1)), return_counts=True)[1].tolist() == [200, 100, 100]


def test_a_bank_that_is_too_small_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match="bank: found 99 draws; accepted: at least 100"):
        fitted(linear(99))
