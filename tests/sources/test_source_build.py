"""The builder makes our tables of others' figures: the same bytes again, all or nothing, one line on a bad input."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.sources import build, releases
from sim.sources.checksums import TABLES_FOLDER, sha256
from sim.sources.tables import TableError, read_exiles, read_pairs, read_states

CODES = list(build.read_places(TABLES_FOLDER / "places.csv"))
TABLES = ("states.csv", "pairs.csv", "exiles.csv", "direct.csv")
INPUTS = ("states.csv", "alignment.csv", "exile.csv", "provider_requests.csv")


def write(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A small compiled folder with invented figures for every member."""
    folder = tmp_path / "inputs"
    folder.mkdir()
    whole = {"population": 1_234_567, "google_mla_2019_2025": 12, "emigrants_2019": 98_765}
    levels = {"vdem_regime": "2.0", "pts_2023": "3.0"}
    theirs = [recipe.compiled for recipe in build.STATES]
    rows: list[list[object]] = []
    for n, code in enumerate(CODES):
        figures = dict.fromkeys(theirs, 1 if n % 3 == 0 else 0) | {
            "vdem_libdem": 0.12345,
            "unga_idealpoint": -0.98765,
        }
        rows.append([code, "ignored", "Region", "Part", *({**figures, **whole, **levels}[name] for name in theirs)])
    write(folder / "states.csv", ["iso3", "further", "region", "subregion", *theirs], rows)
    write(
        folder / "alignment.csv",
        ["iso3_a", "iso3_b", "contiguity_2016", "atop_defense_2018", "n_shared_blocs"],
        [["DEU", "FRA", 1, 1, 4], ["CUB", "USA", 4, 0, 0], ["GBR", "FRA", 3, 0, 0], ["ALB", "ITA", 4, 1, 0]],
    )
    write(
        folder / "exile.csv",
        ["origin", "host", "refugees", "asylum_seekers", "oip"],
        [["AFG", "IRN", 900_000, 90_000, 0], ["AFG", "DEU", 9_000, 900, 100], ["AFG", "FRA", 9_999, 0, 0]],
    )
    write(
        folder / "provider_requests.csv",
        ["provider", "period", "iso3", "process", "requests", "pct_disclosed", "accounts"],
        [
            ["Google", "2024-H2", "DEU", "Other Legal Requests", "40000.0", 84.0, 1],
            ["Google", "2025-H1", "DEU", "Other Legal Requests", 41_234, 86.0, 1],
            ["Google", "2025-H1", "DEU", "Preservation Requests", 700, "", 1],
            ["Google", "2025-H1", "BLR", "Emergency Disclosure Requests", 11, 54.5, 1],
            ["Google", "2023-H1", "FRA", "All", 9_000, 80.0, 1],
            ["Apple", "2024-H2", "DEU", "account", 1_000, 66.0, 1],
            ["Apple", "2025-H1", "DEU", "device", 9_999, 80.0, 1],
            ["Apple", "2025-H1", "DEU", "account", 0, 0.0, 0],
            ["Apple", "2025-H1", "TWN", "account", 50, 80.0, 1],
            ["Twitter", "2017-H1", "DEU", "account information", 6_445, 30.0, 1],
        ],
    )
    return folder


def run(inputs: Path, to: Path, *more: str) -> int:
    return build.main(["--from", str(inputs), "--to", str(to), *more])


def folder_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def edit(path: Path, change: Callable[[list[dict[str, str]]], None]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    header = list(rows[0])
    change(rows)
    write(path, header, [[row[name] for name in header] for row in rows])


def test_the_same_inputs_give_the_same_bytes(inputs: Path, tmp_path: Path) -> None:
    assert run(inputs, tmp_path / "one", "--date", "2026-01-01") == 0
    assert run(inputs, tmp_path / "two", "--date", "2026-01-01") == 0
    assert folder_bytes(tmp_path / "one") == folder_bytes(tmp_path / "two")
    assert run(inputs, tmp_path / "one", "--date", "2027-02-03") == 0
    for name in TABLES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_order_of_input_rows_does_not_matter(inputs: Path, tmp_path: Path) -> None:
    assert run(inputs, tmp_path / "one") == 0
    for name in INPUTS:
        edit(inputs / name, list.reverse)
    assert run(inputs, tmp_path / "two") == 0
    for name in TABLES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_was_built_is_what_the_reader_reads(inputs: Path, tmp_path: Path) -> None:
    to = tmp_path / "to"
    assert run(inputs, to) == 0
    states = read_states(to / "states.csv")
    assert list(states.index) == CODES
    assert states.loc["AFG", ["population", "emigrants", "exiles_abroad"]].tolist() == [1_230_000, 98_800, 1_010_000]
    assert states.loc["AFG", ["liberal_democracy", "ideal_point"]].tolist() == [0.123, -0.988]
    assert states.loc["AFG", "name"] == "Afghanistan"


def test_only_near_neighbours_allies_and_bloc_partners_are_kept(inputs: Path, tmp_path: Path) -> None:
    assert run(inputs, tmp_path / "to") == 0
    pairs = read_pairs(tmp_path / "to" / "pairs.csv", CODES)
    assert pairs.to_numpy().tolist() == [["ALB", "ITA", 0, 1, 0], ["DEU", "FRA", 1, 1, 4], ["FRA", "GBR", 1, 0, 0]]


def test_only_hosts_of_one_percent_are_kept(inputs: Path, tmp_path: Path) -> None:
    edit(inputs / "exile.csv", lambda rows: rows[0].update(refugees="1000", asylum_seekers="0"))
    assert run(inputs, tmp_path / "all") == 0
    assert list(read_exiles(tmp_path / "all" / "exiles.csv", CODES).host) == ["DEU", "FRA", "IRN"]
    edit(inputs / "exile.csv", lambda rows: rows[0].update(refugees="979901"))
    assert run(inputs, tmp_path / "few") == 0
    exiles = read_exiles(tmp_path / "few" / "exiles.csv", CODES)
    assert exiles.to_numpy().tolist() == [["AFG", "DEU", 10_000], ["AFG", "FRA", 10_000], ["AFG", "IRN", 980_000]]
    edit(inputs / "exile.csv", lambda rows: rows[2].update(refugees="9800"))
    assert run(inputs, tmp_path / "fewer") == 0
    assert list(read_exiles(tmp_path / "fewer" / "exiles.csv", CODES).host) == ["DEU", "IRN"]


def test_the_record_names_inputs_and_sums_of_bytes(inputs: Path, tmp_path: Path) -> None:
    assert run(inputs, tmp_path / "to", "--date", "2026-01-01") == 0
    record = json.loads((tmp_path / "to" / "CHECKSUMS.json").read_text(encoding="utf-8"))
    assert (record["built"], record["builder"]) == ("2026-01-01", build.VERSION)
    assert record["tables"] == {name: sha256(tmp_path / "to" / name) for name in sorted(TABLES)}
    assert record["inputs"]["exile"] == {"file": "exile.csv", "sha256": sha256(inputs / "exile.csv")}


def test_a_bad_input_changes_nothing_and_leaves_nothing_behind(inputs: Path, tmp_path: Path) -> None:
    to = tmp_path / "to"
    assert run(inputs, to) == 0
    before = folder_bytes(to)
    edit(inputs / "states.csv", lambda rows: rows[0].update(population="7"))
    edit(inputs / "exile.csv", lambda rows: rows[1].update(oip="many"))
    assert run(inputs, to) == 2
    assert folder_bytes(to) == before


def test_a_figure_out_of_range_is_found_before_anything_is_written(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(inputs / "states.csv", lambda rows: rows[0].update(vdem_libdem="1.7"))
    assert run(inputs, tmp_path / "to") == 2
    assert "liberal_democracy: found '1.7'" in capsys.readouterr().err
    assert list((tmp_path / "to").iterdir()) == []


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("states.csv", lambda rows: rows.pop(0), "states.csv, column iso3: found no row for AFG"),
        ("states.csv", lambda rows: rows.append(rows[0]), "states.csv, line 195, column iso3: found AFG a second time"),
        ("states.csv", lambda rows: rows[0].update(iso3="XKX"), "states.csv, column iso3: found 'XKX'"),
        ("states.csv", lambda rows: rows[0].update(vdem_libdem="low"), "column vdem_libdem, AFG: found 'low'"),
        ("alignment.csv", lambda rows: rows.append(rows[0]), "column iso3_a: found DEU FRA again"),
        ("alignment.csv", lambda rows: rows[0].update(iso3_b="XKX"), "line 2, column iso3_b: found 'XKX'"),
        ("alignment.csv", lambda rows: rows[0].update(n_shared_blocs="-1"), "column n_shared_blocs: found '-1'"),
        ("exile.csv", lambda rows: rows.append(rows[0]), "column origin: found AFG IRN a second time"),
        ("exile.csv", lambda rows: rows[0].update(host="PSE"), "line 2, column host: found 'PSE'"),
        ("exile.csv", lambda rows: rows[0].update(refugees="1.5"), "column refugees: found '1.5'"),
    ],
)
def test_a_bad_input_is_named_in_one_line(
    inputs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    table: str,
    change: Callable[[list[dict[str, str]]], None],
    said: str,
) -> None:
    edit(inputs / table, change)
    assert run(inputs, tmp_path / "to") == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert said in message
    assert "accepted" in message


@pytest.mark.parametrize(("table", "column"), [("states.csv", "pts_2023"), ("alignment.csv", "iso3_b"), ("exile.csv", "oip")])
def test_a_missing_input_column_is_named(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, column: str
) -> None:
    path = inputs / table
    path.write_text(path.read_text(encoding="utf-8").replace(column, "other", 1), encoding="utf-8")
    assert run(inputs, tmp_path / "to") == 2
    assert capsys.readouterr().err.startswith(f"{table}, column {column}: found no such column")


def test_a_missing_input_is_named(inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (inputs / "exile.csv").unlink()
    assert run(inputs, tmp_path / "to") == 2
    assert capsys.readouterr().err.startswith("exile.csv: not found")


# --------------------------------------------------------------------------------------------------- newer releases


def test_a_newer_v_dem_overlays_its_latest_year_and_drops_what_is_no_member(inputs: Path, tmp_path: Path) -> None:
    header = ["country_name", "country_text_id", "year", *releases.VDEM]
    newer = [3, 0.5555, 0.6, 0.7, 0.8, 1.5, 2.5, -0.5]
    write(
        tmp_path / "vdem.csv",
        header,
        [
            ["Afghanistan", "AFG", 2025, *newer],
            ["Afghanistan", "AFG", 2024, *[0] * 8],
            ["Albania", "ALB", 1990, *[0] * 8],
            ["Algeria", "DZA", 2025, "", *newer[1:]],
            ["Kosovo", "XKX", 2025, *newer],
        ],
    )
    assert run(inputs, tmp_path / "to", "--vdem", str(tmp_path / "vdem.csv")) == 0
    states = read_states(tmp_path / "to" / "states.csv")
    assert states.loc["AFG", list(releases.VDEM.values())].tolist() == [3, 0.556, *newer[2:]]
    assert states.loc["ALB", "liberal_democracy"] == 0.123  # a figure of 1990 does not replace one of 2023
    assert states.loc["DZA", ["regime", "liberal_democracy"]].tolist() == [2, 0.556]


def test_a_newer_unhcr_release_replaces_the_exiles_whole(inputs: Path, tmp_path: Path) -> None:
    path = tmp_path / "population.csv"
    header = [
        *("Year", "Country of origin", "Country of origin (ISO)", "Country of asylum", "Country of asylum (ISO)"),
        *("Refugees under UNHCR's mandate", "Asylum-seekers", "IDPs of concern to UNHCR"),
        "Other people in need of international protection",
    ]
    rows: list[list[object]] = [
        [2024, "Syria", "SYR", "Germany", "DEU", 5, 5, 0, 0],
        [2026, "Syria", "SYR", "Germany", "DEU", 1000, "*", 0, "-"],
        [2026, "Syria", "SYR", "Turkey", "TUR", 2000, 200, 0, 20],
        [2026, "Syria", "SYR", "Syria", "SYR", 0, 0, 7_000_000, 0],
        [2026, "Stateless", "XXA", "Germany", "DEU", 9, 9, 0, 0],
    ]
    write(path, header, rows)
    path.write_text("Extracted from the database\n\nLicence: CC BY 4.0\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert run(inputs, tmp_path / "to", "--unhcr", str(path)) == 0
    exiles = read_exiles(tmp_path / "to" / "exiles.csv", CODES)
    assert exiles.to_numpy().tolist() == [["SYR", "DEU", 1000], ["SYR", "TUR", 2220]]
    states = read_states(tmp_path / "to" / "states.csv")
    assert states.loc["SYR", "exiles_abroad"] == 3220
    assert states.loc["AFG", "exiles_abroad"] == 0


def test_newer_world_bank_figures_overlay_the_latest_year_that_has_one(inputs: Path, tmp_path: Path) -> None:
    header = ["Country Name", "Country Code", "Indicator Name", "Indicator Code", "2019", "2023", "2024", ""]
    wdi, wgi = tmp_path / "wdi.csv", tmp_path / "wgi.csv"
    write(
        wdi,
        header,
        [
            ["Afghanistan", "AFG", "Population", "SP.POP.TOTL", 1, 41_454_761, "", ""],
            ["Albania", "ALB", "Population", "SP.POP.TOTL", 2_854_191, "", "", ""],
            ["World", "WLD", "Population", "SP.POP.TOTL", 1, 2, 3, ""],
            ["Afghanistan", "AFG", "Forest", "AG.LND.FRST.K2", 1, 2, 3, ""],
        ],
    )
    wdi.write_text('"Data Source","World Development Indicators",\n\n' + wdi.read_text(encoding="utf-8"), encoding="utf-8")
    write(wgi, header, [["Afghanistan", "AFG", "Rule of law", "GOV_WGI_RL.EST", -2, -1.6667, "", ""]])
    assert run(inputs, tmp_path / "to", "--wdi", str(wdi), "--wgi", str(wgi)) == 0
    states = read_states(tmp_path / "to" / "states.csv")
    assert states.loc["AFG", ["population", "rule_of_law"]].tolist() == [41_500_000, -1.667]
    assert states.loc["ALB", "population"] == 1_230_000  # 2019 is older than the compiled figure


@pytest.mark.parametrize("release", ["vdem", "unhcr", "wdi", "wgi"])
def test_a_release_in_another_layout_is_named(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], release: str
) -> None:
    write(tmp_path / "other.csv", ["a", "b"], [[1, 2]])
    assert run(inputs, tmp_path / "to", f"--{release}", str(tmp_path / "other.csv")) == 2
    assert "found no such column" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------ tables kept by hand


def test_an_edit_by_hand_is_sealed_without_building(inputs: Path, tmp_path: Path) -> None:
    to = tmp_path / "to"
    assert run(inputs, to) == 0
    shutil.copy(TABLES_FOLDER / "penalties.csv", to)
    built = {name: (to / name).read_bytes() for name in TABLES}
    assert build.main(["--to", str(to)]) == 0
    record = json.loads((to / "CHECKSUMS.json").read_text(encoding="utf-8"))
    assert record["tables"]["penalties.csv"] == sha256(TABLES_FOLDER / "penalties.csv")
    assert set(record["inputs"]) == {"states", "alignment", "exile", "provider_requests"}
    assert {name: (to / name).read_bytes() for name in TABLES} == built


def test_a_built_table_changed_by_hand_is_not_sealed(inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = tmp_path / "to"
    assert run(inputs, to) == 0
    (to / "exiles.csv").write_text("origin,host,people\n", encoding="utf-8")
    assert build.main(["--to", str(to)]) == 2
    assert capsys.readouterr().err.startswith("exiles.csv: found other bytes than were built")


def test_a_folder_that_was_never_built_or_a_broken_record_is_not_sealed(inputs: Path, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="not found"):
        build.seal(tmp_path, "2026-01-01")
    (tmp_path / "CHECKSUMS.json").write_text("[]", encoding="utf-8")
    with pytest.raises(TableError, match="the record that a build wrote"):
        build.seal(tmp_path, "2026-01-01")


def test_a_release_without_a_folder_to_lay_it_over_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["--to", str(tmp_path), "--vdem", "vdem.csv"]) == 2
    assert "--vdem: found without --from" in capsys.readouterr().err
