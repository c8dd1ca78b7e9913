"""The artists carry the numbers of the frame: positions, widths, colours, words."""

import itertools
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle

from experiments.design.scenarios import KINDS
from experiments.figures import FIGURES, draw, in_few_colours, save
from experiments.figures.plane import zooms
from experiments.figures.style import BASE, BETTER, MUTED, WORSE, spaced_apart
from experiments.figures.tile_map import tiles
from experiments.text import THIN
from sim.world.vocabulary import CHANNELS
from tests.figures.examples import (
    ENDS,
    EXAMPLES,
    GIVEN,
    PLACES,
    SETTINGS,
    asked,
    compared,
    cut,
    differences,
    on_paper_and_after,
    pairs,
    queues,
    rates,
    stages,
    weighed,
    world,
)


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
    assert [label.get_text().split("\n")[0] for label in ax.get_yticklabels()] == ["abusive cases"] * 2 + ["legitimate cases"] * 2
    legend = ax.get_legend()
    assert legend is not None
    told = [text.get_text() for text in legend.get_texts()]
    assert [words.partition(":")[0].partition(" (")[0] for words in told] == [
        *("evidence at home", "never sent", "refused", "no answer", "executed, but no data were left"),
        *("data handed over", "data handed over"),
    ]
    assert ["harm" in words for words in told[-2:]] == [True, False]


def test_colour_is_where_data_were_handed_over_and_says_whether_that_is_harm() -> None:
    """Everything else is grey, so that the figure says the same in grey and in colour."""
    ax, stage = drawn("fates"), len({"domestic", "deterred", "gates", "desk", "lapsed", "parked", "empty", "disclosed"})
    bars = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    rows = sorted({round(bar.get_y(), 6) for bar in bars})
    for y, colour in zip(rows, (WORSE, WORSE, BETTER, BETTER), strict=True):
        row = [to_hex(bar.get_facecolor()) for bar in bars if round(bar.get_y(), 6) == y]
        assert len(row) == stage
        assert row[-1] == colour.lower()
        assert all(red == green == blue for red, green, blue in (to_rgb(one) for one in row[:-1]))


def test_an_end_is_told_once_over_all_its_stages() -> None:
    ends = ["refused at the gates", "refused at the desk", "disclosed"]
    frame = pd.DataFrame({"scenario": "s", "purpose": "abusive", "stage": ends, "cases": [30, 30, 40]})
    assert sorted(words(drawn("fates", frame))[:3]) == ["40 %", "60 %", "n = 100"]


def test_a_stage_that_is_not_known_has_its_own_name() -> None:
    frame = stages().assign(stage=lambda f: f["stage"].replace("deterred", "moved_away"))
    legend = drawn("fates", frame).get_legend()
    assert legend is not None
    assert "moved away" in [text.get_text() for text in legend.get_texts()]


def test_an_end_of_fewer_than_ten_cases_bears_no_share() -> None:
    frame = stages().assign(cases=lambda f: f["cases"].clip(upper=4))
    assert not any("%" in text for text in words(drawn("fates", frame)) if "n = " not in text and "bar" not in text)


def test_a_panel_carries_the_backlog_of_a_quantity_with_its_range_over_worlds() -> None:
    frame = queues()
    given = GIVEN["backlog"]
    ax = drawn("backlog", frame, **given)
    assert [inner.get_title(loc="left").split("\n")[0] for inner in panels(ax)] == [
        *("authority with a longer", "United States", "Ireland", "China"),
    ]
    for inner, quantity in zip(panels(ax), ("q90", "USA", "IRL", "CHN"), strict=True):
        lines = {str(line.get_label()): line for line in inner.lines}
        bands = {band.get_gid(): band.get_paths()[0].vertices[:, 1] for band in inner.collections}
        for scenario in ("as_adopted", "no_treaty"):
            own = frame[(frame["quantity"] == quantity) & (frame["scenario"] == scenario)]
            assert list(np.asarray(lines[f"{quantity}, {scenario}"].get_ydata())) == list(own["months"])
            assert bands[f"{quantity}, {scenario}"].min() == pytest.approx(own["low"].min())
            assert bands[f"{quantity}, {scenario}"].max() == pytest.approx(own["high"].max())
        assert inner.get_ylim()[0] == 0
        assert lines[f"{quantity}, no_treaty"].get_color() == BASE


def test_one_world_has_no_band_and_none_is_told() -> None:
    ax = drawn("backlog", queues().assign(low=np.nan, high=np.nan, worlds=1))
    assert not [band for inner in panels(ax) for band in inner.collections]
    assert not any("Band" in text for text in words(ax))


def test_run_in_and_run_out_are_shaded() -> None:
    def shaded(ax: Axes) -> set[object]:
        return {patch.get_gid() for inner in panels(ax) for patch in inner.patches if patch.get_gid()}

    assert shaded(drawn("backlog", **GIVEN["backlog"])) == {"run-in", "run-out"}
    assert shaded(drawn("backlog")) == set()


def test_what_never_waits_has_no_panel_and_is_told_why() -> None:
    text = " ".join(words(drawn("backlog", **GIVEN["backlog"])))
    assert "Never above zero, so not drawn: the median authority." in text
    assert "At least half of all authorities have no file waiting" in text


def test_lines_that_coincide_are_named() -> None:
    assert any("Lines coincide for: United States." in text for text in words(drawn("backlog", **GIVEN["backlog"])))


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


@pytest.mark.parametrize("name", ["tile_map", "change_map"])
def test_a_tile_on_fewer_than_ten_events_in_either_scenario_is_hatched_and_has_no_number(name: str) -> None:
    frame = EXAMPLES[name]().assign(value=77.0)
    ax = drawn(name, frame)
    for row in frame.itertuples():
        assert bool(tile_of(ax, str(row.code)).get_hatch()) == (min(row.events, row.events_baseline) < 10)
    assert set(frame["code"]) <= set(words(ax))
    assert sum("77" in text for text in words(ax)) == (frame[["events", "events_baseline"]].min(axis=1) >= 10).sum()
    assert any("<10 events" in text for text in words(ax))


def test_what_rises_from_few_events_is_an_arrow_and_no_number() -> None:
    frame = EXAMPLES["change_map"]()
    rises = (frame["events_baseline"] < 10) & (frame["events"] >= 10)
    assert rises.any()
    assert words(drawn("change_map", frame)).count("↑") == rises.sum()


def test_a_withheld_value_is_hatched_whatever_its_events() -> None:
    frame = EXAMPLES["change_map"]().assign(value=np.nan)
    assert all(tile_of(drawn("change_map", frame), str(code)).get_hatch() for code in frame["code"].head(20))


def test_a_higher_rate_is_a_darker_tile() -> None:
    frame = world().query("events >= 10 and events_baseline >= 10").sort_values("value").drop_duplicates("value")
    ax = drawn("tile_map", frame)
    light = [float(np.dot([0.2126, 0.7152, 0.0722], tile_of(ax, str(code)).get_facecolor()[:3])) for code in frame["code"]]
    assert light == sorted(light, reverse=True)


def test_more_is_orange_fewer_is_blue_and_none_is_white_and_each_bears_its_number() -> None:
    frame = PLACES.head(3).assign(clear=[True, False, False], value=[1.26, -0.8, 0.0], events_baseline=30, events=30)
    ax = drawn("change_map", frame)
    reds = [tile_of(ax, str(code)).get_facecolor()[0] - tile_of(ax, str(code)).get_facecolor()[2] for code in frame["code"]]
    assert np.sign(np.round(reds, 2)).tolist() == [1, -1, 0]
    numbers = {text.get_text(): text.get_fontweight() for text in ax.texts}
    assert [numbers[told] for told in ("+1.3", "−0.8", "0")] == ["bold", "normal", "normal"]


def test_a_forest_stands_at_the_differences_around_a_line_at_zero() -> None:
    ax = drawn("headline")
    assert sorted(dots(ax) + dots(ax, filled=False)) == [-38.2, -5.94, 12.0, *[60.0] * 5]
    assert any(isinstance(line, Line2D) and set(np.asarray(line.get_xdata())) == {0} for line in ax.lines)
    assert "−38.2 %  (−51.0 to −25.0)" in words(ax)


def test_a_range_that_holds_zero_is_open() -> None:
    assert dots(drawn("headline"), filled=False) == [-5.94]


def test_below_the_fewest_worlds_all_are_open_and_the_figure_says_why() -> None:
    for name in ("headline", "targeted_change"):
        ax = drawn(name, EXAMPLES[name]().assign(worlds=7, agreeing=7))
        assert dots(ax) == []
        assert any("too few for a verdict" in text for text in words(ax))


def test_a_change_is_told_with_its_range_its_worlds_and_its_events() -> None:
    told = words(drawn("headline"))
    assert "in 9 of 10 worlds; 1 261 events" in told
    (label,) = {drawn("headline", baseline="no treaty").get_xlabel()}
    assert label == "change against “no treaty”, % of its value"


def test_a_change_s_colour_is_harm_or_help_to_people_and_not_its_sign() -> None:
    rows = differences().set_index("metric").loc[["case_disclosure_rate", "targeted_rate journalist"]].reset_index()
    colours = [line.get_color() for line in drawn("headline", rows).lines if line.get_marker() == "o"]
    assert colours == [BETTER, WORSE]


def test_a_group_s_change_stands_beside_both_its_rates() -> None:
    ax = drawn("targeted_change", baseline="no treaty", scenario="as adopted")
    assert sorted(dots(ax)) == [-15.0, 25.0, 60.0]
    assert dots(ax, filled=False) == [5.0]
    told = words(ax)
    assert "+25.0 %  (+10.0 to +40.0)" in told
    assert "2.00 → 2.50 per 100 000; 300 → 300 events; in 10 of 10 worlds" in told
    assert told.count("<10 events") == 1
    assert not any("77" in text or "88" in text for text in told)


def test_a_range_far_beyond_the_others_ends_in_an_arrow_and_does_not_squash_them() -> None:
    ax = drawn("targeted_change")
    assert ax.get_xlim()[1] < 200
    assert [float(np.asarray(line.get_xdata())[0]) for line in ax.lines if line.get_marker() == ">"] == [ax.get_xlim()[1]]
    assert "+60.0 %  (+20.0 to +900)" in words(ax)


def test_a_difference_whose_interval_has_no_bounds_is_open_and_has_none_in_words() -> None:
    frame = differences().assign(**dict.fromkeys(ENDS, np.nan))
    ax = drawn("headline", frame)
    assert dots(ax) == []
    assert len(dots(ax, filled=False)) == (frame["events"] >= 10).sum()
    assert not [word for word in words(ax) if "nan" in word or " to " in word]


def test_a_difference_on_fewer_than_ten_events_is_no_number() -> None:
    ax = drawn("headline")
    assert words(ax).count("<10 events") == 1
    assert not any("77" in text for text in words(ax))


def test_the_largest_requested_states_have_bars_and_the_others_are_one() -> None:
    ax = drawn("requested_side", largest=3, **GIVEN["requested_side"])
    named = [label.get_text() for label in ax.get_yticklabels()]
    assert named == ["United States *", "Ireland", "China", "all others"] * 3
    headings = [text for text in words(ax) if text.startswith("who ")]
    assert [heading.split(" (")[0] for heading in headings] == [
        *("who receives abusive requests", "who hands over data of people at risk", "who receives legitimate requests"),
    ]
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
    assert spaced_apart([3.0, 1.0, 1.1], 1.0).tolist() == pytest.approx([3.0, 0.55, 1.55])
    assert spaced_apart([], 1.0).size == 0


def panels(ax: Axes) -> list[Axes]:
    return [child for child in ax.child_axes if isinstance(child, Axes)]


def whole(metric: str) -> pd.DataFrame:
    frame = compared()
    return frame[frame["metric"] == metric].set_index("arm")


def at(panel: Axes, marker: str) -> list[tuple[float, float]]:
    lines = [line for line in panel.lines if line.get_marker() == marker]
    return [(float(np.asarray(line.get_xdata())[0]), float(np.asarray(line.get_ydata())[0])) for line in lines]


def test_a_forest_of_scenarios_stands_at_their_changes_the_strongest_reduction_on_top() -> None:
    ax = drawn("forest")
    arms = [label.get_text().replace(" ", "_") for label in ax.get_yticklabels()]
    for panel, metric in zip(panels(ax), ("cross_border_disclosure_rate", "legit_met_rate"), strict=True):
        rows = whole(metric)
        for x, y in at(panel, "o"):
            assert x == rows.loc[arms[round(y)], "percent"]
    measured = [rows for rows in whole("cross_border_disclosure_rate").loc[arms, "percent"] if not np.isnan(rows)]
    assert measured == sorted(measured)
    assert arms[0] == "reform_bundle"


def test_a_giant_is_an_arrow_at_the_edge_with_its_number_and_does_not_squash_the_others() -> None:
    ax = drawn("forest")
    left, _ = panels(ax)
    assert left.get_xlim()[1] < 240
    assert [x for x, _ in at(left, ">")] == [left.get_xlim()[1]] * 2
    assert len(at(left, "o")) == len(whole("cross_border_disclosure_rate")["percent"].dropna()) - 2
    assert {"+640 (+585 to +695)", "+240 (+205 to +275)"} <= set(words(ax))
    assert any("Arrows point beyond the axis" in text for text in words(ax))


def test_scenarios_that_cannot_move_are_grey_last_and_without_a_dot() -> None:
    ax = drawn("forest")
    fixed = [label for label in ax.get_yticklabels() if label.get_color() == MUTED]
    assert [label.get_text() for label in fixed] == [label.get_text() for label in ax.get_yticklabels()][-4:]
    assert words(ax).count("cannot move") == 8
    rows = whole("cross_border_disclosure_rate")
    assert sorted(label.get_text().replace(" ", "_") for label in fixed) == sorted(rows.index[rows["constructed_zero"]])


def test_a_scenario_with_few_events_has_no_number_in_the_forest() -> None:
    frame = compared()
    frame.loc[frame["arm"] == "judge", "events"] = 9
    ax = drawn("forest", frame)
    judge = [label.get_text() for label in ax.get_yticklabels()].index("judge")
    assert "<10 events" in words(ax)
    assert not [y for panel in panels(ax) for _, y in at(panel, "o") if y == judge]


def test_blue_is_better_for_people_whatever_the_sign() -> None:
    ax = drawn("forest", compared()[lambda f: f["arm"].isin(["core_cyber", "capacity_volume"])].assign(chance_share=0.1))
    colours = [{line.get_color() for line in panel.lines if line.get_marker() == "o"} for panel in panels(ax)]
    first = [[line.get_color() for line in panel.lines if line.get_marker() == "o"] for panel in panels(ax)]
    assert colours == [{BETTER, WORSE}] * 2
    assert first == [[BETTER, WORSE], [WORSE, BETTER]]


KINDS_OF = {
    "judge": "safeguard",
    "core_cyber": "safeguard",
    "reform_bundle": "bundle",
    "forty": "membership",
    "adaptive": "control",
}


def test_a_forest_has_a_part_each_kind_and_what_is_no_policy_never_leads() -> None:
    frame = compared()[lambda f: f["arm"].isin(KINDS_OF)]
    frame.loc[frame["arm"] == "adaptive", "percent"] = -99.0  # the control moves most
    ax = drawn("forest", frame, kinds=KINDS_OF)
    arms = [label.get_text().replace(" ", "_") for label in ax.get_yticklabels()]
    order = list(dict.fromkeys(KINDS_OF[arm] for arm in arms))
    assert order == ["safeguard", "bundle", "membership", "control"]
    heads = [text for text in ax.texts if text.get_text() in {heading.capitalize() for heading in KINDS.values()}]
    assert [text.get_text() for text in heads] == [KINDS[kind].capitalize() for kind in order]
    spots = dict(zip(arms, ax.get_yticks(), strict=True))
    for text, kind in zip(heads, order, strict=True):
        below = [y for arm, y in spots.items() if KINDS_OF[arm] == kind]
        assert text.xy[1] == min(below) - 1
    dots_at = {y for _, y in at(panels(ax)[0], "o")}
    assert dots_at <= set(spots.values())


def test_arms_of_one_kind_need_no_heading() -> None:
    ax = drawn("forest", kinds=dict.fromkeys(compared()["arm"], "safeguard"))
    assert not {heading.capitalize() for heading in KINDS.values()} & set(words(ax))


def test_a_thin_line_is_the_range_over_worlds_and_a_thick_one_the_simulation_error() -> None:
    frame = compared()[lambda f: f["arm"] == "core_cyber"]
    row = frame[frame["metric"] == "cross_border_disclosure_rate"].iloc[0]
    lines = [line for line in panels(drawn("forest", frame))[0].lines if len(np.asarray(line.get_xdata())) == 2]
    drawn_lines = {line.get_linewidth(): tuple(map(float, np.asarray(line.get_xdata()))) for line in lines}
    thin, thick = (drawn_lines[size] for size in sorted(set(drawn_lines) - {1.0}))
    assert thin == (row["percent_world_low"], row["percent_world_high"])
    assert thick == (row["percent_error_low"], row["percent_error_high"])


@pytest.mark.parametrize("doubt", [{"chance_share": 0.8}, {"worlds": 7}, {"percent_world_high": 1.0}])
def test_what_is_mostly_chance_or_of_few_worlds_or_holds_zero_is_open_and_grey(doubt: dict[str, float]) -> None:
    frame = compared()[lambda f: f["arm"] == "core_cyber"].assign(chance_share=0.1)
    sure, unsure = (next(line for line in panels(drawn("forest", of))[0].lines if line.get_marker() == "o")
                    for of in (frame, frame.assign(**doubt)))  # fmt: skip
    assert (sure.get_color(), sure.get_markerfacecolor()) == (BETTER, BETTER)
    assert (unsure.get_color(), unsure.get_markerfacecolor()) == (MUTED, "white")


def years_of(panel: Axes, dashed: bool) -> list[float]:
    (line,) = [line for line in panel.lines if line.get_marker() == ("D" if dashed else "o")]
    return [float(y) for y in np.asarray(line.get_ydata())]


def test_adaptation_has_a_panel_each_for_the_strongest_on_paper_with_a_line_a_conduct() -> None:
    frame = on_paper_and_after()
    plain = frame[(frame["conduct"] == "adaptive") & frame["year"].isin(["1", "3", "10"])]
    frame = pd.concat([frame, plain.assign(conduct="naive", value=plain["value"] + 4.0)])
    ax = drawn("adaptation", frame)
    assert [panel.get_title(loc="left") for panel in panels(ax)] == ["core cyber", "reform bundle", "necessity"]
    for panel, name in zip(panels(ax), ("core_cyber", "reform_bundle", "necessity"), strict=True):
        wanted = plain[plain["scenario"] == name]["value"].tolist()
        assert years_of(panel, dashed=False) == wanted
        assert years_of(panel, dashed=True) == pytest.approx([value + 4.0 for value in wanted])
        assert "adaptation: −4.0 points" in words(panel)


def test_scenarios_that_prevent_less_have_no_panel_but_are_counted() -> None:
    ax = drawn("adaptation", largest=2)
    assert len(panels(ax)) == 2
    assert any("The 2 of 3 that prevent most on paper" in text for text in words(ax))


def test_a_value_of_adaptation_beyond_the_axis_is_an_arrow() -> None:
    frame = on_paper_and_after()
    frame.loc[(frame["scenario"] == "necessity") & (frame["year"] == "10"), ["value", "world_low", "world_high"]] = -900.0
    ax = drawn("adaptation", frame)
    assert [at(panel, "v") != [] for panel in panels(ax)] == [False, False, True]
    assert any("Arrow: beyond the axis." in text for text in words(ax))
    assert panels(ax)[0].get_ylim()[0] > -100


def test_without_single_years_adaptation_shows_the_whole_window() -> None:
    frame = on_paper_and_after()[lambda f: f["year"] == "all"]
    plain = frame[(frame["conduct"] == "naive") & (frame["measure"] == "protection")]
    ax = drawn("adaptation", pd.concat([frame, plain.assign(conduct="adaptive", value=1.0)]))
    assert [text.get_text() for text in panels(ax)[0].get_xticklabels()] == ["all years"]
    assert years_of(panels(ax)[0], dashed=False) == [1.0]


def test_an_expectation_is_marked_borne_out_contradicted_or_open() -> None:
    frame = compared()
    asked = frame[
        frame["expected"].isin(["up", "down", "same"]) & frame["metric"].isin(["cross_border_disclosure_rate", "legit_met_rate"])
    ]
    text = words(drawn("forest"))
    agreed = {True: "✓", False: "✗", None: "?"}
    fixed = asked["constructed_zero"].astype(bool)
    wanted = asked["agrees"].map(lambda told: agreed[told]).where(~fixed, "–").value_counts()
    marks = (*agreed.values(), "–")
    assert fixed.any(), "what cannot move bears nothing out"
    assert {mark: sum(t.endswith(f" {mark}") and len(t) == 3 for t in text) for mark in marks} == wanted.to_dict()


def test_marks_of_the_plane_stand_at_needs_lost_and_cases_saved_and_a_giant_is_an_arrow_with_its_numbers() -> None:
    frame = weighed()
    ax = drawn("plane", frame)
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    pairs = set(zip(frame["cooperation_lost_percent"], frame["protection_percent"], strict=True))
    inside = {(x, y) for x, y in pairs if left <= x <= right and low <= y <= high}
    assert set(at(ax, "o")) == inside
    assert pairs - inside == {(-61.0, -640.0)}
    ((x, y),) = at(ax, "v")
    assert left < x < left + 0.05 * (right - left)
    assert low < y < low + 0.05 * (high - low)
    assert any(text.startswith("universal (−640 %; −61 %)") for text in words(ax))
    assert any("Arrows: 1 of" in text for text in words(ax))


def test_a_bundle_is_a_square_and_what_the_worlds_do_not_tell_from_zero_is_hollow() -> None:
    frame = weighed()[lambda f: f["arm"].isin(["judge", "reform_bundle", "core_cyber"])].reset_index(drop=True)
    frame.loc[frame["arm"] == "judge", "protection_percent_world_low"] = -1.0
    ax = drawn("plane", frame, kinds={"judge": "safeguard", "core_cyber": "safeguard", "reform_bundle": "bundle"})
    rows = frame.set_index("arm")
    assert at(ax, "s") == [(rows.loc["reform_bundle", "cooperation_lost_percent"], rows.loc["reform_bundle", "protection_percent"])]
    faces = {float(np.asarray(line.get_ydata())[0]): line.get_markerfacecolor() for line in ax.lines if line.get_marker() == "o"}
    assert faces[rows.loc["judge", "protection_percent"]] == "white"
    assert faces[rows.loc["core_cyber", "protection_percent"]] == BETTER


@pytest.mark.parametrize("doubt", [{"chance_share": 0.8}, {"worlds": 7}])
def test_the_plane_and_the_slices_fill_nothing_that_the_forest_leaves_open(doubt: dict[str, float]) -> None:
    frame = weighed()[lambda f: f["arm"] == "core_cyber"].assign(**doubt)
    faces = [line.get_markerfacecolor() for line in drawn("plane", frame).lines if line.get_marker() == "o"]
    assert faces == ["white"]
    row = cut()[lambda f: (f["arm"] == "reform_bundle") & (f["level"] == "IRL")]
    assert to_hex(cell_of(drawn("slices", row.assign(**doubt)), 0, 0, ranged=True)[1].get_facecolor()) == "#ffffff"


def test_the_nearer_view_leaves_giants_out_and_says_how_many() -> None:
    ax = drawn("plane", near=True)
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert all(left <= x <= right and low <= y <= high for x, y in at(ax, "o"))
    outside = len(weighed()) - len(at(ax, "o"))
    assert outside > 0
    assert any(f"{outside} of {len(weighed())} scenarios lie outside" in text for text in words(ax))


def test_both_views_of_the_plane_name_every_scenario_between_them() -> None:
    named = {name for near in (False, True) for text in words(drawn("plane", near=near)) for name in text.split("\n")}
    named |= {name.partition(" (")[0] for name in named}  # of a giant the numbers stand behind its name
    at_rest = weighed()["arm"][(weighed()[["protection_percent", "cooperation_lost_percent"]] == 0).all(axis=1)]
    assert len(at_rest)
    assert {arm.replace("_", " ") for arm in set(weighed()["arm"]) - set(at_rest)} <= named
    told = f"On the baseline itself: {', '.join(sorted(arm.replace('_', ' ') for arm in at_rest))}."
    assert any(told in text for text in words(drawn("plane")))


def test_scenarios_that_cover_each_other_share_a_label() -> None:
    judge = weighed()[lambda f: f["arm"] == "judge"]
    frame = pd.concat([judge, judge.assign(arm="twin"), weighed()[lambda f: f["arm"] == "convention_only"]])
    named = set(words(drawn("plane", frame))) | set(words(drawn("plane", frame, near=True)))
    assert {"judge\ntwin", "convention only"} <= named


def test_what_changed_in_no_run_is_told_as_such_in_the_forest() -> None:
    frame = compared()
    numbers = ["percent", "percent_world_low", "percent_world_high"]
    frame.loc[frame["arm"] == "judge", numbers] = 0.0
    assert words(drawn("forest", frame)).count("0 in every run") == 2


def test_slices_come_in_the_order_of_the_model() -> None:
    frame = cut()[lambda f: f["by"] == "channel"].sort_values("level")
    assert [text for text in words(drawn("slices", frame)) if text in CHANNELS] == list(CHANNELS)


def test_without_giants_there_is_one_view_that_names_all() -> None:
    frame = weighed()[lambda f: f["protection_percent"].between(30, 55) & f["cooperation_lost_percent"].between(11, 22)]
    assert len(frame) > 3
    assert zooms(weighed())
    assert not zooms(frame)
    assert not zooms(frame.iloc[:0])
    assert {*(arm.replace("_", " ") for arm in frame["arm"]), "baseline"} <= set(words(drawn("plane", frame)))


def test_the_stair_goes_through_the_efficient_scenarios_and_never_up_without_cost() -> None:
    frame = weighed()
    (stair,) = [line for line in drawn("plane", frame).lines if line.get_gid() == "frontier"]
    corners = list(zip(np.asarray(stair.get_xdata()), np.asarray(stair.get_ydata()), strict=True))
    best = frame[frame["on_frontier"]]
    assert set(zip(best["cooperation_lost_percent"], best["protection_percent"], strict=True)) <= set(corners)
    assert corners == sorted(corners)


def test_the_baseline_is_on_offer_where_nothing_beats_it() -> None:
    frame = weighed()[lambda f: f["arm"].isin(["judge", "universal"])].assign(on_frontier=True)
    (stair,) = [line for line in drawn("plane", frame).lines if line.get_gid() == "frontier"]
    assert (0.0, 0.0) in zip(np.asarray(stair.get_xdata()), np.asarray(stair.get_ydata()), strict=True)


def cell_of(ax: Axes, column: int, row: int, ranged: bool = False) -> tuple[str, Rectangle]:
    """The first words of a cell, which are its number, and its ground."""
    patch = next(p for p in ax.patches if isinstance(p, Rectangle) and p.get_xy() == (column, row - 0.5))
    found = [t for t in ax.texts if t.get_position()[0] == column + 0.5 and abs(t.get_position()[1] - row) < 0.45]
    assert len(found) == 2 or not ranged
    return found[0].get_text(), patch


def test_a_cell_bears_the_change_of_its_slice_and_a_colour_only_where_the_interval_is_clear_of_zero() -> None:
    frame = cut()[lambda f: f["by"] == "requested"].reset_index(drop=True)
    ax = drawn("slices", frame)
    arms, levels = list(dict.fromkeys(frame["arm"])), list(dict.fromkeys(frame["level"]))
    for row in frame.itertuples():
        text, patch = cell_of(ax, levels.index(row.level), arms.index(row.arm))
        sure = row.world_low > 0 or row.world_high < 0
        if row.constructed_zero:
            assert text == "="
        elif min(row.events, row.events_baseline) < 10:
            assert text.endswith("<10")
        else:
            assert float(text.replace("−", "-").replace(THIN, "")) == pytest.approx(row.percent, abs=0.5)
        red, _, blue, _ = patch.get_facecolor()
        assert np.sign(red - blue) == (np.sign(row.percent) if sure else 0), (row.arm, row.level)


def test_a_slice_that_nearly_vanishes_is_told_from_one_that_was_never_there() -> None:
    frame = cut().iloc[:3].assign(events_baseline=[9, 30, 3], events=[3, 9, 30], percent=np.nan, level=["a", "b", "c"])
    ax = drawn("slices", frame)
    assert [cell_of(ax, place, 0)[0] for place in range(3)] == ["<10", "↓<10", "↑<10"]


def test_a_cell_has_its_range_below_and_no_ground_under_the_fewest_worlds() -> None:
    row = cut()[lambda f: (f["arm"] == "reform_bundle") & (f["level"] == "IRL")]
    told = [text for text in words(drawn("slices", row)) if " to " in text and "−" in text and "%" not in text]
    assert told == [f"{row['percent_world_low'].iloc[0]:.0f} to {row['percent_world_high'].iloc[0]:.0f}".replace("-", "−")]
    _, sure = cell_of(drawn("slices", row), 0, 0, ranged=True)
    _, few = cell_of(drawn("slices", row.assign(worlds=7)), 0, 0, ranged=True)
    assert to_hex(sure.get_facecolor()) != "#ffffff"
    assert to_hex(few.get_facecolor()) == "#ffffff"


def test_slices_say_how_many_cells_would_be_clear_by_chance_and_against_what() -> None:
    frame = pd.concat([cut()[lambda f: f["level"] == "IRL"].assign(level=str(place)) for place in range(8)])
    text = " ".join(words(drawn("slices", frame, baseline="the treaty as adopted")))
    cells = int(((frame["events"] >= 10) & ~frame["constructed_zero"] & frame["percent"].notna()).sum())
    assert f"{cells} cells are judged at once: about {cells * 2 / 2**8:.1f} of them" in text
    assert "Change against the treaty as adopted in %" in text
    assert "range over 8 worlds" in text


def test_only_the_largest_levels_of_a_slice_have_columns() -> None:
    ax = drawn("slices", cut()[lambda f: f["by"] == "requested"], largest=3)
    assert {"IRL", "USA", "SGP"} <= set(words(ax))
    assert "KEN" not in words(ax)
    assert any("At most 3 columns a slice" in text for text in words(ax))


def test_arms_of_slices_stand_in_the_order_given() -> None:
    arms = [label.get_text() for label in drawn("slices", order=("universal", "judge")).get_yticklabels()]
    assert arms == ["universal", "judge"]


@pytest.mark.slow
def test_a_picture_in_few_colours_is_smaller_and_looks_the_same(tmp_path: Path) -> None:
    path = save(draw("slices", cut(), settings=SETTINGS["slices"]), tmp_path / "a.png")
    small = in_few_colours(path)
    (tmp_path / "b.png").write_bytes(small)
    before, after = (matplotlib.image.imread(tmp_path / name)[:, :, :3] for name in ("a.png", "b.png"))
    assert len(small) < path.stat().st_size / 2
    assert np.abs(before - after).mean() < 0.01
    assert in_few_colours(path) == small
