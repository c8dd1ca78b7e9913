"""Draws are what their names promise: nested, stratified, complete, orthogonal, and uniform as each shape says."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from experiments.design.designs import Design, Uncertainty
from experiments.design.sampling import combinations_of, parameter_draws, scaled, unit_draws, unit_of
from sim.world.record import ConfigError

SHAPES: dict[str, Uncertainty] = {
    "plain": Uncertainty(low=-3.0, high=7.0),
    "log": Uncertainty(low=0.01, high=100.0, shape="log"),
    "whole": Uncertainty(low=-2, high=3, shape="whole"),
    "listed": Uncertainty(values=["none", "some", "all"]),
}


def design(draw: str, factors: int = 4, **more: Any) -> Design:
    unknown = {f"a.x{number}": Uncertainty(low=0.0, high=1.0) for number in range(factors)}
    return Design.model_validate({"question": "what if?", "draw": draw, "uncertainties": unknown, **more})


def of_shape(name: str, units: NDArray[np.float64]) -> list[Any]:
    return list(scaled(units[:, None], {"a.x": SHAPES[name]})["a.x"])


@pytest.mark.parametrize("seed", [0, 1, 77])
def test_the_first_half_of_a_sobol_design_is_the_design_of_half_the_size(seed: int) -> None:
    half, whole = (unit_draws(design("sobol", draw_seed=seed, size=size)) for size in (16, 32))
    assert half.shape == (16 * 6, 4)
    assert np.array_equal(whole[: len(half)], half)


def test_a_base_point_of_sobol_exchanges_one_factor_after_the_other() -> None:
    rows = unit_draws(design("sobol", size=8)).reshape(8, 6, 4)
    for a, *exchanged, b in rows:
        for factor, row in enumerate(exchanged):
            assert row[factor] == b[factor] != a[factor]
            assert np.array_equal(np.delete(row, factor), np.delete(a, factor))


def test_both_sides_of_a_sobol_design_are_stratified() -> None:
    rows = unit_draws(design("sobol", size=16)).reshape(16, 6, 4)
    for side in (rows[:, 0], rows[:, -1]):
        assert (np.sort(np.floor(side * 16), axis=0) == np.arange(16)[:, None]).all()


def test_a_sobol_design_whose_size_is_no_power_of_two_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"size: found 12 .*; accepted: a power of two"):
        unit_draws(design("sobol", size=12))


@pytest.mark.parametrize("size", [1, 7, 40])
def test_a_latin_hypercube_has_one_draw_a_stratum_in_each_factor(size: int) -> None:
    rows = unit_draws(design("latin_hypercube", size=size))
    assert (np.sort(np.floor(rows * size), axis=0) == np.arange(size)[:, None]).all()


def test_a_grid_is_every_combination_of_its_values_with_both_ends() -> None:
    unknown = {"a.x": Uncertainty(low=1.0, high=2.0), "a.n": Uncertainty(low=-1, high=1, shape="whole"), "a.k": SHAPES["listed"]}
    rows = parameter_draws(design("grid", uncertainties=unknown, levels=5))
    wanted = product([1.0, 1.25, 1.5, 1.75, 2.0], [-1, 0, 1], ["none", "some", "all"])
    assert list(rows.itertuples(index=False, name=None)) == list(wanted)


def test_a_grid_of_whole_numbers_has_as_many_as_levels_if_there_are_more() -> None:
    unknown = {"a.n": Uncertainty(low=0, high=100, shape="whole")}
    assert list(parameter_draws(design("grid", uncertainties=unknown, levels=3))["a.n"]) == [0, 50, 100]


@pytest.mark.parametrize("levels", [4, 6])
def test_each_step_of_morris_changes_one_factor_by_the_same_length(levels: int) -> None:
    rows = unit_draws(design("morris", levels=levels, size=12)).reshape(12, 5, 4)
    steps = np.abs(np.diff(rows, axis=1))
    assert ((steps > 0).sum(axis=2) == 1).all()
    assert ((steps > 0).sum(axis=1) == 1).all()  # and each factor once a trajectory
    assert steps[steps > 0] == pytest.approx(levels / (2 * (levels - 1)))
    assert np.round(rows * (levels - 1), 9) % 1 == pytest.approx(0.0)


def test_morris_on_an_odd_number_of_levels_is_refused() -> None:
    with pytest.raises(ConfigError, match="levels: found 5 of a Morris design; accepted: an even number"):
        unit_draws(design("morris", levels=5, size=4))


@pytest.mark.parametrize("factors", [1, 2, 3, 7, 8, 11])
def test_a_fractional_factorial_is_balanced_orthogonal_and_free_of_pairs(factors: int) -> None:
    signs = 2 * unit_draws(design("fractional", factors)) - 1
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert np.array_equal(signs.T @ signs, len(signs) * np.eye(factors))
    assert (signs.sum(axis=0) == 0).all()
    for one, two in combinations(range(factors), 2):  # main effects are clear of two-factor interactions
        assert (signs.T @ (signs[:, one] * signs[:, two]) == 0).all()


def test_fractional_levers_are_the_same_design_in_words() -> None:
    levers = {f"lever_{number}": {"off": {}, "on": {"a.x": number}} for number in range(5)}
    chosen = combinations_of(Design(question="what if?", levers=levers, choose="fractional"))
    on = np.array([[row[name] == "on" for name in levers] for row in chosen], float)
    assert np.array_equal(on, unit_draws(design("fractional", 5)))


def test_whole_numbers_and_lists_are_equally_likely_with_their_ends() -> None:
    units = (np.arange(600) + 0.5) / 600
    for name, wanted in (("whole", [-2, -1, 0, 1, 2, 3]), ("listed", ["none", "some", "all"])):
        found = of_shape(name, units)
        assert [found.count(value) for value in wanted] == [600 // len(wanted)] * len(wanted)


def test_plain_and_logarithmic_draws_are_even_in_their_own_scale() -> None:
    units = (np.arange(5) + 0.5) / 5
    assert of_shape("plain", units) == pytest.approx([-2.0, 0.0, 2.0, 4.0, 6.0])
    assert np.diff(np.log10(of_shape("log", units))) == pytest.approx(0.8)


@pytest.mark.parametrize("name", SHAPES)
def test_the_ends_of_the_unit_interval_are_the_bounds(name: str) -> None:
    known = SHAPES[name]
    wanted = [known.values[0], known.values[-1]] if known.values else [known.low, known.high]
    assert of_shape(name, np.array([0.0, 1.0])) == wanted


def test_rounding_never_leaves_the_bounds() -> None:
    rng = np.random.default_rng(1)
    for low, width in zip(rng.uniform(0.01, 1.0, 500), rng.uniform(0.01, 1.0, 500), strict=True):
        for shape in ("uniform", "log"):
            known = Uncertainty.model_validate({"low": low, "high": low + width, "shape": shape})
            ends = scaled(np.array([[0.0], [1.0]]), {"a.x": known})["a.x"]
            assert low <= ends.min() <= ends.max() <= low + width


@pytest.mark.parametrize("name", ["plain", "log"])
def test_where_a_value_lies_is_where_it_was_drawn(name: str) -> None:
    units = np.linspace(0.0, 1.0, 11)
    assert [unit_of(value, SHAPES[name]) for value in of_shape(name, units)] == pytest.approx(units)


@pytest.mark.parametrize("name", ["whole", "listed"])
def test_where_a_step_lies_is_its_middle_and_draws_the_step_again(name: str) -> None:
    units = (np.arange(60) + 0.5) / 60
    values = of_shape(name, units)
    again = np.array([unit_of(value, SHAPES[name]) for value in values])
    assert of_shape(name, again) == values
    assert np.abs(again - units).max() <= 0.5 / len(set(values))


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    for draw in ("sobol", "morris", "latin_hypercube"):
        one, same, other = (unit_draws(design(draw, draw_seed=seed, size=8)) for seed in (5, 5, 6))
        assert np.array_equal(one, same)
        assert not np.array_equal(one, other)
