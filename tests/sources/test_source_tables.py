"""The committed tables say what their publishers say, and a bad table is refused in one line."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.sources import tables
from sim.sources.checksums import TABLES_FOLDER, checksums
from sim.sources.tables import (
    LIFE_YEARS,
    TAGS,
    TableError,
    read_exiles,
    read_pairs,
    read_penalties,
    read_states,
)

OFFENCES = (
    *("illegal_access", "illegal_interception", "data_interference", "system_interference", "misuse_of_devices"),
    *("forgery", "fraud", "child_abuse_material", "grooming", "intimate_images", "laundering"),
    *("homicide", "trafficking", "drugs", "terrorism", "corruption", "tax_evasion", "extortion", "cyberstalking"),
    *("insult", "false_news", "defamation", "extremism", "blasphemy", "same_sex_conduct", "unauthorised_research"),
    *("state_secrets", "foreign_agents", "assembly", "morality"),
)
VDEM_COLUMNS = (
    *("regime", "liberal_democracy", "free_expression", "physical_integrity", "judicial_constraints"),
    *("court_independence", "journalist_safety", "civil_society_freedom", "online_arrests"),
)
WITHOUT_VDEM = sorted(
    "AND ATG BHS BLZ BRN DMA FSM GRD KIR KNA LCA LIE MCO MHL NRU PLW SMR TON TUV VCT WSM".split()  # noqa: SIM905
)
SIGNATORIES = """DZA AGO AUS AUT AZE BLR BEL BRA BRN BFA KHM CHL CHN COD CRI CIV CUB CZE PRK DJI DOM ECU EGY FRA GHA GRC
GNB IRN IRL JAM KAZ LAO LBY LUX MDV MYS MLI MAR MUS MOZ NAM NRU NIC NGA PLW PNG PER PHL POL PRT QAT RUS RWA SAU SVK SVN
ESP LKA SWE TZA THA TGO TUR UGA GBR URY UZB VEN VNM ZAF ZWE""".split()  # noqa: SIM905
CSV_NAMES = ("direct.csv", "exiles.csv", "own_laws.csv", "pairs.csv", "penalties.csv", "places.csv", "states.csv")


@pytest.fixture(scope="module")
def states() -> pd.DataFrame:
    return read_states()


@pytest.fixture(scope="module")
def penalties() -> pd.DataFrame:
    return read_penalties(offences=OFFENCES)


def years(penalties: pd.DataFrame, code: str, offence: str) -> float:
    row = penalties[(penalties.code == code) & (penalties.offence == offence)]
    assert len(row) == 1
    return float(row.max_years.iloc[0])


# ------------------------------------------------------------------------------------------------------------ facts


def test_there_are_193_states_in_alphabetical_order(states: pd.DataFrame) -> None:
    assert len(states) == 193
    assert states.index.is_monotonic_increasing
    assert states.index.name == "code"


def test_71_members_signed_at_first_and_canada_later(states: pd.DataFrame) -> None:
    assert set(states.index[states.hanoi_signatory == 1]) == set(SIGNATORIES)
    assert len(set(SIGNATORIES)) == 71
    assert list(states.index[states.hanoi_signed_later == 1]) == ["CAN"]
    assert states.loc["CAN", "hanoi_signatory"] == 0


def test_the_united_states_signed_neither_at_first_nor_later(states: pd.DataFrame) -> None:
    assert states.loc["USA", "hanoi_signatory"] == 0
    assert states.loc["USA", "hanoi_signed_later"] == 0
    assert states.loc["USA", "budapest_party"] == 1
    assert states.loc["USA", "us_mlat"] == 0


def test_the_budapest_convention_has_76_parties(states: pd.DataFrame) -> None:
    assert states.budapest_party.sum() == 76


def test_the_unions_have_their_members(states: pd.DataFrame) -> None:
    assert states.eu_member.sum() == 27
    assert states.coe_member.sum() == 46
    assert (states.coe_member >= states.eu_member).all()


def test_67_members_criminalise_same_sex_acts(states: pd.DataFrame) -> None:
    assert states.samesex_criminalised.sum() == 67


def test_21_small_states_have_no_v_dem_and_stay_empty(states: pd.DataFrame) -> None:
    assert sorted(states.index[states.liberal_democracy.isna()]) == WITHOUT_VDEM
    for column in VDEM_COLUMNS:
        assert list(states.index[states[column].isna()]) == WITHOUT_VDEM


def test_nothing_was_imputed_where_the_sources_are_silent(states: pd.DataFrame) -> None:
    empty = states.isna().sum()
    assert empty["internet_pct"] == 5
    assert empty["gdp_per_head"] == 10
    assert empty["political_terror"] == 2
    assert empty["speech_removal_share"] == 100
    assert empty["population"] == 0


def test_directions_are_as_described(states: pd.DataFrame) -> None:
    free, closed = states.loc["NOR"], states.loc["PRK"]
    for higher_is_freer in ("journalist_safety", "civil_society_freedom", "court_independence", "physical_integrity"):
        assert free[higher_is_freer] > closed[higher_is_freer]
    for higher_is_worse in ("political_terror", "online_arrests"):
        assert free[higher_is_worse] < states.loc["CHN", higher_is_worse]
    assert states.loc["USA", "ideal_point"] > states.loc["CHN", "ideal_point"]


def test_figures_are_rounded_and_not_a_copy(states: pd.DataFrame) -> None:
    for column in ("population", "gdp_per_head", "exiles_abroad", "emigrants", "internet_pct"):
        figures = states[column].dropna()
        rounded = [float(f"{figure:.3g}") for figure in figures]
        assert np.array_equal(figures.to_numpy(dtype=float), rounded), column
    for column in (*VDEM_COLUMNS, "rule_of_law", "ideal_point", "speech_removal_share"):
        figures = states[column].dropna()
        assert np.array_equal(figures, figures.round(3)), column


def test_coordinates_put_states_where_they_are(states: pd.DataFrame) -> None:
    assert states.loc["NZL", "lat"] < 0 < states.loc["NOR", "lat"]
    assert states.loc["BRA", "lon"] < 0 < states.loc["VNM", "lon"]
    europe = states[states.region == "Europe"]
    assert europe.lat.between(34, 66).all()
    assert europe.lon.between(-25, 50).all()
    africa = states[states.region == "Africa"]
    assert africa.lat.between(-35, 38).all()
    assert africa.lon.between(-26, 58).all()


def test_neighbours_and_allies_are_listed_once(states: pd.DataFrame) -> None:
    pairs = read_pairs(codes=states.index).set_index(["a", "b"])
    assert pairs.index.is_unique
    assert (pairs != 0).any(axis=1).all()
    assert pairs.loc[("FRA", "GBR"), "contiguous"] == 1
    assert pairs.loc[("DEU", "FRA")].tolist() == [1, 1, pairs.loc[("DEU", "FRA"), "shared_blocs"]]
    assert pairs.loc[("BLR", "RUS"), "defence_alliance"] == 1
    assert pairs.loc[("CUB", "USA")].contiguous == 0 if ("CUB", "USA") in pairs.index else True


def test_listed_hosts_hold_at_least_one_percent_of_an_origin(states: pd.DataFrame) -> None:
    exiles = read_exiles(codes=states.index)
    totals = states.exiles_abroad.reindex(exiles.origin).to_numpy(dtype=float)
    assert (exiles.people.to_numpy() >= 0.01 * totals * 0.99).all()  # both sides are rounded to three digits
    listed = exiles.groupby("origin").people.sum()
    assert (listed <= 1.02 * states.exiles_abroad.reindex(listed.index)).all()
    assert set(states.index[states.exiles_abroad > 0]) == set(listed.index)


def test_insulting_the_turkish_president_lies_exactly_on_the_four_year_line(penalties: pd.DataFrame) -> None:
    assert years(penalties, "TUR", "insult") == 4.0


@pytest.mark.parametrize(
    ("code", "offence", "expected"),
    [
        ("THA", "insult", 15),
        ("RUS", "false_news", 15),
        ("BLR", "insult", 5),
        ("TUR", "false_news", 3),
        ("EGY", "false_news", 5),
        ("TUN", "false_news", 10),
        ("VNM", "extremism", 20),
        ("CHN", "illegal_access", 7),
        ("IND", "extremism", LIFE_YEARS),
        ("PAK", "blasphemy", LIFE_YEARS),
        ("PAK", "false_news", 3),
        ("PHL", "defamation", 8),
        ("NIC", "false_news", 4),
        ("NGA", "same_sex_conduct", 14),
        ("TZA", "same_sex_conduct", 30),
        ("UGA", "same_sex_conduct", LIFE_YEARS),
        ("DEU", "illegal_access", 3),
        ("DEU", "data_interference", 2),
        ("DEU", "system_interference", 5),
        ("GBR", "illegal_access", 2),
        ("USA", "illegal_access", 1),
        ("USA", "state_secrets", 10),
        ("KOR", "illegal_access", 3),
        ("JPN", "illegal_access", 3),
    ],
)
def test_published_penalties_stand_as_cited(penalties: pd.DataFrame, code: str, offence: str, expected: float) -> None:
    assert years(penalties, code, offence) == expected


def test_hacking_terms_of_democracies_lie_under_the_line_and_speech_terms_of_others_over_it(
    penalties: pd.DataFrame,
) -> None:
    for code in ("DEU", "GBR", "USA", "KOR", "JPN"):
        assert years(penalties, code, "illegal_access") < 4
    for code in ("BLR", "THA", "TUR", "KHM"):
        assert years(penalties, code, "insult") >= 4


def test_a_known_same_sex_penalty_agrees_with_the_list_of_states(states: pd.DataFrame, penalties: pd.DataFrame) -> None:
    known = penalties[penalties.offence == "same_sex_conduct"].code
    assert (states.loc[known, "samesex_criminalised"] == 1).all()


def test_no_penalty_exceeds_the_mark_for_life_and_all_tags_are_known(penalties: pd.DataFrame) -> None:
    assert penalties.max_years.max() == LIFE_YEARS
    assert penalties.max_years.notna().all()
    assert set(penalties.tag) <= set(TAGS)


def test_names_and_places_are_those_kept_by_hand(states: pd.DataFrame) -> None:
    places = pd.read_csv(TABLES_FOLDER / "places.csv", index_col="code", keep_default_na=False)
    pd.testing.assert_frame_equal(places, states[["name", "lon", "lat"]], check_dtype=False)


# ------------------------------------------------------------------------------------------- provenance and licences


def test_every_table_has_the_checksum_that_was_recorded() -> None:
    record = json.loads((TABLES_FOLDER / "CHECKSUMS.json").read_text(encoding="utf-8"))
    assert checksums() == record["tables"]
    assert tuple(record["tables"]) == CSV_NAMES
    assert set(record["inputs"]) >= {"states", "alignment", "exile"}
    for source in record["inputs"].values():
        assert re.fullmatch(r"[0-9a-f]{64}", source["sha256"])
        assert "/" not in source["file"]


@pytest.mark.parametrize("table", CSV_NAMES)
def test_every_column_is_described_and_no_other(table: str) -> None:
    page = (TABLES_FOLDER / "COLUMNS.md").read_text(encoding="utf-8")
    section = page.split(f"## {table}\n")[1].split("\n## ")[0]
    described = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    header = (TABLES_FOLDER / table).read_text(encoding="utf-8").splitlines()[0].split(",")
    assert [cells[1].strip(" `") for cells in described] == header
    for cells in described:
        assert len(cells) == 9, cells
        assert all(cell.strip() for cell in cells[1:-1]), cells


def test_every_key_of_a_penalty_has_its_page(penalties: pd.DataFrame) -> None:
    page = (TABLES_FOLDER / "COLUMNS.md").read_text(encoding="utf-8").split("Keys in `basis`")[1].split("\n## ")[0]
    pages = set(re.findall(r"^\| ([A-Z0-9]+) \| http", page, flags=re.MULTILINE))
    keys = {key for basis in penalties.basis for key in re.findall(r"\[([A-Z0-9]+)\]", basis)}
    assert keys == pages


def test_a_figure_called_read_or_secondary_names_its_page(penalties: pd.DataFrame) -> None:
    named = penalties[penalties.tag != "unverified"]
    assert named.basis.str.contains(r"\[[A-Z0-9]+\]").all()


def test_the_licence_page_names_every_table_and_every_licence_of_a_column() -> None:
    licences = (TABLES_FOLDER / "LICENCE.md").read_text(encoding="utf-8")
    columns = (TABLES_FOLDER / "COLUMNS.md").read_text(encoding="utf-8")
    for table in CSV_NAMES:
        assert f"`{table}`" in licences
    for line in columns.splitlines():
        if line.startswith("| `"):
            licence = line.split("|")[7].strip()
            assert licence == "facts" or licence in licences


# -------------------------------------------------------------------------------------------------------- bad tables


def altered(tmp_path: Path, table: str, change: Callable[[list[str]], list[str]]) -> Path:
    """Copy a packaged table with its lines changed."""
    lines = (TABLES_FOLDER / table).read_text(encoding="utf-8").splitlines()
    path = tmp_path / table
    path.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")
    return path


def cell(line: int, column: str, text: str) -> Callable[[list[str]], list[str]]:
    """Put a text in the place of one cell; lines count from 1, as in an editor."""

    def change(lines: list[str]) -> list[str]:
        cells = next(csv.reader([lines[line - 1]]))
        cells[lines[0].split(",").index(column)] = text
        row = io.StringIO()
        csv.writer(row).writerow(cells)
        return [*lines[: line - 1], row.getvalue().strip(), *lines[line:]]

    return change


def refusal(read: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(TableError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(path.name)
    assert "accepted" in message or "missing" in message
    return message


def test_a_doubled_state_is_named_in_one_line(tmp_path: Path) -> None:
    path = altered(tmp_path, "states.csv", lambda lines: [*lines, lines[1]])
    assert refusal(read_states, path).startswith("states.csv, line 195, code: found AFG a second time")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = altered(tmp_path, "states.csv", lambda lines: [lines[0].replace("rule_of_law", "law"), *lines[1:]])
    assert "column 'rule_of_law' is missing" in refusal(read_states, path)


def test_an_unknown_column_is_named(tmp_path: Path) -> None:
    path = altered(tmp_path, "exiles.csv", lambda lines: [f"{line},1" if n else f"{line},x" for n, line in enumerate(lines)])
    assert "found the unknown column 'x'" in refusal(read_exiles, path)


@pytest.mark.parametrize(
    ("column", "text", "accepted"),
    [
        ("code", "afg", "three capital letters"),
        ("code", "", "three capital letters"),
        ("name", "", "a short name"),
        ("liberal_democracy", "1.2", "from 0 to 1, or nothing"),
        ("liberal_democracy", "high", "from 0 to 1, or nothing"),
        ("population", "", "a whole number of at least 0"),
        ("population", "-3", "a whole number of at least 0"),
        ("population", "inf", "a whole number of at least 0"),
        ("population", "nan", "a whole number of at least 0"),
        ("regime", "1.5", "a whole number from 0 to 3, or nothing"),
        ("hanoi_signatory", "2", "a whole number from 0 to 1"),
        ("hanoi_signatory", "", "a whole number from 0 to 1"),
        ("lat", "91", "from -90 to 90"),
        ("political_terror", "0", "from 1 to 5, or nothing"),
    ],
)
def test_a_cell_out_of_its_range_is_named_with_its_line(tmp_path: Path, column: str, text: str, accepted: str) -> None:
    message = refusal(read_states, altered(tmp_path, "states.csv", cell(3, column, text)))
    assert message.startswith(f"states.csv, line 3, {column}: found {text!r}" if text else f"states.csv, line 3, {column}")
    assert accepted in message


def test_a_negative_penalty_is_named(tmp_path: Path) -> None:
    path = altered(tmp_path, "penalties.csv", cell(2, "max_years", "-1"))
    assert "line 2, max_years: found '-1'; accepted is a number of at least 0" in refusal(read_penalties, path)


def test_a_penalty_in_words_is_named(tmp_path: Path) -> None:
    path = altered(tmp_path, "penalties.csv", cell(2, "max_years", "life"))
    assert "line 2, max_years: found 'life'" in refusal(read_penalties, path)


def test_an_empty_penalty_means_no_crime_and_is_read_as_missing(tmp_path: Path) -> None:
    path = tmp_path / "penalties.csv"
    path.write_text("code,offence,max_years,basis,tag\nSWE,blasphemy,,repealed 1970,secondary\n", encoding="utf-8")
    assert np.isnan(years(read_penalties(path, offences=OFFENCES), "SWE", "blasphemy"))


@pytest.mark.parametrize(
    ("column", "text", "found"),
    [
        ("code", "XXX", "unknown state 'XXX'"),
        ("offence", "rudeness", "unknown offence 'rudeness'"),
        ("tag", "sure", "unknown tag 'sure'"),
    ],
)
def test_an_unknown_state_offence_or_tag_is_named(tmp_path: Path, column: str, text: str, found: str) -> None:
    path = altered(tmp_path, "penalties.csv", cell(2, column, text))
    assert found in refusal(lambda table: read_penalties(table, offences=OFFENCES), path)


def test_a_penalty_without_its_statute_is_named(tmp_path: Path) -> None:
    path = tmp_path / "penalties.csv"
    path.write_text("code,offence,max_years,basis,tag\nSWE,insult,1,,read\n", encoding="utf-8")
    assert "line 2, basis: found nothing" in refusal(read_penalties, path)


def test_a_doubled_penalty_is_named(tmp_path: Path) -> None:
    path = altered(tmp_path, "penalties.csv", lambda lines: [*lines, lines[1]])
    assert "found ARE extremism a second time" in refusal(read_penalties, path)


def test_a_pair_twice_or_in_the_wrong_order_is_named(tmp_path: Path) -> None:
    twice = altered(tmp_path, "pairs.csv", lambda lines: [*lines, lines[1]])
    assert "a second time" in refusal(read_pairs, twice)
    turned = altered(tmp_path, "pairs.csv", lambda lines: [lines[0], "FRA,DEU,1,1,3"])
    assert "found 'FRA' with b 'DEU'" in refusal(read_pairs, turned)


def test_a_pair_or_exile_of_an_unknown_state_is_named(tmp_path: Path) -> None:
    pairs = altered(tmp_path, "pairs.csv", lambda lines: [lines[0], "AFG,XXX,1,0,0"])
    assert "line 2, b: found the unknown state 'XXX'" in refusal(read_pairs, pairs)
    exiles = altered(tmp_path, "exiles.csv", lambda lines: [lines[0], "XXX,AFG,10"])
    assert "line 2, origin: found the unknown state 'XXX'" in refusal(read_exiles, exiles)


def test_a_state_that_hosts_its_own_exiles_is_named(tmp_path: Path) -> None:
    path = altered(tmp_path, "exiles.csv", lambda lines: [lines[0], "AFG,AFG,10"])
    assert "line 2, host: found 'AFG'" in refusal(read_exiles, path)


def test_the_states_of_another_world_may_be_given(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("a,b,contiguous,defence_alliance,shared_blocs\nAAA,BBB,1,0,0\n", encoding="utf-8")
    assert len(read_pairs(path, ["AAA", "BBB"])) == 1


def test_a_table_that_is_not_there_or_no_table_is_named(tmp_path: Path) -> None:
    assert "not found" in refusal(read_states, tmp_path / "states.csv")
    empty = tmp_path / "pairs.csv"
    empty.write_text("", encoding="utf-8")
    refusal(read_pairs, empty)
    latin = tmp_path / "exiles.csv"
    latin.write_bytes(b"origin,host,people\n\xe9,AFG,1\n")
    refusal(read_exiles, latin)


def test_a_row_longer_than_the_header_is_named(tmp_path: Path) -> None:
    first = altered(tmp_path, "exiles.csv", lambda lines: [lines[0], *(f"{line},1" for line in lines[1:])])
    assert "line 2: found 4 entries under 3 columns; accepted: 3" in refusal(read_exiles, first)
    last = altered(tmp_path, "exiles.csv", lambda lines: [*lines, "AFG,ALB,1,1"])
    assert "line 1511: found 4 entries under 3 columns; accepted: 3" in refusal(read_exiles, last)


def test_a_row_shorter_than_the_header_is_named(tmp_path: Path) -> None:
    path = altered(tmp_path, "exiles.csv", lambda lines: [*lines, "ZWE,ALB"])
    assert "line 1511: found 2 entries under 3 columns; accepted: 3" in refusal(read_exiles, path)


def test_the_order_of_rows_and_columns_does_not_matter(tmp_path: Path) -> None:
    shuffled = pd.read_csv(TABLES_FOLDER / "states.csv", dtype=str, keep_default_na=False).iloc[::-1, ::-1]
    shuffled.to_csv(tmp_path / "states.csv", index=False)
    pd.testing.assert_frame_equal(read_states(tmp_path / "states.csv"), read_states())


def test_every_column_of_the_reader_is_in_the_packaged_tables() -> None:
    header = (TABLES_FOLDER / "states.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert set(header) == {*tables.STATE_WORDS, *(column.name for column in tables.STATE_COLUMNS)}
