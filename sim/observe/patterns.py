"""Patterns of the published figures that a run is held against: target, tolerance, what a pass is worth, what a miss teaches.

What a pass is worth is said by a flag, observable by observable. ``input``: the model is given the figure, so it cannot fail.
``test``: it could fail. ``not_computable``: no mechanism makes it. A fourth flag is never written here but measured: an observable
that lies within its tolerance although the mechanism that it is about is off is ``blind``.
"""

from __future__ import annotations

from math import inf
from typing import Annotated, Literal

from pydantic import Field, StrictFloat, model_validator

from sim.world.ranges import Range
from sim.world.record import Record

Bound = Annotated[StrictFloat, Range(-1e6, 1e6)]
"""An end of a tolerance: shares, months, orders of magnitude, factors."""
Flag = Literal["input", "test", "not_computable"]
Kind = Literal["range", "order", "ratio"]


class Observable(Record):
    """One number of a pattern, as ``sim.observe`` names it."""

    said: str  # in a few words
    target: str  # as the source has it
    kind: Kind = "range"  # an order must hold strictly
    low: Bound | None = None  # of the tolerance; with neither end it is shown and not scored
    high: Bound | None = None
    flag: Flag
    reason: str  # why that flag
    rejected: str | None = None  # why the target does not belong to what is simulated; then it is shown and not scored
    switch_off: list[str] | None = (
        None  # overrides that turn its mechanism off; none at all: as configured there is no such mechanism
    )
    drawn: bool = True  # in the figure

    @model_validator(mode="after")
    def _whole(self) -> Observable:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low: found {self.low:g}, not below high {self.high:g}; accepted: below it")
        if self.flag == "test" and self.scored and self.switch_off is None:
            raise ValueError("switch_off: found nothing beside flag test; accepted: overrides that turn the mechanism off, or []")
        if self.flag != "test" and self.switch_off is not None:
            raise ValueError(f"switch_off: found beside flag {self.flag}; accepted: beside test alone")
        return self

    @property
    def bounded(self) -> bool:
        """Whether there is a tolerance."""
        return self.low is not None or self.high is not None

    @property
    def scored(self) -> bool:
        """Whether it counts, if it is a test and not blind."""
        return self.bounded and self.rejected is None

    def holds(self, value: float) -> bool:
        """Whether a value lies within the tolerance; nan does not."""
        low, high = -inf if self.low is None else self.low, inf if self.high is None else self.high
        inside = low < value < high if self.kind == "order" else low <= value <= high
        return self.bounded and inside


class Pattern(Record):
    """A pattern of ``empirics.md`` 7.1."""

    name: str
    source: str
    about: str  # the mechanism and the parameters that it could tell of
    teaches: str  # what a miss teaches
    under: list[str] = []  # overrides under which it is observed, where the run as configured has not the channel
    observables: Annotated[dict[str, Observable], Field(min_length=1)]
