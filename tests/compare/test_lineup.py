"""Who runs against whom under which seeds: pairs share everything but policy, replicates share nothing."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.designs import Arm
from experiments.lineup import MOST_WORLDS, Task, board_of, event_seed, line_up, measure, tasks_of
from sim import simulation
from sim.simulation import simulate
from sim.world.record import ConfigError
from tests.worlds import made_up, with_forces

TINY = ("states.synthetic.count=6", "people.rows=400", "demand.legitimate=60", "years=1")


def arm(name: str = "no_treaty", *facts: str) -> Arm:
    """An arm against the text as adopted, in a tiny world."""
    return Arm(name, made_up(*TINY, *facts, f"scenario={name}"), made_up(*TINY, *facts))


def test_no_two_replicates_share_an_event_seed() -> None:
    tasks = [*tasks_of(1, range(300), 5), *tasks_of(1, range(MOST_WORLDS - 20, MOST_WORLDS), 5)]
    assert len({task.event for task in tasks}) == len(tasks)


def test_further_worlds_and_lucks_leave_the_seeds_of_the_others_alone() -> None:
    few, many = tasks_of(7, range(3), 2), tasks_of(7, range(10), 4)
    assert set(few) <= set(many)
    assert tasks_of(7, range(3, 10), 4) == [task for task in many if task.world >= 10]


def test_the_first_luck_of_a_world_is_the_run_under_its_seed() -> None:
    assert event_seed(5, 0) == 5
    entries = line_up([arm()])
    measured = measure(entries, tasks_of(5, range(1), 2)[0])
    alone = simulate(entries[1].config, seed=5).metrics
    rows = {
        (m, by, level): value for m, by, level, value in zip(*(alone[c] for c in ("metric", "by", "level", "value")), strict=True)
    }
    found = {key: value for key, value in zip(measured.keys, measured.values[:, 1], strict=True) if key in rows}
    assert found.keys() == rows.keys()
    assert np.array_equal([found[key] for key in rows], list(rows.values()), equal_nan=True)


def test_all_arms_of_a_replicate_meet_one_world_and_its_cases() -> None:
    simulation._world.cache_clear()
    simulation._cases.cache_clear()
    base = made_up(*TINY)
    arms = [arm(), *(Arm(name, with_forces(base, "must", name), base) for name in ("judge", "discrimination"))]
    measure(line_up(arms), Task(3, 0, 3))
    assert simulation._world.cache_info().misses == 1
    assert simulation._cases.cache_info().misses == 1


def test_arms_with_a_world_of_their_own_are_read_against_their_own_baseline() -> None:
    few, many = arm(), arm("no_treaty", "states.synthetic.liberal_share=0.9")
    entries = line_up([few, many._replace(name="liberal")])
    assert [(entry.name, entry.against) for entry in entries] == [
        ("as_adopted for no_treaty", 0), ("no_treaty", 0), ("as_adopted for liberal", 2), ("liberal", 2),
    ]  # fmt: skip


def test_arms_of_one_world_stand_together_whatever_the_order_asked_for() -> None:
    base, other = made_up(*TINY), made_up(*TINY, "states.synthetic.liberal_share=0.9")
    strict = with_forces(base, "must", "judge")
    arms = [Arm("a", strict, base), Arm("b", other, other), Arm("c", base, strict)]
    digests = [entry.config.world_digest() for entry in line_up(arms)]
    assert digests == sorted(digests, key=digests.index)


@pytest.mark.parametrize(
    ("fact", "key"), [("years=2", "years"), ("states.synthetic.liberal_share=0.9", "states"), ("demand.scale=2.0", "demand")]
)
def test_an_arm_that_cannot_be_paired_is_refused(fact: str, key: str) -> None:
    mine = {"years": TINY[:3]}.get(key, TINY)
    odd = Arm("odd", made_up(*mine, fact), made_up(*TINY))
    with pytest.raises(ConfigError, match=f"odd: {key} is not that of its baseline as_adopted; accepted: "):
        line_up([odd])


def test_a_board_is_the_same_whatever_came_first() -> None:
    entries, tasks = line_up([arm()]), tasks_of(2, range(2), 2)
    done = {task: measure(entries, task) for task in tasks}
    one, other = board_of(done), board_of({task: done[task] for task in reversed(tasks)})
    assert one.keys == other.keys
    assert one.worlds == other.worlds == [2, 3]
    assert np.array_equal(one.values, other.values, equal_nan=True)
    assert np.array_equal(one.counts, other.counts)
