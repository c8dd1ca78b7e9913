"""Requests that states send to firms abroad themselves: as two firms count them, and drawn where these list none.

A state that no firm lists is unknown, not silent: zero never enters. A state where the firms are at home asks them under its
own law; its count says nothing of requests abroad and is drawn as well.

A count tells of a state as it was when it was counted. Where the states table says otherwise of it now (a table of a user's own),
the count and the share answered move along the slopes on which unlisted states are drawn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from sim.arrays import Flags, Keys, Reals
from sim.draws import Draws, name_keys
from sim.sources.rows import codes_of, rows_of, users_of
from sim.world.answered import moved_by
from sim.world.record import ConfigError
from sim.world.spec import DirectSpec

ORDINARY, EMERGENCY_PROCESS = 0, 1
AS_COUNTED = ("users", "income", "liberal")
"""Columns of the listed states as they were when their requests were counted."""
_COLUMNS = (("ordinary", "ordinary_answered"), ("emergency", "emergency_answered"))


class DirectFacts(NamedTuple):
    """Of each state and process (ordinary, emergency): requests a year to the two firms, share answered, which were drawn."""

    requests: Reals  # [N, 2]
    answered: Reals  # [N, 2] shares
    drawn: dict[str, Flags]  # [N] by column of the state table


class _Listed(NamedTuple):
    """What the firms say of requests from abroad, and of whom they say it; nan where they list none."""

    requests: Reals  # [N, 2]
    answered: Reals  # [N, 2]
    users: Reals  # [N] persons online when it was counted
    income: Reals  # [N] gross domestic product per head
    liberal: Reals  # [N]


class _Predictors(NamedTuple):
    """What the regression of requests reads of states, ``[N]``, each off the reference."""

    users: Reals  # log
    income: Reals  # log
    liberal: Reals


class _Slopes(NamedTuple):
    """The regression of requests in one world."""

    users: float
    income: float
    liberal: float

    def of(self, read: _Predictors) -> Reals:
        """Log of requests ``[N]`` above the reference."""
        return np.asarray(self.users * read.users + self.income * read.income + self.liberal * read.liberal)


def as_counted(listed: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """The requests that firms list with what the states were like when they were counted: the columns ``AS_COUNTED``.

    ``states`` is the project's own table, of the year of these counts; what it does not know is nan.
    """
    told = states.loc[listed["code"]]
    like = (users_of(told), told["gdp_per_head"].to_numpy(float), told["liberal_democracy"].to_numpy(float))
    return listed.assign(**dict(zip(AS_COUNTED, like, strict=True)))


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
    seen, slopes = _listed(spec, codes, listed), _slopes(spec, draws)
    unlisted = np.isnan(seen.requests)
    now = _off_reference(spec, users, table["gdp_per_head"].to_numpy(float), table["liberal_democracy"].to_numpy(float))
    then = _off_reference(spec, seen.users, seen.income, seen.liberal)
    since = _Predictors(*(np.where(np.isnan(old), 0.0, new - old) for new, old in zip(now, then, strict=True)))
    grown = np.exp(slopes.of(since))  # one where nothing changed
    abroad = _ordinary(spec, slopes.of(now), users, keys, draws) * (1 - hosts_itself)
    ordinary = np.where(unlisted[:, ORDINARY], abroad, seen.requests[:, ORDINARY] * grown)
    share = special.betaincinv(spec.emergency_a, spec.emergency_b, draws.uniform("fact:direct_emergency", keys))
    emergency = np.where(
        unlisted[:, EMERGENCY_PROCESS], ordinary * share / (1 - share), seen.requests[:, EMERGENCY_PROCESS] * grown
    )
    luck = draws.uniform("fact:direct_answered", keys[:, None], np.array([ORDINARY, EMERGENCY_PROCESS])[None, :])
    counted = np.where(unlisted[:, ORDINARY], ordinary, seen.requests[:, ORDINARY])
    liberal = now.liberal - since.liberal  # as it was where it was counted
    answered = _shares(_expected(spec, liberal, counted), spec, seen, luck)
    return DirectFacts(
        requests=np.stack([ordinary, emergency], axis=1),
        answered=np.where(unlisted, answered, _moved(answered, spec, liberal, since.liberal, np.log(grown))),
        drawn={
            "direct_requests": unlisted[:, ORDINARY],
            "direct_emergency": unlisted[:, EMERGENCY_PROCESS],
            "direct_answered": unlisted[:, ORDINARY].copy(),
            "direct_emergency_answered": unlisted[:, EMERGENCY_PROCESS].copy(),
        },
    )


def _off_reference(spec: DirectSpec, users: Reals, income: Reals, liberal: Reals) -> _Predictors:
    return _Predictors(
        np.log(users / spec.reference_users), np.log(income / spec.reference_income), liberal - spec.reference_liberal
    )


def _listed(spec: DirectSpec, codes: tuple[str, ...], listed: pd.DataFrame) -> _Listed:
    strangers = sorted(set(spec.at_home) - set(codes))
    if strangers and not listed.empty:
        raise ConfigError(f"demand.direct.at_home: no state has the code {strangers[0]!r}; accepted: the codes of the states table")
    at_home = [code for code, meant in spec.at_home.items() if meant]
    there = rows_of(listed["code"].tolist(), codes)

    def column(name: str) -> Reals:
        out = np.full(len(codes), np.nan)
        out[there[there >= 0]] = listed[name].to_numpy(float)[there >= 0]
        out[np.isin(codes, at_home)] = np.nan
        return out

    requests, answered = (np.stack([column(name) for name in names], axis=1) for names in zip(*_COLUMNS, strict=True))
    return _Listed(requests, answered, *(column(name) for name in AS_COUNTED))


def _slopes(spec: DirectSpec, draws: Draws) -> _Slopes:
    """The slope on liberal democracy is this world's."""
    liberal = spec.liberal_slope + spec.liberal_slope_spread * draws.normal("fact:direct_slope", "world")
    return _Slopes(spec.users_slope, spec.income_slope, float(liberal))


def _ordinary(spec: DirectSpec, expected: Reals, users: Reals, keys: Keys, draws: Draws) -> Reals:
    """Ordinary requests a year ``[N]`` about what the regression expects, as log above its level; the spread is this world's."""
    spread = spec.spread_low + (spec.spread_high - spec.spread_low) * draws.uniform("fact:direct_spread", "world")
    luck = draws.normal("fact:direct_requests", keys)
    log_rate = np.log(spec.level) + expected + spread * luck
    return np.asarray(np.minimum(np.exp(log_rate), spec.most_per_million * users / 1e6))


def _expected(spec: DirectSpec, liberal: Reals, ordinary: Reals) -> Reals:
    """Share answered ``[N, 2]`` that a state's liberal democracy, off the reference, and its volume let one expect."""
    volume = np.log(np.maximum(ordinary, 1.0) / spec.level)  # under one request a year the logarithm says nothing
    calm = special.logit(spec.answered) + spec.answered_liberal_slope * liberal + spec.answered_volume_slope * volume
    urgent = special.logit(spec.emergency_answered) + spec.emergency_liberal_slope * liberal
    return np.stack([np.where(_is_heard(spec, liberal), special.expit(calm), 0.0), special.expit(urgent)], axis=1)


def _is_heard(spec: DirectSpec, liberal: Reals) -> Flags:
    """Whether anything is expected for ordinary requests ``[N]`` of states of this liberal democracy, off the reference."""
    return liberal >= spec.answered_from - spec.reference_liberal


def _moved(answered: Reals, spec: DirectSpec, liberal: Reals, change: Reals, grown: Reals) -> Reals:
    """Share answered ``[N, 2]`` of states as they are now, from that of states as they were counted, ``liberal`` ``[N]``.

    ``change`` of liberal democracy and ``grown``, of log volume, since. Who was heard and now is closed is heard no more.
    """
    calm = spec.answered_liberal_slope * change + spec.answered_volume_slope * grown
    moved = moved_by(answered, np.stack([calm, spec.emergency_liberal_slope * change], axis=1))
    moved[_is_heard(spec, liberal) & ~_is_heard(spec, liberal + change), ORDINARY] = 0.0
    return moved


def _shares(expected: Reals, spec: DirectSpec, seen: _Listed, luck: Reals) -> Reals:
    """Share answered ``[N, 2]``: a beta about ``expected`` of the stated weights, and its posterior where a share is known."""
    weight = np.array([spec.answered_weight, spec.emergency_weight])
    yes = np.nan_to_num(seen.requests * seen.answered)
    no = np.nan_to_num(seen.requests * (1 - seen.answered))
    a, b = weight * expected + yes, weight * (1 - expected) + no
    hopeless = a == 0  # nothing expected, nothing answered: the beta has shrunk to a point
    return np.where(hopeless, 0.0, special.betaincinv(np.where(hopeless, 1.0, a), b, luck))
