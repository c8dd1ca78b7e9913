"""What people do about it: losses and their return in closed form, silence that thins exactly, cover that is nested."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.arrays import Reals
from sim.draws import Draws
from sim.metrics import Finished, metrics_of
from sim.month import advance
from sim.run import Run, finish
from sim.settings import Config
from sim.society.expression import (
    Climate,
    Hits,
    People,
    Talk,
    cell_of,
    chill,
    climate_of,
    left_to,
    moved_share,
    publicity,
    receptivity,
    remaining,
    speak,
    take_cover,
    take_in,
)
from sim.world.docket import Docket
from sim.world.snapshot import World
from sim.world.vocabulary import (
    DIRECT,
    EMPTY,
    EXECUTED,
    FORMAL,
    GROUPS,
    HAS_MOVED,
    MOVES_IF_TOLD,
    NOT_LIVE,
    NOTHING_USABLE,
    POLICE,
    PRESERVATION,
    SPONTANEOUS,
    TOLD_AFTER,
    TOLD_BEFORE,
)
from tests.invariants.test_conservation import add_up, under_way
from tests.shares import one_in
from tests.worlds import ASKS, answered, bare_world, cohort, files, made_up, office, started

PEOPLE = "adaptation.people."
SWITCHES = ("own", "peers", "tools")
ON = tuple(f"{PEOPLE}{switch}=true" for switch in SWITCHES)
LEAST_P = 1e-4
FAR = 4.5  # standard deviations
DISSIDENT = GROUPS.index("dissident")


def spec_of(**fields: Any) -> People:
    """People as configured, all switched on, but for these fields."""
    return made_up().adaptation.people.model_copy(update={"own": True, "peers": True, "tools": True, **fields})


def hits(*rows: tuple[int, int, int]) -> Hits:
    """Who was hit: person, member, month."""
    return Hits(*np.array(rows, np.int64).reshape(-1, 3).T)


def talk(*rows: tuple[int, int, float]) -> Talk:
    """What peers hear: cell, month, publicity."""
    cell, month, heard = zip(*rows, strict=True) if rows else ((), (), ())
    return Talk(np.array(cell, np.int64), np.array(month, np.int64), np.array(heard, float))


def peopled(weight: tuple[float, ...] = (1.0, 4.0, 10.0)) -> World:
    """A world whose only people at risk are dissidents of the state that asks, at home, one row a weight."""
    from dataclasses import replace

    place = office()
    ones = np.ones(len(weight))
    cell = {"visibility": ones, "expression": ones, "weight": np.array(weight)}
    return replace(place.world, people=cohort(place.world, {(ASKS, DISSIDENT): cell}))


CELL = ASKS * len(GROUPS) + DISSIDENT


def expressed(world: World, spec: People, climate: Climate, month: int) -> Reals:
    """Expression of a month."""
    found = np.ones(world.people.count)
    speak(climate, spec, month, world.people, found)
    return found


# --- losses and their return ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lasting", "half_life"), [(0.0, 6.0), (0.3, 21.0), (1.0, 21.0)])
def test_one_case_costs_its_person_what_the_formula_says_month_by_month(lasting: float, half_life: float) -> None:
    world, spec = peopled((1.0,)), spec_of(peers=False, own_loss=0.5, lasting=lasting, half_life_months=half_life)
    climate = climate_of(world, spec, 1, 200)._replace(hits=hits((0, 0, 4)))
    for age in (0, 1, 6, 12, 21, 120):
        wanted = 1.0 - 0.5 * (lasting + (1.0 - lasting) * 0.5 ** (age / half_life))
        assert expressed(world, spec, climate, 5 + age)[0] == pytest.approx(wanted, abs=1e-12)
    assert expressed(world, spec, climate, 5)[0] == pytest.approx(0.5), "the whole loss in the month after it was learned"
    assert expressed(world, spec, climate, 6000)[0] == pytest.approx(1.0 - 0.5 * lasting, abs=1e-9), "what lasts"


def test_a_row_loses_its_members_mean_and_further_cases_take_their_part_of_what_is_left() -> None:
    world, spec = peopled((4.0, 2.5)), spec_of(own_loss=0.5, lasting=1.0)
    for met, left in (
        (((0, 1, 3),), 1 - 0.5 / 4),
        (((0, 1, 3), (0, 2, 3)), 1 - 2 * 0.5 / 4),
        (((0, 1, 3), (0, 1, 5)), 1 - 0.75 / 4),
        (((1, 0, 3),), 1 - 0.5 / 2.5),
        (((1, 2, 3),), 1 - 0.5 * 0.5 / 2.5),  # the last of two and a half people
    ):
        rows, found = left_to(hits(*met), 9, spec, world.people)
        assert rows.tolist() == [met[0][0]]
        assert found[0] == pytest.approx(left, abs=1e-12)


def test_however_people_are_gathered_into_rows_as_much_is_lost() -> None:
    spec = spec_of(peers=False, lasting=0.4)
    apart, together = peopled(tuple([1.0] * 10)), peopled((10.0,))
    one = climate_of(apart, spec, 1, 40)._replace(hits=hits(*((p, 0, 3 * (p % 4)) for p in range(7))))
    other = climate_of(together, spec, 1, 40)._replace(hits=hits(*((0, p, 3 * (p % 4)) for p in range(7))))
    for month in (10, 30):
        lost = (1.0 - expressed(apart, spec, one, month)).sum(), 10.0 * (1.0 - expressed(together, spec, other, month)[0])
        assert lost[0] == pytest.approx(lost[1], abs=1e-12)
        assert one.lost[month].sum() == pytest.approx(lost[0], abs=1e-12)
        np.testing.assert_allclose(one.lost[month], other.lost[month], atol=1e-12)


def test_two_affairs_add_up_as_one_minus_the_product_of_what_each_leaves() -> None:
    spec = spec_of(lasting=0.25, half_life_months=12.0)
    heard = talk((CELL, 2, 0.4), (CELL, 14, 0.7), (CELL + 1, 14, 1.0))
    cold = chill(heard, 15, spec, 2 * len(GROUPS))
    first = 0.4 * (0.25 + 0.75 * 0.5)
    assert cold[CELL] == pytest.approx(1 - (1 - first) * (1 - 0.7), abs=1e-12)
    assert cold[CELL + 1] == pytest.approx(1.0)
    assert not np.delete(cold, [CELL, CELL + 1]).any(), "other cells hear nothing"
    later = chill(heard, 15 + 12000, spec, 2 * len(GROUPS))
    assert later[CELL] == pytest.approx(1 - (1 - 0.25 * 0.4) * (1 - 0.25 * 0.7), abs=1e-9), "what lasts adds up the same way"


def test_the_month_before_anyone_could_hear_is_as_always() -> None:
    world, spec = peopled(), spec_of()
    climate = climate_of(world, spec, 1, 20)
    assert (expressed(world, spec, climate, 3) == 1.0).all()
    assert not climate.lost.any()


def test_peers_lose_what_they_are_receptive_to_and_whoever_was_hit_loses_both() -> None:
    world, spec = peopled((1.0, 4.0, 10.0)), spec_of(lasting=1.0)
    climate = climate_of(world, spec, 1, 20)._replace(hits=hits((0, 0, 3)), talk=talk((CELL, 3, 0.6)))
    found = expressed(world, spec, climate, 4)
    among = 1.0 - 0.6 * receptivity(world, spec)
    np.testing.assert_allclose(found, among * [0.5, 1.0, 1.0], atol=1e-12)
    assert climate.lost[4, DISSIDENT] == pytest.approx((world.people.weight * (1 - found)).sum(), abs=1e-12)
    assert climate.lost[4].sum() == climate.lost[4, DISSIDENT]


# --- unevenly ------------------------------------------------------------------------------------------------------------


def test_most_people_hardly_react_and_the_mean_is_that_of_the_survey() -> None:
    world = bare_world(made_up("people.rows=20000"))
    found = receptivity(world, spec_of())
    beta = stats.beta(0.16 / 0.84, 1.0)
    assert beta.mean() == pytest.approx(0.16)
    assert stats.kstest(found, beta.cdf).pvalue > LEAST_P
    assert abs(found.mean() - 0.16) < FAR * beta.std() / np.sqrt(found.size)
    assert (found < 0.05).mean() > 0.5, "most hardly react"
    assert (found > 0.5).mean() > 0.1, "some fall silent"
    assert abs(np.corrcoef(found, np.log(world.people.visibility))[0, 1]) < FAR / np.sqrt(found.size)


def test_receptivity_is_a_lasting_trait_that_rises_with_its_mean_for_everyone() -> None:
    world = bare_world(made_up())
    several = [receptivity(world, spec_of(receptivity=mean)) for mean in (0.0, 0.05, 0.16, 0.6, 1.0)]
    assert not several[0].any()
    assert (several[-1] == 1.0).all()
    for less, more in pairwise(several):
        assert (less <= more).all()
    assert np.array_equal(several[2], receptivity(world, spec_of(lasting=0.9, publicity=1.0)))


def test_publicity_grows_with_visibility_and_is_one_at_most() -> None:
    spec = spec_of(publicity=0.1)
    np.testing.assert_allclose(publicity(np.array([0.0, 1.0, 5.0, 10.0, 400.0]), spec), [0.0, 0.1, 0.5, 1.0, 1.0])


def test_where_all_peers_hear_they_give_up_as_much_as_writers_did() -> None:
    """P17 of the calibration patterns: 5 to 35 % after a case that everybody heard of."""
    world, spec = bare_world(made_up("people.rows=20000")), spec_of()
    people = world.people
    cells = np.unique(cell_of(people))
    climate = climate_of(world, spec, 1, 3)._replace(talk=talk(*((int(cell), 0, 1.0) for cell in cells)))
    lost = 1.0 - expressed(world, spec, climate, 1)
    assert 0.05 < np.average(lost, weights=people.weight) < 0.35
    assert climate.lost[1].sum() == pytest.approx((people.weight * lost).sum(), rel=1e-9)


# --- who knows -----------------------------------------------------------------------------------------------------------


def some_case(count: int, **changes: Any) -> tuple[World, Any, Docket]:
    """Requests that gave data about dissidents at home, one case each, all about row 1 of the cohort."""
    place = office()
    cases, docket = files(place, count, abusive=True, visibility=3.0)
    docket.granted[:] = docket.wanted
    docket.executed_day[:] = docket.ended_day[:] = 100.0
    cases = cases._replace(person=np.ones(count, np.int64), member=np.arange(count))
    return peopled((1.0, float(count))), cases._replace(**changes), docket


def test_whoever_is_told_arrested_or_named_in_public_knows_once() -> None:
    world, cases, docket = some_case(6)
    spec = spec_of(arrest_at_home=0.0, arrest_abroad=0.0, publicity=0.1)
    docket.told[:3] = [TOLD_AFTER, TOLD_BEFORE, 0]
    climate, none = climate_of(world, spec, 6, 20), np.empty(0, np.int64)
    climate = take_in(climate, spec, 3, np.arange(6), np.array([0, 3]), docket, cases, world, Draws(1))
    assert climate.hits.member.tolist() == [0, 1, 3]
    assert climate.hits.month.tolist() == [3, 3, 3]
    assert climate.talk.cell.tolist() == [CELL, CELL], "told in private is no affair"
    np.testing.assert_allclose(climate.talk.publicity, 0.3)
    again = take_in(climate, spec, 5, np.arange(6), np.array([0, 1, 3]), docket, cases, world, Draws(1))
    assert again.hits.member.tolist() == [0, 1, 3], "a case is learned of once"
    assert again.talk.month.tolist() == [3, 3, 5], "and is one affair, however many authorities gave data"
    assert take_in(again, spec, 6, none, none, docket, cases, world, Draws(1)).hits.person.size == 3


@pytest.mark.parametrize("told", [TOLD_AFTER, TOLD_BEFORE])
def test_whoever_is_told_knows_whether_before_or_after_and_though_nobody_else_hears_of_it(told: int) -> None:
    world, cases, docket = some_case(3)
    docket.told[1] = told
    spec, none = spec_of(arrest_at_home=0.0, arrest_abroad=0.0), np.empty(0, np.int64)
    climate = take_in(climate_of(world, spec, 3, 20), spec, 3, np.arange(3), none, docket, cases, world, Draws(1))
    assert climate.hits.member.tolist() == [1]
    assert climate.knows.tolist() == [False, True, False]
    assert climate.talk.cell.size == 0


def test_nobody_learns_of_freezing_or_of_a_request_that_nobody_told_of() -> None:
    world, cases, docket = some_case(4)
    spec = spec_of(arrest_at_home=1.0, arrest_abroad=1.0)
    docket.channel[:2] = PRESERVATION
    docket.granted[2] = -1
    climate = take_in(climate_of(world, spec, 4, 20), spec, 3, np.arange(4), np.empty(0, np.int64), docket, cases, world, Draws(1))
    assert climate.hits.member.tolist() == [3], "nobody is arrested by data that were never given"


@pytest.mark.parametrize(("reached", "chance"), [(True, 0.4), (False, 0.048)])
def test_arrest_follows_data_more_often_where_the_requester_rules(reached: bool, chance: float) -> None:
    world, cases, docket = some_case(20_000)
    if not reached:
        world.people.residence.setflags(write=True)
        world.people.residence[:] = 1 - ASKS
    spec, none = spec_of(arrest_at_home=0.4, arrest_abroad=0.048), np.empty(0, np.int64)
    found, more = (
        take_in(climate_of(world, chances, 20_000, 20), chances, 3, np.arange(20_000), none, docket, cases, world, Draws(4)).knows
        for chances in (spec, spec_of(arrest_at_home=0.7, arrest_abroad=0.5))
    )
    assert stats.binomtest(int(found.sum()), found.size, chance).pvalue > LEAST_P
    assert (found <= more).all(), "one luck a case, whatever the chance"


# --- cover ---------------------------------------------------------------------------------------------------------------


def marked(spec: People, heard: Talk, met: Hits, seed: int = 3, count: int = 20_000) -> NDArray[np.int8]:
    """What the docket says of requests about as many members of row 1, under what they have heard and met."""
    world, cases, docket = some_case(count)
    docket.used[0] = count
    climate = climate_of(world, spec, count, 50)._replace(talk=heard, hits=met)
    climate.hit[met.person] = True
    take_cover(climate, spec, 0, docket, cases, world, Draws(seed))
    return docket.evaded


def test_the_share_that_has_moved_is_what_each_affair_moves_of_those_left() -> None:
    spec = spec_of(moves=0.27, evades=1.0)
    heard = talk((CELL, 2, 0.5), (CELL, 9, 1.0))
    share = 1 - (1 - 0.27 * 0.5) * (1 - 0.27)
    assert moved_share(heard, spec, 2 * len(GROUPS))[CELL] == pytest.approx(share, abs=1e-12)
    found = marked(spec, heard, hits())
    assert stats.binomtest(int((found == HAS_MOVED).sum()), found.size, share).pvalue > LEAST_P
    warned = stats.binomtest(int((found == MOVES_IF_TOLD).sum()), found.size, (1 - share) * 0.27)
    assert warned.pvalue > LEAST_P, "of the others as many move once they are told"


def test_of_those_who_moved_a_part_of_requests_finds_nothing_usable() -> None:
    found = marked(spec_of(evades=0.45), talk(), hits(*((1, m, 2) for m in range(20_000))))
    assert set(found) == {0, HAS_MOVED}, "whoever was hit has moved"
    assert stats.binomtest(int((found == HAS_MOVED).sum()), found.size, 0.45).pvalue > LEAST_P


def test_only_the_member_who_was_hit_has_moved_and_not_the_row() -> None:
    found = marked(spec_of(evades=1.0, moves=0.0), talk(), hits((0, 8, 2), (1, 7, 2)), count=20)
    assert np.flatnonzero(found).tolist() == [7]


def test_whoever_has_moved_stays_and_more_move_with_every_affair() -> None:
    affairs = [(CELL, 2, 0.3), (CELL, 5, 0.2), (CELL, 9, 1.0)]
    several = [marked(spec_of(evades=0.45), talk(*affairs[:n]), hits()) for n in range(4)]
    for less, more in pairwise(several):
        assert ((less == HAS_MOVED) <= (more == HAS_MOVED)).all()
        assert ((less > 0) <= (more > 0)).all(), "moved or ready to move: nobody is lost"
        assert (more == HAS_MOVED).sum() > (less == HAS_MOVED).sum()
    lavish = marked(spec_of(evades=0.7, moves=0.6), talk(*affairs), hits())
    assert ((several[3] > 0) <= (lavish > 0)).all()
    assert ((several[3] == HAS_MOVED) <= (lavish == HAS_MOVED)).all()
    assert not marked(spec_of(evades=0.0), talk(*affairs), hits()).any()


def test_a_request_about_whoever_moved_is_executed_empty_and_discloses_nothing() -> None:
    place = office()
    cases, docket = files(place, 400, abusive=True)
    docket.evaded[::2] = HAS_MOVED
    answered(place, cases, docket)
    assert (docket.status[::2] == EMPTY).all()
    assert (docket.granted[::2] == -1).all()
    assert (docket.evaded[::2] == NOTHING_USABLE).all()
    assert not docket.misused[::2].any()
    assert not docket.told[::2].any(), "of nothing given nobody is told"
    assert (docket.status[1::2] == EXECUTED).all()
    plain = files(place, 400, abusive=True)[1]
    answered(place, cases, plain)
    for column in ("executed_day", "ended_day", "decided_day", "hours"):
        assert np.array_equal(getattr(docket, column), getattr(plain, column)), "the requester hears on the same day"


@pytest.mark.parametrize("channel", [DIRECT, POLICE, SPONTANEOUS])
def test_no_side_door_finds_what_has_moved(channel: int) -> None:
    place = office().practised(police_answered=1.0)
    place = place.read(voluntary=np.ones(2))
    cases, docket = files(place, 50, abusive=True, channel=channel, wanted=0)
    docket.evaded[::2] = HAS_MOVED
    answered(place, cases, docket)
    assert (docket.status[::2] == EMPTY).all()
    assert (docket.status[1::2] == EXECUTED).all()


@pytest.mark.parametrize(("frozen", "status"), [(False, EMPTY), (True, EXECUTED)])
def test_whoever_is_told_in_time_may_move_what_is_not_frozen(frozen: bool, status: int) -> None:
    place = office().applying(1.0, "person").numbered("person", bar=99.0, notice_days=14.0, gagged=0.0, reached=1.0, contests=0.0)
    place = place.numbered("person", tip_off=0.0).practised(delay_log=np.log(60.0), domestic_notice=0.0, preservation_renewed=1.0)
    cases, docket = files(place, 200, abusive=True, preserved=frozen)
    asked = docket.channel == FORMAL
    docket.evaded[asked] = MOVES_IF_TOLD
    answered(place, cases, docket)
    assert (docket.told[asked] == TOLD_BEFORE).all()
    assert (docket.status[asked] == status).all()
    untold = place.applying(0.0, "person")
    cases, docket = files(untold, 200, abusive=True)
    docket.evaded[:] = MOVES_IF_TOLD
    answered(untold, cases, docket)
    assert (docket.status == EXECUTED).all(), "whoever is told of nothing moves nothing"


# --- in a run ------------------------------------------------------------------------------------------------------------

LIVELY = (
    "review.load=false",
    "demand.abusive_odds=0.3",
    "years=4",
    "adaptation.exposure.chance=1",
    "adaptation.exposure.lag_months=2",
)
BARE = tuple(f"{PEOPLE}{switch}=false" for switch in SWITCHES)


def lively(*overrides: str) -> Config:
    """The small world's configuration; what a test gives takes the place of the usual."""
    mine = {override.split("=", 1)[0] for override in overrides}
    return made_up(*(usual for usual in LIVELY if usual.split("=", 1)[0] not in mine), *overrides)


def run_of(*overrides: str, seed: int = 1, monthly: Any = None) -> Run:
    """A run to its end in a small world where all abuse comes to light within months."""
    config = lively(*overrides)
    run = started(config, bare_world(lively()), seed)
    while run.month < run.months:
        advance(run)
        if monthly is not None:
            monthly(run)
    return run


@lru_cache(maxsize=32)
def whole_run(*overrides: str, seed: int = 1) -> Finished:
    return finish(run_of(*overrides, seed=seed))


def same_docket(one: Finished, other: Finished) -> bool:
    pairs = zip(one.docket, other.docket, strict=True)
    return np.array_equal(one.case_status, other.case_status) and all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs
    )


def disclosed(run: Finished) -> set[int]:
    rows = (run.docket.granted >= 0) & run.cases.abusive[run.docket.case] & (run.docket.channel != PRESERVATION)
    return set(run.docket.case[rows].tolist())


def test_with_every_switch_off_no_parameter_changes_a_bit() -> None:
    numbers = ("own_loss=1", "receptivity=0.9", "publicity=1", "lasting=1", "arrest_at_home=1", "moves=1", "evades=1")
    other = whole_run(*(PEOPLE + number for number in numbers))
    assert same_docket(whole_run(), other)
    assert not other.docket.evaded.any()
    assert other.lost is None


@pytest.mark.parametrize(
    ("switch", "lively", "idle"),
    [
        ("own", "own_loss=1", ("own_loss=0",)),
        ("peers", "publicity=1", ("publicity=0",)),
        ("peers", "publicity=1", ("receptivity=0",)),
        ("tools", "evades=1", ("evades=0",)),
        ("tools", "moves=1", ("moves=0", "adaptation.exposure.chance=0", "arrest_at_home=0", "arrest_abroad=0")),
    ],
)
def test_each_switch_alone_changes_what_happens_and_with_neutral_numbers_nothing(
    switch: str, lively: str, idle: tuple[str, ...]
) -> None:
    on = f"{PEOPLE}{switch}=true"
    assert not same_docket(whole_run(), whole_run(on, PEOPLE + lively))
    keys = tuple(number if number.startswith("adaptation") else PEOPLE + number for number in idle)
    mute = ("review.domestic_notice=0", "review.firm_notice.share=0") if switch == "tools" else ()
    assert same_docket(whole_run(*mute), whole_run(on, *keys, *mute))


def test_silence_takes_exactly_the_cases_whose_luck_it_reaches_and_touches_no_other() -> None:
    """With endless hours nobody is affected by another's silence: every row that is left is the same bit for bit."""
    plain, quiet = whole_run(), whole_run(f"{PEOPLE}own=true", f"{PEOPLE}peers=true", f"{PEOPLE}publicity=1")
    silent = np.flatnonzero(quiet.case_status == NOT_LIVE)
    assert silent.size > 20
    assert not (plain.case_status == NOT_LIVE).any()
    assert quiet.cases.abusive[silent].all()
    kept = ~np.isin(plain.docket.case, silent)
    assert not np.isin(quiet.docket.case, silent).any()
    for name, before, after in zip(plain.docket._fields[1:], plain.docket[1:], quiet.docket[1:], strict=True):
        assert np.array_equal(before[kept], after, equal_nan=before.dtype.kind == "f"), name
    assert disclosed(quiet) == disclosed(plain) - set(silent.tolist())
    luck = Draws(1).uniform("live", quiet.cases.id)
    assert luck[silent].min() > 0.0


def test_a_wish_is_live_while_its_luck_lies_under_what_the_person_still_says() -> None:
    kept: dict[int, Reals] = {}

    def keep(run: Run) -> None:
        kept[run.month] = run.expression.copy()

    run = run_of(f"{PEOPLE}own=true", f"{PEOPLE}peers=true", f"{PEOPLE}publicity=1", monthly=keep)
    status, cases = finish(run).case_status, run.cases
    asked = np.flatnonzero(cases.abusive & ~cases.domestic & (cases.month > 0))
    left = np.array([kept[int(cases.month[c])][cases.person[c]] for c in asked])
    luck = Draws(1).uniform("live", cases.id[asked])
    assert np.array_equal(status[asked] == NOT_LIVE, luck >= left)
    opens = run.config.run_in_months
    assert all((kept[month] == 1.0).all() for month in range(1, opens + 1)), "nobody falls silent in the run-in"
    assert kept[run.months].min() < 0.7
    for month in (opens + 6, run.months - 1):
        loss = run.world.people.weight * (1.0 - kept[month])
        wanted = np.bincount(run.world.people.group, loss, minlength=len(GROUPS))
        np.testing.assert_allclose(run.climate.lost[month], wanted, rtol=1e-9, atol=1e-9)


def test_cover_takes_data_from_disclosed_cases_alone_and_touches_no_other() -> None:
    plain, covered = whole_run(), whole_run(f"{PEOPLE}tools=true", f"{PEOPLE}moves=1", f"{PEOPLE}publicity=1")
    found = covered.docket.evaded == NOTHING_USABLE
    assert found.sum() > 20
    assert (covered.docket.status[found] == EMPTY).all()
    assert (covered.docket.granted[found] == -1).all()
    assert disclosed(covered) < disclosed(plain)
    empty = set(covered.docket.case[found].tolist())
    assert disclosed(plain) - disclosed(covered) <= empty
    assert (covered.docket.month[found] >= covered.first_month).all(), "nobody moves in the run-in"
    others, ours = (run.docket for run in (plain, covered))
    for before, after in zip(others[1:], ours[1:], strict=True):
        alike = ~np.isin(others.case, list(empty)), ~np.isin(ours.case, list(empty))
        if before is not others.evaded:
            assert np.array_equal(before[alike[0]], after[alike[1]], equal_nan=before.dtype.kind == "f")


def measured(run: Finished, config: Config, metric: str) -> dict[str, tuple[float, int]]:
    frame, _ = metrics_of(run, config.metrics)
    rows = frame[frame["metric"] == metric]
    return {str(r.level): (float(r.value), int(r.count)) for r in rows.itertuples(index=False)}


def test_chilling_is_the_mean_loss_over_people_and_the_windows_months() -> None:
    config = lively(*ON)
    lost: list[Reals] = []
    first, last = config.run_in_months, config.run_in_months + 12 * config.years

    def keep(run: Run) -> None:
        if first <= run.month < last:
            lost.append(1.0 - run.expression)

    run = run_of(*ON, monthly=keep)
    finished, people = finish(run), run.world.people
    mean = np.mean(lost, axis=0)
    assert len(lost) == 12 * config.years
    found = measured(finished, config, "chilling")
    assert found["all"][0] == pytest.approx(np.average(mean, weights=people.weight), rel=1e-9)
    met, heard = run.climate.hits, run.climate.talk
    for g, group in enumerate(GROUPS):
        rows = people.group == g
        if rows.any():
            count = (people.group[met.person] == g)[met.month < last].sum() + (heard.cell % len(GROUPS) == g)[
                heard.month < last
            ].sum()
            assert found[group] == (pytest.approx(np.average(mean[rows], weights=people.weight[rows]), rel=1e-9), count)
    silent = measured(finished, config, "silenced_share")
    cases = finished.cases
    cohort_of = cases.abusive & (cases.month >= first) & (cases.month < last)
    hit = cohort_of & (finished.case_status == NOT_LIVE)
    assert silent["all"] == (pytest.approx(hit.sum() / cohort_of.sum()), hit.sum())


def test_chilling_is_absent_with_its_reason_while_nobody_falls_silent() -> None:
    for overrides in ((), (f"{PEOPLE}tools=true",)):
        frame, absent = metrics_of(whole_run(*overrides), lively().metrics)
        assert not frame["metric"].isin(["chilling", "silenced_share"]).any()
        assert "nobody adapts" in absent["chilling"]
        assert "nobody adapts" in absent["silenced_share"]
    assert not {"chilling", "silenced_share"} & set(metrics_of(whole_run(*ON), lively().metrics)[1])


@pytest.mark.parametrize(
    ("switch", "less", "more"),
    [
        ("peers", "publicity=0.05", "publicity=1"),
        ("peers", "receptivity=0.05", "receptivity=0.3"),
        ("peers", "lasting=0", "lasting=1"),
        ("peers", "half_life_months=6", "half_life_months=36"),
        ("own", "own_loss=0.1", "own_loss=0.9"),
        ("own", "arrest_at_home=0", "arrest_at_home=1"),
    ],
)
@pytest.mark.parametrize("seed", one_in(2, [1, 2]))
def test_more_of_what_chills_chills_more(switch: str, less: str, more: str, seed: int) -> None:
    on = f"{PEOPLE}{switch}=true"
    pair = [whole_run(on, PEOPLE + number, seed=seed) for number in (less, more)]
    chilled = [measured(run, lively(on), "chilling")["all"][0] for run in pair]
    assert 0.0 < chilled[0] < chilled[1]


def test_abuse_that_never_comes_to_light_chills_no_peers() -> None:
    run = run_of(*ON, "adaptation.exposure.chance=0")
    assert not run.climate.talk.cell.size
    assert run.climate.hits.person.size > 0, "who is arrested knows all the same"


def test_everything_people_do_lowers_disclosure_and_no_need_is_met_less() -> None:
    plain, adapted = whole_run(), whole_run(*ON)
    assert disclosed(adapted) < disclosed(plain)
    given = [(run.docket.granted >= 0) & ~run.cases.abusive[run.docket.case] for run in (plain, adapted)]
    assert np.array_equal(plain.docket.case[given[0]], adapted.docket.case[given[1]])


@pytest.mark.parametrize("capacity", [40.0, 1e6])
def test_the_books_balance_with_everyone_adapting(capacity: float) -> None:
    lively = ("adaptation.exposure.chance=1", "adaptation.exposure.lag_months=1", f"{PEOPLE}moves=1", f"{PEOPLE}publicity=1")
    run = under_way(capacity, 3, 2, overrides=(*ON, *lively))
    while run.month < run.months:
        advance(run)
        add_up(run)
    found = run.docket.evaded[: run.docket.used[0]] == NOTHING_USABLE
    assert np.unique(run.docket.channel[: run.docket.used[0]][found]).size > 2, "by several doors"
    assert ((run.expression > 0) & (run.expression <= 1)).all()


def test_the_world_is_the_same_whoever_adapts() -> None:
    assert lively().world_digest() == lively(*ON).world_digest()


def test_what_lasts_and_returns_lies_between_all_and_the_lasting_part() -> None:
    spec = spec_of(lasting=0.3)
    left = remaining(np.arange(0, 400), spec)
    assert left[0] == 1.0
    assert (np.diff(left) < 0).all()
    assert left[-1] > 0.3
    assert left[21] == pytest.approx(0.3 + 0.7 / 2)


def test_people_do_the_same_whatever_happened_to_others_first() -> None:
    """The luck of a person is the person's: an affair in another cell moves nobody here."""
    alone = marked(spec_of(), talk((CELL, 2, 0.5)), hits())
    among = marked(spec_of(), talk((0, 1, 1.0), (CELL, 2, 0.5)), hits((0, 0, 1)))
    assert np.array_equal(alone, among)
