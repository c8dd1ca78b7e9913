"""A frame made by hand for the heat map: two groups, three definitions, three strengths, today's cell among them."""

import numpy as np
import pandas as pd

from experiments.figures.heat_map import COLUMNS


def changes() -> pd.DataFrame:
    definitions, strengths = ("laws as they stand", "none serious", "every one serious"), ("as today", "none used", "all used")
    rows = []
    for g, group in enumerate(("journalists", "dissidents")):
        for d, definition in enumerate(definitions):
            for s, strength in enumerate(strengths):
                today = d == s == 0
                value = np.nan if today else 10.0 * (d - 1) - 7.0 * s + g
                rows.append((group, definition, strength, value, value - 6, value + 9, 8 + s % 2, 10, 120, today))
    return pd.DataFrame(rows, columns=COLUMNS)
