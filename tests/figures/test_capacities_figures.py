"""Figures of arms that are read against several baselines; and cells, names and tiles whose words need room."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.analysis.frames import headline_frame
from experiments.design.capacities import OFFICERS
from experiments.figures import FIGURES
from experiments.figures.labels import AxesInPoints, length
from experiments.figures.slices import slices
from experiments.figures.style import name_lines
from experiments.figures.tile_map import UNTOLD
from experiments.report.replicates import _titled
from experiments.text import THIN
from tests.figures.examples import SETTINGS, changed_world, compared, cut, differences, weighed

PAIRS = (("judge", "reform_bundle"), ("universal", "core_cyber"))
SIDES = {arm: OFFICERS[side] for pair in PAIRS for arm, side in zip(pair, ("before", "follows"), strict=True)}


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def drawn(name: str, frame: pd.DataFrame, **given: object) -> Axes:
    return FIGURES[name](frame, Figure(figsize=(10.0, 8.0)).subplots(), **given)


def under_both() -> pd.DataFrame:
    """The forest's rows of two pairs, the second of each read against a baseline with more events."""
    frame = compared()[lambda f: f["arm"].isin([*SIDES])].reset_index(drop=True)
    second = frame["arm"].isin([pair[1] for pair in PAIRS])
    return frame.assign(events_baseline=np.where(second, 17271, 14126), expected="", constructed_zero=False)


def test_a_partner_stands_right_under_its_arm_and_the_first_decide_the_order() -> None:
    arms = [label.get_text() for label in drawn("forest", under_both(), pairs=PAIRS, baselines=SIDES).get_yticklabels()]
    first = [arm for arm in arms if arm in dict(PAIRS)]
    assert arms == [name for arm in first for name in (arm, dict(PAIRS)[arm].replace("_", " "))]
    effect = under_both()[lambda f: f["metric"] == "cross_border_disclosure_rate"].set_index("arm")["percent"]
    assert effect[first[0]] <= effect[first[1]]


def test_the_forest_names_the_events_of_both_baselines_and_explains_only_columns_that_it_has() -> None:
    text = " ".join(words(drawn("forest", under_both(), pairs=PAIRS, baselines=SIDES))).replace(THIN, " ")
    assert "14 126 with officers as before the treaty; 17 271 with officers hired as the load asks" in text
    assert "Each row is read against the baseline of its own capacity." in text
    assert "Exp.:" not in text
    assert "Exp.:" in " ".join(words(drawn("forest", under_both().assign(expected="down"))))


def test_the_plane_has_a_stair_and_a_mark_for_each_baseline() -> None:
    frame = weighed()[lambda f: f["arm"].isin([*SIDES])].assign(on_frontier=True)
    ax = drawn("plane", frame, baselines=SIDES)
    stairs = [line for line in ax.lines if line.get_gid() == "frontier"]
    assert len(stairs) == 2
    for stair, side in zip(stairs, dict.fromkeys(SIDES[arm] for arm in sorted(SIDES)), strict=True):
        others = frame[frame["arm"].map(SIDES) != side]
        corners = set(zip(np.asarray(stair.get_xdata()), np.asarray(stair.get_ydata()), strict=True))
        assert not corners & set(zip(others["cooperation_lost_percent"], others["protection_percent"], strict=True))
    legend = ax.get_legend()
    assert legend is not None
    assert {*OFFICERS.values()} <= {text.get_text() for text in legend.get_texts()}
    assert "Each arm is read against the baseline of its own capacity" in " ".join(words(ax))
    (stair,) = [line for line in drawn("plane", frame).lines if line.get_gid() == "frontier"]


def test_a_label_lies_nearest_to_its_own_mark() -> None:
    frame = weighed()
    ax = drawn("plane", frame, near=True)
    sheet = AxesInPoints.of(ax, (0.80, 0.66))
    spots = {str(row.arm).replace("_", " "): (row.cooperation_lost_percent, row.protection_percent) for row in frame.itertuples()}
    marks = sheet.points(np.array([*spots.values()]))
    nearest = 0
    for text in (text for text in ax.texts if text.get_text() in spots):
        wide = length(text.get_text(), 8.0) / 2 + 1.5
        middle = sheet.points(np.array(text.get_position()))
        gaps = np.linalg.norm(np.maximum(np.abs(marks - middle) - [wide, 5.5], 0), axis=1)
        own = gaps[[*spots].index(text.get_text())]
        nearest += own <= gaps.min() + 0.5
        assert own <= gaps.min() + 0.5 or any(len(line.get_xdata()) == 2 and line.get_lw() == 0.5 for line in ax.lines)
    assert nearest >= 0.8 * sum(text.get_text() in spots for text in ax.texts)


@pytest.mark.parametrize("large", [3.3, 5016.0])
def test_a_cell_of_a_slice_never_loses_its_range(large: float) -> None:
    ends = {"percent": 2 * large, "percent_world_low": large, "percent_world_high": 3 * large, "world_low": 0.1, "world_high": 0.2}
    row = cut()[lambda f: (f["arm"] == "reform_bundle") & (f["level"] == "IRL")].assign(**ends)
    frame = pd.concat([row.assign(level=f"L{place}") for place in range(12)])
    ax = slices(frame, Figure(figsize=(10.0, 6.0)).subplots(), largest=12)
    told = [text for text in words(ax) if " to" in text and text.startswith("+")]
    assert len(told) == 12
    assert ("\n" in told[0]) == (large > 100)


def test_zero_in_every_world_is_written_and_explained() -> None:
    zero = dict.fromkeys(["percent", "percent_world_low", "percent_world_high", "world_low", "world_high"], 0.0)
    row = cut()[lambda f: (f["arm"] == "reform_bundle") & (f["level"] == "IRL")]
    still = words(drawn("slices", pd.concat([row.assign(level=f"L{place}", **zero) for place in range(16)]), largest=16))
    assert sum("in every" in text and len(text) < 20 for text in still) == 16
    assert any("0 in every world: the slice is the same in each of them." in text for text in still)
    assert not any("0 in every world" in text for text in words(drawn("slices", row)))


def test_the_headings_of_slices_do_not_run_into_each_other_and_the_last_cell_has_its_frame() -> None:
    row = cut()[lambda f: (f["arm"] == "reform_bundle") & (f["level"] == "IRL")].assign(by="group")
    groups = ("journalist", "dissident", "lgbtq", "researcher", "minority", "a", "b", "c", "d")
    ax = slices(pd.concat([row.assign(level=group) for group in groups]), Figure(figsize=(8.6, 5.0)).subplots(), largest=9)
    assert "LGBTQ\npeople" in words(ax)
    assert not any(patch.get_clip_on() for patch in ax.patches)


def test_a_name_of_two_lines_is_not_cut_and_breaks_behind_its_comma() -> None:
    long = "the offences of the Convention and no other, staff follows"
    assert name_lines([long])[long] == "the offences of the Convention and no other,\nstaff follows"
    assert "…" in name_lines(["x" * 300])["x" * 300]


def test_a_change_that_worlds_do_not_tell_from_none_is_marked_on_the_map() -> None:
    frame = changed_world()
    ax = drawn("change_map", frame)
    told = (frame[["events", "events_baseline"]].min(axis=1) >= 10) & frame["value"].notna()
    assert sum(patch.get_gid() == UNTOLD for patch in ax.patches) == int((told & ~frame["clear"]).sum())
    assert any("the range over worlds holds zero" in text for text in words(ax))


@dataclass
class Named:
    scenario_name: str


def test_figures_of_two_scenarios_name_the_baseline_in_their_titles() -> None:
    for name in ("headline", "targeted_change", "change_map"):
        told = _titled(dict(SETTINGS[name]), name, [Named("no_treaty"), Named("as_adopted")])  # type: ignore[list-item]
        assert str(told["title"]).endswith("against “without the treaty”")
    alone = _titled(dict(SETTINGS["flows"]), "flows", [Named("no_treaty"), Named("as_adopted")])  # type: ignore[list-item]
    assert alone == SETTINGS["flows"]


def test_a_rate_that_a_change_starts_from_is_in_per_cent_of_what_it_is_a_share_of() -> None:
    row = {"metric": "legit_met_rate", "by": "all", "level": "all", "unit": "fraction of latent cross-border needs"}
    row |= {"baseline": 0.445, "percent": 1.0, "worlds_agreeing": 8, "worlds": 8, "events": 500,
            "capacity": "before", "chance_share": 0.1}  # fmt: skip
    row |= {f"percent_{kind}_{end}": 1.0 for kind in ("world", "error") for end in ("low", "high")}
    assert headline_frame(pd.DataFrame([row]))["unit"].tolist() == ["from 44.5 % of latent cross-border needs"]
    text = " ".join(words(drawn("headline", differences())))
    assert "Events: the fewer of the two scenarios', all runs together." in text
