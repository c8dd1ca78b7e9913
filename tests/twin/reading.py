"""What every reader of a file goes by: who applies which safeguard how often, what readers see, how much suspicion they want.

``Reading(policy, facts, uptake, fidelity)`` makes the tables of one policy in one world. ``facts`` are those under the dials
(``tests.twin.dials``); ``uptake`` and ``fidelity`` are what dials or a strength put in the place of a state's own, by state, None
where it keeps its own. Five tables move with what reviewers remember, and whoever keeps memories puts new lists in their place:
``pair_bar``, ``standing``, ``trust_bar``, ``goodwill``, ``urgent_effort``. ``skill`` moves with training.

Safeguards stand in the order in which they are checked: by their ``order``, then by name. A ``Rule`` is one of them with what its
text and its states make of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, inf, log, sqrt
from statistics import NormalDist
from typing import Any

from sim.settings import Policy
from sim.world.instruments import Instrument
from sim.world.vocabulary import DATA_CLASSES, DAYS_PER_MONTH, GROUPS
from tests.twin.draws import name_key
from tests.twin.facts import Facts
from tests.twin.things import Request

_NORMAL = NormalDist()
_HONEST, _FABRICATED, _SELECTIVE = 0, 2, 3  # places in ``Reading.visible``: three kinds, and true facts of an ordinary offence


@dataclass(slots=True, eq=False)
class Rule:
    """One safeguard: its numbers, how often each state applies it under each text, and the keys of its luck."""

    row: int
    name: str
    form: str  # the name of its kind of record, such as Judge
    kind: str
    spec: Any
    habit_key: int  # of its lasting habit and its luck, which it may share with another
    name_key: int  # of the accident of its reading
    chance: list[list[float]]  # by text and state
    stops: list[bool]  # by text: whether it stands against preservation
    covers: list[float]  # by group; the last is of nobody at risk


def check_order(safeguards: dict[str, Any]) -> list[str]:
    """Names in the order in which safeguards are checked."""
    return sorted(safeguards, key=lambda name: (safeguards[name].order, name))


def text_order(instruments: dict[str, Instrument]) -> list[str]:
    """Names of texts in the order in which they are looked up for a pair."""
    return sorted(instruments, key=lambda name: (instruments[name].order, name))


def below(x: float) -> float:
    """Chance that a standard normal lies below ``x``."""
    return 0.5 * erfc(-x / sqrt(2.0))


def through_habit(chance: float, trait: float, share: float) -> float:
    """A chance as a lasting trait has it, which is this share of the latent variance; 0 and 1 are exact."""
    if chance <= 0.0 or chance >= 1.0:
        return chance
    latent = _NORMAL.inv_cdf(chance)
    if share >= 1.0:
        return 1.0 if latent + trait > 0.0 else 0.0
    return below((latent + sqrt(share) * trait) / sqrt(1.0 - share))


def months_to_days(months: float | None) -> float:
    """Days of so many months; endless for None."""
    return inf if months is None else months * DAYS_PER_MONTH


class Reading:
    """The tables of one policy in one world; pairs are by requester and requested state."""

    def __init__(
        self,
        policy: Policy,
        facts: Facts,
        uptake: list[float | None] | None = None,
        fidelity: list[float | None] | None = None,
    ) -> None:
        """Work everything out once."""
        self.facts, self.states, self.practice = facts, facts.states, policy.review
        self.texts = text_order(policy.instruments)
        self.instruments = [policy.instruments[text] for text in self.texts]
        self._broad: dict[tuple[int, int, int], bool] = {}
        self._plain = self._care()
        self.care_of = self._care(uptake, fidelity)
        names = check_order(policy.safeguards)
        self.rules = [self._rule(row, name, policy.safeguards[name], policy) for row, name in enumerate(names)]
        self._sort_rules()
        self._set_bars()
        self._set_times()
        self._set_firms()
        self._set_live()

    # --- who applies what ---------------------------------------------------------------------------------------------------------

    def _care(self, uptake: list[float | None] | None = None, fidelity: list[float | None] | None = None) -> list[dict[str, float]]:
        """Of each state the chance, by force, that it applies a rule, before its lasting habit."""
        practice, states, chances = self.practice, self.states, []
        for j in range(self.facts.n):
            own_uptake = practice.uptake_max * states.commitment[j]
            own_fidelity = practice.fidelity_floor + (1 - practice.fidelity_floor) * states.rule[j]
            u = own_uptake if uptake is None or (said := uptake[j]) is None else said
            f = own_fidelity if fidelity is None or (kept := fidelity[j]) is None else kept
            chances.append({"absent": 0.0, "may": u, "must": u + (1 - u) * f, "kept": f})
        return chances

    def _habits(self, habit: str) -> list[float]:
        """The lasting trait of each state with whatever goes by this name, standard normal."""
        return [self.facts.luck.normal("trait:applied", name_key(habit), key) for key in self.states.keys]

    def _rule(self, row: int, name: str, spec: Any, policy: Policy) -> Rule:
        habit = getattr(spec, "habit", None) or name
        covers = [getattr(spec, "covers", {}).get(group, 0.0) for group in GROUPS]
        return Rule(
            row=row,
            name=name,
            form=type(spec).__name__,
            kind=spec.kind,
            spec=spec,
            habit_key=name_key(habit),
            name_key=name_key(name),
            chance=self._chances(name, habit, spec),
            stops=[text.stops_preservation.get(name, False) for text in self.instruments],
            covers=[*covers, 0.0],
        )

    def _chances(self, name: str, habit: str, spec: Any) -> list[list[float]]:
        """How often each state applies a safeguard under each text: what the text says, or its own law if that is firmer."""
        own_force: str = getattr(spec, "own_law", None) or "absent"
        has_law = [False] * self.facts.n if own_force == "absent" else self.states.own_laws[habit]
        traits, share = self._habits(habit), self.practice.trait_share
        table = []
        for text in self.instruments:
            force = text.safeguards.get(name, "absent")
            displaced = text.displaces.get(name, False)
            line = []
            for j, care in enumerate(self.care_of):
                own = own_force if has_law[j] and not displaced else "absent"
                if force == own == "absent":
                    line.append(0.0)
                elif spec.certain:
                    line.append(1.0)
                else:
                    line.append(through_habit(max(care[force], care[own]), traits[j], share))
            table.append(line)
        return table

    def _sort_rules(self) -> None:
        """Gates, looks and what else there is, each in the order of checking."""
        rules = self.rules
        looks = [rule for rule in rules if rule.kind == "look"]
        self.gates = [rule for rule in rules if rule.kind == "gate"]
        self.looks = looks
        self.desk = next(rule for rule in looks if rule.name == "desk")
        self.panel = next((rule for rule in looks if rule.name == "panel"), None)
        self.further = [rule for rule in looks if rule.name not in ("desk", "panel")]
        self.person = next((rule for rule in looks if rule.name == "person"), None)
        self.grounds_at = {look.name: [r for r in rules if r.kind == "ground" and r.spec.look == look.name] for look in looks}
        self.duties = [rule for rule in rules if rule.form == "UseLimitation"]
        self.statistics = [rule for rule in rules if rule.form == "Publication"]
        lists = {"gates": self.gates, "further": self.further, "duties": self.duties, "statistics": self.statistics}
        self.applied = {name: self._applied(meant) for name, meant in (lists | self.grounds_at).items()}
        self.weighed = {r.row for r in rules if r.kind in ("ground", "look") and r.form != "TransferLaw"}

    def _applied(self, rules: list[Rule]) -> list[list[list[Rule]]]:
        """By text and state: those of some rules that it ever applies.

        The person always stays: where nobody but the firm tells her, that is her place among the looks.
        """
        texts, states = range(len(self.texts)), range(self.facts.n)
        return [[[rule for rule in rules if rule.chance[t][j] > 0.0 or rule is self.person] for j in states] for t in texts]

    # --- bars ---------------------------------------------------------------------------------------------------------------------

    def _set_bars(self) -> None:
        """What is added to every bar by who asks whom, and what else hangs on the pair."""
        practice, states, n = self.practice, self.states, self.facts.n
        at_zero = log(practice.prior_at_zero / (1 - practice.prior_at_zero))
        prior = [at_zero + practice.prior_slope * liberal for liberal in states.liberal]
        weights = [max(demand, 1e-12) for demand in states.demand]
        usual = sum(p * w for p, w in zip(prior, weights, strict=True)) / sum(weights)
        trust = [practice.c_trust * (liberal - 0.5) for liberal in states.liberal]
        near = [[practice.c_align * (a - 0.5) for a in line] for line in states.alignment]
        self.trust_bar = [trust[i] - practice.c_prev * (prior[i] - usual) for i in range(n)]
        self.pair_bar = [
            [near[i][j] + self.trust_bar[i] - practice.c_strict * states.strictness[j] for j in range(n)] for i in range(n)
        ]
        self.standing = [[trust[i] + near[i][j] for j in range(n)] for i in range(n)]
        self.urgent_effort = [[practice.urgent_effort] * n for _ in range(n)]
        self.goodwill = self._goodwill()
        self.gap = [[self._gap(i, j) for j in range(n)] for i in range(n)]
        self.skill = states.skill
        hosted = [sum(sum(states.at_risk[i]) * states.host_share[i][j] for i in range(n)) for j in range(n)]
        largest = max(*hosted, 1e-12)
        self.firm_eyes = [sqrt(share / largest) for share in hosted]
        seen = practice.visible
        self.visible = [practice.acuity * v for v in (seen.honest, seen.recharacterised, seen.fabricated, seen.selective)]

    def _goodwill(self) -> list[list[float]]:
        """Chance of assistance without a duty: by alignment and the requester's standing."""
        n, spec = self.facts.n, next((rule.spec for rule in self.rules if rule.form == "Goodwill"), None)
        if spec is None:
            return [[1.0] * n for _ in range(n)]
        worthy = [min(max(spec.standing_from + liberal, 0.0), 1.0) for liberal in self.states.liberal]
        near = [[1 - spec.by_alignment * (1 - a) for a in line] for line in self.states.alignment]
        return [[spec.most * near[i][j] * worthy[i] for j in range(n)] for i in range(n)]

    def _gap(self, i: int, j: int) -> float:
        """What the law of ``j`` on transfers wants beyond the protection that ``i`` gives (Hanoi Art 36(1))."""
        bound, adequate = self.states.groups["directive"], self.states.groups["adequate"]
        if adequate[i] or (bound[i] and bound[j]):
            return 0.0
        return max(0.0, self.states.transfer_law[j] - self.states.protection[i])

    # --- times, firms, live collection --------------------------------------------------------------------------------------------

    def _set_times(self) -> None:
        """Scales of hours and days, and the chances that follow data."""
        practice = self.practice
        self.shared, self.own = sqrt(practice.rho), sqrt(1 - practice.rho)
        self.hours_log = log(practice.hours_median)
        self.expected_hours = practice.hours_median * exp(practice.hours_spread**2 / 2)
        self.delay_log = log(practice.delay_months * DAYS_PER_MONTH)
        self.retention_log = log(practice.retention_months * DAYS_PER_MONTH)
        self.residence_class = DATA_CLASSES.index(practice.residence_class)
        self.delay_factor = [text.delay_factor for text in self.instruments]
        self.hidden = [text.secrecy == "always" for text in self.instruments]
        unprotected = [1 - held for held in self.states.data_protection]
        self.own_use = [practice.misuse_chance * left for left in unprotected]
        self.onward = [practice.onward_chance * left for left in unprotected]

    def _set_firms(self) -> None:
        """How many firms tell their users, and for how long a law may silence them in a secret case."""
        spec = self.practice.firm_notice
        self.firm_share = [spec.share * spec.factor.get(code, 1.0) for code in self.states.codes]
        own = [months_to_days(spec.gag_months_of.get(code, spec.gag_months)) for code in self.states.codes]
        self.gag_days = [[min(months_to_days(text.gag_months_most), gag) for gag in own] for text in self.instruments]

    def _set_live(self) -> None:
        """Chance that a state collects data as they come, by text: a duty always, an endeavour with its uptake and a habit."""
        traits, share = self._habits("realtime"), self.practice.trait_share
        tries = [through_habit(care["may"], trait, share) for care, trait in zip(self._plain, traits, strict=True)]
        self.live = []
        for text in self.instruments:
            able = [listens or text.powers for listens in self.states.listens]
            willing = {"absent": [0.0] * self.facts.n, "endeavours": tries, "obliges": [1.0] * self.facts.n}[text.realtime]
            self.live.append([chance if can else 0.0 for chance, can in zip(willing, able, strict=True)])

    def covers(self, state: int, label: int, conduct: int) -> bool:
        """Whether a state's law on a label covers a protected conduct; one that asks for dishonest intent covers no honest act."""
        found = self._broad.get((state, label, conduct))
        if found is None:
            offences, states = self.facts.offences, self.states
            found = offences.protected[conduct] and offences.offence_class[label] < 2 and not offences.exempt_from[conduct][label]
            if found:
                keys = states.keys[state], offences.keys[label], offences.keys[conduct]
                found = self.facts.luck.uniform("trait:breadth", *keys) < states.breadth[state][label]
            self._broad[state, label, conduct] = found
        return found

    # --- what shows in a file -----------------------------------------------------------------------------------------------------

    def shown(self, visibility: float) -> float:
        """How much plainer things show about who is known to more people."""
        if visibility <= 0.0:
            return 1.0
        return min(max(1.0 + self.practice.visibility_slope * log(visibility), 0.0), self.practice.visibility_most)

    def strength(self, request: Request) -> float:
        """How plainly the motive shows to a perfect reader: nothing in a legitimate file."""
        case = request.case
        if not case.abusive:
            return 0.0
        offences, kind = self.facts.offences, request.kind
        if kind == _HONEST and not offences.protected[case.conduct]:
            kind = _SELECTIVE
        v = self.visible[kind]
        if kind == _FABRICATED:
            plausible = offences.plausible[request.label][case.group] if case.group >= 0 else 0.0
            v *= max(self.practice.plausibility_from - plausible, 0.0)
        return v * self.shown(case.visibility)

    def role(self, request: Request) -> float:
        """How plainly the person's role shows, whatever the motive: nothing where nobody at risk is concerned."""
        case = request.case
        return self.practice.visible.role * self.shown(case.visibility) if case.group >= 0 else 0.0


def record_share(middle: float, per_record: float, terror: float) -> float:
    """Share of a role that counts, by what is published of the requester's treatment of people at risk."""
    return min(max(middle + per_record * terror, 0.0), 1.0)
