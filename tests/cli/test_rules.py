"""``rogatory rules`` prints the review as it is compiled, and nothing else."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

from experiments.console import Terminal
from experiments.studies import rules
from sim.config import load
from sim.review.assembly import assemble, place_of, source_of
from tests.cli.test_command_line import Here, here
from tests.worlds import SMALL, made_up

__all__ = ["here"]
COLOUR = re.compile("\x1b\\[[0-9;]*m")


@pytest.mark.parametrize("asked", [(), ("scenario=judge",), ("scenario=[judge,notice]", "seeds=3", "safeguards.form.order=1")])
def test_what_is_printed_is_what_is_compiled(asked: tuple[str, ...], here: Here) -> None:
    done = here("rules", *asked)
    assert done.returncode == 0
    assert done.stdout == source_of(load(*asked).safeguards)
    compile(done.stdout, "printed", "exec")


def test_an_order_of_checks_is_seen_in_the_text(here: Here) -> None:
    first = here("rules", "safeguards.form.order=1").stdout
    usual = here("rules").stdout
    assert "\nFORM = 0\n" in first
    assert "\nSCOPE = 0\n" in usual


def test_the_place_of_the_file_is_told_apart_from_the_text_and_a_run_loads_that_file(here: Here) -> None:
    done = here("rules", *SMALL)
    (line,) = done.stderr.splitlines()
    place = Path(line.rpartition(": ")[2])
    assert place == place_of(done.stdout)
    kernel = assemble(made_up().safeguards).serve
    assert sys.modules[kernel.__module__].__file__ == str(place)
    assert place.read_text(encoding="utf-8") == done.stdout


def test_on_a_terminal_the_same_text_has_colours(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    screen = Terminal(file=stream, force_terminal=True, color_system="standard", width=80)
    monkeypatch.setattr(rules, "console_of", lambda: screen)
    assert here("rules").returncode == 0
    text = stream.getvalue()
    assert COLOUR.search(text)
    assert COLOUR.sub("", text) == source_of(load().safeguards)


def test_the_text_can_be_printed_on_every_stream() -> None:
    assert source_of(load().safeguards).isascii()


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ("judge", "judge: no override that can be read; accepted: key=value"),
        ("scenario=utopia", "scenario: found 'utopia'; accepted: adaptive, "),
        ("safeguards.discrimination.look=jury", "no look is named 'jury'; accepted: desk, judge, panel, person, provider"),
        ("~safeguards.desk", "desk"),
        ("safeguards.jury.order=3", "jury: no such key; accepted: "),
        ("seeds=0", "seeds: found 0; accepted: "),
        ("design=utopia", "design: found 'utopia'; accepted: "),
    ],
)
def test_a_mistake_is_one_line_and_prints_no_text(asked: str, line: str, here: Here) -> None:
    done = here("rules", asked)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert line in done.stderr


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    monkeypatch.chdir(tmp_path)
    assert here("rules", "output=here").returncode == 0
    assert not [*tmp_path.iterdir()]


def test_the_command_is_listed_and_helps(here: Here) -> None:
    assert re.search("^  rules  +the review as it is compiled", here("--help").stdout, re.MULTILINE)
    helped = here("rules", "--help")
    assert helped.returncode == 0
    assert "scenario" in helped.stdout
