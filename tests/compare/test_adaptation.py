"""Protection on paper and after adaptation: who meets whom, what the tables hold, and what the study refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.text import Text

from experiments.analysis.adaptation import (
    HEADLINE_COLUMNS,
    NAIVE,
    AdaptationSpec,
    ArmPair,
    adaptation_headline,
    arm_pairs_of,
    fixed_of,
    moved_of,
    where_of,
)
from experiments.design.arms import ArmRun, arm_runs_of
from experiments.design.plain import arm_in_words
from experiments.design.scenarios import KINDS, headers, headers_of
from experiments.errors import StoppedError
from experiments.statistics import gap_of, half_width
from experiments.store.results import DISPLACEMENT, Results
from experiments.studies import adaptation
from experiments.studies.adaptation import ADAPTIVE, adaptation_arms, headline_lines, main, protecting
from sim.world.record import ConfigError
from tests.config.own_files import OwnFiles, in_place

TINY = (
    "states=synthetic",
    "states.synthetic.count=6",
    "people.rows=400",
    "demand.legitimate=40",
    "demand.abusive_odds=0.3",
    "years=3",
)
SPEC = AdaptationSpec(years=[1, 3])
SIDES = [ArmPair("judge", NAIVE, 1, 0), ArmPair("judge", ADAPTIVE, 3, 2)]


def board_of(numbers: dict[tuple[str, str, str], list[list[float]]], counts: int = 100) -> Results:
    """Worlds of four entries, one replicate: baseline and judge while nobody adapts, then the same under adaptation."""
    values = np.array([numbers[key] for key in numbers], float).swapaxes(0, 1)[..., None]  # [A, K, W, 1]
    return Results(list(numbers), values, np.full(values.shape, counts), list(range(values.shape[2])))


ABROAD = "cross_border_disclosure_rate"
RATE, NEEDS, FIRST = (ABROAD, "all", "all"), ("legit_met_rate", "all", "all"), (ABROAD, "year", "1")
DISCLOSED = ("case_disclosure_rate", "all", "all")  # the same over all abusive cases, which has slices by what was filed
MADE = {
    RATE: [[0.10, 0.20, 0.12], [0.08, 0.16, 0.096], [0.12, 0.24, 0.144], [0.108, 0.216, 0.1296]],
    FIRST: [[0.10, 0.20, 0.12], [0.08, 0.17, 0.090], [0.12, 0.24, 0.144], [0.100, 0.190, 0.1300]],
    NEEDS: [[0.5, 0.4, 0.6], [0.495, 0.396, 0.594], [0.5, 0.4, 0.6], [0.5, 0.4, 0.6]],
}


def row(table: pd.DataFrame, conduct: str, year: str, measure: str) -> pd.Series:
    (found,) = [r for _, r in table.iterrows() if (r["conduct"], r["year"], r["measure"]) == (conduct, year, measure)]
    return found


def test_protection_is_the_share_of_the_baselines_disclosures_under_the_same_conduct() -> None:
    table = adaptation_headline(board_of(MADE), SIDES, SPEC, 10)
    assert tuple(table.columns) == HEADLINE_COLUMNS
    for conduct, wanted in ((NAIVE, 20.0), (ADAPTIVE, 10.0)):
        found = row(table, conduct, "all", "protection")
        np.testing.assert_allclose([found["value"], found["world_low"], found["world_high"]], wanted, atol=1e-9)
    lost = row(table, ADAPTIVE, "all", "lost")
    np.testing.assert_allclose([lost["value"], lost["world_low"], lost["world_high"]], 10.0, atol=1e-9)
    assert row(table, NAIVE, "all", "cost")["value"] == pytest.approx(1.0)
    assert row(table, ADAPTIVE, "all", "cost")["value"] == pytest.approx(0.0)
    year = row(table, ADAPTIVE, "1", "protection")
    assert year["value"] == pytest.approx(100 * (1 - (0.1 + 0.19 + 0.13) / (0.12 + 0.24 + 0.144)))
    own = 100 * (1 - np.array([0.1 / 0.12, 0.19 / 0.24, 0.13 / 0.144]))
    assert (year["world_low"], year["world_high"]) == pytest.approx((own.min(), own.max()))
    assert year["error_low"] < year["value"] < year["error_high"] <= 100
    assert (year["worlds_agreeing"], year["inside"]) == (3, 0.5)
    assert table["adjusted_p"].isna().all(), "three worlds give no verdict"
    assert not len(table[table["year"] == "3"]), "a year that no run has is not told"
    assert set(table["worlds"]) == {3}


def test_the_chance_of_what_adaptation_takes_holds_for_all_scenarios_together() -> None:
    rng = np.random.default_rng(6)
    base, W = rng.uniform(0.1, 0.2, 10), 10
    noise = rng.normal(0, 0.002, (4, W))
    arms = [base, 0.8 * base + noise[0], base, 0.9 * base + noise[1], base, 0.95 * base + noise[2], base, 0.95 * base + noise[3]]
    values = np.stack(arms)[:, None, :, None]
    names = (("judge", NAIVE), ("judge", ADAPTIVE), ("notice", NAIVE), ("notice", ADAPTIVE))
    sides = [ArmPair(name, conduct, 2 * place + 1, 2 * place) for place, (name, conduct) in enumerate(names)]
    results = Results([RATE], values, np.full(values.shape, 100), list(range(W)))
    table = adaptation_headline(results, sides, SPEC, 10).set_index(["scenario", "conduct", "measure"])
    assert table.loc[("judge", ADAPTIVE, "lost"), "adjusted_p"] < 0.01
    assert table.loc[("notice", ADAPTIVE, "lost"), "adjusted_p"] > 0.05
    lost = table.loc[("judge", ADAPTIVE, "lost")]
    own = 100 * ((arms[3] - arms[1]) / base)
    assert (lost["world_low"], lost["world_high"], lost["worlds_agreeing"]) == pytest.approx((own.min(), own.max(), 10))


def test_luck_that_makes_most_of_what_worlds_differ_by_is_told() -> None:
    rng = np.random.default_rng(7)
    values = np.stack([np.full((100, 2), 0.2), 0.16 + rng.normal(0, 0.02, (100, 2))])[:, None]
    results = Results([RATE], values, np.full(values.shape, 100), list(range(100)))
    table = adaptation_headline(results, [ArmPair("judge", NAIVE, 1, 0)], SPEC, 10)
    assert table["chance_share"].iloc[0] > 0.5
    mine = np.stack([np.full((100, 2), 0.2), np.repeat(0.16 + rng.normal(0, 0.02, (100, 1)), 2, axis=1)])[:, None]
    steady = Results([RATE], mine, np.full(mine.shape, 100), list(range(100)))
    assert adaptation_headline(steady, [ArmPair("judge", NAIVE, 1, 0)], SPEC, 10)["chance_share"].iloc[0] == pytest.approx(0.0)


def test_fewer_events_than_a_rate_may_stand_on_give_no_number() -> None:
    table = adaptation_headline(board_of(MADE, counts=3), SIDES, SPEC, 10)
    assert table["value"].isna().all()
    assert (table["events"] == 9).all()


def test_displacement_is_told_with_where_it_went() -> None:
    share, way = (DISPLACEMENT, "baseline", "as_adopted"), (DISPLACEMENT, "kind", "fabricated")
    numbers = {
        share: [[np.nan] * 3, [0.1, 0.2, 0.3], [np.nan] * 3, [0.3, 0.3, 0.3]],
        way: [[np.nan] * 3, [0.0] * 3, [np.nan] * 3, [0.2] * 3],
    }
    results = board_of(numbers)
    results.counts[1, 1] = 0
    results.counts[3, 0] = [[10], [200], [90]]
    results.values[3, 0] = [[0.5], [0.1], [0.3]]
    table, where = adaptation_headline(results, SIDES, SPEC, 10), where_of(results, SIDES, 10)
    assert row(table, NAIVE, "all", "displaced")["value"] == pytest.approx(20.0)
    assert row(table, ADAPTIVE, "all", "displaced")["value"] == pytest.approx(30.0)
    assert row(table, NAIVE, "all", "displaced")["events"] == 10 + 20 + 30
    assert row(table, ADAPTIVE, "all", "displaced")["events"] == 5 + 20 + 27, "cases, not the mean share of all of them"
    assert where["by"].tolist() == ["kind"]
    (only,) = where.to_dict("records")
    assert (only["conduct"], only["by"], only["level"], only["of"]) == (ADAPTIVE, "kind", "fabricated", 300)
    assert only["value"] == pytest.approx(20.0)


def test_a_share_of_which_fewer_than_ten_cases_were_counted_is_not_given_and_its_count_stands() -> None:
    share, way = (DISPLACEMENT, "baseline", "as_adopted"), (DISPLACEMENT, "kind", "fabricated")
    numbers = {
        share: [[np.nan] * 3, [0.01] * 3, [np.nan] * 3, [0.05] * 3],
        way: [[np.nan] * 3, [0.01] * 3, [np.nan] * 3, [0.02] * 3],
    }
    results = board_of(numbers)
    results.counts[1, 1], results.counts[3, 1] = 3, 4
    table, where = adaptation_headline(results, SIDES, SPEC, 10), where_of(results, SIDES, 10)
    few, enough = (row(table, conduct, "all", "displaced") for conduct in (NAIVE, ADAPTIVE))
    gone = ["value", "world_low", "world_high", "worlds_agreeing", "error_low", "error_high", "chance_share"]
    assert (few["events"], few["events_baseline"], enough["events"]) == (3, 300, 15)
    assert few[gone].isna().all()
    assert enough["value"] == pytest.approx(5.0)
    known = where.set_index("conduct")
    assert (known.loc[NAIVE, "count"], known.loc[ADAPTIVE, "count"]) == (9, 12)
    assert known.loc[NAIVE, gone].isna().all()
    assert known.loc[ADAPTIVE, "value"] == pytest.approx(2.0)


def test_a_level_on_few_events_under_one_conduct_moves_by_no_number() -> None:
    kind = ("case_disclosure_rate", "kind", "fabricated")
    results = board_of({DISCLOSED: MADE[RATE], kind: [[0.01] * 3, [0.01] * 3, [0.02] * 3, [0.04] * 3]})
    results.counts[1, 1] = 3
    names = ("as_adopted naive", "judge naive", "as_adopted adaptive", "judge adaptive")
    arm_runs = [ArmRun(name, None, 0) for name in names]  # type: ignore[arg-type]
    table = moved_of(results, SIDES, arm_runs, 10).set_index(["scenario", "by"])
    judge = table.loc[("judge", "kind")]
    assert (judge["events_naive"], judge["events_adaptive"]) == (9, 300)
    assert judge[["naive", "moved", "moved_world_low", "moved_error_high", "moved_chance_share"]].isna().all()
    assert judge["adaptive"] > 0


def test_what_a_scenario_cannot_move_on_paper_is_marked_as_zero_by_construction() -> None:
    arms, _ = adaptation_arms([*TINY, "scenarios=[data_protection,judge]"])
    arm_runs = arm_runs_of(arms)
    sides = arm_pairs_of(arm_runs)
    found = fixed_of(sides, arm_runs)
    (still,) = [side for side in sides if (side.scenario, side.conduct) == ("data_protection", NAIVE)]
    assert {place for place, _ in found} == {still.place}, "once people adapt, further use may silence them"
    same = np.full((len(arm_runs), 1, 3, 1), 0.1)
    results = Results([RATE], same, np.full(same.shape, 100), [0, 1, 2])
    table = adaptation_headline(results, sides, SPEC, 10, found).set_index(["scenario", "conduct", "measure"])
    assert table["constructed_zero"][table["constructed_zero"]].index.tolist() == [("data_protection", NAIVE, "protection")]
    results.values[still.place] = 0.2
    assert not adaptation_headline(results, sides, SPEC, 10, found)["constructed_zero"].any(), "what moved after all is no zero"


def test_the_terminal_says_what_has_few_events_cannot_move_or_is_a_level() -> None:
    base = {"scenario": "judge", "conduct": "adaptive", "year": "all", "value": 7.0, "world_low": 1.0, "world_high": 9.0,
            "events_baseline": 99, "events": 99, "worlds": 9, "worlds_agreeing": 9, "chance_share": 0.1,
            "constructed_zero": False}  # fmt: skip
    rows = [
        base | {"conduct": "naive", "measure": "protection", "constructed_zero": True},
        base | {"measure": "displaced"},
        base | {"measure": "cost", "value": np.nan, "events": 8},
    ]
    rows.append(base | {"measure": "lost", "value": 0.0, "world_low": 0.0, "world_high": 0.0, "worlds_agreeing": 0})
    table = headline_lines(pd.DataFrame(rows), AdaptationSpec(years=[1]), "9 worlds", headers_of(["judge"]), 200)
    assert "range over worlds" in Text.from_markup(str(table.title)).plain, "square brackets would be read as markup"
    last = [str([*column.cells][-1]) for column in table.columns]
    assert last[1:] == ["cannot move", "0 in every run", "7.0 [1.0, 9.0]", "<10 events"]


def test_what_moved_is_told_in_the_baselines_own_disclosures() -> None:
    kind = ("case_disclosure_rate", "kind", "fabricated")
    numbers = {DISCLOSED: MADE[RATE], kind: [[0.01, 0.02, 0.012], [0.01, 0.02, 0.012], [0.02, 0.04, 0.024], [0.04, 0.08, 0.048]]}
    names = ("as_adopted naive", "judge naive", "as_adopted adaptive", "judge adaptive")
    arm_runs = [ArmRun(name, None, 0) for name in names]  # type: ignore[arg-type]
    table = moved_of(board_of(numbers), SIDES, arm_runs, 10).set_index(["scenario", "by"])
    judge, adopted = table.loc[("judge", "kind")], table.loc[("as_adopted", "kind")]
    np.testing.assert_allclose([judge["naive"], judge["adaptive"], judge["moved"]], [10.0, 40.0, 30.0], atol=1e-9)
    np.testing.assert_allclose([judge["moved_world_low"], judge["moved_world_high"]], 30.0, atol=1e-9)
    assert adopted["moved"] == pytest.approx(10.0)
    assert table.loc[("as_adopted", "all"), "adaptive"] == pytest.approx(120.0)


def test_the_gap_of_two_ratios_covers_its_value() -> None:
    """Worlds of which each has its own level: the interval is that of the paired gap, and holds the truth as often as said."""
    rng = np.random.default_rng(3)
    truth, hits = 0.9 - 0.8, 0
    for _ in range(400):
        level = rng.lognormal(0.0, 0.4, 12)
        first = level * (0.9 + rng.normal(0, 0.05, 12)), level
        second = level * (0.8 + rng.normal(0, 0.05, 12)), level
        found = gap_of(first, second)
        hits += int(found.low <= truth <= found.high)
    assert 0.90 < hits / 400 < 0.985
    flat = np.ones(5)
    same = gap_of((np.arange(1.0, 6.0), flat), (np.arange(1.0, 6.0), flat))
    assert (same.ratio, same.low, same.high) == (0.0, 0.0, 0.0)
    one = gap_of((np.arange(1.0, 6.0), flat), (flat, flat))
    assert one.high - one.ratio == pytest.approx(float(half_width(np.arange(1.0, 6.0))))


def test_each_scenario_meets_the_baseline_under_the_same_conduct_in_the_same_worlds() -> None:
    arms, _ = adaptation_arms([*TINY, "scenarios=[judge,notice]"])
    assert [arm.name for arm in arms] == ["judge naive", "notice naive", "judge adaptive", "notice adaptive"]
    assert len({arm.baseline_config.world_digest() for arm in arms} | {arm.config.world_digest() for arm in arms}) == 1
    for arm in arms:
        assert arm.config.conduct == arm.baseline_config.conduct
        assert arm.config.adaptation == arm.baseline_config.adaptation
        assert arm.config.adaptation.anyone == arm.name.endswith(ADAPTIVE)
    arm_runs = arm_runs_of(arms)
    assert [arm_run.name for arm_run in arm_runs] == [
        *("as_adopted naive", "judge naive", "notice naive"),
        *("as_adopted adaptive", "judge adaptive", "notice adaptive"),
    ]
    assert arm_pairs_of(arm_runs)[2:] == [ArmPair("judge", ADAPTIVE, 4, 3), ArmPair("notice", ADAPTIVE, 5, 3)]


def test_all_scenarios_are_those_that_are_meant_to_protect() -> None:
    found = protecting("as_adopted")
    known = headers()
    assert {name for name, header in known.items() if header.kind in ("safeguard", "bundle")} <= set(found)
    others = [name for name in found if known[name].kind not in ("safeguard", "bundle")]
    assert "no_treaty" in others
    assert not {"universal", "hr_removed", "as_adopted", "adaptive", "democracies_out_placebo"} & set(found)
    assert all(known[name].kind == "membership" and known[name].direction["case_disclosure_rate"] == "down" for name in others)


def test_a_scenario_whose_file_is_bad_is_left_out_of_all_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = in_place(OwnFiles(tmp_path / "configs"), monkeypatch)
    files.write("scenario/bad.yaml", "# Direction: case_disclosure_rate sideways\n")
    files.write("scenario/lame.yaml", "# @package _global_\n# Direction: case_disclosure_rate down\ndefaults: [utopia]\n")
    found = protecting("as_adopted")
    assert "judge" in found
    assert not {"bad", "lame"} & set(found)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["left out", "left out"]
    assert [arm.name for arm in adaptation_arms([*TINY, "scenarios=[judge]"])[0]] == ["judge naive", "judge adaptive"]


@pytest.mark.parametrize("broken", ["draw_figure", "write_adapted"])
def test_a_figure_or_a_page_that_fails_costs_no_table(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adaptation, broken, lambda *_: 1 / 0)
    with pytest.raises(StoppedError, match=r"lacks report\.html.*\(ZeroDivisionError: division by zero\); what else") as told:
        main(*TINY, "scenarios=[judge]", "seeds=1", "replicates=1", "workers=1", f"output={tmp_path}")
    assert told.value.status == 3
    (folder,) = (tmp_path / "adaptation").iterdir()
    tables = {"headline.csv", "displaced.csv", "moved.csv", "runs.parquet", "manifest.json"}
    assert tables <= {path.name for path in folder.iterdir()}
    missing = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["missing"]
    assert "report.html" in missing
    assert ("figures/adaptation.png" in missing) == (broken == "draw_figure")


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("conduct=naive", r"^conduct: found 'conduct=naive'; accepted: scenarios=\[...\]"),
        ("scenario=judge", r"^scenario: found 'scenario=judge'; accepted"),
        ("design=pairs", r"^design: found 'design=pairs'; accepted"),
        ("world_seed=3", r"^world_seed: found 3; accepted: null"),
        ("until=0.01", r"^until: found 0.01; accepted: null"),
        ("analysis.adaptation.years=[0]", r"^analysis.adaptation.years.0: found 0; accepted"),
        ("analysis.adaptation.years=[3,3]", r"^analysis.adaptation.years: found \[3, 3\]; accepted: each year once"),
        ("analysis.adaptation.decades=3", r"^analysis.adaptation.decades: no such key; accepted: years"),
    ],
)
def test_what_the_study_cannot_take_is_one_line(override: str, line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=line):
        main(*TINY, "scenarios=[judge]", f"output={tmp_path}", override)
    assert not list(tmp_path.iterdir())


def test_the_study_writes_its_tables_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = main(*TINY, "scenarios=[judge,core_cyber]", "seeds=2", "replicates=1", "workers=1", f"output={tmp_path}")
    told = capsys.readouterr().out
    assert "on paper" in told
    headline = pd.read_csv(folder / "headline.csv", dtype={"year": str})
    assert set(headline["scenario"]) == {"judge", "core_cyber"}
    assert set(headline["year"]) == {"all", "1", "3"}
    tables = {"headline.csv", "displaced.csv", "moved.csv", "runs.parquet"}
    assert {path.name for path in folder.iterdir()} == {*tables, "report.html", "manifest.json", "figures"}
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["seeds"], manifest["replicates"]) == ([1, 2], 1)
    arms = {f"{name} {conduct}" for name in ("as_adopted", "judge", "core_cyber") for conduct in (NAIVE, ADAPTIVE)}
    assert set(manifest["arms"]) == arms
    assert manifest["arms"]["judge adaptive"]["baseline"] == "as_adopted adaptive"
    assert "adaptation.requesters.labels" in manifest["arms"]["judge adaptive"]["changes"]
    assert list(manifest["scenarios"]) == ["as_adopted naive"], "one configuration in full; the others as what they change"
    moved = pd.read_csv(folder / "moved.csv")
    assert set(moved["scenario"]) == {"as_adopted", "judge", "core_cyber"}
    parts = moved[moved["by"] == "channel"].groupby("scenario")["naive"].sum()
    assert (parts <= moved[moved["by"] == "all"].set_index("scenario")["naive"] + 1e-6).all()
    assert (folder / "figures" / "adaptation.png").stat().st_size > 10_000
    assert sorted(path.name for path in (tmp_path / "adaptation").iterdir()) == [folder.name]


def test_the_terminal_has_a_part_each_kind_and_a_control_comes_last() -> None:
    names = ["democracies_out_placebo", "no_treaty", "judge"]
    row = {"conduct": "naive", "year": "all", "measure": "protection", "world_low": 1.0, "world_high": 90.0, "unit": "%",
           "events_baseline": 99, "events": 99, "worlds": 9, "worlds_agreeing": 9, "chance_share": 0.1,
           "constructed_zero": False}  # fmt: skip
    frame = pd.DataFrame([row | {"scenario": name, "value": 80.0 - place} for place, name in enumerate(names)])
    table = headline_lines(frame, AdaptationSpec(years=[1]), "9 worlds", headers_of(names))
    first = [str(cell) for cell in table.columns[0].cells]
    plain = [arm_in_words(name, headers_of(names)) for name in reversed(names)]
    assert not set(plain) & set(names), "plain names, as the figure has them"
    assert [cell for cell in first if cell in plain] == plain
    assert [cell for cell in first if cell not in plain] == [
        KINDS[kind].capitalize() for kind in ("safeguard", "membership", "control")
    ]
