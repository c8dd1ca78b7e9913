"""Entries of a table of points: a CSV file as text, an entry read as YAML has it, a value written so that it is read back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from experiments.letters import from_cell
from sim.sources.csv_files import TableError, much_like_a_number, number_in, sheet_of
from sim.world.record import ConfigError, quoted

POINT_COLUMNS = ("point", "place", "scenario", "condition", "draw", "against")
"""Columns of every table of points; one column a lever and one an uncertainty follow."""
LINE = "line"
"""Name of the index of a table that was read from a file: the line on which each row begins."""


def table_in(path: str) -> pd.DataFrame:
    """A CSV file as text, indexed by the lines of the file; only an empty entry is missing. Raises ``ConfigError``."""
    if not Path(path).is_file():
        raise ConfigError(f"table: found {quoted(path)}, which is no file; accepted: the path of a CSV file")
    try:
        sheet = sheet_of(Path(path), f"table: {path}", may_be_empty=True)
    except TableError as error:
        raise ConfigError(str(error)) from None
    entries = [[from_cell(entry) or None for entry in row.entries] for row in sheet.rows]
    return pd.DataFrame(
        entries, pd.Index([row.line for row in sheet.rows], name=LINE), [*map(from_cell, sheet.header)], dtype=object
    )


class _Entries(yaml.SafeLoader):
    """YAML without what YAML 1.1 makes of ``04``, ``1_000``, ``1:30`` and ``2029-03-01``: numbers as in JSON, and text."""


_KEPT = ("bool", "null", "merge")  # of what a plain word may stand for
_INT, _FLOAT = r"[-+]?(?:0|[1-9][0-9]*)", r"[-+]?(?:(?:0|[1-9][0-9]*)\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_Entries.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if tag.rpartition(":")[2] in _KEPT]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _kind, _form in (("int", _INT), ("float", _FLOAT)):
    _Entries.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_form})$"), list("-+.0123456789"))


def read_entry(text: str, place: str) -> object:
    """An entry as YAML reads it; but numbers in every usual way (1e-05), and whole ones as such (3.0), as their column had them.

    What YAML would take for something else than what stands there is refused: ``04`` and ``1:30`` for numbers of another base,
    ``1_000`` and ``nan`` for numbers, ``#N/A`` for nothing. In quotes they are text.
    """
    wanted = "accepted: a number such as 1000 or 1e-05, true, false, or text as YAML has it"
    if much_like_a_number(text):
        raise ConfigError(f"{place}: found {quoted(text)}; {wanted}, in quotes where it looks like a number")
    number = number_in(text)
    if number is not None:
        return whole(number)
    try:
        value = _as_json_or_yaml(text)
        _refuse_endless(value)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ConfigError(f"{place}: found {quoted(text)}; {wanted}") from None
    if (value is None and text.strip().lower() not in ("null", "~")) or (
        isinstance(value, list | dict) and text.strip()[0] not in "[{"
    ):
        raise ConfigError(f"{place}: found {quoted(text)}; {wanted}, in quotes if it is text")
    return whole(value)


def _as_json_or_yaml(text: str) -> object:
    """What a text says. Raises ``ValueError`` and ``YAMLError``."""
    with suppress(ValueError):
        return json.loads(text)
    if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, yaml.SafeLoader)):
        raise ValueError("text that repeats itself")
    return yaml.load(text, _Entries)  # noqa: S506 - a safe loader that knows fewer kinds


def _refuse_endless(value: object) -> None:
    """A number within a list or a map that no double holds. Raises ``ValueError``."""
    for entry in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse_endless(entry)
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("no number")


def entry_of(value: object) -> str:
    """A value as an entry of a table that is read back as the same value.

    >>> [entry_of(value) for value in (0.5, True, None, "content", "on", "04", [1, "a"], {"a": None})]
    ['0.5', 'true', 'null', 'content', '"on"', '"04"', '[1, "a"]', '{"a": null}']
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        try:
            if value and read_entry(value, "") == value:
                return value
        except ConfigError:
            pass
    return json.dumps(value, ensure_ascii=False, default=str)


def whole(value: Any) -> Any:
    """A value in which all whole numbers are whole, those in lists and maps too: three and 3.0 are one number."""
    if isinstance(value, Mapping):
        return {name: whole(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [whole(entry) for entry in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
