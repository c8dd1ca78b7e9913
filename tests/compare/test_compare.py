"""`rogatory compare` as a whole, in a tiny made-up world: its tables, its stopping, its mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.analysis import contrasts
from experiments.analysis.contrasts import COMPARISON_COLUMNS
from experiments.design.comparisons import Arm
from experiments.errors import StoppedError
from experiments.execution.comparison import FIRST_LOOK_WORLDS, changes_of
from experiments.output import OutputError
from experiments.settings import conduct_of_study
from experiments.store.places import stores_in
from experiments.store.reader import StoredStudy
from experiments.studies import compare
from experiments.studies.compare import main
from sim.config import load
from sim.result import Result
from sim.sources.checksums import sha256
from sim.world.record import ConfigError
from tests.config.own_files import OwnFiles, in_place
from tests.worlds import with_forces

TINY = (
    "states=synthetic", "states.synthetic.count=6", "people.rows=400", "demand.legitimate=60", "years=1", "calibration_months=12",
    "workers=1",
)  # fmt: skip
Arms = Callable[..., list[Arm]]


def arms(*names: str) -> list[Arm]:
    """No treaty, a strict text, and the text as adopted under another name."""
    base = load(*TINY)
    known = {
        "no_treaty": load(*TINY, "scenario=no_treaty"),
        "strict": with_forces(base, "must", "judge", "discrimination", "political_offence"),
        "twin": base.model_copy(update={"scenario_name": "twin"}),
    }
    return [Arm(name, known[name], base) for name in names]


def given(monkeypatch: pytest.MonkeyPatch, *names: str, **studied: object) -> None:
    """Let ``main`` compare these arms whatever it is asked, and draw nothing."""
    asked = conduct_of_study(*TINY).model_copy(update=studied)
    monkeypatch.setattr(compare, "compared_arms", lambda overrides: (arms(*names), asked))
    monkeypatch.setattr(compare.report, "write_report", lambda *_: [])


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, object]]:
    """The comparison and the plane by arm, and the manifest."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return pd.read_parquet(folder / "comparison.parquet"), pd.read_csv(folder / "cooperation.csv").set_index("arm"), manifest


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a study of three arms leaves."""
    with pytest.MonkeyPatch.context() as patch:
        given(patch, "no_treaty", "strict", "twin", seeds=3, output=str(tmp_path_factory.mktemp("results")))
        return main("seeds=3")


def test_a_study_writes_its_tables_whole(written: Path) -> None:
    comparison, plane, manifest = read(written)
    assert list(comparison.columns) == list(COMPARISON_COLUMNS)
    assert list(dict.fromkeys(comparison["arm"])) == list(plane.index) == ["no_treaty", "strict", "twin"]
    assert {"comparison.csv", "comparison.parquet", "cooperation.csv", "runs.parquet"} <= set(manifest["files"])  # type: ignore[call-overload]
    assert {"all", "group", "requester", "requested", "instrument", "channel", "regime", "kind"} <= set(comparison["by"])
    text = pd.read_csv(written / "comparison.csv")
    assert text[["arm", "metric", "by"]].equals(comparison[["arm", "metric", "by"]])
    assert np.allclose(text["percent"], comparison["percent"], rtol=1e-4, equal_nan=True)


def test_an_arm_equal_to_its_baseline_is_zero_in_every_number(written: Path) -> None:
    comparison, plane, _ = read(written)
    twin = comparison[comparison["arm"] == "twin"]
    assert len(twin) > 100
    assert (twin["baseline"].fillna(0) == twin["value"].fillna(0)).all()
    assert (twin["difference"].fillna(0) == 0).all()
    assert (twin["events"] == twin["events_baseline"]).all()
    assert plane.loc["twin", ["protection", "cooperation_lost"]].tolist() == [0.0, 0.0]


def test_a_difference_is_the_mean_of_what_the_runs_differ_by(written: Path) -> None:
    comparison, _, _ = read(written)
    runs = pd.read_parquet(written / "runs.parquet")
    assert list(runs.columns) == ["arm", "world_seed", "replicate", "metric", "by", "level", "unit", "value", "count"]
    rows = comparison[comparison["difference"].notna() & (comparison["by"] != "baseline")]
    assert len(rows) > 50
    wide = runs.pivot_table(
        index=["metric", "by", "level", "world_seed", "replicate"], columns="arm", values="value", observed=True
    )
    for row in rows.sample(25, random_state=1).to_dict("records"):
        part = wide.loc[(row["metric"], row["by"], row["level"])]
        gap = (part[row["arm"]] - part["as_adopted"]).groupby("world_seed").mean()
        assert row["difference"] == pytest.approx(gap.mean(), abs=1e-12)
        assert row["value"] == pytest.approx(part[row["arm"]].groupby("world_seed").mean().mean())


def test_the_manifest_says_what_every_arm_was(written: Path) -> None:
    _, _, manifest = read(written)
    told = manifest["arms"]
    assert isinstance(told, dict)
    assert set(told) == {"as_adopted", "no_treaty", "strict", "twin"}
    changed = told["no_treaty"]["changes"]
    assert changed["instruments.hanoi.parties.base"] == "none"
    assert told["twin"]["changes"] == {"scenario_name": "twin"}
    assert told["twin"]["digest"] == told["as_adopted"]["digest"] != told["no_treaty"]["digest"]
    assert manifest["seeds"] == [1, 2, 3]
    assert manifest["replicates"] == 2
    assert 0 < manifest["timing"]["share_outside_array_code"] < 1  # type: ignore[index]


def test_what_a_configuration_has_otherwise_is_told_by_dotted_key() -> None:
    base, other = load(*TINY).plain(), load(*TINY, "scenario=no_treaty").plain()
    assert changes_of(other, base)["instruments.hanoi.parties.base"] == "none"
    assert changes_of(base, base) == {}


def same_but_for_order(one: Path, other: Path) -> None:
    """Every arm has the same numbers, to the last bit."""
    first, second = read(one)[0], read(other)[0]
    assert set(first["arm"]) == set(second["arm"])
    for name, part in first.groupby("arm"):
        twin = second[second["arm"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(part.reset_index(drop=True), twin, check_exact=True)


def test_the_order_of_arms_changes_no_number(written: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given(monkeypatch, "twin", "strict", "no_treaty", seeds=3, output=str(tmp_path))
    same_but_for_order(written, main())


@pytest.mark.slow
def test_the_number_of_workers_changes_no_number(written: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given(monkeypatch, "no_treaty", "strict", "twin", seeds=3, workers=2, output=str(tmp_path))
    same_but_for_order(written, main())


def test_the_time_it_will_take_is_told_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, "no_treaty", "strict", seeds=2, output=str(tmp_path))
    main()
    told = capsys.readouterr()
    (first,) = told.err.splitlines()[:1]
    assert first.startswith("projected: about ")
    assert " for 12 runs in 2 worlds on 1 process" in first
    text = told.out
    assert "2 worlds x 2 replicates" in text
    assert "outside array code" in text
    assert "the true extent of abuse is unknown to anyone" in text
    assert text.index("strict") < text.index("that no other outdoes in both cases saved and needs met")


def test_with_one_replicate_the_split_is_absent_and_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, "strict", seeds=2, replicates=1, output=str(tmp_path))
    comparison, _, manifest = read(main())
    assert comparison["world_sd"].isna().all()
    assert comparison["event_sd"].isna().all()
    assert "with one replicate a world the two cannot be told apart" in capsys.readouterr().out
    assert "one replicate" in str(manifest["unsaid"])


def test_with_one_world_there_are_differences_and_no_ranges(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, "no_treaty", seeds=1, output=str(tmp_path))
    comparison, _, _ = read(main())
    assert comparison["difference"].notna().any()
    assert comparison[["world_low", "error_high", "percent_world_low", "ratio_error_high", "inside"]].isna().all(axis=None)
    assert "worlds are the independent units" in capsys.readouterr().out


# --- until ----------------------------------------------------------------------------------------------------------------


def test_until_stops_at_the_fewest_worlds_where_they_are_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, "strict", seeds=2, until=1.0, output=str(tmp_path))
    comparison, _, manifest = read(main())
    assert comparison["worlds"].max() == FIRST_LOOK_WORLDS
    assert manifest["unreached"] == []
    said = capsys.readouterr()
    told = " ".join(said.out.split())
    assert f"Stopped after {FIRST_LOOK_WORLDS} worlds: every arm's half-width is at most 1" in told
    assert "simulation errors are those at the stopping time" in told
    assert said.err.startswith("projected: at least about ")


def width(folder: Path) -> tuple[int, float]:
    """Worlds, and half the interval of no treaty's difference in disclosed cases."""
    runs = pd.read_parquet(folder / "runs.parquet")
    rate = runs[(runs["metric"] == "case_disclosure_rate") & (runs["by"] == "all")]
    wide = rate.pivot_table(index="world_seed", columns="arm", values="value", observed=True)
    gap = wide["no_treaty"] - wide["as_adopted"]
    interval = stats.ttest_1samp(gap, 0.0).confidence_interval(0.95)
    return gap.size, float(interval.high - interval.low) / 2


@pytest.mark.slow
def test_until_goes_on_until_every_arm_is_told_well_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given(monkeypatch, "no_treaty", "twin", seeds=2, until=1.0, output=str(tmp_path / "first"))
    worlds, half = width(main())
    assert worlds == FIRST_LOOK_WORLDS
    given(monkeypatch, "no_treaty", "twin", seeds=2, until=0.8 * half, output=str(tmp_path / "second"))
    worlds, narrower = width(main())
    assert worlds > FIRST_LOOK_WORLDS
    assert narrower <= 0.8 * half


@pytest.mark.slow
def test_until_gives_up_at_most_seeds_and_names_the_arms_that_are_not_told_well_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, "no_treaty", "twin", replicates=1, until=1e-9, most_seeds=12, output=str(tmp_path))
    comparison, _, manifest = read(main())
    assert comparison["worlds"].max() == 12
    assert manifest["unreached"] == ["no_treaty"]
    assert "Stopped at most_seeds, 12 worlds: the half-width is still above 1e-09 for no_treaty (" in " ".join(
        capsys.readouterr().out.split()
    )


# --- mistakes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (("scenarios=[utopia]",), "found 'utopia'; accepted: adaptive, as_adopted"),
        (("scenarios=[no_treaty]", "baseline=utopia"), "found 'utopia'; accepted: adaptive, as_adopted"),
        (("scenarios=[as_adopted]",), "found 'as_adopted', which is the baseline; accepted: any other choice"),
        (("scenarios=[no_treaty]", "world_seed=5"), "world_seed: found 5; accepted: null in compare"),
        (("scenarios=[no_treaty]", "until=0.1", "most_seeds=4"), "most_seeds: found 4; accepted: at least 10"),
        (("scenarios=[no_treaty]", "until=-1"), "until: found -1"),
        (("scenarios=[no_treaty]", "replicates=0"), "replicates: found 0"),
        (("scenarios=[no_treaty]", "+instruments.hanoi.safeguards.amulet=must"), "no safeguard is named 'amulet'"),
        (("design=utopia",), "design: found 'utopia'"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_leaves_nothing(overrides: tuple[str, ...], line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        main(*TINY, f"output={tmp_path / 'results'}", *overrides)
    assert line in str(told.value)
    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    given(monkeypatch, "strict", output=str(tmp_path / "file"))
    monkeypatch.setattr(compare, "run_all", lambda *_: pytest.fail("it ran"))
    with pytest.raises(OutputError, match="accepted: a folder that can be written"):
        main()


def test_an_interrupt_keeps_the_runs_that_have_ended_and_leaves_no_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given(monkeypatch, "strict", seeds=3, output=str(tmp_path / "results"))
    whole, simulated = Result.metrics, []

    def broken(self: Result) -> pd.DataFrame:
        simulated.append(self)
        if len(simulated) == 4:
            raise KeyboardInterrupt
        return whole.__get__(self)  # type: ignore[no-any-return]

    monkeypatch.setattr(Result, "metrics", property(broken))
    with pytest.raises(StoppedError, match=r"^interrupted; 3 runs of this turn kept in .*; the same command goes on(\n|$)") as told:
        main()
    assert told.value.status == 130
    assert len(simulated) == 4
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["stores"]
    (store,) = stores_in(str(tmp_path / "results"))
    assert len(StoredStudy(store).runs) == 3


# --- what can go wrong behind the runs ---------------------------------------------------------------------------------------


def test_a_page_that_cannot_be_made_costs_no_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, "no_treaty", seeds=2, output=str(tmp_path))

    def broken(folder: Path, *_: object) -> None:
        (folder / "forest.png").write_bytes(b"a picture")
        raise KeyError("a defect")

    monkeypatch.setattr(compare.report, "write_report", broken)
    with pytest.raises(StoppedError) as told:
        main()
    (folder,) = (tmp_path / "compare").iterdir()
    assert told.value.status == 3
    assert str(told.value).startswith(f"{folder} lacks report.html, plane.png (KeyError: 'a defect')")
    comparison, plane, manifest = read(folder)
    assert len(comparison) > 50
    assert list(plane.index) == ["no_treaty"]
    assert manifest["missing"] == dict.fromkeys(("report.html", "plane.png"), "KeyError: 'a defect'")
    assert {"runs.parquet", "forest.png", "comparison.csv"} <= set(manifest["files"])  # type: ignore[call-overload]
    assert "Traceback" in (folder / "failures.txt").read_text(encoding="utf-8")
    assert "no_treaty" in capsys.readouterr().out, "the numbers are told all the same"


def test_tables_that_cannot_be_made_cost_no_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given(monkeypatch, "no_treaty", seeds=2, output=str(tmp_path))
    monkeypatch.setattr(contrasts, "cooperation_of", lambda *_: 1 / 0)
    with pytest.raises(StoppedError, match=r"lacks comparison\.csv, comparison\.parquet, cooperation\.csv \(ZeroDivisionError"):
        main()
    (folder,) = (tmp_path / "compare").iterdir()
    assert len(pd.read_parquet(folder / "runs.parquet")) > 100
    assert (folder / "manifest.json").exists()


def test_what_is_written_whole_lacks_nothing(written: Path) -> None:
    assert read(written)[2]["missing"] == {}
    assert not (written / "failures.txt").exists()


def test_every_arm_is_checked_against_the_states_before_anything_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compare, "run_all", lambda *_: pytest.fail("it ran"))
    design = tmp_path / "own.yaml"
    design.write_text("question: q?\narms: {fine: [], bad: [+instruments.hanoi.safeguards.amulet=must]}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"arms\.bad: .*no safeguard is named 'amulet'"):
        main(*TINY, f"design={design}", f"output={tmp_path / 'results'}")
    assert not (tmp_path / "results").exists()


SPOILT = "# @package _global_\n# Direction: sideways\n"


def test_a_bad_header_is_told_before_anything_runs_and_matters_to_its_own_scenario_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = in_place(OwnFiles(tmp_path / "configs"), monkeypatch)
    files.write("scenario/bad.yaml", SPOILT)
    files.write("scenario/bare.yaml", "# @package _global_\ninstruments: {hanoi: {threshold_years: 6.0}}\n")
    monkeypatch.setattr(compare.report, "write_report", lambda *_: [])
    folder = main(*TINY, "scenarios=[bare]", "seeds=1", f"output={tmp_path / 'results'}")
    assert list(read(folder)[1].index) == ["bare"]
    monkeypatch.setattr(compare, "run_all", lambda *_: pytest.fail("it ran"))
    with pytest.raises(ConfigError, match=r"^configs/scenario/bad.yaml: Direction: found 'sideways'"):
        main(*TINY, "scenarios=[bad]", f"output={tmp_path / 'more'}")
    assert not (tmp_path / "more").exists()


NAMED = "question: q?\nbaseline: no_treaty\nconstants: [years=1]\nseeds: 1\nreplicates: 1\narms: {'%s': []}\n"


@pytest.mark.parametrize("arm", ["../../up", "a/b", "x" * 300, "[/bold]", "Größe \u202e", "con", "..."])
def test_whatever_a_design_and_its_arms_are_called_the_folder_has_a_name(
    arm: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    design = tmp_path / "deep" / "my [design].yaml"
    design.parent.mkdir()
    design.write_text(NAMED % arm, encoding="utf-8")
    monkeypatch.chdir(design.parent)
    facts: list[dict[str, object]] = []
    monkeypatch.setattr(compare.report, "write_report", lambda *given: facts.append(given[5]))
    folder = main(*TINY[:4], "workers=1", f"design='{design}'", f"output={tmp_path / 'results'}")
    assert [told["question"] for told in facts] == ["q?"], "the page asks what the design asks"
    assert folder.parent == tmp_path / "results" / "compare"
    assert folder.is_dir()
    _, plane, manifest = read(folder)
    assert list(plane.index) == [arm]
    assert (manifest["seeds"], manifest["replicates"]) == ([1], 1)
    assert str(folder) in capsys.readouterr().out.replace("\n", "")


@pytest.mark.slow
def test_a_study_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from experiments.cli import main as shell

    status = shell(["compare", *TINY, "seeds=2", "scenarios=[no_treaty]", f"output={tmp_path}"])
    assert status == 0, capsys.readouterr().err
    (folder,) = (tmp_path / "compare").iterdir()
    comparison, plane, manifest = read(folder)
    assert folder.name.rsplit("-", 1)[0].endswith("no_treaty-against-as_adopted")
    assert str(manifest["command"]).startswith("rogatory compare states=synthetic")
    assert set(comparison["baseline_name"]) == {"as_adopted"}
    assert list(plane.index) == ["no_treaty"]
    files = manifest["files"]
    assert isinstance(files, dict)
    assert {"report.html", "forest.png", "plane.png"} <= set(files)
    assert all(sha256(folder / name) == digest for name, digest in files.items())
