"""Which policy holds up when the model's assumptions are wrong: performance, regret and thresholds met over parameter draws.

After Savage (1951, regret), Starr (1963, the domain criterion: the share of futures in which a policy is good enough), Lempert,
Popper and Bankes (2003) and the taxonomy of McPhail and others (2018). A *future* is a parameter draw; worlds and luck are its
replicates, and a policy's value in a future is its expectation over them.

Policies are judged draw by draw, so regret, thresholds, ranks and means are in per cent of the baseline in the same draw, and a
mean over draws is a mean of such per cents. What a policy saves of the baseline over all draws together, a ratio of means as
``frontier`` gives it, is another number; it stands in a table of its own, ``pooled``.

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
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, StrictFloat, StrictInt
from scipy import stats

from experiments.analysis.bundles import Change, baseline_of, labels_of
from experiments.analysis.conditions import together, unsaid, where, with_condition
from experiments.analysis.policies import (
    Policies,
    is_better_up,
    no_comparison,
    paired_conditions,
    policies_of,
    saving,
    selected,
    silent,
    too_few,
    undefined_draws,
    unpaired,
    whole_and_told,
)
from experiments.analysis.record import Analysis, Drawing, spec_from
from experiments.analysis.spread import TAILS, bands_of, drawn_in, left_out, noise_of, share_limits, steadied, variances_of
from experiments.design.designs import Design
from experiments.statistics import LEVEL, mean_of
from experiments.store.outcomes import Outcome, Study
from experiments.text import Row, counted, limits, number, share, span, spoken
from sim.arrays import Reals
from sim.world.ranges import Range, Seed, Unit
from sim.world.record import ConfigError, Record

SCORES = ("protection", "cooperation", "balance")
MEASURES = ("mean", "regret_mean", "regret_p75", "regret_p90", "best_share", "rank_p5", "rank_median", "rank_p95")
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
COLUMNS = (
    *("condition", "policy", "score", "measure", "value", "draw_low", "draw_high", "world_low", "world_high"),
    *("uncorrected", "chance", "unit"),
)
_NAME = "robustness"
_TABLES = (_NAME, "performance", "pooled", "regrets")
_HEADING = "Which policy holds up when the assumptions are wrong"
_FEWEST = 2
_FEWEST_WORLDS = 3  # so that one can be left out and the others still be halved
_MOST_HALVED = 6  # worlds that are halved in all ways, twenty; assumed: more ways than twenty add little
_LEAST_AGREEMENT = "holds hardly at all"
_PERCENTILES = (75.0, 90.0)  # of regret: McPhail and others (2018) name the 90th; the 75th hangs less on a few draws


class Spec(Record):
    """What ``configs/analysis/robustness.yaml`` says."""

    cooperation: str  # estimand whose loss is the price of protection
    protection_at_least: Annotated[StrictFloat, Range(-1000, 1000)]  # per cent of the baseline in the draw saved
    cooperation_lost_at_most: Annotated[StrictFloat, Range(-1000, 1000)]  # per cent of the baseline in the draw
    price: Annotated[StrictFloat, Range(0, 1000)]  # per cent of protection that one per cent of cooperation is worth
    resamples: Annotated[StrictInt, Field(ge=20, le=100_000)]  # bootstrap over draws
    seed: Seed
    named: Annotated[StrictInt, Range(1, 1000)]  # policies that a sentence names
    agreement: dict[str, Unit]  # words -> Kendall's W from which they are said


class Scores(NamedTuple):
    """What policies are judged by, ``[S, Q, D, W]``: more is better, means over lucks, futures without all their runs left out."""

    names: list[str]  # [Q]
    values: Reals
    draws: NDArray[np.int64]  # [D] the draw of each future


class Judged(NamedTuple):
    """What is found under one condition."""

    condition: str
    scores: Scores
    tables: tuple[pd.DataFrame, ...]  # as in _TABLES
    answer: list[str]
    sure: list[str]  # what holds under this condition alone
    drawing: Drawing | None  # None where nothing can be said
    few: list[str]  # policies on too few events, told


class Measured(NamedTuple):
    """Every measure of every policy: ``scores`` ``[S, Q, len(MEASURES)]``, ``satisfied`` ``[Q]``."""

    scores: Reals
    satisfied: Reals


def unsuited(study: Study) -> str | None:
    """Why policies cannot be judged over draws in this study; None if they can."""
    return no_comparison(study)


def analyse(study: Study, outcome: Outcome) -> Analysis:
    """How every policy does over the draws, against the baseline in the same draw and worlds."""
    if reason := unsuited(study):
        raise ConfigError(f"store: found {study.name!r}, which does not suit {_NAME}: it {reason}; accepted: another store")
    spec = spec_from(_NAME, Spec, study.asked)
    rises = is_better_up(outcome), is_better_up(Outcome.of(spec.cooperation), "analysis.robustness.cooperation")
    question = f"Whatever {len(study.design.uncertainties)} unknown numbers may be, which policy is good, or at least never bad?"
    found = [_judged(study, outcome, rises, condition, spec) for condition in paired_conditions(study)]
    told = [one for one in found if one.drawing is not None]
    if not told:
        return silent(_NAME, _HEADING, question, outcome, COLUMNS, unsaid([one for one in found if one.few]))
    sure = [*_sure(told[0].scores, spec, outcome, study), *unsaid([one for one in found if one.drawing is None]), *unpaired(study)]
    return _put_together(told, question, sure)


def _put_together(told: Sequence[Judged], question: str, sure: Sequence[str]) -> Analysis:
    """What is found under all conditions as one analysis; ``sure`` are sentences that hold whatever the condition."""
    return Analysis(
        name=_NAME,
        heading=_HEADING,
        question=question,
        answer=[said for one in told for said in where(one.condition, one.answer)],
        sure=[*(said for one in told for said in where(one.condition, one.sure)), *sure],
        tables={name: together(one.tables[part] for one in told) for part, name in enumerate(_TABLES)},
        drawings=[one.drawing for one in told if one.drawing is not None],
    )


def _judged(study: Study, outcome: Outcome, rises: tuple[bool, bool], condition: str, spec: Spec) -> Judged:
    """How every policy does under one condition; ``rises`` says whether more is better of the outcome and of cooperation."""
    kept = Outcome.of(spec.cooperation)
    cubes = [study.cube(one).of(condition=condition) for one in (outcome, kept)]
    names, baseline = labels_of(cubes[0].points, study.design), str(baseline_of(study.points, study.design))
    fewest = study.config.metrics.fewest_events
    every = [policies_of(cube, names) for cube in cubes]
    held, complete, left = whole_and_told(every, list(dict.fromkeys(names)), baseline, fewest)
    few = too_few(left, (outcome, kept), fewest)
    savings = [saving(found, baseline, up) for found, up in zip(held, rises, strict=True)]
    undefined = undefined_draws(savings)
    savings = [one[:, ~undefined] for one in savings]
    draws = held[0].futures["draw"].to_numpy(np.int64)[~undefined]
    scores = scores_of(held[0].names, savings, draws, spec.price if outcome != kept else 0.0)
    if scores.values.shape[2] < _FEWEST or baseline in left or len(scores.names) < _FEWEST:
        return Judged(condition, scores, (pd.DataFrame(),) * len(_TABLES), [], [], None, few)
    table = robustness_table(scores, spec, study.design)
    spread, futures = performance_table(scores.names, savings, baseline), futures_table(scores)
    pooled = pooled_table(held, rises, baseline)
    enough = _enough(held, fewest, scores.names.index(baseline))[:, ~undefined]
    futures.loc[~np.tile(enough.ravel(), len(SCORES)), "gain"] = np.nan  # the number of one draw, by itself
    said = [
        *filter(None, [*few, left_out(complete.dropped)]),
        *(f"{told} Pooled figures hold them too." for told in selected(int(undefined.sum()))),
    ]
    runs = scores.values.shape[1] * savings[0][0].size
    tables = tuple(with_condition(one, condition) for one in (table, spread, pooled, futures))
    answer = _answers(scores, table, (spread, pooled), spec, baseline)
    drawing = _drawing(tables[-1], table, baseline, outcome, scores, runs)
    return Judged(condition, scores, tables, answer, said, drawing, few)


def _enough(held: Sequence[Policies], fewest: int, baseline: int) -> NDArray[np.bool_]:
    """Where a policy and the baseline, which has that place, both have events enough for a number of one draw, ``[Q, D]``."""
    enough = np.all([one.counts.sum((2, 3)) >= fewest for one in held], axis=0)
    return np.asarray(enough & enough[baseline])


# --- scores and measures --------------------------------------------------------------------------------------------------


def scores_of(names: list[str], savings: Sequence[Reals], draws: NDArray[np.int64], price: float) -> Scores:
    """Protection, cooperation kept, and their balance at a price, from savings ``[Q, D, W, L]`` each; more is better in each."""
    protection, cooperation = savings
    return Scores(names, mean_of(np.stack([protection, cooperation, protection + price * cooperation])), draws)


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
    if W < _FEWEST:
        return naive_regret(values)
    means, wanted = [], []
    for choose, measure in halves_of(W):
        own = _behind(values[..., choose], values[..., measure])
        noise = noise_of(own) if len(measure) >= _FEWEST else _noise_of_one(values)
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


def ranks_of(values: Reals) -> Reals:
    """Ranks of policies in each future by their means over worlds, ``[..., Q, D]``: 1 is best, ties share the mean rank."""
    return np.asarray(stats.rankdata(-np.round(mean_of(values), 12), axis=-2))


def measured(values: Reals, spec: Spec) -> Measured:
    """All measures from scores ``[S, Q, D, W]``."""
    regret = regret_of(values)
    ranks = ranks_of(values)
    best = (ranks == ranks.min(-2, keepdims=True)).astype(float)
    columns = [
        mean_of(mean_of(values)),
        regret.mean(-1),
        *np.percentile(regret, _PERCENTILES, axis=-1),
        (best / best.sum(-2, keepdims=True)).mean(-1),
        *np.percentile(ranks, (TAILS[0], 50.0, TAILS[1]), axis=-1),
    ]
    return Measured(np.stack(columns, axis=-1), _satisfied(steadied(values), spec))


def uncorrected(values: Reals, spec: Spec) -> Measured:
    """The same where they differ without any correction for replicate noise: regret and thresholds on plain means."""
    regret, plain = naive_regret(values), measured(values, spec).scores.copy()
    plain[..., 1:4] = np.stack([regret.mean(-1), *np.percentile(regret, _PERCENTILES, axis=-1)], axis=-1)
    return Measured(plain, _satisfied(mean_of(values), spec))


def _satisfied(means: Reals, spec: Spec) -> Reals:
    """Share of futures in which a policy meets both thresholds, ``[Q]`` from ``[S, Q, D]``."""
    enough, cheap = means[0] >= spec.protection_at_least, means[1] >= -spec.cooperation_lost_at_most
    return np.asarray((enough & cheap).mean(-1))


def concordance_of(scores: Scores) -> tuple[float, float]:
    """Kendall's coefficient of concordance of the rankings by balance: over futures, and over worlds at the mean future."""
    balance = scores.values[SCORES.index("balance")]  # [Q, D, W]
    return kendall(ranks_of(balance)), kendall(stats.rankdata(-balance.mean(1), axis=0))


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


def robustness_table(scores: Scores, spec: Spec, design: Design) -> pd.DataFrame:
    """``policy, score, measure, value, draw_low, draw_high, world_low, world_high, uncorrected, chance, unit``.

    What decides comes first: thresholds met by policy, then the balance by measure and policy, then the other scores.
    Parameter limits: percentile bootstrap over draws, of shares Wilson's; ``chance`` is a share of first places that policies would
    have that are all alike. Limits of regret and shares end where these do. Replicate
    limits: jackknife over worlds with Student's t, missing under three worlds.
    """
    values, rows = scores.values, blocks_of(scores.draws, design)
    point, plain = _flat(measured(values, spec)), _flat(uncorrected(values, spec))
    low, high = _draw_limits(values, rows, spec)
    half = _half_of(_worlds_left(values, spec))
    labels = [(policy, score, measure) for score in SCORES for policy in scores.names for measure in MEASURES]
    labels += [(policy, "both", SATISFIED) for policy in scores.names]
    table = pd.DataFrame(labels, columns=["policy", "score", "measure"])
    is_share, is_regret = (table["measure"].str.contains(word).to_numpy(bool) for word in ("share", "regret"))
    bounds = np.where(is_share | is_regret, 0.0, -np.inf), np.where(is_share, 1.0, np.inf)  # no share or regret lies beyond
    wilson = np.array([share_limits(share, len(rows)) for share in np.where(is_share, point, np.nan)]).T
    half = np.where(is_share & (half == 0) & np.isin(point, (0.0, 1.0)), np.nan, half)  # worlds that agree tell no limit
    return table.assign(
        value=point,
        draw_low=np.where(is_share, wilson[0], np.clip(low, *bounds)),
        draw_high=np.where(is_share, wilson[1], np.clip(high, *bounds)),
        world_low=np.clip(point - half, *bounds),
        world_high=np.clip(point + half, *bounds),
        uncorrected=plain,
        chance=np.where(table["measure"] == "best_share", 1.0 / len(scores.names), np.nan),
        unit=[_unit(measure) for _, _, measure in labels],
    ).sort_values(["score", "measure"], key=_first_things_first, kind="stable", ignore_index=True)


def _draw_limits(values: Reals, rows: Sequence[NDArray[np.int64]], spec: Spec) -> Reals:
    """Limits of every measure as draws vary, ``[2, measures]``: bootstrap over what was drawn together; missing under two such."""
    rng = np.random.default_rng(spec.seed)
    drawn = (np.concatenate([rows[b] for b in rng.integers(0, len(rows), len(rows))]) for _ in range(spec.resamples))
    again = np.stack([_flat(measured(values[:, :, chosen], spec)) for chosen in drawn])
    tail = 50.0 * (1.0 - LEVEL)
    if len(rows) < _FEWEST:
        return np.full((2, again.shape[1]), np.nan)
    return np.asarray(np.percentile(again, (tail, 100.0 - tail), axis=0))


def _first_things_first(names: pd.Series) -> pd.Series:
    return names.map({name: place for place, name in enumerate(_DECISIVE)})


def _flat(found: Measured) -> Reals:
    return np.concatenate([found.scores.ravel(), found.satisfied])


def _unit(measure: str) -> str:
    return next(unit for part, unit in _UNITS.items() if part in measure and (part != "mean" or measure == "mean"))


def _worlds_left(values: Reals, spec: Spec) -> Reals:
    """Every measure without one world, ``[W, M]``; missing under three worlds."""
    W = values.shape[-1]
    if W < _FEWEST_WORLDS:
        return np.full((W, _flat(measured(values, spec)).size), np.nan)
    return np.stack([_flat(measured(np.delete(values, w, axis=-1), spec)) for w in range(W)])


def _half_of(left: Reals) -> Reals:
    """Half-widths of 95 % intervals over worlds ``[M]`` from measures without one world each ``[W, M]``: jackknife (Tukey 1958)."""
    W = len(left)
    error = np.sqrt((W - 1) / W * ((left - left.mean(0)) ** 2).sum(0))
    return np.asarray(stats.t.ppf(0.5 + LEVEL / 2, max(W - 1, 1)) * error)


def lead_of(scores: Scores, first: str, second: str, spec: Spec) -> tuple[float, float, float]:
    """By how much the second policy's 90th percentile of regret in balance exceeds the first's, with 95 % limits over worlds.

    Paired: in every world left out both are measured anew.
    """
    at = [scores.names.index(name) for name in (first, second)]
    balance = SCORES.index("balance")
    place = [
        np.ravel_multi_index((balance, q, MEASURES.index("regret_p90")), (len(SCORES), len(scores.names), len(MEASURES)))
        for q in at
    ]
    point, left = _flat(measured(scores.values, spec)), _worlds_left(scores.values, spec)
    ahead = float(point[place[1]] - point[place[0]])
    half = float(_half_of(left[:, place[1:]] - left[:, place[:1]])[0])
    return ahead, ahead - half, ahead + half


def performance_table(names: list[str], savings: list[Reals], baseline: str) -> pd.DataFrame:
    """``policy, score``, the bands of ``spread.Bands``, and whose spread it is: shares of the variance of one paired difference.

    ``mean`` is the mean over draws of the per cent saved in each, of the baseline in that draw.
    """
    rows = []
    for score, values in zip(SCORES, savings, strict=False):
        for name, own in zip(names, values, strict=True):
            if name != baseline:
                shares = variances_of(own).shares
                parts = {f"{part}_share": shares.get(part, np.nan) for part in ("parameter", "world", "interaction", "luck")}
                rows.append({"policy": name, "score": score, **bands_of(own)._asdict(), **parts})
    return pd.DataFrame(rows)


def pooled_table(held: Sequence[Policies], better_up: Sequence[bool], baseline: str) -> pd.DataFrame:
    """``policy, score, percent, world_low, world_high``: what is saved over all draws, in per cent of the baseline over all draws.

    A ratio of means, with Fieller's limits over worlds, as ``frontier`` gives it: draws with much to save weigh more, and draws in
    which the baseline is zero count too.
    """
    rows = []
    for score, found, up in zip(SCORES, held, better_up, strict=False):
        before = _of_worlds(found.of(baseline))
        others = [name for name in found.names if name != baseline]
        after = np.stack([_of_worlds(found.of(name)) for name in others])
        saved = Change(after - before if up else before - after, np.broadcast_to(before, after.shape)).percent()
        rows += [(name, score, *values) for name, *values in zip(others, *saved, strict=True)]
    return pd.DataFrame(rows, columns=["policy", "score", "percent", "world_low", "world_high"])


def _of_worlds(values: Reals) -> Reals:
    """Means over draws and lucks of ``[D, W, L]``, ``[W]``."""
    return np.asarray(values.mean(axis=(0, 2)))


def futures_table(scores: Scores) -> pd.DataFrame:
    """``policy, score, future, gain, regret``: a row a policy and future; both drawn in to their spread without replicate noise."""
    gain, regret = steadied(scores.values), regret_of(scores.values)
    _, Q, D = gain.shape
    return pd.DataFrame(
        {
            "policy": np.tile(np.repeat(scores.names, D), len(SCORES)),
            "score": np.repeat(SCORES, Q * D),
            "future": np.tile(np.arange(D), Q * len(SCORES)),
            "gain": gain.ravel(),
            "regret": regret.ravel(),
        }
    )


# --- what it says ---------------------------------------------------------------------------------------------------------


def _order(table: pd.DataFrame) -> list[str]:
    """Policies by the 90th percentile of their regret in balance, the least first."""
    chosen = table[(table["score"] == "balance") & (table["measure"] == "regret_p90")]
    return [str(name) for name in chosen.sort_values("value", kind="stable")["policy"]]


def _answers(scores: Scores, table: pd.DataFrame, saved: tuple[pd.DataFrame, pd.DataFrame], spec: Spec, baseline: str) -> list[str]:
    """Sentences from the measures and from what is saved: draw by draw, and pooled."""
    best, concordance = _order(table), concordance_of(scores)
    lead = lead_of(scores, best[0], best[1], spec)
    _, Q, D, W = scores.values.shape
    rows = {(row["policy"], row["score"], row["measure"]): row for row in table.to_dict("records")}
    first, second = (rows[name, "balance", "regret_p90"] for name in best[:2])
    met = _most([rows[name, "both", SATISFIED] for name in best], spec.named)
    on_top = _most([rows[name, "balance", "best_share"] for name in best], spec.named)
    named = best[0] if best[0] != baseline else best[1]
    own, pooled = (part[(part["policy"] == named) & (part["score"] == "protection")].iloc[0] for part in saved)
    return [
        f"Least regret: {spoken(best[0])}. In nine draws of ten it lies at most {number(first['value'], 1)} points (per "
        f"cent of the baseline in the draw) behind the best policy of the draw{limits(first)}, in the balance of protection and "
        f"cooperation. Next is {spoken(best[1])}: {number(second['value'], 1)}{limits(second)}. {_lead(lead, best[1])}",
        f"Good enough (in a draw at least {spec.protection_at_least:g} % of its baseline protected, at most "
        f"{spec.cooperation_lost_at_most:g} % of its cooperation lost): {met}.",
        f"Best in balance: {on_top}; were all alike, each would be in {share(1 / Q)}, and replicate noise is in these shares.",
        f"{spoken(named).capitalize()} protects {number(pooled['percent'], 1)} % of the pooled baseline, {spoken(baseline)} over "
        f"all draws together{_worlds(pooled)}. The mean over draws of the per cent protected in each is {number(own['mean'], 1)} %"
        f"{_worlds(own)}; from draw to draw {span(own['draw_low'], own['draw_high'])} % (5th to 95th percentile). Without "
        f"replicate noise the standard deviation between draws is {number(own['parameter_sd'], 1)}.",
        f"The order of the policies by balance {_agreement(concordance[0], spec)} from draw to draw (Kendall's W "
        f"{number(concordance[0], 2)}; 1 is one order in all, chance alone gives {number(1 / D, 2)}) and "
        f"{_agreement(concordance[1], spec)} from world to world ({number(concordance[1], 2)}; by "
        f"chance {number(1 / W, 2)}). Replicate noise is in both and lowers them.",
    ]


def _worlds(row: pd.Series[Any]) -> str:
    """Limits over worlds in brackets; nothing where one is missing."""
    found = span(float(row["world_low"]), float(row["world_high"]))
    return f" (worlds {found})" if found else ""


def _lead(lead: tuple[float, float, float], second: str) -> str:
    """Whether the policy of least regret is told apart from the next."""
    ahead, low, high = lead
    if np.isnan(low):
        return f"With under {_FEWEST_WORLDS} worlds nobody can say whether the two differ."
    words = f"the paired difference is {number(ahead, 1)} (worlds {span(low, high)})"
    return f"It is told apart from the next: {words}." if low > 0 else f"It is not told apart from {spoken(second)}: {words}."


def _most(rows: Sequence[Row], count: int) -> str:
    """The policies with the largest shares of draws, the first with its limits."""
    first, *others = sorted(rows, key=lambda row: -float(row["value"]))[:count]
    told = [f"{spoken(first['policy'])} in {share(first['value'])} of the draws{limits(first, 100, 0)}"]
    return ", ".join(told + [f"{spoken(row['policy'])} in {share(row['value'])}" for row in others])


def _agreement(concordance: float, spec: Spec) -> str:
    reached = {least: words for words, least in spec.agreement.items() if concordance >= least}
    return reached[max(reached)] if reached else _LEAST_AGREEMENT


def _sure(scores: Scores, spec: Spec, outcome: Outcome, study: Study) -> list[str]:
    _, _, D, W = scores.values.shape
    told = [
        f"{counted(D, 'draw')} of the unknown numbers, each in the same {counted(W, 'world')}. Limits after “draws” are 95 % "
        f"intervals for a sample of so many draws ({counted(spec.resamples, 'bootstrap sample')}); limits after “worlds” are 95 % "
        "intervals over worlds and luck (jackknife, Student's t). Neither holds the other. Limits of shares over "
        "draws are Wilson's.",
        "Regret is measured on worlds that did not choose the best policy; otherwise noise alone would give every policy some. "
        "Where policies are hard to tell apart it lies under the true regret; the column “uncorrected” lies above it.",
        f"A balance needs a price: here one per cent of {spoken(spec.cooperation)} lost cancels {spec.price:g} per cent of "
        "protection (analysis.robustness.price). That is a value judgement, and so are the thresholds.",
        "Shares of draws are no probabilities: the ranges say what is held possible, not how likely it is.",
        f"Protection is the {'rise' if is_better_up(outcome) else 'fall'} of {spoken(str(outcome))} against the baseline. Regret, "
        "thresholds, ranks and means are in per cent of the baseline's mean in the same draw; pooled figures, as those of the "
        "frontier, in per cent of its mean over all draws (limits over worlds: Fieller's). There draws with a high baseline weigh "
        "more.",
    ]
    if study.design.draw == "sobol" and study.design.table is None:
        told.append("Rows of Sobol's scheme share coordinates: the bootstrap draws whole base points.")
    if W < _FEWEST_WORLDS:
        told.append(f"With {counted(W, 'world')} there are no intervals over worlds; three or more give them (seeds=3).")
    return told


def _drawing(futures: pd.DataFrame, table: pd.DataFrame, baseline: str, outcome: Outcome, scores: Scores, runs: int) -> Drawing:
    _, Q, D, W = scores.values.shape
    condition = str(futures["condition"].iloc[0])
    worst = table[(table["score"] == "balance") & (table["measure"] == "regret_p90")].set_index("policy")["value"]
    order = [str(name) for name in worst.sort_values(kind="stable").index]
    return Drawing(
        name=f"regret_{condition}" if condition else "regret",
        function="regret",
        frame=futures.assign(worlds=W, runs=runs),
        caption=f"{outcome!s}; {Q} policies, baseline {spoken(baseline)}{f'; {spoken(condition)}' if condition else ''}.",
        alt=f"Regret of {Q} policies over {D} draws of the unknown numbers. Least in nine draws of ten: {spoken(order[0])}, "
        f"{number(worst[order[0]], 1)} per cent of the draw's baseline; most: {spoken(order[-1])}, {number(worst[order[-1]], 1)}.",
        options={"order": order},
    )
