"""What institutions do: training raises authorities, and a text is taken from requesters whose requests were refused too often.

``trained`` says who is trained under a policy. ``Bench`` keeps the counts of a run: ``note`` the rows of every month, then from the
window's first month on, where ``suspensions`` finds a rule, ``sit`` once a month after service. ``Bench.out(text, month)`` are the
states that a text does not bind in a month as requesters (and, where its rule is reciprocal, as requested states either).
``stop_in_flight`` serves whoever breaks off cooperation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sim.settings import Policy
from sim.world.vocabulary import DAYS_PER_MONTH
from tests.twin.reading import text_order
from tests.twin.review import Authority, Review
from tests.twin.things import FORMAL, Request


@dataclass(slots=True)
class Trained:
    """What training does to each state."""

    hours: list[float]  # factor on officer-hours
    skill: list[float]  # of the desk
    filing: list[float]  # factor on the propensity to file
    part: list[bool]  # who takes part in any programme


def trained(policy: Policy, skill: Sequence[float], bound: Sequence[Sequence[bool]]) -> Trained | None:
    """Authorities after training; None where no text offers any. ``bound[text][state]``: whether a text binds a state at all."""
    states, texts = range(len(skill)), text_order(policy.instruments)
    after = Trained([1.0] * len(skill), list(skill), [1.0] * len(skill), [False] * len(skill))
    offered, safeguards = False, dict[str, Any](policy.safeguards)
    for name, spec in safeguards.items():
        rows = [row for row, text in enumerate(texts) if policy.instruments[text].safeguards.get(name, "absent") != "absent"]
        if type(spec).__name__ != "Training" or not rows:
            continue
        offered = True
        for j in states:
            if skill[j] < spec.below and any(bound[row][j] for row in rows):
                after.hours[j] *= spec.hours_factor
                after.filing[j] *= 1.0 + spec.filing_gain
                after.skill[j] += spec.skill_gain
                after.part[j] = True
    after.skill = [min(s, 1.0) for s in after.skill]
    return after if offered else None


def suspensions(policy: Policy) -> dict[int, Any]:
    """The rule by which each text, by row, is taken from requesters; nobody can be suspended from comity, which is no text."""
    found = {}
    for row, text in enumerate(text_order(policy.instruments)[:-1]):
        for name, spec in policy.safeguards.items():
            if type(spec).__name__ == "Suspension" and policy.instruments[text].safeguards.get(name, "absent") != "absent":
                found[row] = spec
    return found


def stop_in_flight(rows: Iterable[Request], today: float, authorities: Sequence[Authority], month: int) -> list[Request]:
    """Formal requests among these that are not over end today as suspended; whoever had them in a lane strikes them out."""
    stopped = [
        row
        for row in rows
        if row.channel in FORMAL and row.status != "diverted" and (row.ended_day is None or row.ended_day >= today)
    ]
    for row in stopped:
        row.status, row.ended_day, row.executed_day = "suspended", today, None
        if row.decided_day is not None and row.decided_day >= today:
            row.decided_day = None
        row.granted, row.reason, row.grounds = -1, -1, frozenset()
        row.told, row.evaded, row.misused = "never", "none", frozenset()
        row.published, row.judged, row.realtime = False, False, 0
    for state in sorted({row.requested for row in stopped}):
        authorities[state].strike_out(month)
    return stopped


class Bench:
    """Counts of refusals of substance by text and requester, and who is suspended until when."""

    def __init__(self) -> None:
        """Nobody is suspended."""
        self.until: dict[tuple[int, int], int] = {}  # (text, requester): first month in which it may ask again
        self._counts: dict[tuple[int, int], dict[int, list[int]]] = defaultdict(dict)  # by month: [decided, upheld]
        self._open: list[Request] = []  # formal requests that were not over when the bench last looked

    def note(self, rows: Iterable[Request]) -> None:
        """Take in the rows of a month."""
        self._open.extend(row for row in rows if row.channel in FORMAL)

    def out(self, text: int, month: int) -> set[int]:
        """States that are suspended from a text in a month."""
        return {state for (row, state), until in self.until.items() if row == text and until > month}

    def sit(self, month: int, rules: dict[int, Any], review: Review) -> list[Request]:
        """The end of a month: count what was heard in it, and suspend. Returns the requests stopped in flight."""
        opens, closes = month * DAYS_PER_MONTH, (month + 1) * DAYS_PER_MONTH
        self._count(month, opens, closes, rules, review)
        stopped: list[Request] = []
        for text, rule in rules.items():
            fallen = self._judge(month, text, rule)
            if fallen:
                meant = [
                    row
                    for row in self._open
                    if row.instrument == text and (row.case.requester in fallen or (rule.reciprocal and row.requested in fallen))
                ]
                stopped += stop_in_flight(meant, closes, review.authorities, month)
        self._open = [row for row in self._open if row.ended_day is None or row.ended_day >= closes]
        return stopped

    def _count(self, month: int, opens: float, closes: float, rules: dict[int, Any], review: Review) -> None:
        """Requests heard of in a month; of the refusals of substance those that a second reading does not clear."""
        for row in self._open:
            if row.decided_day is None or not opens <= row.decided_day < closes:
                continue
            count = self._counts[row.instrument, row.case.requester].setdefault(month, [0, 0])
            count[0] += 1
            if row.status != "refused" or row.reason not in review.reading.weighed:
                continue
            rule = rules.get(row.instrument)
            if rule is not None and rule.second_reading:
                row.second = "confirmed" if review.again(row) else "not_confirmed"
            if row.second != "not_confirmed":
                count[1] += 1

    def _judge(self, month: int, text: int, rule: Any) -> set[int]:
        """Whom the last months' refusals suspend from the next on; what that was for is not held against them twice."""
        first, fallen = max(month + 1 - int(rule.within_months), 0), set()
        for (row, state), counts in self._counts.items():
            if row != text or self.until.get((row, state), 0) > month:
                continue
            recent = [count for counted, count in counts.items() if counted >= first]
            decided, upheld = sum(count[0] for count in recent), sum(count[1] for count in recent)
            if upheld >= rule.refusals and upheld >= rule.share * decided:
                fallen.add(state)
        for state in fallen:
            self.until[text, state] = month + 1 + int(rule.months)
            self._counts[text, state] = {}
        return fallen
