"""What an analysis hands back, whatever it is: tables, figures to draw, and what they say in sentences."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import pandas as pd
from pydantic import StrictInt, ValidationError

from experiments.settings import StudyConfig
from sim.errors import meant
from sim.world.ranges import Range
from sim.world.record import ConfigError, Record


class Drawing(NamedTuple):
    """A figure that is to be drawn."""

    name: str  # of its file, without ending
    function: str  # in experiments.figures
    frame: pd.DataFrame  # tidy
    caption: str  # what the band is, how many runs it stands on
    alt: str  # what it shows, for those who cannot see it
    settings: dict[str, Any] = {}  # over those of configs/figure: title, height_inches ...
    options: dict[str, Any] = {}  # keywords of the function


class Analysis(NamedTuple):
    """One analysis, told."""

    name: str
    heading: str
    question: str
    answer: list[str]  # sentences with figures in them, the most important first
    sure: list[str]  # how sure that is: what the intervals hold, parameter and replicate uncertainty apart
    tables: dict[str, pd.DataFrame]  # name of the file -> tidy table, the first is the main one
    drawings: list[Drawing]


class ReportSpec(Record):
    """What ``configs/analysis/report.yaml`` says: how much of long tables and lists is shown; more would be no page to read."""

    rows: Annotated[StrictInt, Range(1, 10_000)]  # of the main table on the page
    lines: Annotated[StrictInt, Range(1, 10_000)]  # of what failed
    terminal_rows: Annotated[StrictInt, Range(1, 10_000)]
    terminal_columns: Annotated[StrictInt, Range(1, 1000)]


def spec_from[S: Record](name: str, kind: type[S], asked: StudyConfig) -> S:
    """The settings of the analysis of that name, from ``configs/analysis``. Raises ``ConfigError`` for the first mistake."""
    try:
        return kind(**asked.analysis.get(name, {}))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        key = ".".join(["analysis", name, *(str(part) for part in problem["loc"])])
        if problem["type"] == "extra_forbidden":
            names = list(kind.model_fields)
            raise ConfigError(f"{key}: no such key; accepted: {', '.join(names)}{meant(problem['loc'][-1], names)}") from None
        if problem["type"] == "missing":
            raise ConfigError(f"{key}: found nothing; accepted: a value") from None
        wanted = problem["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
        raise ConfigError(f"{key}: found {problem['input']!r}; accepted: {wanted}") from None


_LIMITS = ["draw_error_low", "draw_error_high", "error_low", "error_high"]
SHARES = ["factor", "index", "value", *_LIMITS, "floor", "told"]
DISTANCES = ["factor", "value", *_LIMITS, "floor", "told"]
CHANGES = ["factor", "lowest", "highest", "change", *_LIMITS, "told"]
MORRIS_COLUMNS = SHARES
