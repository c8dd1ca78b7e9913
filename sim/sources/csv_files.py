"""One strict reader of CSV tables: every row is as long as the header, or the table is refused by file and line.

Whatever a user hands in is read here: tables of points, of states and of penalties, and publishers' files. An entry is handed on
as the text that stands there; only an empty one is missing, so that ``NA`` is a word like any other. A table is UTF-8, with a
byte order mark or without, its entries are separated by commas, and a line ends as on any system. Names of columns match exactly.
"""

from __future__ import annotations

import csv
import errno
import os
import re
from collections.abc import Callable, Iterator, Sequence
from io import TextIOWrapper
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from sim.sources.checksums import file_fault
from sim.world.record import RogatoryError, quoted

_MOST_ROWS = 1_000_000
"""Rows of a table; *assumption*: as many as a design may have points."""
MOST_CSV_BYTES = 1 << 30
"""Bytes of a table; *assumption*: twice the largest release that the tables were built from."""
_MOST_LETTERS = 1 << 22
"""Letters of one line; *assumption*: far more than the header of four thousand columns needs."""
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "upright bars"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # how such a file begins
_DIGITS = 4000  # of a whole number; Python reads no more than 4300
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_MUCH_LIKE_ONE = re.compile(
    r"""[+-]?(?:0[xob][0-9a-f_]+                                                # of another base
          |\.?(?:inf(?:inity)?|nan)                                             # no number at all
          |[0-9][0-9_'\u00a0\u202f ]*(?:[.,:][0-9_' ]*)*(?:e[+-]?[0-9_]+)?)%?   # with marks between digits, or zeros before them
    """,
    re.IGNORECASE | re.VERBOSE,
)


class TableError(RogatoryError, ValueError):
    """A table cannot be used; the message is one line naming file, place, what was found and what is accepted."""


class NoHeaderError(TableError):
    """No row of a file begins a table as wanted."""


class CsvRow(NamedTuple):
    """One row of a table."""

    line: int  # of the file, from 1, on which it begins
    entries: list[str]  # as many as the header has names


class CsvTable(NamedTuple):
    """A table as it stands in its file."""

    header: list[str]
    rows: list[CsvRow]


def sheet_of(path: Path, shown: str, may_be_empty: bool = False) -> CsvTable:
    """Read a table whole; ``shown`` is how mistakes name it.

    Raises
    ------
    TableError
        No file, no UTF-8, no table, other separators than commas, a header with a blank, doubled or padded name, a row that is
        longer or shorter than the header or empty, more than `MOST_ROWS` rows; no row at all, unless it ``may_be_empty``.
    """
    rows = csv_rows(path, shown)
    header = next(rows).entries
    sheet = CsvTable(header, list(rows))
    if not (sheet.rows or may_be_empty):
        raise TableError(f"{shown}: found no row under the header; accepted: a header and at least one row")
    return sheet


def csv_rows(
    path: Path, shown: str, begins: Callable[[list[str]], bool] | None = None, published: bool = False
) -> Iterator[CsvRow]:
    """The header of a table, then its rows one by one; a file of any length is read in little memory.

    What stands before the first row that ``begins`` a table is passed over (by default there is nothing before). Files as
    publishers have them (``published``) may have blank lines, and a last column without name and entries.

    Raises
    ------
    TableError
        As `sheet_of`, when the row is reached.
    """
    fault = file_fault(path)
    if fault:
        told = f"not found in {path.parent}" if os.strerror(errno.ENOENT) in fault else fault
        raise TableError(f"{shown}: {told}; accepted: a CSV table")
    if path.stat().st_size > MOST_CSV_BYTES:
        raise TableError(f"{shown}: found {path.stat().st_size:,} bytes; accepted: a CSV table of at most {MOST_CSV_BYTES:,}")
    try:
        with path.open("rb") as raw:
            if raw.peek(2)[:2] in _UTF_16:
                raise TableError(f"{shown}: found UTF-16; accepted: a CSV table in UTF-8")
            with TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file:
                yield from _checked(_records(file, shown), shown, begins, published)
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x}, which is no UTF-8 (Latin-1 or Windows-1252?)"
        raise TableError(f"{shown}: line {_line_of_no_utf_8(path)}: found {found}; accepted: a CSV table in UTF-8") from None
    except OSError as error:
        raise TableError(f"{shown}: cannot be read ({error.strerror}); accepted: a CSV table") from None


def number_in(text: str) -> float | int | None:
    """The number that a text is, in one of the usual ways (``1000``, ``-0.5``, ``1e-05``); None for anything else.

    Whole numbers are whole. What only looks like a number is none: ``1_000``, ``1,5``, ``04``, ``0x10``, ``1:30``, ``inf``,
    ``nan``, and what is too large for a double. Spaces around it do not count.

    >>> number_in("1e-05"), number_in(" 3 "), number_in("04"), number_in("1_000"), number_in("nan")
    (1e-05, 3, None, None, None)
    """
    if not is_number(text):
        return None
    text = text.strip(" ")
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) <= _DIGITS else None
    value = float(text)
    return value if isfinite(value) else None


def is_number(text: str) -> bool:
    """Whether a text is written as a number in the usual way, however large."""
    return bool(_NUMBER.fullmatch(text.strip(" ")))


def much_like_a_number(text: str) -> bool:
    """Whether a text is no number in the usual way, and would be taken for one by a reader of another mind.

    >>> [much_like_a_number(text) for text in ("04", "1_000", "1,5", "NaN", "1:30", "0x10", "50%", "2029-03-01", "NA", "2 of 3")]
    [True, True, True, True, True, True, True, False, False, False]
    """
    return number_in(text) is None and bool(_MUCH_LIKE_ONE.fullmatch(text.strip()))


def _checked(
    records: Iterator[CsvRow], shown: str, begins: Callable[[list[str]], bool] | None, published: bool
) -> Iterator[CsvRow]:
    """The header and the rows under it, all of one length."""
    header = _header_in(records, shown, begins)
    spare = published and len(header.entries) > 1 and not header.entries[-1]  # a last column without a name
    names = header.entries[:-1] if spare else header.entries
    _refuse_header(names, f"{shown}: line {header.line}", published)
    yield CsvRow(header.line, names)
    for count, row in enumerate(_filled(records, shown, published), 1):
        where = f"{shown}: line {row.line}"
        if count > _MOST_ROWS:
            raise TableError(f"{where}: found more than {_MOST_ROWS:,} rows; accepted: at most that many")
        entries = row.entries[:-1] if spare and _ends_in_a_comma(row.entries, len(names)) else row.entries
        if len(entries) != len(names):
            raise TableError(f"{where}: {_of_another_length(entries, len(names))}")
        if not any(entries):
            raise TableError(f"{where}: found a row without an entry; accepted: at least one entry in each row")
        yield CsvRow(row.line, entries)


def _header_in(records: Iterator[CsvRow], shown: str, begins: Callable[[list[str]], bool] | None) -> CsvRow:
    # The first row that begins a table; the rows before it are used up. Raises NoHeaderError where there is none
    header = next((row for row in records if begins is None or begins(row.entries)), None)
    if header is None:
        found = "nothing in it" if begins is None else "no header as wanted"
        raise NoHeaderError(f"{shown}: found {found}; accepted: a header and at least one row")
    return header


def _filled(records: Iterator[CsvRow], shown: str, published: bool) -> Iterator[CsvRow]:
    # The rows that are no blank lines. Raises TableError for a blank line before a row, unless the table is published
    blank = 0  # the first of the blank lines before a row
    for row in records:
        if not row.entries:
            blank = blank or row.line
            continue
        if blank and not published:
            raise TableError(f"{shown}: line {blank}: found a blank line; accepted: a row on every line up to the last")
        yield row


def _refuse_header(names: Sequence[str], where: str, published: bool) -> None:
    # Raise TableError for a line that cannot name columns: blank, separated otherwise, with a bad or a doubled name
    if not names:
        raise TableError(f"{where}: found a blank line; accepted: the names of the columns, separated by commas")
    if len(names) == 1 and (word := _separated_by(names[0])):
        raise TableError(f"{where}: found columns separated by {word}; accepted: commas")
    for place, name in enumerate(names):
        if not name.strip():
            comma = " (the line ends in a comma)" if place == len(names) - 1 else ""
            raise TableError(f"{where}: found no name for column {place + 1}{comma}; accepted: a name for every column")
        if name != name.strip() and not published:
            raise TableError(f"{where}: found column {quoted(name)}, with spaces around it; accepted: {quoted(name.strip())}")
    for name in _doubled(names)[:1]:
        raise TableError(f"{where}: found column {quoted(name)} twice; accepted: each column once")


def _doubled(names: Sequence[str]) -> list[str]:
    # The names that stand before in the same line
    return [] if len(set(names)) == len(names) else [name for place, name in enumerate(names) if name in names[:place]]


def _separated_by(entry: str) -> str:
    # What seems to separate columns within one entry, in words; empty where nothing does
    return next((word for separator, word in _SEPARATORS.items() if separator in entry), "")


def _ends_in_a_comma(entries: Sequence[str], columns: int) -> bool:
    # Whether a row has one entry more than there are columns, and nothing in it
    return len(entries) == columns + 1 and not entries[-1]


def _of_another_length(entries: Sequence[str], columns: int) -> str:
    # What is wrong with a row that is longer or shorter than the header, and what is accepted
    found = f"{len(entries)} {'entry' if len(entries) == 1 else 'entries'} under {columns} column{'s' if columns > 1 else ''}"
    why = ""
    if _ends_in_a_comma(entries, columns):
        why = " (the line ends in a comma)"
    elif len(entries) == 1 and (word := _separated_by(entries[0])):
        why = f" ({word} separate nothing)"
    comma = ", and an entry that holds a comma in quotes" if len(entries) > columns and not why else ""
    return f"found {found}{why}; accepted: {columns}, as in the header{comma}"


def _records(file: TextIOWrapper, shown: str) -> Iterator[CsvRow]:
    """What stands between line ends, as CSV has it: quotes may hold commas, quotes and line ends."""
    reader = csv.reader(_lines(file, shown), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            entries = next(reader, None)
        except csv.Error as error:
            raise TableError(f"{shown}: line {line}: {_torn(str(error))}") from None
        if entries is None:
            return
        yield CsvRow(line, entries)


def _torn(told: str) -> str:
    """What the reader of CSV says, in words of what stands in the file."""
    if "field larger" in told:
        found = f"an entry of more than {csv.field_size_limit():,} letters, from a quote that is not closed perhaps"
    elif "end of data" in told:
        found = "a quote that is not closed"
    elif "expected after" in told:
        found = "letters after a closing quote, or a quote that is not closed"
    else:
        found = told
    return f'found {found}; accepted: an entry in quotes, with each quote in it doubled ("")'


def _lines(file: TextIOWrapper, shown: str) -> Iterator[str]:
    number = 0
    while line := file.readline(_MOST_LETTERS):
        number += 1
        if len(line) == _MOST_LETTERS:
            raise TableError(f"{shown}: line {number}: found more than {_MOST_LETTERS:,} letters; accepted: a line for each row")
        if "\0" in line:
            raise TableError(f"{shown}: line {number}: found a zero byte (UTF-16?); accepted: a CSV table in UTF-8")
        yield line


def _line_of_no_utf_8(path: Path) -> int:
    """The first line that is no UTF-8."""
    number = 1
    with path.open("rb") as file:
        for line in file:
            ends = [*re.finditer(rb"\r\n?|\n", line)]
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return number + sum(end.end() <= error.start for end in ends)
            number += len(ends)
    return number
