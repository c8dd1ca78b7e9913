"""Shards and multiruns through Hydra's launchers, as far as one machine goes: what comes of them, and how mistakes come home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.store.parts import table_parts
from experiments.store.places import stores_in
from experiments.store.reader import StoredStudy
from experiments.store.validate import content_checksum, faults_of
from tests.sweep.small import LEVERS, TINY, design

pytestmark = pytest.mark.slow

LAUNCHERS = {  # submitit keeps its own notes where Hydra does
    "basic": ("hydra", ["hydra/launcher=basic"]),
    "joblib": ("hydra_plugins.hydra_joblib_launcher", ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]),
    "ray": (
        "hydra_plugins.hydra_ray_launcher",
        ["hydra/launcher=ray", "+hydra.launcher.ray.init.num_cpus=2", "hydra.launcher.ray.init.address=local"],
    ),
    "submitit": ("hydra_plugins.hydra_submitit_launcher", ["hydra/launcher=submitit_local", "hydra.sweep.dir=hydra"]),
}
ROOT = Path(__file__).parents[2]


def rogatory(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, elsewhere."""
    python = [sys.executable, "-m", "experiments.cli"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([*python, *words], cwd=cwd, env=env, capture_output=True, text=True, timeout=500, check=False)


def only_store(folder: Path) -> Path:
    """The one store that commands in a folder have made."""
    (store,) = stores_in(str(folder / "results"))
    return store


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a sweep in one piece holds."""
    folder = tmp_path_factory.mktemp("whole")
    design(folder, LEVERS)
    done = rogatory("sweep", *TINY, "design=own.yaml", "seeds=2", "replicates=1", "workers=1", cwd=folder)
    assert done.returncode == 0, done.stderr
    store = only_store(folder)
    assert len(StoredStudy(store).runs) == 8
    return content_checksum(store)


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_shards_through_a_launcher_hold_what_one_sweep_holds(tmp_path: Path, launcher: str, whole: str) -> None:
    package, words = LAUNCHERS[launcher]
    pytest.importorskip(package)
    design(tmp_path, LEVERS)
    asked = ["sweep", "-m", *words, *TINY, "design=own.yaml", "seeds=2", "replicates=1", "workers=1", "shard=1/2,2/2"]
    done = rogatory(*asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    folder = only_store(tmp_path)
    assert faults_of(folder) == []
    assert len(StoredStudy(folder).runs) == 8
    assert {part.writer for part in table_parts(folder, "runs")} == {"1_of_2", "2_of_2"}
    assert content_checksum(folder) == whole


NONSENSE = {
    "joblib": (
        "hydra_plugins.hydra_joblib_launcher",
        ["hydra/launcher=joblib", "hydra.launcher.n_jobs=0"],
        "ValueError: ",
    ),
    "ray": (
        "hydra_plugins.hydra_ray_launcher",
        ["hydra/launcher=ray", "hydra.launcher.ray.init.address=local", "+hydra.launcher.ray.init.nonsense=1"],
        "RuntimeError: Unknown keyword argument(s): nonsense); accepted: ",
    ),
}


@pytest.mark.parametrize("launcher", NONSENSE)
def test_a_launcher_that_cannot_start_is_one_line_and_status_two(tmp_path: Path, launcher: str) -> None:
    package, words, wanted = NONSENSE[launcher]
    pytest.importorskip(package)
    done = rogatory(
        "run", "-m", *words, *TINY, "review.rho=0.3,0.4", "replicates=1", "seeds=1", "workers=1", "store=many", cwd=tmp_path
    )
    assert done.returncode == 2, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("rogatory: ")]
    assert line.startswith(f"rogatory: hydra/launcher: found {launcher}, which could not start ({wanted}")
    assert line.endswith("; accepted: hydra.launcher.* as it takes them here, or hydra/launcher=basic")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("launcher", ["joblib", "ray", "submitit"])
def test_a_job_that_fails_elsewhere_comes_home_as_one_line_and_its_status(tmp_path: Path, launcher: str) -> None:
    package, words = LAUNCHERS[launcher]
    pytest.importorskip(package)
    asked = ["run", "-m", *words, *TINY, "review.rho=0.3,3", "replicates=1", "seeds=1", "workers=1", "store=many"]
    done = rogatory(*asked, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("rogatory: ")]
    assert line.startswith("rogatory: review.rho: found 3; accepted: ")
    assert "Traceback" not in done.stderr
    assert len(StoredStudy(only_store(tmp_path)).runs) == 1, "the other job was done"
