"""Setup says what is missing and how to get it, and never silently takes another installer than the one that was found."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "mktemp", "tr", "tail", "cut", "rm", "cat", "mkdir", "cp", "chmod", "dirname")
BROKEN_UV = "echo 'pyenv: uv: command not found' >&2; exit 127"
PYTHON = """case "$1" in
    -c) echo "fits $0" ;;
    --version) echo "Python 3.12.1" ;;
    -m) case "$2" in venv) mkdir -p .venv/bin; cp "$0" .venv/bin/python; chmod +x .venv/bin/python ;; esac ;;
esac"""
"""An interpreter that can do what setup asks of one, and installs nothing."""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout, and a folder ``bin`` in which there is nothing but a shell's usual tools."""
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (tmp_path / "bin" / tool).symlink_to(found)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    return tmp_path


def has(machine: Path, name: str, script: str) -> None:
    """Put a command on the machine."""
    path = machine / "bin" / name
    path.write_text(f"#!{machine / 'bin' / 'sh'}\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def setup(machine: Path, **more: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(machine / "bin"), "HOME": str(machine), **more}
    return subprocess.run(["sh", ".ci/setup"], cwd=machine, env=env, capture_output=True, text=True, check=False)


def refused(done: subprocess.CompletedProcess[str], machine: Path) -> str:
    """The one line of a setup that could not be; it has left nothing."""
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert not (machine / ".venv").exists()
    return done.stderr


def test_without_python_and_without_uv_one_line_says_what_is_missing_and_how_to_get_it(machine: Path) -> None:
    line = refused(setup(machine), machine)
    assert line.startswith("rogatory: needs Python 3.12 or 3.13 with venv, or uv; found no Python;")
    for way in ("install python3.12 and python3.12-venv", "or uv (", "make setup PYTHON=/path/to/python3.12"):
        assert way in line


UNFIT = {"not 3.11.7": "found python3 (3.11.7);", "not 3.12.3 without venv": "found python3 (3.12.3 without venv);"}


@pytest.mark.parametrize(("answer", "found"), UNFIT.items())
def test_a_python_that_does_not_fit_is_named_with_what_it_lacks(answer: str, found: str, machine: Path) -> None:
    has(machine, "python3", f"echo '{answer}'")
    assert found in refused(setup(machine), machine)


def test_an_interpreter_that_was_asked_for_and_is_not_there_is_named(machine: Path) -> None:
    has(machine, "python3.12", PYTHON)
    assert "for PYTHON=/nowhere/python" in refused(setup(machine, PYTHON="/nowhere/python"), machine)


def test_a_uv_that_does_not_run_is_named_where_nothing_else_is_there(machine: Path) -> None:
    has(machine, "uv", BROKEN_UV)
    line = refused(setup(machine), machine)
    assert f"found no Python, and uv at {machine / 'bin' / 'uv'} does not run (pyenv: uv: command not found);" in line


def test_a_uv_that_does_not_run_is_told_with_the_installer_that_is_used_instead(machine: Path) -> None:
    has(machine, "uv", BROKEN_UV)
    has(machine, "python3.12", PYTHON)
    done = setup(machine)
    assert done.returncode == 0, done.stderr
    told, installing, ready = done.stdout.splitlines()
    assert told == f"rogatory: uv at {machine / 'bin' / 'uv'} does not run (pyenv: uv: command not found); using pip instead"
    assert "with pip" in installing
    assert ready == "rogatory: ready: Python 3.12.1 in .venv"


def test_a_uv_that_runs_and_cannot_install_is_told_too(machine: Path) -> None:
    has(machine, "uv", 'case "$1" in --version) echo "uv 1" ;; *) echo "error: no space left" >&2; exit 2 ;; esac')
    has(machine, "python3.12", PYTHON)
    done = setup(machine)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "rogatory: uv could not set up .venv (error: no space left); using pip instead"


def test_without_uv_pip_is_used_without_a_word_about_it(machine: Path) -> None:
    has(machine, "python3.12", PYTHON)
    assert [line.split()[1] for line in setup(machine).stdout.splitlines()] == ["installing", "ready:"]
