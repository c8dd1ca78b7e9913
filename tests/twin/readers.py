"""Those who read a file: gates, the central unit, the desk with its grounds, the judge, the firm, the person and her court.

``Readers`` answers what stands against a request, as a set of rows of safeguards in the order of checking. One reading has one
accident, which all its grounds share. What it needs of the law (``tests.twin.law``) is ``reach``, ``maxima`` and ``established``.

No reader's rule looks at whether a case is abusive, nor at the true conduct: these enter by ``Reading.strength`` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, sqrt
from typing import Any

from tests.twin.draws import Luck, both, name_key, normal
from tests.twin.law import OUTSIDE, TOO_LIGHT
from tests.twin.reading import Reading, Rule, record_share
from tests.twin.things import Request

_PANEL = name_key("panel")


@dataclass(slots=True, eq=False)
class Sight:
    """What one reader has before him: what shows of the motive, the accident, and how much it takes."""

    signal: float
    noise: float
    bar: float


@dataclass(slots=True, eq=False)
class Further:
    """What the readers after the desk made of a file."""

    stood: set[int]
    delay: float = 0.0
    hours: float = 0.0
    told: bool = False  # by the state, before execution
    tip_off: float = 0.0
    firm: str = "never"  # when the firm tells
    contested: float = 0.0  # days of a contest that the firm's notice brought


class Readers:
    """Everybody who reads; ``reading`` and ``law`` are those of the month."""

    reading: Reading
    law: Any

    def __init__(self, luck: Luck) -> None:
        """Take the luck of the events."""
        self.luck = luck
        self._gates: dict[str, Callable[[Rule, Request], bool]] = {
            "Scope": self._outside,
            "Seriousness": self._too_light,
            "Form": self._hopeless,
            "Goodwill": self._unwilling,
            "DualCriminality": self._no_crime_there,
            "ResearchExempt": self._is_research,
        }
        self._grounds_by_form: dict[str, Callable[[Rule, Request, Sight], bool]] = {
            "Discrimination": self._motive_shows,
            "HumanRights": self._motive_shows,
            "PoliticalOffence": self._is_political,
            "OrdrePublic": self._motive_shows,
            "Prejudice": self._would_be_harmed,
            "GoodFaith": self._is_shielded,
            "OwnLaw": self._barred_at_home,
            "Proportionality": self._out_of_proportion,
            "TransferLaw": self._may_not_go,
        }

    # --- who applies what ---------------------------------------------------------------------------------------------------------

    def applied(self, rule: Rule, text: int, state: int, request: Request) -> bool:
        """Whether a state applies a safeguard under a text in this case."""
        chance = rule.chance[text][state]
        if chance >= 1.0 or chance <= 0.0:
            return chance >= 1.0
        return self.luck.uniform("applied", request.case.id, self.reading.states.keys[state], rule.habit_key) < chance

    def luck_of(self, rule: Rule, request: Request, state: int) -> float:
        """What a rule leaves to chance in this case."""
        return self.luck.uniform("luck", request.case.id, self.reading.states.keys[state], rule.habit_key)

    # --- gates --------------------------------------------------------------------------------------------------------------------

    def gates(self, request: Request, preserving: bool) -> set[int]:
        """Which gates stand against the request: law, and no judgement."""
        text, state, stood = request.instrument, request.requested, set()
        for gate in self.reading.applied["gates"][text][state]:
            if preserving and not gate.stops[text]:
                continue
            if self._gates[gate.form](gate, request) and self.applied(gate, text, state, request):
                stood.add(gate.row)
        return stood

    def _outside(self, _: Rule, request: Request) -> bool:
        return self.law.reach[request.instrument][request.case.requester][request.label] == OUTSIDE

    def _too_light(self, _: Rule, request: Request) -> bool:
        return self.law.reach[request.instrument][request.case.requester][request.label] == TOO_LIGHT

    def _hopeless(self, gate: Rule, request: Request) -> bool:
        return request.quality < gate.spec.quality_bar

    def _unwilling(self, gate: Rule, request: Request) -> bool:
        goodwill = self.reading.goodwill[request.case.requester][request.requested]
        return self.luck_of(gate, request, request.requested) >= goodwill

    def _no_crime_there(self, gate: Rule, request: Request) -> bool:
        """By the label that is cited, or by what is narrated whatever the label."""
        if gate.spec.test == "label":
            return not self.punishes(request.instrument, request.requested, request.label)
        return not self.is_crime(request)

    def _is_research(self, _: Rule, request: Request) -> bool:
        return self.reading.facts.offences.exempt_from[request.alleged][request.label]

    def punishes(self, text: int, state: int, conduct: int) -> bool:
        """Whether a state makes a conduct a crime, or is bound by the text to do so."""
        return self.law.maxima[state][conduct] is not None or self.law.established[text][conduct]

    def is_crime(self, request: Request) -> bool:
        """Whether what the file narrates is a crime where it is asked for: by itself, or under a broad law on the label."""
        text, state, label, alleged = request.instrument, request.requested, request.label, request.alleged
        if self.punishes(text, state, alleged):
            return True
        return self.punishes(text, state, label) and self.reading.covers(state, label, alleged)

    # --- readings -----------------------------------------------------------------------------------------------------------------

    def _accident(self, look: Rule, request: Request, state_key: int) -> float:
        """The accident of one reading: the dossier's share, and the look's own."""
        own = self.luck.normal("look", request.case.id, state_key, look.name_key)
        return self.reading.shared * request.case.dossier + self.reading.own * own

    def _eyes(self, look: Rule, state: int, effort: float) -> float:
        """What a reader can see, against a perfect one."""
        reading = self.reading
        match look.form:
            case "Desk":
                return reading.skill[state] * sqrt(effort)
            case "Panel":
                return float(look.spec.insight) * sqrt(effort)
            case "Judge":
                return reading.states.judicial[state]
            case "Provider":
                return float(look.spec.insight) * reading.firm_eyes[state]
            case "Person":
                return float(look.spec.insight)
            case _:
                raise NotImplementedError(look.form)

    def _sight(self, look: Rule, request: Request, effort: float = 1.0, noise: float | None = None) -> Sight:
        """What a reader of the requested state has before him; a second reading brings a ``noise`` of its own."""
        reading, state = self.reading, request.requested
        if noise is None:
            noise = self._accident(look, request, reading.states.keys[state])
        if request.flagged and look is reading.desk and reading.panel is not None:
            noise += reading.panel.spec.advice
        signal, bar = reading.strength(request) * self._eyes(look, state, effort), reading.pair_bar[request.case.requester][state]
        return Sight(signal, noise, look.spec.bar + bar)

    def unit_stops(self, panel: Rule, request: Request, effort: float, recalled: float) -> bool:
        """The central unit's reading: no requested state is in its draws, so it answers alike wherever a request goes."""
        asking = request.case.requester
        signal = self.reading.strength(request) * self._eyes(panel, request.requested, effort)
        bar = panel.spec.bar + self.reading.trust_bar[asking] - recalled
        return bool(signal + self._accident(panel, request, _PANEL) > bar)

    def desk(self, request: Request, effort: float, preserving: bool = False) -> tuple[set[int], float, float]:
        """What stands at the desk, how suspicious the file looks, and the hours that its grounds cost."""
        desk = self.reading.desk
        if not self.applied(desk, request.instrument, request.requested, request):
            return set(), -inf, 0.0
        sight = self._sight(desk, request, effort)
        stood, hours = self._grounds(desk, request, sight, preserving)
        return stood, sight.signal + sight.noise, desk.spec.hours + hours

    def _grounds(self, look: Rule, request: Request, sight: Sight, preserving: bool = False) -> tuple[set[int], float]:
        """Grounds invoked at a look, each where it is applied, with the hours that this takes."""
        text, state, stood, hours, base = request.instrument, request.requested, set(), 0.0, sight.bar
        grounds = self.reading.applied[look.name][text][state]
        if not grounds:
            return stood, hours
        luck = both(self.luck.start("applied"), request.case.id, self.reading.states.keys[state])
        for ground in grounds:
            if preserving and not ground.stops[text]:
                continue
            chance = ground.chance[text][state]
            if chance < 1.0 and self.luck.after(luck, ground.habit_key) >= chance:
                continue
            hours += ground.spec.hours
            sight.bar = base + ground.spec.shift
            if self._grounds_by_form[ground.form](ground, request, sight):
                stood.add(ground.row)
            if ground.form == "Proportionality":
                self._narrow(ground, request, self._carried(ground, request, sight))
            elif ground.form == "TransferLaw" and self._on_condition(ground, request):
                request.condition = ground.row
        sight.bar = base
        return stood, hours

    def _narrow(self, rule: Rule, request: Request, allowed: int) -> None:
        """Leave no more than a class of data; the first who narrows is named."""
        if allowed < request.cap:
            request.cap = allowed
            if request.narrowed < 0:
                request.narrowed = rule.row

    # --- grounds ------------------------------------------------------------------------------------------------------------------

    def _motive_shows(self, ground: Rule, request: Request, sight: Sight) -> bool:
        return ground.covers[request.case.group] * sight.signal + sight.noise > sight.bar

    def _is_political(self, ground: Rule, request: Request, sight: Sight) -> bool:
        """The ground reads the narrated facts: it has no purchase on an invented fraud."""
        return self.reading.facts.offences.protected[request.alleged] and self._motive_shows(ground, request, sight)

    def _would_be_harmed(self, ground: Rule, request: Request, sight: Sight) -> bool:
        terror = self.reading.states.terror[request.case.requester]
        counts = record_share(ground.spec.middle, ground.spec.per_record, terror)
        return ground.covers[request.case.group] * self.reading.role(request) * counts + sight.noise > sight.bar

    def _is_shielded(self, ground: Rule, request: Request, sight: Sight) -> bool:
        if self.reading.facts.offences.harm[request.alleged] >= ground.spec.harm_shown:
            return False
        return ground.covers[request.case.group] * self.reading.role(request) + sight.noise > sight.bar

    def _barred_at_home(self, ground: Rule, request: Request, sight: Sight) -> bool:
        intrusion = ground.spec.per_class * request.cap
        return bool(ground.covers[request.case.group] * sight.signal + intrusion + sight.noise > sight.bar)

    def _weighed(self, ground: Rule, request: Request, sight: Sight) -> float:
        """The alleged harm, less where the file looks odd."""
        return self.reading.facts.offences.harm[request.alleged] - float(ground.spec.slip) * sight.noise

    def _out_of_proportion(self, ground: Rule, request: Request, sight: Sight) -> bool:
        return bool(self._weighed(ground, request, sight) < ground.spec.subscriber)

    def _carried(self, ground: Rule, request: Request, sight: Sight) -> int:
        """The most intrusive class that the alleged harm carries."""
        weighed = self._weighed(ground, request, sight)
        return 2 if weighed >= ground.spec.content else 1 if weighed >= ground.spec.traffic else 0

    def _declined(self, ground: Rule, request: Request) -> tuple[float, bool]:
        """How far the receiver's protection falls short, and whether the state declines for that."""
        gap, state_key = self.reading.gap[request.case.requester][request.requested], self.reading.states.keys[request.requested]
        return gap, self.luck.uniform("dp_answer", request.case.id, state_key) < ground.spec.declined * gap

    def _may_not_go(self, ground: Rule, request: Request, _: Sight) -> bool:
        return self._declined(ground, request)[1]

    def _on_condition(self, ground: Rule, request: Request) -> bool:
        gap, declined = self._declined(ground, request)
        return gap > 0.0 and not declined

    # --- readers after the desk ---------------------------------------------------------------------------------------------------

    def further(self, request: Request, day: float, pace: float, wait: float) -> Further:
        """Judge, firm and person, each while nothing stands; a firm may tell its user before the state would.

        ``day`` is that of the desk's answer with its condition, ``wait`` the days from the last answer to the execution.
        """
        found, spoken = Further(set()), False
        for look in self.reading.applied["further"][request.instrument][request.requested]:
            if look is self.reading.person:
                self._firm_tells(request, found, day, pace, wait)
                spoken = True
                if found.firm == "before" or self.reading.hidden[request.instrument]:
                    continue
            if not found.stood and self.applied(look, request.instrument, request.requested, request):
                self._reads(look, request, found, wait)
        if not spoken:
            self._firm_tells(request, found, day, pace, wait)
        return found

    def _reads(self, look: Rule, request: Request, found: Further, wait: float) -> None:
        """One reader after the desk."""
        found.hours += look.spec.hours
        sight = self._sight(look, request)
        stood, hours = self._grounds(look, request, sight)
        found.hours += hours
        suspicious = sight.signal + sight.noise > sight.bar
        match look.form:
            case "Judge":
                if suspicious:
                    stood.add(look.row)
                self._judge_narrows(look, request, sight)
                found.delay += look.spec.delay_days
                request.judged = True
            case "Provider":
                if suspicious and self._firm_wins(look, request):
                    stood.add(look.row)
                found.delay += look.spec.delay_days + (look.spec.contest_days if suspicious else 0.0)
            case "Person":
                self._person_reads(look, request, found, wait, stood, suspicious)
            case _:
                raise NotImplementedError(look.form)
        found.stood |= stood

    def _judge_narrows(self, look: Rule, request: Request, sight: Sight) -> None:
        """Short of refusing, the court gives one class less."""
        margin = look.spec.narrow_margin
        if margin > 0.0 and request.cap > 0 and sight.signal + sight.noise > sight.bar - margin:
            self._narrow(look, request, request.cap - 1)

    def _firm_wins(self, look: Rule, request: Request) -> bool:
        """Whether the court, as independent as it is, finds for the firm."""
        luck = self.luck_of(look, request, request.requested)
        return bool(luck < look.spec.win * self.reading.states.judicial[request.requested])

    def _person_reads(self, look: Rule, request: Request, found: Further, wait: float, stood: set[int], suspicious: bool) -> None:
        """The person is told in time unless a court keeps it secret; some go to court, some destroy what is not frozen."""
        spec, court = look.spec, self.reading.states.judicial[request.requested]
        if wait <= spec.notice_days:
            return
        luck = self.luck_of(look, request, request.requested)
        reached = spec.reached * (1.0 - spec.gagged) if request.case.secret else spec.reached
        if suspicious and luck < reached * spec.contests * court:
            stood.add(look.row)
        if luck < reached * spec.contests:
            found.delay += spec.contest_days
        if luck < reached:
            found.told, found.tip_off = True, spec.tip_off

    # --- firms that tell their users ----------------------------------------------------------------------------------------------

    def _firm_tells(self, request: Request, found: Further, day: float, pace: float, wait: float) -> None:
        """When the firm tells, unless the state has by then; who is told in time may go to court."""
        if found.stood:
            return
        found.firm = self.told_by_firm(request, day + pace * found.delay, wait)
        if found.firm != "before":
            return
        if self._state_tells_earlier(request, wait):
            found.firm = "never"
            return
        found.stood, found.contested = self.contest(request)
        found.delay += found.contested

    def _state_tells_earlier(self, request: Request, wait: float) -> bool:
        """Of two tellings the earlier counts: whether the state's is, with ``person`` in force."""
        person, state = self.reading.person, request.requested
        if person is None:
            return False
        spec = person.spec
        if spec.notice_days > wait - self.reading.practice.firm_notice.days or wait <= spec.notice_days:
            return False
        reached = spec.reached * (1.0 - spec.gagged) if request.case.secret else spec.reached
        return self.applied(person, request.instrument, state, request) and self.luck_of(person, request, state) < reached

    def told_by_firm(self, request: Request, served: float, wait: float) -> str:
        """When a firm that has the order from ``served`` on, and hands over ``wait`` days later, tells its user."""
        reading, case, state, text = self.reading, request.case, request.requested, request.instrument
        share = reading.firm_share[state]
        if share <= 0.0 or reading.hidden[text] or state not in case.hosts[:-1]:
            return "never"
        if self.luck.uniform("firm_notice", case.id, reading.states.keys[state]) >= share:
            return "never"
        silent_until = request.filed_day + reading.gag_days[text][state] if case.secret else -inf
        early = reading.practice.firm_notice.days
        if wait > early and served + wait - early >= silent_until:
            return "before"
        return "after" if silent_until < inf else "never"

    def contest(self, request: Request) -> tuple[set[int], float]:
        """Whoever is told by the firm in time goes to court as after the state's notice: what then stands, and the days."""
        person, state = self.reading.person, request.requested
        if person is None:
            return set(), 0.0
        spec = person.spec
        going = self.reading.firm_share[state] * spec.contests
        luck = self.luck.uniform("firm_notice", request.case.id, self.reading.states.keys[state])
        if luck >= going:
            return set(), 0.0
        sight = self._sight(person, request)
        convinced = sight.signal + sight.noise > sight.bar and luck < going * self.reading.states.judicial[state]
        return ({person.row} if convinced else set()), spec.contest_days

    # --- second readings ----------------------------------------------------------------------------------------------------------

    def again(self, request: Request) -> set[int]:
        """A second reading of a refused file by whoever refused it: what of substance stands again, at full effort."""
        reading, was, stood = self.reading, request.grounds, set()
        cap, narrowed, request.cap = request.cap, request.narrowed, request.wanted
        own = self.luck.uniform("second_reading", request.case.id, reading.states.keys[request.requested])
        noise = reading.shared * request.case.dossier + reading.own * normal(own)
        for look in reading.looks:
            if was & {look.row, *(ground.row for ground in reading.grounds_at[look.name])}:
                stood |= self._reads_again(look, request, noise)
        request.cap, request.narrowed = cap, narrowed
        return stood & was & reading.weighed

    def _reads_again(self, look: Rule, request: Request, noise: float) -> set[int]:
        """One reader again; that a court was reached in time is not asked again."""
        sight = self._sight(look, request, 1.0, noise)
        if look is self.reading.panel:
            sight.bar = look.spec.bar + self.reading.trust_bar[request.case.requester]
        stood, _ = self._grounds(look, request, sight)
        stands = sight.signal + sight.noise > sight.bar
        match look.form:
            case "Desk":
                stands = False
            case "Judge":
                self._judge_narrows(look, request, sight)
            case "Provider":
                stands = stands and self._firm_wins(look, request)
            case "Person":
                stands = stands and look.spec.contests * self.reading.states.judicial[request.requested] > 0.0
        return stood | {look.row} if stands else stood
