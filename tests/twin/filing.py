"""Filing: which state is asked, what the request is called, which text governs it, and by which ways it goes.

``Filing(facts, luck, learners)`` is one for a run. Each month ``use(rules, in_force, window)`` says by what law and habits;
``wishes(month, new)`` gives cases with the day of their filing, the month's new ones and those that may be filed again; and
``file(month, wishes, expression)`` gives the rows that they make, in order, each case with its ``status`` set.

The order of choice is destination, kind and label, text, channel. A race gives each option its log weight and a Gumbel number of
its own, and the largest sum wins, so that revaluing one option moves only the cases in which it wins or loses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log
from typing import Protocol

from sim.settings import Policy
from sim.world.vocabulary import CONTENT, DATA_CLASSES, DAYS_PER_MONTH
from tests.twin.draws import Luck, absorbed, both, gumbel
from tests.twin.facts import Facts
from tests.twin.law import COVERED, InForce, Law, Menus
from tests.twin.learning import Learners, frame_of, place_of
from tests.twin.things import FORMAL, Case, Request

HONEST, RECHARACTERISED, FABRICATED = range(3)
_SERVICES, _RESIDENCE = 4, 4  # the first places of evidence are services, the place after them is the state of residence
_MOST_WAYS = 2  # of a case that are remembered: a third filing is the last


class Ruling(Protocol):
    """What filing reads of a month's rules."""

    policy: Policy
    law: Law
    menus: Menus
    punished: list[list[bool]]  # by state and conduct
    appetite: list[float]  # by state: share of live wishes that it files where a text's propensity is one
    eager: list[list[float]]  # by state and group, last for nobody at risk


@dataclass(slots=True)
class Between:
    """What the texts in force between two states have to offer."""

    texts: list[list[int]]  # by class of data: texts, comity aside, that offer it
    doors: dict[str, int]  # by side door: the first text that has it; -1 for none


@dataclass(slots=True)
class Paper:
    """What all rows of one filing have in common."""

    case: Case
    attempt: int
    month: int
    day: float
    requested: int
    between: Between
    label: int
    alleged: int
    kind: int
    quality: float
    place: int  # kind of destination, as learning has it
    last: Request | None = None  # the row that was written last


def shifted(share: float, worth: float) -> float:
    """A share after adding ``worth`` to its log odds; none and all stay what they are."""
    if worth == 0.0 or share <= 0.0 or share >= 1.0:
        return share
    return 1.0 / (1.0 + exp(-(log(share / (1.0 - share)) + worth)))


class Filing:
    """Requesters at work, one month after the other."""

    def __init__(self, facts: Facts, luck: Luck, learners: Learners) -> None:
        """Nobody has asked for anything."""
        self.facts, self.luck, self.learners = facts, luck, learners
        self.keys = facts.states.keys
        self.in_force: InForce = []
        self._pairs: dict[tuple[int, int], Between] = {}
        self._pairs_of: Law | None = None
        self.waiting: list[Case] = []  # may be filed again once their last filing has ended
        self.rows: list[Request] = []
        self.count = 0

    def use(self, rules: Ruling, in_force: InForce, window: bool) -> None:
        """Go by these rules from now on."""
        self.rules, self.law, self.spec = rules, rules.law, rules.policy.conduct
        if in_force is not self.in_force or rules.law is not self._pairs_of:
            self._pairs, self._pairs_of = {}, rules.law
        self.in_force, self.window = in_force, window
        self.by_choice = self.spec.legal_basis == "requester_choice"
        self.residence_log = log(self.spec.residence_weight) if self.spec.residence_weight > 0 else -inf

    # --- which wishes -----------------------------------------------------------------------------------------------------------

    def wishes(self, month: int, new: Sequence[Case]) -> list[tuple[float, Case]]:
        """New cases and those that ask again, by day; new ones come first on a day."""
        start, stop = month * DAYS_PER_MONTH, (month + 1) * DAYS_PER_MONTH
        again, kept = [], []
        for case in self.waiting:
            heard, has_data = self._heard(case)
            if has_data and heard < start:
                continue
            if not has_data and heard + self.spec.retry_days < stop:
                again.append((max(heard + self.spec.retry_days, start), 1, case.id, case))
            else:
                kept.append(case)
        self.waiting = kept
        found = [(case.day, 0, case.id, case) for case in new] + again
        found.sort(key=lambda wish: wish[:3])
        return [(day, case) for day, _, _, case in found]

    def _heard(self, case: Case) -> tuple[float, bool]:
        """Day on which the last filing had ended, infinite while it has not, and whether it gave enough, then by when."""
        heard, enough = -inf, inf
        request = case.last
        while request is not None:
            if request.channel != "preservation":
                if request.ended_day is None:
                    return inf, False
                if request.granted >= (0 if request.channel in FORMAL else request.wanted):
                    enough = min(enough, request.ended_day)
                heard = max(heard, request.ended_day)
            request = request.before
        return (enough, True) if enough < inf else (heard, False)

    # --- one wish ---------------------------------------------------------------------------------------------------------------

    def file(self, month: int, wishes: Sequence[tuple[float, Case]], expression: Sequence[float]) -> list[Request]:
        """File what is wished for; the rows come in the order of the docket."""
        self.rows = []
        for day, case in wishes:
            self._wish(month, day, case, expression)
        return self.rows

    def _wish(self, month: int, day: float, case: Case, expression: Sequence[float]) -> None:
        attempt = case.attempts
        slot = self._where(case, attempt, expression)
        if slot < 0:
            return
        requested = case.hosts[slot]
        kind, label = (HONEST, case.conduct) if not case.abusive else self._framing(case, attempt, requested)
        if kind < 0:
            if attempt == 0:
                case.status = "deterred"
            else:
                self.waiting.append(case)
            return
        between = self._between(case.requester, requested)
        text = self._text(case, attempt, between.texts[case.wanted], label)
        formal = self._asks_formally(case, attempt, text)
        quality = self.luck.normal("quality", case.id, kind) + (self.spec.quality_abusive if case.abusive else 0.0)
        alleged = label if kind == FABRICATED else case.conduct
        place = place_of(case, requested, self.facts.states.regime[requested])
        paper = Paper(case, attempt, month, day, requested, between, label, alleged, kind, quality, place)
        if not (case.ways and any(state == requested for state, _ in case.ways)):
            self._go_round(paper)
        if formal:
            self._ask_formally(text, paper)
        self._note(paper)

    def _note(self, paper: Paper) -> None:
        """Enter in the case what has been tried, and whether it may be filed again."""
        case, filed = paper.case, paper.last is not None
        if filed:
            case.status, case.last = "open", paper.last
            case.attempts += 1
        elif paper.attempt == 0:
            case.status = "deterred"
            return
        most = self.learners.minds[case.requester].attempts if self.window else self.spec.attempts
        if case.attempts >= most:
            return
        self.waiting.append(case)
        if filed and self.learners.spec.labels and self._by_worth(case):
            if paper.attempt < _MOST_WAYS:
                case.ways += ((paper.requested, self._frame(paper.kind, paper.label)),)
        else:
            case.tried += (paper.requested,)

    def _where(self, case: Case, attempt: int, expression: Sequence[float]) -> int:
        """Place of the state to ask; -1 where nobody abroad is, or the wish is not live."""
        if case.domestic:
            case.status = "domestic"
            return -1
        if attempt == 0 and case.abusive and self.luck.uniform("live", case.id) >= expression[case.person]:
            case.status = "not_live"
            return -1
        slot = self._destination(case, attempt)
        if slot < 0 and attempt == 0:
            case.status = "domestic"
        return slot

    def _asks_formally(self, case: Case, attempt: int, text: int) -> bool:
        """Whether the formal request is made: by the propensity to file, or because it was made before."""
        if case.last is not None and case.last.channel in FORMAL:
            return True
        appetite, i = 1.0, case.requester
        if not self.spec.file_everything:
            appetite = self.rules.appetite[i] * self.law.filing[text] * self.learners.minds[i].volume[int(case.abusive)][text]
        return self.luck.uniform("file", case.id) < appetite * self.rules.eager[i][case.group]

    # --- races ------------------------------------------------------------------------------------------------------------------

    def _by_worth(self, case: Case) -> bool:
        """Whether ways are weighed by what they are worth: an abusive wish of a state that adapts."""
        return case.abusive and self.learners.minds[case.requester].pull > 0.0

    def _weighs_channels(self, case: Case) -> bool:
        return self.learners.spec.channels and self._by_worth(case)

    def _frame(self, kind: int, label: int) -> int:
        return frame_of(kind, self.facts.offences.offence_class[label])

    def _texts(self, case: Case, requested: int) -> list[int]:
        """Texts, comity aside, that bind the two and offer the class of data that is wanted."""
        return self._between(case.requester, requested).texts[case.wanted]

    def _between(self, i: int, j: int) -> Between:
        """What is in force between two states, worked out when it is first asked for under a law."""
        found = self._pairs.get((i, j))
        if found is None:
            law, rows = self.law, self.in_force[i][j]
            texts = [[t for t in rows if t < law.comity and law.most[t] >= wanted] for wanted in range(len(DATA_CLASSES))]
            doors = {channel: next((t for t in rows if opens[t]), -1) for channel, opens in law.opens.items()}
            found = self._pairs[i, j] = Between(texts, doors)
        return found

    def _text(self, case: Case, attempt: int, texts: Sequence[int], label: int) -> int:
        """The text that governs: the first that covers the label, or the requester's choice of these; else comity."""
        law, i = self.law, case.requester
        if self.spec.fall_through:
            texts = [t for t in texts if law.reach[t][i][label] == COVERED]
        if not texts:
            return law.comity
        if not self.by_choice:
            return texts[0]
        best, winner = -inf, law.comity
        start = self.luck.hashed("basis", case.id, attempt)
        for text in texts:
            if law.filing[text] > 0.0:
                appeal = log(law.filing[text]) - log(law.delay[text]) + gumbel(self.luck.after(start, law.keys[text]))
                if appeal > best:
                    best, winner = appeal, text
        return winner

    def _destination(self, case: Case, attempt: int) -> int:
        """The place that wins the race among those that hold evidence and can be asked (again)."""
        best, winner = -inf, -1
        start, after, keys = both(self.luck.start("destination"), case.id, attempt), self.luck.after, self.keys
        switches = self.learners.spec
        weighs = self._by_worth(case) and (switches.destinations or (switches.labels and attempt > 0))
        for slot, host in enumerate(case.hosts):
            if host < 0 or host == case.requester or host in case.tried:
                continue
            appeal = gumbel(after(start, keys[host]))
            if slot == _RESIDENCE:
                appeal += self.residence_log
            if weighs:
                promise = self._promise(case, attempt, host)
                if switches.destinations or promise == -inf:
                    appeal += promise
            if appeal > best:
                best, winner = appeal, slot
        return winner

    def _promise(self, case: Case, attempt: int, requested: int) -> float:
        """What a destination promises over what habit expects, in log odds; minus infinity where every frame was tried.

        Where labels are chosen by value too this is the logarithm of the sum of habit times ``exp(worth)`` over the menu.
        """
        labels, mind = self.learners.spec.labels, self.learners.minds[case.requester]
        place = place_of(case, requested, self.facts.states.regime[requested])
        texts = self._texts(case, requested)
        whole, valued = 0.0, 0.0
        for weight, kind, label in self.rules.menus.of(case.requester, case.group, case.conduct):
            habit, frame = exp(weight), self._frame(kind, label)
            whole += habit
            if labels and (requested, frame) in case.ways:
                continue
            worth = mind.worth(self._text(case, attempt, texts, label), place, frame, "formal")
            valued += habit * (exp(worth) if labels else worth)
        if whole == 0.0:
            return 0.0
        if not labels:
            return valued / whole
        return log(valued / whole) if valued > 0.0 else -inf

    def _framing(self, case: Case, attempt: int, requested: int) -> tuple[int, int]:
        """Kind and label of an abusive request; (-1, -1) where the law offers none."""
        best, chosen = -inf, (-1, -1)
        mind, i = self.learners.minds[case.requester], case.requester
        start = self.luck.hashed("label", case.id, attempt)
        learns = self.learners.spec.labels and mind.pull > 0.0
        place = place_of(case, requested, self.facts.states.regime[requested])
        texts = self._texts(case, requested) if learns else []
        label_keys = self.facts.offences.keys
        for weight, kind, label in self.rules.menus.of(i, case.group, case.conduct):
            if learns and (requested, self._frame(kind, label)) in case.ways:
                continue
            appeal = weight + gumbel(self.luck.after(absorbed(start, kind), label_keys[label]))
            if learns:
                text = self._text(case, attempt, texts, label)
                appeal += mind.worth(text, place, self._frame(kind, label), "formal")
            if appeal > best:
                best, chosen = appeal, (kind, label)
        return chosen

    # --- ways -------------------------------------------------------------------------------------------------------------------

    def _write(self, text: int, channel: str, paper: Paper) -> None:
        """One row of the docket."""
        case = paper.case
        filed = self.count, case, paper.attempt, paper.month, paper.requested, text, channel, case.wanted
        request = Request(*filed, paper.label, paper.alleged, paper.kind, paper.quality, paper.day, inf, paper.last)
        self.count += 1
        self.rows.append(request)
        paper.last = request

    def _go_round(self, paper: Paper) -> None:
        """What passes by the paragraphs: shared unasked, asked of the firm, asked from police to police."""
        case, i, j = paper.case, paper.case.requester, paper.requested
        u, key, spec = self.luck.uniform, self.keys[paper.requested], self.spec
        eager = self.rules.eager[i][case.group]
        door = paper.between.doors["spontaneous"]
        shares = spec.spontaneous_most * self.facts.states.alignment[i][j]
        if door >= 0 and self.rules.punished[j][case.conduct] and u("spontaneous", case.id, key) < shares:
            self._write(door, "spontaneous", paper)
        if case.abusive and case.wanted < CONTENT and j in case.hosts[:_SERVICES]:
            worth = self._channel_worth(self.law.comity, self.facts.states.regime[j], paper, "direct")
            if u("direct", case.id, key) < shifted(spec.direct_share, worth) * eager:
                self._write(self.law.comity, "direct", paper)
        door = paper.between.doors["police"]
        if door >= 0 and self.law.established[door][paper.label] and self.law.reach[door][i][paper.label] == COVERED:
            worth = self._channel_worth(door, paper.place, paper, "police")
            if u("police", case.id, key) < shifted(spec.police_share, worth) * eager:
                self._write(door, "police", paper)

    def _channel_worth(self, text: int, place: int, paper: Paper, channel: str) -> float:
        """What a channel is worth where channels are chosen by value, else nothing."""
        if not self._weighs_channels(paper.case):
            return 0.0
        return self.learners.minds[paper.case.requester].worth(text, place, self._frame(paper.kind, paper.label), channel)

    def _hurries(self, text: int, paper: Paper) -> bool:
        """Whether the case is urgent or is said to be: a pretence is chosen by its worth beyond the ordinary way."""
        if not self._weighs_channels(paper.case):
            return paper.case.urgent
        more = self._channel_worth(text, paper.place, paper, "emergency") - self._channel_worth(text, paper.place, paper, "formal")
        if more == 0.0:
            return paper.case.urgent
        return self.luck.uniform("urgent", paper.case.id) < 1.0 / (1.0 + exp(-(self.learners.urgent_log + more)))

    def _ask_formally(self, text: int, paper: Paper) -> None:
        """The formal request, and before it one to freeze the data where a text in force has that door."""
        case, door = paper.case, paper.between.doors["preservation"]
        if door >= 0 and self.luck.uniform("preserve", case.id, self.keys[paper.requested]) < self.spec.preservation_share:
            self._write(door, "preservation", paper)
        hurried = self._hurries(text, paper) and paper.between.doors["emergency"] >= 0
        self._write(text, "emergency" if hurried else "formal", paper)
