"""Same seeds and configuration, same bytes: here, in another process, after other runs, by any workers (model.md 7.8)."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from sim.config import load
from sim.simulation import prepare, simulate
from tests.worlds import ended, events, fingerprint, made_up, told

ROOT = Path(__file__).resolve().parents[2]
SEEDS = (1, 2, 3)


def test_a_second_run_in_the_same_process_gives_the_same_bytes() -> None:
    assert told(5) == told(5)


def test_other_runs_before_leave_no_trace() -> None:
    """The last world and cases are kept between runs: whatever was run before, the next run is the same."""
    alone = told(5)
    for others in ([(6,)], [(5, "scenario=no_treaty"), (5, "review.uptake_max=0.9")], [(5, "years=3"), (4, "people.rows=1000")]):
        for other in others:
            told(*other)
        assert told(5) == alone


def test_what_makes_a_difference_shows_in_the_bytes() -> None:
    assert len({told(5), told(6), told(5, "scenario=no_treaty"), told(5, "review.rho=0.4"), told(5, "demand.legitimate=201")}) == 5


@pytest.mark.slow
def test_a_fresh_process_gives_the_same_bytes() -> None:
    command = "from tests.worlds import told; print(told(5))"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == told(5)


@pytest.mark.slow
def test_the_number_of_workers_changes_no_byte() -> None:
    here = [told(seed) for seed in SEEDS]
    assert len(set(here)) == len(SEEDS)
    for workers in (1, 2):
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            assert list(pool.map(told, SEEDS)) == here


def test_event_seed_and_world_seed_are_two_kinds_of_replicate() -> None:
    config = made_up()
    one, other = (prepare(config, seed, world_seed=9) for seed in (1, 2))
    assert one.world is other.world
    assert not np.isin(one.cases.day, other.cases.day).any(), "cells and ordinals may meet again, their luck may not"
    assert simulate(config, 1, 9).requests.equals(simulate(config, 1, 9).requests)
    assert fingerprint(simulate(config, 1, 9)) != fingerprint(simulate(config, 1, 8))


def test_scenarios_of_one_seed_share_the_world_its_capacities_and_its_cases() -> None:
    real = ("people.rows=3000", "demand.legitimate=200", "years=1", "calibration_months=6")
    worlds = [
        prepare(load(*real, *more), 3) for more in ((), ("scenario=no_treaty",), ("+instruments.hanoi.parties.extra.USA=true",))
    ]
    assert worlds[0].world is worlds[1].world is worlds[2].world
    assert worlds[0].cases is worlds[1].cases is worlds[2].cases


def test_a_label_of_a_scenario_and_the_number_of_workers_decide_nothing() -> None:
    config = made_up()
    renamed = config.model_copy(update={"scenario_name": "another"})
    assert renamed.digest() == config.digest()
    assert events(ended(prepare(config, 2))).equals(events(ended(prepare(renamed, 2))))
