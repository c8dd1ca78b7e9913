"""The outside option: only where a live wish abroad was left without data, and only by the states that have the means."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.conduct.spyware import spyware_hits, with_spyware
from sim.draws import Draws
from sim.metrics import Finished
from sim.settings import Config
from sim.world.vocabulary import CASE_STATUSES, DETERRED, DISCLOSED, DOMESTIC, ENDED, NOT_LIVE, OPEN
from tests.worlds import bare_world, ended, made_up, started


@cache
def config() -> Config:
    return made_up("review.load=false", "demand.abusive_odds=0.3", "conduct.spyware=0.2", "conduct.spyware_states=6")


@cache
def run() -> Finished:
    return ended(started(config(), bare_world(config())))


def means() -> NDArray[np.bool_]:
    return with_spyware(run().world, config().conduct)


def hits(status: NDArray[np.int8] | None = None, **conduct: float) -> NDArray[np.bool_]:
    found = run().case_status if status is None else status
    return spyware_hits(run().cases, found, run().world, config().conduct.model_copy(update=conduct), Draws(1))


def test_off_it_takes_nothing() -> None:
    assert config().conduct.model_copy(update={"spyware": 0.0}) != config().conduct
    assert made_up().conduct.spyware == 0.0
    assert not hits(spyware=0.0).any()
    assert not hits(spyware_states=0).any()


def test_the_most_repressive_states_have_the_means() -> None:
    assert means().sum() == 6
    assert run().world.states.repression[means()].min() > run().world.states.repression[~means()].max()
    assert (with_spyware(run().world, config().conduct.model_copy(update={"spyware_states": 400}))).all()


@pytest.mark.parametrize("chance", [0.2, 0.8])
def test_it_takes_its_chance_of_what_requests_did_not_give(chance: float) -> None:
    hit = hits(spyware=chance)
    left = np.isin(run().case_status, (DETERRED, OPEN, ENDED)) & run().cases.abusive & means()[run().cases.requester]
    assert not (hit & ~left).any()
    assert left.sum() > 300
    assert stats.binomtest(int(hit.sum()), int(left.sum()), chance).pvalue > 1e-4


@pytest.mark.parametrize("status", [DOMESTIC, NOT_LIVE, DISCLOSED])
def test_a_case_at_home_not_live_or_disclosed_needs_none(status: int) -> None:
    assert not hits(np.full(run().cases.id.size, status, np.int8), spyware=1.0).any(), CASE_STATUSES[status]
    left = hits(np.full(run().cases.id.size, ENDED, np.int8), spyware=1.0)
    assert np.array_equal(left, run().cases.abusive & means()[run().cases.requester])


def test_more_of_it_takes_whatever_less_of_it_takes_and_a_disclosure_spares_its_own_case_alone() -> None:
    few, many = hits(spyware=0.1), hits(spyware=0.4)
    assert 0 < few.sum() < many.sum()
    assert (few <= many).all()
    status = run().case_status.copy()
    spared = np.flatnonzero(few)[::2]
    status[spared] = DISCLOSED
    assert np.array_equal(np.flatnonzero(hits(status, spyware=0.1)), np.setdiff1d(np.flatnonzero(few), spared))
