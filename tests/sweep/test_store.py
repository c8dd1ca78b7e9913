"""A store keeps what has ended, whole and once, whatever happens at whatever moment; tested on made-up runs."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from experiments.store import journal as journal_module
from experiments.store import store as store_module
from experiments.store.content import failures_in
from experiments.store.identity import Identity, differences
from experiments.store.journal import Journal, journal_path, journals_of, peek
from experiments.store.outcomes import Outcome
from experiments.store.parts import StoreError, read_part, table_parts
from experiments.store.reader import StoredStudy
from experiments.store.schema import Done, RunKey
from experiments.store.store import WHOLE_STORE, Store, writing
from experiments.store.validate import content_checksum, faults_of
from tests.shares import some_fast
from tests.sweep.small import IDENTITY, done, opened, runs_in, tables

ORDER = [RunKey("a", 1, 0), RunKey("b", 1, 0), RunKey("a", 2, 0), RunKey("b", 2, 0)]


def filled(folder: Path, writer: str = WHOLE_STORE, *, order: list[RunKey] = ORDER) -> None:
    """Four runs in one part."""
    with opened(folder, writer) as store:
        store.add([done(*key) for key in reversed(order)])
        store.fold(order)


# --- writing and reading --------------------------------------------------------------------------------------------------------


def test_what_is_added_in_any_order_stands_in_the_order_that_was_asked_for(tmp_path: Path) -> None:
    filled(tmp_path)
    (part,) = table_parts(tmp_path, "runs")
    assert [tuple(row.values())[:3] for row in read_part(part).to_pylist()] == ORDER
    assert not journals_of(tmp_path), "a journal of which all is folded is gone"
    assert faults_of(tmp_path) == []


def test_the_tables_are_the_same_bytes_whoever_wrote_them_when(tmp_path: Path) -> None:
    filled(tmp_path / "one")
    for key in ORDER:  # opened anew for each run, as after four kills
        with opened(tmp_path / "other") as store:
            store.add([done(*key)])
    with opened(tmp_path / "other") as store:
        store.fold(ORDER)
    assert tables(tmp_path / "one") == tables(tmp_path / "other")


def test_runs_in_a_journal_are_read_like_those_in_tables(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.add([done(*key) for key in ORDER[:2]])
        store.fold(ORDER)
        store.add([done(*key, value=0.25) for key in ORDER[2:]])
        assert runs_in(tmp_path) == sorted(ORDER, key=lambda key: key)
        outcomes = StoredStudy(tmp_path).outcomes(Outcome("case_disclosure_rate"))
        assert outcomes.values[:, :, 0].tolist() == [[0.5, 0.25], [0.5, 0.25]]
        assert StoredStudy(tmp_path).outcomes(Outcome("legit_met_rate", "group", "lgbtq")).counts.sum() == 0


def test_a_later_success_takes_the_place_of_a_failure_and_a_later_failure_of_an_earlier_one(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.add([done("a", error="first"), done("b", error="boom")])
        store.settle_failures()
    assert failures_in(tmp_path)["error"].to_pylist() == ["first", "boom"]
    with opened(tmp_path) as store:
        store.add([done("a", error="second"), done("b")])
        store.fold(ORDER)
        store.settle_failures()
    assert failures_in(tmp_path)["error"].to_pylist() == ["second"]
    before = tables(tmp_path)
    with opened(tmp_path) as store:
        store.settle_failures()
    assert tables(tmp_path) == before, "nothing is written anew where nothing changed"
    with opened(tmp_path) as store:
        store.add([done("a")])
        store.fold(ORDER)
        store.settle_failures()
    assert not table_parts(tmp_path, "failures")


def test_the_writer_of_all_takes_over_what_shards_left(tmp_path: Path) -> None:
    for number, key in enumerate(ORDER[:2], 1):
        with opened(tmp_path, f"{number}_of_2") as store:
            store.add([done(*key), done(*ORDER[2 + number - 1], error="boom")])
            if number == 2:
                store.fold(ORDER)
                store.settle_failures()
    assert len(journals_of(tmp_path)) == 1
    with opened(tmp_path) as store:
        assert store.finished() == {*ORDER[:2]}
        store.settle_failures()
    assert not journals_of(tmp_path)
    assert len(failures_in(tmp_path)) == 2
    assert {part.writer for part in table_parts(tmp_path, "failures")} == {WHOLE_STORE}


def test_shards_hold_what_one_writer_holds(tmp_path: Path) -> None:
    filled(tmp_path / "one")
    filled(tmp_path / "two", "2_of_2", order=ORDER[2:])
    filled(tmp_path / "two", "1_of_2", order=ORDER[:2])
    assert content_checksum(tmp_path / "one") == content_checksum(tmp_path / "two")
    assert runs_in(tmp_path / "one") == runs_in(tmp_path / "two")


def test_a_table_of_points_is_kept_once(tmp_path: Path) -> None:
    mixed = pd.DataFrame({"point": ["a", "b"], "place": [0, 1], "x": [1, "low"], "y": [None, 0.5], "z": [True, False]})
    for _ in range(3):
        with writing(tmp_path, IDENTITY) as store:
            name = store.write_points(mixed)
    assert [part.path.name for part in table_parts(tmp_path, "points")] == [name]
    assert read_part(table_parts(tmp_path, "points")[0])["x"].to_pylist() == ["1", '"low"']


@pytest.mark.parametrize("library", some_fast(["pandas", "polars", "duckdb"], ["pandas"]))  # the others come with `make extras`
def test_other_libraries_read_the_tables_by_a_pattern(tmp_path: Path, library: str) -> None:
    reader = pytest.importorskip(library)
    filled(tmp_path, "1_of_2", order=ORDER[:2])
    filled(tmp_path, "2_of_2", order=ORDER[2:])
    paths = f"{tmp_path}/data/*.parquet"
    if library == "pandas":
        found = pd.concat(pd.read_parquet(path) for path in sorted((tmp_path / "data").glob("*.parquet")))
        assert len(pd.read_parquet(tmp_path / "data")) == len(found)
    elif library == "polars":
        found = reader.scan_parquet(paths).with_columns(reader.col("metric").cast(reader.String)).collect().to_pandas()
    else:
        found = reader.sql(f"SELECT * FROM read_parquet('{paths}')").df()
    assert len(found) == 2 * len(ORDER)
    assert found["value"].notna().sum() == len(ORDER), "an estimand without a value is missing"
    assert set(found["metric"].astype(str)) == {"case_disclosure_rate", "legit_met_rate"}
    assert set(found["point"].astype(str)) == {"a", "b"}


# --- killed at any moment -------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """As if the process had ended here."""


def ends_after(monkeypatch: pytest.MonkeyPatch, name: str, times: int, owner: Any = store_module) -> None:
    """The process ends when ``name`` has been done so many times."""
    real, count = getattr(owner, name), iter(range(1000))

    def mortal(*given: Any, **named: Any) -> Any:
        if next(count) == times:
            raise Killed
        return real(*given, **named)

    monkeypatch.setattr(owner, name, mortal)


DEATHS: list[tuple[str, str, int, Any]] = [
    ("before the data", "write_part", 0, store_module),
    ("between data and runs", "write_part", 1, store_module),
    ("between runs and journal", "drop", 0, Journal),
    ("before the first run is kept", "add", 0, Journal),
]


@pytest.mark.parametrize("writer", [WHOLE_STORE, "1_of_2"])
@pytest.mark.parametrize(("name", "times", "owner"), [death[1:] for death in DEATHS], ids=[death[0] for death in DEATHS])
def test_a_fold_that_is_killed_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str, name: str, times: int, owner: Any
) -> None:
    filled(tmp_path / "whole", writer)
    folder = tmp_path / "killed"
    with opened(folder, writer):
        pass
    with monkeypatch.context() as patch:
        ends_after(patch, name, times, owner)
        with pytest.raises(Killed):
            filled(folder, writer)
    kept = runs_in(folder)
    assert kept == ([] if name == "add" else sorted(ORDER))
    with opened(folder, writer) as store:
        missing = [key for key in ORDER if key not in store.finished()]
        assert missing == (ORDER if name == "add" else [])
        store.add([done(*key) for key in missing])
        store.fold(ORDER)
    assert faults_of(folder) == []
    assert tables(folder) == tables(tmp_path / "whole")


def test_data_whose_runs_were_never_counted_are_not_left_to_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path, "2_of_2", order=ORDER[:1])
    with monkeypatch.context() as patch:
        ends_after(patch, "write_part", 1)
        with pytest.raises(Killed):
            filled(tmp_path, "1_of_2", order=ORDER[1:])
    assert len(table_parts(tmp_path, "data")) == 2
    with opened(tmp_path, "2_of_2"):
        assert len(table_parts(tmp_path, "data")) == 2, "another shard's: it may be at work"
    with opened(tmp_path, "1_of_2"):
        assert len(table_parts(tmp_path, "data")) == 1


def test_what_a_killed_writer_left_unfinished_is_removed(tmp_path: Path) -> None:
    filled(tmp_path)
    drafts = [
        tmp_path / "data" / ".data-all-00009.77.part",
        tmp_path / ".store.json.ab.part",
        tmp_path / "sessions" / ".x.json.part",
    ]
    for draft in drafts:
        draft.write_bytes(b"PAR1")
    with opened(tmp_path, "1_of_2"):
        assert drafts[0].exists()
    with opened(tmp_path):
        assert not any(draft.exists() for draft in drafts)


def test_failures_that_were_half_settled_are_there_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(point: str) -> None:
        with opened(tmp_path) as store:
            store.add([done(point, error="boom")])
            store.settle_failures()

    fail("a")
    with monkeypatch.context() as patch:
        ends_after(patch, "discard", 2)  # the first two tidy up
        with pytest.raises(Killed):
            fail("b")
    assert len(table_parts(tmp_path, "failures")) == 2
    assert len(StoredStudy(tmp_path).failures) == 2
    with opened(tmp_path) as store:
        store.settle_failures()
    assert sorted(failures_in(tmp_path)["point"].to_pylist()) == ["a", "b"]


KILLED_WRITING = """\
import os, signal, sqlite3, sys
base = sqlite3.connect(sys.argv[1], isolation_level=None)
base.execute("PRAGMA cache_size=1")
base.execute("BEGIN")
for number in range(2000):
    inserting = "INSERT INTO done (point, world_seed, replicate, error, data) VALUES (?, 9, 0, '', ?)"
    base.execute(inserting, (str(number), os.urandom(4000)))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_journal_whose_writer_was_killed_in_the_middle_of_an_entry_can_be_read_at_once(tmp_path: Path) -> None:
    with opened(tmp_path, "1_of_2") as store:
        store.add([done("a")])
    path = journal_path(tmp_path, "1_of_2")
    subprocess.run([sys.executable, "-c", KILLED_WRITING, str(path)], check=False, timeout=60)
    assert path.with_name(f"{path.name}-journal").exists(), "the half-written entry is there"
    assert [run.key.point for run in peek(path)] == ["a"]
    assert runs_in(tmp_path) == [("a", 1, 0)]


def test_a_journal_that_was_only_just_begun_is_empty(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    path = journal_path(tmp_path, "all")
    path.touch()
    assert peek(path) == []
    assert peek(path.with_name("gone.sqlite")) == []


# --- full and unwritable disks --------------------------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A small disk of its own that can be filled up and written protected: ``disk("size=1m")``."""
    place = tmp_path / "disk"
    place.mkdir()

    def mounted(options: str) -> Path:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("no disk can be mounted here")
        return place

    yield mounted
    while not subprocess.run(["umount", place], capture_output=True, check=False).returncode:
        pass


def fill(folder: Path, left: int = 0) -> Path:
    """A file that leaves so many bytes."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    os.truncate(filler, max(filler.stat().st_size // 4096 * 4096 - left, 0))
    return filler


@pytest.mark.slow
@pytest.mark.parametrize("left", [0, 8192, 40960, 65536])
def test_a_full_disk_loses_nothing_and_is_told(tmp_path: Path, disk: Callable[[str], Path], left: int) -> None:
    place = disk("size=1m")
    folder = place / "store"
    first, rest = ORDER[0], [RunKey("b", world, 0) for world in range(1, 200)]
    order = [first, *rest]
    with opened(folder) as store:
        store.add([done(*first)])
    filler = fill(place, left)

    def go_on() -> None:
        with opened(folder) as store:
            for key in rest:
                if key not in store.finished():
                    store.add([done(*key)])
            store.fold(order)

    with pytest.raises(OSError, match=r"full|No space"):
        go_on()
    kept = runs_in(folder)
    assert kept[0] == first
    assert not [*folder.rglob("*.part")]
    assert all(read_part(part) for table in ("data", "runs", "points") for part in table_parts(folder, table))
    filler.unlink()
    go_on()
    with opened(tmp_path / "whole") as store:
        store.add([done(*key) for key in order])
        store.fold(order)
    assert tables(folder) == tables(tmp_path / "whole")
    assert faults_of(folder) == []


def test_a_disk_that_fills_up_between_journal_and_tables_is_told_and_gone_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    filled(tmp_path / "whole")
    folder = tmp_path / "store"
    with opened(folder):
        pass
    with monkeypatch.context() as patch:
        patch.setattr("experiments.store.parts.pq.write_table", full)
        with pytest.raises(OSError, match="No space"):
            filled(folder)
    assert runs_in(folder) == sorted(ORDER)
    with opened(folder) as store:
        store.fold(ORDER)
    assert tables(folder) == tables(tmp_path / "whole")


def test_what_sqlite_says_of_a_full_disk_is_an_error_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object, **named: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    errors = {name: getattr(sqlite3, name) for name in ("Error", "OperationalError", "DatabaseError")}
    monkeypatch.setattr(journal_module, "sqlite3", SimpleNamespace(connect=full, **errors))
    with pytest.raises(OSError, match=r"all\.sqlite: database or disk is full"), opened(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_told_in_one_line(disk: Callable[[str], Path]) -> None:
    place = disk("size=1m")
    filled(place / "there")
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    for folder in (place / "there", place / "new"):
        with pytest.raises(StoreError, match=r"^store: cannot write to .* \(Read-only file system\); accepted: "), opened(folder):
            pass
    assert runs_in(place / "there") == sorted(ORDER), "it can still be read"


# --- who may write --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"), [(WHOLE_STORE, WHOLE_STORE), (WHOLE_STORE, "1_of_2"), ("1_of_2", WHOLE_STORE), ("1_of_2", "1_of_2")]
)
def test_two_that_would_write_the_same_runs_are_kept_apart(tmp_path: Path, one: str, other: str) -> None:
    with opened(tmp_path, one) as store:
        store.add([done("a")])
        with (
            pytest.raises(StoreError, match=r"is being written by another run; accepted: one run at a time"),
            opened(tmp_path, other),
        ):
            pass
        store.add([done("b")])
    assert len(runs_in(tmp_path)) == 2


def test_shards_write_side_by_side(tmp_path: Path) -> None:
    with opened(tmp_path, "1_of_2") as one, opened(tmp_path, "2_of_2") as other:
        one.add([done("a")])
        other.add([done("b")])
        one.fold(ORDER)
        assert other.finished() == {RunKey("a", 1, 0), RunKey("b", 1, 0)}
        other.fold(ORDER)
    assert len(runs_in(tmp_path)) == 2
    assert faults_of(tmp_path) == []


def test_jobs_that_begin_together_all_leave_their_configuration(tmp_path: Path) -> None:
    for name in "xyz":
        with opened(tmp_path, f"job_{name}", Identity(**{**IDENTITY, "bases": {name: {"years": 1}}})):
            pass
    assert sorted(json.loads((tmp_path / "store.json").read_text())["identity"]["bases"]) == ["x", "y", "z"]


@pytest.mark.parametrize("what", ["file", "folder of something else", "below a file"])
def test_what_is_no_store_is_left_alone(tmp_path: Path, what: str) -> None:
    place = tmp_path / "place"
    if what == "folder of something else":
        place.mkdir()
        (place / "thesis.tex").touch()
    else:
        place.write_text("mine")
    with (
        pytest.raises(StoreError, match=r"^store: (cannot write to|found) .*; accepted: "),
        opened(place / "below" if what == "below a file" else place),
    ):
        pass
    assert (place / "thesis.tex").exists() if place.is_dir() else place.read_text() == "mine"
    assert not place.is_dir() or [path.name for path in place.iterdir()] == ["thesis.tex"]


# --- one point, one configuration -------------------------------------------------------------------------------------------------

OTHER = "0therc0nf1g"


def otherwise(point: str, world: int = 1, replicate: int = 0, error: str = "") -> Done:
    """A run of the same point under another configuration."""
    return done(point, world, replicate, error=error)._replace(digest="" if error else OTHER)


@pytest.mark.parametrize("where", ["in the tables", "in the journal", "in a shard's journal", "in this turn", "in this batch"])
@pytest.mark.parametrize("writer", [WHOLE_STORE, "1_of_2", "job_a"])
def test_a_run_of_another_configuration_is_kept_out_of_its_point(tmp_path: Path, where: str, writer: str) -> None:
    if where == "in the tables":
        filled(tmp_path)
    elif where.endswith("journal"):
        with opened(tmp_path, "2_of_2" if "shard" in where else writer) as store:
            store.add([done("a")])
    batch = [done("a", 3), done("b", 3), otherwise("a", 4)] if where == "in this batch" else [done("b", 3), otherwise("a", 3)]
    told = rf"^store: \S+ has runs of point a under configuration d1ge57, and others are under {OTHER}; accepted: "
    with opened(tmp_path, writer, mix=True) as store:
        store.add([done("z", error="boom")])
        if where == "in this turn":
            store.add([done("a")])
        before = runs_in(tmp_path)
        with pytest.raises(StoreError, match=told):
            store.add(batch)
    assert runs_in(tmp_path) == before
    assert faults_of(tmp_path) == [], "nothing wrong was written"
    with opened(tmp_path, writer) as store:
        store.add([done("b", 3), done("a", 4)])
    assert {("a", 4, 0), *before} <= {*runs_in(tmp_path)}


def test_of_two_jobs_that_meet_a_point_together_the_later_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path, "1_of_2") as one, opened(tmp_path, "2_of_2") as other:
        assert other.finished() == set()
        one.add([done("b")])
        other.add([otherwise("c")])
        one.add([done("a")])
        with pytest.raises(StoreError, match=r"has runs of point a under configuration"):
            other.add([otherwise("a", 2), otherwise("d")])
        one.fold(ORDER)
        with pytest.raises(StoreError, match=r"has runs of point b under configuration"):
            other.add([otherwise("b", 2)])
    assert runs_in(tmp_path) == [("a", 1, 0), ("b", 1, 0), ("c", 1, 0)]
    assert faults_of(tmp_path) == []


def test_a_failure_has_no_configuration_and_other_code_may_have_the_same(tmp_path: Path) -> None:
    filled(tmp_path)
    with opened(tmp_path, identity=Identity(**{**IDENTITY, "code": "0ther"}), mix=True) as store:
        store.add([otherwise("a", 3, error="boom"), done("a", 4)._replace(code="0ther")])
        store.fold_rest()
        store.settle_failures()
    assert len(runs_in(tmp_path)) == 5
    assert faults_of(tmp_path) == []


def mixed_once(folder: Path, journal: bool) -> Path:
    """A store into which an older version took two configurations of a point; the file that holds the other."""
    filled(folder)
    with closing(Journal(journal_path(folder, "1_of_2"))) as held:
        held.add([otherwise("a", 3)])
        store = Store(folder, "1_of_2", held)
        if not journal:
            store.fold_rest()
    return journal_path(folder, "1_of_2") if journal else table_parts(folder, "runs")[0].path


@pytest.mark.parametrize("journal", [True, False], ids=["in a journal", "in the tables"])
def test_a_store_with_two_configurations_of_a_point_is_found_out_and_not_written_to(tmp_path: Path, journal: bool) -> None:
    path = mixed_once(tmp_path, journal)
    (fault,) = faults_of(tmp_path)
    assert "of point a under configuration" in fault
    assert f"{OTHER}" in fault
    assert "d1ge57" in fault
    assert fault.endswith("; remove it: the same command makes again what is missing then")
    before = tables(tmp_path)
    for writer in (WHOLE_STORE, "2_of_2"):
        with pytest.raises(StoreError, match=r"has runs of point a under configuration"), opened(tmp_path, writer):
            pass
    assert tables(tmp_path) == before
    assert str(path) in fault or not journal
    Path(fault.partition(": ")[0]).unlink()
    with opened(tmp_path) as store:
        store.add([done("a", 4) if journal or "1_of_2" in fault.partition(": ")[0] else otherwise("a", 4)])
    assert faults_of(tmp_path) == []


# --- what may join --------------------------------------------------------------------------------------------------------------

OTHERS: list[tuple[dict[str, Any], str]] = [
    ({"code": "0ther"}, "code of the simulation is 0ther, not c0de"),
    ({"data": {"a.csv": "2"}}, "table a.csv is 2, not 1"),
    ({"data": {"a.csv": "1", "b.csv": "1"}}, "table b.csv is 1, not nothing"),
    ({"versions": {"numpy": "3"}}, "version of numpy is 3, not 2"),
    ({"bases": {"as_adopted": {"years": 5}}}, "as_adopted: years is 5, not nothing"),
    ({"kept": {"outcomes": ["x"]}}, "kept outcomes is ['x'], not nothing"),
]


@pytest.mark.parametrize(("other", "wanted"), OTHERS, ids=[told for _, told in OTHERS])
def test_runs_of_other_code_or_data_are_refused_by_name_unless_mixing_is_asked_for(
    tmp_path: Path, other: dict[str, Any], wanted: str
) -> None:
    filled(tmp_path)
    changed = Identity(**{**IDENTITY, **other})
    assert differences(json.loads(json.dumps(IDENTITY)), changed) == [wanted]
    with pytest.raises(StoreError) as mistake, opened(tmp_path, identity=changed):
        pass
    assert str(mistake.value).startswith(f"store: {tmp_path} holds runs of other code or data: {wanted}; accepted: store=NAME")
    with opened(tmp_path, identity=changed, mix=True) as store:
        store.add([done("c")])
        store.fold_rest()
    assert len(runs_in(tmp_path)) == 5


@pytest.mark.parametrize("said", ['{"schema": "0"}', "[]", "{", '{"schema": "2"}', '{"schema": "2", "identity": {"code": "c"}}'])
def test_a_store_that_says_something_else_of_itself_is_refused(tmp_path: Path, said: str) -> None:
    filled(tmp_path)
    (tmp_path / "store.json").write_text(said)
    with pytest.raises(StoreError, match=r"store\.json: .*; accepted: "), opened(tmp_path):
        pass


def test_a_store_of_which_nothing_is_journalled_has_no_journal(tmp_path: Path) -> None:
    filled(tmp_path)
    assert isinstance(Store(tmp_path, WHOLE_STORE, Journal(journal_path(tmp_path, WHOLE_STORE))), Store)
    with opened(tmp_path):
        pass
    assert not journals_of(tmp_path)
