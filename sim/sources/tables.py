"""The committed tables of states, pairs, exiles and maximum penalties, read and checked.

A table is refused as a whole or accepted as a whole: a missing column, a doubled state, an unknown name, a word where a
number belongs or a number out of its range is named in one line with the file, the place, what was found and what is
accepted. Empty cells mean *not in the source* and are handed on as missing; nothing is filled in here. What each column
means, its unit, year, publisher and licence stand in ``tables/COLUMNS.md`` beside the tables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import inf
from pathlib import Path

import numpy as np
import pandas as pd

from sim.sources.checksums import TABLES_FOLDER
from sim.sources.csv_files import TableError, is_number, sheet_of
from sim.world.record import quoted
from sim.world.vocabulary import OWN_LAWS

TAGS = ("read", "secondary", "unverified")
"""How well a penalty is known: statute text seen, a second hand's report, or neither checked."""

LIFE_YEARS = 60.0
"""Life imprisonment or death, in years: it is only ever compared with thresholds."""


_MOST_WHOLE = 2.0**53
"""Whole numbers up to here are kept exactly."""


@dataclass(frozen=True)
class NumberColumn:
    """One numeric column: its name, the closed range of its cells, whether whole, whether they may be empty."""

    name: str
    low: float
    high: float
    whole: bool = False
    may_be_empty: bool = False

    @property
    def accepted(self) -> str:
        """The cells this column takes, in words.

        >>> NumberColumn("regime", 0, 3, whole=True, may_be_empty=True).accepted
        'a whole number from 0 to 3, or nothing'
        """
        number = "a whole number" if self.whole else "a number"
        limits = f"from {self.low:g} to {self.high:g}" if self.high < inf else f"of at least {self.low:g}"
        return f"{number} {limits}" + (", or nothing" if self.may_be_empty else "")


def _flag(name: str) -> NumberColumn:
    return NumberColumn(name, 0, 1, whole=True)


def _count(name: str) -> NumberColumn:
    return NumberColumn(name, 0, inf, whole=True)


def _known(name: str, low: float, high: float, whole: bool = False) -> NumberColumn:
    return NumberColumn(name, low, high, whole=whole, may_be_empty=True)


STATE_WORDS = ("code", "name", "region", "subregion")
STATE_COLUMNS = (
    NumberColumn("lon", -180, 180),
    NumberColumn("lat", -90, 90),
    _count("population"),
    _known("internet_pct", 0, 100),
    _known("gdp_per_head", 0, inf),
    _known("government_effectiveness", -4, 4),
    _known("rule_of_law", -4, 4),
    _known("online_service", 0, 1),
    _known("regime", 0, 3, whole=True),
    _known("liberal_democracy", 0, 1),
    _known("free_expression", 0, 1),
    _known("physical_integrity", 0, 1),
    _known("judicial_constraints", 0, 1),
    _known("court_independence", -6, 6),
    _known("journalist_safety", -6, 6),
    _known("civil_society_freedom", -6, 6),
    _known("online_arrests", -6, 6),
    _known("political_terror", 1, 5, whole=True),
    _known("speech_removal_share", 0, 1),
    _flag("hanoi_signatory"),
    _flag("hanoi_signed_later"),
    _flag("budapest_party"),
    _flag("us_mlat"),
    _flag("iccpr_party"),
    _known("data_protection_law", 0, 1),
    _flag("samesex_criminalised"),
    _flag("eu_member"),
    _flag("coe_member"),
    _flag("common_law"),
    _known("ideal_point", -5, 5),
    _count("mla_requests_to_google"),
    _count("exiles_abroad"),
    _count("emigrants"),
)
PAIR_WORDS = ("a", "b")
PAIR_COLUMNS = (_flag("contiguous"), _flag("defence_alliance"), _count("shared_blocs"))
EXILE_WORDS = ("origin", "host")
EXILE_COLUMNS = (_count("people"),)
DIRECT_WORDS = ("code",)
DIRECT_COLUMNS = (
    NumberColumn("ordinary", 1, inf, whole=True, may_be_empty=True),
    _known("ordinary_answered", 0, 1),
    NumberColumn("emergency", 1, inf, whole=True, may_be_empty=True),
    _known("emergency_answered", 0, 1),
)
PENALTY_WORDS = ("code", "offence", "basis", "tag")
PENALTY_COLUMNS = (_known("max_years", 0, inf),)
OWN_LAW_WORDS = ("code", "law", "basis", "tag")
OWN_LAW_COLUMNS = (_flag("holds"),)
OWN_LAW_ORDER = ("code", "law", "holds", "basis", "tag")
PENALTY_ORDER = ("code", "offence", "max_years", "basis", "tag")


def packaged() -> list[Path]:
    """The files that are read where no other is named."""
    return sorted(TABLES_FOLDER.glob("*.csv"))


def read_states(path: Path | None = None) -> pd.DataFrame:
    """Read the states: one row per UN member, index ``code`` (ISO 3166-1 alpha-3) in alphabetical order.

    Words are ``str``; whole columns that may not be empty are ``int64`` ``[N]``; all others ``float64`` ``[N]`` with
    NaN where the source is silent. ``path`` None reads the packaged table. Units, years and publishers: ``COLUMNS.md``.

    Raises
    ------
    TableError
        A column missing or unknown, a state doubled or misnamed, a cell that is no number or out of range.
    """
    path = path or TABLES_FOLDER / "states.csv"
    table = _read(path, STATE_WORDS, STATE_COLUMNS)
    for row, code in enumerate(table["code"]):
        if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
            raise TableError(f"{_at(path, table, row)}, code: found {quoted(code)}; accepted is a code of three capital letters")
    _refuse_doubles(path, table, ("code",))
    for row, name in enumerate(table["name"]):
        if not name:
            raise TableError(f"{_at(path, table, row)}, name: found nothing; accepted is a short name")
    return table.set_index("code").sort_index()


def read_pairs(path: Path | None = None, codes: Collection[str] | None = None) -> pd.DataFrame:
    """Read the ties between pairs of states: columns ``a < b``, ``contiguous``, ``defence_alliance``, ``shared_blocs``.

    Each unordered pair stands once, in alphabetical order; a pair not listed has none of the three. ``codes`` are the
    states that may occur (None: those of the packaged table).

    Raises
    ------
    TableError
        As for `read_states`; also an unknown state, a pair doubled, or ``a`` not before ``b``.
    """
    path = path or TABLES_FOLDER / "pairs.csv"
    table = _read(path, PAIR_WORDS, PAIR_COLUMNS, may_be_empty=True)
    _refuse_unknown(path, table, PAIR_WORDS, "state", _codes(codes))
    for row, (a, b) in enumerate(zip(table["a"], table["b"], strict=True)):
        if not a < b:
            raise TableError(
                f"{_at(path, table, row)}, a: found {quoted(a)} with b {quoted(b)}; accepted is a before b in the alphabet"
            )
    _refuse_doubles(path, table, PAIR_WORDS)
    return table.sort_values(list(PAIR_WORDS), ignore_index=True)


def read_exiles(path: Path | None = None, codes: Collection[str] | None = None) -> pd.DataFrame:
    """Read who fled where: columns ``origin``, ``host``, ``people`` (persons, three significant digits).

    Refugees, asylum seekers and others in need of protection (UNHCR). Only hosts with at least 1 % of an origin's total
    are listed. ``codes`` as in `read_pairs`.

    Raises
    ------
    TableError
        As for `read_states`; also an unknown state, a flow doubled, or a state that hosts its own exiles.
    """
    path = path or TABLES_FOLDER / "exiles.csv"
    table = _read(path, EXILE_WORDS, EXILE_COLUMNS, may_be_empty=True)
    _refuse_unknown(path, table, EXILE_WORDS, "state", _codes(codes))
    for row, (origin, host) in enumerate(zip(table["origin"], table["host"], strict=True)):
        if origin == host:
            raise TableError(f"{_at(path, table, row)}, host: found {quoted(host)}; accepted is a state other than the origin")
    _refuse_doubles(path, table, EXILE_WORDS)
    return table.sort_values(list(EXILE_WORDS), ignore_index=True)


def read_direct(path: Path | None = None, codes: Collection[str] | None = None) -> pd.DataFrame:
    """Read the requests that states sent to two firms themselves: columns ``code``, and per process requests and share answered.

    ``ordinary`` and ``emergency`` are requests of one year (three significant digits), NaN where no firm lists any: that is
    *not listed*, never zero, and a zero is refused. ``ordinary_answered`` and ``emergency_answered`` are shares in [0, 1]
    answered with some data. ``codes`` as in `read_pairs`; a state without a row is not listed at all.

    Raises
    ------
    TableError
        As for `read_states`; also an unknown state, a count without its share, or a share without its count.
    """
    path = path or TABLES_FOLDER / "direct.csv"
    table = _read(path, DIRECT_WORDS, DIRECT_COLUMNS, may_be_empty=True)
    _refuse_unknown(path, table, DIRECT_WORDS, "state", _codes(codes))
    _refuse_doubles(path, table, DIRECT_WORDS)
    for count in ("ordinary", "emergency"):
        torn = np.flatnonzero((table[count].isna() != table[f"{count}_answered"].isna()).to_numpy())
        if torn.size:
            where = f"{_at(path, table, int(torn[0]))}, {count}"
            raise TableError(f"{where}: found a count or a share alone; accepted are both, or neither")
    return table.sort_values("code", ignore_index=True)


def read_penalties(
    path: Path | None = None, codes: Collection[str] | None = None, offences: Collection[str] | None = None
) -> pd.DataFrame:
    """Read the known maximum penalties: columns ``code``, ``offence``, ``max_years``, ``basis``, ``tag``.

    ``max_years`` is in years, decimal; life imprisonment and death are `LIFE_YEARS`; NaN says *known to be no crime*. A
    state and offence that are not listed are unknown, which is something else. ``tag`` is one of `TAGS`. ``codes`` as
    in `read_pairs`; ``offences`` are the names that may occur (None: any name).

    Raises
    ------
    TableError
        As for `read_states`; also an unknown state, offence or tag, a pair doubled, a negative penalty.
    """
    path = path or TABLES_FOLDER / "penalties.csv"
    table = _read(path, PENALTY_WORDS, PENALTY_COLUMNS, may_be_empty=True)
    _refuse_unknown(path, table, ("code",), "state", _codes(codes))
    if offences is not None:
        _refuse_unknown(path, table, ("offence",), "offence", offences)
    _refuse_unfounded(path, table)
    _refuse_doubles(path, table, ("code", "offence"))
    return table[list(PENALTY_ORDER)].sort_values(["code", "offence"], ignore_index=True)


def read_own_laws(path: Path | None = None, codes: Collection[str] | None = None) -> pd.DataFrame:
    """Read what states' own laws want before data go abroad: columns ``code``, ``law``, ``holds``, ``basis``, ``tag``.

    ``law`` is one of ``OWN_LAWS``; ``holds`` is 1 where the state's law has it and 0 where it is known to lack it. A state and
    law that are not listed are unknown, which is something else. ``tag`` is one of `TAGS`. ``codes`` as in `read_pairs`.

    Raises
    ------
    TableError
        As for `read_states`; also an unknown state, law or tag, a pair doubled, a row without a basis.
    """
    path = path or TABLES_FOLDER / "own_laws.csv"
    table = _read(path, OWN_LAW_WORDS, OWN_LAW_COLUMNS, may_be_empty=True)
    _refuse_unknown(path, table, ("code",), "state", _codes(codes))
    _refuse_unknown(path, table, ("law",), "law", OWN_LAWS)
    _refuse_unfounded(path, table)
    _refuse_doubles(path, table, ("code", "law"))
    return table[list(OWN_LAW_ORDER)].sort_values(["code", "law"], ignore_index=True)


def _refuse_unfounded(path: Path, table: pd.DataFrame) -> None:
    """Raise ``TableError`` for a statement of law without its statute, or without one of the `TAGS`."""
    _refuse_unknown(path, table, ("tag",), "tag", TAGS)
    for row, basis in enumerate(table["basis"]):
        if not basis:
            raise TableError(f"{_at(path, table, row)}, basis: found nothing; accepted is the statute as cited")


def _read(path: Path, words: tuple[str, ...], columns: tuple[NumberColumn, ...], may_be_empty: bool = False) -> pd.DataFrame:
    """Read a table whose header is exactly ``words`` and ``columns`` in any order, its numbers checked.

    The index is the line of the file on which each row begins.
    """
    sheet = sheet_of(path, path.name, may_be_empty)
    wanted = (*words, *(column.name for column in columns))
    for name in wanted:
        if name not in sheet.header:
            raise TableError(f"{path.name}, line 1: column {name!r} is missing; found {_listed(map(_cut, sheet.header))}")
    for name in sheet.header:
        if name not in wanted:
            raise TableError(f"{path.name}, line 1: found the unknown column {quoted(name)}; accepted are {_listed(wanted)}")
    index = pd.Index([row.line for row in sheet.rows], dtype=np.int64)
    text = pd.DataFrame([row.entries for row in sheet.rows], index, sheet.header, dtype=str)
    table = text[list(wanted)].copy()
    for column in columns:
        table[column.name] = _numbers(path, text[column.name], column)
    return table


def _cut(name: str) -> str:
    return quoted(name)[1:-1]


def _numbers(path: Path, cells: pd.Series, column: NumberColumn) -> pd.Series:
    """Turn one column's text into ``float64``, or ``int64`` where it is whole and never empty."""
    text = cells.tolist()
    numbers = pd.Series([float(cell) if is_number(cell) else np.nan for cell in text], cells.index, np.float64)
    values = numbers.to_numpy()
    good = np.isfinite(values) & (values >= column.low) & (values <= column.high)
    if column.whole:
        good &= (values == np.round(values)) & (np.abs(values) <= _MOST_WHOLE)
    if column.may_be_empty:
        good |= np.array([not cell for cell in text], bool)
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        found = quoted(cells.iloc[row]) if cells.iloc[row] else "nothing"
        raise TableError(f"{_at(path, cells, row)}, {column.name}: found {found}; accepted is {column.accepted}")
    return numbers.astype(np.int64) if column.whole and not column.may_be_empty else numbers


def _refuse_doubles(path: Path, table: pd.DataFrame, key: tuple[str, ...]) -> None:
    doubled = np.flatnonzero(table.duplicated(list(key)).to_numpy())
    if doubled.size:
        row = int(doubled[0])
        found = " ".join(table[name].iloc[row] for name in key)
        raise TableError(f"{_at(path, table, row)}, {' '.join(key)}: found {_cut(found)} a second time; accepted is one row each")


def _refuse_unknown(path: Path, table: pd.DataFrame, names: tuple[str, ...], noun: str, known: Collection[str]) -> None:
    for name in names:
        strange = np.flatnonzero(~table[name].isin(list(known)).to_numpy())
        if strange.size:
            row = int(strange[0])
            where, found = f"{_at(path, table, row)}, {name}", table[name].iloc[row]
            raise TableError(f"{where}: found the unknown {noun} {quoted(found)}; accepted are {_listed(known)}")


def _codes(codes: Collection[str] | None) -> Collection[str]:
    return list(read_states().index) if codes is None else codes


def _at(path: Path, table: pd.DataFrame | pd.Series, row: int) -> str:
    return f"{path.name}, line {table.index[row]}"


def _listed(names: Iterable[str]) -> str:
    """List names in one short line: all of them up to forty, else the first three, a count and the last."""
    known = [str(name) for name in names]
    return " ".join(known) if len(known) <= 40 else f"{' '.join(known[:3])} ... {known[-1]} ({len(known)})"
