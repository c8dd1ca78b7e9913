"""Requests that states send to firms abroad themselves: as two firms count them, and drawn where these list none.

A state that no firm lists is unknown, not silent: zero never enters. A state where the firms are at home asks them under its
own law; its count says nothing of requests abroad and is drawn as well.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from sim.arrays import Flags, Reals
from sim.draws import Draws, name_keys
from sim.sources.rows import codes_of, rows_of
from sim.world.record import ConfigError
from sim.world.spec import DirectSpec

ORDINARY, EMERGENCY_PROCESS = 0, 1
_COLUMNS = (("ordinary", "ordinary_answered"), ("emergency", "emergency_answered"))


class DirectFacts(NamedTuple):
    """Of each state and process (ordinary, emergency): requests a year to the two firms, share answered, which were drawn."""

    requests: Reals  # [N, 2]
    answered: Reals  # [N, 2] shares
    drawn: dict[str, Flags]  # [N] by column of the state table


class _Listed(NamedTuple):
    """What the firms say of requests from abroad; nan where they list none."""

    requests: Reals  # [N, 2]
    answered: Reals  # [N, 2]


def direct_facts(
    spec: DirectSpec, table: pd.DataFrame, users: Reals, hosts_itself: Reals, listed: pd.DataFrame, draws: Draws
) -> DirectFacts:
    """Counts and answered shares of one world's states.

    ``table`` is the completed states table [N rows]; ``users`` ``[N]`` persons online; ``hosts_itself`` ``[N]`` share of a
    state's foreign platforms that are under its own law; ``listed`` as `sim.sources.tables.read_direct` gives it.

    Raises
    ------
    ConfigError
        ``demand.direct.at_home`` names a state that the table does not have, while firms list any.
    """
    codes = codes_of(table)
    keys = name_keys(codes)
    liberal = table["liberal_democracy"].to_numpy(float) - spec.reference_liberal
    seen = _listed(spec, codes, listed)
    unlisted = np.isnan(seen.requests)
    abroad = _ordinary(spec, table, users, draws) * (1 - hosts_itself)
    ordinary = np.where(unlisted[:, ORDINARY], abroad, seen.requests[:, ORDINARY])
    share = special.betaincinv(spec.emergency_a, spec.emergency_b, draws.uniform("fact:direct_emergency", keys))
    emergency = np.where(unlisted[:, EMERGENCY_PROCESS], ordinary * share / (1 - share), seen.requests[:, EMERGENCY_PROCESS])
    luck = draws.uniform("fact:direct_answered", keys[:, None], np.array([ORDINARY, EMERGENCY_PROCESS])[None, :])
    return DirectFacts(
        requests=np.stack([ordinary, emergency], axis=1),
        answered=_shares(_expected(spec, liberal, ordinary), spec, seen, luck),
        drawn={
            "direct_requests": unlisted[:, ORDINARY],
            "direct_emergency": unlisted[:, EMERGENCY_PROCESS],
            "direct_answered": unlisted[:, ORDINARY].copy(),
            "direct_emergency_answered": unlisted[:, EMERGENCY_PROCESS].copy(),
        },
    )


def _listed(spec: DirectSpec, codes: tuple[str, ...], listed: pd.DataFrame) -> _Listed:
    strangers = sorted(set(spec.at_home) - set(codes))
    if strangers and not listed.empty:
        raise ConfigError(f"demand.direct.at_home: no state has the code {strangers[0]!r}; accepted: the codes of the states table")
    at_home = [code for code, meant in spec.at_home.items() if meant]
    there = rows_of(listed["code"].tolist(), codes)
    requests, answered = np.full((len(codes), len(_COLUMNS)), np.nan), np.full((len(codes), len(_COLUMNS)), np.nan)
    for column, names in enumerate(_COLUMNS):
        for out, name in zip((requests, answered), names, strict=True):
            out[there[there >= 0], column] = listed[name].to_numpy(float)[there >= 0]
            out[np.isin(codes, at_home), column] = np.nan
    return _Listed(requests, answered)


def _ordinary(spec: DirectSpec, table: pd.DataFrame, users: Reals, draws: Draws) -> Reals:
    """Ordinary requests a year ``[N]`` from the regression: its slope on liberal democracy and its spread are this world's."""
    slope = spec.liberal_slope + spec.liberal_slope_spread * draws.normal("fact:direct_slope", "world")
    spread = spec.spread_low + (spec.spread_high - spec.spread_low) * draws.uniform("fact:direct_spread", "world")
    luck = draws.normal("fact:direct_requests", name_keys(codes_of(table)))
    log_rate = (
        np.log(spec.level)
        + spec.users_slope * np.log(users / spec.reference_users)
        + spec.income_slope * np.log(table["gdp_per_head"].to_numpy(float) / spec.reference_income)
        + slope * (table["liberal_democracy"].to_numpy(float) - spec.reference_liberal)
        + spread * luck
    )
    return np.asarray(np.minimum(np.exp(log_rate), spec.most_per_million * users / 1e6))


def _expected(spec: DirectSpec, liberal: Reals, ordinary: Reals) -> Reals:
    """Share answered ``[N, 2]`` that a state's liberal democracy, off the reference, and its volume let one expect."""
    volume = np.log(np.maximum(ordinary, 1.0) / spec.level)  # under one request a year the logarithm says nothing
    calm = special.logit(spec.answered) + spec.answered_liberal_slope * liberal + spec.answered_volume_slope * volume
    urgent = special.logit(spec.emergency_answered) + spec.emergency_liberal_slope * liberal
    heard = liberal >= spec.answered_from - spec.reference_liberal
    return np.stack([np.where(heard, special.expit(calm), 0.0), special.expit(urgent)], axis=1)


def _shares(expected: Reals, spec: DirectSpec, seen: _Listed, luck: Reals) -> Reals:
    """Share answered ``[N, 2]``: a beta about ``expected`` of the stated weights, and its posterior where a share is known."""
    weight = np.array([spec.answered_weight, spec.emergency_weight])
    yes = np.nan_to_num(seen.requests * seen.answered)
    no = np.nan_to_num(seen.requests * (1 - seen.answered))
    a, b = weight * expected + yes, weight * (1 - expected) + no
    hopeless = a == 0  # nothing expected, nothing answered: the beta has shrunk to a point
    return np.where(hopeless, 0.0, special.betaincinv(np.where(hopeless, 1.0, a), b, luck))
