"""What a policy changes, as one line that is the same whoever wrote it: by this line policies of two studies are matched."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.design.designs import Design, stack_of
from experiments.design.entries import entry_of, whole
from sim.config import ADOPTED, key_of, value_of

_SCENARIO = "scenario"


def changes_line(overrides: Iterable[str]) -> str:
    """Overrides as one line, sorted by key; what only says the default scenario is left out.

    >>> changes_line(["review.strength=0.0", "definition=liberal", "scenario=as_adopted"])
    'definition=liberal review.strength=0'
    >>> changes_line(["scenario=[notice,judge]"]), changes_line(["scenario=judge"])
    ('scenario=judge+notice', 'scenario=judge')
    """
    said = {key_of(override): value_of(override) for override in overrides}
    if _SCENARIO in said:
        chosen = said[_SCENARIO]
        names = list(map(str, chosen)) if isinstance(chosen, list) else [str(chosen)]
        said[_SCENARIO] = stack_of("+".join(names))
    return " ".join(f"{key}={entry_of(whole(said[key]))}" for key in sorted(said) if (key, said[key]) != (_SCENARIO, ADOPTED))


def changes_of_scenario(name: str) -> str:
    """What an arm that is a choice of scenarios changes.

    >>> changes_of_scenario("judge"), changes_of_scenario("as_adopted")
    ('scenario=judge', '')
    """
    return "" if name == ADOPTED else f"{_SCENARIO}={stack_of(name)}"


def changes_of_policy(design: Design) -> dict[str, str]:
    """What each arm or scenario of a design changes, by its name; nothing for policies of other kinds."""
    if design.arms:
        return {name: changes_line(own) for name, own in design.arms.items()}
    return {name: changes_of_scenario(name) for name in design.scenarios or ()}
