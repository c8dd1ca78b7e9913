"""The scenarios on file: what each asks, who asked it, what is expected, and what it changes relative to the text as adopted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

from sim.composition import in_quotes
from sim.config import EVERYWHERE, composed, config_path, options, path_of, scenario_of
from sim.places import is_known, is_path
from sim.world.leaves import changed_leaves
from sim.world.record import ConfigError, Record, quoted

Direction = Literal["up", "down", "same"]
_LINE = re.compile(r"# (Kind|Name|Question|Motive|Expect|Direction|Finding): +(\S.*)")
_TOLD = re.compile(r"([a-z_]+) (up|down|same)")
_JOINED = re.compile(r"(?:[\w-]+|[^+@]+\.yaml)(?:\+(?:[\w-]+|[^+@]+\.yaml))*")
NOT_SAID = "not said"
"""What stands for a line that a file does not have."""
KINDS = {
    "safeguard": "safeguards",
    "bundle": "bundles of safeguards",
    NOT_SAID: "scenarios whose kind is not said",
    "membership": "who is bound, and what else is in force",
    "stress": "stress tests: worse law, worse conduct",
    "control": "controls: checks, never ranked",
}
"""Kinds of a scenario in the order in which they are shown, each with the heading of its part of a table or figure."""
POLICIES = ("safeguard", "bundle", NOT_SAID)
"""Kinds of policies to choose from: they alone are ranked. What no file calls anything else may be one."""
NAME_LETTERS = 32
"""Letters of a plain name at most: *assumption*, what a row of a figure holds."""
_LOUDEST = ("control", "stress", "membership", NOT_SAID)  # a stack is of the first of these kinds that a part of it is


class Header(Record):
    """What the first lines of a scenario's file say."""

    name: str
    kind: str = NOT_SAID  # a key of ``KINDS``
    called: str = ""  # its plain name; nothing where the file has none
    question: str
    motive: str
    expect: str
    direction: dict[str, Direction]  # metric -> where it is expected to go, against the baseline
    finding: str | None  # why nothing moves, where that is the answer


NO_HEADERS: Mapping[str, Header] = MappingProxyType({})
"""For arms of which no file says anything."""


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


def kind_of(arm: str, known: Mapping[str, Header]) -> str:
    """The kind of an arm, a key of ``KINDS``; ``known`` are headers by name, as ``headers_of`` gives them.

    Several scenarios together are a bundle, but control, stress or membership if a part of them is; ``@everywhere`` changes
    nothing. An arm that a design names is of no kind that is said.

    >>> kind_of("a_name_of_a_design", {})
    'not said'
    """
    if arm in known:
        return known[arm].kind
    parts = arm.partition("@")[0].split("+")
    kinds = [known[part].kind if part in known else NOT_SAID for part in parts]
    return kinds[0] if len(kinds) == 1 else next((kind for kind in _LOUDEST if kind in kinds), "bundle")


def by_kind(arms: Iterable[str], kinds: Mapping[str, str]) -> dict[str, list[str]]:
    """Arms under each kind, in the order of ``KINDS`` and within it in theirs; kinds without an arm are left out.

    >>> by_kind(["x", "judge", "notice"], {"judge": "safeguard", "x": "control", "notice": "safeguard"})
    {'safeguard': ['judge', 'notice'], 'control': ['x']}
    """
    held = list(arms)
    found = {kind: [arm for arm in held if kinds.get(arm, NOT_SAID) == kind] for kind in KINDS}
    return {kind: of_it for kind, of_it in found.items() if of_it}


def ranked_of(arms: Iterable[str], kinds: Mapping[str, str]) -> list[str]:
    """The policies to choose from, in their order; where no arm is one, the arms of the first kind that there is.

    >>> (
    ...     ranked_of(["x", "judge"], {"judge": "safeguard", "x": "control"}),
    ...     ranked_of(["x", "m"], {"m": "membership", "x": "control"}),
    ... )
    (['judge'], ['m'])
    """
    held = list(arms)
    return [arm for arm in held if kinds.get(arm, NOT_SAID) in POLICIES] or next(iter(by_kind(held, kinds).values()), [])


def header_of(path: Path) -> Header:
    """The header of one file: lines ``# Question: ...`` and so on, each on one line, none of them needed.

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
        kind=_kind(said.get("kind", NOT_SAID), path),
        called=_called(said.get("name", ""), path),
        question=said.get("question", NOT_SAID),
        motive=said.get("motive", NOT_SAID),
        expect=said.get("expect", NOT_SAID),
        direction=_directions(said.get("direction", ""), path),
        finding=said.get("finding"),
    )


def _kind(said: str, path: Path) -> str:
    if said not in KINDS:
        accepted = ", ".join(kind for kind in KINDS if kind != NOT_SAID)
        raise ConfigError(f"{config_path(path)}: Kind: found {quoted(said)}; accepted: {accepted}")
    return said


def _called(said: str, path: Path) -> str:
    if len(said) > NAME_LETTERS:
        raise ConfigError(f"{config_path(path)}: Name: found {quoted(said)}; accepted: at most {NAME_LETTERS} letters")
    return said


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
