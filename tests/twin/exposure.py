"""What becomes public: some abuse that gave data comes to light, by the case's own luck (docs/model.md, "Exposure").

``Affairs(spec, luck)``: in every month ``brew(ended)`` takes the abusive requests that ended in it, and then ``out(month)`` gives
those whose abuse becomes public in it, and ``first_told(requests)`` those of them that tell a new affair. Both are to be asked
in the run-in too, where nobody acts on the answer: what was public then is no news later.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, floor
from typing import TYPE_CHECKING

from sim.world.vocabulary import DAYS_PER_MONTH
from tests.twin.draws import Luck
from tests.twin.things import Request

if TYPE_CHECKING:
    from sim.society.exposure import Exposure


class Affairs:
    """Abuse on its way into the open."""

    def __init__(self, spec: Exposure, luck: Luck) -> None:
        """Nothing has been done that could come to light."""
        self.spec, self.luck = spec, luck
        self.coming: dict[int, list[Request]] = {}  # by the month in which they become public
        self.told: set[tuple[int, int]] = set()  # case and requested state of what has been public

    def brew(self, ended: Iterable[Request]) -> None:
        """An abusive request that gave data may come to light, a log-normal while after its execution."""
        spec, luck = self.spec, self.luck
        for request in ended:
            if not request.case.abusive or request.granted < 0 or request.channel == "preservation":
                continue
            case = request.case.id
            if luck.uniform("exposed", case) < spec.chance:
                assert request.executed_day is not None
                lag = spec.lag_months * exp(spec.lag_spread * luck.normal("lag", case))
                self.coming.setdefault(floor(request.executed_day / DAYS_PER_MONTH + lag), []).append(request)

    def out(self, month: int) -> list[Request]:
        """Requests whose abuse becomes public in a month, in the order in which they ended."""
        return self.coming.pop(month, [])

    def first_told(self, public: Iterable[Request]) -> list[Request]:
        """Of these the first about each case and requested state: several doors of one state are one affair."""
        new = []
        for request in public:
            affair = request.case.row, request.requested
            if affair not in self.told:
                self.told.add(affair)
                new.append(request)
        return new
