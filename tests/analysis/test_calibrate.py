"""Calibration on a bank of runs: what was observed, what is left out, what is found again, and what is shipped."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from experiments.analysis.calibrate import (
    CALIBRATION_COLUMNS,
    Calibrated,
    CalibrateSpec,
    Figures,
    analyse,
    calibrated,
    calibration_table,
    correlation_table,
    default_score,
    figures_of,
    keeps_orders,
    parameters_of,
    possible_rows,
    rank_table,
    read_as,
    scores_of,
    seen_table,
    target_of,
    unsuited,
    values_at,
    values_of,
)
from experiments.analysis.posterior import Posterior
from experiments.settings import conduct_of_study
from experiments.store.outcomes import Outcome
from sim.config import load
from sim.draws import Draws
from sim.observe.patterns import Observable
from sim.parameters import drawn
from sim.register import drawable
from sim.world.record import ConfigError

KEYS = ["review.lapse_per_year", "safeguards.judge.bar", "review.rho"]
SPEC = CalibrateSpec(parameters=KEYS, observables=["P1.a", "P1.b", "P1.c"], rows=200, seed=1, told_from=0.3)


def observable(**said: Any) -> Observable:
    return Observable(**{"said": "a number", "target": "1", "flag": "input", "reason": "made up", **said})


RANGE, RATIO, ORDER = (
    observable(low=1.0, high=3.0),
    observable(kind="ratio", low=0.01, high=0.09),
    observable(kind="order", low=0.0),
)
FIGURES = Figures({"P1.a": RANGE, "P1.b": RATIO, "P1.c": ORDER})


@cache
def bank(count: int = 900) -> tuple[NDArray[np.float64], pd.DataFrame]:
    """The first number shows in a, the second in the logarithm of b, the third nowhere; c breaks where the first is low."""
    scores = Draws(3).normal("score", np.arange(count)[:, None], np.arange(3))
    luck = Draws(3).normal("luck", np.arange(count)[:, None], np.arange(3))
    frame = pd.DataFrame({
        "P1.a": 2 + 2 * scores[:, 0] + 0.3 * luck[:, 0],
        "P1.b": np.exp(np.log(0.03) + 1.0 * scores[:, 1] + 0.3 * luck[:, 1]),
        "P1.c": scores[:, 0] + 1.0 + 0.3 * luck[:, 2],
    })  # fmt: skip
    return np.asarray(scores), frame


@cache
def found() -> Calibrated:
    scores, values = bank()
    kept = keeps_orders(values, FIGURES)
    return calibrated(scores[kept], values[kept], FIGURES, SPEC)


def test_a_target_is_the_middle_of_its_tolerance_on_its_own_scale() -> None:
    assert target_of(RANGE) == (2.0, 1.0)
    middle, half = target_of(RATIO)
    assert np.exp([middle - half, middle, middle + half]) == pytest.approx([0.01, 0.03, 0.09])
    with pytest.raises(ValueError, match="an order, which has no middle"):
        target_of(ORDER)


def test_ratios_are_read_as_logarithms_and_what_has_none_is_missing() -> None:
    assert read_as(RATIO, np.array([1.0, 0.0, -1.0, np.nan])).tolist() == pytest.approx([0.0, np.nan, np.nan, np.nan], nan_ok=True)
    assert read_as(RANGE, np.array([1.0, 0.0])).tolist() == [1.0, 0.0]


def test_draws_that_break_an_order_or_do_not_show_it_are_left_out() -> None:
    values = pd.DataFrame({"P1.a": [0.0, 0.0, 0.0], "P1.b": [0.0, 0.0, 0.0], "P1.c": [0.1, -0.1, np.nan]})
    assert keeps_orders(values, FIGURES).tolist() == [True, False, False]
    assert keeps_orders(values, Figures({"P1.a": RANGE})).tolist() == [True, True, True]


def test_what_shows_is_identified_and_what_does_not_is_not() -> None:
    """a: within 1 of 2, 2 a score: uniform on +-.5; b: within log 3; the third as its prior, for nothing speaks of it."""
    one, two, three = found().posterior.spread
    assert one == pytest.approx(np.sqrt(0.25 / 3 + 0.15**2), rel=0.25)
    assert two == pytest.approx(stats.truncnorm(-np.log(3), np.log(3)).std(), rel=0.2)
    assert three == pytest.approx(1.0, rel=0.15)
    assert found().posterior.mean == pytest.approx([0.0, 0.0, 0.0], abs=0.15)
    exact = np.median(found().exact.spread, axis=0)
    assert (exact[:2] < np.median(found().recovery.spread, axis=0)[:2] - 0.1).all()


def test_known_numbers_of_a_bank_lie_in_their_intervals_as_often_as_they_say() -> None:
    assert (np.abs(found().recovery.coverage() - 0.9) < 0.04).all()
    table = rank_table(KEYS, found().recovery)
    assert table.groupby("key")["share"].sum().to_numpy() == pytest.approx(1.0)
    assert (table["draws"] == int(keeps_orders(bank()[1], FIGURES).sum())).all()


def test_the_table_has_priors_and_posteriors_in_the_units_of_the_numbers() -> None:
    parameters = parameters_of(SPEC)
    table = calibration_table(parameters, found())
    assert list(table.columns) == list(CALIBRATION_COLUMNS)
    assert table["identified"].tolist() == [True, True, False]
    for row, one in zip(table.to_dict("records"), parameters, strict=True):
        assert one.prior is not None
        assert [row["prior_low"], row["prior_median"]] == pytest.approx([one.prior.quantile(0.05), one.prior.quantile(0.5)])
        assert row["posterior_low"] == pytest.approx(one.prior.quantile(float(stats.norm.cdf(row["score_low"]))))
        assert row["posterior_low"] < row["posterior_median"] < row["posterior_high"]
        assert 0 <= row["below_default"] <= 1


def test_a_default_lies_in_its_prior_where_the_quantile_gives_it_back() -> None:
    for key in KEYS:
        one = drawable()[key]
        assert one.prior is not None
        assert one.prior.quantile(float(stats.norm.cdf(default_score(one)))) == pytest.approx(one.value, rel=1e-5)


def test_correlations_are_pairs_with_the_strongest_first() -> None:
    scores = np.array([[0.0, 0.0, 1.0], [1.0, 1.0, 0.5], [2.0, 2.0, 1.2], [3.0, 3.1, 0.9]])
    table = correlation_table(KEYS, Posterior(scores, np.full(4, 0.25), np.arange(4)))
    assert len(table) == 3
    assert (table.loc[0, "first"], table.loc[0, "second"]) == (KEYS[0], KEYS[1])
    assert table.loc[0, "correlation"] == pytest.approx(1.0, abs=0.01)
    assert table["correlation"].abs().is_monotonic_decreasing


def test_figures_are_told_with_what_the_bank_reaches() -> None:
    table = seen_table(pd.DataFrame({"P1.a": [0.0, 1.5, 2.0, np.nan]}), Figures({"P1.a": RANGE}))
    (row,) = table.to_dict("records")
    assert (row["bank_median"], row["in_tolerance"], row["missing"]) == (1.5, 0.5, 0.25)


def test_rows_that_are_written_lie_in_their_priors_and_are_configurations() -> None:
    """Utilisation has a lower and an upper end: rows that have them the wrong way round are left out."""
    keys = ["review.utilisation_low", "review.utilisation_high"]
    parameters = [drawable()[key] for key in keys]
    scores = np.array([[-1.0, 1.0], [3.0, -3.0]])
    crossed = Posterior(scores, np.array([0.5, 0.5]), np.arange(2))
    spec = SPEC.model_copy(update={"parameters": keys, "rows": 10})
    rows = possible_rows(load("parameters=prior"), parameters, crossed, spec)
    assert len(rows) == 5
    assert (rows[keys[0]] < rows[keys[1]]).all()
    assert rows.drop_duplicates().to_numpy() == pytest.approx(values_at(parameters, scores[:1]))


def test_scores_are_where_each_world_drew_its_numbers() -> None:
    config = load("parameters=prior", "people.rows=1000")
    scores = scores_of(config, [4, 5], KEYS)
    for row, world in zip(scores, (4, 5), strict=True):
        values = drawn(config, world)
        for score, key in zip(row, KEYS, strict=True):
            prior = drawable()[key].prior
            assert prior is not None
            assert prior.quantile(float(stats.norm.cdf(score))) == pytest.approx(values[key])
    with pytest.raises(ConfigError, match=r"analysis.calibrate.parameters: found 'review.rho', which this bank does not draw"):
        scores_of(load("parameters=prior", "review.rho=0.4"), [4], KEYS)


def rows_of(world: int, replicate: int, **values: float) -> list[dict[str, Any]]:
    return [
        {"world_seed": world, "replicate": replicate, "pattern": "P1", "observable": name, "value": value, "n": 1.0}
        for name, value in values.items()
    ]


def test_each_draw_is_read_by_its_first_run() -> None:
    observed = pd.DataFrame(
        [*rows_of(1, 0, a=1.0, b=2.0, c=3.0), *rows_of(1, 1, a=9.0, b=9.0, c=9.0), *rows_of(2, 0, a=4.0, b=5.0)]
    )
    values = values_of(observed, FIGURES)
    assert values.index.tolist() == [1, 2]
    assert values.loc[1].tolist() == [1.0, 2.0, 3.0]
    assert np.isnan(values.loc[2, "P1.c"])
    with pytest.raises(ConfigError, match=r"analysis.calibrate.observables: found 'P1.d', of which the runs left nothing"):
        values_of(observed, Figures({"P1.d": RANGE}))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"parameters": ["review.roh"]}, "parameters: found 'review.roh'; accepted: keys that `rogatory keys` lists with a prior"),
        ({"parameters": ["review.rho", "review.rho"]}, "parameters: found 'review.rho' twice; accepted: each once"),
        ({"observables": ["P7.nobody"]}, "observables: found 'P7.nobody', which is none; accepted: PATTERN.OBSERVABLE"),
        ({"observables": ["P7.register_granted"]}, "observables: found 'P7.register_granted', which has no tolerance"),
        ({"observables": ["P9.register_stock_years"]}, "observables: found 'P9.register_stock_years', By Little's law"),
    ],
)
def test_what_cannot_be_calibrated_is_refused_in_one_line(given: dict[str, Any], said: str) -> None:
    asked = conduct_of_study()
    spec = CalibrateSpec(**asked.analysis["calibrate"]).model_copy(update=given)
    with pytest.raises(ConfigError) as told:
        _ = parameters_of(spec), figures_of(spec, asked.patterns)
    assert str(told.value).startswith(f"analysis.calibrate.{said}")
    assert "\n" not in str(told.value)


def test_what_is_shipped_is_asked_of_numbers_and_figures_that_there_are() -> None:
    asked = conduct_of_study()
    spec = CalibrateSpec(**asked.analysis["calibrate"])
    figures = figures_of(spec, asked.patterns)
    assert len(parameters_of(spec)) == 12
    assert figures.orders == ["P7.register_lapsed_to_refused", "P15.ladder_step"]
    informed = {pattern for one in parameters_of(spec) for pattern in one.informs}
    assert {name.partition(".")[0] for name in figures.observables} >= informed & {"P2", "P7", "P8", "P10", "P15"}


class _Study:
    """As much of a study as ``unsuited`` reads."""

    def __init__(self, draw: str = "prior", keep: tuple[str, ...] = ("observed",), points: int = 1) -> None:
        self.config = load(f"parameters={draw}")
        self.design = type("Design", (), {"keep": list(keep)})()
        self.points = pd.DataFrame({"point": range(points)})


def test_what_is_no_bank_says_what_it_lacks() -> None:
    def told(**said: Any) -> str:
        return unsuited(_Study(**said)) or ""  # type: ignore[arg-type]

    assert told() == ""
    assert "parameters=prior" in told(draw="default")
    assert "design.keep: [observed]" in told(keep=())
    assert "wants one point" in told(points=2)


def test_without_the_library_nothing_long_is_begun_and_one_line_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"calibrate: found no scikit-learn; accepted: pip install 'rogatory\[calibration\]'"):
        analyse(_Study(), Outcome.of("case_disclosure_rate"))  # type: ignore[arg-type]
