"""In which draws a policy fails, and the box of assumptions that tells them from the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, StrictFloat, StrictInt
from scipy import stats

from experiments.analysis.bundles import baseline_of, labels_of
from experiments.analysis.over_worlds import OverWorlds, over_worlds
from experiments.analysis.policies import Policies, is_better_up, policies_of, saving, too_few, undefined_draws, whole_and_supported
from experiments.analysis.prim import (
    ParameterBox,
    Peeling,
    Quality,
    Resampled,
    best_of,
    chance_of,
    pruned,
    quality_of,
    resampled_boxes,
    trajectory_of,
    tree_leaves,
)
from experiments.analysis.spread import noise_of
from experiments.design.designs import Design, Uncertainty
from experiments.design.sampling import unit_of
from experiments.statistics import LEVEL, Limits, mean_of, simulation_error, world_range
from experiments.store.outcomes import Outcome, Study
from sim.arrays import Flags, Reals
from sim.world.ranges import Range, Seed
from sim.world.record import ConfigError, Record

_FEWEST = 2  # worlds


class DiscoverySpec(Record):
    """What ``configs/analysis/discovery.yaml`` says."""

    policy: str | None  # whose failures are looked at; None: the one that fails in nearest to half of the draws
    fails_below: Annotated[StrictFloat, Range(-1000, 1000)]  # per cent of the baseline in the draw saved
    cooperation: str  # estimand whose loss counts as cost
    costs_above: Annotated[StrictFloat, Range(-1000, 1000)] | None  # the same lost; None: the cost is not looked at
    fewest: Annotated[StrictInt, Range(2, 1_000_000)]  # draws on either side of the threshold, under which no box is looked for
    peel: Annotated[StrictFloat, Field(gt=0, lt=0.5)]  # share of the draws in the box that a step takes off
    paste: Annotated[StrictFloat, Field(gt=0, lt=0.5)]  # share that a step puts back
    mass: Annotated[StrictFloat, Field(gt=0, lt=1)]  # least share of all draws that a box holds
    quasi_p: Annotated[StrictFloat, Field(gt=0, lt=1)]  # above which a limit is dropped
    permutations: Annotated[StrictInt, Field(ge=19, le=100_000)]  # shuffled labels
    chance: Annotated[StrictFloat, Field(gt=0, lt=1)]  # of the permutation test, up to which a box is worth reporting
    resamples: Annotated[StrictInt, Field(ge=10, le=100_000)]  # bootstrapped draws
    seed: Seed


class Failing(NamedTuple):
    """Where a policy fails, over ``D`` futures without missing runs."""

    policy: str
    futures: pd.DataFrame  # [D] with the uncertainties
    saved: Reals  # [D] per cent of the baseline in the draw
    lost: Reals  # [D] the same
    fails: Flags  # [D]
    sure: Flags  # [D] noise that differs between draws does not reach the threshold
    worlds_failing: NDArray[np.int64]  # [D] worlds in which it fails, each by itself
    by_world: Limits  # range over worlds of the share of draws in which it fails in a world by itself
    shared: OverWorlds  # what worlds say of the mean over draws of what is saved, per cent
    dropped: tuple[int, int, int]  # draws, worlds and replicates with missing runs
    undefined: int  # draws whose baseline is zero
    bound: int  # rows of Sobol's scheme that are made of others
    worlds: int
    runs: int
    few: list[str]  # that it or its baseline stands on too few events for a number; else nothing
    unseen: list[str]  # policies beside it that do
    among: int  # policies of which this one fails in nearest to half of the draws


class FailureBox(NamedTuple):
    """The box of a policy, and how far to trust it."""

    steps: list[ParameterBox]  # of PRIM
    step: int  # the one that was chosen
    box: ParameterBox  # the same, pruned
    quality: Quality
    chance: float  # of the permutation test
    again: Resampled
    leaves: list[ParameterBox]  # of the tree


# --- failing --------------------------------------------------------------------------------------------------------------


def failing_in(study: Study, outcome: Outcome, spec: DiscoverySpec, condition: str = "") -> Failing:
    """The failures of the policy that is asked for, under one condition."""
    kept = Outcome.of(spec.cooperation)
    held = [study.outcomes(one).of(condition=condition) for one in (outcome, kept)]
    baseline, names = str(baseline_of(study.points, study.design)), labels_of(held[0].points, study.design)
    policies = [policies_of(outcomes, names) for outcomes in held]
    better_up = [is_better_up(outcome), is_better_up(kept, "analysis.discovery.cooperation")]
    chosen = _asked_for([name for name in dict.fromkeys(names) if name != baseline], spec.policy)
    fewest, outcomes = study.config.metrics.fewest_events, [outcome, *([kept] if spec.costs_above is not None else [])]
    every = [failing_of(policies, (baseline, name), better_up, spec, study.design, fewest) for name in chosen]
    every = [one._replace(few=too_few(one.few, outcomes, fewest)) for one in every]
    unseen = [one.policy for one in every if one.few]
    found = min(every, key=_undecided)
    return found._replace(among=len(every) - len(unseen), unseen=[] if found.few else too_few(unseen, outcomes, fewest))


def _asked_for(others: list[str], policy: str | None) -> list[str]:
    """The policy that is asked for, or all of them. Raises ``ConfigError`` for one that there is not."""
    if policy is None:
        return others
    if policy not in others:
        raise ConfigError(f"analysis.discovery.policy: found {policy!r}; accepted: null, {', '.join(others)}")
    return [policy]


def _undecided(one: Failing) -> tuple[bool, float]:
    """How little a policy tells of where it fails: too few events, then how far from half of the draws it fails in."""
    return bool(one.few), float(abs(one.fails.mean() - 0.5)) if len(one.fails) else 1.0


def failing_of(
    policies: Sequence[Policies], pair: tuple[str, str], better_up: Sequence[bool], spec: DiscoverySpec, design: Design, fewest: int
) -> Failing:
    """Where a policy, the second of a pair, fails against the baseline: by the outcome and by cooperation.

    What it saves or loses in one draw is told where ``fewest`` events stand behind it and behind its baseline there.
    """
    baseline, name = pair
    judged = policies if spec.costs_above is not None else policies[:1]
    (*_, few), (both, complete, _) = (
        whole_and_supported(some, pair, baseline, least) for some, least in ((judged, fewest), (policies, 0))
    )
    saved = [saving(found, baseline, up) for found, up in zip(both, better_up, strict=True)]
    undefined = undefined_draws(saved)
    apart = is_independent(both[0].futures["draw"].to_numpy(np.int64), design)
    told = ~undefined & apart
    run = np.stack([one[1] for one in saved])[:, told]  # [2, D, W, L]
    cells = mean_of(run)  # [2, D, W]
    gain, cost = mean_of(cells[0]), -mean_of(cells[1])
    half = _half(cells)
    alone = cells[0] < spec.fails_below  # [D, W]
    sides = [(gain < spec.fails_below, np.abs(gain - spec.fails_below) > half[0])]
    if spec.costs_above is not None:
        sides.append((cost > spec.costs_above, np.abs(cost - spec.costs_above) > half[1]))
        alone = alone | (-cells[1] > spec.costs_above)
    fails = np.any([side for side, _ in sides], axis=0)
    surely = np.any([side & sure for side, sure in sides], axis=0)  # one sure failure is enough; a success wants all to be sure
    never = np.all([~side & sure for side, sure in sides], axis=0)
    futures = both[0].futures[told].reset_index(drop=True)
    shown = np.stack([(one.counts.sum((2, 3)) >= fewest).all(0) for one in both])[:, told]  # [2, D]
    return Failing(
        policy=name,
        futures=futures,
        saved=np.where(shown[0], gain, np.nan),
        lost=np.where(shown[1], cost, np.nan),
        fails=fails,
        sure=surely | never,
        worlds_failing=alone.sum(1),
        by_world=_range_of(mean_of(alone.T.astype(float))),
        shared=_shared(run[0]),
        dropped=complete.dropped,
        undefined=int((undefined & apart).sum()),
        bound=int((~apart).sum()),
        worlds=run.shape[2],
        runs=2 * run[0].size,  # its own and the baseline's
        few=few,
        unseen=[],
        among=1,
    )


def _range_of(values: Reals) -> Limits:
    """The range over worlds of ``[W]``."""
    found = world_range(values)
    return Limits(found.low, found.high)


def _shared(saved: Reals) -> OverWorlds:
    """What worlds say of the mean over draws of ``[D, W, L]``."""
    runs = mean_of(np.moveaxis(saved, 0, -1))  # [W, L]
    of_world = mean_of(runs)
    return over_worlds(of_world, mean_of(of_world), simulation_error(of_world), runs)


def is_independent(draws: NDArray[np.int64], design: Design) -> Flags:
    """Which draws stand for themselves, ``[D]``: of Saltelli's scheme the first and last row of each base point (A and B).

    The others take all coordinates but one from A, so that tests and resamples that shuffle them as independent rows would
    count one base point many times.
    """
    if design.draw != "sobol" or design.table is not None:
        return np.ones(draws.size, bool)
    size = len(design.uncertainties) + 2
    return np.isin(draws % size, (0, size - 1))


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


def find(x: Reals, fails: Flags, spec: DiscoverySpec) -> FailureBox:
    """The box of the greatest phi on PRIM's trajectory, pruned, with its chance and what resamples make of it."""
    how, rng = Peeling(spec.peel, spec.paste, spec.mass), np.random.default_rng(spec.seed)
    steps = trajectory_of(x, fails, how)
    best = best_of(steps, x, fails)
    box = pruned(best, x, fails, spec.quasi_p)
    return FailureBox(
        steps=steps,
        step=next(place for place, step in enumerate(steps) if step is best),
        box=box,
        quality=quality_of(box, x, fails),
        chance=chance_of(x, fails, how, spec.permutations, rng),
        again=resampled_boxes(x, fails, how, spec.quasi_p, spec.resamples, rng),
        leaves=tree_leaves(x, fails, spec.mass),
    )


def is_worth(found: FailureBox, spec: DiscoverySpec) -> bool:
    """Whether a box restricts anything and is better than chance."""
    return bool(found.box.restricted.any()) and found.chance <= spec.chance
