"""``rogatory check`` finds what is wrong with a store, whatever was done to it, and what the sweep can mend it mends."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.cli import main
from experiments.store.parts import StoreError, file_checksum, table_parts
from experiments.store.schema import RunKey
from experiments.store.validate import faults_of
from tests.shares import one_in
from tests.sweep.small import done, opened, runs_in, swept, tables

ORDER = [RunKey(point, world, 0) for world in (1, 2) for point in "ab"]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A whole store of made-up runs in two parts."""
    folder = tmp_path / "store"
    with opened(folder) as opening:
        for half in (ORDER[:2], ORDER[2:]):
            opening.add([done(*key) for key in half])
            opening.fold(half)
    assert faults_of(folder) == []
    return folder


def part(folder: Path, table: str, place: int = 0) -> Path:
    return table_parts(folder, table)[place].path


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 3] ^= 1
    path.write_bytes(bytes(body))


def renumber(path: Path, number: int = 99) -> None:
    shutil.copy(path, path.with_name(f"{path.name.split('-')[0]}-all-{number:05d}-{path.stem[-16:]}.parquet"))


def resealed(path: Path, table: pa.Table) -> None:
    """Another table in the place of a part, under a name that fits it."""
    pq.write_table(table, path)
    path.rename(path.with_name(f"{path.stem[:-16]}{file_checksum(path)}.parquet"))


def with_schema(path: Path, version: bytes | None) -> None:
    resealed(path, pq.read_table(path).replace_schema_metadata({b"rogatory_schema": version} if version else None))


def another_value(path: Path) -> None:
    table = pq.read_table(path)
    place = table.schema.get_field_index("count")
    resealed(path, table.set_column(place, "count", pa.array([11, *table["count"].to_pylist()[1:]])))


def in_column(table: pa.Table, name: str, value: str) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, name, pa.array([value] * len(table))).replace_schema_metadata(table.schema.metadata)


def session(folder: Path) -> Path:
    return next((folder / "sessions").glob("*.json"))


def in_json(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    said = json.loads(path.read_text())
    change(said)
    path.write_text(json.dumps(said))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "data cut off": (lambda s: cut(part(s, "data")), "is not what was written"),
    "runs cut off": (lambda s: cut(part(s, "runs")), "is not what was written"),
    "points cut off": (lambda s: cut(part(s, "points")), "is not what was written"),
    "a byte of the data": (lambda s: flip(part(s, "data", 1)), "is not what was written"),
    "a byte of the runs": (lambda s: flip(part(s, "runs", 1)), "is not what was written"),
    "empty file": (lambda s: part(s, "data").write_bytes(b""), "is not what was written"),
    "runs gone": (lambda s: part(s, "runs").unlink(), "its runs are missing or unreadable"),
    "data gone": (lambda s: part(s, "data").unlink(), "its data are missing or unreadable"),
    "points gone": (lambda s: part(s, "points").unlink(), "is missing, and a session names it"),
    "runs twice": (lambda s: renumber(part(s, "runs")), "holds 2 runs that runs-all-00002"),
    "data twice": (lambda s: renumber(part(s, "data")), "its runs are missing or unreadable"),
    "runs and data twice": (
        lambda s: (renumber(part(s, "runs")), renumber(part(s, "data"))),
        "holds 2 runs that runs-all-00002",
    ),
    "other schema in a part": (lambda s: with_schema(part(s, "data"), b"1"), "found schema 1"),
    "no schema in a part": (lambda s: with_schema(part(s, "runs"), None), "found schema none"),
    "another value, sealed anew": (
        lambda s: another_value(part(s, "data")),
        "rows of run point a, world 1, replicate 0 are not what",
    ),
    "a row less, sealed anew": (
        lambda s: resealed(part(s, "data"), pq.read_table(part(s, "data")).slice(1)),
        "has 3 rows; its runs have 4",
    ),
    "a column less, sealed anew": (
        lambda s: resealed(part(s, "runs"), pq.read_table(part(s, "runs")).drop_columns(["digest"])),
        "has the columns point, world_seed, replicate, event_seed, code, data_rows, data_checksum, views_rows, ",
    ),
    "other schema of the store": (lambda s: in_json(s / "store.json", lambda said: said.update(schema="1")), "found schema '1'"),
    "store.json gone": (lambda s: (s / "store.json").unlink(), "found no store.json"),
    "store.json cut off": (lambda s: cut(s / "store.json"), "cannot be read"),
    "a point of two configurations, sealed anew": (
        lambda s: resealed(part(s, "runs", 1), in_column(pq.read_table(part(s, "runs", 1)), "digest", "0ther")),
        "has runs of point a under configuration 0ther, and runs-all-00002-",
    ),
    "a stranger": (lambda s: shutil.copy(part(s, "data"), s / "data" / "mine.parquet"), "bears no name of a part"),
    "session cut off": (lambda s: cut(session(s)), "cannot be read"),
    "session of something else": (lambda s: session(s).write_text("{}"), "is no session of a study"),
    "no session": (lambda s: session(s).unlink(), "holds no session"),
    "no journal but something else": (
        lambda s: ((s / "journal").mkdir(exist_ok=True), (s / "journal" / "all.sqlite").write_text("notes" * 300)),
        "all.sqlite: cannot be read (file is not a database)",
    ),
}


@pytest.mark.parametrize("damage", one_in(3, list(DAMAGES)))
def test_a_damaged_store_is_found_out(store: Path, damage: str) -> None:
    hurt, wanted = DAMAGES[damage]
    hurt(store)
    faults = faults_of(store)
    assert any(wanted in fault for fault in faults), faults
    assert not any("\n" in fault for fault in faults)


@pytest.mark.parametrize("damage", one_in(3, list(DAMAGES)))
def test_what_is_said_to_mend_a_fault_mends_it(store: Path, tmp_path: Path, damage: str) -> None:
    copy = (store / "store.json").read_bytes()
    DAMAGES[damage][0](store)
    for fault in faults_of(store):
        path = Path(fault.partition(": ")[0])
        if re.search("; remove it: (the same command |the command of the session that names it writes it again)", fault):
            path.unlink()
        elif "; move it elsewhere: nothing reads it" in fault:
            path.rename(tmp_path / path.name)
        elif fault.endswith("; no command writes it again: put back a copy, or begin a new store"):
            with pytest.raises(StoreError), opened(store):
                pass
            (store / "store.json").write_bytes(copy)
        else:  # nothing is to be done but to run the sweep again
            assert "; the same command " in fault or re.search(r"; the command in \S+\.json writes it again$", fault), fault
    with opened(store) as opening:
        opening.add([done(*key) for key in ORDER if key not in opening.finished()])
        opening.fold(ORDER)
    assert faults_of(store) == []
    assert sorted(runs_in(store)) == sorted(ORDER)


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def a_folder(path: Path) -> None:
    remove(path)
    path.mkdir()


def a_loop_of_links(path: Path) -> None:
    remove(path)
    other = path.parent / f"other-than-{path.name}.link"
    path.symlink_to(other)
    other.symlink_to(path)


def a_link_to_nothing(path: Path) -> None:
    remove(path)
    path.symlink_to(path.with_name("nowhere"))


def another_file(path: Path) -> None:
    remove(path)
    path.write_text("notes")


EVERYWHERE = (
    *("points", "runs", "data", "journal", "sessions", "locks"),
    *("points/*", "runs/*", "data/*", "journal/*", "sessions/*", "locks/store.db", "store.json"),
)


@pytest.mark.parametrize(
    ("place", "put"),
    one_in(4, [
        (place, put)
        for place in EVERYWHERE
        for put in (a_folder, a_loop_of_links, a_link_to_nothing, another_file)
        if (place, put) not in (("journal", a_folder), ("locks", a_folder))  # as they are to be
    ]),
)  # fmt: skip
def test_whatever_else_stands_in_the_place_of_a_file_or_folder_is_a_fault_in_the_list(
    store: Path, place: str, put: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(store) as opening:
        opening.add([done("a", 3)])  # so that there is a journal
    path = sorted(store.glob(place))[0]
    put(path)
    assert main(["check", str(store)]) == 4
    told = capsys.readouterr()
    faults = [line for line in told.out.splitlines() if line.startswith("fault: ")]
    assert faults
    assert all(str(store) in line and "; " in line for line in faults), "each says where it is and what mends it"
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("place", ["data/*", "runs/*", "journal/*", "locks/store.db", "locks", "journal"])
@pytest.mark.parametrize("put", [a_folder, a_loop_of_links, a_link_to_nothing])
def test_what_is_removed_as_it_is_told_to_be_is_made_again(store: Path, place: str, put: Callable[[Path], None]) -> None:
    path = sorted(store.glob(place))[0] if place != "journal/*" else store / "journal" / "all.sqlite"
    if place == "journal/*":
        path.parent.mkdir(exist_ok=True)
        path.touch()
    put(path)
    while faults := [fault for fault in faults_of(store) if "; remove it: " in fault]:
        for fault in faults:
            remove(Path(fault.partition(": ")[0]))
    with opened(store) as opening:
        opening.add([done(*key) for key in ORDER if key not in opening.finished()])
        opening.fold(ORDER)
    assert faults_of(store) == []
    assert sorted(runs_in(store)) == sorted(ORDER)


def test_a_table_of_failures_that_is_damaged_is_made_again(tmp_path: Path) -> None:
    def fail() -> None:
        with opened(tmp_path) as opening:
            opening.add([done("a", error="boom")])
            opening.settle_failures()

    fail()
    cut(part(tmp_path, "failures"))
    (fault,) = faults_of(tmp_path)
    assert fault.endswith("; remove it: the same command tries its runs again")
    with pytest.raises(StoreError):
        fail()
    part(tmp_path, "failures").unlink()
    fail()
    assert faults_of(tmp_path) == []
    assert len(table_parts(tmp_path, "failures")) == 1


def test_a_store_without_runs_gets_its_description_again(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    (tmp_path / "store.json").unlink()
    (fault,) = faults_of(tmp_path)
    assert fault.endswith("; the same command writes it anew")
    with opened(tmp_path):
        pass
    assert faults_of(tmp_path) == []


@pytest.mark.parametrize("damage", ["runs cut off", "points gone", "store.json cut off", "session cut off", "runs twice"])
def test_a_fault_is_status_four_and_a_line(store: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    hurt, wanted = DAMAGES[damage]
    hurt(store)
    assert main(["check", str(store)]) == 4
    told = capsys.readouterr()
    assert f"fault: {store}" in told.out
    assert wanted in told.out
    assert told.err.count("\n") == 1
    assert re.search(r"^rogatory: [12] faults? in \S+; each line above says what mends it$", told.err, re.M)


@pytest.mark.parametrize("damage", ["data cut off", "runs gone", "data gone", "data twice"])
def test_without_the_files_that_are_named_the_sweep_makes_their_runs_again(store: Path, damage: str) -> None:
    before = {path: mark for path, mark in tables(store).items() if "00003" in path or "points" in path}
    DAMAGES[damage][0](store)
    if damage == "data cut off":
        part(store, "data").unlink()
    with opened(store) as opening:
        missing = [key for key in ORDER if key not in opening.finished()]
        assert missing == ([] if damage == "data twice" else ORDER[:2])
        opening.add([done(*key) for key in missing])
        opening.fold(ORDER)
    assert faults_of(store) == []
    assert before.items() <= tables(store).items(), "the others stay as they are"


def test_runs_that_a_journal_still_holds_are_no_fault(store: Path) -> None:
    with opened(store) as opening:
        opening.add([done("a", 3), done(*ORDER[0])])  # one that is new, and one that a kill left there too
    assert faults_of(store) == []


def test_what_is_no_store_is_a_mistake_of_the_one_who_asks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for asked in ([], [str(tmp_path)], ["nowhere"], ["store=a/b"]):
        assert main(["check", *asked]) == 2
        told = capsys.readouterr().err
        assert told.startswith("rogatory: store: found no")
        assert told.count("\n") == 1


@pytest.mark.parametrize("study", ["check", "frontier"])
def test_a_store_that_is_not_there_is_told_with_those_that_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, study: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([study, "nope", "output=out"]) == 2
    assert capsys.readouterr().err == (
        "rogatory: store: found no store 'nope'; accepted: a path, or one of the stores under out/stores, where there is none\n"
    )
    for name in ("own", "another"):
        with opened(tmp_path / "out" / "stores" / name):
            pass
    for words, found in (([study, "nope"], "no store 'nope'"), ([study], "none")):
        assert main([*words, "output=out"]) == 2
        assert capsys.readouterr().err == f"rogatory: store: found {found}; accepted: a path, or one of another, own\n"


def test_points_of_two_ids_that_are_one_configuration_are_told_and_are_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(tmp_path) as opening:
        opening.add([done(*key) if key.point == "a" else done(*key)._replace(digest="0ther") for key in ORDER])
    assert main(["check", str(tmp_path)]) == 0
    assert "alike" not in capsys.readouterr().out
    with opened(tmp_path / "alike") as opening:
        opening.add([done(*key) for key in ORDER])
    assert main(["check", str(tmp_path / "alike")]) == 0
    assert "alike: points a, b: one configuration under 2 ids" in capsys.readouterr().out


def test_a_store_that_lacks_runs_is_told_run_by_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = swept().folder
    assert main(["check", "own", "output=out"]) == 0
    assert "The store is whole and complete." in capsys.readouterr().out
    for table in ("runs", "data"):
        part(folder, table).unlink()
    assert main(["check", "store=own", "output=out"]) == 4
    told = capsys.readouterr()
    assert told.out.count("missing: point ") == 8
    assert "8 runs missing, 0 of them failed; the same command goes on" in told.err
