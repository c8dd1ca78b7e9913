"""Estimands of a user's own: what their files say, how they are measured, and the units by which they are known."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from sim.errors import ConfigError, RogatoryError, quoted
from sim.world.record import Record

Way = Literal["up", "down"]
EstimateRow = tuple[str, str, str, float, int]
MEASURED = "measured"
"""The function of an estimand's file: takes the run, what several estimands share of it, and the estimand's own record."""
_PARTS = 4  # by, level, value, count
_LETTERS = 80  # of a unit, in words


class Estimand(Record):
    """What the file of an estimand says besides its own parameters."""

    unit: Annotated[str, Field(min_length=1, max_length=_LETTERS)]
    wanted: Way | None  # which way is better for people or for cooperation; null where a change alone says neither


class OwnEstimand(NamedTuple):
    """What is known of a user's own estimand without running its code."""

    unit: str
    wanted: Way | None


_own: ContextVar[Mapping[str, OwnEstimand]] = ContextVar("own estimands", default={})  # noqa: B039 - it is never written into


def own_estimands() -> Mapping[str, OwnEstimand]:
    """The estimands of the folders that are looked in, by name."""
    return _own.get()


def set_own_estimands(known: Mapping[str, OwnEstimand]) -> None:
    """Let these be the estimands of the folders that are looked in."""
    _own.set(known)


class WithOwn[V](Mapping[str, V]):
    """What is said of each committed estimand, followed by the same of a user's own."""

    def __init__(self, committed: Mapping[str, V], said: Literal["unit", "wanted"]) -> None:
        """``said`` is the part of a user's own estimand that stands here."""
        self.committed = committed
        self._said = said

    def __getitem__(self, name: str) -> V:
        """What is said of an estimand."""
        if name in self.committed or name not in _own.get():
            return self.committed[name]
        found: V = getattr(_own.get()[name], self._said)
        return found

    def __iter__(self) -> Iterator[str]:
        """Names, the committed ones first."""
        yield from self.committed
        yield from (name for name in _own.get() if name not in self.committed)

    def __len__(self) -> int:
        """How many there are."""
        return len({*self.committed, *_own.get()})


def own_rows(run: object, cut: object, own: Mapping[str, Estimand], slices: tuple[str, ...]) -> Iterator[EstimateRow]:
    """What a user's own estimands give of a run: ``(metric, by, level, value, count)``.

    Raises ``RogatoryError`` where one fails, gives what is no row, or gives one slice twice.
    """
    for name, estimand in own.items():
        home = sys.modules[type(estimand).__module__]
        place = f"{home.__file__}: {MEASURED}"
        seen: set[tuple[str, str]] = set()
        try:
            rows = [*getattr(home, MEASURED)(run, cut, estimand)]
        except Exception as error:
            raise RogatoryError(f"{place}: {type(error).__name__}: {' '.join(str(error).split())}") from error
        for row in rows:
            by, level, value, count = _row(row, place, slices)
            if (by, level) in seen:
                raise ConfigError(f"{place}: found {by} {quoted(level)} twice; accepted: each slice once")
            seen.add((by, level))
            yield name, by, level, value, count


def _row(row: object, place: str, slices: tuple[str, ...]) -> tuple[str, str, float, int]:
    """A row that an estimand gave, as plain values. Raises ``ConfigError`` for anything else."""
    if isinstance(row, tuple) and len(row) == _PARTS:
        by, level, value, count = row
        try:
            number, events = float(value), int(count)
        except (TypeError, ValueError, OverflowError):
            number, events = math.inf, -1
        if by in slices and isinstance(level, str) and not math.isinf(number) and events >= 0:
            return str(by), level, number, events
    wanted = f"by (one of {', '.join(slices)}), level (a word), value (finite or nan), count (of events)"
    raise ConfigError(f"{place}: found {quoted(row)}; accepted: {wanted}")
