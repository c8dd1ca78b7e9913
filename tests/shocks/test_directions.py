"""What follows a shock follows by the mechanisms of the model: directions on made-up states, in paired runs."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from sim.config import load
from sim.month import advance
from sim.result import Result
from sim.simulation import prepare, simulate, world_of
from sim.world.vocabulary import DAYS_PER_MONTH

LARGE = (
    *("states=synthetic", "states.synthetic.count=12", "people.rows=3000", "demand.legitimate=600", "years=4"),
    *("calibration_months=12", "demand.abusive_odds=0.3", "demand.abusive_most=2.0", "demand.abusive_most_per_person=1.0"),
)
ADAPTIVE = ("conduct=adaptive", "adaptation.requesters.adaptive_share=1.0")
AT = 12
DAY = AT * DAYS_PER_MONTH
SEEDS = (1, 2, 3)
FORMAL = ("formal", "emergency")


@cache
def ran(seed: int, *overrides: str) -> Result:
    return simulate(load(*LARGE, *overrides), seed)


def shock(states: str, sets: str, name: str = "one", at: int = AT) -> str:
    return f"shock.{name}={{at: {at}, states: {states}, set: {{{sets}}}}}"


def formal(result: Result, requester: str, requested: str | None = None, since: float = DAY) -> pd.DataFrame:
    """Formal requests that a state has filed since a day, of all states or of one."""
    filed = result.requests
    mine = (filed["requester"] == requester) & filed["channel"].isin(FORMAL) & (filed["filed_day"] >= since)
    return filed[mine & (filed["requested"] == requested)] if requested else filed[mine]


def met(requests: pd.DataFrame) -> float:
    return float((requests["status"] == "executed").mean())


def given_by_firms(result: Result, requester: str) -> int:
    filed = result.requests
    mine = (filed["requester"] == requester) & (filed["channel"] == "direct") & (filed["filed_day"] >= DAY)
    return int((filed.loc[mine, "status"] == "executed").sum())


def most_liberal(seed: int) -> str:
    """The state with much demand that others trust."""
    states = world_of(load(*LARGE), seed).states
    return states.codes[int(np.argmax(states.liberal * states.demand))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_channel_opens_and_takes_requests_from_the_other_texts_of_the_pair(seed: int) -> None:
    quiet = ran(seed)
    pairs = quiet.requests[quiet.requests["channel"].isin(FORMAL)].groupby(["requester", "requested"], observed=True).size()
    i, j = pairs.idxmax()
    opened = ran(seed, shock(f"[{i}, {j}]", "instruments: {cloud_act: {binds: true}}"))
    by_text = [formal(result, i, j)["instrument"].value_counts() for result in (quiet, opened)]
    assert by_text[0]["cloud_act"] == 0
    assert by_text[1]["cloud_act"] > 0
    assert by_text[1].drop("cloud_act").sum() < by_text[0].sum()
    before, after = formal(quiet, i, j), formal(opened, i, j)
    days = [(part["executed_day"] - part["filed_day"]).median() for part in (before, after)]
    assert met(after) > met(before)
    assert days[1] < days[0]
    earlier = [result.requests[result.requests["filed_day"] < DAY] for result in (quiet, opened)]
    assert not (earlier[1]["instrument"] == "cloud_act").any()
    assert len(earlier[0]) == len(earlier[1])


@pytest.mark.parametrize("seed", [1, 2])
def test_laws_turn_and_what_they_name_is_asked_for_and_given(seed: int) -> None:
    """A label that the law lacked is asked under once it is a crime; where no safeguard is kept more is given."""
    lax, offence = "review.strength=0.0", "false_news"
    quiet = ran(seed, lax)
    states, k = quiet.finished.world.states, quiet.finished.world.offences.names.index(offence)
    free = np.flatnonzero(np.isnan(states.penalties[:, k]))
    code = states.codes[int(max(free, key=lambda row: states.pursuit[row].sum()))]
    turned = ran(seed, lax, shock(code, f"penalties: {{{offence}: 8.0, protected: {{least: 8.0}}}}"))

    def filed(result: Result) -> pd.DataFrame:
        mine = (result.requests["requester"] == code) & (result.requests["filed_day"] >= DAY)
        return result.requests[mine]

    def given(result: Result) -> int:
        cases = result.cases
        return int(((cases["requester"] == code) & cases["abusive"] & (cases["status"] == "disclosed")).sum())

    assert not (filed(quiet)["label"] == offence).any()
    assert (filed(turned)["label"] == offence).any()
    assert len(filed(turned)) > len(filed(quiet))
    assert given(turned) > given(quiet)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_regime_turns_and_the_yield_of_its_requests_falls_while_nobody_adapts(seed: int) -> None:
    code = most_liberal(seed)
    quiet, turned = ran(seed), ran(seed, shock(code, "liberal: 0.0"))
    assert met(formal(turned, code)) < met(formal(quiet, code))
    assert len(formal(turned, code)) == len(formal(quiet, code))  # naive requesters ask as they did
    direct = [result.requests[result.requests["channel"] == "direct"] for result in (quiet, turned)]
    answered = [
        ((part["requester"] == code) & (part["filed_day"] >= DAY) & (part["status"] == "executed")).sum() for part in direct
    ]
    assert answered[1] <= answered[0]


def test_where_requesters_learn_their_volume_falls_with_the_yield() -> None:
    asked, volume = np.zeros(2), np.zeros(2)
    for seed in SEEDS:
        code = most_liberal(seed)
        for side, overrides in enumerate(((), (shock(code, "liberal: 0.0"),))):
            result = ran(seed, *ADAPTIVE, *overrides)
            asked[side] += len(formal(result, code))
            run = prepare(load(*LARGE, *ADAPTIVE, *overrides), seed)
            while run.month < run.months:
                advance(run)
            row = run.world.states.codes.index(code)
            volume[side] += run.mind.volume[:, row].mean()
        assert met(formal(ran(seed, *ADAPTIVE, shock(code, "liberal: 0.0")), code)) < met(formal(ran(seed, *ADAPTIVE), code))
    assert volume[1] < volume[0]
    assert asked[1] < asked[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_scandal_worsens_the_published_record_and_requesters_who_learn_go_another_way(seed: int) -> None:
    """The record is read at the desk alone: formal requests about people at risk yield less, and other channels take over."""
    states = world_of(load(*LARGE), seed).states
    code = states.codes[int(np.argmax(states.pursuit.sum(axis=1) * states.liberal))]
    usual = ("review.load=false", "scenario=prejudice", "reforms=everywhere", "adaptation.legislatures.inflation=false")
    known = shock(code, "terror: -3.0, direct_answered: 0.6", "known", at=0)
    breaks = shock(code, "terror: 5.0", "breaks")

    def told(conduct: tuple[str, ...], *shocks: str) -> tuple[float, float]:
        """Yield of formal requests about people at risk, and how many go to firms and police beside each of them."""
        result = ran(seed, *conduct, *usual, known, *shocks)
        filed = result.requests
        filed = filed[(filed["requester"] == code) & filed["abusive"] & (filed["filed_day"] >= DAY + 365)]
        asked = filed[filed["channel"].isin(FORMAL)]
        return met(asked), filed["channel"].isin(["direct", "police"]).sum() / len(asked)

    naive, naive_after = told(("conduct=naive",)), told(("conduct=naive",), breaks)
    learned, learned_after = told(ADAPTIVE), told(ADAPTIVE, breaks)
    assert naive_after[0] < naive[0]
    assert naive_after[1] == naive[1]
    assert learned_after[0] <= learned[0]
    assert learned_after[1] > learned[1]


@pytest.mark.parametrize("text", ["hanoi", "mlat"])
@pytest.mark.parametrize("seed", SEEDS)
def test_an_agreement_starts_and_volume_and_yield_rise(seed: int, text: str) -> None:
    """Where there was comity alone: a text is filed under more readily, and nobody needs goodwill."""
    quiet = ran(seed, "scenario=no_treaty")
    pairs = quiet.requests[quiet.requests["channel"].isin(FORMAL)].groupby(["requester", "requested"], observed=True)
    alone = {pair: len(rows) for pair, rows in pairs if {*rows["instrument"]} == {"comity"}}
    i, j = max(alone, key=lambda pair: alone[pair])
    agreed = ran(seed, "scenario=no_treaty", shock(f"[{i}, {j}]", f"instruments: {{{text}: {{binds: true}}}}"))
    before, after = formal(quiet, i, j), formal(agreed, i, j)
    assert len(after) > len(before)
    assert (after["status"] == "executed").sum() > (before["status"] == "executed").sum()
    assert met(after) > met(before)
    assert (after["instrument"] == text).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_friction_that_eases_speeds_answers_up_and_one_that_fades_back_less(seed: int) -> None:
    eased = "instruments: {budapest: {delay_factor: 0.1}, hanoi: {delay_factor: 0.1}, mlat: {delay_factor: 0.1}}"

    def days(result: Result) -> float:
        requests = result.requests
        given = requests[requests["channel"].isin(FORMAL) & (requests["filed_day"] >= DAY) & requests["executed_day"].notna()]
        return float((given["executed_day"] - given["filed_day"]).mean())

    lasting = ran(seed, shock("all", eased))
    fading = ran(seed, f"shock.one={{at: {AT}, set: {{{eased}}}, fade: 6}}")
    assert days(lasting) < days(fading) < days(ran(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_firms_answer_a_state_that_closes_less_and_it_asks_them_less_where_it_adapts(seed: int) -> None:
    """Counts of direct requests: the same before, fewer answered from the day on, then fewer asked; others ask as they did."""
    states = world_of(load(*LARGE), seed).states
    code = states.codes[int(np.argmin(np.abs(states.direct_answered - 0.7) + (states.liberal < 0.4)))]
    closes = shock(code, "liberal: 0.0")
    learns = ("demand.direct.adaptive_share=1.0", "demand.direct.elasticity=1.0")
    quiet, closed = (ran(seed, *learns, *more).direct for more in ((), (closes,)))
    pd.testing.assert_frame_equal(*(frame[frame["month"] < AT].reset_index(drop=True) for frame in (quiet, closed)))
    pd.testing.assert_frame_equal(*(frame[frame["requester"] != code].reset_index(drop=True) for frame in (quiet, closed)))
    before, after = (ordinary(frame, code) for frame in (quiet, closed))
    assert after["answered"] / after["requested"] < 0.7 * before["answered"] / before["requested"]
    assert after["requested"] < 0.9 * before["requested"]
    habit, as_ever = (ordinary(ran(seed, "demand.direct.elasticity=0.0", *more).direct, code) for more in ((closes,), ()))
    assert habit["requested"] == pytest.approx(as_ever["requested"], abs=5 * np.sqrt(as_ever["requested"])), "nobody learns"


def ordinary(direct: pd.DataFrame, code: str) -> pd.Series:
    """What a state has asked of firms since the day of a shock, and what was answered."""
    mine = (direct["requester"] == code) & (direct["process"] == "ordinary") & (direct["month"] >= AT)
    return direct[mine][["requested", "answered"]].sum()
