"""A retold case is the case that was run: every column of its requests, every ground, every row that its requester wrote."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.story.facts import RULES, STEPS, life_of
from experiments.story.plain import Recorder
from experiments.story.replay import _strays, filings_of
from sim.draws import u3
from sim.settings import Config
from sim.world.docket import filled_rows
from sim.world.vocabulary import CASE_STATUSES, REFUSED, STATUSES
from tests.explain.runs import LOADED, UNLOADED, everything, observed
from tests.worlds import with_conduct

CONFIGURATIONS = {
    "as adopted": LOADED,
    "without load": UNLOADED,
    "three attempts": with_conduct(LOADED, attempts=3),
    "everything at once": everything(LOADED),
    "everything without load": everything(UNLOADED),
}
_WRITTEN = ("attempt", "month", "requested", "instrument", "channel", "wanted", "label", "alleged", "kind", "quality", "filed_day")


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_retold_request_ends_as_the_run_has_it(name: str) -> None:
    """In plain Python the same steps leave every column of the docket as the compiled loop left it."""
    seen, cases = observed(CONFIGURATIONS[name])
    rows = np.flatnonzero(np.isin(seen.finished.docket.case, cases))
    assert rows.size > 300
    assert set(rows.tolist()) == set(seen.stages), "every request was seen at some stage"
    assert not seen.strays


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_grounds_of_a_life_are_those_of_the_docket(name: str) -> None:
    seen, cases = observed(CONFIGURATIONS[name], every=20)
    refused = 0
    for case in cases:
        life = life_of(seen, case)
        assert life.status == CASE_STATUSES[seen.finished.case_status[case]]
        for end in (fact for fact in life.facts if "reason" in fact.given):
            stood = [f.rule for f in life.facts if f.place[:2] == end.place[:2] and f.outcome == "stood"]
            if end.outcome[0] == "refused" and end.given["reason"] is not None:
                refused += 1
                advised = {"panel"} if "panel" not in end.given["grounds"] else set()  # advice alone refuses nothing
                assert set(stood) - advised == set(end.given["grounds"])
                assert min(stood, key=seen.run.rules.review.names.index) == end.given["reason"] or advised
    assert refused > 10


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_what_a_requester_is_retold_to_write_is_what_it_wrote(name: str) -> None:
    seen, cases = observed(CONFIGURATIONS[name], every=20)
    for case in cases:
        written = [filing.rows for filing in filings_of(seen, case)]
        rows = seen.requests_of(case)
        assert sum(part.case.size for part in written) == rows.size
        for column in _WRITTEN:
            told = np.concatenate([getattr(part, column) for part in written])
            assert np.array_equal(told, getattr(seen.finished.docket, column)[rows]), column


def test_a_case_that_was_never_filed_is_told_too() -> None:
    seen, _ = observed(UNLOADED)
    from experiments.story.replay import witness

    deterred = np.flatnonzero(seen.finished.case_status == CASE_STATUSES.index("deterred"))[:20].tolist()
    again = witness(UNLOADED, deterred, 3)
    for case in deterred:
        facts = {fact.step: fact for fact in life_of(again, case).facts}
        assert facts["appetite"].outcome is False
        assert facts["appetite"].given["luck"] >= facts["appetite"].given["propensity"]
        assert not again.requests_of(case).size


def test_every_fact_is_of_a_documented_step_and_rule() -> None:
    for config in (everything(LOADED), LOADED):
        seen, cases = observed(config, every=30)
        for case in cases:
            for fact in life_of(seen, case).facts:
                assert fact.step in STEPS
                assert fact.rule in RULES or fact.rule in config.safeguards


def test_a_retelling_that_differs_from_the_run_is_noticed() -> None:
    """The check that guards every story can fail: one changed cell is named with its row and column."""
    seen, _ = observed(UNLOADED, every=100)
    truth = seen.finished.docket
    told = filled_rows(truth)
    row = int(np.flatnonzero(truth.status == REFUSED)[0])
    assert not list(_strays(truth, told, [row]))
    told.grounds[row] += np.uint64(1)
    told.ended_day[row] += 0.01
    assert list(_strays(truth, told, [row])) == [f"request {row}, grounds", f"request {row}, ended_day"]


def test_the_plain_text_of_a_draw_gives_the_promised_bits() -> None:
    """Draws are not run in plain Python, where an integer would not wrap round; they stay compiled."""
    from sim.draws import Draws, name_key

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
    from experiments.story.replay import witness
    from sim.simulation import simulate
    from tests.worlds import events

    seen, _ = observed(LOADED)
    assert events(seen.finished).equals(events(simulate(LOADED, 3).finished))
    assert events(witness(LOADED, [], 3).finished).equals(events(seen.finished))


def _used(config: Config) -> set[str]:
    seen, cases = observed(config, every=6)
    return {STATUSES[seen.finished.docket.status[m]] for case in cases for m in seen.requests_of(case)}


def test_the_retold_cases_end_in_every_way_that_there_is() -> None:
    """Or the tests above would say little."""
    assert _used(everything(LOADED)) | _used(LOADED) >= set(STATUSES) - {"suspended"}
