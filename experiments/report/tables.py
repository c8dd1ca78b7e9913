"""The tables of the report: every number of the figures with the counts behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import pandas as pd

from experiments.analysis.assumed import ASSUMED, COMPARED, EXTREME_HEADS, ArmExtremes, extreme_cells
from experiments.analysis.ranges import mostly_chance, why_no_range
from experiments.design.scenarios import KINDS, NOT_SAID, by_kind
from experiments.figures.slices import LEVELS, slice_levels
from experiments.report import prose
from experiments.report.page import anchor, line, table, tag
from experiments.report.pictures import SLICE_NAMES, SLICED, order_of, slice_rows
from experiments.report.sentences import (
    ABSENT,
    AT_HOME,
    CANNOT_MOVE,
    COOPERATION_METRIC,
    FEW,
    MEASURED,
    PROTECTION_METRIC,
    SAME,
    SLICED_METRIC,
    SUBJECTS,
    ComparisonStudy,
    few,
    signed_limits,
    unsigned_percent,
    verdict,
)
from experiments.text import THIN, Row, band, distinct, signed_band, spoken, thousands, unknown
from sim.arrays import Reals

_ENDS = ("", "_world_low", "_world_high")
_ERRORS = ("_error_low", "_error_high")
_HEADLINE = (
    "scenario", f"baseline, {THIN}%", f"scenario, {THIN}%", f"change, {THIN}% (range over worlds)", "worlds that agree",
    f"simulation error of the change, {THIN}%", "p, all scenarios together", "chance",
    "events, baseline", "events, scenario", "worlds", "runs", "expected", "as expected",
)  # fmt: skip
_BARGAINS = (
    "scenario", f"abusive cases saved, {THIN}%", "rank by cases saved", "leads in", "mean regret, points", f"needs lost, {THIN}%",
    "delay, days", "until met: share of needs", "officer-hours a year", "not outdone",
)  # fmt: skip
_LEAST_P = 0.001  # under which p is told as smaller
_TOLD = (PROTECTION_METRIC, COOPERATION_METRIC, SLICED_METRIC, AT_HOME)  # elsewhere on the page
_SELECTED = ("abuse_share", "block_rate", "false_refusal_rate")  # of what was filed: no two scenarios file the same
_QUOTED = "The change can be quoted; the levels are conditional on assumed parameters"
_LARGEST = 8  # columns of a slice
_DIGITS = 4  # of the largest number of a column


def linked(study: ComparisonStudy, arm: str) -> Element:
    """A scenario's name that leads to its answer."""
    return tag("a", study.names.get(arm, spoken(arm)), href=f"#{anchor('arm', arm)}")


def tables(study: ComparisonStudy) -> list[Element]:
    """Headline numbers with their counts, protection against cooperation, further estimands, and slices."""
    order = order_of(study)
    parts = []
    for metric in (PROTECTION_METRIC, COOPERATION_METRIC):
        for kind, arms in by_kind(order, study.kinds).items():
            rows = [(arm, row) for arm in arms if (row := study.row(arm, metric)) is not None]
            if rows:
                caption = f"{_opening(metric)}{_among(kind)}. {_QUOTED}"
                parts.append(table(caption, _HEADLINE, [line(linked(study, arm), *_numbers(row, study)) for arm, row in rows]))
    parts += _left_out(study)
    parts += [] if study.extremes is None else _extremes(study, study.extremes, order)
    parts += [_bargains(study, arms, kind) for kind, arms in by_kind(order, study.kinds).items()]
    parts += _further(study, order)
    return parts + [part for by in SLICED for part in _slice(study, by, order)]


def _extremes(study: ComparisonStudy, extremes: ArmExtremes, order: Sequence[str]) -> list[Element]:
    """What single assumptions make of the arms of which the committed study has a number, an estimand a table."""
    parts = []
    for metric in COMPARED:
        body = [
            line(linked(study, arm), *extreme_cells(row)) for arm in order if (row := extremes.rows.get((arm, metric))) is not None
        ]
        if body:
            caption = f"{_opening(metric)}. {ASSUMED} ({extremes.size}). Change against the baseline, per cent"
            parts.append(table(caption, ("scenario", *EXTREME_HEADS), body))
    return parts


def _among(kind: str) -> str:
    """Which scenarios a table shows, behind what it shows of them."""
    return "" if kind == NOT_SAID else f": {KINDS[kind]}"


def _left_out(study: ComparisonStudy) -> list[Element]:
    """What the footing of the two scores leaves out: abusive cases whose evidence is at home; nothing where that is not known."""
    rows = study.comparison[(study.comparison["metric"] == AT_HOME) & (study.comparison["by"] == "all")]
    share = rows["baseline"].dropna().to_numpy(float)
    return [tag("p", prose.LEFT_OUT.format(share=unsigned_percent(100 * share[0])), class_="quiet")] if share.size else []


def _further(study: ComparisonStudy, order: Sequence[str]) -> list[Element]:
    """Estimands beside the two scores, a row an arm; nothing where there is none."""
    whole = study.comparison.loc[study.comparison["by"] == "all", "metric"]
    others = [metric for metric in distinct(whole) if metric not in (*_TOLD, *_SELECTED)]
    if not others:
        return []
    body = [line(linked(study, arm), *(_cell(study.row(arm, metric), study) for metric in others)) for arm in order]
    caption = "Further estimands. Change in per cent of the baseline (range over worlds); under it, events of the scenario"
    heads = ("scenario", *(SUBJECTS.get(metric, spoken(metric)) for metric in others))
    return [tag("p", prose.SELECTED, class_="quiet"), table(caption, heads, body)]


def text_columns(frame: pd.DataFrame) -> set[int]:
    """Places of the columns that hold words and no numbers."""
    return {place for place, kind in enumerate(frame.dtypes) if not pd.api.types.is_numeric_dtype(kind)}


def cells_of(frame: pd.DataFrame) -> list[list[str]]:
    """Rows of any tidy table as text; the numbers of a column have as many decimals as its largest needs, a dash is missing."""
    columns = [[_entry(value, decimals) for value in column] for column, decimals in _columns(frame)]
    return [list(row) for row in zip(*columns, strict=True)]


def _columns(frame: pd.DataFrame) -> Iterator[tuple[list[Any], int | None]]:
    """Columns with the decimals of their numbers; none where one column spans too many orders for that."""
    for place, kind in enumerate(frame.dtypes):
        column = frame.iloc[:, place]
        yield column.tolist(), _decimals(column.to_numpy(float)) if pd.api.types.is_float_dtype(kind) else 0


def _decimals(values: Reals) -> int | None:
    """The fewest decimals that lose nothing of four digits of the largest; none if a smaller one would look like zero."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if not sizes.size or (sizes % 1 == 0).all():
        return 0
    most = max(_DIGITS - 1 - int(np.floor(np.log10(sizes.max()))), 0)
    if sizes.min() < 10.0**-most:
        return None
    return next((few for few in range(most) if np.allclose(np.round(sizes, few), sizes, rtol=0, atol=10.0**-most / 2)), most)


def _entry(value: object, decimals: int | None) -> str:
    """One entry of a table.

    >>> _entry(-0.123456, 2), _entry(0.0000123, None), _entry(float("nan"), 2), _entry(True, 0), _entry(30000, 0).split(THIN)
    ('−0.12', '1.23e-05', '–', 'yes', ['30', '000'])
    """
    if isinstance(value, list | tuple | set | dict):
        return str(value)
    if unknown(value):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    shown = f"{value:.{_DIGITS - 1}g}" if decimals is None else f"{value:,.{decimals}f}".replace(",", THIN)
    return shown.replace("-", "−", 1) if value < 0 else shown


def _opening(metric: str) -> str:
    subject = SUBJECTS.get(metric, spoken(metric))
    return subject[0].upper() + subject[1:]


def _numbers(row: Row, study: ComparisonStudy) -> tuple[str, ...]:
    """The cells of one headline row."""
    kind = verdict(row, study.fewest)
    silent = {SAME: "0 in every run", CANNOT_MOVE: "cannot move", FEW: f"<{study.fewest} events", ABSENT: "no number"}
    change = silent.get(kind) or ranged(row)
    measured = kind in MEASURED
    levels = [f"{100 * float(row[name]):.2f}" if not unknown(row[name]) else "" for name in ("baseline", "value")]
    events = [few(row[name], study.fewest) for name in ("events_baseline", "events")]
    agree = f"{int(row['worlds_agreeing'])} of {int(row['worlds'])}" if measured else ""
    error = error_of(row) if measured else ""
    chance = ("mostly" if mostly_chance(row) else f"{100 * float(row['chance_share']):.0f}{THIN}%") if known_chance(row) else ""
    return (
        *levels, change, agree, error, p_in_words(row["adjusted_p"]), chance, *events, thousands(row["worlds"]),
        thousands(row["runs"]), str(row["expected"] or ""), _agreed(row),
    )  # fmt: skip


def known_chance(row: Row) -> bool:
    """Whether the share of luck is known."""
    return not unknown(row["chance_share"])


def ranged(row: Row, name: str = "percent") -> str:
    """A number with its range over worlds; says so where there is none.

    >>> ranged({"percent": -9.0, "percent_world_low": -10.1, "percent_world_high": -7.9})
    '−9.0 (−10.1 to −7.9)'
    >>> ranged({"percent": 12.0, "percent_world_low": float("nan"), "percent_world_high": float("nan")})
    '+12 (no range)'
    """
    return _with_range(signed_band, row, name)


def _with_range(told: Callable[[float, float, float], str], row: Row, name: str) -> str:
    """A number told with its range, or that there is none; nothing where there is no number.

    Over several worlds only what is zero by construction has a number and no range.
    """
    middle, low, high = _ends(row, name)
    words = told(middle, low, high)
    if not (np.isnan(low) or np.isnan(high)):
        return words
    why = why_no_range(row) if name == "percent" else "no range"
    return "cannot move" if middle == 0 and row["worlds"] > 1 and why == "no range" else f"{words} ({why})" if words else ""


def error_of(row: Row) -> str:
    """The simulation error of a change in per cent; "unbounded" where it has no bounds.

    >>> error_of({"percent_error_low": -10.1, "percent_error_high": 7.94, "worlds": 9})
    '−10 to +8'
    >>> error_of({"percent_error_low": float("nan"), "percent_error_high": float("nan"), "worlds": 9})
    'unbounded'
    """
    ends = [float(row[f"percent{end}"]) for end in _ERRORS]
    if np.isnan(ends).any():
        return "unbounded" if row["worlds"] > 1 else "one world: none"
    return " to ".join(band(float(row.get("percent", np.nan)), *ends)[1:])


def p_in_words(p: object) -> str:
    """An adjusted p; nothing where there is none.

    >>> p_in_words(0.0412), p_in_words(0.0001), p_in_words(float("nan"))
    ('0.041', '<0.001', '')
    """
    return "" if unknown(p) else f"<{_LEAST_P:g}" if float(str(p)) < _LEAST_P else f"{float(str(p)):.3f}"


def _agreed(row: Row) -> str:
    """Whether a row went where it was expected to go."""
    if not str(row["expected"] or ""):
        return ""
    if bool(row["constructed_zero"]):
        return "cannot move"
    return "open" if unknown(row["agrees"]) else "yes" if bool(row["agrees"]) else "no"


def _bargains(study: ComparisonStudy, order: Sequence[str], kind: str) -> Element:
    """What each scenario protects, and what that costs."""
    rows = []
    for arm in (arm for arm in order if arm in study.cooperation):
        row = study.cooperation[arm]
        fixed = [study.verdict(arm, metric) == CANNOT_MOVE for metric in (PROTECTION_METRIC, COOPERATION_METRIC)]
        names = zip(("protection", "cooperation_lost"), fixed, strict=True)
        saved, lost = ("cannot move" if still else ranged(row, f"{name}_percent") for name, still in names)
        of = unsigned_percent(100 * float(row["delay_quantile"])) if str(row["delay_quantile"] or "") else ""
        delay, hours = (_with_range(signed_limits, row, name) for name in ("delay_days", "hours"))
        undominated = "yes" if study.undominated(arm) else ""
        rows.append((linked(study, arm), saved, *_ranked(row), lost, delay, of, hours, undominated))
    caption = (
        f"Protection against cooperation{_among(kind)}. Changes against the baseline (range over worlds); positive: saved, lost, "
        "later, more. Rank 1 saves most; leads in: share of worlds; regret: what the best scenario of a world saves beyond this one"
    )
    return table(caption, _BARGAINS, rows)


def _ranked(row: Row) -> tuple[str, str, str]:
    """Rank with its range over worlds, share of worlds in which an arm leads, and its mean regret; nothing where not known."""
    if unknown(row["protection_rank"]):
        return "", "", ""
    rank, low, high = (float(row[f"protection_rank{end}"]) for end in ("", "_low", "_high"))
    reach = "no range" if np.isnan(low) else f"{low:.0f} to {high:.0f}"
    lead, regret = (100 * float(row[f"protection_{name}"]) for name in ("leads", "regret"))
    return f"{rank:.1f} ({reach})", f"{lead:.0f}{THIN}%", f"{regret:.2f}"


def _ends(row: Row, name: str) -> tuple[float, float, float]:
    middle, low, high = (float(row[f"{name}{end}"]) for end in _ENDS)
    return middle, low, high


def _cell(row: Row | None, study: ComparisonStudy) -> str | Element:
    """A change with its interval and its events, or why there is none."""
    kind = verdict(row, study.fewest)
    silent = {ABSENT: "–", SAME: "0 in every run", CANNOT_MOVE: "cannot move", FEW: f"<{study.fewest} events"}
    if row is None or kind in silent:
        return silent[kind]
    change = ranged(row) or "–"
    return tag("span", f"{change} ", tag("span", thousands(row["events"]), class_="count"))


def _slice(study: ComparisonStudy, by: str, order: Sequence[str]) -> list[Element]:
    """Change and events by the levels of one slice."""
    part = slice_rows(study.comparison, (by,))
    if part.empty:
        return []
    events = part.groupby("level", sort=False, observed=True)["events_baseline"].max()
    levels = slice_levels(part, _LARGEST)
    cells: Mapping[tuple[str, str], Row] = {(str(row["arm"]), str(row["level"])): row for row in part.to_dict("records")}
    rows = [line(linked(study, arm), *(_cell(cells.get((arm, level)), study) for level in levels)) for arm in order]
    named = [study.places.get(level, LEVELS.get(level, spoken(level))) for level in levels]
    before = [f"{name} ({few(events[level], study.fewest)} before)" for level, name in zip(levels, named, strict=True)]
    caption = (
        f"{_opening(SLICED[by])}, by {SLICE_NAMES[by]}. Change in per cent of the baseline (range over worlds); under it, events"
    )
    return [table(caption, ("scenario", *before), rows)]
