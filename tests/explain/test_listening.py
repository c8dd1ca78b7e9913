"""Collection as it comes, in the story of a case: for how long, or why not."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from experiments.trace.events import life_of
from experiments.trace.facts import Fact
from experiments.trace.recording import Witnessed, witness
from experiments.trace.sentences import sentence, wish
from sim.settings import Config
from sim.world.instruments import RealTimeLimits
from tests.explain.runs import SEED, partings
from tests.worlds import made_up

WANTED = ("review.load=false", "demand.realtime_share=0.5", "demand.realtime_most=0.9", "demand.abusive_odds=0.2")


def under(force: str, judged: bool = False) -> Config:
    config = made_up(*WANTED)
    limits = RealTimeLimits(judged=judged, serious=False)
    hanoi = config.instruments["hanoi"].model_copy(update={"realtime": force, "realtime_if": limits})
    return config.model_copy(update={"instruments": {**config.instruments, "hanoi": hanoi}})


@lru_cache(maxsize=4)
def told(force: str, judged: bool = False) -> tuple[Witnessed, list[tuple[Fact, str]]]:
    """What is told of marked cases that gave data."""
    run = witness(under(force, judged), [], SEED).finished
    rows = np.unique(run.docket.case[(run.docket.granted >= 0) & run.cases.realtime[run.docket.case]])[::4]
    seen = witness(under(force, judged), rows.tolist(), SEED)
    facts = [fact for row in rows for fact in life_of(seen, int(row)).facts if fact.rule == "realtime"]
    return seen, [(fact, sentence(seen, fact)) for fact in facts]


def test_a_span_is_told_with_its_months_and_its_end() -> None:
    seen, said = told("obliges")
    heard = [(fact, text) for fact, text in said if fact.outcome]
    assert len(heard) > 20
    assert int((seen.finished.docket.realtime > 0).sum()) >= len(heard)
    for fact, text in heard:
        assert f"for {fact.outcome} month" in text
        assert text.startswith(("Content is intercepted", "Traffic is collected as it comes"))


@pytest.mark.parametrize(
    ("force", "judged", "why"),
    [
        ("absent", False, "hanoi has no such measure"),
        ("obliges", False, "its law listens from"),
        ("obliges", True, "no judge of the requested state has read the file"),
        ("endeavours", False, "the requested state did not endeavour to (chance 0."),
        ("obliges", False, "subscriber data alone were given"),
    ],
)
def test_where_nothing_is_collected_the_reason_is_told(force: str, judged: bool, why: str) -> None:
    _, said = told(force, judged)
    assert any(why in text for fact, text in said if not fact.outcome), {text for _, text in said}


def test_the_wish_says_that_what_is_to_come_is_wanted() -> None:
    seen, _ = told("obliges")
    marked = int(np.flatnonzero(seen.finished.cases.realtime)[0])
    assert "What is to come is wanted too, as it comes." in wish(seen, marked)
    plain = int(np.flatnonzero(~seen.finished.cases.realtime)[0])
    assert "What is to come is wanted too, as it comes." not in wish(seen, plain)


def test_two_texts_that_differ_in_it_part_there_and_nowhere_else() -> None:
    found = partings(under("absent"), under("obliges"), most=40)
    assert len(found) > 20
    assert {(parted.step, parted.rule) for parted in found if parted} == {("aftermath", "realtime")}


def test_nothing_is_told_of_it_where_nobody_wants_it() -> None:
    config = made_up(WANTED[0], "demand.abusive_odds=0.2", "demand.realtime_share=0.0")
    run = witness(config, [], SEED).finished
    rows = np.unique(run.docket.case[run.docket.granted >= 0])[:40]
    seen = witness(config, rows.tolist(), SEED)
    assert not [fact for row in rows for fact in life_of(seen, int(row)).facts if fact.rule == "realtime"]
