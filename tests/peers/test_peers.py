"""Every form of the common month follows one law: what it counts adds up, and its means are those that the tables give."""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import Any

import numpy as np
import pytest

from experiments.benchmark.beside import KERNEL, PEERS
from experiments.benchmark.month import FILTERS, STAGES, Law, Told, alias_table, expected, law_of, told_by_kernel
from experiments.benchmark.outside import outside
from experiments.benchmark.record import AbsentError
from tests.peers.tables import NOBODY, tables_of, told
from tests.twin.draws import Luck

FAR = 4.5  # standard errors: of some hundred counts the greatest is beyond four and a half once in a thousand times
SEED = 3


@cache
def law() -> Law:
    return law_of(states=40, months=24, a_month=12)


def loaded(name: str) -> Any:
    try:
        return outside(f"peers.{PEERS[name]}")
    except AbsentError as absent:
        pytest.skip(str(absent))


def told_by(name: str) -> Told:
    if name == KERNEL:
        return told_by_kernel(law(), SEED)
    peer = loaded(name)
    found: Told = peer.run(peer.prepared(law(), SEED))
    return found


def told_plainly(of: Law, seed: int) -> Told:
    """The month as the words have it, with the kernel's draws: nothing but lists, and the twin's hash."""
    tables, luck, received, queued, served, waited = tables_of(of), Luck(seed), *([0] * of.states for _ in range(4))
    queues: list[deque[int]] = [deque() for _ in range(of.states)]
    stopped, stages, m = list(NOBODY), 0, 0

    def u(stage: int, key: int) -> float:
        return luck.uniform(f"benchmark:{STAGES[stage]}", key)

    for month in range(of.months):
        for i in (state for state in range(of.states) for _ in range(of.a_month)):
            k = picked(u(0, m) * len(tables.offence_odds), tables.offence_odds, tables.offence_other)
            j = picked(u(1, m) * of.states, tables.target_odds[i], tables.target_other[i])
            received[j] += 1
            stop = next((f for f in range(FILTERS) if u(2 + f, m) >= tables.passes[j][k][f]), FILTERS)
            stages += 2 + min(stop + 1, FILTERS)
            if stop < FILTERS:
                stopped[stop] += 1
            else:
                queued[j] += 1
                queues[j].append(month)
            m += 1
        for j, queue in enumerate(queues):
            for _ in range(min(tables.officers[j], len(queue))):
                served[j] += 1
                waited[j] += month - queue.popleft()
    return told([received, queued, served, [len(queue) for queue in queues], waited], stopped, stages)


def picked(aim: float, odds: list[float], other: list[int]) -> int:
    place = int(aim)
    return place if aim - place < odds[place] else other[place]


def test_an_alias_table_draws_by_the_shares() -> None:
    shares = np.array([0.1, 0.0, 0.4, 0.25, 0.25])
    odds, other = alias_table(shares)
    drawn = np.bincount(other, weights=1.0 - odds, minlength=5) + odds
    np.testing.assert_allclose(drawn / 5, shares, atol=1e-12)


def test_the_kernel_is_the_words_draw_by_draw() -> None:
    small = law_of(states=12, months=10, a_month=6)
    for ours, plain in zip(told_by_kernel(small, SEED), told_plainly(small, SEED), strict=True):
        np.testing.assert_array_equal(ours, plain)


@pytest.mark.parametrize("name", [KERNEL, *PEERS])
def test_every_form_has_the_means_of_the_law(name: str) -> None:
    found, mean = told_by(name), expected(law())
    for ours, wanted in ((found.received, mean.received), (found.queued, mean.queued), (found.stopped, mean.stopped)):
        assert (np.abs(ours - wanted) <= FAR * np.sqrt(wanted + 1.0)).all()
    assert found.stages == pytest.approx(mean.stages, rel=0.02)


@pytest.mark.parametrize("name", [KERNEL, *PEERS])
def test_what_every_form_counts_adds_up(name: str) -> None:
    found = told_by(name)
    assert found.received.sum() == law().requests
    assert found.received.sum() == found.stopped.sum() + found.queued.sum()
    np.testing.assert_array_equal(found.queued, found.served + found.waiting)
    assert (found.served <= law().officers * law().months).all()
    weights = np.array([3 + f for f in range(FILTERS)])
    assert found.stages == int((weights * found.stopped).sum()) + (2 + FILTERS) * found.queued.sum()


@pytest.mark.parametrize("name", list(PEERS))
def test_queues_are_as_long_as_the_kernels_within_luck(name: str) -> None:
    found, ours = told_by(name), told_by_kernel(law(), SEED)
    assert found.served.sum() == pytest.approx(ours.served.sum(), rel=0.03)
    assert found.waited.sum() == pytest.approx(ours.waited.sum(), rel=0.35)


def test_what_is_not_in_the_checkout_or_not_installed_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AbsentError, match=r"found no tests/peers/nobody\.py"):
        outside("peers.nobody")

    def missing(name: str) -> Any:
        raise ModuleNotFoundError("No module named 'agentpy'", name="agentpy")

    monkeypatch.setattr("experiments.benchmark.outside.import_module", missing)
    with pytest.raises(AbsentError, match="agentpy is not installed: the dependency group `peers` has it"):
        outside("peers.agentpy_states")
