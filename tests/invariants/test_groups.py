"""A group of nobody changes no bit and stands in no table; a group with people takes nothing from the others."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.headline import BY_CLASSES, Answer, groups_in_order
from experiments.report import prose
from sim.arrays import in_order
from sim.draws import Draws
from sim.result import Result
from sim.simulation import simulate, world_of
from sim.sources.people import rows_per_cell
from sim.world.vocabulary import GROUP_NAMES, GROUPS
from tests.worlds import made_up

FIRST = GROUPS[:5]
NEW = GROUPS[5:]
ABUSE = ("demand.abusive_odds=0.3", "demand.abusive_most_per_person=1.0", "years=1", "calibration_months=6", "review.load=false")
UNBOUND = ("demand.abusive_odds=0.3", "demand.abusive_most_per_person=1000")  # no bound per person binds
NOBODY = tuple(f"people.per_million.{group}=0" for group in NEW)
SOMEBODY = ("people.per_million.woman=120", "people.per_million.lawyer=40", "people.per_million.whistleblower=30")
ANOTHER_TABLE = (  # what a group of nobody would be pursued for, and who would see it
    *(f"demand.pursuit.{group}=7.0" for group in NEW),
    *(f"offences.insult.against.{group}=3.0" for group in NEW),
    *(f"safeguards.discrimination.covers.{group}=0.9" for group in NEW),
)
FRAMES = ("metrics", "cases", "requests", "people")


@cache
def ran(*overrides: str) -> Result:
    return simulate(made_up(*ABUSE, *overrides), seed=5)


def told(result: Result, by: str = "group") -> set[str]:
    """Groups of which the table of estimands has a row."""
    return set(result.metrics.loc[result.metrics["by"] == by, "level"].astype(str).str.partition("|")[0])


# --- nobody ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", [1, 3, 9])
def test_a_sum_over_groups_is_the_same_to_the_last_bit_with_empty_groups_behind(extra: int) -> None:
    values = Draws(1).uniform("values", np.arange(1000)).reshape(200, 5) * 1e3
    wider = np.concatenate([values, np.zeros((200, extra))], axis=1)
    assert in_order(wider).tobytes() == in_order(values).tobytes() == values.sum(axis=1).tobytes()


@pytest.mark.parametrize("extra", [1, 3, 9])
def test_rows_of_the_others_do_not_change_with_empty_groups_behind(extra: int) -> None:
    people = Draws(2).uniform("people", np.arange(965)).reshape(193, 5) * 1e4
    wider = np.concatenate([people, np.zeros((193, extra))], axis=1)
    all_five = np.ones(5, bool)
    for counted in (np.ones(5 + extra, bool), np.arange(5 + extra) < 5):
        rows = rows_per_cell(wider, 20_000, counted)
        assert np.array_equal(rows[:, :5], rows_per_cell(people, 20_000, all_five))
        assert not rows[:, 5:].any()


def test_rows_of_groups_on_top_are_added_in_the_same_proportion() -> None:
    people = np.full((4, 8), 1e6)
    rows = rows_per_cell(people, 2000, np.arange(8) < 5)
    assert (rows == 100).all()
    assert (rows_per_cell(people[:, 5:], 1200, np.zeros(3, bool)) == 100).all(), "alone they share the rows"


def test_the_tables_of_a_group_of_nobody_change_no_row_of_any_frame() -> None:
    one, other = ran(*NOBODY), ran(*NOBODY, *ANOTHER_TABLE)
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    assert len(one.cases) > 100 < len(one.requests)


@pytest.mark.parametrize("by", ["group", "group_pair", "group_regime", BY_CLASSES])
def test_a_group_of_nobody_stands_in_no_table(by: str) -> None:
    assert told(ran(*NOBODY), by) == set(FIRST)
    assert told(ran(*SOMEBODY), by) == set(GROUPS)


def test_no_estimand_by_group_lacks_a_number() -> None:
    for result in (ran(*NOBODY), ran(*SOMEBODY)):
        by_group = result.metrics[result.metrics["by"].astype(str).str.startswith("group")]
        assert by_group["value"].notna().all()


def test_a_group_of_nobody_stands_in_no_question_and_no_section_of_a_page() -> None:
    nobody, somebody = (made_up(*over).people.groups for over in (NOBODY, SOMEBODY))
    assert nobody == FIRST
    assert somebody == GROUPS
    named = [GROUP_NAMES[group].one for group in NEW]
    assert not any(name in prose.question(nobody) for name in named)
    assert all(name in prose.question(somebody) for name in named)
    assert prose.question(("lawyer",)).count("data of a lawyer in") == 1


def test_a_page_has_a_section_for_each_group_of_its_tables_and_no_other() -> None:
    row = {"definition": "statutes", "scenario": "as_adopted", "strength": None, "capacity": "before"}
    rows = [row | {"metric": "targeted_rate", "by": "group", "level": group} for group in ("lawyer", "lgbtq", "journalist")]
    answer = Answer({"matrix.csv": pd.DataFrame(rows)}, {}, 10)
    assert answer.groups() == ["journalist", "lgbtq", "lawyer"]
    assert set(groups_in_order()) == set(GROUPS)


# --- somebody -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", NEW)
def test_a_group_with_people_and_pursuit_has_cases_and_disclosures(group: str) -> None:
    result = ran(*SOMEBODY)
    cases = result.cases[result.cases["group"] == group]
    assert len(cases) > 20
    assert (cases["status"] == "disclosed").sum() > 0
    protected = {name for name, offence in result.config.offences.items() if offence.against.get(group, 0.0) > 0}  # type: ignore[call-overload]
    ordinary = {name for name, offence in result.config.offences.items() if offence.pretext > 0}
    assert set(cases["conduct"].astype(str)) <= protected | ordinary
    people = result.people[result.people["group"] == group]
    users = (
        result.people.loc[result.people["group"] == "journalist", "weight"].sum() / result.config.people.per_million["journalist"]
    )
    assert people["weight"].sum() == pytest.approx(users * result.config.people.per_million[group], rel=0.2)  # type: ignore[index]


def test_a_group_on_top_takes_no_wish_from_the_others() -> None:
    before, after = (world_of(made_up(*ABUSE, *over), 5).states for over in (NOBODY, SOMEBODY))
    assert before.pursuit[:, :5].tobytes() == after.pursuit[:, :5].tobytes()
    assert not before.pursuit[:, 5:].any()
    assert (after.pursuit[:, 5:] > 0).all()


def test_a_group_on_top_moves_no_case_and_no_person_of_the_others() -> None:
    """All is drawn by names, and the rows of a cell stay: wishes about others are the same persons, conducts and hosts."""
    before, after = ran(*NOBODY), ran(*SOMEBODY)
    for name, key in (("cases", ["id"]), ("people", ["id"])):
        one, other = (getattr(result, name) for result in (before, after))
        other = other[~other["group"].isin(NEW)]
        columns = [column for column in one.columns if column not in ("status", "disclosures")]
        one, other = (frame.sort_values(key).reset_index(drop=True)[columns] for frame in (one, other))
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_group_that_is_not_on_top_shares_the_odds() -> None:
    before, after = (
        world_of(made_up(*UNBOUND, *over), 5).states
        for over in (NOBODY, (*SOMEBODY, *(f"people.on_top.{group}=false" for group in NEW)))
    )
    assert np.allclose(before.pursuit.sum(axis=1), after.pursuit.sum(axis=1))
    assert (after.pursuit[:, :5] < before.pursuit[:, :5]).all()


def test_wishes_on_top_are_those_of_another_group_times_people_and_weight() -> None:
    """Where no bound binds: women to minorities as 120 * 0.25 to 150 * 0.8, times the factor where same-sex acts are lawful."""
    given = ("demand.pursuit.woman=0.25", "demand.same_sex_legal_factor.woman=0.4")
    states = world_of(made_up(*UNBOUND, *SOMEBODY, *given, "people.per_million.minority=150"), 5).states
    ratio = states.pursuit[:, GROUPS.index("woman")] / states.pursuit[:, GROUPS.index("minority")]
    whole = 120 * 0.25 / (150 * 0.8)
    lawful = np.isclose(ratio, 0.4 * whole)
    assert np.isclose(ratio[~lawful], whole).all()
    assert lawful.any()
    lawyers = states.pursuit[:, GROUPS.index("lawyer")] / states.pursuit[:, GROUPS.index("minority")]
    assert np.allclose(lawyers, 40 * 1.0 / (150 * 0.8))


def test_groups_on_top_share_the_odds_where_there_is_nobody_else() -> None:
    given = tuple(f"people.per_million.{group}=0" for group in FIRST)
    alone = world_of(made_up(*UNBOUND, *SOMEBODY, *given), 5).states
    usual = world_of(made_up(*UNBOUND, *NOBODY), 5).states
    assert np.allclose(alone.pursuit.sum(axis=1), usual.pursuit.sum(axis=1))
