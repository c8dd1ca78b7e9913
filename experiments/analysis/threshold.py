"""What moves with a number that a text fixes: the outcome at each level, how steep each step is, and whether one is a cliff.

For S21, the line of years from which a crime is serious; it reads any design whose policies set one number of one key. Levels meet
the same draws, worlds and luck, so steps are paired. A step is told per unit of the number, for levels may stand unevenly. Its
range is that over worlds. The largest of several steps looks large by chance: it is called a cliff only if its margin over the next
steepest leaves zero out in the range over worlds, on worlds enough for a verdict; beside it stands the chance that the mean over
worlds would put one so far ahead if all were alike (max-t over all pairs of steps).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field, StrictFloat, StrictInt

from experiments.analysis.conditions import together, where, with_condition
from experiments.analysis.over_worlds import (
    RANGE_TOLD,
    OverWorlds,
    chance_told,
    over_worlds,
    possible,
    possible_percent,
    ranged,
)
from experiments.analysis.policies import Policies, key_varied, policies_of, policy_numbers, single_ends
from experiments.analysis.ranges import too_few_worlds
from experiments.analysis.record import Analysis, Drawing, spec_from
from experiments.analysis.spread import CompletePart, bands_of, complete, complete_part, left_out, share_limits
from experiments.statistics import FEWEST_WORLDS, LEVEL, UP, max_t, mean_of, simulation_error, verdict_of, world_range
from experiments.store.outcomes import Outcome, Study, conditions_in
from experiments.text import PER_CENT, Row, counted, in_a_row, in_per_cent, low_to_high, number, spoken
from sim.arrays import Reals
from sim.world.ranges import Range
from sim.world.record import ConfigError, Record

_NAME = "threshold"
_FEWEST = 2  # worlds, and draws, that are to have a spread
_OVERLAPPING = "Bands that overlap say that worlds differ, not that levels are alike: the paired change stands above."
_FEWEST_LEVELS = 3  # two steps: a cliff is one among others
_STEPS = (
    "outcome",
    "from",
    "to",
    "per_unit",
    "world_low",
    "world_high",
    "worlds_agreeing",
    "error_low",
    "error_high",
    "adjusted_p",
    "draw_low",
    "draw_high",
    "largest_in_worlds",
    "largest_share",
    "share_by_chance",
    "chance_share",
    "worlds",
    "inside",
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
    own: Reals  # [K - 1, W] mean over draws, in per cent of the world's own mean at the line
    runs: Reals  # [K - 1, W, L] mean over draws, as ``cells``


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
    table = _banded(policies, outcome, possible(outcome))
    return table.drop(columns="worlds_agreeing")  # that a rate is above zero is no finding


def _banded(policies: Policies, outcome: Outcome, possible_values: tuple[float, float]) -> pd.DataFrame:
    """A row a level with the bands of its values, the lowest first."""
    rows = [
        {
            "outcome": str(outcome),
            "unit": outcome.unit,
            "level": float(name),
            "events": events,
            **bands_of(values, possible_values)._asdict(),
        }
        for name, values, events in zip(policies.names, policies.values, policies.events, strict=True)
    ]
    return pd.DataFrame(rows).sort_values("level", ignore_index=True)


def changes_table(policies: Policies, outcome: Outcome, line: float) -> pd.DataFrame:
    """The same for the paired change against the level nearest to the line, per cent of its mean there, pooled over draws.

    The range over worlds is that of each world's own per cent.
    """
    nearest = min(policies.names, key=lambda name: abs(float(name) - line))
    before = policies.of(nearest)
    level = float(complete(before)[0].mean()) if len(complete(before)[0]) else 0.0
    scale = PER_CENT / level if level > 0 else np.nan
    changed = policies._replace(values=scale * (policies.values - before))
    table = _banded(changed, outcome, possible_percent(rises=True))
    order = np.argsort([float(name) for name in policies.names], kind="stable")
    own = world_range(_own(policies.values - before, before)[order])
    known = table["mean"].notna()
    table["world_low"], table["world_high"] = np.where(known, own.low, np.nan), np.where(known, own.high, np.nan)
    return table.assign(unit=f"change against {nearest}, % of the pooled mean there")


def _own(changes: Reals, before: Reals) -> Reals:
    """Mean changes ``[..., W]`` from ``[..., D, W, L]`` in per cent of each world's own mean, from ``[D, W, L]``."""
    level = mean_of(mean_of(np.moveaxis(before, 1, 0)))  # [W]
    moved = mean_of(mean_of(np.moveaxis(changes, -2, -3)))
    return np.asarray(PER_CENT * np.divide(moved, level, out=np.full(moved.shape, np.nan), where=level > 0))


def slopes_of(policies: Policies, line: float) -> Steps:
    """Slopes between neighbouring levels, per cent of the mean at the line (or the level nearest to it) for one unit of the number.

    Levels without any value are left out, and whatever one of the others lacks.
    """
    policies, _, _ = shared(policies)
    order = np.argsort([float(name) for name in policies.names])
    known = [int(place) for place in order if not np.isnan(policies.values[place]).all()]
    levels = [float(policies.names[place]) for place in known]
    runs = policies.values[known]  # [K, D, W, L]
    if len(known) < _FEWEST or not runs.size:
        return Steps(levels, np.zeros((0, 0, 0)), np.zeros((0, 0)), np.zeros((0, 0, 0)))
    at_line = runs[int(np.argmin(np.abs(np.array(levels) - line)))]
    level = float(mean_of(at_line).mean())
    scale = PER_CENT / level if level > 0 else np.nan
    steps = np.diff(runs, axis=0) / np.diff(levels)[:, None, None, None]
    return Steps(levels, scale * mean_of(steps), _own(steps, at_line), scale * steps.mean(1))


def steps_table(steps: Steps, outcome: Outcome, line: float) -> pd.DataFrame:
    """``outcome, from, to, per_unit``, columns of ``over_worlds``, ``adjusted_p, draw_low, draw_high`` and how often it is largest.

    ``adjusted_p`` is the chance of a step so far from zero if none were, adjusted for all steps (max-t); limits over draws are the
    5th and 95th percentile. ``largest_in_worlds`` counts the worlds in which the step is the steepest, ``largest_share`` is the
    share of draws in which it is on means over worlds, replicate noise among them, and ``share_by_chance`` what that would be if
    all were alike; ``at_line`` says whether it begins or ends there.
    """
    K = len(steps.cells)
    if not K:
        return pd.DataFrame(columns=[*_STEPS])
    found, adjusted = steps_over_worlds(steps), max_t(steps.cells.mean(1))
    means, of_draw = steps.cells.mean((1, 2)), mean_of(steps.cells)  # [K, D]
    steepest, in_worlds = np.abs(of_draw).argmax(0), _steepest(steps.own)
    bands = [bands_of(cells[:, :, None]) for cells in steps.cells]
    frame = pd.DataFrame({"outcome": str(outcome), "from": steps.levels[:-1], "to": steps.levels[1:], "per_unit": means})
    frame = frame.assign(
        **found.columns(),
        adjusted_p=adjusted,
        draw_low=[one.draw_low for one in bands],
        draw_high=[one.draw_high for one in bands],
        largest_in_worlds=[int((in_worlds == k).sum()) for k in range(K)],
        largest_share=[float((steepest == k).mean()) if of_draw.shape[1] >= _FEWEST else np.nan for k in range(K)],
        share_by_chance=1.0 / K,
        at_line=[line in pair for pair in pairwise(steps.levels)],
    )
    return frame[[*_STEPS]]


def steps_over_worlds(steps: Steps) -> OverWorlds:
    """What worlds say of each step ``[K - 1]``: ranges of each world's own per cent, simulation error of the pooled one."""
    worlds = steps.cells.mean(1)
    return over_worlds(steps.own, worlds.mean(1), simulation_error(worlds), steps.runs)


def _steepest(own: Reals) -> Any:
    """The steepest step of each world ``[W]``; worlds that lack a step have none (-1)."""
    known = ~np.isnan(own).any(0)
    return np.where(known, np.abs(np.nan_to_num(own)).argmax(0), -1)


class Cliff(NamedTuple):
    """The steepest step against the others."""

    place: int  # of the steepest
    ahead: float  # by how much it exceeds the next steepest on the mean over worlds, per cent for one unit
    low: float  # range over worlds of its margin over the next steepest of the world; missing under two worlds
    high: float
    worlds: int
    leads: int  # worlds in which it is the steepest
    adjusted_p: float  # of being steeper than any other on the mean over worlds; missing on too few worlds
    turns: list[int]  # steps that go the other way than the whole does, clearly

    @property
    def clear(self) -> bool:
        """Whether it is a cliff: its margin is above zero in the range over worlds, and these are enough for a verdict."""
        return verdict_of(self.low, self.high, self.worlds, np.nan) == UP  # the share of luck in a margin is not known

    @property
    def on_the_mean(self) -> bool:
        """Whether the mean over worlds tells it from every other step."""
        return self.adjusted_p <= 1 - LEVEL


def cliff_of(steps: Steps) -> Cliff:
    """Whether the steepest step exceeds every other, and whether any turns back, on means over draws."""
    worlds = steps.cells.mean(1)  # [K - 1, W]
    way = np.sign(worlds.mean(1))[:, None]
    sizes = way * worlds  # steepness, whatever the direction
    place = int(sizes.mean(1).argmax())
    others = np.delete(np.arange(len(sizes)), place)
    first, second = np.triu_indices(len(sizes), 1)
    with_it = (first == place) | (second == place)
    adjusted = max_t(sizes[first] - sizes[second])[with_it]
    own = way * steps.own
    margin = world_range(own[place] - own[others].max(0))
    whole = np.sign((np.diff(steps.levels)[:, None] * worlds).sum(0).mean())
    alone = max_t(worlds)
    turns = [k for k, mean in enumerate(worlds.mean(1)) if np.sign(mean) == -whole and alone[k] <= 1 - LEVEL]
    return Cliff(
        place=place,
        ahead=float((sizes[place] - sizes[others]).mean(1).min()),
        low=float(margin.low),
        high=float(margin.high),
        worlds=int(margin.worlds),
        leads=int((_steepest(steps.own) == place).sum()),
        adjusted_p=float(adjusted.max()),
        turns=turns,
    )


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
        f"Its steepest step is from {step['from']:g} to {step['to']:g}: {number(float(step['per_unit']))} % of the mean at "
        f"{at:g} a {spec.unit} {ranged(step, decimals=None)}. {_verdict(cliff, bool(step['at_line']), spec)}"
    )
    told[-1] += _beside_the_line(mine, steps.cells.shape[1], spec)
    back = [f"from {mine[k]['from']:g} to {mine[k]['to']:g}" for k in cliff.turns]
    if cliff.worlds >= FEWEST_WORLDS:
        told[-1] += f" It turns back {in_a_row(back)} (adjusted p under 0.05)." if back else " No step clearly turns back."
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
    drawn = low_to_high(float(row["draw_low"]), float(row["draw_high"]), decimals)
    told = f"{number(mean, decimals)} {ranged(row, decimals=decimals)}{f' (draws {drawn})' if drawn else ''}"
    return f"{told} at {counted(row['level'], spec.unit)}"


def _verdict(cliff: Cliff, at_line: bool, spec: ThresholdSpec) -> str:
    if cliff.worlds < FEWEST_WORLDS:
        return f"Whether it is a cliff cannot be told: {too_few_worlds(cliff.worlds)}."
    leads = f"it is the steepest in {cliff.leads} of {cliff.worlds} worlds"
    margin = f"{number(cliff.ahead)} points (range over worlds of its margin {low_to_high(cliff.low, cliff.high)})"
    if cliff.clear:
        where = f"at {spec.line:g}" if at_line else f"and it does not lie at {spec.line:g}"
        return f"That is a cliff, {where}: {leads}, ahead of the next by {margin}; {_chance(cliff)}."
    if cliff.on_the_mean:
        return f"On the mean over worlds it is steeper than any other, by {margin}, but not throughout: {leads}; {_chance(cliff)}."
    return f"No cliff is shown, which does not mean that there is none: {leads}; {_chance(cliff)}."


def _chance(cliff: Cliff) -> str:
    return f"adjusted p {number(cliff.adjusted_p, 3)} for being steeper than any other on the mean"


def _sure(curves: list[Curve], levels: pd.DataFrame) -> list[str]:
    row = levels.iloc[int(levels["worlds"].argmax())]
    D, W = int(row["draws"]), int(row["worlds"])
    told = [
        f"{counted(W, 'world')} in each of {counted(D, 'draw')} of the unknown numbers; every level meets the same. "
        f"{chance_told(W)} {RANGE_TOLD}",
        "An adjusted p is the chance that the mean over worlds of one of the steps would go so far if none did, from flipping the "
        "signs of worlds for all steps at once (max-t); a cliff is a finding only where the range over worlds shows it too.",
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
    changed = {"title": f"What changes against a line of {spec.line:g} {spec.unit}s{where}"}
    told = {"title": f"The levels behind it{where}"}
    words = spoken(key.rpartition(".")[2])
    options = {"line": spec.line, "label": words if spec.unit in words else f"{words}, {spec.unit}s"}
    return [
        Drawing(
            f"fan_change{end}",
            "fan",
            changes,
            f"Paired: each world and draw against itself at {spec.line:g} {spec.unit}s; ranges in % of a world's own mean there.",
            f"Change against {spec.line:g} {spec.unit}s, per cent. {_alt(changes, spec)}",
            settings=changed,
            options=options,
        ),
        Drawing(
            f"fan{end}",
            "fan",
            levels,
            f"{spoken(condition).capitalize()}. {_OVERLAPPING}" if condition else _OVERLAPPING,
            _alt(levels, spec),
            settings=told,
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
