"""Firms that tell their users: who is told and when, what a contest changes, and what silence prevents, against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.config import load
from sim.draws import Draws
from sim.review.spec import firm_shares, gags
from sim.simulation import simulate
from sim.world.docket import Docket
from sim.world.record import ConfigError
from sim.world.vocabulary import (
    CONTENT,
    DAYS_PER_MONTH,
    DIRECT,
    EMERGENCY,
    EMPTY,
    EXECUTED,
    MOVES_IF_TOLD,
    NEVER_TOLD,
    REFUSED,
    TOLD_AFTER,
    TOLD_BEFORE,
)
from tests.worlds import Office, answered, bare_world, events, files, made_up, office

FILES = 40_000
LEAST_P = 1e-4
QUIET = 99.0  # a bar that nothing reaches
SHARE, DAYS, WAIT = 0.6, 10.0, 200.0


def agrees(hits: NDArray[np.bool_], share: float) -> None:
    assert stats.binomtest(int(hits.sum()), hits.size, share).pvalue > LEAST_P, (hits.mean(), share)


def telling(share: float = SHARE, gag_days: float = np.inf, days: float = DAYS, **person: float) -> Office:
    """Nothing is refused, data go after ``WAIT`` days; firms tell this share of their users, who do not contest unless they do."""
    usual = {
        "bar": -QUIET,
        "notice_days": 0.0,
        "gagged": 0.5,
        "reached": 0.8,
        "contests": 0.0,
        "contest_days": 100.0,
        "tip_off": 0.0,
    }
    place = office().numbered("desk", bar=QUIET).numbered("person", **(usual | person))
    place = place.read(firm_notice=np.full(2, share), gag_days=np.full((len(place.instruments), 2), gag_days))
    return place.practised(delay_log=np.log(WAIT), domestic_notice=0.0, firm_days=days)


def read(place: Office, count: int = FILES, **asked: Any) -> Docket:
    cases, docket = files(place, count, **({"abusive": True} | asked))
    answered(place, cases, docket)
    return docket


def same(one: Docket, other: Docket) -> bool:
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(one[1:], other[1:], strict=True))


# --- who is told ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret_share", [0.0, 0.9])
def test_firms_tell_their_share_where_the_wait_is_long_enough_and_no_gag_stands(secret_share: float) -> None:
    """Told before: share * (P(not secret) P(wait > days) + P(secret) P(wait > gag + days)); the rest of the share afterwards."""
    gag, middle = 60.0, 50.0
    place = telling(gag_days=gag).practised(delay_log=np.log(middle), delay_spread=1.0)
    secret = np.random.default_rng(5).random(FILES) < secret_share
    docket = read(place, secret=secret)
    assert (docket.status == EXECUTED).all()

    def longer(days: float) -> float:
        return float(stats.norm.sf(np.log(days / middle)))

    agrees(docket.told[~secret] == TOLD_BEFORE, SHARE * longer(DAYS))
    if secret_share:
        agrees(docket.told[secret] == TOLD_BEFORE, SHARE * longer(gag + DAYS))
    agrees(docket.told > NEVER_TOLD, SHARE)
    luck = Draws(1).uniform("firm_notice", np.arange(1, FILES + 1, dtype=np.uint64), place.reading.state_keys[0])
    assert np.array_equal(docket.told > NEVER_TOLD, luck < SHARE)


def test_a_gag_without_end_and_secrecy_in_every_case_leave_nobody_told() -> None:
    assert not read(telling(1.0), secret=True).told.any()


def test_a_text_that_keeps_silence_binds_the_firm_too() -> None:
    place = telling(1.0).practised(domestic_notice=1.0)
    assert not read(place.read(hidden=np.ones_like(place.reading.hidden))).told.any()


def test_a_gag_that_ends_after_the_hand_over_lets_the_firm_tell_afterwards() -> None:
    agrees(read(telling(gag_days=WAIT), secret=True).told == TOLD_AFTER, SHARE)


def test_a_limited_gag_only_adds_tellings() -> None:
    endless, long, short = (read(telling(gag_days=days), 5000, secret=True).told for days in (np.inf, 365.0, 90.0))
    assert (endless <= long).all()
    assert (long <= short).all()
    assert (long > endless).sum() > 0
    assert (short > long).sum() > 0


def test_a_state_that_holds_no_platform_has_no_firm_that_tells() -> None:
    assert not read(telling(1.0), 500, resident_only=True).told.any()


@pytest.mark.parametrize("channel", [0, EMERGENCY])
def test_an_emergency_is_told_of_if_its_short_wait_is_long_enough(channel: int) -> None:
    place = telling(1.0).practised(urgent_delay=0.04)  # of 200 days: 8, fewer than the ten of notice
    wanted = TOLD_AFTER if channel == EMERGENCY else TOLD_BEFORE
    assert (read(place, 500, channel=channel).told == wanted).all()


def test_firms_that_tell_nobody_change_nothing_whatever_else_is_said_of_them() -> None:
    plain = read(telling(0.0, contests=1.0), 2000)
    assert same(plain, read(telling(0.0, gag_days=0.0, days=0.0, contests=1.0), 2000))
    assert not plain.told.any()


# --- what a contest changes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bar", [-QUIET, 1.5])
def test_whoever_is_told_may_win_before_the_hand_over(bar: float) -> None:
    place = telling(contests=0.5, bar=bar, insight=1.4).read(judicial=np.full(2, 0.7))
    docket = read(place)
    agrees(docket.status == REFUSED, SHARE * 0.5 * 0.7 * stats.norm.sf(bar - 1.4 * 2.0))
    assert (docket.grounds[docket.status == REFUSED] == place.bit("person")).all()
    assert (docket.granted[docket.status == REFUSED] == -1).all()


def test_nobody_contests_after_the_hand_over_or_before_a_captured_court() -> None:
    late = read(telling(1.0, days=WAIT, contests=1.0), 500)
    assert (late.status == EXECUTED).all()
    captured = read(telling(1.0, contests=1.0).read(judicial=np.zeros(2)), 500)
    assert (captured.status == EXECUTED).all()


def test_a_contest_that_fails_delays_the_hand_over_and_nothing_is_lost_by_it() -> None:
    """What the firm holds is frozen when the order reaches it: the same data have expired with and without its notice."""
    fading = {"retention_log": np.log(WAIT), "retention_spread": 1.0}
    place = telling(contests=1.0, bar=QUIET)
    agrees(read(place).executed_day - read(telling()).executed_day > 99.0, SHARE)
    with_notice, without = (read(one.practised(**fading)).status for one in (place, telling(0.0).practised(**fading)))
    assert np.array_equal(with_notice == EMPTY, without == EMPTY)
    assert 0.3 < (without == EMPTY).mean() < 0.7


@pytest.mark.parametrize("preserved", [False, True])
def test_a_contest_outlasts_no_freeze(preserved: bool) -> None:
    """Data frozen to the day on which they were due are given, however long a court takes."""
    gone = {"retention_log": np.log(30.0), "retention_spread": 0.0, "preservation_days": WAIT + 50.0, "preservation_renewed": 0.0}
    place = telling(1.0, contests=1.0, bar=QUIET).practised(**gone)
    docket = read(place, 400, preserved=preserved)
    requests = slice(1, None, 2) if preserved else slice(None)
    assert (docket.status[requests] == (EXECUTED if preserved else EMPTY)).all()


def test_a_firms_notice_tips_off_nobody_and_moves_no_data() -> None:
    assert (read(telling(1.0, tip_off=1.0), 500).status == EXECUTED).all()
    found = {}
    for name, place in (("firm", telling(1.0)), ("state", telling(0.0, reached=1.0).applying(1.0, "person"))):
        cases, docket = files(place, 500, abusive=True)
        docket.evaded[:] = MOVES_IF_TOLD
        answered(place, cases, docket)
        assert (docket.told == TOLD_BEFORE).all()
        found[name] = set(docket.status)
    assert found == {"firm": {EXECUTED}, "state": {EMPTY}}


# --- the state's notice beside the firm's ----------------------------------------------------------------------------------


def both(**person: float) -> tuple[Docket, Docket, Docket]:
    """What the firm's notice alone, the state's alone, and both together lead to."""
    firm, neither = telling(**person), telling(0.0, **person)
    return read(firm), read(neither.applying(1.0, "person")), read(firm.applying(1.0, "person"))


@pytest.mark.parametrize("notice_days", [0.0, 195.0, 201.0])
def test_the_two_notices_never_lead_to_two_contests(notice_days: float) -> None:
    firm, state, together = both(contests=0.5, bar=1.5, notice_days=notice_days)
    won = [docket.status == REFUSED for docket in (firm, state, together)]
    assert (won[2] <= (won[0] | won[1])).all()
    days = together.executed_day - together.filed_day
    base = np.nanmin(days)
    assert set(np.round(days[~won[2]] - base)) == {0.0, 100.0}
    assert ((together.told == TOLD_BEFORE)[~won[2]] >= (state.told == TOLD_BEFORE)[~won[2]]).all()


def test_the_earlier_telling_counts() -> None:
    """The firm tells on day 190 of 200: a notice of the state on day 195 comes too late, one on day 0 comes first."""
    firm, state, late = both(contests=0.5, notice_days=195.0, tip_off=0.0)
    by_firm = Draws(1).uniform("firm_notice", np.arange(1, FILES + 1, dtype=np.uint64), office().reading.state_keys[0]) < SHARE
    assert np.array_equal(late.status[by_firm], firm.status[by_firm])
    assert np.array_equal(late.status[~by_firm], state.status[~by_firm])
    firm, state, early = both(contests=0.5, notice_days=0.0)
    by_state = (state.told == TOLD_BEFORE) | (state.status == REFUSED)
    assert np.array_equal(early.status[by_state], state.status[by_state])
    assert np.array_equal(early.status[~by_state], firm.status[~by_state])


# --- asked directly --------------------------------------------------------------------------------------------------------


def asked_directly(place: Office, count: int = FILES, **asked: Any) -> Docket:
    """The rows of requests put to the firm itself, beside which a formal one is filed."""
    cases, docket = files(place, count, abusive=True, preserved=True, wanted=CONTENT, **asked)
    docket.channel[::2] = DIRECT
    answered(place, cases, docket)
    return Docket._make([docket.used, *(column[::2] for column in docket[1:])])


def test_a_firm_tells_of_what_it_would_give_itself_and_a_court_of_its_state_decides() -> None:
    place = telling(contests=0.5, bar=1.5, insight=1.4).read(voluntary=np.array([0.0, 0.7]), judicial=np.full(2, 0.7))
    place = place.practised(direct_days=14.0)
    docket = asked_directly(place)
    stopped = docket.grounds == place.bit("person")
    wins = 0.5 * 0.7 * stats.norm.sf(1.5 - 1.4 * 2.0)
    agrees(stopped, 0.7 * SHARE * wins)
    agrees(docket.granted >= 0, 0.7 * (1.0 - SHARE * wins))
    assert (docket.reason[stopped] == place.review.names.index("person")).all()
    given = docket.granted >= 0
    agrees(docket.told[given] == TOLD_BEFORE, SHARE * (1 - wins) / (1 - SHARE * wins))
    assert (docket.told[~given] == NEVER_TOLD).all()
    assert set(np.round(docket.executed_day[given] - docket.filed_day[given])) == {14.0, 114.0}
    assert np.array_equal(docket.decided_day[given], docket.executed_day[given])


def test_a_firm_that_answers_at_once_tells_afterwards_and_keeps_a_gag() -> None:
    place = telling(1.0, contests=1.0).read(voluntary=np.array([0.0, 1.0])).practised(direct_days=DAYS)
    assert (asked_directly(place, 500).told == TOLD_AFTER).all()
    assert not asked_directly(place, 500, secret=True).told.any()


# --- tables and whole runs -------------------------------------------------------------------------------------------------


def test_shares_are_one_number_less_what_a_factor_takes() -> None:
    spec = load("review.firm_notice.share=0.5", "+review.firm_notice.factor.DEU=0.4").review.firm_notice
    states = bare_world(load("people.rows=100")).states
    shares = dict(zip(states.codes, firm_shares(spec, states), strict=True))
    assert (shares["DEU"], shares["CHN"], shares["BRA"]) == (0.2, 0.0, 0.5)


def test_a_gag_is_the_states_or_ends_sooner_by_the_text() -> None:
    config = load(
        "review.firm_notice.gag_months=null", "instruments.hanoi.gag_months_most=6", "instruments.mlat.gag_months_most=24"
    )
    states = bare_world(load("people.rows=100")).states
    texts = sorted(config.instruments, key=lambda name: config.instruments[name].order)
    table = gags(config.review.firm_notice, config.instruments, states) / DAYS_PER_MONTH
    usa, irl = states.codes.index("USA"), states.codes.index("IRL")
    found = {text: (table[row, usa], table[row, irl]) for row, text in enumerate(texts)}
    assert found["hanoi"] == (6.0, 6.0)
    assert found["mlat"] == (12.0, 24.0)
    assert found["comity"] == (12.0, np.inf)


@pytest.mark.parametrize("key", ["factor", "gag_months_of"])
def test_a_state_that_does_not_exist_is_refused(key: str) -> None:
    with pytest.raises(ConfigError, match=f"review.firm_notice.{key}: no state has the code 'XQZ'"):
        load(f"+review.firm_notice.{key}.XQZ=0.5")


BUSY = ("demand.abusive_odds=0.2", "review.load=false", "demand.secret_share=0.3")
FIRMS = ("review.firm_notice.share=0.8", "review.firm_notice.gag_months=12")


def test_where_every_text_keeps_silence_nobody_is_told_at_all() -> None:
    silent = simulate(made_up(*BUSY, *FIRMS, *(f"instruments.{text}.secrecy=always" for text in made_up().instruments)), seed=1)
    assert silent.metrics.set_index("metric").loc["notified_share", "value"] == 0.0
    run = silent.finished
    assert not run.docket.told[run.docket.month >= run.first_month].any()
    assert run.docket.told[run.docket.month < run.first_month].any(), "what a text says is a lever, and holds from the window on"
    told = simulate(made_up(*BUSY, *FIRMS), seed=1).metrics.set_index("metric").loc["notified_share"]
    assert told["value"] > 0.3
    assert told["count"] > 50


def test_firms_that_tell_nobody_leave_a_run_as_it_was() -> None:
    none, gagless = (
        simulate(made_up(*BUSY, "review.firm_notice.share=0.0", *more), seed=1)
        for more in ((), ("review.firm_notice.gag_months=0.0", "review.firm_notice.days=0.0"))
    )
    assert events(none.finished).equals(events(gagless.finished))
    assert none.metrics.equals(gagless.metrics)


def test_firms_tell_in_the_run_in_too_for_their_policies_are_facts() -> None:
    run = simulate(made_up(*BUSY, *FIRMS), seed=1).finished
    before = run.docket.month < run.first_month
    assert (run.docket.told[before] == TOLD_BEFORE).any()
