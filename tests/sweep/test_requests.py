"""The requests of every run: a file each, whole or not at all, of its run and no other; what is lost is made again."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from experiments.cli import main
from experiments.design.capacities import STAFF_FOLLOWS
from experiments.design.seeds import event_seed
from experiments.store import requests as requests_module
from experiments.store.identity import Identity
from experiments.store.parts import StoreError
from experiments.store.reader import StoredStudy
from experiments.store.requests import REQUESTS, RUN_KEY, requests_of, write_requests
from experiments.store.schema import Done, RunKey
from experiments.store.store import WHOLE_STORE
from experiments.store.validate import content_checksum, faults_of
from experiments.studies import multirun
from sim.config import checked_config, load
from sim.simulation import simulate
from sim.world.record import ConfigError
from tests.shares import one_in
from tests.sweep.small import IDENTITY, LEVERS, TINY, design, done, opened, runs_in, tables

ORDER = [RunKey(point, world, 0) for world in (1, 2) for point in "ab"]
KEEPING = Identity(**{**IDENTITY, "kept": {"tables": [REQUESTS]}})
FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def frame(key: RunKey) -> pd.DataFrame:
    return pd.DataFrame({"id": range(key.world_seed + 2), "status": key.point})


def ended(folder: Path, *keys: RunKey, writer: str = WHOLE_STORE) -> list[Done]:
    """Runs as a worker hands them back: each has left its requests."""
    runs = [done(*key) for key in keys]
    for run in runs:
        write_requests(frame(run.key), folder, run, writer)
    return runs


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A whole store that keeps the requests of its made-up runs: two in a part, and two in a journal."""
    folder = tmp_path / "store"
    with opened(folder, identity=KEEPING) as opening:
        opening.add(ended(folder, *ORDER))
        opening.fold(ORDER[:2])
    assert faults_of(folder) == []
    return folder


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / REQUESTS).iterdir())


# --- whole or not at all --------------------------------------------------------------------------------------------------------


def test_a_file_says_which_run_it_is_of_and_reads_as_it_was(store: Path) -> None:
    path = requests_of(store, ORDER[0])
    pd.testing.assert_frame_equal(pd.read_parquet(path), frame(ORDER[0]))
    pd.testing.assert_frame_equal(pd.read_parquet(path, engine="pyarrow"), frame(ORDER[0]))
    said = json.loads(pq.read_schema(path).metadata[RUN_KEY])
    assert said == {"point": "a", "world_seed": 1, "replicate": 0, "event_seed": 1, "digest": "d1ge57", "code": "c0de"}


@pytest.mark.parametrize("at", ["write_table", "fsync", "replace"])
def test_a_disk_that_fails_leaves_no_half_of_a_file_and_names_the_folder(
    store: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def broken(*given: Any, **more: Any) -> None:
        if at == "write_table":
            Path(given[1]).write_bytes(b"half")
        raise OSError(*FULL.args)

    before = tables(store)
    owner = {"write_table": requests_module.pq, "fsync": requests_module.os, "replace": Path}[at]
    with monkeypatch.context() as patch:
        patch.setattr(owner, at, broken)
        with pytest.raises(OSError, match="No space left") as told:
            write_requests(frame(RunKey("a", 9, 0)), store, done("a", 9), WHOLE_STORE)
    assert told.value.filename == str(store / REQUESTS)
    assert (tables(store), len(files(store))) == (before, 4)


def test_a_store_that_is_not_there_is_not_made_by_who_writes_requests(tmp_path: Path) -> None:
    """A machine that does not see the store must not keep requests on a disk of its own."""
    with pytest.raises(FileNotFoundError):
        ended(tmp_path / "nowhere", ORDER[0])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("writer", [WHOLE_STORE, "1_of_2"])
def test_what_a_killed_worker_left_is_tidied_by_its_own_writer_and_by_the_one_of_all(store: Path, writer: str) -> None:
    home = store / REQUESTS
    for name in ("1_of_2", "2_of_2", "all"):
        (home / f".requests-{name}-a-1-0.0123abcd.part").touch()
    with opened(store, writer, identity=KEEPING):
        pass
    left = {name.split("-")[1] for name in files(store) if name.startswith(".")}
    assert left == (set() if writer == WHOLE_STORE else {"2_of_2", "all"})


def test_drafts_bear_the_name_of_their_writer(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[str]()
    monkeypatch.setattr(requests_module.pq, "write_table", lambda table, where, **more: seen.append(where.name))
    with pytest.raises(FileNotFoundError):
        ended(store, ORDER[0], writer="1_of_2")
    (name,) = seen
    assert Path(name).match(".*-1_of_2-*.part")


def test_requests_of_a_run_that_was_never_kept_are_removed_and_those_of_others_stay(store: Path) -> None:
    ended(store, RunKey("a", 9, 0))  # the worker had ended when everybody was killed
    (store / REQUESTS / "notes.txt").touch()
    with opened(store, "1_of_2", identity=KEEPING):
        assert len(files(store)) == 6, "it may be of a shard that is at work"
    with opened(store, identity=KEEPING):
        assert files(store) == [*(requests_of(store, key).name for key in sorted(ORDER)), "notes.txt"]


# --- what is lost ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [ORDER[0], ORDER[3]], ids=["in the tables", "in the journal"])
def test_a_run_whose_requests_are_lost_is_done_again_for_them_alone(store: Path, key: RunKey) -> None:
    content = content_checksum(store)
    requests_of(store, key).unlink()
    assert faults_of(store) == [
        f"{requests_of(store, key)}: is missing; the same command makes the run again, and writes it",
    ]
    before = tables(store)
    with opened(store, identity=KEEPING) as opening:
        assert {*ORDER} - opening.finished() == {key}
        opening.add(ended(store, key))
        assert opening.finished() == {*ORDER}
        opening.fold(ORDER[:2])
    assert before.items() <= tables(store).items(), "no part is written anew, and none holds the run twice"
    assert len(tables(store)) == len(before) + 1
    assert faults_of(store) == []
    assert (content_checksum(store), sorted(runs_in(store))) == (content, sorted(ORDER))


def test_a_run_that_comes_out_otherwise_leaves_no_requests_beside_the_numbers_of_before(store: Path) -> None:
    key, before = ORDER[0], tables(store)
    requests_of(store, key).unlink()
    with opened(store, identity=KEEPING) as opening:
        (run,) = ended(store, key)
        for other in (run._replace(code="0ther"), done(*key, value=0.75)):
            with pytest.raises(
                StoreError, match=r"has no requests of point a, world 1, replicate 0, and the same run comes out other"
            ):
                opening.add([other])
            assert not requests_of(store, key).exists()
    assert {**tables(store), f"{REQUESTS}/a-1-0.parquet": before[f"{REQUESTS}/a-1-0.parquet"]} == before


def test_a_run_in_the_tables_that_fails_when_it_is_done_again_stays_in_them(store: Path) -> None:
    requests_of(store, ORDER[0]).unlink()
    with opened(store, identity=KEEPING) as opening:
        opening.add([done(*ORDER[0], error="boom")])
        opening.settle_failures()
        assert {*ORDER} - opening.finished() == {ORDER[0]}
    assert sorted(runs_in(store)) == sorted(ORDER)
    assert len(faults_of(store)) == 1


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[40] ^= 1  # of the first page
    path.write_bytes(bytes(body))


DAMAGES: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "gone": (lambda one, other: one.unlink(), "is missing"),
    "all gone": (lambda one, other: shutil.rmtree(one.parent), "is missing"),
    "cut off": (lambda one, other: one.write_bytes(one.read_bytes()[:-9]), "cannot be read"),
    "empty": (lambda one, other: one.write_bytes(b""), "cannot be read"),
    "a byte": (lambda one, other: flip(one), "cannot be read"),
    "a folder": (lambda one, other: (one.unlink(), one.mkdir()), "cannot be read"),
    "of another run": (lambda one, other: shutil.copy(other, one), "holds the requests of another run than its own (by point)"),
    "of nobody": (lambda one, other: frame(ORDER[0]).to_parquet(one), "holds the requests of another run than its own (by point, "),
    "a stranger": (lambda one, other: (one.parent / "mine.parquet").touch(), "bears no name of a run"),
}


@pytest.mark.parametrize("damage", one_in(2, list(DAMAGES)))
def test_a_damaged_file_is_told_and_what_is_said_to_mend_it_mends_it(store: Path, tmp_path: Path, damage: str) -> None:
    hurt, wanted = DAMAGES[damage]
    hurt(requests_of(store, ORDER[0]), requests_of(store, ORDER[1]))
    faults = faults_of(store)
    assert any(wanted in fault for fault in faults), faults
    assert not any("\n" in fault for fault in faults)
    for fault in faults:
        path = Path(fault.partition(": ")[0])
        if fault.endswith("; remove it: the same command makes its run again"):
            path.rmdir() if path.is_dir() else path.unlink()
        elif fault.endswith("; move it elsewhere: nothing reads it"):
            path.rename(tmp_path / path.name)
        else:
            assert fault.endswith("; the same command makes the run again, and writes it")
    with opened(store, identity=KEEPING) as opening:
        opening.add(ended(store, *(key for key in ORDER if key not in opening.finished())))
    assert faults_of(store) == []
    assert sorted(runs_in(store)) == sorted(ORDER)


def test_a_store_that_keeps_none_lacks_none(tmp_path: Path) -> None:
    with opened(tmp_path) as opening:
        opening.add([done(*key) for key in ORDER])
        assert opening.finished() == {*ORDER}
    assert faults_of(tmp_path) == []


@pytest.mark.parametrize("mix", [False, True])
@pytest.mark.parametrize(("before", "after"), [(KEEPING, IDENTITY), (IDENTITY, KEEPING)])
def test_runs_that_keep_requests_and_runs_that_do_not_share_no_store(
    tmp_path: Path, before: Identity, after: Identity, mix: bool
) -> None:
    with opened(tmp_path, identity=before):
        pass
    names = [", ".join(["data", *side["kept"].get("tables", [])]) for side in (before, after)]
    with pytest.raises(StoreError) as told, opened(tmp_path, identity=after, mix=mix):
        pass
    assert str(told.value) == (
        f"store: {tmp_path} keeps {names[0]} of its runs, not {names[1]}; accepted: the same, or store=NAME for a new one"
    )


# --- a store that is begun for what is refused ----------------------------------------------------------------------------------


def test_a_store_that_was_begun_for_what_is_refused_is_not_left(tmp_path: Path) -> None:
    with pytest.raises(ConfigError), opened(tmp_path / "out" / "stores" / "mine", identity=KEEPING):
        raise ConfigError("keep_requests: found true; accepted: false")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / ".notes").touch()
    with pytest.raises(ConfigError), opened(tmp_path / "mine", identity=KEEPING):
        raise ConfigError("keep_requests: found true; accepted: false")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == [".notes"], "what was there before stays"


def test_a_store_that_was_there_or_holds_a_run_or_is_of_shards_is_left(tmp_path: Path) -> None:
    def refused(folder: Path, run: Done | None, writer: str = WHOLE_STORE) -> bool:
        with pytest.raises(ConfigError), opened(folder, writer) as opening:  # noqa: PT012
            opening.add([run] if run else [])
            raise ConfigError("found x; accepted: y")
        return not (folder / "store.json").exists()

    assert not refused(tmp_path / "a", done("a"))
    assert not refused(tmp_path / "b", done("a", error="boom"))
    assert not refused(tmp_path / "c", None, "1_of_2")
    assert not refused(tmp_path / "c", None)
    assert refused(tmp_path / "d", None)


# --- real runs ------------------------------------------------------------------------------------------------------------------


def asked(study: str, *more: str) -> list[str]:
    return [study, *TINY, "output=out", "keep_requests=true", *more]


ONE = "question: what does the treaty do?\nscenarios: [as_adopted]\n"


def one(*more: str) -> list[str]:
    """One scenario without figures."""
    design(Path(), ONE, "one")
    return asked("sweep", "design=one.yaml", "replicates=1", "store=mine", *more)


def refuse_other_requests(folder: Path) -> int:
    """Each run of a store has its file, and this holds what the same configuration gives under the same seeds; returns how many."""
    study = StoredStudy(folder)
    bases = {name: plain for _, said in study.sessions for name, plain in said["bases"].items()}
    scenario = study.points.set_index("point")["scenario"]
    for row in study.runs.itertuples():
        name = scenario[row.point]
        plain, hired, _ = name.partition(STAFF_FOLLOWS)
        said = [f"scenario={plain}", *["review.capacity=follows"] * bool(hired)]
        config = checked_config(bases[name]) if name in bases else load(*TINY, *said)
        key = RunKey(row.point, row.world_seed, row.replicate)
        whole = simulate(config, seed=event_seed(key.world_seed, key.replicate), world_seed=key.world_seed)
        pd.testing.assert_frame_equal(pd.read_parquet(requests_of(folder, key)), whole.requests)
    assert len(files(folder)) == len(study.runs)
    return len(study.runs)


def test_a_run_keeps_its_requests_finds_them_by_scenario_and_seed_and_makes_again_what_is_lost(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = one("seeds=2", "workers=1")
    assert main(words) == 0
    folder = tmp_path / "out" / "stores" / "mine"
    assert refuse_other_requests(folder) == 2
    (point,) = pd.read_parquet(folder / "points").query("scenario == 'as_adopted'")["point"]  # as docs/sweeps.md has it
    path = folder / REQUESTS / f"{point}-2-0.parquet"
    pd.testing.assert_frame_equal(pd.read_parquet(path), simulate(load(*TINY), seed=2).requests)
    before = tables(folder)
    path.unlink()
    capsys.readouterr()
    assert main(["check", "mine", "output=out"]) == 4
    assert f"fault: out/stores/mine/{path.relative_to(folder)}: is missing; the same command " in capsys.readouterr().out
    assert main(words) == 0
    assert "1 run in " in capsys.readouterr().out
    assert tables(folder) == before
    assert main(["check", "mine", "output=out"]) == 0


def test_the_forecast_counts_the_files_of_requests(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(one("seeds=2", "workers=1")) == 0
    told = capsys.readouterr().err
    size = sum(path.stat().st_size for path in (tmp_path / "out" / "stores" / "mine" / REQUESTS).iterdir())
    assert int(told.partition(" kB on disk")[0].rpartition(" ")[2]) > size // 1000


def test_a_disk_that_fails_stops_the_turn_and_blames_no_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    real, written = pq.write_table, list[Path]()

    def full(table: Any, where: Path, **more: Any) -> None:
        if Path(where).parent.name == REQUESTS:
            if len(written) == 1:
                Path(where).write_bytes(b"half")
                raise OSError(*FULL.args)
            written.append(where)
        real(table, where, **more)

    words = one("seeds=3", "workers=1")
    folder = Path("out/stores/mine")
    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", full)
        assert main(words) == 3
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("rogatory: ")]
    assert told == [
        f"rogatory: OSError: [Errno 28] No space left on device: '{tmp_path / folder / REQUESTS}'; 1 run of this turn kept in "
        f"{folder}; the same command goes on"
    ]
    assert (len(files(folder)), len(StoredStudy(folder).failures)) == (1, 0)
    assert main(words) == 0
    assert refuse_other_requests(folder) == 3
    assert faults_of(folder) == []


@pytest.mark.slow
def test_a_disk_that_fails_under_two_workers_stops_the_turn_too(capsys: pytest.CaptureFixture[str]) -> None:
    words, folder = one("seeds=20", "workers=2"), Path("out/stores/mine")
    folder.mkdir(parents=True)
    (folder / REQUESTS).symlink_to("nowhere")
    assert main(words) == 3
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("rogatory: ")]
    assert len(told) == 1
    assert told[0].endswith(f"; 0 runs of this turn kept in {folder}; the same command goes on")
    assert f"{REQUESTS}'" in told[0]
    (folder / REQUESTS).unlink()
    assert main(words) == 0
    assert len(files(folder)) == 20


STUDIES: dict[str, tuple[list[str], int]] = {
    "run": (asked("run", "replicates=1", "seeds=4", "store=mine"), 4),
    "treaty": (asked("treaty", "seeds=2", "replicates=1", "store=mine"), 8),
    "compare": (asked("compare", "scenarios=[judge]", "seeds=2", "replicates=2", "store=mine"), 8),
    "adaptation": (
        asked("adaptation", "scenarios=[judge]", "seeds=2", "replicates=1", "store=mine", "analysis.adaptation.years=[1]"),
        8,
    ),
    "sweep": (asked("sweep", "design=own.yaml", "seeds=2", "replicates=1", "store=mine"), 8),
}


@pytest.mark.slow
@pytest.mark.parametrize("study", STUDIES)
def test_every_study_keeps_the_same_requests_with_one_worker_and_with_two(study: str, tmp_path: Path) -> None:
    design(Path(), LEVERS)
    words, count = STUDIES[study]
    left = []
    for workers in (1, 2):
        folder = tmp_path / str(workers) / "stores" / "mine"
        given = [word for word in words if word != "output=out"]
        assert main([*given, f"output={tmp_path / str(workers)}", f"workers={workers}"]) == 0
        assert len(files(folder)) == count
        assert faults_of(folder) == []
        left.append(tables(folder))
    assert left[0] == left[1]
    if study in ("run", "treaty"):
        assert refuse_other_requests(tmp_path / "1" / "stores" / "mine") == count


@pytest.mark.slow
def test_shards_and_the_jobs_of_a_multirun_keep_requests_in_one_store(tmp_path: Path) -> None:
    design(Path(), LEVERS)
    for shard in ("1/2", "2/2"):
        assert main(asked("sweep", "design=own.yaml", "seeds=2", "replicates=1", "store=mine", "workers=1", f"shard={shard}")) == 0
    assert len(files(Path("out/stores/mine"))) == 8
    assert faults_of(Path("out/stores/mine")) == []
    assert (
        main(
            [
                "run",
                "-m",
                *TINY[:-1],
                "years=1,2",
                "replicates=1",
                "seeds=2",
                "workers=1",
                "output=out",
                "keep_requests=true",
                "store=many",
            ]
        )
        == 0
    )
    assert len(files(Path("out/stores/many"))) == 4
    assert faults_of(Path("out/stores/many")) == []
    assert multirun.MULTIRUN_DESIGN.keep == []
