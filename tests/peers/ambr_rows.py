"""The common month in AMBER, in columns as it is quickest: requests are rows, a month's are drawn together and then added.

What waits is found by the view ``where``; rows are in order of filing, so a request's place in its queue is its rank among those
that wait for the same state.
"""

from __future__ import annotations

from typing import Any

import ambr
import numpy as np

from experiments.benchmark.month import FILTERS, OFFENCES, SERVED, WAITING, Law, Told


class Month(ambr.Model):
    """The common month; a step is a month."""

    def setup(self) -> None:
        """Nothing is filed yet."""
        self.law, self.month = self.p["law"], 0
        states = self.law.states
        self.requesters = np.repeat(np.arange(states), self.law.a_month)
        self.stopped, self.stages = np.zeros(FILTERS, np.int64), 0
        self.served, self.waited = np.zeros(states, np.int64), np.zeros(states, np.int64)

    def step_vectorized(self) -> None:
        """File, then serve."""
        self.file()
        self.serve()
        self.month += 1

    def file(self) -> None:
        """The requests of a month, each with its end at a filter or in a queue."""
        law, rng, size = self.law, self.rng, self.requesters.size
        aim = rng.random(size) * OFFENCES
        k = aim.astype(np.int64)
        k = np.where(aim - k < law.offence_odds[k], k, law.offence_other[k])
        aim = rng.random(size) * law.states
        j = aim.astype(np.int64)
        j = np.where(aim - j < law.target_odds[self.requesters, j], j, law.target_other[self.requesters, j])
        ended, inside = np.full(size, WAITING, np.int64), np.arange(size)
        self.stages += 2 * size
        for f in range(FILTERS):
            passes = rng.random(inside.size) < law.passes[f, j[inside], k[inside]]
            self.stages += inside.size
            ended[inside[~passes]] = f
            self.stopped[f] += inside.size - int(passes.sum())
            inside = inside[passes]
        self.add_agents(size, month=np.full(size, self.month), offence=k, target=j, ended=ended)

    def serve(self) -> None:
        """A month's work of all authorities."""
        waiting = self.agents.where(self.agents.ended == WAITING)
        if not len(waiting):
            return
        target, filed = waiting.target.to_numpy(), waiting.month.to_numpy()
        order = np.argsort(target, kind="stable")
        starts = np.searchsorted(target[order], np.arange(self.law.states))
        rank = np.empty(target.size, np.int64)
        rank[order] = np.arange(target.size) - starts[target[order]]
        done = rank < self.law.officers[target]
        waiting.ended = np.where(done, SERVED, WAITING)
        self.served += np.bincount(target[done], minlength=self.law.states)
        self.waited += np.bincount(target[done], (self.month - filed)[done], minlength=self.law.states).astype(np.int64)


def prepared(law: Law, seed: int) -> Any:
    """The model before its first month."""
    model = Month({"law": law, "seed": seed, "steps": law.months, "show_progress": False})
    return model.cpu(mode="vectorized")


def run(model: Any) -> Told:
    """All months."""
    model.run()
    law, rows = model.law, model.agents_df
    target, ended = rows["target"].to_numpy(), rows["ended"].to_numpy()
    received, queued, waiting = (
        np.bincount(target[chosen], minlength=law.states) for chosen in (ended >= 0, ended >= WAITING, ended == WAITING)
    )
    return Told(received, queued, model.served, waiting, model.waited, model.stopped, model.stages)
