"""Dials: what a scenario gives to one state, a class of states or all, in place of their own law and care.

Of several selectors that say the same thing of a state the more specific holds: its code, a named list, its regime, its region,
``signatories``, ``all``. ``settle`` says what comes of them, ``as_ruled`` the facts that rules read. The world stays as drawn for
cases and people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sim.world.dials import Dial, Dials
from sim.world.vocabulary import GROUPS, REGIMES
from tests.twin.facts import Facts


@dataclass(slots=True)
class Dialled:
    """What dials set, by state; ``None`` where a state keeps its own. A strength stands for uptake and fidelity at once."""

    uptake: list[float | None]
    fidelity: list[float | None]
    judicial: list[float | None]
    skill: list[float | None]
    transfer_protection: list[float | None]
    hours: list[float | None]
    strength: list[float | None]
    breadth: list[float | None]
    penalties: list[list[float | None]]  # [N][K] maxima; None where the conduct is no crime
    eager: list[list[float]]  # [N][G + 1] factor on what is asked, by group; the last is for nobody at risk


_OF_A_STATE = ("uptake", "fidelity", "judicial", "skill", "transfer_protection", "hours", "strength", "breadth")


def _rank(selector: str, dials: Dials, facts: Facts) -> int:
    """How specific a selector is: 0 the least."""
    if selector in facts.states.codes:
        return 5
    if selector in dials.lists:
        return 4
    if selector in REGIMES:
        return 3
    if selector in facts.states.region:
        return 2
    return 1 if selector == "signatories" else 0


def _reaches(selector: str, dials: Dials, facts: Facts, i: int) -> bool:
    """Whether a selector is for a state."""
    states = facts.states
    rank = _rank(selector, dials, facts)
    if rank == 5:
        return states.codes[i] == selector
    if rank == 4:
        return states.codes[i] in dials.lists[selector]
    if rank == 3:
        return REGIMES[states.regime[i]] == selector
    if rank == 2:
        return states.region[i] == selector
    return states.groups["signatories"][i] if rank == 1 else True


def _maximum(said: object, drawn: float | None) -> float | None:
    """A maximum in years as a dial says it of a conduct whose maximum was drawn."""
    if isinstance(said, str):  # no_crime
        return None
    if isinstance(said, int | float):
        return float(said)
    if drawn is None:
        return None
    most, least = said.most, said.least  # type: ignore[attr-defined]
    low = drawn if least is None else max(drawn, least)
    return low if most is None else min(low, most)


def _turn(dial: Dial, i: int, out: Dialled, facts: Facts) -> None:
    """Give a state what one dial says."""
    for name in _OF_A_STATE:
        if (value := getattr(dial, name)) is not None:
            getattr(out, name)[i] = value
    for group, share in dial.appetite.items():
        out.eager[i][GROUPS.index(group)] = share
    for k, name in enumerate(facts.offences.names):
        said = dial.penalties.get(name)
        if said is None and facts.offences.protected[k]:
            said = dial.penalties.get("protected")
        if said is not None:
            out.penalties[i][k] = _maximum(said, facts.states.penalties[i][k])


def settle(dials: Dials, strength: float | None, facts: Facts) -> Dialled:
    """What dials, and a strength for everybody, come to in a world."""
    nothing: dict[str, Any] = {name: [None] * facts.n for name in _OF_A_STATE}
    penalties = [list(row) for row in facts.states.penalties]
    out = Dialled(**nothing, penalties=penalties, eager=[[1.0] * (facts.g + 1) for _ in range(facts.n)])
    for selector in sorted(dials.override, key=lambda one: _rank(one, dials, facts)):
        for i in range(facts.n):
            if _reaches(selector, dials, facts, i):
                _turn(dials.override[selector], i, out, facts)
    for i in range(facts.n):
        if out.strength[i] is None:
            out.strength[i] = strength
        if out.strength[i] is not None:
            out.uptake[i] = out.fidelity[i] = out.strength[i]
    return out


def as_ruled(facts: Facts, dialled: Dialled) -> Facts:
    """The facts as rules read them: maxima, breadth, courts, desks, protection and hours as dials set them."""
    states, offences = facts.states, facts.offences

    def own(set_to: list[float | None], drawn: list[float]) -> list[float]:
        return [mine if said is None else said for said, mine in zip(set_to, drawn, strict=True)]

    breadth = [list(row) for row in states.breadth]
    for i, said in enumerate(dialled.breadth):
        if said is not None:
            breadth[i] = [said if offences.offence_class[k] <= 1 else drawn for k, drawn in enumerate(breadth[i])]
    ruled = replace(
        states,
        penalties=dialled.penalties,
        judicial=own(dialled.judicial, states.judicial),
        skill=own(dialled.skill, states.skill),
        data_protection=own(dialled.transfer_protection, states.data_protection),
        protection=own(dialled.transfer_protection, states.protection),
        breadth=breadth,
    )
    hours = own(dialled.hours, [1.0] * facts.n)
    return replace(facts, states=ruled, capacity=[have * by for have, by in zip(facts.capacity, hours, strict=True)])
