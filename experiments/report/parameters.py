"""What a comparison rests on: every number of the configuration with its unit, range, role, status and source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from sim.composition import chosen_in
from sim.config import read_yaml
from sim.notes import SOURCE_STATUSES, notes_in
from sim.places import config_folder, path_of
from sim.roles import role_of

__all__ = [
    "NOTE_COLUMNS",
    "PARAMETER_COLUMNS",
    "SOURCE_STATUSES",
    "joined_numbers",
    "lines_of",
    "notes_in",
    "parameters",
    "scenarios_in_name",
]
PARAMETER_COLUMNS = ("file", "line", "key", "value", "unit", "range", "role", "status", "source", "swept", "changed")
NOTE_COLUMNS = ("unit", "range", "role", "status", "source")
"""What stands behind a number."""
_FILE, _KEY = PARAMETER_COLUMNS.index("file"), PARAMETER_COLUMNS.index("key")
_NO_SCIENCE = ("hydra", "figure", "scenario")  # groups without parameters of every run
_PACKAGE = re.compile(r"^# @package (\S+)")
_SWEPT = re.compile(r"\bsw(?:ept|eep)\b")
_GLOBAL = "_global_"


def parameters(
    scenarios: Sequence[str], composed: Mapping[str, Any], command: str = "", folder: Path | None = None
) -> pd.DataFrame:
    """Numbers of the files that the comparison was composed of, columns ``PARAMETER_COLUMNS``, a row a number.

    ``composed`` is the baseline's configuration: where the comparison was run with another value than the file's, that value
    stands in the row, and ``changed`` is true. The numbers of ``scenarios`` follow, each under its own file.
    """
    place = folder or config_folder()
    rows = [row for path in _files_of(place, command, bool(folder)) if path.is_file() for row in _rows(path, place, composed)]
    last = {row[_KEY]: row[_FILE] for row in rows}
    rows = [row for row in rows if row[_FILE] == last[row[_KEY]]]  # what a later file sets anew stands there alone
    known = {path.stem: path for path in (place / "scenario").glob("*.yaml")}
    for name in dict.fromkeys(scenarios):  # an arm's own name may be anything, even a path
        rows += _rows(known[name], place, {}) if name in known else []
    return pd.DataFrame(rows, columns=list(PARAMETER_COLUMNS))


def _files_of(place: Path, command: str, alone: bool) -> list[Path]:
    """Files of the configuration that a command reads, in the order in which a later one sets anew what an earlier one says.

    ``alone``: those of this place, and none of a user's own folders.
    """
    chosen = dict(word.split("=", 1) for word in command.split() if "=" in word)
    files = [place / "config.yaml"]
    for group, options in _defaults(place).items():
        picked = yaml.safe_load(chosen[group]) if group in chosen else options
        for option in [picked] if isinstance(picked, str) else picked:
            path = place / group / f"{option}.yaml"
            files += _with_bases(path if alone or path.is_file() else path_of(group, option))
    return files


def scenarios_in_name(name: str) -> list[str]:
    """The scenarios on file that a name stands for.

    >>> scenarios_in_name("judge+notice@everywhere")
    ['judge', 'notice']
    """
    return name.partition("@")[0].split("+")


def _defaults(place: Path) -> dict[str, str | list[str]]:
    """Groups and what is chosen of each where nothing else is said."""
    found = chosen_in(read_yaml(place / "config.yaml"))
    return {group: options for group, options in found.items() if group not in _NO_SCIENCE and "/" not in group}


def _with_bases(path: Path) -> list[Path]:
    """An option's file after those that it builds on by its own ``defaults``."""
    if not path.is_file():
        return [path]
    body = read_yaml(path)
    bases = [name for name in (body or {}).get("defaults", []) if isinstance(name, str) and name != "_self_"]
    return [*(found for name in bases for found in _with_bases(path.with_name(f"{name}.yaml"))), path]


def _rows(path: Path, place: Path, composed: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The numbers of one file, as they were in the run."""
    text = path.read_text(encoding="utf-8")
    package = _PACKAGE.match(text)
    stem = package[1] if package else "" if path.parent == place else path.parent.name
    for key, value, line, unit, span, said, status, source in notes_in(text):
        dotted = key if stem in ("", _GLOBAL) else f"{stem}.{key}"
        behind = (unit, span, said or role_of(dotted), status, source)
        now = _found(composed, dotted)
        own = isinstance(now, int | float) and not isinstance(now, bool) and float(now) != float(value)
        where = (
            f"{path.parent.name}/{path.name}" if path.parent != place else path.name,
            line,
            dotted,
            f"{now:g}" if own else value,
        )
        yield (*where, *behind, bool(_SWEPT.search(behind[-1])), own)


def lines_of(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    """Rows of ``parameters`` as lines of a table: key, value, and what stands behind it; numbers of one line share one."""
    out = []
    for _, part in rows.groupby(["file", "line"], sort=False):
        first = part.iloc[0]
        key, value = joined_numbers(list(part["key"]), list(part["value"]))
        out.append((key, value, *(str(first[name]) for name in NOTE_COLUMNS)))
    return out


def _found(composed: Mapping[str, Any], dotted: str) -> Any:
    """What stands at a dotted key, or nothing."""
    node: Any = composed
    for part in dotted.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return None
        node = node[part]
    return node


def joined_numbers(keys: Sequence[str], values: Sequence[str]) -> tuple[str, str]:
    """Numbers of one line as one key and one value.

    >>> joined_numbers(["a.b"], ["1"]), joined_numbers(["a.b", "a.c"], ["1", "2"]), joined_numbers(["a", "a"], ["1", "2"])
    (('a.b', '1'), ('a', 'b 1, c 2'), ('a', '1, 2'))
    """
    parts = [key.split(".") for key in keys]
    depth = 0
    while all(len(part) > depth and part[depth] == parts[0][depth] for part in parts):
        depth += 1
    own = [".".join(part[depth:]) for part in parts]
    return ".".join(parts[0][:depth]), ", ".join(f"{name} {value}".strip() for name, value in zip(own, values, strict=True))
