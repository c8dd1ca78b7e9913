"""How a cell of a publisher's file becomes one of ours: which column, rounded how, refused when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from pathlib import Path

from sim.sources.csv_files import NoHeaderError, TableError, csv_rows

_Row = dict[str, str]


@dataclass(frozen=True)
class Recipe:
    """How one of our columns is made: from which compiled column, rounded how, and how old the compiled figure is."""

    name: str
    compiled: str
    rounded: Callable[[Decimal], Decimal]
    year: int


def significant(value: Decimal) -> Decimal:
    """Round to three significant digits.

    >>> significant(Decimal("40099462")), significant(Decimal("37.8067")), significant(Decimal("0.4716"))
    (Decimal('40100000'), Decimal('37.8'), Decimal('0.472'))
    """
    if value == 0:
        return Decimal(0)
    return _plain(value.quantize(Decimal(1).scaleb(value.adjusted() - 2), rounding=ROUND_HALF_EVEN))


def decimals(value: Decimal) -> Decimal:
    """Round to three decimals.

    >>> decimals(Decimal("-1.6705879")), decimals(Decimal("3.0"))
    (Decimal('-1.671'), Decimal('3'))
    """
    return _plain(value.quantize(Decimal("0.001"), rounding=ROUND_HALF_EVEN))


def _plain(value: Decimal) -> Decimal:
    """Drop trailing zeros and the sign of nought, and write no exponent."""
    value = value.normalize() + 0
    exponent = value.as_tuple().exponent
    return value.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else value


STATES = (
    Recipe("population", "population", significant, 2021),
    Recipe("internet_pct", "internet_pct", significant, 2021),
    Recipe("gdp_per_head", "gdp_pc_ppp", significant, 2021),
    Recipe("government_effectiveness", "gov_effectiveness", decimals, 2022),
    Recipe("rule_of_law", "wgi_rule_of_law", decimals, 2022),
    Recipe("online_service", "egov_online_service", decimals, 2022),
    Recipe("regime", "vdem_regime", decimals, 2023),
    Recipe("liberal_democracy", "vdem_libdem", decimals, 2023),
    Recipe("free_expression", "vdem_freexp", decimals, 2023),
    Recipe("physical_integrity", "vdem_clphy", decimals, 2023),
    Recipe("judicial_constraints", "vdem_jucon", decimals, 2023),
    Recipe("court_independence", "vdem_hc_indep", decimals, 2023),
    Recipe("journalist_safety", "vdem_harass_journ", decimals, 2023),
    Recipe("civil_society_freedom", "vdem_cso_repress", decimals, 2023),
    Recipe("online_arrests", "online_arrests_2021", decimals, 2021),
    Recipe("political_terror", "pts_2023", decimals, 2023),
    Recipe("speech_removal_share", "google_removal_speech_share", decimals, 2025),
    Recipe("hanoi_signatory", "uncc_signed", decimals, 2025),
    Recipe("budapest_party", "budapest_party", decimals, 2024),
    Recipe("us_mlat", "us_mlat", decimals, 2015),
    Recipe("iccpr_party", "iccpr_party", decimals, 2022),
    Recipe("data_protection_law", "data_protection_law", decimals, 2026),
    Recipe("samesex_criminalised", "samesex_criminalised", decimals, 2022),
    Recipe("eu_member", "eu_member", decimals, 2025),
    Recipe("coe_member", "coe_member", decimals, 2025),
    Recipe("common_law", "common_law", decimals, 2025),
    Recipe("ideal_point", "unga_idealpoint", decimals, 2023),
    Recipe("mla_requests_to_google", "google_mla_2019_2025", significant, 2025),
    Recipe("emigrants", "emigrants_2019", significant, 2019),
)


def rows_in(path: Path, needed: Sequence[str], preamble: bool = False, fold: bool = False) -> Iterator[tuple[int, _Row]]:
    """Yield (line, row) of a CSV file whose header has all of ``needed``.

    ``preamble`` skips the lines before the header; ``fold`` takes header names without capitals and apostrophes.
    """

    def named(entries: list[str]) -> list[str]:
        return [_folded(cell) if fold else cell.strip() for cell in entries]

    try:
        rows = csv_rows(path, path.name, (lambda entries: needed[0] in named(entries)) if preamble else None, published=True)
        header = named(next(rows).entries)
    except NoHeaderError:
        header = []
    for name in needed:
        if name not in header:
            raise TableError(f"{path.name}, column {name}: found no such column; accepted is a header with it")
        if header.count(name) > 1:
            raise TableError(f"{path.name}, column {name}: found it twice; accepted is a header with each column once")
    for line, entries in rows:
        yield line, dict(zip(header, entries, strict=True))


def at(path: Path, line: int, column: str) -> str:
    """A place in a file, as errors name it."""
    return f"{path.name}, line {line}, column {column}"


def _folded(cell: str) -> str:
    return cell.strip().lower().replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")


def rows_by_key(path: Path, rows: Iterator[tuple[int, _Row]], key: str) -> dict[str, _Row]:
    """Rows by the entry of a column. Raises ``TableError`` for an entry that comes twice."""
    keyed: dict[str, _Row] = {}
    for line, row in rows:
        if row[key] in keyed:
            raise TableError(f"{at(path, line, key)}: found {row[key]} a second time; accepted is one row a state")
        keyed[row[key]] = row
    return keyed


def rounded(path: Path, column: str, where: str, cell: str, recipe: Recipe) -> str:
    """A cell's figure as a recipe rounds it; an empty cell stays empty. Raises ``TableError`` for what is no number."""
    if not cell.strip():
        return ""
    try:
        value = Decimal(cell.strip())
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        raise TableError(f"{path.name}, column {column}, {where}: found {cell!r}; accepted is a number, or nothing")
    return str(recipe.rounded(value))


def whole_number(path: Path, line: int, column: str, cell: str) -> int:
    """The whole number of at least 0 in a cell. Raises ``TableError`` for anything else."""
    try:
        value = Decimal(cell.strip())
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or value != value.to_integral_value() or value < 0:
        raise TableError(f"{at(path, line, column)}: found {cell!r}; accepted is a whole number of at least 0")
    return int(value)


def refuse_unknown_code(path: Path, line: int, column: str, code: str, codes: Sequence[str]) -> None:
    """Raise ``TableError`` for a code that is none of the UN members'."""
    if code not in codes:
        raise TableError(f"{at(path, line, column)}: found {code!r}; accepted are the {len(codes)} UN members")
