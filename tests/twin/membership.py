"""Who joins a treaty and when, who leaves it, and from which day it binds whom (docs/model.md, "Membership").

``Membership(spec, facts, luck, eligible, start, opens, months)`` settles all days at once, for luck alone decides them.
``eligible`` are the states (rows) that the text may bind, ``start`` is the date of the window's first day, ``opens`` its month of
the run, and ``months`` are how many the run has. ``bound(month)`` are the states that the text binds in a month.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from math import ceil, exp, inf
from typing import TYPE_CHECKING

from sim.world.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR
from tests.twin.draws import Luck, exponential, name_key
from tests.twin.facts import Facts

if TYPE_CHECKING:
    from sim.society.membership import Members


class Membership:
    """Days of the run on which each state joins, is bound and no longer is; infinity for what never happens."""

    def __init__(
        self, spec: Members, facts: Facts, luck: Luck, eligible: Collection[int], start: dt.date, opens: int, months: int
    ) -> None:
        """Follow membership month by month, from the date up to which ratifications were reported to the end of the run."""
        self.spec, self.states, self.luck, self.eligible = spec, facts.states, luck, eligible
        key = name_key(spec.text)  # how fast states join is one number a world, and nobody knows it
        self.hazard = spec.hazard * exp(spec.hazard_spread * facts.luck.normal("fact:joining", key))
        self.emulation = spec.emulation_most * facts.luck.uniform("fact:emulation", key)
        self.deposit = [inf] * facts.n
        self.since = [opens * DAYS_PER_MONTH if i in eligible else inf for i in range(facts.n)]
        self.until = [inf] * facts.n
        self.left: set[int] = set()
        first = opens * DAYS_PER_MONTH + (spec.as_of - start).days
        if spec.joining:
            for i in eligible:
                if spec.ratified.get(self.states.codes[i], False):
                    self.deposit[i] = first
            self._bind()
        for step in range(max(ceil((months * DAYS_PER_MONTH - first) / DAYS_PER_MONTH), 0)):
            years, month = divmod(spec.as_of.month - 1 + step, 12)
            self._step(first + step * DAYS_PER_MONTH, spec.as_of.year + years, month + 1)

    def bound(self, month: int) -> set[int]:
        """States that the text binds; what begins or ends within a month shows from the next."""
        day = month * DAYS_PER_MONTH
        return {i for i, since in enumerate(self.since) if since <= day < self.until[i]}

    def _step(self, day: float, year: int, month: int) -> None:
        """A month in which states join, and parties give notice, each on a day of its own."""
        if self.spec.joining:
            hazard = self._hazards(day)
            joins = {i: self._wait("ratify", i, year, month, hazard[i]) for i in self.eligible if self.deposit[i] == inf}
            for i, wait in joins.items():
                if wait < DAYS_PER_MONTH:
                    self.deposit[i] = day + wait
            self._bind()
        if self.spec.leaving:
            for i in range(len(self.since)):
                if self.since[i] <= day and i not in self.left:
                    wait = self._wait("leave", i, year, month, self.spec.leave_hazard)
                    if wait < DAYS_PER_MONTH:
                        self.until[i] = day + wait + self.spec.notice_days
                        self.left.add(i)

    def _wait(self, purpose: str, state: int, year: int, month: int, hazard: float) -> float:
        """Days until what comes with a yearly hazard, by a luck of state and month."""
        if hazard == 0.0:
            return inf
        return exponential(self.luck.uniform(purpose, self.states.keys[state], year, month)) / hazard * DAYS_PER_YEAR

    def _hazards(self, day: float) -> list[float]:
        """Yearly hazards of joining: neighbours who have joined, and have not left, pull."""
        joined: dict[str, int] = {}
        size: dict[str, int] = {}
        for i, region in enumerate(self.states.region):
            size[region] = size.get(region, 0) + 1
            joined[region] = joined.get(region, 0) + (self.deposit[i] <= day and i not in self.left)
        return [self.hazard * (1.0 + self.emulation * joined[region] / size[region]) for region in self.states.region]

    def _bind(self) -> None:
        """The text binds from some days after the quorum's last instrument; for later ones from some days after their own."""
        deposits = sorted(day for day in self.deposit if day < inf)
        if len(deposits) < self.spec.quorum:
            self.since = [inf] * len(self.deposit)
            return
        opening = deposits[self.spec.quorum - 1] + self.spec.wait_days
        self.since = [max(day + self.spec.later_days, opening) for day in self.deposit]
