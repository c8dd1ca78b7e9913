"""The heat map carries the numbers of its frame: changes, their range over worlds, and today's cell."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.figures.heat_map import heat_map
from tests.figures.heat_map_examples import changes


def panels(frame: pd.DataFrame, **given: object) -> list[Axes]:
    figure = Figure()
    heat_map(frame, figure.subplots(), **given)  # type: ignore[arg-type]
    return list(figure.axes[0].child_axes)


def words(panel: Axes) -> list[str]:
    return [text.get_text() for text in panel.texts]


def faces(panel: Axes) -> list[tuple[float, ...]]:
    return [to_rgb(patch.get_facecolor()) for patch in panel.patches if patch.get_gid() == "cell"]


def test_each_cell_says_its_change_its_range_and_in_how_many_worlds() -> None:
    first, second = panels(changes())
    assert first.get_title(loc="left") == "journalists"
    assert second.get_title(loc="left") == "dissidents"
    said = words(first)
    assert "−17" in said, "none serious, none used: -10 - 7"
    assert "(−23 to −8)" in said
    assert "9 of 10" in said
    assert said.count("today") == 1
    assert len(faces(first)) == 9


def test_less_is_blue_more_is_orange_and_today_is_white_and_framed() -> None:
    frame = changes()
    (first, _) = panels(frame)
    own = frame[frame["panel"] == "journalists"].reset_index(drop=True)
    for row, (red, _, blue) in zip(own.to_dict("records"), faces(first), strict=True):
        if row["today"]:
            assert (red, blue) == (1.0, 1.0)
        elif row["value"] != 0:
            assert (blue > red) == (row["value"] < 0), row
    frames = [patch for patch in first.patches if isinstance(patch, Rectangle) and patch.get_gid() == "today"]
    assert len(frames) == 1


def test_a_cell_of_few_events_bears_no_number_and_no_colour() -> None:
    frame = changes()
    frame.loc[1, "events"] = 3
    first = panels(frame, fewest=10)[0]
    assert "<10" in words(first)
    red, green, blue = faces(first)[1]
    assert red == green == blue


def test_the_range_is_left_out_where_one_world_has_none() -> None:
    frame = changes().assign(low=np.nan, high=np.nan, worlds=1)
    assert not [text for text in words(panels(frame)[0]) if " to " in text or " of " in text]


def test_nothing_to_show_says_so_and_a_missing_column_is_named() -> None:
    ax = Figure().subplots()
    heat_map(changes().assign(value=np.nan), ax)
    assert [text.get_text() for text in ax.texts] == ["no events"]
    with pytest.raises(ValueError, match="agreeing"):
        heat_map(changes().drop(columns="agreeing"), ax)
