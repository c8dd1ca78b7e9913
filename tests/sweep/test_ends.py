"""One end of one number at a time: what each draw sets, what is not run twice, and who has no use for such a study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from experiments.analysis import attribution, discovery, frontier, robustness, sensitivity, threshold
from experiments.cli import main
from experiments.design.designs import Design, design_from
from experiments.design.points import as_entries, idle_ends, points_from, points_of
from experiments.design.sampling import count_of, count_of_draws, ends_of, parameter_draws, size_sentence
from experiments.design.table import Points
from sim.world.record import ConfigError
from tests.analysis.studies import CASES, NEEDS, study
from tests.sweep.small import TINY, design

ENDS = """\
question: what if?
scenarios: [as_adopted, judge]
uncertainties:
  review.rho: {low: 0.0, high: 0.9}
  people.platforms_most: {low: 1, high: 2, shape: whole}
  conduct.fall_through: {values: [true, false]}
draw: ends
"""
KEYS = ("review.rho", "people.platforms_most", "conduct.fall_through")


def asked(text: str = ENDS, **more: Any) -> Design:
    return design_from(yaml.safe_load(text) | more, "own.yaml")


def points(**more: Any) -> Points:
    return points_of(asked(**more), TINY)


def test_the_first_draw_sets_nothing_and_each_further_one_a_single_end() -> None:
    rows = parameter_draws(asked())
    assert list(rows.columns) == list(KEYS)
    said = [{key: row[key] for key in KEYS if row[key] == row[key]} for row in rows.to_dict("records")]
    assert said == [
        {}, {"review.rho": 0.0}, {"review.rho": 0.9}, {"people.platforms_most": 1}, {"people.platforms_most": 2},
        {"conduct.fall_through": True}, {"conduct.fall_through": False},
    ]  # fmt: skip
    assert [type(end.value) for end in ends_of(asked())] == [float, float, int, int, bool, bool]
    assert count_of_draws(asked()) == len(rows)
    assert count_of(asked()) == 2 * len(rows)


def test_a_point_sets_the_key_that_is_moved_and_no_other() -> None:
    found = points()
    assert found.settings[0] == ("as_adopted", {})
    assert all(len(settings) == (draw > 0) for draw, (_, settings) in zip(found.frame["draw"], found.settings, strict=True))
    first = found.frame[found.frame["draw"] == 0]
    assert first[list(KEYS)].isna().all(axis=None)
    base = dict(leaves(found.config(0).plain()))
    for place, (scenario, settings) in enumerate(found.settings):
        if scenario == "as_adopted" and settings:
            (key, value) = next(iter(settings.items()))
            other = dict(leaves(found.config(place).plain()))
            moved = {name for name in {*base, *other} if base.get(name) != other.get(name)}
            assert moved <= {key, f"reference.{key}"}  # a fact holds before the window too
            assert other[key] == value


def leaves(plain: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is no map, under its dotted key."""
    for name, value in plain.items():
        key = f"{above}.{name}" if above else str(name)
        if isinstance(value, Mapping):
            yield from leaves(value, key)
        else:
            yield key, value


def test_an_end_that_is_configured_anyway_is_told_and_has_no_point() -> None:
    found = points()
    idle = idle_ends(found.frame, asked())
    assert [(end.key, end.value) for end in idle] == [("conduct.fall_through", True)]
    assert set(found.frame["draw"]) == {0, 1, 2, 3, 4, 6}
    given = points_of(asked(), [*TINY, "review.rho=0.9", "people.platforms_most=2"])
    assert [(end.key, end.value) for end in idle_ends(given.frame, asked())] == [
        ("review.rho", 0.9), ("people.platforms_most", 2), ("conduct.fall_through", True),
    ]  # fmt: skip


def test_an_end_that_one_arm_alone_has_anyway_is_run_for_all() -> None:
    arms = {"plain": ["scenario=as_adopted"], "sure": ["review.rho=0.9"]}
    body = {"question": "what if?", "arms": arms, "uncertainties": {"review.rho": {"low": 0.0, "high": 0.9}}, "draw": "ends"}
    found = points_of(design_from(body, "own.yaml"), TINY)
    assert found.frame.groupby("scenario")["draw"].apply(list).to_dict() == {"plain": [0, 1, 2], "sure": [0, 1, 2]}


def test_every_point_is_read_against_the_baseline_of_its_own_draw() -> None:
    frame = points(conditions={"plain": {}, "blind": {"review.misuse_chance": 0.001}}).frame
    there = frame.set_index("point")
    for row in frame.to_dict("records"):
        other = there.loc[row["against"]]
        assert (other["scenario"], other["condition"], other["draw"]) == ("as_adopted", row["condition"], row["draw"])


def test_ids_stay_when_a_number_or_another_draw_is_added() -> None:
    before = set(points().frame["point"])
    more = asked().model_dump(mode="json")["uncertainties"] | {"review.misuse_chance": {"low": 1e-6, "high": 1e-3}}
    assert before < set(points(uncertainties=more).frame["point"])


def test_a_table_of_such_points_is_read_back_as_the_same_points() -> None:
    found = points()
    entries = as_entries(found).astype(object).replace("", None)
    again = points_from(entries, asked(), TINY, "table")
    assert again.frame["point"].tolist() == found.frame["point"].tolist()
    assert again.settings == found.settings


def test_the_points_are_printed_with_nothing_where_a_draw_leaves_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["points", f"design={design(tmp_path, ENDS)}", *TINY]) == 0
    out, err = capsys.readouterr()
    head, first, second, *_ = out.splitlines()
    assert head.endswith("review.rho,people.platforms_most,conduct.fall_through")
    assert first.endswith(",,,")
    assert second.endswith(",0.0,,")
    assert "as configured, so not run twice: conduct.fall_through=True" in err


def test_the_size_that_is_told_is_the_most_there_can_be() -> None:
    many = {f"conduct.x{number}": {"low": 0.0, "high": 1.0} for number in range(4_999)}
    assert size_sentence(asked(uncertainties=many)) == "making at most 19,998 points"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("draw: end", "draw: found 'end'"),
        ("draw: ends\nuncertainties: {}", "draw: found without uncertainties"),
        (
            "draw: ends\nlevers: {load: {'on': {}, 'off': {conduct.fall_through: false}}}\nscenarios: null",
            "conduct.fall_through: drawn, and set by a",
        ),
        ("conditions: {odd: {review.rho: 0.4}}", "review.rho: drawn, and set by a lever or a condition too"),
        ("uncertainties: {review.rho: {low: 0.0, high: 3.0}}", "uncertainties.review.rho: "),
        ("uncertainties: {review.nought: {low: 0.0, high: 3.0}}", "review.nought"),
        ("uncertainties: {seeds: {low: 1, high: 3, shape: whole}}", "seeds: no key of a point"),
    ],
)
def test_designs_of_ends_that_make_no_sense_are_refused_in_one_line(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        points_of(design_from(yaml.safe_load(ENDS) | yaml.safe_load(text), "own.yaml"), TINY)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("analysis", [attribution, discovery, frontier, robustness, sensitivity, threshold])
def test_an_analysis_that_takes_draws_for_a_sample_refuses_ends(analysis: Any) -> None:
    choice = {"scenarios": None, "levers": {"judge": "judge", "notice": "notice"}} if analysis is attribution else {}
    if analysis is threshold:
        line = {str(years): {"instruments.hanoi.threshold_years": years} for years in (4, 5, 6)}
        choice = {"scenarios": None, "levers": {"line": line}}
    drawn = asked(**choice)
    frame = points_of(drawn, TINY).frame
    told = study(drawn, frame, {outcome: np.ones((len(frame), 2, 1)) for outcome in (CASES, NEEDS)})
    assert "ends" in str(analysis.unsuited(told))
