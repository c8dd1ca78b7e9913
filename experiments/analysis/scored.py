"""Policies scored by what they protect and cost: intervals, the front, what is chosen from it, all over resampled worlds too."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, StrictFloat, StrictInt

from experiments.analysis.bundles import JOIN, Bundles, bundles_of
from experiments.analysis.pareto import cheapest_of, front_of, knee_of, ranks_of, reaching
from experiments.design.designs import Design
from experiments.statistics import Ratios, max_t, world_range
from experiments.store.outcomes import Outcomes
from sim.arrays import Reals
from sim.metrics import WANTED
from sim.world.ranges import Range, Seed
from sim.world.record import Record

FEWEST_WORLDS_TO_CHOOSE = 4  # of which halves have two each
_CHOICES = [
    *("condition", "choice", "label", "protection", "lost", "held_out_protection", "held_out_lost"),
    *("optimism_protection", "optimism_lost", "same", "reaching", "splits"),
]


class FrontierSpec(Record):
    """Settings of ``configs/analysis/frontier.yaml``."""

    protection: str | None  # estimand that is to improve; null for the outcome asked for
    cooperation: Literal["legit_met_rate", "legit_met_in_full"]  # estimand that is to stay
    target: Annotated[StrictFloat, Field(gt=0, le=1)]  # share of the full bundle's protection that a cheap one has to reach
    full: str  # the full bundle in studies of scenarios; in those of levers it is every lever at its last level
    bundles: dict[str, str]  # names of bundles that are shown -> what is on, joined by +
    splits: Annotated[StrictInt, Field(ge=10, le=10_000)]
    split_seed: Seed
    often: Annotated[StrictFloat, Field(gt=0, le=1)]  # share of worlds from which a policy counts as often on the front
    named: Annotated[StrictInt, Range(1, 1000)]  # policies without a number that a sentence names


class ChosenPolicies(NamedTuple):
    """Which policies are chosen from their scores; None where there is none."""

    knee: int | None
    cheapest: int | None


class PolicyScores(NamedTuple):
    """One condition: the policies, their scores, and how these vary over worlds."""

    menu: Bundles
    protection: Ratios  # each [C], per cent of the pooled baseline
    lost: Ratios
    front: NDArray[np.bool_]  # [C]
    full: int  # place of the full bundle, or of what protects most
    choice: ChosenPolicies
    protections: Reals  # [W, C] each world's own per cent
    losses: Reals  # [W, C]
    rises: bool  # whether it is a rise that protects


def policy_scores(
    gain: Outcomes, cost: Outcomes, design: Design, condition: str, spec: FrontierSpec, fewest: int = 0
) -> PolicyScores | None:
    """Scores of all policies under one condition, and the same in each world.

    A policy on under ``fewest`` events has none; where that is the baseline, there are none at all.
    """
    menu = bundles_of(gain, cost, design, condition).told(fewest)
    if min(menu.events) < fewest:
        return None
    protection, lost = menu.gain.percent(), menu.cost.percent()
    full = _full(menu, protection.ratio, spec)
    return PolicyScores(
        menu,
        protection,
        lost,
        front_of(protection.ratio, lost.ratio),
        full,
        chosen_policies(protection.ratio, lost.ratio, menu.sizes, full, spec.target),
        menu.gain.own.T,
        menu.cost.own.T,
        WANTED[gain.outcome.metric] == "up",
    )


def _full(menu: Bundles, protection: Reals, spec: FrontierSpec) -> int:
    """Place of the full bundle; where a study has none, of the policy that protects most."""
    if menu.full is not None:
        return menu.full
    return menu.labels.index(spec.full) if spec.full in menu.labels else int(np.nanargmax(protection))


def chosen_policies(protection: Reals, lost: Reals, sizes: NDArray[np.int64], full: int, target: float) -> ChosenPolicies:
    """The knee of the front, and the cheapest policy that reaches the target; none reaches it where the full one saves nothing."""
    wanted = target * protection[full]
    cheapest = cheapest_of(protection, lost, wanted, sizes) if wanted > 0 else None
    return ChosenPolicies(knee_of(protection, lost, front_of(protection, lost)), cheapest)


def halves(worlds: int, times: int, seed: int) -> Reals:
    """Which worlds are in the first half of each of so many random splits, ``[S, W]`` of 0 and 1."""
    rng = np.random.default_rng(seed)
    return np.array([rng.permutation(worlds) < worlds // 2 for _ in range(times)], float)


def frontier_table(scores: PolicyScores, spec: FrontierSpec) -> pd.DataFrame:
    """One row a policy: those on the front first, the cheapest on top; scores in per cent of the pooled baseline.

    ``share_of_worlds`` is the share of worlds in which the policy is on the front of that world, ``share_reaching`` that in which
    it reaches the target there, and ranks by protection have their range over worlds; ``share_of_draws`` is the share of parameter
    draws in which the policy is on the front, where parameters vary. ``adjusted_p`` is the chance of a mean paired difference in
    protection so far from zero if no policy did anything, for all of them together (max-t; missing on too few worlds).
    """
    menu = scores.menu
    frame = pd.DataFrame({"condition": menu.condition, "point": menu.points, "label": menu.labels})
    for name, side, rises in (("protection", menu.gain, scores.rises), ("lost", menu.cost, False)):
        found = side.over_worlds(rises)
        frame[name] = side.percent().ratio
        frame = frame.assign(**found.columns(name))
    frame["worlds"], frame["inside"] = found.worlds, found.inside
    frame["adjusted_p"] = _adjusted(menu)
    frame["on_frontier"] = scores.front
    frame["share_of_worlds"] = _shares(scores.protections, scores.losses)
    if len(menu.gain_draws) > 1:
        frame["share_of_draws"] = _shares(menu.gain_draws, menu.cost_draws)
    frame["knee"] = np.arange(len(frame)) == _place(scores.choice.knee)
    frame["cheapest"] = np.arange(len(frame)) == _place(scores.choice.cheapest)
    wanted = spec.target * scores.protections[:, [scores.full]]
    frame["share_reaching"] = (reaching(scores.protections, wanted) & (wanted > 0)).mean(axis=0)
    without = frame["protection"].isna()  # and so in no comparison
    shares = [name for name in ("share_of_worlds", "share_of_draws", "share_reaching") if name in frame]
    frame.loc[without, shares] = np.nan
    frame["rank"] = ranks_of(scores.protection.ratio)
    ends = world_range(ranks_of(scores.protections).T.astype(float))
    frame["rank_world_low"], frame["rank_world_high"] = ends.low, ends.high
    frame["rank"] = frame["rank"].astype("Int64").mask(without)
    frame.loc[without, ["rank_world_low", "rank_world_high"]] = np.nan
    frame["bundle"] = _bundles(scores, spec)
    return frame.sort_values(["on_frontier", "lost"], ascending=[False, True], kind="stable", ignore_index=True)


def _adjusted(menu: Bundles) -> Reals:
    """Adjusted p of what each policy protects, ``[C]``; none of the baseline, nor of a policy without a number."""
    found, told = np.full(len(menu.labels), np.nan), ~np.isnan(menu.gain.off).all(1)
    told[menu.baseline] = False
    found[told] = max_t(menu.gain.off[told]) if told.any() else found[told]
    return found


def _place(chosen: int | None) -> int:
    return -1 if chosen is None else chosen


def _shares(gains: Reals, costs: Reals) -> Reals:
    """Share of the rows ``[B, C]`` in which each policy is on the front."""
    return np.mean([front_of(gain, cost) for gain, cost in zip(gains, costs, strict=True)], axis=0)


def _bundles(scores: PolicyScores, spec: FrontierSpec) -> list[str]:
    """The name of each policy that has one."""
    made_of = {frozenset(bundle.split(JOIN)): name for name, bundle in spec.bundles.items()}
    made_of |= {frozenset([name]): name for name in spec.bundles}
    named = [made_of.get(frozenset(label.split(JOIN)), "") for label in scores.menu.labels]
    if scores.menu.full is not None:
        named[scores.menu.full] = named[scores.menu.full] or "all"
    return named


def choices_of(scores: PolicyScores, spec: FrontierSpec) -> pd.DataFrame:
    """What is chosen from all worlds, and how such a choice fares in worlds that it has not seen: one row a choice.

    The best of many looks better than it is, for its luck is chosen with it. So the choice is made again on a random half of the
    worlds and judged on the other, many times: ``held_out_protection`` and ``held_out_lost`` are means over these splits of what
    is then found, ``optimism`` by how much a choice protects less and costs more there than where it was made, ``same`` the share
    of splits that choose the same policy, ``reaching`` the share in which the choice reaches the target in the other half.
    """
    menu, worlds = scores.menu, scores.menu.gain.off.shape[1]
    rows: list[dict[str, object]] = []
    seen = halves(worlds, spec.splits, spec.split_seed) if worlds >= FEWEST_WORLDS_TO_CHOOSE else np.zeros((0, worlds))
    inside = menu.gain.over(seen), menu.cost.over(seen)
    outside = menu.gain.over(1 - seen), menu.cost.over(1 - seen)
    made = [chosen_policies(up, right, menu.sizes, scores.full, spec.target) for up, right in zip(*inside, strict=True)]
    for name in ChosenPolicies._fields:
        chosen = getattr(scores.choice, name)
        if chosen is None:
            continue
        picked = [(split, getattr(one, name)) for split, one in enumerate(made) if getattr(one, name) is not None]
        at = tuple(np.array(picked, int).reshape(-1, 2).T)
        row = {"condition": menu.condition, "choice": name, "label": menu.labels[chosen]}
        row |= {"protection": scores.protection.ratio[chosen], "lost": scores.lost.ratio[chosen]}
        row |= {"held_out_protection": _mean(outside[0][at]), "held_out_lost": _mean(outside[1][at])}
        row |= {
            "optimism_protection": _mean(inside[0][at] - outside[0][at]),
            "optimism_lost": _mean(outside[1][at] - inside[1][at]),
        }
        row["same"] = _mean(np.array([place == chosen for _, place in picked], float))
        enough = reaching(outside[0][at], spec.target * outside[0][at[0], scores.full]).astype(float)
        row["reaching"] = _mean(enough) if name == "cheapest" else np.nan
        rows.append(row | {"splits": len(picked)})
    return pd.DataFrame(rows, columns=_CHOICES)


def _mean(values: Reals) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else np.nan
