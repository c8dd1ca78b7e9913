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

``own_laws.csv``, ``penalties.csv`` and ``places.csv`` (``code``, ``name``, ``lon``, ``lat``) are kept by hand; the builder
reads the last and changes none. An error is one line naming file, column, what was found and what is accepted, with exit
status 2. The same inputs give the same bytes on any day; the day itself stands in ``CHECKSUMS.json`` only.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import io
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from sim.sources.checksums import TABLES_FOLDER, sha256
from sim.sources.csv_files import TableError
from sim.sources.providers import DIRECT_HEADER, direct_rows
from sim.sources.recipes import STATES, _Row, at, refuse_unknown_code, rounded, rows_by_key, rows_in, significant, whole_number
from sim.sources.releases import WDI, WGI, overlay, unhcr, vdem, world_bank
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


BUILT = ("states.csv", "pairs.csv", "exiles.csv", "direct.csv")
BY_HAND = ("own_laws.csv", "penalties.csv", "places.csv")


STATE_HEADER = (
    *("code", "name", "region", "subregion", "lon", "lat", "population", "internet_pct", "gdp_per_head"),
    *("government_effectiveness", "rule_of_law", "online_service", "regime", "liberal_democracy", "free_expression"),
    *("physical_integrity", "judicial_constraints", "court_independence", "journalist_safety", "civil_society_freedom"),
    *("online_arrests", "political_terror", "speech_removal_share", "hanoi_signatory", "hanoi_signed_later"),
    *("budapest_party", "us_mlat", "iccpr_party", "data_protection_law", "samesex_criminalised", "eu_member"),
    *("coe_member", "common_law", "ideal_point", "mla_requests_to_google", "exiles_abroad", "emigrants"),
)


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
    places = read_places(TABLES_FOLDER / "places.csv")
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


def read_places(path: Path) -> dict[str, _Row]:
    """Read the names and coordinates kept by hand: code to its row, in alphabetical order of codes."""
    rows = rows_by_key(path, rows_in(path, ("code", "name", "lon", "lat")), "code")
    if len(rows) != STATE_COUNT:
        raise TableError(f"{path.name}, column code: found {len(rows)} states; accepted are {STATE_COUNT}")
    return dict(sorted(rows.items()))


def compiled_states(path: Path, codes: Sequence[str]) -> dict[str, dict[str, tuple[int, str]]]:
    """Read the compiled states: code to column to (year, figure as rounded text); words have year 0."""
    needed = ("iso3", "region", "subregion", *(recipe.compiled for recipe in STATES))
    rows = rows_by_key(path, rows_in(path, needed), "iso3")
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
                rounded(path, recipe.compiled, code, row[recipe.compiled], recipe),
            )
    return figures


def compiled_flows(path: Path, codes: Sequence[str]) -> dict[tuple[str, str], int]:
    """Read the compiled exiles: (origin, host) to persons of all three kinds."""
    kinds = ("refugees", "asylum_seekers", "oip")
    flows: dict[tuple[str, str], int] = {}
    for line, row in rows_in(path, ("origin", "host", *kinds)):
        for name in ("origin", "host"):
            refuse_unknown_code(path, line, name, row[name], codes)
        key = (row["origin"], row["host"])
        if key in flows:
            raise TableError(f"{at(path, line, 'origin')}: found {' '.join(key)} a second time; accepted is one row each")
        flows[key] = sum(whole_number(path, line, kind, row[kind] or "0") for kind in kinds)
    return flows


def state_rows(
    places: Mapping[str, _Row],
    figures: Mapping[str, Mapping[str, tuple[int, str]]],
    flows: Mapping[tuple[str, str], int],
) -> Iterator[_Row]:
    """Join names, figures and exiles into the rows of ``states.csv``."""
    abroad = _totals(flows)
    for code, place in places.items():
        row = {name: figure for name, (_, figure) in figures[code].items()} | place
        row["hanoi_signed_later"] = str(int(code in SIGNED_LATER))
        row["exiles_abroad"] = str(significant(Decimal(abroad.get(code, 0))))
        yield row


def pairs(path: Path, codes: Sequence[str]) -> Iterator[_Row]:
    """Read the compiled pairs and keep those with a border, a defence alliance or a bloc in common."""
    seen: dict[tuple[str, str], _Row] = {}
    for line, row in rows_in(path, ("iso3_a", "iso3_b", "contiguity_2016", "atop_defense_2018", "n_shared_blocs")):
        for name in ("iso3_a", "iso3_b"):
            refuse_unknown_code(path, line, name, row[name], codes)
        a, b = sorted((row["iso3_a"], row["iso3_b"]))
        if a == b or (a, b) in seen:
            raise TableError(f"{at(path, line, 'iso3_a')}: found {a} {b} again; accepted is each pair of two states once")
        border = str(whole_number(path, line, "contiguity_2016", row["contiguity_2016"]))
        seen[a, b] = {
            "a": a,
            "b": b,
            "contiguous": str(int(border in NEAR_WATER)),
            "defence_alliance": str(whole_number(path, line, "atop_defense_2018", row["atop_defense_2018"])),
            "shared_blocs": str(whole_number(path, line, "n_shared_blocs", row["n_shared_blocs"])),
        }
    for _, pair in sorted(seen.items()):
        if any(pair[name] != "0" for name in ("contiguous", "defence_alliance", "shared_blocs")):
            yield pair


def exile_rows(flows: Mapping[tuple[str, str], int]) -> Iterator[_Row]:
    """Keep the hosts with at least `HOST_SHARE` of an origin's exiles."""
    abroad = _totals(flows)
    for (origin, host), people in sorted(flows.items()):
        if people > 0 and people >= HOST_SHARE * abroad[origin]:
            yield {"origin": origin, "host": host, "people": str(significant(Decimal(people)))}


def _totals(flows: Mapping[tuple[str, str], int]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for (origin, _), people in flows.items():
        totals[origin] = totals.get(origin, 0) + people
    return totals


def _csv(header: Sequence[str], rows: Iterator[_Row]) -> str:
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
