"""Collection as it comes: who may have it, for how long, and that it is never more than what is disclosed."""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.config import load
from sim.draws import Draws
from sim.metrics import Finished
from sim.metrics.cohort import cohort_slices
from sim.metrics.estimands import live_rows
from sim.review.safeguard import in_check_order
from sim.review.spec import care_of, chance_by_force, interceptable, listening
from sim.settings import Config
from sim.simulation import simulate
from sim.world.docket import Docket
from sim.world.instruments import RealTimeLimits
from sim.world.vocabulary import CONTENT, DIRECT, EMERGENCY, FORMAL, POLICE, SUBSCRIBER, TRAFFIC
from tests.worlds import HOLDS, Office, answered, bare_world, files, fingerprint, made_up, office, with_review

COUNT = 4000


def listens(place: Office, chance: float = 1.0, intercepts: bool = True, **read: object) -> Office:
    """An office under whose texts data are collected as they come, with this chance."""
    return place.read(
        live=np.full_like(place.reading.live, chance), intercepts=np.full_like(place.reading.intercepts, intercepts), **read
    )


def collected(place: Office, wanted: int = CONTENT, **of_files: object) -> Docket:
    cases, docket = files(place, COUNT, wanted=wanted, **({"realtime": True} | of_files))  # type: ignore[arg-type]
    answered(place, cases, docket)
    return docket


@pytest.mark.parametrize("channel", [FORMAL, EMERGENCY])
def test_the_span_is_uniform_from_one_to_six_months(channel: int) -> None:
    months = collected(listens(office()), channel=channel).realtime
    assert np.unique(months).tolist() == [1, 2, 3, 4, 5, 6]
    counts = np.bincount(months)[1:]
    assert (np.abs(counts - COUNT / 6) < 4 * np.sqrt(COUNT * 5 / 36)).all()
    luck = Draws(1).uniform("span", np.arange(1, COUNT + 1, dtype=np.uint64))
    assert np.array_equal(months, 1 + np.floor(6 * luck))
    assert set(collected(listens(office()).practised(realtime_months=1)).realtime) == {1}


def test_nothing_is_collected_in_a_case_that_wants_what_is_stored() -> None:
    assert not collected(listens(office()), realtime=False).realtime.any()


def test_nothing_is_collected_beyond_traffic_and_content() -> None:
    assert not collected(listens(office()), wanted=SUBSCRIBER).realtime.any()
    assert collected(listens(office()), wanted=TRAFFIC).realtime.all()


@pytest.mark.parametrize("channel", [POLICE, DIRECT])
def test_no_side_door_has_it(channel: int) -> None:
    place = listens(office())
    docket = collected(place.read(voluntary=np.ones(2), standing=np.ones((2, 2))), wanted=TRAFFIC, channel=channel)
    assert (docket.granted >= 0).mean() > 0.4
    assert not docket.realtime.any()


def test_what_is_not_executed_is_not_collected_either() -> None:
    docket = collected(listens(office()).practised(retention_log=-50.0))
    assert not (docket.granted >= 0).any()
    assert not docket.realtime.any()


@pytest.mark.parametrize("chance", [0.0, 0.3, 1.0])
def test_an_endeavour_is_made_with_its_chance_and_its_own_luck(chance: float) -> None:
    docket = collected(listens(office(), chance))
    luck = Draws(1).uniform("applied", np.arange(1, COUNT + 1, dtype=np.uint64), office().world.states.keys[HOLDS], "realtime")
    assert np.array_equal(docket.realtime > 0, luck < chance)
    assert (docket.granted == CONTENT).all(), "what is stored is given all the same"


def test_content_needs_an_offence_for_which_it_may_be_intercepted_and_traffic_only_where_a_text_says_so() -> None:
    barred = listens(office(), intercepts=False)
    assert not collected(barred).realtime.any()
    assert collected(barred, wanted=TRAFFIC).realtime.all()
    reserved = barred.read(live_serious=np.ones_like(barred.reading.live_serious))
    assert not collected(reserved, wanted=TRAFFIC).realtime.any()


def test_the_offence_weighed_is_the_one_alleged_in_the_law_of_the_requested_state() -> None:
    place = listens(office(), intercepts=False)
    may = place.reading.intercepts.copy()
    may[HOLDS, place.offence("fraud")] = True
    place = place.read(intercepts=may)
    assert collected(place, conduct="insult", alleged="fraud", label="fraud").realtime.all()
    assert not collected(place, conduct="fraud", alleged="insult", label="fraud").realtime.any()


def test_where_a_judge_must_have_read_only_those_files_that_a_judge_read_are_listened_to() -> None:
    place = listens(office())
    bound = place.read(live_judged=np.ones_like(place.reading.live_judged))
    assert not collected(bound).realtime.any()
    docket = collected(bound.applying(0.4, "judge"))
    read = docket.judged > 0
    assert 0.3 < read.mean() < 0.5
    let_pass = read & (docket.granted >= TRAFFIC)
    assert 0.2 < let_pass.mean() < read.mean(), "a judge also refuses"
    assert np.array_equal(docket.realtime > 0, let_pass)
    free = collected(place.applying(0.4, "judge"))
    for name in ("granted", "status", "executed_day", "judged"):
        assert np.array_equal(getattr(free, name), getattr(docket, name), equal_nan=True), name


def test_a_narrower_class_is_what_is_collected() -> None:
    """A judge who leaves traffic of what was to be content lifts the line for content with it."""
    place = listens(office(), intercepts=False).applying(1.0, "judge").numbered("judge", bar=50.0, narrow_margin=100.0)
    docket = collected(place)
    assert (docket.granted == TRAFFIC).all()
    assert docket.realtime.all()


# --- by text and state ----------------------------------------------------------------------------------------------------


def text_of(config: Config, **fields: object) -> Config:
    hanoi = config.instruments["hanoi"].model_copy(update=fields)
    return config.model_copy(update={"instruments": {**config.instruments, "hanoi": hanoi}})


def chances(config: Config) -> NDArray[np.float64]:
    world = bare_world(config)
    row = sorted(config.instruments, key=lambda name: config.instruments[name].order).index("hanoi")
    return listening(config.review, world, config.instruments)[row]


def test_absent_endeavours_and_obliges_are_never_always_and_the_states_own_uptake_through_its_habit() -> None:
    config = made_up()
    world = bare_world(config)
    assert not chances(text_of(config, realtime="absent")).any()
    assert (chances(text_of(config, realtime="obliges")) == 1).all()
    found = chances(text_of(config, realtime="endeavours"))
    assert np.array_equal(found, chance_by_force(config.review, world, "realtime")[1])
    flat = with_review(config, trait_share=0.0)
    uptake, _ = care_of(config.review, world.states)
    assert chances(text_of(flat, realtime="endeavours")) == pytest.approx(uptake)


def test_a_dial_of_how_firmly_safeguards_are_kept_makes_nobody_listen_more_or_less() -> None:
    config = made_up()
    for strength in (0.0, 1.0):
        assert np.array_equal(chances(with_review(config, strength=strength)), chances(config))


def test_the_power_is_there_by_own_law_as_a_party_to_budapest_or_by_the_text() -> None:
    bare = ("states.powers.compels=0.0", "states.powers.listens=0.0")
    config = made_up(*bare)
    world = bare_world(config)
    party = world.states.groups["budapest"]
    assert 0 < party.sum() < party.size
    without = text_of(config, realtime="obliges", powers=False)
    assert np.array_equal(chances(without), party.astype(float))
    assert (chances(text_of(config, realtime="obliges")) == 1).all()
    assert np.array_equal(world.states.listens, party)
    assert bare_world(made_up("states.powers.compels=1.0", "states.powers.listens=1.0")).states.listens.all()


def test_a_law_that_listens_also_compels() -> None:
    states = bare_world(made_up("states.synthetic.count=200", "states.powers.compels=0.6", "states.powers.listens=0.25")).states
    assert not (states.listens & ~states.compels).any()
    others = ~states.groups["budapest"]
    assert states.compels[others].mean() == pytest.approx(0.6, abs=0.2)
    assert states.listens[others].mean() == pytest.approx(0.25, abs=0.2)


@pytest.mark.parametrize("name", ["compels", "listens"])
def test_a_share_of_states_is_raised_by_adding_states(name: str) -> None:
    held = [
        getattr(bare_world(made_up(f"states.powers.compels={most}", f"states.powers.listens={most}")).states, name)
        for most in (0.0, 0.3, 0.7, 1.0)
    ]
    for fewer, more in itertools.pairwise(held):
        assert not (fewer & ~more).any()


def test_a_line_of_nothing_lets_every_crime_through_and_one_of_a_century_none() -> None:
    for median, spread in ((0.01, 0.0), (100.0, 0.0)):
        states = bare_world(
            made_up(f"states.powers.intercept_median_years={median}", f"states.powers.intercept_spread={spread}")
        ).states
        assert (states.intercept_from == median).all()
        expected = ~np.isnan(states.penalties) & (states.penalties >= median)
        assert np.array_equal(interceptable(states), expected)
        assert expected.any() == (median < 1)


def test_a_law_that_listens_and_does_not_compel_is_refused() -> None:
    with pytest.raises(Exception, match="listens"):
        load("states.powers.compels=0.1", "states.powers.listens=0.2")


# --- whole runs -----------------------------------------------------------------------------------------------------------

LISTENING = ("demand.realtime_share=0.4", "demand.realtime_most=0.8", "demand.abusive_odds=0.2")
FORCES = ("absent", "endeavours", "obliges")


@lru_cache(maxsize=8)
def run_of(force: str, judged: bool = False, serious: bool = False) -> Finished:
    config = made_up(*LISTENING)
    return simulate(text_of(config, realtime=force, realtime_if=RealTimeLimits(judged=judged, serious=serious)), seed=2).finished


def months_by_request(run: Finished) -> NDArray[np.int64]:
    return run.docket.realtime.astype(np.int64)


def test_the_three_forces_are_nested_and_move_nothing_else() -> None:
    runs = [run_of(force) for force in FORCES]
    spans = [months_by_request(run) for run in runs]
    for weaker, stronger in itertools.pairwise(spans):
        assert not (weaker > stronger).any()
        assert (stronger > 0).sum() > (weaker > 0).sum()
    for run in runs[1:]:
        for name in set(run.docket._fields) - {"realtime"}:
            assert np.array_equal(getattr(run.docket, name), getattr(runs[0].docket, name), equal_nan=name != "used"), name
        assert np.array_equal(run.case_status, runs[0].case_status)


@pytest.mark.parametrize("limits", [(True, False), (False, True), (True, True)])
def test_a_limit_takes_away_and_adds_nothing(limits: tuple[bool, bool]) -> None:
    free, bound = months_by_request(run_of("obliges")), months_by_request(run_of("obliges", *limits))
    assert not (bound > free).any()
    assert (bound > 0).sum() < (free > 0).sum()


@pytest.mark.parametrize("force", FORCES)
def test_whoever_is_listened_to_is_disclosed(force: str) -> None:
    run = run_of(force)
    cut = cohort_slices(run)
    given = set(run.docket.case[cut.giving])
    for abusive in (True, False):
        rows = live_rows(run, cut, abusive)
        assert set(run.docket.case[rows]) <= given
        assert np.unique(run.docket.case[rows]).size == rows.size, "one row a case"
    heard = np.flatnonzero(run.docket.realtime)
    assert (run.docket.granted[heard] >= TRAFFIC).all()
    assert (run.docket.channel[heard] <= EMERGENCY).all()
    assert run.cases.realtime[run.docket.case[heard]].all()
    assert run.cases.secret[run.docket.case[heard]].all()


def test_with_nobody_who_wants_it_no_text_says_anything() -> None:
    """The neutral value: a share of nothing is a model that knows no live collection, whatever texts and laws say of it."""
    config = made_up("demand.abusive_odds=0.2", "demand.realtime_share=0.0")
    obliged = text_of(config, realtime="obliges", realtime_if=RealTimeLimits(judged=True, serious=True))
    one, other = simulate(config, seed=3), simulate(obliged, seed=3)
    assert fingerprint(one) == fingerprint(other)
    assert not one.finished.docket.realtime.any()
    assert "realtime_rate" in one.absent
    assert "realtime_share" in one.absent["realtime_rate"]


def test_the_mark_moves_nothing_but_live_data_and_secrecy() -> None:
    """Where all is secret anyway, requests and answers are those of a world in which nobody wants what is to come."""
    secret = ("demand.abusive_odds=0.2", "demand.secret_share=1.0")
    none, some = (
        simulate(made_up(*secret, f"demand.realtime_share={share}", "demand.realtime_most=0.9"), seed=3).finished
        for share in (0.0, 0.5)
    )
    assert some.docket.realtime.any()
    for name in set(none.docket._fields) - {"realtime"}:
        assert np.array_equal(getattr(none.docket, name), getattr(some.docket, name), equal_nan=name != "used"), name
    assert np.array_equal(none.case_status, some.case_status)


def test_live_data_weigh_more_than_any_that_are_stored() -> None:
    light, heavy = (
        simulate(made_up(*LISTENING, "instruments.hanoi.realtime=obliges", f"metrics.severity_live={weight}"), seed=2).metrics
        for weight in (1.0, 2.0)
    )
    moved = {name for name in light["metric"].unique() if not light[light["metric"] == name].equals(heavy[heavy["metric"] == name])}
    assert moved == {"disclosure_severity"}


def test_the_habit_of_listening_is_no_safeguards() -> None:
    assert "realtime" not in in_check_order(made_up().safeguards)
