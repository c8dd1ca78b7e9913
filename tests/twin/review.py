"""What becomes of requests: side doors, gates, the central unit, the queue of scarce hours, the desk, execution, lapse.

``Review(luck, authorities, unit)`` is one for a whole run. ``Authority`` and ``Unit`` hold what lasts from month to month, so that
an agent can have its own. Each month, with ``rules`` as ``tests.twin.model`` has them (``reading`` and ``law`` are read here):

1. ``use(rules.reading, rules.law)``;
2. ``receive(month, rows, loaded)``: the rows filed this month, in the order of the docket;
3. ``serve(month, authority, hours)`` for each authority, in any order; ``hours`` is None without load.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import exp, inf, log
from struct import Struct
from typing import Any

from sim.world.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR
from tests.twin.doors import Doors
from tests.twin.draws import Luck, exponential, name_key
from tests.twin.reading import Reading, Rule
from tests.twin.things import FORMAL, Request

_DESK = name_key("desk")
_FLOAT = Struct("f")


def single(hours: float) -> float:
    """A number as the docket keeps it, in single precision: a parked file costs again what stands there."""
    (kept,) = _FLOAT.unpack(_FLOAT.pack(hours))
    return float(kept)


class Authority:
    """A central authority: three lanes of waiting files, the hours it has overdrawn, and its books by month."""

    __slots__ = ("backlog", "debt", "effort", "ordinary", "parked", "parked_after", "row", "spent", "urgent", "waiting_after")

    def __init__(self, row: int) -> None:
        """No file waits."""
        self.row = row
        self.urgent: deque[Request] = deque()
        self.ordinary: deque[Request] = deque()
        self.parked: deque[Request] = deque()
        self.debt = 0.0
        self.backlog: dict[int, float] = {}  # expected hours of the files that wait, at the start of service
        self.effort: dict[int, float] = {}
        self.spent: dict[int, float] = {}
        self.waiting_after: dict[int, int] = {}
        self.parked_after: dict[int, int] = {}

    @property
    def lanes(self) -> tuple[deque[Request], deque[Request], deque[Request]]:
        """Urgent files, then by (filing day, id), then what is parked."""
        return self.urgent, self.ordinary, self.parked

    def count(self, month: int) -> None:
        """Enter in the books how many files wait and are parked."""
        self.waiting_after[month] = len(self.urgent) + len(self.ordinary)
        self.parked_after[month] = len(self.parked)

    def strike_out(self, month: int) -> None:
        """Suspended files leave the lanes at once."""
        self.urgent, self.ordinary, self.parked = (deque(r for r in lane if r.status != "suspended") for lane in self.lanes)
        self.count(month)


class Unit:
    """The central unit: hours that wait there, and what it remembers of each requester."""

    __slots__ = ("backlog", "recalled", "screened", "stopped")

    def __init__(self, states: int) -> None:
        """Nothing waits, nothing is remembered."""
        self.backlog = 0.0
        self.screened = [0.0] * states
        self.stopped = [0.0] * states
        self.recalled = [0.0] * states

    def load_of(self, hours: float, spec: Any, practice: Any) -> tuple[float, float]:
        """Effort this month under so many further hours, and days that files wait: V' = max(V + A - C, 0)."""
        waited, waiting = self.backlog, self.backlog + hours
        self.backlog = max(waiting - spec.hours_a_month, 0.0)
        months = waiting / spec.hours_a_month
        effort = max(months**-practice.effort_power, practice.effort_floor) if months > 1.0 else 1.0
        return effort, DAYS_PER_MONTH * waited / spec.hours_a_month

    def remember(self, spec: Any) -> None:
        """A requester's flagged share against the average's lowers the bar from the next month."""
        files, flags = sum(self.screened), sum(self.stopped)
        if spec.memory <= 0.0 or flags <= 0.0:
            return
        usual = flags / files
        for i, (screened, stopped) in enumerate(zip(self.screened, self.stopped, strict=True)):
            share = (stopped + spec.memory_files * usual) / (screened + spec.memory_files)
            self.recalled[i] = spec.memory * log(share / usual)
            self.screened[i] *= spec.memory_kept
            self.stopped[i] *= spec.memory_kept


def other_door(filing: Sequence[Request], request: Request) -> float:
    """Day on which a side door of the same filing gave all that is wanted; infinity if none did."""
    if not filing:
        return inf
    days = [
        row.executed_day
        for row in filing
        if row.channel != "preservation" and row.granted >= request.wanted and row.executed_day is not None
    ]
    return min(days, default=inf)


class Review(Doors):
    """The life of a request at the requested authority."""

    def __init__(self, luck: Luck, authorities: Sequence[Authority], unit: Unit) -> None:
        """Nothing has been filed."""
        super().__init__(luck)
        self.authorities, self.unit = authorities, unit

    def use(self, reading: Reading, law: Any) -> None:
        """Go by these from now on."""
        self.reading, self.law = reading, law

    # --- the month of filing ------------------------------------------------------------------------------------------------------

    def receive(self, month: int, rows: Sequence[Request], loaded: bool) -> None:
        """Side doors, the gates and the central unit; what passes joins the queue."""
        effort, wait = self._screening(rows) if loaded else (1.0, 0.0)
        filing: list[Request] = []
        for place, request in enumerate(rows):
            if filing and (filing[0].case is not request.case or filing[0].attempt != request.attempt):
                filing = []
            request.cap, request.patience_day = request.wanted, inf
            if not self.by_side_door(request, rows[place + 1] if place + 1 < len(rows) else None):
                self._formal(request, filing, effort, wait)
            filing.append(request)
        panel = self.reading.panel
        if panel is not None:
            self.unit.remember(panel.spec)

    def _screened(self, request: Request) -> bool:
        """Whether a central unit reads the requests under this text at all."""
        panel = self.reading.panel
        return panel is not None and panel.chance[request.instrument][request.requested] > 0.0

    def _screening(self, rows: Sequence[Request]) -> tuple[float, float]:
        """Effort of the central unit, and the days that files wait for it."""
        panel = self.reading.panel
        if panel is None:
            return 1.0, 0.0
        hours = 0.0
        for request in rows:
            if request.channel in FORMAL and self._screened(request):
                hours += panel.spec.hours_a_file
        return self.unit.load_of(hours, panel.spec, self.reading.practice)

    def _formal(self, request: Request, filing: Sequence[Request], effort: float, wait: float) -> None:
        """A request by the paragraphs, ordinary or urgent."""
        reading, practice, day = self.reading, self.reading.practice, request.filed_day
        given = other_door(filing, request)
        if given < inf:
            self.close(request, "diverted", given)
            return
        if practice.lapse_per_year > 0.0:
            luck = self.luck.uniform("patience", request.case.id, reading.states.keys[request.requested])
            request.patience_day = day + exponential(luck) / practice.lapse_per_year * DAYS_PER_YEAR
        stood = self.gates(request, preserving=False)
        if stood:
            self.refuse(request, stood, day + practice.gate_days, day)
        elif reading.panel is not None and self._screened(request) and self._screen(reading.panel, request, effort, wait):
            return
        elif reading.desk.chance[request.instrument][request.requested] <= 0.0:
            self._execute(request, day)  # an order to a firm: no authority stands between
        else:
            authority = self.authorities[request.requested]
            (authority.urgent if request.channel == "emergency" else authority.ordinary).append(request)

    def _screen(self, panel: Rule, request: Request, effort: float, wait: float) -> bool:
        """The central unit reads the file; whether it stops it. A warning travels with the file to the desk."""
        i = request.case.requester
        days = panel.spec.delay_days + wait
        if request.channel == "emergency":
            days *= self.reading.practice.urgent_delay
        request.ready_day = request.filed_day + days
        self.unit.screened[i] += 1.0
        if self.unit_stops(panel, request, effort, 0.0):  # memory counts what would be stopped without it
            self.unit.stopped[i] += 1.0
        if not self.unit_stops(panel, request, effort, self.unit.recalled[i]):
            return False
        if panel.spec.binding:
            self.refuse(request, {panel.row}, request.ready_day, request.filed_day)
            return True
        request.flagged = True
        return False

    # --- the queue ----------------------------------------------------------------------------------------------------------------

    def serve(self, month: int, authority: Authority, capacity: float | None) -> None:
        """A month's work: emergencies, then files by (filing day, id), then what is parked, while hours last.

        A file may start while hours remain; what it overruns is carried as debt.
        """
        hours = inf if capacity is None else capacity
        start, closes = month * DAYS_PER_MONTH, (month + 1) * DAYS_PER_MONTH
        effort = 1.0 if capacity is None else self._effort(month, authority, hours)
        authority.effort[month] = effort
        left, spent = hours - authority.debt, 0.0
        for lane in authority.lanes:
            while lane and left > 0.0:
                request = lane.popleft()
                day = self._day_ready(request, lane is authority.parked)
                if capacity is not None:
                    day = max(day, start + DAYS_PER_MONTH * min((authority.debt + spent) / hours, 1.0))
                cost = self._treat(request, authority, day, effort, lane is authority.parked)
                spent += cost
                left -= cost
        self._give_up(authority, closes)
        authority.spent[month] = spent
        authority.debt = 0.0 if capacity is None else max(-left, 0.0)
        authority.count(month)

    def _effort(self, month: int, authority: Authority, hours: float) -> float:
        """Attention that the load leaves to each file, fixed for the month."""
        practice = self.reading.practice
        waiting = len(authority.urgent) + len(authority.ordinary)
        authority.backlog[month] = waiting * self.reading.expected_hours
        if hours <= 0.0:
            return practice.effort_floor if waiting else 1.0
        load = authority.backlog[month] / (hours * practice.comfortable_months)
        return max(load**-practice.effort_power, practice.effort_floor) if load > 1.0 else 1.0

    def _day_ready(self, request: Request, parked: bool) -> float:
        """Day from which the desk could take a file up: that of filing, or that on which a central unit had read it."""
        ready = request.ready_day
        return request.filed_day if parked or ready is None else max(request.filed_day, ready)

    def _give_up(self, authority: Authority, today: float) -> None:
        """Files whose requesters have given up by today leave the lanes."""
        for lane in authority.lanes:
            kept = []
            for request in lane:
                if request.patience_day < today:
                    self.close(request, "lapsed", request.patience_day)
                else:
                    kept.append(request)
            if len(kept) < len(lane):
                lane.clear()
                lane.extend(kept)

    def _treat(self, request: Request, authority: Authority, day: float, effort: float, parked: bool) -> float:
        """The desk comes to a file: given up, read a second time after it was parked, or decided. Returns hours."""
        if request.patience_day < day:
            self.close(request, "lapsed", request.patience_day)
            return 0.0
        if not parked:
            return self._decide(request, authority, day, effort)
        cost = request.hours + self._execute(request, max(day, request.ready_day or day))
        request.hours = single(request.hours + cost)
        return cost

    # --- the desk -----------------------------------------------------------------------------------------------------------------

    def _decide(self, request: Request, authority: Authority, day: float, effort: float) -> float:
        """The desk refuses on a ground, asks once for more, parks, or lets pass. Returns hours."""
        reading, practice, case, state = self.reading, self.reading.practice, request.case, request.requested
        urgent = request.channel == "emergency"
        if urgent:
            effort *= reading.urgent_effort[case.requester][state]
        luck = self.luck.normal("hours", case.id, reading.states.keys[state], _DESK)
        hours = exp(reading.hours_log + practice.hours_spread * luck)
        grounds, suspicion, extra = self.desk(request, effort)
        hours += extra
        if grounds:
            self.refuse(request, grounds, day, day)
        elif urgent or request.quality >= practice.supplement_bar:
            hours += self._pass_on(request, authority, day, suspicion)
        elif self._answers(request):
            hours += practice.supplement_hours
            hours += self._pass_on(request, authority, day + practice.supplement_days, suspicion)
        else:
            self._withdraw(request, day)
        request.hours = single(request.hours + hours)
        return hours

    def _answers(self, request: Request) -> bool:
        """Whether the requester sends the further information (Art 40(15))."""
        luck = self.luck.uniform("supplement", request.case.id, self.reading.states.keys[request.requested])
        return luck < self.reading.practice.supplement_answered

    def _withdraw(self, request: Request, day: float) -> None:
        """Further information was asked for and does not come."""
        later = day + self.reading.practice.supplement_days
        if request.patience_day < later:
            self.lapse(request, day)
        else:
            request.decided_day = later
            self.close(request, "withdrawn", later)

    def _pass_on(self, request: Request, authority: Authority, day: float, suspicion: float) -> float:
        """Park what is doubtful or comes from a hostile state, which needs no ground; else go on. Returns further hours."""
        reading, asking, state = self.reading, request.case.requester, request.requested
        if request.channel != "emergency":
            desk = reading.desk.spec
            doubtful = suspicion > desk.park_bar + reading.pair_bar[asking][state]
            if doubtful or reading.standing[asking][state] < desk.trust_floor:
                request.status, request.ready_day = "parked", day
                authority.parked.append(request)
                return 0.0
        return self._execute(request, day)

    # --- execution ----------------------------------------------------------------------------------------------------------------

    def _execute(self, request: Request, begun: float) -> float:
        """What follows once the desk lets a file pass: its condition, further readers, delay, and whether data remain."""
        reading, practice, case, state = self.reading, self.reading.practice, request.case, request.requested
        pace = practice.urgent_delay if request.channel == "emergency" else 1.0
        luck = self.luck.normal("delay", case.id, reading.states.keys[state], _DESK)
        wait = exp(reading.delay_log + practice.delay_spread * luck) * reading.delay_factor[request.instrument] * pace
        day = begun
        if request.condition >= 0:
            day += reading.rules[request.condition].spec.delay_days * pace
        found = self.further(request, day, pace, wait)
        answered = day + found.delay * pace
        if found.stood:
            self.refuse(request, found.stood, answered, begun)
            return found.hours
        done = answered + wait
        if request.patience_day >= answered:
            request.decided_day = answered  # the answer is yes, even if its execution comes too late
        if request.patience_day < done:
            self.lapse(request, begun)
            return found.hours
        due = done - found.contested * pace  # what a firm holds is frozen once the order has reached it
        gone = due > self.survives_until(request)
        if found.told:
            gone = gone or self.luck.uniform("tipped", case.id, reading.states.keys[state]) < found.tip_off
        if found.told or found.firm == "before":
            request.told = "before"
        if gone and not (request.preserved_until is not None and request.preserved_until >= due):
            request.executed_day = done
            self.close(request, "executed_empty", done)
            return found.hours
        self.disclose(request, done, self.class_given(request), found.told, found.firm)
        self.collect_live(request)
        return found.hours
