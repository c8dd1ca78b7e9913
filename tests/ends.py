"""Both ends of every number in a record, whatever map or list it stands in."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from math import inf
from typing import Any, NamedTuple

from annotated_types import Ge, Gt, Le, Lt
from pydantic import Strict
from pydantic.fields import FieldInfo

from sim.world.ranges import Range
from sim.world.record import Record


class Ends(NamedTuple):
    """Both ends of a number, and which of them it never reaches."""

    low: float
    high: float
    above: bool
    below: bool
    whole: bool
    strict: bool  # whether a truth value or a text is refused

    @property
    def stated(self) -> bool:
        """Whether there are two."""
        return -inf < self.low <= self.high < inf


def ends_of(kind: Any, metadata: tuple[Any, ...] = ()) -> Iterator[tuple[str, Ends]]:
    """The numbers that a field may hold: where below it, and their ends."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        yield from ends_of(inner[0], (*inner[1:], *metadata))
    elif origin in (types.UnionType, typing.Union):
        for part in inner:
            yield from ends_of(part, metadata if part is not type(None) else ())
    elif origin is dict:
        yield from (((f"*.{place}" if place else "*"), ends) for place, ends in ends_of(inner[1]))
    elif origin is list:
        yield from (((f"*.{place}" if place else "*"), ends) for place, ends in ends_of(inner[0]))
    elif kind in (int, float):
        yield "", _ends(kind, metadata)
    elif isinstance(kind, type) and issubclass(kind, Record):
        yield from numbers_of(kind)


def numbers_of(record: type[Record]) -> Iterator[tuple[str, Ends]]:
    """Every number of a record by its dotted place; ``*`` is any key of a map, or a place of a list."""
    for name, field in record.model_fields.items():
        for place, ends in ends_of(field.annotation, tuple(field.metadata)):
            yield (f"{name}.{place}" if place else name), ends


def _ends(kind: type, metadata: tuple[Any, ...]) -> Ends:
    low, high, above, below, strict = -inf, inf, False, False, False
    for part in (inside for mark in metadata for inside in (mark.metadata if isinstance(mark, FieldInfo) else [mark])):
        if isinstance(part, Range):
            low, high, above, below, strict = part.low, part.high, part.inside, part.inside, True
        elif isinstance(part, Ge | Gt):
            low, above = float(part.ge if isinstance(part, Ge) else part.gt), isinstance(part, Gt)  # type: ignore[arg-type]
        elif isinstance(part, Le | Lt):
            high, below = float(part.le if isinstance(part, Le) else part.lt), isinstance(part, Lt)  # type: ignore[arg-type]
        elif isinstance(part, Strict):
            strict = part.strict
    return Ends(low, high, above, below, kind is int, strict)


def ends_at(config: Record, key: str) -> Ends | None:
    """Both ends of the number at a dotted key of a filled record; None where no number stands."""
    node: Any = config
    parts = key.split(".")
    for place, part in enumerate(parts):
        if isinstance(node, Record):
            field = type(node).model_fields.get(part)
            if field is None:
                return None
            below = getattr(node, part)
            rest = len(parts) - place - 1
            if not isinstance(below, Record) and not (isinstance(below, Mapping) and _holds_records(below)):
                wanted = ".".join(["*"] * rest)
                listed = f"{wanted}.*".lstrip(".")
                found = [ends for where, ends in ends_of(field.annotation, tuple(field.metadata)) if where in (wanted, listed)]
                return found[0] if found else None
            node = below
        else:
            node = node.get(part)
    return None


def _holds_records(value: Mapping[str, Any]) -> bool:
    return any(isinstance(part, Record) for part in value.values())
