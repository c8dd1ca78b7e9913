"""Unknown facts: drawn once per world from stated distributions, never silently filled.

Indices that V-Dem lacks for small states come from a regression on the complete columns, with its residual spread; unknown
maximum penalties from a log-normal per offence, whose median is shrunk from its prior towards the known statutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from sim.draws import Draws, name_keys
from sim.sources.rows import codes_of, rows_of
from sim.world.vocabulary import Offence, Offences

Scale = Callable[[NDArray[np.float64]], NDArray[np.float64]]
UNIT_INDICES = ("liberal_democracy", "free_expression", "physical_integrity", "judicial_constraints", "online_service")
SCORE_COLUMNS = (
    "government_effectiveness",
    "rule_of_law",
    "court_independence",
    "journalist_safety",
    "civil_society_freedom",
    "online_arrests",
    "political_terror",
)
LOGS = ("gdp_per_head",)
_EDGE = 0.005  # indices are taken this far from 0 and 1 before their logit
_LEAST_USERS_PCT, _MOST_USERS_PCT = 0.5, 99.5  # per cent: the logit has no value at 0 and 100


def completed(table: pd.DataFrame, draws: Draws) -> tuple[pd.DataFrame, dict[str, NDArray[np.bool_]]]:
    """The states table without gaps, and which cells ``[N]`` of each column were drawn.

    Each gappy column is regressed (ordinary least squares, on the logit, logarithm or plain scale) on population, voting and
    treaty columns that are complete; a missing value is its prediction plus a normal residual, ``fact:<column>`` by state.
    """
    regressors = np.column_stack(
        [
            np.ones(len(table)),
            np.log(table["population"].to_numpy(float)),
            table["ideal_point"].to_numpy(float),
            table["iccpr_party"].to_numpy(float),
            table["coe_member"].to_numpy(float),
            table["samesex_criminalised"].to_numpy(float),
        ]
    )
    out, drawn = table.copy(), {}
    keys = name_keys(codes_of(table))
    for column in (*UNIT_INDICES, *SCORE_COLUMNS, *LOGS, "internet_pct"):
        forward, back = _scale(column)
        values = table[column].to_numpy(float)
        missing = np.isnan(values)
        drawn[column] = missing
        if missing.any():
            seen = forward(values[~missing])
            slope, *_ = np.linalg.lstsq(regressors[~missing], seen, rcond=None)
            spread = float(np.std(seen - regressors[~missing] @ slope, ddof=regressors.shape[1]))
            luck = draws.normal(f"fact:{column}", keys[missing])
            values = values.copy()
            values[missing] = back(regressors[missing] @ slope + spread * luck)
            out[column] = values
    regime = table["regime"].to_numpy(float)
    missing = np.isnan(regime)
    drawn["regime"] = missing
    out["regime"] = np.where(missing, np.digitize(out["liberal_democracy"], _regime_cuts(table)), regime).astype(int)
    return out, drawn


def _scale(column: str) -> tuple[Scale, Scale]:
    if column in UNIT_INDICES:
        return (lambda v: special.logit(np.clip(v, _EDGE, 1 - _EDGE))), special.expit
    if column == "internet_pct":
        return (lambda v: special.logit(np.clip(v, _LEAST_USERS_PCT, _MOST_USERS_PCT) / 100)), (lambda v: 100 * special.expit(v))
    if column in LOGS:
        return np.log, np.exp
    return (lambda v: v), (lambda v: v)


def _regime_cuts(table: pd.DataFrame) -> NDArray[np.float64]:
    """Midpoints between the mean indices of neighbouring regimes, among states that have both."""
    means = table.groupby("regime")["liberal_democracy"].mean().reindex(range(4)).to_numpy(float)
    cuts = (means[1:] + means[:-1]) / 2
    return np.asarray(np.maximum.accumulate(np.nan_to_num(cuts, nan=1.0)))


class PenaltyLaw(NamedTuple):
    """Of one offence: logarithm of the median maximum and its standard deviation, after the known statutes were heard."""

    log_median: float
    spread: float


def penalty_law(block: Offence, known_years: NDArray[np.float64], shrinkage: float) -> PenaltyLaw:
    """Prior median and known maxima, weighed as ``shrinkage`` pseudo-observations against their number."""
    known = np.log(known_years[known_years > 0])
    weight = known.size / (known.size + shrinkage) if known.size else 0.0
    return PenaltyLaw(
        (1 - weight) * np.log(block.penalties.median_years) + weight * float(known.mean() if known.size else 0),
        block.penalties.spread,
    )


def penalty_table(
    codes: tuple[str, ...],
    democratic: NDArray[np.bool_],
    same_sex_crime: NDArray[np.bool_],
    known: pd.DataFrame,
    blocks: Mapping[str, Offence],
    offences: Offences,
    shrinkage: float,
    draws: Draws,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Maximum years ``[N, K]`` (nan: no crime) and which cells are known. Same-sex conduct follows ILGA's list, not a draw."""
    said = known["max_years"].to_numpy(float)
    state, offence = rows_of(known["code"].tolist(), codes), rows_of(known["offence"].tolist(), offences.names)
    state_keys, offence_keys = name_keys(codes)[:, None], offences.keys[None, :]
    luck = draws.normal("fact:penalty", state_keys, offence_keys)
    crime = draws.uniform("fact:crime", state_keys, offence_keys) < _crime_shares(democratic, blocks, offences)
    years = np.empty(luck.shape)
    for k, name in enumerate(offences.names):
        law = penalty_law(blocks[name], said[(offence == k) & ~np.isnan(said)], shrinkage)
        punished = same_sex_crime if name == "same_sex_conduct" else crime[:, k]
        years[:, k] = np.where(punished, np.exp(law.log_median + law.spread * luck[:, k]), np.nan)
    here, read = (state >= 0) & (offence >= 0), np.zeros(years.shape, bool)
    years[state[here], offence[here]] = said[here]
    read[state[here], offence[here]] = True
    return years, read


def _crime_shares(democratic: NDArray[np.bool_], blocks: Mapping[str, Offence], offences: Offences) -> NDArray[np.float64]:
    """Share of states of the same side of regime that make a crime of each conduct, ``[N, K]``."""
    shares = [blocks[name].penalties.crime_share for name in offences.names]
    one, other = (np.array([share[side] for share in shares]) for side in ("democracy", "autocracy"))
    return np.where(democratic[:, None], one, other)


def leave_one_out(known: pd.DataFrame, blocks: Mapping[str, Offence], shrinkage: float, threshold: float) -> pd.DataFrame:
    """Each known maximum predicted from the others: one row a cell.

    Columns ``code, offence, max_years, predicted_median, low, high`` (central 80 %), ``inside``, ``serious`` (the cell is at or
    over ``threshold`` years) and ``predicted_serious`` (probability of that).
    """
    cells = known[known["max_years"] > 0]
    rows = []
    for index, cell in cells.iterrows():
        others = cells[(cells["offence"] == cell["offence"]) & (cells.index != index)]
        law = penalty_law(blocks[str(cell["offence"])], others["max_years"].to_numpy(float), shrinkage)
        reach = float(special.ndtri(0.9)) * law.spread
        low, high = np.exp(law.log_median - reach), np.exp(law.log_median + reach)
        chance = (
            float(special.ndtr((law.log_median - np.log(threshold)) / law.spread))
            if law.spread > 0
            else float(law.log_median >= np.log(threshold))
        )
        rows.append(
            {
                "code": cell["code"], "offence": cell["offence"], "max_years": cell["max_years"],
                "predicted_median": float(np.exp(law.log_median)), "low": low, "high": high,
                "inside": bool(low <= cell["max_years"] <= high),
                "serious": bool(cell["max_years"] >= threshold), "predicted_serious": chance,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
