"""The scenarios on file: what each asks, who asked it, what is expected, and what it changes relative to the text as adopted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, cast

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from experiments.terminal import console_of
from sim.config import ADOPTED, EVERYWHERE, composed, options, path_of, shown
from sim.world.leaves import moved
from sim.world.record import ConfigError, Record

Way = Literal["up", "down", "same"]
_LINE = re.compile(r"# (Question|Motive|Expect|Direction|Finding): +(\S.*)")
_TOLD = re.compile(r"([a-z_]+) (up|down|same)")
_WANTED = ("question", "motive", "expect")


class Header(Record):
    """What the first lines of a scenario's file say."""

    name: str
    question: str
    motive: str
    expect: str
    direction: dict[str, Way]  # metric -> where it is expected to go, against the baseline
    finding: str | None  # why nothing moves, where that is the answer


def headers() -> dict[str, Header]:
    """Each scenario's header by its name, in alphabetical order. Raises ``ConfigError`` for a line that cannot be read."""
    return {name: header_of(path_of("scenario", name)) for name in options("scenario")}


def header_of(path: Path) -> Header:
    """The header of one file: lines ``# Question: ...`` and so on, each a whole sentence on one line."""
    said: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if found := _LINE.fullmatch(line.rstrip()):
            said.setdefault(found[1].lower(), found[2])
    for word in _WANTED:
        if word not in said:
            raise ConfigError(f"{shown(path)}: found no line '# {word.capitalize()}: ...'; accepted: one such line")
    return Header(
        name=path.stem,
        question=said["question"],
        motive=said["motive"],
        expect=said["expect"],
        direction=_directions(said.get("direction", ""), path),
        finding=said.get("finding"),
    )


def _directions(text: str, path: Path) -> dict[str, Way]:
    ways: dict[str, Way] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        found = _TOLD.fullmatch(part)
        if not found:
            raise ConfigError(f"{shown(path)}: Direction: found {part!r}; accepted: 'metric up', 'metric down' or 'metric same'")
        if found[1] in ways:
            raise ConfigError(f"{shown(path)}: Direction: found {found[1]!r} twice; accepted: each metric once")
        ways[found[1]] = cast(Way, found[2])
    return ways


def choice_of(arm: str, key: str = "scenarios") -> tuple[str, ...]:
    """The overrides that an arm's name stands for: scenarios joined by ``+``, with ``@everywhere`` behind them or without.

    >>> choice_of("judge+notice@everywhere")
    ('scenario=[judge,notice]', 'reforms=everywhere')

    Raises ``ConfigError`` for a name that is no such choice; ``key`` says where it was given.
    """
    names, at, where = arm.partition("@")
    if not re.fullmatch(r"\w+(\+\w+)*", names) or (at and where != EVERYWHERE):
        raise ConfigError(f"{key}: found {arm!r}; accepted: scenarios joined by '+', and '@{EVERYWHERE}' behind or not")
    chosen = f"scenario=[{','.join(names.split('+'))}]"
    return (chosen, f"reforms={EVERYWHERE}") if at else (chosen,)


def changes(name: str) -> dict[str, tuple[Any, Any]]:
    """What a choice changes: ``{dotted key: (as adopted, in the scenario)}``, ``None`` where one side lacks the key.

    ``name`` is a scenario or a combination such as ``judge+notice@everywhere``. Raises ``ConfigError`` for an unknown one.
    """
    labels = ("scenario_name", "reforms")
    before, after = (
        {key: value for key, value in composed(*overrides).items() if key not in labels} for overrides in ((), choice_of(name))
    )
    return moved(before, after)


def main(*names: str) -> int:
    """List the scenarios, or tell those that are named; the exit status is 0."""
    console = console_of()
    if not names:
        console.print(listed(headers()))
        console.print("rogatory scenarios NAME tells one fully.", highlight=False)
    told = [(name, changes(name)) for name in names]
    for name, changed in told:
        _tell(console, name, changed)
    return 0


def listed(known: dict[str, Header]) -> Table:
    """One row a scenario."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_lines=False)
    table.add_column("scenario", no_wrap=True)
    for column in ("question", "expected", "finding"):
        table.add_column(column, ratio=2 if column == "question" else 1)
    for name, header in known.items():
        table.add_row(name, header.question, _ways(header), header.finding or "")
    return table


def _ways(header: Header) -> str:
    return "; ".join(f"{metric} {way}" for metric, way in header.direction.items())


def _tell(console: Console, name: str, changed: dict[str, tuple[Any, Any]]) -> None:
    known = headers()
    console.print(name, style="bold", highlight=False)
    for part in name.partition("@")[0].split("+"):
        header = known[part]
        for line in (header.question, f"Motive: {header.motive}", f"Expected: {header.expect}"):
            console.print(line, markup=False, highlight=False)
        if header.direction:
            console.print(f"Direction: {_ways(header)}", markup=False, highlight=False)
        if header.finding:
            console.print(f"Finding: {header.finding}", markup=False, highlight=False)
    console.print(f"Changes against {ADOPTED}:" if changed else f"Changes nothing against {ADOPTED}.", highlight=False)
    for key, (before, after) in changed.items():
        console.print(f"  {key}: {_word(before)} -> {_word(after)}", markup=False, highlight=False)


def _word(value: Any) -> str:
    return "nothing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
