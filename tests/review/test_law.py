"""Texts as law: who is bound, what is reached, how often each force is applied, and that silence of a text is no prohibition."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, get_args

import numpy as np
import pytest
from scipy import special, stats

from sim.config import load
from sim.draws import Draws
from sim.review.assembly import assemble
from sim.review.safeguard import in_check_order
from sim.review.spec import application, crimes_under, force_codes
from sim.settings import Config
from sim.simulation import check
from sim.sources.worlds import build_states
from sim.world.instruments import (
    COVERED,
    OUTSIDE,
    TOO_LIGHT,
    Inflation,
    LawInForce,
    hosted,
    inflated,
    instrument_names,
    law_in_force,
    members,
    reach_of,
    texts_by_pair,
)
from sim.world.record import ConfigError
from sim.world.snapshot import World
from sim.world.vocabulary import CHANNELS, CONTENT, EXECUTED, FIRST_SIDE_DOOR, POLICE, PRESERVATION, REGIMES, SUBSCRIBER, Regime
from tests.shares import one_in
from tests.worlds import answered, bare_world, ended, files, made_up, office, started, with_forces


@lru_cache(maxsize=2)
def real() -> tuple[Config, World]:
    config = load("people.rows=3000", "demand.legitimate=200", "years=1")
    return config, bare_world(config)


# --- the four-year gate ----------------------------------------------------------------------------------------------------


def test_an_insult_of_exactly_four_years_passes_the_gate_of_at_least_four() -> None:
    """Turkey's insult of the president carries four years at most; Hanoi asks for at least four (Art 2(h))."""
    config, world = real()
    tur, insult = world.states.codes.index("TUR"), world.offences.names.index("insult")
    assert world.states.penalties[tur, insult] == 4.0
    assert world.states.penalty_known[tur, insult]
    assert reach_of(config.instruments["hanoi"], world.states, world.offences)[tur, insult] == COVERED
    stricter = load("people.rows=3000", "instruments.hanoi.threshold_years=4.01").instruments["hanoi"]
    assert reach_of(stricter, world.states, world.offences)[tur, insult] == TOO_LIGHT


@pytest.mark.parametrize(
    ("seriousness", "years", "harm", "reach"),
    [
        ("penalty", 4.0, 0.0, COVERED),
        ("penalty", 3.99, 1.0, TOO_LIGHT),
        ("penalty", np.nan, 1.0, TOO_LIGHT),  # no crime under the requester's own law
        ("harm", 0.5, 0.5, COVERED),
        ("harm", 20.0, 0.49, TOO_LIGHT),
        ("penalty_and_harm", 4.0, 0.5, COVERED),
        ("penalty_and_harm", 20.0, 0.49, TOO_LIGHT),
        ("penalty_and_harm", 3.0, 1.0, TOO_LIGHT),
    ],
)
def test_seriousness_by_penalty_by_harm_or_by_both(seriousness: str, years: float, harm: float, reach: int) -> None:
    config = made_up(f"instruments.hanoi.seriousness={seriousness}")
    world = bare_world(config)
    k = world.offences.names.index("insult")
    penalties, harms = world.states.penalties.copy(), world.offences.harm.copy()
    penalties[:, k], harms[k] = years, harm
    states = replace(world.states, penalties=penalties)
    assert set(reach_of(config.instruments["hanoi"], states, world.offences._replace(harm=harms))[:, k]) == {reach}


@pytest.mark.parametrize(
    ("seriousness", "years", "grave", "reach"),
    [
        ("grave", 0.5, True, COVERED),
        ("grave", np.nan, True, COVERED),
        ("grave", 20.0, False, TOO_LIGHT),
        ("penalty_and_grave", 4.0, True, COVERED),
        ("penalty_and_grave", 3.99, True, TOO_LIGHT),
        ("penalty_and_grave", 20.0, False, TOO_LIGHT),
    ],
)
def test_seriousness_by_death_injury_and_grave_harm(seriousness: str, years: float, grave: bool, reach: int) -> None:
    config = made_up(f"instruments.hanoi.seriousness={seriousness}")
    world = bare_world(config)
    k = world.offences.names.index("terrorism")
    assert world.offences.grave[k]
    penalties, flags = world.states.penalties.copy(), world.offences.grave.copy()
    penalties[:, k], flags[k] = years, grave
    states = replace(world.states, penalties=penalties)
    assert set(reach_of(config.instruments["hanoi"], states, world.offences._replace(grave=flags))[:, k]) == {reach}


def test_grave_harm_reaches_no_protected_conduct_and_less_than_penalty_and_grave_alone() -> None:
    """S05: what is said hurts nobody bodily, however long a law punishes it."""
    config, world = real()
    hanoi = config.instruments["hanoi"]
    reach = {kind: reach_of(hanoi.model_copy(update={"seriousness": kind}), world.states, world.offences) == COVERED
             for kind in ("penalty", "grave", "penalty_and_grave")}  # fmt: skip
    other = world.offences.offence_class >= 2
    assert not reach["grave"][:, world.offences.protected].any()
    assert np.array_equal(reach["penalty_and_grave"], reach["penalty"] & reach["grave"])
    assert (reach["penalty"] & ~reach["grave"])[:, other & ~world.offences.protected].any()
    assert (reach["grave"] & ~reach["penalty"])[:, other].any()


def test_convention_offences_are_reached_at_any_penalty() -> None:
    config, world = real()
    strict = load("people.rows=3000", "instruments.hanoi.threshold_years=99").instruments["hanoi"]
    reach = reach_of(strict, world.states, world.offences)
    assert (reach[:, world.offences.offence_class <= 1] == COVERED).all()
    assert (reach[:, world.offences.offence_class >= 2] == TOO_LIGHT).all()
    assert config.instruments["hanoi"].threshold_years == 4.0


def test_a_class_that_a_text_never_reaches_is_outside_at_any_penalty() -> None:
    config, world = real()
    narrow = load("instruments.hanoi.reaches.D=never").instruments["hanoi"]
    reach = reach_of(narrow, world.states, world.offences)
    assert (reach[:, world.offences.protected] == OUTSIDE).all()
    assert not (reach[:, ~world.offences.protected] == OUTSIDE).any()
    assert "hanoi" in config.instruments


# --- whose paragraphs --------------------------------------------------------------------------------------------------------


def test_out_of_every_scope_means_comity_and_no_refusal() -> None:
    """With no treaty's scope over a label the request is made and answered as a favour: goodwill 1 grants it."""
    overrides = [f"instruments.{text}.reaches.D=never" for text in ("mlat", "budapest", "hanoi")]
    config = made_up("review.load=false", "conduct.file_everything=true", *overrides)
    world = bare_world(config)
    probe = started(config, world)
    goodwill = np.ones((12, 12))
    run = ended(started(config, world, reading={"goodwill": goodwill}))
    docket, names = run.docket, np.array(run.instruments)
    formal = docket.channel != PRESERVATION  # a side door is of any text in force
    protected = world.offences.protected[docket.label] & formal
    assert protected.sum() > 100
    assert set(names[docket.instrument[protected]]) == {"comity"}
    assert {"hanoi", "budapest"} <= set(names[docket.instrument[formal & ~protected]])
    stood = {probe.rules.review.names[s] for s in docket.reason[protected] if s >= 0}
    assert not stood & {"scope", "seriousness", "goodwill"}
    assert (docket.granted[protected] >= 0).any()


def test_each_text_is_a_bit_of_its_pair_and_more_texts_than_bits_are_refused() -> None:
    config, world = real()
    in_force = Draws(3).uniform("test:texts", np.arange(64 * 9)).reshape(64, 3, 3) < 0.5
    bound = texts_by_pair(in_force)
    for text in range(64):
        assert np.array_equal((bound >> np.uint64(text)) & np.uint64(1) == 1, in_force[text])
    many = config.instruments | {f"own_{k}": config.instruments["mlat"] for k in range(65 - len(config.instruments))}
    with pytest.raises(ConfigError, match="instruments: found 65; accepted: at most 64"):
        law_in_force(many, world.states, world.offences, Draws(0))


def test_the_first_text_in_force_whose_scope_covers_the_label_governs() -> None:
    """Checked request by request: every text before it is not in force for the pair or does not reach the label."""
    config, world = real()
    run = started(config, world)
    finished = ended(run)
    law, docket = run.rules.law, finished.docket
    requester = finished.cases.requester[docket.case]
    treaty = docket.month >= config.run_in_months
    formal = docket.channel < FIRST_SIDE_DOOR
    assert set(np.array(finished.instruments)[docket.instrument[formal]]) == set(config.instruments) - {"second_protocol"}
    for row, text in enumerate(instrument_names(config.instruments)):
        in_force = np.where(treaty, law.after[row, requester, docket.requested], law.before[row, requester, docket.requested])
        good = in_force & (law.reach[row, requester, docket.label] == COVERED) & (law.most[row] >= docket.wanted) & formal
        assert good[(docket.instrument == row) & formal].all() or text == "comity"
        assert not good[docket.instrument > row].any(), text


def test_a_side_door_is_that_of_any_text_in_force_whichever_text_governs() -> None:
    """Art 40(6)-(7) lets a bilateral treaty govern the request; Arts 41 and 42 stay open beside it."""
    config, world = real()
    run = started(config, world)
    finished = ended(run)
    docket, names = finished.docket, np.array(finished.instruments)
    frozen = np.flatnonzero(docket.channel == PRESERVATION)
    assert set(names[docket.instrument[frozen]]) == {"e_evidence", "budapest", "hanoi"}
    followed = names[docket.instrument[frozen + 1]]
    assert (followed == "mlat").sum() > 50, "a treaty governs what a side door froze"
    requester = finished.cases.requester[docket.case[frozen]]
    for name in ("budapest", "hanoi"):
        mine = names[docket.instrument[frozen]] == name
        row = list(names).index(name)
        assert run.rules.law.after[row, requester[mine], docket.requested[frozen][mine]].all()


def test_a_text_that_obliges_its_parties_to_punish_leaves_no_dual_criminality_to_invoke() -> None:
    config, world = real()
    names = list(instrument_names(config.instruments))
    crime = crimes_under(config.instruments, world)
    law = ~np.isnan(world.states.penalties)
    cyber, other = world.offences.offence_class == 0, world.offences.offence_class == 1
    assert crime[names.index("hanoi")][:, cyber | other].all()
    assert crime[names.index("budapest")][:, cyber].all()
    assert np.array_equal(crime[names.index("mlat")], law)
    assert np.array_equal(crime[names.index("hanoi")][:, ~(cyber | other)], law[:, ~(cyber | other)])


def test_known_counts_of_requests_inform_demand_and_an_autocracy_s_do_not() -> None:
    """The posterior stays near a large count and near nothing for none; a closed state's low count says little."""
    config, _ = real()
    names = build_states(config.states, config.people, config.demand, config.offences, 1).codes
    demand = np.array(
        [build_states(config.states, config.people, config.demand, config.offences, seed).demand for seed in range(1, 9)]
    )
    share = demand / demand.sum(axis=1, keepdims=True)
    spread = np.log(demand).std(axis=0)
    at = names.index
    assert 0.05 < share[:, at("DEU")].mean() < 0.2
    assert share[:, at("DOM")].max() < 0.005
    assert spread[at("DEU")] < 0.2
    assert spread[at("RUS")] > 0.7
    assert spread[at("USA")] > 0.7, "it asks its own firms at home: its count says nothing"


def test_hanoi_binds_from_the_first_day_of_the_window_and_its_parties_alone() -> None:
    config, world = real()
    finished = ended(started(config, world))
    docket, names = finished.docket, np.array(finished.instruments)
    hanoi = names[docket.instrument] == "hanoi"
    assert docket.month[hanoi].min() == config.run_in_months
    bound = world.states.groups["signatories"] | (np.array(world.states.codes) == "CAN")
    assert bound[docket.requested[hanoi]].all()
    assert bound[finished.cases.requester[docket.case[hanoi]]].all()
    assert not (np.array(world.states.codes)[docket.requested[hanoi]] == "USA").any()


def test_goodwill_is_in_no_text_but_comity_s() -> None:
    config, _ = real()
    for name, text in config.instruments.items():
        assert (text.safeguards.get("goodwill", "absent") != "absent") == (name == "comity")


def test_hanoi_as_adopted_has_no_political_offence_clause_and_no_duty_to_refuse() -> None:
    hanoi = real()[0].instruments["hanoi"].safeguards
    assert hanoi["political_offence"] == "absent"
    assert {hanoi[name] for name in ("dual_criminality", "discrimination", "ordre_public", "own_law", "judge")} == {"may"}


def test_no_treaty_binds_nobody_to_hanoi_and_leaves_the_rest() -> None:
    config = load("people.rows=3000", "scenario=no_treaty")
    world = real()[1]
    law, plain = (law_in_force(each.instruments, world.states, world.offences, Draws(world.seed)) for each in (config, real()[0]))
    row = instrument_names(config.instruments).index("hanoi")
    assert not law.after[row].any()
    assert plain.after[row].sum() > 1000
    assert np.array_equal(np.delete(law.after, row, 0), np.delete(plain.after, row, 0))
    assert np.array_equal(law.before, plain.before)


def test_a_safeguard_that_a_text_does_not_name_is_absent_and_an_unknown_one_an_error() -> None:
    config = made_up()
    names = in_check_order(config.safeguards)
    codes = force_codes(config.instruments, names)
    assert codes[names.index("political_offence"), instrument_names(config.instruments).index("hanoi")] == 0
    assert codes[names.index("goodwill"), instrument_names(config.instruments).index("budapest")] == 0
    with pytest.raises(ConfigError, match="no safeguard is named 'jury'"):
        force_codes(with_forces(config, "must", "jury").instruments, names)


# --- who is bound ------------------------------------------------------------------------------------------------------------


def bound_by(seed: int = 1, world: World | None = None, **parties: Any) -> np.ndarray:
    """Whom Hanoi binds in the real world with other parties."""
    config, usual = real()
    changed = config.instruments["hanoi"].parties.model_validate({**config.instruments["hanoi"].parties.model_dump(), **parties})
    return members("hanoi", changed, (world or usual).states, Draws(seed))


DEMOCRACIES = {"electoral_democracy": True, "liberal_democracy": True}


def test_the_regimes_have_their_names() -> None:
    assert get_args(Regime) == REGIMES


def test_states_of_a_regime_can_stay_outside() -> None:
    states = real()[1].states
    everybody, rest, other = (
        bound_by(),
        bound_by(without_regimes=DEMOCRACIES),
        bound_by(without_regimes=dict.fromkeys(REGIMES[:2], True)),
    )
    assert np.array_equal(rest, everybody & (states.regime < 2))
    assert np.array_equal(other, everybody & (states.regime >= 2))
    assert np.array_equal(bound_by(without_regimes={"liberal_democracy": False}), everybody)


def test_the_placebo_of_the_democracies_takes_away_as_many_states_that_host_as_much() -> None:
    """Ireland holds nine tenths of what the democracies among the signatories host: it is in nearly every placebo."""
    states = real()[1].states
    weight, everybody = hosted(states), bound_by()
    assert weight.sum() == pytest.approx(1.0)
    meant = everybody & (states.regime >= 2)
    target = weight[meant].sum()
    gone = np.array([everybody & ~bound_by(seed, placebo_of_regimes=DEMOCRACIES) for seed in range(1, 31)])
    assert (gone.sum(axis=1) == meant.sum()).all()
    distance = np.abs(gone @ weight / target - 1)
    assert (distance <= 0.1).mean() > 0.95
    assert gone[:, states.codes.index("IRL")].mean() > 0.95
    assert 0.2 < (gone & meant).sum() / gone.sum() < 0.7, "democracies or not"
    assert np.unique(gone, axis=0).shape[0] == 30, "each world its own"
    assert np.array_equal(gone[4], everybody & ~bound_by(5, placebo_of_regimes=DEMOCRACIES))


def test_a_placebo_chooses_evenly_among_states_that_host_nothing() -> None:
    """Of 63 signatories that host nothing each is as likely as any other: a uniform draw among the sets that are near enough."""
    states = real()[1].states
    everybody, seeds = bound_by(), 300
    bare = np.flatnonzero(everybody & (hosted(states) == 0))
    taken = sum((everybody & ~bound_by(seed, placebo_of_regimes=DEMOCRACIES))[bare].astype(int) for seed in range(seeds))
    p = taken.mean() / seeds
    # sets are drawn without replacement, so counts vary less than binomial ones: the statistic is scaled to its own variance
    statistic = ((taken - taken.mean()) ** 2).sum() / (seeds * p * (1 - p)) * (bare.size - 1) / bare.size
    assert stats.chi2.sf(statistic, bare.size - 1) > 1e-4
    assert stats.chi2.cdf(statistic, bare.size - 1) > 1e-4


def test_forty_states_ratify_the_sure_ones_first() -> None:
    sure = {"QAT": True, "VNM": True, "AZE": True, "FRA": False}
    states, everybody = real()[1].states, bound_by()
    rows = [states.codes.index(code) for code, meant in sure.items() if meant]
    often = np.zeros(states.count)
    for seed in range(1, 41):
        forty = bound_by(seed, draw={"count": 40, "sure": sure, "liberal_slope": 0.0})
        fifty = bound_by(seed, draw={"count": 50, "sure": sure, "liberal_slope": 0.0})
        assert forty.sum() == 40
        assert forty[rows].all()
        assert (forty <= fifty).all()
        assert (fifty <= everybody).all()
        often += forty
    drawn = np.setdiff1d(np.flatnonzero(everybody), rows)
    assert (often[drawn] < 40).all()
    assert (often[drawn] > 0).all()


def test_liberal_states_ratify_the_sooner_the_steeper_the_slope() -> None:
    states = real()[1].states

    def liberal(slope: float) -> float:
        return float(
            np.mean([states.liberal[bound_by(seed, draw={"count": 40, "liberal_slope": slope})].mean() for seed in range(1, 21)])
        )

    assert liberal(-3.0) < liberal(0.0) < liberal(3.0)
    assert np.array_equal(bound_by(draw={"count": 4000, "liberal_slope": 1.0}), bound_by())


def test_the_first_ratifier_is_drawn_by_its_weight() -> None:
    """Of two kinds of states with appeals 0 and log 3 the first ratifier is of the second kind three times as often by head."""
    world = real()[1]
    everybody = bound_by()
    liberal = (np.arange(world.states.count) % 2).astype(float)
    flat = replace(world, states=replace(world.states, liberal=liberal))
    second = np.array([bound_by(seed, flat, draw={"count": 1, "liberal_slope": np.log(3)}) @ liberal for seed in range(1, 401)])
    heads = (everybody & (liberal == 1)).sum(), (everybody & (liberal == 0)).sum()
    p = 3 * heads[0] / (3 * heads[0] + heads[1])
    assert stats.binomtest(int(second.sum()), second.size, p).pvalue > 1e-4


def test_listed_pairs_bind_each_other_and_nobody_else() -> None:
    config, world = real()
    law = law_in_force(config.instruments, world.states, world.offences, Draws(1))
    cloud = law.after[instrument_names(config.instruments).index("cloud_act")]
    pairs = {frozenset((world.states.codes[i], world.states.codes[j])) for i, j in zip(*np.nonzero(cloud), strict=True)}
    assert pairs == {frozenset({"GBR", "USA"}), frozenset({"AUS", "USA"})}
    assert np.array_equal(cloud, cloud.T)


@pytest.mark.parametrize(
    ("override", "line"),
    one_in(
        3,
        [
            ("+instruments.hanoi.parties.pairs.GBR-USA=true", "pairs: found pairs under base signatories; accepted: "),
            ("+instruments.cloud_act.parties.pairs.GBR=true", "pairs: found 'GBR'; accepted: two codes"),
            ("+instruments.cloud_act.parties.pairs.USA-USA=true", "pairs: found 'USA-USA'; accepted: two codes"),
            ("+instruments.cloud_act.parties.pairs.GBR-XXX=true", "no state has the code 'XXX'"),
            (
                "instruments.hanoi.parties.draw={count: 40, sure: {XXX: true}, liberal_slope: 0.0}",
                "draw.sure: no state has the code 'XXX'",
            ),
            ("instruments.hanoi.parties.draw={count: 0, liberal_slope: 0.0}", "draw.count: found 0; accepted: "),
            ("+instruments.hanoi.parties.without_regimes.democracy=true", "without_regimes.democracy: found 'democracy'"),
            ("+instruments.hanoi.adds.heresy=true", "instruments.hanoi.adds: no offence is named 'heresy'; accepted: "),
            ("instruments.comity.most=traffic", "instruments: the last in the order"),
            ("+instruments.comity.parties.without.USA=true", "instruments: the last in the order"),
        ],
    ),
)
def test_what_names_no_pair_state_regime_or_offence_is_refused_in_a_line(override: str, line: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        check(load("people.rows=3000", override))
    assert line in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_made_up_world_has_none_of_the_states_that_a_text_names() -> None:
    config = made_up("+instruments.hanoi.parties.without.FRA=true", "+instruments.hanoi.parties.without.AAA=true")
    world = bare_world(config)
    law = law_in_force(config.instruments, world.states, world.offences, Draws(1))
    names = instrument_names(config.instruments)
    assert not law.after[names.index("cloud_act")].any()
    parties = law.after[names.index("hanoi")].any(axis=0)
    assert parties.sum() == world.states.count - 1
    assert not parties[world.states.codes.index("AAA")]


# --- what else a text says -----------------------------------------------------------------------------------------------------


def law_of(config: Config, world: World, seed: int = 1) -> LawInForce:
    return law_in_force(config.instruments, world.states, world.offences, Draws(seed), config.conduct.inflation)


def test_what_a_protocol_adds_is_covered_at_any_penalty_and_a_crime_among_its_parties() -> None:
    config, world = real()
    hanoi = config.instruments["hanoi"]
    narrow = hanoi.model_copy(update={"reaches": {**hanoi.reaches, "D": "never"}, "adds": {"false_news": True, "insult": False}})
    texts = {**config.instruments, "hanoi": narrow}
    row, k = instrument_names(texts).index("hanoi"), world.offences.names.index("false_news")
    reach = reach_of(narrow, world.states, world.offences)
    assert (reach[:, k] == COVERED).all()
    assert (reach[:, world.offences.names.index("insult")] == OUTSIDE).all()
    crime, plain = (crimes_under(each, world) for each in (texts, config.instruments))
    assert crime[row, :, k].all()
    assert not plain[row, :, k].all()
    plain[row, :, k] = True
    assert np.array_equal(crime, plain)


def test_the_first_door_in_force_is_told_by_phase_and_by_text() -> None:
    config, world = real()
    law, names = law_of(config, world), instrument_names(config.instruments)
    hanoi, budapest = names.index("hanoi"), names.index("budapest")
    assert set(np.unique(law.polices[0])) == {-1}
    assert set(np.unique(law.polices[1])) == {-1, hanoi}
    assert np.array_equal(law.polices[1] == hanoi, law.after[hanoi])
    assert set(np.unique(law.pushes[0])) == {-1, budapest}
    assert np.array_equal(law.pushes[1] >= 0, law.after[hanoi] | law.after[budapest])
    assert (law.pushes[1][law.after[budapest]] == budapest).all(), "the first in the order"
    for channel in range(len(CHANNELS)):
        assert law.opens[channel].any() == (CHANNELS[channel] in ("emergency", "preservation", "police", "spontaneous"))
    assert np.flatnonzero(law.opens[POLICE]).tolist() == [hanoi]


def test_secrecy_always_is_read_by_text() -> None:
    config = load("people.rows=3000", "instruments.hanoi.secrecy=always")
    names = instrument_names(config.instruments)
    assert np.flatnonzero(law_of(config, real()[1]).hidden).tolist() == [names.index("hanoi")]
    assert not law_of(real()[0], real()[1]).hidden.any()


def test_the_texts_between_firms_come_first_and_say_what_they_reach() -> None:
    config, world = real()
    law, names = law_of(config, world), list(instrument_names(config.instruments))
    assert names == ["cloud_act", "e_evidence", "eio", "second_protocol", "mlat", "budapest", "hanoi", "comity"]
    most = dict(zip(names, law.most, strict=True))
    assert most.pop("second_protocol") == SUBSCRIBER
    assert set(most.values()) == {CONTENT}
    protected = world.offences.protected
    assert (law.reach[names.index("cloud_act")][:, protected] == OUTSIDE).all(), "speech cases"
    assert not law.after[names.index("second_protocol")].any(), "not in force"
    eu = world.states.groups["eu"]
    for name, outside in (("e_evidence", {"DNK"}), ("eio", {"DNK", "IRL"})):
        parties = law.before[names.index(name)].any(axis=0)
        assert {world.states.codes[row] for row in np.flatnonzero(eu & ~parties)} == outside
        assert not (parties & ~eu).any()


# --- penalty inflation -----------------------------------------------------------------------------------------------------


def test_repressive_legislatures_raise_what_they_punish_and_nothing_else() -> None:
    world = real()[1]
    states, offences = world.states, world.offences
    raised = inflated(states.penalties, Inflation(to_years=5.0, repression_from=0.5), states, offences)
    changed = ~((raised == states.penalties) | np.isnan(states.penalties))
    assert np.array_equal(np.isnan(raised), np.isnan(states.penalties)), "no new crime"
    assert changed.sum() > 50
    assert not changed[:, ~offences.protected].any()
    assert not changed[states.repression < 0.5].any()
    assert (states.penalties[changed] < 5.0).all()
    assert (raised[changed] == 5.0).all()
    meant = (states.repression >= 0.5)[:, None] & offences.protected & ~np.isnan(states.penalties)
    assert (raised[meant] >= 5.0).all()


def test_inflation_reaches_the_new_treaty_and_no_older_text() -> None:
    config, world = real()
    law = law_of(config, world)
    more = law_in_force(config.instruments, world.states, world.offences, Draws(1), Inflation(to_years=5.0, repression_from=0.5))
    hanoi = instrument_names(config.instruments).index("hanoi")
    changed = law.reach != more.reach
    assert changed[hanoi].sum() > 20
    assert not np.delete(changed, hanoi, 0).any()
    assert (law.reach[changed] == TOO_LIGHT).all()
    assert (more.reach[changed] == COVERED).all()
    high = law_in_force(config.instruments, world.states, world.offences, Draws(1), Inflation(to_years=5.0, repression_from=99.0))
    assert np.array_equal(high.reach, law.reach)


def test_inflation_brings_abusive_cases_under_the_treaty_and_moves_no_other() -> None:
    base = ("review.load=false", "conduct.file_everything=true")
    config = made_up(*base)
    world = bare_world(config)
    plain, more = (
        ended(started(each, world)) for each in (config, made_up(*base, "conduct.inflation={to_years: 5.0, repression_from: 0.0}"))
    )
    one, other = (run.docket for run in (plain, more))
    assert np.array_equal(one.case, other.case)
    assert np.array_equal(one.label, other.label)
    moved = one.instrument != other.instrument
    assert moved.sum() > 20
    names = np.array(more.instruments)
    assert set(names[other.instrument[moved]]) == {"hanoi"}
    assert world.offences.protected[other.label[moved]].all()
    assert more.cases.abusive[other.case[moved]].all()


# --- how often -------------------------------------------------------------------------------------------------------------


def applying(config: Config, world: World, force: float) -> np.ndarray:
    names = in_check_order(config.safeguards)
    forces = np.full((len(names), len(config.instruments)), force)
    return application(config.review, world, config.safeguards, forces, names)


def test_chances_of_application_are_nested_in_every_state() -> None:
    config, world = real()
    absent, may, must = (applying(config, world, force) for force in (0, 1, 2))
    assert not absent.any()
    assert (may <= must).all()
    names = in_check_order(config.safeguards)
    discretion = names.index("discrimination")
    assert (may < must)[discretion].mean() > 0.95
    for name in ("scope", "seriousness", "desk", "goodwill"):
        assert (may[names.index(name)] == 1.0).all(), "law without judgement is applied by all"


def test_without_traits_application_is_uptake_and_uptake_plus_fidelity() -> None:
    config = load("people.rows=3000", "review.trait_share=0", "review.uptake_max=0.4", "review.fidelity_floor=0.2")
    world = real()[1]
    row = in_check_order(config.safeguards).index("judge")
    uptake = 0.4 * world.states.commitment
    fidelity = 0.2 + 0.8 * world.states.rule
    assert applying(config, world, 1)[row, 0] == pytest.approx(uptake)
    assert applying(config, world, 2)[row, 0] == pytest.approx(uptake + (1 - uptake) * fidelity)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_lasting_habit_spreads_the_chances_and_keeps_their_mean(share: float) -> None:
    """E Phi((Phi^-1(p) + sqrt(s) Z) / sqrt(1 - s)) = p: neglect becomes a trait, and the average does not move."""
    config = load("people.rows=3000", f"review.trait_share={share}")
    world = real()[1]
    n = world.states.count
    flat = replace(world, states=replace(world.states, commitment=np.full(n, 0.8)))
    rows = [row for row, name in enumerate(in_check_order(config.safeguards)) if not config.safeguards[name].certain]
    seen = np.concatenate([applying(config, replace(flat, seed=seed), 1)[rows, 0].ravel() for seed in range(20)])
    p = config.review.uptake_max * 0.8
    assert abs(seen.mean() - p) < 4.5 * seen.std() / np.sqrt(seen.size)
    # and its spread is that of the formula: E p^2 is a bivariate normal with correlation s
    both = stats.multivariate_normal(mean=[0, 0], cov=[[1, share], [share, 1]]).cdf([special.ndtri(p)] * 2)
    assert seen.var() == pytest.approx(both - p * p, rel=0.1)


def test_with_nothing_but_habit_a_state_always_or_never_applies() -> None:
    config = load("people.rows=3000", "review.trait_share=1")
    chances = applying(config, real()[1], 1)
    assert set(np.unique(chances)) == {0.0, 1.0}
    assert (chances <= applying(config, real()[1], 2)).all()


def test_uptake_and_fidelity_at_their_ends() -> None:
    world = real()[1]
    never = load("people.rows=3000", "review.uptake_max=0")
    row = in_check_order(never.safeguards).index("judge")
    assert not applying(never, world, 1)[row].any()
    always = load("people.rows=3000", "review.fidelity_floor=1")
    assert applying(always, world, 2)[row] == pytest.approx(1.0)


def test_a_mandatory_rule_in_a_captured_system_does_little() -> None:
    """A judge whom the executive owns applies the duty and sees nothing: it refuses abusive files as often as any."""
    place = office().applying(1.0, "judge").numbered("judge", bar=2.0, narrow_margin=0.0).read(judicial=np.zeros(2))
    cases, docket = files(place, 20_000, abusive=True)
    answered(place, cases, docket)
    refused = int((docket.status != EXECUTED).sum())
    assert stats.binomtest(refused, 20_000, stats.norm.sf(2.0)).pvalue > 1e-4


def test_scenarios_share_one_luck_of_application() -> None:
    """The same request under may and under must, in whole runs: whoever applied the discretion applies the duty."""
    base = ("review.load=false", "conduct.file_everything=true", "conduct.fall_through=false", "safeguards.desk.bar=-99")
    config = made_up(*base, "safeguards.desk.park_bar=99", "safeguards.desk.trust_floor=-99")
    world = bare_world(config)
    may, must = (ended(started(with_forces(config, force, "discrimination"), world)) for force in ("may", "must"))
    bit = np.uint64(1) << np.uint64(assemble(config.safeguards).names.index("discrimination"))
    weak, strong = (run.docket.grounds & bit > 0 for run in (may, must))
    assert 100 < weak.sum() < strong.sum()
    assert (weak <= strong).all()
