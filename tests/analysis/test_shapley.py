"""Shapley values and interactions of games whose values stand in every textbook, and of random ones by brute force."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import combinations, permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from experiments.analysis.shapley import codes_of, contributions, first_in, last_in, levers_in, shapley, shapley_interactions
from sim.arrays import Reals


def game(count: int, value: Callable[[set[int]], float]) -> Reals:
    """Values of all sets, by their code."""
    return np.array([value({lever for lever in range(count) if code >> lever & 1}) for code in range(1 << count)])


def random_games(count: int, size: int = 3) -> Reals:
    return np.random.default_rng(count).normal(size=(size, 1 << count))


def orders(count: int) -> NDArray[np.int64]:
    return np.array(list(permutations(range(count))))


def by_hand(values: Reals, count: int) -> Iterator[float]:
    """The definition, order by order."""
    for lever in range(count):
        total = 0.0
        for order in permutations(range(count)):
            before = sum(1 << other for other in order[: order.index(lever)])
            total += values[before | 1 << lever] - values[before]
        yield total / factorial(count)


def test_what_adds_up_gives_each_its_own_contribution_and_no_interaction() -> None:
    own = [3.0, -1.0, 0.5, 0.0]
    values = game(4, lambda on: sum(own[lever] for lever in on))
    assert shapley(values) == pytest.approx(own)
    off_diagonal = shapley_interactions(values)[~np.eye(4, dtype=bool)]
    assert off_diagonal == pytest.approx(0.0)
    assert np.isnan(np.diag(shapley_interactions(values))).all()


def test_in_the_glove_game_the_only_right_glove_takes_two_thirds() -> None:
    values = game(3, lambda on: float(2 in on and bool(on & {0, 1})))
    assert shapley(values) == pytest.approx([1 / 6, 1 / 6, 2 / 3])


def test_in_the_glove_game_the_left_gloves_overlap_and_left_and_right_need_each_other() -> None:
    found = shapley_interactions(game(3, lambda on: float(2 in on and bool(on & {0, 1}))))
    assert found[0, 1] == pytest.approx(-1 / 2)
    assert found[0, 2] == found[1, 2] == pytest.approx(1 / 2)


@pytest.mark.parametrize("needed", [{0}, {1, 3}, {0, 2, 4}, {0, 1, 2, 3, 4}])
def test_those_who_are_all_needed_share_alike_and_others_have_nothing(needed: set[int]) -> None:
    values = game(5, lambda on: float(needed <= on))
    assert shapley(values) == pytest.approx([1 / len(needed) if lever in needed else 0.0 for lever in range(5)])
    found = shapley_interactions(values)
    for pair in combinations(range(5), 2):
        assert found[pair] == pytest.approx(1 / (len(needed) - 1) if {*pair} <= needed else 0.0)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_random_games_agree_with_the_definition_order_by_order(count: int) -> None:
    values = random_games(count)
    for one in values:
        assert shapley(one) == pytest.approx(list(by_hand(one, count)))
    assert shapley(values) == pytest.approx(np.stack([shapley(one) for one in values]))


def test_an_interaction_is_what_a_pair_is_worth_in_one_piece_and_in_two() -> None:
    """The value of the merged pair, less the value of each in the game without the other (Grabisch and Roubens 1999, Theorem 3)."""
    count = 5
    values = random_games(count, 1)[0]
    found = shapley_interactions(values)
    assert found == pytest.approx(found.T, nan_ok=True)
    for one, other in combinations(range(count), 2):
        rest = [lever for lever in range(count) if lever not in (one, other)]

        def reduced(first: int, rest: list[int] = rest) -> Reals:
            """The game of the rest with a new first player that stands for ``first``."""
            codes = [
                (first if code & 1 else 0) + sum(1 << lever for place, lever in enumerate(rest) if code >> (place + 1) & 1)
                for code in range(1 << (len(rest) + 1))
            ]
            return values[codes]

        pair = shapley(reduced((1 << one) + (1 << other)))[0]
        assert found[one, other] == pytest.approx(pair - shapley(reduced(1 << one))[0] - shapley(reduced(1 << other))[0])


def test_all_orders_together_give_the_exact_values() -> None:
    for count in (2, 3, 4, 5):
        values = random_games(count)
        mean = contributions(orders(count), np.arange(1 << count), values).mean(axis=-2)
        assert mean == pytest.approx(shapley(values))


def test_sets_may_stand_in_any_order() -> None:
    values = random_games(3)
    shuffled = np.random.default_rng(1).permutation(8)
    assert (contributions(orders(3), shuffled, values[:, shuffled]) == contributions(orders(3), np.arange(8), values)).all()


def test_a_set_without_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="without a value"):
        contributions(np.array([[0, 1]]), np.array([0, 1]), np.zeros(2))


def test_first_and_last_in_are_ends_of_the_lattice() -> None:
    values = random_games(3, 1)[0]
    assert first_in(values) == pytest.approx([values[1] - values[0], values[2] - values[0], values[4] - values[0]])
    assert last_in(values) == pytest.approx([values[7] - values[6], values[7] - values[5], values[7] - values[3]])


def test_a_code_names_what_is_on() -> None:
    on = np.array([[bool(code >> lever & 1) for lever in range(4)] for code in range(16)])
    assert codes_of(on).tolist() == list(range(16))


@pytest.mark.parametrize("size", [1, 3, 6])
def test_values_that_are_no_lattice_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        levers_in(np.zeros(size))


GAMES = st.integers(1, 6).flatmap(lambda count: arrays(float, 1 << count, elements=st.floats(-1e3, 1e3)))


@given(GAMES)
def test_values_sum_to_all_on_less_all_off(values: Reals) -> None:
    assert shapley(values).sum() == pytest.approx(values[-1] - values[0], abs=1e-8)


@given(GAMES)
def test_who_never_adds_anything_has_exactly_nothing(values: Reals) -> None:
    idle = np.concatenate([values, values])  # a further lever, the last, that changes nothing
    assert shapley(idle)[-1] == 0.0
    assert shapley(idle)[:-1] == pytest.approx(shapley(values), abs=1e-8)
    assert (shapley_interactions(idle)[-1, :-1] == 0.0).all()


@given(GAMES)
def test_two_who_do_the_same_have_the_same(values: Reals) -> None:
    low, high = values[: values.size // 2], values[values.size // 2 :]
    twin = np.concatenate([low, high, high, high[::-1]])  # the last two levers may stand for each other
    found = shapley(twin)
    assert found[-1] == pytest.approx(found[-2], abs=1e-8)


@given(GAMES, st.floats(-10, 10))
def test_values_are_linear_in_the_game(values: Reals, factor: float) -> None:
    assert shapley(factor * values + 7.0) == pytest.approx(factor * shapley(values), abs=1e-6)


def test_twelve_levers_in_ten_worlds_take_no_time() -> None:
    values = random_games(12, 10)
    began = time.perf_counter()
    shapley(values)
    shapley_interactions(values)
    assert time.perf_counter() - began < 1.0
