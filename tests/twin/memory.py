"""What reviewers remember of a requester: files of their own, and what became public (docs/model.md, "Reviewers").

``Reviewers(spec, facts, c_trust, luck)`` holds one ``Memory`` an authority, and what a central unit knows. At the end of every
month of the window, in this order:

1. ``fade()``;
2. ``experience(ended, judged)``: what authorities decided themselves; ``judged`` are the rows of the safeguards whose refusals are
   of substance and the authority's own (``of_substance``), so without the central unit;
3. ``read(news, month, opens, screened, parties)``: requests whose abuse is told for the first time; ``screened`` are the texts
   (rows) under which a central unit reads, ``parties(text)`` the states that a text binds today. It gives the pairs (requester,
   requested) between which cooperation ends now, and what is in flight between them stops on the first day of next month;
4. ``tables(plain, month + 1)``: what readers go by from then on, from the tables as they are where nothing is remembered.

``broken(month)`` are the pairs between which no text is in force in a month, comity aside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from math import exp, floor, log1p
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.world.vocabulary import DAYS_PER_MONTH, MONTHS_PER_YEAR
from tests.twin.draws import Luck
from tests.twin.facts import Facts
from tests.twin.things import FORMAL, Request

if TYPE_CHECKING:
    from sim.review.memory import Memory as Spec

NOT_OF_THE_FILE = "TransferLaw"  # a ground that holds whatever is in a file, like a gate


class Tables(NamedTuple):
    """The tables of a reading that memory moves; the same names."""

    pair_bar: list[list[float]]
    standing: list[list[float]]
    trust_bar: list[float]
    goodwill: list[list[float]]
    urgent_effort: list[list[float]]


def of_substance(safeguard: Any) -> bool:
    """Whether a refusal by this safeguard is one of substance: a ground or a look, which weighs the file and may err in it."""
    return safeguard.kind in ("ground", "look") and type(safeguard).__name__ != NOT_OF_THE_FILE


class Memory:
    """What one authority remembers, by requester; all of it fades but ``resumes``."""

    __slots__ = ("given", "pretended", "record", "resumes", "wronged")

    def __init__(self) -> None:
        """Nothing was seen."""
        self.given: defaultdict[int, float] = defaultdict(float)  # requests that were met and of which nothing bad is known
        self.wronged: defaultdict[int, float] = defaultdict(float)  # requests refused in substance
        self.record: defaultdict[int, float] = defaultdict(float)  # exposed abuse
        self.pretended: defaultdict[int, float] = defaultdict(float)  # the same of pretended emergencies
        self.resumes: dict[int, int] = {}  # month from which a requester is answered again after a scandal


def _fade(table: dict[int, float], keeps: float) -> None:
    """Keep a share of everything."""
    for key in table:
        table[key] *= keeps


class Reviewers:
    """All authorities' memories, and the record of a central unit."""

    def __init__(self, spec: Spec, facts: Facts, c_trust: float, luck: Luck) -> None:
        """Nobody has seen anything."""
        self.spec, self.states, self.c_trust, self.luck = spec, facts.states, c_trust, luck
        self.memories = [Memory() for _ in facts.states.keys]
        self.central: defaultdict[int, float] = defaultdict(float)
        self.keeps = 0.5 ** (1.0 / (MONTHS_PER_YEAR * spec.trust_halves_years))
        self.keeps_record = 0.5 ** (1.0 / (MONTHS_PER_YEAR * spec.record_halves_years))

    # --- taking in ------------------------------------------------------------------------------------------------------

    def fade(self) -> None:
        """A month passes."""
        for memory in self.memories:
            if self.spec.trust:
                _fade(memory.given, self.keeps)
                _fade(memory.wronged, self.keeps)
            _fade(memory.record, self.keeps_record)
            _fade(memory.pretended, self.keeps_record)
        _fade(self.central, self.keeps_record)

    def experience(self, ended: Iterable[Request], judged: Collection[int]) -> None:
        """Authorities count what they met and what they refused in substance; a side door is not theirs."""
        if not self.spec.trust:
            return
        for request in ended:
            if request.channel in FORMAL:
                memory, requester = self.memories[request.requested], request.case.requester
                if request.granted >= 0:
                    memory.given[requester] += 1.0
                if request.status == "refused" and request.reason in judged:
                    memory.wronged[requester] += 1.0

    def read(
        self, news: Iterable[Request], month: int, opens: int, screened: Collection[int], parties: Callable[[int], Collection[int]]
    ) -> set[tuple[int, int]]:
        """Affairs enter records and trust, and some end cooperation; which pairs that is."""
        ended = set()
        for request in news:
            formal = request.channel in FORMAL
            pooled = request.published or (formal and request.instrument in screened)
            self._record(request, pooled, parties(request.instrument) if pooled else ())
            if self.spec.trust and formal:
                self._take_off(request, month, opens)
            if self.spec.scandals and request.channel != "direct" and self._breaks_off(request, month):
                ended.add((request.case.requester, request.requested))
        return ended

    def _record(self, request: Request, pooled: bool, parties: Collection[int]) -> None:
        """Where the data were an affair weighs one, elsewhere a share; one where all parties learn what is known under the text."""
        requester, spill = request.case.requester, self.spec.spill
        hurried = request.channel == "emergency"
        for j, memory in enumerate(self.memories):
            if j == requester:
                continue
            weight = 1.0 if j == request.requested or j in parties else spill
            memory.record[requester] += weight
            if hurried:
                memory.pretended[requester] += weight
        self.central[requester] += 1.0 if pooled else spill

    def _take_off(self, request: Request, month: int, opens: int) -> None:
        """What was abused is no credit: what is left of its having been met is taken off again, if it was counted at all."""
        assert request.ended_day is not None
        met = floor(request.ended_day / DAYS_PER_MONTH)
        if met >= opens:
            given, requester = self.memories[request.requested].given, request.case.requester
            given[requester] = max(given[requester] - self.keeps ** (month - met), 0.0)

    def _breaks_off(self, request: Request, month: int) -> bool:
        """Whether the authority that gave breaks off: the readier, the more it cares and the farther the requester is."""
        i, j, states, spec = request.case.requester, request.requested, self.states, self.spec
        case, key = request.case.id, states.keys[j]
        readiness = states.commitment[j] * (1.0 - states.alignment[i][j])
        if self.luck.uniform("scandal", case, key) >= spec.suspends * readiness:
            return False
        years = spec.scandal_years * exp(spec.scandal_spread * self.luck.normal("scandal:length", case, key))
        resumes = self.memories[j].resumes
        resumes[i] = max(resumes.get(i, 0), month + 1 + max(round(MONTHS_PER_YEAR * years), 1))
        return True

    # --- what follows ---------------------------------------------------------------------------------------------------

    def broken(self, month: int) -> list[tuple[int, int]]:
        """Pairs of requester and requested whose cooperation is broken off in a month."""
        return [(i, j) for j, memory in enumerate(self.memories) for i, resumes in memory.resumes.items() if resumes > month]

    def trust_gained(self, requester: int, given: float, wronged: float) -> float:
        """Trust by experience less that of the regime: what was met, among all that was seen and some files of the regime's."""
        spec, liberal = self.spec, self.states.liberal[requester]
        trust = (spec.prior_files * liberal + given) / (spec.prior_files + given + spec.severity * wronged)
        return trust - liberal

    def tables(self, plain: Tables, month: int) -> Tables:
        """What readers go by in a month; lists of ``plain`` are copied where anything moves them."""
        spec = self.spec
        found = plain
        if spec.trust:
            found = self._with_trust(found)
        if spec.record:
            found = self._with_record(found)
        if spec.emergencies:
            found = self._with_emergencies(found)
        if spec.scandals:
            found = self._with_scandals(found, month)
        return found

    def _with_trust(self, plain: Tables) -> Tables:
        """Bars and standing move by ``c_trust`` times the trust gained; a central unit pools all authorities' experience."""
        bars, standing = [row.copy() for row in plain.pair_bar], [row.copy() for row in plain.standing]
        central = plain.trust_bar.copy()
        given, wronged = [0.0] * len(central), [0.0] * len(central)
        for j, memory in enumerate(self.memories):
            for i in memory.given.keys() | memory.wronged.keys():
                met, refused = memory.given.get(i, 0.0), memory.wronged.get(i, 0.0)
                if met > 0.0 or refused > 0.0:
                    more = self.c_trust * self.trust_gained(i, met, refused)
                    bars[i][j] += more
                    standing[i][j] += more
                    given[i] += met
                    wronged[i] += refused
        for i, bar in enumerate(central):
            central[i] = bar + self.c_trust * self.trust_gained(i, given[i], wronged[i])
        return plain._replace(pair_bar=bars, standing=standing, trust_bar=central)

    def _with_record(self, plain: Tables) -> Tables:
        """A record lowers every bar."""
        bars, central = [row.copy() for row in plain.pair_bar], plain.trust_bar.copy()
        for j, memory in enumerate(self.memories):
            for i, record in memory.record.items():
                bars[i][j] -= self.spec.c_record * log1p(record)
        for i, record in self.central.items():
            central[i] -= self.spec.c_record * log1p(record)
        return plain._replace(pair_bar=bars, trust_bar=central)

    def _with_emergencies(self, plain: Tables) -> Tables:
        """Pretended emergencies bring the urgent lane's effort towards one."""
        effort = [row.copy() for row in plain.urgent_effort]
        for j, memory in enumerate(self.memories):
            for i, pretended in memory.pretended.items():
                effort[i][j] = 1.0 - (1.0 - effort[i][j]) * exp(-pretended)
        return plain._replace(urgent_effort=effort)

    def _with_scandals(self, plain: Tables, month: int) -> Tables:
        """Where cooperation is broken off comity answers little."""
        goodwill = [row.copy() for row in plain.goodwill]
        for i, j in self.broken(month):
            goodwill[i][j] = min(goodwill[i][j], self.spec.fulfilment)
        return plain._replace(goodwill=goodwill)
