"""Waterfall, interactions and front carry the numbers of their frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.figures import FIGURES
from experiments.figures.style import BETTER, MUTED, WORSE
from experiments.text import signed
from tests.figures.attribution_examples import LEVERS, pairs_of_levers, policies, waterfall


def drawn(name: str, frame: pd.DataFrame, **given: object) -> Axes:
    return FIGURES[name](frame, Figure(figsize=(12, 8)).subplots(), **given)


def panels(ax: Axes) -> list[Axes]:
    return [child for child in ax.child_axes if isinstance(child, Axes)]


def bars(panel: Axes, gid: str) -> list[Rectangle]:
    return [patch for patch in panel.patches if isinstance(patch, Rectangle) and patch.get_gid() == gid]


# --- waterfall --------------------------------------------------------------------------------------------------------------


def test_bars_of_a_waterfall_follow_each_other_from_all_off_to_all_on() -> None:
    frame = waterfall()
    for panel, (_, of_it) in zip(panels(drawn("shapley_waterfall", frame)), frame.groupby("outcome", sort=False), strict=True):
        steps, (whole,) = bars(panel, "lever"), bars(panel, "all on")
        ends = np.cumsum([bar.get_width() for bar in steps])
        assert steps[0].get_x() == pytest.approx(0)
        assert [bar.get_x() for bar in steps[1:]] == pytest.approx(list(ends[:-1]))
        sign = 100 if of_it["outcome"].iloc[0] == "legit_met_rate" else -100  # what is better up rises by a positive value
        assert ends[-1] == pytest.approx(whole.get_width()) == pytest.approx(sign * (of_it["value"] / of_it["all_off"]).sum())


def test_rows_of_both_outcomes_stand_in_the_order_of_the_first() -> None:
    frame = waterfall()
    ax = drawn("shapley_waterfall", frame)
    main = frame[frame["outcome"] == "case_disclosure_rate"].sort_values("value", ascending=False)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["all off", *(name.replace("_", " ") for name in main["lever"]), "all on"]
    other = frame[frame["outcome"] == "legit_met_rate"].set_index("lever").loc[main["lever"]]
    widths = [bar.get_width() for bar in bars(panels(ax)[1], "lever")]
    assert widths == pytest.approx(list(100 * other["value"] / other["all_off"]))


def test_what_protects_is_blue_and_what_costs_is_orange_though_both_fall() -> None:
    left, right = panels(drawn("shapley_waterfall", waterfall()))
    assert {bar.get_facecolor()[:3] for bar in bars(left, "lever")} == {tuple(_rgb(BETTER))}
    assert bars(right, "lever")[2].get_facecolor()[:3] == tuple(_rgb(WORSE))


def _rgb(colour: str) -> list[float]:
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def test_intervals_and_diamonds_stand_where_the_frame_says() -> None:
    frame = waterfall()
    left, _ = panels(drawn("shapley_waterfall", frame))
    row = frame[frame["outcome"] == "case_disclosure_rate"].iloc[0]  # the first bar begins at nothing
    diamonds = [line for line in left.lines if line.get_marker() == "D"]
    assert float(np.asarray(diamonds[0].get_xdata())[0]) == pytest.approx(-100 * row["first_in"] / row["all_off"])
    spans = [tuple(np.asarray(line.get_xdata())) for line in left.lines if tuple(np.asarray(line.get_ydata())) == (1, 1)]
    assert spans[0] == pytest.approx([-100 * row[f"value_world_{end}"] / row["all_off"] for end in ("high", "low")])


def test_without_intervals_or_effects_alone_there_are_neither_lines_nor_diamonds() -> None:
    frame = waterfall().assign(value_world_low=np.nan, value_world_high=np.nan, first_in=np.nan)
    left, _ = panels(drawn("shapley_waterfall", frame))
    assert not [line for line in left.lines if line.get_marker() == "D"]
    assert not [line for line in left.lines if tuple(np.asarray(line.get_ydata())) == (1, 1)]


# --- interactions -----------------------------------------------------------------------------------------------------------


def test_every_pair_has_a_cell_with_its_number() -> None:
    frame = pairs_of_levers()
    ax = drawn("interactions", frame, order=LEVERS)
    cells = [patch for patch in ax.patches if patch.get_gid() == "cell"]
    assert len(cells) == len(frame) == 28
    row = frame[(frame["lever"] == "harm_and") & (frame["other"] == "judge")].iloc[0]
    (x, y) = LEVERS.index("harm_and"), LEVERS.index("judge") - 1
    words = [text.get_text() for text in ax.texts if round(text.get_position()[0]) == x and round(text.get_position()[1]) == y]
    assert words[0] == f"{100 * row['value'] / row['all_off']:+.1f}".replace("-", "−")
    assert (
        words[1] == f"{signed(100 * row['world_low'] / row['all_off'], 1)} to {signed(100 * row['world_high'] / row['all_off'], 1)}"
    )


def test_only_what_is_clear_of_zero_has_a_colour() -> None:
    frame = pairs_of_levers()
    ax = drawn("interactions", frame)
    faces = [patch.get_facecolor()[:3] for patch in ax.patches if patch.get_gid() == "cell"]
    assert [face == (1.0, 1.0, 1.0) for face in faces] == [not clear for clear in frame["clear"]]
    grey = [text for text in ax.texts if text.get_color() == MUTED and " to " not in text.get_text()]
    assert sum(text.get_gid() != "note" for text in grey) == (~frame["clear"]).sum()


def test_overlap_and_support_have_different_colours() -> None:
    frame = pairs_of_levers().assign(clear=True)
    faces = [patch.get_facecolor()[:3] for patch in drawn("interactions", frame).patches if patch.get_gid() == "cell"]
    less = [face for face, value in zip(faces, frame["value"], strict=True) if value < 0]
    more = [face for face, value in zip(faces, frame["value"], strict=True) if value > 0]
    assert all(red > green for red, green, _ in less)
    assert all(green > red for red, green, _ in more)


def test_a_map_of_what_is_to_rise_says_add_and_one_that_gets_worse_calls_a_positive_pair_an_overlap() -> None:
    frame = pairs_of_levers().assign(clear=True)
    plain, turned = drawn("interactions", frame), drawn("interactions", frame, rises=True, worse=True)
    said = [text.get_text() for text in turned.texts if text.get_gid() == "note"]
    assert "what two safeguards add together beyond what each adds without the other" in " ".join(said).replace("\n", " ")
    cells = [[patch for patch in ax.patches if patch.get_gid() == "cell"] for ax in (plain, turned)]
    for before, after, value in zip(*cells, frame["value"], strict=True):
        red, green, _ = after.get_facecolor()[:3]
        assert (red > green) == (value > 0)
        assert before.get_facecolor() != after.get_facecolor()


# --- the front --------------------------------------------------------------------------------------------------------------


def test_the_cloud_holds_every_policy_and_the_stair_the_front() -> None:
    frame = policies()
    (plane,) = panels(drawn("pareto", frame))
    (cloud,) = [line for line in plane.lines if line.get_gid() == "cloud"]
    assert np.allclose(np.stack(cloud.get_data(), axis=1), frame[["lost", "protection"]])
    (stair,) = [line for line in plane.lines if line.get_gid() == "frontier"]
    best = frame[frame["on_frontier"]].sort_values("lost")
    assert np.allclose(np.asarray(stair.get_xdata())[:-1], best["lost"])
    assert np.allclose(np.asarray(stair.get_ydata())[:-1], best["protection"])


def rows(ax: Axes) -> list[list[str]]:
    """Words beside the cloud, a list a row, from left to right."""
    lines: dict[float, list[tuple[float, str]]] = {}
    for text in ax.texts:
        x, y = text.get_position()
        if x > 0.45 and text.get_va() == "center" and text.get_text():
            lines.setdefault(round(y, 4), []).append((x, text.get_text()))
    return [[words for _, words in sorted(lines[y])] for y in sorted(lines, reverse=True)]


def test_beside_it_stand_those_that_are_marked_or_on_the_front_the_strongest_on_top() -> None:
    frame = policies()
    ax = drawn("pareto", frame, baseline="as_adopted", order=LEVERS, most=20)
    wanted = frame[frame["on_frontier"] | (frame["bundle"] != "")]
    listed = rows(ax)
    assert [row[0] for row in listed] == [str(number) for number in range(1, len(wanted) + 1)]
    assert [row[1] for row in listed] == [f"+{value:.0f}" if value else "0" for value in sorted(wanted["protection"], reverse=True)]
    names = [row[4] for row in listed if len(row) > 4]
    assert sorted(names) == ["all", "cheapest", "knee", "minimal bundle"]


def test_dots_tell_what_is_on() -> None:
    frame = policies()
    ax = drawn("pareto", frame, baseline="as_adopted", order=LEVERS, most=20)
    wanted = frame[frame["on_frontier"] | (frame["bundle"] != "")].sort_values("protection", ascending=False)
    held = [len(np.asarray(line.get_xdata())) for line in ax.lines if line.get_gid() == "on"]
    assert held == [0 if label == "as_adopted" else len(label.split("+")) for label in wanted["label"]]


def test_of_a_long_front_the_named_and_the_ends_and_the_surest_bear_a_number() -> None:
    frame = policies()
    ax = drawn("pareto", frame, baseline="as_adopted", most=7)
    named = frame[frame["knee"] | frame["cheapest"] | (frame["bundle"] != "")]
    front = frame[frame["on_frontier"]].sort_values("lost")
    kept = {*named.index, front.index[0], front.index[-1]}
    assert len(rows(ax)) == max(7, len(kept))
    left = len(front) - sum(index in kept for index in front.index) - max(7 - len(kept), 0)
    assert any(f"{left} more on the front without a number." in text.get_text() for text in ax.texts)


def test_scenarios_stand_beside_it_by_name() -> None:
    frame = policies().iloc[:4].assign(label=["as_adopted", "judge", "notice", "minimal_bundle"], on_frontier=True)
    frame = frame.assign(bundle=["", "", "", "minimal_bundle"], knee=[False, True, False, False], cheapest=False)
    ax = drawn("pareto", frame, baseline="as_adopted")
    assert sorted(row[4] for row in rows(ax)) == ["as adopted", "judge, knee", "minimal bundle", "notice"]


def test_an_interval_of_any_length_leaves_the_cloud_in_sight() -> None:
    frame = policies().assign(lost_world_low=-1e3, lost_world_high=1e3)
    (plane,) = panels(drawn("pareto", frame))
    span = frame["lost"].max() - min(frame["lost"].min(), 0)
    left, right = plane.get_xlim()
    assert right - left < 3 * span
