"""What stands behind a number in a YAML file: unit, range, role, status and source, in a comment on its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import yaml

from sim.roles import ROLES

SOURCE_STATUSES = ("sourced", "calibrated", "read", "inferred", "secondary", "unverified", "assumed")
NOTE_FORM = "# unit; range; status: source"
"""How such a comment must look at the least; between range and status the role may stand (``fact;``, ``lever;``, ``design;``)."""
_NO_PARAMETER = ("order",)  # a place in a list
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_POWER = re.compile(r"[-+]?\d+(\.\d*)?[eE]\d+")  # a number to Hydra, and to YAML 1.1 a word for want of a sign
_COMMENT = re.compile(
    rf"#\s*(?P<unit>[^;#]+); (?P<range>[^;]+); (?:(?P<role>{'|'.join(ROLES)}); )?"
    rf"(?P<status>{'|'.join(SOURCE_STATUSES)}): (?P<source>\S.*?)\s*$"
)
_PARTS = ("unit", "range", "role", "status", "source")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C where PyYAML was built with it: eight times as fast
_TEXTS = 256  # files whose numbers are kept: a page after another tells the same


class Silent(NamedTuple):
    """A number of which nothing is said."""

    key: str
    line: int


@lru_cache(maxsize=_TEXTS)
def notes_in(text: str) -> tuple[tuple[str, str, int, str, str, str, str, str], ...]:
    """Numbers of a YAML text whose line says what they are: dotted key, value, line, unit, range, role, status, source.

    The role is empty where the line does not say it.

    >>> notes_in("a: {b: 2}  # hours; >=0; fact; assumed: a guess")
    (('a.b', '2', 1, 'hours', '>=0', 'fact', 'assumed', 'a guess'),)
    """
    lines, found = text.splitlines(), []
    for key, value, line in _numbers(yaml.compose(text, Loader=_LOADER), ()):
        said = _COMMENT.search(lines[line])
        if said:
            unit, span, role, status, source = ((said[part] or "").strip() for part in _PARTS)
            found.append((key, value, line + 1, unit, span, role, status, source))
    return tuple(found)


def silent_in(text: str) -> list[Silent]:
    """Numbers of a YAML text whose line does not say what they are; a place in an order is no such number.

    >>> silent_in("a: {b: 2}  # hours"), silent_in("order: 3")
    ([Silent(key='a.b', line=1)], [])
    """
    lines = text.splitlines()
    numbers = _numbers(yaml.compose(text, Loader=_LOADER), ())
    return [
        Silent(key, line + 1)
        for key, _, line in numbers
        if key.rpartition(".")[2] not in _NO_PARAMETER and not _COMMENT.search(lines[line])
    ]


def _numbers(node: yaml.Node | None, key: tuple[str, ...]) -> Iterator[tuple[str, str, int]]:
    """Dotted key, text and line of every number."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _numbers(value, (*key, str(name.value)))
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _numbers(value, key)
    elif isinstance(node, yaml.ScalarNode) and (node.tag in _NUMBERS or (not node.style and _POWER.fullmatch(node.value))):
        yield ".".join(key), str(node.value), node.start_mark.line
