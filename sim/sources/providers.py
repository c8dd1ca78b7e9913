"""What firms publish of the requests that states sent to them, added up to one row a state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from sim.sources.csv_files import TableError
from sim.sources.recipes import _Row, at, decimals, rows_in, significant, whole_number

_PROCESSES = {
    "Google": {
        **dict.fromkeys(
            (
                *("Other Legal Requests", "Other Court Orders", "Court Orders", "Subpoenas", "Search Warrants"),
                *("Pen Register Orders", "Wiretap Orders", "Police Requests"),
            ),
            "ordinary",
        ),
        "Emergency Disclosure Requests": "emergency",
        **dict.fromkeys(
            (
                *("Preservation Requests", "Requests for data of local subsidiary"),
                *("CLOUD ACT - OPOs", "CLOUD Act - IPA CDRs", "CLOUD Act - IPA TIWs"),
            )
        ),
    },
    "Apple": {
        "account": "ordinary",
        "emergency": "emergency",
        **dict.fromkeys(
            (
                *("device", "financial_identifier", "account_preservation", "account_restriction_deletion"),
                *("digital_content_provider", "push_token"),
            )
        ),
    },
}
"""What a firm's processes are to us; None is left out: preservation, executive agreements, a local subsidiary, lost devices."""


DIRECT_HEADER = ("code", "ordinary", "ordinary_answered", "emergency", "emergency_answered")
PROVIDER_HEADER = ("provider", "period", "iso3", "process", "requests", "pct_disclosed")
HALF_YEAR = re.compile(r"\d{4}-H[12]")


def direct_rows(path: Path, codes: Sequence[str]) -> Iterator[_Row]:
    """Add up a year's requests of each listed state to the firms of `PROCESSES`, and the share answered with some data."""
    sums = _requests_by_process(path, codes)
    known = {key: asked for key, asked in sums.items() if asked.told}
    for code in sorted({code for code, _ in known}):
        row = {"code": code} | dict.fromkeys(DIRECT_HEADER[1:], "")
        for process in ("ordinary", "emergency"):
            if asked := known.get((code, process)):
                row[process] = str(significant(Decimal(asked.requests)))
                row[f"{process}_answered"] = str(decimals(asked.answered / asked.told))
        yield row


class YearOfRequests(NamedTuple):
    """A year's requests of one state by one process."""

    requests: int = 0
    told: int = 0  # of these, requests of which the firm says how many were answered
    answered: Decimal = Decimal(0)  # of these, with some data

    def with_further(self, requests: int, share: Decimal | None) -> YearOfRequests:
        """The same with further requests, of which this share was answered; None where the firm does not say."""
        told = 0 if share is None else requests
        return YearOfRequests(self.requests + requests, self.told + told, self.answered + told * (share or 0))


def _requests_by_process(path: Path, codes: Sequence[str]) -> dict[tuple[str, str], YearOfRequests]:
    """Add up the latest year's requests of the firms of `PROCESSES`: (code, process) to what was asked."""
    rows = [(line, row) for line, row in rows_in(path, PROVIDER_HEADER) if row["provider"] in _PROCESSES]
    year = _latest_year(path, rows)
    sums: dict[tuple[str, str], YearOfRequests] = {}
    for line, row in rows:
        if row["period"] not in year or row["iso3"] not in codes:
            continue
        process = _process(path, line, row["provider"], row["process"])
        requests, share = _answered(path, line, row)
        if process and requests:
            key = (row["iso3"], process)
            sums[key] = sums.get(key, YearOfRequests()).with_further(requests, share)
    return sums


def _process(path: Path, line: int, firm: str, process: str) -> str | None:
    if process not in _PROCESSES[firm]:
        raise TableError(f"{at(path, line, 'process')}: found {process!r}; accepted of {firm} are {', '.join(_PROCESSES[firm])}")
    return _PROCESSES[firm][process]


def _answered(path: Path, line: int, row: _Row) -> tuple[int, Decimal | None]:
    """Requests of one row, and the share of them that were answered."""
    cell = row["pct_disclosed"].strip()
    try:
        share = Decimal(cell or "0") / 100
    except InvalidOperation:
        share = Decimal("nan")
    if not (share.is_finite() and 0 <= share <= 1):
        raise TableError(f"{at(path, line, 'pct_disclosed')}: found {cell!r}; accepted is a number from 0 to 100, or nothing")
    return whole_number(path, line, "requests", row["requests"]), share if cell else None


def _latest_year(path: Path, rows: Sequence[tuple[int, _Row]]) -> tuple[str, str]:
    """Return the two latest half-years, if they follow on each other and every firm of `PROCESSES` has both."""
    periods: dict[str, set[str]] = {firm: set() for firm in _PROCESSES}
    for line, row in rows:
        if not HALF_YEAR.fullmatch(row["period"]):
            raise TableError(f"{at(path, line, 'period')}: found {row['period']!r}; accepted is a half-year, as 2025-H1")
        periods[row["provider"]].add(row["period"])
    last = max(set[str]().union(*periods.values()), default="half-year")
    before = f"{last[:-1]}1" if last.endswith("2") else f"{int(last[:4]) - 1}-H2" if last.endswith("1") else last
    for firm, theirs in periods.items():
        for period in (before, last):
            if period not in theirs:
                where = f"{path.name}, column period"
                raise TableError(f"{where}: found no {period} of {firm}; accepted is the same latest year of every firm")
    return before, last
