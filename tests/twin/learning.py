"""What requesters learn: which way of asking has paid, and whether asking pays at all (docs/model.md, "Requesters").

``Learners(spec, facts, texts, urgent_share, attempts)`` holds one ``Mind`` a state. Filing reads of it ``mind.pull`` (zero for
creatures of habit: then nothing is chosen by value), ``mind.worth(...)`` in log odds, ``mind.attempts``, ``mind.volume`` (a factor
on the propensity to file, by purpose and text), ``learners.urgent_log`` and the switches of ``learners.spec``. At a month's end
``learners.hear(month, opens, ended)`` takes the requests whose end was heard in it.

A *way* is a text, a place, a frame and a channel. A *place* is the requested state's regime where it hosts a service, and that plus
four where it is the residence alone (``place_of``). A *frame* is the kind of a label and its class, as one number (``frame_of``).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, inf, log
from typing import TYPE_CHECKING

from sim.world.vocabulary import OFFENCE_CLASSES, REGIMES
from tests.twin.facts import Facts
from tests.twin.things import FORMAL, Case, Request

if TYPE_CHECKING:
    from sim.conduct.learning import Learning

CHOSEN = ("formal", "emergency", "police", "direct")  # channels among which a requester chooses; others teach nothing
ROUND = 6  # months after which volumes are settled
USED_TO = 12  # last months of the run-in, whose yield is what requesters are used to
FRAMED = 2  # of ``KINDS``: another crime's facts; one before it, the same facts under another label
_FLATTEST = 1e-6  # share of states that adapt, at least, by which a slope over all states is divided
_FARTHEST = 300.0  # of the logarithm of a volume from zero

Way = tuple[int, int, int, str]  # text, place, frame, channel


def place_of(case: Case, requested: int, regime: int) -> int:
    """Kind of destination: the regime of a state that hosts a service of the case; of a mere residence, that plus four."""
    return regime if requested in case.hosts[:4] else regime + len(REGIMES)


def frame_of(kind: int, offence_class: int) -> int:
    """Kind and class of a label as one number."""
    return kind * len(OFFENCE_CLASSES) + offence_class


class Mind:
    """What one state has learned as a requester; half of the states are creatures of habit and learn nothing."""

    __slots__ = ("adaptive", "attempts", "given", "heard", "pull", "value", "volume")

    def __init__(self, spec: Learning, adaptive: bool, texts: int, attempts: int) -> None:
        """Nothing was heard yet: every way is worth what is expected of any, and volumes are one."""
        self.adaptive = adaptive
        self.pull = spec.pull if adaptive and spec.chooses else 0.0
        self.attempts = max(spec.attempts, attempts) if adaptive else attempts
        self.value: dict[Way, float] = {}  # over what was expected
        self.volume = [[1.0] * texts for _ in range(2)]  # legitimate, abusive
        self.begin_round()

    def begin_round(self) -> None:
        """Count answers anew."""
        texts = len(self.volume[0])
        self.given = [[0] * texts for _ in range(2)]
        self.heard = [[0] * texts for _ in range(2)]

    def worth(self, text: int, place: int, frame: int, channel: str) -> float:
        """What a way's value adds to its log odds."""
        return self.pull * self.value.get((text, place, frame, channel), 0.0)

    def count(self, request: Request) -> None:
        """Count a first formal request whose end was heard."""
        purpose, text = int(request.case.abusive), request.instrument
        self.heard[purpose][text] += 1
        if request.granted >= 0:
            self.given[purpose][text] += 1


class Learners:
    """All requesters, and the yield that they are used to."""

    def __init__(self, spec: Learning, facts: Facts, texts: int, urgent_share: float, attempts: int) -> None:
        """Requesters on the first day; ``attempts`` is how often a creature of habit files a case."""
        self.spec = spec
        self.regime = facts.states.regime
        self.offence_class = facts.offences.offence_class
        luck = facts.luck
        self.minds = [
            Mind(spec, luck.uniform("trait:adaptive", key) < spec.adaptive_share, texts, attempts) for key in facts.states.keys
        ]
        self.usual = [[spec.prior] * texts for _ in range(2)]  # yield, by purpose and text
        self.urgent_log = log_odds(urgent_share)

    def hear(self, month: int, opens: int, ended: Iterable[Request]) -> None:
        """Take in what ended in a month; before the window only what requesters come to be used to."""
        spec, ended = self.spec, list(ended)
        if spec.chooses and month >= opens and spec.rate > 0.0:
            self._learn(ended)
        if spec.volume and month >= opens - USED_TO:
            for request in ended:
                if request.channel in FORMAL and request.status != "diverted" and request.attempt == 0:
                    self.minds[request.case.requester].count(request)
            if month + 1 == opens:
                self._get_used_to()
            elif month >= opens and (month + 1 - opens) % ROUND == 0:
                for mind in self.minds:
                    self._settle(mind)

    # --- which way pays -------------------------------------------------------------------------------------------------

    def _learn(self, ended: list[Request]) -> None:
        """A month's answers about people at risk move the value of each way at once, so that their order is nothing."""
        answers: dict[tuple[int, Way], list[tuple[float, float]]] = {}
        for request in ended:
            case = request.case
            if not case.abusive or request.channel not in CHOSEN or request.status == "diverted":
                continue
            if self.minds[case.requester].pull > 0.0:
                answers.setdefault((case.requester, self._way(request)), []).append(self._answer(request))
        for (requester, way), told in answers.items():
            kept, taught, paid = 1.0, 0.0, 0.0
            for rate, payoff in told:
                kept *= 1.0 - rate
                taught += rate
                paid += rate * payoff
            value = self.minds[requester].value
            value[way] = kept * value.get(way, 0.0) + (1.0 - kept) * paid / taught

    def _way(self, request: Request) -> Way:
        """The way by which a request was made."""
        j = request.requested
        frame = frame_of(request.kind, self.offence_class[request.label])
        return request.instrument, place_of(request.case, j, self.regime[j]), frame, request.channel

    def _answer(self, request: Request) -> tuple[float, float]:
        """How fast an answer teaches, and what it pays over what was expected: data, less the cost of asking and of framing."""
        spec, rate = self.spec, self.spec.rate
        cost = spec.cost + (0.0, spec.framing_cost / 2, spec.framing_cost)[request.kind]
        if request.granted >= request.wanted:
            data = 1.0
        elif request.granted >= 0:
            data = spec.partial
        else:
            data = 0.0
            if request.status == "refused" and request.reason >= 0:
                rate = min(rate * spec.reasons, 1.0)
        return rate, data - cost - spec.prior

    # --- whether asking pays --------------------------------------------------------------------------------------------

    def _get_used_to(self) -> None:
        """What was heard in the run-in's last year is usual, by purpose and text; a text new or rare leans on all together."""
        doubt = self.spec.doubt
        for purpose, usual in enumerate(self.usual):
            texts = range(len(usual))
            given = [sum(mind.given[purpose][text] for mind in self.minds) for text in texts]
            heard = [sum(mind.heard[purpose][text] for mind in self.minds) for text in texts]
            overall = sum(given) / sum(heard) if sum(heard) else self.spec.prior
            for text in texts:
                known = heard[text] + doubt
                usual[text] = (given[text] + doubt * overall) / known if known > 0 else overall
        for mind in self.minds:
            mind.begin_round()

    def _settle(self, mind: Mind) -> None:
        """Half a year's yield moves the volumes of a state that adapts; where nothing was heard they only revert."""
        spec = self.spec
        slope = spec.elasticity / max(spec.adaptive_share, _FLATTEST)
        if mind.adaptive:
            for purpose, usual in enumerate(self.usual):
                for text, expected in enumerate(usual):
                    given, heard = mind.given[purpose][text], mind.heard[purpose][text]
                    found = (given + spec.doubt * expected) / (heard + spec.doubt) if heard else expected
                    moved = (1.0 - spec.reversion) * log(mind.volume[purpose][text]) + slope * (found - expected)
                    mind.volume[purpose][text] = exp(min(max(moved, -_FARTHEST), _FARTHEST))
        mind.begin_round()


def log_odds(share: float) -> float:
    """Logarithm of a share over the rest, infinite at its ends."""
    if share <= 0.0 or share >= 1.0:
        return -inf if share <= 0.0 else inf
    return log(share / (1.0 - share))
