"""The figure of a calibration: every number drawn where it says, and the ranks as high as their shares."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from experiments.figures import draw
from tests.figures.uncertainty_examples import calibration


def axes() -> tuple[Axes, Axes]:
    figure = draw("calibration", calibration(), "a caption")
    (outer,) = figure.axes
    (inner,) = outer.child_axes
    return outer, inner


def patches(ax: Axes, name: str) -> list[Rectangle]:
    return [patch for patch in ax.patches if isinstance(patch, Rectangle) and patch.get_gid() == name]


def test_bars_reach_from_5_to_95_per_cent_and_are_cut_at_the_axis() -> None:
    _, inner = axes()
    low, high = inner.get_xlim()
    rows = calibration()
    for bar, (start, end) in zip(patches(inner, "posterior"), rows[["score_low", "score_high"]].to_numpy(), strict=True):
        assert bar.get_x() == pytest.approx(np.clip(start, low, high))
        assert bar.get_x() + bar.get_width() == pytest.approx(np.clip(end, low, high))
    assert {round(bar.get_width(), 2) for bar in patches(inner, "prior")} == {3.29}


def test_what_is_identified_has_a_colour_of_its_own() -> None:
    _, inner = axes()
    first, *others = [bar.get_facecolor() for bar in patches(inner, "posterior")]
    assert first not in others
    assert len(set(others)) == 1


def test_a_default_is_drawn_where_there_is_one_and_at_the_edge_where_it_lies_beyond() -> None:
    _, inner = axes()
    spots = [line.get_xdata()[0] for line in inner.lines if line.get_gid() == "default"]  # type: ignore[index]
    assert spots == pytest.approx([0.95, 0.0, inner.get_xlim()[0]])


def test_ranks_are_as_high_as_their_shares_up_to_twice_an_even_one() -> None:
    outer, _ = axes()
    highs = [bar.get_height() for bar in patches(outer, "rank")][:10]
    assert highs[0] == pytest.approx(0.7)  # 0.25 is beyond twice an even share
    assert highs[1] == pytest.approx(0.7 * 0.05 / 0.2)
    assert len(patches(outer, "rank")) == 10 * len(calibration())
