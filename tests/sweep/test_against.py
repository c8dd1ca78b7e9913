"""Every point says which one it is read against: its baseline in the same world, under the same condition, in the same draw."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.analysis import frontier
from experiments.design.designs import design_from
from experiments.design.entries import POINT_COLUMNS
from experiments.design.points import points_of, points_of_rows
from experiments.design.table import Points
from experiments.settings import conduct_of_study
from experiments.store.outcomes import ArrayStudy
from experiments.studies import points as points_study
from sim.config import load
from tests.analysis.drawn_studies import points_of as made_up
from tests.sweep.small import TINY, design

HIGHER = {"instruments.hanoi.threshold_years": 6.0}
UNSURE = {"review.rho": {"low": 0.1, "high": 0.9}}


def pointed(body: dict[str, Any], *overrides: str) -> Points:
    return points_of(design_from({"question": "what if"} | body, "own.yaml"), [*TINY, *overrides])


def read_as(found: Points) -> list[str]:
    """What each point is read against, in words; nothing for none."""
    frame = found.frame.astype(str)
    named = {
        row["point"]: " ".join(str(value) for name, value in row.items() if name not in ("point", "place", "against") and value)
        for row in frame.to_dict("records")
    }
    return [named.get(point, "") if point else "" for point in found.frame["against"]]


def test_scenarios_are_read_against_the_baseline_wherever_it_stands() -> None:
    found = pointed({"scenarios": ["judge", "as_adopted", "notice"]})
    assert list(found.frame.columns) == [*POINT_COLUMNS]
    baseline = found.frame["point"][1]
    assert list(found.frame["against"]) == [baseline] * 3, "the baseline itself too"
    other = pointed({"scenarios": ["judge", "as_adopted", "notice"], "baseline": "judge"}).frame
    assert list(other["against"]) == [other["point"][0]] * 3


def test_without_the_baseline_among_them_scenarios_are_read_against_nothing() -> None:
    assert list(pointed({"scenarios": ["judge", "notice"]}).frame["against"]) == ["", ""]


@pytest.mark.parametrize("said", [["scenario=as_adopted"], []], ids=["by its name", "by nothing"])
def test_an_arm_that_says_the_same_as_the_baseline_is_the_baseline(said: list[str]) -> None:
    found = pointed({"arms": {"strict": ["scenario=judge"], "plain": said, "high": ["instruments.hanoi.threshold_years=6"]}})
    assert list(found.frame["against"]) == [found.frame["point"][1]] * 3


def test_an_arm_that_says_nothing_is_no_baseline_of_a_design_that_names_another_one() -> None:
    found = pointed({"baseline": "notice", "arms": {"strict": ["scenario=judge"], "plain": [], "told": ["scenario=notice"]}})
    assert list(found.frame["against"]) == [found.frame["point"][2]] * 3


def test_arms_of_another_world_are_read_against_nothing() -> None:
    fewer = "demand.abusive_odds=0.02"
    arms = {"plain": [], "judge": ["scenario=judge"], "fewer": [fewer], "fewer, judge": ["scenario=judge", fewer]}
    found = pointed({"arms": arms})
    first = found.frame["point"][0]
    assert list(found.frame["against"]) == [first, first, "", ""]
    held = ArrayStudy("x", design_from({"question": "q", "arms": arms}, "x"), found.frame, load(), conduct_of_study(), Path(), {})
    assert frontier.unsuited(held) == "wants the baseline as_adopted in the world of every policy; found none in that of fewer"
    alike = pointed({"arms": {"plain": [], "judge": ["scenario=judge"], "notice": ["scenario=notice"]}}).frame
    assert frontier.unsuited(held._replace(points=alike)) is None


@pytest.mark.parametrize("kind", ["scenarios", "arms"])
def test_a_scenario_that_slips_a_fact_in_is_read_against_nothing(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file is refused where it is composed; were it not, no pair would be made of two worlds."""
    monkeypatch.setattr("sim.config.loading.refuse_facts", lambda scenarios, adopted: None)
    path = tmp_path / "wants.yaml"
    path.write_text("# @package _global_\ndemand: {abusive_wants: {content: 1.0}}\n", encoding="utf-8")
    named = {"scenarios": ["as_adopted", str(path)], "arms": {"plain": [], "wants": [f"scenario={path}"]}}
    found = pointed({kind: named[kind]}).frame
    assert list(found["against"]) == [found["point"][0], ""]


def test_a_level_that_sets_a_fact_is_read_against_nothing_and_its_like_as_before() -> None:
    found = pointed({"levers": {"demand": {"now": {}, "double": {"demand.scale": 2.0}}, "judge": "judge"}}).frame
    first = found["point"][0]
    assert list(found["demand"]) == ["now", "now", "double", "double"]
    assert list(found["against"]) == [first, first, "", ""]


def test_levers_are_read_against_all_of_them_at_their_first_level() -> None:
    found = pointed({"levers": {"judge": "judge", "line": {"four": {}, "six": HIGHER}}})
    assert list(found.frame["against"]) == [found.frame["point"][0]] * 4
    assert read_as(found)[0] == "as_adopted 0 off four"


def test_each_condition_and_each_draw_has_its_own_baseline() -> None:
    body = {"levers": {"judge": "judge"}, "conditions": {"guessed": {}, "blind": {"review.misuse_chance": 1e-6}}}
    found = pointed(body | {"uncertainties": UNSURE, "draw": "latin_hypercube", "size": 3})
    frame = found.frame
    assert len(frame) == 12
    by_id = frame.set_index("point")
    for row in frame.itertuples():
        base = by_id.loc[row.against]
        assert (base["judge"], base["condition"], base["draw"]) == ("off", row.condition, row.draw)
        assert base["review.rho"] == by_id.loc[row.point, "review.rho"], "the same draw, and so the same numbers"
    assert frame["against"].nunique() == 6


def test_drawn_scenarios_are_read_against_the_baseline_in_their_draw() -> None:
    found = pointed({"scenarios": ["as_adopted", "judge"], "uncertainties": UNSURE, "draw": "latin_hypercube", "size": 4})
    assert list(found.frame["against"]) == [*found.frame["point"][:4]] * 2


TABLE = "scenario,draw,review.rho\nas_adopted,0,0.2\njudge,0,0.2\nas_adopted,1,0.4\njudge,1,0.4\njudge,2,0.6\n"


def test_rows_of_a_table_find_their_baseline_by_draw_and_one_without_has_none(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(TABLE, encoding="utf-8")
    frame = pointed({"scenarios": ["as_adopted", "judge"], "table": f"{tmp_path}/own.csv"}).frame
    first, second = frame["point"][0], frame["point"][2]
    assert list(frame["against"]) == [first, first, second, second, ""]
    undrawn = re.sub(",(draw|[0-2]),", ",", TABLE)
    (tmp_path / "own.csv").write_text(undrawn, encoding="utf-8")
    again = pointed({"scenarios": ["as_adopted", "judge"], "table": f"{tmp_path}/own.csv"}).frame
    assert list(again["against"]) == list(frame["against"]), "rows with the same numbers are one draw"


def test_rows_of_one_draw_with_other_facts_are_read_against_nothing(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(TABLE.replace("judge,1,0.4", "judge,1,0.5"), encoding="utf-8")
    frame = pointed({"scenarios": ["as_adopted", "judge"], "table": f"{tmp_path}/own.csv"}).frame
    first, second = frame["point"][0], frame["point"][2]
    assert list(frame["against"]) == [first, first, second, "", ""]


def test_what_a_search_visits_is_read_against_its_first_point_whatever_generation_it_is_of() -> None:
    search = {"sampler": "nsga2", "generation": 2, "generations": 2, "objectives": {"case_disclosure_rate": "down"}}
    asked = design_from({"question": "q", "levers": {"judge": "judge"}, "search": search}, "own.yaml")
    visited = ((0, "off"), (0, "on"), (1, "on"))
    rows = [{"scenario": "as_adopted", "condition": "", "draw": draw, "judge": level} for draw, level in visited]
    frame = points_of_rows(rows, asked, [*TINY]).frame
    assert list(frame["against"]) == [frame["point"][0]] * 3


BLIND = {"guessed": {}, "blind": {"review.load": False}}


@pytest.mark.parametrize("body", [
    {"levers": {"judge": "judge", "line": {"four": {}, "six": HIGHER}}, "conditions": BLIND},
    {"scenarios": ["as_adopted", "judge"], "uncertainties": UNSURE, "draw": "latin_hypercube", "size": 3},
    {"scenarios": ["judge", "notice"]},
])  # fmt: skip
def test_made_up_tables_of_tests_are_read_against_what_real_ones_are(body: dict[str, Any]) -> None:
    real, ours = pointed(body), made_up(design_from({"question": "what if"} | body, "own.yaml"))
    where = [{point: place for place, point in enumerate(frame["point"])} | {"": -1} for frame in (real.frame, ours)]
    assert [where[0][point] for point in real.frame["against"]] == [where[1][point] for point in ours["against"]]
    assert list(real.frame.columns) == list(ours.columns)


def test_points_print_it_and_reading_them_back_ignores_what_stands_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    drawn = "uncertainties: {review.rho: {low: 0.1, high: 0.9}}\ndraw: latin_hypercube\nsize: 2\n"
    text = f"question: what if\nlevers: {{judge: judge}}\n{drawn}"
    design(Path(), text)
    points_study.main(*TINY, "design=own.yaml")
    printed = capsys.readouterr().out
    Path("own.csv").write_text(printed, encoding="utf-8")
    frame = pd.read_csv("own.csv", keep_default_na=False)
    assert list(frame.columns[: len(POINT_COLUMNS)]) == [*POINT_COLUMNS]
    assert frame["against"].isin(frame["point"]).all()
    for lie in ("nonsense", "", "as_adopted"):
        frame.assign(against=lie).to_csv("own.csv", index=False)
        design(Path(), f"{text}table: own.csv\n")
        points_study.main(*TINY, "design=own.yaml")
        assert capsys.readouterr().out == printed
