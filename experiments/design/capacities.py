"""Both capacities: the same pair of scenarios where officers are those of the load before the treaty, and where they follow it."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.design.grid import BEFORE
from sim.config import key_of
from sim.settings import Config

CAPACITY = "review.capacity"
FOLLOWS = "follows"
"""The capacity under which states hire until they are as busy as they were."""
STAFF_FOLLOWS = ", staff follows"
"""What the name of an arm ends in that stands under the other capacity."""


def under_both(config: Config, overrides: Sequence[str]) -> bool:
    """Whether a study shows both: no override names one, load has an effect, and no state has hours of its own.

    Hours of a state's own (``states.override``) are refused where hours follow the load.
    """
    named = any(key_of(override) == CAPACITY for override in overrides)
    own_hours = any(dial.hours is not None for dial in config.states.override.values())
    return not named and not own_hours and config.review.load and config.review.capacity == BEFORE


def arm_names(configs: Sequence[Config]) -> list[str]:
    """What the arms of a study are called: by their scenarios, and by capacity where it is not that of the first.

    The first pair, or the only scenario, has names without an ending.
    """
    first = configs[0].review.capacity
    return [
        config.scenario_name if config.review.capacity == first else f"{config.scenario_name}{STAFF_FOLLOWS}" for config in configs
    ]
