"""The runs of a comparison: every baseline once, and each arm with the baseline that it is read against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from experiments.design.comparisons import Arm
from experiments.design.entries import POINT_COLUMNS
from experiments.design.points import point_id
from experiments.design.table import Points
from sim.config import written
from sim.settings import Config, without_dials
from sim.world.leaves import changed_leaves
from sim.world.record import ConfigError

APART = " for "
"""Between the name of one of several baselines and that of the first arm that is read against it."""
_FREE = (
    "scenario_name",
    "reforms",
    "instruments",
    "safeguards",
    "review",
    "conduct",
    "adaptation",
    "shock",
)  # what an arm may change


class ArmRun(NamedTuple):
    """One configuration that is run in every replicate."""

    name: str
    config: Config
    against: int  # place of its baseline in the line-up; its own place for a baseline


def arm_runs_of(arms: Sequence[Arm]) -> list[ArmRun]:
    """Every baseline once, followed by its arms; worlds that several baselines share come together, as the last one built is kept.

    Raises ``ConfigError`` for an arm that cannot be paired: one whose world, cases or estimands are not its baseline's.
    """
    groups: dict[str, list[Arm]] = {}
    for arm in arms:
        check_pair(arm.name, arm.config, arm.baseline_config)
        groups.setdefault(arm.baseline_config.digest(), []).append(arm)
    arm_runs: list[ArmRun] = []
    names = [group[0].baseline_config.scenario_name for group in groups.values()]
    worlds = [group[0].baseline_config.world_digest() for group in groups.values()]
    for group in sorted(groups.values(), key=lambda group: worlds.index(group[0].baseline_config.world_digest())):
        baseline, place = group[0].baseline_config, len(arm_runs)
        name = baseline.scenario_name
        arm_runs.append(ArmRun(name if names.count(name) == 1 else f"{name}{APART}{group[0].name}", baseline, place))
        arm_runs += [ArmRun(arm.name, arm.config, place) for arm in group]
    return arm_runs


def check_pair(name: str, config: Config, baseline: Config) -> None:
    """Raise ``ConfigError`` for an arm whose world, cases or estimands are not its baseline's; ``name`` is the arm's."""
    ours, theirs = (side.plain() | {"states": without_dials(side.plain()["states"])} for side in (config, baseline))
    for key in dict.fromkeys([*ours, *theirs]):  # parameters stand there only where they are drawn
        if key not in _FREE and ours.get(key) != theirs.get(key):
            before, after = theirs.get(key, {}), ours.get(key, {})
            differing = next(iter(changed_leaves(before, after)), "") if isinstance(after, dict) else ""
            named = f"{'' if key == 'reference' else f'{key}.'}{differing}" if differing else key
            raise ConfigError(
                f"{name}: {named} is not that of its baseline {baseline.scenario_name}; accepted: arms that differ in "
                f"{', '.join(_FREE[2:])} and states.override alone, so that both meet the same worlds and cases"
            )


def points_of_arms(arm_runs: Sequence[ArmRun]) -> Points:
    """A point each entry, in their order; ``against`` is the id of its baseline's."""
    ids = [point_id(arm_run.name, {}) for arm_run in arm_runs]
    rows = [(ids[a], a, arm_run.name, "", 0, ids[arm_run.against]) for a, arm_run in enumerate(arm_runs)]
    bases = {arm_run.name: written(arm_run.config) for arm_run in arm_runs}
    return Points(pd.DataFrame(rows, columns=list(POINT_COLUMNS)), bases, [(arm_run.name, {}) for arm_run in arm_runs])
