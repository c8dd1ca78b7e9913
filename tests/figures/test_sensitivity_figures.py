"""Bars, whiskers and marks of a sensitivity analysis stand at the numbers of its tables."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from experiments.figures import FIGURES
from experiments.figures.style import FAINT, PALE, PALETTE
from experiments.text import keyed
from tests.figures.sensitivity_examples import EXAMPLES, INPUTS, UNTOLD


def drawn(name: str, frame: pd.DataFrame | None = None, **given: object) -> Axes:
    ax = Figure().subplots()
    FIGURES[name](EXAMPLES[name]() if frame is None else frame, ax, **given)
    return ax


def bars(ax: Axes) -> list[Rectangle]:
    return [patch for patch in ax.patches if isinstance(patch, Rectangle) and patch.get_gid() is None]


def ends_of(ax: Axes, gid: str) -> list[tuple[float, float]]:
    lines = [line for line in ax.lines if line.get_gid() == gid]
    return sorted((float(np.asarray(line.get_xdata())[0]), float(np.asarray(line.get_xdata())[-1])) for line in lines)


def words(ax: Axes) -> str:
    return " ".join(text.get_text() for text in ax.texts)


def test_total_shares_stand_over_first_order_shares_the_largest_on_top() -> None:
    frame = EXAMPLES["sobol_bars"]()
    ax = drawn("sobol_bars")
    by_height = [bar.get_width() for bar in sorted(bars(ax), key=lambda bar: bar.get_y())]
    wanted = [share for value in sorted(INPUTS.values(), reverse=True) for share in (value, 0.8 * value)]
    assert by_height == pytest.approx(wanted)
    assert [label.get_text() for label in ax.get_yticklabels()] == [keyed(name) for name in INPUTS]
    colours = {to_hex(bar.get_facecolor()) for bar in bars(ax)}
    assert colours == {PALETTE[0].lower(), PALETTE[5].lower(), FAINT, PALE}  # told and not told, total and alone
    assert len(frame) == len(by_height)


@pytest.mark.parametrize("name", ["sobol_bars", "pawn_bars", "tornado"])
def test_each_bar_has_one_interval_of_draws_and_one_of_replicates(name: str) -> None:
    frame, ax = EXAMPLES[name](), drawn(name)
    for kind in ("draw_error", "error"):
        wanted = sorted(zip(frame[f"{kind}_low"], frame[f"{kind}_high"], strict=True))
        assert np.array(ends_of(ax, f"{kind}_interval")) == pytest.approx(np.array(wanted))


def test_an_interval_that_is_not_known_is_not_drawn() -> None:
    frame = EXAMPLES["tornado"]().assign(draw_error_low=np.nan, draw_error_high=np.nan)
    ax = drawn("tornado", frame)
    assert ends_of(ax, "draw_error_interval") == []
    assert len(ends_of(ax, "error_interval")) == len(INPUTS)
    assert "Thick line" not in words(ax)
    assert "as worlds and luck vary" in words(ax)


def test_replicate_noise_is_marked_where_there_is_some() -> None:
    assert ends_of(drawn("sobol_bars"), "floor") == [(0.04, 0.04)] * len(INPUTS)
    quiet = drawn("sobol_bars", EXAMPLES["sobol_bars"]().assign(floor=0.0))
    assert ends_of(quiet, "floor") == []
    assert "replicate noise" not in words(quiet)
    assert ends_of(drawn("pawn_bars"), "floor") == [(0.08, 0.08)]


def test_shares_too_uncertain_for_the_axis_end_at_its_edge_and_say_so() -> None:
    wild = EXAMPLES["sobol_bars"]().assign(draw_error_low=-4.0, draw_error_high=5.0)
    ax = drawn("sobol_bars", wild)
    assert ax.get_xlim()[0] > -0.5
    assert ax.get_xlim()[1] < 1.5
    assert "longer" in words(ax)
    assert "longer" not in words(drawn("sobol_bars"))


def test_the_tornado_says_from_what_to_what_and_sorts_by_size_whatever_the_sign() -> None:
    ax = drawn("tornado", unit="days", bar="from here to there")
    sizes = [abs(bar.get_width()) for bar in sorted(bars(ax), key=lambda bar: bar.get_y())]
    assert sizes == sorted(sizes, reverse=True)
    assert {label.get_text().split("\n")[1] for label in ax.get_yticklabels()} == {"0.001 → some"}
    assert ax.get_xlabel().endswith("days")
    assert "from here to there" in words(ax)
    assert "+0.530" in words(ax)
    assert "−0.240" in words(ax)


@pytest.mark.parametrize("name", ["sobol_bars", "pawn_bars", "tornado"])
def test_only_the_largest_are_shown_and_the_others_are_counted(name: str) -> None:
    ax = drawn(name, largest=3)
    assert len(ax.get_yticklabels()) == 3
    assert "The 3 largest of 8 inputs." in words(ax)


def test_marks_of_morris_stand_at_size_and_spread_and_point_where_the_outcome_goes() -> None:
    ax = drawn("morris_plane")
    marks = [line for line in ax.lines if line.get_marker() in ("o", "^", "v")]
    at = {(round(float(np.asarray(m.get_xdata())[0]), 6), round(float(np.asarray(m.get_ydata())[0]), 6)): m for m in marks}
    for place, (name, value) in enumerate(INPUTS.items()):
        mark: Line2D = at[round(abs(value), 6), round(0.05 + 0.4 * abs(value), 6)]
        untold = name in UNTOLD
        assert mark.get_marker() == ("o" if untold else "^" if place % 2 == 0 else "v")
        assert (mark.get_color() == "white") == untold
    assert {keyed(name) for name in INPUTS} <= set("\n".join(text.get_text() for text in ax.texts).split("\n"))
    noise = next(patch for patch in ax.patches if patch.get_gid() == "floor")
    assert isinstance(noise, Rectangle)
    assert (noise.get_width(), noise.get_height()) == (0.04, 0.05)


def test_without_noise_or_numbers_the_plane_of_morris_still_stands() -> None:
    frame = EXAMPLES["morris_plane"]()
    numbers = [name for name in frame.columns if name not in ("factor", "index", "told")]
    still = frame.assign(**dict.fromkeys(numbers, 0.0), told=False)
    ax = drawn("morris_plane", still)
    assert not any(patch.get_gid() == "floor" for patch in ax.patches)
    assert ax.get_xlim()[1] > 0
