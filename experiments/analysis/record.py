"""What an analysis hands back, whatever it is: tables, figures to draw, and what they say in sentences."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd


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
