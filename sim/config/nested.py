"""Dotted keys and the nested maps that they lead into: what lies in what, and how a value is written without touching others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sim.composition import as_given
from sim.composition.files import entries_of
from sim.errors import ConfigError
from sim.world.leaves import Plain


def above(key: str) -> Iterator[str]:
    """The dotted keys in which a key lies.

    >>> list(above("a.b.c"))
    ['a', 'a.b']
    """
    parts = key.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts)))


def meet(one: str, other: str) -> bool:
    """Whether two dotted keys are one, or one lies in the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def refuse_nested(settings: Iterable[str], says: str = "set") -> None:
    """Two settings of which one lies in the other would depend on their order. Raises ``ConfigError``."""
    keys = {*settings}
    for key in sorted(keys):
        for outer in above(key):
            if outer in keys:
                raise ConfigError(f"{as_given(key)}: {says}, and {as_given(outer)} too, in which it lies; accepted: one of the two")


def map_at(plain: Mapping[str, object], key: str) -> Mapping[str, object] | None:
    """The map under a dotted key; None if there is none. Under no key lies the whole."""
    node: object = plain
    for name in filter(None, key.split(".")):
        node = node.get(name) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else None


def put_anew(nested: Plain, path: Sequence[str], value: object) -> None:
    """Write a value, copying the maps on the way and no others: what shares them stays as it was. A map joins a map."""
    for name in path[:-1]:
        below = nested.get(name)
        nested[name] = dict(below) if isinstance(below, Mapping) else {}
        nested = nested[name]
    nested[path[-1]] = _joined(nested.get(path[-1]), value)


def take_away(nested: Plain, path: Sequence[str]) -> None:
    """Take a key away, copying the maps on the way and no others; all of them must be there."""
    for name in path[:-1]:
        nested[name] = dict(nested[name])
        nested = nested[name]
    del nested[path[-1]]


def _joined(before: object, value: object) -> object:
    """What Hydra makes of a value where another stands."""
    if not isinstance(value, Mapping):
        return value
    known = before if isinstance(before, Mapping) else {}
    return {**known, **{name: _joined(known.get(name), entry) for name, entry in value.items()}}


def maps_in(value: object) -> Iterator[Mapping[str, object]]:
    """All maps in a value, itself included if it is one."""
    if isinstance(value, Mapping):
        yield value
    for entry in entries_of(value):
        yield from maps_in(entry)


def is_written_as_it_is(value: object, maps: bool = False) -> bool:
    """Whether a value is one that Hydra takes over as it stands: nothing to interpolate or still to be given.

    A map is none of them, unless ``maps`` says so.
    """
    if isinstance(value, list):
        return all(is_written_as_it_is(entry, maps) for entry in value)
    if isinstance(value, Mapping):
        return maps and all(is_written_as_it_is(entry, maps) for entry in value.values())
    if isinstance(value, str):
        return "$" not in value and value != "???"
    return value is None or isinstance(value, bool | int | float)
