"""A state's own cases, and what a court admits (docs/model.md, "Cases at home" and "Usable evidence").

Both are told beside the events and decide none of them. ``AtHome(reading).met(law, window)`` is the chance that a live domestic
wish is met, by state.
"""

from __future__ import annotations

from sim.review.spec import Usable
from tests.twin.draws import Luck
from tests.twin.law import Law
from tests.twin.reading import Reading, Rule, through_habit
from tests.twin.things import Request


class AtHome:
    """What decides a state's own cases under the rules of a phase."""

    def __init__(self, reading: Reading) -> None:
        """How often a judge is asked without any text: a discretion, or what the state's own law wants."""
        self.reading, self.states = reading, reading.states
        self.judges = [rule for rule in reading.rules if rule.form == "Judge"]
        self.own = [max((self._by_own_law(rule, j) for rule in self.judges), default=0.0) for j in range(reading.facts.n)]

    def _by_own_law(self, judge: Rule, j: int) -> float:
        care, force = self.reading.care_of[j], judge.spec.own_law
        habit = getattr(judge.spec, "habit", None) or judge.name
        wants = force is not None and self.states.own_laws[habit][j]
        trait = self.reading.facts.luck.normal("trait:applied", judge.habit_key, self.states.keys[j])
        return through_habit(care[force if wants else "may"], trait, self.reading.practice.trait_share)

    def met(self, law: Law, window: bool) -> list[float]:
        """By state: nothing without the power to compel, of its own law or by a text that binds it; less where a judge is asked."""
        bound, found = law.bound if window else law.before, []
        for j in range(self.reading.facts.n):
            obliged = [t for t, text in enumerate(law.texts) if text.powers and any(bound[t][j])]
            asked = max([self.own[j], *(rule.chance[t][j] for rule in self.judges for t in obliged)])
            able = self.states.compels[j] or bool(obliged)
            found.append(1.0 - self.states.judicial[j] * asked if able else 0.0)
        return found


def usable(request: Request, spec: Usable, skilled: bool, luck: Luck) -> bool:
    """Whether a court would admit the data, if any were given: likelier where a judge read the request, or who asked is trained."""
    chance = spec.plain + spec.judged * request.judged + spec.trained * skilled
    return luck.uniform("usable", request.case.id) < chance
