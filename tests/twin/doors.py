"""Requests that pass by the paragraphs, each answered in the month of its filing: preservation, unasked, the firm, the police."""

from __future__ import annotations

from math import floor, inf, log

from sim.world.vocabulary import SUBSCRIBER, TRAFFIC
from tests.twin.after import Endings
from tests.twin.things import FORMAL, Request

_FLOOR = 2.0**-54  # stands for a uniform, or a chance, of zero under a logarithm


def renewals(luck: float, renewed: float) -> float:
    """How often a term of preservation is renewed, each time with the chance ``renewed``."""
    return inf if renewed >= 1.0 else floor(log(max(luck, _FLOOR)) / log(max(renewed, _FLOOR)))


class Doors(Endings):
    """The side doors."""

    def by_side_door(self, request: Request, following: Request | None) -> bool:
        """Answer a row that goes another way; False for one by the paragraphs. ``following`` is the next row of the docket."""
        if request.channel in FORMAL:
            return False
        match request.channel:
            case "preservation":
                self._preserve(request, following)
            case "spontaneous":
                self._unasked(request)
            case "direct":
                self._ask_firm(request)
            case "police":
                self._ask_police(request)
            case _:
                raise NotImplementedError(request.channel)
        return True

    def _preserve(self, request: Request, following: Request | None) -> None:
        """A quick look; the data are frozen for the request that follows, while the term is renewed."""
        practice, case = self.reading.practice, request.case
        day = request.filed_day + practice.preservation_delay
        grounds = self.gates(request, preserving=True)
        grounds |= self.desk(request, practice.preservation_effort, preserving=True)[0]
        if grounds:
            self.refuse(request, grounds, day, day)
            return
        request.decided_day = request.executed_day = day
        if day > self.survives_until(request):
            self.close(request, "executed_empty", day)
            return
        luck = self.luck.uniform("renewal", case.id, self.reading.states.keys[request.requested])
        until = day + practice.preservation_days * (1.0 + renewals(luck, practice.preservation_renewed))
        request.preserved_until = until
        if following is not None and following.case is case:
            following.preserved_until = until
        self.close(request, "executed", day)

    def _unasked(self, request: Request) -> None:
        """A state passes on what it holds; no content, and no filter."""
        day = request.filed_day + self.reading.practice.spontaneous_days
        request.decided_day = day
        self.disclose(request, day, min(request.wanted, self.reading.residence_class))

    def _ask_firm(self, request: Request) -> None:
        """The firm gives what is not content by what it thinks of the requester's state; it may tell its user first."""
        reading, case = self.reading, request.case
        days = reading.practice.direct_days
        day = request.filed_day + days
        request.decided_day = day
        luck = self.luck.uniform("provider", case.id, reading.states.keys[request.requested])
        if luck >= reading.states.direct_answered[case.requester]:
            self.close(request, "refused", day)
            return
        firm = self.told_by_firm(request, request.filed_day, days)
        if firm == "before":
            grounds, contested = self.contest(request)
            day += contested
            if grounds:
                self.refuse(request, grounds, day, day)
                return
            request.told, request.decided_day = "before", day
        self.disclose(request, day, min(request.wanted, TRAFFIC), firm=firm)

    def _ask_police(self, request: Request) -> None:
        """Quick, subscriber data alone; hostile pairs go unanswered."""
        reading, case, state = self.reading, request.case, request.requested
        day = request.filed_day + reading.practice.police_days
        friendly = reading.standing[case.requester][state] >= reading.desk.spec.trust_floor
        luck = self.luck.uniform("police:answered", case.id, reading.states.keys[state])
        if friendly and luck < reading.practice.police_answered:
            request.decided_day = day
            self.disclose(request, day, SUBSCRIBER)
        else:
            self.close(request, "lapsed", day)
