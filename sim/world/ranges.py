"""What a number of the configuration may be: a kind for whatever is counted or weighed, with both ends and why they stand there.

Within the ends nothing overflows, nothing is without a value, and no run takes all memory; beyond them nothing would mean more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, StrictFloat, StrictInt
from pydantic_core import CoreSchema, core_schema

Number = float | int


@dataclass(frozen=True)
class Range:
    """Both ends of a number, as a mistake names them. ``inside`` leaves out the ends themselves."""

    low: Number
    high: Number
    inside: bool = False

    def __contains__(self, value: Number) -> bool:
        """Whether a number lies within."""
        return self.low < value < self.high if self.inside else self.low <= value <= self.high

    @property
    def words(self) -> str:
        """What is accepted.

        >>> Range(0, 1).words, Range(0, 1, inside=True).words, Range(0.01, 100).words
        ('from 0 to 1', 'greater than 0 and less than 1', 'greater than 0, from 0.01 to 100')
        """
        if self.inside:
            return f"greater than {_plain(self.low)} and less than {_plain(self.high)}"
        least = "greater than 0, " if 0 < self.low < 1 else ""
        return f"{least}from {_plain(self.low)} to {_plain(self.high)}"

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The ends, then what else the field says of itself: all compiled, since a configuration holds a thousand numbers.

        The ends come first, so that a mistake shows the number as it was given. What is no number at all, and ``nan``,
        passes no end.
        """
        ends: dict[str, Any] = {"gt": self.low, "lt": self.high} if self.inside else {"ge": self.low, "le": self.high}
        kind = handler(source)
        whole = kind["type"] == "int"
        within = core_schema.int_schema(strict=True, **ends) if whole else core_schema.float_schema(strict=True, **ends)
        words = f"{'a whole number' if whole else 'a finite number'} {self.words}"
        return core_schema.chain_schema([core_schema.custom_error_schema(within, "range", custom_error_message=words), kind])


def _plain(value: Number) -> str:
    """A whole number with all its digits, any other shortly.

    >>> _plain(50_000_000), _plain(0.001), _plain(1e9)
    ('50000000', '0.001', '1000000000')
    """
    return str(int(value)) if value == int(value) else f"{value:g}"


# --- shares and chances ----------------------------------------------------------------------------------------------------------
Unit = Annotated[StrictFloat, Range(0, 1)]
"""A share, a chance, an index: it has no other values."""
Inner = Annotated[StrictFloat, Range(0, 1, inside=True)]
"""A share whose log odds are taken, which 0 and 1 do not have."""

# --- how plainly something shows, against the noise of a reading -----------------------------------------------------------------
Bar = Annotated[StrictFloat, Range(-100, 100)]
"""Standard deviations: no normal draw lies beyond 9, so that a bar of 100 is never met and one of -100 always."""
Strength = Annotated[StrictFloat, Range(0, 100)]
"""Standard deviations of a signal, or a factor on one, for the same reason."""
LogOdds = Annotated[StrictFloat, Range(-50, 50)]
"""Beyond 40 a chance is 0 or 1 to the last digit."""

# --- how one thing follows another -----------------------------------------------------------------------------------------------
Elasticity = Annotated[StrictFloat, Range(-10, 10)]
"""Per logarithm: at 10 a doubling is a factor of a thousand; users and incomes to that power still are numbers."""
Slope = Annotated[StrictFloat, Range(-50, 50)]
"""Logarithm or log odds per unit of an index from 0 to 1: at 50 the ends are 20 powers of ten apart."""
PerSpread = Annotated[StrictFloat, Range(-20, 20)]
"""Logarithm per standard deviation, of which states have 5 at most: the ends are then 40 powers of ten apart."""
Spread = Annotated[StrictFloat, Range(0, 4)]
"""Standard deviation of a logarithm: at 4 one of it is a factor of 55, and draws lie 28 powers of ten apart; what is measured is
under 2.5. More would be no spread of anything, and times of it no whole number of months."""
Power = Annotated[StrictFloat, Range(0, 10)]
"""Of a load over one: at 10 twice the load leaves a thousandth."""

# --- weights and factors ---------------------------------------------------------------------------------------------------------
NonNegative = Annotated[StrictFloat, Range(0, 1e9)]
"""Against others: a thousand million times another it is all there is."""
Factor = Annotated[StrictFloat, Range(0.001, 1000)]
"""On a size that stays positive: three powers of ten either way are more than any policy or doubt is about."""
FactorOrNone = Annotated[StrictFloat, Range(0, 1000)]
"""The same where nothing may be left."""

# --- times -----------------------------------------------------------------------------------------------------------------------
Days = Annotated[StrictFloat, Range(0, 36_525)]
"""At most a century, longer than any run."""
Months = Annotated[StrictFloat, Range(0.01, 1200)]
"""A median or a half-life: from seven hours to a century."""
MonthsOrNone = Annotated[StrictFloat, Range(0, 1200)]
"""The same for a term that may have no length."""
YearsOrNone = Annotated[StrictFloat, Range(0, 100)]
"""A maximum of imprisonment (life counts as 60), a date that follows another."""
Years = Annotated[StrictFloat, Range(0.01, 100)]
"""The same where a logarithm is taken or something halves."""
Rate = Annotated[StrictFloat, Range(0, 1e6)]
"""A year: at a million it happens within the minute."""

# --- hours and files -------------------------------------------------------------------------------------------------------------
Hours = Annotated[StrictFloat, Range(0, 10_000)]
"""Officer-hours of a file: at most five years of one officer."""
HoursOfFile = Annotated[StrictFloat, Range(0.001, 10_000)]
"""The same where a logarithm is taken or hours are divided by it: from four seconds."""
HoursOfOffice = Annotated[StrictFloat, Range(0.001, 1e9)]
"""Officer-hours a month: six million officers."""
Files = Annotated[StrictFloat, Range(0.001, 1e9)]
"""Files' or answers' worth of experience: more than all that are ever read."""
FilesOrNone = Annotated[StrictFloat, Range(0, 1e9)]
"""The same where none may be enough."""

# --- distributions and people ----------------------------------------------------------------------------------------------------
Lasting = Annotated[StrictFloat, Range(0, 0.99)]
"""Of an autoregression of half-years: beyond this a deviation would outlast every run."""
Shape = Annotated[StrictFloat, Range(0.01, 1e7)]
"""Of a gamma or a beta: at 0.01 nearly all draws are at the ends, at ten million none differs from the mean by a thousandth."""
PerMillion = Annotated[StrictFloat, Range(0, 1e6)]
"""Persons per million: all of them at most."""
Seed = Annotated[StrictInt, Range(0, 2**62)]
"""Tables hold seeds as signed 64-bit integers."""
Id = Annotated[StrictInt, Range(0, 2**64 - 1)]
"""Of a case or a person, as tables hold them."""
Order = Annotated[StrictInt, Range(-1_000_000, 1_000_000)]
"""A place among others, with room between any two."""
StateCount = Annotated[StrictInt, Range(0, 2**15)]
"""States: rows of states are small integers in the docket."""
