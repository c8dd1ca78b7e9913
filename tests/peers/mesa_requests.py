"""The common month in Mesa with every request an agent too, which leaves the model when it has ended."""

from __future__ import annotations

from collections import deque

import mesa

from experiments.benchmark.month import FILTERS, OFFENCES, SERVED, Law, Told
from tests.peers.tables import NOBODY, tables_of, told


class Request(mesa.Agent):
    """A request: it finds its offence and target, and meets the filters."""

    def __init__(self, model: Month, requester: int) -> None:
        super().__init__(model)
        self.requester, self.month = requester, model.month
        self.offence = self.target = self.ended = -1

    def choose(self) -> None:
        """Offence and target by their alias tables."""
        random, tables = self.model.random.random, self.model.tables
        aim = random() * OFFENCES
        k = int(aim)
        self.offence = k if aim - k < tables.offence_odds[k] else tables.offence_other[k]
        odds = tables.target_odds[self.requester]
        aim = random() * len(odds)
        j = int(aim)
        self.target = j if aim - j < odds[j] else tables.target_other[self.requester][j]
        self.model.stages += 2
        self.model.states[self.target].received += 1

    def be_filtered(self) -> None:
        """Filter by filter, to the queue or to its end."""
        model = self.model
        random = model.random.random
        for f, chance in enumerate(model.tables.passes[self.target][self.offence]):
            model.stages += 1
            if random() >= chance:
                self.ended = f
                model.stopped[f] += 1
                self.leave()
                return
        self.ended = FILTERS
        target = model.states[self.target]
        target.queued += 1
        target.queue.append(self)

    def leave(self) -> None:
        """Onto the record, and out of the model."""
        self.model.docket.append((self.month, self.offence, self.target, self.ended))
        self.remove()


class State(mesa.Agent):
    """A state: it files its requests, and works its queue."""

    def __init__(self, model: Month, row: int) -> None:
        super().__init__(model)
        self.row = row
        self.queue: deque[Request] = deque()
        self.received = self.queued = self.served = self.waited = 0

    def file(self) -> None:
        """New requests."""
        for _ in range(self.model.law.a_month):
            self.model.new.append(Request(self.model, self.row))

    def serve(self) -> None:
        """A month's work."""
        month = self.model.month
        for _ in range(min(self.model.tables.officers[self.row], len(self.queue))):
            request = self.queue.popleft()
            request.ended = SERVED
            self.served += 1
            self.waited += month - request.month
            request.leave()


class Month(mesa.Model):
    """The common month; a step is a month."""

    def __init__(self, law: Law, seed: int) -> None:
        super().__init__(rng=seed)
        self.law, self.tables, self.month = law, tables_of(law), 0
        self.docket: list[tuple[int, int, int, int]] = []
        self.new: list[Request] = []
        self.stopped, self.stages = list(NOBODY), 0
        self.states = [State(self, row) for row in range(law.states)]
        self.authorities = self.agents_by_type[State]

    def step(self) -> None:
        """File, choose, filter, then serve."""
        self.new = []
        self.authorities.do("file")
        new = mesa.agent.AgentSet(self.new, random=self.random)
        new.do("choose")
        new.do("be_filtered")
        self.authorities.do("serve")
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
