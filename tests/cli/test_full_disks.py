"""A disk that is full, or cannot be written, is told in one line with the path; nothing half-written stays."""

from __future__ import annotations

import errno
import os
import pickle
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from experiments import figures, output
from experiments.cli import main
from experiments.errors import StoppedError
from experiments.execution import plan
from experiments.execution import session as execution
from experiments.output import OutputError, naming, replaced_folder, whole_folder, write_manifest
from experiments.store import store as store_module
from experiments.store.about import write_whole
from experiments.store.parts import write_part
from experiments.store.schema import RUNS_SCHEMA
from sim.review import assembly
from sim.sources import build
from sim.world.record import ConfigError
from tests.sweep.small import IDENTITY, TINY, done, opened, runs_in, swept
from tests.sweep.test_sweep import made_up

BROKEN = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.EFBIG)


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """As on a disk that is full but for so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def long_table(folder: Path, suffix: str) -> None:
    frame = pd.DataFrame({"a": np.arange(20_000) * 0.1})
    frame.to_parquet(folder / "a.parquet") if suffix == "parquet" else frame.to_csv(folder / "a.csv")


def picture(folder: Path, suffix: str) -> None:
    figure = Figure()
    figure.add_subplot().plot(np.arange(2000.0) % 7)
    figures.save(figure, folder / f"a.{suffix}")


WRITERS: dict[str, Callable[[Path], object]] = {
    "a table as Parquet": lambda folder: long_table(folder, "parquet"),
    "a table as CSV": lambda folder: long_table(folder, "csv"),
    "a picture as PNG": lambda folder: picture(folder, "png"),
    "a picture as SVG": lambda folder: picture(folder, "svg"),
    "a picture as PDF": lambda folder: picture(folder, "pdf"),
    "a manifest": lambda folder: write_manifest(folder, {"a": "x" * 9999}),
    "a page": lambda folder: (folder / "a.html").write_text("x" * 9999),
}


@pytest.mark.parametrize("what", WRITERS)
def test_what_is_too_long_for_the_disk_is_told_with_the_folder_and_leaves_nothing(tmp_path: Path, what: str) -> None:
    with (
        no_file_longer_than(1000),
        pytest.raises(OSError, match="too large") as told,
        whole_folder(tmp_path / "out", "mine") as folder,
    ):
        WRITERS[what](folder)
    assert told.value.errno == errno.EFBIG
    assert str(told.value.filename).startswith(str(tmp_path / "out" / "mine"))
    assert ".part" not in str(told.value)
    assert list(tmp_path.iterdir()) == []
    with whole_folder(tmp_path / "out", "mine") as folder:
        WRITERS[what](folder)
    assert len(list((tmp_path / "out" / "mine").iterdir())) == 1


@pytest.mark.parametrize("code", BROKEN)
def test_every_fault_of_a_disk_names_the_place_where_results_were_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def broken(*given: object, **named: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(pd.DataFrame, "to_parquet", broken)
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(OSError, match=os.strerror(code)) as told, whole_folder(tmp_path, "mine") as folder:
        frame.to_parquet(folder / "a.parquet")
    assert (told.value.errno, told.value.filename) == (code, str(tmp_path / "mine"))
    with replaced_folder(tmp_path, "report") as folder:
        (folder / "old.txt").touch()
    with pytest.raises(OSError, match=os.strerror(code)) as told, replaced_folder(tmp_path, "report") as folder:
        frame.to_parquet(folder / "a.parquet")
    assert told.value.filename == str(tmp_path / "report")
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert (tmp_path / "report" / "old.txt").exists(), "what was there stays"


def test_a_file_that_is_named_already_keeps_its_name_and_one_of_a_draft_gets_its_own(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space") as told, whole_folder(tmp_path, "mine") as folder:
        raise OSError(errno.ENOSPC, "No space left on device", str(folder / "a.csv"))
    assert told.value.filename == str(tmp_path / "mine" / "a.csv")
    with pytest.raises(OSError, match="/elsewhere"), whole_folder(tmp_path, "mine"):
        raise OSError(errno.ENOSPC, "No space left on device", "/elsewhere")


@pytest.mark.parametrize(
    "error",
    [BrokenPipeError(errno.EPIPE, "Broken pipe"), ChildProcessError(errno.ECHILD, "none"), OSError(errno.ENOMEM, "no memory")],
)
def test_what_is_no_fault_of_the_disk_stays_as_it_is(tmp_path: Path, error: OSError) -> None:
    with pytest.raises(type(error)) as told, whole_folder(tmp_path, "mine"):
        raise error
    assert told.value is error


def test_a_mistake_that_followed_a_fault_of_the_disk_stays_a_mistake(tmp_path: Path) -> None:
    def mistaken() -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            raise ConfigError("a: found b; accepted: c") from None

    with pytest.raises(ConfigError, match="found b"), naming(tmp_path):
        mistaken()
    with pytest.raises(KeyError), naming(tmp_path):
        raise KeyError("a")


def test_a_full_disk_is_no_mistake_in_what_was_asked_and_one_that_is_not_ours_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code, kind in ((errno.ENOSPC, OSError), (errno.EACCES, OutputError), (errno.EROFS, OutputError)):

        def broken(*given: object, code: int = code, **named: object) -> None:
            raise OSError(code, os.strerror(code))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "mkdir", broken)
            with pytest.raises(kind, match=str(tmp_path / "out")), whole_folder(tmp_path / "out", "mine"):
                pass


def test_a_report_stays_where_the_new_one_cannot_be_put_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with replaced_folder(tmp_path, "report") as folder:
        (folder / "old.txt").touch()
    real = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if path.name.startswith(".new-") and Path(target).name == "report":
            raise OSError(errno.EIO, "Input/output error", str(path))
        return real(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(OSError, match="Input/output"), replaced_folder(tmp_path, "report"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert (tmp_path / "report" / "old.txt").exists()


# --- stores -----------------------------------------------------------------------------------------------------------------------


def test_a_store_names_the_folder_or_file_that_it_cannot_write(tmp_path: Path) -> None:
    runs = RUNS_SCHEMA.empty_table()
    with no_file_longer_than(100):
        with pytest.raises(OSError, match="too large") as told:
            write_part(tmp_path, "runs", "all", 1, runs)
        assert told.value.filename == str(tmp_path / "runs")
        with pytest.raises(OSError, match="too large") as told:
            write_whole(tmp_path / "store.json", "x" * 999)
        assert told.value.filename == str(tmp_path / "store.json")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_sweep_on_a_full_disk_says_where_and_what_is_kept_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "out" / "stores" / "own"
    with opened(folder) as store:
        store.add([done("a")])
    for name, at in (("opening", "_settle_identity"), ("closing", None)):

        def full(*given: object, **named: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device", str(folder / "store.json"))

        with monkeypatch.context() as patch:
            patch.setattr(plan, "identity_of", lambda *given: IDENTITY)
            if at is not None:
                patch.setattr(f"experiments.store.store.{at}", full)
            else:
                patch.setattr("experiments.store.store._settle_identity", lambda *given: None)
                patch.setattr(execution, "conduct", lambda *given: execution.Session())
                patch.setattr("experiments.store.store.Store.fold_rest", full)
            (tmp_path / "own.yaml").write_text("question: what if\nscenarios: [judge]\n", encoding="utf-8")
            assert main(["sweep", *TINY, "design=own.yaml", "output=out", "store=own", "workers=1"]) == 3, name
        told = capsys.readouterr().err.splitlines()[-1]
        assert told == (
            f"rogatory: OSError: [Errno 28] No space left on device: '{folder}/store.json'; "
            "what out/stores/own held is kept; the same command goes on"
        )
    assert runs_in(folder) == [("a", 1, 0)]


def test_a_sweep_whose_tables_cannot_be_written_keeps_its_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(execution, "engine_of", made_up())
    monkeypatch.setattr(execution, "warm", lambda tried, workers: None)

    def full(*given: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "Error writing bytes to file. Detail: [errno 28] No space left on device")

    real, count = store_module.write_part, iter(range(100))

    def write(*given: Any) -> Path:
        if next(count) == 0:
            with monkeypatch.context() as patch:
                patch.setattr("experiments.store.parts.pq.write_table", full)
                return real(*given)
        return real(*given)

    monkeypatch.setattr(store_module, "write_part", write)
    with pytest.raises(StoppedError, match="No space") as told:
        swept("seeds=1", text="question: what if\nscenarios: [judge]\n")
    (folder,) = Path("out/stores").iterdir()
    kept = f"1 run of this turn kept in {folder}; the same command goes on"
    assert str(told.value) == f"OSError: [Errno 28] No space left on device: '{folder}/data'; {kept}"
    capsys.readouterr()
    swept("seeds=1", text="question: what if\nscenarios: [judge]\n")
    assert "1 run: all there already." in capsys.readouterr().out


# --- studies ----------------------------------------------------------------------------------------------------------------------


def test_a_study_on_a_full_disk_names_its_folder_keeps_its_runs_and_writes_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("experiments.studies.replication.draw_all", lambda *given: None)
    real, asked = pd.DataFrame.to_parquet, ["run", *TINY, "replicates=1", "seeds=1", "output=out", "workers=1"]

    def full(frame: pd.DataFrame, path: Path, **named: object) -> None:
        with no_file_longer_than(100):
            real(frame, path, **named)

    with monkeypatch.context() as patch:
        patch.setattr(pd.DataFrame, "to_parquet", full)
        assert main(asked) == 3
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("rogatory: OSError: [Errno 27] File too large: 'out/run/")
    assert told.endswith("; what a store held is kept")
    assert ".partial" not in told
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["stores"]
    assert main(asked) == 0
    assert "1 run: all there already." in capsys.readouterr().out


def test_the_builder_of_tables_and_the_rules_name_where_they_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with no_file_longer_than(10), pytest.raises(OSError, match="too large") as told:
        build._write(tmp_path / "to", {"states.csv": "x" * 99}, {}, "2026-01-01")
    assert told.value.filename == str(tmp_path / "to")
    monkeypatch.setattr(assembly, "CACHE", tmp_path)
    with no_file_longer_than(10), pytest.raises(OSError, match="too large") as told:
        assembly._imported("number = 1\n" * 9)
    assert str(told.value.filename).startswith(str(tmp_path / "rogatory_rules_"))


def test_a_fault_where_no_results_are_written_is_not_laid_at_their_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(assembly, "CACHE", tmp_path)
    monkeypatch.setattr("importlib.util.spec_from_file_location", full)
    with pytest.raises(OSError, match="No space") as told, whole_folder(tmp_path, "mine"):
        assembly._imported("number = 1\n")
    assert told.value.filename is None
    assert pickle.loads(pickle.dumps(told.value)).errno == output.FULL[0]
