"""Evidence that a court admits: the chance in closed form, by judge and training."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from sim.draws import Draws
from sim.review.admissible import usable_rows
from sim.review.institutions import trained
from sim.review.spec import Usable
from sim.review.training import Training
from sim.simulation import simulate
from sim.world.cases import empty_cases
from sim.world.docket import empty_docket
from tests.worlds import NO_JUDGE_BY_OWN_LAW, made_up, with_forces

COUNT = 20_000
USABLE = Usable(plain=0.6, judged=0.25, trained=0.15)


@pytest.mark.parametrize(("judged", "skilled", "chance"), [(0, 0, 0.6), (1, 0, 0.85), (0, 1, 0.75), (1, 1, 1.0)])
def test_the_chance_is_six_tenths_and_a_quarter_for_the_judge_and_the_rest_for_training(
    judged: int, skilled: int, chance: float
) -> None:
    cases = cast(Any, SimpleNamespace(id=np.arange(1, COUNT + 1, dtype=np.uint64), requester=np.ones(COUNT, np.int64)))
    docket = cast(Any, SimpleNamespace(case=np.arange(COUNT), judged=np.full(COUNT, judged), month=np.zeros(COUNT, np.int64)))
    found = usable_rows(docket, cases, np.array([[False, bool(skilled)]]), USABLE, Draws(5))
    assert np.array_equal(found, Draws(5).uniform("usable", cases.id) < chance)
    assert found.mean() == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / COUNT) + 1e-12)


def test_whoever_is_judged_or_trained_besides_loses_nothing() -> None:
    ids = np.arange(1, COUNT + 1, dtype=np.uint64)
    cases = cast(Any, SimpleNamespace(id=ids, requester=np.zeros(COUNT, np.int64)))
    sets = []
    for judged, skilled in ((0, False), (0, True), (1, False), (1, True)):
        docket = cast(Any, SimpleNamespace(case=np.arange(COUNT), judged=np.full(COUNT, judged), month=np.zeros(COUNT, np.int64)))
        sets.append(usable_rows(docket, cases, np.array([[skilled]]), USABLE, Draws(5)))
    for fewer, more in itertools.pairwise(sets):
        assert not (fewer & ~more).any()


def test_only_those_under_the_line_of_a_text_that_binds_them_are_trained() -> None:
    programme = made_up().safeguards["training"]
    assert isinstance(programme, Training)
    skill, bound = np.array([0.1, 0.1, 0.9]), np.array([True, False, True])
    assert trained(skill, [(programme, bound)]).part.tolist() == [True, False, False]
    assert not trained(skill, []).part.any()


def of_run(*overrides: str, force: str | None = None) -> dict[str, float]:
    """What a small world comes to where all texts give the judge this force, and no state's own law wants one."""
    config = made_up(NO_JUDGE_BY_OWN_LAW, *overrides)
    config = config if force is None else with_forces(config, force, "judge")
    frame = simulate(config, seed=6).metrics.query("by == 'all'")
    return dict(zip(frame["metric"], frame["value"], strict=True))


def test_what_is_usable_is_met_and_all_of_it_where_everything_is_admitted() -> None:
    plain = of_run()
    assert 0.5 * plain["legit_met_rate"] < plain["legit_usable_rate"] < plain["legit_met_rate"]
    everything = of_run("review.usable.plain=1.0")
    assert everything["legit_usable_rate"] == everything["legit_met_rate"] == plain["legit_met_rate"]
    nothing = of_run("review.usable={plain: 0.0, judged: 0.0, trained: 0.0}")
    assert nothing["legit_usable_rate"] == 0.0


def test_a_judge_raises_the_usable_share_of_what_is_met() -> None:
    shares = [of_run(force=force) for force in ("absent", "must")]
    bare, judged = (found["legit_usable_rate"] / found["legit_met_rate"] for found in shares)
    assert bare == pytest.approx(0.6, abs=0.06)
    assert judged > bare + 0.05


def test_training_raises_it_for_the_trained() -> None:
    result = simulate(with_forces(made_up(), "must", "training"), seed=6)
    taught = result.finished
    part = result.config.safeguards["training"]
    assert isinstance(part, Training)
    weak = taught.world.states.skill < part.below
    assert weak.any()
    assert not weak.all()
    rows = np.flatnonzero(
        (taught.docket.month >= taught.first_month) & ~taught.cases.abusive[taught.docket.case] & (taught.docket.judged == 0)
    )
    of_weak = weak[taught.cases.requester[taught.docket.case[rows]]]
    assert taught.usable[rows][of_weak].mean() == pytest.approx(0.75, abs=0.03)
    assert taught.usable[rows][~of_weak].mean() == pytest.approx(0.6, abs=0.03)
    early = np.flatnonzero((taught.docket.month < taught.first_month) & (taught.docket.judged == 0))
    assert taught.usable[early].mean() == pytest.approx(0.6, abs=0.03)


def test_many_rows_are_told_as_each_by_its_chance_and_the_luck_of_its_case() -> None:
    rows, draws = np.arange(300), Draws(4)
    docket, cases = empty_docket(rows.size), empty_cases(40)
    cases.id[:], cases.requester[:] = np.arange(40) + 7, np.arange(40) % 3
    docket.case[:], docket.month[:], docket.judged[:] = rows % 40, rows % 5, rows % 2
    helped = np.arange(15).reshape(5, 3) % 4 == 0
    chance = (
        USABLE.plain + USABLE.judged * (docket.judged > 0) + USABLE.trained * helped[docket.month, cases.requester[docket.case]]
    )
    told = draws.uniform("usable", cases.id)[docket.case] < chance
    assert np.array_equal(usable_rows(docket, cases, helped, USABLE, draws), told)
    assert 0 < told.sum() < rows.size
