"""What protection costs: the policies that none outdoes, the knee of their front, and the cheapest that does what is wanted.

Protection is by how much a policy betters the outcome that is asked for (by default the share of abusive cases that end in
disclosure, which is to fall), cost is what it takes off legitimate cooperation; both in per cent of the
pooled baseline, its mean over all draws and worlds: a ratio of means. Only ``share_of_draws`` goes draw by draw, in per cent of the
baseline in each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from experiments.analysis.apart import APART_TABLE, of_labels, set_apart, told_apart
from experiments.analysis.bundles import JOIN, baseline_of, baselines_of, labels_of
from experiments.analysis.conditions import together
from experiments.analysis.over_worlds import RANGE_TOLD, chance_told, ranged
from experiments.analysis.policies import single_ends
from experiments.analysis.record import Analysis, Drawing, spec_from
from experiments.analysis.scored import (
    FEWEST_WORLDS_TO_CHOOSE,
    FrontierSpec,
    PolicyScores,
    choices_of,
    frontier_table,
    policy_scores,
)
from experiments.design.designs import Design
from experiments.design.plain import plain_names
from experiments.store.outcomes import Outcome, Outcomes, Study, conditions_in
from experiments.text import PER_CENT, in_a_row, in_quotation_marks, number, spoken, under
from sim.metrics import COOPERATION_ESTIMANDS, WANTED
from sim.world.record import ConfigError

_NAME = "frontier"
_RANKING = ("on_frontier", "share_", "knee", "cheapest", "rank", "bundle", "leads", "regret")  # columns of who outdoes whom
_FEWEST = 3  # policies of which it is worth asking who outdoes whom


def unsuited(study: Study) -> str | None:
    """Why no frontier can be drawn of a study; None where it can."""
    design, points = study.design, study.points
    if not (design.levers or design.scenarios or design.arms or design.search):
        return "wants policies to choose from (design.levers, scenarios, arms or search)"
    if reason := single_ends(design):
        return reason
    base = baseline_of(points, design)
    lacks = (_lacking(points, points[points["condition"] == condition], design, base) for condition in conditions_in(points))
    return next(filter(None, lacks), None)


def _lacking(points: pd.DataFrame, of_it: pd.DataFrame, design: Design, base: str | None) -> str | None:
    """What the points of one condition, ``of_it``, lack for a frontier; None where they lack nothing."""
    labels = labels_of(of_it, design)
    if base is None or base not in labels:
        return _without(points, design)
    if len(set(labels)) < _FEWEST:
        return f"wants {_FEWEST} policies or more; found {len(set(labels))}"
    if design.search is None and design.uncertainties:
        at_base = [label == base for label in labels]
        if set(of_it["draw"]) != set(of_it.loc[at_base, "draw"]):
            return f"wants the baseline {base} in every parameter draw"
    alone = labels_of(of_it[of_it["against"] == ""], design)
    return f"wants the baseline {base} in the world of every policy; found none in that of {alone[0]}" if alone else None


def _without(points: pd.DataFrame, design: Design) -> str:
    """What is wrong where policies are not read against one baseline that is among them."""
    if len(found := baselines_of(points, design)) > 1:
        return f"wants one baseline that all policies are read against; found {len(found)}: {in_a_row(found)}"
    return f"wants the baseline {design.baseline} among its policies"


def analyse(study: Study, outcome: Outcome) -> Analysis:
    """The Pareto front of every policy of a study, condition by condition.

    Raises ``ConfigError`` where the store lacks one of the two estimands, or the baseline has none of one of them, or fewer events
    than ``metrics.fewest_events`` under every condition.
    """
    spec = spec_from(_NAME, FrontierSpec, study.asked)
    both = _protection_and_cost(study, outcome, spec)
    labels, base = labels_of(both[0].points, study.design), str(baseline_of(both[0].points, study.design))
    apart = set_apart(list(dict.fromkeys(labels)), base)
    ranked = [label for label in labels if label not in apart]
    outcome_arrays = of_labels(both[0], labels, ranked), of_labels(both[1], labels, ranked)
    fewest = study.config.metrics.fewest_events
    found, silent = _scores_of(study, outcome_arrays, spec)
    if not found:
        raise _too_few(outcome_arrays, fewest)
    tables = {
        "frontier": together(frontier_table(scores, spec) for scores in found),
        "choices": together(choices_of(scores, spec) for scores in found),
    }
    others = [of_labels(one, labels, [base, *apart]) for one in both]
    if len(beside := _not_ranked(study, (others[0], others[1]), apart, spec)):
        tables[APART_TABLE] = beside
    sure = [
        *_sure(found, tables["choices"], study, outcome_arrays, spec),
        *_few(found, silent, fewest, spec.named),
        *told_apart(apart),
    ]
    does = _does(outcome_arrays[0].outcome)
    return Analysis(
        _NAME,
        "What protection costs in cooperation",
        study.design.question,
        [under(scores.menu.condition, said) for scores in found for said in _told(scores, tables, spec, does)],
        sure,
        tables,
        [_drawing(scores, tables["frontier"], study.design) for scores in found],
    )


def _not_ranked(study: Study, both: tuple[Outcomes, Outcomes], apart: Mapping[str, str], spec: FrontierSpec) -> pd.DataFrame:
    """What policies protect and cost that are in no ranking, with their kind; no rows where there is none or events are too few."""
    found = _scores_of(study, both, spec)[0] if apart else []
    if not found:
        return pd.DataFrame()
    frame = together(frontier_table(scores, spec) for scores in found)
    frame = frame[frame["label"].isin([*apart])].reset_index(drop=True)
    frame = frame.drop(columns=[name for name in frame.columns if name.startswith(_RANKING)])
    frame.insert([str(name) for name in frame.columns].index("label") + 1, "kind", frame["label"].map(dict(apart)))
    return frame


def _scores_of(study: Study, outcome_arrays: tuple[Outcomes, Outcomes], spec: FrontierSpec) -> tuple[list[PolicyScores], list[str]]:
    """What every policy protects and costs under each condition; and the conditions with too few events for that."""
    fewest = study.config.metrics.fewest_events
    every = {
        condition: policy_scores(*outcome_arrays, study.design, condition, spec, fewest)
        for condition in conditions_in(study.points)
    }
    silent = [condition for condition, scores in every.items() if scores is None]
    return [scores for scores in every.values() if scores is not None], silent


def _too_few(outcome_arrays: Sequence[Outcomes], fewest: int) -> ConfigError:
    """That the baseline has too few events under every condition, as it is told."""
    both = " or of ".join(str(outcomes.outcome) for outcomes in outcome_arrays)
    return ConfigError(
        f"outcome: found fewer than {fewest} events of {both} in the baseline; accepted: estimands with more events "
        "(metrics.fewest_events)"
    )


def _protection_and_cost(study: Study, outcome: Outcome, spec: FrontierSpec) -> tuple[Outcomes, Outcomes]:
    """What protection and what cooperation is measured by, of every run.

    Raises ``ConfigError`` for a protection that is none, and where the baseline has none of one of the two.
    """
    wanted = outcome if spec.protection is None else Outcome.of(spec.protection)
    if wanted.metric in COOPERATION_ESTIMANDS or WANTED[wanted.metric] is None:
        why = (
            "which tells of cooperation"
            if wanted.metric in COOPERATION_ESTIMANDS
            else "of which neither more nor less is better for people"
        )
        able = [name for name, way in WANTED.items() if way and name not in COOPERATION_ESTIMANDS]
        raise ConfigError(f"outcome: found {str(wanted)!r}, {why}; accepted: {', '.join(able)}")
    outcome_arrays = study.outcomes(wanted), study.outcomes(Outcome(spec.cooperation))
    for outcomes in outcome_arrays:
        rows = np.array(labels_of(outcomes.points, study.design)) == baseline_of(outcomes.points, study.design)
        if not np.nan_to_num(outcomes.values[rows]).any():
            raise ConfigError(f"outcome: found no {outcomes.outcome} in the baseline; accepted: an estimand that the baseline has")
    return outcome_arrays


# --- sentences ------------------------------------------------------------------------------------------------------------


def _scored(table: pd.DataFrame, label: str, does: str) -> str:
    """One sentence: what a policy protects and what it costs, with what worlds say of both."""
    row = table[table["label"] == label].iloc[0]
    gain, loss = (f"{number(float(row[name]))} % {ranged(row, name, decimals=None)}" for name in ("protection", "lost"))
    return f"{does} {gain} and costs {loss} of the needs met"


def _does(outcome: Outcome) -> str:
    """The verb of what protection is: a harm is prevented, a good thing is added."""
    return "adds" if WANTED[outcome.metric] == "up" else "prevents"


def _named(label: str) -> str:
    """A policy's label in words: its parts in quotation marks."""
    return in_a_row([in_quotation_marks(part) for part in label.split(JOIN)])


def _told(scores: PolicyScores, tables: dict[str, pd.DataFrame], spec: FrontierSpec, does: str) -> Iterator[str]:
    """Sentences on one condition, most important first."""
    menu, choice, front = scores.menu, scores.choice, int(scores.front.sum())
    table = tables["frontier"]
    of_it = table[table["condition"] == menu.condition]
    often = int((of_it["share_of_worlds"] >= spec.often).sum())
    named = "the full bundle" if menu.labels[scores.full] == spec.full else "what protects most"
    full = "all levers on" if menu.full is not None else named
    made_of = "every lever at its last level" if menu.full is not None else _named(menu.labels[scores.full])
    told = bool(np.isfinite(scores.protection.ratio[scores.full]))
    yield (
        f"of {len(menu.labels)} policies {front} {'is' if front == 1 else 'are'} outdone by no other in both protection and "
        f"cost; world by world {often} {'is' if often == 1 else 'are'} so in at least "
        f"{number(PER_CENT * spec.often)} % of {menu.worlds} worlds. {full.capitalize()} "
        f"({made_of}) {_scored(of_it, menu.labels[scores.full], does) if told else 'has no number, on too few events'}."
    )
    if choice.knee is not None:
        knee = f"{_named(menu.labels[choice.knee])}: it {_scored(of_it, menu.labels[choice.knee], does)}"
        yield f"the knee of the front, from which more protection comes dearer, is {knee}."
    else:
        yield "the front has no knee: no policy on it lies above the straight line between its ends."
    if choice.cheapest is None:
        yield f"no policy is sought for the target, because {full} {f'{does} nothing' if told else 'has no number'}."
    else:
        chance = float(of_it.loc[of_it["cheapest"], "share_reaching"].iloc[0])
        yield (
            f"the cheapest policy that does at least {number(PER_CENT * spec.target)} % of what {full} does is "
            f"{_named(menu.labels[choice.cheapest])}: it {_scored(of_it, menu.labels[choice.cheapest], does)}, "
            f"and reaches the target in {number(PER_CENT * chance)} % of {menu.worlds} worlds."
        )
    yield from _honest(tables["choices"], menu.condition, does)


def _honest(choices: pd.DataFrame, condition: str, does: str) -> Iterator[str]:
    """Sentences on how the choices fare in worlds that they have not seen."""
    for row in choices[choices["condition"] == condition].to_dict("records"):
        if np.isnan(row["held_out_lost"]):
            continue
        name = "the knee" if row["choice"] == "knee" else "the cheapest to reach the target"
        fared = f"{does} {number(row['held_out_protection'])} % and costs {number(row['held_out_lost'])} %"
        enough = (
            "" if np.isnan(row["reaching"]) else f" It then reaches the target in {number(PER_CENT * row['reaching'])} % of splits."
        )
        same = f"{number(PER_CENT * row['same'])} % of the halves choose the same policy as all worlds do."
        yield f"chosen on a random half of the worlds and judged on the other half, {name} {fared}; {same}{enough}"


def _sure(
    found: list[PolicyScores], choices: pd.DataFrame, study: Study, outcome_arrays: tuple[Outcomes, Outcomes], spec: FrontierSpec
) -> Iterator[str]:
    """Sentences on how sure the numbers are: what their intervals hold and what they do not."""
    first = found[0].menu
    yield (
        f"All numbers stand on {first.worlds} worlds; every policy met the same worlds and replicates as the baseline. "
        f"{chance_told(first.worlds)} {RANGE_TOLD} Here it is Fieller's, of one policy at a time; each world's value is in per "
        "cent of its own baseline."
    )
    yield from _left_out(found)
    draws = len(first.gain_draws)
    moved = "rise" if WANTED[outcome_arrays[0].outcome.metric] == "up" else "fall"
    yield (
        f"Protection is the {moved} of {spoken(str(outcome_arrays[0].outcome))}, cost the fall of "
        f"{spoken(str(outcome_arrays[1].outcome))}, "
        f"both in per cent of the pooled baseline, its mean over all {'draws and ' if draws > 1 else ''}worlds; a cost below "
        "zero is a gain."
    )
    if draws > 1:
        yield (
            f"Scores are ratios of means over {draws} parameter draws, not means of the per cent in each; ranges and shares of "
            "worlds hold worlds and luck alone. What is not known of the parameters stands apart, in share_of_draws: in how "
            "many draws a policy is on the front; each draw is a mean over few runs, so replicate noise is in it."
        )
    else:
        yield "Parameters are held at one value each: nothing here speaks of what is not known about them."
    yield (
        f"Shares of worlds and ranges of ranks tell how it stands in each of {first.worlds} worlds by itself; luck is in them, and "
        "a policy that just misses the front may be as good as one on it. adjusted_p in the table holds for all policies together "
        "(max-t)."
    )
    split = bool((choices["splits"] > 0).any())
    corrected = (
        "choices.csv corrects for it by choosing on half of the worlds and judging on the other; a half chooses worse than the "
        "whole, so this is strict."
        if split
        else f"Nothing corrects for it: the worlds are too few to choose on half of them (under {FEWEST_WORLDS_TO_CHOOSE})."
    )
    yield f"The best of {len(first.labels)} looks better than it is, because what was chosen was lucky too. {corrected}"
    if study.design.search is not None:
        yield "A search looks where it has found good policies before: of what it has not visited nothing is known."


def _few(found: list[PolicyScores], silent: list[str], fewest: int, most: int) -> Iterator[str]:
    """Policies, and conditions, on fewer events than a number may stand on."""
    for menu in (scores.menu for scores in found):
        few = [_named(label) for label, is_few in zip(menu.labels, menu.few(fewest), strict=True) if is_few]
        if few:
            named = "; ".join(few[:most]) + (f"; and {len(few) - most} more" if len(few) > most else "")
            yield under(menu.condition, f"without a number, on fewer than {fewest} events (metrics.fewest_events): {named}.")
    if silent:
        names = in_a_row([spoken(condition) for condition in silent])
        yield f"Nothing is said of {names}: fewer than {fewest} events stand behind the baseline (metrics.fewest_events)."


def _left_out(found: list[PolicyScores]) -> Iterator[str]:
    """Sentences on runs that are left out because not every policy has its values in them."""
    for menu in (scores.menu for scores in found):
        if menu.even and menu.dropped:
            yield under(
                menu.condition,
                f"runs in which a policy{' or draw' if len(menu.gain_draws) > 1 else ''} lacks a value are left out for all: "
                f"{menu.dropped} dropped.",
            )
        elif not menu.even:
            yield under(
                menu.condition,
                f"in no run does every policy have its values; the runs with the most are kept, {menu.dropped} dropped, and "
                "policies that lack some of these stand on other worlds than the rest.",
            )


def _drawing(scores: PolicyScores, table: pd.DataFrame, design: Design) -> Drawing:
    """The figure of one condition: its rows of the table, title and caption."""
    menu = scores.menu
    ending = f"_{menu.condition}" if menu.condition else ""
    title = "What protection costs" + (f" ({spoken(menu.condition)})" if menu.condition else "")
    held = f"mean over {len(menu.gain_draws)} parameter draws" if len(menu.gain_draws) > 1 else "parameters held"
    return Drawing(
        f"pareto{ending}",
        "pareto",
        table[table["condition"] == menu.condition].drop(columns="condition").reset_index(drop=True),
        f"{len(menu.labels)} policies, {menu.runs} runs each in {menu.worlds} worlds, {held}.",
        "Cloud of policies by what they protect and cost, with the front of those that none outdoes; numbers in frontier.csv.",
        {"title": title},
        {"baseline": menu.labels[menu.baseline], "order": list(design.levers)}
        | {"names": plain_names([*design.levers, *menu.labels])},
    )
