"""The same sweep on Ray: one of its own with two workers, and one that was there before; the tables are the same bytes."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments.engines import engine_of
from experiments.jobs import Batch, Shared
from experiments.store.schema import Done, Key
from experiments.sweep import main
from sim.settings import EngineSpec
from sim.world.record import ConfigError
from tests.sweep.small import LEVERS, TINY, design, done, tables

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # what Ray warns of is its own

KEYS = [Key("ab"[number % 2], 1 + number // 4, number % 4) for number in range(12)]
BATCHES = [Batch(tuple(KEYS[first : first + 4]), True) for first in range(0, 12, 4)]
POISON = Key("b", 2, 1)
SHARED = Shared({}, {}, frozenset(), frozenset(), "c0de", [])


def deadly(shared: Shared, batch: Batch) -> list[Done]:
    """One run at a time; one of them kills its process."""
    if batch.keys[0] == POISON:
        os.kill(os.getpid(), signal.SIGKILL)
    return [done(*batch.keys[0])]


def strange(shared: Shared, batch: Batch) -> list[Done]:
    raise ModuleNotFoundError("No module named 'experiments'")


@pytest.fixture(autouse=True, scope="module")
def with_ray() -> None:
    """Ray is an extra: where it is not installed these tests are passed over."""
    pytest.importorskip("ray")


@pytest.fixture(scope="module")
def cluster(with_ray: None) -> Iterator[Any]:
    """A Ray that is there already: one machine with two processors."""
    import ray
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    yield made
    ray.shutdown()
    made.shutdown()


def swept(name: str, *more: str) -> Path:
    return main(*TINY, f"design={design(Path(), LEVERS)}", "seeds=3", "luck=1", "workers=2", "output=out", f"store={name}", *more)


def test_ray_of_its_own_and_ray_that_was_there_leave_the_same_bytes_as_processes_here(
    tmp_path: Path, cluster: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    monkeypatch.chdir(tmp_path)
    here = tables(swept("here"))
    capfd.readouterr()
    told_to_stop = signal.getsignal(signal.SIGTERM)
    assert tables(swept("own", "engine=ray")) == here
    told = capfd.readouterr().err
    import ray

    assert not ray.is_initialized(), "what the sweep started it ends"
    assert signal.getsignal(signal.SIGTERM) == told_to_stop
    assert tables(swept("there", "engine=ray", f"engine.address='{cluster.address}'")) == here
    assert [line for line in told.splitlines() if "projected" not in line and " runs " not in line] == []


def test_a_run_that_always_kills_its_worker_is_a_failure_and_the_others_are_done(cluster: Any) -> None:
    spec = EngineSpec(name="ray", address=cluster.address, tries=2)
    found = [run for runs in engine_of(spec, 2, deadly)(SHARED, BATCHES) for run in runs]
    assert Counter(run.key for run in found) == Counter(KEYS)
    (lost,) = [run for run in found if run.error]
    assert (lost.key, lost.error) == (POISON, "its worker process died (too little memory?)")
    assert lost.traceback.endswith("tried 2 times alone")


def test_a_machine_on_which_ours_does_not_run_is_told_run_by_run(cluster: Any) -> None:
    spec = EngineSpec(name="ray", address=cluster.address, tries=2)
    found = [run for runs in engine_of(spec, 2, strange)(SHARED, BATCHES[:1]) for run in runs]
    assert [run.error for run in found] == ["No module named 'experiments'"] * 4


def test_a_ray_that_cannot_be_reached_is_told_in_one_line() -> None:
    spec = EngineSpec(name="ray", address="127.0.0.1:1", tries=1)
    with pytest.raises(ConfigError, match=r"^engine\.address: found '127\.0\.0\.1:1' \(.*\); accepted: a Ray that runs, or null"):
        list(engine_of(spec, 2, deadly)(SHARED, BATCHES))
