"""Whatever does the runs, and whoever dies meanwhile: each is handed back once, as done or as failed."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from experiments.execution import jobs
from experiments.execution.engines import engine_of
from experiments.execution.jobs import Batch, Shared, Work, one_by_one, rest_of, work
from experiments.execution.on_ray import can_write_by
from experiments.interrupts import listening
from experiments.settings import EngineSpec
from experiments.store.kept import Kept
from experiments.store.schema import Done, RunKey
from sim.world.record import ConfigError
from tests.shares import one_in
from tests.sweep.small import done

LOCAL = EngineSpec(name="local", tries=2)
KEYS = [RunKey("ab"[number % 2], 1 + number // 4, number % 4) for number in range(20)]
BATCHES = [Batch(tuple(KEYS[first : first + 4]), 0) for first in range(0, 20, 4)]
POISON = RunKey("b", 2, 1)
SHARED = Shared({}, {}, Kept(), "c0de", [])


# Stand-ins for the work itself; they are found by their names in worker processes.


def easy(shared: Shared, batch: Batch) -> list[Done]:
    return [done(*key) for key in batch.keys]


def slow(shared: Shared, batch: Batch) -> list[Done]:
    """Hands back the first run alone."""
    return [done(*batch.keys[0])]


def deadly(shared: Shared, batch: Batch) -> list[Done]:
    if POISON in batch.keys:
        os.kill(os.getpid(), signal.SIGKILL)
    return easy(shared, batch)


def deadly_once(shared: Shared, batch: Batch) -> list[Done]:
    """Kills its process the first time; ``shared.code`` is where that is remembered."""
    if POISON in batch.keys and not Path(shared.code).exists():
        Path(shared.code).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return easy(shared, batch)


def endless(shared: Shared, batch: Batch) -> list[Done]:
    with Path(shared.code).open("a", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(1.0)
    return easy(shared, batch)


def all_of(work: Work, workers: int, shared: Shared = SHARED, spec: EngineSpec = LOCAL) -> list[Done]:
    return [run for runs in engine_of(spec, workers, work)(shared, BATCHES) for run in runs]


@pytest.mark.parametrize(("stand_in", "workers"), one_in(3, [(easy, 1), (slow, 1), (slow, 2)]))
def test_each_run_is_handed_back_once(stand_in: Work, workers: int) -> None:
    assert Counter(run.key for run in all_of(stand_in, workers)) == Counter(KEYS)


@pytest.mark.slow
def test_a_run_that_always_kills_its_worker_is_a_failure_and_the_others_are_done() -> None:
    found = all_of(deadly, 2)
    assert Counter(run.key for run in found) == Counter(KEYS)
    (lost,) = [run for run in found if run.error]
    assert (lost.key, lost.error) == (POISON, "its worker process died (too little memory?)")
    assert lost.traceback.endswith("tried 2 times alone")


@pytest.mark.slow
def test_a_worker_that_is_lost_once_costs_nothing(tmp_path: Path) -> None:
    found = all_of(deadly_once, 2, SHARED._replace(code=str(tmp_path / "died")))
    assert Counter(run.key for run in found) == Counter(KEYS)
    assert not [run.key for run in found if run.error]


@pytest.mark.slow
def test_who_is_closed_stops_what_has_not_begun_and_leaves_no_process(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with closing(engine_of(LOCAL, 2, endless)(SHARED._replace(code=str(begun)), BATCHES)) as ended:
        next(ended)
    told = begun.read_text().split()
    assert len(told) < len(BATCHES)
    for process in {int(word) for word in told}:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_one_worker_is_this_process_and_hands_back_run_by_run() -> None:
    sizes = [len(runs) for runs in engine_of(LOCAL, 1, easy)(SHARED, BATCHES)]
    assert sizes == [1] * len(KEYS), "an interrupt loses no run that has ended"


def test_a_ray_that_is_not_there_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ConfigError, match=r"^engine: found ray, which is not installed; accepted: local, or pip install"):
        engine_of(EngineSpec(name="ray", tries=1), 2)


def test_a_machine_says_whether_it_sees_a_file_and_can_write_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tmp_path / ".0123.part"
    assert can_write_by(token, "n0de") == "does not see it"
    token.touch()
    assert can_write_by(token, "n0de") == ""
    assert list(tmp_path.iterdir()) == [token]

    def locked(path: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "touch", locked)
    assert can_write_by(token, "n0de") == "Read-only file system"


# --- the work itself ------------------------------------------------------------------------------------------------------------


def test_a_batch_that_takes_long_is_handed_back_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_HAND_BACK", -1.0)
    runs = work(SHARED, BATCHES[0])  # each fails, for nothing is known of its point
    assert [run.key for run in runs] == KEYS[:1]
    assert rest_of(BATCHES[0], runs) == [Batch(tuple(KEYS[1:4]), 0)]
    assert rest_of(BATCHES[0], [done(*key) for key in KEYS[:4]]) == []


def test_a_disk_that_fails_is_raised_for_the_first_run_and_hands_back_those_before(monkeypatch: pytest.MonkeyPatch) -> None:
    def attempt(shared: Shared, key: RunKey) -> Done:
        if key == KEYS[2]:
            raise OSError(errno.ENOSPC, "No space left on device")
        return done(*key)

    monkeypatch.setattr(jobs, "_attempt", attempt)
    runs = work(SHARED, BATCHES[0])
    assert [run.key for run in runs] == KEYS[:2]
    (rest,) = rest_of(BATCHES[0], runs)
    with pytest.raises(OSError, match="No space left"):
        work(SHARED, rest)


def test_a_run_that_fails_is_told_with_its_traceback_and_the_next_is_done() -> None:
    runs = work(SHARED, BATCHES[0])
    assert [run.error for run in runs] == ["KeyError: 'a'", "KeyError: 'b'"] * 2
    assert all("Traceback (most recent call last)" in run.traceback for run in runs)
    assert [run.event_seed for run in runs] == [1, 10_001, 20_001, 30_001]


def test_an_interrupt_that_a_library_made_another_error_of_is_no_failure_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        except KeyboardInterrupt:
            raise TypeError("cannot determine the type of an argument") from None  # as Numba does

    monkeypatch.setattr(jobs, "_run", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # workers of the tests ignore it
    try:
        with pytest.raises(KeyboardInterrupt), listening():
            work(SHARED, Batch((RunKey("a", 1, 0),), 0))
    finally:
        signal.signal(signal.SIGINT, before)


def test_batches_one_by_one_are_the_same_runs_in_the_same_world() -> None:
    assert one_by_one(BATCHES[:1]) == [Batch((key,), 0) for key in KEYS[:4]]
