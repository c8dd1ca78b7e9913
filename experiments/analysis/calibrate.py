"""Which numbers published figures speak of, and what they then are: a posterior from one bank of runs.

The store is a bank: each world is a draw of every number from its prior, and each run left what would be published of it
(``design=bank``). A few numbers are calibrated, those of which patterns speak; all others stay assumed: they vary in the bank, so
what they could do to the figures widens the posterior, and nothing is ever concluded about them.

A figure is known within its tolerance and says no more than that: what the runs show is given an error as wide, evenly over the
tolerance, and the middle of it is what was observed. An order (a tolerance with one end) holds or does not: draws whose run breaks
one are left out, which is exact. The known numbers of the draws that are kept are first looked for in what their own runs show,
with the same errors: whether intervals hold them as often as they say is told beside every fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field, StrictInt
from scipy import stats

from experiments.analysis.posterior import (
    CREDIBLE,
    IDENTIFIED,
    Bank,
    Posterior,
    Recovery,
    blurred,
    posterior,
    recovered,
    refuse_without_library,
)
from experiments.analysis.record import Analysis, Drawing, spec_from
from experiments.store.outcomes import Outcome
from experiments.store.reader import StoredStudy
from experiments.text import counted, in_a_row, in_per_cent, number, spoken
from sim.arrays import Flags, Reals
from sim.draws import Draws
from sim.observe.patterns import Observable, Pattern
from sim.parameters import is_possible, shares
from sim.register import Parameter, drawable
from sim.settings import Config
from sim.world.ranges import Range, Seed, Unit
from sim.world.record import ConfigError, Record

MOST = 12
"""Numbers that are calibrated; the issue of a bank is thin, and every further number takes from what the others are known by."""
COVERED = (0.86, 0.94)
"""Within which the share of known numbers in intervals of 90 % must lie; *assumption* of the outside review."""
EVEN = 0.001
"""Chance of ranks as uneven as those found, under which they are not taken for even; *assumption*: a dozen numbers are judged."""
CALIBRATION_COLUMNS = (
    *("key", "unit", "default", "prior_words", "prior_low", "prior_median", "prior_high"),
    *("posterior_low", "posterior_median", "posterior_high", "mean_score", "spread", "identified", "below_default"),
    *("coverage", "evenness", "spread_recovered", "spread_exact", "informs"),
    *("score_low", "score_median", "score_high", "score_default"),
)
"""Values in the unit of each number, 5 to 95 %; ``mean_score``, ``spread`` and ``score_*`` in standard deviations of the prior."""
PAIR_COLUMNS = ("first", "second", "correlation")
SEEN_COLUMNS = ("observable", "said", "target", "low", "high", "bank_low", "bank_median", "bank_high", "in_tolerance", "missing")
RANK_COLUMNS = ("key", "bin", "low", "high", "share", "draws")
_NAME = "calibrate"
_PARAMETERS, _OBSERVABLES = f"analysis.{_NAME}.parameters", f"analysis.{_NAME}.observables"
_TAILS = (0.05, 0.5, 0.95)
_BINS = 10  # of ranks
_EXACT = "spread_exact"
_EDGE = 1e-9  # of a share of a prior, so that its score is a number
_HEADING = "Calibration"
_QUESTION = "Which of the numbers that nobody knows do published figures speak of, and what do they say?"


class CalibrateSpec(Record):
    """Settings of ``calibrate``, from ``configs/analysis/calibrate.yaml``."""

    parameters: Annotated[list[str], Field(min_length=1, max_length=MOST)]
    observables: Annotated[list[str], Field(min_length=1)]  # "P7.register_refused"
    rows: Annotated[StrictInt, Range(1, 100_000)]
    seed: Seed
    told_from: Unit


class Figures(NamedTuple):
    """What was observed, ``S`` figures by name."""

    observables: dict[str, Observable]

    @property
    def orders(self) -> list[str]:
        """Names of those that hold or do not."""
        return [name for name, one in self.observables.items() if is_order(one)]

    @property
    def measured(self) -> list[str]:
        """Names of those that have a target between two ends."""
        return [name for name, one in self.observables.items() if not is_order(one)]


class Calibrated(NamedTuple):
    """How well the known numbers of a bank are found again, and what the figures say of them."""

    recovery: Recovery
    exact: Recovery  # the same, were the figures known without a tolerance
    posterior: Posterior


def unsuited(study: StoredStudy) -> str | None:
    """Why nothing can be calibrated on this study; None if something can."""
    if study.config.parameters.draw != "prior":
        return "wants worlds that draw their numbers from the priors (parameters=prior), as design=bank has them"
    if "observed" not in study.design.keep:
        return "wants runs that leave what would be published (design.keep: [observed]), as design=bank has them"
    if len(study.points) != 1:
        return f"wants one point, as design=bank has it, not {len(study.points)}"
    return None


def analyse(study: StoredStudy, outcome: Outcome) -> Analysis:
    """Calibrate on a bank; the outcome is not asked for.

    Tables: ``calibration``, ``correlations``, ``ranks``, ``figures``, and ``posterior`` with the draws themselves. Raises
    ``ConfigError`` for a store that is no bank, for keys and observables that are none, or where scikit-learn is not installed.
    """
    del outcome
    refuse_without_library()
    if reason := unsuited(study):
        raise ConfigError(f"store: found {study.name!r}, which does not suit {_NAME}: it {reason}; accepted: a bank of runs")
    spec = spec_from(_NAME, CalibrateSpec, study.asked)
    parameters = parameters_of(spec)
    figures = figures_of(spec, study.asked.patterns)
    values = values_of(study.observed(), figures)
    kept = values[keeps_orders(values, figures)]
    scores = scores_of(study.config, list(kept.index), spec.parameters)
    found = calibrated(scores, kept, figures, spec)
    rows = possible_rows(study.config, parameters, found.posterior, spec)
    table = calibration_table(parameters, found)
    pairs = correlation_table(spec.parameters, found.posterior)
    ranks, seen = rank_table(spec.parameters, found.recovery), seen_table(values, figures)
    return Analysis(
        name=_NAME,
        heading=_HEADING,
        question=_QUESTION,
        answer=_answer(table, pairs, spec),
        sure=_sure(table, found, seen, (len(values), len(kept))),
        tables={
            "calibration": table,
            "correlations": pairs,
            "ranks": ranks,
            "figures": seen,
            "posterior": rows,
        },
        drawings=_drawings(table, ranks),
    )


# --- what is asked for --------------------------------------------------------------------------------------------------------


def parameters_of(spec: CalibrateSpec) -> list[Parameter]:
    """The numbers that are calibrated. Raises ``ConfigError`` for a key without a prior, or one that is named twice."""
    known = drawable()
    for place, key in enumerate(spec.parameters):
        if key not in known:
            raise ConfigError(
                f"analysis.calibrate.parameters: found {key!r}; accepted: keys that `rogatory keys` lists with a prior"
            )
        if key in spec.parameters[:place]:
            raise ConfigError(f"{_PARAMETERS}: found {key!r} twice; accepted: each once")
    return [known[key] for key in spec.parameters]


def figures_of(spec: CalibrateSpec, patterns: Mapping[str, Pattern]) -> Figures:
    """What was observed. Raises ``ConfigError`` for what is no observable, has no tolerance, or was rejected."""
    known = {f"{key}.{name}": one for key, pattern in patterns.items() for name, one in pattern.observables.items()}
    for name in spec.observables:
        one = known.get(name)
        why = "which is none" if one is None else one.rejected or ("" if one.bounded else "which has no tolerance")
        if why:
            raise ConfigError(f"{_OBSERVABLES}: found {name!r}, {why}; accepted: PATTERN.OBSERVABLE with a tolerance")
    return Figures({name: known[name] for name in spec.observables})


def is_order(one: Observable) -> bool:
    """Whether a tolerance has one end alone."""
    return one.low is None or one.high is None


def target_of(one: Observable) -> tuple[float, float]:
    """What was observed of an observable, and within what: the middle and half the width of its tolerance, on its scale.

    Raises ``ValueError`` for an order.
    """
    if one.low is None or one.high is None:
        raise ValueError(f"{one.said}: an order, which has no middle")
    ends = np.log([one.low, one.high]) if one.kind == "ratio" else np.array([one.low, one.high])
    return float(ends.mean()), float(ends[1] - ends[0]) / 2


def read_as(one: Observable, values: Reals) -> Reals:
    """Values ``[D]`` of an observable on the scale on which it is compared: logarithms of ratios; nan where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.log(values) if one.kind == "ratio" else values
    return np.asarray(np.where(np.isfinite(scaled), scaled, np.nan))


# --- the bank -----------------------------------------------------------------------------------------------------------------


def values_of(observed: pd.DataFrame, figures: Figures) -> pd.DataFrame:
    """What each draw's first run shows of the figures: a row a world, a column an observable; nan where it shows nothing.

    Raises ``ConfigError`` for an observable that no run left.
    """
    first = observed[observed["replicate"] == 0]
    named = first["pattern"].astype(str) + "." + first["observable"].astype(str)
    wide = first.assign(name=named).pivot(index="world_seed", columns="name", values="value")
    if missing := [name for name in figures.observables if name not in wide]:
        raise ConfigError(f"{_OBSERVABLES}: found {missing[0]!r}, of which the runs left nothing; accepted: what they left")
    return wide[list(figures.observables)]


def keeps_orders(values: pd.DataFrame, figures: Figures) -> Flags:
    """Which draws ``[D]`` keep every order; one whose run does not show it keeps none."""
    held = [[figures.observables[name].holds(float(value)) for value in values[name]] for name in figures.orders]
    return np.all(np.array(held, bool).reshape(len(figures.orders), len(values)), axis=0)


def scores_of(config: Config, worlds: Sequence[int], keys: Sequence[str]) -> Reals:
    """Where in their priors the numbers of each world lie, as standard normal quantiles ``[D, P]``.

    Raises ``ConfigError`` for a number that the worlds did not draw.
    """
    found = np.empty((len(worlds), len(keys)))
    for row, world in enumerate(worlds):
        lies = shares(config, int(world))
        if strange := [key for key in keys if key not in lies]:
            raise ConfigError(
                f"analysis.calibrate.parameters: found {strange[0]!r}, which this bank does not draw; accepted: what it draws"
            )
        found[row] = [lies[key] for key in keys]
    return np.asarray(stats.norm.ppf(np.clip(found, _EDGE, 1 - _EDGE)))


def calibrated(scores: Reals, values: pd.DataFrame, figures: Figures, spec: CalibrateSpec) -> Calibrated:
    """Look for known numbers first, then fit: scores ``[D, P]`` of draws that keep the orders, and what their runs show."""
    chosen = [figures.observables[name] for name in figures.measured]
    targets = np.array([target_of(one) for one in chosen])
    plain = np.column_stack(
        [read_as(one, values[name].to_numpy(float)) for name, one in zip(figures.measured, chosen, strict=True)]
    )
    bank = Bank(scores, blurred(plain, targets[:, 1], Draws(spec.seed)))
    return Calibrated(recovered(bank), recovered(Bank(scores, plain)), posterior(bank, targets[:, 0]))


def possible_rows(config: Config, parameters: Sequence[Parameter], found: Posterior, spec: CalibrateSpec) -> pd.DataFrame:
    """Equally likely draws in the units of the configuration, a column a key; without those that no configuration can have."""
    rows = values_at(parameters, found.drawn(spec.rows, Draws(spec.seed)))
    keys = [one.key for one in parameters]
    possible = [is_possible(config, dict(zip(keys, map(float, row), strict=True))) for row in rows]
    return pd.DataFrame(rows, columns=keys)[possible].reset_index(drop=True)


def values_at(parameters: Sequence[Parameter], scores: Reals) -> Reals:
    """Scores ``[R, P]`` as values of the numbers, by the quantiles of their priors."""
    below = stats.norm.cdf(scores)
    return np.column_stack(
        [[one.prior.quantile(float(u)) for u in below[:, place]] for place, one in enumerate(parameters) if one.prior is not None]
    )


# --- tables -------------------------------------------------------------------------------------------------------------------


def calibration_table(parameters: Sequence[Parameter], found: Calibrated) -> pd.DataFrame:
    """A row a number, columns ``CALIBRATION_COLUMNS``."""
    scores = np.array([found.posterior.quantile(share) for share in _TAILS])
    after = values_at(parameters, scores)
    before = values_at(parameters, np.repeat(stats.norm.ppf(_TAILS)[:, None], len(parameters), axis=1))
    coverage, even = found.recovery.coverage(), found.recovery.uneven()
    rows = []
    for place, one in enumerate(parameters):
        default = default_score(one)
        rows.append({
            "key": one.key, "unit": one.unit, "default": one.value, "prior_words": one.prior.words if one.prior else "",
            **{f"prior_{name}": float(value) for name, value in zip(("low", "median", "high"), before[:, place], strict=True)},
            **{f"posterior_{name}": float(value) for name, value in zip(("low", "median", "high"), after[:, place], strict=True)},
            "mean_score": float(found.posterior.mean[place]), "spread": float(found.posterior.spread[place]),
            "identified": bool(found.posterior.spread[place] < IDENTIFIED),
            "below_default": float(found.posterior.below(np.full(len(parameters), default))[place]),
            "coverage": float(coverage[place]), "evenness": float(even[place]),
            "spread_recovered": float(np.median(found.recovery.spread[:, place])),
            _EXACT: float(np.median(found.exact.spread[:, place])), "informs": " ".join(one.informs),
            **{f"score_{name}": float(score) for name, score in zip(("low", "median", "high"), scores[:, place], strict=True)},
            "score_default": default,
        })  # fmt: skip
    return pd.DataFrame(rows, columns=list(CALIBRATION_COLUMNS))


def default_score(one: Parameter) -> float:
    """Where a number's default lies in its prior, as a standard normal quantile."""
    if one.prior is None:
        return float("nan")
    return float(stats.norm.ppf(np.clip(one.prior.share_below(one.value), _EDGE, 1 - _EDGE)))


def correlation_table(keys: Sequence[str], found: Posterior) -> pd.DataFrame:
    """Correlations of scores in the posterior, a row a pair, the strongest first."""
    matrix = found.correlation
    rows = [(keys[i], keys[j], float(matrix[i, j])) for i, j in combinations(range(len(keys)), 2)]
    pairs = pd.DataFrame(rows, columns=list(PAIR_COLUMNS))
    return pairs.sort_values("correlation", key=abs, ascending=False, kind="stable", ignore_index=True)


def rank_table(keys: Sequence[str], recovery: Recovery) -> pd.DataFrame:
    """Histograms of the ranks of known numbers, a row a number and bin; even if intervals hold what they say."""
    edges = np.linspace(0, 1, _BINS + 1)
    rows = []
    for place, key in enumerate(keys):
        counts = np.histogram(recovery.ranks[:, place], edges)[0]
        for place_of_bin, count in enumerate(counts):
            ends = float(edges[place_of_bin]), float(edges[place_of_bin + 1])
            rows.append((key, place_of_bin, *ends, float(count / counts.sum()), int(counts.sum())))
    return pd.DataFrame(rows, columns=list(RANK_COLUMNS))


def seen_table(values: pd.DataFrame, figures: Figures) -> pd.DataFrame:
    """What the bank shows of each figure: 5, 50 and 95 % of draws, and the share within the tolerance."""
    rows = []
    for name, one in figures.observables.items():
        column = values[name].to_numpy(float)
        known = column[~np.isnan(column)]
        low, middle, high = np.quantile(known, _TAILS) if known.size else (np.nan,) * 3
        inside = float(np.mean([one.holds(float(value)) for value in column]))
        ends = [np.nan if end is None else end for end in (one.low, one.high)]
        rows.append((name, one.said, one.target, *ends, low, middle, high, inside, float(np.isnan(column).mean())))
    return pd.DataFrame(rows, columns=list(SEEN_COLUMNS))


# --- in words -----------------------------------------------------------------------------------------------------------------


def _answer(table: pd.DataFrame, pairs: pd.DataFrame, spec: CalibrateSpec) -> list[str]:
    rows = table.sort_values("spread", kind="stable").to_dict("records")
    known, left = [row for row in rows if row["identified"]], [row for row in rows if not row["identified"]]
    strong = pairs[pairs["correlation"].abs() >= spec.told_from].to_dict("records")
    found = [f"{row['key']} {_span(row)}, {number(row['spread'])} of the prior's standard deviation" for row in known]
    told = [f"{spoken(row['first'])} and {spoken(row['second'])} {row['correlation']:+.2f}" for row in strong]
    return [
        f"Published figures speak of {len(known)} of {counted(len(rows), 'number')} (posterior under {IDENTIFIED:g} of the prior's "
        f"standard deviation): {'; '.join(found) or 'none'}.",
        f"Not identified: {in_a_row([f'{row["key"]} ({row["spread"]:.2f})' for row in left]) or 'none'}.",
        f"Correlated in the posterior: {'; '.join(told) or 'none'} (from {spec.told_from:g}).",
    ]


def _span(row: Mapping[Any, Any]) -> str:
    low, middle, high = (f"{row[f'posterior_{name}']:.3g}" for name in ("low", "median", "high"))
    return f"{middle} [{low}, {high}], default {row['default']:.3g}"


def _sure(table: pd.DataFrame, found: Calibrated, seen: pd.DataFrame, draws: tuple[int, int]) -> list[str]:
    least, most = table["coverage"].min(), table["coverage"].max()
    outside = table[~table["coverage"].between(*COVERED)]["key"]
    uneven = table[table["evenness"] < EVEN]["key"]
    hard = seen.sort_values("in_tolerance", kind="stable").iloc[0]
    return [
        f"Known numbers of {counted(len(found.recovery.ranks), 'draw')} were looked for in what their own runs show: intervals of "
        f"{in_per_cent(CREDIBLE)} hold {in_per_cent(least)} to {in_per_cent(most)} of them "
        f"(wanted {in_per_cent(COVERED[0])} to {in_per_cent(COVERED[1])}; outside: {in_a_row(list(outside)) or 'none'}). "
        f"Ranks that are not even: {in_a_row(list(uneven)) or 'none'}.",
        f"The bank has {counted(draws[0], 'draw')}, each of all numbers and of a world; {counted(draws[1], 'draw')} keep every "
        "order. What is not calibrated varied too; nothing is concluded about it, and its prior stays as it was.",
        f"Of these figures the priors reach {hard['observable']} ({hard['said']}) least often: in "
        f"{in_per_cent(hard['in_tolerance'])} of draws.",
    ]


def _drawings(table: pd.DataFrame, ranks: pd.DataFrame) -> list[Drawing]:
    wide = ranks.pivot(index="key", columns="bin", values="share").add_prefix("rank_")
    frame = table.assign(
        words=[_span(row).partition(", default")[0] for row in table.to_dict("records")], draws=ranks["draws"].max()
    )
    frame = frame.join(wide, on="key").sort_values("spread", kind="stable", ignore_index=True)
    told = "; ".join(f"{row['key']} {row['words']}, spread {row['spread']:.2f}" for row in frame.to_dict("records"))
    return [Drawing(_NAME, "calibration", frame, "Regression-adjusted ABC on one bank of runs.", f"Prior and posterior: {told}.")]
