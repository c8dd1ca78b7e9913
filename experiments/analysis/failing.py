"""In which draws a policy fails, and the box of assumptions that tells them from the others."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, StrictInt
from scipy import stats

from experiments.analysis.boxes import (
    Again,
    Box,
    Peeling,
    Quality,
    again,
    best_of,
    chance_of,
    leaves_of,
    pruned,
    quality_of,
    trajectory_of,
)
from experiments.analysis.bundles import baseline_of, labels_of
from experiments.analysis.policies import BETTER_UP, Policies, policies_of, saving, too_few
from experiments.analysis.spread import noise_of
from experiments.cube import Outcome, Study
from experiments.designs import Uncertainty
from experiments.paired import LEVEL, half_width, mean_of
from experiments.sampling import unit_of
from sim.world.record import ConfigError, Record

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
_FEWEST = 2  # worlds


class Spec(Record):
    """What ``configs/analysis/discovery.yaml`` says."""

    policy: str | None  # whose failures are looked at; None: the one that fails in nearest to half of the draws
    fails_below: float  # per cent of the baseline saved
    cooperation: str  # estimand whose loss counts as cost
    costs_above: float | None  # per cent of the baseline lost; None: the cost is not looked at
    fewest: Annotated[StrictInt, Field(ge=2)]  # draws on either side of the threshold, under which no box is looked for
    peel: Annotated[float, Field(gt=0, lt=0.5)]  # share of the draws in the box that a step takes off
    paste: Annotated[float, Field(gt=0, lt=0.5)]  # share that a step puts back
    mass: Annotated[float, Field(gt=0, lt=1)]  # least share of all draws that a box holds
    quasi_p: Annotated[float, Field(gt=0, lt=1)]  # above which a limit is dropped
    permutations: Annotated[StrictInt, Field(ge=19, le=100_000)]  # shuffled labels
    chance: Annotated[float, Field(gt=0, lt=1)]  # of the permutation test, up to which a box is worth reporting
    resamples: Annotated[StrictInt, Field(ge=10, le=100_000)]  # bootstrapped draws
    seed: Annotated[StrictInt, Field(ge=0)]


class Failing(NamedTuple):
    """Where a policy fails, over ``D`` futures without missing runs."""

    policy: str
    futures: pd.DataFrame  # [D] with the uncertainties
    saved: Reals  # [D] per cent
    lost: Reals  # [D] per cent
    fails: Flags  # [D]
    sure: Flags  # [D] noise that differs between draws does not reach the threshold
    shared: float  # half of the 95 % interval over worlds of what all draws share, per cent saved; missing for one world
    dropped: int
    worlds: int
    runs: int
    few: str  # a warning where few events stand behind the baseline; else nothing


class Found(NamedTuple):
    """The box of a policy, and how far to trust it."""

    steps: list[Box]  # of PRIM
    step: int  # the one that was chosen
    box: Box  # the same, pruned
    quality: Quality
    chance: float  # of the permutation test
    again: Again
    leaves: list[Box]  # of the tree


# --- failing --------------------------------------------------------------------------------------------------------------


def failing_in(study: Study, outcome: Outcome, spec: Spec) -> Failing:
    """The failures of the policy that is asked for."""
    baseline = baseline_of(study.points, study.design) or ""
    names = labels_of(study.points, study.design)
    others = [name for name in dict.fromkeys(names) if name != baseline]
    if spec.policy is not None and spec.policy not in others:
        raise ConfigError(f"analysis.discovery.policy: found {spec.policy!r}; accepted: null, {', '.join(others)}")
    kept = Outcome.of(spec.cooperation)
    cubes = [policies_of(study.cube(one), names) for one in (outcome, kept)]
    savings = [saving(found, baseline, one.metric in BETTER_UP) for found, one in zip(cubes, (outcome, kept), strict=True)]
    every = [failing_of(cubes[0], name, savings[0], savings[1], spec) for name in others if spec.policy in (None, name)]
    few = too_few(cubes[0], baseline, outcome, study.config.metrics.fewest_events)
    return min(
        (one._replace(few=few) for one in every), key=lambda failing: abs(failing.fails.mean() - 0.5) if len(failing.fails) else 1.0
    )


def failing_of(policies: Policies, name: str, saved: Reals, kept: Reals, spec: Spec) -> Failing:
    """Where a policy fails, from what all policies save of the outcome and of cooperation ``[Q, D, W, L]``, per cent."""
    place = policies.names.index(name)
    own = np.stack([saved[place], kept[place]])  # [2, D, W, L]
    run = own[:, :, ~np.isnan(own).all((0, 1, 3))]
    complete = ~np.isnan(run).any((0, 2, 3)) if run.shape[2] else np.zeros(run.shape[1], bool)
    cells = mean_of(run[:, complete])  # [2, D, W]
    gain, cost = mean_of(cells[0]), -mean_of(cells[1])
    half = _half(cells)
    sides = [(gain < spec.fails_below, np.abs(gain - spec.fails_below) > half[0])]
    if spec.costs_above is not None:
        sides.append((cost > spec.costs_above, np.abs(cost - spec.costs_above) > half[1]))
    fails = np.any([side for side, _ in sides], axis=0)
    surely = np.any([side & sure for side, sure in sides], axis=0)  # one sure failure is enough; a success wants all to be sure
    never = np.all([~side & sure for side, sure in sides], axis=0)
    futures = policies.futures[complete].reset_index(drop=True)
    return Failing(
        policy=name,
        futures=futures,
        saved=gain,
        lost=cost,
        fails=fails,
        sure=surely | never,
        shared=float(half_width(cells[0].mean(0))) if len(gain) else np.nan,
        dropped=int((~complete).sum()),
        worlds=run.shape[2],
        runs=2 * run[0, complete].size,  # its own and the baseline's
        few="",
    )


def _half(cells: Reals) -> Reals:
    """Half of the 95 % interval of what noise does to one draw against others, ``[2]`` from ``[2, D, W]``; pooled over draws."""
    D, W = cells.shape[1:]
    if min(D, W) < _FEWEST:
        return np.full(2, np.inf)
    return np.asarray(stats.t.ppf(0.5 + LEVEL / 2, (D - 1) * (W - 1)) * np.sqrt(noise_of(cells)))


def unit_draws_of(futures: pd.DataFrame, known: dict[str, Uncertainty]) -> Reals:
    """The draws of futures in the unit cube, ``[D, K]``."""
    columns = [[unit_of(value, one) for value in futures[key]] for key, one in known.items()]
    return np.array(columns, float).reshape(len(known), len(futures)).T


# --- the box --------------------------------------------------------------------------------------------------------------


def find(x: Reals, fails: Flags, spec: Spec) -> Found:
    """The box of the greatest phi on PRIM's trajectory, pruned, with its chance and what resamples make of it."""
    how, rng = Peeling(spec.peel, spec.paste, spec.mass), np.random.default_rng(spec.seed)
    steps = trajectory_of(x, fails, how)
    best = best_of(steps, x, fails)
    box = pruned(best, x, fails, spec.quasi_p)
    return Found(
        steps=steps,
        step=next(place for place, step in enumerate(steps) if step is best),
        box=box,
        quality=quality_of(box, x, fails),
        chance=chance_of(x, fails, how, spec.permutations, rng),
        again=again(x, fails, how, spec.quasi_p, spec.resamples, rng),
        leaves=leaves_of(x, fails, spec.mass),
    )


def is_worth(found: Found, spec: Spec) -> bool:
    """Whether a box restricts anything and is better than chance."""
    return bool(found.box.restricted.any()) and found.chance <= spec.chance
