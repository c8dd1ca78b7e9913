"""Variance components and bands against closed forms and against simulated layouts whose components are known."""

import numpy as np
import pytest

from experiments.analysis.spread import (
    bands_of,
    complete,
    complete_part,
    left_out,
    noise_of,
    share_limits,
    spread_components,
    steadied,
)
from experiments.statistics import quantile_of

KNOWN = {"parameter": 2.0, "world": 1.0, "interaction": 0.5, "replicate": 3.0}
SHARED = 1.2  # part of the luck's variance that draws have in common


def layout(rng: np.random.Generator, D: int, W: int, L: int, times: int) -> np.ndarray:
    """``[times, D, W, L]`` from the model of the module's first words, with the variances in ``KNOWN``."""

    def term(variance: float, *shape: int) -> np.ndarray:
        return rng.normal(0.0, np.sqrt(variance), (times, *shape))

    return (
        7.0
        + term(KNOWN["parameter"], D, 1, 1)
        + term(KNOWN["world"], 1, W, 1)
        + term(KNOWN["interaction"], D, W, 1)
        + term(SHARED, 1, W, L)
        + term(KNOWN["replicate"] - SHARED, D, W, L)
    )


@pytest.mark.parametrize("size", [(4, 3, 2), (12, 4, 3)])
def test_components_are_unbiased_on_layouts_with_known_components(size: tuple[int, int, int]) -> None:
    tables = layout(np.random.default_rng(1), *size, 3000)
    found = np.array([spread_components(table)[:4] for table in tables])
    error = found.std(0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(0) - list(KNOWN.values())) < 4 * error).all()
    assert (error < 0.15).all()  # or the test could not fail


def test_without_a_second_replicate_its_variance_is_part_of_world_and_interaction() -> None:
    tables = layout(np.random.default_rng(2), 8, 4, 1, 3000)
    found = np.array([spread_components(table)[:4] for table in tables])
    error = found[:, :3].std(0, ddof=1) / np.sqrt(len(found))
    wanted = [KNOWN["parameter"], KNOWN["world"] + SHARED, KNOWN["interaction"] + KNOWN["replicate"] - SHARED]
    assert (np.abs(found[:, :3].mean(0) - wanted) < 4 * error).all()
    assert np.isnan(found[:, 3]).all()


def test_one_draw_leaves_worlds_and_replicates() -> None:
    tables = layout(np.random.default_rng(3), 1, 6, 3, 3000)
    found = np.array([spread_components(table)[:4] for table in tables])
    assert np.isnan(found[:, [0, 2]]).all()
    assert found[:, 3].mean() == pytest.approx(KNOWN["replicate"], rel=0.05)
    assert found[:, 1].mean() == pytest.approx(KNOWN["world"] + KNOWN["interaction"], rel=0.12)


def test_a_spread_of_one_source_alone_is_given_to_that_source() -> None:
    rng = np.random.default_rng(4)
    for place, name in enumerate(KNOWN):
        shape = [(6, 1, 1), (1, 5, 1), (6, 5, 1), (1, 5, 3)][place]
        effect = rng.normal(size=shape)
        if name == "interaction":
            effect -= effect.mean(0, keepdims=True) + effect.mean(1, keepdims=True) - effect.mean()
        if name == "replicate":
            effect -= effect.mean(2, keepdims=True)
        found = spread_components(np.broadcast_to(effect, (6, 5, 3)).copy())
        free = {"parameter": 5, "world": 4, "interaction": 20, "replicate": 10}[name]
        wanted = (effect**2).sum() / free if name in ("interaction", "replicate") else effect.var(ddof=1)
        assert getattr(found, name) == pytest.approx(wanted)
        shares = found.shares
        assert shares[name] == pytest.approx(1.0, abs=0.35 if name in ("interaction", "replicate") else 1e-12)
        assert max(shares, key=lambda other: shares[other]) == name


def test_shares_add_up_to_one_and_are_zero_where_nothing_spreads() -> None:
    found = spread_components(layout(np.random.default_rng(5), 5, 3, 2, 1)[0]).shares
    assert sum(found.values()) == pytest.approx(1.0)
    assert set(spread_components(np.ones((4, 3, 2))).shares.values()) == {0.0}


def test_draws_without_all_runs_are_left_out_and_counted_and_worlds_never_run_are_not_missed() -> None:
    values = layout(np.random.default_rng(6), 6, 4, 2, 1)[0]
    holed = np.concatenate([values, np.full((6, 1, 2), np.nan)], axis=1)
    holed[2, 1, 0] = np.nan
    kept, dropped = complete(holed)
    assert dropped == 1
    assert (kept == np.delete(values, 2, axis=0)).all()
    assert spread_components(holed)[:4] == spread_components(np.delete(values, 2, axis=0))[:4]
    assert bands_of(holed).dropped == 1
    assert bands_of(np.full((3, 2, 1), np.nan)).draws == 0
    assert np.isnan(spread_components(np.full((3, 2, 1), np.nan)).parameter)


def test_bands_in_closed_form() -> None:
    draws, worlds = np.arange(21.0), np.array([-1.0, 0.0, 1.0])
    found = bands_of((draws[:, None] + worlds)[:, :, None])
    half = quantile_of(np.array(3)) * 1.0 / np.sqrt(3)
    assert (found.mean, found.error_low, found.error_high) == pytest.approx((10.0, 10.0 - half, 10.0 + half))
    assert (found.world_low, found.world_high, found.worlds_agreeing) == (9.0, 11.0, 3)
    assert (found.inside, np.isnan(found.chance_share)) == (0.5, True)
    assert bands_of((draws[:, None] + worlds)[:, :, None], (0.0, 10.5)).error_high == 10.5
    assert (found.draw_low, found.draw_high) == pytest.approx((1.0, 19.0))
    assert found.parameter_sd == pytest.approx(draws.std(ddof=1))
    assert (found.draws, found.worlds, found.runs, found.dropped) == (21, 3, 63, 0)


def test_one_draw_has_no_parameter_band_and_one_world_no_replicate_band() -> None:
    one_draw, one_world = bands_of(np.ones((1, 3, 2))), bands_of(np.ones((3, 1, 2)))
    assert np.isnan([one_draw.draw_low, one_draw.draw_high, one_draw.parameter_sd]).all()
    assert (one_draw.world_low, one_draw.world_high) == (1.0, 1.0)
    assert np.isnan([one_world.world_low, one_world.parameter_sd]).all()
    assert one_world.draw_low == 1.0


@pytest.mark.slow
def test_the_simulation_error_holds_the_mean_of_the_worlds_in_its_share_of_studies() -> None:
    rng = np.random.default_rng(7)
    draws = rng.normal(0.0, 2.0, (5, 1, 1))  # held: the band is over worlds alone
    tables = draws + rng.normal(0, 1, (2000, 1, 4, 1)) + rng.normal(0, 1, (2000, 5, 4, 2))
    found = [bands_of(table) for table in tables]
    held = np.mean([band.error_low <= draws.mean() <= band.error_high for band in found])
    assert held == pytest.approx(0.95, abs=0.02)


def test_noise_of_means_over_worlds_is_estimated_without_bias() -> None:
    tables = layout(np.random.default_rng(8), 10, 4, 1, 3000)[..., 0]
    wanted = (KNOWN["interaction"] + KNOWN["replicate"] - SHARED) / 4
    assert noise_of(tables).mean() == pytest.approx(wanted, rel=0.03)


def test_steadied_means_spread_as_much_as_the_truth_and_plain_ones_more() -> None:
    rng = np.random.default_rng(9)
    truth = rng.normal(3.0, 1.0, (300, 200))
    cells = truth[..., None] + rng.normal(0, 2.0, (300, 200, 2)) + rng.normal(0, 1.0, (300, 1, 2))
    for share in (10, 50, 90):
        exact = np.percentile(truth, share, axis=1)
        steady, plain = (np.percentile(found, share, axis=1) for found in (steadied(cells), cells.mean(-1)))
        assert (steady - exact).mean() == pytest.approx(0.0, abs=0.12)
        if share != 50:
            assert abs((plain - exact).mean()) > 0.7
    assert steadied(cells).mean() == pytest.approx(cells.mean())


def test_draws_that_differ_by_noise_alone_are_drawn_in_to_nearly_one_number() -> None:
    rng = np.random.default_rng(10)
    cells = rng.normal(0, 1.0, (200, 64, 4))
    assert steadied(cells).std(-1).mean() < 0.4 * cells.mean(-1).std(-1).mean()
    assert (steadied(np.ones((3, 4, 5))) == 1.0).all()


def test_one_world_tells_nothing_of_noise_and_leaves_the_means() -> None:
    cells = np.arange(4.0)[:, None]
    assert (steadied(cells) == np.arange(4.0)).all()


def test_an_interrupted_expansion_costs_the_runs_that_it_added_and_no_others() -> None:
    known = np.ones((64, 9, 2), bool)
    known[2:, 8] = False  # a ninth world, begun in two draws
    kept = complete_part(known)
    assert (kept.draws.sum(), kept.worlds.tolist(), kept.dropped) == (64, [True] * 8 + [False], (0, 1, 0))
    replicates = np.ones((64, 4, 3), bool)
    replicates[1:, :, 2] = False  # a third replicate, begun in one draw
    assert complete_part(replicates).dropped == (0, 0, 1)
    draws = np.ones((100, 8, 1), bool)
    draws[64:, 1:] = False  # more draws, in their first world
    assert complete_part(draws).dropped == (36, 0, 0)
    half = np.ones((10, 4, 2), bool)
    half[:, 3, 1] = False  # a fourth world, with its first replicate
    assert complete_part(half).dropped == (0, 1, 0)
    single = np.ones((1, 8, 1), bool)
    single[0, 3] = False
    assert complete_part(single).dropped == (0, 0, 0)  # a world without any run is not missed
    assert complete_part(single).worlds.sum() == 7
    assert complete_part(np.zeros((3, 2, 1), bool)).draws.sum() == 0
    assert "1 world" in left_out(kept.dropped)


def test_bands_of_an_interrupted_expansion_stand_on_the_finished_worlds() -> None:
    values = layout(np.random.default_rng(11), 64, 9, 1, 1)[0]
    values[2:, 8] = np.nan
    found = bands_of(values)
    assert (found.draws, found.worlds, found.dropped) == (64, 8, 0)
    assert found.mean == pytest.approx(values[:, :8].mean())


def test_limits_of_a_share_are_wilson_s() -> None:
    from scipy.stats import binomtest

    for count in (0, 3, 32, 64):
        wanted = binomtest(count, 64).proportion_ci(method="wilson")
        assert share_limits(count / 64, 64) == pytest.approx(tuple(wanted), abs=1e-12)
