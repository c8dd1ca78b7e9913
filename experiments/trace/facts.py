"""What a story of a case is told in: a fact, its steps and the rules that it may name, and what a dial gives a state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from experiments.trace.recording import Witnessed
from sim.rules import Rules
from sim.world.vocabulary import CHANNELS

STEP_MEANINGS: Mapping[str, str] = {
    "live": "whether the person still does what the state pursues",
    "destination": "which state is asked",
    "label": "what is alleged and which provision is cited",
    "instrument": "which text governs the request, and how much it may ask for",
    "appetite": "whether the wish is filed at all",
    "side_door": "the ways taken: urgent lane, preservation first, police, the firm itself, unasked",
    "gate": "a rule of law on the day of filing",
    "panel": "a central unit reads the file",
    "queue": "on which day, and with how much attention, the desk takes the file up",
    "desk": "the desk reads the file; the rule is the desk or a ground invoked at it",
    "supplement": "further information is asked for, and comes or not",
    "parking": "the file is laid aside without an answer, and perhaps taken up later",
    "look": "a further reader: judge, provider, person; the rule is the look or a ground invoked at it",
    "execution": "the delay of execution, the requester's patience, the data given",
    "retention": "whether the data are still there",
    "aftermath": "what follows disclosure: notice, use beyond the case, transfer, public statistics",
    "end": "how the case ended, where no request explains it",
}
"""Steps of a life in their order. A rule is the name of a safeguard, or one of ``RULES``."""

DIALS = ("strength", "uptake", "fidelity", "judicial", "skill", "hours", "transfer_protection", "penalties", "breadth")
"""Keys of ``states.override`` that a divergence may name; what an ``appetite`` does is called as the step is."""

RULES: Mapping[str, str] = {
    "added": "a protocol makes the offence one of the text itself",
    **{step: about for step, about in STEP_MEANINGS.items() if step not in ("gate", "panel", "desk", "look", "aftermath")},
    "parties": "which texts are in force between the two states",
    "effort": "the attention that the load leaves to a reader",
    "patience": "the requester gives up",
    "diverted": "another way had given the data before the request was read",
    "spyware": "another way, outside all law",
    "tools": "the person has moved to safer tools",
    "notice": "a domestic duty to tell the person after disclosure",
    "firm_notice": "the firm tells its user of the order",
    "second_reading": "a second reading of a refusal, before it counts towards suspension",
    "realtime": "whether data are collected as they come, by the text and the law of the requested state",
    **{name: f"the {name.replace('_', ' ')} that a dial gives a state" for name in DIALS},
    "misuse": "the receiver's own use of the data beyond the case",
    **dict.fromkeys(CHANNELS, "this way of asking"),
}
"""What a divergence may name besides safeguards."""

ORDER = {step: number for number, step in enumerate(STEP_MEANINGS)}
LAST = 10**6
"""Number of what follows from all duties, after every safeguard's own."""


class Fact(NamedTuple):
    """One step: ``outcome`` is what followed (nothing of note if false), ``days`` when, ``given`` what it rested on."""

    place: tuple[int, ...]  # attempt, slot, step, number within the step
    step: str
    rule: str
    outcome: Any
    days: tuple[float, ...]  # since the start of the run-in, or lengths
    given: Mapping[str, Any]


OfChoice = Callable[..., Fact]
"""Makes a fact of an occasion to choose from its step and outcome, and what it rested on by name."""
OfRequest = Callable[..., Fact]
"""Makes a fact of a request from its step, its number and its outcome, and what it rested on by name."""


class Life(NamedTuple):
    """All facts about one case under one scenario, in order."""

    scenario: str
    status: str  # of the case at the end
    facts: tuple[Fact, ...]


def dialled(seen: Witnessed, rules: Rules, state: int, *names: str) -> dict[str, Any]:
    """What dials give a state, by their keys; nothing of what no dial sets. Of ``penalties`` the offences with another maximum."""
    found: dict[str, Any] = {}
    for name in names:
        set_to = getattr(rules.dialled, name)[state]
        if name == "penalties":
            drawn, offences = seen.run.world.states.penalties[state], seen.run.world.offences.names
            moved = np.flatnonzero(~np.isclose(set_to, drawn, rtol=0.0, atol=0.0, equal_nan=True))
            found |= {name: {offences[k]: str(float(set_to[k])) for k in moved}} if moved.size else {}
        elif not np.isnan(set_to):
            found[name] = float(set_to)
    return found
