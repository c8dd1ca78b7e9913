"""The law: which texts bind whom, which labels each reaches, what each state punishes, and how requests may be named.

``Law(policy, facts)`` is the texts of a policy in a world, in the order in which they are looked up; the last is comity, which is
no text. ``facts`` are those that dials rule (``tests.twin.dials.as_ruled``). ``parties`` and ``extends`` are what membership and
legislatures have made of it since; maxima that legislatures raised come in ``facts.states.penalties``.

``Law.pairs(window)`` is ``in_force[i][j]``: the rows of the texts that bind requester and requested state, comity last.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from math import inf, log

from sim.draws import Draws
from sim.settings import Policy
from sim.world.instruments import Instrument, Parties
from sim.world.vocabulary import DATA_CLASSES, KINDS, OFFENCE_CLASSES, REGIMES
from tests.twin.draws import absorbed, name_key
from tests.twin.facts import Facts

COVERED, OUTSIDE, TOO_LIGHT = 0, 1, 2
_OF_THE_CONVENTION = (0, 1)  # offence classes A and B
_TRIES, _NEAR = 400, 0.1  # a placebo is the first of so many random sets that hosts as much, within so much of it

InForce = list[list[tuple[int, ...]]]
Option = tuple[float, int, int]  # log weight, kind, label


# --- who is bound -----------------------------------------------------------------------------------------------------------------


def _hosting(facts: Facts) -> list[float]:
    """How much data each state hosts: shares of platforms weighted by the people at risk who use them."""
    people = [sum(row) for row in facts.states.at_risk]
    weight = [sum(people[o] * facts.states.host_share[o][j] for o in range(facts.n)) for j in range(facts.n)]
    whole = sum(weight)
    return [one / whole for one in weight]


def _placebo(bound: list[int], meant: list[int], facts: Facts) -> set[int]:
    """As many random states among those bound, which together host about as much as those meant."""
    weight = _hosting(facts)
    aim = sum(weight[i] for i in meant)
    best, least = [], inf
    for attempt in range(_TRIES):
        luck = {i: facts.luck.uniform("fact:placebo", attempt, facts.states.keys[i]) for i in bound}
        taken = sorted(bound, key=lambda i, luck=luck: (luck[i], i))[: len(meant)]  # type: ignore[misc]
        distance = abs(sum(weight[i] for i in taken) - aim)
        if distance < least:
            best, least = taken, distance
        if distance <= _NEAR * aim:
            return set(taken)
    return set(best)


def members(parties: Parties, facts: Facts) -> list[bool]:
    """Which states a text binds."""
    states, rows = facts.states, range(facts.n)
    if parties.base == "none":
        bound = set()
    elif parties.base in ("all", "pairs", "listed"):
        bound = set(rows)
    else:
        bound = {i for i in rows if states.groups[parties.base][i]}
    bound |= {i for i in rows if parties.extra.get(states.codes[i])}
    bound -= {i for i in rows if parties.without.get(states.codes[i])}
    bound -= {i for i in rows if parties.without_regimes.get(REGIMES[states.regime[i]])}  # type: ignore[call-overload]
    if any(parties.placebo_of_regimes.values()):
        meant = [i for i in sorted(bound) if parties.placebo_of_regimes.get(REGIMES[states.regime[i]])]  # type: ignore[call-overload]
        bound -= _placebo(sorted(bound), meant, facts)
    if parties.draw is not None:
        sure, slope = parties.draw.sure, parties.draw.liberal_slope
        appeal = {
            i: inf if sure.get(states.codes[i]) else slope * states.liberal[i] + facts.luck.gumbel("fact:ratified", states.keys[i])
            for i in bound
        }
        bound = set(sorted(bound, key=lambda i: (-appeal[i], i))[: parties.draw.count])
    return [i in bound for i in rows]


def _binds(text: Instrument, facts: Facts) -> list[list[bool]]:
    """Which pairs of states a text binds."""
    bound, codes = members(text.parties, facts), facts.states.codes
    listed = {frozenset(pair.split("-")) for pair, meant in text.parties.pairs.items() if meant}

    def between(i: int, j: int) -> bool:
        if i == j or not (bound[i] and bound[j]):
            return False
        if text.parties.base == "pairs":
            return facts.states.mlat[i][j]
        return text.parties.base != "listed" or frozenset((codes[i], codes[j])) in listed

    return [[between(i, j) for j in range(facts.n)] for i in range(facts.n)]


# --- what is within a text --------------------------------------------------------------------------------------------------------


def _reach(text: Instrument, policy: Policy, facts: Facts) -> list[list[int]]:
    """What a text makes of each label of each requester, by the requester's own maxima."""
    offences, inflation = facts.offences, policy.conduct.inflation

    def maximum(i: int, k: int) -> float:
        years = facts.states.penalties[i][k]
        if years is None:
            return -1.0
        raises = inflation is not None and not text.from_start and offences.protected[k]
        if raises and inflation is not None and facts.states.repression[i] >= inflation.repression_from:
            return max(years, inflation.to_years)
        return years

    def serious(i: int, k: int) -> bool:
        tests = {
            "penalty": maximum(i, k) >= text.threshold_years,
            "harm": offences.harm[k] >= text.harm_floor,
            "grave": offences.grave[k],
        }
        return all(tests[test] for test in text.seriousness.split("_and_"))

    def of(i: int, k: int) -> int:
        treatment = text.reaches[OFFENCE_CLASSES[offences.offence_class[k]]]
        if text.adds.get(offences.names[k]):
            return COVERED
        if treatment == "never":
            return OUTSIDE
        return COVERED if treatment == "always" or serious(i, k) else TOO_LIGHT

    return [[of(i, k) for k in range(facts.k)] for i in range(facts.n)]


def covering(facts: Facts) -> list[dict[tuple[int, int], float]]:
    """By state: how broad its law on a label is, for each label and protected conduct that it covers."""
    states, offences = facts.states, facts.offences
    labels = [k for k in range(facts.k) if offences.offence_class[k] in _OF_THE_CONVENTION]
    conducts = [k for k in range(facts.k) if offences.protected[k]]
    found = []
    for i in range(facts.n):
        start = facts.luck.hashed("trait:breadth", states.keys[i])
        covers = {}
        for label in labels:
            of_label = absorbed(start, offences.keys[label])
            for conduct in conducts:
                if facts.luck.after(of_label, offences.keys[conduct]) < states.breadth[i][label]:
                    covers[label, conduct] = states.breadth[i][label]
        found.append(covers)
    return found


class Law:
    """The texts of one policy in one world."""

    def __init__(
        self,
        policy: Policy,
        facts: Facts,
        parties: Mapping[str, list[bool]] | None = None,
        extends: Mapping[str, bool] | None = None,
    ) -> None:
        """Read the texts; ``parties`` narrows who is bound by a text, ``extends`` names what a protocol adds to the treaty."""
        texts = dict(policy.instruments)
        if extends:
            treaty = policy.adaptation.members.text
            texts[treaty] = texts[treaty].model_copy(update={"adds": {**texts[treaty].adds, **extends}})
        self.policy, self.facts = policy, facts
        self.names = tuple(sorted(texts, key=lambda name: (texts[name].order, name)))
        self.texts = [texts[name] for name in self.names]
        self.comity = len(self.texts) - 1
        self.keys = [name_key(name) for name in self.names]
        self.filing = [text.filing for text in self.texts]
        self.delay = [text.delay_factor for text in self.texts]
        self.most = [DATA_CLASSES.index(text.most) for text in self.texts]
        self.hidden = [text.secrecy == "always" for text in self.texts]
        self.maxima = facts.states.penalties
        self.bound = [_binds(text, facts) for text in self.texts]
        for name, has in (parties or {}).items():
            row = self.names.index(name)
            self.bound[row] = [[b and has[i] and has[j] for j, b in enumerate(bound)] for i, bound in enumerate(self.bound[row])]
        self.reach = [_reach(text, policy, facts) for text in self.texts]
        names, classes = facts.offences.names, [OFFENCE_CLASSES[c] for c in facts.offences.offence_class]
        self.adds = [[bool(text.adds.get(name)) for name in names] for text in self.texts]
        self.established = [
            [added or bool(text.obliges.get(c)) for added, c in zip(adds, classes, strict=True)]
            for text, adds in zip(self.texts, self.adds, strict=True)
        ]
        doors = [text.side_doors for text in self.texts]
        self.opens = {
            "preservation": [door.preservation for door in doors],
            "emergency": [door.emergency for door in doors],
            "police": [door.police for door in doors],
            "spontaneous": [door.spontaneous for door in doors],
        }

    @cached_property
    def before(self) -> list[list[list[bool]]]:
        """Which pairs each text binds before the window: those that are in force from the start."""
        none = [[False] * self.facts.n] * self.facts.n
        return [bound if text.from_start else none for text, bound in zip(self.texts, self.bound, strict=True)]

    def pairs(self, window: bool, off: Mapping[int, set[tuple[int, int]]] | None = None) -> InForce:
        """Rows of the texts that bind requester and requested state; ``off`` names pairs for which a text is suspended."""
        bound, n, off = self.bound if window else self.before, self.facts.n, off or {}
        rows = range(len(self.texts))
        return [[tuple(t for t in rows if bound[t][i][j] and (i, j) not in off.get(t, ())) for j in range(n)] for i in range(n)]

    def punished(self, window: bool) -> list[list[bool]]:
        """What each state punishes by its own law: whatever has a maximum, and what a text adds that binds it."""
        bound, facts = self.bound if window else self.before, self.facts
        held = [[years is not None for years in row] for row in self.maxima]
        for t, adds in enumerate(self.adds):
            if any(adds):
                for i in range(facts.n):
                    if any(bound[t][i]):
                        held[i] = [has or added for has, added in zip(held[i], adds, strict=True)]
        return held


# --- how a request may be named ---------------------------------------------------------------------------------------------------


class Menus:
    """Kinds and labels that a requester's law offers for a conduct, made when they are first asked for."""

    def __init__(
        self, policy: Policy, facts: Facts, punished: list[list[bool]], covers: list[dict[tuple[int, int], float]]
    ) -> None:
        """``punished`` is what each state punishes, ``covers`` how broad its laws are (``covering``)."""
        self.spec, self.facts, self.punished, self.covers = policy.conduct, facts, punished, covers
        draws, spec = Draws(facts.seed), policy.conduct
        a, b = spec.open_framing_a, spec.open_framing_b
        self.openness = [1.0 - float(draws.beta(a, b, "trait:framing", key)) for key in facts.states.keys]
        self._made: dict[tuple[int, int, int], list[Option]] = {}

    def of(self, i: int, group: int, conduct: int) -> list[Option]:
        """What requester ``i`` may write of a conduct of somebody of a group, by kind and label."""
        key = (i, group, conduct)
        found = self._made.get(key)
        if found is None:
            options = self._broken_down(i, group, conduct)
            found = self._made[key] = [(log(w), kind, label) for kind, label, w in sorted(options) if w > 0.0]
        return found

    def _broken_down(self, i: int, group: int, conduct: int) -> list[tuple[int, int, float]]:
        offences = self.facts.offences
        honest, recharacterised, fabricated = range(len(KINDS))
        if not offences.protected[conduct]:
            return [(honest, conduct, 1.0)]
        held, openness = self.punished[i], self.openness[i]
        broader, share = self.broader(i, conduct)
        options = [(honest, conduct, openness if held[conduct] else 0.0)]
        options += [(recharacterised, k, (1 - openness) * share * part) for k, part in broader.items()]
        pretexts = {
            k: offences.pretext[k] * offences.plausible[k][group]
            for k in range(self.facts.k)
            if held[k] and not offences.protected[k]
        }
        whole = sum(pretexts.values())
        if whole > 0:
            options += [(fabricated, k, (1 - openness) * (1 - share) * (w / whole)) for k, w in pretexts.items()]
        return options

    def broader(self, i: int, conduct: int) -> tuple[dict[int, float], float]:
        """Shares of the labels for true facts under another provision, and the share of framed requests that take one."""
        offences, held, covers = self.facts.offences, self.punished[i], self.covers[i]
        offered, most = {}, 0.0
        for k in range(self.facts.k):
            if not held[k]:
                continue
            honest_intent = offences.exempt_from[conduct][k] and not held[conduct]
            weight = 0.0 if honest_intent and self.spec.intent else offences.broader[conduct][k]
            breadth = 0.0 if honest_intent else covers.get((k, conduct), 0.0)
            if breadth > 0.0:
                weight, most = max(weight, 1.0), max(most, breadth)
            if weight > 0.0:
                offered[k] = weight
        whole, own = sum(offered.values()), self.spec.recharacterised_share
        return {k: weight / whole for k, weight in offered.items()}, 1 - (1 - own) * (1 - most) if most > 0 else own
