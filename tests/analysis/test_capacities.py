"""Both capacities beside arms that change membership or scope: from the reference where it has them, else how to get them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from experiments.analysis.capacities import COMMITTED, SCORES, SIDES, both_of_arms, changes_load, read_both
from experiments.design.changes import changes_of_scenario
from experiments.design.comparisons import Arm, compare_arms
from experiments.report.capacities import beside_alone
from experiments.report.sentences import comparison_study
from experiments.studies.compare import capacities_table
from sim.world.record import ConfigError
from tests.report import examples

COLUMNS = ("arm", "metric", "by", "percent", "percent_world_low", "percent_world_high", "worlds_agreeing", "worlds", "events")


def arms(*words: str) -> list[Arm]:
    return compare_arms(list(words))


def changes(of: list[Arm]) -> dict[str, str]:
    return {arm.name: changes_of_scenario(arm.name) for arm in of}


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    rows = [
        (name, metric, "all", percent, percent - 5.0, percent + 5.0, 9.0, 10, 400)
        for name, percent in (("no treaty", -9.0), ("no treaty, staff follows", -25.0), ("the United States joins", 3.0))
        for metric in SCORES
    ]
    path = tmp_path / "comparison.csv"
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(path, index=False)
    return path


def test_an_arm_changes_the_load_where_its_parties_or_its_reach_change() -> None:
    found = {
        arm.name: changes_load(arm) for arm in arms("scenarios=[judge,notice,no_treaty,core_cyber,grave_harm,second_protocol]")
    }
    assert {name for name, does in found.items() if not does} == {"judge", "notice"}


def test_what_the_reference_has_under_both_stands_beside_and_the_rest_is_named_with_its_command(committed: Path) -> None:
    chosen = arms("scenarios=[judge,no_treaty,usa_joins,universal]")
    both = both_of_arms(chosen, changes(chosen), path=committed)
    assert both is not None
    assert both.arms == ["no_treaty"]
    assert {(side, row["percent"]) for (_, side, _), row in both.rows.items()} == {("before", -9.0), ("follows", -25.0)}
    assert both.lacking == ("usa_joins", "universal"), "one side alone is no pair"
    assert "rogatory compare 'scenarios=[usa_joins,universal]' review.capacity=follows;" in both.how
    assert "design=capacities" in both.how
    table = capacities_table(both)
    assert [str(cell) for cell in table.columns[1].cells] == list(SIDES)


def test_a_pair_needs_nothing_beside_it_and_no_more_does_a_safeguard_or_a_world_without_load(committed: Path) -> None:
    chosen = arms("scenarios=[judge,no_treaty]")
    assert both_of_arms(chosen, changes(chosen), ["no_treaty"], path=committed) is None
    assert both_of_arms(arms("scenarios=[judge]"), {"judge": "scenario=judge"}, path=committed) is None
    idle = arms("scenarios=[no_treaty]", "review.load=false")
    assert both_of_arms(idle, changes(idle), path=committed) is None


def test_beside_another_baseline_or_without_the_file_it_is_said_how_to_get_both(committed: Path, tmp_path: Path) -> None:
    other = arms("scenarios=[as_adopted,universal]", "baseline=no_treaty")
    both = both_of_arms(other, changes(other), path=committed)
    assert both is not None
    assert both.arms == []
    assert "'scenarios=[as_adopted,universal]' baseline=no_treaty review.capacity=follows" in both.how
    hired = arms("scenarios=[no_treaty]", "review.capacity=follows")
    found = both_of_arms(hired, changes(hired), path=tmp_path / "nothing.csv")
    assert found is not None
    assert "'scenarios=[no_treaty]' review.capacity=before" in found.how
    named = both_of_arms(hired, {}, design="own.yaml", path=tmp_path / "nothing.csv")
    assert named is not None
    assert "rogatory compare design=own.yaml review.capacity=before" in named.how


def test_a_damaged_file_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "comparison.csv"
    path.write_text("arm,low\nx,1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"comparison\.csv: found no column metric, .*; accepted: what git has"):
        read_both(path)


def test_the_committed_study_has_both_sides_of_every_arm_of_its_design() -> None:
    rows, size = read_both(COMMITTED)
    said = {changed for changed, _, _ in rows}
    assert len(rows) == len(said) * len(SIDES) * len(SCORES)
    assert "scenario=no_treaty" in said
    assert size == "10 worlds, reference study capacities"


def test_the_page_of_a_comparison_shows_both_and_how_to_get_what_is_lacking(committed: Path) -> None:
    chosen = arms("scenarios=[no_treaty,universal]")
    both = both_of_arms(chosen, changes(chosen), path=committed)
    tables = examples.comparison(), examples.cooperation(), examples.arms(), examples.headers(), examples.facts()
    study = comparison_study(*tables, examples.figures())
    parts = beside_alone(study, both)
    said = " ".join("".join(part.itertext()) for part in parts)
    assert "under both capacities (10 worlds, reference study capacities)" in said
    assert "no treaty" in said or "no_treaty" in said
    assert "review.capacity=follows" in said
    assert beside_alone(study, None) == []
