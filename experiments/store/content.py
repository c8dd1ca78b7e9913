"""The tables of a store: made of runs that have ended, and read again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from experiments.store.journal import journals_of, peek
from experiments.store.kept import UNITS_KEPT
from experiments.store.parts import StoreError, TablePart, read_part, table_parts
from experiments.store.schema import DATA, FAILURES, RUNS_SCHEMA, STORED, TRAVEL, Done, Packed, RunKey, unpacked


def keys_in(folder: Path) -> set[RunKey]:
    """The runs that stand in the tables."""
    found: set[RunKey] = set()
    for part in table_parts(folder, "runs"):
        columns = read_part(part, list(RunKey._fields))
        found |= {RunKey(*row) for row in zip(*(column.to_pylist() for column in columns.columns), strict=True)}
    return found


def good_in(folder: Path) -> set[RunKey]:
    """The runs that stand in the tables, or in any journal without a failure."""
    journalled = {run.key for path in journals_of(folder) for run in peek(path) if not run.error}  # first: runs move to the tables
    return journalled | keys_in(folder)


_NONE = Packed(b"", 0, 0)  # of a table that is not kept


def run_table(ended: Iterable[Done]) -> pa.Table:
    """The table of runs, a row each."""
    rows = []
    for run in ended:
        held = [run.tables.get(name, _NONE) for name in TRAVEL]
        numbers = (number for table in held for number in (table.rows, table.checksum))
        rows.append((*run.key, run.event_seed, run.digest, run.code, *numbers))
    columns = zip(*rows, strict=True)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, RUNS_SCHEMA, strict=True)], schema=RUNS_SCHEMA)


def kept_table(name: str, ended: Sequence[Done]) -> pa.Table:
    """A table that runs leave, run by run, each row with its run."""
    tables = [unpacked(run.tables[name].content) for run in ended]
    whole = pa.concat_tables(tables)
    columns = {field.name: whole[field.name].combine_chunks() for field in TRAVEL[name]}
    columns |= {key: column.dictionary_encode() for key, column in columns.items() if pa.types.is_string(column.type)}
    columns |= _runs_in_rows([run.key for run in ended], np.array([len(table) for table in tables]))
    if name == DATA:
        columns["unit"] = _units_of(columns["metric"])
    return pa.table([columns[field.name] for field in STORED[name]], schema=STORED[name])


def _runs_in_rows(keys: Sequence[RunKey], lengths: NDArray[np.int64]) -> dict[str, pa.Array]:
    """Each row's run, where run ``r`` of ``keys`` has ``lengths[r]`` rows, one run after another."""
    points = list(dict.fromkeys(key.point for key in keys))
    where = {point: code for code, point in enumerate(points)}
    codes = np.repeat(np.array([where[key.point] for key in keys], np.int32), lengths)
    return {
        "point": pa.DictionaryArray.from_arrays(codes, points),
        "world_seed": np.repeat(np.array([key.world_seed for key in keys], np.int64), lengths),
        "replicate": np.repeat(np.array([key.replicate for key in keys], np.int32), lengths),
    }


def _units_of(metric: pa.DictionaryArray) -> pa.DictionaryArray:
    """The unit of each row's estimand, coded as its estimand is."""
    named = [UNITS_KEPT.get(name, "") for name in metric.dictionary.to_pylist()]
    distinct = list(dict.fromkeys(named))
    unit = np.array([distinct.index(unit) for unit in named], np.int32)[metric.indices.to_numpy(zero_copy_only=False)]
    return pa.DictionaryArray.from_arrays(unit, distinct)


def failures_of(failed: Iterable[Done]) -> pa.Table:
    """The table of failures."""
    rows = [dict(zip(FAILURES.names, (*run.key, run.event_seed, run.error, run.traceback), strict=True)) for run in failed]
    return pa.Table.from_pylist(rows, schema=FAILURES)


def failures_in(folder: Path) -> pa.Table:
    """The failures that stand in the tables."""
    tables = []
    for part in table_parts(folder, "failures"):
        try:
            tables.append(read_part(part))
        except StoreError:
            if part.path.exists():  # else its writer has just replaced it
                raise
    return pa.concat_tables([FAILURES.empty_table(), *tables])


def rows_by_run(parts: Iterable[TablePart]) -> dict[RunKey, dict[str, object]]:
    """The rows of parts by their run; of two of one run the later."""
    rows = (row for part in parts for row in read_part(part).to_pylist())
    return {RunKey(*(row[name] for name in RunKey._fields)): row for row in rows}
