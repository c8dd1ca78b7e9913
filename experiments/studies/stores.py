"""The stores that are kept: ``rogatory stores`` lists them, ``rogatory stores remove NAME ...`` removes some."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from experiments.console import Terminal, console_of, table_of
from experiments.interrupts import held
from experiments.letters import inked, short, visible
from experiments.store.places import BEFORE
from experiments.store.shelf import finish_removals, removed, shown_place, stored
from experiments.text import age_text, counted, size_text
from sim.errors import ConfigError, in_brief, meant, quoted
from sim.places import is_folder

if TYPE_CHECKING:  # it reads Parquet, which takes a while to import
    from experiments.store.glance import Glance

REMOVE = "remove"
OUTPUT = "results"
"""Where results are unless another folder is named; as ``configs/config.yaml`` has it."""
_COLUMNS = ("store", "state", "runs", "size", "written")
_GAP, _EDGE = 3, 2  # letters between two columns, and at both ends
_INDENT = "  "  # of a command under a name
_BESIDE, _LEAST, _MOST = 32, 16, 100  # letters of a command: fewer stand under the name, and so many are told at least and most


def main(*words: str) -> int:
    """List the stores, or remove those that are named; the exit status is 0.

    Raises ``ConfigError`` for words that are neither, and for what cannot be removed; nothing is removed then.
    """
    names, output = _asked(words)
    console = console_of()
    for fault in finish_removals(output):
        _line(console, fault)
    if names:
        _remove(console, names, output)
    else:
        _list(console, output)
    return 0


def _asked(words: Sequence[str]) -> tuple[list[str], str]:
    """The names of stores to be removed, none to list all, and the folder of results."""
    output, rest = OUTPUT, list[str]()
    for word in words:
        key, equals, place = word.partition("=")
        if equals and key == "output":
            output = place
        else:
            rest.append(word)
    if not output or (os.path.exists(output) and not is_folder(Path(output))):  # noqa: PTH110 - whatever text it is
        raise ConfigError(f"stores: output: found {quoted(output)}; accepted: a folder of results")
    if rest and rest[0] != REMOVE:
        hint = meant(rest[0], [REMOVE])
        raise ConfigError(f"stores: found {quoted(rest[0])}; accepted: {REMOVE} NAME ..., output=DIR, or nothing to list all{hint}")
    if rest == [REMOVE]:
        raise ConfigError(f"stores: found {REMOVE} without a name; accepted: names that `rogatory stores` lists")
    return rest[1:], output


def _remove(console: Terminal, names: Sequence[str], output: str) -> None:
    gone = removed(names, output)
    for store in gone:
        _line(console, f"Removed {visible(store.name)}: {size_text(store.size)} freed.")
    if len(gone) > 1:
        _line(console, f"{counted(len(gone), 'store')}: {size_text(sum(store.size for store in gone))} freed.")


def _list(console: Terminal, output: str) -> None:
    folders = stored(output)
    found: list[Glance] = []
    if folders:
        with held():  # libraries do not expect an interrupt while they are imported
            from experiments.store.glance import glance
        found = sorted(
            (one for one in map(glance, folders) if is_folder(one.folder)),  # but for one that is removed meanwhile
            key=lambda one: (-one.written, one.folder),
        )
    if found:
        console.print(_table(found, output, console.width))
        for line in _notes(found, output):
            _line(console, line)
    else:
        _line(console, f"No stores in {shown_place(output)}.")


def _table(found: Sequence[Glance], output: str, width: int) -> Table:
    """A row a store, the latest first; of its command as much as there is room for, under the name where there is little."""
    now = time.time()
    rows = [(_name(one), one.state, _runs(one), size_text(one.size), age_text(now - one.written)) for one in found]
    names, *others = (max(map(len, column)) for column in zip(_COLUMNS, *rows, strict=True))
    left = width - _EDGE - sum(other + _GAP for other in others)
    beside = left - names - _GAP
    room = min(beside if beside >= _BESIDE else max(left - len(_INDENT), _LEAST), _MOST)
    title = f"{counted(len(found), 'store')} in {Path(output).as_posix()}, {size_text(sum(one.size for one in found))}"
    table = table_of(title, (*_COLUMNS, "command") if beside >= _BESIDE else _COLUMNS)
    table.columns[0].overflow = "fold"  # a name is there to be typed
    for (name, *cells), one in zip(rows, found, strict=True):
        command = short(visible(one.command.removeprefix("rogatory ")), room)
        below = f"{name}\n{_INDENT}{command}" if command else name
        table.add_row(*((name, *cells, command) if beside >= _BESIDE else (below, *cells)))
    return table


def _name(one: Glance) -> str:
    return visible(inked(one.folder.name))


def _runs(one: Glance) -> str:
    return "?" if one.runs is None else f"{one.runs:,}"


def _notes(found: Sequence[Glance], output: str) -> list[str]:
    """What stands under the table: what cannot be read and why, and which stores are another version's."""
    lines = [f"{_name(one)}: {visible(one.wrong)}" for one in found if one.wrong]
    others = [_name(one) for one in found if one.schema and one.state.startswith("schema")]
    if others:
        lines.append(f"Of another schema, which this version does not read: {in_brief(others)}.")
    former = [_name(one) for one in found if one.folder.parent.name == BEFORE]
    if former:
        lines.append(f"In {(Path(output) / BEFORE).as_posix()}, where older versions kept stores: {in_brief(former)}.")
    return lines


def _line(console: Terminal, line: str) -> None:
    console.print(line, highlight=False, soft_wrap=True)
