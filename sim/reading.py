"""The one reader of YAML: a file that a user hands in becomes plain values, within bounds, and every key is a word."""

from __future__ import annotations

import copy
import re
import stat
from collections.abc import Set
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from sim.world.record import ConfigError, quoted

MOST_YAML_BYTES = 2_000_000
"""Bytes of a file; *assumption*: a hundred times the longest one that is committed."""
MOST_DEEP = 40
"""Levels of maps and lists in each other; *assumption*: four times the deepest that is committed."""
MOST_ENTRIES = 200_000
"""Entries once every alias is written out; *assumption*: as many as a file of the most bytes could hold without aliases."""
_FILES = 256  # of which what they say is kept
_LETTERS = 200  # of what the library says is wrong
_PACKAGE = re.compile(r"#\s*@package\s+(\S+)\s*")
_ANNOTATION = re.compile(r"#\s*@.*")
_WORD, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
_DATE, _FLOAT = "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:float"
_LIBRARY: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C where PyYAML was built with it: eight times as fast
_NUMBER = re.compile(  # as OmegaConf reads it, so that a value means in a file what it means to Hydra: 1e-5 is a number
    r"""^(?:[-+]?[0-9]+(?:_[0-9]+)*\.[0-9_]*(?:[eE][-+]?[0-9]+)?
    |[-+]?[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+)
    |\.[0-9]+(?:_[0-9]+)*(?:[eE][-+][0-9]+)?
    |[-+]?[0-9]+(?:_[0-9]+)*(?::[0-5]?[0-9])+\.[0-9_]*
    |[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$""",
    re.VERBOSE,
)


class _Loader(_LIBRARY):  # type: ignore[misc]
    """PyYAML's safe loader, in which a key is the word that was written (``NO``, ``on``, ``1e3``, ``04``) and stands once."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _mistake("found a key that is no word", key)
            if key.tag != _MERGE:
                key.tag = _WORD
            if key.value in seen:
                raise _mistake(f"found the key {quoted(key.value)} twice", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(_FLOAT, _NUMBER, list("-+0123456789."))
_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != _DATE]
    for letter, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def _mistake(problem: str, node: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def yaml_in(path: Path, place: str) -> Any:
    """What a YAML file says, in plain values that are the caller's own; None where it says nothing.

    ``place`` is how mistakes name the file. Raises ``ConfigError`` for a file that cannot be read, is no YAML, or is larger,
    deeper or more expanded than ``MOST_YAML_BYTES``, ``MOST_DEEP`` and ``MOST_ENTRIES`` allow.
    """
    return copy.deepcopy(_said(path, place, _stamp(path, place)))


def text_of(path: Path, place: str) -> str:
    """A file's text. Raises ``ConfigError`` for what is no readable text or more than ``MOST_YAML_BYTES``."""
    return _text(path, place, _stamp(path, place))


def package_in(path: Path, place: str) -> str | None:
    """Where Hydra puts what a file says: the word behind ``# @package`` among its first lines; None where there is none.

    Raises ``ConfigError`` for a line that only looks like one.
    """
    package = None
    for line in map(str.strip, text_of(path, place).splitlines()):
        if line and not line.startswith("#"):
            break
        found = _PACKAGE.fullmatch(line)
        if found:
            package = found[1]
        elif _ANNOTATION.fullmatch(line):
            raise ConfigError(f"{place}: found {quoted(line)}; accepted: # @package and one name, or no such line")
    return package


def _stamp(path: Path, place: str) -> tuple[int, int]:
    try:
        mark = path.stat()
    except (OSError, ValueError) as error:
        raise _unreadable(place, error) from None
    if not stat.S_ISREG(mark.st_mode):
        raise ConfigError(f"{place}: found no file; accepted: a readable YAML file")
    if mark.st_size > MOST_YAML_BYTES:
        raise ConfigError(f"{place}: found {mark.st_size:,} bytes; accepted: a YAML file of at most {MOST_YAML_BYTES:,}")
    return mark.st_mtime_ns, mark.st_size


@lru_cache(maxsize=_FILES)
def _text(path: Path, place: str, stamp: tuple[int, int]) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(place, error) from None


@lru_cache(maxsize=_FILES)
def _said(path: Path, place: str, stamp: tuple[int, int]) -> Any:
    return yaml_of(_text(path, place, stamp), place)


def _unreadable(place: str, error: Exception) -> ConfigError:
    told = getattr(error, "strerror", None) or " ".join(str(error).split())
    return ConfigError(f"{place}: {told[:_LETTERS]}; accepted: a readable YAML file")


def yaml_of(text: str, place: str) -> Any:
    """The same of a text.

    >>> yaml_of("levers: {judge: {off: {}, on: judge}, NO: {04: 1e-5}}", "a design")
    {'levers': {'judge': {'off': {}, 'on': 'judge'}, 'NO': {'04': 1e-05}}}
    """
    try:
        _refuse_excess(text, place)
        return _plain(yaml.load(text, Loader=_Loader), place)  # noqa: S506 - a safe loader of our own
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        told = " ".join((error.problem or error.context or "cannot be read").split())
        raise ConfigError(f"{place}: {where}{told[:_LETTERS]}; accepted: a readable YAML file") from None
    except (yaml.YAMLError, ValueError) as error:
        raise _unreadable(place, error) from None


def _refuse_excess(text: str, place: str) -> None:
    """Measure a text before anything is made of it: depth, and entries with aliases written out."""
    sizes: dict[str, int] = {}  # of what is anchored, written out
    above: list[tuple[str | None, int]] = []  # anchor and size so far of every map and list that is open
    total = 0
    for event in yaml.parse(text, Loader=_LIBRARY):
        grown = 0
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            above.append((event.anchor, total))
            if len(above) > MOST_DEEP:
                told = f"{_line(event)}found more than {MOST_DEEP} levels in each other"
                raise ConfigError(f"{place}: {told}; accepted: a readable YAML file")
            grown = 1
        elif isinstance(event, yaml.ScalarEvent):
            grown = 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.AliasEvent):
            _refuse_circle(event, {anchor for anchor, _ in above}, place)
            grown = sizes.get(str(event.anchor), 1)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            anchor, before = above.pop()
            if anchor:
                sizes[anchor] = total - before
        total += grown
        if total > MOST_ENTRIES:
            raise ConfigError(f"{place}: found more than {MOST_ENTRIES:,} entries with aliases written out; accepted: fewer")


def _refuse_circle(alias: yaml.AliasEvent, open_anchors: Set[str | None], place: str) -> None:
    """Raise ``ConfigError`` for an alias within what it stands for: written out it would have no end."""
    if alias.anchor in open_anchors:
        told = f"{_line(alias)}found the alias {quoted(alias.anchor)} within what it stands for"
        raise ConfigError(f"{place}: {told}; accepted: a readable YAML file")


def _line(event: yaml.Event) -> str:
    return f"line {event.start_mark.line + 1}: " if event.start_mark else ""


def _plain(value: Any, place: str) -> Any:
    """Maps, lists, text, numbers, truth values and nothing; whatever else a tag can make of a text is refused."""
    if isinstance(value, dict):
        return {key: _plain(entry, place) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry, place) for entry in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise ConfigError(f"{place}: found {quoted(value)}; accepted: maps, lists, text, numbers, true, false and null")
