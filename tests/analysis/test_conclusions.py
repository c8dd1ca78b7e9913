"""What survives draws of all numbers, on a study whose every effect is written down beforehand."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.analysis import conclusions
from experiments.analysis.conclusions import (
    ADAPTED_COLUMNS,
    CONCLUSION_COLUMNS,
    DEFAULT_COLUMNS,
    DRIVER_COLUMNS,
    ON_PAPER,
    RANKING_COLUMNS,
    ConclusionsSpec,
    Numbers,
    analyse,
    calibrated_in,
    driver_table,
    placed,
    read,
    refuse_beside,
    unsuited,
    verdict_of,
    with_default,
)
from experiments.analysis.record import Analysis, spec_from
from experiments.design.designs import Design, Uncertainty
from experiments.design.entries import POINT_COLUMNS
from experiments.store.outcomes import ArrayStudy, Outcome, outcomes_from
from sim.config import load
from sim.settings import Config
from sim.world.record import ConfigError
from tests.analysis.studies import CASES, NEEDS, asked

DRAWS = 20
HALF = DRAWS // 2
JOURNALISTS = Outcome("targeted_rate", "group", "journalist")
ARMS = ("as_adopted", "judge", "notice", "sanction", "reform_bundle", "strong")
ARMS_OF_TWO = {"as_adopted": ["scenario=as_adopted"], "judge": ["scenario=judge"]}
EFFECT = {  # share of the baseline that is left, draw by draw
    "as_adopted": [1.0] * DRAWS,
    "judge": [0.5] * DRAWS,
    "notice": [0.9] * 17 + [1.05] * 3,
    "sanction": [1.0] * DRAWS,
    "reform_bundle": [0.4] * DRAWS,
    "strong": [0.8] * HALF + [1.1] * HALF,
    "as_adopted, adapted": [2.0] * DRAWS,
    "judge, adapted": [1.8] * DRAWS,
    "notice, adapted": [1.5] * DRAWS,
    "sanction, adapted": [2.0] * DRAWS,
    "reform_bundle, adapted": [0.8] * DRAWS,
    "strong, adapted": [1.6] * HALF + [2.2] * HALF,
}


@pytest.fixture(autouse=True)
def quickly_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few numbers, drawn in no time; one test asks for the real ones."""
    monkeypatch.setattr(conclusions, "drawn", lambda _, world: {f"review.x{k}": float(np.sin(world * (k + 1))) for k in range(9)})


@cache
def drawing() -> Config:
    return load("parameters=prior")


def design(**more: Any) -> Design:
    arms = {name: [f"seed={place}"] if place else ["scenario=as_adopted"] for place, name in enumerate(EFFECT)}
    given: dict[str, Any] = {"arms": arms} | more
    return Design(question="what if?", **given)


def points(names: list[str], condition: str = "") -> pd.DataFrame:
    frame = pd.DataFrame({"point": [f"p{place}{condition}" for place in range(len(names))], "scenario": names})
    return frame.assign(place=range(len(names)), condition=condition, draw=0, against=frame["point"][0])[[*POINT_COLUMNS]]


def told(
    effects: dict[str, list[float]] | None = None, config: Config | None = None, drawn: Design | None = None, **analyses: Any
) -> ArrayStudy:
    effects = EFFECT if effects is None else effects
    frame = points(list(effects))
    levels = 0.1 * (1 + np.arange(DRAWS) % 4)  # of the baseline: only a comparison within a draw finds the effects
    values = np.repeat((np.array(list(effects.values())) * levels)[:, :, None], 2, axis=2)
    held = {CASES: values, NEEDS: 0.5 + 0.0 * values}
    own = {"conclusions": {"shuffles": 100}} | analyses
    return ArrayStudy(
        "told", drawn or design(), frame, config or drawing(), asked(**own), Path(),
        {outcome: outcomes_from(outcome, frame, one) for outcome, one in held.items()},
    )  # fmt: skip


@cache
def analysed() -> Analysis:
    return analyse(told(), CASES)


def spec() -> ConclusionsSpec:
    return spec_from("conclusions", ConclusionsSpec, asked())


def rows(table: pd.DataFrame, metric: str = CASES.metric) -> dict[tuple[str, str], dict[str, Any]]:
    own = table[table["metric"] == metric]
    return {(row["arm"], row["condition"]): row for row in own.to_dict("records")}  # type: ignore[misc]


# --- arms and conditions ----------------------------------------------------------------------------------------------------------


def test_a_condition_is_one_only_where_the_baseline_has_it_too() -> None:
    names = [
        "as_adopted",
        "judge",
        "as_adopted, adapted",
        "judge, adapted",
        "serious, all",
        "as_adopted, adapted, late",
        "judge, adapted, late",
    ]
    found = {name: tuple(place) for name, place in placed(names, "as_adopted").items()}
    assert found["judge, adapted"] == ("judge", "adapted")
    assert found["judge, adapted, late"] == ("judge", "adapted, late")
    assert found["serious, all"] == ("serious, all", ON_PAPER)
    assert found["as_adopted"] == ("as_adopted", ON_PAPER)


def test_each_arm_is_read_against_the_baseline_of_its_own_condition() -> None:
    found = rows(analysed().tables["conclusions"])
    assert set(found) == {(arm, condition) for arm in ARMS[1:] for condition in (ON_PAPER, "adapted")}
    assert found["judge", ON_PAPER]["change"] == pytest.approx(-50.0)
    assert found["judge", "adapted"]["change"] == pytest.approx(-10.0)


def test_a_condition_that_a_design_crosses_is_a_condition_too() -> None:
    names = ["as_adopted", "judge"]
    frame = pd.concat([points(names, "calm"), points(names, "tense")], ignore_index=True)
    values = np.array([1.0, 0.5, 1.0, 2.0])[:, None, None] * np.full((4, DRAWS, 2), 0.1)
    drawn = Design(question="what if?", arms=ARMS_OF_TWO, conditions={"calm": {}, "tense": {}})
    made = ArrayStudy("told", drawn, frame, drawing(), asked(), Path(), {CASES: outcomes_from(CASES, frame, values)})
    found = {place: pair.pooled for place, pair in read(made, CASES).pairs.items()}
    assert found == {("judge", "calm"): pytest.approx(-0.5), ("judge", "tense"): pytest.approx(1.0)}


# --- what survives ----------------------------------------------------------------------------------------------------------------


def test_signs_and_verdicts_are_those_that_were_made() -> None:
    found = rows(analysed().tables["conclusions"])
    judge, notice, sanction, strong = (found[arm, ON_PAPER] for arm in ("judge", "notice", "sanction", "strong"))
    assert (judge["verdict"], judge["sign"], judge["sign_share"], judge["draws"]) == ("holds", "down", 1.0, DRAWS)
    assert judge["sign_share_draw_error_low"] == pytest.approx(0.839, abs=0.001)
    assert (notice["verdict"], notice["sign_share"]) == ("likely", 0.85)
    assert notice["share_up"] == pytest.approx(0.15)
    assert (sanction["verdict"], sanction["sign"], sanction["share_nil"]) == ("none", "none", 1.0)
    assert np.isnan(sanction["sign_share"])
    assert (strong["verdict"], strong["share_down"]) == ("open", 0.5)


def test_median_and_range_are_of_each_draws_own_per_cent() -> None:
    notice = rows(analysed().tables["conclusions"])["notice", ON_PAPER]
    assert (notice["median"], notice["median_draw_high"]) == (pytest.approx(-10.0), pytest.approx(5.0))
    assert (notice["median_draw_low"], notice["lower_quarter"]) == (pytest.approx(-10.0), pytest.approx(-10.0))
    assert notice["draws_with_level"] == DRAWS


def test_a_pooled_change_against_the_median_is_open_and_few_draws_have_no_verdict() -> None:
    assert verdict_of(1.0, 20, 3.0, spec()) == "holds"
    assert verdict_of(0.95, 20, 3.0, spec()) == "holds"
    assert verdict_of(0.8, 20, 3.0, spec()) == "likely"
    assert verdict_of(0.79, 20, 3.0, spec()) == "open"
    assert verdict_of(1.0, 20, -3.0, spec()) == "open"
    assert verdict_of(float("nan"), 20, 0.0, spec()) == "none"
    assert verdict_of(1.0, 7, 3.0, spec()) == "too few draws"


def test_few_events_give_a_row_without_numbers_and_say_so() -> None:
    made = told()
    held = made.held[CASES]
    counts = np.where((held.points["scenario"] == "judge").to_numpy()[:, None, None], 0, held.counts)
    made.held[CASES] = held._replace(counts=counts)
    found = analyse(made, CASES)
    row = rows(found.tables["conclusions"])["judge", ON_PAPER]
    assert np.isnan(row["change"])
    assert row["verdict"] == ""
    assert row["events"] == 0
    assert ("judge", ON_PAPER) not in rows(found.tables["ranking"])
    assert any("Without a number, on too few events: judge." in said for said in found.answer)


def test_a_draw_on_few_events_has_a_sign_and_no_per_cent() -> None:
    made = told()
    held = made.held[CASES]
    counts = held.counts.copy()
    counts[:, 0] = 1
    made.held[CASES] = held._replace(counts=counts)
    row = rows(analyse(made, CASES).tables["conclusions"])["judge", ON_PAPER]
    assert (row["draws"], row["draws_with_level"]) == (DRAWS, DRAWS - 1)


def test_a_missing_run_leaves_the_other_replicate() -> None:
    made = told()
    held = made.held[CASES]
    values = held.values.copy()
    values[1, 0, 0], values[1, 1] = np.nan, np.nan
    made.held[CASES] = held._replace(values=values)
    row = rows(analyse(made, CASES).tables["conclusions"])["judge", ON_PAPER]
    assert (row["draws"], row["sign_share"]) == (DRAWS - 1, 1.0)


@pytest.mark.parametrize("draws", [1, 2, 7])
def test_few_draws_give_tables_and_no_verdict(draws: int) -> None:
    made = told()
    for outcome, held in made.held.items():
        made.held[outcome] = held._replace(values=held.values[:, :draws], counts=held.counts[:, :draws], worlds=held.worlds[:draws])
    found = analyse(made, CASES)
    table = found.tables["conclusions"]
    assert set(table["verdict"]) == {"too few draws"}
    assert rows(table)["judge", ON_PAPER]["change"] == pytest.approx(-50.0)
    assert "drivers" not in found.tables
    assert f"{draws} draw" in found.answer[0]
    assert rows(found.tables["ranking"])["judge", ON_PAPER]["best"] == 1.0


def test_one_replicate_leaves_all_that_needs_two_unsaid() -> None:
    made = told()
    for outcome, held in made.held.items():
        made.held[outcome] = held._replace(values=held.values[..., :1], counts=held.counts[..., :1])
    found = analyse(made, CASES)
    row = rows(found.tables["conclusions"])["judge", ON_PAPER]
    assert (row["verdict"], row["replicates"]) == ("holds", 1)
    assert all(np.isnan(row[name]) for name in ("corrected_share", "one_effect_share", "chance_share"))
    assert np.isnan(rows(found.tables["ranking"])["judge", ON_PAPER]["replicates_agree"])


def test_outcomes_of_the_question_stand_beside_the_one_that_is_asked_for() -> None:
    table = analysed().tables["conclusions"]
    assert list(dict.fromkeys(table["metric"])) == [CASES.metric, NEEDS.metric]
    assert (table[table["metric"] == NEEDS.metric]["verdict"] == "none").all()


# --- who is best ------------------------------------------------------------------------------------------------------------------


def test_safeguards_alone_are_ranked_and_all_else_stands_unranked() -> None:
    found = rows(analysed().tables["ranking"])
    ranked = {arm for (arm, condition), row in found.items() if row["ranked"] and condition == ON_PAPER}
    assert ranked == {"judge", "notice", "sanction"}
    assert found["reform_bundle", ON_PAPER]["kind"] == "bundle"
    assert np.isnan(found["reform_bundle", ON_PAPER]["best"])
    assert found["strong", ON_PAPER]["kind"] == "not said"


def test_the_best_is_the_one_that_was_made_so_under_each_condition() -> None:
    found = rows(analysed().tables["ranking"])
    assert (found["judge", ON_PAPER]["best"], found["notice", "adapted"]["best"]) == (1.0, 1.0)
    assert found["judge", ON_PAPER]["by_chance"] == pytest.approx(1 / 3)
    assert found["judge", ON_PAPER]["replicates_agree"] == pytest.approx(1.0)
    assert (found["judge", ON_PAPER]["rank"], found["judge", "adapted"]["rank"]) == (1.0, 2.0)
    assert found["judge", ON_PAPER]["behind"] == pytest.approx(0.0)
    assert found["sanction", ON_PAPER]["behind"] == pytest.approx(50.0)


def test_equals_share_the_first_place_of_needs() -> None:
    found = rows(analysed().tables["ranking"], NEEDS.metric)
    assert [found[arm, ON_PAPER]["best"] for arm in ("judge", "notice", "sanction")] == pytest.approx([1 / 3] * 3)


# --- what is left, what would change it -------------------------------------------------------------------------------------------


def test_what_adaptation_leaves_is_told_of_what_is_told_on_paper() -> None:
    found = rows(analysed().tables["adapted"])
    judge, strong = found["judge", "adapted"], found["strong", "adapted"]
    assert (judge["left"], judge["halved"], judge["turned"]) == (pytest.approx(20.0), 1.0, 0.0)
    assert (judge["protects"], judge["halved_by_luck"]) == (True, 0.0)
    assert (judge["rank_on_paper"], judge["rank"], judge["rank_moves"]) == (1.0, 2.0, 1.0)
    assert np.isnan(strong["left"])
    assert strong["paper_verdict"] == "open"


def test_a_planted_number_is_told_and_its_halves_differ_in_sign() -> None:
    rng = np.random.default_rng(1)
    size = 60
    numbers = Numbers([f"demand.x{k}" for k in range(40)], rng.uniform(size=(size, 40)))
    effect = 1.4 - 0.8 * numbers.values[:, 7] + 0.02 * rng.normal(size=size)
    frame = points(["as_adopted", "judge"])
    values = np.repeat((np.array([np.ones(size), effect]) * 0.1)[:, :, None], 2, axis=2)
    drawn = design(arms=ARMS_OF_TWO)
    made = ArrayStudy("told", drawn, frame, drawing(), asked(), Path(), {CASES: outcomes_from(CASES, frame, values)})
    held = read(made, CASES)
    signs = pd.DataFrame(
        [{"arm": "judge", "condition": ON_PAPER, "metric": CASES.metric, "by": "all", "level": "all", "sign": "up"}]
    )
    table = driver_table([held], numbers, frozenset({"demand.x7"}), signs, spec())
    first, second = table.to_dict("records")[:2]
    assert (first["key"], first["told"], first["told_of_all"], first["calibrated"]) == ("demand.x7", True, True, True)
    assert first["correlation"] < -0.9
    assert first["lower_half"] > 0.8
    assert first["upper_half"] < 0.2
    assert not second["told_of_all"]
    assert first["bar"] < first["findable"]


def test_an_effect_that_is_the_same_in_all_draws_has_no_driver() -> None:
    found = rows(analysed().tables["drivers"])
    assert ("judge", ON_PAPER) not in found
    assert ("strong", ON_PAPER) in found


def test_numbers_are_what_the_worlds_drew(monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.parameters import drawn

    monkeypatch.setattr(conclusions, "drawn", drawn)
    found = conclusions.numbers_of(told(), [1, 2])
    assert found.values.shape == (2, len(found.keys))
    assert (found.values[0] != found.values[1]).all()
    assert drawn(drawing(), 2)[found.keys[0]] == found.values[1, 0]


def test_calibrated_numbers_are_those_that_a_calibration_names() -> None:
    study = asked()
    assert calibrated_in(study.model_copy(update={"analysis": {}})) == frozenset()
    named = study.model_copy(update={"analysis": {"calibrate": {"parameters": ["review.rho", "demand.x"]}}})
    assert calibrated_in(named) == {"review.rho", "demand.x"}


# --- beside the default -----------------------------------------------------------------------------------------------------------


def test_the_default_stands_beside_and_what_turns_is_marked() -> None:
    table = analysed().tables["conclusions"]
    default = table.assign(
        change=[10.0 if arm == "judge" else change for arm, change in zip(table["arm"], table["change"], strict=True)]
    )
    found = rows(with_default(table, default[default["arm"] != "notice"]))
    assert found["judge", ON_PAPER]["moved"] == pytest.approx(-60.0)
    assert found["judge", ON_PAPER]["turns"]
    assert not found["reform_bundle", ON_PAPER]["turns"]
    assert np.isnan(found["notice", ON_PAPER]["default"])


def test_a_store_beside_must_be_of_the_same_design_at_default_values() -> None:
    refuse_beside(told(config=load()), told())
    with pytest.raises(
        ConfigError, match=r"analysis\.conclusions\.beside: found 'told', whose worlds draw .*; accepted: a store at"
    ):
        refuse_beside(told(), told())
    less = told({name: EFFECT[name] for name in EFFECT if name != "judge"}, load())
    with pytest.raises(ConfigError, match="which lacks the arm 'judge'; accepted: a store of the same design"):
        refuse_beside(less, told())


def test_a_store_beside_that_is_not_there_is_told_by_its_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"analysis\.conclusions\.beside: found no store"):
        analyse(told(conclusions={"beside": str(tmp_path / "nowhere"), "shuffles": 100}), CASES)


def test_a_store_at_default_values_is_read_beside_and_its_changes_told(monkeypatch: pytest.MonkeyPatch) -> None:
    other = told(EFFECT | {"judge": [1.2] * DRAWS}, load())
    monkeypatch.setattr("experiments.store.places.asked_folder", lambda name, _: Path(name))
    monkeypatch.setattr("experiments.store.reader.StoredStudy", lambda _: other)
    found = analyse(told(conclusions={"beside": "default", "shuffles": 100}), CASES)
    table = found.tables["conclusions"]
    assert tuple(table.columns) == (*CONCLUSION_COLUMNS, *DEFAULT_COLUMNS)
    judge = rows(table)["judge", ON_PAPER]
    assert (judge["default"], judge["moved"], judge["worlds"]) == (pytest.approx(20.0), pytest.approx(-70.0), DRAWS)
    assert (judge["default_verdict"], judge["turns"]) == ("holds", True)
    assert any(
        "The sign changes in 1 of 20 effects: judge (on paper, case disclosure rate); the verdict changes in 0 of 20." in said
        for said in found.answer
    )


# --- what suits, and what is said -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda: told(config=load()), "wants worlds that each draw all numbers"),
        (
            lambda: told({name: EFFECT[name] for name in EFFECT if name != "as_adopted"}),
            "wants the baseline as_adopted among its arms",
        ),
        (lambda: told({name: EFFECT[name] for name in ("as_adopted", "as_adopted, adapted")}), "wants an arm besides the baseline"),
        (
            lambda: told(drawn=design(uncertainties={"review.rho": Uncertainty(low=0.0, high=0.9)}, draw="latin_hypercube")),
            "not design.uncertainties",
        ),
    ],
)
def test_a_store_that_does_not_suit_is_told_in_one_line(made: Any, why: str) -> None:
    study = made()
    assert why in str(unsuited(study))
    with pytest.raises(ConfigError, match="does not suit conclusions") as found:
        analyse(study, CASES)
    assert "\n" not in str(found.value)
    assert unsuited(told()) is None


def test_a_setting_out_of_range_is_told_by_its_key() -> None:
    with pytest.raises(ConfigError, match=r"analysis\.conclusions\.holds_from: found 0\.4"):
        analyse(told(conclusions={"holds_from": 0.4}), CASES)


def test_tables_have_the_columns_that_they_name() -> None:
    found = analysed().tables
    wanted = {"conclusions": CONCLUSION_COLUMNS, "ranking": RANKING_COLUMNS, "adapted": ADAPTED_COLUMNS, "drivers": DRIVER_COLUMNS}
    assert {name: tuple(table.columns) for name, table in found.items()} == wanted


def test_sentences_name_what_holds_what_is_best_and_what_is_left() -> None:
    said = analysed().answer
    assert said[0].startswith("Case disclosure rate, on paper. 2 of 5 effects hold: reform bundle −60 %")
    assert "1 of 5 effects is likely: notice" in said[0]
    assert "Best safeguard: judge in 100 % of draws (95 %: 84 % to 100 %; were all alike 33 %)" in said[0]
    assert "judge 20 % (more than half is gone in 100 % of draws, by replicate noise alone in 0 %)" in said[1]
    assert said[2].startswith(
        "Legit met rate: On paper 5 move nothing in the median draw of 5 effects; best safeguard judge in 33 %"
    )
    assert any(one.startswith("What would change it: ") for one in said)


def test_figures_are_drawn_of_each_outcome_and_bear_its_name() -> None:
    names = [drawing.name for drawing in analysed().drawings]
    assert names == [
        "conclusions_case_disclosure_rate",
        "first_places_case_disclosure_rate",
        "conclusions_legit_met_rate",
        "first_places_legit_met_rate",
    ]
