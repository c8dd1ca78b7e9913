"""The figures of uncertainty and discovery carry the numbers of their frames."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.figures import FIGURES
from experiments.figures.style import BETTER, WORSE
from experiments.text import THIN
from tests.figures.uncertainty_examples import DRAWS, POLICIES, box, levels, plane, regrets


def drawn(name: str, frame: pd.DataFrame, **given: object) -> Axes:
    ax = Figure().subplots()
    assert FIGURES[name](frame, ax, **given) is ax
    return ax


def words(ax: Axes) -> list[str]:
    inner = [child for child in ax.child_axes if isinstance(child, Axes)]
    return [text.get_text().replace(THIN, " ") for part in (ax, *inner) for text in part.texts]


def marks(ax: Axes, marker: str) -> list[np.ndarray]:
    return [np.asarray(line.get_xdata(), float) for line in ax.lines if line.get_marker() == marker]


def test_every_draw_is_a_dot_or_lies_beyond_an_arrow() -> None:
    frame = regrets()
    ax = drawn("regret", frame)
    balance, protection, cooperation = ax.child_axes
    for panel, score in ((balance, "balance"), (protection, "protection")):
        dots = np.concatenate(marks(panel, "o"))
        assert sorted(dots) == pytest.approx(sorted(frame.loc[frame["score"] == score, "regret"]))
    assert sum(dots.size for dots in marks(cooperation, "o")) == DRAWS * (len(POLICIES) - 1)
    assert len(marks(cooperation, ">")) == 1
    assert any("Arrows point" in text for text in words(ax))


def test_the_triangle_and_its_number_are_the_90th_percentile() -> None:
    frame = regrets()
    ax = drawn("regret", frame, order=POLICIES)
    ninths = [np.percentile(own["regret"], 90) for _, own in frame[frame["score"] == "balance"].groupby("policy", sort=False)]
    assert [float(x[0]) for x in marks(ax.child_axes[0], "v")] == pytest.approx(ninths)
    assert {f"{ninth:.1f}" for ninth in ninths} <= set(words(ax))


def test_policies_stand_in_the_order_given() -> None:
    ax = drawn("regret", regrets(), order=POLICIES[::-1], names={"no_treaty": "nothing"})
    assert [label.get_text() for label in ax.get_yticklabels()][:2] == ["nothing", "reform bundle"]


def test_the_fan_s_bands_are_the_limits_of_the_frame() -> None:
    frame = levels()
    ax = drawn("fan", frame, line=4.0, label="years")
    assert len(ax.child_axes) == 2
    for panel, name in zip(ax.child_axes, ("case_disclosure_rate", "legit_met_rate"), strict=True):
        rows = frame[frame["outcome"] == name]
        bands = {band.get_gid(): band for band in panel.collections if isinstance(band, PolyCollection)}
        for kind in ("world", "draw"):
            heights = bands[kind].get_paths()[0].vertices[:, 1]
            assert heights.max() == pytest.approx(rows[f"{kind}_high"].max())
            assert heights.min() == pytest.approx(rows[f"{kind}_low"].min())
        (line,) = [one for one in panel.lines if one.get_marker() == "o"]
        assert np.asarray(line.get_ydata(), float) == pytest.approx(rows["mean"].to_numpy(float))
        assert panel.get_ylim()[0] == 0.0


def test_the_fan_of_a_harm_is_orange_and_that_of_a_help_is_blue() -> None:
    colours = [line.get_color() for panel in drawn("fan", levels()).child_axes for line in panel.lines if line.get_marker() == "o"]
    assert colours == [WORSE, BETTER]


def test_the_fan_says_that_its_band_is_the_range_over_worlds() -> None:
    assert any("range over 4 worlds (smallest to largest)" in text for text in words(drawn("fan", levels())))
    assert any("range over 19 worlds (5 to 95 %)" in text for text in words(drawn("fan", levels().assign(worlds=19))))


def test_what_goes_below_zero_has_a_line_at_zero_and_room() -> None:
    frame = levels().assign(mean=lambda f: f["mean"] - 0.09, world_low=-0.2)
    panel = drawn("fan", frame).child_axes[0]
    assert panel.get_ylim()[0] < -0.2
    assert any(np.allclose(np.asarray(line.get_ydata(), float), 0.0) for line in panel.lines)


def test_without_draws_no_band_speaks_of_parameters() -> None:
    frame = levels().assign(draw_low=np.nan, draw_high=np.nan, draws=1)
    ax = drawn("fan", frame)
    assert {band.get_gid() for band in ax.child_axes[0].collections} == {"world"}
    assert any("no band speaks of them" in text and "1 draw," in text for text in words(ax))


def test_the_line_as_adopted_is_drawn_only_among_the_levels() -> None:
    assert "as adopted" in words(drawn("fan", levels(), line=4.0))
    assert "as adopted" not in words(drawn("fan", levels(), line=7.0))


def test_bars_of_a_box_cover_its_part_of_the_range() -> None:
    frame = box()
    ax = drawn("discovery_boxes", frame)
    bars = {patch.get_gid(): patch for patch in ax.patches if isinstance(patch, Rectangle) and patch.get_gid()}
    whole = next(patch for patch in ax.patches if isinstance(patch, Rectangle) and not patch.get_gid())
    assert set(bars) == {"states.hosting.factor.IRL", "review.uptake_max"}
    for row in frame[frame["says"] != ""].to_dict("records"):
        bar = bars[row["parameter"]]
        assert bar.get_x() == pytest.approx(whole.get_width() * row["low_unit"])
        assert bar.get_width() == pytest.approx(whole.get_width() * (row["high_unit"] - row["low_unit"]))


def test_a_box_is_told_with_the_weaker_limit_s_quasi_p_and_its_density_and_coverage() -> None:
    told = words(drawn("discovery_boxes", box()))
    assert {"<0.001", "0.012", "any value", "up to 0.8", "100 %", "80 %"} <= set(told)
    assert any("In the box 93 % of the draws fail (density), and it holds 81 %" in text and "2 048 runs" in text for text in told)


def test_failing_draws_are_filled_and_unsure_ones_small() -> None:
    frame = plane()
    ax = drawn("discovery_plane", frame)
    found = {
        (line.get_markerfacecolor() != "white", line.get_markersize() > 5): np.asarray(line.get_xdata(), float).size
        for line in ax.lines
    }
    for fails in (True, False):
        for sure in (True, False):
            assert found[fails, sure] == int(((frame["fails"] == fails) & (frame["sure"] == sure)).sum())


def test_the_box_in_the_plane_reaches_the_edge_where_it_has_no_limit() -> None:
    ax = drawn("discovery_plane", plane())
    (shade,) = [patch for patch in ax.patches if patch.get_gid() == "box"]
    assert isinstance(shade, Rectangle)
    assert shade.get_x() == pytest.approx(ax.get_xlim()[0])
    assert shade.get_x() + shade.get_width() == pytest.approx(0.8)
    assert shade.get_y() == pytest.approx(0.46)
    assert shade.get_y() + shade.get_height() == pytest.approx(ax.get_ylim()[1])
