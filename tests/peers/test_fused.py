"""The hand-fused kernel tells every run that it accepts as the model does: each counter alike, and hours to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from experiments.benchmark.fused.files import Counters
from experiments.benchmark.fused.months import Fused, fused_from, nothing_told, tell
from experiments.benchmark.fused.tables import STOPPING
from experiments.benchmark.fused.waiting import grown, nobody_waits
from sim.config import load
from sim.month import advance
from sim.run import Run
from sim.simulation import prepare
from sim.world.docket import Docket, filled_rows
from sim.world.record import ConfigError
from sim.world.vocabulary import DAYS_PER_MONTH, NEVER_TOLD, PARKED, PENDING

SMALL = ("years=1", "people.rows=4000", "calibration_months=6")
FEW = (*SMALL, "demand.scale=0.1")
CONFIGURATIONS = (
    FEW,
    (*SMALL, "demand.scale=0.25", "run_in_months=12"),
    (*FEW, "review.load=false"),
    (*FEW, "review.utilisation_low=1.5", "review.utilisation_high=3.0"),
    (*FEW, "safeguards.judge.bar=1.0", "safeguards.person.reached=0.95", "safeguards.person.notice_days=20"),
    (*FEW, "safeguards.transfer_law.declined=0.8", "safeguards.proportionality.slip=0.4", "safeguards.own_law.shift=-0.5"),
    (*FEW, "scenario=judge"),
    (*FEW, "scenario=dual_criminality_preservation"),
    (*FEW, "scenario=realtime_with_judge"),
)
OTHERS = {
    "conduct: found somebody who adapts": ("conduct=adaptive",),
    "conduct.attempts: found 3": ("conduct.attempts=3",),
    "conduct.legal_basis: found requester_choice": ("conduct.legal_basis=requester_choice",),
    "instruments.hanoi.safeguards.provider: found a text that has it": ("scenario=provider_pushback",),
    "instruments.hanoi.safeguards.suspension: found a text that has it": ("scenario=sanction",),
    "safeguards.use_limitation.risk: found onward": ("safeguards.use_limitation.risk=onward",),
}


def told_by_model(run: Run) -> tuple[Run, Counters]:
    """A run of the model to its last month, and its docket counted as the kernel counts."""
    while run.month < run.months:
        advance(run)
    return run, counted(run, filled_rows(run.docket))


def counted(run: Run, docket: Docket) -> Counters:
    told, abusive = nothing_told(run.months), run.cases.abusive[docket.case].astype(np.int64)
    waits = docket.status == PENDING
    np.add.at(told.filed, (docket.channel, abusive), 1)
    np.add.at(told.outcomes, (docket.channel[~waits], abusive[~waits], docket.status[~waits]), 1)
    over = ~np.isnan(docket.ended_day)
    np.add.at(told.ended, (docket.status[over], months_of(docket.ended_day[over], run.months)), 1)
    np.add.at(told.decided, months_of(docket.decided_day[~np.isnan(docket.decided_day)], run.months), 1)
    places = [run.rules.review.names.index(name) for name in STOPPING]
    for s, place in enumerate(places):
        first = docket.reason == place
        np.add.at(told.reasons, (docket.channel[first], abusive[first], s), 1)
        told.grounds[s] = ((docket.grounds >> np.uint64(place)) & np.uint64(1)).sum()
        told.narrowed[s] = (docket.narrowed == place).sum()
    given = docket.granted >= 0
    np.add.at(told.given, (docket.channel[given], abusive[given], docket.granted[given]), 1)
    knows, wronged, live = docket.told != NEVER_TOLD, docket.misused > 0, docket.realtime > 0
    np.add.at(told.told, (abusive[knows], docket.told[knows]), 1)
    np.add.at(told.misused, (abusive[wronged], docket.misused[wronged]), 1)
    told.conditions[0] = (docket.condition >= 0).sum()
    np.add.at(told.judged, abusive, docket.judged)
    np.add.at(told.realtime[:, 0], abusive, live)
    np.add.at(told.realtime[:, 1], abusive, docket.realtime)
    np.add.at(told.cases, run.book.status, 1)
    return told


def months_of(days: NDArray[np.float64], months: int) -> NDArray[np.int64]:
    edges: NDArray[np.int64] = np.searchsorted(np.arange(1, months + 1) * DAYS_PER_MONTH, days, side="right")
    return edges


def assert_alike(fused: Fused, run: Run, model: Counters) -> None:
    for name, ours, theirs in zip(Counters._fields, fused.told, model, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
    for name in ("spent", "debt", "backlog", "waiting", "parked"):  # to the bit
        np.testing.assert_array_equal(getattr(fused.waiting, name), getattr(run.queue, name), err_msg=name)
    assert fused.told.outcomes[:, :, PARKED].sum() == run.queue.parked[-1].sum()
    assert fused.told.filed.sum() - fused.told.outcomes.sum() == run.queue.waiting[-1].sum()


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("overrides", CONFIGURATIONS, ids=" ".join)
def test_the_kernel_tells_what_the_model_tells(overrides: tuple[str, ...], seed: int) -> None:
    config = load(*overrides)
    run, model = told_by_model(prepare(config, seed))
    fused = tell(fused_from(prepare(config, seed)))
    assert_alike(fused, run, model)
    assert fused.told.ended[:, :-1].sum(axis=1).astype(bool).sum() > len(("executed", "refused", "withdrawn", "lapsed"))


def test_with_hardly_a_slot_it_tells_the_same() -> None:
    config = load(*FEW, "review.utilisation_low=1.5", "review.utilisation_high=3.0")
    run, model = told_by_model(prepare(config, 3))
    fused = fused_from(prepare(config, 3))
    few = fused._replace(waiting=nobody_waits(run.rules.capacity.size, run.months, 1))
    assert_alike(told := tell(few), run, model)
    assert told.waiting.files.size < int(model.filed.sum()) / 2  # slots are used again


def test_slots_that_are_added_are_free_once() -> None:
    waiting = nobody_waits(states=2, months=3, room=4)
    waiting.left[0] = 1
    more = grown(waiting, least=5)
    assert more.left[0] >= 5
    free = more.free[: int(more.left[0])]
    assert set(free) == {3, *range(4, more.files.size)}
    assert free.size == np.unique(free).size
    assert more.free.size == more.files.size == more.aside.size


@pytest.mark.parametrize(("said", "overrides"), OTHERS.items())
def test_what_it_is_not_written_for_it_refuses_in_a_line(said: str, overrides: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="accepted by the hand-fused kernel") as refused:
        fused_from(prepare(load(*FEW, *overrides), 3))
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)
