"""``rogatory stores`` tells what every store is and how far, whatever is wrong with one, and removes whole stores or none."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.console import Terminal
from experiments.letters import visible
from experiments.settings import conduct_of_study
from experiments.store import shelf
from experiments.store.glance import glance
from experiments.store.journal import journal_path
from experiments.store.locks import WHOLE_STORE, is_taken
from experiments.store.parts import STORED_TABLES, StoreError, table_parts
from experiments.store.places import ABOUT, stores_in
from experiments.store.shelf import HOLDS, weighed
from experiments.store.store import REQUESTS, Store
from experiments.studies import stores
from tests.cli.test_command_line import Here, here
from tests.sweep.small import done, opened, runs_in, swept

__all__ = ["here"]  # a fixture
COMMAND = "rogatory sweep design=own seeds=2"
NAME = "sweep-0123456789ab"
Tree = dict[str, bytes]


def said(store: Store, status: str, command: str = COMMAND, stamp: str = "20260102T000000Z") -> None:
    """Let a writer say how its turn went."""
    (begun, *_) = sorted((store.folder / "sessions").glob(f"*-{store.writer}.json"))
    store.write_session(f"{stamp}-{store.writer}", json.loads(begun.read_text()) | {"command": command, "status": status})


def kept(output: Path, name: str = NAME, status: str = "done", place: str = "stores", command: str = COMMAND) -> Path:
    """A store of four runs in the tables."""
    folder = output / place / name
    with opened(folder) as store:
        said(store, status, command)
        store.add(runs := [done(point, world) for point in "ab" for world in (1, 2)])
        store.fold([run.key for run in runs])
    return folder


def as_schema(folder: Path, schema: object) -> Path:
    """Let a store say that it is of another version."""
    about = json.loads((folder / ABOUT).read_text())
    (folder / ABOUT).write_text(json.dumps(about | {"schema": schema}))
    return folder


def age(folder: Path, seconds: float) -> None:
    """Let everything in a folder have been written some time ago."""
    then = time.time() - seconds
    for path in folder.rglob("*"):
        os.utime(path, (then, then))


def tree(output: Path) -> Tree:
    """Every file of a folder but those of locks, which are no news."""
    return {
        path.relative_to(output).as_posix(): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file() and "locks" not in path.parts
    }


def rows(told: str) -> dict[str, list[str]]:
    """The cells of each line of a listing by the name that it begins with."""
    lines = told.splitlines()
    body = lines[next(place for place, line in enumerate(lines) if "──" in line) + 1 :]
    table = body[: next((place for place, line in enumerate(body) if not line.strip()), len(body))]
    cells = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in table]
    return {name: others for name, *others in cells}


@pytest.fixture
def listed(tmp_path: Path, here: Here) -> Callable[[], dict[str, list[str]]]:
    """The listing of the stores in the folder of this test."""

    def run() -> dict[str, list[str]]:
        listing = here("stores", f"output={tmp_path}")
        assert (listing.returncode, listing.stderr) == (0, ""), listing.stderr
        return rows(listing.stdout)

    return run


# --- a line a store -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", ["", "stores", "sweep", "stores/mine", "run/x"])
def test_no_store_is_one_plain_line(made: str, tmp_path: Path, here: Here) -> None:
    output = tmp_path / "out"
    (output / made).mkdir(parents=bool(made)) if made else None
    listing = here("stores", f"output={output}")
    assert (listing.returncode, listing.stdout, listing.stderr) == (0, f"No stores in {output}/stores.\n", "")
    assert output.exists() == bool(made)


def test_a_line_says_what_a_store_is_of_and_how_far_it_is(tmp_path: Path, here: Here) -> None:
    folder = kept(tmp_path, command=f"{COMMAND} 'scenarios=[judge,notice]'")
    age(folder, 7300.0)
    listing = here("stores", f"output={tmp_path}").stdout
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    told = f"{size / 1000:.0f} kB"
    assert rows(listing) == {NAME: ["done", "4", told, "2 hours ago", "sweep design=own seeds=2 'scenarios=[judge,notice]'"]}
    assert listing.splitlines()[0].rstrip() == f"1 store in {tmp_path}, {told}"


@pytest.mark.parametrize("status", ["done", "interrupted", "failures"])
def test_a_store_is_as_its_latest_turn_ended(status: str, tmp_path: Path) -> None:
    folder = kept(tmp_path, status="failures" if status == "done" else "done")
    with opened(folder) as store:
        said(store, status, "rogatory sweep more", stamp="20260103T000000Z")
    assert glance(folder)[2:4] == (status, "rogatory sweep more")


def test_what_is_written_runs_and_what_was_killed_does_not(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    with opened(folder) as store:
        said(store, "running")
        assert glance(folder).state == "running"
        assert glance(folder).state == "running", "a look takes the lock from nobody"
        assert is_taken(folder, WHOLE_STORE)
    assert glance(folder).state == "killed"
    shutil.rmtree(folder / "locks")
    assert glance(folder).state == "killed"


def test_a_look_keeps_nobody_from_writing(tmp_path: Path) -> None:
    folder = kept(tmp_path, status="running")
    assert is_taken(folder, WHOLE_STORE) is False
    with opened(folder):
        assert is_taken(folder, WHOLE_STORE)


def test_of_several_writers_the_worst_is_told_until_one_of_all_has_ended(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    with opened(folder, "shard_1_of_2") as one, opened(folder, "shard_2_of_2") as two:
        said(one, "running", stamp="20260102T000000Z")
        said(two, "failures", "rogatory sweep shard=2/2", stamp="20260102T000001Z")
        assert glance(folder)[2:4] == ("running", "rogatory sweep shard=2/2")
    assert glance(folder).state == "killed"
    with opened(folder, "shard_1_of_2") as one:
        said(one, "done", stamp="20260102T000002Z")
    assert glance(folder).state == "failures"
    with opened(folder) as store:
        said(store, "done", stamp="20260102T000003Z")
    assert glance(folder).state == "done"


def test_runs_in_tables_and_journals_count_once_and_failures_never(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    moved = [done("a", 1), done("a", 2)]
    with opened(folder) as store:
        said(store, "running")
        store.add([*moved, done("b", 1), done("b", 2, error="no")])
        assert glance(folder).runs == 3
        store.fold([run.key for run in moved])
        assert glance(folder).runs == 3
        store.journal.add(moved)  # a death between the part and the journal
        assert glance(folder).runs == 3
    with opened(folder, "shard_1_of_2") as shard:
        shard.add([done("c", 1)])
        assert glance(folder).runs == len(runs_in(folder)) == 4


def test_a_store_that_was_never_begun_is_one(tmp_path: Path, listed: Callable[[], dict[str, list[str]]]) -> None:
    with opened(tmp_path / "stores" / NAME):
        pass
    shutil.rmtree(tmp_path / "stores" / NAME / "sessions")
    assert listed()[NAME][:2] == ["not begun", "0"]


def test_the_latest_comes_first_and_locks_and_looks_make_nothing_later(
    tmp_path: Path, listed: Callable[[], dict[str, list[str]]]
) -> None:
    for days, name in ((3, "middle"), (5, "a"), (1, "z")):
        age(kept(tmp_path, name), days * 86_400.0)
    with (tmp_path / "stores" / "a" / "locks" / "all.lock").open("w"):
        pass
    assert list(listed()) == ["z", "middle", "a"]
    assert [cells[3] for cells in listed().values()] == ["1 day ago", "3 days ago", "5 days ago"]


def test_a_store_of_another_schema_is_marked_wherever_it_is(tmp_path: Path, here: Here) -> None:
    as_schema(kept(tmp_path, "old", place="sweep"), "1")
    as_schema(kept(tmp_path, "older"), "1")
    as_schema(kept(tmp_path, "newer"), "33333333333333333333333333")
    (table_parts(as_schema(kept(tmp_path, "torn"), "1"), "runs")[0]).path.write_bytes(b"")
    kept(tmp_path, "moved", place="sweep")
    listing = here("stores", f"output={tmp_path}").stdout
    states = {name: cells[:2] for name, cells in rows(listing).items()}
    assert states["old"] == states["older"] == ["schema 1", "4"]
    assert states["newer"][0].startswith("schema 3")
    assert states["torn"] == ["schema 1", "?"]
    assert states["moved"] == ["done", "4"]
    assert "Of another schema, which this version does not read: " in listing
    assert f"In {tmp_path}/sweep, where older versions kept stores: " in listing


def test_a_folder_of_stores_that_is_a_link_to_the_other_is_listed_once(
    tmp_path: Path, listed: Callable[[], dict[str, list[str]]]
) -> None:
    kept(tmp_path)
    (tmp_path / "sweep").symlink_to("stores", target_is_directory=True)
    assert list(listed()) == [NAME]


def nothing(folder: Path) -> None:
    (folder / ABOUT).unlink()


def session(folder: Path, text: str) -> None:
    (folder / "sessions" / "20270101T000000Z-all.json").write_text(text)


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


SPOILT: dict[str, Callable[[Path], object]] = {
    "nothing said": nothing,
    "no text": lambda folder: (folder / ABOUT).write_bytes(b"\xff\xfe"),
    "no JSON": lambda folder: (folder / ABOUT).write_text("{"),
    "too deep": lambda folder: (folder / ABOUT).write_text("[" * 100_000),
    "a list": lambda folder: (folder / ABOUT).write_text("[1]"),
    "no schema": lambda folder: (folder / ABOUT).write_text("{}"),
    "schema no word": lambda folder: as_schema(folder, [2]),
    "a pipe": lambda folder: piped(folder / ABOUT),
    "session torn": lambda folder: session(folder, '{"status": '),
    "session a list": lambda folder: session(folder, "[]"),
    "session of no state": lambda folder: session(folder, '{"status": ["done"], "command": "x"}'),
    "session killed": lambda folder: session(folder, '{"status": "killed"}'),
    "session a folder": lambda folder: (folder / "sessions" / "20270101T000000Z-all.json").mkdir(),
    "part torn": lambda folder: table_parts(folder, "runs")[0].path.write_bytes(b"PAR1"),
    "part a pipe": lambda folder: piped(table_parts(folder, "runs")[0].path),
    "journal torn": lambda folder: (journal_path(folder, WHOLE_STORE)).write_bytes(b"no journal" * 99),
    "journal a folder": lambda folder: journal_path(folder, WHOLE_STORE).mkdir(),
}


def test_a_store_that_cannot_be_read_says_why_and_spoils_no_other_line(tmp_path: Path, here: Here) -> None:
    """One list of whatever may be wrong."""
    faults = []
    good = kept(tmp_path, "good")
    alone = rows(here("stores", f"output={tmp_path}").stdout)["good"]
    for number, (word, spoil) in enumerate(SPOILT.items()):
        folder = tmp_path / "stores" / f"bad{number}"
        shutil.copytree(good, folder)
        (folder / "journal").mkdir(exist_ok=True)
        spoil(folder)
        said = here("stores", f"output={tmp_path}")
        why = [line for line in said.stdout.splitlines() if line.startswith(f"{folder.name}: ")]
        found = rows(said.stdout)
        faults += [f"{word}: {said.stderr}"] * bool(said.returncode or said.stderr)
        faults += [f"{word}: good is {found['good']}"] * (found["good"] != alone)
        faults += [f"{word}: is {found[folder.name]}"] * (found[folder.name][:2] != ["unreadable", "?"])
        faults += [f"{word}: {why}"] * (len(why) != 1 or str(folder) not in why[0] or len(why[0]) > 400)
        shutil.rmtree(folder)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", ["a\nb", "x\x1b[31m", "[red]x", ":smile:", "判决", "  ", "\u202eabc", "-rf", "a=b", "n" * 200])
def test_a_name_is_told_as_text_and_is_whole(name: str, tmp_path: Path, here: Here) -> None:
    kept(tmp_path, name, command=f"rogatory sweep {name}")
    kept(tmp_path, "plain")
    text = here("stores", f"output={tmp_path}").stdout
    assert "plain" in text
    assert not {"\x1b", "\u202e"} & set(text)
    assert visible(name) in "".join(line.split("  ")[0].strip() for line in text.splitlines()) or name.isspace()
    gone = here("stores", "remove", name, f"output={tmp_path}")
    assert (gone.returncode, gone.stderr) == (0, "")
    assert [path.name for path in (tmp_path / "stores").iterdir()] == ["plain"]


@pytest.mark.parametrize("width", [20, 80, 100, 150, 300])
def test_names_and_numbers_stay_whole_however_narrow_the_terminal_is(
    width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Here
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (NAME, "adaptation-0123456789ab"):
        age(kept(Path("out"), name, "interrupted", command="rogatory sweep " + "some=thing " * 40), 1000.0)
    monkeypatch.setattr(stores, "console_of", lambda: Terminal(width=max(width, 79)))
    text = here("stores", "output=out").stdout
    assert [text.count(word) for word in ("interrupted", " kB", "16 minutes ago", "-0123456789ab")] == [2, 3, 2, 2]
    assert max(len(line) for line in text.splitlines()) <= max(width, 79)
    assert len(text.splitlines()) <= 4 + 2 * 2 + 1, "a command takes one line"


@pytest.mark.slow
def test_a_sweep_that_has_ended_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    monkeypatch.chdir(tmp_path)
    study = swept()
    told = rows(here("stores", "output=out").stdout)
    assert [(name, *cells[:2]) for name, cells in told.items()] == [(study.folder.name, "done", str(len(study.runs)))]
    assert told[study.folder.name][-1].startswith("sweep states=synthetic")


# --- removal --------------------------------------------------------------------------------------------------------------------


def test_stores_that_are_named_are_removed_and_no_other_file_is_touched(tmp_path: Path, here: Here) -> None:
    one, two, old = kept(tmp_path, "one"), kept(tmp_path, "two"), as_schema(kept(tmp_path, "old", place="sweep"), "1")
    (one / "analysis").mkdir()
    (one / "analysis" / "link").symlink_to(tmp_path / "stores" / "three", target_is_directory=True)
    kept(tmp_path, "three"), kept(tmp_path, "four", place="sweep")
    before = {name: text for name, text in tree(tmp_path).items() if "three" in name or "four" in name}
    sizes = [weighed(folder).size for folder in (two, one, old)]
    gone = here("stores", "remove", "two", "one", f"output={tmp_path}", "old", "one")
    assert (gone.returncode, gone.stderr) == (0, "")
    assert gone.stdout.splitlines() == [
        *(f"Removed {name}: {size / 1000:.0f} kB freed." for name, size in zip(("two", "one", "old"), sizes, strict=True)),
        f"3 stores: {sum(sizes) / 1000:.0f} kB freed.",
    ]
    assert tree(tmp_path) == before
    assert sorted(path.name for path in (*(tmp_path / "stores").iterdir(), *(tmp_path / "sweep").iterdir())) == ["four", "three"]


def test_a_store_that_cannot_be_read_or_was_never_described_can_be_removed(tmp_path: Path, here: Here) -> None:
    torn, begun = kept(tmp_path, "torn"), tmp_path / "stores" / "begun"
    (torn / ABOUT).write_text("{")
    (torn / f".{ABOUT}.0123.part").write_text("{")
    (begun / "locks").mkdir(parents=True)
    assert here("stores", "remove", "torn", "begun", f"output={tmp_path}").returncode == 0
    assert list((tmp_path / "stores").iterdir()) == []


def strange(output: Path) -> None:
    """Stores, and what only looks like one."""
    kept(output), kept(output, "own"), kept(output, "own", place="sweep"), kept(output, "judge-0123456789ab")
    (output / "stores" / "notes").mkdir()
    (output / "stores" / "notes" / "mine.txt").write_text("mine")
    (output / "stores" / "shop" / "data").mkdir(parents=True)
    (output / "stores" / "shop" / "data" / "mine.txt").write_text("mine")
    (output / "stores" / "file").write_text("mine")
    (output / "stores" / "theirs").mkdir()
    (output / "stores" / "theirs" / ABOUT).write_text('{"schema": "1", "shop": 1}')
    (output / "stores" / "theirs" / "mine.txt").write_text("mine")
    (output / "elsewhere").mkdir()
    kept(output / "elsewhere", "real")
    (output / "stores" / "link").symlink_to(output / "elsewhere" / "stores" / "real", target_is_directory=True)
    (output / "stores" / "dangling").symlink_to(output / "nowhere")
    (output / "stores" / f".removed-{'0' * 32}").symlink_to(output / "elsewhere", target_is_directory=True)


REFUSED = {
    "": "found '', which is no name; accepted: ",
    ".": "found '.', which is no name; accepted: ",
    "..": "found '..', which is no name; accepted: ",
    "/": "found '/', which is no name; accepted: ",
    f"{NAME}/": "which is no name; accepted: ",
    f"../stores/{NAME}": "which is no name; accepted: ",
    f"stores/{NAME}": "which is no name; accepted: ",
    f"./{NAME}": "which is no name; accepted: ",
    f"{NAME}/runs": "which is no name; accepted: ",
    "ABSOLUTE": "which is no name; accepted: ",
    "sweep": f"found no store 'sweep'; accepted: the whole name: {NAME}",
    "sweep-0123456789ac": f"found no store 'sweep-0123456789ac'; accepted: judge-0123456789ab, link, own, {NAME}, theirs",
    "sweep-0123456789AB": f"did you mean '{NAME}'?",
    "*": "found no store '*'; accepted: ",
    "--all": "found no store '--all'; accepted: ",
    "years=3": "found no store 'years=3'; accepted: ",
    "x" * 5000: "found no store 'xxx",
    "notes": "found 'notes', a folder that is no store; accepted: ",
    "shop": "found 'shop', a folder that is no store; accepted: ",
    "file": "found no store 'file'; accepted: ",
    "theirs": f"found 'theirs', whose {ABOUT} is no store's and which holds 'mine.txt'; accepted: ",
    "link": "found 'link', a link to another place; accepted: ",
    "dangling": "found no store 'dangling'; accepted: ",
    f".removed-{'0' * 32}": "a folder that is no store; accepted: ",
    "own": "/sweep; accepted: a name that one store has",
}


def test_what_is_no_store_s_whole_name_is_refused_in_one_line_and_nothing_is_removed(tmp_path: Path, here: Here) -> None:
    """One list of whatever may be asked, alone and behind a name that is right."""
    strange(tmp_path)
    before, faults = tree(tmp_path), []
    links = sorted(path for path in tmp_path.rglob("*") if path.is_symlink())
    for word, line in REFUSED.items():
        name = str(tmp_path / "stores" / NAME) if word == "ABSOLUTE" else word
        for names in ((name,), ("judge-0123456789ab", name)):
            told = here("stores", "remove", *names, f"output={tmp_path}")
            right = (told.returncode, told.stdout, told.stderr.count("\n")) == (2, "", 1)
            faults += [f"{word[:50]!r}: {told}"] * (not right or line not in told.stderr or len(told.stderr) > 700)
            faults += [f"{word[:50]!r}: something is gone"] * (tree(tmp_path) != before)
    assert not faults, "\n".join(faults)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_symlink()) == links


@pytest.mark.parametrize("writer", [WHOLE_STORE, "shard_1_of_2"])
def test_a_store_that_is_being_written_is_refused_with_all_that_are_named_beside_it(
    writer: str, tmp_path: Path, here: Here
) -> None:
    kept(tmp_path, "at_rest")
    with opened(tmp_path / "stores" / NAME, writer) as store:
        store.add([done("a")])
        before = tree(tmp_path)
        for names in ((NAME,), ("at_rest", NAME), (NAME, "at_rest")):
            told = here("stores", "remove", *names, f"output={tmp_path}")
            assert (told.returncode, told.stdout, told.stderr.count("\n")) == (2, "", 1)
            assert told.stderr.startswith(f"rogatory: stores: '{NAME}' is being written or removed; accepted: ")
            assert tree(tmp_path) == before
        store.add([done("b")])
    assert here("stores", "remove", "at_rest", NAME, f"output={tmp_path}").returncode == 0


def test_nobody_writes_to_a_store_while_it_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    kept(tmp_path), kept(tmp_path, "other")
    delete, tried = shelf._delete, list[str]()

    def watched(folder: Path) -> None:
        with pytest.raises(StoreError, match="is being written"), opened(folder):
            pass
        assert not (tmp_path / "stores" / NAME).exists()
        tried.append(folder.name)
        delete(folder)

    monkeypatch.setattr(shelf, "_delete", watched)
    assert here("stores", "remove", NAME, "other", f"output={tmp_path}").returncode == 0
    assert len(tried) == 2


def test_a_store_that_cannot_be_renamed_keeps_the_others_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    kept(tmp_path, "one"), kept(tmp_path, "two")
    before, rename = tree(tmp_path), Path.rename

    def busy(path: Path, target: Path) -> Path:
        if path.name == "two":
            raise OSError(16, "Device or resource busy", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", busy)
    told = here("stores", "remove", "one", "two", f"output={tmp_path}")
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (3, "", 1)
    assert told.stderr.endswith("two'; nothing was removed\n")
    assert tree(tmp_path) == before


def test_a_store_that_cannot_be_locked_is_refused(tmp_path: Path, here: Here) -> None:
    folder = kept(tmp_path)
    shutil.rmtree(folder / "locks")
    (folder / "locks").write_text("no folder")
    told = here("stores", "remove", NAME, f"output={tmp_path}")
    assert (told.returncode, told.stderr.count("\n")) == (2, 1)
    assert f"{folder} cannot be locked (" in told.stderr
    (folder / "locks").unlink()
    (folder / "locks").mkdir()
    (folder / "locks" / "store.db").write_bytes(b"no data base" * 999)
    told = here("stores", "remove", NAME, f"output={tmp_path}")
    assert (told.returncode, told.stderr.count("\n")) == (2, 1)
    assert len(runs_in(folder)) == 4


class Stopped:
    """What deletes one file of a folder and is stopped then."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __call__(self, folder: Path) -> None:
        (folder / ABOUT).unlink()
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (KeyboardInterrupt(), 130, "rogatory: interrupted; removed: "),
        (PermissionError(13, "Permission denied", "x"), 3, "Permission denied: 'x'; removed: "),
    ],
    ids=["interrupted", "denied"],
)
def test_a_removal_that_is_stopped_leaves_no_half_a_store_and_the_next_look_finishes_it(
    error: BaseException, status: int, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Here
) -> None:
    kept(tmp_path, "one"), kept(tmp_path, "old", place="sweep"), kept(tmp_path, "two")
    with monkeypatch.context() as patched:
        patched.setattr(shelf, "_delete", Stopped(error))
        told = here("stores", "remove", "one", "old", f"output={tmp_path}")
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (status, "", 1)
    assert f"{line}one, old; `rogatory stores` deletes what is left of it" in told.stderr
    left = [path for place in ("stores", "sweep") for path in (tmp_path / place).glob(".removed-*")]
    assert len(left) == 2
    assert [path.name for path in stores_in(str(tmp_path))] == ["two"]
    assert list(rows(here("stores", f"output={tmp_path}").stdout)) == ["two"]
    assert not [path for path in left if path.exists()]
    assert len(runs_in(tmp_path / "stores" / "two")) == 4


def test_what_a_removal_left_and_cannot_be_deleted_is_told_and_the_others_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Here
) -> None:
    kept(tmp_path)
    left = tmp_path / "stores" / f".removed-{'a' * 32}"
    left.mkdir()
    for name in (f".removed-{'a' * 31}", f"removed-{'a' * 32}", f".removed-{'A' * 32}"):
        (tmp_path / "stores" / name).mkdir()
    rmdir = os.rmdir

    def denied(path: str, *more: object, **named: int) -> None:
        if str(path).endswith(left.name):
            raise PermissionError(13, "Permission denied", str(path))
        rmdir(path, *more, **named)

    with monkeypatch.context() as patched:
        patched.setattr(os, "rmdir", denied)
        listing = here("stores", f"output={tmp_path}")
    assert (listing.returncode, listing.stderr) == (0, "")
    assert listing.stdout.startswith(f"{left}: what is left of a removed store cannot be deleted (Permission denied)\n")
    assert list(rows(listing.stdout)) == [NAME]
    assert here("stores", f"output={tmp_path}").stdout.startswith("1 store in ")
    assert not left.exists()
    assert len(list((tmp_path / "stores").iterdir())) == 4, "only what a removal left goes"


def test_a_mistake_finishes_no_removal(tmp_path: Path, here: Here) -> None:
    left = tmp_path / "stores" / f".removed-{'a' * 32}"
    left.mkdir(parents=True)
    for words in (("remove",), ("list",), ("remove=x",), ("years=3",), ("output=",)):
        assert here("stores", f"output={tmp_path}", *words).returncode == 2
    assert left.exists()


@pytest.mark.slow
def test_a_removal_that_is_killed_is_finished_by_the_next_look(tmp_path: Path, here: Here) -> None:
    kept(tmp_path), kept(tmp_path, "two")
    script = (
        "import os, sys; from experiments.store import shelf; from experiments.cli import main;"
        "shelf._delete = lambda folder: os.kill(os.getpid(), 9); main(sys.argv[1:])"
    )
    words = [sys.executable, "-c", script, "stores", "remove", NAME, f"output={tmp_path}"]
    assert subprocess.run(words, check=False, timeout=100).returncode == -signal.SIGKILL
    assert list(rows(here("stores", f"output={tmp_path}").stdout)) == ["two"]
    assert [path.name for path in (tmp_path / "stores").iterdir()] == ["two"]


# --- what it rests on -----------------------------------------------------------------------------------------------------------


def test_a_store_holds_nothing_that_removal_takes_for_a_stranger_s(tmp_path: Path) -> None:
    assert {*STORED_TABLES, REQUESTS} <= HOLDS
    folder = kept(tmp_path)
    with opened(folder) as store:
        store.add([done("c")])
        assert {path.name for path in folder.iterdir()} <= HOLDS


def test_the_folder_that_is_looked_in_is_the_one_that_studies_write_to() -> None:
    assert conduct_of_study().output == stores.OUTPUT


@pytest.mark.slow
@pytest.mark.parametrize("many", [False, True])
def test_stores_are_listed_without_what_a_simulation_needs(many: bool, tmp_path: Path) -> None:
    if many:
        kept(tmp_path)
    heavy = {"numba", "scipy", "pandas", "hydra", "mesa", "matplotlib", "pydantic", *(() if many else ("pyarrow", "numpy"))}
    script = (
        "import sys; from experiments.cli import main;"
        f"status = main(['stores', 'output={tmp_path}']); sys.exit(','.join({heavy} & set(sys.modules)) or status)"
    )
    listing = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert listing.returncode == 0, listing.stderr
