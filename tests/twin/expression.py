"""What people do about it: they fall silent, by their own case or a peer's, and take cover (docs/model.md, "People").

``Voices(spec, facts, luck)``. From the window's first day: ``take_cover(filed)`` marks ``evaded`` on the requests filed this month
(only where ``spec.tools``), before they are read; at a month's end ``hear(month, ended, public)`` takes the requests that ended in
it, and those whose abuse came to light; then ``speak(month + 1)`` settles ``expression`` by person, by which filing thins wishes
(where ``spec.own`` or ``spec.peers``), and ``lost`` by month and group.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from sim.world.vocabulary import GROUPS
from tests.twin.draws import Luck
from tests.twin.facts import Facts
from tests.twin.things import Case, Request

if TYPE_CHECKING:
    from sim.society.expression import People as Spec

Cell = tuple[int, int]  # origin and group: people of one cell are peers


class Affair(NamedTuple):
    """A case of which peers hear."""

    month: int
    publicity: float  # share of the cell that hears of it


class Voices:
    """What people know so far, and how freely they speak, relative to their own baseline."""

    def __init__(self, spec: Spec, facts: Facts, luck: Luck) -> None:
        """Nobody has heard anything, and everyone speaks as ever."""
        self.spec, self.people, self.luck = spec, facts.people, luck
        count = len(facts.people.ids)
        self.expression = [1.0] * count
        self.knows: set[int] = set()  # cases whose person knows
        self.public: set[int] = set()  # cases of which peers heard
        self.hits: dict[int, dict[int, list[int]]] = {}  # by person and member: months in which they learned of a case
        self.talk: dict[Cell, list[Affair]] = {}
        self.cells: dict[Cell, list[int]] = {}  # rows of the cohort
        for row in range(count):
            self.cells.setdefault(self.cell_of(row), []).append(row)
        self.receptive = [0.0] * count
        if spec.peers:
            self.receptive = [receptivity(spec, facts.luck.uniform("trait:receptivity", key)) for key in facts.people.ids]
        self.lost: dict[int, list[float]] = {}  # people's worth of expression lost, by month and group

    def cell_of(self, person: int) -> Cell:
        """Whose peer someone is."""
        return self.people.origin[person], self.people.group[person]

    # --- who knows ------------------------------------------------------------------------------------------------------

    def hear(self, month: int, ended: Iterable[Request], public: Iterable[Request]) -> None:
        """Whoever is told, arrested or named in public knows, once a case; peers hear of a public case once."""
        public = list(public)
        for request in ended:
            if request.case.abusive and request.case.row not in self.knows and self._comes_home(request):
                self._learns(request.case, month)
        for request in public:
            if request.case.row not in self.knows:
                self._learns(request.case, month)
        for case in sorted({request.case.row: request.case for request in public}.values(), key=lambda case: case.row):
            if case.row not in self.public:
                self.public.add(case.row)
                heard = min(self.spec.publicity * case.visibility, 1.0)
                self.talk.setdefault(self.cell_of(case.person), []).append(Affair(month, heard))

    def _comes_home(self, request: Request) -> bool:
        """Whether the person learns by the end of a request: told, or arrested upon the data, rather in the requester's reach."""
        if request.told != "never":
            return True
        if request.granted < 0 or request.channel == "preservation":
            return False
        case = request.case
        near = self.people.residence[case.person] == case.requester
        return self.luck.uniform("arrested", case.id) < (self.spec.arrest_at_home if near else self.spec.arrest_abroad)

    def _learns(self, case: Case, month: int) -> None:
        """One of the people of a row knows."""
        self.knows.add(case.row)
        self.hits.setdefault(case.person, {}).setdefault(case.member, []).append(month)

    # --- who falls silent -----------------------------------------------------------------------------------------------

    def remaining(self, months: int) -> float:
        """Part of a loss that is left: some lasts, the rest halves every half-life."""
        spec = self.spec
        halved: float = 0.5 ** (months / spec.half_life_months)
        return spec.lasting + (1.0 - spec.lasting) * halved

    def speak(self, month: int) -> None:
        """Settle what everyone says in a month, after what was heard up to the one before."""
        spec, people = self.spec, self.people
        chill = {cell: self._chill(affairs, month) for cell, affairs in self.talk.items()} if spec.peers else {}
        lost = [0.0] * len(GROUPS)
        for cell, cold in chill.items():
            for row in self.cells[cell]:
                gone = cold * self.receptive[row]
                self.expression[row] = 1.0 - gone
                lost[cell[1]] += people.weight[row] * gone
        if spec.own:
            for row, members in self.hits.items():
                among = 1.0 - chill.get(self.cell_of(row), 0.0) * self.receptive[row] if spec.peers else 1.0
                gone = self._own_loss(row, members, month)
                self.expression[row] = among * (1.0 - gone)
                lost[people.group[row]] += people.weight[row] * among * gone
        self.lost[month] = lost

    def _chill(self, affairs: list[Affair], month: int) -> float:
        """How cold it is in a cell: each affair finds whoever the others have left unmoved, from the month after it on."""
        calm = 1.0
        for affair in affairs:
            calm *= 1.0 - affair.publicity * self.remaining(month - 1 - affair.month)
        return 1.0 - calm

    def _own_loss(self, row: int, members: dict[int, list[int]], month: int) -> float:
        """What a row loses by its members' own cases, as the mean of all its people; the last may be less than one person."""
        weight, lost = self.people.weight[row], 0.0
        for member in sorted(members):
            kept = 1.0
            for learned in members[member]:
                kept *= 1.0 - self.spec.own_loss * self.remaining(month - 1 - learned)
            lost += min(weight - member, 1.0) / weight * (1.0 - kept)
        return lost

    # --- who takes cover ------------------------------------------------------------------------------------------------

    def take_cover(self, filed: Iterable[Request]) -> None:
        """Mark requests about whoever has moved to safer tools, or will once told: of them a share finds nothing usable."""
        spec, luck = self.spec, self.luck
        for request in filed:
            case = request.case
            if not case.abusive or luck.uniform("evaded", case.id) >= spec.evades:
                continue
            moved = self._moved_share(case)
            own = luck.uniform("tools", self.people.ids[case.person], case.member)
            if own < moved:
                request.evaded = "moved"
            elif own < 1.0 - (1.0 - moved) * (1.0 - spec.moves):
                request.evaded = "moves_if_told"

    def _moved_share(self, case: Case) -> float:
        """Chance that someone has moved: sure where hit, else by the affairs of which peers heard."""
        if case.member in self.hits.get(case.person, {}):
            return 1.0
        stayed = 1.0
        for affair in self.talk.get(self.cell_of(case.person), ()):
            stayed *= 1.0 - self.spec.moves * affair.publicity
        return 1.0 - stayed


def receptivity(spec: Spec, luck: float) -> float:
    """Part of expression that someone gives up after a case of which all hear; the mean over people is the spec's."""
    return 0.0 if spec.receptivity == 0.0 else luck ** (1.0 / spec.receptivity - 1.0)
