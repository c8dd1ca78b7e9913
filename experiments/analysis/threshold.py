"""What moves with a number that a text fixes: the outcome at each level, how steep each step is, and whether one is a cliff.

For S21, the line of years from which a crime is serious; it reads any design whose policies set one number of one key. Levels meet
the same draws, worlds and luck, so steps are paired. A step is told per unit of the number, for levels may stand unevenly. The
independent units of its interval are the worlds. The largest of several steps looks large by chance: it is called a cliff only if
it exceeds every other step in intervals that hold together (Bonferroni over all pairs of steps, Student's t).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field, StrictFloat, StrictInt
from scipy import stats

from experiments.analysis.conditions import together, where, with_condition
from experiments.analysis.policies import Policies, key_varied, policies_of, policy_numbers, single_ends
from experiments.analysis.record import Analysis, Drawing, spec_from
from experiments.analysis.spread import CompletePart, bands_of, complete, complete_part, left_out, share_limits
from experiments.statistics import LEVEL, mean_of
from experiments.store.outcomes import Outcome, Study, conditions_in
from experiments.text import PER_CENT, Row, band, counted, in_a_row, in_per_cent, number, spoken, uncertainty
from sim.arrays import Reals
from sim.world.ranges import Range
from sim.world.record import ConfigError, Record

_NAME = "threshold"
_FEWEST = 2  # worlds, and draws, that are to have a spread
_FEWEST_LEVELS = 3  # two steps: a cliff is one among others
_STEPS = (
    "outcome",
    "from",
    "to",
    "per_unit",
    "world_low",
    "world_high",
    "draw_low",
    "draw_high",
    "largest_share",
    "chance_share",
    "at_line",
)


class ThresholdSpec(Record):
    """What ``configs/analysis/threshold.yaml`` says."""

    beside: str | None  # estimand that is shown beside the outcome asked for
    line: Annotated[StrictFloat, Range(0.001, 1e9)]  # the level as adopted, where a cliff is looked for
    unit: str  # of the number that is varied, in the singular
    digits: Annotated[StrictInt, Field(ge=1, le=9)]  # significant ones of a mean in a sentence


class Steps(NamedTuple):
    """How an outcome changes from level to level, per unit of the number, in per cent of its pooled mean at the line."""

    levels: list[float]  # [K]
    cells: Reals  # [K - 1, D, W]


class Curve(NamedTuple):
    """One outcome at every level, under one condition."""

    outcome: Outcome
    condition: str
    levels: pd.DataFrame
    changes: pd.DataFrame
    table: pd.DataFrame  # of steps
    steps: Steps
    kept: CompletePart  # draws, worlds and replicates that all levels have
    begun: list[str]  # levels without a number, for they have few of their runs


def unsuited(study: Study) -> str | None:
    """Why no outcome can be drawn against a number in this study; None if one can."""
    design = study.design
    if not key_varied(design) or (numbers := policy_numbers(study.points, design)) is None:
        return "wants policies that set one number of one key (design.arms, or one lever with levels)"
    if len(set(numbers)) < _FEWEST_LEVELS:
        return f"wants {_FEWEST_LEVELS} levels of {key_varied(design)} or more"
    return single_ends(design)


def analyse(study: Study, outcome: Outcome) -> Analysis:
    """The outcome, and another beside it, at every level. Raises ``ConfigError`` where the store lacks one of them."""
    spec = spec_from(_NAME, ThresholdSpec, study.asked)
    outcomes = [outcome, *([] if spec.beside in (None, str(outcome)) else [Outcome.of(str(spec.beside))])]
    if policy_numbers(study.points, study.design) is None:
        raise ConfigError(f"store: found {study.name!r}, which {unsuited(study)}; accepted: threshold_sweep, threshold_fan")
    curves = [_curve(study, one, condition, spec) for condition in conditions_in(study.points) for one in outcomes]
    levels, changes = together(curve.levels for curve in curves), together(curve.changes for curve in curves)
    key = key_varied(study.design)
    drawings = [_drawings(condition, levels, changes, spec, key) for condition in conditions_in(study.points)]
    return Analysis(
        name=_NAME,
        heading=f"What moves with {key}",
        question=study.design.question,
        answer=[said for curve in curves for said in where(curve.condition, _answers(curve, spec))],
        sure=_sure(curves, levels),
        tables={_NAME: levels, "changes": changes, "steps": together(curve.table for curve in curves)},
        drawings=list(chain.from_iterable(drawings)),
    )


def _curve(study: Study, outcome: Outcome, condition: str, spec: ThresholdSpec) -> Curve:
    """One outcome under one condition."""
    outcomes = study.outcomes(outcome).of(condition=condition)
    names = [f"{value:g}" for value in policy_numbers(outcomes.points, study.design) or []]
    policies, kept, begun = supported_levels(policies_of(outcomes, names), study.config.metrics.fewest_events)
    steps = slopes_of(policies, spec.line)
    tables = (
        levels_table(policies, outcome),
        changes_table(policies, outcome, spec.line),
        steps_table(steps, outcome, spec.line),
    )
    named = [with_condition(table, condition, 1) for table in tables]
    return Curve(outcome, condition, named[0], named[1], named[2], steps, kept, begun)


# --- numbers --------------------------------------------------------------------------------------------------------------


def supported_levels(policies: Policies, fewest: int) -> tuple[Policies, CompletePart, list[str]]:
    """As ``shared``, without the values of levels on fewer events, pooled over the runs that are kept, than a rate may stand on."""
    found, kept, begun = shared(supported_values(policies, fewest))
    few = (found.events < fewest) & ~np.isnan(found.values).all((1, 2, 3))
    if not few.any():
        return found, kept, begun
    return supported_levels(policies._replace(values=np.where(few[:, None, None, None], np.nan, policies.values)), fewest)


def supported_values(policies: Policies, fewest: int) -> Policies:
    """The same without the values of levels on fewer events, pooled over all runs, than a rate may stand on."""
    few = policies.events < fewest
    return policies._replace(values=np.where(few[:, None, None, None], np.nan, policies.values))


def shared(policies: Policies) -> tuple[Policies, CompletePart, list[str]]:
    """The same in the draws, worlds and replicates that all levels have, which these are, and the levels left without a number.

    Otherwise levels would differ by who was asked. A level with under half of the runs of the fullest one is no reason to drop
    those of the others.
    """
    known = ~np.isnan(policies.values)
    runs = known.sum((1, 2, 3))
    told = runs * 2 >= max(int(runs.max()), 1)
    kept = complete_part(known[told].all(0) if told.any() else np.zeros(known.shape[1:], bool), known[told].any(0))
    values = np.where(told[:, None, None, None], kept.of(policies.values), np.nan)
    begun = [name for name, count, enough in zip(policies.names, runs, told, strict=True) if count and not enough]
    futures = policies.futures[kept.draws].reset_index(drop=True)
    counts = np.asarray(policies.counts[:, kept.draws][:, :, kept.worlds][..., kept.replicates])
    return Policies(policies.names, futures, values, counts), kept, begun


def levels_table(policies: Policies, outcome: Outcome) -> pd.DataFrame:
    """``outcome, unit, level, events`` and the bands of ``spread.Bands``, a row a level, the lowest first."""
    rows = [
        {"outcome": str(outcome), "unit": outcome.unit, "level": float(name), "events": events, **bands_of(values)._asdict()}
        for name, values, events in zip(policies.names, policies.values, policies.events, strict=True)
    ]
    return pd.DataFrame(rows).sort_values("level", ignore_index=True)


def changes_table(policies: Policies, outcome: Outcome, line: float) -> pd.DataFrame:
    """The same for the paired change against the level nearest to the line, per cent of its mean there, pooled over draws."""
    nearest = min(policies.names, key=lambda name: abs(float(name) - line))
    before = policies.of(nearest)
    level = float(complete(before)[0].mean()) if len(complete(before)[0]) else 0.0
    scale = PER_CENT / level if level > 0 else np.nan
    changed = policies._replace(values=scale * (policies.values - before))
    return levels_table(changed, outcome).assign(unit=f"change against {nearest}, % of the pooled mean there")


def slopes_of(policies: Policies, line: float) -> Steps:
    """Slopes between neighbouring levels, per cent of the mean at the line (or the level nearest to it) for one unit of the number.

    Levels without any value are left out, and whatever one of the others lacks.
    """
    policies, _, _ = shared(policies)
    order = np.argsort([float(name) for name in policies.names])
    known = [int(place) for place in order if not np.isnan(policies.values[place]).all()]
    levels = [float(policies.names[place]) for place in known]
    cells = mean_of(policies.values[known])  # [K, D, W]
    if len(known) < _FEWEST or not cells.size:
        return Steps(levels, np.zeros((0, 0, 0)))
    level = float(cells[int(np.argmin(np.abs(np.array(levels) - line)))].mean())
    scale = PER_CENT / level if level > 0 else np.nan
    return Steps(levels, scale * np.diff(cells, axis=0) / np.diff(levels)[:, None, None])


def steps_table(steps: Steps, outcome: Outcome, line: float) -> pd.DataFrame:
    """``outcome, from, to, per_unit, world_low, world_high, draw_low, draw_high, largest_share, at_line``, a row a step.

    Limits over worlds hold for all steps together (95 %), those over draws are the 5th and 95th percentile of one step.
    ``largest_share`` is the share of draws in which the step is the steepest on means over worlds, replicate noise among them,
    and ``chance_share`` what it would be if all were alike; ``at_line`` whether it begins or ends there.
    """
    K = len(steps.cells)
    if not K:
        return pd.DataFrame(columns=[*_STEPS])
    half = _half(steps.cells.mean(1), K)
    means = steps.cells.mean((1, 2))
    of_draw = mean_of(steps.cells)  # [K, D]
    steepest = np.abs(of_draw).argmax(0)
    rows = []
    for k, (start, stop) in enumerate(pairwise(steps.levels)):
        bands = bands_of(steps.cells[k][:, :, None])
        rows.append(
            {
                "outcome": str(outcome),
                "from": start,
                "to": stop,
                "per_unit": means[k],
                "world_low": means[k] - half[k],
                "world_high": means[k] + half[k],
                "draw_low": bands.draw_low,
                "draw_high": bands.draw_high,
                "largest_share": float((steepest == k).mean()) if of_draw.shape[1] >= _FEWEST else np.nan,
                "chance_share": 1.0 / K,
                "at_line": line in (start, stop),
            }
        )
    return pd.DataFrame(rows, columns=[*_STEPS])


def _half(worlds: Reals, together: int) -> Reals:
    """Half-widths of intervals of means over worlds ``[..., W]``, so many of which hold together in 95 % (Bonferroni)."""
    W = worlds.shape[-1]
    if W < _FEWEST:
        return np.full(worlds.shape[:-1], np.nan)
    return np.asarray(stats.t.ppf(1 - (1 - LEVEL) / (2 * together), W - 1) * worlds.std(-1, ddof=1) / np.sqrt(W))


class Cliff(NamedTuple):
    """The steepest step against the others."""

    place: int  # of the steepest
    ahead: float  # by how much it exceeds the next steepest, per cent for one unit
    low: float  # least lower limit of what it exceeds any other by, all pairs of steps together; missing for one world
    turns: list[int]  # steps that surely go the other way than the whole does


def cliff_of(steps: Steps) -> Cliff:
    """Whether the steepest step exceeds every other, and whether any turns back, on means over draws."""
    worlds = steps.cells.mean(1)  # [K - 1, W]
    sizes = np.sign(worlds.mean(1))[:, None] * worlds  # steepness, whatever the direction
    place = int(sizes.mean(1).argmax())
    others = np.delete(np.arange(len(sizes)), place)
    ahead = sizes[place] - sizes[others]  # [K - 2, W]
    pairs = len(sizes) * (len(sizes) - 1) // 2
    low = ahead.mean(1) - _half(ahead, pairs)
    widths = np.diff(steps.levels)
    whole = np.sign((widths[:, None] * worlds).sum(0).mean())
    half = _half(worlds, len(worlds))
    turns = [k for k, mean in enumerate(worlds.mean(1)) if np.sign(mean) == -whole and abs(mean) > half[k]]
    return Cliff(place, float(ahead.mean(1).min()), float(low.min()), turns)


# --- what it says ---------------------------------------------------------------------------------------------------------


def _answers(curve: Curve, spec: ThresholdSpec) -> list[str]:
    outcome, steps, own = curve.outcome, curve.steps, curve.levels.to_dict("records")
    at_line = min(own, key=lambda row: abs(float(row["level"]) - spec.line))
    shown = list({row["level"]: row for row in (own[0], at_line, own[-1])}.values())
    name = spoken(outcome.metric).capitalize() if outcome.by == "all" else str(outcome)
    told = [f"{name} ({outcome.unit}): {in_a_row([_level(row, spec) for row in shown])}."]
    if len(steps.cells) < _FEWEST or not np.isfinite(steps.cells).any():
        return told
    cliff, mine = cliff_of(steps), curve.table.to_dict("records")
    step = mine[cliff.place]
    at = min(steps.levels, key=lambda level: abs(level - spec.line))  # of those with a number, as in ``slopes_of``
    told.append(
        f"Its steepest step is from {step['from']:g} to {step['to']:g}: "
        f"{band(*(float(step[name]) for name in ('per_unit', 'world_low', 'world_high')))} of the mean at {at:g} a "
        f"{spec.unit}, in limits that hold for all steps together. {_verdict(cliff, bool(step['at_line']), spec)}"
    )
    told[-1] += _beside_the_line(mine, steps.cells.shape[1], spec)
    back = [f"from {mine[k]['from']:g} to {mine[k]['to']:g}" for k in cliff.turns]
    told[-1] += f" It turns back {in_a_row(back)}." if back else " No step surely turns back."
    return told


def _beside_the_line(steps: Sequence[Row], draws: int, spec: ThresholdSpec) -> str:
    """In what share of the draws the steepest step lies beside the line; empty where that is not known."""
    beside = [float(row["largest_share"]) for row in steps if row["at_line"]]
    if np.isnan(beside).any():
        return ""
    low, high = share_limits(sum(beside), draws)
    return (
        f" In {in_per_cent(sum(beside))} of the draws ({in_per_cent(low)} to {in_per_cent(high)}) the steepest step "
        f"is one beside {spec.line:g}; "
        f"by chance alone it would be in {in_per_cent(len(beside) / len(steps))}, and replicate noise is in that share."
    )


def _level(row: Row, spec: ThresholdSpec) -> str:
    mean = float(row["mean"])
    if np.isnan(mean):
        return f"no number at {counted(row['level'], spec.unit)}"
    decimals = max(spec.digits - 1 - int(np.floor(np.log10(abs(mean)))), 0) if mean else 0
    return f"{number(mean, decimals)}{uncertainty(row, decimals=decimals)} at {counted(row['level'], spec.unit)}"


def _verdict(cliff: Cliff, at_line: bool, spec: ThresholdSpec) -> str:
    if np.isnan(cliff.low):
        return "With one world nobody can say whether it is a cliff."
    if cliff.low > 0:
        where = f"at {spec.line:g}" if at_line else f"and it does not lie at {spec.line:g}"
        margin = f"{number(cliff.low)} points or more (estimate {number(cliff.ahead)})"
        return f"That is a cliff, {where}: surely steeper than any other step by {margin}."
    return "It is not surely steeper than every other step: no cliff is shown, which does not mean that there is none."


def _sure(curves: list[Curve], levels: pd.DataFrame) -> list[str]:
    row = levels.iloc[int(levels["worlds"].argmax())]
    D, W = int(row["draws"]), int(row["worlds"])
    told = [
        f"{counted(W, 'world')} in each of {counted(D, 'draw')} of the unknown numbers; every level meets the same. Limits after "
        "“worlds” are 95 % intervals over worlds and luck (Student's t), the draws taken as they are. Steps are judged by such "
        "intervals, made so wide that all hold together (Bonferroni).",
    ]
    if D >= _FEWEST:
        told.append(
            "Limits after “draws” reach from the 5th to the 95th percentile over the draws of the mean over worlds; some replicate "
            "noise is left in them (parameter_sd in the table is without it). Draws are no probabilities."
        )
    else:
        told.append("The unknown numbers are held at one value each: nothing here speaks of parameter uncertainty.")
    if levels["mean"].isna().any():
        told.append("Levels on fewer events than a rate may stand on (metrics.fewest_events) have no number.")
    widths = np.unique([width for curve in curves for width in np.diff(curve.steps.levels)])
    if widths.size > 1:
        told.append("A step over more than one unit is averaged: a jump within it looks flatter than it is.")
    told += [
        f"{'' if said.startswith('Left') else 'Without a number: '}{said}"
        for said in dict.fromkeys(line for curve in curves for line in _gaps(curve))
    ]
    return told


def _gaps(curve: Curve) -> list[str]:
    """What all levels go without because a level lacks it, and levels that have too few runs."""
    of = f"{spoken(str(curve.outcome))}{f' ({spoken(curve.condition)})' if curve.condition else ''}"
    gaps = [left_out(curve.kept.dropped).replace("Left out:", f"Left out at every level, {of}:", 1)]
    if curve.begun:
        gaps.append(f"levels {in_a_row(curve.begun)} of {of}, which have under half of the runs of others.")
    return [gap for gap in gaps if gap]


def _drawings(condition: str, levels: pd.DataFrame, changes: pd.DataFrame, spec: ThresholdSpec, key: str) -> list[Drawing]:
    levels, changes = (table[table["condition"] == condition].reset_index(drop=True) for table in (levels, changes))
    end, where = (f"_{condition}", f" ({spoken(condition)})") if condition else ("", "")
    titled = {"title": f"What changes against {spec.line:g} {spec.unit}s{where}"}
    words = spoken(key.rpartition(".")[2])
    options = {"line": spec.line, "label": words if spec.unit in words else f"{words}, {spec.unit}s"}
    return [
        Drawing(
            f"fan{end}",
            "fan",
            levels,
            f"{spoken(condition).capitalize()}." if condition else "",
            _alt(levels, spec),
            options=options,
        ),
        Drawing(
            f"fan_change{end}",
            "fan",
            changes,
            f"Paired: each world and draw against itself at {spec.line:g} {spec.unit}s.",
            f"Change against {spec.line:g} {spec.unit}s, per cent. {_alt(changes, spec)}",
            settings=titled,
            options=options,
        ),
    ]


def _alt(table: pd.DataFrame, spec: ThresholdSpec) -> str:
    known = table[table["mean"].notna()]
    if known.empty:
        return "No level has events enough for a number."
    ends = [known[known["outcome"] == name].iloc[[0, -1]] for name in dict.fromkeys(known["outcome"])]
    told = [f"{rows['outcome'].iloc[0]} from {rows['mean'].iloc[0]:.3g} to {rows['mean'].iloc[1]:.3g}" for rows in ends]
    return f"From {table['level'].min():g} to {table['level'].max():g} {spec.unit}s: {in_a_row(told)}."
