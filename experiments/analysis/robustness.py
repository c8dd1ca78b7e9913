"""Which policy holds up when the model's assumptions are wrong: performance, regret and thresholds met over parameter draws.

After Savage (1951, regret), Starr (1963, the domain criterion: the share of futures in which a policy is good enough), Lempert,
Popper and Bankes (2003) and the taxonomy of McPhail and others (2018). A *future* is a parameter draw; worlds and luck are its
replicates, and a policy's value in a future is its expectation over them.

Policies are judged draw by draw, so regret, thresholds, ranks and means are in per cent of the baseline in the same draw, and a
mean over draws is a mean of such per cents. What a policy saves of the baseline over all draws together, a ratio of means as
``frontier`` gives it, is another number; it stands in a table of its own, ``pooled``. What policies are judged
by, and how noise is kept out of it, stands in ``regret``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.analysis.apart import APART_TABLE, set_apart, told_apart
from experiments.analysis.bundles import baseline_of, labels_of
from experiments.analysis.conditions import together, unsaid, where, with_condition
from experiments.analysis.over_worlds import RANGE_TOLD, chance_told, ranged
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
    whole_and_supported,
)
from experiments.analysis.ranges import too_few_worlds
from experiments.analysis.record import Analysis, Drawing, spec_from
from experiments.analysis.regret import (
    _COLUMNS,
    FEWEST_TO_COMPARE,
    SATISFIED,
    SCORE_NAMES,
    FutureScores,
    Lead,
    RobustnessSpec,
    concordance_of,
    drawn_terms,
    future_scores,
    futures_table,
    lead_of,
    leads_table,
    performance_table,
    pooled_table,
    robustness_table,
)
from experiments.analysis.spread import left_out
from experiments.analysis.surrogate import SURROGATE_TOLD, drawn_told
from experiments.design.plain import plain_names
from experiments.statistics import FEWEST_WORLDS, UP
from experiments.store.outcomes import Outcome, Study
from experiments.text import PER_CENT, Row, counted, in_per_cent, low_to_high, number, spoken
from sim.world.record import ConfigError

_NAME = "robustness"
_TABLES = (_NAME, "performance", "pooled", "leads", APART_TABLE, "regrets")
_HEADING = "Which policy holds up when the assumptions are wrong"
_LEAST_AGREEMENT = "holds hardly at all"


class Judged(NamedTuple):
    """What is found under one condition."""

    condition: str
    scores: FutureScores
    tables: tuple[pd.DataFrame, ...]  # as in _TABLES
    answer: list[str]
    sure: list[str]  # what holds under this condition alone
    drawing: Drawing | None  # None where nothing can be said
    few: list[str]  # policies on too few events, told


def unsuited(study: Study) -> str | None:
    """Why policies cannot be judged over draws in this study; None if they can."""
    return no_comparison(study)


def analyse(study: Study, outcome: Outcome) -> Analysis:
    """How every policy does over the draws, against the baseline in the same draw and worlds."""
    if reason := unsuited(study):
        raise ConfigError(f"store: found {study.name!r}, which does not suit {_NAME}: it {reason}; accepted: another store")
    spec = spec_from(_NAME, RobustnessSpec, study.asked)
    rises = is_better_up(outcome), is_better_up(Outcome.of(spec.cooperation), "analysis.robustness.cooperation")
    question = f"Whatever {len(study.design.uncertainties)} unknown numbers may be, which policy is good, or at least never bad?"
    found = [_judged(study, outcome, rises, condition, spec) for condition in paired_conditions(study)]
    told = [one for one in found if one.drawing is not None]
    if not told:
        return silent(_NAME, _HEADING, question, outcome, _COLUMNS, unsaid([one for one in found if one.few]))
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
        tables={
            name: together(one.tables[part] for one in told)
            for part, name in enumerate(_TABLES)
            if any(len(one.tables[part]) for one in told)
        },
        drawings=[one.drawing for one in told if one.drawing is not None],
    )


def _judged(study: Study, outcome: Outcome, rises: tuple[bool, bool], condition: str, spec: RobustnessSpec) -> Judged:
    """How every policy does under one condition; ``rises`` says whether more is better of the outcome and of cooperation."""
    kept = Outcome.of(spec.cooperation)
    outcome_arrays = [study.outcomes(one).of(condition=condition) for one in (outcome, kept)]
    names, baseline = labels_of(outcome_arrays[0].points, study.design), str(baseline_of(study.points, study.design))
    fewest = study.config.metrics.fewest_events
    every = [policies_of(outcomes, names) for outcomes in outcome_arrays]
    apart = set_apart(list(dict.fromkeys(names)), baseline)
    held, complete, left = whole_and_supported(
        every, [name for name in dict.fromkeys(names) if name not in apart], baseline, fewest
    )
    few = too_few(left, (outcome, kept), fewest)
    savings = [saving(found, baseline, up) for found, up in zip(held, rises, strict=True)]
    undefined = undefined_draws(savings)
    savings = [one[:, ~undefined] for one in savings]
    draws = held[0].futures["draw"].to_numpy(np.int64)[~undefined]
    scores = future_scores(held[0].names, savings, draws, spec.price if outcome != kept else 0.0)
    if scores.values.shape[2] < FEWEST_TO_COMPARE or baseline in left or len(scores.names) < FEWEST_TO_COMPARE:
        return Judged(condition, scores, (pd.DataFrame(),) * len(_TABLES), [], [], None, few)
    table = robustness_table(scores, spec, study.design)
    drawn = drawn_terms(held[0].futures[~undefined].reset_index(drop=True), study.design)
    spread, futures = performance_table(scores.names, savings, rises, baseline, drawn), futures_table(scores)
    pooled = pooled_table(held, rises, baseline)
    enough = _enough(held, fewest, scores.names.index(baseline))[:, ~undefined]
    futures.loc[~np.tile(enough.ravel(), len(SCORE_NAMES)), "gain"] = np.nan  # the number of one draw, by itself
    said = [
        *filter(None, [*few, left_out(complete.dropped)]),
        *told_apart(apart),
        *(f"{told} Pooled figures hold them too." for told in selected(int(undefined.sum()))),
    ]
    runs = scores.values.shape[1] * savings[0][0].size
    led = leads_table(scores, baseline)
    others = _not_ranked(every, apart, baseline, rises, fewest)
    tables = tuple(with_condition(one, condition) for one in (table, spread, pooled, led, others, futures))
    answer = _answers(scores, table, (spread, pooled, led), spec, baseline)
    drawing = _drawing(tables[-1], table, baseline, outcome, scores, runs)
    return Judged(condition, scores, tables, answer, said, drawing, few)


def _not_ranked(
    every: Sequence[Policies], apart: Mapping[str, str], baseline: str, rises: tuple[bool, bool], fewest: int
) -> pd.DataFrame:
    """What is saved, as ``pooled``, by what is in no ranking, with its kind; no rows where there is none or events are too few."""
    held, _, left = whole_and_supported(every, [baseline, *apart], baseline, fewest) if apart else ([], None, [])
    if not held or baseline in left or len(held[0].names) < FEWEST_TO_COMPARE or not held[0].values.size:
        return pd.DataFrame()
    frame = pooled_table(held, rises, baseline)
    frame.insert(1, "kind", frame["policy"].map(dict(apart)))
    return frame


def _enough(held: Sequence[Policies], fewest: int, baseline: int) -> NDArray[np.bool_]:
    """Where a policy and the baseline, which has that place, both have events enough for a number of one draw, ``[Q, D]``."""
    enough = np.all([one.counts.sum((2, 3)) >= fewest for one in held], axis=0)
    return np.asarray(enough & enough[baseline])


# --- what it says ---------------------------------------------------------------------------------------------------------


def _order(table: pd.DataFrame) -> list[str]:
    """Policies by the 90th percentile of their regret in balance, the least first."""
    chosen = table[(table["score"] == "balance") & (table["measure"] == "regret_p90")]
    return [str(name) for name in chosen.sort_values("value", kind="stable")["policy"]]


def _answers(
    scores: FutureScores,
    table: pd.DataFrame,
    beside: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    spec: RobustnessSpec,
    baseline: str,
) -> list[str]:
    """Sentences from the measures, from what is saved, draw by draw and pooled, and from who leads in how many worlds."""
    best, concordance = _order(table), concordance_of(scores)
    lead = lead_of(scores, best[0], best[1], spec)
    _, Q, D, W = scores.values.shape
    rows = {(row["policy"], row["score"], row["measure"]): row for row in table.to_dict("records")}
    first, second = (rows[name, "balance", "regret_p90"] for name in best[:2])
    met = _most([rows[name, "both", SATISFIED] for name in best], spec.named)
    on_top = _most([rows[name, "balance", "best_share"] for name in best], spec.named)
    named = best[0] if best[0] != baseline else best[1]
    own, pooled = (part[(part["policy"] == named) & (part["score"] == "protection")].iloc[0] for part in beside[:2])
    return [
        f"Least regret: {spoken(best[0])}. In nine draws of ten it lies at most {number(first['value'], 1)} points (per "
        f"cent of the baseline in the draw) behind the best policy of the draw {_by_world(first)}{_drawn(first)}, in the balance "
        "of protection and cooperation. "
        f"Next is {spoken(best[1])}: {number(second['value'], 1)} {_by_world(second)}{_drawn(second)}. {_lead(lead, best[1])}",
        f"Good enough (in a draw at least {spec.protection_at_least:g} % of its baseline protected, at most "
        f"{spec.cooperation_lost_at_most:g} % of its cooperation lost): {met}.",
        f"Best in balance: {on_top}; were all alike, each would be in {in_per_cent(1 / Q)}, and replicate noise is "
        f"in these shares. {_leading(beside[2], spec.named)}",
        f"{spoken(named).capitalize()} protects {number(pooled['percent'], 1)} % of the pooled baseline, {spoken(baseline)} over "
        f"all draws together {ranged(pooled)}. The mean over draws of the per cent protected in each is {number(own['mean'], 1)} % "
        f"{ranged(own)}; from draw to draw {drawn_told(own, 1, ' %')}. Without replicate noise the "
        f"standard deviation between draws is {number(own['parameter_sd'], 1)}.",
        f"The order of the policies by balance {_agreement(concordance[0], spec)} from draw to draw (Kendall's W "
        f"{number(concordance[0], 2)}; 1 is one order in all, chance alone gives {number(1 / D, 2)}) and "
        f"{_agreement(concordance[1], spec)} from world to world ({number(concordance[1], 2)}; by "
        f"chance {number(1 / W, 2)}). Replicate noise is in both and lowers them.",
    ]


def _by_world(row: Row, scale: float = 1.0, decimals: int = 1) -> str:
    """What worlds say of a measure of the mean over worlds: the same measure in single worlds may lie beside it."""
    mean = f"on the mean over {counted(int(row['worlds']), 'world')}"
    return f"{mean} {ranged(row, scale=scale, decimals=decimals, over='world by world')}"


def _drawn(row: Row, scale: float = 1.0, decimals: int = 1) -> str:
    """The simulation error of having drawn so few draws, in brackets; nothing where it is not known."""
    low, high = (scale * float(row[f"draw_error_{end}"]) for end in ("low", "high"))
    found = low_to_high(low, high, decimals)
    return f" (simulation error over draws {found})" if found else ""


def _lead(lead: Lead, second: str) -> str:
    """Whether the policy of least regret is told apart from the next."""
    found, worlds = lead.found, int(lead.found.worlds)
    if worlds < FEWEST_WORLDS:
        return f"Whether the two differ cannot be told: {too_few_worlds(worlds)}."
    row: Row = {name: column.item() for name, column in found.columns().items()}
    words = f"the paired difference is {number(lead.ahead, 1)} {ranged(row)}"
    if found.verdict == UP:
        return f"It is ahead of the next: {words}."
    return f"It is not told apart from {spoken(second)}: {words}."


def _leading(led: pd.DataFrame, count: int) -> str:
    """Who leads in how many worlds, how far it lies behind otherwise, and its ranks."""
    rows = led[led["score"] == "balance"].sort_values("worlds_leading", ascending=False, kind="stable").head(count)
    told = [
        f"{spoken(row['policy'])} in {in_per_cent(row['worlds_leading'])} (mean regret {number(row['regret'], 1)}; "
        f"rank {number(row['rank_world_low'], 0)} to {number(row['rank_world_high'], 0)})"
        for row in rows.to_dict("records")
        if not np.isnan(row["rank_world_low"])
    ]
    worlds = counted(int(rows["worlds"].iloc[0]), "world")
    return f"On the mean over draws the best of {worlds}: {', '.join(told)}." if told else ""


def _most(rows: Sequence[Row], count: int) -> str:
    """The policies with the largest shares of draws, the first with what worlds say of it."""
    first, *others = sorted(rows, key=lambda row: -float(row["value"]))[:count]
    sure = f"{_by_world(first, PER_CENT, 0)}{_drawn(first, PER_CENT, 0)}"
    told = [f"{spoken(first['policy'])} in {in_per_cent(first['value'])} of the draws {sure}"]
    return ", ".join(told + [f"{spoken(row['policy'])} in {in_per_cent(row['value'])}" for row in others])


def _agreement(concordance: float, spec: RobustnessSpec) -> str:
    reached = {least: words for words, least in spec.agreement.items() if concordance >= least}
    return reached[max(reached)] if reached else _LEAST_AGREEMENT


def _sure(scores: FutureScores, spec: RobustnessSpec, outcome: Outcome, study: Study) -> list[str]:
    _, _, D, W = scores.values.shape
    told = [
        f"{counted(D, 'draw')} of the unknown numbers, each in the same {counted(W, 'world')}. {chance_told(W)} {RANGE_TOLD} "
        "Here it is that of a jackknife over worlds (Student's t).",
        "Simulation error over draws is that of having drawn no more (95 %, "
        f"{counted(spec.resamples, 'bootstrap sample')}; of shares Wilson's).",
        SURROGATE_TOLD,
        "Regret, thresholds met, ranks and first places are those of policies on the mean over worlds, in each draw. World by "
        "world they may lie beside that on one side: on the mean what worlds differ by cancels, so that more draws may meet a "
        "threshold than in any single world. For the one real world the figures world by world are the answer.",
        "In a single world regret is how far a policy lies behind the one that the other worlds choose as the best of each draw, "
        "never below zero; luck is in it, as in the shares and ranks of a single world.",
        "Regret is measured on worlds that did not choose the best policy; otherwise noise alone would give every policy some. "
        "Where policies are hard to tell apart it lies under the true regret; the column “uncorrected” lies above it.",
        f"A balance needs a price: here one per cent of {spoken(spec.cooperation)} lost cancels {spec.price:g} per cent of "
        "protection (analysis.robustness.price). That is a value judgement, and so are the thresholds.",
        "Shares of draws are no probabilities: the ranges say what is held possible, not how likely it is.",
        f"Protection is the {'rise' if is_better_up(outcome) else 'fall'} of {spoken(str(outcome))} against the baseline. Regret, "
        "thresholds, ranks and means are in per cent of the baseline's mean in the same draw; pooled figures, as those of the "
        "frontier, in per cent of its mean over all draws (simulation error: Fieller's). There draws with a high baseline weigh "
        "more.",
    ]
    if study.design.draw == "sobol" and study.design.table is None:
        told.append("Rows of Sobol's scheme share coordinates: the bootstrap draws whole base points.")
    return told


def _drawing(
    futures: pd.DataFrame, table: pd.DataFrame, baseline: str, outcome: Outcome, scores: FutureScores, runs: int
) -> Drawing:
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
        options={"order": order, "names": plain_names(order)},
    )
