"""The sentences say what the numbers say, no more, and nothing where nothing is known."""

import re
from typing import Any

import numpy as np
import pytest

from experiments.report.sentences import (
    ABSENT,
    CANNOT_MOVE,
    DOWN,
    FEW,
    PROTECTION_METRIC,
    SAME,
    UNSURE,
    UP,
    arm_digests,
    change_sentence,
    comparison_study,
    foreseen,
    numbered,
    quick,
    sentences_of,
    verdict,
    waited,
)
from experiments.text import THIN
from tests.report.examples import EFFECTS, arms, comparison, cooperation, facts, figures, headers

NAN = float("nan")


def row(percent: float, least: float, most: float, **other: Any) -> dict[str, Any]:
    numbers = {"percent": percent, "percent_low": least, "percent_high": most}
    numbers |= {"difference": percent, "low": least, "high": most}
    ratios = {"ratio": 1 + percent / 100, "ratio_low": 1 + least / 100, "ratio_high": 1 + most / 100}
    rest = {"metric": PROTECTION_METRIC, "constructed_zero": False, "events_baseline": 900, "events": 700, "expected": "",
            "agrees": None}  # fmt: skip
    return numbers | ratios | rest | other


def said(*args: Any, **other: Any) -> str:
    return change_sentence(row(*args, **other), 10).replace(THIN, " ")


def test_a_fall_is_told_with_its_interval_the_smaller_end_first() -> None:
    assert said(-38.2, -51.0, -24.6) == "Abusive cases that end in disclosure fall by 38 % (95 % interval: 25 % to 51 %)."


def test_a_small_rise_keeps_a_decimal() -> None:
    assert said(4.53, 2.1, 6.8, metric="legit_met_rate") == (
        "Legitimate needs that are met rise by 4.5 % (95 % interval: 2.1 % to 6.8 %)."
    )


def test_a_multiple_is_told_as_so_many_times() -> None:
    assert said(640, 585, 695).endswith("rise to 7.4 times the baseline (95 % interval: 6.8 to 8.0 times).")


def test_an_interval_that_holds_zero_cannot_be_told() -> None:
    text = said(-2.0, -6.0, 2.0)
    assert text.startswith("We cannot tell whether abusive cases that end in disclosure become more or fewer")
    assert text.endswith("from 6.0 % fewer to 2.0 % more.")
    assert " fall" not in text
    assert " rise" not in text


def test_nothing_can_move_by_construction() -> None:
    assert said(NAN, NAN, NAN, constructed_zero=True) == "Abusive cases that end in disclosure: nothing can move by construction."


def test_where_neither_score_can_move_it_is_said_once() -> None:
    rows = [row(NAN, NAN, NAN, constructed_zero=True, metric=metric) for metric in (PROTECTION_METRIC, "legit_met_rate")]
    (text,) = sentences_of(rows, 10)
    assert text.startswith("Nothing can move by construction: abusive cases that end in disclosure and legitimate needs")
    assert len(sentences_of([rows[0], row(-5, -6, -4)], 10)) == 2


@pytest.mark.parametrize(("before", "after", "words"), [(900, 9, "baseline 900, here <10"), (3, 700, "baseline <10, here 700")])
def test_few_events_bear_no_number(before: int, after: int, words: str) -> None:
    text = said(NAN, NAN, NAN, events_baseline=before, events=after)
    assert words in text
    assert "%" not in text


def test_what_moved_in_no_run_is_no_doubt() -> None:
    still = row(0.0, 0.0, 0.0, events=900)
    assert verdict(still, 10) == verdict(row(0.0, NAN, NAN, events=900), 10) == SAME
    assert change_sentence(still, 10) == "Abusive cases that end in disclosure: no change in any run."
    assert quick(still, "such disclosures", 10) == "such disclosures: no change in any run"
    (text,) = sentences_of([still, still | {"metric": "legit_met_rate"}], 10)
    assert text.startswith("Nothing moved in any run: neither abusive cases that end in disclosure nor legitimate needs")
    assert verdict(row(0.0, -1.0, 1.0, events=900), 10) == UNSURE
    assert verdict(row(0.0, NAN, NAN, events=899), 10) == UNSURE


def test_without_an_interval_we_cannot_tell() -> None:
    text = said(-38.0, NAN, NAN)
    assert "38 % fewer on average" in text
    assert "we cannot tell" in text


def test_an_unbounded_percentage_of_a_clear_difference_is_no_doubt() -> None:
    text = change_sentence(row(-38.0, NAN, NAN, low=-0.03, high=-0.01, difference=-0.02), 10)
    assert "cannot tell" not in text
    assert "that side of zero" in text


def test_a_missing_baseline_gives_no_number() -> None:
    assert "no number can be given" in said(NAN, NAN, NAN, difference=0.1, low=0.05, high=0.2)


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ((-5, -9, -1), DOWN),
        ((5, 1, 9), UP),
        ((1, -1, 3), UNSURE),
        ((1, 0, 2), UNSURE),
        ((5, NAN, NAN), UNSURE),
        ((NAN,) * 3, ABSENT),
    ],
)
def test_a_verdict_is_that_of_the_interval(numbers: tuple[float, float, float], kind: str) -> None:
    assert verdict(row(*numbers), 10) == kind


def test_a_verdict_knows_what_cannot_move_and_what_is_too_few() -> None:
    assert verdict(row(-5, -9, -1, events=9), 10) == FEW
    assert verdict(row(-5, -9, -1, events=9, constructed_zero=True), 10) == CANNOT_MOVE
    assert verdict(None, 10) == ABSENT


def test_an_expectation_is_borne_out_contradicted_or_open() -> None:
    words = [foreseen([row(-5, -9, -1, expected="down", agrees=agrees)]) for agrees in (True, False, None)]
    told = ["borne out", "the runs say otherwise", "the interval does not tell"]
    assert [text.rpartition("to fall ")[2] for text in words] == [f"({verdict})." for verdict in told]
    assert all("disclosure to fall" in text for text in words)
    assert foreseen([row(-5, -9, -1)]) == ""
    both = [row(-5, -9, -1, expected="down", agrees=True), row(1, -1, 3, expected="same", agrees=True, metric="legit_met_rate")]
    assert foreseen(both).endswith("to fall (borne out) and legitimate needs that are met not to change (borne out).")


def test_an_expectation_of_what_cannot_move_is_no_prediction_that_came_true() -> None:
    fixed = foreseen([row(NAN, NAN, NAN, expected="same", constructed_zero=True)])
    assert fixed.endswith("not to change (they cannot move, by construction).")


def delay(days: float, low: float, high: float, quantile: str = "0.25") -> str:
    return waited({"delay_quantile": quantile, "delay_days": days, "delay_days_low": low, "delay_days_high": high}).replace(
        THIN, " "
    )


def test_a_delay_is_later_sooner_or_not_clearly_moved() -> None:
    assert delay(28, 26, 30) == "The day by which 25 % of all needs are met comes 28 days later (26 to 30)."
    assert delay(-6, -8, -4) == "The day by which 25 % of all needs are met comes 6 days sooner (4 to 8)."
    assert delay(1, -1, 3).endswith("does not clearly move (−1 to +3 days).")
    assert delay(0.1, -0.2, 0.4).endswith("moves by less than a day, if at all.")
    assert delay(NAN, NAN, NAN, "") == ""


def test_in_short_a_change_is_a_few_words() -> None:
    text = quick(row(-78.0, -84.0, -72.0), "such disclosures", 10).replace(THIN, " ")
    assert text == "78 % fewer such disclosures (72 % to 84 %)"
    assert quick(row(640, 585, 695), "such disclosures", 10) == "7.4 times as many such disclosures (6.8 to 8.0)"
    assert "cannot tell" in quick(row(-2.0, -6.0, 2.0), "such disclosures", 10)
    assert quick(row(NAN, NAN, NAN, events=3), "such disclosures", 10) == "such disclosures: no number"


@pytest.mark.parametrize("question", ["S06p, what if?", "S13b: what if?", "S21, what if?"])
def test_the_id_that_opens_a_question_is_told_apart(question: str) -> None:
    assert numbered(question) == (re.split("[,:]", question)[0], "What if?")


def test_scenarios_are_sorted_into_what_can_be_said() -> None:
    study = comparison_study(comparison(), cooperation(), arms(), headers(), facts(), figures())
    kinds = {kind: study.of(PROTECTION_METRIC, kind) for kind in (DOWN, UP, UNSURE, CANNOT_MOVE, FEW, ABSENT)}
    assert sorted(arm for found in kinds.values() for arm in found) == sorted(EFFECTS)
    for arm, (percent, _, spread, _) in EFFECTS.items():
        wanted = CANNOT_MOVE if percent is None else UNSURE if abs(percent) <= spread else DOWN if percent < 0 else UP
        assert arm in kinds[wanted]
    assert kinds[DOWN] == sorted(kinds[DOWN], key=lambda arm: EFFECTS[arm][0] or np.nan)


def test_a_table_without_a_column_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no column percent_high"):
        comparison_study(comparison().drop(columns="percent_high"), cooperation(), arms(), headers(), facts(), figures())
    with pytest.raises(ValueError, match="no column on_frontier"):
        comparison_study(comparison(), cooperation().drop(columns="on_frontier"), arms(), headers(), facts(), figures())


def test_baselines_of_one_name_that_differ_have_digests_of_their_own() -> None:
    one, two, three = arms()[:3]
    other = two.baseline_config.model_copy(update={"years": 3})
    digests = arm_digests([one, two._replace(baseline_config=other), three])
    assert list(digests) == ["as_adopted", f"as_adopted for {two.name}", one.name, two.name, three.name]
    assert digests["as_adopted"] == one.baseline_config.digest() != digests[f"as_adopted for {two.name}"]
