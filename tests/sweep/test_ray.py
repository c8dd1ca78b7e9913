"""The same sweep on Ray: one of its own with two workers, and one that was there before; the tables are the same bytes."""

from __future__ import annotations

import errno
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments import cli
from experiments.execution import on_ray
from experiments.execution.engines import engine_of
from experiments.execution.jobs import Batch, Shared
from experiments.settings import EngineSpec
from experiments.store.kept import Kept
from experiments.store.schema import Done, RunKey
from experiments.store.validate import faults_of
from experiments.studies import compare
from experiments.studies.sweep import main
from sim.world.record import ConfigError
from tests.sweep.small import LEVERS, TINY, design, done, tables

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # what Ray warns of is its own

KEYS = [RunKey("ab"[number % 2], 1 + number // 4, number % 4) for number in range(12)]
BATCHES = [Batch(tuple(KEYS[first : first + 4]), True) for first in range(0, 12, 4)]
POISON = RunKey("b", 2, 1)
SHARED = Shared({}, {}, Kept(), "c0de", [])


def deadly(shared: Shared, batch: Batch) -> list[Done]:
    """One run at a time; one of them kills its process."""
    if batch.keys[0] == POISON:
        os.kill(os.getpid(), signal.SIGKILL)
    return [done(*batch.keys[0])]


def easy(shared: Shared, batch: Batch) -> list[Done]:
    return [done(*key) for key in batch.keys]


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
    return main(
        *TINY, f"design={design(Path(), LEVERS)}", "seeds=3", "replicates=1", "workers=2", "output=out", f"store={name}", *more
    )


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


OWN = ("comparison.csv", "comparison.parquet", "cooperation.csv", "runs.parquet")


def compared(output: Path, *more: str) -> dict[str, bytes]:
    """The tables of a comparison, and those of the store that its runs are in."""
    asked = ("scenarios=[judge,notice]", "seeds=2", "replicates=2", "workers=2", f"output={output}", f"store={output / 'store'}")
    folder = compare.main(*TINY, *asked, "keep_requests=true", *more)
    store = {str(path.relative_to(output)): path.read_bytes() for path in sorted((output / "store").rglob("*.parquet"))}
    assert faults_of(output / "store") == []
    return store | {name: (folder / name).read_bytes() for name in OWN}


def test_a_comparison_on_ray_leaves_the_same_bytes_as_on_processes(
    tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    here = compared(tmp_path / "here")
    assert {name.split("/")[1] for name in here if "/" in name} == {"points", "runs", "data", "views", "given", "requests"}
    assert sum("/requests/" in name for name in here) == 12
    assert compared(tmp_path / "there", "engine=ray", f"engine.address='{cluster.address}'") == here


# --- requests are kept where every node writes ------------------------------------------------------------------------------------


def test_requests_are_refused_before_any_run_where_a_node_does_not_see_the_store(
    tmp_path: Path, cluster: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blind = cluster.head_node.node_id

    def sees(token: Path, name: str) -> str:
        assert token.is_file()
        return "does not see it" if name == blind else ""

    monkeypatch.setattr(on_ray, "can_write_by", sees)
    capfd.readouterr()
    words = ("sweep", *TINY, "seeds=1", "replicates=1", "workers=2", "output=out", "keep_requests=true")
    assert cli.main([*words, f"design={design(tmp_path, LEVERS)}", "engine=ray", f"engine.address='{cluster.address}'"]) == 2
    (line,) = [line for line in capfd.readouterr().err.splitlines() if line.startswith("rogatory: ")]
    assert re.fullmatch(
        r"rogatory: keep_requests: found true with engine=ray and a store that 1 of 1 nodes cannot write to: '[\d.]+' "
        rf"\(does not see it\); accepted: false, or output=\.\.\. on a disk that every node sees as {tmp_path}/out/stores/own-\w+",
        line,
    )
    assert not (tmp_path / "out").exists(), "a store that was begun in vain is not left"


def test_a_node_of_ray_that_breaks_or_says_nothing_is_blind_too(
    tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, shared = EngineSpec(name="ray", address=cluster.address, tries=1), SHARED._replace(folder=tmp_path)

    def breaks(token: Path, name: str) -> str:
        raise ModuleNotFoundError("No module named 'experiments'")

    def dies(token: Path, name: str) -> str:
        os._exit(1)

    def sleeps(token: Path, name: str) -> str:
        time.sleep(120.0)
        return ""

    for stand_in, told in (
        (breaks, "No module named 'experiments'"),
        (dies, "no answer: "),
        (sleeps, "no answer: GetTimeoutError"),
    ):
        monkeypatch.setattr(on_ray, "can_write_by", stand_in)
        if stand_in is sleeps:
            monkeypatch.setattr(on_ray, "_ANSWER", 3.0)
        with pytest.raises(ConfigError, match=re.escape(told)):
            list(engine_of(spec, 2, easy)(shared, BATCHES))
        assert list(tmp_path.iterdir()) == [], "the token is removed"


def test_nodes_are_asked_only_where_requests_are_kept_and_leave_nothing(
    tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = EngineSpec(name="ray", address=cluster.address, tries=1)
    shared = SHARED._replace(folder=tmp_path)
    assert Counter(run.key for runs in engine_of(spec, 2, easy)(shared, BATCHES) for run in runs) == Counter(KEYS)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(on_ray, "_refuse_blind", None)
    assert Counter(run.key for runs in engine_of(spec, 2, easy)(SHARED, BATCHES) for run in runs) == Counter(KEYS)


def full(shared: Shared, batch: Batch) -> list[Done]:
    raise OSError(errno.ENOSPC, "No space left on device", "there/requests")


def test_a_disk_that_fails_there_stops_the_turn_and_blames_no_run(cluster: Any) -> None:
    spec = EngineSpec(name="ray", address=cluster.address, tries=1)
    with pytest.raises(OSError, match="No space left on device: 'there/requests'"):
        list(engine_of(spec, 2, full)(SHARED, BATCHES))


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
