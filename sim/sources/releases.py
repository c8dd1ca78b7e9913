"""Newer releases of V-Dem, UNHCR and the World Bank, read so that they can be laid over the compiled figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sim.sources.csv_files import TableError
from sim.sources.recipes import STATES, _Row, rounded, rows_in, whole_number

VDEM = {
    "v2x_regime": "regime",
    "v2x_libdem": "liberal_democracy",
    "v2x_freexp_altinf": "free_expression",
    "v2x_clphy": "physical_integrity",
    "v2x_jucon": "judicial_constraints",
    "v2juhcind": "court_independence",
    "v2meharjrn": "journalist_safety",
    "v2csreprss": "civil_society_freedom",
}


WDI = {"SP.POP.TOTL": "population", "IT.NET.USER.ZS": "internet_pct", "NY.GDP.PCAP.PP.KD": "gdp_per_head"}
WGI = {
    "GE.EST": "government_effectiveness",
    "RL.EST": "rule_of_law",
    "GOV_WGI_GE.EST": "government_effectiveness",
    "GOV_WGI_RL.EST": "rule_of_law",
}


HIDDEN = ("", "-", "*")


def overlay(figures: dict[str, dict[str, tuple[int, str]]], newer: Mapping[tuple[str, str], tuple[int, str]]) -> None:
    """Put newer figures in the place of older ones, in ``figures`` itself; an older or empty one changes nothing."""
    for (code, name), (year, figure) in newer.items():
        if figure and year >= figures[code][name][0]:
            figures[code][name] = (year, figure)


def vdem(path: Path, codes: Sequence[str]) -> dict[tuple[str, str], tuple[int, str]]:
    """Read V-Dem's Country-Year table: (code, our column) to (year, figure) of each state's latest year."""
    latest: dict[str, tuple[int, _Row]] = {}
    for line, row in rows_in(path, ("country_text_id", "year", *VDEM)):
        code, year = row["country_text_id"], whole_number(path, line, "year", row["year"])
        if code in codes and (code not in latest or year > latest[code][0]):
            latest[code] = (year, row)
    recipes = {recipe.name: recipe for recipe in STATES}
    return {
        (code, name): (year, rounded(path, theirs, code, row[theirs], recipes[name]))
        for code, (year, row) in sorted(latest.items())
        for theirs, name in VDEM.items()
    }


def world_bank(path: Path, indicators: Mapping[str, str], codes: Sequence[str]) -> dict[tuple[str, str], tuple[int, str]]:
    """Read a World Bank API table: (code, our column) to (year, figure) of the latest year that has one."""
    recipes = {recipe.name: recipe for recipe in STATES}
    newest: dict[tuple[str, str], tuple[int, str]] = {}
    for _, row in rows_in(path, ("Country Code", "Indicator Code"), preamble=True):
        code, indicator = row["Country Code"], row["Indicator Code"]
        if code not in codes or indicator not in indicators:
            continue
        name = indicators[indicator]
        years = [int(year) for year, cell in row.items() if year.isdigit() and cell.strip() not in ("", "..")]
        if years and (code, name) not in newest:
            cell = row[str(max(years))]
            newest[code, name] = (
                max(years),
                rounded(path, str(max(years)), f"{code} {indicator}", cell, recipes[name]),
            )
    if not newest:
        raise TableError(f"{path.name}, column Indicator Code: found none of those used; accepted are {' '.join(indicators)}")
    return newest


def unhcr(path: Path, codes: Sequence[str]) -> dict[tuple[str, str], int]:
    """Read UNHCR's population download: (origin, host) to persons in the file's latest year."""
    needed = (
        "year",
        "country of origin (iso)",
        "country of asylum (iso)",
        "refugees under unhcrs mandate",
        "asylum-seekers",
    )
    other = "other people in need of international protection"
    rows = [(line, row) for line, row in rows_in(path, needed, preamble=True, fold=True) if row["year"].strip()]
    years = [whole_number(path, line, "Year", row["year"]) for line, row in rows]
    latest, members = max(years, default=0), {*codes}
    flows: dict[tuple[str, str], int] = {}
    for year, (line, row) in zip(years, rows, strict=True):
        origin, host = row[needed[1]], row[needed[2]]
        if year == latest and origin != host and {origin, host} <= members:
            people = sum(_at_least(path, line, kind, row.get(kind, "")) for kind in (*needed[3:], other))
            flows[origin, host] = flows.get((origin, host), 0) + people
    if not flows:
        raise TableError(f"{path.name}, column Country of Origin (ISO): found no UN member; accepted are ISO3 codes")
    return flows


def _at_least(path: Path, line: int, kind: str, cell: str) -> int:
    """Persons of one kind, with commas between digits or without; nobody where UNHCR hides a count of one to four."""
    digits = cell.strip().replace(",", "")
    return 0 if digits in HIDDEN else whole_number(path, line, kind, digits)
