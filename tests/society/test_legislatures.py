"""What legislatures do: hazards in closed form, directions, what may never happen, and a threshold that is not what it was."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.arrays import Flags, Reals
from sim.config import load
from sim.draws import Draws, name_keys
from sim.enactment import year_of
from sim.month import advance
from sim.run import Run
from sim.settings import Config
from sim.simulation import check
from sim.society.legislatures import (
    Legislatures,
    Statutes,
    blocked_share,
    copied_share,
    gate_above,
    happens,
    january,
    laws_on_joining,
    pressure,
    protocol_binds,
    rise_hazard,
    statutes_of,
    statutes_on_joining,
)
from sim.world.instruments import COVERED, OUTSIDE, TOO_LIGHT
from sim.world.record import ConfigError
from sim.world.snapshot import World
from sim.world.vocabulary import HONEST
from tests.worlds import bare_world, ended, made_up, started

FAR = 4.5  # standard errors
LAWS = "adaptation.legislatures."
RISING = (f"{LAWS}inflation=true", f"{LAWS}rise=0.3")
SWITCHES = ("inflation", "diffusion", "restrictive", "protocol")


def spec_of(**fields: Any) -> Legislatures:
    return made_up().adaptation.legislatures.model_copy(update=fields)


@lru_cache(maxsize=4)
def world_of(count: int = 60) -> World:
    return bare_world(made_up(f"states.synthetic.count={count}", "people.rows=2000"))


# --- hazards -------------------------------------------------------------------------------------------------------------


def test_pressure_has_a_mean_of_one_and_grows_with_repression() -> None:
    repression = np.linspace(-2, 3, 40)
    for slope in (0.0, 0.7, 1.5):
        weight = pressure(spec_of(repression_slope=slope), repression)
        assert weight.mean() == pytest.approx(1)
        assert (np.diff(weight) > 0).all() == (slope > 0)
    doubled = pressure(spec_of(repression_slope=np.log(2)), np.array([0.0, 1.0]))
    assert doubled[1] == pytest.approx(2 * doubled[0])


def test_the_hazard_is_what_the_formula_says_and_each_part_needs_its_switch() -> None:
    spec = spec_of(inflation=True, diffusion=True, rise=0.02, blocked=3.0, copying=0.1, repression_slope=0.0)
    blocked, copied = np.array([0.0, 0.5]), np.array([[0.0, 0.4], [0.0, 0.4]])
    assert rise_hazard(spec, np.zeros(2), blocked, copied) == pytest.approx(np.array([[0.02, 0.06], [0.05, 0.09]]))
    alone = rise_hazard(spec.model_copy(update={"diffusion": False}), np.zeros(2), blocked, copied)
    assert alone == pytest.approx(np.array([[0.02, 0.02], [0.05, 0.05]]))
    others = rise_hazard(spec.model_copy(update={"inflation": False}), np.zeros(2), blocked, copied)
    assert others == pytest.approx(np.array([[0.0, 0.04], [0.0, 0.04]]))


def test_the_hazard_grows_with_repression_with_what_was_blocked_and_with_what_others_did() -> None:
    spec = spec_of(inflation=True, diffusion=True)
    rising = np.linspace(0, 1, 20)
    flat, none = np.zeros(20), np.zeros((20, 1))
    for given in ((rising, flat, none), (flat, rising, none), (flat, flat, rising[:, None])):
        hazard = rise_hazard(spec, *given)
        assert (np.diff(hazard[:, 0]) > 0).all()


def test_what_comes_with_a_hazard_comes_as_often_as_an_exponential_clock_has_it_and_is_nested() -> None:
    luck = Draws(1).uniform("penalty_rise", np.arange(40_000))
    few, more = happens(np.full(40_000, 0.05), np.ones(1), luck), happens(np.full(40_000, 0.3), np.ones(1), luck)
    for found, rate in ((few, 0.05), (more, 0.3)):
        chance = -np.expm1(-rate)
        assert found.mean() == pytest.approx(chance, abs=FAR * np.sqrt(chance * (1 - chance) / 40_000))
    assert (more[few]).all()
    assert not happens(np.zeros(40_000), np.ones(1), luck).any()


# --- January -------------------------------------------------------------------------------------------------------------


def years_of(hazard: float, januaries: int, months: int = 12, n: int = 300, k: int = 10, seed: int = 1) -> Reals:
    """Share of the maxima below a gate that have risen after each January."""
    statutes = Statutes(np.full((n, k), 2.0), np.zeros((n, k), np.int64), np.full(n, months))
    keys = name_keys([f"state {i}" for i in range(n)]), name_keys([f"offence {i}" for i in range(k)])
    share = []
    for year in range(2028, 2028 + januaries):
        gate = np.where(statutes.years < 4, 4.0, np.nan)
        statutes = january(statutes._replace(months=np.full(n, months)), gate, np.full((n, k), hazard), year, keys, Draws(seed))
        share.append((statutes.years >= 4).mean())
    return np.array(share)


@pytest.mark.parametrize(("hazard", "months"), [(0.05, 12), (0.3, 12), (0.3, 6)])
def test_what_is_left_below_a_gate_decays_geometrically(hazard: float, months: int) -> None:
    share = years_of(hazard, 10, months)
    expected = -np.expm1(-hazard * months / 12 * np.arange(1, 11))
    assert share == pytest.approx(expected, abs=FAR * 0.5 / np.sqrt(3000))


def test_a_maximum_rises_to_the_gate_and_no_maximum_falls_or_rises_without_a_gate() -> None:
    world = world_of()
    before = statutes_of(world.states)
    gate = np.where(before.years < 5, 5.0, np.nan)
    gate[::2] = np.nan
    keys = world.states.keys, world.offences.keys
    after = january(before._replace(months=np.full(60, 12)), gate, np.full(gate.shape, 50.0), 2030, keys, Draws(1))
    asked = np.isfinite(gate)
    assert (after.years[asked] == 5).all()
    assert np.array_equal(after.years[~asked], before.years[~asked], equal_nan=True)
    assert (after.since == np.where(asked, 2030, 0)).all()
    assert not after.months.any()
    high = january(
        before._replace(months=np.full(60, 12)), np.full(gate.shape, 0.5), np.full(gate.shape, 50.0), 2030, keys, Draws(1)
    )
    held = ~np.isnan(before.years)
    assert (high.years[held] >= before.years[held]).all()


def test_whom_the_text_did_not_bind_has_no_reason_to_raise_anything() -> None:
    world = world_of()
    gate = np.full(world.states.penalties.shape, 9.0)
    after = january(
        statutes_of(world.states), gate, np.full(gate.shape, 50.0), 2030, (world.states.keys, world.offences.keys), Draws(1)
    )
    assert not after.since.any()


def test_the_gate_is_that_of_a_text_that_binds_and_that_a_maximum_can_pass() -> None:
    reach = np.full((3, 2, 3), TOO_LIGHT, np.int8)
    reach[:, :, 2] = COVERED
    lifted = np.full_like(reach, COVERED)
    lifted[1] = TOO_LIGHT  # weighs harm besides
    reach[0, 1, 1] = OUTSIDE
    bound = np.array([[True, True], [True, True], [True, False]])
    held = np.array([[True, True, True], [True, True, False]])
    gate = gate_above(reach, lifted, bound, np.array([4.0, 9.0, 6.0]), held)
    assert np.array_equal(gate, [[6.0, 6.0, np.nan], [4.0, np.nan, np.nan]], equal_nan=True)
    assert np.isnan(gate_above(reach[:0], lifted[:0], bound[:0], np.empty(0), held)).all()


def test_a_wish_is_blocked_where_a_text_binds_its_host_and_its_label_is_too_light() -> None:
    cases: Any = SimpleNamespace(
        abusive=np.array([True, True, True, True, False]),
        conduct=np.array([0, 0, 1, 2, 0]),
        requester=np.array([0, 0, 0, 0, 1]),
        hosts=np.array([[1, -1], [2, -1], [1, 2], [1, -1], [0, -1]]),
    )
    protected = np.array([True, True, False])
    light = np.zeros((1, 3, 3), bool)
    light[0, :, 0] = True
    in_force = np.zeros((1, 3, 3), bool)
    in_force[0, 0, 1] = in_force[0, 1, 0] = True
    share = blocked_share(np.arange(5), cases, light, in_force, protected)
    assert share == pytest.approx([1 / 3, 0, 0]), (
        "the second lies with a state that is not bound, the fourth is no protected conduct"
    )
    assert not blocked_share(np.arange(5), cases, light, np.zeros_like(in_force), protected).any()
    assert not blocked_share(np.arange(0), cases, light, in_force, protected).any()


def test_what_others_did_counts_by_how_near_they_stand_and_oneself_does_not() -> None:
    alignment = np.array([[1.0, 0.6, 0.2], [0.6, 1.0, 0.0], [0.2, 0.0, 1.0]])
    changed = np.array([[True, False], [True, False], [False, True]])
    assert copied_share(changed, alignment) == pytest.approx(np.array([[0.75, 0.25], [1.0, 0.0], [1.0, 0.0]]))
    assert not copied_share(np.zeros((3, 2), bool), alignment).any()


# --- new laws ------------------------------------------------------------------------------------------------------------


def test_new_laws_are_made_where_there_was_none_as_often_as_the_rate_says_and_only_against_what_is_named() -> None:
    world = world_of(400)
    spec = spec_of(
        restrictive=True, repression_slope=0.0, new_laws=0.1, new_laws_years=3.0, new_laws_on={"false_news": 1.0, "insult": 0.5}
    )
    planned = laws_on_joining(spec, world.states, world.offences, Draws(1))
    made, free = ~np.isnan(planned), np.isnan(world.states.penalties)
    assert not (made & ~free).any()
    for name, weight in (("false_news", 1.0), ("insult", 0.5)):
        k = world.offences.names.index(name)
        chance = -np.expm1(-0.3 * weight)
        assert made[free[:, k], k].mean() == pytest.approx(chance, abs=FAR * np.sqrt(chance * (1 - chance) / free[:, k].sum()))
        known = world.states.penalties[~free[:, k], k]
        assert np.isin(planned[made[:, k], k], known).all(), "a maximum as others have it"
        assert abs(np.median(planned[made[:, k], k]) - np.median(known)) < 1.0
    others = [k for k, name in enumerate(world.offences.names) if name not in ("false_news", "insult")]
    assert not made[:, others].any()


def test_more_repressive_states_make_more_new_laws_and_a_higher_rate_makes_the_same_and_more() -> None:
    world = world_of(400)
    few, more = (
        laws_on_joining(spec_of(restrictive=True, new_laws=rate), world.states, world.offences, Draws(1)) for rate in (0.05, 0.2)
    )
    assert (~np.isnan(more)[~np.isnan(few)]).all()
    k = world.offences.names.index("false_news")
    free = np.isnan(world.states.penalties[:, k])
    harsh = world.states.repression > np.median(world.states.repression[free])
    assert (~np.isnan(more))[free & harsh, k].mean() > (~np.isnan(more))[free & ~harsh, k].mean()
    assert np.isnan(laws_on_joining(spec_of(restrictive=True, new_laws=0.0), world.states, world.offences, Draws(1))).all()


def test_a_new_law_is_made_on_joining_and_not_before_and_none_that_stands_is_replaced() -> None:
    world = world_of()
    before = statutes_of(world.states)
    planned = np.full(before.years.shape, 7.0)
    bound = np.arange(60) < 20
    after = statutes_on_joining(before, bound, planned, 2027)
    new = bound[:, None] & np.isnan(before.years)
    assert (after.years[new] == 7).all()
    assert np.array_equal(after.years[~new], before.years[~new], equal_nan=True)
    assert ((after.since == 2027) == new).all()
    assert statutes_on_joining(after, bound, planned, 2028) is after


def test_a_protocol_needs_its_time_and_its_parties() -> None:
    spec = spec_of(protocol=True, protocol_years=5.0, protocol_parties=60)
    assert not protocol_binds(spec, 72, 59)
    assert protocol_binds(spec, 72, 60)
    assert not protocol_binds(spec, 59, 100)
    assert not protocol_binds(spec_of(), 193, 600)


# --- in a run ------------------------------------------------------------------------------------------------------------


SMALL = ("review.load=false", "demand.abusive_odds=0.2", "years=4")


@lru_cache(maxsize=1)
def small_world() -> World:
    return bare_world(made_up(*SMALL))


def small(*overrides: str, seed: int = 5) -> Run:
    return started(made_up(*SMALL, *overrides), small_world(), seed)


def same_docket(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(one.docket, other.docket, strict=True))


def books(run: Run) -> list[tuple[int, Reals]]:
    """The maxima at the beginning of each month of a run."""
    found = []
    while run.month < run.months:
        found.append((run.month, run.rules.maxima))
        advance(run)
    return found


def test_with_every_switch_off_no_parameter_of_legislatures_changes_a_bit() -> None:
    numbers = (
        *("rise=0.5", "repression_slope=2", "blocked=9", "copying=2", "new_laws=1", "new_laws_years=9"),
        *("protocol_years=0", "protocol_parties=0"),
    )
    run = small(*(LAWS + number for number in numbers))
    assert run.polity is None
    assert same_docket(ended(small()), ended(run))


@pytest.mark.parametrize(
    ("switch", "idle"),
    [("inflation", "rise=0"), ("diffusion", "copying=0.5"), ("restrictive", "new_laws=0"), ("protocol", "protocol_parties=1000")],
)
def test_a_switch_whose_number_is_neutral_is_off(switch: str, idle: str) -> None:
    """Diffusion alone has nothing to spread."""
    assert same_docket(ended(small()), ended(small(f"{LAWS}{switch}=true", f"{LAWS}{idle}")))


@pytest.mark.parametrize(
    ("switch", "more"), [("inflation", "rise=1"), ("restrictive", "new_laws=2"), ("protocol", "protocol_parties=0")]
)
def test_each_switch_alone_changes_what_happens(switch: str, more: str) -> None:
    assert not same_docket(ended(small()), ended(small(f"{LAWS}{switch}=true", f"{LAWS}{more}", f"{LAWS}protocol_years=1")))


@pytest.mark.parametrize(("start", "january_at"), [("2027-01-01", 36), ("2027-07-01", 30), ("2027-02-15", 35), ("2027-12-01", 25)])
def test_maxima_rise_in_january_alone_and_after_some_time_under_the_gate(start: str, january_at: int) -> None:
    run = small(f"start={start}", f"{LAWS}inflation=true", f"{LAWS}rise=5")
    changes = pairwise(books(run))
    moved = [month for (_, before), (month, now) in changes if not np.array_equal(before, now, equal_nan=True)]
    assert moved[0] == january_at
    assert all((month - january_at) % 12 == 0 for month in moved)
    assert all(year_of(run.config.start, month, 24)[1] == 1 for month in moved)


def test_only_protected_conduct_that_is_punished_rises_in_states_that_are_bound_and_only_to_the_gate() -> None:
    run = small(*RISING, f"{LAWS}diffusion=true")
    law, before = run.rules.law, run.rules.maxima.copy()
    hanoi = run.rules.names.index("hanoi")
    ended(run)
    last = run.rules.maxima
    moved = last != before
    moved &= ~(np.isnan(last) & np.isnan(before))
    assert moved.any()
    assert not np.isnan(before[moved]).any()
    assert (last[moved] == 4).all()
    assert (before[moved] < 4).all()
    rows, columns = np.nonzero(moved)
    assert run.world.offences.protected[columns].all()
    assert law.after[hanoi].any(axis=1)[rows].all()
    assert run.polity is not None
    assert np.array_equal(run.polity.statutes.since > 0, moved)


def test_a_raised_label_comes_within_the_text_and_no_reach_of_anything_else_moves() -> None:
    run = small(*RISING)
    before = run.rules.law.reach.copy()
    hanoi = run.rules.names.index("hanoi")
    ended(run)
    last = run.rules.maxima
    raised = run.polity.statutes.since > 0  # type: ignore[union-attr]
    now = run.rules.law.reach
    assert (before[hanoi][raised] == TOO_LIGHT).all()
    assert (now[hanoi][raised] == COVERED).all()
    assert np.array_equal(now[hanoi][~raised], before[hanoi][~raised])
    assert np.array_equal(np.isnan(last), np.isnan(run.world.states.penalties))


def test_a_higher_hazard_raises_the_same_and_more_and_so_does_diffusion() -> None:
    def raised(*overrides: str) -> Flags:
        run = small(*overrides)
        ended(run)
        assert run.polity is not None
        return np.asarray(run.polity.statutes.since > 0)

    few = raised(f"{LAWS}inflation=true", f"{LAWS}rise=0.05")
    more = raised(f"{LAWS}inflation=true", f"{LAWS}rise=0.3")
    spread = raised(f"{LAWS}inflation=true", f"{LAWS}rise=0.05", f"{LAWS}diffusion=true", f"{LAWS}copying=3")
    assert more[few].all()
    assert more.sum() > few.sum()
    assert spread[few].all()
    assert spread.sum() > few.sum()


def test_a_protocol_of_the_first_day_is_the_scenario_and_one_of_later_changes_nothing_before() -> None:
    adds = ("+instruments.hanoi.adds.false_news=true", "+instruments.hanoi.adds.extremism=true")
    static = ended(small(*adds))
    assert same_docket(static, ended(small(f"{LAWS}protocol=true", f"{LAWS}protocol_years=0", f"{LAWS}protocol_parties=0")))
    later = ended(small(f"{LAWS}protocol=true", f"{LAWS}protocol_years=2", f"{LAWS}protocol_parties=0"))
    plain = ended(small())
    rows = [np.flatnonzero(run.docket.month < 48) for run in (plain, later)]
    for column in ("case", "label", "instrument", "requested", "filed_day"):
        assert np.array_equal(*(getattr(run.docket, column)[part] for run, part in zip((plain, later), rows, strict=True)))
    assert not same_docket(plain, later)


def test_what_a_protocol_adds_is_within_the_text_punished_by_its_parties_and_on_their_menus_from_its_day_on() -> None:
    run = small(f"{LAWS}protocol=true", f"{LAWS}protocol_years=2", f"{LAWS}protocol_parties=0")
    hanoi, k = run.rules.names.index("hanoi"), run.world.offences.names.index("false_news")
    parties = run.rules.law.after[hanoi].any(axis=1)
    lacking = parties & np.isnan(run.world.states.penalties[:, k])
    assert lacking.any()
    while run.month < run.months:
        on = run.month >= 24 + 24
        rules = run.rules
        assert (rules.law.reach[hanoi][:, k] == COVERED).all() == on
        assert rules.law.adds[hanoi, k] == on
        assert rules.law.established[hanoi, k] == on
        assert rules.reading.crime[hanoi, :, k].all() == on
        assert rules.habits.punished[-1][lacking, k].all() == on
        assert np.isfinite(rules.habits.menu[-1][lacking, :, k, HONEST, k]).any() == on
        advance(run)


def test_a_new_law_is_on_the_menu_of_its_state_and_a_crime_when_it_is_asked() -> None:
    run = small(f"{LAWS}restrictive=true", f"{LAWS}new_laws=9")
    k = run.world.offences.names.index("false_news")
    hanoi = run.rules.names.index("hanoi")
    parties = run.rules.law.after[hanoi].any(axis=1)
    new = parties & np.isnan(run.world.states.penalties[:, k]) & ~np.isnan(run.rules.maxima[:, k])
    assert new.any()
    assert run.rules.habits.punished[-1][new, k].all()
    assert run.rules.reading.crime[:, new, k].all()
    assert np.isfinite(run.rules.habits.menu[-1][new, :, k, HONEST, k]).any(axis=1).all()
    assert not (~np.isnan(run.rules.maxima[~parties]) & np.isnan(run.world.states.penalties[~parties])).any()


def test_the_menus_of_states_whose_law_has_changed_are_those_of_a_world_that_always_had_it() -> None:
    from dataclasses import replace

    from sim.conduct.menus import habits_of

    run = small(f"{LAWS}restrictive=true", f"{LAWS}new_laws=9")
    fresh = replace(run.world, states=replace(run.world.states, penalties=run.rules.maxima))
    whole = habits_of(fresh, run.config.conduct, run.rules.law)
    assert np.array_equal(whole.menu[-1], run.rules.habits.menu[-1])
    assert np.array_equal(whole.punished[-1], run.rules.habits.punished[-1])


def test_arrays_that_kernels_read_keep_their_types_with_every_switch_on() -> None:
    members = ("adaptation.members.joining=true", "adaptation.members.hazard=2", "adaptation.members.quorum=3")
    run = small(*(f"{LAWS}{switch}=true" for switch in SWITCHES), f"{LAWS}rise=0.3", f"{LAWS}protocol_parties=4", *members)
    plain = small()
    while run.month < run.months:
        advance(run)
        for part in ("law", "habits", "reading"):
            for a, b in zip(getattr(run.rules, part), getattr(plain.rules, part), strict=True):
                assert type(a) is type(b)
                if isinstance(a, np.ndarray):
                    kinds = [(x.dtype, x.ndim, x.flags.c_contiguous, x.flags.writeable) for x in (a, b)]
                    assert kinds[0] == kinds[1]


def test_the_books_of_the_world_itself_stay_as_they_were() -> None:
    run = small(*(f"{LAWS}{switch}=true" for switch in SWITCHES), f"{LAWS}rise=0.5")
    before = run.world.states.penalties.copy()
    end = ended(run)
    assert np.array_equal(before, end.world.states.penalties, equal_nan=True)


@pytest.mark.slow
def test_given_inflation_is_what_legislatures_come_to_at_once_where_every_state_is_repressive() -> None:
    given = small("conduct.inflation={to_years: 4.0, repression_from: -99.0}")
    chosen = small(f"{LAWS}inflation=true", f"{LAWS}rise=100000")
    while chosen.month < 24 + 12:
        advance(chosen)
    hanoi = given.rules.names.index("hanoi")
    parties = given.rules.law.after[hanoi].any(axis=1)
    assert np.array_equal(given.rules.law.reach[hanoi][parties], chosen.rules.law.reach[hanoi][parties])
    both = small("conduct.inflation={to_years: 4.0, repression_from: -99.0}", f"{LAWS}inflation=true", f"{LAWS}rise=100000")
    ended(both)
    assert both.polity is not None
    assert not both.polity.statutes.since.any(), "what was given leaves nothing to raise"


# --- the threshold turns endogenous --------------------------------------------------------------------------------------


def within(run: Run) -> float:
    """Share of parties and protected offences that the gate lets in."""
    hanoi = run.rules.names.index("hanoi")
    parties = run.rules.law.after[hanoi].any(axis=1)
    inside = run.rules.law.reach[hanoi] == COVERED
    return float(inside[np.ix_(parties, run.world.offences.protected)].mean())


def after_years(config: Config, world: World, years: tuple[int, ...]) -> list[float]:
    run = started(config, world, 3)
    found = []
    while run.month < run.months:
        if run.month >= 24 and (run.month - 24) / 12 in years:
            found.append(within(run))
        advance(run)
    return found


def test_a_higher_threshold_keeps_less_out_the_longer_legislatures_have_had_to_answer_it() -> None:
    names = ("states.synthetic.count=40", "people.rows=2000", "review.load=false", "demand.legitimate=50", "years=10")
    share = {}
    for threshold in (4, 6):
        for switch in ("false", "true"):
            config = made_up(
                *names, f"instruments.hanoi.threshold_years={threshold}", f"{LAWS}inflation={switch}", f"{LAWS}rise=0.05"
            )
            share[threshold, switch] = after_years(config, bare_world(config), (0, 3, 9))
    still, moving = (np.array([share[4, word], share[6, word]]) for word in ("false", "true"))
    assert (np.diff(still, axis=1) == 0).all(), "without legislatures a threshold is what it was"
    assert (np.diff(moving, axis=1) > 0).all()
    assert (still[0] > still[1]).all()
    gap = moving[0] - moving[1]
    assert gap[0] == still[0, 0] - still[1, 0]
    assert gap[0] > gap[1] > gap[2] > 0, "the gap that a higher threshold opens closes"


def test_a_gate_that_weighs_harm_besides_gives_no_reason_to_raise_anything() -> None:
    run = small(*RISING, "instruments.hanoi.seriousness=penalty_and_harm")
    ended(run)
    assert run.polity is not None
    assert not run.polity.statutes.since.any()


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (f"+{LAWS}new_laws_on.fraud=0.5", "adaptation.legislatures.new_laws_on: found 'fraud'; accepted: assembly, blasphemy"),
        (f"+{LAWS}protocol_adds.dance=true", "adaptation.legislatures.protocol_adds: found 'dance'; accepted: "),
        (f"{LAWS}rise=-1", "adaptation.legislatures.rise: found -1"),
    ],
)
def test_a_bad_setting_gets_one_clear_line(override: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(load("people.rows=2000", f"{LAWS}inflation=true", override))
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)
