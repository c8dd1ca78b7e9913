"""Studies of functions with known answers, by the real path: a design's draws, values in worlds and replicates, a told study."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.design.designs import Design
from experiments.design.points import point_id
from experiments.design.sampling import combinations_of, parameter_draws
from experiments.settings import StudyConfig, asked_by
from experiments.store.outcomes import ArrayStudy, Outcome, outcomes_from
from sim.arrays import Reals
from sim.settings import Config
from tests.analysis.studies import read_against

OUTCOME = Outcome("case_disclosure_rate")
Function = Callable[[pd.DataFrame], Any]  # draws -> [n]


FEWER = "analysis.sensitivity.resamples"  # than on file: enough for what is asked here, a test that wants more says so


@cache
def asked(*overrides: str) -> tuple[Config, StudyConfig]:
    given = any(override.startswith(f"{FEWER}=") for override in overrides)
    return asked_by(*overrides, *(() if given else (f"{FEWER}=100",)))


def design_of(draw: str, bounds: dict[str, tuple[float, float]] | dict[str, Any], **more: Any) -> Design:
    unknown = {
        key: {"low": float(value[0]), "high": float(value[1])} if isinstance(value, tuple) else value
        for key, value in bounds.items()
    }
    return Design.model_validate({"question": "what if?", "draw": draw, "uncertainties": unknown, **more})


def points_of(design: Design) -> pd.DataFrame:
    """As ``experiments.design.points`` makes them, without composing a configuration a row."""
    draws = parameter_draws(design)
    policies = combinations_of(design) if design.levers else [{}]
    rows = [
        {"scenario": name, "condition": condition, "draw": draw} | levers | values
        for name in design.scenarios or [design.baseline]
        for levers in policies
        for condition in design.conditions or [""]
        for draw, values in enumerate(draws.to_dict("records"))
    ]
    frame = pd.DataFrame(rows)
    frame.insert(0, "point", [point_id(str(row["scenario"]), {str(k): v for k, v in row.items()}) for row in rows])
    frame.insert(1, "place", range(len(frame)))
    return read_against(frame, design)


def told(design: Design, values: Reals, points: pd.DataFrame, *overrides: str) -> ArrayStudy:
    return ArrayStudy(
        "made_up", design, points, *asked(*overrides), Path("made_up"), {OUTCOME: outcomes_from(OUTCOME, points, values)}
    )


def study_of(
    design: Design, function: Function, noise: Reals | float = 0.0, worlds: int = 3, replicates: int = 1, *overrides: str
) -> ArrayStudy:
    """``function`` at every point, with ``noise`` (a standard deviation, or ``[P, W, L]``) on top of it."""
    points = points_of(design)
    means = np.asarray(function(points), float)[:, None, None]
    if not isinstance(noise, np.ndarray):
        noise = noise * np.random.default_rng(7).standard_normal((len(points), worlds, replicates))
    return told(design, means + noise, points, *overrides)


# --------------------------------------------------------------------------------------------- functions with known answers

ISHIGAMI = {f"a.x{number}": (-np.pi, np.pi) for number in (1, 2, 3)}
ISHIGAMI_S1, ISHIGAMI_ST = [0.3139, 0.4424, 0.0], [0.5576, 0.4424, 0.2437]  # Ishigami and Homma 1990, a = 7, b = 0.1
ISHIGAMI_VARIANCE = 7**2 / 8 + 0.1 * np.pi**4 / 5 + 0.1**2 * np.pi**8 / 18 + 0.5
G_SLOPES = np.array([0.0, 1.0, 4.5, 9.0, 99.0])  # Sobol's g-function, after Saltelli and Sobol 1995
G = {f"a.x{number}": (0.0, 1.0) for number in range(5)}


def ishigami(rows: pd.DataFrame) -> Reals:
    x1, x2, x3 = (rows[name].to_numpy(float) for name in ISHIGAMI)
    return np.asarray(np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1))


def g_function(rows: pd.DataFrame) -> Reals:
    x = rows[list(G)].to_numpy(float)
    return np.asarray(((np.abs(4 * x - 2) + G_SLOPES) / (1 + G_SLOPES)).prod(axis=1))


def g_indices() -> tuple[Reals, Reals]:
    """First-order and total indices of the g-function, in closed form."""
    parts = 1 / (3 * (1 + G_SLOPES) ** 2)
    whole = (1 + parts).prod() - 1
    return parts / whole, parts * (1 + parts).prod() / (1 + parts) / whole
