"""The policies of a study under the names of what they are made of, and what each gains and costs in each world."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.analysis.over_worlds import OverWorlds, over_worlds, possible_percent, within
from experiments.design.designs import Design
from experiments.design.entries import POINT_COLUMNS
from experiments.design.points import is_baseline
from experiments.statistics import Limits, Ratios, mean_of, ratio_of
from experiments.store.outcomes import Outcomes
from experiments.text import PER_CENT, Row
from sim.arrays import Reals
from sim.metrics import WANTED
from sim.world.record import ConfigError

JOIN = "+"
_TWO = 2  # levels of a lever that is named by itself when it is on


class PolicyChange(NamedTuple):
    """By how much ``C`` policies move an outcome in ``W`` worlds, and the outcome of the baseline in the same runs."""

    off: Reals  # [C, W] baseline minus policy, or the reverse of what is wanted up; mean over replicates that both have and draws
    base: Reals  # [C, W] the baseline over the same replicates and draws
    runs: Reals | None = None  # [C, W, L] ``off`` of single runs, mean over draws, where it is known

    @property
    def own(self) -> Reals:
        """Each world's own per cent of its baseline, ``[C, W]``; missing where the baseline is not above zero."""
        return np.asarray(PER_CENT * np.divide(self.off, self.base, out=np.full(self.off.shape, np.nan), where=self.base > 0))

    def over_worlds(self, rises: bool) -> OverWorlds:
        """What worlds say of the per cent, ``[C]``; ``rises`` says whether it is a rise that betters."""
        found = self.percent()
        error = within(Limits(found.low, found.high), possible_percent(rises))
        both = (~(np.isnan(self.off) | np.isnan(self.base))).sum(-1)
        return over_worlds(self.own, found.ratio, error, self.runs, both)

    def percent(self) -> Ratios:
        """Per cent of the pooled baseline, a ratio of means over draws and worlds; Fieller's interval over worlds, each ``[C]``."""
        found = ratio_of(self.off, self.base)
        return Ratios(PER_CENT * found.ratio, PER_CENT * found.low, PER_CENT * found.high)

    def over(self, counts: Reals) -> Reals:
        """Per cent of the baseline's mean with worlds counted so often, ``[B, C]`` from ``[B, W]``; missing without a baseline."""
        known = ~(np.isnan(self.off) | np.isnan(self.base))
        above, below = (counts @ np.where(known, side, 0.0).T for side in (self.off, self.base))
        return np.asarray(PER_CENT * np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


class Bundles(NamedTuple):
    """The policies of one condition, the baseline among them."""

    condition: str
    labels: list[str]  # [C] what is on, joined by +; the baseline under its own name
    points: list[str]  # [C] id of the first point of each
    sizes: NDArray[np.int64]  # [C] how many things are on
    baseline: int  # place
    full: int | None  # place of the policy with every lever at its last level, if there is one
    gain: PolicyChange
    cost: PolicyChange
    gain_draws: Reals  # [D, C] per cent of the baseline in the draw, mean over worlds; one row where parameters are held
    cost_draws: Reals  # [D, C]
    worlds: int
    dropped: int  # runs that are left out, for a policy or draw lacks a value in them
    even: bool  # whether every policy and draw has both values in every run that is kept
    runs: int  # behind the baseline
    counts: NDArray[np.int64]  # [2, C] events pooled over the runs kept: of what is to be prevented, of what is to be kept

    @property
    def events(self) -> tuple[int, int]:
        """Number of events behind the baseline."""
        return int(self.counts[0, self.baseline]), int(self.counts[1, self.baseline])

    def few(self, fewest: int) -> NDArray[np.bool_]:
        """Policies on fewer events of either than a number may stand on, ``[C]``."""
        return np.asarray((self.counts < fewest).any(axis=0))

    def told(self, fewest: int) -> Bundles:
        """The same without the numbers of policies on fewer events."""
        few = self.few(fewest)[:, None]
        gain, cost = (
            PolicyChange(
                np.where(few, np.nan, side.off),
                np.where(few, np.nan, side.base),
                None if side.runs is None else np.where(few[..., None], np.nan, side.runs),
            )
            for side in (self.gain, self.cost)
        )
        gain_draws, cost_draws = (np.where(few.T, np.nan, side) for side in (self.gain_draws, self.cost_draws))
        return self._replace(gain=gain, cost=cost, gain_draws=gain_draws, cost_draws=cost_draws)


def changes_at(row: Row, design: Design) -> list[str]:
    """What a point changes against the baseline: scenario or arm, levers that are not at their first level, searched values."""
    named = [] if design.levers or is_baseline(str(row["scenario"]), design) else [str(row["scenario"])]
    for name, levels in design.levels_of.items():
        first, *others = levels
        if row[name] != first:
            named.append(name if len(others) < _TWO else f"{name}={row[name]}")
    return named + [f"{key}={_written(value)}" for key, value in row.items() if _is_policy(str(key), design)]


def labels_of(points: pd.DataFrame, design: Design) -> list[str]:
    """The name of each point's policy, ``[P]``."""
    return [JOIN.join(changes_at(row, design)) or design.baseline for row in points.to_dict("records")]


def baselines_of(points: pd.DataFrame, design: Design) -> list[str]:
    """Names of the policies that others are read against, as ``against`` has them, each once; none that is not among the points."""
    labels = dict(zip(points["point"], labels_of(points, design), strict=True))
    return list(dict.fromkeys(labels[point] for point in points["against"] if point in labels))


def baseline_of(points: pd.DataFrame, design: Design) -> str | None:
    """Name of the policy that others are read against; None if it is not among the points, or not one."""
    found = baselines_of(points, design)
    return found[0] if len(found) == 1 else None


def _is_policy(column: str, design: Design) -> bool:
    """Whether a column of keys belongs to the policy and is no parameter draw."""
    if column in (*POINT_COLUMNS, *design.levers):
        return False
    return column not in design.uncertainties or design.search is not None


def _written(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def bundles_of(gain: Outcomes, cost: Outcomes, design: Design, condition: str) -> Bundles:
    """Every policy of one condition against the baseline in the same worlds, replicates and parameter draws.

    What is gained is an improvement: the fall of an estimand that is wanted down, the rise of one that is wanted up.
    """
    name = baseline_of(gain.points, design)
    gain, cost = gain.of(condition=condition), cost.of(condition=condition)
    points = gain.points
    kept = complete_runs(gain.values, cost.values)
    if not kept.any():
        raise ConfigError(
            f"outcome: found no run with a value of {gain.outcome} and of {cost.outcome}; accepted: one that runs have"
        )
    met = np.asarray(~(np.isnan(gain.values) | np.isnan(cost.values)))
    above, below = (np.where(kept, outcomes.values, np.nan)[:, kept.any(axis=1)] for outcomes in (gain, cost))
    names = labels_of(points, design)
    first = _first_rows(names)
    labels = list(first)
    place = {label: number for number, label in enumerate(labels)}
    policy = np.array([place[label] for label in names])
    draws, draw = np.unique(_draws(points, design), return_inverse=True)
    at_base = np.flatnonzero(np.array(names) == name)
    rows = _first_rows(points["point"])
    base = np.array([rows[point] for point in points["against"]])  # [P] row of its baseline
    up, right = _paired(above, base, WANTED[gain.outcome.metric] == "up"), _paired(below, base, rises=False)
    shape = draws.size, len(labels)
    every = _all_on(points, design)
    known = ~np.isnan(above[at_base])
    return Bundles(
        condition,
        labels,
        [str(points["point"].iloc[first[label]]) for label in labels],
        np.array([len(changes_at(points.iloc[first[label]].to_dict(), design)) for label in labels]),
        place[str(name)],
        int(policy[every][0]) if every.any() else None,
        _by_policy(up, policy, len(labels)),
        _by_policy(right, policy, len(labels)),
        _by_draw(up, policy, draw, shape),
        _by_draw(right, policy, draw, shape),
        int(known.any(axis=(0, 2)).sum()),
        int((met.any(axis=0) & ~kept).sum()),
        bool(met[:, kept].all()),
        int(known.sum()),
        np.stack(
            [_pooled(np.where(met & kept, outcomes.counts, 0).sum(axis=(1, 2)), policy, len(labels)) for outcomes in (gain, cost)]
        ),
    )


def _first_rows(names: Iterable[str]) -> dict[str, int]:
    """The row in which each name stands first, in the order of rows."""
    first: dict[str, int] = {}
    for row, name in enumerate(names):
        first.setdefault(name, row)
    return first


def _all_on(points: pd.DataFrame, design: Design) -> NDArray[np.bool_]:
    """Points ``[P]`` at which every lever is at its last level; none in a design without levers."""
    last = {lever: list(levels)[-1] for lever, levels in design.levels_of.items()}
    if not last:
        return np.zeros(len(points), bool)
    return np.asarray((points[list(last)] == pd.Series(last)).all(axis=1), bool)


def complete_runs(*values: Reals) -> NDArray[np.bool_]:
    """Runs ``[W, L]`` in which every point ``[P, W, L]`` has all its values, so that all policies stand on the same runs.

    Where there is none, those in which the most points have them.
    """
    count = np.logical_and.reduce([~np.isnan(side) for side in values]).sum(axis=0)
    return np.asarray((count == count.max()) & (count > 0))


def _pooled(counts: NDArray[np.int64], policy: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Sums over the points of each policy, ``[C]``."""
    total = np.zeros(count, np.int64)
    np.add.at(total, policy, counts)
    return total


def _draws(points: pd.DataFrame, design: Design) -> NDArray[np.int64]:
    """Number of each point's parameter draw, ``[P]``; nothing but zeros where no draw is shared by policies."""
    shared = bool(design.uncertainties) and design.search is None
    return points["draw"].to_numpy(np.int64) if shared else np.zeros(len(points), np.int64)


def _paired(values: Reals, base: NDArray[np.int64], rises: bool) -> PolicyChange:
    """Each point ``[P, W]`` against its baseline over the replicates that both have: by how much it falls, or rises."""
    before = np.where(np.isnan(values), np.nan, values[base])
    moved = values - before if rises else before - values
    return PolicyChange(mean_of(moved), mean_of(before), moved)


def _by_policy(side: PolicyChange, policy: NDArray[np.int64], count: int) -> PolicyChange:
    """Means over the points of each policy, ``[C, W]``: over draws, each weighing the same."""
    off, base = (_means(part, ~np.isnan(side.off), policy, count) for part in (side.off, side.base))
    return PolicyChange(off, base, None if side.runs is None else _means(side.runs, ~np.isnan(side.runs), policy, count))


def _means(values: Reals, known: NDArray[np.bool_], policy: NDArray[np.int64], count: int) -> Reals:
    """Means of ``[P, ...]`` over the points of each policy, ``[C, ...]``; missing where it has none that is known."""
    number, total = (np.zeros((count, *values.shape[1:])) for _ in range(2))
    np.add.at(number, policy, known)
    np.add.at(total, policy, np.where(known, values, 0.0))
    return np.asarray(np.divide(total, number, out=np.full(number.shape, np.nan), where=number > 0))


def _by_draw(side: PolicyChange, policy: NDArray[np.int64], draw: NDArray[np.int64], shape: tuple[int, int]) -> Reals:
    """Per cent of each policy in each draw, mean over worlds, ``[D, C]``."""
    out = np.full(shape, np.nan)
    out[draw, policy] = side.percent().ratio
    return out
