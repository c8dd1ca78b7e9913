"""Whatever goes wrong at the door is one line, with the status that its kind has; a defect keeps its traceback in a file."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tempfile
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from experiments.cli import STUDIES, main, shell
from experiments.errors import StoppedError
from sim.world.record import ConfigError
from tests.cli.test_command_line import Here, here

__all__ = ["here"]  # a fixture


class Broken:
    """A study that ends with an error."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def main(self, *_: str) -> int:
        raise self.error


def noted(error: BaseException) -> BaseException:
    error.add_note("all that was computed is in results/x")
    return error


KINDS: list[tuple[BaseException, int, str]] = [
    (ConfigError("years: found\n0"), 2, "rogatory: years: found 0"),
    (StoppedError("3 runs failed", 3), 3, "rogatory: 3 runs failed"),
    (OSError(28, "No space left on device"), 3, "OSError: [Errno 28] No space left on device; nothing was written"),
    (noted(OSError("gone")), 3, "OSError: gone; all that was computed is in results/x"),
    (MemoryError(), 3, "rogatory: MemoryError; nothing was written"),
    (BrokenProcessPool("x"), 3, "a worker process died"),
    (ModuleNotFoundError("No module named 'pandas'"), 3, "not installed whole: ModuleNotFoundError: No module named 'pandas'"),
    (KeyboardInterrupt(), 130, "rogatory: interrupted; nothing was written"),
    (noted(KeyboardInterrupt()), 130, "rogatory: interrupted; all that was computed is in results/x"),
    (SystemExit("a library's\nwords"), 2, "rogatory: a library's words"),
    (RecursionError("maximum recursion depth exceeded"), 2, "found what lies too deep in itself; accepted: "),
    (KeyError("case"), 5, "a defect of Rogatory, not of what was asked: KeyError: 'case' (traceback: "),
    (noted(ZeroDivisionError("x")), 5, "ZeroDivisionError: x; all that was computed is in results/x (traceback: "),
    (UnicodeEncodeError("ascii", "é", 0, 1, "no"), 5, "a defect of Rogatory"),
    (UserWarning("a warning that is an error"), 5, "a defect of Rogatory"),
    (RuntimeError("x" * 100_000), 5, "a defect of Rogatory"),
]


@pytest.mark.parametrize(("error", "status", "line"), KINDS, ids=[type(error).__name__ for error, *_ in KINDS])
def test_each_kind_of_failure_is_one_line_with_its_status(
    error: BaseException, status: int, line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, here: Here
) -> None:
    monkeypatch.setitem(sys.modules, "experiments.studies.explain", Broken(error))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    done = here("explain")
    assert done.returncode == status
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("rogatory: ")
    assert line in done.stderr
    assert len(done.stderr) < 1000
    named = re.findall(r"traceback: (\S+)\)", done.stderr)
    assert [str(path) for path in tmp_path.iterdir()] == named
    for path in named:
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
        assert f"{type(error).__name__}: " in Path(path).read_text(encoding="utf-8")


@pytest.mark.parametrize("code", [0, 1, 7, None])
def test_a_library_that_ends_the_process_gives_its_status(code: int | None, monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    monkeypatch.setitem(sys.modules, "experiments.studies.explain", Broken(SystemExit(code)))
    done = here("explain")
    assert (done.returncode, done.stderr) == (code or 0, "")


def test_a_defect_is_told_where_no_traceback_can_be_kept(monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    monkeypatch.setitem(sys.modules, "experiments.studies.explain", Broken(KeyError("case")))
    monkeypatch.setattr(tempfile, "mkstemp", lambda **_: (_ for _ in ()).throw(FileNotFoundError("No usable temporary directory")))
    done = here("explain")
    assert done.returncode == 5
    assert done.stderr.endswith("(its traceback could not be kept: no folder for temporary files can be written)\n")


def test_what_a_library_makes_of_an_interrupt_is_an_interrupt(monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    class Converted(Broken):
        def main(self, *_: str) -> int:
            try:
                os.kill(os.getpid(), 15)
            except KeyboardInterrupt:
                raise ImportError("initialization failed") from None
            return 0

    monkeypatch.setitem(sys.modules, "experiments.studies.explain", Converted(KeyError()))
    done = here("explain")
    assert (done.returncode, done.stderr) == (130, "rogatory: interrupted; nothing was written\n")


# --- arguments --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["", " ", "=", "==", "--", "-", "--nonsense", "-x", "--cfg", "--cfg=job,all", "--resolve", "+"])
def test_a_word_that_is_none_is_one_line_for_every_study(word: str, here: Here) -> None:
    for study in STUDIES:
        done = here(study, word)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), study
        assert done.stderr.startswith("rogatory: "), study
        assert "accepted: " in done.stderr, study


@pytest.mark.parametrize("words", [("--cfg", "years=3"), ("-m", "--cfg", "job"), ("-p", "x"), ("--multi", "years=1,2")])
def test_flags_that_hydra_would_not_take_are_one_line(words: tuple[str, ...], here: Here) -> None:
    done = here("run", *words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("words", [("a\udcff",), ("run", "output=\udce9t\udce9"), ("run", "output=a\0b"), ("scenarios", "\udcff")])
def test_bytes_that_are_no_text_are_one_line(words: tuple[str, ...], here: Here) -> None:
    done = here(*words)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith("which is no text; accepted: arguments in UTF-8\n")


def test_a_folder_that_is_gone_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    done = here("run", "years=1")
    monkeypatch.chdir(tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "the current folder is not there any more" in done.stderr


@pytest.mark.parametrize("study", ["run", "treaty", "explain"])
def test_a_study_that_reads_no_design_takes_none(study: str, here: Here) -> None:
    done = here(study, "design=pairs")
    assert done.returncode == 2
    assert done.stderr.startswith(f"rogatory: design: found 'pairs' in {study}; accepted: null")


# --- streams ----------------------------------------------------------------------------------------------------------------


PLAIN = {"PYTHONIOENCODING": "ascii", "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def process(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    command = [sys.executable, "-m", "experiments.cli", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=cwd, env={**os.environ, **environment}
    )


@pytest.mark.slow
def test_letters_that_a_stream_does_not_have_are_written_by_their_number() -> None:
    done = process("explain", "case=3", "output=Größe", "years=0é", **PLAIN)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    listed = process("scenarios", **PLAIN)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.isascii()


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--help",), ("scenarios",), ("run", "--cfg", "job")], ids=" ".join)
def test_nobody_who_reads_is_no_failure_and_a_full_disk_is_one(words: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "experiments.cli", *words]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr
    closed = subprocess.run(["sh", "-c", '"$@" >&- 2>&-', "sh", *command], check=False)
    assert closed.returncode in (0, 3)


@pytest.mark.slow
@pytest.mark.parametrize("warned", ["error", "always", "default"])
def test_what_libraries_warn_of_is_no_traceback(warned: str) -> None:
    done = process("scenarios", "judge", PYTHONWARNINGS=warned, MPLBACKEND="module://nowhere")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_process_of_its_own_ends_with_the_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["rogatory", "nothing"])
    monkeypatch.setattr("experiments.cli._furnish", lambda: None)
    monkeypatch.setattr("experiments.cli.STOPS", ())
    with pytest.raises(SystemExit) as ended:
        shell()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("rogatory: no study is named 'nothing'")


def test_help_is_no_mistake_and_tells_every_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "5 a defect of Rogatory" in capsys.readouterr().out
