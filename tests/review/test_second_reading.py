"""A second reading of what was refused: the same file and grounds, full effort, an accident of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.draws import Draws
from sim.month import advance
from sim.world.docket import Docket
from sim.world.vocabulary import CONFIRMED, DAYS_PER_MONTH, EMERGENCY, FIRST_SIDE_DOOR, NOT_READ_AGAIN, REFUSED
from tests.worlds import Office, answered, bare_world, files, made_up, office, started, with_forces, with_safeguard

FILES = 40_000
LEAST_P = 1e-4
QUIET = 99.0


def agrees(hits: NDArray[np.bool_], share: float) -> None:
    assert stats.binomtest(int(hits.sum()), hits.size, share).pvalue > LEAST_P, (hits.mean(), share)


def place_with(*names: str, rho: float = 0.0, desk_bar: float = QUIET) -> Office:
    place = office().applying(1.0, *names).numbered("desk", bar=desk_bar)
    return place.practised(shared_noise=float(np.sqrt(rho)), own_noise=float(np.sqrt(1 - rho)))


def twice(place: Office, count: int = FILES, **asked: Any) -> Docket:
    """The refused rows of a docket, each read a second time."""
    cases, docket = files(place, count, **({"abusive": True} | asked))
    answered(place, cases, docket)
    before = Docket._make(column.copy() for column in docket)
    rows = np.flatnonzero(docket.status == REFUSED)
    place.review.reread(Draws(1).root, rows, cases, docket, place.reading, place.practice)
    for name, one, other in zip(docket._fields, docket, before, strict=True):
        assert name == "second" or np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), f"{name} was changed"
    assert (docket.second[docket.status != REFUSED] == NOT_READ_AGAIN).all()
    return Docket._make([docket.used, *(column[rows] for column in docket[1:])])


@pytest.mark.parametrize(("abusive", "signal"), [(True, 2.0), (False, 0.0)])
def test_with_independent_readings_and_one_ground_the_tail_beyond_the_bar_is_confirmed(abusive: bool, signal: float) -> None:
    place = place_with("discrimination", desk_bar=1.5).numbered("discrimination", shift=0.0)
    agrees(twice(place, abusive=abusive).second == CONFIRMED, stats.norm.sf(1.5 - signal))


def test_with_one_accident_for_all_readings_every_refusal_at_full_effort_is_confirmed() -> None:
    place = place_with("discrimination", "ordre_public", rho=1.0, desk_bar=1.5)
    assert (twice(place, 5000).second == CONFIRMED).all()


def test_two_readings_of_a_file_are_correlated_as_two_looks_are() -> None:
    rho, bar = 0.5, 2.5
    place = place_with("discrimination", rho=rho, desk_bar=bar).numbered("discrimination", shift=0.0)
    low = bar - 2.0
    both = stats.multivariate_normal(cov=[[1.0, rho], [rho, 1.0]]).cdf([-low, -low])
    agrees(twice(place).second == CONFIRMED, both / stats.norm.sf(low))


def test_a_reading_in_haste_is_checked_at_full_effort() -> None:
    place = place_with("discrimination", desk_bar=1.5).numbered("discrimination", shift=0.0)
    place = place.read(urgent_effort=np.full((2, 2), 0.25))
    agrees(twice(place, channel=EMERGENCY).second == CONFIRMED, stats.norm.sf(1.5 - 2.0))


def test_only_grounds_that_stood_can_confirm() -> None:
    """Another ground that would stand at the second reading alone is none on which the request was refused."""
    place = place_with("discrimination", "ordre_public", desk_bar=1.0).numbered("discrimination", shift=0.0)
    place = place.numbered("ordre_public", shift=2.0)
    refused = twice(place)
    alone = refused.grounds == place.bit("discrimination")
    agrees(refused.second[alone] == CONFIRMED, stats.norm.sf(1.0 - 2.0))


def test_a_rule_that_reads_no_file_confirms_nothing() -> None:
    """A law on transfers declines again what it declined, whatever is in the file: a refusal of substance needs its own ground."""
    place = place_with("discrimination", "transfer_law", desk_bar=1.5).numbered("discrimination", shift=0.0)
    place = place.numbered("transfer_law", declined=1.0).read(gap=np.full((2, 2), 1.0))
    refused = twice(place)
    both = refused.grounds == place.bit("discrimination") | place.bit("transfer_law")
    assert both.any()
    agrees(refused.second[both] == CONFIRMED, stats.norm.sf(1.5 - 2.0))
    assert (refused.second[refused.grounds == place.bit("transfer_law")] != CONFIRMED).all()


@pytest.mark.parametrize(
    ("name", "numbers", "wins"),
    [("judge", {"bar": 1.5, "narrow_margin": 0.0}, 1.0), ("provider", {"bar": 1.5, "insight": 1.0, "win": 0.6}, 1.0)],
)
def test_a_court_or_a_firm_is_asked_again_as_the_desk_is(name: str, numbers: dict[str, float], wins: float) -> None:
    place = place_with(name).numbered(name, **numbers)
    refused = twice(place)
    assert (refused.grounds == place.bit(name)).all()
    agrees(refused.second == CONFIRMED, wins * stats.norm.sf(1.5 - 2.0))


@pytest.mark.parametrize("teller", ["state", "firm"])
def test_a_court_that_heard_the_person_is_asked_again_whoever_told(teller: str) -> None:
    person = {"bar": 1.5, "insight": 1.0, "notice_days": 0.0, "gagged": 1.0, "reached": 0.8, "contests": 0.5, "contest_days": 0.0}
    place = place_with().numbered("person", **person).practised(delay_log=np.log(200.0), firm_days=10.0)
    if teller == "state":
        place = place.applying(1.0, "person")
    else:
        place = place.read(firm_notice=np.full(2, 0.6), gag_days=np.zeros_like(place.reading.gag_days))
    refused = twice(place, secret=teller == "firm")
    assert (refused.grounds == place.bit("person")).all()
    agrees(refused.second == CONFIRMED, stats.norm.sf(1.5 - 2.0))


def test_the_central_unit_is_asked_again() -> None:
    place = place_with("panel").numbered("panel", bar=1.5, insight=1.0)
    at = place.review.names.index("panel")
    place = place.practised(panel_binding=True, panel_place=at, panel_memory=0.0, panel_days=1.0)
    agrees(twice(place).second == CONFIRMED, stats.norm.sf(1.5 - 2.0))


def test_what_was_narrowed_before_the_refusal_is_read_whole_again() -> None:
    """Own law weighs the class of data that is asked for: after proportionality has narrowed it, a second reading starts anew."""
    place = place_with("proportionality", "own_law", rho=1.0, desk_bar=1.5).numbered("own_law", shift=0.0)
    place = place.numbered("proportionality", subscriber=0.0, traffic=0.9, content=0.95, slip=0.0)
    refused = twice(place, 3000)
    assert (refused.narrowed >= 0).any()
    assert (refused.second == CONFIRMED).all()


# --- what counts towards suspension ----------------------------------------------------------------------------------------

BUSY = ("demand.abusive_odds=0.3", "demand.abusive_most=2.0", "demand.abusive_most_per_person=1.0", "review.load=false")


def counts(again: bool) -> tuple[NDArray[np.int64], Docket, NDArray[np.bool_]]:
    """Refusals counted by month in a run in which so many are needed that nobody is ever suspended; its docket; judged refusals."""
    config = with_forces(made_up(*BUSY), "must", "suspension", "discrimination", instruments=["hanoi"])
    config = with_safeguard(config, "suspension", refusals=1e6, second_reading=again)
    run = started(config, bare_world(config), months=40)
    while run.month < run.months:
        advance(run)
    docket, used = run.docket, int(run.docket.used[0])
    day = docket.decided_day[:used]
    hanoi = run.rules.names.index("hanoi")
    heard = (day >= run.rules.treaty_from * DAYS_PER_MONTH) & (day < run.months * DAYS_PER_MONTH)
    of_text = heard & (docket.instrument[:used] == hanoi) & (docket.channel[:used] < FIRST_SIDE_DOOR)
    refused = of_text & (docket.status[:used] == REFUSED) & run.rules.judged[docket.reason[:used]]
    return run.bench.stopped[:, hanoi].sum(axis=1), docket, refused


def test_only_what_a_second_reading_confirms_counts() -> None:
    once, plain, refused = counts(again=False)
    checked, docket, _ = counts(again=True)
    assert not plain.second.any()
    assert once.sum() == refused.sum()
    rows = np.flatnonzero(refused)
    assert (docket.second[rows] != NOT_READ_AGAIN).all()
    assert checked.sum() == (docket.second[rows] == CONFIRMED).sum()
    assert (checked <= once).all()
    assert 0 < checked.sum() < once.sum()
    assert (docket.second[~np.isin(np.arange(docket.second.size), rows)] == NOT_READ_AGAIN).all()
    for name, one, other in zip(plain._fields[1:], plain[1:], docket[1:], strict=True):
        assert name == "second" or np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), f"{name} was moved"
