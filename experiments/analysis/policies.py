"""A study as policies against futures: one outcome of every policy in every draw, side by side, and what it saves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.cube import Cube, Study
from experiments.designs import Design, Settings
from experiments.paired import mean_of
from sim.config import key_of

Reals = NDArray[np.float64]
BETTER_UP = ("legit_met_rate", "legit_met_in_full", "notified_share", "block_rate")  # of all other estimands less is better
NO_LEVER = "none"  # the name of a combination with every lever off
_FEWEST = 2  # of what is to be compared
_FILLS = ("latin_hypercube", "sobol")  # draws whose rows stand for the ranges, so that shares of them mean something


class Policies(NamedTuple):
    """One outcome of ``Q`` policies in ``D`` futures, ``W`` worlds and ``L`` lucks."""

    names: list[str]  # [Q] in the order of the design
    futures: pd.DataFrame  # [D] condition, draw and the uncertainties
    values: Reals  # [Q, D, W, L]; missing where there is no such point or no value

    def of(self, name: str) -> Reals:
        """Values of one policy, ``[D, W, L]``."""
        return np.asarray(self.values[self.names.index(name)])


def policies_of(cube: Cube, design: Design) -> Policies:
    """The points of a cube as policies (scenarios, arms, or combinations of levers) by futures (conditions with draws)."""
    names = [policy_of(row, design) for row in cube.points.to_dict("records")]
    keys = list(zip(cube.points["condition"].astype(str), cube.points["draw"].astype(int), strict=True))
    policies, futures = list(dict.fromkeys(names)), list(dict.fromkeys(keys))
    values = np.full((len(policies), len(futures), *cube.values.shape[1:]), np.nan)
    place = {name: q for q, name in enumerate(policies)}, {key: d for d, key in enumerate(futures)}
    values[[place[0][name] for name in names], [place[1][key] for key in keys]] = cube.values
    first = [keys.index(key) for key in futures]
    columns = ["condition", "draw", *(key for key in design.uncertainties if key in cube.points)]
    return Policies(policies, cube.points.iloc[first][columns].reset_index(drop=True), values)


def policy_of(row: Mapping[Any, Any], design: Design) -> str:
    """The name of a point's policy: its scenario or arm, or the levers that are on, or each lever's level."""
    if not design.levers:
        return str(row["scenario"])
    on = [name for name, lever in design.levers.items() if isinstance(lever, str) and row[name] == "on"]
    chosen = [f"{name} {row[name]}" for name, lever in design.levers.items() if not isinstance(lever, str)]
    return "+".join(on + chosen) or NO_LEVER


def baseline_of(study: Study) -> str | None:
    """The policy that the others are read against: the design's baseline, or every lever at its first level; None if not run."""
    names = [policy_of(row, study.design) for row in study.points.to_dict("records")]
    if not study.design.levers:
        return study.design.baseline if study.design.baseline in names else None
    first = {name: next(iter(levels)) for name, levels in study.design.levels_of.items()}
    wanted = policy_of(dict(first), study.design)
    return wanted if wanted in names else None


def no_comparison(study: Study) -> str | None:
    """Why policies cannot be compared over draws in this study; None if they can."""
    design = study.design
    if not design.uncertainties:
        return "wants uncertain numbers (design.uncertainties)"
    if design.draw is not None and design.draw not in _FILLS:
        return f"wants draws that stand for their ranges (design.draw: {' or '.join(_FILLS)}), not {design.draw}"
    if baseline_of(study) is None:
        return f"wants the baseline among the policies (design.scenarios with {design.baseline}, or levers with all of them off)"
    if len({policy_of(row, design) for row in study.points.to_dict("records")}) < _FEWEST:
        return "wants a policy besides the baseline (design.scenarios or design.levers)"
    if len({(str(c), int(d)) for c, d in zip(study.points["condition"], study.points["draw"], strict=True)}) < _FEWEST:
        return "wants two draws or more (design.size)"
    return None


def saving(policies: Policies, baseline: str, better_up: bool) -> Reals:
    """What each policy gains on the baseline in the same draw, world and luck, per cent of the baseline's mean: ``[Q, D, W, L]``.

    Positive is better. The divisor is the baseline's mean in that draw over worlds and lucks, so that the mean over worlds of
    what comes out is the change of the means; that the divisor is uncertain too is not counted. Missing where it is not positive.
    """
    before = policies.of(baseline)
    change = policies.values - before if better_up else before - policies.values
    level = mean_of(mean_of(before))[:, None, None]
    return np.asarray(100.0 * np.divide(change, level, out=np.full(change.shape, np.nan), where=level > 0))


def numbers_of(design: Design) -> dict[str, float] | None:
    """The number that each policy of a design sets, by its name, where all of them set one and the same key; else None."""
    settings = _settings_of(design)
    if settings is None or len({tuple(found) for found in settings.values()}) != 1 or len(settings) < _FEWEST:
        return None
    if any(len(found) != 1 for found in settings.values()):
        return None
    numbers = {name: _number(value) for name, found in settings.items() for value in found.values()}
    known = {name: number for name, number in numbers.items() if number is not None}
    return known if len(known) == len(numbers) else None


def key_varied(design: Design) -> str:
    """The key whose number the policies of ``numbers_of`` set."""
    settings = _settings_of(design) or {}
    return next((key for found in settings.values() for key in found), "")


def _settings_of(design: Design) -> dict[str, Settings] | None:
    """What each policy sets: of arms, or of one lever whose levels are settings."""
    if design.arms:
        return {name: {key_of(one): one.partition("=")[2] for one in arm} for name, arm in design.arms.items()}
    if len(design.levers) != 1:
        return None
    ((name, lever),) = design.levers.items()
    if isinstance(lever, str) or any(isinstance(level, str) for level in lever.values()):
        return None
    return {f"{name} {level}": chosen for level, chosen in lever.items() if not isinstance(chosen, str)}


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
