"""A month's end: everyone takes in what ended or came to light, and acts on it later (docs/model.md, "Adaptation").

``Society(adaptation, facts, luck, texts, opens, ...)`` holds ``learners`` (read by filing), ``voices`` (``voices.expression``, read by
filing, and ``take_cover``), ``affairs`` and ``reviewers`` (whose ``tables`` readers go by). ``facts`` are those of the world as drawn.
The law, which changes too, stands apart (``tests.twin.legislatures``).

In a month of the window ``take_cover(filed)`` is called with the requests filed in it before anyone reads them; at every month's end,
in the run-in too, ``month_ends(month, filed, ...)``. What it returns are the pairs of requester and requested that break off: formal
requests between them whose end was not heard stop on the first day of next month (``unheard``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from sim.settings import Adaptation
from sim.world.vocabulary import DAYS_PER_MONTH
from tests.twin.draws import Luck
from tests.twin.exposure import Affairs
from tests.twin.expression import Voices
from tests.twin.facts import Facts
from tests.twin.learning import Learners
from tests.twin.memory import Reviewers
from tests.twin.things import Request


class Society:
    """Requesters, reviewers and people at risk, as far as they adapt."""

    def __init__(
        self, spec: Adaptation, facts: Facts, luck: Luck, texts: int, opens: int, c_trust: float, urgent_share: float, attempts: int
    ) -> None:
        """Nobody has learned anything; ``attempts`` and ``urgent_share`` are those of ``conduct`` and of ``demand``."""
        self.spec, self.opens = spec, opens
        self.learners = Learners(spec.requesters, facts, texts, urgent_share, attempts)
        self.affairs = Affairs(spec.exposure, luck)
        self.voices = Voices(spec.people, facts, luck)
        self.reviewers = Reviewers(spec.reviewers, facts, c_trust, luck)
        self.unheard: list[Request] = []  # requests whose end nobody has heard, in the order of filing

    @property
    def listens(self) -> bool:
        """Whether anything that ends is taken in by anyone."""
        return self.spec.requesters.learns or self.spec.in_public

    def take_cover(self, filed: Iterable[Request]) -> None:
        """Who has taken cover by now is not found by requests filed today."""
        if self.spec.people.tools:
            self.voices.take_cover(filed)

    def month_ends(
        self,
        month: int,
        filed: Iterable[Request],
        judged: Collection[int],
        screened: Collection[int],
        parties: Callable[[int], Collection[int]],
    ) -> set[tuple[int, int]]:
        """Take in a month, in which these requests were filed; ``Reviewers`` says what the last three are."""
        if not self.listens:
            return set()
        ended = self._ended(month, filed)
        self.learners.hear(month, self.opens, ended)
        if not self.spec.in_public:
            return set()
        self.affairs.brew(ended)
        public = self.affairs.out(month)
        news = self.affairs.first_told(public)
        if month < self.opens:
            return set()
        if self.spec.people.adapts:
            self.voices.hear(month, ended, public)
            if self.spec.people.falls_silent:
                self.voices.speak(month + 1)
        if not self.spec.reviewers.remembers:
            return set()
        self.reviewers.fade()
        self.reviewers.experience(ended, judged)
        return self.reviewers.read(news, month, self.opens, screened, parties)

    def _ended(self, month: int, filed: Iterable[Request]) -> list[Request]:
        """Requests whose end is heard this month, in the order of filing; they are unheard no longer."""
        self.unheard.extend(filed)
        stop = (month + 1) * DAYS_PER_MONTH
        ended, open_ = [], []
        for request in self.unheard:
            heard = request.ended_day is not None and request.ended_day < stop
            (ended if heard else open_).append(request)
        self.unheard = open_
        return ended
