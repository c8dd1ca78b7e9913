"""What a comparison rests on: every number of the configuration with its unit, range, role, status and source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sim.notes import SOURCE_STATUSES, Note, notes_in
from sim.places import config_folder
from sim.register import files_chosen, full_key
from sim.roles import role_of

__all__ = [
    "NOTE_COLUMNS",
    "PARAMETER_COLUMNS",
    "SHOWN_COLUMNS",
    "SOURCE_STATUSES",
    "joined_numbers",
    "lines_of",
    "notes_in",
    "parameters",
    "scenarios_in_name",
    "shown",
]
NOTE_COLUMNS = ("unit", "range", "role", "prior", "weak", "informs", "status", "source")
"""What stands behind a number."""
SHOWN_COLUMNS = ("unit", "range", "role", "prior", "informed by", "status", "source")
"""The same as a table shows it: a weak source is marked at its status."""
PARAMETER_COLUMNS = ("file", "line", "key", "value", *NOTE_COLUMNS, "swept", "changed")
_BEHIND = Note._fields.index(NOTE_COLUMNS[0])  # where a note begins to say what stands behind a number
_FILE, _KEY = PARAMETER_COLUMNS.index("file"), PARAMETER_COLUMNS.index("key")
_SWEPT = re.compile(r"\bsw(?:ept|eep)\b")


def parameters(
    scenarios: Sequence[str], composed: Mapping[str, Any], command: str = "", folder: Path | None = None
) -> pd.DataFrame:
    """Numbers of the files that the comparison was composed of, columns ``PARAMETER_COLUMNS``, a row a number.

    ``composed`` is the baseline's configuration: where the comparison was run with another value than the file's, that value
    stands in the row, and ``changed`` is true. The numbers of ``scenarios`` follow, each under its own file.
    """
    place = folder or config_folder()
    rows = [row for path in files_chosen(place, command, bool(folder)) if path.is_file() for row in _rows(path, place, composed)]
    last = {row[_KEY]: row[_FILE] for row in rows}
    rows = [row for row in rows if row[_FILE] == last[row[_KEY]]]  # what a later file sets anew stands there alone
    known = {path.stem: path for path in (place / "scenario").glob("*.yaml")}
    for name in dict.fromkeys(scenarios):  # an arm's own name may be anything, even a path
        rows += _rows(known[name], place, {}) if name in known else []
    return pd.DataFrame(rows, columns=list(PARAMETER_COLUMNS))


def scenarios_in_name(name: str) -> list[str]:
    """The scenarios on file that a name stands for.

    >>> scenarios_in_name("judge+notice@everywhere")
    ['judge', 'notice']
    """
    return name.partition("@")[0].split("+")


def _rows(path: Path, place: Path, composed: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The numbers of one file, as they were in the run."""
    for note in notes_in(path.read_text(encoding="utf-8")):
        dotted, value = full_key(note.key, path, place), note.value
        behind = note._replace(role=note.role or role_of(dotted))[_BEHIND:]
        now = _found(composed, dotted)
        own = isinstance(now, int | float) and not isinstance(now, bool) and float(now) != float(value)
        where = (
            f"{path.parent.name}/{path.name}" if path.parent != place else path.name,
            note.line,
            dotted,
            f"{now:g}" if own else value,
        )
        yield (*where, *behind, bool(_SWEPT.search(note.source)), own)


def lines_of(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    """Rows of ``parameters`` as lines of a table: key, value, ``SHOWN_COLUMNS``; numbers of one line of a file share one."""
    out = []
    for _, part in rows.groupby(["file", "line"], sort=False):
        first = part.iloc[0]
        key, value = joined_numbers(list(part["key"]), list(part["value"]))
        out.append((key, value, *shown([str(first[name]) for name in NOTE_COLUMNS])))
    return out


def shown(behind: Sequence[str]) -> tuple[str, ...]:
    """What stands behind a number (``NOTE_COLUMNS``) as a table shows it (``SHOWN_COLUMNS``).

    >>> shown(["days", "0-9", "fact", "U(1, 2)", "weak", "P8", "assumed", "a guess"])
    ('days', '0-9', 'fact', 'U(1, 2)', 'P8', 'assumed, weak', 'a guess')
    """
    said = dict(zip(NOTE_COLUMNS, behind, strict=True))
    status = ", ".join(word for word in (said["status"], said["weak"]) if word)
    return (said["unit"], said["range"], said["role"], said["prior"], said["informs"], status, said["source"])


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
