"""The register of parameters, listed and searched: ``rogatory keys [WORD ...]``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from experiments.console import Terminal, console_of
from experiments.report.parameters import joined_numbers
from experiments.text import counted
from sim.errors import ConfigError, meant, quoted
from sim.posterior import shipped_rows
from sim.register import PATTERNS, Parameter, register

TOLD_FULLY = 6
"""Lines of the configuration that are told fully; more are a table."""
_COLUMNS = ("key", "value", "unit", "support", "prior", "role", "status", "informed by")
_KEY = 36  # letters of a key that stand on one line, where there are so many
_BROKEN = ("key", "value", "unit")  # columns whose words may go on on another line
_PARTS = re.compile(r"[._]")  # between the words of a key
_TAIL = 0.05  # of a prior, on either side of the interval that is told
_INDENT = 12  # letters before what is told of a key

Line = tuple[Parameter, ...]
"""The numbers of one line of a file, which share a note."""


def main(*words: str) -> int:
    """List the numbers of the configuration that have every word somewhere in what is said of them; all without a word.

    The exit status is 0. Raises ``ConfigError`` for a word that stands nowhere.
    """
    found = lines_with(words)
    console = console_of()
    if words and len(found) <= TOLD_FULLY:
        for place, line in enumerate(found):
            _tell(console, line, apart=place > 0)
    else:
        console.print(_table(found))
        numbers = counted(sum(map(len, found)), "number")
        drawn = sum(one.drawn for line in found for one in line)
        console.print(f"{numbers}, {drawn} of them drawn under parameters=prior.", highlight=False)
        console.print("rogatory keys KEY tells one with its source and its line.", highlight=False)
    return 0


def lines_with(words: Sequence[str]) -> list[Line]:
    """The lines of the register that have every word, in whatever case. Raises ``ConfigError`` for a word that none of them has."""
    lines = [tuple(line) for _, line in groupby(register(), key=lambda one: (one.file, one.line))]
    for place, word in enumerate(words):
        if not any(letter.isalnum() for letter in word):
            raise ConfigError(f"keys: found {quoted(word)}; accepted: words with a letter or a digit, or none for all")
        left = [line for line in lines if _has(line, word)]
        if not left:
            also = f" beside {quoted(' '.join(words[:place]))}" if place else ""
            names = {name for one in register() for name in (one.key, *_PARTS.split(one.key), *one.key.split("."))}
            wanted = "a part of a key, a unit, a prior, a role, a status, a source, a file or a pattern"
            raise ConfigError(f"keys: found {quoted(word)}{also}, which no number has; accepted: {wanted}{meant(word, names)}")
        whole = [line for line in left if any(one.key == word for one in line)]
        lines = whole or left
    return lines


def _has(line: Line, word: str) -> bool:
    """Whether a word stands in what is said of a line; the name of a pattern, whether the pattern informs it."""
    return word.upper() in line[0].informs if word.upper() in PATTERNS else word.lower() in _said_of(line)


def _said_of(line: Line) -> str:
    first = line[0]
    said = (*(one.key for one in line), _place(first), first.unit, *_cells(line)[3:], first.source)
    return "\n".join(said).lower()


def _cells(line: Line) -> tuple[str, ...]:
    """What the table shows of a line: ``_COLUMNS``."""
    first = line[0]
    key, value = joined_numbers([one.key for one in line], [f"{one.value:g}" for one in line])
    status = f"{first.status}, weak" if first.weak else first.status
    prior = "" if first.prior is None else first.prior.words
    return (key, value, first.unit, first.range, prior, first.role, status, " ".join(first.informs))


def _place(one: Parameter) -> str:
    return f"configs/{one.file}:{one.line}"


def _table(lines: Sequence[Line]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in _COLUMNS:
        least = _KEY if column == _COLUMNS[0] else None
        table.add_column(column, no_wrap=column not in _BROKEN, overflow="fold", min_width=least)
    for line in lines:
        table.add_row(*map(Text, _cells(line)))
    return table


def _tell(console: Terminal, line: Line, apart: bool) -> None:
    """One line of a file with all that its note says."""
    key, value, *rest = _cells(line)
    if apart:
        console.print()
    console.print(f"{key} = {value}", style="bold", highlight=False)
    heads = (*_COLUMNS[2:], "source", "written in")
    for head, said in zip(heads, (*rest, line[0].source, _place(line[0])), strict=True):
        if said:
            told = f"{said}{_interval(line)}" if head == "prior" else said
            console.print(f"  {head:<{_INDENT}}{told}", highlight=False)
            if head == "prior" and (calibrated := _posterior(line)):
                console.print(f"  {'posterior':<{_INDENT}}{calibrated}", highlight=False)


def _posterior(line: Line) -> str:
    """The median and the central 90 % of the shipped posterior; nothing for a number that was not calibrated."""
    rows = shipped_rows()
    if len(line) > 1 or line[0].key not in rows.keys:
        return ""
    column = rows.values[:, rows.keys.index(line[0].key)]
    low, middle, high = np.quantile(column, (_TAIL, 0.5, 1 - _TAIL))
    return f"median {middle:.3g}, 90 % from {low:.3g} to {high:.3g} (docs/calibration.md)"


def _interval(line: Line) -> str:
    """The median and the central 90 % of a prior; nothing for a number that no draw moves, or for several."""
    (first, *others) = line
    if others or first.prior is None or not first.drawn:
        return ""
    low, middle, high = (first.prior.quantile(u) for u in (_TAIL, 0.5, 1 - _TAIL))
    return f" (median {middle:.3g}, 90 % from {low:.3g} to {high:.3g})"
