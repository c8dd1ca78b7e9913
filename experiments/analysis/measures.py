"""From the outcomes of drawn points to tidy tables: what each method says of each factor, and the change along its range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, StrictFloat, StrictInt

from experiments.analysis import effects, pawn, sobol
from experiments.analysis.drawn import Drawn, Method
from experiments.analysis.over_worlds import UNBOUNDED, over_worlds
from experiments.analysis.replicates import half_by_leaving_out
from experiments.analysis.spread import TAILS
from experiments.analysis.surrogate import surrogate_of
from experiments.design.sampling import problem_of
from experiments.statistics import FEWEST_WORLDS, Limits
from sim.arrays import Reals
from sim.world.ranges import Range, Unit
from sim.world.record import Record

_COLUMNS = [
    *("scenario", "factor", "method", "index", "value", "error_low", "error_high"),
    *("draw_error_low", "draw_error_high", "floor", "told"),
]
"""``error_``: simulation error as worlds (or replicates of one) vary; ``draw_error_``: as draws do; ``floor``: what noise shows."""
TORNADO = [
    *("scenario", "factor", "lowest", "highest", "at_lowest", "at_highest", "change", "world_low", "world_high"),
    *("worlds_agreeing", "error_low", "error_high", "draw_error_low", "draw_error_high", "told", "worlds", "inside"),
]
"""``world_``: range over worlds of the change in one world."""
ALL = "all inputs"
"""In place of a factor: the sum over all of them."""
_SHARES = ("S1", "ST", "S1_raw", "ST_raw", "pawn")
"""Indices that lie in [0, 1]: an estimate beyond is noise."""
_ROUNDING = 1e-12  # of a share: what numbers that should cancel leave
_FILLS = ("sobol", "latin_hypercube")  # methods whose rows that stand for themselves fill the ranges
_MAIN = ("ST", "ST_raw", "mu_star", "pawn", "effect")


class SensitivitySpec(Record):
    """Settings of ``sensitivity``, from ``configs/analysis/sensitivity.yaml``."""

    resamples: Annotated[StrictInt, Range(50, 100_000)]  # of the drawn points; hours for no digit more beyond
    seed: Annotated[StrictInt, Range(1, 2**62)]
    slices: Annotated[StrictInt, Range(2, 1000)]
    dummies: Annotated[StrictInt, Range(20, 100_000)]
    ends: Annotated[StrictFloat, Field(ge=0.01, le=0.5)]
    fewest_base_points: Annotated[StrictInt, Range(2, 1_000_000)]
    fewest_trajectories: Annotated[StrictInt, Range(2, 1_000_000)]
    fewest_draws: Annotated[StrictInt, Range(10, 1_000_000)]
    most_missing: Unit
    named: Annotated[StrictInt, Range(1, 1000)]
    vague: Unit


class Sample(NamedTuple):
    """Outcomes of the drawn points of one case, without a hole."""

    label: str
    drawn: Drawn
    units: Reals  # [n, D]
    values: Reals  # [n, R] a column a replicate
    counts: NDArray[np.int64]  # [k, n] events behind them, of each of the policies that are compared
    fewest: int  # of them, under which no number is shown
    of_worlds: bool = True  # whether a replicate is a world, and not one of several in the only world

    @property
    def worlds(self) -> int:
        """How many worlds it stands on."""
        return self.values.shape[1] if self.of_worlds else 1

    def in_worlds(self, by_replicate: Reals) -> Reals:
        """Numbers of replicates ``[..., R]`` as those of worlds ``[..., W]``: several replicates of one world are one."""
        return by_replicate if self.of_worlds else by_replicate.mean(axis=-1, keepdims=True)

    @property
    def apart(self) -> NDArray[np.intp]:
        """Rows that stand for themselves: of a Saltelli design ``A`` and ``B``, which are a plain sample; else all."""
        rows = np.arange(len(self.units))
        inside = rows % self.drawn.rows
        return rows[(inside == 0) | (inside == self.drawn.rows - 1)] if self.drawn.method == "sobol" else rows

    @property
    def plain(self) -> Sample:
        """The rows that stand for themselves alone."""
        return self._replace(units=self.units[self.apart], values=self.values[self.apart], counts=self.counts[:, self.apart])


class MeasureTables(NamedTuple):
    """The tables that a sensitivity method yields: its indices, and the change along each input where there is one."""

    indices: pd.DataFrame  # columns COLUMNS
    tornado: pd.DataFrame  # columns TORNADO


class SpreadOverDraws(NamedTuple):
    """How far all inputs together move one case: plain percentiles of the draws, and those of a surrogate fitted to them."""

    scenario: str
    mean: float
    draw_low: float  # with replicate noise in it
    draw_high: float
    surrogate_draw_low: float
    surrogate_draw_high: float
    surrogate_r2: float
    surrogate_fits: bool
    draws: int
    worlds: int


def spread_over(sample: Sample, terms: Reals, possible_values: tuple[float, float]) -> SpreadOverDraws | None:
    """The spread of a sample whose draws fill their ranges, from terms of its drawn numbers ``[n, T]``; None for other draws."""
    if sample.drawn.method not in _FILLS:
        return None
    cells = sample.plain.values
    low, high = np.percentile(cells.mean(axis=1), TAILS)
    found = surrogate_of(cells, terms[sample.apart], possible_values)
    return SpreadOverDraws(sample.label, float(cells.mean()), float(low), float(high), *found, len(cells), sample.worlds)


def measured_by(sample: Sample, spec: SensitivitySpec) -> MeasureTables:
    """The tables of the method by which the points were drawn, the factor that matters most first."""
    found = _METHODS[sample.drawn.method](sample, spec)
    main = main_of(found.indices)
    size = found.indices[found.indices["index"] == main].set_index("factor")["value"]
    size = size.abs() if main == "effect" else size  # a share below zero is noise, not size
    by_size = found.indices["factor"].map(size)
    order = found.indices.assign(_size=by_size, _index=pd.factorize(found.indices["index"])[0])
    indices = order.sort_values(["_index", "_size"], ascending=[True, False], kind="stable")[_COLUMNS]
    return MeasureTables(
        indices.reset_index(drop=True),
        found.tornado.sort_values("change", key=np.abs, ascending=False, kind="stable").reset_index(drop=True),
    )


def main_of(indices: pd.DataFrame) -> str:
    """The index of a table that ranks its factors."""
    return next(index for index in _MAIN if index in set(indices["index"]))


def _by_sobol(sample: Sample, spec: SensitivitySpec) -> MeasureTables:
    design = sobol.saltelli_of(sample.values, len(sample.drawn.factors))
    tables = []
    if sample.values.shape[1] > 1:
        found = sobol.indices_of(design, spec.resamples, spec.seed)
        values, of_points, of_replicates = (part[:, :-1] for part in found)
        tables = [
            _indices(sample, index, values[row], of_points[row], of_replicates[row], 0.0) for row, index in ((1, "ST"), (0, "S1"))
        ]
        values, of_points, of_replicates = (part[:1, -1] for part in found)
        tables.append(_indices(sample, "S1", values, of_points, of_replicates, 0.0, factors=[ALL]))
    raw = _raw(sample, spec, sobol.noise_in_total(design))
    raw["told"] &= not tables  # with noise in it, where it could be free of it, an index tells nothing
    plain = sample.plain
    return MeasureTables(pd.concat([*tables, _by_pawn(plain, spec), raw], ignore_index=True), _between_ends(plain, spec))


def _raw(sample: Sample, spec: SensitivitySpec, noise: Reals) -> pd.DataFrame:
    """Indices of the means over replicates, as SALib gives them: with replicate noise in them."""
    from SALib.analyze import sobol as library

    means, names = sample.values.mean(axis=1), sample.drawn.factors
    if not np.ptp(means[sample.apart]) > 0:  # the library would divide by their variance
        found = dict.fromkeys(("S1", "ST", "S1_conf", "ST_conf"), np.full(len(names), np.nan))
    else:
        found = library.analyze(problem_of(names), means, calc_second_order=False, num_resamples=spec.resamples, seed=spec.seed)
    first = _indices(sample, "S1_raw", found["S1"], found["S1_conf"], np.nan, 0.0)
    total = _indices(sample, "ST_raw", found["ST"], found["ST_conf"], np.nan, noise)
    return pd.concat([total, first], ignore_index=True)


def _by_morris(sample: Sample, spec: SensitivitySpec) -> MeasureTables:
    from SALib.analyze import morris as library

    names, levels = sample.drawn.factors, sample.drawn.levels
    found = library.analyze(
        problem_of(names), sample.units, sample.values.mean(axis=1), num_resamples=spec.resamples, num_levels=levels, seed=spec.seed
    )
    steps = effects.elementary(sample.units, sample.values)
    of_replicates = half_by_leaving_out(effects.morris_indices, steps)  # of mu, mu* and sigma
    noise = effects.noise_of_steps(steps)
    of_mean = sobol.NORMAL * np.asarray(found["sigma"], float) / np.sqrt(len(steps))
    by_world = steps.mean(axis=0)
    way = _indices(sample, "mu", found["mu"], of_mean, of_replicates[0], 0.0, by_replicate=by_world)
    size = _indices(sample, "mu_star", found["mu_star"], found["mu_star_conf"], of_replicates[1], noise[0])
    uneven = _indices(sample, "sigma", found["sigma"], np.nan, of_replicates[2], noise[1])
    size["told"] |= way["told"]  # a clear direction is no noise, however small
    unknown = np.full(len(names), np.nan)
    change = effects.EndToEnd(unknown, unknown, np.asarray(found["mu"], float), of_mean, of_replicates[0], by_world)
    return MeasureTables(pd.concat([size, uneven, way], ignore_index=True), _tornado(sample, change))


def _by_hypercube(sample: Sample, spec: SensitivitySpec) -> MeasureTables:
    return MeasureTables(_by_pawn(sample, spec), _between_ends(sample, spec))


def _by_pawn(sample: Sample, spec: SensitivitySpec) -> pd.DataFrame:
    means, rng = sample.values.mean(axis=1), np.random.default_rng(spec.seed)

    def index(values: Reals) -> Reals:
        return pawn.pawn_of(sample.units, values.mean(axis=1), spec.slices)

    floor = pawn.floor_of(means, spec.slices, spec.dummies, rng)
    spread = pawn.spread_of(sample.units, means, spec.slices, spec.resamples, rng)
    of_replicates = half_by_leaving_out(index, sample.values)
    found = _indices(sample, "pawn", index(sample.values), sobol.NORMAL * spread, of_replicates, floor, method="pawn")
    told = (found["value"] > found["floor"]) & np.isfinite(of_replicates)  # the floor is itself a limit that noise seldom passes
    return found.assign(told=told & (sample.worlds >= FEWEST_WORLDS))


def _between_ends(sample: Sample, spec: SensitivitySpec) -> pd.DataFrame:
    rng = np.random.default_rng(spec.seed)
    found = effects.between_ends(sample.units, sample.values, spec.ends, spec.resamples, rng)
    low, high = (sample.counts[:, rows].sum(axis=1) for rows in effects.at_ends(sample.units, spec.ends))  # [k, D] each
    return _tornado(sample, _told(found, low, high, sample.fewest))


def _by_contrasts(sample: Sample, _: SensitivitySpec) -> MeasureTables:
    high = (sample.units > 0).astype(np.int64)
    found = effects.contrasts(high > 0, sample.values)
    found = _told(found, sample.counts @ (1 - high), sample.counts @ high, sample.fewest)
    table = _indices(sample, "effect", found.change, np.nan, found.of_replicates, 0.0, by_replicate=found.by_replicate)
    return MeasureTables(table, _tornado(sample, found))


_METHODS: dict[Method, Callable[[Sample, SensitivitySpec], MeasureTables]] = {
    "sobol": _by_sobol,
    "morris": _by_morris,
    "latin_hypercube": _by_hypercube,
    "fractional": _by_contrasts,
}


def joint(one: Reals | float, other: Reals | float) -> Reals:
    """Half of an interval that holds two independent errors, from their halves; one that is missing counts as none.

    >>> joint(np.array([3.0, 2.0, np.nan]), np.array([4.0, np.nan, np.nan])).tolist()
    [5.0, 2.0, nan]
    """
    both = np.stack(np.broadcast_arrays(np.asarray(one, float), np.asarray(other, float)))
    return np.where(np.isnan(both).all(axis=0), np.nan, np.sqrt(np.nansum(both**2, axis=0)))


def _indices(
    sample: Sample,
    index: str,
    values: Reals,
    of_draws: Reals | float,
    of_replicates: Reals | float,
    floor: Reals | float,
    *,
    method: str = "",
    factors: Sequence[str] = (),
    by_replicate: Reals | None = None,
) -> pd.DataFrame:
    """One index of all factors as rows; shares and their limits lie in [0, 1].

    It is told from nothing if it lies above its floor by more than both errors together, on worlds enough for a verdict; what has a
    sign and a value in each replicate (``by_replicate`` ``[D, R]``) only if the range over worlds leaves zero out, too.
    """
    found = np.asarray(values, float)
    limits, ends = _limits(found, of_draws, of_replicates), (0.0, 1.0) if index in _SHARES else UNBOUNDED
    size = found - _ROUNDING if index in _SHARES else np.abs(found)  # a share below zero is noise, not size
    above = (size - joint(of_draws, of_replicates) > np.nan_to_num(floor)) & np.isfinite(of_replicates)
    clear = np.asarray(sample.worlds >= FEWEST_WORLDS)
    if by_replicate is not None:
        clear = over_worlds(sample.in_worlds(by_replicate), found, Limits(limits["error_low"], limits["error_high"])).clear
    frame = pd.DataFrame({"factor": [*(factors or sample.drawn.factors)], "value": np.clip(found, *ends)})
    frame = frame.assign(scenario=sample.label, method=method or sample.drawn.method, index=index, floor=np.clip(floor, *ends))
    return frame.assign(told=above & clear, **{name: np.clip(end, *ends) for name, end in limits.items()})[_COLUMNS]


def _told(found: effects.EndToEnd, low: NDArray[np.int64], high: NDArray[np.int64], fewest: int) -> effects.EndToEnd:
    """The same without what rests on too few events, from those at either end ``[k, D]`` of each of the policies compared."""
    few_low, few_high = ((events < fewest).any(axis=0) for events in (low, high))
    both = few_low | few_high
    blank = (few_low, few_high, both, both, both)
    parts = [np.where(few, np.nan, part) for few, part in zip(blank, found[:-1], strict=True)]
    return effects.EndToEnd(parts[0], parts[1], parts[2], parts[3], parts[4], np.where(both[:, None], np.nan, found.by_replicate))


def _tornado(sample: Sample, found: effects.EndToEnd) -> pd.DataFrame:
    """The change along each input; told where the range over worlds leaves zero out, and so do both simulation errors together."""
    names = sample.drawn.factors
    lowest, highest = zip(*sample.drawn.ends, strict=True)
    ends = {"lowest": lowest, "highest": highest, "at_lowest": found.at_low, "at_highest": found.at_high}
    limits = _limits(found.change, found.of_draws, found.of_replicates)
    over = over_worlds(sample.in_worlds(found.by_replicate), found.change, Limits(limits["error_low"], limits["error_high"]))
    beyond = (np.abs(found.change) > joint(found.of_draws, found.of_replicates)) & np.isfinite(found.of_replicates)
    frame = pd.DataFrame({"factor": names, **ends}).assign(scenario=sample.label, change=found.change, told=over.clear & beyond)
    return frame.assign(**(over.columns() | limits))[TORNADO]


def _limits(values: Reals, of_draws: Reals | float, of_replicates: Reals | float) -> dict[str, Reals]:
    """Both intervals; one without bounds is left out."""
    out: dict[str, Reals] = {}
    for name, half in (("draw_error", of_draws), ("error", of_replicates)):
        known = np.where(np.isfinite(half), half, np.nan)
        out |= {f"{name}_low": values - known, f"{name}_high": values + known}
    return out
