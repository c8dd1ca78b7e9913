"""What policies are judged by over parameter draws: scores, regret, ranks and thresholds met, and the tables of them.

Replicate noise makes regret positive by chance: the best of several noisy means exceeds the best mean. So in each future the best
policy is chosen on half of the worlds and measured on the other half, over all ways to halve them. Identical policies then have
regret zero on average; where policies differ, it is the regret against the policy that so many worlds can tell to be best, which
lies under the regret against the best one, as the plain estimate lies above it: the two enclose the truth. Quantiles and shares
over futures are read off values that are drawn in to the spread that they would have without noise (``spread.drawn_in``); the 90th
percentile of regret then comes within a few per cent of the truth (tests/analysis/test_robustness.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, StrictFloat, StrictInt
from scipy import stats

from experiments.analysis.bundles import PolicyChange
from experiments.analysis.over_worlds import OverWorlds, over_worlds, possible_percent
from experiments.analysis.policies import Policies
from experiments.analysis.spread import TAILS, bands_of, drawn_in, noise_of, share_limits, spread_components, steadied
from experiments.analysis.surrogate import surrogate_of, terms_of
from experiments.design.designs import Design
from experiments.statistics import (
    LEVEL,
    Limits,
    chance_share,
    leads,
    max_t,
    mean_of,
    quantile_of,
    rank_range,
    world_range,
)
from sim.arrays import Reals
from sim.world.ranges import Range, Seed, Unit
from sim.world.record import Record

SCORE_NAMES = ("protection", "cooperation", "balance")
_MEASURES = ("mean", "regret_mean", "regret_p75", "regret_p90", "best_share", "rank_p5", "rank_median", "rank_p95")
SATISFIED = "satisfied_share"
_DECISIVE = (  # order of rows in the table
    *("both", "balance", "protection", "cooperation"),
    *(SATISFIED, "regret_p90", "best_share", "mean", "regret_mean", "regret_p75", "rank_median", "rank_p5", "rank_p95"),
)
_UNITS = {
    "mean": "per cent of the baseline in the draw",
    "regret": "per cent of the baseline in the draw",
    "share": "share of draws",
    "rank": "rank, 1 is best",
}
_COLUMNS = (
    *("condition", "policy", "score", "measure", "value", "world_low", "world_high", "error_low", "error_high"),
    *("draw_error_low", "draw_error_high", "uncorrected", "chance", "worlds", "inside", "unit"),
)
FEWEST_TO_COMPARE = 2  # draws, or what was drawn together, under which nothing is said of how much draws vary
_FEWEST_TO_LEAVE_OUT = 3  # worlds, so that one can be left out and the others still be halved
_MOST_HALVED = 6  # worlds that are halved in all ways, twenty; assumed: more ways than twenty add little
_PERCENTILES = (75.0, 90.0)  # of regret: McPhail and others (2018) name the 90th; the 75th hangs less on a few draws


class RobustnessSpec(Record):
    """What ``configs/analysis/robustness.yaml`` says."""

    cooperation: str  # estimand whose loss is the price of protection
    protection_at_least: Annotated[StrictFloat, Range(-1000, 1000)]  # per cent of the baseline in the draw saved
    cooperation_lost_at_most: Annotated[StrictFloat, Range(-1000, 1000)]  # per cent of the baseline in the draw
    price: Annotated[StrictFloat, Range(0, 1000)]  # per cent of protection that one per cent of cooperation is worth
    resamples: Annotated[StrictInt, Field(ge=20, le=100_000)]  # bootstrap over draws
    seed: Seed
    named: Annotated[StrictInt, Range(1, 1000)]  # policies that a sentence names
    agreement: dict[str, Unit]  # words -> Kendall's W from which they are said


class FutureScores(NamedTuple):
    """What policies are judged by, ``[S, Q, D, W]``: more is better, means over replicates, of whole futures alone."""

    names: list[str]  # [Q]
    values: Reals
    draws: NDArray[np.int64]  # [D] the draw of each future
    runs: Reals  # [S, Q, W, L] means over futures of single runs


class Measured(NamedTuple):
    """Every measure of every policy: ``scores`` ``[S, Q, len(MEASURES)]``, ``satisfied`` ``[Q]``."""

    scores: Reals
    satisfied: Reals


# --- scores and measures --------------------------------------------------------------------------------------------------


def future_scores(names: list[str], savings: Sequence[Reals], draws: NDArray[np.int64], price: float) -> FutureScores:
    """Protection, cooperation kept, and their balance at a price, from savings ``[Q, D, W, L]`` each; more is better in each."""
    protection, cooperation = savings
    runs = np.stack([protection, cooperation, protection + price * cooperation])
    return FutureScores(names, mean_of(runs), draws, mean_of(np.moveaxis(runs, 2, -1)))


def halves_of(W: int) -> list[tuple[list[int], list[int]]]:
    """Ways to part worlds into those that choose and those that measure: all of them, or for many worlds one a world."""
    size = W // 2
    ways = list(combinations(range(W), size)) if W <= _MOST_HALVED else [tuple((w + k) % W for k in range(size)) for w in range(W)]
    return [(list(way), [w for w in range(W) if w not in way]) for way in ways]


def regret_of(values: Reals) -> Reals:
    """How far each policy lies behind the best of its future, ``[..., Q, D]`` from ``[..., Q, D, W]``.

    The best is chosen on half of the worlds and measured on the others, whose noise is then taken out of the spread between
    futures. With one world nothing can be corrected, and it is chosen and measured on the same.
    """
    W = values.shape[-1]
    if W < FEWEST_TO_COMPARE:
        return naive_regret(values)
    means, wanted = [], []
    for choose, measure in halves_of(W):
        own = _behind(values[..., choose], values[..., measure])
        noise = noise_of(own) if len(measure) >= FEWEST_TO_COMPARE else _noise_of_one(values)
        means.append(mean_of(own))
        wanted.append(means[-1].var(-1, ddof=1) - noise)
    regret = np.mean(means, axis=0)
    return drawn_in(regret, regret.var(-1, ddof=1) - np.maximum(np.mean(wanted, axis=0), 0.0))


def _behind(choosing: Reals, measuring: Reals) -> Reals:
    """Distance of each policy from the one that is best in ``choosing``, in the worlds of ``measuring`` ``[..., Q, D, W]``."""
    best = np.expand_dims(mean_of(choosing).argmax(-2), (-3, -1))
    return np.asarray(np.take_along_axis(measuring, best, -3) - measuring)


def _noise_of_one(values: Reals) -> Reals:
    """Noise of regret in a single world, from two worlds of which each measures what the other has chosen."""
    crossed = [_behind(values[..., [1 - w]], values[..., [w]]) for w in range(2)]
    return 2.0 * noise_of(np.concatenate(crossed, axis=-1))


def naive_regret(values: Reals) -> Reals:
    """Regret without correction, ``[..., Q, D]``: the best mean over worlds less this one's."""
    means = mean_of(values)
    return np.asarray(means.max(-2, keepdims=True) - means)


def ranks_by_future(values: Reals) -> Reals:
    """Ranks of policies in each future by their means over worlds, ``[..., Q, D]``: 1 is best, ties share the mean rank."""
    return np.asarray(stats.rankdata(-np.round(mean_of(values), 12), axis=-2))


def robustness_measures(values: Reals, spec: RobustnessSpec) -> Measured:
    """All measures from scores ``[S, Q, D, W]``; regret is never below zero, for nobody lies before the best."""
    return _measured(values, regret_of(values), steadied(values), spec)


def measures_by_world(values: Reals, spec: RobustnessSpec) -> Reals:
    """Every measure in each world alone, flat, ``[W, M]``.

    Regret in a world is how far a policy lies behind the one that the other worlds choose as the best of each draw, not below zero.
    Nothing can be drawn in in a single world: luck is in all of these.
    """
    W = values.shape[-1]
    found = []
    for w in range(W):
        here, others = values[..., [w]], np.delete(values, w, axis=-1) if W > 1 else values
        found.append(_flat(_measured(here, mean_of(_behind(others, here)), mean_of(here), spec)))
    return np.stack(found)


def _measured(values: Reals, regret: Reals, means: Reals, spec: RobustnessSpec) -> Measured:
    """Measures from scores ``[S, Q, D, W]``, the regrets ``[S, Q, D]`` and the means by which thresholds are met."""
    ranks = ranks_by_future(values)
    best = (ranks == ranks.min(-2, keepdims=True)).astype(float)
    columns = [
        mean_of(mean_of(values)),
        *np.maximum([regret.mean(-1), *np.percentile(regret, _PERCENTILES, axis=-1)], 0.0),
        (best / best.sum(-2, keepdims=True)).mean(-1),
        *np.percentile(ranks, (TAILS[0], 50.0, TAILS[1]), axis=-1),
    ]
    return Measured(np.stack(columns, axis=-1), _satisfied(means, spec))


def uncorrected(values: Reals, spec: RobustnessSpec) -> Measured:
    """The same where they differ without any correction for replicate noise: regret and thresholds on plain means."""
    regret, plain = naive_regret(values), robustness_measures(values, spec).scores.copy()
    plain[..., 1:4] = np.stack([regret.mean(-1), *np.percentile(regret, _PERCENTILES, axis=-1)], axis=-1)
    return Measured(plain, _satisfied(mean_of(values), spec))


def _satisfied(means: Reals, spec: RobustnessSpec) -> Reals:
    """Share of futures in which a policy meets both thresholds, ``[Q]`` from ``[S, Q, D]``."""
    enough, cheap = means[0] >= spec.protection_at_least, means[1] >= -spec.cooperation_lost_at_most
    return np.asarray((enough & cheap).mean(-1))


def concordance_of(scores: FutureScores) -> tuple[float, float]:
    """Kendall's coefficient of concordance of the rankings by balance: over futures, and over worlds at the mean future."""
    balance = scores.values[SCORE_NAMES.index("balance")]  # [Q, D, W]
    return kendall(ranks_by_future(balance)), kendall(stats.rankdata(-balance.mean(1), axis=0))


def kendall(ranks: Reals) -> float:
    """Kendall's W of rankings ``[Q, judges]``: 1 where all agree, near 0 where nobody does (Kendall and Babington Smith 1939)."""
    Q, judges = ranks.shape
    sums = ranks.sum(1)
    return float(12.0 * ((sums - sums.mean()) ** 2).sum() / (judges**2 * Q * (Q**2 - 1)))


# --- tables ---------------------------------------------------------------------------------------------------------------


def blocks_of(draws: NDArray[np.int64], design: Design) -> list[NDArray[np.int64]]:
    """Futures that were drawn together: those of one draw, or of one base point of Sobol's scheme, whose rows share coordinates."""
    size = len(design.uncertainties) + 2 if design.draw == "sobol" and design.table is None else 1
    return [np.flatnonzero(draws // size == block) for block in np.unique(draws // size)]


def robustness_table(scores: FutureScores, spec: RobustnessSpec, design: Design) -> pd.DataFrame:
    """``_COLUMNS`` less the condition, a row a policy, score and measure.

    What decides comes first: thresholds met by policy, then the balance by measure and policy, then the other scores. ``world_low``
    and ``world_high`` are the range over worlds of the measure in one world alone. ``error_``: simulation error over worlds
    (jackknife with Student's t, missing under three worlds); ``draw_error_``: that of having drawn so few draws (percentile
    bootstrap over draws, of shares Wilson's). ``chance`` is a share of first places that policies would have that are all alike.
    Limits of regret and shares end where these do.
    """
    values, rows = scores.values, blocks_of(scores.draws, design)
    point, plain = _flat(robustness_measures(values, spec)), _flat(uncorrected(values, spec))
    low, high = _draw_limits(values, rows, spec)
    half, found = _half_of(_worlds_left(values, spec)), world_range(measures_by_world(values, spec).T)
    labels = [(policy, score, measure) for score in SCORE_NAMES for policy in scores.names for measure in _MEASURES]
    labels += [(policy, "both", SATISFIED) for policy in scores.names]
    table = pd.DataFrame(labels, columns=["policy", "score", "measure"])
    is_share, is_regret = (table["measure"].str.contains(word).to_numpy(bool) for word in ("share", "regret"))
    bounds = np.where(is_share | is_regret, 0.0, -np.inf), np.where(is_share, 1.0, np.inf)  # no share or regret lies beyond
    wilson = np.array([share_limits(share, len(rows)) for share in np.where(is_share, point, np.nan)]).T
    half = np.where(is_share & (half == 0) & np.isin(point, (0.0, 1.0)), np.nan, half)  # worlds that agree tell no limit
    return table.assign(
        value=point,
        world_low=found.low,
        world_high=found.high,
        error_low=np.clip(point - half, *bounds),
        error_high=np.clip(point + half, *bounds),
        draw_error_low=np.where(is_share, wilson[0], np.clip(low, *bounds)),
        draw_error_high=np.where(is_share, wilson[1], np.clip(high, *bounds)),
        uncorrected=plain,
        chance=np.where(table["measure"] == "best_share", 1.0 / len(scores.names), np.nan),
        worlds=found.worlds,
        inside=found.inside,
        unit=[_unit(measure) for _, _, measure in labels],
    ).sort_values(["score", "measure"], key=_first_things_first, kind="stable", ignore_index=True)


def _draw_limits(values: Reals, rows: Sequence[NDArray[np.int64]], spec: RobustnessSpec) -> Reals:
    """Limits of every measure as draws vary, ``[2, measures]``: bootstrap over what was drawn together; missing under two such."""
    rng = np.random.default_rng(spec.seed)
    drawn = (np.concatenate([rows[b] for b in rng.integers(0, len(rows), len(rows))]) for _ in range(spec.resamples))
    again = np.stack([_flat(robustness_measures(values[:, :, chosen], spec)) for chosen in drawn])
    tail = 50.0 * (1.0 - LEVEL)
    if len(rows) < FEWEST_TO_COMPARE:
        return np.full((2, again.shape[1]), np.nan)
    return np.asarray(np.percentile(again, (tail, 100.0 - tail), axis=0))


def _first_things_first(names: pd.Series) -> pd.Series:
    return names.map({name: place for place, name in enumerate(_DECISIVE)})


def _flat(found: Measured) -> Reals:
    return np.concatenate([found.scores.ravel(), found.satisfied])


def _unit(measure: str) -> str:
    return next(unit for part, unit in _UNITS.items() if part in measure and (part != "mean" or measure == "mean"))


def _worlds_left(values: Reals, spec: RobustnessSpec) -> Reals:
    """Every measure without one world, ``[W, M]``; missing under three worlds."""
    W = values.shape[-1]
    if W < _FEWEST_TO_LEAVE_OUT:
        return np.full((W, _flat(robustness_measures(values, spec)).size), np.nan)
    return np.stack([_flat(robustness_measures(np.delete(values, w, axis=-1), spec)) for w in range(W)])


def _half_of(left: Reals) -> Reals:
    """Half-widths of 95 % intervals over worlds ``[M]`` from measures without one world each ``[W, M]``: jackknife (Tukey 1958)."""
    W = len(left)
    error = np.sqrt((W - 1) / W * ((left - left.mean(0)) ** 2).sum(0))
    return np.asarray(quantile_of(np.array(max(W, 2))) * error)


class Lead(NamedTuple):
    """By how much one policy is ahead of another, and what worlds say of it."""

    ahead: float
    found: OverWorlds


def lead_of(scores: FutureScores, first: str, second: str, spec: RobustnessSpec) -> Lead:
    """By how much the second policy's 90th percentile of regret in balance exceeds the first's.

    Paired: in every world, and in every world left out, both are measured anew.
    """
    at = [scores.names.index(name) for name in (first, second)]
    balance = SCORE_NAMES.index("balance")
    place = [
        np.ravel_multi_index((balance, q, _MEASURES.index("regret_p90")), (len(SCORE_NAMES), len(scores.names), len(_MEASURES)))
        for q in at
    ]
    point, left = _flat(robustness_measures(scores.values, spec)), _worlds_left(scores.values, spec)
    ahead = float(point[place[1]] - point[place[0]])
    half = _half_of(left[:, place[1:]] - left[:, place[:1]])[0]
    each = measures_by_world(scores.values, spec)
    error = Limits(np.asarray(ahead - half), np.asarray(ahead + half))
    return Lead(ahead, over_worlds(each[:, place[1]] - each[:, place[0]], np.array(ahead), error))


def leads_table(scores: FutureScores, baseline: str) -> pd.DataFrame:
    """``policy, score, mean, worlds_leading, regret, rank, rank_world_low, rank_world_high, adjusted_p, chance_share, worlds``.

    In each world policies are compared by their mean over draws and replicates: the share of worlds in which one leads (ties share
    a world), how far it lies behind the best of a world on average, its mean rank with its range over worlds, and the chance of a
    mean so far from the baseline if none were, adjusted for all policies together (max-t; missing on too few worlds).
    """
    parts, others = [], np.array([name != baseline for name in scores.names])
    for score, values, runs in zip(SCORE_NAMES, scores.values.mean(2), scores.runs, strict=True):
        led, ranks = leads(values, 1), rank_range(values, 1)
        adjusted = np.full(len(values), np.nan)
        adjusted[others] = max_t(values[others])
        part = pd.DataFrame({"policy": scores.names, "score": score, "mean": mean_of(values), "worlds_leading": led.share})
        part = part.assign(regret=led.regret, rank=ranks.mean, rank_world_low=ranks.low, rank_world_high=ranks.high)
        parts.append(part.assign(adjusted_p=adjusted, chance_share=chance_share(runs), worlds=led.worlds))
    return pd.concat(parts, ignore_index=True)


class DrawnTerms(NamedTuple):
    """What the surrogates of all policies are fitted on: terms of the drawn numbers, and which futures were drawn together."""

    terms: Reals  # [D, T] of ``surrogate.terms_of``
    together: list[NDArray[np.int64]]


def drawn_terms(futures: pd.DataFrame, design: Design) -> DrawnTerms:
    """Those of the futures ``[D]`` of a design."""
    return DrawnTerms(terms_of(futures, design.uncertainties), blocks_of(futures["draw"].to_numpy(np.int64), design))


def performance_table(
    names: list[str], savings: list[Reals], rises: Sequence[bool], baseline: str, drawn: DrawnTerms
) -> pd.DataFrame:  # fmt: skip
    """``policy, score``, the bands of ``spread.Bands``, ``SURROGATE_COLUMNS``, and whose spread it is.

    That is shares of the variance of one paired difference. ``mean`` is the mean over draws of the per cent saved in each, of the
    baseline in that draw. ``draw_low`` and ``draw_high`` are plain percentiles of the draws, with replicate noise in them;
    ``surrogate_draw_low`` and ``surrogate_draw_high`` are 5 to 95 % of a fitted surrogate (model description, Intervals).
    """
    rows = []
    for score, values, up in zip(SCORE_NAMES, savings, rises, strict=False):
        for name, own in zip(names, values, strict=True):
            if name != baseline:
                shares = spread_components(own).shares
                parts = {f"{part}_share": shares.get(part, np.nan) for part in ("parameter", "world", "interaction", "replicate")}
                found = surrogate_of(mean_of(own), drawn.terms, possible_percent(up), drawn.together)
                rows.append({"policy": name, "score": score, **bands_of(own)._asdict(), **found.columns(), **parts})
    return pd.DataFrame(rows)


def pooled_table(held: Sequence[Policies], better_up: Sequence[bool], baseline: str) -> pd.DataFrame:
    """``policy, score, percent`` and what worlds say of it: what is saved, in per cent of the baseline over all draws.

    A ratio of means as ``frontier`` gives it, its range that of each world's own per cent, its simulation error Fieller's: draws
    with much to save weigh more, and draws in which the baseline is zero count too.
    """
    rows: list[pd.DataFrame] = []
    for score, found, up in zip(SCORE_NAMES, held, better_up, strict=False):
        before = found.of(baseline).mean(0)  # [W, L]
        others = [name for name in found.names if name != baseline]
        after = np.stack([found.of(name).mean(0) for name in others])
        moved = after - before if up else before - after
        saved = PolicyChange(moved.mean(-1), np.broadcast_to(before.mean(-1), moved.shape[:-1]), moved)
        own = pd.DataFrame({"policy": others, "score": score, "percent": saved.percent().ratio})
        rows.append(own.assign(**saved.over_worlds(up).columns()))
    return pd.concat(rows, ignore_index=True)


def futures_table(scores: FutureScores) -> pd.DataFrame:
    """``policy, score, future, gain, regret``: a row a policy and future; both drawn in to their spread without replicate noise.

    The regret of a single future is not below zero.
    """
    gain, regret = steadied(scores.values), np.maximum(regret_of(scores.values), 0.0)
    _, Q, D = gain.shape
    return pd.DataFrame(
        {
            "policy": np.tile(np.repeat(scores.names, D), len(SCORE_NAMES)),
            "score": np.repeat(SCORE_NAMES, Q * D),
            "future": np.tile(np.arange(D), Q * len(SCORE_NAMES)),
            "gain": gain.ravel(),
            "regret": regret.ravel(),
        }
    )
