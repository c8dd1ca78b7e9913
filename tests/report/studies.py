"""A made-up study with made-up analyses, of the size and the awkwardness that real ones have."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis.record import Analysis, Drawing
from experiments.design.designs import Design, design_from
from experiments.design.points import points_of
from experiments.design.sampling import unit_of
from experiments.settings import conduct_of_study
from experiments.store.outcomes import ArrayStudy, Outcome, outcomes_from
from sim.config import load
from sim.settings import Config
from tests.figures.examples import rates
from tests.report.examples import cooperation

WORLDS, LUCK, SIZE = 6, 2, 16
OUTCOME = Outcome("case_disclosure_rate")
TINY = ("states=synthetic", "people.rows=500", "demand.legitimate=60")
BODY: dict[str, Any] = {
    "question": "how much does each lever <protect>, and what else decides the answer?",
    "baseline": "as_adopted",
    "levers": {"judge": "judge", "threshold": {"four": {}, "six": {"instruments.hanoi.threshold_years": 6.0}}},
    "conditions": {"as_guessed": {}, "ireland_half": {"states.hosting.factor.IRL": 0.5}},
    "uncertainties": {
        "review.rho": {"low": 0.1, "high": 0.9},
        "review.uptake_max": {"low": 0.1, "high": 0.9},
        "demand.abusive_odds": {"low": 0.003, "high": 0.03, "shape": "log"},
    },
    "draw": "latin_hypercube",
    "size": SIZE,
    "outcomes": ["case_disclosure_rate", "legit_met_rate"],
}
TEXT = """\
# Motive: made up for a test.
question: how much does each lever <protect>, and what else decides the answer?
baseline: as_adopted
levers:
  judge: judge
  threshold: {four: {}, six: {instruments.hanoi.threshold_years: 6.0}}
conditions:
  as_guessed: {}
  ireland_half: {states.hosting.factor.IRL: 0.5}
uncertainties:
  review.rho: {low: 0.1, high: 0.9}  # correlation; 0-1; assumed: no two looks are wholly alike or wholly new
  review.uptake_max: {low: 0.1, high: 0.9}  # share; 0-1; assumed: from hardly ever to nearly always
  demand.abusive_odds: {low: 0.003, high: 0.03, shape: log}  # abusive wishes per need; >0; assumed: a half order either way
draw: latin_hypercube
size: 16
outcomes: [case_disclosure_rate, legit_met_rate]
"""


@cache
def design() -> Design:
    return design_from(BODY, "test")


@cache
def config() -> Config:
    return load("scenario=as_adopted", *TINY)


@cache
def points() -> pd.DataFrame:
    return points_of(design(), TINY).frame


def study(folder: Path, body: Design | None = None) -> ArrayStudy:
    """A linear answer with noise of worlds and luck; three runs have no value."""
    frame = points()
    known = design().uncertainties
    unit = np.column_stack([[unit_of(value, known[key]) for value in frame[key]] for key in known])
    effect = 0.08 - 0.02 * unit[:, 0] + 0.01 * unit[:, 1] - 0.012 * (frame["judge"] == "on").to_numpy(float)
    noise = np.random.default_rng(3)
    values = effect[:, None, None] + noise.normal(0, 0.01, (1, WORLDS, 1)) + noise.normal(0, 0.002, (len(frame), WORLDS, LUCK))
    values[0, 0, :] = np.nan
    values[5, 2, 1] = np.nan
    held = {OUTCOME: outcomes_from(OUTCOME, frame, values)}
    return ArrayStudy("levers_and_guesses", body or design(), frame, config(), conduct_of_study(), folder, held)


def analyses() -> list[Analysis]:
    """Two analyses, one with a long table and figures, one without either."""
    indices = pd.DataFrame(
        {
            "factor": [*design().uncertainties] * 12,
            "kind": ["first", "total"] * 18,
            "share": np.linspace(-0.0123456, 0.987, 36),
            "draw_low": np.linspace(-0.05, 0.9, 36),
            "draw_high": [*np.linspace(0.05, 1.0, 35), np.nan],
            "runs": [12345] * 36,
            "told_from_zero": [True, False] * 18,
        }
    )
    plane = cooperation().head(14).assign(chance_share=0.1)
    return [
        Analysis(
            name="sensitivity",
            heading="What decides the answer",
            question="Of the numbers that nobody knows, which move the share of abusive cases disclosed most?",
            answer=[
                "Most of the spread, 62 % (55 to 68 %), is of the share of discretion that is used (`review.uptake_max`).",
                "The correlation of two looks & the odds of abuse share the rest: 21 % (15 to 26 %) and 9 % (5 to 12 %).",
            ],
            sure=[
                "Intervals are of replicates: they hold worlds and luck, by resampling worlds.",
                "The shares themselves speak of *parameters*, within the stated ranges alone.",
            ],
            tables={"indices": indices, "convergence": indices.head(4)},
            drawings=[
                Drawing(
                    "indices", "targeted_rate", rates(), "Bars: 95 % intervals over 6 worlds.", "Three groups as dots with bars."
                ),
                Drawing("plane", "plane", plane, "Fourteen scenarios, 12 runs each.", "A plane.", {"title": "What <it> costs"}),
            ],
        ),
        Analysis(
            name="attribution",
            heading="Which lever does it",
            question="How much of what all levers protect together is owed to each?",
            answer=["The judge saves 12 % (8 to 15 %), the higher line nothing that can be told from zero."],
            sure=["Over worlds and luck, at the middle of every range."],
            tables={"shapley": pd.DataFrame({"lever": ["judge", "threshold"], "value": [-12.0, -0.4], "world_low": [-15.2, -1.9]})},
            drawings=[],
        ),
    ]


def facts() -> dict[str, Any]:
    return {
        "commands": [
            "rogatory sweep design=levers_and_guesses seeds=6 replicates=2",
            "rogatory sensitivity levers_and_guesses outcome=legit_met_rate",
        ],
        "runs": 1533,
        "missing": 0,
        "failed": ["point 0a1b2c3d4e5f, world 1: MemoryError", "point 0a1b2c3d4e5f, world 1, replicate 2: <killed>"],
        "seconds": 5400.0,
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "versions": {"numpy": "2.0.0", "rogatory": "0.1.0"},
    }
