"""Without compilation the same files run as plain Python, line by line, and every request meets the same fate bit for bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TINY = (
    "states=synthetic",
    "states.synthetic.count=8",
    "people.rows=300",
    "demand.legitimate=30",
    "years=1",
    "calibration_months=6",
)
TOLD = """
import hashlib, json, sys
import numba
import numpy as np
from sim import load
from sim.month import advance
from sim.review import form
from sim.review.assembly import assemble, place_of, source_of
from sim.simulation import prepare

config, seen = load(*sys.argv[1:]), set()
watched = [form.stands, getattr(sys.modules[assemble(config.safeguards).serve.__module__], "gates")]
if numba.config.DISABLE_JIT:  # a debugger stops where a line is told to begin
    monitor, line_begins = sys.monitoring, sys.monitoring.events.LINE
    monitor.use_tool_id(monitor.DEBUGGER_ID, "a test")
    monitor.register_callback(monitor.DEBUGGER_ID, line_begins, lambda code, line: seen.add((code.co_filename, line)))
    for function in watched:
        monitor.set_local_events(monitor.DEBUGGER_ID, function.__code__, line_begins)
run = prepare(config, seed=3)
while run.month < run.months:
    advance(run)
digest = hashlib.sha256()
for column in run.docket:
    digest.update(np.ascontiguousarray(column).tobytes())
place = str(place_of(source_of(config.safeguards)))
print(json.dumps([digest.hexdigest(), int(run.docket.used[0]), sorted(seen), form.__file__, place]))
"""


def told(*overrides: str, plain: bool) -> tuple[str, int, list[tuple[str, int]], str, str]:
    """Digest and length of the docket, the lines that ran one by one, and the files of a safeguard and of the loop."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")}
    env |= {"NUMBA_DISABLE_JIT": "1"} if plain else {}
    command = [sys.executable, "-W", "ignore", "-c", TOLD, *overrides]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    digest, rows, seen, home, place = json.loads(done.stdout)
    return digest, rows, [(file, line) for file, line in seen], home, place


@pytest.mark.parametrize(
    "overrides",
    [(), ("scenario=[judge,notice]", "conduct.legal_basis=requester_choice"), ("conduct=adaptive", "conduct.attempts=3")],
    ids=["as adopted", "judge and notice", "adaptive"],
)
def test_the_loop_as_plain_python_decides_as_the_compiled_one_bit_for_bit(overrides: tuple[str, ...]) -> None:
    compiled, plain = told(*TINY, *overrides, plain=False), told(*TINY, *overrides, plain=True)
    assert compiled[1] > 500
    assert plain[:2] == compiled[:2]


def test_a_debugger_stops_in_a_safeguards_file_and_in_the_generated_one() -> None:
    *_, seen, home, place = told(*TINY, plain=True)
    assert {file for file, _ in seen} == {home, place}
    lines = {Path(file).read_text(encoding="utf-8").splitlines()[line - 1].strip() for file, line in seen}
    assert "return quality < quality_bar" in lines
    assert "and stands_form(docket.quality[m], reading.numbers[FORM, FORM_QUALITY_BAR])" in lines
