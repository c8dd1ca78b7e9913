"""Frames of a sensitivity analysis, made by hand: long keys, uncertain shares, inputs close together."""

import numpy as np
import pandas as pd

from experiments.analysis.record import CHANGES, DISTANCES, MORRIS_COLUMNS, SHARES

INPUTS = {
    "demand.legitimate": 0.53,
    "review.utilisation_high": 0.24,
    "review.rho": 0.11,
    "conduct.learning.memory_months": 0.102,
    "people.targeted_multiplier": 0.05,
    "instruments.hanoi.threshold_years": 0.0499,
    "safeguards.judge.independence": 0.01,
    "states.hosting.concentration": -0.012,
}
UNTOLD = (*list(INPUTS)[5:],)


def limits(value: float, draws: float, replicates: float) -> list[float]:
    return [value - draws, value + draws, value - replicates, value + replicates]


def shares() -> pd.DataFrame:
    rows = []
    for name, value in INPUTS.items():
        told = name not in UNTOLD
        rows.append([name, "S1", 0.8 * value, *limits(0.8 * value, 0.2, 0.1), 0.0, told])
        rows.append([name, "ST", value, *limits(value, 0.15, 0.06), 0.04, told])
    return pd.DataFrame(rows, columns=SHARES)


def distances() -> pd.DataFrame:
    rows = [[name, abs(value), *limits(abs(value), 0.05, 0.08), 0.08, value > 0.08] for name, value in INPUTS.items()]
    return pd.DataFrame(rows, columns=DISTANCES)


def changes() -> pd.DataFrame:
    rows = [
        [name, "0.001", "some", value * (-1) ** place, *limits(value * (-1) ** place, 0.05, 0.02), name not in UNTOLD]
        for place, (name, value) in enumerate(INPUTS.items())
    ]
    return pd.DataFrame(rows, columns=CHANGES)


def steps() -> pd.DataFrame:
    rows = []
    for place, (name, value) in enumerate(INPUTS.items()):
        told, size = name not in UNTOLD, abs(value)
        rows.append([name, "mu_star", size, *limits(size, 0.03, 0.02), 0.04, told])
        rows.append([name, "sigma", 0.05 + 0.4 * size, *[np.nan] * 4, 0.05, told])
        rows.append([name, "mu", size * (-1) ** place, *limits(size * (-1) ** place, 0.03, 0.02), 0.0, told])
    return pd.DataFrame(rows, columns=MORRIS_COLUMNS)


EXAMPLES = {"sobol_bars": shares, "pawn_bars": distances, "tornado": changes, "morris_plane": steps}
GIVEN = {
    "tornado": {
        "unit": "fraction of latent abusive cases",
        "bar": "from the lowest 20 % of an input's draws to the highest",
    },
    "morris_plane": {"unit": "fraction of latent abusive cases"},
}
