"""What must be true of every shock: nothing before it, nothing of one that sets what is; in month 0 it always had been."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.config import load
from sim.month import advance, begin
from sim.result import Result
from sim.rules import Rules, rules_of
from sim.run import Run, finish
from sim.settings import Config
from sim.simulation import prepare, simulate, world_of
from sim.world.answered import answered_after
from sim.world.dials import Dials
from sim.world.shocks import HALF_LIVES, Shock, Upheaval, blows_in, months_of_change, struck_world, weight_of
from tests.worlds import SMALL, fingerprint

SEED = 3
A, B = "AAA", "AAB"  # of the made-up world


def made(*overrides: str) -> Config:
    return load(*SMALL, *overrides)


@cache
def ran(*overrides: str) -> Result:
    return simulate(made(*overrides), seed=SEED)


def shocked(at: int, states: str, sets: str, *overrides: str, fade: str = "null") -> Result:
    return ran(f"shock.one={{at: {at}, states: {states}, set: {{{sets}}}, fade: {fade}}}", *overrides)


def states_of(*overrides: str) -> Any:
    return world_of(made(*overrides), SEED).states


def own(name: str, code: str = A) -> str:
    states = states_of()
    return repr(getattr(states, name)[states.codes.index(code)].item())


ADAPTIVE = ("conduct=adaptive",)
CONDUCTS: tuple[tuple[str, ...], ...] = (
    (),
    ADAPTIVE,
    ("review.capacity=follows",),
    (*ADAPTIVE, "adaptation.members.leaving=false", "scenario=[judge,notice]"),
)


# --- a shock that is none ---------------------------------------------------------------------------------------------------------


def test_without_a_shock_a_configuration_has_the_digest_that_it_had() -> None:
    assert "shock" not in made().plain()
    assert made("shock={}").digest() == made().digest()
    assert made("shock.one={at: 3, set: {}}").digest() != made().digest()


@pytest.mark.parametrize("conduct", CONDUCTS)
@pytest.mark.parametrize("at", [0, 7])
def test_a_shock_that_sets_what_already_is_changes_no_bit(at: int, conduct: tuple[str, ...]) -> None:
    config = made(*conduct)
    delay, bar = config.instruments["mlat"].delay_factor, config.plain()["safeguards"]["judge"]["bar"]
    texts = f"instruments: {{mlat: {{delay_factor: {delay}}}, hanoi: {{threshold_years: 4.0}}}}"
    sets = [
        "review: {hours_median: 2.0, firm_notice: {share: 0.6}}, conduct: {appetite: 1.0, direct_share: 0.5}",
        f"{texts}, safeguards: {{judge: {{bar: {bar}}}}}",
    ]
    for said in sets:
        assert fingerprint(shocked(at, "all", said, *conduct)) == fingerprint(ran(*conduct))
    of_states = ", ".join(f"{name}: {own(name)}" for name in ("liberal", "rule", "terror", "judicial", "skill", "commitment"))
    nothing = f"{of_states}, appetite: {{journalist: 1.0}}, penalties: {{protected: {{most: 100.0}}}}"
    assert fingerprint(shocked(at, A, nothing, *conduct)) == fingerprint(ran(*conduct))


def test_a_text_that_binds_whom_it_binds_changes_no_bit() -> None:
    after = prepare(made(), SEED).rules.law.after
    names = prepare(made(), SEED).rules.names
    hanoi = after[names.index("hanoi")]
    i, j = (int(row) for row in np.argwhere(hanoi)[0])
    codes = states_of().codes
    assert fingerprint(shocked(5, f"[{codes[i]}, {codes[j]}]", "instruments: {hanoi: {binds: true}}")) == fingerprint(ran())


# --- a shock in month 0 -----------------------------------------------------------------------------------------------------------

AS_CONFIGURED = {  # what a shock sets, for whom, and the overrides that say the same of the whole window
    "penalties": ("penalties: {false_news: 9.0, insult: no_crime}", A, ("penalties.false_news=9.0", "penalties.insult=no_crime")),
    "bounds": ("penalties: {protected: {least: 4.0}}", A, ("penalties.protected={least: 4.0}",)),
    "strength": ("strength: 0.2", A, ("strength=0.2",)),
    "care": ("uptake: 0.9, fidelity: 0.1", A, ("uptake=0.9", "fidelity=0.1")),
    "courts": ("judicial: 0.1, skill: 0.9", A, ("judicial=0.1", "skill=0.9")),
    "protection": ("transfer_protection: 0.0", A, ("transfer_protection=0.0",)),
    "appetite": ("appetite: {journalist: 0.1, dissident: 0.0}", A, ("appetite.journalist=0.1", "appetite.dissident=0.0")),
    "hours": ("hours: 0.3", A, ("hours=0.3",)),
    "breadth": ("breadth: 1.0", A, ("breadth=1.0",)),
    "all": ("penalties: {protected: {most: 3.9}}, strength: 1.0", "all", ("penalties.protected={most: 3.9}", "strength=1.0")),
}


@pytest.mark.parametrize("conduct", CONDUCTS)
@pytest.mark.parametrize("kind", AS_CONFIGURED)
def test_in_month_0_what_is_set_of_states_equals_the_dial(kind: str, conduct: tuple[str, ...]) -> None:
    sets, who, keys = AS_CONFIGURED[kind]
    if kind == "hours" and "review.capacity=follows" in conduct:
        pytest.skip("refused: hours follow the load")
    always = ran(*(f"states.override.{who}.{key}" for key in keys), *conduct)
    assert fingerprint(shocked(0, who, sets, *conduct)) == fingerprint(always)
    assert kind == "bounds" or fingerprint(always) != fingerprint(ran(*conduct))  # no maximum of that state is under it


LEVERS = {
    "text": (
        "instruments: {hanoi: {threshold_years: 8.0, safeguards: {judge: must, discrimination: must}}}",
        "instruments.hanoi.threshold_years=8.0",
        "instruments.hanoi.safeguards.judge=must",
        "instruments.hanoi.safeguards.discrimination=must",
    ),
    "parties": (f"instruments: {{hanoi: {{parties: {{without: {{{A}: true}}}}}}}}", f"+instruments.hanoi.parties.without.{A}=true"),
    "acuity": ("review: {acuity: 2.0}", "review.acuity=2.0"),
    "everything": ("conduct: {file_everything: true}", "conduct.file_everything=true"),
    "choice": ("conduct: {legal_basis: requester_choice}", "conduct.legal_basis=requester_choice"),
    "inflation": (
        "conduct: {inflation: {to_years: 4.0, repression_from: 0.0}}",
        "conduct.inflation={to_years: 4.0, repression_from: 0.0}",
    ),
    "training": ("instruments: {hanoi: {safeguards: {training: must}}}", "+instruments.hanoi.safeguards.training=must"),
    "suspension": ("instruments: {hanoi: {safeguards: {suspension: must}}}", "+instruments.hanoi.safeguards.suspension=must"),
}


@pytest.mark.parametrize("conduct", CONDUCTS[:3])
@pytest.mark.parametrize("kind", LEVERS)
def test_in_month_0_a_lever_equals_the_configuration_that_always_had_it(kind: str, conduct: tuple[str, ...]) -> None:
    sets, *keys = LEVERS[kind]
    if kind == "parties" and conduct == ADAPTIVE:
        conduct = (*ADAPTIVE, "adaptation.members.leaving=false")
    assert fingerprint(shocked(0, "all", sets, *conduct)) == fingerprint(ran(*keys, *conduct))


def test_in_month_0_a_text_binds_as_its_parties_would() -> None:
    pair = f"[{A}, {B}]"
    listed = ran(f"+instruments.cloud_act.parties.pairs.{A}-{B}=true")
    assert fingerprint(shocked(0, pair, "instruments: {cloud_act: {binds: true}}")) == fingerprint(listed)
    assert fingerprint(listed) != fingerprint(ran())
    joined = ran(*(f"+instruments.budapest.parties.extra.{code}=true" for code in (A, B)))
    assert fingerprint(shocked(0, pair, "instruments: {budapest: {binds: true}}")) == fingerprint(joined)
    left = ran(*(f"+instruments.hanoi.parties.without.{code}=true" for code in (A, B)))
    assert fingerprint(shocked(0, pair, "instruments: {hanoi: {binds: false}}")) == fingerprint(left)


def by_hand(config: Config, ruled: Rules) -> Run:
    """A run whose rules are these from the window's first day, and before it those of the configuration."""
    plain = prepare(config, SEED)
    before = plain.rules.run_in or plain.rules
    run = begin(config, plain.world, replace(ruled, run_in=before), plain.cases, plain.draws, plain.months)
    while run.month < run.months:
        advance(run)
    return run


FACTS = {  # what a shock in month 0 sets, and the key that is another from the window's first day on
    "hours_median": ("review: {hours_median: 6.0}", {"review": {"hours_median": 6.0}}),
    "trust": ("review: {c_trust: 2.0, misuse_chance: 0.5}", {"review": {"c_trust": 2.0, "misuse_chance": 0.5}}),
    "floor": ("safeguards: {desk: {trust_floor: 0.2}}", {"safeguards": {"desk": {"trust_floor": 0.2}}}),
    "delay": (
        "instruments: {mlat: {delay_factor: 0.1, filing: 0.2}}",
        {"instruments": {"mlat": {"delay_factor": 0.1, "filing": 0.2}}},
    ),
    "menus": ("conduct: {recharacterised_share: 0.9}", {"conduct": {"recharacterised_share": 0.9}}),
}


@pytest.mark.parametrize("conduct", [(), ADAPTIVE])
@pytest.mark.parametrize("kind", FACTS)
def test_in_month_0_a_fact_is_another_from_the_first_day_of_the_window_alone(kind: str, conduct: tuple[str, ...]) -> None:
    sets, changes = FACTS[kind]
    config, policy = made(*conduct), made(*conduct).policy
    for part, other in changes.items():
        held: Any = getattr(policy, part)
        if isinstance(held, dict):
            ((name, fields),) = other.items()
            changed: Any = {**held, name: held[name].model_copy(update=fields)}
        else:
            changed = held.model_copy(update=other)
        policy = policy.model_copy(update={part: changed})
    world = world_of(config, SEED)
    run = by_hand(config, rules_of(policy, world, True, config.run_in_months))
    expected = fingerprint(Result(finish(run), config, SEED))
    assert fingerprint(shocked(0, "all", sets, *conduct)) == expected
    assert expected != fingerprint(ran(*conduct))


@pytest.mark.parametrize("conduct", [(), ADAPTIVE])
def test_in_month_0_a_liberal_score_takes_trust_and_firms_with_it_and_no_case(conduct: tuple[str, ...]) -> None:
    config, world = made(*conduct), world_of(made(*conduct), SEED)
    states, row = world.states, world.states.codes.index(A)
    liberal = states.liberal.copy()
    liberal[row] = 0.05
    slope = config.demand.direct.answered_liberal_slope
    answered = answered_after(states.direct_answered, liberal - states.liberal, slope)
    other = replace(world, states=replace(states, liberal=liberal, direct_answered=answered))
    run = by_hand(config, rules_of(config.policy, other, True, config.run_in_months))
    expected = fingerprint(Result(finish(run), config, SEED))
    assert fingerprint(shocked(0, A, "liberal: 0.05", *conduct)) == expected
    assert expected != fingerprint(ran(*conduct))


# --- before, beside and after -----------------------------------------------------------------------------------------------------

BLOWS = (
    "liberal: 0.05, terror: 3.0, penalties: {protected: {least: 9.0}}, strength: 0.1",
    "hours: 0.2, instruments: {cloud_act: {binds: true}}",
)


def months_before(result: Result, month: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What was filed before a month of the window, as it was filed; and the books of authorities of these months."""
    requests = result.requests
    filed = requests.loc[requests["filed_day"] < month * 30.4375]
    as_filed = filed[["id", "case", "requester", "requested", "instrument", "channel", "label", "kind", "filed_day"]]
    monthly = result.monthly
    return as_filed.reset_index(drop=True), monthly.loc[monthly["month"] < month].reset_index(drop=True)


@pytest.mark.parametrize("conduct", CONDUCTS[:2])
@pytest.mark.parametrize("sets", BLOWS)
def test_before_a_shock_every_month_is_the_same(sets: str, conduct: tuple[str, ...]) -> None:
    at = 11
    quiet, struck = ran(*conduct), shocked(at, f"[{A}, {B}]", sets, *conduct)
    assert fingerprint(quiet) != fingerprint(struck)
    for one, other in zip(months_before(quiet, at), months_before(struck, at), strict=True):
        pd.testing.assert_frame_equal(one, other)
    done = [frame.loc[frame["ended_day"] < at * 30.4375].reset_index(drop=True) for frame in (quiet.requests, struck.requests)]
    pd.testing.assert_frame_equal(*done)


@pytest.mark.parametrize("sets", BLOWS)
@pytest.mark.parametrize("at", [0, 9])
def test_latent_cases_people_hours_and_the_run_in_know_nothing_of_a_shock(sets: str, at: int) -> None:
    config = made(f"shock.one={{at: {at}, states: [{A}, {B}], set: {{{sets}}}}}")
    quiet, struck = prepare(made(), SEED), prepare(config, SEED)
    assert config.world_digest() == made().world_digest()
    for one, other in zip(quiet.cases, struck.cases, strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(quiet.world.capacity, struck.world.capacity)
    before = struck.rules.run_in or struck.rules
    assert np.array_equal(before.reading.pair_bar, quiet.rules.reading.pair_bar)
    assert not before.upheaval.blows


def tables(rules: Rules) -> dict[str, Any]:
    named = {"law": rules.law, "reading": rules.reading, "practice": rules.practice, "habits": rules.habits}
    return {f"{part}.{name}": value for part, held in named.items() for name, value in held._asdict().items()} | {
        "capacity": rules.capacity,
        "maxima": rules.maxima,
        "trained": rules.trained,
    }


def equal(one: Rules, other: Rules) -> bool:
    mine, theirs = tables(one), tables(other)
    return all(np.array_equal(mine[name], theirs[name], equal_nan=np.asarray(mine[name]).dtype.kind == "f") for name in mine)


def rules_by_month(*overrides: str) -> list[Rules]:
    run = prepare(made(*overrides), SEED)
    found = []
    while run.month < run.months:
        if run.month >= run.config.run_in_months:
            found.append(run.rules)
        advance(run)
    return found


FADING = "liberal: 0.05, uptake: 0.9, breadth: 1.0, transfer_protection: 0.1, hours: 0.5, penalties: {insult: 30.0}"


@pytest.mark.parametrize("conduct", [(), ("conduct=adaptive", "adaptation.legislatures.inflation=false", *(
    f"adaptation.legislatures.{name}=false" for name in ("diffusion", "restrictive", "protocol")
), *(f"adaptation.reviewers.{name}=false" for name in ("trust", "record", "scandals", "emergencies")))])  # fmt: skip
def test_a_fading_shock_ends_with_the_old_rules_and_a_lasting_one_stays(conduct: tuple[str, ...]) -> None:
    quiet = rules_by_month(*conduct)
    fading = rules_by_month(f"shock.one={{at: 2, states: {A}, set: {{{FADING}}}, fade: 0.5}}", *conduct)
    lasting = rules_by_month(f"shock.one={{at: 2, states: {A}, set: {{{FADING}}}}}", *conduct)
    over = 2 + HALF_LIVES // 2
    assert all(equal(quiet[month], fading[month]) for month in (0, 1, *range(over, 24)))
    assert not any(equal(quiet[month], fading[month]) for month in range(2, over))
    assert all(equal(lasting[2], lasting[month]) and not equal(quiet[2], lasting[month]) for month in range(2, 24))
    assert equal(lasting[2], fading[2])


def test_halfway_numbers_are_halfway_and_what_has_none_between_is_over() -> None:
    who = f"[{A}, {B}]"
    sets = "judicial: 0.9, hours: 3.0, penalties: {insult: no_crime}, instruments: {cloud_act: {binds: true}}"
    rules = rules_by_month(f"shock.one={{at: 2, states: {who}, set: {{{sets}}}, fade: 4}}")
    row, insult = states_of().codes.index(A), rules[0].ruled.offences.names.index("insult")
    old = states_of().judicial[row]
    assert rules[6].reading.judicial[row] == pytest.approx((old + 0.9) / 2)
    assert rules[6].capacity[row] == pytest.approx(2.0 * rules[0].capacity[row])
    assert rules[10].reading.judicial[row] == pytest.approx(old + (0.9 - old) / 4)
    text = rules[0].names.index("cloud_act")
    bound = [bool(month.law.after[text, row, row + 1]) for month in rules[:10]]
    assert bound == [False, False, True, True, True, True, False, False, False, False]
    maxima = np.array([month.maxima[row, insult] for month in rules[:10]])
    assert np.isnan(maxima[2:6]).all()
    assert np.array_equal(maxima[6:], np.full(4, maxima[0]), equal_nan=True)


def test_keys_of_the_configuration_fade_in_proportion_and_choices_by_steps() -> None:
    sets = "review: {hours_median: 10.0}, instruments: {hanoi: {threshold_years: 8.0, safeguards: {judge: must}}}"
    run = prepare(made(f"shock.one={{at: 1, set: {{{sets}}}, fade: 3}}"), SEED)
    found = {}
    while run.month < run.months:
        found[run.month - run.config.run_in_months] = run.rules.policy
        advance(run)
    assert [found[month].review.hours_median for month in (0, 1, 4, 7)] == [2.0, 10.0, 6.0, 4.0]
    assert [found[month].instruments["hanoi"].threshold_years for month in (0, 1, 4)] == [4.0, 8.0, 6.0]
    usual = made().instruments["hanoi"].safeguards.get("judge", "absent")
    assert [found[month].instruments["hanoi"].safeguards.get("judge", "absent") for month in (0, 1, 3, 4)] == [
        usual,
        "must",
        "must",
        usual,
    ]


def test_of_two_shocks_each_acts_on_what_the_earlier_left() -> None:
    first = f"shock.later={{at: 3, states: {A}, set: {{judicial: 0.9}}, fade: 2}}"
    second = f"shock.earlier={{at: 1, states: {A}, set: {{judicial: 0.1}}}}"
    rules = rules_by_month(first, second)
    row = states_of().codes.index(A)
    assert [month.reading.judicial[row] for month in rules[:4]] == [states_of().judicial[row], 0.1, 0.1, 0.9]
    assert rules[5].reading.judicial[row] == pytest.approx(0.5)


# --- what others have learned by then ---------------------------------------------------------------------------------------------


def test_a_maximum_that_a_parliament_has_made_stays_where_no_shock_names_it() -> None:
    free = ("conduct=adaptive", "adaptation.legislatures.rise=5.0", "instruments.hanoi.threshold_years=9.0")
    quiet = rules_by_month(*free)
    struck = rules_by_month(*free, f"shock.one={{at: 15, states: {A}, set: {{penalties: {{insult: 2.0}}, judicial: 0.5}}}}")
    raised = ~np.isclose(quiet[14].maxima, quiet[0].maxima, equal_nan=True)
    assert raised.any()
    row, insult = states_of().codes.index(A), quiet[0].ruled.offences.names.index("insult")
    expected = quiet[15].maxima.copy()
    expected[row, insult] = 2.0
    assert np.array_equal(struck[15].maxima, expected, equal_nan=True)


def test_a_bound_acts_on_the_maximum_in_force_whoever_made_it() -> None:
    free = ("conduct=adaptive", "adaptation.legislatures.rise=5.0", "instruments.hanoi.threshold_years=9.0")
    quiet = rules_by_month(*free)
    struck = rules_by_month(*free, "shock.one={at: 15, set: {penalties: {protected: {least: 5.0}}}}")
    assert (quiet[15].maxima == 9.0).sum() > (quiet[0].maxima == 9.0).sum()
    protected = quiet[0].ruled.offences.protected
    expected = np.where(protected[None, :], np.maximum(quiet[15].maxima, 5.0), quiet[15].maxima)
    assert np.array_equal(struck[15].maxima, expected, equal_nan=True)


def test_what_reviewers_remember_is_kept_over_a_shock() -> None:
    quiet = rules_by_month(*ADAPTIVE)
    struck = rules_by_month(*ADAPTIVE, f"shock.one={{at: 15, states: {A}, set: {{skill: 0.5}}}}")
    assert not np.array_equal(quiet[15].reading.pair_bar, quiet[0].reading.pair_bar)
    assert np.array_equal(quiet[15].reading.pair_bar, struck[15].reading.pair_bar)


def test_where_hours_follow_the_load_nobody_hires_for_a_shock() -> None:
    follows = ("review.capacity=follows",)
    opened = "instruments: {hanoi: {threshold_years: 0.0}}, conduct: {file_everything: true}"
    later, first = rules_by_month(f"shock.one={{at: 4, set: {{{opened}}}}}", *follows), rules_by_month(*follows)
    assert np.array_equal(later[4].capacity, first[0].capacity)
    at_once = rules_by_month(f"shock.one={{at: 0, set: {{{opened}}}}}", *follows)
    assert not np.array_equal(at_once[0].capacity, first[0].capacity)


def test_a_party_that_a_shock_makes_joins_as_others_did() -> None:
    makes = ("conduct=adaptive", "adaptation.members.leaving=false", "adaptation.legislatures.new_laws=1000.0")
    without = (*makes, f"+instruments.hanoi.parties.without.{A}=true")
    quiet = rules_by_month(*without)
    struck = rules_by_month(*without, f"shock.one={{at: 6, states: {A}, set: {{instruments: {{hanoi: {{binds: true}}}}}}}}")
    row, text = states_of().codes.index(A), quiet[0].names.index("hanoi")
    assert not quiet[6].law.after[text, row].any()
    assert struck[6].law.after[text, row].any()
    assert np.isnan(quiet[6].maxima[row]).sum() > np.isnan(struck[6].maxima[row]).sum()  # it makes the laws that joining brings


# --- with and without rows --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("conduct", CONDUCTS[:2])
def test_without_rows_a_shocked_run_has_the_same_estimands(conduct: tuple[str, ...]) -> None:
    sets = f"shock.one={{at: 13, states: [{A}, {B}], set: {{{BLOWS[0]}}}, fade: 6}}"
    config = load(*(usual for usual in SMALL if not usual.startswith("years=")), "years=5", sets, *conduct)
    whole, folded = simulate(config, SEED), simulate(config, SEED, rows=False)
    pd.testing.assert_frame_equal(whole.metrics, folded.metrics)


# --- small truths -----------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 100), st.one_of(st.none(), st.floats(0.01, 60)), st.integers(-1, 599))
def test_a_weight_begins_with_one_never_rises_and_changes_only_in_the_months_that_are_told(
    at: int, fade: float | None, month: int
) -> None:
    shock = Shock(at=at, set={}, fade=fade)
    assert weight_of(shock, at) == 1.0
    assert 0.0 <= weight_of(shock, month + 1) <= 1.0
    if month >= at:
        assert weight_of(shock, month + 1) <= weight_of(shock, month)
    changed = blows_in({"one": shock}, month + 1) != blows_in({"one": shock}, month)
    assert ((month + 1) in months_of_change({"one": shock}, 601)) == changed


@given(st.floats(0, 1), st.floats(-1, 1), st.floats(0, 10))
def test_the_answered_share_follows_the_slope_and_stays_a_share(share: float, change: float, slope: float) -> None:
    there = answered_after(np.array([share]), np.array([change]), slope)
    assert 0.0 <= there[0] <= 1.0
    assert (there[0] - share) * change >= -1e-12
    if change == 0.0 or share in (0.0, 1.0):
        assert there[0] == share
    elif 1e-3 < share < 1 - 1e-3:
        back = answered_after(there, np.array([-change]), slope)
        assert back[0] == pytest.approx(share, rel=1e-6)


def test_a_named_list_and_a_list_of_selectors_reach_whom_they_name() -> None:
    listed = ran("states.lists.near=[AAA,AAC]", "shock.one={at: 2, states: near, set: {judicial: 0.2}}")
    named = ran("shock.one={at: 2, states: [AAA, AAC], set: {judicial: 0.2}}")
    assert listed.metrics.equals(named.metrics)
    world = world_of(made(), SEED)
    shock = {"one": Shock(at=0, states=["liberal_democracy", A], set={"terror": 3.0})}
    terror = struck_world(world, Upheaval(blows_in(shock, 0)), Dials()).states.terror
    reached = (world.states.regime == 3) | (np.array(world.states.codes) == A)
    assert np.array_equal(terror == 3.0, reached)
