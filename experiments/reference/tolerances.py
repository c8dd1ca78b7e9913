"""Two tables of numbers held side by side: for each number whether it is identical, within tolerance, or different.

*Identical* is the same text at the digits stored. On the machine and with the versions that gave the reference anything else is
*different*: the code, a configuration or a table moved it. Elsewhere (another processor, C library, Python or package) the last
bit of a logarithm may tip a single event, and the queues carry that on; a number is then *within tolerance* if it lies within
``SHARE`` of its scale, or within what ``EVENTS`` events weigh in it, whichever is more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import StringIO
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.output import csv_of

SHARE = 0.005  # of a number's scale: what another processor may move
EVENTS = 2  # or as much as so many tipped events weigh, where there are few
IDENTICAL, WITHIN, DIFFERENT = "identical", "within tolerance", "different"
_EVENTS = ("count", "events", "events_baseline", "events_naive", "events_adaptive")
_SHARES = ("displaced", "silenced")  # measures of the study of adaptation that compare with no baseline
_COUNTS = (*_EVENTS, "of", "worlds", "runs", "inside", "percent_worlds")
OF_WORLDS = ("world_low", "world_high")  # ends of names of numbers that are one world's
_SIDES = ("_then", "_now")


def no_scales(table: pd.DataFrame, kind: TableKind) -> pd.DataFrame:
    """Every number is measured by itself."""
    return pd.DataFrame(0.0, index=table.index, columns=list(kind.numbers))


class TableKind(NamedTuple):
    """How a table is written, which of its columns name a number, which are numbers, and what these are measured by."""

    keys: tuple[str, ...]
    numbers: tuple[str, ...]
    digits: str
    scales: Callable[[pd.DataFrame, TableKind], pd.DataFrame] = no_scales


class SubjectVerdict(NamedTuple):
    """Verdict on one subject: how many numbers are identical, within tolerance, or different."""

    subject: str
    numbers: int
    identical: int
    within: int
    different: int
    worst: str  # the number that moved most, in words; empty where none did

    @property
    def stands(self) -> bool:
        """Whether the reference was reproduced: no number is different, and there were numbers."""
        return self.different == 0 and self.numbers > 0


def as_text(frame: pd.DataFrame, digits: str) -> pd.DataFrame:
    """A table as its CSV file has it, every cell a text; a missing value is empty.

    >>> as_text(pd.DataFrame({"a": [1 / 3, None], "b": [1, 2]}), "%.3g").to_numpy().tolist()
    [['0.333', '1'], ['', '2']]
    """
    return pd.read_csv(StringIO(csv_of(frame, digits)), dtype=str, keep_default_na=False)


def judged(then: pd.DataFrame, now: pd.DataFrame, kind: TableKind, scales: pd.DataFrame, elsewhere: bool) -> pd.DataFrame:
    """Every number of two tables of text: ``key`` columns, ``column, then, now, moved, verdict``, in the order of ``then``.

    ``scales`` has a column for each number and a row for each of ``then``: what the number is measured by if it is small
    beside it (a difference by the level it is taken from). ``moved`` is the change in that scale; a number that one side lacks
    is different, and one that both lack is none. ``elsewhere`` says that another machine or other versions gave ``now``.
    """
    keys = list(kind.keys)
    both = _long(then, kind, scales).merge(_long(now, kind, None), on=[*keys, "column"], how="outer", suffixes=_SIDES, sort=False)
    both = both.astype({"text_then": object, "text_now": object}).fillna({"text_then": "", "text_now": ""})
    both = both[(both["text_then"] != "") | (both["text_now"] != "")].reset_index(drop=True)
    before, after = (pd.to_numeric(both[f"text{side}"], errors="coerce").to_numpy(float) for side in _SIDES)
    events = np.fmax(both["events_then"].to_numpy(float), both["events_now"].to_numpy(float))
    scale = np.fmax(np.fmax(np.abs(before), np.abs(after)), both["scale"].to_numpy(float))
    gap = np.abs(after - before)
    moved = np.where(gap == 0, 0.0, np.divide(gap, scale, out=np.full(gap.shape, np.inf), where=scale > 0))
    moved = np.where(np.isnan(gap), np.inf, moved)
    same = (both["text_then"] == both["text_now"]).to_numpy(bool)
    near = (moved <= tolerance(events)) & elsewhere
    verdict = np.select([same, near], [IDENTICAL, WITHIN], DIFFERENT)
    told = both[[*keys, "column"]].assign(then=both["text_then"], now=both["text_now"])
    return told.assign(moved=np.where(same, 0.0, moved), verdict=verdict)


def tolerance(events: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of its scale that a number with so many events behind it may move on another machine.

    >>> tolerance(np.array([100000.0, 20.0, np.nan])).tolist()
    [0.005, 0.1, 0.005]
    """
    return np.fmax(SHARE, EVENTS / np.fmax(np.where(np.isnan(events), np.inf, events), 1.0))


def _long(table: pd.DataFrame, kind: TableKind, scales: pd.DataFrame | None) -> pd.DataFrame:
    """One row a number: keys, ``column, text, events`` and, given scales, ``scale``."""
    keys, numbers = list(kind.keys), list(kind.numbers)
    counts = [name for name in numbers if name in _EVENTS]
    known = table[counts].apply(pd.to_numeric, errors="coerce").min(axis=1) if counts else pd.Series(np.nan, table.index)
    long = table[keys].assign(events=known.astype(float)).loc[np.repeat(table.index, len(numbers))].reset_index(drop=True)
    long["column"] = np.tile(np.array(numbers, object), len(table))
    long["text"] = table[numbers].to_numpy(object).ravel()
    if scales is not None:
        long["scale"] = scales[numbers].to_numpy(float).ravel()
    return long


def level_scales(table: pd.DataFrame, kind: TableKind) -> pd.DataFrame:
    """Differences, their limits and spreads are measured by the baseline's level, per cents by a hundred, ratios by one.

    The end of a range is a single world's value, which stands on so many fewer events: measured by as many times more as there are
    worlds.
    """
    level = _sizes(table, "baseline")
    worlds = _sizes(table, "worlds").clip(lower=1.0) if "worlds" in kind.numbers else level * 0.0 + 1.0
    columns = {}
    for name in kind.numbers:
        if name in _COUNTS:
            columns[name] = level * 0.0
        elif name.startswith("percent"):
            columns[name] = level * 0.0 + 100.0
        elif name.startswith("ratio"):
            columns[name] = level * 0.0 + 1.0
        else:
            columns[name] = level
        if name.endswith(OF_WORLDS):
            columns[name] = columns[name] * worlds
    return pd.DataFrame(columns)


def share_scales(table: pd.DataFrame, kind: TableKind) -> pd.DataFrame:
    """Per cents with their limits: plain shares are measured by themselves, what is saved or lost by the baseline's hundred."""
    own = table["measure"].isin(_SHARES) if "measure" in table else pd.Series(True, table.index)
    return _of_level(table, _sizes(table, "value").where(own, 100.0), kind)


def gap_scales(table: pd.DataFrame, kind: TableKind) -> pd.DataFrame:
    """Levels under two conducts and what lies between them: all measured by the greater level."""
    return _of_level(table, _sizes(table, "naive").clip(lower=_sizes(table, "adaptive")), kind)


def _sizes(table: pd.DataFrame, column: str) -> pd.Series:
    return pd.to_numeric(table[column], errors="coerce").abs().fillna(0.0)


def _of_level(table: pd.DataFrame, level: pd.Series, kind: TableKind) -> pd.DataFrame:
    """Counts are measured by themselves, ends of a range as ``level_scales`` has them, all else by a level of its row."""
    worlds = _sizes(table, "worlds").clip(lower=1.0) if "worlds" in kind.numbers else level * 0.0 + 1.0
    scales = {name: level * (name not in _COUNTS) for name in kind.numbers}
    return pd.DataFrame({name: scale * (worlds if name.endswith(OF_WORLDS) else 1.0) for name, scale in scales.items()})


def subject_verdict(subject: str, tables: Sequence[pd.DataFrame]) -> SubjectVerdict:
    """What all judged tables of a subject amount to."""
    verdicts = pd.concat([table["verdict"] for table in tables])
    identical, within, different = (int((verdicts == verdict).sum()) for verdict in (IDENTICAL, WITHIN, DIFFERENT))
    return SubjectVerdict(subject, len(verdicts), identical, within, different, worst_of(tables))


def worst_of(tables: Sequence[pd.DataFrame]) -> str:
    """The number that moved most in its scale, in words; those that are different before those within tolerance."""
    worst: tuple[bool, float, str] = (False, 0.0, "")
    for table in tables:
        rows = table[table["verdict"] != IDENTICAL]
        if rows.empty:
            continue
        row = rows.assign(bad=rows["verdict"] == DIFFERENT).sort_values(["bad", "moved"], ascending=False, kind="stable").iloc[0]
        if (found := (bool(row["bad"]), float(row["moved"]), _words(row)))[:2] > worst[:2]:
            worst = found
    return worst[2]


def _words(row: pd.Series) -> str:
    """A number with its name, what it was and what it is.

    >>> _words(pd.Series({"metric": "targeted_rate", "world_seed": "3", "column": "value", "then": "2", "now": "3", "moved": 0.5}))
    'targeted_rate, world_seed 3, value: 2 -> 3 (50 %)'
    """
    shown = {"metric", "level", "offence", "code", "world_seed", "event_seed", "seed"}
    parts = [f"{k} {v}" if "seed" in str(k) else str(v) for k, v in row.items() if k in shown and (k, v) != ("level", "all")]
    share = f" ({100 * row['moved']:.2g} %)" if np.isfinite(row["moved"]) else ""
    then, now = row["then"] or "missing", row["now"] or "missing"
    return f"{', '.join([*parts, str(row['column'])])}: {then} -> {now}{share}"
