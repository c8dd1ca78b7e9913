"""Studies from arrays, for analyses that are tried on functions with a known answer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.design.designs import Design, Uncertainty
from experiments.design.entries import POINT_COLUMNS
from experiments.design.points import is_baseline
from experiments.design.sampling import parameter_draws
from experiments.settings import StudyConfig, conduct_of_study
from experiments.store.outcomes import ArrayStudy, Outcome, outcomes_from
from sim.config import load

CASES, NEEDS = Outcome("case_disclosure_rate"), Outcome("legit_met_rate")


def asked(**analyses: Mapping[str, Any]) -> StudyConfig:
    """How a study is conducted by default, with some settings of analyses otherwise."""
    base = conduct_of_study()
    return base.model_copy(update={"analysis": {name: {**own, **analyses.get(name, {})} for name, own in base.analysis.items()}})


def asked_again(told: ArrayStudy, **analyses: Mapping[str, Any]) -> ArrayStudy:
    """The same study under some other settings of analyses."""
    own = {name: {**settings, **analyses.get(name, {})} for name, settings in told.asked.analysis.items()}
    return told._replace(asked=told.asked.model_copy(update={"analysis": own}))


def read_against(frame: pd.DataFrame, drawn: Design) -> pd.DataFrame:
    """A made-up table of points with the column that every table of points has: which point each is read against.

    Its baseline is the policy so named, with every lever at its first level, under the same condition and in the same draw;
    that of a search is its first point.
    """
    if drawn.search is not None:
        frame.insert(POINT_COLUMNS.index("against"), "against", frame["point"].iloc[0])
        return frame
    firsts = {name: next(iter(levels)) for name, levels in drawn.levels_of.items() if name in frame}
    own = [
        is_baseline(row["scenario"], drawn) and all(row[name] == first for name, first in firsts.items())
        for row in frame.to_dict("records")
    ]
    where = list(zip(frame["condition"], frame["draw"], strict=True))
    there = {place: point for place, point, baseline in zip(where, frame["point"], own, strict=True) if baseline}
    frame.insert(POINT_COLUMNS.index("against"), "against", [there.get(place, "") for place in where])
    return frame


def design(scenarios: list[str], size: int = 64, unknown: int = 2, **given: Any) -> Design:
    """Scenarios by a Latin hypercube of numbers called ``review.x0`` and so on, all between 0 and 1."""
    keys = {f"review.x{k}": Uncertainty(low=0.0, high=1.0) for k in range(unknown)}
    settings = {"scenarios": scenarios, "uncertainties": keys, "draw": "latin_hypercube", "size": size}
    return Design(question="what if?", **(settings | given))


def points_in(drawn: Design) -> pd.DataFrame:
    """The table of points of a design of scenarios or arms, with ids that are plain numbers."""
    draws = parameter_draws(drawn)
    rows = [
        {"point": f"{name}{number}", "place": 0, "scenario": name, "condition": "", "draw": number} | values
        for name in (drawn.scenarios or list(drawn.arms or {}))
        for number, values in enumerate(draws.to_dict("records"))
    ]
    return read_against(pd.DataFrame(rows).assign(place=range(len(rows))), drawn)


def study(drawn: Design, points: pd.DataFrame, values: dict[Outcome, np.ndarray], **analyses: dict[str, Any]) -> ArrayStudy:
    """A study that holds these outcomes, each ``[P, W, L]``."""
    held = {outcome: outcomes_from(outcome, points, array) for outcome, array in values.items()}
    return ArrayStudy("told", drawn, points, load(), asked(**analyses), Path(), held)
