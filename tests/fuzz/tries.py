"""One command line tried in this process, and everything about it that is not as it should be."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path

import yaml

from experiments.cli import main
from tests.fuzz.grammar import Try

SECONDS = 5.0  # that one try may take
LETTERS = 600  # of a line that somebody would read
STATUSES = (0, 2)
_KNOWN = re.compile(r"accepted: \S|accepted is|accepted are")


class SlowError(Exception):
    """A try took longer than it may."""


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Whatever takes longer ends in a ``SlowError``."""

    def stop(number: int, frame: object) -> None:
        raise SlowError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def told(*arguments: str) -> tuple[int | str, str, str, list[str]]:
    """Exit status (or what was raised), standard output, standard error and warnings of the command line."""
    out, err, terminate = io.StringIO(), io.StringIO(), signal.getsignal(signal.SIGTERM)
    with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        warnings.simplefilter("always")
        try:
            with within(SECONDS):
                status: int | str = main([*arguments])
        except (Exception, SystemExit) as error:
            status = f"{type(error).__name__}: {str(error)[:200]}"
        finally:
            signal.signal(signal.SIGTERM, terminate)
    return status, out.getvalue(), err.getvalue(), [str(warning.message) for warning in warned]


def faults_of(attempt: Try, folder: Path, *before: str) -> list[str]:
    """What is wrong with how ``rogatory run --cfg job`` takes a command line in an empty folder; nothing if nothing is."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        status, out, err, warned = told("run", "--cfg", "job", *before, *attempt.arguments)
    finally:
        os.chdir(here)
    found = [f"warned: {line[:200]}" for line in warned]
    found += [f"left {path.name} behind" for path in folder.iterdir()]
    if status not in STATUSES:
        return [*found, f"exit status {status}"]
    return found + (_faults_of_a_mistake(attempt, out, err) if status else _faults_of_a_configuration(out, err))


def _faults_of_a_mistake(attempt: Try, out: str, err: str) -> list[str]:
    found = [f"standard output holds {out[:80]!r}"] if out else []
    if err.count("\n") != 1 or not err.endswith("\n"):
        found.append(f"{err.count(chr(10))} lines on standard error: {err[:200]!r}")
    if len(err) > LETTERS:
        found.append(f"{len(err)} letters: {err[:120]!r} ... {err[-60:]!r}")
    if not _KNOWN.search(err):
        found.append(f"nothing is said of what is accepted: {err[:LETTERS]!r}")
    written = [word.partition("=")[0].strip("+~ ") for word in attempt.arguments]
    if not any(part.casefold() in err.casefold() for name in (attempt.key, *written) for part in name.split(".") if part):
        found.append(f"the key is not named: {err[:LETTERS]!r}")
    return found


def _faults_of_a_configuration(out: str, err: str) -> list[str]:
    found = [f"standard error holds {err[:200]!r}"] if err else []
    if not isinstance(yaml.load(out, getattr(yaml, "CSafeLoader", yaml.SafeLoader)), dict):
        found.append(f"no configuration on standard output: {out[:80]!r}")
    return found
