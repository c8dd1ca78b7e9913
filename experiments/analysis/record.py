"""What an analysis hands back, whatever it is: tables, figures to draw, and what they say in sentences."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
from pydantic import ValidationError

from sim.settings import Config
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


def spec_from[S: Record](name: str, kind: type[S], config: Config) -> S:
    """Settings of an analysis from ``configs/analysis/<name>.yaml``, as a record.

    Raises ``ConfigError``, one line that names ``analysis.<name>.<key>``, for a key that is missing, unknown or out of range.
    """
    try:
        return kind(**config.analysis.get(name, {}))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(["analysis", name, *map(str, problem["loc"])])
        if problem["type"] == "extra_forbidden":
            raise ConfigError(f"{place}: no such key; accepted: {', '.join(kind.model_fields) or 'none'}") from None
        if problem["type"] == "value_error":
            raise ConfigError(f"{place}: {problem['ctx']['error']}") from None
        found = "nothing" if problem["type"] == "missing" else repr(problem["input"])
        wanted = "a value" if problem["type"] == "missing" else problem["msg"].removeprefix("Input should be ")
        raise ConfigError(f"{place}: found {found}; accepted: {wanted}") from None
