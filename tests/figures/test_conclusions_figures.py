"""The figures of conclusions carry the numbers of their frames: bars, ticks, words, depths."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.figures import FIGURES, draw
from experiments.figures.style import FAINT, PALETTE
from tests.figures.uncertainty_examples import best, over_draws


def drawn(name: str, frame: object) -> Axes:
    return FIGURES[name](frame, Figure().subplots())


def marks(ax: Axes, gid: str) -> list[list[float]]:
    (inner,) = ax.child_axes
    return [np.asarray(line.get_xdata(), float).tolist() for line in inner.lines if line.get_gid() == gid]


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_bars_hold_nine_draws_in_ten_and_half_of_them_and_the_tick_is_the_median() -> None:
    ax = drawn("conclusions", over_draws())
    assert [-36.0, -9.0] in marks(ax, "draws")
    assert [-25.0, -14.0] in marks(ax, "half")
    assert [-19.0] in marks(ax, "median")
    assert [-23.0] in marks(ax, "default")
    assert [-30.0, -15.0] in marks(ax, "worlds")
    assert len(marks(ax, "draws")) == 5  # one of six has no range


def test_only_a_sign_that_holds_or_is_likely_bears_a_colour() -> None:
    (inner,) = drawn("conclusions", over_draws()).child_axes
    halves = {
        tuple(np.asarray(line.get_xdata(), float)): to_hex(str(line.get_color()))
        for line in inner.lines
        if line.get_gid() == "half"
    }
    assert halves[-25.0, -14.0] == PALETTE[0].lower()
    assert halves[-5.0, -1.0] == PALETTE[5].lower()
    assert halves[-0.5, 0.9] == FAINT
    assert halves[-9.0, -7.0] == FAINT


def test_what_lies_beyond_the_axis_is_an_arrow_and_its_numbers_stand_beside_it() -> None:
    ax = drawn("conclusions", over_draws())
    (inner,) = ax.child_axes
    assert inner.get_xlim()[1] < 90
    assert sum(line.get_marker() == ">" for line in inner.lines) == 2
    assert {"+160", "+90 to +420", "100 %", "holds"} <= set(words(ax))


def test_rows_stand_under_their_condition_and_one_alone_has_no_heading() -> None:
    ax = drawn("conclusions", over_draws())
    assert [text for text in words(ax) if text in ("on paper", "adapted")] == ["on paper", "adapted"]
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "judge",
        "notice",
        "necessity",
        "sanction",
        "judge",
        "no treaty",
    ]
    frame = over_draws()
    alone = drawn("conclusions", frame[frame["condition"] == "on paper"])
    assert "on paper" not in words(alone)


def test_without_a_default_nothing_is_said_of_one() -> None:
    frame = over_draws().drop(columns=["default", "default_world_low", "default_world_high"])
    ax = drawn("conclusions", frame)
    assert marks(ax, "default") == []
    assert not any("default" in text for text in words(ax))
    assert any("default" in text for text in words(drawn("conclusions", over_draws())))


def test_the_ends_of_few_draws_are_called_the_smallest_and_the_largest() -> None:
    assert any("12 draws (smallest to largest)" in text for text in words(drawn("conclusions", over_draws().assign(draws=12))))
    assert any("200 draws (5 to 95 %)" in text for text in words(drawn("conclusions", over_draws())))


def test_cells_are_the_deeper_the_more_often_a_safeguard_is_best() -> None:
    ax = drawn("first_places", best())
    cells = [(patch.get_gid(), float(patch.get_alpha() or 0.0)) for patch in ax.patches if isinstance(patch, Rectangle)]
    assert len(cells) == 5
    assert max(cells, key=lambda cell: cell[1])[0] == "notice"
    assert {"62 %", "55 to 69 %; rank 1.8", "80 %"} <= set(words(ax))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["notice", "judge", "sanction"]


def test_nothing_to_show_is_said_and_a_missing_column_is_named() -> None:
    for name, frame in (("conclusions", over_draws()), ("first_places", best())):
        assert drawn(name, frame.iloc[:0]).texts[0].get_text() == "no events"
        with pytest.raises(ValueError, match="no column condition"):
            draw(name, frame.drop(columns="condition"))
