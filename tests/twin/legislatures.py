"""What legislatures do once a treaty has a gate, and what the law of a month then is (docs/model.md, "Legislatures").

``Polity(policy, facts, luck, law, start, opens, months)`` stands for the law of the window as it changes: whom the text of
``adaptation.members.text`` binds (``parties``), the maxima in force (``years[state][offence]``, None where there is no crime), and
whether its protocol is in force (``extended``, and then ``adds`` are the offences that it adds). ``facts`` are those under the
dials; ``law`` offers ``names``, ``texts``, ``bound[text][i][j]`` and ``reach[text][i][label]`` (2: too light) as in
``tests.twin.model``.

On the day before the run ``settle(opens)`` is called, and at the end of each month of the window ``month_ends(month, law, cases)``,
with the law of that month and the cases of the last twelve months of the window; both say whether the law is other than before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from math import exp, expm1, inf
from typing import Any

from sim.settings import Policy
from sim.world.instruments import Instrument
from sim.world.vocabulary import DAYS_PER_MONTH, OFFENCE_CLASSES
from tests.twin.draws import Luck
from tests.twin.facts import Facts
from tests.twin.membership import Membership
from tests.twin.things import Case

TOO_LIGHT = 2
YEAR = 12


class Polity:
    """Who has joined, and what legislatures have made of the law."""

    def __init__(self, policy: Policy, facts: Facts, luck: Luck, law: Any, start: dt.date, opens: int, months: int) -> None:
        """The law as it was agreed; nobody has changed anything."""
        self.policy, self.facts, self.luck, self.start, self.opens = policy, facts, luck, start, opens
        self.spec = policy.adaptation.legislatures
        self.text = law.names.index(policy.adaptation.members.text)
        self.texts: list[Instrument] = [policy.instruments[name] for name in law.names]
        self.gated = [row for row, text in enumerate(self.texts) if has_gate(text)]
        self.agreed = [_bound_by(law, row) for row in range(len(self.texts))]
        self.membership = Membership(policy.adaptation.members, facts, luck, self.agreed[self.text], start, opens, months)
        self.parties = set(self.agreed[self.text])
        self.extended = False
        self.years = [list(row) for row in facts.states.penalties]
        self.changed: dict[tuple[int, int], int] = {}  # by state and offence: year in which a maximum rose or a law was made
        self.months_under = [0] * facts.n  # of a text with a gate, since the last January
        weights = [exp(self.spec.repression_slope * repression) for repression in facts.states.repression]
        self.pressure = [weight * facts.n / sum(weights) for weight in weights]  # to restrict; one is that of the mean state
        self.planned = self._laws_on_joining() if self.spec.restrictive else {}

    @property
    def adds(self) -> dict[str, bool]:
        """Offences that the text adds by now."""
        own = self.texts[self.text].adds
        return {**own, **self.spec.protocol_adds} if self.extended else own

    def year_of(self, month: int) -> tuple[int, int]:
        """Calendar year, and month from 1, in which a month of the run begins."""
        years, month = divmod(self.start.month - 1 + month - self.opens, YEAR)
        return self.start.year + years, month + 1

    # --- the law of a month ---------------------------------------------------------------------------------------------

    def settle(self, month: int) -> bool:
        """Who is bound in a month, which laws joining brings, and whether the protocol is in force; whether any of it is new."""
        before = self.parties, self.extended, len(self.changed)
        self.parties = self.membership.bound(month)
        if self.spec.restrictive and (month == self.opens or self.parties - before[0]):
            for (i, k), years in self.planned.items():
                if i in self.parties and self.years[i][k] is None:
                    self.years[i][k] = years
                    self.changed[i, k] = self.year_of(month)[0]
        late = month - self.opens >= self.spec.protocol_years * YEAR
        if self.spec.protocol and late and len(self.parties) >= self.spec.protocol_parties:
            self.extended = True
        return before != (self.parties, self.extended, len(self.changed))

    def month_ends(self, month: int, law: Any, cases: Iterable[Case]) -> bool:
        """A month of the window is over; if the next is a January legislatures meet. Whether the law of the next is another."""
        bound = self.parties if self.text in self.gated else set()
        bound = bound.union(*(self.agreed[row] for row in self.gated if row != self.text))
        for i in bound:
            self.months_under[i] += 1
        year, following = self.year_of(month + 1)
        risen = (self.spec.inflation or self.spec.diffusion) and following == 1 and self._meet(year, law, cases)
        return self.settle(month + 1) or bool(risen)

    def struck(self, struck: Any, begin: list[str], base: list[list[float | None]], rules: Any) -> None:
        """Shocks have changed what was agreed: maxima that nobody here has made follow, and those that begin act on what there is.

        ``base`` are the maxima of the law that was agreed until now, ``rules`` those of the law that is agreed from now on.
        """
        self.policy, self.facts, law = rules.policy, rules.facts, rules.law
        for i, row in enumerate(self.years):
            for k, years in enumerate(row):
                row[k] = rules.base[i][k] if years == base[i][k] else years
                for name in begin if struck is not None else ():
                    if i in struck.reached[name]:
                        given, offence = struck.config.shock[name].of_states, self.facts.offences.names[k]
                        row[k] = struck.maximum(given, self.facts, k, offence, row[k], 1.0)
        self.texts = [self.policy.instruments[name] for name in law.names]
        self.gated = [row for row, text in enumerate(self.texts) if has_gate(text)]
        self.agreed = [_bound_by(law, row) for row in range(len(self.texts))]
        weights = [exp(self.spec.repression_slope * repression) for repression in self.facts.states.repression]
        self.pressure = [weight * self.facts.n / sum(weights) for weight in weights]
        spec = self.policy.adaptation.members
        if not (spec.joining or spec.leaving):
            day = self.opens * DAYS_PER_MONTH
            self.membership.since = [day if i in self.agreed[self.text] else inf for i in range(self.facts.n)]

    # --- January --------------------------------------------------------------------------------------------------------

    def _meet(self, year: int, law: Any, cases: Iterable[Case]) -> bool:
        """Maxima under a gate rise to it, by what the gate kept out and by what near states have done."""
        gates = self._gates(law)
        blocked = self._blocked_shares(law, cases)
        states, offences, spec = self.facts.states, self.facts.offences, self.spec
        hazards = {}
        for i, k in gates:
            own = spec.rise * (1.0 + spec.blocked * blocked[i]) if spec.inflation else 0.0
            copied = spec.copying * self._copied_share(i, k) if spec.diffusion else 0.0
            hazards[i, k] = self.pressure[i] * (own + copied)
        risen = False
        for (i, k), hazard in hazards.items():
            luck = self.luck.uniform("penalty_rise", states.keys[i], offences.keys[k], year)
            if luck < -expm1(-hazard * self.months_under[i] / YEAR):
                self.years[i][k] = max(self.years[i][k] or 0.0, gates[i, k])
                self.changed[i, k] = year
                risen = True
        self.months_under = [0] * self.facts.n
        return risen

    def _gates(self, law: Any) -> dict[tuple[int, int], float]:
        """By state and protected conduct that it punishes: the years to which its maximum must rise to pass a text's gate."""
        gates: dict[tuple[int, int], float] = {}
        offences = self.facts.offences
        for row in self.gated:
            text = self.texts[row]
            bound = _bound_by(law, row)
            for k in range(self.facts.k):
                if not offences.protected[k] or not self._years_help(text, k):
                    continue
                for i in bound:
                    if self.years[i][k] is not None and law.reach[row][i][k] == TOO_LIGHT:
                        gates[i, k] = max(gates.get((i, k), 0.0), text.threshold_years)
        return gates

    def _years_help(self, text: Instrument, k: int) -> bool:
        """Whether a higher maximum alone lets a conduct through the gate: not where harm is weighed and is too small."""
        harmful = self.facts.offences.harm[k] >= text.harm_floor
        weighed = {"penalty": True, "penalty_and_harm": harmful, "penalty_and_grave": self.facts.offences.grave[k]}
        return weighed.get(text.seriousness, False)

    def _blocked_shares(self, law: Any, cases: Iterable[Case]) -> list[float]:
        """Share of each state's live wishes about protected conduct too light for a text that binds a holder of evidence."""
        total, stopped = [0] * self.facts.n, [0] * self.facts.n
        for case in cases:
            if case.abusive and self.facts.offences.protected[case.conduct] and case.status not in ("domestic", "not_live"):
                i = case.requester
                total[i] += 1
                stopped[i] += any(
                    law.reach[row][i][case.conduct] == TOO_LIGHT and any(law.bound[row][i][j] for j in case.hosts if j >= 0)
                    for row in self.gated
                )
        return [some / every if every else 0.0 for some, every in zip(stopped, total, strict=True)]

    def _copied_share(self, i: int, k: int) -> float:
        """Share of other states, weighed by how near they stand, that have raised or made the same law."""
        near = self.facts.states.alignment[i]
        every = sum(weight for j, weight in enumerate(near) if j != i)
        some = sum(weight for j, weight in enumerate(near) if j != i and (j, k) in self.changed)
        return some / every if every > 0.0 else 0.0

    # --- joining --------------------------------------------------------------------------------------------------------

    def _laws_on_joining(self) -> dict[tuple[int, int], float]:
        """Laws against protected conduct that a state would make on joining, with a maximum as others have it."""
        states, offences, spec = self.facts.states, self.facts.offences, self.spec
        planned: dict[tuple[int, int], float] = {}
        for k, name in enumerate(offences.names):
            column = [row[k] for row in states.penalties]
            known = sorted(years for years in column if years is not None)
            if not offences.protected[k] or not known:
                continue
            expected = spec.new_laws * spec.new_laws_years * spec.new_laws_on.get(name, 0.0)
            for i, pressure in enumerate(self.pressure):
                keys = states.keys[i], offences.keys[k]
                if column[i] is None and self.luck.uniform("restrict", *keys) < -expm1(-expected * pressure):
                    planned[i, k] = known[int(self.luck.uniform("restrict:years", *keys) * len(known))]
        return planned


def has_gate(text: Instrument) -> bool:
    """Whether a text came with the window and lets protected conduct in by its penalty."""
    return not text.from_start and text.reaches[OFFENCE_CLASSES[-1]] == "serious"


def _bound_by(law: Any, row: int) -> set[int]:
    """States that a text binds to some other."""
    return {i for i, others in enumerate(law.bound[row]) if any(others)}
