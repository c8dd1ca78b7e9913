"""The project's own question as a grid of definitions by strengths: its cells, its tables, and the sentences that answer it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.headline import (
    CLASSES_TABLE,
    FIRST_GROUPS,
    MATRIX_TABLE,
    NUMBERS,
    TARGETED,
    Answer,
    groups_in_order,
    headline_tables,
)
from experiments.analysis.headline_today import OF_DISCLOSED, PROTECTED, TODAY_KEYS, TODAY_NUMBERS
from experiments.analysis.headline_words import (
    answers,
    brackets,
    cell_words,
    change_words,
    error_words,
    how_sure,
    lead,
    range_words,
    strength_words,
    why,
)
from experiments.design.comparisons import arms_of
from experiments.design.designs import design_of
from experiments.design.grid import Cell, cells_of
from experiments.studies.headline import grid_arms
from sim.metrics import UNITS
from sim.world.record import ConfigError
from sim.world.vocabulary import GROUPS

CELLS = {
    "none used": Cell(strength=0.0),
    "all used": Cell(strength=1.0),
    "liberal": Cell("liberal"),
    "liberal, all used": Cell("liberal", strength=1.0),
    "expansive, none used": Cell("expansive", strength=0.0),
    "no treaty": Cell(scenario="no_treaty"),
    "liberal, follows": Cell("liberal", capacity="follows"),
    "all used, follows": Cell(strength=1.0, capacity="follows"),
}
CHANGES = dict(zip(CELLS, (80.0, -25.0, -2.0, -26.0, 90.0, -9.0, -3.0, -12.0), strict=True))


def row(arm: str, metric: str, by: str, level: str, percent: float, **more: object) -> dict[str, object]:
    told: dict[str, object] = dict.fromkeys(NUMBERS, np.nan)
    told |= {"arm": arm, "baseline_name": "as_adopted", "metric": metric, "by": by, "level": level, "unit": UNITS[metric]}
    told |= {"baseline": 4.0, "value": 4.0 * (1 + percent / 100), "difference": percent / 25, "percent": percent}
    told |= {"percent_world_low": percent - 6, "percent_world_high": percent + 5, "worlds_agreeing": 9, "worlds": 10}
    return told | {"events_baseline": 200, "events": 150, "chance_share": 0.3} | more


def comparison() -> pd.DataFrame:
    rows = []
    for arm, percent in CHANGES.items():
        rows += [row(arm, TARGETED, "group", group, percent + place) for place, group in enumerate(GROUPS)]
        rows += [row(arm, "legit_met_rate", "all", "all", percent / 10), row(arm, "case_disclosure_rate", "all", "all", percent)]
        rows += [row(arm, "case_disclosure_rate", "group_sides", f"journalist|{a}>{b}", percent) for a in "xy" for b in "xy"]
        rows += [row(arm, "case_disclosure_rate", "label", "extremism", percent)]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def answer() -> Answer:
    return Answer(headline_tables(comparison(), CELLS), CELLS, 10)


def test_every_cell_has_its_row_and_todays_cell_of_each_capacity_is_the_baselines_level() -> None:
    matrix = headline_tables(comparison(), CELLS)[MATRIX_TABLE]
    assert len(matrix) == (len(CELLS) + 2) * (len(GROUPS) + 2)
    today = matrix[matrix["arm"] == "today"]
    assert set(today["capacity"]) == {"before", "follows"}
    assert today["value"].tolist() == today["baseline"].tolist()
    assert today[["difference", "percent", "world_low"]].isna().all().all()
    told = matrix[(matrix["arm"] == "all used") & (matrix["level"] == GROUPS[0])].iloc[0]
    assert (told["definition"], told["scenario"], told["strength"], told["capacity"]) == ("statutes", "as_adopted", 1.0, "before")


def test_the_groups_of_the_question_come_first_in_the_table() -> None:
    matrix = headline_tables(comparison(), CELLS)[MATRIX_TABLE]
    groups = list(dict.fromkeys(matrix.loc[matrix["metric"] == TARGETED, "level"]))
    assert groups == list(groups_in_order())
    assert groups[:2] == list(FIRST_GROUPS)
    assert set(groups) == set(GROUPS)


def test_classes_hold_the_pairs_of_who_asks_and_who_is_asked_and_nothing_else() -> None:
    classes = headline_tables(comparison(), CELLS)[CLASSES_TABLE]
    assert set(classes["by"]) == {"group_sides"}
    assert len(classes) == 4 * (len(CELLS) + 2)


def test_an_arm_that_is_no_cell_is_in_no_table() -> None:
    more = pd.concat([comparison(), pd.DataFrame([row("judge", TARGETED, "group", GROUPS[0], 1.0)])], ignore_index=True)
    assert "judge" not in set(headline_tables(more, CELLS)[MATRIX_TABLE]["arm"])


def test_the_grid_has_todays_row_and_column_first_and_strengths_from_none_to_all(answer: Answer) -> None:
    grid = answer.grid("before")
    assert grid.columns == (None, 0.0, 1.0)
    assert grid.rows[0] == Cell().row
    assert answer.grid("follows").rows == (Cell().row, ("liberal", "as_adopted"))
    assert answer.capacities() == ["before", "follows"]


def test_the_lead_gives_both_groups_their_change_with_range_and_worlds(answer: Answer) -> None:
    first, _, third, without, worst = lead(answer)
    place = {group: GROUPS.index(group) for group in FIRST_GROUPS}
    assert f"{25 - place['journalist']} % fewer journalists (20 to 31 %; that sign in 9 of 10 worlds)" in first
    assert "every safeguard" in first
    assert third.startswith("If no law made a protected act a serious crime, it would be 2.0 % fewer journalists")
    assert without.startswith("Without the treaty")
    assert f"{90 + place['journalist']} % more journalists" in worst


def test_the_lead_gives_every_number_under_both_capacities_and_what_safeguards_cost(answer: Answer) -> None:
    first, cost, third, *_ = lead(answer)
    assert "that pursues them where authorities keep the officers of the load before the treaty; " in first
    assert "; where states hire with the load, 12 % fewer journalists" in first
    assert cost.startswith("Real investigations would then have 2.5 % fewer needs met (")
    assert "; where states hire with the load, 1.2 % fewer needs met (" in cost
    assert "; where states hire with the load, 3.0 % fewer journalists" in third
    assert "The first numbers hold where authorities keep the officers" in brackets(answer)
    strength, *_, needs = answers(answer)
    assert "; where states hire with the load, journalists 12 % fewer" in strength
    assert "Every safeguard used: 2.5 % fewer" in needs
    assert "where states hire with the load, 1.2 % fewer" in needs


def test_one_capacity_alone_is_not_named() -> None:
    few = {name: cell for name, cell in CELLS.items() if cell.capacity == "before"}
    held = Answer(headline_tables(comparison(), few), few, 10)
    told = " ".join([*lead(held), *answers(held), brackets(held)])
    assert "would reach a government that pursues them." in told
    assert "officers" not in told
    assert "hire" not in told


def test_a_map_of_one_capacity_is_told_by_that_capacity_alone(answer: Answer) -> None:
    assert "hire" not in " ".join(lead(answer, ["before"]))


def test_what_was_not_run_is_left_out_of_the_answer() -> None:
    few = {name: cell for name, cell in CELLS.items() if cell.scenario != "no_treaty"}
    held = Answer(headline_tables(comparison(), few), few, 10)
    told = " ".join([*lead(held), *answers(held)])
    assert "Without the treaty" not in told
    assert "No treaty" not in told


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-12.0, -3.0, "3.0 to 12 %; that sign in 9 of 10 worlds"),
        (-12.0, 0.0, "0 to 12 %"),
        (-12.0, 4.0, "12 % fewer to 4.0 % more"),
        (np.nan, np.nan, "one world has no range"),
    ],
)
def test_a_range_says_its_sign_where_it_has_two(low: float, high: float, words: str) -> None:
    found = range_words(row("a", TARGETED, "group", "journalist", -5.0, percent_world_low=low, percent_world_high=high))
    assert found.startswith(words)


def test_few_events_and_missing_numbers_are_told_and_never_a_rate() -> None:
    few = row("a", TARGETED, "group", "journalist", -5.0, events=3)
    assert cell_words(few, 10) == "<10 events"
    assert change_words(few, 10) == "fewer than 10 events"
    assert cell_words(None, 10) == "–"
    assert cell_words(row("a", TARGETED, "group", "journalist", np.nan), 10) == "no number"
    assert cell_words(row("a", TARGETED, "group", "journalist", -25.3), 10) == "−25 (−31 to −20; 9 of 10)"


def test_a_change_that_is_mostly_chance_says_so_in_cells_and_sentences() -> None:
    chance, ground = (row("a", TARGETED, "group", "journalist", 0.7, chance_share=share) for share in (0.6, 0.5))
    assert range_words(chance).endswith("; mostly chance")
    assert "(5.3 % fewer to 5.7 % more; that sign in 9 of 10 worlds; mostly chance)" in change_words(chance, 10)
    assert cell_words(chance, 10).endswith(" mostly chance")
    assert not any("chance" in told for told in (range_words(ground), cell_words(ground, 10), change_words(ground, 10)))
    unknown = row("a", TARGETED, "group", "journalist", 0.7, chance_share=np.nan)
    assert "chance" not in cell_words(unknown, 10)


def test_the_simulation_error_of_a_cell_is_told_where_it_has_a_number() -> None:
    ends = {"percent_error_low": -27.1, "percent_error_high": -22.0}
    told = row("a", TARGETED, "group", "journalist", -25.0, **ends)
    assert error_words(told, 10) == "error −27 to −22"
    assert error_words(row("a", TARGETED, "group", "journalist", -25.0), 10) == "error unbounded"
    assert error_words(told | {"events": 3}, 10) == ""
    assert error_words(None, 10) == ""


def test_few_worlds_are_told_to_allow_no_verdict() -> None:
    assert "no verdict" in how_sure(5, 2, 3)
    assert "no verdict" not in how_sure(10, 2, 10)


def ways(capacity: str, *shares: tuple[str, str, float, int]) -> list[dict[str, object]]:
    """Rows of the table of today: a slice, a level, its share and its cases of 200."""
    known = {"capacity": capacity, "metric": "disclosed_share", "unit": OF_DISCLOSED, "of": 200, "worlds": 10}
    return [
        dict.fromkeys([*TODAY_KEYS, *TODAY_NUMBERS], np.nan)
        | known
        | {"by": by, "level": level, "value": share, "world_low": share - 0.1, "world_high": share + 0.05, "events": events}
        for by, level, share, events in shares
    ]


def today() -> pd.DataFrame:
    label = ("label", PROTECTED)
    rows = ways("before", ("instrument", "hanoi", 0.2, 40), ("kind", "fabricated", 0.5, 100), (*label, 0.15, 30))
    return pd.DataFrame([*rows, *ways("follows", ("instrument", "hanoi", 0.4, 80), (*label, np.nan, 3))])


def test_why_tells_the_ways_of_today_with_their_ranges_under_each_capacity() -> None:
    told = why(Answer(headline_tables(comparison(), CELLS), CELLS, 10, today()))
    assert told.startswith(
        "Of 200 abusive cases disclosed today 20 % (10 to 25) went through the treaty, 50 % (40 to 55) rested on a "
    )
    assert "15 % (5 to 20) named a protected act as the crime. These shares overlap." in told
    assert "Where states hire with the load: of 200 abusive cases disclosed today 40 % (30 to 45) went through the treaty." in told
    assert why(Answer(headline_tables(comparison(), CELLS), CELLS, 10)) == "", "without the table of today nothing is told"


def test_a_definition_reaches_protected_acts_and_that_of_grave_harm_ordinary_offences_too() -> None:
    grave = CELLS | {"grave harm": Cell(scenario="grave_harm")}
    without, with_it = (why(Answer({}, cells, 10, today())) for cells in (CELLS, grave))
    assert "A definition in the laws of states reaches only those that name a protected act" in without
    assert "ordinary offences" not in without
    assert with_it.endswith("The row of grave harm changes the text, and reaches ordinary offences too.")


def test_the_shipped_designs_are_grids_and_the_small_one_is_part_of_the_full() -> None:
    full, small = (cells_of(design_of(name), name) for name in ("headline", "headline_small"))
    before = {cell for cell in full.values() if cell.capacity == "before"}
    strengths = {cell.strength for cell in before}
    assert strengths == {None, 0.0, 0.25, 0.5, 0.75, 1.0}
    for definition in ("statutes", "liberal", "expansive", "catch_all"):
        assert {cell.strength for cell in before | {Cell()} if cell.row == (definition, "as_adopted")} == strengths
    assert set(small.values()) <= before
    assert len(small) == 12
    corners = {cell for cell in full.values() if cell.capacity == "follows"}
    assert {cell._replace(capacity="before") for cell in corners} <= before


def test_arms_and_cells_go_together_and_each_capacity_has_a_baseline_of_its_own() -> None:
    arms, cells, asked = grid_arms(("states=synthetic", "people.rows=50", "seeds=2"))
    assert [arm.name for arm in arms] == list(cells)
    assert (asked.seeds, asked.replicates) == (2, 2)
    for arm in arms:
        cell = cells[arm.name]
        assert arm.config.review.strength == cell.strength
        assert arm.config.review.capacity == arm.baseline_config.review.capacity == cell.capacity
        assert arm.baseline_config.review.strength is None
        assert not arm.baseline_config.states.override
        assert bool(arm.config.states.override) == (cell.definition != "statutes")


@pytest.mark.parametrize(
    ("arms", "told"),
    [
        ("a: [review.rho=0.2]", "arms.a: found 'review.rho=0.2'; accepted: definition, scenario, review.strength, review.capacity"),
        ("a: [review.strength=1]\n  b: [review.strength=1.0]", "arms.b: found the choice of arm 'a'"),
        ("a: [review.strength=much]", "review.strength: found 'much'; accepted: null, or a number from 0 to 1"),
        ("a: []", "found today's own cell among the arms"),
        ("a: [review.strength=1, review.capacity=follows]", "found no arm under review.capacity=before"),
    ],
)
def test_a_design_that_is_no_grid_is_refused_in_one_line(tmp_path: Path, arms: str, told: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"question: what?\narms:\n  {arms}\n")
    with pytest.raises(ConfigError, match=r"mine|today|before") as caught:
        grid_arms((f"design={file}",))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("override", ["scenario=judge", "definition=liberal", "review.strength=0.5", "baseline=no_treaty"])
def test_what_the_arms_say_is_not_taken_from_the_command_line(override: str) -> None:
    with pytest.raises(ConfigError, match="accepted: a design whose arms say it"):
        grid_arms((override,))


def test_strengths_have_plain_words() -> None:
    assert [strength_words(one) for one in (None, 0.0, 0.5, 1.0)] == [
        "as states use them today", "no safeguard used", "50 % used", "every safeguard used",
    ]  # fmt: skip


def test_a_grid_of_own_definitions_is_read_by_the_file_that_an_arm_names(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("all: {penalties: {false_news: 4}}\n")
    design = tmp_path / "grid.yaml"
    design.write_text(f"question: what?\narms:\n  mine: [definition={mine}]\n")
    cells = cells_of(design_of(str(design)), str(design))
    assert cells == {"mine": Cell("mine")}
    (arm,) = arms_of(str(design), ["states=synthetic", "people.rows=50"])
    assert list(arm.config.states.override) == ["all"]
