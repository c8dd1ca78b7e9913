"""Kinds of columns of points: of which kind values are, in which kind all tables hold a column, how a value stands in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isfinite, isnan
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from experiments.design.entries import POINT_COLUMNS

_WHOLE, _NUMBER, _TRUTH, _TEXT, _JSON, _NOTHING = "whole", "number", "truth", "text", "json", "nothing"


TYPES = {
    _WHOLE: pa.int64(), _NUMBER: pa.float64(), _TRUTH: pa.bool_(), _TEXT: pa.string(), _JSON: pa.string(), _NOTHING: pa.string(),
}  # fmt: skip
OF_FIXED = {name: _WHOLE if name in ("place", "draw") else _TEXT for name in POINT_COLUMNS}
_EXACT = 2**53  # up to here a double holds every whole number
Values = list[object]


def kind_of_old(column: pa.ChunkedArray) -> str:
    """The kind of a column that a table of an older version has."""
    for is_of, kind in _OLD_KINDS:
        if is_of(column.type):
            return kind
    values = column.drop_null().to_pylist()
    if pa.types.is_integer(column.type):
        return _of_values(values)
    words = all(isinstance(value, str) for value in values)
    return _TEXT if words and not (values and all(map(_is_json, values))) else _JSON


_OLD_KINDS: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_null, _NOTHING), (pa.types.is_boolean, _TRUTH), (pa.types.is_floating, _NUMBER),
)  # fmt: skip


def _is_json(text: str) -> bool:
    """Whether a text can be read as JSON."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def kind_of(column: pd.Series) -> str:
    """The kind of a column's values, but for those that are missing."""
    return _of_values([value for value in plain(column) if value is not None])


def _of_values(values: Sequence[object]) -> str:
    """The kind of what is not missing.

    >>> [_of_values(values) for values in ([], [1, 2], [1, 0.5], [True], ["a"], [1, True], ["a", 1], [[1]], [2**60])]
    ['nothing', 'whole', 'number', 'truth', 'text', 'json', 'json', 'json', 'json']
    """
    if not values:
        return _NOTHING
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return _TRUTH
    if kinds == {str}:
        return _TEXT
    if kinds <= {int, float} and all(map(_is_exact, values)):
        return _WHOLE if kinds == {int} else _NUMBER
    return _JSON


def _is_exact(number: object) -> bool:
    """Whether a double holds a number as it is."""
    return -_EXACT <= number <= _EXACT if type(number) is int else isinstance(number, float) and isfinite(number)


def joined(own: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The kind in which all tables hold each column: the fixed ones first, the others by name."""
    found: dict[str, set[str]] = {}
    for kinds in own:
        for name, kind in kinds.items():
            found.setdefault(name, set()).add(_NUMBER if kind == _WHOLE else kind)
    others = {name: kinds - {_NOTHING} for name, kinds in sorted(found.items()) if name not in POINT_COLUMNS}
    return OF_FIXED | {
        name: _NOTHING if not kinds else next(iter(kinds)) if len(kinds) == 1 else _JSON for name, kinds in others.items()
    }


def plain(column: pd.Series) -> Values:
    """The values of a column, as Python has them; None where one is missing."""
    return [_own(value) for value in column.tolist()]


def _own(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    missing = value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and isnan(value))
    return None if missing else value


def told(values: Values, kind: str) -> Values:
    """Values as a column of a kind has them: in JSON where the kind is mixed, else as they are."""
    return [_as_json(value) for value in values] if kind == _JSON else values


def _as_json(value: object) -> str | None:
    return None if value is None else json.dumps(value, default=str)


def decoded(column: pa.ChunkedArray, stored: str, own: str) -> Values:
    """The values of a column again, from the kind in which a table holds them; what is mixed on its own stays in JSON."""
    held: Values = column.to_pylist()
    if own == _JSON:
        return [value if isinstance(value, str) else _as_json(value) for value in held]  # lists and maps of an older version
    return [None if value is None else json.loads(str(value)) for value in held] if stored == _JSON else held


_MADE: dict[str, Callable[[Any], Any]] = {
    _WHOLE: int, _NUMBER: float, _TRUTH: bool, _TEXT: str, _JSON: json.dumps, _NOTHING: str,
}  # fmt: skip


def encoded(values: Values, kind: str, own: str) -> pa.Array:
    """A column in one kind, from values of their ``own``, which are in JSON already if that is mixed."""
    made = str if own == _JSON else _MADE[kind]
    return pa.array([None if value is None else made(value) for value in values], TYPES[kind])
