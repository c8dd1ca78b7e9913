"""The benchmark ends in one line where one of its processes dies, and waits for nobody."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor
from multiprocessing.synchronize import Barrier

import pytest

from experiments.bench import measure as bench
from experiments.errors import StoppedError


def answered(status: int, said: str = "", errors: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess(["bench"], status, said, errors)


FAILURES = [
    (
        answered(3, errors="a warning\nbench: a worker process died (too little memory?)\n"),
        "a worker process died (too little memory?)",
    ),
    (answered(1, errors="Traceback:\n  line 1\nZeroDivisionError: division by zero\n\n"), "ZeroDivisionError: division by zero"),
    (answered(-9), "exit status -9"),
]


@pytest.mark.parametrize(("answer", "why"), FAILURES, ids=[why for _, why in FAILURES])
def test_a_measurement_that_fails_is_one_line_and_status_three(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: subprocess.CompletedProcess[str], why: str
) -> None:
    monkeypatch.setattr(bench.subprocess, "run", lambda *words, **more: answer)
    with pytest.raises(StoppedError, match=r"^processes could not be measured: "):
        bench.in_fresh_process("processes")
    monkeypatch.setattr(sys, "argv", ["bench"])
    with pytest.raises(SystemExit) as ended:
        bench.main()
    assert ended.value.code == 3
    assert capsys.readouterr().err == f"bench: standard could not be measured: {why}\n"


def test_a_measurement_that_succeeds_is_its_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.subprocess, "run", lambda *words, **more: answered(0, 'a word\n{"ratio": 1.5}\n'))
    assert bench.in_fresh_process("processes")["ratio"] == 1.5


def test_a_worker_that_dies_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def dead(seeds: int) -> bench.Figures:
        raise BrokenExecutor("A process in the process pool was terminated abruptly")

    monkeypatch.setitem(bench.MEASUREMENTS, "processes", dead)
    monkeypatch.setattr(sys, "argv", ["bench", "--measure", "processes"])
    with pytest.raises(SystemExit) as ended:
        bench.main()
    assert ended.value.code == 3
    assert capsys.readouterr() == ("", "bench: a worker process died (too little memory?)\n")


# Stand-ins for what is measured; they are found by their names in worker processes.


def ready(start: Barrier) -> None:
    bench._start = start


def dies_second(first: int) -> float:
    """The first one waits for the other, which is killed before it comes."""
    if first > 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return meets(first)


def meets(first: int) -> float:
    assert bench._start is not None
    bench._start.wait()
    return float(first)


@pytest.mark.slow
def test_nobody_waits_at_the_start_for_a_process_that_has_died(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_ready", ready)
    monkeypatch.setattr(bench, "_rounds", dies_second)
    began = time.monotonic()
    with pytest.raises(BrokenExecutor):
        bench.measure_processes(1)
    assert time.monotonic() - began < 200
    assert multiprocessing.active_children() == []
    monkeypatch.setattr(bench, "_rounds", meets)
    assert bench.measure_processes(1) == {"one": 1.0, "two": 4.0, "ratio": 0.5}
