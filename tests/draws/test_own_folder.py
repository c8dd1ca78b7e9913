"""Compiled code is loaded from folders of our own alone: whoever else can write there would decide what we run."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim import compiled, own_folder
from sim.errors import ConfigError, RogatoryError
from sim.own_folder import close_to_others, folder_fault, made, own_file, private_folder

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users and modes of POSIX")
US = os.geteuid() if hasattr(os, "geteuid") else 0
SOMEBODY = US + 4321


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "ours"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def wide_mask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755, 0o711])
def test_a_folder_of_our_own_that_nobody_else_can_write_to_will_do(mode: int, folder: Path) -> None:
    folder.chmod(mode)
    assert folder_fault(folder) == ""
    assert bool(folder_fault(folder, closed=True)) == (mode != 0o700)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777, 0o2775, 0o720, 0o702])
@pytest.mark.parametrize("closed", [False, True])
def test_a_folder_that_others_can_write_to_will_not_do(mode: int, closed: bool, folder: Path) -> None:
    folder.chmod(mode)
    assert folder_fault(folder, closed) == f"others can write to (mode {mode:03o})"


def test_somebody_elses_folder_will_not_do_whatever_its_mode(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_folder, "_user", lambda: SOMEBODY)
    assert folder_fault(folder) == folder_fault(folder, closed=True) == "belongs to somebody else"
    before = mode_of(folder)
    folder.chmod(0o755)
    close_to_others(folder)
    assert (before, mode_of(folder)) == (0o700, 0o755)  # what is not ours stays as it is


def test_a_link_will_do_if_it_and_what_it_leads_to_are_ours_and_never_among_temporary_files(tmp_path: Path, folder: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder, target_is_directory=True)
    assert folder_fault(link) == ""
    assert folder_fault(link, closed=True) == "is a link"
    folder.chmod(0o777)
    assert folder_fault(link) == "others can write to (mode 777)"
    close_to_others(link)
    assert mode_of(folder) == 0o777  # a link is not followed


def test_a_link_that_somebody_else_made_will_not_do(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder, target_is_directory=True)
    seen, stranger = Path.lstat, max(SOMEBODY, 1)

    def lstat(self: Path) -> os.stat_result:
        told = seen(self)
        return os.stat_result((*told[:4], stranger, *told[5:])) if self == link else told

    monkeypatch.setattr(Path, "lstat", lstat)
    assert folder_fault(link) == "belongs to somebody else"
    assert folder_fault(folder) == ""


def test_a_folder_below_one_that_everybody_can_change_will_not_do(tmp_path: Path, folder: Path) -> None:
    tmp_path.chmod(0o777)
    assert folder_fault(folder) == f"lies in {tmp_path.resolve()}, which everybody can change (mode 777)"
    tmp_path.chmod(0o1777)  # as folders of temporary files are: nobody can move what is another's
    assert folder_fault(folder) == ""
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("kind", ["file", "nothing", "broken link", "circle"])
def test_what_is_no_folder_will_not_do(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "it"
    if kind == "file":
        path.touch()
    elif kind != "nothing":
        path.symlink_to(path if kind == "circle" else tmp_path / "nowhere")
    assert folder_fault(path) == "is no folder"
    assert bool(made(path)) == (kind != "nothing")


def test_where_there_are_no_users_a_folder_is_judged_by_being_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_folder, "_user", None)
    folder.chmod(0o777)
    assert folder_fault(folder) == folder_fault(folder, closed=True) == ""
    assert folder_fault(folder / "none") == "is no folder"
    close_to_others(folder)
    assert mode_of(folder) == 0o777


def test_what_is_made_is_for_ourselves_alone(tmp_path: Path, wide_mask: None) -> None:
    assert made(tmp_path / "a" / "b") == ""
    assert mode_of(tmp_path / "a" / "b") == mode_of(tmp_path / "a") == 0o700
    (tmp_path / "file").touch()
    assert made(tmp_path / "file" / "b").startswith("cannot be made (")


def test_a_file_counts_only_if_it_is_ours_and_nobody_else_can_write_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "note"
    assert own_file(path) is None
    path.write_text("x", encoding="utf-8")
    path.chmod(0o644)
    assert own_file(path) == "x"
    path.chmod(0o664)
    assert own_file(path) is None
    path.chmod(0o600)
    path.write_bytes(b"\xff")
    assert own_file(path) is None
    path.write_text("x", encoding="utf-8")
    monkeypatch.setattr(own_folder, "_user", lambda: SOMEBODY)
    assert own_file(path) is None


# --- the choice of a folder -----------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a folder of temporary files of their own, and no folder that was chosen."""
    monkeypatch.setattr(compiled, "fingerprint", lambda notes=None: "0123456789abcdef")
    monkeypatch.setattr(own_folder.platformdirs, "user_cache_dir", lambda *a, **k: str(tmp_path / "cache" / "rogatory"))
    monkeypatch.setattr(own_folder.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    monkeypatch.setattr(own_folder.tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.delenv(own_folder.VARIABLE, raising=False)
    private_folder.cache_clear()
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o1777)
    yield tmp_path
    private_folder.cache_clear()


KERNELS = "kernels-0123456789abcdef"


def temporary(home: Path) -> Path:
    return home / "tmp" / f"rogatory-{os.getuid()}"


def test_the_users_own_cache_is_taken_and_shut_to_others(home: Path, wide_mask: None) -> None:
    assert compiled.cache_folder() == home / "cache" / "rogatory" / KERNELS
    assert mode_of(home / "cache" / "rogatory" / KERNELS) == mode_of(home / "cache" / "rogatory") == 0o700
    (home / "cache" / "rogatory").chmod(0o775)  # as an earlier version made it under a wide mask
    assert compiled.cache_folder() == home / "cache" / "rogatory" / KERNELS
    assert mode_of(home / "cache" / "rogatory") == 0o700


def test_a_cache_in_which_others_made_the_folder_first_is_left(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = home / "cache" / "rogatory" / KERNELS
    theirs.mkdir(parents=True)
    theirs.chmod(0o777)
    assert compiled.cache_folder() == temporary(home) / KERNELS
    (temporary(home) / KERNELS).chmod(0o750)
    assert compiled.cache_folder().parent.name.startswith("rogatory-")
    assert compiled.cache_folder().parent not in (temporary(home), theirs.parent)


@pytest.mark.parametrize("kind", ["a link", "a file", "somebody else's"])
def test_a_folder_of_temporary_files_that_was_made_ready_for_us_is_left(
    kind: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "cache").write_text("no folder")
    elsewhere = home / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    if kind == "a link":
        temporary(home).symlink_to(elsewhere, target_is_directory=True)
    elif kind == "a file":
        temporary(home).touch()
    else:
        temporary(home).mkdir(mode=0o755)
        judged = own_folder._shared
        monkeypatch.setattr(
            own_folder, "_shared", lambda folder, us, closed: judged(folder, SOMEBODY if folder == temporary(home) else us, closed)
        )
    folder = compiled.cache_folder()
    assert folder.parent.parent == home / "tmp"
    assert folder.parent != temporary(home)
    assert mode_of(folder.parent) == 0o700
    assert [*elsewhere.iterdir()] == []
    assert os.environ[own_folder.VARIABLE] == str(folder.parent)  # what this process starts shares it
    assert compiled.cache_folder() == folder


def test_a_home_that_nobody_knows_makes_no_folder_where_we_stand(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_folder.platformdirs, "user_cache_dir", lambda *a, **k: "~/.cache/rogatory")
    monkeypatch.chdir(home)
    assert compiled.cache_folder() == temporary(home) / KERNELS
    assert not (home / "~").exists()


def test_without_any_folder_it_is_said_in_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "cache").write_text("no folder")
    (home / "tmp").chmod(0o700)
    (home / "tmp").rmdir()
    (home / "tmp").write_text("no folder")
    with pytest.raises(RogatoryError, match=r"^ROGATORY_CACHE: found none, and no other folder .*; accepted: a folder of your own"):
        compiled.cache_folder()


def test_without_a_folder_of_temporary_files_the_users_own_still_serves(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gettempdir() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(own_folder.tempfile, "gettempdir", gettempdir)
    monkeypatch.setattr(own_folder.tempfile, "tempdir", None)
    assert compiled.cache_folder() == home / "cache" / "rogatory" / KERNELS


def test_the_folder_that_was_chosen_is_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    for chosen in (str(home / "chosen"), "chosen", "./chosen/"):
        monkeypatch.setenv(own_folder.VARIABLE, chosen)
        assert compiled.cache_folder() == home / "chosen" / KERNELS
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv(own_folder.VARIABLE, "~/mine")
    assert compiled.cache_folder() == home / "mine" / KERNELS
    monkeypatch.setenv(own_folder.VARIABLE, "")
    assert compiled.cache_folder() == home / "cache" / "rogatory" / KERNELS


WRONG = {
    "open to all": (0o777, r"which others can write to \(mode 777\)"),
    "open to a group": (0o775, r"which others can write to \(mode 775\)"),
    "shared": (0o1777, r"which others can write to \(mode 1777\)"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_folder_that_was_chosen_and_is_open_to_others_is_refused_and_left_as_it_is(
    kind: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mode, told = WRONG[kind]
    chosen = home / "chosen"
    chosen.mkdir()
    chosen.chmod(mode)
    monkeypatch.setenv(own_folder.VARIABLE, str(chosen))
    with pytest.raises(ConfigError, match=rf"^ROGATORY_CACHE: found '.*chosen', {told}; accepted: a folder of your own") as raised:
        compiled.cache_folder()
    assert "\n" not in str(raised.value)
    assert mode_of(chosen) == mode
    assert [*chosen.iterdir()] == []
    assert not (home / "cache").exists()  # and nothing else is taken instead


def test_a_folder_that_was_chosen_and_cannot_be_used_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").touch()
    for chosen, told in (
        (home / "file", r"which cannot be made \(File exists\)"),
        (home / "file" / "in it", r"which cannot be made \(.*\)"),
        ("x" * 5000, r"which cannot be made \(File name too long\)"),
        (home / "a\nb", "which others"),
    ):
        if "\n" in str(chosen):
            Path(chosen).mkdir()
            Path(chosen).chmod(0o777)
        monkeypatch.setenv(own_folder.VARIABLE, str(chosen))
        with pytest.raises(ConfigError, match=told) as raised:
            compiled.cache_folder()
        assert "\n" not in str(raised.value)
        assert len(str(raised.value)) < 400


def test_a_folder_that_was_chosen_and_holds_a_strange_one_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "chosen" / KERNELS).mkdir(parents=True)
    (home / "chosen").chmod(0o700)
    (home / "chosen" / KERNELS).chmod(0o777)
    monkeypatch.setenv(own_folder.VARIABLE, str(home / "chosen"))
    with pytest.raises(ConfigError, match=rf"'.*chosen', whose {KERNELS} others can write to \(mode 777\); accepted: "):
        compiled.cache_folder()


def test_a_folder_to_which_nothing_can_be_written_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(own_folder.tempfile, "TemporaryFile", full)
    monkeypatch.setenv(own_folder.VARIABLE, str(home / "chosen"))
    with pytest.raises(ConfigError, match=rf"whose {KERNELS} cannot be written to \(No space left on device\); accepted: "):
        compiled.cache_folder()


def test_what_is_in_use_is_forgotten_last(home: Path) -> None:
    cache = home / "cache" / "rogatory"
    assert compiled.cache_folder() == cache / KERNELS
    for number in range(6):
        (cache / f"kernels-{number:016x}").mkdir()
        os.utime(cache / f"kernels-{number:016x}", (1000.0 + number, 1000.0 + number))
    os.utime(cache / KERNELS, (1.0, 1.0))
    compiled.cache_folder()
    assert {path.name for path in cache.iterdir()} == {KERNELS, *(f"kernels-{number:016x}" for number in range(2, 6))}
    assert (cache / KERNELS).stat().st_mtime > 1006.0


def code(body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process of its own in the given environment."""
    env = {key: value for key, value in os.environ.items() if key not in environment} | environment
    return subprocess.run([sys.executable, "-c", body], cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_folder_of_one_process_is_gone_when_it_ends_and_not_when_one_that_it_forked_does(tmp_path: Path) -> None:
    body = (
        "import os, sys; from sim.own_folder import private_folder as p; f = p(); (f / 'x').touch(); print(f)\n"
        "child = os.fork()\n"
        "if not child: sys.exit(0)\n"
        "os.waitpid(child, 0); print((f / 'x').exists())"
    )
    done = code(body, TMPDIR=str(tmp_path), PYTHONUNBUFFERED="1")
    assert done.stderr == ""
    folder, there = done.stdout.split()
    assert (Path(folder).parent, there) == (tmp_path, "True")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.slow
@pytest.mark.parametrize("words", [("run",), ("check", "nowhere"), ("reproduce", "nothing")])
def test_the_command_line_says_it_in_one_line(words: tuple[str, ...], tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    body = f"import sys; from experiments.cli import main; sys.exit(main({[*words]!r}))"
    done = code(body, ROGATORY_CACHE=str(tmp_path))
    tmp_path.chmod(0o700)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("rogatory: ROGATORY_CACHE: found '")
    assert "which others can write to (mode 777); accepted: " in line
