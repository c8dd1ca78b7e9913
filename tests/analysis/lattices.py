"""Studies whose answer is known: a function of the levers, of the world and of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.design.designs import Design
from experiments.design.sampling import combinations_of
from experiments.store.outcomes import ArrayStudy, Outcome, Outcomes
from sim.config import load
from tests.analysis.studies import asked, read_against

HARM, NEEDS = Outcome("case_disclosure_rate"), Outcome("legit_met_rate")


def design(levers: int = 3, **given: Any) -> Design:
    """Levers a, b, c ..., each off or on."""
    return Design(question="what if so?", levers={name: name for name in "abcdefghijklmnop"[:levers]}, **given)


def points_of(design: Design) -> pd.DataFrame:
    """Every combination under every condition and in every draw."""
    draws = range(design.size) if design.draw else [0]
    rows: list[dict[str, Any]] = [
        {"scenario": policy, "condition": condition, "draw": draw} | levers
        for policy, levers in (
            [(design.baseline, levers) for levers in combinations_of(design)]
            if design.levers
            else [(name, {}) for name in design.arms or design.scenarios or []]
        )
        for condition in design.conditions or [""]
        for draw in draws
    ]
    return numbered(pd.DataFrame(rows), design)


def numbered(frame: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Rows with an id and a place of their own, each read against its baseline."""
    frame.insert(0, "point", [f"p{number:04}" for number in range(len(frame))])
    frame.insert(1, "place", range(len(frame)))
    return read_against(frame, design)


def outcomes(
    outcome: Outcome, points: pd.DataFrame, values: Callable[[Mapping[str, Any]], Any], shape: tuple[int, int]
) -> Outcomes:
    """Values of each point, ``[W, L]`` or what broadcasts to it."""
    found = np.stack([np.broadcast_to(np.asarray(values(row), float), shape) for row in points.to_dict("records")])
    return Outcomes(outcome, points, found, np.full(found.shape, 1000), list(range(shape[0])))


def told(
    design: Design,
    harm: Callable[[Mapping[str, Any]], Any],
    needs: Callable[[Mapping[str, Any]], Any] | None = None,
    shape: tuple[int, int] = (8, 2),
    points: pd.DataFrame | None = None,
    analysis: Mapping[str, Mapping[str, Any]] | None = None,
) -> ArrayStudy:
    """A study in which every point has these values."""
    frame = points_of(design) if points is None else points
    held = {HARM: outcomes(HARM, frame, harm, shape)}
    if needs is not None:
        held[NEEDS] = outcomes(NEEDS, frame, needs, shape)
    return ArrayStudy("made up", design, frame, load(), asked(**(analysis or {})), Path(), held)


def on(row: Mapping[str, Any]) -> set[str]:
    """Levers of a row that are on."""
    return {name for name, level in row.items() if level == "on"}
