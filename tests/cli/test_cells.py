"""Names that a spreadsheet would compute reach CSV files as text, and come back as they were."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.letters import as_cell, formulas, from_cell
from experiments.output import csv_of

NAMES = ["judge", "=1+1", "+A1", "-x", "@SUM(A1)", "\tx", "'=1", "<b>x</b>", "-0.5", "", "a,b", 'a"b', "ж"]


@given(st.one_of(st.text(), st.sampled_from(NAMES)))
def test_a_name_comes_back_from_its_cell(name: str) -> None:
    assert from_cell(as_cell(name)) == name
    assert formulas([as_cell(name)]) == []


@pytest.mark.parametrize("kind", [object, "string", "category"])
def test_a_table_of_such_names_is_text_and_read_back_is_the_same_table(kind: object) -> None:
    frame = pd.DataFrame({"=name": pd.Series(NAMES, dtype=kind), "value": np.linspace(-1, 1, len(NAMES))})  # type: ignore[call-overload]
    told = csv_of(frame, "%.6g")
    back = pd.read_csv(io.StringIO(told), keep_default_na=False)
    assert formulas([*back.columns, *back.iloc[:, 0]]) == []
    assert [from_cell(name) for name in back.columns] == [*frame.columns]
    assert [from_cell(entry) for entry in back.iloc[:, 0]] == NAMES
    assert np.allclose(back["value"], frame["value"])


def test_a_table_without_such_names_is_written_as_pandas_writes_it() -> None:
    frame = pd.DataFrame({
        "name": ["a", None, "c"], "kind": pd.Categorical(["x", "y", None]), "n": [1, 2, 3], "v": [0.1, np.nan, -1 / 3],
        "when": pd.to_datetime(["2027-01-01", "2027-02-01", None]), "yes": [True, False, True],
        "maybe": pd.array([True, None, False], "boolean"), "any": [1, "x", None],
    })  # fmt: skip
    assert csv_of(frame, "%.6g") == frame.to_csv(index=False, float_format="%.6g")


ROOT = Path(__file__).resolve().parents[2]
DOORS = {"experiments/output/tables.py": "to_csv", "sim/sources/build.py": "csv.writer"}
"""The one writer of tables for people, and the one of the source tables, whose names are ours."""


METHODS = {"to_csv", "to_clipboard", "to_excel", "savetxt", "write_csv"}  # of pandas, NumPy and pyarrow
WRITERS = {"csv.writer", "csv.DictWriter"}


def writers_in(path: Path) -> set[str]:
    """Ways to write a table for people that a module takes."""
    attributes = [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Attribute)]
    return ({node.attr for node in attributes} & METHODS) | (set(map(ast.unparse, attributes)) & WRITERS)


def test_every_table_goes_through_the_one_writer() -> None:
    found = {
        str(path.relative_to(ROOT)): ways
        for folder in ("experiments", "sim")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (ways := writers_in(path))
    }
    assert found == {name: {way} for name, way in DOORS.items()}
