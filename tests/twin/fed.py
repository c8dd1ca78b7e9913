"""What the real run filed, fed to the twin's review month by month: the stage alone, held against what the real review wrote.

``differences(config, seed)`` tells both to their end and lists the rows on which they differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.config import load
from sim.month import advance
from sim.run import Run, finish
from sim.settings import Config, Policy
from sim.simulation import prepare
from sim.world.docket import Docket
from sim.world.vocabulary import CHANNELS, DAYS_PER_MONTH, EVASIONS, MISUSED, SECOND_READINGS, STATUSES, TOLD
from tests.twin.dials import as_ruled, settle
from tests.twin.draws import Luck
from tests.twin.facts import Facts, facts_of
from tests.twin.institutions import Bench, suspensions, trained
from tests.twin.law import Law
from tests.twin.reading import Reading
from tests.twin.review import Authority, Review, Unit
from tests.twin.things import Case, Request

SMALL = (
    "states=synthetic",
    "states.synthetic.count=8",
    "people.rows=300",
    "demand.legitimate=30",
    "years=1",
    "calibration_months=6",
)
DAYS = ("filed_day", "decided_day", "executed_day", "ended_day", "patience_day", "preserved_until")
CODES = ("requested", "instrument", "wanted", "granted", "reason", "narrowed", "condition", "realtime")
OF_A_FILING = ("attempt", "month", "requested", "instrument", "wanted", "label", "alleged", "kind", "quality", "filed_day")
OF_A_CASE = (
    *("id", "month", "day", "requester", "abusive", "conduct", "group", "person", "member", "visibility", "wanted"),
    *("domestic", "urgent", "secret", "realtime", "dossier"),
)
_NEAR = 1e-9  # days


@dataclass
class Stage:
    """Rules of one phase: a policy's law and reading, with the hours that authorities have under them."""

    law: Law
    reading: Reading
    capacity: list[float]
    suspends: dict[int, Any]


def stage_of(policy: Policy, facts: Facts, training: bool) -> Stage:
    """The rules of a policy in a world, with its training or without."""
    dialled = settle(policy.dials, policy.review.strength, facts)
    ruled = as_ruled(facts, dialled)
    law, reading = Law(policy, ruled), Reading(policy, ruled, dialled.uptake, dialled.fidelity)
    capacity = ruled.capacity
    bound = [[any(line) for line in pairs] for pairs in law.bound]
    after = trained(policy, ruled.states.skill, bound) if training else None
    if after is not None:
        reading.skill = after.skill
        if policy.review.capacity != "follows":
            capacity = [hours * factor for hours, factor in zip(capacity, after.hours, strict=True)]
    return Stage(law, reading, capacity, suspensions(policy))


@dataclass
class Fed:
    """The twin's review beside a real run."""

    run: Run
    config: Config
    rows: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the rules of both phases; nothing waits."""
        facts = facts_of(self.run.world)
        self.luck = Luck(int(self.run.draws.root))
        self.stages = stage_of(self.config.policy_before, facts, False), stage_of(self.config.policy, facts, True)
        self.authorities = [Authority(row) for row in range(facts.n)]
        self.review = Review(self.luck, self.authorities, Unit(facts.n))
        self.bench = Bench()
        self.cases: dict[int, Case] = {}

    def tell(self) -> None:
        """All months of both, side by side."""
        while self.run.month < self.run.months:
            month, first = self.run.month, len(self.rows)
            advance(self.run)
            self.rows += [self._row(m) for m in range(first, int(self.run.docket.used[0]))]
            self._month(month, self.rows[first:])

    def _month(self, month: int, rows: Sequence[Request]) -> None:
        phase = int(month >= self.config.run_in_months)
        stage, loaded = self.stages[phase], self.config.review.load
        self.review.use(stage.reading, stage.law)
        self.review.receive(month, rows, loaded)
        for authority in self.authorities:
            self.review.serve(month, authority, self._hours(month, stage)[authority.row] if loaded else None)
        self.bench.note(rows)
        if phase and stage.suspends:
            self.bench.sit(month, stage.suspends, self.review)

    def _hours(self, month: int, stage: Stage) -> list[float]:
        """Officer-hours of a month; those that follow the load are not the review's business."""
        return self.run.hours[month].tolist() if self.config.review.capacity == "follows" else stage.capacity

    def _case(self, c: int) -> Case:
        if c not in self.cases:
            table = self.run.cases
            said = {name: getattr(table, name)[c].item() for name in OF_A_CASE}
            self.cases[c] = Case(row=c, hosts=tuple(table.hosts[c].tolist()), **said)
        return self.cases[c]

    def _row(self, m: int) -> Request:
        docket = self.run.docket
        filed = {name: getattr(docket, name)[m].item() for name in OF_A_FILING}
        return Request(row=m, case=self._case(int(docket.case[m])), channel=CHANNELS[docket.channel[m]], patience_day=0.0, **filed)


def told_to_the_end(rows: Sequence[Request], horizon: float) -> None:
    """What had not ended by the last day is pending; what was narrowed or conditional counts where data were given."""
    for row in rows:
        if row.ended_day is not None and row.ended_day >= horizon:
            row.status, row.granted, row.reason, row.grounds = "pending", -1, -1, frozenset()
            row.executed_day, row.ended_day = None, None
            row.told, row.evaded, row.misused = "never", "none", frozenset()
            row.published, row.judged, row.realtime = False, False, 0
        if row.granted < 0:
            row.narrowed, row.condition = -1, -1
        if row.decided_day is not None and row.decided_day >= horizon:
            row.decided_day = None


def said_of(row: Request) -> dict[str, object]:
    """The columns of a row of the twin, days apart."""
    said: dict[str, object] = {name: getattr(row, name) for name in CODES}
    misused = {(): "no", ("own_use",): "own_use", ("onward",): "onward"}.get(tuple(sorted(row.misused)), "both")
    return said | {
        "status": row.status,
        "grounds": row.grounds,
        "told": row.told,
        "evaded": row.evaded,
        "misused": misused,
        "published": row.published,
        "second": row.second,
        "judged": row.judged,
    }


def said_in(docket: Docket, m: int) -> dict[str, object]:
    """The same of a row of the docket."""
    said: dict[str, object] = {name: int(getattr(docket, name)[m]) for name in CODES}
    grounds = int(docket.grounds[m])
    return said | {
        "status": STATUSES[docket.status[m]],
        "grounds": {s for s in range(64) if grounds >> s & 1},
        "told": TOLD[docket.told[m]],
        "evaded": EVASIONS[docket.evaded[m]],
        "misused": MISUSED[docket.misused[m]],
        "published": bool(docket.published[m]),
        "second": SECOND_READINGS[docket.second[m]],
        "judged": bool(docket.judged[m]),
    }


def apart(rows: Sequence[Request], docket: Docket) -> Iterator[str]:
    """Each column on which the twin and the docket differ, with the row."""
    for m, row in enumerate(rows):
        mine, real = said_of(row), said_in(docket, m)
        for name, value in real.items():
            if mine[name] != value:
                yield f"row {m} {row.channel} {name}: {mine[name]} for {value}"
        for name in DAYS:
            day, real_day = getattr(row, name), float(getattr(docket, name)[m])
            same = real_day != real_day if day is None else day == real_day or abs(day - real_day) <= _NEAR
            if not same:
                yield f"row {m} {row.channel} {name}: {day} for {real_day}"


def books_apart(fed: Fed) -> Iterator[str]:
    """Each month in which an authority's books, or the central unit's, say something else."""
    queue = fed.run.queue
    for name in ("backlog", "effort", "spent", "waiting", "parked"):
        real = getattr(queue, name).tolist()
        for authority in fed.authorities:
            for month, said in getattr(authority, {"waiting": "waiting_after", "parked": "parked_after"}.get(name, name)).items():
                if abs(said - real[month][authority.row]) > _NEAR * max(1.0, abs(said)):
                    yield f"month {month} state {authority.row} {name}: {said} for {real[month][authority.row]}"
    for name in ("screened", "stopped", "recalled"):
        for i, said in enumerate(getattr(fed.review.unit, name)):
            if abs(said - getattr(queue, name)[i]) > _NEAR:
                yield f"unit {name} of {i}: {said} for {getattr(queue, name)[i]}"


def small(*overrides: str) -> Config:
    """A small made-up world's configuration; an override of a key takes the place of the usual one."""
    mine = {override.split("=", 1)[0] for override in overrides}
    return load(*(usual for usual in SMALL if usual.split("=", 1)[0] not in mine), *overrides)


def differences(config: Config, seed: int = 3) -> tuple[list[str], list[Request]]:
    """Where the twin's review and the real one differ, and the twin's rows."""
    fed = Fed(prepare(config, seed=seed), config)
    fed.tell()
    told_to_the_end(fed.rows, fed.run.month * DAYS_PER_MONTH)
    return [*apart(fed.rows, finish(fed.run).docket), *books_apart(fed)], fed.rows
