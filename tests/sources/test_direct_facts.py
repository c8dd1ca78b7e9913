"""Requests to firms: what the firms list is read as it stands, and what is fitted to it is fitted here again."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special

from sim.config import load
from sim.sources import build
from sim.sources.checksums import TABLES_FOLDER
from sim.sources.tables import TableError, read_direct, read_states
from sim.world.spec import DirectSpec

HEADER = "code,ordinary,ordinary_answered,emergency,emergency_answered"


@pytest.fixture(scope="module")
def spec() -> DirectSpec:
    return load().demand.direct


@pytest.fixture(scope="module")
def listed(spec: DirectSpec) -> pd.DataFrame:
    """States that are listed and whose counts are of requests abroad, with what the regression reads."""
    table = read_states().join(read_direct().set_index("code"), how="inner").drop(index=list(spec.at_home))
    table["users"] = table["population"] * table["internet_pct"] / 100
    return table.dropna(subset=["users", "gdp_per_head", "liberal_democracy"])


def test_published_totals_are_in_the_table() -> None:
    """Google and Apple, July 2024 to June 2025: 81,047 and 5,514 from Germany; no row for Hungary; India's are the most abroad."""
    table = read_direct().set_index("code")
    assert len(table) == 108
    assert table.loc["DEU", "ordinary"] == 86_600
    assert table["ordinary"].drop("USA").idxmax() == "IND"
    assert table["ordinary"].sum() == pytest.approx(567_729, rel=0.005)
    assert table["emergency"].sum() == pytest.approx(20_134, rel=0.005)
    assert "HUN" not in table.index


def test_no_count_is_zero_and_none_comes_without_its_share() -> None:
    table = read_direct()
    for count in ("ordinary", "emergency"):
        assert not (table[count] == 0).any()
        assert (table[count].isna() == table[f"{count}_answered"].isna()).all()
    assert table[["ordinary", "emergency"]].notna().any(axis=1).all()
    assert table["ordinary"].isna().sum() == 8
    assert table["emergency"].isna().sum() == 23


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("DEU,0,0.5,,", "direct.csv, line 2, ordinary: found '0'; accepted is a whole number of at least 1, or nothing"),
        ("DEU,5,1.2,,", "direct.csv, line 2, ordinary_answered: found '1.2'; accepted is a number from 0 to 1, or nothing"),
        ("DEU,5,0.5,3,", "direct.csv, line 2, emergency: found a count or a share alone; accepted are both, or neither"),
        ("DEU,,0.5,,", "direct.csv, line 2, ordinary: found a count or a share alone; accepted are both, or neither"),
        ("TWN,5,0.5,,", "direct.csv, line 2, code: found the unknown state 'TWN'; accepted are AFG AGO ALB ... ZWE (193)"),
        ("DEU,5,0.5,,\nDEU,5,0.5,,", "direct.csv, line 3, code: found DEU a second time; accepted is one row each"),
    ],
)
def test_a_bad_row_is_refused_in_one_line(row: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "direct.csv"
    path.write_text(f"{HEADER}\n{row}\n", encoding="utf-8")
    with pytest.raises(TableError) as error:
        read_direct(path)
    assert str(error.value) == message


def test_the_level_is_the_mean_of_the_listed_states_about_the_slopes(listed: pd.DataFrame, spec: DirectSpec) -> None:
    rows = listed.dropna(subset=["ordinary"])
    residual = (
        np.log(rows["ordinary"])
        - spec.users_slope * np.log(rows["users"] / spec.reference_users)
        - spec.income_slope * np.log(rows["gdp_per_head"] / spec.reference_income)
        - spec.liberal_slope * (rows["liberal_democracy"] - spec.reference_liberal)
    )
    assert len(rows) == 94
    assert np.exp(residual.mean()) == pytest.approx(spec.level, rel=0.02)
    assert spec.spread_low < residual.std(ddof=1) < spec.spread_high
    assert np.exp(np.log(rows["users"]).mean()) == pytest.approx(spec.reference_users, rel=0.05)
    assert np.exp(np.log(rows["gdp_per_head"]).mean()) == pytest.approx(spec.reference_income, rel=0.05)
    assert rows["liberal_democracy"].mean() == pytest.approx(spec.reference_liberal, abs=0.02)
    assert (rows["ordinary"] / rows["users"] * 1e6).max() == pytest.approx(spec.most_per_million, rel=0.05)


def test_the_answered_shares_are_the_likeliest_for_the_listed_states(listed: pd.DataFrame, spec: DirectSpec) -> None:
    """Beta-binomial likelihood, the slopes of ordinary requests as sourced, that of emergencies free."""
    rows = listed.dropna(subset=["ordinary"])
    count, liberal = rows["ordinary"].to_numpy(float), rows["liberal_democracy"].to_numpy(float) - spec.reference_liberal
    yes = count * rows["ordinary_answered"].to_numpy(float)
    slope = spec.answered_liberal_slope * liberal + spec.answered_volume_slope * np.log(count / spec.level)
    best = optimize.minimize(lambda p: minus_log_likelihood(p[0] + slope, p[1], count, yes), [0.0, 1.0], method="Nelder-Mead").x
    assert special.expit(best[0]) == pytest.approx(spec.answered, abs=0.005)
    assert np.exp(best[1]) == pytest.approx(spec.answered_weight, rel=0.02)

    rows = listed.dropna(subset=["emergency"])
    count, liberal = rows["emergency"].to_numpy(float), rows["liberal_democracy"].to_numpy(float) - spec.reference_liberal
    yes = count * rows["emergency_answered"].to_numpy(float)
    best = optimize.minimize(
        lambda p: minus_log_likelihood(p[0] + p[2] * liberal, p[1], count, yes), [0.0, 1.0, 1.0], method="Nelder-Mead"
    ).x
    assert special.expit(best[0]) == pytest.approx(spec.emergency_answered, abs=0.005)
    assert np.exp(best[1]) == pytest.approx(spec.emergency_weight, rel=0.02)
    assert best[2] == pytest.approx(spec.emergency_liberal_slope, abs=0.02)


def minus_log_likelihood(odds: np.ndarray, log_weight: float, count: np.ndarray, yes: np.ndarray) -> float:
    a, b = np.exp(log_weight) * special.expit(odds), np.exp(log_weight) * special.expit(-odds)
    return float(-(special.betaln(a + yes, b + count - yes) - special.betaln(a, b)).sum())


# ---------------------------------------------------------------------------------------------------------- builder

CODES = list(build.read_places(TABLES_FOLDER / "places.csv"))
YEAR = [
    "Google,2024-H2,DEU,Other Legal Requests,40000.0,84",
    "Google,2025-H1,DEU,Other Legal Requests,41234,86",
    "Apple,2024-H2,DEU,account,1000,66",
    "Apple,2025-H1,FRA,account,10,50",
]


def rows_of(tmp_path: Path, *lines: str) -> list[dict[str, str]]:
    path = tmp_path / "provider_requests.csv"
    path.write_text("\n".join(["provider,period,iso3,process,requests,pct_disclosed", *lines, ""]), encoding="utf-8")
    return list(build.direct_rows(path, CODES))


def test_a_year_of_both_firms_is_added_up_and_the_share_is_weighted(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, *YEAR)
    assert [row["code"] for row in rows] == ["DEU", "FRA"]
    share = (40_000 * 0.84 + 41_234 * 0.86 + 1_000 * 0.66) / 82_234
    assert rows[0] == {
        "code": "DEU", "ordinary": "82200", "ordinary_answered": f"{share:.3f}", "emergency": "", "emergency_answered": ""
    }  # fmt: skip


def test_preservation_lost_devices_other_firms_and_years_are_left_out(tmp_path: Path) -> None:
    further = [
        "Google,2025-H1,DEU,Preservation Requests,700,",
        "Google,2025-H1,DEU,CLOUD Act - IPA CDRs,7,100",
        "Apple,2025-H1,DEU,device,9999,80",
        "Apple,2025-H1,TWN,account,50,80",
        "Apple,2025-H1,ESP,account,0,0",
        "Google,2023-H1,ITA,All,9000,80",
        "Twitter,2017-H1,DEU,account information,6445,30",
    ]
    assert rows_of(tmp_path, *YEAR, *further) == rows_of(tmp_path, *YEAR)


def test_emergencies_stand_beside_ordinary_requests(tmp_path: Path) -> None:
    further = ["Google,2025-H1,FRA,Emergency Disclosure Requests,11,54.5", "Apple,2024-H2,FRA,emergency,9,100"]
    france = rows_of(tmp_path, *YEAR, *further)[1]
    assert (france["ordinary"], france["emergency"], france["emergency_answered"]) == ("10", "20", "0.75")


Fault = tuple[Callable[[list[str]], list[str]], str]
FAULTS: dict[str, Fault] = {
    "a process that no one knows": (
        lambda lines: [*lines, "Apple,2025-H1,DEU,telepathy,1,1"],
        "line 6, column process: found 'telepathy'; accepted of Apple are account, emergency, device,",
    ),
    "a share over a hundred": (
        lambda lines: [*lines, "Apple,2025-H1,DEU,account,1,101"],
        "line 6, column pct_disclosed: found '101'; accepted is a number from 0 to 100, or nothing",
    ),
    "a share in words": (
        lambda lines: [*lines, "Apple,2025-H1,DEU,account,1,most"],
        "line 6, column pct_disclosed: found 'most'; accepted is a number from 0 to 100, or nothing",
    ),
    "a count in halves": (
        lambda lines: [*lines, "Apple,2025-H1,DEU,account,1.5,50"],
        "line 6, column requests: found '1.5'; accepted is a whole number of at least 0",
    ),
    "a quarter": (
        lambda lines: [*lines, "Apple,2025-Q1,DEU,account,1,50"],
        "line 6, column period: found '2025-Q1'; accepted is a half-year, as 2025-H1",
    ),
    "a firm ahead of the other": (
        lambda lines: [*lines, "Apple,2025-H2,DEU,account,1,50"],
        "column period: found no 2025-H2 of Google; accepted is the same latest year of every firm",
    ),
    "a gap in the year": (
        lambda lines: lines[1:],
        "column period: found no 2024-H2 of Google; accepted is the same latest year of every firm",
    ),
    "no row": (lambda lines: [], "column period: found no half-year of Google; accepted is the same latest year of every firm"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_file_of_firms_is_refused_in_one_line(fault: str, tmp_path: Path) -> None:
    change, message = FAULTS[fault]
    with pytest.raises(TableError) as error:
        rows_of(tmp_path, *change(YEAR))
    assert message in str(error.value)
    assert str(error.value).startswith("provider_requests.csv")
    assert "\n" not in str(error.value)
