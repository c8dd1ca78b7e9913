"""The panel, the firm, the person; the shield, the floor, the clause; what follows disclosure: each against a closed form."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.conduct import choices, doors, filing
from sim.draws import Draws, name_key
from sim.review import execution, person, pipeline
from sim.review.assembly import HOMES
from sim.review.panel import Panel
from sim.review.queue import Queue, empty_queue
from sim.world.docket import Docket, empty_docket
from sim.world.vocabulary import (
    CONTENT,
    DAYS_PER_MONTH,
    DIRECT,
    DIVERTED,
    EMPTY,
    EXECUTED,
    FABRICATED,
    FORMAL,
    IN_PART,
    LAPSED,
    POLICE,
    PRESERVATION,
    REFUSED,
    SPONTANEOUS,
    SUBSCRIBER,
    TOLD_AFTER,
    TOLD_BEFORE,
    TRAFFIC,
)
from tests.worlds import ASKS, HOLDS, Office, answered, files, office

FILES = 40_000
LEAST_P = 1e-4
QUIET = 99.0  # a bar that nothing reaches


def agrees(hits: NDArray[np.bool_], share: float) -> None:
    assert stats.binomtest(int(hits.sum()), hits.size, share).pvalue > LEAST_P, (hits.mean(), share)


def place_with(*names: str, desk_bar: float = QUIET) -> Office:
    """A desk that refuses nothing of itself, and the safeguards named, always applied."""
    return office().applying(1.0, *names).numbered("desk", bar=desk_bar)


def read(place: Office, count: int = FILES, **asked: Any) -> Docket:
    cases, docket = files(place, count, **asked)
    answered(place, cases, docket)
    return docket


# --- the firm ------------------------------------------------------------------------------------------------------------


def provider_office(size: float) -> Office:
    return place_with("provider").numbered("provider", bar=2.0, insight=1.0, win=0.6).read(size=np.full(2, size))


@pytest.mark.parametrize("size", [1.0, 0.25, 0.0])
def test_a_firm_contests_by_what_it_sees_and_a_court_decides(size: float) -> None:
    place = provider_office(size)
    agrees(read(place, abusive=True).status == REFUSED, 0.6 * stats.norm.sf(2.0 - 2.0 * np.sqrt(size)))
    agrees(read(place, conduct="fraud").status == REFUSED, 0.6 * stats.norm.sf(2.0))


def test_a_captured_court_never_finds_for_the_firm_and_the_contest_takes_its_time() -> None:
    place = provider_office(1.0).read(judicial=np.zeros(2)).numbered("provider", delay_days=2.0, contest_days=60.0)
    docket = read(place, abusive=True)
    assert (docket.status == EXECUTED).all()
    waited = docket.executed_day - docket.filed_day
    agrees(waited > waited.min() + 30, stats.norm.sf(0.0))


# --- the person ----------------------------------------------------------------------------------------------------------


def person_office(**numbers: float) -> Office:
    usual = {
        "bar": -QUIET,
        "notice_days": 0.0,
        "gagged": 0.5,
        "reached": 0.8,
        "contests": 0.5,
        "contest_days": 100.0,
        "tip_off": 0.0,
    }
    return place_with("person").numbered("person", **(usual | numbers)).practised(delay_log=np.log(200.0), domestic_notice=0.0)


@pytest.mark.parametrize(("secret", "told"), [(False, 0.8), (True, 0.4)])
def test_the_person_is_told_unless_a_court_upholds_secrecy(secret: bool, told: float) -> None:
    docket = read(person_office(contests=0.0), abusive=True, secret=secret)
    agrees(docket.told == TOLD_BEFORE, told)
    assert (docket.status == EXECUTED).all()


@pytest.mark.parametrize("bar", [-QUIET, 1.5])
def test_whoever_is_told_may_win_a_remedy_before_disclosure(bar: float) -> None:
    docket = read(person_office(bar=bar, insight=1.4), abusive=True)
    agrees(docket.status == REFUSED, 0.8 * 0.5 * stats.norm.sf(bar - 1.4 * 2.0))
    assert (docket.granted[docket.status == REFUSED] == -1).all()


def test_notice_that_comes_after_execution_stops_nothing() -> None:
    docket = read(person_office(notice_days=201.0), abusive=True)
    assert (docket.status == EXECUTED).all()
    assert (docket.told == 0).all()


def test_an_appeal_that_fails_delays_execution() -> None:
    docket = read(person_office(bar=QUIET, contests=1.0), abusive=True)
    waited = docket.executed_day - docket.filed_day
    agrees(waited > waited.min() + 50.0, 0.8)


@pytest.mark.parametrize("abusive", [True, False])
def test_the_tip_off_costs_data_that_are_not_frozen_whoever_is_told(abusive: bool) -> None:
    place = person_office(contests=0.0, tip_off=0.3)
    conduct = "insult" if abusive else "fraud"
    agrees(read(place, abusive=abusive, conduct=conduct).status == EMPTY, 0.8 * 0.3)
    frozen = read(place.practised(preservation_renewed=1.0), abusive=abusive, conduct=conduct, preserved=True)
    assert not (frozen.status == EMPTY).any()


def test_a_text_that_keeps_silence_always_tells_nobody() -> None:
    place = person_office().practised(domestic_notice=1.0)
    silent = place.read(hidden=np.ones_like(place.reading.hidden))
    docket = read(silent, abusive=True)
    assert (docket.told == 0).all()
    assert (docket.status == EXECUTED).all()
    assert (read(place.applying(0.0, "person"), abusive=True).told == TOLD_AFTER).all()


def test_the_rules_of_the_person_are_nested_by_one_uniform() -> None:
    known = {"wait": 100.0, "notice_days": 60.0, "secret": True, "gagged": 0.5, "reached": 0.8}
    for luck in np.linspace(0.0, 0.999, 40):
        told = person.tells(**known, luck=float(luck))
        rest = {"luck": float(luck), "contests": 0.4}
        went = person.delays(**known, **rest, contest_days=10.0) > 0
        won = person.stands(**known, **rest, independence=0.7, signal=9.0, noise=0.0, bar=1.0)
        assert won <= went <= told


# --- grounds at the desk -------------------------------------------------------------------------------------------------


def test_the_human_rights_clause_needs_to_be_seen() -> None:
    place = place_with("human_rights", desk_bar=2.0).numbered("human_rights", shift=0.4)
    agrees(read(place, abusive=True).status == REFUSED, stats.norm.sf(0.4))


def test_proportionality_narrows_before_it_refuses_and_has_no_purchase_on_a_grave_fabrication() -> None:
    place = place_with("proportionality").numbered("proportionality", subscriber=0.03, traffic=0.12, content=0.25, slip=0.0)
    libel = read(place, 500, abusive=True, conduct="defamation")  # harm 0.1: subscriber data alone
    assert (libel.status == IN_PART).all()
    assert (libel.granted == SUBSCRIBER).all()
    assert (libel.narrowed == place.review.names.index("proportionality")).all()
    insult = read(place, 500, abusive=True, conduct="insult")  # harm 0.02: nothing
    assert (insult.status == REFUSED).all()
    terror = read(place, 500, abusive=True, conduct="insult", alleged="terrorism", label="terrorism", kind=FABRICATED)
    assert (terror.granted == CONTENT).all()


def test_the_shield_recognises_a_role_falls_at_grave_harm_and_is_claimed_by_others_at_its_false_alarm_rate() -> None:
    place = place_with("good_faith", desk_bar=2.5).numbered("good_faith", shift=-0.4, harm_shown=0.6).practised(role_strength=2.0)
    agrees(read(place, abusive=True).status == REFUSED, stats.norm.sf(2.1 - 2.0))
    agrees(read(place, conduct="fraud").status == REFUSED, stats.norm.sf(2.1))
    assert not (read(place, abusive=True, alleged="terrorism", kind=FABRICATED).status == REFUSED).any()


def test_a_role_shows_alike_however_the_request_is_framed() -> None:
    place = place_with("good_faith", desk_bar=2.5).read(strength=np.array([4.0, 2.0, 0.0, 0.0]))
    honest, framed = (read(place, abusive=True, kind=kind, alleged="fraud") for kind in (0, FABRICATED))
    assert np.array_equal(honest.status, framed.status)


@pytest.mark.parametrize("ground", ["discrimination", "prejudice"])
def test_a_longer_list_shares_the_habit_and_the_luck_of_the_list_it_replaces(ground: str) -> None:
    uneven = office().reading.covers.copy()
    uneven[office().review.names.index(ground)] = 0.3
    stood = {}
    for name in (ground, f"{ground}_extended"):
        place = office().applying(0.5, name).numbered("desk", bar=1.0).numbered(name, shift=0.0).read(covers=uneven)
        stood[name] = read(place, abusive=True).status == REFUSED
    assert (stood[ground] <= stood[f"{ground}_extended"]).all()
    assert stood[ground].sum() < stood[f"{ground}_extended"].sum()


# --- the central unit ----------------------------------------------------------------------------------------------------


def panel_office(**practised: float) -> Office:
    place = place_with("panel").numbered("panel", bar=2.0, insight=1.0)
    at = place.review.names.index("panel")
    usual = {"panel_binding": True, "panel_place": at, "panel_memory": 0.0, "panel_days": 10.0, "panel_advice": 1.0}
    return place.practised(**(usual | practised))


def test_a_binding_panel_refuses_at_the_tail_beyond_its_bar_less_what_it_sees() -> None:
    place = panel_office()
    docket = read(place, abusive=True)
    agrees(docket.status == REFUSED, stats.norm.sf(0.0))
    stopped = docket.status == REFUSED
    assert (docket.grounds[stopped] == place.bit("panel")).all()
    assert np.allclose(docket.ended_day[stopped] - docket.filed_day[stopped], 10.0)
    agrees(read(place, conduct="fraud").status == REFUSED, stats.norm.sf(2.0))


def test_the_panel_gives_one_answer_wherever_a_request_goes() -> None:
    place = panel_office()
    here, there = (read(place, 2000, abusive=True, requested=state) for state in (HOLDS, ASKS))
    assert np.array_equal(here.status == REFUSED, there.status == REFUSED)


def test_an_advisory_panel_stops_nothing_itself_and_makes_the_desk_look_twice() -> None:
    plain = place_with("discrimination", desk_bar=2.5)
    advised = panel_office(panel_binding=False).applying(1.0, "discrimination").numbered("desk", bar=2.5)
    before, after = (read(place, abusive=True) for place in (plain, advised))
    assert (after.reason[after.status == REFUSED] == plain.review.names.index("discrimination")).all()
    stopped = before.status == REFUSED, after.status == REFUSED
    assert (stopped[0] <= stopped[1]).all()
    changed = stopped[0] != stopped[1]
    assert changed.any()
    assert (after.flagged[changed] == 1).all()


def test_the_panels_hours_are_its_own_and_a_pile_of_files_dulls_it_and_takes_time() -> None:
    place = panel_office(panel_capacity=100.0, panel_hours=1.0, comfortable_months=1.5)
    days = np.repeat(np.arange(6), 200) * DAYS_PER_MONTH + 1.0
    cases, docket = files(place, days.size, abusive=True, day=days)
    queue = answered(place, cases, docket, months=6, loaded=True, capacity=1e9)
    expected, waiting = [], 0.0
    for _ in range(6):  # Lindley's recursion
        waiting = max(waiting + 200.0 - 100.0, 0.0)
        expected.append(waiting)
    assert np.allclose(queue.screening, expected)
    stopped = docket.status == REFUSED
    waited = (docket.ended_day - docket.filed_day)[stopped]
    assert np.allclose(waited, 10.0 + DAYS_PER_MONTH * docket.month[stopped])
    rates = [stopped[docket.month == month].mean() for month in range(6)]
    assert rates[0] > rates[-1] + 0.05


def test_the_panel_remembers_who_was_flagged_and_forgets_slowly() -> None:
    place = panel_office(panel_kept=0.5, panel_files=10.0)
    place = replace(place, practice=place.practice._replace(panel_memory=0.5))
    shares = []

    def monthly(month: int, queue: Queue) -> None:
        shares.append(queue.recalled[ASKS])

    days = np.repeat(np.arange(4), 500) * DAYS_PER_MONTH + 1.0
    cases, docket = files(place, days.size, abusive=True, day=days)
    answered(place, cases, docket, months=4, monthly=monthly)
    assert np.allclose(shares, 0.0)  # the only requester is the average
    assert Panel.model_fields["memory"].is_required()


# --- preservation and the side doors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", [True, False])
def test_dual_criminality_stops_preservation_only_where_the_text_says_so(closed: bool) -> None:
    place = place_with("dual_criminality")
    stops = place.reading.stops.copy()
    stops[place.review.names.index("dual_criminality")] = closed
    place = place.read(stops=stops, crime=np.zeros_like(place.reading.crime))
    docket = read(place, 200, abusive=True, preserved=True)
    first = docket.channel == PRESERVATION
    assert (docket.status[first] == (REFUSED if closed else EXECUTED)).all()
    assert (docket.status[~first] == REFUSED).all()


def opened(place: Office, count: int, channel: int, **asked: Any) -> Docket:
    """A side door tried beside each request."""
    cases, docket = files(place, count, preserved=True, **asked)
    docket.channel[::2] = channel
    answered(place, cases, docket)
    return docket


def test_a_firm_that_is_asked_gives_no_content_and_answers_by_the_requester() -> None:
    place = place_with().read(voluntary=np.array([0.0, 0.7]))
    docket = opened(place, FILES, DIRECT, abusive=True, wanted=CONTENT)
    given = docket.granted[::2] >= 0
    agrees(given, 0.7)
    assert (docket.granted[::2][given] == TRAFFIC).all()
    assert (docket.status[1::2] == EXECUTED).all()  # content is still wanted: the request itself goes on


def test_a_request_is_withdrawn_where_another_door_gave_all_that_was_wanted() -> None:
    place = place_with().read(voluntary=np.array([0.0, 0.7]))
    docket = opened(place, 4000, DIRECT, abusive=True, wanted=TRAFFIC)
    given = docket.granted[::2] == TRAFFIC
    assert np.array_equal(docket.status[1::2] == DIVERTED, given)
    assert (docket.hours[1::2][given] == 0).all()
    assert np.array_equal(docket.ended_day[1::2][given], docket.executed_day[::2][given])


def test_police_give_a_name_at_most_and_nothing_to_hostile_states() -> None:
    place = place_with().practised(police_answered=0.6, trust_floor=-0.5)
    docket = opened(place, FILES, POLICE, abusive=True, wanted=CONTENT)
    given = docket.granted[::2] >= 0
    agrees(given, 0.6)
    assert (docket.granted[::2][given] == SUBSCRIBER).all()
    assert (docket.status[::2][~given] == LAPSED).all()
    hostile = place.read(standing=np.full((2, 2), -0.6))
    assert not (opened(hostile, 200, POLICE, abusive=True).granted[::2] >= 0).any()


def test_what_is_shared_unasked_meets_no_ground_of_refusal() -> None:
    place = place_with("discrimination", desk_bar=-QUIET).numbered("discrimination", shift=0.0)
    docket = opened(place, 200, SPONTANEOUS, abusive=True, wanted=CONTENT)
    assert (docket.status[::2] == IN_PART).all()
    assert (docket.granted[::2] == place.practice.residence_class).all()
    assert (docket.status[1::2] == REFUSED).all()


# --- what follows --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kept", "audit", "factor"), [(0.0, 0.0, 1.0), (1.0, 0.0, 0.3), (0.5, 0.0, 0.65), (0.5, 0.4, 0.51)])
def test_a_duty_of_the_receiver_holds_back_a_share_of_misuse(kept: float, audit: float, factor: float) -> None:
    """A duty that is kept with chance p, or audited with chance a, leaves 1 - (1 - (1 - p)(1 - a)) h of the risk."""
    place = place_with().read(misuse=np.full((2, 2), [0.4, 0.0])).practised(domestic_notice=0.0)
    place = place.applying(max(kept, 1e-300), "use_limitation").numbered("use_limitation", holds=0.7, audit=audit)
    docket = read(place, conduct="fraud")
    agrees(docket.misused == 1, 0.4 * factor)


def test_onward_transfer_is_a_risk_of_its_own() -> None:
    place = place_with("onward_transfer").numbered("onward_transfer", holds=1.0, audit=0.0)
    docket = read(place.read(misuse=np.full((2, 2), 0.5)), conduct="fraud")
    agrees(docket.misused == 1, 0.5)
    assert not (docket.misused & 2).any()
    both = read(place.applying(0.0, "onward_transfer").read(misuse=np.full((2, 2), 0.5)), conduct="fraud")
    agrees(both.misused == 3, 0.25)


def test_publication_marks_answers_and_changes_nothing_else() -> None:
    plain, public = (
        read(place_with("discrimination", *names, desk_bar=1.0), 2000, abusive=True) for names in ((), ("publication",))
    )
    for name in plain._fields:
        if name != "published":
            assert np.array_equal(getattr(plain, name), getattr(public, name), equal_nan=name not in ("used",)), name
    assert not plain.published.any()
    assert public.published.all()


def test_notice_after_disclosure_by_domestic_law_keeps_to_what_is_not_secret() -> None:
    place = place_with().practised(domestic_notice=0.3)
    docket = read(place, abusive=True)
    agrees(docket.told == TOLD_AFTER, 0.3)
    luck = Draws(1).uniform("notice", np.arange(1, FILES + 1, dtype=np.uint64))
    assert np.array_equal(docket.told == TOLD_AFTER, luck < 0.3)
    assert not read(place, abusive=True, secret=True).told.any()


def test_every_answer_is_keyed_by_names() -> None:
    place = panel_office()
    again = read(place, 300, abusive=True), read(place, 300, abusive=True, first_id=1)
    assert np.array_equal(again[0].status, again[1].status)
    assert name_key("panel") != name_key("person")
    assert FORMAL == 0


def test_whether_police_ask_and_whether_they_answer_are_two_draws() -> None:
    review = {name: value for home in HOMES for name, value in vars(sys.modules[home]).items()}
    kept = (*(vars(module) for module in (choices, doors, filing)), review)
    keys = [{int(value) for value in names.values() if isinstance(value, np.uint64)} for names in kept]
    assert sum(map(len, keys)) == len(set.union(*keys)), "a purpose belongs to one module of conduct, or to the review"


def test_memory_does_not_feed_on_itself() -> None:
    """Without any abuse what is remembered stays the luck of the readings: no requester drifts away from the average."""
    place = panel_office()
    place = replace(place, practice=place.practice._replace(panel_memory=0.5, panel_kept=0.97, panel_files=50.0))
    many = 60
    days = np.repeat(np.arange(many), 400) * DAYS_PER_MONTH + 1.0
    cases, docket = files(place, days.size, conduct="fraud", day=days)
    cases = cases._replace(requester=np.arange(days.size) % 2)
    recalled = []
    answered(place, cases, docket, months=many, monthly=lambda month, queue: recalled.append(queue.recalled.copy()))
    assert np.abs(np.array(recalled)[12:]).max() < 0.5 * np.log(1.5)


def test_what_the_central_unit_remembers_fades_alike_for_files_and_for_flags() -> None:
    """Reads and flags of a requester keep one share of themselves from month to month, so that its flagged share stands."""
    practice = panel_office().practice._replace(panel_memory=0.5, panel_kept=0.8, panel_files=10.0)
    queue = empty_queue(2, 1, 0)
    queue.screened[:], queue.stopped[:] = (100.0, 50.0), (30.0, 5.0)
    pipeline.remember(queue, practice)
    assert queue.screened.tolist() == pytest.approx([80.0, 40.0])
    assert queue.stopped.tolist() == pytest.approx([24.0, 4.0])
    usual = 35.0 / 150.0
    shares = np.array([(30.0 + 10.0 * usual) / 110.0, (5.0 + 10.0 * usual) / 60.0])
    assert queue.recalled == pytest.approx(0.5 * np.log(shares / usual))


@pytest.mark.parametrize(("patience", "begun", "ended"), [(12.0, 10.0, 12.0), (12.0, 15.0, 15.0)])
def test_who_gives_up_before_a_refusal_has_given_up_on_that_day_or_when_the_reading_began(
    patience: float, begun: float, ended: float
) -> None:
    docket = empty_docket(1)
    docket.patience_day[0] = patience
    nothing: Any = None  # whoever has gone hears no answer, and no other table is looked at
    execution.refuse(np.uint64(1), 0, np.uint64(1), 20.0, begun, nothing, docket, nothing)
    assert docket.status[0] == LAPSED
    assert np.isnan(docket.decided_day[0])
    assert docket.ended_day[0] == ended


def test_what_is_gone_cannot_be_frozen() -> None:
    place = place_with().practised(retention_log=0.0, retention_spread=0.0, delay_log=np.log(100.0))
    docket = read(place, 200, abusive=True, preserved=True)
    assert (docket.status == EMPTY).all()
