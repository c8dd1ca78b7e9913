"""A study as policies against futures: one outcome of every policy in every draw, side by side, and what it saves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.analysis.bundles import baseline_of, labels_of
from experiments.analysis.record import Analysis
from experiments.analysis.spread import CompletePart, complete_part
from experiments.design.designs import Design, LeverChoice, Settings
from experiments.design.sampling import ENDS
from experiments.statistics import mean_of
from experiments.store.outcomes import Outcome, Outcomes, Study, conditions_in
from experiments.text import counted, in_a_row, spoken
from sim.arrays import Flags, Reals
from sim.config import key_of
from sim.metrics import WANTED
from sim.world.record import ConfigError

_FEWEST = 2  # of what is to be compared
_FILLS = ("latin_hypercube", "sobol")  # draws whose rows stand for the ranges, so that shares of them mean something


class Policies(NamedTuple):
    """One outcome of ``Q`` policies in ``D`` futures, ``W`` worlds and ``L`` replicates."""

    names: list[str]  # [Q] in the order of the design
    futures: pd.DataFrame  # [D] a point of each draw, with the uncertainties
    values: Reals  # [Q, D, W, L]; missing where there is no such point or no value
    counts: NDArray[np.int64]  # [Q, D, W, L] events behind each value; none where there is no value

    @property
    def events(self) -> NDArray[np.int64]:
        """Events behind each policy, pooled over its runs, ``[Q]``."""
        return np.asarray(self.counts.sum((1, 2, 3)))

    def of(self, name: str) -> Reals:
        """Values of one policy, ``[D, W, L]``."""
        return np.asarray(self.values[self.names.index(name)])


def policies_of(outcomes: Outcomes, names: Sequence[str]) -> Policies:
    """The points of one outcome, all under one condition, as policies by draws; ``names`` ``[P]`` tells each point's policy."""
    keys = [int(draw) for draw in outcomes.points["draw"]]
    policies, futures = list(dict.fromkeys(names)), list(dict.fromkeys(keys))
    values = np.full((len(policies), len(futures), *outcomes.values.shape[1:]), np.nan)
    place = {name: q for q, name in enumerate(policies)}, {key: d for d, key in enumerate(futures)}
    rows = [place[0][name] for name in names]
    counts = np.zeros(values.shape, np.int64)
    columns = [place[1][key] for key in keys]
    values[rows, columns] = outcomes.values
    counts[rows, columns] = np.where(np.isnan(outcomes.values), 0, outcomes.counts)
    first = [keys.index(key) for key in futures]
    return Policies(policies, outcomes.points.iloc[first].reset_index(drop=True), values, counts)


def whole_outcomes(judged: Sequence[Policies], names: Sequence[str]) -> tuple[list[Policies], CompletePart]:
    """Outcomes of these policies in the draws, worlds and replicates in which all of them have a value, and which these are."""
    rows = [[one.names.index(name) for name in names] for one in judged]
    known = [~np.isnan(one.values[places]) for one, places in zip(judged, rows, strict=True)]
    kept = complete_part(np.all([one.all(0) for one in known], axis=0), np.any([one.any(0) for one in known], axis=0))
    return [
        Policies(
            list(names),
            one.futures[kept.draws].reset_index(drop=True),
            kept.of(one.values[places]),
            np.asarray(one.counts[places][:, kept.draws][:, :, kept.worlds][..., kept.replicates]),
        )
        for one, places in zip(judged, rows, strict=True)
    ], kept


def whole_and_supported(
    judged: Sequence[Policies], names: Sequence[str], baseline: str, fewest: int
) -> tuple[list[Policies], CompletePart, list[str]]:
    """As ``whole_outcomes``, of those policies alone on which a number may be shown; and the others.

    That takes ``fewest`` events of every outcome, pooled over the runs that are kept. Without a run, or where the baseline is among
    the others, nothing is left out, for nothing is to be shown at all.
    """
    held, kept = whole_outcomes(judged, names)
    few = [name for place, name in enumerate(names) if any(one.events[place] < fewest for one in held)]
    if not few or baseline in few or not held[0].values.size:
        return held, kept, few if held[0].values.size else []
    held, kept, further = whole_and_supported(judged, [name for name in names if name not in few], baseline, fewest)
    return held, kept, [*few, *further]


def shared_draws(points: pd.DataFrame, design: Design) -> dict[str, int]:
    """Draws that all policies of a condition have, by condition."""
    labels = np.array(labels_of(points, design))
    found = {}
    for condition in conditions_in(points):
        own = (points["condition"].astype(str) == condition).to_numpy(bool)
        draws = [set(points["draw"][own & (labels == name)]) for name in dict.fromkeys(labels)]
        found[condition] = len(set.intersection(*draws))
    return found


def paired_conditions(study: Study) -> list[str]:
    """Conditions under which policies can be compared draw by draw."""
    return [condition for condition, draws in shared_draws(study.points, study.design).items() if draws >= _FEWEST]


def unpaired(study: Study) -> list[str]:
    """A sentence about conditions under which policies share no draws."""
    left = [spoken(name) for name in conditions_in(study.points) if name not in paired_conditions(study)]
    return [f"Nothing is said of {in_a_row(left)}: there policies share under {_FEWEST} draws."] if left else []


def undefined_draws(savings: Sequence[Reals]) -> Flags:
    """Draws ``[D]`` whose baseline is zero, so that no share of it exists; from savings ``[Q, D, W, L]``."""
    return np.asarray(np.any([np.isnan(one).any((0, 2, 3)) for one in savings], axis=0))


def selected(undefined: int) -> list[str]:
    """That leaving out draws whose baseline is zero is a selection."""
    told = (
        f"Left out as well: {counted(undefined, 'draw')} in which the baseline is zero, so that no share of it can be saved. What "
        "is told holds for draws with something to save, which is a selection."
    )
    return [told] if undefined else []


def no_comparison(study: Study) -> str | None:
    """Why policies cannot be compared over draws in this study; None if they can."""
    design = study.design
    if not design.uncertainties or design.search is not None:
        return "wants uncertain numbers (design.uncertainties)"
    if design.draw is not None and design.draw not in _FILLS:
        return f"wants draws that stand for their ranges (design.draw: {' or '.join(_FILLS)}), not {design.draw}"
    if baseline_of(study.points, design) is None:
        return f"wants the baseline {design.baseline} among its policies (design.scenarios), or levers with all of them off"
    if len(set(labels_of(study.points, design))) < _FEWEST:
        return "wants a policy besides the baseline (design.scenarios or design.levers)"
    return _no_pairs(study)


def single_ends(design: Design) -> str | None:
    """Why draws of single ends are no sample to take means or shares over; None for other draws."""
    return "wants draws that stand for their ranges, or none (design.draw), not ends" if design.draw == ENDS else None


def _no_pairs(study: Study) -> str | None:
    if study.points["draw"].nunique() < _FEWEST:
        return "wants two draws or more (design.size)"
    if not paired_conditions(study):
        return "wants policies that share their draws with the baseline: the same numbers of all uncertainties in two draws or more"
    return None


def too_few(names: Sequence[str], outcomes: Sequence[Outcome], fewest: int) -> list[str]:
    """A sentence about policies on fewer events than a number may stand on; nothing where there is none.

    >>> too_few(["judge"], [Outcome("case_disclosure_rate")], 10)
    ['Without a number: judge, on fewer than 10 events of case disclosure rate (metrics.fewest_events).']
    """
    of = " or of ".join(spoken(str(one)) for one in outcomes)
    told = f"Without a number: {in_a_row([spoken(name) for name in names])}, on fewer than {fewest} events of {of}"
    return [f"{told} (metrics.fewest_events)."] if names else []


def reason_for_silence(condition: str, few: Sequence[str]) -> str:
    """Why nothing is said under a condition: too few events, or a baseline that is zero or lacks runs."""
    why = few[0] if few else "the baseline is zero or lacks runs."
    return f"Nothing is said{f' of {spoken(condition)}' if condition else ''}: {why[:1].lower()}{why[1:]}"


def silent(name: str, heading: str, question: str, outcome: Outcome, columns: Sequence[str], few: Sequence[str] = ()) -> Analysis:
    """What is handed back where under two draws have all their runs and an outcome above zero: a sentence, an empty table.

    ``few`` are sentences instead, where there are too few events.
    """
    told = [*few] or [f"Nothing can be said: the baseline has {outcome} in under {_FEWEST} draws with all their runs."]
    sure = ["Shares of the baseline want a baseline above zero in every world; more runs or another outcome would give it."]
    return Analysis(name, heading, question, told, sure, {name: pd.DataFrame(columns=[*columns])}, [])


def is_better_up(outcome: Outcome, key: str = "outcome") -> bool:
    """Whether more of an estimand is better for people. Raises ``ConfigError`` where neither more nor less is (``WANTED``).

    So for ``preserved_only``: it rises where a safeguard stops disclosure after freezing, and falls where freezing is stopped too,
    which both protect; and it falls where more of what is frozen is disclosed, which harms.
    """
    way = WANTED[outcome.metric]
    if way is None:
        able = [name for name, known in WANTED.items() if known]
        why = "of which neither more nor less is better for people, so that no policy is good or bad by it"
        raise ConfigError(f"{key}: found {str(outcome)!r}, {why}; accepted: {', '.join(able)}")
    return way == "up"


def saving(policies: Policies, baseline: str, better_up: bool) -> Reals:
    """What each policy gains on the baseline in the same draw, world and luck, per cent of its mean in that draw: ``[Q, D, W, L]``.

    Positive is better. The divisor is the baseline's mean in that draw over worlds and replicates, so that the mean over worlds of
    what comes out is the change of the means; that the divisor is uncertain too is not counted. Missing where it is not positive.
    """
    before = policies.of(baseline)
    change = policies.values - before if better_up else before - policies.values
    level = mean_of(mean_of(before))[:, None, None]
    return np.asarray(100.0 * np.divide(change, level, out=np.full(change.shape, np.nan), where=level > 0))


def policy_numbers(points: pd.DataFrame, design: Design) -> list[float] | None:
    """The number that each point's policy sets, ``[P]``, where policies differ in the number of one key alone; else None."""
    settings = _settings_of(design)
    if len(settings) < _FEWEST or {len(found) for found in settings.values()} != {1} or not key_varied(design):
        return None
    numbers = {name: _number(*found.values()) for name, found in settings.items()}
    column = next(iter(design.levers), "scenario")
    chosen = [numbers.get(str(name)) for name in points[column]]
    known = [number for number in chosen if number is not None]
    return known if len(known) == len(chosen) else None


def key_varied(design: Design) -> str:
    """The one key that all policies of a design set; empty if there is no such key."""
    keys = {tuple(found) for found in _settings_of(design).values()}
    return str(next(iter(keys))[0]) if len(keys) == 1 and all(keys) else ""


def _settings_of(design: Design) -> dict[str, Settings]:
    """What each arm, or each level of the one lever, sets; nothing for policies of another kind."""
    if design.arms:
        return {name: {key_of(one): one.partition("=")[2] for one in arm} for name, arm in design.arms.items()}
    levels = next(iter(design.levels_of.values()), {}) if len(design.levers) == 1 else {}
    return {name: chosen for name, chosen in levels.items() if not isinstance(chosen, str)} if _spelled(levels) else {}


def _spelled(levels: Mapping[str, LeverChoice]) -> bool:
    return not any(isinstance(chosen, str) for chosen in levels.values())


def _number(value: str | float) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
