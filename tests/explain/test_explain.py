"""What the study prints: who asked, what was truly done, what each reader saw, and where the stories part."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from rich.console import Console

from experiments.cli import main
from experiments.studies.explain import chapters, notable, pair_of, person_rows, side_by_side
from experiments.trace.divergence import divergence
from experiments.trace.events import life_of
from experiments.trace.recording import Witnessed, witness
from experiments.trace.sentences import parting_words, sentence, wish
from sim.metrics import cohort_of
from sim.review.safeguard import in_check_order
from sim.simulation import simulate
from sim.world.record import ConfigError
from sim.world.vocabulary import DOMESTIC, FABRICATED, RECHARACTERISED
from tests.explain.runs import REFUSALS, SEED, everything, loaded, with_refusals_a_duty
from tests.worlds import SMALL, made_up, with_safeguard

CHANGED = [f"instruments.{text}.safeguards.{name}=must" for text in ("hanoi", "budapest", "mlat", "comity") for name in REFUSALS]
ARGUMENTS = ("explain", *SMALL, "review.load=false", f"seed={SEED}", *CHANGED)
ISO = r"20\d\d-\d\d-\d\d"


def told(a: Witnessed, b: Witnessed, case: int, terminal: bool = False, width: int = 10_000) -> str:
    """The story of a case as it is printed."""
    console = Console(file=io.StringIO(), width=width)
    console.print(side_by_side(a, b, case, terminal))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def abusive_case(kind: int | None = None) -> tuple[Witnessed, Witnessed, int]:
    """A case about a person at risk that ends differently, framed in a given way if there is such a one."""
    a, b, cases = with_refusals_a_duty()
    docket, rows = a.finished.docket, [case for case in cases if a.finished.cases.abusive[case]]
    framed = [case for case in rows if kind is None or docket.kind[a.requests_of(case)[-1]] == kind]
    return a, b, framed[0]


# --- wording -------------------------------------------------------------------------------------------------------------


def test_a_story_opens_with_who_asked_and_with_what_no_reviewer_knows() -> None:
    a, b, case = abusive_case()
    cases, world = a.finished.cases, a.finished.world
    text = told(a, b, case)
    asks = world.states.names[cases.requester[case]]
    assert f"# Case {cases.id[case]}, seed {SEED}: {a.config.scenario_name} beside {b.config.scenario_name}" in text
    assert re.search(rf"On {ISO} {asks} \(\w+\) wished for \w+ data", text)
    conduct = world.offences.names[cases.conduct[case]].replace("_", " ")
    assert f"What was truly done, hidden from every reviewer: {conduct}" in text
    assert f"person {world.people.ids[cases.person[case]]}," in text


def test_a_story_says_by_which_chance_and_luck_a_ground_was_applied() -> None:
    a, b, cases = with_refusals_a_duty()
    found = next(d for d in (divergence(a, b, case) for case in cases) if d and d.step == "desk" and d.why == ("applied",))
    assert found.one is not None
    assert found.other is not None
    names = a.config.scenario_name, b.config.scenario_name
    chance, more = (fact.given["chance"] for fact in (found.one, found.other))
    luck = found.other.given["luck"]
    assert chance <= luck < more, "so it is applied under the second alone"
    assert parting_words(a, b, found) == (
        f"The stories part at desk, {found.rule.replace('_', ' ')}: applied with chance {chance:.2f} "
        f"under `{found.one.given['force']}` ({names[0]}), "
        f"{more:.2f} under `must` ({names[1]}); its luck is {luck:.2f}."
    )


@pytest.mark.parametrize(("kind", "word"), [(RECHARACTERISED, "Recharacterised"), (FABRICATED, "Fabricated")])
def test_a_story_names_the_framing(kind: int, word: str) -> None:
    seen, cases = with_refusals_a_duty()[0], with_refusals_a_duty()[2]
    framed = [c for c in cases if seen.requests_of(c).size and seen.finished.docket.kind[seen.requests_of(c)[-1]] == kind]
    if not framed:
        docket = seen.finished.docket
        rows = np.flatnonzero(seen.finished.cases.abusive[docket.case] & (docket.kind == kind))
        framed = [int(docket.case[rows[0]])]
        seen = witness(seen.config, framed, SEED)
    assert f"**what is alleged.** {word}: " in told(seen, seen, framed[0])


def test_a_story_weighs_the_label_against_each_text_in_force() -> None:
    a, b, case = abusive_case()
    text = told(a, b, case)
    assert re.search(r"Governed by \w+\. In force between the two: .*comity \(within reach\)", text)
    assert re.search(r"cited is .*\(class [ABCD]: ", text)


def test_every_look_says_what_it_saw_and_every_score_meets_its_bar() -> None:
    """The score is the highest bar against which the rule would have stood, so it is over the bar exactly where it stood."""
    seen = witness(everything(made_up("review.firm_notice.share=0.6")), range(0, 4000, 10), SEED)
    scored = 0
    by_firms = 0
    for case in range(0, 4000, 10):
        if seen.finished.case_status[case] == DOMESTIC:
            continue
        for fact in life_of(seen, case).facts:
            if fact.given.get("score") is not None:
                scored += 1
                by_firms += fact.rule == "firm_notice"  # the remedy of whoever the firm told
                assert (fact.given["score"] > fact.given["read"]["bar"]) == fact.given["there"], fact
    assert scored > 100
    assert by_firms > 0


def test_steps_that_agree_are_told_once_and_others_under_both_names() -> None:
    a, b, case = abusive_case()
    parts = chapters(a, b, (life_of(a, case), life_of(b, case)))
    lines = [line for chapter in parts.values() for line in chapter]
    text = told(a, b, case)
    assert "The choice of the requester" in parts
    for line in lines:
        if line.told[0] == line.told[1]:
            assert f"- **{line.name}.** {line.told[0]}" in text
        else:
            assert (
                f"  - {a.config.scenario_name}: {line.told[0] or '-'}\n  - {b.config.scenario_name}: {line.told[1] or '-'}" in text
            )
    assert any(line.told[0] == line.told[1] for line in lines)
    assert any(line.told[0] != line.told[1] for line in lines)


def test_a_terminal_gets_two_columns_of_its_own_width() -> None:
    a, b, case = abusive_case()
    text = told(a, b, case, terminal=True, width=110)
    assert max(map(len, text.splitlines())) <= 110
    assert "the same" in text
    assert "**" not in text


def test_two_runs_of_one_scenario_tell_one_story() -> None:
    a, _, case = abusive_case()
    text = told(a, a, case)
    assert "The two stories are the same, step by step." in text
    assert "\n  - " not in text


def test_an_ordinary_need_is_told_without_a_person() -> None:
    a, _, cases = with_refusals_a_duty()
    case = next(case for case in cases if not a.finished.cases.abusive[case])
    opening = " ".join(wish(a, case))
    assert "The need is legitimate." in opening
    assert "person " not in opening.replace("one person", "")


# --- finding cases and people --------------------------------------------------------------------------------------------


def test_a_person_s_life_is_all_cases_about_them() -> None:
    result = simulate(loaded(), SEED)
    people, cases = result.finished.world.people, result.finished.cases
    counts = np.bincount(cases.person[cases.person >= 0], minlength=people.count)
    for row in np.argsort(-counts)[:3]:
        found = person_rows(result, int(people.ids[row]))
        assert found == [case for case in range(cases.id.size) if cases.person[case] == row]
        assert len(found) > 1


def test_the_listed_cases_end_differently_and_people_at_risk_come_first() -> None:
    a, b, cases = with_refusals_a_duty()
    found = notable(simulate(a.config, SEED), simulate(b.config, SEED))
    ordinary = [case for case in found if not a.finished.cases.abusive[case]]
    assert set(found) - set(ordinary) <= set(cases)
    assert len(ordinary) == 8
    assert cohort_of(a.finished)[found].all(), "what arises outside the window is counted nowhere"
    abusive = a.finished.cases.abusive[found].tolist()
    assert abusive == sorted(abusive, reverse=True)
    assert True in abusive
    assert False in abusive


def test_an_override_of_policy_alone_is_read_against_the_scenario_without_it() -> None:
    baseline, chosen, _ = pair_of(ARGUMENTS[1:])
    assert baseline.instruments["hanoi"].safeguards["discrimination"] == "may"
    assert chosen.instruments["hanoi"].safeguards["discrimination"] == "must"
    assert baseline.review.load == chosen.review.load


def test_an_override_beside_a_scenario_reaches_both() -> None:
    baseline, chosen, _ = pair_of(("scenario=no_treaty", "years=3", "review.rho=0.25"))
    assert (baseline.review.rho, chosen.review.rho) == (0.25, 0.25)
    assert (baseline.scenario_name, chosen.scenario_name) == ("as_adopted", "no_treaty")


# --- the command line ----------------------------------------------------------------------------------------------------


def test_without_an_id_the_command_lists_cases_and_says_how_to_tell_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ARGUMENTS]) == 0
    listed = capsys.readouterr().out
    ids = re.findall(r"^\| (\d{10,}) ", listed, flags=re.MULTILINE)
    assert len(ids) > 3
    assert f"rogatory {' '.join(ARGUMENTS)} case={ids[0]}" in listed
    assert main([*ARGUMENTS, f"case={ids[0]}"]) == 0
    assert f"# Case {ids[0]}" in capsys.readouterr().out


def test_a_person_is_told_with_every_case(capsys: pytest.CaptureFixture[str]) -> None:
    a = with_refusals_a_duty()[0]
    people, cases = a.finished.world.people, a.finished.cases
    row = int(np.argmax(np.bincount(cases.person[cases.person >= 0], minlength=people.count)))
    about = np.flatnonzero(cases.person == row)
    assert main([*ARGUMENTS, f"person={people.ids[row]}"]) == 0
    said = capsys.readouterr().out
    assert f"Person {people.ids[row]}: a " in said
    assert f"All {about.size} cases about them" in said
    for case in about:
        assert f"| {cases.id[case]} " in said
        assert (f"# Case {cases.id[case]}," in said) == (a.finished.case_status[case] != DOMESTIC)


def _one_line(said: str) -> str:
    assert said.count("\n") == 1
    assert said.startswith("rogatory: ")
    return said


def test_mistakes_are_one_line_and_exit_status_two(capsys: pytest.CaptureFixture[str]) -> None:
    a = with_refusals_a_duty()[0]
    home = int(np.flatnonzero(a.finished.case_status == DOMESTIC)[0])
    state = a.finished.world.states.codes[a.finished.cases.requester[home]]
    for given, wanted in (
        (["case=12"], f"case: found 12, no case of seed {SEED}; accepted: an id of this seed's cases such as "),
        (["person=12"], "person: found 12, nobody at risk in this world; accepted: an id of a person at risk such as "),
        (["case=12", "person=13"], "case: found 12 beside person 13; accepted: one of the two"),
        ([f"case={a.finished.cases.id[home]}"], f"whose evidence lay at home in {state}: no other state was asked"),
        (["case=x"], "case: found 'x'; accepted: a whole number"),
    ):
        assert main([*ARGUMENTS, *given]) == 2
        assert wanted in _one_line(capsys.readouterr().err)


def test_a_scenario_is_not_told_beside_itself() -> None:
    with pytest.raises(ConfigError, match="scenario: found 'as_adopted', which is the baseline"):
        pair_of(SMALL)


def test_a_story_tells_a_decline_and_a_condition_under_a_states_own_law_on_transfers() -> None:
    config = made_up("review.load=false", "states.transfers.under_law=1.0")
    config = with_safeguard(config, "transfer_law", own_law="kept", declined=0.6)
    docket = simulate(config, SEED).finished.docket
    place = in_check_order(config.safeguards).index("transfer_law")
    declined, granted = (int(docket.case[np.flatnonzero(rows)[0]]) for rows in (docket.reason == place, docket.condition == place))
    seen = witness(config, [declined, granted], SEED)
    assert not seen.strays
    for case, words in ((declined, "declined under its law on transfers"), (granted, "the data go on condition, 14 days later")):
        lines = [sentence(seen, fact) for fact in life_of(seen, case).facts if fact.rule == "transfer_law"]
        assert any(words in line and "kept by own law" in line for line in lines), lines
