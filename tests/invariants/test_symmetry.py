"""Rows have no say: order, numbering and bystanders change nothing (model.md 7.7)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.config import load
from sim.draws import Draws
from sim.simulation import prepare
from sim.sources.people import people_table
from sim.sources.states import state_table
from sim.sources.tables import TABLES_FOLDER
from sim.sources.worlds import world_tables
from sim.world.states import StateTable
from sim.world.vocabulary import offences_of
from tests.worlds import bare_world, ended, events, made_up, started, with_state


@pytest.mark.parametrize("code", ["A00", "AAF0", "ZZZ"])
@pytest.mark.parametrize("loaded", [False, True])
def test_an_inert_further_state_changes_no_event(code: str, loaded: bool) -> None:
    """It sorts first, between, or last, so that every row number moves; it wants, holds and signs nothing."""
    config = made_up("conduct.attempts=2")
    world = bare_world(config).with_capacity(np.full(12, 60.0))
    larger = with_state(world, code)
    assert larger.states.codes.index(code) in (0, 6, 12)
    runs = [ended(started(config, each, 3, loaded=loaded)) for each in (world, larger)]
    few, more = (events(run) for run in runs)
    assert len(few) > 5000
    assert set(runs[0].cases.id.tolist()) == set(runs[1].cases.id.tolist())
    assert few.equals(more)
    status = [dict(zip(run.cases.id.tolist(), run.case_status.tolist(), strict=True)) for run in runs]
    assert status[0] == status[1]


def test_a_state_that_is_not_inert_does_change_events() -> None:
    """The test above can fail: let the newcomer host half of what the first host holds."""
    config = made_up()
    world = bare_world(config)
    larger = with_state(world, "ZZZ")
    share = larger.states.host_share.copy()
    share[:, 12] = share[:, 0]
    busy = replace(larger, states=replace(larger.states, host_share=share / np.maximum(share.sum(axis=1, keepdims=True), 1e-9)))
    assert not events(ended(started(config, world, 3))).equals(events(ended(started(config, busy, 3))))


def test_states_out_of_order_or_doubled_are_refused() -> None:
    states = bare_world(made_up()).states
    for codes in (states.codes[::-1], (states.codes[0], *states.codes[:-1])):
        with pytest.raises(ValueError, match="sorted by code"):
            StateTable(**{**vars(states), "codes": codes})


def test_the_order_of_rows_in_the_file_of_states_changes_nothing(tmp_path: Path) -> None:
    lines = (TABLES_FOLDER / "states.csv").read_text(encoding="utf-8").splitlines()
    shuffled = tmp_path / "states.csv"
    order = np.argsort(Draws(1).uniform("test:order", np.arange(len(lines) - 1)))
    shuffled.write_text("\n".join([lines[0], *(lines[1 + k] for k in order)]) + "\n", encoding="utf-8")
    fast = ("people.rows=5000", "demand.legitimate=300", "years=1", "calibration_months=6")
    plain = ended(prepare(load(*fast), 2))
    mixed = ended(prepare(load(*fast, f"states.table={shuffled}"), 2))
    assert plain.world.states.codes == mixed.world.states.codes
    assert np.array_equal(plain.world.people.ids, mixed.world.people.ids)
    assert np.array_equal(plain.world.capacity, mixed.world.capacity)
    assert events(plain).equals(events(mixed))


def test_the_order_of_blocks_in_a_configuration_changes_nothing() -> None:
    config = made_up()
    backwards = config.model_copy(
        update={name: dict(reversed(getattr(config, name).items())) for name in ("offences", "instruments", "safeguards")}
    )
    assert list(backwards.safeguards) != list(config.safeguards)
    assert backwards.digest() == config.digest()
    one, other = (ended(started(each, bare_world(each), 3)) for each in (config, backwards))
    assert events(one).equals(events(other))


def test_people_are_the_same_whoever_else_is_in_the_cohort() -> None:
    """A person's luck hangs on the id alone: a cohort of twice the rows holds the first one's people unchanged."""
    config = made_up()
    offences = offences_of(config.offences)
    states = state_table(
        world_tables(config.states, config.offences, Draws(1)), config.states, config.people, config.demand, config.offences,
        offences, Draws(1),
    )  # fmt: skip
    few = people_table(config.people, states, Draws(1))
    many = people_table(config.people.model_copy(update={"rows": 6000}), states, Draws(1))
    _, here, there = np.intersect1d(few.ids, many.ids, return_indices=True)
    assert here.size == few.count < many.count
    for name in ("origin", "group", "residence", "hosts", "visibility", "expression"):
        assert np.array_equal(getattr(few, name)[here], getattr(many, name)[there]), name


def test_people_come_ordered_by_origin_group_and_id() -> None:
    """Whom a wish meets is found along the rows of a cell, so their order must be a matter of ids, not of arrival."""
    people = bare_world(made_up()).people
    order = np.lexsort((people.ids, people.group, people.origin))
    assert np.array_equal(order, np.arange(people.count))
