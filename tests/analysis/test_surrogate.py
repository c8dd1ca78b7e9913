"""The range of a fitted surrogate where the truth is known: nearer to it than percentiles of noisy means."""

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.over_worlds import UNBOUNDED
from experiments.analysis.regret import drawn_terms
from experiments.analysis.robustness import analyse as robustness
from experiments.analysis.sensitivity import analyse as sensitivity
from experiments.analysis.surrogate import Surrogate, surrogate_of, terms_of
from experiments.design.designs import Uncertainty
from experiments.design.sampling import scaled
from sim.arrays import Reals
from tests.analysis.drawn_studies import OUTCOME, design_of, study_of
from tests.analysis.studies import CASES, NEEDS, design, points_in, study

UNKNOWN = {
    "a.slope": Uncertainty(low=2.0, high=4.0),
    "a.curve": Uncertainty(low=0.01, high=100.0, shape="log"),
    "a.count": Uncertainty(low=1, high=9, shape="whole"),
    "a.on": Uncertainty(values=[False, True]),
    "a.kind": Uncertainty(values=["none", "some", "all"]),
    **{f"a.idle{k}": Uncertainty(low=0.0, high=1.0) for k in range(5)},
}
HELPS = {"none": 0.0, "some": 3.0, "all": -1.0}  # neither rises nor falls with the place in the list


def truth(points: pd.DataFrame) -> Reals:
    numbers = {key: points[key].to_numpy(float) for key in ("a.slope", "a.curve", "a.count")}
    kinds = points["a.kind"].map(HELPS).to_numpy(float) + 2.0 * points["a.on"].to_numpy(float)
    return np.asarray(numbers["a.slope"] + np.log10(numbers["a.curve"]) ** 2 / 2 + 0.2 * numbers["a.count"] + kinds)


def drawn(rng: np.random.Generator, count: int) -> pd.DataFrame:
    return scaled(rng.random((count, len(UNKNOWN))), UNKNOWN)


def tried(noise: float, effect: float, times: int = 30) -> tuple[Reals, Reals, list[Surrogate]]:
    """The true range, those of plain percentiles ``[times, 2]``, and the surrogates of studies of 64 draws in 4 worlds."""
    rng = np.random.default_rng(3)
    exact = effect * np.percentile(truth(drawn(rng, 20_000)), (5, 95))
    plain, found = [], []
    for _ in range(times):
        points = drawn(rng, 64)
        cells = effect * truth(points)[:, None] + rng.normal(0.0, noise, (64, 4)) + rng.normal(0.0, 3.0, (1, 4))
        cells -= cells.mean() - effect * truth(points).mean()  # what worlds do to all draws alike is not the question
        plain.append(np.percentile(cells.mean(1), (5, 95)))
        found.append(surrogate_of(cells, terms_of(points, UNKNOWN), UNBOUNDED))
    return exact, np.array(plain), found


@pytest.mark.parametrize(("noise", "often"), [(3.0, 0.9), (6.0, 0.5)])
def test_the_range_of_the_surrogate_is_nearer_to_the_truth_than_that_of_noisy_means(noise: float, often: float) -> None:
    exact, plain, found = tried(noise, 1.0)
    own = np.array([one[:2] for one in found])
    off, plain_off = (np.abs(part - exact).sum(1).mean() for part in (own, plain))
    assert off < 0.8 * plain_off
    assert abs(np.ptp(own, axis=1).mean() - np.ptp(exact)) < abs(np.ptp(plain, axis=1).mean() - np.ptp(exact))
    assert np.mean([one.fits for one in found]) > often


def test_without_noise_the_surrogate_gives_the_percentiles_of_the_draws() -> None:
    exact, plain, found = tried(0.0, 1.0, 3)
    for one, own in zip(found, plain, strict=True):
        assert one[:2] == pytest.approx(own, abs=0.02)
        assert one.fits
        assert one.r2 > 0.99
    assert np.ptp(exact) > 5


def test_without_an_effect_the_range_has_next_to_no_width_and_stands() -> None:
    _, plain, found = tried(3.0, 0.0)
    widths = np.array([one.high - one.low for one in found])
    assert np.median(widths) < 0.05 * np.ptp(plain, axis=1).mean()
    assert widths.mean() < 0.2 * np.ptp(plain, axis=1).mean()
    assert np.mean([one.fits for one in found]) > 0.8
    assert np.mean([one.r2 for one in found]) < 0.1


def test_what_no_curve_of_single_inputs_explains_does_not_fit_and_is_said() -> None:
    points = drawn(np.random.default_rng(4), 128)
    product = np.sign(points["a.idle0"] - 0.5) * np.sign(points["a.idle1"] - 0.5)
    cells = np.asarray(product)[:, None] + np.random.default_rng(5).normal(0.0, 0.1, (128, 4))
    found = surrogate_of(cells, terms_of(points, UNKNOWN), UNBOUNDED)
    assert not found.fits
    assert found.r2 < 0.2


def test_one_world_tells_no_noise_so_that_half_must_be_explained() -> None:
    points = drawn(np.random.default_rng(6), 64)
    noise = np.random.default_rng(7).normal(size=(64, 1))
    assert surrogate_of(truth(points)[:, None] + 0.1 * noise, terms_of(points, UNKNOWN), UNBOUNDED).fits
    assert not surrogate_of(noise, terms_of(points, UNKNOWN), UNBOUNDED).fits


def test_terms_are_curves_of_numbers_and_levels_of_lists_and_hold_nothing_that_stands_still() -> None:
    rng = np.random.default_rng(8)
    points = drawn(rng, 60)
    assert terms_of(points, UNKNOWN).shape == (60, 2 * 8 + 1 + 2)
    assert terms_of(points.assign(**{"a.on": True}), UNKNOWN).shape == (60, 2 * 8 + 2)
    assert terms_of(points.assign(**{"a.idle0": 0.3}), UNKNOWN).shape == (60, 2 * 7 + 1 + 2)
    assert terms_of(points, UNKNOWN).mean(0) == pytest.approx(0.0, abs=1e-12)
    as_text = points.assign(**{"a.on": points["a.on"].astype(str)})
    assert terms_of(as_text, UNKNOWN) == pytest.approx(terms_of(points, UNKNOWN))


def test_a_range_ends_where_an_outcome_does_and_few_draws_have_none() -> None:
    points = drawn(np.random.default_rng(9), 64)
    assert surrogate_of(truth(points)[:, None] * np.ones(3), terms_of(points, UNKNOWN), (0.0, 5.0)).high == 5.0
    few = surrogate_of(np.ones((15, 3)), terms_of(points[:15], UNKNOWN), UNBOUNDED)
    assert np.isnan(few.low)
    assert not few.fits
    still = surrogate_of(np.ones((64, 3)), terms_of(points, UNKNOWN), UNBOUNDED)
    assert (still.low, still.high, still.fits) == (1.0, 1.0, True)


def test_rows_of_sobol_s_scheme_that_were_drawn_together_are_left_out_together() -> None:
    base = np.random.default_rng(10).normal(size=(16, 1))
    cells = np.repeat(base, 6, axis=0) + np.zeros(4)  # each base point has a value of its own that no input explains
    terms = np.repeat(np.random.default_rng(11).normal(size=(16, 12)), 6, axis=0)
    blocks = [np.arange(6 * k, 6 * k + 6) for k in range(16)]
    assert surrogate_of(cells, terms, UNBOUNDED).r2 > 0.4, "else nothing would be gained by looking at rows apart"
    assert surrogate_of(cells, terms, UNBOUNDED, blocks).r2 < 0.2


# --- where it is shown -----------------------------------------------------------------------------------------------------------


def test_robustness_tells_the_range_of_the_surrogate_and_keeps_the_plain_one_in_its_table() -> None:
    asked = design(["as_adopted", "judge"])
    points = points_in(asked)
    x0 = points["review.x0"].to_numpy(float)
    saved = np.where(points["scenario"] == "judge", 0.4 * x0, 0.0)
    noise = 0.03 * np.random.default_rng(12).normal(size=(len(points), 8, 1))
    held = {CASES: 0.2 * (1 - saved)[:, None, None] * (1 + noise), NEEDS: np.full((len(points), 8, 1), 0.6)}
    found = robustness(study(asked, points, held, robustness={"resamples": 20}), CASES)
    row = found.tables["performance"].set_index(["policy", "score"]).loc[("judge", "protection")]
    assert row["surrogate_fits"]
    assert row["draw_low"] < row["surrogate_draw_low"]
    assert (row["surrogate_draw_low"], row["surrogate_draw_high"]) == pytest.approx((2.0, 38.0), abs=1.5)
    words = (
        f"from draw to draw {row['surrogate_draw_low']:.1f} to {row['surrogate_draw_high']:.1f} % (5 to 95 % of a surrogate fitted"
    )
    assert any(words in said for said in found.answer)
    assert any("Ranges over draws are 5 to 95 % of a surrogate" in said for said in found.sure)
    assert drawn_terms(points[:64], asked).terms.shape == (64, 4)


def test_sensitivity_tells_it_of_draws_that_fill_their_ranges_and_of_no_others() -> None:
    bounds = {"a.x": (0.0, 1.0), "a.idle": (0.0, 1.0), "a.on": {"values": [False, True]}}

    def line(rows: pd.DataFrame) -> Reals:
        return np.asarray(10.0 * rows["a.x"].to_numpy(float) + 5.0 * rows["a.on"].to_numpy(float), float)

    for draw, size in (("latin_hypercube", 128), ("sobol", 64)):
        found = sensitivity(study_of(design_of(draw, bounds, size=size), line, 0.5, worlds=4), OUTCOME)
        row = found.tables["spread"].iloc[0]
        assert (row["draws"], row["worlds"], row["surrogate_fits"]) == (128, 4, True)
        assert row["surrogate_r2"] > 0.9
        assert any("ranges from" in said and "of a surrogate fitted" in said for said in found.answer)
    other = sensitivity(study_of(design_of("morris", bounds, size=16), line, 0.5, worlds=4), OUTCOME)
    assert "spread" not in other.tables
    assert not any("surrogate" in said for said in [*other.answer, *other.sure])
