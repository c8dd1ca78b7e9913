"""Adaptation, docked by itself: the twin takes in the real run's docket month by month and must come to think the same."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan, nan
from typing import Any

import numpy as np
import pytest

import sim.adapting
import sim.month
from sim.config import load
from sim.month import advance
from sim.review.memory import Unremembered
from sim.review.safeguard import in_check_order
from sim.run import Run, finish
from sim.simulation import prepare
from sim.world.vocabulary import CASE_STATUSES, CHANNELS, EVASIONS, GROUPS, REGIMES, STATUSES, TOLD
from tests.twin.adapting import Society
from tests.twin.draws import Luck
from tests.twin.facts import facts_of
from tests.twin.learning import CHOSEN
from tests.twin.legislatures import Polity
from tests.twin.memory import Tables, of_substance
from tests.twin.spyware import taken_by_spyware
from tests.twin.things import Case, Request

SMALL = (
    "states=synthetic",
    "states.synthetic.count=8",
    "people.rows=300",
    "demand.legitimate=30",
    "calibration_months=6",
    "run_in_months=14",
    "run_out_months=6",
    "years=3",
)
MUCH_ABUSE = (
    "demand.abusive_odds=0.3",
    "demand.abusive_most=5.0",
    "demand.abusive_most_per_person=10.0",
    "adaptation.exposure.chance=0.9",
    "adaptation.exposure.lag_months=6.0",
    "adaptation.people.publicity=0.4",
    "demand.false_urgent_share=0.3",
)
EVERYONE = ("conduct=adaptive", *MUCH_ABUSE)
LAW = ("adaptation.legislatures.rise=0.4", "adaptation.legislatures.new_laws=0.5", "adaptation.members.leave_hazard=0.05")
JOINING = (
    "adaptation.members.joining=true",
    "adaptation.members.hazard=0.8",
    "adaptation.members.quorum=3",
    "adaptation.members.leaving=true",
)


def close(a: Any, b: Any) -> bool:
    """Whether two tables of numbers are equal but for rounding."""
    return np.allclose(np.asarray(a, float), np.asarray(b, float), rtol=0.0, atol=1e-12, equal_nan=True)


class Law:
    """The real run's law of a month, in the form that the twin's has."""

    def __init__(self, run: Run) -> None:
        self.names = run.rules.names
        self.bound = run.rules.law.after.tolist()
        self.reach = run.rules.law.reach.tolist()


class Replay:
    """A real run beside a twin's society, which is told of it."""

    def __init__(self, *overrides: str, seed: int = 3) -> None:
        self.config = load(*overrides)
        self.run = run = prepare(self.config, seed=seed)
        self.facts = facts_of(run.world)
        luck = Luck(seed)
        conduct, review = self.config.conduct, self.config.review
        rules, opens = run.rules, run.rules.treaty_from
        self.society = Society(
            rules.adaptation,
            self.facts,
            luck,
            len(rules.names),
            opens,
            review.c_trust,
            self.config.demand.false_urgent_share,
            conduct.attempts,
        )
        self.luck, self.opens = luck, opens
        self.cases = [self._case(row) for row in range(run.cases.id.size)]
        self.requests: list[Request] = []
        safeguards = self.config.safeguards
        names = in_check_order(safeguards)
        self.judged = {row for row, name in enumerate(names) if of_substance(safeguards[name]) and name != "panel"}
        self.screened = {
            row
            for row, name in enumerate(rules.names)
            if "panel" in safeguards and self.config.instruments[name].safeguards.get("panel", "absent") != "absent"
        }
        self.polity = None
        if run.polity is not None:
            agreed = Law(run)
            agreed.bound = run.polity.agreed.after.tolist()
            self.polity = Polity(self.config.policy, facts_of(rules.ruled), luck, agreed, self.config.start, opens, run.months)
            self.polity.settle(opens)
        self.told: list[str] = []

    def _case(self, row: int) -> Case:
        cases = self.run.cases
        columns = {name: getattr(cases, name)[row].item() for name in cases._fields if name != "hosts"}
        return Case(row=row, hosts=tuple(cases.hosts[row].tolist()), **columns)

    def _request(self, row: int) -> Request:
        docket, case = self.run.docket, self.cases[int(self.run.docket.case[row])]
        asked = {name: getattr(docket, name)[row].item() for name in ("attempt", "month", "requested", "instrument", "wanted")}
        paper = {name: getattr(docket, name)[row].item() for name in ("label", "alleged", "kind", "quality", "filed_day")}
        return Request(row=row, case=case, channel=CHANNELS[docket.channel[row]], patience_day=nan, **asked, **paper)

    def filed(self) -> list[Request]:
        """Requests that the twin has not heard of."""
        return [self._request(row) for row in range(len(self.requests), int(self.run.docket.used[0]))]

    def refresh(self) -> None:
        """What has become of requests and cases, as the real run has it."""
        docket = self.run.docket
        for request in self.society.unheard:
            row = request.row
            request.status = STATUSES[docket.status[row]]
            request.granted, request.reason = int(docket.granted[row]), int(docket.reason[row])
            request.told, request.published = TOLD[docket.told[row]], bool(docket.published[row])
            request.executed_day = None if isnan(docket.executed_day[row]) else float(docket.executed_day[row])
            request.ended_day = None if isnan(docket.ended_day[row]) else float(docket.ended_day[row])
        for case, status in zip(self.cases, self.run.book.status.tolist(), strict=True):
            case.status = CASE_STATUSES[status]

    # --- a month --------------------------------------------------------------------------------------------------------

    def cover(self, first: int) -> None:
        """People take cover from what is filed today; the marks must be those of the real run, which has just made its own."""
        filed = [self._request(row) for row in range(first, int(self.run.docket.used[0]))]
        self.society.take_cover(filed)
        for request in filed:
            assert request.evaded == EVASIONS[self.run.docket.evaded[request.row]]

    def end_month(self) -> set[tuple[int, int]]:
        """The twin takes in the month that the real run is about to take in."""
        month, run = self.run.month, self.run
        law = Law(run)
        filed = self.filed()
        self.requests += filed
        self.society.unheard += filed
        self.refresh()
        if self.polity is not None and month >= self.opens:
            since = max(month + 1 - 12, self.opens)
            self.polity.month_ends(month, law, [case for case in self.cases if since <= case.month <= month])

        def parties(text: int) -> set[int]:
            bound = law.bound if self.polity is None else run.polity.agreed.after.tolist()
            everyone = {i for i, row in enumerate(bound[text]) if any(row)}
            return everyone & self.polity.parties if self.polity is not None and text == self.polity.text else everyone

        return self.society.month_ends(month, (), self.judged, self.screened, parties)

    def compare(self, broken: set[tuple[int, int]]) -> None:
        """What both think at a month's end."""
        self.compare_requesters()
        self.compare_people()
        self.compare_reviewers(broken)
        self.compare_law()

    def compare_requesters(self) -> None:
        """Values, volumes, and what requesters are used to."""
        run, learners = self.run, self.society.learners
        assert close(learners.usual, run.ledger.usual)
        assert close([[mind.volume[p] for mind in learners.minds] for p in range(2)], run.mind.volume)
        assert close([mind.pull for mind in learners.minds], run.mind.pull)
        assert [mind.attempts for mind in learners.minds] == run.mind.attempts.tolist()
        assert close(learners.urgent_log, run.mind.urgent_log)
        if self.society.spec.requesters.chooses:
            value = np.zeros(run.mind.value.shape)
            for i, mind in enumerate(learners.minds):
                for (text, place, frame, channel), worth in mind.value.items():
                    value[i, text, place, frame, CHOSEN.index(channel)] = worth
            assert close(value, run.mind.value)
            assert value.shape[2] == 2 * len(REGIMES)

    def compare_people(self) -> None:
        """Expression, who knows, and what was lost."""
        run, voices = self.run, self.society.voices
        if not self.society.spec.people.adapts:
            return
        assert close(voices.expression, run.expression)
        assert voices.knows == set(np.flatnonzero(run.climate.knows).tolist())
        assert voices.public == set(np.flatnonzero(run.climate.public).tolist())
        if self.society.spec.people.falls_silent and run.month >= self.opens and run.month + 1 < run.months:
            assert np.allclose(voices.lost[run.month + 1], run.climate.lost[run.month + 1], rtol=1e-12)
        assert len(voices.lost.get(run.month + 1, [0.0] * len(GROUPS))) == len(GROUPS)

    def compare_reviewers(self, broken: set[tuple[int, int]]) -> None:
        """Memories, the tables that readers go by, and who breaks off with whom."""
        run, reviewers = self.run, self.society.reviewers
        if not self.society.spec.reviewers.remembers or run.month < self.opens:
            return
        n = self.facts.n
        for name in ("given", "wronged", "record", "pretended"):
            mine = [[getattr(reviewers.memories[j], name).get(i, 0.0) for j in range(n)] for i in range(n)]
            assert close(mine, getattr(run.memories, name)), name
        assert close([reviewers.central.get(i, 0.0) for i in range(n)], run.memories.central)
        resumes = [[reviewers.memories[j].resumes.get(i, 0) for j in range(n)] for i in range(n)]
        assert resumes == run.memories.resumes.tolist()
        plain = Tables(*(table.tolist() for table in run.plain))
        found = reviewers.tables(plain, run.month + 1)
        for name in Unremembered._fields:
            assert close(getattr(found, name), getattr(run.rules.reading, name)), name
        assert broken <= set(reviewers.broken(run.month + 1))

    def compare_law(self) -> None:
        """Who is bound, what is punished, and what a protocol adds."""
        if self.polity is None or self.run.month < self.opens:
            return
        real = self.run.polity
        assert real is not None
        assert self.polity.parties == set(np.flatnonzero(real.parties).tolist())
        assert self.polity.extended == real.extended
        assert close([[nan if cell is None else cell for cell in row] for row in self.polity.years], real.statutes.years)
        assert self.polity.months_under == real.statutes.months.tolist()
        since = np.zeros(real.statutes.since.shape, int)
        for (i, k), year in self.polity.changed.items():
            since[i, k] = year
        assert since.tolist() == real.statutes.since.tolist()


def beside(monkeypatch: pytest.MonkeyPatch, *overrides: str, seed: int = 3) -> Replay:
    """Run the real one to its end, with the twin beside it every month."""
    replay = Replay(*overrides, seed=seed)
    adapt, cover = sim.adapting.adapt, sim.month.take_cover

    def adapting(run: Run) -> None:
        broken = replay.end_month()
        adapt(run)
        replay.compare(broken)

    def covering(climate: Any, spec: Any, first: int, *rest: Any) -> None:
        cover(climate, spec, first, *rest)
        replay.cover(first)

    monkeypatch.setattr(sim.month, "adapt", adapting)
    monkeypatch.setattr(sim.month, "take_cover", covering)
    while replay.run.month < replay.run.months:
        advance(replay.run)
    return replay


def test_everyone_adapts(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = beside(monkeypatch, *SMALL, *EVERYONE)
    society = replay.society
    assert society.voices.hits
    assert society.voices.talk
    assert any(mind.value for mind in society.learners.minds)
    assert any(memory.resumes for memory in society.reviewers.memories)
    assert any(memory.pretended for memory in society.reviewers.memories)
    assert society.affairs.told
