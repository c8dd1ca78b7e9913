"""Studies from arrays, for analyses that are tried on functions with a known answer."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.cube import Outcome, Told, cube_from
from experiments.designs import Design, Uncertainty
from experiments.sampling import draws_of
from sim.config import load
from sim.settings import Config

CASES, NEEDS = Outcome("case_disclosure_rate"), Outcome("legit_met_rate")


def config(**analyses: dict[str, Any]) -> Config:
    """The standard configuration with some settings of analyses otherwise."""
    base = load()
    plain = {name: {**settings, **analyses.get(name, {})} for name, settings in base.analysis.items()}
    return base.model_copy(update={"analysis": plain})


def design(scenarios: list[str], size: int = 64, unknown: int = 2, **given: Any) -> Design:
    """Scenarios by a Latin hypercube of numbers called ``review.x0`` and so on, all between 0 and 1."""
    keys = {f"review.x{k}": Uncertainty(low=0.0, high=1.0) for k in range(unknown)}
    settings = {"scenarios": scenarios, "uncertainties": keys, "draw": "latin_hypercube", "size": size}
    return Design(question="what if?", **(settings | given))


def points_in(drawn: Design) -> pd.DataFrame:
    """The table of points of a design of scenarios or arms, with ids that are plain numbers."""
    draws = draws_of(drawn)
    rows = [
        {"point": f"{name}{number}", "place": 0, "scenario": name, "condition": "", "draw": number} | values
        for name in (drawn.scenarios or list(drawn.arms or {}))
        for number, values in enumerate(draws.to_dict("records"))
    ]
    return pd.DataFrame(rows).assign(place=range(len(rows)))


def study(drawn: Design, points: pd.DataFrame, values: dict[Outcome, np.ndarray], **analyses: dict[str, Any]) -> Told:
    """A study that holds these outcomes, each ``[P, W, L]``."""
    held = {outcome: cube_from(outcome, points, array) for outcome, array in values.items()}
    return Told("told", drawn, points, config(**analyses), Path(), held)
