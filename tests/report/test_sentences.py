"""The sentences say what the numbers say, no more, and nothing where nothing is known."""

import re
from typing import Any

import numpy as np
import pytest

from experiments.report.sentences import (
    ABSENT,
    CANNOT_MOVE,
    FEW,
    PROTECTION_METRIC,
    SAME,
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
from experiments.statistics import DOWN, NO_VERDICT, UNSURE, UP
from experiments.text import THIN
from tests.report.examples import EFFECTS, arms, comparison, cooperation, facts, figures, headers

NAN = float("nan")


def row(percent: float, least: float, most: float, **other: Any) -> dict[str, Any]:
    """A row of ten worlds that all agree; the simulation error is half as wide as the range."""
    numbers = {"percent": percent, "percent_world_low": least, "percent_world_high": most, "percent_worlds": 10.0}
    numbers |= {"percent_error_low": (percent + least) / 2, "percent_error_high": (percent + most) / 2}
    numbers |= {"difference": percent, "world_low": least, "world_high": most, "worlds_agreeing": 10.0, "worlds": 10}
    rest = {"metric": PROTECTION_METRIC, "constructed_zero": False, "events_baseline": 900, "events": 700, "expected": "",
            "agrees": None, "ratio": 1 + percent / 100, "chance_share": 0.2, "adjusted_p": 0.002}  # fmt: skip
    return numbers | rest | other


def said(*args: Any, **other: Any) -> str:
    return change_sentence(row(*args, **other), 10).replace(THIN, " ")


def test_a_fall_is_told_with_the_worlds_their_range_and_the_simulation_error_the_smaller_end_first() -> None:
    assert said(-38.2, -51.0, -24.6) == (
        "Abusive cases that end in disclosure fall by 38 %, in 10 of 10 worlds (range over worlds: 25 % to 51 %; simulation error "
        "of the mean: 31 % to 45 %)."
    )


def test_a_small_rise_keeps_a_decimal() -> None:
    assert said(4.53, 2.1, 6.8, metric="legit_met_rate").startswith(
        "Legitimate needs that are met rise by 4.5 %, in 10 of 10 worlds (range over worlds: 2.1 % to 6.8 %;"
    )


def test_a_multiple_is_told_as_so_many_times() -> None:
    text = said(640, 585, 695)
    assert "rise to 7.4 times the baseline, in 10 of 10 worlds (range over worlds: 6.8 to 8.0 times; simulation error" in text


def test_a_range_that_holds_zero_cannot_be_told() -> None:
    text = said(-2.0, -6.0, 2.0, worlds_agreeing=7.0)
    assert text.startswith("We cannot tell whether abusive cases that end in disclosure become more or fewer")
    assert "2.0 % fewer on average, fewer in 7 of 10 worlds (range over worlds: 6.0 % fewer to 2.0 % more;" in text
    assert " fall" not in text
    assert " rise" not in text


def test_under_eight_worlds_there_is_a_number_and_no_verdict() -> None:
    text = said(-38.2, -51.0, -24.6, worlds=5, worlds_agreeing=5.0, percent_worlds=5.0)
    assert "38 % fewer on average, fewer in 5 of 5 worlds (range over worlds: 25 % to 51 %" in text
    assert text.endswith("; too few worlds for a verdict: 5; 8 or more.")
    assert " fall" not in text


def test_what_is_mostly_chance_is_said_to_be() -> None:
    assert "; mostly chance)" in said(-38.2, -51.0, -24.6, chance_share=0.6)
    assert "chance" not in said(-38.2, -51.0, -24.6, chance_share=0.5)
    assert "chance" not in said(-38.2, -51.0, -24.6, chance_share=NAN)


def test_a_range_of_per_cents_says_which_worlds_have_one() -> None:
    text = said(-38.2, NAN, NAN, percent_worlds=7.0)
    assert "no range over worlds: baseline 0 in 3 of 10 worlds" in text, "a range over the other 7 need not hold the mean"


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
    assert verdict(still, 10) == verdict(row(0.0, NAN, NAN, events=900, worlds=1), 10) == SAME
    assert change_sentence(still, 10) == "Abusive cases that end in disclosure: no change in any run."
    assert quick(still, "such disclosures", 10) == "such disclosures: no change in any run"
    (text,) = sentences_of([still, still | {"metric": "legit_met_rate"}], 10)
    assert text.startswith("Nothing moved in any run: neither abusive cases that end in disclosure nor legitimate needs")
    assert verdict(row(0.0, -1.0, 1.0, events=900), 10) == UNSURE
    assert verdict(row(0.0, NAN, NAN, events=899, worlds=1), 10) == NO_VERDICT


def test_one_world_has_a_number_and_no_verdict() -> None:
    text = said(-38.0, NAN, NAN, worlds=1)
    assert text.endswith("38 % fewer in the only world; too few worlds for a verdict: 1; 8 or more.")


def test_an_unbounded_error_of_a_percentage_is_said_to_be_unbounded() -> None:
    text = said(-38.0, -50.0, -20.0, percent_error_low=NAN, percent_error_high=NAN)
    assert "fall by 38 %, in 10 of 10 worlds (range over worlds: 20 % to 50 %; simulation error of the mean: unbounded in" in text


def test_a_missing_baseline_gives_no_number() -> None:
    assert "no number can be given" in said(NAN, NAN, NAN, difference=0.1, world_low=0.05, world_high=0.2)


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ((-5, -9, -1), DOWN),
        ((5, 1, 9), UP),
        ((1, -1, 3), UNSURE),
        ((1, 0, 2), UNSURE),
        ((5, NAN, NAN), UNSURE),  # no range of ten worlds is missing; if it were, nothing could be told
        ((NAN,) * 3, ABSENT),
    ],
)
def test_a_verdict_is_that_of_the_range_over_worlds(numbers: tuple[float, float, float], kind: str) -> None:
    assert verdict(row(*numbers), 10) == kind
    assert verdict(row(*numbers, worlds=7), 10) == (ABSENT if kind == ABSENT else NO_VERDICT)


def test_a_verdict_knows_what_cannot_move_and_what_is_too_few() -> None:
    assert verdict(row(-5, -9, -1, events=9), 10) == FEW
    assert verdict(row(-5, -9, -1, events=9, constructed_zero=True), 10) == CANNOT_MOVE
    assert verdict(None, 10) == ABSENT


def test_an_expectation_is_borne_out_contradicted_or_open() -> None:
    words = [foreseen([row(-5, -9, -1, expected="down", agrees=agrees)]) for agrees in (True, False, None)]
    told = ["borne out", "the runs say otherwise", "the worlds do not tell"]
    assert [text.rpartition("to fall ")[2] for text in words] == [f"({verdict})." for verdict in told]
    assert all("disclosure to fall" in text for text in words)
    assert foreseen([row(-5, -9, -1)]) == ""
    both = [row(-5, -9, -1, expected="down", agrees=True), row(1, -1, 3, expected="same", agrees=True, metric="legit_met_rate")]
    assert foreseen(both).endswith("to fall (borne out) and legitimate needs that are met not to change (borne out).")


def test_an_expectation_of_what_cannot_move_is_no_prediction_that_came_true() -> None:
    fixed = foreseen([row(NAN, NAN, NAN, expected="same", constructed_zero=True)])
    assert fixed.endswith("not to change (they cannot move, by construction).")


def delay(days: float, low: float, high: float, quantile: str = "0.25", worlds: int = 10) -> str:
    told = {"delay_quantile": quantile, "delay_days": days, "delay_days_world_low": low, "delay_days_world_high": high}
    return waited(told | {"delay_days_worlds_agreeing": float(worlds), "worlds": worlds}).replace(THIN, " ")


def test_a_delay_is_later_sooner_or_not_clearly_moved() -> None:
    later = "The day by which 25 % of all needs are met comes 28 days later, in 10 of 10 worlds (range over worlds: 26 to 30)."
    assert delay(28, 26, 30) == later
    assert "comes 6 days sooner, in 10 of 10 worlds (range over worlds: 4 to 8)" in delay(-6, -8, -4)
    assert delay(1, -1, 3).endswith("does not clearly move (range over worlds: −1 to +3 days).")
    assert delay(0.1, -0.2, 0.4).endswith("moves by less than a day, if at all.")
    assert delay(-6, -8, -4, worlds=5).endswith(
        "moves by −6 days on average (range over worlds: −8 to −4); too few worlds for a verdict: 5; 8 or more."
    )
    assert delay(NAN, NAN, NAN, "") == ""


def test_in_short_a_change_is_a_few_words() -> None:
    text = quick(row(-78.0, -84.0, -72.0), "such disclosures", 10).replace(THIN, " ")
    assert text == "78 % fewer such disclosures in 10 of 10 worlds (72 % to 84 %)"
    assert (
        quick(row(640, 585, 695), "such disclosures", 10)
        == "7.4 times as many such disclosures in 10 of 10 worlds (6.8 to 8.0 times)"
    )
    assert "cannot tell" in quick(row(-2.0, -6.0, 2.0), "such disclosures", 10)
    assert quick(row(-78.0, -84.0, -72.0, worlds=5), "such disclosures", 10).endswith("; too few worlds for a verdict")
    assert quick(row(NAN, NAN, NAN, events=3), "such disclosures", 10) == "such disclosures: no number"


@pytest.mark.parametrize("question", ["S06p, what if?", "S13b: what if?", "S21, what if?"])
def test_the_id_that_opens_a_question_is_told_apart(question: str) -> None:
    assert numbered(question) == (re.split("[,:]", question)[0], "What if?")


def test_scenarios_are_sorted_into_what_can_be_said() -> None:
    study = comparison_study(comparison(), cooperation(), arms(), headers(), facts(), figures())
    kinds = {kind: study.of(PROTECTION_METRIC, kind) for kind in (DOWN, UP, UNSURE, CANNOT_MOVE, FEW, ABSENT)}
    assert sorted(arm for found in kinds.values() for arm in found) == sorted(EFFECTS)
    for arm, (percent, _, spread, _) in EFFECTS.items():
        unsure = percent is not None and (abs(percent) <= spread or abs(percent) < 5)  # under five it is mostly chance
        wanted = CANNOT_MOVE if percent is None else UNSURE if unsure else DOWN if percent < 0 else UP
        assert arm in kinds[wanted]
    assert kinds[DOWN] == sorted(kinds[DOWN], key=lambda arm: EFFECTS[arm][0] or np.nan)


def test_a_table_without_a_column_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no column percent_world_high"):
        comparison_study(comparison().drop(columns="percent_world_high"), cooperation(), arms(), headers(), facts(), figures())
    with pytest.raises(ValueError, match="no column on_frontier"):
        comparison_study(comparison(), cooperation().drop(columns="on_frontier"), arms(), headers(), facts(), figures())


def test_baselines_of_one_name_that_differ_have_digests_of_their_own() -> None:
    one, two, three = arms()[:3]
    other = two.baseline_config.model_copy(update={"years": 3})
    digests = arm_digests([one, two._replace(baseline_config=other), three])
    assert list(digests) == ["as_adopted", f"as_adopted for {two.name}", one.name, two.name, three.name]
    assert digests["as_adopted"] == one.baseline_config.digest() != digests[f"as_adopted for {two.name}"]
