"""Texts as law: who is bound, what is reached, how often each force is applied, and that silence of a text is no prohibition."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy import special, stats

from sim.config import load
from sim.draws import Draws
from sim.review.assembly import assemble
from sim.review.safeguard import in_order
from sim.review.spec import application, crimes_under, force_codes
from sim.settings import Config
from sim.sources.worlds import build_states
from sim.world.instruments import COVERED, OUTSIDE, TOO_LIGHT, instrument_names, law_in_force, reach_of
from sim.world.record import ConfigError
from sim.world.snapshot import World
from sim.world.vocabulary import EXECUTED, PRESERVATION
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
    from dataclasses import replace

    config = made_up(f"instruments.hanoi.seriousness={seriousness}")
    world = bare_world(config)
    k = world.offences.names.index("insult")
    penalties, harms = world.states.penalties.copy(), world.offences.harm.copy()
    penalties[:, k], harms[k] = years, harm
    states = replace(world.states, penalties=penalties)
    assert set(reach_of(config.instruments["hanoi"], states, world.offences._replace(harm=harms))[:, k]) == {reach}


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


def test_the_first_text_in_force_whose_scope_covers_the_label_governs() -> None:
    """Checked request by request: every text before it is not in force for the pair or does not reach the label."""
    config, world = real()
    run = started(config, world)
    finished = ended(run)
    law, docket = run.rules.law, finished.docket
    requester = finished.cases.requester[docket.case]
    treaty = docket.month >= config.run_in_months
    assert set(np.unique(docket.instrument)) == {0, 1, 2, 3}
    for row, text in enumerate(instrument_names(config.instruments)):
        in_force = np.where(treaty, law.after[row, requester, docket.requested], law.before[row, requester, docket.requested])
        good = in_force & (law.reach[row, requester, docket.label] == COVERED) & (docket.channel != PRESERVATION)
        assert good[(docket.instrument == row) & (docket.channel != PRESERVATION)].all() or text == "comity"
        assert not good[docket.instrument > row].any(), text


def test_a_side_door_is_that_of_any_text_in_force_whichever_text_governs() -> None:
    """Art 40(6)-(7) lets a bilateral treaty govern the request; Arts 41 and 42 stay open beside it."""
    config, world = real()
    run = started(config, world)
    finished = ended(run)
    docket, names = finished.docket, np.array(finished.instruments)
    frozen = np.flatnonzero(docket.channel == PRESERVATION)
    assert set(names[docket.instrument[frozen]]) == {"budapest", "hanoi"}
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
    names = in_order(config.safeguards)
    codes = force_codes(config.instruments, names)
    assert codes[names.index("political_offence"), instrument_names(config.instruments).index("hanoi")] == 0
    assert codes[names.index("goodwill"), instrument_names(config.instruments).index("budapest")] == 0
    with pytest.raises(ConfigError, match="no safeguard is named 'jury'"):
        force_codes(with_forces(config, "must", "jury").instruments, names)


# --- how often -------------------------------------------------------------------------------------------------------------


def applying(config: Config, world: World, force: float) -> np.ndarray:
    names = in_order(config.safeguards)
    forces = np.full((len(names), len(config.instruments)), force)
    return application(config.review, world, config.safeguards, forces, names)


def test_chances_of_application_are_nested_in_every_state() -> None:
    config, world = real()
    absent, may, must = (applying(config, world, force) for force in (0, 1, 2))
    assert not absent.any()
    assert (may <= must).all()
    names = in_order(config.safeguards)
    discretion = names.index("discrimination")
    assert (may < must)[discretion].mean() > 0.95
    for name in ("scope", "seriousness", "desk", "goodwill"):
        assert (may[names.index(name)] == 1.0).all(), "law without judgement is applied by all"


def test_without_traits_application_is_uptake_and_uptake_plus_fidelity() -> None:
    config = load("people.rows=3000", "review.trait_share=0", "review.uptake_max=0.4", "review.fidelity_floor=0.2")
    world = real()[1]
    row = in_order(config.safeguards).index("judge")
    uptake = 0.4 * world.states.commitment
    fidelity = 0.2 + 0.8 * world.states.rule
    assert applying(config, world, 1)[row, 0] == pytest.approx(uptake)
    assert applying(config, world, 2)[row, 0] == pytest.approx(uptake + (1 - uptake) * fidelity)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_lasting_habit_spreads_the_chances_and_keeps_their_mean(share: float) -> None:
    """E Phi((Phi^-1(p) + sqrt(s) Z) / sqrt(1 - s)) = p: neglect becomes a trait, and the average does not move."""
    from dataclasses import replace

    config = load("people.rows=3000", f"review.trait_share={share}")
    world = real()[1]
    n = world.states.count
    flat = replace(world, states=replace(world.states, commitment=np.full(n, 0.8)))
    rows = [row for row, name in enumerate(in_order(config.safeguards)) if not config.safeguards[name].certain]
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
    row = in_order(never.safeguards).index("judge")
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
