"""How a request ends, and what follows where data are given: misuse, onward transfer, publication, notice.

``Endings`` adds to the readers what closes a request. Days count from the start of the run-in; ``None`` is a day not reached.
"""

from __future__ import annotations

from math import exp, floor

from sim.world.vocabulary import CONTENT, TRAFFIC
from tests.twin.draws import name_key
from tests.twin.readers import Readers
from tests.twin.reading import Rule
from tests.twin.things import Request

_LIVE = name_key("realtime")


class Endings(Readers):
    """What closes a request."""

    def close(self, request: Request, status: str, day: float) -> None:
        """The request leaves the docket."""
        request.status, request.ended_day = status, day

    def lapse(self, request: Request, begun: float) -> None:
        """The requester has given up, though not before the reading had begun."""
        self.close(request, "lapsed", max(request.patience_day, begun))

    def refuse(self, request: Request, grounds: set[int], day: float, begun: float) -> None:
        """Refuse with reasons; whoever gave up before that day never hears it."""
        if request.patience_day < day:
            self.lapse(request, begun)
            return
        request.grounds, request.reason, request.decided_day = grounds, min(grounds), day
        self.publish(request)
        self.close(request, "refused", day)

    def disclose(self, request: Request, day: float, granted: int, warned: bool = False, firm: str = "never") -> None:
        """Give data; nothing usable is left of a person who has moved.

        ``warned``: the state has told the person before. ``firm``: when the firm tells.
        """
        case, text = request.case, request.instrument
        request.executed_day = day
        if self._has_moved(request, day, warned):
            request.evaded = "nothing_usable"
            self.close(request, "executed_empty", day)
            return
        request.granted = granted
        self._follow(request)
        self.publish(request)
        kept_quiet = self.reading.hidden[text] or case.secret
        by_law = not kept_quiet and self.luck.uniform("notice", case.id) < self.reading.practice.domestic_notice
        if request.told == "never" and (by_law or firm == "after"):
            request.told = "after"
        self.close(request, "executed_in_part" if granted < request.wanted else "executed", day)

    def _has_moved(self, request: Request, day: float, warned: bool) -> bool:
        """Whether the person had moved to safer tools, or did once the state had told, unless the data were frozen by then."""
        frozen = request.preserved_until is not None and request.preserved_until >= day
        return request.evaded == "moved" or (warned and request.evaded == "moves_if_told" and not frozen)

    # --- what follows -------------------------------------------------------------------------------------------------------------

    def publish(self, request: Request) -> None:
        """The requested state counts the request in public, where it has that duty and keeps it."""
        for rule in self.reading.applied["statistics"][request.instrument][request.requested]:
            if self.applied(rule, request.instrument, request.requested, request):
                request.published = True

    def _follow(self, request: Request) -> None:
        """Use beyond the case and transfer to a third state, as far as no duty of the receiver holds them back."""
        reading, receiver = self.reading, request.case.requester
        own_use, onward = reading.own_use[receiver], reading.onward[receiver]
        for duty in reading.applied["duties"][request.instrument][receiver]:
            if duty.spec.risk == "onward":
                onward *= self._left_by(duty, request, receiver)
            else:
                own_use *= self._left_by(duty, request, receiver)
        if request.condition >= 0:
            left = self._left_by_condition(reading.rules[request.condition], request, receiver)
            own_use, onward = min(own_use, left * reading.own_use[receiver]), min(onward, left * reading.onward[receiver])
        key = reading.states.keys[receiver]
        if self.luck.uniform("leak", request.case.id, key) < own_use:
            request.misused |= {"own_use"}
        if self.luck.uniform("onward", request.case.id, key) < onward:
            request.misused |= {"onward"}

    def _left_by(self, duty: Rule, request: Request, receiver: int) -> float:
        """Factor on a misuse: a duty that is kept, or audited, holds back a share of it."""
        kept = self.applied(duty, request.instrument, receiver, request)
        return 1.0 - duty.spec.holds if kept or self.luck_of(duty, request, receiver) < duty.spec.audit else 1.0

    def _left_by_condition(self, ground: Rule, request: Request, receiver: int) -> float:
        """The same of a condition, which is kept where it is audited."""
        return 1.0 - ground.spec.holds if self.luck_of(ground, request, receiver) < ground.spec.audit else 1.0

    # --- data ---------------------------------------------------------------------------------------------------------------------

    def survives_until(self, request: Request) -> float:
        """Day to which data last with this state's firms if nobody freezes them."""
        reading, case = self.reading, request.case
        luck = self.luck.normal("retention", case.id, reading.states.keys[request.requested])
        return case.day + exp(reading.retention_log + reading.practice.retention_spread * luck)

    def class_given(self, request: Request) -> int:
        """What is wanted, less what readers took off, and what a state has where the person merely lives."""
        hosts, state = request.case.hosts, request.requested
        granted = min(request.wanted, request.cap)
        if hosts[-1] == state and state not in hosts[:-1]:
            granted = min(granted, self.reading.residence_class)
        return granted

    def collect_live(self, request: Request) -> None:
        """Go on, as it comes, with the class that was given, in a case marked so and where text and law have it."""
        case, text, state = request.case, request.instrument, request.requested
        if not case.realtime or request.granted < TRAFFIC:
            return
        chance, limits = self.reading.live[text][state], self.reading.instruments[text].realtime_if
        if chance <= 0.0 or (limits.judged and not request.judged):
            return
        if (request.granted == CONTENT or limits.serious) and not self._may_intercept(state, request.alleged):
            return
        if chance >= 1.0 or self.luck.uniform("applied", case.id, self.reading.states.keys[state], _LIVE) < chance:
            months = self.reading.practice.realtime_months
            request.realtime = 1 + floor(months * self.luck.uniform("span", case.id))

    def _may_intercept(self, state: int, alleged: int) -> bool:
        """Whether the state's own maximum for what is alleged reaches the line from which content may be intercepted."""
        maximum = self.law.maxima[state][alleged]
        return maximum is not None and bool(maximum >= self.reading.states.intercept_from[state])
