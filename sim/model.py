"""The one door to Mesa: a run as a Mesa model, its states as agents that are views of rows; Mesa decides nothing in it.

The month itself is ``sim.month.advance``; this shell calls it, counts time, and shows the run's arrays to Mesa's tools
(``AgentSet``, ``DataCollector``, ``run_for``, ``batch_run``). All luck comes from named draws: Mesa's generators are never asked.

>>> from sim import load
>>> model = EvidenceModel(load("years=1", "people.rows=2000", "demand.legitimate=100"), seed=7)
>>> model.run_for(3)
>>> model.time, model.month, len(model.agents)
(3.0, -21, 193)
>>> model.agents.select(lambda state: state.code in ("IRL", "TUR")).get("regime")
['liberal_democracy', 'electoral_autocracy']
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

import mesa
import numpy as np
from numpy.typing import NDArray

from sim.month import advance
from sim.result import Result
from sim.run import Run, finish, hours_today
from sim.settings import Config
from sim.simulation import prepare
from sim.world.record import RogatoryError
from sim.world.vocabulary import DAYS_PER_MONTH, FIRST_SIDE_DOOR, REFUSED, REGIMES

MODEL_REPORTERS = ("month", "requests_filed", "refusals", "disclosures", "abusive_disclosures", "backlog_hours")
"""What ``collector`` records of the model unless told otherwise."""

AGENT_REPORTERS = ("code", "requests_received", "requests_made", "disclosures", "waiting", "parked", "backlog_months")
"""What ``collector`` records of each state unless told otherwise."""

_SEEDS = 2**31 - 1  # a generator handed in by Mesa's tools is asked once, for an event seed under this

_mesa_log = logging.getLogger("MESA")
if _mesa_log.level == logging.NOTSET:  # Mesa writes a line a step; who wants them sets this level
    _mesa_log.setLevel(logging.WARNING)


class RequestCounts(NamedTuple):
    """Requests by the paragraphs (no side doors) up to today, counted by state; each shape ``[N]``."""

    received: NDArray[np.int64]
    made: NDArray[np.int64]
    refused: NDArray[np.int64]  # by the state
    given: NDArray[np.int64]  # data disclosed by the state
    obtained: NDArray[np.int64]  # data disclosed to the state
    given_abusive: NDArray[np.int64]  # data on a person at risk, disclosed by the state


def request_counts(run: Run) -> RequestCounts:
    """Count the docket by state, as far as the run has come: what is settled for a later day has not happened yet."""
    used, today, count = int(run.docket.used[0]), run.month * DAYS_PER_MONTH, run.world.states.count
    docket = run.docket
    formal = docket.channel[:used] < FIRST_SIDE_DOOR
    requested = docket.requested[:used].astype(np.int64)
    cases = docket.case[:used]
    requester = run.cases.requester[cases].astype(np.int64)
    ended = formal & (docket.ended_day[:used] < today)
    refused = ended & (docket.status[:used] == REFUSED)
    given = ended & (docket.granted[:used] >= 0)

    def by_state(states: NDArray[np.int64], rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(states[rows], minlength=count)

    return RequestCounts(
        received=by_state(requested, formal),
        made=by_state(requester, formal),
        refused=by_state(requested, refused),
        given=by_state(requested, given),
        obtained=by_state(requester, given),
        given_abusive=by_state(requested, given & run.cases.abusive[cases]),
    )


class StateAgent(mesa.Agent):
    """A state as Mesa sees it: a view of one row of the run's arrays, which owns no data."""

    model: EvidenceModel

    def __init__(self, model: EvidenceModel, row: int) -> None:
        """The agent of row ``row`` of a model's states."""
        super().__init__(model)
        self.row = row

    @property
    def code(self) -> str:
        """ISO 3166-1 alpha-3."""
        return self.model.progress.world.states.codes[self.row]

    @property
    def name(self) -> str:
        """Short English name."""
        return self.model.progress.world.states.names[self.row]

    @property
    def region(self) -> str:
        """UN M49 region."""
        return self.model.progress.world.states.region[self.row]

    @property
    def regime(self) -> str:
        """Closed or electoral autocracy, electoral or liberal democracy (V-Dem)."""
        return REGIMES[self.model.progress.world.states.regime[self.row]]

    @property
    def capacity_hours(self) -> float:
        """Officer-hours of its central authority in the last month; infinite where ``review.load`` is off.

        Training raises them, and under ``review.capacity=follows`` they change on the window's first day.
        """
        return float(hours_today(self.model.progress)[self.row])

    @property
    def waiting(self) -> int:
        """Files that wait at its authority after the last month's service."""
        return self.model.last_month("waiting", self.row)

    @property
    def parked(self) -> int:
        """Files that its authority has put aside."""
        return self.model.last_month("parked", self.row)

    @property
    def backlog_hours(self) -> float:
        """Expected officer-hours of the files that waited when the last month's service began, as in ``Result.monthly``."""
        return self.model.last_hours("backlog", self.row)

    @property
    def backlog_months(self) -> float:
        """Expected officer-hours of the files that waited (``backlog_hours``), in months of that month's capacity."""
        return self.backlog_hours / self.capacity_hours

    @property
    def effort(self) -> float:
        """Share of full attention that a file got in the last month, in [0, 1]; one before the first."""
        run = self.model.progress
        return float(run.queue.effort[run.month - 1, self.row]) if run.month else 1.0

    @property
    def requests_received(self) -> int:
        """Formal requests filed with it so far."""
        return int(self.model.tally.received[self.row])

    @property
    def requests_made(self) -> int:
        """Formal requests it has filed so far."""
        return int(self.model.tally.made[self.row])

    @property
    def refusals(self) -> int:
        """Requests it has refused so far."""
        return int(self.model.tally.refused[self.row])

    @property
    def disclosures(self) -> int:
        """Requests on which it has given data so far."""
        return int(self.model.tally.given[self.row])

    @property
    def disclosures_obtained(self) -> int:
        """Its own requests on which others have given data so far."""
        return int(self.model.tally.obtained[self.row])

    @property
    def abusive_disclosures(self) -> int:
        """Disclosures it made in abusive cases so far."""
        return int(self.model.tally.given_abusive[self.row])


class EvidenceModel(mesa.Model):
    """One run of Rogatory as a Mesa model; a step is a month, and ``running`` turns false after the last."""

    def __init__(
        self, config: Config | None = None, *, seed: int | None = None, world_seed: int | None = None, rng: object = None
    ) -> None:
        """Prepare a run of ``config`` (None: as adopted, ``sim.load()``).

        ``seed`` and ``world_seed`` mean what they mean in ``sim.simulate``. ``rng`` is Mesa's word for the same: a whole number
        is the seed itself; anything else that Mesa takes (a generator, a seed sequence) is asked once for one. Raises
        ``ValueError`` where both are given.
        """
        if seed is not None and rng is not None:
            raise ValueError(f"seed and rng: found {seed!r} and {rng!r}; accepted: one of them")
        config = import_module("sim").load() if config is None else config
        asked = int(rng) if isinstance(rng, int | np.integer) else seed
        event_seed = config.seed if asked is None else asked
        whole = rng is None or isinstance(rng, int | np.integer)
        super().__init__(rng=event_seed if whole else rng)
        if not whole:
            event_seed = int(self.rng.integers(_SEEDS))
        self.progress = prepare(config, event_seed, world_seed)
        self.datacollector: mesa.DataCollector | None = None
        self._tallied: tuple[int, RequestCounts] | None = None
        for row in range(self.progress.world.states.count):
            StateAgent(self, row)

    def step(self) -> None:
        """One month; nothing happens after the last."""
        if self.progress.month >= self.progress.months:
            return
        advance(self.progress)
        if self.progress.month >= self.progress.months:
            self.running = False
        if self.datacollector is not None:
            self.datacollector.collect(self)

    def run(self) -> Result:
        """Run to the end, and tell what came of it."""
        while self.progress.month < self.progress.months:
            self.step()
        return self.result()

    def result(self) -> Result:
        """What ``sim.simulate`` returns for the same configuration and seeds. Raises ``RogatoryError`` before the last month."""
        run = self.progress
        if run.month < run.months:
            raise RogatoryError(f"result: found a run after {run.month} of {run.months} months; accepted: a finished one (run())")
        return Result(finish(run), run.config, run.draws.seed)

    def collector(
        self, model_reporters: Mapping[str, object] | None = None, agent_reporters: Mapping[str, object] | None = None
    ) -> mesa.DataCollector:
        """Start to collect: now, and after every month from now on. The collector is ``datacollector`` from here.

        Reporters are Mesa's own: a map of names to attributes or functions. Without any, ``MODEL_REPORTERS`` and
        ``AGENT_REPORTERS`` are taken; collecting them takes several times as long as the months themselves.
        """
        if model_reporters is None and agent_reporters is None:
            model_reporters = {name: name for name in MODEL_REPORTERS}
            agent_reporters = {name: name for name in AGENT_REPORTERS}
        self.datacollector = mesa.DataCollector(model_reporters=model_reporters, agent_reporters=agent_reporters)
        self.datacollector.collect(self)
        return self.datacollector

    def state(self, code: str) -> StateAgent:
        """The agent of a state. Raises ``RogatoryError`` for a code that does not exist."""
        codes = self.progress.world.states.codes
        if code not in codes:
            raise RogatoryError(f"state: no state has the code {code!r}; accepted: {', '.join(codes[:6])}, ...")
        found: StateAgent = self.agents.to_list()[codes.index(code)]
        return found

    def last_month(self, book: str, row: int) -> int:
        """What a book of the queue counts for a state after the last month; zero before the first."""
        run = self.progress
        return int(getattr(run.queue, book)[run.month - 1, row]) if run.month else 0

    def last_hours(self, book: str, row: int) -> float:
        """Hours in a book of the queue for a state after the last month; zero before the first."""
        run = self.progress
        return float(getattr(run.queue, book)[run.month - 1, row]) if run.month else 0.0

    @property
    def tally(self) -> RequestCounts:
        """The docket counted by state; counted once a month, and only if somebody asks."""
        if self._tallied is None or self._tallied[0] != self.progress.month:
            self._tallied = self.progress.month, request_counts(self.progress)
        return self._tallied[1]

    @property
    def month(self) -> int:
        """Months since the window opened; negative in the run-in."""
        return self.progress.month - self.progress.config.run_in_months

    @property
    def date(self) -> dt.date:
        """Today: the day that follows the last month."""
        return self.progress.config.start + dt.timedelta(days=self.month * DAYS_PER_MONTH)

    @property
    def requests_filed(self) -> int:
        """Formal requests so far, run-in included."""
        return int(self.tally.received.sum())

    @property
    def refusals(self) -> int:
        """Refusals so far, run-in included."""
        return int(self.tally.refused.sum())

    @property
    def disclosures(self) -> int:
        """Requests on which data were given so far, run-in included."""
        return int(self.tally.given.sum())

    @property
    def abusive_disclosures(self) -> int:
        """Requests in abusive cases on which data were given so far, run-in included."""
        return int(self.tally.given_abusive.sum())

    @property
    def waiting(self) -> int:
        """Files that wait at all authorities after the last month's service."""
        run = self.progress
        return int(run.queue.waiting[run.month - 1].sum()) if run.month else 0

    @property
    def parked(self) -> int:
        """Files that all authorities have put aside."""
        run = self.progress
        return int(run.queue.parked[run.month - 1].sum()) if run.month else 0

    @property
    def backlog_hours(self) -> float:
        """Expected officer-hours that waited everywhere when the last month's service began."""
        run = self.progress
        return float(run.queue.backlog[run.month - 1].sum()) if run.month else 0.0
