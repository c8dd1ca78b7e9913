"""The common month in idiomatic Mesa: states are agents, requests are objects with slots."""

from __future__ import annotations

from collections import deque

import mesa

from experiments.benchmark.month import FILTERS, OFFENCES, SERVED, Law, Told
from tests.peers.tables import NOBODY, tables_of, told


class Request:
    """A request on record."""

    __slots__ = ("ended", "month", "offence", "target")

    def __init__(self, offence: int, target: int, month: int) -> None:
        self.offence, self.target, self.month, self.ended = offence, target, month, -1


class State(mesa.Agent):
    """A state: it files its requests, and works the queue of those it is asked."""

    def __init__(self, model: Month, row: int) -> None:
        super().__init__(model)
        self.row = row
        self.queue: deque[Request] = deque()
        self.received = self.queued = self.served = self.waited = 0

    def file(self) -> None:
        """The requests of a month, each to its end at a filter or into a queue."""
        model = self.model
        random, tables, states, month = model.random.random, model.tables, model.states, model.month
        odds, other = tables.target_odds[self.row], tables.target_other[self.row]
        for _ in range(model.law.a_month):
            aim = random() * OFFENCES
            k = int(aim)
            if aim - k >= tables.offence_odds[k]:
                k = tables.offence_other[k]
            aim = random() * len(odds)
            j = int(aim)
            if aim - j >= odds[j]:
                j = other[j]
            request = Request(k, j, month)
            model.docket.append(request)
            target = states[j]
            target.received += 1
            for f, chance in enumerate(tables.passes[j][k]):
                if random() >= chance:
                    request.ended = f
                    model.stopped[f] += 1
                    model.stages += f + 3
                    break
            else:
                request.ended = FILTERS
                model.stages += FILTERS + 2
                target.queued += 1
                target.queue.append(request)

    def serve(self) -> None:
        """A month's work."""
        month = self.model.month
        for _ in range(min(self.model.tables.officers[self.row], len(self.queue))):
            request = self.queue.popleft()
            request.ended = SERVED
            self.served += 1
            self.waited += month - request.month


class Month(mesa.Model):
    """The common month; a step is a month."""

    def __init__(self, law: Law, seed: int) -> None:
        super().__init__(rng=seed)
        self.law, self.tables, self.month = law, tables_of(law), 0
        self.docket: list[Request] = []
        self.stopped, self.stages = list(NOBODY), 0
        self.states = [State(self, row) for row in range(law.states)]

    def step(self) -> None:
        """File, then serve."""
        self.agents.do("file")
        self.agents.do("serve")
        self.month += 1


def prepared(law: Law, seed: int) -> Month:
    """The model before its first month."""
    return Month(law, seed)


def run(model: Month) -> Told:
    """All months."""
    for _ in range(model.law.months):
        model.step()
    states = model.states
    columns = [[getattr(state, name) for state in states] for name in ("received", "queued", "served")]
    columns += [[len(state.queue) for state in states], [state.waited for state in states]]
    return told(columns, model.stopped, model.stages)
