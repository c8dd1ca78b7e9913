"""What the committed study of both capacities says of arms that change membership or scope, matched by what each changes.

Such an arm changes the load of the authorities, so its effect hangs on whether they keep the officers of the load before the treaty
or hire with the load. Where a comparison has an arm under one capacity alone, the reference's two stand beside it; where the
reference has no such arm, or is not at hand, that is said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from experiments.analysis.assumed import is_of_the_reference
from experiments.design.capacities import CAPACITY, FOLLOWS, SIDES
from experiments.design.changes import changes_line
from experiments.design.comparisons import Arm
from experiments.design.designs import design_of
from experiments.design.grid import BEFORE
from experiments.store.results import DISCLOSED_ABROAD, LEGITIMATE_NEEDS_MET
from experiments.text import Row, counted
from sim.config import ADOPTED, key_of
from sim.settings import Config
from sim.world.leaves import changed_leaves
from sim.world.record import ConfigError

COMMITTED = Path(__file__).parents[2] / "results" / "reference" / "capacities" / "comparison.csv"
"""Where the repository keeps both capacities."""
DESIGN = "capacities"
"""The design that the reference runs."""
SCORES = (DISCLOSED_ABROAD[0], LEGITIMATE_NEEDS_MET[0])
"""Estimands of which both capacities are shown."""
_WHO_AND_WHAT = ("parties", "reaches", "threshold_years", "seriousness", "harm_floor", "adds", "from_start")
_READ = ("arm", "metric", "by", "percent", "percent_world_low", "percent_world_high", "worlds_agreeing", "worlds", "events")


class BothCapacities(NamedTuple):
    """What is known under both capacities of arms that a comparison has under one."""

    rows: Mapping[tuple[str, str, str], Row]  # by arm, capacity and estimand, which is whole
    size: str  # of the study that found them
    lacking: tuple[str, ...]  # arms of which nothing is known
    again: str  # what to type after ``rogatory compare`` for the other capacity of these

    @property
    def arms(self) -> list[str]:
        """Arms that have rows, in their order."""
        return list(dict.fromkeys(arm for arm, _, _ in self.rows))

    @property
    def how(self) -> str:
        """How to get what is lacking, in one sentence; nothing where nothing is."""
        if not self.lacking:
            return ""
        return (
            f"Membership or scope changes in {', '.join(self.lacking)}, shown under one review.capacity alone. The other: "
            f"rogatory compare {self.again}; the arms that ship, under both: rogatory compare design={DESIGN}."
        )


def changes_load(arm: Arm) -> bool:
    """Whether an arm changes membership or scope: who is party to a text, or what a text reaches."""
    texts = (config.plain()["instruments"] for config in (arm.baseline_config, arm.config))
    return any(len(parts) > 1 and parts[1] in _WHO_AND_WHAT for parts in (key.split(".") for key in changed_leaves(*texts)))


def both_of_arms(
    arms: Sequence[Arm],
    changes: Mapping[str, str],
    paired: Collection[str] = (),
    design: str | None = None,
    path: Path | None = None,
) -> BothCapacities | None:
    """Of the arms that change membership or scope and are not ``paired``, what the reference found under both capacities.

    ``changes`` says in one line what each arm changes, ``design`` is the one that names the arms, if any. None where no arm is of
    that kind, and where load has no effect. Raises ``ConfigError`` for a file that is damaged.
    """
    first = arms[0].baseline_config
    alone = [arm for arm in arms if arm.name not in paired and changes_load(arm)]
    if not alone or not first.review.load:
        return None
    known, size = read_both(path or COMMITTED) if _suits(first, path or COMMITTED) else ({}, "")
    rows: dict[tuple[str, str, str], Row] = {}
    for arm in alone:
        said = _without_capacity(changes.get(arm.name, "").split(" "))
        own = {(arm.name, side, metric): row for side in SIDES for metric in SCORES if (row := known.get((said, side, metric)))}
        rows |= own if said and len(own) == len(SIDES) * len(SCORES) else {}
    found = {arm for arm, _, _ in rows}
    lacking = tuple(arm.name for arm in alone if arm.name not in found)
    other = BEFORE if alone[0].config.review.capacity == FOLLOWS else FOLLOWS
    return BothCapacities(rows, size, lacking, f"{_typed(first, lacking, design)} {CAPACITY}={other}")


def _typed(baseline: Config, arms: Sequence[str], design: str | None) -> str:
    """What to type for some arms of a comparison: its design, or the scenarios and the baseline that is not the usual one."""
    if design is not None:
        return f"design={design}"
    against = "" if baseline.scenario_name == ADOPTED else f" baseline={baseline.scenario_name}"
    return f"'scenarios=[{','.join(arms)}]'{against}"


def _suits(config: Config, path: Path) -> bool:
    return path.is_file() and is_of_the_reference(config)


def _without_capacity(overrides: Sequence[str]) -> str:
    return changes_line(override for override in overrides if override and key_of(override) != CAPACITY)


def read_both(path: Path) -> tuple[dict[tuple[str, str, str], Row], str]:
    """Rows of the committed study by what an arm changes, capacity and estimand; and its size. Raises ``ConfigError``."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path.name}: cannot be read ({' '.join(str(error).split())}); accepted: what git has") from None
    if lacking := [name for name in _READ if name not in table]:
        raise ConfigError(f"{path.name}: found no column {', '.join(lacking)}; accepted: what git has")
    design = design_of(DESIGN)
    said = {name: _place(own) for name, own in (design.arms or {}).items()}
    whole = table[(table["by"] == "all") & table["metric"].isin(SCORES) & table["arm"].isin(list(said))]
    rows: dict[tuple[str, str, str], Row] = {(*said[str(row["arm"])], str(row["metric"])): row for row in whole.to_dict("records")}
    return rows, f"{counted(int(table['worlds'].max()), 'world')}, reference study {DESIGN}"


def _place(overrides: Sequence[str]) -> tuple[str, str]:
    """What an arm of that study changes, and its capacity."""
    capacity = next((override.partition("=")[2] for override in overrides if key_of(override) == CAPACITY), BEFORE)
    return _without_capacity(overrides), capacity
