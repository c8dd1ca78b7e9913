"""What studies read: one outcome of every point in every world and luck, side by side with what each point set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.design.designs import Design
from experiments.design.entries import POINT_COLUMNS
from experiments.settings import StudyConfig
from experiments.statistics import mean_of
from sim.arrays import Reals
from sim.metrics import UNITS
from sim.settings import Config
from sim.world.record import ConfigError


class Outcome(NamedTuple):
    """One estimand, whole or one slice of it.

    >>> Outcome.of("targeted_rate.group.lgbtq")
    Outcome(metric='targeted_rate', by='group', level='lgbtq')
    """

    metric: str
    by: str = "all"
    level: str = "all"

    @classmethod
    def of(cls, text: str) -> Outcome:
        """From ``metric`` or ``metric.by.level``. Raises ``ConfigError`` for anything else."""
        parts = text.split(".", 2)
        if parts[0] not in UNITS or len(parts) not in (1, 3):
            raise ConfigError(f"outcome: found {text!r}; accepted: metric or metric.by.level, metric one of {', '.join(UNITS)}")
        return cls(*parts)

    @property
    def unit(self) -> str:
        """The unit of its estimand, in words."""
        return UNITS[self.metric]

    def __str__(self) -> str:
        """The outcome as a configuration has it: the estimand; of a slice also by what and which level, with points between."""
        return self.metric if self.by == "all" else ".".join(self)


class Outcomes(NamedTuple):
    """One outcome of ``P`` points in ``W`` worlds and ``L`` replicates; a run without a value is missing (nan)."""

    outcome: Outcome
    points: pd.DataFrame  # [P] columns FIXED, levers, uncertainties; in the order of the design
    values: Reals  # [P, W, L]
    counts: NDArray[np.int64]  # [P, W, L] events behind each value
    worlds: list[int]  # [W] world seeds

    @property
    def means(self) -> Reals:
        """Mean over worlds of the mean over replicates, ``[P]``."""
        return mean_of(mean_of(self.values))

    def of(self, scenario: str | None = None, condition: str | None = None) -> Outcomes:
        """The points of one scenario or condition alone, still in their order."""
        kept = np.ones(len(self.points), bool)
        for column, wanted in (("scenario", scenario), ("condition", condition)):
            if wanted is not None:
                kept &= (self.points[column] == wanted).to_numpy()
        return self._replace(points=self.points[kept].reset_index(drop=True), values=self.values[kept], counts=self.counts[kept])


class Study(Protocol):
    """A sweep that has been run, as analyses see it: from a store, or made up in a test."""

    @property
    def name(self) -> str:
        """The name of the store."""
        ...

    @property
    def design(self) -> Design:
        """The design that was run."""
        ...

    @property
    def points(self) -> pd.DataFrame:
        """The points of the design, ``[P]`` rows with the columns FIXED, levers and uncertainties."""
        ...

    @property
    def config(self) -> Config:
        """The configuration of the first point, of which analyses read the years and how few events are too few."""
        ...

    @property
    def asked(self) -> StudyConfig:
        """How it is read and drawn: settings of analyses and figures."""
        ...

    @property
    def folder(self) -> Path:
        """The folder of the store."""
        ...

    def outcomes(self, outcome: Outcome) -> Outcomes:
        """One outcome of all points. Raises ``ConfigError`` where the store does not hold it."""
        ...


class ArrayStudy(NamedTuple):
    """A study from arrays, for functions with a known answer."""

    name: str
    design: Design
    points: pd.DataFrame
    config: Config
    asked: StudyConfig
    folder: Path
    held: dict[Outcome, Outcomes]

    def outcomes(self, outcome: Outcome) -> Outcomes:
        """One outcome of all points."""
        if outcome not in self.held:
            raise ConfigError(f"outcome: found {str(outcome)!r}; accepted: {', '.join(map(str, self.held))}")
        return self.held[outcome]


def outcomes_from(outcome: Outcome, points: pd.DataFrame, values: Reals) -> Outcomes:
    """Outcomes of made-up values ``[P, W, L]``, each standing on a thousand events."""
    return Outcomes(outcome, points, values, np.full(values.shape, 1000), list(range(values.shape[1])))


def factors_of(points: pd.DataFrame) -> list[str]:
    """Columns of a table of points that are levers or uncertainties."""
    return [str(name) for name in points.columns if name not in POINT_COLUMNS]


def scenarios_in(points: pd.DataFrame) -> list[str]:
    """Scenarios of a table of points, in their order."""
    return list(dict.fromkeys(str(name) for name in points["scenario"]))


def conditions_in(points: pd.DataFrame) -> Sequence[str]:
    """Conditions of a table of points, in their order; one empty one where there is none."""
    return list(dict.fromkeys(str(name) for name in points["condition"]))
