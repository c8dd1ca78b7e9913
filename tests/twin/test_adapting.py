"""Adaptation, docked by itself: the twin takes in the real run's docket month by month and must come to think the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from math import isnan, nan
from typing import Any

import numpy as np
import pytest

import sim.adapting
import sim.month
import sim.society.expression
from sim.config import load
from sim.month import advance
from sim.review.memory import Unremembered
from sim.review.safeguard import in_check_order
from sim.run import Run, finish
from sim.settings import Adaptation
from sim.simulation import prepare
from sim.world.vocabulary import CASE_STATUSES, CHANNELS, DAYS_PER_MONTH, EVASIONS, GROUPS, REGIMES, STATUSES, TOLD
from tests.twin.draws import Luck
from tests.twin.exposure import Affairs
from tests.twin.expression import Voices
from tests.twin.facts import Facts, facts_of
from tests.twin.learning import CHOSEN, Learners
from tests.twin.legislatures import Polity
from tests.twin.memory import Reviewers, Tables, of_substance
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


class Society:
    """Requesters, reviewers and people at risk, and the order in which they take in a month."""

    def __init__(
        self, spec: Adaptation, facts: Facts, luck: Luck, texts: int, opens: int, c_trust: float, urgent_share: float, attempts: int
    ) -> None:
        """Nobody has learned anything; ``attempts`` and ``urgent_share`` are those of ``conduct`` and of ``demand``."""
        self.spec, self.opens = spec, opens
        self.learners = Learners(spec.requesters, facts, texts, urgent_share, attempts)
        self.affairs = Affairs(spec.exposure, luck)
        self.voices = Voices(spec.people, facts, luck)
        self.reviewers = Reviewers(spec.reviewers, facts, c_trust, luck)
        self.unheard: list[Request] = []  # requests whose end nobody has heard, in the order of filing

    @property
    def listens(self) -> bool:
        """Whether anything that ends is taken in by anyone."""
        return self.spec.requesters.learns or self.spec.in_public

    def take_cover(self, filed: Iterable[Request]) -> None:
        """Who has taken cover by now is not found by requests filed today."""
        if self.spec.people.tools:
            self.voices.take_cover(filed)

    def month_ends(
        self,
        month: int,
        filed: Iterable[Request],
        judged: Collection[int],
        screened: Collection[int],
        parties: Callable[[int], Collection[int]],
    ) -> set[tuple[int, int]]:
        """Take in a month, in which these requests were filed; ``Reviewers`` says what the last three are."""
        if not self.listens:
            return set()
        ended = self._ended(month, filed)
        self.learners.hear(month, self.opens, ended)
        if not self.spec.in_public:
            return set()
        self.affairs.brew(ended)
        public = self.affairs.out(month)
        news = self.affairs.first_told(public)
        if month < self.opens:
            return set()
        if self.spec.people.adapts:
            self.voices.hear(month, ended, public)
            if self.spec.people.falls_silent:
                self.voices.speak(month + 1)
        if not self.spec.reviewers.remembers:
            return set()
        self.reviewers.fade()
        self.reviewers.experience(ended, judged)
        return self.reviewers.read(news, month, self.opens, screened, parties)

    def _ended(self, month: int, filed: Iterable[Request]) -> list[Request]:
        """Requests whose end is heard this month, in the order of filing; they are unheard no longer."""
        self.unheard.extend(filed)
        stop = (month + 1) * DAYS_PER_MONTH
        ended: list[Request] = []
        open_: list[Request] = []
        for request in self.unheard:
            heard = request.ended_day is not None and request.ended_day < stop
            (ended if heard else open_).append(request)
        self.unheard = open_
        return ended


class Replay:
    """A real run beside a twin's society, which is told of it."""

    def __init__(self, *overrides: str, seed: int = 3) -> None:
        self.config = load(*settled(overrides))
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
            bound = law.bound if run.polity is None else run.polity.agreed.after.tolist()
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
        for name in ("deposit", "since", "until"):
            assert np.allclose(getattr(self.polity.membership, name), getattr(real.membership, name), rtol=0.0, atol=1e-9), name
        assert self.polity.extended == real.extended
        assert close([[nan if cell is None else cell for cell in row] for row in self.polity.years], real.statutes.years)
        assert self.polity.months_under == real.statutes.months.tolist()
        since = np.zeros(real.statutes.since.shape, int)
        for (i, k), year in self.polity.changed.items():
            since[i, k] = year
        assert since.tolist() == real.statutes.since.tolist()


def settled(overrides: tuple[str, ...]) -> tuple[str, ...]:
    """The overrides, of several of one key the last."""
    return tuple({override.partition("=")[0]: override for override in overrides}.values())


def beside(monkeypatch: pytest.MonkeyPatch, *overrides: str, seed: int = 3) -> Replay:
    """Run the real one to its end, with the twin beside it every month."""
    replay = Replay(*overrides, seed=seed)
    adapt, cover = sim.adapting.adapt, sim.society.expression.take_cover

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


SWITCHES = (
    "requesters.labels",
    "requesters.destinations",
    "requesters.channels",
    "requesters.volume",
    "people.own",
    "people.peers",
    "people.tools",
    "reviewers.trust",
    "reviewers.record",
    "reviewers.scandals",
    "reviewers.emergencies",
)


@pytest.mark.parametrize("switch", SWITCHES)
def test_each_alone(monkeypatch: pytest.MonkeyPatch, switch: str) -> None:
    beside(monkeypatch, *SMALL, *MUCH_ABUSE, f"adaptation.{switch}=true", seed=5)


CORNERS = {
    "slow_to_doubt": ("adaptation.requesters.doubt=0.0", "adaptation.requesters.reasons=20.0"),
    "all_learn": (
        "adaptation.requesters.adaptive_share=1.0",
        "adaptation.requesters.rate=0.9",
        "adaptation.requesters.partial=0.1",
    ),
    "nobody_learns": ("adaptation.requesters.adaptive_share=0.0",),
    "quick_to_forget": (
        "adaptation.people.lasting=0.0",
        "adaptation.people.half_life_months=2.0",
        "adaptation.people.receptivity=1.0",
    ),
    "plain_news": ("adaptation.exposure.lag_months=0.01", "adaptation.reviewers.spill=1.0", "adaptation.exposure.chance=1.0"),
    "published": ("+instruments.hanoi.safeguards.publication=must", "review.strength=1.0"),
    "central_unit": ("+instruments.hanoi.safeguards.panel=must", "+instruments.budapest.safeguards.panel=must"),
    "police_past_the_unit": (
        "+instruments.hanoi.safeguards.panel=must",
        "conduct.police_share=1.0",
        "conduct.direct_share=1.0",
        "review.police_answered=1.0",
        "adaptation.exposure.chance=1.0",
        "demand.abusive_wants={subscriber: 1.0}",
    ),
    "no_load": ("review.load=false",),
    "no_run_in": ("run_in_months=0",),
    "pretence": ("demand.false_urgent_share=1.0",),
    "nobody_hears": ("adaptation.people.publicity=0.0", "adaptation.people.receptivity=0.0", "adaptation.people.evades=1.0"),
    "scandals_last": (
        "adaptation.reviewers.suspends=1.0",
        "adaptation.reviewers.scandal_years=8.0",
        "adaptation.exposure.chance=1.0",
    ),
    "few_people": (
        *(f"people.per_million.{group}=0.3" for group in GROUPS),
        "adaptation.people.moves=0.9",
        "adaptation.people.evades=0.9",
    ),
    "many_attempts": ("conduct.attempts=2", "conduct.retry_days=20.0"),
}


@pytest.mark.parametrize("corner", CORNERS)
def test_corners(monkeypatch: pytest.MonkeyPatch, corner: str) -> None:
    beside(monkeypatch, *SMALL, *EVERYONE, *CORNERS[corner], seed=7)


def test_a_chill_that_is_gone_within_a_month(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = ("adaptation.people.lasting=0.0", "adaptation.people.half_life_months=0.01", "adaptation.people.own=false")
    beside(monkeypatch, *SMALL, *EVERYONE, *gone, seed=7)


LAWS = {
    "everything": LAW,
    "inflation": ("adaptation.legislatures={inflation: true, rise: 0.5}",),
    "diffusion_alone": ("adaptation.legislatures={diffusion: true}",),
    "restrictive": ("adaptation.legislatures={restrictive: true, diffusion: true, copying: 2.0, new_laws: 0.4}",),
    "harm_weighed": (*LAW, "instruments.hanoi.seriousness=penalty_and_harm", "instruments.hanoi.harm_floor=0.3"),
    "harm_alone": (*LAW, "instruments.hanoi.seriousness=harm", "instruments.hanoi.harm_floor=0.3"),
    "six_years": (*LAW, "instruments.hanoi.threshold_years=6.0"),
    "given_inflation": (*LAW, "conduct.inflation={to_years: 4.0, repression_from: 0.5}"),
    "protocol": (*LAW, "adaptation.legislatures.protocol_years=1.0", "adaptation.legislatures.protocol_parties=3"),
    "joining": (*LAW, *JOINING),
    "joining_late": (*LAW, *JOINING, "adaptation.members.as_of='2028-03-15'"),
    "leaving": (
        *LAW,
        "adaptation.members.leaving=true",
        "adaptation.members.leave_hazard=0.8",
        "adaptation.members.notice_days=40.0",
    ),
    "coming_and_going": (
        *(*LAW, *JOINING),
        "adaptation.members.hazard=0.15",
        "adaptation.members.emulation_most=9.0",
        "adaptation.members.quorum=2",
        "adaptation.members.leave_hazard=1.5",
    ),
    "summer": (*LAW, *JOINING, "start='2027-07-01'"),
    "dials": (
        *LAW,
        *JOINING,
        "+states.override.all.penalties.insult=2.0",
        "+states.override.closed_autocracy.penalties.blasphemy=no_crime",
    ),
}


@pytest.mark.parametrize("case", LAWS)
def test_law(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    replay = beside(
        monkeypatch, *SMALL, *MUCH_ABUSE, "conduct=adaptive" if LAW[0] in LAWS[case] else "conduct=naive", *LAWS[case], seed=4
    )
    assert replay.polity is not None


def test_spyware() -> None:
    replay = Replay(*SMALL, *MUCH_ABUSE, "conduct.spyware=0.6", "conduct.spyware_states=3")
    while replay.run.month < replay.run.months:
        advance(replay.run)
    done = finish(replay.run)
    for case, status in zip(replay.cases, done.case_status.tolist(), strict=True):
        case.status = CASE_STATUSES[status]
    taken = taken_by_spyware(replay.cases, replay.config.conduct, replay.facts, replay.luck)
    mine = [case.row for case in taken if case.month >= replay.config.run_in_months]
    assert mine
    assert mine == np.flatnonzero(done.spied).tolist()
