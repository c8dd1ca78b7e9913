"""Arms that are one but for the officers of the authorities: as before the treaty, or hired as the load asks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from experiments.design.comparisons import Arm
from experiments.design.grid import BEFORE
from sim.config import key_of
from sim.settings import Config

FOLLOWS = "follows"
"""The capacity under which states hire until they are as busy as they were."""
SIDES = (BEFORE, FOLLOWS)
OFFICERS = {BEFORE: "officers as before the treaty", FOLLOWS: "officers hired as the load asks"}
"""The capacities in words."""
CAPACITY = "review.capacity"
STAFF_FOLLOWS = ", staff follows"
"""What the name of an arm ends in that stands under the other capacity."""


def capacity_pairs(arms: Sequence[Arm]) -> tuple[tuple[str, str], ...]:
    """Names of arms that differ in ``review.capacity`` alone, ``before`` and ``follows``, in the order of the first."""
    held: dict[str, dict[str, str]] = {}
    for arm in arms:
        held.setdefault(_but_for_capacity(arm.config), {}).setdefault(arm.config.review.capacity, arm.name)
    return tuple((sides[SIDES[0]], sides[SIDES[1]]) for sides in held.values() if sides.keys() >= {*SIDES})


def _but_for_capacity(config: Config) -> str:
    """All that decides a result, with one capacity for all."""
    decisive = config.decisive()
    for part in (decisive, decisive["reference"]):
        part["review"] = {**part["review"], "capacity": None}
    return json.dumps(decisive, sort_keys=True)


def officers_of(arms: Sequence[Arm]) -> str:
    """Which officers the authorities of all arms have, in words; nothing where arms differ in that."""
    said = {arm.config.review.capacity for arm in arms} | {arm.baseline_config.review.capacity for arm in arms}
    return OFFICERS.get(next(iter(said)), "") if len(said) == 1 else ""


def baselines_of(arms: Sequence[Arm]) -> dict[str, str]:
    """By arm what tells its baseline from those of other arms, in words; nothing where all have one baseline."""
    first = dict[str, Arm]()
    for arm in arms:
        first.setdefault(arm.baseline_config.digest(), arm)
    if len(first) < 2:
        return {}
    sides = [arm.baseline_config.review.capacity for arm in first.values()]
    apart = len({*sides}) == len(sides)
    words = {
        digest: OFFICERS[side] if apart else f"as for {arm.name}" for (digest, arm), side in zip(first.items(), sides, strict=True)
    }
    return {arm.name: words[arm.baseline_config.digest()] for arm in arms}


def own_baseline(baselines: Mapping[str, str]) -> str:
    """What an arm is read against where there are several baselines, in words."""
    return "the baseline of its own capacity" if {*baselines.values()} <= {*OFFICERS.values()} and baselines else "its own baseline"


def beside_partners(arms: Iterable[str], pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Arms in their order, but each second of a pair right behind its first.

    >>> beside_partners(["b2", "a", "c", "b"], [("b", "b2")])
    ['a', 'c', 'b', 'b2']
    """
    held = list(arms)
    behind: Mapping[str, str] = {first: second for first, second in pairs if first in held and second in held}
    seconds = {*behind.values()}
    return [name for arm in held if arm not in seconds for name in (arm, *([behind[arm]] if arm in behind else []))]


def under_both(config: Config, overrides: Sequence[str]) -> bool:
    """Whether a study shows both: no override names one, load has an effect, and no state has hours of its own.

    Hours of a state's own (``states.override``, ``shock``) are refused where hours follow the load.
    """
    named = any(key_of(override) == CAPACITY for override in overrides)
    own_hours = any(dial.hours is not None for dial in config.states.override.values())
    own_hours |= any(shock.of_states.hours is not None for shock in config.shock.values())
    return not named and not own_hours and config.review.load and config.review.capacity == BEFORE


def arm_names(configs: Sequence[Config]) -> list[str]:
    """What the arms of a study are called: by their scenarios, and by capacity where it is not that of the first.

    The first pair, or the only scenario, has names without an ending.
    """
    first = configs[0].review.capacity
    return [
        config.scenario_name if config.review.capacity == first else f"{config.scenario_name}{STAFF_FOLLOWS}" for config in configs
    ]
