"""What stands behind a number in a YAML file: unit, range, role, prior, status and source, in a comment on its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import yaml

from sim.roles import ROLES

SOURCE_STATUSES = ("sourced", "calibrated", "read", "inferred", "secondary", "unverified", "assumed")
NOTE_FORM = "# unit; range; status: source"
"""How such a comment must look at the least; ``FULL_FORM`` has all that may stand between range and status."""
FULL_FORM = "# unit; range; role; prior SHAPE; weak; informs P1 P2; status: source"
"""The role (``fact``, ``lever``, ``design``), what is plausible (``sim.priors``), a weak source, patterns that inform it."""
_NO_PARAMETER = ("order",)  # a place in a list
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_POWER = re.compile(r"[-+]?\d+(\.\d*)?[eE]\d+")  # a number to Hydra, and to YAML 1.1 a word for want of a sign
_COMMENT = re.compile(
    rf"#\s*(?P<unit>[^;#]+); (?P<range>[^;]+); (?:(?P<role>{'|'.join(ROLES)}); )?"
    r"(?:prior (?P<prior>[^;]+); )?(?:(?P<weak>weak); )?(?:informs (?P<informs>P\d+(?: P\d+)*); )?"
    rf"(?P<status>{'|'.join(SOURCE_STATUSES)}): (?P<source>\S.*?)\s*$"
)
_PARTS = ("unit", "range", "role", "prior", "weak", "informs", "status", "source")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C where PyYAML was built with it: eight times as fast
_TEXTS = 256  # files whose numbers are kept: a page after another tells the same


class Note(NamedTuple):
    """A number and what its line says of it, as text; what the line does not say is empty."""

    key: str
    value: str
    line: int
    unit: str
    range: str
    role: str
    prior: str
    weak: str
    informs: str
    status: str
    source: str


class Silent(NamedTuple):
    """A number of which nothing is said."""

    key: str
    line: int


@lru_cache(maxsize=_TEXTS)
def notes_in(text: str) -> tuple[Note, ...]:
    """Numbers of a YAML text whose line says what they are; the numbers of a list share their key.

    >>> notes_in("a: {b: 2}  # hours; >=0; fact; prior LN(2, 0.5); weak; assumed: a guess")[0][3:]
    ('hours', '>=0', 'fact', 'LN(2, 0.5)', 'weak', '', 'assumed', 'a guess')
    """
    lines, found = text.splitlines(), []
    for key, value, line in _numbers(yaml.compose(text, Loader=_LOADER), ()):
        said = _COMMENT.search(lines[line])
        if said:
            found.append(Note(key, value, line + 1, *((said[part] or "").strip() for part in _PARTS)))
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
