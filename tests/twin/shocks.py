"""Shocks: what a scenario changes within the window, for whom and for how long (docs/shocks.md).

``Struck(config, facts)`` says what of a policy and of a world is other in a month of the window: ``policy``, ``columns`` (facts
ahead of dials), ``dials`` (facts and care behind them) and ``pacts`` (whom texts bind), in this order. ``weights(month)`` are the
shocks in force with what is left of each; where two months have the same, their rules are the same.
"""

from __future__ import annotations

from dataclasses import replace
from math import exp, log
from typing import Any

from sim.settings import Config, Policy
from sim.world.instruments import Parties
from sim.world.vocabulary import GROUPS
from tests.twin.dials import Dialled, _maximum, _reaches
from tests.twin.facts import Facts

_PARTS = ("review", "conduct", "instruments", "safeguards")
_COLUMNS = (
    *("liberal", "commitment", "rule", "strictness", "repression", "terror", "data_protection", "protection", "transfer_law"),
    *("direct_answered", "compels", "listens", "intercept_from"),
)
_CARE = ("uptake", "fidelity")
Weights = list[tuple[str, float]]


def _mixed(old: Any, new: Any, weight: float) -> Any:
    """A value on its way back: numbers with a point in proportion, all else as a whole for one half-life."""
    if weight == 1.0:
        return new
    if isinstance(old, float) and isinstance(new, float):
        return old + (new - old) * weight
    return new if weight > 0.5 else old


def _with(held: Any, given: Any, weight: float) -> Any:
    """A record, a map or a value with what is given in it."""
    if not isinstance(given, dict) or held is None:
        like = float(given) if isinstance(held, float) and isinstance(given, int) and not isinstance(given, bool) else given
        return _mixed(held, like, weight)
    if isinstance(held, dict):
        new = {name: value for name, value in given.items() if name in held or weight > 0.5}
        return {**held, **{name: _with(held.get(name), value, weight) for name, value in new.items()}}
    return held.model_copy(update={name: _with(getattr(held, name), value, weight) for name, value in given.items()})


class Struck:
    """The shocks of a configuration in a world."""

    def __init__(self, config: Config, facts: Facts) -> None:
        """Whom each shock reaches is settled once."""
        self.config, self.slope = config, config.demand.direct.answered_liberal_slope
        self.reached = {
            name: [i for i in range(facts.n) if any(_reaches(selector, config.dials, facts, i) for selector in shock.selectors)]
            for name, shock in config.shock.items()
        }

    def weights(self, month: int) -> Weights:
        """Shocks in force in a month of the window and what is left of each, the earlier first."""
        found = []
        for at, name in sorted((shock.at, name) for name, shock in self.config.shock.items()):
            fade = self.config.shock[name].fade
            if at <= month and (fade is None or month - at < 20 * fade):
                found.append((name, 1.0 if fade is None else 0.5 ** ((month - at) / fade)))
        return found

    def policy(self, policy: Policy, weights: Weights) -> Policy:
        """The policy with the keys that shocks set."""
        for name, weight in weights:
            for part in _PARTS:
                given = self.config.shock[name].set.get(part, {})
                if part == "instruments":
                    given = {text: {key: value for key, value in keys.items() if key != "binds"} for text, keys in given.items()}
                policy = policy.model_copy(update={part: _with(getattr(policy, part), given, weight)})
        return policy

    def columns(self, facts: Facts, weights: Weights) -> Facts:
        """The world with the scores and powers that shocks set; firms follow the liberal score."""
        columns = {name: list(getattr(facts.states, name)) for name in _COLUMNS}
        for name, weight in weights:
            given = self.config.shock[name].set
            for column in (column for column in _COLUMNS if column in given):
                for i in self.reached[name]:
                    old = columns[column][i]
                    new = given[column] if isinstance(old, bool) else float(given[column])
                    columns[column][i] = _mixed(old, new, weight)
                    share = columns["direct_answered"][i]
                    if column == "liberal" and 0.0 < share < 1.0:
                        odds = log(share / (1.0 - share)) + self.slope * (columns[column][i] - old)
                        columns["direct_answered"][i] = 1.0 / (1.0 + exp(-odds))
        return replace(facts, states=replace(facts.states, **columns))

    def dials(self, facts: Facts, dialled: Dialled, policy: Policy, weights: Weights) -> Facts:
        """The facts as rules read them with what shocks set of what dials can; care is written into ``dialled``."""
        states, review = facts.states, policy.review
        own = {
            "uptake": [review.uptake_max * one for one in states.commitment],
            "fidelity": [review.fidelity_floor + (1.0 - review.fidelity_floor) * one for one in states.rule],
        }
        for name in _CARE if weights else ():
            said = getattr(dialled, name)
            said[:] = [one if dial is None else dial for one, dial in zip(own[name], said, strict=True)]
        columns = {name: list(getattr(states, name)) for name in ("judicial", "skill", "data_protection", "protection")}
        hours = list(facts.capacity)
        plain = [have / (dial or 1.0) for have, dial in zip(hours, dialled.hours, strict=True)]
        for name, weight in weights:
            given = self.config.shock[name].set
            for i in self.reached[name]:
                for key, value in given.items():
                    for column in {"transfer_protection": ("data_protection", "protection")}.get(key, (key,)):
                        if (column in columns and column not in _COLUMNS) or key == "transfer_protection":
                            columns[column][i] = _mixed(columns[column][i], float(value), weight)
                    for care in _CARE if key == "strength" else (key,):
                        if care in _CARE:
                            said = getattr(dialled, care)
                            said[i] = _mixed(said[i], float(value), weight)
                if "hours" in given:
                    hours[i] = plain[i] * _mixed(hours[i] / plain[i], float(given["hours"]), weight)
                for group, share in given.get("appetite", {}).items():
                    g = GROUPS.index(group)
                    dialled.eager[i][g] = _mixed(dialled.eager[i][g], float(share), weight)
        breadth, penalties = self._law(facts, weights)
        states = replace(states, penalties=penalties, breadth=breadth, **columns)
        return replace(facts, states=states, capacity=hours)

    def _law(self, facts: Facts, weights: Weights) -> tuple[list[list[float]], list[list[float | None]]]:
        breadth, penalties = ([list(row) for row in table] for table in (facts.states.breadth, facts.states.penalties))
        for name, weight in weights:
            given = self.config.shock[name].of_states
            for i in self.reached[name]:
                for k, offence in enumerate(facts.offences.names):
                    if given.breadth is not None and facts.offences.offence_class[k] <= 1:
                        breadth[i][k] = _mixed(breadth[i][k], given.breadth, weight)
                    penalties[i][k] = self.maximum(given, facts, k, offence, penalties[i][k], weight)
        return breadth, penalties

    def maximum(self, given: Any, facts: Facts, k: int, offence: str, years: float | None, weight: float) -> float | None:
        """A maximum with what a shock says of it."""
        said = given.penalties.get(offence)
        if said is None and facts.offences.protected[k]:
            said = given.penalties.get("protected")
        return years if said is None else _mixed(years, _maximum(said, years), weight)

    def pacts(self, policy: Policy, bound: dict[str, list[list[bool]]], facts: Facts, weights: Weights) -> Policy:
        """The policy with the pairs that shocks bind or release written down one by one."""
        codes = facts.states.codes
        touched = set()
        for name, weight in weights:
            who = set(self.reached[name])
            for text, keys in self.config.shock[name].set.get("instruments", {}).items():
                if "binds" not in keys or weight <= 0.5:
                    continue
                touched.add(text)
                pairs = policy.instruments[text].parties.base in ("pairs", "listed")
                parties = {i for i, row in enumerate(bound[text]) if any(row)}
                for i in range(facts.n):
                    for j in range(facts.n):
                        both, some = i in who and j in who, i in who or j in who
                        joined = keys["binds"] and not pairs and i in parties | who and j in parties | who
                        if i != j and (both if pairs else (joined or (some and not keys["binds"]))):
                            bound[text][i][j] = keys["binds"]
        texts = dict(policy.instruments)
        for text in touched:
            rows = ((i, j) for i in range(facts.n) for j in range(i + 1, facts.n) if bound[text][i][j])
            listed = Parties(base="listed", pairs={f"{codes[i]}-{codes[j]}": True for i, j in rows})
            texts[text] = texts[text].model_copy(update={"parties": listed})
        return policy.model_copy(update={"instruments": texts})
