"""A store at a glance: what it is of, how far it is and how many runs it keeps, without reading a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from experiments.letters import short
from experiments.store.journal import journals_of, runs_in
from experiments.store.locks import WHOLE_STORE, is_taken
from experiments.store.parts import TablePart, table_parts
from experiments.store.places import SESSIONS
from experiments.store.schema import SCHEMA, RunKey
from experiments.store.shelf import json_in, schema_of, weighed
from sim.errors import RogatoryError, quoted
from sim.sources.checksums import file_fault

RUNNING, KILLED = "running", "killed"
_STATES = (RUNNING, KILLED, "interrupted", "failures", "done")  # of two writers the first one's is the store's
NOT_BEGUN, UNREADABLE = "not begun", "unreadable"
_LETTERS, _TOLD = 12, 120  # of a schema, and of what a library has to say
_BAD = (OSError, ValueError, RogatoryError)  # what a store that cannot be read raises


class Glance(NamedTuple):
    """What is told of a store in one line."""

    folder: Path
    schema: str  # of its tables; empty if it does not say
    state: str
    command: str  # of the latest session; empty if there is none
    runs: int | None  # that are kept; None if they cannot be counted
    size: int  # bytes
    written: float  # when last, in seconds since 1970
    wrong: str  # why it cannot be read, on one line; empty if it can


def glance(folder: Path) -> Glance:
    """What a store is; one that cannot be read is told with what is wrong first."""
    schema, state, command, runs, wrong = "", NOT_BEGUN, "", None, ""
    try:
        schema = schema_of(folder)
        state, command = _turns(folder)
        runs = _runs(folder)
    except _BAD as error:
        wrong = " ".join(str(error).split())
    if schema not in ("", SCHEMA):
        state, wrong = f"schema {short(schema, _LETTERS)}", ""  # whatever else is wrong with it, it cannot be read
    return Glance(folder, schema, UNREADABLE if wrong else state, command, runs, *weighed(folder), wrong)


def _turns(folder: Path) -> tuple[str, str]:
    """How the latest turn of each writer went, the worst of all, and the command of the latest. The writer of all ends others."""
    paths = sorted((folder / SESSIONS).glob("*.json"))
    latest = dict[str, Path]()
    for path in paths:
        writer = path.stem.rpartition("-")[2]
        if writer == WHOLE_STORE:
            latest.clear()
        latest[writer] = path
    said = {writer: json_in(path) for writer, path in latest.items()}
    states = {_state(folder, writer, latest[writer], turn) for writer, turn in said.items()}
    command = str(said[paths[-1].stem.rpartition("-")[2]].get("command", "")) if paths else ""
    return next((state for state in _STATES if state in states), NOT_BEGUN), command


def _state(folder: Path, writer: str, path: Path, said: Mapping[str, object]) -> str:
    state = said.get("status")
    if not isinstance(state, str) or state not in _STATES or state == KILLED:
        raise ValueError(f"{path}: found status {quoted(state)}")
    return KILLED if state == RUNNING and is_taken(folder, writer) is False else state


def _runs(folder: Path) -> int:
    """How many runs are kept; one that is moved from a journal into a table meanwhile is counted once."""
    waiting = {path.stem: set(runs_in(path)) for path in journals_of(folder) if _sound(path)}  # before the tables: never missed
    parts = [part for part in table_parts(folder, "runs") if _sound(part.path)]
    last = {part.writer: part for part in parts}
    left = (keys - (_keys_in(last[writer]) if writer in last and keys else set()) for writer, keys in waiting.items())
    return sum(map(len, left)) + sum(map(_rows_in, parts))


def _rows_in(part: TablePart) -> int:
    with _opened(part) as file:
        return int(file.metadata.num_rows)


def _keys_in(part: TablePart) -> set[RunKey]:
    with _opened(part) as file:
        columns = file.read(
            columns=file.schema_arrow.names[: len(RunKey._fields)]
        ).columns  # an earlier schema calls them otherwise
    return {RunKey(*row) for row in zip(*(column.to_pylist() for column in columns), strict=True)}


@contextmanager
def _opened(part: TablePart) -> Iterator[pq.ParquetFile]:
    """A part, of which nothing but its end is read yet. Raises ``ValueError`` with its path where that is not whole."""
    try:
        with pq.ParquetFile(part.path) as file:
            yield file
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"{part.path}: cannot be read ({' '.join(str(error).split())[:_TOLD]})") from None


def _sound(path: Path) -> bool:
    """Whether a file is there still. Raises ``OSError`` for what is none."""
    fault = file_fault(path)
    if fault and path.exists():
        raise OSError(f"{path}: {fault}")
    return not fault
