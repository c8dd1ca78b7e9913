"""A retold case is the case that was run: every column of its requests, every ground, every row that its requester wrote."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest

from experiments.trace.events import life_of
from experiments.trace.facts import RULES, STEP_MEANINGS
from experiments.trace.interpreter import Recorder
from experiments.trace.recording import Witnessed, _strays, filings_of, witness
from experiments.trace.sentences import sentence
from sim.draws import Draws, name_key, u3
from sim.settings import Config
from sim.simulation import simulate
from sim.world.docket import filled_rows
from sim.world.vocabulary import CASE_STATUSES, LAPSED, NOTHING_USABLE, PENDING, REFUSED, STATUSES, SUSPENDED
from tests.explain.runs import SEED, everything, loaded, observed, unloaded
from tests.shares import some_fast
from tests.worlds import events, made_up, with_conduct, with_forces, with_safeguard

REMEMBERING = (
    *("demand.abusive_odds=0.2", "adaptation.exposure.chance=0.8", "adaptation.exposure.lag_months=2"),
    *(f"adaptation.reviewers.{switch}=true" for switch in ("trust", "record", "scandals", "emergencies")),
)
TELLING = (
    *("demand.abusive_odds=0.3", "demand.secret_share=0.5", "review.firm_notice.share=0.7", "review.firm_notice.gag_months=9"),
    *("conduct.direct_share=0.5", "safeguards.person.contests=0.6", "safeguards.person.notice_days=300.0"),
)
MOVING = (
    *("adaptation.members.joining=true", "adaptation.members.leaving=true", "adaptation.members.quorum=3"),
    *("adaptation.members.hazard=2", "adaptation.members.leave_hazard=0.3", "adaptation.members.notice_days=30"),
    *(f"adaptation.legislatures.{switch}=true" for switch in ("inflation", "diffusion", "restrictive", "protocol")),
    *("adaptation.legislatures.rise=2", "adaptation.legislatures.new_laws=1"),
    *("adaptation.legislatures.protocol_years=1", "adaptation.legislatures.protocol_parties=3", "demand.abusive_odds=0.1"),
)
CONFIGURATIONS: dict[str, Callable[[], Config]] = {
    "as adopted": loaded,
    "without load": unloaded,
    "three attempts": lambda: with_conduct(loaded(), attempts=3),
    "everything at once": lambda: everything(loaded()),
    "everything without load": lambda: everything(unloaded()),
    "firms tell": lambda: with_safeguard(
        with_forces(made_up(*TELLING), "must", "suspension", "person", "discrimination"), "suspension", second_reading=True
    ),
    "people adapt": lambda: made_up(
        *("demand.abusive_odds=0.3", "adaptation.exposure.chance=1", "adaptation.exposure.lag_months=2"),
        *("adaptation.people.own=true", "adaptation.people.peers=true", "adaptation.people.tools=true"),
        *("adaptation.people.publicity=1", "adaptation.people.moves=1"),
    ),
    "reviewers remember": lambda: made_up(*REMEMBERING),
    "while the law moves": lambda: made_up(*MOVING),
    "requesters adapt": lambda: made_up(
        *("demand.abusive_odds=0.3", "adaptation.requesters.adaptive_share=1", "adaptation.requesters.attempts=3"),
        *(f"adaptation.requesters.{switch}=true" for switch in ("labels", "destinations", "channels", "volume")),
    ),
}


FAST = ("as adopted", "requesters adapt", "firms tell")


@lru_cache(maxsize=len(CONFIGURATIONS))
def seen_under(name: str) -> tuple[Witnessed, list[int]]:
    """A run of one of the configurations, and the cases that were observed."""
    return observed(CONFIGURATIONS[name]())


_WRITTEN = ("attempt", "month", "requested", "instrument", "channel", "wanted", "label", "alleged", "kind", "quality", "filed_day")


@pytest.mark.parametrize("name", some_fast(list(CONFIGURATIONS), FAST))
def test_every_retold_request_ends_as_the_run_has_it(name: str) -> None:
    """In plain Python the same steps leave every column of the docket as the compiled loop left it."""
    seen, cases = seen_under(name)
    rows = np.flatnonzero(np.isin(seen.finished.docket.case, cases))
    assert rows.size > 300
    assert set(rows.tolist()) == set(seen.stages), "every request was seen at some stage"
    assert not seen.strays


@pytest.mark.parametrize("name", some_fast(list(CONFIGURATIONS), FAST))
def test_the_grounds_of_a_life_are_those_of_the_docket(name: str) -> None:
    seen, cases = seen_under(name)
    refused = 0
    for case in cases[::2]:
        life = life_of(seen, case)
        assert life.status == CASE_STATUSES[seen.finished.case_status[case]]
        for end in (fact for fact in life.facts if "reason" in fact.given):
            mine = [f for f in life.facts if f.place[:2] == end.place[:2]]
            stood = [f.rule for f in mine if f.outcome == "stood"] + ["person" for f in mine if f.outcome == "won"]
            if end.outcome[0] == "refused" and end.given["reason"] is not None:
                refused += 1
                advised = {"panel"} if "panel" not in end.given["grounds"] else set()  # advice alone refuses nothing
                assert set(stood) - advised == set(end.given["grounds"])
                assert min(stood, key=seen.run.rules.review.names.index) == end.given["reason"] or advised
    assert refused > 10


@pytest.mark.parametrize("name", some_fast(list(CONFIGURATIONS), FAST))
def test_what_a_requester_is_retold_to_write_is_what_it_wrote(name: str) -> None:
    seen, cases = seen_under(name)
    for case in cases[::2]:
        written = [filing.rows for filing in filings_of(seen, case)]
        rows = seen.requests_of(case)
        assert sum(part.case.size for part in written) == rows.size
        for column in _WRITTEN:
            told = np.concatenate([getattr(part, column) for part in written])
            assert np.array_equal(told, getattr(seen.finished.docket, column)[rows]), column


def test_a_wish_is_filed_while_its_luck_lies_under_the_propensity_that_is_told() -> None:
    """Where volume follows yield the propensity is that of the half-year, after what the requester had heard by then."""
    seen, cases = seen_under("requesters adapt")
    told, moved = 0, 0
    for case in cases:
        for filing, fact in zip(
            filings_of(seen, case), (f for f in life_of(seen, case).facts if f.step == "appetite"), strict=False
        ):
            luck, propensity = fact.given["luck"], fact.given["propensity"]
            if luck is not None:
                assert fact.outcome == (luck < propensity)
                told += 1
                moved += int((filing.volume != 1.0).any())
    assert told > 100
    assert moved > 20


def test_silence_and_cover_are_told_as_what_they_are() -> None:
    """Expression is that of the month in which the wish came up, though it moved on afterwards."""
    config = CONFIGURATIONS["people adapt"]()
    finished = simulate(config, SEED).finished
    silent = np.flatnonzero(finished.case_status == CASE_STATUSES.index("not_live"))[:10].tolist()
    moved = np.unique(finished.docket.case[finished.docket.evaded == NOTHING_USABLE])[:10].tolist()
    assert len(silent) == len(moved) == 10
    seen = witness(config, [*silent, *moved], SEED)
    assert not seen.strays
    for case in silent:
        (live,) = (fact for fact in life_of(seen, case).facts if fact.step == "live")
        assert live.outcome is False
        assert live.given["expression"] <= live.given["luck"] < 1.0
        assert "has fallen silent" in sentence(seen, live)
    for case in moved:
        ends = [fact for fact in life_of(seen, case).facts if fact.rule == "tools"]
        assert ends
        assert all(fact.outcome == ("executed_empty", None) for fact in ends)
        assert all("moved to safer tools" in sentence(seen, fact) for fact in ends)


def test_a_life_tells_the_maximum_and_the_parties_of_its_day() -> None:
    seen, cases = seen_under("while the law moves")
    run, told = seen.run, set()
    names = run.world.offences.names
    for case in cases:
        for filing, fact in zip(filings_of(seen, case), (f for f in life_of(seen, case).facts if f.step == "label"), strict=False):
            if fact.outcome is None:
                continue
            i, k = int(run.cases.requester[case]), names.index(fact.outcome[1])
            assert np.array_equal(fact.given["years"], seen.rules_at(filing.month).maxima[i, k], equal_nan=True)
            told.add(bool(fact.given["years"] != run.world.states.penalties[i, k]))
    assert told == {True, False}, "some maxima had changed by then"
    assert len({int(seen.rules_at(month).law.after.sum()) for month in range(24, run.months)}) > 3


def test_a_case_that_was_never_filed_is_told_too() -> None:
    seen, _ = seen_under("without load")
    deterred = np.flatnonzero(seen.finished.case_status == CASE_STATUSES.index("deterred"))[:20].tolist()
    again = witness(unloaded(), deterred, SEED)
    for case in deterred:
        facts = {fact.step: fact for fact in life_of(again, case).facts}
        assert facts["appetite"].outcome is False
        assert facts["appetite"].given["luck"] >= facts["appetite"].given["propensity"]
        assert not again.requests_of(case).size


def test_what_parks_a_file_is_told_by_the_bar_and_the_standing_of_its_day() -> None:
    """Where reviewers remember, both move: the story has those under which the desk parked the file, or did not."""
    seen, cases = seen_under("reviewers remember")
    parked = [f for case in cases for f in life_of(seen, case).facts if f.step == "parking" and f.outcome == "parked"]
    assert len(parked) > 5
    assert all(f.given["standing"] < f.given["floor"] or f.given["suspicion"] > f.given["bar"] for f in parked)
    assert len({seen.rules_at(month).reading.pair_bar.tobytes() for month in (30, 40)}) == 2


def test_what_a_firm_tells_is_told_with_what_came_of_it() -> None:
    """Facts agree with the docket: who was told and when, whom a court heard, and which gag had ended."""
    seen, cases = seen_under("firms tell")
    docket, person = seen.finished.docket, seen.run.rules.review.names.index("person")
    found: set[object] = set()
    words: list[str] = []
    for case in cases:
        facts = [fact for fact in life_of(seen, case).facts if fact.rule == "firm_notice"]
        rows = seen.requests_of(case)
        for fact in facts:
            found.add(fact.outcome)
            words.append(sentence(seen, fact))
            if fact.outcome == "won":
                ended = docket.status[rows]  # a court that takes long may find that the requester has given up, or the run over
                assert ((docket.reason[rows] == person) | np.isin(ended, (LAPSED, SUSPENDED, PENDING))).any()
            if fact.outcome == "told" and fact.given["secret"]:
                assert fact.given["read"]["gag"] < np.inf
            if fact.outcome is None:
                assert fact.given["earlier"] or (fact.given["secret"] and fact.given["read"]["gag"] == np.inf)
    assert {"won", "told"} <= found
    text = " ".join(words)
    for said in ("days before it hands over", "goes to court, for 135 days", "the court is convinced", "and has ended"):
        assert said in text, said


def test_a_second_reading_is_told_of_every_refusal_that_it_was_asked_about() -> None:
    seen, cases = seen_under("firms tell")
    told = [fact for case in cases for fact in life_of(seen, case).facts if fact.rule == "second_reading"]
    rows = np.concatenate([seen.requests_of(case) for case in cases])
    assert len(told) == (seen.finished.docket.second[rows] > 0).sum() > 0
    assert {fact.given["second"] for fact in told} == {1, 2}
    assert all("second reading" in sentence(seen, fact) for fact in told)


def test_every_fact_is_of_a_documented_step_and_rule() -> None:
    for name in ("as adopted", "everything at once"):
        seen, cases = seen_under(name)
        for case in cases[::3]:
            for fact in life_of(seen, case).facts:
                assert fact.step in STEP_MEANINGS
                assert fact.rule in RULES or fact.rule in seen.config.safeguards


def test_a_retelling_that_differs_from_the_run_is_noticed() -> None:
    """The check that guards every story can fail: one changed cell is named with its row and column."""
    seen, _ = seen_under("without load")
    truth = seen.finished.docket
    told = filled_rows(truth)
    row = int(np.flatnonzero(truth.status == REFUSED)[0])
    assert not list(_strays(truth, told, [row]))
    told.grounds[row] += np.uint64(1)
    told.ended_day[row] += 0.01
    assert list(_strays(truth, told, [row])) == [f"request {row}, grounds", f"request {row}, ended_day"]


def test_the_plain_text_of_a_draw_gives_the_promised_bits() -> None:
    """Draws are not run in plain Python, where an integer would not wrap round; they stay compiled."""
    recorder = Recorder()

    def rule(seed: np.uint64, m: np.uint64) -> float:
        return u3(seed, APPLIED, m, m, m)  # type: ignore[name-defined]  # noqa: F821

    namespace = {"u3": u3, "APPLIED": name_key("applied")}

    class Compiled:
        py_func = type(rule)(rule.__code__, namespace, "rule")

    row = np.uint64(2**63 + 7)
    with recorder.everything(7) as calls:
        said = recorder.plain(Compiled)(Draws(5).root, row)
    assert said == Draws(5).uniform("applied", row, row, row)
    assert [call.name for call in calls] == ["draw:applied"]


def test_a_witness_does_not_disturb_what_it_sees() -> None:
    seen, _ = seen_under("as adopted")
    assert events(seen.finished).equals(events(simulate(loaded(), SEED).finished))
    assert events(witness(loaded(), [], SEED).finished).equals(events(seen.finished))


def _ends(name: str) -> set[str]:
    seen, cases = seen_under(name)
    return {STATUSES[seen.finished.docket.status[m]] for case in cases for m in seen.requests_of(case)}


@pytest.mark.slow
def test_the_retold_cases_end_in_every_way_that_there_is() -> None:
    """Or the tests above would say little."""
    assert set.union(*map(_ends, CONFIGURATIONS)) >= set(STATUSES) - {"suspended"}
