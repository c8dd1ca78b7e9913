"""Tables of a benchmark: every repeat, a row each stage, ratios within the run, draws, and slopes of scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.benchmark.beside import A_STAGE, KERNEL, PEERS, STATES_AS_AGENTS, TWIN
from experiments.benchmark.bound import BESIDE, FUSED
from experiments.benchmark.counting import APART, LOOK
from experiments.benchmark.measuring import Told, timings
from experiments.benchmark.plan import ADAPTIVE, FLOOR, FOLDED, MODEL, NAIVE, ONE, ROWS, THROUGH_MESA, TWO
from experiments.benchmark.record import Timed
from experiments.benchmark.runs import MONTHS, REQUESTS, WHOLE
from experiments.statistics import exponent

ROWS_TABLE, RATIOS_TABLE, DRAWS_TABLE, SCALES_TABLE, SLOPES_TABLE = (
    f"{name}.csv" for name in ("benchmark", "ratios", "draws", "scales", "slopes")
)
REPEATS_TABLE = "repeats.parquet"
NANO = 1e9
LOOKS = "looks"
MEMORY = "memory"
ROW_COLUMNS = (
    *("part", "row", "stage", "seconds", "seconds_low", "seconds_high", "quartile_low", "quartile_high", "repeats"),
    *("count", "of", "ns", "ns_low", "ns_high", "a_second", "mebibytes", "skipped"),
)
RATIO_COLUMNS = ("what", "ratio", "low", "high", "numerator", "denominator", "unit", "skipped")
DRAW_COLUMNS = ("stage", "purpose", "kind", "draws", "per")
SCALE_COLUMNS = ("scale", "x", "stage", "seconds", "seconds_low", "seconds_high", "repeats", "count", "mebibytes", "skipped")
SLOPE_COLUMNS = ("scale", "stage", "slope", "low", "high", "points", "x_from", "x_to")
_SCALED = {
    "requests": ("cases", MONTHS, "metrics", WHOLE),
    "people": ("world", WHOLE),
    "states": ("world", "capacity", MONTHS, WHOLE),
    "processes": ("all runs",),
}
"""Stages whose seconds a scale is fitted to."""


class Against(NamedTuple):
    """A ratio that is told: what stands over what."""

    what: str
    over: tuple[str, str]  # row and stage
    under: tuple[str, str]
    by: str = "ns"  # what is divided: nanoseconds of one, or seconds in all


RATIOS = (
    Against(
        "the model through Mesa against bare, months, naive", (ROWS[THROUGH_MESA, NAIVE], MONTHS), (ROWS[MODEL, NAIVE], MONTHS)
    ),
    Against(
        "the model through Mesa against bare, months, adaptive",
        (ROWS[THROUGH_MESA, ADAPTIVE], MONTHS),
        (ROWS[MODEL, ADAPTIVE], MONTHS),
    ),
    Against("without rows against with them, months", (FOLDED, MONTHS), (ROWS[MODEL, NAIVE], MONTHS)),
    Against("without rows against with them, whole run", (FOLDED, WHOLE), (ROWS[MODEL, NAIVE], WHOLE)),
    Against("adaptive against naive, months", (ROWS[MODEL, ADAPTIVE], MONTHS), (ROWS[MODEL, NAIVE], MONTHS)),
    Against("the model's months against the draws in them", (ROWS[MODEL, NAIVE], MONTHS), (FLOOR, MONTHS)),
    Against("the model's months against the same fused by hand", (BESIDE, MONTHS), (FUSED, MONTHS)),
    Against("the twin against the model, months of the same world", (TWIN, MONTHS), ("the model in the twin's world", MONTHS)),
    Against("the twin against idiomatic Mesa, per stage evaluated", (TWIN, A_STAGE), (STATES_AS_AGENTS, A_STAGE)),
    *(Against(f"{peer} against our kernel, the common month", (peer, A_STAGE), (KERNEL, A_STAGE)) for peer in PEERS),
    Against("two processes against one, runs a second", (ONE, "all runs"), (TWO, "all runs")),
)


def repeats_table(told: Sequence[Told]) -> pd.DataFrame:
    """Every repeat of every stage."""
    return pd.DataFrame(timings(told), columns=list(Timed._fields))


def rows_table(told: Sequence[Told], looks: float = nan) -> pd.DataFrame:
    """``ROW_COLUMNS``: median, least and greatest, and quartiles of seconds; nanoseconds by what is counted.

    Months of the model by look, too, where the looks of a request have been counted. A row that was left out says why.
    """
    rows = [row for one in told if one.job.part != "scale" and one.job.kind != "counts" for row in _rows_of(one, looks)]
    return pd.DataFrame(rows, columns=list(ROW_COLUMNS)).sort_values("part", key=_placed, kind="stable").reset_index(drop=True)


def _placed(parts: pd.Series) -> pd.Series:
    order = ("model", "floor", "fused", "twin", "month", "draws", "processes", "start", "memory")
    return parts.map({part: place for place, part in enumerate(order)})


def _rows_of(one: Told, looks: float) -> list[dict[str, object]]:
    job, found = one
    if found.skipped:
        stage = str(job.given.get("stage", ""))
        return [_row(job.part, job.row, stage, [], 0.0, "", skipped=found.skipped)]
    out = list[dict[str, object]]()
    held = found.mebibytes if job.kind == "memory" else nan
    for (row, stage, of), group in _grouped(found.timed):
        seconds, count = [timed.seconds for timed in group], group[0].size
        out.append(_row(job.part, row, stage if job.kind != "memory" else MEMORY, seconds, count, of, held))
        if stage == MONTHS and job.part == "model" and not isnan(looks):
            out.append(_row(job.part, row, "months, a look", seconds, count * looks, LOOKS))
    return out


def _grouped(timed: Sequence[Timed]) -> list[tuple[tuple[str, str, str], list[Timed]]]:
    """Repeats by row, stage and what is counted, in the order in which they come."""
    found: dict[tuple[str, str, str], list[Timed]] = {}
    for one in timed:
        found.setdefault((one.row, one.stage, one.of), []).append(one)
    return list(found.items())


def _row(
    part: str, row: str, stage: str, seconds: Sequence[float], count: float, of: str, mebibytes: float = nan, skipped: str = ""
) -> dict[str, object]:  # fmt: skip
    middle, low, high, lower, upper = spread(seconds)
    each = NANO / count if count else nan
    values = (
        *(part, row, stage, middle, low, high, lower, upper, len(seconds), count, of),
        *(middle * each, low * each, high * each, count / middle if seconds and middle else nan, mebibytes, skipped),
    )
    return dict(zip(ROW_COLUMNS, values, strict=True))


def spread(values: Sequence[float]) -> tuple[float, float, float, float, float]:
    """Median, least, greatest and both quartiles; nan of nothing.

    >>> spread([3.0, 1.0, 2.0])
    (2.0, 1.0, 3.0, 1.5, 2.5)
    """
    if not values:
        return nan, nan, nan, nan, nan
    low, lower, middle, upper, high = (float(each) for each in np.quantile(np.array(values), (0.0, 0.25, 0.5, 0.75, 1.0)))
    return middle, low, high, lower, upper


def ratios_table(rows: pd.DataFrame) -> pd.DataFrame:
    """``RATIO_COLUMNS``: medians over medians within this run; low and high hold the worst that both spreads allow."""
    held = {(str(row["row"]), str(row["stage"])): row for row in rows.to_dict("records")}
    why = {str(row["row"]): str(row["skipped"]) for row in rows.to_dict("records") if row["skipped"]}
    out = list[dict[str, object]]()
    for against in RATIOS:
        over, under = held.get(against.over), held.get(against.under)
        missing = next(
            (why.get(name, "was not measured") for (name, _), row in ((against.over, over), (against.under, under)) if row is None),
            "",
        )
        values = (nan, nan, nan) if over is None or under is None else ratio(over, under)
        unit = str(over["of"]) if over is not None else ""
        out.append(
            dict(
                zip(
                    RATIO_COLUMNS,
                    (against.what, *values, " | ".join(against.over), " | ".join(against.under), unit, missing),
                    strict=True,
                )
            )
        )
    return pd.DataFrame(out, columns=list(RATIO_COLUMNS))


def ratio(over: Mapping[object, object], under: Mapping[object, object]) -> tuple[float, float, float]:
    """Nanoseconds of one over those of another: of the medians, least over greatest, and greatest over least.

    >>> ratio({"ns": 6.0, "ns_low": 5.0, "ns_high": 8.0}, {"ns": 2.0, "ns_low": 1.0, "ns_high": 4.0})
    (3.0, 1.25, 8.0)
    """
    a, b = ({name: float(str(row[name])) for name in ("ns", "ns_low", "ns_high")} for row in (over, under))
    return a["ns"] / b["ns"], a["ns_low"] / b["ns_high"], a["ns_high"] / b["ns_low"]


def draws_table(told: Sequence[Told]) -> pd.DataFrame:
    """``DRAW_COLUMNS``: draws of a formal request, of a case, or of a month (arrays over all states), by purpose and kind."""
    rows = [
        (one.stage, *one.row.split(APART), one.size, one.of.removesuffix("s"))
        for each in told
        if each.job.kind == "counts"
        for one in each.found.timed
    ]
    return pd.DataFrame(rows, columns=list(DRAW_COLUMNS))


def looks_of(draws: pd.DataFrame) -> float:
    """Looks at a file that a formal request meets, on average: the draws of that purpose; nan where none were counted."""
    found = draws[(draws["purpose"] == LOOK) & (draws["stage"] == MONTHS) & (draws["kind"] != "normal")]
    return float(found["draws"].sum()) if len(found) else nan


def scales_table(told: Sequence[Told]) -> pd.DataFrame:
    """``SCALE_COLUMNS``: seconds of each stage at each size; ``count`` are formal requests, of processes runs."""
    out = list[tuple[object, ...]]()
    for job, found in told:
        if job.part != "scale":
            continue
        if found.skipped:
            out.append((job.row, job.x, "", nan, nan, nan, 0, nan, nan, found.skipped))
        for (_, stage, _), group in _grouped(found.timed):
            middle, low, high, *_ = spread([timed.seconds for timed in group])
            x = group[0].size if job.row == REQUESTS else group[0].x
            out.append((job.row, x, stage, middle, low, high, len(group), group[0].size, found.mebibytes, ""))
    return pd.DataFrame(out, columns=list(SCALE_COLUMNS))


def slopes_table(told: Sequence[Told]) -> pd.DataFrame:
    """``SLOPE_COLUMNS``: exponents of seconds by size, fitted to all repeats on logarithmic axes, with a t interval."""
    out = list[tuple[object, ...]]()
    for scale, stages in _SCALED.items():
        timed = [one for job, found in told if (job.part, job.row) == ("scale", scale) for one in found.timed]
        for stage in stages:
            points = [(one.size if scale == REQUESTS else one.x, one.seconds) for one in timed if one.stage == stage]
            sizes = sorted({x for x, _ in points})
            if len(sizes) > 1:
                out.append((scale, stage, *exponent(points), len(sizes), sizes[0], sizes[-1]))
    return pd.DataFrame(out, columns=list(SLOPE_COLUMNS))
