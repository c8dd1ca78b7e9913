"""The scenarios on file: what each asks, who asked it, what is expected, and what it changes relative to the text as adopted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, cast

from sim.composition import in_quotes
from sim.config import EVERYWHERE, composed, config_path, options, path_of, scenario_of
from sim.places import is_known, is_path
from sim.world.leaves import changed_leaves
from sim.world.record import ConfigError, Record, quoted

Direction = Literal["up", "down", "same"]
_LINE = re.compile(r"# (Question|Motive|Expect|Direction|Finding): +(\S.*)")
_TOLD = re.compile(r"([a-z_]+) (up|down|same)")
_JOINED = re.compile(r"(?:[\w-]+|[^+@]+\.yaml)(?:\+(?:[\w-]+|[^+@]+\.yaml))*")
NOT_SAID = "not said"
"""What stands for a line that a file does not have."""


class Header(Record):
    """What the first lines of a scenario's file say."""

    name: str
    question: str
    motive: str
    expect: str
    direction: dict[str, Direction]  # metric -> where it is expected to go, against the baseline
    finding: str | None  # why nothing moves, where that is the answer


def headers() -> dict[str, Header]:
    """The header of each scenario that has a readable one, by its name, in alphabetical order."""
    return listing()[0]


def listing() -> tuple[dict[str, Header], dict[str, str]]:
    """Headers by name, and by name what is wrong with files that cannot be used: a bad one spoils no other."""
    known, wrong = dict[str, Header](), dict[str, str]()
    for name in options("scenario"):
        try:
            known[name] = header_of(path_of("scenario", name))
            scenario_of(f"scenario={name}")
        except ConfigError as error:
            wrong[name] = str(error)
    return known, wrong


def headers_of(arms: Iterable[str]) -> dict[str, Header]:
    """The headers of the scenarios among which arms are named, by name. Raises ``ConfigError`` for a line that cannot be read.

    An arm that is no scenario on file, as a design may name one, has no header.
    """
    parts = {part for arm in arms for part in (arm, *arm.partition("@")[0].split("+"))}
    return {name: header_of(path_of("scenario", name)) for name in sorted(parts) if is_known("scenario", name)}


def header_of(path: Path) -> Header:
    """The header of one file: lines ``# Question: ...`` and so on, each a whole sentence on one line, none of them needed.

    Raises ``ConfigError`` for a file or a line that cannot be read.
    """
    said: dict[str, str] = {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{config_path(path)}: {' '.join(str(error).split())}; accepted: a readable YAML file") from None
    for line in text.splitlines():
        if found := _LINE.fullmatch(line.rstrip()):
            said.setdefault(found[1].lower(), found[2])
    return Header(
        name=path.stem,
        question=said.get("question", NOT_SAID),
        motive=said.get("motive", NOT_SAID),
        expect=said.get("expect", NOT_SAID),
        direction=_directions(said.get("direction", ""), path),
        finding=said.get("finding"),
    )


def _directions(text: str, path: Path) -> dict[str, Direction]:
    ways: dict[str, Direction] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        found = _TOLD.fullmatch(part)
        if not found:
            raise ConfigError(
                f"{config_path(path)}: Direction: found {quoted(part)}; accepted: 'metric up', 'metric down' or 'metric same'"
            )
        if found[1] in ways:
            raise ConfigError(f"{config_path(path)}: Direction: found {quoted(found[1])} twice; accepted: each metric once")
        ways[found[1]] = cast(Direction, found[2])
    return ways


def scenario_overrides(arm: str, key: str = "scenarios") -> tuple[str, ...]:
    """The overrides that an arm's name stands for: scenarios joined by ``+``, with ``@everywhere`` behind them or without.

    >>> scenario_overrides("judge+notice@everywhere")
    ('scenario=[judge,notice]', 'reforms=everywhere')

    Raises ``ConfigError`` for a name that is no such choice; ``key`` says where it was given.
    """
    names, at, where = arm.partition("@")
    if not _JOINED.fullmatch(names) or (at and where != EVERYWHERE):
        wanted = f"scenarios joined by '+', each by its name or its path, and '@{EVERYWHERE}' behind or not"
        raise ConfigError(f"{key}: found {quoted(arm)}; accepted: {wanted}")
    chosen = f"scenario=[{','.join(in_quotes(name) if is_path(name) else name for name in names.split('+'))}]"
    return (chosen, f"reforms={EVERYWHERE}") if at else (chosen,)


def changes(name: str) -> dict[str, tuple[object, object]]:
    """What a choice changes: ``{dotted key: (as adopted, in the scenario)}``, ``None`` where one side lacks the key.

    ``name`` is a scenario or a combination such as ``judge+notice@everywhere``. Raises ``ConfigError`` for an unknown one.
    """
    labels = ("scenario_name", "reforms")
    before, after = (
        {key: value for key, value in composed(*overrides).items() if key not in labels}
        for overrides in ((), scenario_overrides(name))
    )
    return changed_leaves(before, after)
