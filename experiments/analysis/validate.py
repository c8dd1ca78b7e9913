"""Published patterns against what the model would publish: in tolerance or not, and whether a pass is worth anything.

Rows are observables. Each is compared with its target in its own units, world by world; a world's value is the mean over its
replicates. Only what is a *test* counts: not what the model is given (input), not what it would pass with the mechanism off (blind,
which is measured), not what no mechanism makes, and not a target that was rejected with a reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field, StrictInt, model_validator

from experiments.statistics import chance_share, independent, mean_of, nested, simulation_error, world_range, world_values
from experiments.text import in_a_row, percent, unknown
from sim.arrays import Reals
from sim.observe.patterns import Observable, Pattern
from sim.world.ranges import Unit
from sim.world.record import Record

Source = Literal["default", "prior", "posterior"]
DEFAULT: Source = "default"
PRIOR: Source = "prior"
POSTERIOR: Source = "posterior"
DRAWN: tuple[Source, ...] = (PRIOR, POSTERIOR)
"""Sources whose rows are draws of parameters, each the option of the group ``parameters`` that makes them."""
INPUT, TEST, BLIND, NOT_COMPUTABLE, REJECTED = "input", "test", "blind", "not_computable", "rejected"
IN, PARTLY, OUT, SHOWN, NONE = "in", "partly", "out", "shown", "none"
_TAILS = (0.05, 0.95)  # quantiles of draws of parameters
OBSERVED_COLUMNS = ("world_seed", "replicate", "pattern", "observable", "value", "n")
"""What a frame of observed values has, whatever its source; a column ``point`` tells draws of parameters apart."""
TABLE_COLUMNS = (
    *(
        "pattern",
        "name",
        "observable",
        "said",
        "target",
        "kind",
        "low",
        "high",
        "flag",
        "flag_reason",
        "fitted",
        "verdict",
        "counts",
    ),
    *("value", "world_low", "world_high", "error_low", "error_high", "chance_share", "worlds", "n", "share_in"),
    *("off_value", "off_share_in"),
    *(f"{source}_{what}" for source in DRAWN for what in ("value", "low", "high", "draws", "share_in")),
    *("source", "about", "teaches", "drawn"),
)


class ValidateSpec(Record):
    """What ``configs/analysis/validate.yaml`` says: from which share of worlds on an observable is in or blind; and of draws."""

    in_from: Unit
    out_to: Unit
    blind_from: Unit
    draws: Annotated[StrictInt, Field(ge=0, le=10_000)]  # of each source
    orders: dict[str, str]  # order -> the observable that is it, as PATTERN.OBSERVABLE
    orders_from: Unit

    @model_validator(mode="after")
    def _ordered(self) -> ValidateSpec:
        if self.out_to >= self.in_from:
            raise ValueError(f"out_to: found {self.out_to}, not below in_from {self.in_from}; accepted: below it")
        return self


class Held(NamedTuple):
    """The runs of one observable, by world and replicate ``[W, L]``, and what each stands on."""

    runs: Reals
    n: float  # median over runs


_EMPTY = Held(np.full((1, 1), np.nan), 0.0)


def held_by(frame: pd.DataFrame) -> dict[tuple[str, str], Held]:
    """The runs of each observable of a frame with ``OBSERVED_COLUMNS``; of draws of parameters each draw is a world of its own.

    Raises ``ValueError`` for a frame that lacks a column.
    """
    if missing := [name for name in OBSERVED_COLUMNS if name not in frame.columns]:
        raise ValueError(f"the frame has no column {', '.join(missing)}; wanted: {', '.join(OBSERVED_COLUMNS)}")
    worlds = (
        frame["world_seed"].astype(str)
        if "point" not in frame
        else frame["point"].astype(str) + " " + frame["world_seed"].astype(str)
    )
    out = {}
    for (pattern, observable), part in frame.assign(world=worlds).groupby(["pattern", "observable"], sort=False, observed=True):
        ordered = part.sort_values(["world", "replicate"], kind="stable")
        runs = nested(ordered["value"].to_numpy(float), pd.factorize(ordered["world"])[0])
        out[str(pattern), str(observable)] = Held(runs, float(part["n"].median()))
    return out


def pattern_table(
    patterns: Mapping[str, Pattern],
    observed: Mapping[Source, pd.DataFrame],
    off: pd.DataFrame | None,
    spec: ValidateSpec,
    fitted: Collection[str] = (),
) -> pd.DataFrame:
    """One row an observable, columns ``TABLE_COLUMNS``; ``fitted`` are those that a posterior was conditioned on (``named``).

    ``observed`` has the rows of each source, ``default`` at least; ``off`` those of each test with its mechanism off (the same
    columns; None where it was not measured: then nothing is blind). A column of a source that is not there is empty.
    """
    sources = {source: held_by(frame) for source, frame in observed.items()}
    without = {} if off is None else held_by(off)
    rows = []
    for key, pattern in patterns.items():
        for name, observable in pattern.observables.items():
            found = {source: sources.get(source, {}).get((key, name), _EMPTY) for source in (DEFAULT, *DRAWN)}
            row = _row((key, name), pattern, observable, found, without.get((key, name)), spec)
            rows.append(row | {"fitted": named(key, name) in fitted})
    return pd.DataFrame(rows, columns=list(TABLE_COLUMNS))


def named(pattern: str, observable: str) -> str:
    """An observable as configurations name it.

    >>> named("P7", "register_refused")
    'P7.register_refused'
    """
    return f"{pattern}.{observable}"


def _row(
    key: tuple[str, str],
    pattern: Pattern,
    observable: Observable,
    found: Mapping[Source, Held],
    off: Held | None,
    spec: ValidateSpec,
) -> dict[str, Any]:
    runs = found[DEFAULT].runs
    values, ends, error = world_values(runs), world_range(world_values(runs)), simulation_error(independent(runs))
    share_in, off_in = _share_in(observable, values), _share_in(observable, world_values(off.runs)) if off else np.nan
    flag = _flag(observable, off_in, spec)
    told = {
        "pattern": key[0], "name": pattern.name, "observable": key[1], "said": observable.said, "target": observable.target,
        "kind": observable.kind, "low": _end(observable.low), "high": _end(observable.high), "flag": flag,
        "flag_reason": observable.rejected or observable.reason, "verdict": verdict(observable, share_in, spec),
        "counts": flag == TEST and observable.scored, "value": float(mean_of(values)), "world_low": float(ends.low),
        "world_high": float(ends.high), "error_low": float(error.low), "error_high": float(error.high),
        "chance_share": float(chance_share(runs)), "worlds": int((~np.isnan(values)).sum()), "n": found[DEFAULT].n,
        "share_in": share_in, "off_value": float(mean_of(world_values(off.runs))) if off else np.nan, "off_share_in": off_in,
        "source": pattern.source, "about": pattern.about, "teaches": pattern.teaches, "drawn": observable.drawn,
    }  # fmt: skip
    for source in DRAWN:
        told |= {f"{source}_{what}": value for what, value in _of_draws(observable, found[source].runs).items()}
    return told


def _end(end: float | None) -> float:
    return np.nan if end is None else end


def _share_in(observable: Observable, values: Reals) -> float:
    """Share of worlds within the tolerance; a world without a value is not. Nan where there is no tolerance, or no world."""
    if not observable.bounded or not values.size or np.isnan(values).all():
        return np.nan
    return float(np.mean([observable.holds(float(value)) for value in values]))


def _flag(observable: Observable, off_in: float, spec: ValidateSpec) -> str:
    """What a pass is worth: as the file says, but that a test which passes with its mechanism off is blind."""
    if observable.rejected is not None:
        return REJECTED
    if observable.flag == TEST and not observable.bounded:
        return SHOWN
    if observable.flag == TEST and off_in >= spec.blind_from:
        return BLIND
    return observable.flag


def verdict(observable: Observable, share_in: float, spec: ValidateSpec) -> str:
    """In, partly or out by the share of worlds within the tolerance; shown where there is none, none without a value."""
    if not observable.bounded:
        return SHOWN
    if np.isnan(share_in):
        return NONE
    return IN if share_in >= spec.in_from else OUT if share_in <= spec.out_to else PARTLY


def _of_draws(observable: Observable, runs: Reals) -> dict[str, float]:
    """Median and 5 to 95 % of draws of parameters, how many there are, and the share within the tolerance."""
    values = world_values(runs)
    known = values[~np.isnan(values)]
    low, middle, high = np.quantile(known, (_TAILS[0], 0.5, _TAILS[1])) if known.size else (np.nan,) * 3
    return {"value": middle, "low": low, "high": high, "draws": known.size, "share_in": _share_in(observable, values)}


# --- in words -----------------------------------------------------------------------------------------------------------------


def score(table: pd.DataFrame) -> tuple[int, int]:
    """How many tested patterns are in tolerance, of how many: those all of whose counted observables are in."""
    counted = table[table["counts"].astype(bool)]
    good = counted.groupby("pattern", sort=False)["verdict"].apply(lambda verdicts: bool((verdicts == IN).all()))
    return int(good.sum()), len(good)


def score_line(table: pd.DataFrame) -> str:
    """The one line that sums up; inputs, blind and rejected observables never count."""
    good, of = score(table)
    counted = table[table["counts"].astype(bool)]
    return (
        f"{good} of {of} tests in tolerance ({int((counted['verdict'] == IN).sum())} of {len(counted)} observables). "
        f"Not counted: {_not_counted(table)}."
    )


def _not_counted(table: pd.DataFrame) -> str:
    """How many observables with a tolerance do not count, by flag."""
    bounded = table[table["verdict"] != SHOWN]
    counts = bounded["flag"].value_counts()
    return ", ".join(f"{counts.get(flag, 0)} {flag.replace('_', ' ')}" for flag in (INPUT, BLIND, REJECTED, NOT_COMPUTABLE))


def misses(table: pd.DataFrame) -> list[str]:
    """Each counted observable that is not in, with its value and range, and what it teaches."""
    rows = table[table["counts"].astype(bool) & table["verdict"].isin([OUT, PARTLY, NONE])].to_dict("records")
    return [
        f"{row['pattern']}, {row['said']}: {in_units(row['value'], row)} [{range_in_units(row)}], target {row['target']}; "
        f"{_where(row)}. {row['teaches']}"
        for row in rows
    ]


def drawn_in(table: pd.DataFrame) -> list[Source]:
    """The sources of draws that a table has values of."""
    return [source for source in DRAWN if table[f"{source}_draws"].astype(float).gt(0).any()]


def fit_line(table: pd.DataFrame) -> list[str]:
    """What a posterior within tolerance is worth where it was fitted; nothing where none is shown, or nothing was fitted."""
    names = [named(row["pattern"], row["observable"]) for row in table[table["fitted"].astype(bool)].to_dict("records")]
    if POSTERIOR not in drawn_in(table) or not names:
        return []
    return [f"The posterior was fitted to {in_a_row(names)}: in tolerance there, it confirms the fit and no more."]


def _where(row: Mapping[Any, Any]) -> str:
    return "no value" if row["verdict"] == NONE else f"in tolerance in {percent(row['share_in'])} of worlds"


def range_in_units(row: Mapping[Any, Any]) -> str:
    """The range over worlds in the observable's units."""
    return "no range" if unknown(row["world_low"]) else f"{in_units(row['world_low'], row)}, {in_units(row['world_high'], row)}"


def in_units(value: float, row: Mapping[Any, Any]) -> str:
    """A value as its target is written: per cent where that is, else the number.

    >>> in_units(0.0525, {"target": "5.6 %"}), in_units(6.1, {"target": "5 to 10 months"}), in_units(float("nan"), {"target": ""})
    ('5.25 %', '6.1', '-')
    """
    if unknown(value):
        return "-"
    return f"{100 * value:.3g} %" if "%" in str(row["target"]) else f"{value:.3g}"


def arms_of(patterns: Mapping[str, Pattern]) -> dict[str, list[str]]:
    """The arms that the table wants: as configured, each further channel that a pattern is observed under, each mechanism off.

    An arm's name is its overrides, joined; the first, without any, is the run as configured.
    """
    arms: dict[str, list[str]] = {arm_name([]): []}
    for pattern in patterns.values():
        arms.setdefault(arm_name(pattern.under), pattern.under)
        for observable in pattern.observables.values():
            if observable.switch_off is not None:
                overrides = [*pattern.under, *observable.switch_off]
                arms.setdefault(arm_name(overrides), overrides)
    return arms


AS_CONFIGURED = "as configured"


def arm_name(overrides: Sequence[str]) -> str:
    """The name of an arm.

    >>> arm_name(["a.b=1", "c=2"]), arm_name([])
    ('a.b=1 c=2', 'as configured')
    """
    return " ".join(overrides) or AS_CONFIGURED


def channels_of(patterns: Mapping[str, Pattern]) -> dict[str, list[str]]:
    """The arms under which patterns are observed: as configured, and each further channel; named as in ``arms_of``.

    A channel under which nothing is computable is left out.
    """
    seen = [pattern for pattern in patterns.values() if any(one.flag != NOT_COMPUTABLE for one in pattern.observables.values())]
    return {arm_name([]): []} | {arm_name(pattern.under): pattern.under for pattern in seen}


def as_observed(patterns: Mapping[str, Pattern], by_arm: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Rows of each pattern from the arm that it is observed under."""
    parts = [(by_arm[arm_name(pattern.under)], key) for key, pattern in patterns.items()]
    return pd.concat([frame[frame["pattern"] == key] for frame, key in parts], ignore_index=True)


def of_arms(patterns: Mapping[str, Pattern], by_arm: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows as configured, each observable from the arm that it is observed under; and the same with its mechanism off."""
    off = []
    for key, pattern in patterns.items():
        for name, observable in pattern.observables.items():
            if observable.switch_off is not None:
                other = by_arm[arm_name([*pattern.under, *observable.switch_off])]
                off.append(other[(other["pattern"] == key) & (other["observable"] == name)])
    return as_observed(patterns, by_arm), pd.concat(off, ignore_index=True)


# --- the frame of the figure --------------------------------------------------------------------------------------------------

_ROOM = 1.0  # widths of the tolerance on either side of it that a place may lie outside before it is cut
FIGURE_NUMBERS = ("value", "world_low", "world_high", *(f"{source}_{end}" for source in DRAWN for end in ("low", "high", "value")))


def placed(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the figure: each number as a place on an axis on which the tolerance reaches from 0 to 1.

    A ratio is placed by its logarithm. A tolerance with one end is as wide as the distance from its end to the farthest number; the
    other end of the bar is then open. Places beyond one width outside are cut there. Adds ``at_<number>``, ``bar_low`` and
    ``bar_high`` to the table's columns.
    """
    rows = []
    for row in table[table["drawn"].astype(bool)].to_dict("records"):
        low, high = _scale(row)
        numbers = [low, high, *(_moved(row, row[name]) for name in FIGURE_NUMBERS)]
        start, width = _base(numbers)
        ends = {"bar_low": -_ROOM if unknown(low) else 0.0, "bar_high": 1 + _ROOM if unknown(high) else 1.0}
        if unknown(low) and unknown(high):
            ends = {"bar_low": np.nan, "bar_high": np.nan}
        places = {f"at_{name}": _cut((_moved(row, row[name]) - start) / width) for name in FIGURE_NUMBERS}
        rows.append({str(name): value for name, value in row.items()} | ends | places)
    return pd.DataFrame(rows)


def _scale(row: Mapping[Any, Any]) -> tuple[float, float]:
    return _moved(row, row["low"]), _moved(row, row["high"])


def _moved(row: Mapping[Any, Any], value: float) -> float:
    """A number on the scale of its row."""
    if row["kind"] != "ratio" or unknown(value):
        return float(value)
    return float(np.log(value)) if value > 0 else -np.inf


def _base(numbers: Sequence[float]) -> tuple[float, float]:
    """Where place 0 is and how wide the tolerance is, from its ends and all other numbers of the row."""
    low, high, *others = numbers
    if not unknown(low) and not unknown(high):
        return low, high - low
    end = high if unknown(low) else low
    far = max((abs(other - end) for other in others if np.isfinite(other)), default=0.0)
    width = far or abs(end) or 1.0
    return (end, width) if unknown(high) else (end - width, width)


def _cut(place: float) -> float:
    return float(np.clip(place, -_ROOM, 1 + _ROOM))
