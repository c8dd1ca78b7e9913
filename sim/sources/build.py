"""Build the committed tables from publishers' figures: choose columns, rename, round, and write all or nothing.

    python -m sim.sources.build --from FOLDER --to FOLDER [--vdem FILE] [--unhcr FILE] [--wdi FILE] [--wgi FILE]
    python -m sim.sources.build --to FOLDER

The second form builds nothing: after an edit of a table kept by hand it renews that table's checksum.

**The compiled folder** (``--from``) holds four CSV files in UTF-8. Further columns are ignored; an empty cell means
*not in the source* and stays empty.

``states.csv``, one row per UN member (193), keyed by ``iso3``:
    ``region``, ``subregion`` (UN M49 groups); ``population`` (persons), ``internet_pct`` (% of people online),
    ``gdp_pc_ppp`` (constant 2021 international $), ``gov_effectiveness``, ``wgi_rule_of_law`` (WGI, about -2.5 to 2.5),
    ``egov_online_service`` (0-1); V-Dem ``vdem_regime`` (0-3), ``vdem_libdem``, ``vdem_freexp``, ``vdem_clphy``,
    ``vdem_jucon`` (0-1), ``vdem_hc_indep``, ``vdem_harass_journ``, ``vdem_cso_repress`` (scores, higher = freer);
    ``online_arrests_2021`` (score, higher = more), ``pts_2023`` (1-5), ``google_removal_speech_share`` (0-1),
    ``uncc_signed``, ``budapest_party``, ``us_mlat``, ``iccpr_party``, ``samesex_criminalised``, ``eu_member``,
    ``coe_member``, ``common_law`` (0 or 1), ``data_protection_law`` (0, 0.5 or 1), ``unga_idealpoint`` (about -3 to 3),
    ``google_mla_2019_2025`` (requests), ``emigrants_2019`` (persons).
``alignment.csv``, one row per unordered pair:
    ``iso3_a``, ``iso3_b``, ``contiguity_2016`` (Correlates of War: 0 none, 1 land or river border, 2 to 5 water of at
    most 12, 24, 150, 400 miles), ``atop_defense_2018`` (0 or 1), ``n_shared_blocs`` (count).
``exile.csv``, one row per origin and host:
    ``origin``, ``host``, ``refugees``, ``asylum_seekers``, ``oip`` (others in need of protection), persons.
``provider_requests.csv``, one row per firm, half-year, state and process:
    ``provider``, ``period`` (``2025-H1``), ``iso3``, ``process`` (as the firm names it), ``requests`` (count),
    ``pct_disclosed`` (% of them answered with some data; empty where the firm gives none). Used are the two latest
    half-years of Google and Apple, which must be one year and the same at both; other firms, and states that are no
    member, are left out. A state without a row is *not listed*: that is no count of zero.

**Newer releases** overlay these. Codes that are no UN member (in V-Dem, for instance, ``PSG`` ``PSE`` ``XKX`` ``ZZB``
``SML``) are dropped; an empty cell never overlays a figure, nor does one older than the compiled column.

``--vdem``
    V-Dem's Country-Year CSV: ``country_text_id``, ``year``, ``v2x_regime``, ``v2x_libdem``, ``v2x_freexp_altinf``,
    ``v2x_clphy``, ``v2x_jucon``, ``v2juhcind``, ``v2meharjrn``, ``v2csreprss``; the latest year of each state.
``--unhcr``
    The population download of UNHCR's Refugee Data Finder: ``Year``, ``Country of Origin (ISO)``,
    ``Country of Asylum (ISO)``, ``Refugees under UNHCR's mandate``, ``Asylum-seekers`` and, where there is one,
    ``Other people in need of international protection``, in capitals or not. The latest year replaces ``exile.csv``
    whole. ``-`` and ``*`` (counts of one to four that the publisher hides) count as nobody.
``--wdi``, ``--wgi``
    World Bank API CSV: ``Country Code``, ``Indicator Code`` and a column a year, with or without the lines that precede
    the header. WDI: ``SP.POP.TOTL``, ``IT.NET.USER.ZS``, ``NY.GDP.PCAP.PP.KD``; WGI: ``GE.EST``, ``RL.EST``, also as
    ``GOV_WGI_GE.EST``, ``GOV_WGI_RL.EST``.

``penalties.csv`` and ``places.csv`` (``code``, ``name``, ``lon``, ``lat``) are kept by hand; the builder reads the
second and changes neither. An error is one line naming file, column, what was found and what is accepted, with exit
status 2. The same inputs give the same bytes on any day; the day itself stands in ``CHECKSUMS.json`` only.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import io
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from sim.sources.checksums import FOLDER, sha256
from sim.sources.csv_files import NoHeaderError, TableError, rows_of
from sim.sources.tables import read_direct, read_exiles, read_pairs, read_states

VERSION = "2"
"""Version of this builder; it goes up when the same inputs would give other tables."""

STATE_COUNT = 193
"""Members of the United Nations."""

HOST_SHARE = Decimal("0.01")
"""A host is listed when it holds at least this share of an origin's exiles."""

NEAR_WATER = ("1", "2", "3")
"""Correlates of War contiguity that counts as neighbourhood: a land border or at most 24 miles of water."""

SIGNED_LATER = ("CAN",)
"""States that signed after 19 November 2025 (Canada, July 2026)."""

PROCESSES = {
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

BUILT = ("states.csv", "pairs.csv", "exiles.csv", "direct.csv")
BY_HAND = ("penalties.csv", "places.csv")

Row = dict[str, str]


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
STATE_HEADER = (
    *("code", "name", "region", "subregion", "lon", "lat", "population", "internet_pct", "gdp_per_head"),
    *("government_effectiveness", "rule_of_law", "online_service", "regime", "liberal_democracy", "free_expression"),
    *("physical_integrity", "judicial_constraints", "court_independence", "journalist_safety", "civil_society_freedom"),
    *("online_arrests", "political_terror", "speech_removal_share", "hanoi_signatory", "hanoi_signed_later"),
    *("budapest_party", "us_mlat", "iccpr_party", "data_protection_law", "samesex_criminalised", "eu_member"),
    *("coe_member", "common_law", "ideal_point", "mla_requests_to_google", "exiles_abroad", "emigrants"),
)
DIRECT_HEADER = ("code", "ordinary", "ordinary_answered", "emergency", "emergency_answered")
PROVIDER_HEADER = ("provider", "period", "iso3", "process", "requests", "pct_disclosed")
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
HALF_YEAR = re.compile(r"\d{4}-H[12]")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the builder from the command line; return the exit status: 0 done, 2 with one line on what was wrong."""
    options = _parser().parse_args(arguments)
    day = (options.date or datetime.datetime.now(tz=datetime.UTC).date()).isoformat()
    overlays = {name: path for name in ("vdem", "unhcr", "wdi", "wgi") if (path := getattr(options, name)) is not None}
    try:
        if options.source is None:
            if overlays:
                raise TableError(f"--{next(iter(overlays))}: found without --from; accepted is a release laid over a folder")
            seal(options.to, day)
        else:
            build(options.source, options.to, overlays, day)
    except (TableError, OSError) as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return 2
    return 0


def build(source: Path, to: Path, overlays: Mapping[str, Path], day: str) -> None:
    """Build ``states.csv``, ``pairs.csv``, ``exiles.csv``, ``direct.csv`` and ``CHECKSUMS.json`` in ``to``, all five or none.

    ``overlays`` maps ``vdem``, ``unhcr``, ``wdi``, ``wgi`` to a publisher's file; ``day`` is an ISO date.

    Raises
    ------
    TableError
        An input cannot be used; nothing was written.
    """
    places = read_places(FOLDER / "places.csv")
    codes = list(places)
    figures = compiled_states(source / "states.csv", codes)
    if "wdi" in overlays:
        overlay(figures, world_bank(overlays["wdi"], WDI, codes))
    if "wgi" in overlays:
        overlay(figures, world_bank(overlays["wgi"], WGI, codes))
    if "vdem" in overlays:
        overlay(figures, vdem(overlays["vdem"], codes))
    flows = unhcr(overlays["unhcr"], codes) if "unhcr" in overlays else compiled_flows(source / "exile.csv", codes)
    texts = {
        "states.csv": _csv(STATE_HEADER, state_rows(places, figures, flows)),
        "pairs.csv": _csv(("a", "b", "contiguous", "defence_alliance", "shared_blocs"), pairs(source / "alignment.csv", codes)),
        "exiles.csv": _csv(("origin", "host", "people"), exile_rows(flows)),
        "direct.csv": _csv(DIRECT_HEADER, direct_rows(source / "provider_requests.csv", codes)),
    }
    inputs = {name: source / f"{name}.csv" for name in ("states", "alignment", "exile", "provider_requests")} | dict(overlays)
    record = {name: {"file": path.name, "sha256": sha256(path)} for name, path in sorted(inputs.items())}
    _write(to, texts, record, day)


def seal(folder: Path, day: str) -> None:
    """Renew the checksums of the tables kept by hand in ``folder``; the built ones must be as they were built.

    Raises
    ------
    TableError
        No ``CHECKSUMS.json`` to renew, or a built table was changed by hand.
    """
    path = folder / "CHECKSUMS.json"
    if not path.is_file():
        raise TableError(f"CHECKSUMS.json: not found in {folder}; accepted is a folder that was built (--from FOLDER)")
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        sums, inputs = dict(kept["tables"]), dict(kept["inputs"])
    except (ValueError, KeyError, TypeError) as error:
        raise TableError(f"CHECKSUMS.json: found {error!r}; accepted is the record that a build wrote") from None
    for name in BUILT:
        if sums.get(name) != sha256(folder / name):
            raise TableError(f"{name}: found other bytes than were built; accepted is the built table (--from FOLDER)")
    _write(folder, {}, inputs, day)


def read_places(path: Path) -> dict[str, Row]:
    """Read the names and coordinates kept by hand: code to its row, in alphabetical order of codes."""
    rows = _keyed(path, _rows(path, ("code", "name", "lon", "lat")), "code")
    if len(rows) != STATE_COUNT:
        raise TableError(f"{path.name}, column code: found {len(rows)} states; accepted are {STATE_COUNT}")
    return dict(sorted(rows.items()))


def compiled_states(path: Path, codes: Sequence[str]) -> dict[str, dict[str, tuple[int, str]]]:
    """Read the compiled states: code to column to (year, figure as rounded text); words have year 0."""
    needed = ("iso3", "region", "subregion", *(recipe.compiled for recipe in STATES))
    rows = _keyed(path, _rows(path, needed), "iso3")
    for code in rows:
        if code not in codes:
            raise TableError(f"{path.name}, column iso3: found {code!r}; accepted are the {len(codes)} UN members")
    for code in codes:
        if code not in rows:
            raise TableError(f"{path.name}, column iso3: found no row for {code}; accepted are all {len(codes)} UN members")
    figures: dict[str, dict[str, tuple[int, str]]] = {}
    for code, row in rows.items():
        figures[code] = {name: (0, row[name]) for name in ("region", "subregion")}
        for recipe in STATES:
            figures[code][recipe.name] = (
                recipe.year,
                _rounded(path, recipe.compiled, code, row[recipe.compiled], recipe),
            )
    return figures


def overlay(figures: dict[str, dict[str, tuple[int, str]]], newer: Mapping[tuple[str, str], tuple[int, str]]) -> None:
    """Put newer figures in the place of older ones, in ``figures`` itself; an older or empty one changes nothing."""
    for (code, name), (year, figure) in newer.items():
        if figure and year >= figures[code][name][0]:
            figures[code][name] = (year, figure)


def vdem(path: Path, codes: Sequence[str]) -> dict[tuple[str, str], tuple[int, str]]:
    """Read V-Dem's Country-Year table: (code, our column) to (year, figure) of each state's latest year."""
    latest: dict[str, tuple[int, Row]] = {}
    for line, row in _rows(path, ("country_text_id", "year", *VDEM)):
        code, year = row["country_text_id"], _whole(path, line, "year", row["year"])
        if code in codes and (code not in latest or year > latest[code][0]):
            latest[code] = (year, row)
    recipes = {recipe.name: recipe for recipe in STATES}
    return {
        (code, name): (year, _rounded(path, theirs, code, row[theirs], recipes[name]))
        for code, (year, row) in sorted(latest.items())
        for theirs, name in VDEM.items()
    }


def world_bank(path: Path, indicators: Mapping[str, str], codes: Sequence[str]) -> dict[tuple[str, str], tuple[int, str]]:
    """Read a World Bank API table: (code, our column) to (year, figure) of the latest year that has one."""
    recipes = {recipe.name: recipe for recipe in STATES}
    newest: dict[tuple[str, str], tuple[int, str]] = {}
    for _, row in _rows(path, ("Country Code", "Indicator Code"), preamble=True):
        code, indicator = row["Country Code"], row["Indicator Code"]
        if code not in codes or indicator not in indicators:
            continue
        name = indicators[indicator]
        years = [int(year) for year, cell in row.items() if year.isdigit() and cell.strip() not in ("", "..")]
        if years and (code, name) not in newest:
            cell = row[str(max(years))]
            newest[code, name] = (
                max(years),
                _rounded(path, str(max(years)), f"{code} {indicator}", cell, recipes[name]),
            )
    if not newest:
        raise TableError(f"{path.name}, column Indicator Code: found none of those used; accepted are {' '.join(indicators)}")
    return newest


def compiled_flows(path: Path, codes: Sequence[str]) -> dict[tuple[str, str], int]:
    """Read the compiled exiles: (origin, host) to persons of all three kinds."""
    kinds = ("refugees", "asylum_seekers", "oip")
    flows: dict[tuple[str, str], int] = {}
    for line, row in _rows(path, ("origin", "host", *kinds)):
        for name in ("origin", "host"):
            _known_code(path, line, name, row[name], codes)
        key = (row["origin"], row["host"])
        if key in flows:
            raise TableError(f"{_at(path, line, 'origin')}: found {' '.join(key)} a second time; accepted is one row each")
        flows[key] = sum(_whole(path, line, kind, row[kind] or "0") for kind in kinds)
    return flows


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
    rows = [(line, row) for line, row in _rows(path, needed, preamble=True, fold=True) if row["year"].strip()]
    years = [_whole(path, line, "Year", row["year"]) for line, row in rows]
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
    return 0 if digits in HIDDEN else _whole(path, line, kind, digits)


def state_rows(
    places: Mapping[str, Row],
    figures: Mapping[str, Mapping[str, tuple[int, str]]],
    flows: Mapping[tuple[str, str], int],
) -> Iterator[Row]:
    """Join names, figures and exiles into the rows of ``states.csv``."""
    abroad = _totals(flows)
    for code, place in places.items():
        row = {name: figure for name, (_, figure) in figures[code].items()} | place
        row["hanoi_signed_later"] = str(int(code in SIGNED_LATER))
        row["exiles_abroad"] = str(significant(Decimal(abroad.get(code, 0))))
        yield row


def pairs(path: Path, codes: Sequence[str]) -> Iterator[Row]:
    """Read the compiled pairs and keep those with a border, a defence alliance or a bloc in common."""
    seen: dict[tuple[str, str], Row] = {}
    for line, row in _rows(path, ("iso3_a", "iso3_b", "contiguity_2016", "atop_defense_2018", "n_shared_blocs")):
        for name in ("iso3_a", "iso3_b"):
            _known_code(path, line, name, row[name], codes)
        a, b = sorted((row["iso3_a"], row["iso3_b"]))
        if a == b or (a, b) in seen:
            raise TableError(f"{_at(path, line, 'iso3_a')}: found {a} {b} again; accepted is each pair of two states once")
        border = str(_whole(path, line, "contiguity_2016", row["contiguity_2016"]))
        seen[a, b] = {
            "a": a,
            "b": b,
            "contiguous": str(int(border in NEAR_WATER)),
            "defence_alliance": str(_whole(path, line, "atop_defense_2018", row["atop_defense_2018"])),
            "shared_blocs": str(_whole(path, line, "n_shared_blocs", row["n_shared_blocs"])),
        }
    for _, pair in sorted(seen.items()):
        if any(pair[name] != "0" for name in ("contiguous", "defence_alliance", "shared_blocs")):
            yield pair


def exile_rows(flows: Mapping[tuple[str, str], int]) -> Iterator[Row]:
    """Keep the hosts with at least `HOST_SHARE` of an origin's exiles."""
    abroad = _totals(flows)
    for (origin, host), people in sorted(flows.items()):
        if people > 0 and people >= HOST_SHARE * abroad[origin]:
            yield {"origin": origin, "host": host, "people": str(significant(Decimal(people)))}


def direct_rows(path: Path, codes: Sequence[str]) -> Iterator[Row]:
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


class Asked(NamedTuple):
    """A year's requests of one state by one process."""

    requests: int = 0
    told: int = 0  # of these, requests of which the firm says how many were answered
    answered: Decimal = Decimal(0)  # of these, with some data

    def with_further(self, requests: int, share: Decimal | None) -> Asked:
        """The same with further requests, of which this share was answered; None where the firm does not say."""
        told = 0 if share is None else requests
        return Asked(self.requests + requests, self.told + told, self.answered + told * (share or 0))


def _requests_by_process(path: Path, codes: Sequence[str]) -> dict[tuple[str, str], Asked]:
    """Add up the latest year's requests of the firms of `PROCESSES`: (code, process) to what was asked."""
    rows = [(line, row) for line, row in _rows(path, PROVIDER_HEADER) if row["provider"] in PROCESSES]
    year = _latest_year(path, rows)
    sums: dict[tuple[str, str], Asked] = {}
    for line, row in rows:
        if row["period"] not in year or row["iso3"] not in codes:
            continue
        process = _process(path, line, row["provider"], row["process"])
        requests, share = _answered(path, line, row)
        if process and requests:
            key = (row["iso3"], process)
            sums[key] = sums.get(key, Asked()).with_further(requests, share)
    return sums


def _process(path: Path, line: int, firm: str, process: str) -> str | None:
    if process not in PROCESSES[firm]:
        raise TableError(f"{_at(path, line, 'process')}: found {process!r}; accepted of {firm} are {', '.join(PROCESSES[firm])}")
    return PROCESSES[firm][process]


def _answered(path: Path, line: int, row: Row) -> tuple[int, Decimal | None]:
    """Requests of one row, and the share of them that were answered."""
    cell = row["pct_disclosed"].strip()
    try:
        share = Decimal(cell or "0") / 100
    except InvalidOperation:
        share = Decimal("nan")
    if not (share.is_finite() and 0 <= share <= 1):
        raise TableError(f"{_at(path, line, 'pct_disclosed')}: found {cell!r}; accepted is a number from 0 to 100, or nothing")
    return _whole(path, line, "requests", row["requests"]), share if cell else None


def _latest_year(path: Path, rows: Sequence[tuple[int, Row]]) -> tuple[str, str]:
    """Return the two latest half-years, if they follow on each other and every firm of `PROCESSES` has both."""
    periods: dict[str, set[str]] = {firm: set() for firm in PROCESSES}
    for line, row in rows:
        if not HALF_YEAR.fullmatch(row["period"]):
            raise TableError(f"{_at(path, line, 'period')}: found {row['period']!r}; accepted is a half-year, as 2025-H1")
        periods[row["provider"]].add(row["period"])
    last = max(set[str]().union(*periods.values()), default="half-year")
    before = f"{last[:-1]}1" if last.endswith("2") else f"{int(last[:4]) - 1}-H2" if last.endswith("1") else last
    for firm, theirs in periods.items():
        for period in (before, last):
            if period not in theirs:
                where = f"{path.name}, column period"
                raise TableError(f"{where}: found no {period} of {firm}; accepted is the same latest year of every firm")
    return before, last


def _totals(flows: Mapping[tuple[str, str], int]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for (origin, _), people in flows.items():
        totals[origin] = totals.get(origin, 0) + people
    return totals


def _rows(path: Path, needed: Sequence[str], preamble: bool = False, fold: bool = False) -> Iterator[tuple[int, Row]]:
    """Yield (line, row) of a CSV file whose header has all of ``needed``.

    ``preamble`` skips the lines before the header; ``fold`` takes header names without capitals and apostrophes.
    """

    def named(entries: list[str]) -> list[str]:
        return [_folded(cell) if fold else cell.strip() for cell in entries]

    try:
        rows = rows_of(path, path.name, (lambda entries: needed[0] in named(entries)) if preamble else None, published=True)
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


def _at(path: Path, line: int, column: str) -> str:
    return f"{path.name}, line {line}, column {column}"


def _folded(cell: str) -> str:
    return cell.strip().lower().replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")


def _keyed(path: Path, rows: Iterator[tuple[int, Row]], key: str) -> dict[str, Row]:
    keyed: dict[str, Row] = {}
    for line, row in rows:
        if row[key] in keyed:
            raise TableError(f"{_at(path, line, key)}: found {row[key]} a second time; accepted is one row a state")
        keyed[row[key]] = row
    return keyed


def _rounded(path: Path, column: str, where: str, cell: str, recipe: Recipe) -> str:
    if not cell.strip():
        return ""
    try:
        value = Decimal(cell.strip())
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        raise TableError(f"{path.name}, column {column}, {where}: found {cell!r}; accepted is a number, or nothing")
    return str(recipe.rounded(value))


def _whole(path: Path, line: int, column: str, cell: str) -> int:
    try:
        value = Decimal(cell.strip())
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or value != value.to_integral_value() or value < 0:
        raise TableError(f"{_at(path, line, column)}: found {cell!r}; accepted is a whole number of at least 0")
    return int(value)


def _known_code(path: Path, line: int, column: str, code: str, codes: Sequence[str]) -> None:
    if code not in codes:
        raise TableError(f"{_at(path, line, column)}: found {code!r}; accepted are the {len(codes)} UN members")


def _csv(header: Sequence[str], rows: Iterator[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([row[name] for name in header] for row in rows)
    return text.getvalue()


def _write(to: Path, texts: Mapping[str, str], inputs: Mapping[str, Mapping[str, str]], day: str) -> None:
    """Write the tables and their checksums: each to a temporary file, checked there, and only then all put in place."""
    try:
        _write_whole(to, texts, inputs, day)
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(to)) from None  # a full disk names nothing


def _write_whole(to: Path, texts: Mapping[str, str], inputs: Mapping[str, Mapping[str, str]], day: str) -> None:
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=to) as name:
        folder = Path(name)
        for table, text in texts.items():
            (folder / table).write_bytes(text.encode())
        if texts:
            codes = list(read_states(folder / "states.csv").index)
            read_pairs(folder / "pairs.csv", codes)
            read_exiles(folder / "exiles.csv", codes)
            read_direct(folder / "direct.csv", codes)
        kept = {table: to / table for table in (*BUILT, *BY_HAND) if (to / table).is_file()}
        sums = {table: sha256(path) for table, path in (kept | {table: folder / table for table in texts}).items()}
        record = {"builder": VERSION, "built": day, "tables": dict(sorted(sums.items())), "inputs": dict(inputs)}
        (folder / "CHECKSUMS.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        for path in sorted(folder.iterdir()):
            path.replace(to / path.name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sim.sources.build", description="Build the committed tables.")
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="the compiled folder, see above")
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where the tables go")
    parser.add_argument("--vdem", type=Path, metavar="FILE", help="V-Dem Country-Year CSV, newer than the compiled")
    parser.add_argument("--unhcr", type=Path, metavar="FILE", help="UNHCR population CSV")
    parser.add_argument("--wdi", type=Path, metavar="FILE", help="World Bank WDI API CSV")
    parser.add_argument("--wgi", type=Path, metavar="FILE", help="World Bank WGI API CSV")
    parser.add_argument(
        "--date", type=datetime.date.fromisoformat, metavar="DAY", help="ISO date for CHECKSUMS.json (default: today)"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
