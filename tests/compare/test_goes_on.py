"""Every study goes on where it was: no run is made twice, none is lost, and its tables are those of a fresh one."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from experiments.analysis import adaptation as adapted
from experiments.analysis import contrasts
from experiments.cli import main as shell
from experiments.errors import StoppedError
from experiments.execution import comparison, jobs
from experiments.store.places import stores_in
from experiments.store.reader import StoredStudy
from experiments.studies import adaptation, check, compare, run, treaty
from experiments.studies import replication as study
from sim.config import load
from sim.result import Result
from sim.settings import Config
from sim.simulation import simulate
from sim.world.record import ConfigError
from tests.shares import some_fast

TINY = (
    "states=synthetic", "states.synthetic.count=6", "people.rows=400", "demand.legitimate=60", "years=1", "calibration_months=12",
    "workers=1",
)  # fmt: skip


class Kind(NamedTuple):
    """A study, what it is asked, how many runs a world then has, and the tables that it leaves."""

    main: Callable[..., Path]
    asked: tuple[str, ...]
    runs: int
    tables: frozenset[str]


_TALLY = frozenset(f"{name}.parquet" for name in ("metrics", "flows", "fates", "backlog", "origins", "sides"))
KINDS = {
    "run": Kind(run.main, ("replicates=1",), 1, _TALLY | {"summary.csv", "origins.csv"}),
    "treaty": Kind(treaty.main, ("replicates=1",), 4, _TALLY | {"summary.csv", "comparison.csv", "origins.csv"}),
    "compare": Kind(compare.main, ("scenarios=[no_treaty]", "replicates=2"), 4,
        frozenset({comparison.RUNS_FILE, *contrasts.COMPARISON_FILES}),
    ),
    "adaptation": Kind(
        adaptation.main, ("scenarios=[judge]", "replicates=1", "analysis.adaptation.years=[1]"), 4,
        frozenset({comparison.RUNS_FILE, adapted.HEADLINE_TABLE, adapted.DISPLACED_TABLE, adapted.MOVED_TABLE}),
    ),
}  # fmt: skip
Fresh = Callable[[str, int], dict[str, bytes]]
EACH = pytest.mark.parametrize("name", KINDS)
SOME = pytest.mark.parametrize("name", some_fast([*KINDS], ["run", "compare"]))


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables alone: figures and pages have tests of their own, and take most of the time."""
    monkeypatch.setattr(study, "draw_all", lambda *_: None)
    monkeypatch.setattr(compare.report, "write_report", lambda *_: [])
    monkeypatch.setattr(adaptation, "draw_figure", lambda *_: None)
    monkeypatch.setattr(adaptation, "write_adapted", lambda *_: None)


class Simulated:
    """The runs that were made, by world and event seed; some of them may fail."""

    def __init__(self) -> None:
        """None yet."""
        self.runs: list[tuple[int, int]] = []
        self.failing: Callable[[int], bool] = lambda world: False

    def __call__(self, config: Config, seed: int, world_seed: int | None = None, rows: bool = True) -> Result:
        """Run it, unless it is to fail."""
        if world_seed is not None:  # else it only warms the rules up
            self.runs.append((world_seed, seed))
            if self.failing(world_seed):
                raise ValueError("a fault of this world")
        return _SIMULATE(config, seed=seed, world_seed=world_seed, rows=rows)


_SIMULATE = jobs.simulate


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Simulated:
    """What is run from here on."""
    made = Simulated()
    monkeypatch.setattr(jobs, "simulate", made)
    return made


def told(name: str, output: Path, seeds: int, *more: str) -> Path:
    """The folder that a study leaves."""
    kind = KINDS[name]
    return kind.main(*TINY, *kind.asked, f"seeds={seeds}", f"output={output}", *more)


def tables_in(folder: Path, name: str) -> dict[str, bytes]:
    """The tables of a study, byte for byte."""
    there = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".csv", ".parquet")}
    assert there.keys() == KINDS[name].tables
    return there


def manifest_in(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """The tables of a study of so many seeds whose store held nothing, made once."""
    kept: dict[tuple[str, int], dict[str, bytes]] = {}

    def made(name: str, seeds: int) -> dict[str, bytes]:
        if (name, seeds) not in kept:
            kept[name, seeds] = tables_in(told(name, tmp_path_factory.mktemp(f"{name}{seeds}"), seeds), name)
        return kept[name, seeds]

    return made


@EACH
def test_the_same_command_runs_nothing_again_and_tells_the_same(
    name: str, tmp_path: Path, simulated: Simulated, capsys: pytest.CaptureFixture[str]
) -> None:
    first = told(name, tmp_path, 2)
    assert len(simulated.runs) == 2 * KINDS[name].runs
    capsys.readouterr()
    second = told(name, tmp_path, 2)
    assert len(simulated.runs) == 2 * KINDS[name].runs, "nothing was run"
    assert second != first
    assert tables_in(second, name) == tables_in(first, name)
    assert f"{2 * KINDS[name].runs} runs: all there already." in capsys.readouterr().out
    assert len(stores_in(str(tmp_path))) == 1


@SOME
def test_more_seeds_run_what_is_missing_and_fewer_tell_what_a_fresh_study_would(
    name: str, tmp_path: Path, simulated: Simulated, fresh: Fresh
) -> None:
    each = KINDS[name].runs
    told(name, tmp_path, 1)
    assert {world for world, _ in simulated.runs} == {1}
    before = len(simulated.runs)
    more = told(name, tmp_path, 3)
    assert {world for world, _ in simulated.runs[before:]} == {2, 3}
    assert len(simulated.runs) == 3 * each
    fewer = told(name, tmp_path, 2)
    assert len(simulated.runs) == 3 * each, "nothing was run"
    assert len(stores_in(str(tmp_path))) == 1
    assert tables_in(more, name) == fresh(name, 3)
    assert tables_in(fewer, name) == fresh(name, 2)


@SOME
def test_a_run_that_fails_stops_the_study_before_it_tells_anything(
    name: str,
    tmp_path: Path,
    simulated: Simulated,
    fresh: Fresh,
    capsys: pytest.CaptureFixture[str],
) -> None:
    each = KINDS[name].runs
    simulated.failing = lambda world: world == 2
    with pytest.raises(StoppedError) as stopped:
        told(name, tmp_path, 3)
    (store,) = stores_in(str(tmp_path))
    assert stopped.value.status == 3
    assert str(stopped.value) == f"{each} runs failed; the others are kept: rogatory check store={store}".replace("1 runs", "1 run")
    assert [path.name for path in tmp_path.iterdir()] == ["stores"], "no page, and no folder for one"
    words = capsys.readouterr()
    assert "ValueError: a fault of this world" in words.err
    assert "estimand" not in words.out
    kept = StoredStudy(store)
    assert sorted(kept.runs["world_seed"].unique()) == [1, 3]
    assert set(kept.failures["world_seed"]) == {2}
    assert len(kept.failures) == each
    with pytest.raises(StoppedError, match=f"{each} runs? missing, {each} of them failed") as faulty:
        check.main(f"store={store}")
    assert faulty.value.status == 4
    before = len(simulated.runs)
    simulated.failing = lambda world: False
    folder = told(name, tmp_path, 3)
    assert [world for world, _ in simulated.runs[before:]] == [2] * each, "the runs that had gone well are not made again"
    assert tables_in(folder, name) == fresh(name, 3)
    check.main(f"store={store}")
    assert StoredStudy(store).failures.empty


@SOME
def test_an_interrupt_after_the_runs_costs_none_of_them(
    name: str, tmp_path: Path, simulated: Simulated, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    home = study if name in ("run", "treaty") else sys.modules[f"experiments.studies.{name}"]
    tables = {"compare": "contrast_tables", "adaptation": "adaptation_tables"}.get(name, "summary_tables")
    with monkeypatch.context() as patch:
        patch.setattr(home, tables, stopped)
        assert shell([name, *TINY, *KINDS[name].asked, "seeds=1", f"output={tmp_path}"]) == 130
    (store,) = stores_in(str(tmp_path))
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"rogatory: interrupted; what {store} holds is kept; the same command goes on"
    assert not [path for path in tmp_path.glob("*/*") if path.parent.name != "stores"], "no page, nor a part of one"
    assert len(simulated.runs) == KINDS[name].runs
    folder = told(name, tmp_path, 1)
    assert len(simulated.runs) == KINDS[name].runs, "nothing was run again"
    assert tables_in(folder, name)


@EACH
def test_a_page_names_the_store_of_its_runs(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = told(name, tmp_path, 1)
    (store,) = stores_in(str(tmp_path))
    assert store.name.startswith(f"{name}-")
    manifest = manifest_in(folder)
    assert manifest["store"] == str(store)
    said = capsys.readouterr().out
    assert f"Store: {store} (complete)." in said
    check.main(f"store={manifest['store']}")
    assert "The store is whole and complete." in capsys.readouterr().out
    own = told(name, tmp_path / "more", 1, f"store={tmp_path / 'mine'}")
    assert manifest_in(own)["store"] == str(tmp_path / "mine")
    assert len(StoredStudy(tmp_path / "mine").runs) == KINDS[name].runs
    assert not (tmp_path / "more" / "stores").exists()


def test_until_runs_nothing_again_and_looks_at_what_it_asks_for_alone(tmp_path: Path, simulated: Simulated) -> None:
    """A store that holds more worlds than the first look asks for stops it no earlier and no later."""
    asked = (*TINY, "scenarios=[no_treaty]", "replicates=1", f"output={tmp_path}")
    first = compare.main(*asked, "seeds=2", "until=1.0")
    assert len(simulated.runs) == 2 * comparison.FIRST_LOOK_WORLDS
    compare.main(*asked, "seeds=11")
    assert len(simulated.runs) == 2 * 11
    again = compare.main(*asked, "seeds=2", "until=1.0")
    assert len(simulated.runs) == 2 * 11, "nothing was run"
    assert tables_in(again, "compare") == tables_in(first, "compare")
    assert manifest_in(again)["stopped"] == manifest_in(first)["stopped"]
    runs = pd.read_parquet(again / comparison.RUNS_FILE)
    assert runs["world_seed"].nunique() == comparison.FIRST_LOOK_WORLDS


def test_a_run_that_fails_stops_until_too(tmp_path: Path, simulated: Simulated) -> None:
    simulated.failing = lambda world: world == 3
    with pytest.raises(StoppedError, match=r"^2 runs failed; the others are kept: ") as stopped:
        compare.main(*TINY, "scenarios=[no_treaty]", "replicates=1", f"output={tmp_path}", "seeds=2", "until=1e-6", "most_seeds=12")
    assert stopped.value.status == 3
    assert {world for world, _ in simulated.runs} == set(range(1, comparison.FIRST_LOOK_WORLDS + 1)), "it looks no further"
    assert [path.name for path in tmp_path.iterdir()] == ["stores"]


@EACH
def test_a_part_of_a_study_that_is_no_sweep_is_refused_before_a_store_is_made(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"^shard: found '1/2' in {name}; accepted: null"):
        KINDS[name].main(*TINY, *KINDS[name].asked, "shard=1/2", f"output={tmp_path}")
    assert not list(tmp_path.iterdir())


def test_one_world_that_is_fixed_is_met_under_each_seed(tmp_path: Path) -> None:
    words = (*TINY, "world_seed=9", "seed=4", f"output={tmp_path}")
    metrics = pd.read_parquet(run.main(*words, "seeds=2") / "metrics.parquet")
    for seed in (4, 5):
        alone = simulate(load(*TINY), seed=seed, world_seed=9).metrics
        pd.testing.assert_frame_equal(metrics[metrics["seed"] == seed][[*alone]].reset_index(drop=True), alone)
    (store,) = stores_in(str(tmp_path))
    runs = StoredStudy(store).runs
    assert list(zip(runs["world_seed"], runs["replicate"], runs["event_seed"], strict=True)) == [(9, 0, 4), (9, 1, 5)]
    manifest = json.loads((run.main(*words, "seeds=3") / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["seeds"], manifest["world_seed"]) == ([4, 5, 6], 9)
    assert len(StoredStudy(store).runs) == 3, "more seeds go into the same store"


def test_one_world_has_seeds_and_no_replicates_beside(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^replicates: found beside world_seed=9; accepted: seeds=N, "):
        run.main(*TINY, "world_seed=9", "replicates=2", f"output={tmp_path}")
    assert not list(tmp_path.iterdir())


def test_the_replicates_that_are_asked_for_are_run_and_make_one_value_a_world(tmp_path: Path) -> None:
    folder = run.main(*TINY, "seeds=2", f"output={tmp_path}")
    (store,) = stores_in(str(tmp_path))
    assert set(StoredStudy(store).runs["replicate"]) == {0, 1}, "two unless said"
    summary = pd.read_csv(folder / "summary.csv")
    assert (summary["worlds"].max(), summary["runs"].max()) == (2, 4)
    metrics = pd.read_parquet(folder / "metrics.parquet")
    (row,) = summary[(summary["metric"] == "legit_met_rate") & (summary["by"] == "all")].to_dict("records")
    own = metrics[(metrics["metric"] == "legit_met_rate") & (metrics["by"] == "all")].groupby("world")["value"].mean()
    assert (row["world_low"], row["world_high"]) == (pytest.approx(own.min(), rel=1e-5), pytest.approx(own.max(), rel=1e-5))


@pytest.mark.parametrize(
    ("words", "capacities"),
    [((), ["before", "follows"]), (("review.capacity=follows",), ["follows"]), (("review.load=false",), ["before"]),
     (("+states.override.all.hours=1.5",), ["before"])],
)  # fmt: skip
def test_the_treaty_is_shown_under_both_capacities_unless_one_is_asked_for(words: tuple[str, ...], capacities: list[str]) -> None:
    arms, _ = treaty.treaty_arms(*TINY, *words)
    assert [config.review.capacity for config in arms] == [side for side in capacities for _ in range(2)]
    assert [config.scenario_name for config in arms] == ["no_treaty", "as_adopted"] * len(capacities)
