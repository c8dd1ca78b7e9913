"""What can become of a request at the requested authority, one fate at a time, every draw worked out from its name."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.draws import Draws, name_key
from sim.world.vocabulary import (
    CONTENT,
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    EMERGENCY,
    EMPTY,
    EXECUTED,
    FABRICATED,
    FORMAL,
    IN_PART,
    LAPSED,
    PARKED,
    PENDING,
    PRESERVATION,
    RECHARACTERISED,
    REFUSED,
    SUBSCRIBER,
    TRAFFIC,
    WITHDRAWN,
)
from tests.worlds import ASKS, HOLDS, Office, answered, files, office

FILES = 4000
LEAST_P = 1e-4


def luck(place: Office, purpose: str, count: int, name: str | None = None) -> NDArray[np.float64]:
    """The uniform of a case at the authority (and safeguard), by its name."""
    keys = (np.arange(1, count + 1, dtype=np.uint64), place.reading.state_keys[HOLDS])
    return Draws(1).uniform(purpose, *keys) if name is None else Draws(1).uniform(purpose, *keys, name_key(name))


# --- forces --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["form", "dual_criminality", "discrimination", "judge"])
def test_a_safeguard_is_applied_where_one_uniform_lies_under_its_chance(name: str) -> None:
    """And so the three forces are nested: whoever applies a discretion applies the duty."""
    stood = []
    for chance in (0.0, 0.3, 0.8, 1.0):
        place = office().applying(chance, name).numbered("desk", bar=-99.0).numbered("judge", bar=-99.0)
        place = place.read(crime=np.zeros_like(place.reading.crime))
        cases, docket = files(place, FILES, quality=-3.0)
        answered(place, cases, docket)
        stood.append(docket.status == REFUSED)
        assert np.array_equal(stood[-1], luck(place, "applied", FILES, name) < chance)
    assert not stood[0].any()
    assert stood[3].all()
    for weak, strong in pairwise(stood):
        assert (weak <= strong).all()


def test_two_safeguards_are_applied_by_luck_of_their_own() -> None:
    place = office().applying(0.5, "form", "dual_criminality")
    place = place.read(crime=np.zeros_like(place.reading.crime))
    cases, docket = files(place, FILES, quality=-3.0)
    answered(place, cases, docket)
    table = np.bincount(docket.grounds.astype(int))
    seen = table[[0, place.bit("form"), place.bit("dual_criminality"), place.bit("form", "dual_criminality")]]
    assert stats.chisquare(seen, np.full(4, FILES / 4)).pvalue > LEAST_P


# --- reasons -------------------------------------------------------------------------------------------------------------


def test_the_first_ground_in_the_global_order_is_the_reason_and_all_that_stood_are_kept() -> None:
    place = office().applying(1.0, "discrimination", "ordre_public", "own_law", "judge").numbered("desk", bar=-99.0)
    cases, docket = files(place, 50)
    answered(place, cases, docket)
    assert set(docket.grounds) == {place.bit("discrimination", "ordre_public", "own_law")}, "the judge is never reached"
    assert {place.review.names[s] for s in docket.reason} == {"discrimination"}


def test_gates_are_all_asked_and_no_look_is_taken_once_one_stands() -> None:
    place = office().applying(1.0, "form", "dual_criminality", "discrimination").numbered("desk", bar=-99.0)
    place = place.read(crime=np.zeros_like(place.reading.crime)).practised(gate_days=20.0)
    cases, docket = files(place, 50, quality=-3.0)
    queue = answered(place, cases, docket)
    assert set(docket.grounds) == {place.bit("form", "dual_criminality")}
    assert {place.review.names[s] for s in docket.reason} == {"form"}
    assert not docket.hours.any()
    assert not queue.spent.any()
    assert set(docket.ended_day - docket.filed_day) == {20.0}


def test_hours_are_charged_only_for_looks_that_are_reached() -> None:
    place = office().applying(1.0, "discrimination", "judge").practised(hours_log=np.log(2.0), hours_spread=0.0)
    place = place.numbered("discrimination", hours=0.25).numbered("judge", hours=0.5, bar=99.0)
    for bar, hours in ((-99.0, 2.25), (99.0, 2.75)):
        shown = place.numbered("desk", bar=bar)
        cases, docket = files(shown, 20)
        answered(shown, cases, docket)
        assert docket.hours == pytest.approx(hours)


@pytest.mark.parametrize(("kind", "alleged", "stops"), [(RECHARACTERISED, "insult", True), (FABRICATED, "fraud", False)])
def test_dual_criminality_by_conduct_catches_true_facts_and_never_fabricated_ones(kind: int, alleged: str, stops: bool) -> None:
    place = office().applying(1.0, "dual_criminality")
    crime = np.ones_like(place.reading.crime)
    crime[:, :, place.offence("insult")] = False
    place = place.read(crime=crime)
    cases, docket = files(place, 20, abusive=True, kind=kind, conduct="insult", alleged=alleged, label="extremism")
    answered(place, cases, docket)
    assert (docket.status == (REFUSED if stops else EXECUTED)).all()


# --- comity --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chance", [0.0, 0.35, 1.0])
def test_goodwill_decides_under_comity_by_a_chance_of_the_pair(chance: float) -> None:
    place = office().read(goodwill=np.full((2, 2), chance))
    row = place.instruments.index("comity")
    applies = place.reading.applies.copy()
    applies[place.review.names.index("goodwill"), row] = 1.0
    place = place.read(applies=applies)
    for instrument in place.instruments:
        cases, docket = files(place, FILES, instrument=instrument)
        answered(place, cases, docket)
        refused = int((docket.status == REFUSED).sum())
        if instrument == "comity":
            assert stats.binomtest(refused, FILES, 1 - chance).pvalue > LEAST_P
        else:
            assert refused == 0, "a duty is no favour"


# --- supplement ----------------------------------------------------------------------------------------------------------


def test_poor_paperwork_is_sent_back_once_and_then_answered_or_withdrawn() -> None:
    place = office().practised(supplement_bar=-1.0, supplement_answered=0.75, supplement_days=75.0, supplement_hours=1.0)
    place = place.practised(hours_log=np.log(2.0), hours_spread=0.0)
    quality = np.where(np.arange(FILES) % 2 == 0, -1.5, -0.5)
    cases, docket = files(place, FILES, quality=quality)
    answered(place, cases, docket)
    poor, answer = quality < -1.0, luck(place, "supplement", FILES) < 0.75
    assert (docket.status[~poor] == EXECUTED).all()
    assert np.array_equal(docket.status == WITHDRAWN, poor & ~answer)
    assert docket.decided_day[poor] - docket.filed_day[poor] == pytest.approx(75.0)
    assert docket.decided_day[~poor] == pytest.approx(docket.filed_day[~poor])
    assert docket.hours[poor & answer] == pytest.approx(3.0)
    assert docket.hours[poor & ~answer] == pytest.approx(2.0)


def test_an_emergency_is_never_sent_back() -> None:
    place = office().practised(supplement_bar=99.0, supplement_answered=0.0)
    cases, docket = files(place, 50, channel=EMERGENCY)
    answered(place, cases, docket)
    assert (docket.status == EXECUTED).all()


def test_a_parked_file_waits_for_its_supplement_like_any_other() -> None:
    place = office().practised(supplement_bar=99.0, supplement_answered=1.0, supplement_days=75.0, park_bar=-99.0)
    cases, docket = files(place, 50)
    answered(place, cases, docket)
    assert (docket.decided_day - docket.filed_day >= 75.0).all()


# --- parking, patience, lapse ----------------------------------------------------------------------------------------------


def test_what_looks_doubtful_is_parked_and_answered_from_hours_that_are_left() -> None:
    place = office().practised(park_bar=1.0, hours_log=0.0, hours_spread=0.0)
    cases, docket = files(place, FILES)
    doubtful = np.sqrt(0.5) * cases.dossier + np.sqrt(0.5) * stats.norm.ppf(luck(place, "look", FILES, "desk")) > 1.0
    queue = answered(place, cases, docket, loaded=True, capacity=FILES)  # one hour each: nothing is left for the parked
    assert np.array_equal(docket.status == PARKED, doubtful)
    assert queue.parked[0, HOLDS] == doubtful.sum() > 500
    again, after = files(place, FILES)
    answered(place, again, after, loaded=True, capacity=10 * FILES)
    assert (after.status == EXECUTED).all()


@pytest.mark.parametrize(("standing", "parks"), [(-0.5, True), (-0.3, False)])
def test_a_pair_without_trust_is_parked_whatever_the_file_says(standing: float, parks: bool) -> None:
    place = office().practised(trust_floor=-0.36, hours_log=0.0, hours_spread=0.0)
    table = np.zeros((2, 2))
    table[ASKS, HOLDS] = standing
    place = place.read(standing=table)
    cases, docket = files(place, 100)
    answered(place, cases, docket, loaded=True, capacity=100)
    assert (docket.status == (PARKED if parks else EXECUTED)).all()


def test_an_emergency_is_never_parked() -> None:
    place = office().practised(park_bar=-99.0)
    cases, docket = files(place, 50, channel=EMERGENCY)
    answered(place, cases, docket, loaded=True, capacity=1e6)
    assert (docket.status == EXECUTED).all()


def test_patience_runs_over_the_whole_time_and_ends_in_silence() -> None:
    """Exponential from the day of filing; whoever has not heard by then has given up, wherever the file lies."""
    place = office().practised(lapse_per_year=2.0, delay_log=np.log(100.0))
    cases, docket = files(place, FILES)
    answered(place, cases, docket)
    patience = -np.log1p(-luck(place, "patience", FILES)) / 2.0 * DAYS_PER_YEAR
    assert docket.patience_day - docket.filed_day == pytest.approx(patience)
    gone = patience < 100.0
    assert np.array_equal(docket.status == LAPSED, gone)
    assert docket.ended_day[gone] == pytest.approx(docket.patience_day[gone])
    assert docket.ended_day[~gone] == pytest.approx(docket.filed_day[~gone] + 100.0)
    assert stats.binomtest(int(gone.sum()), FILES, -np.expm1(-2.0 * 100 / DAYS_PER_YEAR)).pvalue > LEAST_P


@pytest.mark.parametrize("parked", [False, True])
def test_a_file_that_nobody_takes_up_lapses_unanswered_at_no_cost(parked: bool) -> None:
    place = office().practised(lapse_per_year=1.0, park_bar=-99.0 if parked else np.inf, hours_log=0.0, hours_spread=0.0)
    cases, docket = files(place, 1000)
    months = 24
    hours = np.full(2, 1e-6)  # the first file of the month, and its debt for ever
    answered(place, cases, docket, months=months, loaded=True, capacity=hours)
    over = docket.patience_day < months * DAYS_PER_MONTH
    assert over[1:].sum() > 500
    assert (docket.status[1:][over[1:]] == LAPSED).all()
    assert (docket.status[1:][~over[1:]] == PENDING).all()
    assert np.array_equal(docket.ended_day[1:][over[1:]], docket.patience_day[1:][over[1:]])
    assert not docket.hours[1:].any()


def test_a_refusal_that_comes_too_late_is_not_heard() -> None:
    place = office().applying(1.0, "form").practised(lapse_per_year=6.0, gate_days=60.0)
    cases, docket = files(place, FILES, quality=-3.0)
    answered(place, cases, docket)
    late = docket.patience_day < docket.filed_day + 60.0
    assert 0.2 < late.mean() < 0.8
    assert np.array_equal(docket.status == LAPSED, late)
    assert (docket.reason[late] == -1).all()
    assert not docket.grounds[late].any()


# --- preservation and retention ----------------------------------------------------------------------------------------------


def preserving(**practice: float) -> Office:
    base = {"preservation_days": 90.0, "preservation_renewed": 0.0, "preservation_delay": 4.0, "delay_log": np.log(60.0)}
    return office().practised(retention_log=np.log(30.0), retention_spread=0.0, **{**base, **practice})


def test_data_that_nobody_froze_expire_and_leave_an_empty_answer() -> None:
    place = office().practised(retention_log=np.log(60.0), retention_spread=1.0, delay_log=np.log(60.0))
    cases, docket = files(place, FILES)
    answered(place, cases, docket)
    kept = 60.0 * np.exp(stats.norm.ppf(luck(place, "retention", FILES)))
    assert np.array_equal(docket.status == EMPTY, kept < 60.0)
    assert (docket.granted[docket.status == EMPTY] == -1).all()
    assert (docket.granted[docket.status == EXECUTED] == CONTENT).all()


@pytest.mark.parametrize(("days", "status"), [(90.0, EXECUTED), (40.0, EMPTY)])
def test_preservation_keeps_data_for_its_term_and_no_longer(days: float, status: int) -> None:
    """Asked after 60 days of data that live 30: frozen from day 4 for 90 days they are there, for 40 they are not."""
    place = preserving(preservation_days=days)
    cases, docket = files(place, 100, preserved=True)
    answered(place, cases, docket)
    first, then = docket.channel == PRESERVATION, docket.channel == FORMAL
    assert (docket.status[first] == EXECUTED).all()
    assert (docket.granted[first] == -1).all(), "preserved is not disclosed"
    assert docket.preserved_until[then] - docket.filed_day[then] == pytest.approx(4.0 + days)
    assert (docket.status[then] == status).all()


def test_terms_are_renewed_a_geometric_number_of_times() -> None:
    place = preserving(preservation_renewed=0.85)
    cases, docket = files(place, FILES, preserved=True)
    answered(place, cases, docket)
    terms = (docket.preserved_until - docket.filed_day - 4.0)[docket.channel == PRESERVATION] / 90.0
    renewals = np.rint(terms - 1).astype(int)
    assert terms == pytest.approx(renewals + 1)
    for least in (1, 2, 5, 10):
        assert stats.binomtest(int((renewals >= least).sum()), FILES, 0.85**least).pvalue > LEAST_P
    assert np.array_equal(renewals >= 3, luck(place, "renewal", FILES) <= 0.85**3)


def test_a_requester_that_always_renews_never_loses_data() -> None:
    place = preserving(preservation_renewed=1.0, delay_log=np.log(1000.0))
    cases, docket = files(place, 100, preserved=True)
    answered(place, cases, docket)
    assert (docket.status[docket.channel == FORMAL] == EXECUTED).all()


def test_preservation_asks_no_dual_criminality_and_hears_only_the_grounds_that_stop_it() -> None:
    place = preserving().applying(1.0, "dual_criminality", "form", "judge", "discrimination").numbered("judge", bar=-99.0)
    place = place.read(crime=np.zeros_like(place.reading.crime)).numbered("desk", bar=99.0)
    cases, docket = files(place, 50, preserved=True, quality=-3.0)
    answered(place, cases, docket)
    first, then = docket.channel == PRESERVATION, docket.channel == FORMAL
    assert (docket.status[first] == EXECUTED).all()
    assert (docket.status[then] == REFUSED).all()
    stopped = place.applying(1.0, "political_offence").numbered("desk", bar=-99.0)  # a political offence may still be frozen
    cases, docket = files(stopped, 50, preserved=True)
    answered(stopped, cases, docket)
    assert (docket.status[first] == REFUSED).all()
    assert set(docket.grounds[first]) == {place.bit("discrimination")}
    assert np.isnan(docket.preserved_until).all(), "nothing is frozen where preservation is refused"


def test_preservation_costs_the_desk_no_hours_of_the_queue() -> None:
    place = preserving()
    cases, docket = files(place, 50, preserved=True)
    answered(place, cases, docket)
    assert not docket.hours[docket.channel == PRESERVATION].any()


# --- what is given -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resident_only", "wanted", "granted", "status"),
    [
        (False, CONTENT, CONTENT, EXECUTED),
        (True, CONTENT, TRAFFIC, IN_PART),  # the state where a person lives has subscriber, traffic and location data
        (True, TRAFFIC, TRAFFIC, EXECUTED),
        (True, SUBSCRIBER, SUBSCRIBER, EXECUTED),
    ],
)
def test_a_state_of_residence_alone_gives_no_content(resident_only: bool, wanted: int, granted: int, status: int) -> None:
    place = office().practised(residence_class=TRAFFIC)
    cases, docket = files(place, 30, wanted=wanted, resident_only=resident_only)
    answered(place, cases, docket)
    assert set(docket.granted) == {granted}
    assert set(docket.status) == {status}


@pytest.mark.parametrize(("wanted", "narrowed"), [(CONTENT, TRAFFIC), (TRAFFIC, SUBSCRIBER), (SUBSCRIBER, SUBSCRIBER)])
def test_a_judge_narrows_what_is_not_quite_suspect_enough_to_refuse(wanted: int, narrowed: int) -> None:
    """Refused over the bar, narrowed by one class within the margin under it, granted whole below: one reading, three answers."""
    place = office().applying(1.0, "judge").numbered("judge", bar=1.0, narrow_margin=1.2, delay_days=21.0)
    cases, docket = files(place, FILES, wanted=wanted)
    answered(place, cases, docket)
    x = np.sqrt(0.5) * cases.dossier + np.sqrt(0.5) * stats.norm.ppf(luck(place, "look", FILES, "judge"))
    assert np.array_equal(docket.status == REFUSED, x > 1.0)
    middle = (x > -0.2) & (x <= 1.0)
    assert (docket.granted[middle] == narrowed).all()
    assert (docket.granted[x <= -0.2] == wanted).all()
    if wanted != SUBSCRIBER:
        assert np.array_equal(docket.status == IN_PART, middle)
        assert {place.review.names[s] for s in docket.narrowed[middle]} == {"judge"}
    else:
        assert (docket.narrowed == -1).all()
    assert docket.decided_day - docket.filed_day == pytest.approx(21.0)


@pytest.mark.parametrize("channel", [FORMAL, EMERGENCY])
def test_haste_shortens_a_refusal_after_the_desk_as_it_shortens_a_grant(channel: int) -> None:
    place = office().applying(1.0, "judge").numbered("judge", bar=1.0, narrow_margin=0.0, delay_days=21.0)
    cases, docket = files(place, 500, channel=channel)
    answered(place, cases, docket)
    assert set(docket.status) == {REFUSED, EXECUTED}
    wait = 21.0 * (place.practice.urgent_delay if channel == EMERGENCY else 1.0)
    assert docket.decided_day - docket.filed_day == pytest.approx(wait)


def test_a_judge_without_margin_narrows_nothing() -> None:
    place = office().applying(1.0, "judge").numbered("judge", bar=1.0, narrow_margin=0.0)
    cases, docket = files(place, 500)
    answered(place, cases, docket)
    assert set(docket.status) == {REFUSED, EXECUTED}


@pytest.mark.parametrize(("channel", "days"), [(FORMAL, 150.0 + 21.0), (EMERGENCY, 15.0 + 2.1)])
def test_execution_takes_its_delay_by_instrument_and_lane(channel: int, days: float) -> None:
    place = office().applying(1.0, "judge").numbered("judge", bar=99.0, delay_days=21.0)
    place = place.practised(delay_log=np.log(100.0), urgent_delay=0.1).ruled(delay=np.full_like(place.law.delay, 1.5))
    cases, docket = files(place, 30, channel=channel)
    answered(place, cases, docket)
    assert docket.executed_day - docket.filed_day == pytest.approx(days)
