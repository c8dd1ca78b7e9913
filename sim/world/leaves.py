"""Nested maps as dotted leaves, so that two texts can be compared word by word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_LACKING = object()

Plain = dict[str, Any]
"""A configuration in plain values, as YAML has it: texts, numbers, truth values, nothing, and lists and maps of these."""


def leaves_of(nested: Mapping[str, object]) -> Plain:
    """All that is no map, by dotted key; an empty map says nothing.

    >>> leaves_of({"a": {"b": 1, "c": {"d": None}}, "e": [2]})
    {'a.b': 1, 'a.c.d': None, 'e': [2]}
    """
    return {".".join(path): value for path, value in _walk(nested, ())}


def _walk(nested: Mapping[str, object], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in nested.items():
        path = (*above, str(name))
        if isinstance(value, Mapping):
            yield from _walk(value, path)
        else:
            yield path, value


def changed_leaves(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, tuple[object, object]]:
    """Leaves that differ, ``key: (before, after)``, in the order of their keys; what one side lacks is ``None`` there.

    >>> changed_leaves({"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "c": 2}, "d": {"e": True}})
    {'a.b': (1, 3), 'd.e': (None, True)}
    """
    old, new = leaves_of(before), leaves_of(after)
    differing = (key for key in sorted({*old, *new}) if old.get(key, _LACKING) != new.get(key, _LACKING))
    return {key: (old.get(key), new.get(key)) for key in differing}


def put(nested: Plain, key: str, value: object) -> None:
    """Write a leaf into nested maps, in place, making the maps on the way."""
    *above, last = key.split(".")
    for name in above:
        if not isinstance(nested.get(name), dict):
            nested[name] = {}
        nested = nested[name]
    nested[last] = value
