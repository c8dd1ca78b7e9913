"""Who joins a treaty, when it binds whom, and who leaves: closed forms of hazards, dates of the text, S13 to S15 as settings."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.config import load
from sim.draws import Draws
from sim.enactment import polity_of
from sim.month import advance
from sim.rules import rules_of
from sim.run import Run
from sim.simulation import check
from sim.society.membership import (
    Calendar,
    Members,
    Membership,
    Pace,
    bound_in,
    calendar_of,
    in_force_from,
    membership_of,
    pace_of,
    share_of_region,
)
from sim.world.record import ConfigError
from sim.world.snapshot import World
from sim.world.states import StateTable
from sim.world.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR, PRESERVATION
from tests.worlds import bare_world, ended, made_up, started

FAR = 4.5  # standard errors
START = dt.date(2027, 1, 1)
MEMBERS = "adaptation.members."
JOINING = f"{MEMBERS}joining=true"
QUICK = f"{MEMBERS}hazard=1000000"


def spec_of(**fields: Any) -> Members:
    return made_up().adaptation.members.model_copy(update={"joining": True, "hazard_spread": 0.0, **fields})


@lru_cache(maxsize=4)
def many(count: int) -> World:
    return bare_world(made_up(f"states.synthetic.count={count}", "people.rows=2000"))


def years(count: float, as_of: dt.date = START) -> Calendar:
    return calendar_of(as_of, START, 0.0, count * DAYS_PER_YEAR)


def ran(
    spec: Members,
    states: StateTable,
    calendar: Calendar,
    seed: int = 1,
    emulation: float = 0.0,
    hazard: float | None = None,
    **who: Any,
) -> Membership:
    everyone, nobody = np.ones(states.count, bool), np.zeros(states.count, bool)
    pace = Pace(spec.hazard if hazard is None else hazard, emulation)
    return membership_of(
        spec, who.get("eligible", everyone), who.get("ratified", nobody), states, pace, calendar, Draws(seed)
    )  # fmt: skip


def same(one: Membership, other: Membership) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# --- joining -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hazard", [0.03, 0.3])
def test_without_emulation_the_parties_after_some_years_are_those_of_an_exponential_clock(hazard: float) -> None:
    states, calendar = many(400).states, years(10)
    deposit = np.concatenate([ran(spec_of(), states, calendar, seed, hazard=hazard).deposit for seed in range(10)])
    for after in (1.0, 4.0, 9.5):
        chance = -np.expm1(-hazard * after)
        assert (deposit <= after * DAYS_PER_YEAR).mean() == pytest.approx(
            chance, abs=FAR * np.sqrt(chance * (1 - chance) / deposit.size)
        )


def test_the_day_within_a_month_is_that_of_the_same_clock() -> None:
    states, hazard = many(400).states, 6.0
    deposit = np.concatenate([ran(spec_of(), states, years(5), seed, hazard=hazard).deposit for seed in range(10)])
    wait = np.sort(deposit / DAYS_PER_YEAR)
    gap = np.abs(-np.expm1(-hazard * wait) - (np.arange(wait.size) + 0.5) / wait.size).max()
    assert gap * np.sqrt(wait.size) < 2.2, "Kolmogorov's distance"


@pytest.mark.slow
def test_forty_of_exactly_forty_wait_for_the_last_of_them() -> None:
    """The last of 37 exponential clocks: 37 harmonic numbers over the hazard, then ninety days; who is bound is bound at once."""
    states, hazard = many(40).states, 0.5
    ratified = np.arange(40) < 3
    since = [
        ran(spec_of(), states, years(30), seed, hazard=hazard, ratified=ratified).since for seed in range(200)
    ]  # fmt: skip
    opening = np.array([days.min() for days in since])
    harmonic, squares = (1 / np.arange(1, 38)).sum(), (1 / np.arange(1, 38) ** 2).sum()
    expected, spread = harmonic / hazard * DAYS_PER_YEAR + 90, np.sqrt(squares) / hazard * DAYS_PER_YEAR
    assert opening.mean() == pytest.approx(expected, abs=FAR * spread / np.sqrt(opening.size))
    assert all((days == days.min()).sum() >= 39 for days in since), "the last one is bound ninety days after its own, which is then"


def test_the_text_is_in_force_ninety_days_after_the_fortieth_instrument_and_for_later_ones_after_their_own() -> None:
    deposit = np.concatenate([np.arange(50.0) * 10, [np.inf, 391.0]])
    since = in_force_from(deposit, spec_of(later_days=90.0))
    assert (since[:40] == 39 * 10 + 90).all()
    assert since[40:50].tolist() == [day * 10.0 + 90 for day in range(40, 50)]
    assert since[50] == np.inf
    assert since[51] == 481.0
    assert np.isinf(in_force_from(deposit[:39], spec_of())).all(), "thirty-nine are not enough"
    quick = in_force_from(deposit, spec_of())
    assert spec_of().later_days == 30.0, "Art 65(2) as its models have it: the thirtieth day, or that of entry into force if later"
    assert quick[40] == 480.0, "nobody is bound before the text is in force"
    assert quick[49] == 49 * 10 + 30


def test_a_neighbour_that_joins_makes_others_join_sooner_and_never_later() -> None:
    states = replace(many(200).states, region=tuple("east" if i % 2 else "west" for i in range(200)))
    alone, drawn_in = (ran(spec_of(), states, years(12), emulation=pull, hazard=0.1).deposit for pull in (0.0, 1.5))
    assert (drawn_in <= alone).all()
    assert (drawn_in < alone).sum() > 20
    east = np.array(states.region) == "east"
    pulled = ran(spec_of(), states, years(12), emulation=1.5, hazard=0.1, ratified=east & (np.arange(200) < 150)).deposit
    assert (pulled[~east] == drawn_in[~east]).all(), "the other region hears nothing of it"
    free = east & (np.arange(200) >= 150)
    assert (pulled[free] <= drawn_in[free]).all()
    assert (pulled[free] < drawn_in[free]).any()


@pytest.mark.slow
def test_where_a_whole_region_but_one_has_joined_the_hazard_is_multiplied_as_said() -> None:
    states, pull, hazard = many(200).states, 1.5, 0.2
    ratified = np.arange(200) > 0
    everyone = [
        ran(spec_of(), states, years(15), seed, emulation=pull, hazard=hazard, ratified=ratified) for seed in range(300)
    ]  # fmt: skip
    deposit = [member.deposit[0] for member in everyone]
    rate = hazard * (1 + pull * 199 / 200)
    assert np.mean(deposit) / DAYS_PER_YEAR == pytest.approx(1 / rate, rel=FAR / np.sqrt(300))


def test_a_higher_hazard_makes_nobody_join_later_and_nobody_joins_who_may_not() -> None:
    states = many(200).states
    eligible = np.arange(200) % 3 > 0
    slow, fast = (ran(spec_of(), states, years(12), emulation=0.7, hazard=rate, eligible=eligible) for rate in (0.05, 0.2))
    assert (fast.deposit <= slow.deposit).all()
    assert (fast.since <= slow.since).all()
    assert np.isinf(fast.deposit[~eligible]).all()
    assert np.isinf(ran(spec_of(), states, years(12), hazard=0.0).deposit).all()


def test_a_state_ratifies_on_the_same_date_whenever_the_window_opens_and_however_long_it_is() -> None:
    states, spec = many(60).states, spec_of()
    early = ran(spec, states, calendar_of(dt.date(2026, 5, 31), dt.date(2027, 1, 1), 730.5, 4000.0), hazard=0.3)
    late = ran(spec, states, calendar_of(dt.date(2026, 5, 31), dt.date(2028, 1, 1), 730.5, 3000.0), hazard=0.3)
    both = np.isfinite(late.deposit)
    assert np.allclose(early.deposit[both] - 365, late.deposit[both])
    assert both.any()


def test_the_pace_is_one_unknown_number_of_the_world_with_the_median_that_is_configured() -> None:
    spec = made_up().adaptation.members
    drawn = [pace_of(spec, Draws(seed)) for seed in range(3000)]
    logs = np.log([pace.hazard for pace in drawn])
    assert logs.mean() == pytest.approx(np.log(0.05), abs=FAR * 0.6 / np.sqrt(3000))
    assert logs.std() == pytest.approx(0.6, rel=0.06)
    pulls = np.array([pace.emulation for pace in drawn])
    assert pulls.mean() == pytest.approx(0.75, abs=FAR * 1.5 / np.sqrt(12 * 3000))
    assert (pulls < 1.5).all()


def test_regions_are_counted_by_all_their_states() -> None:
    assert share_of_region(np.array([True, False, False, True]), ("a", "a", "b", "b")).tolist() == [0.5] * 4
    assert share_of_region(np.array([True, True, False]), ("a", "a", "b")).tolist() == [1, 1, 0]


# --- leaving -------------------------------------------------------------------------------------------------------------


def test_parties_leave_as_an_exponential_clock_has_it_and_are_bound_until_their_notice_is_over() -> None:
    states, rate, notice = many(400).states, 0.1, 365.0
    spec = spec_of(joining=False, leaving=True, leave_hazard=rate, notice_days=notice)
    until = np.concatenate([ran(spec, states, years(12), seed).until for seed in range(10)])
    assert until.min() >= notice
    for after in (1.0, 5.0, 11.5):
        chance = -np.expm1(-rate * after)
        found = (until <= after * DAYS_PER_YEAR + notice).mean()
        assert found == pytest.approx(chance, abs=FAR * np.sqrt(chance * (1 - chance) / until.size))


def test_nobody_leaves_before_it_is_bound_and_nobody_comes_back() -> None:
    states = many(200).states
    member = ran(spec_of(leaving=True, leave_hazard=0.5), states, years(15), hazard=0.3, emulation=0.5)
    gone = np.isfinite(member.until)
    assert gone.sum() > 20
    assert (member.until[gone] >= member.since[gone] + 365).all()
    bound = np.array([bound_in(member, month) for month in range(180)])
    assert (np.abs(np.diff(bound.astype(int), axis=0)).sum(axis=0) <= 2).all()


def test_who_leaves_is_nested_in_the_hazard_and_nobody_leaves_without_one() -> None:
    states = many(200).states
    none, few, more = (
        ran(spec_of(joining=False, leaving=True, leave_hazard=rate), states, years(12)).until for rate in (0.0, 0.02, 0.2)
    )
    assert np.isinf(none).all()
    assert (more <= few).all()
    assert (more < few).any()


# --- in a run ------------------------------------------------------------------------------------------------------------


def small(*overrides: str) -> Run:
    config = made_up("review.load=false", f"{MEMBERS}quorum=4", *overrides)
    return started(config, bare_world(config), 5)


def same_docket(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(one.docket, other.docket, strict=True))


def test_with_both_switches_off_no_parameter_of_membership_changes_a_bit() -> None:
    numbers = ("hazard=0.5", "hazard_spread=0", "emulation_most=0", "wait_days=0", "leave_hazard=0.5", "notice_days=0")
    run = small(*(MEMBERS + number for number in numbers))
    assert run.polity is None
    assert same_docket(ended(small()), ended(run))


def test_who_joins_at_once_long_before_the_window_is_bound_as_if_there_were_no_joining() -> None:
    assert same_docket(ended(small()), ended(small(JOINING, QUICK)))


def test_where_nobody_joins_the_run_is_that_without_a_treaty() -> None:
    assert same_docket(ended(small("scenario=no_treaty")), ended(small(JOINING, f"{MEMBERS}hazard=0")))


def test_leaving_without_a_hazard_is_staying() -> None:
    assert same_docket(ended(small()), ended(small(f"{MEMBERS}leaving=true", f"{MEMBERS}leave_hazard=0")))
    leaving = small(f"{MEMBERS}leaving=true", f"{MEMBERS}leave_hazard=2", f"{MEMBERS}notice_days=0")
    assert not same_docket(ended(small()), ended(leaving))


def test_nothing_is_asked_under_the_text_and_through_its_doors_but_between_states_that_it_binds_on_that_day() -> None:
    run = small(JOINING, f"{MEMBERS}hazard=1.5", f"{MEMBERS}leaving=true", f"{MEMBERS}leave_hazard=0.3", f"{MEMBERS}notice_days=30")
    hanoi, in_force = run.rules.names.index("hanoi"), {}
    seen = []
    while run.month < run.months:
        in_force[run.month] = run.in_force.copy() if run.month >= run.rules.treaty_from else run.rules.law.before.copy()
        seen.append(int(bound_in(run.polity.membership, run.month).sum()) if run.polity and run.month >= 24 else 0)
        advance(run)
    docket, used = run.docket, int(run.docket.used[0])
    under = np.flatnonzero(docket.instrument[:used] == hanoi)
    assert under.size > 50
    assert len(set(seen[24:])) > 3, "parties come and go"
    assert any(docket.channel[m] == PRESERVATION for m in under)
    for m in under:
        assert in_force[int(docket.month[m])][hanoi, run.cases.requester[docket.case[m]], docket.requested[m]]


def test_a_request_under_way_is_answered_by_the_text_of_its_day_though_its_state_has_left() -> None:
    soon = (f"{MEMBERS}leave_hazard=1", f"{MEMBERS}notice_days=0")
    staying, leaving = (ended(small(f"{MEMBERS}leaving={word}", *soon)).docket for word in ("false", "true"))
    early = np.flatnonzero(staying.month <= 24)  # filed in the window's first month, when everybody is bound
    assert (leaving.month[early] <= 24).all()
    for column in ("case", "status", "ended_day", "granted", "instrument"):
        assert np.array_equal(getattr(staying, column)[early], getattr(leaving, column)[early], equal_nan=column == "ended_day")


# --- the real world: scenarios are settings ------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def real() -> World:
    return bare_world(load("people.rows=2000"))


def polity(*overrides: str, seed: int = 1) -> Any:
    config = load("people.rows=2000", JOINING, *overrides)
    world = real()
    law = rules_of(config.policy, world, False, 24).law
    return config, law, polity_of(config.policy, world, law, config.start, 24, config.months, Draws(seed))


def codes(flags: NDArray[np.bool_]) -> set[str]:
    return {code for code, meant in zip(real().states.codes, flags, strict=True) if meant}


@pytest.mark.parametrize(
    ("scenario", "most"), [("as_adopted", 72), ("democracies_out", 60), ("forty", 40), ("universal", 193), ("no_treaty", 0)]
)
def test_scenarios_of_membership_say_who_may_join_and_joining_needs_no_word_of_them(scenario: str, most: int) -> None:
    _, law, found = polity(f"scenario={scenario}", QUICK)
    may = law.after[found.text].any(axis=1)
    assert codes(np.isfinite(found.membership.deposit)) == codes(may)
    assert may.sum() <= most
    if scenario == "democracies_out":
        assert (real().states.regime[may] < 2).all()
    if scenario == "forty":
        assert may.sum() == 40
    assert np.isfinite(found.membership.since).all() == (scenario == "universal")


def test_three_have_ratified_before_anybody_is_drawn() -> None:
    _, _, found = polity(f"{MEMBERS}hazard=0")
    assert codes(np.isfinite(found.membership.deposit)) == {"QAT", "VNM", "AZE"}
    assert np.isinf(found.membership.since).all()
    _, _, democratic = polity(f"{MEMBERS}hazard=0", "scenario=democracies_only")
    assert codes(np.isfinite(democratic.membership.deposit)) == set()


def test_a_day_of_three_hundred_sixty_five_turns_no_month_round() -> None:
    calendar = calendar_of(dt.date(2026, 5, 31), START, 730.5, 730.5 + 12 * DAYS_PER_MONTH)
    assert calendar.first == 730.5 - 215
    assert (calendar.year[0], calendar.month[0]) == (2026, 5)
    assert (calendar.year[8], calendar.month[8]) == (2027, 1)
    assert calendar.first + (calendar.year.size - 1) * DAYS_PER_MONTH < 730.5 + 12 * DAYS_PER_MONTH


def test_training_reaches_a_state_when_the_text_that_offers_it_binds_the_state() -> None:
    config = made_up("review.load=false", "scenario=capacity", f"{MEMBERS}quorum=4", JOINING, f"{MEMBERS}hazard=1.0")
    world = bare_world(config).with_capacity(np.full(12, 100.0))
    run = started(config, world, 5, loaded=True)
    helped = []
    while run.month < run.months:
        advance(run)
        if run.month >= run.rules.treaty_from:
            assert run.polity is not None
            more = run.rules.capacity > world.capacity
            skilled = world.states.skill < config.safeguards["training"].below  # type: ignore[attr-defined]
            assert np.array_equal(more, run.polity.parties & skilled)
            helped.append(int(more.sum()))
    assert helped[0] < helped[-1]


def test_a_membership_run_twice_is_the_same_and_another_seed_is_another() -> None:
    assert same(polity(seed=3)[2].membership, polity(seed=3)[2].membership)
    assert not same(polity(seed=3)[2].membership, polity(seed=4)[2].membership)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            f"{MEMBERS}text=budapest",
            "adaptation.members.text: found 'budapest'; accepted: a text that is not in force",
        ),
        (f"+{MEMBERS}ratified.XXX=true", "adaptation.members.ratified: no state has the code 'XXX'"),
    ],
)
def test_a_bad_setting_gets_one_clear_line(override: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(load("people.rows=2000", JOINING, override))
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_nothing_is_compiled_anew_when_parties_come_and_go() -> None:
    run, plain = small(JOINING, f"{MEMBERS}hazard=1.5"), small()
    while run.month < run.months:
        advance(run)
        alike(run, plain)


def alike(run: Run, plain: Run) -> None:
    """The arrays that kernels read are of the same type as those of a run in which the law stands still."""
    for part in ("law", "habits", "reading"):
        for a, b in zip(getattr(run.rules, part), getattr(plain.rules, part), strict=True):
            assert type(a) is type(b)
            if isinstance(a, np.ndarray):
                kinds = [(x.dtype, x.ndim, x.flags.c_contiguous, x.flags.writeable) for x in (a, b)]
                assert kinds[0] == kinds[1]
