"""From tables to a world's states: completes what is missing, and turns columns into what rules read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from sim.arrays import Flags, Keys, Reals, in_order
from sim.compiled import loop
from sim.draws import Draws, absorb, name_key, name_keys, opened, unit
from sim.sources.direct import EMERGENCY_PROCESS, ORDINARY, direct_facts
from sim.sources.imputation import completed, penalty_table
from sim.sources.own_laws import bound_by_directive, drawn_laws, held_adequate, protection_of, transfer_law_of
from sim.sources.rows import codes_of, rows_of, users_of
from sim.world.breadth import breadth_of
from sim.world.record import ConfigError
from sim.world.spec import Alignment, DemandSpec, Hosting, PeopleSpec, Powers, StatesSpec, Treaties
from sim.world.states import StateTable
from sim.world.vocabulary import DEMOCRATIC_FROM, GROUPS, Offence, Offences

_COUNCIL = "coe_member"
_LEAST_SHAPE = 1e-9  # of a gamma: one of zero has no quantile
_LEAST_SPREAD = 1e-4  # of a logarithm: under it the prior gamma is a point, and counts change nothing
_TREATY = name_key("fact:mlat")
_TREATY_KNOWN = "USA"  # the only state whose bilateral treaties are known


class SourceTables(NamedTuple):
    """What the sources say: states by code, pairs, exiles, known penalties, requests to firms, own laws."""

    states: pd.DataFrame
    pairs: pd.DataFrame
    exiles: pd.DataFrame
    penalties: pd.DataFrame
    direct: pd.DataFrame
    own_laws: pd.DataFrame


def standardised(values: Reals) -> Reals:
    """Mean zero, standard deviation one; a constant column becomes zero."""
    spread = values.std()
    return np.zeros_like(values) if spread == 0 else (values - values.mean()) / spread


def latent_repression(table: pd.DataFrame) -> Reals:
    """Mean of the standardised signs of repression: terror, journalists, civil society, arrests, speech removals."""
    removal = table["speech_removal_share"].to_numpy(float)
    signs = [
        standardised(table["political_terror"].to_numpy(float)),
        -standardised(table["journalist_safety"].to_numpy(float)),
        -standardised(table["civil_society_freedom"].to_numpy(float)),
        standardised(table["online_arrests"].to_numpy(float)),
        np.where(np.isnan(removal), np.nan, (removal - np.nanmean(removal)) / max(np.nanstd(removal), 1e-9)),
    ]
    return standardised(np.nanmean(np.stack(signs), axis=0))


def latent_strictness(table: pd.DataFrame, repression: Reals, correlation: float | None) -> Reals:
    """Mean of the standardised signs of strictness: judicial constraints, court independence, rule of law.

    With ``correlation`` given, the part that repression does not explain is kept and the rest set so that the two correlate
    as asked: otherwise "democracies protect" would be assumed and not found (swept).
    """
    observed = standardised(
        np.mean(
            [standardised(table[c].to_numpy(float)) for c in ("judicial_constraints", "court_independence", "rule_of_law")],
            axis=0,
        )
    )
    if correlation is None:
        return observed
    own = standardised(observed - np.mean(observed * repression) * repression)
    return np.asarray(correlation * repression + np.sqrt(1.0 - correlation**2) * own)


def pair_matrices(pairs: pd.DataFrame, columns: Sequence[str], codes: tuple[str, ...]) -> list[Reals]:
    """A symmetric matrix ``[N, N]`` of each of these columns of the pairs table."""
    a, b = (rows_of(pairs[column].tolist(), codes) for column in ("a", "b"))
    here = (a >= 0) & (b >= 0)
    a, b = a[here], b[here]
    matrices = []
    for column in columns:
        out = np.zeros((len(codes), len(codes)))
        out[a, b] = out[b, a] = pairs[column].to_numpy(float)[here]
        matrices.append(out)
    return matrices


def alignment_of(spec: Alignment, ideal: Reals, alliance: Reals, blocs: Reals) -> tuple[Reals, Reals]:
    """Alignment in [0, 1] and voting closeness in [0, 1], both ``[N, N]``."""
    closeness = np.exp(-np.abs(ideal[:, None] - ideal[None, :]) / spec.voting_scale)
    aligned = spec.voting * closeness + spec.alliance * alliance + spec.bloc * np.minimum(blocs, 2)
    return np.clip(aligned, 0.0, 1.0), closeness


def treaty_matrix(spec: Treaties, table: pd.DataFrame, parts: dict[str, Reals], draws: Draws) -> Flags:
    """Bilateral treaties ``[N, N]``: read for the United States, drawn for other pairs, certain within the Council of Europe."""
    codes = codes_of(table)
    users = np.log(users_of(table))
    size = users - np.median(users)
    odds = spec.density + spec.contiguous * parts["contiguous"]
    for weight, part in ((spec.alliance, "alliance"), (spec.bloc, "blocs"), (spec.voting, "closeness")):
        odds += weight * parts[part]
    odds += spec.size * (size[:, None] + size[None, :])
    luck = np.zeros(odds.shape)
    _write_luck(draws.root, name_keys(codes), luck)
    treaty: Flags = luck < special.expit(odds)
    if spec.council_of_europe:
        bound = table[_COUNCIL].to_numpy(float) > 0
        treaty |= np.outer(bound, bound)
    if _TREATY_KNOWN in codes:
        row, known = codes.index(_TREATY_KNOWN), table["us_mlat"].to_numpy(float) > 0
        treaty[row, :] = known
        treaty[:, row] = known
    np.fill_diagonal(treaty, False)
    return treaty


@loop
def _write_luck(seed: np.uint64, state_keys: Keys, out: Reals) -> None:
    """Write the luck of each pair ``[N, N]``, by the keys of its states in their order; symmetric, the diagonal as it was."""
    for i in range(state_keys.size):
        start = absorb(opened(seed, _TREATY), state_keys[i])
        for j in range(i + 1, state_keys.size):
            out[i, j] = out[j, i] = unit(absorb(start, state_keys[j]))


def hosting_of(spec: Hosting, table: pd.DataFrame, draws: Draws, synthetic_hosts: int) -> tuple[Reals, Reals]:
    """Shares of foreign platforms by jurisdiction ``[N, N]`` and the probability of a domestic service ``[N]``.

    The shares of a region are redrawn per world: independent gammas about ``concentration`` times the stated share, normed
    (a Dirichlet). A region without stated shares takes the mean of all; a made-up world the first ``synthetic_hosts`` states.
    A stated share is first multiplied by its host's ``factor``, and the region's shares are normed to their old sum.
    """
    codes = codes_of(table)
    for region, shares in spec.platforms.items():
        _known(f"states.hosting.platforms.{region}", shares, codes, synthetic_hosts > 0)
    _known("states.hosting.home", spec.home, codes, synthetic_hosts > 0)
    made_up = dict.fromkeys(codes[:synthetic_hosts], 1.0 / max(synthetic_hosts, 1))
    platforms = dict.fromkeys(map(str, table["region"].unique()), made_up) if synthetic_hosts else spec.platforms
    platforms = {region: _factored(region, shares, spec.factor) for region, shares in platforms.items()}
    _hosts(spec.factor, platforms)
    share = np.zeros((len(codes), len(codes)))
    regions = table["region"].to_numpy(str)
    for region in np.unique(regions):
        share[regions == region] = _drawn_shares(spec.concentration, region, platforms.get(region, {}), codes, draws)
    bare = share.sum(axis=1) == 0
    if bare.all():
        raise ConfigError("states.hosting.platforms: found no region of the states table; accepted: its regions, with shares")
    share[bare] = share[~bare].mean(axis=0)
    share /= share.sum(axis=1, keepdims=True)
    home = np.array([spec.home.get(code, spec.home_default) for code in codes])
    return share, home


def _drawn_shares(concentration: float, region: str, stated: Mapping[str, float], codes: tuple[str, ...], draws: Draws) -> Reals:
    """A region's shares by jurisdiction ``[N]`` in one world, not yet normed: a gamma about each that is stated."""
    drawn = np.zeros(len(codes))
    if stated:
        luck = draws.uniform("fact:host", region, list(stated))
        shape = np.maximum(concentration * np.array(list(stated.values())), _LEAST_SHAPE)
        drawn[rows_of(stated, codes)] = special.gammaincinv(shape, luck)
    return drawn


def _factored(region: str, stated: Mapping[str, float], factor: Mapping[str, float]) -> dict[str, float]:
    """A region's shares by host, multiplied and normed to their old sum; a host without a share keeps its place with zero."""
    if not stated.keys() & factor.keys():
        return dict(stated)
    weighed = {code: value * factor.get(code, 1.0) for code, value in stated.items()}
    total = sum(weighed.values())
    if total == 0:
        raise ConfigError(f"states.hosting.factor: leaves {region} without a host; accepted: a factor above 0 for one of its hosts")
    return {code: value * (sum(stated.values()) / total) for code, value in weighed.items()}


def _hosts(factor: Mapping[str, float], platforms: Mapping[str, Mapping[str, float]]) -> None:
    hosts = sorted({code for shares in platforms.values() for code in shares})
    for code in factor:
        if code not in hosts:
            raise ConfigError(f"states.hosting.factor: found {code!r}, which hosts nowhere; accepted: {', '.join(hosts)}")


def _known(key: str, named: Mapping[str, float], codes: tuple[str, ...], made_up: bool) -> None:
    unknown = sorted(set(named) - set(codes))
    if unknown and not made_up:
        raise ConfigError(f"{key}: no state has the code {unknown[0]!r}; accepted: the codes of the states table")


def demand_of(spec: DemandSpec, table: pd.DataFrame, draws: Draws) -> Reals:
    """Legitimate cross-border needs a month ``[N]``: log-linear in users, income and liberal democracy, with a residual.

    Where a state's own count of formal requests to one provider is informative, its residual is drawn from the gamma posterior
    given that count (Poisson about the regression, prior gamma of the same log spread); elsewhere from the log-normal prior.
    """
    codes, users = codes_of(table), users_of(table)
    trend = np.exp(
        spec.users_slope * np.log(users)
        + spec.income_slope * np.log(table["gdp_per_head"].to_numpy(float))
        + spec.liberal_slope * table["liberal_democracy"].to_numpy(float)
    )
    excluded = np.isin(codes, [code for code, meant in spec.observed_not.items() if meant])
    informative = (table["liberal_democracy"].to_numpy(float) >= spec.observed_from) & ~excluded
    counts = table["mla_requests_to_google"].to_numpy(float)
    prior_mean = np.exp(spec.spread**2 / 2)  # of the log-normal residual
    residual = np.exp(spec.spread * draws.normal("fact:demand", name_keys(codes))) / prior_mean
    if spec.spread > _LEAST_SPREAD and counts[informative].sum() > 0:
        expected = trend * counts[informative].sum() / trend[informative].sum()
        shape = 1 / np.expm1(spec.spread**2)
        luck = draws.uniform("fact:demand_observed", name_keys(codes))
        posterior = special.gammaincinv(shape + counts, luck) / (shape + expected)
        residual = np.where(informative, posterior, residual)
    rate = trend * residual
    most = spec.most_per_million * users / 1e6 / 12
    return np.asarray(spec.scale * np.minimum(spec.legitimate * rate / rate.sum(), most))


def pursuit_of(
    spec: DemandSpec, table: pd.DataFrame, demand: Reals, repression: Reals, at_risk: Reals, counted: Flags, draws: Draws
) -> Reals:
    """Abusive wishes a month ``[N, G]``: odds against legitimate needs that rise with repression, shared among the groups.

    A group's weight is its people, times its ``pursuit``, times its factor where same-sex acts are lawful. The odds are shared in
    proportion to weight among the groups that are ``counted`` ``[G]``, for which they were calibrated. Another group has as many
    wishes for its weight as these, beside theirs, so that it takes nothing away; where no counted group has any weight, the
    others share the odds among themselves. Bounded per person at risk in proportion to the same odds, or a small state whose
    authorities ask for much evidence would pursue each of its few people again and again.
    """
    luck = draws.normal("fact:pursuit", name_keys(codes_of(table)))
    odds = spec.abusive_floor + spec.abusive_odds * np.exp(spec.abusive_slope * repression + spec.abusive_spread * luck)
    odds = np.minimum(odds, spec.abusive_most)
    weight = at_risk * np.array([spec.pursuit.get(group, 0.0) for group in GROUPS])
    legal = table["samesex_criminalised"].to_numpy(float) == 0
    weight *= np.where(legal[:, None], [spec.same_sex_legal_factor.get(group, 1.0) for group in GROUPS], 1.0)
    theirs = in_order(weight * counted)
    total = np.where(theirs > 0, theirs, in_order(weight))[:, None]
    share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    person: Reals = spec.scale * spec.abusive_most_per_person / 12 * at_risk * (odds / spec.abusive_most)[:, None]
    return np.asarray(np.minimum(demand[:, None] * odds[:, None] * share, person))


class _Held(TypedDict):
    """What ``StateTable`` holds of the powers of procedure."""

    compels: Flags
    listens: Flags
    intercept_from: Reals


def powers_of(spec: Powers, codes: tuple[str, ...], party: Flags, draws: Draws) -> _Held:
    """Powers of procedure by the law of today, ``[N]`` each: parties to Budapest have them (Arts 16 to 21), others by their luck.

    The maximum from which content may be intercepted (Art 30: a range of serious offences, set by domestic law) is log-normal.
    """
    luck = draws.uniform("fact:power", name_keys(codes))
    years = spec.intercept_median_years * np.exp(spec.intercept_spread * draws.normal("fact:intercept_from", name_keys(codes)))
    return _Held(compels=party | (luck < spec.compels), listens=party | (luck < spec.listens), intercept_from=years)


def exile_of(spec: PeopleSpec, table: pd.DataFrame, exiles: pd.DataFrame, closeness: Reals) -> tuple[Reals, Reals]:
    """Share of people at risk who live abroad ``[N]``, and where ``[N, N]``; where no host is known, by closeness."""
    codes = codes_of(table)
    origin, host = (rows_of(exiles[column].tolist(), codes) for column in ("origin", "host"))
    here = (origin >= 0) & (host >= 0) & (origin != host)
    hosts = np.zeros((len(codes), len(codes)))
    hosts[origin[here], host[here]] = exiles["people"].to_numpy(float)[here]
    bare = hosts.sum(axis=1) == 0
    hosts[bare] = closeness[bare]
    hosts /= hosts.sum(axis=1, keepdims=True)
    share = np.minimum(
        spec.exile_base + spec.exile_slope * table["exiles_abroad"].to_numpy(float) / table["population"].to_numpy(float),
        spec.exile_most,
    )
    liberal = table["liberal_democracy"].to_numpy(float) >= spec.exile_liberal_from
    return share * np.where(liberal, spec.exile_liberal_factor, 1.0), hosts


class Ties(NamedTuple):
    """How states stand to each other, all ``[N, N]``."""

    parts: dict[str, Reals]  # contiguous, alliance, blocs, and closeness of votes
    alignment: Reals
    near: Reals  # where a subject abroad lives; rows sum to one


def ties_of(pairs: pd.DataFrame, table: pd.DataFrame, spec: StatesSpec) -> Ties:
    """Borders, alliances, blocs and votes, and what follows from them."""
    codes = codes_of(table)
    contiguous, alliance, blocs = pair_matrices(pairs, ("contiguous", "defence_alliance", "shared_blocs"), codes)
    parts = {"contiguous": contiguous, "alliance": alliance, "blocs": blocs}
    ideal = table["ideal_point"].to_numpy(float)
    alignment, parts["closeness"] = alignment_of(spec.alignment, ideal, parts["alliance"], parts["blocs"])
    near = (spec.distant + parts["contiguous"] + alignment) * np.sqrt(users_of(table))[None, :]
    np.fill_diagonal(near, 0.0)
    return Ties(parts, alignment, near / near.sum(axis=1, keepdims=True))


def _completed(table: pd.DataFrame, spec: StatesSpec, draws: Draws) -> tuple[pd.DataFrame, dict[str, NDArray[np.bool_]]]:
    codes = codes_of(table)
    _known("states.online_pct", spec.online_pct, codes, spec.source == "synthetic")
    full, drawn = completed(table, draws)
    for code, online in spec.online_pct.items():
        if code in codes and drawn["internet_pct"][codes.index(code)]:
            full.loc[code, "internet_pct"] = online
    return full, drawn


def state_table(
    tables: SourceTables,
    spec: StatesSpec,
    people: PeopleSpec,
    demand_spec: DemandSpec,
    blocks: Mapping[str, Offence],
    offences: Offences,
    draws: Draws,
) -> StateTable:
    """The states of one world: sources completed by the draws of its seed."""
    table, drawn = _completed(tables.states, spec, draws)
    codes = codes_of(table)
    users = users_of(table)
    ties = ties_of(tables.pairs, table, spec)
    repression = latent_repression(table)
    at_risk = users[:, None] / 1e6 * np.array([people.per_million.get(g, 0.0) for g in GROUPS])
    demand = demand_of(demand_spec, table, draws)
    host_share, home = hosting_of(spec.hosting, table, draws, spec.synthetic.hosts if spec.source == "synthetic" else 0)
    exile_share, exile_hosts = exile_of(people, table, tables.exiles, ties.near)
    direct = direct_facts(demand_spec.direct, table, users, np.diagonal(host_share), tables.direct, draws)
    democratic = table["regime"].to_numpy(int) >= DEMOCRATIC_FROM
    penalties, known = penalty_table(
        codes,
        democratic,
        table["samesex_criminalised"].to_numpy(float) > 0,
        tables.penalties,
        blocks,
        offences,
        spec.penalty_shrinkage,
        draws,
    )
    laws, guessed = drawn_laws(spec.own_law, tables.own_laws, codes, table["judicial_constraints"].to_numpy(float), draws)
    transfer_law = transfer_law_of(spec.transfers, table)
    rule = special.ndtr(standardised(table["rule_of_law"].to_numpy(float)))
    return StateTable(
        codes=codes,
        names=tuple(map(str, table["name"].tolist())),
        keys=name_keys(codes),
        place=table[["lon", "lat"]].to_numpy(float).copy(),
        region=tuple(map(str, table["region"].tolist())),
        regime=table["regime"].to_numpy(np.int64).copy(),
        liberal=table["liberal_democracy"].to_numpy(float).copy(),
        commitment=table["free_expression"].to_numpy(float).copy(),
        rule=rule,
        judicial=table["judicial_constraints"].to_numpy(float).copy(),
        strictness=latent_strictness(table, repression, spec.correlation),
        repression=repression,
        skill=special.ndtr(standardised(table["government_effectiveness"].to_numpy(float))),
        data_protection=table["data_protection_law"].fillna(0.0).to_numpy(float) * rule,
        terror=standardised(table["political_terror"].to_numpy(float)),
        transfer_law=transfer_law,
        protection=protection_of(table, rule),
        demand=demand,
        pursuit=pursuit_of(demand_spec, table, demand, repression, at_risk, people.counted, draws),
        at_risk=at_risk,
        exile_share=exile_share,
        exile_hosts=exile_hosts,
        home_service=home,
        host_share=host_share,
        closeness=ties.near,
        alignment=ties.alignment,
        penalties=penalties,
        penalty_known=known,
        breadth=breadth_of(offences, democratic),
        **powers_of(spec.powers, codes, table["budapest_party"].to_numpy(float) > 0, draws),
        direct_requests=direct.requests[:, ORDINARY].copy(),
        direct_emergency=direct.requests[:, EMERGENCY_PROCESS].copy(),
        direct_answered=direct.answered[:, ORDINARY].copy(),
        direct_emergency_answered=direct.answered[:, EMERGENCY_PROCESS].copy(),
        groups={
            "signatories": (table[["hanoi_signatory", "hanoi_signed_later"]].to_numpy(float) > 0).any(axis=1),
            "budapest": (table["budapest_party"].to_numpy(float) > 0).copy(),
            "eu": (table["eu_member"].to_numpy(float) > 0).copy(),
            "directive": bound_by_directive(spec.transfers, table),
            "adequate": held_adequate(spec.transfers, codes),
        },
        own_laws={**laws, "transfer_law": transfer_law > 0},
        mlat=treaty_matrix(spec.treaties, table, ties.parts, draws),
        drawn={**drawn, **direct.drawn, **guessed},
    )
