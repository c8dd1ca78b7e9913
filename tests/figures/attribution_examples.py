"""Small frames of an attribution and of a frontier, of the size and shape that a study of levers gives."""

from itertools import combinations

import numpy as np
import pandas as pd

LEVERS = (
    "central_review_binding",
    "harm_and",
    "good_faith",
    "dual_criminality",
    "judge",
    "notice",
    "refuse_mandatory",
    "necessity",
)
ALONE = (9.1, 7.4, 5.2, 4.3, 3.4, 2.8, 3.9, 0.9)  # per cent taken off alone
COST = (0.05, -0.03, 0.33, -0.02, 0.2, 0.34, 0.21, 0.1)


def waterfall() -> pd.DataFrame:
    rows = []
    lost = tuple(-effect for effect in COST)
    for outcome, off, alone in (("case_disclosure_rate", 0.08, ALONE), ("legit_met_rate", 0.48, lost)):
        for place, (lever, effect) in enumerate(zip(LEVERS, alone, strict=True)):
            value, half = 0.6 * effect * off / 100, (0.2 + 0.1 * place) * abs(effect) * off / 100
            rows.append((outcome, lever, value, value - half, value + half, effect * off / 100, off))
    return pd.DataFrame(rows, columns=["outcome", "lever", "value", "value_world_low", "value_world_high", "first_in", "all_off"])


def pairs_of_levers() -> pd.DataFrame:
    rows = []
    for number, (one, other) in enumerate(combinations(range(len(LEVERS)), 2)):
        value = (-0.12 * ALONE[one] * ALONE[other] / 10 if number % 7 else 0.6) * 0.08 / 100
        half = (0.1 + 0.05 * (number % 9)) * 0.08 / 100
        rows.append((LEVERS[one], LEVERS[other], value, value - half, value + half, abs(value) > 1.5 * half, 0.08))
    return pd.DataFrame(rows, columns=["lever", "other", "value", "world_low", "world_high", "clear", "all_off"])


def policies() -> pd.DataFrame:
    """All sets of the levers, with effects that fade; marked as an analysis would mark them."""
    rows = []
    for code in range(1 << len(LEVERS)):
        on = [place for place in range(len(LEVERS)) if code >> place & 1]
        up = 40 * (1 - np.prod([1 - ALONE[place] / 25 for place in on]))
        right = sum(COST[place] for place in on) + 0.02 * len(on) ** 1.5
        rows.append(("+".join(LEVERS[place] for place in on) or "as_adopted", up, up - 3, up + 3, right, right - 0.2, right + 0.2))
    frame = pd.DataFrame(
        rows, columns=["label", *(f"{axis}{end}" for axis in ("protection", "lost") for end in ("", "_world_low", "_world_high"))]
    )
    up, right = frame["protection"].to_numpy(), frame["lost"].to_numpy()
    best = [not ((up >= a) & (right <= b) & ((up > a) | (right < b))).any() for a, b in zip(up, right, strict=True)]
    front = frame.index[best]
    frame["on_frontier"] = best
    frame["share_of_worlds"] = np.where(best, 0.4 + 0.6 * np.cos(np.arange(len(frame))) ** 2, 0.004)
    frame["knee"] = frame.index == front[len(front) // 2]
    frame["cheapest"] = frame.index == front[len(front) // 3]
    frame["bundle"] = np.where(frame["label"] == "central_review_binding+harm_and", "minimal_bundle", "")
    frame.loc[frame.index[-1], "bundle"] = "all"
    return frame
