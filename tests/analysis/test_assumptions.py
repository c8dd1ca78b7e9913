"""Extremes over single assumptions, on a study whose every effect is written down beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.assumptions import (
    AS_CONFIGURED,
    END_COLUMNS,
    EXTREME_COLUMNS,
    analyse,
    assumption_words,
    unsuited,
)
from experiments.analysis.record import Analysis
from experiments.design.designs import Design, Uncertainty
from experiments.design.entries import POINT_COLUMNS
from experiments.design.sampling import parameter_draws
from experiments.store.outcomes import ArrayStudy, Outcome
from sim.world.record import ConfigError
from tests.analysis.studies import CASES, read_against, study

JOURNALISTS = Outcome("targeted_rate", "group", "journalist")
KEYS = {
    "review.rho": Uncertainty(low=0.0, high=0.9),
    "conduct.direct_share": Uncertainty(low=0.1, high=0.7),
    "people.rows": Uncertainty(values=[300, 400]),
}
LUCK = np.array([-0.3, 0.1, 0.2])[:, None]  # of worlds, as a factor: the same for all policies, so no change feels it
EFFECT = {
    # draw: nothing, rho 0, rho 0.9, direct_share 0.1, 0.7, rows 300, 400
    "halves": [0.5, 0.4, 0.6, 0.5, 1.1, 0.5, 0.5],
    "adds": [1.1, 1.1, 1.1, 1.2, 0.9, 1.1, 1.1],
    "nothing": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
}


def design(**more: Any) -> Design:
    given = {"scenarios": ["as_adopted", *EFFECT], "uncertainties": KEYS, "draw": "ends"} | more
    return Design(question="what if?", **given)


def points(drawn: Design) -> pd.DataFrame:
    draws = parameter_draws(drawn)
    rows = [
        {"point": f"{name}{condition}{number}", "scenario": name, "condition": condition, "draw": number} | values
        for name in drawn.scenarios or []
        for condition in drawn.conditions or [""]
        for number, values in enumerate(draws.to_dict("records"))
    ]
    frame = pd.DataFrame(rows)
    frame.insert(1, "place", range(len(rows)))
    frame = read_against(frame, drawn)
    return frame[[*POINT_COLUMNS, *KEYS]]


def values(frame: pd.DataFrame, effects: dict[str, list[float]]) -> np.ndarray:
    """The baseline's level moves with the draw too, so that only a comparison within a draw finds the effects."""
    level = 0.2 * (1.0 + 0.5 * frame["draw"].to_numpy(float))
    factor = np.array([effects.get(row["scenario"], [1.0] * 9)[row["draw"]] for row in frame.to_dict("records")])
    return np.asarray((level * factor)[:, None, None] * (1.0 + LUCK)[None])


def told(drawn: Design | None = None, frame: pd.DataFrame | None = None, **more: Any) -> ArrayStudy:
    drawn = design() if drawn is None else drawn
    frame = points(drawn) if frame is None else frame
    return study(drawn, frame, {CASES: values(frame, EFFECT | more)})


def rows(analysis: Analysis, table: str = "extremes") -> dict[str, dict[str, Any]]:
    return {str(row["arm"]): {str(k): v for k, v in row.items()} for row in analysis.tables[table].to_dict("records")}


def test_each_extreme_is_found_against_the_baseline_of_its_own_draw_and_named() -> None:
    found = rows(analyse(told(), CASES))
    assert list(found) == list(EFFECT)
    halves, adds, nothing = (found[name] for name in EFFECT)
    assert [halves[name] for name in ("as_configured", "low", "high")] == pytest.approx([-50.0, -60.0, 10.0])
    assert (halves["low_assumption"], halves["high_assumption"]) == ("review.rho=0", "conduct.direct_share=0.7")
    assert halves["turns"] == "conduct.direct_share=0.7"
    assert [adds[name] for name in ("as_configured", "low", "high")] == pytest.approx([10.0, -10.0, 20.0])
    assert (adds["low_assumption"], adds["high_assumption"]) == ("conduct.direct_share=0.7", "conduct.direct_share=0.1")
    assert [nothing[name] for name in ("as_configured", "low", "high")] == pytest.approx([0.0, 0.0, 0.0])
    assert (nothing["low_assumption"], nothing["high_assumption"], nothing["turns"]) == (AS_CONFIGURED, AS_CONFIGURED, "")


def test_what_moves_nothing_is_never_named_and_said_to_move_nothing() -> None:
    analysis = analyse(told(), CASES)
    named = analysis.tables["extremes"][["low_assumption", "high_assumption", "turns"]].to_numpy().ravel()
    assert not any("people.rows" in str(said) for said in named)
    assert "Nothing here moves with rows." in analysis.sure


def test_the_range_over_worlds_is_that_of_the_configured_draw() -> None:
    frame = points(design())
    array = values(frame, EFFECT)
    array[(frame["scenario"] == "halves").to_numpy()] *= np.array([0.8, 1.0, 1.2])[:, None]
    found = rows(analyse(study(design(), frame, {CASES: array}), CASES))["halves"]
    assert [found["world_low"], found["world_high"]] == pytest.approx([-60.0, -40.0])
    assert found["worlds"] == 3


def test_an_extreme_within_luck_is_marked_and_one_beyond_it_is_clear() -> None:
    frame = points(design())
    array = values(frame, {"halves": [0.5, 0.4, 0.501, 0.5, 0.5, 0.5, 0.5]})
    noisy = ((frame["scenario"] == "halves") & (frame["draw"] == 2)).to_numpy()
    array[noisy] *= np.array([0.9, 1.0, 1.1])[:, None]
    found = analyse(study(design(), frame, {CASES: array}), CASES)
    row = rows(found)["halves"]
    assert row["low_assumption"] == "review.rho=0"
    assert row["low_clear"]
    assert row["high_assumption"] == "review.rho=0.9"
    assert not row["high_clear"]
    ends = found.tables["ends"].query("arm == 'halves' and key == 'review.rho'").set_index("value")
    assert ends.loc["0", ["change", "shift"]].tolist() == pytest.approx([-60.0, -10.0])
    assert ends.loc["0.9", "shift_error_low"] < 0 < ends.loc["0.9", "shift_error_high"]


def test_a_number_on_few_events_is_withheld_and_makes_no_extreme() -> None:
    study_of = told()
    few = study_of.held[CASES]
    counts = few.counts.copy()
    lonely = ((few.points["scenario"] == "halves") & (few.points["draw"] == 4)).to_numpy()
    counts[lonely] = 1
    counts[(few.points["scenario"] == "adds").to_numpy()] = 1
    study_of.held[CASES] = few._replace(counts=counts)
    found = analyse(study_of, CASES)
    halves, adds = rows(found)["halves"], rows(found)["adds"]
    assert halves["high_assumption"] == "review.rho=0.9"
    assert halves["turns"] == ""
    assert np.isnan(adds["as_configured"])
    assert adds["events"] == 3
    assert any("Without a number" in said and "adds" in said for said in found.answer)


def test_a_world_that_one_draw_lacks_leaves_all_draws_of_that_policy() -> None:
    frame = points(design())
    array = values(frame, EFFECT)
    halves = (frame["scenario"] == "halves").to_numpy()
    array[halves, 0] *= 2.0  # a world in which it does not halve
    array[halves & (frame["draw"] == 3).to_numpy(), 0] = np.nan
    row = rows(analyse(study(design(), frame, {CASES: array}), CASES))["halves"]
    assert row["worlds"] == 2
    assert row["as_configured"] == pytest.approx(-50.0)


def test_conditions_stand_apart_and_outcomes_of_the_question_stand_in_one_table() -> None:
    drawn = design(conditions={"before": {}, "follows": {}})
    frame = points(drawn)
    array = values(frame, EFFECT)
    array[((frame["scenario"] == "halves") & (frame["condition"] == "follows")).to_numpy()] *= 1.4
    analysis = analyse(study(drawn, frame, {CASES: array, JOURNALISTS: 100 * array}), CASES)
    table = analysis.tables["extremes"]
    assert tuple(table.columns) == EXTREME_COLUMNS
    assert tuple(analysis.tables["ends"].columns) == END_COLUMNS
    assert len(table) == 2 * 2 * 3
    by = table[table["arm"] == "halves"].set_index(["metric", "condition"])["as_configured"]
    assert by["case_disclosure_rate", "before"] == pytest.approx(-50.0)
    assert by["case_disclosure_rate", "follows"] == pytest.approx(-30.0)
    assert by["targeted_rate", "follows"] == pytest.approx(-30.0)
    assert len({drawing.name for drawing in analysis.drawings}) == len(analysis.drawings) == 3
    assert table.set_index("arm").loc["halves", "changes"].tolist() == ["scenario=halves"] * 4


def test_sentences_name_the_widest_effect_and_what_turns_it() -> None:
    answer = " ".join(analyse(told(), CASES).answer)
    assert "halves −50 % (range over 3 worlds −50 to −50), from −60 % (rho 0) to +10 % (direct share 0.7)" in answer
    assert "The sign turns in 2 of 3 effects" in answer
    assert assumption_words("states.treaties.density=-6; review.rho=0.9") == "treaties density −6; rho 0.9"


@pytest.mark.parametrize(
    ("drawn", "why"),
    [
        (design(draw="latin_hypercube", size=4), "draw: latin_hypercube"),
        (design(draw=None, uncertainties={}), "no draw"),
        (design(scenarios=["halves", "adds"]), "wants the baseline as_adopted"),
        (design(scenarios=["as_adopted"]), "wants a policy besides"),
    ],
)
def test_other_studies_are_refused_with_the_reason(drawn: Design, why: str) -> None:
    frame = points(drawn) if drawn.draw == "ends" else points(design())
    made = study(drawn, frame, {CASES: values(frame, EFFECT)})
    assert why in str(unsuited(made))
    with pytest.raises(ConfigError, match="does not suit assumptions"):
        analyse(made, CASES)


def test_without_the_configured_draw_nothing_can_be_said() -> None:
    frame = points(design())
    assert "as configured" in str(unsuited(told(frame=frame[frame["draw"] > 0].reset_index(drop=True))))
    assert unsuited(told()) is None
