"""The artists carry the numbers of the frame: positions, widths, colours, words."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle

from experiments.figures import FIGURES
from experiments.figures.style import THIN, apart
from experiments.figures.tile_map import tiles
from tests.figures.examples import EXAMPLES, GIVEN, PLACES, asked, differences, pairs, queues, rates, stages, world


def drawn(name: str, frame: pd.DataFrame | None = None, **given: object) -> Axes:
    ax = Figure().subplots()
    out = FIGURES[name](EXAMPLES[name]() if frame is None else frame, ax, **given)
    assert out is ax
    return ax


def words(ax: Axes) -> list[str]:
    return [text.get_text().replace(THIN, " ") for text in ax.texts]


def dots(ax: Axes, filled: bool = True) -> list[float]:
    found = [line for line in ax.lines if line.get_marker() == "o"]
    return [float(np.asarray(line.get_xdata())[0]) for line in found if (line.get_markerfacecolor() != "white") == filled]


def tile_of(ax: Axes, code: str) -> Rectangle:
    return next(patch for patch in ax.patches if isinstance(patch, Rectangle) and patch.get_gid() == code)


def test_dots_and_intervals_stand_at_the_rates() -> None:
    frame = rates()
    kept = frame[frame["events"] >= 10]
    ax = drawn("targeted_rate")
    assert sorted(dots(ax)) == sorted(kept["mean"])
    spans = [tuple(np.asarray(line.get_xdata())) for line in ax.lines if line.get_linewidth() == 2.2]
    assert sorted(spans) == sorted(zip(kept["low"], kept["high"], strict=True))
    assert ax.get_xlim()[0] == 0


def test_a_rate_on_fewer_than_ten_events_is_an_open_marker_and_no_number() -> None:
    frame = rates().assign(mean=77.7, low=66.6, high=88.8)
    few = frame["events"] < 10
    ax = drawn("targeted_rate", frame[few])
    assert dots(ax) == []
    assert dots(ax, filled=False) == [0.0] * int(few.sum())
    assert words(ax).count("<10 events") == few.sum()
    assert not any("77" in text or "66" in text or "88" in text for text in words(ax))


def test_scenarios_stand_side_by_side_within_their_group() -> None:
    heights = [float(np.asarray(line.get_ydata())[0]) for line in drawn("targeted_rate").lines if line.get_marker() == "o"]
    assert sorted(round(y) for y in heights) == [0, 0, 1, 1, 2, 2]
    assert len(set(heights)) == len(heights)


def test_bands_are_as_wide_as_the_disclosures_are_many() -> None:
    frame = pd.DataFrame({"requester": ["A", "B"], "requested": ["X", "X"], "disclosures": [30, 10], "runs": 3})
    bands = [patch for patch in drawn("flows", frame).patches if isinstance(patch, PathPatch)]
    widths = {}
    for band in bands:
        corners = np.asarray(band.get_path().vertices)
        widths[band.get_gid()] = corners[7, 1] - corners[0, 1]
        assert corners[4, 1] - corners[3, 1] == pytest.approx(widths[band.get_gid()])
    assert widths["A>X"] == pytest.approx(3 * widths["B>X"])


def test_every_disclosure_flows_and_the_requested_side_is_complete() -> None:
    frame = pairs()
    ax = drawn("flows", largest=5)
    shown = {text.split("  ")[0]: text.split("  ")[1] for text in words(ax) if "  " in text}
    largest = frame.nlargest(5, "disclosures")["requested"].unique()
    for state in largest:
        assert int(shown[state].replace(" ", "")) == frame.loc[frame["requested"] == state, "disclosures"].sum()
    total = frame["disclosures"].sum()
    right = [int(shown[name].replace(" ", "")) for name in [*largest, "other states"] if name in shown]
    assert sum(right) == total
    assert any(f"of {total:,} disclosures".replace(",", " ") in text and "3 runs" in text for text in words(ax))


def test_a_flow_of_fewer_than_ten_bears_no_number() -> None:
    frame = pd.DataFrame({"requester": ["A", "B"], "requested": ["X", "Y"], "disclosures": [30, 7], "runs": 3})
    assert {"B  <10", "Y  <10"} <= set(words(drawn("flows", frame)))


def test_the_pieces_of_a_bar_are_the_shares_of_its_cases_and_fill_it() -> None:
    ax = drawn("fates")
    bars = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    for y in sorted({round(bar.get_y(), 6) for bar in bars}):
        assert sum(bar.get_width() for bar in bars if round(bar.get_y(), 6) == y) == pytest.approx(100)
    first = [bar.get_width() for bar in bars if bar.get_y() == min(bar.get_y() for bar in bars) and bar.get_width()]
    assert first == pytest.approx([12.5, 40.5, 20.0, 18.0, 1.5, 7.5])
    assert {"n = 1 000", "n = 3 000", "40 %"} <= set(words(ax))
    assert "2 %" not in words(ax)


def test_abusive_cases_come_before_legitimate_ones_and_stages_in_the_order_of_a_case() -> None:
    ax = drawn("fates")
    assert [label.get_text().split("\n")[0] for label in ax.get_yticklabels()] == ["abusive"] * 2 + ["legitimate"] * 2
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        *("domestic", "deterred", "refused at the gates", "refused at the desk"),
        *("lapsed", "parked", "executed without data", "disclosed"),
    ]


def test_a_piece_of_fewer_than_ten_cases_bears_no_share() -> None:
    frame = stages().assign(cases=lambda f: f["cases"].clip(upper=9))
    assert not any("%" in text for text in words(drawn("fates", frame)) if "n = " not in text and "bar" not in text)


def test_lines_carry_the_backlog_of_every_quantity_and_scenario() -> None:
    frame = queues()
    ax = drawn("backlog", **GIVEN["backlog"])
    lines = {str(line.get_label()): line for line in ax.lines if "," in str(line.get_label())}
    assert len(lines) == 10
    for label, line in lines.items():
        quantity, scenario = label.split(", ")
        wanted = frame.loc[(frame["quantity"] == quantity) & (frame["scenario"] == scenario), "months"]
        assert list(np.asarray(line.get_ydata())) == list(wanted)
    assert ax.get_ylim()[0] == 0


def test_run_in_window_and_run_out_are_marked() -> None:
    ax = drawn("backlog", **GIVEN["backlog"])
    assert {"run-in, not counted", "window", "run-out, not counted"} <= set(words(ax))
    assert not any("run-in" in text for text in words(drawn("backlog")))


def test_lines_that_coincide_are_named() -> None:
    assert any("coincide for: median authority, United States." in text for text in words(drawn("backlog", **GIVEN["backlog"])))


def test_every_state_has_one_tile_and_no_two_share_one() -> None:
    cells = tiles(tuple(PLACES["code"]), tuple(PLACES["lon"]), tuple(PLACES["lat"]))
    assert len(cells) == len(set(cells.values())) == len(PLACES)
    assert min(x for x, _ in cells.values()) == min(y for _, y in cells.values()) == 0


def test_the_tiles_keep_the_continents_in_place() -> None:
    cells = tiles(tuple(PLACES["code"]), tuple(PLACES["lon"]), tuple(PLACES["lat"]))
    for west, east in itertools.pairwise(["USA", "PRT", "POL", "UKR", "KAZ", "CHN", "JPN", "FJI"]):
        assert cells[west][0] < cells[east][0], (west, east)
    for north, south in itertools.pairwise(["NOR", "CZE", "ITA", "NER", "NGA", "AGO", "ZAF"]):
        assert cells[north][1] < cells[south][1], (north, south)
    columns = np.array([cells[code][0] for code in PLACES["code"]])
    rows = np.array([cells[code][1] for code in PLACES["code"]])
    lon = PLACES["lon"].where(PLACES["lon"] > -130, PLACES["lon"] + 360)
    assert np.corrcoef(columns, lon)[0, 1] > 0.97
    assert np.corrcoef(rows, -PLACES["lat"])[0, 1] > 0.95


def test_a_tile_does_not_depend_on_the_order_of_rows() -> None:
    one, two = drawn("tile_map"), drawn("tile_map", world().iloc[::-1])
    for code in ("USA", "FRA", "TON"):
        assert tile_of(one, code).get_xy() == tile_of(two, code).get_xy()


def test_states_on_one_spot_still_get_tiles_of_their_own() -> None:
    cells = tiles(("AAA", "BBB", "CCC"), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    assert len(set(cells.values())) == 3


def test_a_tile_on_fewer_than_ten_events_is_hatched_and_has_no_colour() -> None:
    frame = world()
    ax = drawn("tile_map", frame)
    for row in frame.itertuples():
        tile = tile_of(ax, str(row.code))
        assert bool(tile.get_hatch()) == (row.events < 10)
    assert set(frame["code"]) <= set(words(ax))
    assert any("<10 events" in text for text in words(ax))


def test_a_higher_rate_is_a_darker_tile() -> None:
    frame = world().query("events >= 10").sort_values("value").drop_duplicates("value")
    ax = drawn("tile_map", frame)
    light = [float(np.dot([0.2126, 0.7152, 0.0722], tile_of(ax, str(code)).get_facecolor()[:3])) for code in frame["code"]]
    assert light == sorted(light, reverse=True)


def test_a_forest_stands_at_the_differences_around_a_line_at_zero() -> None:
    ax = drawn("headline")
    assert sorted(dots(ax) + dots(ax, filled=False)) == [-38.2, -5.94, 12.0, *[60.0] * 5]
    assert any(isinstance(line, Line2D) and set(np.asarray(line.get_xdata())) == {0} for line in ax.lines)
    assert "−38.2 %  (−51.0 to −25.0)" in words(ax)


def test_an_interval_that_holds_zero_is_open() -> None:
    assert dots(drawn("headline"), filled=False) == [-5.94]


def test_a_difference_on_fewer_than_ten_events_is_no_number() -> None:
    ax = drawn("headline")
    assert words(ax).count("<10 events") == 1
    assert not any("77" in text for text in words(ax))


def test_a_difference_in_its_own_unit_is_divided_by_its_baseline() -> None:
    frame = differences().assign(baseline=200.0)
    assert sorted(dots(drawn("headline", frame)) + dots(drawn("headline", frame), filled=False)) == pytest.approx(
        [-19.1, -2.97, 6.0, *[30.0] * 5]
    )


def test_the_largest_requested_states_have_bars_and_the_others_are_one() -> None:
    ax = drawn("requested_side", largest=3, **GIVEN["requested_side"])
    named = [label.get_text() for label in ax.get_yticklabels()]
    assert named == ["United States *", "Ireland", "China", "all others"] * 3
    widths = [patch.get_width() for patch in ax.patches if isinstance(patch, Rectangle)]
    frame = EXAMPLES["requested_side"]()
    assert max(widths) == pytest.approx(100 * frame["share"].max())
    assert sum(widths) == pytest.approx(600, abs=0.2)
    assert ax.get_xlim()[0] == 0


def test_a_state_with_fewer_than_ten_requests_bears_no_share() -> None:
    ax = drawn("requested_side", largest=20)
    assert "<10" in words(ax)
    assert len([patch for patch in ax.patches if isinstance(patch, Rectangle)]) == (asked()["requests"] >= 10).sum()


def test_a_scenario_has_the_same_colour_whatever_the_order_of_rows() -> None:
    def colours(frame: pd.DataFrame) -> set[tuple[float, object]]:
        lines = drawn("targeted_rate", frame).lines
        return {(float(np.asarray(line.get_xdata())[0]), line.get_color()) for line in lines if line.get_marker() == "o"}

    assert colours(rates()) == colours(rates().iloc[::-1])


def test_labels_move_apart_no_more_than_they_must() -> None:
    assert apart([3.0, 1.0, 1.1], 1.0).tolist() == pytest.approx([3.0, 0.55, 1.55])
    assert apart([], 1.0).size == 0
